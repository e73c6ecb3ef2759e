"""Commands that speak to one system by hand: m3 and nop."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import asdict

from m3nop.cli.options import AsJson, Env, Project, open_here
from m3nop.cli.output import print_json, print_line, print_table, say
from m3nop.core.errors import UsageError
from m3nop.core.terminal import json_text

if TYPE_CHECKING:
    from m3nop.app.tenant import Found
    from m3nop.core.connector import Operation

Connection = Annotated[
    str | None, typer.Option("--connection", help="Which one, where there are several.", show_default=False)
]
Target = Annotated[str, typer.Argument(help="PROGRAM/TRANSACTION, such as CRS610MI/GetBasicData.")]
Fields = Annotated[list[str] | None, typer.Argument(help="FIELD=VALUE of each input.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Make a call that changes something.")]
Confirm = Annotated[
    str | None,
    typer.Option(
        "--confirm", help="Name of the environment, typed out, for such a call in prod.", show_default=False
    ),
]
Programs = Annotated[
    list[str] | None,
    typer.Argument(help="Programs; those that the pipelines use unless given.", show_default=False),
]
_SHOWN: Mapping[str, tuple[str, ...]] = {
    "orders": ("id", "store_id", "created_on_utc", "order_status", "payment_status", "order_total"),
    "customers": ("id", "registered_in_store_id", "created_on_utc", "is_guest", "last_name", "company"),
    "products": ("id", "sku", "name", "price", "published"),
    "stores": ("id", "name", "hosts"),
    "countries": ("id", "two_letter_iso_code", "name"),
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    m3 = typer.Typer(name="m3", help="Ask M3 by hand.", no_args_is_help=True, rich_markup_mode=None)
    m3.command("programs")(list_programs)
    m3.command("describe")(describe)
    m3.command("call")(call)
    m3.command("snapshot")(snapshot)
    m3.command("diff")(diff)
    app.add_typer(m3)
    nop = typer.Typer(name="nop", help="Ask the shop by hand.", no_args_is_help=True, rich_markup_mode=None)
    nop.command("get")(get)
    # With one command alone typer would drop its name.
    nop.callback()(_nop)
    app.add_typer(nop)


def _nop() -> None:
    """Ask the shop by hand."""


def list_programs(
    *, connection: Connection = None, project: Project = None, env: Env = None, as_json: AsJson = False
) -> None:
    """List the MI programs that this M3 has."""
    from m3nop.app import calls

    with open_here(project, env, command="m3 programs") as session:
        found = calls.programs(session, calls.connection_of(session, "m3", connection))
    if as_json:
        print_json(found)
    else:
        print_table(("program", "description"), found.items())


def describe(
    target: Annotated[str, typer.Argument(help="PROGRAM, or PROGRAM/TRANSACTION.")], *,
    connection: Connection = None, project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show the transactions of an MI program, or the fields of one of them, as this M3 has them."""
    from m3nop.app import calls
    from m3nop.app.session import unknown

    program, slash, name = target.partition("/")
    with open_here(project, env, command="m3 describe") as session:
        document = calls.describe(session, calls.connection_of(session, "m3", connection), [program])[program]
    transactions = document["transactions"]
    if slash and name not in transactions:
        raise UsageError(unknown(f"transaction of {program}", name, transactions))
    if as_json:
        print_json(transactions[name] if slash else document)
    elif slash:
        _print_transaction(target, transactions[name])
    else:
        rows = [
            (each, "list" if about["many"] else "one", about["description"])
            for each, about in transactions.items()
        ]
        print_table(("transaction", "answers", "description"), rows)


def _print_transaction(target: str, about: Mapping[str, Any]) -> None:
    print_line(f"{target}: {about['description']}")
    rows = [
        (way, field["name"], f"{field['type'] or ''}{field['length'] or ''}",
         "mandatory" if field.get("mandatory") else "", field["description"])
        for way, fields in (("in", about["inputs"]), ("out", about["outputs"]))
        for field in fields
    ]  # fmt: skip
    print_table(("", "field", "type", "", "description"), rows)


