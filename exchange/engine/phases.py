"""Trading opens, halts and closes by command; closing ends the DAY orders, as a run."""

from __future__ import annotations

import msgspec

from exchange.core.instruments import Phase
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.book_fold import MAX_FILLS, book_for, fold
from exchange.engine.book_follow import tell_standing
from exchange.engine.order_ends import end_of_day
from exchange.engine.state import ExchangeState
from matching.book_messages import NO_PRICE
from matching.messages import ChangePhase, InstrumentPhaseChanged
from matching.session import allowed, book_matching, ends_with_auction


def change_phase(state: ExchangeState, header: Header, command: ChangePhase) -> list[Event]:
    """Move an instrument to its next phase; orders stay over a halt."""
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return [Rejected(code=RejectCode.INSTRUMENT_UNKNOWN)]
    if instrument.frozen and command.phase is not Phase.CLOSED:
        return [Rejected(code=RejectCode.INSTRUMENT_FROZEN)]
    if not allowed(instrument.phase, command.phase):
        return [Rejected(code=RejectCode.INSTRUMENT_PHASE, detail=f"{instrument.phase} to {command.phase}")]

    if ends_with_auction(instrument.phase, command.phase) or command.phase is Phase.POST_CLOSE:
        return [Rejected(code=RejectCode.INSTRUMENT_PHASE, detail=f"{instrument.phase} to {command.phase}")]
    matching, call = book_matching(command.phase)

    state.change()
    changed = msgspec.structs.replace(instrument, phase=command.phase)
    state.put(changed)
    events: list[Event] = [InstrumentPhaseChanged(instrument=changed, reason=command.reason)]
    told = book_for(state, header, changed).set_phase(matching, call, NO_PRICE, MAX_FILLS)
    events += fold(state, header, changed, told)
    events += tell_standing(state, header, changed.instrument_id)
    if command.phase is Phase.CLOSED:
        events += end_of_day(state, header, instrument.instrument_id)
    return events
