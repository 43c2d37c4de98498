"""Whole rights: how they enter custody, in how many units, in which one form, and what an examination says."""

from __future__ import annotations

from typing import Any

import pytest

from custody.outcomes import IssueShares, Outcome, SharesIssued
from custody.rights import (
    BASE_UNITS,
    DeclaredShare,
    ExamineRight,
    RegisterRight,
    RightForm,
    RightRegistered,
    TitleCheck,
    units_for,
)
from exchange.assets.kinds import PatentStatus
from exchange.assets.messages import PatentsChanged, PatentStub
from exchange.core.ids import AssetId, OutcomeId, PatentId
from exchange.core.instruments import Settlement, TechnologyClass, TitleRegime
from exchange.core.membership import FreezeMember
from exchange.core.messages import Header
from exchange.core.parties import UserRight
from exchange.engine.rights import (
    account_of_all,
    holder_of_all,
    pass_title,
    refuse_patent,
    refuse_whole_right,
    technology_class,
)
from exchange.engine.state import ExchangeState
from tests.listings.stage import House, old_row
from tests.support import Seeded


def thirds(*numerators: int) -> tuple[DeclaredShare, ...]:
    """Shares in thirds."""
    return tuple(DeclaredShare(numerator=numerator, denominator=3) for numerator in numerators)


def register(house: House, by: str, **terms: Any) -> RegisterRight:
    """The command that brings a right into custody."""
    return RegisterRight(account_id=house.venue.accounts[by], **terms)


# --- Units ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shares", "units"),
    [
        ((), 1_000_000),
        ((DeclaredShare(numerator=1, denominator=2),), 1_000_000),
        (thirds(1, 2), 3_000_000),
        ((*thirds(1), DeclaredShare(numerator=1, denominator=7)), 21_000_000),
        ((DeclaredShare(numerator=2, denominator=6),), 3_000_000),
        (thirds(3), 1_000_000),
        (thirds(2, 2), None),
        (
            tuple(
                DeclaredShare(numerator=1, denominator=prime) for prime in (999_983, 999_979, 999_961, 999_959, 999_953)
            ),
            None,
        ),
    ],
)
def test_every_declared_share_is_whole_in_the_fewest_millions(
    shares: tuple[DeclaredShare, ...], units: int | None
) -> None:
    assert units_for(shares) == units
    if units is not None:
        assert units % BASE_UNITS == 0
        assert all(units * share.numerator % share.denominator == 0 for share in shares)


# --- Into custody -----------------------------------------------------------------------------------------------------


def test_a_patents_right_comes_whole_to_its_owners_account_and_settles_by_recordal() -> None:
    house = House.sandbox()
    patent_id = house.patent("thu")
    told = house.venue.do(register(house, "thu", patent_id=patent_id, shares=thirds(1)), "thu")
    registered, changed = told
    assert isinstance(registered, RightRegistered) and isinstance(changed, PatentsChanged)
    right, asset = registered.right, registered.asset
    assert (right.form, right.title, right.settlement) == (RightForm.WHOLE, TitleCheck.UNKNOWN, Settlement.RECORDAL)
    assert (right.title_regime, asset.title_regime) == (TitleRegime.CN_REGISTER_CONSTITUTIVE,) * 2
    assert (asset.code, asset.total_units, asset.subject_id) == ("right:CN107000001B", 3_000_000, patent_id)
    assert house.venue.state.ledger.units(house.venue.accounts["thu"], asset.asset_id) == 3_000_000
    assert house.venue.state.table(PatentStub)[patent_id].right_id == asset.asset_id
    house.venue.restart()
    assert house.venue.state.table(PatentStub)[patent_id].right_id == asset.asset_id
    house.venue.close()


def test_know_how_is_a_contract_fact_and_settles_in_our_books() -> None:
    house = House.sandbox()
    outcome_id = house.outcome("thu")
    right_id = house.right("thu", patent_id=None, outcome_id=outcome_id)
    right = house.right_of(right_id)
    assert (right.settlement, right.title_regime) == (Settlement.BOOK_ENTRY, TitleRegime.CONTRACT_REGISTER)
    assert house.venue.state.table(Outcome)[outcome_id].right_id == right_id
    house.venue.close()


