"""The compiled auction fixes the plain one's price, whoever stands at whatever price."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from matching._book import CompiledBook
from matching.book_messages import AuctionRule, BookOrder, BookRules, BookSide, Call, Kind, Matching
from matching.order_book import PlainBook

ORDERS = st.lists(
    st.tuples(st.sampled_from(BookSide), st.integers(90, 110), st.integers(1, 9), st.integers(0, 3)), max_size=14
)


@given(orders=ORDERS, rule=st.sampled_from(AuctionRule), reference=st.integers(85, 115) | st.just(0))
def test_the_auction_fixes_the_same_price(
    orders: list[tuple[BookSide, int, int, int]], rule: AuctionRule, reference: int
) -> None:
    plain, compiled = PlainBook(BookRules(auction=rule)), CompiledBook(BookRules(auction=rule))
    for book in (plain, compiled):
        book.set_references(0, reference, 0, 0)
        book.set_phase(Matching.COLLECT, Call.OPENING, 0, 1)
    for number, (side, price, lots, draw) in enumerate(orders, start=1):
        kind = Kind.MARKET if draw == 0 else Kind.LIMIT
        order = BookOrder(
            order_id=number, account_id=1, side=side, price_ticks=price, quantity_lots=lots, kind=kind, hidden=draw == 1
        )
        for book in (plain, compiled):
            book.submit(order, 1)
        assert compiled.indication() == plain.indication()
