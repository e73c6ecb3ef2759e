"""Layer http: sends requests and classifies what came back; alone knows httpx."""

from __future__ import annotations

import sys
from typing import Any

# httpx loads its own command line, and what that is made with, where it can; it says itself that it need not.
_left_out: dict[str, Any] = {"httpx._main": None}
sys.modules.update(_left_out)
