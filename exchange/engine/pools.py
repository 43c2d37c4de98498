"""Pools, step by step: opened, tested, sealed at the cut-off, sold by true sale, or given up; and valuations."""

from __future__ import annotations

import msgspec

from custody.ledger import Leg
from exchange.core.ids import AccountId, PoolId, ValuationId, make_id, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import Role, UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor, TimeNs, share_out
from exchange.engine.access import acts_for_member, refuse_account
from exchange.engine.documents import refuse_documents
from exchange.engine.pool_cases import (
    assets_of,
    hand_over,
    leave,
    own_pool,
    put_asset,
    put_pool,
    refuse_failures,
    report_on,
    tell_pool,
    tested,
    today_of,
    told_of,
    valuation_of,
)
from exchange.engine.state import ExchangeState
from securitization.pool_messages import (
    CheckPool,
    OpenPool,
    PoolChecked,
    PoolOpened,
    PoolSealed,
    PoolSold,
    PoolWithdrawn,
    RecordValuation,
    SealPool,
    SellPool,
    ValuationRecorded,
    WithdrawPool,
)
from securitization.pool_records import (
    Pool,
    PoolAsset,
    PoolAssetState,
    PoolKind,
    PoolState,
    Valuation,
    is_day,
    rules_hash,
    seal_hash,
)
from securitization.pool_rules import PPM, PoolRule, rules_problem


def open_pool(state: ExchangeState, header: Header, command: OpenPool) -> list[Event]:
    """Keep the pool and its rules; originators may offer to it from now on."""
    if (refusal := refuse_account(state, header, command.issuer_account_id, UserRight.TRADE)) is not None:
        return [refusal]
    money = state.assets.get(command.money_asset_id)
    if money is None or money.kind is not AssetKind.MONEY:
        return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
    if (problem := _problem(command)) != "":
        return [Rejected(code=RejectCode.POOL_INVALID, detail=problem)]

    state.change()
    pool = Pool(
        pool_id=PoolId(make_id(header.sequence)),
        name=command.name,
        kind=command.kind,
        issuer_account_id=command.issuer_account_id,
        money_asset_id=command.money_asset_id,
        cut_off_date=command.cut_off_date,
        final_date=command.final_date,
        revolving_until=command.revolving_until or "",
        rules=tuple(
            PoolRule(name=rule.name, kind=rule.kind, value=rule.value, count=rule.count, among=rule.among)
            for rule in command.rules
        ),
        rules_sha256=rules_hash(command.rules),
        haircut_ppm=command.haircut_ppm,
        valuation_days=command.valuation_days,
        state=PoolState.DRAFT,
        opened_by=header.principal,
        opened_at_ns=header.at_ns,
    )
    state.put(pool)
    return [PoolOpened(pool=pool, movement=tell_pool(state, header, pool))]


def check_pool(state: ExchangeState, header: Header, command: CheckPool) -> list[Event]:
    """Test the pool, and keep what the test found."""
    pool = state.table(Pool).get(command.pool_id)
    if pool is None:
        return [Rejected(code=RejectCode.POOL_UNKNOWN)]
    issuer_id = state.accounts[pool.issuer_account_id].member_id
    staff = Role.OPERATOR in state.users[header.principal].roles
    if not staff and not acts_for_member(state, header, issuer_id, UserRight.VIEW):
        return [Rejected(code=RejectCode.POOL_NOT_PARTY)]
    report = report_on(state, header, pool, assets_of(state, pool))

    state.change()
    checked = put_pool(state, pool, **tested(header, report))
    return [PoolChecked(pool=checked, movement=tell_pool(state, header, checked))]


