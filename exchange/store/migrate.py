"""Bring a database's schema up to date with Alembic, in process; a database of a newer version is refused."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from exchange.node.ports import NodeFault

FOLDER = Path(__file__).parent / "migrations"


def config(url: str) -> Config:
    """Alembic's settings for a database URL, without an ini file."""
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER))
    settings.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return settings


def head() -> str:
    """The newest schema version this code knows."""
    return ScriptDirectory.from_config(config("sqlite://")).get_current_head() or ""


def is_known(version: str) -> bool:
    """Whether this code has the migration that made a schema version."""
    return version in {script.revision for script in ScriptDirectory.from_config(config("sqlite://")).walk_revisions()}


def current(connection: Connection) -> str:
    """The schema version a database is at; empty for an empty one."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def upgrade(url: str) -> None:
    """Run the migrations a database lacks; does nothing (and loads little) when it has them all.

    Raises: NodeFault store.newer for a database that a later version of this code wrote.
    """
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            version = current(connection)
        if version == head():
            return
        if version and not is_known(version):
            raise NodeFault("store.newer", f"the database is at version {version}, this code knows {head()}")
        command.upgrade(config(url), "head")
    finally:
        engine.dispose()


def revise(version: str, name: str) -> None:
    """Write the next migration: what the newest schema version lacks of the declared tables. To be read before use.

    Run it after a change of the schema: `python -m exchange.store.migrate 0004 name`.
    """
    with tempfile.TemporaryDirectory(prefix="exchange-schema-") as folder:
        url = f"sqlite:///{folder}/schema.sqlite"
        upgrade(url)
        command.revision(config(url), message=name, autogenerate=True, rev_id=version)


if __name__ == "__main__":
    revise(*sys.argv[1:3])
