"""Licences of one right as a registrar would keep them: a page for each, a drawer for money, a board for the open one.

It is the independent model of the workflow and imports nothing of the project. A licence covers whole days and named
places, and both are counted out. Money is counted in fen. Answers are codes of refusals, or "".
"""

from __future__ import annotations

from dataclasses import dataclass, field

PLACES = ("CN", "US", "elsewhere")


def covered(where: str) -> set[str]:
    """The places a licence is for."""
    if where.startswith("world"):
        return {place for place in PLACES if place not in where.split("-")[1:]}
    return set(where.split("+"))


@dataclass
class Page:
    """One licence: for whom, where, on which days."""

    who: str
    kind: str
    where: str
    first: int
    last: int
    price: int
    state: str = "proposed"
    signed: list[str] = field(default_factory=list[str])
    paid: int = 0
    ending: str = ""
    recorded: bool = False
    late: bool = False
    due: int = 0
    opened: bool = False

    def contradicts(self, other: Page) -> bool:
        """Whether one of them keeps the other out."""
        if self.kind == other.kind == "ordinary":
            return False
        places = covered(self.where) & covered(other.where)
        return bool(places) and bool(set(range(self.first, self.last)) & set(range(other.first, other.last)))


@dataclass
class Board:
    """The open licence on the board."""

    fee: int
    last: int
    state: str = "declared"


@dataclass
class Registrar:
    """One right of the lab. Days are counted from the first; `in_three_months` days after a grant it is late."""

    money: dict[str, int]
    day: int = 0
    pages: list[Page] = field(default_factory=list[Page])
    board: Board | None = None
    drawer: int = 0
    venue: int = 0

    def fee(self, price: int) -> int:
        """One per cent rounded up, at least CNY 1,000, at most CNY 500,000, never more than the price."""
        return min(price, 50_000_000, max(100_000, -(-price // 100)))

    def of(self, who: str) -> Page | None:
        """Somebody's newest page."""
        return next((page for page in reversed(self.pages) if page.who == who), None)

    def live(self, who: str) -> Page | None:
        """The same, if it is or may come to be in force."""
        page = self.of(who)
        return page if page is not None and page.state in ("proposed", "signing", "in_force") else None

    def kept_out(self, page: Page) -> bool:
        """Whether something in force, or on the board, keeps it out."""
        if any(page.contradicts(other) for other in self.pages if other.state == "in_force" and other is not page):
            return True
        return page.kind != "ordinary" and self.board is not None

    # --- Between two --------------------------------------------------------------------------------------------------

    def offer(self, who: str, kind: str, where: str, price: int, days: tuple[int, int]) -> str:
        """The lab offers a licence."""
        page = Page(who, kind, where, self.day + days[0], self.day + days[1], price)
        if self.kept_out(page):
            return "licence.conflict"
        self.pages.append(page)
        return ""

    def accept(self, who: str) -> str:
        """The licensee takes the terms."""
        page = self.live(who)
        if page is None:
            return "licence.unknown"
        if page.state != "proposed":
            return "licence.state"
        if self.kept_out(page):
            return "licence.conflict"
        page.state = "signing"
        return ""

    def sign(self, who: str, licensee: bool) -> str:
        """One side signs; the licensee pays into the drawer."""
        page = self.live(who)
        if page is None:
            return "licence.unknown"
        side = "licensee" if licensee else "licensor"
        if page.state != "signing" or side in page.signed:
            return "licence.state"
        if self.kept_out(page):
            return "licence.conflict"
        if page.last <= self.day:
            return "licence.terms_invalid"
        cost = page.price + self.fee(page.price)
        if licensee:
            if cost > self.money[who]:
                return "hold.insufficient_available"
            self.money[who] -= cost
            self.drawer += cost
            page.paid = cost
        page.signed.append(side)
        if len(page.signed) == 2:
            self.drawer -= page.paid
            self._grant(page)
        return ""

    def withdraw(self, who: str) -> str:
        """Either steps back."""
        page = self.live(who)
        if page is None:
            return "licence.unknown"
        if page.state == "in_force":
            return "licence.state"
        self.money[who] += page.paid
        self.drawer -= page.paid
        page.state = "withdrawn"
        return ""

    def end(self, who: str, by: str) -> str:
        """Both must say so."""
        page = self.live(who)
        if page is None:
            return "licence.unknown"
        if page.state != "in_force":
            return "licence.state"
        if page.ending == by:
            return "approval.same_person"
        if page.ending:
            page.state = "terminated"
        page.ending = by
        return ""

    def record(self, who: str) -> str:
        """The office has it."""
        page = self.live(who)
        if page is None:
            return "licence.unknown"
        if page.state != "in_force" or page.recorded:
            return "licence.state"
        page.recorded = True
        return ""

    # --- On the board -------------------------------------------------------------------------------------------------

    def declare(self, fee: int) -> str:
        """The lab puts a fee on the board, for China and two years."""
        if any(page.state == "in_force" and page.kind != "ordinary" for page in self.pages):
            return "licence.conflict"
        if self.board is not None:
            return "open_licence.state"
        self.board = Board(fee, self.day + 730)
        return ""

    def publish(self) -> str:
        """The office announces it."""
        if self.board is None:
            return "open_licence.unknown"
        if self.board.state == "open":
            return "open_licence.state"
        self.board.state = "open"
        return ""

    def take(self, who: str, fee: int) -> str:
        """Somebody takes it."""
        if self.board is None:
            return "open_licence.unknown"
        if self.board.state != "open":
            return "open_licence.state"
        if fee != self.board.fee:
            return "licence.terms_changed"
        if any(page.who == who and page.opened and page.state == "in_force" for page in self.pages):
            return "licence.exists"
        cost = fee + self.fee(fee)
        if cost > self.money[who]:
            return "hold.insufficient_available"
        self.money[who] -= cost
        page = Page(who, "ordinary", "CN", self.day, self.board.last, fee, opened=True)
        self.pages.append(page)
        self._grant(page)
        return ""

    def clear(self) -> str:
        """The lab takes it off the board."""
        if self.board is None:
            return "open_licence.unknown"
        self.board = None
        return ""

    # --- Time ---------------------------------------------------------------------------------------------------------

    def passes(self, day: int, months_end: dict[int, int]) -> None:
        """A day dawns; `months_end` says for each day of a grant on which day three months from it are over."""
        self.day = day
        for page in self.pages:
            if page.state != "in_force":
                continue
            over = min(day, page.last)
            if not page.recorded and months_end[page.due] <= over:
                page.late = True
            if page.last <= day:
                page.state = "expired"
        if self.board is not None and self.board.last <= day:
            self.board = None

    def _grant(self, page: Page) -> None:
        fee = self.fee(page.price)
        self.money["lab"] += page.price - fee
        self.venue += 2 * fee
        page.state, page.due = "in_force", self.day
