"""The dispatch table, one line per command, and the road of one command through it.

A route names the handler, who may send the command, its lane, and whether it needs four eyes. Everything else of a
command, from whichever door it came, is decided here and in its handler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from custody.company import AbandonCompany, ConfirmContribution, FoundCompany, RefuseContribution, SubscribeCapital
from custody.consents import GiveConsent, WithdrawConsent
from custody.conveyance_messages import ImportConveyances
from custody.corrections_messages import (
    FreezeAccount,
    FreezeAsset,
    KillOrders,
    ReleaseOrders,
    ReverseTransfer,
    TransferUnits,
)
from custody.distribution_messages import (
    ApproveDistribution,
    PayDistribution,
    ProposeDistribution,
    RecordIncome,
    ReleaseUnclaimed,
    RemitWithholding,
    WithdrawDistribution,
    WithdrawIncome,
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
from custody.kept_share import (
    ConfirmKeptShareRecordal,
    ObjectToKeptShare,
    OfferKeptShare,
    RefuseKeptShareRecordal,
    ResolveKeptShare,
    SignKeptShare,
    WithdrawKeptShare,
)
from custody.outcomes import DeclarePriorClaim, FileShareDeed, IssueShares, RegisterOutcome, WaivePriorClaim
from custody.packs import AddEvidence, SealPack
from custody.pilot import AgreePilot, DecidePilot, ObjectToPilot, ProposePilot, ResolvePilot, WithdrawPilot
from custody.pilot_life import (
    ConfirmPilotRecordal,
    ExtendUseRight,
    FilePilotReport,
    RecordIncentive,
    RefusePilotRecordal,
    RevokePilot,
)
from custody.pledges import ConsentPledge, EnforcePledge, RefusePledge, RegisterPledge, ReleasePledge, RequestPledge
from custody.preservations import LiftPreservation, OrderPreservation
from custody.reconciliation import CloseReconciliation, CompareLines, OpenReconciliation, ResolveDifference
from custody.reform import DraftReform, EndReform, EvaluateReform, PromoteReform, StartReformPilot
from custody.register import CorrectTitleDate
from custody.rights import ExamineRight, RegisterRight
from exchange.assets.messages import ChangePatentStatus, ConfirmAlias, ImportPatents
from exchange.core.authorisations import RecordAuthorisation, WithdrawAuthorisation
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
    allocations,
    announcements,
    application_awards,
    applications,
    approvals,
    auctions,
    authorisations,
    bidders,
    book_follow,
    busts,
    companies,
    consents,
    conveyances,
    corrections,
    day_totals,
    days,
    deal_collections,
    deal_completion,
    deal_contracts,
    deal_payments,
    deal_payouts,
    deal_publicity,
    deals,
    disclosures,
    distribution_payments,
    distributions,
    documents,
    equity,
    equity_register,
    funding,
    incomes,
    insiders,
    issues,
    kept_share_entry,
    kept_shares,
    kill_switch,
    licence_ends,
    licences,
    limits,
    listings,
    lots,
    markets,
    members,
    mirrors,
    node_life,
    obligations,
    offering_close,
    offerings,
    open_licences,
    order_ends,
    orders,
    outcomes,
    packs,
    patent_status,
    patents,
    perfection,
    phases,
    pilot_entry,
    pilot_life,
    pilot_revocation,
    pilots,
    pledges,
    pool_assets,
    pools,
    preemption,
    preservations,
    price_offers,
    products,
    projections,
    quotes,
    reconciliations,
    reforms,
    register,
    rewards,
    rights,
    rules,
    sale_awards,
    sale_clock,
    sale_contracts,
    sales,
    schemes,
    servicing,
    tenders,
    thresholds,
    withdrawals,
)
from exchange.engine.access import refuse_role
from exchange.engine.runs import Chunk, continue_run, whole_chunks
from exchange.engine.state import ExchangeState
from matching.allocation_messages import MakeAllocation
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
from matching.equity import (
    AcceptEquity,
    EnterMember,
    ExerciseEquity,
    OfferEquity,
    RefuseMember,
    WaiveEquity,
    WithdrawEquity,
)
from matching.licence_messages import (
    AcceptLicence,
    DeclareOpenLicence,
    ObjectToLicence,
    ProposeLicence,
    PublishOpenLicence,
    RecordLicence,
    ResolveLicence,
    SignLicence,
    TakeOpenLicence,
    TerminateLicence,
    WithdrawLicence,
    WithdrawOpenLicence,
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
from matching.preemption import ExercisePriorClaim, WaiveInRound
from matching.price_offers import CloseListingOffer, OfferListing, TakeListing
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
from securitization.application_messages import (
    AppealApplication,
    ClawBackApplication,
    ConfirmVoucher,
    CorrectApplication,
    DecideApplication,
    ObjectToApplication,
    OpenApplication,
    PayApplication,
    PubliciseApplication,
    RepayApplication,
    ResolveApplication,
    ReviewApplication,
    SubmitApplication,
    WithdrawApplication,
)
from securitization.issue_messages import ProposeIssue, PublishDeal, SatisfyClosing, WithdrawIssue
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
from securitization.mirror import (
    CompleteMirrorFile,
    ConfirmMirrorFile,
    DiscardMirrorFile,
    HandOverRegister,
    ImportMirrorLines,
    OpenMirrorFile,
)
from securitization.offering_messages import (
    CancelOffering,
    CloseOffering,
    OpenOffering,
    PlaceBookBid,
    RegisterShelf,
    WithdrawBookBid,
)
from securitization.pool_messages import (
    AddPoolAsset,
    CheckPool,
    OpenPool,
    RecordValuation,
    RegisterPoolAsset,
    RemovePoolAsset,
    SealPool,
    SellPool,
    SubstitutePoolAsset,
    WithdrawPool,
    WithdrawPoolAsset,
)
from securitization.scheme_messages import (
    ActivateScheme,
    AwardSchemeCall,
    EndScheme,
    OpenScheme,
    OpenSchemeCall,
    RecordRewardEvent,
)
from securitization.servicing_messages import (
    ApprovePayment,
    DepositCollection,
    FundPayment,
    ImportCollection,
    MakeRepurchase,
    OpenServicing,
    PayPayment,
    PerfectSale,
    PreparePayment,
    PublishReport,
    RecordProjection,
    ReleaseUnpaidPart,
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
    """How a command travels: `slow` commands fill at most a quarter of a batch; `four_eyes` ones wait for a second.

    A `guarded` one waits where the market's profile asks for a second person at its value (see thresholds).
    """

    handler: Handler
    roles: tuple[Role, ...]
    slow: bool = False
    four_eyes: bool = False
    guarded: bool = False


CHUNKS: dict[RunKind, Chunk] = {
    RunKind.CANCEL_ORDERS: order_ends.cancel_chunk,
    RunKind.CONTINUE_BOOK: book_follow.continue_chunk,
    RunKind.PAY_DISTRIBUTION: distribution_payments.pay_chunk,
    RunKind.PAY_CLASS: deal_payouts.pay_chunk,
    RunKind.PAY_PRODUCT: whole_chunks(products.pay_chunk),
    RunKind.PLAN_DISTRIBUTION: distributions.plan_chunk,
    RunKind.UNCROSS: auctions.uncross_chunk,
    RunKind.ALLOT_NOTES: whole_chunks(offering_close.allot_chunk),
    RunKind.REFUND_BIDS: whole_chunks(offering_close.refund_chunk),
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
    SubscribeProduct: Route(products.subscribe_product, TRADERS, guarded=True),
    CloseProduct: Route(products.close_product, OPERATOR),
    PayClaim: Route(products.pay_claim, TRADERS),
    PayProduct: Route(products.pay_product, OPERATOR, four_eyes=True),
    OpenProgramme: Route(rewards.open_programme, TRADERS),
    ClaimReward: Route(rewards.claim_reward, TRADERS),
    PayReward: Route(rewards.pay_reward, OPERATOR, four_eyes=True),
    # Pools
    OpenPool: Route(pools.open_pool, TRADERS),
    CheckPool: Route(pools.check_pool, MEMBERS_AND_OPERATOR),
    SealPool: Route(pools.seal_pool, TRADERS),
    SellPool: Route(pools.sell_pool, TRADERS),
    WithdrawPool: Route(pools.withdraw_pool, TRADERS),
    RegisterPoolAsset: Route(pool_assets.register_pool_asset, TRADERS),
    AddPoolAsset: Route(pool_assets.add_pool_asset, TRADERS),
    RemovePoolAsset: Route(pool_assets.remove_pool_asset, TRADERS),
    SubstitutePoolAsset: Route(pool_assets.substitute_pool_asset, TRADERS),
    WithdrawPoolAsset: Route(pool_assets.withdraw_pool_asset, TRADERS),
    RecordValuation: Route(pools.record_valuation, (Role.INTERMEDIARY,)),
    # Reward programmes at work
    OpenScheme: Route(schemes.open_scheme, TRADERS),
    ActivateScheme: Route(schemes.activate_scheme, OPERATOR, four_eyes=True),
    EndScheme: Route(schemes.end_scheme, OPERATOR),
    OpenSchemeCall: Route(schemes.open_call, OPERATOR),
    AwardSchemeCall: Route(schemes.award_call, OPERATOR, four_eyes=True),
    RecordRewardEvent: Route(schemes.record_event, OPERATOR, four_eyes=True),
    OpenApplication: Route(applications.open_application, TRADERS),
    SubmitApplication: Route(applications.submit_application, TRADERS),
    CorrectApplication: Route(applications.correct_application, TRADERS),
    WithdrawApplication: Route(applications.withdraw_application, TRADERS),
    ReviewApplication: Route(applications.review_application, OPERATOR),
    PubliciseApplication: Route(application_awards.publicise_application, OPERATOR),
    ObjectToApplication: Route(application_awards.object_to_application, MEMBERS_AND_OPERATOR),
    AppealApplication: Route(application_awards.appeal_application, TRADERS),
    ResolveApplication: Route(application_awards.resolve_application, OPERATOR),
    DecideApplication: Route(application_awards.decide_application, OPERATOR, four_eyes=True),
    PayApplication: Route(application_awards.pay_application, OPERATOR, four_eyes=True),
    ConfirmVoucher: Route(application_awards.confirm_voucher, OPERATOR),
    ClawBackApplication: Route(application_awards.claw_back_application, OPERATOR, four_eyes=True),
    RepayApplication: Route(application_awards.repay_application, TRADERS),
    # Deals issued
    PublishDeal: Route(issues.publish_deal, OPERATOR),
    ProposeIssue: Route(issues.propose_issue, TRADERS),
    SatisfyClosing: Route(issues.satisfy_closing, TRADERS),
    WithdrawIssue: Route(issues.withdraw_issue, TRADERS),
    RegisterShelf: Route(offerings.register_shelf, OPERATOR, four_eyes=True),
    OpenOffering: Route(offerings.open_offering, OPERATOR, four_eyes=True),
    PlaceBookBid: Route(offerings.place_bid, TRADERS),
    WithdrawBookBid: Route(offerings.withdraw_bid, TRADERS),
    CloseOffering: Route(offering_close.close_offering, OPERATOR),
    CancelOffering: Route(offering_close.cancel_offering, OPERATOR),
    # Corrections and freezes
    TransferUnits: Route(corrections.transfer_units, OPERATOR, four_eyes=True),
    ReverseTransfer: Route(corrections.reverse_transfer, OPERATOR, four_eyes=True),
    FreezeAccount: Route(corrections.freeze_account, OPERATOR),
    FreezeAsset: Route(corrections.freeze_asset, OPERATOR),
    FreezeInstrument: Route(corrections.freeze_instrument, OPERATOR),
    OpenReconciliation: Route(reconciliations.open_reconciliation, OPERATOR),
    CompareLines: Route(reconciliations.compare_lines, OPERATOR, slow=True),
    CloseReconciliation: Route(reconciliations.close_reconciliation, OPERATOR),
    ResolveDifference: Route(reconciliations.resolve_difference, OPERATOR, four_eyes=True),
    BustTrade: Route(busts.bust_trade, OPERATOR, four_eyes=True),
    CorrectTrade: Route(busts.correct_trade, OPERATOR, four_eyes=True),
    # Markets
    RecordAuthorisation: Route(authorisations.record_authorisation, OPERATOR, four_eyes=True),
    WithdrawAuthorisation: Route(authorisations.withdraw_authorisation, OPERATOR, four_eyes=True),
    OpenMarket: Route(markets.open_market, OPERATOR),
    # Documents, patents, rights, outcomes
    FileDocument: Route(documents.file_document, MEMBERS_AND_OPERATOR),
    ImportPatents: Route(patents.import_patents, INSTITUTION + OPERATOR, slow=True),
    ChangePatentStatus: Route(patent_status.change_patent_status, OPERATOR, four_eyes=True),
    ImportConveyances: Route(conveyances.import_conveyances, OPERATOR, slow=True),
    ConfirmAlias: Route(patents.confirm_alias, OPERATOR),
    RegisterRight: Route(rights.register_right, TRADERS),
    ExamineRight: Route(rights.examine_right, OPERATOR),
    CorrectTitleDate: Route(register.correct_title_date, OPERATOR, four_eyes=True),
    RegisterOutcome: Route(outcomes.register_outcome, INSTITUTION),
    WaivePriorClaim: Route(outcomes.waive_prior_claim, INSTITUTION),
    DeclarePriorClaim: Route(outcomes.declare_prior_claim, INSTITUTION),
    FileShareDeed: Route(outcomes.file_share_deed, INSTITUTION),
    IssueShares: Route(outcomes.issue_shares, INSTITUTION),
    # Listings
    ProposeListing: Route(listings.propose_listing, TRADERS),
    AdmitListing: Route(listings.admit_listing, OPERATOR),
    RejectListing: Route(listings.reject_listing, OPERATOR),
    DelistListing: Route(listings.delist_listing, MEMBERS_AND_OPERATOR),
    # Agreements
    ProposeDeal: Route(deals.propose_deal, TRADERS, guarded=True),
    AcceptDeal: Route(deals.accept_deal, TRADERS, guarded=True),
    ObjectToDeal: Route(deal_publicity.object_to_deal, MEMBERS_AND_OPERATOR),
    ResolveObjection: Route(deal_publicity.resolve_objection, OPERATOR),
    SignDeal: Route(deal_contracts.sign_deal, TRADERS, guarded=True),
    ConfirmRecordal: Route(deal_completion.confirm_recordal, OPERATOR),
    RefuseRecordal: Route(deal_completion.refuse_recordal, OPERATOR),
    WithdrawDeal: Route(deals.withdraw_deal, TRADERS),
    # Prior claims inside agreements, and co-owners' consents
    ExercisePriorClaim: Route(preemption.exercise_claim, TRADERS),
    WaiveInRound: Route(preemption.waive_in_round, TRADERS),
    GiveConsent: Route(consents.give_consent, TRADERS),
    WithdrawConsent: Route(consents.withdraw_consent, TRADERS),
    # Companies founded on outcomes, and transfers of their equity
    FoundCompany: Route(companies.found_company, TRADERS),
    SubscribeCapital: Route(companies.subscribe_capital, TRADERS),
    AbandonCompany: Route(companies.abandon_company, MEMBERS_AND_OPERATOR),
    ConfirmContribution: Route(companies.confirm_contribution, OPERATOR),
    RefuseContribution: Route(companies.refuse_contribution, OPERATOR),
    OfferEquity: Route(equity.offer_equity, TRADERS),
    AcceptEquity: Route(equity.accept_equity, TRADERS),
    WithdrawEquity: Route(equity.withdraw_equity, TRADERS),
    ExerciseEquity: Route(equity.exercise_equity, TRADERS),
    WaiveEquity: Route(equity.waive_equity, TRADERS),
    EnterMember: Route(equity_register.enter_member, TRADERS),
    RefuseMember: Route(equity_register.refuse_entry, TRADERS),
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
    PlaceQuote: Route(quotes.place_quote, TRADERS, guarded=True),
    AcceptQuote: Route(quotes.accept_quote, TRADERS, guarded=True),
    CloseQuoteRequest: Route(quotes.close_request, TRADERS),
    # Listed prices
    OfferListing: Route(price_offers.offer_listing, TRADERS),
    TakeListing: Route(price_offers.take_listing, TRADERS),
    CloseListingOffer: Route(price_offers.close_listing_offer, TRADERS),
    # Licences
    ProposeLicence: Route(licences.propose_licence, TRADERS),
    AcceptLicence: Route(licences.accept_licence, TRADERS),
    ObjectToLicence: Route(licences.object_to_licence, MEMBERS_AND_OPERATOR),
    ResolveLicence: Route(licences.resolve_licence, OPERATOR),
    SignLicence: Route(licences.sign_licence, TRADERS),
    WithdrawLicence: Route(licences.withdraw_licence, TRADERS),
    RecordLicence: Route(licence_ends.record_licence, OPERATOR),
    TerminateLicence: Route(licence_ends.terminate_licence, MEMBERS_AND_OPERATOR),
    DeclareOpenLicence: Route(open_licences.declare_open_licence, TRADERS),
    PublishOpenLicence: Route(open_licences.publish_open_licence, OPERATOR),
    TakeOpenLicence: Route(open_licences.take_open_licence, TRADERS),
    WithdrawOpenLicence: Route(open_licences.withdraw_open_licence, TRADERS),
    # Pilot assignments
    ProposePilot: Route(pilots.propose_pilot, INSTITUTION),
    DecidePilot: Route(pilots.decide_pilot, INSTITUTION),
    ObjectToPilot: Route(pilots.object_to_pilot, MEMBERS_AND_OPERATOR),
    ResolvePilot: Route(pilots.resolve_pilot, OPERATOR),
    AgreePilot: Route(pilot_entry.agree_pilot, TRADERS),
    WithdrawPilot: Route(pilots.withdraw_pilot, INSTITUTION),
    ConfirmPilotRecordal: Route(pilot_entry.confirm_recordal, OPERATOR),
    RefusePilotRecordal: Route(pilot_entry.refuse_recordal, OPERATOR),
    FilePilotReport: Route(pilot_life.file_report, TRADERS),
    ExtendUseRight: Route(pilot_life.extend_use_right, INSTITUTION),
    RevokePilot: Route(pilot_revocation.revoke_pilot, OPERATOR, four_eyes=True),
    RecordIncentive: Route(pilot_life.record_incentive, INSTITUTION),
    OfferKeptShare: Route(kept_shares.offer_kept_share, INSTITUTION),
    ObjectToKeptShare: Route(kept_shares.object_to_kept_share, MEMBERS_AND_OPERATOR),
    ResolveKeptShare: Route(kept_shares.resolve_kept_share, OPERATOR),
    SignKeptShare: Route(kept_share_entry.sign_kept_share, TRADERS),
    WithdrawKeptShare: Route(kept_shares.withdraw_kept_share, TRADERS),
    ConfirmKeptShareRecordal: Route(kept_share_entry.confirm_recordal, OPERATOR),
    RefuseKeptShareRecordal: Route(kept_share_entry.refuse_recordal, OPERATOR),
    DraftReform: Route(reforms.draft_reform, OPERATOR),
    StartReformPilot: Route(reforms.start_pilot, OPERATOR, four_eyes=True),
    EvaluateReform: Route(reforms.evaluate_reform, OPERATOR),
    PromoteReform: Route(reforms.promote_reform, OPERATOR, four_eyes=True),
    EndReform: Route(reforms.end_reform, OPERATOR),
    # Encumbrances
    RequestPledge: Route(pledges.request_pledge, TRADERS),
    RegisterPledge: Route(pledges.register_pledge, OPERATOR),
    RefusePledge: Route(pledges.refuse_pledge, OPERATOR),
    ConsentPledge: Route(pledges.consent_pledge, TRADERS),
    ReleasePledge: Route(pledges.release_pledge, TRADERS),
    EnforcePledge: Route(pledges.enforce_pledge, TRADERS),
    OrderPreservation: Route(preservations.order_preservation, OPERATOR, four_eyes=True),
    LiftPreservation: Route(preservations.lift_preservation, OPERATOR, four_eyes=True),
    # Income and its distribution
    RecordIncome: Route(incomes.record_income, TRADERS),
    WithdrawIncome: Route(incomes.withdraw_income, TRADERS),
    ProposeDistribution: Route(distributions.propose_distribution, TRADERS),
    WithdrawDistribution: Route(distributions.withdraw_distribution, TRADERS),
    ApproveDistribution: Route(distributions.approve_distribution, TRADERS),
    PayDistribution: Route(distribution_payments.pay_distribution, OPERATOR, four_eyes=True),
    ReleaseUnclaimed: Route(distribution_payments.release_unclaimed, MEMBERS_AND_OPERATOR),
    RemitWithholding: Route(distribution_payments.remit_withholding, OPERATOR, four_eyes=True),
    AddEvidence: Route(packs.add_evidence, MEMBERS_AND_OPERATOR),
    SealPack: Route(packs.seal_pack, TRADERS),
    # Servicing of deals
    OpenServicing: Route(servicing.open_servicing, OPERATOR, four_eyes=True),
    RecordProjection: Route(projections.record_projection, TRADERS),
    PerfectSale: Route(perfection.perfect_sale, TRADERS),
    ImportCollection: Route(deal_collections.import_collection, TRADERS, slow=True),
    DepositCollection: Route(deal_collections.deposit_collection, TRADERS),
    MakeRepurchase: Route(deal_collections.make_repurchase, TRADERS),
    PreparePayment: Route(deal_payments.prepare_payment, MEMBERS_AND_OPERATOR, slow=True),
    FundPayment: Route(deal_payments.fund_payment, TRADERS),
    ApprovePayment: Route(deal_payments.approve_payment, TRADERS),
    PayPayment: Route(deal_payouts.pay_payment, OPERATOR, four_eyes=True),
    ReleaseUnpaidPart: Route(deal_payouts.release_part, MEMBERS_AND_OPERATOR),
    PublishReport: Route(disclosures.publish_report, TRADERS),
    # Products whose register is elsewhere
    HandOverRegister: Route(mirrors.hand_over, OPERATOR, four_eyes=True),
    OpenMirrorFile: Route(mirrors.open_file, OPERATOR),
    ImportMirrorLines: Route(mirrors.import_lines, OPERATOR, slow=True),
    CompleteMirrorFile: Route(mirrors.complete_file, OPERATOR),
    ConfirmMirrorFile: Route(mirrors.confirm_file, OPERATOR),
    DiscardMirrorFile: Route(mirrors.discard_file, OPERATOR),
    # Orders
    PlaceOrder: Route(orders.place_order, TRADERS),
    CancelOrder: Route(orders.cancel_order, TRADERS),
    ReplaceOrder: Route(orders.replace_order, TRADERS),
    KillOrders: Route(kill_switch.kill_orders, MEMBERS_AND_OPERATOR),
    ReleaseOrders: Route(kill_switch.release_orders, OPERATOR),
    CancelAllOrders: Route(order_ends.cancel_all_orders, TRADERS),
    ChangePhase: Route(phases.change_phase, OPERATOR),
    MakeAllocation: Route(allocations.make_allocation, TRADERS),
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
    elif route.guarded and (kept := thresholds.decide_or_keep(state, header, command)) is not None:
        events = kept
    elif isinstance(command, GrantApproval):
        events = approvals.grant(state, header, command, _handle)
    else:
        events = route.handler(state, header, command)
    if state.calls_touched:
        events = [*events, *auctions.tell_indications(state)]
    if state.totals_touched:
        events = [*events, *day_totals.tell_totals(state, header)]
    if state.records_due:
        distributions.take_records(state)
    if state.class_records_due:
        servicing.take_class_records(state)
    ensure(len(events) <= MAX_EVENTS, "a command makes a bounded number of events")
    state.sequence = header.sequence
    state.epoch = header.epoch
    state.at_ns = header.at_ns
    return events


def _handle(state: ExchangeState, header: Header, command: Command) -> list[Event]:
    """Decide a command whose roles and eyes were checked before."""
    return ROUTES[type(command)].handler(state, header, command)
