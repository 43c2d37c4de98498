"""The steps of every workflow of the market, as tables: see exchange/core/workflows.py."""

from __future__ import annotations

from exchange.core.workflows import Workflow
from matching.deals import Deal
from matching.equity import EquityNotice, EquityOffer
from matching.licence_messages import Licence, OpenLicence
from matching.listing_messages import Listing
from matching.lot_messages import LotBid
from matching.notice_messages import Announcement
from matching.obligations import Obligation
from matching.preemption import NotifiedClaim
from matching.price_offers import PriceOffer
from matching.quote_messages import Quote, QuoteRequest
from matching.sale_messages import Bidder, Lot, Sale

LISTING = Workflow.of(
    "listing",
    Listing,
    """
    -         draft     listing.propose, pledge.enforce
    draft     admitted  listing.admit
    draft     rejected  listing.delist, listing.reject, patent.change_status, pledge.release
    admitted  delisted  listing.delist, patent.change_status, pledge.release, recordal.confirm
    """,
)

PRICE_OFFER = Workflow.of(
    "listed price",
    PriceOffer,
    """
    -      open    listing.offer
    open   closed  listing.close_offer, patent.change_status, preservation.order, clock.advance
    open   taken   listing.take
    taken  closed  patent.change_status, preservation.order, recordal.confirm, recordal.refuse, clock.advance
    """,
)

DEAL = Workflow.of(
    "agreement",
    Deal,
    """
    -            pre_emption       lot.answer_offer, quote.accept, clock.advance
    -            proposed          deal.propose
    -            publicity         quote.accept
    -            signing           listing.take, lot.answer_offer, lot.bid, quote.accept, tender.leave_panel
    +            tender.score, clock.advance
    pre_emption  signing           prior_claim.exercise, prior_claim.waive_round, patent.change_status
    +            preservation.order, clock.advance
    proposed     pre_emption       deal.accept
    proposed     publicity         deal.accept
    proposed     signing           deal.accept
    proposed     defaulted         clock.advance
    proposed     lapsed            clock.advance
    proposed     stopped           patent.change_status, preservation.order, clock.advance
    proposed     withdrawn         deal.withdraw
    publicity    pre_emption       clock.advance
    publicity    signing           clock.advance
    publicity    withdrawn         deal.withdraw
    publicity    objected          deal.object
    publicity    lapsed            clock.advance
    publicity    stopped           patent.change_status, preservation.order, clock.advance
    signing      defaulted         deal.withdraw, patent.change_status, preservation.order, clock.advance
    signing      stopped           patent.change_status, prior_claim.exercise, prior_claim.waive_round
    +            preservation.order, clock.advance
    signing      withdrawn         deal.withdraw
    signing      contracted        deal.sign
    signing      lapsed            clock.advance
    objected     publicity         deal.resolve_objection
    objected     lapsed            clock.advance
    objected     stopped           deal.resolve_objection, patent.change_status, preservation.order, clock.advance
    objected     withdrawn         deal.withdraw
    contracted   stopped           patent.change_status, preservation.order
    contracted   lapsed            clock.advance
    contracted   completed         deal.sign, recordal.confirm
    contracted   recordal_refused  recordal.refuse
    contracted   defaulted         patent.change_status, preservation.order
    """,
)

NOTIFIED_CLAIM = Workflow.of(
    "prior claim in an agreement",
    NotifiedClaim,
    """
    -          notified   deal.accept, lot.answer_offer, quote.accept, clock.advance
    notified   exercised  prior_claim.exercise
    notified   expired    prior_claim.exercise, patent.change_status, preservation.order, clock.advance
    notified   waived     prior_claim.waive_round
    exercised  outranked  prior_claim.exercise, prior_claim.waive_round, patent.change_status
    +                     preservation.order, clock.advance
    exercised  taken      prior_claim.exercise, prior_claim.waive_round, clock.advance
    """,
)

