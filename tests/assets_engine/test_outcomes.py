"""Outcomes: what they are made of, their deeds and prior claims, and how they come to float."""

from __future__ import annotations

from typing import Any

import pytest

from custody.accounts import AccountKind
from custody.corrections_messages import FreezeAsset
from custody.outcomes import (
    DeclaredClaim,
    DeclaredFunding,
    FileShareDeed,
    IssueShares,
    Outcome,
    OutcomeRegistered,
    PriorClaimKind,
    PriorClaimWaived,
    RegisterOutcome,
    ShareDeed,
    ShareDeedFiled,
    SharesIssued,
    WaivePriorClaim,
)
from custody.rights import DeclaredShare, RegisterRight, RightForm, RightRegistered, TitleCheck
from exchange.assets.messages import PatentStub
from exchange.core.ids import MemberId, OutcomeId, PatentId
from exchange.core.membership import FreezeMember
from exchange.core.units import Minor
from exchange.engine.issuance import outstanding_units
from exchange.engine.outcomes import open_claims
from exchange.rulebook.disposal import fiscal_share_ppm
from tests.listings.stage import House, old_row


def outcome_of(house: House, outcome_id: OutcomeId) -> Outcome:
    """An outcome as it stands."""
    return house.venue.state.table(Outcome)[outcome_id]


def issue(house: House, outcome_id: OutcomeId, by: str = "thu", **terms: Any) -> IssueShares:
    """The command that issues an outcome's shares."""
    return IssueShares(**({"outcome_id": outcome_id, "account_id": house.venue.accounts[by]} | terms))


# --- On record --------------------------------------------------------------------------------------------------------


def test_an_outcome_binds_its_patents_and_keeps_who_paid() -> None:
    house = House.sandbox()
    patents = (house.patent("thu"), house.patent("thu"))
    funding = (
        DeclaredFunding(source="National programme", country="CN", fiscal=True, amount_minor=Minor(700)),
        DeclaredFunding(source="A company", country="CN", fiscal=False, amount_minor=Minor(300)),
    )
    outcome = outcome_of(house, house.outcome("thu", patent_ids=patents, funding=funding))
    assert (outcome.member_id, outcome.patent_ids, outcome.node) == (house.venue.members["thu"], patents, "core")
    assert fiscal_share_ppm(outcome.funding) == 700_000
    stubs = house.venue.state.table(PatentStub)
    assert [stubs[patent_id].outcome_id for patent_id in patents] == [outcome.outcome_id] * 2
    house.venue.restart()
    assert [house.venue.state.table(PatentStub)[patent_id].outcome_id for patent_id in patents] == [
        outcome.outcome_id
    ] * 2
    house.venue.close()


def test_the_finishers_first_refusal_stands_on_every_outcome_declared_or_not() -> None:
    house = House.sandbox()
    command = RegisterOutcome(title="Membrane", readiness_level=4)
    outcome = house.venue.make(command, OutcomeRegistered, "thu").outcome
    assert open_claims(house.venue.state, outcome) == [PriorClaimKind.FINISHER]


def test_a_co_owner_has_pre_emption_and_each_claim_is_waived_by_its_own_paper() -> None:
    house = House.sandbox()
    outcome_id = house.outcome(
        "thu",
        co_owner_ids=(house.venue.members["pku"],),
        claims=(DeclaredClaim(kind=PriorClaimKind.COMMISSIONER),),
    )
    state = house.venue.state
    kinds = [PriorClaimKind.FINISHER, PriorClaimKind.CO_OWNER, PriorClaimKind.COMMISSIONER]
    assert open_claims(state, outcome_of(house, outcome_id)) == kinds
    for kind in list(kinds):
        paper = house.file("thu", f"waiver of the {kind}")
        waive = WaivePriorClaim(outcome_id=outcome_id, kind=kind, waiver_sha256=paper)
        house.venue.make(waive, PriorClaimWaived, "thu")
        kinds.remove(kind)
        assert open_claims(state, outcome_of(house, outcome_id)) == kinds
    house.venue.close()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"patent_ids": (PatentId(7),)}, "patent.unknown"),
        ({"patent_ids": "another's"}, "right.not_owned"),
        ({"patent_ids": "twice"}, "outcome.state"),
        ({"patent_ids": "in another outcome"}, "right.immobilised"),
        ({"patent_ids": "expired"}, "right.expired"),
        ({"co_owner_ids": (MemberId(7),)}, "member.unknown"),
        ({"claims": (DeclaredClaim(kind=PriorClaimKind.PLEDGEE, waiver_sha256="0" * 64),)}, "document.unknown"),
    ],
)
def test_an_outcome_is_refused_for(fields: dict[str, Any], code: str) -> None:
    house = House.sandbox()
    match fields.get("patent_ids"):
        case "another's":
            fields = {"patent_ids": (house.patent("pku"),)}
        case "twice":
            fields = {"patent_ids": (house.patent("thu"),) * 2}
        case "in another outcome":
            patents = (house.patent("thu"),)
            house.outcome("thu", patent_ids=patents)
            fields = {"patent_ids": patents}
        case "expired":
            fields = {"patent_ids": (house.patent("thu", **old_row(1, "2005-01-01")),)}
    command = RegisterOutcome(**({"title": "Membrane", "readiness_level": 4} | fields))
    assert house.venue.refusal(command, "thu") == code


