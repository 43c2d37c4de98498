"""The promises that hold after every command, whatever happened: checked over the whole state, and over what was told.

`HOLD_OWNERS` says who may stand behind a hold; a workflow that holds units adds its own line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from custody.accounts import CLIENT_MONEY, AccountKind, Bank
from custody.company import Contribution
from custody.distribution_messages import Income
from custody.funding_messages import Receipt, ReceiptStatus, Withdrawal, WithdrawalStatus
from custody.kept_share import KeptShare, KeptShareState
from custody.pilot import Pilot, PilotState
from custody.pledges import Encumbrance
from exchange.core.instruments import AssetKind, Phase, Side, TimeInForce
from exchange.core.messages import Event, Header
from exchange.core.node_messages import RunKind, Timer, TimerKind
from exchange.core.postings import AccountMark, FeedMark, HoldChange, Posting
from exchange.engine.fees import cover_units
from exchange.engine.order_terms import KINDS
from exchange.engine.state import ExchangeState
from matching.allocation_messages import DayTotal
from matching.book_messages import BookSide
from matching.correction_messages import TradeCorrection
from matching.deals import Deal
from matching.equity import EquityNotice, EquityOffer
from matching.licence_messages import Licence
from matching.messages import (
    CancelReason,
    Market,
    OrderAccepted,
    OrderCancelled,
    OrderCovered,
    OrderMoved,
    OrderReduced,
    OrderReplaced,
    TradeMade,
    TradeSide,
)
from matching.preemption import NotifiedClaim
from matching.price_offers import PriceOffer
from matching.sale_messages import Bidder
from securitization.application_messages import Application
from securitization.issue_messages import NoteLock
from securitization.messages import Product, Programme, Reward, Subscription
from securitization.offering_messages import BookBid, Offering
from securitization.pool_records import PoolAsset
from securitization.scheme_messages import Scheme, SchemeCall, SchemeState

KINDS_BACK = {kind: word for word, kind in KINDS.items()}
Held = Iterable[tuple[int, int, int]]
"""(account, asset, units) of promises."""


def _orders(state: ExchangeState) -> Held:
    return ((order.account_id, order.hold_asset_id, order.hold_units) for order in state.orders.values())


def _withdrawals(state: ExchangeState) -> Held:
    return (
        (withdrawal.account_id, withdrawal.asset_id, withdrawal.amount_minor)
        for withdrawal in state.table(Withdrawal).values()
        if withdrawal.status is WithdrawalStatus.REQUESTED
    )


def _deals(state: ExchangeState) -> Held:
    return (
        (deal.seller_account_id, deal.asset_id, deal.units)
        for deal in state.table(Deal).values()
        if deal.escrow_minor or deal.asset_kind is not AssetKind.RIGHT
    )


def _in_escrow(state: ExchangeState) -> list[Deal]:
    """The agreements whose price lies in escrow, and whose right is held therefore."""
    return [deal for deal in state.table(Deal).values() if deal.escrow_minor]


def _prior_claims(state: ExchangeState) -> Held:
    """Whoever stepped in has promised what it may have to pay."""
    return ((claim.account_id, claim.money_asset_id, claim.held_minor) for claim in state.table(NotifiedClaim).values())


def _contributions(state: ExchangeState) -> Held:
    """Founders who signed have promised what they bring."""
    for one in state.table(Contribution).values():
        yield one.account_id, one.money_asset_id, one.held_minor
        if one.held_units:
            yield one.account_id, one.asset_id, one.held_units


def _equity(state: ExchangeState) -> Held:
    """Equity whose price is in escrow is promised, and so is what members who stepped in may have to pay."""
    for offer in state.table(EquityOffer).values():
        if offer.escrow_minor:
            yield offer.seller_account_id, offer.asset_id, offer.units
    for notice in state.table(EquityNotice).values():
        yield notice.account_id, notice.money_asset_id, notice.held_minor


def _deposits(state: ExchangeState) -> Held:
    return ((bidder.account_id, bidder.money_asset_id, bidder.deposit_minor) for bidder in state.table(Bidder).values())


def _taken_offers(state: ExchangeState) -> Held:
    return (
        (offer.taker_account_id, offer.money_asset_id, offer.deposit_held_minor)
        for offer in state.table(PriceOffer).values()
        if offer.deposit_held_minor
    )


def _subscriptions(state: ExchangeState) -> Held:
    products = state.table(Product)
    for asked in state.table(Subscription).values():
        product = products[asked.product_id]
        yield asked.account_id, product.money_asset_id, asked.notes * product.note_face_minor


def _programmes(state: ExchangeState) -> Held:
    """A programme holds what is left of its budget, and what was claimed of it and not paid yet."""
    for programme in state.table(Programme).values():
        yield programme.sponsor_account_id, programme.money_asset_id, programme.budget_left_minor
        for reward in state.table(Reward).values():
            if reward.programme_id == programme.programme_id and reward.status == "claimed":
                yield programme.sponsor_account_id, programme.money_asset_id, reward.amount_minor


def _pilots(state: ExchangeState) -> Held:
    """A case that waits for the office holds the team's units at the institution."""
    for pilot in state.table(Pilot).values():
        if pilot.state is PilotState.RECORDING:
            for asset_id in pilot.asset_ids:
                total = state.assets[asset_id].total_units
                yield pilot.account_id, asset_id, total * pilot.team_numerator // pilot.team_denominator


