"""Whatever is bid: the book allots as one cleared by hand does, and every cent and note is accounted for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from securitization.issue_messages import IssueState
from securitization.offering import Asked, clear, refund_interest_minor, reserve_minor
from securitization.offering_messages import Allotment, BookBid, Pricing, WithdrawBookBid
from tests.issuing.stage import Stage
from tests.models.book_model import allot

BIDS = st.lists(st.tuples(st.integers(1, 40), st.integers(98, 102)), max_size=12)


@given(offered=st.integers(1, 120), bids=BIDS, pricing=st.sampled_from(Pricing))
def test_the_book_allots_as_one_cleared_by_hand(offered: int, bids: list[tuple[int, int]], pricing: Pricing) -> None:
    book = [Asked(key=place, lots=lots, limit=limit) for place, (lots, limit) in enumerate(bids)]
    expected = allot(offered, bids, low_is_best=pricing is Pricing.YIELD)
    cleared = clear(offered, book, pricing)
    assert cleared.covered == (expected is not None)
    if expected is not None:
        assert [cleared.lots.get(place, 0) for place in range(len(bids))] == expected
        assert sum(expected) == offered
        assert cleared.limit in [bids[place][1] for place, lots in enumerate(expected) if lots] or cleared.marginal_lots


@given(
    parts=st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 14)), min_size=1, max_size=8),
    rate=st.integers(0, 100_000),
)
def test_the_reserve_pays_the_interest_of_every_refund(parts: list[tuple[int, int]], rate: int) -> None:
    day = 86_400_000_000_000
    paid = sum(refund_interest_minor(held, rate, late * day, 15 * day) for held, late in parts)
    assert paid <= reserve_minor(sum(held for held, _ in parts), rate, 0, 15 * day)


STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 45), st.integers(980, 1_020), st.booleans()), min_size=1, max_size=10
)


@settings(max_examples=12, deadline=None)
@given(steps=STEPS, allotment=st.sampled_from(Allotment))
def test_cash_and_notes_are_what_a_model_of_the_book_says(
    steps: list[tuple[int, int, int, bool]], allotment: Allotment
) -> None:
    stage = Stage()
    stage.offered(allotment=allotment)
    told: list[tuple[int, int, int]] = []
    for who, lots, limit, taken_back in steps:
        (bid,) = stage.bids_in(f"i{who} {lots * 10} @ {limit}")
        if taken_back:
            stage.venue.do(WithdrawBookBid(book_bid_id=bid.book_bid_id), f"i{who}")
        else:
            told.append((who, lots, limit))
        locked = [sum(lots * 10 * limit for w, lots, limit in told if w == place) for place in range(4)]
        assert [stage.venue.held(f"i{place}") for place in range(4)] == locked
        assert stage.offering().locked_minor == sum(locked)
    stage.close()
    stage.venue.restart()
    stage.venue.finish_runs()
    got = allot(90, [(lots, limit) for _, lots, limit in told], low_is_best=False)
    assert stage.venue.state.table(BookBid) == {}
    if got is None:
        assert stage.issue().state is IssueState.FAILED
        earned = [
            sum(lots * 10 * limit * 36_500 * 5 // 365_000_000 for w, lots, limit in told if w == p) for p in range(4)
        ]
        assert [stage.cash(f"i{place}") for place in range(4)] == [2_000_000 + each for each in earned]
    else:
        last = min(limit for (_, _, limit), lots in zip(told, got, strict=True) if lots)
        uniform = allotment is Allotment.UNIFORM
        for place in range(4):
            mine = [(lots * 10, limit) for (who, _, limit), lots in zip(told, got, strict=True) if who == place]
            paid = sum(notes * (last if uniform else limit) for notes, limit in mine)
            assert (stage.notes(f"i{place}"), stage.cash(f"i{place}")) == (sum(n for n, _ in mine), 2_000_000 - paid)
    stage.venue.close()
