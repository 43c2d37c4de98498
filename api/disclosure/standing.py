"""The chapters about how the deal stands: each class's notes, the triggers, the supports behind them."""

from __future__ import annotations

from api.disclosure.cells import both, cell, share, stated, table, total, words
from api.disclosure.cells import row as line
from api.disclosure.facts import Facts, Paid
from api.disclosure.money import opening_of, steps, sum_of
from api.disclosure.names import titles
from api.disclosure.pool import totals
from securitization.disclosure import Chapter, Figure, Row, Table, Unit
from securitization.explain import Kind
from securitization.servicing import TO_HOLDERS
from securitization.servicing_messages import ClassHoldersPaid


def classes(facts: Facts) -> Chapter:
    """What each class was owed, got and is owed, and to how many it was paid."""
    title = both("The classes", "资产支持证券兑付情况")
    return Chapter(code="classes", section="3.2", title=title, tables=(_owed(facts), _holders(facts)))


def enhancement(facts: Facts) -> Chapter:
    """The triggers and what they compared; the supports and what is left of them; who stands before whom."""
    return Chapter(
        code="enhancement",
        section="3.6",
        title=both("Triggers and credit support", "增信措施及其执行情况"),
        tables=(_triggers(facts), _supports(facts), _subordination(facts)),
    )


def pot(paid: Paid, name: str) -> Figure | None:
    """What a class's payments of one waterfall come to."""
    return total(step.figure for step in steps(paid) if step.payment.kind in TO_HOLDERS and step.payment.to == name)


def paid_out(paid: Paid, name: str) -> Figure | None:
    """What the holders of a class got, chunk by chunk, as the last one says; none where nobody was paid."""
    found = [one for one in paid.of(ClassHoldersPaid) if one.says("class_payment", "name") == name]
    return stated(found[-1], "class_payment", "paid_minor") if found else None


# --- Classes ----------------------------------------------------------------------------------------------------------


def _owed(facts: Facts) -> Table:
    rows: list[Row] = []
    for place, tranche in enumerate(facts.deal.tranches):
        face = stated(facts.opened, "servicing", "deal_text", inside=("tranches", place, "face_minor"))
        opening = opening_of(facts, f"tranche.{tranche.name}.balance", ("tranches", place, "face_minor"))
        end = stated(facts.last.started, "payment", "result", "figures", f"tranche.{tranche.name}.balance")
        owed = stated(facts.last.started, "payment", "result", "figures", f"tranche.{tranche.name}.interest_due")
        flows = [sum_of(facts, kind, tranche.name) for kind in (*TO_HOLDERS, Kind.WRITE_OFF)]
        cells = (cell(opening), *(cell(one) for one in flows), cell(end), cell(share(end, face), Unit.PPM), cell(owed))
        rows.append(line(tranche.name, titles(facts.deal)[tranche.name], *cells))
    columns = (
        ("Owed at the start", "期初本金"), ("Interest paid", "付息"), ("Principal paid", "还本"),
        ("Residual paid", "剩余收益"), ("Written off", "核销"), ("Owed at the end", "期末本金"),
        ("Factor", "剩余比例"), ("Interest unpaid", "欠付利息"),
    )  # fmt: skip
    return table("owed", both("Owed and paid", "本金与收益"), columns, rows)


def _holders(facts: Facts) -> Table:
    rows: list[Row] = []
    for paid in facts.paid:
        for name, label in ((one.name, titles(facts.deal)[one.name]) for one in facts.deal.tranches):
            found = [one for one in paid.of(ClassHoldersPaid) if one.says("class_payment", "name") == name]
            if not found:
                continue
            last = found[-1]
            cells = (
                cell(stated(last, "class_payment", "holders"), Unit.COUNT),
                cell(stated(last, "class_payment", "record_units"), Unit.COUNT),
                cell(stated(last, "class_payment", "pot_minor")),
                cell(stated(last, "class_payment", "paid_minor")),
                cell(stated(last, "class_payment", "burned_units"), Unit.COUNT),
            )
            named = both(f"{label.en}, period {paid.number}", f"{label.zh}，第{paid.number}期")
            rows.append(line(f"{paid.number}.{name}", named, *cells))
    columns = (
        ("Holders of record", "登记持有人数"), ("Notes", "份数"), ("To share", "应付"), ("Shared out", "已付"),
        ("Notes ended", "注销份数"),
    )  # fmt: skip
    note = both("Holders are counted and never named.", "仅披露持有人数，不披露姓名。")
    return table("holders", both("Holders paid", "持有人兑付"), columns, rows, note)


