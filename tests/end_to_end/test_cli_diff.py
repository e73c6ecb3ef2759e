"""`m3nop diff`: two environments beside each other, as a user types it."""

from __future__ import annotations

import pytest

from tests.end_to_end.shops import NewProject, make


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> NewProject:
    return make(tmp_path_factory.mktemp("compared"), "--with", "dev,prod")


def test_each_difference_is_printed_with_both_values_and_their_places(shop):
    ended = shop.run("diff", "dev", "prod")

    head, dev, prod, *_ = ended.out.splitlines()
    assert head == "connections.erp.credentials.ionapi"
    assert dev.startswith("  dev   ${secret:M3_IONAPI_DEV}  # m3nop.yaml:")
    assert prod.endswith(" (environment prod)")
    assert (ended.code, ended.err) == (0, "3 differences between dev and prod\n")


def test_the_document_says_the_same(shop):
    document = shop.read("diff", "dev", "prod", "--detailed-exitcode", code=6)

    assert (document["first"], document["second"]) == ("dev", "prod")
    one = next(one for one in document["differences"] if one["path"] == "connections.shop.url")
    assert (one["pipeline"], one["stores"]) == (None, [])
    assert one["first"]["value"] == "https://dev.shop.example.com"
    assert one["second"].keys() == {"value", "file", "line", "layer"}


def test_environments_that_are_equal_end_well(shop):
    ended = shop.run("diff", "dev", "prod", "orders", "--detailed-exitcode")

    assert (ended.code, ended.out, ended.err) == (0, "", "no difference between dev and prod\n")


def test_what_is_not_there_is_named(shop):
    assert "there is no environment 'prd'" in shop.run("diff", "dev", "prd").err
    assert shop.run("diff", "dev").code == 2
