"""A limit on how much comes in: so much a second, and some more at once."""

from __future__ import annotations

import math


class Bucket:
    """Fills with so many tokens a second, up to twice that; each message takes one. For one thread."""

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._most = max(per_second * 2, 1.0)
        self._tokens = self._most
        self._at = 0.0

    def take(self, now: float) -> int:
        """Take a token; return 0, or the whole seconds after which there will be one."""
        if self._at:
            self._tokens = min(self._most, self._tokens + max(now - self._at, 0.0) * self._rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return max(math.ceil((1 - self._tokens) / self._rate), 1)
