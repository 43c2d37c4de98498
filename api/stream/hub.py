"""All sessions, and the committed batches they follow.

The hub is a subscriber of the node's feed and lives in the sequencer's loop: it must be quick and may not fail. What a
batch means for the sessions is put together while the batch is published, then each session gets one write. It
outlives the node: when another sequencer comes up, what was committed and never published is read from the journal, so
no follower misses or doubles anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Protocol

import structlog

from api.auth.codes import EdgeRefused
from api.auth.sessions import Holder
from api.directory import Directory
from api.stream.accounts import Accounts
from api.stream.answers import Heartbeat, encode, frame
from api.stream.books import TapeLine, correction_line, trade_line
from api.stream.channels import Moment
from api.stream.codes import StreamCode
from api.stream.days import Days
from api.stream.history import Journal
from api.stream.link import Link
from api.stream.lots import Lots
from api.stream.market import EVERYTHING_BY_PRICE, TICK_S, Disclosure, Known, Market
from api.stream.news import RING_MESSAGES as NEWS_MESSAGES
from api.stream.news import News
from api.stream.opening import auctions, disclosure, open_orders
from api.stream.rights import Rights
from api.stream.session import Session, Stage
from api.stream.statistics import StatisticsChannel
from exchange.core.ids import NODE, ConnectionId, InstrumentId, MarketId, UserId
from exchange.core.instruments import Side
from exchange.core.node_messages import LoseConnection
from exchange.node.local import LocalBus
from exchange.node.ports import Batch, Clock, NodeFault, Outcome, Submission
from exchange.node.sequencer import Sequencer
from exchange.store.queries.days import Day
from matching.depth import CommittedRow, DepthSnapshot, Quote
from matching.sale_messages import Lot

LAST_TRADES = 1_000
MAX_MISSED = 10_000
LOSE_AGAIN_S = 0.5

log = structlog.get_logger("api.stream")


class LoginDoor(Protocol):
    """What the stream asks of those who know who is who."""

    async def redeem(self, ticket: str) -> Holder:
        """Whom a ticket lets in, once.

        Raises: EdgeRefused.
        """
        ...

    async def ended(self, session_ids: Sequence[str]) -> Sequence[str]:
        """Which of these login sessions have ended."""
        ...

    def next_connection(self) -> ConnectionId:
        """A number for a connection, unique within an epoch."""
        ...


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How patient the stream is, and how much it takes."""

    login_s: float = 5.0
    heartbeat_s: float = 15.0
    silent_s: float = 45.0
    sweep_s: float = 5.0
    tick_s: float = TICK_S
    max_connections: int = 10_000
    max_connections_a_user: int = 100
    max_waiting: int = 1_000
    """Connections that have not logged in yet."""
    full_bytes: int = 262_144
    """What may wait for a reader before its market data is merged."""
    max_bytes: int = 1_048_576
    """What may wait for a reader before it is closed."""
    max_readers: int = 2
    """Channels whose past is read at a time."""
    origins: frozenset[str] = field(default_factory=frozenset[str])
    """Origins besides the server's own whose pages may open a stream."""


