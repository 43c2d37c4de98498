"""Pilot cases, step by step: proposed, decided, shown, agreed, and entered in the ledger with the last signature.

Later steps of the reform (a use right, tracking, revocation, the programme's stages) belong to a later issue.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from custody.accounts import AccountKind
from custody.ledger import Leg
from custody.outcomes import Funding, Outcome, PriorClaim, PriorClaimKind
from custody.pilot import (
    AgreePilot,
    Assignment,
    DecidePilot,
    ObjectToPilot,
    Pilot,
    PilotAgreed,
    PilotCompleted,
    PilotDecided,
    PilotEnded,
    PilotKind,
    PilotNoticeEnded,
    PilotObjected,
    PilotObjectionDismissed,
    PilotProposed,
    PilotState,
    PilotTerms,
    ProposePilot,
    ResolvePilot,
    TeamMember,
    TeamShare,
    WithdrawPilot,
    pilot_terms_hash,
    splits_whole,
    team_units,
)
from custody.rights import RightForm
from exchange.core.ids import AccountId, AssetId, MemberId, PilotId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import MemberStatus, Role, SellerClass, UserRight
from exchange.core.rejections import InvariantBroken, RejectCode, ensure
from exchange.core.units import TimeNs, Units
from exchange.engine import timers
from exchange.engine.access import acts_for_member, refuse_account
from exchange.engine.conveyances import refuse_recorded_title
from exchange.engine.deal_checks import party, refuse_frozen_assets, refuse_stopped
from exchange.engine.documents import refuse_documents
from exchange.engine.outcomes import rights_of_outcome
from exchange.engine.rights import patents_of, refuse_patent, refuse_title, refuse_whole_right
from exchange.engine.rules import holder_of, profile_of
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.rulebook.checks import check_holder_cap
from exchange.rulebook.disposal import eligible_by_funding, period_end_ns, pilot_notice_days
from exchange.rulebook.profile import Profile, cite
from matching.deals import Deal
from matching.listing_messages import Listing
from matching.messages import Market

RUNNING = (PilotState.PROPOSED, PilotState.NOTICE, PilotState.OBJECTED, PilotState.AGREEING)

# --- Proposal and decision --------------------------------------------------------------------------------------------


def propose_pilot(state: ExchangeState, header: Header, command: ProposePilot) -> list[Event]:
    """Open a case, if the outcome may be assigned at all."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    market = state.table(Market).get(command.market_id)
    if market is None:
        return [Rejected(code=RejectCode.MARKET_UNKNOWN)]
    outcome = state.table(Outcome).get(command.outcome_id)
    if outcome is None:
        return [Rejected(code=RejectCode.OUTCOME_UNKNOWN)]
    if command.kind is not PilotKind.OWNERSHIP:
        return [Rejected(code=RejectCode.PILOT_KIND_NOT_SUPPORTED, detail=command.kind)]
    if (other := state.find(Pilot, command.outcome_id)) is not None:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=f"{to_wire('J', other.pilot_id)} is {other.state}")]
    if outcome.member_id != state.accounts[command.account_id].member_id:
        return [Rejected(code=RejectCode.RIGHT_NOT_OWNED)]
    if (refusal := _refuse_team(state, command)) is not None:
        return [refusal]
    funding = _funding(outcome, command)
    if isinstance(funding, Rejected):
        return [funding]
    profile = profile_of(state, market)
    if (refused := eligible_by_funding(profile, funding)) is not None:
        return [refused.rejected()]
    if (refusal := _refuse_outcome(state, header, outcome, command.account_id)) is not None:
        return [refusal]
    if (refusal := refuse_documents(state, outcome.member_id, (command.split_sha256,))) is not None:
        return [refusal]

    state.change()
    pilot = Pilot(
        pilot_id=PilotId(make_id(header.sequence)),
        outcome_id=command.outcome_id,
        market_id=command.market_id,
        account_id=command.account_id,
        funding=funding,
        team=_unsigned(command.team),
        representative_id=command.representative_id,
        split_sha256=command.split_sha256,
        state=PilotState.PROPOSED,
        proposed_by=header.principal,
        proposed_at_ns=header.at_ns,
    )
    state.put(pilot)
    told = move_and_tell(state, header, _concerned(pilot))
    return [PilotProposed(pilot=pilot, rule=cite(profile, "pilot_fiscal_share_above_ppm"), movement=told)]


