"""Two deals whose cash flows another engine has published, rebuilt as deals of ours and compared line by line.

Source: AbsBox, the benchmark answers of its US test deals (github.com/yellowbean/AbsBox, absbox/tests/benchmark/us:
resp/test01.out.json at commit 0549851, resp/test02.out.json at commit ae1d3a2): flows of pool, fee and bonds.
Only figures are taken over. Both deals stand on one loan of 2,200 at 8 % over 20 months, first paid in January 2022,
with defaults and prepayments that the published pool flow already has.

Tolerance: three cents on a flow, eight on a balance and on the flow that ends a class. That engine cuts every accrual
of interest off at the cent, and what it cuts off pays principal; here interest is kept exactly and rounded half even as
it falls due. So the balances part by a cent a month at most, and the last flow of a class makes up for it.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from securitization.analytics.vectors import run_scenarios
from securitization.deal import Deal, read_deal
from securitization.deal_checks import check_deal
from securitization.deal_problems import Problem
from securitization.evaluate import run_deal
from securitization.explain import DealRun, Kind
from securitization.periods import PoolPeriod

EXAMPLE = Path(__file__).parents[2] / "securitization/examples/two_classes.json"
TOLERANCE, TOGETHER = 3, 8
ENDS = ("2022-10", "2023-07")
"""The months in which the seniors and b end."""
CLOSING, FIRST_PAYMENT = date(2021, 6, 15), date(2021, 7, 26)
MONTHS = 27  # payments from July 2021 to September 2023

POOL = """
2022-01  14.52 121.77 1.87 2076.36
2022-02  13.70 120.35 1.77 1954.24
2022-03  12.91 117.35 1.50 1835.39
2022-04  12.11 117.65 1.56 1716.18
2022-05  11.33 115.81 1.41 1598.96
2022-06  10.55 114.95 1.36 1482.65
2022-07   9.79 113.20 1.22 1368.23
2022-08   9.03 112.29 1.16 1254.78
2022-09   8.28 110.96 1.07 1142.75
2022-10   7.54 109.36 0.94 1032.45
2022-11   6.81 108.39 0.88  923.18
2022-12   6.09 106.88 0.76  815.54
2023-01   5.38 105.87 0.69  708.98
2023-02   4.67 104.62 0.60  603.76
2023-03   3.98 102.95 0.46  500.35
2023-04   3.30 102.23 0.42  397.70
2023-05   2.62 100.93 0.32  296.45
2023-06   1.95  99.84 0.25  196.36
2023-07   1.29  98.62 0.16   97.58
2023-08   0.64  97.50 0.08    0.00
"""
"""Month of collection: interest, principal with prepayments, newly defaulted, balance at its end."""

ONE_SENIOR = """
2022-02  48.93  57.36  942.64    0.00   0.00
2022-03   5.06 128.99  813.65    0.00   0.00
2022-04   4.83 125.43  688.22    0.00   0.00
2022-05   3.95 125.81  562.41    0.00   0.00
2022-06   3.34 123.80  438.61    0.00   0.00
2022-07   2.52 122.98  315.63    0.00   0.00
2022-08   1.87 121.12  194.51    0.00   0.00
2022-09   1.15 120.17   74.34    0.00   0.00
2022-10   0.42  74.34    0.00   44.48   0.00
2022-11   0.00   0.00    0.00  116.90   0.00
2022-12   0.00   0.00    0.00  115.20   0.00
2023-01   0.00   0.00    0.00  112.97   0.00
2023-02   0.00   0.00    0.00  111.25   0.00
2023-03   0.00   0.00    0.00  109.29   0.00
2023-04   0.00   0.00    0.00  106.93   0.00
2023-05   0.00   0.00    0.00  105.53   0.00
2023-06   0.00   0.00    0.00  103.55   0.00
2023-07   0.00   0.00    0.00   73.90  27.89
2023-08   0.00   0.00    0.00    0.00  99.91
2023-09   0.00   0.00    0.00    0.00  98.14
"""
"""test01. Month of payment: A1's interest, principal and balance, B's principal and its yield, the rest."""

TWO_SENIORS = """
2022-02  24.45  28.69  471.31
2022-03   2.53  64.49  406.82
2022-04   2.41  62.72  344.10
2022-05   1.97  62.91  281.19
2022-06   1.67  61.90  219.29
2022-07   1.26  61.49  157.80
2022-08   0.93  60.56   97.24
2022-09   0.57  60.09   37.15
2022-10   0.21  37.15    0.00
"""
"""test02. A1 and A2, each: interest, principal, balance. What B leaves stays in the account: 225.98 at the end."""


def table(text: str) -> dict[str, list[int]]:
    """The rows of a table by month. Units: cents."""
    rows = (line.split() for line in text.strip().splitlines())
    return {row[0]: [round(float(value) * 100) for value in row[1:]] for row in rows}


def month(day: date) -> str:
    """A day's month, as the tables name it."""
    return f"{day:%Y-%m}"


