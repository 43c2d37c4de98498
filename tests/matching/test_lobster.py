"""Real order flow: what a row of a LOBSTER file does to a book, and the sample hour row by row."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from exchange.cli.replay import register, replay_files
from matching.book_messages import BookSide
from matching.lobster import Message, Quote, Replay, read_levels, read_message
from matching.order_book import PlainBook
from tests.assets.helpers import SHARED

FLOW = SHARED / "orderflow"
MESSAGES = FLOW / "AAPL_2012-06-21_message_50.csv.gz"
TOP = FLOW / "AAPL_2012-06-21_orderbook_l1.csv.gz"
DEEP = FLOW / "AAPL_2012-06-21_orderbook_50_first672.csv.gz"

SEED = "1010000,10,1000000,20,1020000,30,-9999999999,0"
ROWS = """34200.1,1,11,5,1000000,1
34200.2,4,0,0,0,-1
34200.2,2,11,2,1000000,1
34200.3,4,99,20,1000000,1
34200.4,4,11,1,1000000,1
34200.5,3,99,10,1010000,-1
34200.6,5,0,7,1005000,1"""


def seeded() -> Replay:
    """A book of one bid and two offers."""
    run = Replay(PlainBook())
    run.seed(read_levels(SEED, 100, 2))
    return run


def test_rows_are_read_and_a_level_that_is_not_there_has_no_price() -> None:
    assert read_message("34200.1,1,11,5,1000000,-1\n", 100) == Message(1, 11, 5, 10_000, BookSide.SELL)
    assert read_levels(SEED, 100, 9) == [Quote(10_100, 10, 10_000, 20), Quote(10_200, 30, 0, 0)]
    assert seeded().top(2) == read_levels(SEED, 100, 2)
    for bad in ("", "1,2,3", "1,2,x,4"):
        with pytest.raises(ValueError):
            read_levels(bad, 100, 1)


def test_each_kind_of_row_does_to_the_book_what_it_did_to_the_market() -> None:
    run = seeded()
    shown: list[Quote] = []
    for line in ROWS.splitlines():
        if ",0,0,0," not in line:
            run.apply(read_message(line, 100))
            shown += run.top(1)
    assert shown == [
        Quote(10_100, 10, 10_000, 25),  # 5 more
        Quote(10_100, 10, 10_000, 23),  # 2 of them go
        Quote(10_100, 10, 10_000, 3),  # an unknown order is executed: the seeded one
        Quote(10_100, 10, 10_000, 2),
        Quote(10_200, 30, 10_000, 2),  # an unknown order leaves: the seeded one
        Quote(10_200, 30, 10_000, 2),  # hidden orders change nothing
    ]
    assert (run.tally.trades, run.tally.lots_traded, run.tally.out_of_turn, run.tally.unknown) == (2, 21, 0, 0)


def test_an_execution_out_of_turn_is_told_and_the_lots_are_put_right() -> None:
    run = seeded()
    run.apply(Message(1, 11, 5, 10_000, BookSide.BUY))
    run.apply(Message(4, 11, 5, 10_000, BookSide.BUY))
    assert run.tally.out_of_turn == 1
    assert 11 not in run.book
    assert run.top(1) == [Quote(10_100, 10, 10_000, 20)]


def test_a_seeded_order_that_a_new_one_would_meet_was_gone() -> None:
    run = seeded()
    run.apply(Message(1, 11, 5, 10_150, BookSide.BUY))
    assert run.top(1) == [Quote(10_200, 30, 10_150, 5)]
    assert (run.tally.stale, run.tally.trades) == (1, 0)


def test_a_change_to_an_order_nobody_knows_is_counted() -> None:
    run = seeded()
    run.apply(Message(3, 77, 5, 9_000, BookSide.BUY))
    assert run.tally.unknown == 1


def test_the_first_minute_of_the_sample_is_exact_on_ten_levels() -> None:
    assert MESSAGES.is_file(), f"this test reads the sample hour from {FLOW}; it is not there"
    run, [top, deep] = replay_files(MESSAGES, [TOP, DEEP], 10, 100, shown=False, limit=3_000)
    assert (top.rows, top.equal, top.levels) == (3_000, 3_000, 1)
    assert (deep.rows, deep.equal, deep.levels) == (672, 672, 10)
    assert run.tally.messages == 2_999


@pytest.mark.soak
def test_the_whole_hour_is_exact_as_far_as_its_files_can_tell() -> None:
    _, [top, deep] = replay_files(MESSAGES, [TOP, DEEP], 10, 100, shown=False)
    assert top.rows == 91_997
    assert top.first_different == 54_607
    assert top.equal >= 0.999 * top.rows
    assert deep.equal == deep.rows == 672


def test_the_command_reports_and_refuses_in_one_line(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command(name="none")(lambda: None)
    register(app)
    messages = tmp_path / "X_message_2.csv"
    messages.write_text("34200.0,1,1,1,1000000,1\n34200.1,1,11,5,1000000,1\n")
    runner = CliRunner()
    refused = runner.invoke(app, ["replay", str(messages)])
    assert refused.exit_code == 1
    assert "no order book file" in refused.output
    (tmp_path / "X_orderbook_2.csv").write_text(f"{SEED}\n1010000,10,1000000,26,1020000,30,-9999999999,0\n")
    told = runner.invoke(app, ["replay", str(messages)])
    assert told.exit_code == 0
    assert "1 of 2 rows equal (50.00 %) on 2 levels, the first difference in row 2" in told.output
    report = msgspec.json.decode(runner.invoke(app, ["replay", str(messages), "--json"]).output.encode())
    assert report["comparisons"][0]["first_different"] == 2
    messages.write_text("no\n such\n")
    assert runner.invoke(app, ["replay", str(messages)]).exit_code == 1
