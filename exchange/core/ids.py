"""Identifiers: where in the journal a thing was made.

Inside, an identifier is an integer, `sequence * 1024 + ordinal`: the command that made the thing and the thing's
place among those the command made (a command makes at most 1,024). On the wire it is text with its kind and
shard in front: `O1-184` is the order of command 184 on shard 1, `T1-184-2` the third trade it made.
Nothing is ever drawn at random in the core, so a replay gives every thing the same name.
"""

from __future__ import annotations

from typing import NewType

SHARD = 1
ORDINALS = 1024
MAX_SEQUENCE = 2**43 - 1
MAX_ID = MAX_SEQUENCE * ORDINALS + ORDINALS - 1
"""The largest identifier, 2**53 - 1: every integer of the house fits the wire and the tables."""

MemberId = NewType("MemberId", int)
UserId = NewType("UserId", int)
KeyId = NewType("KeyId", int)
MandateId = NewType("MandateId", int)
AccountId = NewType("AccountId", int)
BankId = NewType("BankId", int)
AssetId = NewType("AssetId", int)
"""What custody can hold: money at one settlement bank, units of one right, notes of one class."""
PatentId = NewType("PatentId", int)
OutcomeId = NewType("OutcomeId", int)
DocumentId = NewType("DocumentId", int)
MarketId = NewType("MarketId", int)
ListingId = NewType("ListingId", int)
InstrumentId = NewType("InstrumentId", int)
OrderId = NewType("OrderId", int)
TradeId = NewType("TradeId", int)
ReceiptId = NewType("ReceiptId", int)
WithdrawalId = NewType("WithdrawalId", int)
PayoutAccountId = NewType("PayoutAccountId", int)
TransferId = NewType("TransferId", int)
DealId = NewType("DealId", int)
PilotId = NewType("PilotId", int)
PilotReportId = NewType("PilotReportId", int)
ReformId = NewType("ReformId", int)
KeptShareId = NewType("KeptShareId", int)
ClaimId = NewType("ClaimId", int)
ProductId = NewType("ProductId", int)
RewardId = NewType("RewardId", int)
ProgrammeId = NewType("ProgrammeId", int)
SubscriptionId = NewType("SubscriptionId", int)
SaleId = NewType("SaleId", int)
LotId = NewType("LotId", int)
"""One right in a public sale; never the smallest quantity of an instrument."""
BidderId = NewType("BidderId", int)
BidId = NewType("BidId", int)
ObligationId = NewType("ObligationId", int)
ScoreId = NewType("ScoreId", int)
QuoteRequestId = NewType("QuoteRequestId", int)
QuoteId = NewType("QuoteId", int)
LimitId = NewType("LimitId", int)
InsiderListId = NewType("InsiderListId", int)
AnnouncementId = NewType("AnnouncementId", int)
LicenceId = NewType("LicenceId", int)
OpenLicenceId = NewType("OpenLicenceId", int)
PriceOfferId = NewType("PriceOfferId", int)
PriorClaimId = NewType("PriorClaimId", int)
ConsentId = NewType("ConsentId", int)
ConveyanceId = NewType("ConveyanceId", int)
"""One version of a recorded paper; its reel and frame name the paper itself."""
TitleEntryId = NewType("TitleEntryId", int)
CompanyId = NewType("CompanyId", int)
ContributionId = NewType("ContributionId", int)
EquityOfferId = NewType("EquityOfferId", int)
EquityNoticeId = NewType("EquityNoticeId", int)
ReconciliationId = NewType("ReconciliationId", int)
DifferenceId = NewType("DifferenceId", int)
AllocationId = NewType("AllocationId", int)
EncumbranceId = NewType("EncumbranceId", int)
"""A pledge or a court's preservation."""
IncomeId = NewType("IncomeId", int)
DistributionId = NewType("DistributionId", int)
PlanPageId = NewType("PlanPageId", int)
"""Some lines of a distribution's plan, paid together."""
UnclaimedId = NewType("UnclaimedId", int)
PoolId = NewType("PoolId", int)
PoolAssetId = NewType("PoolAssetId", int)
ValuationId = NewType("ValuationId", int)
SchemeId = NewType("SchemeId", int)
SchemeCallId = NewType("SchemeCallId", int)
RewardEventId = NewType("RewardEventId", int)
ApplicationId = NewType("ApplicationId", int)
IssueId = NewType("IssueId", int)
OfferingId = NewType("OfferingId", int)
ShelfId = NewType("ShelfId", int)
AuthorisationId = NewType("AuthorisationId", int)
ClosingItemId = NewType("ClosingItemId", int)
BookBidId = NewType("BookBidId", int)
NoteSaleId = NewType("NoteSaleId", int)
ServicingId = NewType("ServicingId", int)
CollectionId = NewType("CollectionId", int)
CollectionPageId = NewType("CollectionPageId", int)
DealPaymentId = NewType("DealPaymentId", int)
ClassPaymentId = NewType("ClassPaymentId", int)
PaymentPageId = NewType("PaymentPageId", int)
UnpaidPartId = NewType("UnpaidPartId", int)
DutyId = NewType("DutyId", int)
MirrorFileId = NewType("MirrorFileId", int)
"""One version of a register that is kept elsewhere."""
MirrorPageId = NewType("MirrorPageId", int)
ProjectedPeriodId = NewType("ProjectedPeriodId", int)
RunId = NewType("RunId", int)
ApprovalId = NewType("ApprovalId", int)
ConnectionId = NewType("ConnectionId", int)
"""One login's connection; the edge numbers them within an epoch. Zero: no connection."""

