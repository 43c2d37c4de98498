"""The shipped programmes, read and worked out: golden figures by hand, texts that contradict themselves, clawback."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.reward_terms import (
    AmountBasis,
    Band,
    Bands,
    Base,
    CapScope,
    ClawbackStep,
    ClawbackTerms,
    ClawbackTrigger,
    Exhaustion,
    Fact,
    Formula,
    Rate,
    Rounding,
    SchemeRole,
)
from exchange.core.units import Minor, Ppm
from exchange.rulebook import shipped
from exchange.rulebook.programmes import RewardProgramme, canonical_programme, parse_programme
from exchange.rulebook.texts import TextError, unconfirmed_fields
from securitization.reward import FigureLine, capped, clawback_minor, shared, work_out

YUAN = 100
MILLION = 1_000_000 * YUAN


def programme(name: str) -> RewardProgramme:
    """A shipped programme."""
    read = parse_programme(shipped.programme_text(name))
    assert isinstance(read, RewardProgramme)
    return read


def owed(name: str, role: SchemeRole, asked: int = 0, used: dict[CapScope, int] | None = None, **facts: int) -> int:
    """What a programme owes: by its formula, or of what is asked where it states only a cap. Units: minor."""
    fields = programme(name).fields
    known = {Fact(fact): value for fact, value in facts.items()}
    lines: list[FigureLine] = []
    formulas = [each.formula for each in fields.amounts.value if each.role is role]
    amount = work_out(formulas[0], known, "amounts", lines) if formulas else asked
    before = dict.fromkeys(CapScope, 0) | (used or {})
    return capped(amount, fields.caps.value, known, before, lines)


@pytest.mark.parametrize("name", shipped.PROGRAMMES)
def test_every_programme_is_shipped_in_its_one_spelling_and_waits_for_an_operator(name: str) -> None:
    text = shipped.programme_text(name)
    read = programme(name)
    assert canonical_programme(read) == text
    assert (read.name, read.currency) == (name, "CNY")
    assert unconfirmed_fields(read)  # no row was read in a statute
    assert all(row.source for _, row in read.named_rows())


@pytest.mark.parametrize(
    ("name", "role", "cap_yuan"),
    [
        ("cn_note_trial_base", SchemeRole.CENTRE, 500_000),
        ("cn_note_demonstration", SchemeRole.OWNER, 10_000_000),
        ("cn_note_agency_award", SchemeRole.AGENCY, 1_000_000),
        ("cn_note_agency_fees", SchemeRole.AGENCY, 1_000_000),
        ("cn_note_contract", SchemeRole.SELLER, 2_000_000),
        ("cn_note_training", SchemeRole.TRAINER, 300_000),
    ],
)
def test_the_note_states_caps_and_no_amounts(name: str, role: SchemeRole, cap_yuan: int) -> None:
    assert programme(name).fields.basis.value is AmountBasis.CAP_ONLY
    cap = cap_yuan * YUAN
    assert [owed(name, role, asked) for asked in (cap - 1, cap, cap + 1)] == [cap - 1, cap, cap]


def test_the_reward_of_a_securitization_has_no_amount_in_the_note() -> None:
    fields = programme("cn_note_securitization").fields
    assert fields.basis.value is AmountBasis.TEMPLATE
    assert not fields.amounts.value
    assert not fields.caps.value
    assert set(fields.roles.value) == {SchemeRole.ISSUER, SchemeRole.INTERMEDIARY, SchemeRole.ENTERPRISE}


def test_agency_fees_are_capped_by_the_year() -> None:
    used = {CapScope.APPLICANT_YEAR: 900_000 * YUAN}
    assert owed("cn_note_agency_fees", SchemeRole.AGENCY, 200_000 * YUAN, used) == 100_000 * YUAN


def test_real_rules_by_hand() -> None:
    firm, issuer, seller = SchemeRole.ENTERPRISE, SchemeRole.ISSUER, SchemeRole.SELLER
    cases = (
        # Guangzhou 2023: 1 % of 文科's 733m would be 7.33m: 4m a product; 400m is the edge, a fen below earns less.
        (4 * MILLION, owed("guangzhou_issue_2023", issuer, issue_size=733 * MILLION)),
        (4 * MILLION, owed("guangzhou_issue_2023", issuer, issue_size=400 * MILLION)),
        (4 * MILLION - 1, owed("guangzhou_issue_2023", issuer, issue_size=400 * MILLION - 1)),
        # Shenzhen contracts: 80 % of the VAT due, not above the VAT paid, at most 2m.
        (800_000 * YUAN, owed("shenzhen_contract_2019", seller, vat_due=MILLION, vat_paid=MILLION)),
        (700_000 * YUAN, owed("shenzhen_contract_2019", seller, vat_due=MILLION, vat_paid=700_000 * YUAN)),
        (2 * MILLION, owed("shenzhen_contract_2019", seller, vat_due=3 * MILLION, vat_paid=3 * MILLION)),
        # Nanshan: 3m of cost on 60m: a sixth at 70 %, four sixths at 50 %, a sixth at 30 %: 350,000 + 1m + 150,000.
        (1_500_000 * YUAN, owed("nanshan_securitization_2025", firm, financing=60 * MILLION,
                                financing_cost=3 * MILLION, revenue=0)),
        (280_000 * YUAN, owed("nanshan_securitization_2025", firm, financing=10 * MILLION,
                              financing_cost=400_000 * YUAN, revenue=0)),
        # A year above 10m: not above 8 per mille of 1,500m, which is 12m; without revenue 10m.
        (12 * MILLION, owed("nanshan_securitization_2025", firm, financing=10 * MILLION,
                            financing_cost=20 * MILLION, revenue=1_500 * MILLION)),
        (10 * MILLION, owed("nanshan_securitization_2025", firm, financing=10 * MILLION,
                            financing_cost=20 * MILLION, revenue=100 * MILLION)),
        # Nansha: half of 100,000 of fees, half of 3m of interest but at most 1m.
        (1_050_000 * YUAN, owed("nansha_pledge", firm, fee=100_000 * YUAN, interest=3 * MILLION)),
        # Concept centres: the audited spend, firms half of it, each at most 5m.
        (3 * MILLION, owed("shenzhen_concept_2024", SchemeRole.CENTRE, spend=3 * MILLION)),
        (1_500_000 * YUAN, owed("shenzhen_concept_2024", SchemeRole.CENTRE_FIRM, spend=3 * MILLION)),
        (5 * MILLION, owed("shenzhen_concept_2024", SchemeRole.CENTRE_FIRM, spend=11 * MILLION)),
        # Huangpu: at most 1m a firm a year, whatever part is decided.
        (MILLION, owed("huangpu_pledge", firm, 2 * MILLION)),
    )  # fmt: skip
    for place, (expected, found) in enumerate(cases):
        assert found == expected, place


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("roles", ["seller", "seller"], "$.fields.roles.value"),
        ("amounts", [], "$.fields.amounts.value"),
        ("basis", "cap_only", "$.fields.amounts.value"),
        ("amounts", [{"role": "seller", "formula": {"rule": "bands", "of": {"rule": "base", "fact": "fee"},
                      "bands": [{"rate_ppm": 1, "up_to_minor": 5}]}}], "$.fields.amounts.value"),
        ("caps", [{"scope": "claim", "limit": {"rule": "bands", "of": {"rule": "base", "fact": "fee"}, "bands": [
            {"rate_ppm": 1, "up_to_minor": 5}, {"rate_ppm": 1, "up_to_minor": 5}, {"rate_ppm": 1}]}}],
         "$.fields.caps.value[0].limit"),
        ("clawback", {"linear_days": 3, "steps": [{"until_day": 3, "share_ppm": 3}]}, "$.fields.clawback.value"),
        ("clawback", {"steps": [{"until_day": 3, "share_ppm": 3}, {"until_day": 3, "share_ppm": 3}]},
         "$.fields.clawback.value.steps"),
    ],
)  # fmt: skip
def test_texts_that_contradict_themselves_are_not_published(field: str, value: object, path: str) -> None:
    text = json.loads(shipped.programme_text("shenzhen_contract_2019"))
    text["fields"][field]["value"] = value
    found = parse_programme(json.dumps(text))
    assert isinstance(found, TextError)
    assert (found.code, found.path) == ("scheme.programme_invalid", path)


def test_a_formula_is_bounded() -> None:
    text = json.loads(shipped.programme_text("shenzhen_contract_2019"))
    formula: dict[str, object] = {"rule": "base", "fact": "fee"}
    for depth in range(2, 10):
        formula = {"rule": "rate", "rate_ppm": 1, "of": formula}
        text["fields"]["amounts"]["value"] = [{"role": "seller", "formula": formula}]
        assert isinstance(parse_programme(json.dumps(text)), TextError) == (depth > 8), depth


BANDS = st.lists(st.tuples(st.integers(1, 10_000), st.integers(0, 1_000_000)), min_size=0, max_size=4)


@given(of=st.integers(0, 10**12), over=st.integers(0, 20_000), steps=BANDS, last=st.integers(0, 1_000_000))
def test_bands_are_what_fractions_say(of: int, over: int, steps: list[tuple[int, int]], last: int) -> None:
    ends = sorted({end for end, _ in steps})
    rates = [rate for _, rate in steps][: len(ends)]
    bands = (
        *(Band(rate_ppm=Ppm(rate), up_to_minor=end) for end, rate in zip(ends, rates, strict=True)),
        Band(rate_ppm=Ppm(last)),
    )
    formula: Formula = Bands(of=Base(fact=Fact.FINANCING_COST), over=Fact.FINANCING, bands=bands)
    found = work_out(formula, {Fact.FINANCING_COST: of, Fact.FINANCING: over}, "", [])
    exact, below = Fraction(0), 0
    for end, rate in zip([*ends, over], [*rates, last], strict=True):
        width = max(min(end, over) - below, 0)
        exact += Fraction(of) * Fraction(width, over) * Fraction(rate, 1_000_000) if over else 0
        below = max(below, min(end, over))
    assert found == exact.numerator // exact.denominator


@given(budget=st.integers(0, 1_000), asked=st.lists(st.integers(1, 400), max_size=8), way=st.sampled_from(Exhaustion))
def test_shares_never_exceed_the_budget_nor_what_was_asked(budget: int, asked: list[int], way: Exhaustion) -> None:
    awards = shared(way, budget, asked)
    assert sum(awards) == min(budget, sum(asked))
    assert all(0 <= award <= ask for award, ask in zip(awards, asked, strict=True))


def test_halves_go_as_they_are_told() -> None:
    facts = {Fact.FEE: 5}
    for rounding, expected in ((Rounding.FLOOR, 2), (Rounding.HALF_EVEN, 2)):
        rate = Rate(rate_ppm=Ppm(500_000), of=Base(fact=Fact.FEE), rounding=rounding)
        assert work_out(rate, facts, "", []) == expected
    rate = Rate(rate_ppm=Ppm(500_000), of=Base(fact=Fact.FEE), rounding=Rounding.HALF_EVEN)
    assert work_out(rate, {Fact.FEE: 7}, "", []) == 4


@pytest.mark.parametrize(
    ("terms", "days", "expected"),
    [
        (ClawbackTerms(), 9_999, 1_000),
        (ClawbackTerms(linear_days=300), 0, 1_000),
        (ClawbackTerms(linear_days=300), 100, 666),
        (ClawbackTerms(linear_days=300), 300, 0),
        (ClawbackTerms(linear_days=300), 301, 0),
        (ClawbackTerms(steps=(ClawbackStep(until_day=10, share_ppm=Ppm(500_000)),)), 10, 500),
        (ClawbackTerms(steps=(ClawbackStep(until_day=10, share_ppm=Ppm(500_000)),)), 11, 0),
    ],
)
def test_what_is_taken_back(terms: ClawbackTerms, days: int, expected: int) -> None:
    assert clawback_minor(terms, ClawbackTrigger.DEFAULT, Minor(1_000), days) == expected
    assert clawback_minor(terms, ClawbackTrigger.FALSE_STATEMENT, Minor(1_000), days) == 1_000
