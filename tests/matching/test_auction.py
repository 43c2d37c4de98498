"""The single price of a call: what each exchange's rule asks for, and what must hold whatever was sent.

The cases follow the published rules, whose clauses they name; the numbers are ours, except where a source is named.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.auction import CurvePoint, share_pro_rata, single_price
from matching.book_messages import (
    NO_INDICATION,
    Allocation,
    AuctionRule,
    BookOrder,
    BookRules,
    BookSide,
    Call,
    EventKind,
    Indication,
    Kind,
    Matching,
)
from matching.order_book import PlainBook

XETRA, EURONEXT, LSE, SSE, SZSE = AuctionRule
BUY, SELL, BALANCED = BookSide.BUY, BookSide.SELL, 0


class Case(NamedTuple):
    """Bids and offers as price: lots; a reference price; what each rule makes of them."""

    clause: str
    bids: dict[int, int]
    offers: dict[int, int]
    reference: int
    expected: dict[tuple[AuctionRule, ...], tuple[int, int, int, int]]


CASES = [
    Case(
        "every rule: the worked example of MarketGrid's single-price auction, 290 lots at 12,400",
        {13_000: 45, 12_900: 95, 12_800: 25, 12_700: 35, 12_600: 25, 12_500: 55, 12_400: 200, 12_300: 80, 12_200: 60},
        {
            12_200: 10,
            12_300: 125,
            12_400: 155,
            12_500: 90,
            12_600: 20,
            12_700: 10,
            12_800: 15,
            12_900: 10,
            13_000: 50,
            13_100: 35,
        },
        12_600,
        {(XETRA, EURONEXT, LSE, SSE, SZSE): (12_400, 290, 190, BUY)},
    ),
    Case(
        "every rule, first clause: the greatest executable volume",
        {202: 200, 201: 200, 200: 300},
        {200: 100, 199: 200, 198: 300, 197: 100},
        200,
        {(XETRA, EURONEXT, LSE, SSE, SZSE): (200, 700, 0, BALANCED)},
    ),
    Case(
        "every rule, second clause: the least that is left over",
        {203: 300, 202: 300, 200: 100},
        {199: 300, 201: 300, 203: 200},
        200,
        {(XETRA, EURONEXT, LSE, SZSE): (201, 600, 0, BALANCED), (SSE,): (202, 600, 0, BALANCED)},
    ),
    Case(
        "Xetra, Euronext, LSE, third clause: surplus on the bid side decides for the highest limit",
        {202: 500},
        {198: 200, 199: 100},
        199,
        {
            (XETRA, EURONEXT, LSE): (202, 300, 200, BUY),
            (SSE,): (201, 300, 200, BUY),
            (SZSE,): (199, 300, 200, BUY),
        },
    ),
    Case(
        "Xetra, Euronext, LSE, third clause: surplus on the offer side decides for the lowest limit",
        {202: 100, 201: 200},
        {198: 500},
        205,
        {
            (XETRA, EURONEXT, LSE): (198, 300, 200, SELL),
            (SSE,): (200, 300, 200, SELL),
            (SZSE,): (201, 300, 200, SELL),
        },
    ),
    Case(
        "Xetra, Euronext, LSE, fourth clause: the reference price beyond both limits leaves the nearer",
        {202: 300},
        {198: 300},
        190,
        {(XETRA, EURONEXT, LSE, SZSE): (198, 300, 0, BALANCED), (SSE,): (200, 300, 0, BALANCED)},
    ),
    Case(
        "SSE: the middle of the two, half a tick up; SZSE: the nearest to the previous close",
        {203: 300},
        {198: 300},
        202,
        {(SSE,): (201, 300, 0, BALANCED), (SZSE, XETRA): (202, 300, 0, BALANCED)},
    ),
    Case(
        "without a reference price the middle, for every rule",
        {203: 300},
        {198: 300},
        0,
        {(XETRA, EURONEXT, LSE, SSE, SZSE): (201, 300, 0, BALANCED)},
    ),
]


def curve(lots: dict[int, int], *, best_is_highest: bool) -> list[CurvePoint]:
    """One side, best price first."""
    return [CurvePoint(price, lots[price]) for price in sorted(lots, reverse=best_is_highest)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.clause)
def test_each_rule_finds_the_price_its_clauses_name(case: Case) -> None:
    bids, offers = curve(case.bids, best_is_highest=True), curve(case.offers, best_is_highest=False)
    for rules, expected in case.expected.items():
        for rule in rules:
            assert single_price(bids, offers, rule, case.reference) == Indication(*expected), rule.name


def test_sides_that_do_not_cross_have_no_price() -> None:
    bids, offers = [CurvePoint(99, 5)], [CurvePoint(100, 5)]
    for rule in AuctionRule:
        assert single_price(bids, offers, rule, 100) == NO_INDICATION
        assert single_price([], offers, rule, 100) == NO_INDICATION
        assert single_price(bids, [], rule, 100) == NO_INDICATION


def test_a_protection_price_is_a_candidate_only_where_no_other_price_trades_as_much() -> None:
    market, limit = CurvePoint(150, 10, wished=False), CurvePoint(100, 10)
    assert single_price([market], [limit], XETRA, 120).price_ticks == 100
    assert single_price([market], [CurvePoint(50, 10, wished=False)], XETRA, 120).price_ticks == 120
    assert single_price([market], [CurvePoint(50, 10, wished=False)], XETRA, 200).price_ticks == 150


SIDE = st.dictionaries(st.integers(90, 110), st.integers(1, 30), max_size=8)
REFERENCES = st.one_of(st.just(0), st.integers(85, 115))


@given(bids=SIDE, offers=SIDE, reference=REFERENCES, rule=st.sampled_from(AuctionRule))
def test_no_price_trades_more_and_no_limit_that_trades_as_much_leaves_less_over(
    bids: dict[int, int], offers: dict[int, int], reference: int, rule: AuctionRule
) -> None:
    found = single_price(curve(bids, best_is_highest=True), curve(offers, best_is_highest=False), rule, reference)

    def at(price: int) -> tuple[int, int]:
        bid = sum(lots for limit, lots in bids.items() if limit >= price)
        offered = sum(lots for limit, lots in offers.items() if limit <= price)
        return min(bid, offered), bid - offered

    most = max(at(price)[0] for price in range(85, 116))
    assert found.paired_lots == most
    if most:
        volume, surplus = at(found.price_ticks)
        assert (volume, abs(surplus)) == (most, found.imbalance_lots)
        assert found.imbalance_side == (BUY if surplus > 0 else SELL if surplus < 0 else 0)
        ticks = range(85, 116) if rule is SZSE else (*bids, *offers)
        assert all(abs(surplus) <= abs(at(price)[1]) for price in ticks if at(price)[0] == most)


@given(st.lists(st.integers(1, 2**44), min_size=1, max_size=20), st.data())
def test_parts_sum_to_the_whole_and_are_within_a_lot_of_their_proportion(
    remaining: list[int], data: st.DataObject
) -> None:
    total = sum(remaining)
    lots = data.draw(st.integers(0, total))
    parts = share_pro_rata(lots, remaining)
    assert sum(parts) == lots
    for part, wanted in zip(parts, remaining, strict=True):
        assert 0 <= part <= wanted
        assert abs(part * total - lots * wanted) < total


ORDERS = st.lists(
    st.fixed_dictionaries(
        {
            "side": st.sampled_from(BookSide),
            "price_ticks": st.integers(95, 105),
            "quantity_lots": st.integers(1, 40),
            "kind": st.sampled_from([Kind.LIMIT, Kind.LIMIT, Kind.MARKET]),
            "hidden": st.booleans(),
        }
    ),
    max_size=20,
)


@given(
    orders=ORDERS,
    rule=st.sampled_from(AuctionRule),
    allocation=st.sampled_from(Allocation),
    steps=st.sampled_from([1, 3, 1_000]),
)
def test_an_auction_hands_out_what_it_fixed_and_nobody_trades_worse_than_the_limit(
    orders: list[dict[str, int]], rule: AuctionRule, allocation: Allocation, steps: int
) -> None:
    book = PlainBook(BookRules(auction=rule, allocation=allocation))
    book.set_references(100, 100, 0, 0)
    book.set_phase(Matching.COLLECT, Call.OPENING, 0, 1_000)
    sent: dict[int, BookOrder] = {}
    for number, terms in enumerate(orders, start=1):
        hidden = terms["hidden"] and terms["kind"] == Kind.LIMIT
        order = BookOrder(**(terms | {"order_id": number, "account_id": number, "hidden": hidden}))  # type: ignore[arg-type]
        book.submit(order, 1_000)
        sent[number] = order
    foretold = book.indication()
    [fixed] = book.uncross_begin()
    assert (fixed.price_ticks, fixed.lots, fixed.remaining_lots) == foretold[:3]
    traded: dict[int, int] = {}
    while book.pending:
        for event in book.uncross_continue(steps):
            if event.kind == EventKind.FILLED:
                assert event.price_ticks == fixed.price_ticks
                for order_id in (event.order_id, event.other_id):
                    traded[order_id] = traded.get(order_id, 0) + event.lots
        book.validate()
    price = fixed.price_ticks
    for order_id, lots in traded.items():
        order = sent[order_id]
        assert lots <= order.quantity_lots
        assert order.price_ticks >= price if order.side is BUY else order.price_ticks <= price
    for side in BookSide:
        assert sum(lots for order_id, lots in traded.items() if sent[order_id].side is side) == fixed.lots
    better = [o for o in sent.values() if (o.price_ticks > price if o.side is BUY else o.price_ticks < price)]
    if fixed.lots and not fixed.remaining_lots:
        assert all(traded.get(o.order_id) == o.quantity_lots for o in better)
    assert not any(state.order.kind == Kind.MARKET for state in book.orders())
    book.set_phase(Matching.CONTINUOUS, Call.NONE, 0, 1_000)
    assert book.state().matching is Matching.CONTINUOUS
