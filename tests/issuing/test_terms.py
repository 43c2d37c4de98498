"""What makes no issue: parties, classes, claims that do not fit their deal; a shelf at and past each of its bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from custody.encumbrances import BurdenKind
from custody.funding_messages import BankOpened, OpenBank
from custody.pledges import Encumbrance, EncumbranceState
from exchange.core.ids import AccountId, AssetId, ClaimId, ClosingItemId, EncumbranceId, IssueId, LicenceId, ShelfId
from exchange.core.messages import Event, Rejected
from exchange.core.units import Minor, Ppm, Units
from exchange.engine.issue_checks import not_shown
from matching.licence_messages import Licence, LicenceState
from matching.licences import LicenceKind
from securitization.issue_messages import (
    ClassTerms,
    ClosingFee,
    ClosingItem,
    ClosingKind,
    ClosingState,
    FeePayee,
    IssueProposed,
    IssueRole,
    IssueState,
    ProposeIssue,
)
from securitization.messages import Claim, ClaimRegistered, RegisterClaim
from securitization.offering_messages import CancelOffering, ClassOffer, RegisterShelf, Shelf, ShelfRegistered
from tests.issuing.stage import CLAIMS, DOCUMENT, FACE, Stage

SENIOR = ClassTerms(name="senior", note_face_minor=Minor(FACE), rated=True)
JUNIOR = ClassTerms(name="junior", note_face_minor=Minor(FACE), retained_ppm=Ppm(1_000_000))


def refused(events: list[Event]) -> tuple[str, str]:
    """The code and the detail of a refusal; two empty texts if there is none."""
    first = next((event for event in events if isinstance(event, Rejected)), None)
    return (first.code.value, first.detail) if first is not None else ("", "")


# --- Parties, classes, claims -----------------------------------------------------------------------------------------


class Proposing:
    """A stage with its claims registered, asked to propose what a row says."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.stage.publish()
        self.claims = tuple(self.stage.claim(place) for place in range(3))

    def party(self, role: IssueRole, name: str) -> tuple[Any, ...]:
        """The usual parties, one role another's."""
        return tuple(
            msgspec.structs.replace(
                each, member_id=self.stage.venue.members[name], account_id=self.stage.venue.accounts[name]
            )
            if each.role is role
            else each
            for each in self.stage.proposal().parties
        )

    def without(self, role: IssueRole) -> tuple[Any, ...]:
        """The usual parties but one."""
        return tuple(each for each in self.stage.proposal().parties if each.role is not role)

    def foreign(self) -> tuple[ClaimId, ...]:
        """The claims, the last of them in another money."""
        venue = self.stage.venue
        bank = venue.make(OpenBank(name="other", code="OTHER", currency="CNY"), BankOpened).bank
        command = RegisterClaim(
            originator_account_id=venue.accounts["licensor2"],
            debtor_account_id=venue.accounts["licensee2"],
            right_asset_id=venue.asset("PATENTS"),
            money_asset_id=bank.money_asset_id,
            amount_minor=Minor(CLAIMS[2]),
            due_date="2026-12-01",
            contract_sha256="f" * 64,
        )
        made = venue.make(command, ClaimRegistered, "licensor2").claim.claim_id
        return (*self.claims[:2], made)

    def late(self) -> tuple[ClaimId, ...]:
        """The claims, the last of them due after the deal's last period."""
        venue = self.stage.venue
        command = RegisterClaim(
            originator_account_id=venue.accounts["licensor2"],
            debtor_account_id=venue.accounts["licensee2"],
            right_asset_id=venue.asset("PATENTS"),
            money_asset_id=venue.money,
            amount_minor=Minor(CLAIMS[2]),
            due_date="2027-01-16",
            contract_sha256="e" * 64,
        )
        return (*self.claims[:2], venue.make(command, ClaimRegistered, "licensor2").claim.claim_id)


