"""Who is refused what: the office's check list row by row, and every step in every state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from custody.pledges import ConsentAct, ConsentPledge, EncumbranceState, Proceeds, RefusePledge, ReleasePledge
from custody.rights import RegisterRight, RightRegistered
from exchange.assets.kinds import PatentStatus
from exchange.assets.messages import PatentStub
from exchange.core.ids import AccountId, EncumbranceId
from exchange.core.instruments import Side
from exchange.core.messages import Command, Header, Record
from exchange.core.postings import Movement
from exchange.core.units import Minor, Units
from exchange.engine.pledge_checks import CHECKS
from exchange.engine.rights import patents_of
from exchange.engine.state import ExchangeState
from matching.listing_messages import DelistListing
from matching.sale_messages import CancelSale, ListingRepriced, RepriceListing
from tests.pledges.stage import Vault

Change = Callable[[Vault], dict[str, Any]]


def _patent(**changed: Any) -> Change:
    """Change the patent at hand as later papers would."""

    def change(vault: Vault) -> dict[str, Any]:
        def seed(state: ExchangeState, header: Header) -> list[Record | Movement]:
            del header
            [patent] = patents_of(state, vault.right_of(vault.right_id))
            stub: PatentStub = msgspec.structs.replace(patent, **changed)
            state.put(stub)
            return [stub]

        vault.venue.seed(seed)
        return {}

    return change


def _terms(**changed: Any) -> Change:
    return lambda _: changed


def _another_lender(vault: Vault) -> dict[str, Any]:
    vault.pledged("fund", 100)
    return {}


def _co_owned(vault: Vault) -> dict[str, Any]:
    """The right of an outcome that two institutions own; the other has said nothing."""
    vault.seller = "thu"
    outcome_id = vault.outcome("thu", co_owner_ids=(vault.venue.members["pku"],))
    command = RegisterRight(account_id=vault.venue.accounts["thu"], outcome_id=outcome_id)
    vault.right_id = vault.venue.make(command, RightRegistered, "thu").right.asset_id
    return {"account_id": vault.venue.accounts["thu"], "asset_id": vault.right_id}


def _unfiled(vault: Vault) -> dict[str, Any]:
    """A contract that only the owner put on file."""
    return {"contract_sha256": vault.file("lab", "a contract of one side")}


def _preserved(vault: Vault) -> dict[str, Any]:
    vault.preserved()
    return {}


def _sold(vault: Vault) -> dict[str, Any]:
    """The right is another's by now."""
    vault.offered()
    vault.steps("accept", "seller signs", "buyer signs", "confirm")
    return {}


ROWS: tuple[tuple[str, Change], ...] = (
    ("not_registered_owner", _sold),
    ("not_registered_owner", _patent(owner_id=1)),
    ("ended_or_invalid", _patent(status=PatentStatus.REVOKED)),
    ("ended_or_invalid", _patent(nominal_expiry="2026-03-02")),
    ("not_granted", _patent(status=PatentStatus.PUBLISHED)),
    ("annuity_unpaid", _terms(annuity_receipt_sha256=None)),
    ("annuity_unpaid", _terms(annuity_receipt_sha256="0" * 64)),
    ("suspended_or_preserved", _patent(status=PatentStatus.SUSPENDED)),
    ("suspended_or_preserved", _preserved),
    ("debt_beyond_life", _patent(nominal_expiry="2027-02-28")),
    ("debt_beyond_life", _patent(nominal_expiry="")),
    ("contract_defect", _unfiled),
    ("contract_defect", _terms(debt_from="2027-03-01")),
    ("contract_defect", _terms(debt_from="2025-03-01", debt_until="2026-03-02")),
    ("consent_missing", _co_owned),
    ("already_pledged", _another_lender),
    ("already_pledged", _patent(encumbered=True)),
    ("twin_undeclared", _terms(twin_filing=None)),
    ("invalidation_undeclared", _terms(invalidation=None)),
)


@pytest.mark.parametrize(("row", "change"), ROWS, ids=[f"{row} {place}" for place, (row, _) in enumerate(ROWS)])
def test_each_row_of_the_check_list_fails_alone_or_with_what_follows_from_it(row: str, change: Change) -> None:
    vault = Vault.cn()
    changed = change(vault)
    code, detail = vault.why(vault.request("bank", 300, **changed), vault.seller)
    failed = [each.split(":")[0] for each in detail.split("; ")]
    assert code == "pledge.checks_failed"
    assert row in failed
    assert set(failed) - {row} <= {"debt_beyond_life", "ended_or_invalid"}


