"""Deals put together by chance that pass every static check.

Everything the language has occurs: each kind of tranche, coupon, fee, support, hedge, trigger, step and formula. The
pools to run them over are drawn by `random_pools`.
"""

from __future__ import annotations

from datetime import date
from random import Random  # noqa: TID251 - seeded, and the seed names the deal

import msgspec

from securitization.deal import Deal, Period, canonical_deal, read_deal
from securitization.deal_formulas import PPM
from securitization.schedule import months_after
from tests.securitization.random_terms import UNIT, Json, Terms, title


class Maker(Terms):
    """One deal by chance."""

    def __init__(self, seed: int, *, edge: bool = False) -> None:
        self.chance = Random(seed)
        self.edge = edge
        self.count = self.chance.randint(2, 9)
        self.deal = self._deal(seed)

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
