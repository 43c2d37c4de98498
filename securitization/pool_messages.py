"""Pools of receivables that arise from intellectual property: opened, filled, tested, sealed at the cut-off, sold.

A receivable enters the register as an asset of its own, its balance in units on the originator's account and held
there. pool: draft → sealed → sold, or withdrawn; asset: offered ⇄ pooled → sold (⇄ offered, when swapped), or
withdrawn. The sale moves every receivable from its originator to the issuer against the price, in one transfer, and
holds it there for good. A right that falls before the final maturity trips the assets that hang on it.
Source: DOMAIN.md 2.7, 2.9 and workflow 13.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange.core.ids import (
    AccountId,
    AssetId,
    EncumbranceId,
    PoolAssetId,
    PoolId,
)
from exchange.core.messages import Command, Event
from exchange.core.postings import Movement
from exchange.core.units import (
    AnyMinor,
    Code,
    Count,
    IsoDate,
    Minor,
    Name,
    PositiveMinor,
    Ppm,
    RatePpm,
    Sha256Hex,
    Text,
)
from securitization.pool_records import (
    MAX_FLOWS,
    DeclaredFlow,
    Pool,
    PoolAsset,
    PoolAssetKind,
    PoolKind,
    Valuation,
    ValuationMethod,
)
from securitization.pool_rules import MAX_RULES, DeclaredRule

# --- The pool ---------------------------------------------------------------------------------------------------------


class OpenPool(Command, frozen=True, kw_only=True, tag="pool.open"):
    """Open a pool, as the issuer that will buy it, with its rules.

    Units: `haircut_ppm` is taken off every value; a valuation counts for `valuation_days`. A revolving pool buys until
    `revolving_until`.
    Refused: account.unknown, account.not_yours, account.frozen, member.frozen, asset.unknown (no money), pool.invalid
    (the dates, the rules).
    """

    name: Name
    kind: PoolKind
    issuer_account_id: AccountId
    money_asset_id: AssetId
    cut_off_date: IsoDate
    final_date: IsoDate
    revolving_until: IsoDate | None = None
    rules: Annotated[tuple[DeclaredRule, ...], msgspec.Meta(min_length=1, max_length=MAX_RULES)]
    haircut_ppm: RatePpm = Ppm(0)
    valuation_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 365


class PoolOpened(Event, frozen=True, kw_only=True, tag="pool.opened"):
    """Originators may offer their receivables to it."""

    pool: Pool
    movement: Movement


class CheckPool(Command, frozen=True, kw_only=True, tag="pool.check"):
    """Test a pool by its rules as the register stands today, as its issuer or an operator; the answer is kept on it.

    Refused: pool.unknown, pool.not_party.
    """

    pool_id: PoolId


class PoolChecked(Event, frozen=True, kw_only=True, tag="pool.checked"):
    """What the test found: balance, borrowing base, and every failure with its asset and rule."""

    pool: Pool
    movement: Movement


class SealPool(Command, frozen=True, kw_only=True, tag="pool.seal"):
    """Freeze a pool at its cut-off, as the issuer, when every rule holds.

    Refused: pool.unknown, pool.not_party, account.frozen, member.frozen, pool.state, pool.invalid (before the cut-off
    date, or it is empty), pool.rules_failed.
    """

    pool_id: PoolId


class PoolSealed(Event, frozen=True, kw_only=True, tag="pool.sealed"):
    """Nothing enters or leaves any more; `seal_sha256` names what it is."""

    pool: Pool
    movement: Movement


class SellPool(Command, frozen=True, kw_only=True, tag="pool.sell"):
    """Buy a sealed pool, as the issuer: every receivable against its part of the price, in one transfer.

    The price is shared out by balances, largest remainder first; each part must be what its originator asked for.
    Refused: pool.unknown, pool.not_party, account.frozen, member.frozen, pool.state, pool.seal_changed,
    pool.rules_failed (a right fell, or a pledge ended, since), asset.frozen, pool.price, document.unknown,
    hold.insufficient_available.
    """

    pool_id: PoolId
    seal_sha256: Sha256Hex
    price_minor: PositiveMinor
    agreement_sha256: Sha256Hex


class PoolSold(Event, frozen=True, kw_only=True, tag="pool.sold"):
    """The receivables are the issuer's, on the register, `held` for good; the originators have the price."""

    pool: Pool
    assets: tuple[PoolAsset, ...]
    movement: Movement
    held: Movement


class WithdrawPool(Command, frozen=True, kw_only=True, tag="pool.withdraw"):
    """Give up a pool that is not sold, as its issuer; its assets are their originators' to withdraw.

    Refused: pool.unknown, pool.not_party, pool.state.
    """

    pool_id: PoolId
    reason: Text = ""


class PoolWithdrawn(Event, frozen=True, kw_only=True, tag="pool.withdrawn"):
    """The pool is over, its assets are free again."""

    pool: Pool
    assets: tuple[PoolAsset, ...]
    movement: Movement


