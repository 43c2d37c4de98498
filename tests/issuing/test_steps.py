"""Every step in every state of an issue: its claims, its checklist, the offer and the bids in its book, as tables.

The offer is of 900 senior notes; i0 bids for all of them, or for half, which is too little.
"""

from __future__ import annotations

from typing import Any

import pytest

from exchange.core.ids import BookBidId, ClaimId, ClosingItemId, OfferingId
from exchange.core.node_messages import ContinueRun
from securitization.issue_messages import ClosingKind, IssueProposed, WithdrawIssue
from securitization.messages import Claim
from securitization.offering_messages import (
    BookBidPlaced,
    CancelOffering,
    CloseOffering,
    OfferingOpened,
    WithdrawBookBid,
)
from tests.issuing.stage import Stage
from tests.state_tables import StateTable, answered, every_row


def prepared() -> Stage:
    """The deal is in force, and the three licensors' claims are on record."""
    stage = Stage(investors=3)
    stage.publish()
    for place in range(3):
        stage.claim(place)
    return stage


def takes(stage: Stage, step: str) -> str:
    """Take a step; the code it is refused with, or nothing."""
    venue = stage.venue
    match step.split():
        case ["proposes"]:
            claims = tuple(ClaimId(each) for each in sorted(venue.state.table(Claim)))
            events = venue.do(stage.proposal(claims=claims, name=f"issue-{venue.state.sequence}"), "arranger")
        case ["withdraws"]:
            return venue.refusal(WithdrawIssue(issue_id=stage.issue_id), "arranger")
        case ["all", "is", "shown"]:
            stage.satisfy()
            return ""
        case ["lawyers", "show"]:
            return shows(stage)
        case ["opens"]:
            return opens(stage)
        case [who, "bids", notes]:
            events = venue.do(stage.bid(who, int(notes), 1_000), who)
        case ["i0", "leaves"]:
            return venue.refusal(WithdrawBookBid(book_bid_id=stage.bids.get("i0", BookBidId(1))), "i0")
        case ["wait", days]:
            venue.pass_time(days=int(days), seconds=1)
            venue.refusal(CloseOffering(offering_id=OfferingId(1)))  # timers fire before it
            return ""
        case ["closes"]:
            return venue.refusal(CloseOffering(offering_id=stage.offering_id))
        case ["cancels"]:
            return venue.refusal(CancelOffering(offering_id=stage.offering_id))
        case _:
            run = next(iter(venue.state.runs.values()), None)
            go_on = ContinueRun(run_id=run.run_id if run else 1, from_position=run.position if run else 0)  # type: ignore[arg-type]
            return venue.refusal(go_on, "node")
    for event in events:
        if isinstance(event, IssueProposed):
            stage.issue_id = event.issue.issue_id
        if isinstance(event, BookBidPlaced):
            stage.bids[step.split(maxsplit=1)[0]] = event.bid.book_bid_id
    return answered(events)


def shows(stage: Stage) -> str:
    """The law firm shows its opinion on the true sale, shown before or not."""
    found = [item for item in stage.items(ClosingKind.TRUE_SALE_OPINION) if item.issue_id == stage.issue_id]
    command = stage.show(found[0]) if found else None
    if command is None:
        item = stage.items()[0] if stage.items() else None
        command = stage.show(item, closing_item_id=ClosingItemId(1)) if item else None
    return stage.venue.refusal(command, "lawyers") if command else "closing.unknown"


def opens(stage: Stage) -> str:
    """The operators open the offer."""
    place = len(stage.venue.journal)
    refused = stage.venue.refused_by_two(stage.terms())
    for entry in stage.venue.journal[place:]:
        for event in entry.events:
            if isinstance(event, OfferingOpened):
                stage.offering_id = event.offering.offering_id
    return refused


def newest(flow: str, stage: Any) -> str:
    """The state of the newest case of a workflow; none: there is none yet."""
    states = {key: state for (name, key), state in stage.venue.steps.states.items() if name == flow}
    return states[max(states)] if states else "none"


def each(flow: str, stage: Any) -> str:
    """In which states the cases of a workflow are, in the order of the alphabet."""
    return " ".join(sorted({state for (name, _), state in stage.venue.steps.states.items() if name == flow})) or "none"