Change = Callable[[Proposing], dict[str, Any]]
NO_ISSUE: list[tuple[str, Change, str, str]] = [
    ("nobody arranges", lambda at: {"parties": at.without(IssueRole.ARRANGER)}, "issue.invalid", "arranger"),
    ("nobody holds the money", lambda at: {"parties": at.without(IssueRole.TRUSTEE)}, "issue.invalid", "trustee"),
    ("nobody rates", lambda at: {"parties": at.without(IssueRole.RATING_AGENCY)}, "issue.invalid", "rating_agency"),
    ("nobody guarantees", lambda at: {"parties": at.without(IssueRole.GUARANTOR)}, "issue.invalid", "guarantor"),
    (
        "the trustee is the issuer",
        lambda at: {"parties": at.party(IssueRole.TRUSTEE, "issuer")},
        "issue.invalid",
        "issuer and trustee are the same member",
    ),
    (
        "the originator gives the true-sale opinion",
        lambda at: {"parties": at.party(IssueRole.LAW_FIRM, "licensor0")},
        "issue.invalid",
        "originator and law_firm are the same member",
    ),
    (
        "a role twice",
        lambda at: {"parties": (*at.stage.proposal().parties, at.stage.proposal().parties[0])},
        "issue.invalid",
        "a role stands twice",
    ),
    (
        "another's account",
        lambda at: {
            "parties": tuple(
                msgspec.structs.replace(each, account_id=AccountId(at.stage.venue.accounts["i0"]))
                if each.role is IssueRole.SERVICER
                else each
                for each in at.stage.proposal().parties
            )
        },
        "issue.invalid",
        "the servicer's account is not its own",
    ),
    ("nobody is paid the fee", lambda _: {"payees": ()}, "issue.invalid", "payees name each fee"),
    (
        "a fee for a role nobody has",
        lambda at: {"payees": (*at.stage.proposal().payees[:1], FeePayee(name="line", role=IssueRole.VALUER))},
        "issue.invalid",
        "nobody is valuer",
    ),
    (
        "fees of more than the whole",
        lambda _: {"closing_fees": (ClosingFee(role=IssueRole.ARRANGER, rate_ppm=Ppm(1_000_000)),
                                    ClosingFee(role=IssueRole.ISSUER, rate_ppm=Ppm(1)))},
        "issue.invalid",
        "more than is raised",
    ),
    ("a class too few", lambda _: {"classes": (SENIOR,)}, "issue.invalid", "each once"),
    ("a class twice", lambda _: {"classes": (SENIOR, JUNIOR, JUNIOR)}, "issue.invalid", "each once"),
    (
        "notes that do not make the face",
        lambda _: {"classes": (msgspec.structs.replace(SENIOR, note_face_minor=Minor(700)), JUNIOR)},
        "issue.invalid",
        "is not whole notes of 700",
    ),
    (
        "nothing left to offer",
        lambda _: {"classes": (msgspec.structs.replace(SENIOR, retained_ppm=Ppm(1_000_000)), JUNIOR)},
        "issue.invalid",
        "no class is left to offer",
    ),
    ("a claim too few", lambda at: {"claims": at.claims[:2]}, "issue.invalid", "come to 840000"),
    ("no such claim", lambda at: {"claims": (*at.claims[:2], ClaimId(1))}, "claim.unknown", ""),
    ("a claim twice", lambda at: {"claims": (at.claims[0], at.claims[0])}, "issue.invalid", "a claim stands twice"),
    ("a claim in another money", lambda at: {"claims": at.foreign()}, "claim.not_eligible", "is in another money"),
    ("a claim due too late", lambda at: {"claims": at.late()}, "claim.not_eligible", "is due 2027-01-16"),
    ("no such shelf", lambda _: {"shelf_id": ShelfId(1)}, "shelf.unknown", ""),
    ("another deal", lambda _: {"deal_version": 2}, "deal.text_unknown", ""),
    ("as it should be", lambda _: {}, "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code", "detail"), [pytest.param(*row[1:], id=row[0]) for row in NO_ISSUE])
def test_what_does_not_fit_its_deal_is_no_issue(change: Change, code: str, detail: str) -> None:
    at = Proposing()
    command = at.stage.proposal(**({"claims": at.claims} | change(at)))
    told = refused(at.stage.venue.do(command, "arranger"))
    assert told[0] == code and detail in told[1], told


