"""Multipart bodies: what was put in comes out, the standard library agrees, and nothing is too strange."""

from __future__ import annotations

import email
import email.policy
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3nop.serve.ion.errors import Unreadable
from m3nop.serve.ion.multipart import Part, boundary_of, charset_of, parts_of

BOUNDARIES = st.text("0123456789abcXYZ'()+_,-./:=?", min_size=1, max_size=70)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from([b"--b", b"\r\n", b"--", b"b", b"\n", b"\r", b"x", b": "]), max_size=12).map(
        b"".join
    ),
)
PARTS = st.builds(
    Part,
    name=st.text("abcXYZ _-.", max_size=12),
    content_type=st.sampled_from(["", "application/json", "application/xml"]),
    charset=st.sampled_from(["", "utf-8"]),
    body=BODIES,
).filter(lambda part: part.content_type or not part.charset)


def written(parts: list[Part], boundary: str, *, before: bytes = b"", after: bytes = b"") -> bytes:
    pieces = [before]
    for part in parts:
        head = [f'Content-Disposition: form-data; name="{part.name}"'] if part.name else []
        if part.content_type:
            charset = f"; charset={part.charset}" if part.charset else ""
            head.append(f"Content-Type: {part.content_type}{charset}")
        lines = "".join(f"{line}\r\n" for line in head).encode()
        pieces.append(b"--" + boundary.encode() + b"\r\n" + lines + b"\r\n" + part.body + b"\r\n")
    return b"".join([*pieces, b"--" + boundary.encode() + b"--", after])


def holds(parts: list[Part], boundary: str) -> bool:
    """Tell whether a boundary may not be used, because a body holds it."""
    return any(b"\r\n--" + boundary.encode() in b"\r\n" + part.body + b"\r\n" for part in parts)


@given(st.lists(PARTS, min_size=1, max_size=4), BOUNDARIES, st.sampled_from([b"", b"\r\n", b"\r\nepilogue"]))
def test_what_was_put_in_comes_out(parts: list[Part], boundary: str, after: bytes) -> None:
    if holds(parts, boundary):
        return
    assert boundary_of(f'multipart/form-data; boundary="{boundary}"') == boundary
    assert parts_of(written(parts, boundary, after=after), boundary) == parts
    assert parts_of(written(parts, boundary, before=b"preamble\r\n", after=after), boundary) == parts


@given(st.lists(PARTS, min_size=1, max_size=4), st.sampled_from(["bound", "----x7"]))
def test_the_standard_library_sees_the_same_parts(parts: list[Part], boundary: str) -> None:
    # Its parser takes any line break for one, so that only what has none is compared.
    parts = [
        Part(one.name, one.content_type, one.charset, one.body.replace(b"\r", b"").replace(b"\n", b""))
        for one in parts
    ]
    if holds(parts, boundary):
        return
    head = f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode()
    message = email.message_from_bytes(head + written(parts, boundary), policy=email.policy.HTTP)
    theirs = [one.get_payload(decode=True) for one in message.iter_parts()]
    assert [one.body for one in parts_of(written(parts, boundary), boundary)] == theirs


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from([b"--b", b"\r\n", b"--", b"a: b", b"\n", b"x"]), max_size=20).map(b"".join)
)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(Unreadable):
        for part in parts_of(body, "b"):
            assert b"\r\n--b\r\n" not in part.body


@given(st.text(max_size=60) | st.text(max_size=60).map(lambda text: f"multipart/mixed; boundary={text}"))
def test_any_content_type_is_read_or_refused(text: str) -> None:
    with suppress(Unreadable):
        boundary_of(text)


@pytest.mark.parametrize(
    "value", ["x*1=y", "x*1*=utf-8''y", f"x*{'1' * 5_000}=y", f"x*{'1' * 5_000}*=klingon''y"]
)
@pytest.mark.parametrize("name", ["boundary", "charset", "name"])
def test_parameters_in_pieces_are_read_or_refused_however_the_pieces_are_numbered(
    name: str, value: str
) -> None:
    about = value.replace("x", name, 1)
    with suppress(Unreadable):
        boundary_of(f"multipart/mixed; {about}")
    with suppress(Unreadable):
        charset_of(f"text/xml; {about}")
    head = f"Content-Type: text/xml; {about}\r\nContent-Disposition: form-data; {about}"
    with suppress(Unreadable):
        parts_of(f"--b\r\n{head}\r\n\r\nx\r\n--b--".encode(), "b")
