"""The chapters about the pool: what it brought, how it did, how it is spread; and the rights behind it."""

from __future__ import annotations

from dataclasses import dataclass

from api.disclosure.cells import both, cell, said, share, stated, table, total, words, work
from api.disclosure.cells import row as line
from api.disclosure.facts import Facts, Paid, Told, row
from api.disclosure.names import moment
from custody.encumbrances import BurdenKind
from custody.pledges import Encumbrance
from exchange.core.ids import KINDS, AssetId, ClaimId, PoolAssetId, from_wire, sequence_of, to_wire
from exchange.store.queries import records
from exchange.store.queries.reader import Snapshot
from securitization.disclosure import Both, Chapter, Figure, Formula, Row, Table, Unit
from securitization.messages import Claim, ClaimRegistered
from securitization.pool_messages import PoolAssetRegistered, ValuationRecorded
from securitization.pool_records import PoolAsset, Valuation
from securitization.servicing_messages import CollectionImported, PaymentStarted, RepurchaseMade
from securitization.servicing_records import CollectionState

MOST_ASSETS = 200
"""Assets shown one by one, and tied to what the register knows of them."""
KINDS_OF_MONEY = (
    ("interest_minor", both("Interest", "利息")),
    ("principal_minor", both("Scheduled principal", "计划本金")),
    ("prepayment_minor", both("Prepayments", "提前还款")),
    ("recovery_minor", both("Recoveries", "回收款")),
)
TOPS = (1, 5, 10)


@dataclass(frozen=True)
class Tied:
    """An asset of the pool that the register knows: where it was registered, its debtor and its right."""

    key: str
    told: Told
    name: str
    debtor: str
    right_asset_id: AssetId


def totals(paid: Paid, figure: str) -> Figure:
    """A total of the collection that was paid."""
    return stated(paid.started, *_collection(paid), "totals", figure)


def repurchased(paid: Paid) -> Figure | None:
    """What was bought back in a period."""
    return total(stated(told, "amount_minor") for told in paid.of(RepurchaseMade))


def cash(paid: Paid) -> Figure | None:
    """All money that a period's pool brought."""
    found = [totals(paid, figure) for figure, _ in KINDS_OF_MONEY]
    bought = repurchased(paid)
    return total([*found, bought] if bought else found)


def pool(snapshot: Snapshot, facts: Facts) -> Chapter:
    """What the pool brought, how it did and how it is spread."""
    tied = _tied(snapshot, facts)
    return Chapter(
        code="pool",
        section="3.3",
        title=both("The pool", "基础资产情况"),
        tables=(
            _collections(facts), _performance(facts), _versions(facts), _assets(facts), _spread(facts, tied),
            _arrears(tied),
        ),
    )  # fmt: skip


def rights(snapshot: Snapshot, facts: Facts) -> Chapter:
    """What the rights behind the pool are worth, what lies on them, and which were lost."""
    started = facts.last.started
    value = stated(started, *_collection(facts.last), "figures", "valuation_minor")
    first = stated(facts.opened, "servicing", "deal_text", inside=("pool", "initial_valuation_minor"))
    balance = totals(facts.last, "balance_minor")
    lost = total(stated(paid.started, *_collection(paid), "figures", "invalidated_rights") for paid in facts.paid)
    ever = stated(started, "payment", "after", "invalidated_rights")
    rows = [
        line("value", both("Value of the rights", "权利估值"), cell(value)),
        line("of_first", both("Of the value at the cut-off", "占初始估值"), cell(share(value, first), Unit.PPM)),
        line("ltv", both("Pool balance to value", "贷款价值比"), cell(share(balance, value), Unit.PPM)),
        line("lost", both("Rights lost in this time", "本期失效权利数"), cell(lost, Unit.COUNT)),
        line("lost_ever", both("Rights lost so far", "累计失效权利数"), cell(ever, Unit.COUNT)),
    ]
    tied = _tied(snapshot, facts)
    known = list(dict.fromkeys(one.right_asset_id for one in tied if one.right_asset_id))
    return Chapter(
        code="rights",
        section="3.3",
        title=both("The rights behind the pool", "知识产权价值、权利负担与失效"),
        tables=(
            table("value", both("Value", "估值"), (("", ""),), rows),
            _valuations(snapshot, facts, known),
            _burdens(snapshot, facts, known),
            _fallen(snapshot, facts, tied),
        ),
    )


