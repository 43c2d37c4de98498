"""Licences line by line: who may grant which, what keeps one out, how it is paid, recorded and ended."""

from __future__ import annotations

import functools
from datetime import date
from typing import Any

import pytest

from custody.consents import ConsentAct, ConsentGiven, GiveConsent
from custody.encumbrances import BurdenKind
from custody.outcomes import DeclaredFunding
from custody.rights import RegisterRight, RightRegistered, TitleCheck
from exchange.core.instruments import TechnologyClass
from exchange.core.membership import ClassMember
from exchange.core.messages import Rejected
from exchange.core.units import NS_PER_DAY, Minor, Ppm, TimeNs
from exchange.engine.burdens import burdens_of
from exchange.engine.rights import patents_of
from matching.consideration import Instalment, Items, Royalty
from matching.licence_messages import LicenceFellLate, LicenceProposed, ProposeLicence
from matching.obligations import Obligation, ObligationsMade, PayObligation
from tests.deals.stage import CASH
from tests.licences.stage import THOUSAND, LicenceDesk

PRICE, FEE = 300 * THOUSAND, 3 * THOUSAND
OFFER = "lab offers li sole CN 300"

# --- Every step in every state ---------------------------------------------------------------------------------------

GRANTED = [OFFER, "li accepts", "li signs", "lab signs li"]
PATHS: dict[str, list[str]] = {
    "none": [],
    "proposed": [OFFER],
    "signing": [OFFER, "li accepts"],
    "paid": [OFFER, "li accepts", "li signs"],
    "agreed": [OFFER, "li accepts", "lab signs li"],
    "in_force": GRANTED,
    "recorded": [*GRANTED, "ops records li"],
    "ending": [*GRANTED, "lab ends li"],
    "terminated": [*GRANTED, "lab ends li", "li ends"],
    "expired": [*GRANTED, "wait 366 days"],
    "withdrawn": [OFFER, "li withdraws"],
}
TABLE = """
           | li accepts      | li signs        | lab signs li    | li withdraws    | pku objects li  | ops upholds li  | ops records li  | lab ends li         | li ends         | ops ends li
none       | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown     | licence.unknown | licence.unknown
proposed   | taken           | licence.state   | licence.state   | taken           | licence.state   | licence.state   | licence.state   | licence.state       | licence.state   | licence.state
signing    | licence.state   | taken           | taken           | taken           | licence.state   | licence.state   | licence.state   | licence.state       | licence.state   | licence.state
paid       | licence.state   | licence.state   | taken           | taken           | licence.state   | licence.state   | licence.state   | licence.state       | licence.state   | licence.state
agreed     | licence.state   | taken           | licence.state   | taken           | licence.state   | licence.state   | licence.state   | licence.state       | licence.state   | licence.state
in_force   | licence.state   | licence.state   | licence.state   | licence.state   | licence.state   | licence.state   | taken           | taken               | taken           | taken
recorded   | licence.state   | licence.state   | licence.state   | licence.state   | licence.state   | licence.state   | licence.state   | taken               | taken           | taken
ending     | licence.state   | licence.state   | licence.state   | licence.state   | licence.state   | licence.state   | taken           | approval.same_person | taken          | taken
terminated | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown     | licence.unknown | licence.unknown
expired    | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown     | licence.unknown | licence.unknown
withdrawn  | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown | licence.unknown     | licence.unknown | licence.unknown
"""  # noqa: E501 - a table is read across
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()]


@functools.cache
def _in(state: str) -> LicenceDesk:
    desk = LicenceDesk.cn()
    for line in PATHS[state]:
        told = desk.happens(line)
        assert "." not in told, f"{line}: {told}"
    return desk


@pytest.mark.parametrize("state", PATHS)
def test_every_step_in_every_state_is_taken_or_refused(state: str) -> None:
    [row] = [line for line in LINES[1:] if line[0] == state]
    for step, expected in zip(LINES[0][1:], row[1:], strict=True):
        desk = _in(state).again()
        who, *words = step.split()
        assert (desk.takes(who, words) or "taken") == expected, f"{state}: {step}"
    desk.venue.close()


# --- Money -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["li", "lab"])
def test_the_second_signature_pays_and_grants_in_one_step(first: str) -> None:
    desk = _in("signing").again()
    signs = {"li": "li signs", "lab": "lab signs li"}
    assert desk.happens(signs.pop(first)) == "li signing"
    assert desk.escrow() == (PRICE + FEE if first == "li" else 0)
    assert desk.happens(signs.popitem()[1]) == "li in_force"
    assert (desk.money("li"), desk.money("lab")) == (CASH - PRICE - FEE, PRICE - FEE)
    assert (desk.escrow(), desk.fees_due(), desk.owner(), desk.held()) == (0, 2 * FEE, "lab", 0)
    desk.venue.close()


