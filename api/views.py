"""What one reader may see of an event: everybody's part of it, and their own accounts' part, never a stranger's.

A trade has two sides and four postings; its buyer sees the buyer's. What is private to an account is always in a
record of its own inside the event (a side, a posting, a hold, a mark), so one rule serves all events: such a record
is shown to who may view its account, and is left out otherwise.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

import msgspec

from custody.company import Contribution
from custody.distribution import Line
from custody.distribution_messages import Unclaimed
from custody.packs import Pack
from custody.pledges import Encumbrance
from custody.reconciliation import (
    Difference,
    DifferenceResolved,
    LinesCompared,
    ReconciliationClosed,
    ReconciliationOpened,
)
from custody.transfers import TransferLeg
from exchange.core.ids import AccountId, MemberId, UserId
from exchange.core.messages import Event
from exchange.core.node_messages import TimerKind, TimerSet
from exchange.core.postings import AccountMark, HoldChange, Posting
from exchange.core.wire_json import show
from matching.allocation_messages import DayTotal
from matching.equity import EquityNotice
from matching.licence_messages import Licence
from matching.lot_messages import LotBid
from matching.messages import (
    BookStandingChanged,
    OrderAccepted,
    OrderCancelled,
    OrderCovered,
    OrderMoved,
    OrderReduced,
    OrderReplaced,
    TradeSide,
)
from matching.obligations import Obligation
from matching.preemption import NotifiedClaim
from matching.price_offers import PriceOffer
from matching.quote_messages import Quote
from matching.sale_messages import Bidder, LotReserve
from matching.session_messages import SessionChanged
from matching.tender_messages import Panel, TenderOffer
from securitization.application_messages import Application
from securitization.issue_messages import NoteLock
from securitization.messages import Claim, Subscription
from securitization.mirror import (
    MirrorFileCompleted,
    MirrorFileConfirmed,
    MirrorFileDiscarded,
    MirrorFileOpened,
    MirrorLinesImported,
    MirrorRegister,
)
from securitization.offering_messages import BookBid
from securitization.pool_records import PoolAsset
from securitization.servicing_records import HolderLine, PaymentPage, UnpaidPart

OWNERS: dict[type[Any], tuple[str, ...]] = {
    TradeSide: ("account_id",),
    Posting: ("account_id",),
    HoldChange: ("account_id",),
    AccountMark: ("account_id",),
    TransferLeg: ("account_id",),
    Bidder: ("account_id", "seller_account_id"),
    LotBid: ("account_id",),
    LotReserve: ("seller_account_id",),
    Panel: ("seller_account_id",),
    TenderOffer: ("account_id", "seller_account_id"),
    Quote: ("account_id", "seller_account_id"),
    PriceOffer: ("seller_account_id", "taker_account_id"),
    Licence: ("licensor_account_id", "licensee_account_id"),
    EquityNotice: ("account_id", "seller_account_id"),
    Contribution: ("account_id", "company_account_id"),
    NotifiedClaim: ("account_id", "seller_account_id"),
    Obligation: ("debtor_account_id", "creditor_account_id"),
    Subscription: ("account_id",),
    Pack: ("account_id",),
    BookBid: ("account_id",),
    NoteLock: ("account_id",),
    Claim: ("originator_account_id", "debtor_account_id"),
    Encumbrance: ("account_id", "pledgee_account_id"),
    Line: ("account_id",),
    Unclaimed: ("account_id",),
    Application: ("account_id",),
    Difference: ("account_id",),
    DayTotal: ("account_id",),
    PoolAsset: ("originator_account_id", "holder_account_id", "debtor_account_id"),
    HolderLine: ("account_id",),
    UnpaidPart: ("account_id",),
    MirrorRegister: ("registrar_account_id",),
}
"""Records private to the accounts they name; tests/api/rest/test_views.py asks about every other one."""
PRIVATE = tuple(OWNERS)
NEIGHBOURS: dict[type[Any], tuple[str, ...]] = {PaymentPage: ("first_account_id", "last_account_id")}
"""Fields of shared records that name somebody else's account: null for a reader who may not view it."""

ONE_ACCOUNTS = (OrderAccepted, OrderCancelled, OrderReplaced, OrderMoved, OrderReduced, OrderCovered)
"""Events that are one account's alone: a command tells its sender nothing of the orders of others that it moved."""
STAFFS = (
    BookStandingChanged,
    ReconciliationOpened,
    LinesCompared,
    ReconciliationClosed,
    DifferenceResolved,
    MirrorFileOpened,
    MirrorLinesImported,
    MirrorFileCompleted,
    MirrorFileConfirmed,
    MirrorFileDiscarded,
)
"""Events for operators and regulators: they speak of stops and hidden prices, and of everybody's holdings."""