def test_a_united_states_title_passes_by_signed_writing() -> None:
    house = House.sandbox()
    row = {
        "publication_number": "US11803561B1",
        "country": "US",
        "kind": "B1",
        "application_number": "14/231597",
        "filing_date": "2014-03-31",
        "earliest_priority_date": "",
        "publication_date": "2023-10-31",
        "grant_date": "2023-10-31",
    }
    right = house.right_of(house.right("thu", patent_id=house.patent("thu", **row)))
    assert (right.title_regime, right.settlement) == (TitleRegime.US_SIGNED_WRITING, Settlement.RECORDAL)


def test_a_title_whose_office_is_not_modelled_stays_outside() -> None:
    house = House.sandbox()
    row = {"publication_number": "EP1000001B1", "country": "EP", "kind": "B1", "application_number": ""}
    patent_id = house.patent("thu", **row)
    assert house.venue.refusal(register(house, "thu", patent_id=patent_id), "thu") == "patent.not_listable"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"patent_id": PatentId(7)}, "patent.unknown"),
        ({"outcome_id": OutcomeId(7)}, "outcome.unknown"),
        ({}, "patent.unknown"),
        ({"patent_id": PatentId(7), "outcome_id": OutcomeId(7)}, "patent.unknown"),
    ],
)
def test_a_right_is_in_one_thing_that_is_on_record(terms: dict[str, Any], code: str) -> None:
    house = House.sandbox()
    assert house.venue.refusal(register(house, "thu", **terms), "thu") == code


def test_what_refuses_a_registration_in_its_order() -> None:
    house = House.sandbox()
    patent_id = house.patent("thu")
    mine = house.venue.accounts["thu"]
    wrong = {"patent_id": patent_id, "shares": thirds(3, 1), "evidence": ("0" * 64,)}
    assert house.venue.refusal(register(house, "pku", **wrong), "thu") == "account.not_yours"
    assert house.venue.refusal(register(house, "pku", **wrong), "pku") == "right.not_owned"
    assert house.venue.refusal(register(house, "thu", **wrong), "thu") == "shares.invalid"
    assert house.venue.refusal(register(house, "thu", **(wrong | {"shares": ()})), "thu") == "document.unknown"
    paper = (house.file("thu", "annuity receipt"),)
    house.venue.make(register(house, "thu", patent_id=patent_id, evidence=paper), RightRegistered, "thu")
    assert house.venue.refusal(register(house, "thu", **wrong), "thu") == "asset.exists"
    house.venue.do(FreezeMember(member_id=house.venue.members["thu"], frozen=True))
    assert house.venue.refusal(RegisterRight(account_id=mine, patent_id=patent_id), "thu") == "member.frozen"


def test_a_right_enters_custody_until_the_day_before_its_nominal_end() -> None:
    house = House.sandbox()
    last, late = (house.patent("thu", **old_row(serial, "2006-03-12")) for serial in (1, 2))
    house.venue.pass_time(days=9)  # 11 March in Shanghai
    house.venue.make(register(house, "thu", patent_id=last), RightRegistered, "thu")
    house.venue.pass_time(days=1)
    assert house.venue.refusal(register(house, "thu", patent_id=late), "thu") == "right.expired"
    house.venue.close()


def test_a_patent_is_in_custody_alone_or_inside_its_outcomes_right_and_never_both() -> None:
    house = House.sandbox()
    alone, inside = house.patent("thu"), house.patent("thu")
    house.right("thu", patent_id=alone)
    first = house.outcome("thu", patent_ids=(alone,))
    second = house.outcome("thu", patent_ids=(inside,))
    assert house.venue.refusal(register(house, "thu", outcome_id=first), "thu") == "right.immobilised"
    right_id = house.right("thu", patent_id=None, outcome_id=second)
    assert house.right_of(right_id).settlement is Settlement.RECORDAL
    assert house.venue.refusal(register(house, "thu", patent_id=inside), "thu") == "right.immobilised"
    house.venue.close()


