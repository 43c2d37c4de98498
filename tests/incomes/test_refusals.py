"""Whatever stands in the way of an income or its plan, one row each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from custody.corrections_messages import FreezeAccount, FreezeAsset
from custody.distribution import Deduction, DeductionKind, OwnRule, Treaty
from custody.distribution_messages import IncomeKind
from custody.funding_messages import Receipt
from exchange.core.ids import AccountId, AssetId, DealId, IncomeId, ObligationId, OutcomeId, ReceiptId
from exchange.core.messages import Rejected
from exchange.core.units import Minor, Ppm
from exchange.engine import distributions
from tests.deals.stage import WRONG
from tests.incomes.stage import INCOME, NET, Stage

Arrange = Callable[[Stage], dict[str, Any]]


def _says(**changed: Any) -> Arrange:
    return lambda _: changed


def _freeze_account(stage: Stage) -> dict[str, Any]:
    stage.venue.do(FreezeAccount(account_id=stage.venue.accounts["thu"], frozen=True))
    return {}


def _freeze_money(stage: Stage) -> dict[str, Any]:
    stage.venue.do(FreezeAsset(asset_id=stage.money_id(), frozen=True))
    return {}


def _recorded_before(stage: Stage) -> dict[str, Any]:
    stage.recorded(amount_minor=Minor(1))
    return {"amount_minor": Minor(1)}


def _receipt(stage: Stage) -> ReceiptId:
    [receipt] = [
        each
        for each in stage.venue.state.table(Receipt).values()
        if each.account_id == stage.venue.accounts["thu"] and each.amount_minor == INCOME
    ]
    return receipt.receipt_id


def _smaller_receipt(stage: Stage) -> dict[str, Any]:
    receipt_id = _receipt(stage)
    stage.pay_in("thu", 5)
    return {"receipt_id": receipt_id, "amount_minor": Minor(INCOME + 1)}


def _another_s_outcome(stage: Stage) -> dict[str, Any]:
    return {"outcome_id": stage.outcome("pku")}


INCOMES: list[tuple[str, Arrange, str]] = [
    ("no such account", _says(account_id=AccountId(1)), "account.unknown"),
    ("another's account", lambda stage: {"account_id": stage.venue.accounts["pku"]}, "account.not_yours"),
    ("account frozen", _freeze_account, "account.frozen"),
    ("no subject", _says(outcome_id=None), "income.invalid"),
    ("two subjects", lambda stage: {"asset_id": stage.right_id}, "income.invalid"),
    ("a year without a profit", _says(profit_year=1), "income.invalid"),
    ("a profit without a year", _says(kind=IncomeKind.PROFIT), "income.invalid"),
    ("two sources", _says(deal_id=DealId(1), receipt_id=ReceiptId(1)), "income.invalid"),
    ("no such outcome", _says(outcome_id=OutcomeId(1)), "outcome.unknown"),
    ("another's outcome", _another_s_outcome, "right.not_owned"),
    ("no such right", _says(outcome_id=None, asset_id=AssetId(1)), "asset.unknown"),
    (
        "a right in an outcome",
        lambda stage: {"outcome_id": None, "asset_id": stage.right_id},
        "income.invalid",
    ),
    ("no money", lambda stage: {"money_asset_id": stage.right_id}, "asset.unknown"),
    ("money frozen", _freeze_money, "asset.frozen"),
    ("no such sale", _says(deal_id=DealId(1)), "income.source_invalid"),
    ("no such receipt", _says(receipt_id=ReceiptId(1)), "income.source_invalid"),
    ("more than the receipt", _smaller_receipt, "income.source_invalid"),
    ("recorded before", _recorded_before, "income.source_invalid"),
    ("no evidence on file", _says(evidence_sha256=WRONG), "document.unknown"),
    ("one cent more than there is", _says(amount_minor=Minor(INCOME + 1)), "hold.insufficient_available"),
]


@pytest.mark.parametrize(("arrange", "code"), [row[1:] for row in INCOMES], ids=[row[0] for row in INCOMES])
def test_an_income_is_refused(arrange: Arrange, code: str) -> None:
    stage = Stage.without_income()
    changed = arrange(stage)
    assert stage.venue.refusal(stage.record(**changed), "thu") == code


def test_a_receipt_or_an_obligation_that_is_over_brings_income_once() -> None:
    stage = Stage.without_income()
    one = stage.record(receipt_id=_receipt(stage), amount_minor=Minor(7))
    assert not stage.venue.refusal(one, "thu")
    assert stage.venue.refusal(one, "thu") == "income.source_invalid"
    two = stage.record(obligation_id=ObligationId(1024), amount_minor=Minor(7))
    assert not stage.venue.refusal(two, "thu")
    assert stage.venue.refusal(two, "thu") == "income.source_invalid"
    stage.venue.close()


# --- Plans ------------------------------------------------------------------------------------------------------------


def _cut(*amounts: int) -> Arrange:
    def arrange(stage: Stage) -> dict[str, Any]:
        paper = stage.file("thu", "taxes")
        return {
            "deductions": tuple(
                Deduction(kind=DeductionKind.TAXES, amount_minor=Minor(amount), document_sha256=paper)
                for amount in amounts
            )
        }

    return arrange


def _team(**parts: tuple[int, int]) -> Arrange:
    return lambda stage: {"contributors": stage.payees(**parts)}


def _rule(rate_ppm: int) -> Arrange:
    return lambda stage: {"own_rule": OwnRule(rate_ppm=Ppm(rate_ppm), document_sha256=stage.file("thu", "rule"))}


def _treaty(country: str, rate_ppm: int) -> Arrange:
    return lambda stage: {
        "treaties": (Treaty(country=country, rate_ppm=Ppm(rate_ppm), document_sha256=stage.file("thu", "treaty")),)
    }


def _staff_below(stage: Stage) -> dict[str, Any]:
    return {"jurisdiction": "hainan", "staff_rate_ppm": Ppm(99_999), "staff": stage.payees(tao=(1, 1))}


def _shares_take_more_than_is_left(stage: Stage) -> dict[str, Any]:
    stage.floats(ratio_ppm=500_001, ada=1)
    return {}


def _suspended(stage: Stage) -> dict[str, Any]:
    share_id = stage.floats(ada=1)
    stage.suspended = share_id  # type: ignore[attr-defined]
    return {}


def _co_owned(stage: Stage) -> dict[str, Any]:
    stage.custody(co_owner_ids=(stage.venue.members["pku"],))
    stage.takes("withdraw income")
    stage.recorded()
    return {}


def _dated(day: str) -> Arrange:
    def arrange(stage: Stage) -> dict[str, Any]:
        stage.floats(ada=1)
        return {"record_date": day}

    return arrange


def _too_many_co_owners(stage: Stage) -> dict[str, Any]:
    paper = stage.file("thu", "agreement")
    return {"co_owners": stage.payees(li=(1, 2), wu=(2, 3)), "co_owner_sha256": paper}


PLANS: list[tuple[str, Arrange, str, str]] = [
    ("no such income", _says(income_id=IncomeId(1)), "income.unknown", ""),
    ("owner frozen", _freeze_account, "account.frozen", ""),
    ("one cent more than the income", _cut(INCOME, 1), "distribution.deductions_invalid", ""),
    ("nobody to reward", _team(), "distribution.payees_invalid", ""),
    ("parts below one", _team(ada=(1, 3), bo=(1, 3)), "distribution.payees_invalid", ""),
    ("parts above one", _team(ada=(1, 2), bo=(2, 3)), "distribution.payees_invalid", ""),
    ("the owner rewards itself", _team(thu=(1, 1)), "distribution.payees_invalid", ""),
    ("no written split", _says(split_sha256=None), "distribution.payees_invalid", ""),
    ("a split not on file", _says(split_sha256=WRONG), "document.unknown", ""),
    ("one ppm below the floor", _rule(499_999), "distribution.below_floor", "CN-PCSTA-45"),
    ("staff one ppm below", _staff_below, "distribution.below_floor", "CN-HI-2025-7"),
    ("staff but no names", _says(jurisdiction="hainan"), "distribution.payees_invalid", ""),
    ("names but no part", lambda s: {"staff": s.payees(tao=(1, 2))}, "distribution.payees_invalid", ""),
    ("a treaty no lower", _treaty("JP", 100_000), "distribution.treaty_invalid", "CN-EIT-37"),
    ("a treaty at home", _treaty("CN", 1), "distribution.treaty_invalid", "CN-EIT-37"),
    ("more than the net", _shares_take_more_than_is_left, "distribution.over_net", ""),
    ("co-owners without agreement", _co_owned, "distribution.agreement_missing", ""),
    (
        "an agreement without paper",
        lambda s: {"co_owners": s.payees(li=(1, 1))},
        "distribution.agreement_missing",
        "",
    ),
    ("co-owners above one", _too_many_co_owners, "distribution.payees_invalid", ""),
    ("suspended", _suspended, "distribution.suspended", ""),
    ("a record date that is over", _dated("2026-03-01"), "distribution.record_invalid", ""),
    ("no such day", _dated("2026-02-30"), "distribution.record_invalid", ""),
    ("more than a year ahead", _dated("2027-06-01"), "distribution.record_invalid", ""),
]


@pytest.mark.parametrize(("arrange", "code", "provision"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_a_plan_is_refused(arrange: Arrange, code: str, provision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage.cn()
    changed = arrange(stage)
    suspended = getattr(stage, "suspended", 0)
    source: distributions.Suspension = lambda _, asset_id: "differs" if asset_id == suspended else ""  # noqa: E731
    monkeypatch.setattr(distributions, "SUSPENSIONS", [source])
    assert stage.refused_by(stage.proposal(**changed)) == (code, provision)


def test_an_issue_suspended_later_is_neither_approved_nor_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage.cn()
    stage.floats(ada=1_000)
    stage.planned()
    monkeypatch.setattr(distributions, "SUSPENSIONS", [lambda _, asset_id: "differs" if asset_id else ""])
    assert stage.take("approve") == "distribution.suspended"
    monkeypatch.setattr(distributions, "SUSPENSIONS", [])
    stage.takes("approve")
    monkeypatch.setattr(distributions, "SUSPENSIONS", [lambda _, asset_id: "differs" if asset_id else ""])
    assert stage.take("pay") == "distribution.suspended"


@pytest.mark.parametrize(("arrange", "code"), [(_freeze_account, "account.frozen"), (_freeze_money, "asset.frozen")])
def test_a_stopped_owner_or_money_pays_nothing(arrange: Arrange, code: str) -> None:
    stage = Stage.cn()
    stage.planned()
    stage.takes("approve")
    arrange(stage)
    assert stage.take("pay") == code


def test_the_smallest_treaty_and_the_co_owners_agreement_are_followed() -> None:
    stage = Stage.cn()
    paper = stage.file("thu", "treaty")
    treaty = Treaty(country="DE", rate_ppm=Ppm(99_999), document_sha256=paper)
    stage.planned(
        contributors=stage.payees(gus=(1, 2), hana=(1, 2)),
        treaties=(treaty,),
        co_owners=stage.payees(li=(1, 3), wu=(1, 6)),
        co_owner_sha256=stage.file("thu", "agreement"),
    )
    gus, hana, li, wu = stage.lines()
    assert (gus.withheld_minor, hana.withheld_minor) == (2_224_978, 2_225_000)  # 2,224,977.75 to the nearest cent
    assert (li.gross_minor, wu.gross_minor) == (148_333_33, 74_166_67)
    assert sum(pot.amount_minor for pot in stage.distribution().pots) == NET
    stage.venue.close()


def test_no_overlays_no_plan() -> None:
    stage = Stage.cn()
    stage.venue.state.in_force.clear()
    events = stage.venue.do(stage.proposal(), "thu")
    assert isinstance(events[0], Rejected) and events[0].code.value == "profile.not_active"
