"""Takes apart what ION puts around a document: which document it is, which message, how it is packed.

The connection point's protocol has two forms. ``multipartMessage`` has a part ``ParameterRequest`` in JSON
and a part ``MessagePayload``; version 2 swaps the two names, so the parts are known by what they are.
``message`` has the document as its only part, and the parameters are headers and query parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core import json
from m3nop.serve.ion.errors import Unreadable
from m3nop.serve.ion.multipart import boundary_of, charset_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from m3nop.serve.ion.multipart import Part

_PARAMETERS = "ParameterRequest"
_LONGEST_PARAMETERS = 65_536
_LONGEST = 200
_NAMES = {
    "documentname": "document",
    "messageid": "message",
    "encoding": "encoding",
    "characterset": "charset",
}
"""Parameters that are used, by their names in lower case without hyphens, and as a header without ``X-``."""


class Envelope(Struct, frozen=True):
    """A document and what its message says of it; what is not said is ``""``."""

    payload: bytes
    is_json: bool
    document: str = ""
    message: str = ""
    encoding: str = ""
    charset: str = ""

    @classmethod
    def plain(
        cls, body: bytes, content_type: str, *, is_json: bool, given: Iterable[tuple[str, str]], encoding: str
    ) -> Envelope:  # fmt: skip
        """Return the envelope of a body that is the document itself.

        Raises:
            Unreadable: a parameter is none.
        """
        known = _values(given)
        return cls(
            payload=body, is_json=is_json, document=known.get("document", ""),
            message=known.get("message", ""), encoding=encoding, charset=charset_of(content_type),
        )  # fmt: skip


def opened(body: bytes, content_type: str) -> Envelope:
    """Open a ``multipartMessage``.

    Raises:
        Unreadable: it does not have its two parts, or the parameters name no document.
    """
    parts = _parts(body, content_type)
    parameters = _parameters_among(parts)
    payload = next((part for part in parts if part is not parameters), None)
    if payload is None:
        raise Unreadable("the message has no part with a document")
    given = _values(_said(parameters).items())
    if not given.get("document"):
        raise Unreadable("the parameters do not say which document it is (`documentName`)")
    return _envelope(payload, given)


def opened_single(body: bytes, content_type: str, outside: Iterable[tuple[str, str]]) -> Envelope:
    """Open a message of one part; ``outside`` are the headers and query parameters of the request.

    Raises:
        Unreadable: there is not one part, or nothing names the document.
    """
    parts = _parts(body, content_type)
    if len(parts) != 1:
        raise Unreadable("the message does not have one part")
    given = _values(outside)
    if not given.get("document"):
        raise Unreadable("neither headers nor query say which document it is (`documentName`)")
    return _envelope(parts[0], given)


def _parts(body: bytes, content_type: str) -> Sequence[Part]:
    boundary = boundary_of(content_type)
    if boundary is None:
        raise Unreadable("the content type is not multipart")
    return parts_of(body, boundary)


def _parameters_among(parts: Sequence[Part]) -> Part:
    """Return the part with the parameters: by what it is, and by its name only where that leaves a choice."""
    found = [part for part in parts if _is_parameters(part)]
    named = [part for part in found if part.name == _PARAMETERS]
    for some in (found, named):
        if len(some) == 1:
            return some[0]
    if not found:
        raise Unreadable("the message has no part with parameters in JSON")
    raise Unreadable("the message has several parts that may be its parameters")


def _is_parameters(part: Part) -> bool:
    if part.content_type not in ("", "application/json", "text/plain", "application/octet-stream"):
        return False
    try:
        return any(name.lower() == "documentname" for name in _said(part))
    except Unreadable:
        return False


def _said(part: Part) -> Mapping[str, object]:
    if len(part.body) > _LONGEST_PARAMETERS:
        raise Unreadable("the parameters are longer than any should be")
    try:
        found = json.loads(part.body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable("the parameters are no JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("the parameters are no JSON object")
    return found


def _values(said: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Return the parameters that are used; of several with a name the first."""
    found: dict[str, str] = {}
    for name, value in said:
        known = _NAMES.get(name.lower().removeprefix("x-").replace("-", ""))
        if known is not None and isinstance(value, (str, int)) and not isinstance(value, bool):
            found.setdefault(known, checked(str(value), name))
    return found


def checked(value: str, name: str) -> str:
    """Return a parameter without blanks around it.

    Raises:
        Unreadable: it is longer than any should be, or holds signs that nobody can print.
    """
    value = value.strip()
    if len(value) > _LONGEST or not value.isprintable():
        msg = f"the parameter {name[:_LONGEST]!r} is too long, or holds other signs than letters"
        raise Unreadable(msg)
    return value


def _envelope(part: Part, given: Mapping[str, str]) -> Envelope:
    return Envelope(
        payload=part.body, is_json=part.content_type.endswith("json"), document=given.get("document", ""),
        message=given.get("message", ""), encoding=given.get("encoding", ""),
        charset=given.get("charset", "") or part.charset,
    )  # fmt: skip
