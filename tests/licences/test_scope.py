"""Which licences may stand beside each other: territory, field and term, with their corners; checked day by day too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.licences import LicenceKind, Scope, Territories, may_not_stand_beside, overlap, scope_problem
from tests.licences.stage import place

TABLE = """
CN       | -               | 2026-01-01 2027-01-01 | CN       | -                 | 2026-06-01 2026-07-01 | yes
CN       | -               | 2026-01-01 2027-01-01 | US       | -                 | 2026-06-01 2026-07-01 | no
CN+JP    | -               | 2026-01-01 2027-01-01 | JP+US    | -                 | 2026-06-01 2026-07-01 | yes
world    | -               | 2026-01-01 2027-01-01 | US       | -                 | 2026-06-01 2026-07-01 | yes
world-US | -               | 2026-01-01 2027-01-01 | US       | -                 | 2026-06-01 2026-07-01 | no
world-US | -               | 2026-01-01 2027-01-01 | JP+US    | -                 | 2026-06-01 2026-07-01 | yes
world-US | -               | 2026-01-01 2027-01-01 | world-CN | -                 | 2026-06-01 2026-07-01 | yes
CN       | -               | 2026-01-01 2027-01-01 | CN       | -                 | 2027-01-01 2028-01-01 | no
CN       | -               | 2026-01-01 2027-01-01 | CN       | -                 | 2026-12-31 2028-01-01 | yes
CN       | F02             | 2026-01-01 2027-01-01 | CN       | F02K9             | 2026-01-01 2027-01-01 | yes
CN       | F02K9           | 2026-01-01 2027-01-01 | CN       | F02K99            | 2026-01-01 2027-01-01 | no
CN       | F               | 2026-01-01 2027-01-01 | CN       | G06F17            | 2026-01-01 2027-01-01 | no
CN       | A61+F02K9       | 2026-01-01 2027-01-01 | CN       | A61B5             | 2026-01-01 2027-01-01 | yes
CN       | medical         | 2026-01-01 2027-01-01 | CN       | medical.imaging   | 2026-01-01 2027-01-01 | yes
CN       | medical.imaging | 2026-01-01 2027-01-01 | CN       | medical.imagingx  | 2026-01-01 2027-01-01 | no
CN       | medical         | 2026-01-01 2027-01-01 | CN       | A61               | 2026-01-01 2027-01-01 | yes
CN       | -               | 2026-01-01 2027-01-01 | CN       | medical           | 2026-01-01 2027-01-01 | yes
"""


def scope(where: str, uses: str, days: str) -> Scope:
    first, last = days.split()
    fields = () if uses == "-" else tuple(uses.split("+"))
    return Scope(territories=place(where), fields=fields, starts_on=first, ends_on=last)


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_two_scopes_overlap_in_country_field_and_term_or_not_at_all(line: str) -> None:
    cells = [cell.strip() for cell in line.split("|")]
    one, other = scope(*cells[:3]), scope(*cells[3:6])
    assert overlap(one, other) is overlap(other, one) is (cells[6] == "yes")


@pytest.mark.parametrize("kind", LicenceKind)
@pytest.mark.parametrize("other", LicenceKind)
def test_only_ordinary_licences_overlap(kind: LicenceKind, other: LicenceKind) -> None:
    same = scope("CN", "-", "2026-01-01 2027-01-01")
    both_ordinary = kind is other is LicenceKind.ORDINARY
    assert may_not_stand_beside(kind, same, other, same) is not both_ordinary


@pytest.mark.parametrize(
    ("where", "uses", "days", "problem"),
    [
        ("CN", "-", "2026-01-01 2026-01-01", "it ends before it begins"),
        ("CN", "-", "2026-02-30 2026-03-01", "no such date"),
        ("CN", "F02+A61", "2026-01-01 2027-01-01", "fields in the order of their codes, each once"),
        ("CN", "-", "2026-01-01 2077-01-01", "at most 50 years"),
        ("CN", "-", "2026-01-01 2076-12-31", ""),
    ],
)
def test_what_is_no_scope(where: str, uses: str, days: str, problem: str) -> None:
    assert scope_problem(scope(where, uses, days)) == problem


def test_a_licence_is_for_somewhere() -> None:
    nowhere = Scope(territories=Territories(), starts_on="2026-01-01", ends_on="2027-01-01")
    assert scope_problem(nowhere) == "no territory"


# --- Counted out: every country, use and day of a small world ---------------------------------------------------------

WORLD = ("CN", "JP", "US", "XX")
"""XX stands for all the countries that nobody named."""
USES = ("A61B", "A61C", "F02K", "G")
DAYS = [f"2026-01-{day:02}" for day in range(1, 8)]
PLACES = st.tuples(st.sets(st.sampled_from(WORLD[:3])), st.booleans())
FIELDS = st.sets(st.sampled_from(["A", "A61", "A61B", "A61C", "F02", "F02K", "G"]))
TERMS = st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).filter(lambda term: term[0] < term[1])


def points(where: tuple[set[str], bool], uses: set[str], term: tuple[str, str]) -> set[tuple[str, str, str]]:
    countries = [one for one in WORLD if (one in where[0]) is not where[1]]
    covered = [one for one in USES if not uses or any(one.startswith(use) for use in uses)]
    days = [day for day in DAYS if term[0] <= day < term[1]]
    return {(country, use, day) for country in countries for use in covered for day in days}


@given(PLACES, FIELDS, TERMS, PLACES, FIELDS, TERMS)
def test_overlap_is_a_country_a_use_and_a_day_in_common(
    where: tuple[set[str], bool],
    uses: set[str],
    term: tuple[str, str],
    where2: tuple[set[str], bool],
    uses2: set[str],
    term2: tuple[str, str],
) -> None:
    def made(where: tuple[set[str], bool], uses: set[str], term: tuple[str, str]) -> Scope:
        territories = Territories(countries=tuple(sorted(where[0])), everywhere_but=where[1])
        return Scope(territories=territories, fields=tuple(sorted(uses)), starts_on=term[0], ends_on=term[1])

    counted = bool(points(where, uses, term) & points(where2, uses2, term2))
    assert overlap(made(where, uses, term), made(where2, uses2, term2)) is counted
