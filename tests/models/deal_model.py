"""An agreement as a clerk would keep it: one sheet, a drawer for the money, a calendar on the wall.

It is the independent model of the agreement workflow and imports nothing of the project. Answers are the codes of
refusals, or "" where a step is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
LONG_STOP = timedelta(days=180)


@dataclass
class Clerk:
    """One right, its seller and buyer, and the deal about it, if one runs. Money is counted in fen."""

    publicity_days: int
    needs_office: bool
    closed_days: tuple[str, ...]
    open_days: tuple[str, ...]
    calendar_until: str
    seller_money: int
    buyer_money: int
    drawer: int = 0
    venue_money: int = 0
    owner: str = "seller"
    state: str = "none"
    price: int = 0
    signed: list[str] = field(default_factory=list[str])
    shown_until: datetime | None = None
    stop_at: datetime | None = None

    # --- The clock ----------------------------------------------------------------------------------------------------

    def clock(self, now: datetime) -> None:
        """What time alone brings about."""
        if self.state == "publicity" and self.shown_until is not None and now >= self.shown_until:
            self.state = "signing"
        if self.stop_at is not None and now >= self.stop_at:
            self._over("lapsed")

    def _end_of_publicity(self, now: datetime) -> datetime | None:
        last = now.astimezone(CHINA).date() + timedelta(days=self.publicity_days)
        while not self._works(last.isoformat(), last.isoweekday()):
            last += timedelta(days=1)
        if last.isoformat() > self.calendar_until:
            return None
        return datetime(last.year, last.month, last.day, tzinfo=CHINA) + timedelta(days=1)

    def _works(self, day: str, weekday: int) -> bool:
        if day in self.open_days:
            return True
        return weekday < 6 and day not in self.closed_days

    # --- The steps ----------------------------------------------------------------------------------------------------

    def propose(self, price: int) -> str:
        """The seller names a price."""
        if self.state in ("proposed", "publicity", "objected", "signing", "contracted"):
            return "deal.state"
        if self.owner != "seller":
            return "right.not_owned"
        self.state, self.price, self.signed = "proposed", price, []
        return ""

    def accept(self, now: datetime) -> str:
        """The buyer takes it."""
        if (refused := self._only("proposed")) != "":
            return refused
        return self._show(now)

    def _show(self, now: datetime) -> str:
        until = self._end_of_publicity(now) if self.publicity_days else None
        if self.publicity_days and until is None:
            return "calendar.not_covered"
        self.state = "publicity" if self.publicity_days else "signing"
        self.shown_until = until
        return ""

    def object(self) -> str:
        """Somebody objects."""
        if (refused := self._only("publicity")) != "":
            return refused
        self.state, self.shown_until = "objected", None
        return ""

    def resolve(self, upheld: bool, now: datetime) -> str:
        """The objection is decided."""
        if (refused := self._only("objected")) != "":
            return refused
        if not upheld:
            return self._show(now)
        self._over("stopped")
        return ""

    def sign(self, side: str, now: datetime) -> str:
        """One side signs."""
        if self._forgotten():
            return "deal.unknown"
        if self.state in ("publicity", "objected"):
            return "deal.publicity_running"
        if self.state != "signing" or side in self.signed:
            return "deal.state"
        if side == "buyer":
            cost = self.price + self.fee()
            if cost > self.buyer_money:
                return "hold.insufficient_available"
            self.buyer_money -= cost
            self.drawer += cost
        self.signed.append(side)
        if self.drawer:
            self.stop_at = now + LONG_STOP
        if len(self.signed) == 2:
            self.state = "contracted"
            if not self.needs_office:
                self._pay()
        return ""

    def recorded(self, granted: bool) -> str:
        """The office answers."""
        if (refused := self._only("contracted")) != "":
            return refused
        if granted:
            self._pay()
        else:
            self._over("recordal_refused")
        return ""

    def withdraw(self) -> str:
        """A party steps back."""
        if self._forgotten():
            return "deal.unknown"
        if self.state == "contracted":
            return "deal.state"
        self._over("withdrawn")
        return ""

    # --- The sheet and the drawer -------------------------------------------------------------------------------------

    def fee(self) -> int:
        """One per cent rounded up, at least CNY 1,000, at most CNY 500,000, never more than the price."""
        return min(self.price, 50_000_000, max(100_000, -(-self.price // 100)))

    def _only(self, state: str) -> str:
        if self._forgotten():
            return "deal.unknown"
        return "" if self.state == state else "deal.state"

    def _forgotten(self) -> bool:
        return self.state in ("none", "withdrawn", "stopped", "recordal_refused", "lapsed", "completed")

    def _pay(self) -> None:
        self.drawer = 0
        self.seller_money += self.price - self.fee()
        self.venue_money += 2 * self.fee()
        self.owner = "buyer"
        self.state, self.stop_at = "completed", None

    def _over(self, how: str) -> None:
        self.buyer_money += self.drawer
        self.drawer, self.state = 0, how
        self.stop_at = self.shown_until = None
