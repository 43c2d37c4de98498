"""Block allocation: what an allocation account traded in a day is shared among the same member's other accounts.

A manager trades for several funds in one account and shares what it bought or sold among their sub-accounts on the same
day, each lot at the average price of what is still to be shared. It moves as one transfer of units against money, so
nobody delivers on trust; parts of price and fees sum to the whole, to the last minor unit.

Source: 17 CFR 1.35(b)(5) (post-trade allocation by account managers, by the end of the day of the trade, at an average
price); FIX AllocationInstruction (35=J), AvgPx (6), NoAllocs (78).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange.core.ids import AccountId, AllocationId, InstrumentId, UserId
from exchange.core.instruments import Side
from exchange.core.messages import Command, Event, Part, Record
from exchange.core.postings import Movement
from exchange.core.units import IsoDate, Minor, PositiveLots, QuantityLots, TimeNs

MAX_ROWS = 100
"""Accounts one command may share among; more is another command, for what the first one left."""


class DayTotal(Record, frozen=True, kw_only=True):
    """What an allocation account bought, or sold, of one instrument on one day, and how much of it was shared out.

    Units: `day` is the local date of the market's calendar. `notional_minor` is the price and `fees_minor` what the
    venue charged for it; the `allocated_` figures are the parts that went to other accounts. A total that is `over`
    takes no more: what was not shared stays the account's own.
    """

    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    day: str
    lots: QuantityLots
    notional_minor: Minor
    fees_minor: Minor
    allocated_lots: QuantityLots = QuantityLots(0)
    allocated_notional_minor: Minor = Minor(0)
    allocated_fees_minor: Minor = Minor(0)
    over: bool = False

    @property
    def left_lots(self) -> int:
        """What waits to be shared. Units: lots."""
        return self.lots - self.allocated_lots


class AllocationPart(Part, frozen=True, kw_only=True):
    """One line of what is asked: an account, and how many lots of the day's are its."""

    account_id: AccountId
    quantity_lots: PositiveLots


class AllocationRow(Record, frozen=True, kw_only=True):
    """One account's part of an allocation. Units: minor; a buyer pays price and fee, a seller gets price less fee."""

    account_id: AccountId
    quantity_lots: QuantityLots
    notional_minor: Minor
    fee_minor: Minor


class Allocation(Record, frozen=True, kw_only=True):
    """One sharing-out of a day's trades, with each account's part; the parts sum to the three totals."""

    allocation_id: AllocationId
    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    day: str
    quantity_lots: QuantityLots
    notional_minor: Minor
    fees_minor: Minor
    rows: tuple[AllocationRow, ...]
    made_by: UserId
    made_at_ns: TimeNs


class MakeAllocation(Command, frozen=True, kw_only=True, tag="allocation.make"):
    """Share what an allocation account bought (or sold) today among accounts of the same member.

    Units: `expected_lots` are all lots of the day on this side, shared or not, as the sender knows them: if more was
    traded since, nothing is shared. Each lot costs the average of what is still to be shared.
    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen,
    allocation.not_kept, instrument.unknown, instrument.frozen, asset.frozen, allocation.day_over,
    allocation.nothing_traded, allocation.totals_changed, allocation.rows_invalid, allocation.more_than_traded,
    allocation.other_member, rule.suitability, export.not_cleared, limit.order_value, limit.day_value, limit.position,
    rule.holder_cap, hold.insufficient_available.
    Source: 17 CFR 1.35(b)(5); FIX AllocationInstruction (35=J).
    """

    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    day: IsoDate
    expected_lots: PositiveLots
    rows: Annotated[tuple[AllocationPart, ...], msgspec.Meta(min_length=1, max_length=MAX_ROWS)]


class DayTotalled(Event, frozen=True, kw_only=True, tag="allocation.totalled"):
    """The day's totals of the allocation accounts that this command traded for, or corrected a trade of."""

    totals: tuple[DayTotal, ...]


class AllocationMade(Event, frozen=True, kw_only=True, tag="allocation.made"):
    """A day's trades were shared out: units against money, in one transfer."""

    allocation: Allocation
    total: DayTotal
    movement: Movement


class AllocationDayEnded(Event, frozen=True, kw_only=True, tag="allocation.day_ended"):
    """The day is over; whoever has lots left that were not shared keeps them as its own, and is told."""

    totals: tuple[DayTotal, ...]
    movement: Movement
