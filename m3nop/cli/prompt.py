"""A prompt on one record: type an expression, see its value; with history and completion where possible."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from m3nop.core.errors import M3nopError

if TYPE_CHECKING:
    from m3nop.app.previewing import MappedRecord, Subject
    from m3nop.core.json import Json

HELP = """\
Type an expression to see its value, such as {record}.id or vars.
  vars     the pipeline's vars
  steps    what each step would send, and its answers as far as they are known
  names    what expressions can begin with
  help     this
Ctrl-D ends it."""
ROOTS = ("environment", "link", "reference", "remembered", "settings", "steps", "store", "vars")


def converse(
    subject: Subject,
    mapped: MappedRecord,
    evaluate: Callable[[str], Json],
    show: Callable[[MappedRecord], None],
) -> None:
    """Answer expressions until the input ends."""
    from m3nop.cli.output import print_line, say

    name = subject.pipeline.source.name
    _prepare(sorted(words(subject, mapped)))
    commands: Mapping[str, Callable[[], None]] = {
        "help": lambda: print_line(HELP.format(record=name)),
        "names": lambda: print_line(", ".join(sorted({name, *ROOTS}))),
        "vars": lambda: _print_vars(mapped),
        "steps": lambda: show(mapped),
    }
    say(f"{subject.pipeline.name} {subject.record.key}: type an expression, or help")
    while True:
        try:
            text = _ask(f"{name} {subject.record.key}> ").strip()
        except (EOFError, KeyboardInterrupt):
            say("")
            return
        if text in commands:
            commands[text]()
        elif text:
            _answer(text, evaluate)


def _ask(prompt: str) -> str:
    if sys.stdin.isatty():
        return input(prompt)
    # Nobody sees a prompt, and stdout is for data.
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def _answer(text: str, evaluate: Callable[[str], Json]) -> None:
    from m3nop.cli.output import print_line, say
    from m3nop.core.terminal import json_text

    try:
        value = evaluate(text)
    except M3nopError as error:
        say(str(error))
    else:
        print_line(value if isinstance(value, str) else json_text(value, indent=2))


def _print_vars(mapped: MappedRecord) -> None:
    from m3nop.cli.lives import field_lines
    from m3nop.cli.output import print_line

    for line in field_lines(mapped.vars, {}):
        print_line(line)


def words(subject: Subject, mapped: MappedRecord) -> Iterator[str]:
    """Yield what can be completed: paths of the record, settings, vars, steps and functions."""
    from m3nop.mapping.functions import FUNCTIONS

    yield from ROOTS
    yield from ("help", "names")
    yield from _paths(subject.pipeline.source.name, subject.record.snapshot)
    yield from (f"settings.{name}" for name in subject.pipeline.settings)
    yield from (f"vars.{name}" for name in mapped.vars)
    yield from (f"steps.{step.id}" for step in subject.pipeline.steps)
    yield from (f"{name}(" for name in FUNCTIONS)


def _paths(root: str, value: Any) -> Iterator[str]:  # noqa: ANN401  JSON
    yield root
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _paths(f"{root}.{name}", inner)
    elif isinstance(value, list) and value:
        yield from _paths(f"{root}[0]", value[0])


def _prepare(known: list[str]) -> None:
    """Give the prompt line editing, history and completion, where Python has them."""
    try:
        import readline
    except ImportError:
        # Windows, or a Python that was built without it: the prompt works, it only knows no keys.
        return

    def complete(text: str, state: int) -> str | None:
        fitting = [word for word in known if word.startswith(text)]
        return fitting[state] if state < len(fitting) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" \t\n,()&|=<>!`'\"[]{}:")
    readline.parse_and_bind("tab: complete")
