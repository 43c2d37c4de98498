"""Recorded papers in the exchange: what an import brings, what it refuses, and which disposals the papers stop."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.chain import chain_of, properties_of
from custody.conveyance_messages import (
    MAX_LINES,
    MAX_PAPERS,
    Conveyance,
    ConveyancesImported,
    ImportConveyances,
    RecordedTitle,
)
from custody.conveyances import ConveyanceKind, ConveyedProperty, Paper
from custody.outcomes import IssueShares
from custody.rights import TitleCheck
from exchange.core.ids import NO_CONNECTION, NODE, AssetId
from exchange.core.messages import Header, Rejected
from exchange.core.units import Epoch, Sequence, TimeNs
from exchange.engine import conveyances as engine
from exchange.engine.state import ExchangeState
from matching.listing_messages import AdmitListing, ListingProposed
from tests.listings.stage import House
from tests.support import START_NS

OWNED = ConveyedProperty(
    property_id="15581625",
    application_number="15581625",
    patent_number="11066912",
    publication_number="20170226839",
    inventors=2,
)
ASSIGNED = Paper(
    reel_frame="042180/0610",
    kind=ConveyanceKind.ASSIGNMENT,
    executed_on="2015-02-13",
    assignees=("THU",),
    persons_from=2,
    properties=(msgspec.structs.replace(OWNED, inventors_from=(0, 1)),),
)
PLEDGED = Paper(
    reel_frame="049107/0392",
    kind=ConveyanceKind.SECURITY_INTEREST,
    executed_on="2019-05-07",
    assignors=("THU",),
    assignees=("CLMG CORP",),
    properties=(OWNED,),
)
RELEASED = Paper(
    reel_frame="061835/0778",
    kind=ConveyanceKind.RELEASE,
    executed_on="2022-11-01",
    assignors=("CLMG CORP",),
    assignees=("THU",),
    names=("049107/0392",),
    properties=(OWNED,),
)
DOUBLE = Paper(
    reel_frame="050000/0001",
    kind=ConveyanceKind.ASSIGNMENT,
    executed_on="2018-01-01",
    assignees=("RIVAL INC",),
    persons_from=1,
    properties=(msgspec.structs.replace(OWNED, inventors_from=(0,)),),
)


def imported(house: House, *papers: Paper) -> ConveyancesImported:
    """Bring papers in."""
    return house.venue.make(ImportConveyances(papers=papers), ConveyancesImported)


def title(house: House) -> RecordedTitle:
    """What is recorded of the one property."""
    return house.venue.state.titles["15581625"]


def patented(house: House) -> AssetId:
    """The patent the papers speak of, in custody as a whole right, examined and found clear."""
    patent_id = house.patent(
        "thu",
        publication_number="US11066912B2",
        country="US",
        kind="B2",
        application_number="15/581625",
        filing_date="2017-04-28",
        publication_date="2021-07-20",
        grant_date="2021-07-20",
        earliest_priority_date="2012-11-16",
    )
    return house.right("thu", patent_id=patent_id)


def test_an_import_finds_each_title_and_counts_what_it_knew() -> None:
    house = House.sandbox()
    told = imported(house, ASSIGNED, PLEDGED)
    assert (len(told.new), len(told.changed), told.same, told.refused) == (2, 0, 0, ())
    [found] = told.titles
    assert (found.title, found.encumbered, found.owners) == (TitleCheck.DEFECT, True, ("THU",))
    assert found.reel_frames == ("042180/0610", "049107/0392")
    again = imported(house, PLEDGED, RELEASED)
    assert (len(again.new), again.same) == (1, 1)
    assert (title(house).title, title(house).encumbered) == (TitleCheck.CLEAR, False)
    house.venue.close()


def test_the_answer_is_the_same_however_the_papers_are_cut_into_commands() -> None:
    papers = (ASSIGNED, PLEDGED, RELEASED)
    whole, parts, backwards = House.sandbox(), House.sandbox(), House.sandbox()
    imported(whole, *papers)
    for paper in papers:
        imported(parts, paper)
    for paper in papers[::-1]:
        imported(backwards, paper)
    found = {(title(one).title, title(one).reasons, title(one).reel_frames) for one in (whole, parts, backwards)}
    assert len(found) == 1


def test_a_changed_paper_is_a_new_version_and_the_old_one_is_closed() -> None:
    house = House.sandbox()
    first = imported(house, ASSIGNED, PLEDGED).new[1]
    changed = msgspec.structs.replace(PLEDGED, executed_on="2019-05-06")
    told = imported(house, changed)
    [closed], [version] = told.superseded, told.changed
    assert closed.conveyance_id == first.conveyance_id
    assert closed.superseded_at_ns == version.known_at_ns > first.known_at_ns
    assert house.venue.state.find(Conveyance, "049107/0392") == version
    house.venue.close()


def test_a_paper_that_no_longer_lists_a_property_leaves_its_title() -> None:
    house = House.sandbox()
    other = ConveyedProperty(property_id="16000000", application_number="16000000", inventors=1)
    imported(house, ASSIGNED, PLEDGED)
    told = imported(house, msgspec.structs.replace(PLEDGED, properties=(other,)))
    assert [found.property_id for found in told.titles] == ["15581625", "16000000"]
    assert title(house).title is TitleCheck.CLEAR
    assert title(house).reel_frames == ("042180/0610", "049107/0392")  # whoever asks for the past must find it
    house.venue.close()


def test_a_release_that_comes_before_its_interest_counts_when_the_interest_comes() -> None:
    house = House.sandbox()
    imported(house, ASSIGNED, RELEASED)
    assert title(house).title is TitleCheck.UNKNOWN
    imported(house, PLEDGED)
    assert title(house).title is TitleCheck.CLEAR


FAULTS = [
    (msgspec.structs.replace(PLEDGED, executed_on="2026-03-03"), "conveyance.date_future"),
    (msgspec.structs.replace(PLEDGED, recorded_on="2019-02-29"), "conveyance.date_invalid"),
    (msgspec.structs.replace(PLEDGED, assignors=()), "conveyance.party_missing"),
    (msgspec.structs.replace(PLEDGED, assignees=()), "conveyance.party_missing"),
    (msgspec.structs.replace(PLEDGED, properties=(OWNED, OWNED)), "property.duplicate"),
    (
        msgspec.structs.replace(PLEDGED, properties=(msgspec.structs.replace(OWNED, inventors_from=(0,)),)),
        "conveyance.count_invalid",
    ),
    (
        msgspec.structs.replace(
            PLEDGED, persons_from=1, properties=(msgspec.structs.replace(OWNED, inventors_from=(2,)),)
        ),
        "conveyance.count_invalid",
    ),
]


@pytest.mark.parametrize(("paper", "code"), FAULTS)
def test_a_paper_no_register_could_hold_is_refused_alone(paper: Paper, code: str) -> None:
    told = imported(House.sandbox(), ASSIGNED, paper)
    assert [(refused.place, refused.code) for refused in told.refused] == [(1, code)]
    assert len(told.new) == 1


def test_a_paper_twice_in_one_command_is_taken_once() -> None:
    told = imported(House.sandbox(), ASSIGNED, ASSIGNED)
    assert ([refused.code for refused in told.refused], len(told.new)) == (["conveyance.duplicate"], 1)


def reels(count: int) -> tuple[Paper, ...]:
    """So many papers, each of a property of its own."""
    return tuple(
        msgspec.structs.replace(
            ASSIGNED,
            reel_frame=f"{number:06d}/0001",
            properties=(ConveyedProperty(property_id=str(20_000_000 + number), inventors=0),),
        )
        for number in range(1, count + 1)
    )


def test_the_last_paper_and_the_last_property_of_a_command_and_one_more() -> None:
    house = House.sandbox()
    house.venue.checking = False
    assert house.venue.refusal(ImportConveyances(papers=reels(MAX_PAPERS + 1))) == "import.too_large"
    assert len(imported(house, *reels(MAX_PAPERS)).new) == MAX_PAPERS
    many = tuple(ConveyedProperty(property_id=str(30_000_000 + number)) for number in range(MAX_LINES))
    wide = msgspec.structs.replace(PLEDGED, properties=many)
    assert house.venue.refusal(ImportConveyances(papers=(wide, ASSIGNED))) == "import.too_large"
    assert len(imported(house, wide).titles) == MAX_LINES


def test_a_command_that_would_touch_too_many_titles_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House.sandbox()
    monkeypatch.setattr(engine, "MAX_TITLES", 3)
    assert len(imported(house, *reels(3)).titles) == 3
    naming = msgspec.structs.replace(RELEASED, names=("000001/0001", "000002/0001", "000003/0001"))
    assert house.venue.refusal(ImportConveyances(papers=(naming,))) == "import.too_large"


PROPERTIES = tuple(
    ConveyedProperty(property_id=f"1000000{number}", application_number=f"1000000{number}", inventors=1)
    for number in range(3)
)
REELS = ("000001/0001", "000002/0001", "000003/0001", "000004/0001")


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    """Some version of one of four papers, on some of three properties."""
    kind = draw(st.sampled_from(list(ConveyanceKind)))
    listed = draw(st.lists(st.sampled_from(PROPERTIES), min_size=1, unique=True))
    return Paper(
        reel_frame=draw(st.sampled_from(REELS)),
        kind=kind,
        confirms=ConveyanceKind.ASSIGNMENT if kind is ConveyanceKind.CORRECTION else ConveyanceKind.OTHER,
        executed_on=draw(st.sampled_from(["2020-01-01", "2020-01-02"])),
        assignors=tuple(draw(st.lists(st.sampled_from(["A CORP", "B BANK"]), min_size=1, max_size=2, unique=True))),
        assignees=(draw(st.sampled_from(["A CORP", "B BANK", "C CORP"])),),
        names=tuple(draw(st.lists(st.sampled_from(REELS), max_size=1))),
        properties_stated=draw(st.integers(0, 4)),
        properties=tuple(listed),
    )


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(papers(), min_size=1, max_size=3), max_size=5))
def test_titles_are_those_of_the_papers_that_stand_however_they_came_and_changed(slices: list[list[Paper]]) -> None:
    state = ExchangeState()
    standing: dict[str, Paper] = {}
    for number, part in enumerate(slices, 1):
        header = Header(Sequence(number), Epoch(1), TimeNs(START_NS + number), NODE, NO_CONNECTION)
        [told] = engine.import_conveyances(state, header, ImportConveyances(papers=tuple(part)))
        assert isinstance(told, ConveyancesImported)
        for paper in reversed(part):  # of two of one reel in one command the first is taken
            standing[paper.reel_frame] = paper
        assert set(told.titles) <= set(state.titles.values())
    found = properties_of(standing.values())
    for property_id, kept in state.titles.items():
        steps, inventors, _ = found.get(property_id, ([], 0, True))
        chain = chain_of(steps, inventors)
        assert (kept.title, kept.reasons, kept.owners) == (chain.title, chain.reasons, chain.owners)
    assert state.titles.keys() >= found.keys()
    again = ExchangeState()
    for record in (Conveyance, RecordedTitle):
        for kept_record in state.records[record].values():
            again.put(kept_record)
    assert {key: set(reels) for key, reels in again.papers_of.items()} == {
        key: set(reels) for key, reels in state.papers_of.items() if reels
    }
    assert {key: set(ids) for key, ids in again.property_numbers.items()} == {
        key: set(ids) for key, ids in state.property_numbers.items() if ids
    }


# --- What the papers stop ---------------------------------------------------------------------------------------------


def test_an_encumbered_patent_is_returned_with_the_papers_that_burden_it_until_they_are_released() -> None:
    house = House.cn()
    asset_id = patented(house)
    imported(house, ASSIGNED, PLEDGED)
    [rejected] = house.venue.do(house.whole("thu", asset_id), "thu")
    assert isinstance(rejected, Rejected)
    assert (rejected.code.value, "encumbered: 049107/0392 (held by CLMG CORP" in rejected.detail) == (
        "right.encumbered",
        True,
    )
    imported(house, RELEASED)
    house.proposed("thu", house.whole("thu", asset_id))
    house.venue.close()


def test_a_patent_conveyed_twice_is_returned_as_a_defect() -> None:
    house = House.cn()
    asset_id = patented(house)
    imported(house, ASSIGNED, DOUBLE)
    [rejected] = house.venue.do(house.whole("thu", asset_id), "thu")
    assert isinstance(rejected, Rejected)
    assert rejected.code.value == "right.title_defect"
    assert "conveyed twice: 042180/0610, 050000/0001" in rejected.detail


def test_a_burden_recorded_after_the_proposal_stops_the_admission() -> None:
    house = House.cn()
    asset_id = patented(house)
    imported(house, ASSIGNED)
    proposed = house.venue.make(house.whole("thu", asset_id), ListingProposed, "thu")
    imported(house, PLEDGED)
    admit = AdmitListing(listing_id=proposed.listing.listing_id)
    assert house.venue.refusal(admit) == "right.encumbered"


def test_what_the_papers_leave_unknown_is_for_the_examination_to_answer() -> None:
    house = House.cn()
    asset_id = patented(house)
    imported(house, RELEASED)
    assert title(house).title is TitleCheck.UNKNOWN
    house.proposed("thu", house.whole("thu", asset_id))


def test_a_burdened_patent_is_not_turned_into_shares() -> None:
    house = House.sandbox()
    asset_id = patented(house)
    patent_id = house.right_of(asset_id).patent_id
    outcome_id = house.outcome("thu", patent_ids=(patent_id,))
    house.venue.do(house.deed_of("thu", outcome_id), "thu")
    imported(house, ASSIGNED, PLEDGED)
    issue = IssueShares(outcome_id=outcome_id, account_id=house.venue.accounts["thu"])
    assert house.venue.refusal(issue, "thu") == "right.encumbered"


def test_papers_of_another_patent_stop_nothing() -> None:
    house = House.cn()
    asset_id = patented(house)
    other = ConveyedProperty(
        property_id="16000000", application_number="16000000", patent_number="11066913", inventors=1
    )
    imported(house, msgspec.structs.replace(PLEDGED, properties=(other,)))
    house.proposed("thu", house.whole("thu", asset_id))


def test_a_number_that_was_corrected_is_found_no_more_and_two_claims_to_one_are_both_asked() -> None:
    house = House.cn()
    asset_id = patented(house)
    mistaken = ConveyedProperty(property_id="16000000", application_number="16000000", patent_number="11066912")
    pledge = msgspec.structs.replace(PLEDGED, properties=(mistaken,))
    imported(house, ASSIGNED, pledge)
    assert house.venue.refusal(house.whole("thu", asset_id), "thu") == "right.encumbered"
    right = msgspec.structs.replace(mistaken, patent_number="11066913")
    imported(house, msgspec.structs.replace(pledge, properties=(right,)))
    house.proposed("thu", house.whole("thu", asset_id))
    house.venue.close()