def call(
    target: Target, fields: Fields = None, *, yes: Yes = False, confirm: Confirm = None,
    connection: Connection = None, project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Call a transaction once: one that reads at once, one that changes something only with --yes."""
    from m3nop.app import calls

    with open_here(project, env, command=f"m3 call {target}") as session:
        name = calls.connection_of(session, "m3", connection)
        operation = calls.transaction(session, name, target)
        values = calls.fields_of(operation, fields or ())
        if calls.acts(operation):
            production = calls.is_production(session.place.environment)
            _permit(operation, session.place.environment, yes=yes, confirm=confirm, production=production)
        rows = calls.call(session, name, operation, values)
    if as_json:
        print_json([dict(row) for row in rows])
        return
    for row in rows:
        print_line(
            json_text(dict(row)) if operation.many else "\n".join(f"{key} = {_cell(row[key])}" for key in row)
        )
    say(f"{target}: {len(rows)} row{'' if len(rows) == 1 else 's'}")


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _permit(
    operation: Operation, environment: str, *, yes: bool, confirm: str | None, production: bool
) -> None:
    if not yes:
        msg = f"{operation.name} changes something in M3 ({operation.effect}); call it again with --yes"
        raise UsageError(msg)
    if not production:
        return
    if confirm is None and sys.stdin.isatty() and sys.stderr.isatty():
        confirm = typer.prompt(f"{operation.name} acts on real data; type the environment's name", err=True)
    if confirm != environment:
        msg = f"{operation.name} acts on real data; type the name of the environment: --confirm {environment}"
        raise UsageError(msg)


def snapshot(
    programs: Programs = None, *, connection: Connection = None, project: Project = None, env: Env = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write what MI programs can do to m3/*.json, so that validation knows their fields."""
    from m3nop.app import calls

    with open_here(project, env, command="m3 snapshot") as session:
        name = calls.connection_of(session, "m3", connection)
        wanted = programs or calls.programs_used(session, name)
        written = calls.write_snapshot(session, name, wanted)
    if as_json:
        print_json([str(path) for path in written])
        return
    for path in written:
        print_line(str(path))
    say("commit these files; `m3nop validate` checks against them now")


def diff(
    programs: Annotated[
        list[str] | None,
        typer.Argument(help="Programs; those of the snapshot unless given.", show_default=False),
    ] = None,
    *, connection: Connection = None, project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Tell what this M3 changed since the snapshot was taken, and which mappings that touches."""
    from m3nop.app import calls, tenant

    with open_here(project, env, command="m3 diff") as session:
        name = calls.connection_of(session, "m3", connection)
        found = tenant.changed(session, name, programs)
    if as_json:
        print_json([_as_data(one) for one in found])
    else:
        _print_changes(found)
    if found:
        sys.exit(6)


def _as_data(found: Found) -> dict[str, Any]:
    touched = [{**asdict(place), "place": place.place} for place in found.touched]
    return {**asdict(found.change), "text": found.change.text, "touched": touched}


def _print_changes(found: Sequence[Found]) -> None:
    for one in found:
        change = one.change
        name = "/".join(part for part in (change.program, change.transaction) if part)
        field = f" {change.way.removesuffix('s')} {change.field}" if change.field else ""
        print_line(f"{name}{field} {change.text}")
        for place in one.touched:
            what = f"step {place.step}" if place.step != "source" else "the source"
            print_line(
                f"  {place.place}: {what} of {place.pipeline}{f', {place.field}' if place.field else ''}"
            )
    touched = sum(bool(one.touched) for one in found)
    say(
        f"{len(found)} changes since the snapshot, {touched} of them touch a mapping; "
        "`m3nop m3 snapshot` takes them over"
        if found
        else "nothing changed since the snapshot"
    )


def get(
    resource: Annotated[str, typer.Argument(help="orders, customers, products, stores or countries.")],
    number: Annotated[int | None, typer.Argument(help="Id of one.", show_default=False)] = None, *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=250, help="Read so many.")] = 20,
    connection: Connection = None, project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Read records of the shop as m3nop sees them: one by its id, or the newest."""
    from m3nop.app import calls

    with open_here(project, env, command=f"nop get {resource}") as session:
        found = calls.records(
            session, calls.connection_of(session, "nopcommerce", connection), resource, number, limit=limit
        )
    if number is not None:
        print_json(found[0])
    elif as_json:
        print_json(found)
    else:
        _print_records(found, _SHOWN[resource])


def _print_records(found: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    known = [name for name in columns if any(name in record for record in found)]
    print_table(known, [[_cell(record.get(name)) for name in known] for record in found])