def test_a_claim_of_one_issue_is_in_no_other() -> None:
    at = Proposing()
    assert refused(at.stage.venue.do(at.stage.proposal(claims=at.claims), "arranger")) == ("", "")
    again = refused(at.stage.venue.do(at.stage.proposal(claims=at.claims, name="two"), "arranger"))
    assert again[0] == "claim.not_eligible" and again[1].endswith("is pooled")


@pytest.mark.parametrize(
    ("retained_ppm", "kept"),
    [(0, 0), (1, 1), (50_000, 45), (50_001, 46), (999_000, 900), (998_888, 899)],
)
def test_what_an_originator_keeps_is_never_less_than_its_part(retained_ppm: int, kept: int) -> None:
    """Of 900 notes: a part of a note is a whole note that is kept."""
    at = Proposing()
    classes = (msgspec.structs.replace(SENIOR, retained_ppm=Ppm(retained_ppm)), JUNIOR)
    command: ProposeIssue = at.stage.proposal(claims=at.claims, classes=classes)
    if kept == 900:
        assert refused(at.stage.venue.do(command, "arranger"))[1] == "no class is left to offer"
        return
    issue = at.stage.venue.make(command, IssueProposed, "arranger").issue
    assert [each.retained_notes for each in issue.classes] == [kept, 100]


# --- Shelf ------------------------------------------------------------------------------------------------------------


def shelf_of(at: Proposing, **changed: Any) -> RegisterShelf:
    """An approval of two draws of a million each."""
    terms: dict[str, Any] = {
        "member_id": at.stage.venue.members["issuer"],
        "authority": "exchange",
        "document_sha256": DOCUMENT,
        "amount_minor": Minor(2_000_000),
        "most_draw_minor": Minor(1_000_000),
        "most_draws": 2,
        "first_draw_by": "2026-12-31",
        "expires_on": "2027-12-31",
    }
    return RegisterShelf(**(terms | changed))


def shelved(**changed: Any) -> Proposing:
    """An issue from a shelf, with what investors read shown: an offer draws 1,000,000."""
    at = Proposing()
    told = at.stage.venue.by_two(shelf_of(at, **changed))
    shelf = next(event for event in told if isinstance(event, ShelfRegistered)).shelf
    command = at.stage.proposal(claims=at.claims, shelf_id=shelf.shelf_id)
    at.stage.issue_id = at.stage.venue.make(command, IssueProposed, "arranger").issue.issue_id
    at.stage.satisfy()
    return at


SHELVES: list[tuple[str, dict[str, Any], str]] = [
    ("a draw of exactly its most", {"most_draw_minor": Minor(1_000_000)}, ""),
    ("a cent more than its most", {"most_draw_minor": Minor(999_999)}, "is not between 0 and 999999"),
    ("exactly its least", {"least_draw_minor": Minor(1_000_000)}, ""),
    ("all that is left", {"amount_minor": Minor(1_000_000)}, ""),
    ("the last day of a first draw", {"first_draw_by": "2026-03-02"}, ""),
    ("the day after it", {"first_draw_by": "2026-03-01"}, "expired on 2026-03-01"),
]


@pytest.mark.parametrize(("changed", "detail"), [pytest.param(*row[1:], id=row[0]) for row in SHELVES])
def test_a_shelf_at_and_past_each_bound(changed: dict[str, Any], detail: str) -> None:
    at = shelved(**changed)
    told = refused(at.stage.venue.by_two(at.stage.terms()))
    assert told == (("shelf.conditions", told[1]) if detail else ("", "")) and detail in told[1]


