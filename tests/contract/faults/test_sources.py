"""The lists of both systems under every fault: none that was cut passes for a whole one, no record is lost."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core.connector import StoreRef
from m3nop.sandbox import catalogue as goods
from m3nop.sandbox.faults import Fault as Strike
from tests.contract.faults.catalogue import FOR_EVER, M3_LISTS, SOURCES, ListFault, SourceFault
from tests.contract.faults.served import Served
from tests.contract.faults.shop_lab import open_shop
from tests.contract.faults.test_m3_operations import APIS, Lab, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STORES = [StoreRef(store.code, store.id, store.host) for store in goods.STORES]
RESOURCES = ("orders", "customers", "products")
LISTS = ("GET /api-backend/*/Search", "GET /api-backend/*/GetAll", "GET /api/*")
"""Requests for pages; not for rows by their ids."""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with closing(Served()) as made:
        yield made


@pytest.fixture(scope="module")
def m3() -> Iterator[Lab]:
    with closing(Served()) as served, closing(Lab(served)) as made:
        yield made


@pytest.mark.parametrize("fault", M3_LISTS, ids=lambda fault: fault.id)
@pytest.mark.parametrize("api", APIS)
def test_what_a_list_tells_is_what_is_declared(m3: Lab, api: str, fault: ListFault) -> None:
    connection, wrong = m3.connection(api), {}
    for operation in m3.reading(api):
        call, table = m3.call(operation), operation.name.startswith("table:")
        (whole,) = connection.send([call])
        # A list without rows has none to spoil.
        if not whole.rows or not (operation.many or table):
            continue
        m3.served.world.faults.add(Strike(kind=fault.kind, system="m3", operation="*/*", count=1, **FOR_EVER))
        (answer,) = connection.send([call])
        m3.served.world.faults.clear()
        more = {"list_fails": -len(whole.rows), "duplicate_records": 0 if table else 1, "late_records": -1}
        if said(answer) != fault.said or len(answer.rows) != len(whole.rows) + more[fault.kind]:
            wrong[operation.name] = answer
    assert wrong == {}


def ids_of(
    connection: Any, resource: str, marks: Mapping[str, str | None]
) -> tuple[Counter[int], dict[str, str | None]]:
    """Read a source on from its watermarks; return how often each record came, and the new watermarks."""
    source = connection.source(resource, stores=STORES, wanted=frozenset({"id"}))
    ids: Counter[int] = Counter()
    reached = dict(marks)
    for partition in source.partitions():
        for page in source.pages(partition, marks.get(partition)):
            ids.update(record["id"] for record in page.records)
            reached[partition] = page.watermark
    return ids, reached


@pytest.mark.parametrize("fault", SOURCES, ids=lambda fault: fault.id)
@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_no_record_of_a_source_is_lost(served: Served, dialect: str, fault: SourceFault) -> None:
    # So many pages of so few records, that ids of orders are taken from the list.
    with closing(open_shop(served, dialect, page_size=3, ids_per_request=1)) as connection:
        for resource in RESOURCES:
            whole, _ = ids_of(connection, resource, {})
            for where in LISTS:
                served.world.faults.add(
                    Strike(kind=fault.kind, system="shop", operation=where, **fault.options)
                )
            found, reached = ids_of(connection, resource, {})
            served.world.faults.clear()
            later, _ = ids_of(connection, resource, reached)
            assert found + later == whole, resource
            assert bool(later) == (fault.kind == "late_records"), resource
