"""The proofs that need only the journal: the chain over its rows, and the commands decided again.

`ChainCheck` recomputes every leaf and every link from the stored columns, and the rules of the numbering. `Replay`
gives the commands to the engine once more and compares the events it makes with those that were stored. Both walk rows
in order, whatever database they come from; neither shares code with a handler. (The third proof, folding the events
into empty tables, needs the tables: exchange/store/fold.py.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from exchange.core.ids import SHARD, ConnectionId, UserId
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import Epoch, Sequence, TimeNs
from exchange.core.wire import FORMAT, decode_command, decode_events, split_events
from exchange.engine.apply import apply
from exchange.engine.state import ExchangeState
from exchange.node.codec import ENGINE_VERSION, chain_hash, command_hash, key_hash, key_place, leaf_hash
from exchange.node.ports import Head

SALT_BYTES = 16
KEPT_PROBLEMS = 1_000
"""Problems described one by one; further ones are only counted, so that a ruined database is still reported."""

ABSENT = "absent"
"""What `expected` or `found` says where there is nothing."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be: where (table, key, column), what was expected and what was found."""

    proof: str
    table: str
    key: str
    column: str
    expected: str
    found: str

    def line(self) -> str:
        """The problem in one line."""
        place = f"{self.table} {self.key}" + (f" {self.column}" if self.column else "")
        return f"{self.proof}: {place}: expected {self.expected}, found {self.found}"


@dataclass(slots=True)
class Problems:
    """What was found wrong: the first ones in full, all of them counted."""

    kept: list[Problem] = field(default_factory=list[Problem])
    count: int = 0

    def add(self, proof: str, table: str, key: object, column: str, expected: object, found: object) -> None:
        """Note one more."""
        self.count += 1
        if len(self.kept) < KEPT_PROBLEMS:
            self.kept.append(Problem(proof, table, str(key), column, shown(expected), shown(found)))


def shown(value: object) -> str:
    """A value for a person: bytes as hex, long ones shortened."""
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal row, exactly as stored. Its fields are the table's columns, in the table's order."""

    sequence: int
    shard: int
    format: int
    engine_version: int
    epoch: int
    at_ns: int
    principal: int
    connection_id: int
    key: str | None
    key_hash: int | None
    command: bytes
    events: bytes
    salt: bytes
    chain: bytes

    @property
    def header(self) -> Header:
        """Who and when, as the engine was told."""
        return Header(
            sequence=Sequence(self.sequence),
            epoch=Epoch(self.epoch),
            at_ns=TimeNs(self.at_ns),
            principal=UserId(self.principal),
            connection_id=ConnectionId(self.connection_id),
        )


NUMBERS = ("sequence", "shard", "format", "engine_version", "epoch", "at_ns", "principal", "connection_id")
BYTES = ("command", "events", "salt", "chain")


@dataclass(slots=True)
class ChainCheck:
    """Walks the journal from its first row; `epochs` are the starts on record, each with its engine version."""

    problems: Problems
    epochs: dict[int, int]
    head: Head = field(default_factory=Head)
    rows: int = 0
    leaf: bytes = b""
    """The last row's own, computed from its columns; empty where it cannot be."""

    def take(self, entry: Entry) -> bool:
        """Check one row against the one before; tells whether its bytes are what was hashed."""
        self.rows += 1
        self.leaf = b""
        if not self._well_typed(entry):
            return False
        before = self.head
        sound = self._expect(entry, "sequence", before.sequence + 1, entry.sequence)
        sound &= self._expect(entry, "shard", SHARD, entry.shard)
        sound &= self._expect(entry, "format", FORMAT, entry.format)
        if entry.at_ns <= before.at_ns:
            self._note(entry, "at_ns", f"later than {before.at_ns}", entry.at_ns)
        if entry.epoch < before.epoch or entry.epoch not in self.epochs:
            self._note(entry, "epoch", f"a start on record, {before.epoch} or later", entry.epoch)
        else:
            self._expect(entry, "engine_version", self.epochs[entry.epoch], entry.engine_version)
        expected_hash = key_place(entry.sequence, key_hash(entry.principal, entry.key)) if entry.key else None
        self._expect(entry, "key_hash", expected_hash, entry.key_hash)
        self._expect(entry, "salt", SALT_BYTES, len(entry.salt))
        sound &= self._link(entry, before)
        self.head = Head(entry.sequence, entry.epoch, entry.at_ns, entry.chain)
        return sound

    def _well_typed(self, entry: Entry) -> bool:
        """Whether each column holds its own kind of value; SQLite would keep anything anywhere."""
        wrong = [name for name in NUMBERS if type(getattr(entry, name)) is not int]
        wrong += [name for name in BYTES if type(getattr(entry, name)) is not bytes]
        if not isinstance(entry.key, str | None):
            wrong.append("key")
        for name in wrong:
            self._note(entry, name, "a value of the column's kind", repr(getattr(entry, name)))
        return not wrong

    def _link(self, entry: Entry, before: Head) -> bool:
        """Recompute the row's own link from its columns; the walk goes on from what the row says."""
        try:
            events = split_events(entry.events)
            asked = command_hash(entry.principal, entry.connection_id, (entry.key or "").encode(), entry.command)
            leaf = leaf_hash(entry.header, entry.engine_version, asked, events, entry.salt)
        except Exception as error:  # whatever was done to the row: it is named, and the walk goes on
            self._note(entry, "chain", "a row that can be hashed", repr(error))
            return False
        self.leaf = leaf
        return self._expect(entry, "chain", chain_hash(before.chain, leaf), entry.chain)

    def _expect(self, entry: Entry, column: str, expected: object, found: object) -> bool:
        if type(expected) is type(found) and expected == found:
            return True
        self._note(entry, column, expected, found)
        return False

    def _note(self, entry: Entry, column: str, expected: object, found: object) -> None:
        self.problems.add("chain", "journal", f"sequence={entry.sequence}", column, expected, found)


