"""Candles out of the tables: pages of any size say the same, found by key and never by reading everything."""

from __future__ import annotations

import random  # noqa: TID251 - seeded
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import create_engine, event, insert, text
from sqlalchemy.engine import make_url

from exchange.core.ids import InstrumentId, make_id
from exchange.core.units import NS_PER_SECOND
from exchange.rulebook.shipped import calendar_text
from exchange.store.migrate import upgrade
from exchange.store.queries import candles
from exchange.store.queries.candles import Place, Traded
from exchange.store.queries.reader import Reads, Snapshot
from exchange.store.schema.all import metadata
from matching.tape import Candle, Interval
from tests.models import tape_model
from tests.models.tape_model import Deal

BUSY, QUIET, SILENT = InstrumentId(make_id(20)), InstrumentId(make_id(21)), InstrumentId(make_id(22))
ZONE = "Asia/Shanghai"
TICK_MINOR = 5
MIDNIGHT_NS = 1_772_380_800 * NS_PER_SECOND
"""2026-03-02T00:00 in Shanghai."""
HOUR_NS = 3_600 * NS_PER_SECOND


@dataclass(frozen=True)
class Past:
    """A database of trades, and the same trades as a list a model can read."""

    url: str
    deals: dict[InstrumentId, list[Deal]]


def trades(count: int) -> Iterator[tuple[InstrumentId, Deal]]:
    """Three days of trades, one in fifty of them the quiet instrument's; some exactly at midnight, some just before."""
    rng, at_ns = random.Random(7), MIDNIGHT_NS
    moments = sorted({MIDNIGHT_NS + rng.randrange(72 * HOUR_NS) for _ in range(count - 3)})
    edges = (MIDNIGHT_NS, MIDNIGHT_NS + 24 * HOUR_NS - 1, MIDNIGHT_NS + 24 * HOUR_NS)
    for at_ns in sorted({*moments, *edges}):
        instrument_id = QUIET if rng.random() < 0.02 else BUSY
        yield instrument_id, Deal(at_ns, rng.randrange(90, 111), rng.randrange(1, 1_000))


