"""Whole rights enter custody, are examined, and are asked about: by listings, deals, pilots and products.

A patent's right is in custody alone, or inside its outcome's right, never both. What is recorded by an office settles
by recordal; an outcome without patents is a contract fact and settles in our books.
"""

from __future__ import annotations

import msgspec

from custody.encumbrances import Burden, BurdenKind
from custody.outcomes import Outcome, OutcomeChanged, PriorClaim, PriorClaimKind
from custody.rights import (
    ExamineRight,
    RegisterRight,
    Right,
    RightExamined,
    RightForm,
    RightRegistered,
    TitleCheck,
    units_for,
)
from exchange.assets.kinds import PatentStatus
from exchange.assets.messages import PatentsChanged, PatentStub
from exchange.core.calendar import local_date
from exchange.core.ids import AccountId, AssetId, MemberId, OutcomeId, PatentId, UserId, to_wire
from exchange.core.instruments import AssetKind, Settlement, TechnologyClass, TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode
from exchange.engine import burdens
from exchange.engine.access import refuse_account
from exchange.engine.burdens import refuse_burdened
from exchange.engine.conveyances import refuse_recorded_title
from exchange.engine.documents import refuse_documents
from exchange.engine.issuance import asset_code_taken, issue_units
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState

REGIMES: dict[str, TitleRegime] = {
    "CN": TitleRegime.CN_REGISTER_CONSTITUTIVE,
    "US": TitleRegime.US_SIGNED_WRITING,
}
"""Offices whose rule of title is modelled; a right of another office is not taken into custody yet."""

OVER = frozenset(
    {
        PatentStatus.LAPSED_FEE,
        PatentStatus.WITHDRAWN,
        PatentStatus.REFUSED,
        PatentStatus.REVOKED,
        PatentStatus.CEASED,
        PatentStatus.SUSPENDED,
    }
)
"""What keeps a right from being disposed of, besides its expiry."""


# --- Commands ---------------------------------------------------------------------------------------------------------


def register_right(state: ExchangeState, header: Header, command: RegisterRight) -> list[Event]:
    """Bring the whole right in a patent or an outcome into custody, all its units to the owner's account."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    owner = state.accounts[command.account_id].member_id
    subject = _subject(state, command)
    if isinstance(subject, Rejected):
        return [subject]
    if (refusal := _refuse_subject(state, header, owner, subject)) is not None:
        return [refusal]
    code = _code(subject)
    if asset_code_taken(state, code):
        return [Rejected(code=RejectCode.ASSET_EXISTS, detail=code)]
    total = units_for(command.shares)
    if total is None:
        return [Rejected(code=RejectCode.SHARES_INVALID)]
    if (refusal := refuse_documents(state, owner, command.evidence)) is not None:
        return [refusal]

    state.change()
    patents = bundle(state, subject)
    regime = REGIMES[patents[0].country] if patents else TitleRegime.CONTRACT_REGISTER
    issue = issue_units(
        state,
        header,
        ordinal=0,
        kind=AssetKind.RIGHT,
        code=code,
        total_units=total,
        title_regime=regime,
        subject_id=subject.outcome_id if isinstance(subject, Outcome) else subject.patent_id,
        to_account_id=command.account_id,
    )
    right = Right(
        asset_id=issue.asset.asset_id,
        patent_id=subject.patent_id if isinstance(subject, PatentStub) else PatentId(0),
        outcome_id=subject.outcome_id if isinstance(subject, Outcome) else OutcomeId(0),
        form=RightForm.WHOLE,
        settlement=Settlement.RECORDAL if patents else Settlement.BOOK_ENTRY,
        title_regime=regime,
        technology_class=command.technology_class,
        title=TitleCheck.UNKNOWN,
        title_reasons="",
        encumbered=False,
        evidence=command.evidence,
        examined_on=(),
        examined_by=UserId(0),
        registered_at_ns=header.at_ns,
    )
    state.put(right)
    registered = RightRegistered(right=right, asset=issue.asset, account=issue.account, movement=issue.movement)
    return [registered, _tie(state, subject, right.asset_id)]


def examine_right(state: ExchangeState, header: Header, command: ExamineRight) -> list[Event]:
    """Record an examination's answer; it replaces the earlier one."""
    right = state.table(Right).get(command.asset_id)
    if right is None:
        return [Rejected(code=RejectCode.ASSET_UNKNOWN)]
    owner = holder_of_all(state, command.asset_id)
    if (refusal := refuse_documents(state, owner or MemberId(0), command.evidence)) is not None:
        return [refusal]

    state.change()
    examined = msgspec.structs.replace(
        right,
        title=command.title,
        title_reasons=command.reasons,
        encumbered=command.encumbered,
        examined_on=command.evidence,
        examined_by=header.principal,
        technology_class=command.technology_class or right.technology_class,
    )
    state.put(examined)
    events: list[Event] = [RightExamined(right=examined)]
    patent = state.table(PatentStub).get(right.patent_id)
    if patent is not None and patent.encumbered != command.encumbered:
        events.append(change_patents(state, (msgspec.structs.replace(patent, encumbered=command.encumbered),)))
    return events


