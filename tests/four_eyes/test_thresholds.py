"""Which commands wait at which value, who may sign them, for how long, and that exactly they are applied."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from custody.corrections_messages import FreezeAccount
from exchange.core.ids import ApprovalId
from exchange.core.instruments import Side
from exchange.core.membership import GrantMandate, SuspendUser
from exchange.core.messages import Command, Event
from exchange.core.node_messages import Approval, ApprovalEnded, ApprovalRequested, DenyApproval
from exchange.core.parties import UserRight
from exchange.core.units import Minor, TimeNs
from exchange.core.wire import decode_command, events, name_of, name_of_type
from exchange.engine import thresholds
from exchange.engine.apply import ROUTES
from exchange.rulebook import shipped
from exchange.rulebook.four_eyes import Guarded
from exchange.rulebook.profile import Profile, canonical_text, four_eyes_of, parse_profile
from exchange.rulebook.texts import TextError
from matching.deals import DealAccepted, DealProposed, DealState, SignDeal
from matching.quote_messages import AcceptQuote, QuotePlaced
from securitization.messages import OfferProduct, ProductCreated, ProductSubscribed, SubscribeProduct
from tests.deals.stage import PRICE, Desk
from tests.four_eyes.planted import PLANTED, Plant
from tests.four_eyes.stage import LIFE_HOURS, asked, colleagues, deal_desk, granted, profile_text, quote_desk, rules
from tests.products import test_products as products
from tests.support import Venue

HOUR_NS = 3_600 * 1_000_000_000
DAY_NS = 24 * HOUR_NS
VALUES = {"below": PRICE - 1, "at": PRICE, "above": PRICE + 1}
EXPECTED = {"below": "done", "at": "done", "above": "waits"}


def test_the_profiles_commands_are_the_engines_and_each_has_a_value() -> None:
    guarded = {kind for kind, route in ROUTES.items() if route.guarded}
    assert guarded == set(thresholds.VALUES)
    assert not any(ROUTES[kind].four_eyes for kind in guarded), "an operator's command waits whatever its value"
    assert {name_of_type(kind) for kind in guarded} == {command.value for command in Guarded}


# --- Below, at and above ----------------------------------------------------------------------------------------------


def proposed(where: str) -> tuple[Venue, Command, str, str, type[Event]]:
    desk = deal_desk(Guarded.PROPOSE_DEAL)
    return desk.venue, desk.proposal(price_minor=Minor(VALUES[where])), "lab", "lab.checker", DealProposed


def accepted(where: str) -> tuple[Venue, Command, str, str, type[Event]]:
    desk = deal_desk(Guarded.ACCEPT_DEAL)
    desk.offered(price_minor=Minor(VALUES[where]))
    return desk.venue, desk.command("accept")[0], "li", "li.checker", DealAccepted


def signed(where: str, side: Side) -> tuple[Venue, Command, str, str, type[Event]]:
    desk = deal_desk(Guarded.SIGN_DEAL)
    desk.offered(price_minor=Minor(VALUES[where]))
    desk.steps("accept")
    who, step = ("li", "buyer signs") if side is Side.BUY else ("lab", "seller signs")
    return desk.venue, desk.command(step)[0], who, f"{who}.checker", event_named("deal.signed")


def quoted(where: str) -> tuple[Venue, Command, str, str, type[Event]]:
    desk = quote_desk(Guarded.PLACE_QUOTE)
    until = TimeNs(desk.venue.clock_ns + DAY_NS)
    return desk.venue, desk.quote("li", VALUES[where], until), "li", "li.checker", QuotePlaced


def taken(where: str) -> tuple[Venue, Command, str, str, type[Event]]:
    desk = quote_desk(Guarded.ACCEPT_QUOTE)
    until = TimeNs(desk.venue.clock_ns + DAY_NS)
    quote = desk.venue.make(desk.quote("li", VALUES[where], until), QuotePlaced, "li").quote
    return desk.venue, AcceptQuote(quote_id=quote.quote_id), "lab", "lab.checker", event_named("quote.accepted")


def subscribed(where: str) -> tuple[Venue, Command, str, str, type[Event]]:
    notes = {"below": 9, "at": 10, "above": 11}[where]
    desk = products.Desk(four_eyes=rules(10 * products.FACE, "approve", Guarded.SUBSCRIBE_PRODUCT))
    venue = desk.venue
    claims = tuple(desk.register(place) for place in range(3))
    made = venue.make(desk.create(claims), ProductCreated, "licensor0").product
    venue.by_two(OfferProduct(product_id=made.product_id))
    colleagues(venue, "investor0")
    command = SubscribeProduct(product_id=made.product_id, account_id=venue.accounts["investor0"], notes=notes)
    return venue, command, "investor0", "investor0.checker", ProductSubscribed


def event_named(name: str) -> type[Event]:
    """An event's type by its name."""
    return events()[name]


