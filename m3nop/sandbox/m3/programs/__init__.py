"""The MI programs that the double knows, one module for each group of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.m3.programs import (
    balances,
    basics,
    customers,
    deliveries,
    delivery_interface,
    exports,
    general,
    invoice_interface,
    invoices,
    items,
    ledger_batches,
    ledger_interface,
    ledger_reading,
    order_changes,
    order_entry,
    order_interface,
    order_reading,
    price_lists,
    receipts,
    repository,
    site_specific,
)
from m3nop.sandbox.m3.runner import Runner

if TYPE_CHECKING:
    from m3nop.sandbox.m3.interface import Program
    from m3nop.sandbox.m3.session import Tables
    from m3nop.sandbox.world import World

_INTERFACES = (
    general, repository, order_interface, customers, items, balances, price_lists, basics, exports,
    delivery_interface, invoice_interface, ledger_interface, site_specific,
)  # fmt: skip
_HANDLERS = (
    general, order_entry, order_reading, order_changes, customers, items, balances, price_lists, basics,
    exports, deliveries, invoices, receipts, ledger_batches, ledger_reading, site_specific,
)  # fmt: skip


def runner(world: World) -> Runner:
    """Return the installation's programs over the books of ``world``."""
    programs: dict[str, Program] = {}
    for program in (program for module in _INTERFACES for program in module.PROGRAMS):
        # A program's transactions may be spread over the modules of several subjects.
        known = programs.get(program.name)
        programs[program.name] = known.joined(program) if known else program
    handlers = {name: handler for module in _HANDLERS for name, handler in module.HANDLERS.items()}
    return Runner(world, programs, handlers | repository.handlers(programs))


def finish_in_background(world: World, tables: Tables) -> None:
    """Let what M3 does in the background finish in ``world`` when its time has come."""
    order_entry.finish_confirm(world, tables)
    ledger_batches.finish_update(world, tables)
    receipts.finish_payments(world, tables)
