"""Outcomes, their prior claims and deeds, and the one way in which they come to float as shares.

`units outstanding = immobilised fraction, always`: shares are minted in the command that immobilises every right the
outcome consists of, whole, and nothing else mints or frees them.
"""

from __future__ import annotations

import msgspec

from custody.accounts import AccountKind
from custody.outcomes import (
    ClaimHolder,
    DeclarePriorClaim,
    FileShareDeed,
    Funding,
    IssueShares,
    Outcome,
    OutcomeRegistered,
    PriorClaim,
    PriorClaimDeclared,
    PriorClaimKind,
    PriorClaimWaived,
    RegisterOutcome,
    ShareDeed,
    ShareDeedFiled,
    SharesIssued,
    WaivePriorClaim,
)
from custody.rights import Right, RightForm, TitleCheck, units_for
from exchange.assets.messages import PatentStub
from exchange.core.ids import AccountId, AssetId, DocumentId, MemberId, OutcomeId, make_id, to_wire
from exchange.core.instruments import AssetKind, TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.engine.access import refuse_account, refuse_member
from exchange.engine.documents import refuse_documents
from exchange.engine.issuance import issue_units, open_venue_account
from exchange.engine.rights import bundle, change_patents, refuse_patent, refuse_whole_right
from exchange.engine.state import ExchangeState
from matching.deals import Deal
from matching.listing_messages import Listing
from matching.sale_messages import Lot

# --- Outcomes and prior claims ----------------------------------------------------------------------------------------


def register_outcome(state: ExchangeState, header: Header, command: RegisterOutcome) -> list[Event]:
    """Put an outcome on record and bind its patents to it."""
    owner = state.users[header.principal].member_id
    if (refusal := refuse_member(state, header, owner, UserRight.TRADE)) is not None:
        return [refusal]
    if (refusal := _refuse_bundle(state, header, owner, command)) is not None:
        return [refusal]
    for member_id in (*command.co_owner_ids, *(one for claim in command.claims for one in claim.holder_ids)):
        if member_id not in state.members:
            return [Rejected(code=RejectCode.MEMBER_UNKNOWN, detail=to_wire("M", member_id))]
    papers = [paper for claim in command.claims for paper in (claim.waiver_sha256, claim.document_sha256) if paper]
    if (refusal := refuse_documents(state, owner, papers)) is not None:
        return [refusal]

    state.change()
    outcome = Outcome(
        outcome_id=OutcomeId(make_id(header.sequence)),
        member_id=owner,
        title=command.title,
        readiness_level=command.readiness_level,
        technology_class=command.technology_class,
        funding_currency=command.funding_currency,
        funding=tuple(
            Funding(
                source=source.source, country=source.country, fiscal=source.fiscal, amount_minor=source.amount_minor
            )
            for source in command.funding
        ),
        patent_ids=command.patent_ids,
        co_owner_ids=tuple(member_id for member_id in command.co_owner_ids if member_id != owner),
        claims=_claims(command),
        node=command.node or state.members[owner].node,
        form=RightForm.WHOLE,
        registered_at_ns=header.at_ns,
        holders=tuple(
            ClaimHolder(kind=claim.kind, member_id=member_id, document_sha256=claim.document_sha256 or "")
            for claim in command.claims
            for member_id in dict.fromkeys(claim.holder_ids)
        ),
    )
    state.put(outcome)
    events: list[Event] = [OutcomeRegistered(outcome=outcome)]
    if outcome.patent_ids:
        tied = [msgspec.structs.replace(patent, outcome_id=outcome.outcome_id) for patent in bundle(state, outcome)]
        events.append(change_patents(state, tuple(tied)))
    return events


def waive_prior_claim(state: ExchangeState, header: Header, command: WaivePriorClaim) -> list[Event]:
    """Put a standing waiver on record; a later one takes the earlier one's place."""
    outcome = _own_outcome(state, header, command.outcome_id)
    if isinstance(outcome, Rejected):
        return [outcome]
    if all(claim.kind is not command.kind for claim in outcome.claims):
        return [Rejected(code=RejectCode.OUTCOME_STATE, detail=f"no claim of a {command.kind}")]
    if (refusal := refuse_documents(state, outcome.member_id, (command.waiver_sha256,))) is not None:
        return [refusal]

    state.change()
    waived = PriorClaim(kind=command.kind, waiver_sha256=command.waiver_sha256)
    claims = tuple(waived if claim.kind is command.kind else claim for claim in outcome.claims)
    changed = msgspec.structs.replace(outcome, claims=claims)
    state.put(changed)
    return [PriorClaimWaived(outcome=changed)]


