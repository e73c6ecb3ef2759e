"""Where the time of m3nop goes: a profile of the process, by the standard library's profiler."""

from __future__ import annotations

import io
import pstats
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.running import ask, check, double, environ, project_in, spend

if TYPE_CHECKING:
    from benchmarks.contenders import Contender, Setting

_LINES = 40


def profile(contender: Contender, setting: Setting, orders: int, *, kept: Path | None = None) -> str:
    """Run m3nop under the profiler, and tell which functions took longest, alone and with all they call.

    Only the main thread is profiled: it takes all decisions, the others wait for answers. ``kept`` keeps the
    profile for other tools.
    """
    with double(setting, orders) as port, tempfile.TemporaryDirectory() as folder:
        file = kept or Path(folder) / "profile"
        python, *arguments = contender.command(port, project_in(Path(folder)), here=True)
        spend([python, "-m", "cProfile", "-o", str(file), *arguments], environ(port, contender.variables))
        check(contender.name, ask(port, "/books"), orders)
        told = io.StringIO()
        found = pstats.Stats(str(file), stream=told).strip_dirs()
        for order in ("tottime", "cumulative"):
            found.sort_stats(order).print_stats(_LINES)
    return told.getvalue()


def main() -> None:
    """Profile with the number of orders on the command line."""
    from benchmarks.contenders import M3NOP, NO_WAIT

    print(profile(M3NOP, NO_WAIT, int(sys.argv[1])))


if __name__ == "__main__":
    main()
