"""Consents of co-owners: given, withdrawn, and asked for by whoever disposes of a right that others own too.

`refuse_without_consents` is the one question; a deed in which every co-owner consented to transfers, or a standing
waiver of all of them, answers it for a sale. An act that a person has done already stands, whatever is withdrawn later.
Source: 专利法 art. 14.
"""

from __future__ import annotations

import msgspec

from custody.consents import (
    NO_MEMBER,
    Consent,
    ConsentAct,
    ConsentGiven,
    ConsentWithdrawn,
    GiveConsent,
    WithdrawConsent,
)
from custody.outcomes import PriorClaimKind, ShareDeed
from exchange.core.ids import AssetId, ConsentId, MemberId, make_id, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.messages import Citation, Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.core.units import TimeNs
from exchange.engine.access import acts_for_member, refuse_member
from exchange.engine.documents import refuse_documents
from exchange.engine.prior_claims import co_owners_of, outcome_of
from exchange.engine.state import ExchangeState

CO_OWNERSHIP = Citation(profile="co_ownership", version=1, field="consent", provision="CN-PATENT-14")
"""The rule every refusal for want of a consent cites: the law's own, of no market's profile."""


def give_consent(state: ExchangeState, header: Header, command: GiveConsent) -> list[Event]:
    """Keep a co-owner's consent."""
    if (refusal := refuse_member(state, header, command.member_id, UserRight.TRADE)) is not None:
        return [refusal]
    asset = state.assets.get(command.asset_id)
    if asset is None or asset.kind not in (AssetKind.RIGHT, AssetKind.SHARE):
        return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
    owners = [member_id for member_id, _ in co_owners_of(state, command.asset_id)]
    if command.member_id not in owners or len(owners) < 2:
        return [Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail="a consent is a co-owner's")]
    if command.to_member_id is not None and command.to_member_id not in state.members:
        return [Rejected(code=RejectCode.MEMBER_UNKNOWN, detail=to_wire("M", command.to_member_id))]
    if command.until_ns <= header.at_ns:
        return [Rejected(code=RejectCode.CONSENT_INVALID, detail="until_ns in the future")]
    if (refusal := refuse_documents(state, command.member_id, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    consent = Consent(
        consent_id=ConsentId(make_id(header.sequence)),
        asset_id=command.asset_id,
        member_id=command.member_id,
        act=command.act,
        until_ns=command.until_ns,
        document_sha256=command.document_sha256,
        given_by=header.principal,
        given_at_ns=header.at_ns,
        to_member_id=command.to_member_id or NO_MEMBER,
        floor_minor=command.floor_minor,
    )
    state.put(consent)
    return [ConsentGiven(consent=consent)]


def withdraw_consent(state: ExchangeState, header: Header, command: WithdrawConsent) -> list[Event]:
    """Take a consent back, from here on; a frozen co-owner too."""
    consent = state.table(Consent).get(command.consent_id)
    if consent is None:
        return [Rejected(code=RejectCode.CONSENT_UNKNOWN)]
    if not acts_for_member(state, header, consent.member_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.ACCOUNT_NOT_YOURS)]

    state.change()
    withdrawn = msgspec.structs.replace(consent, withdrawn_at_ns=header.at_ns, reason=command.reason)
    state.put(withdrawn)
    return [ConsentWithdrawn(consent=withdrawn)]


def refuse_without_consents(
    state: ExchangeState,
    at_ns: TimeNs,
    asset_id: AssetId,
    act: ConsentAct,
    actor_id: MemberId,
    *,
    to_member_id: MemberId = NO_MEMBER,
    price_minor: int = 0,
) -> Rejected | None:
    """Whether a co-owner other than the actor has not consented to this act, with this counterparty, at this price.

    `to_member_id` 0 asks for a consent to any counterparty.
    Refused: consent.missing, with the co-owner; it cites the law on co-ownership.
    """
    if state.assets[asset_id].kind is AssetKind.NOTE:
        return None  # a note is its holder's alone
    others = [member_id for member_id, _ in co_owners_of(state, asset_id) if member_id != actor_id]
    if not others:
        return None
    agreed = _agreed_on_paper(state, asset_id, act)
    for member_id in others:
        if member_id in agreed:
            continue
        if not any(
            consent.asset_id == asset_id
            and consent.member_id == member_id
            and consent.act is act
            and at_ns < consent.until_ns
            and consent.to_member_id in (NO_MEMBER, to_member_id)
            and price_minor >= consent.floor_minor
            for consent in state.table(Consent).values()
        ):
            detail = f"{to_wire('M', member_id)} has not consented to this {act}"
            return Rejected(code=RejectCode.CONSENT_MISSING, detail=detail, rule=CO_OWNERSHIP)
    return None


def _agreed_on_paper(state: ExchangeState, asset_id: AssetId, act: ConsentAct) -> tuple[MemberId, ...]:
    """Who agreed to any sale once for all: in the deed in force, or by the co-owners' standing waiver."""
    outcome = outcome_of(state, asset_id)
    if outcome is None or act is not ConsentAct.SALE:
        return ()
    waived = any(claim.kind is PriorClaimKind.CO_OWNER and claim.waiver_sha256 for claim in outcome.claims)
    if waived:
        return tuple(member_id for member_id, _ in co_owners_of(state, asset_id))
    deed = state.table(ShareDeed).get(outcome.deed_id)
    if deed is None or not deed.transfer_consent:
        return ()
    if state.assets[asset_id].kind is AssetKind.SHARE:  # whoever takes a share takes it under its deed
        return tuple(member_id for member_id, _ in co_owners_of(state, asset_id))
    return deed.signer_ids