def test_every_row_of_the_list_is_shown_to_fail() -> None:
    assert {row for row, _ in ROWS} == {check.code for check in CHECKS}
    assert len(CHECKS) == 11


def test_an_answer_lists_every_row_that_failed_in_the_lists_order() -> None:
    vault = Vault.cn()
    vault.pledged("fund", 100)
    command = vault.request("bank", 300, annuity_receipt_sha256=None, twin_filing=None, debt_until="2026-02-28")
    _, detail = vault.why(command, "lab")
    failed = [each.split(":")[0] for each in detail.split("; ")]
    assert failed == ["annuity_unpaid", "contract_defect", "already_pledged", "twin_undeclared"]
    vault.venue.close()


def test_the_list_is_asked_again_when_the_office_registers() -> None:
    vault = Vault.cn()
    first, second = vault.requested("bank", 300), vault.requested("fund", 100)
    assert vault.venue.refusal(vault.registering(first), "ops") == ""
    assert vault.why(vault.registering(second), "ops")[0] == "pledge.checks_failed"
    vault.consents(first, "bank", ConsentAct.PLEDGE, member_id=vault.venue.members["li"])
    assert vault.why(vault.registering(second), "ops")[0] == "pledge.checks_failed"
    vault.consents(first, "bank", ConsentAct.PLEDGE, member_id=vault.venue.members["fund"])
    assert vault.venue.refusal(vault.registering(second), "ops") == ""
    assert [vault.burden(each).rank for each in (first, second)] == [1, 2]
    assert vault.release(first, "bank") == ""
    assert vault.burden(second).rank == 1
    vault.venue.close()


def test_a_co_owner_consents_by_a_paper_it_filed_itself() -> None:
    vault = Vault.cn()
    changed = _co_owned(vault)
    by_owner = vault.file("thu", "consent")
    assert vault.why(vault.request("bank", 300, documents=(by_owner,), **changed), "thu")[0] == "pledge.checks_failed"
    by_other = vault.file("pku", "consent")
    assert vault.why(vault.request("bank", 300, documents=(by_other,), **changed), "thu")[0] == ""
    vault.venue.close()


REQUESTS: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("somebody else's account", "li", {}, "account.not_yours"),
    ("no such pledgee", "lab", {"pledgee_account_id": AccountId(5)}, "account.unknown"),
    ("the venue's own account", "lab", {"pledgee_account_id": "escrow"}, "account.unknown"),
    ("no such right", "lab", {"asset_id": 5}, "asset.unknown"),
    ("money is no pledge", "lab", {"asset_id": "money"}, "asset.unknown"),
    ("a debt in something else", "lab", {"money_asset_id": 5}, "asset.unknown"),
    ("a part of a right", "lab", {"units": Units(1)}, "pledge.terms_invalid"),
    ("a rank that is not asked for", "lab", {"behind_id": EncumbranceId(5)}, "pledge.terms_invalid"),
    ("no such day", "lab", {"debt_until": "2027-02-30"}, "pledge.terms_invalid"),
)


@pytest.mark.parametrize(("who", "changed", "code"), [row[1:] for row in REQUESTS], ids=[row[0] for row in REQUESTS])
def test_a_request_is_refused(who: str, changed: dict[str, Any], code: str) -> None:
    vault = Vault.cn()
    named = {"escrow": vault.bank().escrow_id, "money": vault.bank().money_asset_id}
    given = {field: named.get(value, value) if isinstance(value, str) else value for field, value in changed.items()}
    assert vault.venue.refusal(vault.request("bank", 300, **given), who) == code
    vault.venue.close()


# --- Every step in every state ----------------------------------------------------------------------------------------

STEPS = ("register", "refuse", "consent", "release", "enforce")


def _step(vault: Vault, step: str, pledge: EncumbranceId) -> tuple[Command, str]:
    match step:
        case "register":
            return vault.registering(pledge), "ops"
        case "refuse":
            return RefusePledge(encumbrance_id=pledge, reason="a paper is missing"), "ops"
        case "consent":
            return vault.consent(pledge, "bank", ConsentAct.SALE), "bank"
        case "release":
            return ReleasePledge(encumbrance_id=pledge), "bank"
        case _:
            return vault.enforcement(pledge, "bank", 300), "bank"


