"""A deal as a plain program: Python, standard library only, one line for each thing the deal says.

The program reads the periods file that `exchange deal run` reads and prints every payment and figure, equal to the
evaluator's to the unit. Idea: the waterfall program that the SEC proposed to require of issuers.

Source: SEC Release 33-9117 (2010), proposed Item 1113(h) of Regulation AB, waterfall computer program in Python.
"""

from __future__ import annotations

from securitization.deal import Deal, all_waterfalls, deal_hash
from securitization.deal_formulas import PoolFigure
from securitization.deal_terms import (
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
    RateCap,
    RateFee,
    RateFloor,
    SteppedCoupon,
    Swap,
    TieredFee,
    Tranche,
    UnpaidInterest,
)
from securitization.deal_triggers import SEVERITY, CheckPoint, Trigger
from securitization.export_prelude import EPILOGUE, PRELUDE
from securitization.export_steps import expression, step_line
from securitization.render_rules import tell_step
from securitization.render_terms import Teller
from securitization.schedule import days_in_year, period_days
from securitization.trigger import comparison


def export_python(deal: Deal) -> str:
    """The program of a deal that was checked."""
    parts = [
        _head(deal),
        PRELUDE,
        *("", "", f"# --- The deal: {deal.title.en}", ""),
        *_terms(deal),
        *_start(deal),
        *_accruals(deal),
        *_checks(deal, CheckPoint.COLLECTION),
        *_checks(deal, CheckPoint.PAYMENT),
        *_waterfalls(deal),
        *_period(deal),
        EPILOGUE,
    ]
    return "\n".join(parts)


def _head(deal: Deal) -> str:
    words = f"{deal.title.en} ({deal.name}), {deal.currency}: a program made from the deal's file."
    words = words.replace("\\", "/").replace('"', "'")
    return f'"""{words}\n\nSHA-256 of the deal: {deal_hash(deal)}\nAmounts are whole minor units.\n"""\n'


def _terms(deal: Deal) -> list[str]:
    lines = [f"LAST = {len(deal.periods)}"]
    counts = [one.day_count for one in deal.tranches]
    counts += [one.day_count for one in deal.hedges] + [one.day_count for one in deal.supports]
    for fee in deal.fees:
        if isinstance(fee.charge, RateFee | TieredFee) and fee.charge.day_count is not None:
            counts.append(fee.charge.day_count)
    lines.append("DAYS = {")
    used = [count for count in DayCount if count in counts]
    lines += [f"    {str(count)!r}: {[period_days(period, count) for period in deal.periods]}," for count in used]
    lines += ["}", "PRINCIPAL = {"]
    lines += [f"    {one.name!r}: {_principal(one)}," for one in deal.tranches]
    faces = {one.name: one.face_minor for one in deal.tranches}
    lines += ["}", f"FACES = {faces!r}", "SUPPORTS = {"]
    for one in deal.supports:
        terms = {"limit": one.limit_minor, "recourse": one.recourse, "restores": one.restores}
        lines.append(f"    {one.name!r}: {terms!r},")
    lines += ["}", "TARGETS = {"]
    for account in deal.accounts:
        worth = "0" if account.target is None else expression(account.target)
        lines.append(f"    {account.name!r}: lambda: {worth},")
    return [*lines, "}"]


def _principal(tranche: Tranche) -> str:
    principal = tranche.principal
    match principal:
        case Planned():
            return repr(("planned", list(principal.balances_minor)))
        case Bullet():
            return repr(("bullet", principal.period))
        case PassThrough():
            return repr(("pass_through", None))
        case InterestOnly():
            return repr(("interest_only", None))


