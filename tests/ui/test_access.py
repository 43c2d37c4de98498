"""Who cannot see, or uses no mouse: contrast, names, order, focus. Checked by axe-core in both languages and themes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from api.ui import routes
from exchange.core.instruments import Side
from tests.ui.house import House
from tests.ui.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = Path(routes.__file__).parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


async def faults(page: Page) -> list[str]:
    """What axe finds, a line each."""
    if not await page.evaluate("typeof window.axe === 'object'"):
        await page.evaluate(AXE.read_text())
    found: dict[str, Any] = await page.evaluate("rules => axe.run(document, rules)", RULES)
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]


async def test_the_market_page_has_no_fault_that_axe_can_find(visitor: Visitor, house: House) -> None:
    await house.fills_book()
    await house.places("wu", Side.BUY, 2, 1_000)
    await house.places("li", Side.SELL, 1, 1_000)
    await visitor.opens("wu")
    page = visitor.page
    await expect(visitor.rows("own-orders")).to_have_count(1)
    await visitor.writes("buy", "1", "51.01")
    assert await faults(page) == []
    await page.get_by_role("button", name="Dark").click()
    await page.get_by_role("button", name="切换到中文").click()
    await visitor.writes("sell", "1", "50")
    assert await faults(page) == []
    await visitor.review.click()
    assert await faults(page) == []


async def test_the_institution_page_has_no_fault_that_axe_can_find(visitor: Visitor) -> None:
    page = visitor.page
    await page.goto(visitor.house.url + "/institution")
    await expect(page.locator("[name=username]")).to_be_visible()
    assert await faults(page) == []
    await visitor.opens("uni", "/institution")
    await expect(page.locator("outcome-list")).to_contain_text("No outcomes yet")
    assert await faults(page) == []


async def test_the_auctions_page_has_no_fault_that_axe_can_find(visitor: Visitor) -> None:
    await visitor.opens("wu", "/lots")
    await visitor.is_live()
    assert await faults(visitor.page) == []


async def test_an_order_can_be_placed_without_a_mouse(visitor: Visitor, house: House) -> None:
    await house.fills_book()
    await visitor.opens("wu")
    page = visitor.page
    await visitor.level(1_005).get_by_role("button").focus()
    await page.keyboard.press("ArrowDown")  # over the spread, to the best bid
    await page.keyboard.press("Enter")
    await expect(page.locator("[name=lots]")).to_be_focused()
    await page.keyboard.type("3")
    await page.keyboard.press("Enter")
    await expect(page.locator("dialog [name=send]")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#announcements")).to_contain_text("3 lots are open")
    await expect(visitor.level(995).locator(".mine")).to_contain_text("3")


async def test_what_has_the_focus_is_outlined(visitor: Visitor) -> None:
    await visitor.opens("wu")
    await visitor.page.keyboard.press("Tab")
    for _ in range(12):
        await visitor.page.keyboard.press("Tab")
        width = await visitor.page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        is_radio = await visitor.page.evaluate("document.activeElement.type === 'radio'")  # its label shows it
        assert width >= 2 or is_radio
