"""Pre-emption after an award, and after a quote: whoever has a claim may match the winning terms."""

from __future__ import annotations

from typing import Any

import pytest

from custody.outcomes import DeclaredClaim, PriorClaimKind
from custody.rights import RegisterRight, RightRegistered, TitleCheck
from exchange.core.ids import AssetId
from matching.deals import Deal
from matching.listing_messages import ListingMethod
from matching.preemption import ExercisePriorClaim, NotifiedClaim, PreemptionClosed, WaiveInRound
from matching.sale_messages import DepositReturned
from tests.quotes.stage import QuoteDesk
from tests.sales.stage import PURSE, THOUSAND, Hall


class ClaimHall(Hall):
    """A hall that sells rights on which `mei` has the finisher's claim, and `ren` too where `both` is set."""

    both = False

    def right(self, by: str, *, title: TitleCheck = TitleCheck.CLEAR, **changed: Any) -> AssetId:
        """Bring the right of an outcome with a claim into custody."""
        members = self.venue.members
        holders = (members["mei"], members["ren"]) if self.both else (members["mei"],)
        claims = (DeclaredClaim(kind=PriorClaimKind.FINISHER, holder_ids=holders),)
        outcome_id = self.outcome(by, claims=claims, patent_ids=(self.patent(by),))
        command = RegisterRight(account_id=self.venue.accounts[by], outcome_id=outcome_id, **changed)
        right_id = self.venue.make(command, RightRegistered, by).right.asset_id
        self.examine(right_id, title)
        return right_id


def _hall(*, both: bool = False) -> ClaimHall:
    prepared = Hall.cn()
    hall = ClaimHall(prepared.venue)
    hall.cn_market, hall.serial, hall.seller, hall.both = prepared.cn_market, prepared.serial, prepared.seller, both
    return hall


def _claim(hall: ClaimHall | QuoteDesk, who: str = "mei") -> NotifiedClaim:
    member_id = hall.venue.members[who]
    return next(one for one in hall.venue.state.table(NotifiedClaim).values() if one.member_id == member_id)


def _exercise(hall: ClaimHall | QuoteDesk, deal: Deal, who: str = "mei") -> str:
    command = ExercisePriorClaim(
        claim_id=_claim(hall, who).claim_id,
        account_id=hall.venue.accounts[who],
        terms_sha256=deal.terms_sha256,
        contract_sha256=deal.contract_sha256,
    )
    return hall.venue.refusal(command, who)


METHODS = {
    "english": ("li bids A 800 -> A li 800", "wu bids A 900 -> A wu 900", "end -> A awarded wu 900"),
    "sealed": (
        "wu commits A 900 -> A open",
        "end -> A open",
        "wu reveals A 900 -> A open",
        "close -> A awarded wu 900",
    ),
}


def _won(hall: ClaimHall, method: str) -> None:
    hall.announced(method, A=800)
    hall.enter("li", "wu")
    hall.happens("begin")
    for line in METHODS[method]:
        asked, _, expected = line.partition(" -> ")
        told = hall.happens(asked)
        if "awarded" in expected:
            assert told == expected, asked


@pytest.mark.parametrize("method", METHODS)
def test_after_an_auction_the_claim_takes_the_winning_terms_and_the_winner_its_deposit(method: str) -> None:
    hall = _hall()
    _won(hall, method)
    deal = hall.deal_of("A")
    assert (deal.state, hall.lot("A").due_at_ns) == ("pre_emption", 0)
    assert hall.happens("wu signs A") == "deal.pre_emption_running"
    assert hall.happens("lab withdraws A") == "deal.state"
    hall.venue.restart()
    assert hall.bidder("wu").deposit_minor == 80 * THOUSAND, "the winner's deposit stands as long as it may have to buy"
    assert _exercise(hall, deal) == ""
    assert hall.bidder("wu").deposit_minor == 0
    assert hall.last(DepositReturned).bidder.forfeited_minor == 0
    assert hall.lot("A").reason == "a prior claim was exercised"
    assert hall.happens("wu signs A") == "deal.not_party"
    assert hall.happens("lab withdraws A") == "deal.state"
    assert not hall.happens("lab signs A").startswith("deal")
    assert not hall.happens("ops records A").startswith("deal")
    taken = hall.deal_of("A")
    assert hall.venue.state.ledger.holders(taken.asset_id) == [(hall.venue.accounts["mei"], 1_000_000)]
    assert hall.money("mei") == PURSE * THOUSAND - taken.price_minor - taken.buyer_fee_minor
    assert taken.price_minor == deal.price_minor
    assert hall.money("wu") == PURSE * THOUSAND
    assert hall.sale().state == "closed"
    hall.venue.close()


