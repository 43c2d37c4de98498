"""What is left out of an event for a reader whose account it is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest

import exchange.bootstrap  # noqa: F401 - so that every event there is has been defined
from api.rest.journal import whole
from api.rest.resources import show_timer
from api.views import OWNERS, everything, of_sender, shown
from exchange.core.ids import AccountId, AssetId, InstrumentId, make_id
from exchange.core.messages import Event
from exchange.core.node_messages import AdvanceClock, Timer, TimerKind, TimerSet
from exchange.core.postings import AccountMark, FeedMark, HoldChange, Movement, Posting
from exchange.core.units import Sequence, Units
from exchange.core.wire import encode_command, encode_event, encode_events, events
from exchange.node.codec import event_hash, event_salt
from exchange.store.queries.journal import Entry
from matching.messages import BookStandingChanged, OrderAccepted, OrderCancelled, OrderMoved
from matching.session_messages import CallSeedCommitted, Session, SessionChanged
from securitization.explain import Reason, Rule
from tests.matching.told import told

SHARED = {
    # Shown whole to everybody whom the event concerns: parties of one matter, and what the venue itself owns.
    ("bank.opened", "Account"),
    ("ledger.reversed", "Receipt"),
    *((f"pilot.{verb}", "TeamMember") for verb in ("agreed", "completed", "decided", "ended", "notice_ended")),
    *((f"pilot.{verb}", "TeamMember") for verb in ("objected", "objection_dismissed", "proposed")),
    ("pilot.completed", "Assignment"),
    *((f"pilot.{verb}", "TeamMember") for verb in ("contracted", "reported", "revoked")),
    *((f"use_right.{verb}", "TeamMember") for verb in ("granted", "extended", "expired")),
    ("use_right.granted", "Assignment"),
    *((name, "PilotReport") for name in ("pilot.reports_planned", "pilot.revoked", "use_right.expired")),
    *((f"kept_share.{verb}", "TeamBuyer") for verb in ("completed", "ended", "notice_ended", "objected")),
    *((f"kept_share.{verb}", "TeamBuyer") for verb in ("objection_dismissed", "offered", "signed")),
    ("kept_share.completed", "TeamMember"),
    # Who of several takes which part of a deal: its parties'.
    *((f"deal.{verb}", "DealPart") for verb in ("proposed", "accepted", "publicity_ended", "objected", "signed")),
    *((f"deal.{verb}", "DealPart") for verb in ("objection_dismissed", "completed", "ended", "opened")),
    *((f"pre_emption.{verb}", "DealPart") for verb in ("opened", "closed")),
    ("pre_emption.closed", "DealTerms"),
    # What each founder of a company brings, and which member takes which part of a transfer: those concerned.
    *((f"company.{verb}", "Founder") for verb in ("proposed", "subscribed", "founded", "abandoned")),
    *((f"equity.{verb}", "DealPart") for verb in ("offered", "accepted", "notice_closed", "ended")),
    ("company.member_entered", "DealPart"),
    ("distribution.payment_started", "Account"),
    *((f"reconciliation.{verb}", "Reconciliation") for verb in ("opened", "closed")),  # the staff's
    ("allocation.made", "AllocationRow"),  # all of them accounts of one member
    ("outcome.shares_issued", "Account"),
    ("mirror.imported", "MirrorLine"),  # the staff's: who holds what in another register
    *((f"distribution.{verb}", "PlanPage") for verb in ("proposed", "withdrawn")),  # their lines are private
    *((f"issue.{verb}", "IssueParty") for verb in ("proposed", "withdrawn", "offered", "established", "failed")),
    *((f"issue.{verb}", "Pool") for verb in ("proposed", "withdrawn", "established", "failed")),
    *(
        (f"payment.{verb}", kind)
        for verb in ("started", "completed")
        for kind in ("Issue", "IssueParty", "DealAccount")
    ),
    *((f"issue.{verb}", "DealAccount") for verb in ("proposed", "withdrawn", "offered", "established", "failed")),
    *((f"offering.{verb}", inner) for verb in ("closed", "stopped") for inner in ("IssueParty", "DealAccount")),
    *((f"distribution.{verb}", "PlanPage") for verb in ("proposed", "withdrawn")),  # their lines are private
    # Who has to do what for a deal, and on which account each name of its text is paid: its parties'.
    ("collection.deposited", "Duty"),
    ("collection.deposited", "Linked"),
    ("collection.imported", "Collection"),
    ("collection.imported", "DealPayment"),
    ("collection.imported", "Duty"),
    ("collection.imported", "Linked"),
    ("collection.imported", "PayIn"),
    ("payment.approved", "Duty"),
    ("payment.approved", "PayIn"),
    ("payment.completed", "Duty"),
    ("payment.completed", "Linked"),
    ("payment.completed", "PayIn"),
    ("payment.funded", "Duty"),
    ("payment.funded", "PayIn"),
    ("payment.holders_paid", "PaymentPage"),
    ("payment.prepared", "Duty"),
    ("payment.prepared", "Linked"),
    ("payment.prepared", "PayIn"),
    ("payment.started", "ClassPayment"),
    ("payment.started", "Collection"),
    ("payment.started", "Linked"),
    ("payment.started", "PayIn"),
    ("repurchase.made", "Linked"),
    ("servicing.duty_late", "DealPayment"),
    ("servicing.duty_late", "Duty"),
    ("servicing.duty_late", "PayIn"),
    ("servicing.holders_recorded", "ClassPayment"),
    ("servicing.holders_recorded", "Linked"),
    ("servicing.opened", "Duty"),
    ("servicing.opened", "Linked"),
    ("repurchase.made", "Pool"),
    *((verb, "ProjectedPeriod") for verb in ("projection.recorded", "collection.imported", "payment.started")),
    ("servicing.perfected", "Duty"),
    ("servicing.perfected", "Linked"),
}


def lists_of_accounts(kind: Any, above: tuple[type, ...] = ()) -> Iterator[str]:
    """Records in lists inside an event that name accounts: where one event speaks of many owners."""
    for field in msgspec.structs.fields(kind):
        for inner in (field.type, *get_args(field.type)):
            if not (isinstance(inner, type) and issubclass(inner, msgspec.Struct)):
                continue
            if inner.__struct_config__.tag_field == "rule":  # a formula holds formulas, and no accounts
                continue
            if inner is not field.type and any(name.endswith("account_id") for name in inner.__struct_fields__):
                yield inner.__name__
            if inner not in above:  # a reason has reasons
                yield from lists_of_accounts(inner, (*above, inner))


def test_whatever_lists_many_accounts_is_private_or_meant_to_be_shared() -> None:
    private = {kind.__name__ for kind in OWNERS}
    found = {(name, inner) for name, kind in events().items() for inner in lists_of_accounts(kind)}

    assert {pair for pair in found if pair[1] not in private} == SHARED
    assert ("product.issued", "Subscription") in found


@pytest.mark.parametrize("mine", [1, 2])
def test_of_a_movement_each_sees_its_own_legs_holds_and_marks(mine: int) -> None:
    accounts = [AccountId(make_id(number)) for number in (1, 2)]
    asset = AssetId(make_id(9))
    moved = Movement(
        postings=tuple(
            Posting(
                account_id=account, asset_id=asset, units=units, balance_after=Units(0), previous_sequence=Sequence(0)
            )
            for account, units in zip(accounts, (Units(-5), Units(5)), strict=True)
        ),
        holds=tuple(HoldChange(account_id=account, asset_id=asset, held_after=Units(0)) for account in accounts),
        marks=tuple(
            AccountMark(account_id=account, mark=FeedMark(n=1, previous_sequence=Sequence(0))) for account in accounts
        ),
    )
    own = accounts[mine - 1]
    seen = shown(moved, lambda account_id: account_id == own)

    assert {part["account_id"] for parts in seen.values() for part in parts} == {f"A1-{mine}"}
    assert all(len(parts) == 1 for parts in seen.values())
    assert all(len(parts) == 2 for parts in shown(moved, everything).values())
    assert not any(shown(moved, lambda _: False).values())


SEED = bytes(range(32))
INSTRUMENT = InstrumentId(make_id(4))
OURS, THEIRS = AccountId(make_id(1)), AccountId(make_id(2))
SESSION = SessionChanged(session=Session(instrument_id=INSTRUMENT, seed=SEED))
CALL_ENDS: TimerSet = told(TimerSet, timer=told(Timer, kind=TimerKind.CALL_ENDS))
EXPIRES: TimerSet = told(TimerSet, timer=told(Timer, kind=TimerKind.ORDER_EXPIRES))


def names(told_events: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """What was told, and of whose account."""
    return [(event["type"], event.get("account_id")) for event in told_events]


def test_a_sender_is_told_of_orders_only_those_of_its_own_and_nothing_of_the_book() -> None:
    found: list[Event] = [
        told(OrderAccepted, account_id=OURS),
        told(OrderMoved, account_id=THEIRS),
        told(OrderCancelled, account_id=OURS),
        told(OrderCancelled, account_id=THEIRS),
        told(BookStandingChanged),
        SESSION,
        CALL_ENDS,
        EXPIRES,
    ]
    ours = ("order.accepted", "A1-1"), ("order.cancelled", "A1-1"), ("timer.set", None)
    assert names(of_sender(found, lambda account_id: account_id == OURS)) == list(ours)
    # Who may trade on an account and not view it is told of the order all the same.
    assert names(of_sender(found, lambda _: False)) == list(ours)
    staff = names(of_sender(found, everything))
    assert len(staff) == 6
    assert ("book.standing_changed", None) in staff
    assert not any("session" in name for name, _ in staff)


def test_a_row_that_knows_when_a_call_ends_shows_everybody_hashes_of_it() -> None:
    public = CallSeedCommitted(instrument_id=INSTRUMENT, commitment_sha256="ab" * 32)
    encoded = [encode_event(event) for event in (SESSION, public, CALL_ENDS)]
    command, salt = encode_command(AdvanceClock(chance=SEED)), b"s" * 32
    entry = Entry(9, 1, 1, 1, 1, 0, 0, "", command, encode_events(encoded), salt, b"c" * 32)
    seen = whole(entry)
    assert SEED.hex() not in msgspec.json.encode(seen).decode()
    assert "chance" not in seen["command"]
    assert [event["event"]["type"] for event in seen["events"]] == ["call.seed_committed"]
    assert seen["event_hashes"] == [event_hash(event_salt(salt, place), one).hex() for place, one in enumerate(encoded)]
    [shown_event] = seen["events"]
    assert (
        event_hash(bytes.fromhex(shown_event["salt"]), bytes.fromhex(shown_event["bytes"])).hex()
        == (seen["event_hashes"][shown_event["place"]])
    )
    assert salt.hex() not in msgspec.json.encode(seen).decode()


def test_nobody_reads_when_a_call_ends_from_its_timer() -> None:
    assert show_timer(CALL_ENDS.timer)["due_ns"] is None
    assert show_timer(EXPIRES.timer)["due_ns"] == EXPIRES.timer.due_ns


def test_a_type_that_holds_itself_is_shown() -> None:
    leaf = Reason(rule=Rule.AMOUNT, value=1)
    tree = Reason(rule=Rule.SUM, value=1, parts=(leaf,))
    assert shown(tree, lambda _account: False)["parts"] == [shown(leaf, everything)]