def test_who_cannot_pay_does_not_sign() -> None:
    desk = LicenceDesk.cn()
    top = CASH * 100 // 101
    assert desk.venue.refusal(desk.offer("li", "ordinary", "CN", top + 1), "lab") == ""
    for price, expected in ((top, ""), (top + 1, "hold.insufficient_available")):
        desk = LicenceDesk.cn()
        made = desk.venue.make(desk.offer("li", "ordinary", "CN", price), LicenceProposed, "lab")
        desk.licences["li"] = made.licence.licence_id
        assert desk.happens("li accepts") == "li signing"
        assert desk.takes("li", ["signs"]) == expected
        desk.venue.close()


def test_withdrawing_sends_back_what_was_paid() -> None:
    desk = _in("paid").again()
    assert desk.happens("lab withdraws li") == "li withdrawn"
    assert (desk.money("li"), desk.escrow()) == (CASH, 0)
    desk.venue.close()


def test_what_is_promised_for_later_is_owed_from_the_grant_on() -> None:
    desk = LicenceDesk.cn()
    items = Items(
        instalments=(Instalment(amount_minor=Minor(PRICE), due_days=30),),
        royalty=Royalty(base="pumps sold", rate_ppm=Ppm(30_000), minimum_minor=Minor(THOUSAND), years=2, due_days=30),
    )
    made = desk.venue.make(desk.offer("li", "exclusive", "CN", 0, items=items), LicenceProposed, "lab")
    desk.licences["li"] = made.licence.licence_id
    desk.plays("""
        li  accepts            ->  li signing
        li  signs              ->  li signing
        lab signs li           ->  li in_force
    """)
    told = desk.last(ObligationsMade)
    assert [one.kind.value for one in told.obligations] == ["instalment", "royalty", "royalty"]
    assert told.plan.licence_id == desk.licences["li"] and {one.licence_id for one in told.obligations} == {
        told.plan.licence_id
    }
    pay = PayObligation(obligation_id=told.obligations[0].obligation_id, amount_minor=Minor(PRICE))
    assert desk.venue.refusal(pay, "li") == ""
    assert (desk.money("lab"), desk.fees_due()) == (PRICE - FEE, 2 * FEE)
    desk.plays("""
        lab ends li            ->  li in_force
        li  ends               ->  li terminated
    """)
    assert len(desk.venue.state.table(Obligation)) == 2, "what is owed already stays owed"
    desk.venue.close()


# --- What keeps a licence out ----------------------------------------------------------------------------------------


def granted(whom: str, terms: str) -> str:
    return f"""
        lab offers {whom} {terms}
        {whom} accepts
        {whom} signs
        lab signs {whom}
    """


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ("exclusive CN 1", "ordinary CN 1", "licence.conflict"),
        ("sole CN 1", "ordinary CN 1", "licence.conflict"),
        ("ordinary CN 1", "sole CN 1", "licence.conflict"),
        ("ordinary CN 1", "ordinary CN 1", ""),
        ("exclusive CN 1", "exclusive world-CN 1", ""),
        ("exclusive CN 1", "exclusive world-US 1", "licence.conflict"),
        ("exclusive CN 1 F02", "exclusive CN 1 A61", ""),
        ("exclusive CN 1 F02", "exclusive CN 1 F02K9", "licence.conflict"),
        ("exclusive CN 1 - 0..30", "exclusive CN 1 - 30..60", ""),
        ("exclusive CN 1 - 0..31", "exclusive CN 1 - 30..60", "licence.conflict"),
    ],
)
def test_a_licence_in_force_keeps_out_what_it_excludes(first: str, second: str, refused: str) -> None:
    desk = LicenceDesk.cn()
    for line in granted("li", first).strip().splitlines():
        assert "." not in desk.happens(line.strip())
    who, *words = f"lab offers wu {second}".split()
    [*_, told] = desk.venue.do(desk.step_of(who, words), who)
    assert (told.code if isinstance(told, Rejected) else "") == refused
    if isinstance(told, Rejected):
        assert told.detail.startswith("LI1-"), "the blocking entry is named"


