"""Writes docs/reference/cli.md from the commands: ``python tests/unit/docs/cli_reference.py``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from m3nop.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"
WIDTH = 100
HEAD = """# Command line

`m3nop COMMAND --help` says the same as this page.

**The project** is the folder that `--project` or `M3NOP_PROJECT` names, else the nearest folder upwards with an
`m3nop.yaml`, else `./configs`.

**The environment** is what `--env` or `M3NOP_ENV` names. A project with one environment uses that. With several, a terminal
is asked; anything else (cron, CI) ends with exit code 2, and nothing is guessed.

**Output.** Data goes to stdout, progress and messages to stderr. `--json` prints one JSON document. `--quiet` leaves only
what is wrong; a progress display is shown on a terminal only. What ends a command is in [exit codes](exit-codes.md), what
it can say in [errors](errors.md).

**Instants** are `2026-12-01T08:00:00+01:00`, without a zone UTC, or a date. **Durations** are `30s`, `10m`, `2h`.

Ctrl-C and SIGTERM end a run in order: what is under way is answered or put in doubt, and committed. The next run goes on
from there. The same holds for a kill, without the good manners.
"""


def commands(command: Any | None = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something, with the words that call it."""
    command = command or typer.main.get_command(app)
    inner = getattr(command, "commands", {})
    if path and (not inner or command.invoke_without_command):
        yield path, command
    for name, found in inner.items():
        if not found.hidden:
            yield from commands(found, (*path, name))


def help_of(command: Any, path: tuple[str, ...]) -> str:
    """Return what ``--help`` prints."""
    with command.make_context(
        " ".join(("m3nop", *path)), [], resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH
    ) as context:
        return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def render() -> str:
    """Return the page."""
    parts = [HEAD]
    for path, command in sorted(commands(), key=lambda found: found[0]):
        parts.append(f"\n## {' '.join(path)}\n\n```text\n{help_of(command, path)}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8", newline="\n")
