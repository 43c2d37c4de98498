"""The main loop: take, stamp, apply, commit, answer, publish.

Waiting commands form a batch; each is stamped and decided in memory, then one transaction writes the journal and every
row they change; only then anybody hears of it. When the commit fails, an invariant breaks or a handler fails after its
line, memory can no longer be trusted: the sequencer stops, and the keeper starts another from the tables.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog

from exchange.core.ids import NODE, RunId
from exchange.core.messages import Command, Event, Header, Rejected
from exchange.core.node_messages import AdvanceClock, ContinueRun, StartNode
from exchange.core.rejections import InvariantBroken, RejectCode
from exchange.core.units import Epoch, Sequence, TimeNs
from exchange.core.wire import encode_command, encode_event, name_of
from exchange.engine.apply import apply
from exchange.engine.desk import Told, desk_for, takes
from exchange.engine.state import ExchangeState
from exchange.node.codec import ENGINE_VERSION, row_hashes
from exchange.node.local import LocalBus
from exchange.node.ports import (
    MAX_COMMANDS,
    Batch,
    Clock,
    Feed,
    Head,
    JournalRow,
    NodeFault,
    Outcome,
    Store,
    Submission,
)
from exchange.node.submissions import (
    Taken,
    answer_with_twin,
    engine_failed,
    is_slow,
    mark_of,
    not_own,
    own,
    repeat,
)

MAX_EVENTS = 4_096
MAX_APPLY_SECONDS = 0.005
MIN_ROOM = 32
SALTS_AT_ONCE = 256
MAX_SLOW_SECONDS = MAX_APPLY_SECONDS / 4

log = structlog.get_logger("exchange.node")
T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - not an error of the caller's: memory was given up
    """The sequencer gave up its memory. `retry` are commands surely not committed; they are decided again."""

    def __init__(self, reason: str, retry: list[Submission]) -> None:
        super().__init__(reason)
        self.retry = retry


class Sequencer:
    """One epoch of one node: owns the state, the journal's head and the writing half of the store."""

    def __init__(self, store: Store, bus: LocalBus, feed: Feed, clock: Clock, epoch: Epoch) -> None:
        self.store = store
        self.bus = bus
        self.feed = feed
        self.clock = clock
        self.epoch = epoch
        self.state: ExchangeState
        self.head: Head
        self.state, self.head = store.load()
        self.desk = desk_for(self.state)
        self.suspects = store.suspects()
        self.careful = 0
        """Commands still to be taken one a batch, after a stop, so that a poisonous one harms only itself."""
        self.on_stage: Callable[[str], None] = lambda _stage: None
        """Told "apply", "commit" and "answer" as they begin; crash tests print where they struck."""
        self._salts: list[bytes] = []
        self._room = MAX_COMMANDS
        """Commands taken at once: as many as the last full batch could decide in its time, or twice the last one's.

        What is taken and put back was looked up for nothing.
        """
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="commit")
        self._runs_asked: set[RunId] = set()
        self._resting: list[tuple[Callable[[], None], asyncio.Future[Any]]] = []
        self._timers_stuck = False
        """The engine fails on a timer that is due: trading goes on without timers until an operator helps."""

    def let_go(self) -> None:
        """Give back the books' memory: a stopped node's heap is out of the collector's sight, and stays for long."""
        self.desk = None
        self.state.books.clear()

    async def run(self) -> None:
        """Work until the bus closes.

        Raises: Stopped when memory can no longer be trusted.
        """
        try:
            self._post_own(StartNode())
            while (waiting := await self._take()) is not None:
                new = self._look_up(waiting)
                taken = self._apply(new)
                await self._commit([row for _, row in taken], taken)
                self._answer(taken)
                self._ask_runs()
                await asyncio.sleep(0)  # a commit in the loop awaited nothing: let everybody read and write meanwhile
        finally:
            self._writer.shutdown(wait=True)
            for _, answer in self._resting:
                answer.cancel()

    def at_rest(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Do something small between two batches, when memory and tables stand at the same sequence."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def carry_out() -> None:
            if answer.cancelled():
                return
            try:
                answer.set_result(work())
            except Exception as error:
                answer.set_exception(error)

        self._resting.append((carry_out, answer))
        self.bus.arrived.set()
        return answer

    def release(self, fingerprint: bytes) -> asyncio.Future[bool]:
        """Let a quarantined command be tried again; tells whether it was known."""
        return self.at_rest(lambda: self._release(fingerprint))

    def _release(self, fingerprint: bytes) -> bool:
        known = self.store.release(fingerprint)
        self.suspects.pop(fingerprint, None)
        self._timers_stuck = False
        self._runs_asked.clear()
        return known

    def _rest(self) -> None:
        while self._resting:
            carry_out, _ = self._resting.pop(0)
            carry_out()

    # --- take ---------------------------------------------------------------------------------------------------------

    async def _take(self) -> list[Submission] | None:
        """The next commands, fast lane first; none when the bus is closed and empty."""
        bus = self.bus
        while not bus.fast and not bus.slow and not self._timer_is_due() and not self._resting:
            if bus.closed:
                return None
            bus.arrived.clear()
            try:
                await asyncio.wait_for(bus.arrived.wait(), self._seconds_to_timer())
            except TimeoutError:
                continue
        room = 1 if self.careful else self._room
        taken = [bus.fast.popleft() for _ in range(min(room, len(bus.fast)))]
        if self.careful:
            self.careful -= 1
        slow = min(len(bus.slow), MAX_COMMANDS // 4, room - len(taken) if taken else room)
        return taken + [bus.slow.popleft() for _ in range(slow)]

    def _timer_is_due(self) -> bool:
        return self._timer_due_at(self.clock.now_ns())

    def _seconds_to_timer(self) -> float | None:
        if not self.state.due or self._timers_stuck:
            return None
        return min(60.0, max(0.001, (self.state.due[0][0] - self.clock.now_ns()) / 1e9))

    def _look_up(self, waiting: list[Submission]) -> list[Submission]:
        """What must be asked of the store before a batch; where it fails, none of the batch was decided."""
        try:
            self._rest()
            return self._answer_known(waiting)
        except Exception as error:
            log.exception("store.not_read", commands=len(waiting))
            raise Stopped("the store could not be asked", not_own(waiting)) from error

    def _answer_known(self, waiting: list[Submission]) -> list[Submission]:
        """Answer commands whose key is in the journal from there; what is left is new."""
        keys = [(submission.principal, submission.key) for submission in waiting if submission.key]
        for submission in waiting:
            submission.encoded = submission.encoded or encode_command(submission.command)
        known = self.store.known(keys) if keys else {}
        if not known:
            return waiting
        new: list[Submission] = []
        for submission in waiting:
            earlier = known.get((submission.principal, submission.key)) if submission.key else None
            if earlier is None:
                new.append(submission)
            else:
                submission.answer(repeat(submission, earlier))
        return new

    # --- stamp and apply ----------------------------------------------------------------------------------------------

    def _apply(self, waiting: list[Submission]) -> list[Taken]:
        """Decide commands in memory until a limit of the batch is reached; the rest goes back to the queue."""
        self.on_stage("apply")
        taken: list[Taken] = []
        in_batch: dict[tuple[int, str], Taken] = {}
        events = 0
        started = time.perf_counter()
        now_ns = self.clock.now_ns()
        slow_until = started + MAX_SLOW_SECONDS
        while self._timer_due_at(now_ns):
            fired = self._decide(own(AdvanceClock(chance=secrets.token_bytes(32))), now_ns, taken, waiting, 0)
            taken.append(fired)
            self._timers_stuck = engine_failed(fired[1].events)
        for place, submission in enumerate(waiting):
            spent = time.perf_counter()
            full = events >= MAX_EVENTS or spent - started > MAX_APPLY_SECONDS
            if taken and (full or (is_slow(submission) and spent > slow_until)):
                self._return(waiting[place:])
                self._room = max(MIN_ROOM, place)
                break
            if submission.key:
                twin = in_batch.get((submission.principal, submission.key))
                if twin is not None:
                    answer_with_twin(submission, twin)
                    continue
            row = self._decide(submission, now_ns, taken, waiting, place + 1)
            taken.append(row)
            events += row[1].event_count
            if submission.key:
                in_batch[submission.principal, submission.key] = row
        else:
            self._room = min(MAX_COMMANDS, 2 * self._room)
        return taken

    def _return(self, submissions: list[Submission]) -> None:
        self.bus.put_back(submission for submission in submissions if not is_slow(submission))
        self.bus.slow.extendleft(reversed([submission for submission in submissions if is_slow(submission)]))

    def _timer_due_at(self, now_ns: int) -> bool:
        due = self.state.due
        return bool(due) and not self._timers_stuck and due[0][0] <= max(now_ns, self.head.at_ns + 1)

    def stamp(self, submission: Submission, now_ns: int) -> Header:
        """A command's place, time and sender."""
        head = self.head
        at_ns = now_ns if now_ns > head.at_ns else head.at_ns + 1
        return Header(
            Sequence(head.sequence + 1), self.epoch, TimeNs(at_ns), submission.principal, submission.connection_id
        )

    def decide(self, header: Header, submission: Submission) -> JournalRow:
        """Decide one command: at the compiled desk if it is plain, else by its handler; the row that proves it.

        Raises: InvariantBroken, or whatever a bug raises.
        """
        submission.encoded = submission.encoded or encode_command(submission.command)
        if self.desk is not None and not self.suspects and takes(type(submission.command)):
            decided = self.desk.decide(header, submission.command)
            if decided is not None:
                encoded, told = decided
                return self._row(header, submission, None, encoded, told)
        events = self._guarded(header, submission)
        return self._row(header, submission, events, [encode_event(event) for event in events])

    def _decide(
        self, submission: Submission, now_ns: int, taken: list[Taken], waiting: list[Submission], behind: int
    ) -> Taken:
        """Stamp one command and decide it; a bug before the line refuses it, one after the line stops the node.

        `taken` came before it in the batch, and `waiting` from place `behind` on comes after it: after a stop all of
        them are surely not committed.
        """
        header = self.stamp(submission, now_ns)
        try:
            return submission, self.decide(header, submission)
        except Exception as error:
            if not isinstance(error, InvariantBroken) and not self.state.changing:
                log.exception("handler.failed_before_line", command=name_of(submission.command))
                self.state.sequence, self.state.at_ns = header.sequence, header.at_ns
                events: list[Event] = [Rejected(code=RejectCode.INTERNAL_REFUSED)]
            else:
                log.exception("handler.failed_after_line", command=name_of(submission.command))
                self._note_suspect(submission)
                retry = not_own([*(earlier for earlier, _ in taken), submission, *waiting[behind:]])
                raise Stopped("a handler failed after its line", retry) from error
        return submission, self._row(header, submission, events, [encode_event(event) for event in events])

    def _note_suspect(self, submission: Submission) -> None:
        """Count the stop against the command; where even that cannot be written, the stop itself still happens."""
        name = name_of(submission.command)
        try:
            stops = self.store.suspect(mark_of(submission), name)
            log.warning("command.suspected", command=name, stops=stops)
        except Exception:
            log.exception("suspect.not_written", command=name)

    def _guarded(self, header: Header, submission: Submission) -> list[Event]:
        """Decide, unless the command has stopped a node twice."""
        if self.suspects:
            mark = mark_of(submission)
            if self.suspects.get(mark, 0) >= 2:
                self.state.sequence, self.state.at_ns = header.sequence, header.at_ns
                return [Rejected(code=RejectCode.INTERNAL_QUARANTINED, detail=mark.hex()[:16])]
        return apply(self.state, header, submission.command)

    def _row(
        self,
        header: Header,
        submission: Submission,
        events: list[Event] | None,
        encoded: list[bytes],
        told: Told | None = None,
    ) -> JournalRow:
        """The journal row: bytes once, hashes, and the chain carried on."""
        salt = self._salt()
        events_bytes, chain = row_hashes(
            header.sequence,
            header.epoch,
            header.at_ns,
            ENGINE_VERSION,
            submission.principal,
            submission.connection_id,
            submission.key.encode(),
            submission.encoded,
            encoded,
            salt,
            self.head.chain,
        )
        self.head = Head(header.sequence, header.epoch, header.at_ns, chain)
        return JournalRow(
            header,
            submission.key,
            submission.command,
            submission.encoded,
            events,
            events_bytes,
            salt,
            chain,
            told,
            len(encoded),
        )

    def _salt(self) -> bytes:
        """Sixteen random bytes; drawn many at a time, because each draw is a call of the kernel."""
        if not self._salts:
            drawn = secrets.token_bytes(16 * SALTS_AT_ONCE)
            self._salts = [drawn[place : place + 16] for place in range(0, len(drawn), 16)]
        return self._salts.pop()

    # --- commit, answer, publish --------------------------------------------------------------------------------------

    async def _commit(self, rows: list[JournalRow], taken: list[Taken]) -> None:
        """Make the batch durable; after a failure nobody knows whether it is, so memory goes and keys decide."""
        if not rows:
            return
        self.on_stage("commit")
        batch = Batch(rows=rows)
        try:
            if len(rows) <= self.store.inline_commands:
                self.store.commit(batch)
            else:
                await asyncio.get_running_loop().run_in_executor(self._writer, self.store.commit, batch)
        except Exception as error:
            log.exception("commit.failed", first=rows[0].header.sequence, commands=len(rows))
            for submission, _ in taken:
                submission.answer(NodeFault("node.restarting", "the outcome is unknown; ask again with the same key"))
            raise Stopped("a commit failed", []) from error

    def _answer(self, taken: list[Taken]) -> None:
        """Tell the senders, then everybody."""
        if not taken:
            return
        self.on_stage("answer")
        for submission, row in taken:
            submission.answer(Outcome(row.header.sequence, row.header.at_ns, row=row))
        self.feed.publish(Batch(rows=[row for _, row in taken]))

    def _ask_runs(self) -> None:
        """Ask for the next chunk of every run that has none on its way."""
        for run in list(self.state.runs.values()):
            if run.run_id not in self._runs_asked:
                self._runs_asked.add(run.run_id)
                self._post_own(ContinueRun(run_id=run.run_id, from_position=run.position), run.run_id)

    def _post_own(self, command: Command, run_id: RunId | None = None) -> None:
        def answered(result: Outcome | NodeFault) -> None:
            # A chunk on which the engine fails would fail again: the run waits for a restart or an operator's release.
            if run_id is not None and not (isinstance(result, Outcome) and engine_failed(result.events)):
                self._runs_asked.discard(run_id)

        submission = Submission(command=command, principal=NODE, answer=answered)
        if run_id is None:
            self.bus.put_back([submission])
        else:
            self.bus.slow.appendleft(submission)
            self.bus.arrived.set()
