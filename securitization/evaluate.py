"""The plain evaluator: a deal and the pool's periods give every payment, to the minor unit, with its reasons.

This is the specification, and what is posted. A period runs: money comes in; interest, hedges, fees fall due; triggers
of the collection are checked; the waterfall of the status in force runs; triggers of the payment are checked, for the
next period. `analytics.vectors` does the same over scenarios and must agree exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

from securitization.accruals import accrue
from securitization.deal import Deal, deal_hash, waterfall_of
from securitization.deal_checks import check_deal
from securitization.deal_problems import Problem
from securitization.deal_triggers import CheckPoint
from securitization.explain import Check, DealRun, Kind, Payment, PeriodResult, Reason, Rule
from securitization.periods import PoolPeriod, check_periods
from securitization.running import Running, begin, open_period, worth
from securitization.stepping import take_step
from securitization.trigger import after_check, comparison, fails, status_of


def run_deal(deal: Deal, periods: Sequence[PoolPeriod]) -> DealRun | Problem:
    """Run a deal over the pool's periods.

    Refused: whatever `check_deal` and `check_periods` refuse, the first problem of it.
    """
    problem = next(iter(check_deal(deal)), None) or check_periods(deal, periods)
    return problem or run_checked(deal, periods)


def run_checked(deal: Deal, periods: Sequence[PoolPeriod]) -> DealRun:
    """Run a deal that was checked, over periods that were."""
    now = begin(deal, periods[0])
    results = tuple(run_period(now, number, pool) for number, pool in enumerate(periods, start=1))
    return DealRun(deal_sha256=deal_hash(deal), periods=results)


def run_period(now: Running, number: int, pool: PoolPeriod) -> PeriodResult:
    """Run the next period of a deal that is under way, and leave the deal as it is after the payment."""
    open_period(now, number, pool)
    payments = [*_collect(now), *accrue(now)]
    checks = _check(now, CheckPoint.COLLECTION)
    status = now.status
    for place, step in enumerate(waterfall_of(now.deal, status) or ()):
        payments += take_step(now, step, f"$.waterfalls.{status}[{place}]")
    checks += _check(now, CheckPoint.PAYMENT)
    return PeriodResult(
        number=number, status=status, payments=tuple(payments), checks=tuple(checks), figures=figures_of(now)
    )


def _collect(now: Running) -> list[Payment]:
    """Put the pool's money into its accounts."""
    into = now.deal.collections
    came_in = (
        ("interest", into.interest, now.pool.interest_minor),
        ("principal", into.principal, now.pool.principal_minor),
        ("recoveries", into.recoveries, now.pool.recoveries_minor),
    )
    told: list[Payment] = []
    for what, account, amount in came_in:
        now.accounts[account] += amount
        why = Reason(rule=Rule.COLLECTED, value=amount, subject=what)
        path = f"$.collections.{what}"
        told.append(Payment(path=path, kind=Kind.COLLECTION, account=account, to=account, amount_minor=amount, why=why))
    return told


def _check(now: Running, point: CheckPoint) -> list[Check]:
    """Check the triggers of one point in their order, then take the status they lead to."""
    told: list[Check] = []
    for trigger in now.deal.triggers:
        if trigger.checked is not point:
            continue
        test, window = comparison(trigger.test), now.windows[trigger.name]
        left, right = worth(now, test.left), worth(now, test.right)
        window.append((left.value, right.value))
        del window[: -test.window]
        lefts, rights = sum(pair[0] for pair in window), sum(pair[1] for pair in window)
        tested = len(window) == test.window
        failed = tested and fails(test.relation, lefts, rights, test.ratio_ppm)
        state = now.triggers[trigger.name]
        if tested:
            state = after_check(trigger, state, failed)
            now.triggers[trigger.name] = state
        told.append(
            Check(
                trigger=trigger.name,
                tested=tested,
                left=lefts,
                right=rights,
                failed=failed,
                strikes=state.strikes,
                tripped=state.tripped,
                parts=(left, right),
            )
        )
    now.status = status_of([trigger.status for trigger in now.deal.triggers if now.triggers[trigger.name].tripped])
    return told


def figures_of(now: Running) -> dict[str, int]:
    """Every figure of the deal as it stands, by name."""
    figures: dict[str, int] = {}
    for name, tranche in now.tranches.items():
        figures[f"tranche.{name}.balance"] = tranche.balance
        figures[f"tranche.{name}.interest_due"] = tranche.interest_due
    for name, amount in now.accounts.items():
        figures[f"account.{name}"] = amount
    for name, due in now.fees.items():
        figures[f"fee.{name}.due"] = due.amount
    for name, due in now.hedges.items():
        figures[f"hedge.{name}.due"] = due.amount
    for name, support in now.supports.items():
        figures[f"support.{name}.used"] = support.used
        figures[f"support.{name}.owed"] = support.owed
        figures[f"support.{name}.interest_due"] = support.interest_due
    for name, trigger in now.triggers.items():
        figures[f"trigger.{name}.strikes"] = trigger.strikes
        figures[f"trigger.{name}.tripped"] = int(trigger.tripped)
    return figures
