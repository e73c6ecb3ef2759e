"""What can be known of an expression without a record: paths read, functions called, and their mistakes."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.mapping.errors import EvaluationError, ExpressionError
from m3nop.mapping.functions import FUNCTIONS
from m3nop.mapping.functions.patterns import compile_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from m3nop.mapping.functions import FunctionInfo
    from m3nop.mapping.syntax import Name, Node

Path = tuple[str, ...]
_Origin = tuple[tuple[Path, int], ...]
"""Where a value comes from: paths from the root with the offset of each; empty where it cannot be known."""

_OPERANDS = {
    "subexpression", "index_expression", "flatten", "projection", "filter_projection", "value_projection",
}  # fmt: skip
"""Nodes whose first child is what stands before a dot or bracket."""
_ROOT: _Origin = (((), 0),)


class Findings(Struct):
    """What an expression reads and calls; ``offsets`` has every path, in the order of appearance."""

    offsets: dict[Path, int] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    lookups: set[str] = field(default_factory=set)
    untold: set[Path] = field(default_factory=set)
    """Paths that may be of fields which the source does not tell."""


def analyse(tree: Node) -> Findings:
    """Find the paths, functions and lookups of an expression.

    Raises:
        ExpressionError: a function is unknown or called wrongly, or the whole root is read.
    """
    analysis = _Analysis()
    analysis.read(tree, _ROOT)
    return analysis.findings


class _Analysis:
    """Walks a tree with the origin of the current value; a value that is consumed has its paths noted."""

    def __init__(self) -> None:
        self.findings = Findings()
        self._noted = 0
        self._walks: Mapping[str, Callable[[Node, _Origin], _Origin]] = {
            "subexpression": self._chain,
            "index_expression": self._chain,
            "pipe": self._chain,
            "flatten": self._chain,
            "projection": self._projection,
            "filter_projection": self._projection,
            "value_projection": self._projection,
            "or_expression": self._either,
            "and_expression": self._either,
            "function_expression": self._call,
            "expref": self._reference,
        }

    def read(self, node: Node, here: _Origin) -> None:
        """Note the paths that a node's value comes from."""
        for path, offset in self.origin(node, here):
            if not path:
                raise ExpressionError(
                    "the whole root is read here", code="whole-root", offset=offset,
                    hint="name the parts that are needed: order, settings, ...",
                )  # fmt: skip
            self._noted += 1
            self.findings.offsets.setdefault(path, offset)

    def origin(self, node: Node, here: _Origin) -> _Origin:
        """Return where a node's value comes from, noting what is consumed on the way."""
        kind = node["type"]
        if kind in _OPERANDS:
            _refuse_negation(node)
        if kind == "field":
            return _member(here, node)
        if kind in ("current", "identity", "index", "slice"):
            return here
        return self._walks.get(kind, self._consumed)(node, here)

    def _consumed(self, node: Node, here: _Origin) -> _Origin:
        for child in node["children"]:
            self.read(child, here)
        return ()

    def _either(self, node: Node, here: _Origin) -> _Origin:
        return _join(self.origin(child, here) for child in node["children"])

    def _reference(self, node: Node, _here: _Origin) -> _Origin:
        raise ExpressionError(
            "an expression reference (&) is only an argument",
            code="misplaced-reference",
            offset=_offset(node),
            hint="functions such as sum_by take one",
        )

    def _chain(self, node: Node, here: _Origin) -> _Origin:
        for child in node["children"]:
            here = self.origin(child, here)
        return here

    def _projection(self, node: Node, here: _Origin) -> _Origin:
        source, right, *condition = node["children"]
        if node["type"] == "value_projection":
            self.read(source, here)
            items: _Origin = ()
        else:
            items = self.origin(source, here)
        for child in condition:
            self.read(child, items)
        return self.origin(right, items)

    def _call(self, node: Node, here: _Origin) -> _Origin:
        info = _function(node)
        arguments = node["children"]
        _check_arguments(info, arguments, node["value"].offset)
        self.findings.functions.add(info.name)
        self.findings.lookups |= info.tables
        if info.name == "root":
            return (((), node["value"].offset),)
        if info.name in ("lookup", "lookup_code", "codes_of") and arguments[0]["type"] == "literal":
            self.findings.lookups.add(str(arguments[0]["value"]))
        if info.takes_reference:
            return self._call_with_reference(info, arguments, here)
        passed: list[_Origin] = []
        for index, argument in enumerate(arguments):
            if info.parameters.index(info.parameter(index)) in info.passes:
                passed.append(self.origin(argument, here))
                if info.name == "if_told":
                    self.findings.untold.update(path for path, _ in passed[-1])
            else:
                self.read(argument, here)
        return _join(passed)

    def _call_with_reference(self, info: FunctionInfo, arguments: list[Node], here: _Origin) -> _Origin:
        (reference,) = (argument for argument in arguments if argument["type"] == "expref")
        source, *others = (argument for argument in arguments if argument["type"] != "expref")
        items = self.origin(source, here)
        for other in others:
            self.read(other, here)
        noted = self._noted
        self.read(reference["children"][0], items)
        if info.passes:
            return items
        # What only the reference looks at need not be read whole.
        if not (info.through_reference and self._noted > noted):
            self.read(source, here)
        return ()


