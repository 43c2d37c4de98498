"""`verify` names what was done to a database: each column of each table, rows dropped and doubled, journal rows."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Boolean, LargeBinary, Table, Text
from typer.testing import CliRunner

from exchange.node.codec import ENGINE_VERSION
from exchange.node.ports import Head
from exchange.node.verify import Problem, Problems
from exchange.store.fold import Fold, compare_table
from exchange.store.invariants import HOLDS, NESTED, check_promises
from exchange.store.proofs import JOURNAL, Report, verify
from exchange.store.schema.all import STATE_TABLES
from exchange.store.snapshot import SqliteSnapshot, snapshot
from tests.node.template import Stage
from tests.promises import HOLD_OWNERS

ROWS = 4
TABLES = [table.name for table in STATE_TABLES]
COLUMNS = [(table.name, column.name) for table in STATE_TABLES for column in table.columns]


def table_named(name: str) -> Table:
    return next(table for table in STATE_TABLES if table.name == name)


def fabricated(table: Table, row: int) -> tuple[Any, ...]:
    """A row of a table, unlike its neighbours in every column."""
    values: list[Any] = []
    for place, column in enumerate(table.columns):
        number = 10 * row + place
        if isinstance(column.type, Boolean):
            values.append(row % 2)
        elif isinstance(column.type, Text):
            values.append(f"text {number:04}")
        elif isinstance(column.type, LargeBinary):
            values.append(b"bytes %04d" % number)
        else:
            values.append(number)
    return tuple(values)


def other(value: Any) -> Any:
    """Another value of the same kind, after it in order and before the next row's."""
    match value:
        case bool() | 0 | 1:
            return 1 - int(value)
        case int():
            return value + 1
        case str():
            return value + "x"
        case _:
            return value + b"x"


def key_of(table: Table, row: tuple[Any, ...]) -> str:
    names = [column.name for column in table.columns]
    return " ".join(f"{column.name}={row[names.index(column.name)]}" for column in table.primary_key.columns)


@functools.cache
def empty_image(folder: Path) -> bytes:
    """A database with every table and no row."""
    path = folder / "empty.sqlite"
    Fold(path, Problems()).close()
    return path.read_bytes()


@contextlib.contextmanager
def two_sides(table: Table, folder: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    """Two databases with the same fabricated rows in one table."""
    sides = []
    for _ in range(2):
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.deserialize(empty_image(folder))
        marks = ", ".join("?" for _ in table.columns)
        rows = [fabricated(table, row) for row in range(2, 2 + ROWS)]
        connection.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows)
        sides.append(connection)
    try:
        yield sides[0], sides[1]
    finally:
        for connection in sides:
            connection.close()


def compared(table: Table, expected: sqlite3.Connection, found: sqlite3.Connection) -> list[Problem]:
    problems = Problems()
    compare_table(SqliteSnapshot(expected), SqliteSnapshot(found), problems, table)
    assert problems.count == len(problems.kept)
    return problems.kept


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("image")


def where_row(table: Table, row: tuple[Any, ...]) -> tuple[str, list[Any]]:
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key.columns]
    return " AND ".join(f"{name} = ?" for name in keys), [row[names.index(name)] for name in keys]


@pytest.mark.parametrize(("table_name", "column"), COLUMNS)
def test_a_changed_column_is_named(table_name: str, column: str, folder: Path) -> None:
    table = table_named(table_name)
    row = fabricated(table, 3)
    place = [each.name for each in table.columns].index(column)
    changed = other(row[place])
    is_key = column in table.primary_key.columns
    with two_sides(table, folder) as (expected, found):
        assert compared(table, expected, found) == []
        where, values = where_row(table, row)
        found.execute(f"UPDATE {table_name} SET {column} = ? WHERE {where}", [changed, *values])
        problems = compared(table, expected, found)
    if is_key:
        moved = (*row[:place], changed, *row[place + 1 :])
        assert {(each.table, each.key, each.found) for each in problems} == {
            (table_name, key_of(table, row), "absent"),
            (table_name, key_of(table, moved), "a row too many"),
        }
        return
    (problem,) = problems
    assert (problem.table, problem.key, problem.column) == (table_name, key_of(table, row), column)
    assert problem.expected != problem.found