def _kept_shares(state: ExchangeState) -> Held:
    """Who signed for a kept share holds its price; the units are held while the office is waited for."""
    for kept_share in state.table(KeptShare).values():
        for buyer in kept_share.team:
            if buyer.signed_by:
                yield buyer.account_id, kept_share.money_asset_id, buyer.price_minor
        if kept_share.state is KeptShareState.RECORDING:
            for kept in kept_share.kept:
                yield kept_share.account_id, kept.asset_id, kept.units


def _encumbrances(state: ExchangeState) -> Held:
    """Units that a pledge or a preservation lies on, and the price a pledge goes on in."""
    for each in state.table(Encumbrance).values():
        yield each.account_id, each.asset_id, each.held_units
        yield each.account_id, each.money_asset_id, each.deposit_minor


def _incomes(state: ExchangeState) -> Held:
    """An income is held until it is distributed."""
    for income in state.table(Income).values():
        if income.held_minor:
            yield income.account_id, income.money_asset_id, income.held_minor


def _pool_assets(state: ExchangeState) -> Held:
    """A receivable is held whole, wherever it is."""
    return ((asset.holder_account_id, asset.asset_id, asset.held_units) for asset in state.table(PoolAsset).values())


def _schemes(state: ExchangeState) -> Held:
    """A scheme that pays here holds what it has not paid, until it ends."""
    for scheme in state.table(Scheme).values():
        if not scheme.by_order and scheme.state is not SchemeState.ENDED:
            yield scheme.sponsor_account_id, scheme.money_asset_id, scheme.budget_minor - scheme.paid_minor


def _offerings(state: ExchangeState) -> Held:
    """Bids, the reserve for a refund's interest, and what an originator keeps for good."""
    for bid in state.table(BookBid).values():
        yield bid.account_id, bid.money_asset_id, bid.held_minor
    for offering in state.table(Offering).values():
        yield offering.issuer_account_id, offering.money_asset_id, offering.reserve_held_minor
    for lock in state.table(NoteLock).values():
        yield lock.account_id, lock.asset_id, lock.units


HOLD_OWNERS: list[Callable[[ExchangeState], Held]] = [
    _orders,
    _withdrawals,
    _deals,
    _prior_claims,
    _contributions,
    _equity,
    _deposits,
    _taken_offers,
    _subscriptions,
    _programmes,
    _schemes,
    _pilots,
    _kept_shares,
    _encumbrances,
    _incomes,
    _pool_assets,
    _offerings,
]
"""Everything that may have promised units."""


def check_promises(state: ExchangeState) -> None:
    """All promises of one state; an AssertionError names the first that is broken."""
    nothing_is_created_or_lost(state)
    client_money_is_at_the_bank(state)
    nobody_promises_more_than_they_have(state)
    every_hold_has_its_owner(state)
    books_hold_the_open_orders(state)
    places_are_counted(state)
    what_is_shared_out_was_traded(state)
    reward_budgets_suffice(state)
    assert state.due == [] or state.due[0][1] in state.records[Timer], "the first timer due stands"


