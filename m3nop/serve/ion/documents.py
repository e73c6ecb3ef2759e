"""Reads of a document what a pipeline asks for, while it comes in: nothing else of it is kept.

XML is parsed by expat. A document type declaration ends the reading, so that there are neither entities to
expand nor outer ones to fetch. Names are compared without their namespaces.

A business object document has a ``DataArea`` that holds a verb and then nouns of one kind, and a name such as
``Sync.ItemMaster``. In anything else the root is what it is about, and its name is the document's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

from msgspec import Struct, field

from m3nop.core import json
from m3nop.serve.counting import holds_at_most
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
_PIECE = 65_536
_LONGEST_TAG = 1_048_576
"""Bytes of a tag or a comment, which expat keeps, and begins with again and again, until its end has come."""
_AREA = "DataArea"
_OUTERMOST = 3
"""How deep a noun may begin: ``SyncItemMaster/DataArea/ItemMaster``."""
_ID_DEPTH = 3
"""Steps from a noun to the id of the document: ``ItemMasterHeader/DocumentID/ID``."""


class Noun(Struct):
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


class Document(Struct):
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
            for begin in range(0, len(piece), _PIECE):
                reader.read(piece[begin : begin + _PIECE])
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


class _Step(Struct):
    """A step of the ways to the places that are asked for."""

    further: dict[str, _Step] = field(default_factory=dict)
    texts: list[Place] = field(default_factory=list)
    """Places that are the text here."""
    attributes: dict[str, list[Place]] = field(default_factory=dict)


def _ways_to(wanted: Collection[Place]) -> _Step:
    """Return the step at which all ways begin."""
    start = _Step()
    for place in wanted:
        step = start
        for name in place.way:
            if name.startswith("@"):
                step.attributes.setdefault(name[1:], []).append(place)
                break
            step = step.further.setdefault(name, _Step())
        else:
            step.texts.append(place)
    return start


class _Reader:
    """Follows the elements of a document and notes what is asked for; all else it only counts."""

    def __init__(self, wanted: Collection[Place]) -> None:
        self.document = Document()
        self._ways = _ways_to(wanted)
        self._open: list[_Step | None] = []
        """For each open element where it is on the ways, or None."""
        self._attributes: list[Mapping[str, str]] = []
        self._texts: list[list[str] | None] = []
        """For each open element the text to keep, or None."""
        self._names: list[str] = []
        """Of the outermost elements."""
        self._elements = 0
        """With their attributes."""
        self._at = self._without_end = 0
        self._verb = ""
        self._base = 0
        """How many open elements lead to the noun; 0 outside of one."""
        self._identifies: list[str] | None = None
        self._listens = False
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.EntityDeclHandler = _refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def read(self, piece: bytes | str) -> None:
        """Read what has come.

        Raises:
            TooLarge: something in it has no end.
            ExpatError: it is not well-formed.
        """
        self.parser.Parse(piece)
        at = self.parser.CurrentByteIndex
        self._without_end = self._without_end + len(piece) if at == self._at else 0
        self._at = at
        if self._without_end > _LONGEST_TAG:
            raise TooLarge("a tag or a comment is longer than any should be")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1 + len(attributes)
        depth = len(self._open)
        if depth >= _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise TooLarge("the document is nested too deeply, or holds too many elements")
        name = _local(name)
        outer = self._open[-1] if depth else None
        step = outer.further.get(name) if outer is not None else None
        self._open.append(step)
        self._attributes.append(attributes)
        self._texts.append(None)
        if depth < _OUTERMOST:
            self._place(name, depth)
            step = self._open[-1]
        if step is not None:
            self._note(step, attributes)
        if attributes and self._base and 0 <= depth - self._base < _ID_DEPTH:
            self._identify(attributes)
        self._listen()

    def _place(self, name: str, depth: int) -> None:
        """Find out whether a noun begins here."""
        self._names[depth:] = [name]
        match self._names:
            case [root]:
                # It may turn out to be a business object document; what is noted until then is taken back.
                self._begin(root)
            case [_, area] if area == _AREA and not self._verb:
                self.document.nouns, self._base, self._open[-1] = [], 0, None
            case [_, area, verb] if area == _AREA and not self._verb:
                self._verb = verb
            case [_, area, noun] if area == _AREA:
                self._begin(f"{self._verb}.{noun}")

    def _begin(self, name: str) -> None:
        self.document.name = name
        self.document.nouns.append(Noun())
        self._base = len(self._open)
        self._open[-1] = self._ways

    def _note(self, step: _Step, attributes: Mapping[str, str]) -> None:
        for name, places in step.attributes.items():
            value = _value(attributes, name)
            for place in places if value is not None else ():
                if self._meets(place):
                    self.document.nouns[-1].add(place, _short(value or ""))
        if any(map(self._meets, step.texts)):
            self._texts[-1] = []

    def _meets(self, place: Place) -> bool:
        """Tell whether the open elements have the attributes that a place asks for."""
        return all(
            _value(self._attributes[self._base + number], name) == value
            for number, name, value in place.conditions
        )

    def _identify(self, attributes: Mapping[str, str]) -> None:
        noun, variation = self.document.nouns[-1], _value(attributes, "variationID") or ""
        is_number = variation.isascii() and variation.isdigit() and len(variation) < len(str(2**62))
        if not is_number or noun.variation is not None:
            return
        noun.variation = int(variation)
        scope = [_value(attributes, name) or "" for name in ("lid", "accountingEntity", "location")]
        noun.identity = "\n".join(scope)
        self._identifies = self._texts[-1] = []

    def _listen(self) -> None:
        """Be told of text only where it is asked for: most of a document is text that is not."""
        listens = bool(self._texts) and self._texts[-1] is not None
        if listens != self._listens:
            self._listens = listens
            self.parser.CharacterDataHandler = self._characters if listens else None

    def _characters(self, text: str) -> None:
        kept = self._texts[-1]
        if kept is not None:
            kept.append(text)
            if sum(map(len, kept)) > _LONGEST:
                raise TooLarge("a value that is asked for is longer than any should be")

    def _end(self, _name: str) -> None:
        kept = self._texts[-1]
        if kept is not None:
            self._keep("".join(kept).strip(), kept)
        self._texts.pop()
        self._attributes.pop()
        self._open.pop()
        if len(self._open) < self._base:
            self._base = 0
        self._listen()

    def _keep(self, text: str, kept: list[str]) -> None:
        noun, step = self.document.nouns[-1], self._open[-1]
        if kept is self._identifies:
            noun.identity, self._identifies = f"{noun.identity}\n{text}", None
        for place in step.texts if step is not None else ():
            if self._meets(place):
                noun.add(place, text)


def _value(attributes: Mapping[str, str], name: str) -> str | None:
    """Return the value of an attribute, whatever its namespace."""
    found = attributes.get(name)
    if found is None and attributes:
        return next((value for known, value in attributes.items() if _local(known) == name), None)
    return found


def read_json(pieces: Iterable[str], name: str, wanted: Collection[Place]) -> Document:
    """Read a JSON object, or a list of them, as a document of this name.

    Raises:
        Unreadable: it is none.
        TooLarge: it is longer, or holds more values, than any JSON should.
    """
    try:
        value = json.loads(_joined(pieces))
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


def _joined(pieces: Iterable[str]) -> str:
    text = ""
    for piece in pieces:
        text += piece
        if len(text) > _LONGEST_JSON:
            raise TooLarge("the JSON is longer than any message should be")
    if not holds_at_most(text, _MOST_ELEMENTS):
        raise TooLarge("the JSON holds more values than any message should")
    return text


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
