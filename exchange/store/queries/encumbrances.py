"""What lies on a right, and what of an account's holdings is blocked and by which entries."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from sqlalchemy import Table, or_, select

from custody.encumbrances import Burden, BurdenKind
from custody.pilot_life import UseRight, UseRightState
from custody.pledges import EncumbranceState
from custody.rights import Right
from exchange.core.ids import AccountId, AssetId, OutcomeId, to_wire
from exchange.core.messages import Record
from exchange.store.load.state import read_record
from exchange.store.queries.reader import Snapshot
from exchange.store.registry import TABLES
from exchange.store.schema.assets import PatentTable
from exchange.store.schema.custody import AssetTable, BalanceTable
from exchange.store.schema.encumbrances import EncumbranceTable
from matching.licence_messages import Licence, LicenceState, OpenLicence
from matching.licences import LicenceKind, describe

ENCUMBRANCES = cast("Table", EncumbranceTable.__table__)
ASSETS = cast("Table", AssetTable.__table__)
BALANCES = cast("Table", BalanceTable.__table__)
LYING = tuple(
    state.value for state in (EncumbranceState.REGISTERED, EncumbranceState.ENFORCING, EncumbranceState.ORDERED)
)


def burdens_on(snapshot: Snapshot, right: Right) -> list[Burden]:
    """Every claim of another on a whole right, by its entry; sums and parties are not told."""
    found: list[Burden] = []
    if right.encumbered:
        entry = to_wire("S", right.asset_id)
        found.append(Burden(entry=entry, kind=BurdenKind.EXAMINED, blocks=True, summary=right.title_reasons))
    for row in snapshot.rows(_lying().where(ENCUMBRANCES.c.asset_id == right.asset_id)):
        ordered = row.state == EncumbranceState.ORDERED
        said = f"{row.kind} {row.authority} {row.reference}" if ordered else f"{row.kind}, rank {row.rank}"
        entry = to_wire("EN", row.encumbrance_id)
        found.append(Burden(entry=entry, kind=BurdenKind(row.kind), blocks=True, summary=said))
    return [*found, *_licensed(snapshot, right), *_used(snapshot, right)]


def _licensed(snapshot: Snapshot, right: Right) -> list[Burden]:
    """The licences in force, and what is open to everybody: they go with the right."""
    found: list[Burden] = []
    for licence in _records(snapshot, Licence, right.asset_id):
        if licence.state is LicenceState.IN_FORCE:
            entry, said = to_wire("LI", licence.licence_id), describe(licence.kind, licence.scope)
            found.append(Burden(entry=entry, kind=BurdenKind.LICENCE, blocks=False, summary=said))
    for declared in _records(snapshot, OpenLicence, right.asset_id):
        entry, said = to_wire("OL", declared.open_licence_id), describe(LicenceKind.ORDINARY, declared.scope)
        found.append(Burden(entry=entry, kind=BurdenKind.LICENCE, blocks=False, summary=f"open licence, {said}"))
    return found


def _used(snapshot: Snapshot, right: Right) -> list[Burden]:
    """The inventors' use right in the outcome the right is of."""
    outcome_id = right.outcome_id
    if not outcome_id:
        patents = cast("Table", PatentTable.__table__)
        row = snapshot.first(select(patents.c.outcome_id).where(patents.c.patent_id == right.patent_id))
        outcome_id = OutcomeId(int(row[0])) if row is not None else OutcomeId(0)
    if not outcome_id:
        return []
    return [
        Burden(
            entry=to_wire("S", use_right.asset_id),
            kind=BurdenKind.USE_RIGHT,
            blocks=False,
            summary=f"its inventors use it until {use_right.until_date}",
        )
        for use_right in _records(snapshot, UseRight, outcome_id, "outcome_id")
        if use_right.state is UseRightState.STANDS
    ]


R = TypeVar("R", bound=Record)


def _records(snapshot: Snapshot, kind: type[R], value: int, column: str = "asset_id") -> list[R]:
    """The live records of a kind about one thing, in their order."""
    kept = TABLES[kind]
    query = (
        select(*(kept.table.columns[name] for name in kind.__struct_fields__))
        .where(kept.table.columns[column] == value, kept.table.columns["live"])
        .order_by(*kept.table.primary_key.columns)
    )
    return [cast("R", read_record(kept, kind, tuple(row))) for row in snapshot.rows(query)]


def blocked_units(snapshot: Snapshot, account_id: AccountId) -> dict[AssetId, tuple[int, tuple[str, ...]]]:
    """How many units of each asset an account may not dispose of, and the entries that lie on them."""
    own = select(BALANCES.c.asset_id).where(BALANCES.c.account_id == account_id, BALANCES.c.units > 0)
    query = (
        _lying()
        .add_columns(ASSETS.c.kind.label("asset_kind"))
        .join(ASSETS, ASSETS.c.asset_id == ENCUMBRANCES.c.asset_id)
        .where(ENCUMBRANCES.c.asset_id.in_(own))
        .where(or_(ENCUMBRANCES.c.account_id == account_id, ASSETS.c.kind == "right"))
    )
    found: dict[AssetId, tuple[int, tuple[str, ...]]] = {}
    for row in snapshot.rows(query):
        units, entries = found.get(row.asset_id, (0, ()))
        more = row.units if row.asset_kind == "right" else row.held_units
        found[row.asset_id] = (units + more, (*entries, to_wire("EN", row.encumbrance_id)))
    return found


def _lying() -> Any:
    """The entries that lie on something, as they were opened."""
    return (
        select(ENCUMBRANCES)
        .where(ENCUMBRANCES.c.live)
        .where(ENCUMBRANCES.c.state.in_(LYING))
        .order_by(ENCUMBRANCES.c.encumbrance_id)
    )
