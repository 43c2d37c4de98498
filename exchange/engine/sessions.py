"""Where instruments' days stand: what follows a call, when it ends, and the seed by which it ends. No book here."""

from __future__ import annotations

from typing import Any

import msgspec

from exchange.core.calendar import BusinessCalendar
from exchange.core.ids import InstrumentId
from exchange.core.instruments import Phase
from exchange.core.messages import Event, Header
from exchange.core.node_messages import TimerKind, TimerSet
from exchange.core.rejections import InvariantBroken
from exchange.core.units import TimeNs
from exchange.engine.state import ExchangeState
from exchange.engine.timers import drop_timers, set_timer
from exchange.rulebook.timetable import next_appointment
from exchange.rulebook.trading import TradingRules
from matching.call_end import call_end_ns, commitment, seed_for
from matching.messages import Instrument, InstrumentPhaseChanged
from matching.session_messages import CallSeedCommitted, CallSeedRevealed, Session, SessionChanged


def trading_of(state: ExchangeState, instrument: Instrument) -> TradingRules | None:
    """The trading rules of an instrument's market, if it has any."""
    return state.terms[instrument.market_id].trading


def session_of(state: ExchangeState, instrument_id: InstrumentId) -> Session:
    """Where an instrument's day stands; of one of which nothing was told, at its beginning."""
    return state.table(Session).get(instrument_id) or Session(instrument_id=instrument_id)


def change_session(state: ExchangeState, instrument_id: InstrumentId, **values: Any) -> list[Event]:
    """Let an instrument's day go on; tells it if that changes anything. Call after the line."""
    before = session_of(state, instrument_id)
    after = msgspec.structs.replace(before, **values)
    if after == before:
        return []
    state.put(after)
    return [SessionChanged(session=after)]


def change_to(state: ExchangeState, instrument: Instrument, phase: Phase, reason: str) -> list[Event]:
    """Put an instrument into a phase; its book and its orders are the caller's. Call after the line."""
    changed = msgspec.structs.replace(instrument, phase=phase)
    state.put(changed)
    return [InstrumentPhaseChanged(instrument=changed, reason=reason)]


def drop_ends(state: ExchangeState, instrument_id: InstrumentId) -> list[Event]:
    """Forget when a call or a halt was to end. Call after the line."""
    return [
        *drop_timers(state, TimerKind.CALL_ENDS, instrument_id),
        *drop_timers(state, TimerKind.HALT_ENDS, instrument_id),
    ]


# --- The end of a call ------------------------------------------------------------------------------------------------


def end_call_later(
    state: ExchangeState, header: Header, instrument: Instrument, then: Phase, first_end_ns: int, random_seconds: int
) -> list[Event]:
    """Let the call that is under way end at a moment drawn from those after `first_end_ns`. Call after the line."""
    instrument_id = instrument.instrument_id
    events = drop_timers(state, TimerKind.CALL_ENDS, instrument_id)
    events += change_session(
        state, instrument_id, following=then, first_end_ns=TimeNs(first_end_ns), random_seconds=random_seconds
    )
    end_ns = call_end_ns(session_of(state, instrument_id).seed, instrument_id, first_end_ns, random_seconds)
    events.append(set_timer(state, header, TimerKind.CALL_ENDS, end_ns, instrument_id))
    return events


def commit_seed(state: ExchangeState, instrument: Instrument) -> list[Event]:
    """Commit to the seed of the next call that may end at random, if there is none and chance is at hand.

    Call after the line.
    """
    trading, session = trading_of(state, instrument), session_of(state, instrument.instrument_id)
    if trading is None or session.seed or not state.chance or not _draws(trading):
        return []
    seed = seed_for(state.chance, instrument.instrument_id)
    told = CallSeedCommitted(instrument_id=instrument.instrument_id, commitment_sha256=commitment(seed))
    return [told, *change_session(state, instrument.instrument_id, seed=seed)]


def reveal_seed(state: ExchangeState, header: Header, instrument: Instrument) -> list[Event]:
    """Tell the seed of a call that has come to its drawn end, and commit to the next. Call after the line.

    A call that ended before its drawn end has told nothing of its seed, so the seed stays for the next.
    """
    instrument_id = instrument.instrument_id
    session = session_of(state, instrument_id)
    end_ns = call_end_ns(session.seed, instrument_id, session.first_end_ns, session.random_seconds)
    if not (session.seed and session.first_end_ns and session.random_seconds) or header.at_ns < end_ns:
        return []
    revealed = CallSeedRevealed(
        instrument_id=instrument_id,
        seed_hex=session.seed.hex(),
        first_end_ns=session.first_end_ns,
        random_seconds=session.random_seconds,
        end_ns=end_ns,
    )
    return [revealed, *change_session(state, instrument_id, seed=b""), *commit_seed(state, instrument)]


def _draws(trading: TradingRules) -> bool:
    fields = trading.fields
    return fields.volatility_random_seconds.value > 0 or any(start.random_seconds for start in fields.timetable.value)


# --- The timetable ----------------------------------------------------------------------------------------------------


def calendar_of(state: ExchangeState, instrument: Instrument) -> BusinessCalendar:
    """The calendar version an instrument's market names."""
    market = state.market_of(instrument)
    calendar = state.calendar(market.calendar, market.calendar_version)
    if calendar is None:
        raise InvariantBroken("a market's calendar is published")
    return calendar


def schedule(state: ExchangeState, header: Header, instrument: Instrument, after_ns: int) -> list[TimerSet]:
    """Set the timer of the next phase of an instrument's timetable. Call after the line.

    Without a timetable, or where the market's calendar ends, phases change by hand alone.
    """
    trading = trading_of(state, instrument)
    if trading is None:
        return []
    following = next_appointment(calendar_of(state, instrument), trading.fields.timetable.value, after_ns)
    if following is None:
        return []
    return [set_timer(state, header, TimerKind.PHASE_DUE, following.at_ns, instrument.instrument_id)]


def unschedule(state: ExchangeState, instrument_id: InstrumentId) -> list[Event]:
    """Forget everything that was to happen to an instrument by itself. Call after the line."""
    return [*drop_timers(state, TimerKind.PHASE_DUE, instrument_id), *drop_ends(state, instrument_id)]