def test_a_frozen_institution_registers_nothing() -> None:
    house = House.sandbox()
    house.venue.do(FreezeMember(member_id=house.venue.members["thu"], frozen=True))
    assert house.venue.refusal(RegisterOutcome(title="Membrane", readiness_level=4), "thu") == "member.frozen"


def test_a_waiver_is_of_a_claim_that_stands_on_ones_own_outcome() -> None:
    house = House.sandbox()
    outcome_id = house.outcome("thu")

    def waive(by: str, which: OutcomeId, kind: PriorClaimKind, sha256: str) -> str:
        return house.venue.refusal(WaivePriorClaim(outcome_id=which, kind=kind, waiver_sha256=sha256), by)

    assert waive("thu", OutcomeId(7), PriorClaimKind.FINISHER, "0" * 64) == "outcome.unknown"
    assert waive("pku", outcome_id, PriorClaimKind.FINISHER, "0" * 64) == "right.not_owned"
    assert waive("thu", outcome_id, PriorClaimKind.PLEDGEE, "0" * 64) == "outcome.state"
    assert waive("thu", outcome_id, PriorClaimKind.FINISHER, "0" * 64) == "document.unknown"


# --- Deeds ------------------------------------------------------------------------------------------------------------


def test_a_deed_is_in_force_from_its_filing_and_a_later_version_takes_its_place() -> None:
    house = House.sandbox()
    outcome_id = house.outcome("thu")
    first = house.venue.make(house.deed_of("thu", outcome_id), ShareDeedFiled, "thu").deed
    assert outcome_of(house, outcome_id).deed_id == first.deed_id
    assert house.venue.refusal(house.deed_of("thu", outcome_id), "thu") == "outcome.state"
    second = house.venue.make(house.deed_of("thu", outcome_id, version=2), ShareDeedFiled, "thu").deed
    assert outcome_of(house, outcome_id).deed_id == second.deed_id
    assert sorted(house.venue.state.table(ShareDeed)) == [first.deed_id, second.deed_id]
    house.venue.close()


@pytest.mark.parametrize("missing", ["thu", "pku", "holder"])
def test_every_co_owner_and_the_registered_holder_signs(missing: str) -> None:
    house = House.sandbox()
    house.institution("holder")
    members = house.venue.members
    outcome_id = house.outcome("thu", co_owner_ids=(members["pku"],))
    names = ["thu", "pku", "holder"]
    signers = tuple(members[name] for name in names if name != missing)
    terms = {"registered_holder_id": members["holder"], "signer_ids": signers}
    assert house.venue.refusal(house.deed_of("thu", outcome_id, **terms), "thu") == "deed.signer_missing"
    everybody = terms | {"signer_ids": tuple(members[name] for name in names)}
    house.venue.make(house.deed_of("thu", outcome_id, **everybody), ShareDeedFiled, "thu")
    house.venue.close()


def test_a_deed_is_filed_by_the_owner_with_its_document() -> None:
    house = House.sandbox()
    outcome_id = house.outcome("thu")

    def filing(by: str, **changed: Any) -> str:
        command: FileShareDeed = house.deed_of("thu", outcome_id, **changed)
        return house.venue.refusal(command, by)

    assert filing("thu", outcome_id=OutcomeId(7)) == "outcome.unknown"
    assert filing("pku") == "right.not_owned"
    assert filing("thu", document_sha256="0" * 64) == "document.unknown"


