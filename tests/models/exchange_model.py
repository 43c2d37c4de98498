"""The exchange as a clerk would keep it: a sheet of orders, a purse and a drawer for each member, a list for the bank.

It is the independent model of the engine and imports nothing of the project. It searches where the engine indexes,
reckons in fractions where the engine rounds integers, and derives every hold anew instead of keeping it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass
class Terms:
    """What an instrument's orders are counted in, and the fees on them."""

    lot_units: int
    tick_minor: int
    lowest: int
    highest: int
    phase: str = "continuous"
    frozen: bool = False
    right_frozen: bool = False


@dataclass
class Line:
    """One order on the sheet. `came` grows with time, `traded` and `paid` are minor units so far."""

    name: str
    who: str
    code: str
    side: str
    price: int
    total: int
    left: int
    came: int
    day: bool
    connection: int
    cap: int | None = None
    traded: int = 0
    paid: int = 0


@dataclass
class Told:
    """What the clerk says to an order: a code, or its fills (maker, lots, price), the rest, and why the rest went."""

    code: str = ""
    fills: list[tuple[str, int, int]] = field(default_factory=list[tuple[str, int, int]])
    left: int = 0
    gone: str = ""
    kept_place: bool = False


@dataclass
class Fill:
    """One trade as the clerk remembers it."""

    buyer: str
    seller: str
    code: str
    lots: int
    price: int
    buyer_paid: int = 0
    seller_paid: int = 0
    mended: bool = False
    old: bool = False