OBLIGATION = Workflow.of(
    "obligation",
    Obligation,
    """
    -         expected   licence.sign, recordal.confirm
    -         owed       licence.sign, recordal.confirm
    expected  owed       obligation.report
    expected  lapsed     clock.advance
    expected  paid       obligation.report
    expected  released   obligation.release
    owed      paid       obligation.pay
    owed      released   obligation.release
    owed      delivered  obligation.confirm_delivery
    """,
)

LICENCE = Workflow.of(
    "licence",
    Licence,
    """
    -          in_force    open_licence.take
    -          proposed    licence.propose
    in_force   expired     clock.advance
    in_force   terminated  licence.terminate
    proposed   publicity   licence.accept
    proposed   signing     licence.accept
    proposed   withdrawn   licence.withdraw
    proposed   stopped     preservation.order
    publicity  signing     clock.advance
    publicity  objected    licence.object
    publicity  stopped     preservation.order
    publicity  withdrawn   licence.withdraw
    signing    in_force    licence.sign
    signing    withdrawn   licence.withdraw
    signing    stopped     preservation.order
    objected   publicity   licence.resolve_objection
    objected   stopped     licence.resolve_objection, preservation.order
    objected   withdrawn   licence.withdraw
    """,
)

OPEN_LICENCE = Workflow.of(
    "open licence",
    OpenLicence,
    """
    -         declared   open_licence.declare
    declared  ended      preservation.order, clock.advance
    declared  open       open_licence.publish
    declared  withdrawn  open_licence.withdraw
    open      ended      preservation.order, recordal.confirm, clock.advance
    open      withdrawn  open_licence.withdraw
    """,
)

SALE = Workflow.of(
    "public sale",
    Sale,
    """
    -            announced    sale.announce
    announced    bidding      clock.advance
    announced    cancelled    patent.change_status, preservation.order, sale.cancel
    announced    closed       clock.advance
    announced    negotiating  clock.advance
    bidding      cancelled    patent.change_status, preservation.order, sale.cancel
    bidding      closed       clock.advance
    bidding      contracting  lot.bid, clock.advance
    bidding      revealing    clock.advance
    negotiating  closed       deal.withdraw, patent.change_status, preservation.order, recordal.confirm, clock.advance
    contracting  closed       deal.withdraw, lot.answer_offer, patent.change_status, preservation.order
    +                         recordal.confirm, recordal.refuse, clock.advance
    revealing    cancelled    patent.change_status, preservation.order, sale.cancel
    revealing    closed       clock.advance
    revealing    negotiating  clock.advance
    revealing    contracting  clock.advance
    revealing    scoring      clock.advance
    scoring      cancelled    patent.change_status, preservation.order, sale.cancel
    scoring      closed       tender.leave_panel, clock.advance
    scoring      contracting  tender.leave_panel, tender.score, clock.advance
    """,
)

LOT = Workflow.of(
    "lot of a sale",
    Lot,
    """
    -           announced   sale.announce
    announced   failed      patent.change_status, preservation.order, sale.cancel, clock.advance
    announced   negotiated  clock.advance
    announced   open        clock.advance
    negotiated  failed      deal.withdraw, patent.change_status, preservation.order, clock.advance
    negotiated  contracted  deal.sign
    open        failed      patent.change_status, preservation.order, sale.cancel, clock.advance
    open        awarded     lot.bid, clock.advance
    open        revealing   clock.advance
    contracted  failed      patent.change_status, preservation.order, recordal.refuse, clock.advance
    contracted  sold        recordal.confirm
    awarded     failed      deal.withdraw, patent.change_status, preservation.order, clock.advance
    awarded     contracted  deal.sign
    awarded     offered     deal.withdraw, clock.advance
    revealing   failed      patent.change_status, preservation.order, sale.cancel, clock.advance
    revealing   negotiated  clock.advance
    revealing   awarded     clock.advance
    revealing   scoring     clock.advance
    offered     failed      lot.answer_offer, patent.change_status, preservation.order, clock.advance
    offered     awarded     lot.answer_offer
    scoring     failed      patent.change_status, preservation.order, sale.cancel, tender.leave_panel, clock.advance
    scoring     awarded     tender.leave_panel, tender.score, clock.advance
    """,
)