# --- Questions of other workflows -------------------------------------------------------------------------------------


def bundle(state: ExchangeState, subject: PatentStub | Outcome) -> list[PatentStub]:
    """The patents a right or an outcome consists of."""
    if isinstance(subject, PatentStub):
        return [subject]
    return [state.table(PatentStub)[patent_id] for patent_id in subject.patent_ids]


def patents_of(state: ExchangeState, right: Right) -> list[PatentStub]:
    """The patents a right in custody covers."""
    if right.patent_id:
        return [state.table(PatentStub)[right.patent_id]]
    return bundle(state, state.table(Outcome)[right.outcome_id])


def holder_of_all(state: ExchangeState, asset_id: AssetId) -> MemberId | None:
    """The member whose one account has every unit of an asset; None if nobody has."""
    account_id = account_of_all(state, asset_id)
    return state.accounts[account_id].member_id if account_id is not None else None


def account_of_all(state: ExchangeState, asset_id: AssetId) -> AccountId | None:
    """The one account that has every unit of an asset."""
    holders = state.ledger.holders(asset_id)
    return holders[0][0] if len(holders) == 1 else None


def technology_class(state: ExchangeState, asset_id: AssetId) -> TechnologyClass:
    """The export class of what an asset is a claim on; money and notes carry no technology."""
    asset = state.assets[asset_id]
    if asset.kind in (AssetKind.MONEY, AssetKind.NOTE):
        return TechnologyClass.FREE
    right, outcome = state.table(Right).get(asset_id), state.table(Outcome).get(asset.subject_id)
    if right is not None:
        return right.technology_class
    return outcome.technology_class if outcome is not None else TechnologyClass.UNCLASSIFIED


def refuse_whole_right(
    state: ExchangeState,
    header: Header,
    right: Right,
    account_id: AccountId,
    own_hold_units: int = 0,
    part_units: int | None = None,
    besides: tuple[str, ...] = (),
) -> Rejected | None:
    """Whether the whole right may be disposed of from this account: sold, assigned or turned into shares.

    Title unknown is not asked here, since only a sale of the whole needs it clear. What the caller's own case holds of
    the right (`own_hold_units`), and the entries in `besides`, are no burden to it. `part_units` asks for a part of a
    right that several own.
    Refused: asset.frozen, right.immobilised, right.not_owned, right.expired, patent.not_listable, right.encumbered,
    right.title_defect.
    """
    asset = state.assets[right.asset_id]
    if asset.frozen:
        return Rejected(code=RejectCode.ASSET_FROZEN, detail=asset.code)
    if right.form is not RightForm.WHOLE:
        return Rejected(code=RejectCode.RIGHT_IMMOBILISED, detail=f"{asset.code} is {right.form}")
    wanted = asset.total_units if part_units is None else part_units
    if state.ledger.units(account_id, right.asset_id) < wanted:
        return Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail=asset.code)
    for patent in patents_of(state, right):
        if (refusal := refuse_patent(header, patent)) is not None:
            return refusal
    if (refusal := refuse_burdened(state, right.asset_id, besides=besides)) is not None:
        return refusal
    if state.ledger.available(account_id, right.asset_id) + own_hold_units < wanted:
        return Rejected(code=RejectCode.RIGHT_ENCUMBERED, detail=asset.code)
    return refuse_recorded_title(state, patents_of(state, right))


