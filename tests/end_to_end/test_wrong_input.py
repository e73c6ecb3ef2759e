"""Whatever is wrong, a command says so in a message, ends with its code, and loses nothing.

After each cause is gone, the same command enters every order once.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from m3nop.core import json
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from m3nop.sandbox.faults import Fault
from tests.end_to_end.children import Ended
from tests.end_to_end.conftest import CLEAN, MakeProject, Project, judge, place, rows, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from m3nop.sandbox.world import World

SYNC = ("sync", "orders")
FULL_DEVICE = Path("/dev/full")

posix = pytest.mark.skipif(sys.platform == "win32", reason="the shell of POSIX closes the streams")
needs_full_device = pytest.mark.skipif(
    not FULL_DEVICE.exists(), reason="only Linux has a device that is always full"
)
needs_mounts = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root of Linux mounts a small file system"
)


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project()


@pytest.fixture
def references(project: Project, world: World) -> list[str]:
    """Two orders that wait to be entered, and how M3 will know them."""
    return [f"B2C-{place(world)}" for _ in range(2)]


def check(ended: Ended, code: int, *said: str) -> None:
    """Expect an end with a message that says all this, and nothing that only a programmer can read."""
    told = ended.out + ended.err
    assert ended.code == code, told
    assert "Traceback" not in told
    assert [part for part in said if part not in ended.err] == [], ended.err


def use_again(project: Project) -> None:
    """End the wait for systems that did not work, as somebody does who has put them right."""
    said = project.run("circuits", "list", "--json")
    # A state that could not be set up knows of no system.
    for circuit in json.loads(said.out) if said.code == 0 else ():
        if circuit["phase"] == "open":
            assert project.run("circuits", "close", circuit["connection"]).code == 0


def check_recovered(project: Project, world: World, references: list[str], *arguments: str) -> None:
    """Expect that the same command now enters each order once."""
    use_again(project)
    ended = project.run(*SYNC, *arguments)
    assert ended.code == 0, ended.err
    assert judge(world, references) == CLEAN


# -- files

BAD_YAML: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "1:1: empty-file"),
    "only a comment": (b"# nothing\n", "1:1: empty-file"),
    "binary": (bytes(range(256)) * 8, "binary-file"),
    "of another encoding": ("connections: {}".encode("utf-16"), "not-utf8"),
    "nested without end": (b"a: " + b"[" * 100_000, "1:63: too-deep"),
    "a bomb of aliases": (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "alias"),
    "huge": (b"a: b\n" * 500_000, "file-too-large"),
    "of very many values": (b"a: [" + b"1," * 60_000 + b"]", "file-too-large"),
    "a list": (b"- a\n", "wrong-value"),
    "an instruction to run a program": (b"!!python/object/apply:os.system [exit]", "tag"),
}


@pytest.mark.parametrize("file", ["m3nop.yaml", "pipelines/orders.yaml"])
def test_a_yaml_file_that_cannot_be_used_is_named_with_the_place(
    file: str, project: Project, world: World, references: list[str]
) -> None:
    path = project.folder / file
    good = path.read_bytes()
    for data, said in BAD_YAML.values():
        path.write_bytes(data)
        check(project.run(*SYNC), 3, f"{path.as_posix()}:", said, "m3nop validate")
    assert rows(world, "m3.batch_orders") == []
    path.write_bytes(good)
    check_recovered(project, world, references)


def test_a_lookup_that_cannot_be_used_is_named_with_the_place(
    project: Project, world: World, references: list[str]
) -> None:
    path = project.folder / "lookups" / "order_types.yaml"
    good = path.read_bytes()
    for data, said in ((b"", "1:1: empty-file"), (b"\x00\x01", "binary-file"), (b'"1": [A', "yaml-syntax")):
        path.write_bytes(data)
        check(project.run(*SYNC), 3, f"{path.as_posix()}:", said)
    path.unlink()
    check(project.run(*SYNC), 3, "unknown-lookup: there is no lookup 'order_types'")
    path.write_bytes(good)
    check_recovered(project, world, references)


def test_without_a_project_file_a_command_tells_how_to_make_one(
    project: Project, world: World, references: list[str]
) -> None:
    path = project.folder / "m3nop.yaml"
    good = path.read_bytes()
    path.unlink()
    check(project.run(*SYNC), 2, "there is no project here", "m3nop init", "--project")
    check(project.run(*SYNC, "--project", "elsewhere"), 2, "elsewhere holds no m3nop.yaml", "m3nop init")
    path.mkdir()
    check(project.run(*SYNC), 2, "there is no project here")
    path.rmdir()
    path.write_bytes(good)
    check_recovered(project, world, references)


def test_a_pipeline_file_that_is_gone_is_missed_where_it_is_named(
    project: Project, world: World, references: list[str]
) -> None:
    path = project.folder / "pipelines" / "orders.yaml"
    good = path.read_bytes()
    path.unlink()
    check(project.run(*SYNC), 3, "m3nop.yaml:", "unknown-pipeline: there is no pipeline 'orders'")
    path.write_bytes(good)
    check_recovered(project, world, references)


# -- the command line

BAD_ARGUMENTS: dict[str, tuple[tuple[str, ...], str]] = {
    "an unknown pipeline": (("sync", "ordrs"), "there is no pipeline 'ordrs'; did you mean 'orders'?"),
    "no pipeline": (("sync",), "name the pipelines to run, or --all"),
    "a pipeline and all": ((*SYNC, "--all"), "name the pipelines to run, or --all"),
    "an unknown environment": ((*SYNC, "--env", "prd"), "there is no environment 'prd'; there is sandbox"),
    "a path as the environment": ((*SYNC, "--env", "../x"), "there is no environment '../x'"),
    "an unknown store": ((*SYNC, "--store", "b2x"), "there is no store 'b2x'; did you mean"),
    "no store": ((*SYNC, "--store", ""), "there is no store ''; there are b2b, b2c"),
    "a word as the date": ((*SYNC, "--since", "yesterday"), "'yesterday' is no date; write 2026-11-01"),
    "a day that is not": ((*SYNC, "--since", "2026-02-30"), "'2026-02-30' is no date"),
    "an empty date": ((*SYNC, "--since", ""), "'' is no date"),
    "a date after the last": ((*SYNC, "--since", "9999-12-31T23:59:59-23:00"), "is no date"),
    "a bad date of a plan": (("plan", "orders", "--since", "x"), "'x' is no date"),
    "a limit of none": ((*SYNC, "--limit", "0"), "--limit"),
    "a limit below none": ((*SYNC, "--limit", "-1"), "--limit"),
    "a word as the limit": ((*SYNC, "--limit", "ten"), "--limit"),
    "a limit that no list has": (("runs", "--limit", "99999999999999999999"), "--limit"),
    "a bad duration": ((*SYNC, "--wait", "soon"), "a duration is written as 60s"),
    "a duration below none": ((*SYNC, "--linger", "-5s"), "a duration is written as 60s"),
    "an endless duration": ((*SYNC, "--linger", "inf"), "a duration is written as 60s"),
    "an unknown form of the log": ((*SYNC, "--log-format", "xml"), "--log-format is text or json, not 'xml'"),
    "an unknown option": ((*SYNC, "--nope"), "--nope"),
    "an unknown command": (("snc",), "Did you mean 'sync'?"),
}


def test_a_command_line_that_asks_for_what_cannot_be_ends_at_once(
    project: Project, world: World, references: list[str]
) -> None:
    for arguments, said in BAD_ARGUMENTS.values():
        check(project.run(*arguments), 2, said)
    assert [path for request in world.requests for path in request.operations] == []
    check_recovered(project, world, references)


@pytest.mark.parametrize("command", ["sync", "plan"])
def test_a_key_that_no_record_has_is_said(
    command: str, project: Project, world: World, references: list[str]
) -> None:
    for key in ("nope", "", "1'; drop table records; --"):
        check(project.run(command, "orders", "--key", key), 2, "orders has no record", "m3nop trace")
    known = references[0].partition("-")[2]
    elsewhere = project.run(command, "orders", "--key", known, "--store", "b2b")
    check(elsewhere, 2, f"orders in b2b has no record '{known}'")
    assert rows(world, "m3.orders") == []
    check(project.run(command, "orders", "--key", known), 0)
    check_recovered(project, world, references)


def test_numbers_beyond_every_order_are_as_good_as_others(
    project: Project, world: World, references: list[str]
) -> None:
    check(project.run(*SYNC, "--since", "9999-12-31"), 0)
    check(
        project.run(*SYNC, "--since", "0001-01-01", "--limit", "99999999999999999999", "--wait", "999999d"), 0
    )
    assert judge(world, references) == CLEAN


# -- the state


def test_a_state_folder_that_something_stands_in_the_way_of_is_named(
    project: Project, world: World, references: list[str]
) -> None:
    folder = project.state_file.parent
    for path in (folder.parent, folder):
        path.parent.mkdir(exist_ok=True)
        path.write_text("in the way")
        check(project.run(*SYNC), 3, f"the state cannot be kept in {folder}", "this user may write to")
        path.unlink()
    for ending in ("", ".lock", ".owner"):
        path = folder / f"state.db{ending}"
        path.mkdir(parents=True)
        check(
            project.run(*SYNC), 3, f"the state database {project.state_file} cannot be used", "Is a directory"
        )
        path.rmdir()
        project.forget()
    assert rows(world, "m3.batch_orders") == []
    check_recovered(project, world, references)


def system(*arguments: str | Path) -> str:
    """Run a program of the system; return why it failed."""
    return subprocess.run(arguments, capture_output=True, text=True, check=False).stderr  # noqa: S603


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Let a folder be a file system of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    if why := system("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder):
        pytest.skip(f"this machine mounts nothing: {why}")
    try:
        yield
    finally:
        assert system("umount", folder) == ""


def remount(folder: Path, options: str) -> None:
    assert system("mount", "-o", f"remount,{options}", folder) == ""


@needs_mounts
def test_a_read_only_state_folder_stops_a_run_before_anything_is_sent(
    project: Project, world: World, references: list[str]
) -> None:
    folder = project.state_file.parent
    with mounted(folder, "size=4m,ro"):
        check(
            project.run(*SYNC),
            3,
            f"{project.state_file} cannot be used: Read-only file system",
            "may write to",
        )
        assert rows(world, "m3.batch_orders") == []
        check(project.run("plan", "orders"), 0)
        remount(folder, "rw")
        check_recovered(project, world, references)
        references.append(f"B2C-{place(world)}")
        remount(folder, "ro")
        check(project.run(*SYNC), 3, "cannot be used", "may write to")
        remount(folder, "rw")
        check_recovered(project, world, references)


@needs_mounts
@pytest.mark.parametrize("kilobytes", [40, 260, 300, 340, 400])
def test_a_full_disk_stops_all_sending_and_every_order_is_entered_once_there_is_room(
    kilobytes: int, project: Project, world: World
) -> None:
    references = [f"B2C-{place(world)}" for _ in range(6)]
    with mounted(project.state_file.parent, f"size={kilobytes}k"):
        check(project.run(*SYNC), 3, f"the state database {project.state_file} cannot be used", "disk")
        before = len(world.requests)
        check(project.run(*SYNC), 3, "cannot be used")
        acting = [
            one
            for request in list(world.requests)[before:]
            for one in request.operations
            if "AddBatch" in one
        ]
        assert acting == []
        remount(project.state_file.parent, "size=32m")
        check_recovered(project, world, references)


def test_a_damaged_state_database_is_refused_until_a_good_one_is_put_back(
    project: Project, world: World
) -> None:
    references = [f"B2C-{place(world)}"]
    check_recovered(project, world, references)
    references.append(f"B2C-{place(world)}")
    good = project.state_file.read_bytes()
    damaged = {
        "not a state database": b"hello" * 1000,
        "malformed": good[: len(good) // 2],
        "damaged": good[:4096] + b"\xff" * 40_960 + good[45_056:],
    }
    for said, data in damaged.items():
        project.state_file.write_bytes(data)
        project.state_file.with_name("state.db.owner").unlink()
        check(project.run(*SYNC), 3, str(project.state_file), said, "put back a backup")
        check(project.run("status"), 3, str(project.state_file))
    assert len(rows(world, "m3.orders")) == 1
    project.state_file.write_bytes(good)
    check_recovered(project, world, references)


def test_a_database_of_something_else_is_left_alone(
    project: Project, world: World, references: list[str]
) -> None:
    project.state_file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(project.state_file)) as other, other:
        other.execute("create table accounts (id)")
    check(project.run(*SYNC), 3, "holds other tables (accounts", "not a state of m3nop")
    with closing(sqlite3.connect(project.state_file)) as other:
        assert other.execute("select name from sqlite_master").fetchall() == [("accounts",)]
    project.forget()
    check_recovered(project, world, references)


def test_a_state_database_of_another_scope_is_refused(
    project: Project, world: World, references: list[str]
) -> None:
    check_recovered(project, world, references)
    references.append(f"B2C-{place(world)}")
    other = project.run(*SYNC, M3_IONAPI=ionapi(project, ti="OTHER_PRD"))
    check(
        other,
        3,
        "belongs to another scope: erp.tenant is SANDBOX_TST there and OTHER_PRD here",
        "--env",
        "state:",
    )
    assert len(rows(world, "m3.orders")) == 2
    check_recovered(project, world, references)


def test_a_state_database_of_a_newer_version_is_refused(
    project: Project, world: World, references: list[str]
) -> None:
    check_recovered(project, world, references)
    references.append(f"B2C-{place(world)}")
    with closing(sqlite3.connect(project.state_file)) as state, state:
        ((version,),) = state.execute("select version_num from alembic_version")
        state.execute("update alembic_version set version_num = '9999'")
    check(project.run(*SYNC), 3, f"the state database {project.state_file} was written by a newer m3nop")
    with closing(sqlite3.connect(project.state_file)) as state, state:
        state.execute("update alembic_version set version_num = ?", [version])
    check_recovered(project, world, references)


def test_of_two_syncs_at_once_the_second_is_turned_away_and_may_wait(
    project: Project, world: World, references: list[str]
) -> None:
    world.faults.add(Fault(kind="latency", operation="OIS100MI/*", seconds=0.4, times=None))
    first = project.start(*SYNC)
    assert wait_for(lambda: bool(rows(world, "m3.batch_orders")))
    check(project.run(*SYNC), 5, "is in use by process", "sync orders", "--wait")
    waiting = project.start(*SYNC, "--wait", "1m")
    check(first.wait(), 0)
    check(waiting.wait(), 0)
    assert judge(world, references) == CLEAN


# -- credentials


def ionapi(project: Project, **changes: object) -> str:
    """Return the content of the .ionapi file with other members."""
    return json.dumps({**json.loads(project.environ["M3_IONAPI"]), **changes})


BAD_IONAPI: dict[str, tuple[Callable[[Project], str], int, str]] = {
    "of an expired service account": (
        lambda project: ionapi(project, sask="old"),
        4,
        "its service account is not expired",
    ),
    "of another client": (lambda project: ionapi(project, cs="other"), 4, "check the .ionapi file"),
    "with a line break in a secret": (
        lambda project: ionapi(project, cs="a\r\nx-a: b"),
        4,
        "check the .ionapi file",
    ),
    "that is a file name": (
        lambda _: "/etc/m3.ionapi",
        3,
        "must be the content of the file (JSON), not its name",
    ),
    "that is half a file": (
        lambda project: project.environ["M3_IONAPI"][:60],
        3,
        "is not JSON; copy the whole file",
    ),
    "that is nested without end": (lambda _: '{"a":' * 100_000, 3, "is not JSON"),
    "without an account": (lambda project: ionapi(project, saak=""), 3, "has no service account"),
    "of something else": (lambda _: '{"a": 1}', 3, "lacks `ti`, `ci`"),
    "with a bad address": (
        lambda project: ionapi(project, pu="ftp://host"),
        3,
        "should look like https://host/path",
    ),
}


def test_a_wrong_ionapi_file_is_said_in_its_own_words(
    project: Project, world: World, references: list[str]
) -> None:
    for content, code, said in BAD_IONAPI.values():
        ended = project.run(*SYNC, M3_IONAPI=content(project))
        check(ended, code, said)
        assert json.loads(project.environ["M3_IONAPI"])["cs"] not in ended.err
        use_again(project)
    assert rows(world, "m3.batch_orders") == []
    check_recovered(project, world, references)


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_a_wrong_password_of_the_shop_is_said(dialect: str, make_project: MakeProject, world: World) -> None:
    project = make_project(dialect=dialect)
    references = [f"B2C-{place(world)}"]
    for password in ("wrong", "pässwörd\u2603"):
        ended = project.run(*SYNC, SHOP_PASSWORD=password)
        check(ended, 4, "the shop refuses the user name or password of connections.shop")
        assert password not in ended.err
        use_again(project)
    check_recovered(project, world, references)


def test_a_missing_secret_is_named_with_the_places_it_may_be_in(
    project: Project, world: World, references: list[str]
) -> None:
    for name in ("M3_IONAPI", "SHOP_PASSWORD"):
        ended = project.run(*SYNC, **{name: ""})
        check(
            ended,
            3,
            f"the secret {name} is nowhere to be found",
            f"M3NOP_SECRET_{name}",
            f"m3nop secrets set {name}",
        )
        named = {name: "", f"M3NOP_SECRET_{name}_FILE": str(project.folder / "nothing")}
        check(project.run(*SYNC, **named), 3, "the secret file", "cannot be read")
    check_recovered(project, world, references)


# -- systems


@contextmanager
def nobody() -> Iterator[str]:
    """An address that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    yield url


