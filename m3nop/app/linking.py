"""Links by the file: takes over what an earlier integration created, and gives out what is remembered."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from m3nop.app.actor import current_user
from m3nop.app.session import unknown
from m3nop.core.errors import ConfigurationError, UsageError
from m3nop.core.problems import Position, Problem
from m3nop.core.records import AttemptState, Link

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from m3nop.app.session import Session
    from m3nop.core.state import State

COLUMNS = ("pipeline", "key", "shop", "m3")
_OPEN = (AttemptState.OPEN, AttemptState.UNDOING)


class Imported(Struct, frozen=True):
    """What an import did."""

    new: int
    known: int
    """Links that were there already, as the file has them."""


class _Row(Struct, frozen=True):
    line: int
    pipeline: str
    key: str
    shop: str
    m3: str


def import_links(session: Session, path: Path, *, wait: float = 0.0, dry_run: bool = False) -> Imported:
    """Take links over from a CSV file: all of them, or none if any is wrong; with ``dry_run`` none at all.

    Raises:
        UsageError: the file cannot be read.
        ConfigurationError: it is wrong; carries every problem, with its line.
        BusyError: a run goes on.
    """
    once = frozenset(name for name in session.project.pipelines if _creates_once(session, name))
    rows, problems = _read(path)
    problems += _check_file(rows, session.project.pipelines, once, file=str(path))
    # A file that is wrong in itself is refused without waiting for the state.
    _refuse(path, problems)
    now = session.clock.now()
    if dry_run:
        return _tried(session, rows, once, path)
    state = session.state(wait=wait)
    new, problems = _compare(state, rows, once, file=str(path))
    _refuse(path, problems)
    links = [Link(row.pipeline, row.key, row.shop, row.m3, now, "import") for row in new]
    with state.transaction() as tx:
        for link in links:
            tx.put_link(link)
        for name in dict.fromkeys(link.pipeline for link in links):
            tx.wake(name, [link.key for link in links if link.pipeline == name])
        if links:
            detail = {"new": len(links), "known": len(rows) - len(links)}
            tx.audit(now=now, actor=current_user(), action="links import", subject=path.name, detail=detail)
    return Imported(len(links), len(rows) - len(links))


def _tried(session: Session, rows: Sequence[_Row], once: frozenset[str], path: Path) -> Imported:
    """Say what an import would do; where nothing was ever run all of it is new."""
    if not session.has_state():
        return Imported(len(rows), 0)
    new, problems = _compare(session.state(read_only=True), rows, once, file=str(path))
    _refuse(path, problems)
    return Imported(len(new), len(rows) - len(new))


def stream_links(state: State, *, pipeline: str | None = None) -> Iterator[Mapping[str, Any]]:
    """Read the links row by row, those of pipelines that are no more included."""
    return (row for row in state.stream("links") if pipeline in (None, row["pipeline"]))


def _refuse(path: Path, problems: Sequence[Problem]) -> None:
    if problems:
        msg = f"nothing was imported from {path}: {len(problems)} problem{'s' if len(problems) > 1 else ''}"
        raise ConfigurationError(msg, problems=sorted(problems, key=lambda problem: problem.position))


def _read(path: Path) -> tuple[list[_Row], list[Problem]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], [
            Problem(Position(str(path)), "not-text", "the file is not UTF-8 text", "save it as CSV UTF-8")
        ]
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror or error}"
        raise UsageError(msg) from None
    if "\0" in text:
        return [], [Problem(Position(str(path)), "not-text", "the file is not text", "save it as CSV UTF-8")]
    return _parse(text, str(path))


def _parse(text: str, file: str) -> tuple[list[_Row], list[Problem]]:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    rows: list[_Row] = []
    problems: list[Problem] = []
    header: list[str] = []
    try:
        for raw in reader:
            cells = [cell.strip() for cell in raw]
            if not any(cells):
                continue
            at = Position(file, reader.line_num)
            if not header:
                header = cells
                if sorted(header) != sorted(COLUMNS):
                    message = f"the first line is {', '.join(header)}"
                    return [], [
                        Problem(at, "links-header", message, f"it must name the columns {','.join(COLUMNS)}")
                    ]
            elif len(cells) != len(header):
                message = f"the line has {len(cells)} cells, the header {len(header)}"
                problems.append(Problem(at, "links-row", message))
            else:
                rows.append(_Row(reader.line_num, **dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        problems.append(Problem(Position(file, reader.line_num), "not-csv", str(error)))
    if not header and not problems:
        hint = f"its first line is {','.join(COLUMNS)}"
        problems.append(Problem(Position(file), "links-header", "the file is empty", hint))
    return rows, problems


def _check_file(
    rows: Sequence[_Row], known: Sequence[str], once: frozenset[str], *, file: str
) -> list[Problem]:
    """Find what is wrong with the rows themselves; ``once`` names the pipelines that make documents."""
    problems: list[Problem] = []
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        at = Position(file, row.line)
        blank = [name for name in COLUMNS if not getattr(row, name)]
        if blank:
            problems.append(
                Problem(
                    at, "links-blank", f"{' and '.join(blank)} {'is' if len(blank) == 1 else 'are'} blank"
                )
            )
            continue
        if row.pipeline not in known:
            problems.append(Problem(at, "unknown-pipeline", unknown("pipeline", row.pipeline, known)))
            continue
        names = [("key", row.pipeline, row.key)]
        if row.pipeline in once:
            names.append(("M3 key", row.pipeline, row.m3))
        for name in names:
            if name in seen:
                message = f"{name[1]}: the {name[0]} {name[2]} is on line {seen[name]} already"
                problems.append(Problem(at, "links-twice", message))
            seen.setdefault(name, row.line)
    return problems


def _creates_once(session: Session, name: str) -> bool:
    return any(
        session.project.pipeline(name, store).commit_step is not None
        for store in session.project.stores_of(name)
    )


def _compare(
    state: State, rows: Sequence[_Row], once: frozenset[str], *, file: str
) -> tuple[list[_Row], list[Problem]]:
    """Return the rows that are new, and what does not fit what is remembered."""
    new: list[_Row] = []
    problems: list[Problem] = []
    for name in dict.fromkeys(row.pipeline for row in rows):
        links = state.links(name)
        by_key = {link.key: link for link in links}
        by_m3 = {link.m3: link for link in links} if name in once else {}
        for row in (row for row in rows if row.pipeline == name):
            link = by_key.get(row.key) or by_m3.get(row.m3)
            if link is None:
                new.append(row)
            elif (link.key, link.shop, link.m3) != (row.key, row.shop, row.m3):
                message = (
                    f"{name} {link.key} is linked already: shop {link.shop}, M3 {link.m3} ({link.origin})"
                )
                problems.append(Problem(Position(file, row.line), "links-conflict", message))
    return new, problems + [problem for row in new for problem in _being_entered(state, row, file=file)]


def _being_entered(state: State, row: _Row, *, file: str) -> Iterator[Problem]:
    record = state.record(row.pipeline, row.key)
    attempt = state.attempt(record.attempt_id) if record is not None and record.attempt_id else None
    if record is not None and attempt is not None and attempt.state in _OPEN:
        message = f"{row.pipeline} {row.key} is being entered by m3nop itself ({record.state})"
        hint = f"let it settle first: m3nop trace {row.pipeline}/{row.key}"
        yield Problem(Position(file, row.line), "links-conflict", message, hint)