def refuse_patent(header: Header, patent: PatentStub) -> Rejected | None:
    """Whether the patent's own life allows it to be disposed of today.

    Refused: right.expired, patent.not_listable, right.encumbered.
    """
    today = local_date(header.at_ns, VENUE_TIME_ZONE).isoformat()
    if patent.status is PatentStatus.EXPIRED or (patent.nominal_expiry and today >= patent.nominal_expiry):
        return Rejected(code=RejectCode.RIGHT_EXPIRED, detail=f"{patent.number} {patent.nominal_expiry}".strip())
    if patent.status in OVER:
        return Rejected(code=RejectCode.PATENT_NOT_LISTABLE, detail=f"{patent.number} is {patent.status}")
    if patent.encumbered:
        return Rejected(code=RejectCode.RIGHT_ENCUMBERED, detail=patent.number)
    return None


def refuse_title(right: Right) -> Rejected | None:
    """Whether an examination found the title clear; a sale of the whole right needs it.

    Refused: right.title_unknown.
    """
    if right.title is TitleCheck.CLEAR:
        return None
    return Rejected(code=RejectCode.RIGHT_TITLE_UNKNOWN, detail=f"{right.title} {right.title_reasons}".strip())


def pass_title(state: ExchangeState, asset_id: AssetId, owner_id: MemberId) -> list[Event]:
    """Put the new owner on what a right covers, when the office has recorded the transfer. Call after the line.

    The units move by the caller's own transfer. A new owner's title has not been examined: what was clear for the
    seller is unknown again.
    """
    right = state.table(Right)[asset_id]
    unexamined = msgspec.structs.replace(right, title=TitleCheck.UNKNOWN, title_reasons="", examined_on=())
    state.put(unexamined)
    owned = tuple(msgspec.structs.replace(patent, owner_id=owner_id) for patent in patents_of(state, right))
    events: list[Event] = [RightExamined(right=unexamined)]
    if owned:
        events.append(change_patents(state, owned))
    if right.outcome_id:
        passed = msgspec.structs.replace(state.table(Outcome)[right.outcome_id], member_id=owner_id)
        state.put(passed)
        events.append(OutcomeChanged(outcome=passed))
    return events


def pass_units(state: ExchangeState, asset_id: AssetId, units: int) -> list[Event]:
    """Put on record who owns a right after a sale of it, or of a part, by who holds its units now. Call after the line.

    Where one holds them all it is the owner, and nobody with it if the right was owned in parts before. Where several
    do, they are co-owners: the first named stays, or it is who holds most, and none of them has waived anything.
    """
    owner_id = holder_of_all(state, asset_id)
    if owner_id is not None:
        passed = pass_title(state, asset_id, owner_id)
        return [*passed, *_alone(state, asset_id)] if units < state.assets[asset_id].total_units else passed
    shares: dict[MemberId, int] = {}
    for account_id, held in state.ledger.holders(asset_id):
        member_id = state.accounts[account_id].member_id
        shares[member_id] = shares.get(member_id, 0) + held
    right = state.table(Right)[asset_id]
    outcome = state.table(Outcome).get(right.outcome_id)
    largest = max(shares, key=lambda member_id: (shares[member_id], -member_id))
    first = outcome.member_id if outcome is not None and outcome.member_id in shares else largest
    events = pass_title(state, asset_id, first)
    if outcome is None:
        return events
    others = tuple(member_id for member_id in shares if member_id != first)
    claims = tuple(claim for claim in outcome.claims if claim.kind is not PriorClaimKind.CO_OWNER)
    unwaived = PriorClaim(kind=PriorClaimKind.CO_OWNER, waiver_sha256="")
    return [*events, _co_owned(state, outcome.outcome_id, others, (*claims, unwaived) if others else claims)]