@pytest.mark.parametrize("table_name", TABLES)
def test_a_value_of_another_kind_is_named(table_name: str, folder: Path) -> None:
    table = table_named(table_name)
    row = fabricated(table, 3)
    column = next(each.name for each in reversed(table.columns) if each.name not in table.primary_key.columns)
    with two_sides(table, folder) as (expected, found):
        where, values = where_row(table, row)
        found.execute(f"UPDATE {table_name} SET {column} = ? WHERE {where}", [2.5, *values])
        (problem,) = compared(table, expected, found)
    assert (problem.table, problem.key, problem.column) == (table_name, key_of(table, row), column)


@pytest.mark.parametrize("table_name", TABLES)
@pytest.mark.parametrize("which", range(2, 2 + ROWS))
def test_a_dropped_row_is_named(table_name: str, which: int, folder: Path) -> None:
    table = table_named(table_name)
    row = fabricated(table, which)
    with two_sides(table, folder) as (expected, found):
        where, values = where_row(table, row)
        found.execute(f"DELETE FROM {table_name} WHERE {where}", values)
        (problem,) = compared(table, expected, found)
    assert (problem.table, problem.key, problem.found) == (table_name, key_of(table, row), "absent")


@pytest.mark.parametrize("table_name", TABLES)
@pytest.mark.parametrize("which", range(2, 2 + ROWS))
def test_a_doubled_row_is_named(table_name: str, which: int, folder: Path) -> None:
    """The table is rebuilt without its key, as only an intruder would, and then holds the row twice."""
    table = table_named(table_name)
    row = fabricated(table, which)
    with two_sides(table, folder) as (expected, found):
        found.execute(f"CREATE TABLE rebuilt AS SELECT * FROM {table_name}")
        found.execute(f"DROP TABLE {table_name}")
        found.execute(f"ALTER TABLE rebuilt RENAME TO {table_name}")
        marks = ", ".join("?" for _ in table.columns)
        found.execute(f"INSERT INTO {table_name} VALUES ({marks})", row)
        (problem,) = compared(table, expected, found)
    assert (problem.table, problem.key, problem.found) == (table_name, key_of(table, row), "a row too many")


# --- Whole databases --------------------------------------------------------------------------------------------------


def proved(path: Path, **options: Any) -> Report:
    with snapshot(f"sqlite:///{path}") as tables:
        return verify(tables, **options)


def change(path: Path, text: str, *values: Any) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(text, values)
    connection.close()


def test_an_honest_database_is_clean_and_decided_again(database: Path) -> None:
    report = proved(database, replay=True)
    assert report.clean, [problem.line() for problem in report.problems.kept]
    old, new = report.stretches
    assert (old.engine_version, old.decided) == (0, False)
    assert (new.engine_version, new.decided) == (ENGINE_VERSION, True)
    assert report.decided == new.last - new.first + 1 > 150
    assert "folded, not decided again" in report.summary()


def test_rows_of_every_other_version_are_folded_and_not_decided(database: Path) -> None:
    report = proved(database, replay=True, engine_version=ENGINE_VERSION + 1)
    assert report.clean and report.decided == 0
    assert [stretch.decided for stretch in report.stretches] == [False, False]


TOUCHED = [
    ("orders", "hold_units"),
    ("orders", "status"),
    ("trades", "price_ticks"),
    ("postings", "balance_after"),
    ("balances", "units"),
    ("balances", "held_units"),
    ("members", "name"),
    ("accounts", "frozen"),
    ("published", "text"),
    ("timers", "due_ns"),
    ("runs", "position"),
    ("approvals", "command"),
    ("channels", "n"),
    ("instrument_numbers", "last_price_ticks"),
]


@pytest.mark.parametrize(("table", "column"), TOUCHED)
def test_what_was_changed_in_a_real_database_is_named(table: str, column: str, database: Path) -> None:
    (value,) = sqlite3.connect(database).execute(f"SELECT {column} FROM {table} LIMIT 1").fetchone()
    _change_first(database, table, column, other(value))
    report = proved(database)
    named = [problem for problem in report.problems.kept if problem.proof == "fold"]
    assert [(problem.table, problem.column) for problem in named] == [(table, column)]
    assert named[0].key


def _change_first(path: Path, table: str, column: str, value: Any) -> None:
    keys = [each.name for each in table_named(table).primary_key.columns]
    connection = sqlite3.connect(path, isolation_level=None)
    first = connection.execute(f"SELECT {', '.join(keys)} FROM {table} LIMIT 1").fetchone()
    where = " AND ".join(f"{name} = ?" for name in keys)
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", [value, *first])
    connection.close()


