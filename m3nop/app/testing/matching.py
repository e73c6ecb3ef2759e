"""Compares what came of a test's record with what the test expects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from m3nop.core import json
from m3nop.core.connector import Effect
from m3nop.core.records import RecordState

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.engine.preview import Planned
    from m3nop.engine.rehearsal import Rehearsal
    from m3nop.spec.mapping_tests import ExpectedCallSpec, ExpectSpec
    from m3nop.spec.tree import Loc

ANY = "$any"
MATCHES = "$matches"
ANY_REASON = "any"
REST = "..."

ENDS = {
    RecordState.DEAD: "rejected",
    RecordState.REVIEW: "review",
    RecordState.WAITING: "waits",
    RecordState.PENDING: "waits",
    RecordState.BLOCKED: "waits",
    RecordState.IGNORED: "ignored",
    RecordState.BASELINED: "ignored",
}
"""The keys under which a test expects an end other than delivery."""


class _Nothing:
    """Stands for a value that is not there."""


NOTHING = _Nothing()


class Difference(Struct, frozen=True):
    """One thing that is not as expected; ``loc`` leads to the expectation from the root of the file."""

    loc: Loc
    message: str
    expected: Any = field(default=NOTHING)
    actual: Any = field(default=NOTHING)
    origin: str = ""
    """The expression that made the value."""


def differences(expect: ExpectSpec, found: Rehearsal, loc: Loc) -> list[Difference]:
    """List what is not as expected."""
    told = [*_end(expect, found, loc)]
    acts = [call for call in found.calls if call.effect != Effect.READ]
    reads = [call for call in found.calls if call.effect == Effect.READ]
    if expect.calls is not None:
        told += _calls(expect.calls, acts, (*loc, "calls"), others=expect.other_calls is not None)
    if expect.reads is not None:
        told += _calls(expect.reads, reads, (*loc, "reads"), others=False)
    told += _lists(expect, found, loc)
    told += _values(expect, found, loc)
    return told


def _end(expect: ExpectSpec, found: Rehearsal, loc: Loc) -> list[Difference]:
    kind = ENDS.get(found.state, "")
    wanted = next((name for name in ENDS.values() if getattr(expect, name) is not None), "")
    if kind != wanted:
        is_said = f"{kind}: {found.reason}" if kind else "it is delivered"
        if not wanted:
            return [Difference(loc, f"delivery is expected, and the end is {is_said}")]
        message = f"`{wanted}` is expected, and the end is {is_said}" if kind else f"{is_said}, not {wanted}"
        return [Difference((*loc, wanted), message)]
    text = getattr(expect, wanted) if wanted else None
    if text is not None and not reason_fits(text, found.reason):
        return [Difference((*loc, wanted), f"another reason for `{wanted}`", text, found.reason)]
    return []


def reason_fits(expected: str, reason: str) -> bool:
    """Tell whether a reason is the expected one; ``...`` at an end stands for any text."""
    if expected == ANY_REASON:
        return True
    head, tail = expected.startswith(REST), expected.endswith(REST)
    if not (head or tail):
        return expected == reason
    core = expected.removeprefix(REST).removesuffix(REST).strip()
    if head and tail:
        return core in reason
    return reason.endswith(core) if head else reason.startswith(core)


# -- calls


def _calls(
    expected: Sequence[ExpectedCallSpec], made: Sequence[Planned], loc: Loc, *, others: bool
) -> list[Difference]:
    told: list[Difference] = []
    pairs = aligned(expected, made)
    met = {made_index for _, made_index in pairs if made_index is not None}
    for index, made_index in pairs:
        at = (*loc, index)
        if made_index is None:
            told.append(Difference(at, f"the call {target_of(expected[index])} is not made"))
        else:
            told += _call(expected[index], made[made_index], at)
    if not others:
        told += [
            Difference(loc, f"the call {call.target} ({call.path}) is not expected", actual=call.fields)
            for made_index, call in enumerate(made)
            if made_index not in met
        ]
    return told


def target_of(call: ExpectedCallSpec) -> str:
    """Return what an expected call names."""
    return call.call or call.read or call.upsert or ""


def aligned(expected: Sequence[ExpectedCallSpec], made: Sequence[Planned]) -> list[tuple[int, int | None]]:
    """Pair expected calls with those that were made, in order: as many as possible, and the best fits."""
    size = (len(expected) + 1, len(made) + 1)
    best = [[0] * size[1] for _ in range(size[0])]
    for i in reversed(range(len(expected))):
        for j in reversed(range(len(made))):
            fit = _fit(expected[i], made[j])
            paired = fit + best[i + 1][j + 1] if fit else 0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], paired)
    pairs: list[tuple[int, int | None]] = []
    i = j = 0
    while i < len(expected):
        fit = _fit(expected[i], made[j]) if j < len(made) else 0
        if fit and best[i][j] == fit + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif j < len(made) and best[i][j] == best[i][j + 1]:
            j += 1
        else:
            pairs.append((i, None))
            i += 1
    return pairs


_SAME_TARGET = 1_000


def _fit(expected: ExpectedCallSpec, made: Planned) -> int:
    """Say how well a call fits: not at all (0) with another target, better the fewer its differences."""
    if target_of(expected) != made.target:
        return 0
    return max(_SAME_TARGET - len(_call(expected, made, ())), 1)


def _call(expected: ExpectedCallSpec, made: Planned, loc: Loc) -> list[Difference]:
    told: list[Difference] = []
    if expected.step is not None and expected.step != made.path:
        told.append(Difference((*loc, "step"), "another step makes it", expected.step, made.path))
    others = expected.other_fields is not None
    if expected.upsert is None:
        return told + _fields(expected.fields, made.fields, (*loc, "fields"), made, others=others)
    for section in ("match", "fields", "on_create"):
        given = getattr(expected, section)
        sent = made.fields.get(section) or {}
        told += _fields(given or {}, sent, (*loc, section), made, others=others)
    missing = made.fields.get("missing", "create")
    if expected.missing is not None and expected.missing != missing:
        told.append(Difference((*loc, "missing"), "another `missing`", expected.missing, missing))
    return told


def _fields(
    expected: Mapping[str, Json], sent: Mapping[str, Json], loc: Loc, made: Planned, *, others: bool
) -> list[Difference]:
    told: list[Difference] = []
    where = f"{made.target} ({made.path})"
    section = "" if loc[-1] == "fields" else f"{loc[-1]}."

    def origin(name: str) -> str:
        return made.origins.get(name, made.origins.get(f"{loc[-1]}.{name}", ""))

    for name, value in expected.items():
        actual = sent.get(name, NOTHING)
        if not fits(value, actual):
            message = f"{where}: {section}{name}"
            told.append(Difference((*loc, name), message, value, actual, origin(name)))
    if not others:
        told += [
            Difference(loc, f"{where}: {section}{name} is not expected", actual=value, origin=origin(name))
            for name, value in sent.items()
            if name not in expected
        ]
    return told


# -- everything else


def _lists(expect: ExpectSpec, found: Rehearsal, loc: Loc) -> list[Difference]:
    told: list[Difference] = []
    for name, wanted, actual in (
        ("skipped", expect.skipped, list(found.skipped)),
        ("warnings", expect.warnings, list(found.warnings)),
    ):
        if wanted is not None and sorted(wanted) != sorted(actual):
            told.append(Difference((*loc, name), f"other {name}", wanted, actual))
    if expect.requires is not None:
        pairs = [(one.pipeline, one.key) for one in expect.requires]
        if pairs != list(found.required):
            first = [{"pipeline": pipeline, "key": key} for pipeline, key in found.required]
            wanted_first = [{"pipeline": pipeline, "key": key} for pipeline, key in pairs]
            told.append(
                Difference((*loc, "requires"), "other records have to come first", wanted_first, first)
            )
    return told


def _values(expect: ExpectSpec, found: Rehearsal, loc: Loc) -> list[Difference]:
    told: list[Difference] = []
    link = {"shop": expect.link.shop, "m3": expect.link.m3} if expect.link else None
    every = (
        ("link", link, {name: _text(value) for name, value in (found.link or {}).items()}, False),
        ("vars", expect.vars, found.vars or {}, True),
        ("remember", expect.remember, found.remembered or {}, False),
    )
    for section, wanted, actual, others in every:
        if wanted is None:
            continue
        for name, value in wanted.items():
            if not fits(value, actual.get(name, NOTHING)):
                message = f"{section}.{name}"
                told.append(Difference((*loc, section, name), message, value, actual.get(name, NOTHING)))
        if not others:
            told += [
                Difference((*loc, section), f"{section}.{name} is not expected", actual=actual[name])
                for name in actual.keys() - wanted.keys()
            ]
    if expect.reference is not None and expect.reference != found.reference:
        told.append(Difference((*loc, "reference"), "reference", expect.reference, found.reference))
    return told


def _text(value: Json) -> str:
    return "" if value is None else str(value)


# -- values


def fits(expected: Json, actual: Json) -> bool:
    """Tell whether a value is the expected one.

    Null expects that there is none. A number expects the text that it was written as where text is sent.
    """
    if isinstance(expected, dict) and len(expected) == 1 and (ANY in expected or MATCHES in expected):
        return _fits_form(expected, actual)
    if expected is None or actual is NOTHING or actual is None:
        return expected is None and (actual is NOTHING or actual is None)
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return all(fits(expected.get(name), actual.get(name, NOTHING)) for name in {*expected, *actual})
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(fits, expected, actual))
    return _fits_scalar(expected, actual)


def _fits_form(expected: Mapping[str, Json], actual: Json) -> bool:
    if actual is NOTHING or actual is None:
        return False
    pattern = expected.get(MATCHES)
    return pattern is None or re.fullmatch(str(pattern), shown(actual)) is not None


def _fits_scalar(expected: Json, actual: Json) -> bool:
    if isinstance(actual, str) and not isinstance(expected, str):
        return not isinstance(expected, (dict, list)) and shown(expected) == actual
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, (int, Decimal)) and isinstance(actual, (int, Decimal)):
        return expected == actual
    return bool(expected == actual)


def shown(value: Json) -> str:
    """Write a value for a reader."""
    if value is NOTHING:
        return "not there"
    return value if isinstance(value, str) else json.dumps(value)
