"""A public sale as an auctioneer would keep it: a sheet for each lot, a list of bids, a purse for everybody.

It is the independent model of the sale workflow and imports nothing of the project. Winners are found by trying every
combination of bids. Money is counted in fen, time in nanoseconds. Answers are codes of refusals, or "".
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass
class Sheet:
    """One lot: where it stands, who has won it at which price, what has been signed, and until when."""

    start: int
    reserve: int
    state: str = "announced"
    winner: str = ""
    price: int = 0
    bid: Bid | None = None
    paid: bool = False
    due: int = 0


@dataclass
class Bid:
    """A price for some lots together. `state`: committed, standing, or gone."""

    number: int
    who: str
    lots: tuple[str, ...]
    price: int
    state: str = "standing"


@dataclass
class Auctioneer:
    """One sale, its seller `lab` and its bidders."""

    method: str
    second_price: bool
    sheets: dict[str, Sheet]
    bidders: tuple[str, ...]
    deposit: int
    increment: int
    soft_close: int
    payment: int
    forfeit: Fraction
    begins: int
    ends: int
    reveals_until: int
    step: int
    floor: int
    money: dict[str, int]
    held: dict[str, int] = field(default_factory=dict[str, int])
    escrow: int = 0
    venue: int = 0
    phase: str = "announced"
    bids: list[Bid] = field(default_factory=list[Bid])
    defaulted: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        """Everybody admitted has a deposit held."""
        self.held = {who: (self.deposit if who in self.bidders else 0) for who in self.money}

    # --- The clock ----------------------------------------------------------------------------------------------------

    def clock(self, now: int) -> None:
        """What time alone brings about, first things first."""
        while True:
            todo = [(at, what) for at, what in self._appointments() if at <= now]
            if not todo:
                return
            _, what = min(todo)
            match what:
                case "begin":
                    self.phase = "bidding"
                    self._all("open")
                case "end" if self.method == "sealed" and self.bids:
                    self.phase = "revealing"
                    self._all("revealing")
                case "end":
                    self._award(now)
                case "reveal":
                    self._punish_silence()
                    self._award(now)
                case name:
                    self._late(name, now)

    def _appointments(self) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        if self.phase == "announced":
            found.append((self.begins, "begin"))
        if self.phase == "bidding":
            found.append((self.ends, "end"))
        if self.phase == "revealing":
            found.append((self.reveals_until, "reveal"))
        found.extend((sheet.due, name) for name, sheet in self.sheets.items() if sheet.due)
        return found

    def _all(self, state: str) -> None:
        for sheet in self.sheets.values():
            sheet.state = state

    # --- Bids ---------------------------------------------------------------------------------------------------------

    def shown(self, now: int) -> int:
        """What a Dutch clock shows."""
        [sheet] = self.sheets.values()
        fallen = max(0, now - self.begins) // self.step
        return max(self.floor, sheet.start - fallen * self.increment)

    def least(self, lots: tuple[str, ...]) -> int:
        """The least that may be bid for these lots now."""
        same = [bid.price for bid in self.bids if bid.lots == lots and bid.state == "standing"]
        return max(same) + self.increment if same else sum(self.sheets[name].start for name in lots)

    def place(self, who: str, lots: tuple[str, ...], price: int, now: int) -> str:
        """Somebody bids in the open."""
        if self.phase == "over":
            return "bidder.unknown"
        if self.phase != "bidding" or self.method == "sealed":
            return "sale.state"
        if self.method == "dutch":
            return self._accept(who, price, now)
        if price < self.least(lots):
            return "bid.too_low"
        before = self.leaders()
        for bid in self.bids:
            if bid.who == who and bid.lots == lots:
                bid.state = "gone"
        self.bids.append(Bid(len(self.bids), who, lots, price))
        if self.leaders() != before:
            self.ends = max(self.ends, now + self.soft_close)
        return ""

    def _accept(self, who: str, price: int, now: int) -> str:
        shown = self.shown(now)
        if price < shown:
            return "bid.too_low"
        self.bids.append(Bid(0, who, tuple(self.sheets), shown))
        self._award(now)
        return ""

    def commit(self, who: str, lots: tuple[str, ...], price: int) -> str:
        """Somebody seals a bid."""
        if self.phase == "over":
            return "bidder.unknown"
        if self.phase != "bidding" or self.method != "sealed":
            return "sale.state"
        if any((bid.who, bid.lots, bid.price) == (who, lots, price) for bid in self.bids):
            return "bid.exists"
        self.bids.append(Bid(len(self.bids), who, lots, price, "committed"))
        return ""

    def reveal(self, bid: Bid) -> str:
        """Somebody opens a sealed bid."""
        if self.phase == "over" or bid.state == "gone":
            return "bid.unknown"
        if self.phase != "revealing":
            return "sale.state"
        if bid.state != "committed":
            return "bid.state"
        enough = bid.price >= sum(self.sheets[name].start for name in bid.lots)
        bid.state = "standing" if enough else "gone"
        return ""

    def _punish_silence(self) -> None:
        for who in sorted({bid.who for bid in self.bids if bid.state == "committed"}):
            taken = int(self.held[who] * self.forfeit)
            self._pay(who, taken)
            self.held[who] -= taken
        for bid in self.bids:
            if bid.state == "committed":
                bid.state = "gone"

    def _pay(self, who: str, amount: int) -> None:
        self.money[who] -= amount
        self.money["lab"] += amount

    # --- Winners ------------------------------------------------------------------------------------------------------

    def leaders(self) -> dict[str, tuple[int, bool]]:
        """Which bid leads for each lot, and whether it would win."""
        standing = [bid for bid in self.bids if bid.state == "standing"]
        winners, _ = self._best(standing, {name: self._kept(name) for name in self.sheets})
        found = {name: (bid.number, True) for bid in winners for name in bid.lots}
        rest = [bid for bid in standing if not any(name in found for name in bid.lots)]
        below, _ = self._best(rest, dict.fromkeys(self.sheets, 0))
        return {**{name: (bid.number, False) for bid in below for name in bid.lots}, **found}

    def _kept(self, name: str) -> int:
        return self.sheets[name].reserve or self.sheets[name].start

    def _best(self, bids: list[Bid], kept: dict[str, int]) -> tuple[list[Bid], int]:
        """The combination worth most: then the one with most lots, then the one whose last bids came first."""
        strongest: dict[tuple[str, ...], Bid] = {}
        for bid in bids:
            if bid.lots not in strongest or bid.price > strongest[bid.lots].price:
                strongest[bid.lots] = bid
        chances = list(strongest.values())
        best: tuple[tuple[int, int, list[int]], list[Bid]] | None = None
        for size in range(len(kept) + 1):
            for chosen in itertools.combinations(chances, size):
                taken = [name for bid in chosen for name in bid.lots]
                if len(taken) != len(set(taken)) or not set(taken) <= set(kept):
                    continue
                worth = sum(bid.price for bid in chosen) + sum(kept[name] for name in kept if name not in taken)
                came = [-number for number in sorted((bid.number for bid in chosen), reverse=True)]
                value = (worth, len(taken), came)
                if best is None or value > best[0]:
                    best = (value, list(chosen))
        assert best is not None
        return best[1], best[0][0]

    def _prices(self, bids: list[Bid], names: list[str]) -> tuple[list[Bid], dict[str, int]]:
        kept = {name: self._kept(name) for name in names}
        within = [bid for bid in bids if set(bid.lots) <= set(names)]
        winners, worth = self._best(within, kept)
        if self.method == "dutch":
            return within, dict.fromkeys(names, within[0].price) if within else {}
        prices: dict[str, int] = {}
        if not self.second_price:
            for bid in winners:
                prices.update(self._split(bid.price, {name: self.sheets[name].start for name in bid.lots}))
            return winners, prices
        for who in {bid.who for bid in winners}:
            own = [bid for bid in winners if bid.who == who]
            _, without = self._best([bid for bid in within if bid.who != who], kept)
            due = without - (worth - sum(bid.price for bid in own))
            prices.update(self._split(due, {name: kept[name] for name in names for bid in own if name in bid.lots}))
        return winners, prices

    @staticmethod
    def _split(amount: int, weights: dict[str, int]) -> dict[str, int]:
        exact = {name: Fraction(amount * weight, sum(weights.values())) for name, weight in weights.items()}
        parts = {name: int(share) for name, share in exact.items()}
        by_rest = sorted(weights, key=lambda name: (-(exact[name] - parts[name]), name))
        for name in by_rest[: amount - sum(parts.values())]:
            parts[name] += 1
        return parts

    def _award(self, now: int) -> None:
        standing = [bid for bid in self.bids if bid.state == "standing"]
        winners, prices = self._prices(standing, list(self.sheets))
        for bid in winners:
            bid.state = "won"
            self._give(bid, prices, "awarded", now)
        for sheet in self.sheets.values():
            if not sheet.winner:
                sheet.state = "failed"
        won_by = {bid.who for bid in winners}
        for who in self.bidders:
            if who not in won_by:
                self.held[who] = 0
        self.phase = "contracting"
        self._close_if_over()

    def _give(self, bid: Bid, prices: dict[str, int], state: str, now: int) -> None:
        for name in bid.lots:
            sheet = self.sheets[name]
            sheet.state, sheet.winner, sheet.price, sheet.bid = state, bid.who, prices[name], bid
            sheet.paid, sheet.due = False, now + self.payment

    # --- Contracts ----------------------------------------------------------------------------------------------------

    def pay(self, name: str, now: int) -> str:
        """The winner signs and pays."""
        sheet = self.sheets[name]
        if sheet.state != "awarded":
            return "deal.state" if sheet.state == "contracted" else "deal.unknown"
        if sheet.paid:
            return "deal.state"
        who, cost = sheet.winner, sheet.price + self.fee(sheet.price)
        others = [other for other in self.sheets.values() if other is not sheet and other.winner == who]
        last = all(other.paid or other.state != "awarded" for other in others)
        free = self.held[who] if last and who not in self.defaulted else 0
        if cost > self.money[who] - self.held[who] + free:
            return "hold.insufficient_available"
        self.held[who] -= free
        self.money[who] -= cost
        self.escrow += cost
        sheet.paid, sheet.due = True, now + self.payment
        return ""

    def seller_signs(self, name: str) -> str:
        """The seller signs, once all of what was won together is paid."""
        sheet = self.sheets[name]
        if sheet.state != "awarded":
            return "deal.state" if sheet.state == "contracted" else "deal.unknown"
        together = [other for other in self.sheets.values() if other.bid is sheet.bid and other.state == "awarded"]
        if not all(other.paid for other in together if other is not sheet):
            return "deal.state"
        if not sheet.paid:
            return "unsure"  # the machine has the buyer sign first
        sheet.state, sheet.due = "contracted", 0
        return ""

    def recorded(self, name: str, granted: bool) -> str:
        """The office answers."""
        sheet = self.sheets[name]
        if sheet.state != "contracted":
            return "deal.state" if sheet.state == "awarded" else "deal.unknown"
        fee = self.fee(sheet.price)
        self.escrow -= sheet.price + fee
        if granted:
            self.money["lab"] += sheet.price - fee
            self.venue += 2 * fee
            sheet.state = "sold"
        else:
            self.money[sheet.winner] += sheet.price + fee
            sheet.state = "failed"
        self._close_if_over()
        return ""

    def step_back(self, name: str, now: int) -> str:
        """The winner withdraws."""
        sheet = self.sheets[name]
        if sheet.state == "contracted":
            return "deal.state"
        if sheet.state != "awarded":
            return "deal.unknown"
        if sheet.paid:
            return "deal.state"
        self._default(sheet, now)
        return ""

    def answer(self, name: str, accepted: bool, now: int) -> str:
        """The next bidder takes up its bid, or not."""
        sheet = self.sheets[name]
        assert sheet.bid is not None
        if sheet.state != "offered":
            return "bid.state" if sheet.state in ("awarded", "contracted") else "bid.unknown"
        bid, who = sheet.bid, sheet.winner
        names = list(bid.lots)
        if not accepted:
            bid.state = "gone"
            self._offer(names, now)
            return ""
        lacking = self.deposit - self.held[who]
        if lacking > self.money[who] - self.held[who]:
            return "hold.insufficient_available"
        self.held[who] += lacking
        bid.state = "won"
        self._give(bid, {one: self.sheets[one].price for one in names}, "awarded", now)
        return ""

    def _late(self, name: str, now: int) -> None:
        sheet = self.sheets[name]
        if sheet.state == "offered":
            self.answer(name, accepted=False, now=now)
        elif not sheet.paid:
            self._default(sheet, now)
        else:
            together = [other for other in self.sheets.values() if other.bid is sheet.bid and other.state == "awarded"]
            for other in together:
                self._refund(other)
                other.state, other.due = "failed", 0
            who = sheet.winner
            if not any(other.winner == who and other.state == "awarded" for other in self.sheets.values()):
                self.held[who] = 0
            self._close_if_over()

    def _refund(self, sheet: Sheet) -> None:
        if sheet.paid:
            back = sheet.price + self.fee(sheet.price)
            self.escrow -= back
            self.money[sheet.winner] += back
            sheet.paid = False

    def _default(self, sheet: Sheet, now: int) -> None:
        who, bid = sheet.winner, sheet.bid
        assert bid is not None
        bid.state = "gone"
        self.defaulted.add(who)
        self._pay(who, self.held[who])
        self.held[who] = 0
        names = [name for name in bid.lots if self.sheets[name].bid is bid and self.sheets[name].state == "awarded"]
        for name in names:
            self._refund(self.sheets[name])
        self._offer(names, now)
        for name, other in self.sheets.items():
            if other.state == "offered" and other.winner == who:
                self.answer(name, accepted=False, now=now)

    def _offer(self, names: list[str], now: int) -> None:
        for name in names:
            sheet = self.sheets[name]
            sheet.state, sheet.winner, sheet.price, sheet.bid, sheet.due = "failed", "", 0, None, 0
        left = [bid for bid in self.bids if bid.state == "standing" and bid.who not in self.defaulted]
        winners, prices = self._prices([bid for bid in left if set(bid.lots) <= set(names)], names)
        for bid in winners:
            bid.state = "offered"
            self._give(bid, prices, "offered", now)
        self._close_if_over()

    def _close_if_over(self) -> None:
        if all(sheet.state in ("sold", "failed") for sheet in self.sheets.values()):
            self.phase = "over"
            for who in self.bidders:
                self.held[who] = 0

    @staticmethod
    def fee(price: int) -> int:
        """One per cent rounded up, at least CNY 1,000, at most CNY 500,000, never more than the price."""
        return min(price, 50_000_000, max(100_000, -(-price // 100)))
