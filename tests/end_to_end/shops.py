"""New projects as ``m3nop init`` makes them, with their embedded sandbox, and commands run in them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m3nop.core import json
from tests.end_to_end import children
from tests.end_to_end.children import Child

if TYPE_CHECKING:
    from tests.end_to_end.children import Ended

PLAIN = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"}


@dataclass
class NewProject:
    """A folder, and where the output of what is run in it goes."""

    folder: Path
    scratch: Path

    def run(self, *arguments: str, **environ: str) -> Ended:
        """Run a command to its end."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=self.scratch))
        ended = children.run(*arguments, folder=self.folder, environ={**PLAIN, **environ}, scratch=scratch)
        assert "Traceback" not in ended.err, ended.err
        return ended

    def start(self, *arguments: str, **environ: str) -> Child:
        """Start a command."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=self.scratch))
        return Child(arguments, folder=self.folder, environ={**PLAIN, **environ}, scratch=scratch)

    def read(self, *arguments: str, code: int = 0, **environ: str) -> Any:
        """Run a command with ``--json`` and return its document."""
        ended = self.run(*arguments, "--json", **environ)
        assert ended.code == code, ended.err
        return json.loads(ended.out)

    def change(self, old: str, new: str, *, file: str = "m3nop.yaml") -> None:
        """Change a file as an analyst would."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


_MADE: dict[tuple[str, ...], dict[Path, bytes]] = {}
"""The files of a new project, by what it was made with: writing its schemas takes half a second each time."""


def make(tmp_path: Path, *arguments: str) -> NewProject:
    """Make a project with ``m3nop init shop``, or write what that made before."""
    shop = NewProject(tmp_path / "shop", tmp_path / "scratch")
    if arguments not in _MADE:
        made = NewProject(tmp_path, shop.scratch).run("init", "shop", *arguments)
        assert made.code == 0, made.err
        files = (path for path in shop.folder.rglob("*") if path.is_file())
        _MADE[arguments] = {path.relative_to(shop.folder): path.read_bytes() for path in files}
        return shop
    for path, content in _MADE[arguments].items():
        file = shop.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return shop


def typed(*arguments: str, folder: Path, text: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command that reads ``text`` from its standard input."""
    return subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-m", "m3nop", *arguments], cwd=folder, input=text, text=True, encoding="utf-8",
        capture_output=True, env={**os.environ, **PLAIN, **environ}, timeout=60, check=False,
    )  # fmt: skip
