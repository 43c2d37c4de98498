"""The walk over the journal sees what a walk over the facts sees, whatever the stretch, and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.ids import AccountId, InstrumentId, make_id
from exchange.core.instruments import Phase, Side
from exchange.store.queries.reader import Reads
from exchange.store.queries.surveillance import Patrol, turn_of
from matching.surveillance.alerts import Alert, AlertKind
from matching.surveillance.facts import TurnKind
from matching.surveillance.parameters import shipped
from matching.surveillance.watch import surveil
from tests.matching.surveillance.flow import Day
from tests.matching.surveillance.stories import INSTRUMENT
from tests.matching.surveillance.test_promises import cross, layers, push
from tests.store.watched import write

FIRST, SECOND, THIRD = AccountId(make_id(20_000)), AccountId(make_id(30_000)), AccountId(make_id(20_001))


@pytest.fixture(scope="module")
def day() -> Day:
    """Ordinary trading with patterns in it, a second of them after a quiet week."""
    made = Day(11)
    for _ in range(2):
        made.trade(600)
        cross(made, FIRST, SECOND, 77)
        made.trade(100)
        layers(made, FIRST, THIRD)
        push(made, THIRD, 6, 100)
        made.turn(TurnKind.RECORD_DATE)
        made.trade(60)
        made.pass_time(7 * 86_400)
        push(made, FIRST, 2, 30)
        made.turn(TurnKind.CLOSE)
    return made


@pytest.fixture(scope="module")
def reads(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reads]:
    """The day's database."""
    path = tmp_path_factory.mktemp("watched") / "exchange.sqlite"
    write(day, path)
    found = Reads(f"sqlite:///{path}")
    yield found
    found.close()


def walked(reads: Reads, patrol: Patrol, rows: int = 500) -> list[Alert]:
    """Walk to the end, page by page, each page a snapshot of its own."""
    found: list[Alert] = []
    while not patrol.done:
        found += reads.run(lambda snapshot: patrol.step(snapshot, rows))
    return found


def test_the_journal_tells_what_the_facts_told(day: Day, reads: Reads) -> None:
    expected = list(surveil(day.facts, INSTRUMENT, shipped(), day.relations))
    patrol = Patrol(shipped(), first=1, last=day.sequence)

    assert walked(reads, patrol) == expected
    made = {alert.kind for alert in expected}
    assert {AlertKind.WASH_RELATED, AlertKind.LAYERING, AlertKind.RAMPING, AlertKind.MARKING_THE_CLOSE} <= made
    assert (patrol.rows, patrol.forgotten, patrol.whole) == (day.sequence, 0, True)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), rows=st.integers(1, 700))
def test_any_stretch_in_pages_of_any_size_names_the_same_alerts(
    day: Day, reads: Reads, data: st.DataObject, rows: int
) -> None:
    alerts = list(surveil(day.facts, INSTRUMENT, shipped(), day.relations))
    ends = st.one_of(st.integers(1, day.sequence), st.sampled_from([int(alert.to_sequence) for alert in alerts]))
    first, last = sorted((data.draw(ends), data.draw(ends)))
    expected = [alert for alert in alerts if first <= alert.to_sequence <= last]

    # A page costs a snapshot; where the stretch is long, the smallest are not tried.
    assert walked(reads, Patrol(shipped(), first=first, last=last), max(rows, (last - first) // 20)) == expected


def test_an_alert_is_found_again_alone_by_the_row_that_completed_it(day: Day, reads: Reads) -> None:
    alerts = list(surveil(day.facts, INSTRUMENT, shipped(), day.relations))

    for alert in alerts:
        assert walked(reads, Patrol(shipped(), first=alert.to_sequence, last=alert.to_sequence)) == [alert]


def test_another_instrument_has_no_part_in_it(day: Day, reads: Reads) -> None:
    assert walked(reads, Patrol(shipped(), first=1, last=day.sequence, instrument_id=InstrumentId(make_id(9)))) == []


def test_accounts_an_officer_declares_related_are_taken_as_one(day: Day, reads: Reads) -> None:
    known = walked(reads, Patrol(shipped(), first=1, last=day.sequence))
    patrol = Patrol(shipped(), first=1, last=day.sequence, declared=[list(day.owners)])
    declared = [alert for alert in walked(reads, patrol) if alert.relation == "declared"]

    assert declared
    assert not [alert for alert in known if alert.relation == "declared"]


def test_a_limit_on_what_is_read_before_the_stretch_is_told(day: Day, reads: Reads) -> None:
    busy = next(alert for alert in surveil(day.facts, INSTRUMENT, shipped(), day.relations)).to_sequence
    short = Patrol(shipped(), first=busy, last=busy, most_before=3)
    walked(reads, short)

    assert not short.whole
    assert short.rows == 4


def test_a_stretch_beyond_the_journals_end_is_empty(day: Day, reads: Reads) -> None:
    patrol = Patrol(shipped(), first=day.sequence + 10, last=day.sequence + 20)

    assert walked(reads, patrol) == []
    assert patrol.rows == 0


@pytest.mark.parametrize(
    ("phase", "turn"),
    [
        (Phase.CLOSED, TurnKind.CLOSE),
        (Phase.POST_CLOSE, TurnKind.CLOSE),
        (Phase.CONTINUOUS, None),
        (Phase.HALTED, None),
        (Phase.PRE_OPEN, None),
        (Phase.SETTLING, None),
        (Phase.OPENING_CALL, TurnKind.AUCTION),
        (Phase.CLOSING_CALL, TurnKind.AUCTION),
        (Phase.VOLATILITY_CALL, None),
    ],
)
def test_only_what_can_be_foreseen_is_a_moment_to_move_a_price_for(phase: Phase, turn: TurnKind | None) -> None:
    assert turn_of(phase) is turn


def test_orders_moved_to_where_they_impress_are_layers_of_their_own_side(tmp_path: Path) -> None:
    made = Day(3)
    made.place(SECOND, Side.BUY, 5, 900)
    shown = [made.place(FIRST, Side.BUY, 60, 500) for _ in range(3)]
    made.pass_time(600)
    for order_id in shown:
        made.move(order_id, 990)
    made.place(FIRST, Side.SELL, 20, 1_000)
    made.place(THIRD, Side.BUY, 20, 1_000)
    for order_id in shown:
        made.withdraw(order_id)
    write(made, tmp_path / "exchange.sqlite")
    reads = Reads(f"sqlite:///{tmp_path / 'exchange.sqlite'}")
    try:
        found = walked(reads, Patrol(shipped(), first=1, last=made.sequence))
    finally:
        reads.close()

    assert [(alert.kind, alert.accounts, alert.order_ids[1:]) for alert in found] == [
        (AlertKind.LAYERING, (FIRST,), tuple(shown))
    ]
