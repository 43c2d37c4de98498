"""The events of each payment of a deal, walked from one end of its period to the other.

The tables say where a period ended; from there the trustee's own channel leads back through the journal, row by row, to
where the period before it ended. So every figure of a report is read from the event that stated it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from exchange.core.ids import AccountId, ServicingId, sequence_of
from exchange.core.messages import Event
from exchange.core.wire import name_of
from exchange.store.queries import journal, records
from exchange.store.queries.journal import Entry
from exchange.store.queries.postings import last_posted, posted_up_to
from exchange.store.queries.reader import Snapshot
from securitization.deal import Deal, Period, read_deal
from securitization.deal_problems import Problem
from securitization.disclosure import pointer, reached
from securitization.servicing_messages import CollectionImported, PaymentCompleted, PaymentStarted, ServicingOpened
from securitization.servicing_records import ClassPayment, DealPayment, DealPaymentState, PaymentPage, Servicing

MOST_WALKED = 20_000
"""Rows of the trustee's channel between the ends of one period."""
MOST_AHEAD = 2_000
"""Rows from a payment's last sign in the tables to its end."""
PORTION = 50
MOST_PERIODS = 480

Path = tuple[str | int, ...]


class NoReport(Exception):  # noqa: N818 - a refusal, in the house's words
    """There is no such report. `code`: report.not_paid, report.no_payment, report.too_long."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the journal: row `sequence`, event number `place`."""

    sequence: int
    at_ns: int
    place: int
    event: Event

    @property
    def name(self) -> str:
        """The event's name on the wire."""
        return name_of(self.event)

    def says(self, *path: str | int, inside: tuple[str | int, ...] = ()) -> Any:
        """What the event says at a place."""
        return reached(self.event, pointer(*path), pointer(*inside))


@dataclass(frozen=True)
class Paid:
    """One payment, from the end of the one before it (`opening`) to its own (`completed`)."""

    number: int
    terms: Period
    opening: Told
    told: tuple[Told, ...]
    started: Told
    completed: Told

    @property
    def payment(self) -> DealPayment:
        """The payment as it ended."""
        return cast("PaymentCompleted", self.completed.event).payment

    def of(self, *kinds: type[Event]) -> list[Told]:
        """The period's events of some kinds, in their order."""
        return [one for one in self.told if isinstance(one.event, kinds)]

    def imported(self) -> list[Told]:
        """The parts of the collection that was paid."""
        wanted = self.payment.collection_id
        return [
            one
            for one in self.of(CollectionImported)
            if cast("CollectionImported", one.event).collection.collection_id == wanted
        ]


@dataclass(frozen=True)
class Facts:
    """All that a report is made of: the deal as its servicing was opened, and its payments, the earliest first."""

    servicing: Servicing
    deal: Deal
    opened: Told
    paid: tuple[Paid, ...]

    @property
    def last(self) -> Paid:
        """The last payment told of."""
        return self.paid[-1]

    @property
    def through(self) -> int:
        """The row after which nothing is told."""
        return self.last.completed.sequence


def facts_of(snapshot: Snapshot, servicing: Servicing, *, period: int = 0, year: int = 0) -> Facts:
    """What happened up to one payment, or to those whose payment date is in a year.

    Raises: NoReport report.not_paid, report.no_payment, report.too_long.
    """
    deal = read_deal(servicing.deal_text)
    if isinstance(deal, Problem):
        raise NoReport("report.no_payment", deal.reason)
    dated = [number for number, one in enumerate(deal.periods, start=1) if one.payment_date[:4] == f"{year:04}"]
    wanted = [period] if period else dated
    if not wanted or not 1 <= wanted[0] <= len(deal.periods):
        raise NoReport("report.no_payment", f"the deal has {len(deal.periods)} periods, none is that")
    payments = {one.period: one for one in _payments(snapshot, servicing.servicing_id)}
    numbers = [number for number in wanted if number in payments]
    if not numbers:
        raise NoReport("report.not_paid", f"period {wanted[0]} is not paid yet")
    opened = _first(snapshot, sequence_of(servicing.servicing_id), ServicingOpened)
    found = tuple(_paid(snapshot, deal, payments, number, opened) for number in numbers)
    return Facts(servicing, deal, opened, found)


def row(snapshot: Snapshot, sequence: int) -> list[Told]:
    """The events of one row of the journal; none where there is no such row."""
    entry = journal.entry(snapshot, sequence)
    return [] if entry is None else _told(entry)


