"""The audit trail names who acted, as the operating system knows it."""

from __future__ import annotations

import os
import sys

import pytest

from m3nop.app.actor import current_user

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows one name only")


def test_the_environment_has_no_say_in_the_name(monkeypatch, tmp_path):
    import pwd  # noqa: PLC0415  not on Windows

    for name in ("USER", "LOGNAME", "SUDO_USER", "USERNAME"):
        monkeypatch.setenv(name, "mallory")

    assert current_user(login=tmp_path / "none") == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize("written", [str(2**32 - 1), "", "?"])
def test_where_nobody_logged_in_the_user_of_the_process_acts(tmp_path, written):
    (tmp_path / "loginuid").write_text(written, encoding="ascii")

    assert current_user(login=tmp_path / "loginuid") == current_user(login=tmp_path / "none")


def test_who_acts_as_somebody_else_is_named_before_them(tmp_path):
    user = current_user(login=tmp_path / "none")
    (tmp_path / "loginuid").write_text("4123456", encoding="ascii")
    assert current_user(login=tmp_path / "loginuid") == f"uid 4123456 as {user}"

    (tmp_path / "loginuid").write_text(str(os.getuid()), encoding="ascii")
    assert current_user(login=tmp_path / "loginuid") == user
