"""What an auction has fixed is handed out by a run, in phase *settling*; and what a call shows while it is on.

A chunk makes some of the trades, each settled for good; the last one lets the next phase begin. Nothing enters and
nothing leaves the book meanwhile, so a node that is killed goes on with exactly what is still due.
"""

from __future__ import annotations

from collections.abc import Sequence

from exchange.core.ids import InstrumentId, OrderId
from exchange.core.instruments import Phase
from exchange.core.messages import Event, Header
from exchange.core.node_messages import Run
from exchange.core.rejections import ensure
from exchange.engine.book_fold import MAX_FILLS, book_for, fold
from exchange.engine.book_follow import tell_standing
from exchange.engine.interruptions import set_prices
from exchange.engine.phases import SIDES, enter
from exchange.engine.runs import Progress
from exchange.engine.sessions import session_of
from exchange.engine.state import ExchangeState
from matching.book_messages import Matching
from matching.session import CALLS
from matching.session_messages import AuctionIndicated

SETTLED = "the auction is settled"


def uncross_chunk(state: ExchangeState, header: Header, run: Run, plan: list[int]) -> Progress:
    """Hand out the next fills; when all are, let begin what the auction was held for.

    The run's position counts the lots that are handed out; its last step is the next phase.
    """
    instrument = state.instruments[InstrumentId(run.subject_id)]
    price_ticks, lots = plan[:2]
    total = lots + 1
    book = book_for(state, header, instrument)
    if book.state().matching == Matching.UNCROSSING:
        events = fold(state, header, instrument, book.uncross_continue(MAX_FILLS))
        events += tell_standing(state, header, instrument.instrument_id)
        return Progress(events, lots - book.state().uncross_lots, total)
    ensure(book.state().uncross_lots == 0, "an auction is over when all of it is handed out")
    if price_ticks:
        set_prices(state, header, instrument, price_ticks)
    session = session_of(state, instrument.instrument_id)
    phase = Phase.CLOSED if instrument.frozen else session.following
    return Progress(enter(state, header, instrument, phase, SETTLED, held=session.held), total, total)


def shares_due(plan: Sequence[int], remaining_lots: dict[OrderId, int]) -> tuple[tuple[int, int], ...]:
    """What is still due to each order of an auction that shares out its last price, from the run's frozen plan.

    `remaining_lots` are those of the open orders now: whatever an order has lost since the auction began was handed
    out to it.
    """
    due: list[tuple[int, int]] = []
    for place in range(2, len(plan), 3):
        order_id, share, at_begin = plan[place : place + 3]
        if OrderId(order_id) in remaining_lots:
            left = share - (at_begin - remaining_lots[OrderId(order_id)])
            if left > 0:
                due.append((order_id, left))
    return tuple(due)


def tell_indications(state: ExchangeState) -> list[Event]:
    """What the calls that a command touched would do now. Call at its end, after the line."""
    told: list[Event] = []
    for instrument_id in state.calls_touched:
        if state.instruments[instrument_id].phase not in CALLS:
            continue
        price_ticks, paired_lots, imbalance_lots, side = state.books[instrument_id].indication()
        told.append(
            AuctionIndicated(
                instrument_id=instrument_id,
                price_ticks=price_ticks,
                paired_lots=paired_lots,
                imbalance_lots=imbalance_lots,
                imbalance_side=SIDES.get(side),
            )
        )
    state.calls_touched.clear()
    return told
