"""A pool, its assets and the valuations behind them, as they are kept; their commands and events are `pool_messages`.

Source: DOMAIN.md 2.7, 2.9 and workflow 13.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from enum import StrEnum

import msgspec

from exchange.core.ids import (
    AccountId,
    AssetId,
    EncumbranceId,
    IssueId,
    MemberId,
    PoolAssetId,
    PoolId,
    UserId,
    ValuationId,
)
from exchange.core.messages import Part, Record
from exchange.core.units import AnyMinor, IsoDate, Minor, Ppm, TimeNs
from securitization.pool_rules import DeclaredRule, Failure, PoolRule

MAX_POOL_ASSETS = 200
MAX_FLOWS = 600


class PoolKind(StrEnum):
    """`static`: what is sold stays as it is. `revolving`: the issuer buys more, and swaps, until a date."""

    STATIC = "static"
    REVOLVING = "revolving"


class PoolState(StrEnum):
    """Where a pool stands."""

    DRAFT = "draft"
    """Assets come and go: the ramp-up."""
    SEALED = "sealed"
    """Frozen by its hash at the cut-off; it waits for its sale."""
    SOLD = "sold"
    WITHDRAWN = "withdrawn"


class PoolAssetKind(StrEnum):
    """From what a receivable arises."""

    LICENCE_FEE = "licence_fee"
    PLEDGE_LOAN = "pledge_loan"
    """A loan its debtor secured by a pledge of its right, registered here."""
    FINANCE_LEASE = "finance_lease"
    SALE_AND_LEASEBACK = "sale_and_leaseback"
    SUPPLY_CHAIN = "supply_chain"
    ROYALTY = "royalty"


class PoolAssetState(StrEnum):
    """Where an asset stands."""

    OFFERED = "offered"
    """Its originator offers it to a pool."""
    POOLED = "pooled"
    SOLD = "sold"
    WITHDRAWN = "withdrawn"


class ValuationMethod(StrEnum):
    """How a value was found."""

    COST = "cost"
    MARKET = "market"
    INCOME = "income"


class DeclaredFlow(Part, frozen=True, kw_only=True):
    """One payment the debtor owes. Units: `principal_minor` of the balance, `interest_minor` besides."""

    due_date: IsoDate
    principal_minor: AnyMinor
    interest_minor: AnyMinor = Minor(0)


class Flow(Record, frozen=True, kw_only=True):
    """One payment the debtor owes. Units: minor."""

    due_date: str
    principal_minor: Minor
    interest_minor: Minor


class Pool(Record, frozen=True, kw_only=True):
    """One pool, its rules, and what its last test found.

    Units: minor, of `money_asset_id`; `hhi_ppm2` of its debtors. `assets` are those in it; `failures` the first of
    `failed` that the last test found; `seal_sha256` is the hash of everything at the cut-off; `tripped` counts assets
    whose right has fallen.
    """

    pool_id: PoolId
    name: str
    kind: PoolKind
    issuer_account_id: AccountId
    money_asset_id: AssetId
    cut_off_date: str
    final_date: str
    revolving_until: str
    rules: tuple[PoolRule, ...]
    rules_sha256: str
    haircut_ppm: Ppm
    valuation_days: int
    state: PoolState
    opened_by: UserId
    opened_at_ns: TimeNs
    assets: tuple[PoolAssetId, ...] = ()
    balance_minor: Minor = Minor(0)
    borrowing_base_minor: Minor = Minor(0)
    debtors: int = 0
    hhi_ppm2: int = 0
    failed: int = 0
    failures: tuple[Failure, ...] = ()
    checked_at_ns: TimeNs = TimeNs(0)
    seal_sha256: str = ""
    sealed_at_ns: TimeNs = TimeNs(0)
    price_minor: Minor = Minor(0)
    sold_at_ns: TimeNs = TimeNs(0)
    agreement_sha256: str = ""
    tripped: int = 0
    reason: str = ""
    issue_id: IssueId = IssueId(0)
    """The issue that buys it, or bought it, with what its notes brought."""

    @property
    def live(self) -> bool:
        """Whether a later step may ask for it."""
        return self.state is not PoolState.WITHDRAWN


class PoolAsset(Record, frozen=True, kw_only=True):
    """One receivable on the register, tied to the right it arises from and to what secures it.

    Units: `balance_minor`, the sum of its principal, is also how many units of `asset_id` there are, all of them held
    (`held_units`) on `holder_account_id`. `debtor` is a member's number, or an outside debtor's code. `least_ppm` of
    the balance is what its originator takes for it. `tripped` says how its right fell (empty: it stands).
    """

    pool_asset_id: PoolAssetId
    pool_id: PoolId
    kind: PoolAssetKind
    asset_id: AssetId
    originator_account_id: AccountId
    holder_account_id: AccountId
    debtor_account_id: AccountId
    debtor: str
    right_asset_id: AssetId
    encumbrance_id: EncumbranceId
    flows: tuple[Flow, ...]
    balance_minor: Minor
    held_units: int
    last_due: str
    industry: str
    region: str
    arrears_days: int
    contract_sha256: str
    least_ppm: int
    state: PoolAssetState
    registered_at_ns: TimeNs
    price_minor: Minor = Minor(0)
    sold_at_ns: TimeNs = TimeNs(0)
    tripped: str = ""
    tripped_at_ns: TimeNs = TimeNs(0)

    @property
    def live(self) -> bool:
        """Whether a later step may ask for it."""
        return self.state in (PoolAssetState.OFFERED, PoolAssetState.POOLED, PoolAssetState.SOLD)


class Valuation(Record, frozen=True, kw_only=True):
    """What a valuer found a right to be worth. Units: `value_minor`; `newest` marks the latest of its right."""

    valuation_id: ValuationId
    right_asset_id: AssetId
    money_asset_id: AssetId
    value_minor: Minor
    valued_on: str
    method: ValuationMethod
    valuer_member_id: MemberId
    document_sha256: str
    recorded_at_ns: TimeNs
    newest: bool = True


def seal_hash(pool: Pool, assets: Sequence[PoolAsset]) -> str:
    """The SHA-256 of what a pool is at its cut-off: its rules, and each asset's terms, as compact JSON.

    Anybody who reads both can compute it: a list of the pool's rules hash, cut-off, final date, and for each asset its
    number, contract, right, pledge, debtor and flows.
    """
    rows = [
        [
            int(each.pool_asset_id),
            each.kind.value,
            each.contract_sha256,
            int(each.right_asset_id),
            int(each.encumbrance_id),
            each.debtor,
            [[flow.due_date, int(flow.principal_minor), int(flow.interest_minor)] for flow in each.flows],
        ]
        for each in assets
    ]
    text = [pool.rules_sha256, pool.cut_off_date, pool.final_date, rows]
    return hashlib.sha256(msgspec.json.encode(text)).hexdigest()


def rules_hash(rules: Sequence[DeclaredRule]) -> str:
    """The SHA-256 of the rules as compact JSON, as they were sent, without what they leave out."""
    return hashlib.sha256(msgspec.json.encode(list(rules))).hexdigest()


def is_day(text: str) -> bool:
    """Whether this is a date of the calendar."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def flows_problem(flows: Sequence[DeclaredFlow]) -> str:
    """What of a plan of payments makes no sense; empty if nothing."""
    days = [flow.due_date for flow in flows]
    if not all(is_day(day) for day in days):
        return "no such date among the flows"
    if sorted(set(days)) != days:
        return "flows come by rising dates, each once"
    return "" if sum(flow.principal_minor for flow in flows) > 0 else "nothing is owed"
