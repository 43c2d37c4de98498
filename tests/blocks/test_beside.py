"""Blocks beside everything else: second signatures, insiders, what is behind the shares, notes that are paid back."""

from __future__ import annotations

import json

import msgspec
import pytest

from custody.consents import ConsentAct, GiveConsent
from custody.preservations import OrderPreservation
from custody.reconciliation import Suspension
from exchange.core.ids import ReconciliationId, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.messages import Rejected
from exchange.core.node_messages import ApprovalRequested, GrantApproval
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor, TimeNs, Units
from exchange.engine.outcomes import rights_of_outcome
from exchange.rulebook import shipped
from exchange.rulebook.four_eyes import Guarded
from matching.deals import DealProposed, ProposeDeal
from matching.listing_messages import OpenMarket
from matching.notice_messages import OpenInsiderList
from securitization.messages import PayProduct
from tests.blocks.stage import Floor
from tests.four_eyes.stage import rules
from tests.listings.stage import House
from tests.pledges.stage import Vault
from tests.products.test_products import Desk
from tests.support import publish, sandbox_text


def test_a_block_above_the_value_waits_for_a_second_user_and_one_at_it_does_not() -> None:
    floor = Floor.shares(four_eyes=rules(5_000, "approve", Guarded.PROPOSE_DEAL))
    floor.venue.user("thu-checker", "thu", rights=(UserRight.VIEW, UserRight.APPROVE))
    floor.plays("a: thu sells li 100 for 5000 -> proposed")
    waits, *_ = floor.venue.do(floor.proposal("thu", "li", 100, 5_001), "thu")
    assert isinstance(waits, ApprovalRequested)
    assert floor.held("thu") == 100
    events = floor.venue.do(GrantApproval(approval_id=waits.approval.approval_id), "thu-checker")
    assert any(isinstance(event, DealProposed) for event in events)
    assert floor.held("thu") == 200


def test_an_insider_neither_sells_nor_buys_a_block_and_the_other_side_is_not_told() -> None:
    floor = Floor.shares()
    li = floor.venue.members["li"]
    floor.venue.do(OpenInsiderList(asset_id=floor.asset_id, matter="Licence talks", users=(), members=(li,)), "thu")
    floor.plays("""
        a: thu sells li 100 for 1000   ->  proposed
        li accepts a                   ->  rule.insider
        b: thu sells wu 100 for 1000   ->  proposed
        wu accepts b                   ->  signing
    """)


def test_a_court_that_stops_the_right_stops_the_blocks_of_its_shares_and_names_the_entry() -> None:
    floor = Floor.shares()
    floor.plays("""
        a: thu sells li 100 for 1000   ->  proposed
        li accepts a                   ->  signing
    """)
    rights = rights_of_outcome(floor.venue.state, floor.outcome_of(floor.asset_id))
    assert not isinstance(rights, Rejected)
    floor.venue.by_two(
        OrderPreservation(
            asset_id=rights[0].asset_id, court="Court", reference="(2026) 9", document_sha256=floor.file("ops", "order")
        )
    )
    rejected = floor.rejected(floor.command("li", "signs", "a"), "li")
    assert rejected.code is RejectCode.RIGHT_ENCUMBERED
    assert "EN1-" in rejected.detail and "(2026) 9" in rejected.detail


def test_what_another_holder_pledged_is_no_business_of_this_block_and_what_the_seller_pledged_is() -> None:
    vault = Vault.cn()
    shares = vault.book_of_shares()
    vault.seller = "thu"
    terms = {"asset_id": shares, "annuity_receipt_sha256": None, "twin_filing": None, "invalidation": None}
    pledge = vault.pledged("bank", 300, units=Units(600_000), **terms)
    floor = Floor(vault.venue)
    floor.serial, floor.asset_id, floor.market = vault.serial, shares, vault.venue.market_id
    for name in ("li", "lab"):
        floor.venue.deposit(name, 1_000_000)
    rejected = floor.rejected(floor.proposal("thu", "li", 400_001, 100_000), "thu")
    assert rejected.code is RejectCode.RIGHT_ENCUMBERED
    assert to_wire("EN", pledge) in rejected.detail
    bank, thu = floor.venue.cash("bank"), floor.venue.cash("thu")
    floor.sold("a", "thu", "li", 400_000, 100_000)
    assert (floor.venue.cash("bank"), floor.venue.cash("thu")) == (bank, thu + 100_000 - 100)
    floor.sold("b", "li", "lab", 200_000, 60_000)
    assert floor.venue.cash("li") == 1_000_000 - 100_000 - 100 + 60_000 - 100
    assert vault.burden(pledge).held_units == 600_000


def test_a_state_universitys_block_is_shown_where_the_market_asks_for_it() -> None:
    floor = Floor.shares(publicity="disposal_overlay")
    publish(floor.venue, PublishedKind.OVERLAYS, shipped.overlays_text())
    floor.plays("""
        a: thu sells li 1000 for 5000   ->  proposed
        li accepts a                    ->  publicity
        li signs a                      ->  deal.publicity_running
        wait 16                         ->
        li signs a                      ->  signing
        thu signs a                     ->  completed
        b: li sells wu 1000 for 5000    ->  proposed
        wu accepts b                    ->  signing
    """)