def test_a_draw_that_came_to_nothing_is_given_back() -> None:
    at = shelved(most_draws=1, amount_minor=Minor(1_000_000))
    stage, venue = at.stage, at.stage.venue
    venue.by_two(stage.terms())
    shelf = next(iter(venue.state.table(Shelf).values()))
    assert (shelf.draws, shelf.drawn_minor) == (1, 1_000_000)
    second = stage.proposal(name="two", claims=(_other_claim(at),), shelf_id=shelf.shelf_id)
    assert refused(venue.do(second, "arranger")) == ("", "")
    first_issue, first_offer = stage.issue_id, stage.issue().offering_id
    stage.issue_id = max(venue.state.table(type(stage.issue())))  # type: ignore[type-var]
    for item in stage.items():
        if item.issue_id == stage.issue_id:
            name = {"true_sale_opinion": "lawyers", "rating": "raters"}.get(item.kind.value)
            if name:
                assert venue.refusal(stage.show(item), name) == ""
    assert refused(venue.by_two(stage.terms())) == ("shelf.conditions", "1 draws were made")
    assert refused(venue.do(CancelOffering(offering_id=first_offer))) == ("", "")
    venue.finish_runs()
    given_back = next(iter(venue.state.table(Shelf).values()))
    assert (given_back.draws, given_back.drawn_minor) == (0, 0)
    assert refused(venue.by_two(stage.terms())) == ("", "")
    assert first_issue != stage.issue_id
    venue.close()


def _other_claim(at: Proposing) -> ClaimId:
    """A second pool of the same size, in one claim."""
    venue = at.stage.venue
    command = RegisterClaim(
        originator_account_id=venue.accounts["licensor0"],
        debtor_account_id=venue.accounts["licensee0"],
        right_asset_id=venue.asset("PATENTS"),
        money_asset_id=venue.money,
        amount_minor=Minor(sum(CLAIMS)),
        due_date="2026-12-01",
        contract_sha256="d" * 64,
    )
    return venue.make(command, ClaimRegistered, "licensor0").claim.claim_id


# --- Bids -------------------------------------------------------------------------------------------------------------


def test_a_book_takes_more_than_is_offered_up_to_its_cap_and_a_holder_up_to_its_own() -> None:
    """Over-subscription is what a book is for; its cap is on all bids together, a holder's on all of its own."""
    stage = Stage()
    limits = {"least_minor": Minor(980), "most_minor": Minor(1_020)}
    offer = ClassOffer(name="senior", lot_notes=10, cap_lots=60, **limits)
    stage.offered(classes=(offer,), book_cap_minor=Minor(1_500_000))
    for name, notes, code, detail in (
        ("i0", 600, "", ""),
        ("i0", 10, "book_bid.invalid", "one holder asks for 60 lots at most"),
        ("i1", 600, "", ""),
        ("i2", 310, "book_bid.invalid", "the book takes 300000 more"),
        ("i2", 300, "", ""),
        ("i3", 10, "book_bid.invalid", "the book takes 0 more"),
    ):
        assert refused(stage.venue.do(stage.bid(name, notes, 1_000), name)) == (code, detail), (name, notes)
    stage.close()
    stage.venue.finish_runs()
    assert [stage.notes(name) for name in ("i0", "i1", "i2", "i3")] == [360, 360, 180, 0]
    assert stage.cash("i2") == 2_000_000 - 180_000
    stage.venue.close()


def test_a_book_that_is_not_covered_fails_for_that_reason_even_if_nothing_falls_due() -> None:
    at = Proposing()
    command = at.stage.proposal(claims=at.claims, closing_fees=())
    at.stage.issue_id = at.stage.venue.make(command, IssueProposed, "arranger").issue.issue_id
    at.stage.satisfy()
    at.stage.venue.by_two(at.stage.terms())
    at.stage.offering_id = at.stage.issue().offering_id
    at.stage.bids_in("i0 890 @ 1000")
    at.stage.close()
    at.stage.venue.finish_runs()
    assert (at.stage.issue().state, at.stage.issue().reason) == (IssueState.FAILED, "not covered: senior")
    at.stage.venue.close()


# --- What a pledge or a licence shows ---------------------------------------------------------------------------------


def pledge_of(at: Proposing, claim: Claim, **changed: Any) -> Encumbrance:
    """The lender's registered pledge of the right behind its claim, for exactly the claim."""
    terms: dict[str, Any] = {
        "encumbrance_id": EncumbranceId(7),
        "kind": BurdenKind.PLEDGE,
        "state": EncumbranceState.REGISTERED,
        "asset_id": claim.right_asset_id,
        "account_id": claim.debtor_account_id,
        "units": Units(1),
        "pledgee_account_id": claim.originator_account_id,
        "money_asset_id": claim.money_asset_id,
        "secured_minor": claim.amount_minor,
    }
    return Encumbrance(**(terms | changed))


