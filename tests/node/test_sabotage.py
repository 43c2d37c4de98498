"""A handler with a bug, and a client that does not give up: others trade on, and the command is set apart by name."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exchange.core.ids import make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import AdvanceClock, ContinueRun, TimerKind
from exchange.core.rejections import InvariantBroken, ensure
from exchange.core.rule_messages import ActivateText, PublishedKind
from exchange.core.units import NS_PER_DAY
from exchange.core.wire import encode_command
from exchange.engine import apply as road
from exchange.engine import timers
from exchange.engine.digest import differences
from exchange.engine.state import ExchangeState
from exchange.node.clock import SystemClock
from exchange.node.codec import fingerprint
from exchange.node.ports import NodeFault, Outcome
from exchange.store.load.state import load_state
from exchange.store.proofs import verify
from exchange.store.snapshot import snapshot
from exchange.store.sqlite import SqliteStore
from matching.messages import CancelAllOrders, OrderAccepted, PlaceOrder
from tests.node.running import Running, running
from tests.node.template import Stage

ROUTES: dict[Any, road.Route] = road.ROUTES
"""The dispatch table itself; its keys are of many types."""
PATIENCE_S = 5.0
BAD = "BAD"
Break = Callable[[ExchangeState], None]


class Moving:
    """The system's clock, which a test can move on."""

    def __init__(self) -> None:
        self.ahead_ns = 0

    def now_ns(self) -> Any:
        """The time, and what was added to it."""
        return SystemClock().now_ns() + self.ahead_ns


@pytest.fixture
def database(staged: tuple[Path, Stage], tmp_path: Path) -> Path:
    """The template's database, to be written."""
    return Path(shutil.copyfile(staged[0], tmp_path / "exchange.sqlite"))


def before_the_line(state: ExchangeState) -> None:
    raise ValueError("a bug in the refusing half")


def after_the_line(state: ExchangeState) -> None:
    state.change()
    state.ledger.balances.clear()
    raise ValueError("a bug in the changing half")


def broken_promise(state: ExchangeState) -> None:
    ensure(False, "two and two is four")


def sabotage(monkeypatch: pytest.MonkeyPatch, bug: Break) -> None:
    """Make `order.place` fail for orders that are called bad."""
    good = ROUTES[PlaceOrder]

    def bad(state: ExchangeState, header: Header, command: PlaceOrder) -> list[Event]:
        if command.client_order_id.startswith(BAD):
            bug(state)
        return good.handler(state, header, command)

    monkeypatch.setitem(ROUTES, PlaceOrder, dataclasses.replace(good, handler=bad))


def code_of(outcome: Outcome) -> str:
    """What an outcome was refused with."""
    first = outcome.events[0]
    return first.code.value if isinstance(first, Rejected) else ""


def check(path: Path, node: Running) -> None:
    """Memory is what the tables say, and everything is proved."""
    with snapshot(f"sqlite:///{path}") as tables:
        report = verify(tables, replay=True)
        loaded = load_state(tables.stream)
    assert report.clean, [problem.line() for problem in report.problems.kept]
    assert node.keeper.sequencer is not None
    state = node.keeper.sequencer.state
    loaded.sequence, loaded.epoch, loaded.at_ns = state.sequence, state.epoch, state.at_ns
    assert differences(loaded, state) == []


