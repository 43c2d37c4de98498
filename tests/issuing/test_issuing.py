"""An issue from the published deal to the established plan, and every way in which it comes to nothing."""

from __future__ import annotations

import pytest

from exchange.core.node_messages import ContinueRun
from exchange.core.units import Minor, Ppm
from securitization.issue_messages import ClosingKind, Issue, IssueState, NotesAllotted
from securitization.messages import Claim, ClaimStatus
from securitization.offering_messages import (
    Allotment,
    CancelOffering,
    CloseOffering,
    OfferingState,
    Pricing,
    WithdrawBookBid,
)
from tests.issuing.stage import FACE, Stage

# --- Established ------------------------------------------------------------------------------------------------------


def test_a_book_by_price_is_allotted_at_the_price_of_the_last_note() -> None:
    stage = Stage()
    stage.offered()
    stage.bids_in("""
        i0 300 @ 1010
        i1 400 @ 1005
        i2 300 @ 1000
        i3 100 @ 1000
    """)
    assert stage.offering().locked_minor == 303_000 + 402_000 + 300_000 + 100_000
    stage.close()
    run = next(iter(stage.venue.state.runs.values()))
    told = stage.venue.make(ContinueRun(run_id=run.run_id, from_position=0), NotesAllotted, "node")
    assert [bid.paid_minor for bid in told.bids] == [300_000, 400_000, 150_000, 50_000]
    assert (told.offering.locked_minor, told.offering.refunded_minor) == (0, 205_000)
    # 900 notes: 300 and 400 whole; 200 left in lots of 10 for 300 and 100: 15 and 5 lots.
    assert [stage.notes(f"i{place}") for place in range(4)] == [300, 400, 150, 50]
    assert [stage.cash(f"i{place}") for place in range(4)] == [
        2_000_000 - notes * 1_000 for notes in (300, 400, 150, 50)
    ]
    issue = stage.issue()
    assert issue.state is IssueState.ESTABLISHED
    assert stage.offering().state is OfferingState.DONE
    # 900,000 in cash: 1 % and 5,000 of fees; the rest to the licensors by their claims, 50, 30 and 20 %.
    assert (stage.cash("arranger"), stage.cash("lawyers")) == (9_000, 5_000)
    assert [stage.cash(f"licensor{place}") for place in range(3)] == [443_000, 265_800, 177_200]
    assert (issue.raised_minor, issue.retained_minor, issue.purchase_minor) == (1_000_000, 100_000, 986_000)
    assert [claim.status for claim in stage.venue.state.table(Claim).values()] == [ClaimStatus.SOLD] * 3
    assert stage.cash("issuer") == 100_000 and stage.venue.held("issuer") == 0
    stage.venue.close()


def test_what_the_originator_keeps_is_locked_to_the_last_note() -> None:
    stage = Stage()
    stage.offered()
    stage.bids_in("i0 900 @ 1000")
    stage.close()
    stage.venue.finish_runs()
    junior = stage.issue().classes[1]
    ledger, account_id = stage.venue.state.ledger, stage.venue.accounts["licensor0"]
    assert (ledger.units(account_id, junior.asset_id), ledger.available(account_id, junior.asset_id)) == (100, 0)
    assert stage.issue().running.period == 0
    assert [tranche.balance for tranche in stage.issue().running.tranches] == [900_000, 100_000]
    stage.venue.close()


def test_each_pays_its_own_price_where_the_offer_says_so() -> None:
    stage = Stage()
    stage.offered(allotment=Allotment.MULTIPLE)
    stage.bids_in("""
        i0 500 @ 1020
        i1 400 @ 1001
        i2 400 @ 1000
    """)
    stage.close()
    stage.venue.finish_runs()
    assert [stage.notes(f"i{place}") for place in range(3)] == [500, 400, 0]
    assert [2_000_000 - stage.cash(f"i{place}") for place in range(3)] == [510_000, 400_400, 0]
    assert stage.offering().raised_minor == 910_400
    stage.venue.close()


def test_a_book_by_coupon_finds_the_lowest_that_covers_the_class() -> None:
    stage = Stage()
    stage.offered(Pricing.YIELD)
    stage.bids_in("""
        i0 600 @ 21000
        i1 600 @ 25000
        i2 600 @ 29000
    """)
    stage.close()
    stage.venue.finish_runs()
    assert [stage.notes(f"i{place}") for place in range(3)] == [600, 300, 0]
    senior = stage.issue().classes[0]
    assert (senior.rate_ppm, senior.price_minor) == (25_000, FACE)
    stage.venue.close()


