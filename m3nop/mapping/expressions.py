"""Expressions: JMESPath over one root object, compiled once and evaluated for every record."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.mapping.analysis import Path, analyse
from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError, ExpressionError
from m3nop.mapping.interpreter import compile_tree
from m3nop.mapping.syntax import parse
from m3nop.mapping.values import show

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from m3nop.core.json import Json
    from m3nop.mapping.functions.registry import Code, Frame
    from m3nop.mapping.syntax import Node

__all__ = ["Context", "EvaluationError", "Expression", "ExpressionError", "compile_expression"]


class Expression(Struct, frozen=True, dict=True, eq=False):
    """A compiled expression; two with the same text are equal.

    ``paths`` are the places of the root that it reads, as far as they can be known: ``items[*].sku`` of
    ``order`` is ``("order", "items", "sku")``, a whole object is its own path. ``literal_lookups`` are the
    tables it names.
    """

    text: str
    paths: tuple[Path, ...]
    functions: frozenset[str]
    literal_lookups: frozenset[str]
    untold: frozenset[Path]
    """Paths inside ``if_told()``."""
    _offsets: Mapping[Path, int]
    _tree: Node
    _seen: Callable[[Json], None] | None = None

    def __eq__(self, other: object) -> bool:
        """Tell whether the other has the same text."""
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        """Return one number for every expression of the same text."""
        return hash(self.text)

    def __repr__(self) -> str:
        """Tell the text."""
        return f"Expression({self.text!r})"

    @cached_property
    def code(self) -> Code:
        """What gives the value for one record; its errors do not name the expression."""
        # For the first record: what is only validated is never run.
        code, seen = compile_tree(self._tree), self._seen
        if seen is None:
            return code

        def telling(value: Json, frame: Frame) -> Json:
            result = code(value, frame)
            seen(result)
            return result

        return telling

    def offset_of(self, path: Path) -> int:
        """Return where in the text the root name of one of ``paths`` stands, from 0."""
        return self._offsets[path]

    def evaluate(self, root: Mapping[str, Json], context: Context) -> Json:
        """Return the value for one record.

        Raises:
            EvaluationError: there is none; the message says why and names the expression.
        """
        try:
            return self.code(root, (root, context))
        except EvaluationError as error:
            raise EvaluationError(error.message, self.text, on_fail=error.on_fail) from None
        except RecursionError:
            raise EvaluationError("the value is nested too deeply", self.text) from None

    def condition(self, root: Mapping[str, Json], context: Context) -> bool:
        """Return the value where it must be true or false.

        Raises:
            EvaluationError: there is no value, or another.
        """
        value = self.evaluate(root, context)
        if value is True or value is False:
            return value
        msg = f"a condition gives true or false, and this gives {show(value)}"
        raise EvaluationError(msg, self.text)

    def watched(self, seen: Callable[[Json], None]) -> Expression:
        """Return the same expression, which tells every value that it gives."""
        return replace(self, _seen=seen)


def compile_expression(text: str) -> Expression:
    """Compile an expression.

    Raises:
        ExpressionError: it cannot be; ``code``, ``offset`` and ``hint`` say what to do.
    """
    tree = parse(text)
    findings = analyse(tree)
    return Expression(
        text=text,
        paths=tuple(findings.offsets),
        functions=frozenset(findings.functions),
        literal_lookups=frozenset(findings.lookups),
        untold=frozenset(findings.untold),
        _offsets=findings.offsets,
        _tree=tree,
    )
