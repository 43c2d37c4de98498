"""The auctions' page: bids that others see at once, a falling clock, sealed bids, and the steps to take part."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from exchange.core.ids import to_wire
from exchange.core.units import Minor
from matching.lot_messages import BidPlaced, LotBid, PlaceBid
from matching.sale_messages import Bidder, QualifyBidder
from tests.sales.served import Sandbox, ask_for_quotes, offer_to_all, open_sale, write_database
from tests.sales.stage import THOUSAND
from tests.ui.house import House, World
from tests.ui.test_access import faults
from tests.ui.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


@functools.cache
def prepared(folder: Path, method: str, stage: str) -> tuple[World, Sandbox]:
    """A sale of the lots A and B (of A alone by a Dutch clock or a tender), open now, or still announced."""
    lots = {"A": 800} if method in ("dutch", "tender") else {"A": 800, "B": 400}
    hall = open_sale(method, stage=stage, **lots)
    if method == "tender":
        ask_for_quotes(hall)
        offer_to_all(hall)
    path = folder / f"{method}-{stage}.sqlite"
    write_database(hall.venue, path)
    world = World(dict(hall.venue.users), dict(hall.venue.accounts), {}, path, people=("li", "wu", "ren", "lab"))
    return world, hall


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lots")


@pytest.fixture
def sold_by() -> tuple[str, str]:
    """The method, and how far the sale has come; a test names others."""
    return "english", "open"


@pytest.fixture
def hall(world: World, folder: Path, sold_by: tuple[str, str]) -> Sandbox:
    del world
    return prepared(folder, *sold_by)[1]


@pytest.fixture
def world(folder: Path, sold_by: tuple[str, str]) -> World:
    return prepared(folder, *sold_by)[0]


async def others_bid(house: House, hall: Sandbox, who: str, price: int, *names: str) -> LotBid:
    """Have somebody else bid meanwhile."""
    command = PlaceBid(
        bidder_id=hall.entered[who],
        lot_ids=tuple(hall.lots[name] for name in names),
        price_minor=Minor(price * THOUSAND),
        client_bid_id=f"{who}-{price}",
    )
    outcome = await house.services.bus.submit(command, house.world.users[who])
    placed = outcome.events[0]
    assert isinstance(placed, BidPlaced), placed
    return placed.bid


async def opens(visitor: Visitor, who: str) -> Any:
    """Log in on the auctions' page and wait until it is up to date."""
    await visitor.opens(who, "/lots")
    await visitor.is_live()
    return visitor.page


async def sends(page: Any, price: str) -> None:
    """Type a price, review and confirm."""
    if price:
        await page.locator("[name=price]").fill(price)
    await page.locator("lot-bid [name=review]").click()
    await page.locator("dialog [name=send]").click()


async def test_a_bid_is_asked_about_then_leads_and_is_outbid_before_ones_eyes(
    visitor: Visitor, house: House, hall: Sandbox
) -> None:
    page = await opens(visitor, "li")
    await expect(page.locator("lot-list li")).to_have_count(2)
    await expect(page.locator("lot-bid")).to_contain_text("at least 800,000.00 XTS")
    await page.locator("[name=price]").fill("850000")
    await page.locator("lot-bid [name=review]").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("850,000.00 XTS")
    await expect(dialog).to_contain_text("forfeits the deposit of 120,000.00 XTS")
    await dialog.locator("[name=send]").click()
    board = page.locator("lot-board [data-price]")
    await expect(board).to_contain_text("850,000.00 XTS")
    await expect(board).to_contain_text("yours")
    await expect(page.locator("own-bids tbody tr")).to_contain_text("Stands")
    await others_bid(house, hall, "wu", 900, "A")
    await expect(board).to_contain_text("900,000.00 XTS")
    await expect(board).to_contain_text("paddle 2")
    await expect(board).not_to_contain_text("yours")
    await expect(page.locator("lot-bid")).to_contain_text("at least 950,000.00 XTS")


async def test_several_lots_are_bid_for_as_one_set(visitor: Visitor, hall: Sandbox) -> None:
    page = await opens(visitor, "li")
    await page.locator("lot-bid [name=with]").check()
    await expect(page.locator("lot-bid")).to_contain_text("at least 1,200,000.00 XTS")
    await sends(page, "1300000")
    await expect(page.locator("lot-board [data-price]")).to_contain_text("together with B")
    await expect(page.locator("own-bids tbody tr")).to_contain_text("A + B")
    await page.locator(f"[data-lot='{to_wire('LT', hall.lots['B'])}'] button").click()
    await expect(page.locator("lot-board [data-price]")).to_contain_text("together with A")
    await expect(page.locator("[name=price]")).to_have_value("")