JOURNAL_COLUMNS = [column.name for column in JOURNAL.columns]


@pytest.mark.parametrize("column", JOURNAL_COLUMNS)
def test_a_changed_journal_column_is_found_at_its_row(column: str, database: Path) -> None:
    connection = sqlite3.connect(database, isolation_level=None)
    sequence, value = connection.execute(
        f"SELECT sequence, {column} FROM journal WHERE key IS NOT NULL ORDER BY sequence LIMIT 1 OFFSET 40"
    ).fetchone()
    changed = 10**9 if column == "sequence" else value + b"x" if isinstance(value, bytes) else other(value)
    connection.execute(f"UPDATE journal SET {column} = ? WHERE sequence = ?", (changed, sequence))
    connection.close()
    report = proved(database)
    problems = [problem for problem in report.problems.kept if problem.table == "journal"]
    at = {f"sequence={sequence}", f"sequence={sequence + 1}", "sequence=1000000000"}
    assert problems and problems[0].key in at, [problem.line() for problem in problems]
    assert {problem.column for problem in problems} & {column, "chain"}


@pytest.mark.parametrize("column", JOURNAL_COLUMNS)
def test_a_journal_value_of_another_kind_is_found(column: str, database: Path) -> None:
    if column == "sequence":
        with pytest.raises(sqlite3.IntegrityError):
            change(database, "UPDATE journal SET sequence = 'x' WHERE sequence = 90")
        return
    change(database, f"UPDATE journal SET {column} = ? WHERE sequence = 90", 2.5)
    report = proved(database, replay=True)
    assert any(each.key == "sequence=90" and each.proof == "chain" for each in report.problems.kept)


def test_a_dropped_journal_row_is_found(database: Path) -> None:
    change(database, "DELETE FROM journal WHERE sequence = 100")
    first = proved(database).problems.kept[0]
    assert (first.proof, first.key, first.column, first.expected) == ("chain", "sequence=101", "sequence", "100")


def test_rows_cut_off_at_the_end_are_found_by_the_tables_and_by_the_head_outside(database: Path) -> None:
    head = proved(database).head
    change(database, "DELETE FROM journal WHERE sequence > ?", head.sequence - 3)
    report = proved(database, outside=head)
    assert not any(problem.proof == "chain" for problem in report.problems.kept), "the chain alone cannot see it"
    assert any(problem.proof == "fold" for problem in report.problems.kept)
    (outside,) = [problem for problem in report.problems.kept if problem.proof == "head"]
    assert outside.key == f"sequence={head.sequence}"


def test_a_head_outside_that_names_another_row_is_found(database: Path) -> None:
    head = proved(database).head
    forged = Head(head.sequence, head.epoch, head.at_ns, b"x" * 32)
    assert [problem.proof for problem in proved(database, outside=forged).problems.kept] == ["head"]


def test_events_that_were_forged_with_their_whole_chain_are_found_by_replay(database: Path) -> None:
    """An insider who rewrites a row, the chain after it and the tables is found by deciding again, and only so."""
    connection = sqlite3.connect(database, isolation_level=None)
    rows = connection.execute("SELECT * FROM journal ORDER BY sequence").fetchall()
    forged_at = next(row[0] for row in reversed(rows) if b"user.registered" in row[11])
    events = next(row[11] for row in rows if row[0] == forged_at)
    chain = bytes(32)
    for row in rows:
        (sequence, shard, form, version, epoch, at_ns, who, line, key, _, command, told, salt, _) = row
        if sequence == forged_at:
            told = events.replace(b"ops3", b"spy3")
            connection.execute("UPDATE users SET user_name = 'spy3' WHERE user_name = 'ops3'")
        chain = by_the_book(chain, shard, form, sequence, epoch, at_ns, version, who, line, key, command, told, salt)
        connection.execute("UPDATE journal SET events = ?, chain = ? WHERE sequence = ?", (told, chain, sequence))
    connection.close()
    assert proved(database).clean
    (problem,) = proved(database, replay=True).problems.kept
    assert (problem.proof, problem.key) == ("replay", f"sequence={forged_at}")


