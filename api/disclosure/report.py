"""A report of one payment, or of a year's: its chapters, and the sums in it that must agree."""

from __future__ import annotations

from api.disclosure.cells import both, cell, less, stated, table, total
from api.disclosure.cells import row as line
from api.disclosure.facts import Facts, Paid, facts_of
from api.disclosure.money import accounts, fees, ledger_balance, opening_of, steps, sum_of, waterfall
from api.disclosure.names import titles
from api.disclosure.outlook import Projection, outlook
from api.disclosure.parties import duties, originator, plan
from api.disclosure.pool import cash, pool, rights
from api.disclosure.standing import classes, enhancement, paid_out, pot
from custody.accounts import Asset
from exchange.core.ids import KINDS, to_wire
from exchange.core.rejections import InvariantBroken
from exchange.store.queries import records
from exchange.store.queries.reader import Snapshot
from securitization.disclosure import Both, Chapter, Figure, Report, Row
from securitization.explain import Kind
from securitization.servicing_records import Servicing


def report_of(
    snapshot: Snapshot,
    servicing: Servicing,
    *,
    period: int = 0,
    year: int = 0,
    projection: Projection | None = None,
) -> Report:
    """The report of one period's payment, or of all whose payment date lies in a year.

    Raises: NoReport report.not_paid, report.no_payment, report.too_long.
    """
    facts = facts_of(snapshot, servicing, period=period, year=year)
    money = records.one(snapshot, Asset, (servicing.money_asset_id,))
    return Report(
        kind="payment" if period else "year",
        servicing=to_wire(KINDS["ServicingId"], servicing.servicing_id),
        name=servicing.name,
        title=both(facts.deal.title.en, facts.deal.title.zh),
        deal_sha256=servicing.deal_sha256,
        currency=facts.deal.currency,
        scale=money.scale if isinstance(money, Asset) else 2,
        period=period,
        year=year,
        through_sequence=facts.through,
        through_ns=facts.last.completed.at_ns,
        chapters=(
            plan(snapshot, facts),
            duties(snapshot, facts),
            classes(facts),
            pool(snapshot, facts),
            rights(snapshot, facts),
            outlook(facts, projection),
            waterfall(facts),
            accounts(facts),
            fees(facts),
            originator(snapshot, facts),
            enhancement(facts),
            agreed(facts),
        ),
    )


def agreed(facts: Facts) -> Chapter:
    """The sums that two records tell independently. A report in which two differ is not made.

    Raises: InvariantBroken.
    """
    rows = [*_each_payment(facts), *_accounts(facts), *_classes(facts)]
    for one in rows:
        first, second = one.cells
        if first is not None and second is not None and first.value != second.value:
            raise InvariantBroken(f"a report's sums agree: {one.key} {first.value} {second.value}")
    columns = (("One record", "来源一"), ("The other", "来源二"))
    told = table("sums", both("Sums that agree", "核对"), columns, rows)
    return Chapter(code="agreed", section="", title=both("Checked sums", "勾稽核对"), tables=(told,))


def _each_payment(facts: Facts) -> list[Row]:
    rows: list[Row] = []
    for paid in facts.paid:
        own = str(paid.number)
        came_in = total(step.figure for step in steps(paid) if step.payment.kind is Kind.COLLECTION)
        rows.append(
            _row(
                f"{own}.collected",
                both("Collected, and taken in by the waterfall", "归集与分配收入"),
                own,
                cash(paid),
                came_in,
            )
        )
        pots: list[Figure] = []
        for tranche in facts.deal.tranches:
            owed, out = pot(paid, tranche.name), paid_out(paid, tranche.name)
            pots += [owed] if owed is not None else []
            label = titles(facts.deal)[tranche.name]
            named = both(f"{label.en}: waterfall, and holders", f"{label.zh}：分配与持有人所得")
            rows.append(_row(f"{own}.{tranche.name}", named, own, owed, out))
        escrow = _escrow(paid)
        label = both("All classes, and the ledger's escrow of the holders", "各类合计与持有人托管户")
        rows.append(_row(f"{own}.escrow", label, own, total(pots), escrow))
    return rows


def _escrow(paid: Paid) -> Figure | None:
    """What the payment posted to the account from which its holders are paid."""
    account_id = paid.payment.escrow_account_id
    postings = paid.started.says("movement", "postings")
    return total(
        stated(paid.started, "movement", "postings", place, "units")
        for place, one in enumerate(postings)
        if one.account_id == account_id
    )


def _accounts(facts: Facts) -> list[Row]:
    rows: list[Row] = []
    for place, account in enumerate(facts.deal.accounts):
        label = titles(facts.deal)[account.name]
        closing = stated(facts.last.started, "payment", "result", "figures", f"account.{account.name}")
        opening = opening_of(facts, f"account.{account.name}", ("accounts", place, "opening_minor"))
        flows = [step for paid in facts.paid for step in steps(paid) if step.flow is not None]
        into = [one.figure for one in flows if one.flow and one.flow.target == ("account", account.name)]
        out = [one.figure for one in flows if one.flow and one.flow.source == ("account", account.name)]
        moved = less(total([opening, *into]), *out)
        first = both(f"{label.en}: start and movements, and end", f"{label.zh}：期初加变动与期末")
        rows.append(line(f"account.{account.name}", first, cell(moved), cell(closing)))
        ledger = ledger_balance(facts, account.name)
        second = both(f"{label.en}: waterfall, and ledger", f"{label.zh}：分配结果与账簿")
        rows.append(line(f"ledger.{account.name}", second, cell(closing), cell(ledger)))
    return rows


def _classes(facts: Facts) -> list[Row]:
    rows: list[Row] = []
    for place, tranche in enumerate(facts.deal.tranches):
        opening = opening_of(facts, f"tranche.{tranche.name}.balance", ("tranches", place, "face_minor"))
        end = stated(facts.last.started, "payment", "result", "figures", f"tranche.{tranche.name}.balance")
        added, repaid, written = (
            sum_of(facts, kind, tranche.name) for kind in (Kind.CAPITALISED, Kind.PRINCIPAL, Kind.WRITE_OFF)
        )
        grown = opening if added is None else total([opening, added])
        label = titles(facts.deal)[tranche.name]
        named = both(f"{label.en}: start less repaid, and end", f"{label.zh}：期初减还本与期末")
        rows.append(line(f"owed.{tranche.name}", named, cell(less(grown, repaid, written)), cell(end)))
    return rows


def _row(key: str, label: Both, number: str, first: Figure | None, second: Figure | None) -> Row:
    named = both(f"{label.en}, period {number}", f"{label.zh}，第{number}期")
    return line(key, named, cell(first), cell(second))
