"""Posts to addresses that are secrets in themselves: what goes wrong is said without them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from m3nop.core.errors import AccessError, ConfigurationError
from m3nop.http.addresses import checked_address
from m3nop.http.client import HttpClient, Timeouts
from m3nop.http.failures import HttpFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUTS = Timeouts(connect=5.0, answer=10.0)
"""Seconds: an alert must not hold a run up for long."""
_LARGEST_ANSWER = 256 * 1024


def ask(
    what: str, address: str, *, method: str = "POST", body: bytes | None = None,
    headers: Mapping[str, str] | None = None, ca_file: str | None = None,
) -> None:  # fmt: skip
    """Make one request, which is to be answered by 2xx.

    Raises:
        AccessError: it is not; ``what`` and the host are named, and nothing else of the address.
    """
    try:
        parts = urlsplit(checked_address(address, whole=True))
        client = HttpClient(
            f"{parts.scheme}://{parts.netloc}", timeouts=TIMEOUTS, largest_answer=_LARGEST_ANSWER,
            ca_file=ca_file,
        )  # fmt: skip
    except ConfigurationError as error:
        # What it says quotes the address, unless it is about the file of authorities.
        why = str(error) if ca_file is not None and ca_file in str(error) else "its address cannot be used"
        msg = f"{what}: {why}"
        raise AccessError(msg) from None
    where = f"{what} ({parts.hostname})"
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        response = client.request(method, target, content=body, headers=headers)
    except HttpFailure as failure:
        # It begins with the method and the address.
        words = str(failure).partition(": ")[2]
        msg = f"{where}: {words}"
        raise AccessError(msg) from None
    finally:
        client.close()
    if not 200 <= response.status < 300:  # noqa: PLR2004 - every status of success
        msg = f"{where} answered HTTP {response.status}"
        raise AccessError(msg)
