"""What an account has: balances with their assets, and statements that walk the postings' own chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, func, select

from exchange.core.ids import ORDINALS, AccountId, AssetId
from exchange.core.messages import Record
from exchange.core.units import Sequence, TimeNs, Units
from exchange.store.queries.encumbrances import blocked_units
from exchange.store.queries.reader import Snapshot
from exchange.store.schema.custody import AssetTable, BalanceTable, PostingTable
from exchange.store.schema.journal import JournalTable

ASSETS = cast("Table", AssetTable.__table__)
BALANCES = cast("Table", BalanceTable.__table__)
POSTINGS = cast("Table", PostingTable.__table__)
JOURNAL = cast("Table", JournalTable.__table__)


class Holding(Record, frozen=True, kw_only=True):
    """What an account has of one asset.

    Units: `available_units` = `units` - `held_units`. Of a whole right `blocked_units` are all of them while an
    encumbrance lies on it, of shares and notes those that it holds; `blocked_by` names the entries.
    """

    account_id: AccountId
    asset_id: AssetId
    kind: str
    code: str
    currency: str
    scale: int
    units: Units
    held_units: Units
    available_units: Units
    last_sequence: Sequence
    blocked_units: Units = Units(0)
    blocked_by: tuple[str, ...] = ()


class StatementLine(Record, frozen=True, kw_only=True):
    """One posting: what moved, and the balance after it."""

    sequence: Sequence
    place: int
    account_id: AccountId
    asset_id: AssetId
    units: Units
    balance_after: Units
    previous_sequence: Sequence
    at_ns: TimeNs


class AssetTotal(Record, frozen=True, kw_only=True):
    """One asset over all accounts. `net_units` is zero, always: mirrors stand below zero by what others have."""

    asset_id: AssetId
    code: str
    kind: str
    net_units: int
    outstanding_units: int
    held_units: int
    holders: int


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a statement, newest first, and the sequence at which the next ones stand; 0 at the beginning."""

    records: tuple[StatementLine, ...]
    next_sequence: int


def holdings(snapshot: Snapshot, account_id: AccountId, *, money: bool | None = None) -> list[Holding]:
    """An account's balances that are not zero, money or all but money or both."""
    query = (
        select(BALANCES, ASSETS.c.kind, ASSETS.c.code, ASSETS.c.currency, ASSETS.c.scale)
        .join(ASSETS, ASSETS.c.asset_id == BALANCES.c.asset_id)
        .where(BALANCES.c.account_id == account_id, BALANCES.c.units != 0)
        .order_by(BALANCES.c.asset_id)
    )
    if money is not None:
        query = query.where((ASSETS.c.kind == "money") if money else (ASSETS.c.kind != "money"))
    blocked = blocked_units(snapshot, account_id)
    none = (0, ())
    return [
        Holding(
            account_id=row.account_id,
            asset_id=row.asset_id,
            blocked_units=Units(min(row.units, blocked.get(row.asset_id, none)[0])),
            blocked_by=blocked.get(row.asset_id, none)[1],
            kind=row.kind,
            code=row.code,
            currency=row.currency,
            scale=row.scale,
            units=row.units,
            held_units=row.held_units,
            available_units=Units(row.units - row.held_units),
            last_sequence=row.last_sequence,
        )
        for row in snapshot.rows(query)
    ]


def statement(snapshot: Snapshot, account_id: AccountId, asset_id: AssetId, limit: int, start: int | None) -> Lines:
    """Postings of one account and asset, newest first, from the last or from the sequence where a page ended.

    Walks `previous_sequence`: each step is a look-up by key, and no index has to follow every posting. A command's
    postings are told together, so a page may be a little longer than its limit.
    """
    sequence = start if start is not None else _last_posted(snapshot, account_id, asset_id)
    found: list[StatementLine] = []
    while sequence and len(found) < limit:
        rows = snapshot.rows(_postings_of(sequence, account_id, asset_id))
        if not rows:
            break
        found.extend(_line(row) for row in rows)
        sequence = int(rows[-1].previous_sequence)
    return Lines(tuple(found), sequence)


def ever_held(snapshot: Snapshot, account_id: AccountId, asset_id: AssetId | None = None) -> list[Any]:
    """Each asset an account ever had something of, or that one, with what is held of it now."""
    query = (
        select(BALANCES.c.held_units, ASSETS)
        .join(ASSETS, ASSETS.c.asset_id == BALANCES.c.asset_id)
        .where(BALANCES.c.account_id == account_id)
        .order_by(ASSETS.c.asset_id)
    )
    return snapshot.rows(query if asset_id is None else query.where(ASSETS.c.asset_id == asset_id))


def all_assets(snapshot: Snapshot) -> list[Any]:
    """Every asset's row, by identifier."""
    return snapshot.rows(select(ASSETS).order_by(ASSETS.c.asset_id))


def postings(snapshot: Snapshot, sequence: int) -> list[StatementLine]:
    """Every posting of one command."""
    return [_line(row) for row in snapshot.rows(_postings_of(sequence, None, None))][::-1]


def totals(snapshot: Snapshot) -> list[AssetTotal]:
    """Every asset's sum over all accounts: the conservation anybody can check."""
    units, held = BALANCES.c.units, BALANCES.c.held_units
    query = (
        select(
            ASSETS.c.asset_id,
            ASSETS.c.code,
            ASSETS.c.kind,
            func.sum(units).label("net"),
            func.sum(func.abs(units)).label("gross"),
            func.sum(held).label("held"),
            func.count().filter(units > 0).label("holders"),
        )
        .join(ASSETS, ASSETS.c.asset_id == BALANCES.c.asset_id)
        .group_by(ASSETS.c.asset_id, ASSETS.c.code, ASSETS.c.kind)
        .order_by(ASSETS.c.asset_id)
    )
    return [
        AssetTotal(
            asset_id=row.asset_id,
            code=row.code,
            kind=row.kind,
            net_units=int(row.net),
            outstanding_units=(int(row.gross) + int(row.net)) // 2,
            held_units=int(row.held),
            holders=row.holders,
        )
        for row in snapshot.rows(query)
    ]


def _last_posted(snapshot: Snapshot, account_id: int, asset_id: int) -> int:
    query = select(BALANCES.c.last_sequence).where(BALANCES.c.account_id == account_id, BALANCES.c.asset_id == asset_id)
    found = snapshot.first(query)
    return int(found[0]) if found is not None else 0


def _postings_of(sequence: int, account_id: int | None, asset_id: int | None) -> Any:
    first = sequence * ORDINALS
    query = (
        select(POSTINGS, JOURNAL.c.at_ns)
        .join(JOURNAL, JOURNAL.c.sequence == sequence)
        .where(POSTINGS.c.posting_id >= first, POSTINGS.c.posting_id < first + ORDINALS)
        .order_by(POSTINGS.c.posting_id.desc())
    )
    if account_id is not None:
        query = query.where(POSTINGS.c.account_id == account_id, POSTINGS.c.asset_id == asset_id)
    return query


def _line(row: Any) -> StatementLine:
    sequence, place = divmod(int(row.posting_id), ORDINALS)
    return StatementLine(
        sequence=Sequence(sequence),
        place=place,
        account_id=row.account_id,
        asset_id=row.asset_id,
        units=row.units,
        balance_after=row.balance_after,
        previous_sequence=row.previous_sequence,
        at_ns=row.at_ns,
    )