class Hub:
    """Every session, and the projections that they are told from."""

    def __init__(
        self,
        *,
        bus: LocalBus,
        clock: Clock,
        directory: Directory,
        journal: Journal,
        door: LoginDoor,
        settings: StreamSettings | None = None,
    ) -> None:
        self.bus = bus
        self.clock = clock
        self.door = door
        self.journal = journal
        self.settings = settings or StreamSettings()
        self.rights = Rights(directory)
        self.accounts = Accounts(self.rights)
        self.readers = asyncio.Semaphore(self.settings.max_readers)
        self.days = Days(journal, self.readers)
        self.market = Market(disclosure=self._disclosure, read_day=self.days.read)
        self.days.is_wanted = self.market.is_waiting_for
        self.days.reached = lambda: self.market.moment.sequence
        self.days.was_read = self._day_was_read
        self.lots = Lots()
        self.news = News()
        self.sessions: dict[Session, None] = {}
        self._by_user: dict[UserId, dict[Session, None]] = {}
        self._dirty: list[Session] = []
        self._sequencer: Sequencer | None = None
        self._flush_is_due = False
        self._tick_is_due = False
        self._sweeping: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None
        self._closed = False

    # --- the node -

    def restart(self, sequencer: Sequencer) -> None:
        """A node has loaded its state and has not begun: take what was committed and never published."""
        if self._sweeping is None:
            self._sweep_later()
        before, self._sequencer = self._sequencer, sequencer
        missed = sequencer.head.sequence - self.market.moment.sequence
        if before is None or missed > MAX_MISSED:
            self._start_over(sequencer)
        elif missed:
            log.info("stream.missed", rows=missed)
            self._publish(self.journal.rows_after(self.market.moment.sequence, missed))
        moment = self.market.moment
        self.market.moment = Moment(sequencer.epoch, moment.sequence, moment.at_ns)

    def publish(self, batch: Batch) -> None:
        """Tell the sessions of a committed batch."""
        self._publish(batch.rows)

    def _publish(self, rows: Sequence[CommittedRow]) -> None:
        self._project("rows", partial(self._take, rows))
        if self.market.is_waiting and not self._tick_is_due:
            self._tick_is_due = True
            asyncio.get_running_loop().call_later(self.settings.tick_s, self._tick)
        self.flush()

    def _take(self, rows: Sequence[CommittedRow]) -> None:
        self.accounts.rows(rows)
        for row in self.market.rows(rows):
            self.lots.row(row.header, row.events)
            self.news.row(row.header, row.events)
        self.lots.moment = self.news.moment = self.market.moment

    def _day_was_read(self, channel: StatisticsChannel, day: Day) -> None:
        self._project("day", partial(self.market.day_was_read, channel, day))
        self.flush()

    def _project(self, step: str, work: Callable[[], None]) -> None:
        """A bug in a projection is ours alone: the node goes on, the sessions start again from what is true."""
        try:
            work()
        except Exception:
            log.exception("stream.projection_failed", step=step)
            if self._sequencer is not None:
                self._start_over(self._sequencer)

    def _start_over(self, sequencer: Sequencer) -> None:
        """Draw everything anew from a state that equals the tables; whoever followed must come back and resume."""
        for session in list(self.sessions):
            session.close(StreamCode.STREAM_RESTART)
        state, head = sequencer.state, sequencer.head
        moment = Moment(sequencer.epoch, head.sequence, head.at_ns)
        self.lots.restore(moment, state.table(Lot).values())
        self.news.restore(moment, self.journal.last_announcements(NEWS_MESSAGES))
        self.accounts.restore({account_id: channel.n for account_id, channel in state.ledger.channels.items()})
        self.market.restore(
            moment,
            list(state.instruments.values()),
            open_orders(sequencer),
            Known(
                {instrument_id: (numbers.book_n, numbers.trade_n) for instrument_id, numbers in state.numbers.items()},
                self._last_trades(),
                {instrument_id: numbers.last_price_ticks for instrument_id, numbers in state.numbers.items()},
                auctions(sequencer),
            ),
        )

    def _disclosure(self, market_id: MarketId) -> Disclosure:
        """What a market shows of its books: it names its rules once, so the state, though ahead, does not differ."""
        return EVERYTHING_BY_PRICE if self._sequencer is None else disclosure(self._sequencer, market_id)

    def _last_trades(self) -> dict[InstrumentId, list[TapeLine]]:
        """Each instrument's last trades and corrections by their numbers; the channel sees where one is missing."""
        found: dict[InstrumentId, list[TapeLine]] = {}
        for trade_id, instrument_id, n, price, lots, aggressor, at_ns in self.journal.last_trades(LAST_TRADES):
            line = trade_line(trade_id, n, price, lots, Side(aggressor) if aggressor else None, at_ns)
            found.setdefault(InstrumentId(instrument_id), []).append(line)
        for correction in self.journal.last_corrections(LAST_TRADES):
            found.setdefault(correction.instrument_id, []).append(correction_line(correction))
        return {instrument_id: sorted(lines, key=attrgetter("n")) for instrument_id, lines in found.items()}

    # --- sessions -

    def connect(self, link: Link) -> Session:
        """A connection came; it has a few seconds to log in."""
        session = Session(self, link)
        self.sessions[session] = None
        waiting = len(self.sessions) - sum(map(len, self._by_user.values()))
        if len(self.sessions) > self.settings.max_connections or waiting > self.settings.max_waiting:
            session.close(StreamCode.STREAM_BUSY)
        return session

    def admit(self, session: Session, holder: Holder) -> StreamCode | None:
        """Let a session in as the user whose ticket it had; or say why not."""
        if self._closed or self._sequencer is None:
            return StreamCode.STREAM_BUSY
        if not self.rights.is_active(holder.user_id):
            return StreamCode.STREAM_USER
        mine = self._by_user.setdefault(holder.user_id, {})
        if len(mine) >= self.settings.max_connections_a_user:
            return StreamCode.STREAM_TOO_MANY_CONNECTIONS
        mine[session] = None
        session.user_id, session.session_id = holder.user_id, holder.session_id
        session.connection_id = self.door.next_connection()
        return None

    def forget(self, session: Session) -> None:
        """A session is over: it follows nothing, and what was to end with it ends."""
        if self.sessions.pop(session, 0) == 0:
            return
        mine = self._by_user.get(session.user_id)
        if mine is not None:
            mine.pop(session, None)
            if not mine:
                del self._by_user[session.user_id]
        session.channels.leave_all()
        if session.cancels_on_loss:
            self._lose(session.connection_id)

    def end_user(self, user_id: UserId) -> None:
        """Close every stream of a user who may not act any more."""
        for session in list(self._by_user.get(user_id, ())):
            session.close(StreamCode.STREAM_USER)

    def end_session(self, session_id: str) -> None:
        """Close every stream of a login session that was ended."""
        for session in [session for session in self.sessions if session.session_id == session_id]:
            session.close(StreamCode.STREAM_SESSION_ENDED)

    def _lose(self, connection_id: ConnectionId) -> None:
        """Have the connection's cancel-on-disconnect orders withdrawn; a full queue is asked again."""

        def answered(outcome: Outcome | NodeFault) -> None:
            # A node that stops ends the orders of its epoch's connections by itself when it starts again.
            del outcome

        try:
            command = LoseConnection(connection_id=connection_id)
            self.bus.post(Submission(command, NODE, answered, connection_id), slow=False)
        except NodeFault as fault:
            if fault.code == "node.busy":
                asyncio.get_running_loop().call_later(LOSE_AGAIN_S, self._lose, connection_id)

    # --- writing -

    def must_write(self, session: Session) -> None:
        """A session has something to write; it is written at the end of the batch, or of this turn of the loop."""
        self._dirty.append(session)
        if not self._flush_is_due:
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """One write for each session that has something to write."""
        self._flush_is_due = False
        dirty, self._dirty = self._dirty, []
        for session in dirty:
            if session.stage is not Stage.CLOSED:
                session.write()

    def _tick(self) -> None:
        self._tick_is_due = False
        self._project("tick", self.market.tick)
        if self.market.is_waiting:
            self._tick_is_due = True
            asyncio.get_running_loop().call_later(self.settings.tick_s, self._tick)
        self.flush()

    # --- time -

    def snapshot(self, instrument_id: InstrumentId, depth: int) -> tuple[int, DepthSnapshot]:
        """The best prices of both sides, and the journal sequence they stand at: what REST shows."""
        levels = self.most_levels(instrument_id, depth)
        return self.market.moment.sequence, self.market.depth.snapshot(instrument_id, levels)

    def most_levels(self, instrument_id: InstrumentId, wanted: int) -> int:
        """How many prices a side the instrument's market shows to who wants so many."""
        levels = self.market.disclosed(instrument_id).levels
        return wanted if levels is None else min(wanted, levels)

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """The best prices with phase and last price, all of one sequence."""
        return self.market.quote(instrument_id)

    async def close(self) -> None:
        """Close every session; take no more."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self._asking is not None:
            self._asking.cancel()
        self.days.close()
        for session in list(self.sessions):
            session.close(StreamCode.STREAM_RESTART)

    def _sweep_later(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(self.settings.sweep_s, self._sweep)

    def _sweep(self) -> None:
        """Send heartbeats, find the silent, and ask which logins have ended."""
        settings = self.settings
        beat = frame(encode(Heartbeat(at_ns=self.clock.now_ns())))
        for session in list(self.sessions):
            if session.stage is not Stage.OPEN:
                continue
            session.silent_sweeps = 0 if session.link.was_heard() else session.silent_sweeps + 1
            session.idle_sweeps += 1
            if session.silent_sweeps * settings.sweep_s >= settings.silent_s:
                session.close(StreamCode.STREAM_SILENT)
            elif session.idle_sweeps * settings.sweep_s >= settings.heartbeat_s:
                session.push(beat)
        self._project("sweep", self.market.sweep)
        if self.sessions and (self._asking is None or self._asking.done()):
            self._asking = asyncio.get_running_loop().create_task(self._end_logged_out())
        self._sweep_later()

    async def _end_logged_out(self) -> None:
        """A logout, anywhere, ends the session's streams soon after."""
        open_ids = {session.session_id for session in self.sessions if session.stage is Stage.OPEN}
        try:
            for session_id in await self.door.ended(sorted(open_ids)):
                self.end_session(session_id)
        except EdgeRefused as refused:
            log.warning("stream.logins_not_checked", code=refused.code)
