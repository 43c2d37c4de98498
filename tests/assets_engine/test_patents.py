"""Patents come in: new, changed and same by their content, each with its owner, each refusal alone with its place."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from exchange.assets.kinds import PatentStatus
from exchange.assets.messages import (
    MAX_ENTRIES,
    NOBODY,
    Alias,
    AliasConfirmed,
    ConfirmAlias,
    ImportPatents,
    PatentsImported,
    PatentStub,
)
from exchange.core.ids import MemberId, PatentId
from exchange.core.membership import FreezeMember
from exchange.core.parties import UserRight
from exchange.core.wire_json import decode_json
from tests.listings.stage import House, entries, old_row, patent_row


def imported(house: House, by: str, *rows: dict[str, str]) -> PatentsImported:
    """Bring these rows in."""
    return house.venue.make(ImportPatents(entries=entries(*rows)), PatentsImported, by)


def stub(house: House, number: str) -> PatentStub:
    """What memory keeps of a patent."""
    found = house.venue.state.find(PatentStub, number)
    assert found is not None
    return found


def alias(house: House, name: str, member: str) -> None:
    """Have an operator say who an applicant is."""
    house.venue.make(ConfirmAlias(name=name, member_id=house.venue.members[member]), AliasConfirmed)


def test_a_list_comes_in_and_comes_again_as_a_difference() -> None:
    house = House.sandbox()
    first = imported(house, "thu", patent_row(1), patent_row(2), patent_row(3))
    assert (len(first.new), first.changed, first.same, first.refused) == (3, (), 0, ())
    again = imported(house, "thu", patent_row(1), patent_row(2, title="A better membrane"), patent_row(4))
    assert [patent.number for patent in again.new] == ["CN107000004B"]
    assert [(patent.patent_id, patent.title) for patent in again.changed] == [
        (first.new[1].patent_id, "A better membrane")
    ]
    assert again.same == 1
    house.venue.restart()
    assert imported(house, "thu", patent_row(2, title="A better membrane")).same == 1
    house.venue.close()


def test_the_table_has_the_record_and_memory_the_stub() -> None:
    house = House.sandbox()
    patent = imported(house, "thu", patent_row(1)).new[0]
    assert (patent.title, patent.applicants, patent.filing_date) == (
        "Membrane for a fuel cell",
        ("UNIV TIANJIN",),
        "2017-07-21",
    )
    kept = stub(house, "CN107000001B")
    assert kept == PatentStub(**{name: getattr(patent, name) for name in PatentStub.__struct_fields__})
    assert (kept.status, kept.nominal_expiry, kept.owner_id) == (
        PatentStatus.GRANTED,
        "2037-07-21",
        house.venue.members["thu"],
    )


def test_a_record_that_lacks_something_is_kept_with_what_that_blocks() -> None:
    house = House.sandbox()
    patent = imported(house, "thu", patent_row(1, inventors="", applicants="")).new[0]
    assert patent.missing == ("applicants", "inventors")
    assert patent.blocks == ("listing", "shares", "pool", "foreign_sale")
    assert (patent.listable, patent.shareable) == (False, False)
    completed = imported(house, "thu", patent_row(1)).changed[0]
    assert (completed.missing, completed.listable, completed.shareable) == ((), True, True)
    house.venue.close()


def test_no_inventors_name_is_in_the_event() -> None:
    house = House.sandbox()
    told = msgspec.json.encode(imported(house, "thu", patent_row(1)))
    assert b"WANG" not in told and b"LI NA" not in told


def test_two_hundred_entries_are_taken_and_one_more_is_too_many() -> None:
    house = House.sandbox()
    many = entries(*(patent_row(serial) for serial in range(MAX_ENTRIES + 1)))
    assert house.venue.refusal(ImportPatents(entries=many), "thu") == "import.too_large"
    told = house.venue.make(ImportPatents(entries=many[:MAX_ENTRIES]), PatentsImported, "thu")
    assert len(told.new) == MAX_ENTRIES
    house.venue.close()


def test_an_entry_that_is_not_what_intake_makes_of_it_is_refused_alone() -> None:
    house = House.sandbox()
    good, forged, twice = entries(patent_row(1), patent_row(2), patent_row(3))
    made_up = msgspec.structs.replace(forged, missing=(), nominal_expiry="2099-01-01")
    told = house.venue.make(ImportPatents(entries=(made_up, good, twice, twice)), PatentsImported, "thu")
    assert [patent.number for patent in told.new] == ["CN107000001B", "CN107000003B"]
    assert [(row.place, row.number, row.code) for row in told.refused] == [
        (0, "CN107000002B", "patent.entry_not_canonical"),
        (3, "CN107000003B", "patent.duplicate_in_file"),
    ]
    house.venue.close()


def test_the_status_is_the_engines_own_whatever_day_the_sender_had() -> None:
    house = House.sandbox()
    row = old_row(1, "2006-04-21")
    yesterdays = entries(row, as_of=date(2026, 4, 20))
    assert yesterdays[0].status is PatentStatus.GRANTED
    house.venue.pass_time(days=60)
    told = house.venue.make(ImportPatents(entries=yesterdays), PatentsImported, "thu")
    assert told.new[0].status is PatentStatus.EXPIRED
    assert not told.refused


def test_anothers_patent_is_refused_and_the_rest_of_the_list_is_taken() -> None:
    house = House.sandbox()
    imported(house, "thu", patent_row(1))
    told = imported(house, "pku", patent_row(1), patent_row(2))
    assert [row.code for row in told.refused] == ["right.not_owned"]
    assert stub(house, "CN107000001B").owner_id == house.venue.members["thu"]
    assert stub(house, "CN107000002B").owner_id == house.venue.members["pku"]
    house.venue.close()


def test_an_operator_brings_patents_to_whom_the_applicants_alias_names() -> None:
    house = House.sandbox()
    alias(house, "Univ. Tianjin", "thu")
    told = imported(house, "ops", patent_row(1), patent_row(2, applicants="HARBIN INST TECHNOLOGY"))
    assert [patent.owner_id for patent in told.new] == [house.venue.members["thu"], NOBODY]
    alias(house, "Harbin Inst. Technology", "pku")
    again = imported(house, "ops", patent_row(1), patent_row(2, applicants="HARBIN INST TECHNOLOGY"))
    assert [(patent.number, patent.owner_id) for patent in again.changed] == [
        ("CN107000002B", house.venue.members["pku"])
    ]
    assert again.same == 1
    house.venue.close()


def test_a_confirmed_alias_beats_the_claim_of_who_came_first() -> None:
    house = House.sandbox()
    imported(house, "pku", patent_row(1))
    alias(house, "UNIV TIANJIN", "thu")
    assert [row.code for row in imported(house, "pku", patent_row(1)).refused] == ["right.not_owned"]
    assert imported(house, "thu", patent_row(1)).changed[0].owner_id == house.venue.members["thu"]
    house.venue.close()


def test_once_in_custody_no_list_changes_the_owner() -> None:
    house = House.sandbox()
    patent_id = house.patent("pku")
    house.right("pku", patent_id=patent_id)
    alias(house, "UNIV TIANJIN", "thu")
    number = house.venue.state.table(PatentStub)[patent_id].number
    row = patent_row(1)
    assert row["publication_number"] == number
    assert [refused.code for refused in imported(house, "thu", row).refused] == ["right.not_owned"]
    kept = imported(house, "ops", row | {"title": "Membrane, corrected"}).changed[0]
    assert (kept.owner_id, bool(kept.right_id)) == (house.venue.members["pku"], True)
    house.venue.close()


def test_any_applicant_of_several_may_bring_the_patent() -> None:
    house = House.sandbox()
    alias(house, "UNIV TIANJIN", "thu")
    alias(house, "HARBIN INST TECHNOLOGY", "pku")
    row = patent_row(1, applicants="UNIV TIANJIN; HARBIN INST TECHNOLOGY")
    assert imported(house, "pku", row).new[0].owner_id == house.venue.members["pku"]
    assert imported(house, "ops", row).same == 1


def test_a_patents_own_office_number_finds_it_again_after_a_restart() -> None:
    house = House.sandbox()
    before = imported(house, "thu", patent_row(7)).new[0].patent_id
    house.venue.restart()
    assert stub(house, "CN107000007B").patent_id == before


@pytest.mark.parametrize(
    ("name", "member", "code"),
    [("UNIV TIANJIN", MemberId(7), "member.unknown"), ("UNIV TIANJIN", MemberId(0), "member.unknown")],
)
def test_an_alias_names_a_member(name: str, member: MemberId, code: str) -> None:
    assert House.sandbox().venue.refusal(ConfirmAlias(name=name, member_id=member)) == code


def test_a_name_is_mapped_once_in_all_its_spellings() -> None:
    house = House.sandbox()
    alias(house, "Amazon Technologies, Inc.", "thu")
    again = ConfirmAlias(name="AMAZON TECHNOLOGIES INC", member_id=house.venue.members["pku"])
    assert house.venue.refusal(again) == "alias.exists"
    nothing = ConfirmAlias(name="...", member_id=house.venue.members["pku"])
    assert house.venue.refusal(nothing) == "alias.invalid"
    [kept] = house.venue.state.records[Alias].values()
    assert kept == Alias(alias_key="AMAZON TECHNOLOGIES", name="Amazon Technologies, Inc.", member_id=kept.member_id)  # type: ignore[attr-defined]
    house.venue.close()


def test_a_frozen_member_or_a_mere_viewer_imports_nothing() -> None:
    house = House.sandbox()
    house.venue.user("viewer", "thu", rights=(UserRight.VIEW,))
    command = ImportPatents(entries=entries(patent_row(1)))
    assert house.venue.refusal(command, "viewer") == "account.not_yours"
    house.venue.do(FreezeMember(member_id=house.venue.members["thu"], frozen=True))
    assert house.venue.refusal(command, "thu") == "member.frozen"


def test_an_import_reads_from_json_as_the_edge_gets_it() -> None:
    command = ImportPatents(entries=entries(patent_row(1)))
    assert decode_json(ImportPatents, msgspec.json.encode(command)) == command


def test_an_identifier_of_a_patent_says_which_entry_of_which_command_it_was() -> None:
    house = House.sandbox()
    told = imported(house, "thu", patent_row(1), patent_row(2))
    sequence = house.venue.state.sequence
    assert [patent.patent_id for patent in told.new] == [PatentId(sequence * 1024), PatentId(sequence * 1024 + 1)]
