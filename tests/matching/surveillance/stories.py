"""Plays a text in which people trade, line by line, and says which alerts it raises.

    wu2 belongs to wu                            one member's accounts
    fund-a and fund-b are for Zhou Min           one beneficiary, whoever keeps the accounts
    gao and han are declared                     an officer's own group
    the last price is 100                        from before the story

    09:00:00  wu   offers 10 @ 100 as a
    09:00:20  wu2  bids   10 @ 100 as b
    09:00:20  b    takes  10 @ 100 from a
    09:01:00  a    is withdrawn                  by its sender
    09:01:00  a    ends                          by a rule, at the end of the day
    09:01:00  a    moves to 5 @ 99               to the back of the queue
    09:01:00  a    shrinks to 3                  and keeps its place
    09:01:00  a    is cut to 3                   because it met another of its sender's
    09:01:00  a    shows 2 @ 98                  the book put it there, or shows another part of it
    09:01:00  b    pairs  10 @ 100 with a        in an auction: nobody takes
    09:30:00  trading closes | an auction begins | holders are fixed

Nobody matches the orders: the story says who traded, so that each line is one fact. What an alert says is written
`layering: wu on a b c`; nothing else in the world has these names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import msgspec

from exchange.core.ids import AccountId, InstrumentId, MemberId, OrderId, TradeId, make_id
from exchange.core.instruments import Side
from exchange.core.units import PriceTicks, QuantityLots, Sequence, TimeNs
from matching.surveillance.alerts import Alert
from matching.surveillance.facts import (
    Entered,
    Fact,
    LastTraded,
    Moved,
    Part,
    Reduced,
    Traded,
    Turn,
    TurnKind,
    Withdrawn,
)
from matching.surveillance.parameters import Parameters, shipped
from matching.surveillance.relations import Owner, Relations
from matching.surveillance.watch import Watch

INSTRUMENT = InstrumentId(make_id(1))
DAY_NS = 1_772_409_600_000_000_000
TURNS = {
    "trading closes": TurnKind.CLOSE,
    "an auction begins": TurnKind.AUCTION,
    "holders are fixed": TurnKind.RECORD_DATE,
}
LAST_PRICE = "the last price is "
TIMED = re.compile(r"(\d\d):(\d\d):(\d\d) (.*)")
ENTERS = re.compile(r"(\S+) (bids|offers) (\d+) @ (\d+) as (\S+)")
TAKES = re.compile(r"(\S+) (takes|pairs) (\d+) @ (\d+) (?:from|with) (\S+)")
SHOWS = re.compile(r"(\S+) shows (\d+) @ (\d+)")
MOVES = re.compile(r"(\S+) moves to (\d+) @ (\d+)")
SHRINKS = re.compile(r"(\S+) (shrinks|is cut) to (\d+)")
ENDS = re.compile(r"(\S+) (is withdrawn|ends)")
TOGETHER = re.compile(r"(\S+) and (\S+) are (declared|for (.+))")


@dataclass
class Order:
    """An order of the story."""

    order_id: OrderId
    account_id: AccountId
    side: Side
    lots: int


@dataclass
class Story:
    """A text, as facts and relations."""

    facts: list[Fact] = field(default_factory=list)
    accounts: dict[str, AccountId] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    owners: dict[AccountId, Owner] = field(default_factory=dict)
    declared: list[tuple[AccountId, ...]] = field(default_factory=list)

    @classmethod
    def told(cls, text: str) -> Story:
        """Read a story."""
        story = cls()
        for line in text.strip().splitlines():
            if line.strip():
                story._line(" ".join(line.split()))
        return story

    @property
    def relations(self) -> Relations:
        """Whose accounts these are."""
        return Relations(self.owners, self.declared)

    def alerts(self, parameters: Parameters | None = None) -> list[Alert]:
        """What the story raises."""
        watch = Watch(INSTRUMENT, parameters or shipped(), self.relations)
        return [alert for fact in self.facts for alert in watch.see(fact)]

    def raised(self, parameters: Parameters | None = None) -> list[str]:
        """The same, as lines."""
        people = {account_id: name for name, account_id in self.accounts.items()}
        papers = {order.order_id: name for name, order in self.orders.items()}
        return [
            f"{alert.kind.value}: {' '.join(people[account] for account in alert.accounts)} "
            f"on {' '.join(papers[order] for order in alert.order_ids)}"
            for alert in self.alerts(parameters)
        ]

    def _line(self, line: str) -> None:
        if timed := TIMED.fullmatch(line):
            hours, minutes, seconds, said = timed.groups()
            at_ns = DAY_NS + (int(hours) * 3_600 + int(minutes) * 60 + int(seconds)) * 1_000_000_000
            self.facts.append(self._fact(Sequence(len(self.facts) + 1), TimeNs(at_ns), said.strip()))
        elif together := TOGETHER.fullmatch(line):
            pair = self._account(together[1]), self._account(together[2])
            if together[4] is None:
                self.declared.append(pair)
                return
            for account_id in pair:
                self.owners[account_id] = Owner(member_id=self.owners[account_id].member_id, beneficiary=together[4])
        elif " belongs to " in line:
            child, parent = line.split(" belongs to ")
            member_id = self.owners[self._account(parent)].member_id
            self.owners[self._account(child)] = Owner(member_id=member_id, beneficiary=f"behind {child}")
        elif line.startswith(LAST_PRICE):
            self.facts.append(
                LastTraded(
                    sequence=Sequence(0),
                    at_ns=TimeNs(DAY_NS - 1),
                    trade_id=TradeId(0),
                    price_ticks=PriceTicks(int(line.removeprefix(LAST_PRICE))),
                )
            )
        else:
            raise AssertionError(f"not understood: {line}")

    def _account(self, name: str) -> AccountId:
        if name not in self.accounts:
            number = len(self.accounts) + 1
            self.accounts[name] = AccountId(make_id(1_000 + number))
            self.owners[self.accounts[name]] = Owner(member_id=MemberId(make_id(2_000 + number)))
        return self.accounts[name]

    def _fact(self, sequence: Sequence, at_ns: TimeNs, said: str) -> Fact:
        if said in TURNS:
            return Turn(sequence=sequence, at_ns=at_ns, kind=TURNS[said])
        if found := ENTERS.fullmatch(said):
            side = Side.BUY if found[2] == "bids" else Side.SELL
            order_id = OrderId(make_id(sequence))
            self.orders[found[5]] = Order(order_id, self._account(found[1]), side, int(found[3]))
            return self._entered(sequence, at_ns, self.orders[found[5]], int(found[4]))
        if found := MOVES.fullmatch(said):
            self.orders[found[1]].lots = int(found[2])
            return self._entered(sequence, at_ns, self.orders[found[1]], int(found[3]))
        if found := SHRINKS.fullmatch(said):
            order = self.orders[found[1]]
            order.lots = int(found[3])
            return Reduced(
                sequence=sequence,
                at_ns=at_ns,
                order_id=order.order_id,
                remaining_lots=QuantityLots(order.lots),
                by_choice=found[2] == "shrinks",
            )
        if found := SHOWS.fullmatch(said):
            return Moved(
                sequence=sequence,
                at_ns=at_ns,
                order_id=self.orders[found[1]].order_id,
                price_ticks=PriceTicks(int(found[3])),
                visible_lots=QuantityLots(int(found[2])),
            )
        if found := ENDS.fullmatch(said):
            order = self.orders[found[1]]
            return Withdrawn(
                sequence=sequence,
                at_ns=at_ns,
                order_id=order.order_id,
                cancelled_lots=QuantityLots(order.lots),
                by_choice=found[2] == "is withdrawn",
            )
        found = TAKES.fullmatch(said)
        assert found is not None, f"not understood: {said}"
        taker, maker = self.orders[found[1]], self.orders[found[5]]
        made = self._traded(sequence, at_ns, taker, maker, int(found[3]), int(found[4]))
        return made if found[2] == "takes" else msgspec.structs.replace(made, aggressor=None)

    @staticmethod
    def _entered(sequence: Sequence, at_ns: TimeNs, order: Order, price: int) -> Entered:
        return Entered(
            sequence=sequence,
            at_ns=at_ns,
            order_id=order.order_id,
            account_id=order.account_id,
            side=order.side,
            price_ticks=PriceTicks(price),
            quantity_lots=QuantityLots(order.lots),
            visible_lots=QuantityLots(order.lots),
        )

    @staticmethod
    def _traded(sequence: Sequence, at_ns: TimeNs, taker: Order, maker: Order, lots: int, price: int) -> Traded:
        assert taker.side is not maker.side
        parts: dict[Side, Part] = {}
        for order in (taker, maker):
            assert lots <= order.lots, f"only {order.lots} lots are left"
            order.lots -= lots
            parts[order.side] = Part(
                order_id=order.order_id, account_id=order.account_id, remaining_lots=QuantityLots(order.lots)
            )
        return Traded(
            sequence=sequence,
            at_ns=at_ns,
            trade_id=TradeId(make_id(sequence, 1)),
            price_ticks=PriceTicks(price),
            quantity_lots=QuantityLots(lots),
            aggressor=taker.side,
            buyer=parts[Side.BUY],
            seller=parts[Side.SELL],
        )