def declare_prior_claim(state: ExchangeState, header: Header, command: DeclarePriorClaim) -> list[Event]:
    """Name those who have a claim: they are asked in every deal from here on."""
    outcome = _own_outcome(state, header, command.outcome_id)
    if isinstance(outcome, Rejected):
        return [outcome]
    if command.kind in (PriorClaimKind.CO_OWNER, PriorClaimKind.PLEDGEE):
        return [Rejected(code=RejectCode.OUTCOME_STATE, detail=f"the register says who is a {command.kind}")]
    if (deal := state.find(Deal, outcome.right_id)) is not None:
        return [Rejected(code=RejectCode.DEAL_STATE, detail=f"{to_wire('D', deal.deal_id)} is {deal.state}")]
    if (lot := state.find(Lot, outcome.right_id)) is not None:
        return [Rejected(code=RejectCode.SALE_STATE, detail=f"{to_wire('LT', lot.lot_id)} is {lot.state}")]
    for member_id in command.holder_ids:
        if member_id not in state.members:
            return [Rejected(code=RejectCode.MEMBER_UNKNOWN, detail=to_wire("M", member_id))]
    if (refusal := refuse_documents(state, outcome.member_id, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    named = tuple(
        ClaimHolder(kind=command.kind, member_id=member_id, document_sha256=command.document_sha256)
        for member_id in dict.fromkeys(command.holder_ids)
    )
    claims = outcome.claims
    if all(claim.kind is not command.kind for claim in claims):
        claims = (*claims, PriorClaim(kind=command.kind, waiver_sha256=""))
    others = tuple(holder for holder in outcome.holders if holder.kind is not command.kind)
    changed = msgspec.structs.replace(outcome, claims=claims, holders=(*others, *named))
    state.put(changed)
    return [PriorClaimDeclared(outcome=changed)]


def file_share_deed(state: ExchangeState, header: Header, command: FileShareDeed) -> list[Event]:
    """Put a signed deed on file; it is in force from here on, the earlier version stays on record."""
    outcome = _own_outcome(state, header, command.outcome_id)
    if isinstance(outcome, Rejected):
        return [outcome]
    before = state.table(ShareDeed).get(outcome.deed_id)
    if before is not None and command.version <= before.version:
        return [Rejected(code=RejectCode.OUTCOME_STATE, detail=f"deed version={before.version}")]
    for signer in (outcome.member_id, *outcome.co_owner_ids, command.registered_holder_id):
        if signer not in command.signer_ids:
            return [Rejected(code=RejectCode.DEED_SIGNER_MISSING, detail=to_wire("M", signer))]
    if (refusal := refuse_documents(state, outcome.member_id, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    deed = ShareDeed(
        deed_id=DocumentId(make_id(header.sequence)),
        outcome_id=outcome.outcome_id,
        version=command.version,
        document_sha256=command.document_sha256,
        registered_holder_id=command.registered_holder_id,
        signer_ids=command.signer_ids,
        transfer_consent=command.transfer_consent,
        preemption_waived=command.preemption_waived,
        reserved_matters=command.reserved_matters,
        majority_ppm=command.majority_ppm,
        income_ratio_ppm=command.income_ratio_ppm,
        cost_duty=command.cost_duty,
        on_lapse=command.on_lapse,
        on_delisting=command.on_delisting,
        on_whole=command.on_whole,
        filed_at_ns=header.at_ns,
    )
    changed = msgspec.structs.replace(outcome, deed_id=deed.deed_id)
    state.put(deed)
    state.put(changed)
    return [ShareDeedFiled(deed=deed, outcome=changed)]


# --- Shares -----------------------------------------------------------------------------------------------------------


def issue_shares(state: ExchangeState, header: Header, command: IssueShares) -> list[Event]:
    """Immobilise the outcome's whole rights and mint its shares, all to one account."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    outcome = state.table(Outcome).get(command.outcome_id)
    if outcome is None:
        return [Rejected(code=RejectCode.OUTCOME_UNKNOWN)]
    if outcome.member_id != state.accounts[command.account_id].member_id:
        return [Rejected(code=RejectCode.RIGHT_NOT_OWNED)]
    if outcome.form is not RightForm.WHOLE:
        return [Rejected(code=RejectCode.RIGHT_IMMOBILISED, detail=outcome.form)]
    rights = rights_of_outcome(state, outcome)
    if isinstance(rights, Rejected):
        return [rights]
    for right in rights:
        if (refusal := _refuse_floating(state, header, outcome, right, command.account_id)) is not None:
            return [refusal]
    total = units_for(command.shares)
    if total is None:
        return [Rejected(code=RejectCode.SHARES_INVALID)]

    state.change()
    name = to_wire("X", outcome.outcome_id)
    place = open_venue_account(
        state, AccountId(make_id(header.sequence, 2)), AccountKind.IMMOBILISED, f"immobilised:{name}"
    )
    immobilised = state.ledger.move(
        header.sequence, _immobilising_legs(state, rights, command.account_id, place.account_id)
    )
    issue = issue_units(
        state,
        header,
        ordinal=0,
        kind=AssetKind.SHARE,
        code=f"share:{name}",
        total_units=total,
        title_regime=TitleRegime.CONTRACT_REGISTER,
        subject_id=outcome.outcome_id,
        to_account_id=command.account_id,
    )
    floating = tuple(msgspec.structs.replace(right, form=RightForm.SHARES) for right in rights)
    for right in floating:
        state.put(right)
    changed = msgspec.structs.replace(
        outcome, form=RightForm.SHARES, share_asset_id=issue.asset.asset_id, immobilised_id=place.account_id
    )
    state.put(changed)
    return [
        SharesIssued(
            outcome=changed,
            rights=floating,
            asset=issue.asset,
            accounts=(place, issue.account),
            immobilised=immobilised,
            issued=issue.movement,
        )
    ]


def rights_of_outcome(state: ExchangeState, outcome: Outcome) -> list[Right] | Rejected:
    """The rights an outcome consists of: its own, or those of all its patents.

    Refused: right.not_owned if a patent of it is not in custody, or nothing of it is.
    """
    if outcome.right_id:
        return [state.table(Right)[outcome.right_id]]
    patents = bundle(state, outcome)
    for patent in patents:
        if not patent.right_id:
            return Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail=f"{patent.number} is not in custody")
    if not patents:
        return Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail="not in custody")
    return [state.table(Right)[patent.right_id] for patent in patents]


def open_claims(state: ExchangeState, outcome: Outcome) -> list[PriorClaimKind]:
    """Prior claims that nobody has waived; a co-owner's is waived by the deed in force as well."""
    deed = state.table(ShareDeed).get(outcome.deed_id)
    by_deed = deed is not None and deed.preemption_waived
    return [
        claim.kind
        for claim in outcome.claims
        if not claim.waiver_sha256 and not (by_deed and claim.kind is PriorClaimKind.CO_OWNER)
    ]


# --- Inside -----------------------------------------------------------------------------------------------------------


def _own_outcome(state: ExchangeState, header: Header, outcome_id: OutcomeId) -> Outcome | Rejected:
    """The outcome, if the principal may act for its institution."""
    outcome = state.table(Outcome).get(outcome_id)
    if outcome is None:
        return Rejected(code=RejectCode.OUTCOME_UNKNOWN)
    if (refusal := refuse_member(state, header, outcome.member_id, UserRight.TRADE)) is not None:
        if refusal.code is RejectCode.ACCOUNT_NOT_YOURS:
            return Rejected(code=RejectCode.RIGHT_NOT_OWNED)
        return refusal
    return outcome


def _refuse_bundle(state: ExchangeState, header: Header, owner: MemberId, command: RegisterOutcome) -> Rejected | None:
    """Whether each patent is known, the owner's, alive, named once, whole, and in no other outcome."""
    named: dict[int, None] = {}
    for patent_id in command.patent_ids:
        patent = state.table(PatentStub).get(patent_id)
        if patent is None:
            return Rejected(code=RejectCode.PATENT_UNKNOWN, detail=to_wire("P", patent_id))
        if patent.owner_id != owner:
            return Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail=patent.number)
        if patent_id in named:
            return Rejected(code=RejectCode.OUTCOME_STATE, detail=f"{patent.number} is named twice")
        named[patent_id] = None
        in_custody = state.table(Right).get(patent.right_id)
        if patent.outcome_id or (in_custody is not None and in_custody.form is not RightForm.WHOLE):
            return Rejected(code=RejectCode.RIGHT_IMMOBILISED, detail=patent.number)
        if (refusal := refuse_patent(header, patent)) is not None and refusal.code is RejectCode.RIGHT_EXPIRED:
            return refusal
    return None


def _claims(command: RegisterOutcome) -> tuple[PriorClaim, ...]:
    """The prior claims, each kind once, the finisher's always: it is the law's and needs no declaration."""
    waivers: dict[PriorClaimKind, str] = {PriorClaimKind.FINISHER: ""}
    if command.co_owner_ids:
        waivers[PriorClaimKind.CO_OWNER] = ""
    for claim in command.claims:
        waivers[claim.kind] = claim.waiver_sha256 or ""
    return tuple(PriorClaim(kind=kind, waiver_sha256=waiver) for kind, waiver in waivers.items())


def _refuse_floating(
    state: ExchangeState, header: Header, outcome: Outcome, right: Right, account_id: AccountId
) -> Rejected | None:
    """Whether a right of the outcome may float: whole here, no defect found, not offered whole meanwhile."""
    if (refusal := refuse_whole_right(state, header, right, account_id)) is not None:
        return refusal
    if right.title is TitleCheck.DEFECT:
        return Rejected(code=RejectCode.RIGHT_TITLE_UNKNOWN, detail=f"{right.title} {right.title_reasons}".strip())
    if (listing := state.find(Listing, right.asset_id)) is not None:
        return Rejected(code=RejectCode.LISTING_STATE, detail=to_wire("L", listing.listing_id))
    for patent in bundle(state, outcome):
        if not patent.shareable:
            return Rejected(code=RejectCode.PATENT_NOT_LISTABLE, detail=f"{patent.number} lacks what shares need")
    return None


def _immobilising_legs(
    state: ExchangeState, rights: list[Right], from_id: AccountId, to_id: AccountId
) -> list[tuple[AccountId, AssetId, int]]:
    legs: list[tuple[AccountId, AssetId, int]] = []
    for right in rights:
        units = state.assets[right.asset_id].total_units
        legs.append((from_id, right.asset_id, -units))
        legs.append((to_id, right.asset_id, units))
    return legs
