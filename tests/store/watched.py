"""A database that tells a day of tests/matching/surveillance/flow.py, and the reading of it."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from pathlib import Path

from custody.accounts import Account, AccountKind
from exchange.core.ids import NO_CONNECTION, NODE, AccountId, AssetId, ListingId, MarketId, MemberId, ProductId
from exchange.core.instruments import OrderType, Phase, Settlement, Side, TimeInForce
from exchange.core.messages import Event, Header
from exchange.core.node_messages import AdvanceClock
from exchange.core.postings import FeedMark, Posting
from exchange.core.units import Epoch, Minor, PriceTicks, QuantityLots, Sequence, TimeNs, Units
from matching.messages import (
    CancelReason,
    Instrument,
    InstrumentPhaseChanged,
    OrderAccepted,
    OrderCancelled,
    OrderReplaced,
    TradeMade,
    TradeSide,
)
from matching.surveillance.facts import Entered, Fact, Part, Reduced, Traded, Turn, TurnKind, Withdrawn
from securitization.messages import Product, ProductPaymentStarted, ProductStatus
from tests.matching.surveillance.flow import Day
from tests.matching.surveillance.stories import INSTRUMENT
from tests.scratch import Scratch

MONEY, SHARE = AssetId(7), AssetId(8)
MARK = FeedMark(n=1, previous_sequence=Sequence(0))


def write(day: Day, path: Path) -> None:
    """Put the day into a database: accounts and the instrument first, then a row of the journal for each sequence."""
    scratch = Scratch.empty()
    accounts = [
        Account(
            account_id=account_id,
            member_id=owner.member_id,
            sub_account=f"{account_id}",
            beneficiary=owner.beneficiary,
            kind=AccountKind.CLIENT,
        )
        for account_id, owner in day.owners.items()
    ]
    scratch.save_seed(_header(0, 0), [*accounts, instrument(Phase.CONTINUOUS)])
    teller = Teller()
    for sequence, facts in itertools.groupby(day.facts, key=lambda fact: fact.sequence):
        told = list(facts)
        scratch.save(_header(sequence, told[0].at_ns), AdvanceClock(), [teller.event(fact) for fact in told])
    with contextlib.closing(sqlite3.connect(path)) as file:
        scratch.connection.backup(file)


def instrument(phase: Phase) -> Instrument:
    """What the day trades."""
    return Instrument(
        instrument_id=INSTRUMENT,
        code="INS",
        name="INS",
        market_id=MarketId(0),
        listing_id=ListingId(0),
        asset_id=SHARE,
        money_asset_id=MONEY,
        lot_units=1,
        tick_minor=1,
        band_low_ticks=PriceTicks(1),
        band_high_ticks=PriceTicks(1_000_000),
        settlement=Settlement.BOOK_ENTRY,
        phase=phase,
        frozen=False,
    )


def product() -> Product:
    """The product whose notes the day trades, about to be paid."""
    return Product(
        product_id=ProductId(9),
        name="P",
        market_id=MarketId(0),
        issuer_account_id=AccountId(0),
        arranger_member_id=MemberId(0),
        money_asset_id=MONEY,
        claims=(),
        note_face_minor=Minor(1),
        notes=1,
        final_date="2026-12-31",
        status=ProductStatus.PAYING,
        note_asset_id=SHARE,
    )


class Teller:
    """Says the day's facts in the exchange's own events."""

    def __init__(self) -> None:
        self.orders: dict[int, Entered] = {}
        self.trades = 0

    def event(self, fact: Fact) -> Event:
        """The event a fact was made from."""
        match fact:
            case Entered():
                known = fact.order_id in self.orders
                self.orders[fact.order_id] = fact
                return self._replaced(fact, fact.quantity_lots, fact.sequence) if known else self._accepted(fact)
            case Reduced():
                return self._replaced(self.orders[fact.order_id], fact.remaining_lots, Sequence(0))
            case Withdrawn():
                return self._cancelled(fact)
            case Traded():
                return self._trade(fact)
            case Turn(kind=TurnKind.CLOSE):
                return InstrumentPhaseChanged(instrument=instrument(Phase.CLOSED), reason="")
            case Turn(kind=TurnKind.RECORD_DATE):
                return ProductPaymentStarted(product=product())
            case _:
                raise AssertionError(fact)

    @staticmethod
    def _accepted(fact: Entered) -> OrderAccepted:
        return OrderAccepted(
            order_id=fact.order_id,
            client_order_id="c",
            account_id=fact.account_id,
            instrument_id=INSTRUMENT,
            side=fact.side,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price_ticks=fact.price_ticks,
            quantity_lots=fact.quantity_lots,
            hold_asset_id=_hold(fact),
            hold_units=Units(1),
            held_after=Units(1),
            fee_version=1,
            max_notional_minor=0,
            cancel_on_disconnect=False,
            connection_id=NO_CONNECTION,
            mark=MARK,
            book_n=1,
        )

    @staticmethod
    def _replaced(order: Entered, remaining: QuantityLots, priority: int) -> OrderReplaced:
        return OrderReplaced(
            order_id=order.order_id,
            client_order_id="c",
            account_id=order.account_id,
            instrument_id=INSTRUMENT,
            price_ticks=order.price_ticks,
            quantity_lots=order.quantity_lots,
            remaining_lots=remaining,
            priority=priority,
            hold_asset_id=_hold(order),
            hold_units=Units(1),
            held_after=Units(1),
            mark=MARK,
            book_n=1,
        )

    def _cancelled(self, fact: Withdrawn) -> OrderCancelled:
        order = self.orders[fact.order_id]
        return OrderCancelled(
            order_id=fact.order_id,
            account_id=order.account_id,
            instrument_id=INSTRUMENT,
            cancelled_lots=fact.cancelled_lots,
            reason=CancelReason.REQUESTED if fact.by_choice else CancelReason.END_OF_DAY,
            hold_asset_id=_hold(order),
            held_after=Units(0),
            mark=MARK,
            book_n=1,
        )

    def _trade(self, fact: Traded) -> TradeMade:
        self.trades += 1
        return TradeMade(
            trade_id=fact.trade_id,
            instrument_id=INSTRUMENT,
            price_ticks=fact.price_ticks,
            quantity_lots=fact.quantity_lots,
            aggressor=fact.aggressor,
            buyer=_side(fact.buyer),
            seller=_side(fact.seller),
            postings=_postings(fact),
            book_n=1,
            trade_n=self.trades,
        )


def _hold(order: Entered) -> AssetId:
    return MONEY if order.side is Side.BUY else SHARE


def _postings(fact: Traded) -> tuple[Posting, ...]:
    """Cash one way, the right the other; what was there before is no matter here."""
    cash, lots = fact.price_ticks * fact.quantity_lots, fact.quantity_lots
    legs = (
        (fact.buyer.account_id, MONEY, -cash),
        (fact.seller.account_id, MONEY, cash),
        (fact.seller.account_id, SHARE, -lots),
        (fact.buyer.account_id, SHARE, lots),
    )
    return tuple(
        Posting(
            account_id=account_id,
            asset_id=asset_id,
            units=Units(units),
            balance_after=Units(0),
            previous_sequence=Sequence(0),
        )
        for account_id, asset_id, units in legs
    )


def _side(part: Part) -> TradeSide:
    return TradeSide(
        order_id=part.order_id,
        account_id=part.account_id,
        remaining_lots=part.remaining_lots,
        fee_minor=Minor(0),
        charged_minor=Minor(0),
        notional_minor=Minor(0),
        hold_units=Units(0),
        held_after=Units(0),
        mark=MARK,
    )


def _header(sequence: int, at_ns: int) -> Header:
    return Header(Sequence(sequence), Epoch(1), TimeNs(at_ns), NODE, NO_CONNECTION)
