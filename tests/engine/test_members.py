"""Members, users, keys, mandates and sub-accounts: what each command refuses, in order, and what a mandate allows."""

from __future__ import annotations

import pytest

from custody.messages import AccountOpened
from exchange.core.ids import AccountId, KeyId, MandateId, MemberId, UserId
from exchange.core.instruments import OrderType, Side
from exchange.core.membership import (
    ClassMember,
    FoundExchange,
    FreezeMember,
    GrantMandate,
    KeyRegistered,
    MandateGranted,
    OpenAccount,
    RegisterKey,
    RegisterMember,
    RegisterUser,
    RevokeKey,
    RevokeMandate,
    SuspendUser,
)
from exchange.core.parties import Role, UserRight
from exchange.core.units import Minor, PriceTicks, QuantityLots, TimeNs
from matching.messages import CancelOrder, OrderAccepted, PlaceOrder, ReplaceOrder
from tests.support import Venue

LEI = "5493001KJTIIGC8Y1R12"
KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
HOUR = 3_600_000_000_000


@pytest.fixture
def venue() -> Venue:
    venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    venue.member("wu")
    venue.member("li", cash=10_000)
    return venue


def test_the_exchange_is_founded_once(venue: Venue) -> None:
    assert venue.refusal(FoundExchange(venue_name="Another", operator_name="me"), "node") == "member.exists"


def test_a_member_is_admitted_once_and_by_sound_digits(venue: Venue) -> None:
    def registers(name: str, role: Role = Role.INVESTOR, identifier: str = "") -> str:
        return venue.refusal(RegisterMember(name=name, role=role, country="CN", identifier=identifier))

    assert registers("a", Role.REGULATOR, "nonsense") == "role.not_allowed"
    assert registers("a", Role.NODE) == "role.not_allowed"
    assert registers("wu", identifier="nonsense") == "member.identifier_invalid"
    assert registers("wu", identifier=LEI[:-1] + "3") == "member.identifier_invalid"
    assert registers("wu") == "member.exists"
    assert registers("wu", Role.INSTITUTION) == ""
    assert registers("b", identifier=LEI) == ""
    assert registers("c", identifier=LEI) == "member.exists"
    venue.close()


def test_a_user_has_the_member_s_role_and_a_name_of_its_own(venue: Venue) -> None:
    def registers(member: int, name: str, *roles: Role) -> str:
        return venue.refusal(RegisterUser(member_id=MemberId(member), user_name=name, roles=roles))

    wu = venue.members["wu"]
    assert registers(7, "ops") == "member.unknown"
    assert registers(wu, "ops", Role.OPERATOR) == "role.not_allowed"
    assert registers(wu, "ops", Role.INVESTOR, Role.INSTITUTION) == "role.not_allowed"
    assert registers(0, "ops", Role.INVESTOR) == "role.not_allowed"
    assert registers(0, "ops", Role.NODE) == "role.not_allowed"
    assert registers(wu, "ops") == "member.exists"
    assert registers(wu, "another") == ""
    venue.close()


def test_the_venue_itself_cannot_be_frozen_or_classed(venue: Venue) -> None:
    for unknown in (MemberId(0), MemberId(7)):
        assert venue.refusal(FreezeMember(member_id=unknown, frozen=True)) == "member.unknown"
        assert venue.refusal(ClassMember(member_id=unknown, standings=())) == "member.unknown"
    assert venue.refusal(SuspendUser(user_id=UserId(7), suspended=True)) == "user.unknown"


def test_a_key_is_one_counterparty_s_for_ever(venue: Venue) -> None:
    venue.member("acme", Role.COUNTERPARTY)
    now = venue.clock_ns

    def registers(who: UserId, key: str = KEY, until: int = HOUR) -> str:
        return venue.refusal(
            RegisterKey(user_id=who, public_key_hex=key, valid_from_ns=TimeNs(now), valid_until_ns=TimeNs(now + until))
        )

    acme = venue.users["acme"]
    assert registers(UserId(7), until=0) == "user.unknown"
    assert registers(venue.users["wu"]) == "key.invalid"
    assert registers(acme, until=0) == "key.invalid"
    assert venue.refusal(RevokeKey(key_id=KeyId(7))) == "key.unknown"
    registered = venue.make(
        RegisterKey(user_id=acme, public_key_hex=KEY, valid_from_ns=TimeNs(now), valid_until_ns=TimeNs(now + HOUR)),
        KeyRegistered,
    )
    assert registers(acme) == "key.invalid"
    assert venue.refusal(RevokeKey(key_id=registered.key.key_id)) == ""
    assert registers(acme) == "key.invalid", "a revoked key is still the proof of what it signed"
    venue.close()


def test_a_sub_account_is_opened_by_the_member_s_approver_or_an_operator(venue: Venue) -> None:
    wu = venue.members["wu"]
    assert venue.refusal(OpenAccount(member_id=MemberId(7), sub_account="fund"), "wu") == "member.unknown"
    assert venue.refusal(OpenAccount(member_id=wu, sub_account="main"), "li") == "account.not_yours"
    assert venue.refusal(OpenAccount(member_id=wu, sub_account="main"), "wu") == "account.exists"
    assert venue.refusal(OpenAccount(member_id=MemberId(0), sub_account="fund")) == "account.exists"
    opened = venue.make(OpenAccount(member_id=wu, sub_account="fund", beneficiary="A fund"), AccountOpened, "wu")
    assert (opened.account.member_id, opened.account.beneficiary) == (wu, "A fund")
    assert venue.refusal(OpenAccount(member_id=wu, sub_account="fund")) == "account.exists"
    venue.user("clerk", "wu")
    assert venue.refusal(OpenAccount(member_id=wu, sub_account="two"), "clerk") == "account.not_yours"
    assert venue.refusal(OpenAccount(member_id=wu, sub_account="two")) == ""
    venue.close()


