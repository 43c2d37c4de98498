"""What stands in a pilot's way: its team, its funds, its programme, the outcome itself; and what its parts come to."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import msgspec

from custody.accounts import AccountKind
from custody.outcomes import Funding, Outcome
from custody.pilot import CaseRules, Pilot, PilotKind, ProposePilot, TeamMember, TeamShare, splits_whole, team_units
from custody.pilot_life import Incentive
from custody.reform import Reform, ReformStage
from custody.rights import Right, RightForm, units_for
from exchange.core.calendar import local_date
from exchange.core.ids import AccountId, AssetId, MemberId, to_wire
from exchange.core.messages import Citation, Header, Rejected
from exchange.core.parties import Role, SellerClass, UserRight
from exchange.core.rejections import InvariantBroken, RejectCode
from exchange.engine.access import refuse_account
from exchange.engine.burdens import refuse_burdened
from exchange.engine.conveyances import refuse_recorded_title
from exchange.engine.deal_checks import refuse_frozen_assets
from exchange.engine.outcomes import rights_of_outcome
from exchange.engine.rights import patents_of, refuse_patent, refuse_title, refuse_whole_right
from exchange.engine.rules import holder_of, profile_of
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.rulebook.checks import check_holder_cap
from exchange.rulebook.disposal import pilot_notice_days
from exchange.rulebook.profile import Profile
from matching.deals import Deal
from matching.listing_messages import Listing

PPM = 1_000_000

# --- Team and funds ---------------------------------------------------------------------------------------------------


def refuse_team(state: ExchangeState, command: ProposePilot) -> Rejected | None:
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
    if command.kind is PilotKind.USE_RIGHT and units_for(tuple(part.share for part in command.team)) is None:
        return Rejected(code=RejectCode.PILOT_SHARES_INVALID, detail="the team's parts are too fine for a use right")
    return None


def funding_of(outcome: Outcome, command: ProposePilot) -> tuple[Funding, ...] | Rejected:
    """The outcome's own statement of its funds; only where it makes none, the proposal's."""
    if outcome.funding and command.funding:
        return Rejected(code=RejectCode.PILOT_NOT_ELIGIBLE, detail="the outcome states its own funds")
    return outcome.funding or tuple(
        Funding(source=source.source, country=source.country, fiscal=source.fiscal, amount_minor=source.amount_minor)
        for source in command.funding
    )


def unsigned(team: tuple[TeamShare, ...]) -> tuple[TeamMember, ...]:
    return tuple(
        TeamMember(account_id=part.account_id, numerator=part.share.numerator, denominator=part.share.denominator)
        for part in team
    )


# --- Programme and exclusions -----------------------------------------------------------------------------------------


def refuse_excluded(state: ExchangeState, outcome: Outcome, command: ProposePilot) -> Rejected | None:
    """Whether the outcome may never be assigned: it touches security, or has had its one incentive.

    Refused: pilot.excluded, pilot.incentive_given.
    """
    if command.touches_security:
        detail = "national security or a major public interest"
        return Rejected(code=RejectCode.PILOT_EXCLUDED, detail=detail)
    if (given := state.table(Incentive).get(outcome.outcome_id)) is not None:
        detail = f"its contributors were rewarded after its transfer: {given.document_sha256}"
        return Rejected(code=RejectCode.PILOT_INCENTIVE_GIVEN, detail=detail)
    return None


def programme_of(
    state: ExchangeState, header: Header, outcome: Outcome, command: ProposePilot
) -> Reform | Rejected | None:
    """The programme a case begins under; None in a market that never had one.

    Refused: reform.unknown, pilot.out_of_scope, pilot.excluded (the negative list), each citing the programme.
    """
    if command.reform_id is None:
        for opened in state.table(Reform).values():
            if opened.market_id == command.market_id and opened.opened:
                return _outside(opened, "reform_id", "a case in this market names its programme")
        return None
    reform = state.table(Reform).get(command.reform_id)
    if reform is None:
        return Rejected(code=RejectCode.REFORM_UNKNOWN)
    if reform.market_id != command.market_id:
        return _outside(reform, "market_id", "the programme is another market's")
    if (refusal := _refuse_stage(reform, local_date(header.at_ns, VENUE_TIME_ZONE).isoformat())) is not None:
        return refusal
    if not reform.all_units and outcome.member_id not in reform.unit_ids:
        return _outside(reform, "unit_ids", f"{to_wire('M', outcome.member_id)} is not in scope")
    if command.kind not in reform.kinds:
        return _outside(reform, "kinds", command.kind)
    if command.field in reform.negative_fields:
        return _outside(reform, "negative_fields", command.field, RejectCode.PILOT_EXCLUDED)
    if outcome.technology_class in reform.excluded_classes:
        return _outside(reform, "excluded_classes", outcome.technology_class, RejectCode.PILOT_EXCLUDED)
    if (reform.fields or reform.negative_fields) and not command.field:
        return _outside(reform, "fields", "the case names the outcome's field")
    if reform.fields and command.field not in reform.fields:
        return _outside(reform, "fields", command.field)
    return reform


def _refuse_stage(reform: Reform, today: str) -> Rejected | None:
    """Whether no case begins now: before the pilot, after its last day without promotion, after the end."""
    if reform.stage is ReformStage.PROMOTED:
        return None
    if reform.stage in (ReformStage.DRAFT, ReformStage.ENDED):
        return _outside(reform, "stage", f"the programme is {reform.stage}")
    if not reform.starts_on <= today <= reform.ends_on:
        return _outside(reform, "stage", f"the pilot runs from {reform.starts_on} to {reform.ends_on}")
    return None


def _outside(reform: Reform, field: str, detail: str, code: RejectCode = RejectCode.PILOT_OUT_OF_SCOPE) -> Rejected:
    rule = Citation(profile=reform.name, version=reform.version, field=field, provision=to_wire("RP", reform.reform_id))
    return Rejected(code=code, detail=detail, rule=rule)


def notice_days(profile: Profile, rules: CaseRules | None) -> int:
    """Calendar days a case is shown: the programme's, which are at least the profile's."""
    return max(pilot_notice_days(profile), rules.notice_days if rules is not None else 0)


def out_of_range(rules: CaseRules | None, kind: PilotKind, share: Fraction, income_ppm: int) -> str:
    """What of an agreement is outside its programme's ranges; empty: nothing. A share is asked of ownership only."""
    if rules is None:
        return ""
    if kind is PilotKind.OWNERSHIP and not rules.team_from_ppm <= share * PPM <= rules.team_to_ppm:
        return f"the team's share {share} is not from {rules.team_from_ppm} to {rules.team_to_ppm} ppm"
    if not rules.income_from_ppm <= income_ppm <= rules.income_to_ppm:
        return f"income_ratio_ppm={income_ppm} is not from {rules.income_from_ppm} to {rules.income_to_ppm}"
    return ""


