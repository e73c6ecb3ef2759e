"""Unpacks what a message carries, piece by piece and within a limit: a bomb never comes to be in memory."""

from __future__ import annotations

import codecs
import zlib
from typing import TYPE_CHECKING

from m3nop.serve.ion.errors import TooLarge, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PIECE = 65_536
_GZIP = b"\x1f\x8b"
_CHARSETS = frozenset({"utf-8", "ascii", "utf-16", "utf-16-be", "utf-16-le", "iso8859-1", "cp1252"})
"""What Python calls the character sets that a document may have."""


def unpacked(payload: bytes, encoding: str, *, limit: int) -> Iterator[bytes]:
    """Yield a payload without its encoding: ``DEFLATE`` (with any head that it may have), ``NONE`` or ``""``.

    Raises:
        Unreadable: the encoding is another one, or the payload does not have it.
        TooLarge: it is larger than ``limit`` bytes.
    """
    match encoding.upper():
        case "" | "NONE" | "IDENTITY":
            if len(payload) > limit:
                raise TooLarge("the document is larger than `document_limit`")
            yield payload
        case "DEFLATE" | "GZIP":
            yield from _inflated(payload, limit)
        case _:
            raise Unreadable("its encoding is neither NONE nor DEFLATE")


def _inflated(payload: bytes, limit: int) -> Iterator[bytes]:
    packed, rest, size = zlib.decompressobj(_window(payload)), payload, 0
    while not packed.eof:
        try:
            piece = packed.decompress(rest, _PIECE)
        except zlib.error as error:
            raise Unreadable("it says DEFLATE and is not") from error
        rest = packed.unconsumed_tail
        if not piece and not rest and not packed.eof:
            raise Unreadable("the compressed document is cut off")
        size += len(piece)
        if size > limit:
            raise TooLarge("the document is larger than `document_limit`")
        yield piece
    if packed.unused_data:
        raise Unreadable("something follows the compressed document")


def _window(payload: bytes) -> int:
    """Return what zlib calls the form of a compressed text, by how it begins."""
    if payload.startswith(_GZIP):
        return zlib.MAX_WBITS | 16
    head = int.from_bytes(payload[:2], "big")
    is_zlib = len(payload) > 1 and payload[0] & 0x0F == zlib.DEFLATED and head % 31 == 0
    return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS


def decoded(pieces: Iterable[bytes], charset: str) -> Iterator[str]:
    """Yield bytes as text.

    Raises:
        Unreadable: nobody knows this character set, or they are not in it.
    """
    try:
        known = codecs.lookup(charset).name
    except LookupError:
        known = ""
    if known not in _CHARSETS:
        raise Unreadable("its character set is not one that is read here")
    decoder = codecs.getincrementaldecoder(known)()
    try:
        for piece in pieces:
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeError as error:
        msg = f"it is not in its character set {known}"
        raise Unreadable(msg) from error