# --- Triggers and supports --------------------------------------------------------------------------------------------


def _triggers(facts: Facts) -> Table:
    rows: list[Row] = []
    for paid in facts.paid:
        for place, check in enumerate(paid.started.says("payment", "result", "checks")):
            here = ("payment", "result", "checks", place)
            left, right = (stated(paid.started, *here, side) for side in ("left", "right"))
            flags = [cell(stated(paid.started, *here, flag), Unit.COUNT) for flag in ("failed", "strikes", "tripped")]
            called = titles(facts.deal)[check.trigger]
            label = both(f"{called.en}, period {paid.number}", f"{called.zh}，第{paid.number}期")
            cells = (cell(left), cell(right), cell(share(left, right), Unit.PPM), *flags)
            rows.append(line(f"{paid.number}.{place}.{check.trigger}", label, *cells))
    columns = (
        ("Left", "左值"), ("Right", "右值"), ("Left to right", "比率"), ("Failed", "未通过"), ("Strikes", "累计次数"),
        ("Tripped", "已触发"),
    )  # fmt: skip
    return table("triggers", both("Triggers as checked", "信用触发机制"), columns, rows)


def _supports(facts: Facts) -> Table:
    rows: list[Row] = []
    for place, support in enumerate(facts.deal.supports):
        limit = stated(facts.opened, "servicing", "deal_text", inside=("supports", place, "limit_minor"))
        drawn = sum_of(facts, Kind.SUPPORT_DRAW, support.name)
        left = [
            stated(facts.last.started, "payment", "result", "figures", f"support.{support.name}.{what}")
            for what in ("used", "owed")
        ]
        missed = [str(paid.number) for paid in facts.paid if support.name in paid.payment.failed_supports]
        failed = words(", ".join(missed)) if missed else None
        rows.append(
            line(support.name, titles(facts.deal)[support.name], cell(limit), cell(drawn), *map(cell, left), failed)
        )
    columns = (
        ("Limit", "额度"),
        ("Drawn", "本期支取"),
        ("Used", "已用"),
        ("Owed back", "待偿还"),
        ("Did not pay in period", "未履行期数"),
    )
    note = None if rows else both("The deal has no support from outside.", "本计划无外部增信。")
    return table("supports", both("Supports", "外部增信"), columns, rows, note)


def _subordination(facts: Facts) -> Table:
    """How much of the pool stands behind each class: what the classes after it are owed."""
    balance = totals(facts.last, "balance_minor")
    rows: list[Row] = []
    tranches = sorted(facts.deal.tranches, key=lambda one: one.seniority)
    ends = {
        one.name: stated(facts.last.started, "payment", "result", "figures", f"tranche.{one.name}.balance")
        for one in tranches
    }
    whole = total(ends.values())
    for one in tranches:
        behind = total(ends[each.name] for each in tranches if each.seniority > one.seniority)
        up_to = total(ends[each.name] for each in tranches if each.seniority <= one.seniority)
        cells = (cell(behind), cell(share(behind, whole), Unit.PPM), cell(share(balance, up_to), Unit.PPM))
        rows.append(line(one.name, titles(facts.deal)[one.name], *cells))
    columns = (("Owed after it", "次级金额"), ("Share", "次级占比"), ("Pool to it and those before", "超额抵押率"))
    return table("subordination", both("Subordination", "优先次级分层"), columns, rows)