def test_of_two_that_contradict_each_other_the_first_to_be_signed_stands() -> None:
    desk = LicenceDesk.cn()
    desk.plays("""
        lab offers li exclusive CN 300     ->  li proposed
        lab offers wu ordinary CN+US 100   ->  li proposed, wu proposed
        li  accepts                        ->  li signing, wu proposed
        wu  accepts                        ->  li signing, wu signing
        wu  signs                          ->  li signing, wu signing
        lab signs wu                       ->  li signing, wu in_force
        li  signs                          ->  licence.conflict
        li  withdraws                      ->  li withdrawn, wu in_force
        restart                            ->  li withdrawn, wu in_force
    """)
    desk.venue.close()


def test_after_its_end_a_licence_keeps_nobody_out() -> None:
    desk = _in("terminated").again()
    assert desk.happens("lab offers wu exclusive CN 1") == "li terminated, wu proposed"
    assert _in("expired").again().happens("lab offers wu exclusive CN 1") == "li expired, wu proposed"


def test_a_licence_lives_as_long_as_the_right() -> None:
    desk = LicenceDesk.cn()
    [patent] = patents_of(desk.venue.state, desk.right_of(desk.right_id))
    left = (date.fromisoformat(patent.nominal_expiry) - date.fromisoformat(desk.today())).days
    assert desk.happens(f"lab offers li ordinary CN 1 - 0..{left + 1}") == "right.expired"
    assert desk.happens(f"lab offers li ordinary CN 1 - 0..{left}") == "li proposed"


# --- Who may grant ---------------------------------------------------------------------------------------------------


def refused(desk: LicenceDesk, by: str = "lab", kind: str = "ordinary", **more: Any) -> str:
    return desk.venue.refusal(desk.offer("li", kind, "CN", THOUSAND, **more), by)


def test_what_a_licence_is_refused_for() -> None:
    desk = LicenceDesk.cn()
    assert refused(desk, "li") == "account.not_yours"
    assert refused(desk, licensor_account_id=desk.venue.accounts["wu"], by="wu") == "right.not_owned"
    assert refused(desk, licensee_account_id=desk.venue.accounts["lab"]) == "licence.terms_invalid"
    assert refused(desk, asset_id=desk.bank().money_asset_id) == "asset.unknown"
    assert refused(desk, contract_sha256="0" * 64) == "document.unknown"
    desk.venue.do(ClassMember(member_id=desk.venue.members["li"], standings=()))
    assert refused(desk) == "rule.suitability"


def test_a_right_that_is_being_sold_or_is_encumbered_is_not_licensed() -> None:
    desk = LicenceDesk.cn()
    assert desk.happens(OFFER) == "li proposed"
    desk.buyer = "wu"
    desk.offered()
    assert desk.happens("li accepts") == "deal.state"
    other = LicenceDesk.cn()
    other.change_right(encumbered=True)
    assert refused(other) == "right.encumbered"


def test_a_foreigner_takes_only_free_technology() -> None:
    desk = LicenceDesk.cn()
    desk.trader("acme", country="US")
    command = desk.offer("acme", "ordinary", "US", THOUSAND)
    assert desk.venue.refusal(command, "lab") == "export.not_cleared"
    desk.change_right(technology_class=TechnologyClass.FREE)
    assert desk.venue.refusal(command, "lab") == ""


def test_what_a_state_paid_for_goes_abroad_exclusively_only_with_its_approval() -> None:
    desk = LicenceDesk.cn("thu")
    desk.trader("acme", country="US")
    funding = (DeclaredFunding(source="city", country="CN", fiscal=True, amount_minor=Minor(1)),)
    outcome_id = desk.outcome("thu", funding=funding, technology_class=TechnologyClass.FREE)
    account = desk.venue.accounts["thu"]
    register = RegisterRight(account_id=account, outcome_id=outcome_id, technology_class=TechnologyClass.FREE)
    desk.right_id = desk.venue.make(register, RightRegistered, "thu").right.asset_id
    desk.examine(desk.right_id, TitleCheck.CLEAR)

    def asked(kind: str, **more: Any) -> ProposeLicence:
        return desk.offer("acme", kind, "US", THOUSAND, **more)

    assert desk.venue.refusal(asked("exclusive"), "thu") == "licence.approval_missing"
    assert desk.venue.refusal(asked("exclusive", approval_sha256="0" * 64), "thu") == "document.unknown"
    approval = desk.file("thu", "approval of the programme")
    assert desk.venue.refusal(asked("exclusive", approval_sha256=approval), "thu") == ""
    assert desk.venue.refusal(asked("sole"), "thu") == ""
    desk.venue.close()


