"""Writes expectations of what came of a record, and puts them into test files."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from m3nop.app.testing.matching import ENDS, NOTHING, Difference, aligned
from m3nop.core import json
from m3nop.core.connector import Effect
from m3nop.core.errors import UsageError
from m3nop.core.records import RecordState
from m3nop.spec.loader import load_text
from m3nop.spec.show import show
from m3nop.spec.tree import MapNode, ScalarNode, find, from_json, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from m3nop.app.testing.bench import Verdict
    from m3nop.core.json import Json
    from m3nop.core.problems import Position
    from m3nop.engine.preview import Planned
    from m3nop.engine.rehearsal import Rehearsal
    from m3nop.spec.mapping_test_files import MappingTestFile
    from m3nop.spec.mapping_tests import ExpectedCallSpec, ExpectSpec

_UPSERT = "convergent"
WIDTH = 110
"""Longest line that is written in braces."""
_RISKY = frozenset(",[]{}:#?")
"""Letters that mean something in braces."""


def expectation(found: Rehearsal, named: Iterable[str] = ()) -> dict[str, Json]:
    """Describe what came of a record as a test expects it; ``named`` are the keys to have besides the end."""
    keys = set(named)
    end = ENDS.get(found.state)
    expect: dict[str, Json] = {} if end is None else {end: found.reason}
    if end is None or "calls" in keys:
        expect["calls"] = [_call(call) for call in found.calls if call.effect != Effect.READ]
    if found.link is None:
        keys.discard("link")
    every: Mapping[str, Json] = {
        "reads": [_call(call) for call in found.calls if call.effect == Effect.READ],
        "requires": [{"pipeline": pipeline, "key": key} for pipeline, key in found.required],
        "skipped": list(found.skipped),
        "warnings": list(found.warnings),
        "link": {name: _text(value) for name, value in (found.link or {}).items()},
        "remember": dict(found.remembered or {}),
        "reference": found.reference,
        "vars": dict(found.vars or {}),
    }
    return {**expect, **{name: value for name, value in every.items() if name in keys}}


def _call(call: Planned) -> dict[str, Json]:
    if call.effect == Effect.READ:
        return {"read": call.target, "fields": dict(call.fields)}
    if "match" not in call.fields or call.effect != _UPSERT:
        return {"call": call.target, "fields": dict(call.fields)}
    sections = {name: call.fields[name] for name in ("match", "fields", "on_create") if call.fields.get(name)}
    missing = call.fields.get("missing", "create")
    return {
        "upsert": call.target, **sections, **({} if missing == "create" else {"missing": missing}),
    }  # fmt: skip


def _text(value: Json) -> str:
    return "" if value is None else str(value)


def yaml_text(value: Json, *, indent: int = 0, width: int = WIDTH) -> str:
    """Write values as YAML that reads back as the same; what fits on a line is written in braces."""
    lead = " " * indent
    return "".join(f"{lead}{line}\n" for line in _lines(value, width - indent))


def _lines(value: Json, width: int) -> list[str]:
    match value:
        case dict() if value:
            return [line for name, one in value.items() for line in _under(f"{_scalar(name)}:", one, width)]
        case list() if value:
            return [line for one in value for line in _item(one, width)]
        case _:
            return [flow_text(value)]


def _under(head: str, value: Json, width: int) -> list[str]:
    line = f"{head} {flow_text(value)}"
    if not isinstance(value, (dict, list)) or len(line) <= width:
        return [line]
    return [head, *(f"  {inner}" for inner in _lines(value, width - 2))]


def _item(value: Json, width: int) -> list[str]:
    line = f"- {flow_text(value)}"
    if not isinstance(value, (dict, list)) or len(line) <= width:
        return [line]
    first, *rest = _lines(value, width - 2)
    return [f"- {first}", *(f"  {inner}" for inner in rest)]


def flow_text(value: Json) -> str:
    """Write values on one line."""
    match value:
        case dict():
            return f"{{{', '.join(f'{_scalar(name)}: {flow_text(one)}' for name, one in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(flow_text, value))}]"
        case _:
            return _scalar(value)


def _scalar(value: Json) -> str:
    """Write a value so that it reads back as the same in braces, too."""
    written = show(from_json(value, file=""))[0].text
    plain_here = not isinstance(value, str) or not written.startswith(value) or not _RISKY & set(value)
    return written if plain_here else json.dumps(value)


def update(file: MappingTestFile, verdicts: Sequence[Verdict]) -> int:
    """Write what came of failed tests into their file as what they expect; return how many were changed.

    Single values are replaced where they stand. Where calls or fields came or went, the expectations that are
    not met are written anew.

    Raises:
        UsageError: the file cannot be written, or a test is written in braces.
    """
    # As bytes, because places count the characters that are there, carriage returns too.
    text = file.path.read_bytes().decode("utf-8-sig")
    changed = 0
    for verdict in sorted(verdicts, key=lambda one: one.test.position, reverse=True):
        if verdict.passed or verdict.found is None:
            continue
        text = _spliced(file, verdict.differences, text) or _rewritten(file, verdict, text)
        changed += 1
    if changed:
        if load_text(text, file=file.path.as_posix()).problems:
            msg = f"{file.path} is written in a way that cannot be updated; change it by hand"
            raise UsageError(msg)
        try:
            file.path.write_bytes(text.encode())
        except OSError as error:
            msg = f"{file.path} cannot be written: {error.strerror or error}"
            raise UsageError(msg) from error
    return changed


def _spliced(file: MappingTestFile, differences: Sequence[Difference], text: str) -> str | None:
    """Replace single values; None where more than that has to change."""
    places: dict[tuple[int, int], str] = {}
    for one in differences:
        node = find(file.root, one.loc)
        if not isinstance(node, ScalarNode) or node.style in ("|", ">"):
            return None
        if one.actual is NOTHING or isinstance(one.actual, (dict, list)) or one.actual is None:
            return None
        places[node.start, node.end] = flow_text(one.actual)
    for (start, end), written in sorted(places.items(), reverse=True):
        text = f"{text[:start]}{written}{text[end:]}"
    return text if places else None


def _rewritten(file: MappingTestFile, verdict: Verdict, text: str) -> str:
    """Write those expectations of a test anew that are not met; the others stay as they are."""
    loc, found = verdict.test.loc, verdict.found
    parent = find(file.root, loc)
    entry = parent.entries.get("expect") if isinstance(parent, MapNode) else None
    if entry is None or not isinstance(parent, MapNode) or parent.flow or found is None:
        msg = f"{file.at(loc)}: the test is written in braces; write it in lines to have it updated"
        raise UsageError(msg)
    given: Any = plain(entry.node)
    kept = {name: value for name, value in given.items() if name not in ENDS.values()}
    wrong = {one.loc[len(loc) + 1] for one in verdict.differences if len(one.loc) > len(loc) + 1}
    new = expectation(found, kept)
    if "calls" in new and "calls" in kept:
        new["calls"] = _calls_anew(verdict.test.spec.expect, found)
    if "vars" in kept:
        new["vars"] = {name: (found.vars or {}).get(name) for name in kept["vars"]}
    known = {name: value for name, value in kept.items() if name not in wrong or name in new}
    meant = {name: new[name] if name in wrong else value for name, value in known.items()}
    if not kept and found.state is RecordState.DONE:
        meant["calls"] = new["calls"]
    end = ENDS.get(found.state)
    return _replaced(text, entry.key, {**({} if end is None else {end: found.reason}), **meant})


def _calls_anew(expect: ExpectSpec, found: Rehearsal) -> list[Json]:
    """Describe the calls as closely as the test did: where it left some out, or fields, they stay out."""
    made = [call for call in found.calls if call.effect != Effect.READ]
    if expect.other_calls is None and not any(one.other_fields for one in expect.calls or ()):
        return [_call(call) for call in made]
    by_made = {
        at: (expect.calls or [])[index] for index, at in aligned(expect.calls or [], made) if at is not None
    }
    return [
        _narrowed(_call(call), by_made.get(at))
        for at, call in enumerate(made)
        if at in by_made or expect.other_calls is None
    ]


def _narrowed(call: dict[str, Json], before: ExpectedCallSpec | None) -> dict[str, Json]:
    if before is None:
        return call
    step = {} if before.step is None else {"step": before.step}
    optional = {"optional": True} if before.optional else {}
    if before.other_fields is None:
        return {**call, **step, **optional}
    named = {
        section: {name: call.get(section, {}).get(name) for name in values}
        for section in ("match", "fields", "on_create")
        if (values := getattr(before, section))
    }
    (kind,) = (name for name in ("call", "read", "upsert") if name in call)
    return {kind: call[kind], **step, **named, "other_fields": "allowed", **optional}


def _replaced(text: str, key: Position, value: Json) -> str:
    """Put another value under a key that stands in lines."""
    column, lines = key.column - 1, text.splitlines(keepends=True)
    first = key.line - 1
    last = first + 1
    while last < len(lines) and (not lines[last].strip() or _indent(lines[last]) > column):
        last += 1
    while last > first + 1 and not lines[last - 1].strip():
        last -= 1
    block = yaml_text({"expect": value}, indent=column)[column:]
    return "".join([*lines[:first], lines[first][:column], block, *lines[last:]])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def by_file(verdicts: Iterable[Verdict]) -> dict[MappingTestFile, list[Verdict]]:
    """Group verdicts by the file of their tests."""
    found: dict[MappingTestFile, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        found[verdict.file].append(verdict)
    return dict(found)
