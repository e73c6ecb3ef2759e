"""Whatever ION sends is read or refused, and what is read can be kept."""

from __future__ import annotations

import zlib
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from m3nop.core.documents import place_of
from m3nop.serve.bucket import Bucket
from m3nop.serve.ion.callers import Token
from m3nop.serve.ion.envelope import Envelope, opened
from m3nop.serve.ion.errors import Unreadable
from m3nop.serve.ion.receiving import IonSource, messages_in, messages_of

PLACES = [place_of(text) for text in ("H/ID", "H[@a=1]/ID", "L/@n")]
SOURCE = IonSource("m3", Token(["x"]), Bucket(1.0), 10_000, 10_000, {"Sync.A": PLACES})
XML = st.lists(
    st.sampled_from(
        [
            "<SyncA>", "</SyncA>", "<DataArea>", "</DataArea>", "<Sync/>", "<A>", "</A>", "<H>", "<H a='1'>", "</H>",
            "<ID variationID='7'>", "<ID>", "</ID>", "K1", " ", "<L n='2'/>", "&amp;", "<!DOCTYPE a>", "<![CDATA[x]]>", "\x00",
        ]
    ),
    max_size=14,
).map("".join)  # fmt: skip
WHOLE = st.lists(st.text("ABC 1", max_size=6), max_size=4).map(
    lambda keys: "<SyncA><DataArea><Sync/>" + "".join(f"<A><H><ID>{key}</ID></H></A>" for key in keys) + "</DataArea></SyncA>"
)  # fmt: skip
ENCODINGS = st.sampled_from(["", "NONE", "DEFLATE", "x"])
CHARSETS = st.sampled_from(["", "UTF-8", "utf-16", "x"])


@given(XML | WHOLE, ENCODINGS, CHARSETS, st.booleans(), st.booleans())
def test_a_document_is_read_or_refused(
    text: str, encoding: str, charset: str, packed: bool, is_json: bool
) -> None:
    payload = zlib.compress(text.encode()) if packed else text.encode()
    envelope = Envelope(payload, is_json, "Sync.A", "m1", encoding, charset)
    with suppress(Unreadable):
        found = messages_in(SOURCE, envelope)
        assert found
        assert [one.part for one in found] == list(range(len(found)))
        assert all(one.key == one.key.strip() and len(one.key) <= 200 for one in found)


@given(st.lists(st.text("ABC1", min_size=1, max_size=6), min_size=1, max_size=5, unique=True))
def test_every_key_of_a_document_is_named_once(keys: list[str]) -> None:
    lines = "".join(f"<H><ID>{key}</ID></H>" for key in [*keys, *keys])
    text = f"<SyncA><DataArea><Sync/><A>{lines}</A></DataArea></SyncA>"
    found = messages_in(SOURCE, Envelope(text.encode(), is_json=False, message="m1"))
    assert [one.key for one in found if one.topic == "Sync.A H/ID"] == keys
    assert [one.key for one in found if one.topic != "Sync.A H/ID"] == ["", ""]


def test_a_document_that_names_too_many_records_names_none() -> None:
    lines = "".join(f"<A><H><ID>{number}</ID></H></A>" for number in range(1_200))
    text = f"<SyncA><DataArea><Sync/>{lines}</DataArea></SyncA>"
    source = IonSource("m3", Token(["x"]), Bucket(1.0), 10**6, 10**6, {"Sync.A": PLACES[:1]})
    (one,) = messages_in(source, Envelope(text.encode(), is_json=False))
    assert (one.topic, one.key) == ("Sync.A H/ID", "")
    many = f"<SyncA><DataArea><Sync/><A>{lines.replace('<A>', '').replace('</A>', '')}</A></DataArea></SyncA>"
    assert [one.key for one in messages_in(source, Envelope(many.encode(), is_json=False))] == [""]


@given(st.binary(max_size=120))
def test_any_bytes_are_events_or_refused(body: bytes) -> None:
    with suppress(Unreadable):
        messages_of(SOURCE, body)
    with suppress(Unreadable):
        opened(b"--b\r\n" + body + b"\r\n--b--", "multipart/form-data; boundary=b")


def test_events_without_an_id_count_each_time_and_with_one_once() -> None:
    body = b'[{"documentName": "A"}, {"documentName": "A", "messageId": 7}, {"documentName": "B", "messageId": 7}]'
    first, second = messages_of(SOURCE, body), messages_of(SOURCE, body)
    assert first[0].message != second[0].message
    assert [(one.message, one.part) for one in first[1:]] == [(one.message, one.part) for one in second[1:]]
    assert [(one.message, one.part) for one in first[1:]] == [("7", 0), ("7", 1)]