def reward_budgets_suffice(state: ExchangeState) -> None:
    """A call's budget is what is left and what was set aside; a scheme's calls and payments stay within its budget."""
    for call in state.table(SchemeCall).values():
        aside = sum(each.awarded_minor for each in state.table(Application).values() if each.call_id == call.call_id)
        assert aside + call.left_minor == call.budget_minor, call
    for scheme in state.table(Scheme).values():
        calls = [call for call in state.table(SchemeCall).values() if call.scheme_id == scheme.scheme_id]
        assert sum(call.budget_minor for call in calls) == scheme.called_minor <= scheme.budget_minor, scheme
        assert scheme.paid_minor <= scheme.called_minor, scheme


def nothing_is_created_or_lost(state: ExchangeState) -> None:
    """Each asset sums to zero over all accounts, its mirrors included."""
    for asset_id, holders in state.ledger.balances.items():
        assert asset_id in state.assets, f"asset {asset_id} exists"
        assert sum(balance.units for balance in holders.values()) == 0, f"asset {asset_id} sums to zero"


def client_money_is_at_the_bank(state: ExchangeState) -> None:
    """What clients are owed lies in the client nostro; suspense and transit are what their records say."""
    for bank in state.table(Bank).values():
        assert state.assets[bank.money_asset_id].kind is AssetKind.MONEY
        sums: Counter[AccountKind] = Counter()
        for account_id, balance in state.ledger.balances.get(bank.money_asset_id, {}).items():
            sums[state.accounts[account_id].kind] += balance.units
        assert sum(sums[kind] for kind in CLIENT_MONEY) == 0, "client money sums to zero"
        assert sums[AccountKind.HOUSE] + sums[AccountKind.NOSTRO_HOUSE] == 0, "house money sums to zero"
        waiting = sum(
            receipt.amount_minor
            for receipt in state.table(Receipt).values()
            if receipt.bank_id == bank.bank_id and receipt.status is ReceiptStatus.RECEIVED
        )
        assert sums[AccountKind.SUSPENSE] == waiting, "suspense is what waits for its owner"
        leaving = sum(
            withdrawal.amount_minor
            for withdrawal in state.table(Withdrawal).values()
            if withdrawal.asset_id == bank.money_asset_id and withdrawal.status is WithdrawalStatus.INSTRUCTED
        )
        assert sums[AccountKind.IN_TRANSIT] == leaving, "in transit is what was instructed"
        waits = sum(
            case.escrow_minor
            for case in (*_in_escrow(state), *state.table(Licence).values(), *state.table(EquityOffer).values())
            if state.table(Market)[case.market_id].money_asset_id == bank.money_asset_id
        )
        assert state.ledger.units(bank.escrow_id, bank.money_asset_id) == waits, (
            "escrow is what deals and licences wait with"
        )


def nobody_promises_more_than_they_have(state: ExchangeState) -> None:
    """Every account has what it promised; mirrors stand at zero or below and promise nothing."""
    for asset_id, holders in state.ledger.balances.items():
        for account_id, balance in holders.items():
            if account_id in state.ledger.mirrors:
                assert balance.units <= 0 == balance.held_units, f"mirror {account_id} of {asset_id}: {balance}"
            else:
                assert 0 <= balance.held_units <= balance.units, f"account {account_id} of {asset_id}: {balance}"


def every_hold_has_its_owner(state: ExchangeState) -> None:
    """What an account holds of an asset is the sum of what its orders and pending transfers promised."""
    promised: Counter[tuple[int, int]] = Counter()
    for owner in HOLD_OWNERS:
        for account_id, asset_id, units in owner(state):
            promised[account_id, asset_id] += units
    held = {
        (account_id, asset_id): balance.held_units
        for asset_id, holders in state.ledger.balances.items()
        for account_id, balance in holders.items()
        if balance.held_units
    }
    assert held == {key: units for key, units in promised.items() if units}, "every hold has its owner"
    for order in state.orders.values():
        assert order.remaining_lots > 0, f"order {order.order_id} is open"
        assert order.hold_units == cover_units(state, state.instruments[order.instrument_id], order), "holds by formula"


