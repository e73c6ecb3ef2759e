"""Tells whether a request comes from ION: by OAuth 1.0, by user and password, or by a token.

ION signs what it sends to a connection point by OAuth 1.0 with the consumer key and secret of that connection
point; behind API Gateway it is the gateway's policy that says how it calls. Comparisons take the same time
whatever is compared, and all secrets are always tried.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PAIR = re.compile(r'\s*([A-Za-z_]+)="([^"]*)"\s*')
_HASHES = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}
_USUAL_PORTS = {"http": 80, "https": 443}
_LONGEST = 8_192
"""Characters of a header that is looked at."""


class Asked(Struct, frozen=True):
    """What of a request a caller proves itself by."""

    method: str
    url: str
    """As the sender has it, with its query."""
    authorization: str


class Caller(Protocol):
    """One way to know a sender."""

    @property
    def challenge(self) -> str:
        """What a sender is told to prove itself by (``WWW-Authenticate``)."""
        ...

    def accepts(self, asked: Asked, *, now: float) -> bool:
        """Tell whether the request is from there; ``now`` is in seconds since the epoch."""
        ...


class Token(Struct, frozen=True):
    """``Authorization: Bearer SECRET``."""

    # What is secret is never shown.
    __repr__ = object.__repr__

    secrets: Sequence[str]
    challenge: str = "Bearer"

    def accepts(self, asked: Asked, *, now: float) -> bool:  # noqa: ARG002 - it holds at any time
        """Tell whether the token is one of ours."""
        scheme, _, token = asked.authorization.partition(" ")
        return _is_one_of(token.strip(), self.secrets) and scheme.lower() == "bearer"


class Password(Struct, frozen=True):
    """``Authorization: Basic base64(USER:SECRET)``."""

    # What is secret is never shown.
    __repr__ = object.__repr__

    user: str
    secrets: Sequence[str]
    challenge: str = 'Basic realm="m3nop", charset="UTF-8"'

    def accepts(self, asked: Asked, *, now: float) -> bool:  # noqa: ARG002 - it holds at any time
        """Tell whether user and password are ours."""
        scheme, _, given = asked.authorization.partition(" ")
        try:
            pair = base64.b64decode(given.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            pair = ""
        known = _is_one_of(pair, [f"{self.user}:{secret}" for secret in self.secrets])
        return known and scheme.lower() == "basic"


class Signed(Struct, frozen=True):
    """``Authorization: OAuth …`` by RFC 5849, between two parties: there is no token.

    The signature covers method, address and query, and when it was made, not the body; a request that is sent
    again within the window is a duplicate by its message id.
    """

    # What is secret is never shown.
    __repr__ = object.__repr__

    key: str
    secrets: Sequence[str]
    window: float
    """Seconds that the signature may be older, or its sender's clock ahead."""
    challenge: str = 'OAuth realm="m3nop"'

    def accepts(self, asked: Asked, *, now: float) -> bool:
        """Tell whether one of the secrets made the signature, about now."""
        scheme, _, rest = asked.authorization[:_LONGEST].partition(" ")
        given = _pairs(rest)
        method, stamp = given.get("oauth_signature_method", ""), given.get("oauth_timestamp", "")
        try:
            text = base_string(asked, given)
        except ValueError:
            # An address or a query that nobody can have signed.
            return False
        made = (
            [signature(text, secret, method=method) for secret in self.secrets] if method in _HASHES else []
        )
        signed = _is_one_of(given.get("oauth_signature", ""), made)
        known = hmac.compare_digest(given.get("oauth_consumer_key", "").encode(), self.key.encode())
        timely = stamp.isascii() and stamp.isdigit() and abs(now - int(stamp[:18])) <= self.window
        return signed and known and timely and scheme.lower() == "oauth"


def base_string(asked: Asked, given: Mapping[str, str]) -> str:
    """Return what is signed: method, address and all parameters, sorted (RFC 5849, 3.4.1).

    Raises:
        ValueError: the address is none, or has more parameters than any message.
    """
    address = urlsplit(asked.url)
    host = (address.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    if address.port and address.port != _USUAL_PORTS.get(address.scheme):
        host = f"{host}:{address.port}"
    signed = [(name, value) for name, value in given.items() if name not in ("oauth_signature", "realm")]
    signed += parse_qsl(address.query, keep_blank_values=True, max_num_fields=100)
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in signed)
    where = f"{address.scheme.lower()}://{host}{address.path or '/'}"
    every = "&".join(f"{name}={value}" for name, value in pairs)
    return "&".join(_escaped(part) for part in (asked.method.upper(), where, every))


def signature(text: str, secret: str, *, method: str) -> str:
    """Return the signature of a base string with a consumer secret and no token."""
    made = hmac.digest(f"{_escaped(secret)}&".encode(), text.encode(), getattr(hashlib, _HASHES[method]))
    return base64.b64encode(made).decode()


def _pairs(text: str) -> dict[str, str]:
    found = (_PAIR.fullmatch(part) for part in text.split(","))
    return {one[1].lower(): unquote(one[2]) for one in found if one is not None}


def _escaped(text: str) -> str:
    return quote(text, safe="~")


def _is_one_of(given: str, known: Sequence[str]) -> bool:
    """Compare with each, always with all of them, so that time tells nothing."""
    found = False
    for one in known:
        found |= hmac.compare_digest(given.encode("utf-8", "replace"), one.encode("utf-8", "replace"))
    return found
