from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres import Databases

# How quick a machine is that does other things as well says nothing of what a test examines.
settings.register_profile("m3nop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("m3nop")

LAYERS = ("m3nop.core", "m3nop.mapping", "m3nop.spec", "m3nop.engine")
"""The layers whose coverage has a floor."""
MEASURED = ("unit/core", "unit/mapping", "unit/spec", "unit/engine", "contract/engine")
"""Their tests; those of whole runs come last."""


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Measure what the layers do when they are imported, and let the rest be collected without the tracer."""
    coverage = getattr(session.config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
    if (
        coverage is None
        or not coverage.started
        or not set(session.config.getoption("cov_source")).issubset(LAYERS)
    ):
        return (yield)
    for layer in LAYERS:
        for module in pkgutil.walk_packages(importlib.import_module(layer).__path__, f"{layer}."):
            importlib.import_module(module.name)
    coverage.pause()
    try:
        return (yield)
    finally:
        coverage.resume()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure the layers by their own tests only: the tracer of Python 3.11 doubles the time that a test takes."""
    folders = [str(Path(__file__).parent / folder) + os.sep for folder in MEASURED]
    runs: set[str] = set()
    for item in items:
        folder = next((folder for folder in folders if str(item.path).startswith(folder)), None)
        if folder is None or (folder == folders[-1] and _is_like_another(item, runs)):
            item.add_marker("no_cover")


def _is_like_another(item: pytest.Item, runs: set[str]) -> bool:
    """Whether a test makes the same runs as another: with other examples, or to die somewhere else each time."""
    name, _, _ = item.nodeid.partition("[")
    again = name in runs or "dies" in name or "can_die" in name
    runs.add(name)
    return again


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """A PostgreSQL server: the one that the environment names, or one of our own where there are the programs."""
    from tests import postgres as server  # noqa: PLC0415  a driver that most tests do without

    address = os.environ.get(server.ADDRESS)
    cluster, folder = None, None
    if address is None:
        if server.programs() is None:
            missing = f"there is no PostgreSQL here: no initdb, and {server.ADDRESS} is not set"
            if os.environ.get("CI") == "true":
                pytest.fail(missing)
            pytest.skip(missing)
        folder = server.new_folder()
        cluster = server.Cluster(folder)
        cluster.make()
        address = cluster.address
    databases = server.Databases(address)
    yield databases
    databases.close()
    if cluster is not None:
        cluster.stop()
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres: Databases) -> Iterator[str]:
    """The address of an empty database, as a state's."""
    url = postgres.create()
    yield url
    postgres.drop(url)
