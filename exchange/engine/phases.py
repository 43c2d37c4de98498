"""Trading opens, halts and closes, by hand or by the timetable; a call ends with its auction; closing ends DAY orders.

A phase is the instrument's, what it means is its book's: both change here together. Between a call and what follows it
lies the phase *settling*, in which a run hands out what `auction.fixed` has fixed (exchange.engine.auctions).
"""

from __future__ import annotations

from exchange.core.ids import OrderId
from exchange.core.instruments import Phase, Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import RunKind, TimerKind
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import TimeNs
from exchange.engine.authorisations import refuse_unauthorised
from exchange.engine.book_fold import book_for, fold
from exchange.engine.book_follow import tell_standing
from exchange.engine.interruptions import begin_volatility_call, end_halted_orders, set_prices
from exchange.engine.order_ends import end_of_day
from exchange.engine.runs import start_run
from exchange.engine.sessions import (
    change_session,
    change_to,
    drop_ends,
    reveal_seed,
    session_of,
    trading_of,
)
from exchange.engine.state import ExchangeState
from exchange.engine.timers import drop_timers, set_timer
from exchange.rulebook.checks import check_method
from exchange.rulebook.profile import Method
from matching.book_messages import BookEvent, BookSide, EventKind
from matching.call_end import NS_PER_MS
from matching.messages import ChangePhase, Instrument
from matching.session import CALLS, PLAIN_PHASES, allowed, book_matching, ends_with_auction
from matching.session_messages import AuctionFixed

PHASE_FILLS = 40
"""Steps a change of phase may make in a book. Timers that are due fire together up to 512 events; the last of them adds
at most five a step, one for each peg and trailing stop, and a few: together less than 1,024."""
ENDING = (*CALLS, Phase.HALTED)
"""Phases that may end by a timer of their own."""
HELD = (Phase.HALTED, Phase.CLOSED)
SIDES: dict[int, Side] = {BookSide.BUY: Side.BUY, BookSide.SELL: Side.SELL}
REOPENING = "an auction first: the book is crossed"


def change_phase(state: ExchangeState, header: Header, command: ChangePhase) -> list[Event]:
    """Move an instrument to its next phase; orders stay over a halt unless the trading rules end them."""
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return [Rejected(code=RejectCode.INSTRUMENT_UNKNOWN)]
    if instrument.frozen and command.phase is not Phase.CLOSED:
        return [Rejected(code=RejectCode.INSTRUMENT_FROZEN)]
    if command.phase not in (Phase.CLOSED, Phase.HALTED):
        profile = state.terms[instrument.market_id].profile
        if (refusal := refuse_unauthorised(state, header, profile)) is not None:
            return [refusal]
    if (refusal := _refuse_phase(state, instrument, command.phase)) is not None:
        return [refusal]

    state.change()
    return move_phase(state, header, instrument, command.phase, command.reason)


def _refuse_phase(state: ExchangeState, instrument: Instrument, phase: Phase) -> Rejected | None:
    """Whether the session, the market's rules or the book stand in the way."""
    if not allowed(instrument.phase, phase):
        return Rejected(code=RejectCode.INSTRUMENT_PHASE, detail=f"{instrument.phase} to {phase}")
    terms = state.terms[instrument.market_id]
    if terms.trading is None and phase not in PLAIN_PHASES:
        return Rejected(code=RejectCode.INSTRUMENT_PHASE, detail=f"{phase}: the market has no trading rules")
    if phase in CALLS and (refusal := check_method(terms.profile, Method.CALL_AUCTION)) is not None:
        return refusal.rejected()
    if ends_with_auction(instrument.phase, phase) and state.books[instrument.instrument_id].pending:
        return Rejected(code=RejectCode.INSTRUMENT_PHASE, detail="orders are still joining the call")
    never_traded = not state.numbers[instrument.instrument_id].last_price_ticks
    if phase is Phase.POST_CLOSE and instrument.phase is Phase.CONTINUOUS and never_traded:
        return Rejected(code=RejectCode.INSTRUMENT_PHASE, detail="there is no closing price")
    return None


def move_phase(
    state: ExchangeState, header: Header, instrument: Instrument, phase: Phase, reason: str, *, held: bool = True
) -> list[Event]:
    """Do what an allowed passage asks for: an auction first where a call ends, else the phase. Call after the line.

    `held`: what is halted or closed by this, the timetable lets be until the day ends; its own it goes on with.
    """
    if ends_with_auction(instrument.phase, phase):
        return begin_auction(state, header, instrument, phase, reason, held=held)
    return enter(state, header, instrument, phase, reason, held=held)