async def test_a_bug_in_the_refusing_half_refuses_that_command_and_goes_on(
    database: Path, staged: tuple[Path, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch, before_the_line)
    async with running(database, staged[1]) as node:
        answers = await asyncio.gather(
            node.place("wu", "S1"), node.place("li", f"{BAD}1", key="b1"), node.place("zhao", "B1")
        )
        assert [code_of(answer) for answer in answers] == ["", "internal.refused", ""]
        again = await node.place("li", f"{BAD}1", key="b1")
        assert again.repeated and code_of(again) == "internal.refused"
        assert node.keeper.starts == 1
        check(database, node)


@pytest.mark.parametrize("bug", [after_the_line, broken_promise])
async def test_a_bug_in_the_changing_half_is_quarantined_after_two_stops_while_others_trade_on(
    bug: Break, database: Path, staged: tuple[Path, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch, bug)
    async with running(database, staged[1]) as node:
        loop = asyncio.get_running_loop()
        waits: list[float] = []

        async def trades(name: str, price: int) -> None:
            for count in range(30):
                begun = loop.time()
                while True:
                    try:
                        assert (
                            code_of(await node.place(name, f"{name}{count}", key=f"{name}{count}", price=price)) == ""
                        )
                        break
                    except NodeFault as fault:
                        assert fault.code == "node.restarting"
                waits.append(loop.time() - begun)
                await asyncio.sleep(0.005)

        async def retries() -> Outcome:
            while True:
                try:
                    return await node.place("li", f"{BAD}1", key="b1")
                except NodeFault:
                    continue

        answer, *_ = await asyncio.wait_for(
            asyncio.gather(retries(), trades("wu", 100), trades("zhao", 100)), PATIENCE_S * 4
        )
        assert code_of(answer) == "internal.quarantined"
        assert node.keeper.starts == 3, "two stops, and the third start knows it"
        assert max(waits) < PATIENCE_S
        assert code_of(await node.place("li", "L1")) == ""
        check(database, node)

        # The bug is mended, an operator releases the command.
        monkeypatch.undo()
        mark = fingerprint(node.user("li"), encode_command(node.order("li", f"{BAD}1")))
        assert node.keeper.sequencer is not None
        assert code_of(await node.place("li", f"{BAD}1", key="b2")) == "internal.quarantined"
        assert await node.keeper.sequencer.release(mark) is True
        assert await node.keeper.sequencer.release(mark) is False
        assert isinstance((await node.place("li", f"{BAD}1", key="b3")).events[0], OrderAccepted)
        assert code_of(await node.place("li", f"{BAD}1", key="b1")) == "internal.quarantined", "its key is answered"
        check(database, node)


async def test_a_stop_hands_back_the_whole_batch(
    database: Path, staged: tuple[Path, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch, after_the_line)
    async with running(database, staged[1]) as node:
        texts = ["A1", "A2", f"{BAD}1", "A3", "A4", f"{BAD}2", "A5"]
        placed = [node.place("li", text, key=text) for text in texts]
        answers = await asyncio.wait_for(asyncio.gather(*placed), PATIENCE_S)
        assert [code_of(answer) == "internal.quarantined" for answer in answers] == [
            text.startswith(BAD) for text in texts
        ]
        sequences = [answer.sequence for answer in answers]
        assert sequences == sorted(sequences), "each kept its place"
        check(database, node)


async def test_a_timer_that_fails_does_not_stop_the_trading(
    database: Path, staged: tuple[Path, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged[1]
    clock = Moving()

    def fails(state: ExchangeState, header: Header, timer: Any) -> list[Event]:
        raise InvariantBroken("an approval expires once")

    mended = timers.FIRINGS[TimerKind.APPROVAL_EXPIRES]
    monkeypatch.setitem(timers.FIRINGS, TimerKind.APPROVAL_EXPIRES, fails)
    async with running(database, stage, clock=clock) as node:
        asked = ActivateText(kind=PublishedKind.PROFILE, name="sandbox", version=1)
        requested = await node.bus.submit(asked, stage.operators[0])
        clock.ahead_ns = 8 * NS_PER_DAY
        for count in range(5):
            answer = await asyncio.wait_for(node.place("li", f"L{count}"), PATIENCE_S)
            assert code_of(answer) == ""
        assert node.keeper.starts == 3
        sequencer = node.keeper.sequencer
        assert sequencer is not None and sequencer.state.due, "the timer waits"
        assert sequencer.head.sequence < requested.sequence + 30, "nothing spins"

        monkeypatch.setitem(timers.FIRINGS, TimerKind.APPROVAL_EXPIRES, mended)
        assert await sequencer.release(fingerprint(0, encode_command(AdvanceClock())))
        assert code_of(await node.place("li", "L9")) == ""
        assert not sequencer.state.due
        check(database, node)


async def test_a_run_that_fails_does_not_stop_the_trading(
    database: Path, staged: tuple[Path, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged[1]
    good = ROUTES[ContinueRun]

    def fails(state: ExchangeState, header: Header, command: ContinueRun) -> list[Event]:
        state.change()
        raise ValueError("a bug in a chunk")

    monkeypatch.setitem(ROUTES, ContinueRun, dataclasses.replace(good, handler=fails))
    async with running(database, stage) as node:
        for count in range(3):
            await node.place("li", f"L{count}", price=90)
        cancelled = await node.bus.submit(CancelAllOrders(account_id=stage.accounts["li"]), node.user("li"))
        await asyncio.sleep(0.5)
        assert code_of(await asyncio.wait_for(node.place("zhao", "Z1"), PATIENCE_S)) == ""
        sequencer = node.keeper.sequencer
        assert sequencer is not None and node.keeper.starts == 3
        assert len(sequencer.state.runs) == 1, "the run waits"
        at = sequencer.head.sequence
        await asyncio.sleep(0.2)
        assert sequencer.head.sequence == at, "nothing spins"

        monkeypatch.setitem(ROUTES, ContinueRun, good)
        (run_id,) = sequencer.state.runs
        assert run_id == make_id(cancelled.sequence)
        mark = fingerprint(0, encode_command(ContinueRun(run_id=run_id, from_position=0)))
        assert await sequencer.release(mark)
        await node.place("zhao", "Z2")
        await asyncio.sleep(0.2)
        assert not sequencer.state.runs and not any(
            order.account_id == stage.accounts["li"] for order in sequencer.state.orders.values()
        )
        check(database, node)


async def test_keys_that_cannot_be_looked_up_are_looked_up_by_the_next_node(
    database: Path, staged: tuple[Path, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([True])
    real = SqliteStore.known

    def known(store: SqliteStore, keys: Any) -> Any:
        if next(failures, False):
            raise sqlite3.OperationalError("disk I/O error")
        return real(store, keys)

    monkeypatch.setattr(SqliteStore, "known", known)
    async with running(database, staged[1]) as node:
        answers = await asyncio.wait_for(
            asyncio.gather(*(node.place("li", f"L{count}", key=f"L{count}") for count in range(5))), PATIENCE_S
        )
        assert [code_of(answer) for answer in answers] == [""] * 5
        assert node.keeper.starts == 2
        check(database, node)
