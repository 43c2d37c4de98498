"""A state machine that trades, pays, freezes and restarts at random, beside the clerk of tests/models.

After every command the venue has checked its own promises; the machine adds that each answer, each balance, each hold
and each book is what the clerk has. Now and then the venue is loaded from its tables, and at the end decided again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from custody.accounts import AccountKind
from custody.corrections_messages import FreezeAsset, ReverseTransfer
from custody.funding_messages import (
    CancelWithdrawal,
    ConfirmWithdrawal,
    InstructWithdrawal,
    MatchReceipt,
    PayoutAccountVerified,
    ReceiptCredited,
    ReceiptRecorded,
    RecordReceipt,
    RequestWithdrawal,
    ReturnReceipt,
    ReturnWithdrawal,
    SweepHouse,
    VerifyPayoutAccount,
    WithdrawalRequested,
)
from exchange.core.ids import ConnectionId, OrderId, PayoutAccountId, ReceiptId, TransferId, WithdrawalId
from exchange.core.instruments import OrderType, Phase, Side, TimeInForce
from exchange.core.membership import FreezeMember, GrantMandate, MandateGranted
from exchange.core.messages import Command, Event, Rejected
from exchange.core.node_messages import LoseConnection
from exchange.core.parties import UserRight
from exchange.core.units import Minor, PriceTicks, QuantityLots, TimeNs
from matching.messages import (
    CancelAllOrders,
    CancelOrder,
    ChangePhase,
    FreezeInstrument,
    OrderAccepted,
    OrderCancelled,
    OrderReplaced,
    PlaceOrder,
    ReplaceOrder,
    TradeMade,
)
from tests.models.exchange_model import Line, PaperExchange, Terms, Told
from tests.support import Venue, queued

FEE = (20_000, 3, 15)
HOLDER_CAP, VALUE_CAP = 3, 400
LOWEST, HIGHEST = 1, 30
CASH = {"wu": 0, "ren": 60, "li": 900, "zhao": 1_500}
UNITS = {"INS": {"wu": 60, "ren": 24}, "TWO": {"wu": 20}}
STEPS = {"INS": (3, 2), "TWO": (1, 1)}
HOUR_NS = 3_600_000_000_000

NAMES = st.sampled_from(sorted(CASH))
CODES = st.sampled_from(["INS", "INS", "INS", "TWO"])
LOTS = st.integers(1, 7)
PRICES = st.sampled_from([9, 10, 10, 10, 11, 11, 12, 8, 1, 30, 31])
OTHERS = st.sampled_from([None] * 12 + sorted(CASH))
PLACES = st.integers(0, 1_000_000)
AMOUNTS = st.integers(1, 120)


class Ask(NamedTuple):
    """One order, as drawn. `price` None: at market; `agent` None: one's own."""

    side: str
    who: str
    code: str
    lots: int
    price: int | None
    day: bool
    once: str
    cap: int | None
    connection: int
    agent: str | None


def asks(side: str, who: list[str], *prices: int | None) -> st.SearchStrategy[Ask]:
    """Orders of one side, by those who can mostly afford them."""
    return st.builds(
        Ask,
        st.just(side),
        st.sampled_from(who),
        CODES,
        LOTS,
        st.sampled_from(prices),
        st.booleans(),
        st.sampled_from([""] * 8 + ["ioc", "fok"]),
        st.none() | AMOUNTS,
        st.sampled_from([0] * 6 + [1, 2]),
        OTHERS,
    )


BIDS = asks("buy", ["li", "zhao", "li", "zhao", "ren", "wu"], 9, 10, 10, 10, 11, 11, 11, 12, 12, 30, 31, None)
OFFERS = asks("sell", ["wu", "ren", "wu", "ren", "li", "zhao"], 11, 11, 10, 10, 10, 10, 9, 9, 12, 8, 31, None)
ASKS = BIDS | OFFERS


class Change(NamedTuple):
    """A cancel (no lots) or a replacement of some order; `price` None keeps it."""

    place: int
    lots: int
    price: int | None
    agent: str | None


CHANGES = st.builds(Change, PLACES, st.integers(0, 9), st.none() | PRICES, OTHERS)
BANK = st.sampled_from(
    ["receive", "receive", "match", "send_back", "uncredit", "request", "request", "step", "step", "step", "sweep"]
)


def build() -> Venue:
    """The venue at the first curtain."""
    ppm, least, most = FEE
    venue = Venue.sandbox(
        fee_ppm=ppm, fee_minimum=least, fee_maximum=most, holder_cap=HOLDER_CAP, value_cap_minor=VALUE_CAP
    )
    for name, cash in CASH.items():
        venue.member(name, cash=cash)
    for code, (lot_units, tick_minor) in STEPS.items():
        venue.instrument(code, lot_units=lot_units, tick_minor=tick_minor, band=(LOWEST, HIGHEST), holders=UNITS[code])
    return venue


