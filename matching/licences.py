"""What a licence covers, and when two of them may not stand beside each other. Pure.

A licence (许可) covers territories, fields of use and a term; two overlap if they do in all three. An exclusive
licence (独占) keeps out everybody and the licensor, a sole one (排他) everybody but the licensor, an ordinary one
(普通) nobody. So only ordinary licences may overlap.
Source: 民法典 arts. 862-867; 技术合同解释 art. 25 (the three kinds).
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.messages import Part
from exchange.core.units import CountryCode, IsoDate

MAX_COUNTRIES = 50
"""Two worlds without so many countries each still have a country in common: there are more than twice as many."""
MAX_FIELDS = 50
MAX_TERM_YEARS = 50

FieldCode = Annotated[
    str, msgspec.Meta(max_length=64, pattern=r"^([A-HY](\d{2}([A-Z](\d{1,4})?)?)?|[a-z0-9]+(\.[a-z0-9]+)*)$")
]
"""A class of the patent classification down to its main group (`F02K9`), or words of one's own (`medical.imaging`).

Not finer: which subgroup lies in which does not follow from their numbers.
"""
CLASS = re.compile(r"^([A-HY])(\d{2})?([A-Z])?(\d{1,4})?$")


class LicenceKind(StrEnum):
    """Whom a licence keeps out."""

    EXCLUSIVE = "exclusive"
    SOLE = "sole"
    ORDINARY = "ordinary"


class Territories(Part, frozen=True, kw_only=True):
    """The countries a licence is for, by ISO code; with `everywhere_but`, the world without them."""

    countries: Annotated[tuple[CountryCode, ...], msgspec.Meta(max_length=MAX_COUNTRIES)] = ()
    everywhere_but: bool = False


class Scope(Part, frozen=True, kw_only=True):
    """What a licence covers. Without `fields` it is for every use; `ends_on` is the first day without it."""

    territories: Territories
    starts_on: IsoDate
    ends_on: IsoDate
    fields: Annotated[tuple[FieldCode, ...], msgspec.Meta(max_length=MAX_FIELDS)] = ()


def scope_problem(scope: Scope) -> str:
    """What makes this no scope of a licence; empty if nothing does."""
    countries = scope.territories.countries
    if not countries and not scope.territories.everywhere_but:
        return "no territory"
    if list(countries) != sorted(set(countries)):
        return "countries in the order of their codes, each once"
    if list(scope.fields) != sorted(set(scope.fields)):
        return "fields in the order of their codes, each once"
    try:
        starts_on, ends_on = date.fromisoformat(scope.starts_on), date.fromisoformat(scope.ends_on)
    except ValueError:
        return "no such date"
    if not starts_on < ends_on:
        return "it ends before it begins"
    if ends_on.year - starts_on.year > MAX_TERM_YEARS:
        return f"at most {MAX_TERM_YEARS} years"
    return ""


def may_not_stand_beside(kind: LicenceKind, scope: Scope, other: LicenceKind, others: Scope) -> bool:
    """Whether two licences of one right contradict each other.

    >>> china, world = Territories(countries=("CN",)), Territories(everywhere_but=True)
    >>> now = {"starts_on": "2026-01-01", "ends_on": "2027-01-01"}
    >>> ours, theirs = Scope(territories=china, **now), Scope(territories=world, **now)
    >>> may_not_stand_beside(LicenceKind.SOLE, ours, LicenceKind.ORDINARY, theirs)
    True
    >>> may_not_stand_beside(LicenceKind.ORDINARY, ours, LicenceKind.ORDINARY, theirs)
    False
    """
    if kind is LicenceKind.ORDINARY and other is LicenceKind.ORDINARY:
        return False
    return overlap(scope, others)


def overlap(one: Scope, other: Scope) -> bool:
    """Whether two scopes have a country, a field and a day in common."""
    terms = one.starts_on < other.ends_on and other.starts_on < one.ends_on
    return terms and _same_country(one.territories, other.territories) and _same_field(one.fields, other.fields)


def _same_country(one: Territories, other: Territories) -> bool:
    if one.everywhere_but and other.everywhere_but:
        return True
    if one.everywhere_but:
        return any(country not in one.countries for country in other.countries)
    if other.everywhere_but:
        return any(country not in other.countries for country in one.countries)
    return any(country in other.countries for country in one.countries)


def _same_field(ones: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """No fields are all fields; a field lies in another if that one's levels begin its own."""
    if not ones or not others:
        return True
    return any(_contains(one, other) or _contains(other, one) for one in ones for other in others)


def _contains(outer: str, inner: str) -> bool:
    wide, narrow = _levels(outer), _levels(inner)
    # Nobody can tell a class from words of one's own: they are taken to overlap, and nothing is promised twice.
    return wide[0] != narrow[0] or narrow[: len(wide)] == wide


def _levels(code: str) -> tuple[str, ...]:
    """A code's vocabulary, and then its levels from the widest."""
    found = CLASS.match(code)
    if found is None:
        return ("words", *code.split("."))
    return ("class", *(level for level in found.groups() if level is not None))


def describe(kind: LicenceKind, scope: Scope) -> str:
    """A licence in a line, as a buyer of the right reads it.

    >>> world = Territories(countries=("US",), everywhere_but=True)
    >>> describe(LicenceKind.SOLE, Scope(territories=world, starts_on="2026-01-01", ends_on="2027-01-01"))
    'sole licence, everywhere but US, every use, 2026-01-01 until 2027-01-01'
    """
    countries = " ".join(scope.territories.countries)
    where = f"everywhere but {countries}" if scope.territories.everywhere_but else countries
    where = "everywhere" if scope.territories.everywhere_but and not countries else where
    uses = " ".join(scope.fields) or "every use"
    return f"{kind} licence, {where}, {uses}, {scope.starts_on} until {scope.ends_on}"


def months_later(day: date, months: int) -> date:
    """The corresponding day so many months later; where that month has none, its last day.

    Source: 民法典 art. 202.

    >>> months_later(date(2026, 11, 30), 3)
    datetime.date(2027, 2, 28)
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
