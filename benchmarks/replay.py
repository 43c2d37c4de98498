"""Real order flow through a book: an hour of AAPL (LOBSTER), messages a second, call by call through the contract.

The file is market data and not part of the project: it lies in ../shared/data, where the tests look for it as well.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from benchmarks.book import RULES, collector_as_in_the_node, timed
from benchmarks.rows import BenchmarkFailed, Report, Row, median, row, spread
from matching.books import COMPILED
from matching.lobster import Message, Replay, Tally, read_levels, read_message
from matching.order_book import PlainBook

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "orderflow"
MESSAGES = FOLDER / "AAPL_2012-06-21_message_50.csv.gz"
BOOK = FOLDER / "AAPL_2012-06-21_orderbook_50_first672.csv.gz"
TICK, LEVELS = 100, 50


def run(*, quick: bool) -> Report:
    """Measure both books; `quick` plays the first tenth, once."""
    if not MESSAGES.exists():
        raise BenchmarkFailed(f"there is no order flow at {FOLDER.parent.name}/{FOLDER.name}")
    with gzip.open(BOOK, "rt", encoding="ascii") as lines:
        seed = next(lines)
    with gzip.open(MESSAGES, "rt", encoding="ascii") as lines:
        messages = [read_message(line, TICK) for line in lines][1:]  # the seed is the state after the first
    if quick:
        messages = messages[: len(messages) // 10]
    rounds = 1 if quick else 5
    rows: list[Row] = []
    notes: list[str] = []
    tally: Tally | None = None
    for name, make in (("plain", PlainBook), ("compiled", COMPILED)):
        if make is None:
            notes.append("no compiled book on this machine")
            continue
        speeds: list[float] = []
        for _ in range(rounds):
            replay = Replay(make(RULES))
            replay.seed(read_levels(seed, TICK, LEVELS))
            with collector_as_in_the_node():
                speeds.append(len(messages) / timed(lambda: play(replay, messages)))  # noqa: B023 - called here
            if tally not in (None, replay.tally):
                raise BenchmarkFailed("the books tell the hour differently")
            tally = replay.tally
        baseline = rows[0]["value"] if rows else None
        rows.append(row(f"replay: {name}", median(speeds), "messages/s", baseline=baseline))
        notes.append(f"{name}: {spread(speeds)}")
    if tally is not None:
        notes.append(f"{tally.messages:,} messages, {tally.trades:,} trades of {tally.lots_traded:,} lots")
    return Report(rows, notes)


def play(replay: Replay, messages: list[Message]) -> None:
    """Every row in turn."""
    for message in messages:
        replay.apply(message)
