"""Hypothesis chooses what to do next, sees what became of it, and shrinks what goes wrong to a few commands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from matching.book_messages import (
    Allocation,
    AuctionRule,
    BookOrder,
    BookRules,
    BookSide,
    Call,
    Kind,
    Matching,
    Reason,
    SelfTrade,
    StopTrigger,
    TimeLimit,
)
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
)
from tests.matching.suite.against_model import paper_market, play_both
from tests.matching.suite.conftest import BOOKS, BookFactory
from tests.matching.suite.market import Fold

PRICES = st.integers(95, 105)
LOTS = st.integers(1, 12)
FILLS = st.sampled_from([1, 2, 3, 1_000])
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "time_limit": st.sampled_from(TimeLimit),
        "display_lots": st.integers(1, 4),
        "hidden": st.just(True),
        "post_only": st.just(True),
        "all_or_none": st.just(True),
        "minimum_lots": st.integers(1, 6),
        "group_id": st.integers(1, 2),
        "self_trade": st.sampled_from(SelfTrade),
        "max_notional_ticks": st.integers(90, 1_000),
    },
)
KINDS = st.one_of(
    st.just({"kind": Kind.LIMIT}),
    st.just({"kind": Kind.MARKET}),
    st.fixed_dictionaries({"kind": st.sampled_from([Kind.STOP, Kind.STOP_LIMIT]), "stop_ticks": PRICES}),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from([Kind.TRAILING_STOP, Kind.TRAILING_STOP_LIMIT]),
            "trail_ticks": st.integers(1, 3),
            "stop_ticks": st.one_of(st.just(0), PRICES),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from([Kind.PEGGED_BEST, Kind.PEGGED_MID, Kind.PEGGED_MARKET]),
            "offset_ticks": st.integers(0, 2),
        }
    ),
)


class BookMachine(RuleBasedStateMachine):
    """A book beside the paper market; `book_factory` is set by the test."""

    book_factory: BookFactory
    book_rules: BookRules

    def __init__(self) -> None:
        super().__init__()
        self.book = type(self).book_factory(type(self).book_rules)
        self.paper = paper_market(type(self).book_rules)
        self.fold = Fold()
        self.last_id = 0
        self.do(SetPhase(Matching.CONTINUOUS, Call.NONE, 0, 1_000))

    def do(self, command: BookCommand) -> None:
        """One command on both; the events rebuild the book."""
        self.fold.learn(play_both(self.book, self.paper, command))

    def submit(self, terms: dict[str, Any], fills: int) -> None:
        """An order with the next id."""
        self.last_id += 1
        self.do(Submit(BookOrder(order_id=self.last_id, **terms), fills))

    @rule(
        account=st.integers(1, 3),
        side=st.sampled_from(BookSide),
        depth=st.integers(0, 3),
        lots=LOTS,
        slice_lots=st.integers(0, 4),
    )
    def queue(self, account: int, side: BookSide, depth: int, lots: int, slice_lots: int) -> None:
        """An order on its own side of the middle, so that there is something to take."""
        price = 100 - depth if side is BookSide.BUY else 101 + depth
        shown = slice_lots if slice_lots < lots else 0
        terms = {
            "account_id": account,
            "side": side,
            "price_ticks": price,
            "quantity_lots": lots,
            "display_lots": shown,
        }
        self.submit(terms, 1_000)

    @rule(
        account=st.integers(1, 3),
        side=st.sampled_from(BookSide),
        price=PRICES,
        lots=LOTS,
        kind=KINDS,
        more=CONDITIONS,
        fills=FILLS,
    )
    def order(
        self,
        account: int,
        side: BookSide,
        price: int,
        lots: int,
        kind: dict[str, Any],
        more: dict[str, Any],
        fills: int,
    ) -> None:
        """Any order with any conditions."""
        terms = {"account_id": account, "side": side, "price_ticks": price, "quantity_lots": lots}
        self.submit(terms | more | kind, fills)

    @precondition(lambda self: self.paper.slips)
    @rule(place=st.integers(0, 100), account_side=st.sampled_from(BookSide), price=PRICES, lots=LOTS)
    def pair(self, place: int, account_side: BookSide, price: int, lots: int) -> None:
        """An order, or a stop, that is one of a pair with an open order."""
        other = self.paper.slips[place % len(self.paper.slips)]
        terms = {"account_id": other.account, "side": account_side, "price_ticks": price, "quantity_lots": lots}
        terms["oco_id"] = other.id
        if other.place != "stop":
            terms |= {"kind": Kind.STOP, "stop_ticks": price}
        self.submit(terms, 1_000)

    @precondition(lambda self: self.paper.slips)
    @rule(place=st.integers(0, 100))
    def cancel(self, place: int) -> None:
        """An open order goes."""
        self.do(Cancel(self.paper.slips[place % len(self.paper.slips)].id, Reason.REQUESTED))

    @precondition(lambda self: self.paper.slips)
    @rule(
        place=st.integers(0, 100),
        price=st.one_of(st.just(0), PRICES),
        lots=LOTS,
        stop=st.one_of(st.just(0), PRICES),
        fills=FILLS,
    )
    def replace(self, place: int, price: int, lots: int, stop: int, fills: int) -> None:
        """An open order gets other terms; price zero: the one it has."""
        slip = self.paper.slips[place % len(self.paper.slips)]
        self.do(Replace(slip.id, price or slip.limit, lots, stop if slip.place == "stop" else 0, fills))

    @rule(account=st.integers(0, 3), side=st.integers(0, 2), most=st.integers(1, 5))
    def cancel_where(self, account: int, side: int, most: int) -> None:
        """Some open orders of an account, a side."""
        self.do(CancelWhere(account, 0, side, Reason.CANCEL_ALL, most))

    @rule(call=st.sampled_from([Call.OPENING, Call.CLOSING, Call.OTHER]))
    def begin_call(self, call: Call) -> None:
        """Orders are collected."""
        self.do(SetPhase(Matching.COLLECT, call, 0, 1_000))

    @rule(steps=st.sampled_from([1, 2, 1_000]))
    def auction(self, steps: int) -> None:
        """An auction begins, if it may, and a part of it is handed out."""
        self.do(UncrossBegin())
        self.do(UncrossContinue(steps))

    @rule()
    def finish(self) -> None:
        """Whatever is going on comes to an end, and trading goes on."""
        self.do(Continue(1_000))
        if self.paper.phase == Matching.COLLECT:
            self.do(UncrossBegin())
        self.do(UncrossContinue(1_000))
        self.do(SetPhase(Matching.CONTINUOUS, Call.NONE, 0, 1_000))

    @rule(price=PRICES)
    def fix_the_price(self, price: int) -> None:
        """The phase after the close."""
        self.do(SetPhase(Matching.FIXED_PRICE, Call.NONE, price, 1_000))

    @rule(last=PRICES, low=st.integers(96, 99), high=st.integers(102, 105), banded=st.booleans())
    def tell_prices(self, last: int, low: int, high: int, banded: bool) -> None:
        """A last price, a reference, a band or none."""
        self.do(SetReferences(last, last, low * banded, high * banded))

    @rule(fills=FILLS)
    def go_on(self, fills: int) -> None:
        """What is pending."""
        self.do(Continue(fills))

    @rule(ahead=st.integers(-3, 3))
    def count_on_from(self, ahead: int) -> None:
        """Numbers go on from somewhere else, or from where they are."""
        self.do(NumberFrom(max(self.paper.next_number + ahead, 0)))

    @rule()
    def reload(self) -> None:
        """A book loaded from its own orders goes on as if nothing had been."""
        loaded = type(self).book_factory(type(self).book_rules)
        loaded.restore(self.book.state(), self.book.orders())
        self.book = loaded

    @invariant()
    def the_events_rebuild_the_book(self) -> None:
        """Orders and visible prices follow from the events."""
        self.fold.assert_equals(self.book)


RULES = [
    BookRules(),
    BookRules(auction=AuctionRule.SSE, allocation=Allocation.PRO_RATA),
    BookRules(auction=AuctionRule.SZSE, stop_trigger=StopTrigger.OPPOSITE_QUOTE),
]


@pytest.mark.parametrize("rules", RULES, ids=["xetra", "sse pro rata", "szse by quote"])
@pytest.mark.parametrize("factory", BOOKS, ids=lambda book: book.__name__)
def test_the_book_and_the_paper_market_never_differ(factory: BookFactory, rules: BookRules) -> None:
    machine = type("Machine", (BookMachine,), {"book_factory": staticmethod(factory), "book_rules": rules})
    run_state_machine_as_test(
        machine, settings=settings(settings.default, max_examples=60, stateful_step_count=40, deadline=None)
    )
