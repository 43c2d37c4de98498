"""Quotes line by line: who is asked, how long a quote binds, what taking it does, and how a request ends."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from custody.corrections_messages import FreezeAccount
from exchange.core.ids import ListingId, MemberId, QuoteId, QuoteRequestId
from exchange.core.membership import ClassMember
from exchange.core.units import Minor, Ppm, TimeNs
from exchange.engine.order_terms import MAX_ORDER_MINOR
from matching.consideration import Basis, Instalment, Items, Royalty
from matching.deals import DealState, ProposeDeal
from matching.listing_messages import DelistListing, ListingMethod
from matching.lot_messages import DealOpened
from matching.obligations import ObligationsMade
from matching.quote_messages import AcceptQuote, CloseQuoteRequest, PlaceQuote, Quote, QuoteExpired, QuoteRequest
from tests.deals.stage import CASH
from tests.quotes.stage import DAY_NS, THOUSAND, QuoteDesk

# --- Every step in every state ---------------------------------------------------------------------------------------

PATHS: dict[str, list[str]] = {
    "open": [],
    "quoted": ["li quotes 900 10"],
    "expired": ["li quotes 900 10", "wait 11 days"],
    "accepted": ["li quotes 900 10", "lab takes li"],
    "paid": ["li quotes 900 10", "lab takes li", "li signs"],
    "contracted": ["li quotes 900 10", "lab takes li", "li signs", "lab signs"],
    "completed": ["li quotes 900 10", "lab takes li", "li signs", "lab signs", "ops records"],
    "closed": ["li quotes 900 10", "lab closes"],
}
TABLE = """
            | li quotes 700 5       | wu quotes 700 5       | lab takes li  | lab closes            | li withdraws | lab withdraws
