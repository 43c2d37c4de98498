"""Holders of record: exact at one sequence, however much is traded while the plan is made, and after a kill."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.distribution import Line, PotRole, cut_of, part_at
from custody.distribution_messages import DistributionState
from exchange.core.messages import Header, Record
from exchange.core.node_messages import ContinueRun
from exchange.core.postings import Movement
from exchange.core.units import share_out
from exchange.engine import distributions, record_dates
from exchange.engine.state import ExchangeState
from tests.incomes.stage import Stage

HOLDERS = ("ada", "bo", "cy", "hana", "gus", "li", "wu", "tao")


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines a page, so that eight holders take a run of several chunks."""
    monkeypatch.setattr(distributions, "MAX_LINES", 3)
    monkeypatch.setattr(record_dates, "SLICE", 10)


@given(
    st.integers(0, 2**53 - 1),
    st.lists(st.integers(1, 10**12), min_size=1, max_size=30) | st.lists(st.integers(1, 3), min_size=1, max_size=30),
)
def test_place_by_place_largest_remainder_is_what_it_is_at_once(pot: int, units: list[int]) -> None:
    total = sum(units)
    cut = cut_of(pot, units, total)
    parts = [part_at(pot, place, each, total, cut) for place, each in enumerate(units)]
    assert parts == share_out(pot, units)


def _holders(stage: Stage) -> list[Line]:
    return [line for line in stage.lines() if line.role is PotRole.HOLDERS]


def _chunk(stage: Stage) -> None:
    run = stage.venue.state.runs[min(stage.venue.state.runs)]
    stage.venue.do(ContinueRun(run_id=run.run_id, from_position=run.position), "node")


def test_trades_between_chunks_change_nothing_of_the_record() -> None:
    stage = Stage.cn()
    stage.floats(**dict.fromkeys(HOLDERS, 50_000))
    accounts = stage.venue.accounts
    assert not stage.take("propose")
    _chunk(stage)
    stage.move([(accounts["wu"], -50_000), (accounts["pku"], 50_000)], stage.share_id)
    stage.venue.check_tables()
    _chunk(stage)
    stage.move([(accounts["pku"], -20_000), (accounts["ada"], 20_000)], stage.share_id)
    stage.venue.restart()
    stage.venue.finish_runs()
    plan = stage.distribution()
    units = {line.account_id: line.weight for line in _holders(stage)}
    expected = {accounts[name]: 50_000 for name in HOLDERS}
    assert units == expected | {accounts["thu"]: stage.venue.state.assets[stage.share_id].total_units - 400_000}
    assert list(units) == sorted(units)
    assert plan.state is DistributionState.PLANNED
    assert plan.record_units == sum(units.values())
    assert sum(line.gross_minor for line in _holders(stage)) == 356_000_00
    stage.venue.close()


def test_the_holders_at_the_end_of_the_record_date_are_paid() -> None:
    stage = Stage.cn()
    stage.floats(ada=100_000)
    accounts = stage.venue.accounts
    assert not stage.take("propose", record_date="2026-03-20")
    stage.hand(bo=100_000)
    while stage.distribution().state is DistributionState.AWAITING_RECORD:
        stage.venue.pass_time(days=1)
        stage.tick()
    stage.move([(accounts["bo"], -100_000), (accounts["cy"], 100_000)], stage.share_id)
    stage.venue.finish_runs()
    assert {accounts["ada"], accounts["bo"]} < {line.account_id for line in _holders(stage)}
    assert accounts["cy"] not in {line.account_id for line in _holders(stage)}
    stage.takes("approve", "pay", "run", "remit") if stage.distribution().withholding_minor else stage.takes(
        "approve", "pay", "run"
    )
    assert stage.distribution().state is DistributionState.DONE
    stage.venue.close()


def test_a_command_s_own_transfers_count_before_and_after_the_record_alike() -> None:
    """The record is of the end of the command: what the same command moves, before or after, is in it."""
    stage = Stage.cn()
    stage.floats(ada=100_000)
    accounts, share_id = stage.venue.accounts, stage.share_id
    from exchange.core.node_messages import TimerKind
    from exchange.engine import timers

    good = timers.FIRINGS[TimerKind.RECORD_DATE_ENDS]

    def fires(state: ExchangeState, header: Header, timer: object) -> list[object]:
        told = good(state, header, timer)  # type: ignore[arg-type]
        legs = [(accounts["ada"], share_id, -1), (accounts["bo"], share_id, 1)]
        moved = state.ledger.move(header.sequence, legs)
        event = told[0]
        import msgspec

        return [msgspec.structs.replace(event, movement=_both(event.movement, moved)), *told[1:]]  # type: ignore[attr-defined]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(timers.FIRINGS, TimerKind.RECORD_DATE_ENDS, fires)  # type: ignore[arg-type]
        assert not stage.take("propose", record_date="2026-03-20")
        while stage.distribution().state is DistributionState.AWAITING_RECORD:
            stage.venue.pass_time(days=1)
            stage.tick()
        stage.venue.check_tables()
        stage.venue.finish_runs()
        units = {line.account_id: line.weight for line in _holders(stage)}
        assert (units[accounts["ada"]], units[accounts["bo"]]) == (99_999, 1)
        stage.venue.close()


def _both(one: Movement, other: Movement) -> Movement:
    import msgspec

    return msgspec.structs.replace(one, postings=(*one.postings, *other.postings), marks=(*one.marks, *other.marks))


def test_shares_that_nobody_holds_are_planned_without_holders() -> None:
    stage = Stage.cn()
    stage.floats()

    def seed(state: ExchangeState, header: Header) -> list[Record | Movement]:
        account = state.assets[stage.share_id].home_account_id
        units = state.ledger.units(stage.venue.accounts["thu"], stage.share_id)
        legs = [(stage.venue.accounts["thu"], stage.share_id, -units), (account, stage.share_id, units)]
        return [state.ledger.move(header.sequence, legs)]

    stage.venue.seed(seed)
    plan = stage.planned()
    assert (plan.state, plan.holders, plan.lines) == (DistributionState.PLANNED, 0, 3)
    stage.venue.close()


def test_killed_between_any_two_chunks_nobody_is_paid_twice_or_not_at_all() -> None:
    def to_pay() -> Stage:
        stage = Stage.cn()
        stage.floats(**dict.fromkeys(HOLDERS, 50_000))
        return stage

    whole = to_pay()
    whole.planned()
    whole.takes("approve", "pay", "run")
    names = [*HOLDERS, "thu"]
    wanted = [whole.money(name) for name in names]
    chunks = 0
    for kill_after in range(11):
        stage = to_pay()
        assert not stage.take("propose")
        chunks = 0
        while stage.venue.state.runs:
            if chunks == kill_after:
                stage.venue.restart()
            if stage.venue.state.runs:
                _chunk(stage)
                chunks += 1
            if not stage.venue.state.runs and stage.distribution().state is DistributionState.PLANNED:
                stage.takes("approve", "pay")
        assert [stage.money(name) for name in names] == wanted, f"killed after chunk {kill_after}"
        assert stage.distribution().plan_sha256
        stage.venue.close()
    assert chunks == 3 + 3 + 4, "three steps prepare, three chunks plan nine holders, four pages are paid"
