"""Checks by the metadata of a system what a field can become: its type, and whether it is short enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.mapping.conversion import to_field_text
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.inference import is_literal
from m3nop.mapping.lookups import VALUE
from m3nop.mapping.shapes import DATE, FREE, INSTANT, WORD, Shape, constant, either

if TYPE_CHECKING:
    from m3nop.core.connector import FieldInfo
    from m3nop.core.json import Json
    from m3nop.spec.desk import Desk
    from m3nop.spec.field_model import FieldSpec
    from m3nop.spec.scope import Scope
    from m3nop.spec.tree import Loc

_NO_FIELD = frozenset({"list", "object", "true/false"})
"""Kinds of values that no M3 field takes."""
_KINDS = {"N": "a number", "D": "a date like 20261123"}
_FORMS = {INSTANT: "a date as the shop writes it", WORD: "a word", FREE: "text that people type"}


class Target(Struct, frozen=True):
    """A field of an operation; ``as_text`` says that its value is sent as text (M3)."""

    info: FieldInfo
    as_text: bool


def check_fit(desk: Desk, loc: Loc, spec: FieldSpec, target: Target, scope: Scope) -> None:
    """Check a field's value against its target."""
    info, as_text = target.info, target.as_text
    if spec.lookup is not None or spec.from_ is None:
        if as_text:
            _check_given(desk, loc, spec, info)
        return
    shape = desk.known.shape(spec.from_, scope)
    if as_text and spec.unit is None:
        if shape.constant:
            _check_constant(desk, (*loc, "from"), shape.constant[0], info)
        else:
            _check_type(desk, loc, spec.from_, shape, info)
    if not is_literal(spec.from_) and not _is_guarded(spec) and not spec.truncate:
        _check_length(desk, loc, spec, shape, info)


def _check_given(desk: Desk, loc: Loc, spec: FieldSpec, info: FieldInfo) -> None:
    if spec.lookup is None:
        _check_constant(desk, (*loc, "value"), spec.value, info)
    else:
        _check_codes(desk, loc, spec, info)


def _check_codes(desk: Desk, loc: Loc, spec: FieldSpec, info: FieldInfo) -> None:
    lookup = (desk.site.lookups or {}).get(spec.lookup or "")
    if lookup is None or info.type not in _KINDS:
        return
    column = spec.column or (lookup.columns[0] if lookup.columns else VALUE)
    for code, row in lookup.rows.items():
        wrong = _wrong(row.get(column, ""), info)
        if wrong is not None:
            where = f"the {column} of '{code}' in lookup '{lookup.name}'"
            desk.add(desk.at((*loc, "lookup")), wrong.code, f"{wrong.message} ({where})", wrong.hint)


def _check_constant(desk: Desk, loc: Loc, value: Json, info: FieldInfo) -> None:
    wrong = _wrong(value, info)
    if wrong is not None:
        desk.add(desk.at(loc), wrong.code, wrong.message, wrong.hint)


class _Wrong(Struct, frozen=True):
    """Why a field does not take a value."""

    code: str
    message: str
    hint: str = ""


def _wrong(value: Json, info: FieldInfo) -> _Wrong | None:
    """Say why a field does not take a value; how long a text is, is another question."""
    takes = _KINDS.get(info.type or "", "text or a number")
    if isinstance(value, (bool, list, dict)):
        shown = "true or false" if isinstance(value, bool) else "a list or an object"
        return _Wrong("wrong-type", f"{info.name} takes {takes}, and this is {shown}")
    if value is None or info.type not in _KINDS or not str(value).strip():
        return None
    try:
        to_field_text(value, info)
    except EvaluationError as error:
        if " is not a " in error.message:
            return _Wrong("wrong-type", f"{info.name} takes {takes}, and this is '{value}'")
        code = "wrong-type" if "decimal places" in error.message else "value-too-long"
        message, _, hint = error.message.partition("; ")
        return _Wrong(code, f"{info.name}: {message}", hint if code == "wrong-type" else "")
    return None


def _check_type(desk: Desk, loc: Loc, expression: str, shape: Shape, info: FieldInfo) -> None:
    given, hint = _misfit(shape, info)
    if given:
        takes = _KINDS.get(info.type or "", "text or a number")
        message = f"{info.name} takes {takes}, and `{expression}` gives {given}"
        desk.add(desk.at((*loc, "from")), "wrong-type", message, hint)


def _misfit(shape: Shape, info: FieldInfo) -> tuple[str, str]:
    """Say what a value is that its field never takes, and what to do."""
    kinds = shape.kinds - {"null"}
    if kinds and kinds <= _NO_FIELD:
        return " or ".join(sorted(kinds)), "write if(condition, '1', '0')" if "true/false" in kinds else ""
    if info.type == "N" and kinds == {"text"} and shape.form in {INSTANT, WORD, FREE, DATE}:
        return ("a date", "") if shape.form == DATE else (_FORMS[shape.form], "")
    if info.type == "D" and shape.form != DATE and kinds:
        if shape.form in _FORMS:
            return _FORMS[shape.form], "m3_date() makes one of it" if shape.form == INSTANT else ""
        if kinds == {"number"}:
            return "a number", "m3_date() makes a date of an instant"
    return "", ""


def _check_length(desk: Desk, loc: Loc, spec: FieldSpec, shape: Shape, info: FieldInfo) -> None:
    room = info.length
    if room is None or info.type not in ("A", None):
        return
    whole = either([shape, constant(spec.default)]) if spec.default is not None else shape
    at = desk.at((*loc, "from"))
    hint = "write `truncate: true`, or use left(), truncate() or wrap()"
    if whole.surely > room:
        message = f"`{spec.from_}` can have {whole.surely} characters, {info.name} holds {room}"
        desk.add(at, "value-too-long", message, "make it shorter")
    elif whole.longest is not None and whole.longest > room:
        message = f"`{spec.from_}` can have {whole.longest} characters, {info.name} holds {room}"
        desk.warn(at, "may-be-too-long", message, hint)
    elif whole.longest is None and whole.typed:
        message = f"`{spec.from_}` is text of any length, {info.name} holds {room} characters"
        desk.warn(at, "may-be-too-long", message, hint)


def _is_guarded(spec: FieldSpec) -> bool:
    """Tell whether the field is left out depending on a length."""
    return spec.when is not None and "length(" in spec.when
