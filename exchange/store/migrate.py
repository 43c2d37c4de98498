"""Bring a database's schema up to date with Alembic, in process; a database of a newer version is refused."""

from __future__ import annotations

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


def regenerate() -> None:
    """Write the first migration anew from the tables, while nothing has been released yet.

    Run it after a change of the schema: `python -m exchange.store.migrate`.
    """
    for old in (FOLDER / "versions").glob("*.py"):
        old.unlink()
    command.revision(config("sqlite://"), message="first", autogenerate=True, rev_id="0001")


if __name__ == "__main__":
    regenerate()
