"""Books with a bug, each of a kind that was found in real matching engines. The suite must notice every one."""

from __future__ import annotations

from typing import NamedTuple

from exchange.core.ids import AccountId, OrderId
from exchange.core.instruments import Side
from exchange.core.units import PriceTicks, QuantityLots
from matching.book import Book, Match, Preview
from matching.level import Level, Resting

NOBODY = AccountId(-1)


class NewestFirst(Book):
    """Queues a new order at the front of its price."""

    def rest(
        self,
        order_id: OrderId,
        account_id: AccountId,
        side: Side,
        price_ticks: PriceTicks,
        quantity_lots: QuantityLots,
        priority: int,
    ) -> None:
        super().rest(order_id, account_id, side, price_ticks, quantity_lots, priority)
        order = self._orders[order_id]
        level = order.level
        if level.oldest is not order and level.oldest is not None:
            level.remove(order)
            order.newer, level.oldest.older, level.oldest = level.oldest, order, order
            level.lots += order.remaining_lots
            level.order_count += 1


class LeavesAPhantomLevel(Book):
    """Forgets to take an emptied price out of the book."""

    def _remove(self, order: Resting) -> None:
        order.level.remove(order)
        del self._orders[order.order_id]


class LeavesPhantomLots(Book):
    """Cancels the order but not its share of the level's total."""

    def cancel(self, order_id: OrderId) -> QuantityLots:
        level = self._orders[order_id].level
        lots = super().cancel(order_id)
        level.lots += lots
        return lots


class CancelsTheNewestInstead(Book):
    """Swaps the cancelled order with the last one of its queue."""

    def cancel(self, order_id: OrderId) -> QuantityLots:
        newest = self._orders[order_id].level.newest
        return super().cancel(newest.order_id if newest is not None else order_id)


class ReduceLosesItsPlace(Book):
    """Sends a merely reduced order to the back of its queue."""

    def reduce(self, order_id: OrderId, remaining_lots: QuantityLots) -> None:
        super().reduce(order_id, remaining_lots)
        requeue(self._orders[order_id])


class PreviewTakes(Book):
    """Changes the book while it only looks."""

    def preview(
        self,
        side: Side,
        limit_ticks: PriceTicks,
        quantity_lots: QuantityLots,
        account_id: AccountId,
        max_notional_ticks: int | None = None,
        max_fills: int = 1_000_000,
    ) -> Preview:
        seen = super().preview(side, limit_ticks, quantity_lots, account_id, max_notional_ticks, max_fills)
        self.match(account_id, side, limit_ticks, quantity_lots, max_fills, max_notional_ticks)
        return seen


class Ask(NamedTuple):
    """What a taker asks of `match`."""

    account_id: AccountId
    side: Side
    limit_ticks: PriceTicks
    quantity_lots: QuantityLots
    max_fills: int
    max_notional_ticks: int | None


class BentMatch(Book):
    """Base of the books that hear another question than was asked, or give another answer than they found."""

    def match(
        self,
        account_id: AccountId,
        side: Side,
        limit_ticks: PriceTicks,
        quantity_lots: QuantityLots,
        max_fills: int,
        max_notional_ticks: int | None = None,
    ) -> Match:
        ask = Ask(account_id, side, limit_ticks, quantity_lots, max_fills, max_notional_ticks)
        return self.answered(ask, super().match(*self.heard(ask)))

    def heard(self, ask: Ask) -> Ask:
        """The question as this book hears it."""
        return ask

    def answered(self, ask: Ask, match: Match) -> Match:
        """The answer as this book gives it."""
        return match


class RequeuesThePartlyFilled(BentMatch):
    """Sends a maker that was filled in part to the back of its queue."""

    def answered(self, ask: Ask, match: Match) -> Match:
        for fill in match.fills:
            if fill.maker_remaining_lots:
                requeue(self._orders[fill.maker_order_id])
        return match


class TradesAtTheTakersPrice(BentMatch):
    """Reports the taker's limit as the price."""

    def answered(self, ask: Ask, match: Match) -> Match:
        return match._replace(fills=[fill._replace(price_ticks=ask.limit_ticks) for fill in match.fills])


class WalksThroughTheLimit(BentMatch):
    """Goes one tick further than it was allowed."""

    def heard(self, ask: Ask) -> Ask:
        return ask._replace(limit_ticks=PriceTicks(ask.limit_ticks + (1 if ask.side is Side.BUY else -1)))


class MeetsOnlyBetterPrices(BentMatch):
    """Thinks that equal prices do not meet."""

    def heard(self, ask: Ask) -> Ask:
        return ask._replace(limit_ticks=PriceTicks(ask.limit_ticks + (-1 if ask.side is Side.BUY else 1)))


class TradesWithItself(BentMatch):
    """Does not see that both orders are one account's."""

    def heard(self, ask: Ask) -> Ask:
        return ask._replace(account_id=NOBODY)


class MakesOneFillTooMany(BentMatch):
    """Counts fills from one."""

    def heard(self, ask: Ask) -> Ask:
        return ask._replace(max_fills=ask.max_fills + 1)


class SpendsOneTickTooMuch(BentMatch):
    """Takes a cap for a bound that may be passed by one."""

    def heard(self, ask: Ask) -> Ask:
        return ask if ask.max_notional_ticks is None else ask._replace(max_notional_ticks=ask.max_notional_ticks + 1)


class KeepsFilledOrdersKnown(BentMatch):
    """Never prunes its index of orders."""

    def answered(self, ask: Ask, match: Match) -> Match:
        for fill in match.fills:
            if not fill.maker_remaining_lots:
                level = Level()
                self._orders[fill.maker_order_id] = Resting(
                    fill.maker_order_id, fill.maker_account_id, ask.side, fill.price_ticks, QuantityLots(1), 0, level
                )
        return match


class ReportsEmptyFills(BentMatch):
    """Ends every list of fills with one of nothing."""

    def answered(self, ask: Ask, match: Match) -> Match:
        nothing = [fill._replace(quantity_lots=QuantityLots(0)) for fill in match.fills[-1:]]
        return match._replace(fills=match.fills + nothing)


def requeue(order: Resting) -> None:
    """Send an order to the back of its queue."""
    order.level.remove(order)
    order.level.append(order)


PLANTED: list[type[Book]] = [
    NewestFirst,
    LeavesAPhantomLevel,
    LeavesPhantomLots,
    CancelsTheNewestInstead,
    ReduceLosesItsPlace,
    MeetsOnlyBetterPrices,
    PreviewTakes,
    RequeuesThePartlyFilled,
    TradesAtTheTakersPrice,
    WalksThroughTheLimit,
    TradesWithItself,
    MakesOneFillTooMany,
    SpendsOneTickTooMuch,
    KeepsFilledOrdersKnown,
    ReportsEmptyFills,
]
