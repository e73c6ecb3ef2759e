"""Sends bulletins as JSON to an address of the project's own, signed as Standard Webhooks are."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.alerts.posting import ask
from m3nop.core import json
from m3nop.core.clock import SECOND

if TYPE_CHECKING:
    from m3nop.app.alerts.messages import Bulletin
    from m3nop.core.secrets import Secret

_PREFIX = "whsec_"
"""How a key of Standard Webhooks begins; what follows is base64."""


class Hook(Struct, frozen=True):
    """An address that gets JSON."""

    name: str
    address: Secret
    key: Secret | None = None
    ca_file: str | None = None

    def send(self, bulletin: Bulletin) -> str:
        """Send a bulletin.

        Raises:
            AccessError: it was not taken.
        """
        body = json.dumps(bulletin.document()).encode()
        headers = {"content-type": "application/json", **self._signed(body, bulletin)}
        ask(f"channel {self.name}", self.address.reveal(), body=body, headers=headers, ca_file=self.ca_file)
        return ""

    def _signed(self, body: bytes, bulletin: Bulletin) -> dict[str, str]:
        """Return the headers by which a receiver knows who sent it, and when; equal content has one id."""
        number, moment = f"msg_{hashlib.sha256(body).hexdigest()[:32]}", str(bulletin.at // SECOND)
        headers = {"webhook-id": number, "webhook-timestamp": moment}
        if self.key is not None:
            signed = f"{number}.{moment}.".encode() + body
            seal = hmac.new(_bytes(self.key.reveal()), signed, hashlib.sha256).digest()
            headers["webhook-signature"] = f"v1,{base64.b64encode(seal).decode()}"
        return headers


def _bytes(key: str) -> bytes:
    if key.startswith(_PREFIX):
        try:
            return base64.b64decode(key.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            return key.encode()
    return key.encode()
