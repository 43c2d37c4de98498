"""The market page: what an investor sees and does."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import expect

from exchange.core.ids import ConnectionId
from exchange.core.instruments import Phase, Side
from matching.messages import ChangePhase
from tests.ui.house import EVERY_ORDER, HOSTILE, House
from tests.ui.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_whoever_logs_in_sees_the_instruments_and_the_ladder(visitor: Visitor, house: House) -> None:
    await house.fills_book()
    await visitor.opens("wu")
    page = visitor.page
    await expect(page.locator("instrument-list li")).to_have_count(4)
    await expect(page.locator("instrument-list li").last).to_contain_text("Halted")
    await expect(visitor.level(1_005)).to_contain_text("50.25")
    await expect(visitor.level(1_005).locator(".offer")).to_contain_text("20")
    await expect(visitor.level(975).locator(".bid")).to_contain_text("75")
    await expect(page.locator("[data-banner=simulated]")).to_contain_text("test currency XTS")
    await expect(visitor.rows("own-holdings").first).to_contain_text("50,000,000.00")


async def test_a_wrong_password_is_refused_in_words(visitor: Visitor) -> None:
    visitor.expected = "401"
    await visitor.page.goto(visitor.house.url)
    await visitor.page.locator("[name=username]").fill("wu.user")
    await visitor.page.locator("[name=password]").fill("not the password")
    await visitor.page.locator("login-panel button").click()
    await expect(visitor.page.get_by_role("alert")).to_contain_text("do not belong together")
    await expect(visitor.page.get_by_role("alert")).to_contain_text("auth.invalid_credentials")


async def test_an_order_is_asked_about_then_stands_in_the_ladder_and_among_the_own_orders(
    visitor: Visitor, house: House
) -> None:
    await house.fills_book()
    await visitor.opens("wu")
    page = visitor.page
    await visitor.level(990).get_by_role("button").click()
    await expect(page.locator("[name=price]")).to_have_value("49.50")
    await page.locator("[name=lots]").fill("12")
    await expect(page.locator("order-ticket form .costs")).to_contain_text("594.18")  # 594.00 and a fee of 300 ppm
    await visitor.review.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("LIDAR")
    await expect(dialog.locator(".total")).to_contain_text("594.18 XTS")
    await dialog.locator("[name=send]").click()
    await expect(page.locator("[data-said]")).to_contain_text("12 lots are open")
    await expect(visitor.level(990).locator(".mine")).to_contain_text("12")
    await expect(visitor.level(990).locator(".bid")).to_contain_text("42")
    own = visitor.rows("own-orders")
    await expect(own).to_have_count(1)
    await expect(own.first).to_contain_text("49.50")
    await expect(visitor.rows("own-holdings").first).to_contain_text("594.18")


async def test_a_partial_fill_comes_onto_the_tape_and_among_the_fills_and_the_rest_can_be_cancelled(
    visitor: Visitor, house: House
) -> None:
    await visitor.opens("wu")
    await visitor.orders("buy", "10", "50")
    await expect(visitor.rows("own-orders")).to_have_count(1)
    await house.places("li", Side.SELL, 4, 1_000)
    await expect(visitor.rows("own-orders").first).to_contain_text("6 of 10")
    await expect(visitor.rows("trade-tape")).to_have_count(1)
    await expect(visitor.rows("trade-tape").first).to_contain_text("Sell")
    fill = visitor.rows("own-fills").first
    await expect(fill).to_contain_text("50.00")
    await expect(fill).to_contain_text("0.06")  # 300 ppm of 200.00, at least 0.05
    await expect(visitor.rows("own-holdings").nth(1)).to_contain_text("100,004,000")
    await visitor.rows("own-orders").get_by_role("button").click()
    await expect(visitor.rows("own-orders")).to_have_count(0)
    await expect(visitor.level(1_000)).to_have_count(0)
    await expect(visitor.rows("own-holdings").first).to_contain_text("49,999,799.94")


async def test_all_orders_are_cancelled_after_a_question(visitor: Visitor, house: House) -> None:
    for ticks in (900, 905, 910):
        await house.places("wu", Side.BUY, 1, ticks)
    await visitor.opens("wu")
    await house.places("wu", Side.BUY, 1, 915)
    prices = visitor.rows("own-orders").locator("td:nth-child(3)")
    await expect(prices).to_have_text(["45.75", "45.50", "45.25", "45.00"])  # newest first
    await visitor.page.get_by_role("button", name="Cancel all").click()
    await visitor.page.get_by_role("group").get_by_role("button", name="Cancel all").click()
    await expect(visitor.rows("own-orders")).to_have_count(0)


async def test_what_the_engine_refuses_is_told_with_its_code(visitor: Visitor) -> None:
    await visitor.opens("wu")
    await visitor.orders("sell", "200000", "50")
    alert = visitor.page.get_by_role("alert")
    await expect(alert).to_contain_text("Not enough is available")
    await expect(alert).to_contain_text("hold.insufficient_available")
    await expect(visitor.rows("own-orders")).to_have_count(0)


async def test_the_ticket_says_what_is_wrong_and_stays_off(visitor: Visitor) -> None:
    await visitor.opens("wu")
    for lots, price, said in (
        ("1", "50.01", "steps of 0.05"),
        ("1", "50.255", "steps of 0.05"),
        ("1", "-5", "steps of 0.05"),
        ("1", "1e3", "steps of 0.05"),
        ("1", "500.05", "from 5.00 to 500.00"),
        ("1.5", "50", "whole number of lots"),
        ("0", "50", "whole number of lots"),
        ("9007199254740991", "50", "too large"),
    ):
        await visitor.writes("buy", lots, price)
        await expect(visitor.page.locator("#ticket-wrong")).to_contain_text(said)
        await expect(visitor.review).to_be_disabled()
    await visitor.writes("buy", "1,000", "50.050")
    await expect(visitor.page.locator("#ticket-wrong")).to_be_empty()
    await expect(visitor.review).to_be_enabled()


async def test_no_order_can_be_sent_for_an_instrument_that_does_not_trade(visitor: Visitor, house: House) -> None:
    await visitor.opens("wu")
    await visitor.writes("buy", "1", "50")
    await expect(visitor.review).to_be_enabled()
    await visitor.chooses("RESIN")
    await visitor.writes("buy", "1", "50")
    await expect(visitor.review).to_be_disabled()
    await expect(visitor.page.locator("#ticket-off")).to_contain_text("takes no orders")
    command = ChangePhase(instrument_id=house.world.instruments["RESIN"], phase=Phase.CONTINUOUS)
    await house.services.bus.submit(command, house.world.users["ops"])
    await expect(visitor.review).to_be_enabled()


async def test_a_halt_reaches_a_dialog_that_is_open_already(visitor: Visitor, house: House) -> None:
    await visitor.opens("wu")
    await visitor.writes("buy", "1", "50")
    await visitor.review.click()
    send = visitor.page.locator("dialog [name=send]")
    await expect(send).to_be_enabled()
    command = ChangePhase(instrument_id=house.world.instruments["LIDAR"], phase=Phase.HALTED)
    await house.services.bus.submit(command, house.world.users["ops"])
    await expect(send).to_be_disabled()
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.page.get_by_role("dialog")).to_have_count(0)


async def test_names_and_references_are_text_whatever_they_hold(visitor: Visitor, house: House) -> None:
    await house.places("wu", Side.BUY, 1, 900, code="HOSTILE", key="<script>document.title='broken'</script>")
    await visitor.opens("wu")
    await visitor.chooses("HOSTILE")
    await expect(visitor.page.locator("book-ladder h2 .name")).to_have_text(HOSTILE)
    await expect(visitor.rows("own-orders").locator(".key")).to_have_text("<script>document.title='broken'</script>")
    await visitor.writes("buy", "1", "50")
    await visitor.review.click()
    await expect(visitor.page.get_by_role("dialog")).to_contain_text(HOSTILE)
    assert await visitor.page.locator("main img, main script, main b:text('bold')").count() == 0
    assert "broken" not in await visitor.page.title()


async def test_the_page_turns_chinese_and_stays_so(visitor: Visitor) -> None:
    await visitor.opens("wu")
    await visitor.page.get_by_role("button", name="切换到中文").click()
    page = visitor.page
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await expect(page.locator("order-ticket h2").first).to_have_text("委托单")
    await expect(page.locator("nav a").first).to_have_text("行情与交易")
    await expect(page).to_have_title(re.compile("知识产权交易所"))
    await page.reload()
    await expect(page.locator("own-orders h2")).to_contain_text("我的未成交委托")


async def test_a_reload_keeps_the_session_and_a_second_tab_does_not_get_it(visitor: Visitor) -> None:
    await visitor.opens("wu")
    await visitor.page.reload()
    await visitor.is_live()
    async with visitor.context.expect_page() as opened:
        await visitor.page.evaluate("window.open(location.href)")  # the new tab begins with a copy of the storage
    other = await opened.value
    await expect(other.locator("form[aria-busy=false] [name=username]")).to_be_visible()
    await expect(visitor.page.locator("page-settings .who")).to_contain_text("wu")
    await visitor.page.get_by_role("button", name="Log out").click()
    await expect(visitor.page.locator("[name=username]")).to_be_visible()
    assert await visitor.page.evaluate("sessionStorage.length") == 0


async def test_the_last_price_of_every_instrument_follows_its_trades(visitor: Visitor, house: House) -> None:
    await visitor.opens("wu")
    anode = visitor.page.locator(f"[data-instrument='{house.instrument('ANODE')}'] .last")
    await expect(anode).to_have_text("–")
    await house.places("li", Side.SELL, 1, 1_234, code="ANODE")
    await house.places("ren", Side.BUY, 1, 1_234, code="ANODE")
    await expect(anode).to_have_text("61.70")


async def test_a_thousand_changes_of_the_book_make_few_paints(visitor: Visitor, house: House) -> None:
    await visitor.opens("wu")
    await visitor.page.evaluate(
        "window.paints = 0; new MutationObserver(() => window.paints++)"
        ".observe(document.querySelector('book-ladder'), {subtree: true, childList: true, characterData: true})"
    )
    for _ in range(10):
        await asyncio.gather(*(house.places("li", Side.SELL, 1, 1_100 + place) for place in range(100)))
    await expect(visitor.level(1_100).locator(".offer")).to_contain_text("10")
    assert await visitor.page.evaluate("window.paints") < 200


async def test_the_chart_draws_the_chosen_instruments_candles_and_grows_with_its_trades(
    visitor: Visitor, house: House
) -> None:
    await house.fills_book()
    await visitor.opens("wu")
    chart = visitor.page.locator("price-chart")
    await expect(chart).to_contain_text("No trades yet.")
    await house.places("ren", Side.BUY, 3, 1_005)
    await expect(chart.locator("[data-candle]")).to_have_count(1)
    await expect(chart.locator("svg")).to_have_attribute("aria-label", "LIDAR, candles of 1m: from 50.25 to 50.25")
    await house.places("li", Side.SELL, 3, 975)
    await expect(chart.locator("svg")).to_have_attribute("aria-label", re.compile("from 49.75 to 50.25"))
    await chart.locator("[name=interval]").select_option("1d")
    await expect(chart.locator("svg")).to_have_attribute("aria-label", re.compile("candles of 1d"))
    await expect(chart.locator("[data-candle]")).to_have_count(1)
    await visitor.page.locator("instrument-list button").nth(1).click()
    await expect(chart).to_contain_text("No trades yet.")


async def test_a_market_without_trading_rules_offers_plain_orders_alone(visitor: Visitor, house: House) -> None:
    await house.fills_book()
    await visitor.opens("wu")
    page = visitor.page
    await expect(page.locator("[name=type] option")).to_have_text(["Limit", "Market"])
    await expect(page.locator("order-ticket details")).to_have_count(0)
    await page.locator("[name=type]").select_option("market")
    await expect(page.locator("[name=price]")).to_have_count(0)
    await page.locator("[name=lots]").fill("5")
    await expect(page.locator("order-ticket form .costs")).to_contain_text("2,500.75")  # the band's edge, and its fee
    await visitor.review.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Market")
    await dialog.locator("[name=send]").click()
    await expect(page.locator("[data-said]")).to_contain_text("Filled")


async def test_an_iceberg_and_a_stop_stand_where_their_owner_is_told_and_others_see_the_slice(
    visitor: Visitor, house: House
) -> None:
    await visitor.opens("wu")
    page = visitor.page
    await visitor.chooses(EVERY_ORDER)
    await expect(page.locator("[name=type] option")).to_have_count(9)
    await page.locator("[name=price]").fill("50.00")
    await page.locator("[name=lots]").fill("30")
    await page.locator("order-ticket summary").click()
    await page.locator("[name=iceberg]").fill("10")
    await visitor.review.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Iceberg: show at a time")
    await dialog.locator("[name=send]").click()
    await expect(page.locator("[data-said]")).to_contain_text("30 lots are open")
    await expect(visitor.level(1_000).locator(".bid")).to_contain_text("10")
    await expect(visitor.level(1_000).locator(".mine")).to_contain_text("10")
    await expect(visitor.rows("own-orders").first).to_contain_text("shows 10")
    await expect(page.locator("[name=iceberg]")).to_have_value("")  # the next order does not inherit it

    await page.locator("[name=type]").select_option("stop_limit")
    await page.locator("[name=stop]").fill("49.00")
    await page.locator("[name=price]").fill("48.50")
    await page.locator("label.sell").click()
    await page.locator("[name=lots]").fill("7")
    await visitor.review.click()
    await dialog.locator("[name=send]").click()
    await expect(page.locator("[data-said]")).to_contain_text("7 lots wait or are open")
    own = visitor.rows("own-orders").filter(has_text="Stop, then limit")
    await expect(own.locator("[data-standing=stop]")).to_contain_text("Waits for · 49.00")
    await expect(visitor.level(970)).to_have_count(0)

    await house.places("li", Side.SELL, 10, 1_000, code=EVERY_ORDER)
    await expect(visitor.level(1_000).locator(".bid")).to_contain_text("10")  # the next slice
    await expect(visitor.rows("own-orders").filter(has_text="shows 10")).to_contain_text("20")
    await page.reload()
    await visitor.chooses(EVERY_ORDER)
    await expect(own.locator("[data-standing=stop]")).to_contain_text("Waits for · 49.00")
    await expect(visitor.level(1_000).locator(".mine")).to_contain_text("10")


async def test_a_call_shows_what_its_auction_would_do_and_takes_orders(visitor: Visitor, house: House) -> None:
    await visitor.opens("wu")
    page = visitor.page
    await visitor.chooses(EVERY_ORDER)
    await expect(page.locator("book-ladder .phase")).to_have_text("Continuous")
    ops, instrument = house.world.users["ops"], house.world.instruments[EVERY_ORDER]
    await house.services.bus.submit(
        ChangePhase(instrument_id=instrument, phase=Phase.CLOSING_CALL), ops, connection_id=ConnectionId(0)
    )
    await expect(page.locator("book-ladder .phase")).to_have_text("Closing call")
    await house.places("li", Side.SELL, 30, 990, code=EVERY_ORDER)
    await page.locator("[name=price]").fill("50.00")
    await page.locator("[name=lots]").fill("20")
    await visitor.review.click()
    await page.get_by_role("dialog").locator("[name=send]").click()
    await expect(page.locator("[data-said]")).to_contain_text("20 lots are open")
    called = page.locator("[data-auction=indicated]")
    await expect(called).to_contain_text("49.50")
    await expect(called).to_contain_text("20 lots paired")
    await expect(called).to_contain_text("10 lots of offers over")
    await house.services.bus.submit(
        ChangePhase(instrument_id=instrument, phase=Phase.POST_CLOSE), ops, connection_id=ConnectionId(0)
    )
    await expect(page.locator("[data-auction=fixed]")).to_contain_text("49.50")
    await expect(page.locator("trade-tape .auction")).to_have_text("Auction")
    await expect(page.locator("book-ladder .phase")).to_have_text("At the closing price")
