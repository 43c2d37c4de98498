"""May an order like this be sent to a market's book, may a trade of it be undone? A no names its row."""

from __future__ import annotations

from collections.abc import Iterable

from exchange.core.instruments import OrderType, SelfTradePrevention, TimeInForce
from exchange.core.rejections import RejectCode
from exchange.rulebook.checks import Refusal
from exchange.rulebook.trading import OrderCondition, TradingRules, cite_trading


def check_order(
    rules: TradingRules,
    order_type: OrderType,
    time_in_force: TimeInForce,
    conditions: Iterable[OrderCondition],
    self_trade_prevention: SelfTradePrevention,
) -> Refusal | None:
    """Whether the market takes orders of this type, time and self-trade prevention, with these conditions.

    Refused: rule.order_not_allowed; the first row in the text's order is cited.
    """
    fields = rules.fields
    if order_type not in fields.order_types.value:
        return _refusal(rules, "order_types", order_type)
    if time_in_force not in fields.times_in_force.value:
        return _refusal(rules, "times_in_force", time_in_force)
    for condition in conditions:
        if condition not in fields.conditions.value:
            return _refusal(rules, "conditions", condition)
    if self_trade_prevention not in fields.self_trade_preventions.value:
        return _refusal(rules, "self_trade_preventions", self_trade_prevention)
    return None


def check_bust(rules: TradingRules, reason: str) -> Refusal | None:
    """Whether a trade of the market may be busted, or its price corrected, for this reason at all.

    Refused: rule.bust_not_allowed.
    """
    fields = rules.fields
    if not fields.bust_window_seconds.value:
        return _refusal(rules, "bust_window_seconds", "a bust", RejectCode.RULE_BUST_NOT_ALLOWED)
    if reason not in fields.bust_reasons.value:
        return _refusal(rules, "bust_reasons", reason, RejectCode.RULE_BUST_NOT_ALLOWED)
    return None


def _refusal(
    rules: TradingRules, field: str, asked: str, code: RejectCode = RejectCode.RULE_ORDER_NOT_ALLOWED
) -> Refusal:
    return Refusal(
        code=code,
        detail=f"{rules.name}@{rules.version} does not allow {asked}",
        rule=cite_trading(rules, field),
    )
