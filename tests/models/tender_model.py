"""A tender as its secretary would keep it: a sheet for each offer, a list of who scores, a purse for everybody.

It is the independent model of the tender and imports nothing of the project. Money is counted in fen, time in
nanoseconds. Answers are codes of refusals, or "".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

DAY = 86_400 * 10**9
WEIGHTS = (Fraction(25, 100), Fraction(15, 100))


@dataclass
class Sheet:
    """One bidder's offer: money at signing, and one instalment after some days."""

    price: int
    later: int
    days: int
    state: str = "committed"
    points: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    @property
    def worth(self) -> int:
        """At ten per cent a year, whole years compounded, to the nearest fen."""
        years, rest = divmod(self.days, 365)
        rate = Fraction(11, 10) ** years * (1 + Fraction(rest, 3_650))
        return self.price + round(self.later / rate)


@dataclass
class Secretary:
    """The one right that is offered, from bidding on."""

    floor: int
    deposit: int
    forfeit: Fraction
    ends: int
    reveals_until: int
    panel: list[str]
    bidders: tuple[str, ...]
    money: dict[str, int]
    held: dict[str, int] = field(default_factory=dict[str, int])
    sheets: dict[str, Sheet] = field(default_factory=dict[str, Sheet])
    phase: str = "open"
    named: int = 0
    winner: str = ""
    scoring_until: int = 0
    due: int = 0

    def __post_init__(self) -> None:
        """Everybody was admitted by a deposit."""
        self.named = len(self.panel)
        self.held = dict.fromkeys(self.bidders, self.deposit)

    # --- Offers -------------------------------------------------------------------------------------------------------

    def offer(self, who: str, price: int, later: int, days: int) -> str:
        """A commitment, once."""
        if self.over:
            return "bidder.unknown"
        if self.phase != "open":
            return "sale.state"
        if who in self.sheets:
            return "bid.exists"
        self.sheets[who] = Sheet(price, later, days)
        return ""

    def reveal(self, who: str) -> str:
        """What was committed to."""
        if self.over or who not in self.sheets or self.sheets[who].state in ("gone", "silent"):
            return "bid.unknown"
        sheet = self.sheets[who]
        if self.phase != "revealing":
            return "sale.state"
        if sheet.state != "committed":
            return "bid.state"
        sheet.state = "stands" if sheet.worth >= self.floor else "gone"
        return ""

    # --- The panel ----------------------------------------------------------------------------------------------------

    def score(self, who: str, whom: str, points: tuple[int, int]) -> str:
        """An evaluator's points."""
        if self.over or whom not in self.sheets or self.sheets[whom].state in ("gone", "silent"):
            return "bid.unknown"
        if self.phase != "scoring":
            return "sale.state"
        if who not in self.panel:
            return "tender.not_evaluator"
        if who in self.sheets[whom].points:
            return "score.exists"
        self.sheets[whom].points[who] = points
        return ""

    def leave(self, who: str, now: int) -> str:
        """An evaluator goes."""
        if self.over:
            return "sale.unknown"
        if self.phase not in ("open", "revealing", "scoring"):
            return "sale.state"
        if who not in self.panel:
            return "tender.not_evaluator"
        self.panel.remove(who)
        for sheet in self.sheets.values():
            sheet.points.pop(who, None)
        if self.phase == "scoring" and 2 * len(self.panel) <= self.named:
            self._end("failed")
        else:
            self.decide_if_all_scored(now)
        return ""

    def standing(self) -> dict[str, Sheet]:
        """The offers that count, as they were committed."""
        return {who: sheet for who, sheet in self.sheets.items() if sheet.state == "stands"}

    def judges(self) -> list[str]:
        """Those who scored every offer."""
        return [who for who in self.panel if all(who in sheet.points for sheet in self.standing().values())]

    def decide_if_all_scored(self, now: int) -> None:
        """With the last score the tender is decided."""
        if self.phase == "scoring" and self.judges() == self.panel:
            self._award(now)

    def scores(self) -> dict[str, int]:
        """Every offer's score in parts per million."""
        best = max(sheet.worth for sheet in self.standing().values())
        judges = self.judges()
        found: dict[str, int] = {}
        for who, sheet in self.standing().items():
            parts = [Fraction(60, 100) * sheet.worth / best]
            parts += [
                weight * Fraction(sum(sheet.points[judge][place] for judge in judges), 100 * len(judges))
                for place, weight in enumerate(WEIGHTS)
            ]
            found[who] = sum(int(part * 1_000_000) for part in parts)
        return found

    def ranked(self) -> list[str]:
        """The best first."""
        scores, order = self.scores(), list(self.sheets)
        return sorted(self.standing(), key=lambda who: (-scores[who], -self.sheets[who].worth, order.index(who)))

    def _award(self, now: int) -> None:
        self.order = self.ranked()
        self.final = self.scores()
        self.winner = self.order.pop(0)
        self.sheets[self.winner].state = "won"
        self.phase, self.due = "awarded", now + 5 * DAY
        for who in self.bidders:
            if who != self.winner:
                self.held[who] = 0

    # --- The contract -------------------------------------------------------------------------------------------------

    def answer(self, takes: bool, now: int) -> str:
        """The next takes the offer up, or leaves it."""
        if takes:
            self.held[self.winner] = self.deposit
            self.phase, self.due = "awarded", now + 5 * DAY
        else:
            self._next(now)
        return ""

    def step_back(self, now: int) -> str:
        """The winner does not want it any more."""
        self.money[self.winner] -= self.held[self.winner]
        self.money["lab"] += self.held[self.winner]
        self.held[self.winner] = 0
        self._next(now)
        return ""

    def _next(self, now: int) -> None:
        self.sheets[self.winner].state = "gone"
        if not self.order:
            self._end("failed")
            return
        self.winner = self.order.pop(0)
        self.sheets[self.winner].state = "won"
        self.phase, self.due = "offered", now + 5 * DAY

    def _end(self, phase: str) -> None:
        self.phase = phase
        self.held = dict.fromkeys(self.bidders, 0)

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.phase == "failed"

    # --- Time ---------------------------------------------------------------------------------------------------------

    def dates(self) -> list[int]:
        """What is next in the book."""
        found = {"open": self.ends, "revealing": self.reveals_until, "scoring": self.scoring_until}
        return [found.get(self.phase, self.due)] if not self.over and self.phase != "negotiated" else []

    def clock(self, at: int, now: int) -> None:
        """What a date that has come brings about; `now` is when it is seen to."""
        match self.phase:
            case "open" if not self.sheets:
                self._end("failed")
            case "open":
                self.phase = "revealing"
            case "revealing":
                self._open(now)
            case "scoring" if 2 * len(self.judges()) > self.named:
                self.panel = self.judges()
                self._award(now)
            case "scoring":
                self._end("failed")
            case "offered":
                self._next(now)
            case _:
                self.step_back(now)
        del at

    def _open(self, now: int) -> None:
        for who, sheet in self.sheets.items():
            if sheet.state == "committed":
                sheet.state = "silent"
                lost = int(self.deposit * self.forfeit)
                self.money[who] -= lost
                self.money["lab"] += lost
                self.held[who] -= lost
        standing = self.standing()
        if not standing:
            self._end("failed")
        elif len(standing) == 1:
            [self.winner] = standing
            self.phase = "negotiated"
            self.held = {who: held if who == self.winner else 0 for who, held in self.held.items()}
        elif 2 * len(self.panel) <= self.named:
            self._end("failed")
        else:
            self.phase, self.scoring_until = "scoring", now + 10 * DAY
