"""Promises that can be read off the tables at one moment: what sums to zero, and what stands behind every hold.

The fold shows that the tables are what the events say; these show that what the events say is sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from sqlalchemy import Table, func, select
from sqlalchemy.sql import Select

from custody.accounts import CLIENT_MONEY, MIRRORS
from custody.distribution_messages import IncomeState
from custody.funding_messages import WithdrawalStatus
from custody.kept_share import KeptShare, KeptShareState
from custody.pilot import Pilot, PilotState
from exchange.core.instruments import AssetKind
from exchange.core.messages import Record
from exchange.node.verify import Problems
from exchange.store.load.state import read_record
from exchange.store.registry import TABLES
from exchange.store.schema.custody import (
    AccountTable,
    AssetTable,
    BalanceTable,
    BankTable,
    PostingTable,
    WithdrawalTable,
)
from exchange.store.schema.deals import DealTable, NotifiedClaimTable
from exchange.store.schema.encumbrances import EncumbranceTable
from exchange.store.schema.equity import ContributionTable, EquityNoticeTable, EquityOfferTable
from exchange.store.schema.incomes import IncomeTable
from exchange.store.schema.issues import BookBidTable, NoteLockTable, OfferingTable
from exchange.store.schema.licences import PriceOfferTable
from exchange.store.schema.matching import OrderTable
from exchange.store.schema.pools import PoolAssetTable
from exchange.store.schema.rewards import SchemeTable
from exchange.store.schema.sales import BidderTable
from exchange.store.schema.securitization import ProductTable, ProgrammeTable, RewardTable, SubscriptionTable
from exchange.store.snapshot import Snapshot
from securitization.scheme_messages import SchemeState

PROOF = "promise"


def _table(mapped: Any) -> Table:
    return cast("Table", mapped.__table__)


ACCOUNTS, BALANCES, BANKS = _table(AccountTable).c, _table(BalanceTable).c, _table(BankTable).c
POSTINGS, ORDERS = _table(PostingTable).c, _table(OrderTable).c
ENCUMBRANCES, INCOMES, ASSETS = _table(EncumbranceTable).c, _table(IncomeTable).c, _table(AssetTable).c
POOL_ASSETS = _table(PoolAssetTable).c
DEALS, BIDDERS, OFFERS = _table(DealTable).c, _table(BidderTable).c, _table(PriceOfferTable).c
PRIOR = _table(NotifiedClaimTable).c
CONTRIBUTIONS, OFFERS_OF_EQUITY = _table(ContributionTable).c, _table(EquityOfferTable).c
EQUITY_NOTICES = _table(EquityNoticeTable).c
BOOK_BIDS, NOTE_LOCKS = _table(BookBidTable).c, _table(NoteLockTable).c
OFFERINGS = _table(OfferingTable).c
WITHDRAWALS, SUBSCRIPTIONS = _table(WithdrawalTable).c, _table(SubscriptionTable).c
SCHEMES = _table(SchemeTable).c
PRODUCTS, PROGRAMMES, REWARDS = _table(ProductTable).c, _table(ProgrammeTable).c, _table(RewardTable).c

HOLDS: dict[str, tuple[Select[Any], ...]] = {
    "orders": (select(ORDERS.hold_asset_id, ORDERS.account_id, ORDERS.hold_units).where(ORDERS.status == "open"),),
    "withdrawals": (
        select(WITHDRAWALS.asset_id, WITHDRAWALS.account_id, WITHDRAWALS.amount_minor).where(
            WITHDRAWALS.status == WithdrawalStatus.REQUESTED.value
        ),
    ),
    "deals": (
        select(DEALS.asset_id, DEALS.seller_account_id, DEALS.units)
        .where(DEALS.live)
        .where((DEALS.escrow_minor > 0) | (DEALS.asset_kind != AssetKind.RIGHT.value)),
    ),
    "prior_claims": (select(PRIOR.money_asset_id, PRIOR.account_id, PRIOR.held_minor).where(PRIOR.held_minor > 0),),
    "contributions": (
        select(CONTRIBUTIONS.money_asset_id, CONTRIBUTIONS.account_id, CONTRIBUTIONS.held_minor).where(
            CONTRIBUTIONS.held_minor > 0
        ),
        select(CONTRIBUTIONS.asset_id, CONTRIBUTIONS.account_id, CONTRIBUTIONS.held_units).where(
            CONTRIBUTIONS.held_units > 0
        ),
    ),
    "equity": (
        select(OFFERS_OF_EQUITY.asset_id, OFFERS_OF_EQUITY.seller_account_id, OFFERS_OF_EQUITY.units).where(
            OFFERS_OF_EQUITY.escrow_minor > 0
        ),
        select(EQUITY_NOTICES.money_asset_id, EQUITY_NOTICES.account_id, EQUITY_NOTICES.held_minor).where(
            EQUITY_NOTICES.held_minor > 0
        ),
    ),
    "deposits": (
        select(BIDDERS.money_asset_id, BIDDERS.account_id, BIDDERS.deposit_minor).where(BIDDERS.deposit_minor > 0),
    ),
    "taken_offers": (
        select(OFFERS.money_asset_id, OFFERS.taker_account_id, OFFERS.deposit_held_minor).where(
            OFFERS.deposit_held_minor > 0
        ),
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
    "incomes": (
        select(INCOMES.money_asset_id, INCOMES.account_id, INCOMES.amount_minor).where(
            INCOMES.state.in_([IncomeState.RECORDED.value, IncomeState.PLANNED.value])
        ),
    ),
    "schemes": (
        select(SCHEMES.money_asset_id, SCHEMES.sponsor_account_id, SCHEMES.budget_minor - SCHEMES.paid_minor)
        .where(SCHEMES.by_order.is_(False))
        .where(SCHEMES.state != SchemeState.ENDED.value),
    ),
    "offerings": (
        select(BOOK_BIDS.money_asset_id, BOOK_BIDS.account_id, BOOK_BIDS.held_minor).where(BOOK_BIDS.live),
        select(OFFERINGS.money_asset_id, OFFERINGS.issuer_account_id, OFFERINGS.reserve_held_minor).where(
            OFFERINGS.reserve_held_minor > 0
        ),
        select(NOTE_LOCKS.asset_id, NOTE_LOCKS.account_id, NOTE_LOCKS.units).where(NOTE_LOCKS.units > 0),
    ),
    "encumbrances": (
        select(ENCUMBRANCES.asset_id, ENCUMBRANCES.account_id, ENCUMBRANCES.held_units).where(
            ENCUMBRANCES.held_units > 0
        ),
        select(ENCUMBRANCES.money_asset_id, ENCUMBRANCES.account_id, ENCUMBRANCES.deposit_minor).where(
            ENCUMBRANCES.deposit_minor > 0
        ),
    ),
    "pool_assets": (
        select(POOL_ASSETS.asset_id, POOL_ASSETS.holder_account_id, POOL_ASSETS.held_units).where(
            POOL_ASSETS.held_units > 0
        ),
    ),
}
"""Every reason to hold units, as (asset, account, units), by workflow; one that holds adds its line here."""

Reason = tuple[int, int, int]


def _pilots(tables: Snapshot) -> Iterator[Reason]:
    """A case that waits for the office holds the team's units at the institution."""
    totals = {row[0]: row[1] for row in tables.stream(select(ASSETS.asset_id, ASSETS.total_units))}
    for pilot in _records(tables, Pilot):
        if pilot.state is PilotState.RECORDING:
            for asset_id in pilot.asset_ids:
                units = totals[asset_id] * pilot.team_numerator // pilot.team_denominator
                yield asset_id, pilot.account_id, units


def _kept_shares(tables: Snapshot) -> Iterator[Reason]:
    """Who signed for a kept share holds its price; its units are held while the office is waited for."""
    for kept_share in _records(tables, KeptShare):
        for buyer in kept_share.team:
            if buyer.signed_by:
                yield kept_share.money_asset_id, buyer.account_id, buyer.price_minor
        if kept_share.state is KeptShareState.RECORDING:
            for kept in kept_share.kept:
                yield kept.asset_id, kept_share.account_id, kept.units


R = TypeVar("R", bound=Record)


def _records(tables: Snapshot, kind: type[R]) -> Iterator[R]:
    """The live records of a kind, whose reasons lie in nested values."""
    kept = TABLES[kind]
    query = select(*(kept.table.columns[name] for name in kind.__struct_fields__)).where(kept.table.columns["live"])
    for row in tables.stream(query):
        yield cast("R", read_record(kept, kind, tuple(row)))


NESTED: dict[str, Callable[[Snapshot], Iterator[Reason]]] = {"pilots": _pilots, "kept_shares": _kept_shares}
"""The reasons no query can sum."""


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
    for read in NESTED.values():
        for asset_id, account_id, units in read(tables):
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