def decide_pilot(state: ExchangeState, header: Header, command: DecidePilot) -> list[Event]:
    """The institution's collective decision, recorded by another than proposed: the notice begins."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    institution = party(state, pilot.account_id)
    if not acts_for_member(state, header, institution.member_id, UserRight.APPROVE):
        return [Rejected(code=RejectCode.PILOT_NOT_PARTY)]
    if institution.status is MemberStatus.FROZEN:
        return [Rejected(code=RejectCode.MEMBER_FROZEN)]
    if pilot.state is not PilotState.PROPOSED:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)]
    if header.principal == pilot.proposed_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    if (refusal := refuse_documents(state, institution.member_id, (command.decision_sha256,))) is not None:
        return [refusal]
    until = _notice_until(state, header, pilot)
    if isinstance(until, Rejected):
        return [until]

    state.change()
    decided = _put(
        state,
        pilot,
        state=PilotState.NOTICE,
        decided_by=header.principal,
        decided_at_ns=header.at_ns,
        decision_sha256=command.decision_sha256,
        notice_until_ns=until,
    )
    event = PilotDecided(pilot=decided, movement=move_and_tell(state, header, _concerned(decided)))
    return [event, _start_clock(state, header, decided)]


def withdraw_pilot(state: ExchangeState, header: Header, command: WithdrawPilot) -> list[Event]:
    """The institution ends its case before the ledger entry."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    if not acts_for_member(state, header, party(state, pilot.account_id).member_id, UserRight.TRADE):
        return [Rejected(code=RejectCode.PILOT_NOT_PARTY)]
    if pilot.state not in RUNNING:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)]

    state.change()
    return _end(state, header, pilot, PilotState.WITHDRAWN, command.reason)


# --- Notice and objections --------------------------------------------------------------------------------------------


def object_to_pilot(state: ExchangeState, header: Header, command: ObjectToPilot) -> list[Event]:
    """Anybody may object in the notice period; its clock stands."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    if pilot.state is not PilotState.NOTICE:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)]

    state.change()
    objected = _put(state, pilot, state=PilotState.OBJECTED, objected_by=header.principal, notice_until_ns=TimeNs(0))
    dropped = timers.drop_timers(state, TimerKind.PILOT_NOTICE_ENDS, pilot.pilot_id)
    told = move_and_tell(state, header, _concerned(objected))
    return [PilotObjected(pilot=objected, reason=command.reason, movement=told), *dropped]


def resolve_pilot(state: ExchangeState, header: Header, command: ResolvePilot) -> list[Event]:
    """Upheld ends the case; dismissed shows it again for the whole period."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    if pilot.state is not PilotState.OBJECTED:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)]
    if header.principal == pilot.objected_by:
        return [Rejected(code=RejectCode.APPROVAL_SAME_PERSON)]
    until = _notice_until(state, header, pilot)
    if not command.upheld and isinstance(until, Rejected):
        return [until]

    state.change()
    if command.upheld or isinstance(until, Rejected):
        return _end(state, header, pilot, PilotState.STOPPED, command.reason)
    shown = _put(state, pilot, state=PilotState.NOTICE, notice_until_ns=until)
    told = move_and_tell(state, header, _concerned(shown))
    dismissed = PilotObjectionDismissed(pilot=shown, reason=command.reason, movement=told)
    return [dismissed, _start_clock(state, header, shown)]


