"""The benchmarks' front door: every name leads somewhere, every figure has the one shape; no figure is judged here."""

from __future__ import annotations

import importlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as door
from benchmarks import processes, venue
from benchmarks.processes import LOCALHOST, Load, bare, exchange, load
from benchmarks.rows import BenchmarkFailed, Row, row
from benchmarks.venue import Size, Venue, fresh_copy

ROOT = Path(__file__).parents[2]
TINY = Size(rows=3_500, resting=60, sellers_a_member=1)


@pytest.fixture(scope="module", autouse=True)
def tiny(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A cache of its own, so that a test neither reads nor leaves anything in var/."""
    folder = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(venue, "CACHE", folder)
        patch.setattr(venue, "ROOT", folder)
        yield folder


@pytest.fixture(scope="module")
def seeded() -> object:
    """A copy of the smallest exchange that trades."""
    with fresh_copy(TINY) as copy:
        yield copy


def test_the_list_names_every_benchmark_and_each_can_be_run() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name, (module, _) in door.NAMES.items():
        assert name in listed
        assert callable(importlib.import_module(module).run)


def test_an_unknown_name_is_one_line_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.run("gatewy") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_command_line_has_the_same_door() -> None:
    from exchange.__main__ import app
    from exchange.cli import bench

    bench.register(app)
    told = CliRunner().invoke(app, ["bench"])
    assert told.exit_code == 0
    assert told.output.strip() == door.listing().strip()
    assert CliRunner().invoke(app, ["bench", "gatewy"]).exit_code == 2


def test_a_row_is_judged_by_its_value_or_by_its_ratio() -> None:
    assert row("a", 5, "s", target=4, higher_is_better=False)["met"] is False
    assert row("a", 5, "1/s", target=4)["met"] is True
    assert row("a", 30, "1/s", baseline=100, target=0.3, of_ratio=True)["met"] is True
    assert row("a", 30, "1/s", baseline=100, ratio=0.2, target=0.3, of_ratio=True)["met"] is False
    assert row("a", 5, "1/s")["met"] is None


def test_the_json_has_one_object_with_rows_of_the_one_shape(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.run("book", quick=True, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["benchmark"] == "book"
    assert "SQLite" in told["machine"]
    assert told["rows"]
    assert all(set(each) == set(Row.__annotations__) for each in told["rows"])


def test_a_seeded_exchange_has_what_was_asked_and_is_kept(seeded: Venue) -> None:
    assert len(seeded.users) == 50
    assert sum(len(accounts) for accounts in seeded.accounts) == 500
    assert len(seeded.instruments) == 20
    assert seeded.resting >= TINY.resting
    file = sqlite3.connect(seeded.database)
    try:
        assert file.execute("SELECT count(*) FROM journal").fetchall() == [(TINY.rows,)]
    finally:
        file.close()
    kept = venue.seeded(TINY)
    assert Path(kept.folder).parent == venue.CACHE
    assert kept.instruments == seeded.instruments


def test_the_load_is_answered_by_both_servers_and_counts_refusals(seeded: Venue) -> None:
    folder = Path(seeded.folder)
    with exchange(folder) as ours, bare(folder) as limit:
        figures = load(ours, seeded, Load(5, 4), seed=1, seconds=0.5)
        hot = load(ours, seeded, Load(5, 4, hot=0.5, hot_sellers=2), seed=2, seconds=0.5)
        least = load(limit, seeded, Load(5, 4), seed=1, seconds=0.5, log_in=False)
    assert ours.started["sequence"] >= TINY.rows
    for each in (figures, hot, least):
        assert each["answers"] > 20
        assert 0 < each["p50_ms"] <= each["p99_ms"]
    assert figures["refused"] < figures["answers"] / 2


@pytest.mark.parametrize("name", ["distribution", "payment_run"])
def test_many_holders_are_paid_while_orders_flow(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    monkeypatch.setattr(module, "QUICK", TINY)
    monkeypatch.setattr(module, "QUICK_HOLDERS", 600)
    report = module.run(quick=True)
    assert "600" in report.rows[0]["name"]
    assert all(each["value"] > 0 for each in report.rows)


def test_a_server_that_cannot_start_says_why_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOCALHOST, 0)) as taken:
        monkeypatch.setattr(processes, "free_port", lambda: taken.getsockname()[1])
        with pytest.raises(BenchmarkFailed, match="cannot listen") as failed, exchange(tmp_path):
            pass
    assert "\n" not in str(failed.value)


def test_a_failure_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*, quick: bool) -> None:
        raise BenchmarkFailed(f"no figure, quick={quick}")

    monkeypatch.setattr("benchmarks.book.run", fail)
    assert door.run("book", quick=True) == 1
    assert capsys.readouterr().err == "benchmarks: book: no figure, quick=True\n"


def test_the_benchmarks_leave_no_process(seeded: Venue) -> None:
    with exchange(Path(seeded.folder)) as ours:
        pid = ours.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
