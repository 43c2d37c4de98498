"""One instrument under watch: every fact goes to the detectors it concerns, and what they find comes back at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from exchange.core.ids import InstrumentId
from matching.surveillance.alerts import Alert
from matching.surveillance.facts import Entered, Fact, LastTraded, Moved, Reduced, Traded, Turn, Withdrawn
from matching.surveillance.layering import LayeringDetector
from matching.surveillance.parameters import Parameters
from matching.surveillance.pressure import PressureDetector
from matching.surveillance.recent import RecentOrders
from matching.surveillance.relations import Relations
from matching.surveillance.wash import WashDetector


class Watch:
    """All detectors of one instrument. The owners of the accounts are in `relations` before their facts come."""

    def __init__(self, instrument_id: InstrumentId, parameters: Parameters, relations: Relations) -> None:
        self.seen_ns = 0
        """The time of the last fact."""
        self._orders = RecentOrders(
            relations, within_ns=parameters.orders_within_ns, most=parameters.memory.most_orders.value
        )
        self._wash = WashDetector(instrument_id, parameters, relations, self._orders)
        self._layering = LayeringDetector(instrument_id, parameters, relations, self._orders)
        self._pressure = PressureDetector(instrument_id, parameters, relations)

    @property
    def forgotten(self) -> int:
        """How many orders, trades, hops and suspicions were forgotten for lack of room, not of time."""
        return self._orders.forgotten + self._wash.forgotten + self._layering.forgotten + self._pressure.forgotten

    def see(self, fact: Fact) -> list[Alert]:
        """Take in the next fact; the alerts it completes."""
        self.seen_ns = max(self.seen_ns, fact.at_ns)
        self._orders.forget(fact.at_ns)
        match fact:
            case Entered():
                return self._layering.entered(fact, self._orders.enter(fact))
            case Moved():
                self._orders.move(fact)
                return []
            case Reduced():
                self._orders.set_remaining(fact.order_id, fact.remaining_lots)
                return self._layering.reduced(fact)
            case Withdrawn():
                found = self._layering.withdrawn(fact)
                self._orders.end(fact.order_id)
                return found
            case Traded():
                self._layering.traded(fact)
                found = self._wash.traded(fact)
                self._orders.fill(fact.buyer)
                self._orders.fill(fact.seller)
                self._pressure.traded(fact)
                return found
            case LastTraded():
                self._pressure.last_traded(fact)
                return []
            case Turn():
                return self._pressure.turned(fact)
            case _:
                assert_never(fact)


def surveil(
    facts: Iterable[Fact], instrument_id: InstrumentId, parameters: Parameters, relations: Relations
) -> Iterator[Alert]:
    """What a stretch of one instrument's facts shows, in the order in which it is completed."""
    watch = Watch(instrument_id, parameters, relations)
    for fact in facts:
        yield from watch.see(fact)
