"""Commands about refused records: dead-letters list, show, retry, discard, export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.editing import edit
from m3nop.cli.options import AsJson, Env, Project, open_here, parse_duration
from m3nop.cli.record_options import Pipeline, Reason, Wait, print_csv

if TYPE_CHECKING:
    from m3nop.app.letters import Group
    from m3nop.core.records import DeadLetter

Name = Annotated[str, typer.Argument(help="Number of the dead letter, key of the record, or PIPELINE/KEY.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(help="Numbers of dead letters, keys of records, or PIPELINE/KEY.", show_default=False),
]
Signature = Annotated[str | None, typer.Option("--group", help="All of this signature.", show_default=False)]
Store = Annotated[str | None, typer.Option("--store", help="Only of this store.", show_default=False)]
Kind = Annotated[
    str | None,
    typer.Option("--remedy", help="Only what this may help, such as business.", show_default=False),
]
Every = Annotated[bool, typer.Option("--all", help="All that are open.")]
Settled = Annotated[bool, typer.Option("--all", help="Those that were settled, too.")]
Grouped = Annotated[bool, typer.Option("--group", help="Put together what one remedy may settle.")]

_COLUMNS = (
    "id", "pipeline", "key", "store", "created", "remedy", "signature", "message", "step", "settled",
    "settlement",
)  # fmt: skip
_SHOWN_KEYS = 5


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Look after records that were refused.")
    group.command("list")(list_letters)
    group.command()(show)
    group.command()(edit)
    group.command()(retry)
    group.command()(discard)
    group.command()(export)
    app.add_typer(group, name="dead-letters")


def list_letters(
    *, group: Grouped = False, pipeline: Pipeline = None, store: Store = None, remedy: Kind = None,
    settled: Settled = False, project: Project = None,
    env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """List dead letters; with --group by what may help."""
    from m3nop.app.letters import Choice, grouped, open_letters
    from m3nop.cli.lives import group_document, letter_document
    from m3nop.cli.output import print_json, say

    with open_here(project, env, command="dead-letters list") as session:
        letters = open_letters(
            session, Choice(pipeline=pipeline, store=store, remedy=remedy), settled=settled
        )
    if as_json and group:
        print_json([group_document(one) for one in grouped(letters)])
    elif as_json:
        print_json([letter_document(letter) for letter in letters])
    elif not letters:
        say("there are no dead letters" if settled else "there are no open dead letters")
    elif group:
        _print_groups(grouped(letters))
    else:
        _print_letters(letters)


def show(name: Name, *, project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """Show a dead letter: the record, what was sent with the expression of each value, and the failure."""
    from m3nop.app.cases import open_case
    from m3nop.app.letters import advice_for, find_letter
    from m3nop.cli.cases import print_case
    from m3nop.cli.lives import letter_line
    from m3nop.cli.output import print_line

    with open_here(project, env, command="dead-letters show") as session:
        state = session.state(read_only=True)
        letter = find_letter(state, name, session.project.pipelines)
        record = state.record_by_id(letter.record_id)
        assert record is not None  # noqa: S101  the database refers to it
        case = open_case(session, record)
    if not as_json:
        print_line(f"dead letter {letter_line(letter)}")
        print_line(f"  group {letter.signature}, step {letter.step or '-'}")
        if letter.settled_at is None:
            print_line(f"  {advice_for(letter)}")
        print_line("")
    print_case(case, letter=letter, as_json=as_json)


def retry(
    names: Names = None, *, group: Signature = None, pipeline: Pipeline = None, store: Store = None,
    remedy: Kind = None, every: Every = False, wait: Wait = "0s", project: Project = None, env: Env = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Turn the records of dead letters ready again; the next run takes them up."""
    from m3nop.app import letters
    from m3nop.app.letters import Choice
    from m3nop.cli.lives import letter_document
    from m3nop.cli.output import print_json, print_line, say

    with open_here(project, env, command="dead-letters retry") as session:
        choice = Choice(tuple(names or ()), group, pipeline, store, remedy, every)
        chosen = letters.retry(session, choice, wait=parse_duration(wait))
    if as_json:
        print_json([letter_document(letter) for letter in chosen])
        return
    if not chosen:
        say("there are no open dead letters")
        return
    for letter in chosen:
        print_line(f"{letter.pipeline} {letter.key} is ready")
    say(f"run `m3nop sync {' '.join(sorted({letter.pipeline for letter in chosen}))}` to deliver")


def discard(
    names: Names = None, *, reason: Reason, group: Signature = None, pipeline: Pipeline = None,
    store: Store = None, remedy: Kind = None, every: Every = False, wait: Wait = "0s",
    project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Close dead letters without delivering their records."""
    from m3nop.app import letters
    from m3nop.app.letters import Choice
    from m3nop.cli.lives import letter_document
    from m3nop.cli.output import print_json, print_line, say

    with open_here(project, env, command="dead-letters discard") as session:
        choice = Choice(tuple(names or ()), group, pipeline, store, remedy, every)
        chosen = letters.discard(session, choice, reason=reason, wait=parse_duration(wait))
    if as_json:
        print_json([letter_document(letter) for letter in chosen])
        return
    if not chosen:
        say("there are no open dead letters")
    for letter in chosen:
        print_line(f"dead letter {letter.id} ({letter.pipeline} {letter.key}) is closed")


def export(
    *, group: Signature = None, pipeline: Pipeline = None, store: Store = None, remedy: Kind = None,
    settled: Settled = False, project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write dead letters as CSV, or with --json together with their records."""
    from m3nop.app.letters import Choice, open_letters
    from m3nop.cli.lives import letter_document
    from m3nop.cli.output import print_json

    with open_here(project, env, command="dead-letters export") as session:
        state = session.state(read_only=True)
        wanted = Choice(signature=group, pipeline=pipeline, store=store, remedy=remedy)
        letters = open_letters(session, wanted, settled=settled)
        documents = [letter_document(letter) for letter in letters]
        if as_json:
            for document, letter in zip(documents, letters, strict=True):
                record = state.record_by_id(letter.record_id)
                document["record"] = record.snapshot if record is not None else None
    if as_json:
        print_json(documents)
    else:
        print_csv(_COLUMNS, ([document[name] for name in _COLUMNS] for document in documents))


def _print_letters(letters: Sequence[DeadLetter]) -> None:
    from m3nop.cli.output import print_table
    from m3nop.core.clock import to_text

    headings = ("id", "pipeline", "key", "store", "created", "remedy", "message", "settled")
    rows = [
        (
            letter.id, letter.pipeline, letter.key, letter.store, to_text(letter.created_at), letter.remedy,
            letter.message, letter.settlement,
        )
        for letter in letters
    ]  # fmt: skip
    width = None if any(letter.settlement for letter in letters) else -1
    print_table(headings[:width], [row[:width] for row in rows])


def _print_groups(groups: Sequence[Group]) -> None:
    from m3nop.cli.output import print_line

    for number, group in enumerate(groups):
        if number:
            print_line("")
        keys = [f"{letter.pipeline}/{letter.key}" for letter in group.letters]
        more = f" and {len(keys) - _SHOWN_KEYS} more" if len(keys) > _SHOWN_KEYS else ""
        print_line(f"{len(keys)} {group.remedy}: {group.signature}")
        print_line(f"  {group.letters[-1].message}")
        print_line(f"  {group.advice}")
        print_line(f"  {', '.join(keys[:_SHOWN_KEYS])}{more}")
