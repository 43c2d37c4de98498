"""A deal as AbsBox JSON, for whoever wants a second opinion from Hastructure; what AbsBox cannot say refuses.

The pool goes along as its balance only: AbsBox projects assets itself. Amounts are decimal numbers of the currency's
major unit, never floats here. Reserve targets end with the last payment date, as in this project's deals. AbsBox rounds
in its own way, so a comparison is to be made within cents.

Source: AbsBox 0.50, `absbox.local.component` and its benchmark outputs; Hastructure 0.50.4, module Waterfall.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from securitization.absbox_words import TWO_DECIMALS, Words
from securitization.deal import Deal, all_waterfalls
from securitization.deal_formulas import Fixed, Formula, Least, Most, Share
from securitization.deal_problems import DealCode, DealRefused, Problem
from securitization.deal_terms import (
    Account,
    Bullet,
    DayCount,
    Fee,
    FixedCoupon,
    FlatFee,
    NoCoupon,
    PassThrough,
    Planned,
    RateFee,
    Support,
    Tranche,
    UnpaidInterest,
)
from securitization.deal_triggers import CheckPoint, Relation, Status, Trigger
from securitization.trigger import comparison

Json = dict[str, Any]

DAY_COUNTS = {
    DayCount.ACT_365: "DC_ACT_365F",
    DayCount.ACT_360: "DC_ACT_360",
    DayCount.THIRTY_E_360: "DC_30E_360",
}
WATERFALLS = {
    Status.NORMAL: "DistributionDay Amortizing",
    Status.EARLY_AMORTISATION: "DistributionDay (DealAccelerated Nothing)",
    Status.EVENT_OF_DEFAULT: "DistributionDay (DealDefaulted Nothing)",
}
STATUSES = {Status.EARLY_AMORTISATION: "DealAccelerated", Status.EVENT_OF_DEFAULT: "DealDefaulted"}
RELATIONS = {Relation.BELOW: "L", Relation.AT_MOST: "LE", Relation.ABOVE: "G", Relation.AT_LEAST: "GE"}
CYCLES = {CheckPoint.COLLECTION: "BeginDistributionWF", CheckPoint.PAYMENT: "EndDistributionWF"}


def export_absbox(deal: Deal) -> str | Problem:
    """The AbsBox JSON of a deal that was checked.

    Refused: absbox.not_said, with the place in the deal of what AbsBox has no word for.
    """
    try:
        exported = _deal(deal)
    except DealRefused as refused:
        return refused.problem
    return msgspec.json.format(msgspec.json.Encoder(decimal_format="number").encode(exported), indent=2).decode() + "\n"


def refuse(path: str, reason: str) -> NoReturn:
    """Stop the export.

    Raises: DealRefused with absbox.not_said.
    """
    raise DealRefused(Problem(code=DealCode.ABSBOX_NOT_SAID, path=path, reason=reason))


def _deal(deal: Deal) -> Json:
    if deal.currency not in TWO_DECIMALS:
        refuse("$.currency", "its amounts have two decimals")
    if deal.hedges:
        refuse("$.hedges", "its hedges settle by rules of their own")
    words = Words(deal, refuse)
    first = deal.periods[0]
    dates = [period.payment_date for period in deal.periods]
    collected = [{"tag": "PoolCollection", "contents": [date, ""]} for date in dates]
    paid = [{"tag": "RunWaterfall", "contents": [date, ""]} for date in dates]
    pool: Json = {
        "assets": [],
        "asOfDate": first.start,
        "issuanceStat": {"IssuanceBalance": words.money(deal.pool.initial_balance_minor)},
        "futureCf": None,
        "extendPeriods": None,
    }
    contents: Json = {
        "dates": {"tag": "CustomDates", "contents": [first.start, collected, first.start, paid]},
        "name": deal.title.en,
        "status": {"tag": "Amortizing"},
        "pool": {"tag": "SoloPool", "contents": pool},
        "bonds": {one.name: _bond(deal, one, f"$.tranches[{n}]") for n, one in enumerate(deal.tranches)},
        "waterfall": _waterfalls(deal, words),
        "fees": {one.name: _fee(deal, words, one, f"$.fees[{n}]") for n, one in enumerate(deal.fees)},
        "accounts": {one.name: _account(deal, words, one, f"$.accounts[{n}]") for n, one in enumerate(deal.accounts)},
        "collects": [
            {"tag": "Collect", "contents": [None, source, account]}
            for source, account in (
                ("CollectedInterest", deal.collections.interest),
                ("CollectedPrincipal", deal.collections.principal),
                ("CollectedPrepayment", deal.collections.principal),
                ("CollectedRecoveries", deal.collections.recoveries),
            )
        ],
        "rateSwap": None,
        "rateCap": None,
        "currencySwap": None,
        "custom": None,
        "triggers": _triggers(deal, words) or None,
        "liqProvider": {one.name: _support(words, deal, one, f"$.supports[{n}]") for n, one in enumerate(deal.supports)}
        or None,
        "ledgers": None,
    }
    return {"tag": "MDeal", "contents": contents}


def _bond(deal: Deal, tranche: Tranche, path: str) -> Json:
    coupon = tranche.coupon
    match coupon:
        case FixedCoupon():
            rate = Words.rate(coupon.rate_ppm)
        case NoCoupon():
            rate = Decimal(0)
        case _:
            refuse(f"{path}.coupon", "its indexes and step-ups are a closed list")
    if tranche.capitalise_until_period:
        refuse(f"{path}.capitalise_until_period", "its accrual classes capitalise until others are paid, not by date")
    if tranche.unpaid_interest is UnpaidInterest.COMPOUNDING and not isinstance(coupon, NoCoupon):
        refuse(f"{path}.unpaid_interest", "its interest on interest is kept and paid apart")
    principal = tranche.principal
    match principal:
        case PassThrough():
            kind: Json = {"tag": "Equity" if isinstance(coupon, NoCoupon) else "Sequential"}
        case Bullet():
            kind = {"tag": "Lockout", "contents": deal.periods[principal.period - 1].payment_date}
        case Planned():
            plan = [
                [period.payment_date, Words.money(balance)]
                for period, balance in zip(deal.periods, principal.balances_minor, strict=True)
            ]
            kind = {"tag": "PAC", "contents": {"tag": "BalanceCurve", "contents": plan}}
        case _:
            refuse(f"{path}.principal", "its interest-only classes carry a balance of their own")
    face, start = Words.money(tranche.face_minor), deal.periods[0].start
    origin = {"originBalance": face, "originDate": start, "originRate": rate, "maturityDate": None}
    return {
        "bndName": tranche.name,
        "bndBalance": face,
        "bndRate": rate,
        "bndOriginInfo": origin,
        "bndInterestInfo": {"tag": "Fix", "contents": [rate, DAY_COUNTS[tranche.day_count]]},
        "bndType": kind,
        "bndDuePrin": 0,
        "bndDueInt": 0,
        "bndDueIntOverInt": 0,
        "bndDueIntDate": None,
        "bndStepUp": None,
        "bndLastIntPayDate": None,
        "tag": "Bond",
    }


def _fee(deal: Deal, words: Words, fee: Fee, path: str) -> Json:
    if fee.minimum_minor or fee.maximum_minor is not None or fee.vat_ppm:
        refuse(path, "its fees have no minimum, maximum or tax")
    charge = fee.charge
    dates = [period.payment_date for period in deal.periods]
    match charge:
        case FlatFee():
            due = {"tag": "CustomDate", "contents": dates[fee.first_period - 1 :: fee.every_periods]}
            kind: Json = {"tag": "RecurFee", "contents": [due, words.money(charge.amount_minor)]}
        case RateFee() if charge.day_count in {None, DayCount.ACT_365} and (fee.first_period, fee.every_periods) == (
            1,
            1,
        ):
            rate = {"tag": "Constant", "contents": Words.rate(charge.rate_ppm)}
            base = words.statistic(charge.base, f"{path}.charge.base")
            kind = {"tag": "PctFee" if charge.day_count is None else "AnnualRateFee", "contents": [base, rate]}
        case _:
            refuse(f"{path}.charge", "it knows fixed fees and rates by actual/365 or each time, in every period")
    return {
        "feeName": fee.name,
        "feeType": kind,
        "feeStart": deal.periods[0].start,
        "feeDueDate": None,
        "feeDue": 0,
        "feeArrears": 0,
        "feeLastPaidDate": None,
    }


def _account(deal: Deal, words: Words, account: Account, path: str) -> Json:
    kind: Json | None = None
    if account.target is not None:
        # In the last period the target is zero: until then the formula, afterwards nothing.
        before = {"tag": "IfDate", "contents": ["L", deal.periods[-1].payment_date]}
        reserve = _reserve(words, account.target, f"{path}.target")
        kind = {"tag": "Either", "contents": [before, reserve, {"tag": "FixReserve", "contents": 0}]}
    return {
        "accBalance": words.money(account.opening_minor),
        "accName": account.name,
        "accType": kind,
        "accInterest": None,
        "accStmt": None,
    }


def _reserve(words: Words, formula: Formula, path: str) -> Json:
    match formula:
        case Fixed():
            return {"tag": "FixReserve", "contents": words.money(formula.amount_minor)}
        case Share():
            base, rate = words.statistic(formula.of, f"{path}.of"), Words.rate(formula.rate_ppm)
            return {"tag": "PctReserve", "contents": [base, rate]}
        case Least() | Most():
            tag = "Min" if isinstance(formula, Least) else "Max"
            inner = [_reserve(words, one, f"{path}.of[{place}]") for place, one in enumerate(formula.of)]
            return {"tag": tag, "contents": inner}
        case _:
            return {"tag": "PctReserve", "contents": [words.statistic(formula, path), 1]}


def _support(words: Words, deal: Deal, support: Support, path: str) -> Json:
    if support.rate_ppm:
        refuse(f"{path}.rate_ppm", "its rates on support accrue by rules of their own")
    if support.recourse and not support.restores:
        refuse(f"{path}.restores", "what is repaid can always be drawn again")
    limit = words.money(support.limit_minor)
    return {
        "liqName": support.name,
        "liqType": {"tag": "FixSupport", "contents": limit},
        "liqCredit": limit,
        "liqBalance": 0,
        "liqDueInt": 0,
        "liqDuePremium": 0,
        "liqRate": None,
        "liqPremiumRate": None,
        "liqRateType": None,
        "liqPremiumRateType": None,
        "liqDueIntDate": None,
        "liqEnds": None,
        "liqStmt": None,
        "liqStart": deal.periods[0].start,
    }


def _triggers(deal: Deal, words: Words) -> Json:
    found: dict[str, Json] = {}
    for place, trigger in enumerate(deal.triggers):
        found.setdefault(CYCLES[trigger.checked], {})[trigger.name] = _trigger(words, trigger, f"$.triggers[{place}]")
    return found


def _trigger(words: Words, trigger: Trigger, path: str) -> Json:
    if trigger.strikes > 1 or trigger.cure_after not in {None, 1}:
        refuse(path, "its triggers trip at the first failure and heal at the first pass")
    if trigger.status not in STATUSES:
        refuse(f"{path}.status", "its clean-up is a call, not a status")
    test = comparison(trigger.test)
    if test.window > 1:
        refuse(f"{path}.test", "its triggers do not look back")
    left = words.statistic(test.left, f"{path}.test.left")
    right = words.statistic(test.right, f"{path}.test.right")
    share = {"tag": "Factor", "contents": [right, Words.rate(test.ratio_ppm)]}
    return {
        "trgName": trigger.name,
        "trgCondition": {"tag": "If2", "contents": [RELATIONS[test.relation], left, share]},
        "trgEffects": {"tag": "DealStatusTo", "contents": {"tag": STATUSES[trigger.status], "contents": None}},
        "trgStatus": False,
        "trgCurable": trigger.cure_after == 1,
    }


def _waterfalls(deal: Deal, words: Words) -> Json:
    found: Json = {}
    for status, steps in all_waterfalls(deal):
        if status not in WATERFALLS:
            refuse(f"$.waterfalls.{status}", "its clean-up is a call, not a status")
        actions: list[Json] = [{"tag": "CalcFee", "contents": [fee.name for fee in deal.fees]}] if deal.fees else []
        bearing = [one.name for one in deal.tranches if not isinstance(one.coupon, NoCoupon)]
        if bearing:
            actions.append({"tag": "CalcBondInt", "contents": [bearing, None, None]})
        for place, step in enumerate(steps):
            actions += words.actions(step, f"$.waterfalls.{status}[{place}]")
        found[WATERFALLS[status]] = actions
    return found
