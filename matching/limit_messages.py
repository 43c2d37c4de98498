"""Trading limits: what one account, or one user, may order, checked before anything is held.

The venue sets limits for an account or a user, and the member sets its own beside them; an order must keep all that
apply. They bound what somebody can do by mistake or by malice; what an account can pay is the hold's business.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from exchange.core.ids import NODE, AccountId, LimitId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.units import MAX_INTEGER, CurrencyCode, Minor, TimeNs

LimitMinor = Annotated[Minor, msgspec.Meta(gt=0, le=MAX_INTEGER)]
LimitPpm = Annotated[int, msgspec.Meta(gt=0, le=1_000_000)]
LimitLots = Annotated[int, msgspec.Meta(gt=0, le=MAX_INTEGER)]

NO_ACCOUNT = AccountId(0)
NO_USER = NODE
"""The node trades nothing, so its identifier stands for "no user in particular"."""


class TradingLimit(Record, frozen=True, kw_only=True):
    """What an account (or, with `account_id` zero, a user on whatever account) may order in one currency.

    Units: minor of `currency`; zero sets no limit. `order_value_minor` bounds one order, `day_value_minor` all orders
    entered on one day of the market's calendar, `open_value_minor` what is open at one time, each at the order's own
    price, a market order at the band's upper edge or its cap. `price_distance_ppm` bounds how far a limit price may
    lie from the last price. `position_lots` bounds what the account holds of one instrument with its open bids.
    """

    limit_id: LimitId
    account_id: AccountId
    user_id: UserId
    by_venue: bool
    currency: str
    order_value_minor: Minor
    day_value_minor: Minor
    open_value_minor: Minor
    price_distance_ppm: int
    position_lots: int
    set_by: UserId
    set_at_ns: TimeNs
    over: bool = False


class LimitUse(Record, frozen=True, kw_only=True):
    """How much of its day value a limit has used. Units: minor, of orders entered on `day` (an ISO date)."""

    limit_id: LimitId
    day: str
    used_minor: Minor


class SetLimits(Command, frozen=True, kw_only=True, tag="limits.set"):
    """Set what an account, or a user, may order in one currency: all figures anew; none at all ends the limit.

    An operator sets the venue's limits, who may approve for the member its own. Either an account or a user is named.
    Refused: limit.invalid, account.unknown, user.unknown, account.not_yours.
    Source: pre-trade controls after FIX 5.0 SP2 PartyRiskLimits (35=CM); ESMA RTS 6 (EU 2017/589) art. 15.
    """

    account_id: AccountId | None = None
    user_id: UserId | None = None
    currency: CurrencyCode
    order_value_minor: LimitMinor | None = None
    day_value_minor: LimitMinor | None = None
    open_value_minor: LimitMinor | None = None
    price_distance_ppm: LimitPpm | None = None
    position_lots: LimitLots | None = None


class LimitsSet(Event, frozen=True, kw_only=True, tag="limits.were_set"):
    """From here on orders keep this limit; one that is `over` binds nobody any more."""

    limit: TradingLimit


class LimitUsed(Event, frozen=True, kw_only=True, tag="limit.used"):
    """An order was counted against a limit's day value."""

    use: LimitUse
