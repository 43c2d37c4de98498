"""What a market's profile asks before units change hands again: gap, lock-up, and how many may hold.

Each is asked of the seller and of everybody who would take, beside what they bought and sold of the same asset before.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from exchange.core.calendar import local_date
from exchange.core.ids import AccountId, AssetId
from exchange.core.messages import Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import Units
from exchange.engine.notes import counted_together, note_issue
from exchange.engine.rules import holder_of
from exchange.engine.state import ExchangeState
from exchange.rulebook.checks import check_holder_cap, check_opposite_side_gap
from exchange.rulebook.profile import Profile, cite
from matching.deals import DealPart
from matching.messages import Market
from matching.sides import LastSale


class UnitsSold(Protocol):
    """Units of one asset on their way from one seller to whoever takes them: an agreement, or a transfer of equity."""

    @property
    def asset_id(self) -> AssetId: ...
    @property
    def units(self) -> Units: ...
    @property
    def seller_account_id(self) -> AccountId: ...
    @property
    def takers(self) -> tuple[DealPart, ...]: ...


def refuse_resale(
    state: ExchangeState, header: Header, market: Market, profile: Profile, deal: UnitsSold
) -> Rejected | None:
    """Whether seller and takers took the other side of this right long enough ago, and no lock-up binds the seller.

    Refused: calendar.not_covered, rule.opposite_side_gap, rule.lock_up.
    """
    last = state.table(LastSale).get(deal.asset_id)
    bought_ns = last.bought_at_ns(state.accounts[deal.seller_account_id].member_id) if last is not None else 0
    if not bought_ns and (issue := note_issue(state, deal.asset_id)) is not None:
        bought_ns = issue.issued_at_ns  # who did not buy its notes here was allotted them
    opposite = [bought_ns]
    if last is not None:
        opposite += [last.sold_at_ns(state.accounts[part.account_id].member_id) for part in deal.takers]
    if not any(opposite):
        return None
    calendar = state.calendar(market.calendar, market.calendar_version)
    if calendar is None:
        return Rejected(code=RejectCode.CALENDAR_NOT_COVERED, detail=market.calendar)
    today = local_date(header.at_ns, calendar.time_zone)
    for at_ns in opposite:
        took = local_date(at_ns, calendar.time_zone) if at_ns else None
        if (refusal := check_opposite_side_gap(profile, calendar, took, today)) is not None:
            return refusal.rejected()
    locked_days = profile.fields.lock_up_days.value
    if bought_ns and locked_days:
        free = local_date(bought_ns, calendar.time_zone) + timedelta(days=locked_days)
        if today < free:
            rule = cite(profile, "lock_up_days")
            return Rejected(code=RejectCode.RULE_LOCK_UP, detail=f"bought units are free on {free}", rule=rule)
    return None


def refuse_holders(state: ExchangeState, profile: Profile, deal: UnitsSold) -> Rejected | None:
    """Whether there would be too many holders after the transfer, counted through nominees; a seller of all is none.

    Refused: rule.holder_cap.
    """
    if profile.fields.holder_cap.value is None:
        return None
    refused = check_holder_cap(profile, holders_after(state, deal))
    return refused.rejected() if refused is not None else None


def holders_after(state: ExchangeState, deal: UnitsSold) -> int:
    """How many would hold after the transfer, counted through nominees; a seller of all is none.

    Whoever holds another class of the same issue counts, and whoever bids for the units in a book, as if it got them.
    """
    left: dict[AccountId, int] = dict(state.ledger.holders(deal.asset_id))
    left[deal.seller_account_id] = left.get(deal.seller_account_id, 0) - deal.units
    for part in deal.takers:
        left[part.account_id] = left.get(part.account_id, 0) + part.units
    holding = [account_id for account_id, units in left.items() if units > 0]
    classes = counted_together(state, deal.asset_id)
    holding += [account for each in classes if each != deal.asset_id for account, _ in state.ledger.holders(each)]
    for instrument in state.instruments.values():
        if instrument.asset_id in classes:
            holding += state.bidders.get(instrument.instrument_id, {})
    return len(dict.fromkeys(holder_of(state, account_id) for account_id in holding))
