"""Which command is posted where: one line each. OpenAPI, routes and tests follow from this table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from api.rest.documents import require_uploaded
from api.services import Services
from custody import conveyance_messages as conveyances
from custody import corrections_messages as corrections
from custody import funding_messages as funding
from custody import outcomes, pilot, rights
from exchange.assets import messages as assets
from exchange.core import documents, membership, node_messages, rule_messages
from exchange.core.messages import Command
from matching import correction_messages as trade_corrections
from matching import deals, obligations
from matching import limit_messages as limits
from matching import listing_messages as listings
from matching import lot_messages as lots
from matching import messages as market
from matching import notice_messages as notices
from matching import quote_messages as quotes
from matching import sale_messages as sales
from matching import tender_messages as tenders
from securitization import messages as products

Check = Callable[[Services, Command], Awaitable[None]]
LARGE = 1_048_576
"""The limit of bodies that carry whole texts or lists."""


@dataclass(frozen=True, slots=True)
class Post:
    """One command's place under /v1.

    `made` marks those that make something new (201 rather than 200); `max_bytes` is a larger limit for the body than
    the edge's usual one; `check` is what the edge itself must know before the command may go on.
    """

    path: str
    command: type[Command]
    made: bool = False
    max_bytes: int = 0
    check: Check | None = None

    @property
    def status(self) -> int:
        """The status of its success."""
        return 201 if self.made else 200


POSTS: tuple[Post, ...] = (
    # Orders
    Post("/v1/orders", market.PlaceOrder, made=True),
    Post("/v1/orders/cancel", market.CancelOrder),
    Post("/v1/orders/replace", market.ReplaceOrder),
    Post("/v1/orders/cancel-all", market.CancelAllOrders),
    Post("/v1/orders/kill", corrections.KillOrders),
    Post("/v1/orders/release", corrections.ReleaseOrders),
    # Markets, listings, instruments
    Post("/v1/markets", listings.OpenMarket, made=True),
    Post("/v1/listings", listings.ProposeListing, made=True),
    Post("/v1/listings/admit", listings.AdmitListing),
    Post("/v1/listings/reject", listings.RejectListing),
    Post("/v1/listings/delist", listings.DelistListing),
    Post("/v1/instruments/phase", market.ChangePhase),
    Post("/v1/instruments/freeze", market.FreezeInstrument),
    Post("/v1/trades/bust", trade_corrections.BustTrade),
    Post("/v1/trades/correct", trade_corrections.CorrectTrade),
    # Members
    Post("/v1/members", membership.RegisterMember, made=True),
    Post("/v1/members/freeze", membership.FreezeMember),
    Post("/v1/members/class", membership.ClassMember),
    Post("/v1/members/group", membership.GroupMember),
    Post("/v1/users", membership.RegisterUser, made=True),
    Post("/v1/users/suspend", membership.SuspendUser),
    Post("/v1/keys", membership.RegisterKey, made=True),
    Post("/v1/keys/revoke", membership.RevokeKey),
    Post("/v1/mandates", membership.GrantMandate, made=True),
    Post("/v1/mandates/revoke", membership.RevokeMandate),
    Post("/v1/accounts", membership.OpenAccount, made=True),
    Post("/v1/accounts/freeze", corrections.FreezeAccount),
    # Four eyes
    Post("/v1/approvals/grant", node_messages.GrantApproval),
    Post("/v1/approvals/deny", node_messages.DenyApproval),
    # Rules
    Post("/v1/rules", rule_messages.PublishText, made=True, max_bytes=LARGE),
    Post("/v1/rules/confirm", rule_messages.ConfirmField),
    Post("/v1/rules/activate", rule_messages.ActivateText),
    # Money
    Post("/v1/banks", funding.OpenBank, made=True),
    Post("/v1/banks/sweep", funding.SweepHouse),
    Post("/v1/receipts", funding.RecordReceipt, made=True),
    Post("/v1/receipts/match", funding.MatchReceipt),
    Post("/v1/receipts/return", funding.ReturnReceipt),
    Post("/v1/payout-accounts", funding.VerifyPayoutAccount, made=True),
    Post("/v1/payout-accounts/revoke", funding.RevokePayoutAccount),
    Post("/v1/withdrawals", funding.RequestWithdrawal, made=True),
    Post("/v1/withdrawals/instruct", funding.InstructWithdrawal),
    Post("/v1/withdrawals/confirm", funding.ConfirmWithdrawal),
    Post("/v1/withdrawals/return", funding.ReturnWithdrawal),
    Post("/v1/withdrawals/cancel", funding.CancelWithdrawal),
    Post("/v1/transfers", corrections.TransferUnits, made=True),
    Post("/v1/transfers/reverse", corrections.ReverseTransfer),
    Post("/v1/assets/freeze", corrections.FreezeAsset),
    # Patents, rights, outcomes, documents
    Post("/v1/documents", documents.FileDocument, made=True, check=require_uploaded),
    Post("/v1/patents/import", assets.ImportPatents, max_bytes=LARGE),
    Post("/v1/conveyances/import", conveyances.ImportConveyances, max_bytes=LARGE),
    Post("/v1/aliases", assets.ConfirmAlias, made=True),
    Post("/v1/rights", rights.RegisterRight, made=True),
    Post("/v1/rights/examine", rights.ExamineRight),
    Post("/v1/outcomes", outcomes.RegisterOutcome, made=True),
    Post("/v1/outcomes/waive-claim", outcomes.WaivePriorClaim),
    Post("/v1/outcomes/issue-shares", outcomes.IssueShares),
    Post("/v1/share-deeds", outcomes.FileShareDeed, made=True),
    # Deals and pilot assignments
    Post("/v1/deals", deals.ProposeDeal, made=True),
    Post("/v1/deals/accept", deals.AcceptDeal),
    Post("/v1/deals/object", deals.ObjectToDeal),
    Post("/v1/deals/resolve-objection", deals.ResolveObjection),
    Post("/v1/deals/sign", deals.SignDeal),
    Post("/v1/deals/withdraw", deals.WithdrawDeal),
    Post("/v1/deals/recordal/confirm", deals.ConfirmRecordal),
    Post("/v1/deals/recordal/refuse", deals.RefuseRecordal),
    Post("/v1/obligations/pay", obligations.PayObligation),
    Post("/v1/obligations/report", obligations.ReportObligation),
    Post("/v1/obligations/confirm-delivery", obligations.ConfirmDelivery),
    Post("/v1/obligations/release", obligations.ReleaseObligation),
    Post("/v1/quote-requests", quotes.RequestQuotes, made=True),
    Post("/v1/quote-requests/close", quotes.CloseQuoteRequest),
    Post("/v1/quotes", quotes.PlaceQuote, made=True),
    Post("/v1/quotes/accept", quotes.AcceptQuote),
    Post("/v1/pilots", pilot.ProposePilot, made=True),
    Post("/v1/pilots/decide", pilot.DecidePilot),
    Post("/v1/pilots/object", pilot.ObjectToPilot),
    Post("/v1/pilots/resolve", pilot.ResolvePilot),
    Post("/v1/pilots/agree", pilot.AgreePilot),
    Post("/v1/pilots/withdraw", pilot.WithdrawPilot),
    # Public sales
    Post("/v1/sales", sales.AnnounceSale, made=True),
    Post("/v1/sales/cancel", sales.CancelSale),
    Post("/v1/listings/reprice", sales.RepriceListing),
    Post("/v1/bidders", sales.RegisterBidder, made=True),
    Post("/v1/bidders/qualify", sales.QualifyBidder),
    Post("/v1/bidders/bind", sales.BindBidder),
    Post("/v1/bidders/view-document", sales.ViewDocument),
    Post("/v1/bidders/pay-deposit", sales.PayDeposit),
    Post("/v1/bidders/withdraw", sales.WithdrawBidder),
    Post("/v1/bids", lots.PlaceBid, made=True),
    Post("/v1/bids/commit", lots.CommitBid, made=True),
    Post("/v1/bids/reveal", lots.RevealBid),
    Post("/v1/bids/answer-offer", lots.AnswerOffer),
    Post("/v1/offers/reveal", tenders.RevealOffer),
    Post("/v1/offers/score", tenders.ScoreOffer),
    Post("/v1/panels/leave", tenders.LeavePanel),
    # Limits, insiders, announcements
    Post("/v1/limits", limits.SetLimits, made=True),
    Post("/v1/insider-lists", notices.OpenInsiderList, made=True),
    Post("/v1/insider-lists/change", notices.ChangeInsiders),
    Post("/v1/insider-lists/close-period", notices.SetClosedPeriod),
    Post("/v1/insider-lists/end", notices.EndInsiderList),
    Post("/v1/announcements", notices.FileAnnouncement, made=True),
    Post("/v1/announcements/release", notices.ReleaseAnnouncement),
    Post("/v1/announcements/reject", notices.RejectAnnouncement),
    Post("/v1/announcements/withdraw", notices.WithdrawAnnouncement),
    # Products
    Post("/v1/claims", products.RegisterClaim, made=True),
    Post("/v1/claims/pay", products.PayClaim),
    Post("/v1/products", products.CreateProduct, made=True),
    Post("/v1/products/offer", products.OfferProduct),
    Post("/v1/products/subscribe", products.SubscribeProduct, made=True),
    Post("/v1/products/close", products.CloseProduct),
    Post("/v1/products/pay", products.PayProduct),
    Post("/v1/programmes", products.OpenProgramme, made=True),
    Post("/v1/rewards", products.ClaimReward, made=True),
    Post("/v1/rewards/pay", products.PayReward),
)