# --- Examination ------------------------------------------------------------------------------------------------------


def test_an_examination_records_its_answer_its_evidence_and_who_made_it() -> None:
    house = House.sandbox()
    right_id = house.right("thu", title=TitleCheck.UNKNOWN)
    evidence = (house.file("ops", "extract of the register"),)
    command = ExamineRight(
        asset_id=right_id,
        title=TitleCheck.DEFECT,
        encumbered=True,
        reasons="pledged 2021",
        evidence=evidence,
        technology_class=TechnologyClass.RESTRICTED,
    )
    house.venue.do(command, "ops2")
    right = house.right_of(right_id)
    assert (right.title, right.title_reasons, right.encumbered) == (TitleCheck.DEFECT, "pledged 2021", True)
    assert (right.examined_on, right.examined_by) == (evidence, house.venue.users["ops2"])
    assert technology_class(house.venue.state, right_id) is TechnologyClass.RESTRICTED
    assert house.venue.state.table(PatentStub)[right.patent_id].encumbered
    house.examine(right_id, TitleCheck.CLEAR)
    assert technology_class(house.venue.state, right_id) is TechnologyClass.RESTRICTED
    assert not house.venue.state.table(PatentStub)[right.patent_id].encumbered
    house.venue.close()


def test_an_examination_rests_on_documents_of_the_owner_or_the_venue() -> None:
    house = House.sandbox()
    right_id = house.right("thu")

    def by(filer: str) -> str:
        evidence = (house.file(filer, "extract"),)
        return house.venue.refusal(ExamineRight(asset_id=right_id, title=TitleCheck.CLEAR, evidence=evidence))

    assert by("pku") == "document.unknown"
    assert (by("thu"), by("ops")) == ("", "")
    shares = house.floating("thu")
    assert (
        house.venue.refusal(ExamineRight(asset_id=shares, title=TitleCheck.CLEAR, evidence=("0" * 64,)))
        == "asset.unknown"
    )


def test_the_class_of_shares_is_the_outcomes_and_nothing_unclassified_counts_as_free() -> None:
    house = House.sandbox()
    free = house.floating("thu", technology_class=TechnologyClass.FREE)
    unsaid = house.floating("thu")
    state = house.venue.state
    assert technology_class(state, free) is TechnologyClass.FREE
    assert technology_class(state, unsaid) is TechnologyClass.UNCLASSIFIED
    assert technology_class(state, house.venue.money) is TechnologyClass.FREE


# --- Questions of other workflows -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [PatentStatus.LAPSED_FEE, PatentStatus.REVOKED, PatentStatus.SUSPENDED])
def test_a_patent_that_is_over_is_disposed_of_no_more(status: PatentStatus) -> None:
    house = House.sandbox()
    patent_id = house.patent("thu")

    def lapse(state: ExchangeState, header: Header) -> Seeded:
        del header
        stub = state.table(PatentStub)[patent_id]
        changed = PatentStub(**{name: getattr(stub, name) for name in stub.__struct_fields__} | {"status": status})
        state.put(changed)
        return [changed]

    header = house.venue.seed(lapse)
    refusal = refuse_patent(header, house.venue.state.table(PatentStub)[patent_id])
    assert refusal is not None and refusal.code == "patent.not_listable"
    assert house.venue.refusal(register(house, "thu", patent_id=patent_id), "thu") == "patent.not_listable"
    house.venue.close()


def test_what_another_holds_or_promised_is_not_a_whole_right() -> None:
    house = House.sandbox()
    right_id = house.right("thu")
    thu, pku = house.venue.accounts["thu"], house.venue.accounts["pku"]
    right = house.right_of(right_id)

    def promise(state: ExchangeState, header: Header) -> Seeded:
        return [state.ledger.move(header.sequence, [], [(thu, right_id, 1)])]

    assert refuse_whole_right(house.venue.state, Header(*_header(house)), right, thu) is None
    others = refuse_whole_right(house.venue.state, Header(*_header(house)), right, pku)
    assert others is not None and others.code == "right.not_owned"
    house.venue.checking = False
    house.venue.seed(promise)
    held = refuse_whole_right(house.venue.state, Header(*_header(house)), right, thu)
    assert held is not None and held.code == "right.encumbered"
    assert refuse_whole_right(house.venue.state, Header(*_header(house)), right, thu, 1) is None


