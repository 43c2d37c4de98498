"""Postings, holds, balances: the only place where units move.

A transfer is whole or not at all and sums to zero in each asset; an account that is not a mirror never stands below
what it has promised; a correction is a new transfer with the signs turned, never an edit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from custody.balances import Balance, Channel
from exchange.core.ids import AccountId, AssetId
from exchange.core.postings import AccountMark, FeedMark, HoldChange, Movement, Posting
from exchange.core.rejections import ensure
from exchange.core.units import Sequence, Units

Leg = tuple[AccountId, AssetId, int]
"""(account, asset, signed units): one side of a transfer before it is posted."""


@dataclass(slots=True)
class Ledger:
    """All balances in memory. Reading never changes it; `mirrors` are the accounts that may stand below zero.

    `owners` says who counts as the holder behind each account that is not a mirror (a nominee's beneficiary counts for
    itself); `places` counts each owner's reasons to be a holder of an asset: an account above zero, an account that
    bids. Both follow from the accounts, balances and bids alone, and are kept so that a cap on holders is a look.
    """

    balances: dict[AssetId, dict[AccountId, Balance]] = field(default_factory=dict[AssetId, dict[AccountId, Balance]])
    channels: dict[AccountId, Channel] = field(default_factory=dict[AccountId, Channel])
    mirrors: set[AccountId] = field(default_factory=set[AccountId])
    owners: dict[AccountId, int] = field(default_factory=dict[AccountId, int])
    places: dict[AssetId, dict[int, int]] = field(default_factory=dict[AssetId, dict[int, int]])

    def balance(self, account_id: AccountId, asset_id: AssetId) -> Balance | None:
        """The balance of one account in one asset, if it ever had one."""
        holders = self.balances.get(asset_id)
        return holders.get(account_id) if holders else None

    def units(self, account_id: AccountId, asset_id: AssetId) -> int:
        """All an account has of an asset, promised units included."""
        balance = self.balance(account_id, asset_id)
        return balance.units if balance else 0

    def held(self, account_id: AccountId, asset_id: AssetId) -> int:
        """What an account has promised of an asset."""
        balance = self.balance(account_id, asset_id)
        return balance.held_units if balance else 0

    def available(self, account_id: AccountId, asset_id: AssetId) -> int:
        """What an account may still promise or spend."""
        balance = self.balance(account_id, asset_id)
        return balance.units - balance.held_units if balance else 0

    def holders(self, asset_id: AssetId) -> list[tuple[AccountId, int]]:
        """Every account above zero in an asset, mirrors aside, by account.

        Sorted, because the order in which balances came about is forgotten by a restart.
        """
        return sorted(
            (account_id, balance.units)
            for account_id, balance in self.balances.get(asset_id, {}).items()
            if balance.units > 0 and account_id not in self.mirrors
        )

    def take_place(self, asset_id: AssetId, account_id: AccountId, change: int) -> None:
        """Count one reason more (1), or one less (-1), for which the account's owner is a holder of the asset."""
        owner = self.owners.get(account_id)
        if owner is None:
            return
        places = self.places.get(asset_id)
        if places is None:
            places = self.places[asset_id] = {}
        count = places.get(owner, 0) + change
        if count:
            places[owner] = count
        else:
            del places[owner]

    def holders_with(self, asset_id: AssetId, account_id: AccountId) -> int:
        """How many owners there could be if this account and every open bid got what they want."""
        places = self.places.get(asset_id, {})
        return len(places) + (self.owners.get(account_id) not in places)

    def hold(self, account_id: AccountId, asset_id: AssetId, change_units: int) -> Units:
        """Promise more units, or release some (negative); answers what is held afterwards.

        Raises: InvariantBroken if more would be promised than there is, or less than nothing.
        """
        balance = self.balance(account_id, asset_id)
        if balance is None:
            ensure(change_units == 0, "a hold stands on a balance")
            return Units(0)
        held = balance.held_units + change_units
        ensure(0 <= held <= balance.units, "nobody promises more than they have")
        balance.held_units = held
        return Units(held)

    def post(self, sequence: Sequence, legs: Iterable[Leg]) -> tuple[Posting, ...]:
        """Apply one transfer whole.

        Raises: InvariantBroken if an asset does not sum to zero or an account would stand below its promises.
        """
        net: dict[AssetId, int] = {}
        postings: list[Posting] = []
        for account_id, asset_id, units in legs:
            net[asset_id] = net.get(asset_id, 0) + units
            holders = self.balances.get(asset_id)
            if holders is None:
                holders = self.balances[asset_id] = {}
            balance = holders.get(account_id)
            if balance is None:
                balance = holders[account_id] = Balance()
            had = balance.units > 0
            balance.units += units
            if had != (balance.units > 0):
                self.take_place(asset_id, account_id, -1 if had else 1)
            if balance.units < balance.held_units:
                ensure(account_id in self.mirrors, "nobody spends what they do not have")
            postings.append(
                Posting(
                    account_id=account_id,
                    asset_id=asset_id,
                    units=Units(units),
                    balance_after=Units(balance.units),
                    previous_sequence=Sequence(balance.last_sequence),
                )
            )
            balance.last_sequence = sequence
        for rest in net.values():
            ensure(rest == 0, "each asset of a transfer sums to zero")
        return tuple(postings)

    def tell(self, account_id: AccountId, sequence: Sequence) -> FeedMark:
        """Number the next private event of an account."""
        channel = self.channels.get(account_id)
        if channel is None:
            channel = self.channels[account_id] = Channel()
        if channel.sequence != sequence:
            channel.previous_sequence = channel.sequence
            channel.sequence = sequence
        channel.n += 1
        return FeedMark(n=channel.n, previous_sequence=Sequence(channel.previous_sequence))

    def move(
        self,
        sequence: Sequence,
        legs: Iterable[Leg],
        holds: Iterable[Leg] = (),
    ) -> Movement:
        """Change holds, then post one transfer, and tell every account concerned once.

        `holds` are (account, asset, change); releases come before spending, so name them in that order.
        """
        changes = [(account, asset, self.hold(account, asset, units)) for account, asset, units in holds if units]
        postings = self.post(sequence, [leg for leg in legs if leg[2]])
        told: dict[AccountId, None] = {}
        for account_id, _, _ in changes:
            told[account_id] = None
        for posting in postings:
            told[posting.account_id] = None
        return Movement(
            postings=postings,
            holds=tuple(HoldChange(account_id=a, asset_id=s, held_after=held) for a, s, held in changes),
            marks=tuple(
                AccountMark(account_id=account_id, mark=self.tell(account_id, sequence))
                for account_id in told
                if account_id not in self.mirrors
            ),
        )