CASES = {
    "deal.propose": proposed,
    "deal.accept": accepted,
    "deal.sign by the buyer": lambda where: signed(where, Side.BUY),
    "deal.sign by the seller": lambda where: signed(where, Side.SELL),
    "quote.place": quoted,
    "quote.accept": taken,
    "product.subscribe": subscribed,
}


@pytest.mark.parametrize("where", list(VALUES))
@pytest.mark.parametrize("case", list(CASES))
def test_a_command_waits_above_its_threshold_and_only_there(case: str, where: str) -> None:
    venue, command, maker, checker, done = CASES[case](where)
    became, approval_id = asked(venue, command, maker)
    assert became == EXPECTED[where]
    if became == "waits":
        approval = venue.state.table(Approval)[approval_id]
        assert decode_command(approval.command) == command
        assert approval.command_name == name_of(command)
        assert granted(venue, approval_id, checker) == "done"
    assert any(isinstance(event, done) for event in venue.journal[-1].events)
    venue.close()


# --- Who --------------------------------------------------------------------------------------------------------------

SIGNERS = [
    # who signs what lab's trader asked, and what becomes of it
    ("lab.checker", "done"),
    ("lab", "done"),
    ("lab.trader", "approval.same_person"),
    ("lab.cashier", "account.not_yours"),
    ("li", "account.not_yours"),
    ("li.checker", "account.not_yours"),
    ("ops", "account.not_yours"),
    ("reg", "role.not_allowed"),
]


@pytest.mark.parametrize(("signer", "code"), SIGNERS)
def test_another_of_the_same_member_with_the_right_signs(signer: str, code: str) -> None:
    desk = deal_desk(Guarded.PROPOSE_DEAL)
    became, approval_id = asked(desk.venue, desk.proposal(price_minor=Minor(PRICE + 1)), "lab.trader")
    assert became == "waits"
    assert granted(desk.venue, approval_id, signer) == code
    if code == "done":
        deal = next(event.deal for event in desk.venue.journal[-1].events if isinstance(event, DealProposed))
        ended = next(event.approval for event in desk.venue.journal[-1].events if isinstance(event, ApprovalEnded))
        assert deal.proposed_by == desk.venue.users["lab.trader"], "who asked stays who asked"
        assert (ended.status, ended.decided_by) == ("granted", desk.venue.users[signer])
    desk.venue.close()


def test_the_right_is_the_texts() -> None:
    desk = deal_desk(Guarded.PROPOSE_DEAL, right="withdraw")
    _, approval_id = asked(desk.venue, desk.proposal(price_minor=Minor(PRICE + 1)), "lab.trader")
    assert granted(desk.venue, approval_id, "lab.checker") == "account.not_yours"
    assert granted(desk.venue, approval_id, "lab.cashier") == "done"


@pytest.mark.parametrize("who", ["lab", "lab.trader", "lab.checker"])
def test_a_colleague_denies_and_who_asked_withdraws(who: str) -> None:
    desk = deal_desk(Guarded.PROPOSE_DEAL)
    venue = desk.venue
    _, approval_id = asked(venue, desk.proposal(price_minor=Minor(PRICE + 1)), "lab.trader")
    deny = DenyApproval(approval_id=approval_id, reason="too dear")
    assert venue.refusal(deny, "li") == "account.not_yours"
    assert venue.refusal(deny, "lab.cashier") == "account.not_yours"
    assert venue.make(deny, ApprovalEnded, who).approval.decided_by == venue.users[who]
    assert granted(venue, approval_id, "lab") == "approval.unknown"
    venue.close()


