"""The migrations make the tables the code declares, on an empty database and on one that holds data."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS

from exchange.core.ids import UserId
from exchange.node.clock import SystemClock
from exchange.node.ports import NodeFault
from exchange.store import migrate
from exchange.store.proofs import verify
from exchange.store.schema.all import metadata
from exchange.store.snapshot import snapshot
from exchange.store.sqlite import SqliteStore


def differences(url: str) -> list[Any]:
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found = compare_metadata(context, metadata)
    engine.dispose()
    return list(found)


def indexes(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    found = {
        text for (text,) in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")
    }
    connection.close()
    return found


def test_the_migrations_make_the_declared_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'migrated.sqlite'}"
    migrate.upgrade(url)
    assert differences(url) == []


def test_the_migrations_make_the_declared_indexes_with_their_conditions(tmp_path: Path) -> None:
    migrate.upgrade(f"sqlite:///{tmp_path / 'migrated.sqlite'}")
    engine = create_engine(f"sqlite:///{tmp_path / 'declared.sqlite'}")
    metadata.create_all(engine)
    engine.dispose()
    declared = indexes(tmp_path / "declared.sqlite")
    assert declared and indexes(tmp_path / "migrated.sqlite") == declared


def test_the_check_finds_a_column_no_migration_makes(tmp_path: Path) -> None:
    path = tmp_path / "migrated.sqlite"
    migrate.upgrade(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE members ADD COLUMN nickname TEXT")
    connection.close()
    assert [found[0] for found in differences(f"sqlite:///{path}")] == ["remove_column"]


def test_an_upgrade_of_a_database_that_holds_data_changes_none_of_it(database: Path) -> None:
    url = f"sqlite:///{database}"
    migrate.upgrade(url)
    migrate.upgrade(url)
    with snapshot(url) as tables:
        assert verify(tables, replay=True).clean
    assert differences(url) == []


def test_a_database_of_a_newer_version_is_refused(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    store = SqliteStore(database, SystemClock())
    with pytest.raises(NodeFault) as fault:
        store.open()
    assert fault.value.code == "store.newer"
    store.close()
    before = sqlite3.connect(database).execute("SELECT max(epoch) FROM epochs").fetchone()
    assert before == (2,), "nothing was written"
    again = SqliteStore(database, SystemClock())
    with pytest.raises(NodeFault) as fault:
        again.open()
    assert fault.value.code == "store.newer", "and its lock was let go"


def test_every_key_is_found_after_a_database_of_whole_hashes_is_brought_up_to_date(database: Path) -> None:
    url = f"sqlite:///{database}"
    connection = sqlite3.connect(database)
    stored = "SELECT sequence, key_hash FROM journal WHERE key IS NOT NULL ORDER BY sequence"
    now = connection.execute(stored).fetchall()
    command.downgrade(migrate.config(url), "0001")
    then = connection.execute(stored).fetchall()
    assert any(hashed < 0 for _, hashed in then), "a whole hash has a sign"
    keys = connection.execute("SELECT principal, key FROM journal WHERE key IS NOT NULL").fetchall()
    connection.close()

    store = SqliteStore(database, SystemClock())
    store.open()
    assert store.connection.execute(stored).fetchall() == now
    assert set(store.known([(UserId(principal), key) for principal, key in keys])) == set(keys)
    store.close()


def test_no_column_has_a_name_that_a_database_keeps_for_itself() -> None:
    # What PostgreSQL takes only in quotes (of the list it does take "over"); the saver writes names as they are.
    named = {column.name for table in metadata.sorted_tables for column in table.columns}
    assert not named & (set(RESERVED_WORDS) - {"over"})
