"""The chapters about the plan and who carries it: parties, what happened, who did what he had to, the originator."""

from __future__ import annotations

from api.disclosure.cells import both, cell, counted, said, stated, table, words
from api.disclosure.cells import row as line
from api.disclosure.facts import Facts, Paid, Path, Told, posted
from api.disclosure.names import moment, named, titles, who
from exchange.core.ids import KINDS, to_wire
from exchange.store.queries.reader import Snapshot
from securitization.deal_terms import FixedCoupon, FloatingCoupon, SteppedCoupon
from securitization.disclosure import Chapter, Figure, Row, Table, Unit
from securitization.servicing_messages import RepurchaseMade
from securitization.servicing_records import Duty, DutyState

LATE = (DutyState.LATE, DutyState.DONE_LATE, DutyState.MISSED)
SILENT = ("payment.holders_paid",)
"""Events told chunk by chunk: they are counted with the classes."""


def plan(snapshot: Snapshot, facts: Facts) -> Chapter:
    """What the plan is, who takes part, and what happened."""
    return Chapter(
        code="plan",
        section="3.2",
        title=both("The plan and its parties", "专项计划基本情况及业务参与人"),
        tables=(_terms(facts), _classes(facts), _parties(snapshot, facts), _periods(facts), _events(facts)),
    )


def duties(snapshot: Snapshot, facts: Facts) -> Chapter:
    """Who did in time what had to be done."""
    rows: list[Row] = []
    states: list[tuple[DutyState, Figure]] = []
    for paid in facts.paid:
        for told, path in last_duties(paid):
            duty = told.says(*path)
            due = stated(told, *path, "due_ns")
            states.append((duty.state, due))
            key = to_wire(KINDS["DutyId"], duty.duty_id)
            label = both(
                named(duty.kind.value).en + (f" ({duty.subject})" if duty.subject else ""), named(duty.kind.value).zh
            )
            state = said(told, *path, "state")
            cells = (words(str(paid.number)), words(who(snapshot, duty.account_id)), cell(due, Unit.AT_NS), state)
            rows.append(line(key, label, *cells))
    late = [due for state, due in states if state in LATE]
    counts = (
        line("all", both("Duties", "义务总数"), cell(counted(due for _, due in states), Unit.COUNT)),
        line("late", both("Late or missed", "逾期或未履行"), cell(counted(late), Unit.COUNT)),
    )
    columns = (("Period", "期数"), ("Who", "义务人"), ("Due", "期限"), ("State", "状态"))
    return Chapter(
        code="duties",
        section="3.2",
        title=both("Performance of duties", "业务参与人履约情况"),
        tables=(
            table("counts", both("In all", "汇总"), (("Number", "数量"),), counts),
            table("duties", both("Each duty as it ended", "各项义务履行情况"), columns, rows),
        ),
    )


def originator(snapshot: Snapshot, facts: Facts) -> Chapter:
    """Claims the originator bought back, and the notes it holds."""
    bought: list[Row] = []
    for paid in facts.paid:
        for told in paid.of(RepurchaseMade):
            key = str(told.says("key"))
            cells = (words(str(paid.number)), cell(stated(told, "amount_minor")), said(told, "reason"))
            bought.append(line(f"{told.sequence}.{key}", key, *cells))
    held: list[Row] = []
    account_id = facts.servicing.originator_account_id
    for one in facts.servicing.classes:
        found = posted(snapshot, account_id, one.asset_id, facts.through)
        if found is not None:
            held.append(line(one.name, titles(facts.deal)[one.name], cell(stated(found[0], *found[1]), Unit.COUNT)))
    return Chapter(
        code="originator",
        section="3.5",
        title=both("The originator", "特定原始权益人情况"),
        tables=(
            table(
                "repurchases",
                both("Claims bought back", "资产回购"),
                (("Period", "期数"), ("Price", "回购价款"), ("Reason", "原因")),
                bought,
                None if bought else both("None in this time.", "本期无回购。"),
            ),
            table(
                "holds",
                both("Notes the originator holds", "原始权益人自持"),
                (("Notes", "份数"),),
                held,
                None if held else both("No note of its was ever posted here.", "无自持记录。"),
            ),
        ),
    )


def last_duties(paid: Paid) -> list[tuple[Told, Path]]:
    """Each duty of a period where it was last told of, the earliest opened first."""
    found: dict[int, tuple[Told, Path]] = {}
    for told in (paid.opening, *paid.told):
        one = getattr(told.event, "duty", None)
        places: list[tuple[Duty, Path]] = [(one, ("duty",))] if one is not None else []
        places += [(each, ("duties", number)) for number, each in enumerate(getattr(told.event, "duties", ()))]
        for duty, path in places:
            if duty.period == paid.number and duty.servicing_id == paid.payment.servicing_id:
                found[duty.duty_id] = (told, path)
    return [found[key] for key in sorted(found)]


