"""Everything that one run of the suite found, as JSON and back."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.ceiling import Ceiling
from benchmarks.counts import Counts
from benchmarks.growth import Cost
from benchmarks.running import Measured

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.orders import Found


@dataclass
class Results:
    """What was measured; what was left out is empty."""

    machine: str = ""
    day: str = ""
    ceiling: Ceiling | None = None
    orders: dict[str, Found] = field(default_factory=dict)
    """The runs, by the name of the setting."""
    counts: Counts | None = None
    """What an order costs, whatever the machine."""
    memory: list[Measured] = field(default_factory=list)
    """Of few and of many orders."""
    growth: list[Cost] = field(default_factory=list)
    """With few and with many rows."""
    startup: dict[str, float] = field(default_factory=dict)
    """How many times as long a command takes as the import of its libraries, by its name."""
    balances: list[dict[str, Any]] = field(default_factory=list)
    """Runs of ``benchmarks.balances``, of few and of many items."""

    def write(self, file: Path) -> None:
        """Write everything as JSON."""
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def here() -> Results:
    """Begin with what this machine is."""
    system = f"{platform.system()} {platform.machine()}"
    machine = (
        f"{os.cpu_count()} cores, {system}, {platform.python_implementation()} {platform.python_version()}"
    )
    return Results(machine=machine, day=datetime.now(UTC).date().isoformat())


def read(file: Path) -> Results:
    """Read what ``write`` wrote."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return Results(
        machine=found["machine"], day=found["day"],
        ceiling=Ceiling(**found["ceiling"]) if found["ceiling"] else None,
        orders={
            setting: {name: [Measured(**one) for one in runs] for name, runs in by_name.items()}
            for setting, by_name in found["orders"].items()
        },
        counts=Counts(**found["counts"]) if found["counts"] else None,
        memory=[Measured(**one) for one in found["memory"]],
        growth=[Cost(**{**one, "per_order": tuple(one["per_order"])}) for one in found["growth"]],
        startup=found["startup"],
        balances=found["balances"],
    )  # fmt: skip
