"""May this licence of this right stand? Asked when it is proposed, accepted, signed and taken, as of then.

The parties first, then the market's law, the licensor's overlay and the export gate, then the right itself, who must
agree to it, and last what is promised already. A licence in force is a burden that goes with the right.
"""

from __future__ import annotations

from datetime import date

from custody.consents import ConsentAct
from custody.encumbrances import Burden, BurdenKind
from custody.outcomes import Outcome, ShareDeed
from custody.pilot import Pilot, PilotState
from custody.pledges import ConsentAct as PledgeeConsent
from custody.rights import Right, RightForm
from exchange.core.calendar import local_date, start_of_day_ns
from exchange.core.ids import AssetId, MemberId, to_wire
from exchange.core.instruments import AssetKind, TitleRegime
from exchange.core.messages import Citation, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.units import TimeNs
from exchange.engine import burdens
from exchange.engine.burdens import refuse_burdened
from exchange.engine.consents import refuse_without_consents
from exchange.engine.conveyances import refuse_recorded_title
from exchange.engine.deal_checks import deal_fees, party, refuse_frozen_assets, refuse_stopped
from exchange.engine.documents import refuse_documents
from exchange.engine.encumbrances import consented
from exchange.engine.order_terms import MAX_ORDER_MINOR
from exchange.engine.rights import patents_of, refuse_patent, refuse_title
from exchange.engine.rules import disposal_overlay, profile_of
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.rulebook.checks import (
    check_currency,
    check_export,
    check_method,
    check_suitability,
    check_value_cap,
)
from exchange.rulebook.disposal import check_disposal_method
from exchange.rulebook.overlays import cite_overlay
from exchange.rulebook.profile import Method, Profile, RegisterOfRecord, cite
from matching.consideration import promised_minor
from matching.deals import Deal
from matching.licence_messages import Licence, LicenceState, OpenLicence
from matching.licences import LicenceKind, describe, may_not_stand_beside, months_later
from matching.messages import Market
from matching.sale_messages import Lot


def refuse_licence(state: ExchangeState, header: Header, licence: Licence) -> Rejected | None:
    """Whether the licence, as it stands, may go on now. Its accounts, market and right were looked up before.

    Refused: as licence.propose, from account.frozen of either party and rule.method_not_allowed to licence.conflict.
    """
    market = state.table(Market)[licence.market_id]
    right = state.table(Right)[licence.asset_id]
    for account_id in (licence.licensor_account_id, licence.licensee_account_id):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return refusal
    for refusal in (
        _refuse_by_law(state, header, market, right, licence),
        refuse_being_sold(state, right),
        refuse_frozen_assets(state, market.money_asset_id, licence.asset_id),
        _refuse_owner(state, right, licence),
        _refuse_right(state, header, right, licence),
        _refuse_without_consent(state, header, right, licence),
    ):
        if refusal is not None:
            return refusal
    return refuse_conflict(state, licence)


def method_of_licence(licence: Licence) -> Method:
    """How its price was found: by the public fee of a declaration, else by agreement."""
    return Method.OPEN_LICENCE if licence.open_licence_id else Method.AGREEMENT


def licence_fees(state: ExchangeState, licence: Licence) -> tuple[int, int] | Rejected:
    """What it costs licensee and licensor.

    Refused: fee.schedule_unknown, limit.exceeded.
    """
    market = state.table(Market)[licence.market_id]
    fees = deal_fees(state, market, licence.fee_version, licence.price_minor, method_of_licence(licence))
    if fees is None:
        return Rejected(code=RejectCode.FEE_SCHEDULE_UNKNOWN, detail=f"{market.fee_schedule} does not price it")
    if licence.price_minor + fees[0] + promised_minor(licence.items) > MAX_ORDER_MINOR:
        return Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"max_minor={MAX_ORDER_MINOR}")
    return fees


def rules_of_licence(profile: Profile) -> tuple[Citation, ...]:
    """The provisions under which a licence is offered."""
    return tuple(cite(profile, field) for field in ("methods", "publicity", "licence_recordal_months"))


