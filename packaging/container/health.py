"""Ends with 0 if the service in this container answers on its port, else with 1."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

port = int(os.environ.get("M3NOP_HEALTH_PORT", "8480"))
connection = HTTPConnection("127.0.0.1", port, timeout=4)
try:
    connection.request("GET", "/health/live")
    healthy = connection.getresponse().status == 200  # noqa: PLR2004  the one good answer
except (OSError, HTTPException):
    healthy = False
sys.exit(0 if healthy else 1)
