"""The steps of a waterfall as data. Each pays, moves, draws or writes off; they run in their order, each once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from exchange.core.messages import Part
from securitization.deal_formulas import MAX_TERMS, Formula, Label, Names
from securitization.deal_terms import RatePpm

MAX_STEPS = 100
SomeNames = Annotated[tuple[Label, ...], msgspec.Meta(max_length=MAX_TERMS)]


class Order(StrEnum):
    """One after the other, or side by side in proportion to what is due."""

    SEQUENTIAL = "sequential"
    PRO_RATA = "pro_rata"


class PayFees(Part, frozen=True, kw_only=True, tag_field="is", tag="pay_fees"):
    """Pay what is owed of fees, together at most `limit`."""

    from_account: Label
    fees: Names
    order: Order = Order.SEQUENTIAL
    limit: Formula | None = None


class PayHedges(Part, frozen=True, kw_only=True, tag_field="is", tag="pay_hedges"):
    """Pay what is owed to hedge counterparties, one after the other."""

    from_account: Label
    hedges: Names


class PayInterest(Part, frozen=True, kw_only=True, tag_field="is", tag="pay_interest"):
    """Pay interest that is due, what was carried included."""

    from_account: Label
    tranches: Names
    order: Order = Order.SEQUENTIAL


class PrincipalOrder(StrEnum):
    """As `Order`, or by shares that are written down."""

    SEQUENTIAL = "sequential"
    PRO_RATA = "pro_rata"
    SHARES = "shares"


class PayPrincipal(Part, frozen=True, kw_only=True, tag_field="is", tag="pay_principal"):
    """Pay principal, together at most `limit`: down to plan, on the bullet's date, or as much as there is.

    `accelerated` pays any balance at once, whatever plan or bullet say. With fixed shares, what a tranche cannot take
    stays in the account.
    """

    from_account: Label
    tranches: Names
    order: PrincipalOrder = PrincipalOrder.SEQUENTIAL
    shares_ppm: Annotated[tuple[RatePpm, ...], msgspec.Meta(max_length=MAX_TERMS)] = ()
    limit: Formula | None = None
    accelerated: bool = False


class PayResidual(Part, frozen=True, kw_only=True, tag_field="is", tag="pay_residual"):
    """Pay all that is left to the most junior tranche, on top of what it is owed."""

    from_account: Label
    tranche: Label


class FundReserve(Part, frozen=True, kw_only=True, tag_field="is", tag="fund_reserve"):
    """Fill an account up to its target."""

    from_account: Label
    account: Label


class ReleaseReserve(Part, frozen=True, kw_only=True, tag_field="is", tag="release_reserve"):
    """Move out what an account holds above its target."""

    account: Label
    to_account: Label


class Transfer(Part, frozen=True, kw_only=True, tag_field="is", tag="transfer"):
    """Move what lies in an account, at most `limit`, to another."""

    from_account: Label
    to_account: Label
    limit: Formula | None = None


class FromAccount(Part, frozen=True, kw_only=True, tag_field="is", tag="account"):
    """Take from an account."""

    account: Label


class FromSupport(Part, frozen=True, kw_only=True, tag_field="is", tag="support"):
    """Draw on a support, if its provider has not failed."""

    support: Label


class TopUp(Part, frozen=True, kw_only=True, tag_field="is", tag="top_up"):
    """Bring what an account lacks of the dues named, from the sources in their order.

    Principal counts as far as it is owed today: by bullet, by plan, or in the last period.
    """

    to_account: Label
    sources: Annotated[tuple[FromAccount | FromSupport, ...], msgspec.Meta(min_length=1, max_length=MAX_TERMS)]
    fees: SomeNames = ()
    hedges: SomeNames = ()
    interest: SomeNames = ()
    principal: SomeNames = ()


class RepaySupports(Part, frozen=True, kw_only=True, tag_field="is", tag="repay_supports"):
    """Pay back what is owed to providers of support, one after the other, interest first."""

    from_account: Label
    supports: Names


class WriteOff(Part, frozen=True, kw_only=True, tag_field="is", tag="write_off"):
    """Take a loss off balances without paying, from the first tranche named on."""

    tranches: Names
    amount: Formula


Step = (
    PayFees
    | PayHedges
    | PayInterest
    | PayPrincipal
    | PayResidual
    | FundReserve
    | ReleaseReserve
    | Transfer
    | TopUp
    | RepaySupports
    | WriteOff
)
Steps = Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=MAX_STEPS)]


class Waterfalls(Part, frozen=True, kw_only=True):
    """The steps for each status a deal can be in."""

    normal: Steps
    clean_up: Steps | None = None
    early_amortisation: Steps | None = None
    event_of_default: Steps | None = None
