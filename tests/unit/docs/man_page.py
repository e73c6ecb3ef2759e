"""Writes packaging/m3nop.1, the manual page, from the commands: ``python tests/unit/docs/man_page.py``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tests.unit.docs.cli_reference import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "packaging" / "m3nop.1"
EXIT_CODES = ROOT / "docs" / "reference" / "exit-codes.md"
KINDS = {"Path": "PATH", "path": "PATH", "int": "NUMBER", "int range": "NUMBER", "float": "NUMBER"}
HEAD = r""".\" Written by tests/unit/docs/man_page.py from the commands themselves.
.TH M3NOP 1 "" "m3nop" "User Commands"
.SH NAME
m3nop \- keep a nopCommerce shop and an Infor M3 ERP in step
.SH SYNOPSIS
.B m3nop
.I COMMAND
.RI [ OPTIONS ]
.RI [ ARGUMENTS ]
.SH DESCRIPTION
A project is a folder with a file
.I m3nop.yaml
and pipelines, lookups and tests beside it.
Its pipelines bring orders, customers and payments of the shop into M3, each exactly once, and products, prices, stock and
shipments of M3 into the shop.
.B m3nop sync
runs them once,
.B m3nop run
as a service.
Data goes to standard output, everything else to standard error.
"""
TAIL = r""".SH ENVIRONMENT
.TP
.B M3NOP_PROJECT
Folder of the project, in place of
.BR \-\-project .
.TP
.B M3NOP_ENV
Environment to work in, in place of
.BR \-\-env .
.TP
.BI M3NOP_SECRET_ NAME _FILE
File that holds the secret
.IR NAME .
.TP
.BI M3NOP_SECRET_ NAME
The secret
.I NAME
itself.
.TP
.B CREDENTIALS_DIRECTORY
Folder in which systemd puts secrets, each in a file of its name.
.SH FILES
.TP
.I m3nop.yaml
The project; found in the working directory or above it.
.TP
.IR .m3nop/ ENVIRONMENT /state.db
What was sent and what became of it, unless the project has
.B state
elsewhere.
"""


def escaped(text: str) -> str:
    """Write text so that troff takes none of it for a command."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "").replace("…", "...")
    return re.sub(r"^(['.])", r"\\&\1", plain)


def paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text, each on one line."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        yield escaped(" ".join(paragraph.split()))


def synopsis(command: Any) -> str:
    """Return the arguments of a command as one types them."""
    with command.make_context("m3nop", [], resilient_parsing=True) as context:
        return escaped(" ".join(command.collect_usage_pieces(context)))


def options(command: Any) -> Iterator[str]:
    """Yield the options of a command, each with its help."""
    with command.make_context("m3nop", [], resilient_parsing=True) as context:
        records = [one.get_help_record(context) for one in command.params if one.name != "help"]
    for names, said in (record for record in records if record is not None and record[0].startswith("-")):
        option, _, value = names.partition(" <")
        shown = f" \\fI{escaped(KINDS.get(value.rstrip('>'), 'VALUE'))}\\fR" if value else ""
        yield f".TP\n\\fB{escaped(option)}\\fR{shown}\n{escaped(said)}\n"


def exit_codes() -> Iterator[str]:
    """Yield the exit codes with their meanings."""
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", EXIT_CODES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for code, meaning in rows:
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", meaning)
        yield f".TP\n.B {code}\n{escaped(plain)}\n"


def render() -> str:
    """Return the page."""
    parts = [HEAD, ".SH COMMANDS\n"]
    for path, command in sorted(commands(), key=lambda found: found[0]):
        first, *more = paragraphs(command.help or "")
        parts.append(f'.SS "m3nop {" ".join(path)}"\n.B m3nop {" ".join(path)}\n{synopsis(command)}\n.PP\n')
        parts.append("".join([f"{first}\n", *(f".PP\n{text}\n" for text in more), *options(command)]))
    parts += [".SH EXIT STATUS\n", *exit_codes(), TAIL]
    return "".join(parts)


if __name__ == "__main__":
    typer.echo(f"written: {PAGE}")
    PAGE.write_text(render(), encoding="utf-8", newline="\n")
