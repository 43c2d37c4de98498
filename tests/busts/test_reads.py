"""Reports and surveillance after trades were mended: busted ones do not count, corrected ones cost what they do now."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from exchange.cli.report_reads import Ledger, Subject, Window, close_before, trades_in
from exchange.core.ids import AccountId, make_id
from exchange.store.queries.reader import Reads
from exchange.store.queries.surveillance import Patrol
from exchange.store.snapshot import SqliteSnapshot
from matching.correction_messages import Remedy
from matching.surveillance.alerts import Alert, AlertKind
from matching.surveillance.parameters import shipped
from tests.busts.stage import Busts, stage, trades_of
from tests.engine.days import CODE
from tests.matching.surveillance.flow import Day
from tests.matching.surveillance.test_promises import cross, layers
from tests.store.watched import write
from tests.support import Venue


def test_a_report_counts_what_counted_when_its_days_ended() -> None:
    venue = stage()
    Busts(venue).plays("""
        wu sells 30 @ 100          -> rests
        li buys 10 @ 100           -> wu 10 @ 100
        li buys 10 @ 100           -> wu 10 @ 100
        zhao buys 10 @ 100         -> wu 10 @ 100
        ops busts 1 fair 90        -> reversed
    """)
    before_ns, before = venue.state.at_ns + 1, venue.state.sequence + 1
    Busts(venue).plays("""
        ops corrects 2 to 95       -> repriced
        ops busts 3 fair 90        -> reversed
    """)
    first, second, third = trades_of(venue)
    now = reported(venue, venue.state.sequence + 1, venue.state.at_ns + 1)
    assert now == [(second, 95, 950)]
    assert reported(venue, before, before_ns) == [(second, 100, 1_000), (third, 100, 1_000)], "as it was then"
    window = Window(venue.state.sequence + 1, venue.state.sequence + 2, venue.state.at_ns + 1)
    assert close_before(Ledger(SqliteSnapshot(venue.scratch.connection)), subject(venue), window) == 95
    assert first < second
    venue.close()


def subject(venue: Venue) -> Subject:
    """The instrument, as reports name it."""
    return Subject(venue.instruments[CODE], CODE, CODE, "trading", "XTS", 2, 1, venue.asset(CODE), "UTC")


def reported(venue: Venue, end: int, end_ns: int) -> list[tuple[int, int, int]]:
    """Trade, price and turnover of each trade a report up to a row counts."""
    ledger = Ledger(SqliteSnapshot(venue.scratch.connection))
    found = trades_in(ledger, [subject(venue)], {"UTC": Window(1, end, end_ns)})
    columns = (found["trade_id"], found["price_ticks"], found["turnover_minor"])
    return [(int(one), int(two), int(three)) for one, two, three in zip(*columns, strict=True)]


def test_a_busted_trade_is_no_wash_trade_and_leaves_the_orders_as_they_were(tmp_path: Path) -> None:
    day = Day(11)
    day.trade(300)
    cross(day, AccountId(make_id(20_000)), AccountId(make_id(30_000)), 77)
    day.trade(50)
    layers(day, AccountId(make_id(20_000)), AccountId(make_id(20_001)))
    path = tmp_path / "exchange.sqlite"
    write(day, path)
    found = walked(path, day.sequence)
    washed = [trade for alert in found if alert.kind is AlertKind.WASH_RELATED for trade in alert.trade_ids]
    assert washed
    with contextlib.closing(sqlite3.connect(path)) as file:
        for trade_id in washed:
            row = (trade_id, 0, Remedy.COMPENSATED.value, "whim", "e" * 64, 1, 1, 1, 1, 0, 0)
            file.execute("INSERT INTO trade_corrections VALUES (?,?,?,?,?,?,?,?,?,?,?)", row)
        file.commit()
    later = walked(path, day.sequence)
    assert not [alert for alert in later if alert.kind is AlertKind.WASH_RELATED]
    kind = AlertKind.LAYERING
    assert [alert for alert in later if alert.kind is kind] == [alert for alert in found if alert.kind is kind] != []


def walked(path: Path, last: int) -> list[Alert]:
    """What surveillance says of the whole journal."""
    reads = Reads(f"sqlite:///{path}")
    patrol = Patrol(shipped(), first=1, last=last)
    found: list[Alert] = []
    while not patrol.done:
        found += reads.run(patrol.step)
    reads.close()
    return found
