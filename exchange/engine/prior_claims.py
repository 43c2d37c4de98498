"""Who owns a right with others, and who may step in before a buyer of it: read off the register at the moment asked.

Who is known is asked in the deal itself (see preemption). A claim whose holders nobody knows, or a pledgee's, cannot
be: it stops the deal until a standing waiver is on file.
Source: 民法典 arts. 305-306, 847, 859, 860; 专利法 art. 14.
"""

from __future__ import annotations

from dataclasses import dataclass

from custody.accounts import AccountKind
from custody.outcomes import Outcome, PriorClaimKind, ShareDeed
from custody.pilot import Pilot, PilotState
from custody.rights import Right
from exchange.core.ids import AccountId, AssetId, MemberId, OutcomeId
from exchange.core.instruments import AssetKind
from exchange.core.messages import Rejected
from exchange.core.parties import Role
from exchange.core.rejections import RejectCode
from exchange.engine.state import ExchangeState
from exchange.rulebook.profile import Profile, cite
from matching.deals import Deal
from matching.preemption import RANKS, ClaimKind

MAX_CLAIMANTS = 500
"""So many can be asked in one round, whose end is one command."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """Somebody who may step in before a buyer: by which claim, and with which weight among others of that kind."""

    member_id: MemberId
    kind: ClaimKind
    weight: int


# --- Who owns it ------------------------------------------------------------------------------------------------------


def co_owners_of(state: ExchangeState, asset_id: AssetId) -> list[tuple[MemberId, int]]:
    """Everybody who owns the right, with the units of each.

    The ledger says so where several hold units; where one holds them all, the co-owners its outcome names own it too,
    by contract and without a number (1 each).
    """
    units: dict[MemberId, int] = {}
    shares = state.assets[asset_id].kind is AssetKind.SHARE
    for account_id, held in state.ledger.holders(asset_id):
        if shares and state.accounts[account_id].kind is not AccountKind.CLIENT:
            continue
        member_id = state.accounts[account_id].member_id
        units[member_id] = units.get(member_id, 0) + held
    if len(units) != 1:
        return list(units.items())
    named = outcome_of(state, asset_id)
    members = dict.fromkeys((*units, *(named.co_owner_ids if named is not None else ())))
    return [(member_id, 1) for member_id in members]


def account_for(state: ExchangeState, member_id: MemberId, asset_id: AssetId) -> AccountId:
    """Where a member is told of a right: its account that holds of it, else its first."""
    for account_id, _ in state.ledger.holders(asset_id):
        if state.accounts[account_id].member_id == member_id:
            return account_id
    return min(account_id for account_id, account in state.accounts.items() if account.member_id == member_id)


def outcome_of(state: ExchangeState, asset_id: AssetId) -> Outcome | None:
    """The outcome a right is in, or shares are of, if there is one."""
    right, asset = state.table(Right).get(asset_id), state.assets.get(asset_id)
    if right is None and asset is not None and asset.kind is AssetKind.SHARE:
        return state.table(Outcome).get(OutcomeId(asset.subject_id))
    return state.table(Outcome).get(right.outcome_id) if right is not None else None


# --- Who may step in --------------------------------------------------------------------------------------------------


def claimants_of(state: ExchangeState, asset_id: AssetId, seller_id: MemberId, buyer_id: MemberId) -> list[Claimant]:
    """Who may step in before this buyer, first-ranking claims first; each member once, by the best claim it has.

    A buyer that has a claim itself yields only to those that rank before its own: co-owners who sell to each other owe
    the others no pre-emption.
    Source: 民法典物权编的解释(一) art. 13 (sale between co-owners); for the other kinds by analogy.
    """
    found: dict[MemberId, Claimant] = {}
    for kind, holders in _standing(state, asset_id, seller_id):
        if kind is None:
            continue
        for member_id, weight in holders:
            if member_id not in found and member_id != seller_id:
                found[member_id] = Claimant(member_id=member_id, kind=kind, weight=weight)
    own = found.pop(buyer_id, None)
    ahead = RANKS[: RANKS.index(own.kind)] if own is not None else RANKS
    return [claimant for claimant in found.values() if claimant.kind in ahead]


def claimants_on(state: ExchangeState, deal: Deal) -> list[Claimant]:
    """Who may step in before the buyer of this deal."""
    seller, buyer = state.accounts[deal.seller_account_id], state.accounts[deal.buyer_account_id]
    return claimants_of(state, deal.asset_id, seller.member_id, buyer.member_id)


def refuse_open_claims(state: ExchangeState, profile: Profile, deal: Deal) -> Rejected | None:
    """Whether somebody may step in whom nobody can ask: not known, no days to answer in, or items to be split.

    Refused: listing.prior_claims_open.
    """
    seller_id = state.accounts[deal.seller_account_id].member_id
    unknown = [name for name, holders in _named(state, deal.asset_id, seller_id) if not holders]
    if unknown:
        return _open(profile, ", ".join(unknown))
    claimants = claimants_on(state, deal)
    if claimants and not profile.fields.first_refusal_days.value:
        return _open(profile, "this market gives nobody days to step in: waivers beforehand")
    if len(claimants) > MAX_CLAIMANTS:
        return _open(profile, f"{len(claimants)} may step in, at most {MAX_CLAIMANTS} can be asked")
    if len(claimants) > 1 and deal.items is not None:
        return _open(profile, "what is promised for later is not split among several who step in")
    return None


def refuse_claims_in_sale(
    state: ExchangeState, profile: Profile, asset_id: AssetId, seller_id: MemberId, *, lots: int, items: bool
) -> Rejected | None:
    """Whether a public sale cannot run a pre-emption: of several lots at once, or for items with several claimants.

    Refused: listing.prior_claims_open.
    """
    claimants = claimants_of(state, asset_id, seller_id, seller_id)
    if claimants and lots > 1:
        return _open(profile, "prior claims run in a sale of one lot")
    if items and len(claimants) > 1:
        return _open(profile, "what is promised for later is not split among several who step in")
    return None


def refuse_any_claim(state: ExchangeState, profile: Profile, asset_id: AssetId, seller_id: MemberId) -> Rejected | None:
    """Whether anybody may step in at all, asked for what has no price that another could match.

    Refused: listing.prior_claims_open.
    """
    names = [name for name, _ in _named(state, asset_id, seller_id)]
    return _open(profile, f"waivers beforehand: {', '.join(names)}") if names else None


# --- Inside -----------------------------------------------------------------------------------------------------------


def _open(profile: Profile, detail: str) -> Rejected:
    rule = cite(profile, "first_refusal_days")
    return Rejected(code=RejectCode.LISTING_PRIOR_CLAIMS_OPEN, detail=detail, rule=rule)


Standing = tuple[ClaimKind | None, list[tuple[MemberId, int]]]


def _named(
    state: ExchangeState, asset_id: AssetId, seller_id: MemberId
) -> list[tuple[str, list[tuple[MemberId, int]]]]:
    return [
        (kind.value if kind is not None else PriorClaimKind.PLEDGEE.value, holders)
        for kind, holders in _standing(state, asset_id, seller_id)
    ]


def _standing(state: ExchangeState, asset_id: AssetId, seller_id: MemberId) -> list[Standing]:
    """Each kind of claim that no standing waiver covers, in rank, with everybody known to have it (None: a pledgee's).

    The finisher's is against an institution that sells; what somebody else sells, its finishers have no claim on.
    """
    outcome = outcome_of(state, asset_id)
    if state.assets[asset_id].kind is AssetKind.NOTE:
        return []  # a note is a claim on money: nobody owns it with anybody
    open_kinds = [claim.kind for claim in outcome.claims if not claim.waiver_sha256] if outcome is not None else []
    standing: list[Standing] = []
    co_owners = _unwaived_co_owners(state, asset_id, outcome)
    if len(co_owners) > 1 or any(member_id != seller_id for member_id, _ in co_owners):
        standing.append((ClaimKind.CO_OWNER, co_owners))
    elif PriorClaimKind.CO_OWNER in open_kinds and _nobody_is_named(state, outcome):
        standing.append((ClaimKind.CO_OWNER, []))
    if outcome is None:
        return standing
    by_institution = state.members[seller_id].role is Role.INSTITUTION
    standing.extend(
        (kind, [(member_id, 1) for member_id in _holders(state, outcome, kind)])
        for kind in RANKS[1:]
        if PriorClaimKind(kind.value) in open_kinds and (by_institution or kind is not ClaimKind.FINISHER)
    )
    if PriorClaimKind.PLEDGEE in open_kinds:
        standing.append((None, []))
    return standing


def _nobody_is_named(state: ExchangeState, outcome: Outcome | None) -> bool:
    """Whether co-owners were declared without a name, and no deed waives their pre-emption."""
    if outcome is None or outcome.co_owner_ids:
        return False
    deed = state.table(ShareDeed).get(outcome.deed_id)
    return deed is None or not deed.preemption_waived


def _unwaived_co_owners(state: ExchangeState, asset_id: AssetId, outcome: Outcome | None) -> list[tuple[MemberId, int]]:
    """The co-owners whose pre-emption no paper of theirs waives: the deed binds those who signed it."""
    owners = co_owners_of(state, asset_id)
    if len(owners) < 2:
        return []
    if outcome is None:
        return owners
    waived = any(claim.kind is PriorClaimKind.CO_OWNER and claim.waiver_sha256 for claim in outcome.claims)
    if waived:
        return []
    deed = state.table(ShareDeed).get(outcome.deed_id)
    if deed is not None and deed.preemption_waived and state.assets[asset_id].kind is AssetKind.SHARE:
        return []  # whoever takes a share takes it under its deed
    signers = deed.signer_ids if deed is not None and deed.preemption_waived else ()
    return [(member_id, units) for member_id, units in owners if member_id not in signers]


def _holders(state: ExchangeState, outcome: Outcome, kind: ClaimKind) -> list[MemberId]:
    """Who is known to have a claim out of a contract; the finishers are the pilot's team where nobody named others."""
    named = dict.fromkeys(holder.member_id for holder in outcome.holders if holder.kind.value == kind.value)
    if named or kind is not ClaimKind.FINISHER:
        return list(named)
    pilot = state.find(Pilot, outcome.outcome_id)
    if pilot is None or pilot.state is not PilotState.COMPLETED:
        return []
    return [state.accounts[member.account_id].member_id for member in pilot.team]