def posted(snapshot: Snapshot, account_id: int, asset_id: int, through: int) -> tuple[Told, Path] | None:
    """Where an account's balance of an asset was last posted up to a row: the event, and the path of that balance.

    None where it never was, or too long ago.
    """
    found: tuple[Told, Path] | None = None
    sequence = posted_up_to(snapshot, account_id, asset_id, through, MOST_WALKED) or 0
    for told in row(snapshot, sequence) if sequence else []:
        movement = getattr(told.event, "movement", None)
        for number, one in enumerate(movement.postings if movement is not None else ()):
            if one.account_id == account_id and one.asset_id == asset_id:
                found = (told, ("movement", "postings", number, "balance_after"))
    return found


# --- Inside -----------------------------------------------------------------------------------------------------------


def _payments(snapshot: Snapshot, servicing_id: ServicingId) -> list[DealPayment]:
    filters = {"servicing_id": servicing_id, "state": DealPaymentState.PAID.value}
    found = records.page(snapshot, DealPayment, MOST_PERIODS, filters=filters)
    return [one for one in found.records if isinstance(one, DealPayment)]


def _paid(snapshot: Snapshot, deal: Deal, payments: dict[int, DealPayment], number: int, opened: Told) -> Paid:
    completed = _completed(snapshot, payments[number])
    before = opened if number == 1 else _completed(snapshot, payments[number - 1])
    told = _between(snapshot, payments[number], before, completed)
    started = next(one for one in told if isinstance(one.event, PaymentStarted))
    return Paid(number, deal.periods[number - 1], before, tuple(told), started, completed)


def _completed(snapshot: Snapshot, payment: DealPayment) -> Told:
    """Where a payment ended: at the last page of its holders, or soon after, where notes were still to be burned."""
    signs = [sequence_of(payment.escrow_account_id)]
    paid_classes = records.page(snapshot, ClassPayment, 40, filters={"payment_id": payment.payment_id}).records
    after: Any = None
    while True:
        pages = records.page(snapshot, PaymentPage, 500, after=after, filters={"payment_id": payment.payment_id})
        signs += [sequence_of(one.page_id) for one in pages.records if isinstance(one, PaymentPage)]
        after = pages.next_position
        if after is None:
            break
    # Nothing is posted of a class that ended after its last notes were burned.
    ended = [one for one in paid_classes if isinstance(one, ClassPayment) and one.redeems]
    signs += [last_posted(snapshot, one.asset_id) for one in ended]
    first = max(signs)
    for after_row in range(first - 1, first - 1 + MOST_AHEAD, PORTION):
        for entry in journal.entries(snapshot, after_row, PORTION):
            for told in _told(entry):
                if isinstance(told.event, PaymentCompleted) and told.event.payment.payment_id == payment.payment_id:
                    return told
    raise NoReport("report.too_long", "the end of the payment is too far from its last page")


def _between(snapshot: Snapshot, payment: DealPayment, before: Told, completed: Told) -> list[Told]:
    """Every event of the servicing in a period, by the trustee's channel."""
    found: list[Told] = []
    sequence = completed.sequence
    for _ in range(MOST_WALKED):
        told = row(snapshot, sequence)
        found += [
            one
            for one in reversed(told)
            if _of_servicing(one.event) == payment.servicing_id and _is_in(one, before, completed)
        ]
        sequence = _previous(told, payment.account_id)
        if sequence < before.sequence or not sequence:
            return found[::-1]
    raise NoReport("report.too_long", f"more than {MOST_WALKED} rows in one period")


def _is_in(one: Told, before: Told, completed: Told) -> bool:
    here = (one.sequence, one.place)
    return (before.sequence, before.place) < here <= (completed.sequence, completed.place)


def _previous(told: list[Told], account_id: AccountId) -> int:
    for one in told:
        movement = getattr(one.event, "movement", None)
        for mark in movement.marks if movement is not None else ():
            if mark.account_id == account_id:
                return int(mark.mark.previous_sequence)
    return journal.previous_told((one.event for one in told), account_id)


def _of_servicing(event: Event) -> int:
    """Of which servicing an event tells; 0: of none."""
    for name in ("servicing", "payment", "class_payment", "duty"):
        found = getattr(getattr(event, name, None), "servicing_id", 0)
        if found:
            return int(found)
    return 0


def _first(snapshot: Snapshot, sequence: int, kind: type[Event]) -> Told:
    return next(one for one in row(snapshot, sequence) if isinstance(one.event, kind))


def _told(entry: Entry) -> list[Told]:
    return list(_places(entry))


def _places(entry: Entry) -> Iterator[Told]:
    for place, event in enumerate(entry.events):
        yield Told(entry.sequence, entry.at_ns, place, event)
