"""Credentials: by name in a project, as a text that does not print itself once a connection is opened."""

from __future__ import annotations

import re

from msgspec import Struct

_CREDENTIAL = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{4,}")
_MEMBER = re.compile(
    r"""(?ix)(["']?(?:access_token|refresh_token|client_secret|password|api[_-]?key|sask|cs)["']?\s*[:=]\s*)"""
    r"""(?:"[^"]*"|'[^']*'|[^\s,;&}]+)"""
)


class SecretRef(Struct, frozen=True):
    """What ``${secret:NAME}`` becomes in a loaded project."""

    name: str

    def __str__(self) -> str:
        return f"${{secret:{self.name}}}"


class Secret:
    """A text that shows itself only to who asks by ``reveal``."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce__(self) -> str:
        msg = "a secret is not written to files"
        raise TypeError(msg)


def redact(text: str) -> str:
    """Blot out what looks like a credential in a text from outside (an error page that echoes headers)."""
    return _MEMBER.sub(r"\1***", _CREDENTIAL.sub(r"\1 ***", text))