@contextmanager
def silence() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("place_of", "said"),
    [(nobody, "no connection ("), (silence, "no answer in time")],
    ids=["nobody", "silence"],
)
def test_a_system_that_cannot_be_reached_is_named(
    place_of: Callable[[], AbstractContextManager[str]],
    said: str,
    project: Project,
    world: World,
    references: list[str],
) -> None:
    settings = project.folder / "m3nop.yaml"
    good = settings.read_text()
    m3, shop = f'url: "{project.url}/SANDBOX', f'url: "{project.url}/shop"'
    assert (good.count(m3), good.count(shop)) == (1, 1)
    with place_of() as url:
        check(project.run(*SYNC, M3_IONAPI=ionapi(project, pu=url)), 4, "erp: ", f"{url}/token.oauth2", said)
        use_again(project)
        settings.write_text(good.replace(m3, f'url: "{url}/SANDBOX'))
        check(project.run(*SYNC), 4, "erp: ", url, said)
        # The shop has answered by now, so the state belongs to its right address.
        project.forget()
        settings.write_text(good.replace(shop, f'timeout: 0.5s\n        url: "{url}/shop"'))
        check(project.run(*SYNC), 4, f"POST {url}/shop/", said)
    assert rows(world, "m3.batch_orders") == []
    project.forget()
    settings.write_text(good)
    check_recovered(project, world, references)