def _notice_until(state: ExchangeState, header: Header, pilot: Pilot) -> TimeNs | Rejected:
    """When a notice that starts now would be over.

    Refused: calendar.not_covered.
    """
    market = state.table(Market)[pilot.market_id]
    days = pilot_notice_days(profile_of(state, market))
    calendar = state.calendar(market.calendar, market.calendar_version)
    until = period_end_ns(calendar, header.at_ns, days) if calendar is not None else None
    return Rejected(code=RejectCode.CALENDAR_NOT_COVERED, detail=market.calendar) if until is None else until


def _start_clock(state: ExchangeState, header: Header, pilot: Pilot) -> Event:
    return timers.set_timer(state, header, TimerKind.PILOT_NOTICE_ENDS, pilot.notice_until_ns, pilot.pilot_id)


def _notice_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Nobody objected in time."""
    pilot = state.table(Pilot)[PilotId(timer.subject_id)]
    ensure(pilot.state is PilotState.NOTICE, "a notice timer stands as long as the notice runs")
    shown = _put(state, pilot, state=PilotState.AGREEING)
    return [PilotNoticeEnded(pilot=shown, movement=move_and_tell(state, header, _concerned(shown)))]


timers.FIRINGS[TimerKind.PILOT_NOTICE_ENDS] = _notice_ends


# --- Agreement and ledger entry ---------------------------------------------------------------------------------------


def agree_pilot(state: ExchangeState, header: Header, command: AgreePilot) -> list[Event]:
    """One more signs; the last signature moves the units."""
    pilot = state.table(Pilot).get(command.pilot_id)
    if pilot is None:
        return [Rejected(code=RejectCode.PILOT_UNKNOWN)]
    if (refusal := _refuse_signer(state, header, pilot, command.account_id)) is not None:
        return [refusal]
    if pilot.state in (PilotState.PROPOSED, PilotState.NOTICE, PilotState.OBJECTED):
        return [Rejected(code=RejectCode.PILOT_NOTICE_RUNNING, detail=pilot.state)]
    if pilot.state is not PilotState.AGREEING:
        return [Rejected(code=RejectCode.PILOT_STATE, detail=pilot.state)]
    if command.account_id == pilot.account_id:
        signed = _institution_signs(state, header, pilot, command.terms)
    else:
        signed = _inventor_signs(header, pilot, command)
    if isinstance(signed, Rejected):
        return [signed]
    last = all(member.signed_by for member in signed.team)
    if last and (refusal := _refuse_entry(state, header, signed)) is not None:
        return [refusal]

    state.change()
    state.put(signed)
    told = move_and_tell(state, header, _concerned(signed))
    agreed = PilotAgreed(pilot=signed, account_id=command.account_id, movement=told)
    return [agreed, _complete(state, header, signed)] if last else [agreed]


def _institution_signs(state: ExchangeState, header: Header, pilot: Pilot, terms: PilotTerms) -> Pilot | Rejected:
    """The institution brings the terms, or others: those already signed by the team are void then."""
    terms_sha256 = pilot_terms_hash(terms)
    if pilot.terms_sha256 == terms_sha256:
        return Rejected(code=RejectCode.PILOT_STATE, detail="the institution has signed these terms")
    if any(member.signed_by == header.principal for member in pilot.team):
        return Rejected(code=RejectCode.APPROVAL_SAME_PERSON)
    share = Fraction(terms.team_share.numerator, terms.team_share.denominator)
    outcome = state.table(Outcome)[pilot.outcome_id]
    for asset_id in _assets(state, outcome):
        total = state.assets[asset_id].total_units
        if team_units(total, share, pilot.team) is None:
            return Rejected(code=RejectCode.PILOT_SHARES_INVALID, detail=f"{share} of {total} units, {len(pilot.team)}")
    if (refusal := refuse_documents(state, outcome.member_id, (terms.duties_sha256,))) is not None:
        return refusal
    return msgspec.structs.replace(
        pilot,
        team_numerator=terms.team_share.numerator,
        team_denominator=terms.team_share.denominator,
        income_ratio_ppm=terms.income_ratio_ppm,
        duties_sha256=terms.duties_sha256,
        terms_sha256=terms_sha256,
        signed_by=header.principal,
        signed_at_ns=header.at_ns,
        team=tuple(msgspec.structs.replace(member, signed_by=0, signed_at_ns=0) for member in pilot.team),
    )


def _inventor_signs(header: Header, pilot: Pilot, command: AgreePilot) -> Pilot | Rejected:
    """One of the team signs the institution's terms, once."""
    if not pilot.signed_by:
        return Rejected(code=RejectCode.PILOT_STATE, detail="the institution signs first")
    if any(member.account_id == command.account_id and member.signed_by for member in pilot.team):
        return Rejected(code=RejectCode.PILOT_STATE, detail="this account has signed")
    if header.principal == pilot.signed_by:
        return Rejected(code=RejectCode.APPROVAL_SAME_PERSON)
    if pilot_terms_hash(command.terms) != pilot.terms_sha256:
        return Rejected(code=RejectCode.PILOT_TERMS_CHANGED, detail=f"terms_sha256={pilot.terms_sha256}")
    return msgspec.structs.replace(
        pilot,
        team=tuple(
            msgspec.structs.replace(member, signed_by=header.principal, signed_at_ns=header.at_ns)
            if member.account_id == command.account_id
            else member
            for member in pilot.team
        ),
    )


