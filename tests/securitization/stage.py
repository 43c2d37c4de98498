"""Plays text scenarios of a deal: what the pool brings in each year, and who is paid what, in whole units.

A year has 365 days, so 5 % of 1,000 is 50. A line is a year: what the pool does, `->`, what is paid and how things
stand. `interest senior 50` is a payment, `senior=950` a balance, `cash=0` an account, `early_amortisation` the status.
"""

from __future__ import annotations

import json
from typing import Any

from securitization.deal import Deal, read_deal
from securitization.deal_checks import check_deal
from securitization.evaluate import run_deal
from securitization.explain import DealRun, PeriodResult
from securitization.periods import PoolPeriod

Json = dict[str, Any]
STATUSES = ("normal", "clean_up", "early_amortisation", "event_of_default")
SHORT = {"support_draw": "draw", "account_draw": "draw", "support_principal": "repay", "support_interest": "premium"}


def titled(name: str) -> Json:
    return {"en": name, "zh": name}


def tranche(
    name: str, seniority: int, face: int, rate: int | Json = 0, principal: Json | None = None, **more: Any
) -> Json:
    """A tranche; `rate` in ppm, or a whole coupon."""
    coupon = rate if isinstance(rate, dict) else {"is": "fixed", "rate_ppm": rate} if rate else {"is": "none"}
    kind = principal or {"is": "pass_through"}
    terms: Json = {"name": name, "title": titled(name), "seniority": seniority, "face_minor": face, "coupon": coupon}
    return terms | {"day_count": "act_365", "principal": kind} | more


def account(name: str, opening: int = 0, target: Json | None = None) -> Json:
    return {"name": name, "title": titled(name), "opening_minor": opening, "target": target}


def fee(name: str, charge: Json, **more: Any) -> Json:
    return {"name": name, "title": titled(name), "charge": charge, **more}


def support(name: str, kind: str, limit: int, recourse: bool = True, **more: Any) -> Json:
    terms: Json = {"name": name, "title": titled(name), "kind": kind, "limit_minor": limit, "recourse": recourse}
    return terms | more


def trigger(name: str, test: Json, status: str, checked: str = "collection", **more: Any) -> Json:
    return {"name": name, "title": titled(name), "test": test, "checked": checked, "status": status, **more}


def amount(minor: int) -> Json:
    return {"is": "amount", "amount_minor": minor}


def pool(figure: str) -> Json:
    return {"is": "pool", "figure": figure}


def step(kind: str, source: str = "cash", **more: Any) -> Json:
    return {"is": kind, "from_account": source, **more}


class Stage:
    """A deal on stage."""

    def __init__(self, years: int, tranches: list[Json], waterfall: list[Json], **more: Any) -> None:
        faces = sum(one["face_minor"] for one in tranches)
        days = [{"start": f"{2025 + n}-01-01", "end": f"{2026 + n}-01-01"} for n in range(years)]
        if years > 3:
            raise ValueError("2028 is a leap year")
        text = {
            "format": 1,
            "name": "stage",
            "title": titled("stage"),
            "currency": "CNY",
            "issue_minor": faces,
            "pool": {"initial_balance_minor": faces, "initial_valuation_minor": 2 * faces},
            "periods": [one | {"record_date": one["end"], "payment_date": one["end"]} for one in days],
            "tranches": tranches,
            "accounts": [account("cash")],
            "collections": {"interest": "cash", "principal": "cash", "recoveries": "cash"},
        } | more
        text["waterfalls"] = {"normal": waterfall} | more.get("waterfalls", {})
        deal = read_deal(json.dumps(text))
        assert isinstance(deal, Deal), deal
        assert check_deal(deal) == []
        self.deal = deal

    def plays(self, scenario: str) -> DealRun:
        """Run the years of a scenario and compare; what is not mentioned is not compared."""
        lines = [line.strip() for line in scenario.splitlines() if line.strip()]
        balance, years = self.deal.pool.initial_balance_minor, list[PoolPeriod]()
        for line in lines:
            given = line.partition("->")[0].split()
            figures: dict[str, Any] = dict.fromkeys(
                ["interest", "principal", "recoveries", "defaults", "rights"], 0
            ) | {"valuation": self.deal.pool.initial_valuation_minor}
            rates, events, failed = dict.fromkeys(self.deal.indexes, 0), dict.fromkeys(self.deal.events, 0), list[str]()
            for name, value in zip(given[::2], given[1::2], strict=True):
                if name in rates:
                    rates[name] = int(value)
                elif name in events:
                    events[name] = int(value)
                elif name == "fails":
                    failed.append(value)
                else:
                    figures[name] = int(value)
            balance = figures.pop("balance", max(0, balance - figures["principal"] - figures["defaults"]))
            years.append(
                PoolPeriod(
                    **{f"{name}_minor": value for name, value in figures.items() if name != "rights"},
                    balance_minor=balance,
                    invalidated_rights=figures["rights"],
                    rates_ppm=rates,
                    events=events,
                    failed_supports=tuple(failed),
                )
            )
        run = run_deal(self.deal, years)
        assert isinstance(run, DealRun), run
        for line, period in zip(lines, run.periods, strict=True):
            for wanted in line.partition("->")[2].split(","):
                found = told(period, wanted.strip())
                assert found == wanted.strip(), f"year {period.number}: {line}"
        return run


def told(period: PeriodResult, wanted: str) -> str:
    """What happened, in the words in which it was asked."""
    if wanted in STATUSES:
        return str(period.status)
    if "=" in wanted:
        name = wanted.partition("=")[0]
        figures = period.figures
        for key in (f"tranche.{name}.balance", f"account.{name}", f"support.{name}.owed", name):
            if key in figures:
                return f"{name}={figures[key]}"
    kind, name, _ = wanted.split()
    paid = [p.amount_minor for p in period.payments if p.to == name and kind in {p.kind, SHORT.get(p.kind)}]
    return f"{kind} {name} {sum(paid)}" if paid else f"{kind} {name} never"
