"""Three licence fees behind one class of notes: every step, every refusal, every cent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.ids import AccountId, AssetId, ClaimId, MarketId, ProductId, ProgrammeId, RewardId
from exchange.core.node_messages import ContinueRun
from exchange.core.parties import Role
from exchange.core.units import Minor, Ppm
from securitization.messages import (
    Claim,
    ClaimRegistered,
    ClaimReward,
    ClaimStatus,
    CloseProduct,
    CreateProduct,
    OfferProduct,
    OpenProgramme,
    PayClaim,
    PayProduct,
    PayReward,
    Product,
    ProductCreated,
    ProductFailed,
    ProductIssued,
    ProductStatus,
    ProductSubscribed,
    Programme,
    ProgrammeOpened,
    RegisterClaim,
    Reward,
    RewardClaimed,
    RewardPaid,
    RewardRole,
    SubscribeProduct,
)
from securitization.reward import reward_minor
from securitization.waterfall import to_holders, to_originators
from tests.support import Venue

FEES = (4_200, 3_600, 2_701)
NOTES, FACE = 100, 100


class Desk:
    """A venue with three licensors, three licensees, an arranger, a sponsor and some investors."""

    def __init__(self, investors: int = 3, **fields: Any) -> None:
        self.venue = Venue.sandbox(fee_ppm=0, fee_minimum=0, **fields)
        for place in range(3):
            self.venue.member(f"licensor{place}", Role.INSTITUTION)
            self.venue.member(f"licensee{place}", Role.INVESTOR, cash=FEES[place])
        self.venue.instrument("PATENTS", licensor0=1_000, licensor1=1_000, licensor2=1_000)
        self.venue.member("arranger", Role.INTERMEDIARY)
        self.venue.member("sponsor", Role.INTERMEDIARY, cash=1_000)
        for place in range(investors):
            self.venue.member(f"investor{place}", cash=20_000)
        self.product_id = ProductId(0)

    def claim(self, place: int, **changed: Any) -> RegisterClaim:
        """A licence fee of one licensor against its licensee."""
        terms: dict[str, Any] = {
            "originator_account_id": self.venue.accounts[f"licensor{place}"],
            "debtor_account_id": self.venue.accounts[f"licensee{place}"],
            "right_asset_id": self.venue.asset("PATENTS"),
            "money_asset_id": self.venue.money,
            "amount_minor": Minor(FEES[place]),
            "due_date": "2026-12-01",
            "contract_sha256": f"{place:064x}",
        }
        return RegisterClaim(**(terms | changed))

    def register(self, place: int, **changed: Any) -> ClaimId:
        """Put a claim on record."""
        return self.venue.make(self.claim(place, **changed), ClaimRegistered, f"licensor{place}").claim.claim_id

    def create(self, claims: tuple[ClaimId, ...], **changed: Any) -> CreateProduct:
        """A product of these claims."""
        terms: dict[str, Any] = {
            "name": "Licences 1",
            "market_id": self.venue.market_id,
            "issuer_account_id": self.venue.accounts["licensor0"],
            "arranger_member_id": self.venue.members["arranger"],
            "claims": claims,
            "note_face_minor": Minor(FACE),
            "notes": NOTES,
            "final_date": "2027-01-01",
        }
        return CreateProduct(**(terms | changed))

    def offered(self) -> ProductId:
        """A product on offer."""
        claims = tuple(self.register(place) for place in range(3))
        made = self.venue.make(self.create(claims), ProductCreated, "licensor0")
        self.product_id = made.product.product_id
        self.venue.by_two(OfferProduct(product_id=self.product_id))
        return self.product_id

    def subscribe(self, name: str, notes: int) -> SubscribeProduct:
        """A subscription of one member."""
        return SubscribeProduct(product_id=self.product_id, account_id=self.venue.accounts[name], notes=notes)

    def issued(self, *parts: int) -> Product:
        """A product whose notes are out, in these parts."""
        self.offered()
        for place, notes in enumerate(parts or (50, 30, 20)):
            self.venue.make(self.subscribe(f"investor{place}", notes), ProductSubscribed, f"investor{place}")
        return self.venue.make(CloseProduct(product_id=self.product_id), ProductIssued).product

    def collected(self) -> None:
        """Every licensee pays."""
        for claim_id, claim in sorted(self.venue.state.table(Claim).items()):
            place = next(p for p in range(3) if self.venue.accounts[f"licensee{p}"] == claim.debtor_account_id)
            self.venue.do(PayClaim(claim_id=ClaimId(claim_id)), f"licensee{place}")

    def product(self) -> Product:
        """The product at hand."""
        return self.venue.state.table(Product)[self.product_id]


# --- The whole way ----------------------------------------------------------------------------------------------------


def test_three_fees_become_notes_and_every_cent_collected_reaches_a_holder() -> None:
    desk = Desk()
    product = desk.issued(50, 30, 20)
    # 10,000 raised, shared out to the licensors in proportion to 4,200, 3,600 and 2,701 of 10,501.
    desk.venue.has("licensor0", cash=4_000)
    desk.venue.has("licensor1", cash=3_428)
    desk.venue.has("licensor2", cash=2_572)
    desk.venue.has("investor0", cash=15_000)
    desk.collected()
    assert desk.product().collected_minor == sum(FEES) == 10_501
    desk.venue.by_two(PayProduct(product_id=desk.product_id))
    desk.venue.finish_runs()
    # 10,501 over 50, 30 and 20 notes: 5,250.5, 3,150.3 and 2,100.2; the one cent left goes to the largest remainder.
    desk.venue.has("investor0", cash=15_000 + 5_251)
    desk.venue.has("investor1", cash=17_000 + 3_150)
    desk.venue.has("investor2", cash=18_000 + 2_100)
    assert desk.product().status is ProductStatus.PAID
    assert desk.venue.state.ledger.holders(product.note_asset_id) == []
    assert desk.venue.state.ledger.units(product.collection_account_id, desk.venue.money) == 0
    desk.venue.close()


def test_an_offer_not_taken_up_in_full_frees_everybodys_cash_and_every_claim() -> None:
    desk = Desk()
    desk.offered()
    desk.venue.make(desk.subscribe("investor0", 99), ProductSubscribed, "investor0")
    desk.venue.holds("investor0", cash=9_900)
    failed = desk.venue.make(CloseProduct(product_id=desk.product_id), ProductFailed)
    desk.venue.holds("investor0", cash=0)
    assert {claim.status for claim in failed.claims} == {ClaimStatus.REGISTERED}
    again = desk.create(tuple(claim.claim_id for claim in failed.claims), name="Licences 2")
    desk.venue.make(again, ProductCreated, "licensor0")
    desk.venue.close()


def test_a_payment_to_many_holders_goes_on_after_a_restart_between_its_chunks() -> None:
    desk = Desk(investors=0, holder_cap=200)
    desk.venue.checking = False
    desk.offered()
    for place in range(NOTES):
        desk.venue.member(f"small{place}", cash=FACE)
        desk.venue.make(desk.subscribe(f"small{place}", 1), ProductSubscribed, f"small{place}")
    desk.venue.make(CloseProduct(product_id=desk.product_id), ProductIssued)
    desk.collected()
    desk.venue.by_two(PayProduct(product_id=desk.product_id))
    run = next(iter(desk.venue.state.runs.values()))
    desk.venue.do(ContinueRun(run_id=run.run_id, from_position=0), "node")
    assert desk.product().status is ProductStatus.PAYING
    desk.venue.restart()
    assert desk.venue.finish_runs() == 1
    paid = [desk.venue.cash(f"small{place}") for place in range(NOTES)]
    assert sum(paid) == 10_501
    assert set(paid) == {105, 106}
    assert desk.product().status is ProductStatus.PAID
    desk.venue.close()


# --- Refusals ---------------------------------------------------------------------------------------------------------


def test_what_is_refused_of_a_claim() -> None:
    desk = Desk()
    venue = desk.venue
    refused = lambda **changed: venue.refusal(desk.claim(0, **changed), "licensor0")  # noqa: E731 - a table reads better
    assert venue.refusal(desk.claim(0), "licensor1") == "account.not_yours"
    assert refused(debtor_account_id=ClaimId(77)) == "account.unknown"
    assert refused(money_asset_id=venue.asset("PATENTS")) == "asset.unknown"
    assert refused(right_asset_id=venue.money) == "asset.unknown"
    assert refused(debtor_account_id=venue.accounts["licensor0"]) == "claim.not_eligible"
    stranger = desk.claim(0, originator_account_id=venue.accounts["investor0"])
    assert venue.refusal(stranger, "investor0") == "right.not_owned"
    desk.register(0)
    assert refused() == "claim.not_eligible"  # one contract, one claim


def test_what_is_refused_of_a_product() -> None:
    desk = Desk()
    venue = desk.venue
    claims = tuple(desk.register(place) for place in range(3))
    refused = lambda used=claims, **changed: venue.refusal(desk.create(used, **changed), "licensor0")  # noqa: E731
    assert venue.refusal(desk.create(claims), "licensor1") == "account.not_yours"
    assert refused(market_id=MarketId(5)) == "market.unknown"
    assert refused(arranger_member_id=venue.members["investor0"]) == "member.unknown"
    assert refused((ClaimId(5),)) == "claim.unknown"
    assert refused(final_date="2026-11-30") == "claim.not_eligible"
    assert refused((claims[0], claims[0])) == "product.invalid"
    assert refused(notes=106) == "product.invalid"  # faces of 10,600 on fees of 10,501
    assert refused(notes=105) == ""
    assert refused(name="Licences 2") == "claim.not_eligible"  # a claim stands in one pool


def test_what_is_refused_of_a_subscription() -> None:
    desk = Desk(holder_cap=2)
    venue = desk.venue
    venue.member("poor", cash=99)
    venue.member("stranger", cash=10_000, standings=())
    desk.product_id = ProductId(9)
    assert venue.refusal(desk.subscribe("investor0", 1), "investor0") == "product.unknown"
    desk.offered()
    assert venue.refusal(desk.subscribe("investor0", 1), "investor1") == "account.not_yours"
    assert venue.refusal(desk.subscribe("investor0", NOTES + 1), "investor0") == "subscription.invalid"
    assert venue.refusal(desk.subscribe("stranger", 1), "stranger") == "rule.suitability"
    assert venue.refusal(desk.subscribe("poor", 1), "poor") == "hold.insufficient_available"
    assert venue.refusal(desk.subscribe("investor0", 1), "investor0") == ""
    assert venue.refusal(desk.subscribe("investor0", 1), "investor0") == "subscription.invalid"
    assert venue.refusal(desk.subscribe("investor1", 1), "investor1") == ""
    assert venue.refusal(desk.subscribe("investor2", 1), "investor2") == "rule.holder_cap"
    assert venue.refusal(desk.subscribe("investor2", NOTES - 1), "investor2") == "subscription.invalid"


def test_steps_out_of_their_order_are_refused() -> None:
    desk = Desk()
    venue = desk.venue
    nothing = ProductId(9)
    assert venue.refusal(CloseProduct(product_id=nothing)) == "product.unknown"
    desk.issued()
    assert venue.refusal(CloseProduct(product_id=desk.product_id)) == "product.state"
    assert venue.refusal(desk.subscribe("investor0", 1), "investor0") == "product.state"
    second_offer = venue.by_two(OfferProduct(product_id=desk.product_id))
    assert second_offer[0].code == "product.state"  # type: ignore[attr-defined] # a Rejected
    too_early = venue.by_two(PayProduct(product_id=desk.product_id))
    assert too_early[0].code == "product.invalid"  # type: ignore[attr-defined] # a Rejected
    claim_id = ClaimId(min(venue.state.table(Claim)))
    assert venue.refusal(PayClaim(claim_id=ClaimId(3)), "licensee0") == "claim.unknown"
    assert venue.refusal(PayClaim(claim_id=claim_id), "licensee1") == "account.not_yours"
    assert venue.refusal(PayClaim(claim_id=claim_id), "licensee0") == ""
    assert venue.refusal(PayClaim(claim_id=claim_id), "licensee0") == "claim.not_eligible"
    venue.close()


def test_a_debtor_without_money_does_not_pay() -> None:
    desk = Desk()
    desk.issued()
    claim_id = ClaimId(min(desk.venue.state.table(Claim)))
    desk.venue.instrument("INS", licensor0=10)
    desk.venue.plays("""
        licensor0 sells 1 @ 4200 -> rests
        licensee0 buys  1 @ 4200 -> licensor0 1 @ 4200
    """)
    assert desk.venue.refusal(PayClaim(claim_id=claim_id), "licensee0") == "hold.insufficient_available"


# --- Rewards ----------------------------------------------------------------------------------------------------------


def programme(desk: Desk, **changed: Any) -> OpenProgramme:
    """A programme of 2 % for issuers and 0.5 % for intermediaries, at most 150 each, from a budget of 220."""
    terms: dict[str, Any] = {
        "name": "sample",
        "sponsor_account_id": desk.venue.accounts["sponsor"],
        "money_asset_id": desk.venue.money,
        "issuer_rate_ppm": Ppm(20_000),
        "intermediary_rate_ppm": Ppm(5_000),
        "cap_minor": Minor(180),
        "budget_minor": Minor(220),
    }
    return OpenProgramme(**(terms | changed))


def test_issuer_and_arranger_are_rewarded_once_each_within_cap_and_budget() -> None:
    desk = Desk()
    desk.issued()
    venue = desk.venue
    opened = venue.make(programme(desk), ProgrammeOpened, "sponsor").programme
    venue.holds("sponsor", cash=220)

    def asking(name: str, role: RewardRole) -> ClaimReward:
        return ClaimReward(
            programme_id=opened.programme_id,
            product_id=desk.product_id,
            role=role,
            account_id=venue.accounts[name],
        )

    # 2 % of 10,000 is 200: the cap of 180 holds. 0.5 % is 50, but only 40 are left of the budget.
    issuer = venue.make(asking("licensor0", RewardRole.ISSUER), RewardClaimed, "licensor0").reward
    assert issuer.amount_minor == 180
    assert venue.refusal(asking("licensor0", RewardRole.ISSUER), "licensor0") == "reward.double_claim"
    assert venue.refusal(asking("licensor1", RewardRole.INTERMEDIARY), "licensor1") == "reward.state"
    arranger = venue.make(asking("arranger", RewardRole.INTERMEDIARY), RewardClaimed, "arranger").reward
    assert arranger.amount_minor == 40
    for reward in (issuer, arranger):
        told = venue.by_two(PayReward(reward_id=reward.reward_id))
        assert any(isinstance(event, RewardPaid) for event in told)
    again = venue.by_two(PayReward(reward_id=issuer.reward_id))
    assert again[0].code == "reward.state"  # type: ignore[attr-defined] # a Rejected
    venue.has("sponsor", cash=1_000 - 220)
    venue.holds("sponsor", cash=0)
    venue.has("arranger", cash=40)
    venue.close()


def test_what_is_refused_of_programmes_and_rewards() -> None:
    desk = Desk()
    venue = desk.venue
    assert venue.refusal(programme(desk), "arranger") == "account.not_yours"
    assert venue.refusal(programme(desk, budget_minor=Minor(1_001)), "sponsor") == "hold.insufficient_available"
    opened = venue.make(programme(desk, budget_minor=Minor(180)), ProgrammeOpened, "sponsor").programme
    assert venue.refusal(programme(desk), "sponsor") == "programme.exists"
    asking = ClaimReward(
        programme_id=opened.programme_id,
        product_id=ProductId(5),
        role=RewardRole.ISSUER,
        account_id=venue.accounts["licensor0"],
    )
    assert venue.refusal(asking, "licensor0") == "product.unknown"
    desk.offered()
    early = ClaimReward(
        programme_id=opened.programme_id,
        product_id=desk.product_id,
        role=RewardRole.ISSUER,
        account_id=venue.accounts["licensor0"],
    )
    assert venue.refusal(early, "licensor0") == "product.state"  # nothing was issued yet
    unknown = venue.by_two(PayReward(reward_id=RewardId(4)))
    assert unknown[0].code == "reward.unknown"  # type: ignore[attr-defined] # a Rejected
    no_programme = ClaimReward(
        programme_id=ProgrammeId(3),
        product_id=desk.product_id,
        role=RewardRole.ISSUER,
        account_id=venue.accounts["licensor0"],
    )
    assert venue.refusal(no_programme, "licensor0") == "reward.unknown"


def test_an_exhausted_budget_refuses_the_next_claim() -> None:
    desk = Desk()
    desk.issued()
    venue = desk.venue
    opened = venue.make(programme(desk, budget_minor=Minor(180)), ProgrammeOpened, "sponsor").programme
    for name, role, code in (("licensor0", "issuer", ""), ("arranger", "intermediary", "reward.budget")):
        asking = ClaimReward(
            programme_id=opened.programme_id,
            product_id=desk.product_id,
            role=RewardRole(role),
            account_id=venue.accounts[name],
        )
        assert venue.refusal(asking, name) == code
    assert len(venue.state.table(Reward)) == 1


# --- Arithmetic -------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**12), st.lists(st.integers(1, 10**6), min_size=1, max_size=60))
def test_what_is_paid_sums_to_what_was_collected_and_is_within_a_cent_of_its_part(total: int, notes: list[int]) -> None:
    paid = to_holders(total, list(enumerate(notes)))
    assert sum(amount for *_, amount in paid) == total
    for account, held, amount in paid:
        assert held == notes[account]
        assert abs(amount * sum(notes) - total * held) < sum(notes)


@given(st.integers(0, 10**12), st.lists(st.integers(1, 10**9), min_size=1, max_size=60))
def test_what_originators_get_sums_to_what_was_raised(raised: int, fees: list[int]) -> None:
    assert sum(part for _, part in to_originators(raised, list(enumerate(fees)))) == raised


@pytest.mark.parametrize(
    ("base", "cap", "left", "expected"),
    [
        (10_000, 500, 1_000, 200),
        (10_000, 199, 1_000, 199),
        (10_000, 500, 150, 150),
        (49, 500, 1_000, 0),
        (50, 500, 9, 1),
    ],
)
def test_a_reward_is_the_least_of_rate_cap_and_budget(base: int, cap: int, left: int, expected: int) -> None:
    held = Programme(
        programme_id=ProgrammeId(1),
        name="sample",
        sponsor_account_id=AccountId(1),
        money_asset_id=AssetId(1),
        issuer_rate_ppm=Ppm(20_000),
        intermediary_rate_ppm=Ppm(0),
        cap_minor=Minor(cap),
        budget_left_minor=Minor(left),
    )
    assert reward_minor(held, RewardRole.ISSUER, base) == expected