# --- Its assets -------------------------------------------------------------------------------------------------------


class RegisterPoolAsset(Command, frozen=True, kw_only=True, tag="pool_asset.register"):
    """Put a receivable on the register and offer it to a pool, as its originator.

    The debtor is a member's account, or outside and named by its code. A pledge loan names the pledge that secures it,
    which is the originator's; whoever owes the others, the originator holds the right they arise from, or, for the fee
    of a licence back, the debtor's exclusive licence with the right to sublicense.
    Refused: account.unknown, account.not_yours, account.frozen, member.frozen, pool.unknown, pool.state,
    asset.unknown (no whole right), pool_asset.invalid (debtor, flows, or this contract is on record),
    encumbrance.unknown, right.not_owned, document.unknown.
    """

    pool_id: PoolId
    kind: PoolAssetKind
    originator_account_id: AccountId
    debtor_account_id: AccountId | None = None
    debtor_code: Code | None = None
    right_asset_id: AssetId
    encumbrance_id: EncumbranceId | None = None
    flows: Annotated[tuple[DeclaredFlow, ...], msgspec.Meta(min_length=1, max_length=MAX_FLOWS)]
    industry: Code
    region: Code
    arrears_days: Count = 0
    contract_sha256: Sha256Hex
    least_ppm: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 1_000_000


class AddPoolAsset(Command, frozen=True, kw_only=True, tag="pool_asset.add"):
    """Take an offered asset in, as the issuer: into a draft by the rules for assets, into a sold revolving pool by all.

    A sold pool pays `price_minor` at once.
    Refused: pool_asset.unknown, pool.not_party, account.frozen, member.frozen, pool_asset.state, pool.state,
    pool.full, pool.price, pool.rules_failed, asset.frozen, hold.insufficient_available.
    """

    pool_asset_id: PoolAssetId
    price_minor: AnyMinor = Minor(0)


class RemovePoolAsset(Command, frozen=True, kw_only=True, tag="pool_asset.remove"):
    """Take an asset out of a draft, as the issuer.

    Refused: pool_asset.unknown, pool.not_party, account.frozen, member.frozen, pool_asset.state, pool.state.
    """

    pool_asset_id: PoolAssetId


class SubstitutePoolAsset(Command, frozen=True, kw_only=True, tag="pool_asset.substitute"):
    """Swap an asset for an offered one of the same originator that owes as much or more, without money, as the issuer.

    In a draft, or in a sold revolving pool until its date; there every rule must hold afterwards.
    Refused: pool_asset.unknown, pool.not_party, account.frozen, member.frozen, pool_asset.state, pool.state,
    pool_asset.substitute, pool.rules_failed, asset.frozen.
    """

    pool_asset_id: PoolAssetId
    by_pool_asset_id: PoolAssetId


class WithdrawPoolAsset(Command, frozen=True, kw_only=True, tag="pool_asset.withdraw"):
    """Take an offered asset off the register, as its originator.

    Refused: pool_asset.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen, pool_asset.state.
    """

    pool_asset_id: PoolAssetId


class PoolAssetRegistered(Event, frozen=True, kw_only=True, tag="pool_asset.registered"):
    """The receivable is on the register, held on its originator's account."""

    pool_asset: PoolAsset
    movement: Movement


class PoolAssetsChanged(Event, frozen=True, kw_only=True, tag="pool_asset.changed"):
    """Assets entered or left their pool; in a sold one they changed hands with it, and are `held` there."""

    pool: Pool
    assets: tuple[PoolAsset, ...]
    movement: Movement
    held: Movement | None


class PoolAssetWithdrawn(Event, frozen=True, kw_only=True, tag="pool_asset.withdrawn"):
    """The receivable is off the register."""

    pool_asset: PoolAsset
    movement: Movement


class PoolTripped(Event, frozen=True, kw_only=True, tag="pool.tripped"):
    """The right of some assets fell, or stands again, before the pool's final maturity."""

    pool: Pool
    assets: tuple[PoolAsset, ...]
    movement: Movement


# --- Valuations -------------------------------------------------------------------------------------------------------


class RecordValuation(Command, frozen=True, kw_only=True, tag="valuation.record"):
    """Put on record what a right is worth, as a valuer that has no part in it.

    Refused: asset.unknown, valuation.invalid (a day to come or before the last one's), valuation.not_independent,
    document.unknown.
    """

    right_asset_id: AssetId
    money_asset_id: AssetId
    value_minor: PositiveMinor
    valued_on: IsoDate
    method: ValuationMethod
    document_sha256: Sha256Hex


class ValuationRecorded(Event, frozen=True, kw_only=True, tag="valuation.recorded"):
    """The right's newest value; the one before it counts no more."""

    valuation: Valuation
    before: Valuation | None