def test_who_may_not_ask_is_refused_at_once() -> None:
    desk = deal_desk(Guarded.PROPOSE_DEAL)
    command = desk.proposal(price_minor=Minor(PRICE + 1))
    assert asked(desk.venue, command, "li")[0] == "account.not_yours"
    assert asked(desk.venue, command, "lab.checker")[0] == "account.not_yours", "who approves does not trade"
    desk.venue.do(FreezeAccount(account_id=desk.venue.accounts["lab"], frozen=True, reason="order"))
    assert asked(desk.venue, command, "lab")[0] == "account.frozen"
    assert not desk.venue.state.table(Approval)


def test_who_asked_must_still_be_there_when_it_is_signed() -> None:
    desk = deal_desk(Guarded.PROPOSE_DEAL)
    venue = desk.venue
    _, approval_id = asked(venue, desk.proposal(price_minor=Minor(PRICE + 1)), "lab.trader")
    venue.do(SuspendUser(user_id=venue.users["lab.trader"], suspended=True))
    assert granted(venue, approval_id, "lab.checker") == "user.suspended"
    venue.do(SuspendUser(user_id=venue.users["lab.trader"], suspended=False))
    venue.restart()
    assert granted(venue, approval_id, "lab.checker") == "done"
    venue.close()


def test_a_mandate_asks_and_the_owners_people_sign() -> None:
    desk = deal_desk(Guarded.PROPOSE_DEAL)
    venue = desk.venue
    mandate = GrantMandate(
        account_id=venue.accounts["lab"],
        user_id=venue.users["pku"],
        rights=(UserRight.TRADE,),
        limit_minor=Minor(PRICE),
        valid_from_ns=TimeNs(venue.clock_ns),
        valid_until_ns=TimeNs(venue.clock_ns + 90 * DAY_NS),
    )
    venue.do(mandate, "lab")
    command = desk.proposal(price_minor=Minor(PRICE + 1))
    became, approval_id = asked(venue, command, "pku")
    assert became == "waits"
    assert granted(venue, approval_id, "lab.checker") == "mandate.invalid", "two people do not widen a mandate"
    venue.do(msgspec.structs.replace(mandate, limit_minor=Minor(PRICE + 1)), "lab")
    assert granted(venue, approval_id, "lab.checker") == "done"
    venue.close()


# --- When -------------------------------------------------------------------------------------------------------------


def test_an_approval_lives_as_long_as_the_text_says() -> None:
    for late_ns, code in ((-1, "done"), (0, "approval.expired"), (1_000_000, "approval.unknown")):
        desk = deal_desk(Guarded.PROPOSE_DEAL)
        venue = desk.venue
        _, approval_id = asked(venue, desk.proposal(price_minor=Minor(PRICE + 1)), "lab.trader")
        approval = venue.state.table(Approval)[approval_id]
        assert approval.expires_at_ns == venue.clock_ns + LIFE_HOURS * HOUR_NS
        venue.clock_ns = approval.expires_at_ns + late_ns - 1_000_000
        assert granted(venue, approval_id, "lab.checker") == code
        venue.close()


def test_what_is_refused_when_signed_stays_and_may_be_signed_again() -> None:
    desk = deal_desk(Guarded.SIGN_DEAL)
    venue = desk.venue
    desk.offered(price_minor=Minor(PRICE + 1))
    desk.steps("accept")
    command, _ = desk.command("buyer signs")
    assert isinstance(command, SignDeal)
    wrong = msgspec.structs.replace(command, contract_sha256="0" * 64)
    _, approval_id = asked(venue, wrong, "li.trader")
    assert granted(venue, approval_id, "li.checker") == "deal.terms_changed"
    assert venue.state.table(Approval)[approval_id].status == "open"
    assert desk.deal().state is DealState.SIGNING
    venue.close()


def test_a_member_lets_no_more_wait_than_it_can_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "MAX_WAITING", 2)
    desk = deal_desk(Guarded.PROPOSE_DEAL)
    command = desk.proposal(price_minor=Minor(PRICE + 1))
    assert [asked(desk.venue, command, "lab")[0] for _ in range(3)] == ["waits", "waits", "limit.exceeded"]
    assert asked(desk.venue, desk.proposal(price_minor=Minor(PRICE)), "lab")[0] == "done"


