"""Deals that are sound but for one thing: what is wrong, in which example, what is changed, the code and the place."""

from __future__ import annotations

from typing import Any

from tests.securitization.change import GONE

ACCOUNT = {"name": "spare", "title": {"en": "Spare", "zh": "备用"}}
RESIDUAL = {"is": "pay_residual", "from_account": "spare", "tranche": "junior"}
LIC, TWO, ROY = "patent_licences_3y", "two_classes", "royalty_three_strikes"


def deep(levels: int) -> dict[str, Any]:
    """A formula so many levels deep."""
    formula: dict[str, Any] = {"is": "amount", "amount_minor": 1}
    for _ in range(levels - 1):
        formula = {"is": "share", "rate_ppm": 1, "of": formula}
    return formula


def balance(*names: str) -> dict[str, Any]:
    return {"is": "tranches", "figure": "balance", "tranches": list(names)}


def move(source: str, to: str) -> dict[str, Any]:
    return {"is": "transfer", "from_account": source, "to_account": to}


REFUSED: list[tuple[str, str, dict[str, Any], str, str]] = [
    # What is wrong, in which example, what is changed, the code, the place
    ("a field too many", TWO, {"colour": 1}, "deal.shape", "$.colour"),
    ("a field too few", TWO, {"currency": GONE}, "deal.shape", "$.currency"),
    ("a broken number", TWO, {"issue_minor": 1.5}, "deal.shape", "$.issue_minor"),
    ("one more than the wire carries", TWO, {"issue_minor": 2**53}, "deal.shape", "$.issue_minor"),
    ("a name with a capital", TWO, {"tranches[0].name": "Senior"}, "deal.shape", "$.tranches[0].name"),
    ("a name with a line end", TWO, {"name": "two\n"}, "deal.shape", "$.name"),
    ("an unknown step", TWO, {"waterfalls.normal[0].is": "pay_me"}, "deal.shape", "$.waterfalls.normal[0].is"),
    ("a formula too deep", TWO, {"accounts[1].target": deep(9)}, "formula.too_deep", "$.accounts[1].target"),
    ("a name twice", TWO, {"fees[0].name": "senior"}, "name.duplicate", "$.fees[0]"),
    (
        "an unknown account",
        TWO,
        {"collections.interest": "till"},
        "name.unknown",
        "$.collections.interest",
    ),
    (
        "an unknown tranche in a step",
        TWO,
        {"waterfalls.normal[6].tranches[1]": "third"},
        "name.unknown",
        "$.waterfalls.normal[6].tranches[1]",
    ),
    (
        "an unknown tranche in a formula",
        TWO,
        {"accounts[1].target.of.tranches[0]": "third"},
        "name.unknown",
        "$.accounts[1].target.of",
    ),
    ("an index nobody uses", TWO, {"indexes": ["lpr"]}, "name.unused", "$.indexes[0]"),
    ("an event nobody charges", TWO, {"events": ["meeting"]}, "name.unused", "$.events[0]"),
    ("an account nothing touches", TWO, {"accounts[+]": ACCOUNT}, "name.unused", "$.accounts[2]"),
    (
        "a support nobody draws",
        TWO,
        {
            "waterfalls.normal[1].sources": [{"is": "account", "account": "reserve"}],
            "waterfalls.early_amortisation[1].sources": [{"is": "account", "account": "reserve"}],
        },
        "name.unused",
        "$.supports[0]",
    ),
    (
        "a target nothing fills",
        TWO,
        {"accounts[0].target": deep(1)},
        "name.unused",
        "$.accounts[0].target",
    ),
    (
        "a fee on what is not known yet",
        TWO,
        {"fees[0].charge.base": {"is": "account", "account": "cash"}},
        "formula.not_here",
        "$.fees[0].charge.base",
    ),
    ("no such day", TWO, {"periods[1].payment_date": "2025-02-30"}, "calendar.date", "$.periods[1].payment_date"),
    ("a gap between periods", TWO, {"periods[1].start": "2025-07-16"}, "calendar.order", "$.periods[1].start"),
    (
        "paid before it is earned",
        TWO,
        {"periods[1].payment_date": "2026-01-14"},
        "calendar.order",
        "$.periods[1].payment_date",
    ),
    (
        "recorded after it is paid",
        TWO,
        {"periods[1].record_date": "2026-02-01"},
        "calendar.order",
        "$.periods[1].record_date",
    ),
    ("a fen too much issued", TWO, {"issue_minor": 10_000_000_001}, "tranche.total", "$.issue_minor"),
    (
        "a plan that rises",
        ROY,
        {"tranches[0].principal.balances_minor[5]": 0},
        "tranche.schedule",
        "$.tranches[0].principal.balances_minor",
    ),
    (
        "a plan that leaves a cent",
        ROY,
        {"tranches[0].principal.balances_minor[23]": 1},
        "tranche.schedule",
        "$.tranches[0].principal.balances_minor",
    ),
    (
        "a plan too short",
        ROY,
        {"tranches[0].principal.balances_minor[23]": GONE},
        "tranche.schedule",
        "$.tranches[0].principal.balances_minor",
    ),
    (
        "a bullet after the end",
        TWO,
        {"tranches[0].principal": {"is": "bullet", "period": 5}},
        "tranche.period",
        "$.tranches[0].principal.period",
    ),
    (
        "capitalised after the end",
        TWO,
        {"tranches[0].capitalise_until_period": 5},
        "tranche.period",
        "$.tranches[0].capitalise_until_period",
    ),
    (
        "capitalised without a coupon",
        TWO,
        {"tranches[1].capitalise_until_period": 1},
        "tranche.period",
        "$.tranches[1].capitalise_until_period",
    ),
    (
        "interest only on itself",
        LIC,
        {"tranches[2].principal.notional_of": ["x"]},
        "tranche.notional",
        "$.tranches[2].principal.notional_of",
    ),
    (
        "interest only with a face",
        LIC,
        {"tranches[2].face_minor": 1, "issue_minor": 20_000_000_001},
        "tranche.notional",
        "$.tranches[2]",
    ),
    (
        "a cap below the floor",
        LIC,
        {"tranches[1].coupon.cap_ppm": 14_999},
        "coupon.bounds",
        "$.tranches[1].coupon.cap_ppm",
    ),
    (
        "steps that begin late",
        LIC,
        {"tranches[3].coupon.steps[0].from_period": 2},
        "coupon.steps",
        "$.tranches[3].coupon.steps",
    ),
    (
        "steps that repeat",
        LIC,
        {"tranches[3].coupon.steps[1].from_period": 1},
        "coupon.steps",
        "$.tranches[3].coupon.steps",
    ),
    ("a maximum below the minimum", LIC, {"fees[1].maximum_minor": 2_999_999}, "fee.bounds", "$.fees[1].maximum_minor"),
    ("a minimum without events", LIC, {"fees[2].minimum_minor": 1}, "fee.bounds", "$.fees[2].minimum_minor"),
    ("bands that fall", LIC, {"fees[1].charge.bands[1].up_to_minor": 1}, "fee.bands", "$.fees[1].charge.bands"),
    ("a fee after the end", TWO, {"fees[0].first_period": 5}, "fee.periods", "$.fees[0].first_period"),
    ("a yearly rate that skips days", TWO, {"fees[0].every_periods": 2}, "fee.periods", "$.fees[0].every_periods"),
    ("interest on what is not owed", TWO, {"supports[0].recourse": False}, "support.terms", "$.supports[0]"),
    (
        "a window longer than the deal",
        LIC,
        {"triggers[1].test.window": 13},
        "trigger.window",
        "$.triggers[1].test.window",
    ),
    ("more strikes than periods", TWO, {"triggers[0].strikes": 5}, "trigger.window", "$.triggers[0].strikes"),
    ("a trigger to normal", TWO, {"triggers[0].status": "normal"}, "trigger.status", "$.triggers[0].status"),
    (
        "shares a millionth short",
        LIC,
        {"waterfalls.normal[11].shares_ppm[1]": 199_999},
        "shares.sum",
        "$.waterfalls.normal[11].shares_ppm",
    ),
    (
        "shares for too few",
        LIC,
        {"waterfalls.normal[11].shares_ppm": [1_000_000]},
        "shares.sum",
        "$.waterfalls.normal[11].shares_ppm",
    ),
    (
        "shares that are not used",
        TWO,
        {"waterfalls.normal[6].shares_ppm": [500_000, 500_000]},
        "shares.sum",
        "$.waterfalls.normal[6].shares_ppm",
    ),
    (
        "a transfer to itself",
        TWO,
        {"waterfalls.normal[0]": move("cash", "cash")},
        "step.same_account",
        "$.waterfalls.normal[0].to_account",
    ),
    (
        "a fee paid twice in a step",
        TWO,
        {"waterfalls.normal[2].fees": ["trustee", "trustee"]},
        "step.repeated",
        "$.waterfalls.normal[2].fees[1]",
    ),
    (
        "a source drawn twice",
        TWO,
        {"waterfalls.normal[1].sources": [{"is": "support", "support": "line"}] * 2},
        "step.repeated",
        "$.waterfalls.normal[1].sources[1]",
    ),
    (
        "a reserve without a target",
        TWO,
        {"waterfalls.normal[0].account": "cash", "waterfalls.normal[0].to_account": "reserve"},
        "step.no_target",
        "$.waterfalls.normal[0].account",
    ),
    (
        "a formula by a target that is not there",
        TWO,
        {"accounts[1].target": {"is": "target", "account": "cash"}},
        "step.no_target",
        "$.accounts[1].target",
    ),
    (
        "repaid without recourse",
        TWO,
        {"supports[0].recourse": False, "supports[0].restores": False},
        "step.no_recourse",
        "$.waterfalls.normal[5].supports[0]",
    ),
    (
        "interest of a class without a coupon",
        TWO,
        {"waterfalls.normal[3].tranches": ["senior", "junior"]},
        "step.nothing_owed",
        "$.waterfalls.normal[3]",
    ),
    (
        "a top-up for nothing",
        TWO,
        {"waterfalls.normal[1].fees": [], "waterfalls.normal[1].interest": []},
        "step.nothing_owed",
        "$.waterfalls.normal[1]",
    ),
    (
        "no waterfall for a status",
        TWO,
        {"waterfalls.early_amortisation": GONE},
        "status.missing",
        "$.triggers[0].status",
    ),
    ("a waterfall nothing leads to", TWO, {"triggers": []}, "status.unreachable", "$.waterfalls.early_amortisation"),
    ("an account never emptied", TWO, {"waterfalls.normal[7]": GONE}, "cash.dead", "$.waterfalls.normal[0].to_account"),
    (
        "money moved after the last step",
        TWO,
        {
            "waterfalls.normal[+]": {
                "is": "top_up",
                "to_account": "cash",
                "sources": [{"is": "support", "support": "line"}],
                "fees": ["trustee"],
            }
        },
        "cash.dead",
        "$.waterfalls.normal[8].to_account",
    ),
    ("a reserve never released", TWO, {"waterfalls.normal[0]": GONE}, "cash.dead", "$.waterfalls.normal"),
    ("a fee never paid", TWO, {"waterfalls.normal[2]": GONE}, "due.unpaid", "$.waterfalls.normal"),
    (
        "a fee paid up to a limit only",
        TWO,
        {"waterfalls.normal[2].limit": deep(1)},
        "due.unpaid",
        "$.waterfalls.normal",
    ),
    ("interest never paid", TWO, {"waterfalls.normal[3]": GONE}, "due.unpaid", "$.waterfalls.normal"),
    (
        "principal never paid",
        TWO,
        {"waterfalls.early_amortisation[6]": GONE},
        "due.unpaid",
        "$.waterfalls.early_amortisation",
    ),
    ("a loan never repaid", TWO, {"waterfalls.normal[5]": GONE}, "due.unpaid", "$.waterfalls.normal"),
    ("a hedge never paid", LIC, {"waterfalls.normal[3]": GONE}, "due.unpaid", "$.waterfalls.normal"),
    (
        "money that goes round",
        LIC,
        {"waterfalls.normal[9]": move("capital", "income")},
        "cycle.accounts",
        "$.waterfalls.normal[9]",
    ),
    (
        "a target of itself",
        TWO,
        {"accounts[1].target": {"is": "target", "account": "reserve"}},
        "cycle.formula",
        "$.accounts[1].target",
    ),
    (
        "a trigger of itself",
        LIC,
        {"triggers[5].test": {"is": "follows", "trigger": "cross"}},
        "cycle.trigger",
        "$.triggers[5].test.left",
    ),
    (
        "a trigger of a later one",
        LIC,
        {"triggers[1].test": {"is": "follows", "trigger": "defaults"}},
        "cycle.trigger",
        "$.triggers[1].test.left",
    ),
    (
        "junior principal first",
        TWO,
        {"waterfalls.early_amortisation[6].tranches": ["junior", "senior"]},
        "seniority.wrong",
        "$.waterfalls.early_amortisation[6]",
    ),
    (
        "side by side in trouble",
        TWO,
        {"waterfalls.early_amortisation[6].order": "pro_rata"},
        "seniority.wrong",
        "$.waterfalls.early_amortisation[6]",
    ),
    (
        "junior interest side by side",
        LIC,
        {"waterfalls.normal[4].tranches": ["a1", "a2", "x", "b"]},
        "seniority.wrong",
        "$.waterfalls.normal[4]",
    ),
    (
        "a senior loses first",
        LIC,
        {"waterfalls.event_of_default[11].tranches": ["c", "residual", "b", "a2"]},
        "seniority.wrong",
        "$.waterfalls.event_of_default[11].tranches[0]",
    ),
    (
        "a residual for the senior",
        TWO,
        {"waterfalls.normal[7].tranche": "senior"},
        "seniority.residual",
        "$.waterfalls.normal[7].tranche",
    ),
    (
        "a residual before principal",
        TWO,
        {
            "waterfalls.normal[+]": {"is": "pay_principal", "from_account": "cash", "tranches": ["senior", "junior"]},
            "waterfalls.normal[6]": {"is": "pay_residual", "from_account": "cash", "tranche": "junior"},
        },
        "seniority.residual",
        "$.waterfalls.normal[6]",
    ),
    (
        "a guarantor before the holders",
        TWO,
        {"supports[0].kind": "guarantee", "waterfalls.normal[6].tranches": ["senior", "junior"]},
        "seniority.subrogation",
        "$.waterfalls.normal[5]",
    ),
]