def assets_of(paid: Paid) -> dict[str, tuple[Told, int]]:
    """Where each asset's row of the paid collection stands: the part it came with, and its place in it."""
    found: dict[str, tuple[Told, int]] = {}
    for told in paid.imported():
        for number, one in enumerate(told.says("page", "rows")):
            found[one.key] = (told, number)
    return found


# --- The pool ---------------------------------------------------------------------------------------------------------


def _collection(paid: Paid) -> tuple[str | int, ...]:
    started = paid.started.event
    if not isinstance(started, PaymentStarted):
        raise TypeError("a payment starts with its own event")
    wanted = paid.payment.collection_id
    place = next(number for number, one in enumerate(started.collections) if one.collection_id == wanted)
    return ("collections", place)


def _collections(facts: Facts) -> Table:
    rows = [
        line(figure.removesuffix("_minor"), label, cell(total(totals(paid, figure) for paid in facts.paid)))
        for figure, label in KINDS_OF_MONEY
    ]
    bought = total(one for paid in facts.paid if (one := repurchased(paid)) is not None)
    rows.append(line("repurchased", both("Bought back", "回购款"), cell(bought)))
    rows.append(line("all", both("All money collected", "归集合计"), cell(total(_each(facts)))))
    rows.append(line("default", both("Newly in default", "新增违约"), cell(_sum(facts, "default_minor"))))
    return table("collections", both("What came in", "资金归集"), (("Amount", "金额"),), rows)


def _each(facts: Facts) -> list[Figure]:
    return [one for paid in facts.paid if (one := cash(paid)) is not None]


def _sum(facts: Facts, figure: str) -> Figure | None:
    return total(totals(paid, figure) for paid in facts.paid)


def _performance(facts: Facts) -> Table:
    opening = stated(facts.paid[0].started, "payment", "after", "opening_balance")
    closing = totals(facts.last, "balance_minor")
    initial = stated(facts.opened, "servicing", "deal_text", inside=("pool", "initial_balance_minor"))
    ever = stated(facts.last.started, "payment", "after", "cumulative_defaults")
    defaults, recovered = _sum(facts, "default_minor"), _sum(facts, "recovery_minor")
    rows = [
        line("opening", both("Balance at the start", "期初余额"), cell(opening)),
        line("closing", both("Performing at the end", "期末正常余额"), cell(closing)),
        line("left", both("Left of the initial pool", "占初始余额"), cell(share(closing, initial), Unit.PPM)),
        line("defaults", both("Defaults so far", "累计违约"), cell(ever)),
        line(
            "default_rate", both("Defaults so far to initial pool", "累计违约率"), cell(share(ever, initial), Unit.PPM)
        ),
        line(
            "new_rate", both("New defaults to opening balance", "当期违约率"), cell(share(defaults, opening), Unit.PPM)
        ),
        line(
            "prepaid_rate",
            both("Prepayments to opening balance", "提前还款率"),
            cell(share(_sum(facts, "prepayment_minor"), opening), Unit.PPM),
        ),
        line("recovered", both("Recoveries to new defaults", "当期回收率"), cell(share(recovered, defaults), Unit.PPM)),
    ]
    return table("performance", both("How it did", "资产表现"), (("", ""),), rows)


def _versions(facts: Facts) -> Table:
    rows: list[Row] = []
    for paid in facts.paid:
        last: dict[int, Told] = {}
        for told in paid.of(CollectionImported):
            last[told.says("collection", "version")] = told
        for version, told in last.items():
            was_paid = told.says("collection", "collection_id") == paid.payment.collection_id
            state = CollectionState.PAID if was_paid else CollectionState.SUPERSEDED
            figures = (stated(told, "collection", "totals", figure) for figure, _ in KINDS_OF_MONEY)
            cells = (
                cell(stated(told, "collection", "rows"), Unit.COUNT),
                cell(total(figures)),
                words(moment(told.at_ns)),
                words(state.value),
            )
            rows.append(line(f"{paid.number}.{version}", f"{paid.number} / {version}", *cells))
    columns = (("Rows", "行数"), ("Money", "金额"), ("Handed in (UTC)", "提交时间"), ("State", "状态"))
    return table("versions", both("Versions handed in: period / version", "归集数据版本"), columns, rows)


