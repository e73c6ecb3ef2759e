"""Answers of the sandbox, recorded once, that are given again with damage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from m3nop.core import json
from m3nop.http.response import Response
from tests.fuzz.mutations import Choices, damaged

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_REQUESTS = 200
"""A connector that asks for more than so many answers to some damaged ones would ask for ever."""
_PLACES = 4

Key = tuple[str, str, str, str]


class EndlessError(Exception):
    """A damaged answer made a connector ask without end."""


@dataclass
class Tape:
    """What was asked and answered, in order; ``http`` is where answers come from while it is recorded."""

    http: Any
    answers: dict[Key, Response] = field(default_factory=dict)

    def request(self, method: str, path: str = "", **rest: Any) -> Response:
        """Pass a request on and keep its answer."""
        answer = self.http.request(method, path, **rest)
        self.answers[key_of(method, path, rest)] = answer
        return answer

    def close(self) -> None:
        """Close the connection."""
        self.http.close()


@dataclass
class Player:
    """Gives recorded answers, some of them damaged; what was never asked is not found."""

    answers: dict[Key, Response]
    count: int = 0

    def request(self, method: str, path: str = "", **rest: Any) -> Response:
        """Answer a request."""
        self.count += 1
        if self.count > MOST_REQUESTS:
            raise EndlessError
        return self.answers.get(key_of(method, path, rest), Response(404, {"content-type": "text/plain"}))

    def close(self) -> None:
        """Do nothing."""


def key_of(method: str, path: str, rest: Mapping[str, Any]) -> Key:
    """Name a request."""
    return (method, path, json.canonical(dict(rest.get("params") or {})), json.canonical(rest.get("json")))


def harmed(answers: dict[Key, Response], data: bytes) -> dict[Key, Response]:
    """Damage up to four answers, as the bytes say: in their document, their status, or their whole body."""
    choices = Choices(data)
    made, keys = dict(answers), list(answers)
    for _ in range(_PLACES):
        if not choices.left:
            break
        key, kind = keys[choices.number(len(keys))], choices.number(16)
        answer = made[key]
        if kind == 0:
            made[key] = replace(answer, body=choices.rest())
        elif kind == 1:
            status = (200, 204, 301, 400, 401, 403, 404, 409, 429, 500, 503, 999)[choices.number(12)]
            made[key] = replace(answer, status=status)
        else:
            made[key] = replace(answer, body=_damaged_body(answer.body, choices))
    return made


def _damaged_body(body: bytes, choices: Choices) -> bytes:
    try:
        document = json.loads(body)
    except ValueError:
        return body[: choices.number(len(body) + 1)]
    # Not every text can be written as UTF-8, but each as an escape.
    return escaped(json.dumps(damaged(document, choices)))


def escaped(text: str) -> bytes:
    """Write JSON text in ASCII, as some servers do."""
    return "".join(letter if ord(letter) < 128 else _escape(letter) for letter in text).encode()


def _escape(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
