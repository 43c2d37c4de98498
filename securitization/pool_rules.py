"""A pool's rules as data: which assets may lie in it, and how much of it may hang on one debtor, industry or region.

Eligibility rules are asked of each asset alone, concentration rules of the pool as a whole. Every failure names its
rule and its asset, or the group of assets that is too large. Shares are cross-multiplied, never divided.
Source: SECURITIZATION.md 2, the row of pool eligibility; DOMAIN.md 2.7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.ids import PoolAssetId
from exchange.core.messages import Part, Record
from exchange.core.units import Code, Count

PPM = 1_000_000
MAX_RULES = 60
MAX_KEPT = 100
"""Failures that one report keeps; more are counted."""


class RuleKind(StrEnum):
    """What a rule asks. `value`, `count` and `among` mean what each line says; unused ones are left out."""

    ASSET_KIND = "asset_kind"
    """The kind is `among` these."""
    INDUSTRY = "industry"
    """The debtor's industry is `among` these."""
    REGION = "region"
    """The debtor's region is `among` these."""
    BALANCE_FROM = "balance_from"
    """The balance is `value` minor units or more."""
    BALANCE_TO = "balance_to"
    """The balance is `value` minor units or less."""
    ARREARS_TO = "arrears_to"
    """At most `value` days in arrears."""
    LAST_DUE_BY_FINAL = "last_due_by_final"
    """The last flow is due `value` days before the final maturity, or earlier."""
    RIGHT_IN_FORCE = "right_in_force"
    """No patent of the right has expired, lapsed, or been withdrawn, refused, revoked or suspended."""
    RIGHT_OUTLIVES_FINAL = "right_outlives_final"
    """The right's term is known, and ends `value` days after the final maturity, or later."""
    TITLE_CLEAR = "title_clear"
    """An examination found the title clear."""
    SECURED = "secured"
    """A registered pledge secures `value` ppm of the balance, or more."""
    VALUED = "valued"
    """The right's newest valuation is at most `value` days old on the day of the test."""
    LOAN_TO_VALUE_TO = "loan_to_value_to"
    """All balances on one right are at most `value` ppm of its value before the haircut."""
    SINGLE_ASSET_TO = "single_asset_to"
    """One asset is at most `value` ppm of the pool."""
    DEBTOR_TO = "debtor_to"
    """One debtor owes at most `value` ppm of the pool."""
    TOP_DEBTORS_TO = "top_debtors_to"
    """The `count` largest debtors owe at most `value` ppm of the pool together."""
    INDUSTRY_TO = "industry_to"
    """One industry is at most `value` ppm of the pool."""
    REGION_TO = "region_to"
    """One region is at most `value` ppm of the pool."""
    RIGHT_TO = "right_to"
    """What hangs on one right is at most `value` ppm of the pool."""
    HHI_DEBTORS_TO = "hhi_debtors_to"
    """The sum of the debtors' squared shares is at most `value` ppm², where one single debtor is 10^12."""
    DEBTORS_FROM = "debtors_from"
    """The pool has `count` debtors or more."""
    POOL_BALANCE_FROM = "pool_balance_from"
    """The pool owes `value` minor units or more."""


OF_ASSETS = (
    RuleKind.ASSET_KIND,
    RuleKind.INDUSTRY,
    RuleKind.REGION,
    RuleKind.BALANCE_FROM,
    RuleKind.BALANCE_TO,
    RuleKind.ARREARS_TO,
    RuleKind.LAST_DUE_BY_FINAL,
    RuleKind.RIGHT_IN_FORCE,
    RuleKind.RIGHT_OUTLIVES_FINAL,
    RuleKind.TITLE_CLEAR,
    RuleKind.SECURED,
    RuleKind.VALUED,
)
"""What is asked of one asset alone, also when it enters; the other rules ask the whole pool."""
BY_WORDS = (RuleKind.ASSET_KIND, RuleKind.INDUSTRY, RuleKind.REGION)
BY_COUNT = (RuleKind.TOP_DEBTORS_TO, RuleKind.DEBTORS_FROM)
SHARES = (
    RuleKind.SINGLE_ASSET_TO,
    RuleKind.DEBTOR_TO,
    RuleKind.TOP_DEBTORS_TO,
    RuleKind.INDUSTRY_TO,
    RuleKind.REGION_TO,
    RuleKind.RIGHT_TO,
)
"""Whose `value` is a share of the pool, at most the whole."""


