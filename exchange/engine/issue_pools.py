"""A sealed pool behind an issue: does it fit the deal, and its true sale with what the notes brought.

The pool waits for its issue from the proposal on; nobody else buys it. The closing asks every rule again, and the last
chunk of the allotment moves all receivables to the issuer against the proceeds, in the transfer that establishes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from custody.ledger import Leg
from exchange.core.ids import AccountId, AssetId, IssueId, to_wire
from exchange.core.messages import Header, Rejected
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import Minor, TimeNs, share_out
from exchange.engine.pool_cases import assets_of, put_asset, put_pool, refuse_failures, report_on
from exchange.engine.pools import buyer_of, refuse_price, refuse_sale
from exchange.engine.state import ExchangeState
from securitization.deal import Deal
from securitization.issue_messages import ClosingItem, ClosingKind, Issue, IssueModel, IssueRole, ProposeIssue
from securitization.pool_records import Pool, PoolAsset, PoolAssetKind, PoolAssetState, PoolState

KINDS_OF_MODEL: dict[IssueModel, tuple[PoolAssetKind, ...]] = {
    IssueModel.RECEIVABLES: (
        PoolAssetKind.LICENCE_FEE,
        PoolAssetKind.ROYALTY,
        PoolAssetKind.SUPPLY_CHAIN,
        PoolAssetKind.FINANCE_LEASE,
    ),
    IssueModel.SECOND_LICENCE: (PoolAssetKind.LICENCE_FEE,),
    IssueModel.PLEDGED_LOANS: (PoolAssetKind.PLEDGE_LOAN,),
    IssueModel.LEASE_BACK: (PoolAssetKind.SALE_AND_LEASEBACK,),
}
"""What each model pools; the checklist asks for each asset what its model must show."""


@dataclass(frozen=True, slots=True)
class PoolSale:
    """The sale of a pool as parts of one transfer: what moves, what is released before, what is held after it."""

    legs: list[Leg]
    releases: list[Leg]
    holds: list[Leg]
    pool: Pool
    assets: tuple[PoolAsset, ...]


# --- Before the line --------------------------------------------------------------------------------------------------


def pool_for(state: ExchangeState, command: ProposeIssue, deal: Deal, money_asset_id: AssetId) -> Pool | Rejected:
    """The sealed pool that an issue names, if it is the pool the deal speaks of.

    Refused: pool.unknown, pool.state, issue.pool_unfit.
    """
    pool = state.table(Pool).get(command.pool_id) if command.pool_id is not None else None
    if pool is None:
        return Rejected(code=RejectCode.POOL_UNKNOWN)
    if pool.state is not PoolState.SEALED or pool.issue_id:
        return Rejected(code=RejectCode.POOL_STATE, detail=buyer_of(pool) or pool.state)
    problem = _misfit(state, command, deal, pool, money_asset_id)
    return Rejected(code=RejectCode.ISSUE_POOL_UNFIT, detail=problem) if problem else pool


def refuse_pool_sale(state: ExchangeState, header: Header, issue: Issue) -> Rejected | None:
    """Whether the pool of an issue cannot be sold now; an issue of claims has none.

    Refused: pool.rules_failed, asset.frozen, account.frozen.
    """
    pool = state.table(Pool).get(issue.pool_id)
    if pool is None:
        return None
    assets = assets_of(state, pool)
    return refuse_failures(report_on(state, header, pool, assets).failures) or refuse_sale(state, pool, assets)


def price_problem(state: ExchangeState, issue: Issue, left_minor: int) -> str:
    """Why so much cash, and the notes retained at their face, do not buy the pool; empty if they do."""
    pool = state.table(Pool).get(issue.pool_id)
    if pool is None:
        return ""
    assets, retained = assets_of(state, pool), retained_minor(issue)
    parts = share_out(left_minor + retained, [asset.balance_minor for asset in assets])
    for asset, part in zip(assets, parts, strict=True):
        if (refusal := refuse_price(asset, part)) is not None:
            return f"the price of an asset: {refusal.detail}"
    if retained > _due(assets, parts).get(_originator_of(issue), 0):
        return f"the originator's part of the price is less than the {retained} of notes it keeps"
    return ""


def retained_minor(issue: Issue) -> int:
    """What the originator keeps in notes, at their face."""
    return sum(each.retained_notes * each.note_face_minor for each in issue.classes)


# --- After the line ---------------------------------------------------------------------------------------------------


def wait_for(state: ExchangeState, pool: Pool | None, issue_id: IssueId) -> Pool | None:
    """Let a pool wait for an issue; 0 frees it."""
    return put_pool(state, pool, issue_id=issue_id) if pool is not None else None


def free_pool(state: ExchangeState, issue: Issue) -> Pool | None:
    """The pool of an issue that came to nothing may be sold otherwise."""
    return wait_for(state, state.table(Pool).get(issue.pool_id), IssueId(0))


def sell_to_issuer(state: ExchangeState, header: Header, issue: Issue, left_minor: int) -> PoolSale:
    """Every receivable to the issuer, every originator paid out of the proceeds; what it keeps in notes is paid."""
    pool, retained = state.table(Pool)[issue.pool_id], retained_minor(issue)
    assets = assets_of(state, pool)
    parts = share_out(left_minor + retained, [asset.balance_minor for asset in assets])
    due = _due(assets, parts)
    if retained:
        due[_originator_of(issue)] -= retained
    ensure(all(part >= 0 for part in due.values()), "what an originator keeps was compared with its price")
    legs: list[Leg] = [(account_id, issue.money_asset_id, part) for account_id, part in due.items()]
    for asset in assets:
        legs += [
            (asset.holder_account_id, asset.asset_id, -asset.held_units),
            (pool.issuer_account_id, asset.asset_id, asset.held_units),
        ]
    sold = tuple(
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
    changed = put_pool(
        state,
        pool,
        state=PoolState.SOLD,
        price_minor=Minor(sum(parts)),
        sold_at_ns=header.at_ns,
        agreement_sha256=_first_contract(state, issue),
    )
    releases = [(asset.holder_account_id, asset.asset_id, -asset.held_units) for asset in assets]
    holds = [(pool.issuer_account_id, asset.asset_id, asset.held_units) for asset in assets]
    return PoolSale(legs=legs, releases=releases, holds=holds, pool=changed, assets=sold)


# --- Inside -----------------------------------------------------------------------------------------------------------


def _misfit(state: ExchangeState, command: ProposeIssue, deal: Deal, pool: Pool, money_asset_id: AssetId) -> str:
    """Why a pool is not the one the deal speaks of; empty if it is."""
    of = {party.role: party.account_id for party in command.parties}
    assets, last = assets_of(state, pool), deal.periods[-1].end
    total, wanted = sum(asset.balance_minor for asset in assets), deal.pool.initial_balance_minor
    if pool.issuer_account_id != of[IssueRole.ISSUER]:
        return "the pool is another issuer's, or on another account of it"
    if pool.money_asset_id != money_asset_id:
        return "the pool is in another money"
    if total != wanted:
        return f"the pool comes to {total}, the deal's to {wanted}"
    if pool.final_date < last:
        return f"rights are followed until {pool.final_date}, the deal runs until {last}"
    if late := next((asset for asset in assets if asset.last_due > last), None):
        return f"{to_wire('PX', late.pool_asset_id)} is due {late.last_due}, after the last period ends on {last}"
    if other := next((asset for asset in assets if asset.kind not in KINDS_OF_MODEL[command.model]), None):
        return f"{to_wire('PX', other.pool_asset_id)} is {other.kind}, the model is {command.model}"
    if all(asset.originator_account_id != of[IssueRole.ORIGINATOR] for asset in assets):
        return "the originator sells nothing into the pool"
    return ""


def _due(assets: list[PoolAsset], parts: list[int]) -> dict[AccountId, int]:
    due: dict[AccountId, int] = {}
    for asset, part in zip(assets, parts, strict=True):
        due[asset.originator_account_id] = due.get(asset.originator_account_id, 0) + part
    return due


def _originator_of(issue: Issue) -> AccountId:
    originator = issue.party(IssueRole.ORIGINATOR)
    ensure(originator is not None, "every issue has an originator")
    return originator.account_id if originator is not None else AccountId(0)


def _first_contract(state: ExchangeState, issue: Issue) -> str:
    """The sale contract of the pool's first asset; those of the others stand in the checklist."""
    for _, item in sorted(state.table(ClosingItem).items()):
        if item.issue_id == issue.issue_id and item.kind is ClosingKind.SALE_CONTRACT:
            return item.documents[0]
    return ""
