"""The ledger alone: whole transfers, promises, and the marks that tell of them."""

from __future__ import annotations

import pytest

from custody.ledger import Ledger
from exchange.core.ids import AccountId, AssetId
from exchange.core.rejections import InvariantBroken
from exchange.core.units import Sequence

MIRROR, WU, LI = AccountId(1), AccountId(2), AccountId(3)
MONEY, RIGHT = AssetId(10), AssetId(11)


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    ledger.mirrors.add(MIRROR)
    ledger.move(Sequence(1), [(MIRROR, MONEY, -100), (WU, MONEY, 100)])
    return ledger


def test_a_transfer_that_does_not_balance_in_each_asset_stops_the_node(ledger: Ledger) -> None:
    with pytest.raises(InvariantBroken, match="sums to zero"):
        ledger.move(Sequence(2), [(WU, MONEY, -10), (LI, MONEY, 9)])
    with pytest.raises(InvariantBroken, match="sums to zero"):
        Ledger(mirrors={MIRROR}).move(Sequence(2), [(MIRROR, MONEY, -10), (LI, RIGHT, 10)])


def test_nobody_spends_the_one_unit_they_do_not_have(ledger: Ledger) -> None:
    with pytest.raises(InvariantBroken, match="do not have"):
        ledger.move(Sequence(2), [(WU, MONEY, -101), (LI, MONEY, 101)])


def test_what_is_promised_is_not_spent(ledger: Ledger) -> None:
    ledger.move(Sequence(2), (), [(WU, MONEY, 60)])
    assert ledger.available(WU, MONEY) == 40
    with pytest.raises(InvariantBroken, match="do not have"):
        ledger.move(Sequence(3), [(WU, MONEY, -41), (LI, MONEY, 41)])


def test_the_exact_last_unit_may_be_spent_and_promised(ledger: Ledger) -> None:
    ledger.move(Sequence(2), [(WU, MONEY, -100), (LI, MONEY, 100)])
    ledger.move(Sequence(3), (), [(LI, MONEY, 100)])
    assert (ledger.units(WU, MONEY), ledger.units(LI, MONEY), ledger.available(LI, MONEY)) == (0, 100, 0)


def test_nobody_promises_more_than_they_have_or_less_than_nothing(ledger: Ledger) -> None:
    for units in (101, -1):
        with pytest.raises(InvariantBroken, match="promises more"):
            ledger.hold(WU, MONEY, units)
    with pytest.raises(InvariantBroken, match="stands on a balance"):
        ledger.hold(LI, MONEY, 1)
    assert ledger.hold(LI, MONEY, 0) == 0


def test_a_hold_released_may_be_spent_in_the_same_movement(ledger: Ledger) -> None:
    ledger.move(Sequence(2), (), [(WU, MONEY, 100)])
    moved = ledger.move(Sequence(3), [(WU, MONEY, -30), (LI, MONEY, 30)], [(WU, MONEY, -30)])
    assert [(hold.account_id, hold.held_after) for hold in moved.holds] == [(WU, 70)]
    assert [(p.account_id, p.units, p.balance_after, p.previous_sequence) for p in moved.postings] == [
        (WU, -30, 70, 1),
        (LI, 30, 30, 0),
    ]


def test_every_account_but_a_mirror_is_told_once_a_movement_without_gaps(ledger: Ledger) -> None:
    moved = ledger.move(Sequence(5), [(WU, MONEY, -1), (LI, MONEY, 1)], [(WU, MONEY, 5)])
    assert [(m.account_id, m.mark.n, m.mark.previous_sequence) for m in moved.marks] == [(WU, 2, 1), (LI, 1, 0)]
    again = ledger.move(Sequence(5), [(WU, MONEY, -1), (MIRROR, MONEY, 1)])
    assert [(m.account_id, m.mark.n, m.mark.previous_sequence) for m in again.marks] == [(WU, 3, 1)]
    later = ledger.move(Sequence(9), [(WU, MONEY, -1), (MIRROR, MONEY, 1)])
    assert [(m.account_id, m.mark.n, m.mark.previous_sequence) for m in later.marks] == [(WU, 4, 5)]


def test_empty_legs_leave_no_trace(ledger: Ledger) -> None:
    moved = ledger.move(Sequence(2), [(WU, MONEY, 0), (LI, RIGHT, 0)], [(WU, MONEY, 0)])
    assert (moved.postings, moved.holds, moved.marks) == ((), (), ())


def test_holders_are_those_above_zero_by_account_mirrors_aside(ledger: Ledger) -> None:
    ledger.move(Sequence(2), [(WU, MONEY, -100), (LI, MONEY, 100)])
    ledger.move(Sequence(3), [(MIRROR, MONEY, -5), (WU, MONEY, 5)])
    assert ledger.holders(MONEY) == [(WU, 5), (LI, 100)]
    assert ledger.holders(RIGHT) == []