def test_a_fixed_price_shares_the_notes_out_by_largest_remainder() -> None:
    stage = Stage()
    stage.offered(Pricing.FIXED)
    stage.bids_in("""
        i0 900 @ 1000
        i1 900 @ 1000
        i2 10 @ 1000
    """)
    stage.close()
    stage.venue.finish_runs()
    # 90 lots for 90, 90 and 1 asked: 44.75, 44.75 and 0.497 lots; the two odd lots go to the largest remainders.
    assert [stage.notes(f"i{place}") for place in range(3)] == [450, 450, 0]
    stage.venue.close()


def test_a_node_killed_between_chunks_goes_on_and_nobody_pays_twice() -> None:
    stage = Stage(holder_cap=None)
    stage.offered(Pricing.FIXED)
    for _ in range(90):
        stage.bids_in("i0 10 @ 1000")
    stage.close()
    run = next(iter(stage.venue.state.runs.values()))
    stage.venue.do(ContinueRun(run_id=run.run_id, from_position=0), "node")
    assert (stage.notes("i0"), stage.issue().state) == (800, IssueState.ALLOTTING)
    stage.venue.restart()
    again = stage.venue.refusal(ContinueRun(run_id=run.run_id, from_position=0), "node")
    assert again == "run.stale"
    assert stage.venue.finish_runs() == 1
    assert (stage.notes("i0"), stage.cash("i0")) == (900, 2_000_000 - 900_000)
    assert stage.issue().state is IssueState.ESTABLISHED
    stage.venue.close()


# --- Come to nothing --------------------------------------------------------------------------------------------------


def test_an_offer_that_is_not_covered_is_refunded_with_interest() -> None:
    stage = Stage()
    stage.offered()
    stage.bids_in("""
        i0 500 @ 1000
        i1 390 @ 980
    """)
    stage.close()
    stage.venue.finish_runs()
    # 3.65 % a year on 5 whole days: 500,000 earns 250, 382,200 earns 191.1, rounded down.
    assert [stage.cash(f"i{place}") - 2_000_000 for place in range(2)] == [250, 191]
    assert stage.cash("issuer") == 100_000 - 441
    assert (stage.issue().state, stage.offering().state) == (IssueState.FAILED, OfferingState.FAILED)
    assert stage.offering().interest_minor == 441 and stage.offering().locked_minor == 0
    assert [claim.status for claim in stage.venue.state.table(Claim).values()] == [ClaimStatus.REGISTERED] * 3
    assert [each.asset_id for each in stage.issue().classes] == [0, 0]
    stage.venue.close()


def test_one_lot_more_covers_it() -> None:
    stage = Stage()
    stage.offered()
    stage.bids_in("""
        i0 500 @ 1000
        i1 400 @ 980
    """)
    stage.close()
    stage.venue.finish_runs()
    assert stage.issue().state is IssueState.ESTABLISHED
    assert stage.cash("i0") == 2_000_000 - 500 * 980
    stage.venue.close()


def test_an_offer_nobody_closes_lapses_and_everybody_has_the_cash_back() -> None:
    stage = Stage()
    stage.offered()
    stage.bids_in("i0 900 @ 1000")
    stage.venue.pass_time(days=15)
    stage.venue.pass_time(seconds=1)
    assert stage.venue.refusal(CloseOffering(offering_id=stage.offering_id)) == "offering.state"
    stage.venue.finish_runs()
    assert stage.cash("i0") == 2_000_000 + 900_000 * 36_500 * 14 // 365_000_000
    assert (stage.issue().state, stage.issue().reason) == (IssueState.FAILED, "lapsed")
    stage.venue.close()


def test_a_venue_that_was_down_over_the_lapse_pays_interest_to_the_lapse_alone() -> None:
    stage = Stage()
    stage.offered()
    stage.bids_in("i0 900 @ 1000")
    stage.venue.pass_time(days=400)  # 36,000 of interest by now; the reserve was reckoned to the lapse, fifteen days on
    assert stage.venue.refusal(CloseOffering(offering_id=stage.offering_id)) == "offering.state"
    stage.venue.finish_runs()
    assert stage.cash("i0") == 2_000_000 + 900_000 * 36_500 * 14 // 365_000_000
    assert stage.issue().state is IssueState.FAILED
    stage.venue.close()


def test_an_empty_book_ends_at_once_and_the_claims_may_go_elsewhere() -> None:
    stage = Stage()
    stage.offered()
    stage.venue.do(CancelOffering(offering_id=stage.offering_id, reason="no interest"))
    assert stage.issue().state is IssueState.FAILED
    assert stage.venue.held("issuer") == 0
    claims = stage.issue().claims
    assert stage.venue.refusal(stage.proposal(name="two", claims=claims), "arranger") == ""
    stage.venue.close()


