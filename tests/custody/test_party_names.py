"""Which spellings are one party, which are close, and who is an organisation: tables of real names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.party_names import (
    Likeness,
    is_organisation,
    likeness,
    organisation_key,
    person_words,
    same_person,
)

SAME = """
US WELL SERVICES LLC            = U.S. WELL SERVICES, LLC
US WELL SERVICES, LLC.          = U. S. Well Services, L.L.C.
GOOGLE, INC.                    = Google Inc
GOOGLE LLC (FORMERLY GOOGLE, INC.) = GOOGLE LLC
BOREALIS A.G.                   = BOREALIS AG
WIDEX, A/S                      = WIDEX A/S
THE FOO COMPANY                 = FOO CO.
BANK OF AMERICA, N.A., AS ADMINISTRATIVE AGENT = BANK OF AMERICA, NATIONAL ASSOCIATION
WILMINGTON SAVINGS FUND SOCIETY, FSB, AS COLLATERAL AGENT = WILMINGTON SAVINGS FUND SOCIETY, FSB
U.S. BANK NATIONAL ASSOCIATION, AS ADMINISTRATIVE AGENT = U.S. Bank, N.A.
"""

LIKENESSES = """
GOOGLE INC.                     | GOOGLE LLC                            | legal_form
APPLE                           | APPLE INC.                            | legal_form
LOGICBLOX-PREDICTIX ACQUISITIONCO, INC. | LOGICBLOX-PREDICTIX ACQUISTIONCO, INC. | spelling
CHARLIE TRUST                   | CAHRLIE TRUST                         | spelling
CHARLIE TRUST                   | CHARLES TRUST                         | other
ALPHA CO                        | ALPHB CO                              | other
U.S. WELL SERVICES, LLC         | U.S. WELL SERVICES HOLDINGS, LLC      | other
GOOGLE LLC                      | GOOGLE ENDEAVOR LLC                   | other
"""

PERSONS = """
BROUSSARD, JOEL N.              | Joel N. Broussard      | yes
BROUSSARD, JOEL                 | Joel N. BROUSSARD      | yes
OEHRING, JARED, MR              | Jared Oehring          | yes
HINDERLITER, BRANDON N.         | Brandon Neil HINDERLITER | yes
TÖLTSCH, WILFRIED PETER         | Wilfried Peter Toltsch | yes
BHATLA, MIKHIL                  | Nikhil Bhatla          | no
KIM, J.                         | Joel Kim               | no
KIM, JOEL                       | Jane Kim               | no
WATTS, KEVIN WILLIAM            | Kurt Konolige          | no
"""


def rows(table: str, by: str = "|") -> list[tuple[str, ...]]:
    """A table's cells."""
    return [tuple(cell.strip() for cell in line.split(by)) for line in table.strip().splitlines()]


@pytest.mark.parametrize(("one", "other"), rows(SAME, "="))
def test_two_spellings_of_one_organisation_have_one_key(one: str, other: str) -> None:
    assert organisation_key(one) == organisation_key(other)


@pytest.mark.parametrize(("one", "other", "expected"), rows(LIKENESSES))
def test_close_names_are_said_to_be_close_and_no_more(one: str, other: str, expected: str) -> None:
    keys = organisation_key(one), organisation_key(other)
    assert likeness(*keys) is likeness(*keys[::-1]) is Likeness(expected)


@pytest.mark.parametrize(("one", "other", "expected"), rows(PERSONS))
def test_a_person_is_known_by_words_whatever_their_order(one: str, other: str, expected: str) -> None:
    words = person_words(one), person_words(other)
    assert same_person(*words) is same_person(*words[::-1]) is (expected == "yes")


@pytest.mark.parametrize(
    ("name", "organisation"),
    [
        ("KURTZ, ROBERT", False),
        ("PEREIRA FILHO, LUIZ DO AMARAL DE FRANCA", False),
        ("., AJINKYA", False),
        ("PAYNE, ANTHONY H., JR.", False),
        ("ROCKSTAR BIDCO, LP", True),
        ("APPLE", True),
        ("GOLDMAN SACHS BANK USA", True),
        ("LEMAIRE ILLUMINATION TECHNOLOGIES, LLC", True),
        ("UNIVERSITY, FOO", True),
    ],
)
def test_who_is_an_organisation(name: str, organisation: bool) -> None:
    assert is_organisation(name) is organisation


@given(st.text(alphabet=st.characters(max_codepoint=126), max_size=80))
def test_a_key_depends_on_no_letter_case_and_no_blank(name: str) -> None:
    assert organisation_key(name.lower()) == organisation_key(name.upper()) == organisation_key(f"  {name}\t")


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_never_depends_on_who_comes_first(one: str, other: str) -> None:
    keys = organisation_key(one), organisation_key(other)
    assert likeness(*keys) is likeness(*keys[::-1])
