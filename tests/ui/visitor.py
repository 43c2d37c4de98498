"""Somebody who looks at the pages: logs in, fills the ticket, reads what is shown; and a line to be meddled with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, WebSocketRoute, expect

from tests.ui.house import PASSWORD, House, login_name

Meddle = Callable[[dict[str, Any]], list[dict[str, Any]]]
"""Given a message of the exchange, the messages that reach the page in its place."""

FRESH = "html[data-fresh=true]"
STALE = "html[data-fresh=false]"


@dataclass
class Line:
    """The WebSocket between the page and the exchange, under the test's hand."""

    routes: list[WebSocketRoute] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    meddle: Meddle | None = None

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What the page sent of one type."""
        return [message for message in self.sent if message["type"] == kind]

    async def until_heard(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a message of the exchange."""
        async with asyncio.timeout(8):
            while True:
                for message in self.heard:
                    if wanted(message):
                        return message
                await asyncio.sleep(0.01)

    async def cut(self, code: int) -> None:
        """End the connection as the exchange would, with a close code."""
        await self.routes[-1].close(code=code, reason="stream.restart")


@dataclass
class Visitor:
    """One person, one tab."""

    house: House
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    line: Line = field(default_factory=Line)
    expected: str = ""
    """A complaint of the browser that this test brings about on purpose."""

    def __post_init__(self) -> None:
        """Write down every error and warning of the page."""
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not (self.expected and self.expected in message.text):
            self.complaints.append(message.text)

    async def meddles(self) -> None:
        """Put a hand on the line; call before the page opens it."""
        line = self.line

        async def route(route: WebSocketRoute) -> None:
            line.routes.append(route)
            exchange = route.connect_to_server()

            def up(text: str | bytes) -> None:
                line.sent.append(msgspec.json.decode(text))
                exchange.send(text)

            def down(text: str | bytes) -> None:
                message = msgspec.json.decode(text)
                line.heard.append(message)
                for one in [message] if line.meddle is None else line.meddle(message):
                    route.send(msgspec.json.encode(one).decode())

            route.on_message(up)
            exchange.on_message(down)

        await self.page.route_web_socket("**/v1/stream", route)

    async def opens(self, who: str, path: str = "/") -> None:
        """Open a page and log in; on the market page, wait until it is live."""
        await self.page.goto(self.house.url + path)
        await self.page.locator("[name=username]").fill(login_name(who))
        await self.page.locator("[name=password]").fill(PASSWORD)
        await self.page.locator("login-panel button").click()
        if path.startswith("/?") or path == "/":
            await self.is_live()

    async def is_live(self) -> None:
        """Wait until everything the page follows is complete."""
        await self.page.locator(FRESH).wait_for(state="attached")

    async def is_stale(self) -> None:
        """Wait until the page says that it is not."""
        await self.page.locator(STALE).wait_for(state="attached")

    async def chooses(self, code: str) -> None:
        """Choose an instrument."""
        await self.page.locator(f"[data-instrument='{self.house.instrument(code)}']").click()
        await expect(self.page.locator("book-ladder h2")).to_contain_text(code)
        await self.is_live()

    async def writes(self, side: str, lots: str, price: str) -> None:
        """Fill the ticket."""
        await self.page.locator(f"order-ticket label.{side}").click()
        await self.page.locator("[name=price]").fill(price)
        await self.page.locator("[name=lots]").fill(lots)

    async def orders(self, side: str, lots: str, price: str) -> None:
        """Fill the ticket, review and confirm."""
        await self.writes(side, lots, price)
        await self.review.click()
        await self.page.locator("dialog [name=send]").click()

    @property
    def review(self) -> Locator:
        """The ticket's button."""
        return self.page.locator("[name=review]")

    def level(self, ticks: int) -> Locator:
        """A row of the ladder."""
        return self.page.locator(f"tr[data-price='{ticks}']")

    def rows(self, element: str) -> Locator:
        """The rows of a table of the page."""
        return self.page.locator(f"{element} tbody tr")

    async def sees(self, locator: Locator, text: str) -> None:
        """Wait until something shows a text."""
        await expect(locator).to_contain_text(text)
