"""Fills ``${VAR}`` in, after parsing and in scalars only, so that no value can change a file's structure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.core.problems import Problem, Severity
from m3nop.core.secrets import SecretRef
from m3nop.spec.tree import Node, ScalarNode, convert

if TYPE_CHECKING:
    from collections.abc import Mapping

_PART = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"secret:([A-Za-z_][A-Za-z0-9_]*)")
_FORMS = "write ${VAR}, ${VAR:-default}, ${VAR:?message} or ${secret:NAME}; a literal is $${"


@dataclass(frozen=True, slots=True)
class _MissingError(Exception):
    code: str
    message: str
    hint: str = ""


def refuse_secrets(node: Node, problems: list[Problem]) -> Node:
    """Return the tree with secrets turned to their names' text, and a problem for each."""

    def refuse(scalar: ScalarNode) -> ScalarNode:
        if not isinstance(scalar.value, SecretRef):
            return scalar
        hint = "only connections, alerts, webhooks, ion and the state database take secrets"
        message = "a secret would be stored and shown here"
        problems.append(Problem(scalar.position, "secret-here", message, hint))
        return replace(scalar, value=scalar.text)

    return convert(node, refuse)


class Filler:
    """Fills variables in from one environment and collects what is missing.

    With ``lenient_layer`` a variable that is missing in nodes of that layer is only a warning: another
    environment's variables need not be set on this machine.
    """

    def __init__(self, environ: Mapping[str, str], *, lenient_layer: str | None = None) -> None:
        self.problems: list[Problem] = []
        self._environ = environ
        self._lenient_layer = lenient_layer

    def fill(self, node: Node) -> Node:
        """Return the tree with every variable replaced."""
        return convert(node, self._scalar)

    def _scalar(self, node: ScalarNode) -> ScalarNode:
        if not isinstance(node.value, str) or "${" not in node.value:
            return node
        whole = re.fullmatch(r"\$\{" + _SECRET.pattern + r"\}", node.value)
        if whole:
            return replace(node, value=SecretRef(whole[1]))
        try:
            return replace(node, value=_PART.sub(self._part, node.value))
        except _MissingError as missing:
            lenient = missing.code == "missing-variable" and node.layer == self._lenient_layer
            severity = Severity.WARNING if lenient else Severity.ERROR
            problem = Problem(node.position, missing.code, missing.message, missing.hint, severity)
            self.problems.append(problem)
            return replace(node, value="", unresolved=True)

    def _part(self, match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        inner = match[1]
        if inner is None:
            raise _MissingError("bad-variable", "'${' is not closed", _FORMS)
        if inner.startswith("secret:"):
            hint = "a secret fills a whole value; put nothing around it"
            raise _MissingError("bad-variable", f"'{match[0]}' is only a part of the value", hint)
        name = _NAME.match(inner)
        rest = inner[name.end() :] if name else inner
        if name is None or not (rest == "" or rest.startswith((":-", ":?"))):
            raise _MissingError("bad-variable", f"'{match[0]}' is not a variable", _FORMS)
        return self._value(name[0], rest)

    def _value(self, name: str, rest: str) -> str:
        value = self._environ.get(name, "")
        if value or (name in self._environ and not rest):
            return value
        if rest.startswith(":-"):
            return rest[2:]
        said = rest[2:].strip() or "it is not set"
        hint = f"set it, or give a default: ${{{name}:-...}}"
        raise _MissingError("missing-variable", f"the environment variable {name} is missing: {said}", hint)
