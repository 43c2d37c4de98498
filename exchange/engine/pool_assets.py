"""The assets of pools: receivables enter the register, are taken in, taken out, swapped, and withdrawn."""

from __future__ import annotations

from custody.accounts import AccountKind
from custody.encumbrances import BurdenKind
from custody.messages import AssetIssued
from custody.pledges import Encumbrance
from custody.rights import Right
from exchange.core.ids import AccountId, AssetId, EncumbranceId, PoolAssetId, make_id, to_wire
from exchange.core.instruments import AssetKind, TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER, Minor, TimeNs
from exchange.engine.access import refuse_account
from exchange.engine.documents import refuse_documents
from exchange.engine.issuance import issue_units, retire_units
from exchange.engine.pool_cases import (
    assets_of,
    enter,
    facts_of,
    hand_over,
    leave,
    own_pool,
    pledge_of,
    put_asset,
    put_pool,
    refuse_failures,
    report_on,
    tell_pool,
    tested,
    today_of,
    told_of,
    tripped_in,
)
from exchange.engine.pools import price_legs, refuse_price, refuse_sale
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from matching.licence_messages import Licence, LicenceState
from matching.licences import LicenceKind
from securitization.deal_triggers import Status
from securitization.messages import Claim
from securitization.pool_messages import (
    AddPoolAsset,
    PoolAssetRegistered,
    PoolAssetsChanged,
    PoolAssetWithdrawn,
    RegisterPoolAsset,
    RemovePoolAsset,
    SubstitutePoolAsset,
    WithdrawPoolAsset,
)
from securitization.pool_records import (
    MAX_POOL_ASSETS,
    Flow,
    Pool,
    PoolAsset,
    PoolAssetKind,
    PoolAssetState,
    PoolKind,
    PoolState,
    flows_problem,
)
from securitization.pool_rules import ask_asset
from securitization.servicing_records import Servicing


def register_pool_asset(state: ExchangeState, header: Header, command: RegisterPoolAsset) -> list[Event]:
    """Enter a receivable: its balance becomes units on the originator's account, held there."""
    if (refusal := refuse_account(state, header, command.originator_account_id, UserRight.TRADE)) is not None:
        return [refusal]
    pool = state.table(Pool).get(command.pool_id)
    if pool is None:
        return [Rejected(code=RejectCode.POOL_UNKNOWN)]
    if not _buys(state, header, pool):
        return [Rejected(code=RejectCode.POOL_STATE, detail=pool.state)]
    if command.right_asset_id not in state.records[Right]:
        return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
    debtor = _debtor(state, command)
    if isinstance(debtor, Rejected):
        return [debtor]
    if (problem := _problem(state, pool, command)) != "":
        return [Rejected(code=RejectCode.POOL_ASSET_INVALID, detail=problem)]
    asset = _draft(header, command, debtor)
    if (refusal := _refuse_security(state, asset)) is not None:
        return [refusal]
    originator_id = state.accounts[command.originator_account_id].member_id
    if (refusal := refuse_documents(state, originator_id, (command.contract_sha256,))) is not None:
        return [refusal]

    state.change()
    issue = issue_units(
        state,
        header,
        ordinal=1,
        kind=AssetKind.RECEIVABLE,
        code=f"receivable:{to_wire('PX', asset.pool_asset_id)}",
        total_units=asset.balance_minor,
        title_regime=TitleRegime.OWN_REGISTER,
        subject_id=asset.pool_asset_id,
        to_account_id=asset.originator_account_id,
    )
    state.put(asset)
    holds = [(asset.originator_account_id, asset.asset_id, asset.held_units)]
    movement = move_and_tell(state, header, told_of(pool, [asset]), holds=holds)
    return [
        AssetIssued(asset=issue.asset, account=issue.account, movement=issue.movement),
        PoolAssetRegistered(pool_asset=asset, movement=movement),
    ]


