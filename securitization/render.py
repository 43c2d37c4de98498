"""A deal told in words, Chinese or English, from the tree itself: every field of the file appears in the text.

And why each amount is what it is: the reasons the plain evaluator kept, one a line.
"""

from __future__ import annotations

from securitization.deal import Deal, all_waterfalls
from securitization.explain import Payment, Reason, Rule
from securitization.render_rules import tell_step, tell_trigger
from securitization.render_terms import LANGUAGES, Language, Teller
from securitization.render_words import REASONS

RATES = ("rate_ppm", "vat_ppm")
COUNTS = ("days", "year_days", "events")
FIGURES = (Rule.POOL, Rule.TRANCHES, Rule.COLLECTED)
"""Rules whose subject is a figure's name, not a party's."""


def tell_deal(deal: Deal, language: Language) -> str:
    """The whole deal, a line for each thing it says."""
    teller = Teller(deal, language)
    lines = [
        teller.say(
            "deal",
            title=teller.title(deal.title),
            name=deal.name,
            currency=deal.currency,
            amount=teller.money(deal.issue_minor),
        )
    ]
    lines.append(teller.say("format", format=deal.format))
    lines += [teller.say("source", text=text) for text in deal.sources]
    pool = deal.pool
    balance, valuation = teller.money(pool.initial_balance_minor), teller.money(pool.initial_valuation_minor)
    lines.append(teller.say("pool", balance=balance, valuation=valuation))
    into = deal.collections
    lines.append(
        teller.say(
            "collections",
            interest=teller.name(into.interest),
            principal=teller.name(into.principal),
            recoveries=teller.name(into.recoveries),
        )
    )
    lines += [teller.say("index", name=name) for name in deal.indexes]
    lines += [teller.say("event", name=name) for name in deal.events]
    for head, told in (
        ("tranches", [teller.tranche(one) for one in deal.tranches]),
        ("accounts", [teller.account(one) for one in deal.accounts]),
        ("fees", [teller.fee(one) for one in deal.fees]),
        ("supports", [teller.support(one) for one in deal.supports]),
        ("hedges", [teller.hedge(one) for one in deal.hedges]),
        ("triggers", [tell_trigger(teller, one) for one in deal.triggers]),
    ):
        lines += [teller.say(f"head.{head}"), *(f"  {line}" for line in told)] if told else []
    for status, steps in all_waterfalls(deal):
        lines.append(teller.say(f"head.{status}"))
        lines += [f"  {place}. {tell_step(teller, step)}" for place, step in enumerate(steps, start=1)]
    lines.append(teller.say("head.calendar"))
    for number, period in enumerate(deal.periods, start=1):
        dates = {"start": period.start, "end": period.end, "record": period.record_date, "payment": period.payment_date}
        lines.append(f"  {teller.say('period', number=number, **dates)}")
    return "\n".join(lines) + "\n"


def tell_payment(deal: Deal, payment: Payment, language: Language) -> str:
    """Why a payment is what it is: the tree of reasons, one a line, indented under what it explains."""
    teller = Teller(deal, language)
    return "\n".join(_lines(teller, payment.why, 0)) + "\n"


def _lines(teller: Teller, reason: Reason, depth: int) -> list[str]:
    lines = ["  " * depth + _sentence(teller, reason)]
    for part in reason.parts:
        lines += _lines(teller, part, depth + 1)
    return lines


def _sentence(teller: Teller, reason: Reason) -> str:
    template = REASONS[reason.rule][LANGUAGES.index(teller.language)]
    figures: dict[str, str] = {}
    for name, value in reason.figures:
        told = teller.rate(value) if name in RATES else str(value) if name in COUNTS else teller.money(value)
        figures[name] = told
    if reason.rule is Rule.BOUNDED:
        most = figures.get("maximum")
        figures["maximum"] = "" if most is None else teller.say("fee.maximum", maximum=most)
    if reason.rule in {Rule.RATE, Rule.BAND}:
        days = figures.get("days")
        figures["for_days"] = "" if days is None else f" ({days}/{figures['year_days']})"
    if reason.rule is Rule.AVAILABLE:
        limit = figures.get("limit")
        figures["within"] = "" if limit is None else teller.say("limit", formula=limit)
    if reason.rule is Rule.SUPPORT:
        figures["figure_of"] = teller.say(f"figure.{reason.figures[0][0]}")
    parts = [f"{teller.name(name)} {teller.money(value)}" for name, value in reason.figures]
    return template.format(
        **{
            "value": teller.money(reason.value),
            "count": str(reason.value),
            "subject": teller.name(reason.subject),
            "figure": teller.say(f"figure.{reason.subject}") if reason.rule in FIGURES else "",
            "rounding": teller.say(f"rounding.{reason.subject}") if reason.rule is Rule.SHARE else "",
            "parts": teller.say("comma").join(parts),
        }
        | figures
    )
