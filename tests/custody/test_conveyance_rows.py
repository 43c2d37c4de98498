"""Lists of recorded papers are read strictly: each bad row by itself, with its line, column and code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.conveyances import Unread, read_lists
from custody.conveyance_rows import ConveyanceCode, Line, inventors_among, inventors_of, read_papers
from custody.conveyance_text import confirmed_by, kind_of, papers_named
from custody.conveyances import MAX_INVENTORS, MAX_PARTIES, MAX_PROPERTIES, ConveyanceKind, property_number
from custody.party_names import person_words

TODAY = "2026-03-01"
PAPER = {
    "reel_frame": "049107/0392",
    "recorded_date": "2019-05-07",
    "execution_date": "2019-05-07",
    "conveyance_text": "SECURITY INTEREST (SEE DOCUMENT FOR DETAILS).",
    "assignors": "U.S. WELL SERVICES, LLC",
    "assignees": "CLMG CORP.",
    "n_properties": "1",
}
PROPERTY = {
    "reel_frame": "049107/0392",
    "seq": "1",
    "application_number": "15581625",
    "patent_number": "11066912",
    "publication_number": "20170226839",
    "inventors": "Jeff McPherson, Jared Oehring",
}

TEXTS = """
ASSIGNMENT OF ASSIGNOR'S INTEREST                             | assignment        |
NUNC PRO TUNC ASSIGNMENT (SEE DOCUMENT FOR DETAILS).          | assignment        |
CONVEYANCE CHANGE OF NAME                                     | name_change       |
MERGER AND CHANGE OF NAME                                     | merger            |
CERTIFICATE OF CONVERSION                                     | entity_conversion |
ENTITY CONVEYANCE                                             | entity_conversion |
INTELLECTUAL PROPERTY SECURITY AGREEMENT                      | security_interest |
LIEN                                                          | security_interest |
ASSIGNMENT OF PATENT SECURITY INTEREST RECORDED AT REEL/FRAME 048811/0679 | security_transfer | 048811/0679
TERMINATION AND RELEASE OF PATENT SECURITY AGREEMENT RECORDED AT REEL 048818/FRAME 0520 | release | 048818/0520
RELEASE OF SECURITY INTEREST AT REEL/FRAME NO. 49107/0392     | release           | 049107/0392
RELEASE BY SECURED PARTY (SEE DOCUMENT FOR DETAILS).          | release           |
CONFIRMATORY LICENSE (SEE DOCUMENT FOR DETAILS)               | licence           |
CORRECTIVE ASSIGNMENT PREVIOUSLY RECORDED AT REEL: 6077 FRAME: 100. | corrective  | 006077/0100
CORRECTIVE ASSIGNMENT PREVIOUSLY RECORDED ON REEL 026154, FRAME 0168 | corrective | 026154/0168
DECLARATION OF SOMETHING ELSE                                 | other             |
"""


@pytest.mark.parametrize("line", TEXTS.strip().splitlines())
def test_a_recorded_text_says_the_kind_and_the_papers_it_names(line: str) -> None:
    text, kind, names = (cell.strip() for cell in line.split("|"))
    assert kind_of(text) is ConveyanceKind(kind)
    assert papers_named(text) == tuple(names.split())


def test_a_correction_restates_what_its_first_words_say_not_what_a_name_holds() -> None:
    trust = "CORRECTIVE ASSIGNMENT ... HEREBY CONFIRMS THE CORRECT NAME IS: SERIES 42 OF ALLIED SECURITY TRUST I."
    assert confirmed_by(trust) is ConveyanceKind.ASSIGNMENT
    assert confirmed_by("... HEREBY CONFIRMS THE CHANGE OF NAME.") is ConveyanceKind.NAME_CHANGE
    assert confirmed_by("... HEREBY CONFIRMS THE THE ORIGINALLY EXECUTED MERGER") is ConveyanceKind.MERGER


REFUSED = [
    ({"reel_frame": "49107"}, {}, "papers reel_frame conveyance.reel_frame_invalid"),
    ({"reel_frame": "1234567/0001"}, {}, "papers reel_frame conveyance.reel_frame_invalid"),
    ({"execution_date": "2019-02-29"}, {}, "papers execution_date conveyance.date_invalid"),
    ({"execution_date": "07/05/2019"}, {}, "papers execution_date conveyance.date_invalid"),
    ({"execution_date": "２０１９-05-07"}, {}, "papers execution_date conveyance.date_invalid"),
    ({"execution_date": "2026-03-02"}, {}, "papers execution_date conveyance.date_future"),
    ({"recorded_date": "2026-03-02"}, {}, "papers recorded_date conveyance.date_future"),
    ({"conveyance_text": " "}, {}, "papers conveyance_text conveyance.text_missing"),
    ({"conveyance_text": "X" * 2_001}, {}, "papers conveyance_text conveyance.field_too_long"),
    ({"assignors": "; ;"}, {}, "papers assignors conveyance.party_missing"),
    ({"assignees": "..."}, {}, "papers assignees conveyance.party_missing"),
    ({"assignees": "Z" * 151}, {}, "papers assignees conveyance.field_too_long"),
    (
        {"assignors": "; ".join(f"P{n}, A" for n in range(MAX_PARTIES + 1))},
        {},
        "papers assignors conveyance.too_many_parties",
    ),
    ({"n_properties": "-1"}, {}, "papers n_properties conveyance.count_invalid"),
    ({"n_properties": "100001"}, {}, "papers n_properties conveyance.count_invalid"),
    ({}, {"reel_frame": "049107/0393"}, "properties reel_frame property.without_paper"),
    ({}, {"patent_number": "11-066-912-1234567"}, "properties patent_number property.number_invalid"),
    (
        {},
        {"inventors": ", ".join(f"I{n} B" for n in range(MAX_INVENTORS + 1))},
        "properties inventors property.too_many_inventors",
    ),
]


@pytest.mark.parametrize(("paper", "listed", "expected"), REFUSED)
def test_a_bad_row_is_refused_with_its_place_and_code(
    paper: dict[str, str], listed: dict[str, str], expected: str
) -> None:
    _, faults = read_papers([Line(7, {**PAPER, **paper})], [Line(9, {**PROPERTY, **listed})], today=TODAY)
    first = faults[0]
    assert f"{first.list_name} {first.column} {first.code.value}" == expected
    assert first.line == (7 if first.list_name == "papers" else 9)


ACCEPTED = [
    ({"execution_date": TODAY}, {}),
    ({"execution_date": "", "recorded_date": ""}, {}),
    ({"conveyance_text": "X" * 2_000}, {}),
    ({"assignees": "Z" * 150}, {}),
    ({"assignors": "; ".join(f"P{n}, A" for n in range(MAX_PARTIES))}, {}),
    ({"n_properties": "100000"}, {}),
    ({}, {"application_number": "15/581,625"}),
    ({}, {"inventors": ", ".join(f"I{n} B" for n in range(MAX_INVENTORS))}),
]


@pytest.mark.parametrize(("paper", "listed"), ACCEPTED)
def test_the_last_that_is_allowed_is_read(paper: dict[str, str], listed: dict[str, str]) -> None:
    recorded, faults = read_papers([Line(7, {**PAPER, **paper})], [Line(9, {**PROPERTY, **listed})], today=TODAY)
    assert (len(recorded), faults) == (1, [])


def test_a_paper_comes_once_a_property_once_and_a_paper_without_properties_not_at_all() -> None:
    heads = [Line(2, PAPER), Line(3, PAPER), Line(4, {**PAPER, "reel_frame": "050000/0001"})]
    recorded, faults = read_papers(heads, [Line(2, PROPERTY), Line(3, PROPERTY)], today=TODAY)
    assert len(recorded) == 1
    assert [(fault.list_name, fault.line, fault.code) for fault in faults] == [
        ("papers", 3, ConveyanceCode.DUPLICATE),
        ("properties", 3, ConveyanceCode.PROPERTY_DUPLICATE),
        ("papers", 4, ConveyanceCode.NO_PROPERTIES),
    ]


def test_a_paper_lists_two_thousand_properties_and_not_one_more() -> None:
    listed = [Line(n, {**PROPERTY, "application_number": str(10_000_000 + n)}) for n in range(MAX_PROPERTIES + 1)]
    [recorded], faults = read_papers([Line(2, {**PAPER, "n_properties": "2001"})], listed, today=TODAY)
    assert len(recorded.paper.properties) == MAX_PROPERTIES
    assert recorded.paper.cut
    assert [fault.code for fault in faults] == [ConveyanceCode.TOO_MANY_PROPERTIES]


def test_no_natural_person_is_named_in_a_paper() -> None:
    people = {**PAPER, "assignors": "OEHRING, JARED; STRANGE, STEPHEN; SOME FIRM, LLC"}
    [recorded], _ = read_papers([Line(2, people)], [Line(2, PROPERTY)], today=TODAY)
    assert recorded.paper.assignors == ("SOME FIRM LLC",)
    assert recorded.paper.persons_from == 2
    assert recorded.paper.properties[0].inventors_from == (0,)
    assert "OEHRING" not in repr(recorded.paper)


def test_an_inventor_is_a_person_even_without_the_offices_comma() -> None:
    people = {**PAPER, "assignors": "Jared Oehring; Jeff McPherson; MCPHERSON SYSTEMS"}
    [recorded], _ = read_papers([Line(2, people)], [Line(2, PROPERTY)], today=TODAY)
    assert recorded.paper.assignors == ("MCPHERSON SYSTEMS",)
    assert recorded.paper.properties[0].inventors_from == (0, 1)


def test_an_exact_name_is_matched_before_a_like_one() -> None:
    inventors = inventors_of(["Kim, Joel", "Kim, Joel N."])
    assert inventors_among(inventors, [person_words("KIM, JOEL N.")]) == (inventors.index(("JOEL", "KIM", "N")),)
    assert inventors_among(inventors, [person_words("KIM, JOEL"), person_words("KIM, JOEL N.")]) == (0, 1)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("US11066912B2", "11066912"),
        ("USD628609S", "D628609"),
        ("USRE43880E", "RE43880"),
        ("US20170226839A1", "20170226839"),
        ("15/581,625", "15581625"),
        ("11066912", "11066912"),
    ],
)
def test_a_number_is_written_as_the_papers_write_it(number: str, expected: str) -> None:
    assert property_number(number) == expected


HEAD = b"reel_frame,execution_date,conveyance_text,assignors,assignees,n_properties\n"
LISTED = b"reel_frame,seq,application_number,patent_number,publication_number,inventors\n"


def test_a_file_without_a_column_is_no_list() -> None:
    with pytest.raises(Unread, match=r"file\.column_missing assignees"):
        read_lists([HEAD.replace(b"assignees", b"takers")], [LISTED], TODAY)
    with pytest.raises(Unread, match=r"file\.column_missing reel_frame"):
        read_lists([], [LISTED], TODAY)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=400))
def test_whatever_bytes_come_each_row_is_read_or_refused(papers: bytes, listed: bytes) -> None:
    recorded, faults = read_lists([HEAD + papers], [LISTED + listed], TODAY)
    assert all(fault.code and fault.line >= 1 for fault in faults)
    assert all(one.paper.properties for one in recorded)


CELL = st.text(alphabet='0123456789/-,;."\n ABCdéø漢\x00', max_size=24)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(PAPER)), CELL, max_size=3),
    st.dictionaries(st.sampled_from(sorted(PROPERTY)), CELL, max_size=3),
)
def test_whatever_a_cell_holds_the_row_is_read_or_refused(paper: dict[str, str], listed: dict[str, str]) -> None:
    recorded, faults = read_papers([Line(2, {**PAPER, **paper})], [Line(2, {**PROPERTY, **listed})], today=TODAY)
    assert len(recorded) == 1 or faults
    for one in recorded:
        assert one.paper.reel_frame == "049107/0392" or "reel_frame" in paper
        assert not one.paper.executed_on or one.paper.executed_on <= TODAY
