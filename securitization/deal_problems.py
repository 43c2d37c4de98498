"""Why a deal, a file of periods or an export is refused: stable codes, each with its sentence, and the place."""

from __future__ import annotations

from enum import StrEnum

from exchange.core.messages import Record


class DealCode(StrEnum):
    """What is wrong. The part before the dot is the noun it speaks of. Never renamed or reused."""

    # The text
    DEAL_NOT_JSON = "deal.not_json"
    DEAL_SHAPE = "deal.shape"
    DEAL_TOO_LARGE = "deal.too_large"
    FORMULA_TOO_DEEP = "formula.too_deep"
    # Names
    NAME_DUPLICATE = "name.duplicate"
    NAME_UNKNOWN = "name.unknown"
    NAME_UNUSED = "name.unused"
    # The calendar and the terms
    CALENDAR_DATE = "calendar.date"
    CALENDAR_ORDER = "calendar.order"
    TRANCHE_TOTAL = "tranche.total"
    TRANCHE_SCHEDULE = "tranche.schedule"
    TRANCHE_PERIOD = "tranche.period"
    TRANCHE_NOTIONAL = "tranche.notional"
    COUPON_BOUNDS = "coupon.bounds"
    COUPON_STEPS = "coupon.steps"
    FEE_BOUNDS = "fee.bounds"
    FEE_BANDS = "fee.bands"
    FEE_PERIODS = "fee.periods"
    SUPPORT_TERMS = "support.terms"
    TRIGGER_WINDOW = "trigger.window"
    TRIGGER_STATUS = "trigger.status"
    FORMULA_NOT_HERE = "formula.not_here"
    SHARES_SUM = "shares.sum"
    # Steps
    STEP_SAME_ACCOUNT = "step.same_account"
    STEP_REPEATED = "step.repeated"
    STEP_NO_TARGET = "step.no_target"
    STEP_NO_RECOURSE = "step.no_recourse"
    STEP_NOTHING_OWED = "step.nothing_owed"
    # Whole waterfalls
    STATUS_MISSING = "status.missing"
    STATUS_UNREACHABLE = "status.unreachable"
    CASH_DEAD = "cash.dead"
    DUE_UNPAID = "due.unpaid"
    SENIORITY_WRONG = "seniority.wrong"
    SENIORITY_RESIDUAL = "seniority.residual"
    SENIORITY_SUBROGATION = "seniority.subrogation"
    CYCLE_ACCOUNTS = "cycle.accounts"
    CYCLE_FORMULA = "cycle.formula"
    CYCLE_TRIGGER = "cycle.trigger"
    # What an evaluator is given
    PERIODS_COUNT = "periods.count"
    PERIODS_COLUMN = "periods.column"
    PERIODS_VALUE = "periods.value"
    VECTORS_OVERFLOW = "vectors.overflow"
    VECTORS_SHAPE = "vectors.shape"
    # A pool's file
    POOL_NOT_JSON = "pool.not_json"
    POOL_SHAPE = "pool.shape"
    POOL_TOO_LARGE = "pool.too_large"
    POOL_CURRENCY = "pool.currency"
    POOL_BALANCE = "pool.balance"
    POOL_CALENDAR = "pool.calendar"
    POOL_FIGURES = "pool.figures"
    POOL_GUARANTOR = "pool.guarantor"
    # What another format cannot say
    ABSBOX_NOT_SAID = "absbox.not_said"


