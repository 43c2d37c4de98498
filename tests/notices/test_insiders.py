"""Insider lists and closed periods: who knows before the others orders nothing."""

from __future__ import annotations

import pytest

from exchange.core.ids import AssetId, InsiderListId, MemberId, UserId
from exchange.core.instruments import Phase, Side
from exchange.core.parties import Standing
from exchange.core.units import NS_PER_SECOND, PriceTicks, QuantityLots, TimeNs
from matching.messages import CancelOrder, ChangePhase, OrderAccepted, PlaceOrder, ReplaceOrder
from matching.notice_messages import (
    ChangeInsiders,
    EndInsiderList,
    InsidersListed,
    OpenInsiderList,
    SetClosedPeriod,
)
from tests.listings.stage import House
from tests.support import Venue


class Floor:
    """Shares of `thu` on a book, with `li` and `wu` to trade them; `cfo` is a second user of `li`."""

    def __init__(self) -> None:
        house = House.sandbox()
        self.venue = house.venue
        self.asset_id = house.floating("thu")
        instrument = house.admitted("thu", house.book("thu", self.asset_id)).instrument
        assert instrument is not None
        self.instrument_id = instrument.instrument_id
        self.venue.instruments["SHARES"] = self.instrument_id
        for name in ("li", "wu"):
            self.venue.member(name, cash=1_000_000, standings=(Standing.INVITED,))
        self.venue.user("cfo", "li")
        self.venue.do(ChangePhase(instrument_id=self.instrument_id, phase=Phase.CONTINUOUS))

    def bid(self, who: str, account: str = "") -> str:
        """What a bid is refused with."""
        return self.venue.refusal(self.order(account or who), who)

    def order(self, account: str) -> PlaceOrder:
        return PlaceOrder(
            client_order_id=f"c{self.venue.state.sequence}",
            account_id=self.venue.accounts[account],
            instrument_id=self.instrument_id,
            side=Side.BUY,
            quantity_lots=QuantityLots(1),
            price_ticks=PriceTicks(10),
        )

    def opened(self, by: str = "thu", *, users: tuple[str, ...] = (), members: tuple[str, ...] = ()) -> InsiderListId:
        command = OpenInsiderList(
            asset_id=self.asset_id,
            matter="Licence talks",
            users=tuple(self.venue.users[name] for name in users),
            members=tuple(self.venue.members[name] for name in members),
        )
        return self.venue.make(command, InsidersListed, by).insiders.list_id


@pytest.fixture
def floor() -> Floor:
    return Floor()


def test_a_user_on_the_list_orders_nothing_and_colleagues_do(floor: Floor) -> None:
    floor.opened(users=("cfo",))
    assert floor.bid("cfo", "li") == "rule.insider"
    assert floor.bid("li") == ""
    assert floor.bid("wu") == ""
    floor.venue.restart()
    assert floor.bid("cfo", "li") == "rule.insider"
    floor.venue.close()


def test_a_member_on_the_list_is_barred_with_all_its_users(floor: Floor) -> None:
    floor.opened(members=("li",))
    assert [floor.bid("li"), floor.bid("cfo", "li"), floor.bid("wu")] == ["rule.insider", "rule.insider", ""]
    floor.venue.close()


def test_an_insider_cancels_but_gives_no_new_terms(floor: Floor) -> None:
    accepted = floor.venue.make(floor.order("li"), OrderAccepted, "li")
    floor.opened(members=("li",))
    account_id = floor.venue.accounts["li"]
    replace = ReplaceOrder(
        account_id=account_id,
        order_id=accepted.order_id,
        client_order_id="r",
        price_ticks=PriceTicks(11),
        quantity_lots=QuantityLots(1),
    )
    assert floor.venue.refusal(replace, "li") == "rule.insider"
    assert floor.venue.refusal(CancelOrder(account_id=account_id, order_id=accepted.order_id), "li") == ""
    floor.venue.close()


