"""Finds the YAML in Markdown, so that documentation cannot rot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from m3nop.core.problems import Position, Problem
from m3nop.spec.loader import Document, decode, load_text, read_bytes
from m3nop.spec.tree import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OPEN = re.compile(r"^( *)(`{3,}|~{3,}) *(?:yaml|yml)\b[^\n]*$")


def fences(path: Path, *, file: str) -> Iterator[Document]:
    """Read each YAML fence of a Markdown file; places are those of the Markdown file."""
    try:
        text, problem = decode(read_bytes(path), file=file)
    except OSError as error:
        text, problem = "", Problem(Position(file), "unreadable-file", f"cannot be read: {error.strerror}")
    if problem is not None:
        yield Document(Source(file, ""), None, (problem,))
        return
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        opened = _OPEN.match(lines[at])
        at += 1
        if not opened:
            continue
        indent, mark = len(opened[1]), opened[2]
        begin = at
        while at < len(lines) and not lines[at].strip().startswith(mark):
            at += 1
        body = "\n".join(_unindent(line, indent) for line in lines[begin:at])
        at += 1
        yield load_text(f"{body}\n", file=file, first_line=begin + 1, indent=indent)


def _unindent(line: str, indent: int) -> str:
    return line[indent:] if line[:indent].isspace() or not indent else line
