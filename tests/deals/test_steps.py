"""Every step in every state, as one table; and the golden paths, with where money and right lie after each step."""

from __future__ import annotations

import functools

import pytest

from exchange.core.instruments import Settlement
from exchange.core.node_messages import TimerSet
from matching.deals import DealCompleted, DealEnded, DealPublicityEnded, DealState
from matching.listing import ListingState
from matching.listing_messages import ListingDelisted
from tests.deals.stage import CASH, FEE, PRICE, Desk

# --- Every step in every state ---------------------------------------------------------------------------------------

PATHS = {
    "proposed": [],
    "publicity": ["accept"],
    "objected": ["accept", "object"],
    "signing": ["accept", "wait 16"],
    "seller signed": ["accept", "wait 16", "seller signs"],
    "buyer signed": ["accept", "wait 16", "buyer signs"],
    "contracted": ["accept", "wait 16", "seller signs", "buyer signs"],
    "completed": ["accept", "wait 16", "buyer signs", "seller signs", "confirm"],
    "withdrawn": ["withdraw"],
    "stopped": ["accept", "object", "uphold"],
    "refused": ["accept", "wait 16", "buyer signs", "seller signs", "refuse"],
    "lapsed": ["accept", "wait 16", "buyer signs", "seller signs", "wait 181"],
}
"""How a state university's deal comes to each state."""

TABLE = """
             | accept    | object   | uphold  | dismiss   | seller signs | buyer signs | confirm   | refuse  | withdraw
proposed     | publicity | .        | .       | .         | .            | .           | .         | .       | withdrawn
publicity    | .         | objected | .       | .         | shown        | shown       | .         | .       | withdrawn
objected     | .         | .        | stopped | publicity | shown        | shown       | .         | .       | withdrawn
signing      | .         | .        | .       | .         | signing      | signing     | .         | .       | withdrawn
seller signed| .         | .        | .       | .         | .            | contracted  | .         | .       | withdrawn
buyer signed | .         | .        | .       | .         | contracted   | .           | .         | .       | withdrawn
contracted   | .         | .        | .       | .         | .            | .           | completed | refused | .
completed    | -         | -        | -       | -         | -            | -           | -         | -       | -
withdrawn    | -         | -        | -       | -         | -            | -           | -         | -       | -
stopped      | -         | -        | -       | -         | -            | -           | -         | -       | -
refused      | -         | -        | -       | -         | -            | -           | -         | -       | -
lapsed       | -         | -        | -       | -         | -            | -           | -         | -       | -
"""
CODES = {
    ".": "deal.state",
    "shown": "deal.publicity_running",
    "-": "deal.unknown",
    "refused": "recordal_refused",
}
"""What the short words of the table stand for; memory forgets a deal that is over."""
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()]
CELLS = [(line[0], step, cell) for line in LINES[1:] for step, cell in zip(LINES[0][1:], line[1:], strict=True)]


@functools.cache
def _desk_in(state: str) -> Desk:
    desk = Desk.cn()
    desk.seller = "thu"
    desk.offered()
    desk.steps(*PATHS[state])
    return desk


@pytest.mark.parametrize("state", PATHS)
def test_a_step_is_taken_or_refused_as_the_table_says(state: str) -> None:
    for row, step, cell in CELLS:
        if row == state:
            desk = _desk_in(state).again()
            refused = desk.step(step)
            became = refused or desk.deal().state.value
            assert became == CODES.get(cell, cell), f"{state}: {step}"
            desk.venue.close()


def test_the_table_names_every_state() -> None:
    assert [line[0] for line in LINES[1:]] == list(PATHS)


# --- Golden paths ----------------------------------------------------------------------------------------------------


