"""Open licences line by line: declared, announced, taken by anybody suitable, withdrawn; what was taken stays."""

from __future__ import annotations

import functools

import pytest

from exchange.core.membership import ClassMember
from exchange.core.units import Minor
from exchange.engine.burdens import burdens_of
from matching.licence_messages import LicenceFellLate, PublishOpenLicence
from matching.licences import LicenceKind
from tests.deals.stage import CASH
from tests.licences.stage import THOUSAND, LicenceDesk

FEE = 200 * THOUSAND
VENUE_FEE = 2 * THOUSAND

PATHS: dict[str, list[str]] = {
    "none": [],
    "declared": ["lab opens 200"],
    "open": ["lab opens 200", "ops publishes"],
    "taken": ["lab opens 200", "ops publishes", "li takes 200"],
    "withdrawn": ["lab opens 200", "ops publishes", "li takes 200", "lab closes"],
    "over": ["lab opens 200", "ops publishes", "wait 731 days"],
}
TABLE = """
          | lab opens 100      | ops publishes        | li takes 200         | wu takes 200         | li takes 199          | lab takes 200        | lab closes           | lab offers wu sole US 1
none      | taken              | open_licence.unknown | open_licence.unknown | open_licence.unknown | open_licence.unknown  | open_licence.unknown | open_licence.unknown | taken
declared  | open_licence.state | taken                | open_licence.state   | open_licence.state   | open_licence.state    | open_licence.state   | taken                | licence.conflict
open      | open_licence.state | open_licence.state   | taken                | taken                | licence.terms_changed | open_licence.state   | taken                | licence.conflict
taken     | open_licence.state | open_licence.state   | licence.exists       | taken                | licence.terms_changed | open_licence.state   | taken                | licence.conflict
withdrawn | taken              | open_licence.unknown | open_licence.unknown | open_licence.unknown | open_licence.unknown  | open_licence.unknown | open_licence.unknown | taken
over      | taken              | open_licence.unknown | open_licence.unknown | open_licence.unknown | open_licence.unknown  | open_licence.unknown | open_licence.unknown | taken
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


def test_fee_against_licence_in_one_step_and_withdrawing_leaves_what_was_taken() -> None:
    desk = LicenceDesk.cn()
    desk.plays("""
        lab opens 200         ->  declared 0 taken
        ops publishes         ->  open 0 taken
        li  takes 200         ->  li in_force, open 1 taken
        wu  takes 200         ->  li in_force, wu in_force, open 2 taken
        restart               ->  li in_force, wu in_force, open 2 taken
        lab closes            ->  li in_force, wu in_force, withdrawn 2 taken
        wait 800 days         ->  li expired, wu expired, withdrawn 2 taken
    """)
    assert (desk.money("li"), desk.money("wu")) == (CASH - FEE - VENUE_FEE, CASH - FEE - VENUE_FEE)
    assert (desk.money("lab"), desk.fees_due(), desk.escrow()) == (2 * (FEE - VENUE_FEE), 4 * VENUE_FEE, 0)
    assert desk.owner() == "lab" and not desk.venue.state.due
    desk.venue.close()


def test_a_taken_licence_is_ordinary_begins_today_and_must_be_recorded() -> None:
    desk = _in("open").again()
    desk.step("wait 10")
    assert desk.happens("li takes 200") == "li in_force, open 1 taken"
    taken = desk.licence("li")
    assert (taken.kind, taken.scope.starts_on) == (LicenceKind.ORDINARY, desk.today())
    desk.step("wait 100")
    assert desk.last(LicenceFellLate).licence.licence_id == taken.licence_id
    assert desk.happens("ops records li") == "li in_force, open 1 taken"
    desk.venue.close()


@pytest.mark.parametrize("kind", ["exclusive", "sole"])
def test_an_exclusive_or_sole_licence_keeps_an_open_one_out_wherever_it_is(kind: str) -> None:
    desk = LicenceDesk.cn()
    desk.plays(f"""
        lab offers li {kind} US 300       ->  li proposed
        lab opens 200                     ->  li proposed, declared 0 taken
        li  accepts                       ->  licence.conflict
        lab closes                        ->  li proposed, withdrawn 0 taken
        li  accepts                       ->  li signing, withdrawn 0 taken
        li  signs                         ->  li signing, withdrawn 0 taken
        lab signs li                      ->  li in_force, withdrawn 0 taken
        lab opens 200                     ->  licence.conflict
    """)
    desk.venue.close()


def test_what_a_declaration_and_a_taking_are_refused_for() -> None:
    desk = LicenceDesk.cn()
    assert desk.happens("li opens 200") == "account.not_yours"
    other = desk.declaration(FEE, account_id=desk.venue.accounts["li"])
    assert desk.venue.refusal(other, "li") == "right.not_owned"
    odd = desk.declaration(FEE, scope=desk.scope("CN", "-", "-9..0"))
    assert desk.venue.refusal(odd, "lab") == "licence.terms_invalid"
    assert desk.venue.refusal(desk.declaration(FEE, contract_sha256="0" * 64), "lab") == "document.unknown"
    desk.change_right(encumbered=True)
    assert desk.happens("lab opens 200") == "right.encumbered"
    desk = _in("open").again()
    assert desk.happens("pku takes 200") == "hold.insufficient_available"
    desk.venue.do(ClassMember(member_id=desk.venue.members["li"], standings=()))
    assert desk.happens("li takes 200") == "rule.suitability"
    desk.change_right(encumbered=True)
    assert desk.happens("wu takes 200") == "right.encumbered"
    desk.venue.close()


def test_who_declared_it_does_not_enter_the_offices_announcement() -> None:
    desk = _in("declared").again()
    publish = PublishOpenLicence(open_licence_id=desk.open_id, office_reference="O")
    assert desk.venue.refusal(publish, "lab") == "role.not_allowed"
    assert desk.venue.refusal(publish, "ops") == ""


def test_the_last_unit_of_money_takes_it_and_one_less_does_not() -> None:
    top = CASH * 100 // 101
    for fee, expected in ((top, ""), (top + 1, "hold.insufficient_available")):
        desk = LicenceDesk.cn()
        declared = desk.venue.do(desk.declaration(fee), "lab")[0]
        desk.open_id = declared.open_licence.open_licence_id  # type: ignore[attr-defined]
        assert desk.happens("ops publishes") == "open 0 taken"
        take = desk.step_of("li", ["takes", "1"])
        take = type(take)(**{name: getattr(take, name) for name in take.__struct_fields__} | {"fee_minor": Minor(fee)})
        assert desk.venue.refusal(take, "li") == expected
        desk.venue.close()


def test_the_sale_of_the_right_ends_the_declaration_and_no_licence() -> None:
    desk = _in("taken").again()
    assert len(burdens_of(desk.venue.state, desk.right_id)) == 2
    desk.buyer = "wu"
    desk.offered(price_minor=Minor(THOUSAND))
    assert desk.takes("wu", ["takes", "200"]) == "deal.state"
    desk.steps("accept", "buyer signs", "seller signs", "confirm")
    assert desk.shown() == "li in_force, ended 1 taken"
    assert len(burdens_of(desk.venue.state, desk.right_id)) == 1
    desk.venue.close()