class ExchangeMachine(RuleBasedStateMachine):
    """The engine and the clerk, told the same."""

    stage: ClassVar[Callable[[], Venue]] = staticmethod(functools.cache(build))

    def __init__(self) -> None:
        super().__init__()
        self.venue = type(self).stage().copy()
        terms = {code: Terms(lot, tick, LOWEST, HIGHEST) for code, (lot, tick) in STEPS.items()}
        self.paper = PaperExchange(FEE, HOLDER_CAP, VALUE_CAP, terms)
        self.paper.purse = dict(CASH)
        self.paper.drawer = {(who, code): UNITS[code].get(who, 0) for who in CASH for code in UNITS}
        self.payouts: dict[str, PayoutAccountId] = {}
        self.receipts: dict[str, ReceiptId] = {}
        self.credits: dict[str, TransferId] = {}
        self.withdrawals: dict[str, WithdrawalId] = {}
        self.count = 0

    def teardown(self) -> None:
        """Everything that happened can be loaded and decided again."""
        self.venue.close()

    def name(self, kind: str) -> str:
        """A name nobody has yet."""
        self.count += 1
        return f"{kind}{self.count}"

    def ask(self, command: Command, by: str = "ops") -> str:
        """The code a command is refused with; empty if it is not."""
        return self.venue.refusal(command, by)

    # --- Orders -------------------------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """The first curtain: a book on both sides."""
        self.both_have_the_same_balances()
        for side, who, price in (("sell", "wu", 10), ("sell", "ren", 11), ("buy", "li", 9), ("buy", "zhao", 8)):
            self.order(Ask(side, who, "INS", 4, price, False, "", None, 0, None))

    @rule(asked=st.lists(ASKS, min_size=3, max_size=10))
    def trade(self, asked: list[Ask]) -> None:
        """Orders come."""
        for ask in asked:
            self.order(ask)

    def order(self, ask: Ask) -> None:
        """Ask both for an order; a cap is a market bid's."""
        cap = ask.cap if ask.side == "buy" and ask.price is None else None
        once = "" if ask.price is None and ask.once == "ioc" else ask.once
        line = Line(self.name("o"), ask.who, ask.code, ask.side, 0, ask.lots, ask.lots, 0, ask.day, ask.connection, cap)
        command = PlaceOrder(
            client_order_id=line.name,
            account_id=self.venue.accounts[line.who],
            instrument_id=self.venue.instruments[line.code],
            side=Side(line.side),
            quantity_lots=QuantityLots(line.total),
            price_ticks=None if ask.price is None else PriceTicks(ask.price),
            order_type=OrderType.MARKET if ask.price is None else OrderType.LIMIT,
            time_in_force=TimeInForce(once or ("day" if line.day else "gtc")),
            max_notional_minor=None if line.cap is None else Minor(line.cap),
            cancel_on_disconnect=line.connection > 0,
        )
        self.paper.clock += 1
        line.came = self.paper.clock
        agent = ask.agent or line.who
        told = self.paper.place(line, agent, limit=ask.price, once=once)
        events = self.venue.do(command, agent, ConnectionId(line.connection))
        if isinstance(events[0], OrderAccepted):
            self.venue.orders[line.name] = events[0].order_id
        self.agree(told, events)
        self.both_have_the_same_balances()

    @rule(changes=st.lists(CHANGES, min_size=1, max_size=5))
    def change(self, changes: list[Change]) -> None:
        """Orders, open or over, are to be cancelled or to have other terms."""
        for change in changes:
            name, who = self.some_order(change.place)
            if change.lots:
                self.replace(name, who, change)
            else:
                self.cancel(name, who, change.agent or who)

    def replace(self, name: str, who: str, change: Change) -> None:
        """Other terms; mostly what makes a difference to an open order."""
        line = self.paper.find(name)
        price = change.price or (line.price if line is not None else 10)
        agent = change.agent or who
        command = ReplaceOrder(
            account_id=self.venue.accounts[who],
            order_id=self.venue.orders[name],
            client_order_id=name,
            price_ticks=PriceTicks(price),
            quantity_lots=QuantityLots(change.lots),
        )
        told = self.paper.replace(name, who, agent, price, change.lots)
        self.agree(told, self.venue.do(command, agent))

    def cancel(self, name: str, who: str, agent: str) -> None:
        """Withdraw."""
        told = self.paper.cancel(name, who, agent)
        command = CancelOrder(account_id=self.venue.accounts[who], order_id=self.venue.orders[name])
        events = self.venue.do(command, agent)
        if told.code:
            self.agree(told, events)
        else:
            [event] = events
            assert isinstance(event, OrderCancelled)
            assert event.cancelled_lots == told.left

    def some_order(self, place: int) -> tuple[str, str]:
        """An order's name and somebody who asks about it: mostly its owner, once an order is over anybody."""
        open_names = [line.name for line in self.paper.lines]
        names = open_names if open_names and place % 8 else sorted(self.venue.orders)
        name = names[place % len(names)]
        line = self.paper.find(name)
        return name, line.who if line is not None and place % 16 else sorted(CASH)[place % len(CASH)]

    @rule(
        what=st.sampled_from(["restart", "restart", "restart and all", "connection", "connection", "all"]),
        who=NAMES,
        connection=st.sampled_from([1, 2]),
    )
    def end_many(self, what: str, who: str, connection: int) -> None:
        """All of one account's orders go, or a connection's; or the node stops without warning and loads its tables."""
        if what == "connection":
            command = LoseConnection(connection_id=ConnectionId(connection))
            self.ends(command, "node", self.paper.strike(connection=connection))
        if what.startswith("restart"):
            self.venue.restart()
            self.venue.finish_runs()
            for lost in (1, 2):
                self.paper.strike(connection=lost)
        if what.endswith("all"):
            self.ends(CancelAllOrders(account_id=self.venue.accounts[who]), who, self.paper.strike(who=who))

    def ends(self, command: Command, by: str, count: int) -> None:
        """A command, with its run, ends so many orders."""
        before = len(self.venue.state.orders)
        self.venue.do(command, by)
        self.venue.finish_runs()
        assert before - len(self.venue.state.orders) == count

    def agree(self, told: Told, events: list[Event]) -> None:
        """An order was answered as the clerk answered it."""
        if isinstance(events[0], Rejected) or told.code:
            assert isinstance(events[0], Rejected), f"taken, but the clerk refused it: {told.code}"
            assert events[0].code.value == told.code
            return
        names = {account_id: name for name, account_id in self.venue.accounts.items()}
        fills: list[tuple[str, int, int]] = []
        for event in events[1:]:
            if isinstance(event, TradeMade):
                maker = event.seller if event.aggressor is Side.BUY else event.buyer
                fills.append((names[maker.account_id], event.quantity_lots, event.price_ticks))
        assert fills == told.fills
        last = events[-1]
        assert (last.reason.value if isinstance(last, OrderCancelled) else "") == told.gone
        first = events[0]
        if isinstance(first, OrderReplaced):
            assert (first.priority != self.venue.state.sequence) == told.kept_place

    # --- Mandates, phases, freezes ------------------------------------------------------------------------------------

    @rule(owner=NAMES, agent=NAMES, limit=st.sampled_from([0, 30, 60, 100]), asked=st.lists(ASKS, max_size=4))
    def mandate(self, owner: str, agent: str, limit: int, asked: list[Ask]) -> None:
        """Somebody may trade for another within a limit, for an hour, and does."""
        if owner != agent and (agent, owner) not in self.paper.mandates:
            now = self.venue.clock_ns
            command = GrantMandate(
                account_id=self.venue.accounts[owner],
                user_id=self.venue.users[agent],
                rights=(UserRight.TRADE,),
                limit_minor=Minor(limit),
                valid_from_ns=TimeNs(now),
                valid_until_ns=TimeNs(now + HOUR_NS),
            )
            self.venue.make(command, MandateGranted, owner)
            self.paper.mandates[agent, owner] = limit
        for ask in asked:
            self.order(ask._replace(who=owner, agent=agent))

    @precondition(lambda self: self.paper.mandates)
    @rule(ask=ASKS)
    def let_an_hour_pass(self, ask: Ask) -> None:
        """Every mandate is over."""
        self.venue.pass_time(seconds=3_600)
        agent, owner = min(self.paper.mandates)
        self.paper.mandates.clear()
        self.order(ask._replace(who=owner, agent=agent))

    @rule(
        what=st.sampled_from(["halted", "halted", "closed", "instrument", "right", "money", "member", "member"]),
        code=CODES,
        who=NAMES,
        asked=st.lists(ASKS, max_size=3),
        goes_on=st.sampled_from([True] * 7 + [False]),
    )
    def interrupt(self, what: str, code: str, who: str, asked: list[Ask], *, goes_on: bool) -> None:
        """Something is stopped, orders come, and mostly it goes on."""
        if what in ("halted", "closed"):
            self.stop_trading(code, what)
        else:
            self.freeze(what, code, who)
        for ask in asked:
            self.order(ask._replace(who=who) if what == "member" else ask._replace(code=code))
        if goes_on:
            self.release_all()

    def stop_trading(self, code: str, phase: str) -> None:
        """An instrument is halted or closed; closing ends the day's orders."""
        terms = self.paper.terms[code]
        if terms.phase == phase or (terms.phase, phase) == ("closed", "halted") or (terms.frozen and phase == "halted"):
            return
        terms.phase = phase
        command = ChangePhase(instrument_id=self.venue.instruments[code], phase=Phase(phase))
        self.ends(command, "ops", self.paper.strike(code=code, day=True) if phase == "closed" else 0)

    def freeze(self, what: str, code: str, who: str) -> None:
        """Something is frozen, and its orders end in the same command."""
        if what == "instrument":
            self.paper.terms[code].frozen = True
            struck = self.paper.strike(code=code)
        elif what == "right":
            self.paper.terms[code].right_frozen = True
            struck = self.paper.strike(code=code)
        elif what == "money":
            self.paper.money_frozen = True
            struck = self.paper.strike()
        else:
            self.paper.frozen.add(who)
            struck = self.paper.strike(who=who)
        self.ends(self.freezing(what, code, who, frozen=True), "ops", struck)

    @precondition(lambda self: self.stopped())
    @rule()
    def release_all(self) -> None:
        """Everything goes on."""
        for what, code, who in self.stopped():
            if what == "phase":
                self.paper.terms[code].phase = "continuous"
                self.ends(ChangePhase(instrument_id=self.venue.instruments[code], phase=Phase.CONTINUOUS), "ops", 0)
                continue
            if what == "instrument":
                self.paper.terms[code].frozen = False
            elif what == "right":
                self.paper.terms[code].right_frozen = False
            elif what == "money":
                self.paper.money_frozen = False
            else:
                self.paper.frozen.remove(who)
            self.ends(self.freezing(what, code, who, frozen=False), "ops", 0)

    def stopped(self) -> list[tuple[str, str, str]]:
        """What is stopped now: (what, instrument, member)."""
        found = [("member", "", who) for who in sorted(self.paper.frozen)]
        found += [("money", "", "")] * self.paper.money_frozen
        for code, terms in sorted(self.paper.terms.items()):
            found += [("instrument", code, "")] * terms.frozen + [("right", code, "")] * terms.right_frozen
            found += [("phase", code, "")] * (terms.phase != "continuous")
        return found

    def freezing(self, what: str, code: str, who: str, *, frozen: bool) -> Command:
        """The command that stops or releases something."""
        if what == "instrument":
            return FreezeInstrument(instrument_id=self.venue.instruments[code], frozen=frozen)
        if what == "member":
            return FreezeMember(member_id=self.venue.members[who], frozen=frozen)
        return FreezeAsset(asset_id=self.venue.money if what == "money" else self.venue.asset(code), frozen=frozen)

    # --- Money --------------------------------------------------------------------------------------------------------

    @rule(steps=st.lists(st.tuples(BANK, NAMES, st.none() | NAMES, AMOUNTS, PLACES), min_size=1, max_size=6))
    def bank(self, steps: list[tuple[str, str, str | None, int, int]]) -> None:
        """Money comes and goes."""
        for what, who, named, amount, place in steps:
            if what == "receive":
                self.receive(who, who if place % 2 else named, amount)
            elif what == "request":
                self.request(who, amount)
            elif what == "sweep":
                assert self.ask(SweepHouse(bank_id=self.venue.bank_id)) == self.paper.sweep()
            elif what == "step" and self.withdrawals:
                self.step(place, ("instruct", "instruct", "confirm", "return", "cancel")[place % 5])
            elif what == "uncredit" and self.credits:
                self.uncredit(place)
            elif what == "match" and self.receipts:
                self.match(place, who)
            elif what == "send_back" and self.receipts:
                self.send_back(place)
            self.both_have_the_same_balances()

    def receive(self, payer: str, named: str | None, amount: int) -> None:
        """Money comes in."""
        name = self.name("r")
        command = RecordReceipt(
            bank_id=self.venue.bank_id,
            reference=name,
            payer_name=payer,
            payer_account="XT00",
            amount_minor=Minor(amount),
            account_id=self.venue.accounts[named] if named else None,
        )
        events = self.venue.do(command)
        assert isinstance(events[0], ReceiptRecorded)
        self.receipts[name] = events[0].receipt.receipt_id
        self.paper.receive(name, payer, amount, named)
        assert (len(events) == 2) == (name in self.paper.credited)
        if isinstance(events[-1], ReceiptCredited):
            self.credits[name] = events[-1].transfer.transfer_id
        assert self.ask(command) == "receipt.duplicate"

    def match(self, place: int, who: str) -> None:
        """A receipt, waiting or not, is to be somebody's."""
        waiting = sorted(self.paper.waiting) if place % 8 else []
        names = waiting or sorted(self.receipts)
        name = names[place % len(names)]
        who = self.paper.waiting[name][0] if waiting and place % 3 else who
        expected = self.paper.match(name, who)
        command = MatchReceipt(receipt_id=self.receipts[name], account_id=self.venue.accounts[who])
        events = self.venue.do(command)
        assert self.code(events) == expected
        if isinstance(events[0], ReceiptCredited):
            self.credits[name] = events[0].transfer.transfer_id

    def send_back(self, place: int) -> None:
        """A receipt, waiting or not, is to go back."""
        name = sorted(self.receipts)[place % len(self.receipts)]
        assert self.ask(ReturnReceipt(receipt_id=self.receipts[name])) == self.paper.send_back(name)

    def uncredit(self, place: int) -> None:
        """A credit is to be turned."""
        name = sorted(self.credits)[place % len(self.credits)]
        events = self.venue.by_two(ReverseTransfer(transfer_id=self.credits[name], reason="a mistake"))
        assert self.code(events) == self.paper.uncredit(name)

    def request(self, who: str, amount: int) -> None:
        """Money is to leave."""
        if who not in self.payouts:
            verify = VerifyPayoutAccount(member_id=self.venue.members[who], bank_account="XT11", holder_name=who)
            self.payouts[who] = self.venue.make(verify, PayoutAccountVerified).payout_account.payout_account_id
        name = self.name("w")
        expected = self.paper.request(name, who, amount)
        command = RequestWithdrawal(
            account_id=self.venue.accounts[who],
            bank_id=self.venue.bank_id,
            payout_account_id=self.payouts[who],
            amount_minor=Minor(amount),
        )
        events = self.venue.do(command, who)
        assert self.code(events) == expected
        if isinstance(events[0], WithdrawalRequested):
            self.withdrawals[name] = events[0].withdrawal.withdrawal_id

    def step(self, place: int, how: str) -> None:
        """A withdrawal is to take a step, the next one or not."""
        name = sorted(self.withdrawals)[place % len(self.withdrawals)]
        expected = self.paper.instruct(name) if how == "instruct" else self.paper.ends(name, how)
        commands: dict[str, type[Command]] = {
            "instruct": InstructWithdrawal,
            "confirm": ConfirmWithdrawal,
            "return": ReturnWithdrawal,
            "cancel": CancelWithdrawal,
        }
        assert self.ask(commands[how](withdrawal_id=self.withdrawals[name])) == expected

    @staticmethod
    def code(events: list[Event]) -> str:
        """What a command was refused with."""
        return events[0].code.value if events and isinstance(events[0], Rejected) else ""

    # --- What must be equal -------------------------------------------------------------------------------------------

    @invariant()
    def both_have_the_same_balances(self) -> None:
        """Purses, drawers, promises and the bank."""
        venue, paper = self.venue, self.paper
        for who in CASH:
            assert venue.cash(who) == paper.purse[who], who
            assert venue.held(who) == paper.held_money(who), who
            for code in UNITS:
                assert venue.units(who, code) == paper.drawer[who, code], (who, code)
                assert venue.held(who, code) == paper.held_units(who, code), (who, code)
        kinds: dict[AccountKind, int] = {}
        for account_id, balance in venue.state.ledger.balances[venue.money].items():
            kind = venue.state.accounts[account_id].kind
            kinds[kind] = kinds.get(kind, 0) + balance.units
        assert kinds.get(AccountKind.FEES_DUE, 0) == paper.fees_due
        assert kinds.get(AccountKind.HOUSE, 0) == paper.house
        assert -kinds[AccountKind.NOSTRO_CLIENT] == paper.at_the_bank()

    @invariant()
    def both_have_the_same_books(self) -> None:
        """Every open order in its place."""
        names: dict[OrderId, str] = {order_id: name for name, order_id in self.venue.orders.items()}
        for code in UNITS:
            book = self.venue.state.books[self.venue.instruments[code]]
            lines = self.paper.queue(code, "buy") + self.paper.queue(code, "sell")
            assert [
                (names[OrderId(stands.order.order_id)], side, stands.price_ticks, stands.remaining_lots)
                for side, stands in queued(book)
            ] == [(line.name, line.side, line.price, line.left) for line in lines]
