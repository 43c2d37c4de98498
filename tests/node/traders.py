"""Members who trade over the public stream, keep their own list of what was acknowledged, and ask again by their keys.

Each logs in with a password and has a stream of its own, opened with `api.client` after every start of the server. What
a server answered is on the list; what it did not answer is asked again in the same words, and the keys decide.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import select

from api.client import Client, Refused, Stream
from api.client_books import Message
from api.keys import key_of
from api.stream.answers import answer_to
from exchange.core.ids import OrderId, from_wire
from exchange.core.units import Sequence, TimeNs
from exchange.core.wire import decode_events, encode_command
from exchange.core.wire_json import show
from exchange.node.ports import Outcome
from exchange.store.schema.journal import JournalTable
from exchange.store.snapshot import snapshot
from matching.messages import PlaceOrder
from tests.node.clients import Asked, Clients
from tests.node.template import NAMES, Stage

PASSWORD = "a lantern in the rain"
WINDOW = 64
FINISH_S = 60.0
OWN_WORDS = ("id", "repeated")
"""What an answer says of the question, and not of what became of it."""


@dataclass
class Traders:
    """The four members of the template, and the list of what each of them was told."""

    stage: Stage
    clients: Clients
    url: str
    told: dict[str, Message] = field(default_factory=dict[str, Message])
    """The first answer to each key."""
    streams: dict[int, Stream] = field(default_factory=dict[int, Stream])
    waiting: set[str] = field(default_factory=set[str])
    repeated: int = 0
    """Questions that a server found answered already: durable before a kill, and told only after it."""
    wrong: list[str] = field(default_factory=list[str])
    proven: set[int] = field(default_factory=set[int])
    """Sequences whose events were compared with what was told: the chain of the journal holds them from then on."""

    @contextlib.asynccontextmanager
    async def logged_in(self) -> AsyncIterator[dict[str, Client]]:
        """Everybody's client, logged in once: sessions outlive the server."""
        async with contextlib.AsyncExitStack() as stack:
            found = {name: await stack.enter_async_context(Client(self.url)) for name in NAMES}
            for name, client in found.items():
                await client.login(login_name(name), PASSWORD)
            yield found

    @contextlib.asynccontextmanager
    async def connected(self, clients: dict[str, Client]) -> AsyncIterator[None]:
        """A stream for each, on which everything not answered yet is asked again."""
        async with contextlib.AsyncExitStack() as stack:
            for name, client in clients.items():
                stream = await stack.enter_async_context(client.stream())
                self.streams[self.stage.users[name]] = stream
            self.waiting.clear()
            for asked in self.clients.waiting():
                self.send(asked)
            yield

    @property
    def connections(self) -> int:
        """How often the streams have connected; more than one each says that a server died unasked."""
        return sum(stream.connections for stream in self.streams.values())

    def send(self, asked: Asked) -> asyncio.Future[Message]:
        """Ask as the message of the stream says it."""
        fields: dict[str, Any] = show(asked.command)
        answer = self.streams[asked.principal].send(fields.pop("type"), **fields)
        self.waiting.add(asked.key)
        answer.add_done_callback(partial(self.hears, asked))
        return answer

    def trade(self, window: int = WINDOW) -> None:
        """Keep a window of questions open."""
        while len(self.waiting) < window:
            self.send(self.clients.ask())

    def hears(self, asked: Asked, answer: asyncio.Future[Message]) -> None:
        """Put an answer on the list. A second one must be the first one again."""
        if answer.cancelled():
            return  # the stream was lost: nothing is known, and the key will be asked again
        self.waiting.discard(asked.key)
        error = answer.exception()
        message = error.message if isinstance(error, Refused) else None if error else answer.result()
        if message is None or "sequence" not in message:
            self.wrong.append(f"{asked.key} was not decided: {error or message}")
            return
        self.repeated += bool(message.get("repeated"))
        said = {name: value for name, value in message.items() if name not in OWN_WORDS}
        if asked.answered:
            if said != self.told[asked.key]:
                self.wrong.append(f"{asked.key} was told {self.told[asked.key]}, then {said}")
            return
        asked.sequence = message["sequence"]
        self.told[asked.key] = said
        if isinstance(asked.command, PlaceOrder) and said.get("status") == "open":
            name = next(name for name, user in self.stage.users.items() if user == asked.principal)
            order_id = OrderId(from_wire("O", said["order_id"]))
            self.clients.open.append((name, order_id, asked.command.quantity_lots))
            del self.clients.open[:-40]

    async def everybody_answered(self) -> None:
        """Wait until nobody waits."""
        async with asyncio.timeout(FINISH_S):
            while self.waiting:  # noqa: ASYNC110 - answers are many, and each puts itself on the list
                await asyncio.sleep(0.01)

    async def hear_the_last(self) -> None:
        """After a kill: what the server had sent before it died was acknowledged too."""
        async with asyncio.timeout(FINISH_S):
            while any(stream.connected.is_set() for stream in self.streams.values()):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.001)

    def check(self, url: str) -> int:
        """Compare the list with the journal: all that was told is there, as it was told, and no key is there twice."""
        assert not self.wrong, self.wrong[:5]
        columns = JournalTable.__table__.c
        wanted = (columns.sequence, columns.at_ns, columns.principal, columns.key, columns.command, columns.events)
        places: dict[tuple[int, str], int] = {}
        answered = {asked.sequence: asked for asked in self.clients.asked.values() if asked.answered}
        assert len(answered) == len(self.told), "two questions were told the same sequence"
        with snapshot(url) as tables:
            for sequence, at_ns, principal, key, command, events in tables.stream(select(*wanted)):
                if key is not None:
                    before = places.setdefault((principal, key), sequence)
                    assert before == sequence, f"{key} is in the journal twice: {before} and {sequence}"
                asked = answered.pop(sequence, None)
                if asked is None:
                    continue
                there, ours = (principal, key or "", command), encoded_question(asked)
                assert there == ours, f"{asked.key} was acknowledged at {sequence}, the journal has another there"
                if sequence not in self.proven:
                    durable = answer_of(sequence, at_ns, events)
                    assert durable == self.told[asked.key], f"{asked.key}: {self.told[asked.key]}, durable: {durable}"
                    self.proven.add(sequence)
        assert not answered, f"acknowledged and lost: {[asked.key for asked in answered.values()][:5]}"
        return len(self.told)


def encoded_question(asked: Asked) -> tuple[int, str, bytes]:
    """A question as the journal has it: who, by which key, what."""
    return asked.principal, key_of(asked.command), encode_command(asked.command)


def answer_of(sequence: int, at_ns: int, events: bytes) -> Message:
    """What the sender of a journal's row must have been told."""
    outcome = Outcome(Sequence(sequence), TimeNs(at_ns), decode_events(events))
    answer: Message = msgspec.to_builtins(answer_to(None, outcome))
    return {name: value for name, value in answer.items() if name not in OWN_WORDS}


def login_name(name: str) -> str:
    """The name by which a member's user logs in."""
    return f"{name}.user"
