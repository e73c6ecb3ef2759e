"""Calls of functions: arguments are evaluated and checked in their order, what is constant only once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions.registry import Code, Constant, Frame, FunctionInfo, Mode, as_it_is

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from m3nop.core.json import Json
    from m3nop.mapping.functions.registry import Parameter


class _Argument(NamedTuple):
    """One that is evaluated for every record."""

    place: int
    code: Code
    passing: frozenset[type]
    """Types of values that need not be taken."""
    take: Callable[[Json], Json]
    null_gives_null: bool


def compile_call(info: FunctionInfo, arguments: Sequence[Code]) -> Code:
    """Return the code of a call; its arguments were counted already.

    Arguments at an ``expr`` parameter are handed over as functions of one element.
    """
    if info.mode is Mode.LAZY:
        code: Code = info.run(tuple(arguments))
        return code
    given, changing = _sorted_out(info, arguments)
    if info.mode is Mode.CONTEXT:
        return _call(info.run, [None, *given], changing, first=1)
    if not changing:
        return _constant(info.run, given)
    if len(given) == 1:
        return _call_of_one(info.run, changing[0])
    return _call(info.run, given, changing, first=0)


def fold(code: Code, *parts: Code) -> Code:
    """Return code that depends on these parts alone; evaluated, where they are constant and give a value."""
    if not all(isinstance(part, Constant) for part in parts):
        return code
    try:
        return Constant(code(None, (None, _NO_CONTEXT)))
    except EvaluationError:
        return code


_NO_CONTEXT: Any = None


def _sorted_out(info: FunctionInfo, arguments: Sequence[Code]) -> tuple[list[Any], tuple[_Argument, ...]]:
    """Return the arguments as far as they are known, and those that are evaluated for every record."""
    given: list[Any] = []
    changing: list[_Argument] = []
    for place, code in enumerate(arguments):
        parameter = info.parameter(place)
        if parameter.is_expression:
            given.append(None)
            changing.append(_Argument(place, _reference(code), frozenset(), as_it_is, null_gives_null=False))
            continue
        one = _Argument(place, code, parameter.passing, parameter.taker(info.name), parameter.null_gives_null)
        known, value = _known(one)
        given.append(value)
        if not known:
            changing.append(one)
    return given, tuple(changing)


@cache
def _checks(function: str, parameter: Parameter) -> tuple[frozenset[type], Callable[[Json], Json]]:
    return parameter.passing, parameter.taker(function)


def _known(argument: _Argument) -> tuple[bool, Json]:
    """Tell whether an argument is the same for every record, and what it is taken as.

    One that is refused, or makes the whole call null, is so only when its turn comes.
    """
    code = argument.code
    if not isinstance(code, Constant) or (code.value is None and argument.null_gives_null):
        return False, None
    try:
        return True, argument.take(code.value)
    except EvaluationError:
        return False, None


def _constant(run: Callable[..., Json], given: Sequence[Any]) -> Code:
    def code(_value: Json, _frame: Frame) -> Json:
        return run(*given)

    return fold(code)


def _call_of_one(run: Callable[..., Json], argument: _Argument) -> Code:
    _, code, passing, take, null_gives_null = argument

    def call(value: Json, frame: Frame) -> Json:
        taken = code(value, frame)
        if type(taken) in passing:
            return run(taken)
        return None if taken is None and null_gives_null else run(take(taken))

    return call


def _call(run: Callable[..., Json], given: list[Any], changing: Sequence[_Argument], *, first: int) -> Code:
    """Return the code of a call; with ``first`` 1 the context comes before the arguments."""
    steps = [(first + one.place, *one[1:]) for one in changing]

    def call(value: Json, frame: Frame) -> Json:
        taken = given.copy()
        if first:
            taken[0] = frame[1]
        for place, code, passing, take, null_gives_null in steps:
            argument = code(value, frame)
            if type(argument) in passing:
                taken[place] = argument
            elif argument is None and null_gives_null:
                return None
            else:
                taken[place] = take(argument)
        return run(*taken)

    return call


def _reference(code: Code) -> Code:
    return lambda _value, frame: lambda element: code(element, frame)