def _start(deal: Deal) -> list[str]:
    def zeros(name: str, keys: list[str], value: str = "0") -> str:
        return f"    {name}.update({{key: {value} for key in {keys!r}}})"

    tranches, supports = [one.name for one in deal.tranches], [one.name for one in deal.supports]
    triggers = [one.name for one in deal.triggers]
    return [
        "",
        "",
        "def start():",
        '    """The closing day."""',
        "    global number",
        "    number = 0",
        f"    account.update({ {one.name: one.opening_minor for one in deal.accounts}!r})",
        f"    balance.update({ {one.name: one.face_minor for one in deal.tranches}!r})",
        zeros("interest_due", tranches),
        zeros("accrued", tranches),
        zeros("fee_due", [one.name for one in deal.fees]),
        zeros("hedge_due", [one.name for one in deal.hedges]),
        *(zeros(name, supports) for name in ("used", "owed", "support_interest", "failed")),
        *(zeros(name, triggers) for name in ("strikes", "passes", "tripped")),
        zeros("window", triggers, "[]"),
        f"    pool.update({{key: 0 for key in {[str(one) for one in PoolFigure]!r}}})",
        f"    pool['initial_balance'] = pool['balance'] = {deal.pool.initial_balance_minor}",
        f"    pool['initial_valuation'] = {deal.pool.initial_valuation_minor}",
    ]


def _days(day_count: DayCount | None) -> str:
    """The days and the year of a day count, as two arguments; a flat rate is one day of one."""
    return "1, 1" if day_count is None else f"DAYS[{str(day_count)!r}][number - 1], {days_in_year(day_count)}"


def _accruals(deal: Deal) -> list[str]:
    lines = ["", "", "def accrue():", '    """What falls due as the period opens."""', "    opening = dict(balance)"]
    for place, tranche in enumerate(deal.tranches):
        compounding = tranche.unpaid_interest is UnpaidInterest.COMPOUNDING
        base = f"opening[{tranche.name!r}]"
        if isinstance(tranche.principal, InterestOnly):
            base = f"total(opening, {list(tranche.principal.notional_of)!r})"
        rate, days = _coupon(tranche.coupon), _days(tranche.day_count)
        head = f"'$.tranches[{place}]', {tranche.name!r}, {base}, {compounding}, {rate}"
        lines.append(f"    add_interest({head}, {days}, {tranche.capitalise_until_period})")
    for place, hedge in enumerate(deal.hedges):
        lines += _hedge(hedge, f"$.hedges[{place}]")
    for fee in deal.fees:
        terms = [fee.minimum_minor, fee.maximum_minor, fee.vat_ppm, fee.first_period, fee.every_periods]
        lines.append(f"    add_fee({fee.name!r}, {_charge(fee)}, {', '.join(repr(one) for one in terms)})")
    for support in deal.supports:
        interest = f"earned(owed[{support.name!r}], {support.rate_ppm}, {_days(support.day_count)})"
        lines.append(f"    support_interest[{support.name!r}] += {interest}")
    return lines


def _coupon(coupon: Coupon) -> str:
    match coupon:
        case NoCoupon():
            return "0"
        case FixedCoupon():
            return str(coupon.rate_ppm)
        case SteppedCoupon():
            steps = [(step.from_period, step.rate_ppm) for step in coupon.steps]
            return f"[rate for begin, rate in {steps!r} if begin <= number][-1]"
        case FloatingCoupon():
            worth = f"max(rate[{coupon.index!r}] + {coupon.spread_ppm}, {coupon.floor_ppm})"
            return worth if coupon.cap_ppm is None else f"min({worth}, {coupon.cap_ppm})"


def _hedge(hedge: Hedge, path: str) -> list[str]:
    terms, days = hedge.terms, _days(hedge.day_count)
    lines = [f"    notional = {expression(hedge.notional)}"]
    match terms:
        case Swap():
            receives, pays = _leg(terms.receive), _leg(terms.pay)
            lines.append(f"    net = earned(notional, {receives}, {days}) - earned(notional, {pays}, {days})")
            received, cost = "max(0, net)", "max(0, -net)"
        case RateCap():
            rate = f"max(0, rate[{terms.index!r}] - {terms.strike_ppm})"
            received, cost = f"earned(notional, {rate}, {days})", str(terms.premium_minor)
        case RateFloor():
            rate = f"max(0, {terms.strike_ppm} - rate[{terms.index!r}])"
            received, cost = f"earned(notional, {rate}, {days})", str(terms.premium_minor)
    return [*lines, f"    settle_hedge({path!r}, {hedge.name!r}, {hedge.account!r}, {received}, {cost})"]


def _leg(leg: FixedLeg | FloatingLeg) -> str:
    return str(leg.rate_ppm) if isinstance(leg, FixedLeg) else f"max(0, rate[{leg.index!r}] + {leg.spread_ppm})"


