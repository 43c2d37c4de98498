"""The dispatch table, one line per command, and the road of one command through it.

A route names the handler, who may send the command, its lane, and whether it needs four eyes. Everything else of a
command, from whichever door it came, is decided here and in its handler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from custody.conveyance_messages import ImportConveyances
from custody.corrections_messages import (
    FreezeAccount,
    FreezeAsset,
    KillOrders,
    ReleaseOrders,
    ReverseTransfer,
    TransferUnits,
)
from custody.funding_messages import (
    CancelWithdrawal,
    ConfirmWithdrawal,
    InstructWithdrawal,
    MatchReceipt,
    OpenBank,
    RecordReceipt,
    RequestWithdrawal,
    ReturnReceipt,
    ReturnWithdrawal,
    RevokePayoutAccount,
    SweepHouse,
    VerifyPayoutAccount,
)
from custody.outcomes import FileShareDeed, IssueShares, RegisterOutcome, WaivePriorClaim
from custody.pilot import AgreePilot, DecidePilot, ObjectToPilot, ProposePilot, ResolvePilot, WithdrawPilot
from custody.rights import ExamineRight, RegisterRight
from exchange.assets.messages import ConfirmAlias, ImportPatents
from exchange.core.documents import FileDocument
from exchange.core.membership import (
    ClassMember,
    FoundExchange,
    FreezeMember,
    GrantMandate,
    GroupMember,
    OpenAccount,
    RegisterKey,
    RegisterMember,
    RegisterUser,
    RevokeKey,
    RevokeMandate,
    SuspendUser,
)
from exchange.core.messages import MAX_EVENTS, Command, Event, Header
from exchange.core.node_messages import (
    AdvanceClock,
    ContinueRun,
    DenyApproval,
    GrantApproval,
    LoseConnection,
    RunKind,
    StartNode,
)
from exchange.core.parties import Role
from exchange.core.rejections import ensure
from exchange.core.rule_messages import ActivateText, ConfirmField, PublishText
from exchange.engine import (
    announcements,
    approvals,
    auctions,
    bidders,
    book_follow,
    busts,
    conveyances,
    corrections,
    days,
    deals,
    documents,
    funding,
    insiders,
    kill_switch,
    limits,
    listings,
    lots,
    markets,
    members,
    node_life,
    obligations,
    order_ends,
    orders,
    outcomes,
    patents,
    phases,
    pilots,
    products,
    quotes,
    rewards,
    rights,
    rules,
    sale_awards,
    sale_clock,
    sale_contracts,
    sales,
    tenders,
    withdrawals,
)
from exchange.engine.access import refuse_role
from exchange.engine.runs import Chunk, continue_run, whole_chunks
from exchange.engine.state import ExchangeState
from matching.correction_messages import BustTrade, CorrectTrade
from matching.deals import (
    AcceptDeal,
    ConfirmRecordal,
    ObjectToDeal,
    ProposeDeal,
    RefuseRecordal,
    ResolveObjection,
    SignDeal,
    WithdrawDeal,
)
from matching.limit_messages import SetLimits
from matching.listing_messages import AdmitListing, DelistListing, OpenMarket, ProposeListing, RejectListing
from matching.lot_messages import AnswerOffer, CommitBid, PlaceBid, RevealBid
from matching.messages import (
    CancelAllOrders,
    CancelOrder,
    ChangePhase,
    FreezeInstrument,
    PlaceOrder,
    ReplaceOrder,
)
from matching.notice_messages import (
    ChangeInsiders,
    EndInsiderList,
    FileAnnouncement,
    OpenInsiderList,
    RejectAnnouncement,
    ReleaseAnnouncement,
    SetClosedPeriod,
    WithdrawAnnouncement,
)
from matching.obligations import ConfirmDelivery, PayObligation, ReleaseObligation, ReportObligation
from matching.quote_messages import AcceptQuote, CloseQuoteRequest, PlaceQuote, RequestQuotes
from matching.sale_messages import (
    AnnounceSale,
    BindBidder,
    CancelSale,
    PayDeposit,
    QualifyBidder,
    RegisterBidder,
    RepriceListing,
    ViewDocument,
    WithdrawBidder,
)
from matching.tender_messages import LeavePanel, RevealOffer, ScoreOffer
from securitization.messages import (
    ClaimReward,
    CloseProduct,
    CreateProduct,
    OfferProduct,
    OpenProgramme,
    PayClaim,
    PayProduct,
    PayReward,
    RegisterClaim,
    SubscribeProduct,
)

Handler = Callable[[ExchangeState, Header, Any], list[Event]]

TIMELY = (days, sale_clock, sale_contracts, order_ends)
"""Workflows that only time and other workflows set going: importing them puts their steps where those look."""

NODE = (Role.NODE,)
OPERATOR = (Role.OPERATOR,)
INSTITUTION = (Role.INSTITUTION,)
TRADERS = (Role.INVESTOR, Role.INSTITUTION, Role.INTERMEDIARY, Role.COUNTERPARTY)
MEMBERS_AND_OPERATOR = TRADERS + OPERATOR


@dataclass(frozen=True, slots=True)
class Route:
    """How a command travels: `slow` commands fill at most a quarter of a batch; `four_eyes` ones wait for a second."""

    handler: Handler
    roles: tuple[Role, ...]
    slow: bool = False
    four_eyes: bool = False


CHUNKS: dict[RunKind, Chunk] = {
    RunKind.CANCEL_ORDERS: order_ends.cancel_chunk,
    RunKind.CONTINUE_BOOK: book_follow.continue_chunk,
    RunKind.PAY_PRODUCT: whole_chunks(products.pay_chunk),
    RunKind.UNCROSS: auctions.uncross_chunk,
}
"""What a run of each kind does with its next entries."""

ROUTES: dict[type[Command], Route] = {
    # The node itself
    StartNode: Route(node_life.start_node, NODE),
    AdvanceClock: Route(node_life.advance_clock, NODE),
    LoseConnection: Route(node_life.lose_connection, NODE),
    ContinueRun: Route(partial(continue_run, CHUNKS), NODE, slow=True),
    GrantApproval: Route(approvals.grant, MEMBERS_AND_OPERATOR),
    DenyApproval: Route(approvals.deny, MEMBERS_AND_OPERATOR),
    # Members
    FoundExchange: Route(members.found_exchange, NODE),
    RegisterMember: Route(members.register_member, OPERATOR),
    FreezeMember: Route(members.freeze_member, OPERATOR),
    ClassMember: Route(members.class_member, OPERATOR),
    GroupMember: Route(members.group_member, OPERATOR),
    RegisterUser: Route(members.register_user, OPERATOR),
    SuspendUser: Route(members.suspend_user, OPERATOR),
    RegisterKey: Route(members.register_key, OPERATOR),
    RevokeKey: Route(members.revoke_key, OPERATOR),
    GrantMandate: Route(members.grant_mandate, TRADERS),
    RevokeMandate: Route(members.revoke_mandate, TRADERS),
    OpenAccount: Route(members.open_account, MEMBERS_AND_OPERATOR),
    # Rules
    PublishText: Route(rules.publish_text, OPERATOR),
    ConfirmField: Route(rules.confirm_field, OPERATOR),
    ActivateText: Route(rules.activate_text, OPERATOR, four_eyes=True),
    # Money
    OpenBank: Route(funding.open_bank, OPERATOR),
    RecordReceipt: Route(funding.record_receipt, OPERATOR),
    MatchReceipt: Route(funding.match_receipt, OPERATOR),
    ReturnReceipt: Route(funding.return_receipt, OPERATOR),
    VerifyPayoutAccount: Route(withdrawals.verify_payout_account, OPERATOR),
    RevokePayoutAccount: Route(withdrawals.revoke_payout_account, OPERATOR),
    RequestWithdrawal: Route(withdrawals.request_withdrawal, TRADERS),
    InstructWithdrawal: Route(withdrawals.instruct_withdrawal, OPERATOR),
    ConfirmWithdrawal: Route(withdrawals.confirm_withdrawal, OPERATOR),
    ReturnWithdrawal: Route(withdrawals.return_withdrawal, OPERATOR),
    CancelWithdrawal: Route(withdrawals.cancel_withdrawal, MEMBERS_AND_OPERATOR),
    SweepHouse: Route(funding.sweep_house, OPERATOR),
    # Products and rewards
    RegisterClaim: Route(products.register_claim, TRADERS),
    CreateProduct: Route(products.create_product, TRADERS),
    OfferProduct: Route(products.offer_product, OPERATOR, four_eyes=True),
    SubscribeProduct: Route(products.subscribe_product, TRADERS),
    CloseProduct: Route(products.close_product, OPERATOR),
    PayClaim: Route(products.pay_claim, TRADERS),
    PayProduct: Route(products.pay_product, OPERATOR, four_eyes=True),
    OpenProgramme: Route(rewards.open_programme, TRADERS),
    ClaimReward: Route(rewards.claim_reward, TRADERS),
    PayReward: Route(rewards.pay_reward, OPERATOR, four_eyes=True),
    # Corrections and freezes
    TransferUnits: Route(corrections.transfer_units, OPERATOR, four_eyes=True),
    ReverseTransfer: Route(corrections.reverse_transfer, OPERATOR, four_eyes=True),
    FreezeAccount: Route(corrections.freeze_account, OPERATOR),
    FreezeAsset: Route(corrections.freeze_asset, OPERATOR),
    FreezeInstrument: Route(corrections.freeze_instrument, OPERATOR),
    BustTrade: Route(busts.bust_trade, OPERATOR, four_eyes=True),
    CorrectTrade: Route(busts.correct_trade, OPERATOR, four_eyes=True),
    # Markets
    OpenMarket: Route(markets.open_market, OPERATOR),
    # Documents, patents, rights, outcomes
    FileDocument: Route(documents.file_document, MEMBERS_AND_OPERATOR),
    ImportPatents: Route(patents.import_patents, INSTITUTION + OPERATOR, slow=True),
    ImportConveyances: Route(conveyances.import_conveyances, OPERATOR, slow=True),
    ConfirmAlias: Route(patents.confirm_alias, OPERATOR),
    RegisterRight: Route(rights.register_right, TRADERS),
    ExamineRight: Route(rights.examine_right, OPERATOR),
    RegisterOutcome: Route(outcomes.register_outcome, INSTITUTION),
    WaivePriorClaim: Route(outcomes.waive_prior_claim, INSTITUTION),
    FileShareDeed: Route(outcomes.file_share_deed, INSTITUTION),
    IssueShares: Route(outcomes.issue_shares, INSTITUTION),
    # Listings
    ProposeListing: Route(listings.propose_listing, TRADERS),
    AdmitListing: Route(listings.admit_listing, OPERATOR),
    RejectListing: Route(listings.reject_listing, OPERATOR),
    DelistListing: Route(listings.delist_listing, MEMBERS_AND_OPERATOR),
    # Agreements
    ProposeDeal: Route(deals.propose_deal, TRADERS),
    AcceptDeal: Route(deals.accept_deal, TRADERS),
    ObjectToDeal: Route(deals.object_to_deal, MEMBERS_AND_OPERATOR),
    ResolveObjection: Route(deals.resolve_objection, OPERATOR),
    SignDeal: Route(deals.sign_deal, TRADERS),
    ConfirmRecordal: Route(deals.confirm_recordal, OPERATOR),
    RefuseRecordal: Route(deals.refuse_recordal, OPERATOR),
    WithdrawDeal: Route(deals.withdraw_deal, TRADERS),
    # What agreements promised for later
    PayObligation: Route(obligations.pay_obligation, TRADERS),
    ReportObligation: Route(obligations.report_obligation, MEMBERS_AND_OPERATOR),
    ConfirmDelivery: Route(obligations.confirm_delivery, TRADERS),
    ReleaseObligation: Route(obligations.release_obligation, TRADERS),
    # Public sales
    AnnounceSale: Route(sales.announce_sale, TRADERS),
    CancelSale: Route(sales.cancel_sale, MEMBERS_AND_OPERATOR),
    RepriceListing: Route(sales.reprice_listing, OPERATOR, four_eyes=True),
    RegisterBidder: Route(bidders.register_bidder, TRADERS),
    QualifyBidder: Route(bidders.qualify_bidder, OPERATOR),
    BindBidder: Route(bidders.bind_bidder, TRADERS),
    ViewDocument: Route(bidders.view_document, TRADERS),
    PayDeposit: Route(bidders.pay_deposit, TRADERS),
    WithdrawBidder: Route(bidders.withdraw_bidder, TRADERS),
    PlaceBid: Route(lots.place_bid, TRADERS),
    CommitBid: Route(lots.commit_bid, TRADERS),
    RevealBid: Route(lots.reveal_bid, TRADERS),
    AnswerOffer: Route(sale_awards.answer_offer, TRADERS),
    RevealOffer: Route(tenders.reveal_offer, TRADERS),
    ScoreOffer: Route(tenders.score_offer, MEMBERS_AND_OPERATOR),
    LeavePanel: Route(tenders.leave_panel, MEMBERS_AND_OPERATOR),
    # Requests for quotes
    RequestQuotes: Route(quotes.request_quotes, TRADERS),
    PlaceQuote: Route(quotes.place_quote, TRADERS),
    AcceptQuote: Route(quotes.accept_quote, TRADERS),
    CloseQuoteRequest: Route(quotes.close_request, TRADERS),
    # Pilot assignments
    ProposePilot: Route(pilots.propose_pilot, INSTITUTION),
    DecidePilot: Route(pilots.decide_pilot, INSTITUTION),
    ObjectToPilot: Route(pilots.object_to_pilot, MEMBERS_AND_OPERATOR),
    ResolvePilot: Route(pilots.resolve_pilot, OPERATOR),
    AgreePilot: Route(pilots.agree_pilot, TRADERS),
    WithdrawPilot: Route(pilots.withdraw_pilot, INSTITUTION),
    # Orders
    PlaceOrder: Route(orders.place_order, TRADERS),
    CancelOrder: Route(orders.cancel_order, TRADERS),
    ReplaceOrder: Route(orders.replace_order, TRADERS),
    KillOrders: Route(kill_switch.kill_orders, MEMBERS_AND_OPERATOR),
    ReleaseOrders: Route(kill_switch.release_orders, OPERATOR),
    CancelAllOrders: Route(order_ends.cancel_all_orders, TRADERS),
    ChangePhase: Route(phases.change_phase, OPERATOR),
    # Limits, insiders, announcements
    SetLimits: Route(limits.set_limits, MEMBERS_AND_OPERATOR),
    OpenInsiderList: Route(insiders.open_insider_list, MEMBERS_AND_OPERATOR),
    ChangeInsiders: Route(insiders.change_insiders, MEMBERS_AND_OPERATOR),
    SetClosedPeriod: Route(insiders.set_closed_period, MEMBERS_AND_OPERATOR),
    EndInsiderList: Route(insiders.end_insider_list, MEMBERS_AND_OPERATOR),
    FileAnnouncement: Route(announcements.file_announcement, MEMBERS_AND_OPERATOR),
    ReleaseAnnouncement: Route(announcements.release_announcement, OPERATOR),
    RejectAnnouncement: Route(announcements.reject_announcement, OPERATOR),
    WithdrawAnnouncement: Route(announcements.withdraw_announcement, MEMBERS_AND_OPERATOR),
}


def apply(state: ExchangeState, header: Header, command: Command) -> list[Event]:
    """Decide one command and change the state by it; a refusal changes nothing but the sequence and the time.

    Raises: InvariantBroken, or whatever a bug raises. `state.changing` then tells whether the line was crossed.
    """
    state.changing = False
    route = ROUTES[type(command)]
    refusal = refuse_role(state, header, route.roles)
    if refusal is not None:
        events: list[Event] = [refusal]
    elif route.four_eyes:
        events = approvals.request(state, header, command)
    elif isinstance(command, GrantApproval):
        events = approvals.grant(state, header, command, _handle)
    else:
        events = route.handler(state, header, command)
    if state.calls_touched:
        events = [*events, *auctions.tell_indications(state)]
    ensure(len(events) <= MAX_EVENTS, "a command makes a bounded number of events")
    state.sequence = header.sequence
    state.epoch = header.epoch
    state.at_ns = header.at_ns
    return events


def _handle(state: ExchangeState, header: Header, command: Command) -> list[Event]:
    """Decide a command whose roles and eyes were checked before."""
    return ROUTES[type(command)].handler(state, header, command)
