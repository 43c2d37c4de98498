"""Units come to be, and cease: a right, a share or a note is issued against a mirror account that stands below zero.

So every asset sums to zero over all its accounts, and minus the mirror's balance is what is outstanding.
"""

from __future__ import annotations

from dataclasses import dataclass

from custody.accounts import VENUE, Account, AccountKind, Asset
from exchange.core.ids import AccountId, AssetId, make_id
from exchange.core.instruments import AssetKind, TitleRegime
from exchange.core.messages import Header
from exchange.core.postings import Movement
from exchange.core.rejections import ensure
from exchange.core.units import Units
from exchange.engine.state import ExchangeState


@dataclass(frozen=True, slots=True)
class Issue:
    """What an event that issues units carries: the asset, its mirror account, and the units' movement."""

    asset: Asset
    account: Account
    movement: Movement


def asset_code_taken(state: ExchangeState, code: str) -> bool:
    """Whether an asset of that code exists; ask before the line, and refuse with asset.exists."""
    return any(asset.code == code for asset in state.assets.values())


def issue_units(
    state: ExchangeState,
    header: Header,
    *,
    ordinal: int,
    kind: AssetKind,
    code: str,
    total_units: int,
    title_regime: TitleRegime,
    subject_id: int,
    to_account_id: AccountId,
) -> Issue:
    """Make an asset and credit all its units to one account. Call after the line.

    The asset takes the command's `ordinal`, its mirror account the next one: keep both free.
    """
    ensure(not asset_code_taken(state, code), "an asset's code was checked before the line")
    ensure(total_units > 0, "something is issued")
    asset_id = AssetId(make_id(header.sequence, ordinal))
    mirror = open_venue_account(
        state, AccountId(make_id(header.sequence, ordinal + 1)), AccountKind.ISSUANCE, f"issuance:{code}"
    )
    asset = Asset(
        asset_id=asset_id,
        kind=kind,
        code=code,
        total_units=Units(total_units),
        title_regime=title_regime,
        subject_id=subject_id,
        home_account_id=mirror.account_id,
    )
    state.put(asset)
    legs = [(mirror.account_id, asset_id, -total_units), (to_account_id, asset_id, total_units)]
    return Issue(asset=asset, account=mirror, movement=state.ledger.move(header.sequence, legs))


def retire_units(
    state: ExchangeState, header: Header, asset_id: AssetId, from_account_id: AccountId, units: int, *, held: int = 0
) -> Movement:
    """Take units out of the world, first releasing `held` of them. Call after the line.

    The asset's `total_units` stays what was issued; what is outstanding is minus its mirror's balance.
    """
    home = state.assets[asset_id].home_account_id
    legs = [(from_account_id, asset_id, -units), (home, asset_id, units)]
    return state.ledger.move(header.sequence, legs, [(from_account_id, asset_id, -held)])


def outstanding_units(state: ExchangeState, asset_id: AssetId) -> int:
    """How many units of an issued asset exist."""
    return -state.ledger.units(state.assets[asset_id].home_account_id, asset_id)


def open_venue_account(state: ExchangeState, account_id: AccountId, kind: AccountKind, name: str) -> Account:
    """Open one of the venue's own accounts: escrow of a deal, a place for immobilised rights. Call after the line."""
    ensure(kind is not AccountKind.CLIENT, "the venue has no client account")
    account = Account(account_id=account_id, member_id=VENUE, sub_account=name, beneficiary="", kind=kind)
    state.put(account)
    return account
