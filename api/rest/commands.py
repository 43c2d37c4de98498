"""Which command is posted where: one line each. OpenAPI, routes and tests follow from this table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from api.rest.documents import require_uploaded
from api.services import Services
from custody import (
    company,
    consents,
    kept_share,
    outcomes,
    packs,
    pilot,
    pilot_life,
    pledges,
    preservations,
    reconciliation,
    reform,
    register,
    rights,
)
from custody import conveyance_messages as conveyances
from custody import corrections_messages as corrections
from custody import distribution_messages as incomes
from custody import funding_messages as funding
from exchange.assets import messages as assets
from exchange.core import authorisations, documents, membership, node_messages, rule_messages
from exchange.core.messages import Command
from matching import allocation_messages as allocations
from matching import correction_messages as trade_corrections
from matching import deals, equity, obligations, preemption, price_offers
from matching import licence_messages as licences
from matching import limit_messages as limits
from matching import listing_messages as listings
from matching import lot_messages as lots
from matching import messages as market
from matching import notice_messages as notices
from matching import quote_messages as quotes
from matching import sale_messages as sales
from matching import tender_messages as tenders
from securitization import application_messages as applications
from securitization import issue_messages as issues
from securitization import messages as products
from securitization import mirror
from securitization import offering_messages as offerings
from securitization import pool_messages as pools
from securitization import scheme_messages as schemes
from securitization import servicing_messages as servicing

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
    Post("/v1/authorisations", authorisations.RecordAuthorisation, made=True),
    Post("/v1/authorisations/withdraw", authorisations.WithdrawAuthorisation),
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
    Post("/v1/patents/change-status", assets.ChangePatentStatus),
    Post("/v1/conveyances/import", conveyances.ImportConveyances, max_bytes=LARGE),
    Post("/v1/aliases", assets.ConfirmAlias, made=True),
    Post("/v1/rights", rights.RegisterRight, made=True),
    Post("/v1/rights/examine", rights.ExamineRight),
    Post("/v1/rights/correct-date", register.CorrectTitleDate),
    Post("/v1/reconciliations", reconciliation.OpenReconciliation, made=True),
    Post("/v1/reconciliations/lines", reconciliation.CompareLines, max_bytes=LARGE),
    Post("/v1/reconciliations/close", reconciliation.CloseReconciliation),
    Post("/v1/reconciliations/resolve", reconciliation.ResolveDifference),
    Post("/v1/outcomes", outcomes.RegisterOutcome, made=True),
    Post("/v1/outcomes/waive-claim", outcomes.WaivePriorClaim),
    Post("/v1/outcomes/declare-claim", outcomes.DeclarePriorClaim),
    Post("/v1/outcomes/issue-shares", outcomes.IssueShares),
    Post("/v1/share-deeds", outcomes.FileShareDeed, made=True),
    # Deals and pilot assignments
    Post("/v1/deals", deals.ProposeDeal, made=True),
    Post("/v1/deals/accept", deals.AcceptDeal),
    Post("/v1/deals/object", deals.ObjectToDeal),
    Post("/v1/deals/resolve-objection", deals.ResolveObjection),
    Post("/v1/deals/sign", deals.SignDeal),
    Post("/v1/deals/withdraw", deals.WithdrawDeal),
    Post("/v1/deals/prior-claims/exercise", preemption.ExercisePriorClaim),
    Post("/v1/deals/prior-claims/waive", preemption.WaiveInRound),
    Post("/v1/consents", consents.GiveConsent, made=True),
    Post("/v1/consents/withdraw", consents.WithdrawConsent),
    Post("/v1/deals/recordal/confirm", deals.ConfirmRecordal),
    Post("/v1/deals/recordal/refuse", deals.RefuseRecordal),
    Post("/v1/companies", company.FoundCompany, made=True),
    Post("/v1/companies/subscribe", company.SubscribeCapital),
    Post("/v1/companies/abandon", company.AbandonCompany),
    Post("/v1/companies/contribution/confirm", company.ConfirmContribution),
    Post("/v1/companies/contribution/refuse", company.RefuseContribution),
    Post("/v1/companies/register/enter", equity.EnterMember),
    Post("/v1/companies/register/refuse", equity.RefuseMember),
    Post("/v1/equity-offers", equity.OfferEquity, made=True),
    Post("/v1/equity-offers/accept", equity.AcceptEquity),
    Post("/v1/equity-offers/withdraw", equity.WithdrawEquity),
    Post("/v1/equity-notices/exercise", equity.ExerciseEquity),
    Post("/v1/equity-notices/waive", equity.WaiveEquity),
    Post("/v1/obligations/pay", obligations.PayObligation),
    Post("/v1/obligations/report", obligations.ReportObligation),
    Post("/v1/obligations/confirm-delivery", obligations.ConfirmDelivery),
    Post("/v1/obligations/release", obligations.ReleaseObligation),
    Post("/v1/quote-requests", quotes.RequestQuotes, made=True),
    Post("/v1/quote-requests/close", quotes.CloseQuoteRequest),
    Post("/v1/quotes", quotes.PlaceQuote, made=True),
    Post("/v1/quotes/accept", quotes.AcceptQuote),
    Post("/v1/listings/offer", price_offers.OfferListing),
    Post("/v1/listings/take", price_offers.TakeListing),
    Post("/v1/listings/close-offer", price_offers.CloseListingOffer),
    Post("/v1/licences", licences.ProposeLicence, made=True),
    Post("/v1/licences/accept", licences.AcceptLicence),
    Post("/v1/licences/object", licences.ObjectToLicence),
    Post("/v1/licences/resolve-objection", licences.ResolveLicence),
    Post("/v1/licences/sign", licences.SignLicence),
    Post("/v1/licences/withdraw", licences.WithdrawLicence),
    Post("/v1/licences/record", licences.RecordLicence),
    Post("/v1/licences/terminate", licences.TerminateLicence),
    Post("/v1/open-licences", licences.DeclareOpenLicence, made=True),
    Post("/v1/open-licences/publish", licences.PublishOpenLicence),
    Post("/v1/open-licences/take", licences.TakeOpenLicence, made=True),
    Post("/v1/open-licences/withdraw", licences.WithdrawOpenLicence),
    Post("/v1/pilots", pilot.ProposePilot, made=True),
    Post("/v1/pilots/decide", pilot.DecidePilot),
    Post("/v1/pilots/object", pilot.ObjectToPilot),
    Post("/v1/pilots/resolve", pilot.ResolvePilot),
    Post("/v1/pilots/agree", pilot.AgreePilot),
    Post("/v1/pilots/withdraw", pilot.WithdrawPilot),
    Post("/v1/pilots/recordal/confirm", pilot_life.ConfirmPilotRecordal),
    Post("/v1/pilots/recordal/refuse", pilot_life.RefusePilotRecordal),
    Post("/v1/pilots/report", pilot_life.FilePilotReport),
    Post("/v1/pilots/extend", pilot_life.ExtendUseRight),
    Post("/v1/pilots/revoke", pilot_life.RevokePilot),
    Post("/v1/incentives", pilot_life.RecordIncentive, made=True),
    Post("/v1/kept-shares", kept_share.OfferKeptShare, made=True),
    Post("/v1/kept-shares/object", kept_share.ObjectToKeptShare),
    Post("/v1/kept-shares/resolve", kept_share.ResolveKeptShare),
    Post("/v1/kept-shares/sign", kept_share.SignKeptShare),
    Post("/v1/kept-shares/withdraw", kept_share.WithdrawKeptShare),
    Post("/v1/kept-shares/recordal/confirm", kept_share.ConfirmKeptShareRecordal),
    Post("/v1/kept-shares/recordal/refuse", kept_share.RefuseKeptShareRecordal),
    Post("/v1/reforms", reform.DraftReform, made=True),
    Post("/v1/reforms/start-pilot", reform.StartReformPilot),
    Post("/v1/reforms/evaluate", reform.EvaluateReform),
    Post("/v1/reforms/promote", reform.PromoteReform),
    Post("/v1/reforms/end", reform.EndReform),
    # Encumbrances
    Post("/v1/pledges", pledges.RequestPledge, made=True),
    Post("/v1/pledges/register", pledges.RegisterPledge),
    Post("/v1/pledges/refuse", pledges.RefusePledge),
    Post("/v1/pledges/consent", pledges.ConsentPledge),
    Post("/v1/pledges/release", pledges.ReleasePledge),
    Post("/v1/pledges/enforce", pledges.EnforcePledge),
    Post("/v1/preservations", preservations.OrderPreservation, made=True),
    Post("/v1/preservations/lift", preservations.LiftPreservation),
    # Income and its distribution
    Post("/v1/incomes", incomes.RecordIncome, made=True),
    Post("/v1/incomes/withdraw", incomes.WithdrawIncome),
    Post("/v1/distributions", incomes.ProposeDistribution, made=True),
    Post("/v1/distributions/withdraw", incomes.WithdrawDistribution),
    Post("/v1/distributions/approve", incomes.ApproveDistribution),
    Post("/v1/distributions/pay", incomes.PayDistribution),
    Post("/v1/distributions/remit", incomes.RemitWithholding),
    Post("/v1/unclaimed/release", incomes.ReleaseUnclaimed),
    Post("/v1/evidence", packs.AddEvidence, made=True),
    Post("/v1/packs/seal", packs.SealPack),
    # Servicing of deals
    Post("/v1/servicings", servicing.OpenServicing, made=True),
    Post("/v1/projected-periods", servicing.RecordProjection, made=True),
    Post("/v1/servicings/perfect", servicing.PerfectSale),
    Post("/v1/collections", servicing.ImportCollection, made=True),
    Post("/v1/collections/deposit", servicing.DepositCollection),
    Post("/v1/repurchases", servicing.MakeRepurchase),
    Post("/v1/deal-payments", servicing.PreparePayment, made=True),
    Post("/v1/deal-payments/fund", servicing.FundPayment),
    Post("/v1/deal-payments/approve", servicing.ApprovePayment),
    Post("/v1/deal-payments/pay", servicing.PayPayment),
    Post("/v1/unpaid-parts/release", servicing.ReleaseUnpaidPart),
    Post("/v1/duties/publish-report", servicing.PublishReport),
    # Products whose register is elsewhere
    Post("/v1/mirrors", mirror.HandOverRegister),
    Post("/v1/mirror-files", mirror.OpenMirrorFile, made=True),
    Post("/v1/mirror-files/lines", mirror.ImportMirrorLines, max_bytes=LARGE),
    Post("/v1/mirror-files/complete", mirror.CompleteMirrorFile),
    Post("/v1/mirror-files/confirm", mirror.ConfirmMirrorFile),
    Post("/v1/mirror-files/discard", mirror.DiscardMirrorFile),
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
    Post("/v1/allocations", allocations.MakeAllocation, made=True),
    Post("/v1/insider-lists", notices.OpenInsiderList, made=True),
    Post("/v1/insider-lists/change", notices.ChangeInsiders),
    Post("/v1/insider-lists/close-period", notices.SetClosedPeriod),
    Post("/v1/insider-lists/end", notices.EndInsiderList),
    Post("/v1/announcements", notices.FileAnnouncement, made=True),
    Post("/v1/announcements/release", notices.ReleaseAnnouncement),
    Post("/v1/announcements/reject", notices.RejectAnnouncement),
    Post("/v1/announcements/withdraw", notices.WithdrawAnnouncement),
    # Deals issued
    Post("/v1/deal-texts", issues.PublishDeal, made=True, max_bytes=LARGE),
    Post("/v1/issues", issues.ProposeIssue, made=True),
    Post("/v1/issues/withdraw", issues.WithdrawIssue),
    Post("/v1/closing-items/satisfy", issues.SatisfyClosing),
    Post("/v1/shelves", offerings.RegisterShelf, made=True),
    Post("/v1/offerings", offerings.OpenOffering, made=True),
    Post("/v1/offerings/bid", offerings.PlaceBookBid, made=True),
    Post("/v1/offerings/withdraw", offerings.WithdrawBookBid),
    Post("/v1/offerings/close", offerings.CloseOffering),
    Post("/v1/offerings/cancel", offerings.CancelOffering),
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
    # Pools
    Post("/v1/pools", pools.OpenPool, made=True),
    Post("/v1/pools/check", pools.CheckPool),
    Post("/v1/pools/seal", pools.SealPool),
    Post("/v1/pools/sell", pools.SellPool),
    Post("/v1/pools/withdraw", pools.WithdrawPool),
    Post("/v1/pool-assets", pools.RegisterPoolAsset, made=True),
    Post("/v1/pool-assets/add", pools.AddPoolAsset),
    Post("/v1/pool-assets/remove", pools.RemovePoolAsset),
    Post("/v1/pool-assets/substitute", pools.SubstitutePoolAsset),
    Post("/v1/pool-assets/withdraw", pools.WithdrawPoolAsset),
    Post("/v1/valuations", pools.RecordValuation, made=True),
    Post("/v1/schemes", schemes.OpenScheme, made=True),
    Post("/v1/schemes/activate", schemes.ActivateScheme),
    Post("/v1/schemes/end", schemes.EndScheme),
    Post("/v1/scheme-calls", schemes.OpenSchemeCall, made=True),
    Post("/v1/scheme-calls/award", schemes.AwardSchemeCall),
    Post("/v1/reward-events", schemes.RecordRewardEvent, made=True),
    Post("/v1/applications", applications.OpenApplication, made=True),
    Post("/v1/applications/submit", applications.SubmitApplication),
    Post("/v1/applications/correct", applications.CorrectApplication),
    Post("/v1/applications/withdraw", applications.WithdrawApplication),
    Post("/v1/applications/review", applications.ReviewApplication),
    Post("/v1/applications/publicise", applications.PubliciseApplication),
    Post("/v1/applications/object", applications.ObjectToApplication),
    Post("/v1/applications/appeal", applications.AppealApplication),
    Post("/v1/applications/resolve", applications.ResolveApplication),
    Post("/v1/applications/decide", applications.DecideApplication),
    Post("/v1/applications/pay", applications.PayApplication),
    Post("/v1/applications/confirm-voucher", applications.ConfirmVoucher),
    Post("/v1/applications/clawback", applications.ClawBackApplication),
    Post("/v1/applications/repay", applications.RepayApplication),
)
