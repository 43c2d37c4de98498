"""What is to be done at a moment: set, dropped, and by whom it is done (`FIRINGS`)."""

from __future__ import annotations

from collections.abc import Callable

from exchange.core.ids import make_id
from exchange.core.messages import Event, Header
from exchange.core.node_messages import Timer, TimerDropped, TimerKind, TimerSet
from exchange.core.units import TimeNs
from exchange.engine.state import ExchangeState

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
    wanted = sorted(
        timer_id
        for timer_id, timer in state.table(Timer).items()
        if timer.subject_id == subject_id and timer.kind is kind
    )
    for timer_id in wanted:
        state.drop_timer(timer_id)
    return [TimerDropped(timer_id=timer_id) for timer_id in wanted]
