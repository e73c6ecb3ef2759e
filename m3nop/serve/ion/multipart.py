"""Splits multipart bodies (RFC 2046) of any kind: form-data, mixed, related.

The body is in memory and its size is limited before, so that this is one pass of searching. What the standard
library and the form parsers do beyond it (nested parts, transfer encodings, files) does not belong here.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from email.message import Message
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.serve.ion.errors import TooLarge, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_PARTS = 8
_LONGEST_HEAD = 8_192
"""Bytes of the headers of one part."""
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_AFTER = re.compile(rb"[ \t]*(?:\r\n|\Z)")


class Part(Struct, frozen=True):
    """One part of a body."""

    name: str
    """The name that its ``Content-Disposition`` gives it, or ``""``."""
    content_type: str
    """In lower case, without parameters, or ``""``."""
    charset: str
    """The character set that its content type gives, or ``""``."""
    body: bytes


def boundary_of(content_type: str) -> str | None:
    """Return the boundary that a content type gives; None where it is not multipart.

    Raises:
        Unreadable: it is multipart, and there is no boundary, or none that may be one.
    """
    with _parameters():
        header = _header("content-type", content_type)
        if header.get_content_maintype() != "multipart":
            return None
        boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not _BOUNDARY.fullmatch(boundary):
        raise Unreadable("the content type is multipart and gives no boundary that may be one")
    return boundary


def charset_of(content_type: str) -> str:
    """Return the character set that a content type gives, or ``""``.

    Raises:
        Unreadable: the content type is none.
    """
    with _parameters():
        return str(_header("content-type", content_type).get_content_charset(""))


def parts_of(body: bytes, boundary: str) -> list[Part]:
    """Return the parts of a body, in order.

    Raises:
        Unreadable: a part is cut off or has no head, or the last boundary is missing.
        TooLarge: there are more parts than any message has, or one has a longer head.
    """
    return [_part(piece) for piece in _pieces(body, b"--" + boundary.encode("ascii"))]


def _pieces(body: bytes, mark: bytes) -> Iterator[bytes]:
    """Yield what stands between two boundaries, without the line breaks that belong to them."""
    if body.startswith(mark):
        at = 0
    else:
        at = body.find(b"\r\n" + mark) + 2
        if at == 1:
            raise Unreadable("the body does not hold its boundary")
    count = 0
    while not body.startswith(b"--", at + len(mark)):
        line = _AFTER.match(body, at + len(mark))
        end = -1 if line is None else body.find(b"\r\n" + mark, line.end() - 2)
        if line is None or end < 0:
            raise Unreadable("a part of the body is cut off")
        count += 1
        if count > _MOST_PARTS:
            raise TooLarge("the body has more parts than any message has")
        yield body[line.end() : end]
        at = end + 2


def _part(piece: bytes) -> Part:
    """Read the head of a part; one without headers begins with the blank line."""
    head, found, body = (
        (b"", b"\r\n", piece[2:]) if piece.startswith(b"\r\n") else piece.partition(b"\r\n\r\n")
    )
    if not found:
        raise Unreadable("a part of the body has no head")
    if len(head) > _LONGEST_HEAD:
        raise TooLarge("the head of a part is longer than any message has")
    headers = _headers(head)
    kind = headers.get("content-type", "")
    with _parameters():
        about = _header("content-type", kind)
        name = _header("content-disposition", headers.get("content-disposition", "")).get_param(
            "name", header="content-disposition"
        )
        return Part(
            name=name if isinstance(name, str) else "",
            content_type=about.get_content_type() if kind else "",
            charset=str(about.get_content_charset("")),
            body=body,
        )


def _headers(head: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\r\n") if head else ():
        name, colon, value = line.partition(":")
        if not colon:
            raise Unreadable("a header of a part has no colon")
        found.setdefault(name.strip().lower(), value.strip())
    return found


@contextmanager
def _parameters() -> Iterator[None]:
    """Refuse what the standard library does not bear: the number in ``name*1=`` may be of any length."""
    try:
        yield
    except ValueError as error:
        raise Unreadable("the parameters of a header cannot be read") from error


def _header(name: str, value: str) -> Message:
    message = Message()
    message[name] = value.replace("\r", " ").replace("\n", " ")
    return message