ODD_SERVERS: dict[str, tuple[Fault, int, str]] = {
    "a page instead of a token": (
        Fault(kind="html", system="m3", operation="token", status=200, times=None), 4, "is it the token endpoint?",
    ),
    "an error page instead of a token": (
        Fault(kind="html", system="m3", operation="token", times=None), 4, "no access token: HTTP 502 Bad Gateway",
    ),
    "half a token": (
        Fault(kind="invalid_json", system="m3", operation="token", times=None), 4, "is it the token endpoint?",
    ),
    "a page instead of the shop's token": (
        Fault(kind="html", system="shop", status=200, times=None), 4, "is `url` the shop's address",
    ),
    "a shop that is not there": (
        Fault(kind="status", system="shop", status=404, times=None), 4, "gives no token: HTTP 404",
    ),
    "a page instead of orders": (
        Fault(kind="html", system="shop", operation="*/Order/*", status=200, times=None), 4, "the answer is not JSON",
    ),
    "pages instead of M3's answers": (
        Fault(kind="html", system="m3", operation="GENERAL/*", status=200, times=None), 4,
        "erp: GENERAL/ServerTimeZone failed: HTTP 200 without a usable answer",
    ),
    "an M3 that moved": (
        Fault(kind="status", system="m3", operation="GENERAL/*", status=302, times=None), 4, "set `url` to the final address",
    ),
    "rights that are missing in mid-run": (
        Fault(kind="status", system="m3", operation="OIS100MI/AddBatchHead", status=403, times=None), 4,
        "erp: OIS100MI/AddBatchHead failed: HTTP 403",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD_SERVERS)
def test_a_server_that_answers_something_else_is_named(
    name: str, project: Project, world: World, references: list[str]
) -> None:
    fault, code, said = ODD_SERVERS[name]
    number = world.faults.add(fault)
    check(project.run(*SYNC), code, said)
    assert rows(world, "m3.orders") == []
    world.faults.remove(number)
    check_recovered(project, world, references)


# -- standard streams


@contextmanager
def real(project: Project, *arguments: str, tail: str = "") -> Iterator[subprocess.Popen[str]]:
    """Start a command with streams of its own; ``tail`` is how the shell leaves them."""
    program = [sys.executable, "-m", "m3nop", *arguments]
    shell = ["sh", "-c", f'exec "$@" {tail}', "sh", *program] if tail else program
    with subprocess.Popen(  # noqa: S603
        shell, cwd=project.folder, env={**os.environ, **project.environ},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        yield child


def run_real(project: Project, *arguments: str, tail: str) -> Ended:
    """Run a command with such streams to its end."""
    with real(project, *arguments, tail=tail) as child:
        out, err = child.communicate(timeout=60)
        return Ended(child.returncode, out, err)


def run_unread(project: Project, *arguments: str) -> Ended:
    """Run a command whose output nobody reads (``| true``)."""
    with real(project, *arguments) as child:
        assert child.stdout is not None
        child.stdout.close()
        assert child.stderr is not None
        said = child.stderr.read()
        return Ended(child.wait(60), "", said)


@posix
def test_a_reader_that_goes_away_ends_a_command_in_silence(
    project: Project, world: World, references: list[str]
) -> None:
    for arguments in (SYNC, ("status",), ("show", "orders", "--store", "b2c"), ("schema",)):
        assert run_unread(project, *arguments) == Ended(141, "", "")
    assert judge(world, references) == CLEAN


@posix
def test_a_code_that_says_more_stands_although_the_reader_is_gone(project: Project, world: World) -> None:
    place(world, lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
    check(run_unread(project, *SYNC), 1, "orders", "dead")


@posix
@needs_full_device
def test_output_that_cannot_be_written_is_said_and_the_orders_are_entered_all_the_same(
    project: Project, world: World, references: list[str]
) -> None:
    for arguments in ((*SYNC,), ("status", "--json"), ("schema",)):
        ended = run_real(project, *arguments, tail=f">{FULL_DEVICE}")
        check(ended, 2, "the output cannot be written: No space left on device", "m3nop status")
    assert judge(world, references) == CLEAN


@posix
@needs_full_device
def test_a_log_that_cannot_be_written_stops_nothing(
    project: Project, world: World, references: list[str]
) -> None:
    for tail in (f"2>{FULL_DEVICE}", "2>&-"):
        check(run_real(project, "sync", "nope", tail=tail), 2)
        check(run_real(project, "sync", "--nope", tail=tail), 2)
    check(run_real(project, *SYNC, "--log-format", "json", tail=f"2>{FULL_DEVICE}"), 0)
    assert judge(world, references) == CLEAN


@posix
def test_closed_streams_stop_nothing_and_no_file_is_mistaken_for_one(
    project: Project, world: World, references: list[str]
) -> None:
    for tail in (">&-", "2>&-", "<&- >&- 2>&-"):
        references.append(f"B2C-{place(world)}")
        check(run_real(project, *SYNC, "--log-format", "json", tail=tail), 0)
    check(project.run("state", "verify"), 0)
    assert judge(world, references) == CLEAN