def enter(
    state: ExchangeState, header: Header, instrument: Instrument, phase: Phase, reason: str, *, held: bool
) -> list[Event]:
    """Put instrument and book into a phase, and let happen what that sets free. Call after the line.

    Where continuous trading would begin over a crossed book, a volatility call begins; where the rules give that no
    time, its auction is held at once. Where there is no closing price to trade at, the instrument closes.
    """
    trading = trading_of(state, instrument)
    last_ticks = state.numbers[instrument.instrument_id].last_price_ticks
    if phase is Phase.POST_CLOSE and not last_ticks:
        phase = Phase.CLOSED
    book = book_for(state, header, instrument)
    if trading is not None:
        reference_ticks = last_ticks if phase is Phase.CLOSED else book.state().reference_ticks
        set_prices(state, header, instrument, reference_ticks)
    matching, call = book_matching(phase)
    fixed = last_ticks if phase is Phase.POST_CLOSE else 0
    told = book.set_phase(matching, call, fixed, PHASE_FILLS)
    if told[0].kind == EventKind.REFUSED:
        ensure(phase is Phase.CONTINUOUS and trading is not None, "only a crossed book does not open")
        return _reopen(state, header, instrument)

    events = drop_ends(state, instrument.instrument_id) if instrument.phase in ENDING else []
    events += change_to(state, instrument, phase, reason)
    if trading is not None:
        events += change_session(
            state,
            instrument.instrument_id,
            following=Phase.CLOSED,
            first_end_ns=TimeNs(0),
            random_seconds=0,
            extended=False,
            held=held and phase in HELD,
        )
    changed = state.instruments[instrument.instrument_id]
    events += fold(state, header, changed, told)
    if phase is Phase.VOLATILITY_CALL and trading is not None:
        events += begin_volatility_call(state, header, changed, trading)
    elif phase is Phase.CLOSED:
        events += end_of_day(state, header, instrument.instrument_id)
    elif phase is Phase.HALTED and held:
        events += end_halted_orders(state, header, changed, trading)
    return [*events, *tell_standing(state, header, instrument.instrument_id)]


def _reopen(state: ExchangeState, header: Header, instrument: Instrument) -> list[Event]:
    """Orders cross, or wait for an auction: let one come before continuous trading. Call after the line."""
    events = enter(state, header, instrument, Phase.VOLATILITY_CALL, REOPENING, held=False)
    changed = state.instruments[instrument.instrument_id]
    if session_of(state, instrument.instrument_id).first_end_ns:
        return events
    return [*events, *begin_auction(state, header, changed, Phase.CONTINUOUS, REOPENING, held=False)]


def begin_auction(
    state: ExchangeState, header: Header, instrument: Instrument, then: Phase, reason: str, *, held: bool
) -> list[Event]:
    """Fix price and volume of a call, and let a run hand them out; the phase `then` follows. Call after the line.

    While at-open or at-close orders are still joining, the auction waits for them a moment longer.
    """
    instrument_id = instrument.instrument_id
    book = book_for(state, header, instrument)
    if book.pending:
        return [
            *drop_timers(state, TimerKind.CALL_ENDS, instrument_id),
            *change_session(state, instrument_id, following=then),
            set_timer(state, header, TimerKind.CALL_ENDS, header.at_ns + NS_PER_MS, instrument_id),
        ]
    before = book.state()
    [fixed] = book.uncross_begin()
    ensure(fixed.kind == EventKind.UNCROSSING, "a call that waits for nobody has its auction")
    shares = book.state().shares
    plan = [fixed.price_ticks, fixed.lots]
    for order_id, share in shares:
        plan += [order_id, share, state.orders[OrderId(order_id)].remaining_lots]
    return [
        *reveal_seed(state, header, instrument),
        *drop_ends(state, instrument_id),
        _told(state, instrument, fixed, before.reference_ticks),
        *change_to(state, instrument, Phase.SETTLING, reason),
        *change_session(
            state,
            instrument_id,
            following=then,
            first_end_ns=TimeNs(0),
            random_seconds=0,
            extended=False,
            held=held and then in HELD,
        ),
        *start_run(state, header, RunKind.UNCROSS, plan, argument=then, subject_id=instrument_id),
        *tell_standing(state, header, instrument_id),
    ]


def _told(state: ExchangeState, instrument: Instrument, fixed: BookEvent, reference_ticks: int) -> AuctionFixed:
    """What an auction fixed, by which rules."""
    rules = state.terms[instrument.market_id].book_rules
    return AuctionFixed(
        instrument_id=instrument.instrument_id,
        call=instrument.phase,
        price_ticks=fixed.price_ticks,
        quantity_lots=fixed.lots,
        imbalance_lots=fixed.remaining_lots,
        imbalance_side=SIDES.get(fixed.side),
        tie_break=rules.auction.name.lower(),
        allocation=rules.allocation.name.lower(),
        reference_ticks=reference_ticks,
    )