# --- What lies on a right already -------------------------------------------------------------------------------------


def licences_of(state: ExchangeState, asset_id: AssetId) -> list[Licence]:
    """The licences of a right that are in force, as they were proposed."""
    found = [
        licence
        for licence in state.table(Licence).values()
        if licence.asset_id == asset_id and licence.state is LicenceState.IN_FORCE
    ]
    return sorted(found, key=lambda licence: licence.licence_id)


def refuse_conflict(state: ExchangeState, licence: Licence) -> Rejected | None:
    """Whether another licence, or an open one, keeps this one out.

    Refused: licence.conflict, with the blocking entry.
    """
    for other in licences_of(state, licence.asset_id):
        if other.licence_id != licence.licence_id and may_not_stand_beside(
            licence.kind, licence.scope, other.kind, other.scope
        ):
            detail = f"{to_wire('LI', other.licence_id)}: {describe(other.kind, other.scope)}"
            return Rejected(code=RejectCode.LICENCE_CONFLICT, detail=detail)
    declared = state.find(OpenLicence, licence.asset_id)
    if declared is not None and licence.kind is not LicenceKind.ORDINARY:
        detail = f"{to_wire('OL', declared.open_licence_id)} is {declared.state}"
        return Rejected(code=RejectCode.LICENCE_CONFLICT, detail=detail)
    return None


def _licensed(state: ExchangeState, asset_id: AssetId) -> list[Burden]:
    """Licences go with the right: a buyer takes it with them.

    Source: 技术合同解释 art. 24.
    """
    found = [
        Burden(
            entry=to_wire("LI", one.licence_id),
            kind=BurdenKind.LICENCE,
            blocks=False,
            summary=describe(one.kind, one.scope),
        )
        for one in licences_of(state, asset_id)
    ]
    declared = state.find(OpenLicence, asset_id)
    if declared is not None:
        summary = f"open licence, {describe(LicenceKind.ORDINARY, declared.scope)}"
        entry = to_wire("OL", declared.open_licence_id)
        found.append(Burden(entry=entry, kind=BurdenKind.LICENCE, blocks=False, summary=summary))
    return found


burdens.SOURCES.append(_licensed)


def refuse_being_sold(state: ExchangeState, right: Right) -> Rejected | None:
    """Whether the right is being sold or assigned: whoever takes it must know what lies on it.

    Refused: deal.state, sale.state, pilot.state.
    """
    if (deal := state.find(Deal, right.asset_id)) is not None:
        return Rejected(code=RejectCode.DEAL_STATE, detail=f"{to_wire('D', deal.deal_id)} is {deal.state}")
    if (lot := state.find(Lot, right.asset_id)) is not None:
        return Rejected(code=RejectCode.SALE_STATE, detail=f"{to_wire('LT', lot.lot_id)} is {lot.state}")
    pilot = state.find(Pilot, right.outcome_id) if right.outcome_id else None
    if pilot is not None and pilot.state is not PilotState.COMPLETED:
        return Rejected(code=RejectCode.PILOT_STATE, detail=f"{to_wire('J', pilot.pilot_id)} is {pilot.state}")
    return None


# --- Times ------------------------------------------------------------------------------------------------------------


def expires_at_ns(licence: Licence | OpenLicence) -> TimeNs:
    """When its term is over."""
    return start_of_day_ns(date.fromisoformat(licence.scope.ends_on), VENUE_TIME_ZONE)


def recordal_due_ns(state: ExchangeState, header: Header, licence: Licence) -> TimeNs:
    """When the months end in which the office must have a licence that takes effect now; 0 where none asks for it.

    Source: 专利法实施细则 (2023) rule 15.
    """
    if state.table(Right)[licence.asset_id].title_regime is not TitleRegime.CN_REGISTER_CONSTITUTIVE:
        return TimeNs(0)
    months = profile_of(state, state.table(Market)[licence.market_id]).fields.licence_recordal_months.value
    last_day = months_later(local_date(header.at_ns, VENUE_TIME_ZONE), months)
    return start_of_day_ns(date.fromordinal(last_day.toordinal() + 1), VENUE_TIME_ZONE)


