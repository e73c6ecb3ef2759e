"""Who changed what, and with which configuration something ran, can be told afterwards."""

from __future__ import annotations

import pytest

from m3nop import __version__
from tests.end_to_end.shops import NewProject, make


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> NewProject:
    made = make(tmp_path_factory.mktemp("governed"))
    made.run("sync", "orders", "--quiet")
    return made


def ran_with(shop: NewProject) -> tuple[str, str]:
    last = shop.read("runs", "--limit", "1")[0]
    return last["version"], last["configuration"]


def test_a_run_keeps_its_version_and_the_digest_of_its_configuration(shop):
    version, first = ran_with(shop)
    assert (version, len(first)) == (__version__, 64)
    assert f"{version}    {first[:8]}" in shop.run("runs").out

    shop.change("# Site values that the pipelines use.", "# Our values.")
    shop.run("sync", "orders", "--quiet")
    assert ran_with(shop) == (version, first)

    shop.change("facility: A01", "facility: A02")
    shop.run("sync", "orders", "--quiet")
    assert ran_with(shop)[1] != first


@pytest.mark.parametrize(
    "arguments", [("sync", "orders"), ("sync", "--all"), ("plan", "orders"), ("run", "--all")], ids=" ".join
)
def test_nothing_runs_with_a_configuration_that_is_not_valid(shop, arguments):
    text = (shop.folder / "pipelines" / "orders.yaml").read_text(encoding="utf-8")
    shop.change("FACI: settings.facility", "FACI: setings.facility", file="pipelines/orders.yaml")
    before = shop.read("runs")

    ended = shop.run(*arguments)

    (shop.folder / "pipelines" / "orders.yaml").write_text(text, encoding="utf-8")
    assert (ended.code, ended.out) == (3, "")
    assert "orders.yaml:" in ended.err
    assert "setings" in ended.err
    assert shop.read("runs") == before