def add_pool_asset(state: ExchangeState, header: Header, command: AddPoolAsset) -> list[Event]:
    """Take an offered asset in; a sold revolving pool pays for it at once, and must hold every rule with it."""
    found = _offered(state, header, command.pool_asset_id, PoolAssetState.OFFERED)
    if isinstance(found, Rejected):
        return [found]
    pool, asset = found
    if not _buys(state, header, pool):
        return [Rejected(code=RejectCode.POOL_STATE, detail=pool.state)]
    if len(pool.assets) >= MAX_POOL_ASSETS:
        return [Rejected(code=RejectCode.POOL_FULL, detail=f"{MAX_POOL_ASSETS} assets")]
    sold = pool.state is PoolState.SOLD
    if not sold and command.price_minor:
        return [Rejected(code=RejectCode.POOL_PRICE, detail="a draft pays at its sale")]
    if sold and (refusal := refuse_price(asset, command.price_minor)) is not None:
        return [refusal]
    together = [*assets_of(state, pool), asset]
    if (refusal := _refuse_rules(state, header, pool, asset, together)) is not None:
        return [refusal]
    if sold:
        if (refusal := refuse_sale(state, pool, [asset])) is not None:
            return [refusal]
        if command.price_minor > state.ledger.available(pool.issuer_account_id, pool.money_asset_id):
            return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    report = report_on(state, header, pool, together)
    if not sold:
        taken, timed = enter(state, header, pool, asset, state=PoolAssetState.POOLED)
        movement, held = tell_pool(state, header, pool, [taken]), None
    else:
        legs = price_legs(pool, [asset], [command.price_minor])
        told = told_of(pool, [asset])
        movement, held = hand_over(state, header, [(asset, pool.issuer_account_id)], legs, told)
        taken, timed = enter(
            state,
            header,
            pool,
            asset,
            state=PoolAssetState.SOLD,
            holder_account_id=pool.issuer_account_id,
            price_minor=Minor(command.price_minor),
            sold_at_ns=TimeNs(header.at_ns),
        )
    members = (*pool.assets, asset.pool_asset_id)
    price = Minor(pool.price_minor + command.price_minor)
    changed = put_pool(
        state, pool, assets=members, price_minor=price, tripped=tripped_in(state, members), **tested(header, report)
    )
    return [PoolAssetsChanged(pool=changed, assets=(taken,), movement=movement, held=held), *timed]


def remove_pool_asset(state: ExchangeState, header: Header, command: RemovePoolAsset) -> list[Event]:
    """Take an asset out of a draft."""
    found = _offered(state, header, command.pool_asset_id, PoolAssetState.POOLED)
    if isinstance(found, Rejected):
        return [found]
    pool, asset = found
    if pool.state is not PoolState.DRAFT:
        return [Rejected(code=RejectCode.POOL_STATE, detail=pool.state)]
    members = tuple(each for each in pool.assets if each != asset.pool_asset_id)

    state.change()
    report = report_on(state, header, pool, [state.table(PoolAsset)[each] for each in members])
    gone, dropped = leave(state, asset)
    changed = put_pool(state, pool, assets=members, tripped=tripped_in(state, members), **tested(header, report))
    movement = tell_pool(state, header, changed, [gone])
    return [PoolAssetsChanged(pool=changed, assets=(gone,), movement=movement, held=None), *dropped]


def substitute_pool_asset(state: ExchangeState, header: Header, command: SubstitutePoolAsset) -> list[Event]:
    """Swap an asset for an offered one; in a sold pool both change hands in one transfer."""
    leaving = _offered(state, header, command.pool_asset_id, PoolAssetState.POOLED, PoolAssetState.SOLD)
    if isinstance(leaving, Rejected):
        return [leaving]
    coming = _offered(state, header, command.by_pool_asset_id, PoolAssetState.OFFERED)
    if isinstance(coming, Rejected):
        return [coming]
    (pool, old), (other, new) = leaving, coming
    if not _buys(state, header, pool):
        return [Rejected(code=RejectCode.POOL_STATE, detail=pool.state)]
    if (problem := _swap_problem(pool, other, old, new)) != "":
        return [Rejected(code=RejectCode.POOL_ASSET_SUBSTITUTE, detail=problem)]
    kept = [asset for asset in assets_of(state, pool) if asset.pool_asset_id != old.pool_asset_id]
    if (refusal := _refuse_rules(state, header, pool, new, [*kept, new])) is not None:
        return [refusal]
    sold = pool.state is PoolState.SOLD
    if sold and (refusal := refuse_sale(state, pool, [old, new])) is not None:
        return [refusal]

    state.change()
    report = report_on(state, header, pool, [*kept, new])
    if sold:
        given = [(old, old.originator_account_id), (new, pool.issuer_account_id)]
        movement, held = hand_over(state, header, given, [], told_of(pool, [old, new]))
        taken, timed = enter(
            state,
            header,
            pool,
            new,
            state=PoolAssetState.SOLD,
            holder_account_id=pool.issuer_account_id,
            price_minor=old.price_minor,
            sold_at_ns=TimeNs(header.at_ns),
        )
        old = put_asset(
            state, old, holder_account_id=old.originator_account_id, price_minor=Minor(0), sold_at_ns=TimeNs(0)
        )
    else:
        movement, held = tell_pool(state, header, pool, [old, new]), None
        taken, timed = enter(state, header, pool, new, state=PoolAssetState.POOLED)
    gone, dropped = leave(state, old)
    members = (*(asset.pool_asset_id for asset in kept), new.pool_asset_id)
    changed = put_pool(state, pool, assets=members, tripped=tripped_in(state, members), **tested(header, report))
    told = PoolAssetsChanged(pool=changed, assets=(gone, taken), movement=movement, held=held)
    return [told, *dropped, *timed]


