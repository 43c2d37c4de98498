"""Who takes part in a public sale: registered, qualified by its conditions, bound to secrecy, admitted by a deposit.

The same for every method. Each step is one command of the bidder or of an operator, all of them before bidding begins.
"""

from __future__ import annotations

from exchange.core.ids import BidderId, make_id
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor
from exchange.engine.access import refuse_account
from exchange.engine.deal_checks import refuse_frozen_assets
from exchange.engine.documents import refuse_documents
from exchange.engine.sale_cases import bidders_of, lots_of, own_bidder, put_bidder, put_sale, tell
from exchange.engine.sale_checks import refuse_barred, refuse_buyer
from exchange.engine.state import ExchangeState
from matching.sale_messages import (
    MAX_BIDDERS,
    Bidder,
    BidderAdmitted,
    BidderBound,
    BidderQualified,
    BidderRegistered,
    BidderState,
    BidderWithdrew,
    BindBidder,
    DocumentViewed,
    PayDeposit,
    QualifyBidder,
    RegisterBidder,
    Sale,
    SaleState,
    ViewDocument,
    WithdrawBidder,
)

OUT = (BidderState.REFUSED, BidderState.WITHDRAWN)


def register_bidder(state: ExchangeState, header: Header, command: RegisterBidder) -> list[Event]:
    """Ask to take part; whoever could not be the buyer is told so now."""
    sale = state.table(Sale).get(command.sale_id)
    if sale is None:
        return [Rejected(code=RejectCode.SALE_UNKNOWN)]
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    if sale.state is not SaleState.ANNOUNCED:
        return [Rejected(code=RejectCode.SALE_STATE, detail=sale.state)]
    member_id = state.accounts[command.account_id].member_id
    others = bidders_of(state, sale.sale_id)
    if any(other.member_id == member_id and other.state not in OUT for other in others):
        return [Rejected(code=RejectCode.BIDDER_EXISTS)]
    if (refusal := refuse_barred(state, header, sale, command.account_id)) is not None:
        return [refusal]
    if (refusal := refuse_buyer(state, header, sale, lots_of(state, sale), command.account_id)) is not None:
        return [refusal]
    if len(command.evidence) < len(sale.conditions):
        detail = f"{len(sale.conditions)} conditions, each by a document"
        return [Rejected(code=RejectCode.DOCUMENT_UNKNOWN, detail=detail)]
    if (refusal := refuse_documents(state, member_id, command.evidence)) is not None:
        return [refusal]
    if sale.registered >= MAX_BIDDERS:
        return [Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"at most {MAX_BIDDERS} bidders")]

    state.change()
    counted = put_sale(state, sale, registered=sale.registered + 1)
    bidder = Bidder(
        bidder_id=BidderId(make_id(header.sequence)),
        sale_id=sale.sale_id,
        account_id=command.account_id,
        member_id=member_id,
        seller_account_id=sale.seller_account_id,
        money_asset_id=sale.money_asset_id,
        paddle=counted.registered,
        state=BidderState.REGISTERED,
        evidence=command.evidence,
        registered_by=header.principal,
        registered_at_ns=header.at_ns,
    )
    state.put(bidder)
    return [BidderRegistered(bidder=bidder, sale=counted, movement=tell(state, header, counted, (bidder,)))]


def qualify_bidder(state: ExchangeState, header: Header, command: QualifyBidder) -> list[Event]:
    """An operator decides whether the documents show what the conditions want."""
    bidder = state.table(Bidder).get(command.bidder_id)
    if bidder is None:
        return [Rejected(code=RejectCode.BIDDER_UNKNOWN)]
    sale = _announced(state, bidder, BidderState.REGISTERED)
    if isinstance(sale, Rejected):
        return [sale]

    state.change()
    decided = put_bidder(
        state,
        bidder,
        state=BidderState.QUALIFIED if command.qualified else BidderState.REFUSED,
        qualified_by=header.principal,
        reason=command.reason,
    )
    return [BidderQualified(bidder=decided, movement=tell(state, header, sale, (decided,)))]