def _at(vault: Vault, state: EncumbranceState) -> EncumbranceId:
    """A pledge of bank in this state."""
    match state:
        case EncumbranceState.REQUESTED:
            return vault.requested("bank", 300)
        case EncumbranceState.REFUSED:
            pledge = vault.requested("bank", 300)
            assert not vault.venue.refusal(*_step(vault, "refuse", pledge))
        case EncumbranceState.DEPOSITED:
            pledge = vault.pledged("bank", 300)
            vault.consents(pledge, "bank", ConsentAct.SALE, proceeds=Proceeds.DEPOSIT)
            vault.offered()
            vault.steps("accept", "seller signs", "buyer signs", "confirm")
        case EncumbranceState.ENFORCED:
            pledge = _sold_by_auction(vault)
        case EncumbranceState.ORDERED | EncumbranceState.LIFTED:
            pledge = vault.preserved()
            if state is EncumbranceState.LIFTED:
                vault.lift(pledge)
        case _:
            pledge = vault.pledged("bank", 300)
            step = {EncumbranceState.ENFORCING: "enforce", EncumbranceState.RELEASED: "release"}.get(state)
            assert step is None or not vault.venue.refusal(*_step(vault, step, pledge))
    assert vault.burden(pledge).state is state
    return pledge


def _sold_by_auction(vault: Vault) -> EncumbranceId:
    pledge = vault.pledged("bank", 300)
    vault.enforced(pledge, "bank", 300)
    for who in ("li", "wu"):
        vault.entry_papers(who)
    vault.plays("begin -> A open\nli bids A 800 -> A li 800\nend -> A awarded li 800")
    assert not vault.signs("li", Side.BUY)
    assert not vault.signs("bank", Side.SELL)
    vault.plays("ops records A -> A sold li 800")
    return pledge


UNKNOWN = dict.fromkeys(STEPS, "encumbrance.unknown")
TABLE: dict[EncumbranceState, dict[str, str]] = {
    EncumbranceState.REQUESTED: {
        "register": "",
        "refuse": "",
        "consent": "pledge.state",
        "release": "pledge.state",
        "enforce": "pledge.state",
    },
    EncumbranceState.REGISTERED: {
        "register": "pledge.state",
        "refuse": "pledge.state",
        "consent": "",
        "release": "",
        "enforce": "",
    },
    EncumbranceState.ENFORCING: {
        "register": "pledge.state",
        "refuse": "pledge.state",
        "consent": "pledge.state",
        "release": "",
        "enforce": "listing.state",
    },
    EncumbranceState.DEPOSITED: {
        "register": "pledge.state",
        "refuse": "pledge.state",
        "consent": "pledge.state",
        "release": "",
        "enforce": "pledge.state",
    },
    **dict.fromkeys(
        (
            EncumbranceState.ORDERED,
            EncumbranceState.REFUSED,
            EncumbranceState.RELEASED,
            EncumbranceState.ENFORCED,
            EncumbranceState.LIFTED,
        ),
        UNKNOWN,
    ),
}


def test_the_table_knows_every_state_and_step() -> None:
    assert set(TABLE) == set(EncumbranceState)
    assert all(set(row) == set(STEPS) for row in TABLE.values())


@pytest.mark.parametrize("state", list(EncumbranceState))
def test_every_step_in_every_state(state: EncumbranceState) -> None:
    vault = Vault.cn()
    pledge = _at(vault, state)
    before = vault.again()
    for step in STEPS:
        trial = before.again()
        assert trial.venue.refusal(*_step(trial, step, pledge)) == TABLE[state][step], f"{step} of a {state} one"
        trial.venue.close()


# --- Consents, enforcement --------------------------------------------------------------------------------------------

CONSENTS: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("the owner's word", {}, "lab", "pledge.not_party"),
    ("nobody of that number", {"member_id": 5}, "bank", "member.unknown"),
    ("more than is secured", {"claimed_minor": Minor(30_000_001)}, "bank", "pledge.terms_invalid"),
    ("all that is secured", {"claimed_minor": Minor(30_000_000)}, "bank", ""),
    ("a price for a licence", {"act": ConsentAct.LICENCE, "least_minor": Minor(1)}, "bank", "pledge.terms_invalid"),
    ("a paper nobody filed", {"document_sha256": "0" * 64}, "bank", "document.unknown"),
)