open        | taken                 | taken                 | quote.unknown | taken                 | deal.unknown | deal.unknown
quoted      | quote.exists          | taken                 | taken         | taken                 | deal.unknown | deal.unknown
expired     | taken                 | taken                 | quote.unknown | taken                 | deal.unknown | deal.unknown
accepted    | quote.state           | quote.state           | quote.unknown | quote.state           | deal.state   | deal.state
paid        | quote.state           | quote.state           | quote.unknown | quote.state           | deal.state   | deal.state
contracted  | quote.state           | quote.state           | quote.unknown | quote.state           | deal.state   | deal.state
completed   | quote.request_unknown | quote.request_unknown | quote.unknown | quote.request_unknown | deal.unknown | deal.unknown
closed      | quote.request_unknown | quote.request_unknown | quote.unknown | quote.request_unknown | deal.unknown | deal.unknown
"""  # noqa: E501 - a table is read across
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()]


@functools.cache
def _in(state: str) -> QuoteDesk:
    desk = QuoteDesk.asked()
    for line in PATHS[state]:
        told = desk.happens(line)
        assert "." not in told, f"{line}: {told}"
    return desk


@pytest.mark.parametrize("state", PATHS)
def test_a_step_is_taken_or_refused_as_the_table_says(state: str) -> None:
    [row] = [line for line in LINES[1:] if line[0] == state]
    for step, cell in zip(LINES[0][1:], row[1:], strict=True):
        desk = _in(state).again()
        who, *words = step.split()
        assert (desk.takes(who, words) or "taken") == cell, f"{state}: {step}"
        desk.venue.close()


def test_the_table_names_every_state() -> None:
    assert [line[0] for line in LINES[1:]] == list(PATHS)


# --- From the question to the register -------------------------------------------------------------------------------


def test_a_quote_is_taken_signed_paid_and_recorded() -> None:
    desk = QuoteDesk.asked()
    desk.plays("""
        li  quotes 900 10         ->  open: li 900
        wu  quotes 850 20         ->  open: li 900, wu 850
        lab takes wu              ->  accepted: wu 850
        wu  signs                 ->  accepted: wu 850
        restart                   ->  accepted: wu 850
        lab signs                 ->  accepted: wu 850
        wait 60 days              ->  accepted: wu 850
        ops records               ->  closed: wu 850
    """)
    assert (desk.owner(), desk.escrow(), desk.quote_of("li").state) == ("wu", 0, "passed")
    assert (desk.money("wu"), desk.money("lab")) == (CASH - 85_850_000, 84_150_000)
    assert not desk.venue.state.due and not desk.venue.state.table(QuoteRequest) and not desk.venue.state.table(Quote)
    desk.venue.close()


def test_what_was_promised_for_later_is_owed_when_the_right_has_passed() -> None:
    basis = Basis(discount_ppm=Ppm(100_000))
    desk = QuoteDesk.asked(basis=basis)
    items = Items(instalments=(Instalment(amount_minor=Minor(220 * THOUSAND), due_days=365),))
    until = TimeNs(desk.venue.clock_ns + DAY_NS)
    placed: Any = desk.venue.do(desk.quote("li", 700 * THOUSAND, until, items=items), "li")[0]
    assert [row.value_minor // THOUSAND for row in placed.quote.rows] == [700, 200]
    assert placed.quote.worth_minor == 900 * THOUSAND
    desk.quoted["li"] = placed.quote.quote_id
    for line in ("lab takes li", "li signs", "lab signs", "ops records"):
        assert "." not in desk.happens(line)
    [one] = desk.last(ObligationsMade).obligations
    assert (one.amount_minor, desk.last(ObligationsMade).plan.method) == (220 * THOUSAND, "rfq")
    desk.venue.close()


def test_a_quoted_price_is_an_agreed_one_and_shown_where_the_overlay_asks_for_it() -> None:
    desk = QuoteDesk.asked(seller="thu")
    desk.plays("""
        li  quotes 900 10         ->  open: li 900
        thu takes li              ->  accepted: li 900
        li  signs                 ->  deal.publicity_running
        wait 16 days              ->  accepted: li 900
        li  signs                 ->  accepted: li 900
    """)
    opened = desk.last(DealOpened).deal
    assert (opened.state, opened.publicity_days) == (DealState.PUBLICITY, 15)
    other = QuoteDesk.asked(seller="thu")
    other.plays("""
        li  quotes 900 10         ->  open: li 900
        thu takes li              ->  accepted: li 900
    """)
    other.deal_id = other.shown_request().deal_id
    other.steps("object", "uphold")
    assert other.shown() == "closed: it is"
    other.venue.close()


# --- How long it binds -----------------------------------------------------------------------------------------------


def test_a_quote_binds_until_its_moment_and_not_after() -> None:
    for seconds, told in ((-1, "accepted: li 900"), (0, "quote.unknown")):
        desk = QuoteDesk.asked()
        until = desk.venue.clock_ns + 10 * DAY_NS
        desk.happens("li quotes 900 10")
        desk.venue.clock_ns = until + seconds * 10**9
        assert desk.happens("lab takes li") == told
        assert bool(seconds) or desk.last(QuoteExpired).quote.state == "expired"
        desk.venue.close()


def test_who_let_its_quote_expire_may_quote_again() -> None:
    desk = QuoteDesk.asked()
    desk.plays("""
        li  quotes 900 10         ->  open: li 900
        li  quotes 950 10         ->  quote.exists
        wait 11 days              ->  open
        li  quotes 950 10         ->  open: li 950
    """)
    assert desk.shown_request().n_quotes == 2


def test_a_request_that_nobody_answers_closes_by_itself() -> None:
    desk = QuoteDesk.asked()
    desk.plays("""
        wait 29 days              ->  open
        wait 1 day                ->  closed: no quote was taken in time
    """)
    assert not desk.venue.state.due
    desk.request()
    desk.venue.close()


def test_who_does_not_sign_in_time_ends_it_and_what_was_paid_goes_back() -> None:
    desk = QuoteDesk.asked()
    desk.plays("""
        li  quotes 900 10         ->  open: li 900
        lab takes li              ->  accepted: li 900
        wait 4 days               ->  accepted: li 900
        li  signs                 ->  accepted: li 900
        wait 4 days               ->  accepted: li 900
        wait 1 day                ->  closed: the seller did not sign in time
    """)
    assert (desk.money("li"), desk.escrow(), desk.owner()) == (CASH, 0, "lab")
    other = QuoteDesk.asked()
    other.plays("""
        li  quotes 900 10         ->  open: li 900
        lab takes li              ->  accepted: li 900
        wait 5 days               ->  closed: the buyer did not sign in time
    """)
    other.venue.close()


# --- Who is asked ----------------------------------------------------------------------------------------------------


def test_only_those_who_were_asked_quote_and_never_the_seller() -> None:
    desk = QuoteDesk.asked("wu")
    desk.plays("""
        li  quotes 900 10         ->  quote.not_asked
        wu  quotes 900 10         ->  open: wu 900
    """)
    own = QuoteDesk.asked()
    assert own.happens("lab quotes 900 10") == "quote.not_asked"
    assert own.venue.refusal(own.quote("li", 1, TimeNs(own.venue.clock_ns + DAY_NS)), "wu") == "account.not_yours"


def test_only_the_seller_takes_and_closes() -> None:
    desk = QuoteDesk.asked()
    desk.happens("li quotes 900 10")
    for who in ("li", "wu"):
        for line in ("takes li", "closes"):
            assert desk.happens(f"{who} {line}") == "account.not_yours"


def frozen(desk: QuoteDesk) -> None:
    desk.venue.do(FreezeAccount(account_id=desk.venue.accounts["li"], frozen=True))


def unclassed(desk: QuoteDesk) -> None:
    desk.venue.do(ClassMember(member_id=desk.venue.members["li"], standings=()))


@pytest.mark.parametrize(("change", "code"), [(frozen, "account.frozen"), (unclassed, "rule.suitability")])
def test_whoever_could_not_be_the_buyer_neither_quotes_nor_is_taken(
    change: Callable[[QuoteDesk], None], code: str
) -> None:
    desk = QuoteDesk.asked()
    change(desk)
    assert desk.happens("li quotes 900 10") == code
    other = QuoteDesk.asked()
    other.happens("li quotes 900 10")
    change(other)
    assert other.happens("lab takes li") == code
    other.venue.close()


# --- Terms -----------------------------------------------------------------------------------------------------------

Change = Callable[[QuoteDesk], dict[str, Any]]
ASKED: list[tuple[str, Change, str]] = [
    ("as it should be", lambda _: {}, ""),
    ("an unknown listing", lambda _: {"listing_id": ListingId(1)}, "listing.unknown"),
    ("over before it begins", lambda d: {"closes_at_ns": TimeNs(d.venue.clock_ns)}, "quote.terms_invalid"),
    ("for two years", lambda d: {"closes_at_ns": TimeNs(d.venue.clock_ns + 730 * DAY_NS)}, "quote.terms_invalid"),
    ("of oneself", lambda d: {"addressees": (d.venue.members["lab"],)}, "quote.terms_invalid"),
    ("of somebody twice", lambda d: {"addressees": (d.venue.members["li"],) * 2}, "quote.terms_invalid"),
    ("of nobody known", lambda _: {"addressees": (MemberId(7),)}, "member.unknown"),
    ("under a contract nobody filed", lambda _: {"contract_sha256": "0" * 64}, "document.unknown"),
]


@pytest.mark.parametrize(("change", "code"), [row[1:] for row in ASKED], ids=[row[0] for row in ASKED])
def test_quotes_are_asked_under_sound_terms_only(change: Change, code: str) -> None:
    desk = QuoteDesk.cn()
    assert desk.venue.refusal(desk.asking(**change(desk)), "lab") == code


def until(desk: QuoteDesk, days: int) -> TimeNs:
    return TimeNs(desk.shown_request().closes_at_ns + days * DAY_NS)


QUOTED: list[tuple[str, Change, str]] = [
    ("until the request closes", lambda d: {"valid_until_ns": until(d, 0)}, ""),
    ("for longer than it is asked", lambda d: {"valid_until_ns": until(d, 1)}, "quote.terms_invalid"),
    ("until now", lambda d: {"valid_until_ns": TimeNs(d.venue.clock_ns)}, "quote.terms_invalid"),
    ("with empty items", lambda _: {"items": Items()}, "quote.terms_invalid"),
    (
        "with a royalty nobody can compare",
        lambda _: {"items": Items(royalty=Royalty(base="profit", rate_ppm=Ppm(1), years=1, due_days=1))},
        "quote.terms_invalid",
    ),
    ("beyond all money", lambda _: {"price_minor": Minor(MAX_ORDER_MINOR)}, "limit.exceeded"),
    ("for an unknown request", lambda _: {"request_id": QuoteRequestId(7)}, "quote.request_unknown"),
]


@pytest.mark.parametrize(("change", "code"), [row[1:] for row in QUOTED], ids=[row[0] for row in QUOTED])
def test_a_quote_is_one_that_could_be_accepted(change: Change, code: str) -> None:
    desk = QuoteDesk.asked(basis=Basis(discount_ppm=Ppm(0)))
    terms: dict[str, Any] = {
        "request_id": desk.request_id,
        "account_id": desk.venue.accounts["li"],
        "price_minor": Minor(900 * THOUSAND),
        "valid_until_ns": TimeNs(desk.venue.clock_ns + DAY_NS),
    }
    assert desk.venue.refusal(PlaceQuote(**(terms | change(desk))), "li") == code


def test_what_is_listed_otherwise_is_not_asked_about_and_nothing_is_asked_twice() -> None:
    desk = QuoteDesk.asked()
    assert desk.venue.refusal(desk.asking(), "lab") == "quote.state"
    assert desk.venue.refusal(desk.asking(), "wu") == "account.not_yours"
    right_id = desk.right("lab")
    listed = desk.admitted("lab", desk.whole("lab", right_id, method=ListingMethod.AGREEMENT)).listing
    assert desk.venue.refusal(desk.asking(listing_id=listed.listing_id), "lab") == "quote.terms_invalid"


def test_nothing_else_happens_to_a_right_while_quotes_are_asked_for_it() -> None:
    desk = QuoteDesk.asked()
    proposal = ProposeDeal(
        market_id=desk.cn_market,
        asset_id=desk.right_id,
        seller_account_id=desk.venue.accounts["lab"],
        buyer_account_id=desk.venue.accounts["li"],
        price_minor=Minor(1),
        contract_sha256=desk.file("lab", "contract"),
    )
    assert desk.venue.refusal(proposal, "lab") == "quote.state"
    delist = DelistListing(listing_id=desk.listing_id, reason="a second thought")
    assert desk.venue.refusal(delist, "lab") == "quote.state"
    assert desk.happens("lab closes") == "closed: kept after all"
    assert not desk.venue.refusal(proposal, "lab")


def test_nothing_is_asked_of_what_is_not_there() -> None:
    desk = QuoteDesk.asked()
    assert desk.venue.refusal(AcceptQuote(quote_id=QuoteId(1)), "lab") == "quote.unknown"
    command = CloseQuoteRequest(request_id=QuoteRequestId(1), reason="none")
    assert desk.venue.refusal(command, "lab") == "quote.request_unknown"