def _alone(state: ExchangeState, asset_id: AssetId) -> list[Event]:
    """Whoever owned it in parts owns it no more: one has everything."""
    outcome = state.table(Outcome).get(state.table(Right)[asset_id].outcome_id)
    if outcome is None:
        return []
    claims = tuple(claim for claim in outcome.claims if claim.kind is not PriorClaimKind.CO_OWNER)
    return [_co_owned(state, outcome.outcome_id, (), claims)]


def _co_owned(
    state: ExchangeState, outcome_id: OutcomeId, co_owner_ids: tuple[MemberId, ...], claims: tuple[PriorClaim, ...]
) -> OutcomeChanged:
    current = state.table(Outcome)[outcome_id]
    changed = msgspec.structs.replace(current, co_owner_ids=co_owner_ids, claims=claims)
    state.put(changed)
    return OutcomeChanged(outcome=changed)


def change_patents(state: ExchangeState, patents: tuple[PatentStub, ...]) -> PatentsChanged:
    """Keep what became of some patents. Call after the line."""
    for patent in patents:
        state.put(patent)
    return PatentsChanged(patents=patents)


def _examined(state: ExchangeState, asset_id: AssetId) -> list[Burden]:
    """What an examination of title found to lie on a right, by the operator's word."""
    right = state.table(Right).get(asset_id)
    if right is None or not right.encumbered:
        return []
    entry = to_wire("S", asset_id)
    return [Burden(entry=entry, kind=BurdenKind.EXAMINED, blocks=True, summary=right.title_reasons)]


burdens.SOURCES.append(_examined)


# --- Inside -----------------------------------------------------------------------------------------------------------


def _subject(state: ExchangeState, command: RegisterRight) -> PatentStub | Outcome | Rejected:
    """The one thing the right is in."""
    if command.outcome_id is not None and command.patent_id is None:
        outcome = state.table(Outcome).get(command.outcome_id)
        return outcome or Rejected(code=RejectCode.OUTCOME_UNKNOWN)
    if command.patent_id is None or command.outcome_id is not None:
        return Rejected(code=RejectCode.PATENT_UNKNOWN, detail="name a patent, or an outcome")
    patent = state.table(PatentStub).get(command.patent_id)
    return patent or Rejected(code=RejectCode.PATENT_UNKNOWN)


def _refuse_subject(
    state: ExchangeState, header: Header, owner: MemberId, subject: PatentStub | Outcome
) -> Rejected | None:
    """Whether this owner may bring it, it is in custody in no other way, and it lives."""
    if (subject.member_id if isinstance(subject, Outcome) else subject.owner_id) != owner:
        return Rejected(code=RejectCode.RIGHT_NOT_OWNED)
    for patent in bundle(state, subject):
        if isinstance(subject, Outcome) and patent.right_id:
            return Rejected(code=RejectCode.RIGHT_IMMOBILISED, detail=f"{patent.number} is in custody by itself")
        if isinstance(subject, PatentStub) and patent.outcome_id:
            outcome = state.table(Outcome)[patent.outcome_id]
            if outcome.right_id:
                return Rejected(code=RejectCode.RIGHT_IMMOBILISED, detail=f"{patent.number} is in its outcome's right")
        if patent.country not in REGIMES:
            return Rejected(code=RejectCode.PATENT_NOT_LISTABLE, detail=f"title in {patent.country} is not modelled")
        if (refusal := refuse_patent(header, patent)) is not None and refusal.code is not RejectCode.RIGHT_ENCUMBERED:
            return refusal
    return None


def _code(subject: PatentStub | Outcome) -> str:
    """The custody code of a right: by the patent's office and number, or the outcome's identifier."""
    if isinstance(subject, Outcome):
        return f"right:{to_wire('X', subject.outcome_id)}"
    number = subject.number if subject.number.startswith(subject.country) else f"{subject.country}{subject.number}"
    return f"right:{number}"


def _tie(state: ExchangeState, subject: PatentStub | Outcome, right_id: AssetId) -> Event:
    """Note on the patent or the outcome under which asset its right is in custody."""
    if isinstance(subject, PatentStub):
        return change_patents(state, (msgspec.structs.replace(subject, right_id=right_id),))
    changed = msgspec.structs.replace(subject, right_id=right_id)
    state.put(changed)
    return OutcomeChanged(outcome=changed)
