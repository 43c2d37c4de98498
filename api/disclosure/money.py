"""The chapters about money: every step of the waterfall with its reason, the deal's accounts, fees."""

from __future__ import annotations

from dataclasses import dataclass

from api.disclosure.cells import both, cell, stated, table, total, words
from api.disclosure.cells import row as line
from api.disclosure.facts import Facts, Paid, Told
from api.disclosure.names import named, titles
from securitization.disclosure import Both, Chapter, Figure, Row, Table
from securitization.explain import Kind, Payment
from securitization.render import tell_payment
from securitization.render_terms import LANGUAGES
from securitization.servicing import Flow, flow_of

MOST_REASON = 4_000
"""Characters of one reason: a tree of hundreds of figures is told by the explanation of the payment itself."""


@dataclass(frozen=True)
class Step:
    """One payment of one period's waterfall, where it was posted."""

    paid: Paid
    place: int
    payment: Payment
    figure: Figure

    @property
    def flow(self) -> Flow | None:
        """From where to where it moved, if it moved."""
        return flow_of(self.payment)


def steps(paid: Paid) -> list[Step]:
    """Every payment of a period, in the waterfall's order."""
    found = paid.started.says("payment", "result", "payments")
    return [
        Step(paid, place, one, stated(paid.started, "payment", "result", "payments", place, "amount_minor"))
        for place, one in enumerate(found)
    ]


def sum_of(facts: Facts, kind: Kind, to: str) -> Figure | None:
    """What one kind of payment brought to one name of the deal, over all periods told of."""
    every = (step for paid in facts.paid for step in steps(paid))
    return total(step.figure for step in every if step.payment.kind is kind and step.payment.to == to)


def waterfall(facts: Facts) -> Chapter:
    """Every step, what it paid and why."""
    order: dict[str, list[Step]] = {}
    for paid in facts.paid:
        for step in steps(paid):
            order.setdefault(step.payment.key, []).append(step)
    called = titles(facts.deal)
    rows: list[Row] = []
    for key, found in order.items():
        one = found[0].payment
        kind, to = named(one.kind.value), called.get(one.to, both(one.to, one.to))
        label = both(f"{kind.en}: {to.en}", f"{kind.zh}：{to.zh}")
        account = called.get(one.account, both(one.account, one.account))
        amount = cell(total(step.figure for step in found))
        note = _why(facts, found) if len(facts.paid) == 1 else None
        rows.append(line(key, label, words(one.path), words(f"{account.en} {account.zh}"), amount, note=note))
    columns = (("Step", "步骤"), ("Account", "账户"), ("Amount", "金额"))
    note = both(
        "A year adds up its payments; why each amount is what it is stands in the report of each payment.",
        "年度报告为各期之和，逐笔原因见各期兑付报告。",
    )
    title = both("Every step of the waterfall", "现金流分配明细")
    told = table("steps", title, columns, rows, note if len(facts.paid) > 1 else None)
    return Chapter(code="waterfall", section="3.4", title=both("The waterfall", "现金流分配"), tables=(told,))


def accounts(facts: Facts) -> Chapter:
    """The deal's accounts from the start to the end, beside what the ledger says of them."""
    rows: list[Row] = []
    called = titles(facts.deal)
    every = [step for paid in facts.paid for step in steps(paid)]
    for place, account in enumerate(facts.deal.accounts):
        opening = opening_of(facts, f"account.{account.name}", ("accounts", place, "opening_minor"))
        into = [one.figure for one in every if _at(one, account.name, source=False)]
        out = [one.figure for one in every if _at(one, account.name, source=True)]
        closing = stated(facts.last.started, "payment", "result", "figures", f"account.{account.name}")
        ledger = ledger_balance(facts, account.name)
        cells = (cell(opening), cell(total(into)), cell(total(out)), cell(closing), cell(ledger))
        rows.append(line(account.name, called[account.name], *cells))
    columns = (
        ("At the start", "期初"),
        ("In", "转入"),
        ("Out", "转出"),
        ("At the end", "期末"),
        ("In the ledger", "账簿余额"),
    )
    note = both(
        "The ledger's figure is the balance that the payment's posting left; untouched accounts have none.",
        "账簿余额取自本次过账；未发生过账的账户不列示。",
    )
    title = both("Accounts and reserves", "账户与储备")
    told = table("accounts", title, columns, rows, note)
    return Chapter(
        code="accounts",
        section="3.4",
        title=both("Money in and out", "资金收支与投资管理情况"),
        tables=(told, _invested()),
    )


def fees(facts: Facts) -> Chapter:
    """What was charged, paid and is still owed."""
    rows: list[Row] = []
    for fee in facts.deal.fees:
        paid = sum_of(facts, Kind.FEE, fee.name)
        due = stated(facts.last.started, "payment", "result", "figures", f"fee.{fee.name}.due")
        rows.append(line(fee.name, titles(facts.deal)[fee.name], cell(paid), cell(due)))
    for hedge in facts.deal.hedges:
        paid = sum_of(facts, Kind.HEDGE, hedge.name)
        due = stated(facts.last.started, "payment", "result", "figures", f"hedge.{hedge.name}.due")
        rows.append(line(hedge.name, titles(facts.deal)[hedge.name], cell(paid), cell(due)))
    told = table("fees", both("Fees and hedges", "费用与对冲"), (("Paid", "已付"), ("Still owed", "未付")), rows)
    note = both(
        "Rewards of programmes are paid to members and not out of the plan; none is a part of this waterfall.",
        "奖励资金直接拨付机构，不从专项计划支付。",
    )
    rewards = table("rewards", both("Rewards", "奖励"), (("Amount", "金额"),), (), note)
    return Chapter(code="fees", section="3.4", title=both("Fees and rewards", "费用与奖励"), tables=(told, rewards))


def opening_of(facts: Facts, figure: str, in_text: tuple[str | int, ...]) -> Figure:
    """A figure of the deal before the first payment told of: as the payment before left it, or as the text begins."""
    first = facts.paid[0]
    if first.number == 1:
        return stated(facts.opened, "servicing", "deal_text", inside=in_text)
    return stated(first.opening, "payment", "result", "figures", figure)


def ledger_balance(facts: Facts, name: str) -> Figure | None:
    """What the last payment's posting left on an account of the deal; none where it posted nothing there."""
    account_id = next(one.account_id for one in facts.servicing.accounts if one.name == name)
    return last_posting(facts.last.started, account_id, facts.servicing.money_asset_id)


def last_posting(told: Told, account_id: int, asset_id: int) -> Figure | None:
    """The balance after the last posting of an event on an account."""
    place = None
    for number, one in enumerate(told.says("movement", "postings")):
        if one.account_id == account_id and one.asset_id == asset_id:
            place = number
    return None if place is None else stated(told, "movement", "postings", place, "balance_after")


def _at(step: Step, name: str, *, source: bool) -> bool:
    flow = step.flow
    place = None if flow is None else flow.source if source else flow.target
    return place is not None and place.what == "account" and place.name == name


def _why(facts: Facts, found: list[Step]) -> Both:
    told = ["".join(tell_payment(facts.deal, one.payment, language) for one in found) for language in LANGUAGES]
    short = [text if len(text) <= MOST_REASON else text[:MOST_REASON] + "…" for text in told]
    return Both(en=short[0], zh=short[1])


def _invested() -> Table:
    note = both(
        "The accounts are kept in the exchange's own ledger; nothing of them is invested.",
        "各账户资金均在本所账簿中，未作投资。",
    )
    return table("invested", both("Investments", "投资管理"), (("Amount", "金额"),), (), note)
