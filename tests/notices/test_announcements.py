"""Announcements: filed by one, released by another, told to all at once, and read before trading goes on."""

from __future__ import annotations

import pytest

from exchange.core.ids import AnnouncementId, AssetId
from exchange.core.instruments import Phase
from exchange.core.messages import Event
from matching.messages import ChangePhase, FreezeInstrument, InstrumentPhaseChanged
from matching.notice_messages import (
    AnnouncementClosed,
    AnnouncementFiled,
    AnnouncementReadOut,
    AnnouncementReleased,
    FileAnnouncement,
    RejectAnnouncement,
    ReleaseAnnouncement,
    WithdrawAnnouncement,
)
from tests.listings.stage import House
from tests.notices.test_insiders import Floor


@pytest.fixture
def floor() -> Floor:
    return Floor()


def filed(floor: Floor, by: str = "thu", *, price_relevant: bool = True) -> AnnouncementId:
    command = FileAnnouncement(
        asset_ids=(floor.asset_id,), title="Licence granted", text="To a maker.", price_relevant=price_relevant
    )
    return floor.venue.make(command, AnnouncementFiled, by).announcement.announcement_id


def released(floor: Floor, announcement_id: AnnouncementId, seconds: int = 60, by: str = "ops") -> list[Event]:
    return floor.venue.do(ReleaseAnnouncement(announcement_id=announcement_id, read_out_seconds=seconds), by)


def phase(floor: Floor) -> Phase:
    return floor.venue.state.instruments[floor.instrument_id].phase


def test_a_price_relevant_one_halts_until_it_is_read_and_then_trading_goes_on(floor: Floor) -> None:
    told = released(floor, filed(floor))
    [announcement] = [event.announcement for event in told if isinstance(event, AnnouncementReleased)]
    assert (announcement.n, announcement.halted, phase(floor)) == (1, (floor.instrument_id,), Phase.HALTED)
    assert floor.bid("li") == "order.instrument_halted"
    floor.venue.pass_time(seconds=59)
    assert floor.bid("li") == "order.instrument_halted"
    floor.venue.restart()
    floor.venue.pass_time(seconds=1)
    assert floor.bid("li") == ""
    assert phase(floor) is Phase.CONTINUOUS
    floor.venue.close()


def test_one_that_moves_no_price_halts_nothing(floor: Floor) -> None:
    events = released(floor, filed(floor, price_relevant=False))
    assert [type(event) for event in events] == [AnnouncementReleased]
    assert phase(floor) is Phase.CONTINUOUS
    floor.venue.close()


def test_numbers_have_no_gap_whatever_was_sent_back_between(floor: Floor) -> None:
    venue = floor.venue
    venue.make(RejectAnnouncement(announcement_id=filed(floor), reason="unclear"), AnnouncementClosed)
    venue.make(WithdrawAnnouncement(announcement_id=filed(floor)), AnnouncementClosed, "thu")
    numbers: list[int] = []
    for _ in range(3):
        events = released(floor, filed(floor, price_relevant=False))
        numbers += [event.announcement.n for event in events if isinstance(event, AnnouncementReleased)]
        venue.restart()
    assert numbers == [1, 2, 3]
    venue.close()


def test_a_second_one_makes_the_wait_longer_and_never_shorter(floor: Floor) -> None:
    released(floor, filed(floor), 60)
    released(floor, filed(floor), 600)
    floor.venue.pass_time(seconds=61)
    assert floor.bid("li") == "order.instrument_halted", "the second is still being read"
    floor.venue.pass_time(seconds=600)
    assert floor.bid("li") == ""
    floor.venue.close()


def test_what_an_operator_did_meanwhile_stands(floor: Floor) -> None:
    venue = floor.venue
    released(floor, filed(floor))
    venue.do(ChangePhase(instrument_id=floor.instrument_id, phase=Phase.CLOSED))
    venue.pass_time(seconds=61)
    assert floor.bid("li") == "order.instrument_closed"
    venue.do(ChangePhase(instrument_id=floor.instrument_id, phase=Phase.CONTINUOUS))
    released(floor, filed(floor))
    venue.do(FreezeInstrument(instrument_id=floor.instrument_id, frozen=True))
    venue.pass_time(seconds=61)
    assert floor.bid("li") == "instrument.frozen"
    assert phase(floor) is Phase.HALTED, "a frozen instrument does not resume by itself"
    venue.close()


