"""Intake: each row accepted, incomplete or rejected, with line, column and code; nobody's name in an entry."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec
import pytest

from exchange.assets import intake as intake_module
from exchange.assets.checks import audit, diff
from exchange.assets.codes import IntakeCode
from exchange.assets.entries import BLOCKED_BY, ExpiryBasis, PatentEntry, Purpose
from exchange.assets.intake import IntakeRow, Tally, Verdict, read_patents
from exchange.assets.kinds import PatentStatus
from exchange.assets.names import alias_key, name_salt, pair_names, salted_commitment
from tests.assets.helpers import AS_OF, REPOSITORY, faults_of, intake, row, salt_for, shared_file, table


def only(data: bytes) -> IntakeRow:
    """The outcome of a file of one row."""
    (outcome,) = intake(data)
    return outcome


def entry_of(data: bytes) -> PatentEntry:
    """The entry of a file of one row."""
    entry = only(data).entry
    assert entry is not None
    return entry


def test_a_whole_row_is_accepted_in_normal_form() -> None:
    outcome = only(table(row(publication_number="CN 107000001 B", application_number="201710601862")))
    entry = outcome.entry
    assert entry is not None
    assert (outcome.line, outcome.verdict, outcome.faults) == (2, Verdict.ACCEPTED, ())
    assert (entry.key, entry.application_number) == ("CN107000001B", "CN201710601862.3")
    assert (entry.nominal_expiry, entry.expiry_basis) == ("2037-07-21", ExpiryBasis.COMPUTED)
    assert (entry.status, entry.missing, entry.blocks) == (PatentStatus.GRANTED, (), ())
    assert (entry.applicants, entry.ipc) == (("UNIV TIANJIN",), ("H01M8/02", "H01M8/10"))


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("publication_number", "CN10700000B", "patent.number_invalid"),
        ("publication_number", "CN207000001B", "patent.kind_mismatch"),
        ("publication_number", "CN107000001Q", "patent.kind_unknown"),
        ("publication_number", "QQ107000001B", "patent.country_unknown"),
        ("country", "US", "patent.country_mismatch"),
        ("kind", "A", "patent.kind_mismatch"),
        ("application_number", "CN201710601862.4", "patent.check_digit"),
        ("application_number", "17/6018", "patent.application_invalid"),
        ("application_number", "CN201720601862", "patent.application_mismatch"),
        ("filing_date", "21.07.2017", "patent.date_invalid"),
        ("filing_date", "2017-02-29", "patent.date_invalid"),
        ("filing_date", "2017-W29-5", "patent.date_invalid"),
        ("publication_date", "2017-07-20", "patent.date_order"),
        ("grant_date", "2017-07-20", "patent.date_order"),
        ("grant_date", "2025-06-02", "patent.date_future"),
        ("title", "x" * 1_001, "patent.title_too_long"),
        ("applicants", "x" * 401, "patent.name_too_long"),
        ("inventors", "; ".join(f"INVENTOR {place}" for place in range(201)), "patent.too_many_names"),
        ("ipc", "; ".join(f"H01M8/{place:02d}" for place in range(101)), "patent.too_many_classes"),
    ],
)
def test_a_wrong_value_rejects_its_row_and_no_other(column: str, value: str, code: str) -> None:
    good = row(publication_number="CN107000002B")
    data = table(good, row(**{column: value}), row(publication_number="CN107000003B"))
    outcomes = intake(data)
    assert [outcome.verdict.value for outcome in outcomes] == ["accepted", "rejected", "accepted"]
    assert (3, column, code) in faults_of(data)
    assert all(line == 3 for line, _, _ in faults_of(data))


def test_a_priority_after_the_filing_is_named_on_the_filing() -> None:
    assert faults_of(table(row(earliest_priority_date="2017-07-22"))) == [(2, "filing_date", "patent.date_order")]


def test_every_fault_of_a_row_is_told_at_once() -> None:
    data = table(row(publication_number="CN1B", filing_date="x", grant_date="y", title="t" * 2_000))
    assert [(column, code) for _, column, code in faults_of(data)] == [
        ("publication_number", "patent.number_invalid"),
        ("filing_date", "patent.date_invalid"),
        ("grant_date", "patent.date_invalid"),
        ("title", "patent.title_too_long"),
    ]


def test_the_second_row_of_a_number_is_refused_whatever_its_spelling() -> None:
    data = table(row(), row(publication_number="CN 107000001 B", title="Another"))
    assert faults_of(data) == [(3, "publication_number", "patent.duplicate_in_file")]


def test_a_row_without_any_number_is_refused() -> None:
    data = table(row(publication_number="", application_number=""))
    assert faults_of(data) == [(2, "publication_number", "patent.number_missing")]


def test_an_application_that_was_not_published_is_a_record_of_its_own() -> None:
    entry = entry_of(table(row(publication_number="", kind="", publication_date="", grant_date="")))
    assert (entry.key, entry.status) == ("CN201710601862.3", PatentStatus.FILED)
    assert (entry.nominal_expiry, entry.missing) == ("2037-07-21", ())


@pytest.mark.parametrize(
    ("column", "missing"),
    [
        ("title", ("title",)),
        ("applicants", ("applicants",)),
        ("inventors", ("inventors",)),
        ("application_number", ("application_number",)),
        ("filing_date", ("filing_date", "nominal_expiry")),
        ("publication_date", ("publication_date",)),
        ("ipc", ("ipc",)),
    ],
)
def test_a_missing_value_keeps_the_row_and_blocks_what_needs_it(column: str, missing: tuple[str, ...]) -> None:
    outcome = only(table(row(**{column: ""})))
    assert outcome.verdict is Verdict.INCOMPLETE
    assert outcome.entry is not None
    assert outcome.entry.missing == missing
    blocked = {purpose for name in missing for purpose in BLOCKED_BY[name]}
    assert outcome.entry.blocks == tuple(purpose for purpose in Purpose if purpose in blocked) != ()


def test_the_grant_date_of_a_granted_record_is_the_day_it_was_published() -> None:
    assert entry_of(table(row(grant_date=""))).grant_date == "2019-03-05"


def test_a_class_that_cannot_be_read_is_left_out_with_a_note() -> None:
    outcome = only(table(row(ipc="H01M00802; 7A 61K 38:17 J; C12N000902; A61K031426; A61K000")))
    assert outcome.verdict is Verdict.ACCEPTED
    assert outcome.entry is not None
    assert outcome.entry.ipc == ("H01M8/02", "C12N9/02", "A61K31/426")
    assert [(fault.column, fault.code) for fault in outcome.faults] == [("ipc", IntakeCode.CLASS_INVALID)]


def test_a_us_continuation_ends_with_its_parent() -> None:
    columns = "publication_number,title,application_number,filing_date,priority_numbers"
    for priorities, expiry in [
        ("", "2034-03-31"),
        ("US 36185306 A 20060224; JP 2005000001 A 20050101; US 201361862000 P 20130804", "2026-02-24"),
        ("US 36185306 A 20061399", "2034-03-31"),
    ]:
        data = f"{columns}\nUS9000001B2,T,14/231597,2014-03-31,{priorities}\n".encode()
        entry = entry_of(data)
        assert entry.nominal_expiry == expiry
        assert audit(entry, AS_OF) is None


# The file as a whole


@pytest.mark.parametrize(
    ("data", "column", "code"),
    [
        (b"", "", "file.empty"),
        (b"\n\n", "", "file.empty"),
        ("publication_number,title\n".encode("utf-16"), "", "file.encoding_unsupported"),
        ("publication_number,title\n".encode("utf-16-le"), "1", "file.header_invalid"),
        (b'publication_number,"title\n', "2", "file.header_invalid"),
        (b"publication_number,title,Title\n", "title", "file.header_duplicate"),
        (b"number,title\n1,2\n", "publication_number", "file.column_missing"),
        (b"publication_number,kind\n1,2\n", "title", "file.column_missing"),
        (b"center,case_number,title\n", "patent_number", "file.column_missing"),
        (b"publication_number," + b",".join(b"c%d" % n for n in range(70)), "", "file.too_many_columns"),
    ],
)
def test_a_file_that_cannot_be_read_gives_one_refusal(data: bytes, column: str, code: str) -> None:
    outcomes = intake(data)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.REJECTED]
    assert [(fault.column, fault.code.value) for fault in outcomes[0].faults] == [(column, code)]


def test_a_header_alone_is_an_empty_list() -> None:
    assert intake(table()) == []


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        (b"CN107000002B,CN,B", "title", "row.ragged"),
        (b"," * 12 + b"x", "13", "row.ragged"),
        (b'CN107000002B,CN,B,"open', "title", "row.quote_malformed"),
        (b'CN107000002B,CN,B,a "title" here,,,,,,,,', "title", "row.quote_malformed"),
        (b"CN107000002B,CN,B,nul\x00,,,,,,,,", "title", "row.nul_byte"),
        (b"CN107000002B,CN,B,bell\x07,,,,,,,,", "title", "row.control_character"),
        ("CN107000002B,CN,B,发明,,,,,,,,".encode("gb18030"), "title", "row.encoding_invalid"),
        (b"CN107000002B,CN,B," + b"x" * 40_000 + b",,,,,,,,", "title", "row.field_too_long"),
        (b"CN107000002B,CN,B," + b"x" * 200_000 + b",,,,,,,,", "", "row.too_long"),
    ],
)
def test_a_damaged_row_is_named_by_line_column_and_code_and_the_rest_is_read(
    line: bytes, column: str, code: str
) -> None:
    header, first = table(row(title="Two\nlines")).split(b"\n", 1)
    last = table(row(publication_number="CN107000009B", title='Quoted, with "quotes"')).split(b"\n", 1)[1]
    data = header + b"\n" + first + line + b"\n" + last
    outcomes = intake(data)
    assert [(outcome.line, outcome.verdict.value) for outcome in outcomes] == [
        (2, "accepted"),
        (4, "rejected"),
        (5, "accepted"),
    ]
    assert faults_of(data) == [(4, column, code)]


def test_a_file_of_too_many_rows_is_cut_with_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "MAX_ROWS", 2)
    data = table(*(row(publication_number=f"CN10700000{place}B") for place in range(5)))
    assert [outcome.verdict.value for outcome in intake(data)] == ["accepted", "accepted", "rejected"]
    assert faults_of(data) == [(4, "", "file.too_many_rows")]


# Persons


def test_no_entry_holds_a_persons_name_and_the_side_record_opens_every_commitment() -> None:
    outcome = only(table(row(applicants="WANG WEI; UNIV TIANJIN", inventors="WEI WANG; LI NA")))
    entry, persons = outcome.entry, outcome.persons
    assert entry is not None
    assert persons is not None
    encoded = msgspec.json.encode(entry)
    assert b"WANG" not in encoded
    assert b"LI NA" not in encoded
    assert entry.applicants == ("UNIV TIANJIN",)
    assert (persons.key, persons.inventors, persons.applicants) == (entry.key, ("WEI WANG", "LI NA"), ("WANG WEI",))
    opened = [
        salted_commitment(name, bytes.fromhex(salt))
        for name, salt in zip(persons.inventors, persons.inventor_salts, strict=True)
    ]
    assert tuple(opened) == entry.inventor_commitments
    assert salted_commitment("WANG WEI", bytes.fromhex(persons.applicant_salts[0])) == entry.applicant_commitments[0]


def test_the_salt_of_one_name_opens_no_other() -> None:
    salt = b"s" * 16
    salts = [name_salt(salt, role, place) for role in ("inventor", "applicant") for place in range(3)]
    assert len(set(salts)) == 6
    assert salt not in salts
    for short in (b"", b"s" * 15):
        with pytest.raises(ValueError, match="16 bytes"):
            salted_commitment("WANG WEI", short)
        with pytest.raises(ValueError, match="16 bytes"):
            name_salt(short, "inventor", 0)


def test_persons_of_the_uspto_search_service_are_told_from_companies() -> None:
    assert pair_names("Zins; Wayne A; Zins; David M.") == ([], ["Zins; Wayne A", "Zins; David M."])
    assert pair_names("Jinan University; Macalester College") == (["Jinan University", "Macalester College"], [])
    columns = "publication_number,title,applicants,assignees,inventors,source"
    data = f"{columns}\nUS9000001B2,T,Energy &amp; Services; Doe; Jane,,Doe; Jane et al.,uspto-ppubs\n".encode()
    outcome = only(data)
    assert outcome.entry is not None
    assert outcome.persons is not None
    assert outcome.entry.applicants == ("Energy & Services",)
    assert (outcome.persons.inventors, outcome.persons.applicants) == (("Doe; Jane",), ("Doe; Jane",))
    assert outcome.entry.inventors_abridged


def test_faults_quote_no_names() -> None:
    outcome = only(table(row(inventors="SECRET NAME" * 40)))
    assert [fault.code for fault in outcome.faults] == [IntakeCode.NAME_TOO_LONG]
    assert "SECRET" not in str(outcome)


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (("Amazon Technologies, Inc.", "AMAZON TECHNOLOGIES INC", "Amazon Technologies"), "AMAZON TECHNOLOGIES"),
        (("Taiwan Semiconductor Manufacturing Company, Ltd.",), "TAIWAN SEMICONDUCTOR MANUFACTURING"),
        (("RENAULT S.A.S", "Renault SAS"), "RENAULT"),
        (("The Boeing Company", "BOEING CO"), "BOEING"),
        (("HALDOR TOPSØE A/S",), "HALDOR TOPSØE A S"),
        (("Société Générale S.A.", "SOCIETE GENERALE SA"), "SOCIETE GENERALE"),
        (("华为技术有限公司", "华为技术"), "华为技术"),
        (("Inc.",), "INC"),
    ],
)
def test_spellings_of_one_organisation_share_an_alias_key(spellings: tuple[str, ...], key: str) -> None:
    assert {alias_key(name) for name in spellings} == {key}


# Re-upload, and entries of others


def test_a_re_upload_tells_new_changed_and_same() -> None:
    first = [row(publication_number=f"CN10700000{place}B") for place in range(3)]
    stored = {entry.key: entry.content_hash for entry in entries(table(*first))}
    again = table(first[0], first[1] | {"title": "Renamed"}, row(publication_number="CN107000009B"))
    found = diff(stored, entries(again))
    assert [entry.key for entry in found.new] == ["CN107000009B"]
    assert [entry.key for entry in found.changed] == ["CN107000001B"]
    assert found.same == ("CN107000000B",)


def entries(data: bytes) -> list[PatentEntry]:
    """The entries of a file."""
    return [outcome.entry for outcome in intake(data) if outcome.entry]


def test_spelling_and_the_passing_of_time_are_no_change_but_an_inventor_is() -> None:
    (old,) = entries(table(row()))
    (spelled,) = entries(table(row(publication_number="CN 107000001 B", application_number="2017106018623")))
    later = next(read_patents([table(row())], as_of=AS_OF.replace(year=2040), salt_for=salt_for)).entry
    (other,) = entries(table(row(inventors="WANG WEI; LI NING")))
    assert later is not None
    assert later.status is PatentStatus.EXPIRED
    assert old.content_hash == spelled.content_hash == later.content_hash != other.content_hash


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("content_hash", "0" * 64, "content_hash"),
        ("nominal_expiry", "2047-07-21", "nominal_expiry"),
        ("status", PatentStatus.FILED, "status"),
        ("title", "Other", "content_hash"),
        ("title", "", "missing"),
        ("blocks", (Purpose.POOL,), "blocks"),
        ("publication_number", "CN 107000001B", "publication_number"),
        ("application_number", "CN201710601862", "application_number"),
        ("kind", "A", "publication_number"),
        ("filing_date", "2017-02-30", ""),
        ("publication_number", "", "publication_number"),
    ],
)
def test_an_entry_that_intake_would_not_have_made_is_named(field: str, value: object, column: str) -> None:
    (entry,) = entries(table(row()))
    assert audit(entry, AS_OF) is None
    forged = msgspec.structs.replace(entry, **{field: value})
    fault = audit(forged, AS_OF)
    assert fault is not None
    assert fault.column == column


# Real lists, and a large one


@pytest.mark.parametrize(
    ("name", "counts", "faults"),
    [
        ("us_patents_uspto", {"accepted": 1_381, "incomplete": 19}, {}),
        (
            "nasa_patent_portfolio",
            {"incomplete": 1_379, "rejected": 14},
            {
                "patent.duplicate_in_file": 3,
                "patent.number_missing": 9,
                "patent.application_invalid": 1,
                "patent.application_mismatch": 1,
            },
        ),
        ("cn_institution_patents", {"accepted": 343}, {}),
        ("world_patents_mixed", {"accepted": 841, "incomplete": 174, "rejected": 1}, {"patent.date_order": 1}),
        ("wipo_ritonavir_landscape", {"incomplete": 804}, {"patent.class_invalid": 15}),
    ],
)
def test_real_lists_are_read_with_these_counts(name: str, counts: dict[str, int], faults: dict[str, int]) -> None:
    tally = Tally()
    for outcome in intake(shared_file(f"patents/{name}.csv")):
        tally.add(outcome)
        if outcome.entry is not None:
            assert audit(outcome.entry, AS_OF) is None
            assert msgspec.json.decode(msgspec.json.encode(outcome.entry), type=PatentEntry) == outcome.entry
    assert (tally.rows, tally.faults) == (counts, faults)


def test_nasa_rows_carry_the_stated_expiry_and_an_unknown_grant_kind() -> None:
    by_key = {outcome.entry.key: outcome for outcome in intake(shared_file("patents/nasa_patent_portfolio.csv"))
              if outcome.entry}  # fmt: skip
    issued = by_key["US6976013B"].entry
    assert issued is not None
    assert (issued.nominal_expiry, issued.expiry_basis) == ("2024-06-16", ExpiryBasis.STATED)
    assert issued.applicants == ("NASA Ames Research Center",)
    assert "kind" in issued.missing
    assert {"US5694939A", "USRE43880E", "USD628609S", "US13/033085"} <= by_key.keys()


def test_a_hundred_thousand_rows_are_read_in_bounded_memory() -> None:
    """A process of its own reads them, so that its high-water mark (VmHWM) is the reader's and nobody else's."""
    script = [sys.executable, "-m", "tests.assets.large_list"]
    done = subprocess.run(script, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=True)
    told = json.loads(done.stdout)
    assert told["rows"] == {"accepted": 100_000}
    assert told["grown_bytes"] < 32 * 2**20
