"""What follows at the end of a command that touched a book: work left over goes on as a run, its standing is told.

A book that only ever held plain orders stands as its phase says; nothing is told of it, and nothing is kept.
"""

from __future__ import annotations

from exchange.core.ids import InstrumentId
from exchange.core.instruments import Phase
from exchange.core.messages import Event, Header
from exchange.core.node_messages import Run, RunKind
from exchange.engine.book_fold import MAX_FILLS, book_for, fold
from exchange.engine.interruptions import follow_trading
from exchange.engine.runs import Progress, start_run
from exchange.engine.state import ExchangeState
from matching.book_messages import BookState
from matching.messages import BookStanding, BookStandingChanged, Instrument
from matching.session import CALLS, book_matching


def after_book(state: ExchangeState, header: Header, instrument_id: InstrumentId) -> list[Event]:
    """Tell an instrument's standing if it changed; what its book left over goes on later. Call after the line."""
    standing = state.table(BookStanding).get(instrument_id)
    if standing is None and not state.numbers[instrument_id].special:
        instrument = state.instruments[instrument_id]
        if instrument.phase not in CALLS and not state.terms[instrument.market_id].follows_prices:
            return []  # nothing here waits for a price or follows one
    return tell_standing(state, header, instrument_id)


def tell_standing(state: ExchangeState, header: Header, instrument_id: InstrumentId) -> list[Event]:
    """The same, of a book whose phase or band may have changed, whatever it holds."""
    events = follow_trading(state, header, state.instruments[instrument_id])
    instrument = state.instruments[instrument_id]
    if instrument.phase in CALLS:
        state.calls_touched[instrument_id] = None
    book = state.books[instrument_id]
    now = standing_of(instrument_id, book.state())
    if now != (state.table(BookStanding).get(instrument_id) or plain_standing(instrument)):
        state.put(now)
        events.append(BookStandingChanged(standing=now))
    if book.pending and instrument.phase is not Phase.SETTLING and not _under_way(state, instrument_id):
        plan = [instrument_id]
        events += start_run(state, header, RunKind.CONTINUE_BOOK, plan, subject_id=instrument_id)
    return events


def continue_chunk(state: ExchangeState, header: Header, run: Run, plan: list[int]) -> Progress:
    """Let a book go on with what earlier commands left: stops whose price was reached, orders that join a call.

    The run is over when nothing is left, or when trading stopped: whoever starts it again starts another.
    """
    instrument = state.instruments[InstrumentId(plan[0])]
    book = book_for(state, header, instrument)
    position = run.position + 1
    if not book.pending or instrument.phase is Phase.SETTLING or _stopped(state, instrument):
        return Progress([], position, position)
    events = fold(state, header, instrument, book.continue_(MAX_FILLS))
    more = book.pending
    return Progress(
        [*events, *after_book(state, header, instrument.instrument_id)], position, position + 1 if more else position
    )


def standing_of(instrument_id: InstrumentId, book: BookState) -> BookStanding:
    """What of a book's state is kept beside its orders and its last price."""
    return BookStanding(
        instrument_id=instrument_id,
        matching=int(book.matching),
        call=int(book.call),
        fixed_ticks=book.fixed_ticks,
        reference_ticks=book.reference_ticks,
        band_low_ticks=book.band_low_ticks,
        band_high_ticks=book.band_high_ticks,
        reached=book.reached,
        uncross_ticks=book.uncross_ticks,
        uncross_lots=book.uncross_lots,
        pegged_to=book.pegged_to,
    )


def plain_standing(instrument: Instrument) -> BookStanding:
    """How a book stands of which nothing was ever told: as its phase says, nothing reached, nothing fixed."""
    matching, call = book_matching(instrument.phase)
    return standing_of(instrument.instrument_id, BookState(matching=matching, call=call))


def _under_way(state: ExchangeState, instrument_id: InstrumentId) -> bool:
    return any(run.kind is RunKind.CONTINUE_BOOK and run.subject_id == instrument_id for run in state.runs.values())


def _stopped(state: ExchangeState, instrument: Instrument) -> bool:
    """Whether the instrument, its right or its money is frozen: nothing trades, a run ends its orders."""
    assets = state.assets
    return instrument.frozen or assets[instrument.asset_id].frozen or assets[instrument.money_asset_id].frozen