def _charge(fee: Fee) -> str:
    charge = fee.charge
    match charge:
        case FlatFee():
            return str(charge.amount_minor)
        case EventFee():
            return f"events[{charge.event!r}] * {charge.amount_minor}"
        case RateFee():
            return f"earned({expression(charge.base)}, {charge.rate_ppm}, {_days(charge.day_count)})"
        case TieredFee():
            bands = [(band.up_to_minor, band.rate_ppm) for band in charge.bands]
            return f"banded({expression(charge.base)}, {bands!r}, {_days(charge.day_count)})"


def _checks(deal: Deal, point: CheckPoint) -> list[str]:
    lines = ["", "", f"def check_{point}():", f'    """Triggers checked at {point}; gives the status from here on."""']
    lines += [f"    # {one.title.en}\n    {_check(one)}" for one in deal.triggers if one.checked is point]
    statuses = ", ".join(f"({one.name!r}, {SEVERITY.index(one.status)})" for one in deal.triggers)
    return [*lines, f"    return max([0] + [severity for name, severity in [{statuses}] if tripped[name]])"]


def _check(trigger: Trigger) -> str:
    test = comparison(trigger.test)
    sides = f"{expression(test.left)}, {expression(test.right)}"
    how = f"{str(test.relation)!r}, {test.ratio_ppm}, {test.window}"
    return f"check({trigger.name!r}, {sides}, {how}, {trigger.strikes}, {trigger.in_a_row}, {trigger.cure_after})"


def _waterfalls(deal: Deal) -> list[str]:
    teller, lines = Teller(deal, "en"), list[str]()
    for status, steps in all_waterfalls(deal):
        lines += ["", "", f"def waterfall_{status}():", f'    """The steps in status {status}."""']
        for place, step in enumerate(steps):
            lines.append(f"    # {tell_step(teller, step)}")
            lines.append(f"    {step_line(step, f'$.waterfalls.{status}[{place}]')}")
    named = ", ".join(f"{SEVERITY.index(status)}: waterfall_{status}" for status, _ in all_waterfalls(deal))
    return [*lines, "", "", f"WATERFALLS = {{{named}}}"]


def _period(deal: Deal) -> list[str]:
    into = deal.collections
    return [
        "",
        "",
        "def run_period(row):",
        '    """One period: money in, dues, triggers, the waterfall of the status, triggers again."""',
        "    global number",
        "    number += 1",
        "    told.clear()",
        "    pool['opening_balance'] = pool['balance']",
        "    for name in ('interest', 'principal', 'recoveries', 'defaults', 'balance', 'valuation'):",
        "        pool[name] = row[name + '_minor']",
        "    pool['collections'] = pool['interest'] + pool['principal'] + pool['recoveries']",
        "    pool['cumulative_defaults'] += pool['defaults']",
        "    pool['invalidated_rights'] += row['invalidated_rights']",
        f"    rate.update({{name: row['rate_ppm:' + name] for name in {list(deal.indexes)!r}}})",
        f"    events.update({{name: row['events:' + name] for name in {list(deal.events)!r}}})",
        "    failed.update({name: row['failed:' + name] for name in SUPPORTS})",
        f"    collect('interest', {into.interest!r})",
        f"    collect('principal', {into.principal!r})",
        f"    collect('recoveries', {into.recoveries!r})",
        "    accrue()",
        "    status = check_collection()",
        "    WATERFALLS[status]()",
        "    check_payment()",
        "    return {**told, 'status': status, **figures()}",
        "",
        "",
        "def figures():",
        '    """Every figure as it stands."""',
        "    found = {}",
        "    for kind, group in (",
        "        ('tranche', (('balance', balance), ('interest_due', interest_due))),",
        "        ('account', (('', account),)),",
        "        ('fee', (('due', fee_due),)),",
        "        ('hedge', (('due', hedge_due),)),",
        "        ('support', (('used', used), ('owed', owed), ('interest_due', support_interest))),",
        "        ('trigger', (('strikes', strikes), ('tripped', tripped))),",
        "    ):",
        "        for name in group[0][1]:",
        "            for figure, some in group:",
        "                found['.'.join(word for word in (kind, name, figure) if word)] = some[name]",
        "    return found",
    ]
