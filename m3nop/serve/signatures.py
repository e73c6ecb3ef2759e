"""Tells whether a message is from who it says it is: signatures over the raw bytes of the body.

``standard`` is Standard Webhooks 1.0; ``nopcommerce`` is the ``ms-signature`` header of the API plugin line;
``hmac`` is whatever header a sender uses.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WHSEC = "whsec_"
"""What a secret of Standard Webhooks begins with; base64 of the key follows."""


class Scheme(Protocol):
    """One way to sign a message."""

    def accepts(self, headers: Mapping[str, str], body: bytes, *, now: float) -> bool:
        """Tell whether one of the keys made the signature, and the time is about now.

        ``headers`` are by lower-case name, ``now`` is in seconds since the epoch.
        """
        ...


def key_of(secret: str) -> bytes:
    """Return the key that a secret of Standard Webhooks stands for: its text, or base64 after ``whsec_``."""
    if secret.startswith(WHSEC):
        try:
            return base64.b64decode(secret.removeprefix(WHSEC), validate=True)
        except (binascii.Error, ValueError):
            pass
    return secret.encode()


class Standard(Struct, frozen=True):
    """``webhook-signature``: a list of ``v1,BASE64`` of HMAC-SHA256 over ``id.timestamp.body``."""

    # What is secret is never shown.
    __repr__ = object.__repr__

    keys: Sequence[bytes]
    window: float
    """Seconds that the message may be older, or its sender's clock ahead."""

    def accepts(self, headers: Mapping[str, str], body: bytes, *, now: float) -> bool:
        """Tell whether a signature fits and the time stamp is within the window."""
        number, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not number or not (stamp.isascii() and stamp.isdigit()) or len(stamp) > len(str(2**63)):
            return False
        if abs(now - int(stamp)) > self.window:
            return False
        signed = f"{number}.{stamp}.".encode() + body
        made = [base64.b64encode(_mac("sha256", key, signed)) for key in self.keys]
        given = [part[3:] for part in headers.get("webhook-signature", "").split() if part.startswith("v1,")]
        return _any_equal((one.encode("utf-8", "replace") for one in given), made)


class Header(Struct, frozen=True):
    """One header with the HMAC of the body."""

    # What is secret is never shown.
    __repr__ = object.__repr__

    keys: Sequence[bytes]
    header: str
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""

    def accepts(self, headers: Mapping[str, str], body: bytes, *, now: float) -> bool:  # noqa: ARG002
        """Tell whether the signature fits; these senders give no time."""
        given = headers.get(self.header.lower(), "")
        if not given.lower().startswith(self.prefix.lower()):
            return False
        text = given[len(self.prefix) :].strip()
        made = [_mac(self.algorithm, key, body) for key in self.keys]
        if self.encoding == "hex":
            return _any_equal([text.lower().encode("utf-8", "replace")], [one.hex().encode() for one in made])
        return _any_equal([text.encode("utf-8", "replace")], [base64.b64encode(one) for one in made])


def nopcommerce(keys: Sequence[bytes]) -> Header:
    """Return the scheme of the nopCommerce API plugin: ``ms-signature: sha256=HEX``."""
    return Header(keys, header="ms-signature", prefix="sha256=")


def _mac(algorithm: str, key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, getattr(hashlib, algorithm))


def _any_equal(given: Iterable[bytes], made: Sequence[bytes]) -> bool:
    """Compare each with each, always all of them, so that time tells nothing."""
    found = False
    for one in list(given)[:_MOST_SIGNATURES]:
        for other in made:
            found |= hmac.compare_digest(one, other)
    return found


_MOST_SIGNATURES = 16
"""Signatures of one message that are looked at."""