NO_CONNECTION = ConnectionId(0)
NODE = UserId(0)
"""The principal of the node's own commands: time, start, runs, lost connections."""

KINDS: dict[str, str] = {
    "MemberId": "M",
    "UserId": "U",
    "KeyId": "K",
    "MandateId": "N",
    "AccountId": "A",
    "BankId": "B",
    "AssetId": "S",
    "PatentId": "P",
    "OutcomeId": "X",
    "DocumentId": "F",
    "MarketId": "Y",
    "ListingId": "L",
    "InstrumentId": "I",
    "OrderId": "O",
    "TradeId": "T",
    "ReceiptId": "V",
    "WithdrawalId": "W",
    "PayoutAccountId": "PA",
    "TransferId": "TR",
    "DealId": "D",
    "PilotId": "J",
    "PilotReportId": "PT",
    "ReformId": "RP",
    "KeptShareId": "KS",
    "ClaimId": "C",
    "ProductId": "Q",
    "RewardId": "E",
    "ProgrammeId": "Z",
    "SubscriptionId": "G",
    "RunId": "R",
    "ApprovalId": "H",
    "SaleId": "SL",
    "LotId": "LT",
    "LimitId": "TL",
    "InsiderListId": "IL",
    "AnnouncementId": "AN",
    "BidderId": "BR",
    "BidId": "BD",
    "ObligationId": "OB",
    "ScoreId": "SC",
    "QuoteRequestId": "RQ",
    "QuoteId": "QT",
    "ConveyanceId": "CV",
    "TitleEntryId": "RG",
    "ReconciliationId": "RC",
    "DifferenceId": "DF",
    "AllocationId": "AL",
    "EncumbranceId": "EN",
    "LicenceId": "LI",
    "OpenLicenceId": "OL",
    "PriceOfferId": "LP",
    "PriorClaimId": "PC",
    "ConsentId": "CS",
    "IncomeId": "IC",
    "DistributionId": "DN",
    "PlanPageId": "PG",
    "UnclaimedId": "UC",
    "CompanyId": "CO",
    "ContributionId": "CX",
    "EquityOfferId": "EQ",
    "EquityNoticeId": "EW",
    "PoolId": "PL",
    "PoolAssetId": "PX",
    "ValuationId": "VA",
    "SchemeId": "SM",
    "SchemeCallId": "CA",
    "RewardEventId": "RE",
    "ApplicationId": "AP",
    "IssueId": "IS",
    "OfferingId": "OF",
    "ShelfId": "SH",
    "AuthorisationId": "AU",
    "ClosingItemId": "CK",
    "BookBidId": "BB",
    "NoteSaleId": "NS",
    "ServicingId": "SV",
    "CollectionId": "CL",
    "CollectionPageId": "CG",
    "DealPaymentId": "PM",
    "ClassPaymentId": "CP",
    "PaymentPageId": "PP",
    "UnpaidPartId": "UP",
    "DutyId": "DU",
    "MirrorFileId": "MF",
    "MirrorPageId": "MG",
    "ProjectedPeriodId": "PJ",
}
"""Type name → kind letter on the wire. Never reused."""


def make_id(sequence: int, ordinal: int = 0) -> int:
    """The identifier of the thing number `ordinal` that the command at `sequence` made."""
    return sequence * ORDINALS + ordinal


def sequence_of(identifier: int) -> int:
    """The journal sequence that made the thing.

    >>> sequence_of(make_id(184, 2))
    184
    """
    return identifier // ORDINALS


def to_wire(kind: str, identifier: int) -> str:
    """Write an identifier as clients read it.

    >>> to_wire("O", make_id(184)), to_wire("T", make_id(184, 2))
    ('O1-184', 'T1-184-2')
    """
    sequence, ordinal = divmod(identifier, ORDINALS)
    return f"{kind}{SHARD}-{sequence}-{ordinal}" if ordinal else f"{kind}{SHARD}-{sequence}"


def from_wire(kind: str, text: str) -> int:
    """Read an identifier; the inverse of `to_wire`.

    >>> from_wire("O", "O1-184") == make_id(184)
    True

    Raises: ValueError if the text is not an identifier of that kind, in its one canonical spelling.
    """
    head, _, rest = text.partition("-")
    sequence_text, _, ordinal_text = rest.partition("-")
    try:
        identifier = make_id(int(sequence_text), int(ordinal_text or 0))
    except ValueError:
        identifier = -1
    if head != f"{kind}{SHARD}" or not 0 <= identifier <= MAX_ID or len(text) > 24 or to_wire(kind, identifier) != text:
        raise ValueError(f"expected an identifier like {kind}{SHARD}-184")
    return identifier