async def test_what_the_exchange_refuses_is_told_with_its_code(visitor: Visitor, house: House, hall: Sandbox) -> None:
    await others_bid(house, hall, "wu", 1_500, "A", "B")
    page = await opens(visitor, "li")
    await page.locator("lot-bid [name=with]").check()
    await others_bid(house, hall, "wu", 1_600, "A", "B")
    await expect(page.locator("lot-bid")).to_contain_text("at least 1,650,000.00 XTS")
    await page.locator("[name=price]").fill("1650000")
    await page.locator("lot-bid [name=review]").click()
    await others_bid(house, hall, "wu", 1_700, "A", "B")
    await page.locator("dialog [name=send]").click()
    await expect(page.get_by_role("alert")).to_contain_text("The bid is too low")
    await expect(page.get_by_role("alert")).to_contain_text("bid.too_low")


async def test_who_is_not_admitted_sees_everything_and_cannot_bid(visitor: Visitor) -> None:
    page = await opens(visitor, "ren")
    await page.locator("[name=price]").fill("900000")
    await expect(page.locator("lot-bid [name=review]")).to_be_disabled()
    await expect(page.locator("#bid-off")).to_contain_text("not admitted")
    await expect(page.locator("lot-entry")).to_contain_text("Registration is closed")


async def test_the_page_has_no_fault_that_axe_can_find_in_either_language_and_turns_chinese(
    visitor: Visitor, house: House, hall: Sandbox
) -> None:
    await others_bid(house, hall, "wu", 900, "A")
    page = await opens(visitor, "li")
    await sends(page, "950000")
    await expect(page.locator("own-bids tbody tr")).to_have_count(1)
    assert await faults(page) == []
    await page.get_by_role("button", name="Dark").click()
    await page.get_by_role("button", name="切换到中文").click()
    await expect(page.locator("nav a[aria-current]")).to_have_text("拍卖与竞价")
    await expect(page.locator("lot-board h2")).to_contain_text("英式拍卖")
    await expect(page.locator("lot-bid [name=review]")).to_have_text("核对出价")
    await page.locator("[name=price]").fill("2000000")
    await page.locator("lot-bid [name=review]").click()
    assert await faults(page) == []


async def test_a_lost_line_turns_bidding_off_until_all_is_known(visitor: Visitor, house: House, hall: Sandbox) -> None:
    await visitor.meddles()
    page = await opens(visitor, "li")
    await page.locator("[name=price]").fill("900000")
    await expect(page.locator("lot-bid [name=review]")).to_be_enabled()
    await visitor.line.cut(1012)
    await visitor.is_stale()
    await others_bid(house, hall, "wu", 870, "A")
    await visitor.is_live()
    await expect(page.locator("lot-board [data-price]")).to_contain_text("870,000.00")
    await expect(page.locator("lot-bid [name=review]")).to_be_disabled()


@pytest.mark.parametrize("sold_by", [("dutch", "open")])
async def test_the_clock_is_accepted_at_what_it_shows(visitor: Visitor, hall: Sandbox) -> None:
    page = await opens(visitor, "li")
    shown = hall.lot("A").start_minor // THOUSAND - 100
    await expect(page.locator("lot-board [data-price]")).to_contain_text(f"{shown:,},000.00 XTS")
    await sends(page, "")
    await expect(page.locator("lot-board h2")).to_contain_text("Awarded")
    await expect(page.locator("own-bids tbody tr")).to_contain_text("Won")


@pytest.mark.parametrize("sold_by", [("sealed", "open")])
async def test_a_sealed_bid_is_shown_to_its_own_browser_alone(visitor: Visitor) -> None:
    page = await opens(visitor, "li")
    await sends(page, "900000")
    await expect(page.locator("[data-said]")).to_contain_text("sealed")
    row = page.locator("own-bids tbody tr")
    await expect(row).to_contain_text("900,000.00 XTS")
    await page.evaluate("localStorage.removeItem('ipx-sealed')")
    await page.reload()
    await visitor.is_live()
    await expect(row).to_contain_text("sealed")
    await expect(row).not_to_contain_text("900,000")


@pytest.mark.parametrize("sold_by", [("sealed", "revealing")])
async def test_a_sealed_bid_is_revealed_by_the_browser_that_made_it(visitor: Visitor, hall: Sandbox) -> None:
    bid_id, lot_ids, price, _ = hall.sealed["li A 900"]
    page = await opens(visitor, "li")
    await expect(page.locator("own-bids tbody tr")).to_contain_text("sealed")
    secret = {"lot_ids": [to_wire("LT", lot_id) for lot_id in lot_ids], "price_minor": price * THOUSAND}
    sha256 = hall.venue.state.table(LotBid)[bid_id].commitment_sha256
    await page.evaluate(
        "([sha256, secret]) => localStorage.setItem('ipx-sealed', JSON.stringify({[sha256]: secret}))",
        [sha256, {**secret, "nonce": "li-A-900".ljust(16, ".")}],
    )
    await page.reload()
    await visitor.is_live()
    await page.locator("own-bids [name=reveal]").click()
    await expect(page.locator("own-bids tbody tr")).to_contain_text("Stands")


