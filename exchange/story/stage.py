"""Where the story plays: an exchange in this process, its clock some months back, and the cast's way to ask it.

The cast asks over sockets with `api.client`, like anybody; only the clock is moved by hand, as no client could.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.client import Client, Problem
from api.rest.commands import POSTS
from exchange.bootstrap import Settings, serving
from exchange.core.calendar import local_date
from exchange.core.units import NS_PER_DAY, NS_PER_SECOND
from exchange.core.wire import name_of_type
from exchange.node.clock import StoryClock
from exchange.node.local import LocalBus

DAYS_BACK = 260
PATHS = {name_of_type(post.command): post.path for post in POSTS}
"""Where each command is posted."""

Event = dict[str, Any]


class StoryBroken(Exception):  # noqa: N818 - the story did not go as it is told
    """Something in the story came out otherwise than it must."""


@dataclass
class Stage:
    """The exchange of the story, who is logged in, and what was refused on the way."""

    base_url: str
    clock: StoryClock
    bus: LocalBus
    operator_password: str
    folder: Path
    """Where the exchange's data are; a party of the story that keeps a file of its own keeps it here."""
    clients: dict[str, Client] = field(default_factory=dict[str, Client])
    passwords: dict[str, str] = field(default_factory=dict[str, str])
    commands: int = 0
    refusals: Counter[str] = field(default_factory=Counter[str])
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    """Identifiers the chapters hand on, by name."""
    figures: dict[str, Any] = field(default_factory=dict[str, Any])
    """What each chapter came to, by its name: the story's figures, which a test holds."""
    said: list[str] = field(default_factory=list[str])
    """What the chapter at hand has said, a paragraph each."""
    advance: Callable[[float], None] = lambda _: None
    """Called by a long chapter with how much more of it is done, as a fraction of the whole."""

    def tell(self, name: str, figures: Any, *sentences: str) -> None:
        """Put a chapter's figures on record under its name, and say in words what happened."""
        self.figures[name] = figures
        self.said += sentences

    def say(self, *sentences: str) -> None:
        """Say in words what happened, without figures to keep."""
        self.said += sentences

    async def enter(self, name: str, password: str) -> Client:
        """Log somebody in, once."""
        client = self.clients.get(name)
        if client is None:
            client = Client(self.base_url)
            await client.login(name, password)
            self.clients[name] = client
            self.passwords[name] = password
        return client

    async def cast(self, name: str, member_id: str, /, **user: Any) -> Client:
        """Register a user of a member, give it a password, and log it in."""
        rights = ["view", "trade", "approve", "withdraw"]
        told = await self.ask("operator", "user.register", member_id=member_id, user_name=name, rights=rights, **user)
        password = secrets.token_urlsafe(12)
        body = {"user_id": one(told, "user.registered")["user"]["user_id"], "password": password}
        await self.clients["operator"].post("/v1/users/password", body)
        return await self.enter(name, password)

    async def ask(self, who: str, name: str, /, **fields: Any) -> list[Event]:
        """Send a command and answer its events.

        Raises: Problem when it is refused; the refusal is counted.
        """
        self.commands += 1
        key = f"story:{self.commands}"
        try:
            answer = await self.clients[who].post(PATHS[name], fields, key)
        except Problem as problem:
            self.refusals[problem.code] += 1
            raise
        events: list[Event] = answer["events"]
        return events

    async def ask_two(self, first: str, second: str, name: str, /, **fields: Any) -> list[Event]:
        """Send a command that needs four eyes, and have a second person grant it."""
        waiting = one(await self.ask(first, name, **fields), "approval.requested")
        return await self.ask(second, "approval.grant", approval_id=waiting["approval"]["approval_id"])

    async def is_refused(self, who: str, name: str, code: str, /, **fields: Any) -> str:
        """Send what must be refused, and see that it is, with this code; answers what stood in the way.

        Raises: StoryBroken.
        """
        try:
            await self.ask(who, name, **fields)
        except Problem as problem:
            if problem.code == code:
                return str(problem.body.get("detail", ""))
            raise StoryBroken(f"{name}: expected {code}, got {problem}") from problem
        raise StoryBroken(f"{name}: expected {code}, was accepted")

    async def own(self, who: str, path: str, **asked: Any) -> dict[str, Any]:
        """The one record of a kind that somebody is shown: what it alone was told.

        Raises: StoryBroken if it is shown another number of them.
        """
        found = (await self.clients[who].get(path, **asked))["items"]
        if len(found) != 1:
            raise StoryBroken(f"{who} is shown {len(found)} of {path} {asked}")
        record: dict[str, Any] = found[0]
        return record

    async def file(self, who: str, title: str, text: str) -> str:
        """Put a document on record; answers its hash."""
        body = text.encode()
        sha256 = hashlib.sha256(body).hexdigest()
        client = self.clients[who]
        headers = {"content-type": "application/octet-stream"}
        answer = await client.request("PUT", f"/v1/documents/content/{sha256}", body, headers)
        if answer.status not in (200, 201):
            raise StoryBroken(f"document upload answered {answer.status}")
        await self.ask(who, "document.file", sha256=sha256, size_bytes=len(body), media_type="text/plain", title=title)
        return sha256

    async def days_pass(self, days: int) -> None:
        """Leap ahead and let the timers that fell due fire before anybody asks again."""
        self.clock.leap(days * NS_PER_DAY)
        self.bus.arrived.set()
        await asyncio.sleep(0.1)

    async def wait_until(self, at_ns: int) -> None:
        """Leap to just after a moment.

        Raises: StoryBroken if it lies beyond the present.
        """
        wait = at_ns - self.clock.now_ns() + NS_PER_SECOND
        if wait > self.clock.behind_ns:
            raise StoryBroken("the story's days are not enough")
        self.clock.leap(max(0, wait))
        self.bus.arrived.set()
        await asyncio.sleep(0.1)

    def today(self) -> str:
        """The date of the story."""
        return local_date(self.clock.now_ns(), "Asia/Shanghai").isoformat()

    async def close(self) -> None:
        """Let everybody go."""
        for client in self.clients.values():
            await client.http.close()


@asynccontextmanager
async def staged(settings: Settings) -> AsyncIterator[Stage]:
    """An exchange that is served for as long as the block, its clock some months back."""
    clock = StoryClock(DAYS_BACK * NS_PER_DAY)
    password = settings.operator_password or secrets.token_urlsafe(12)
    settings = settings.model_copy(update={"operator_password": password})
    async with serving(settings, clock) as (services, base_url):
        stage = Stage(base_url, clock, services.bus, password, settings.data_dir)
        try:
            yield stage
        finally:
            await stage.close()


def money(amount_minor: int, currency: str = "CNY") -> str:
    """An amount as people write it. Units: minor, of which both of the story's currencies have a hundred.

    >>> money(350_000_000), money(5, "XTS")
    ('CNY 3,500,000.00', 'XTS 0.05')
    """
    return f"{currency} {amount_minor // 100:,}.{amount_minor % 100:02}"


def one(events: Iterable[Event], name: str) -> Event:
    """The one event of that name.

    Raises: StoryBroken if there is none.
    """
    for event in events:
        if event["type"] == name:
            return event
    raise StoryBroken(f"no {name} among {[event['type'] for event in events]}")
