"""May this be pledged? The office's check list, row by row; a refusal lists every row that failed.

The list is data: a row is a code, whom it concerns, and what it asks. The same rows are asked when a pledge is
requested and, as of then, when it is registered.
Source: 专利权质押登记办法 (announcement 461, 2021-11-15) as a city's IP centre lists it [X]; 专利法 art. 14.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from custody.consents import Consent
from custody.consents import ConsentAct as CoOwnersAct
from custody.encumbrances import BurdenKind
from custody.outcomes import Outcome, ShareDeed
from custody.pilot import Pilot, PilotState
from custody.pledges import MAX_RANKS, CheckAnswer, ConsentAct, Encumbrance, EncumbranceState
from custody.rights import Right, RightForm
from exchange.assets.kinds import PatentStatus
from exchange.assets.messages import PatentStub
from exchange.core.calendar import local_date
from exchange.core.documents import DocumentStub
from exchange.core.ids import AssetId, MemberId, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.messages import Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.burdens import burdens_of
from exchange.engine.conveyances import refuse_recorded_title
from exchange.engine.encumbrances import consent_of, entry_of, pledges_on, preservations_on
from exchange.engine.outcomes import rights_of_outcome
from exchange.engine.rights import patents_of
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from matching.deals import Deal
from matching.listing_messages import Listing
from matching.quote_messages import QuoteRequest
from matching.sale_messages import Lot

ENDED = (
    PatentStatus.LAPSED_FEE,
    PatentStatus.EXPIRED,
    PatentStatus.WITHDRAWN,
    PatentStatus.REFUSED,
    PatentStatus.REVOKED,
    PatentStatus.CEASED,
)
NOT_GRANTED = (PatentStatus.FILED, PatentStatus.PUBLISHED)


@dataclass(frozen=True, slots=True)
class Case:
    """A pledge beside what it is about, as things are now."""

    state: ExchangeState
    header: Header
    pledge: Encumbrance
    whole: bool
    rights: list[Right]
    patents: list[PatentStub]
    outcome: Outcome | None

    @property
    def today(self) -> str:
        """The day it is, as an ISO date."""
        return local_date(self.header.at_ns, VENUE_TIME_ZONE).isoformat()

    @property
    def owner_id(self) -> MemberId:
        """The pledgor."""
        return self.state.accounts[self.pledge.account_id].member_id

    @property
    def pledgee_id(self) -> MemberId:
        """Whom the debt is owed to."""
        return self.state.accounts[self.pledge.pledgee_account_id].member_id


@dataclass(frozen=True, slots=True)
class Check:
    """A row of the list: `ask` answers what is wrong, or nothing. `patents_only`: it says nothing without patents."""

    code: str
    ask: Callable[[Case], str]
    patents_only: bool = False
    whole_only: bool = False


def case_of(state: ExchangeState, header: Header, pledge: Encumbrance) -> Case:
    """What the check list asks about."""
    asset = state.assets[pledge.asset_id]
    right = state.table(Right).get(pledge.asset_id)
    if right is not None:
        patents = patents_of(state, right)
        outcome_id = right.outcome_id or next((patent.outcome_id for patent in patents if patent.outcome_id), 0)
        outcome = state.table(Outcome).get(outcome_id)
        return Case(state, header, pledge, whole=True, rights=[right], patents=patents, outcome=outcome)
    outcome = state.table(Outcome).get(asset.subject_id) if asset.kind is AssetKind.SHARE else None
    found = rights_of_outcome(state, outcome) if outcome is not None else []
    rights = [] if isinstance(found, Rejected) else found
    patents = [patent for each in rights for patent in patents_of(state, each)]
    return Case(state, header, pledge, whole=False, rights=rights, patents=patents, outcome=outcome)


def answers(case: Case) -> tuple[CheckAnswer, ...]:
    """Every row that concerns this case, with what it found."""
    asked = [
        check for check in CHECKS if (case.patents or not check.patents_only) and (case.whole or not check.whole_only)
    ]
    found = [(check.code, check.ask(case)) for check in asked]
    return tuple(CheckAnswer(code=code, passed=not detail, detail=detail) for code, detail in found)


def refuse_failed(rows: tuple[CheckAnswer, ...]) -> Rejected | None:
    """Whether a row failed; the answer lists each of them.

    Refused: pledge.checks_failed.
    """
    failed = [f"{row.code}: {row.detail}" for row in rows if not row.passed]
    return Rejected(code=RejectCode.PLEDGE_CHECKS_FAILED, detail="; ".join(failed)) if failed else None


def refuse_beside(state: ExchangeState, asset_id: AssetId) -> Rejected | None:
    """Whether something else is done with the whole right meanwhile.

    Refused: deal.state, sale.state, quote.state, listing.state, pilot.state.
    """
    if (deal := state.find(Deal, asset_id)) is not None:
        return Rejected(code=RejectCode.DEAL_STATE, detail=f"{to_wire('D', deal.deal_id)} is {deal.state}")
    if (lot := state.find(Lot, asset_id)) is not None:
        return Rejected(code=RejectCode.SALE_STATE, detail=f"{to_wire('LT', lot.lot_id)} is {lot.state}")
    if (asked := state.find(QuoteRequest, asset_id)) is not None:
        return Rejected(code=RejectCode.QUOTE_STATE, detail=f"{to_wire('RQ', asked.request_id)} is {asked.state}")
    if (listing := state.find(Listing, asset_id)) is not None:
        return Rejected(code=RejectCode.LISTING_STATE, detail=f"{to_wire('L', listing.listing_id)} is {listing.state}")
    right = state.table(Right).get(asset_id)
    pilot = state.find(Pilot, right.outcome_id) if right is not None and right.outcome_id else None
    if pilot is not None and pilot.state is not PilotState.COMPLETED:
        return Rejected(code=RejectCode.PILOT_STATE, detail=f"{to_wire('J', pilot.pilot_id)} is {pilot.state}")
    return None


# --- The rows ---------------------------------------------------------------------------------------------------------


def _not_registered_owner(case: Case) -> str:
    state, pledge = case.state, case.pledge
    asset = state.assets[pledge.asset_id]
    if case.whole and case.rights[0].form is not RightForm.WHOLE:
        return f"{asset.code} is {case.rights[0].form}"
    if state.ledger.units(pledge.account_id, pledge.asset_id) < pledge.units:
        return f"{asset.code} is not held by {to_wire('A', pledge.account_id)}"
    if not case.whole:
        return ""
    other = next((patent.number for patent in case.patents if patent.owner_id != case.owner_id), "")
    if other:
        return f"{other} is another's on record"
    against = refuse_recorded_title(state, case.patents)
    return f"{against.code} {against.detail}" if against is not None else ""


def _ended(case: Case) -> str:
    for patent in case.patents:
        if patent.status in ENDED:
            return f"{patent.number} is {patent.status}"
        if patent.nominal_expiry and case.today >= patent.nominal_expiry:
            return f"{patent.number} expired on {patent.nominal_expiry}"
    return ""


def _not_granted(case: Case) -> str:
    return next((f"{each.number} is {each.status}" for each in case.patents if each.status in NOT_GRANTED), "")


def _annuity_unpaid(case: Case) -> str:
    receipt = case.pledge.annuity_receipt_sha256
    if not receipt or not _filed_by(case, receipt, (case.owner_id, MemberId(0))):
        return "no receipt of the annuity on file"
    return ""


def _suspended(case: Case) -> str:
    suspended = next((each.number for each in case.patents if each.status is PatentStatus.SUSPENDED), "")
    if suspended:
        return f"{suspended} is suspended"
    for asset_id in dict.fromkeys((case.pledge.asset_id, *(right.asset_id for right in case.rights))):
        if case.state.assets[asset_id].frozen:
            return f"{case.state.assets[asset_id].code} is frozen"
        if case.state.assets[asset_id].kind is AssetKind.RIGHT:
            for order in preservations_on(case.state, asset_id):
                return f"{entry_of(order)} {order.authority} {order.reference}"
    return ""


def _beyond_life(case: Case) -> str:
    for patent in case.patents:
        if not patent.nominal_expiry:
            return f"the term of {patent.number} is not known"
        if case.pledge.debt_until > patent.nominal_expiry:
            return f"{patent.number} ends on {patent.nominal_expiry}, the debt on {case.pledge.debt_until}"
    return ""


def _contract_defect(case: Case) -> str:
    pledge = case.pledge
    if case.owner_id == case.pledgee_id:
        return "pledgor and pledgee are one member"
    if pledge.debt_until <= pledge.debt_from:
        return f"the debt runs from {pledge.debt_from} to {pledge.debt_until}"
    if pledge.debt_until <= case.today:
        return f"the debt was due on {pledge.debt_until}"
    for member_id in (case.owner_id, case.pledgee_id):
        if not _filed_by(case, pledge.contract_sha256, (member_id,)):
            return f"{to_wire('M', member_id)} has not put the contract on file"
    return ""


def _consent_missing(case: Case) -> str:
    """Each co-owner consents by the share deed in force, a paper it put on file itself, or a consent in the register.

    Source: 专利法 art. 14.
    """
    if case.outcome is None:
        return ""
    deed = case.state.table(ShareDeed).get(case.outcome.deed_id)
    for member_id in case.outcome.co_owner_ids:
        by_deed = deed is not None and deed.transfer_consent and member_id in deed.signer_ids
        by_paper = any(_filed_by(case, sha256, (member_id,)) for sha256 in case.pledge.documents)
        if member_id != case.owner_id and not by_deed and not by_paper and not _consents(case, member_id):
            return f"{to_wire('M', member_id)} has not consented"
    return ""


def _consents(case: Case, member_id: MemberId) -> bool:
    """Whether a co-owner's consent to this pledge stands in the register."""
    return any(
        consent.asset_id == case.pledge.asset_id
        and consent.member_id == member_id
        and consent.act is CoOwnersAct.PLEDGE
        and case.header.at_ns < consent.until_ns
        and consent.to_member_id in (0, case.pledgee_id)
        for consent in case.state.table(Consent).values()
    )


