"""A desk whose right has passed to li for CNY 800,000 at signing, with what else was promised still to come.

    due = Promises.made()
    due.plays('''
        li   pays I1 100        ->  I1 owed 200
        wait 91 days            ->  I1 owed 200 late
    ''')

I1, I2 are instalments, M1 a milestone, R1, R2 a royalty's years, E1 is equity; money is in thousands of CNY.
"""

from __future__ import annotations

import functools
from typing import Any

from exchange.core.ids import ObligationId
from exchange.core.messages import Command
from exchange.core.units import Minor, Ppm
from matching.consideration import Equity, Instalment, Items, Milestone, Royalty
from matching.obligations import (
    ConfirmDelivery,
    Obligation,
    ObligationsMade,
    PayObligation,
    ReleaseObligation,
    ReportObligation,
)
from tests.deals.stage import Desk

THOUSAND = 100_000
DAY_NS = 86_400 * 10**9
LETTERS = {"instalment": "I", "milestone": "M", "royalty": "R", "equity": "E"}

ALL = Items(
    instalments=(
        Instalment(amount_minor=Minor(300 * THOUSAND), due_days=90),
        Instalment(amount_minor=Minor(200 * THOUSAND), due_days=180),
    ),
    milestones=(
        Milestone(
            code="pilot-plant",
            condition="the pilot plant has run for 72 hours",
            amount_minor=Minor(400 * THOUSAND),
            within_days=300,
            due_days=30,
        ),
    ),
    royalty=Royalty(base="net sales", rate_ppm=Ppm(30_000), minimum_minor=Minor(50 * THOUSAND), years=2, due_days=60),
    equity=Equity(company="Newco", share_ppm=Ppm(100_000), value_minor=Minor(500 * THOUSAND), due_days=120),
)


class Promises(Desk):
    """A desk with obligations at hand."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.owed: dict[str, ObligationId] = {}
        self.passed_ns = 0

    @classmethod
    def made(cls) -> Promises:
        """Every kind of item, just promised; the buyer has CNY 2,192,000 left."""
        return _made().again()

    @classmethod
    def of(cls, items: Items, cash: int = 2_000) -> Promises:
        """These items, just promised."""
        due = cls(Desk.cn().venue)
        due.cn_market = Desk.cn().cn_market
        due.pay_in("li", cash * THOUSAND)
        due.right_id = due.right("lab")
        due.offered(items=items)
        due.steps("accept", "buyer signs", "seller signs", "confirm")
        event = due.last(ObligationsMade)
        due.owed = {f"{LETTERS[one.kind]}{one.place}": one.obligation_id for one in event.obligations}
        due.passed_ns = due.venue.state.at_ns
        return due

    def again(self) -> Promises:
        """Another with the same past."""
        due = Promises(self.venue.copy())
        due.cn_market, due.serial, due.right_id, due.deal_id = self.cn_market, self.serial, self.right_id, self.deal_id
        due.owed, due.passed_ns = dict(self.owed), self.passed_ns
        return due

    def plays(self, text: str) -> None:
        """Play a scenario: each line is what happens, and after an arrow how the promise then stands, or a refusal."""
        for line in text.strip().splitlines():
            asked, _, expected = (part.strip() for part in line.partition("->"))
            told = self.happens(asked, expected.split()[0] if expected else "")
            assert told == " ".join(expected.split()), f"{asked} -> {told}, expected {expected}"

    def happens(self, line: str, shown: str = "") -> str:
        """One line of a scenario; answers the refusal, or how the promise stands."""
        match line.split():
            case ["wait", days, _]:
                self.step(f"wait {days}")
            case ["restart"]:
                self.venue.restart()
            case [who, *step]:
                shown = step[1]
                if refused := self.venue.refusal(self.do(who, *step), who):
                    return refused
        return self.shown(shown)

    def do(self, who: str, verb: str, name: str, number: str = "0") -> Command:
        """The command of a line's step; numbers are thousands of CNY, or fen where they say so."""
        number_minor = int(number[:-3]) if number.endswith("fen") else int(number) * THOUSAND
        obligation_id, paper = self.owed[name], self.file(who, "evidence")
        match verb:
            case "pays":
                return PayObligation(obligation_id=obligation_id, amount_minor=Minor(number_minor))
            case "reports":
                base_minor = Minor(number_minor)
                return ReportObligation(obligation_id=obligation_id, evidence_sha256=paper, base_minor=base_minor)
            case "delivered":
                return ConfirmDelivery(obligation_id=obligation_id, evidence_sha256=paper)
            case _:
                return ReleaseObligation(obligation_id=obligation_id, reason="settled otherwise")

    def obligation(self, name: str) -> Obligation:
        """A promise as it last was: from memory, or from the last event that carries it."""
        found = self.venue.state.table(Obligation).get(self.owed[name])
        if found is not None:
            return found
        for entry in reversed(self.venue.journal):
            for event in reversed(entry.events):
                one = getattr(event, "obligation", None)
                if isinstance(one, Obligation) and one.obligation_id == self.owed[name]:
                    return one
        raise AssertionError(f"no {name}")

    def shown(self, name: str) -> str:
        """`I1 owed 200 late`: what is outstanding, in thousands."""
        one = self.obligation(name)
        amount = f" {one.outstanding_minor // THOUSAND}" if one.live and one.outstanding_minor else ""
        return f"{name} {one.state}{amount}{' late' if one.late else ''}"


@functools.cache
def _made() -> Promises:
    return Promises.of(ALL)
