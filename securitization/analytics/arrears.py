"""Loans that fall behind before they default, and loans that catch up: roll rates between numbers of missed payments.

A loan i payments behind has i instalments unpaid and one more falling due. If it is j behind a month later it has paid
i + 1 − j of these i + 1, oldest and newest alike; if it has defaulted it paid none. What is unpaid is carried with the
loan. Everything is linear, so a bucket of loans is worked out as one, with a share of it at each number of payments
behind.

A scenario multiplies the chances of falling further behind or defaulting; the other chances give way in proportion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from securitization.analytics import refused
from securitization.analytics.amortise import PPM, Floats, Schedule
from securitization.analytics.assumptions import Roll
from securitization.analytics.cashflows import Flows, Rates, Stresses


@dataclass(frozen=True, slots=True)
class Rolled:
    """What comes in, and how much of the balance is owed by loans that are behind, (scenario, month)."""

    flows: Flows
    behind: Floats


def rolled(rows: Schedule, rates: Rates, roll: Roll, stresses: Stresses) -> Rolled:
    """Project buckets whose loans default through arrears; `rates` give their prepayment, severity and lag.

    Refused: projection.assumption_invalid, where a row does not sum to 1,000,000 or a loan leaps over a state.
    Raises: ProjectionRefused.
    """
    moves = matrix(roll)
    shape = (len(stresses.severity), rows.months)
    total = Flows(float(rows.balance[:, 0].sum()), *(np.zeros(shape) for _ in range(6)))
    behind = np.zeros(shape)
    for row in range(len(rates.lag)):
        _roll_bucket(rows, rates, row, moves, stresses, total, behind)
    return Rolled(total, behind)


def matrix(roll: Roll) -> Floats:
    """The chances of a month, (payments behind, payments behind or default), checked."""
    states = len(roll.rows_ppm)
    for behind, row in enumerate(roll.rows_ppm):
        right = len(row) == states + 1 and sum(row) == PPM and not any(row[behind + 2 : states])
        refused.assumption(right, f"row {behind} of the roll is not {states + 1} parts of 1,000,000, or leaps")
    return np.array(roll.rows_ppm) / PPM


def stressed(moves: Floats, times: Floats) -> Floats:
    """The chances of each scenario, (scenario, from, to): the worse ones multiplied, the others giving way."""
    states = len(moves)
    worse = np.triu(np.ones_like(moves), k=1)
    chance = (moves * worse).sum(axis=1)
    raised = np.minimum(times[:, None] * chance, 1.0)
    up = np.divide(raised, chance, out=np.ones_like(raised), where=chance > 0)
    down = np.divide(1.0 - raised, 1.0 - chance, out=np.zeros_like(raised), where=chance < 1)
    told = moves * np.where(worse > 0, up[..., None], down[..., None])
    stays = np.arange(states)
    told[:, stays, stays] += np.where(chance < 1, 0.0, 1.0 - raised)
    return np.asarray(told)


def _roll_bucket(
    rows: Schedule, rates: Rates, row: int, moves: Floats, stresses: Stresses, total: Flows, behind: Floats
) -> None:
    """One bucket, month by month; `share` of it, and what is unpaid, lies at each number of payments behind."""
    states = len(moves)
    before_, after_ = np.arange(states)[:, None] + 1.0, np.arange(states)
    paying = np.maximum(before_ - after_, 0.0) / before_
    scenarios = len(stresses.severity)
    share = np.zeros((scenarios, states))
    share[:, 0] = 1.0
    principal, interest = np.zeros_like(share), np.zeros_like(share)
    keeps = 1.0 - np.minimum(stresses.severity * rates.severity[row], 1.0)
    lag = int(rates.lag[row])
    for month in range(rows.months):
        opened, left = rows.balance[row, month], rows.balance[row, month + 1]
        chance = stressed(moves, stresses.default[:, month])
        alive = chance[:, :, :states]
        failed = ((principal + share * opened) * chance[:, :, states]).sum(axis=1)
        wanted = np.minimum(stresses.prepayment[:, month] * rates.prepayment[row, month], 1.0) * share[:, 0]
        principal += share * (opened - left)
        interest += share * rows.interest[row, month]
        total.scheduled[:, month] += np.einsum("si,sij,ij->s", principal, alive, paying)
        total.interest[:, month] += np.einsum("si,sij,ij->s", interest, alive, paying)
        principal = np.einsum("si,sij,ij->sj", principal, alive, 1.0 - paying)
        interest = np.einsum("si,sij,ij->sj", interest, alive, 1.0 - paying)
        share = np.einsum("si,sij->sj", share, alive)
        leaving = np.minimum(wanted, share[:, 0])
        share[:, 0] -= leaving
        total.prepaid[:, month] += leaving * left
        total.interest[:, month] += leaving * rows.accrued[row, month]
        total.defaults[:, month] += failed
        if month + lag < rows.months:
            total.recoveries[:, month + lag] += failed * keeps
        owed = share * left + principal
        total.balance[:, month] += owed.sum(axis=1)
        behind[:, month] += owed[:, 1:].sum(axis=1)
