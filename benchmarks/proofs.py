"""Proofs made and checked a second over a long journal, and what hashing a batch costs beside writing it without.

Tiles are read from the edge's own store, proofs are checked by the offline verifier. The batch is 512 real rows,
written with a synced commit into a journal alone: once with leaf and chain computed, once with the chain copied.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from api.auth.edge_store import edge_url, open_edge
from api.proofs import proving, shelf, verifier
from api.proofs.keeper import HeadKeeper
from api.proofs.shelf import JOURNAL
from benchmarks.rows import BenchmarkFailed, Report, median, row
from benchmarks.venue import FULL, QUICK, fresh_copy
from exchange.core.wire import encode_events, split_events
from exchange.node.codec import row_hashes
from exchange.store.queries import journal
from exchange.store.queries.journal import Entry
from exchange.store.queries.proofs import holdings, leaf_of
from exchange.store.queries.reader import Reads

BATCH = 512
ROUNDS = 7
PROOFS = 2_000
QUICK_PROOFS = 300


def run(*, quick: bool) -> Report:
    """Grow the tree over a seeded journal, then prove and check."""
    with fresh_copy(QUICK if quick else FULL) as venue, _keeper(venue.database) as keeper:
        started = perf_counter()
        while (head := keeper.step_now(checkpoint=True)) is not None and not head.holdings_size:
            pass
        growing = perf_counter() - started
        if head is None:
            raise BenchmarkFailed("no head was signed")
        count = QUICK_PROOFS if quick else PROOFS
        rows = [1 + place * (head.size - 1) // count for place in range(count)]
        with keeper.store.read() as connection, keeper.reads.snapshot(60) as snapshot:
            made, making = _timed(
                lambda: [proving.path_of_row(shelf.tiles_of(connection, JOURNAL), each, head.size) for each in rows]
            )
            found = [journal.entry(snapshot, each) for each in rows]
            owned = [holding[:2] for _, holding in zip(range(count), holdings(snapshot), strict=False)]
            held, holding_s = _timed(
                lambda: [proving.holding_proof(connection, head, keeper.key, *each) for each in owned]
            )
            batch = journal.entries(snapshot, head.size - BATCH, BATCH)
        leaves = [leaf_of(entry) for entry in found if entry is not None]
        places = list(zip(leaves, rows, made, strict=True))
        top = head.statement["root"]
        _, checking = _timed(
            lambda: [verifier.check_leaf(leaf, each - 1, head.size, path, top, "a row") for leaf, each, path in places]
        )
        _, checking_held = _timed(lambda: [verifier.check_holding(proof or {}, head.statement) for proof in held])
        with_hashes, without = _batches(batch, Path(venue.folder))
    longest = max(len(path) for path in made)
    return Report(
        [
            row("rows taken into the tree, with its rests", head.size / growing, "rows/s"),
            row("proofs of a row made", count / making, "proofs/s"),
            row("proofs of a row checked, offline verifier", count / checking, "proofs/s"),
            row("proofs of a holding made", len(held) / holding_s, "proofs/s"),
            row("proofs of a holding checked", len(held) / checking_held, "proofs/s"),
            row(f"batch of {BATCH} hashed and committed", with_hashes * 1e6, "µs", baseline=without * 1e6),
        ],
        [
            f"{head.size:,} rows, {head.holdings_size:,} leaves of holdings; a path has at most {longest} hashes",
            "baseline of the batch: the same rows committed without leaf and chain, median of the rounds",
        ],
    )


@contextlib.contextmanager
def _keeper(database: Path) -> Iterator[HeadKeeper]:
    store = open_edge(edge_url(database.parent))
    reads = Reads(f"sqlite:///{database}", readers=1, seconds=60)
    keeper = HeadKeeper(store, reads, database.parent, head_seconds=1, checkpoint_seconds=1)
    keeper.open()
    try:
        yield keeper
    finally:
        reads.close()
        store.close()


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = perf_counter()
    found = work()
    return found, perf_counter() - started


def _batches(batch: list[Entry], folder: Path) -> tuple[float, float]:
    """Seconds a batch, with hashing and without, in turns."""
    split = [(entry, split_events(entry.events_bytes)) for entry in batch]
    with contextlib.closing(sqlite3.connect(folder / "batch.sqlite", isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = FULL")
        file.execute("CREATE TABLE journal (n INTEGER PRIMARY KEY, command BLOB, events BLOB, salt BLOB, chain BLOB)")

        def committed(hashed: bool) -> float:
            started = perf_counter()
            chain, rows = bytes(32), []
            for entry, events in split:
                if hashed:
                    header = (entry.sequence, entry.epoch, entry.at_ns, entry.engine_version)
                    sender = (entry.principal, entry.connection_id, entry.key.encode())
                    told, chain = row_hashes(*header, *sender, entry.command_bytes, events, entry.salt, chain)
                else:
                    told, chain = encode_events(events), entry.chain
                rows.append((entry.command_bytes, told, entry.salt, chain))
            file.execute("BEGIN IMMEDIATE")
            file.executemany("INSERT INTO journal (command, events, salt, chain) VALUES (?, ?, ?, ?)", rows)
            file.execute("COMMIT")
            return perf_counter() - started

        committed(True)
        pairs = [(committed(True), committed(False)) for _ in range(ROUNDS)]
    return median(first for first, _ in pairs), median(second for _, second in pairs)
