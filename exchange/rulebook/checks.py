"""May this be done in this market? Each check answers `None`, or a refusal that names the rule.

The engine asks them in the order of DOMAIN.md workflow 4: suitability, method, currency and value, export gate, holder
cap, trading-day gap. Checks of what a disposal owes (publicity, reward floors, pilots) are in `disposal`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from exchange.core.calendar import BusinessCalendar, add_trading_days
from exchange.core.instruments import TechnologyClass
from exchange.core.messages import Citation, Record, Rejected
from exchange.core.parties import Standing
from exchange.core.rejections import RejectCode
from exchange.rulebook.profile import CENTRALISED, Method, Profile, Suitability, cite


class Refusal(Record, frozen=True, kw_only=True):
    """A check's no: the code, what stood in the way, and the rule that says so."""

    code: RejectCode
    detail: str
    rule: Citation

    def rejected(self) -> Rejected:
        """The event a handler answers with."""
        return Rejected(code=self.code, detail=self.detail, rule=self.rule)


ADMITS: dict[Suitability, tuple[Standing, ...]] = {
    Suitability.METHOD_STATEMENT: (Standing.METHOD_STATEMENT,),
    Suitability.PROFESSIONAL: (Standing.PROFESSIONAL,),
    Suitability.TWO_CLASSES: (Standing.ORDINARY, Standing.PROFESSIONAL),
    Suitability.INVITED: (Standing.INVITED,),
}
"""Which standings each level of suitability admits; one of them is enough."""


def check_method(profile: Profile, method: Method) -> Refusal | None:
    """Whether the market may find a price this way.

    Refused: rule.method_not_allowed.
    Source: 国发〔2011〕38号, 国办发〔2012〕37号 (`CN-38/37`): no book or call outside approved venues.
    """
    field = "centralised_methods" if method in CENTRALISED else "methods"
    allowed = profile.fields.centralised_methods.value if method in CENTRALISED else profile.fields.methods.value
    if method in allowed:
        return None
    return Refusal(
        code=RejectCode.RULE_METHOD_NOT_ALLOWED,
        detail=f"{profile.name}@{profile.version} does not allow {method}",
        rule=cite(profile, field),
    )


def check_currency(profile: Profile, currency: str) -> Refusal | None:
    """Whether the market may trade against this currency.

    Refused: currency.mismatch.
    """
    allowed = profile.fields.currencies.value
    if currency in allowed:
        return None
    return Refusal(
        code=RejectCode.CURRENCY_MISMATCH,
        detail=f"{currency} is not one of {', '.join(allowed)}",
        rule=cite(profile, "currencies"),
    )


def check_value_cap(profile: Profile, notional_minor: int) -> Refusal | None:
    """Whether one order or deal stays within the market's value cap; the cap itself is allowed.

    Refused: rule.value_cap.
    """
    cap_minor = profile.fields.value_cap_minor.value
    if cap_minor is None or notional_minor <= cap_minor:
        return None
    return Refusal(
        code=RejectCode.RULE_VALUE_CAP,
        detail=f"{notional_minor} minor units, at most {cap_minor}",
        rule=cite(profile, "value_cap_minor"),
    )


def count_holders(direct: int, behind_nominees: Iterable[int]) -> int:
    """Holders looking through trusts and nominees: the direct ones, and everybody behind each nominee.

    >>> count_holders(198, [3])
    201
    """
    return direct + sum(behind_nominees)


def check_holder_cap(profile: Profile, holders_after: int) -> Refusal | None:
    """Whether so many holders of one instrument are allowed; `count_holders` counts them where the rule looks through.

    Refused: rule.holder_cap.
    Source: 国发〔2011〕38号 (200 in total, at issue and in transfer); 证券法 art. 9 for private products.
    """
    cap = profile.fields.holder_cap.value
    if cap is None or holders_after <= cap:
        return None
    return Refusal(
        code=RejectCode.RULE_HOLDER_CAP,
        detail=f"{holders_after} holders, at most {cap}",
        rule=cite(profile, "holder_cap"),
    )


def check_opposite_side_gap(
    profile: Profile, calendar: BusinessCalendar, last_opposite_day: date | None, today: date
) -> Refusal | None:
    """Whether enough trading days lie between a holder's last buy and this sale, or the reverse, of one instrument.

    A purchase on trading day T allows a sale from trading day T+5 on under a gap of five; `None` says the holder never
    took the other side. An open order counts as its side, on the day it was entered.

    Refused: rule.opposite_side_gap, calendar.not_covered.
    Source: 国发〔2011〕38号: not less than five trading days between buying and selling, selling and buying.
    """
    gap = profile.fields.opposite_side_gap_trading_days.value
    if gap == 0 or last_opposite_day is None:
        return None
    rule = cite(profile, "opposite_side_gap_trading_days")
    try:
        earliest = add_trading_days(calendar, last_opposite_day, gap)
    except (ValueError, OverflowError) as error:
        return Refusal(code=RejectCode.CALENDAR_NOT_COVERED, detail=str(error), rule=rule)
    if today >= earliest:
        return None
    return Refusal(
        code=RejectCode.RULE_OPPOSITE_SIDE_GAP,
        detail=f"the other side was taken on {last_opposite_day}; from {earliest} at the earliest",
        rule=rule,
    )


def check_suitability(profile: Profile, standings: Iterable[Standing]) -> Refusal | None:
    """Whether what is on record about the party admits it to this market; any one admitted standing is enough.

    Refused: rule.suitability.
    """
    needed = ADMITS[profile.fields.suitability.value]
    if any(standing in needed for standing in standings):
        return None
    return Refusal(
        code=RejectCode.RULE_SUITABILITY,
        detail=f"needs {' or '.join(needed)}",
        rule=cite(profile, "suitability"),
    )


def check_export(technology_class: TechnologyClass, seller_country: str, buyer_country: str) -> Refusal | None:
    """Whether a party from another jurisdiction may see the file of, or bid for, this technology: only if it is free.

    Restricted technology needs the letter of intent first, and what nobody has classified is treated as restricted.
    Countries are those of the customs territory (Hong Kong, Macao and Taiwan are not CN here).

    Refused: export.not_cleared.
    Source: 技术进出口管理条例 (2020) arts. 29 (prohibited: no export), 33 (restricted: letter before negotiation).
    """
    if seller_country == buyer_country or technology_class is TechnologyClass.FREE:
        return None
    provision = "TIE-29" if technology_class is TechnologyClass.PROHIBITED else "TIE-33"
    return Refusal(
        code=RejectCode.EXPORT_NOT_CLEARED,
        detail=f"{technology_class} technology from {seller_country} to {buyer_country}",
        rule=Citation(profile="technology_export", version=1, field="technology_class", provision=provision),
    )