def test_shared_out_units_have_no_one_holder() -> None:
    house = House.sandbox()
    right_id = house.right("thu")
    thu, pku = house.venue.accounts["thu"], house.venue.accounts["pku"]
    state = house.venue.state
    assert (account_of_all(state, right_id), holder_of_all(state, right_id)) == (thu, house.venue.members["thu"])
    house.venue.seed(
        lambda state, header: [state.ledger.move(header.sequence, [(thu, right_id, -1), (pku, right_id, 1)])]
    )
    assert (account_of_all(state, right_id), holder_of_all(state, right_id)) == (None, None)


@pytest.mark.parametrize("thing", ["patent", "know-how"])
def test_a_recorded_transfer_gives_the_subject_its_owner_and_takes_the_title_check_back(thing: str) -> None:
    house = House.sandbox()
    outcome_id = house.outcome("thu")
    subject = {} if thing == "patent" else {"patent_id": None, "outcome_id": outcome_id}
    right_id = house.right("thu", **subject)
    thu, pku = house.venue.accounts["thu"], house.venue.accounts["pku"]
    buyer = house.venue.members["pku"]

    def transfer(state: ExchangeState, header: Header) -> Seeded:
        moved = state.ledger.move(header.sequence, [(thu, right_id, -BASE_UNITS), (pku, right_id, BASE_UNITS)])
        parts: Seeded = [moved]
        for event in pass_title(state, right_id, buyer):
            for name in event.__struct_fields__:
                value = getattr(event, name)
                parts.extend(value if isinstance(value, tuple) else [value])
        return parts

    house.venue.seed(transfer)
    right = house.right_of(right_id)
    assert right.title is TitleCheck.UNKNOWN
    assert holder_of_all(house.venue.state, right_id) == buyer
    if thing == "patent":
        assert house.venue.state.table(PatentStub)[right.patent_id].owner_id == buyer
    else:
        assert house.venue.state.table(Outcome)[outcome_id].member_id == buyer
    house.venue.close()


def _header(house: House) -> tuple[Any, ...]:
    """A header of this moment."""
    venue = house.venue
    return (venue.state.sequence + 1, venue.epoch, venue.clock_ns, venue.users["thu"], 0)


def test_a_viewer_brings_nothing_into_custody() -> None:
    house = House.sandbox()
    house.venue.user("viewer", "thu", rights=(UserRight.VIEW,))
    command = register(house, "thu", patent_id=house.patent("thu"))
    assert house.venue.refusal(command, "viewer") == "account.not_yours"


def test_an_asset_that_is_no_right_is_not_examined() -> None:
    house = House.sandbox()
    evidence = (house.file("ops", "extract"),)
    for asset_id in (AssetId(7), house.venue.money):
        command = ExamineRight(asset_id=asset_id, title=TitleCheck.CLEAR, evidence=evidence)
        assert house.venue.refusal(command) == "asset.unknown"


def test_a_right_that_floats_is_whole_no_more() -> None:
    house = House.sandbox()
    patent_id = house.patent("thu")
    right_id = house.right("thu", patent_id=patent_id)
    outcome_id = house.outcome("thu", patent_ids=(patent_id,))
    thu = house.venue.accounts["thu"]
    house.venue.make(IssueShares(outcome_id=outcome_id, account_id=thu), SharesIssued, "thu")
    refusal = refuse_whole_right(house.venue.state, Header(*_header(house)), house.right_of(right_id), thu)
    assert refusal is not None and (refusal.code, refusal.detail) == (
        "right.immobilised",
        "right:CN107000001B is shares",
    )
