"""A court's order overrides all: what runs is unwound, what is free is held, and others take over what it lets go."""

from __future__ import annotations

import pytest

from custody.pledges import ConsentAct, EncumbranceState
from exchange.core.ids import to_wire
from exchange.core.units import Units
from matching.deals import DealState
from tests.pledges.stage import Vault

TOTAL = 1_000_000


@pytest.mark.parametrize(
    "steps",
    [
        (),
        ("accept",),
        ("accept", "buyer signs"),
        ("accept", "seller signs", "buyer signs"),
    ],
    ids=["proposed", "accepted", "paid", "contracted"],
)
def test_a_deal_that_is_not_yet_effective_is_unwound(steps: tuple[str, ...]) -> None:
    vault = Vault.cn()
    before = vault.money("li")
    vault.offered()
    vault.steps(*steps)
    order = vault.preserved()
    assert vault.deal().state is DealState.STOPPED
    assert (vault.money("li"), vault.escrow(), vault.held()) == (before, 0, 0)
    code, detail = vault.why(vault.proposal(), "lab")
    assert code == "right.encumbered"
    assert to_wire("EN", order) in detail
    vault.lift(order)
    assert vault.venue.refusal(vault.proposal(), "lab") == ""
    vault.venue.close()


def test_what_was_settled_stays() -> None:
    vault = Vault.cn()
    vault.offered()
    vault.steps("accept", "seller signs", "buyer signs", "confirm")
    vault.preserved()
    assert vault.owner() == "li"
    assert vault.deal().state is DealState.COMPLETED
    vault.venue.close()


@pytest.mark.parametrize(
    ("moment", "lines"),
    [
        ("announced", ""),
        ("bidding", "begin -> A open\nli bids A 800 -> A li 800"),
        ("won", "begin -> A open\nli bids A 800 -> A li 800\nend -> A awarded li 800"),
        ("paid", "begin -> A open\nli bids A 800 -> A li 800\nend -> A awarded li 800\nli signs A -> A awarded li 800"),
        ("offered", "begin -> A open\nli bids A 800 -> A li 800\nwu bids A 850 -> A wu 850\nend -> A awarded wu 850"),
    ],
)
def test_a_running_auction_is_called_off_and_every_deposit_goes_back(moment: str, lines: str) -> None:
    vault = Vault.cn()
    vault.seller = "lab"
    vault.announced("english", A=800)
    vault.enter("li", "wu")
    money = {who: vault.purse(who) for who in ("li", "wu")}
    if lines:
        vault.plays(lines)
    if moment == "offered":
        vault.wait(6, "days")  # wu does not pay: its deposit is lab's, and li is offered the right
        assert vault.lot("A").state == "offered"
        money["wu"] -= 80
    vault.preserved(asset_id=vault.assets["A"])
    assert vault.lot("A").state == "failed"
    assert {who: vault.purse(who) for who in money} == money
    assert [vault.deposit(who) for who in money] == [0, 0]
    assert vault.sale().state in ("cancelled", "closed")
    assert vault.owner_of("A") == "lab"
    vault.venue.close()


def test_no_pledge_is_enforced_and_its_auction_stops() -> None:
    vault = Vault.cn()
    pledge = vault.pledged("bank", 300)
    vault.enforced(pledge, "bank", 300)
    order = vault.preserved()
    assert vault.sale().state == "cancelled"
    code, detail = vault.why(vault.auction_of(pledge), "bank")
    assert code == "right.encumbered"
    assert to_wire("EN", order) in detail
    vault.lift(order)
    assert vault.venue.refusal(vault.auction_of(pledge), "bank") == ""
    vault.venue.close()


def test_nothing_is_pledged_that_a_court_preserves() -> None:
    vault = Vault.cn()
    asked = vault.requested("bank", 300)
    order = vault.preserved()
    code, detail = vault.why(vault.registering(asked), "ops")
    assert (code, detail.split(":")[0]) == ("pledge.checks_failed", "suspended_or_preserved")
    assert to_wire("EN", order) in detail
    vault.venue.close()


def test_a_book_of_a_preserved_right_stands_still_until_the_last_order_is_lifted() -> None:
    vault = Vault.cn()
    shares = vault.book_of_shares()
    vault.offers("thu", 5)
    right_id = vault.outcome_of(shares).right_id
    first, second = vault.preserved(asset_id=right_id), vault.preserved(asset_id=right_id)
    assert vault.held_of("thu", shares) == 0
    assert vault.venue.refusal(vault.offer("thu", 5), "thu") == "instrument.frozen"
    vault.lift(first)
    assert vault.burden(second).rank == 1
    assert vault.venue.refusal(vault.offer("thu", 5), "thu") == "instrument.frozen"
    vault.lift(second)
    assert vault.venue.refusal(vault.offer("thu", 5), "thu") == ""
    vault.venue.close()