def test_a_chinese_patent_waits_for_the_office_and_is_paid_for_in_one_transfer() -> None:
    desk = Desk.cn()
    deal = desk.offered()
    assert (deal.settlement, deal.publicity_days) == (Settlement.RECORDAL, 0)
    desk.steps("accept", "seller signs")
    assert (desk.escrow(), desk.held(), desk.money("li")) == (0, 0, CASH)
    desk.steps("buyer signs")
    assert (desk.escrow(), desk.held(), desk.money("li")) == (PRICE + FEE, deal.units, CASH - PRICE - FEE)
    assert desk.owner() == "lab"
    desk.steps("wait 30", "confirm")
    assert (desk.escrow(), desk.held(), desk.owner()) == (0, 0, "li")
    assert (desk.money("li"), desk.money("lab"), desk.fees_due()) == (CASH - PRICE - FEE, PRICE - FEE, 2 * FEE)

    completed = desk.last(DealCompleted)
    legs = {(posting.account_id, posting.asset_id): posting.units for posting in completed.movement.postings}
    accounts, money = desk.venue.accounts, desk.bank().money_asset_id
    assert legs == {
        (desk.bank().escrow_id, money): -(PRICE + FEE),
        (accounts["lab"], money): PRICE - FEE,
        (desk.bank().fees_due_id, money): 2 * FEE,
        (accounts["lab"], desk.right_id): -deal.units,
        (accounts["li"], desk.right_id): deal.units,
    }
    desk.venue.close()


def test_three_dates_are_kept_apart() -> None:
    desk = Desk.cn()
    desk.offered()
    desk.steps("accept", "seller signs", "buyer signs")
    contracted_at = desk.venue.state.at_ns
    desk.steps("wait 40")
    assert not desk.step("confirm", effective_date="2026-03-20", office_reference="CNIPA 2026-77")
    deal = desk.deal()
    assert deal.contracted_at_ns == contracted_at
    assert (deal.effective_date, deal.office_reference) == ("2026-03-20", "CNIPA 2026-77")
    assert deal.known_at_ns == desk.venue.state.at_ns


@pytest.mark.parametrize("order", [("seller signs", "buyer signs"), ("buyer signs", "seller signs")])
def test_an_american_patent_passes_with_the_second_signature(order: tuple[str, str]) -> None:
    desk = Desk.cn()
    desk.american()
    assert desk.offered().settlement is Settlement.BOOK_ENTRY
    desk.steps("accept", *order)
    deal = desk.deal()
    assert deal.state is DealState.COMPLETED
    assert (deal.effective_date, deal.known_at_ns) == ("2026-03-02", deal.contracted_at_ns)
    assert (desk.owner(), desk.escrow(), desk.held()) == ("li", 0, 0)
    assert (desk.money("li"), desk.money("lab"), desk.fees_due()) == (CASH - PRICE - FEE, PRICE - FEE, 2 * FEE)
    desk.venue.pass_time(days=400)
    desk.tick()  # no long stop is left behind
    desk.venue.close()


def test_an_american_patent_may_wait_for_the_office_by_agreement() -> None:
    desk = Desk.cn()
    desk.american()
    assert desk.offered(wait_for_recordal=True).settlement is Settlement.RECORDAL
    desk.steps("accept", "buyer signs", "seller signs")
    assert (desk.deal().state, desk.owner(), desk.escrow()) == (DealState.CONTRACTED, "lab", PRICE + FEE)
    desk.steps("refuse")
    assert (desk.deal().state, desk.owner(), desk.escrow()) == (DealState.RECORDAL_REFUSED, "lab", 0)
    assert desk.money("li") == CASH
    desk.offered(wait_for_recordal=True)
    desk.steps("accept", "buyer signs", "seller signs", "confirm")
    assert (desk.owner(), desk.money("lab")) == ("li", PRICE - FEE)
    desk.venue.close()


