"""Every rule at its boundary: what is allowed to the last unit, and one more; each failure names asset and rule."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.ids import PoolAssetId
from securitization.pool_rules import (
    DeclaredRule,
    Facts,
    PoolRule,
    Report,
    RuleKind,
    ask_asset,
    borrowing_base,
    examine,
    rules_problem,
)

FINAL, TODAY, OLDEST = "2027-03-02", "2026-03-02", "2025-03-02"


def facts(number: int = 1, **changed: Any) -> Facts:
    """An asset that keeps every rule."""
    whole: dict[str, Any] = {
        "pool_asset_id": PoolAssetId(number),
        "path": f"PX{number}",
        "kind": "licence_fee",
        "balance_minor": 100,
        "arrears_days": 0,
        "last_due": "2027-03-01",
        "debtor": f"M{number}",
        "industry": "C27",
        "region": "CN-GD",
        "right": f"right:{number}",
        "right_problem": "",
        "right_expires": "2035-01-01",
        "title_clear": True,
        "secured_minor": 100,
        "value_minor": 200,
        "valued_on": "2026-02-01",
    }
    return Facts(**(whole | changed))


def rule(kind: str, **fields: Any) -> PoolRule:
    return PoolRule(**({"name": f"R-{kind}", "kind": RuleKind(kind)} | fields))


def asked(rules: list[PoolRule], pool: list[Facts]) -> Report:
    return examine(rules, pool, final_date=FINAL, today=TODAY, haircut_ppm=0, oldest=OLDEST)


OF_ONE: tuple[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]], ...] = (
    ("asset_kind", {"among": ("licence_fee",)}, {}, {"kind": "royalty"}),
    ("industry", {"among": ("C27", "C40")}, {"industry": "C40"}, {"industry": "C41"}),
    ("region", {"among": ("CN-GD",)}, {}, {"region": "CN-BJ"}),
    ("balance_from", {"value": 100}, {"balance_minor": 100}, {"balance_minor": 99}),
    ("balance_to", {"value": 100}, {"balance_minor": 100}, {"balance_minor": 101}),
    ("arrears_to", {"value": 30}, {"arrears_days": 30}, {"arrears_days": 31}),
    ("last_due_by_final", {"value": 1}, {"last_due": "2027-03-01"}, {"last_due": "2027-03-02"}),
    ("right_in_force", {}, {}, {"right_problem": "CN1 has ceased"}),
    ("right_outlives_final", {"value": 0}, {"right_expires": "2027-03-02"}, {"right_expires": "2027-03-01"}),
    ("right_outlives_final", {"value": 30}, {"right_expires": "2027-04-01"}, {"right_expires": "2027-03-31"}),
    ("right_outlives_final", {"value": 0}, {}, {"right_expires": ""}),
    ("title_clear", {}, {}, {"title_clear": False}),
    ("secured", {"value": 1_000_000}, {"secured_minor": 100}, {"secured_minor": 99}),
    ("secured", {"value": 0}, {"secured_minor": 1}, {"secured_minor": 0}),
    ("valued", {"value": 90}, {"valued_on": "2025-12-02"}, {"valued_on": "2025-12-01"}),
    ("valued", {"value": 90}, {}, {"value_minor": None, "valued_on": ""}),
)


@pytest.mark.parametrize(("kind", "terms", "kept", "broken"), OF_ONE)
def test_a_rule_for_assets(kind: str, terms: dict[str, Any], kept: dict[str, Any], broken: dict[str, Any]) -> None:
    rules = [rule(kind, **terms)]
    assert not ask_asset(rules, facts(7, **kept), FINAL, TODAY)
    [failure] = ask_asset(rules, facts(7, **broken), FINAL, TODAY)
    assert (failure.rule, failure.subject, failure.pool_asset_id) == (f"R-{kind}", "PX7", 7)
    # The same rule tells the same of the asset inside a pool, and nothing of its neighbour.
    [inside] = asked(rules, [facts(1, **kept), facts(7, **broken)]).failures
    assert inside == failure


def balances(*owed: int, **each: Any) -> list[Facts]:
    return [facts(place + 1, balance_minor=minor, **each) for place, minor in enumerate(owed)]


def paired(*owed: int, **named: tuple[str, ...]) -> list[Facts]:
    """Assets with some fields of their own: debtor=("a", "a", "b")."""
    return [
        facts(place + 1, balance_minor=minor, **{name: words[place] for name, words in named.items()})
        for place, minor in enumerate(owed)
    ]


OF_POOLS: tuple[tuple[str, dict[str, Any], list[Facts], list[Facts], list[str]], ...] = (
    ("single_asset_to", {"value": 300_000}, balances(300, 300, 300, 100), balances(301, 300, 300, 99), ["PX1"]),
    (
        "debtor_to",
        {"value": 500_000},
        paired(300, 200, 500, debtor=("a", "a", "b")),
        paired(300, 201, 499, debtor=("a", "a", "b")),
        ["debtors.a"],
    ),
    (
        "top_debtors_to",
        {"value": 600_000, "count": 2},
        balances(300, 300, 200, 200),
        balances(301, 300, 200, 199),
        ["debtors"],
    ),
    (
        "industry_to",
        {"value": 500_000},
        paired(500, 500, industry=("C27", "C40")),
        paired(499, 501, industry=("C27", "C40")),
        ["industries.C40"],
    ),
    (
        "region_to",
        {"value": 500_000},
        paired(250, 250, 500, region=("GD", "GD", "BJ")),
        paired(251, 250, 499, region=("GD", "GD", "BJ")),
        ["regions.GD"],
    ),
    (
        "right_to",
        {"value": 500_000},
        paired(250, 250, 500, right=("r", "r", "s")),
        paired(251, 250, 499, right=("r", "r", "s")),
        ["rights.r"],
    ),
    # Two halves: 500,000² twice is 5 · 10^11; any step away from the middle is more.
    ("hhi_debtors_to", {"value": 500_000_000_000}, balances(500, 500), balances(501, 499), ["debtors"]),
    ("debtors_from", {"count": 2}, balances(1, 1), paired(1, 1, debtor=("a", "a")), ["debtors"]),
    ("pool_balance_from", {"value": 1_000}, balances(500, 500), balances(500, 499), ["pool"]),
    (
        "loan_to_value_to",
        {"value": 500_000},
        paired(50, 50, right=("r", "r")),
        paired(50, 51, right=("r", "r")),
        ["rights.r"],
    ),
)


@pytest.mark.parametrize(("kind", "terms", "kept", "broken", "subjects"), OF_POOLS, ids=[row[0] for row in OF_POOLS])
def test_a_rule_for_pools(
    kind: str, terms: dict[str, Any], kept: list[Facts], broken: list[Facts], subjects: list[str]
) -> None:
    rules = [rule(kind, **terms)]
    assert not asked(rules, kept).failures
    failures = asked(rules, broken).failures
    assert [failure.subject for failure in failures] == subjects
    assert all(failure.rule == f"R-{kind}" for failure in failures)


def test_every_kind_of_rule_has_a_row() -> None:
    assert {row[0] for row in OF_ONE} | {row[0] for row in OF_POOLS} == set(RuleKind)


def test_a_right_without_a_valuation_carries_no_loan() -> None:
    [failure] = asked([rule("loan_to_value_to", value=1_000_000)], [facts(1, value_minor=None)]).failures
    assert failure.subject == "rights.right:1"


BASES = (
    ("less than the value", {}, 0, 100),
    ("more than the value", {"value_minor": 80}, 0, 80),
    ("after the haircut, rounded down", {"value_minor": 99}, 400_000, 59),
    ("a pledge that secures less", {"secured_minor": 60}, 0, 60),
    ("no pledge", {"secured_minor": 0}, 0, 100),
    ("no valuation", {"value_minor": None}, 0, 0),
    ("a valuation of the last day that counts", {"valued_on": OLDEST}, 0, 100),
    ("a valuation that is a day too old", {"valued_on": "2025-03-01"}, 0, 0),
    ("a right that fell", {"right_problem": "CN1 has ceased"}, 0, 0),
)


@pytest.mark.parametrize(("changed", "haircut", "base"), [row[1:] for row in BASES], ids=[row[0] for row in BASES])
def test_the_borrowing_base_of_one_asset(changed: dict[str, Any], haircut: int, base: int) -> None:
    assert borrowing_base([facts(1, **changed)], haircut, OLDEST) == base


def test_a_right_behind_two_assets_counts_once() -> None:
    pool = paired(100, 150, right=("r", "r"))
    assert borrowing_base(pool, 0, OLDEST) == 200
    assert borrowing_base(paired(100, 150, right=("r", "s")), 0, OLDEST) == 200


RULES: tuple[tuple[str, list[dict[str, Any]], str], ...] = (
    ("words without any", [{"kind": RuleKind.REGION}], "needs among"),
    ("words where none belong", [{"kind": RuleKind.ARREARS_TO, "among": ("x",)}], "takes no among"),
    ("no count", [{"kind": RuleKind.TOP_DEBTORS_TO, "value": 1}], "needs count"),
    ("a count where none belongs", [{"kind": RuleKind.DEBTOR_TO, "value": 1, "count": 1}], "takes no count"),
    ("more than the whole", [{"kind": RuleKind.DEBTOR_TO, "value": 1_000_001}], "a share"),
    ("nothing", [{"kind": RuleKind.DEBTOR_TO}], "a share"),
    ("an index over one debtor's", [{"kind": RuleKind.HHI_DEBTORS_TO, "value": 10**12 + 1}], "an index"),
    ("one name twice", [{"kind": RuleKind.TITLE_CLEAR}, {"kind": RuleKind.RIGHT_IN_FORCE}], "one name"),
    ("the whole", [{"kind": RuleKind.DEBTOR_TO, "value": 1_000_000}], ""),
)


@pytest.mark.parametrize(("rules", "said"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_rules_that_make_no_sense(rules: list[dict[str, Any]], said: str) -> None:
    problem = rules_problem([DeclaredRule(**({"name": "a"} | each)) for each in rules])
    assert said in problem and bool(said) == bool(problem)


@given(
    st.lists(st.tuples(st.integers(1, 10**12), st.sampled_from("abcdef")), min_size=1, max_size=12),
    st.integers(1, 1_000_000),
    st.integers(1, 4),
)
def test_shares_are_those_of_exact_fractions(owed: list[tuple[int, str]], most: int, top: int) -> None:
    pool = paired(*[minor for minor, _ in owed], debtor=tuple(name for _, name in owed))
    total = sum(minor for minor, _ in owed)
    shares: dict[str, Fraction] = {}
    for minor, name in owed:
        shares[name] = shares.get(name, Fraction(0)) + Fraction(minor, total)
    limit = Fraction(most, 1_000_000)
    rules = [
        rule("debtor_to", value=most),
        rule("top_debtors_to", value=most, count=top),
        rule("hhi_debtors_to", value=most * 1_000_000),
    ]
    found = [(failure.kind.value, failure.subject) for failure in asked(rules, pool).failures]
    expected = [("debtor_to", f"debtors.{name}") for name, share in shares.items() if share > limit]
    if sum(sorted(shares.values(), reverse=True)[:top]) > limit:
        expected.append(("top_debtors_to", "debtors"))
    if sum(share * share for share in shares.values()) > limit:
        expected.append(("hhi_debtors_to", "debtors"))
    assert found == expected
