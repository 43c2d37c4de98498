"""Who may read a deal's reports: its parties, who is paid under a name of it, and who holds or was paid its notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, select

from exchange.store.load.state import read_record
from exchange.store.queries.reader import Snapshot
from exchange.store.registry import TABLES
from exchange.store.schema.custody import BalanceTable
from securitization.servicing_records import DealPayment, DealPaymentState, PaymentPage, Servicing

BALANCES = cast("Table", BalanceTable.__table__)
PAGES, PAYMENTS = TABLES[PaymentPage].table, TABLES[DealPayment].table
MOST_PAGES = 10_000


def may_read(snapshot: Snapshot, servicing: Servicing, accounts: Sequence[int]) -> bool:
    """Whether one of a reader's accounts makes it a party or a holder of the deal, now or at a payment."""
    mine = dict.fromkeys(accounts)
    parties = (
        servicing.originator_account_id,
        servicing.servicer_account_id,
        servicing.trustee_account_id,
        *(one.account_id for one in servicing.payees),
    )
    if any(account_id in mine for account_id in parties):
        return True
    return _holds(snapshot, servicing, accounts) or _was_paid(snapshot, servicing, accounts)


def _holds(snapshot: Snapshot, servicing: Servicing, accounts: Sequence[int]) -> bool:
    query = (
        select(BALANCES.c.account_id)
        .where(BALANCES.c.asset_id.in_([int(one.asset_id) for one in servicing.classes]))
        .where(BALANCES.c.account_id.in_(list(accounts)))
        .where(BALANCES.c.units > 0)
        .limit(1)
    )
    return snapshot.first(query) is not None


def _was_paid(snapshot: Snapshot, servicing: Servicing, accounts: Sequence[int]) -> bool:
    paid = (
        select(PAYMENTS.columns["payment_id"])
        .where(PAYMENTS.columns["servicing_id"] == servicing.servicing_id)
        .where(PAYMENTS.columns["state"].in_([DealPaymentState.PAYING.value, DealPaymentState.PAID.value]))
    )
    for account_id in accounts:
        query = (
            select(*(PAGES.columns[name] for name in PaymentPage.__struct_fields__))
            .where(PAGES.columns["payment_id"].in_(paid))
            .where(PAGES.columns["first_account_id"] <= account_id)
            .where(PAGES.columns["last_account_id"] >= account_id)
            .limit(MOST_PAGES)
        )
        for found in snapshot.stream(query):
            page = cast("PaymentPage", read_record(TABLES[PaymentPage], PaymentPage, tuple(found)))
            if any(line.account_id == account_id for line in page.lines):
                return True
    return False
