"""The nominal end of a right's term: what the law gives before fees, adjustments, disclaimers and courts.

A nominal date is a ceiling for buyers and pools, never a statement of validity. Rules marked [M] in the domain notes
are carried as `confirmed=False`. A term ends with the corresponding day (29 February gives 28 February): on that day
the right counts as expired, the reading that cannot sell one day too many.
Source: 专利法 42 (CN), 35 USC 154, 161 and 173 (US), EPC 63 (EP), 特許法 67 (JP), 특허법 88 (KR).
"""

from __future__ import annotations

from datetime import date

import msgspec

from exchange.assets.kinds import PatentStatus, RightType, Stage

CN_DESIGN_15_FROM = "2021-06-01"
US_20_FROM_FILING_FROM = "1995-06-08"
US_DESIGN_15_FROM = "2015-05-13"
_UTILITY_10_FROM = {"DE": "1990-07-01", "JP": "2005-04-01", "KR": "2006-10-01"}
"""Ten years from filing hold for utility models filed since; older ones had terms of other lengths."""


class Term(msgspec.Struct, frozen=True, gc=False):
    """When a right nominally ends (ISO date), by which rule, and whether that rule was read in its source."""

    expiry: str
    rule: str
    confirmed: bool = True


def add_years(day: str, years: int) -> str:
    """The corresponding ISO date `years` later; 29 February becomes 28 February in a common year.

    >>> add_years("2004-02-29", 15), add_years("2004-02-29", 20)
    ('2019-02-28', '2024-02-29')
    """
    year = int(day[:4]) + years
    if day[5:] == "02-29" and (year % 4 or (year % 100 == 0 and year % 400)):
        return f"{year:04d}-02-28"
    return f"{year:04d}{day[4:]}"


def nominal_term(
    office: str, right: RightType, *, filing_date: str, grant_date: str = "", earliest_filing_date: str = ""
) -> Term | None:
    """The nominal term, or None where these dates do not decide it.

    `earliest_filing_date` is the earliest non-provisional application a US patent goes back to (35 USC 154(a)(2));
    without it the patent's own filing date counts and the answer may be too late. A WO application has no term of
    its own, a US reissue keeps the term of the patent it replaces, which its own dates do not tell.
    """
    match office:
        case "CN":
            return _china(right, filing_date)
        case "US":
            return _united_states(right, filing_date, grant_date, earliest_filing_date)
        case "WO":
            return None
        case _:
            return _elsewhere(office, right, filing_date)


def _china(right: RightType, filed: str) -> Term | None:
    """20 years for inventions, 10 for utility models, 15 for designs, all from filing."""
    if not filed:
        return None
    if right is RightType.INVENTION:
        return Term(add_years(filed, 20), "CN.invention.20y")
    if right is RightType.UTILITY_MODEL:
        return Term(add_years(filed, 10), "CN.utility_model.10y")
    if right is not RightType.DESIGN:
        return None
    if filed < CN_DESIGN_15_FROM:
        return Term(add_years(filed, 10), "CN.design.10y", confirmed=False)
    return Term(add_years(filed, 15), "CN.design.15y")


def _united_states(right: RightType, filed: str, granted: str, earliest: str) -> Term | None:
    """20 years from the earliest non-provisional filing; designs from their grant."""
    if right is RightType.DESIGN:
        if not granted or not filed:
            return None
        if filed < US_DESIGN_15_FROM:
            return Term(add_years(granted, 14), "US.design.14y_from_grant", confirmed=False)
        return Term(add_years(granted, 15), "US.design.15y_from_grant", confirmed=False)
    if right not in {RightType.INVENTION, RightType.PLANT} or not filed:
        return None
    since = min(filed, earliest) if earliest else filed
    from_filing = add_years(since, 20)
    if filed < US_20_FROM_FILING_FROM and granted:
        return Term(max(from_filing, add_years(granted, 17)), "US.later_of_20y_17y_from_grant", confirmed=False)
    return Term(from_filing, "US.20y")


def _elsewhere(office: str, right: RightType, filed: str) -> Term | None:
    """20 years for inventions; utility models only where one term holds for all that can still be alive."""
    if not filed:
        return None
    if right is RightType.INVENTION:
        return Term(add_years(filed, 20), f"{office}.20y", confirmed=office == "EP")
    if right is not RightType.UTILITY_MODEL:
        return None
    since = _UTILITY_10_FROM.get(office)
    if since is None or filed < since:
        return None
    return Term(add_years(filed, 10), f"{office}.utility_model.10y", confirmed=False)


def status_on(stage: Stage, nominal_expiry: str, day: date) -> PatentStatus:
    """What the record's own dates say of the right on a day: expired from its nominal end on, else its stage."""
    if nominal_expiry and day.isoformat() >= nominal_expiry:
        return PatentStatus.EXPIRED
    return PatentStatus(stage.value)