@pytest.mark.parametrize(("changed", "who", "code"), [row[1:] for row in CONSENTS], ids=[row[0] for row in CONSENTS])
def test_a_consent_is_refused(changed: dict[str, Any], who: str, code: str) -> None:
    vault = Vault.cn()
    pledge = vault.pledged("bank", 300)
    terms: dict[str, Any] = {
        "encumbrance_id": pledge,
        "act": ConsentAct.SALE,
        "document_sha256": vault.file("bank", "consent"),
    }
    assert vault.venue.refusal(ConsentPledge(**(terms | changed)), who) == code
    vault.venue.close()


ENFORCEMENTS: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("the owner", {}, "lab", "pledge.not_party"),
    ("no such market", {"market_id": 5}, "bank", "market.unknown"),
    ("a market in other money", {"market_id": "sandbox"}, "bank", "currency.mismatch"),
    ("more than is secured", {"claimed_minor": Minor(30_000_001)}, "bank", "pledge.terms_invalid"),
    ("no paper of the default", {"evidence": ("0" * 64,)}, "bank", "document.unknown"),
    ("a disclosure nobody filed", {"disclosure_sha256": "0" * 64}, "bank", "document.unknown"),
)


@pytest.mark.parametrize(
    ("changed", "who", "code"), [each[1:] for each in ENFORCEMENTS], ids=[each[0] for each in ENFORCEMENTS]
)
def test_an_enforcement_is_refused(changed: dict[str, Any], who: str, code: str) -> None:
    vault = Vault.cn()
    pledge = vault.pledged("bank", 300)
    if changed.get("market_id") == "sandbox":
        changed = {"market_id": vault.venue.market_id}
    assert vault.venue.refusal(vault.enforcement(pledge, "bank", 300, **changed), who) == code
    vault.venue.close()


def test_one_pledgee_enforces_at_a_time_and_the_owner_may_do_nothing_beside_it() -> None:
    vault = Vault.cn()
    first = vault.pledged("bank", 300)
    second = vault.second(first, "bank", "fund", 200)
    assert vault.venue.refusal(vault.enforcement(first, "bank", 300), "bank") == ""
    assert vault.venue.refusal(vault.enforcement(second, "fund", 200), "fund") == "pledge.state"
    assert vault.venue.refusal(vault.proposal(), "lab") == "right.encumbered"
    assert vault.venue.refusal(vault.whole("lab", vault.right_id), "lab") == "right.encumbered"
    vault.venue.close()


def test_only_the_pledgee_runs_the_auction_and_it_does_not_bid_in_it() -> None:
    vault = Vault.cn()
    pledge = vault.pledged("bank", 300)
    vault.enforced(pledge, "bank", 300)
    assert vault.release(pledge, "bank") == "sale.state"
    assert vault.venue.refusal(vault.registration("bank"), "bank") == "sale.barred"
    assert vault.venue.refusal(vault.registration("lab"), "lab") == "sale.barred"
    cancel = CancelSale(sale_id=vault.sale_id, reason="the debt is paid")
    assert vault.venue.refusal(cancel, "lab") == "account.not_yours"
    assert vault.venue.refusal(cancel, "bank") == ""
    delist = DelistListing(listing_id=vault.burden(pledge).listing_id, reason="no")
    assert vault.venue.refusal(delist, "lab") == "account.not_yours"
    assert vault.release(pledge, "bank") == ""
    assert vault.venue.refusal(vault.proposal(), "lab") == ""
    vault.venue.close()


def test_what_finds_no_buyer_is_listed_lower_and_sold_again() -> None:
    vault = Vault.cn()
    pledge = vault.pledged("bank", 300)
    vault.enforced(pledge, "bank", 300)
    vault.entry_papers("li")
    vault.plays("begin -> A failed: one bidder")
    assert vault.deposit("li") == 0
    lower = RepriceListing(
        listing_id=vault.burden(pledge).listing_id,
        price_minor=Minor(64_000_000),
        decision_sha256=vault.file("ops", "decision"),
    )
    assert any(isinstance(event, ListingRepriced) for event in vault.venue.by_two(lower))
    vault.auctioned(pledge, "bank")
    for who in ("li", "wu"):
        vault.entry_papers(who)
    vault.plays("begin -> A open\nli bids A 640 -> A li 640\nend -> A awarded li 640")
    vault.venue.close()
