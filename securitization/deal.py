"""A deal as data: one typed tree, read strictly from JSON and written in one canonical form.

The tree is checked by `deal_checks`, posted from by `evaluate`, run over scenarios by `analytics.vectors`, told by
`render`, and handed on by `export_python` and `export_absbox`. Nothing else decides what a deal pays.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import msgspec

from exchange.core.messages import Part
from exchange.core.units import CurrencyCode, IsoDate
from securitization.deal_formulas import Amount, Label
from securitization.deal_problems import DealCode, Problem
from securitization.deal_steps import Step, Waterfalls
from securitization.deal_terms import MAX_ITEMS, MAX_PERIODS, Account, Fee, Hedge, Support, Title, Tranche, Words
from securitization.deal_triggers import SEVERITY, Status, Trigger
from securitization.strict_json import Refusals, read_strictly

MAX_TEXT = 400_000
CODES = Refusals(too_large=DealCode.DEAL_TOO_LARGE, not_json=DealCode.DEAL_NOT_JSON, shape=DealCode.DEAL_SHAPE)

Labels = Annotated[tuple[Label, ...], msgspec.Meta(max_length=MAX_ITEMS)]


class Period(Part, frozen=True, kw_only=True):
    """One interest period, from `start` up to but not including `end`, who holds on `record_date` is paid on
    `payment_date`."""

    start: IsoDate
    end: IsoDate
    record_date: IsoDate
    payment_date: IsoDate


class PoolTerms(Part, frozen=True, kw_only=True):
    """The pool at the cut-off date."""

    initial_balance_minor: Amount
    initial_valuation_minor: Amount


class Collections(Part, frozen=True, kw_only=True):
    """Into which account each kind of money comes in."""

    interest: Label
    principal: Label
    recoveries: Label


class Deal(Part, frozen=True, kw_only=True):
    """A whole deal. Units: `issue_minor` is what all tranches are issued for together."""

    format: Literal[1]
    name: Label
    title: Title
    sources: Annotated[tuple[Words, ...], msgspec.Meta(max_length=MAX_ITEMS)] = ()
    currency: CurrencyCode
    issue_minor: Amount
    pool: PoolTerms
    periods: Annotated[tuple[Period, ...], msgspec.Meta(min_length=1, max_length=MAX_PERIODS)]
    indexes: Labels = ()
    events: Labels = ()
    tranches: Annotated[tuple[Tranche, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]
    accounts: Annotated[tuple[Account, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]
    collections: Collections
    fees: Annotated[tuple[Fee, ...], msgspec.Meta(max_length=MAX_ITEMS)] = ()
    supports: Annotated[tuple[Support, ...], msgspec.Meta(max_length=MAX_ITEMS)] = ()
    hedges: Annotated[tuple[Hedge, ...], msgspec.Meta(max_length=MAX_ITEMS)] = ()
    triggers: Annotated[tuple[Trigger, ...], msgspec.Meta(max_length=MAX_ITEMS)] = ()
    waterfalls: Waterfalls


def waterfall_of(deal: Deal, status: Status) -> tuple[Step, ...] | None:
    """The steps of one status, or None if the deal has none."""
    match status:
        case Status.NORMAL:
            return deal.waterfalls.normal
        case Status.CLEAN_UP:
            return deal.waterfalls.clean_up
        case Status.EARLY_AMORTISATION:
            return deal.waterfalls.early_amortisation
        case Status.EVENT_OF_DEFAULT:
            return deal.waterfalls.event_of_default


def all_waterfalls(deal: Deal) -> list[tuple[Status, tuple[Step, ...]]]:
    """Every waterfall the deal has, with its status, the normal one first."""
    return [(status, steps) for status in SEVERITY if (steps := waterfall_of(deal, status)) is not None]


def read_deal(text: str) -> Deal | Problem:
    """Read a deal strictly: no unknown, missing or repeated name, no number that is not an integer.

    Refused: deal.too_large, deal.not_json, deal.shape. What is well formed may still be a bad deal: `deal_checks`.
    """
    return read_strictly(text, Deal, MAX_TEXT, CODES)


def canonical_deal(deal: Deal) -> str:
    """The one text of a deal: fields in declared order, two spaces of indent, a closing line end."""
    return msgspec.json.format(msgspec.json.encode(deal), indent=2).decode() + "\n"


def deal_hash(deal: Deal) -> str:
    """The SHA-256 of the canonical text, in hex: what a signature refers to."""
    return hashlib.sha256(canonical_deal(deal).encode()).hexdigest()


def deal_schema() -> dict[str, Any]:
    """The JSON schema of a deal (draft 2020-12)."""
    schema = msgspec.json.schema(Deal)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Deal"} | schema
