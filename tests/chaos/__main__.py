"""The long chaos run: ``python -m tests.chaos --seconds 1800 --seed 1``, both dialects at once.

Ends with 1, and keeps its folder, where the verdict is not clean.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from m3nop.core import json
from tests.chaos.arena import Arena
from tests.chaos.figures import together

DIALECTS = ("official", "oss")


def main() -> int:
    """Run, print figures and verdict."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=4.0, help="orders in a second, at most")
    parser.add_argument("--dialect", choices=DIALECTS, help="only this one")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    found = [_run(asked, asked.dialect)] if asked.dialect else _run_both(asked)
    if asked.json:
        sys.stdout.write(json.dumps(found[0]) + "\n")
    else:
        _report(asked, found)
    return 1 if any(one["wrong"] or one["strange"] for one in found) else 0


def _run(asked: argparse.Namespace, dialect: str) -> dict[str, json.Json]:
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{dialect}-"))
    arena = Arena(folder, dialect=dialect, seed=asked.seed)
    try:
        arena.storm(asked.seconds, rate=asked.rate)
        arena.calm()
        verdict = arena.verdict()
    finally:
        arena.close()
    wrong = {name: list(names) for name, names in verdict.wrong.items()}
    if wrong or arena.strange:
        sys.stderr.write(f"{dialect}: not clean; see {folder}\n")
    else:
        shutil.rmtree(folder)
    return {
        "dialect": dialect,
        "counts": dict(arena.figures.counts),
        "wrong": wrong,
        "strange": arena.strange,
        "never": arena.weather.never_struck,
    }


def _run_both(asked: argparse.Namespace) -> list[dict[str, json.Json]]:
    """Run each dialect in a process of its own."""
    command = [
        sys.executable, "-m", "tests.chaos", "--json", "--seconds", str(asked.seconds), "--seed",
        str(asked.seed), "--rate", str(asked.rate), "--dialect",
    ]  # fmt: skip
    running = [
        subprocess.Popen([*command, dialect], stdout=subprocess.PIPE, text=True)  # noqa: S603
        for dialect in DIALECTS
    ]
    return [json.loads(one.communicate()[0]) for one in running]


def _report(asked: argparse.Namespace, found: list[dict[str, json.Json]]) -> None:
    dialects = " and ".join(str(one["dialect"]) for one in found)
    lines = [f"chaos: {asked.seconds:g} seconds, seed {asked.seed}, {dialects}", ""]
    lines += together(one["counts"] for one in found).lines()
    for one in found:
        lines += ["", f"{one['dialect']}: {'clean' if not (one['wrong'] or one['strange']) else 'NOT CLEAN'}"]
        lines += [f"  {name}: {', '.join(names)}" for name, names in one["wrong"].items()]
        lines += [f"  {what}" for what in one["strange"]]
        if one["never"]:
            lines.append(f"  faults that never struck: {', '.join(one['never'])}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
