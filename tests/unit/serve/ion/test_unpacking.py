"""What a message carries is unpacked within a limit, whatever it says of itself."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from m3nop.serve.ion.errors import TooLarge, Unreadable
from m3nop.serve.ion.unpacking import decoded, unpacked

TEXT = "<a>Zelt für zwei</a>".encode() * 50


def raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("payload", "encoding"),
    [
        (TEXT, ""), (TEXT, "NONE"), (TEXT, "none"), (zlib.compress(TEXT), "DEFLATE"), (raw(TEXT), "deflate"),
        (gzip.compress(TEXT, mtime=0), "DEFLATE"), (zlib.compress(TEXT, 0), "DEFLATE"), (zlib.compress(TEXT, 9), "DEFLATE"),
    ],
)  # fmt: skip
def test_a_document_is_the_same_however_it_is_packed(payload: bytes, encoding: str) -> None:
    assert b"".join(unpacked(payload, encoding, limit=len(TEXT))) == TEXT


@pytest.mark.parametrize(
    ("payload", "encoding"),
    [
        (TEXT, "DEFLATE"), (b"", "DEFLATE"), (zlib.compress(TEXT)[:-3], "DEFLATE"), (raw(TEXT)[:-3], "DEFLATE"),
        (zlib.compress(TEXT) + b"more", "DEFLATE"), (zlib.compress(TEXT), "BZIP2"), (b"\x78", "DEFLATE"),
    ],
)  # fmt: skip
def test_what_is_not_packed_as_it_says_is_refused(payload: bytes, encoding: str) -> None:
    with pytest.raises(Unreadable):
        b"".join(unpacked(payload, encoding, limit=1_000_000))


@pytest.mark.parametrize("pack", [zlib.compress, raw, gzip.compress])
def test_a_bomb_is_refused_before_it_is_in_memory(pack) -> None:
    bomb = pack(bytes(30_000_000))
    assert len(bomb) < 500_000
    tracemalloc.start()
    with pytest.raises(TooLarge):
        for _ in unpacked(bomb, "DEFLATE", limit=5_000_000):
            pass
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_plain_document_has_the_same_limit() -> None:
    with pytest.raises(TooLarge):
        b"".join(unpacked(TEXT, "NONE", limit=len(TEXT) - 1))


@pytest.mark.parametrize("charset", ["UTF-8", "utf8", "ISO-8859-1", "windows-1252", "UTF-16", "utf-16le"])
def test_text_is_read_in_its_character_set_whole_or_in_pieces(charset: str) -> None:
    data = "Zelt für zwei €"[: 13 if charset == "ISO-8859-1" else None].encode(charset)
    whole = "".join(decoded([data], charset))
    assert whole == "".join(decoded([data[n : n + 1] for n in range(len(data))], charset))
    assert whole.startswith("Zelt für zwei")


@pytest.mark.parametrize(
    ("data", "charset"),
    [(b"\xff\xfe\xff", "UTF-8"), (b"f\xc3", "UTF-8"), (b"\xc3", "ascii"), (b"a", "nobody"), (b"a", "zlib"), (b"a", "rot13"), (b"a", "punycode"), (b"<a/>", "utf-16"), (b"a", "")],
)  # fmt: skip
def test_a_wrong_character_set_is_refused(data: bytes, charset: str) -> None:
    with pytest.raises(Unreadable):
        "".join(decoded([data], charset))
