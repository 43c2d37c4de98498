"""A text in which a block is traded and shared out; every other line is one of tests/busts/stage.py.

block buys 10 @ 100                     -> wu 10 @ 100
block shares what it bought: alpha 3, beta 7       -> alpha 300 + 1, beta 700 + 2        price and fee of each part
block shares what it bought of 9: alpha 3          -> allocation.totals_changed          nine is all it thinks it bought
block shares what it sold: alpha 3                 -> alpha 300 - 1                      price less fee
fund has bought                         -> 10 for 1000 + 3, 10 shared for 1000 + 3
the day ends                            -> block keeps 3 bought                          or "nothing is kept"

`block` allocates for `alpha` and `beta`, which name beneficiaries, and for `own`, which is the member's; all are the
member "fund"'s. `other` is another member's account.
"""

from __future__ import annotations

import re

from custody.funding_messages import RecordReceipt
from custody.messages import AccountOpened
from exchange.core.ids import AccountId
from exchange.core.instruments import Side
from exchange.core.membership import OpenAccount
from exchange.core.messages import Event, Rejected
from exchange.core.node_messages import AdvanceClock, Timer, TimerKind
from exchange.core.units import Minor, QuantityLots
from exchange.engine.day_totals import day_of
from matching.allocation_messages import AllocationDayEnded, AllocationMade, AllocationPart, DayTotal, MakeAllocation
from tests.busts.stage import RULES, Busts
from tests.engine.days import CODE, venue_with
from tests.support import STEP_NS, Venue

SHARES = re.compile(r"(?P<who>\w+) shares what it (?P<side>bought|sold)(?: of (?P<lots>\d+))?: (?P<parts>.*)")
TOTAL = re.compile(r"fund has (?P<side>bought|sold)")
SIDES = {"bought": Side.BUY, "sold": Side.SELL}
WORDS = {side: word for word, side in SIDES.items()}
FUNDS = {"alpha": "Alpha Fund", "beta": "Beta Fund", "own": ""}


def stage(fee_ppm: int = 0, fee_minimum: int = 0, lot_units: int = 1, tick_minor: int = 1, **profile: int) -> Venue:
    """A block account with 100 lots of its own, its three receivers, and a market to trade with."""
    venue = venue_with(fee_ppm=fee_ppm, fee_minimum=fee_minimum, profile=profile, **RULES)
    venue.member("wu", cash=100_000)
    venue.member("li", cash=100_000)
    venue.member("fund")
    venue.user("clerk", "fund", rights=())
    open_accounts(venue)
    holders = {"wu": 1_000 * lot_units, "block": 100 * lot_units}
    venue.instrument(CODE, lot_units=lot_units, tick_minor=tick_minor, band=(1, 1_000), holders=holders, opened=False)
    venue.plays("ops opens -> done")
    return venue


def open_accounts(venue: Venue, cash: int = 100_000) -> None:
    """The block account and those it shares among, each with money."""
    venue.accounts["block"] = sub_account(venue, "block", "", allocates=True)
    for name, beneficiary in FUNDS.items():
        venue.accounts[name] = sub_account(venue, name, beneficiary)
    for name in ("block", *FUNDS):
        venue.users[name] = venue.users["fund"]
        venue.do(
            RecordReceipt(
                bank_id=venue.bank_id,
                reference=f"R-{name}",
                payer_name="fund",
                payer_account="XT00 0000 0000",
                amount_minor=Minor(cash),
                account_id=venue.accounts[name],
            )
        )


def sub_account(venue: Venue, name: str, beneficiary: str, *, allocates: bool = False) -> AccountId:
    """One more account of the fund."""
    opened = venue.make(
        OpenAccount(member_id=venue.members["fund"], sub_account=name, beneficiary=beneficiary, allocates=allocates),
        AccountOpened,
        "fund",
    )
    return opened.account.account_id


def total(venue: Venue, side: Side, who: str = "block") -> DayTotal | None:
    """What an account traded today, as the engine counts it."""
    instrument = venue.state.instruments[venue.instruments[CODE]]
    day = day_of(venue.state, instrument, venue.clock_ns)
    return venue.state.day_total(venue.accounts[who], instrument.instrument_id, side, day)


def allocation(
    venue: Venue, side: Side, parts: dict[str, int], lots: int | None = None, who: str = "block"
) -> MakeAllocation:
    """The command, as somebody would ask it who knows the day's total."""
    instrument = venue.state.instruments[venue.instruments[CODE]]
    known = total(venue, side, who)
    return MakeAllocation(
        account_id=venue.accounts[who],
        instrument_id=instrument.instrument_id,
        side=side,
        day=day_of(venue.state, instrument, venue.clock_ns),
        expected_lots=QuantityLots(lots if lots is not None else known.lots if known is not None else 1),
        rows=tuple(
            AllocationPart(account_id=venue.accounts[name], quantity_lots=QuantityLots(lots))
            for name, lots in parts.items()
        ),
    )


def at_the_days_end(venue: Venue, *, before_ns: int = 0) -> None:
    """Let it be the first moment of the next day at the next command, or so long before it."""
    [timer] = [one for one in venue.state.table(Timer).values() if one.kind is TimerKind.ALLOCATION_DAY_ENDS]
    venue.clock_ns = timer.due_ns - before_ns - STEP_NS


class Shares(Busts):
    """Plays a text in which blocks are shared out."""

    def _line(self, asked: str) -> str:
        venue = self.venue
        if found := SHARES.fullmatch(asked):
            parts = {name: int(lots) for name, lots in (part.split() for part in found["parts"].split(","))}
            lots = int(found["lots"]) if found["lots"] else None
            return self._told(venue.do(allocation(venue, SIDES[found["side"]], parts, lots, found["who"]), "fund"))
        if found := TOTAL.fullmatch(asked):
            known = total(venue, SIDES[found["side"]])
            if known is None:
                return "nothing"
            traded = f"{known.lots} for {known.notional_minor} + {known.fees_minor}"
            shared = f"{known.allocated_notional_minor} + {known.allocated_fees_minor}"
            return f"{traded}, {known.allocated_lots} shared for {shared}"
        if asked == "the day ends":
            return self._day_ends()
        return super()._line(asked)

    def _told(self, events: list[Event]) -> str:
        first = events[0]
        if isinstance(first, Rejected):
            return first.code.value
        assert isinstance(first, AllocationMade)
        sign = "+" if first.allocation.side is Side.BUY else "-"
        names = {account_id: name for name, account_id in self.venue.accounts.items()}
        return ", ".join(
            f"{names[row.account_id]} {row.notional_minor} {sign} {row.fee_minor}" for row in first.allocation.rows
        )

    def _day_ends(self) -> str:
        venue = self.venue
        at_the_days_end(venue)
        names = {account_id: name for name, account_id in venue.accounts.items()}
        kept = [
            f"{names[one.account_id]} keeps {one.left_lots} {WORDS[one.side]}"
            for event in venue.do(AdvanceClock(chance=venue.chance()), "node")
            if isinstance(event, AllocationDayEnded)
            for one in event.totals
            if one.left_lots
        ]
        return ", ".join(kept) or "nothing is kept"
