"""Each state and each step: allowed, or refused with which code; and what refuses a pool, an asset or a valuation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from exchange.core.ids import EncumbranceId
from exchange.core.units import Minor
from securitization.pool_records import DeclaredFlow, PoolAssetKind, PoolKind
from securitization.pool_rules import RuleKind
from tests.pools.stage import ISSUER, Yard, rule
from tests.sales.stage import THOUSAND

# --- Opening ----------------------------------------------------------------------------------------------------------

OPENINGS: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("somebody else's account", {}, "wu", "account.not_yours"),
    ("no such account", {"issuer_account_id": 5}, ISSUER, "account.unknown"),
    ("no money", {"money_asset_id": "right"}, ISSUER, "asset.unknown"),
    ("no such day", {"final_date": "2027-02-30"}, ISSUER, "pool.invalid"),
    ("an end on the cut-off", {"final_date": "2026-03-02"}, ISSUER, "pool.invalid"),
    ("an end a day later", {"final_date": "2026-03-03"}, ISSUER, ""),
    ("a static pool that revolves", {"revolving_until": "2026-09-01"}, ISSUER, "pool.invalid"),
    ("a revolving one without a date", {"kind": PoolKind.REVOLVING}, ISSUER, "pool.invalid"),
    (
        "one that revolves to its end",
        {"kind": PoolKind.REVOLVING, "revolving_until": "2027-03-02"},
        ISSUER,
        "pool.invalid",
    ),
    ("a rule without sense", {"rules": (rule("debtor_to"),)}, ISSUER, "pool.invalid"),
)


@pytest.mark.parametrize(("changed", "who", "code"), [row[1:] for row in OPENINGS], ids=[row[0] for row in OPENINGS])
def test_an_opening_is_refused(changed: dict[str, Any], who: str, code: str) -> None:
    yard = Yard.cn()
    if changed.get("money_asset_id") == "right":
        changed = {"money_asset_id": yard.right_id}
    assert yard.venue.refusal(yard.opening(**changed), who) == code
    yard.venue.close()


# --- Registering ------------------------------------------------------------------------------------------------------


def _flows(*flows: tuple[str, int]) -> dict[str, Any]:
    return {"flows": tuple(DeclaredFlow(due_date=day, principal_minor=Minor(owed)) for day, owed in flows)}


REGISTRATIONS: tuple[tuple[str, Callable[[Yard], dict[str, Any]], str, str], ...] = (
    ("another's account", lambda _: {}, "wu", "account.not_yours"),
    ("no such pool", lambda _: {"pool_id": 5}, "lab", "pool.unknown"),
    ("no right", lambda yard: {"right_asset_id": yard.cny}, "lab", "asset.unknown"),
    ("no debtor", lambda _: {"debtor_account_id": None}, "lab", "pool_asset.invalid"),
    ("two debtors", lambda _: {"debtor_code": "X"}, "lab", "pool_asset.invalid"),
    ("no such debtor", lambda _: {"debtor_account_id": 5}, "lab", "account.unknown"),
    ("its own debtor", lambda yard: {"debtor_account_id": yard.venue.accounts["lab"]}, "lab", "pool_asset.invalid"),
    ("no such day", lambda _: _flows(("2027-02-30", 1)), "lab", "pool_asset.invalid"),
    ("days that fall", lambda _: _flows(("2027-01-02", 1), ("2027-01-01", 1)), "lab", "pool_asset.invalid"),
    ("a day twice", lambda _: _flows(("2027-01-01", 1), ("2027-01-01", 1)), "lab", "pool_asset.invalid"),
    ("nothing owed", lambda _: _flows(("2027-01-01", 0)), "lab", "pool_asset.invalid"),
    ("one unit owed", lambda _: _flows(("2027-01-01", 1)), "lab", ""),
    ("a pledge that is none", lambda _: {"encumbrance_id": EncumbranceId(5)}, "lab", "encumbrance.unknown"),
    ("a loan without a pledge", lambda _: {"kind": PoolAssetKind.PLEDGE_LOAN}, "lab", "encumbrance.unknown"),
    ("a pledge of another's", lambda yard: {"encumbrance_id": yard.pledged("bank", 100)}, "lab", "encumbrance.unknown"),
    ("a paper nobody filed", lambda _: {"contract_sha256": "0" * 64}, "lab", "document.unknown"),
    (
        "a right that is not held",
        lambda yard: {"originator_account_id": yard.venue.accounts["bank"]},
        "bank",
        "right.not_owned",
    ),
    (
        "the issuer's own",
        lambda yard: {"originator_account_id": yard.venue.accounts[ISSUER]},
        ISSUER,
        "pool_asset.invalid",
    ),
)


@pytest.mark.parametrize(
    ("changed", "who", "code"), [row[1:] for row in REGISTRATIONS], ids=[row[0] for row in REGISTRATIONS]
)
def test_a_registration_is_refused(changed: Callable[[Yard], dict[str, Any]], who: str, code: str) -> None:
    yard = Yard.cn()
    yard.opened()
    assert yard.venue.refusal(yard.receivable("wu", 300, **changed(yard)), who) == code
    yard.venue.close()


# --- The rest ---------------------------------------------------------------------------------------------------------


def test_only_the_issuer_fills_seals_and_buys() -> None:
    yard = Yard.cn()
    yard.opened()
    asset, other = yard.pooled("wu", 300), yard.fee("mei", 300)
    steps = [yard.step(name) for name in ("check", "seal", "sell", "withdraw pool")]
    steps += [
        yard.step("add", other),
        yard.step("remove", asset),
        yard.step("substitute", asset, by_pool_asset_id=other),
    ]
    for command, _ in steps:
        assert yard.venue.refusal(command, "wu") == "pool.not_party", command
    assert yard.venue.refusal(yard.step("check")[0], "ops") == ""
    assert yard.venue.refusal(yard.step("withdraw", other)[0], ISSUER) == "account.not_yours"
    yard.venue.close()


def test_a_pool_is_sealed_at_its_cut_off_and_not_empty() -> None:
    yard = Yard.cn()
    yard.opened(cut_off_date="2026-03-20")
    assert yard.does("seal") == "pool.invalid"
    asset = yard.pooled("wu", 300)
    assert "2026-03-20" in yard.failing("seal")
    yard.wait(30, "days")
    assert yard.does("remove", asset) == ""
    assert yard.failing("seal") == "it is empty"
    assert yard.does("add", asset) == "" and yard.does("seal") == ""
    yard.venue.close()


def test_a_newcomer_is_asked_alone_and_the_seal_asks_all() -> None:
    yard = Yard.cn()
    yard.opened(rule("arrears_to", value=30), rule("debtor_to", value=500_000))
    late = yard.fee("wu", 300, arrears_days=31)
    assert yard.does("add", late) == "pool.rules_failed"
    yard.pooled("mei", 300, arrears_days=30)
    assert yard.does("seal") == "pool.rules_failed"
    yard.pooled("wu", 300)
    assert yard.does("seal") == ""
    yard.venue.close()


SALES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("another seal", {"seal_sha256": "0" * 64}, "pool.seal_changed"),
    ("a unit below par", {"price_minor": Minor(300 * THOUSAND - 1)}, "pool.price"),
    ("no agreement on file", {"agreement_sha256": "0" * 64}, "document.unknown"),
    ("more than the issuer has", {"price_minor": Minor(2**50)}, "hold.insufficient_available"),
    ("par", {}, ""),
)


@pytest.mark.parametrize(("changed", "code"), [row[1:] for row in SALES], ids=[row[0] for row in SALES])
def test_a_sale_is_refused(changed: dict[str, Any], code: str) -> None:
    yard = Yard.cn()
    yard.opened()
    yard.pooled("wu", 300)
    assert not yard.does("seal")
    assert yard.does("sell", **changed) == code
    yard.venue.close()


VALUATIONS: tuple[tuple[str, Callable[[Yard], dict[str, Any]], str, str], ...] = (
    ("no right", lambda yard: {"right_asset_id": yard.cny}, "val", "asset.unknown"),
    ("no money", lambda yard: {"money_asset_id": yard.right_id}, "val", "asset.unknown"),
    ("a day to come", lambda _: {"valued_on": "2030-01-01"}, "val", "valuation.invalid"),
    ("a day before the last one's", lambda _: {"valued_on": "2026-01-01"}, "val", "valuation.invalid"),
    ("a paper nobody filed", lambda _: {"document_sha256": "0" * 64}, "val", "document.unknown"),
    ("an investor", lambda _: {}, ISSUER, "role.not_allowed"),
    ("the same day again", lambda _: {}, "val", ""),
)


@pytest.mark.parametrize(
    ("changed", "who", "code"), [row[1:] for row in VALUATIONS], ids=[row[0] for row in VALUATIONS]
)
def test_a_valuation_is_refused(changed: Callable[[Yard], dict[str, Any]], who: str, code: str) -> None:
    yard = Yard.cn()
    yard.valued(500)
    assert yard.venue.refusal(yard.valuation(400, **changed(yard)), who) == code
    yard.venue.close()


def test_whoever_pools_does_not_value() -> None:
    yard = Yard.cn()
    yard.opened(issuer_account_id=yard.venue.accounts[ISSUER])
    command = yard.opening(issuer_account_id=yard.venue.accounts["agent"])
    from securitization.pool_messages import PoolOpened

    yard.pool_id = yard.venue.make(command, PoolOpened, "agent").pool.pool_id
    assert yard.venue.refusal(yard.valuation(400, document_sha256=yard.file("agent", "valuation")), "agent") == ""
    yard.fee("wu", 300)
    own = yard.valuation(400, document_sha256=yard.file("agent", "valuation"))
    assert yard.venue.refusal(own, "agent") == "valuation.not_independent"
    yard.venue.close()


def test_every_kind_of_rule_is_a_word_of_the_wire() -> None:
    assert all(kind.value == kind.name.lower() for kind in RuleKind)