def _refuse_entry(state: ExchangeState, header: Header, pilot: Pilot) -> Rejected | None:
    """Whether the units may move now: everybody and everything free, enough of them, not too many holders."""
    for account_id in _concerned(pilot):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return refusal
    outcome = state.table(Outcome)[pilot.outcome_id]
    if (refusal := _refuse_outcome(state, header, outcome, pilot.account_id)) is not None:
        return refusal
    profile = profile_of(state, state.table(Market)[pilot.market_id])
    for asset_id, parts in _parts(state, outcome, pilot):
        if sum(parts) > state.ledger.available(pilot.account_id, asset_id):
            return Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE, detail=state.assets[asset_id].code)
        if (refusal := _refuse_holders(state, profile, pilot, asset_id)) is not None:
            return refusal
    return None


def _refuse_holders(state: ExchangeState, profile: Profile, pilot: Pilot, asset_id: AssetId) -> Rejected | None:
    """Whether the team would be too many beside who holds, and who may come to hold: no match is ever refused.

    The case's own market has its cap, and each market whose book trades the shares.
    """
    holders = dict.fromkeys(holder_of(state, holder) for holder, _ in state.ledger.holders(asset_id))
    holders.update(dict.fromkeys(holder_of(state, member.account_id) for member in pilot.team))
    profiles = [profile]
    for instrument in state.instruments.values():
        if instrument.asset_id == asset_id:
            bidders = state.bidders.get(instrument.instrument_id, {})
            holders.update(dict.fromkeys(holder_of(state, bidder) for bidder in bidders))
            profiles.append(profile_of(state, state.market_of(instrument)))
    for each in profiles:
        if (refused := check_holder_cap(each, len(holders))) is not None:
            return refused.rejected()
    return None


def _complete(state: ExchangeState, header: Header, pilot: Pilot) -> PilotCompleted:
    """The ledger entry: exact units of everything the outcome is held in, in one transfer."""
    outcome = state.table(Outcome)[pilot.outcome_id]
    legs: list[Leg] = []
    assigned: list[Assignment] = []
    for asset_id, parts in _parts(state, outcome, pilot):
        legs.append((pilot.account_id, asset_id, -sum(parts)))
        for member, units in zip(pilot.team, parts, strict=True):
            legs.append((member.account_id, asset_id, units))
            assigned.append(Assignment(account_id=member.account_id, asset_id=asset_id, units=Units(units)))
    completed = _put(state, pilot, state=PilotState.COMPLETED, completed_at_ns=header.at_ns)
    if outcome.form is RightForm.WHOLE:
        outcome = _with_co_owners(state, outcome, pilot)
        state.put(outcome)
    return PilotCompleted(
        pilot=completed,
        outcome=outcome,
        assigned=tuple(assigned),
        movement=move_and_tell(state, header, _concerned(pilot), legs),
    )


