"""What a run of a deal gives: every amount with the tree of its reasons, and the deal's figures after each period.

A reason names the rule that was applied, the figures it was applied to, and the reasons of those. `render` tells it in
Chinese or English: "why did I get 812.40" is answered from the waterfall itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import cast

from exchange.core.messages import Record
from securitization.deal_triggers import SEVERITY, Status


class Rule(StrEnum):
    """The rule by which a figure came about."""

    # Formulas
    AMOUNT = "amount"
    POOL = "pool"
    TRANCHES = "tranches"
    FEES_DUE = "fees_due"
    ACCOUNT = "account"
    TARGET = "target"
    LAST_TARGET = "last_target"
    SUPPORT = "support"
    TRIPPED = "tripped"
    SHARE = "share"
    SUM = "sum"
    LESS = "less"
    LEAST = "least"
    MOST = "most"
    # What falls due
    INTEREST = "interest"
    CARRIED = "carried"
    DUE = "due"
    PRINCIPAL_DUE = "principal_due"
    FLAT = "flat"
    RATE = "rate"
    BAND = "band"
    TIERS = "tiers"
    EVENTS = "events"
    BOUNDED = "bounded"
    VAT = "vat"
    NOT_THIS_PERIOD = "not_this_period"
    LEG = "leg"
    NET = "net"
    OPTION = "option"
    PREMIUM = "premium"
    OWED = "owed"
    # What a step does
    COLLECTED = "collected"
    PAID = "paid"
    PAID_PRO_RATA = "paid_pro_rata"
    PAID_BY_SHARE = "paid_by_share"
    RESIDUAL = "residual"
    FUNDED = "funded"
    RELEASED = "released"
    MOVED = "moved"
    SHORTFALL = "shortfall"
    DRAWN = "drawn"
    FAILED = "failed"
    WRITTEN_OFF = "written_off"
    AVAILABLE = "available"
    CAPITALISED = "capitalised"


class Reason(Record, frozen=True, kw_only=True):
    """One step of an explanation.

    Units: `value` in minor units, or a count; `figures` are what the rule was applied to, by name.
    """

    rule: Rule
    value: int
    subject: str = ""
    figures: tuple[tuple[str, int], ...] = ()
    parts: tuple[Reason, ...] = ()


class Kind(StrEnum):
    """What a payment is."""

    COLLECTION = "collection"
    HEDGE_RECEIPT = "hedge_receipt"
    CAPITALISED = "capitalised"
    FEE = "fee"
    HEDGE = "hedge"
    INTEREST = "interest"
    PRINCIPAL = "principal"
    RESIDUAL = "residual"
    RESERVE = "reserve"
    RELEASE = "release"
    TRANSFER = "transfer"
    ACCOUNT_DRAW = "account_draw"
    SUPPORT_DRAW = "support_draw"
    SUPPORT_INTEREST = "support_interest"
    SUPPORT_PRINCIPAL = "support_principal"
    WRITE_OFF = "write_off"


class Payment(Record, frozen=True, kw_only=True):
    """One amount of one step. `path` is the step's place in the file, `account` where it was taken from or came in.

    Units: `amount_minor`; zero is told too, with its reason. `to` names a tranche, fee, hedge, support or account.
    """

    path: str
    kind: Kind
    account: str
    to: str
    amount_minor: int
    why: Reason

    @property
    def key(self) -> str:
        """The payment's place in the deal, the same in every period and scenario."""
        return payment_key(self.path, self.kind, self.to)


class Check(Record, frozen=True, kw_only=True):
    """One check of one trigger, for the history. Units: `left` and `right` over the window, before the ratio."""

    trigger: str
    tested: bool
    left: int
    right: int
    failed: bool
    strikes: int
    tripped: bool
    parts: tuple[Reason, ...]


class PeriodResult(Record, frozen=True, kw_only=True):
    """One period of a run. `figures` are the deal's after payment, by name: `tranche.a.balance`, `account.cash` …"""

    number: int
    status: Status
    payments: tuple[Payment, ...]
    checks: tuple[Check, ...]
    figures: dict[str, int]


class DealRun(Record, frozen=True, kw_only=True):
    """A whole run."""

    deal_sha256: str
    periods: tuple[PeriodResult, ...]


def payment_key(path: str, kind: Kind, to: str) -> str:
    """How a payment is called in tables and comparisons."""
    return f"{path}:{kind}:{to}"


def run_items(run: DealRun) -> list[tuple[int, str, int]]:
    """Every payment, the status and every figure as (period, item, amount): what an exported program prints."""
    items: list[tuple[int, str, int]] = []
    for period in run.periods:
        paid: dict[str, int] = {}
        for payment in period.payments:
            paid[payment.key] = paid.get(payment.key, 0) + payment.amount_minor
        found = {**paid, "status": SEVERITY.index(period.status), **period.figures}
        items += [(period.number, item, amount) for item, amount in found.items()]
    return items


def named_run(run: DealRun) -> dict[str, object]:
    """A run as JSON objects with named fields, reasons included, for readers outside the exchange."""
    return {"deal_sha256": run.deal_sha256, "periods": [_named(period) for period in run.periods]}


def _named(value: object) -> object:
    """A record with its fields by name; records are arrays on the exchange's own wire."""
    if isinstance(value, Record):
        return {name: _named(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [_named(one) for one in cast("tuple[object, ...]", value)]
    return value