# --- The plan ---------------------------------------------------------------------------------------------------------


def _terms(facts: Facts) -> Table:
    deal, opened = facts.deal, facts.opened

    def of_text(*path: str) -> Figure:
        return stated(opened, "servicing", "deal_text", inside=path)

    rows = [
        line("issue", both("Issued for", "发行规模"), cell(of_text("issue_minor"))),
        line("pool", both("Pool at the cut-off", "初始基础资产余额"), cell(of_text("pool", "initial_balance_minor"))),
        line(
            "valuation", both("Valuation at the cut-off", "初始估值"), cell(of_text("pool", "initial_valuation_minor"))
        ),
        line("status", both("Status of the deal", "计划状态"), said(facts.last.started, "payment", "after", "status")),
        line("text", both("SHA-256 of the deal's text", "计划文本哈希"), said(opened, "servicing", "deal_sha256")),
        line("periods", both("Periods", "期数"), words(f"{facts.last.number} / {len(deal.periods)}")),
    ]
    return table("terms", both("The plan", "基本情况"), (("", ""),), rows)


def _classes(facts: Facts) -> Table:
    rows: list[Row] = []
    assets = {one.name: to_wire(KINDS["AssetId"], one.asset_id) for one in facts.servicing.classes}
    for place, tranche in enumerate(facts.deal.tranches):
        face = stated(facts.opened, "servicing", "deal_text", inside=("tranches", place, "face_minor"))
        rate: Figure | None = None
        coupon = tranche.coupon
        if isinstance(coupon, FixedCoupon):
            rate = stated(facts.opened, "servicing", "deal_text", inside=("tranches", place, "coupon", "rate_ppm"))
        kind = "fixed" if rate else "floating" if isinstance(coupon, FloatingCoupon) else "none"
        kind = "stepped" if isinstance(coupon, SteppedCoupon) else kind
        seniority = stated(facts.opened, "servicing", "deal_text", inside=("tranches", place, "seniority"))
        label = titles(facts.deal)[tranche.name]
        cells = (
            words(assets[tranche.name]),
            cell(seniority, Unit.COUNT),
            cell(face),
            words(kind),
            cell(rate, Unit.PPM),
        )
        rows.append(line(tranche.name, label, *cells))
    columns = (("Notes", "证券"), ("Rank", "顺序"), ("Face", "面值"), ("Coupon", "利率类型"), ("Rate a year", "年利率"))
    return table("classes", both("Classes", "资产支持证券"), columns, rows)


def _parties(snapshot: Snapshot, facts: Facts) -> Table:
    servicing = facts.servicing
    named_roles = (
        ("originator", both("Originator", "原始权益人"), servicing.originator_account_id),
        ("servicer", both("Servicer", "资产服务机构"), servicing.servicer_account_id),
        ("trustee", both("Trustee", "托管人"), servicing.trustee_account_id),
    )
    rows = [line(code, label, words(who(snapshot, account_id))) for code, label, account_id in named_roles]
    called = titles(facts.deal)
    rows += [
        line(f"payee.{one.name}", called[one.name], words(who(snapshot, one.account_id))) for one in servicing.payees
    ]
    return table("parties", both("Parties", "业务参与人"), (("Member", "机构"),), rows)


def _periods(facts: Facts) -> Table:
    rows = [
        line(
            str(paid.number),
            both(f"Period {paid.number}", f"第{paid.number}期"),
            *(
                words(text)
                for text in (paid.terms.start, paid.terms.end, paid.terms.record_date, paid.terms.payment_date)
            ),
            words(moment(paid.completed.at_ns)),
        )
        for paid in facts.paid
    ]
    columns = (
        ("From", "起始日"),
        ("To", "截止日"),
        ("Record date", "登记日"),
        ("Payment date", "兑付日"),
        ("Paid at (UTC)", "完成时间"),
    )
    return table("periods", both("Payments told of", "本报告所涉兑付"), columns, rows)


def _events(facts: Facts) -> Table:
    rows: list[Row] = []
    for paid in facts.paid:
        for told in paid.told:
            if told.name not in SILENT:
                key = f"{told.sequence}.{told.place}"
                rows.append(line(key, named(told.name), words(moment(told.at_ns)), words(str(told.sequence))))
    columns = (("At (UTC)", "时间"), ("Row of the journal", "日志行"))
    return table("events", both("What happened", "重大事项"), columns, rows)
