"""One connection: its login, its orders on their way, the channels it follows, and what waits to be written.

No message makes a task or a future: an order's answer is called by the sequencer after the commit, and joins what else
this connection is told of the batch in one write. Only the login and the reading of a channel's past are tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from api.auth.codes import EdgeRefused
from api.keys import key_of
from api.stream.answers import (
    Answer,
    LoggedIn,
    Pong,
    Refused,
    Subscribed,
    Unsubscribed,
    answer_to,
    encode,
    frame,
)
from api.stream.codes import NOT_LOGGED_IN, TRY_AGAIN, StreamCode
from api.stream.history import replay
from api.stream.link import Link
from api.stream.market import INSTRUMENTS
from api.stream.requests import (
    TWINS,
    UNREADABLE,
    Login,
    Ping,
    PlaceOrderText,
    Subscribe,
    Unsubscribe,
    account_of,
    decode_request,
    echo_of,
    instrument_of,
    to_command,
)
from exchange.core.ids import NODE, AccountId, ConnectionId, to_wire
from exchange.node.ports import NodeFault, Outcome, Submission

if TYPE_CHECKING:
    from api.stream.hub import Hub
    from api.stream.requests import OrderRequest

MAX_OUTSTANDING = 1_024
MAX_CHANNELS = 1_000
MAX_BAD_MESSAGES = 100
MAX_WAITING_LOGIN = 16
"""Messages a client may send ahead while its ticket is looked up."""

log = structlog.get_logger("api.stream")


class Stage(Enum):
    """How far a connection has come."""

    NEW = "new"
    CHECKING = "checking"
    OPEN = "open"
    CLOSED = "closed"


class Session:
    """A connection and everything it may ask of the stream."""

    __slots__ = (
        "_bad",
        "_outstanding",
        "_queued",
        "_tasks",
        "_timeout",
        "accounts",
        "cancels_on_loss",
        "connection_id",
        "hub",
        "idle_sweeps",
        "is_dirty",
        "link",
        "markets",
        "out",
        "session_id",
        "silent_sweeps",
        "stage",
        "user_id",
    )

    def __init__(self, hub: Hub, link: Link) -> None:
        self.hub = hub
        self.link = link
        self.stage = Stage.NEW
        self.user_id = NODE
        self.session_id = ""
        self.connection_id = ConnectionId(0)
        self.cancels_on_loss = False
        """Whether an order was sent that is to end with this connection."""
        self.accounts: dict[AccountId, asyncio.Task[None] | None] = {}
        """The accounts followed; one whose past is being read has the task that reads it."""
        self.markets: set[str] = set()
        self.out: list[bytes] = []
        self.is_dirty = False
        self.idle_sweeps = 0
        self.silent_sweeps = 0
        self._bad = 0
        self._outstanding = 0
        self._queued: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timeout = asyncio.get_running_loop().call_later(
            hub.settings.login_s, self.close, StreamCode.STREAM_LOGIN_TIMEOUT
        )

    # --- out -

    def push(self, whole: bytes) -> None:
        """Send a frame with the next write: at the end of the batch, or of this turn of the loop."""
        self.out.append(whole)
        if not self.is_dirty:
            self.is_dirty = True
            self.hub.must_write(self)

    def is_full(self) -> bool:
        """Whether market data should wait until more of what was sent has left."""
        return self.link.write_buffer_size() > self.hub.settings.full_bytes

    def write(self) -> None:
        """Write what waits, in one piece; a connection that lets too much pile up is closed."""
        self.is_dirty = False
        frames, self.out = self.out, []
        self.idle_sweeps = 0
        self.link.write_many(frames)
        if self.link.write_buffer_size() > self.hub.settings.max_bytes:
            self.close(StreamCode.STREAM_TOO_SLOW)

    def close(self, code: StreamCode) -> None:
        """Close with a code and its reason."""
        self.shut(code.close, code)

    def shut(self, close_code: int, reason: str) -> None:
        """Write what waits, say why, and close."""
        if self.stage is Stage.CLOSED:
            return
        self.stage = Stage.CLOSED
        if self.out:
            self.link.write_many(self.out)
            self.out = []
        log.info(
            "stream.closed",
            code=reason,
            close=close_code,
            user=to_wire("U", self.user_id),
            connection=self.connection_id,
        )
        self.link.close(close_code, reason)
        self.end()

    def end(self) -> None:
        """Let go of everything; the connection is gone or going."""
        self.stage = Stage.CLOSED
        self._timeout.cancel()
        for task in self._tasks:
            task.cancel()
        self.hub.forget(self)

    def dropped(self, account_id: AccountId, code: str) -> None:
        """The right to see an account is gone: say so; the connection stays open."""
        self.accounts.pop(account_id, None)
        self._answer(Unsubscribed(id=None, channel=f"account:{to_wire('A', account_id)}", code=code))

    def _answer(self, answer: Answer) -> None:
        self.push(frame(encode(answer)))

    def _refuse(self, echo: str | int | None, code: str, detail: str = "") -> None:
        self._answer(Refused(id=echo, code=code, detail=detail))

    # --- in -

    def on_text(self, raw: bytes) -> None:
        """Take a message. Nothing raises into the server: a bug costs this connection and no other."""
        try:
            if self.stage is Stage.OPEN:
                self._take(raw)
            elif self.stage is Stage.NEW:
                self._first(raw)
            elif self.stage is Stage.CHECKING:
                self._queued.append(raw)
                if len(self._queued) > MAX_WAITING_LOGIN:
                    self.close(StreamCode.STREAM_TOO_MANY_MESSAGES)
        except Exception:
            log.exception("stream.message_failed")
            self.close(StreamCode.STREAM_RESTART)

    def on_binary(self) -> None:
        """The stream is text."""
        self.close(StreamCode.STREAM_BINARY)

    def _take(self, raw: bytes) -> None:
        try:
            request = decode_request(raw)
        except UNREADABLE as error:
            self._not_understood(raw, error)
            return
        if type(request) in TWINS:
            self._order(request)
            return
        match request:
            case Subscribe():
                self._subscribe(request)
            case Unsubscribe():
                self._unsubscribe(request)
            case Ping():
                self._answer(Pong(id=request.id, at_ns=self.hub.clock.now_ns()))
            case _:
                self._refuse(request.id, StreamCode.MESSAGE_INVALID, "already logged in")

    def _not_understood(self, raw: bytes, error: Exception) -> None:
        """Refuse a message that is none; a client that sends nothing else is closed."""
        is_shape = isinstance(error, msgspec.ValidationError)
        code = StreamCode.MESSAGE_INVALID if is_shape else StreamCode.MESSAGE_MALFORMED
        log.info("stream.message_refused", code=code, detail=str(error)[:200], user=to_wire("U", self.user_id))
        self._refuse(echo_of(raw), code, str(error))
        self._bad += 1
        if self._bad >= MAX_BAD_MESSAGES:
            self.close(StreamCode.STREAM_BAD_MESSAGES)

    # --- orders -

    def _order(self, request: OrderRequest) -> None:
        echo = request.id
        if self._outstanding >= MAX_OUTSTANDING:
            self._refuse(echo, StreamCode.ORDERS_OUTSTANDING, f"at most {MAX_OUTSTANDING}")
            return
        try:
            command = to_command(request)
        except ValueError as error:
            self._refuse(echo, StreamCode.MESSAGE_INVALID, str(error))
            return
        if type(request) is PlaceOrderText and request.cancel_on_disconnect:
            self.cancels_on_loss = True
        submission = Submission(
            command, self.user_id, partial(self._answered, echo), self.connection_id, key_of(command)
        )
        self._outstanding += 1
        try:
            self.hub.bus.post(submission, slow=False)
        except NodeFault as fault:
            self._answered(echo, fault)

    def _answered(self, echo: str | int | None, outcome: Outcome | NodeFault) -> None:
        """The command's outcome is durable, or unknown. Called by the sequencer, which nothing here may stop."""
        self._outstanding -= 1
        if self.stage is not Stage.OPEN:
            return
        try:
            self.push(frame(encode(answer_to(echo, outcome))))
        except Exception:
            log.exception("stream.answer_failed")
            self.close(StreamCode.STREAM_RESTART)

    # --- login -

    def _first(self, raw: bytes) -> None:
        try:
            request = decode_request(raw)
        except UNREADABLE:
            request = None
        if isinstance(request, Login):
            self.stage = Stage.CHECKING
            self._spawn(self._login(request))
        else:
            self.close(StreamCode.STREAM_NOT_LOGGED_IN)

    async def _login(self, request: Login) -> None:
        """Redeem the ticket; then everything the client sent ahead is taken."""
        try:
            holder = await self.hub.door.redeem(request.ticket)
        except EdgeRefused as refused:
            self.shut(TRY_AGAIN if refused.code.status >= 500 else NOT_LOGGED_IN, refused.code)
            return
        if self.stage is not Stage.CHECKING:
            return
        code = self.hub.admit(self, holder)
        if code is not None:
            self.close(code)
            return
        self._timeout.cancel()
        self.stage = Stage.OPEN
        self._answer(
            LoggedIn(
                id=request.id,
                user_id=to_wire("U", holder.user_id),
                connection_id=self.connection_id,
                epoch=self.hub.market.moment.epoch,
                at_ns=self.hub.clock.now_ns(),
                heartbeat_s=int(self.hub.settings.heartbeat_s),
            )
        )
        queued, self._queued = self._queued, []
        for raw in queued:
            self.on_text(raw)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- channels -

    def _subscribe(self, request: Subscribe) -> None:
        kind, _, name = request.channel.partition(":")
        if len(self.markets) + len(self.accounts) >= MAX_CHANNELS:
            self._refuse(request.id, StreamCode.CHANNEL_LIMIT, f"at most {MAX_CHANNELS}")
            return
        try:
            if kind == "account":
                self._subscribe_account(request, account_of(name))
                return
            if request.channel in self.markets:
                self._refuse(request.id, StreamCode.CHANNEL_SUBSCRIBED)
            elif request.channel == INSTRUMENTS:
                self._subscribe_instruments(request)
            elif kind in ("book", "trades"):
                self._subscribe_market(request, kind, name)
            else:
                self._refuse(request.id, StreamCode.CHANNEL_UNKNOWN)
        except ValueError as error:
            self._refuse(request.id, StreamCode.CHANNEL_UNKNOWN, str(error))

    def _subscribed(self, request: Subscribe, n: int) -> None:
        epoch = self.hub.market.moment.epoch
        self._answer(Subscribed(id=request.id, channel=request.channel, epoch=epoch, n=n))

    def _subscribe_market(self, request: Subscribe, kind: str, name: str) -> None:
        market, instrument_id = self.hub.market, instrument_of(name)
        if instrument_id not in market.instruments:
            self._refuse(request.id, StreamCode.CHANNEL_UNKNOWN)
            return
        self.markets.add(request.channel)
        self._subscribed(request, market.number(kind, instrument_id))
        market.follow(kind, instrument_id, self, request.from_n)

    def _subscribe_instruments(self, request: Subscribe) -> None:
        self.markets.add(request.channel)
        self._subscribed(request, self.hub.market.instruments_number())
        self.hub.market.follow_instruments(self)
        self._spawn(self._send_instruments())

    async def _send_instruments(self) -> None:
        """The list in parts, as fast as the client reads; changes meanwhile come between the parts."""
        after: int | None = -1
        while after is not None and self.stage is Stage.OPEN:
            whole, after = self.hub.market.instruments_page(after)
            self.push(whole)
            self.hub.flush()
            await self.link.drain()

    def _subscribe_account(self, request: Subscribe, account_id: AccountId) -> None:
        hub = self.hub
        if not hub.rights.may_view(self.user_id, account_id):
            self._refuse(request.id, hub.rights.refusal(account_id))
            return
        if account_id in self.accounts:
            self._refuse(request.id, StreamCode.CHANNEL_SUBSCRIBED)
            return
        newest = hub.accounts.numbers.get(account_id, 0)
        if request.from_n is None or request.from_n == newest + 1:
            self.accounts[account_id] = None
            self._subscribed(request, newest)
            hub.accounts.follow(account_id, self, self.user_id)
        elif request.from_n > newest:
            self._refuse(request.id, StreamCode.CHANNEL_AHEAD, f"n={newest}")
        else:
            self._subscribed(request, newest)
            self.accounts[account_id] = self._spawn(self._resume(account_id, request.from_n))

    async def _resume(self, account_id: AccountId, from_n: int) -> None:
        """Send the past, then follow."""
        hub = self.hub
        try:
            async with hub.readers:
                complete = await replay(
                    hub.journal,
                    account_id,
                    from_n,
                    lambda: hub.accounts.numbers.get(account_id, 0),
                    partial(self._write_past, account_id),
                    self.link,
                )
                if complete:
                    self.accounts[account_id] = None
                    hub.accounts.follow(account_id, self, self.user_id)
                    return
            code = str(hub.rights.refusal(account_id))
        except Exception:
            log.exception("stream.resume_failed", account=to_wire("A", account_id))
            code = StreamCode.CHANNEL_BUSY
        if self.stage is Stage.OPEN:
            self.dropped(account_id, code)

    def _write_past(self, account_id: AccountId, frames: list[bytes]) -> bool:
        """Write a part of an account's past, if the user may still see it and is still there."""
        if not self.hub.rights.may_view(self.user_id, account_id):
            return False
        for whole in frames:
            self.push(whole)
        self.hub.flush()
        return self.stage is Stage.OPEN

    def _unsubscribe(self, request: Unsubscribe) -> None:
        try:
            known = self.unfollow(request.channel)
        except ValueError:
            known = False
        if known:
            self._answer(Unsubscribed(id=request.id, channel=request.channel))
        else:
            self._refuse(request.id, StreamCode.CHANNEL_NOT_SUBSCRIBED)

    def unfollow(self, channel: str) -> bool:
        """Follow a channel no longer; tells whether it was followed.

        Raises: ValueError if the name is none.
        """
        kind, _, name = channel.partition(":")
        if kind == "account":
            account_id = account_of(name)
            if account_id not in self.accounts:
                return False
            task = self.accounts.pop(account_id)
            if task is not None:
                task.cancel()
            self.hub.accounts.unfollow(account_id, self)
            return True
        if channel not in self.markets:
            return False
        self.markets.discard(channel)
        if channel == INSTRUMENTS:
            self.hub.market.unfollow_instruments(self)
        else:
            self.hub.market.unfollow(kind, instrument_of(name), self)
        return True