def payment_dates() -> list[date]:
    """26 July 2021, then the 20th of each month."""
    later = [date(2021 + place // 12, place % 12 + 1, 20) for place in range(7, 7 + MONTHS - 1)]
    return [FIRST_PAYMENT, *later]


def tranche(name: str, seniority: int, face: int, rate_ppm: int) -> dict[str, Any]:
    """A class of one of the deals. Units: `face` in cents."""
    fixed = {"is": "fixed", "rate_ppm": rate_ppm} if rate_ppm else {"is": "none"}
    return {
        "name": name,
        "title": {"en": name, "zh": name},
        "seniority": seniority,
        "face_minor": face,
        "coupon": fixed,
        "day_count": "act_365",
        "principal": {"is": "pass_through"},
        "unpaid_interest": "compounding" if rate_ppm else "carried",
        "capitalise_until_period": 0,
    }


def deal_of(seniors: dict[str, int]) -> Deal:
    """A fee of 30 once, the seniors side by side, B for the rest. Units: cents of face by name."""
    begins = [CLOSING, *payment_dates()]
    periods = [
        {
            "start": str(start),
            "end": str(end),
            "record_date": str(end - timedelta(days=1)),
            "payment_date": str(end),
        }
        for start, end in pairwise(begins)
    ]
    pay = {"from_account": "cash"}
    steps: list[dict[str, Any]] = [
        {"is": "pay_fees", **pay, "fees": ["trustee"], "order": "sequential", "limit": None},
        {"is": "pay_interest", **pay, "tranches": list(seniors), "order": "pro_rata"},
        *(
            {"is": "pay_principal", **pay, "tranches": names, "order": order, "shares_ppm": [], "limit": None,
             "accelerated": False}
            for names, order in ((list(seniors), "pro_rata"), (["b"], "sequential"))
        ),
        {"is": "pay_residual", **pay, "tranche": "b"},
    ]  # fmt: skip
    deal = json.loads(EXAMPLE.read_text()) | {
        "name": "published",
        "sources": ["AbsBox, US benchmark deals"],
        "currency": "USD",
        "issue_minor": 200_000,
        "pool": {"initial_balance_minor": 220_000, "initial_valuation_minor": 220_000},
        "periods": periods,
        "tranches": [*(tranche(name, 1, face, 70_000) for name, face in seniors.items()), tranche("b", 2, 100_000, 0)],
        "accounts": [{"name": "cash", "title": {"en": "c", "zh": "c"}, "opening_minor": 0, "target": None}],
        "supports": [],
        "triggers": [],
        "waterfalls": {"normal": steps, "clean_up": None, "early_amortisation": None, "event_of_default": None},
    }
    deal["fees"][0] |= {"charge": {"is": "flat", "amount_minor": 3_000}, "every_periods": MONTHS}
    read = read_deal(json.dumps(deal))
    assert not isinstance(read, Problem), read
    assert list(check_deal(read)) == []
    return read


def pool_periods() -> list[PoolPeriod]:
    """What had come in by the end of the month before each payment."""
    collected, balance, found = table(POOL), 220_000, []
    for day in payment_dates():
        interest, principal, defaulted, left = collected.get(
            month(day.replace(day=1) - timedelta(days=1)), [0, 0, 0, balance]
        )
        assert balance - principal - defaulted == left, f"the published pool balances in {day}"
        balance = left
        found.append(
            PoolPeriod(
                interest_minor=interest,
                principal_minor=principal,
                recoveries_minor=0,
                defaults_minor=defaulted,
                balance_minor=left,
                valuation_minor=left,
            )
        )
    return found


def paid(run: DealRun, kind: Kind, to: str) -> dict[str, int]:
    """What one class got of a kind, by month. Units: cents."""
    days = payment_dates()
    found: dict[str, int] = {}
    for period, day in zip(run.periods, days, strict=True):
        amount = sum(each.amount_minor for each in period.payments if each.kind is kind and each.to == to)
        found[month(day)] = amount
    return found


def balances(run: DealRun, name: str) -> dict[str, int]:
    """A class's balance after each payment, by month."""
    return {
        month(day): period.figures[f"tranche.{name}.balance"]
        for period, day in zip(run.periods, payment_dates(), strict=True)
    }


def run_of(seniors: dict[str, int]) -> DealRun:
    """The run of a deal."""
    run = run_deal(deal_of(seniors), pool_periods())
    assert not isinstance(run, Problem), run
    return run


def agrees(ours: dict[str, int], published: dict[str, int], tolerance: int = TOLERANCE) -> None:
    """Every month within its tolerance, and nothing in the months that nobody published a flow for."""
    differ = {
        when: (amount, published.get(when, 0))
        for when, amount in ours.items()
        if abs(amount - published.get(when, 0)) > (TOGETHER if when in ENDS else tolerance)
    }
    assert differ == {}, f"ours, published, in cents: {differ}"


def test_one_senior_and_the_rest_is_what_was_published() -> None:
    run, rows = run_of({"a1": 100_000}), table(ONE_SENIOR)
    columns = [{when: row[place] for when, row in rows.items()} for place in range(5)]
    for kind, to, place in (
        (Kind.INTEREST, "a1", 0),
        (Kind.PRINCIPAL, "a1", 1),
        (Kind.PRINCIPAL, "b", 3),
        (Kind.RESIDUAL, "b", 4),
    ):
        agrees(paid(run, kind, to), columns[place])
    before = dict.fromkeys((month(day) for day in payment_dates() if month(day) < "2022-02"), 100_000)
    agrees(balances(run, "a1"), before | columns[2], TOGETHER)
    fee = {when: amount for when, amount in paid(run, Kind.FEE, "trustee").items() if amount}
    assert fee == {"2022-02": 3_000}
    for kind, to, place in ((Kind.PRINCIPAL, "a1", 1), (Kind.PRINCIPAL, "b", 3)):
        assert sum(paid(run, kind, to).values()) == sum(columns[place].values()) == 100_000


def test_two_seniors_side_by_side_are_what_was_published() -> None:
    run, rows = run_of({"a1": 50_000, "a2": 50_000}), table(TWO_SENIORS)
    columns = [{when: row[place] for when, row in rows.items()} for place in range(3)]
    for name in ("a1", "a2"):
        agrees(paid(run, Kind.INTEREST, name), columns[0])
        agrees(paid(run, Kind.PRINCIPAL, name), columns[1])
        before = dict.fromkeys((month(day) for day in payment_dates() if month(day) < "2022-02"), 50_000)
        agrees(balances(run, name), before | columns[2], TOGETHER)
    rest = sum(paid(run, Kind.RESIDUAL, "b").values())
    assert rest == pytest.approx(22_598, abs=2 * TOGETHER)  # of two classes


def test_the_two_evaluators_agree_on_both() -> None:
    for seniors in ({"a1": 100_000}, {"a1": 50_000, "a2": 50_000}):
        deal, periods = deal_of(seniors), pool_periods()
        run = run_of(seniors)
        vectors = run_scenarios(deal, [periods])
        assert not isinstance(vectors, Problem)
        for name in (*seniors, "b"):
            ours = [period.figures[f"tranche.{name}.balance"] for period in run.periods]
            assert [int(value) for value in vectors.figures[f"tranche.{name}.balance"][0]] == ours