def test_the_pledge_or_contract_that_is_missing_keeps_the_sale_from_closing() -> None:
    stage = Stage()
    stage.propose()
    assert _open(stage) == "closing.open_items"
    stage.satisfy(ClosingKind.TRUE_SALE_OPINION)
    assert _open(stage) == "closing.open_items"
    stage.satisfy(ClosingKind.RATING)
    stage.venue.by_two(stage.terms())
    stage.offering_id = stage.issue().offering_id
    stage.bids_in("i0 900 @ 1000")
    closed = stage.close()
    assert closed[0].code == "closing.open_items"  # type: ignore[attr-defined] # a Rejected
    stage.satisfy(ClosingKind.GUARANTEE, ClosingKind.FUND_ACCOUNT, ClosingKind.SALE_CONTRACT)
    stage.venue.do(CloseOffering(offering_id=stage.offering_id))
    stage.venue.finish_runs()
    assert stage.issue().state is IssueState.ESTABLISHED
    stage.venue.close()


def _open(stage: Stage) -> str:
    """The code an offer is refused with."""
    return stage.venue.by_two(stage.terms())[0].code.value  # type: ignore[attr-defined] # a Rejected


# --- Refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bid", "code"),
    [
        (("i0", 905, 1_000), "book_bid.invalid"),  # no whole lots
        (("i0", 910, 1_000), "book_bid.invalid"),  # more than is offered
        (("i0", 900, 1_020), ""),  # the highest price
        (("i0", 900, 1_021), "book_bid.invalid"),
        (("i0", 10, 980), ""),
        (("i0", 10, 979), "book_bid.invalid"),
        (("poor", 10, 1_000), "hold.insufficient_available"),
        (("poor", 10, 999), ""),  # exactly what it has
        (("outsider", 10, 999), "rule.suitability"),
    ],
)
def test_a_bid_at_and_past_each_bound(bid: tuple[str, int, int], code: str) -> None:
    stage = Stage(investors=1)
    stage.venue.member("poor", cash=9_990)
    stage.venue.member("outsider", cash=9_990, standings=())
    stage.offered()
    assert stage.venue.refusal(stage.bid(*bid), bid[0]) == code


def test_the_holder_after_the_last_is_refused_and_the_originator_counts() -> None:
    stage = Stage(investors=3, holder_cap=3)
    stage.offered()
    stage.bids_in("""
        i0 10 @ 1000
        i1 10 @ 1000
        i0 10 @ 1000
    """)
    assert stage.venue.refusal(stage.bid("i2", 10, 1_000), "i2") == "rule.holder_cap"


def test_a_bid_is_taken_back_only_while_the_book_is_open() -> None:
    stage = Stage()
    stage.offered()
    first, second = stage.bids_in("""
        i0 100 @ 1000
        i0 100 @ 1001
    """)
    assert stage.venue.refusal(WithdrawBookBid(book_bid_id=first.book_bid_id), "i1") == "account.not_yours"
    assert stage.venue.refusal(WithdrawBookBid(book_bid_id=first.book_bid_id), "i0") == ""
    assert stage.venue.held("i0") == 100_100
    stage.venue.pass_time(days=5)
    assert stage.venue.refusal(WithdrawBookBid(book_bid_id=second.book_bid_id), "i0") == "offering.state"
    assert stage.venue.refusal(stage.bid("i0", 10, 1_000), "i0") == "offering.state"


def test_only_the_party_whose_word_it_is_shows_an_item_and_once() -> None:
    stage = Stage()
    stage.propose()
    opinion = stage.items(ClosingKind.TRUE_SALE_OPINION)[0]
    rating = stage.items(ClosingKind.RATING)[0]
    assert stage.venue.refusal(stage.show(opinion), "arranger") == "closing.not_party"
    assert stage.venue.refusal(stage.show(opinion, documents=()), "lawyers") == "closing.not_shown"
    assert stage.venue.refusal(stage.show(opinion, documents=("0" * 64,)), "lawyers") == "document.unknown"
    assert stage.venue.refusal(stage.show(rating, grade=""), "raters") == "closing.not_shown"
    assert stage.venue.refusal(stage.show(opinion), "lawyers") == ""
    assert stage.venue.refusal(stage.show(opinion), "lawyers") == "closing.state"


def test_fees_that_eat_the_proceeds_are_refused_before_the_offer() -> None:
    stage = Stage()
    stage.publish()
    claims = tuple(stage.claim(place) for place in range(3))
    fee = stage.proposal().closing_fees[0]
    whole = (type(fee)(role=fee.role, rate_ppm=Ppm(1_000_000)), type(fee)(role=fee.role, amount_minor=Minor(1)))
    stage.venue.do(stage.proposal(claims=claims, closing_fees=whole), "arranger")
    stage.issue_id = next(iter(stage.venue.state.table(Issue).values())).issue_id
    stage.satisfy()
    assert _open(stage) == "offering.invalid"
