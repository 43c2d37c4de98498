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
    answer_frame,
    encode,
    frame,
)
from api.stream.codes import NOT_LOGGED_IN, TRY_AGAIN, StreamCode
from api.stream.link import Link
from api.stream.requests import (
    TWINS,
    UNREADABLE,
    Login,
    Ping,
    PlaceOrderText,
    Subscribe,
    Unsubscribe,
    decode_request,
    echo_of,
    plain_order,
    to_command,
)
from api.stream.subscriptions import Subscriptions
from exchange.core.ids import NODE, AccountId, ConnectionId, to_wire
from exchange.core.messages import Command
from exchange.node.ports import NodeFault, Outcome, Submission

if TYPE_CHECKING:
    from api.stream.hub import Hub
    from api.stream.requests import OrderRequest

MAX_OUTSTANDING = 1_024
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
        "cancels_on_loss",
        "channels",
        "connection_id",
        "hub",
        "idle_sweeps",
        "is_dirty",
        "link",
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
        self.channels = Subscriptions(self)
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

    @property
    def is_open(self) -> bool:
        """Whether it is logged in and not closing."""
        return self.stage is Stage.OPEN

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
        self.channels.dropped(account_id, code)

    def answer(self, answer: Answer) -> None:
        """Tell the client something of its own."""
        self.push(frame(encode(answer)))

    def refuse(self, echo: str | int | None, code: str, detail: str = "") -> None:
        """Refuse one message; the connection stays open."""
        self.answer(Refused(id=echo, code=code, detail=detail))

    # --- in -

    def on_texts(self, texts: list[bytes]) -> None:
        """Take messages. Nothing raises into the server: a bug costs this connection and no other."""
        try:
            for raw in texts:
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
        plain = plain_order(raw)
        if plain is not None:
            self._submit(*plain)
            return
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
                self.channels.subscribe(request)
            case Unsubscribe():
                self.channels.unsubscribe(request)
            case Ping():
                self.answer(Pong(id=request.id, at_ns=self.hub.clock.now_ns()))
            case _:
                self.refuse(request.id, StreamCode.MESSAGE_INVALID, "already logged in")

    def _not_understood(self, raw: bytes, error: Exception) -> None:
        """Refuse a message that is none; a client that sends nothing else is closed."""
        is_shape = isinstance(error, msgspec.ValidationError)
        code = StreamCode.MESSAGE_INVALID if is_shape else StreamCode.MESSAGE_MALFORMED
        log.info("stream.message_refused", code=code, detail=str(error)[:200], user=to_wire("U", self.user_id))
        self.refuse(echo_of(raw), code, str(error))
        self._bad += 1
        if self._bad >= MAX_BAD_MESSAGES:
            self.close(StreamCode.STREAM_BAD_MESSAGES)

    # --- orders -

    def _order(self, request: OrderRequest) -> None:
        try:
            command = to_command(request)
        except ValueError as error:
            self.refuse(request.id, StreamCode.MESSAGE_INVALID, str(error))
            return
        if type(request) is PlaceOrderText and request.cancel_on_disconnect:
            self.cancels_on_loss = True
        self._submit(request.id, command, key_of(command))

    def _submit(self, echo: str | int | None, command: Command, key: str, encoded: bytes = b"") -> None:
        """Send a command on its way; `encoded` are its journal bytes, where they are made already."""
        if self._outstanding >= MAX_OUTSTANDING:
            self.refuse(echo, StreamCode.ORDERS_OUTSTANDING, f"at most {MAX_OUTSTANDING}")
            return
        self._outstanding += 1
        answer = partial(self._answered, echo)
        try:
            self.hub.bus.post(Submission(command, self.user_id, answer, self.connection_id, key, encoded), slow=False)
        except NodeFault as fault:
            self._answered(echo, fault)

    def _answered(self, echo: str | int | None, outcome: Outcome | NodeFault) -> None:
        """The command's outcome is durable, or unknown. Called by the sequencer, which nothing here may stop."""
        self._outstanding -= 1
        if self.stage is not Stage.OPEN:
            return
        try:
            self.push(answer_frame(echo, outcome))
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
            self.spawn(self._login(request))
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
        self.answer(
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
        self.on_texts(queued)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside; it ends with the session."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