BIDDER = Workflow.of(
    "bidder",
    Bidder,
    """
    -           registered  bidder.register
    registered  qualified   bidder.qualify
    registered  refused     bidder.qualify
    registered  withdrawn   bidder.withdraw
    qualified   withdrawn   bidder.withdraw
    qualified   bound       bidder.bind
    bound       withdrawn   bidder.withdraw
    bound       admitted    bidder.pay_deposit
    admitted    withdrawn   bidder.withdraw
    admitted    defaulted   deal.withdraw, clock.advance
    """,
)

BID = Workflow.of(
    "bid",
    LotBid,
    """
    -          committed   lot.commit
    -          standing    lot.bid
    committed  standing    lot.reveal, tender.reveal
    committed  unrevealed  clock.advance
    committed  void        lot.reveal, tender.reveal
    standing   offered     deal.withdraw, lot.answer_offer, clock.advance
    standing   superseded  lot.bid
    standing   won         lot.bid, tender.leave_panel, tender.score, clock.advance
    offered    won         lot.answer_offer
    offered    declined    lot.answer_offer, patent.change_status, preservation.order, clock.advance
    won        defaulted   deal.withdraw, clock.advance
    """,
)

QUOTE_REQUEST = Workflow.of(
    "request for quotes",
    QuoteRequest,
    """
    -         open      quote.request
    open      accepted  quote.accept
    open      closed    patent.change_status, preservation.order, quote.close_request, clock.advance
    accepted  closed    deal.resolve_objection, deal.withdraw, patent.change_status, preservation.order
    +                   recordal.confirm, clock.advance
    """,
)

QUOTE = Workflow.of(
    "quote",
    Quote,
    """
    -         standing  quote.place
    standing  accepted  quote.accept
    standing  expired   clock.advance
    standing  passed    patent.change_status, preservation.order, quote.accept, quote.close_request
    """,
)

ANNOUNCEMENT = Workflow.of(
    "announcement",
    Announcement,
    """
    -      filed      announcement.file
    filed  rejected   announcement.reject
    filed  released   announcement.release
    filed  withdrawn  announcement.withdraw
    """,
)

EQUITY_OFFER = Workflow.of(
    "transfer of equity",
    EquityOffer,
    """
    -           offered     equity.offer
    offered     notice      equity.accept
    offered     contracted  equity.accept
    offered     withdrawn   equity.withdraw
    notice      contracted  equity.exercise, equity.waive, clock.advance
    notice      dissented   equity.exercise, equity.waive, clock.advance
    notice      stopped     equity.exercise, equity.waive, clock.advance
    contracted  entered     company.enter_member
    contracted  refused     company.refuse_member
    contracted  lapsed      clock.advance
    """,
)

EQUITY_NOTICE = Workflow.of(
    "notice to a member of a company",
    EquityNotice,
    """
    -          notified   equity.accept
    notified   exercised  equity.exercise
    notified   waived     equity.waive
    notified   expired    clock.advance
    exercised  taken      equity.exercise, equity.waive, clock.advance
    exercised  outranked  equity.exercise, equity.waive, clock.advance
    """,
)

WORKFLOWS = (
    LISTING,
    PRICE_OFFER,
    DEAL,
    NOTIFIED_CLAIM,
    OBLIGATION,
    LICENCE,
    OPEN_LICENCE,
    SALE,
    LOT,
    BIDDER,
    BID,
    QUOTE_REQUEST,
    QUOTE,
    ANNOUNCEMENT,
    EQUITY_OFFER,
    EQUITY_NOTICE,
)
