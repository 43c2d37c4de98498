"""Every step in every state of a public sale, as tables: the sale, its lot, what li bid for it, and the bidders.

lab sells the right A, listed at CNY 800,000, and li, wu and ren were admitted, unless the path says otherwise. The
three tables of a sale have the same rows; they differ in the steps that are tried and in whose state the cells say.
"""

from __future__ import annotations

from typing import Any

import pytest

from exchange.core.ids import DealId
from exchange.core.instruments import Side
from matching.deals import SignDeal
from matching.sale_messages import AnnounceSale, BidderRegistered, WithdrawBidder
from tests.deals.stage import WRONG
from tests.sales.stage import DAY_NS, NOTICE_DAYS
from tests.sales.tender_stage import PANEL, TenderHall
from tests.state_tables import StateTable, answered, every_row

METHODS = ("english", "dutch", "sealed", "tender")
CLOCK = ("begin", "end", "close", "wait")


def takes(hall: TenderHall, step: str) -> str:
    """Take a step of a sale; the code it is refused with, or nothing."""
    match step.split():
        case [method, *names] if method in METHODS:
            hall.announced(method, A=800)
            hall.enter(*(names or ("li", "wu", "ren")))
        case [word, *_] if word in CLOCK:
            hall.happens(step)
        case ["court", "orders"]:
            return hall.court_orders(hall.assets["A"])
        case ["the", "patent", "falls"]:
            return hall.patent_falls(hall.assets["A"])
        case ["lab", "announces"]:
            return announces_again(hall)
        case [who, "signs", _] if not hall.lot("A").deal_id:
            return hall.venue.refusal(SignDeal(deal_id=DealId(0), side=Side.BUY, contract_sha256=WRONG), who)
        case ["all", "score"]:
            for who in PANEL:
                for whom in hall.sealed or ("li",):
                    if refused := takes(hall, f"{who} scores {whom.split()[0]} 80/60"):
                        return refused
        case [who, *words]:
            refused = hall.venue.refusal(*hall.step_of(who, words))
            hall._keep(who, words)
            return refused
    return ""


def announces_again(hall: TenderHall) -> str:
    """The seller announces another sale of the same listing, of ten days later."""
    shift = hall.venue.clock_ns + NOTICE_DAYS * DAY_NS - hall.terms["starts_at_ns"]
    later = {name: value + shift for name, value in hall.terms.items() if name.endswith("_ns") and value}
    return hall.venue.refusal(AnnounceSale(**(hall.terms | later)), hall.seller)


def newest(flow: str, hall: Any) -> str:
    """The state of the newest case of a workflow."""
    states = {key: state for (name, key), state in hall.venue.steps.states.items() if name == flow}
    return states[max(states)]


def first_bid(hall: Any) -> str:
    """How the first bid, which is li's, stands; none: nobody has bid."""
    states = {key: state for (name, key), state in hall.venue.steps.states.items() if name == "bid"}
    return states[min(states)] if states else "none"


