"""The task that reads committed rows, grows the journal's tree and signs heads; the sequencer never waits for it.

One step reads one snapshot: the rows since the last head, each checked against its chain, and at a checkpoint every
holding too. Tiles and head are written in one transaction of the edge store, so a crash leaves the last head or the new
one. A row that does not follow from the one before is never signed over: the task stops there and says so.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Connection

from api.auth.edge_store import EdgeStore
from api.proofs import shelf
from api.proofs.keys import FILE_NAME, HeadKey, introduced, kept_key, successor, write_key
from api.proofs.shelf import JOURNAL, KeptHead
from api.proofs.statements import FORMAT, NO_HEAD, Statement, hash_of, sign
from custody.proofs import GrowingTree, Holding, holding_leaf, resumed, root, with_bounds
from exchange.core.ids import SHARD
from exchange.node.head_file import refuse_behind
from exchange.node.ports import Head, NodeFault
from exchange.store.queries.proofs import accounts, holdings, leaves
from exchange.store.queries.reader import Reads, Snapshot

ROWS_AT_ONCE = 256
MOST_ROWS = 65_536
"""Rows under one new head at most: a long journal gets several on its way."""
BREATH_S = 0.001
"""After so many rows or holdings the thread rests this long, so that the node's own thread never waits for it."""
LEAVES_A_BREATH = 500
KEPT_CHECKPOINTS = 8
LONGEST_SECONDS = 60.0
COPY_NAME = "signed-head.json"

log = structlog.get_logger("exchange.proofs")


@dataclass(slots=True)
class Growth:
    """What one snapshot added: not yet written."""

    tree: GrowingTree
    chain: bytes
    at_ns: int
    tiles: list[tuple[int, int, bytes]]
    caught_up: bool
    holdings: list[Holding] | None = None