@pytest.mark.parametrize(
    ("path", "state"),
    [
        (["accept", "buyer signs", "withdraw"], DealState.WITHDRAWN),
        (["accept", "buyer signs", "seller signs", "refuse"], DealState.RECORDAL_REFUSED),
        (["accept", "buyer signs", "seller signs", "wait 181"], DealState.LAPSED),
        (["accept", "buyer signs", "wait 181"], DealState.LAPSED),
    ],
)
def test_every_other_end_sends_back_the_whole_escrow_by_new_entries(path: list[str], state: DealState) -> None:
    desk = Desk.cn()
    desk.offered()
    desk.steps(*path)
    assert desk.deal().state is state
    assert (desk.money("li"), desk.money("lab"), desk.escrow(), desk.held()) == (CASH, 0, 0, 0)
    assert desk.fees_due() == 0
    legs = sorted(posting.units for posting in desk.last(DealEnded).movement.postings)
    assert legs == [-(PRICE + FEE), PRICE + FEE]
    assert not desk.venue.state.due
    assert not desk.venue.refusal(desk.proposal(), "lab"), "the right may be sold again"
    desk.venue.close()


def test_the_long_stop_counts_from_the_last_signature_to_the_nanosecond() -> None:
    desk = Desk.cn()
    desk.offered()
    desk.steps("accept", "buyer signs", "wait 100", "seller signs")
    due = desk.last(TimerSet).timer.due_ns
    assert due == desk.deal().contracted_at_ns + 180 * 86_400 * 10**9
    desk.venue.clock_ns = due - 1
    desk.tick()
    assert desk.deal().state is DealState.CONTRACTED
    desk.tick()
    assert desk.deal().state is DealState.LAPSED


def test_publicity_ends_with_its_fifteenth_day_and_not_before() -> None:
    desk = Desk.cn()
    desk.seller = "thu"
    desk.offered()
    desk.steps("accept")
    due = desk.deal().publicity_until_ns
    assert due == 1_773_763_200 * 10**9, "2026-03-18, 00:00 in Shanghai: from the 2nd, fifteen days are the 17th's end"
    desk.venue.clock_ns = due - 10_000_000
    assert desk.step("seller signs") == "deal.publicity_running"
    desk.venue.clock_ns = due
    assert not desk.step("seller signs")
    assert desk.last(DealPublicityEnded).deal.state is DealState.SIGNING


def test_an_objection_stops_the_clock_and_a_dismissal_starts_it_anew() -> None:
    desk = Desk.cn()
    desk.seller = "thu"
    desk.offered()
    desk.steps("accept", "wait 14", "object", "wait 200")
    assert desk.deal().state is DealState.OBJECTED
    assert not desk.venue.state.due
    desk.steps("dismiss", "wait 14")
    assert desk.step("buyer signs") == "deal.publicity_running"
    desk.steps("wait 8", "buyer signs")
    desk.venue.close()


def test_whoever_objected_does_not_decide_it() -> None:
    desk = Desk.cn()
    desk.seller = "thu"
    desk.offered()
    desk.steps("accept")
    assert not desk.step("object", by="ops")
    assert desk.step("uphold", by="ops") == "approval.same_person"
    assert not desk.step("uphold", by="ops2")


def test_a_sale_ends_the_right_s_listing_and_leaves_the_new_title_unexamined() -> None:
    desk = Desk.cn()
    desk.right_id = desk.right("lab")
    listing_id = desk.admitted("lab", desk.whole("lab", desk.right_id)).listing.listing_id
    desk.offered()
    desk.steps("accept", "buyer signs", "seller signs", "confirm")
    delisted = desk.last(ListingDelisted).listing
    assert (delisted.listing_id, delisted.state, delisted.reason) == (listing_id, ListingState.DELISTED, "sold")
    right = desk.right_of(desk.right_id)
    assert right.title == "unknown"
    desk.venue.close()


def test_a_restart_in_the_middle_of_a_deal_loses_nothing() -> None:
    desk = Desk.cn()
    desk.seller = "thu"
    desk.offered()
    for step in ("accept", "wait 16", "buyer signs", "seller signs", "confirm"):
        desk.venue.restart()
        desk.steps(step)
    assert desk.owner() == "li"
    desk.venue.close()
