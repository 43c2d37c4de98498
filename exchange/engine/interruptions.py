"""What trading does to an instrument's day: a trade beyond a range interrupts it, and ranges follow the prices.

It is looked at at the end of every command that touched a book, for a book cannot change its instrument's phase.
"""

from __future__ import annotations

from exchange.core.instruments import Phase
from exchange.core.messages import Event, Header
from exchange.core.node_messages import RunKind, TimerKind
from exchange.core.rejections import ensure
from exchange.core.units import NS_PER_SECOND
from exchange.engine.book_fold import book_for
from exchange.engine.runs import start_run
from exchange.engine.sessions import change_session, change_to, drop_ends, end_call_later, trading_of
from exchange.engine.state import ExchangeState
from exchange.engine.timers import set_timer
from exchange.rulebook.trading import TradingRules
from matching.bands import PriceBand, band_round, both
from matching.book_messages import Book, BookEvent, BookState, Call, EventKind, Matching
from matching.messages import CancelReason, Instrument

INTERRUPTED = "volatility interruption"
BREAKER = "circuit breaker"
FEW_STEPS = 1
"""What a book may do while it halts: nothing of it is ever free to go on."""


def follow_trading(state: ExchangeState, header: Header, instrument: Instrument) -> list[Event]:
    """Interrupt trading if the book did, else let the ranges follow the prices. Call after the line."""
    trading = trading_of(state, instrument)
    if trading is None or instrument.phase is not Phase.CONTINUOUS:
        return []
    book = state.books[instrument.instrument_id]
    standing = book.state()
    if standing.matching == Matching.COLLECT:
        return _interrupt(state, header, instrument, trading)
    if trading.fields.dynamic_band_ppm.value is not None:
        set_prices(state, header, instrument, standing.reference_ticks)
    return []


def set_prices(state: ExchangeState, header: Header, instrument: Instrument, reference_ticks: int) -> None:
    """Tell a book the reference price and the ranges round it and round the last price. Call after the line."""
    trading = trading_of(state, instrument)
    if trading is None:
        return
    last_ticks = state.numbers[instrument.instrument_id].last_price_ticks
    band = band_of(trading, reference_ticks, last_ticks)
    told = BookState(
        last_ticks=last_ticks,
        reference_ticks=reference_ticks,
        band_low_ticks=band.low_ticks,
        band_high_ticks=band.high_ticks,
    )
    book = state.books[instrument.instrument_id]
    if _prices(book.state()) != _prices(told):
        answer = book_for(state, header, instrument).set_references(*_prices(told))
        ensure(answer[0].kind == EventKind.REFERENCES, "a book that hands out no auction takes its prices")


def band_of(trading: TradingRules, reference_ticks: int, last_ticks: int) -> PriceBand:
    """The prices that may trade without interrupting."""
    fields = trading.fields
    static = band_round(reference_ticks, fields.static_band_ppm.value)
    return both(static, band_round(last_ticks, fields.dynamic_band_ppm.value))


def _prices(book: BookState) -> tuple[int, int, int, int]:
    return book.last_ticks, book.reference_ticks, book.band_low_ticks, book.band_high_ticks


def _interrupt(state: ExchangeState, header: Header, instrument: Instrument, trading: TradingRules) -> list[Event]:
    """A volatility call begins, or where the rules want none, a halt."""
    fields = trading.fields
    if fields.volatility_seconds.value:
        return [
            *change_to(state, instrument, Phase.VOLATILITY_CALL, INTERRUPTED),
            *begin_volatility_call(state, header, instrument, trading),
        ]
    events = change_to(state, instrument, Phase.HALTED, BREAKER)
    events += change_session(state, instrument.instrument_id, held=True)
    close_book(book_for(state, header, instrument))
    if fields.breaker_seconds.value:
        due_ns = header.at_ns + fields.breaker_seconds.value * NS_PER_SECOND
        events.append(set_timer(state, header, TimerKind.HALT_ENDS, due_ns, instrument.instrument_id))
    return [*events, *end_halted_orders(state, header, instrument, trading)]


def begin_volatility_call(
    state: ExchangeState, header: Header, instrument: Instrument, trading: TradingRules
) -> list[Event]:
    """Let a volatility call that has begun end by itself, if the rules give it a time. Call after the line."""
    fields = trading.fields
    events = drop_ends(state, instrument.instrument_id)
    events += change_session(state, instrument.instrument_id, extended=False)
    if fields.volatility_seconds.value:
        first_end_ns = header.at_ns + fields.volatility_seconds.value * NS_PER_SECOND
        random_seconds = fields.volatility_random_seconds.value
        events += end_call_later(state, header, instrument, Phase.CONTINUOUS, first_end_ns, random_seconds)
    return events


def close_book(book: Book) -> list[BookEvent]:
    """Let a book take cancels alone."""
    answer = book.set_phase(Matching.HALTED, Call.NONE, 0, FEW_STEPS)
    ensure([event.kind for event in answer] == [EventKind.PHASE], "halting sets nothing free")
    return answer


def end_halted_orders(
    state: ExchangeState, header: Header, instrument: Instrument, trading: TradingRules | None
) -> list[Event]:
    """Plan the end of a halted instrument's orders, where its rules do not keep them. Call after the line."""
    if trading is None or trading.fields.halt_keeps_orders.value:
        return []
    plan = [order.order_id for order in state.orders_in_sequence() if order.instrument_id == instrument.instrument_id]
    return start_run(state, header, RunKind.CANCEL_ORDERS, plan, argument=CancelReason.HALTED)