# --- Units of shares --------------------------------------------------------------------------------------------------


def test_units_are_held_out_of_the_accounts_own_offers_where_none_are_free() -> None:
    vault = Vault.cn()
    shares = vault.book_of_shares()
    thu = {"asset_id": shares, "account_id": vault.venue.accounts["thu"]}
    vault.offers("thu", 4_000)
    vault.offers("thu", 5_000)
    order = vault.preserved(**thu, units=Units(550_000))
    assert vault.burden(order).held_units == 550_000
    assert vault.held_of("thu", shares) == 950_000  # the older offer of 400,000 stands
    code, detail = vault.why(vault.offer("thu", 501), "thu")
    assert code == "right.encumbered"
    assert to_wire("EN", order) in detail
    assert vault.why(vault.offer("thu", 500), "thu")[0] == ""
    assert vault.why(vault.offer("thu", 5_500), "thu")[0] == "right.encumbered"
    assert vault.why(vault.offer("thu", 5_501), "thu")[0] == "hold.insufficient_available"
    vault.lift(order)
    assert vault.held_of("thu", shares) == 450_000
    vault.venue.close()


def test_one_unit_more_than_the_account_has_is_refused() -> None:
    vault = Vault.cn()
    shares = vault.book_of_shares()
    thu = {"asset_id": shares, "account_id": vault.venue.accounts["thu"]}
    assert "hold.insufficient_available" in str(vault.venue.by_two(vault.order(**thu, units=Units(TOTAL + 1))))
    vault.preserved(**thu, units=Units(TOTAL))
    assert vault.held_of("thu", shares) == TOTAL
    vault.venue.close()


def test_an_ended_entry_hands_its_units_to_the_next_that_lies_on_them() -> None:
    vault = Vault.cn()
    shares = vault.book_of_shares()
    vault.seller = "thu"
    thu = {"asset_id": shares, "account_id": vault.venue.accounts["thu"]}
    terms = {"asset_id": shares, "annuity_receipt_sha256": None, "twin_filing": None, "invalidation": None}
    first = vault.pledged("bank", 300, units=Units(600_000), **terms)
    second = vault.second(first, "bank", "fund", 100, units=Units(600_000), behind_id=first, **terms)
    order = vault.preserved(**thu, units=Units(500_000))
    held = [vault.burden(each).held_units for each in (first, second, order)]
    assert held == [600_000, 0, 400_000]
    assert vault.held_of("thu", shares) == TOTAL
    assert vault.release(first, "bank") == ""
    assert [vault.burden(each).held_units for each in (second, order)] == [600_000, 400_000]
    assert vault.burden(second).rank == 1
    assert vault.release(second, "fund") == ""
    assert vault.burden(order).held_units == 500_000
    assert vault.held_of("thu", shares) == 500_000
    vault.lift(order)
    assert vault.held_of("thu", shares) == 0
    vault.venue.close()


def test_pledged_units_cannot_be_offered_and_are_not_enforced_here() -> None:
    vault = Vault.cn()
    shares = vault.book_of_shares()
    vault.seller = "thu"
    terms = {"asset_id": shares, "annuity_receipt_sha256": None, "twin_filing": None, "invalidation": None}
    pledge = vault.pledged("bank", 300, units=Units(600_000), **terms)
    assert vault.why(vault.offer("thu", 4_001), "thu")[0] == "right.encumbered"
    vault.offers("thu", 4_000)
    assert vault.venue.refusal(vault.enforcement(pledge, "bank", 300), "bank") == "pledge.not_supported"
    vault.venue.close()


def test_more_offers_than_one_step_may_end_are_ended_by_the_next() -> None:
    vault = Vault.cn()
    shares = vault.book_of_shares()
    for _ in range(130):
        vault.offers("thu", 50)
    order = vault.preserved(asset_id=shares, account_id=vault.venue.accounts["thu"], units=Units(TOTAL))
    assert vault.burden(order).held_units == 850_000  # a hundred offers ended at once
    vault.venue.pass_time(seconds=2)
    vault.tick()
    assert vault.burden(order).held_units == TOTAL
    assert vault.burden(order).state is EncumbranceState.ORDERED
    assert not vault.venue.state.orders
    vault.venue.close()


def test_a_pledge_by_consent_alone_is_no_way_round_an_order() -> None:
    vault = Vault.cn()
    pledge = vault.pledged("bank", 300)
    vault.consents(pledge, "bank", ConsentAct.SALE)
    vault.preserved()
    assert vault.why(vault.proposal(), "lab")[0] == "right.encumbered"
    vault.venue.close()
