"""The tender, line by line: offers sealed, opened, scored by a panel, ranked, awarded; and what stands in its way."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from exchange.core.ids import SaleId, UserId
from exchange.core.membership import GrantMandate, SuspendUser
from exchange.core.node_messages import Timer
from exchange.core.parties import UserRight
from exchange.core.units import Minor, Ppm, TimeNs
from matching.consideration import Basis, ExpectedMilestone, Items, Milestone, Royalty
from matching.deals import DealState
from matching.lot_messages import CommitBid, DealOpened
from matching.obligations import ObligationsMade
from matching.sale_messages import AnnounceSale, Bidder, ListingSteps, SealedPricing
from matching.tender_messages import (
    OfferRevealed,
    OffersOpened,
    OffersRanked,
    Panel,
    ScoreOffer,
    Tender,
    TenderOffer,
    TenderScore,
)
from matching.tenders import Graded, Offer, Points, offer_commitment, ranking
from tests.sales.stage import DAY_NS, THOUSAND
from tests.sales.tender_stage import BASIS, CRITERIA, TenderHall

# --- Every step in every state ---------------------------------------------------------------------------------------

PATHS: dict[str, list[str]] = {
    "announced": [],
    "bidding": ["begin"],
    "committed": ["begin", "li offers 900", "wu offers 800"],
    "revealing": ["begin", "li offers 900", "wu offers 800", "end"],
    "revealed": ["begin", "li offers 900", "wu offers 800", "end", "li opens 900", "wu opens 800"],
    "scoring": ["begin", "li offers 900", "wu offers 800", "end", "li opens 900", "wu opens 800", "close"],
}
PATHS["scored"] = [*PATHS["scoring"], "ann scores li 50/50", "ann scores wu 50/50"]
PATHS["awarded"] = [
    *PATHS["scored"],
    *(f"{who} scores {whom} 50/50" for who in ("ben", "cem") for whom in ("li", "wu")),
]
PATHS["sold"] = [*PATHS["awarded"], "li signs A", "lab signs A", "ops records A"]
TABLE = """
           | li offers 900 | li bids A 900 | li opens 900  | ann scores li 9/9 | ann leaves | ben leaves | lab cancels | ops cancels
