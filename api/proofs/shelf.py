"""Reading and writing the proofs' tables, each function inside a transaction that its caller holds."""

from __future__ import annotations

import json
import struct
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from api.proofs.statements import Statement
from api.proofs.tables import ProofEntries, ProofHead, ProofKey, ProofTile
from custody.proofs import TILE_LEAVES, Holding, Tiles

JOURNAL = 0
ENTRY = struct.Struct(">qqqq")


@dataclass(frozen=True, slots=True)
class KeptHead:
    """A signed head as it is stored."""

    number: int
    size: int
    chain: bytes
    holdings_size: int
    given_up: bool
    statement: Statement


def tiles_of(connection: Connection, tree: int) -> Tiles:
    """A tree's tiles; each is read once a proof."""
    seen: dict[tuple[int, int], bytes] = {}

    def tile(level: int, place: int) -> bytes:
        if (level, place) not in seen:
            query = select(ProofTile.hashes).where(
                ProofTile.tree == tree, ProofTile.level == level, ProofTile.place == place
            )
            seen[level, place] = connection.execute(query).scalar() or b""
        return seen[level, place]

    return tile


def put_tiles(connection: Connection, tree: int, tiles: Iterable[tuple[int, int, bytes]]) -> None:
    """Write tiles, new ones and ones that became fuller."""
    for level, place, hashes in tiles:
        here = and_(ProofTile.tree == tree, ProofTile.level == level, ProofTile.place == place)
        if not connection.execute(update(ProofTile).where(here).values(hashes=hashes)).rowcount:
            connection.execute(insert(ProofTile).values(tree=tree, level=level, place=place, hashes=hashes))


def put_holdings(connection: Connection, tree: int, holdings: list[Holding]) -> None:
    """Write the holdings of one checkpoint, in the order of their leaves."""
    rows = []
    for first in range(0, len(holdings), TILE_LEAVES):
        part = holdings[first : first + TILE_LEAVES]
        packed = b"".join(ENTRY.pack(*holding) for holding in part)
        rows.append((first // TILE_LEAVES, part[0][0], part[0][1], packed))
    names = ("place", "first_account", "first_asset", "entries")
    if rows:
        connection.execute(insert(ProofEntries), [{"tree": tree, **dict(zip(names, row, strict=True))} for row in rows])


def forget_holdings(connection: Connection, before: int) -> None:
    """Drop the holdings' trees of heads before a number; their heads stay."""
    connection.execute(delete(ProofEntries).where(ProofEntries.tree < before))
    connection.execute(delete(ProofTile).where(ProofTile.tree < before, ProofTile.tree != JOURNAL))


def neighbours(
    connection: Connection, tree: int, account_id: int, asset_id: int
) -> tuple[int, Holding, Holding | None] | None:
    """The last holding at or before an account's asset, with its index, and the one after it; None before the first."""
    query = (
        select(ProofEntries.place, ProofEntries.entries)
        .where(
            ProofEntries.tree == tree,
            or_(
                ProofEntries.first_account < account_id,
                and_(ProofEntries.first_account == account_id, ProofEntries.first_asset <= asset_id),
            ),
        )
        .order_by(ProofEntries.first_account.desc(), ProofEntries.first_asset.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    part = [_holding(found) for found in ENTRY.iter_unpack(row.entries)]
    place = bisect_right(part, (account_id, asset_id), key=lambda holding: holding[:2]) - 1
    index = row.place * TILE_LEAVES + place
    if place + 1 < len(part):
        return index, part[place], part[place + 1]
    following = select(ProofEntries.entries).where(ProofEntries.tree == tree, ProofEntries.place == row.place + 1)
    after = connection.execute(following).scalar()
    return index, part[place], _holding(ENTRY.unpack_from(after)) if after else None


def put_head(connection: Connection, head: KeptHead) -> None:
    """Write a signed head."""
    connection.execute(
        insert(ProofHead).values(
            number=head.number,
            size=head.size,
            chain=head.chain,
            holdings_size=head.holdings_size,
            given_up=head.given_up,
            statement=json.dumps(head.statement),
        )
    )


def newest_head(connection: Connection, *, standing: bool = False, with_holdings: bool = False) -> KeptHead | None:
    """The head signed last; `standing`: that was not given up; `with_holdings`: a checkpoint."""
    query = select(ProofHead).order_by(ProofHead.number.desc()).limit(1)
    if standing:
        query = query.where(ProofHead.given_up.is_(False))
    if with_holdings:
        query = query.where(ProofHead.holdings_size > 0)
    row = connection.execute(_plain(query)).first()
    return _head(row) if row is not None else None


def newest_checkpoints(connection: Connection, count: int) -> list[KeptHead]:
    """The newest heads with holdings, newest first."""
    query = select(ProofHead).where(ProofHead.holdings_size > 0).order_by(ProofHead.number.desc()).limit(count)
    return [_head(row) for row in connection.execute(_plain(query))]


def heads(connection: Connection, after: int, limit: int) -> list[KeptHead]:
    """The next heads in the order of their numbers."""
    query = select(ProofHead).where(ProofHead.number > after).order_by(ProofHead.number).limit(limit)
    return [_head(row) for row in connection.execute(_plain(query))]


def head_of_size(connection: Connection, size: int) -> KeptHead | None:
    """The head over exactly so many rows, the newest if there are several."""
    query = select(ProofHead).where(ProofHead.size == size, ProofHead.given_up.is_(False))
    row = connection.execute(_plain(query.order_by(ProofHead.number.desc()).limit(1))).first()
    return _head(row) if row is not None else None


def standing_heads(connection: Connection) -> list[tuple[int, int, bytes]]:
    """Number, size and chain of every head that was not given up, newest first."""
    query = (
        select(ProofHead.number, ProofHead.size, ProofHead.chain)
        .where(ProofHead.given_up.is_(False))
        .order_by(ProofHead.number.desc())
    )
    return [(int(number), int(size), bytes(chain)) for number, size, chain in connection.execute(query)]


def signed_roots(connection: Connection) -> dict[int, bytes]:
    """The root of every head that was not given up, by its number of rows."""
    query = select(ProofHead.size, ProofHead.statement).where(ProofHead.given_up.is_(False)).order_by(ProofHead.number)
    return {int(size): bytes.fromhex(json.loads(text)["root"]) for size, text in connection.execute(query)}


def give_up(connection: Connection, numbers: list[int]) -> None:
    """Mark heads as contradicted by the journal that an operator accepted."""
    for number in numbers:
        connection.execute(update(ProofHead).where(ProofHead.number == number).values(given_up=True))


def keys(connection: Connection) -> list[Statement]:
    """Every key's statement, oldest first."""
    query = select(ProofKey.statement).order_by(ProofKey.number)
    return [json.loads(text) for text in connection.execute(query).scalars()]


def put_key(connection: Connection, statement: Statement) -> None:
    """Write a key's statement."""
    values = {"number": statement["number"], "public_key": statement["public_key"]}
    connection.execute(insert(ProofKey).values(**values, statement=json.dumps(statement)))


def _plain(query: Any) -> Any:
    """The columns themselves, not objects of a session."""
    return query.with_only_columns(*ProofHead.__table__.columns, maintain_column_froms=True)


def _head(row: Any) -> KeptHead:
    return KeptHead(row.number, row.size, bytes(row.chain), row.holdings_size, row.given_up, json.loads(row.statement))


def _holding(found: tuple[Any, ...]) -> Holding:
    return int(found[0]), int(found[1]), int(found[2]), int(found[3])
