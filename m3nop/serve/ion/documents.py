"""Reads of a document what a pipeline asks for, while it comes in: nothing else of it is kept.

XML is parsed by expat. A document type declaration ends the reading, so that there are neither entities to
expand nor outer ones to fetch. Names are compared without their namespaces.

A business object document has a ``DataArea`` that holds a verb and then nouns of one kind, and a name such as
``Sync.ItemMaster``. In anything else the root is what it is about, and its name is the document's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from m3nop.core import json
from m3nop.serve.ion.errors import TooLarge, Unreadable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from typing import Never

    from m3nop.core.documents import Place
    from m3nop.core.json import Json

_DEEPEST = 64
_MOST_ELEMENTS = 200_000
_LONGEST = 1_000
"""Characters of a value that is asked for."""
_MOST_VALUES = 1_000
"""Values of one noun; of a larger one nothing is told but its name."""
_LONGEST_JSON = 4_194_304
_AREA = "DataArea"
_ID_DEPTH = 3
"""Steps from a noun to the id of the document: ``ItemMasterHeader/DocumentID/ID``."""


@dataclass(slots=True)
class Noun:
    """One thing that a document is about."""

    values: dict[Place, dict[str, None]] = field(default_factory=dict)
    """What was found at the places that were asked for, in order, each once."""
    identity: str = ""
    """Which document this is a variation of, or ``""``."""
    variation: int | None = None
    overflows: bool = False
    """Whether it names more than is looked at."""

    def add(self, place: Place, value: str) -> None:
        """Keep a value that was found."""
        found = self.values.setdefault(place, {})
        if len(found) >= _MOST_VALUES:
            self.overflows = True
        elif value:
            found[value] = None


@dataclass(slots=True)
class Document:
    """What was read of a document."""

    name: str = ""
    nouns: list[Noun] = field(default_factory=list)


def read_xml(pieces: Iterable[bytes | str], wanted: Collection[Place]) -> Document:
    """Read XML that comes in pieces.

    ``wanted`` are the places to look at, from a noun.

    Raises:
        Unreadable: it is not well-formed, or has a document type declaration.
        TooLarge: it is deeper or has more elements than any document should.
    """
    reader = _Reader(wanted)
    try:
        for piece in pieces:
            reader.parser.Parse(piece)
        reader.parser.Parse(b"", True)  # noqa: FBT003 - expat takes no names
    except expat.ExpatError as error:
        msg = f"it is no well-formed XML: {expat.ErrorString(error.code)} in line {error.lineno}"
        raise Unreadable(msg) from error
    except (LookupError, UnicodeError, ValueError) as error:
        # What its XML declaration gives as its encoding.
        raise Unreadable(
            "the encoding of the document is unknown, or the document does not have it"
        ) from error
    return reader.document


class _Reader:
    """Follows the elements of a document and notes what is asked for."""

    def __init__(self, wanted: Collection[Place]) -> None:
        self.document = Document()
        self._wanted: dict[tuple[str, ...], list[Place]] = {}
        for place in wanted:
            self._wanted.setdefault(place.way, []).append(place)
        self._stack: list[str] = []
        self._attributes: list[Mapping[str, str]] = []
        self._texts: list[list[str] | None] = []
        """For each open element the text to keep, or None."""
        self._elements = 0
        self._verb = ""
        self._base = 0
        """How many open elements lead to the noun; 0 outside of one."""
        self._identifies: list[str] | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.EntityDeclHandler = _refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._stack) >= _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise TooLarge("the document is nested too deeply, or holds too many elements")
        self._stack.append(_local(name))
        self._attributes.append({_local(name): value for name, value in attributes.items()})
        self._texts.append(None)
        self._place()
        if self._base:
            self._note(self._attributes[-1])

    def _place(self) -> None:
        """Find out whether a noun begins here."""
        match self._stack:
            case [root]:
                # It may turn out to be a business object document; what is noted until then is taken back.
                self._begin(root)
            case [_, area] if area == _AREA and not self._verb:
                self.document.nouns, self._base = [], 0
            case [_, area, verb] if area == _AREA and not self._verb:
                self._verb = verb
            case [_, area, noun] if area == _AREA:
                self._begin(f"{self._verb}.{noun}")

    def _begin(self, name: str) -> None:
        self.document.name = name
        self.document.nouns.append(Noun())
        self._base = len(self._stack)

    def _note(self, attributes: Mapping[str, str]) -> None:
        noun, way = self.document.nouns[-1], tuple(self._stack[self._base :])
        for name, value in attributes.items():
            for place in self._asked((*way, f"@{name}")):
                noun.add(place, _short(value))
        if self._asked(way):
            self._texts[-1] = []
        if noun.variation is None and 0 < len(way) <= _ID_DEPTH:
            self._identify(noun, attributes)

    def _asked(self, way: tuple[str, ...]) -> list[Place]:
        """Return the places that are here."""
        return [
            place
            for place in self._wanted.get(way, ())
            if all(
                self._attributes[self._base + number].get(name) == value
                for number, name, value in place.conditions
            )
        ]

    def _identify(self, noun: Noun, attributes: Mapping[str, str]) -> None:
        variation = attributes.get("variationID", "")
        if not (variation.isascii() and variation.isdigit()) or len(variation) > len(str(2**62)) - 1:
            return
        noun.variation = int(variation)
        scope = [attributes.get(name, "") for name in ("lid", "accountingEntity", "location")]
        noun.identity = "\n".join(scope)
        self._identifies = self._texts[-1] = self._texts[-1] or []

    def _characters(self, text: str) -> None:
        kept = self._texts[-1] if self._texts else None
        if kept is not None:
            kept.append(text)
            if sum(map(len, kept)) > _LONGEST:
                raise TooLarge("a value that is asked for is longer than any should be")

    def _end(self, _name: str) -> None:
        kept, way = self._texts.pop(), tuple(self._stack[self._base :])
        text = "".join(kept).strip() if kept is not None else ""
        if kept is not None:
            noun = self.document.nouns[-1]
            if kept is self._identifies:
                noun.identity, self._identifies = f"{noun.identity}\n{text}", None
            for place in self._asked(way):
                noun.add(place, text)
        self._stack.pop()
        self._attributes.pop()
        if self._base and len(self._stack) < self._base:
            self._base = 0


def read_json(pieces: Iterable[str], name: str, wanted: Collection[Place]) -> Document:
    """Read a JSON object, or a list of them, as a document of this name.

    Raises:
        Unreadable: it is none.
        TooLarge: it is longer than any JSON should be.
    """
    text = ""
    for piece in pieces:
        text += piece
        if len(text) > _LONGEST_JSON:
            raise TooLarge("the JSON is longer than any message should be")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("it is no JSON") from error
    document = Document(name)
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict):
            raise Unreadable("it is neither a JSON object nor a list of them")
        noun = Noun()
        for place in wanted:
            for found in _at(one, place, 0):
                noun.add(place, _short(found))
        document.nouns.append(noun)
    return document


def _at(value: Json, place: Place, number: int) -> Iterator[str]:
    """Yield what is at a place, of which so many steps are behind; conditions look at members."""
    if isinstance(value, list):
        for one in value:
            yield from _at(one, place, number)
    elif number < len(place.way) and isinstance(value, dict):
        inner = value.get(place.way[number].removeprefix("@"))
        for one in inner if isinstance(inner, list) else [inner]:
            if _meets(one, place, number):
                yield from _at(one, place, number + 1)
    elif number == len(place.way) and value is not None and not isinstance(value, (bool, dict)):
        yield str(value).strip()


def _meets(value: Json, place: Place, number: int) -> bool:
    told = [(name, wanted) for step, name, wanted in place.conditions if step == number]
    return not told or (
        isinstance(value, dict) and all(str(value.get(name)) == wanted for name, wanted in told)
    )


def _short(value: str) -> str:
    if len(value) > _LONGEST:
        raise TooLarge("a value that is asked for is longer than any should be")
    return value.strip()


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse(*_: object) -> Never:
    raise Unreadable("it has a document type declaration, which no message of ION has")