class DeclaredRule(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One rule, as whoever opens a pool writes it. Units: as its kind says."""

    name: Code
    kind: RuleKind
    value: Count = 0
    count: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0
    among: Annotated[tuple[Code, ...], msgspec.Meta(max_length=100)] = ()


class PoolRule(Record, frozen=True, kw_only=True):
    """One rule of a pool. Units: as its kind says."""

    name: str
    kind: RuleKind
    value: int = 0
    count: int = 0
    among: tuple[str, ...] = ()


class Failure(Record, frozen=True, kw_only=True):
    """A rule that does not hold: of one asset, or of a group that is too large (`subject`; `pool`: the whole).

    Units: `found` and `limit` as the rule's kind says; a share's `found` is in ppm, rounded up.
    """

    rule: str
    kind: RuleKind
    pool_asset_id: PoolAssetId
    subject: str
    found: int
    limit: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask about one asset, gathered from the register on the day of the test.

    Units: `value_minor` before the haircut (None: no valuation); `secured_minor` what a registered pledge secures.
    """

    pool_asset_id: PoolAssetId
    path: str
    kind: str
    balance_minor: int
    arrears_days: int
    last_due: str
    debtor: str
    industry: str
    region: str
    right: str
    right_problem: str
    right_expires: str
    title_clear: bool
    secured_minor: int
    value_minor: int | None = None
    valued_on: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a test of a whole pool found. Units: minor; `hhi_ppm2` rounded up."""

    balance_minor: int
    borrowing_base_minor: int
    debtors: int
    hhi_ppm2: int
    failures: tuple[Failure, ...]


def rules_problem(rules: Sequence[DeclaredRule]) -> str:
    """What of a list of rules makes no sense; empty if nothing."""
    names = [rule.name for rule in rules]
    if len(set(names)) != len(names):
        return "two rules have one name"
    for rule in rules:
        if (rule.kind in BY_WORDS) != bool(rule.among):
            return f"{rule.name}: {rule.kind} {'needs' if rule.kind in BY_WORDS else 'takes no'} among"
        if (rule.kind in BY_COUNT) != bool(rule.count):
            return f"{rule.name}: {rule.kind} {'needs' if rule.kind in BY_COUNT else 'takes no'} count"
        if rule.kind in SHARES and not 0 < rule.value <= PPM:
            return f"{rule.name}: a share is between 1 and {PPM} ppm"
        if rule.kind is RuleKind.HHI_DEBTORS_TO and not 0 < rule.value <= PPM * PPM:
            return f"{rule.name}: an index is between 1 and {PPM * PPM} ppm²"
    return ""


def share_up_ppm(part: int, whole: int) -> int:
    """A share of a whole, rounded up; of nothing, nothing.

    >>> share_up_ppm(1, 3), share_up_ppm(0, 0)
    (333334, 0)
    """
    return -(-part * PPM // whole) if whole else 0


def borrowing_base(facts: Sequence[Facts], haircut_ppm: int, oldest: str) -> int:
    """What a pool's rights are good for: of each the value after the haircut, or what is owed on it if that is less.

    A pledge counts up to what it secures; a valuation made before `oldest`, a right without one and a right that has
    fallen count for nothing. Units: minor, each right rounded down.
    """
    owed: dict[str, int] = {}
    worth: dict[str, int] = {}
    for each in facts:
        fit = each.value_minor is not None and each.valued_on >= oldest and not each.right_problem
        bound = min(each.balance_minor, each.secured_minor) if each.secured_minor else each.balance_minor
        owed[each.right] = owed.get(each.right, 0) + (bound if fit else 0)
        worth[each.right] = (each.value_minor or 0) * (PPM - haircut_ppm) // PPM if fit else 0
    return sum(min(owed[right], worth[right]) for right in owed)


def ask_asset(rules: Sequence[PoolRule], facts: Facts, final_date: str, today: str) -> list[Failure]:
    """Which of the rules for single assets this one fails, in the rules' order."""
    found: list[Failure] = []
    for rule in rules:
        if rule.kind in OF_ASSETS and (answer := _of_asset(rule, facts, final_date, today)) is not None:
            figure, limit, detail = answer
            found.append(_failure(rule, facts.path, figure, limit, detail, facts.pool_asset_id))
    return found


def examine(
    rules: Sequence[PoolRule], pool: Sequence[Facts], *, final_date: str, today: str, haircut_ppm: int, oldest: str
) -> Report:
    """Test a whole pool: every asset by every rule for assets, then the pool by the rules for pools."""
    failures = [failure for facts in pool for failure in ask_asset(rules, facts, final_date, today)]
    for rule in rules:
        if rule.kind not in OF_ASSETS:
            failures += _of_pool(rule, pool)
    debtors = _groups(pool, lambda facts: facts.debtor)
    total = sum(debtors.values())
    squares = sum(owed * owed for owed in debtors.values())
    return Report(
        balance_minor=total,
        borrowing_base_minor=borrowing_base(pool, haircut_ppm, oldest),
        debtors=len(debtors),
        hhi_ppm2=-(-squares * PPM * PPM // (total * total)) if total else 0,
        failures=tuple(failures),
    )


# --- One asset --------------------------------------------------------------------------------------------------------

Answer = tuple[int, int, str]
"""What was found, what was allowed, and in words."""


def _of_asset(rule: PoolRule, facts: Facts, final_date: str, today: str) -> Answer | None:
    """Why one asset fails one rule; None if it does not."""
    match rule.kind:
        case RuleKind.ASSET_KIND | RuleKind.INDUSTRY | RuleKind.REGION:
            words = {RuleKind.ASSET_KIND: facts.kind, RuleKind.INDUSTRY: facts.industry, RuleKind.REGION: facts.region}
            word = words[rule.kind]
            return None if word in rule.among else (0, 0, f"{word or 'none'} is not among {', '.join(rule.among)}")
        case RuleKind.BALANCE_FROM:
            return None if facts.balance_minor >= rule.value else (facts.balance_minor, rule.value, "")
        case RuleKind.BALANCE_TO:
            return None if facts.balance_minor <= rule.value else (facts.balance_minor, rule.value, "")
        case RuleKind.ARREARS_TO:
            return None if facts.arrears_days <= rule.value else (facts.arrears_days, rule.value, "")
        case RuleKind.LAST_DUE_BY_FINAL:
            left = days_between(facts.last_due, final_date)
            return None if left >= rule.value else (left, rule.value, f"last due {facts.last_due}, final {final_date}")
        case RuleKind.RIGHT_IN_FORCE:
            return (0, 0, facts.right_problem) if facts.right_problem else None
        case RuleKind.RIGHT_OUTLIVES_FINAL:
            if not facts.right_expires:
                return 0, rule.value, f"the term of {facts.right} is not known"
            left = days_between(final_date, facts.right_expires)
            return None if left >= rule.value else (left, rule.value, f"{facts.right} ends {facts.right_expires}")
        case RuleKind.TITLE_CLEAR:
            return None if facts.title_clear else (0, 0, f"the title of {facts.right} is not clear")
        case RuleKind.SECURED:
            enough = facts.secured_minor > 0 and facts.secured_minor * PPM >= facts.balance_minor * rule.value
            found = facts.secured_minor * PPM // facts.balance_minor
            return None if enough else (found, rule.value, f"{facts.secured_minor} is secured")
        case _:
            return _valued(rule, facts, today)


def _valued(rule: PoolRule, facts: Facts, today: str) -> Answer | None:
    if facts.value_minor is None:
        return 0, rule.value, f"{facts.right} has no valuation"
    age = days_between(facts.valued_on, today)
    return None if age <= rule.value else (age, rule.value, f"valued {facts.valued_on}")


def days_between(first: str, second: str) -> int:
    """Days from one date to another, negative if the second is earlier.

    >>> days_between("2026-03-01", "2026-02-28")
    -1
    """
    return (date.fromisoformat(second) - date.fromisoformat(first)).days


# --- The pool ---------------------------------------------------------------------------------------------------------


GROUPED: dict[RuleKind, tuple[str, Callable[[Facts], str]]] = {
    RuleKind.DEBTOR_TO: ("debtors", lambda facts: facts.debtor),
    RuleKind.INDUSTRY_TO: ("industries", lambda facts: facts.industry),
    RuleKind.REGION_TO: ("regions", lambda facts: facts.region),
    RuleKind.RIGHT_TO: ("rights", lambda facts: facts.right),
}


def _of_pool(rule: PoolRule, pool: Sequence[Facts]) -> list[Failure]:
    """Where the whole pool fails one rule."""
    total = sum(facts.balance_minor for facts in pool)
    debtors = _groups(pool, lambda facts: facts.debtor)
    match rule.kind:
        case RuleKind.SINGLE_ASSET_TO:
            return [
                _failure(
                    rule, facts.path, share_up_ppm(facts.balance_minor, total), rule.value, "", facts.pool_asset_id
                )
                for facts in pool
                if facts.balance_minor * PPM > rule.value * total
            ]
        case RuleKind.DEBTOR_TO | RuleKind.INDUSTRY_TO | RuleKind.REGION_TO | RuleKind.RIGHT_TO:
            word, key = GROUPED[rule.kind]
            return [
                _failure(rule, f"{word}.{name}", share_up_ppm(owed, total), rule.value, _members(pool, key, name))
                for name, owed in _groups(pool, key).items()
                if owed * PPM > rule.value * total
            ]
        case RuleKind.TOP_DEBTORS_TO:
            largest = sorted(debtors.items(), key=lambda item: (-item[1], item[0]))[: rule.count]
            owed = sum(each for _, each in largest)
            named = ", ".join(name for name, _ in largest)
            over = owed * PPM > rule.value * total
            return [_failure(rule, "debtors", share_up_ppm(owed, total), rule.value, named)] if over else []
        case RuleKind.HHI_DEBTORS_TO:
            squares = sum(owed * owed for owed in debtors.values())
            if squares * PPM * PPM <= rule.value * total * total:
                return []
            return [_failure(rule, "debtors", -(-squares * PPM * PPM // (total * total)), rule.value)]
        case RuleKind.DEBTORS_FROM:
            return [] if len(debtors) >= rule.count else [_failure(rule, "debtors", len(debtors), rule.count)]
        case RuleKind.POOL_BALANCE_FROM:
            return [] if total >= rule.value else [_failure(rule, "pool", total, rule.value)]
        case _:
            return _loan_to_value(rule, pool)


def _loan_to_value(rule: PoolRule, pool: Sequence[Facts]) -> list[Failure]:
    """The rights that are worth too little for what is owed on them; one without a valuation is worth nothing."""
    values = {facts.right: facts.value_minor or 0 for facts in pool}
    failures: list[Failure] = []
    for right, owed in _groups(pool, lambda facts: facts.right).items():
        if owed * PPM > rule.value * values[right]:
            named = _members(pool, lambda facts: facts.right, right)
            failures.append(_failure(rule, f"rights.{right}", share_up_ppm(owed, values[right]), rule.value, named))
    return failures


def _groups(pool: Sequence[Facts], key: Callable[[Facts], str]) -> dict[str, int]:
    """What is owed by group, in the order in which the groups first come."""
    groups: dict[str, int] = {}
    for facts in pool:
        groups[key(facts)] = groups.get(key(facts), 0) + facts.balance_minor
    return groups


def _members(pool: Sequence[Facts], key: Callable[[Facts], str], name: str) -> str:
    """The assets of a group, the first ten by name."""
    paths = [facts.path for facts in pool if key(facts) == name]
    return ", ".join(paths[:10]) + (f" and {len(paths) - 10} more" if len(paths) > 10 else "")


def _failure(
    rule: PoolRule, subject: str, found: int, limit: int, detail: str = "", asset: PoolAssetId | None = None
) -> Failure:
    return Failure(
        rule=rule.name,
        kind=rule.kind,
        pool_asset_id=asset or PoolAssetId(0),
        subject=subject,
        found=found,
        limit=limit,
        detail=detail,
    )