# --- Inside -----------------------------------------------------------------------------------------------------------


def _refuse_by_law(
    state: ExchangeState, header: Header, market: Market, right: Right, licence: Licence
) -> Rejected | None:
    """Method, currency, value and parties as the market's profile has them; the overlay's methods; the export gate."""
    profile, method = profile_of(state, market), method_of_licence(licence)
    if (refusal := check_method(profile, method)) is not None:
        return refusal.rejected()
    if profile.fields.register_of_record.value is RegisterOfRecord.EXTERNAL:
        rule = cite(profile, "register_of_record")
        return Rejected(code=RejectCode.RULE_METHOD_NOT_ALLOWED, detail="another register's rights", rule=rule)
    for check in (
        check_currency(profile, market.currency),
        check_value_cap(profile, licence.price_minor + promised_minor(licence.items)),
    ):
        if check is not None:
            return check.rejected()
    step = profile.fields.price_step_minor.value
    if licence.price_minor % step:
        rule = cite(profile, "price_step_minor")
        return Rejected(code=RejectCode.LICENCE_TERMS_INVALID, detail=f"price in steps of {step} minor", rule=rule)
    licensor, licensee = party(state, licence.licensor_account_id), party(state, licence.licensee_account_id)
    for member in (licensor, licensee):
        if (refusal := check_suitability(profile, member.standings)) is not None:
            return Rejected(code=refusal.code, detail=f"{member.name} {refusal.detail}", rule=refusal.rule)
    bound = disposal_overlay(state, header, profile, licensor, licence.jurisdiction, licence.overlays_version)
    if isinstance(bound, Rejected):
        return bound
    if bound is not None and (refused := check_disposal_method(*bound, method)) is not None:
        return refused.rejected()
    if (
        bound is not None
        and licence.kind is LicenceKind.EXCLUSIVE
        and bound[1].fields.open_sale_notice_trading_days.value
    ):
        # Who must sell in the open may not give the whole use away to one taker it found by itself.
        rule = cite_overlay(*bound, "open_sale_notice_trading_days")
        return Rejected(code=RejectCode.RULE_METHOD_NOT_ALLOWED, detail="an exclusive licence by agreement", rule=rule)
    gate = check_export(right.technology_class, licensor.country, licensee.country)
    return gate.rejected() if gate is not None else None


def _refuse_owner(state: ExchangeState, right: Right, licence: Licence) -> Rejected | None:
    """Whether the licensor owns the right, or a part of it, or is the registered holder for those who share it.

    One of several owners may grant a licence by itself; to declare one open to everybody needs all of them.

    Refused: right.immobilised, right.not_owned, licence.consent_missing (it has a part).
    """
    code = state.assets[right.asset_id].code
    member_id = party(state, licence.licensor_account_id).member_id
    if right.form is RightForm.POOLED:
        return Rejected(code=RejectCode.RIGHT_IMMOBILISED, detail=f"{code} is {right.form}")
    if right.form is RightForm.SHARES:
        outcome = outcome_of(state, right)
        if outcome is None or outcome.member_id != member_id:
            return Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail=code)
        return None
    units = state.ledger.units(licence.licensor_account_id, right.asset_id)
    if not units:
        return Rejected(code=RejectCode.RIGHT_NOT_OWNED, detail=code)
    if units < state.assets[right.asset_id].total_units and licence.open_licence_id:
        return Rejected(code=RejectCode.LICENCE_CONSENT_MISSING, detail=f"{code} has other owners")
    return None


