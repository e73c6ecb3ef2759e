"""What a disk holds after a power loss, by what ``powerloss.c`` kept beside a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SYNCED_ONLY = "synced only"
"""Nothing that was not synced is there: neither content nor names."""
NAMES_KEPT = "names kept"
"""All names are there, and the small files as they were; of the database and its log only what was synced."""

_DATABASE = ("state.db", "state.db-wal")
_DELETED = "deleted-"


def compiler() -> str | None:
    """Return the C compiler of this machine, if it has one that can make a library to preload."""
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)


def compile_shim(source: Path, target: Path) -> None:
    """Make the library to preload."""
    command = [
        str(compiler()),
        "-shared",
        "-fPIC",
        "-O1",
        "-Wall",
        "-Werror",
        "-o",
        str(target),
        str(source),
        "-ldl",
    ]
    subprocess.run(command, check=True)  # noqa: S603


class Disk:
    """A watched folder and its shadow."""

    def __init__(self, folder: Path, shadow: Path) -> None:
        self.folder = folder
        self.shadow = shadow

    @property
    def environ(self) -> dict[str, str]:
        """What a preloaded process needs to know."""
        return {"POWERLOSS_FOLDER": str(self.folder), "POWERLOSS_SHADOW": str(self.shadow)}

    def begin(self) -> None:
        """Take all that is there now for synced."""
        shutil.rmtree(self.shadow, ignore_errors=True)
        self.shadow.mkdir(parents=True)
        names = []
        for file in self._files():
            number = file.stat().st_ino
            shutil.copyfile(file, self.shadow / str(number))
            names.append(f"{number} {file.name}\n")
        (self.shadow / "names").write_text("".join(names), encoding="utf-8")

    def synced(self, target: Path) -> None:
        """Write a copy of what is synced into an empty folder; processes may go on meanwhile."""
        for name, number in self._names().items():
            content = self.shadow / str(number)
            (target / name).write_bytes(content.read_bytes() if content.exists() else b"")

    def lose_power(self, how: str) -> None:
        """Drop from the folder, whose process is dead, what was not synced; its files keep their numbers."""
        if how == SYNCED_ONLY:
            self._put_names_back()
        for file in self._files():
            if how == SYNCED_ONLY or file.name in _DATABASE:
                self._put_content_back(file)
        self.begin()

    def _put_names_back(self) -> None:
        wanted = self._names()
        for file in self._files():
            os.link(file, self.shadow / f"kept-{file.stat().st_ino}")
            if wanted.get(file.name) != file.stat().st_ino:
                file.unlink()
        for name, number in wanted.items():
            kept = (self.shadow / f"{start}{number}" for start in ("kept-", _DELETED))
            if not (self.folder / name).exists():
                os.link(next(one for one in kept if one.exists()), self.folder / name)

    def _put_content_back(self, file: Path) -> None:
        synced = self.shadow / str(file.stat().st_ino)
        content = synced.read_bytes() if synced.exists() else b""
        if content != file.read_bytes():
            # In place: a file of another number would be taken for a copy.
            with file.open("r+b") as opened:
                opened.truncate()
                opened.write(content)

    def _names(self) -> dict[str, int]:
        text = (self.shadow / "names").read_text(encoding="utf-8")
        return {name: int(number) for number, name in (line.split(" ", 1) for line in text.splitlines())}

    def _files(self) -> list[Path]:
        return [file for file in self.folder.iterdir() if file.is_file()] if self.folder.exists() else []
