"""Who is at the keyboard, for the audit trail."""

from __future__ import annotations

import os
import sys
from pathlib import Path

LOGIN = Path("/proc/self/loginuid")
"""Where Linux keeps who logged in, whatever ``su`` and ``sudo`` made of it since."""
_NOBODY = 2**32 - 1


def current_user(*, login: Path = LOGIN) -> str:
    """Name the user of the operating system, as the system knows it and not as the environment claims.

    Who acts as somebody else (``sudo -u m3nop``) is named, too: ``ann as m3nop``.
    """
    if sys.platform == "win32":
        return os.getlogin()
    acting = os.getuid()
    came = _logged_in(login)
    if came is None or came == acting:
        return _name(acting)
    return f"{_name(came)} as {_name(acting)}"


def _name(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"


def _logged_in(login: Path) -> int | None:
    """Return the number of who logged in; None where the system does not know, as under cron or systemd."""
    try:
        number = int(login.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if number == _NOBODY else number
