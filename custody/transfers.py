"""Transfers that may be reversed, kept with their legs for as long as that may be asked.

What a trade, a withdrawal or an issue posted is not among them: a trade is final, the others have their own way back.
"""

from __future__ import annotations

from enum import StrEnum

from custody.ledger import Leg
from exchange.core.ids import AccountId, AssetId, TransferId
from exchange.core.messages import Record
from exchange.core.units import Sequence, Units


class TransferKind(StrEnum):
    """What a transfer was for: each of these may be reversed."""

    RECEIPT_CREDITED = "receipt_credited"
    """The receipt is in suspense again."""
    HOUSE_SWEPT = "house_swept"
    BY_HAND = "by_hand"


class TransferLeg(Record, frozen=True, kw_only=True):
    """One signed leg, as it was posted."""

    account_id: AccountId
    asset_id: AssetId
    units: Units


class Transfer(Record, frozen=True, kw_only=True):
    """A transfer that may still be reversed. `subject_id` is what it was about: a receipt, a bank, or nothing."""

    transfer_id: TransferId
    kind: TransferKind
    legs: tuple[TransferLeg, ...]
    subject_id: int = 0
    reversed_at: Sequence = Sequence(0)
    """The journal sequence of the reversal; 0: it stands."""


def kept_legs(legs: list[Leg]) -> tuple[TransferLeg, ...]:
    """Legs as a Transfer keeps them."""
    return tuple(TransferLeg(account_id=a, asset_id=s, units=Units(units)) for a, s, units in legs)
