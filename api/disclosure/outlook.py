"""The chapter about what was expected and what is: collections beside a projection, and what is still to be paid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from api.disclosure.cells import both, cell, less, projected, share, table, total
from api.disclosure.cells import row as line
from api.disclosure.facts import Facts
from api.disclosure.names import titles
from api.disclosure.pool import cash, totals
from securitization.deal import Deal
from securitization.deal_problems import Problem
from securitization.disclosure import Both, Chapter, Figure, Row, Table, Unit
from securitization.explain import Kind, PeriodResult
from securitization.periods import PoolPeriod, read_periods
from securitization.servicing import next_period

MOST_AHEAD = 60
"""Periods looked ahead."""


@dataclass(frozen=True)
class Projection:
    """What the pool was expected to bring, a period at a time, and the hash of the file that says so."""

    sha256: str
    periods: tuple[PoolPeriod, ...]


def read_projection(deal: Deal, text: str) -> Projection | Problem:
    """A periods file as a projection.

    Refused: periods.column, periods.value, periods.count.
    """
    found = read_periods(deal, text)
    if isinstance(found, Problem):
        return found
    return Projection(hashlib.sha256(text.encode()).hexdigest(), tuple(found))


def outlook(facts: Facts, projection: Projection | None) -> Chapter:
    """What was expected beside what came, and what is to come if the rest comes as expected."""
    title = both("Projection", "现金流预测")
    tables: tuple[Table, ...]
    if projection is None:
        note = both("No projection is on record.", "无现金流预测记录。")
        tables = (table("none", title, (("Amount", "金额"),), (), note),)
    else:
        tables = (_compared(facts, projection), _ahead(facts, projection))
    return Chapter(code="projection", section="3.3", title=title, tables=tables)


def _compared(facts: Facts, projection: Projection) -> Table:
    rows: list[Row] = []
    for paid in facts.paid:
        expected = projection.periods[paid.number - 1]
        own = str(paid.number)
        came = cash(paid)
        money = [projected(getattr(expected, name), projection.sha256, own, name) for name in _CASH]
        pairs = (
            ("cash", both("All money collected", "归集合计"), came, total(money)),
            (
                "default",
                both("New defaults", "新增违约"),
                totals(paid, "default_minor"),
                _said(projection, own, "defaults_minor"),
            ),
            (
                "balance",
                both("Balance at the end", "期末余额"),
                totals(paid, "balance_minor"),
                _said(projection, own, "balance_minor"),
            ),
        )
        for code, label, actual, planned in pairs:
            more = less(actual, planned)
            named = _of_period(label, own)
            cells = (cell(actual), cell(planned), cell(more), cell(share(more, planned), Unit.PPM))
            rows.append(line(f"{own}.{code}", named, *cells))
    columns = (("Came", "实际"), ("Projected", "预测"), ("More", "差异"), ("Of the projected", "差异率"))
    note = both(f"Projection of SHA-256 {projection.sha256}.", f"预测文件哈希 {projection.sha256}。")
    return table("compared", both("What came beside what was projected", "实际与预测比较"), columns, rows, note)


_CASH = ("interest_minor", "principal_minor", "recoveries_minor")


def _said(projection: Projection, number: str, name: str) -> Figure:
    return projected(getattr(projection.periods[int(number) - 1], name), projection.sha256, number, name)


def _ahead(facts: Facts, projection: Projection) -> Table:
    """The deal's own waterfall over what is projected, from how it stands after the last payment."""
    rows: list[Row] = []
    stands = facts.last.payment.after
    for pool in projection.periods[facts.last.number :][:MOST_AHEAD]:
        result, stands = next_period(facts.deal, stands, pool)
        for tranche in facts.deal.tranches:
            flows = [_flow(result, tranche.name, kind) for kind in (Kind.INTEREST, Kind.PRINCIPAL, Kind.RESIDUAL)]
            flows.append(result.figures[f"tranche.{tranche.name}.balance"])
            names = ("interest", "principal", "residual", "balance")
            cells = [
                cell(projected(value, projection.sha256, "paid", result.number, tranche.name, name))
                for name, value in zip(names, flows, strict=True)
            ]
            own = str(result.number)
            rows.append(line(f"{own}.{tranche.name}", _of_period(titles(facts.deal)[tranche.name], own), *cells))
    columns = (("Interest", "利息"), ("Principal", "本金"), ("Residual", "剩余收益"), ("Owed after", "期末本金"))
    note = both("If all that is left comes as projected.", "假设后续现金流与预测一致。")
    return table("ahead", both("What is to come", "后续兑付预测"), columns, rows, note)


def _flow(result: PeriodResult, name: str, kind: Kind) -> int:
    return sum(one.amount_minor for one in result.payments if one.kind is kind and one.to == name)


def _of_period(label: Both, number: str) -> Both:
    return both(f"{label.en}, period {number}", f"{label.zh}，第{number}期")
