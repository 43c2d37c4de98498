"""Deals put together by chance that pass every static check, with pools that pay too little, enough and too much.

Everything the language has occurs: each kind of tranche, coupon, fee, support, hedge, trigger, step and formula.
`Maker` draws one deal, `scenarios` draws periods, `at_the_edge` bends a pool until a trigger stands on its threshold.
"""

from __future__ import annotations

from datetime import date
from random import Random  # noqa: TID251 - seeded, and the seed names the deal
from typing import Any

import msgspec

from securitization.deal import Deal, Period, canonical_deal, read_deal
from securitization.deal_formulas import PPM
from securitization.evaluate import run_checked
from securitization.periods import PoolPeriod
from securitization.schedule import months_after
from securitization.trigger import comparison

UNIT = 1_000_000
"""Faces and first balances are multiples of a million, so that every threshold in ppm of them is a whole number."""

Json = dict[str, Any]


def title(name: str) -> Json:
    return {"en": name.replace("_", " "), "zh": f"名称 {name}"}


class Maker:
    """One deal by chance."""

    def __init__(self, seed: int, *, edge: bool = False) -> None:
        self.chance = Random(seed)
        self.edge = edge
        self.count = self.chance.randint(2, 9)
        self.deal = self._deal(seed)

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def _deal(self, seed: int) -> Deal:
        pick = self.chance
        self.indexes = ["lpr"] if self.often(0.7) else []
        self.events = ["meeting"] if self.often(0.4) else []
        self.split = self.often(0.4)
        self.reserved = self.often(0.6)
        self.tranches = self._tranches()
        self.names = [one["name"] for one in self.tranches]
        self.owing = [one for one in self.tranches if one["principal"]["is"] != "interest_only"]
        self.bearing = [
            one
            for one in self.tranches
            if one["coupon"]["is"] != "none" and one.get("capitalise_until_period", 0) < self.count
        ]
        self.residual = max(self.owing, key=lambda one: one["seniority"])["name"]
        self.accounts = ["cash", *(["principal"] if self.split else []), *(["reserve"] if self.reserved else [])]
        issue = sum(one["face_minor"] for one in self.tranches)
        self.issue = issue
        self.fees = [self._fee(f"fee_{letter}") for letter in "abc"[: pick.randint(0, 3)]]
        self.supports = [self._support(name) for name in ("line", "guarantor")[: pick.randint(0, 2)]]
        self.hedges = [self._hedge()] if self.indexes and self.often(0.5) else []
        triggers = [self._trigger(f"test_{letter}") for letter in "abc"[: pick.randint(1 if self.edge else 0, 3)]]
        statuses = sorted({one["status"] for one in triggers})
        waterfalls = {"normal": self._waterfall("normal")} | {one: self._waterfall(one) for one in statuses}
        used = msgspec.json.encode([self.tranches, self.fees, self.hedges]).decode()
        text = msgspec.json.encode(
            {
                "format": 1,
                "name": f"deal_{seed}",
                "title": title("deal"),
                "currency": "CNY",
                "issue_minor": issue,
                "pool": {
                    "initial_balance_minor": issue + UNIT * pick.randint(0, 5),
                    "initial_valuation_minor": issue * pick.randint(1, 3),
                },
                "periods": msgspec.to_builtins(self._periods()),
                "indexes": [one for one in self.indexes if f'"index":"{one}"' in used],
                "events": [one for one in self.events if f'"event":"{one}"' in used],
                "tranches": self.tranches,
                "accounts": self._account_terms(),
                "collections": {
                    "interest": "cash",
                    "principal": "principal" if self.split else "cash",
                    "recoveries": "principal" if self.split and self.often(0.5) else "cash",
                },
                "fees": self.fees,
                "supports": self.supports,
                "hedges": self.hedges,
                "triggers": triggers,
                "waterfalls": waterfalls,
            }
        ).decode()
        deal = read_deal(text)
        assert isinstance(deal, Deal), (deal, text)
        assert read_deal(canonical_deal(deal)) == deal
        return deal

    def _periods(self) -> list[Period]:
        months = self.chance.choice([1, 3, 6, 12])
        start = self.chance.choice([date(2024, 1, 31), date(2023, 11, 30), date(2024, 2, 28), date(2025, 6, 15)])
        found = []
        for number in range(self.count):
            begin, end = months_after(start, months * number), months_after(start, months * (number + 1))
            found.append(
                Period(
                    start=begin.isoformat(),
                    end=end.isoformat(),
                    record_date=end.isoformat(),
                    payment_date=end.isoformat(),
                )
            )
        return found

    # --- Terms

    def _coupon(self) -> Json:
        kind = self.chance.choice(["fixed", "fixed", "stepped", "floating", "none"])
        rate = self.chance.choice([0, 1, 21_999, 38_000, 52_500, 120_001, 1_000_000])
        if kind == "stepped":
            begins = [1, *sorted(self.chance.sample(range(2, self.count + 1), min(2, self.count - 1)))]
            return {
                "is": "stepped",
                "steps": [{"from_period": n, "rate_ppm": rate // (place + 1)} for place, n in enumerate(begins)],
            }
        if kind == "floating" and self.indexes:
            floor = self.chance.choice([0, 5_000])
            cap = self.chance.choice([None, floor, 60_000])
            spread = self.chance.randint(-20_000, 30_000)
            return {"is": "floating", "index": "lpr", "spread_ppm": spread, "floor_ppm": floor, "cap_ppm": cap}
        return {"is": "none"} if kind == "none" else {"is": "fixed", "rate_ppm": rate}

    def _tranches(self) -> list[Json]:
        pick = self.chance
        found: list[Json] = []
        rank = 1
        for letter in "abcd"[: pick.randint(1, 4)]:
            face = UNIT * pick.choice([1, 7, 30, 200])
            kind = pick.choice(["pass_through", "pass_through", "planned", "bullet"])
            principal: Json = {"is": kind}
            if kind == "planned":
                levels = sorted((pick.randint(0, face) for _ in range(self.count - 1)), reverse=True)
                principal["balances_minor"] = [*levels, 0]
            if kind == "bullet":
                principal["period"] = pick.randint(1, self.count)
            coupon = self._coupon()
            found.append(
                {
                    "name": f"class_{letter}",
                    "title": title(f"class {letter}"),
                    "seniority": rank,
                    "face_minor": face,
                    "coupon": coupon,
                    "day_count": pick.choice(["act_365", "act_360", "thirty_e_360"]),
                    "principal": principal,
                    "unpaid_interest": pick.choice(["carried", "compounding"]),
                    "capitalise_until_period": pick.randint(1, self.count)
                    if coupon["is"] != "none" and self.often(0.15)
                    else 0,
                }
            )
            rank += 0 if self.often(0.25) else 1
        if self.often(0.2):
            of = [one["name"] for one in pick.sample(found, pick.randint(1, len(found)))]
            found.insert(
                pick.randint(0, 1),
                {
                    "name": "strip",
                    "title": title("strip"),
                    "seniority": 1,
                    "face_minor": 0,
                    "coupon": {"is": "fixed", "rate_ppm": 2_345},
                    "day_count": "act_365",
                    "principal": {"is": "interest_only", "notional_of": of},
                    "unpaid_interest": pick.choice(["carried", "compounding"]),
                },
            )
        return found

    def _account_terms(self) -> list[Json]:
        found: list[Json] = []
        for name in self.accounts:
            terms: Json = {"name": name, "title": title(name), "opening_minor": self.chance.choice([0, 0, 123_457])}
            if name == "reserve":
                terms["target"] = self._formula(2, "target")
            found.append(terms)
        return found

    def _fee(self, name: str) -> Json:
        pick, kind = self.chance, self.chance.choice(["flat", "rate", "tiered", "event"])
        charge: Json = {"is": kind}
        day_count = pick.choice([None, "act_365", "thirty_e_360"])
        every = 1
        match kind:
            case "flat":
                charge["amount_minor"], every = pick.choice([0, 1, 50_000]), pick.randint(1, 3)
            case "rate":
                charge |= {"rate_ppm": pick.choice([1, 999, 2_500]), "base": self._formula(2, "accrual")}
                charge["day_count"], every = day_count, 1 if day_count else pick.randint(1, 2)
            case "tiered":
                bands = [{"up_to_minor": UNIT * n, "rate_ppm": pick.randint(0, 9_999)} for n in (1, 20)]
                charge |= {"bands": [*bands, {"up_to_minor": None, "rate_ppm": 500}], "day_count": day_count}
                charge["base"] = self._formula(2, "accrual")
            case _:
                if self.events:
                    charge |= {"event": "meeting", "amount_minor": 80_001}
                else:
                    charge = {"is": "flat", "amount_minor": 3}
        low = pick.choice([0, 0, 1_000]) if charge["is"] != "event" else 0
        return {
            "name": name,
            "title": title(name),
            "charge": charge,
            "minimum_minor": low,
            "maximum_minor": pick.choice([None, low, 70_000]),
            "vat_ppm": pick.choice([0, 0, 60_000]),
            "first_period": pick.randint(1, 2),
            "every_periods": every,
        }

    def _support(self, name: str) -> Json:
        recourse = self.often(0.7)
        return {
            "name": name,
            "title": title(name),
            "kind": "liquidity" if name == "line" else self.chance.choice(["guarantee", "difference"]),
            "limit_minor": self.chance.choice([0, 5, 300_000, UNIT * 10, UNIT * 500]),
            "recourse": recourse,
            "restores": recourse and self.often(0.5),
            "rate_ppm": self.chance.choice([0, 45_000]) if recourse else 0,
        }

    def _hedge(self) -> Json:
        kind = self.chance.choice(["swap", "cap", "floor"])
        if kind == "swap":
            legs: list[Json] = [
                {"is": "floating", "index": "lpr", "spread_ppm": self.chance.randint(-9_000, 9_000)},
                {"is": "fixed", "rate_ppm": 31_000},
            ]
            self.chance.shuffle(legs)
            terms: Json = {"is": "swap", "receive": legs[0], "pay": legs[1]}
        else:
            terms = {"is": kind, "index": "lpr", "strike_ppm": 30_000, "premium_minor": self.chance.choice([0, 77])}
        return {
            "name": "hedge",
            "title": title("hedge"),
            "terms": terms,
            "notional": self._formula(2, "accrual"),
            "day_count": "act_360",
            "account": "cash",
        }

    # --- Formulas

    def _formula(self, depth: int, place: str) -> Json:
        pick = self.chance
        if depth and self.often(0.6):
            kind = pick.choice(["share", "share", "sum", "less", "least", "most"])
            inner = [self._formula(depth - 1, place) for _ in range(2)]
            if kind == "share":
                rounding = pick.choice(["floor", "half_even", "ceil"])
                return {"is": "share", "rate_ppm": pick.randint(0, 1_500_000), "of": inner[0], "rounding": rounding}
            if kind == "less":
                return {"is": "less", "of": inner[0], "minus": inner[1]}
            return {"is": kind, "of": inner}
        leaves = ["amount", "pool", "pool", "tranches"]
        if place != "accrual":
            leaves += ["account", "tranches_due"]
            leaves += ["fees_due"] if self.fees else []
            leaves += ["support"] if self.supports else []
            leaves += ["target"] if self.reserved and place == "step" else []
        kind = pick.choice(leaves)
        some = sorted(pick.sample(self.names, pick.randint(1, len(self.names))))
        match kind:
            case "amount":
                return {"is": "amount", "amount_minor": pick.choice([0, 1, 10_007, UNIT])}
            case "pool":
                figures = ["balance", "opening_balance", "initial_balance", "interest", "principal", "recoveries"]
                figures += ["collections", "defaults", "cumulative_defaults", "valuation", "initial_valuation"]
                return {"is": "pool", "figure": pick.choice([*figures, "invalidated_rights"])}
            case "tranches":
                return {"is": "tranches", "figure": pick.choice(["balance", "face"]), "tranches": some}
            case "tranches_due":
                figure = pick.choice(["interest_accrued", "interest_due", "principal_due"])
                return {"is": "tranches", "figure": figure, "tranches": some}
            case "fees_due":
                return {"is": "fees_due", "fees": [one["name"] for one in self.fees]}
            case "account":
                return {"is": "account", "account": pick.choice(self.accounts)}
            case "support":
                figure = pick.choice(["available", "owed", "failed"])
                return {"is": "support", "figure": figure, "support": self.supports[0]["name"]}
            case _:
                return {"is": "target", "account": "reserve"}

    # --- Triggers

    def _trigger(self, name: str) -> Json:
        pick = self.chance
        owing = [one["name"] for one in self.owing]
        bearing = [one["name"] for one in self.bearing]
        kinds = ["overcollateralisation", "cumulative_default", "valuation", "invalidation", "principal_unpaid"]
        kinds += ["interest_coverage", "interest_unpaid"] if bearing else []
        kinds += ["compare"] * 2
        kinds += ["support_failed"] if self.supports else []
        edge = self.edge and name == "test_a"
        if edge:
            kinds = ["overcollateralisation", "cumulative_default", "valuation", "invalidation", "compare"]
            kinds += ["interest_coverage"] if bearing else []
        if name != "test_a":
            kinds.append("follows")
        kind = pick.choice(kinds)
        point = pick.choice(["collection", "payment"])
        test: Json = {"is": kind}
        ratio = UNIT * pick.randint(1, 2) if edge else pick.choice([UNIT, 1_050_000, 999_999, 1_250_000])
        some = owing[: pick.randint(1, len(owing))]
        match kind:
            case "overcollateralisation":
                test |= {"tranches": some, "minimum_ppm": ratio}
            case "cumulative_default":
                test["maximum_ppm"] = pick.choice([0, 1, 50_000, 123_457])
            case "valuation":
                test["minimum_ppm"] = pick.choice([500_000, 800_001])
            case "invalidation":
                test["rights"] = pick.randint(1, 4)
            case "support_failed":
                test["support"] = self.supports[0]["name"]
            case "interest_coverage":
                test |= {"tranches": bearing, "minimum_ppm": ratio, "window": pick.randint(1, min(3, self.count))}
            case "interest_unpaid":
                test["tranches"] = bearing
            case "principal_unpaid":
                test["tranches"] = some
            case "follows":
                test["trigger"], point = "test_a", "payment"
            case _:
                left: Json = {"is": "pool", "figure": "collections"} if edge else self._formula(1, "test")
                test |= {
                    "left": left,
                    "right": {"is": "amount", "amount_minor": UNIT} if edge else self._formula(1, "test"),
                    "relation": pick.choice(["below", "at_most", "above", "at_least"]),
                    "ratio_ppm": pick.choice([1_234_567, 333_333, UNIT]),
                    "window": pick.randint(1, self.count),
                }
        return {
            "name": name,
            "title": title(name),
            "test": test,
            "checked": "collection" if name == "test_a" and kind != "principal_unpaid" else point,
            "status": pick.choice(["clean_up", "early_amortisation", "event_of_default"]),
            "strikes": pick.randint(1, min(3, self.count)),
            "in_a_row": self.often(0.7),
            "cure_after": pick.randint(1, min(2, self.count)) if self.often(0.4) else None,
        }

    # --- Waterfalls

    def _waterfall(self, status: str) -> list[Json]:
        pick, normal = self.chance, status == "normal"
        steps: list[Json] = []
        apart = self.split and normal
        if self.split and not normal:
            steps.append({"is": "transfer", "from_account": "principal", "to_account": "cash"})
        release: Json = {"is": "release_reserve", "account": "reserve", "to_account": "cash"}
        early = self.often(0.5)
        if self.reserved and early:
            steps.append(release)
        if apart and self.often(0.3):
            limit = self._formula(1, "step")
            steps.append({"is": "transfer", "from_account": "principal", "to_account": "cash", "limit": limit})
        steps += self._top_up()
        fees = [one["name"] for one in self.fees]
        if fees:
            order = pick.choice(["sequential", "pro_rata"])
            if self.often(0.4):
                limit = self._formula(1, "step")
                steps.append(
                    {"is": "pay_fees", "from_account": "cash", "fees": fees[:1], "limit": limit, "order": order}
                )
            steps.append({"is": "pay_fees", "from_account": "cash", "fees": fees, "order": order})
        if self.hedges and (self.hedges[0]["terms"]["is"] == "swap" or self.hedges[0]["terms"]["premium_minor"]):
            steps.append({"is": "pay_hedges", "from_account": "cash", "hedges": ["hedge"]})
        steps += self._interest()
        if self.reserved:
            steps += [] if early else [release]
            steps.append({"is": "fund_reserve", "from_account": "cash", "account": "reserve"})
        if self.often(0.2):
            juniors = sorted(self.owing, key=lambda one: -one["seniority"])
            names = [one["name"] for one in juniors]
            steps.append({"is": "write_off", "tranches": names, "amount": self._formula(2, "step")})
        steps += self._principal("principal" if apart else "cash", normal)
        owed = [one["name"] for one in self.supports if one["recourse"]]
        if owed:
            steps.append({"is": "repay_supports", "from_account": "cash", "supports": owed})
        last = [{"is": "pay_residual", "from_account": "cash", "tranche": self.residual}]
        if apart:
            last.insert(
                pick.randint(0, 1), {"is": "pay_residual", "from_account": "principal", "tranche": self.residual}
            )
        return steps + last

    def _top_up(self) -> list[Json]:
        sources: list[Json] = [{"is": "account", "account": "reserve"}] if self.reserved else []
        sources += [{"is": "support", "support": one["name"]} for one in self.supports]
        if not sources:
            return []
        return [
            {
                "is": "top_up",
                "to_account": "cash",
                "sources": sources,
                "fees": [one["name"] for one in self.fees],
                "interest": [one["name"] for one in self.bearing],
                "principal": [one["name"] for one in self.owing if self.often(0.8)]
                or ([] if self.fees or self.bearing else [self.owing[0]["name"]]),
            }
        ]

    def _interest(self) -> list[Json]:
        bearing = sorted(self.bearing, key=lambda one: one["seniority"])
        if not bearing:
            return []
        if self.often(0.5):
            names = [one["name"] for one in bearing]
            order = "pro_rata" if len({one["seniority"] for one in bearing}) == 1 else "sequential"
            return [{"is": "pay_interest", "from_account": "cash", "tranches": names, "order": order}]
        ranks = sorted({one["seniority"] for one in bearing})
        return [
            {
                "is": "pay_interest",
                "from_account": "cash",
                "tranches": [one["name"] for one in bearing if one["seniority"] == rank],
                "order": "pro_rata",
            }
            for rank in ranks
        ]

    def _principal(self, account: str, normal: bool) -> list[Json]:
        pick = self.chance
        names = [one["name"] for one in sorted(self.owing, key=lambda one: one["seniority"])]
        alike = len({one["seniority"] for one in self.owing}) == 1
        order = pick.choice(["sequential", "pro_rata", "shares"]) if normal or alike else "sequential"
        step: Json = {"is": "pay_principal", "from_account": account, "tranches": names, "order": order}
        if order == "shares":
            cuts = sorted(pick.randint(0, PPM) for _ in names[1:])
            step["shares_ppm"] = [high - low for low, high in zip([0, *cuts], [*cuts, PPM], strict=True)]
        if self.often(0.3):
            step["limit"] = self._formula(2, "step")
        step["accelerated"] = not normal and self.often(0.6)
        return [step]


def scenarios(deal: Deal, seed: int, count: int) -> list[list[PoolPeriod]]:
    """Pools by chance: nothing comes in, too little, about enough, far too much."""
    chance = Random(seed)
    return [_periods(deal, chance, plenty) for plenty in [1.0, 0.0, 0.6, 1.1, 3.0, 0.9, 0.3][:count]]


def _periods(deal: Deal, chance: Random, plenty: float) -> list[PoolPeriod]:
    balance, found = deal.pool.initial_balance_minor, []
    last = len(deal.periods)
    for number in range(1, last + 1):
        principal = balance if number == last else int(balance * chance.random() * 0.4)
        defaults = min(balance - principal, int(balance * chance.choice([0, 0, 0.05, 0.2])))
        balance -= principal + defaults
        found.append(
            PoolPeriod(
                interest_minor=int(plenty * chance.randint(0, deal.issue_minor // 20)),
                principal_minor=int(plenty * principal),
                recoveries_minor=int(plenty * defaults * chance.random()),
                defaults_minor=defaults,
                balance_minor=balance,
                valuation_minor=int(deal.pool.initial_valuation_minor * chance.choice([1, 0.9, 0.4])),
                invalidated_rights=chance.choice([0, 0, 0, 1, 2]),
                rates_ppm={name: chance.choice([-5_000, 0, 30_000, 34_501, 80_000]) for name in deal.indexes},
                events={name: chance.randint(0, 2) for name in deal.events},
                failed_supports=tuple(one.name for one in deal.supports if chance.random() < 0.15),
            )
        )
    return found


FIGURES = {
    "overcollateralisation": "balance_minor",
    "cumulative_default": "defaults_minor",
    "valuation": "valuation_minor",
    "invalidation": "invalidated_rights",
    "interest_coverage": "interest_minor",
    "compare": "recoveries_minor",
}
"""The pool's figure that moves the left side of a test unit by unit."""


def at_the_edge(deal: Deal, periods: list[PoolPeriod], seed: int) -> list[list[PoolPeriod]]:
    """The pool with the first trigger one unit below its threshold, on it, and one above; empty if it cannot be.

    The figure is moved by what is missing, and the deal run again, until both sides meet to the unit.
    """
    trigger = deal.triggers[0]
    test = comparison(trigger.test)
    figure = FIGURES[msgspec.to_builtins(trigger.test)["is"]]
    number = Random(seed).randint(test.window, len(deal.periods))
    for _ in range(6):
        checks = run_checked(deal, periods).periods[number - 1].checks
        check = next(one for one in checks if one.trigger == trigger.name)
        missing = check.right * test.ratio_ppm - check.left * PPM
        value = getattr(periods[number - 1], figure) + missing // PPM
        if missing == 0:
            return [_with(periods, number, figure, value + by) for by in (-1, 0, 1) if value + by >= 0]
        if missing % PPM or value < 0:
            return []
        periods = _with(periods, number, figure, value)
    return []


def _with(periods: list[PoolPeriod], number: int, figure: str, value: int) -> list[PoolPeriod]:
    changed = msgspec.structs.replace(periods[number - 1], **{figure: value})
    return [*periods[: number - 1], changed, *periods[number:]]