def fill(url: str, count: int) -> Past:
    """Write the trades, in journal order, some of a command's together."""
    upgrade(url)
    deals: dict[InstrumentId, list[Deal]] = {BUSY: [], QUIET: [], SILENT: []}
    rows: list[dict[str, Any]] = []
    for number, (instrument_id, deal) in enumerate(trades(count)):
        deals[instrument_id].append(deal)
        nobody = dict.fromkeys(("buyer_order_id", "seller_order_id", "buyer_account_id", "seller_account_id"), 1)
        rows.append(
            {
                "trade_id": make_id(100 + number // 3 * 7, number % 3),
                "instrument_id": instrument_id,
                "trade_n": len(deals[instrument_id]),
                "price_ticks": deal.price_ticks,
                "quantity_lots": deal.lots,
                "aggressor": "buy",
                "buyer_fee_minor": 0,
                "seller_fee_minor": 0,
                "at_ns": deal.at_ns,
                **nobody,
            }
        )
    tables = metadata.tables
    blank = {"int": 0, "str": "", "bytes": b"", "bool": False}

    def row(table: str, **values: Any) -> Any:
        columns = tables[table].columns
        return insert(tables[table]).values(
            {column.name: values.get(column.name, blank[column.type.python_type.__name__]) for column in columns}
        )

    engine = create_engine(make_url(url))
    with engine.begin() as connection:
        connection.execute(row("published", kind="calendar", name="cn", version=1, text=calendar_text("cn")))
        connection.execute(row("markets", market_id=make_id(10), name="m", calendar="cn", calendar_version=1))
        for instrument_id in deals:
            code = f"I{instrument_id}"
            values = {"instrument_id": instrument_id, "code": code, "market_id": make_id(10), "tick_minor": TICK_MINOR}
            connection.execute(row("instruments", phase="continuous", **values))
        connection.execute(row("instrument_numbers", instrument_id=BUSY, last_price_ticks=101))
        connection.execute(row("journal", sequence=90_000, at_ns=MIDNIGHT_NS + 72 * HOUR_NS))
        connection.execute(insert(tables["trades"]), rows)
    engine.dispose()
    return Past(url, deals)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def past(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """Some thousand trades in each kind of database."""
    if request.param == "sqlite":
        yield fill(f"sqlite:///{tmp_path_factory.mktemp('tape')}/exchange.sqlite", 6_000)
    else:
        with request.getfixturevalue("postgres_server").fresh_database() as url:
            yield fill(url, 6_000)


@pytest.fixture
def snapshot(past: Past) -> Iterator[Snapshot]:
    """The tables at one sequence, as a question sees them."""
    reads = Reads(past.url)
    with reads.snapshot(60) as found:
        yield found
    reads.close()


def read(snapshot: Snapshot, instrument_id: InstrumentId, interval: Interval, place: Place, limit: int) -> list[Any]:
    """Every page from a place on."""
    of = candles.traded(snapshot, instrument_id)
    assert of == Traded(instrument_id, TICK_MINOR, ZONE)
    pages = []
    following: Place | None = place
    while following is not None:
        page = candles.candles(snapshot, of, interval, following, limit)
        pages.append(page.records)
        assert len(page.records) <= limit
        following = page.next_place
    return pages


def flat(pages: list[Any]) -> list[Candle]:
    """The candles of all pages."""
    return [candle for page in pages for candle in page]


def expected(deals: list[Deal], interval: Interval, from_ns: int, until_ns: int) -> list[dict[str, int]]:
    """What the model makes of the trades of a stretch."""
    held = [deal for deal in deals if from_ns <= deal.at_ns < until_ns]
    return list(tape_model.candles(held, interval.value, ZONE, TICK_MINOR).values())


def told(found: list[Candle]) -> list[dict[str, int]]:
    """The candles' numbers as the model has them."""
    names = tape_model.candles([Deal(0, 1, 1)], "1d", ZONE, 1)["1970-01-01"]
    return [{name: getattr(candle, name) for name in names} for candle in found]


@pytest.mark.parametrize("instrument_id", [BUSY, QUIET])
@pytest.mark.parametrize("interval", list(Interval))
def test_the_tables_candles_are_those_of_their_trades(
    snapshot: Snapshot, past: Past, interval: Interval, instrument_id: InstrumentId
) -> None:
    place = Place(MIDNIGHT_NS, MIDNIGHT_NS + 72 * HOUR_NS, 0, None)
    found = flat(read(snapshot, instrument_id, interval, place, 10_000))
    assert told(found) == expected(past.deals[instrument_id], interval, MIDNIGHT_NS, MIDNIGHT_NS + 72 * HOUR_NS)
    assert sum(candle.trade_count for candle in found) == len(past.deals[instrument_id])


@pytest.mark.parametrize(
    ("looked_at", "counted", "limit"), [(1, 1, 1), (500, 3, 500), (700, 20_000, 7), (10**6, 10**6, 1)]
)
def test_short_stretches_and_small_pages_give_the_same_candles(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, looked_at: int, counted: int, limit: int
) -> None:
    place = Place(MIDNIGHT_NS + HOUR_NS, MIDNIGHT_NS + 30 * HOUR_NS, 0, None)
    if looked_at == 1:
        place = place._replace(until_ns=MIDNIGHT_NS + 3 * HOUR_NS)
    whole = flat(read(snapshot, QUIET, Interval.HOUR, place, 10_000))
    monkeypatch.setattr(candles, "LOOKED_AT", looked_at)
    monkeypatch.setattr(candles, "COUNTED", counted)
    pages = read(snapshot, QUIET, Interval.HOUR, place, limit)
    assert flat(pages) == whole
    assert len(pages) > 1


def test_a_trade_at_the_stretchs_first_moment_counts_and_one_at_its_end_does_not(
    snapshot: Snapshot, past: Past
) -> None:
    first = past.deals[BUSY][100].at_ns
    last = past.deals[BUSY][200].at_ns
    for from_ns, until_ns, count in ((first, last, 100), (first, last + 1, 101), (first + 1, last, 99)):
        found = flat(read(snapshot, BUSY, Interval.DAY, Place(from_ns, until_ns, 0, None), 10))
        assert sum(candle.trade_count for candle in found) == count


def test_midnight_in_the_calendars_time_zone_parts_two_days(snapshot: Snapshot, past: Past) -> None:
    days = flat(read(snapshot, BUSY, Interval.DAY, Place(MIDNIGHT_NS, MIDNIGHT_NS + 72 * HOUR_NS, 0, None), 10))
    assert [candle.start_ns for candle in days] == [MIDNIGHT_NS + 24 * HOUR_NS * day for day in range(3)]
    first_day = [deal for deal in past.deals[BUSY] if deal.at_ns < MIDNIGHT_NS + 24 * HOUR_NS]
    assert days[0].last_trade_n == len(first_day)


def test_where_nothing_was_traded_there_is_no_candle(snapshot: Snapshot) -> None:
    end = MIDNIGHT_NS + 72 * HOUR_NS
    assert read(snapshot, SILENT, Interval.MINUTE, Place(MIDNIGHT_NS, end, 0, None), 10) == [()]
    assert read(snapshot, BUSY, Interval.MINUTE, Place(0, MIDNIGHT_NS, 0, None), 10) == [()]
    assert read(snapshot, BUSY, Interval.MINUTE, Place(end, end + HOUR_NS, 0, None), 10) == [()]
    assert candles.traded(snapshot, make_id(99)) is None


def test_what_stands_is_the_phase_and_the_last_price(snapshot: Snapshot) -> None:
    assert candles.standing(snapshot, BUSY) == ("continuous", 101)
    assert candles.standing(snapshot, QUIET) == ("continuous", 0)
    assert candles.standing(snapshot, make_id(99)) is None
    assert candles.head_ns(snapshot) == MIDNIGHT_NS + 72 * HOUR_NS


def test_no_question_reads_the_whole_table(past: Past) -> None:
    reads = Reads(past.url)
    sent: list[tuple[str, Any]] = []
    event.listen(reads._engine, "before_cursor_execute", lambda *values: sent.append((values[2], values[3])))
    with reads.snapshot(60) as found:
        read(found, QUIET, Interval.HOUR, Place(MIDNIGHT_NS + HOUR_NS, MIDNIGHT_NS + 3 * HOUR_NS, 0, None), 10)
        about_trades = {statement: values for statement, values in sent if "FROM trades" in statement}
        assert len(about_trades) >= 4
        plans = [explained(found, statement, values) for statement, values in about_trades.items()]
    reads.close()
    for plan in plans:
        assert "SCAN trades" not in plan and "Seq Scan" not in plan, plan


def explained(snapshot: Snapshot, statement: str, values: Any) -> str:
    """How the database would answer a statement, in its words."""
    connection = snapshot._connection
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return "\n".join(str(row[-1]) for row in rows)
    # A small table is read whole because that is cheaper: ask what a large one would get.
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    return "\n".join(str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values))