ENGLISH = ("english", "begin")
LED = (*ENGLISH, "li bids A 800")
BEATEN = (*LED, "wu bids A 850", "end")
SEALED = ("sealed", "li commits A 900")
TENDER = ("tender", "begin", "li offers 900", "wu offers 850")
OPENED = (*TENDER, "end", "li opens 900", "wu opens 850")
TALKS = ("english li", "begin")
PATHS: dict[str, tuple[str, ...]] = {
    "announced": ("english",),
    "bidding": ENGLISH,
    "led": LED,
    "led twice": (*LED, "wu bids A 850", "li bids A 900"),
    "awarded": (*LED, "end"),
    "contracted": (*LED, "end", "li signs A", "lab signs A"),
    "sold": (*LED, "end", "li signs A", "lab signs A", "ops records A"),
    "long stop": (*LED, "end", "li signs A", "lab signs A", "wait 181 days"),
    "not recorded": (*LED, "end", "li signs A", "lab signs A", "ops refuses A"),
    "defaulted": (*LED, "end", "wait 5 days"),
    "offered": (*BEATEN, "wu withdraws A"),
    "taken": (*BEATEN, "wu withdraws A", "li takes A"),
    "declined": (*BEATEN, "wu withdraws A", "li declines A"),
    "no bid": (*ENGLISH, "end"),
    "cancelled": ("english", "lab cancels"),
    "negotiating": TALKS,
    "agreed": (*TALKS, "lab proposes A li 900", "li accepts A"),
    "no agreement": (*TALKS, "wait 5 days"),
    "sealed": ("sealed", "begin"),
    "committed": ("sealed", "begin", "li commits A 900"),
    "revealing": ("sealed", "begin", "li commits A 900", "wu commits A 850", "end"),
    "revealed": ("sealed", "begin", "li commits A 900", "wu commits A 850", "end", "li reveals A 900"),
    "too low": ("sealed", "begin", "li commits A 700", "end", "li reveals A 700"),
    "one sealed bid": ("sealed", "begin", "li commits A 900", "end", "li reveals A 900", "close"),
    "unrevealed": ("sealed", "begin", "li commits A 900", "end", "close"),
    "sealed, awarded": (
        *("sealed", "begin", "li commits A 900", "wu commits A 850", "end"),
        *("li reveals A 900", "wu reveals A 850", "close"),
    ),
    "tender": TENDER,
    "opening": (*TENDER, "end"),
    "scoring": (*OPENED, "close"),
    "scored": (*OPENED, "close", "all score"),
    "no panel": (*OPENED, "close", "ann leaves", "ben leaves"),
    "unscored": (*OPENED, "close", "wait 11 days"),
}
CAME: dict[str, Any] = {}
"""The cases that came to these rows, for all three tables."""
CODES = {
    ".": "sale.state",
    "-": "sale.unknown",
    "no bid": "bid.unknown",
    "bid.": "bid.state",
    "no deal": "deal.unknown",
    "deal.": "deal.state",
    "nobody": "bidder.unknown",
    "listed": "listing.unknown",
    "twice": "bid.exists",
}
"""What the short words stand for; memory forgets what is over."""

