"""A PostgreSQL server for the tests: one of its own, or the one that M3NOP_TEST_POSTGRES names.

As a script it starts and stops one for whoever runs the tests: ``python tests/postgres.py start FOLDER`` prints
its address.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = "M3NOP_TEST_POSTGRES"
_USER = "m3nop"
_SECONDS = 60


def programs() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl``, or None where there is no PostgreSQL."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    # Debian keeps the programs of each version in a folder of its own, off the path.
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in versions), key=lambda path: float(path.parent.name), default=None)


class Cluster:
    """A server with its data in a folder of its own, on loopback and on a socket in that folder."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        found = programs()
        if found is None:
            raise FileNotFoundError("initdb")
        self._programs = found
        self._folder = folder
        self._fsync = "on" if durable else "off"
        self._log = folder / "server.log"
        self._port_file = folder / "port"

    @property
    def address(self) -> str:
        """How its administrator reaches it."""
        password = (self._folder / "password").read_text(encoding="utf-8")
        port = self._port_file.read_text(encoding="utf-8")
        return f"postgresql://{_USER}:{password}@127.0.0.1:{port}/postgres"

    @property
    def socket_folder(self) -> Path:
        """Where its socket is."""
        return self._folder

    def make(self) -> None:
        """Make the data and start the server."""
        password = self._folder / "password"
        password.write_text(uuid.uuid4().hex, encoding="utf-8")
        if _is_root():
            for path in (self._folder, password):
                shutil.chown(path, _unprivileged(), -1)
        self._run(
            "initdb", "--no-sync", "--username", _USER, "--auth=scram-sha-256", "--pwfile", str(password),
            "--encoding=UTF8", "--locale=C", "--pgdata", str(self._folder / "data"),
        )  # fmt: skip
        self._port_file.write_text(str(_free_port()), encoding="utf-8")
        self.start()

    def start(self) -> None:
        """Start the server on the data that is there."""
        options = {
            "port": self._port_file.read_text(encoding="utf-8"), "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder) if hasattr(socket, "AF_UNIX") else "",
            "fsync": self._fsync, "max_connections": "200", "shared_buffers": "32MB", "autovacuum": "off",
        }  # fmt: skip
        given = " ".join(f'-c {name}="{value}"' for name, value in options.items())
        self._control("start", "--wait", "--log", str(self._log), "--options", given)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: ``fast`` in order, ``immediate`` as a crash does."""
        self._control("stop", "--wait", "--mode", mode)

    def _control(self, action: str, *options: str) -> None:
        self._run("pg_ctl", action, "--pgdata", str(self._folder / "data"), *options)

    def _run(self, program: str, *options: str) -> None:
        # The server refuses to run as root. It inherits the streams, so these must not be pipes that are read.
        user = {"user": _unprivileged(), "group": _group(), "extra_groups": []} if _is_root() else {}
        said = self._folder.parent / f"{self._folder.name}.out"
        with said.open("w+b") as stream:
            ended = subprocess.run(  # noqa: S603
                [self._programs / program, *options], stdin=subprocess.DEVNULL, stdout=stream,
                stderr=subprocess.STDOUT, cwd=self._folder, timeout=_SECONDS, check=False, **user,
            )  # fmt: skip
            stream.seek(0)
            text = stream.read().decode(errors="replace")
        said.unlink()
        if ended.returncode:
            msg = f"{program} {' '.join(options)}: {text}"
            raise RuntimeError(msg)


class Databases:
    """Makes and drops databases on a server."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._made: list[str] = []
        self._templates: dict[str, str] = {}

    def create(self, template: str = "template0") -> str:
        """Make a database and return its address as a state's."""
        name = f"m3nop_{uuid.uuid4().hex[:16]}"
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}"), name, template)
        self._made.append(name)
        return self.url(name)

    def copy(self, what: str, fill: Callable[[str], None]) -> str:
        """Make a database like the one that ``fill`` fills, which is done once for each ``what``."""
        if what not in self._templates:
            url = self.create()
            fill(url)
            self._templates[what] = url.rpartition("/")[2]
        return self.create(self._templates[what])

    def url(self, name: str) -> str:
        """Return the address of a database as a state's."""
        return self._address.rpartition("/")[0].replace("postgresql:", "postgresql+psycopg:") + f"/{name}"

    def execute(self, statement: sql.SQL, *names: str) -> None:
        """Execute a statement with these names in it, in the administrator's database."""
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(statement.format(*map(sql.Identifier, names)))

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        name = url.rpartition("/")[2]
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), name)
        self._made.remove(name)

    def close(self) -> None:
        """Drop what is left."""
        for name in list(self._made):
            self.drop(self.url(name))


def new_folder() -> Path:
    """Return a folder that the server's user can reach and whose path is short enough for a socket."""
    return Path(tempfile.mkdtemp(prefix="m3nop-pg-"))


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _unprivileged() -> str:
    import pwd  # noqa: PLC0415  not on Windows

    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _group() -> int:
    import pwd  # noqa: PLC0415  not on Windows

    return pwd.getpwnam(_unprivileged()).pw_gid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _main(action: str, folder: str) -> None:
    cluster = Cluster(Path(folder))
    if action == "start":
        cluster.make()
        sys.stdout.write(f"{cluster.address}\n")
    else:
        cluster.stop()


if __name__ == "__main__":
    _main(*sys.argv[1:])