def test_two_people_sign_a_whole_deal_on_both_sides() -> None:
    desk = deal_desk(Guarded.PROPOSE_DEAL, Guarded.ACCEPT_DEAL, Guarded.SIGN_DEAL)
    venue = desk.venue

    def both(command: Command, member: str) -> None:
        became, approval_id = asked(venue, command, f"{member}.trader")
        assert became == "waits"
        assert granted(venue, approval_id, f"{member}.checker") == "done"

    both(desk.proposal(price_minor=Minor(PRICE + 1)), "lab")
    desk.deal_id = desk.last(DealProposed).deal.deal_id
    both(desk.command("accept")[0], "li")
    both(desk.command("seller signs")[0], "lab")
    both(desk.command("buyer signs")[0], "li")
    assert desk.deal().state is DealState.CONTRACTED
    venue.close()


SEARCH = settings(
    max_examples=200,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


DRAWN = given(
    price=st.integers(PRICE - 2, PRICE + 2),
    signers=st.lists(st.sampled_from([name for name, _ in SIGNERS]), max_size=4),
    late=st.booleans(),
)


def two_people(price: int, signers: list[str], late: bool) -> None:
    """A proposal at some price, signed by some people, in time or not."""
    desk = _desk()
    venue = desk.venue
    became, approval_id = asked(venue, desk.proposal(price_minor=Minor(price)), "lab.trader")
    if late:
        venue.pass_time(days=3)
    results = [(name, granted(venue, approval_id or ApprovalId(1), name)) for name in signers]
    made = [event.deal for entry in venue.journal for event in entry.events if isinstance(event, DealProposed)]
    sound = [name for name, code in results if code == "done"]
    if price <= PRICE:
        assert (became, len(made), sound) == ("done", 1, [])
    else:
        expected = [name for name in signers if name in ("lab.checker", "lab")][:1] if not late else []
        assert (became, sound, len(made)) == ("waits", expected, len(expected))
    assert all(deal.price_minor == price for deal in made)
    venue.close()


@settings(max_examples=40, deadline=None)
@DRAWN
def test_nothing_above_the_threshold_happens_without_two_people(price: int, signers: list[str], late: bool) -> None:
    two_people(price, signers, late)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda one: one.__name__)
def test_the_property_notices(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    search = SEARCH(DRAWN(two_people))
    with pytest.raises(AssertionError):
        search()


def _desk() -> Desk:
    return deal_desk(Guarded.PROPOSE_DEAL)


# --- The text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cn_ip_venue", "sandbox", "offshore_professional"])
def test_a_text_without_the_row_reads_and_hashes_as_it_did(name: str) -> None:
    profile = parse_profile(shipped.profile_text(name))
    assert isinstance(profile, Profile)
    assert four_eyes_of(profile) == ()
    assert "four_eyes" not in canonical_text(profile)
    assert "four_eyes" not in [row for row, _ in profile.named_rows()]
    assert json.loads(canonical_text(profile)) == json.loads(shipped.profile_text(name))


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "$.fields.four_eyes.value"),
        ([*rules(1), *rules(2)], "$.fields.four_eyes.value"),
        (rules(1, "approve", Guarded.SIGN_DEAL) * 2, "$.fields.four_eyes.value"),
        (rules(1, "view", Guarded.SIGN_DEAL), "$.fields.four_eyes.value"),
        ([rules(1)[0] | {"command": "order.place"}], "$.fields.four_eyes.value[0].command"),
        ([rules(1)[0] | {"life_hours": 0}], "$.fields.four_eyes.value[0].life_hours"),
        ([rules(1)[0] | {"above_minor": -1}], "$.fields.four_eyes.value[0].above_minor"),
    ],
)
def test_a_row_that_means_nothing_is_not_published(value: object, path: str) -> None:
    problem = parse_profile(profile_text(value))
    assert isinstance(problem, TextError)
    assert problem.path == path


def test_a_request_names_the_right_it_waits_for() -> None:
    desk = deal_desk(Guarded.PROPOSE_DEAL)
    requested = desk.venue.make(desk.proposal(price_minor=Minor(PRICE + 1)), ApprovalRequested, "lab").approval
    assert (requested.member_id, requested.needed_right) == (desk.venue.members["lab"], "approve")
