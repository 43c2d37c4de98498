"""`exchange verify`: every proof over one database at one moment, in one walk along the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, func, select

from custody.proofs import GrowingTree
from exchange.core.ids import SHARD
from exchange.node.codec import ENGINE_VERSION
from exchange.node.ports import Head
from exchange.node.verify import ABSENT, ChainCheck, Entry, Problems, Replay, Stretch
from exchange.store.fold import compare_tables, scratch_fold
from exchange.store.invariants import check_promises
from exchange.store.schema.journal import EpochTable, JournalTable
from exchange.store.snapshot import Snapshot

JOURNAL = cast("Table", JournalTable.__table__)
EPOCHS = cast("Table", EpochTable.__table__)

Progress = Callable[[int, int], None]
"""Told (rows done, rows in all) as the walk goes on."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the proofs found."""

    head: Head
    rows: int
    table_rows: int
    problems: Problems
    stretches: list[Stretch]
    decided: int
    kept: int
    replayed: bool

    @property
    def clean(self) -> bool:
        """Whether nothing at all was found wrong."""
        return not self.problems.count

    def summary(self) -> str:
        """The report in one line."""
        parts = [f"journal 1..{self.head.sequence} chained", f"folded, {self.table_rows} table rows compared"]
        if self.replayed:
            parts.append(f"{self.decided} commands decided again")
            parts += [f"{self.kept} answers of a failing engine kept"] if self.kept else []
            parts += [
                f"{stretch.first}..{stretch.last} of engine {stretch.engine_version} folded, not decided again"
                for stretch in self.stretches
                if not stretch.decided
            ]
        verdict = "clean" if self.clean else f"{self.problems.count} differences"
        return f"{verdict}: " + "; ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "clean": self.clean,
            "sequence": self.head.sequence,
            "chain": self.head.chain.hex(),
            "journal_rows": self.rows,
            "table_rows": self.table_rows,
            "replayed": self.replayed,
            "decided": self.decided,
            "kept": self.kept,
            "stretches": [
                {
                    "first": stretch.first,
                    "last": stretch.last,
                    "engine_version": stretch.engine_version,
                    "decided": stretch.decided,
                }
                for stretch in self.stretches
            ],
            "differences": self.problems.count,
            "problems": [
                {
                    "proof": problem.proof,
                    "table": problem.table,
                    "key": problem.key,
                    "column": problem.column,
                    "expected": problem.expected,
                    "found": problem.found,
                }
                for problem in self.problems.kept
            ],
        }


def entries(tables: Snapshot) -> Iterator[Entry]:
    """The journal's rows in order, as stored."""
    for row in tables.by_key(JOURNAL):
        yield Entry(*row)


def verify(
    tables: Snapshot,
    *,
    replay: bool = False,
    progress: Progress | None = None,
    outside: Head | None = None,
    engine_version: int = ENGINE_VERSION,
    signed: Mapping[int, bytes] | None = None,
) -> Report:
    """Prove one snapshot: chain, fold, promises and, if asked, replay.

    `outside` is the head kept beside it, `signed` the roots that were signed, by their number of rows.
    """
    problems = Problems()
    roots, tree = dict(signed or {}), GrowingTree()
    ((total,),) = list(tables.stream(select(func.count()).select_from(JOURNAL)))
    chain = ChainCheck(problems, epochs_of(tables, problems))
    with scratch_fold(problems) as fold:
        again = Replay(problems, fold.load, engine_version)
        for entry in entries(tables):
            sound = chain.take(entry)
            if roots:
                tree.append(chain.leaf)
                _check_root(problems, roots, tree)
            if outside is not None and entry.sequence == outside.sequence and entry.chain != outside.chain:
                problems.add("head", "journal", f"sequence={entry.sequence}", "chain", outside.chain, entry.chain)
            if replay and again.due(entry):
                if sound:
                    again.take(entry)
                else:
                    again.stopped_at = entry.sequence  # already named; what follows could only differ in consequence
            fold.take(entry)
            if progress is not None and chain.rows % 1_000 == 0:
                progress(chain.rows, total)
        fold.flush()
        table_rows = compare_tables(fold.tables, tables, problems)
    for size in roots:
        problems.add("head", "journal", f"sequence={size}", "", "the rows under a signed head", ABSENT)
    if outside is not None and chain.head.sequence < outside.sequence:
        key = f"sequence={outside.sequence}"
        problems.add("head", "journal", key, "", "the row that the head outside the database names", ABSENT)
    check_promises(tables, problems)
    if progress is not None:
        progress(total, total)
    return Report(
        head=chain.head,
        rows=chain.rows,
        table_rows=table_rows,
        problems=problems,
        stretches=again.stretches,
        decided=again.decided,
        kept=again.kept,
        replayed=replay,
    )


def _check_root(problems: Problems, roots: dict[int, bytes], tree: GrowingTree) -> None:
    """Compare the tree so far with the head that was signed over so many rows, if there is one."""
    expected = roots.pop(tree.size, None)
    if expected is not None and (found := tree.root()) != expected:
        problems.add("head", "journal", f"sequence=1..{tree.size}", "root", expected, found)


def verify_chain(tables: Snapshot) -> tuple[Head, Problems]:
    """The chain alone, for a backup that is about to be restored."""
    problems = Problems()
    chain = ChainCheck(problems, epochs_of(tables, problems))
    for entry in entries(tables):
        chain.take(entry)
    return chain.head, problems


def epochs_of(tables: Snapshot, problems: Problems) -> dict[int, int]:
    """Every start's engine version; starts are numbered without a gap."""
    columns = EPOCHS.columns
    found: dict[int, int] = {}
    query = select(columns.epoch, columns.shard, columns.engine_version).order_by(columns.epoch)
    for epoch, shard, version in tables.stream(query):
        if epoch != len(found) + 1:
            problems.add("chain", "epochs", f"epoch={epoch}", "epoch", len(found) + 1, epoch)
        if shard != SHARD:
            problems.add("chain", "epochs", f"epoch={epoch}", "shard", SHARD, shard)
        found[epoch] = version
    return found