def _assets(facts: Facts) -> Table:
    places = [assets_of(paid) for paid in facts.paid]
    by_key: dict[str, list[tuple[Told, int]]] = {}
    for one in places:
        for key, place in one.items():
            by_key.setdefault(key, []).append(place)
    last = places[-1]
    ordered = sorted(by_key, key=lambda key: (-_balance(last, key), key))
    fields = ("interest_minor", "principal_minor", "prepayment_minor", "recovery_minor", "default_minor")
    rows: list[Row] = []
    for key in ordered[:MOST_ASSETS]:
        cells = [cell(total(stated(told, "page", "rows", n, field) for told, n in by_key[key])) for field in fields]
        end = cell(stated(last[key][0], "page", "rows", last[key][1], "balance_minor")) if key in last else None
        rows.append(line(key, key, *cells, end))
    left = len(ordered) - len(rows)
    note = both(f"{left} smaller ones are not shown; the totals hold them.", f"另有{left}项未逐一列示，合计已包含。")
    columns = (
        ("Interest", "利息"), ("Principal", "本金"), ("Prepaid", "提前还款"), ("Recovered", "回收"),
        ("Defaulted", "违约"), ("Balance", "期末余额"),
    )  # fmt: skip
    title = both("Asset by asset, as collected", "逐笔资产归集")
    return table("assets", title, columns, rows, note if left else None)


def _balance(places: dict[str, tuple[Told, int]], key: str) -> int:
    if key not in places:
        return 0
    told, number = places[key]
    return int(told.says("page", "rows", number, "balance_minor"))


def _spread(facts: Facts, tied: list[Tied]) -> Table:
    """How large the largest are, asset by asset and debtor by debtor. Debtors have no names here."""
    title, columns = both("Concentration", "集中度"), (("Balance", "余额"), ("Share", "占比"))
    places = assets_of(facts.last)
    if len(places) > MOST_ASSETS:
        text = both(f"{len(places)} assets: too many to be added up here.", f"资产{len(places)}项，未逐项计算。")
        return table("concentration", title, columns, (), text)
    balances = {key: stated(told, "page", "rows", n, "balance_minor") for key, (told, n) in places.items()}
    rows = _ranked("asset", both("asset", "单一资产"), [[one] for one in balances.values()])
    debtors: dict[str, list[Figure]] = {}
    for one in tied:
        if one.key in balances:
            debtors.setdefault(one.debtor, []).append(balances[one.key])
    whole = len(tied) == len(balances) and bool(tied)
    if whole:
        rows += _ranked("debtor", both("debtor", "单一债务人"), list(debtors.values()))
    text = both(
        "The servicer's keys do not name assets of the register, so debtors are not told apart.",
        "归集数据未与登记资产对应，无法按债务人汇总。",
    )
    return table("concentration", title, columns, rows, None if whole else text)


def _ranked(code: str, noun: Both, groups: list[list[Figure]]) -> list[Row]:
    sums = [one for group in groups if (one := total(group)) is not None]
    ordered = sorted(sums, key=lambda one: -one.value)
    whole = total(ordered)
    if whole is None or not whole.value:
        return []
    rows: list[Row] = []
    for number in TOPS:
        if number <= len(ordered):
            top = total(ordered[:number])
            label = both(f"Largest {number} by {noun.en}", f"前{number}大（{noun.zh}）")
            rows.append(line(f"{code}.{number}", label, cell(top), cell(share(top, whole), Unit.PPM)))
    hhi = cell(work(Formula.HHI, *ordered), Unit.PPM2)
    rows.append(line(f"{code}.hhi", both(f"HHI by {noun.en}", f"HHI（{noun.zh}）"), None, hhi))
    return rows


def _arrears(tied: list[Tied]) -> Table:
    rows = [
        line(one.key, one.key, cell(stated(one.told, one.name, "arrears_days"), Unit.COUNT))
        for one in tied
        if one.name == "pool_asset"
    ]
    note = both(
        "Collections name defaults and no arrears; shown are the days in arrears at registration, where known.",
        "归集数据仅列违约，不列逾期；此处为登记时的逾期天数（如有）。",
    )
    return table("arrears", both("Arrears at registration", "登记时逾期"), (("Days", "天数"),), rows, note)


# --- The register behind it -------------------------------------------------------------------------------------------


def _tied(snapshot: Snapshot, facts: Facts) -> list[Tied]:
    """The assets whose keys are identifiers of the register: claims (`C1-184`) and receivables (`PX1-184`)."""
    found: list[Tied] = []
    for key in sorted(assets_of(facts.last))[:MOST_ASSETS]:
        one = _claim(snapshot, key) if key.startswith("C1-") else _receivable(snapshot, key)
        if one is not None:
            found.append(one)
    return found


