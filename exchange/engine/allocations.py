"""Sharing a day's trades: one account's block becomes other accounts' positions, units against money, in one transfer.

Who bought hands units out and is paid what they cost; who sold is given the units again by those for whom it sold, and
pays them what they fetched. Nobody delivers on trust, so an account that has not got its part free stops the whole.
"""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from custody.ledger import Leg
from exchange.core.ids import AllocationId, make_id
from exchange.core.instruments import Side
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor, QuantityLots, TimeNs, share_out
from exchange.engine.access import refuse_account
from exchange.engine.day_totals import day_of
from exchange.engine.limits import refuse_allocated, use_allocated
from exchange.engine.rules import refuse_party
from exchange.engine.state import ExchangeState
from exchange.rulebook.checks import check_holder_cap
from matching.allocation_messages import Allocation, AllocationMade, AllocationRow, DayTotal, MakeAllocation
from matching.messages import Instrument

Rows = tuple[AllocationRow, ...]


def make_allocation(state: ExchangeState, header: Header, command: MakeAllocation) -> list[Event]:
    """Share what an allocation account traded today among accounts of the same member."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    found = _total(state, header, command)
    if isinstance(found, Rejected):
        return [found]
    instrument, total = found
    if (refusal := _refuse_rows(command, total)) is not None:
        return [refusal]
    rows = shared(total, command)
    legs = _legs(instrument, total, rows)
    refusal = (
        _refuse_parties(state, header, instrument, total, rows)
        or _refuse_holders(state, instrument, legs)
        or _refuse_uncovered(state, legs)
    )
    if refusal is not None:
        return [refusal]

    state.change()
    allocation = Allocation(
        allocation_id=AllocationId(make_id(header.sequence)),
        account_id=command.account_id,
        instrument_id=command.instrument_id,
        side=command.side,
        day=command.day,
        quantity_lots=QuantityLots(sum(row.quantity_lots for row in rows)),
        notional_minor=Minor(sum(row.notional_minor for row in rows)),
        fees_minor=Minor(sum(row.fee_minor for row in rows)),
        rows=rows,
        made_by=header.principal,
        made_at_ns=TimeNs(header.at_ns),
    )
    after = msgspec.structs.replace(
        total,
        allocated_lots=QuantityLots(total.allocated_lots + allocation.quantity_lots),
        allocated_notional_minor=Minor(total.allocated_notional_minor + allocation.notional_minor),
        allocated_fees_minor=Minor(total.allocated_fees_minor + allocation.fees_minor),
    )
    state.put(after)
    used = [event for row in rows for event in use_allocated(state, header, instrument, row.account_id, _worth(row))]
    movement = state.ledger.move(header.sequence, legs)
    return [AllocationMade(allocation=allocation, total=after, movement=movement), *used]


def shared(total: DayTotal, command: MakeAllocation) -> Rows:
    """Each account's part of price and fees, by largest remainder; what stays with the block is one part among them.

    A seller's part is shared out after fees, so that no account's fee is more than what its lots fetched.
    """
    lots = [part.quantity_lots for part in command.rows]
    weights = [*lots, total.left_lots - sum(lots)]
    notional = total.notional_minor - total.allocated_notional_minor
    fee = total.fees_minor - total.allocated_fees_minor
    fees = share_out(fee, weights)
    if total.side is Side.BUY:
        notionals = share_out(notional, weights)
    else:
        sign = 1 if notional >= fee else -1  # a trade that was given a lower price may have cost more than it fetched
        nets = share_out(abs(notional - fee), weights)
        notionals = [sign * net + part for net, part in zip(nets, fees, strict=True)]
    return tuple(
        AllocationRow(
            account_id=part.account_id,
            quantity_lots=part.quantity_lots,
            notional_minor=Minor(notionals[place]),
            fee_minor=Minor(fees[place]),
        )
        for place, part in enumerate(command.rows)
    )


def _total(state: ExchangeState, header: Header, command: MakeAllocation) -> tuple[Instrument, DayTotal] | Rejected:
    """The day's total that the command is about, as its sender knows it.

    Refused: allocation.not_kept, instrument.unknown, instrument.frozen, asset.frozen, allocation.day_over,
    allocation.nothing_traded, allocation.totals_changed.
    """
    if command.account_id not in state.allocating:
        return Rejected(code=RejectCode.ALLOCATION_NOT_KEPT)
    instrument = state.instruments.get(command.instrument_id)
    if instrument is None:
        return Rejected(code=RejectCode.INSTRUMENT_UNKNOWN)
    if instrument.frozen:
        return Rejected(code=RejectCode.INSTRUMENT_FROZEN)
    if state.assets[instrument.asset_id].frozen or state.assets[instrument.money_asset_id].frozen:
        return Rejected(code=RejectCode.ASSET_FROZEN)
    today = day_of(state, instrument, header.at_ns)
    if command.day != today:
        return Rejected(code=RejectCode.ALLOCATION_DAY_OVER, detail=f"today is {today}")
    total = state.day_total(command.account_id, command.instrument_id, command.side, command.day)
    if total is None or not total.lots:
        return Rejected(code=RejectCode.ALLOCATION_NOTHING_TRADED)
    if command.expected_lots != total.lots:
        return Rejected(code=RejectCode.ALLOCATION_TOTALS_CHANGED, detail=f"lots={total.lots}")
    return instrument, total


def _refuse_rows(command: MakeAllocation, total: DayTotal) -> Rejected | None:
    """Whether the rows name other accounts, each once, and no more than is left.

    Refused: allocation.rows_invalid, allocation.more_than_traded.
    """
    named = [part.account_id for part in command.rows]
    if len(dict.fromkeys(named)) < len(named) or command.account_id in named:
        return Rejected(code=RejectCode.ALLOCATION_ROWS_INVALID, detail="other accounts, each once")
    asked = sum(part.quantity_lots for part in command.rows)
    if asked > total.left_lots:
        return Rejected(code=RejectCode.ALLOCATION_MORE_THAN_TRADED, detail=f"left_lots={total.left_lots}")
    return None


def _refuse_parties(
    state: ExchangeState, header: Header, instrument: Instrument, total: DayTotal, rows: Rows
) -> Rejected | None:
    """Whether each account may have its part: the member's own, not frozen, admitted by the market, within its limits.

    Refused: account.unknown, account.not_yours, mandate.invalid, account.frozen, member.frozen,
    allocation.other_member, allocation.rows_invalid, rule.suitability, export.not_cleared, limit.order_value,
    limit.day_value, limit.position.
    """
    member_id = state.accounts[total.account_id].member_id
    for row in rows:
        worth = _worth(row)
        refusal = refuse_account(state, header, row.account_id, UserRight.TRADE, value_minor=worth)
        if refusal is not None:
            return refusal
        account = state.accounts[row.account_id]
        if account.member_id != member_id:
            return Rejected(code=RejectCode.ALLOCATION_OTHER_MEMBER, detail=account.sub_account)
        if account.kind is not AccountKind.CLIENT or account.allocates:
            detail = f"{account.sub_account} allocates or is not a client's"
            return Rejected(code=RejectCode.ALLOCATION_ROWS_INVALID, detail=detail)
        taken = row.quantity_lots if total.side is Side.BUY else 0
        refusal = refuse_party(state, instrument, row.account_id) or refuse_allocated(
            state, header, instrument, row.account_id, worth, taken
        )
        if refusal is not None:
            return refusal
    if total.side is Side.SELL:
        taken = sum(row.quantity_lots for row in rows)
        return refuse_allocated(state, header, instrument, total.account_id, 0, taken)
    return None


def _legs(instrument: Instrument, total: DayTotal, rows: Rows) -> list[Leg]:
    """Units one way and money the other; an account appears once for each."""
    money, asset = instrument.money_asset_id, instrument.asset_id
    legs: list[Leg] = []
    block_units = block_money = 0
    for row in rows:
        units = row.quantity_lots * instrument.lot_units
        price = -(row.notional_minor + row.fee_minor)
        if total.side is Side.SELL:
            units, price = -units, row.notional_minor - row.fee_minor
        legs += [(row.account_id, asset, units), (row.account_id, money, price)]
        block_units -= units
        block_money -= price
    return [(total.account_id, asset, block_units), (total.account_id, money, block_money), *legs]


def _refuse_holders(state: ExchangeState, instrument: Instrument, legs: list[Leg]) -> Rejected | None:
    """Whether the market's cap leaves a place for every owner who becomes a holder, beneficiaries counted one by one.

    Refused: rule.holder_cap.
    """
    if state.terms[instrument.market_id].holder_cap is None:
        return None
    places = state.ledger.places.get(instrument.asset_id, {})
    reasons: dict[int, int] = {}
    for account_id, asset_id, units in legs:
        if asset_id != instrument.asset_id:
            continue
        had = state.ledger.units(account_id, asset_id)
        owner = state.ledger.owners[account_id]
        reasons[owner] = reasons.get(owner, places.get(owner, 0)) + (had + units > 0) - (had > 0)
    came = sum(1 for owner, count in reasons.items() if count and owner not in places)
    left = sum(1 for owner, count in reasons.items() if not count and owner in places)
    if not came:
        return None
    refusal = check_holder_cap(state.terms[instrument.market_id].profile, len(places) + came - left)
    return refusal.rejected() if refusal is not None else None


def _refuse_uncovered(state: ExchangeState, legs: list[Leg]) -> Rejected | None:
    """Whether everybody who gives has it free.

    Refused: hold.insufficient_available.
    """
    for account_id, asset_id, units in legs:
        if -units > state.ledger.available(account_id, asset_id):
            detail = f"{state.accounts[account_id].sub_account}: {-units} of {state.assets[asset_id].code}"
            return Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=detail)
    return None


def _worth(row: AllocationRow) -> int:
    """What a row counts for limits. Units: minor."""
    return row.notional_minor
