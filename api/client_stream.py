"""The client's end of the stream: orders with durable answers, channels without gaps, over any number of connections.

When the connection is lost, the client comes back with a new ticket, resumes every channel where it stood, and sends
the orders whose answer it does not know once more: their `client_order_id` makes that safe.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Self, TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from api.client_books import Followed, LiveBook, LiveOrders, Message

TRY_AGAIN = ("node.busy", "node.restarting", "node.stopped", "orders.outstanding")
PAUSES_S = (0.0, 0.1, 0.3, 1.0, 3.0)
RESEND_S = 0.2
FINAL = (4403,)
MAX_MESSAGE = 4 * 1_048_576

F = TypeVar("F", bound=Followed)


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The exchange said no, and why."""

    def __init__(self, message: Message) -> None:
        super().__init__(f"{message.get('code')}: {message.get('detail', '')}")
        self.code: str = message.get("code", "")
        self.message = message


class StreamEnded(Exception):  # noqa: N818 - it says what happened
    """The exchange closed the stream for good; `code` is the close code, the text its reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code


@dataclass(slots=True)
class _Asked:
    text: str
    answer: asyncio.Future[Message]


class Stream:
    """A stream that stays open. Use it as `async with`."""

    def __init__(self, url: str, ticket: Callable[[], Awaitable[str]]) -> None:
        self._url = url
        self._ticket = ticket
        self._socket: ClientConnection | None = None
        self._asked: dict[int, _Asked] = {}
        self._channels: dict[str, Followed] = {}
        self._numbers = count(1)
        self._runner: asyncio.Task[None] | None = None
        self._resending: set[asyncio.Task[None]] = set()
        self.connections = 0
        """How often it has connected."""
        self.connected = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Connect and log in.

        Raises: StreamEnded, or what the ticket's request raises.
        """
        self._runner = asyncio.create_task(self._run())
        connected = asyncio.create_task(self.connected.wait())
        await asyncio.wait([self._runner, connected], return_when=asyncio.FIRST_COMPLETED)
        connected.cancel()
        if self._runner.done():
            self._runner.result()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close. Orders whose answer has not come are not known."""
        for task in (self._runner, *self._resending):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task
        if self._socket is not None:
            await self._socket.close()
        for asked in self._asked.values():
            asked.answer.cancel()

    # --- Orders -------------------------------------------------------------------------------------------------------

    def send(self, kind: str, **fields: Any) -> asyncio.Future[Message]:
        """Send a message; its future has the durable answer, or raises Refused. Fields that are None are left out."""
        number = next(self._numbers)
        body = {"type": kind, "id": number, **{name: value for name, value in fields.items() if value is not None}}
        asked = _Asked(msgspec.json.encode(body).decode(), asyncio.get_running_loop().create_future())
        if self._runner is None or self._runner.done():
            asked.answer.set_exception(StreamEnded(1000, "the stream is not open"))
            return asked.answer
        self._asked[number] = asked
        self._send_later(asked)
        return asked.answer

    async def place(self, **order: Any) -> Message:
        """Place an order (the fields of order.place) and wait until it is durable.

        Raises: Refused.
        """
        return await self.send("order.place", **order)

    async def cancel(self, account_id: str, order_id: str) -> Message:
        """Withdraw an order.

        Raises: Refused.
        """
        return await self.send("order.cancel", account_id=account_id, order_id=order_id)

    async def replace(self, **order: Any) -> Message:
        """Change an order (the fields of order.replace).

        Raises: Refused.
        """
        return await self.send("order.replace", **order)

    async def cancel_all(self, account_id: str, **which: Any) -> Message:
        """Withdraw every order of an account, or of one instrument or side.

        Raises: Refused.
        """
        return await self.send("orders.cancel_all", account_id=account_id, **which)

    # --- Channels -----------------------------------------------------------------------------------------------------

    async def book(self, instrument_id: str, levels: int | None = None) -> LiveBook:
        """Follow an instrument's depth, or only so many of its best prices.

        Raises: Refused.
        """
        return await self._follow(LiveBook(f"book:{instrument_id}" + (f":{levels}" if levels else "")))

    async def orders(self, instrument_id: str) -> LiveOrders:
        """Follow an instrument's single orders, where its market shows them.

        Raises: Refused.
        """
        return await self._follow(LiveOrders(f"orders:{instrument_id}"))

    async def auction(self, instrument_id: str) -> Followed:
        """Follow an instrument's calls and auctions; every message says how all of it stands.

        Raises: Refused.
        """
        return await self._follow(Followed(f"auction:{instrument_id}"))

    async def trades(self, instrument_id: str, from_n: int | None = None) -> Followed:
        """Follow an instrument's trades.

        Raises: Refused.
        """
        return await self._follow(Followed(f"trades:{instrument_id}", from_n))

    async def statistics(self, instrument_id: str) -> Followed:
        """Follow an instrument's trading day; every message says all of it.

        Raises: Refused.
        """
        return await self._follow(Followed(f"stats:{instrument_id}"))

    async def account(self, account_id: str, from_n: int | None = None) -> Followed:
        """Follow an account's own events; from_n=1 begins with its first.

        Raises: Refused.
        """
        return await self._follow(Followed(f"account:{account_id}", from_n))

    async def instruments(self) -> Followed:
        """Follow the list of instruments.

        Raises: Refused.
        """
        return await self._follow(Followed("instruments"))

    async def unfollow(self, channel: Followed) -> None:
        """Follow a channel no longer."""
        self._channels.pop(channel.name, None)
        await self.send("unsubscribe", channel=channel.name)

    async def _follow(self, channel: F) -> F:
        self._channels[channel.name] = channel
        channel.is_asked = True
        try:
            await self.send("subscribe", channel=channel.name, from_n=_next(channel))
        except Refused:
            del self._channels[channel.name]
            raise
        finally:
            channel.is_asked = False
        return channel

    def _subscribed(self, channel: Followed, answer: Message) -> None:
        if channel.n is None and channel.name.startswith("account:"):
            channel.n = answer["n"]
        if channel.n == answer["n"]:
            channel.is_live = True

    # --- The connection -----------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Connect, again and again, until the exchange says that it is of no use."""
        failures = 0
        while True:
            await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
            try:
                await self._connection()
                failures = 0
            except (OSError, InvalidHandshake, TimeoutError):
                failures += 1
            except ConnectionClosed as closed:
                code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
                failures = 1 if self.connected.is_set() else failures + 1
                if code in FINAL or (code == 4401 and failures > len(PAUSES_S)):
                    ended = StreamEnded(code, reason)
                    self._fail(ended)
                    raise ended from closed
            except Exception as error:
                self._fail(error)
                raise
            finally:
                self._socket = None
                self.connected.clear()
                for channel in self._channels.values():
                    channel.is_live = False

    async def _connection(self) -> None:
        """One connection, from the ticket to its loss."""
        async with connect(self._url, compression=None, max_size=MAX_MESSAGE) as socket:
            await socket.send(msgspec.json.encode({"type": "login", "ticket": await self._ticket()}).decode())
            async with asyncio.timeout(10):
                await socket.recv()
            self._socket = socket
            self.connections += 1
            for channel in self._channels.values():
                if not channel.is_asked:
                    await self._resume(channel)
            for asked in list(self._asked.values()):
                await socket.send(asked.text)
            self.connected.set()
            async for raw in socket:
                self._take(msgspec.json.decode(raw))
        raise ConnectionClosed(socket.protocol.close_rcvd, socket.protocol.close_sent)

    async def _resume(self, channel: Followed) -> None:
        """Ask for a channel again where it stands; the answer needs no one who waits."""
        if self._socket is not None:
            body = {"type": "subscribe", "channel": channel.name}
            from_n = _next(channel)
            if from_n is not None:
                body["from_n"] = from_n  # type: ignore[assignment] # a JSON object of mixed values
            await self._socket.send(msgspec.json.encode(body).decode())

    def _take(self, message: Message) -> None:
        channel = self._channels.get(message.get("channel", ""))
        number = message.get("id")
        if message["type"] == "subscribed" and channel is not None:
            self._subscribed(channel, message)
        if "n" in message and number is None and channel is not None and message["type"] != "subscribed":
            if not channel.take(message):
                self._resync(channel)
        elif isinstance(number, int) and number in self._asked:
            self._answered(number, message)
        elif message["type"] == "unsubscribed" and channel is not None:
            channel.ended = message.get("code", "")
            channel.is_live = False

    def _answered(self, number: int, message: Message) -> None:
        asked = self._asked[number]
        if message["type"] == "refused" and message["code"] in TRY_AGAIN:
            asyncio.get_running_loop().call_later(RESEND_S, self._send_later, asked)
            return
        del self._asked[number]
        if asked.answer.done():
            return
        if message["type"] == "refused":
            asked.answer.set_exception(Refused(message))
        else:
            asked.answer.set_result(message)

    def _resync(self, channel: Followed) -> None:
        """Something is missing: begin the channel again, from its number or from a snapshot."""
        channel.is_live = False
        if isinstance(channel, LiveBook | LiveOrders):
            channel.n = None
        body = {"type": "unsubscribe", "channel": channel.name}
        self._spawn(self._resubscribe(channel, msgspec.json.encode(body).decode()))

    async def _resubscribe(self, channel: Followed, unsubscribe: str) -> None:
        with contextlib.suppress(ConnectionClosed):
            if self._socket is not None:
                await self._socket.send(unsubscribe)
                await self._resume(channel)

    def _send_later(self, asked: _Asked) -> None:
        """Send now if there is a connection; if not, or if it breaks, the next one sends it."""
        if self._socket is not None and not asked.answer.done():
            self._spawn(self._send(self._socket, asked.text))

    async def _send(self, socket: ClientConnection, text: str) -> None:
        with contextlib.suppress(ConnectionClosed):
            await socket.send(text)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._resending.add(task)
        task.add_done_callback(self._resending.discard)

    def _fail(self, error: Exception) -> None:
        for asked in self._asked.values():
            if not asked.answer.done():
                asked.answer.set_exception(error)
        self._asked.clear()


def _next(channel: Followed) -> int | None:
    return None if channel.n is None or channel.name == "instruments" else channel.n + 1