def test_what_keeps_others_out_needs_every_owner_of_the_outcome() -> None:
    desk = LicenceDesk.cn("thu")
    share_id = desk.floating("thu")
    outcome = desk.outcome_of(share_id)
    desk.right_id = outcome.right_id
    desk.examine(desk.right_id, TitleCheck.CLEAR)
    assert refused(desk, "thu", "exclusive") == "", "the deed in force agrees"
    pku = desk.venue.members["pku"]
    shared = desk.outcome("thu", co_owner_ids=(pku,))
    register = RegisterRight(account_id=desk.venue.accounts["thu"], outcome_id=shared)
    desk.right_id = desk.venue.make(register, RightRegistered, "thu").right.asset_id
    desk.examine(desk.right_id, TitleCheck.CLEAR)
    assert refused(desk, "thu", "exclusive") == "consent.missing"
    assert refused(desk, "thu", "sole") == "consent.missing"
    assert refused(desk, "thu", "ordinary") == ""
    consent = GiveConsent(
        asset_id=desk.right_id,
        member_id=pku,
        act=ConsentAct.EXCLUSIVE_LICENCE,
        until_ns=TimeNs(desk.venue.clock_ns + NS_PER_DAY),
        document_sha256=desk.file("pku", "consent"),
    )
    desk.venue.make(consent, ConsentGiven, "pku")
    assert refused(desk, "thu", "exclusive") == "", "the co-owner consents, and so to less"
    assert refused(desk, "thu", "sole") == ""
    desk.venue.close()


# --- A state institution's price is shown first ----------------------------------------------------------------------


def test_the_price_a_state_university_agreed_on_is_shown_before_the_contract() -> None:
    desk = LicenceDesk.cn("thu")
    desk.plays("""
        thu offers li exclusive CN 300   ->  li proposed
        li  accepts                      ->  li publicity
        li  signs                        ->  licence.state
        pku objects li                   ->  li objected
        ops dismisses li                 ->  li publicity
        wait 40 days                     ->  li signing
        li  signs                        ->  li signing
        thu signs li                     ->  li in_force
    """)
    desk.venue.close()


def test_an_objection_that_is_upheld_ends_it() -> None:
    desk = LicenceDesk.cn("thu")
    desk.plays("""
        thu offers li exclusive CN 300   ->  li proposed
        li  accepts                      ->  li publicity
        pku objects li                   ->  li objected
        ops upholds li                   ->  li stopped
    """)
    assert not desk.venue.state.due
    desk.venue.close()


# --- The office, and the end -----------------------------------------------------------------------------------------


def test_what_is_not_recorded_in_three_months_is_late_and_may_still_be_recorded() -> None:
    desk = _in("in_force").again()
    desk.step("wait 92")
    assert not desk.licence("li").late, "until the second of June has ended"
    desk.step("wait 1")
    assert desk.licence("li").late and desk.last(LicenceFellLate)
    assert desk.happens("ops records li") == "li in_force"
    assert desk.licence("li").recorded_on == desk.today()
    recorded = _in("recorded").again()
    recorded.step("wait 100")
    assert not recorded.licence("li").late
    recorded.venue.close()
    desk.venue.close()


def test_a_licence_survives_the_sale_of_the_right_and_is_shown_to_its_buyer() -> None:
    desk = _in("recorded").again()
    [burden] = burdens_of(desk.venue.state, desk.right_id)
    assert (burden.kind, burden.blocks) == (BurdenKind.LICENCE, False)
    assert burden.summary == "sole licence, CN, every use, 2026-03-02 until 2027-03-02"
    desk.buyer = "wu"
    desk.offered(price_minor=Minor(THOUSAND))
    desk.steps("accept", "buyer signs", "seller signs", "confirm")
    assert (desk.owner(), desk.shown()) == ("wu", "li in_force")
    assert burdens_of(desk.venue.state, desk.right_id) == [burden]
    desk.venue.close()


def test_an_operator_ends_a_licence_by_a_decision_on_file() -> None:
    desk = _in("in_force").again()
    command = desk.step_of("ops", ["ends", "li"])
    assert desk.venue.refusal(type(command)(licence_id=desk.licences["li"], reason="void"), "ops") == "document.unknown"
    assert desk.happens("wu ends li") == "licence.not_party"
    assert desk.happens("ops ends li") == "li terminated"
    assert not desk.venue.state.due
    desk.venue.close()
