"""Steps and formulas in the words of AbsBox: its waterfall actions and deal statistics."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

from securitization.deal import Deal
from securitization.deal_formulas import (
    FeesDue,
    Fixed,
    Formula,
    InAccount,
    Least,
    Less,
    Most,
    OfPool,
    OfTranches,
    PoolFigure,
    Share,
    Sum,
    TrancheFigure,
)
from securitization.deal_steps import (
    FromAccount,
    FundReserve,
    Order,
    PayFees,
    PayInterest,
    PayPrincipal,
    PayResidual,
    PrincipalOrder,
    ReleaseReserve,
    RepaySupports,
    Step,
    TopUp,
    Transfer,
    WriteOff,
)
from securitization.deal_terms import PassThrough

Json = dict[str, Any]
Refuse = Callable[[str, str], NoReturn]

TWO_DECIMALS = ("CNY", "USD", "EUR", "GBP", "HKD", "SGD", "AUD", "CHF")
"""Currencies of two decimals that deals here are in; AbsBox keeps two."""

POOL_FIGURES: dict[PoolFigure, Json] = {
    PoolFigure.BALANCE: {"tag": "CurrentPoolBalance", "contents": None},
    PoolFigure.OPENING_BALANCE: {"tag": "CurrentPoolBegBalance", "contents": None},
    PoolFigure.INITIAL_BALANCE: {"tag": "OriginalPoolBalance", "contents": None},
    PoolFigure.INTEREST: {"tag": "PoolCurCollection", "contents": [["CollectedInterest"], None]},
    PoolFigure.PRINCIPAL: {"tag": "PoolCurCollection", "contents": [["CollectedPrincipal"], None]},
    PoolFigure.RECOVERIES: {"tag": "PoolCurCollection", "contents": [["CollectedRecoveries"], None]},
    PoolFigure.COLLECTIONS: {
        "tag": "PoolCurCollection",
        "contents": [["CollectedInterest", "CollectedPrincipal", "CollectedRecoveries"], None],
    },
    PoolFigure.DEFAULTS: {"tag": "PoolCurCollection", "contents": [["NewDefaults"], None]},
    PoolFigure.CUMULATIVE_DEFAULTS: {"tag": "PoolCumCollection", "contents": [["NewDefaults"], None]},
}
TRANCHE_FIGURES = {
    TrancheFigure.FACE: "OriginalBondBalanceOf",
    TrancheFigure.BALANCE: "CurrentBondBalanceOf",
    TrancheFigure.INTEREST_DUE: "CurrentDueBondInt",
}


class Words:
    """Says things of one deal in the words of AbsBox, or refuses."""

    def __init__(self, deal: Deal, refuse: Refuse) -> None:
        self.plain = {one.name: isinstance(one.principal, PassThrough) for one in deal.tranches}
        self.refuse = refuse

    @staticmethod
    def money(minor: int) -> Decimal:
        """An amount in the currency's major unit, exactly."""
        return Decimal(minor).scaleb(-2)

    @staticmethod
    def rate(ppm: int) -> Decimal:
        """A rate as a fraction of one, exactly."""
        return Decimal(ppm).scaleb(-6)

    def statistic(self, formula: Formula, path: str) -> Json:
        """A formula as a deal statistic."""
        match formula:
            case Fixed():
                return {"tag": "Constant", "contents": self.money(formula.amount_minor)}
            case OfPool():
                if formula.figure not in POOL_FIGURES:
                    self.refuse(path, f"it has no figure for the {formula.figure} of rights")
                return POOL_FIGURES[formula.figure]
            case OfTranches():
                if formula.figure not in TRANCHE_FIGURES:
                    self.refuse(path, f"its {formula.figure} is counted otherwise")
                return {"tag": TRANCHE_FIGURES[formula.figure], "contents": list(formula.tranches)}
            case FeesDue():
                return {"tag": "CurrentDueFee", "contents": list(formula.fees)}
            case InAccount():
                return {"tag": "AccBalance", "contents": [formula.account]}
            case Share():
                inner = self.statistic(formula.of, f"{path}.of")
                return {"tag": "Factor", "contents": [inner, self.rate(formula.rate_ppm)]}
            case Less():
                whole = self.statistic(formula.of, f"{path}.of")
                minus = self.statistic(formula.minus, f"{path}.minus")
                return self._above_zero({"tag": "Substract", "contents": [whole, minus]})  # codespell:ignore substract
            case Sum() | Least() | Most():
                tag = {Sum: "Sum", Least: "Min", Most: "Max"}[type(formula)]
                several = [self.statistic(one, f"{path}.of[{place}]") for place, one in enumerate(formula.of)]
                return {"tag": tag, "contents": several}
            case _:
                return self.refuse(path, "it has no figure for targets, supports or tripped triggers")

    @staticmethod
    def _above_zero(statistic: Json) -> Json:
        return {"tag": "Max", "contents": [statistic, {"tag": "Constant", "contents": 0}]}

    def actions(self, step: Step, path: str) -> list[Json]:
        """A step as one or more actions."""
        match step:
            case PayFees():
                tag = "PayFeeBySeq" if step.order is Order.SEQUENTIAL else "PayFee"
                limit = self._limit(step.limit, path)
                return [{"tag": tag, "contents": [limit, step.from_account, list(step.fees), None]}]
            case PayInterest():
                tag = "PayIntBySeq" if step.order is Order.SEQUENTIAL else "PayInt"
                return [{"tag": tag, "contents": [None, step.from_account, list(step.tranches), None]}]
            case PayPrincipal():
                return self._principal(step, path)
            case PayResidual():
                return [{"tag": "PayIntResidual", "contents": [None, step.from_account, step.tranche]}]
            case FundReserve():
                return [self._transfer({"tag": "TillTarget"}, step.from_account, step.account)]
            case ReleaseReserve():
                return [self._transfer({"tag": "TillSource"}, step.account, step.to_account)]
            case Transfer():
                return [self._transfer(self._limit(step.limit, path), step.from_account, step.to_account)]
            case TopUp():
                return self._top_up(step, path)
            case RepaySupports():
                return [
                    {"tag": "LiqRepay", "contents": [None, {"tag": "LiqBal"}, step.from_account, name]}
                    for name in step.supports
                ]
            case WriteOff():
                amount = {"tag": "DS", "contents": self.statistic(step.amount, f"{path}.amount")}
                return [{"tag": "WriteOffBySeq", "contents": [amount, list(step.tranches)]}]
            case _:
                return self.refuse(path, "its hedges settle by rules of their own")

    @staticmethod
    def _transfer(limit: Json | None, source: str, destination: str) -> Json:
        return {"tag": "Transfer", "contents": [limit, source, destination, None]}

    def _limit(self, limit: Formula | None, path: str) -> Json | None:
        return None if limit is None else {"tag": "DS", "contents": self.statistic(limit, f"{path}.limit")}

    def _principal(self, step: PayPrincipal, path: str) -> list[Json]:
        names, limit = list(step.tranches), self._limit(step.limit, path)
        if step.order is PrincipalOrder.SHARES:
            self.refuse(f"{path}.order", "it pays principal in order or in proportion, not by shares")
        if step.accelerated and not all(self.plain[name] for name in names):
            if step.order is PrincipalOrder.PRO_RATA or limit is not None:
                self.refuse(
                    f"{path}.accelerated", "it pays principal regardless of plans one class after the other only"
                )
            return [{"tag": "PayPrinResidual", "contents": [step.from_account, [name]]} for name in names]
        tag = "PayPrinBySeq" if step.order is PrincipalOrder.SEQUENTIAL else "PayPrin"
        return [{"tag": tag, "contents": [limit, step.from_account, names, None]}]

    def _top_up(self, step: TopUp, path: str) -> list[Json]:
        """Each source brings what is still missing: dues less what the account holds by then."""
        if step.principal:
            self.refuse(f"{path}.principal", "it has no figure for principal that is due today")
        if step.hedges:
            self.refuse(f"{path}.hedges", "its hedges settle by rules of their own")
        dues: list[Json] = []
        if step.fees:
            dues.append({"tag": "CurrentDueFee", "contents": list(step.fees)})
        if step.interest:
            dues.append({"tag": "CurrentDueBondInt", "contents": list(step.interest)})
        holds = {"tag": "AccBalance", "contents": [step.to_account]}
        whole = {"tag": "Sum", "contents": dues}
        missing = {"tag": "Substract", "contents": [whole, holds]}  # codespell:ignore substract
        limit = {"tag": "DS", "contents": self._above_zero(missing)}
        return [
            self._transfer(limit, source.account, step.to_account)
            if isinstance(source, FromAccount)
            else {"tag": "LiqSupport", "contents": [limit, source.support, "LiqToAcc", step.to_account]}
            for source in step.sources
        ]