def by_the_book(previous: bytes, *row: Any) -> bytes:
    """The chain as the explanation in the documents has it, written without the project's code."""
    shard, form, sequence, epoch, at_ns, version, who, line, key, command, told, salt = row
    sha = hashlib.sha256
    asked_key = (key or "").encode()
    asked = sha(b"\x01" + struct.pack(">QQH", who, line, len(asked_key)) + asked_key + command).digest()
    each = [bytes(event) for event in msgspec.msgpack.decode(told, type=list[msgspec.Raw])]
    salts = [sha(salt + struct.pack(">H", place)).digest()[:16] for place in range(len(each))]
    hashes = [sha(b"\x02" + one + event).digest() for one, event in zip(salts, each, strict=True)]
    head = b"\x00" + struct.pack(">HHQQQI", form, shard, sequence, epoch, at_ns, version)
    leaf = sha(head + asked + struct.pack(">H", len(each)) + b"".join(hashes)).digest()
    return sha(previous + leaf).digest()


def test_the_chain_is_what_the_documents_say(database: Path) -> None:
    chain = bytes(32)
    for row in sqlite3.connect(database).execute("SELECT * FROM journal ORDER BY sequence"):
        (sequence, shard, form, version, epoch, at_ns, who, line, key, _, command, told, salt, stored) = row
        chain = by_the_book(chain, shard, form, sequence, epoch, at_ns, version, who, line, key, command, told, salt)
        assert chain == stored, sequence


@pytest.mark.parametrize("column", ["epoch", "shard", "engine_version"])
def test_a_changed_start_is_found(column: str, database: Path) -> None:
    change(database, f"UPDATE epochs SET {column} = {column} + 7 WHERE epoch = 2")
    assert not proved(database).clean


def test_broken_promises_are_named_even_where_the_events_agree_with_the_tables(database: Path) -> None:
    """Tables compared with themselves: the promises stand on their own."""
    change(database, "UPDATE balances SET held_units = held_units + 1 WHERE units > held_units AND held_units > 0")
    problems = Problems()
    with snapshot(f"sqlite:///{database}") as tables:
        check_promises(tables, problems)
    assert problems.count and {problem.column for problem in problems.kept} == {"held_units"}


def test_money_that_appears_is_named_by_every_promise_it_breaks(database: Path) -> None:
    change(
        database,
        "UPDATE balances SET units = units + 1000 WHERE (asset_id, account_id) = "
        "(SELECT asset_id, account_id FROM balances WHERE asset_id IN (SELECT money_asset_id FROM banks) "
        "AND account_id IN (SELECT account_id FROM accounts WHERE kind = 'client') LIMIT 1)",
    )
    problems = Problems()
    with snapshot(f"sqlite:///{database}") as tables:
        check_promises(tables, problems)
    expected = " ".join(problem.expected for problem in problems.kept)
    for promise in ("a sum of 0", "client money that sums to 0", "the sum of its postings"):
        assert promise in expected


# --- The command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def cli() -> Any:
    import typer

    from exchange.cli import proofs

    app = typer.Typer()
    proofs.register(app)
    return functools.partial(CliRunner().invoke, app)


def test_the_command_ends_with_0_when_all_is_well(cli: Any, database: Path, past: tuple[Path, Stage]) -> None:
    del past
    done = cli(["verify", "--replay", "--data-dir", str(database.parent)])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("clean: journal 1..")
    assert len(done.stdout.splitlines()) == 1


def test_the_command_ends_with_1_and_names_the_difference(cli: Any, database: Path) -> None:
    change(database, "UPDATE members SET name = 'Somebody' WHERE name = 'li'")
    done = cli(["verify", "--json", "--data-dir", str(database.parent)])
    assert done.exit_code == 1
    told = msgspec.json.decode(done.stdout)
    assert told["clean"] is False and told["differences"] == 1
    assert (told["problems"][0]["table"], told["problems"][0]["column"]) == ("members", "name")
    plain = cli(["verify", "--data-dir", str(database.parent)])
    assert plain.exit_code == 1 and "members member_id=" in plain.stderr


def test_a_database_that_is_not_there_is_one_line(cli: Any, tmp_path: Path) -> None:
    done = cli(["verify", "--data-dir", str(tmp_path)])
    assert done.exit_code == 1 and "store.missing" in done.stderr and len(done.stderr.splitlines()) == 1


def test_every_workflow_that_holds_is_known_to_the_proof() -> None:
    assert sorted([*HOLDS, *NESTED]) == sorted(owner.__name__.strip("_") for owner in HOLD_OWNERS)