SALE = StateTable(
    "public sale",
    """
                    | lab announces      | lab cancels | ops cancels | court orders | the patent falls | li bids A 950 | ann scores li 80/60 | ann leaves | li withdraws A | ops records A | ops refuses A
    announced       | .                  | cancelled   | cancelled   | cancelled    | cancelled        | .             | no bid              | .          | no deal        | no deal       | no deal
    bidding         | .                  | .           | cancelled   | cancelled    | cancelled        | bidding       | no bid              | .          | no deal        | no deal       | no deal
    led             | .                  | .           | cancelled   | cancelled    | cancelled        | bidding       | no bid              | .          | no deal        | no deal       | no deal
    led twice       | .                  | .           | cancelled   | cancelled    | cancelled        | bidding       | no bid              | .          | no deal        | no deal       | no deal
    awarded         | .                  | .           | .           | closed       | closed           | .             | no bid              | .          | closed         | deal.         | deal.
    contracted      | .                  | .           | .           | closed       | closed           | .             | no bid              | .          | deal.          | closed        | closed
    sold            | listed             | -           | -           | closed       | closed           | nobody        | no bid              | -          | no deal        | no deal       | no deal
    long stop       | announced          | -           | -           | closed       | closed           | nobody        | no bid              | -          | no deal        | no deal       | no deal
    not recorded    | announced          | -           | -           | closed       | closed           | nobody        | no bid              | -          | no deal        | no deal       | no deal
    defaulted       | announced          | -           | -           | closed       | closed           | nobody        | no bid              | -          | no deal        | no deal       | no deal
    offered         | .                  | .           | .           | closed       | closed           | .             | no bid              | .          | no deal        | no deal       | no deal
    taken           | .                  | .           | .           | closed       | closed           | .             | no bid              | .          | closed         | deal.         | deal.
    declined        | announced          | -           | -           | closed       | closed           | nobody        | no bid              | -          | no deal        | no deal       | no deal
    no bid          | announced          | -           | -           | closed       | closed           | nobody        | no bid              | -          | no deal        | no deal       | no deal
    cancelled       | announced          | -           | -           | cancelled    | cancelled        | nobody        | no bid              | -          | no deal        | no deal       | no deal
    negotiating     | .                  | .           | .           | closed       | closed           | .             | no bid              | .          | no deal        | no deal       | no deal
    agreed          | .                  | .           | .           | closed       | closed           | .             | no bid              | .          | closed         | deal.         | deal.
    no agreement    | announced          | -           | -           | closed       | closed           | nobody        | no bid              | -          | no deal        | no deal       | no deal
    sealed          | .                  | .           | cancelled   | cancelled    | cancelled        | .             | no bid              | .          | no deal        | no deal       | no deal
    committed       | .                  | .           | cancelled   | cancelled    | cancelled        | .             | no bid              | .          | no deal        | no deal       | no deal
    revealing       | .                  | .           | cancelled   | cancelled    | cancelled        | .             | no bid              | .          | no deal        | no deal       | no deal
    revealed        | .                  | .           | cancelled   | cancelled    | cancelled        | .             | no bid              | .          | no deal        | no deal       | no deal
    too low         | .                  | .           | cancelled   | cancelled    | cancelled        | .             | no bid              | .          | no deal        | no deal       | no deal
    one sealed bid  | .                  | .           | .           | closed       | closed           | .             | no bid              | .          | closed         | deal.         | deal.
    unrevealed      | announced          | -           | -           | closed       | closed           | nobody        | no bid              | -          | no deal        | no deal       | no deal
    sealed, awarded | .                  | .           | .           | closed       | closed           | .             | no bid              | .          | contracting    | deal.         | deal.
    tender          | .                  | .           | cancelled   | cancelled    | cancelled        | .             | .                   | bidding    | no deal        | no deal       | no deal
    opening         | .                  | .           | cancelled   | cancelled    | cancelled        | .             | .                   | revealing  | no deal        | no deal       | no deal
    scoring         | .                  | .           | cancelled   | cancelled    | cancelled        | .             | scoring             | scoring    | no deal        | no deal       | no deal
    scored          | .                  | .           | .           | closed       | closed           | .             | .                   | .          | contracting    | deal.         | deal.
    no panel        | announced          | -           | -           | closed       | closed           | nobody        | no bid              | -          | no deal        | no deal       | no deal
    unscored        | announced          | -           | -           | closed       | closed           | nobody        | no bid              | -          | no deal        | no deal       | no deal
    """,  # noqa: E501 - a table is read across
    PATHS,
    TenderHall.cn,
    takes,
    CODES,
    shown=lambda hall: newest("public sale", hall),
    also=("lot of a sale", "bid", "agreement"),
    came=CAME,
)
LOT = StateTable(
    "lot of a sale",
    """
                    | li bids A 950 | lab signs A | li signs A | li takes A | li declines A | lab cancels
    announced       | .             | no deal     | no deal    | no bid     | no bid        | failed
    bidding         | open          | no deal     | no deal    | no bid     | no bid        | .
    led             | open          | no deal     | no deal    | no bid     | no bid        | .
    led twice       | open          | no deal     | no deal    | no bid     | no bid        | .
    awarded         | .             | awarded     | awarded    | bid.       | bid.          | .
    contracted      | .             | deal.       | deal.      | bid.       | bid.          | .
    sold            | nobody        | no deal     | no deal    | no bid     | no bid        | -
    long stop       | nobody        | no deal     | no deal    | no bid     | no bid        | -
    not recorded    | nobody        | no deal     | no deal    | no bid     | no bid        | -
    defaulted       | nobody        | no deal     | no deal    | no bid     | no bid        | -
    offered         | .             | no deal     | no deal    | awarded    | failed        | .
    taken           | .             | awarded     | awarded    | bid.       | bid.          | .
    declined        | nobody        | no deal     | no deal    | no bid     | no bid        | -
    no bid          | nobody        | no deal     | no deal    | no bid     | no bid        | -
    cancelled       | nobody        | no deal     | no deal    | no bid     | no bid        | -
    negotiating     | .             | no deal     | no deal    | no bid     | no bid        | .
    agreed          | .             | negotiated  | negotiated | no bid     | no bid        | .
    no agreement    | nobody        | no deal     | no deal    | no bid     | no bid        | -
    sealed          | .             | no deal     | no deal    | no bid     | no bid        | .
    committed       | .             | no deal     | no deal    | no bid     | no bid        | .
    revealing       | .             | no deal     | no deal    | no bid     | no bid        | .
    revealed        | .             | no deal     | no deal    | no bid     | no bid        | .
    too low         | .             | no deal     | no deal    | no bid     | no bid        | .
    one sealed bid  | .             | awarded     | awarded    | bid.       | bid.          | .
    unrevealed      | nobody        | no deal     | no deal    | no bid     | no bid        | -
    sealed, awarded | .             | awarded     | awarded    | bid.       | bid.          | .
    tender          | .             | no deal     | no deal    | no bid     | no bid        | .
    opening         | .             | no deal     | no deal    | no bid     | no bid        | .
    scoring         | .             | no deal     | no deal    | no bid     | no bid        | .
    scored          | .             | awarded     | awarded    | bid.       | bid.          | .
    no panel        | nobody        | no deal     | no deal    | no bid     | no bid        | -
    unscored        | nobody        | no deal     | no deal    | no bid     | no bid        | -
    """,
    PATHS,
    TenderHall.cn,
    takes,
    CODES,
    shown=lambda hall: newest("lot of a sale", hall),
    also=("public sale", "bid", "agreement"),
    came=CAME,
)
BID = StateTable(
    "bid",
    """
                    | li commits A 900 | li reveals A 900 | li bids A 950 | wu bids A 1000 | li offers 900 | li opens 900 | all score | ben leaves | li takes A | li declines A | li withdraws A
    announced       | .                | no bid           | .             | .              | .             | no bid       | no bid    | .          | no bid     | no bid        | no deal
    bidding         | .                | no bid           | standing      | standing       | .             | no bid       | no bid    | .          | no bid     | no bid        | no deal
    led             | .                | no bid           | superseded    | standing       | .             | no bid       | no bid    | .          | no bid     | no bid        | no deal
    led twice       | .                | no bid           | superseded    | superseded     | .             | no bid       | no bid    | .          | no bid     | no bid        | no deal
    awarded         | .                | no bid           | .             | .              | .             | no bid       | no bid    | .          | bid.       | bid.          | defaulted
    contracted      | .                | no bid           | .             | .              | .             | no bid       | no bid    | .          | bid.       | bid.          | deal.
    sold            | nobody           | no bid           | nobody        | nobody         | nobody        | no bid       | no bid    | -          | no bid     | no bid        | no deal
    long stop       | nobody           | no bid           | nobody        | nobody         | nobody        | no bid       | no bid    | -          | no bid     | no bid        | no deal
    not recorded    | nobody           | no bid           | nobody        | nobody         | nobody        | no bid       | no bid    | -          | no bid     | no bid        | no deal
    defaulted       | nobody           | no bid           | nobody        | nobody         | nobody        | no bid       | no bid    | -          | no bid     | no bid        | no deal
    offered         | .                | no bid           | .             | .              | .             | no bid       | no bid    | .          | won        | declined      | no deal
    taken           | .                | no bid           | .             | .              | .             | no bid       | no bid    | .          | bid.       | bid.          | defaulted
    declined        | nobody           | no bid           | nobody        | nobody         | nobody        | no bid       | no bid    | -          | no bid     | no bid        | no deal
    no bid          | nobody           | no bid           | nobody        | nobody         | nobody        | no bid       | no bid    | -          | no bid     | no bid        | no deal
    cancelled       | nobody           | no bid           | nobody        | nobody         | nobody        | no bid       | no bid    | -          | no bid     | no bid        | no deal
    negotiating     | .                | no bid           | .             | nobody         | .             | no bid       | no bid    | .          | no bid     | no bid        | no deal
    agreed          | .                | no bid           | .             | nobody         | .             | no bid       | no bid    | .          | no bid     | no bid        | none
    no agreement    | nobody           | no bid           | nobody        | nobody         | nobody        | no bid       | no bid    | -          | no bid     | no bid        | no deal
    sealed          | committed        | no bid           | .             | .              | committed     | no bid       | no bid    | .          | no bid     | no bid        | no deal
    committed       | twice            | .                | .             | .              | committed     | no bid       | no bid    | .          | no bid     | no bid        | no deal
    revealing       | .                | standing         | .             | .              | .             | no bid       | no bid    | .          | no bid     | no bid        | no deal
    revealed        | .                | bid.             | .             | .              | .             | no bid       | no bid    | .          | no bid     | no bid        | no deal
    too low         | .                | no bid           | .             | .              | .             | no bid       | no bid    | .          | no bid     | no bid        | no deal
    one sealed bid  | .                | .                | .             | .              | .             | no bid       | no bid    | .          | bid.       | bid.          | defaulted
    unrevealed      | nobody           | no bid           | nobody        | nobody         | nobody        | no bid       | no bid    | -          | no bid     | no bid        | no deal
    sealed, awarded | .                | .                | .             | .              | .             | no bid       | no bid    | .          | bid.       | bid.          | defaulted
    tender          | twice            | no bid           | .             | .              | twice         | .            | .         | committed  | no bid     | no bid        | no deal
    opening         | .                | no bid           | .             | .              | .             | standing     | .         | committed  | no bid     | no bid        | no deal
    scoring         | .                | no bid           | .             | .              | .             | .            | won       | standing   | no bid     | no bid        | no deal
    scored          | .                | no bid           | .             | .              | .             | .            | .         | .          | bid.       | bid.          | defaulted
    no panel        | nobody           | no bid           | nobody        | nobody         | nobody        | no bid       | no bid    | -          | no bid     | no bid        | no deal
    unscored        | nobody           | no bid           | nobody        | nobody         | nobody        | no bid       | no bid    | -          | no bid     | no bid        | no deal
    """,  # noqa: E501 - a table is read across
    PATHS,
    TenderHall.cn,
    takes,
    CODES,
    shown=first_bid,
    also=("public sale", "lot of a sale", "agreement"),
    came=CAME,
)


