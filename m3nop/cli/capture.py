"""The command that keeps a real record for tests: capture."""

from __future__ import annotations

from typing import Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here
from m3nop.cli.record_options import Read, Store

PipelineName = Annotated[str, typer.Argument(help="Name of the pipeline.")]
Key = Annotated[str, typer.Option("--key", help="Key of the record.", show_default=False)]
Name = Annotated[
    str | None,
    typer.Option("--name", help="Name of the files; pipeline and key unless given.", show_default=False),
]
Scrub = Annotated[
    bool,
    typer.Option("--scrub/--no-scrub", help="Take secrets and personal data out, or leave all as it is."),
]
Wire = Annotated[
    bool, typer.Option("--wire", help="Keep the whole exchange, which `m3nop test` plays again; needs vcrpy.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("capture")(run)


def run(
    pipeline: PipelineName, *, key: Key, name: Name = None, scrub: Scrub = True, wire: Wire = False,
    overwrite: Overwrite = False, store: Store = None, read: Read = False, project: Project = None,
    env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Keep a real record as a fixture, with a test of what its pipeline makes of it; nothing is sent.

    Names, addresses, numbers of persons and whatever else is personal are replaced; lengths and kinds of
    characters stay, and equal values stay equal.
    """
    from m3nop.app import previewing
    from m3nop.app.capturing import Manner, capture
    from m3nop.cli.output import print_json, print_line, say

    with open_here(project, env, command=f"capture {pipeline}") as session:
        subject = previewing.subject_by_key(session, pipeline, key, store=store, read=read)
        done = capture(session, subject, Manner(name, scrub, overwrite, wire))
    if as_json:
        print_json({"fixture": str(done.kept), "test": str(done.test), "reads": done.reads})
        return
    for path in (done.kept, done.test):
        print_line(str(path))
    say(f"{pipeline} {key}, {subject.origin}" + ("" if scrub else ": with all personal data that is in it"))
