"""A PostgreSQL database to a file and back, by the server's own tools, at one exported snapshot."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from exchange.node.ports import Head, NodeFault
from exchange.store import postgres

FILE_NAME = "exchange.dump"
TIMEOUT_S = 3_600


def is_postgres(url: str) -> bool:
    """Whether a database URL names a PostgreSQL server."""
    return make_url(url).get_backend_name() == "postgresql"


def dump(url: str, target: Path) -> Head:
    """Dump the whole database as it stands at one moment; answers the journal's head at that moment.

    Raises: NodeFault backup.no_pg_dump, backup.failed.
    """
    program = _program("pg_dump")
    with psycopg.connect(postgres.connection_string(url)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        ((name,),) = connection.execute("SELECT pg_export_snapshot()").fetchall()
        query = "SELECT sequence, epoch, at_ns, chain FROM journal ORDER BY sequence DESC LIMIT 1"
        row = connection.execute(query).fetchone()
        arguments = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={name}", f"--file={target}"]
        _run([program, *arguments], url, "backup.failed")
    return Head(*row) if row else Head()


def load(url: str, source: Path) -> None:
    """Load a dump into an empty database, whole or not at all.

    Raises: NodeFault restore.not_empty, backup.no_pg_dump, backup.failed.
    """
    program = _program("pg_restore")
    with psycopg.connect(postgres.connection_string(url)) as connection:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ((tables,),) = connection.execute(query).fetchall()
    if tables:
        raise NodeFault("restore.not_empty", "the database already holds tables")
    arguments = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    _run([program, *arguments, f"--dbname={_settings(url)['PGDATABASE']}", str(source)], url, "restore.failed")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NodeFault("backup.no_pg_dump", f"{name} is missing: install postgresql-client of the server's version")
    return found


def _settings(url: str) -> dict[str, str]:
    """The connection in the tools' environment, where no list of processes shows the password."""
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    known = conninfo_to_dict(postgres.connection_string(url))
    return {names[key]: str(value) for key, value in known.items() if key in names and value is not None}


def _run(command: list[str], url: str, code: str) -> None:
    done = subprocess.run(  # noqa: S603 - a program of the server's own, arguments of ours
        command, env={**os.environ, **_settings(url)}, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"{Path(command[0]).name} ended with {done.returncode}"]
        raise NodeFault(code, lines[0])
