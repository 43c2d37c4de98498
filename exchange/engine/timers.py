"""Start, time and lost connections: what happens without anybody asking.

Timers fire only by `clock.advance`, which the sequencer puts before the first command past the next due time, so
nothing that has ended takes one more bid. An idle exchange writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from exchange.core.ids import make_id
from exchange.core.messages import MAX_EVENTS, Event, Header, Rejected
from exchange.core.node_messages import (
    AdvanceClock,
    ClockAdvanced,
    ConnectionLost,
    LoseConnection,
    NodeStarted,
    StartNode,
    Timer,
    TimerDropped,
    TimerKind,
    TimerSet,
)
from exchange.core.rejections import RejectCode
from exchange.core.units import TimeNs
from exchange.engine import orders
from exchange.engine.state import ExchangeState

MAX_FIRED = 50
"""Timers one `clock.advance` fires; the sequencer sends another while more are due."""
MAX_TOLD = MAX_EVENTS // 2
"""Events after which it fires no more: one timer may end a sale of several lots with all its contracts."""

Firing = Callable[[ExchangeState, Header, Timer], list[Event]]
FIRINGS: dict[TimerKind, Firing] = {}
"""What each kind of timer does; a workflow's module adds its own line at import."""


def set_timer(state: ExchangeState, header: Header, kind: TimerKind, due_ns: int, subject_id: int) -> TimerSet:
    """Have something done at a moment. Call after the line.

    A command's timers are counted through, also those that it drops again: an identifier is never used twice.
    """
    sequence, count = state.timers_set
    ordinal = count if sequence == header.sequence else 0
    state.timers_set = (header.sequence, ordinal + 1)
    timer = Timer(timer_id=make_id(header.sequence, ordinal), due_ns=TimeNs(due_ns), kind=kind, subject_id=subject_id)
    state.put(timer)
    return TimerSet(timer=timer)


def drop_timers(state: ExchangeState, kind: TimerKind, subject_id: int) -> list[Event]:
    """Forget the timers of one kind about one subject. Call after the line."""
    wanted = [
        timer_id
        for timer_id, timer in sorted(state.table(Timer).items())
        if timer.kind is kind and timer.subject_id == subject_id
    ]
    for timer_id in wanted:
        state.drop_timer(timer_id)
    return [TimerDropped(timer_id=timer_id) for timer_id in wanted]


def start_node(state: ExchangeState, header: Header, command: StartNode) -> list[Event]:
    """Begin an epoch: the connections of earlier ones are gone."""
    del command
    state.change()
    return [NodeStarted(epoch=header.epoch), *orders.disconnected(state, header, None)]


def advance_clock(state: ExchangeState, header: Header, command: AdvanceClock) -> list[Event]:
    """Fire what is due."""
    del command
    if not state.due or state.due[0][0] > header.at_ns:
        return [Rejected(code=RejectCode.RUN_STALE, detail="no timer is due")]

    state.change()
    events: list[Event] = [ClockAdvanced(at_ns=header.at_ns)]
    timers = state.table(Timer)
    for _ in range(MAX_FIRED):
        if not state.due or state.due[0][0] > header.at_ns or len(events) >= MAX_TOLD:
            break
        timer = timers[state.due[0][1]]
        state.drop_timer(timer.timer_id)
        events.append(TimerDropped(timer_id=timer.timer_id))
        events.extend(FIRINGS[timer.kind](state, header, timer))
    return events


def lose_connection(state: ExchangeState, header: Header, command: LoseConnection) -> list[Event]:
    """Withdraw what was to end with the connection."""
    state.change()
    return [
        ConnectionLost(connection_id=command.connection_id),
        *orders.disconnected(state, header, command.connection_id),
    ]
