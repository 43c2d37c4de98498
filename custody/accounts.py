"""An owner's place in the ledger: accounts by member and sub-account, and the venue's own.

Client money is never the house's: each settlement bank has a client nostro and a house nostro, and
`client accounts + suspense + escrow + in transit + fees due + tax withheld + client nostro = 0` for every money asset,
always.
"""

from __future__ import annotations

from enum import StrEnum

from exchange.core.ids import AccountId, AssetId, BankId, MemberId
from exchange.core.instruments import AssetKind, TitleRegime
from exchange.core.messages import Record
from exchange.core.units import Units


class AccountKind(StrEnum):
    """What an account is for; only the mirror kinds may stand below zero."""

    CLIENT = "client"
    SUSPENSE = "suspense"
    """Client money received whose owner is not yet known."""
    IN_TRANSIT = "in_transit"
    """Client money instructed to leave and not yet confirmed by the bank."""
    ESCROW = "escrow"
    """Prices of deals and subscriptions that wait for title or issue."""
    FEES_DUE = "fees_due"
    """Fees charged to clients that still lie in the client nostro until swept."""
    HOUSE = "house"
    NOSTRO_CLIENT = "nostro_client"
    """Mirror of the client account at the settlement bank (zero or below)."""
    NOSTRO_HOUSE = "nostro_house"
    """Mirror of the venue's own account at the settlement bank (zero or below)."""
    ISSUANCE = "issuance"
    """Mirror of what is issued of a right or note (zero or below): minus the units outstanding."""
    IMMOBILISED = "immobilised"
    """Where a whole right lies while its shares float."""
    TAX_WITHHELD = "tax_withheld"
    """Client money withheld of payees for the tax office; it lies in the client nostro until it is remitted."""
    CONSUMED = "consumed"
    """Where units go that no longer exist in their form: a redeemed note, a pooled claim."""


MIRRORS = frozenset({AccountKind.NOSTRO_CLIENT, AccountKind.NOSTRO_HOUSE, AccountKind.ISSUANCE})
CLIENT_MONEY = (
    AccountKind.CLIENT,
    AccountKind.SUSPENSE,
    AccountKind.IN_TRANSIT,
    AccountKind.ESCROW,
    AccountKind.FEES_DUE,
    AccountKind.TAX_WITHHELD,
    AccountKind.NOSTRO_CLIENT,
)
"""The kinds whose balances of one money asset sum to zero: what clients are owed lies at the bank."""

VENUE = MemberId(0)
"""The member that owns the venue's own accounts."""


class Account(Record, frozen=True, kw_only=True):
    """A member's sub-account, or one of the venue's own. Balances are kept per account and asset."""

    account_id: AccountId
    member_id: MemberId
    sub_account: str
    beneficiary: str
    kind: AccountKind
    frozen: bool = False
    orders_killed: bool = False
    """The kill switch: it takes no new orders until an operator releases it."""
    allocates: bool = False
    """An allocation account: what it trades in a day may be shared among its member's other accounts."""


class Asset(Record, frozen=True, kw_only=True):
    """What custody holds units of: money at one bank, a right, shares of an outcome, notes of a class.

    Units: `scale` is the number of decimals of a money's minor unit; `total_units` is what is issued of a right.
    """

    asset_id: AssetId
    kind: AssetKind
    code: str
    currency: str = ""
    scale: int = 0
    bank_id: BankId = BankId(0)
    total_units: Units = Units(0)
    title_regime: TitleRegime = TitleRegime.OWN_REGISTER
    subject_id: int = 0
    """The patent, outcome or product the asset is a claim on; 0 for money."""
    home_account_id: AccountId = AccountId(0)
    """The mirror account: nostro of a money, issuance of a right."""
    frozen: bool = False


class Bank(Record, frozen=True, kw_only=True):
    """A settlement bank with one currency's money asset and the venue's accounts there."""

    bank_id: BankId
    name: str
    currency: str
    money_asset_id: AssetId
    nostro_client_id: AccountId
    nostro_house_id: AccountId
    suspense_id: AccountId
    in_transit_id: AccountId
    escrow_id: AccountId
    fees_due_id: AccountId
    house_id: AccountId