def withdraw_pool_asset(state: ExchangeState, header: Header, command: WithdrawPoolAsset) -> list[Event]:
    """Take an offered asset off the register: its units cease."""
    asset = state.table(PoolAsset).get(command.pool_asset_id)
    if asset is None:
        return [Rejected(code=RejectCode.POOL_ASSET_UNKNOWN)]
    if (refusal := refuse_account(state, header, asset.originator_account_id, UserRight.TRADE)) is not None:
        return [refusal]
    if asset.state is not PoolAssetState.OFFERED:
        return [Rejected(code=RejectCode.POOL_ASSET_STATE, detail=asset.state)]

    state.change()
    units = asset.held_units
    movement = retire_units(state, header, asset.asset_id, asset.holder_account_id, units, held=units)
    gone = put_asset(state, asset, state=PoolAssetState.WITHDRAWN, held_units=0)
    return [PoolAssetWithdrawn(pool_asset=gone, movement=movement)]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _offered(
    state: ExchangeState, header: Header, pool_asset_id: PoolAssetId, *states: PoolAssetState
) -> tuple[Pool, PoolAsset] | Rejected:
    """An asset that stands in one of these states, and its pool, for the issuer."""
    asset = state.table(PoolAsset).get(pool_asset_id)
    if asset is None or asset.pool_id not in state.records[Pool]:
        return Rejected(code=RejectCode.POOL_ASSET_UNKNOWN)
    pool = own_pool(state, header, asset.pool_id)
    if isinstance(pool, Rejected):
        return pool
    if asset.state not in states:
        return Rejected(code=RejectCode.POOL_ASSET_STATE, detail=asset.state)
    return pool, asset


def _buys(state: ExchangeState, header: Header, pool: Pool) -> bool:
    """Whether a pool takes assets now: as a draft, or sold and revolving, until its deal leaves its normal course."""
    revolves = pool.kind is PoolKind.REVOLVING and today_of(header) <= pool.revolving_until
    if pool.state is not PoolState.SOLD:
        return pool.state is PoolState.DRAFT
    served = (one for one in state.table(Servicing).values() if one.pool_id == pool.pool_id)
    return revolves and all(one.running.status is Status.NORMAL for one in served)


def _refuse_rules(
    state: ExchangeState, header: Header, pool: Pool, asset: PoolAsset, together: list[PoolAsset]
) -> Rejected | None:
    """A draft asks the newcomer alone, since one asset is all of a pool that begins; a sold pool asks everything."""
    if pool.state is PoolState.SOLD:
        return refuse_failures(report_on(state, header, pool, together).failures)
    facts = facts_of(state, header, pool, asset)
    return refuse_failures(ask_asset(pool.rules, facts, pool.final_date, today_of(header)))


def _swap_problem(pool: Pool, other: Pool, old: PoolAsset, new: PoolAsset) -> str:
    if other.pool_id != pool.pool_id:
        return "it is offered to another pool"
    if new.originator_account_id != old.originator_account_id:
        return "it is another originator's"
    return "" if new.balance_minor >= old.balance_minor else f"it owes {new.balance_minor}, not {old.balance_minor}"


