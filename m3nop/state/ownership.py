"""Who owns a SQLite state: an operating-system lock, and a note beside the database for those who must wait.

A kill releases the lock, a stop keeps it. The note also tells an unclean end from a clean one, and a database
that was put back or moved from the one that was here last.
"""

from __future__ import annotations

import json
import math
import os
import sys
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from m3nop.core.clock import to_text
from m3nop.core.errors import BusyError

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.core.clock import Clock

if sys.platform == "win32":
    import msvcrt

    # Windows locks are mandatory: a byte far behind the end keeps nobody from reading the file.
    _LOCKED_BYTE = 1 << 30

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        # flock, not lockf: a lockf lock is lost as soon as anything in this process closes the file.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_POLL = 0.2
"""Seconds between two tries for a lock that another process holds."""

_NETWORK_TYPES = frozenset({
    "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone",
    "fuse.s3fs", "fuse.sshfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs",
})  # fmt: skip


class Note(Struct, frozen=True):
    """What the last owner wrote beside the database."""

    pid: int | None = None
    command: str = ""
    started_at: str = ""
    clean: bool = False
    """It closed the database itself."""
    openings: tuple[str, ...] = field(default=())
    """Marks that the database may carry if it is the one that was here last."""
    files: str = ""
    """What tells the files that were here then from copies of them."""

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command}), since {self.started_at}"


class Ownership:
    """The lock of one database file. Raises OSError where the folder cannot be written."""

    def __init__(self, database: Path) -> None:
        self._lock_file = database.with_name(f"{database.name}.lock")
        self._note_file = database.with_name(f"{database.name}.owner")
        self._database = database
        self._descriptor: int | None = None
        self._note = Note()
        self.before = Note()
        """The note of the owner before this one; empty where there was none."""

    def acquire(self, *, command: str, clock: Clock, wait: float = 0) -> None:
        """Take the lock, trying again for ``wait`` seconds.

        Raises:
            BusyError: another process holds it, running or stopped.
        """
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            for _ in range(math.ceil(wait / _POLL)):
                if _locked(descriptor):
                    break
                clock.wait(_POLL)
            else:
                if not _locked(descriptor):
                    raise BusyError(self._busy())
            self._descriptor = descriptor
        finally:
            if self._descriptor is None:
                os.close(descriptor)
        self.before = self._read()
        now = to_text(clock.now())
        self._write(replace(self.before, pid=os.getpid(), command=command, started_at=now, clean=False))

    def continues(self, opening: str) -> bool:
        """Tell whether a database that carries this mark is the one that was here last, in the same files.

        A folder that is put back whole brings its note along, and with it the mark: only the files differ.
        """
        return opening in self.before.openings and self.before.files == self._files()

    def remember(self, *openings: str) -> None:
        """Note the marks, and the files, that tell this database from one that was put in its place."""
        self._write(replace(self._note, openings=openings, files=self._files()))

    def release(self, *, clean: bool) -> None:
        """Give the lock back; ``clean`` says that the database was closed in good order."""
        if self._descriptor is None:
            return
        try:
            if clean:
                self._write(replace(self._note, pid=None, clean=True))
        finally:
            os.close(self._descriptor)
            self._descriptor = None

    def _busy(self) -> str:
        note = self._read()
        holder = "another process" if note.pid is None else str(note)
        return (
            f"the state database {self._database} is in use by {holder}; wait for it to end (--wait 10m), "
            "or end that process"
        )

    def _files(self) -> str:
        # POSIX file systems may give the number of a deleted file to the next one. But the lock file is never
        # written to, and no program that copies can set the time of its last change (on Windows st_ctime is
        # that of its creation). Not the device: its number may change when the machine is started again.
        return f"{self._database.stat().st_ino} {self._lock_file.stat().st_ctime_ns}"

    def _read(self) -> Note:
        try:
            found = json.loads(self._note_file.read_text(encoding="utf-8"))
            return Note(**{**found, "openings": tuple(found["openings"])})
        except (OSError, ValueError, TypeError, KeyError):
            return Note()

    def _write(self, note: Note) -> None:
        values: dict[str, Any] = {name: getattr(note, name) for name in Note.__struct_fields__}
        descriptor = os.open(self._note_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(values, file)
        self._note = note


def network_type(path: Path, mounts: str) -> str | None:
    """Return the type of the network file system that ``path`` is on, or None; ``mounts`` is /proc/mounts."""
    if str(path).startswith("\\\\"):
        return "a network share"
    best, kind = "", ""
    for line in mounts.splitlines():
        point, found = ([*line.split(" "), "", "", ""])[1:3]
        point = point.encode().decode("unicode_escape")
        if len(point) >= len(best) and path.is_relative_to(point or "/"):
            best, kind = point, found
    return kind if kind in _NETWORK_TYPES else None


def _locked(descriptor: int) -> bool:
    try:
        _lock(descriptor)
    except OSError:
        return False
    return True