class HeadKeeper:
    """Signs heads over what is committed, at an interval; a step at a time, in a thread beside the node."""

    def __init__(
        self,
        store: EdgeStore,
        reads: Reads,
        data_dir: Path,
        *,
        head_seconds: float,
        checkpoint_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.reads = reads
        self.data_dir = data_dir
        self.head_seconds = head_seconds
        self.checkpoint_seconds = checkpoint_seconds
        self.broken_at = 0
        """The first row that does not follow from its chain; 0: none was found."""
        self.signed_size = 0
        self._now = now
        self._checkpoint_due = 0.0
        self._key: HeadKey | None = None
        self._one_step = asyncio.Lock()
        self._started = False

    # --- start --------------------------------------------------------------------------------------------------------

    def refuse_behind(self, chain_at: Callable[[int], bytes | None], head: Head, *, accept: bool) -> None:
        """Refuse a journal that does not hold the newest signed head, unless an operator accepts what is lost.

        Raises: NodeFault journal.behind_head.
        """
        with self.store.transaction() as connection:
            newest = shelf.newest_head(connection, standing=True)
            if newest is None:
                return
            if not accept:
                outside = Head(newest.size, 0, 0, newest.chain)
                refuse_behind(outside, head, chain_at(newest.size))
                return
            lost: list[int] = []
            for number, size, chain in shelf.standing_heads(connection):
                if size <= head.sequence and chain_at(size) == chain:
                    break
                lost.append(number)
            shelf.give_up(connection, lost)

    def open(self) -> None:
        """Load the key, make one at the first start, and see that it is the one the world knows.

        Raises: NodeFault proofs.key_unreadable, proofs.key_exposed, proofs.key_unknown.
        """
        path = self.data_dir / FILE_NAME
        following = path.with_name(FILE_NAME + ".next")
        with self.store.transaction() as connection:
            known = shelf.keys(connection)
            if following.exists():
                # A rotation was interrupted: it counts if the old key's word for it was stored.
                if known and known[-1]["public_key"] == kept_key(following).public:
                    following.replace(path)
                else:
                    following.unlink()
            if known and not path.exists():
                raise NodeFault("proofs.key_unknown", f"{path} is gone: bring it back from a backup")
            key = kept_key(path)
            if not known:
                shelf.put_key(connection, introduced(1, key, None))
            elif known[-1]["public_key"] != key.public:
                raise NodeFault("proofs.key_unknown", f"{path} is not the key that signed last")
            newest = shelf.newest_head(connection)
        self._key = key
        if newest is not None:
            self._copy_out(newest.statement)
            self.signed_size = newest.size

    async def rotate(self) -> Statement:
        """Make a new key, let the old one sign it, and use it from now on."""
        async with self._one_step:
            return await asyncio.to_thread(self._rotate)

    def _rotate(self) -> Statement:
        old = self.key
        new = successor(old)
        path = self.data_dir / FILE_NAME
        following = path.with_name(FILE_NAME + ".next")
        with self.store.transaction() as connection:
            write_key(following, new)  # inside, so that another start cannot take it for a leftover
            statement = introduced(len(shelf.keys(connection)) + 1, new, old)
            shelf.put_key(connection, statement)
        if following.exists():
            following.replace(path)
        self._key = new
        return statement

    @property
    def key(self) -> HeadKey:
        """The key in use."""
        if self._key is None:
            raise NodeFault("proofs.not_ready", "no key is loaded yet")
        return self._key

    # --- one step -----------------------------------------------------------------------------------------------------

    async def step(self, *, checkpoint: bool = False) -> KeptHead | None:
        """Sign a head over what is committed now; with the holdings if that is due or asked for. None: nothing new."""
        async with self._one_step:
            return await asyncio.to_thread(self.step_now, checkpoint=checkpoint)

    def step_now(self, *, checkpoint: bool = False) -> KeptHead | None:
        """The same, in this thread.

        Raises: NodeFault proofs.journal_broken at a row that does not follow from the one before; ReadFault;
        EdgeRefused.
        """
        due = checkpoint or self._now() >= self._checkpoint_due
        with self.store.read() as connection:
            last = shelf.newest_head(connection, standing=True)
            newest = shelf.newest_head(connection)
            tree = resumed(shelf.tiles_of(connection, JOURNAL), last.size if last else 0)
        begun = Growth(
            tree, last.chain if last else bytes(32), int(last.statement["at_ns"]) if last else 0, [], caught_up=False
        )
        with self.reads.snapshot(LONGEST_SECONDS) as snapshot:
            grown = self._grow(snapshot, begun)
            if due and grown.caught_up:
                grown.holdings = self._holdings(snapshot)
        size = grown.tree.size
        nothing_new = last is not None and last.size == size and (grown.holdings is None or last.holdings_size > 0)
        if not size or nothing_new:
            return None
        head = self._write(grown, newest)
        self._copy_out(head.statement)
        self.signed_size = head.size
        if head.holdings_size:
            self._checkpoint_due = self._now() + self.checkpoint_seconds
        return head

    def _grow(self, snapshot: Snapshot, begun: Growth) -> Growth:
        grown, tree = begun, begun.tree
        rows = 0
        while rows < MOST_ROWS and tree.size < snapshot.sequence:
            found = leaves(snapshot, tree.size, grown.chain, min(ROWS_AT_ONCE, snapshot.sequence - tree.size))
            for leaf in found:
                if not leaf.sound:
                    self.broken_at = leaf.sequence
                    raise NodeFault("proofs.journal_broken", f"row {leaf.sequence} does not follow from its chain")
                grown.tiles += tree.append(leaf.leaf)
                grown.chain, grown.at_ns = leaf.chain, leaf.at_ns
            if not found:
                self.broken_at = tree.size + 1
                raise NodeFault("proofs.journal_broken", f"row {tree.size + 1} is missing")
            rows += len(found)
            time.sleep(BREATH_S)
        grown.caught_up = tree.size == snapshot.sequence
        return grown

    def _holdings(self, snapshot: Snapshot) -> list[Holding]:
        found: list[Holding] = []
        for holding in with_bounds(holdings(snapshot), accounts(snapshot)):
            found.append(holding)
            if not len(found) % LEAVES_A_BREATH:
                time.sleep(BREATH_S)
        return found

    def _write(self, grown: Growth, newest: KeptHead | None) -> KeptHead:
        """Tiles, holdings and head, in one transaction."""
        number = newest.number + 1 if newest else 1
        holdings_tree = GrowingTree()
        holding_tiles: list[tuple[int, int, bytes]] = []
        for place, holding in enumerate(grown.holdings or ()):
            leaf = holding_leaf(self.key.salt(number, holding[0], holding[1]), *holding)
            holding_tiles += holdings_tree.append(leaf)
            if not place % LEAVES_A_BREATH:
                time.sleep(BREATH_S)
        with self.store.transaction() as connection:
            shelf.put_tiles(connection, JOURNAL, [*grown.tiles, *grown.tree.unfinished()])
            holdings_root = ""
            if grown.holdings is not None:
                shelf.put_tiles(connection, number, [*holding_tiles, *holdings_tree.unfinished()])
                shelf.put_holdings(connection, number, grown.holdings)
                self._forget(connection)
                holdings_root = root(shelf.tiles_of(connection, number), holdings_tree.size).hex()
            statement: Statement = {
                "format": FORMAT,
                "shard": SHARD,
                "number": number,
                "size": grown.tree.size,
                "root": root(shelf.tiles_of(connection, JOURNAL), grown.tree.size).hex(),
                "chain": grown.chain.hex(),
                "at_ns": grown.at_ns,
                "holdings_size": holdings_tree.size,
                "holdings_root": holdings_root,
                "previous": hash_of("head", newest.statement) if newest else NO_HEAD,
                "key": self.key.public,
            }
            head = KeptHead(
                number,
                grown.tree.size,
                grown.chain,
                holdings_tree.size,
                False,
                sign("head", statement, self.key.private),
            )
            shelf.put_head(connection, head)
        return head

    def _forget(self, connection: Connection) -> None:
        checkpoints = [head.number for head in shelf.newest_checkpoints(connection, KEPT_CHECKPOINTS)]
        if len(checkpoints) == KEPT_CHECKPOINTS:
            shelf.forget_holdings(connection, checkpoints[-1])

    def _copy_out(self, statement: Statement) -> None:
        """Put the newest head beside the database, for whoever copies it away; the table stays the truth."""
        path = self.data_dir / COPY_NAME
        beside = path.with_name(path.name + ".new")
        try:
            with beside.open("w") as file:
                file.write(json.dumps(statement, indent=1) + "\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError as error:
            log.warning("head.not_copied", error=repr(error))

    # --- the task -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Sign at the interval until cancelled. Where it fails it says so, and tries again."""
        self._started = True
        while True:
            try:
                await self.step()
            except NodeFault as fault:
                log.warning("head.not_signed", code=fault.code, detail=fault.detail)
            except Exception as error:
                log.warning("head.not_signed", error=repr(error))
            await asyncio.sleep(self.head_seconds)

    async def close(self) -> None:
        """Sign what is not under a head yet, and close the connections; a start that was refused signs nothing."""
        try:
            if self._started:
                await self.step()
        except Exception as error:
            log.warning("head.not_signed", error=repr(error))
        self.reads.close()
