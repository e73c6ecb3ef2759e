"""Who is at the keyboard, for the audit trail."""

from __future__ import annotations

import os
import sys


def current_user() -> str:
    """Name the user of the operating system, as the system knows it and not as the environment claims."""
    if sys.platform == "win32":
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
