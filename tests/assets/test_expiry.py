"""The nominal end of a term follows from office, right and dates alone."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.assets.expiry import add_years, nominal_term, status_on
from exchange.assets.kinds import PatentStatus, RightType, Stage


@pytest.mark.parametrize(
    ("of", "filed", "granted", "expiry", "confirmed"),
    [
        ("CN invention", "2017-07-21", "", "2037-07-21", True),
        ("CN utility_model", "2017-07-21", "", "2027-07-21", True),
        ("CN design", "2021-05-31", "", "2031-05-31", False),
        ("CN design", "2021-06-01", "", "2036-06-01", True),
        ("US invention", "2014-03-31", "2023-10-31", "2034-03-31", True),
        ("US invention", "1995-06-07", "1999-01-05", "2016-01-05", False),
        ("US invention", "1995-06-07", "1996-01-02", "2015-06-07", False),
        ("US invention", "1995-06-08", "1999-01-05", "2015-06-08", True),
        ("US design", "2015-05-13", "2016-08-02", "2031-08-02", False),
        ("US design", "2015-05-12", "2016-08-02", "2030-08-02", False),
        ("US plant", "2015-05-12", "2016-08-02", "2035-05-12", True),
        ("EP invention", "2003-04-02", "", "2023-04-02", True),
        ("JP invention", "2008-03-31", "", "2028-03-31", False),
        ("JP utility_model", "2008-03-31", "", "2018-03-31", False),
        ("DE utility_model", "2007-02-27", "", "2017-02-27", False),
    ],
)
def test_terms_count_from_the_date_the_law_names(
    of: str, filed: str, granted: str, expiry: str, confirmed: bool
) -> None:
    office, right = of.split()
    term = nominal_term(office, RightType(right), filing_date=filed, grant_date=granted)
    assert term is not None
    assert (term.expiry, term.confirmed) == (expiry, confirmed)


@pytest.mark.parametrize(
    ("office", "right", "filed", "granted"),
    [
        ("CN", "invention", "", "2020-01-01"),
        ("US", "design", "2015-05-13", ""),
        ("US", "reissue", "2011-07-18", "2012-12-25"),
        ("WO", "invention", "2012-01-01", ""),
        ("JP", "design", "2012-01-01", "2013-01-01"),
        ("KR", "utility_model", "1999-11-04", ""),
    ],
)
def test_what_the_dates_do_not_decide_stays_unknown(office: str, right: str, filed: str, granted: str) -> None:
    assert nominal_term(office, RightType(right), filing_date=filed, grant_date=granted) is None


def test_a_us_term_counts_from_the_earliest_parent() -> None:
    term = nominal_term("US", RightType.INVENTION, filing_date="2014-03-31", earliest_filing_date="2006-02-28")
    assert term is not None
    assert term.expiry == "2026-02-28"


def test_a_term_from_the_29th_of_february_ends_on_a_day_that_exists() -> None:
    assert add_years("2004-02-29", 15) == "2019-02-28"
    assert add_years("2004-02-29", 20) == "2024-02-29"
    assert add_years("2080-02-29", 20) == "2100-02-28"


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.sampled_from([10, 14, 15, 17, 20]))
def test_the_corresponding_day_is_a_date(day: date, years: int) -> None:
    later = date.fromisoformat(add_years(day.isoformat(), years))
    assert later.year == day.year + years
    assert (later.month, later.day) in {(day.month, day.day), (2, 28)}


def test_a_right_counts_as_expired_on_its_last_day_and_not_the_day_before() -> None:
    assert status_on(Stage.GRANTED, "2037-07-21", date(2037, 7, 20)) is PatentStatus.GRANTED
    assert status_on(Stage.GRANTED, "2037-07-21", date(2037, 7, 21)) is PatentStatus.EXPIRED
    assert status_on(Stage.PUBLISHED, "", date(2037, 7, 21)) is PatentStatus.PUBLISHED
