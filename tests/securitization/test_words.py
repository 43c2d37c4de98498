"""A deal is told whole, in both languages; and every amount is explained by figures that add up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from string import Formatter
from typing import Any

import msgspec
import pytest

from securitization.deal import Deal
from securitization.evaluate import run_checked
from securitization.explain import Reason, Rule
from securitization.render import tell_deal, tell_payment
from securitization.render_terms import LANGUAGES, Teller
from securitization.render_words import REASONS, WORDS
from securitization.shipped import EXAMPLES, example_deal_text
from tests.securitization.change import example, example_pool
from tests.securitization.random_deals import Maker
from tests.securitization.random_pools import scenarios

OTHERS: list[Any] = [
    "other", "2031-01-01", "USD", "act_360", "thirty_e_360", "compounding", "guarantee", "difference", "pro_rata",
    "sequential", "shares", "ceil", "floor", "below", "above", "payment", "collection", "clean_up", "event_of_default",
    "face", "interest", "owed", "available", True, False, 7, 1, {"is": "amount", "amount_minor": 5},
]  # fmt: skip
"""Values to try in a field until one fits."""


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value of a tree that is not itself a tree, tags apart."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else []
    for key, value in pairs:
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key))
        elif key not in {"is", "format"}:
            yield (*path, key)


def variant(tree: Any, path: tuple[Any, ...]) -> Deal | None:
    """The deal with another value at one place, if any fits; the tree is left as it was."""
    place = tree
    for key in path[:-1]:
        place = place[key]
    kept = place[path[-1]]
    try:
        for other in OTHERS:
            if kept == other and type(kept) is type(other):
                continue
            place[path[-1]] = other
            with suppress(msgspec.ValidationError):
                return msgspec.convert(tree, Deal)
    finally:
        place[path[-1]] = kept
    return None


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_field_of_the_file_is_told_in_both_languages(name: str) -> None:
    tree, deal = json.loads(example_deal_text(name)), example(name)
    told = {language: tell_deal(deal, language) for language in LANGUAGES}
    silent: list[str] = []
    tried = 0
    for path in leaves(tree):
        if any(isinstance(key, int) and key > 8 for key in path):
            continue  # late periods and levels of a plan are like the early ones
        other = variant(tree, path)
        tried += other is not None
        silent += [
            f"{language} {path}"
            for language in LANGUAGES
            if other is not None
            and (path[-1] not in LANGUAGES or path[-1] == language)
            and tell_deal(other, language) == told[language]
        ]
    assert silent == []
    assert tried > 80


def test_an_example_is_told_in_both_languages() -> None:
    english, chinese = tell_deal(example("nanshan_5"), "en"), tell_deal(example("nanshan_5"), "zh")

    assert "Senior (senior): rank 1, face 195,700,000.00; fixed 3.80 % a year, days counted actual/365" in english
    assert "优先级（senior）：清偿顺位1，面值195,700,000.00；固定年利率3.80%，计息基准实际天数/365" in chinese
    assert "高新投担保（差额支付承诺人）（difference_payer）：差额支付，限额220,000,000.00" in chinese
    assert len(english.splitlines()) == len(chinese.splitlines())


def test_both_languages_say_the_same_figures() -> None:
    for words in (WORDS, REASONS):
        for key, (english, chinese) in words.items():
            named = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (english, chinese)]
            assert named[0] == named[1], key


def test_money_and_rates_are_told_exactly() -> None:
    teller = Teller(example("nanshan_5"), "en")
    assert [teller.money(minor) for minor in (0, 5, 81_240, 2**53 - 1)] == [
        "0.00",
        "0.05",
        "812.40",
        "90,071,992,547,409.91",
    ]
    assert [teller.rate(ppm) for ppm in (38_000, 1, 1_234_567, -5_000)] == [
        "3.80 %",
        "0.0001 %",
        "123.4567 %",
        "-0.50 %",
    ]


def reasons(reason: Reason) -> Iterator[Reason]:
    yield reason
    for part in reason.parts:
        yield from reasons(part)


def test_every_explanation_ends_in_the_amount_and_adds_up() -> None:
    met: set[str] = set()
    for seed in range(140):
        deal = Maker(seed).deal
        for pool in scenarios(deal, seed, 2):
            for period in run_checked(deal, pool).periods:
                for payment in period.payments:
                    assert payment.why.value == payment.amount_minor
                    for reason in reasons(payment.why):
                        met.add(reason.rule)
                        holds(reason)
                        for language in LANGUAGES:
                            assert tell_payment(deal, payment, language) if seed < 8 else True
    assert met >= set(Rule) - {Rule.TRIPPED}  # a trigger's tests are in the history, not behind payments


def holds(reason: Reason) -> None:
    """The figures of a reason give its value."""
    parts, figures = [part.value for part in reason.parts], dict(reason.figures)
    match reason.rule:
        case Rule.SUM | Rule.DUE:
            assert reason.value == sum(parts)
        case Rule.TIERS:
            assert reason.value == sum(parts[1:])
        case Rule.LEAST:
            assert reason.value == min(parts)
        case Rule.MOST:
            assert reason.value == max(parts)
        case Rule.LESS:
            assert reason.value == max(0, parts[0] - parts[1])
        case Rule.TRANCHES | Rule.FEES_DUE:
            assert reason.value == sum(figures.values())
        case Rule.PAID:
            assert reason.value == min(figures["due"], figures["left"])
        case Rule.PAID_PRO_RATA:
            assert reason.value <= figures["due"] <= figures["total"]
        case Rule.SHORTFALL:
            holdings = figures.pop("holds")
            assert reason.value == max(0, sum(value for _, value in reason.figures) - 2 * holdings)
        case Rule.DRAWN | Rule.FAILED:
            assert reason.value == min(figures["missing"], figures["available"])
        case Rule.VAT:
            assert reason.value == parts[0] + figures["vat"]
        case Rule.CAPITALISED | Rule.TARGET:
            assert [reason.value] == parts
        case _:
            assert reason.value >= 0


def test_every_rule_has_its_words() -> None:
    assert set(REASONS) == {str(rule) for rule in Rule}


def test_why_the_senior_class_got_what_it_got() -> None:
    deal = example("nanshan_5")
    period = run_checked(deal, example_pool("nanshan_5")).periods[3]
    payment = next(one for one in period.payments if one.key == "$.waterfalls.normal[3]:interest:senior")

    assert tell_payment(deal, payment, "en").splitlines()[:4] == [
        "1,833,682.19 to Senior (senior): of 1,833,682.19 due, 198,518,522.18 was left",
        "  1,833,682.19: owed to Senior (senior)",
        "    1,833,682.19: due with what was carried",
        "      1,833,682.19: interest of Senior (senior), 195,700,000.00 at 3.80 % for 90 of 365 days",
    ]
    assert payment.amount_minor == round(195_700_000_00 * 38 * 90 / 365 / 1000)


def test_the_story_of_the_royalty_is_three_breaches_and_early_amortisation() -> None:
    """As it was reported of 2001 and 2002: the covenant fails three quarters running, then all goes to the seniors."""
    periods = run_checked(example("royalty_three_strikes"), example_pool("royalty_three_strikes")).periods
    failed = [
        period.number for period in periods for check in period.checks if check.trigger == "coverage" and check.failed
    ]
    first = next(period.number for period in periods if period.status == "early_amortisation")

    assert failed[:3] == [5, 6, 7]
    assert first == 7
    assert all(period.status == "early_amortisation" for period in periods[first - 1 :])
    equity = [period.figures["tranche.equity.balance"] for period in periods]
    assert all(one == other for one, other in pairwise(equity[first - 1 :]))
    assert periods[-1].figures["tranche.senior.balance"] == periods[-1].figures["tranche.mezzanine.balance"] == 0