def is_secret(event: Event) -> bool:
    """Whether an event is for the exchange's own tables alone: it knows, before the market does, when a call ends."""
    return isinstance(event, SessionChanged) or (
        isinstance(event, TimerSet) and event.timer.kind is TimerKind.CALL_ENDS
    )


MayView = Callable[[AccountId], bool]


def everything(_: AccountId) -> bool:
    """The view of operators and regulators."""
    return True


def shown(message: Any, may_view: MayView) -> dict[str, Any]:
    """A message or record as its reader sees it; a stranger's private part is null, or missing from its list."""
    values = show(message)
    if may_view is not everything:
        _redact(message, values, may_view)
    return values


def concerns(event: Any, accounts: frozenset[int], member_id: MemberId, user_id: UserId) -> bool:
    """Whether an event speaks of one of these accounts, of the member or of the user."""
    for name, kind in _named(cast("Any", type(event))):
        value = getattr(event, name)
        match kind:
            case "AccountId":
                if value in accounts:
                    return True
            case "MemberId":
                if member_id and value == member_id:
                    return True
            case "UserId":
                if value == user_id:
                    return True
            case _:
                for item in value if isinstance(value, tuple) else (value,):
                    if isinstance(item, msgspec.Struct) and concerns(item, accounts, member_id, user_id):
                        return True
    return False


def _redact(message: Any, values: dict[str, Any], may_view: MayView) -> None:
    for name in NEIGHBOURS.get(cast("Any", type(message)), ()):
        if not may_view(getattr(message, name)):
            values[name] = None
    for name in _nested(cast("Any", type(message))):
        value = getattr(message, name)
        if isinstance(value, PRIVATE):
            if not _is_viewed(value, may_view):
                values[name] = None
        elif isinstance(value, tuple):
            pairs = zip(value, values[name], strict=True)
            kept = [(item, seen) for item, seen in pairs if _is_viewed(item, may_view)]
            values[name] = [seen for _, seen in kept]
            for item, seen in kept:
                if isinstance(item, msgspec.Struct):
                    _redact(item, seen, may_view)
        elif isinstance(value, msgspec.Struct):
            _redact(value, values[name], may_view)


def _is_viewed(item: Any, may_view: MayView) -> bool:
    """Whether a value is private to nobody, or to an account the reader may view."""
    owners = OWNERS.get(type(item))
    return owners is None or any(may_view(getattr(item, name)) for name in owners)


@functools.cache
def _nested(kind: Any) -> tuple[str, ...]:
    """The fields that may hold something private, at any depth of their type."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if _may_hold_private(field.type))


@functools.cache
def _named(kind: Any) -> tuple[tuple[str, str], ...]:
    """The fields that name an account, a member or a user, and those that may hold records that do."""
    found: list[tuple[str, str]] = []
    for field in msgspec.structs.fields(kind):
        name = getattr(field.type, "__name__", "")
        if name in {"AccountId", "MemberId", "UserId"}:
            found.append((field.name, name))
        elif _holds_records(field.type):
            found.append((field.name, ""))
    return tuple(found)


def _may_hold_private(kind: Any, above: tuple[Any, ...] = ()) -> bool:
    """Whether something private may be in a value of this type; a type that holds itself adds nothing by that."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if issubclass(kind, PRIVATE) or kind in above:
            return issubclass(kind, PRIVATE)
        fields = msgspec.structs.fields(cast("Any", kind))
        return any(_may_hold_private(field.type, (*above, kind)) for field in fields)
    return any(_may_hold_private(inner, above) for inner in getattr(kind, "__args__", ()))


def _holds_records(kind: Any) -> bool:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return True
    return any(_holds_records(inner) for inner in getattr(kind, "__args__", ()))


def of_sender(events: list[Event] | tuple[Event, ...], may_view: MayView) -> list[dict[str, Any]]:
    """What a command's sender is told of its events: of orders, those of the account it named and of its own."""
    if may_view is everything:
        return [shown(event, may_view) for event in events if not is_secret(event)]
    named = events[0].account_id if events and isinstance(events[0], ONE_ACCOUNTS) else 0
    return [shown(event, may_view) for event in events if _is_senders(event, named, may_view)]


def _is_senders(event: Event, named: int, may_view: MayView) -> bool:
    if isinstance(event, STAFFS) or is_secret(event):
        return False
    return not isinstance(event, ONE_ACCOUNTS) or event.account_id == named or may_view(event.account_id)
