"""Why a holder got what it got, its part of each class's pot and the payments that make it up; the published report."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import select

from exchange.core.ids import AccountId, DealPaymentId, sequence_of
from exchange.store.load.state import read_record
from exchange.store.queries import records
from exchange.store.queries.reader import Snapshot
from exchange.store.registry import TABLES
from securitization.deal import read_deal
from securitization.deal_problems import Problem
from securitization.render import tell_payment
from securitization.servicing import payments_of_class
from securitization.servicing_records import ClassPayment, DealPayment, Duty, DutyKind, PaymentPage, Servicing

HOLDERS_PAID = "payment.holders_paid"
PAGES = TABLES[PaymentPage].table


def published(snapshot: Snapshot, servicing: Servicing, period: int) -> Duty | None:
    """The disclosure of a payment as it was done, with the hash of what was published; none: not yet."""
    filters = {"servicing_id": servicing.servicing_id, "period": period, "kind": DutyKind.DISCLOSURE.value}
    found = records.page(snapshot, Duty, 1, filters=filters).records
    return next((one for one in found if isinstance(one, Duty) and one.report_sha256), None)


def explanation(snapshot: Snapshot, payment_id: DealPaymentId, account_id: AccountId) -> dict[str, Any] | None:
    """An account's parts of one payment, each with its arithmetic and the reasons in both languages; none: it has none.

    A part is `pot_minor * notes / record_units`, by largest remainder; the payments told sum to the pot. `source`
    names the row of the journal that paid it, and the line of its page.
    """
    payment = records.one(snapshot, DealPayment, (payment_id,))
    if not isinstance(payment, DealPayment):
        return None
    servicing = cast("Servicing", records.one(snapshot, Servicing, (payment.servicing_id,)))
    deal = read_deal(servicing.deal_text)
    query = (
        select(*(PAGES.columns[name] for name in PaymentPage.__struct_fields__))
        .where(PAGES.columns["payment_id"] == payment_id)
        .where(PAGES.columns["first_account_id"] <= account_id)
        .where(PAGES.columns["last_account_id"] >= account_id)
        .order_by(PAGES.columns["page_id"])
    )
    parts: list[dict[str, Any]] = []
    for row in snapshot.stream(query):
        page = cast("PaymentPage", read_record(TABLES[PaymentPage], PaymentPage, tuple(row)))
        paid = cast("ClassPayment", records.one(snapshot, ClassPayment, (page.class_payment_id,)))
        for place, line in enumerate(page.lines):
            if line.account_id != account_id or isinstance(deal, Problem):
                continue
            parts.append(
                {
                    "class": paid.name,
                    "notes": line.notes,
                    "record_units": paid.record_units,
                    "pot_minor": paid.pot_minor,
                    "amount_minor": line.amount_minor,
                    "waits": line.waits,
                    "source": {"sequence": sequence_of(page.page_id), "event": HOLDERS_PAID, "line": place},
                    "payments": [
                        {
                            "path": one.path,
                            "kind": one.kind.value,
                            "amount_minor": one.amount_minor,
                            "why_en": tell_payment(deal, one, "en"),
                            "why_zh": tell_payment(deal, one, "zh"),
                        }
                        for one in payments_of_class(payment.result, paid.name)
                    ],
                }
            )
    if not parts:
        return None
    return {"period": payment.period, "status": payment.result.status.value, "parts": parts}