announced  | sale.state    | sale.state    | bid.unknown   | bid.unknown       | taken      | taken      | taken       | taken
bidding    | taken         | sale.state    | bid.unknown   | bid.unknown       | taken      | taken      | sale.state  | taken
committed  | bid.exists    | sale.state    | sale.state    | sale.state        | taken      | taken      | sale.state  | taken
revealing  | sale.state    | sale.state    | taken         | sale.state        | taken      | taken      | sale.state  | taken
revealed   | sale.state    | sale.state    | bid.state     | sale.state        | taken      | taken      | sale.state  | taken
scoring    | sale.state    | sale.state    | sale.state    | taken             | taken      | taken      | sale.state  | taken
scored     | sale.state    | sale.state    | sale.state    | score.exists     | taken      | taken      | sale.state  | taken
awarded    | sale.state    | sale.state    | sale.state    | sale.state        | sale.state | sale.state | sale.state  | sale.state
sold       | bidder.unknown| bidder.unknown| bid.unknown   | bid.unknown       | sale.unknown| sale.unknown| sale.unknown| sale.unknown
"""  # noqa: E501 - a table is read across
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()]


@functools.cache
def _in(state: str) -> TenderHall:
    hall = TenderHall.cn()
    hall.announced("tender", A=800)
    hall.enter("li", "wu")
    for line in PATHS[state]:
        told = hall.happens(line)
        assert told.startswith("A "), f"{line}: {told}"
    return hall


@pytest.mark.parametrize("state", PATHS)
def test_a_step_is_taken_or_refused_as_the_table_says(state: str) -> None:
    [row] = [line for line in LINES[1:] if line[0] == state]
    for step, cell in zip(LINES[0][1:], row[1:], strict=True):
        hall = _in(state).again()
        who, *words = step.split()
        refused = hall.venue.refusal(*hall.step_of(who, words))
        assert (refused or "taken") == cell, f"{state}: {step}"
        hall.venue.close()


def test_the_table_names_every_state() -> None:
    assert [line[0] for line in LINES[1:]] == list(PATHS)


# --- From offers to the award ----------------------------------------------------------------------------------------


def test_the_best_offer_by_all_criteria_is_awarded_and_not_the_highest_price() -> None:
    hall = TenderHall.opened(li="1000", wu="900", ren="800")
    assert hall.shown() == "A scoring"
    hall.plays("""
        ann scores li 0/0        ->  A scoring
        ann scores wu 100/100    ->  A scoring
        ann scores ren 100/50    ->  A scoring
        ben scores li 10/0       ->  A scoring
        ben scores wu 90/80      ->  A scoring
        ben scores ren 100/100   ->  A scoring
        cem scores li 0/10       ->  A scoring
        cem scores wu 80/90      ->  A scoring
        cem scores ren 100/100   ->  A awarded wu 900
    """)
    # li: 60 % + 25 % and 15 % of 10/300; wu: 54 % + 25 % and 15 % of 270/300; ren: 48 % + 25 % + 15 % of 250/300
    assert hall.ranks() == {"li": (3, 613_333), "wu": (1, 900_000), "ren": (2, 855_000)}
    hall.plays("""
        wu  signs A              ->  A awarded wu 900
        lab signs A              ->  A contracted wu 900
        ops records A            ->  A sold wu 900
    """)
    assert (hall.owner_of("A"), hall.sale().state) == ("wu", "closed")
    assert (hall.deposit("li"), hall.deposit("ren")) == (0, 0)
    assert not hall.venue.state.table(Tender) and not hall.venue.state.table(TenderScore)
    hall.venue.close()


def test_money_that_comes_later_counts_for_less_and_is_owed_by_the_winner() -> None:
    hall = TenderHall.opened(li="700+220@365", wu="890")
    rows = [(row.item, row.amount_minor // THOUSAND, row.value_minor // THOUSAND) for row in hall.offered("li").rows]
    assert rows == [("price", 700, 700), ("instalment 1", 220, 200)]
    assert [hall.offered(who).worth_minor // THOUSAND for who in ("li", "wu")] == [900, 890]
    score_all(hall, li="50/50", wu="50/50")
    assert hall.shown() == "A awarded li 700"
    hall.plays("""
        li  signs A              ->  A awarded li 700
        lab signs A              ->  A contracted li 700
        ops records A            ->  A sold li 700
    """)
    [made] = hall.told(ObligationsMade)
    assert [(one.kind, one.amount_minor // THOUSAND) for one in made.obligations] == [("instalment", 220)]
    assert made.plan.method == "tender"
    hall.venue.close()


def score_all(hall: TenderHall, panel: tuple[str, ...] = ("ann", "ben", "cem"), **points: str) -> None:
    """Have everybody of a panel give the same points."""
    for who in panel:
        for whom, given in points.items():
            hall.happens(f"{who} scores {whom} {given}")


def test_of_equal_scores_the_one_that_is_worth_more_goes_first_and_then_the_first_committed() -> None:
    weights = [250_000, 150_000]
    same = [Graded(bid_id, 100, ((50, 50),)) for bid_id in (3, 1, 2)]
    assert [one.bid_id for one in ranking(same, 600_000, weights)] == [1, 2, 3]
    richer = [Graded(1, 90, ((64, 100),)), Graded(2, 100, ((40, 100),))]
    ranked = ranking(richer, 600_000, weights)
    assert [(one.bid_id, one.score_ppm) for one in ranked] == [(2, 850_000), (1, 850_000)]
    hall = TenderHall.opened(li="900", wu="900")
    score_all(hall, wu="50/50", li="50/50")
    assert hall.shown() == "A awarded li 900", "li committed first"


def test_after_a_default_the_next_in_rank_is_offered_its_own_price() -> None:
    hall = TenderHall.opened(li="1000", wu="900", ren="800")
    score_all(hall, li="90/90", wu="10/10", ren="80/80")
    hall.plays("""
        wait 5 days              ->  A offered ren 800
        ren declines A           ->  A offered wu 900
        restart                  ->  A offered wu 900
        wu  takes A              ->  A awarded wu 900
        wu  signs A              ->  A awarded wu 900
        lab signs A              ->  A contracted wu 900
        ops records A            ->  A sold wu 900
    """)
    assert (hall.purse("li"), hall.owner_of("A")) == (10_000 - 80, "wu")
    hall.venue.close()


def test_no_publicity_is_asked_of_what_a_panel_chose() -> None:
    hall = TenderHall.cn()
    hall.seller = "thu"
    hall.tendered("li", "wu")
    hall.plays("""
        li  offers 900           ->  A open
        wu  offers 800           ->  A open
        end                      ->  A revealing
        li  opens 900            ->  A revealing
        wu  opens 800            ->  A revealing
        close                    ->  A scoring
    """)
    score_all(hall, li="50/50", wu="50/50")
    [opened] = hall.told(DealOpened)
    assert (opened.deal.state, opened.deal.publicity_days) == (DealState.SIGNING, 0)


# --- Sealed until the opening ----------------------------------------------------------------------------------------


def test_an_offer_is_its_bidders_alone_until_all_are_opened_together() -> None:
    hall = TenderHall.opened(li="900", wu="800")
    for revealed in hall.told(OfferRevealed):
        assert revealed.offer.seller_account_id == 0
        assert [mark.account_id for mark in revealed.movement.marks] == [revealed.offer.account_id]
    [opened] = hall.told(OffersOpened)
    assert {offer.seller_account_id for offer in opened.offers} == {hall.venue.accounts["lab"]}
    evaluators = {hall.venue.users[name] for name in ("ann", "ben", "cem")}
    assert not any(set(msgspec.structs.astuple(offer)) & evaluators for offer in opened.offers), "who scores is secret"


def test_what_is_opened_is_what_was_committed_to() -> None:
    hall = TenderHall.cn()
    hall.tendered("li", "wu")
    hall.plays("""
        li  offers 900           ->  A open
        li  offers 950           ->  bid.exists
        end                      ->  A revealing
        li  opens 901            ->  bid.commitment_mismatch
        wu  opens 900            ->  bid.unknown
        li  opens 900            ->  A revealing
        li  opens 900            ->  bid.state
    """)


def test_any_client_computes_a_commitment() -> None:
    text = '["BR1-9","LT1-5",{"price_minor":120000,"items":null,"papers":[]},"0123456789abcdef"]'
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert offer_commitment("BR1-9", "LT1-5", Offer(price_minor=Minor(120_000)), "0123456789abcdef") == expected


def test_who_does_not_open_its_offer_forfeits_what_was_announced() -> None:
    hall = TenderHall.cn()
    hall.tendered("li", "wu", "ren", unrevealed_forfeit_ppm=Ppm(500_000))
    hall.plays("""
        li  offers 900           ->  A open
        wu  offers 800           ->  A open
        ren offers 850           ->  A open
        end                      ->  A revealing
        li  opens 900            ->  A revealing
        ren opens 850            ->  A revealing
        close                    ->  A scoring
    """)
    assert (hall.purse("wu"), hall.purse("lab")) == (10_000 - 40, 40)
    hall.venue.close()


# --- None, and one alone ---------------------------------------------------------------------------------------------


def test_without_a_valid_offer_the_tender_fails_and_the_price_may_come_down() -> None:
    hall = TenderHall.opened(li="799", wu="700+100@365")
    assert hall.shown() == "A failed: no valid offer"
    assert [steps.failed_sales for steps in hall.venue.state.table(ListingSteps).values()] == [1]
    assert (hall.deposit("li"), hall.sale().state) == (0, "closed")
    hall.venue.close()


def test_the_last_fen_of_worth_decides_whether_an_offer_counts() -> None:
    for text, state in (("800", "scoring"), ("799", "negotiated"), ("600+220@365", "scoring"), ("600+219@365", "neg")):
        assert TenderHall.opened(li="1000", wu=text).lot("A").state.value.startswith(state)


def test_one_valid_offer_is_agreed_about_not_below_the_listing_price() -> None:
    hall = TenderHall.opened(li="900", wu="100")
    assert hall.shown() == "A negotiated li"
    assert (hall.deposit("wu"), hall.deposit("li")) == (0, 80)
    hall.plays("""
        lab proposes A wu 900    ->  sale.state
        lab proposes A li 799    ->  deal.terms_invalid
        lab proposes A li 850    ->  A negotiated li
        li  accepts A            ->  A negotiated li
        li  signs A              ->  A negotiated li
        lab signs A              ->  A contracted li 850
        ops records A            ->  A sold li 850
    """)
    assert hall.owner_of("A") == "li"
    hall.venue.close()


def test_with_one_bidder_left_items_count_towards_the_listing_price() -> None:
    for offer, code in (("600+219@365", "deal.terms_invalid"), ("600+220@365", "")):
        hall = TenderHall.opened(li="900", wu="100")
        command, _ = hall.step_of("lab", ["proposes", "A", "li", "600"])
        proposal = msgspec.structs.replace(command, items=hall.offer(offer).items)
        assert hall.venue.refusal(proposal, "lab") == code


def test_an_auction_takes_cash_only() -> None:
    hall = TenderHall.cn()
    hall.announced("english", A=800)
    hall.enter("li")
    hall.happens("begin")
    command, _ = hall.step_of("lab", ["proposes", "A", "li", "900"])
    proposal = msgspec.structs.replace(command, items=hall.offer("900+1@1").items)
    assert hall.venue.refusal(proposal, "lab") == "deal.consideration_not_supported"


def test_where_the_overlay_knows_no_agreement_one_offer_is_not_enough() -> None:
    hall = TenderHall.cn()
    hall.seller = "soe"
    begins = hall.venue.clock_ns + 40 * DAY_NS
    times = {"starts_at_ns": begins, "ends_at_ns": begins + DAY_NS, "reveal_until_ns": begins + 2 * DAY_NS}
    hall.tendered("li", "wu", **times)
    hall.plays("""
        li  offers 900           ->  A open
        end                      ->  A revealing
        li  opens 900            ->  A revealing
        close                    ->  A failed: one offer
    """)
    hall.venue.close()


VOID: list[tuple[str, Items | None, str]] = [
    ("a milestone that was published", Items(milestones=(Milestone(
        code="trial", condition="x", amount_minor=Minor(1), within_days=365, due_days=1),)), "standing"),
    ("a milestone nobody published", Items(milestones=(Milestone(
        code="other", condition="x", amount_minor=Minor(1), within_days=365, due_days=1),)), "void"),
    ("a royalty of the published base", Items(royalty=Royalty(
        base="net sales", rate_ppm=Ppm(1), years=1, due_days=1)), "standing"),
    ("a royalty of another base", Items(royalty=Royalty(base="profit", rate_ppm=Ppm(1), years=1, due_days=1)), "void"),
    ("no items, but empty ones", Items(), "void"),
]  # fmt: skip


@pytest.mark.parametrize(("items", "state"), [row[1:] for row in VOID], ids=[row[0] for row in VOID])
def test_an_offer_speaks_of_what_was_published_only(items: Items | None, state: str) -> None:
    hall = TenderHall.cn()
    hall.tendered("li", "wu")
    offer = Offer(price_minor=Minor(900 * THOUSAND), items=items)
    hall.offer = lambda _: offer  # type: ignore[method-assign]
    hall.plays("li offers x -> A open\nend -> A revealing\nli opens x -> A revealing")
    assert hall.told(OfferRevealed)[0].bid.state == state
    hall.venue.close()


# --- The panel -------------------------------------------------------------------------------------------------------


def test_only_the_panel_scores_each_offer_once_and_every_criterion() -> None:
    hall = TenderHall.opened(li="900", wu="800")
    hall.plays("""
        mei scores li 50/50      ->  tender.not_evaluator
        ops scores li 50/50      ->  tender.not_evaluator
        li  scores li 99/99      ->  tender.not_evaluator
        ann scores li 50/50      ->  A scoring
        ann scores li 50/50      ->  score.exists
    """)
    bid_id = hall.bid_id("wu")
    fit, team = (Points(code=criterion.code, points=1) for criterion in CRITERIA)
    for points in ((fit,), (team, fit), (fit, team, team), (fit, Points(code="looks", points=9))):
        assert hall.venue.refusal(ScoreOffer(bid_id=bid_id, points=points), "ann") == "tender.points_invalid"
    for number in (-1, 101):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"code": "fit", "points": number}, Points)
    score = next(iter(hall.venue.state.table(TenderScore).values()))
    assert (score.evaluator_id, score.signed_at_ns > 0) == (hall.venue.users["ann"], True)


def test_an_offer_that_does_not_count_is_not_scored() -> None:
    hall = TenderHall.opened(li="900", wu="800", ren="1")
    hall.plays("ann scores ren 50/50 -> bid.unknown")


def test_who_is_of_a_bidder_is_out_from_the_opening() -> None:
    hall = TenderHall.cn()
    hall.venue.user("li-2", "li")
    panel = hall.panel_terms(evaluators=tuple(hall.venue.users[name] for name in ("ann", "ben", "li-2")))
    hall.tendered("li", "wu", tender=panel)
    hall.plays("""
        li  offers 900           ->  A open
        wu  offers 800           ->  A open
        end                      ->  A revealing
        li  opens 900            ->  A revealing
        wu  opens 800            ->  A revealing
        close                    ->  A scoring
        li-2 scores li 100/100   ->  tender.not_evaluator
    """)
    score_all(hall, ("ann", "ben"), li="50/50", wu="50/50")
    assert hall.shown() == "A awarded li 900"
    hall.venue.close()


def mandate(hall: TenderHall, owner: str, agent: str) -> None:
    """Let a user of another member act on an account."""
    grant = GrantMandate(
        account_id=hall.venue.accounts[owner],
        user_id=hall.venue.users[agent],
        rights=(UserRight.TRADE,),
        limit_minor=Minor(0),
        valid_from_ns=TimeNs(0),
        valid_until_ns=TimeNs(hall.venue.clock_ns + 1_000 * DAY_NS),
    )
    assert not hall.venue.refusal(grant, owner)


@pytest.mark.parametrize(("owner", "agent"), [("li", "ann"), ("ann", "li")])
def test_who_acts_for_a_bidder_or_the_other_way_round_scores_nothing(owner: str, agent: str) -> None:
    hall = TenderHall.opened(li="900", wu="800")
    mandate(hall, owner, agent)
    hall.plays("""
        ann scores wu 50/50      ->  tender.conflict
        ben scores wu 50/50      ->  A scoring
    """)


def test_who_has_a_part_leaves_and_its_scores_go_with_it() -> None:
    hall = TenderHall.opened(li="900", wu="800")
    score_all(hall, ("ann",), li="100/100", wu="0/0")
    score_all(hall, ("ben", "cem"), li="0/0")
    score_all(hall, ("ben",), wu="100/100")
    hall.plays("""
        ann leaves               ->  A scoring
        ann leaves               ->  tender.not_evaluator
        cem scores wu 100/100    ->  A awarded wu 800
    """)
    assert hall.ranks() == {"wu": (1, 933_333), "li": (2, 600_000)}
    hall.venue.close()


def test_when_the_last_who_had_not_scored_leaves_the_others_decide() -> None:
    hall = TenderHall.opened(li="900", wu="800")
    score_all(hall, ("ann", "ben"), li="50/50", wu="50/50")
    hall.plays("cem leaves -> A awarded li 900")


def test_with_half_of_the_panel_gone_nothing_is_awarded_and_nobody_pays_for_it() -> None:
    hall = TenderHall.opened(li="900", wu="800")
    hall.plays("""
        ann leaves               ->  A scoring
        ben leaves               ->  A failed: the panel has no quorum
    """)
    assert not hall.venue.state.table(ListingSteps) and not hall.venue.state.table(Bidder)
    assert (hall.purse("li"), hall.deposit("li"), hall.venue.state.due) == (10_000, 0, [])
    hall.venue.close()


def test_when_time_is_up_those_who_scored_everything_decide_if_they_are_more_than_half() -> None:
    for judges, then in ((("ann", "ben"), "A awarded li 900"), (("ann",), "A failed: the panel has no quorum")):
        hall = TenderHall.opened(li="900", wu="800")
        score_all(hall, judges, li="50/50", wu="50/50")
        score_all(hall, ("cem",), wu="100/100")
        hall.plays(f"""
            wait 9 days          ->  A scoring
            wait 1 day           ->  {then}
        """)
        hall.venue.close()


def test_a_panel_that_lost_its_quorum_before_the_opening_awards_nothing() -> None:
    hall = TenderHall.cn()
    hall.tendered("li", "wu")
    hall.plays("""
        ann leaves               ->  A open
        ben leaves               ->  A open
        li  offers 900           ->  A open
        wu  offers 800           ->  A open
        end                      ->  A revealing
        li  opens 900            ->  A revealing
        wu  opens 800            ->  A revealing
        close                    ->  A failed: the panel has no quorum
    """)
    hall.venue.close()


def test_every_bidder_is_told_when_the_offers_are_ranked() -> None:
    hall = TenderHall.opened(li="900", wu="800")
    score_all(hall, li="50/50", wu="50/50")
    [ranked] = hall.told(OffersRanked)
    told = {mark.account_id for mark in ranked.movement.marks}
    assert told == {hall.venue.accounts[who] for who in ("lab", "li", "wu")}


# --- What is announced -----------------------------------------------------------------------------------------------

Change = Callable[[TenderHall], dict[str, Any]]


def terms(**changed: Any) -> Change:
    return lambda hall: {"tender": hall.panel_terms(**changed)}


def panel(*names: str) -> Change:
    return lambda hall: {"tender": hall.panel_terms(evaluators=tuple(hall.venue.users[name] for name in names))}


def suspended(hall: TenderHall) -> dict[str, Any]:
    hall.venue.do(SuspendUser(user_id=hall.venue.users["ann"], suspended=True))
    return {}


TWICE = (ExpectedMilestone(code="trial", probability_ppm=Ppm(1), after_days=1),) * 2
ANNOUNCED: list[tuple[str, Change, str]] = [
    ("as it should be", lambda _: {}, ""),
    ("without its terms", lambda _: {"tender": None}, "sale.terms_invalid"),
    ("weights beyond the whole", terms(price_weight_ppm=Ppm(600_001)), "sale.terms_invalid"),
    ("a criterion twice", terms(price_weight_ppm=Ppm(500_000), criteria=CRITERIA[:1] * 2), "sale.terms_invalid"),
    ("a milestone twice", terms(basis=Basis(discount_ppm=Ppm(0), milestones=TWICE)), "sale.terms_invalid"),
    ("an even panel", panel("ann", "ben", "cem", "mei"), "sale.terms_invalid"),
    ("somebody twice", panel("ann", "ben", "ann"), "sale.terms_invalid"),
    ("a third of the seller's own", panel("ann", "ben", "lab"), ""),
    ("more than a third", lambda h: panel("ann", "lab", h.venue.user("lab-2", "lab") and "lab-2")(h),
     "sale.terms_invalid"),
    ("nobody", lambda h: {"tender": h.panel_terms(evaluators=(UserId(7), UserId(8), UserId(9)))}, "user.unknown"),
    ("a suspended one", suspended, "user.unknown"),
    ("operators may sit", panel("ops", "ops2", "ann"), ""),
    ("a second price", lambda _: {"pricing": SealedPricing.SECOND}, "sale.terms_invalid"),
    ("an increment", lambda _: {"increment_minor": Minor(1)}, "sale.terms_invalid"),
    ("no time to reveal", lambda h: {"reveal_until_ns": TimeNs(0)}, "sale.terms_invalid"),
    ("a reserve", lambda h: {"lots": (msgspec.structs.replace(
        h.terms["lots"][0], reserve_minor=Minor(900 * THOUSAND)),)}, "sale.terms_invalid"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code"), [row[1:] for row in ANNOUNCED], ids=[row[0] for row in ANNOUNCED])
def test_a_tender_is_announced_under_sound_terms_only(change: Change, code: str) -> None:
    hall = TenderHall.cn()
    hall.announcement("tender", A=800)
    changed = change(hall)
    assert hall.venue.refusal(AnnounceSale(**(hall.terms | changed)), "lab") == code


def test_a_tender_is_for_one_right_and_its_terms_for_a_tender() -> None:
    hall = TenderHall.cn()
    hall.announcement("tender", A=800, B=400)
    assert hall.venue.refusal(AnnounceSale(**hall.terms), "lab") == "sale.terms_invalid"
    other = TenderHall.cn()
    other.announcement("english", A=800)
    assert other.venue.refusal(AnnounceSale(**other.terms, tender=other.panel_terms()), "lab") == "sale.terms_invalid"


def test_how_offers_are_compared_is_published_and_who_scores_is_not() -> None:
    hall = TenderHall.opened(li="900", wu="800")
    tender = next(iter(hall.venue.state.table(Tender).values()))
    assert (tender.basis, tender.criteria, tender.price_weight_ppm) == (BASIS, CRITERIA, 600_000)
    assert not any("evaluator" in name or name == "panel" for name in Tender.__struct_fields__)
    assert next(iter(hall.venue.state.table(Panel).values())).evaluators == tuple(
        hall.venue.users[name] for name in ("ann", "ben", "cem")
    )
    assert len(hall.venue.state.table(Timer)) == 1, "the panel's time"
    assert len(hall.venue.state.table(TenderOffer)) == 2
    assert hall.venue.refusal(hall.step_of("ann", ["leaves"])[0], "ann") == ""
    commit = CommitBid(bidder_id=hall.entered["li"], commitment_sha256="0" * 64, client_bid_id="late")
    assert hall.venue.refusal(commit, "li") == "sale.state"
    assert hall.sale_id != SaleId(0)