def _already_pledged(case: Case) -> str:
    """A later rank is for those whom every earlier pledgee let in; what others claim keeps everybody out."""
    state, pledge = case.state, case.pledge
    for patent in case.patents if case.whole else ():
        if patent.encumbered:
            return f"{patent.number} was found encumbered"
    for burden in burdens_of(state, pledge.asset_id):
        if burden.blocks and burden.kind not in (BurdenKind.PLEDGE, BurdenKind.PRESERVATION):
            return f"{burden.entry} {burden.summary}".strip()
    if not case.whole and not pledge.behind_id:
        free = state.ledger.available(pledge.account_id, pledge.asset_id)
        return "" if free >= pledge.units else f"{free} units are free"
    earlier = pledges_on(state, pledge.asset_id, None if case.whole else pledge.behind_id)
    if len(earlier) >= MAX_RANKS:
        return f"{MAX_RANKS} pledges stand"
    for other in earlier:
        if other.state is EncumbranceState.ENFORCING:
            return f"{entry_of(other)} is enforced"
        if consent_of(other, ConsentAct.PLEDGE, case.pledgee_id) is None:
            return f"{entry_of(other)} stands, without consent to a later rank"
    if not case.whole and not earlier:
        return "the earlier pledge has ended"
    return ""


def _twin_undeclared(case: Case) -> str:
    return "" if case.pledge.twin_filing else "no declaration about a twin filing of the same day"