def _with_co_owners(state: ExchangeState, outcome: Outcome, pilot: Pilot) -> Outcome:
    """The inventors own it too: a share deed needs their signatures, a sale their waiver, and they gave neither."""
    inventors = [party(state, member.account_id).member_id for member in pilot.team]
    owners = dict.fromkeys((*outcome.co_owner_ids, *inventors))
    others = tuple(claim for claim in outcome.claims if claim.kind is not PriorClaimKind.CO_OWNER)
    claim = PriorClaim(kind=PriorClaimKind.CO_OWNER, waiver_sha256="")
    return msgspec.structs.replace(outcome, co_owner_ids=tuple(owners), claims=(*others, claim))


# --- Inside -----------------------------------------------------------------------------------------------------------


def _refuse_team(state: ExchangeState, command: ProposePilot) -> Rejected | None:
    """Whether the team are inventors, each named once, one of them its representative, and their parts make a whole.

    Refused: pilot.team_invalid, pilot.shares_invalid.
    """
    seen: dict[MemberId, None] = {}
    for place, part in enumerate(command.team):
        account = state.accounts.get(part.account_id)
        if account is None or account.kind is not AccountKind.CLIENT:
            return Rejected(code=RejectCode.PILOT_TEAM_INVALID, detail=f"team[{place}] is no member's account")
        member = state.members[account.member_id]
        if member.role is not Role.INVESTOR or member.seller_class is not SellerClass.INVENTOR:
            return Rejected(code=RejectCode.PILOT_TEAM_INVALID, detail=f"{member.name} is no inventor")
        if member.member_id in seen:
            return Rejected(code=RejectCode.PILOT_TEAM_INVALID, detail=f"{member.name} is named twice")
        seen[member.member_id] = None
    if all(part.account_id != command.representative_id for part in command.team):
        return Rejected(code=RejectCode.PILOT_TEAM_INVALID, detail="the representative is one of the team")
    if not splits_whole(command.team):
        return Rejected(code=RejectCode.PILOT_SHARES_INVALID, detail="the team's parts do not sum to one")
    return None


def _funding(outcome: Outcome, command: ProposePilot) -> tuple[Funding, ...] | Rejected:
    """The outcome's own statement of its funds; only where it makes none, the proposal's."""
    if outcome.funding and command.funding:
        return Rejected(code=RejectCode.PILOT_NOT_ELIGIBLE, detail="the outcome states its own funds")
    return outcome.funding or tuple(
        Funding(source=source.source, country=source.country, fiscal=source.fiscal, amount_minor=source.amount_minor)
        for source in command.funding
    )


def _refuse_outcome(state: ExchangeState, header: Header, outcome: Outcome, account_id: AccountId) -> Rejected | None:
    """Whether the outcome may be assigned from this account: in custody, of clear title, free, in no other case."""
    rights = rights_of_outcome(state, outcome)
    if isinstance(rights, Rejected):
        return rights
    if outcome.form is RightForm.POOLED:
        return Rejected(code=RejectCode.RIGHT_IMMOBILISED, detail=outcome.form)
    if outcome.form is RightForm.SHARES:
        if (refusal := refuse_frozen_assets(state, outcome.share_asset_id)) is not None:
            return refusal
        if not state.ledger.units(account_id, outcome.share_asset_id):
            return Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail=state.assets[outcome.share_asset_id].code)
    for right in rights:
        if outcome.form is RightForm.WHOLE:
            refusal = refuse_whole_right(state, header, right, account_id)
        elif right.encumbered:
            refusal = Rejected(code=RejectCode.RIGHT_ENCUMBERED, detail=state.assets[right.asset_id].code)
        else:
            found = (refuse_patent(header, patent) for patent in patents_of(state, right))
            refusal = next((patent_refusal for patent_refusal in found if patent_refusal is not None), None)
            refusal = refusal or refuse_recorded_title(state, patents_of(state, right))
        if refusal is None:
            refusal = refuse_title(right) or _refuse_other_case(state, right.asset_id)
        if refusal is not None:
            return refusal
    return None


