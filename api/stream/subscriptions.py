"""The channels one session follows: subscribing, reading a private channel's past, and leaving."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import TYPE_CHECKING

import structlog

from api.stream.answers import Subscribed, Unsubscribed
from api.stream.codes import StreamCode
from api.stream.history import replay
from api.stream.instruments import INSTRUMENTS
from api.stream.news import NEWS
from api.stream.requests import Subscribe, Unsubscribe, account_of, instrument_of, lot_of
from exchange.core.ids import AccountId, InstrumentId, LotId, to_wire
from matching.visible import OrderLine

if TYPE_CHECKING:
    from api.stream.session import Session

MAX_CHANNELS = 1_000
MARKET_KINDS = ("book", "trades", "orders", "auction", "stats")
LEVELS = re.compile(r"[1-9]\d{0,2}")

log = structlog.get_logger("api.stream")


class Subscriptions:
    """What one session follows."""

    __slots__ = ("_accounts", "_markets", "_session")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._accounts: dict[AccountId, asyncio.Task[None] | None] = {}
        """The accounts followed; one whose past is being read has the task that reads it."""
        self._markets: set[str] = set()

    def subscribe(self, request: Subscribe) -> None:
        """Follow a channel, or refuse."""
        session = self._session
        kind, _, name = request.channel.partition(":")
        if len(self._markets) + len(self._accounts) >= MAX_CHANNELS:
            session.refuse(request.id, StreamCode.CHANNEL_LIMIT, f"at most {MAX_CHANNELS}")
            return
        try:
            if kind == "account":
                self._account(request, account_of(name))
            elif request.channel in self._markets:
                session.refuse(request.id, StreamCode.CHANNEL_SUBSCRIBED)
            elif request.channel == INSTRUMENTS:
                self._instruments(request)
            elif request.channel == NEWS:
                self._news(request)
            elif kind in MARKET_KINDS:
                self._market(request)
            elif kind == "lot":
                self._lot(request, lot_of(name))
            else:
                session.refuse(request.id, StreamCode.CHANNEL_UNKNOWN)
        except ValueError as error:
            session.refuse(request.id, StreamCode.CHANNEL_UNKNOWN, str(error))

    def unsubscribe(self, request: Unsubscribe) -> None:
        """Follow a channel no longer, or refuse."""
        try:
            known = self._leave(request.channel)
        except ValueError:
            known = False
        if known:
            self._session.answer(Unsubscribed(id=request.id, channel=request.channel))
        else:
            self._session.refuse(request.id, StreamCode.CHANNEL_NOT_SUBSCRIBED)

    def dropped(self, account_id: AccountId, code: str) -> None:
        """The exchange ended an account's channel: say so; the connection stays open."""
        self._accounts.pop(account_id, None)
        channel = f"account:{to_wire('A', account_id)}"
        self._session.answer(Unsubscribed(id=None, channel=channel, code=code))

    def leave_all(self) -> None:
        """The session is over."""
        for channel in list(self._markets):
            self._leave(channel)
        for account_id in self._accounts:
            self._session.hub.accounts.unfollow(account_id, self._session)
        self._accounts.clear()

    # --- public channels -

    def _subscribed(self, request: Subscribe, n: int) -> None:
        epoch = self._session.hub.market.moment.epoch
        self._session.answer(Subscribed(id=request.id, channel=request.channel, epoch=epoch, n=n))

    def _market(self, request: Subscribe) -> None:
        market = self._session.hub.market
        kind, instrument_id = market_channel(request.channel)
        refusal = market.refusal(kind, instrument_id)
        if refusal is not None:
            self._session.refuse(request.id, refusal)
            return
        self._markets.add(request.channel)
        self._subscribed(request, market.number(kind, instrument_id))
        if market.follow(kind, instrument_id, self._session, request.from_n):
            self._session.spawn(self._send_orders(request.channel, instrument_id))

    async def _send_orders(self, channel: str, instrument_id: InstrumentId) -> None:
        """Single orders in parts, as fast as the client reads; changes meanwhile come between the parts."""
        session = self._session
        after: OrderLine | None = None
        while session.is_open and channel in self._markets:
            whole, after = session.hub.market.orders_page(instrument_id, after)
            session.push(whole)
            session.hub.flush()
            await session.link.drain()
            if after is None:
                return

    def _lot(self, request: Subscribe, lot_id: LotId) -> None:
        lots = self._session.hub.lots
        n = lots.number(lot_id)
        if n is None:
            self._session.refuse(request.id, StreamCode.CHANNEL_UNKNOWN)
        elif request.from_n is not None and request.from_n > n + 1:
            self._session.refuse(request.id, StreamCode.CHANNEL_AHEAD, f"n={n}")
        else:
            self._markets.add(request.channel)
            self._subscribed(request, n)
            lots.follow(lot_id, self._session, request.from_n)

    def _news(self, request: Subscribe) -> None:
        news = self._session.hub.news
        if request.from_n is not None and request.from_n > news.n + 1:
            self._session.refuse(request.id, StreamCode.CHANNEL_AHEAD, f"n={news.n}")
        else:
            self._markets.add(request.channel)
            self._subscribed(request, news.n)
            news.follow(self._session, request.from_n)

    def _instruments(self, request: Subscribe) -> None:
        market = self._session.hub.market
        self._markets.add(request.channel)
        self._subscribed(request, market.list.n)
        market.list.follow(self._session)
        self._session.spawn(self._send_instruments())

    async def _send_instruments(self) -> None:
        """The list in parts, as fast as the client reads; changes meanwhile come between the parts."""
        session, after = self._session, -1
        while session.is_open:
            market = session.hub.market
            whole, following = market.list.page(after, market.moment)
            session.push(whole)
            session.hub.flush()
            await session.link.drain()
            if following is None:
                return
            after = following

    # --- private channels -

    def _account(self, request: Subscribe, account_id: AccountId) -> None:
        session, hub = self._session, self._session.hub
        if not hub.rights.may_view(session.user_id, account_id):
            session.refuse(request.id, hub.rights.refusal(account_id))
            return
        if account_id in self._accounts:
            session.refuse(request.id, StreamCode.CHANNEL_SUBSCRIBED)
            return
        newest = hub.accounts.numbers[account_id]
        if request.from_n is None or request.from_n == newest + 1:
            self._subscribed(request, newest)
            self._live(account_id)
        elif request.from_n > newest:
            session.refuse(request.id, StreamCode.CHANNEL_AHEAD, f"n={newest}")
        else:
            self._subscribed(request, newest)
            self._accounts[account_id] = session.spawn(self._resume(account_id, request.from_n))

    def _live(self, account_id: AccountId) -> None:
        """From now on the account's messages come as they happen."""
        self._accounts[account_id] = None
        self._session.hub.accounts.follow(account_id, self._session, self._session.user_id)

    async def _resume(self, account_id: AccountId, from_n: int) -> None:
        """Send the past, then follow."""
        session, hub = self._session, self._session.hub
        code: str = StreamCode.CHANNEL_BUSY
        try:
            async with hub.readers:
                complete = await replay(
                    hub.journal,
                    account_id,
                    from_n,
                    lambda: hub.accounts.numbers[account_id],
                    partial(self._write_past, account_id),
                    session.link,
                )
                # Nothing is awaited between the last look at the newest number and this.
                if complete and session.is_open:
                    self._live(account_id)
                    return
            code = hub.rights.refusal(account_id)
        except Exception:
            log.exception("stream.resume_failed", account=to_wire("A", account_id))
        if session.is_open:
            self.dropped(account_id, code)

    def _write_past(self, account_id: AccountId, frames: list[bytes]) -> bool:
        """Write a part of an account's past, if the user may still see it and is still there."""
        session = self._session
        if not session.hub.rights.may_view(session.user_id, account_id):
            return False
        for whole in frames:
            session.push(whole)
        session.hub.flush()
        return session.is_open

    def _leave(self, channel: str) -> bool:
        """Follow a channel no longer; tells whether it was followed.

        Raises: ValueError if the name is none.
        """
        session, market = self._session, self._session.hub.market
        kind, _, name = channel.partition(":")
        if kind == "account":
            account_id = account_of(name)
            if account_id not in self._accounts:
                return False
            task = self._accounts.pop(account_id)
            if task is not None:
                task.cancel()
            session.hub.accounts.unfollow(account_id, session)
            return True
        if channel not in self._markets:
            return False
        self._markets.discard(channel)
        if channel == INSTRUMENTS:
            market.list.unfollow(session)
        elif channel == NEWS:
            session.hub.news.unfollow(session)
        elif kind == "lot":
            session.hub.lots.unfollow(lot_of(name), session)
        else:
            market.unfollow(*market_channel(channel), session)
        return True


def market_channel(channel: str) -> tuple[str, InstrumentId]:
    """The kind of an instrument's public channel, with how many prices it is to show, and the instrument.

    Raises: ValueError if the name is none.

    >>> market_channel("book:I1-9:5")
    ('book:5', 9216)
    """
    kind, _, name = channel.partition(":")
    text, colon, levels = name.partition(":")
    if colon and (kind != "book" or not LEVELS.fullmatch(levels)):
        raise ValueError("only a book is asked for by its number of prices, book:INS:5")
    return kind + colon + levels, instrument_of(text)
