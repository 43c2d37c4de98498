"""The part of an exported program that every deal shares: its roundings, and how each kind of step moves money.

Plain Python 3.9 or newer, standard library only. The state is a handful of dictionaries; a deal's own part fills and
uses them.
"""

from __future__ import annotations

PRELUDE = '''\
import csv
import sys

PPM = 1_000_000


def div_floor(numerator, denominator):
    """Round down."""
    return numerator // denominator


def div_ceil(numerator, denominator):
    """Round up."""
    return -(-numerator // denominator)


def div_half_even(numerator, denominator):
    """Round to nearest, a tie to the even neighbour."""
    quotient, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2):
        quotient += 1
    return quotient


def share_out(whole, weights):
    """Split in proportion by largest remainder; equal remainders go to the earlier place."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    parts = [whole * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(whole * weights[place] % total), place))
    for place in order[: whole - sum(parts)]:
        parts[place] += 1
    return parts


def in_order(available, dues):
    """Pay one after the other."""
    paid = []
    for due in dues:
        paid.append(min(available, due))
        available -= paid[-1]
    return paid


def pro_rata(available, dues):
    """Pay in proportion to what is due."""
    return share_out(min(available, sum(dues)), dues)


SPLIT = {"sequential": in_order, "pro_rata": pro_rata}


def earned(base, rate_ppm, days, year_days):
    """A year's rate on a base for some days."""
    return div_half_even(base * rate_ppm * days, PPM * year_days)


# --- The state: amounts in minor units, by name. `told` holds what this period paid.

number = 0
pool, rate, events, failed = {}, {}, {}, {}
account, balance, interest_due, accrued = {}, {}, {}, {}
fee_due, hedge_due = {}, {}
used, owed, support_interest = {}, {}, {}
strikes, passes, tripped, window = {}, {}, {}, {}
told = {}


def tell(path, kind, to, amount):
    """Put a payment on record."""
    key = f"{path}:{kind}:{to}"
    told[key] = told.get(key, 0) + amount


def total(figures, names):
    """Add up a figure of several."""
    return sum(figures[name] for name in names)


def available(name):
    """What may be drawn on a support."""
    return 0 if failed[name] else SUPPORTS[name]["limit"] - used[name]


def target(name):
    """What an account should hold; nothing in the last period."""
    return 0 if number == LAST else TARGETS[name]()


def principal_due(name):
    """The principal that is owed now: by plan, by bullet, or at the end."""
    kind, figure = PRINCIPAL[name]
    if kind == "planned":
        return max(0, balance[name] - figure[number - 1])
    if kind == "bullet":
        return balance[name] if number >= figure else 0
    return balance[name] if kind == "pass_through" and number == LAST else 0


def can_take(name, accelerated):
    """The most principal that may be paid now."""
    if accelerated or PRINCIPAL[name][0] == "pass_through":
        return balance[name]
    return principal_due(name)


def collect(what, name):
    """Money of the pool comes into an account."""
    account[name] += pool[what]
    tell(f"$.collections.{what}", "collection", name, pool[what])


def add_interest(path, name, base, compounding, rate_ppm, days, year_days, capitalise_until):
    """A tranche's interest falls due, or is added to its balance."""
    accrued[name] = earned(base + (interest_due[name] if compounding else 0), rate_ppm, days, year_days)
    if number <= capitalise_until:
        balance[name] += accrued[name]
        tell(path, "capitalised", name, accrued[name])
    else:
        interest_due[name] += accrued[name]


def settle_hedge(path, name, into, received, cost):
    """A hedge's receipt comes in, its cost falls due."""
    account[into] += received
    hedge_due[name] += cost
    tell(path, "hedge_receipt", name, received)


def add_fee(name, value, minimum, maximum, vat_ppm, first, every):
    """A fee falls due, within its bounds, with its tax."""
    if number < first or (number - first) % every:
        return
    value = max(value, minimum)
    value = value if maximum is None else min(value, maximum)
    fee_due[name] += value + div_half_even(value * vat_ppm, PPM)


def banded(base, bands, days, year_days):
    """A tiered fee: each band's part at its rate."""
    value = below = 0
    for bound, rate_ppm in bands:
        upper = base if bound is None else min(base, bound)
        value += earned(max(0, upper - below), rate_ppm, days, year_days)
        below = max(below, upper)
    return value


def check(name, left, right, relation, ratio_ppm, periods, needed, in_a_row, cure_after):
    """Check a trigger: both sides over its window, multiplied crosswise."""
    window[name] = (window[name] + [(left, right)])[-periods:]
    if len(window[name]) < periods:
        return
    one = sum(pair[0] for pair in window[name]) * PPM
    other = sum(pair[1] for pair in window[name]) * ratio_ppm
    if {"below": one < other, "at_most": one <= other, "above": one > other, "at_least": one >= other}[relation]:
        strikes[name] += 1
        passes[name] = 0
        tripped[name] = int(tripped[name] or strikes[name] >= needed)
        return
    passes[name] += 1
    if in_a_row:
        strikes[name] = 0
    if tripped[name] and cure_after is not None and passes[name] >= cure_after:
        strikes[name] = tripped[name] = 0


def pay(path, kind, source, dues, names, order, limit=None):
    """Pay dues out of an account."""
    cash = account[source] if limit is None else min(account[source], limit)
    for name, amount in zip(names, SPLIT[order](cash, [dues[name] for name in names])):
        dues[name] -= amount
        account[source] -= amount
        tell(path, kind, name, amount)


def pay_principal(path, source, names, order, shares, limit, accelerated):
    """Pay principal out of an account."""
    cash = account[source] if limit is None else min(account[source], limit)
    takes = [can_take(name, accelerated) for name in names]
    if order == "shares":
        amounts = [min(part, take) for part, take in zip(share_out(min(cash, sum(takes)), shares), takes)]
    else:
        amounts = SPLIT[order](cash, takes)
    for name, amount in zip(names, amounts):
        balance[name] -= amount
        account[source] -= amount
        tell(path, "principal", name, amount)


def pay_residual(path, source, name):
    """Pay all that is left."""
    tell(path, "residual", name, account[source])
    account[source] = 0


def move(path, kind, source, destination, amount):
    """Move money from an account to another."""
    account[source] -= amount
    account[destination] += amount
    tell(path, kind, destination, amount)


def top_up(path, destination, dues, sources):
    """Bring what an account lacks of its dues."""
    missing = max(0, dues - account[destination])
    for kind, name in sources:
        amount = min(missing, account[name] if kind == "account_draw" else available(name))
        if kind == "account_draw":
            account[name] -= amount
        else:
            used[name] += amount
            owed[name] += amount if SUPPORTS[name]["recourse"] else 0
        account[destination] += amount
        missing -= amount
        tell(path, kind, name, amount)


def repay(path, source, names):
    """Pay back supports, interest first."""
    for name in names:
        interest = min(account[source], support_interest[name])
        account[source] -= interest
        support_interest[name] -= interest
        tell(path, "support_interest", name, interest)
        principal = min(account[source], owed[name])
        account[source] -= principal
        owed[name] -= principal
        used[name] -= principal if SUPPORTS[name]["restores"] else 0
        tell(path, "support_principal", name, principal)


def write_off(path, names, loss):
    """Take a loss off balances."""
    for name, amount in zip(names, in_order(loss, [balance[name] for name in names])):
        balance[name] -= amount
        tell(path, "write_off", name, amount)
'''
EPILOGUE = '''\


def main(source, sink):
    """Read the pool's periods, write every payment and figure: period, item, amount in minor units."""
    rows = list(csv.DictReader(source))
    if len(rows) != LAST:
        sys.exit(f"{len(rows)} periods of figures for a deal of {LAST}")
    start()
    writer = csv.writer(sink, lineterminator="\\n")
    writer.writerow(["period", "item", "amount"])
    for row in rows:
        for item, amount in run_period({name: int(value) for name, value in row.items()}).items():
            writer.writerow([number, item, amount])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python program.py PERIODS.csv > payments.csv")
    with open(sys.argv[1], encoding="utf-8-sig", newline="") as file:
        main(file, sys.stdout)
'''
