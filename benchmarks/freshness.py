"""From the hook to the order in M3: ``python -m benchmarks.freshness [PER_SECOND [SECONDS]]``.

Orders are placed at a steady rate, each with a hook that says that it is complete. Printed is how long after
its hook each order was in M3's books, as the sandbox saw it there, and what the service needed of the machine
after a fifth of the time and at the end.
"""

from __future__ import annotations

import http.client
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.receiving import PATH, Needs, Service, Shop, hook

_LONGEST = 120.0


@dataclass(frozen=True)
class Measured:
    """Seconds from each hook to its order in M3, and what is not as it should be."""

    waited: list[float]
    missing: list[str]
    doubled: list[str]
    needed: list[Needs | None]
    """Memory, open files and threads of the service, each time that they were looked at."""

    def percentile(self, share: float) -> float:
        """Return the time within which such a share of the orders was in M3."""
        ordered = sorted(self.waited)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def measure(per_second: float, seconds: float) -> Measured:
    """Place orders at this rate for so long."""
    shop = Shop()
    try:
        with tempfile.TemporaryDirectory() as folder:
            service = Service.on(shop, Path(folder))
            service.start()
            orders = int(per_second * seconds)
            told = _place(shop, service, per_second, orders // 5)
            needed = [service.needs()]
            told |= _place(shop, service, per_second, orders - orders // 5)
            entered = _wait(shop, told)
            needed.append(service.needs())
            service.end()
            return Measured(
                waited=[entered[name][1] - at for name, at in told.items() if name in entered],
                missing=[name for name in told if name not in entered],
                doubled=[name for name, (times, _) in entered.items() if times > 1],
                needed=needed,
            )
    finally:
        shop.close()


def _place(shop: Shop, service: Service, per_second: float, orders: int) -> dict[str, float]:
    """Place orders and send their hooks; return when each hook was sent, by reference."""
    connection, told = http.client.HTTPConnection("127.0.0.1", service.port), dict[str, float]()
    began = time.time()
    for number in range(orders):
        time.sleep(max(began + number / per_second - time.time(), 0))
        (order,) = shop.place()
        body, headers = hook(order, f"msg_{order}")
        told[f"B2C-{order}"] = time.time()
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 202:
            msg = f"the hook of order {order} was answered {answer.status}"
            raise RuntimeError(msg)
    connection.close()
    return told


def _wait(shop: Shop, told: dict[str, float]) -> dict[str, tuple[int, float]]:
    end = time.monotonic() + _LONGEST
    while True:
        entered = shop.entered()
        if told.keys() <= entered.keys() or time.monotonic() > end:
            return entered
        time.sleep(0.5)


def main() -> None:
    """Measure and print."""
    rate, seconds = (float(sys.argv[at]) if len(sys.argv) > at else usual for at, usual in ((1, 20), (2, 60)))
    found = measure(rate, seconds)
    shares = ", ".join(
        f"p{share:.0%} {found.percentile(share):.2f} s".replace("%", "") for share in (0.5, 0.95, 1.0)
    )
    print(f"{len(found.waited)} orders at {rate:g}/s, from hook to M3: {shares}")
    print(f"missing: {len(found.missing)}, doubled: {len(found.doubled)}")
    print(f"the service: {', then '.join(str(one or 'not told') for one in found.needed)}")
    sys.exit(1 if found.missing or found.doubled else 0)


if __name__ == "__main__":
    main()
