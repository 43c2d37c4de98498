"""Pledges 质押: a right, or units of a share or note, that secure a debt of their owner's.

requested → (check list) → registered → released, or enforcing → enforced. A pledge arises with its registration and not
before; from then on nothing it lies on is sold, listed, licensed or pledged again without the pledgee. Several rank by
their registration. An enforced right is sold in public: the pledgees are paid by rank in the very transfer that moves
the right, the owner gets the rest, and the buyer takes it free.
Source: 民法典 arts. 440, 444; 专利权质押登记办法 (announcement 461) as DOMAIN lists its check list.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from custody.encumbrances import BurdenKind
from exchange.core.ids import (
    AccountId,
    AssetId,
    DealId,
    EncumbranceId,
    InstrumentId,
    ListingId,
    MarketId,
    MemberId,
    UserId,
)
from exchange.core.messages import Command, Event, Record
from exchange.core.postings import Movement
from exchange.core.units import (
    AnyMinor,
    IsoDate,
    Minor,
    Name,
    PositiveMinor,
    PositiveUnits,
    Sha256Hex,
    Text,
    TimeNs,
    Units,
)

Reason = Annotated[Text, msgspec.Meta(min_length=1)]
Papers = Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=50)]
MAX_RANKS = 10
"""Pledges that may stand on the same thing."""
MAX_CONSENTS = 20


class EncumbranceState(StrEnum):
    """Where an encumbrance stands. It blocks from its registration, or order, until it has ended."""

    REQUESTED = "requested"
    """Asked for. Nothing is pledged yet."""
    REGISTERED = "registered"
    ENFORCING = "enforcing"
    """The debtor failed: the right is being sold for its pledgees."""
    DEPOSITED = "deposited"
    """The right was sold with consent; the pledge goes on in the price, which is held on the owner's account."""
    ORDERED = "ordered"
    """A court's preservation in force."""
    REFUSED = "refused"
    RELEASED = "released"
    ENFORCED = "enforced"
    LIFTED = "lifted"


STANDING = (EncumbranceState.REGISTERED, EncumbranceState.ENFORCING)
"""A pledge in one of these lies on its right or units."""
OPEN = (EncumbranceState.REQUESTED, *STANDING, EncumbranceState.DEPOSITED, EncumbranceState.ORDERED)


class Declaration(StrEnum):
    """What a pledgor states about a fact that no record here shows; saying nothing is no declaration."""

    NONE = "none"
    EXISTS = "exists"


class ConsentAct(StrEnum):
    """What a pledgee lets the owner do with what is pledged to it."""

    SALE = "sale"
    LICENCE = "licence"
    PLEDGE = "pledge"


class Proceeds(StrEnum):
    """Where the price of a sale with consent goes, up to what is secured.

    Source: 民法典 art. 444, second paragraph: the proceeds pay the debt early, or are deposited.
    """

    PREPAY = "prepay"
    DEPOSIT = "deposit"


class EnforcementMethod(StrEnum):
    """How a pledged right is sold in public; the words are those of listings."""

    ENGLISH = "english"
    DUTCH = "dutch"
    SEALED = "sealed"


class CheckAnswer(Record, frozen=True, kw_only=True):
    """One row of the check list: its code, whether it passed, and what it found."""

    code: str
    passed: bool
    detail: str = ""


class PledgeConsent(Record, frozen=True, kw_only=True):
    """A pledgee's word. `member_id` is with whom (0: anybody); a sale at `least_minor` or more, in cash."""

    act: ConsentAct
    member_id: MemberId
    least_minor: Minor
    proceeds: Proceeds
    document_sha256: str
    given_by: UserId
    given_at_ns: TimeNs