def grant(venue: Venue, *rights: UserRight, limit: int = 0, start: int = 0, end: int = HOUR) -> GrantMandate:
    """li lets wu act on its account, times from now."""
    return GrantMandate(
        account_id=venue.accounts["li"],
        user_id=venue.users["wu"],
        rights=rights,
        limit_minor=Minor(limit),
        valid_from_ns=TimeNs(venue.clock_ns + start),
        valid_until_ns=TimeNs(venue.clock_ns + end),
    )


def test_a_mandate_is_granted_by_an_approver_of_the_owner(venue: Venue) -> None:
    venue.user("clerk", "li")
    trade = grant(venue, UserRight.TRADE)
    unknown = GrantMandate(
        account_id=AccountId(7), user_id=UserId(7), rights=(), valid_from_ns=TimeNs(0), valid_until_ns=TimeNs(0)
    )
    assert venue.refusal(unknown, "wu") == "account.unknown"
    nobody = GrantMandate(
        account_id=venue.accounts["li"],
        user_id=UserId(7),
        rights=(),
        valid_from_ns=TimeNs(0),
        valid_until_ns=TimeNs(0),
    )
    assert venue.refusal(nobody, "wu") == "account.not_yours"
    assert venue.refusal(nobody, "clerk") == "account.not_yours"
    assert venue.refusal(nobody, "li") == "user.unknown"
    assert venue.refusal(grant(venue), "li") == "mandate.invalid"
    assert venue.refusal(grant(venue, UserRight.TRADE, end=0), "li") == "mandate.invalid"
    assert venue.refusal(grant(venue, UserRight.TRADE, start=HOUR), "li") == "mandate.invalid"
    assert venue.refusal(trade, "li") == ""
    assert venue.refusal(RevokeMandate(mandate_id=MandateId(7)), "li") == "mandate.unknown"
    venue.close()


def test_a_mandate_holds_within_its_scope_dates_and_limit(venue: Venue) -> None:
    venue.instrument("INS", wu=100)

    def bids(lots: int, price: int | None, cap: int | None = None) -> str:
        command = PlaceOrder(
            client_order_id="m",
            account_id=venue.accounts["li"],
            instrument_id=venue.instruments["INS"],
            side=Side.BUY,
            quantity_lots=QuantityLots(lots),
            price_ticks=None if price is None else PriceTicks(price),
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            max_notional_minor=None if cap is None else Minor(cap),
        )
        return venue.refusal(command, "wu")

    assert bids(1, 1) == "account.not_yours"
    venue.do(grant(venue, UserRight.WITHDRAW), "li")
    assert bids(1, 1) == "account.not_yours"
    granted = venue.make(grant(venue, UserRight.TRADE, limit=100, start=HOUR, end=2 * HOUR), MandateGranted, "li")
    assert bids(1, 1) == "account.not_yours"
    venue.clock_ns = granted.mandate.valid_from_ns - 1_000_000
    assert bids(10, 10) == ""
    assert bids(101, 1) == "mandate.invalid"
    assert bids(1, None) == "mandate.invalid", "without a cap a market bid may come to the band's edge"
    assert bids(50, None, 101) == "mandate.invalid"
    assert bids(50, None, 100) == "order.no_liquidity"
    venue.restart()
    assert bids(101, 1) == "mandate.invalid"
    venue.clock_ns = granted.mandate.valid_until_ns - 1_000_001
    assert bids(1, 1) == ""
    assert bids(1, 1) == "account.not_yours"
    venue.close()


def test_a_mandate_taken_back_leaves_the_orders_to_their_owner(venue: Venue) -> None:
    venue.instrument("INS", wu=100)
    granted = venue.make(grant(venue, UserRight.TRADE), MandateGranted, "li")
    li = venue.accounts["li"]
    command = PlaceOrder(
        client_order_id="m",
        account_id=li,
        instrument_id=venue.instruments["INS"],
        side=Side.BUY,
        quantity_lots=QuantityLots(1),
        price_ticks=PriceTicks(5),
    )
    accepted = venue.make(command, OrderAccepted, "wu")
    revoke = RevokeMandate(mandate_id=granted.mandate.mandate_id)
    assert venue.refusal(revoke, "wu") == "account.not_yours"
    assert venue.refusal(revoke, "li") == ""
    assert venue.refusal(revoke, "li") == "mandate.unknown"
    cancel = CancelOrder(account_id=li, order_id=accepted.order_id)
    replace = ReplaceOrder(
        account_id=li,
        order_id=accepted.order_id,
        client_order_id="m",
        price_ticks=PriceTicks(6),
        quantity_lots=QuantityLots(1),
    )
    assert venue.refusal(cancel, "wu") == "account.not_yours"
    assert venue.refusal(replace, "wu") == "account.not_yours"
    assert venue.refusal(cancel, "li") == ""
    venue.close()


def test_a_user_without_the_right_may_look_and_not_trade(venue: Venue) -> None:
    venue.instrument("INS", wu=100)
    venue.user("viewer", "li", rights=(UserRight.VIEW,))
    command = PlaceOrder(
        client_order_id="m",
        account_id=venue.accounts["li"],
        instrument_id=venue.instruments["INS"],
        side=Side.BUY,
        quantity_lots=QuantityLots(1),
        price_ticks=PriceTicks(5),
    )
    assert venue.refusal(command, "viewer") == "account.not_yours"
    venue.do(FreezeMember(member_id=venue.members["wu"], frozen=True))
    venue.do(grant(venue, UserRight.TRADE), "li")
    assert venue.refusal(command, "wu") == "member.frozen", "a frozen member's users act for nobody"
