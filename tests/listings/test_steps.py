"""Every step in every state of a listing, as a table: a right of lab that is sold by agreement, or by its lender."""

from __future__ import annotations

from typing import Any

import pytest

from custody.pledges import ReleasePledge
from exchange.core.ids import EncumbranceId, ListingId
from exchange.core.units import Minor, TimeNs
from matching.listing_messages import AdmitListing, DelistListing, ListingMethod, RejectListing
from matching.price_offers import OfferListing
from matching.quote_messages import RequestQuotes
from matching.sale_messages import RepriceListing
from tests.pledges.stage import Vault
from tests.sales.stage import DAY_NS, THOUSAND
from tests.state_tables import StateTable, every_row


def takes(vault: Vault, step: str) -> str:
    """Take a step; the code it is refused with, or nothing."""
    venue, listing_id = vault.venue, newest("listing", vault)
    pledge_id = EncumbranceId(newest("encumbrance", vault))
    match step:
        case "lab proposes":
            return venue.refusal(vault.whole("lab", vault.right_id, name="A"), "lab")
        case "lists for quotes" | "lists at a price" | "lists for auction":
            method = {"quotes": ListingMethod.RFQ, "price": ListingMethod.LISTING, "auction": ListingMethod.ENGLISH}
            command = vault.whole("lab", vault.right_id, name="A", method=method[step.rsplit(maxsplit=1)[-1]])
            return venue.refusal(command, "lab")
        case "admit":
            return venue.refusal(AdmitListing(listing_id=listing_id))
        case "reject":
            return venue.refusal(RejectListing(listing_id=listing_id, reason="no"))
        case "lab delists" | "ops delists":
            return venue.refusal(DelistListing(listing_id=listing_id, reason="no more"), step.split(maxsplit=1)[0])
        case "reprice":
            decision = vault.file("lab", "decision to list lower")
            lower = RepriceListing(listing_id=listing_id, price_minor=Minor(700 * THOUSAND), decision_sha256=decision)
            return venue.refused_by_two(lower)
        case "bank lends":
            if refused := venue.refusal(vault.request("bank", 300), "lab"):
                return refused
            return venue.refusal(vault.registering(newest("encumbrance", vault)))
        case "bank enforces":
            return venue.refusal(vault.enforcement(pledge_id, "bank", 300), "bank")
        case "bank lets go":
            return venue.refusal(ReleasePledge(encumbrance_id=pledge_id), "bank")
        case "bank announces":
            return venue.refusal(vault.auction_of(pledge_id), "bank")
        case "the patent falls":
            return vault.patent_falls(vault.right_id)
        case "court orders":
            return vault.court_orders(vault.right_id)
        case _:
            return of_its_sale(vault, step, listing_id)


def of_its_sale(vault: Vault, step: str, listing_id: ListingId) -> str:
    """A step by which the right is sold."""
    paper = vault.file("lab", "contract")
    match step:
        case "offered at the price":
            command = OfferListing(listing_id=listing_id, contract_sha256=paper, payment_days=5)
            return vault.venue.refusal(command, "lab")
        case "quotes asked":
            closes = TimeNs(vault.venue.clock_ns + 30 * DAY_NS)
            asked = RequestQuotes(listing_id=listing_id, contract_sha256=paper, closes_at_ns=closes, payment_days=5)
            return vault.venue.refusal(asked, "lab")
        case "announced":
            vault.assets["A"], vault.listings["A"] = vault.right_id, listing_id
            return vault.venue.refusal(vault.announcement("english", A=800), "lab")
        case "agreed":
            if refused := vault.venue.refusal(vault.proposal(), "lab"):
                return refused
            vault.deal_id = newest("agreement", vault)
            return vault.step("accept")
        case _:
            return vault.step(step)


def newest(flow: str, vault: Any) -> Any:
    """The number of the newest case of a workflow; 1, which is nobody's, if there is none."""
    return max((key for name, key in vault.venue.steps.states if name == flow), default=1)


