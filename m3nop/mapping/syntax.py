"""From text to tree: the stock JMESPath parser over tokens that keep exact numbers and their offsets.

What JMESPath allows and nobody means is refused here, with the remedy.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jmespath import exceptions
from jmespath.lexer import Lexer
from jmespath.parser import Parser

from m3nop.core import json
from m3nop.mapping.errors import ExpressionError

Node = dict[str, Any]
"""A node of the stock tree: ``type``, ``children``, ``value``; names are of class ``Name``."""
Token = dict[str, Any]

LONGEST = 10_000
"""Characters of an expression."""
DEEPEST = 100
"""Levels of its tree."""

_SHOWN = 40
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`((?:\\.|[^`\\])*)`", re.DOTALL)
_BEGINS_VALUE = {
    "unquoted_identifier", "quoted_identifier", "literal", "number", "lbrace", "current", "expref", "not",
}  # fmt: skip
_ENDS_VALUE = {
    "unquoted_identifier", "quoted_identifier", "literal", "number", "rbrace", "current", "rparen",
    "rbracket", "flatten",
}  # fmt: skip
_CLOSING = {"rparen", "rbracket", "rbrace"}
_WORDS = {"and": "&&", "or": "||", "is": "==", "in": "contains(list, value)"}
_OPERATORS = {"-": "subtract(a, b)", "+": "add(a, b)", "/": "divide(a, b)", "%": "mod(a, b)"}


class Name(str):
    """An identifier that knows where in the expression it stands."""

    __slots__ = ("offset",)
    offset: int


class _TokenParser(Parser):
    """The stock parser, fed with tokens that were made and checked here."""

    if TYPE_CHECKING:
        _tokens: list[Token]
        _index: int

        def _expression(self, binding_power: int = 0) -> Node: ...
        def _current_token(self) -> str: ...

    def parse_tokens(self, tokens: list[Token]) -> Node:
        self._tokens = tokens
        self._index = 0
        tree = self._expression()
        if self._current_token() != "eof":
            token = tokens[self._index]
            raise exceptions.ParseError(token["start"], token["value"], token["type"])
        return tree


@lru_cache(maxsize=10_000)
def parse(text: str) -> Node:
    """Parse an expression; the tree of one text is shared, and nobody changes it.

    Raises:
        ExpressionError: it is not JMESPath, or something that is never meant.
    """
    if not text.strip():
        raise ExpressionError("the expression is empty", code="empty", hint="leave the key out")
    if len(text) > LONGEST:
        msg = f"the expression is longer than {LONGEST} characters"
        raise ExpressionError(msg, code="too-long")
    tokens = _tokenize(text)
    _check(tokens)
    try:
        tree = _TokenParser().parse_tokens(tokens)
    except exceptions.ParseError as error:
        raise _syntax_error(error, tokens, text) from None
    except RecursionError:
        raise _too_deep() from None
    _check_nodes(tree)
    return tree


def _tokenize(text: str) -> list[Token]:
    literals = {match.start(): _literal(match) for match in _QUOTED.finditer(text) if match[1] is not None}
    tokens: list[Token] = []
    try:
        for raw in Lexer().tokenize(text):
            token: Token = {**raw}
            tokens.append(token)
            if token["type"] == "literal" and token["start"] in literals:
                token["value"] = literals[token["start"]]
            elif token["type"].endswith("identifier"):
                token["value"] = name = Name(token["value"])
                name.offset = token["start"]
    except exceptions.LexerError as error:
        raise _lexer_error(error, text) from None
    except ValueError:
        raise ExpressionError("a number has too many digits", code="syntax", offset=0) from None
    return tokens


def _literal(match: re.Match[str]) -> json.Json:
    lexeme = match[1].replace("\\`", "`")
    try:
        return json.loads(lexeme)
    except (ValueError, RecursionError):
        shown = lexeme if len(lexeme) <= _SHOWN else f"{lexeme[:_SHOWN]}…"
        msg = f"`{shown}` is not JSON"
        hint = f"text goes in single quotes: '{shown}'" if '"' not in shown else "backticks hold JSON"
        raise ExpressionError(msg, code="bad-literal", offset=match.start(), hint=hint) from None


def _check(tokens: list[Token]) -> None:
    for before, token, after in zip([None, *tokens], tokens, tokens[1:], strict=False):
        _check_joint(token, after)
        _check_word(before, token, after)
        if token["type"] == "number" and (before is None or before["type"] not in ("lbracket", "colon")):
            raise _bare_number(token)


def _check_joint(token: Token, after: Token) -> None:
    if token["type"] in _ENDS_VALUE and after["type"] in _BEGINS_VALUE:
        if after["type"] == "number":
            hint = f"for subtraction write {_OPERATORS['-']}" if after["value"] < 0 else "a comma is missing"
        else:
            word = after["value"] if after["type"] == "unquoted_identifier" else ""
            hint = f"write {_WORDS[word]}" if word in _WORDS else "a comma or an operator is missing"
        msg = f"{after['value']!s} cannot follow here"
        raise ExpressionError(msg, code="missing-operator", offset=after["start"], hint=hint)
    if after["type"] == "lparen" and token["type"] in _ENDS_VALUE - {"unquoted_identifier"}:
        hint = "only the name of a function, without quotes, stands before it"
        raise ExpressionError("( cannot follow here", code="syntax", offset=after["start"], hint=hint)
    if token["type"] == "comma" and after["type"] in _CLOSING:
        raise ExpressionError("nothing follows the comma", code="syntax", offset=token["start"])


def _check_word(before: Token | None, token: Token, after: Token) -> None:
    if token["type"] != "unquoted_identifier" or token["value"] not in ("true", "false", "null"):
        return
    if after["type"] in ("colon", "lparen") or (before is not None and before["type"] == "dot"):
        return
    msg = f"{token['value']} here is the name of a field"
    hint = f"for the value write `{token['value']}` in backticks"
    raise ExpressionError(msg, code="bare-literal", offset=token["start"], hint=hint)


def _bare_number(token: Token) -> ExpressionError:
    msg = f"the number {token['value']} stands bare"
    hint = f"write `{token['value']}` in backticks"
    return ExpressionError(msg, code="bare-number", offset=token["start"], hint=hint)


def _lexer_error(error: exceptions.LexerError, text: str) -> ExpressionError:
    offset = min(error.lexer_position, len(text) - 1)
    if "Unclosed" in error.message:
        return ExpressionError(
            f"the {text[offset]} that opens here is never closed", code="incomplete", offset=offset,
            hint="where YAML cut it, put the whole expression in quotes",
        )  # fmt: skip
    character = text[offset]
    if character == "=":
        return ExpressionError("a single = means nothing", code="syntax", offset=offset, hint="compare by ==")
    if character == '"':
        return ExpressionError("the quoted name is not JSON text", code="syntax", offset=offset)
    hint = f"write {_OPERATORS[character]}" if character in _OPERATORS else ""
    return ExpressionError(f"{character} means nothing here", code="syntax", offset=offset, hint=hint)


def _syntax_error(error: exceptions.ParseError, tokens: list[Token], text: str) -> ExpressionError:
    position = min(error.lex_position, len(text))
    index = next((i for i, token in enumerate(tokens) if token["start"] >= position), len(tokens) - 1)
    token = tokens[index]
    if isinstance(error, exceptions.IncompleteExpressionError) or token["type"] == "eof":
        return ExpressionError(
            "the expression ends too early", code="incomplete", offset=len(text),
            hint="in a flow map {...}, or with ` #` in it, put the whole expression in quotes",
        )  # fmt: skip
    before = tokens[index - 1]
    if token["type"] == "number":
        return _bare_number(token)
    if token["type"] == "comma" and before["type"] == "number":
        return _bare_number(before)
    hint = "for multiplication write multiply(a, b)" if token["type"] == "star" else ""
    return ExpressionError(
        f"{token['value']} is not expected here", code="syntax", offset=token["start"], hint=hint
    )


def _check_nodes(tree: Node) -> None:
    level = [tree]
    for _ in range(DEEPEST):
        if any(node["type"] == "slice" and node["children"][2] == 0 for node in level):
            raise ExpressionError(
                "the step of a slice is 0", code="syntax", hint="leave it out for every item"
            )
        level = [child for node in level for child in node["children"] if isinstance(child, dict)]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> ExpressionError:
    return ExpressionError(f"the expression is nested deeper than {DEEPEST} levels", code="too-deep")