class Encumbrance(Record, frozen=True, kw_only=True):
    """A pledge, or a court's preservation, from its request to its end.

    Units: `units` of the asset lie under it, all of them for a whole right; `held_units` are those it holds itself in
    the ledger (a whole right is blocked and not held; what lies under two entries is held by the first).
    `secured_minor` is what the pledge secures at most, `claimed_minor` what its pledgee asks for, `paid_minor` what it
    got out of a sale, `deposit_minor` what of the price is held for it. `rank` counts from 1 among those that lie on
    the same thing; `behind_id` names the first pledge of the units that a later one lies on too. `halted_ids` are the
    instruments that a preservation froze.
    """

    encumbrance_id: EncumbranceId
    kind: BurdenKind
    state: EncumbranceState
    asset_id: AssetId
    account_id: AccountId
    units: Units
    held_units: Units = Units(0)
    rank: int = 0
    behind_id: EncumbranceId = EncumbranceId(0)
    pledgee_account_id: AccountId = AccountId(0)
    money_asset_id: AssetId = AssetId(0)
    secured_minor: Minor = Minor(0)
    claimed_minor: Minor = Minor(0)
    paid_minor: Minor = Minor(0)
    deposit_minor: Minor = Minor(0)
    debt_from: str = ""
    debt_until: str = ""
    contract_sha256: str = ""
    documents: tuple[str, ...] = ()
    annuity_receipt_sha256: str = ""
    twin_filing: str = ""
    invalidation: str = ""
    checks: tuple[CheckAnswer, ...] = ()
    consents: tuple[PledgeConsent, ...] = ()
    listing_id: ListingId = ListingId(0)
    halted_ids: tuple[InstrumentId, ...] = ()
    authority: str = ""
    reference: str = ""
    effective_date: str = ""
    opened_by: UserId = UserId(0)
    opened_at_ns: TimeNs = TimeNs(0)
    decided_by: UserId = UserId(0)
    decided_at_ns: TimeNs = TimeNs(0)
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether something may still come of it."""
        return self.state in OPEN

    @property
    def block(self) -> EncumbranceId:
        """The first pledge of the units this one lies on: those with the same block lie on the same units."""
        return self.behind_id or self.encumbrance_id


def split_proceeds(net_minor: int, claims: Sequence[int]) -> list[int]:
    """What each claim gets of a price, in the order of its rank; what is left is the owner's. Units: minor.

    >>> split_proceeds(100, [60, 70, 5])
    [60, 40, 0]
    """
    paid: list[int] = []
    for claim in claims:
        part = min(claim, net_minor)
        paid.append(part)
        net_minor -= part
    return paid


# --- Request and registration -----------------------------------------------------------------------------------------


class RequestPledge(Command, frozen=True, kw_only=True, tag="pledge.request"):
    """Ask for the registration of a pledge, as the owner; nothing is pledged until the office has registered it.

    Without `units` the whole right in custody is pledged, else so many units of a share or note. `behind_id` names the
    earlier pledge whose units are pledged once more. `documents` hold the consents that co-owners put on file; the
    annuity's receipt, a same-day twin filing and a pending invalidation are declared for patents.
    Refused: account.unknown, account.not_yours, account.frozen, member.frozen, asset.unknown, rule.method_not_allowed
    (notes whose register is elsewhere), pledge.terms_invalid, document.unknown, listing.state, deal.state, sale.state,
    quote.state, pilot.state, pledge.checks_failed (with every row that failed).
    """

    account_id: AccountId
    pledgee_account_id: AccountId
    asset_id: AssetId
    units: PositiveUnits | None = None
    behind_id: EncumbranceId | None = None
    money_asset_id: AssetId
    secured_minor: PositiveMinor
    debt_from: IsoDate
    debt_until: IsoDate
    contract_sha256: Sha256Hex
    documents: Papers = ()
    annuity_receipt_sha256: Sha256Hex | None = None
    twin_filing: Declaration | None = None
    invalidation: Declaration | None = None


class PledgeRequested(Event, frozen=True, kw_only=True, tag="pledge.requested"):
    """Every row of the check list passed; the pledge waits for the office."""

    encumbrance: Encumbrance
    movement: Movement


class RegisterPledge(Command, frozen=True, kw_only=True, tag="pledge.register"):
    """Enter the office's registration: the pledge arises now. What changed since the request is asked again.

    Refused: encumbrance.unknown, pledge.state, pledge.terms_invalid (the date), account.frozen, member.frozen,
    listing.state, deal.state, sale.state, quote.state, pilot.state, pledge.checks_failed.
    """

    encumbrance_id: EncumbranceId
    office_reference: Name
    registered_on: IsoDate


class PledgeRegistered(Event, frozen=True, kw_only=True, tag="pledge.registered"):
    """The pledge lies on its right, or holds its units."""

    encumbrance: Encumbrance
    movement: Movement


class RefusePledge(Command, frozen=True, kw_only=True, tag="pledge.refuse"):
    """Enter the office's refusal, or the end of a request nobody pursues.

    Refused: encumbrance.unknown, pledge.state.
    """

    encumbrance_id: EncumbranceId
    reason: Reason


class PledgeRefused(Event, frozen=True, kw_only=True, tag="pledge.refused"):
    """No pledge arose."""

    encumbrance: Encumbrance
    movement: Movement


# --- While it stands --------------------------------------------------------------------------------------------------


class ConsentPledge(Command, frozen=True, kw_only=True, tag="pledge.consent"):
    """Let the owner sell, license or pledge again what is pledged, as the pledgee, with the paper that says so.

    A sale needs the whole price at signing; what the pledge claims of it is paid early, or deposited.
    Refused: encumbrance.unknown, pledge.not_party, mandate.invalid, account.frozen, member.frozen, pledge.state,
    member.unknown, pledge.terms_invalid, document.unknown.
    """

    encumbrance_id: EncumbranceId
    act: ConsentAct
    member_id: MemberId | None = None
    least_minor: AnyMinor = Minor(0)
    proceeds: Proceeds = Proceeds.PREPAY
    claimed_minor: PositiveMinor | None = None
    document_sha256: Sha256Hex


class PledgeConsented(Event, frozen=True, kw_only=True, tag="pledge.consented"):
    """The consent is on record."""

    encumbrance: Encumbrance
    movement: Movement


class ReleasePledge(Command, frozen=True, kw_only=True, tag="pledge.release"):
    """Give up a pledge, as the pledgee: the debt is paid. Those behind it move up.

    Refused: encumbrance.unknown, pledge.not_party, mandate.invalid, account.frozen, member.frozen, pledge.state,
    sale.state (its auction runs).
    """

    encumbrance_id: EncumbranceId
    reason: Text = ""


class EncumbranceEnded(Event, frozen=True, kw_only=True, tag="encumbrance.ended"):
    """A pledge was released, or a preservation lifted. `others` moved up, or hold now what it held."""

    encumbrance: Encumbrance
    others: tuple[Encumbrance, ...]
    movement: Movement


# --- Enforcement ------------------------------------------------------------------------------------------------------


class EnforcePledge(Command, frozen=True, kw_only=True, tag="pledge.enforce"):
    """Have a pledged right sold in public, as the pledgee: it is put to the market for an operator to admit.

    The pledgee then announces the sale, signs for the seller, and may do nothing else in the owner's name. The papers
    of the sale are put on file by the venue. `claimed_minor` is what the debtor owes, `evidence` shows the default.
    Refused: encumbrance.unknown, pledge.not_party, mandate.invalid, account.frozen, member.frozen, pledge.state,
    pledge.not_supported (units of shares and notes), right.encumbered (a preservation), listing.state, deal.state,
    market.unknown, currency.mismatch, pledge.terms_invalid, document.unknown.
    """

    encumbrance_id: EncumbranceId
    market_id: MarketId
    method: EnforcementMethod
    name: Name
    asking_price_minor: PositiveMinor
    claimed_minor: PositiveMinor
    disclosure_sha256: Sha256Hex
    evidence: Annotated[Papers, msgspec.Meta(min_length=1)]
    jurisdiction: Annotated[str, msgspec.Meta(max_length=20)] = ""


class PledgeEnforced(Event, frozen=True, kw_only=True, tag="pledge.enforcing"):
    """The right is to be sold for its pledgees under the listing of the next event."""

    encumbrance: Encumbrance
    movement: Movement


class PledgesSettled(Event, frozen=True, kw_only=True, tag="pledge.settled"):
    """The right was sold: every pledge on it was paid by its rank, or goes on in the price. The buyer's is free."""

    deal_id: DealId
    encumbrances: tuple[Encumbrance, ...]
    movement: Movement