def _refuse_other_case(state: ExchangeState, asset_id: AssetId) -> Rejected | None:
    """Whether the whole right is being sold, or offered, meanwhile."""
    if (deal := state.find(Deal, asset_id)) is not None:
        return Rejected(code=RejectCode.DEAL_STATE, detail=f"{to_wire('D', deal.deal_id)} is {deal.state}")
    if (listing := state.find(Listing, asset_id)) is not None:
        return Rejected(code=RejectCode.LISTING_STATE, detail=f"{to_wire('L', listing.listing_id)} is {listing.state}")
    return None


def _refuse_signer(state: ExchangeState, header: Header, pilot: Pilot, account_id: AccountId) -> Rejected | None:
    """Whether the principal may not sign for this account, or the account is not of the case."""
    if account_id not in _concerned(pilot):
        return Rejected(code=RejectCode.PILOT_NOT_PARTY)
    refusal = refuse_account(state, header, account_id, UserRight.TRADE)
    if refusal is not None and refusal.code is RejectCode.ACCOUNT_NOT_YOURS:
        return Rejected(code=RejectCode.PILOT_NOT_PARTY)
    return refusal


def _assets(state: ExchangeState, outcome: Outcome) -> list[AssetId]:
    """What the outcome is held in: its shares where they float, else its whole right, or those of its patents."""
    if outcome.form is RightForm.SHARES:
        return [outcome.share_asset_id]
    rights = rights_of_outcome(state, outcome)
    return [] if isinstance(rights, Rejected) else [right.asset_id for right in rights]


def _parts(state: ExchangeState, outcome: Outcome, pilot: Pilot) -> list[tuple[AssetId, list[int]]]:
    """What each of the team gets, asset by asset.

    Raises: InvariantBroken if a part is not whole, which the institution's signature was refused for.
    """
    share = Fraction(pilot.team_numerator, pilot.team_denominator)
    found: list[tuple[AssetId, list[int]]] = []
    for asset_id in _assets(state, outcome):
        parts = team_units(state.assets[asset_id].total_units, share, pilot.team)
        if parts is None:
            raise InvariantBroken("every part of an agreed pilot is a whole number of units")
        found.append((asset_id, parts))
    return found


def _unsigned(team: tuple[TeamShare, ...]) -> tuple[TeamMember, ...]:
    return tuple(
        TeamMember(account_id=part.account_id, numerator=part.share.numerator, denominator=part.share.denominator)
        for part in team
    )


def _concerned(pilot: Pilot) -> list[AccountId]:
    """The institution's account and the team's: all of them sign, all are told."""
    return [pilot.account_id, *(member.account_id for member in pilot.team)]


def _put(state: ExchangeState, pilot: Pilot, /, **changes: object) -> Pilot:
    """Keep the case under its new values. Call after the line."""
    changed = msgspec.structs.replace(pilot, **changes)
    state.put(changed)
    return changed


def _end(state: ExchangeState, header: Header, pilot: Pilot, to: PilotState, reason: str) -> list[Event]:
    """The case comes to nothing. Call after the line."""
    ended = _put(state, pilot, state=to, reason=reason)
    dropped = timers.drop_timers(state, TimerKind.PILOT_NOTICE_ENDS, pilot.pilot_id)
    return [PilotEnded(pilot=ended, movement=move_and_tell(state, header, _concerned(ended))), *dropped]
