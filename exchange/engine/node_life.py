"""Start, time and lost connections: what happens without anybody asking.

Timers fire only by `clock.advance`, which the sequencer puts before the first command past the next due time, so
nothing that has ended takes one more bid. An idle exchange writes nothing.
"""

from __future__ import annotations

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
)
from exchange.core.rejections import RejectCode
from exchange.engine import order_ends
from exchange.engine.state import ExchangeState
from exchange.engine.timers import FIRINGS

MAX_FIRED = 50
"""Timers one `clock.advance` fires; the sequencer sends another while more are due."""
MAX_TOLD = MAX_EVENTS // 2
"""Events after which it fires no more: one timer may end a sale of several lots with all its contracts."""


def start_node(state: ExchangeState, header: Header, command: StartNode) -> list[Event]:
    """Begin an epoch: the connections of earlier ones are gone."""
    del command
    state.change()
    return [NodeStarted(epoch=header.epoch), *order_ends.disconnected(state, header, None)]


def advance_clock(state: ExchangeState, header: Header, command: AdvanceClock) -> list[Event]:
    """Fire what is due."""
    if not state.due or state.due[0][0] > header.at_ns:
        return [Rejected(code=RejectCode.RUN_STALE, detail="no timer is due")]

    state.change()
    events: list[Event] = [ClockAdvanced(at_ns=header.at_ns)]
    timers = state.table(Timer)
    state.chance = command.chance
    for _ in range(MAX_FIRED):
        if not state.due or state.due[0][0] > header.at_ns or len(events) >= MAX_TOLD:
            break
        timer = timers[state.due[0][1]]
        state.drop_timer(timer.timer_id)
        events.append(TimerDropped(timer_id=timer.timer_id))
        events.extend(FIRINGS[timer.kind](state, header, timer))
    state.chance = b""
    return events


def lose_connection(state: ExchangeState, header: Header, command: LoseConnection) -> list[Event]:
    """Withdraw what was to end with the connection."""
    state.change()
    return [
        ConnectionLost(connection_id=command.connection_id),
        *order_ends.disconnected(state, header, command.connection_id),
    ]