SENTENCES: dict[DealCode, str] = {
    DealCode.DEAL_NOT_JSON: "The text is not JSON, or a name stands twice in one object.",
    DealCode.DEAL_SHAPE: "A field is missing, unknown, of another type or outside its limits.",
    DealCode.DEAL_TOO_LARGE: "The text is longer than a deal may be.",
    DealCode.FORMULA_TOO_DEEP: "A formula is nested deeper than formulas may be.",
    DealCode.NAME_DUPLICATE: "Two things of a deal have one name.",
    DealCode.NAME_UNKNOWN: "What is named here is nowhere declared.",
    DealCode.NAME_UNUSED: "What is declared here is nowhere used, so no evaluator would do anything with it.",
    DealCode.CALENDAR_DATE: "A date is not in the calendar.",
    DealCode.CALENDAR_ORDER: "Periods do not follow each other without gaps, or a payment is too early.",
    DealCode.TRANCHE_TOTAL: "The tranches' faces do not add up to the amount issued.",
    DealCode.TRANCHE_SCHEDULE: "Planned balances are not one a period, rise, exceed the face, or do not end at zero.",
    DealCode.TRANCHE_PERIOD: "A tranche names a period that the calendar does not have.",
    DealCode.TRANCHE_NOTIONAL: "An interest-only tranche has a face or no coupon, or its notional is one itself.",
    DealCode.COUPON_BOUNDS: "A coupon's cap is below its floor.",
    DealCode.COUPON_STEPS: "A stepped coupon does not begin with period 1, or its steps do not follow each other.",
    DealCode.FEE_BOUNDS: "A fee's maximum is below its minimum, or a fee for each event has a minimum.",
    DealCode.FEE_BANDS: "A tiered fee's bands do not rise, or the last has an upper bound.",
    DealCode.FEE_PERIODS: "A fee is first due after the last period, or accrues by days and is not due each period.",
    DealCode.SUPPORT_TERMS: "A support without recourse bears interest or is restored by being repaid.",
    DealCode.TRIGGER_WINDOW: "A trigger looks back, or waits, over more periods than there are.",
    DealCode.TRIGGER_STATUS: "A trigger leads to the normal status.",
    DealCode.FORMULA_NOT_HERE: "A figure is used before it is known.",
    DealCode.SHARES_SUM: "Fixed shares are not one a tranche, or do not add up to a million parts per million.",
    DealCode.STEP_SAME_ACCOUNT: "A step moves money from an account to itself.",
    DealCode.STEP_REPEATED: "A step names something twice.",
    DealCode.STEP_NO_TARGET: "A step or a formula goes by the target of an account that has none.",
    DealCode.STEP_NO_RECOURSE: "A step repays a support that has no claim.",
    DealCode.STEP_NOTHING_OWED: "A step pays what a tranche or hedge never owes.",
    DealCode.STATUS_MISSING: "A trigger leads to a status that has no waterfall.",
    DealCode.STATUS_UNREACHABLE: "A waterfall is for a status that no trigger leads to.",
    DealCode.CASH_DEAD: "Money can come into an account that no later step of the waterfall empties.",
    DealCode.DUE_UNPAID: "Something falls due that no step of the waterfall pays.",
    DealCode.SENIORITY_WRONG: "A junior claim is paid before, or side by side with, a senior one.",
    DealCode.SENIORITY_RESIDUAL: "The residual goes to one who is not the most junior, or before others are paid.",
    DealCode.SENIORITY_SUBROGATION: "A guarantor's recourse is repaid before the holders it stands behind.",
    DealCode.CYCLE_ACCOUNTS: "Transfers of one waterfall lead money round in a circle.",
    DealCode.CYCLE_FORMULA: "The target of an account depends on itself.",
    DealCode.CYCLE_TRIGGER: "A trigger follows itself, or one that is checked after it.",
    DealCode.PERIODS_COUNT: "There are not as many periods of figures as the deal has.",
    DealCode.PERIODS_COLUMN: "A column is missing, unknown or there twice.",
    DealCode.PERIODS_VALUE: "A figure is not a whole number within its limits.",
    DealCode.VECTORS_OVERFLOW: "An amount could exceed what 64-bit integers hold exactly; use the plain evaluator.",
    DealCode.VECTORS_SHAPE: "Scenarios do not have as many periods as each other or as the deal.",
    DealCode.POOL_NOT_JSON: "A pool's text is not JSON, or a name stands twice in one object.",
    DealCode.POOL_SHAPE: "A field of a pool is missing, unknown, of another type or outside its limits.",
    DealCode.POOL_TOO_LARGE: "The text is longer than a pool's file may be.",
    DealCode.POOL_CURRENCY: "The pool is not in the deal's currency.",
    DealCode.POOL_BALANCE: "The pool's assets do not owe what the deal says the pool owes at the cut-off.",
    DealCode.POOL_CALENDAR: "The deal's periods are not all the same number of whole months, so it is not projected.",
    DealCode.POOL_FIGURES: "Valuations, rates or counts are not one a period, or not of the deal's indexes and events.",
    DealCode.POOL_GUARANTOR: "A guarantor stands behind no support of the deal, or would pay twice.",
    DealCode.ABSBOX_NOT_SAID: "AbsBox has no word for this.",
}
"""What each code means, in one sentence."""


class Problem(Record, frozen=True, kw_only=True):
    """One thing that is wrong: its code, the JSON path in the file, and the reason with names and figures."""

    code: DealCode
    path: str
    reason: str


class DealRefused(Exception):  # noqa: N818 - a refusal, not an error
    """What was asked is refused; `problem` says why. For callers that cannot go on without a result."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code} at {problem.path}: {problem.reason}")
        self.problem = problem