# --- Shares -----------------------------------------------------------------------------------------------------------


def test_shares_are_minted_in_the_command_that_immobilises_every_right_of_the_outcome() -> None:
    house = House.sandbox()
    patents = (house.patent("thu"), house.patent("thu"))
    rights = [house.right("thu", patent_id=patent_id) for patent_id in patents]
    outcome_id = house.outcome("thu", patent_ids=patents)
    third = (DeclaredShare(numerator=1, denominator=3),)
    told = house.venue.make(issue(house, outcome_id, shares=third), SharesIssued, "thu")
    state, thu = house.venue.state, house.venue.accounts["thu"]
    shares = told.asset.asset_id
    assert (told.asset.total_units, outstanding_units(state, shares)) == (3_000_000, 3_000_000)
    assert state.ledger.units(thu, shares) == 3_000_000
    outcome = outcome_of(house, outcome_id)
    assert (outcome.form, outcome.share_asset_id) == (RightForm.SHARES, shares)
    assert state.accounts[outcome.immobilised_id].kind is AccountKind.IMMOBILISED
    for right_id in rights:
        assert state.ledger.units(thu, right_id) == 0
        assert state.ledger.units(outcome.immobilised_id, right_id) == state.assets[right_id].total_units
        assert house.right_of(right_id).form is RightForm.SHARES
    house.venue.close()


def test_the_same_outcome_does_not_float_twice() -> None:
    house = House.sandbox()
    shares = house.floating("thu")
    outcome_id = house.outcome_of(shares).outcome_id
    assert house.venue.refusal(issue(house, outcome_id), "thu") == "right.immobilised"


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("unknown", "outcome.unknown"),
        ("another's", "right.not_owned"),
        ("nothing in custody", "right.not_owned"),
        ("one patent outside", "right.not_owned"),
        ("on another account", "right.not_owned"),
        ("frozen", "asset.frozen"),
        ("encumbered", "right.encumbered"),
        ("a defect", "right.title_unknown"),
        ("offered whole", "listing.state"),
        ("without inventors", "patent.not_listable"),
        ("expired since", "right.expired"),
        ("more than the whole", "shares.invalid"),
    ],
)
def test_shares_are_not_issued_when(case: str, code: str) -> None:
    house = House.cn()
    lacking = {"inventors": ""} if case == "without inventors" else {}
    first, second = house.patent("thu", **lacking), house.patent("thu")
    right = house.right("thu", patent_id=first)
    if case == "offered whole":
        house.admitted("thu", house.whole("thu", right))
    patents = (first, second) if case == "one patent outside" else (first,)
    outcome_id = house.outcome("thu", patent_ids=() if case == "nothing in custody" else patents)
    command, by = issue(house, outcome_id), "thu"
    match case:
        case "unknown":
            command = issue(house, OutcomeId(7))
        case "another's":
            command, by = issue(house, outcome_id, "pku"), "pku"
        case "on another account":
            thu, pku = house.venue.accounts["thu"], house.venue.accounts["pku"]
            house.venue.seed(
                lambda state, header: [state.ledger.move(header.sequence, [(thu, right, -1), (pku, right, 1)])]
            )
        case "frozen":
            house.venue.do(FreezeAsset(asset_id=right, frozen=True))
        case "encumbered":
            house.examine(right, TitleCheck.CLEAR, encumbered=True)
        case "a defect":
            house.examine(right, TitleCheck.DEFECT)
        case "expired since":
            house.venue.pass_time(days=20 * 366)
        case "more than the whole":
            command = issue(house, outcome_id, shares=(DeclaredShare(numerator=4, denominator=3),))
    assert house.venue.refusal(command, by) == code
    house.venue.close()


def test_an_unknown_title_does_not_keep_shares_from_being_issued() -> None:
    house = House.sandbox()
    outcome_id = house.outcome("thu")
    register = RegisterRight(account_id=house.venue.accounts["thu"], outcome_id=outcome_id)
    right = house.venue.make(register, RightRegistered, "thu").right
    assert right.title is TitleCheck.UNKNOWN
    house.venue.make(issue(house, outcome_id), SharesIssued, "thu")
    house.venue.close()
