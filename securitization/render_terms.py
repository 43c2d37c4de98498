"""Says what a deal is made of, in Chinese or English: amounts, rates, terms, formulas."""

from __future__ import annotations

from typing import Literal

from securitization.deal import Deal
from securitization.deal_formulas import (
    PPM,
    FeesDue,
    Fixed,
    Formula,
    InAccount,
    Least,
    Less,
    Most,
    OfPool,
    OfSupport,
    OfTranches,
    Share,
    Sum,
    TargetOf,
    Tripped,
)
from securitization.deal_terms import (
    Account,
    Bullet,
    Coupon,
    DayCount,
    EventFee,
    Fee,
    FixedCoupon,
    FixedLeg,
    FlatFee,
    FloatingCoupon,
    FloatingLeg,
    Hedge,
    InterestOnly,
    NoCoupon,
    PassThrough,
    Planned,
    RateFee,
    SteppedCoupon,
    Support,
    Swap,
    TieredFee,
    Title,
    Tranche,
)
from securitization.render_words import WORDS

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

NO_CENTS = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
"""Currencies whose minor unit is not a hundredth. Source: ISO 4217, list one."""


class Teller:
    """Says things of one deal in one language."""

    def __init__(self, deal: Deal, language: Language) -> None:
        self.language = language
        self.currency = deal.currency
        titled: list[tuple[str, Title]] = [
            (one.name, one.title)
            for some in (deal.tranches, deal.accounts, deal.fees, deal.supports, deal.hedges, deal.triggers)
            for one in some
        ]
        self.titles = {name: self.title(title) for name, title in titled}

    def say(self, key: str, **figures: str | int) -> str:
        """A sentence by its key."""
        return WORDS[key][self._column()].format(**figures)

    def _column(self) -> int:
        return LANGUAGES.index(self.language)

    def title(self, title: Title) -> str:
        """What something is called."""
        return title.en if self.language == "en" else title.zh

    def name(self, name: str) -> str:
        """What the thing of a name is called, with the name, which alone is unique."""
        title = self.titles.get(name)
        return name if title is None else f"{title} ({name})" if self.language == "en" else f"{title}（{name}）"

    def names(self, names: tuple[str, ...] | list[str]) -> str:
        """Several of them."""
        return self.say("comma").join(self.name(name) for name in names)

    def money(self, minor: int) -> str:
        """An amount with its decimals; never through a float."""
        digits = 0 if self.currency in NO_CENTS else 3 if self.currency in THOUSANDTHS else 2
        if not digits:
            return f"{minor:,}"
        whole, rest = divmod(minor, 10**digits)
        return f"{whole:,}.{rest:0{digits}d}"

    def rate(self, ppm: int) -> str:
        """A rate in per cent, exactly.

        At least two decimals are shown: 38,000 ppm is 3.80 %.
        """
        whole, rest = divmod(abs(ppm), PPM // 100)
        decimals = f"{rest:04d}".rstrip("0").ljust(2, "0")
        return f"{'-' if ppm < 0 else ''}{whole}.{decimals}{' ' if self.language == 'en' else ''}%"

    def days(self, day_count: DayCount) -> str:
        """A day count's name."""
        return self.say(f"days.{day_count}")

    # --- What a deal is made of

    def tranche(self, tranche: Tranche) -> str:
        """A tranche."""
        told = self.say(
            "tranche",
            title=self.title(tranche.title),
            name=tranche.name,
            rank=tranche.seniority,
            face=self.money(tranche.face_minor),
            coupon=self._coupon(tranche.coupon, tranche.day_count),
            principal=self._principal(tranche),
        )
        told += self.say(f"unpaid.{tranche.unpaid_interest}")
        if tranche.capitalise_until_period:
            told += self.say("capitalise", number=tranche.capitalise_until_period)
        return told

    def _coupon(self, coupon: Coupon, day_count: DayCount) -> str:
        days = self.days(day_count)
        match coupon:
            case NoCoupon():
                return self.say("coupon.none", days=days)
            case FixedCoupon():
                return self.say("coupon.fixed", rate=self.rate(coupon.rate_ppm), days=days)
            case SteppedCoupon():
                begins = [
                    self.say("coupon.step", rate=self.rate(step.rate_ppm), number=step.from_period)
                    for step in coupon.steps
                ]
                return self.say("coupon.stepped", steps=self.say("comma").join(begins), days=days)
            case FloatingCoupon():
                cap = "" if coupon.cap_ppm is None else self.say("coupon.cap", rate=self.rate(coupon.cap_ppm))
                spread, floor = self.rate(coupon.spread_ppm), self.rate(coupon.floor_ppm)
                return self.say("coupon.floating", index=coupon.index, spread=spread, floor=floor, cap=cap, days=days)

    def _principal(self, tranche: Tranche) -> str:
        principal = tranche.principal
        match principal:
            case PassThrough():
                return self.say("principal.pass_through")
            case Planned():
                plan = self.say("comma").join(self.money(balance) for balance in principal.balances_minor)
                return self.say("principal.planned", plan=plan)
            case Bullet():
                return self.say("principal.bullet", number=principal.period)
            case InterestOnly():
                return self.say("principal.interest_only", names=self.names(principal.notional_of))

    def account(self, account: Account) -> str:
        """An account."""
        target = "" if account.target is None else self.say("account.target", formula=self.formula(account.target))
        title, opening = self.title(account.title), self.money(account.opening_minor)
        return self.say("account", title=title, name=account.name, opening=opening, target=target)

    def fee(self, fee: Fee) -> str:
        """A fee."""
        bounds = self.say("fee.bounds", minimum=self.money(fee.minimum_minor)) if fee.minimum_minor else ""
        if fee.maximum_minor is not None:
            bounds += self.say("fee.maximum", maximum=self.money(fee.maximum_minor))
        always = fee.first_period == fee.every_periods == 1
        return self.say(
            "fee",
            title=self.title(fee.title),
            name=fee.name,
            charge=self._charge(fee),
            bounds=bounds,
            vat=self.say("fee.vat", rate=self.rate(fee.vat_ppm)) if fee.vat_ppm else "",
            when="" if always else self.say("fee.when", first=fee.first_period, every=fee.every_periods),
        )

    def _charge(self, fee: Fee) -> str:
        charge = fee.charge
        match charge:
            case FlatFee():
                return self.say("fee.flat", amount=self.money(charge.amount_minor))
            case EventFee():
                return self.say("fee.event", amount=self.money(charge.amount_minor), event=charge.event)
            case RateFee():
                rate, base = self.rate(charge.rate_ppm), self.formula(charge.base)
                return self.say("fee.rate", rate=rate, base=base, days=self._fee_days(charge.day_count))
            case TieredFee():
                bands = [
                    self.say("fee.last_band", rate=self.rate(band.rate_ppm))
                    if band.up_to_minor is None
                    else self.say("fee.band", rate=self.rate(band.rate_ppm), bound=self.money(band.up_to_minor))
                    for band in charge.bands
                ]
                days, base = self._fee_days(charge.day_count), self.formula(charge.base)
                return self.say("fee.tiered", base=base, days=days, bands=self.say("comma").join(bands))

    def _fee_days(self, day_count: DayCount | None) -> str:
        return self.say("fee.each") if day_count is None else self.say("fee.days", days=self.days(day_count))

    def support(self, support: Support) -> str:
        """A guarantee or line."""
        return self.say(
            "support",
            title=self.title(support.title),
            name=support.name,
            kind=self.say(f"support.{support.kind}"),
            limit=self.money(support.limit_minor),
            recourse=self.say(f"recourse.{str(support.recourse).lower()}"),
            restores=self.say(f"restores.{str(support.restores).lower()}"),
            rate=self.say("support.rate", rate=self.rate(support.rate_ppm), days=self.days(support.day_count)),
        )

    def hedge(self, hedge: Hedge) -> str:
        """A hedge."""
        terms = hedge.terms
        if isinstance(terms, Swap):
            told = self.say("hedge.swap", receive=self._leg(terms.receive), pay=self._leg(terms.pay))
        else:
            kind = terms.__struct_config__.tag
            strike, premium = self.rate(terms.strike_ppm), self.money(terms.premium_minor)
            told = self.say(f"hedge.{kind}", index=terms.index, strike=strike, premium=premium)
        return self.say(
            "hedge",
            title=self.title(hedge.title),
            name=hedge.name,
            terms=told,
            notional=self.formula(hedge.notional),
            days=self.days(hedge.day_count),
            account=self.name(hedge.account),
        )

    def _leg(self, leg: FixedLeg | FloatingLeg) -> str:
        if isinstance(leg, FixedLeg):
            return self.say("leg.fixed", rate=self.rate(leg.rate_ppm))
        return self.say("leg.floating", index=leg.index, spread=self.rate(leg.spread_ppm))

    # --- Formulas

    def formula(self, formula: Formula) -> str:
        """A formula."""
        match formula:
            case Fixed():
                return self.say("formula.amount", amount=self.money(formula.amount_minor))
            case OfPool():
                return self.say("formula.pool", figure=self.say(f"figure.{formula.figure}"))
            case OfTranches():
                figure = self.say(f"figure.{formula.figure}")
                return self.say("formula.tranches", figure=figure, names=self.names(formula.tranches))
            case FeesDue():
                return self.say("formula.fees_due", names=self.names(formula.fees))
            case InAccount():
                return self.say("formula.account", name=self.name(formula.account))
            case TargetOf():
                return self.say("formula.target", name=self.name(formula.account))
            case OfSupport():
                figure = self.say(f"figure.{formula.figure}")
                return self.say("formula.support", figure=figure, name=self.name(formula.support))
            case Tripped():
                return self.say("formula.tripped", name=self.name(formula.trigger))
            case Share():
                rounding = self.say(f"rounding.{formula.rounding}")
                inner = self.formula(formula.of)
                return self.say("formula.share", rate=self.rate(formula.rate_ppm), inner=inner, rounding=rounding)
            case Less():
                return self.say("formula.less", whole=self.formula(formula.of), minus=self.formula(formula.minus))
            case Sum() | Least() | Most():
                inner = self.say("comma").join(self.formula(one) for one in formula.of)
                kind = "sum" if isinstance(formula, Sum) else "least" if isinstance(formula, Least) else "most"
                return self.say(f"formula.{kind}", inner=inner)