@dataclass(slots=True)
class Stretch:
    """Consecutive rows with one engine version, and what was done with them: decided again, or only folded."""

    first: int
    last: int
    engine_version: int
    decided: bool


KEPT_STATE = frozenset({RejectCode.INTERNAL_REFUSED, RejectCode.INTERNAL_QUARANTINED})
"""Answers the shell gave because the engine failed: a matter of that day's bug, so they are not decided again."""


@dataclass(slots=True)
class Replay:
    """Decides the commands again, over the rows of the running engine version."""

    problems: Problems
    load: Callable[[], ExchangeState]
    """The state as the folded tables have it, for a stretch that follows one of another version."""
    engine_version: int = ENGINE_VERSION
    stretches: list[Stretch] = field(default_factory=list[Stretch])
    decided: int = 0
    kept: int = 0
    """Rows the shell had answered for a failing engine; they change nothing, and were taken as they are."""
    stopped_at: int = 0
    """The first row whose events differ; what follows would only differ in consequence."""
    _state: ExchangeState | None = None

    def due(self, entry: Entry) -> bool:
        """Note which stretch a row belongs to; tells whether it is to be decided again."""
        decide = entry.engine_version == self.engine_version
        latest = self.stretches[-1] if self.stretches else None
        if latest is None or latest.engine_version != entry.engine_version:
            self.stretches.append(Stretch(entry.sequence, entry.sequence, entry.engine_version, decide))
        else:
            latest.last = entry.sequence
        if not decide:
            self._state = None
        return decide and not self.stopped_at

    @property
    def needs_tables(self) -> bool:
        """Whether the next row starts from the folded tables, which must then hold every row before it."""
        return self._state is None

    def take(self, entry: Entry) -> None:
        """Decide one row again and compare its events, decoded, with those stored."""
        state = self._state
        if state is None:
            state = self._state = self.load()
        stored = decode_events(entry.events)
        header = entry.header
        if _kept_state(stored):
            state.sequence, state.at_ns = header.sequence, header.at_ns
            self.kept += 1
            return
        try:
            made = apply(state, header, decode_command(entry.command))
        except Exception as error:  # a handler that fails today is a difference like any other
            self._differs(entry, "events", "the stored events", repr(error))
            return
        self.decided += 1
        if made == stored:
            return
        for place, (old, new) in enumerate(zip(stored, made, strict=False)):
            if old != new:
                self._differs(entry, f"events[{place}]", old, new)
                return
        self._differs(entry, "events", f"{len(stored)} events", f"{len(made)} events")

    def _differs(self, entry: Entry, column: str, expected: object, found: object) -> None:
        self.stopped_at = entry.sequence
        self.problems.add("replay", "journal", f"sequence={entry.sequence}", column, expected, found)


def _kept_state(stored: list[Event]) -> bool:
    return len(stored) == 1 and isinstance(stored[0], Rejected) and stored[0].code in KEPT_STATE
