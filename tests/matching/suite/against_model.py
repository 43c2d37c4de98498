"""Plays commands on a book and on the paper market, and compares what they answer and what they then hold."""

from __future__ import annotations

import msgspec

from matching.book_messages import Allocation, Book, BookEvent, BookRules, BookSide, Place, StopTrigger, most_events
from matching.book_records import (
    BookCommand,
    Cancel,
    CancelWhere,
    Continue,
    NumberFrom,
    Replace,
    SetPhase,
    SetReferences,
    Submit,
    UncrossBegin,
    UncrossContinue,
    perform,
)
from tests.models.market_model import Event, PaperMarket

PLACES = {
    Place.QUEUE: "queue",
    Place.STOP: "stop",
    Place.CALL: "call",
    Place.IN_HAND: "hand",
    Place.CONTINGENT: "whole",
}


def paper_market(rules: BookRules) -> PaperMarket:
    """The model under the same rules."""
    return PaperMarket(
        int(rules.auction),
        rules.allocation is Allocation.PRO_RATA,
        rules.stop_trigger is StopTrigger.OPPOSITE_QUOTE,
    )


def perform_on_paper(paper: PaperMarket, command: BookCommand) -> list[Event]:
    """Do to the model what a command says."""
    match command:
        case Submit(order, max_fills):
            return paper.submit(msgspec.structs.asdict(order), max_fills)
        case Cancel(order_id, reason):
            return paper.cancel(order_id, reason)
        case CancelWhere(account_id, group_id, side, reason, max_orders):
            return paper.cancel_where(account_id, group_id, side, reason, max_orders)
        case Replace(order_id, price_ticks, quantity_lots, stop_ticks, max_fills):
            return paper.replace(order_id, price_ticks, quantity_lots, stop_ticks, max_fills)
        case SetPhase(matching, call, fixed_ticks, max_fills):
            return paper.set_phase(matching, call, fixed_ticks, max_fills)
        case SetReferences(last_ticks, reference_ticks, band_low_ticks, band_high_ticks):
            return paper.set_references(last_ticks, reference_ticks, band_low_ticks, band_high_ticks)
        case UncrossBegin():
            return paper.uncross_begin()
        case UncrossContinue(max_fills):
            return paper.uncross_continue(max_fills)
        case Continue(max_fills):
            return paper.continue_(max_fills)
        case NumberFrom(priority):
            return paper.number_from(priority)


def play_both(book: Book, paper: PaperMarket, command: BookCommand) -> list[BookEvent]:
    """One command on both; an AssertionError where they differ in an event, an order, a level or a price."""
    events = perform(book, command)
    expected = perform_on_paper(paper, command)
    assert [tuple(event) for event in events] == expected, command
    assert len(events) <= most_events(getattr(command, "max_fills", getattr(command, "max_orders", 1))), command
    book.validate()
    assert_equal(book, paper)
    return events


def assert_equal(book: Book, paper: PaperMarket) -> None:
    """Both hold the same orders in the same places, show the same prices and foretell the same auction."""
    held = [
        (
            saved.order.order_id,
            PLACES[saved.place],
            saved.price_ticks,
            saved.stop_ticks,
            saved.remaining_lots,
            saved.shown_lots,
            saved.priority,
            saved.oco_id,
        )
        for saved in book.orders()
    ]
    assert held == paper.orders()
    for side in BookSide:
        assert [tuple(level) for level in book.levels(side)] == paper.levels(side)
        assert book.best(side) == paper.best(side, "shown")
    assert tuple(book.indication()) == paper.indication()
    assert book.pending == paper.pending()
