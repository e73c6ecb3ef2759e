"""What changed in the tenant since its snapshot was taken, and which mappings that touches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from m3nop.app import calls
from m3nop.connectors.m3 import drift
from m3nop.core import json
from m3nop.core.errors import ConfigurationError, UsageError
from m3nop.spec.tree import ListNode, MapNode, ScalarNode, child, child_map, find, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.app.session import Session
    from m3nop.connectors.m3.drift import Change
    from m3nop.core.problems import Position
    from m3nop.spec.tree import Loc, Node

_TARGETS = ("call", "read")


class Touched(Struct, frozen=True, order=True):
    """A place of a mapping that a change concerns; ``field`` is blank where it is the whole request."""

    file: str
    line: int
    column: int
    pipeline: str
    step: str
    field: str

    @property
    def place(self) -> str:
        """The place as problems write it."""
        return f"{self.file}:{self.line}:{self.column}"


class Found(Struct, frozen=True):
    """A change, and the places that it touches."""

    change: Change
    touched: tuple[Touched, ...]


def changed(session: Session, connection: str, programs: Sequence[str] | None) -> list[Found]:
    """Compare the project's snapshot of programs, or of all, with the tenant.

    Raises:
        UsageError: there is no snapshot.
        AccessError: M3 cannot be reached, or refuses who we are.
    """
    known = _taken(session)
    wanted = sorted(programs or known)
    missing = [program for program in wanted if program not in known]
    if missing or not wanted:
        which = f"of {', '.join(missing)}" if missing else "of any program"
        msg = f"the project has no snapshot {which}; `m3nop m3 snapshot` takes it"
        raise UsageError(msg)
    there = calls.programs(session, connection)
    now = calls.describe(session, connection, [program for program in wanted if program in there])
    requests = list(_requests(session, connection))
    return [
        Found(change, tuple(sorted(set(_touched(change, requests)))))
        for program in wanted
        for change in drift.changes(known[program], now.get(program))
    ]


def _taken(session: Session) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted((session.place.folder / "m3").glob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            found[str(document["program"])] = document
        except (OSError, ValueError, LookupError, TypeError) as error:
            msg = f"{path} is not a snapshot of an MI program; take it again with `m3nop m3 snapshot`"
            raise ConfigurationError(msg) from error
    return found


class _Request(Struct, frozen=True):
    """A request as it is written in a pipeline; ``fields`` and ``answers`` are where it names them."""

    operation: str
    pipeline: str
    step: str
    at: Position
    fields: Mapping[str, Position]
    answers: Mapping[str, tuple[Position, ...]]


def _requests(session: Session, connection: str) -> Iterator[_Request]:
    project = session.project
    for pipeline in project.pipelines:
        for store in project.stores_of(pipeline):
            tree = project.effective(pipeline, store)
            if tree is not None:
                yield from _of_tree(tree, pipeline, connection)


def _of_tree(tree: Node, pipeline: str, connection: str) -> Iterator[_Request]:
    for loc, node in walk(tree):
        for key in _TARGETS:
            target = child(node, key)
            if isinstance(target, ScalarNode) and target.text.startswith(f"{connection}/"):
                answers = {**_names(child(node, "outputs")), **_of_record(tree, loc)}
                yield _Request(
                    operation=target.text.removeprefix(f"{connection}/"),
                    pipeline=pipeline,
                    step=_step(tree, loc),
                    at=target.position,
                    fields=_fields(tree, child_map(node, "fields")),
                    answers=answers,
                )


def _step(tree: Node, loc: Loc) -> str:
    """Name the step, probe or source that a place belongs to."""
    if loc[:1] == ("source",):
        return "source"
    if loc[:1] == ("probes",) and loc[1:]:
        return f"probe {loc[1]}"
    around = (child(find(tree, loc[:end]), "id") for end in range(len(loc), 0, -1))
    return next((node.text for node in around if isinstance(node, ScalarNode)), "")


def _fields(tree: Node, fields: MapNode | None) -> dict[str, Position]:
    """Return the fields that are written here or in the blocks that are included."""
    if fields is None:
        return {}
    found: dict[str, Position] = {}
    for name, entry in fields.entries.items():
        if name != "include":
            found[name] = entry.key
            continue
        blocks = entry.node.items if isinstance(entry.node, ListNode) else (entry.node,)
        for block in blocks:
            if isinstance(block, ScalarNode):
                inside = _fields(tree, child_map(child(tree, "blocks"), block.text))
                found.update({one: inside[one] for one in inside if one not in fields.entries})
    return found


def _names(outputs: Node | None) -> dict[str, tuple[Position, ...]]:
    """Return the fields of an answer that ``outputs`` names, in any of its forms."""
    if outputs is None:
        return {}
    names = [node for _, node in walk(outputs) if isinstance(node, ScalarNode)]
    return {node.text: (node.position,) for node in names}


def _of_record(tree: Node, loc: Loc) -> dict[str, tuple[Position, ...]]:
    """Return the fields that expressions read of a source's record, where the request is the source."""
    name = child(child(tree, "source"), "as")
    if loc[:1] != ("source",) or not isinstance(name, ScalarNode):
        return {}
    member = re.compile(rf"\b{re.escape(name.text)}\.([A-Z0-9]{{4}})\b")
    found: dict[str, tuple[Position, ...]] = {}
    for _, node in walk(tree):
        for field in member.findall(node.text) if isinstance(node, ScalarNode) else ():
            found[field] = (*found.get(field, ()), node.position)
    return found


def _touched(change: Change, requests: Sequence[_Request]) -> Iterator[Touched]:
    if not change.breaks:
        return
    for request in requests:
        program, _, transaction = request.operation.partition("/")
        if program != change.program or change.transaction not in ("", transaction):
            continue
        for at, field in _places(change, request):
            yield Touched(at.file, at.line, at.column, request.pipeline, request.step, field)


def _places(change: Change, request: _Request) -> Iterator[tuple[Position, str]]:
    if not change.way:
        yield request.at, ""
    elif change.way == drift.OUTPUTS:
        yield from ((at, change.field) for at in request.answers.get(change.field, ()))
    elif change.field in request.fields:
        yield request.fields[change.field], change.field
    elif change.after == "mandatory" or (change.what == "mandatory" and change.after == "true"):
        # It is not sent, and has to be now.
        yield request.at, change.field
