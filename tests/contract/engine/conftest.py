from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.engine.bench import Bench, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One served sandbox for all tests: stopping one takes longer than a test."""
    made = Sandbox()
    yield made
    made.close()


@pytest.fixture
def make_bench(tmp_path: Path, sandbox: Sandbox) -> Iterator[Callable[..., Bench]]:
    """Make a bench with a changed project."""
    made: list[Bench] = []

    def make(**options: object) -> Bench:
        made.append(Bench(tmp_path, sandbox, **options))
        return made[-1]

    yield make
    for bench in made:
        bench.close()
    failures = sandbox.world.failures
    assert not failures, failures


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """The shipped pack on a sandbox with its first data."""
    return make_bench()