def test_co_holders_consent_where_the_deed_does_not() -> None:
    floor = Floor.shares(consent=False)
    floor.sold("a", "thu", "li", 100, 10_000)
    floor.plays("b: thu sells wu 100 for 10000 -> consent.missing")
    consent = GiveConsent(
        asset_id=floor.asset_id,
        member_id=floor.venue.members["li"],
        act=ConsentAct.SALE,
        until_ns=TimeNs(floor.venue.clock_ns + 10**15),
        document_sha256=floor.file("li", "consent"),
    )
    assert floor.venue.refusal(consent, "li") == ""
    floor.plays("b: thu sells wu 100 for 10000 -> proposed")


def test_suspended_shares_are_refused_with_the_statement_that_is_not_resolved() -> None:
    floor = Floor.shares()

    def seed(state: object, header: object) -> list[object]:
        del header
        suspension = Suspension(
            asset_id=floor.asset_id,
            reconciliation_id=ReconciliationId(2_048),
            since_ns=TimeNs(1),
            frozen_before=False,
        )
        asset = floor.venue.state.assets[floor.asset_id]
        floor.venue.state.put(suspension)
        floor.venue.state.put(msgspec.structs.replace(asset, frozen=True))
        return [suspension, floor.venue.state.assets[floor.asset_id]]

    floor.venue.seed(seed)  # type: ignore[arg-type]
    rejected = floor.rejected(floor.proposal("thu", "li", 100, 1_000), "thu")
    assert (rejected.code, "RC1-2 is not resolved" in rejected.detail) == (RejectCode.ASSET_FROZEN, True)


def test_an_offer_that_ends_while_others_are_asked_ends_after_their_days() -> None:
    floor = Floor.shares(waived=False, first_refusal_days=15)
    floor.sold("a", "thu", "li", 400_000, 4_000)
    floor.plays("""
        b: thu sells wu 200000 for 2000   ->  proposed
        wait 170                          ->
        wu accepts b                      ->  pre_emption
        wait 12                           ->
    """)
    assert floor.state("b") == "pre_emption"
    floor.plays("wait 4 ->")
    assert floor.state("b") == "signing"
    floor.plays("wait 2 ->")
    assert (floor.state("b"), floor.held("thu")) == ("lapsed", 0)


def test_a_co_holder_without_the_money_steps_in_nowhere() -> None:
    floor = Floor.shares(waived=False, first_refusal_days=15)
    floor.sold("a", "thu", "li", 400_000, 9_000_000)
    floor.plays("""
        b: thu sells wu 200000 for 2000000   ->  proposed
        wu accepts b                         ->  pre_emption
        li exercises b                       ->  hold.insufficient_available
        ren exercises b                      ->  prior_claim.unknown
    """)


def test_notes_of_a_product_are_sold_on_and_not_paid_back_while_they_are_promised() -> None:
    desk = Desk()
    desk.issued(50, 30, 20)
    desk.collected()
    venue = desk.venue
    floor = Floor(venue)
    floor.asset_id, floor.market = desk.product().note_asset_id, venue.market_id
    assert venue.state.assets[floor.asset_id].kind is AssetKind.NOTE
    floor.plays("a: investor0 sells investor1 10 for 1000 -> proposed")
    events = venue.by_two(PayProduct(product_id=desk.product_id))
    refused = [event for event in events if isinstance(event, Rejected)]
    assert [event.code for event in refused] == [RejectCode.PAYMENT_NOTES_HELD]
    floor.plays("""
        investor1 accepts a   ->  signing
        investor1 signs a     ->  signing
        investor0 signs a     ->  completed
        b: investor0 sells investor1 41 for 1000 -> right.not_owned
    """)
    venue.by_two(PayProduct(product_id=desk.product_id))
    venue.finish_runs()
    floor.has(investor0=0, investor1=0, investor2=0)
    assert floor.rejected(floor.proposal("investor1", "investor0", 1, 100), "investor1").code in (
        RejectCode.PRODUCT_STATE,
        RejectCode.ASSET_FROZEN,
    )


@pytest.mark.parametrize("field", ["lock_up_days", "opposite_side_gap_trading_days"])
def test_a_book_opens_under_no_profile_that_keeps_what_was_bought(field: str) -> None:
    """A book does not ask who bought when: what it cannot keep is refused when the market opens."""
    house = House.sandbox()
    text = json.loads(sandbox_text(PublishedKind.PROFILE, **{field: 5}))
    publish(house.venue, PublishedKind.PROFILE, json.dumps(text | {"version": 2}, ensure_ascii=False))
    command = OpenMarket(
        name="second",
        profile="sandbox",
        profile_version=2,
        currency="XTS",
        money_asset_id=house.venue.money,
        calendar="always",
        calendar_version=1,
        fee_schedule="sandbox",
    )
    [rejected] = house.venue.do(command)
    assert isinstance(rejected, Rejected) and rejected.rule is not None
    assert (rejected.code, rejected.rule.field) == (RejectCode.PROFILE_INVALID, field)


def test_an_old_agreement_reads_as_one_about_a_right() -> None:
    assert ProposeDeal.__struct_fields__[-1] == "units"
    floor = Floor.shares()
    floor.plays("a: thu sells li 100 for 1000 -> proposed")
    deal = floor.deal("a")
    plain = msgspec.to_builtins(deal)
    old = msgspec.convert(plain[:-1], type(deal))
    assert (old.block, old.subject_key, old.held_units) == (False, floor.asset_id, 0)
    assert (deal.block, deal.subject_key, deal.held_units) == (True, -deal.deal_id, Units(100))
    assert Minor(deal.price_minor) == 1_000