OPEN = ("proposes", "all is shown", "opens")
BOUGHT = (*OPEN, "i0 bids 900")
PATHS: dict[str, tuple[str, ...]] = {
    "proposed": ("proposes",),
    "all shown": ("proposes", "all is shown"),
    "offered": OPEN,
    "bid for": BOUGHT,
    "one left": (*OPEN, "i0 bids 450", "i0 leaves"),
    "ended": (*BOUGHT, "wait 5"),
    "ended short": (*OPEN, "i0 bids 450", "wait 5"),
    "ended empty": (*OPEN, "wait 5"),
    "allotting": (*BOUGHT, "wait 5", "closes"),
    "established": (*BOUGHT, "wait 5", "closes", "next chunk"),
    "refunding": (*OPEN, "i0 bids 450", "wait 5", "closes"),
    "cancelled": (*BOUGHT, "cancels"),
    "cancelled empty": (*OPEN, "cancels"),
    "nobody closed": (*BOUGHT, "wait 5", "wait 90"),
    "failed": (*OPEN, "i0 bids 450", "wait 5", "closes", "next chunk"),
    "withdrawn": ("proposes", "withdraws"),
}
CODES = {
    ".": "issue.state",
    "-": "issue.unknown",
    "offer.": "offering.state",
    "no offer": "offering.unknown",
    "no run": "run.unknown",
    "bid.": "book_bid.state",
    "no bid": "book_bid.unknown",
    "no item": "closing.unknown",
    "once": "closing.state",
    "claimed": "claim.not_eligible",
    "missing": "closing.open_items",
}
CAME: dict[str, Any] = {}
ISSUE = StateTable(
    "issue",
    """
                    | proposes | withdraws | lawyers show | opens   | i1 bids 10 | closes    | cancels   | next chunk
    proposed        | claimed  | withdrawn | proposed     | missing | no offer   | no offer  | no offer  | no run
    all shown       | claimed  | withdrawn | once         | offered | no offer   | no offer  | no offer  | no run
    offered         | claimed  | .         | once         | .       | offered    | offer.    | failed    | no run
    bid for         | claimed  | .         | once         | .       | offered    | offer.    | refunding | no run
    one left        | claimed  | .         | once         | .       | offered    | offer.    | failed    | no run
    ended           | claimed  | .         | once         | .       | offer.     | allotting | refunding | no run
    ended short     | claimed  | .         | once         | .       | offer.     | refunding | refunding | no run
    ended empty     | claimed  | .         | once         | .       | offer.     | failed    | failed    | no run
    allotting       | claimed  | .         | once         | .       | offer.     | offer.    | offer.    | established
    established     | claimed  | .         | once         | .       | offer.     | offer.    | offer.    | no run
    refunding       | claimed  | .         | once         | .       | offer.     | offer.    | offer.    | failed
    cancelled       | claimed  | .         | once         | .       | offer.     | offer.    | offer.    | failed
    cancelled empty | proposed | .         | once         | .       | offer.     | offer.    | offer.    | no run
    nobody closed   | claimed  | .         | once         | .       | offer.     | offer.    | offer.    | failed
    failed          | proposed | .         | once         | .       | offer.     | offer.    | offer.    | no run
    withdrawn       | proposed | .         | once         | .       | no offer   | no offer  | no offer  | no run
    """,
    PATHS,
    prepared,
    takes,
    CODES,
    shown=lambda stage: newest("issue", stage),
    also=("closing item", "offering", "book bid", "claim"),
    came=CAME,
)
OFFERING = StateTable(
    "offering",
    """
                    | opens   | i1 bids 10 | i0 leaves | closes    | cancels   | next chunk
    proposed        | missing | no offer   | no bid    | no offer  | no offer  | no run
    all shown       | open    | no offer   | no bid    | no offer  | no offer  | no run
    offered         | .       | open       | no bid    | offer.    | failed    | no run
    bid for         | .       | open       | open      | offer.    | refunding | no run
    one left        | .       | open       | no bid    | offer.    | failed    | no run
    ended           | .       | offer.     | offer.    | allotting | refunding | no run
    ended short     | .       | offer.     | offer.    | refunding | refunding | no run
    ended empty     | .       | offer.     | no bid    | failed    | failed    | no run
    allotting       | .       | offer.     | offer.    | offer.    | offer.    | done
    established     | .       | offer.     | no bid    | offer.    | offer.    | no run
    refunding       | .       | offer.     | offer.    | offer.    | offer.    | failed
    cancelled       | .       | offer.     | offer.    | offer.    | offer.    | failed
    cancelled empty | .       | offer.     | no bid    | offer.    | offer.    | no run
    nobody closed   | .       | offer.     | offer.    | offer.    | offer.    | failed
    failed          | .       | offer.     | no bid    | offer.    | offer.    | no run
    withdrawn       | .       | no offer   | no bid    | no offer  | no offer  | no run
    """,
    PATHS,
    prepared,
    takes,
    CODES,
    shown=lambda stage: newest("offering", stage),
    also=("issue",),
    came=CAME,
)
BOOK_BID = StateTable(
    "book bid",
    """
                    | i0 bids 10 | i0 leaves | closes   | cancels   | next chunk
    proposed        | no offer   | no bid    | no offer | no offer  | no run
    all shown       | no offer   | no bid    | no offer | no offer  | no run
    offered         | open       | no bid    | offer.   | none      | no run
    bid for         | open       | withdrawn | offer.   | open      | no run
    one left        | open       | no bid    | offer.   | withdrawn | no run
    ended           | offer.     | offer.    | open     | open      | no run
    ended short     | offer.     | offer.    | open     | open      | no run
    ended empty     | offer.     | no bid    | none     | none      | no run
    allotting       | offer.     | offer.    | offer.   | offer.    | allotted
    established     | offer.     | no bid    | offer.   | offer.    | no run
    refunding       | offer.     | offer.    | offer.   | offer.    | refunded
    cancelled       | offer.     | offer.    | offer.   | offer.    | refunded
    cancelled empty | offer.     | no bid    | offer.   | offer.    | no run
    nobody closed   | offer.     | offer.    | offer.   | offer.    | refunded
    failed          | offer.     | no bid    | offer.   | offer.    | no run
    withdrawn       | no offer   | no bid    | no offer | no offer  | no run
    """,
    PATHS,
    prepared,
    takes,
    CODES,
    shown=lambda stage: newest("book bid", stage),
    also=("offering",),
    came=CAME,
)
CLAIM = StateTable(
    "claim",
    """
                    | proposes | withdraws  | closes     | cancels    | next chunk
    proposed        | claimed  | registered | no offer   | no offer   | no run
    all shown       | claimed  | registered | no offer   | no offer   | no run
    offered         | claimed  | .          | offer.     | registered | no run
    bid for         | claimed  | .          | offer.     | pooled     | no run
    one left        | claimed  | .          | offer.     | registered | no run
    ended           | claimed  | .          | pooled     | pooled     | no run
    ended short     | claimed  | .          | pooled     | pooled     | no run
    ended empty     | claimed  | .          | registered | registered | no run
    allotting       | claimed  | .          | offer.     | offer.     | sold
    established     | claimed  | .          | offer.     | offer.     | no run
    refunding       | claimed  | .          | offer.     | offer.     | registered
    cancelled       | claimed  | .          | offer.     | offer.     | registered
    cancelled empty | pooled   | .          | offer.     | offer.     | no run
    nobody closed   | claimed  | .          | offer.     | offer.     | registered
    failed          | pooled   | .          | offer.     | offer.     | no run
    withdrawn       | pooled   | .          | no offer   | no offer   | no run
    """,
    PATHS,
    prepared,
    takes,
    CODES,
    shown=lambda stage: each("claim", stage),
    also=("issue",),
    came=CAME,
)
CLOSING = StateTable(
    "closing item",
    """
                    | lawyers show   | withdraws | opens
    proposed        | open satisfied | open      | missing
    all shown       | once           | satisfied | satisfied
    offered         | once           | .         | .
    bid for         | once           | .         | .
    one left        | once           | .         | .
    ended           | once           | .         | .
    ended short     | once           | .         | .
    ended empty     | once           | .         | .
    allotting       | once           | .         | .
    established     | once           | .         | .
    refunding       | once           | .         | .
    cancelled       | once           | .         | .
    cancelled empty | once           | .         | .
    nobody closed   | once           | .         | .
    failed          | once           | .         | .
    withdrawn       | once           | .         | .
    """,
    PATHS,
    prepared,
    takes,
    CODES,
    shown=lambda stage: each("closing item", stage),
    also=("issue",),
    came=CAME,
)
TABLES = (ISSUE, OFFERING, BOOK_BID, CLAIM, CLOSING)


@pytest.mark.parametrize(("table", "row"), every_row(*TABLES))
def test_every_step_in_every_state_is_taken_or_refused(table: StateTable, row: list[str]) -> None:
    table.check(row)
