"""The feed in a browser: what is lost, doubled, swapped or cut off on the way is noticed, and made good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from playwright.async_api import expect

from exchange.core.instruments import Side
from tests.ui.house import House
from tests.ui.visitor import Meddle, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

READ_WHOLE = ("instruments", "auction:")
"""Channels whose messages say how all stands: their numbers begin anew, so they are never resumed."""


def drops(kind: str, count: int = 1) -> Meddle:
    """Loses the next messages of a type."""
    left = [count]

    def meddle(message: dict[str, Any]) -> list[dict[str, Any]]:
        if message["type"] == kind and left[0]:
            left[0] -= 1
            return []
        return [message]

    return meddle


def reaches(n: int) -> Callable[[dict[str, Any]], bool]:
    """Tells the message that brings the book to a number."""
    return lambda message: "bids" in message and message["n"] >= n


async def test_a_lost_change_makes_the_page_stale_until_it_is_made_good(visitor: Visitor, house: House) -> None:
    await visitor.meddles()
    await house.fills_book()
    await visitor.opens("wu")
    await visitor.writes("buy", "1", "50")
    await expect(visitor.review).to_be_enabled()
    held_back: list[dict[str, Any]] = []
    dropping = drops("book.changed")

    def meddle(message: dict[str, Any]) -> list[dict[str, Any]]:
        if message["type"] in ("subscribed", "unsubscribed", "book.snapshot"):
            held_back.append(message)  # the answer to the resynchronisation waits, so that the stale page can be seen
            return []
        return dropping(message)

    visitor.line.meddle = meddle
    await house.places("li", Side.SELL, 7, 1_005)
    await visitor.line.until_heard(lambda message: message["type"] == "book.changed")
    await house.places("li", Side.SELL, 5, 1_010)
    await visitor.is_stale()
    await expect(visitor.page.locator("[data-banner=stale]")).to_be_visible()
    await expect(visitor.page.locator("feed-status")).to_contain_text("Resynchronising")
    await expect(visitor.review).to_be_disabled()
    await expect(visitor.page.locator("#ticket-off")).to_contain_text("stale")
    await visitor.line.until_heard(lambda message: message["type"] == "subscribed" and message in held_back)
    assert visitor.line.of("subscribe")[-1]["from_n"] == 11  # fills_book made ten, so the eleventh was lost
    visitor.line.meddle = None
    await house.places("li", Side.SELL, 1, 1_020)
    for message in held_back:
        visitor.line.routes[-1].send(msgspec.json.encode(message).decode())
    await visitor.is_live()
    await expect(visitor.level(1_005).locator(".offer")).to_contain_text("27")
    await expect(visitor.review).to_be_enabled()


async def test_doubled_and_swapped_messages_leave_the_right_book(visitor: Visitor, house: House) -> None:
    await visitor.meddles()
    await visitor.opens("wu")
    waiting: list[dict[str, Any]] = []

    def meddle(message: dict[str, Any]) -> list[dict[str, Any]]:
        if message["type"] != "book.changed":
            return [message]
        waiting.append(message)
        if len(waiting) < 2:
            return []
        visitor.line.meddle = None
        return [waiting[1], waiting[1], waiting[0], waiting[0]]

    visitor.line.meddle = meddle
    for place in range(6):
        await house.places("li", Side.SELL, place + 1, 1_000 + 5 * place)
        await visitor.line.until_heard(reaches(place + 1))
    for place in range(6):
        await expect(visitor.level(1_000 + 5 * place).locator(".offer")).to_contain_text(str(place + 1))
    await visitor.is_live()


async def test_a_book_whose_checksum_is_another_is_asked_for_again(visitor: Visitor, house: House) -> None:
    await visitor.meddles()
    await visitor.opens("wu")
    before = len(visitor.line.of("subscribe"))

    def meddle(message: dict[str, Any]) -> list[dict[str, Any]]:
        if message["type"] == "book.changed":
            visitor.line.meddle = None
            return [{**message, "offers": [[1_000, 99]]}]
        return [message]

    visitor.line.meddle = meddle
    await house.places("li", Side.SELL, 3, 1_000)
    await expect(visitor.level(1_000).locator(".offer")).to_contain_text("3")
    await visitor.is_live()
    again = visitor.line.of("subscribe")[before:]
    assert [message["channel"] for message in again] == [f"book:{house.instrument('LIDAR')}"]
    assert "from_n" not in again[0]


async def test_a_lost_message_of_ones_own_account_is_read_again_from_its_number(visitor: Visitor, house: House) -> None:
    await visitor.meddles()
    await visitor.opens("wu")
    visitor.line.meddle = drops("order.accepted")
    first = await house.places("wu", Side.BUY, 1, 900)
    await visitor.line.until_heard(lambda message: message["type"] == "order.accepted")
    await house.places("wu", Side.BUY, 2, 905)
    await expect(visitor.rows("own-orders")).to_have_count(2)
    again = visitor.line.of("subscribe")[-1]
    assert again["channel"].startswith("account:") and again["from_n"] >= 1
    await house.cancels("wu", first)
    await expect(visitor.rows("own-orders")).to_have_count(1)


async def test_after_a_restart_of_the_stream_the_page_resumes_where_it_was(visitor: Visitor, house: House) -> None:
    await visitor.meddles()
    await house.fills_book()
    await visitor.opens("wu")
    await visitor.orders("buy", "3", "50")
    await expect(visitor.rows("own-orders")).to_have_count(1)
    before = len(visitor.line.of("subscribe"))
    await visitor.line.cut(1012)
    await visitor.is_stale()
    await house.places("li", Side.SELL, 2, 1_000)
    await visitor.is_live()
    await expect(visitor.rows("own-orders").first).to_contain_text("1 of 3")
    await expect(visitor.rows("own-fills")).to_have_count(1)
    resumed = visitor.line.of("subscribe")[before:]
    assert all("from_n" in message for message in resumed if not message["channel"].startswith(READ_WHOLE))


async def test_an_answer_that_never_came_is_called_unknown_and_the_own_orders_tell(
    visitor: Visitor, house: House
) -> None:
    await visitor.meddles()
    await visitor.opens("wu")
    visitor.line.meddle = lambda message: [] if message["type"] in ("ack", "order.accepted") else [message]
    await visitor.orders("buy", "3", "49.75")
    await visitor.line.until_heard(lambda message: message["type"] == "ack")
    visitor.line.meddle = None
    await visitor.line.cut(1012)
    await expect(visitor.page.locator("[data-said]")).to_contain_text("connection broke before the answer")
    await expect(visitor.rows("own-orders")).to_have_count(1)
    assert len(visitor.line.of("order.place")) == 1


async def test_a_session_that_was_ended_elsewhere_asks_for_the_password(visitor: Visitor, house: House) -> None:
    visitor.expected = "401"
    await visitor.opens("wu")
    await house.services.edge.sessions.revoke_user(house.world.users["wu"], "test")
    house.ends_streams("wu")
    await expect(visitor.page.locator("[name=username]")).to_be_visible()
    await expect(visitor.page.locator("login-panel")).to_contain_text("session has ended")
