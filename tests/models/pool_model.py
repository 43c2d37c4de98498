"""A pool worked out by hand: one loan, one scenario, one month at a time, in the words of the Standard Formulas (C.3).

Independent of the project: no arrays, no survival factors, no buckets. Interest and principal are not advanced.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class PlannedLoan:
    """Balances at month 0..n, interest due in month 1..n, interest accrued since the last date; its own rates."""

    balances: list[float]
    interest: list[float]
    accrued: list[float]
    mdr: list[float]
    smm: list[float]
    severity: float
    lag: int


@dataclass
class Month:
    """What one month brings."""

    interest: float = 0.0
    scheduled: float = 0.0
    prepaid: float = 0.0
    defaults: float = 0.0
    recoveries: float = 0.0
    balance: float = 0.0


@dataclass
class Pool:
    """Loans played month by month under multiples of their rates."""

    loans: list[PlannedLoan]
    months: int
    played: list[Month] = field(default_factory=list)

    def play(self, mdr_times: list[float], smm_times: list[float], severity_times: float) -> list[Month]:
        """All months of one scenario."""
        self.played = [Month() for _ in range(self.months)]
        for loan in self.loans:
            self._play_one(loan, mdr_times, smm_times, severity_times)
        return self.played

    def _play_one(
        self, loan: PlannedLoan, mdr_times: list[float], smm_times: list[float], severity_times: float
    ) -> None:
        performing = loan.balances[0]
        for i in range(self.months):
            planned_before, planned_after = loan.balances[i], loan.balances[i + 1]
            if planned_before == 0:
                break
            mdr = min(1.0, loan.mdr[i] * mdr_times[i])
            smm = min(1.0 - mdr, loan.smm[i] * smm_times[i])
            share = performing / planned_before
            new_defaults = performing * mdr
            amortization = (performing - new_defaults) * (1 - planned_after / planned_before)
            voluntary = performing * planned_after / planned_before * smm
            month = self.played[i]
            month.interest += share * (1 - mdr) * loan.interest[i] + share * smm * loan.accrued[i]
            month.scheduled += amortization
            month.prepaid += voluntary
            month.defaults += new_defaults
            performing = performing - new_defaults - voluntary - amortization
            month.balance += performing
            if i + loan.lag < self.months:
                loss = min(1.0, loan.severity * severity_times)
                self.played[i + loan.lag].recoveries += new_defaults * (1 - loss)
