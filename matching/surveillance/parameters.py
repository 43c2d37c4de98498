"""The thresholds: one dated, numbered set after another, each value with its reason and where it comes from.

A set is never edited: a new one gets the next version, and an alert names the version it was made with, so that a look
at an old stretch can be repeated as it was. Marks say how well a source was read: S the text itself, X an excerpt or
secondary article, M general knowledge or a figure of this project's own. Nothing here claims legal compliance.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Literal

import msgspec

from exchange.core.messages import Part
from exchange.core.units import NS_PER_SECOND, Code, Count, IsoDate, PositiveCount

VERSIONS = (1,)
"""The sets that come with the code, oldest first."""
NEWEST = VERSIONS[-1]

Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=600)]


class Threshold(Part, frozen=True, kw_only=True):
    """One value, why it is what it is, and where it comes from."""

    value: Count
    reason: Sentence
    source: Sentence
    mark: Literal["S", "X", "M"]


class WashThresholds(Part, frozen=True, kw_only=True):
    """When two orders, and when a chain of trades, look arranged."""

    entered_within_s: Threshold
    quantity_apart_ppm: Threshold
    limit_apart_ppm: Threshold
    ring_within_s: Threshold
    ring_longest_hops: Threshold
    ring_quantity_apart_ppm: Threshold
    ring_price_apart_ppm: Threshold


class LayeringThresholds(Part, frozen=True, kw_only=True):
    """When orders away from the touch look shown only to be withdrawn."""

    entered_within_s: Threshold
    withdrawn_within_s: Threshold
    least_orders: Threshold
    least_away_ticks: Threshold
    most_away_ppm: Threshold
    least_times_other_side_ppm: Threshold
    least_withdrawn_ppm: Threshold


class PressureThresholds(Part, frozen=True, kw_only=True):
    """When one group's aggressive trades look meant to move a price for a moment."""

    within_s: Threshold
    least_trades: Threshold
    least_share_ppm: Threshold
    least_move_ppm: Threshold
    most_other_way_ppm: Threshold


class MemoryLimits(Part, frozen=True, kw_only=True):
    """How much of the past a detector keeps; what is forgotten for lack of room is counted."""

    most_orders: Threshold
    most_trades: Threshold
    most_hops: Threshold
    most_suspicions: Threshold


class Parameters(Part, frozen=True, kw_only=True):
    """One version of all thresholds."""

    name: Code
    version: PositiveCount
    effective_from: IsoDate
    wash: WashThresholds
    layering: LayeringThresholds
    close: PressureThresholds
    ramp: PressureThresholds
    memory: MemoryLimits

    @property
    def label(self) -> str:
        """How an alert names them: `standard@1`."""
        return f"{self.name}@{self.version}"

    @property
    def orders_within_ns(self) -> int:
        """How long an order is remembered after it was entered."""
        return max(self.wash.entered_within_s.value, self.layering.entered_within_s.value) * NS_PER_SECOND

    @property
    def trades_within_ns(self) -> int:
        """How long a trade is remembered for the price it made."""
        return max(self.close.within_s.value, self.ramp.within_s.value) * NS_PER_SECOND

    @property
    def lookback_ns(self) -> int:
        """How far back anything a detector says can rest on what it saw; the last price before that it is given."""
        followed_s = max(self.wash.ring_within_s.value, self.layering.withdrawn_within_s.value)
        return max(self.orders_within_ns + followed_s * NS_PER_SECOND, self.trades_within_ns)


def shipped(version: int = NEWEST) -> Parameters:
    """A set that comes with the code.

    >>> shipped().label
    'standard@1'

    Raises: FileNotFoundError if there is no such version.
    """
    folder = files("matching.surveillance") / "parameters"
    return read_parameters((folder / f"standard_{version}.json").read_text(encoding="utf-8"))


def read_parameters(text: str) -> Parameters:
    """Read a set strictly: no unknown or missing name.

    Raises: msgspec.ValidationError naming the place.
    """
    return msgspec.json.decode(text.encode(), type=Parameters)
