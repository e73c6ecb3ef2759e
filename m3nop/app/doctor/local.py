"""Checks this machine: secrets, keyring, permissions, the state database, where each pipeline begins."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from m3nop.app.doctor.findings import Finding, failed, ok, skipped, warning
from m3nop.app.secret_uses import look_up, uses_in
from m3nop.app.secrets import Secrets, keeps_secrets, keyring_name
from m3nop.core.connector import Effect
from m3nop.core.errors import M3nopError
from m3nop.mapping.pipeline import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m3nop.app.secret_uses import Found
    from m3nop.app.session import Session
    from m3nop.mapping.pipeline import Pipeline

_SANDBOX = "sandbox"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_secrets(session: Session) -> Iterator[Finding]:
    """Look up every secret of the environment."""
    found = look_up(uses_in(session.project), Secrets())
    for one in found:
        name = one.secret.name
        if one.trouble:
            yield failed("secret", name, one.trouble, one.remedy, access=True)
        else:
            yield ok("secret", name, one.place)
            yield from _permissions_of_secret(one)
    if keeps_secrets():
        yield ok("keyring", keyring_name(), "encrypts what it keeps")
    else:
        yield ok("keyring", keyring_name(), "none that encrypts: secrets come from files or the environment")


def _permissions_of_secret(found: Found) -> Iterator[Finding]:
    if found.place.startswith("file "):
        yield from _private(Path(found.place.removeprefix("file ")))


def check_files(session: Session) -> Iterator[Finding]:
    """Look for files with secrets or personal data that others of this machine can read."""
    if os.name != "posix":
        yield skipped("permissions", str(session.place.folder), "Windows keeps them otherwise")
        return
    folder = session.place.folder
    state = folder / ".m3nop" / session.place.environment
    private = [path for path in (state / "state.db", folder / ".env") if path.exists()]
    for path in (*private, *sorted(folder.glob("*.ionapi"))):
        yield from _private(path)


def _private(path: Path) -> Iterator[Finding]:
    if os.name != "posix":
        return
    try:
        mode = path.stat().st_mode
    except OSError as error:
        yield failed(
            "permissions", str(path), f"it cannot be read: {error.strerror or error}", "let us read it"
        )
        return
    if mode & _OTHERS:
        detail = f"others may use it (mode {stat.S_IMODE(mode):o})"
        yield warning("permissions", str(path), detail, f"chmod 600 {path}")
    else:
        yield ok("permissions", str(path), "ours alone")


def check_state(session: Session) -> Iterator[Finding]:
    """Read the state database from end to end."""
    if not session.has_state():
        folder = session.place.folder / ".m3nop" / session.place.environment
        if os.access(folder, os.W_OK):
            yield ok("state", str(folder), "not there yet; the first run makes it")
        else:
            yield failed("state", str(folder), "the folder cannot be written", "make it writable")
        return
    try:
        damages = session.state(read_only=True).verify()
    except M3nopError as error:
        yield failed("state", session.place.environment, str(error), "see docs/reference/state.md")
        return
    for damage in damages:
        yield failed("state", session.place.environment, damage, "restore a backup, then run `m3nop sync`")
    if not damages:
        yield ok("state", session.place.environment, "every row fits")


def check_start(session: Session, pipelines: list[Pipeline]) -> Iterator[Finding]:
    """Look for pipelines that would enter whatever is old."""
    if session.place.environment == _SANDBOX:
        return
    starts = {pipeline.name: pipeline.start for pipeline in pipelines if _is_unsafe(pipeline)}
    for name, start in starts.items():
        if start is not None or _baseline(session, name):
            yield ok("start", name, "older records are left alone")
        else:
            remedy = f"write `start: {{{name}: ...}}` in the environment, or `m3nop state baseline {name}`"
            yield failed("start", name, "it is not said from when on records are delivered", remedy)


def _is_unsafe(pipeline: Pipeline) -> bool:
    return any(
        step.call and step.call.target.operation.effect is Effect.UNSAFE for step in walk(pipeline.steps)
    )


def _baseline(session: Session, name: str) -> bool:
    try:
        return session.has_state() and session.state(read_only=True).baseline(name) is not None
    except M3nopError:
        return False
