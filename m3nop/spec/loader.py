"""Reads YAML by the core schema of YAML 1.2 into a tree with places.

PyYAML scans and parses; what a scalar means is decided here. Only ``true``/``false``, ``null`` and plain
numbers are resolved. A number with a leading zero stays text, and so do dates, times, ``yes`` and ``no``: all
of them are plausible M3 codes. Anchors, aliases, tags, equal keys and further documents are refused.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

import yaml
from msgspec import Struct, field

from m3nop.core.problems import Position, Problem
from m3nop.spec.cuts import Pairs, mend_comment, mend_flow
from m3nop.spec.tree import Entry, ListNode, MapNode, Node, ScalarNode, Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    _Loader = type[yaml.SafeLoader] | type[yaml.CSafeLoader]

MOST_BYTES = 2_000_000
MOST_DEPTH = 60
MOST_NODES = 50_000

QUOTE = "put the expression in quotes"

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,4})?")
_BEGINS_NUMBER = frozenset("+-.0123456789")
_LONGEST_NUMBER = 100

_SYNTAX_HINTS: Mapping[str, str] = {
    "'`' that cannot start": QUOTE,
    "'@' that cannot start": QUOTE,
    "'%' that cannot start": QUOTE,
    "mapping values are not allowed here": "text with a colon and a blank needs quotes",
    "expected <block end>": "check the indentation, or put the value in quotes",
    "expected ',' or": QUOTE,
    "expected the node content": QUOTE,
    "could not find expected ':'": "check the indentation, or put the value in quotes",
    "found unexpected end of stream": "a quotation mark is not closed",
    "found unknown escape character": "use single quotes, or two backslashes",
}


class Document(Struct, frozen=True):
    """One YAML text: its tree, unless it cannot be read at all, and what is wrong with it."""

    source: Source
    root: Node | None
    problems: tuple[Problem, ...]


class _RefusedError(Exception):
    """Carries a problem out of the parser."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def load_file(path: Path, *, file: str | None = None) -> Document:
    """Read a YAML file; whatever is wrong with it is in the document's problems."""
    name = file or path.as_posix()
    try:
        data = read_bytes(path)
    except OSError as error:
        return _unreadable(name, "unreadable-file", f"cannot be read: {error.strerror or error}")
    return load_bytes(data, file=name)


def read_bytes(path: Path) -> bytes:
    """Read a file, but never much more than the most that is accepted."""
    with path.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)


def load_bytes(data: bytes, *, file: str) -> Document:
    """Read YAML from the bytes of a file."""
    text, problem = decode(data, file=file)
    if problem is not None:
        return Document(Source(file, ""), None, (problem,))
    return load_text(text, file=file)


def decode(data: bytes, *, file: str) -> tuple[str, Problem | None]:
    """Decode UTF-8 (a byte order mark is dropped), or say what else the file seems to be."""
    at = Position(file)
    if len(data) > MOST_BYTES:
        return "", Problem(at, "file-too-large", f"the file is larger than {MOST_BYTES // 1_000_000} MB")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "", Problem(at, "not-utf8", "the file is UTF-16", "save it as UTF-8")
    if b"\x00" in data:
        return "", Problem(at, "binary-file", "the file is binary, not text")
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        place = Position(file, line, column)
        return "", Problem(place, "not-utf8", "the file is not UTF-8 text", "save it as UTF-8")


def load_text(text: str, *, file: str, first_line: int = 1, indent: int = 0) -> Document:
    """Read YAML from text that begins at ``first_line`` of ``file``."""
    source = Source(file, text, first_line, indent)
    if yaml.__with_libyaml__:
        try:
            return _Builder(source, yaml.CSafeLoader).document()
        except yaml.YAMLError:
            # What libyaml refuses, which is ten times as fast, Python's own parser words better.
            pass
    builder = _Builder(source, yaml.SafeLoader)
    try:
        return builder.document()
    except yaml.reader.ReaderError as error:
        return Document(source, None, (_control_character(source, error),))
    except yaml.MarkedYAMLError as error:
        return Document(source, None, (*builder.problems, _syntax(source, error)))


def _unreadable(file: str, code: str, message: str, *, line: int = 1) -> Document:
    return Document(Source(file, ""), None, (Problem(Position(file, line), code, message),))


