"""The pool behind a deal in servicing: what its collections must name, which rights fell, what is bought back.

The register and not the servicer says which assets a deal has and whose right has fallen; the servicer says what came
in.
"""

from __future__ import annotations

import msgspec

from custody.ledger import Leg
from exchange.core.ids import AssetId, PoolAssetId, from_wire, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor, TimeNs
from exchange.engine.deal_checks import party, refuse_frozen_assets, refuse_stopped
from exchange.engine.documents import refuse_documents
from exchange.engine.incomes import not_party
from exchange.engine.pool_cases import (
    assets_of,
    hand_over,
    leave,
    put_asset,
    put_pool,
    report_on,
    tested,
    told_of,
    tripped_in,
)
from exchange.engine.servicing import parties_of, put_servicing
from exchange.engine.state import ExchangeState
from securitization.pool_records import Pool, PoolAsset
from securitization.servicing_messages import ImportCollection, MakeRepurchase, RepurchaseMade
from securitization.servicing_records import CollectionRow, PeriodFigures, Servicing


def pool_of(state: ExchangeState, servicing: Servicing) -> Pool | None:
    """The pool behind a deal; none behind single claims."""
    return state.table(Pool).get(servicing.pool_id)


# --- Collections ------------------------------------------------------------------------------------------------------


def rows_problem(state: ExchangeState, servicing: Servicing, command: ImportCollection) -> str:
    """Why rows are not those of the deal's pool; empty if they are, or if it has none.

    Each asset of the pool stands once, in one part; one that left it may stand too, and owes nothing more.
    """
    pool = pool_of(state, servicing)
    if pool is None:
        return ""
    if command.figures is None:
        return "of a pool a version comes in one part, with its figures"
    named: list[PoolAssetId] = []
    for row in command.rows:
        asset = _asset_named(state, pool, row.key)
        if asset is None:
            return f"{row.key} is no asset of the pool"
        if (problem := _row_problem(pool, asset, row)) != "":
            return f"{row.key}: {problem}"
        named.append(asset.pool_asset_id)
    missing = next((each for each in pool.assets if each not in named), None)
    return f"{to_wire('PX', missing)} has no row" if missing is not None else ""


def fallen_rights(state: ExchangeState, servicing: Servicing) -> tuple[AssetId, ...]:
    """The rights behind the pool that have fallen and that no paid period counted, in the order of their assets."""
    pool = pool_of(state, servicing)
    assets = assets_of(state, pool) if pool is not None else []
    fallen = dict.fromkeys(asset.right_asset_id for asset in assets if asset.tripped)
    return tuple(asset_id for asset_id in fallen if asset_id not in servicing.fallen)


def figures_with(figures: PeriodFigures | None, fallen: tuple[AssetId, ...], *, pooled: bool) -> PeriodFigures | None:
    """A period's figures, with the rights that fell as the register counts them where there is a pool."""
    if figures is None or not pooled:
        return figures
    return msgspec.structs.replace(figures, invalidated_rights=len(fallen))


def _row_problem(pool: Pool, asset: PoolAsset, row: CollectionRow) -> str:
    if asset.pool_asset_id not in pool.assets and row.balance_minor:
        return "it has left the pool and owes it nothing"
    owed = row.principal_minor + row.prepayment_minor + row.default_minor + row.balance_minor
    return f"{owed} is more than its {asset.balance_minor}" if owed > asset.balance_minor else ""


def _asset_named(state: ExchangeState, pool: Pool, key: str) -> PoolAsset | None:
    """An asset of a pool, or one that was in it or was offered to it, by its number on the wire."""
    try:
        asset = state.table(PoolAsset).get(PoolAssetId(from_wire("PX", key)))
    except ValueError:
        return None
    return asset if asset is not None and asset.pool_id == pool.pool_id else None


# --- Bought back ------------------------------------------------------------------------------------------------------


def buy_back(
    state: ExchangeState, header: Header, servicing: Servicing, pool: Pool, command: MakeRepurchase
) -> list[Event]:
    """The asset's own originator pays, and has the receivable again, in one transfer."""
    asset = _asset_named(state, pool, command.key)
    if asset is None or asset.pool_asset_id not in pool.assets:
        return [Rejected(code=RejectCode.POOL_ASSET_UNKNOWN, detail=command.key)]
    payer = asset.originator_account_id
    if not_party(state, header, payer, UserRight.TRADE):
        return [Rejected(code=RejectCode.SERVICING_NOT_PARTY)]
    if (refusal := refuse_stopped(state, payer)) is not None:
        return [refusal]
    if servicing.collection_id or servicing.paying:
        return [Rejected(code=RejectCode.COLLECTION_PERIOD, detail="the period's collection is complete")]
    if (refusal := refuse_frozen_assets(state, asset.asset_id, servicing.money_asset_id)) is not None:
        return [refusal]
    if (refusal := refuse_documents(state, party(state, payer).member_id, (command.document_sha256,))) is not None:
        return [refusal]
    if command.amount_minor > state.ledger.available(payer, servicing.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    changed = put_servicing(state, servicing, repurchased_minor=servicing.repurchased_minor + command.amount_minor)
    money: list[Leg] = [
        (payer, servicing.money_asset_id, -command.amount_minor),
        (servicing.collections_account_id, servicing.money_asset_id, command.amount_minor),
    ]
    told = list(dict.fromkeys((*parties_of(servicing), *told_of(pool, [asset]))))
    movement, held = hand_over(state, header, [(asset, payer)], money, told)
    back = put_asset(state, asset, holder_account_id=payer, price_minor=Minor(0), sold_at_ns=TimeNs(0))
    gone, dropped = leave(state, back)
    members = tuple(each for each in pool.assets if each != asset.pool_asset_id)
    report = report_on(state, header, pool, [state.table(PoolAsset)[each] for each in members])
    smaller = put_pool(state, pool, assets=members, tripped=tripped_in(state, members), **tested(header, report))
    return [
        RepurchaseMade(
            key=command.key,
            amount_minor=Minor(command.amount_minor),
            reason=command.reason,
            document_sha256=command.document_sha256,
            servicing=changed,
            movement=movement,
            pool=smaller,
            pool_asset=gone,
            held=held,
        ),
        *dropped,
    ]
