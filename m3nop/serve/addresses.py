"""Who sends a request: the peer, or whom proxies that we trust say they speak for."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network

_MOST_HOPS = 32
"""Proxies in a row that are believed."""


def sender(peer: str, forwarded: Sequence[str], *, trusted: Sequence[Network]) -> Address | None:
    """Return the address of who sends, or None where it cannot be told.

    ``forwarded`` are the values of all ``X-Forwarded-For`` headers, in order. Each proxy adds, on the right,
    the address that it was called from. So the list is walked from the right, as long as a ``trusted`` proxy
    has added what comes next; what stands further left anybody may have made up.
    """
    found = _address(peer)
    hops = [part.strip() for value in forwarded for part in value.split(",")]
    for hop in reversed(hops[-_MOST_HOPS:]):
        if found is None or not within(found, trusted):
            return found
        found = _address(hop)
    return found


def within(address: Address, networks: Sequence[Network]) -> bool:
    """Tell whether an address is in one of the networks."""
    return any(address.version == network.version and address in network for network in networks)


def _address(text: str) -> Address | None:
    """Read an address, with or without a port; IPv4 written as IPv6 is IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