PLEDGES: list[tuple[str, Callable[[Proposing, Claim], dict[str, Any]], str]] = [
    ("for exactly the claim", lambda *_: {}, ""),
    ("a cent less", lambda _, claim: {"secured_minor": Minor(claim.amount_minor - 1)}, "secures 524999 of 525000"),
    ("in another money", lambda *_: {"money_asset_id": AssetId(1)}, "secures 525000 of 525000"),
    ("not registered yet", lambda *_: {"state": EncumbranceState.REQUESTED}, "no registered pledge"),
    ("a court's order", lambda *_: {"kind": BurdenKind.PRESERVATION}, "no registered pledge"),
    ("of another right", lambda *_: {"asset_id": AssetId(1)}, "a pledge of another right"),
    ("for somebody else", lambda *_: {"pledgee_account_id": AccountId(1)}, "another's pledge"),
]


@pytest.mark.parametrize(("change", "said"), [pytest.param(*row[1:], id=row[0]) for row in PLEDGES])
def test_a_loan_is_shown_by_its_lenders_pledge_for_the_whole_of_it(
    change: Callable[[Proposing, Claim], dict[str, Any]], said: str
) -> None:
    at = Proposing()
    state = at.stage.venue.state
    claim = state.table(Claim)[at.claims[0]]
    state.put(pledge_of(at, claim, **change(at, claim)))
    item = item_of(ClosingKind.PLEDGE_REGISTERED, claim)
    assert not_shown(state, item, 7) == said
    assert not_shown(state, item, 8) == "no registered pledge"


def item_of(kind: ClosingKind, claim: Claim) -> ClosingItem:
    """A line of a checklist about a claim."""
    return ClosingItem(
        closing_item_id=ClosingItemId(9),
        issue_id=IssueId(5),
        kind=kind,
        state=ClosingState.OPEN,
        claim_id=claim.claim_id,
    )


def licence_of(claim: Claim, **changed: Any) -> Licence:
    """The debtor's exclusive licence to the originator, who may license back."""
    needed = [field.name for field in msgspec.structs.fields(Licence) if field.required]
    terms: dict[str, Any] = dict.fromkeys(needed)
    terms |= {
        "licence_id": LicenceId(7),
        "asset_id": claim.right_asset_id,
        "licensor_account_id": claim.debtor_account_id,
        "licensee_account_id": claim.originator_account_id,
        "kind": LicenceKind.EXCLUSIVE,
        "sublicence": True,
        "state": LicenceState.IN_FORCE,
    }
    return Licence(**(terms | changed))


LICENCES: list[tuple[str, dict[str, Any], str]] = [
    ("exclusive, in force, with the right to license back", {}, ""),
    ("no right to license back", {"sublicence": False}, "not exclusive with the right to license back"),
    ("not exclusive", {"kind": LicenceKind.ORDINARY}, "not exclusive with the right to license back"),
    ("ended", {"state": LicenceState.TERMINATED}, "no licence of the right in force"),
    ("of another right", {"asset_id": AssetId(1)}, "no licence of the right in force"),
    ("to somebody else", {"licensee_account_id": AccountId(1)}, "another's licence"),
    ("from somebody else", {"licensor_account_id": AccountId(1)}, "not from the debtor"),
]


@pytest.mark.parametrize(("changed", "said"), [pytest.param(*row[1:], id=row[0]) for row in LICENCES])
def test_a_second_licence_is_shown_by_the_first(changed: dict[str, Any], said: str) -> None:
    at = Proposing()
    state = at.stage.venue.state
    claim = state.table(Claim)[at.claims[0]]
    state.records[Licence][LicenceId(7)] = licence_of(claim, **changed)
    assert not_shown(state, item_of(ClosingKind.FIRST_LICENCE, claim), 7) == said