@pytest.mark.parametrize("sold_by", [("tender", "open")])
async def test_a_tender_says_how_offers_are_compared_and_seals_a_price(visitor: Visitor) -> None:
    page = await opens(visitor, "li")
    await expect(page.locator("lot-list li")).to_contain_text("Tender")
    rows = page.locator("[data-tender] tbody tr")
    await expect(rows).to_have_text(["What the offer is worth 60 %", "Fit with the field 40 %"])
    await expect(page.locator("[data-request]")).to_contain_text("of every member")
    await expect(page.locator("lot-board")).to_contain_text("discounted by 5 % a year")
    await expect(page.locator("lot-board")).to_contain_text("Royalties are counted on net sales: 1,000.00 XTS")
    await sends(page, "900000")
    await expect(page.locator("[data-said]")).to_contain_text("sealed")
    await expect(page.locator("own-bids tbody tr")).to_contain_text("900,000.00 XTS")


@pytest.mark.parametrize("sold_by", [("tender", "revealing")])
async def test_an_offer_is_opened_by_the_browser_that_sealed_it(visitor: Visitor, hall: Sandbox) -> None:
    bid_id, lot_ids, price, _ = hall.sealed["li A 900"]
    page = await opens(visitor, "li")
    secret = {"lot_ids": [to_wire("LT", lot_id) for lot_id in lot_ids], "price_minor": price * THOUSAND}
    sha256 = hall.venue.state.table(LotBid)[bid_id].commitment_sha256
    await page.evaluate(
        "([sha256, secret]) => localStorage.setItem('ipx-sealed', JSON.stringify({[sha256]: secret}))",
        [sha256, {**secret, "nonce": "li-A-900".ljust(16, ".")}],
    )
    await page.reload()
    await visitor.is_live()
    await page.locator("own-bids [name=reveal]").click()
    await expect(page.locator("own-bids tbody tr")).to_contain_text("Stands")
    await expect(page.locator("span[data-offer]")).to_contain_text("Worth 900,000.00 XTS")


@pytest.mark.parametrize("sold_by", [("english", "announced")])
async def test_taking_part_is_a_document_a_signature_and_a_deposit(
    visitor: Visitor, house: House, hall: Sandbox
) -> None:
    page = await opens(visitor, "ren")
    await page.locator("lot-entry [name=file]").set_input_files(
        {"name": "licence.pdf", "mimeType": "application/pdf", "buffer": b"a business licence"}
    )
    await page.locator("lot-entry [name=register]").click()
    await expect(page.locator("[data-entry=registered]")).to_be_visible()
    ops = house.world.users["ops"]
    await expect(page.locator("[data-paddle]")).to_have_text("3")
    bidder_id = await the_bidder(house, hall)
    await house.services.bus.submit(QualifyBidder(bidder_id=bidder_id, qualified=True, reason="as shown"), ops)
    await page.reload()
    await visitor.is_live()
    await page.get_by_role("button", name="Sign the confidentiality").click()
    await expect(page.locator("[data-entry=bound]")).to_be_visible()
    sale = hall.sale()
    await house.services.blobs.put(sale.data_room[0], b"lab: claim charts")
    async with page.expect_download() as downloading:
        await page.locator("lot-entry [name=view]").click()
    file = await (await downloading.value).path()
    assert await asyncio.to_thread(file.read_bytes) == b"lab: claim charts"
    await page.get_by_role("button", name="Pay the deposit").click()
    await expect(page.locator("[data-entry=admitted]")).to_be_visible()
    await expect(page.locator("lot-entry")).to_contain_text("Deposit held 120,000.00 XTS")


async def the_bidder(house: House, hall: Sandbox) -> Any:
    """The third bidder of the sale, as the exchange knows it."""
    sequencer = house.hub._sequencer
    assert sequencer is not None
    [found] = [bidder for bidder in sequencer.state.table(Bidder).values() if bidder.paddle == 3]
    assert found.sale_id == hall.sale_id
    return found.bidder_id


@pytest.mark.parametrize("sold_by", [("tender", "open")])
async def test_a_listed_right_and_an_open_licence_are_taken_after_a_question(visitor: Visitor) -> None:
    page = await opens(visitor, "ren")
    offers = page.locator("open-offers li")
    await expect(offers).to_have_count(2)
    await offers.filter(has_text="D").locator("[name=take]").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Buy D at its price?")
    await expect(dialog).to_contain_text("600,000.00 XTS")
    await dialog.locator("[name=send]").click()
    await expect(page.locator("open-offers [data-said]")).to_contain_text("D is yours to sign and pay for.")
    await expect(offers).to_have_count(1)
    await offers.locator("[name=take]").click()
    await expect(dialog).to_contain_text("Take an open licence of E?")
    await dialog.locator("[name=send]").click()
    await expect(page.locator("open-offers [data-said]")).to_contain_text("The licence of E is in force.")
    visitor.expected = "409 (Conflict)"
    await offers.locator("[name=take]").click()
    await dialog.locator("[name=send]").click()
    await expect(page.locator("open-offers").get_by_role("alert")).to_contain_text("licence.exists")
