"""What is wrong with a message of ION: it cannot be read, or it is larger than it may be."""

from __future__ import annotations


class Unreadable(Exception):  # noqa: N818 - the name says what it is to its callers
    """A message that is not accepted; ``status`` is what its sender is told."""

    status = 400


class TooLarge(Unreadable):
    """A message that is larger than it may be, as it came or once it is unpacked."""

    status = 413