def _invalidation_undeclared(case: Case) -> str:
    return "" if case.pledge.invalidation else "no declaration about a pending invalidation"


CHECKS: tuple[Check, ...] = (
    Check("not_registered_owner", _not_registered_owner),
    Check("ended_or_invalid", _ended, patents_only=True),
    Check("not_granted", _not_granted, patents_only=True),
    Check("annuity_unpaid", _annuity_unpaid, patents_only=True, whole_only=True),
    Check("suspended_or_preserved", _suspended),
    Check("debt_beyond_life", _beyond_life, patents_only=True),
    Check("contract_defect", _contract_defect),
    Check("consent_missing", _consent_missing),
    Check("already_pledged", _already_pledged),
    Check("twin_undeclared", _twin_undeclared, patents_only=True, whole_only=True),
    Check("invalidation_undeclared", _invalidation_undeclared, patents_only=True, whole_only=True),
)
"""The eleven rows for which the office refuses a pledge, in its own order."""


# --- Inside -----------------------------------------------------------------------------------------------------------


def _filed_by(case: Case, sha256: str, member_ids: tuple[MemberId, ...]) -> bool:
    return any(case.state.find(DocumentStub, (member_id, sha256)) is not None for member_id in member_ids)


def is_day(text: str) -> bool:
    """Whether this is a day of the calendar."""
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False
