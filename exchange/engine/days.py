"""An instrument's day by the clock: phases that begin by the timetable, calls and halts that end by themselves.

Each instrument has its own timers, so that calls end at moments of their own; a `clock.advance` fires a bounded number
of them, so a market of any size opens in bounded steps. What an
operator halted or closed stays so until somebody moves it, or the day ends.
"""

from __future__ import annotations

from exchange.core.ids import InstrumentId
from exchange.core.instruments import Phase
from exchange.core.messages import Event, Header
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.units import NS_PER_SECOND
from exchange.engine.interruptions import band_of
from exchange.engine.phases import begin_auction, move_phase
from exchange.engine.sessions import (
    calendar_of,
    change_session,
    commit_seed,
    end_call_later,
    schedule,
    session_of,
    trading_of,
)
from exchange.engine.state import ExchangeState
from exchange.engine.timers import FIRINGS
from exchange.rulebook.timetable import Appointment, due_appointment, phase_at
from matching.bands import within
from matching.messages import Instrument
from matching.session import CALLS, allowed

TIMETABLE = "timetable"


def _phase_due(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """A phase begins by the timetable, and the timer of the next is set."""
    instrument = state.instruments[InstrumentId(timer.subject_id)]
    trading = trading_of(state, instrument)
    if trading is None:
        return []
    events = commit_seed(state, instrument)
    timetable = trading.fields.timetable.value
    due = due_appointment(calendar_of(state, instrument), timetable, timer.due_ns, header.at_ns)
    if due is not None:
        events += _begin(state, header, instrument, due)
    return [*events, *schedule(state, header, instrument, due.at_ns if due is not None else header.at_ns)]


def _begin(state: ExchangeState, header: Header, instrument: Instrument, due: Appointment) -> list[Event]:
    """Begin a phase if the instrument is where the timetable left it."""
    now = instrument.phase
    if due.phase is Phase.CLOSED:
        if now is Phase.CLOSED:
            return change_session(state, instrument.instrument_id, held=False)
    elif instrument.frozen or session_of(state, instrument.instrument_id).held:
        return []
    if now is Phase.SETTLING:  # the auction under way was held for a phase that is over
        return change_session(state, instrument.instrument_id, following=due.phase, held=False)
    if now is Phase.VOLATILITY_CALL and due.phase is Phase.CONTINUOUS:
        return []
    if now in CALLS and due.phase not in CALLS:
        if due.random_seconds and now is not Phase.VOLATILITY_CALL:
            return end_call_later(state, header, instrument, due.phase, due.at_ns, due.random_seconds)
        return _end_call(state, header, instrument, due.phase)
    if not allowed(now, due.phase):
        return []
    return move_phase(state, header, instrument, due.phase, TIMETABLE, held=False)


def _call_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """A call has come to its drawn end."""
    instrument = state.instruments[InstrumentId(timer.subject_id)]
    return _end_call(state, header, instrument, session_of(state, instrument.instrument_id).following)


def _end_call(state: ExchangeState, header: Header, instrument: Instrument, then: Phase) -> list[Event]:
    """Hold the auction of a call whose time is over; extend it once where its price would leave the static range.

    The range is that round the reference price, the last auction's or the closing price. An extension takes as long as
    a volatility call, its random part included.
    """
    trading = trading_of(state, instrument)
    if trading is None:
        return []
    session, fields = session_of(state, instrument.instrument_id), trading.fields
    if fields.volatility_seconds.value and not session.extended:
        book = state.books[instrument.instrument_id]
        price_ticks = book.indication().price_ticks
        if price_ticks and not within(band_of(trading, book.state().reference_ticks, 0), price_ticks):
            first_end_ns = header.at_ns + fields.volatility_seconds.value * NS_PER_SECOND
            random_seconds = fields.volatility_random_seconds.value
            return [
                *change_session(state, instrument.instrument_id, extended=True),
                *end_call_later(state, header, instrument, then, first_end_ns, random_seconds),
            ]
    return begin_auction(state, header, instrument, then, TIMETABLE, held=False)


def _halt_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """A circuit breaker's time is over."""
    return resume(state, header, state.instruments[InstrumentId(timer.subject_id)], TIMETABLE)


def resume(state: ExchangeState, header: Header, instrument: Instrument, reason: str) -> list[Event]:
    """Go on from a halt, into the phase the timetable gives this moment; without one, with continuous trading.

    Does nothing for what is frozen, or not halted any more. Call after the line.
    """
    if instrument.frozen or instrument.phase is not Phase.HALTED:
        return []
    trading = trading_of(state, instrument)
    timetable = trading.fields.timetable.value if trading is not None else ()
    phase = phase_at(calendar_of(state, instrument), timetable, header.at_ns) if timetable else Phase.CONTINUOUS
    if not allowed(Phase.HALTED, phase):
        return []
    return move_phase(state, header, instrument, phase, reason, held=False)


FIRINGS[TimerKind.PHASE_DUE] = _phase_due
FIRINGS[TimerKind.CALL_ENDS] = _call_ends
FIRINGS[TimerKind.HALT_ENDS] = _halt_ends