ADMITTED = ("lab proposes", "admit")
ENFORCED = ("bank lends", "bank enforces")
SOLD = (*ADMITTED, "agreed", "seller signs", "buyer signs")
LISTING = StateTable(
    "listing",
    """
                      | lab proposes | admit    | reject   | lab delists | ops delists | reprice | bank lends | bank enforces | bank lets go | agreed   | confirm  | the patent falls | court orders
    draft             | .            | admitted | rejected | rejected    | .           | .       | .          | no pledge     | no pledge    | draft    | no deal  | rejected         | draft
    admitted          | .            | .        | .        | delisted    | delisted    | sale    | .          | no pledge     | no pledge    | admitted | no deal  | delisted         | admitted
    agreed            | .            | .        | .        | delisted    | delisted    | sale    | deal.      | no pledge     | no pledge    | deal.    | deal.    | delisted         | admitted
    contracted        | held         | .        | .        | delisted    | delisted    | sale    | deal.      | no pledge     | no pledge    | deal.    | delisted | delisted         | admitted
    sold              | owner        | -        | -        | -           | -           | -       | checks     | no pledge     | no pledge    | owner    | no deal  | delisted         | delisted
    not recorded      | .            | .        | .        | delisted    | delisted    | sale    | .          | no pledge     | no pledge    | admitted | no deal  | delisted         | admitted
    rejected          | draft        | -        | -        | -           | -           | -       | rejected   | no pledge     | no pledge    | rejected | no deal  | rejected         | rejected
    taken back        | draft        | -        | -        | -           | -           | -       | rejected   | no pledge     | no pledge    | rejected | no deal  | rejected         | rejected
    delisted          | draft        | -        | -        | -           | -           | -       | delisted   | no pledge     | no pledge    | delisted | no deal  | delisted         | delisted
    enforced          | held         | admitted | rejected | not yours   | .           | .       | .          | .             | rejected     | held     | no deal  | rejected         | draft
    for the lender    | held         | .        | .        | not yours   | delisted    | sale    | .          | .             | delisted     | held     | no deal  | delisted         | admitted
    for auction       | held         | .        | .        | not yours   | sale        | sale    | sale       | sale          | sale         | held     | no deal  | delisted         | admitted
    lender paid       | draft        | -        | -        | -           | -           | -       | rejected   | no pledge     | no pledge    | rejected | no deal  | rejected         | rejected
    lender paid late  | draft        | -        | -        | -           | -           | -       | delisted   | no pledge     | no pledge    | delisted | no deal  | delisted         | delisted
    no longer pledged | .            | .        | .        | delisted    | delisted    | sale    | .          | no pledge     | no pledge    | admitted | no deal  | delisted         | admitted
    """,  # noqa: E501 - a table is read across
    {
        "draft": ("lab proposes",),
        "admitted": ADMITTED,
        "agreed": (*ADMITTED, "agreed"),
        "contracted": SOLD,
        "sold": (*SOLD, "confirm"),
        "not recorded": (*SOLD, "refuse"),
        "rejected": ("lab proposes", "reject"),
        "taken back": ("lab proposes", "lab delists"),
        "delisted": (*ADMITTED, "lab delists"),
        "enforced": ENFORCED,
        "for the lender": (*ENFORCED, "admit"),
        "for auction": (*ENFORCED, "admit", "bank announces"),
        "lender paid": (*ENFORCED, "bank lets go"),
        "lender paid late": (*ENFORCED, "admit", "bank lets go"),
        "no longer pledged": ("bank lends", "bank lets go", *ADMITTED),
    },
    Vault.cn,
    takes,
    {
        ".": "listing.state",
        "-": "listing.unknown",
        "no pledge": "encumbrance.unknown",
        "no deal": "deal.unknown",
        "deal.": "deal.state",
        "sale": "sale.state",
        "not yours": "account.not_yours",
        "owner": "right.not_owned",
        "held": "right.encumbered",
        "terms": "listing.terms_invalid",
        "quote terms": "quote.terms_invalid",
        "sale terms": "sale.terms_invalid",
        "quoted": "quote.state",
        "checks": "pledge.checks_failed",
    },
)
METHODS = StateTable(
    "listing",
    """
                 | offered at the price | quotes asked | announced  | agreed
    draft        | .                    | .            | .          | draft
    by agreement | terms                | quote terms  | sale terms | admitted
    for quotes   | terms                | admitted     | sale terms | admitted
    at a price   | admitted             | quote terms  | sale terms | admitted
    for auction  | terms                | quote terms  | admitted   | admitted
    quotes asked | terms                | quoted       | sale terms | quoted
    offered      | .                    | quote terms  | sale terms | .
    announced    | terms                | quote terms  | sale       | sale
    rejected     | -                    | -            | -          | rejected
    delisted     | -                    | -            | -          | delisted
    """,
    {
        "draft": ("lab proposes",),
        "by agreement": ADMITTED,
        "for quotes": ("lists for quotes", "admit"),
        "at a price": ("lists at a price", "admit"),
        "for auction": ("lists for auction", "admit"),
        "quotes asked": ("lists for quotes", "admit", "quotes asked"),
        "offered": ("lists at a price", "admit", "offered at the price"),
        "announced": ("lists for auction", "admit", "announced"),
        "rejected": ("lab proposes", "reject"),
        "delisted": (*ADMITTED, "lab delists"),
    },
    Vault.cn,
    takes,
    LISTING.codes,
)
"""What may be begun under a listing, by its method."""
TABLES = (LISTING, METHODS)


@pytest.mark.parametrize(("table", "row"), every_row(*TABLES))
def test_every_step_in_every_state_is_taken_or_refused(table: StateTable, row: list[str]) -> None:
    table.check(row)