# --- Outcome ----------------------------------------------------------------------------------------------------------


def refuse_outcome(
    state: ExchangeState,
    header: Header,
    outcome: Outcome,
    account_id: AccountId,
    *,
    whole: bool = True,
    own_hold_units: int = 0,
) -> Rejected | None:
    """Whether the outcome may be assigned from this account: in custody, of clear title, free, in no other case.

    Not `whole` asks the same of what the account still has of it.
    """
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
        if outcome.form is RightForm.WHOLE and whole:
            refusal = refuse_whole_right(state, header, right, account_id, own_hold_units)
        else:
            refusal = _refuse_part(state, header, outcome, right)
        if refusal is None:
            refusal = refuse_title(right) or refuse_other_case(state, right.asset_id)
        if refusal is not None:
            return refusal
    return None


def _refuse_part(state: ExchangeState, header: Header, outcome: Outcome, right: Right) -> Rejected | None:
    """Whether a part of a right, or shares of it, may go over: alive, and nobody's claim blocks it."""
    if outcome.form is RightForm.WHOLE:
        if (refusal := refuse_frozen_assets(state, right.asset_id)) is not None:
            return refusal
        if right.form is not RightForm.WHOLE:
            return Rejected(code=RejectCode.RIGHT_IMMOBILISED, detail=right.form)
    if (burdened := refuse_burdened(state, right.asset_id)) is not None:
        return burdened
    for patent in patents_of(state, right):
        if (refusal := refuse_patent(header, patent)) is not None:
            return refusal
    return refuse_recorded_title(state, patents_of(state, right))


