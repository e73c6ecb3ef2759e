"""One pipeline for several installations of a shop, side by side; one that does not work stops no other."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from m3nop.core.errors import AccessError
from m3nop.core.records import RecordState
from m3nop.engine.ports import ThreadExecutor
from tests.contract.engine.bench import CLEAN
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.engine.bench import Bench

NOTES = """
pipeline: notes
source: {read: shop/orders, as: order, quiet: 0s, watermark: {by: id}, filter: "order.id > `1013`"}
key: order.id
steps:
  - {id: note, call: shop/orders/attribute, fields: {order_id: order.id, store_id: "`0`", key: {value: K}, value: {value: V}}}
"""
BOTH = ("orders", "orders@outlet")


def with_outlet(text: str) -> str:
    """Let the second store belong to an installation of its own: here the same shop by another connection."""
    shop = text[text.index("      shop: {url:") : text.index("\n", text.index("      shop: {url:"))]
    text = text.replace(shop, f"{shop}\n{shop.replace('      shop:', '      outlet:')}")
    base = "  shop:\n    type: nopcommerce\n"
    text = text.replace(
        base,
        f'  outlet: {{type: nopcommerce, url: https://outlet.example.com, credentials: {{username: m3nop, password: "${{secret:SHOP_PASSWORD}}"}}}}\n{base}',
    )
    return text.replace("  b2b:\n    connection: shop\n", "  b2b:\n    connection: outlet\n    as: shop\n")


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench(change=with_outlet)


def test_a_pipeline_has_an_instance_for_each_installation(bench: Bench) -> None:
    assert bench.project.instances("orders") == BOTH
    assert bench.project.instances("orders", ["b2b"]) == ("orders@outlet",)
    assert (bench.project.stores_of("orders"), bench.project.stores_of("orders@outlet")) == (
        ("b2c",),
        ("b2b",),
    )
    instance = bench.project.pipeline("orders@outlet", "b2b")
    assert (instance.name, instance.source.connection) == ("orders@outlet", "outlet")
    assert instance.requires == {"customers@outlet", "guests"}
    assert instance.connections == {"erp", "outlet"}
    assert instance.start == bench.project.pipeline("orders", "b2c").start


def test_what_an_instance_was_compiled_from_compiles_to_it_again(bench: Bench) -> None:
    instance = bench.project.pipeline("orders@outlet", "b2b")
    again = bench.project.compile_definition(instance.definition)
    assert (again.name, again.digest, again.source.connection) == (instance.name, instance.digest, "outlet")


def test_orders_of_two_installations_reach_one_m3_side_by_side(bench: Bench) -> None:
    ours, theirs = bench.place(guest=GUEST), bench.place(guest=GUEST, store_id=2)
    bench.run(*BOTH)
    assert bench.record(ours).state is RecordState.DONE
    assert bench.record(theirs, "orders@outlet").state is RecordState.DONE
    assert bench.record(theirs).state is RecordState.IGNORED
    assert (len(bench.real(ours)), len(bench.real(theirs, "B2B"))) == (1, 1)


def test_what_both_installations_show_is_counted_though_they_are_read_side_by_side(bench: Bench) -> None:
    for store in (1, 2):
        bench.place(guest=GUEST, store_id=store)
    summary = bench.run(*BOTH)
    read = dict(bench.watcher.reads)
    assert set(read) == set(BOTH)
    assert summary.read == sum(read.values()) > max(read.values())


def test_a_registered_customer_of_the_second_installation_becomes_one_of_its_own(bench: Bench) -> None:
    order = bench.place(store_id=2)
    bench.run("orders@outlet")
    customer = bench.rows("shop.orders", id=order)[0]["customer_id"]
    assert bench.state.link("customers@outlet", str(customer)) is not None
    assert bench.state.link("customers", str(customer)) is None


def test_one_that_stops_answering_in_mid_run_does_not_stop_the_other(bench: Bench) -> None:
    ours, theirs = bench.place(guest=GUEST), bench.place(guest=GUEST, store_id=2)
    bench.write("pipelines/notes.yaml", NOTES)
    bench.load()
    bench.fault("status", f"*SaveAttribute/0/{theirs}*", system="shop", status=401, times=2)
    summary = bench.run("notes@outlet", "orders")
    assert isinstance(summary.error, AccessError)
    assert bench.record(ours).state is RecordState.DONE
    assert bench.record(theirs, "notes@outlet").state is RecordState.READY


def test_an_installation_that_does_not_answer_does_not_stop_the_other(bench: Bench) -> None:
    ours, theirs = bench.place(guest=GUEST), bench.place(guest=GUEST, store_id=2)
    bench.edit("m3nop.yaml", 'outlet: {url: "http://127.0.0.1', 'outlet: {url: "http://127.0.0.2')
    summary = bench.run(*BOTH)
    assert bench.record(ours).state is RecordState.DONE
    assert isinstance(summary.error, AccessError)
    assert "127.0.0.2" in str(summary.error)
    assert (summary.result, bench.states("orders@outlet")) == ("failed", {})

    bench.edit("m3nop.yaml", 'outlet: {url: "http://127.0.0.2', 'outlet: {url: "http://127.0.0.1')
    bench.forget_connections()
    bench.clock.wait(60)
    assert bench.run(*BOTH).error is None
    assert bench.record(theirs, "orders@outlet").state is RecordState.DONE


def test_a_store_finds_the_instance_that_serves_it(bench: Bench) -> None:
    assert bench.project.for_store("orders", "b2b") == "orders@outlet"
    assert bench.project.for_store("orders", "b2c") == bench.project.for_store("orders", None) == "orders"
    assert bench.project.for_store("orders@outlet", "b2b") == "orders@outlet"


class SlowShop:
    """Answers that it does not work, and not before something else has happened, or most of a time-out later."""

    def __init__(self, meanwhile: threading.Event) -> None:
        self.waited: list[bool] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                shop.waited.append(meanwhile.wait(4))
                self.send_response(404)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def test_while_one_installation_keeps_us_waiting_the_orders_of_another_are_read(
    make_bench: Callable[..., Bench],
) -> None:
    read = threading.Event()
    slow, threads = SlowShop(read), ThreadExecutor(threads=2)
    try:
        bench = make_bench(change=lambda text: at(slow.url, with_outlet(text)))
        bench.watcher.read = lambda pipeline, count: read.set()  # type: ignore[method-assign]
        order = bench.place(guest=GUEST)
        # The slow one comes first.
        summary = bench.run(*reversed(BOTH), executor=threads)
    finally:
        threads.close()
        slow.close()
    assert slow.waited
    assert all(slow.waited)
    assert bench.record(order).state is RecordState.DONE
    assert slow.url.rpartition("/")[2] in str(summary.error)


def at(url: str, text: str) -> str:
    """Let the second installation be at another address."""
    start = text.rindex('outlet: {url: "') + len('outlet: {url: "')
    return text[:start] + url + text[text.index('"', start) :]


def test_a_run_can_die_anywhere_while_two_installations_are_read(bench: Bench) -> None:
    ours, theirs = bench.place(guest=GUEST), bench.place(guest=GUEST, store_id=2)
    for place in (1, 2, 3, 4, 5, 6):
        bench.die(place, *BOTH)
    bench.settle(*BOTH)
    assert bench.judge(ours) == bench.judge(theirs, store="B2B") == CLEAN
