"""Which of a member's own commands wait for a second person, and for whom: by the value, as the market's profile says.

A profile may name commands with a value above which one person's word is not enough. Then the command is kept, and a
second user of the same member, with the right that the profile names, signs exactly what is kept. Who may not ask at
all is refused at once; whatever else may refuse the command is asked when it is signed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from exchange.core.ids import AccountId, MarketId
from exchange.core.instruments import Side
from exchange.core.messages import Command, Event, Header, Rejected
from exchange.core.node_messages import Approval
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import MAX_INTEGER, NS_PER_SECOND
from exchange.core.wire import name_of
from exchange.engine import approvals
from exchange.engine.access import refuse_account
from exchange.engine.rules import profile_of
from exchange.engine.state import ExchangeState
from exchange.rulebook.four_eyes import FourEyesRule
from exchange.rulebook.profile import cite, four_eyes_of
from matching.consideration import Items, promised_minor
from matching.deals import AcceptDeal, Deal, ProposeDeal, SignDeal
from matching.messages import Market
from matching.quote_messages import AcceptQuote, PlaceQuote, Quote, QuoteRequest
from securitization.messages import Product, SubscribeProduct

NS_PER_HOUR = 3_600 * NS_PER_SECOND
MAX_WAITING = 100
"""Commands of one member that may wait at a time."""


class Valued(NamedTuple):
    """What a command would commit an account to, in which market. Units: minor, promises for later included."""

    market_id: MarketId
    account_id: AccountId
    value_minor: int


Values = Callable[[ExchangeState, Any], Valued | None]
"""None: about something that is not there, which its handler refuses."""


def decide_or_keep(state: ExchangeState, header: Header, command: Command) -> list[Event] | None:
    """Keep a command whose value asks for a second person; None: it asks for none, and is decided at once.

    Refused: account.unknown, account.not_yours, account.frozen, member.frozen, limit.exceeded (too many wait already).
    """
    valued = VALUES[type(command)](state, command)
    market = state.table(Market).get(valued.market_id) if valued is not None else None
    if valued is None or market is None:
        return None
    profile = profile_of(state, market)
    rule = rule_for(four_eyes_of(profile), name_of(command))
    if rule is None or valued.value_minor <= rule.above_minor:
        return None
    if (refusal := refuse_account(state, header, valued.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    member_id = state.accounts[valued.account_id].member_id
    waiting = sum(1 for one in state.table(Approval).values() if one.member_id == member_id)
    if waiting >= MAX_WAITING:
        detail = f"{MAX_WAITING} commands wait"
        return [Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=detail, rule=cite(profile, "four_eyes"))]
    return approvals.request(
        state, header, command, member_id=member_id, right=rule.right, life_ns=rule.life_hours * NS_PER_HOUR
    )


def rule_for(rules: tuple[FourEyesRule, ...], command_name: str) -> FourEyesRule | None:
    """What a profile says about a command."""
    return next((rule for rule in rules if rule.command.value == command_name), None)


# --- What each command is worth ---------------------------------------------------------------------------------------


def _proposed(state: ExchangeState, command: ProposeDeal) -> Valued:
    del state
    return Valued(command.market_id, command.seller_account_id, _worth(command.price_minor, command.items))


def _accepted(state: ExchangeState, command: AcceptDeal) -> Valued | None:
    deal = state.table(Deal).get(command.deal_id)
    return Valued(deal.market_id, deal.buyer_account_id, _worth(deal.price_minor, deal.items)) if deal else None


def _signed(state: ExchangeState, command: SignDeal) -> Valued | None:
    deal = state.table(Deal).get(command.deal_id)
    if deal is None:
        return None
    account_id = deal.buyer_account_id if command.side is Side.BUY else deal.seller_account_id
    return Valued(deal.market_id, account_id, _worth(deal.price_minor, deal.items))


def _quoted(state: ExchangeState, command: PlaceQuote) -> Valued | None:
    request = state.table(QuoteRequest).get(command.request_id)
    if request is None:
        return None
    return Valued(request.market_id, command.account_id, _worth(command.price_minor, command.items))


def _quote_taken(state: ExchangeState, command: AcceptQuote) -> Valued | None:
    quote = state.table(Quote).get(command.quote_id)
    if quote is None:
        return None
    market_id = state.table(QuoteRequest)[quote.request_id].market_id
    return Valued(market_id, quote.seller_account_id, _worth(quote.price_minor, quote.items))


def _subscribed(state: ExchangeState, command: SubscribeProduct) -> Valued | None:
    product = state.table(Product).get(command.product_id)
    if product is None:
        return None
    cost = min(command.notes * product.note_face_minor, MAX_INTEGER)
    return Valued(product.market_id, command.account_id, cost)


def _worth(price_minor: int, items: Items | None) -> int:
    return price_minor + promised_minor(items)


VALUES: dict[type[Command], Values] = {
    ProposeDeal: _proposed,
    AcceptDeal: _accepted,
    SignDeal: _signed,
    PlaceQuote: _quoted,
    AcceptQuote: _quote_taken,
    SubscribeProduct: _subscribed,
}
"""Every command that a profile may guard: exchange/rulebook/four_eyes.py names the same."""
