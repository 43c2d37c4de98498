"""The clerk who can undo a trade: with an eraser while everything lies where the trade put it, else with money.

It imports nothing of the project. Where the engine moves legs of one transfer, the clerk changes purses and drawers one
by one and counts holders anew.
"""

from __future__ import annotations

from tests.models.exchange_model import Fill, PaperExchange


class PaperBusts(PaperExchange):
    """A clerk with an eraser."""

    def worth(self, fill: Fill, price: int) -> int:
        """What a trade comes to at a price."""
        return fill.lots * price * self.terms[fill.code].tick_minor

    def bust(self, number: int, fair: int) -> str:
        """Undo a trade; answers how, or the code with which it is refused."""
        fill = self.fills[number]
        if code := self._too_late(fill):
            return code
        if self._lies_there(fill):
            if self.fees_due < fill.buyer_paid + fill.seller_paid:
                return "trade.fees_swept"
            units = fill.lots * self.terms[fill.code].lot_units
            self.drawer[fill.buyer, fill.code] -= units
            self.drawer[fill.seller, fill.code] += units
            self.purse[fill.buyer] += self.worth(fill, fill.price) + fill.buyer_paid
            self.purse[fill.seller] -= self.worth(fill, fill.price) - fill.seller_paid
            self.fees_due -= fill.buyer_paid + fill.seller_paid
            fill.mended = True
            return "reversed"
        return self._pay(fill, fair, "compensated")

    def correct(self, number: int, price: int) -> str:
        """Give a trade another price."""
        fill = self.fills[number]
        terms = self.terms[fill.code]
        if code := self._too_late(fill):
            return code
        if price == fill.price:
            return "trade.correction_nothing"
        if not terms.lowest <= price <= terms.highest:
            return "order.price_band"
        return self._pay(fill, price, "repriced")

    def grow_old(self) -> None:
        """The window of every trade is over."""
        for fill in self.fills:
            fill.old = True

    def _too_late(self, fill: Fill) -> str:
        if fill.mended:
            return "trade.already_corrected"
        return "trade.window_over" if fill.old else ""

    def _lies_there(self, fill: Fill) -> bool:
        """Whether units and price are free, and the seller may have the units."""
        units = fill.lots * self.terms[fill.code].lot_units
        if self.free(fill.buyer, fill.code, "sell") < units:
            return False
        if self.free(fill.seller, fill.code, "buy") < self.worth(fill, fill.price) - fill.seller_paid:
            return False
        has = {who: held for (who, code), held in self.drawer.items() if code == fill.code}
        bidding = {line.who for line in self.queue(fill.code, "buy")}
        before = bidding | {who for who, held in has.items() if held}
        has[fill.buyer] -= units
        has[fill.seller] += units
        after = bidding | {who for who, held in has.items() if held}
        return fill.seller in before or len(after) <= self.holder_cap

    def _pay(self, fill: Fill, price: int, how: str) -> str:
        """Who paid too little, or got too much, pays the difference."""
        owed = self.worth(fill, price) - self.worth(fill, fill.price)
        payer, payee = (fill.buyer, fill.seller) if owed > 0 else (fill.seller, fill.buyer)
        if self.free(payer, fill.code, "buy") < abs(owed):
            return "trade.bust_uncovered"
        self.purse[payer] -= abs(owed)
        self.purse[payee] += abs(owed)
        fill.mended = True
        return how