def resolve(text: str) -> bool | int | Decimal | str | None:
    """Say what a plain scalar means by the core schema."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if text[0] in _BEGINS_NUMBER and len(text) <= _LONGEST_NUMBER:
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return Decimal(text)
    return text


class _Open(Struct):
    """A collection that is being read."""

    position: Position
    entries: Pairs | None = None
    items: list[Node] = field(default_factory=list)
    flow: bool = False
    key: tuple[str, Position] | None = None


class _Mark(Protocol):
    """A place in the text, from 0."""

    @property
    def index(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class _Builder:
    """Makes nodes from the parser's events, without recursion, so that depth can be refused."""

    def __init__(self, source: Source, loader: _Loader) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._loader = loader
        self._open: list[_Open] = []
        self._root: Node | None = None
        self._nodes = 0

    def document(self) -> Document:
        """Read the text, no further than to what is refused."""
        source = self._source
        try:
            root = self.build()
        except _RefusedError as refused:
            return Document(source, None, (*self.problems, refused.problem))
        if root is None:
            return _unreadable(source.file, "empty-file", "the file is empty", line=source.first_line)
        return Document(source, root, tuple(self.problems))

    def build(self) -> Node | None:
        documents = 0
        for event in yaml.parse(self._source.text, Loader=self._loader):
            match event:
                case yaml.ScalarEvent():
                    self._refuse_marks(event)
                    self._add(self._scalar(event))
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._refuse_marks(event)
                    self._begin(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._finish()
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._stop(
                            event, "several-documents", "a file holds one document", "make it two files"
                        )
                case _:
                    pass
        empty = isinstance(self._root, ScalarNode) and self._root.value is None and not self._root.style
        return None if empty and not self._root_was_written() else self._root

    def _root_was_written(self) -> bool:
        return isinstance(self._root, ScalarNode) and self._root.text != ""

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._open) >= MOST_DEPTH:
            self._stop(event, "too-deep", f"more than {MOST_DEPTH} levels")
        self._count(event)
        is_map = isinstance(event, yaml.MappingStartEvent)
        parent = self._open[-1] if self._open else None
        if parent is not None and parent.entries is not None and parent.key is None:
            self._stop(event, "key-not-text", "a key must be plain text", QUOTE)
        flow = bool(event.flow_style)
        self._open.append(_Open(self._at(event), entries=[] if is_map else None, flow=flow))

    def _finish(self) -> None:
        done = self._open.pop()
        if done.entries is None:
            self._add(ListNode(tuple(done.items), done.position))
            return
        pairs = mend_flow(done.entries, self.problems) if done.flow else done.entries
        self._add(MapNode(self._unique(pairs), done.position, flow=done.flow))

    def _unique(self, pairs: Pairs) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for name, entry in pairs:
            first = found.setdefault(name, entry)
            if first is not entry:
                message = f"'{name}' is already there at line {first.key.line}"
                self.problems.append(Problem(entry.key, "duplicate-key", message, "remove one of the two"))
        return found

    def _add(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if parent.entries is None:
            parent.items.append(node)
        elif parent.key is None and isinstance(node, ScalarNode):
            parent.key = (node.text, node.position)
        elif parent.key is not None:
            if isinstance(node, ScalarNode) and not parent.flow:
                node = mend_comment(node, self.problems)
            name, at = parent.key
            parent.key = None
            parent.entries.append((name, Entry(at, node)))

    def _scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        self._count(event)
        style = event.style or ""
        return ScalarNode(
            event.value if style else resolve(event.value),
            event.value,
            self._at(event),
            style=style,
            source=self._source,
            start=_index(event.start_mark),
            end=_index(event.end_mark),
            unresolved=event.tag is not None,
        )

    def _refuse_marks(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor:
            self._problem(event, "anchor", f"the anchor '&{event.anchor}' is not allowed", QUOTE)
        if event.tag:
            hint = "put the expression in quotes, and write not(...) for a negation"
            self._problem(event, "tag", f"the tag '{event.tag}' is not allowed", hint)

    def _alias(self, event: yaml.AliasEvent) -> None:
        self._problem(event, "alias", f"the alias '*{event.anchor}' is not allowed", QUOTE)
        self._add(ScalarNode("", "", self._at(event), style='"', unresolved=True))

    def _count(self, event: yaml.Event) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._stop(
                event, "file-too-large", f"more than {MOST_NODES} values", "a lookup may be a CSV file"
            )

    def _at(self, event: yaml.Event) -> Position:
        mark = event.start_mark
        return self._source.position(mark.line, mark.column) if mark else Position(self._source.file)

    def _problem(self, event: yaml.Event, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self._at(event), code, message, hint))

    def _stop(self, event: yaml.Event, code: str, message: str, hint: str = "") -> None:
        raise _RefusedError(Problem(self._at(event), code, message, hint))


def _index(mark: _Mark | None) -> int:
    return mark.index if mark else 0


def _syntax(source: Source, error: yaml.MarkedYAMLError) -> Problem:
    said = error.problem or error.context or "not YAML"
    mark = error.problem_mark or error.context_mark
    if "end of stream" in said and error.context_mark:
        mark = error.context_mark
    at = source.position(mark.line, mark.column) if mark else Position(source.file, source.first_line)
    if "'\\t'" in said or _tab_before(source.text, mark):
        return Problem(at, "tab", "a tab cannot indent", "use blanks")
    hint = next((hint for part, hint in _SYNTAX_HINTS.items() if part in said), "")
    if mark and source.text[max(mark.index - 1, 0) : mark.index + 1] == "${":
        hint = "in a flow map, put ${...} in quotes"
    return Problem(at, "yaml-syntax", said.replace("<", "").replace(">", ""), hint)


def _tab_before(text: str, mark: _Mark | None) -> bool:
    if mark is None:
        return False
    line = text.splitlines()[mark.line : mark.line + 1]
    return bool(line) and "\t" in line[0][: len(line[0]) - len(line[0].lstrip())]


def _control_character(source: Source, error: yaml.reader.ReaderError) -> Problem:
    before = source.text[: error.position]
    at = source.position(before.count("\n"), len(before.rpartition("\n")[2]))
    return Problem(at, "control-character", f"the character U+{error.character:04X} is not allowed")
