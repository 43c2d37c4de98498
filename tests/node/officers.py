"""What operators and members ask beside orders, at random: busts, kill switches, groups, phases, recorded papers."""

from __future__ import annotations

import random  # noqa: TID251 - seeded, and the seed is printed
from collections.abc import Callable

from custody.conveyance_messages import ImportConveyances
from custody.conveyances import ConveyanceKind, ConveyedProperty, Paper
from custody.corrections_messages import KillOrders, ReleaseOrders
from exchange.core.ids import ApprovalId, TradeId, UserId
from exchange.core.instruments import Phase
from exchange.core.membership import GroupMember
from exchange.core.messages import Command, Event, Rejected
from exchange.core.node_messages import ApprovalRequested, GrantApproval
from exchange.core.units import PriceTicks
from matching.correction_messages import BustTrade, CorrectTrade
from matching.messages import ChangePhase, InstrumentPhaseChanged, TradeMade
from tests.node.template import NAMES, Stage

REASON, EVIDENCE = "erroneous_price", "e" * 64
NEXT: dict[Phase, tuple[Phase, ...]] = {
    Phase.CONTINUOUS: (Phase.CLOSING_CALL, Phase.VOLATILITY_CALL, Phase.HALTED, Phase.CLOSED),
    Phase.CLOSING_CALL: (Phase.CLOSED, Phase.POST_CLOSE),
    Phase.POST_CLOSE: (Phase.CLOSED,),
    Phase.CLOSED: (Phase.OPENING_CALL, Phase.CONTINUOUS),
    Phase.OPENING_CALL: (Phase.CONTINUOUS,),
    Phase.VOLATILITY_CALL: (Phase.CONTINUOUS,),
    Phase.HALTED: (Phase.CONTINUOUS, Phase.OPENING_CALL),
    Phase.SETTLING: (Phase.CONTINUOUS,),
}
"""Where an operator takes an instrument next: round and round, and soon back to where orders meet."""

Asking = tuple[UserId, Command]


class Officers:
    """Those who keep the exchange, and members who stop themselves; they know what they were told."""

    def __init__(self, stage: Stage, rng: random.Random) -> None:
        self.stage = stage
        self.rng = rng
        self.trades: list[TradeId] = []
        self.approvals: list[ApprovalId] = []
        self.killed: list[str] = []
        self.phase = Phase.CONTINUOUS
        """The phase of the special instrument, as far as they know: calls end and runs go on without a word to them."""

    def ask(self) -> Asking | None:
        """Something one of them would ask now."""
        if self.approvals:
            return self.stage.operators[1], GrantApproval(approval_id=self.approvals.pop())
        if self.killed and self.rng.random() < 0.5:
            account_id = self.stage.accounts[self.killed.pop()]
            return self.stage.operators[0], ReleaseOrders(account_id=account_id, reason="looked into")
        acts: tuple[Callable[[], Asking | None], ...] = (self._mend, self._kill, self._group, self._phase, self._papers)
        phases = 2 if self.phase is Phase.CONTINUOUS else 10  # orders are to meet most of the time
        return self.rng.choices(acts, (3, 1, 1, phases, 1))[0]()

    def hear(self, events: list[Event]) -> None:
        """What a command of anybody's came to."""
        for event in events:
            if isinstance(event, TradeMade) and event.instrument_id == self.stage.special:
                self.trades.append(event.trade_id)
            elif isinstance(event, ApprovalRequested):
                self.approvals.append(event.approval.approval_id)
            elif isinstance(event, InstrumentPhaseChanged) and event.instrument.instrument_id == self.stage.special:
                self.phase = event.instrument.phase
            elif isinstance(event, Rejected) and event.code == "instrument.phase":
                self.phase = self.rng.choice(tuple(NEXT))

    def _mend(self) -> Asking | None:
        """One operator asks that a trade be busted or corrected, the other signs what was asked."""
        if not self.trades:
            return None
        rng, first = self.rng, self.stage.operators[0]
        trade_id, price = rng.choice(self.trades[-5:]), PriceTicks(rng.randint(95, 105))
        if rng.random() < 0.5:
            return first, BustTrade(
                instrument_id=self.stage.special,
                trade_id=trade_id,
                reason=REASON,
                evidence_sha256=EVIDENCE,
                fair_price_ticks=price,
            )
        return first, CorrectTrade(
            instrument_id=self.stage.special,
            trade_id=trade_id,
            reason=REASON,
            evidence_sha256=EVIDENCE,
            price_ticks=price,
        )

    def _kill(self) -> Asking:
        """A member, or an operator for it, ends all its orders: a run."""
        name = self.rng.choice(NAMES)
        if name not in self.killed:
            self.killed.append(name)
        who = self.rng.choice((self.stage.users[name], self.stage.operators[0]))
        return who, KillOrders(account_id=self.stage.accounts[name], reason="no more")

    def _group(self) -> Asking:
        member_id = self.stage.members[self.rng.choice(NAMES)]
        return self.stage.operators[0], GroupMember(member_id=member_id, group_id=self.rng.choice((0, 0, 7)))

    def _phase(self) -> Asking:
        phase = self.rng.choice(NEXT[self.phase])
        return self.stage.operators[0], ChangePhase(instrument_id=self.stage.special, phase=phase, reason="by hand")

    def _papers(self) -> Asking:
        """A slice of a list of recorded papers, some of them known, some changed."""
        return self.stage.operators[0], ImportConveyances(
            papers=tuple(self._paper(frame) for frame in self.rng.sample(range(1, 30), self.rng.randint(1, 4)))
        )

    def _paper(self, frame: int) -> Paper:
        number = f"155816{self.rng.randint(10, 20)}"
        return Paper(
            reel_frame=f"042180/{frame:04}",
            kind=self.rng.choice((ConveyanceKind.ASSIGNMENT, ConveyanceKind.SECURITY_INTEREST)),
            executed_on=f"2015-02-{self.rng.randint(10, 28)}",
            assignors=("THU",),
            assignees=(f"BUYER {self.rng.randint(1, 4)}",),
            properties=(ConveyedProperty(property_id=number, application_number=number, inventors=2),),
        )
