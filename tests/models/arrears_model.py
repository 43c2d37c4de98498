"""One loan's arrears, path by path: every way in which it can fall behind, each with its chance and its payments.

Independent of the project: no shares, no matrices. A path says how many payments the loan is behind after each month,
or that it has defaulted; along it the loan's unpaid instalments are known, so is what it pays.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Told:
    """What is expected of each month."""

    principal: list[float]
    interest: list[float]
    defaults: list[float]
    owed: list[float]


def expected(balances: list[float], interest: list[float], rows: list[list[float]]) -> Told:
    """Add up all paths; `rows[i][j]` is the chance to go from i payments behind to j, the last column default."""
    months, states = len(interest), len(rows)
    told = Told([0.0] * months, [0.0] * months, [0.0] * months, [0.0] * months)

    def walk(month: int, behind: int, chance: float, unpaid: float, unpaid_interest: float) -> None:
        if month == months or chance == 0:
            return
        opened, left = balances[month], balances[month + 1]
        told.defaults[month] += chance * rows[behind][states] * (unpaid + opened)
        due, due_interest = unpaid + opened - left, unpaid_interest + interest[month]
        for after in range(states):
            along = chance * rows[behind][after]
            pays = max(0, behind + 1 - after) / (behind + 1)
            told.principal[month] += along * due * pays
            told.interest[month] += along * due_interest * pays
            told.owed[month] += along * (left + due * (1 - pays))
            walk(month + 1, after, along, due * (1 - pays), due_interest * (1 - pays))

    walk(0, 0, 1.0, 0.0, 0.0)
    return told