def _member(here: _Origin, node: Node) -> _Origin:
    name = node["value"]
    return tuple(((*path, str(name)), offset if path else name.offset) for path, offset in here)


def _join(origins: Iterable[_Origin]) -> _Origin:
    return tuple(origin for several in origins for origin in several)


def _function(node: Node) -> FunctionInfo:
    name: Name = node["value"]
    info = FUNCTIONS.get(name)
    if info is None:
        close = difflib.get_close_matches(name, FUNCTIONS, n=1)
        hint = f"did you mean {close[0]}?" if close else ""
        msg = f"unknown function {name}"
        raise ExpressionError(msg, code="unknown-function", offset=name.offset, hint=hint)
    return info


def _check_arguments(info: FunctionInfo, arguments: list[Node], offset: int) -> None:
    given = len(arguments)
    if given < info.least or (info.most is not None and given > info.most):
        msg = f"{info.name}() takes {_count(info)}, and {given} {'is' if given == 1 else 'are'} given"
        raise ExpressionError(msg, code="arity", offset=offset, hint=info.signature)
    for index, argument in enumerate(arguments):
        parameter = info.parameter(index)
        if parameter.is_expression and argument["type"] != "expref":
            msg = f"{info.name}() needs an expression reference as `{parameter.name}`"
            raise ExpressionError(
                msg, code="missing-reference", offset=offset, hint="write & before it, as in &price"
            )
        if argument["type"] == "expref" and not parameter.is_expression:
            msg = f"{info.name}() takes no expression reference as `{parameter.name}`"
            raise ExpressionError(
                msg, code="misplaced-reference", offset=_offset(argument), hint="leave the & out"
            )
        if parameter.name == "pattern":
            _check_pattern(info, argument, offset)


def _check_pattern(info: FunctionInfo, argument: Node, offset: int) -> None:
    if argument["type"] != "literal" or not isinstance(argument["value"], str):
        msg = f"the pattern of {info.name}() is not a text in single quotes"
        raise ExpressionError(msg, code="pattern", offset=offset)
    try:
        compile_pattern(argument["value"])
    except EvaluationError as error:
        raise ExpressionError(error.message, code="pattern", offset=offset) from None


def _count(info: FunctionInfo) -> str:
    plural = "" if info.least == 1 else "s"
    if info.most is None:
        return f"at least {info.least} argument{plural}"
    if info.most == info.least:
        return f"{info.least or 'no'} argument{plural}"
    return f"{info.least} to {info.most} arguments"


def _refuse_negation(node: Node) -> None:
    first = node["children"][0]
    if first["type"] == "not_expression":
        raise ExpressionError(
            "! binds tighter than what follows, as in (!a).b",
            code="negation",
            offset=max(_offset(first) - 1, 0),
            hint="write not(a.b)",
        )


def _offset(node: Node) -> int:
    if hasattr(node.get("value"), "offset"):
        return int(node["value"].offset)
    return next((_offset(child) for child in node["children"] if isinstance(child, dict)), 0)
