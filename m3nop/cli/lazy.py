"""A group whose commands are imported when they are used, so that ``m3nop --help`` imports none of them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import typer
from msgspec import Struct
from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Iterator


class Entry(Struct, frozen=True):
    """One command: the module that registers it, and the first line of its help."""

    module: str
    help: str


COMMANDS: dict[str, Entry] = {
    "init": Entry("project", "Make a project, or add environments to one."),
    "demo": Entry("demo", "Enter a sandbox's orders, through a crash in the middle."),
    "validate": Entry("project", "Check a project and print every problem at its place."),
    "test": Entry("testing", "Run mapping tests: this record in, these calls out; exit 1 if one fails."),
    "show": Entry("project", "Print a pipeline as it is for a store."),
    "diff": Entry("diff", "Print what two environments do not share, with everything laid over it."),
    "schema": Entry("project", "Print or write the JSON Schemas that editors use."),
    "plan": Entry("run", "Show the calls that a run would make, by reading only."),
    "sync": Entry("run", "Run pipelines once: read what is new and deliver what is ready."),
    "run": Entry("service", "Run pipelines as a service, by their schedules, until SIGTERM or Ctrl-C."),
    "status": Entry(
        "run", "Show how many records of each pipeline stand where, and what waits for a person."
    ),
    "ion": Entry("ion", "Connect the service with Infor ION."),
    "circuits": Entry("circuits", "See which systems are left alone, and use one again."),
    "alerts": Entry("alerts", "See what people were told of, and try the ways to tell them."),
    "runs": Entry("run", "List the latest runs, newest first."),
    "trace": Entry(
        "trace",
        "Tell the whole life of a record, or why nothing is known of it; exit 1 if nothing is found.",
    ),
    "reconcile": Entry("reconcile", "Compare shop and M3 by key; exit 1 if they differ. Both are only read."),
    "report": Entry("reconcile", "Balance each day: what was sold, what M3 has, and why not."),
    "reviews": Entry("reviews", "Decide about records that were put aside for a person."),
    "dead-letters": Entry("dead_letters", "Look after records that were refused."),
    "audit": Entry("audit", "See what was done by hand, and that nothing is missing."),
    "links": Entry("links", "Look at the remembered pairs of shop and M3."),
    "lookup": Entry("lookup", "Look at code tables, and at what they do not cover."),
    "map": Entry(
        "mapping",
        "Show what a pipeline makes of a record, each value with its expression; nothing is sent.",
    ),
    "capture": Entry(
        "capture",
        "Keep a real record as a fixture, with a test of what its pipeline makes of it; nothing is sent.",
    ),
    "state": Entry("state", "Look after the state database."),
    "doctor": Entry("doctor", "Check credentials, rights, codes, probes and files."),
    "secrets": Entry("secrets", "Store credentials, and see where each is found."),
    "m3": Entry("systems", "Ask M3 by hand."),
    "nop": Entry("systems", "Ask the shop by hand."),
    "sandbox": Entry("sandbox", "Run a shop and an M3 on this machine, and act in them."),
}
"""Every command, in the order that the help shows."""


class _Commands(Mapping[str, Any]):
    """The commands by name; each is imported when it is looked up."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401  the type is private to typer
        if name not in self._found:
            part = typer.Typer(rich_markup_mode=None, callback=_nothing)
            importlib.import_module(f"m3nop.cli.{COMMANDS[name].module}").register(part)
            self._found[name] = typer.main.get_group(part).commands[name]
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class LazyGroup(TyperGroup):
    """Knows its commands by name and help alone."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401  passed on
        super().__init__(**attributes)
        self.commands = cast("Any", _Commands())

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002  the type is private to typer
        """Name the commands, in the order of the table."""
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002  as above
        """Write the commands with their help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def _nothing() -> None:
    """Make a group of an app that has one command only."""