def seal_pool(state: ExchangeState, header: Header, command: SealPool) -> list[Event]:
    """Freeze the pool by its hash when every rule holds."""
    pool = own_pool(state, header, command.pool_id)
    if isinstance(pool, Rejected):
        return [pool]
    if pool.state is not PoolState.DRAFT:
        return [Rejected(code=RejectCode.POOL_STATE, detail=pool.state)]
    if today_of(header) < pool.cut_off_date:
        return [Rejected(code=RejectCode.POOL_INVALID, detail=f"the cut-off is {pool.cut_off_date}")]
    assets = assets_of(state, pool)
    if not assets:
        return [Rejected(code=RejectCode.POOL_INVALID, detail="it is empty")]
    report = report_on(state, header, pool, assets)
    if (refusal := refuse_failures(report.failures)) is not None:
        return [refusal]

    state.change()
    sealed = put_pool(
        state,
        pool,
        state=PoolState.SEALED,
        seal_sha256=seal_hash(pool, assets),
        sealed_at_ns=header.at_ns,
        **tested(header, report),
    )
    return [PoolSealed(pool=sealed, movement=tell_pool(state, header, sealed, assets))]


def sell_pool(state: ExchangeState, header: Header, command: SellPool) -> list[Event]:
    """The true sale: every receivable to the issuer, every originator paid, in one transfer."""
    pool = own_pool(state, header, command.pool_id)
    if isinstance(pool, Rejected):
        return [pool]
    if pool.state is not PoolState.SEALED or pool.issue_id:
        return [Rejected(code=RejectCode.POOL_STATE, detail=buyer_of(pool) or pool.state)]
    if command.seal_sha256 != pool.seal_sha256:
        return [Rejected(code=RejectCode.POOL_SEAL_CHANGED, detail=pool.seal_sha256)]
    assets = assets_of(state, pool)
    if (refusal := refuse_failures(report_on(state, header, pool, assets).failures)) is not None:
        return [refusal]
    issuer_member = state.accounts[pool.issuer_account_id].member_id
    if (refusal := refuse_sale(state, pool, assets)) is not None:
        return [refusal]
    parts = share_out(command.price_minor, [asset.balance_minor for asset in assets])
    for asset, part in zip(assets, parts, strict=True):
        if (refusal := refuse_price(asset, part)) is not None:
            return [refusal]
    if (refusal := refuse_documents(state, issuer_member, (command.agreement_sha256,))) is not None:
        return [refusal]
    if command.price_minor > state.ledger.available(pool.issuer_account_id, pool.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    given = [(asset, pool.issuer_account_id) for asset in assets]
    movement, held = hand_over(state, header, given, price_legs(pool, assets, parts), told_of(pool, assets))
    sold_assets = tuple(
        put_asset(
            state,
            asset,
            state=PoolAssetState.SOLD,
            holder_account_id=pool.issuer_account_id,
            price_minor=Minor(part),
            sold_at_ns=TimeNs(header.at_ns),
        )
        for asset, part in zip(assets, parts, strict=True)
    )
    sold = put_pool(
        state,
        pool,
        state=PoolState.SOLD,
        price_minor=command.price_minor,
        sold_at_ns=header.at_ns,
        agreement_sha256=command.agreement_sha256,
    )
    return [PoolSold(pool=sold, assets=sold_assets, movement=movement, held=held)]


def withdraw_pool(state: ExchangeState, header: Header, command: WithdrawPool) -> list[Event]:
    """End a pool that was not sold; what was in it is offered to nobody, and its originators may withdraw it."""
    pool = own_pool(state, header, command.pool_id)
    if isinstance(pool, Rejected):
        return [pool]
    if pool.state not in (PoolState.DRAFT, PoolState.SEALED) or pool.issue_id:
        return [Rejected(code=RejectCode.POOL_STATE, detail=buyer_of(pool) or pool.state)]

    state.change()
    left = [leave(state, asset) for asset in assets_of(state, pool)]
    gone = tuple(asset for asset, _ in left)
    withdrawn = put_pool(state, pool, state=PoolState.WITHDRAWN, assets=(), tripped=0, reason=command.reason)
    movement = tell_pool(state, header, withdrawn, gone)
    told = PoolWithdrawn(pool=withdrawn, assets=gone, movement=movement)
    return [told, *(event for _, events in left for event in events)]


def record_valuation(state: ExchangeState, header: Header, command: RecordValuation) -> list[Event]:
    """Keep a valuation; the one before it counts no more."""
    right, money = state.assets.get(command.right_asset_id), state.assets.get(command.money_asset_id)
    if right is None or right.kind is not AssetKind.RIGHT or money is None or money.kind is not AssetKind.MONEY:
        return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
    before = valuation_of(state, command.right_asset_id, command.money_asset_id)
    today = today_of(header)
    if not is_day(command.valued_on) or command.valued_on > today or (before and command.valued_on < before.valued_on):
        return [Rejected(code=RejectCode.VALUATION_INVALID, detail=command.valued_on)]
    valuer_id = state.users[header.principal].member_id
    interested = [account_id for account_id, _ in state.ledger.holders(command.right_asset_id)]
    for asset in state.table(PoolAsset).values():
        if asset.right_asset_id == command.right_asset_id:
            interested.append(asset.originator_account_id)
            if (pool := state.table(Pool).get(asset.pool_id)) is not None:
                interested.append(pool.issuer_account_id)
    if any(state.accounts[account_id].member_id == valuer_id for account_id in interested):
        return [Rejected(code=RejectCode.VALUATION_NOT_INDEPENDENT)]
    if (refusal := refuse_documents(state, valuer_id, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    if before is not None:
        before = msgspec.structs.replace(before, newest=False)
        state.put(before)
    valuation = Valuation(
        valuation_id=ValuationId(make_id(header.sequence)),
        right_asset_id=command.right_asset_id,
        money_asset_id=command.money_asset_id,
        value_minor=command.value_minor,
        valued_on=command.valued_on,
        method=command.method,
        valuer_member_id=valuer_id,
        document_sha256=command.document_sha256,
        recorded_at_ns=header.at_ns,
    )
    state.put(valuation)
    return [ValuationRecorded(valuation=valuation, before=before)]


# --- What a sale asks -------------------------------------------------------------------------------------------------


def refuse_sale(state: ExchangeState, pool: Pool, assets: list[PoolAsset]) -> Rejected | None:
    """Whether something that is to move, or somebody who gives it, stands still.

    Refused: asset.frozen, account.frozen.
    """
    for asset_id in (pool.money_asset_id, *(asset.asset_id for asset in assets)):
        if state.assets[asset_id].frozen:
            return Rejected(code=RejectCode.ASSET_FROZEN, detail=state.assets[asset_id].code)
    for asset in assets:
        if state.accounts[asset.originator_account_id].frozen:
            return Rejected(code=RejectCode.ACCOUNT_FROZEN, detail=state.assets[asset.asset_id].code)
    return None


def refuse_price(asset: PoolAsset, part_minor: int) -> Rejected | None:
    """Whether an originator would get less than it asked for.

    Refused: pool.price.
    """
    if part_minor * PPM >= asset.least_ppm * asset.balance_minor:
        return None
    said = f"{part_minor} for {asset.balance_minor}, asked {asset.least_ppm} ppm ({asset.contract_sha256[:12]})"
    return Rejected(code=RejectCode.POOL_PRICE, detail=said)


def buyer_of(pool: Pool) -> str:
    """Which issue a sealed pool waits for, and alone decides what becomes of it; empty if none."""
    return f"{to_wire('IS', pool.issue_id)} buys it" if pool.issue_id else ""


def price_legs(pool: Pool, assets: list[PoolAsset], parts: list[int]) -> list[Leg]:
    """The money of a sale: out of the issuer's account, into each originator's, a leg an account."""
    due: dict[AccountId, int] = {}
    for asset, part in zip(assets, parts, strict=True):
        due[asset.originator_account_id] = due.get(asset.originator_account_id, 0) + part
    legs: list[Leg] = [(pool.issuer_account_id, pool.money_asset_id, -sum(parts))]
    return legs + [(account_id, pool.money_asset_id, part) for account_id, part in due.items()]


def _problem(command: OpenPool) -> str:
    """What of a pool's terms makes no sense; empty if nothing."""
    days = (command.cut_off_date, command.final_date, command.revolving_until or command.cut_off_date)
    if not all(is_day(day) for day in days):
        return "no such date"
    if command.cut_off_date >= command.final_date:
        return "the final maturity comes after the cut-off"
    if (command.kind is PoolKind.REVOLVING) != (command.revolving_until is not None):
        return "a revolving pool, and no other, revolves until a date"
    if not command.cut_off_date <= days[2] < command.final_date:
        return "a pool revolves between its cut-off and its final maturity"
    return rules_problem(command.rules)