def _claim(snapshot: Snapshot, key: str) -> Tied | None:
    claim = records.one(snapshot, Claim, (_number("ClaimId", key),))
    if not isinstance(claim, Claim):
        return None
    for told in row(snapshot, sequence_of(ClaimId(claim.claim_id))):
        if isinstance(told.event, ClaimRegistered) and told.event.claim.claim_id == claim.claim_id:
            return Tied(key, told, "claim", str(claim.debtor_account_id), claim.right_asset_id)
    return None


def _receivable(snapshot: Snapshot, key: str) -> Tied | None:
    asset = records.one(snapshot, PoolAsset, (_number("PoolAssetId", key),)) if key.startswith("PX1-") else None
    if not isinstance(asset, PoolAsset):
        return None
    for told in row(snapshot, sequence_of(PoolAssetId(asset.pool_asset_id))):
        if isinstance(told.event, PoolAssetRegistered) and told.event.pool_asset.pool_asset_id == asset.pool_asset_id:
            return Tied(key, told, "pool_asset", asset.debtor, asset.right_asset_id)
    return None


def _number(kind: str, key: str) -> int:
    try:
        return from_wire(KINDS[kind], key)
    except ValueError:
        return 0


def _valuations(snapshot: Snapshot, facts: Facts, known: list[AssetId]) -> Table:
    """The newest valuation of each right, as known when the payment ended."""
    rows: list[Row] = []
    for right in known:
        found = records.page(snapshot, Valuation, 500, filters={"right_asset_id": right}).records
        before = [one for one in found if isinstance(one, Valuation) and sequence_of(one.valuation_id) <= facts.through]
        newest = max(before, key=lambda one: one.valuation_id, default=None)
        for told in row(snapshot, sequence_of(newest.valuation_id)) if newest else []:
            if isinstance(told.event, ValuationRecorded):
                name = to_wire(KINDS["AssetId"], right)
                cells = (
                    cell(stated(told, "valuation", "value_minor")),
                    said(told, "valuation", "valued_on"),
                    said(told, "valuation", "method"),
                )
                rows.append(line(name, name, *cells))
    columns = (("Value", "价值"), ("Valued on", "估值日"), ("Method", "方法"))
    note = None if rows else both("No valuation of a single right is on record.", "登记簿中无单项权利估值。")
    return table("valuations", both("Valuations of single rights", "单项权利估值"), columns, rows, note)


def _burdens(snapshot: Snapshot, facts: Facts, known: list[AssetId]) -> Table:
    """Pledges and court orders asked for before the payment ended. No pledgee is named, and no sum."""
    rows: list[Row] = []
    for right in known:
        for one in records.page(snapshot, Encumbrance, 50, filters={"asset_id": right}).records:
            if not isinstance(one, Encumbrance) or sequence_of(one.encumbrance_id) > facts.through:
                continue
            key = to_wire(KINDS["EncumbranceId"], one.encumbrance_id)
            court = one.kind is not BurdenKind.PLEDGE
            kind = both("Court's preservation", "司法保全") if court else both("Pledge", "质押")
            rows.append(line(key, kind, words(to_wire(KINDS["AssetId"], right)), words(moment(one.opened_at_ns))))
    columns = (("Right", "权利"), ("Asked for at (UTC)", "申请时间"))
    note = None if rows else both("None is on record for the rights named here.", "登记簿中无相关权利负担。")
    return table("burdens", both("Pledges and court orders", "质押与诉讼保全"), columns, rows, note)


def _fallen(snapshot: Snapshot, facts: Facts, tied: list[Tied]) -> Table:
    """Receivables whose right had fallen when the payment ended."""
    rows: list[Row] = []
    for one in tied:
        asset = (
            records.one(snapshot, PoolAsset, (_number("PoolAssetId", one.key),)) if one.name == "pool_asset" else None
        )
        if isinstance(asset, PoolAsset) and asset.tripped and asset.tripped_at_ns <= facts.last.completed.at_ns:
            right = to_wire(KINDS["AssetId"], one.right_asset_id)
            rows.append(line(one.key, one.key, words(right), words(asset.tripped), words(moment(asset.tripped_at_ns))))
    columns = (("Right", "权利"), ("Reason", "原因"), ("At (UTC)", "时间"))
    note = None if rows else both("None of the assets named here.", "无。")
    return table("fallen", both("Assets whose right has fallen", "权利失效的资产"), columns, rows, note)
