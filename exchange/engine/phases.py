"""Trading opens, halts and closes by command; closing ends the DAY orders, as a run."""

from __future__ import annotations

import msgspec

from exchange.core.instruments import Phase
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.orders import end_of_day
from exchange.engine.state import ExchangeState
from matching.messages import ChangePhase, Instrument, InstrumentPhaseChanged
from matching.session import allowed


def change_phase(state: ExchangeState, header: Header, command: ChangePhase) -> list[Event]:
    """Move an instrument to its next phase; orders stay over a halt."""
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return [Rejected(code=RejectCode.INSTRUMENT_UNKNOWN)]
    if instrument.frozen and command.phase is not Phase.CLOSED:
        return [Rejected(code=RejectCode.INSTRUMENT_FROZEN)]
    if not allowed(instrument.phase, command.phase):
        return [Rejected(code=RejectCode.INSTRUMENT_PHASE, detail=f"{instrument.phase} to {command.phase}")]

    state.change()
    return move_phase(state, header, instrument, command.phase, command.reason)


def move_phase(state: ExchangeState, header: Header, instrument: Instrument, phase: Phase, reason: str) -> list[Event]:
    """Move an instrument to a phase it may pass to. Call after the line."""
    changed = msgspec.structs.replace(instrument, phase=phase)
    state.put(changed)
    events: list[Event] = [InstrumentPhaseChanged(instrument=changed, reason=reason)]
    if phase is Phase.CLOSED:
        events.extend(end_of_day(state, header, instrument.instrument_id))
    return events
