"""Terms and formulas drawn by chance, for `random_deals`."""

from __future__ import annotations

from random import Random  # noqa: TID251 - seeded, and the seed names the deal
from typing import Any

UNIT = 1_000_000
"""Faces and first balances are multiples of a million, so that every threshold in ppm of them is a whole number."""

Json = dict[str, Any]


def title(name: str) -> Json:
    return {"en": name.replace("_", " "), "zh": f"名称 {name}"}


class Terms:
    """Draws tranches, accounts, fees, supports, hedges and formulas; knows what was drawn before."""

    chance: Random
    count: int
    indexes: list[str]
    events: list[str]
    reserved: bool
    names: list[str]
    accounts: list[str]
    fees: list[Json]
    supports: list[Json]

    def often(self, share: float) -> bool:
        return self.chance.random() < share

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
