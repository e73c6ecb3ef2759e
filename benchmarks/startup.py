"""Start-up time against a bare import of what it is built with: ``python -m benchmarks.startup [ROUNDS]``.

The commands run in turn, so that a slow moment of the machine hits them all; what is printed are medians, and
the medians of the ratios within each round. Bytecode is kept, as an installed package has it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

PACK = Path(__file__).parents[1] / "configs"
BARE = "import typer, rich"
HELP = "m3nop --help"
VALIDATE = "m3nop validate configs"
COMMANDS = {
    BARE: [sys.executable, "-c", BARE],
    HELP: [sys.executable, "-m", "m3nop", "--help"],
    VALIDATE: [sys.executable, "-m", "m3nop", "validate", str(PACK)],
}
AIMS = {(HELP, BARE): 1.5, (VALIDATE, HELP): 3.0}
"""What the one may take at most, as a multiple of the other."""


def seconds_of(command: list[str]) -> tuple[float, float]:
    """Run a command; return its seconds by the clock and by the processor."""
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, used = time.perf_counter(), os.times()
    subprocess.run(command, check=True, capture_output=True, env=environ)
    after, ended = os.times(), time.perf_counter()
    processor = after.children_user + after.children_system - used.children_user - used.children_system
    return ended - before, processor


def main() -> None:
    """Time the commands and print the ratios."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, command in COMMANDS.items():
            measured = seconds_of(command)
            if number:
                times[name].append(measured)
    for name, measured_all in times.items():
        clock, processor = (statistics.median(column) * 1000 for column in zip(*measured_all, strict=True))
        ratio = _ratio(measured_all, times[BARE])
        print(f"{name:<24} {clock:6.0f} ms   {ratio:.2f}x   {processor:6.0f} ms of the processor")
    for (one, other), aim in AIMS.items():
        print(f"{one} is {_ratio(times[one], times[other]):.2f} of {other} (aim: at most {aim:g})")


def _ratio(ours: list[tuple[float, float]], others: list[tuple[float, float]]) -> float:
    return statistics.median(one[0] / other[0] for one, other in zip(ours, others, strict=True))


if __name__ == "__main__":
    main()