def test_what_is_halted_already_stays_so_for_its_own_reason(floor: Floor) -> None:
    venue = floor.venue
    venue.do(ChangePhase(instrument_id=floor.instrument_id, phase=Phase.HALTED))
    events = released(floor, filed(floor))
    assert not any(isinstance(event, InstrumentPhaseChanged) for event in events)
    venue.pass_time(seconds=61)
    assert floor.bid("li") == "order.instrument_halted"
    venue.close()


def test_several_instruments_resume_one_after_the_other_each_by_a_timer_of_its_own() -> None:
    floor = Floor()
    venue, house = floor.venue, House(floor.venue)
    second = house.floating("pku")
    instrument = house.admitted("pku", house.book("pku", second)).instrument
    assert instrument is not None
    venue.do(ChangePhase(instrument_id=instrument.instrument_id, phase=Phase.CONTINUOUS))
    both = FileAnnouncement(asset_ids=(floor.asset_id, second), title="t", text="t", price_relevant=True)
    announcement_id = venue.make(both, AnnouncementFiled).announcement.announcement_id
    [told, *_] = released(floor, announcement_id, by="ops2")
    assert isinstance(told, AnnouncementReleased) and len(told.announcement.halted) == 2
    venue.pass_time(seconds=61)
    assert floor.bid("li") == ""
    assert {each.phase for each in venue.state.instruments.values()} == {Phase.CONTINUOUS}
    read = [event for entry in venue.journal for event in entry.events if isinstance(event, AnnouncementReadOut)]
    assert [len(event.announcement.halted) for event in read] == [1, 0]
    venue.close()


def test_the_read_out_is_told_once(floor: Floor) -> None:
    released(floor, filed(floor))
    floor.venue.pass_time(seconds=61)
    floor.bid("li")
    told = [event for entry in floor.venue.journal for event in entry.events if isinstance(event, AnnouncementReadOut)]
    assert len(told) == 1
    floor.venue.close()


def test_who_may_file_release_and_withdraw(floor: Floor) -> None:
    venue = floor.venue
    announcement_id = filed(floor, "ops")
    command = FileAnnouncement(asset_ids=(floor.asset_id,), title="t", text="t", price_relevant=False)
    assert venue.refusal(command, "li") == "account.not_yours"
    assert venue.refusal(ReleaseAnnouncement(announcement_id=announcement_id), "ops") == "approval.same_person"
    assert venue.refusal(ReleaseAnnouncement(announcement_id=announcement_id), "thu") == "role.not_allowed"
    assert venue.refusal(WithdrawAnnouncement(announcement_id=announcement_id), "thu") == "account.not_yours"
    assert venue.refusal(ReleaseAnnouncement(announcement_id=announcement_id), "ops2") == ""
    venue.close()


def test_what_is_refused(floor: Floor) -> None:
    venue = floor.venue
    twice = FileAnnouncement(asset_ids=(floor.asset_id,) * 2, title="t", text="t", price_relevant=False)
    unknown = FileAnnouncement(asset_ids=(AssetId(9 * 1024),), title="t", text="t", price_relevant=False)
    assert venue.refusal(twice, "thu") == "announcement.invalid"
    assert venue.refusal(unknown, "thu") == "asset.unknown"
    halting = filed(floor)
    released(floor, halting)
    done = filed(floor, price_relevant=False)
    released(floor, done)
    for command in (ReleaseAnnouncement, RejectAnnouncement, WithdrawAnnouncement):
        more = {"reason": "r"} if command is RejectAnnouncement else {}
        assert venue.refusal(command(announcement_id=halting, **more)) == "announcement.state"  # type: ignore[arg-type]
        assert venue.refusal(command(announcement_id=done, **more)) == "announcement.unknown"  # type: ignore[arg-type]
    venue.close()
