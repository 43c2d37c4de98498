"""Court preservation 财产保全: it overrides every other claim while it stands, and ranks by the time of its order.

Orders in the book end, running sales are called off, contracts that are not yet effective are unwound by new entries,
and a pledge cannot be enforced. It may lie on a whole right, or on some units of a share or note on one account.
Source: 民事诉讼法 arts. 103-106; 专利法实施细则 rule 103 (the office suspends its procedures).
"""

from __future__ import annotations

from custody.pledges import Encumbrance
from exchange.core.ids import AccountId, AssetId, EncumbranceId
from exchange.core.messages import Command, Event
from exchange.core.postings import Movement
from exchange.core.units import Name, PositiveUnits, Sha256Hex, Text

MAX_PRESERVATIONS = 50
"""Preservations that may stand on the same thing."""


class OrderPreservation(Command, frozen=True, kw_only=True, tag="preservation.order"):
    """Enter a court's order, by two operators, with its number and document: from here on nothing moves.

    Without `units` it lies on the whole right; with them on so many units of a share or note on that account. Free
    units are held first, then those its orders promised; the rest lies on pledged units, which stay held for both.
    Refused: asset.unknown, account.unknown, document.unknown, preservation.invalid, hold.insufficient_available (more
    than the account has), limit.exceeded.
    """

    asset_id: AssetId
    account_id: AccountId | None = None
    units: PositiveUnits | None = None
    court: Name
    reference: Name
    document_sha256: Sha256Hex
    reason: Text = ""


class PreservationOrdered(Event, frozen=True, kw_only=True, tag="preservation.ordered"):
    """The court's order stands. What it stopped is told by the events that follow."""

    encumbrance: Encumbrance
    movement: Movement


class PreservationExtended(Event, frozen=True, kw_only=True, tag="preservation.extended"):
    """Units that an ended order, or another entry, set free are held now."""

    encumbrance: Encumbrance
    movement: Movement


class LiftPreservation(Command, frozen=True, kw_only=True, tag="preservation.lift"):
    """Enter the court's release, by two operators; what is still preserved or pledged by others stays so.

    Refused: encumbrance.unknown, preservation.invalid, document.unknown.
    """

    encumbrance_id: EncumbranceId
    reference: Name
    document_sha256: Sha256Hex
    reason: Text = ""