def _refuse_right(state: ExchangeState, header: Header, right: Right, licence: Licence) -> Rejected | None:
    """Whether the right lives, as long as the licence would, with a clear title and nobody's claim in the way.

    Source: 民法典 art. 865 (only while the right lives), art. 444 (no licence of what is pledged).
    """
    last = ""
    for patent in patents_of(state, right):
        if (refusal := refuse_patent(header, patent)) is not None:
            return refusal
        if not patent.listable:
            return Rejected(code=RejectCode.PATENT_NOT_LISTABLE, detail=f"{patent.number} lacks what a licence needs")
        last = max(last, patent.nominal_expiry)
    if last and licence.scope.ends_on > last:
        return Rejected(code=RejectCode.RIGHT_EXPIRED, detail=f"the right lives until {last}")
    licensee_id = party(state, licence.licensee_account_id).member_id
    agreed = consented(state, right.asset_id, PledgeeConsent.LICENCE, licensee_id)
    if (refusal := refuse_burdened(state, right.asset_id, besides=agreed)) is not None:
        return refusal
    if (refusal := refuse_recorded_title(state, patents_of(state, right))) is not None:
        return refusal
    return refuse_title(right)


def _refuse_without_consent(state: ExchangeState, header: Header, right: Right, licence: Licence) -> Rejected | None:
    """Whether co-owners, or the authority whose money made it, must agree first.

    One of several owners may grant ordinary licences; what keeps others out needs all of them, by their deed or by a
    consent each.

    Refused: consent.missing, licence.consent_missing, licence.approval_missing, document.unknown.
    Source: 专利法 art. 14; 科学技术进步法 arts. 32, 34.
    """
    outcome = outcome_of(state, right)
    licensor, licensee = party(state, licence.licensor_account_id), party(state, licence.licensee_account_id)
    if licence.kind is not LicenceKind.ORDINARY and right.form is RightForm.WHOLE:
        refusal = refuse_without_consents(
            state,
            header.at_ns,
            right.asset_id,
            ConsentAct.EXCLUSIVE_LICENCE,
            licensor.member_id,
            to_member_id=licensee.member_id,
            price_minor=licence.price_minor,
        )
        if refusal is not None and not _agreed_by_deed(state, outcome):
            return refusal
    if outcome is None:
        return None
    shared = right.form is RightForm.SHARES and licence.kind is not LicenceKind.ORDINARY
    if shared and not _agreed_by_deed(state, outcome):
        detail = f"{to_wire('X', outcome.outcome_id)} has no deed by which all its owners agree"
        return Rejected(code=RejectCode.LICENCE_CONSENT_MISSING, detail=detail)
    abroad = licence.kind is LicenceKind.EXCLUSIVE and licensor.country != licensee.country
    if abroad and any(source.fiscal for source in outcome.funding):
        if not licence.approval_sha256:
            detail = f"{to_wire('X', outcome.outcome_id)} was paid for by a state"
            return Rejected(code=RejectCode.LICENCE_APPROVAL_MISSING, detail=detail)
        return refuse_documents(state, MemberId(licensor.member_id), (licence.approval_sha256,))
    return None


def _agreed_by_deed(state: ExchangeState, outcome: Outcome | None) -> bool:
    """Whether the deed in force is signed by every owner, and consents to dispositions."""
    deed = state.table(ShareDeed).get(outcome.deed_id) if outcome is not None else None
    if outcome is None or deed is None or not deed.transfer_consent:
        return False
    return all(one in deed.signer_ids for one in (outcome.member_id, *outcome.co_owner_ids))


def outcome_of(state: ExchangeState, right: Right) -> Outcome | None:
    """The outcome a right is in, or lies in with others."""
    if right.outcome_id:
        return state.table(Outcome)[right.outcome_id]
    ids = [patent.outcome_id for patent in patents_of(state, right) if patent.outcome_id]
    return state.table(Outcome).get(ids[0]) if ids else None


def licensable(state: ExchangeState, asset_id: AssetId) -> bool:
    """Whether this is a whole right in custody, which alone is licensed."""
    asset = state.assets.get(asset_id)
    return asset is not None and asset.kind is AssetKind.RIGHT