def bind_bidder(state: ExchangeState, header: Header, command: BindBidder) -> list[Event]:
    """The bidder signs the confidentiality and may look at the data room."""
    bidder = own_bidder(state, header, command.bidder_id)
    if isinstance(bidder, Rejected):
        return [bidder]
    sale = _announced(state, bidder, BidderState.QUALIFIED)
    if isinstance(sale, Rejected):
        return [sale]
    if command.confidentiality_sha256 != sale.confidentiality_sha256:
        detail = f"confidentiality_sha256={sale.confidentiality_sha256}"
        return [Rejected(code=RejectCode.SALE_TERMS_CHANGED, detail=detail)]

    state.change()
    bound = put_bidder(state, bidder, state=BidderState.BOUND, bound_by=header.principal, bound_at_ns=header.at_ns)
    return [BidderBound(bidder=bound, movement=tell(state, header, sale, (bound,)))]


def view_document(state: ExchangeState, header: Header, command: ViewDocument) -> list[Event]:
    """Put on record that the bidder opens a document of the data room."""
    bidder = own_bidder(state, header, command.bidder_id)
    if isinstance(bidder, Rejected):
        return [bidder]
    if not bidder.signed or bidder.state in OUT:
        return [Rejected(code=RejectCode.SALE_CONFIDENTIALITY, detail=bidder.state)]
    sale = state.table(Sale)[bidder.sale_id]
    if command.sha256 not in sale.data_room:
        return [Rejected(code=RejectCode.DOCUMENT_UNKNOWN, detail=command.sha256)]

    state.change()
    return [DocumentViewed(bidder=bidder, sha256=command.sha256, movement=tell(state, header, sale, (bidder,)))]


def pay_deposit(state: ExchangeState, header: Header, command: PayDeposit) -> list[Event]:
    """Hold the deposit: the bidder is admitted."""
    bidder = own_bidder(state, header, command.bidder_id)
    if isinstance(bidder, Rejected):
        return [bidder]
    sale = _announced(state, bidder, BidderState.BOUND)
    if isinstance(sale, Rejected):
        return [sale]
    if (refusal := refuse_frozen_assets(state, sale.money_asset_id)) is not None:
        return [refusal]
    if sale.deposit_minor > state.ledger.available(bidder.account_id, sale.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=f"deposit_minor={sale.deposit_minor}")]

    state.change()
    admitted = put_bidder(
        state,
        bidder,
        state=BidderState.ADMITTED,
        admitted_at_ns=header.at_ns,
        deposit_minor=sale.deposit_minor,
    )
    holds = [(bidder.account_id, sale.money_asset_id, int(sale.deposit_minor))]
    return [BidderAdmitted(bidder=admitted, movement=tell(state, header, sale, (admitted,), holds=holds))]


def withdraw_bidder(state: ExchangeState, header: Header, command: WithdrawBidder) -> list[Event]:
    """Step back while nothing has begun; what was held is free."""
    bidder = own_bidder(state, header, command.bidder_id, frozen_too=True)
    if isinstance(bidder, Rejected):
        return [bidder]
    sale = _announced(state, bidder)
    if isinstance(sale, Rejected):
        return [sale]
    if bidder.state in OUT:
        return [Rejected(code=RejectCode.BIDDER_STATE, detail=bidder.state)]

    state.change()
    gone = put_bidder(state, bidder, state=BidderState.WITHDRAWN, deposit_minor=Minor(0))
    holds = [(bidder.account_id, bidder.money_asset_id, -bidder.deposit_minor)]
    return [BidderWithdrew(bidder=gone, movement=tell(state, header, sale, (gone,), holds=holds))]


def _announced(state: ExchangeState, bidder: Bidder, *states: BidderState) -> Sale | Rejected:
    """The bidder's sale while bidders may come and go, if the bidder is in one of these states.

    Refused: bidder.state, sale.state.
    """
    sale = state.table(Sale)[bidder.sale_id]
    if states and bidder.state not in states:
        return Rejected(code=RejectCode.BIDDER_STATE, detail=bidder.state)
    if sale.state is not SaleState.ANNOUNCED:
        return Rejected(code=RejectCode.SALE_STATE, detail=sale.state)
    return sale
