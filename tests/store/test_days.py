"""A trading day out of the tables: whatever a question may look at, the whole is what the model says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, text, update

from exchange.core.ids import InstrumentId
from exchange.store.queries import candles, days
from exchange.store.queries.days import Day
from exchange.store.queries.reader import Reads, Snapshot
from exchange.store.schema.all import metadata
from tests.models import tape_model
from tests.models.tape_model import Deal
from tests.store.test_candles import BUSY, HOUR_NS, MIDNIGHT_NS, QUIET, SILENT, TICK_MINOR, ZONE, Past, fill

FEW = 600


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    folder: Path = tmp_path_factory.mktemp("days")
    found = fill(f"sqlite:///{folder}/exchange.sqlite", FEW)
    engine = create_engine(found.url)
    with engine.begin() as connection:
        for instrument_id, deals in found.deals.items():
            connection.execute(
                text("INSERT OR REPLACE INTO instrument_numbers VALUES (:i, 0, :n, 0)"),
                {"i": instrument_id, "n": len(deals)},
            )
    engine.dispose()
    return found


@pytest.fixture
def reads(past: Past) -> Iterator[Reads]:
    found = Reads(past.url)
    yield found
    found.close()


def at(past: Past, sequence: int, at_ns: int) -> None:
    """Let the journal's newest row be of a moment."""
    journal = metadata.tables["journal"]
    engine = create_engine(past.url)
    with engine.begin() as connection:
        connection.execute(update(journal).values(sequence=sequence, at_ns=at_ns))
    engine.dispose()


def read(reads: Reads, instrument_id: InstrumentId) -> Day:
    """The whole day, a snapshot a stretch."""
    day = reads.run(lambda snapshot: days.begin(snapshot, instrument_id))
    while day is not None and not day.is_whole:
        before = day

        def more(snapshot: Snapshot, day: Day = before) -> Day | None:
            return days.go_on(snapshot, day)

        day = reads.run(more)
    assert day is not None
    return day


def expected(deals: list[Deal], start_ns: int) -> tuple[dict[str, int] | None, int]:
    """The day's candle and the close before it, by the model."""
    own = [deal for deal in deals if start_ns <= deal.at_ns < start_ns + 24 * HOUR_NS]
    before = [deal for deal in deals if deal.at_ns < start_ns]
    found = list(tape_model.candles(own, "1d", ZONE, TICK_MINOR).values())
    return (found[0] if found else None), before[-1].price_ticks if before else 0


@pytest.mark.parametrize("looked_at", [7, 100_000])
@pytest.mark.parametrize("instrument_id", [BUSY, QUIET, SILENT])
@pytest.mark.parametrize("place", range(4))
def test_the_day_and_the_close_before_it_are_what_the_model_says(
    past: Past, reads: Reads, monkeypatch: pytest.MonkeyPatch, looked_at: int, instrument_id: InstrumentId, place: int
) -> None:
    monkeypatch.setattr(candles, "LOOKED_AT", looked_at)
    monkeypatch.setattr(days, "LOOKED_AT", looked_at)
    monkeypatch.setattr(days, "CLOSES_LOOKED_AT", 3)
    start_ns = MIDNIGHT_NS + 24 * HOUR_NS * place
    at(past, 90_000, start_ns + 24 * HOUR_NS - 1)
    day = read(reads, instrument_id)
    model, close = expected(past.deals[instrument_id], start_ns)
    assert (day.start_ns, day.end_ns) == (start_ns, start_ns + 24 * HOUR_NS)
    assert (day.trade_n, day.previous_close_ticks) == (len(past.deals[instrument_id]), close)
    if model is None:
        assert day.candle is None
    else:
        assert day.candle is not None
        assert {name: getattr(day.candle, name) for name in model} == model


def test_trades_that_no_longer_count_are_no_close_and_new_prices_are(past: Past, reads: Reads) -> None:
    """The last trades of the first day: the newest busted, the one before it at another price."""
    start_ns = MIDNIGHT_NS + 24 * HOUR_NS
    at(past, 90_000, start_ns)
    trades, corrections = metadata.tables["trades"], metadata.tables["trade_corrections"]
    engine = create_engine(past.url)
    own = (trades.c.instrument_id == BUSY) & (trades.c.at_ns < start_ns)
    with engine.begin() as connection:
        newest = list(
            connection.execute(trades.select().where(own).order_by(trades.c.trade_id.desc()).limit(2)).mappings()
        )
        closes = []
        for row, remedy, ticks in ((newest[0], "reversed", 1), (newest[1], "repriced", 77)):
            blank = {"int": 0, "str": "", "bytes": b"", "bool": False}
            values = {column.name: blank[column.type.python_type.__name__] for column in corrections.columns}
            values |= {"trade_id": row["trade_id"], "instrument_id": BUSY, "remedy": remedy, "corrected_ticks": ticks}
            connection.execute(insert(corrections).values(values))
            closes.append(ticks)
    try:
        assert read(reads, BUSY).previous_close_ticks == 77
    finally:
        with engine.begin() as connection:
            connection.execute(corrections.delete())
        engine.dispose()


def test_midnight_while_a_day_is_read_begins_the_new_one(
    past: Past, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candles, "LOOKED_AT", 7)
    at(past, 90_000, MIDNIGHT_NS + 24 * HOUR_NS - 1)
    day = reads.run(lambda snapshot: days.begin(snapshot, BUSY))
    assert day is not None and day.place is not None
    at(past, 90_001, MIDNIGHT_NS + 24 * HOUR_NS)
    begun = reads.run(lambda snapshot: days.go_on(snapshot, day))
    assert begun is not None and begun.start_ns == MIDNIGHT_NS + 24 * HOUR_NS
    assert (begun.first_sequence, begun.last_sequence) == (90_001, 90_001)


def test_an_instrument_that_nobody_knows_has_no_day(reads: Reads) -> None:
    assert reads.run(lambda snapshot: days.begin(snapshot, InstrumentId(1))) is None