def refuse_other_case(state: ExchangeState, asset_id: AssetId) -> Rejected | None:
    """Whether the whole right is being sold, or offered, meanwhile."""
    if (deal := state.find(Deal, asset_id)) is not None:
        return Rejected(code=RejectCode.DEAL_STATE, detail=f"{to_wire('D', deal.deal_id)} is {deal.state}")
    if (listing := state.find(Listing, asset_id)) is not None:
        return Rejected(code=RejectCode.LISTING_STATE, detail=f"{to_wire('L', listing.listing_id)} is {listing.state}")
    return None


def refuse_signer(state: ExchangeState, header: Header, pilot: Pilot, account_id: AccountId) -> Rejected | None:
    """Whether the principal may not sign for this account, or the account is not of the case."""
    if account_id not in concerned(pilot):
        return Rejected(code=RejectCode.PILOT_NOT_PARTY)
    refusal = refuse_account(state, header, account_id, UserRight.TRADE)
    if refusal is not None and refusal.code is RejectCode.ACCOUNT_NOT_YOURS:
        return Rejected(code=RejectCode.PILOT_NOT_PARTY)
    return refusal


def refuse_holders(state: ExchangeState, profile: Profile, team: list[AccountId], asset_id: AssetId) -> Rejected | None:
    """Whether the team would be too many beside who holds, and who may come to hold: no match is ever refused.

    The case's own market has its cap, and each market whose book trades the shares.
    """
    holders = dict.fromkeys(holder_of(state, holder) for holder, _ in state.ledger.holders(asset_id))
    holders.update(dict.fromkeys(holder_of(state, account_id) for account_id in team))
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


def refuse_recordal_date(header: Header, since: date, text: str) -> Rejected | None:
    """Whether an office could have made something effective on that date: not before it was signed, not in the future.

    Refused: recordal.invalid.
    """
    try:
        effective = date.fromisoformat(text)
    except ValueError:
        return Rejected(code=RejectCode.RECORDAL_INVALID, detail=f"no such date: {text}")
    today = local_date(header.at_ns, VENUE_TIME_ZONE)
    if since <= effective <= today:
        return None
    return Rejected(code=RejectCode.RECORDAL_INVALID, detail=f"{text} is not between {since} and {today}")


# --- What its parts come to -------------------------------------------------------------------------------------------


def assets_of(state: ExchangeState, outcome: Outcome) -> list[AssetId]:
    """What the outcome is held in: its shares where they float, else its whole right, or those of its patents."""
    if outcome.form is RightForm.SHARES:
        return [outcome.share_asset_id]
    rights = rights_of_outcome(state, outcome)
    return [] if isinstance(rights, Rejected) else [right.asset_id for right in rights]


def parts_of(state: ExchangeState, asset_ids: list[AssetId], pilot: Pilot) -> list[tuple[AssetId, list[int]]]:
    """What each of the team gets of some assets, asset by asset.

    Raises: InvariantBroken if a part is not whole, which the institution's signature was refused for.
    """
    share = Fraction(pilot.team_numerator, pilot.team_denominator)
    found: list[tuple[AssetId, list[int]]] = []
    for asset_id in asset_ids:
        parts = team_units(state.assets[asset_id].total_units, share, pilot.team)
        if parts is None:
            raise InvariantBroken("every part of an agreed pilot is a whole number of units")
        found.append((asset_id, parts))
    return found


def concerned(pilot: Pilot) -> list[AccountId]:
    """The institution's account and the team's: all of them sign, all are told."""
    return [pilot.account_id, *(member.account_id for member in pilot.team)]


def put_pilot(state: ExchangeState, pilot: Pilot, /, **changes: object) -> Pilot:
    """Keep the case under its new values. Call after the line."""
    changed = msgspec.structs.replace(pilot, **changes)
    state.put(changed)
    return changed
