"""Consents of co-owners: one who owns a right with others does not dispose of it alone.

A consent is for one act, may be for one counterparty and not below a price, and holds until its date or until it is
withdrawn. It is no waiver of pre-emption: who lets a sale go may still step in before the buyer.
Source: 专利法 art. 14 (what is not one's own practice, or an ordinary licence, needs all co-owners); 民法典 art. 301.
"""

from __future__ import annotations

from enum import StrEnum

from exchange.core.ids import AssetId, ConsentId, MemberId, UserId
from exchange.core.messages import Command, Event, Record
from exchange.core.units import AnyMinor, AtNs, Minor, Sha256Hex, Text, TimeNs

NO_MEMBER = MemberId(0)


class ConsentAct(StrEnum):
    """What a co-owner agrees to."""

    SALE = "sale"
    EXCLUSIVE_LICENCE = "exclusive_licence"
    PLEDGE = "pledge"


class Consent(Record, frozen=True, kw_only=True):
    """One co-owner's consent to one kind of act about one right.

    Units: `floor_minor` is the least price it is given for (0: any). `to_member_id` is the one counterparty it is given
    for (0: any); it holds before `until_ns`.
    """

    consent_id: ConsentId
    asset_id: AssetId
    member_id: MemberId
    act: ConsentAct
    until_ns: TimeNs
    document_sha256: str
    given_by: UserId
    given_at_ns: TimeNs
    to_member_id: MemberId = NO_MEMBER
    floor_minor: Minor = Minor(0)
    withdrawn_at_ns: TimeNs = TimeNs(0)
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether it was not withdrawn; whether its date has passed is asked when it is needed."""
        return not self.withdrawn_at_ns


class GiveConsent(Command, frozen=True, kw_only=True, tag="consent.give"):
    """Consent, as a co-owner, to an act of another co-owner: the signed paper is on file.

    Refused: account.not_yours (the principal is not of that member), member.frozen, asset.unknown, right.not_owned (no
    co-owner of it), member.unknown, consent.invalid (its date is not ahead), document.unknown.
    """

    asset_id: AssetId
    member_id: MemberId
    act: ConsentAct
    until_ns: AtNs
    document_sha256: Sha256Hex
    to_member_id: MemberId | None = None
    floor_minor: AnyMinor = Minor(0)


class ConsentGiven(Event, frozen=True, kw_only=True, tag="consent.given"):
    """The co-owners may act on it."""

    consent: Consent


class WithdrawConsent(Command, frozen=True, kw_only=True, tag="consent.withdraw"):
    """Take a consent back; what was contracted on it stands.

    Refused: consent.unknown, account.not_yours.
    """

    consent_id: ConsentId
    reason: Text = ""


class ConsentWithdrawn(Event, frozen=True, kw_only=True, tag="consent.withdrawn"):
    """Nobody acts on it any more."""

    consent: Consent
