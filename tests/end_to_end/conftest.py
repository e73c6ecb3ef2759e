"""A sandbox over real HTTP, a project that points at it, and commands in killable processes."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core import json
from m3nop.core.clock import HOUR, MINUTE, SystemClock, to_text
from m3nop.sandbox import access, shop
from m3nop.sandbox.server import Serving
from m3nop.sandbox.world import World
from tests.end_to_end.children import Child, Ended
from tests.end_to_end.prepared import Prepared
from tests.first_data import FirstData

if TYPE_CHECKING:
    from tests.end_to_end.services import Running

PACK = Path(__file__).parents[2] / "configs"

ENVIRONMENTS = """
environments:
  sandbox:
    connections:
      erp: {{url: "{m3}", timeout: 0.5s, settle_after: 0.7s, rate_limit: null}}
      shop:
        url: "{shop}"
        dialect: {dialect}
        credentials: {{username: "{user}", password: "${{secret:SHOP_PASSWORD}}"}}
    lookups: {{shop_warehouses: lookups/sandbox/shop_warehouses.yaml}}
    start: {{customers: "{start}", orders: "{start}", payments: "{start}"}}
"""


@dataclass
class Project:
    """A project folder, and the sandbox that it talks to."""

    folder: Path
    world: World
    url: str
    environ: dict[str, str]
    scratch: Path
    numbers: list[int] = field(default_factory=list)

    def start(self, *arguments: str, **environ: str) -> Child:
        """Start a command."""
        self.numbers.append(1)
        scratch = self.scratch / f"run{len(self.numbers)}"
        scratch.mkdir()
        return Child(arguments, folder=self.folder, environ={**self.environ, **environ}, scratch=scratch)

    def run(self, *arguments: str, **environ: str) -> Ended:
        """Run a command to its end."""
        return self.start(*arguments, **environ).wait()

    @property
    def state_file(self) -> Path:
        """The state database of the environment ``sandbox``."""
        return self.folder / ".m3nop" / "sandbox" / "state.db"

    def forget(self) -> None:
        """Throw the state away, as for a new installation."""
        shutil.rmtree(self.folder / ".m3nop", ignore_errors=True)


def lay_out(
    root: Path, number: int, serving: Serving, *, dialect: str, change: Callable[[str], str]
) -> Project:
    """Make a project below ``root`` from the shipped pack that points at a sandbox."""
    folder, scratch = root / f"project{number}", root / f"scratch{number}"
    shutil.copytree(PACK, folder, ignore=shutil.ignore_patterns(".m3nop"))
    text = (folder / "m3nop.yaml").read_text(encoding="utf-8")
    base = text[: text.index("\nenvironments:")]
    ours = ENVIRONMENTS.format(
        start=to_text(SystemClock().now() - 2 * HOUR),
        m3=serving.m3_url,
        shop=serving.shop_url,
        dialect=dialect,
        user=access.SHOP_USER,
    )
    (folder / "m3nop.yaml").write_text(change(base + ours), encoding="utf-8")
    environ = {
        "M3_IONAPI": json.dumps(serving.ionapi), "SHOP_PASSWORD": access.SHOP_PASSWORD, "NO_COLOR": "1",
        "TERM": "dumb", "COLUMNS": "100",
    }  # fmt: skip
    scratch.mkdir()
    assert serving.world is not None
    return Project(folder, serving.world, serving.url, environ, scratch)


MakeProject = Callable[..., Project]


@pytest.fixture(scope="session")
def first_data() -> Iterator[FirstData]:
    """What a sandbox holds at first."""
    made = FirstData()
    yield made
    made.close()


@pytest.fixture
def world(first_data: FirstData) -> Iterator[World]:
    """A sandbox with its first data; orders that are older than two hours are before the start of the project."""
    made = World(first_data.books())
    yield made
    made.close()


@pytest.fixture
def make_project(tmp_path: Path, world: World) -> Iterator[MakeProject]:
    """Make projects from the shipped pack that point at the sandbox."""
    serving = Serving(world)
    made: list[str] = []

    def make(*, dialect: str = "official", change: Callable[[str], str] = lambda text: text) -> Project:
        made.append(dialect)
        return lay_out(tmp_path, len(made), serving, dialect=dialect, change=change)

    yield make
    serving.close()


@pytest.fixture
def services() -> Iterator[list[Running]]:
    """Services that are killed at the end, whatever becomes of the test."""
    running: list[Running] = []
    yield running
    for one in running:
        one.kill()


Prepare = Callable[..., Prepared]


@pytest.fixture
def prepare() -> Iterator[Prepare]:
    """Load projects once for many runs of some of their pipelines."""
    made: list[Prepared] = []

    def load(project: Project, *pipelines: str) -> Prepared:
        scratch = project.scratch / f"prepared{len(made)}"
        scratch.mkdir()
        made.append(Prepared(project.folder, pipelines, environ=project.environ, scratch=scratch))
        return made[-1]

    yield load
    for prepared in made:
        prepared.close()


def rows(world: World, table: str) -> list[dict[str, Any]]:
    """Return every document of a table of the sandbox's books."""
    return list(world.books.table(table).values())


def place(world: World, **members: Any) -> int:
    """Place a paid order that is half an hour old, and return its id."""
    order = {"lines": [{"sku": "LAMP-HEAD", "quantity": 1}, {"sku": "BATT-AAA-4", "quantity": 2}], **members}
    order.setdefault("created", to_text(SystemClock().now() - 30 * MINUTE))
    return int(shop.place_order(world, order)["id"])


@dataclass(frozen=True)
class Verdict:
    """What the sandbox's own books say about the orders of a store."""

    missing: list[str]
    doubled: list[str]
    orphans: list[str]
    wrong: list[str]


def judge(world: World, references: Sequence[str], *, lines: int = 2) -> Verdict:
    """Compare M3's books with what should have been entered, once each."""
    world.settle()
    real = Counter(row["CUOR"] for row in rows(world, "m3.orders"))
    open_batches = [row for row in rows(world, "m3.batch_orders") if not str(row.get("ORNR") or "").strip()]
    entered = Counter(row["ORNO"] for row in rows(world, "m3.order_lines"))
    return Verdict(
        missing=[reference for reference in references if real[reference] == 0],
        doubled=[reference for reference, count in real.items() if count > 1],
        orphans=[row["ORNO"] for row in open_batches],
        wrong=[row["ORNO"] for row in rows(world, "m3.orders") if entered[row["ORNO"]] != lines],
    )


CLEAN = Verdict([], [], [], [])


def wait_for(condition: Callable[[], bool], *, seconds: float = 30) -> bool:
    """Wait until something has happened in another process; False if it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        threading.Event().wait(0.005)
    return False


SLOW = "timeout: 0.5s, settle_after: 2.5s"


def slowly(text: str) -> str:
    """Let M3 have more time to apply what it was sent."""
    return text.replace("timeout: 0.5s, settle_after: 0.7s", SLOW)


def patiently(text: str) -> str:
    """Let a busy machine have more time for an answer, where nothing is about time-outs."""
    return text.replace("timeout: 0.5s, settle_after: 0.7s", "timeout: 5s, settle_after: 6s")
