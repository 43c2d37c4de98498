"""A pilot on paper: who should have which fraction of the right, and how much money. Imports nothing of ours.

Fractions of the whole, never units; a step answers the code it should be refused with, or nothing.
"""

from __future__ import annotations

from fractions import Fraction

TEAM = {"ada": Fraction(1, 2), "bo": Fraction(3, 10), "cy": Fraction(1, 5)}
TEAM_SHARE = Fraction(7, 10)
PRICE = 30_000_01
PRICES = {"ada": 15_000_01, "bo": 9_000_00, "cy": 6_000_00}
"""Half of 3,000,001 fen is 1,500,000.5, so the odd fen goes to the largest remainder: 0.5 of ada, 0.3, 0.2."""
LONG_STOP = 6
"""An office has 180 days: six waits of thirty."""
OVER = ("revoked", "lapsed")
LIVE = ("notice", "objected", "signing", "recording")


class Paper:
    """One case and its kept share, as they should stand."""

    def __init__(self, registered: bool) -> None:
        self.registered = registered
        self.state = "proposed"
        self.signed: set[str] = set()
        self.kept = ""
        self.bought: set[str] = set()
        self.recorded = False
        self.sold = False
        self.offered = Fraction(0)
        self.waited = self.kept_waited = 0
        self.has = dict.fromkeys(("thu", "li", *TEAM), Fraction(0)) | {"thu": Fraction(1)}
        self.money = dict.fromkeys(("thu", *TEAM), 0)

    # --- The case -----------------------------------------------------------------------------------------------------

    def decide(self) -> str:
        return self._go({"proposed": "notice"})

    def object(self) -> str:
        return self._go({"notice": "objected"})

    def dismiss(self) -> str:
        return self._go({"objected": "notice"})

    def wait(self) -> str:
        """Thirty days: every notice is over; after six of them so is the wait for an office."""
        self.waited += self.state == "recording"
        self.kept_waited += self.kept == "recording"
        if self.state == "recording" and self.waited == LONG_STOP:
            self.state = "lapsed"
        if self.kept == "recording" and self.kept_waited == LONG_STOP:
            self.kept = "lapsed"
        if self.state == "notice":
            self.state = "agreeing"
        if self.kept == "notice":
            self.kept = "signing"
        return ""

    def sign(self, who: str) -> str:
        if self.state in OVER:
            return "pilot.unknown"
        if self.state in ("proposed", "notice", "objected"):
            return "pilot.notice_running"
        if self.state != "agreeing" or who in self.signed or (who != "thu" and "thu" not in self.signed):
            return "pilot.state"
        if len(self.signed) == 3 and who != "thu" and self.has["thu"] < 1:
            return "right.not_owned"
        self.signed.add(who)
        if len(self.signed) == 4:
            self.state = "recording" if self.registered else "completed"
            if not self.registered:
                self._assign(1)
        return ""

    def confirm(self) -> str:
        if self.state in OVER:
            return "pilot.unknown"
        if self.state != "recording":
            return "pilot.state"
        self.state, self.recorded = "completed", True
        self._assign(1)
        return ""

    def revoke(self) -> str:
        if self.state in OVER:
            return "pilot.unknown"
        if self.state != "completed" or self.kept in LIVE or self.sold:
            return "pilot.state"
        if any(self.has[name] < TEAM_SHARE * part for name, part in TEAM.items()):
            return "pilot.revoke_uncovered"
        self.state = "revoked"
        self._assign(-1)
        return ""

    def give(self, giver: str, taker: str, part: Fraction) -> str:
        """A hand moves a fraction, if it is free there."""
        held = TEAM_SHARE if giver == "thu" and self.state == "recording" else Fraction(0)
        if giver == "thu" and self.kept == "recording":
            held = self.offered
        if self.has[giver] - held < part:
            return "hold.insufficient_available"
        self.has[giver] -= part
        self.has[taker] += part
        return ""

    def _assign(self, sign: int) -> None:
        for name, part in TEAM.items():
            self.has[name] += sign * TEAM_SHARE * part
            self.has["thu"] -= sign * TEAM_SHARE * part

    def _go(self, ways: dict[str, str]) -> str:
        if self.state in OVER:
            return "pilot.unknown"
        if self.state not in ways:
            return "pilot.state"
        self.state = ways[self.state]
        return ""

    # --- The kept share -----------------------------------------------------------------------------------------------

    def offer(self) -> str:
        if self.state != "completed":
            return "pilot.state"
        if self.kept in LIVE:
            return "kept_share.state"
        if not self.has["thu"]:
            return "right.not_owned"
        self.kept, self.offered, self.bought, self.kept_waited = "notice", self.has["thu"], set(), 0
        return ""

    def buy(self, who: str) -> str:
        if self.kept not in LIVE:
            return "kept_share.unknown"
        if self.kept in ("notice", "objected"):
            return "kept_share.notice_running"
        if self.kept != "signing" or who in self.bought:
            return "kept_share.state"
        if not self.has["thu"]:
            return "hold.insufficient_available"
        if self.has["thu"] < self.offered:
            return "hold.insufficient_available"
        self.bought.add(who)
        if len(self.bought) == 3:
            self.kept = "recording" if self.registered else "completed"
            if not self.registered:
                self._sell()
        return ""

    def step_back(self) -> str:
        if self.kept not in LIVE:
            return "kept_share.unknown"
        if self.kept == "recording":
            return "kept_share.state"
        self.kept = "withdrawn"
        return ""

    def confirm_kept(self) -> str:
        if self.kept not in LIVE:
            return "kept_share.unknown"
        if self.kept != "recording":
            return "kept_share.state"
        self.kept = "completed"
        self._sell()
        return ""

    def _sell(self) -> None:
        self.sold = True
        for name, part in TEAM.items():
            self.has[name] += self.offered * part
            self.money[name] -= PRICES[name]
        self.has["thu"] -= self.offered
        self.money["thu"] += PRICE
