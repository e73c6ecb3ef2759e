"""The manual page and the completion of shells are those of the commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.unit.docs import man_page

# As its own name, by which the shell calls it.
PROGRAM = "import sys; sys.argv = ['m3nop']; from m3nop.cli.main import main; main()"
SHELLS = {
    "bash": "complete -o default",
    "zsh": "#compdef m3nop",
    "fish": "complete --command m3nop",
    "powershell": "Register-ArgumentCompleter",
}


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff here")
def test_the_manual_page_can_be_set_without_a_warning():
    ended = subprocess.run(  # noqa: S603  the system's own, or ours
        ["groff", "-man", "-ww", "-Tutf8", man_page.PAGE], capture_output=True, timeout=60, check=False  # noqa: S607  the system's own
    )  # fmt: skip

    assert (ended.returncode, ended.stderr) == (0, b"")


def completed(shell):
    return subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "_M3NOP_COMPLETE": f"source_{shell}"},
    )  # fmt: skip


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_can_be_made_for_a_shell(shell, tmp_path):
    ended = completed(shell)

    assert ended.returncode == 0
    assert SHELLS[shell] in ended.stdout
    program = shutil.which(shell)
    if program is not None:
        script = tmp_path / "completion"
        script.write_text(ended.stdout, encoding="utf-8")
        checked = subprocess.run([program, "-n", script], check=False, timeout=60)  # noqa: S603  the system's own
        assert checked.returncode == 0