class PaperExchange:
    """The clerk's books."""

    def __init__(
        self, fee: tuple[int, int, int | None], holder_cap: int, value_cap: int, terms: dict[str, Terms]
    ) -> None:
        self.ppm, self.least, self.most = fee
        self.holder_cap, self.value_cap = holder_cap, value_cap
        self.terms = terms
        self.purse: dict[str, int] = {}
        self.drawer: dict[tuple[str, str], int] = {}
        self.lines: list[Line] = []
        self.frozen: set[str] = set()
        self.money_frozen = False
        self.mandates: dict[tuple[str, str], int] = {}
        """(agent, owner): what one order may be worth; 0 is no limit."""
        self.clock = 0
        self.fees_due = 0
        self.house = 0
        self.waiting: dict[str, tuple[str, int]] = {}
        """Receipts in suspense: who paid, and how much."""
        self.credited: dict[str, tuple[str, int]] = {}
        """Receipts credited, to whom: each may be turned once."""
        self.requested: dict[str, tuple[str, int]] = {}
        self.in_transit: dict[str, tuple[str, int]] = {}
        self.fills: list[Fill] = []
        """Every trade, as it was made."""

    # --- What follows from the sheet ----------------------------------------------------------------------------------

    def fee(self, traded: int) -> int:
        """The fee of an order that has traded so much."""
        exact = max(Fraction(self.least), Fraction(traded * self.ppm, 1_000_000))
        if self.most is not None:
            exact = min(exact, Fraction(self.most))
        return math.ceil(min(exact, Fraction(traded)))

    def promised_by(self, line: Line) -> int:
        """What an order still promises: money with its fee, or units of the right."""
        terms = self.terms[line.code]
        if line.side == "sell":
            return line.left * terms.lot_units
        if not line.left:
            return 0
        worth = line.left * line.price * terms.tick_minor if line.cap is None else line.cap - line.traded
        return worth + self.fee(line.traded + worth) - self.fee(line.traded)

    def held_money(self, who: str) -> int:
        """Everything a member's bids and withdrawals promise."""
        bids = sum(self.promised_by(line) for line in self.lines if line.who == who and line.side == "buy")
        return bids + sum(amount for owner, amount in self.requested.values() if owner == who)

    def held_units(self, who: str, code: str) -> int:
        """Everything a member's offers promise."""
        return sum(
            self.promised_by(line) for line in self.lines if (line.who, line.code, line.side) == (who, code, "sell")
        )

    def free(self, who: str, code: str, side: str) -> int:
        """What a member may still promise on this side."""
        if side == "buy":
            return self.purse[who] - self.held_money(who)
        return self.drawer[who, code] - self.held_units(who, code)

    def queue(self, code: str, side: str) -> list[Line]:
        """One side of one book, in the order in which it would trade."""
        better_first = -1 if side == "buy" else 1
        lines = [line for line in self.lines if (line.code, line.side) == (code, side)]
        return sorted(lines, key=lambda line: (better_first * line.price, line.came))

    def find(self, name: str) -> Line | None:
        """An open order."""
        return next((line for line in self.lines if line.name == name), None)

    # --- Orders -------------------------------------------------------------------------------------------------------

    def place(self, line: Line, agent: str, *, limit: int | None, once: str) -> Told:
        """Take an order. `limit` None: at market; `once` is "", "ioc" or "fok"."""
        terms = self.terms[line.code]
        line.price = limit if limit is not None else terms.highest if line.side == "buy" else terms.lowest
        most = line.cap if line.cap is not None else (limit or terms.highest) * terms.tick_minor * line.total
        code = self._may_act(agent, line.who, most) or self._may_trade(line.code)
        if not code and not terms.lowest <= line.price <= terms.highest:
            code = "order.price_band"
        code = code or self._rules(line)
        opposite = self.queue(line.code, "sell" if line.side == "buy" else "buy")
        if not code and limit is None and not opposite:
            code = "order.no_liquidity"
        if not code and once == "fok" and self._reach(line) < line.total:
            code = "order.fok_unfilled"
        if not code and self.promised_by(line) > self.free(line.who, line.code, line.side):
            code = "hold.insufficient_available"
        if code:
            return Told(code)
        return self._take(line, "market_remainder" if limit is None else "immediate_or_cancel" if once == "ioc" else "")

    def replace(self, name: str, who: str, agent: str, price: int, total: int) -> Told:
        """Change an order; it keeps its place only when it merely gets smaller."""
        line = self.find(name)
        tick = self.terms[line.code].tick_minor if line is not None else 0
        if code := self._may_act(agent, who, price * tick * total):
            return Told(code)
        if line is None or line.who != who:
            return Told("order.unknown")
        if code := self._may_trade(line.code):
            return Told(code)
        terms = self.terms[line.code]
        if not terms.lowest <= price <= terms.highest:
            return Told("order.price_band")
        done = line.total - line.left
        if total <= done or (price, total) == (line.price, line.total):
            return Told("order.replace_nothing")
        smaller = price == line.price and total < line.total
        new = Line(**{**line.__dict__, "price": price, "total": total, "left": total - done})
        if not smaller and (code := self._rules(new)):
            return Told(code)
        if self.promised_by(new) > self.free(line.who, line.code, line.side) + self.promised_by(line):
            return Told("hold.insufficient_available")
        if smaller:
            line.total, line.left = total, total - done
            return Told(left=line.left, kept_place=True)
        self.lines.remove(line)
        self.clock += 1
        new.came = self.clock
        return self._take(new, "")

    def cancel(self, name: str, who: str, agent: str) -> Told:
        """Take an order off the sheet; a frozen member may."""
        if agent != who and (agent, who) not in self.mandates:
            return Told("account.not_yours")
        line = self.find(name)
        if line is None or line.who != who:
            return Told("order.unknown")
        self.lines.remove(line)
        return Told(left=line.left)

    def strike(self, **wanted: object) -> int:
        """Take every order off the sheet that is as wanted; how many."""
        gone = [line for line in self.lines if all(getattr(line, name) == value for name, value in wanted.items())]
        self.lines = [line for line in self.lines if line not in gone]
        return len(gone)

    def _may_act(self, agent: str, owner: str, worth: int) -> str:
        if agent != owner:
            if (agent, owner) not in self.mandates:
                return "account.not_yours"
            if 0 < self.mandates[agent, owner] < worth:
                return "mandate.invalid"
        return "member.frozen" if {agent, owner} & self.frozen else ""

    def _may_trade(self, code: str) -> str:
        terms = self.terms[code]
        if terms.frozen:
            return "instrument.frozen"
        if terms.right_frozen or self.money_frozen:
            return "asset.frozen"
        return {"continuous": "", "halted": "order.instrument_halted", "closed": "order.instrument_closed"}[terms.phase]

    def _rules(self, line: Line) -> str:
        if line.left * line.price * self.terms[line.code].tick_minor > self.value_cap:
            return "rule.value_cap"
        if line.side == "sell":
            return ""
        bidding = {other.who for other in self.queue(line.code, "buy")}
        holding = {who for (who, code), units in self.drawer.items() if code == line.code and units}
        if line.who in bidding | holding:
            return ""
        return "rule.holder_cap" if len(bidding | holding) + 1 > self.holder_cap else ""

    def _reach(self, line: Line) -> int:
        """How many lots an order would trade now."""
        return sum(lots for _, lots in self._meets(line)[0])

    def _meets(self, line: Line) -> tuple[list[tuple[Line, int]], bool]:
        """Whom an order would meet, for how many lots each; and whether it stops at its own owner."""
        tick = self.terms[line.code].tick_minor
        wanted, budget = line.left, None if line.cap is None else (line.cap - line.traded) // tick
        found: list[tuple[Line, int]] = []
        for other in self.queue(line.code, "sell" if line.side == "buy" else "buy"):
            crosses = other.price <= line.price if line.side == "buy" else other.price >= line.price
            lots = min(wanted, other.left)
            if budget is not None:
                lots = min(lots, budget // other.price)
            if not crosses or not lots:
                break
            if other.who == line.who:
                return found, True
            found.append((other, lots))
            wanted -= lots
            if budget is not None:
                budget -= lots * other.price
        return found, False

    def _take(self, line: Line, ending: str) -> Told:
        """Trade what meets, and write down or throw away the rest."""
        terms = self.terms[line.code]
        told = Told()
        meets, own = self._meets(line)
        for other, lots in meets:
            buyer, seller = (line, other) if line.side == "buy" else (other, line)
            worth = lots * other.price * terms.tick_minor
            fill = Fill(buyer.who, seller.who, line.code, lots, other.price)
            self.fills.append(fill)
            for side in (buyer, seller):
                side.left -= lots
                side.traded += worth
                due = self.fee(side.traded) - side.paid
                side.paid += due
                self.fees_due += due
                if side is buyer:
                    fill.buyer_paid = due
                else:
                    fill.seller_paid = due
                self.purse[side.who] += (-worth if side is buyer else worth) - due
                self.drawer[side.who, line.code] += (1 if side is buyer else -1) * lots * terms.lot_units
            told.fills.append((other.who, lots, other.price))
        self.lines = [other for other in self.lines if other.left]
        told.left = line.left
        if line.left:
            told.gone = "self_trade" if own else ending
            if not told.gone:
                self.lines.append(line)
        return told

    # --- The bank -----------------------------------------------------------------------------------------------------

    def receive(self, name: str, payer: str, amount: int, named: str | None) -> None:
        """Money comes in; it is the payer's at once if the payment names the payer."""
        self.waiting[name] = (payer, amount)
        if named == payer and not self.money_frozen:
            self.match(name, payer)

    def match(self, name: str, who: str) -> str:
        """Give waiting money to who paid it."""
        if name not in self.waiting:
            return "receipt.state"
        payer, amount = self.waiting[name]
        if self.money_frozen:
            return "asset.frozen"
        if payer != who:
            return "receipt.payer_mismatch"
        del self.waiting[name]
        self.credited[name] = (who, amount)
        self.purse[who] += amount
        return ""

    def send_back(self, name: str) -> str:
        """Return waiting money to its payer."""
        return "" if self.waiting.pop(name, None) else "receipt.state"

    def uncredit(self, name: str) -> str:
        """Take a credit back into waiting, if it is still free."""
        if name not in self.credited:
            return "ledger.already_reversed"
        who, amount = self.credited[name]
        if amount > self.free(who, "", "buy"):
            return "hold.insufficient_available"
        del self.credited[name]
        self.purse[who] -= amount
        self.waiting[name] = (who, amount)
        return ""

    def request(self, name: str, who: str, amount: int) -> str:
        """Promise money that is to leave."""
        if who in self.frozen:
            return "member.frozen"
        if self.money_frozen:
            return "asset.frozen"
        if amount > self.free(who, "", "buy"):
            return "hold.insufficient_available"
        self.requested[name] = (who, amount)
        return ""

    def instruct(self, name: str) -> str:
        """Tell the bank."""
        if name not in self.requested:
            return "withdrawal.state" if name in self.in_transit else "withdrawal.unknown"
        who, amount = self.requested[name]
        if who in self.frozen:
            return "member.frozen"
        if self.money_frozen:
            return "asset.frozen"
        del self.requested[name]
        self.purse[who] -= amount
        self.in_transit[name] = (who, amount)
        return ""

    def ends(self, name: str, how: str) -> str:
        """A withdrawal is confirmed, returned or cancelled."""
        here, elsewhere = (self.requested, self.in_transit) if how == "cancel" else (self.in_transit, self.requested)
        if name not in here:
            return "withdrawal.state" if name in elsewhere else "withdrawal.unknown"
        who, amount = here.pop(name)
        if how == "return":
            self.purse[who] += amount
        return ""

    def sweep(self) -> str:
        """Fees become the house's."""
        if not self.fees_due:
            return "hold.insufficient_available"
        self.house, self.fees_due = self.house + self.fees_due, 0
        return ""

    def at_the_bank(self) -> int:
        """What the client account must hold."""
        lists = (self.waiting, self.in_transit)
        return sum(self.purse.values()) + self.fees_due + sum(amount for held in lists for _, amount in held.values())
