"""Books with one bug each, as others have had them: the suite must notice every one."""

from __future__ import annotations

from matching.book_events import Events
from matching.book_messages import BookOrder, Refusal, SelfTrade
from matching.order_book import PlainBook
from matching.queues import Entry
from matching.stops import StopList


class FillsAtTheTakersLimit(PlainBook):
    """The taker pays what it was willing to pay."""

    def _fill(self, taker: Entry, maker: Entry, price: int, lots: int, events: Events) -> None:
        super()._fill(taker, maker, taker.price_ticks, lots, events)


class RefillKeepsItsPlace(PlainBook):
    """An iceberg's next slice stays in front."""

    def _refill(self, entry: Entry, events: Events) -> None:
        level, number = entry.level, entry.priority
        super()._refill(entry, events)
        if level is not None and level.oldest is not entry and level.first_hidden is None:
            level.remove(entry)
            entry.priority, oldest = number, level.oldest
            entry.level, entry.newer = level, oldest
            if oldest is not None:
                oldest.older = entry
            level.oldest = entry
            level.lots += entry.remaining_lots
            level.shown += entry.shown_lots
            level.order_count += 1
            level.anchors += 1


class HiddenStandsInTime(PlainBook):
    """Hidden orders rank by time among the displayed ones: displayed orders queue behind them."""

    def _rest(self, entry: Entry, events: Events) -> None:
        hidden, entry.hidden = entry.hidden, False
        super()._rest(entry, events)
        entry.hidden = hidden


class FillOrKillLooksAtOneMaker(PlainBook):
    """The check asks only the first maker."""

    def check(self, order: BookOrder, max_fills: int) -> Refusal:
        return super().check(order, 1)


class OwnMakersVanish(PlainBook):
    """What self-trade prevention removes has no event."""

    def _prevent(self, taker: Entry, maker: Entry, events: Events) -> int:
        return super()._prevent(taker, maker, [] if taker.order.self_trade == SelfTrade.CANCEL_OLDEST else events)


class GroupsAreForgotten(PlainBook):
    """Related accounts trade with each other."""

    def _act(self, entry: Entry, max_fills: int, events: Events) -> int:
        entry.group_id = 0
        return super()._act(entry, max_fills, events)


class CascadeStopsAfterOneRound(PlainBook):
    """Stops that a stop's own trades reach are not looked at."""

    def _run_stops(self, left: int, events: Events) -> None:
        first = self._stops.due()
        if first is not None and left > 1:
            super()._run_stops(2, events)


class StopsTriggerFromTheWrongSide(PlainBook):
    """A bid is triggered by a fall, an offer by a rise."""

    def _reach(self, side: int, price: int, events: Events) -> None:
        super()._reach(3 - side, price, events)


class TrailingFollowsOnce(PlainBook):
    """After its first move, a trailing stop stands still."""

    def _move_trailing_stops(self, events: Events) -> None:
        count = len(events)
        super()._move_trailing_stops(events)
        for event in events[count:]:
            self._stops.trailing.pop(event.order_id)


class PegsDoNotFollow(PlainBook):
    """A peg stays where it was placed."""

    def _move_pegs(self, events: Events) -> None:
        return


class PairsBothTrade(PlainBook):
    """A trade of one order of a pair leaves the other."""

    def _end_other(self, entry: Entry, events: Events) -> None:
        other = self._entries[entry.oco_id]
        entry.oco_id = other.oco_id = 0


class BandIsNotWatched(PlainBook):
    """Trades happen outside the band."""

    def _set_references(self, last: int, reference: int, band_low: int, band_high: int) -> None:
        super()._set_references(last, reference, 0, 0)


class AuctionOrdersOutliveTheirAuction(PlainBook):
    """What lives for an auction is not known as such."""

    def _rest(self, entry: Entry, events: Events) -> None:
        super()._rest(entry, events)
        self._auction_only.clear()


class AllOrNoneTradesInParts(PlainBook):
    """An all-or-none order is an order like others."""

    def _fills_whole(self, entry: Entry, max_fills: int) -> bool:
        return self._obtainable(entry, 1, max_fills).lots > 0


class ReductionLosesItsPlace(PlainBook):
    """Fewer lots at the same price go to the back."""

    def replace(self, order_id: int, price_ticks: int, quantity_lots: int, stop_ticks: int, max_fills: int) -> Events:
        entry = self._entries.get(order_id)
        if entry is not None and entry.level is not None and quantity_lots < entry.remaining_lots:
            level = entry.level
            level.remove(entry)
            self._number(entry)
            level.append(entry)
        return super().replace(order_id, price_ticks, quantity_lots, stop_ticks, max_fills)


class LaterStopsAreSweptAlong(PlainBook):
    """A reach counts for stops that came after it."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._stops = _ForgetfulStops()


class _ForgetfulStops(StopList):
    def reach(self, side: int, price_ticks: int, next_priority: int) -> bool:
        return super().reach(side, price_ticks, next_priority + 1_000)


PLANTED: list[type[PlainBook]] = [
    FillsAtTheTakersLimit,
    RefillKeepsItsPlace,
    HiddenStandsInTime,
    FillOrKillLooksAtOneMaker,
    OwnMakersVanish,
    GroupsAreForgotten,
    CascadeStopsAfterOneRound,
    StopsTriggerFromTheWrongSide,
    TrailingFollowsOnce,
    PegsDoNotFollow,
    PairsBothTrade,
    BandIsNotWatched,
    AuctionOrdersOutliveTheirAuction,
    AllOrNoneTradesInParts,
    ReductionLosesItsPlace,
    LaterStopsAreSweptAlong,
]
