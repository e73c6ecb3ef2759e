"""Makes messages for the inbox of what ION sends: which document, which variation, which records it names.

A document is a hint. Of what it says nothing is kept but the keys at the places that pipelines ask for; the
records are then read from M3.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.core import json
from m3nop.core.documents import topic_of
from m3nop.core.inbox import Message
from m3nop.serve.counting import holds_at_most
from m3nop.serve.ion.documents import Noun, read_json, read_xml
from m3nop.serve.ion.envelope import checked
from m3nop.serve.ion.errors import TooLarge, Unreadable
from m3nop.serve.ion.unpacking import decoded, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.core.documents import Place
    from m3nop.core.json import Json
    from m3nop.serve.addresses import Network
    from m3nop.serve.bucket import Bucket
    from m3nop.serve.ion.callers import Caller
    from m3nop.serve.ion.documents import Document
    from m3nop.serve.ion.envelope import Envelope

_MOST_EVENTS = 1_000
_MOST_VALUES = 50_000
"""Values that a list of events holds at most."""
_UTF_8 = "utf-8"


class IonSource(Struct, frozen=True):
    """Who sends messages of ION."""

    name: str
    caller: Caller
    bucket: Bucket
    body_limit: int
    document_limit: int
    places: Mapping[str, Sequence[Place]]
    """For each document that wakes a pipeline, where the keys of records are."""
    allow: Sequence[Network] = ()
    tenant: str | None = None
    method: str = "multipartMessage"
    url: str = ""
    """Scheme and host by which ION calls; as the request has them where it is blank."""


def messages_in(source: IonSource, envelope: Envelope) -> list[Message]:
    """Read the document in an envelope; return a message for each record that it names.

    Raises:
        Unreadable: the document cannot be read, or is larger than it may be.
    """
    pieces = unpacked(envelope.payload, envelope.encoding, limit=source.document_limit)
    wanted = {place for places in source.places.values() for place in places}
    if envelope.is_json:
        text = decoded(pieces, envelope.charset or _UTF_8)
        document = read_json(text, envelope.document, wanted)
    else:
        document = read_xml(decoded(pieces, envelope.charset) if envelope.charset else pieces, wanted)
    name = envelope.document or document.name
    number = envelope.message or str(uuid.uuid4())
    digest = hashlib.sha256(envelope.payload).hexdigest()
    return [
        Message(source.name, number, topic, key, part, digest, noun.identity, noun.variation)
        for part, (topic, key, noun) in enumerate(_named(document, name, source.places.get(name, ())))
    ]


def _named(document: Document, name: str, places: Sequence[Place]) -> list[tuple[str, str, Noun]]:
    """Return topic, key and noun of each record; what names none, or too many, has a blank key."""
    if not places:
        return [(name, "", Noun())]
    nouns = document.nouns or [Noun()]
    found = [
        (topic_of(name, place), key, noun) for noun in nouns for place in places for key in _keys(noun, place)
    ]
    if len(found) <= _MOST_EVENTS:
        return found
    return [(topic_of(name, place), "", Noun()) for place in places]


def _keys(noun: Noun, place: Place) -> Iterator[str]:
    values = () if noun.overflows else tuple(noun.values.get(place, ()))
    for value in values or ("",):
        yield checked(value, place.text)


def messages_of(source: IonSource, body: bytes) -> list[Message]:
    """Read events in JSON, in the form of our OpenAPI file: one, or a list of them.

    Raises:
        Unreadable: it is none.
        TooLarge: it holds more than any list of events.
    """
    if not holds_at_most(body, _MOST_VALUES):
        raise TooLarge("the JSON holds more values than any message should")
    try:
        said = json.loads(body.decode(_UTF_8))
    except (ValueError, RecursionError) as error:
        raise Unreadable("it is no JSON in UTF-8") from error
    items = said if isinstance(said, list) else [said]
    if not items or len(items) > _MOST_EVENTS:
        raise Unreadable("the list of events is empty or too long")
    digest = hashlib.sha256(body).hexdigest()
    parts: Counter[str] = Counter()
    found = []
    for item in items:
        message = _message(source, item, digest)
        found.append(replace(message, part=parts[message.message]))
        parts[message.message] += 1
    return found


def _message(source: IonSource, item: Json, digest: str) -> Message:
    if not isinstance(item, dict):
        raise Unreadable("an event is a JSON object")
    document, key = _text(item, "documentName"), _text(item, "key")
    if not document:
        raise Unreadable("an event has a `documentName`")
    variation = item.get("variationId")
    if isinstance(variation, str) and variation.isascii() and variation.isdigit():
        variation = int(variation[:18])
    if not isinstance(variation, int) or isinstance(variation, bool) or not 0 <= variation < 2**62:
        variation = None
    number = _text(item, "messageId") or str(uuid.uuid4())
    return Message(source.name, number, document, key, 0, digest, key, variation)


def _text(item: Mapping[str, Json], name: str) -> str:
    value = item.get(name, "")
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        msg = f"`{name}` is text"
        raise Unreadable(msg)
    return checked(str(value), name)