# --- Bidders ----------------------------------------------------------------------------------------------------------


def enters(hall: TenderHall, step: str) -> str:
    """A step of li's part in the English auction of A; the code it is refused with, or nothing."""
    match step:
        case "registers":
            command = hall.registration("li")
            events = hall.venue.do(command, "li")
            if isinstance(events[0], BidderRegistered):
                hall.entered["li"] = events[0].bidder.bidder_id
            return answered(events)
        case "withdraws":
            return hall.venue.refusal(WithdrawBidder(bidder_id=hall.entered["li"]), "li")
        case "begin" | "end" | "wu enters":
            if step == "wu enters":
                hall.enter("wu", "ren")
            else:
                hall.happens(step)
            return ""
        case "bids" | "backs out":
            return takes(hall, "li bids A 800" if step == "bids" else "li withdraws A")
        case _:
            return hall.enters(step, "li")


def announced() -> TenderHall:
    """An English auction that was announced."""
    hall = TenderHall.cn()
    hall.announced("english", A=800)
    return hall


ADMITTED = ("registers", "qualify", "bind", "deposit")
BIDDER = StateTable(
    "bidder",
    """
                    | registers  | qualify   | refuse  | bind   | view     | deposit  | withdraws | bids     | backs out
    registered      | exists     | qualified | refused | .      | secret   | .        | withdrawn | begun    | no deal
    qualified       | exists     | .         | .       | bound  | secret   | .        | withdrawn | begun    | no deal
    bound           | exists     | .         | .       | .      | bound    | admitted | withdrawn | begun    | no deal
    admitted        | exists     | .         | .       | .      | admitted | .        | withdrawn | begun    | no deal
    refused         | registered | .         | .       | .      | secret   | .        | .         | begun    | no deal
    withdrawn       | registered | .         | .       | .      | secret   | .        | .         | begun    | no deal
    late            | begun      | begun     | begun   | .      | secret   | .        | begun     | .        | no deal
    late, qualified | begun      | .         | .       | begun  | secret   | .        | begun     | .        | no deal
    late, bound     | begun      | .         | .       | .      | bound    | begun    | begun     | .        | no deal
    bidding         | begun      | .         | .       | .      | admitted | .        | begun     | admitted | no deal
    won             | begun      | .         | .       | .      | admitted | .        | begun     | begun    | defaulted
    defaulted       | -          | nobody    | nobody  | nobody | nobody   | nobody   | nobody    | nobody   | no deal
    """,
    {
        "registered": ("registers",),
        "qualified": ("registers", "qualify"),
        "bound": ("registers", "qualify", "bind"),
        "admitted": ADMITTED,
        "refused": ("registers", "refuse"),
        "withdrawn": ("registers", "withdraws"),
        "late": ("wu enters", "registers", "begin"),
        "late, qualified": ("wu enters", "registers", "qualify", "begin"),
        "late, bound": ("wu enters", "registers", "qualify", "bind", "begin"),
        "bidding": ("wu enters", *ADMITTED, "begin"),
        "won": ("wu enters", *ADMITTED, "begin", "bids", "end"),
        "defaulted": ("wu enters", *ADMITTED, "begin", "bids", "end", "backs out"),
    },
    announced,
    enters,
    {
        ".": "bidder.state",
        "secret": "sale.confidentiality",
        "begun": "sale.state",
        "no deal": "deal.unknown",
        "nobody": "bidder.unknown",
        "exists": "bidder.exists",
        "-": "sale.unknown",
    },
    shown=lambda hall: str(hall.bidder("li").state),
)
TABLES = (SALE, LOT, BID, BIDDER)


@pytest.mark.parametrize(("table", "row"), every_row(*TABLES))
def test_every_step_in_every_state_is_taken_or_refused(table: StateTable, row: list[str]) -> None:
    table.check(row)