def test_who_leaves_the_list_or_whose_matter_ends_orders_again(floor: Floor) -> None:
    first, second = floor.opened(members=("li",)), floor.opened("ops", members=("li", "wu"))
    floor.venue.make(ChangeInsiders(list_id=first, users=(floor.venue.users["wu"],)), InsidersListed, "thu")
    assert [floor.bid("li"), floor.bid("wu")] == ["rule.insider", "rule.insider"], "the second list still names both"
    floor.venue.make(EndInsiderList(list_id=second, reason="public"), InsidersListed, "thu")
    assert [floor.bid("li"), floor.bid("wu")] == ["", "rule.insider"]
    floor.venue.make(EndInsiderList(list_id=first), InsidersListed)
    assert floor.bid("wu") == ""
    assert not floor.venue.state.insider_lists
    floor.venue.close()


def test_in_a_closed_period_the_issuer_orders_nothing_from_its_first_moment_to_the_last(floor: Floor) -> None:
    venue = floor.venue
    list_id = floor.opened()
    begins, ends = venue.clock_ns + 100 * NS_PER_SECOND, venue.clock_ns + 200 * NS_PER_SECOND
    period = SetClosedPeriod(list_id=list_id, closed_from_ns=TimeNs(begins), closed_until_ns=TimeNs(ends))
    venue.make(period, InsidersListed, "thu")
    venue.deposit("thu", 10_000)
    answers: dict[str, str] = {}
    for name, at_ns in (("before", begins - 1), ("first", begins), ("last", ends - 1), ("after", ends)):
        venue.clock_ns = at_ns - 1_000_000  # the clock takes one step for each command
        answers[name] = floor.bid("thu")
    assert answers == {"before": "", "first": "rule.closed_period", "last": "rule.closed_period", "after": ""}
    assert floor.bid("li") == ""
    venue.close()


def test_what_is_refused(floor: Floor) -> None:
    venue, now = floor.venue, TimeNs(floor.venue.clock_ns)
    list_id = floor.opened()
    refused = [
        (OpenInsiderList(asset_id=AssetId(7 * 1024), matter="x"), "thu", "asset.unknown"),
        (OpenInsiderList(asset_id=venue.money, matter="x"), "ops", "asset.unknown"),
        (OpenInsiderList(asset_id=floor.asset_id, matter="x"), "li", "account.not_yours"),
        (OpenInsiderList(asset_id=floor.asset_id, matter="x", users=(UserId(5),)), "thu", "user.unknown"),
        (OpenInsiderList(asset_id=floor.asset_id, matter="x", members=(MemberId(5),)), "thu", "member.unknown"),
        (ChangeInsiders(list_id=list_id, users=(venue.users["li"],) * 2), "thu", "insiders.invalid"),
        (ChangeInsiders(list_id=list_id), "li", "insiders.unknown"),
        (ChangeInsiders(list_id=InsiderListId(9)), "ops", "insiders.unknown"),
        (EndInsiderList(list_id=list_id), "wu", "insiders.unknown"),
        (
            SetClosedPeriod(list_id=list_id, closed_from_ns=TimeNs(now + 2), closed_until_ns=TimeNs(now + 1)),
            "thu",
            "insiders.invalid",
        ),
        (SetClosedPeriod(list_id=list_id, closed_from_ns=TimeNs(1), closed_until_ns=now), "thu", "insiders.invalid"),
    ]
    for command, by, code in refused:
        assert venue.refusal(command, by) == code, command
    for _ in range(31):
        floor.opened()
    assert venue.refusal(OpenInsiderList(asset_id=floor.asset_id, matter="x"), "thu") == "insiders.invalid"
    venue.close()


def test_without_a_list_nobody_is_asked() -> None:
    venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    venue.member("wu")
    venue.instrument("INS", wu=10)
    venue.plays("wu sells 1 @ 5 -> rests")
    venue.close()
