"""Power losses one after the other: ``LD_PRELOAD=powerloss.so python -m tests.power FOLDER --seed 1``.

Places an order and runs; the run is killed, and all that it had not synced is dropped; again and again, on
one state, so that each run takes up what the loss before left. Then it runs to the end. Prints as JSON what
M3 received before the disk said that it was sent (``unlogged``), and what is wrong in the books at the end.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from m3nop.core import json
from m3nop.sandbox.seed import seed as seed_books
from m3nop.sandbox.server import Serving
from m3nop.sandbox.world import World
from tests.end_to_end.children import SYNCHRONOUS
from tests.end_to_end.conftest import judge, lay_out, place
from tests.power.disk import NAMES_KEPT, SYNCED_ONLY, Disk

if TYPE_CHECKING:
    from m3nop.sandbox.world import Request

_ACTING = ("AddBatchHead", "AddBatchAddress", "AddBatchLine", "AddBatchHeadChg", "Confirm", "DelBatchHead")
_SENT = "select operation from calls where state = 'sent'"


class Losses:
    """A project whose machine loses its power again and again."""

    def __init__(self, root: Path, *, dialect: str, synchronous: str | None, seed: int) -> None:
        self.unlogged: list[str] = []
        self.died: Counter[str] = Counter()
        self.strange: list[str] = []
        self._chance = random.Random(seed)  # noqa: S311
        self._scratch = root / "disk"
        self.world = World(seed=seed)
        seed_books(self.world)
        self._serving = Serving(self.world)
        self._project = lay_out(root, 1, self._serving, dialect=dialect, change=lambda text: text)
        if synchronous is not None:
            self._project.environ[SYNCHRONOUS] = synchronous
        self._disk = Disk(self._project.state_file.parent.resolve(), root / "shadow")
        self._disk.begin()
        self._orders: list[int] = []
        self.world.on_request.append(self._look)

    def lose(self, times: int) -> None:
        """Let the power fail so often, at places that are near and far by turns."""
        for turn in range(times):
            self._orders.append(place(self.world))
            at = self._chance.randint(1, 14 if turn % 2 else 45)
            # At a place of the program, or instead of one of the syncs.
            where = {"M3NOP_CRASHPOINT": f"*#{at}"} if turn % 3 else {"POWERLOSS_AT": str(at)}
            ended = self._project.run("sync", "orders", **self._disk.environ, **where)
            self.died["killed" if ended.code < 0 else f"ended with {ended.code}"] += 1
            if ended.code not in {-9, 0}:
                self.strange.append(f"{where}: {ended.code} {ended.err[-1000:]}")
            self._disk.lose_power(NAMES_KEPT if turn % 4 < 2 else SYNCED_ONLY)

    def finish(self) -> dict[str, json.Json]:
        """Run to the end and judge."""
        ended = self._project.run("sync", "orders", **self._disk.environ)
        if ended.code != 0:
            self.strange.append(f"the last run: {ended.code} {ended.err[-1000:]}")
        self._serving.close()
        self.strange += [repr(error) for error in self.world.failures]
        verdict = judge(self.world, [f"B2C-{order}" for order in self._orders])
        wrong = {name: list(found) for name, found in vars(verdict).items() if found}
        return {
            "died": dict(self.died), "wrong": wrong, "unlogged": self.unlogged, "strange": self.strange,
        }  # fmt: skip

    def _look(self, request: Request) -> None:
        """Ask the disk, before a request that acts takes effect, whether a power loss now would forget it."""
        acting = Counter(
            name for name in request.operations if name.startswith("OIS100MI/") and name.endswith(_ACTING)
        )
        if not acting:
            return
        with tempfile.TemporaryDirectory() as folder:
            self._disk.synced(Path(folder))
            sent = Counter(_sent(Path(folder) / "state.db"))
        self.unlogged.extend((acting - sent).elements())


def _sent(state: Path) -> list[str]:
    if not state.exists() or not state.stat().st_size:
        return []
    with closing(sqlite3.connect(state)) as db:
        if not db.execute("select 1 from sqlite_master where name = 'calls'").fetchall():
            return []
        return [name for (name,) in db.execute(_SENT)]


def main() -> int:
    """Lose power and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.power", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dialect", default="official")
    parser.add_argument("--synchronous", help="what the database is set to, instead of what m3nop sets")
    parser.add_argument("--losses", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    losses = Losses(asked.folder, dialect=asked.dialect, synchronous=asked.synchronous, seed=asked.seed)
    losses.lose(asked.losses)
    sys.stdout.write(json.dumps(losses.finish()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
