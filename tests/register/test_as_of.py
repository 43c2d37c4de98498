"""Who owned a right on a day, as it was known on another: a table to check by hand, and a model of the whole thing."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from custody.register import CorrectTitleDate, Standing, TitleDateCorrected, TitleEntry, TitleStage, standing
from exchange.core.calendar import start_of_day_ns
from exchange.core.ids import AccountId, AssetId, TitleEntryId
from exchange.core.units import TimeNs, Units
from exchange.store.queries import register as queries
from exchange.store.queries.reader import Snapshot
from matching.deals import DealState
from tests.deals.stage import Desk

ZONE = "Asia/Shanghai"


def tables(desk: Desk) -> Snapshot:
    """The desk's own tables, as they are now."""
    connection = desk.venue.scratch.connection
    return Snapshot(create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool).connect())


def owner(desk: Desk, effective_ns: int, known_ns: int) -> str:
    """The one holder of the right at hand, by the tables; and `+contract` where one waits."""
    found: Standing = queries.standing_of(tables(desk), desk.right_id, effective_ns, known_ns)
    names = {account: name for name, account in desk.venue.accounts.items()}
    waiting = "+contract" if found.contracted else ""
    return "".join(names[account] for account in found.holders) + waiting


def day_of(desk: Desk, offset: int) -> int:
    """The end of a day, counted from the day the contract was signed."""
    signed = date.fromisoformat("2026-03-02") + timedelta(days=offset)
    return start_of_day_ns(signed + timedelta(days=1), ZONE) - 1


@pytest.fixture
def sold() -> Desk:
    """lab signs with li on day 0; on day 20 the exchange learns that the office recorded it on day 12."""
    desk = Desk.cn()
    desk.offered()
    desk.steps("accept", "seller signs", "buyer signs")
    desk.venue.pass_time(days=20)
    recorded = (date.fromisoformat("2026-03-02") + timedelta(days=12)).isoformat()
    assert not desk.step("confirm", effective_date=recorded)
    assert desk.deal().state is DealState.COMPLETED
    return desk


@pytest.mark.parametrize(
    ("effective", "known", "expected"),
    [
        pytest.param(0, 5, "lab+contract", id="signed, nothing recorded yet"),
        pytest.param(12, 12, "lab+contract", id="recorded that day, but nobody told us"),
        pytest.param(13, 19, "lab+contract", id="still not known"),
        pytest.param(11, 20, "lab+contract", id="now known, and the day before it took effect"),
        pytest.param(12, 20, "li", id="now known: the day it took effect"),
        pytest.param(20, 20, "li", id="today"),
        pytest.param(-30, 20, "", id="before the right came into custody"),
    ],
)
def test_three_dates_are_three_things(sold: Desk, effective: int, known: int, expected: str) -> None:
    assert owner(sold, day_of(sold, effective), day_of(sold, known)) == expected


def test_a_corrected_day_changes_no_earlier_answer(sold: Desk) -> None:
    before = {(e, k): owner(sold, day_of(sold, e), day_of(sold, k)) for e in range(-1, 21) for k in range(-1, 21)}
    entry = queries.entries(tables(sold), sold.right_id)[-1]
    evidence = sold.file("lab", "gazette")
    sold.venue.pass_time(days=10)
    fields = {"entry_id": entry.entry_id, "office_reference": "CNIPA 2026-0001", "reason": "the gazette says so"}
    correct = CorrectTitleDate(**fields, effective_date="2026-03-17", evidence_sha256=evidence)
    [refused] = sold.venue.by_two(correct)
    assert refused.code == "document.unknown", "the lab filed it, not the venue"
    correct = msgspec.structs.replace(correct, evidence_sha256=sold.file("ops", "gazette"))
    for wrong in ("2026-03-01", "2026-04-02", "2026-03-14", "2026-02-30"):
        [refused] = sold.venue.by_two(msgspec.structs.replace(correct, effective_date=wrong))
        assert refused.code == "title.date_invalid", wrong
    told = next(event for event in sold.venue.by_two(correct) if isinstance(event, TitleDateCorrected))
    assert told.before.superseded
    assert told.entry.corrects == entry.entry_id
    [refused] = sold.venue.by_two(correct)
    assert refused.code == "title.entry_unknown", "that line is superseded"
    assert {asked: owner(sold, day_of(sold, asked[0]), day_of(sold, asked[1])) for asked in before} == before
    assert owner(sold, day_of(sold, 14), day_of(sold, 20)) == "li"
    assert owner(sold, day_of(sold, 14), day_of(sold, 30)) == "lab+contract"
    assert owner(sold, day_of(sold, 15), day_of(sold, 30)) == "li"
    sold.venue.close()


