"""Which subjects can be reconciled, which pipelines they are about, and what compares them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.session import enters_orders
from m3nop.core.errors import UsageError
from m3nop.mapping.pipeline import SourceKind, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from m3nop.app.reconcile.bench import Bench
    from m3nop.app.reconcile.findings import Difference, Tally
    from m3nop.app.session import Session
    from m3nop.mapping.pipeline import Pipeline


class Options(Struct, frozen=True):
    """What a comparison may be told."""

    stuck_after: float


class Subject(Struct, frozen=True):
    """One thing that both systems have."""

    is_about: Callable[[Pipeline], bool]
    """Tells its pipelines from others, whatever a site calls them."""
    doing: str
    """What such a pipeline does, for the message that there is none."""
    compare: Callable[[Bench, Tally, Options], Iterator[Difference]]


def _orders(bench: Bench, tally: Tally, options: Options) -> Iterator[Difference]:
    from m3nop.app.reconcile.orders import Orders

    return Orders(bench, tally, stuck_after=options.stuck_after).differences()


def reads_customers(pipeline: Pipeline) -> bool:
    """Tell whether a pipeline makes M3 customers of shop customers."""
    return pipeline.source.resource == "customers"


def _customers(bench: Bench, tally: Tally, _options: Options) -> Iterator[Difference]:
    if reads_customers(bench.job.any):
        from m3nop.app.reconcile.customers import Customers

        return Customers(bench, tally).differences()
    from m3nop.app.reconcile.upserts import Upserts

    return Upserts(bench, tally, resource="customers").differences()


def _products(bench: Bench, tally: Tally, _options: Options) -> Iterator[Difference]:
    from m3nop.app.reconcile.upserts import Upserts

    return Upserts(bench, tally, resource="products").differences()


def _inventory(bench: Bench, tally: Tally, _options: Options) -> Iterator[Difference]:
    from m3nop.app.reconcile.inventory import Inventory

    return Inventory(bench, tally).differences()


def _payments(bench: Bench, tally: Tally, _options: Options) -> Iterator[Difference]:
    from m3nop.app.reconcile.payments import Payments

    return Payments(bench, tally).differences()


def _upserts(resource: str) -> Callable[[Pipeline], bool]:
    def is_about(pipeline: Pipeline) -> bool:
        return pipeline.source.kind is SourceKind.READ and any(
            step.upsert is not None and step.upsert.target.operation.name == resource
            for step in walk(pipeline.steps)
        )

    return is_about


def _enters_money(pipeline: Pipeline) -> bool:
    """Tell whether a pipeline commits something of an order that is not the order itself."""
    own = pipeline.source.resource == "orders" and pipeline.commit_step is not None
    return pipeline.moves or (own and not enters_orders(pipeline))


def _sets_stock(pipeline: Pipeline) -> bool:
    return any(
        step.call is not None and step.call.target.operation.name == "stock/set"
        for step in walk(pipeline.steps)
    )


SUBJECTS: Mapping[str, Subject] = {
    "orders": Subject(enters_orders, "enters shop orders in M3", _orders),
    "customers": Subject(
        lambda one: reads_customers(one) or _upserts("customers")(one), "reads shop customers", _customers
    ),
    "products": Subject(_upserts("products"), "makes products of M3's items", _products),
    "inventory": Subject(_sets_stock, "publishes stock", _inventory),
    "payments": Subject(_enters_money, "enters what was paid and refunded", _payments),
}
"""Every subject, by the name that the command takes."""


def _is_about(subject: Subject, pipeline: Pipeline) -> bool:
    return pipeline.enabled and subject.is_about(pipeline)


def pipelines_of(session: Session, name: str) -> list[str]:
    """Name the pipelines of a subject.

    Raises:
        UsageError: the project has none.
    """
    subject, project = SUBJECTS[name], session.project
    found = [
        one
        for one in project.pipelines
        if any(_is_about(subject, project.pipeline(one, store)) for store in project.stores_of(one))
    ]
    if not found:
        msg = f"{name} cannot be reconciled: the project has no pipeline that {subject.doing}"
        raise UsageError(msg)
    return found
