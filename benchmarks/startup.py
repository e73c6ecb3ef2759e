"""Start-up time against a bare import of what it is built with: ``python -m benchmarks.startup [ROUNDS]``.

The commands run in turn, so that a slow moment of the machine hits them all; what is printed are medians and
the median of the ratios within each round.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

PACK = Path(__file__).parents[1] / "configs"
COMMANDS = {
    "import typer, rich": [sys.executable, "-c", "import typer, rich"],
    "m3nop --help": [sys.executable, "-m", "m3nop", "--help"],
    "m3nop validate configs": [sys.executable, "-m", "m3nop", "validate", str(PACK)],
}


def main() -> None:
    """Time the commands and print the ratios."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, command in COMMANDS.items():
            before = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if number:
                times[name].append(time.perf_counter() - before)
    bare = times["import typer, rich"]
    for name, seconds in times.items():
        ratio = statistics.median(one / base for one, base in zip(seconds, bare, strict=True))
        print(f"{name:<24} {statistics.median(seconds) * 1000:6.0f} ms   {ratio:.2f}x")


if __name__ == "__main__":
    main()
