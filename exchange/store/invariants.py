"""Promises that can be read off the tables at one moment: what sums to zero, and what stands behind every hold.

The fold shows that the tables are what the events say; these show that what the events say is sound.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Table, func, select
from sqlalchemy.sql import Select

from custody.accounts import CLIENT_MONEY, MIRRORS
from custody.funding_messages import WithdrawalStatus
from exchange.node.verify import Problems
from exchange.store.schema.custody import AccountTable, BalanceTable, BankTable, PostingTable, WithdrawalTable
from exchange.store.schema.deals import DealTable
from exchange.store.schema.matching import OrderTable
from exchange.store.schema.sales import BidderTable
from exchange.store.schema.securitization import ProductTable, ProgrammeTable, RewardTable, SubscriptionTable
from exchange.store.snapshot import Snapshot

PROOF = "promise"


def _table(mapped: Any) -> Table:
    return cast("Table", mapped.__table__)


ACCOUNTS, BALANCES, BANKS = _table(AccountTable).c, _table(BalanceTable).c, _table(BankTable).c
POSTINGS, ORDERS = _table(PostingTable).c, _table(OrderTable).c
DEALS, BIDDERS = _table(DealTable).c, _table(BidderTable).c
WITHDRAWALS, SUBSCRIPTIONS = _table(WithdrawalTable).c, _table(SubscriptionTable).c
PRODUCTS, PROGRAMMES, REWARDS = _table(ProductTable).c, _table(ProgrammeTable).c, _table(RewardTable).c

HOLDS: dict[str, tuple[Select[Any], ...]] = {
    "orders": (select(ORDERS.hold_asset_id, ORDERS.account_id, ORDERS.hold_units).where(ORDERS.status == "open"),),
    "withdrawals": (
        select(WITHDRAWALS.asset_id, WITHDRAWALS.account_id, WITHDRAWALS.amount_minor).where(
            WITHDRAWALS.status == WithdrawalStatus.REQUESTED.value
        ),
    ),
    "deals": (
        select(DEALS.asset_id, DEALS.seller_account_id, DEALS.units).where(DEALS.live).where(DEALS.escrow_minor > 0),
    ),
    "deposits": (
        select(BIDDERS.money_asset_id, BIDDERS.account_id, BIDDERS.deposit_minor).where(BIDDERS.deposit_minor > 0),
    ),
    "subscriptions": (
        select(PRODUCTS.money_asset_id, SUBSCRIPTIONS.account_id, SUBSCRIPTIONS.notes * PRODUCTS.note_face_minor)
        .where(SUBSCRIPTIONS.product_id == PRODUCTS.product_id)
        .where(SUBSCRIPTIONS.live),
    ),
    "programmes": (
        select(PROGRAMMES.money_asset_id, PROGRAMMES.sponsor_account_id, PROGRAMMES.budget_left_minor),
        select(PROGRAMMES.money_asset_id, PROGRAMMES.sponsor_account_id, REWARDS.amount_minor)
        .where(REWARDS.programme_id == PROGRAMMES.programme_id)
        .where(REWARDS.status == "claimed"),
    ),
}
"""Every reason to hold units, as (asset, account, units), by workflow; one that holds adds its line here."""


def check_promises(tables: Snapshot, problems: Problems) -> None:
    """Check conservation, client money, postings against balances, and holds against their reasons."""
    _sums_to_zero(tables, problems)
    _client_money(tables, problems)
    _never_below_holds(tables, problems)
    _postings_make_balances(tables, problems)
    _holds_have_reasons(tables, problems)


def _sums_to_zero(tables: Snapshot, problems: Problems) -> None:
    query = select(BALANCES.asset_id, func.sum(BALANCES.units)).group_by(BALANCES.asset_id)
    for asset_id, total in tables.stream(query):
        if total != 0:
            problems.add(PROOF, "balances", f"asset_id={asset_id}", "units", "a sum of 0", total)


def _client_money(tables: Snapshot, problems: Problems) -> None:
    """What clients are owed lies at the bank, for each bank's money."""
    kinds = [kind.value for kind in CLIENT_MONEY]
    query = (
        select(BANKS.money_asset_id, func.sum(BALANCES.units))
        .where(BALANCES.asset_id == BANKS.money_asset_id)
        .where(ACCOUNTS.account_id == BALANCES.account_id)
        .where(ACCOUNTS.kind.in_(kinds))
        .group_by(BANKS.money_asset_id)
    )
    for asset_id, total in tables.stream(query):
        if total != 0:
            problems.add(PROOF, "balances", f"asset_id={asset_id}", "units", "client money that sums to 0", total)


def _never_below_holds(tables: Snapshot, problems: Problems) -> None:
    mirrors = sorted(kind.value for kind in MIRRORS)
    query = (
        select(BALANCES.asset_id, BALANCES.account_id, BALANCES.units, BALANCES.held_units)
        .where(ACCOUNTS.account_id == BALANCES.account_id)
        .where(ACCOUNTS.kind.not_in(mirrors))
        .where((BALANCES.units < BALANCES.held_units) | (BALANCES.held_units < 0))
    )
    for asset_id, account_id, units, held in tables.stream(query):
        key = f"asset_id={asset_id} account_id={account_id}"
        problems.add(PROOF, "balances", key, "held_units", f"between 0 and {units}", held)


def _postings_make_balances(tables: Snapshot, problems: Problems) -> None:
    sums = (
        select(POSTINGS.asset_id, POSTINGS.account_id, func.sum(POSTINGS.units).label("units"))
        .group_by(POSTINGS.asset_id, POSTINGS.account_id)
        .subquery()
    )
    joined = BALANCES.asset_id.table.outerjoin(
        sums, (sums.c.asset_id == BALANCES.asset_id) & (sums.c.account_id == BALANCES.account_id)
    )
    query = (
        select(BALANCES.asset_id, BALANCES.account_id, BALANCES.units, func.coalesce(sums.c.units, 0))
        .select_from(joined)
        .where(BALANCES.units != func.coalesce(sums.c.units, 0))
    )
    for asset_id, account_id, units, total in tables.stream(query):
        key = f"asset_id={asset_id} account_id={account_id}"
        problems.add(PROOF, "balances", key, "units", f"{total}, the sum of its postings", units)


def _holds_have_reasons(tables: Snapshot, problems: Problems) -> None:
    reasons: dict[tuple[int, int], int] = {}
    for query in (query for queries in HOLDS.values() for query in queries):
        for asset_id, account_id, units in tables.stream(query):
            reasons[asset_id, account_id] = reasons.get((asset_id, account_id), 0) + units
    held_query = select(BALANCES.asset_id, BALANCES.account_id, BALANCES.held_units).where(BALANCES.held_units != 0)
    for asset_id, account_id, held in tables.stream(held_query):
        expected = reasons.pop((asset_id, account_id), 0)
        if held != expected:
            key = f"asset_id={asset_id} account_id={account_id}"
            problems.add(PROOF, "balances", key, "held_units", f"{expected}, the sum of its reasons", held)
    for (asset_id, account_id), units in reasons.items():
        if units:
            key = f"asset_id={asset_id} account_id={account_id}"
            problems.add(PROOF, "balances", key, "held_units", f"{units}, the sum of its reasons", 0)