def test_a_winner_whose_right_nobody_claims_pays_in_its_days_from_then_on() -> None:
    hall = _hall()
    _won(hall, "english")
    assert hall.venue.refusal(WaiveInRound(claim_id=_claim(hall).claim_id), "mei") == ""
    lot = hall.lot("A")
    assert lot.due_at_ns == hall.venue.state.at_ns + 5 * 86_400 * 10**9
    hall.happens("wait 6 days")
    assert hall.bidder("wu").forfeited_minor == 80 * THOUSAND, "it has not paid in time"
    assert hall.lot("A").state == "offered", "the next bidder is asked, and then whoever has a claim, again"
    assert hall.happens("li takes A") != ""
    assert hall.deal_of("A").state == "pre_emption"
    hall.venue.close()


def test_nobody_is_in_default_while_others_are_asked() -> None:
    hall = _hall()
    _won(hall, "english")
    hall.happens("wait 12 days")
    assert hall.deal_of("A").state == "pre_emption"
    hall.happens("wait 10 days")
    assert hall.deal_of("A").state == "signing"
    assert hall.bidder("wu").forfeited_minor == 0
    hall.venue.close()


def test_a_seller_who_does_not_sign_for_whoever_stepped_in_gets_no_second_sale_out_of_it() -> None:
    hall = _hall()
    _won(hall, "english")
    assert _exercise(hall, hall.deal_of("A")) == ""
    hall.happens("wait 6 days")
    assert (hall.lot("A").state, hall.deal_of("A").state) == ("failed", "defaulted")
    assert (hall.money("mei"), hall.money("wu")) == (PURSE * THOUSAND, PURSE * THOUSAND)
    assert hall.escrow() == 0
    hall.venue.close()


def test_several_lots_and_split_items_want_waivers_beforehand() -> None:
    hall = _hall()
    command = hall.announcement("english", A=800, B=500)
    assert hall.refused(command, "lab") == ("listing.prior_claims_open", "CN-CIVIL-847")


def test_after_a_quote_the_claim_comes_before_whoever_quoted() -> None:
    desk = QuoteDesk.cn()
    desk.trader("mei")
    desk.pay_in("mei", PURSE * THOUSAND)
    claims = (DeclaredClaim(kind=PriorClaimKind.FINISHER, holder_ids=(desk.venue.members["mei"],)),)
    outcome_id = desk.outcome("lab", claims=claims, patent_ids=(desk.patent("lab"),))
    command = RegisterRight(account_id=desk.venue.accounts["lab"], outcome_id=outcome_id)
    desk.right_id = desk.venue.make(command, RightRegistered, "lab").right.asset_id
    desk.examine(desk.right_id, TitleCheck.CLEAR)
    listing = desk.admitted("lab", desk.whole("lab", desk.right_id, method=ListingMethod.RFQ))
    desk.listing_id = listing.listing.listing_id
    desk.request()
    assert desk.takes("li", ["quotes", "900", "10"]) == ""
    assert desk.takes("lab", ["takes", "li"]) == ""
    desk.deal_id = desk.shown_request().deal_id
    deal = desk.deal()
    assert deal.state == "pre_emption"
    assert desk.shown_request().due_at_ns == 0, "nobody has a date while others are asked"
    desk.step("wait 10")
    assert _exercise(desk, deal) == ""
    assert desk.last(PreemptionClosed).deal.displaced_account_id == desk.venue.accounts["li"]
    assert desk.shown_request().due_at_ns > 0, "the seller has its days to sign"
    for step in ("signs", "records"):
        assert desk.takes("lab" if step == "signs" else "ops", [step]) == ""
    assert desk.owner() == "mei"
    assert desk.money("mei") == (PURSE - 909) * THOUSAND
    desk.venue.close()