def what_is_shared_out_was_traded(state: ExchangeState) -> None:
    """Nobody shares out more than an allocation account traded, and each day that counts has its end."""
    ends = [timer.subject_id for timer in state.table(Timer).values() if timer.kind is TimerKind.ALLOCATION_DAY_ENDS]
    for total in state.table(DayTotal).values():
        assert 0 <= total.allocated_lots <= total.lots, total
        if total.allocated_lots == total.lots:
            allocated = total.allocated_notional_minor, total.allocated_fees_minor
            assert allocated == (total.notional_minor, total.fees_minor), f"parts sum to the whole: {total}"
        assert ends.count(total.instrument_id) == 1, f"the day ends once: {total}"
        assert state.accounts[total.account_id].allocates, total
    assert not state.totals_touched, "what was counted is told"


def books_hold_the_open_orders(state: ExchangeState) -> None:
    """Each book keeps its promises and holds exactly the open orders, paired as they are; bids reserve their places.

    What waits to go on has a run that will; an instrument's special orders are counted.
    """
    resting: dict[Any, tuple[Any, ...]] = {}
    for instrument_id, book in state.books.items():
        book.validate()
        for stands in book.orders():
            order = stands.order
            buys = order.side is BookSide.BUY
            words = order.account_id, Side.BUY if buys else Side.SELL, KINDS_BACK[order.kind], order.price_ticks
            resting[order.order_id] = (instrument_id, *words, stands.remaining_lots, stands.priority, stands.oco_id)
        special = sum(
            order.conditions is not None or state.accounts[order.account_id].allocates
            for order in state.orders.values()
            if order.instrument_id == instrument_id
        )
        assert state.numbers[instrument_id].special == special, "orders that are not plain are counted"
        if book.pending and state.instruments[instrument_id].phase is not Phase.SETTLING:
            kinds = [run.kind for run in state.runs.values() if run.subject_id == instrument_id]
            assert RunKind.CONTINUE_BOOK in kinds, "what a book left over goes on"
    assert resting == {
        order.order_id: (
            order.instrument_id,
            order.account_id,
            order.side,
            order.order_type,
            order.price_ticks,
            order.remaining_lots,
            order.priority,
            order.partner_id,
        )
        for order in state.orders.values()
    }, "the books hold the open orders"
    assert list(state.orders) == sorted(state.orders), "open orders are kept by identifier"
    bids: Counter[tuple[int, int]] = Counter(
        (order.instrument_id, order.account_id) for order in state.orders.values() if order.side is Side.BUY
    )
    assert bids == {(i, a): count for i, bidders in state.bidders.items() for a, count in bidders.items()}
    expiring = {order.order_id for order in state.orders.values() if order.time_in_force is TimeInForce.GTD}
    ending = {
        order_id
        for run in state.runs.values()
        if run.kind is RunKind.CANCEL_ORDERS and run.argument == CancelReason.EXPIRED
        for order_id in msgspec.msgpack.decode(run.plan, type=list[int])
    }
    # An order whose time is over while an auction is handed out waits for the run that ends it after that.
    assert set(state.expiries) <= expiring, "only GTD orders have a timer that ends them"
    assert expiring <= {*state.expiries, *ending}, "every GTD order has the timer, or the run, that ends it"


def places_are_counted(state: ExchangeState) -> None:
    """Each owner's reasons to be a holder: accounts above zero, accounts that bid; nominees are looked through."""
    owners = {
        account.account_id: account.account_id if account.beneficiary else account.member_id
        for account in state.accounts.values()
        if account.account_id not in state.ledger.mirrors
    }
    places: Counter[tuple[int, int]] = Counter(
        (asset_id, owners[account_id])
        for asset_id, holders in state.ledger.balances.items()
        for account_id, balance in holders.items()
        if balance.units > 0 and account_id in owners
    )
    for instrument_id, bidders in state.bidders.items():
        for account_id in bidders:
            places[state.instruments[instrument_id].asset_id, owners[account_id]] += 1
    assert places == {(a, o): count for a, kept in state.ledger.places.items() for o, count in kept.items()}


