"""A pledge from its request to its end: what it blocks, who ranks where, who is paid what."""

from __future__ import annotations

from custody.pledges import ConsentAct, EncumbranceState, Proceeds
from exchange.core.ids import to_wire
from exchange.core.instruments import Side
from tests.deals.stage import FEE, PRICE
from tests.pledges.stage import Vault
from tests.sales.stage import THOUSAND


def test_a_pledge_arises_with_its_registration_and_not_before() -> None:
    vault = Vault.cn()
    asked = vault.requested("bank", 300)
    assert vault.burden(asked).state is EncumbranceState.REQUESTED
    assert vault.venue.refusal(vault.proposal(), "lab") == ""
    assert vault.venue.refusal(vault.registering(asked), "ops") == "deal.state"
    vault.venue.close()


def test_what_is_pledged_is_not_sold_and_the_refusal_names_the_entry() -> None:
    vault = Vault.cn()
    entry = to_wire("EN", vault.pledged("bank", 300))
    for command in (vault.proposal(), vault.whole("lab", vault.right_id)):
        code, detail = vault.why(command, "lab")
        assert code == "right.encumbered"
        assert entry in detail
    vault.venue.close()


def test_a_released_right_is_free_again() -> None:
    vault = Vault.cn()
    first = vault.pledged("bank", 300)
    assert vault.release(first, "fund") == "pledge.not_party"
    assert vault.release(first, "bank") == ""
    assert vault.venue.refusal(vault.proposal(), "lab") == ""
    assert vault.release(first, "bank") == "encumbrance.unknown"
    vault.venue.close()


def test_an_enforced_right_pays_its_pledgees_by_rank_and_the_owner_the_rest() -> None:
    vault = Vault.cn()
    first = vault.pledged("bank", 300)
    second = vault.second(first, "bank", "fund", 200)
    vault.enforced(second, "fund", 150)
    for who in ("li", "wu"):
        vault.entry_papers(who)
    before = {who: vault.money(who) for who in ("bank", "fund", "lab")}
    vault.plays(
        """
        begin            ->  A open
        li bids A 800    ->  A li 800
        end              ->  A awarded li 800
        """
    )
    assert vault.signs("lab", Side.SELL) == "deal.not_party"
    assert vault.signs("li", Side.BUY) == ""
    assert vault.signs("fund", Side.SELL) == ""
    vault.plays("ops records A -> A sold li 800")
    fee = vault.deal_of("A").seller_fee_minor
    assert vault.money("bank") - before["bank"] == 300 * THOUSAND
    assert vault.money("fund") - before["fund"] == 150 * THOUSAND
    assert vault.money("lab") - before["lab"] == 350 * THOUSAND - fee
    assert [vault.burden(each).state for each in (first, second)] == [EncumbranceState.ENFORCED] * 2
    assert vault.owner_of("A") == "li"
    assert vault.venue.state.encumbrances == {}
    vault.venue.close()


def test_a_sale_with_consent_prepays_or_deposits_what_is_secured() -> None:
    vault = Vault.cn()
    first = vault.pledged("bank", 300)
    second = vault.second(first, "bank", "fund", 200)
    vault.consents(first, "bank", ConsentAct.SALE, member_id=vault.venue.members["li"], least_minor=PRICE)
    assert vault.venue.refusal(vault.proposal(), "lab") == "right.encumbered"
    vault.consents(second, "fund", ConsentAct.SALE, proceeds=Proceeds.DEPOSIT)
    assert vault.venue.refusal(vault.proposal(price_minor=PRICE - 1), "lab") == "right.encumbered"
    assert vault.venue.refusal(vault.proposal(buyer_account_id=vault.venue.accounts["wu"]), "lab") == "right.encumbered"
    vault.offered()
    before = {who: vault.money(who) for who in ("bank", "fund", "lab")}
    vault.steps("accept", "seller signs", "buyer signs", "confirm")
    assert vault.money("bank") - before["bank"] == 300 * THOUSAND
    assert vault.money("fund") == before["fund"]
    assert vault.money("lab") - before["lab"] == PRICE - FEE - 300 * THOUSAND
    assert vault.held_of("lab", vault.bank().money_asset_id) == 200 * THOUSAND
    assert vault.burden(second).state is EncumbranceState.DEPOSITED
    assert vault.owner() == "li"
    assert vault.release(second, "fund") == ""
    assert vault.held_of("lab", vault.bank().money_asset_id) == 0
    vault.venue.close()