@pytest.mark.parametrize(
    ("end", "stages"),
    [
        (("refuse",), "contracted unwound"),
        (("wait 400",), "contracted unwound"),
        (("confirm",), "contracted effective"),
    ],
)
def test_every_end_of_a_contract_is_a_line(end: tuple[str, ...], stages: str) -> None:
    desk = Desk.cn()
    desk.offered()
    desk.steps("accept", "seller signs", "buyer signs", *end)
    lines = queries.entries(tables(desk), desk.right_id)
    assert " ".join(line.stage.value for line in lines) == stages
    assert not queries.standing_of(tables(desk), desk.right_id, desk.venue.clock_ns, desk.venue.clock_ns).contracted
    desk.venue.close()


def test_a_deal_that_never_was_a_contract_leaves_no_line() -> None:
    desk = Desk.cn()
    desk.offered()
    desk.steps("accept", "withdraw")
    assert queries.entries(tables(desk), desk.right_id) == []


def test_where_no_office_is_asked_title_passes_with_the_second_signature() -> None:
    desk = Desk.cn()
    desk.american()
    desk.offered()
    desk.steps("accept", "seller signs", "buyer signs")
    [line] = queries.entries(tables(desk), desk.right_id)
    assert line.stage is TitleStage.EFFECTIVE
    assert line.effective_ns == line.known_at_ns == line.contracted_at_ns
    desk.venue.close()


# --- The arithmetic, against a model that keeps every fact and asks all of them ---------------------------------------

ACCOUNTS = st.integers(1, 4)
MOMENTS = st.integers(0, 30)
HISTORY = st.lists(
    st.tuples(ACCOUNTS, ACCOUNTS, st.integers(1, 5), st.integers(0, 6), st.lists(st.integers(0, 9), max_size=3)),
    max_size=8,
)
"""Transfers in their order: from, to, units, by how much each was backdated, and how its day was corrected later."""


@given(history=HISTORY, effective=MOMENTS, known=MOMENTS)
@settings(max_examples=500, deadline=None)
def test_the_register_agrees_with_a_list_of_facts(
    history: list[tuple[int, int, int, int, list[int]]], effective: int, known: int
) -> None:
    entries: list[TitleEntry] = []
    facts: list[tuple[int, int, int, list[tuple[int, int]]]] = []  # from, to, units, [(known, effective)…]
    now = 0
    corrections: list[tuple[int, int, TitleEntryId]] = []
    for giver, taker, units, back, later in history:
        now += 1
        entry = line(len(entries) + 1, giver, taker, units, now, max(0, now - back))
        entries.append(entry)
        dated = [(now, max(0, now - back))]
        facts.append((giver, taker, units, dated))
        corrections.extend((len(facts) - 1, day, entry.entry_id) for day in later)
    newest = {place: entry.entry_id for place, entry in enumerate(entries)}
    for place, day, _ in corrections:
        now += 1
        giver, taker, units, dated = facts[place]
        entry = line(len(entries) + 1, giver, taker, units, now, day, corrects=newest[place])
        entries.append(entry)
        newest[place] = entry.entry_id
        dated.append((now, day))

    booked: dict[AccountId, int] = {AccountId(1): 100}
    for giver, taker, units, dated in facts:
        if dated[0][0] <= min(effective, known):
            move(booked, giver, taker, units)
    expected: dict[AccountId, int] = {AccountId(1): 100}
    for giver, taker, units, dated in facts:
        days = [day for learned, day in dated if learned <= known]
        if days and days[-1] <= effective:
            move(expected, giver, taker, units)
    found = standing(booked, entries, effective, known).holders
    assert found == {account: units for account, units in sorted(expected.items()) if units}


def line(number: int, giver: int, taker: int, units: int, known: int, effective: int, corrects: int = 0) -> TitleEntry:
    """One line of the register."""
    return TitleEntry(
        entry_id=TitleEntryId(number),
        asset_id=AssetId(1),
        subject=f"D1-{number}",
        stage=TitleStage.EFFECTIVE,
        from_account_id=AccountId(giver),
        to_account_id=AccountId(taker),
        units=Units(units),
        contracted_at_ns=TimeNs(0),
        effective_ns=TimeNs(effective),
        known_at_ns=TimeNs(known),
        corrects=TitleEntryId(corrects),
    )


def move(holders: dict[AccountId, int], giver: int, taker: int, units: int) -> None:
    """Move units, as a ledger that minds no overdraft."""
    holders[AccountId(giver)] = holders.get(AccountId(giver), 0) - units
    holders[AccountId(taker)] = holders.get(AccountId(taker), 0) + units