@dataclass
class Listener:
    """Somebody who hears every event and nothing else, and keeps accounts of what was told.

    It finds after-values that do not follow, gaps in a channel, and a `previous_sequence` that leads nowhere.
    """

    units: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    posted_at: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    held: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    channels: dict[int, tuple[int, int, int]] = field(default_factory=dict[int, tuple[int, int, int]])
    book_n: dict[int, int] = field(default_factory=dict[int, int])
    trade_n: dict[int, int] = field(default_factory=dict[int, int])

    def hears(self, header: Header, events: Iterable[Event]) -> None:
        """Follow the events of one command."""
        for event in events:
            self.hears_part(header, event)

    def agrees(self, state: ExchangeState) -> None:
        """What was told is what is."""
        for asset_id, holders in state.ledger.balances.items():
            for account_id, balance in holders.items():
                key = (account_id, asset_id)
                assert self.units.get(key, 0) == balance.units, f"{key}: told {self.units.get(key)}, is {balance}"
                assert self.held.get(key, 0) == balance.held_units, f"{key}: told {self.held.get(key)}, is {balance}"
                assert self.posted_at.get(key, 0) == balance.last_sequence
        for account_id, channel in state.ledger.channels.items():
            assert self.channels[account_id][:2] == (channel.n, channel.sequence)
        for instrument_id, numbers in state.numbers.items():
            assert self.book_n.get(instrument_id, 0) == numbers.book_n
            assert self.trade_n.get(instrument_id, 0) == numbers.trade_n

    def hears_part(self, header: Header, part: Any) -> None:
        """Follow an event, or something inside one."""
        match part:
            case Posting():
                self._posting(header, part)
            case HoldChange():
                self.held[part.account_id, part.asset_id] = part.held_after
            case AccountMark():
                self._mark(header, part.account_id, part.mark)
            case OrderAccepted() | OrderCancelled() | OrderReplaced() | OrderReduced() | OrderCovered():
                self.held[part.account_id, part.hold_asset_id] = part.held_after
                self._mark(header, part.account_id, part.mark)
                self._public(part.instrument_id, part.book_n)
            case OrderMoved():
                self._mark(header, part.account_id, part.mark)
                self._public(part.instrument_id, part.book_n)
            case TradeMade():
                self._trade(header, part)
            case TradeCorrection():
                assert part.trade_n == self.trade_n.get(part.instrument_id, 0) + 1
                self.trade_n[part.instrument_id] = part.trade_n
            case msgspec.Struct():
                for name in part.__struct_fields__:
                    self.hears_part(header, getattr(part, name))
            case tuple():
                for item in part:
                    self.hears_part(header, item)
            case _:
                pass

    def _posting(self, header: Header, posting: Posting) -> None:
        key = (posting.account_id, posting.asset_id)
        after = self.units.get(key, 0) + posting.units
        assert posting.balance_after == after, f"{key}: {posting} after {self.units.get(key, 0)}"
        assert posting.previous_sequence == self.posted_at.get(key, 0), f"{key}: {posting}"
        self.units[key], self.posted_at[key] = after, header.sequence

    def _mark(self, header: Header, account_id: int, mark: FeedMark) -> None:
        n, sequence, before = self.channels.get(account_id, (0, 0, 0))
        if sequence != header.sequence:
            sequence, before = header.sequence, sequence
        assert mark.n == n + 1, f"account {account_id}: {mark} after {n}"
        assert mark.previous_sequence == before, f"account {account_id}: {mark}, not {before}"
        self.channels[account_id] = (mark.n, sequence, before)

    def _public(self, instrument_id: int, book_n: int) -> None:
        assert book_n == self.book_n.get(instrument_id, 0) + 1, f"book {instrument_id}: {book_n}"
        self.book_n[instrument_id] = book_n

    def _trade(self, header: Header, trade: TradeMade) -> None:
        for posting in trade.postings:
            self._posting(header, posting)
        money, right = trade.postings[0].asset_id, trade.postings[2].asset_id
        sides: tuple[tuple[TradeSide, int], ...] = ((trade.buyer, money), (trade.seller, right))
        for side, asset_id in sides:
            self.held[side.account_id, asset_id] = side.held_after
            self._mark(header, side.account_id, side.mark)
        self._public(trade.instrument_id, trade.book_n)
        assert trade.trade_n == self.trade_n.get(trade.instrument_id, 0) + 1
        self.trade_n[trade.instrument_id] = trade.trade_n