def _debtor(state: ExchangeState, command: RegisterPoolAsset) -> str | Rejected:
    """Who owes: a member, by its number, or somebody outside, by a code."""
    if (command.debtor_account_id is None) == (command.debtor_code is None):
        return Rejected(code=RejectCode.POOL_ASSET_INVALID, detail="name a debtor's account, or its code")
    if command.debtor_account_id is None:
        return f"outside:{command.debtor_code}"
    account = state.accounts.get(command.debtor_account_id)
    if account is None or account.kind is not AccountKind.CLIENT:
        return Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail="debtor_account_id")
    if account.member_id == state.accounts[command.originator_account_id].member_id:
        return Rejected(code=RejectCode.POOL_ASSET_INVALID, detail="the debtor is another member")
    return to_wire("M", account.member_id)


def _problem(state: ExchangeState, pool: Pool, command: RegisterPoolAsset) -> str:
    """What of a receivable's terms makes no sense; empty if nothing."""
    if (problem := flows_problem(command.flows)) != "":
        return problem
    if sum(flow.principal_minor + flow.interest_minor for flow in command.flows) > MAX_INTEGER:
        return "more is owed than can be counted"
    members = state.accounts
    if members[pool.issuer_account_id].member_id == members[command.originator_account_id].member_id:
        return "an originator does not sell to itself"
    known = [each.contract_sha256 for each in state.table(PoolAsset).values()]
    known += [each.contract_sha256 for each in state.table(Claim).values()]
    return "this contract is on record" if command.contract_sha256 in known else ""


def _draft(header: Header, command: RegisterPoolAsset, debtor: str) -> PoolAsset:
    balance = sum(flow.principal_minor for flow in command.flows)
    return PoolAsset(
        pool_asset_id=PoolAssetId(make_id(header.sequence)),
        pool_id=command.pool_id,
        kind=command.kind,
        asset_id=AssetId(make_id(header.sequence, 1)),
        originator_account_id=command.originator_account_id,
        holder_account_id=command.originator_account_id,
        debtor_account_id=command.debtor_account_id or AccountId(0),
        debtor=debtor,
        right_asset_id=command.right_asset_id,
        encumbrance_id=command.encumbrance_id or EncumbranceId(0),
        flows=tuple(
            Flow(due_date=flow.due_date, principal_minor=flow.principal_minor, interest_minor=flow.interest_minor)
            for flow in command.flows
        ),
        balance_minor=Minor(balance),
        held_units=balance,
        last_due=command.flows[-1].due_date,
        industry=command.industry,
        region=command.region,
        arrears_days=command.arrears_days,
        contract_sha256=command.contract_sha256,
        least_ppm=command.least_ppm,
        state=PoolAssetState.OFFERED,
        registered_at_ns=header.at_ns,
    )


def _refuse_security(state: ExchangeState, asset: PoolAsset) -> Rejected | None:
    """Whether the receivable is not tied to the right as its kind asks.

    Refused: encumbrance.unknown, right.not_owned.
    """
    if asset.encumbrance_id:
        pledge = state.table(Encumbrance).get(asset.encumbrance_id)
        if pledge is None or pledge.kind is not BurdenKind.PLEDGE or pledge_of(state, asset) is None:
            return Rejected(code=RejectCode.ENCUMBRANCE_UNKNOWN)
    if asset.kind is PoolAssetKind.PLEDGE_LOAN:
        return None if asset.encumbrance_id else Rejected(code=RejectCode.ENCUMBRANCE_UNKNOWN)
    if state.ledger.units(asset.originator_account_id, asset.right_asset_id) > 0 or _licensed(state, asset):
        return None
    return Rejected(code=RejectCode.RIGHT_NOT_OWNED)


def _licensed(state: ExchangeState, asset: PoolAsset) -> bool:
    """Whether a fee is for the licence back of a right that its debtor licensed exclusively to the originator."""
    return asset.kind is PoolAssetKind.LICENCE_FEE and any(
        licence.asset_id == asset.right_asset_id
        and licence.state is LicenceState.IN_FORCE
        and licence.kind is LicenceKind.EXCLUSIVE
        and licence.sublicence
        and licence.licensee_account_id == asset.originator_account_id
        and licence.licensor_account_id == asset.debtor_account_id
        for licence in state.table(Licence).values()
    )
