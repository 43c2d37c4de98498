"""Does an issue fit its deal, and does what is shown show it? Asked before the line; nothing here changes anything."""

from __future__ import annotations

from dataclasses import dataclass

from custody.accounts import AccountKind
from custody.encumbrances import BurdenKind
from custody.pledges import Encumbrance, EncumbranceState
from exchange.core.ids import (
    AccountId,
    AssetId,
    ClaimId,
    ClosingItemId,
    EncumbranceId,
    IssueId,
    LicenceId,
    PoolAssetId,
    make_id,
    to_wire,
)
from exchange.core.messages import Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import Minor, div_ceil
from exchange.engine.access import acts_for_member
from exchange.engine.issuance import asset_code_taken
from exchange.engine.state import ExchangeState
from matching.licence_messages import Licence, LicenceState
from matching.licences import LicenceKind
from securitization.deal import Deal
from securitization.issue_messages import (
    NEEDED_ROLES,
    ClosingItem,
    ClosingKind,
    ClosingState,
    Issue,
    IssueModel,
    IssueRole,
    NoteClass,
    ProposeIssue,
)
from securitization.messages import Claim
from securitization.pool_records import Pool, PoolAsset

PPM = 1_000_000
WHOSE: dict[ClosingKind, IssueRole] = {
    ClosingKind.TRUE_SALE_OPINION: IssueRole.LAW_FIRM,
    ClosingKind.RATING: IssueRole.RATING_AGENCY,
    ClosingKind.VALUATION: IssueRole.VALUER,
    ClosingKind.AUDIT: IssueRole.AUDITOR,
    ClosingKind.GUARANTEE: IssueRole.GUARANTOR,
    ClosingKind.LOAN_ORIGINATED: IssueRole.SERVICER,
    ClosingKind.LEASE_BACK: IssueRole.SERVICER,
    ClosingKind.PLEDGE_REGISTERED: IssueRole.ARRANGER,
    ClosingKind.FIRST_LICENCE: IssueRole.ARRANGER,
    ClosingKind.RETURN_LICENCE: IssueRole.ARRANGER,
    ClosingKind.FUND_ACCOUNT: IssueRole.TRUSTEE,
}
"""By whose word an item is shown; a sale contract by the claim's own originator."""

OF_MODEL: dict[IssueModel, tuple[ClosingKind, ...]] = {
    IssueModel.RECEIVABLES: (),
    IssueModel.SECOND_LICENCE: (ClosingKind.FIRST_LICENCE, ClosingKind.RETURN_LICENCE),
    IssueModel.PLEDGED_LOANS: (ClosingKind.LOAN_ORIGINATED, ClosingKind.PLEDGE_REGISTERED),
    IssueModel.LEASE_BACK: (ClosingKind.LEASE_BACK,),
}
"""What each claim of a model must show."""

BEFORE_OFFER = (ClosingKind.TRUE_SALE_OPINION, ClosingKind.RATING, ClosingKind.VALUATION, ClosingKind.AUDIT)
"""What an investor must be able to read; the rest is shown before the claims are sold."""


def invalid(detail: str) -> Rejected:
    """The issue does not fit."""
    return Rejected(code=RejectCode.ISSUE_INVALID, detail=detail)


def note_code(name: str, class_name: str) -> str:
    """The code of a class's notes."""
    return f"NOTE:{name}:{class_name}"


def classes_of(state: ExchangeState, command: ProposeIssue, deal: Deal) -> tuple[NoteClass, ...] | Rejected:
    """The classes of the deal as notes, in its order.

    Refused: issue.invalid.
    """
    terms = {each.name: each for each in command.classes}
    names = [tranche.name for tranche in deal.tranches]
    if len(terms) != len(command.classes) or sorted(terms) != sorted(names):
        return invalid(f"classes are those of the deal, each once: {', '.join(names)}")
    classes: list[NoteClass] = []
    for tranche in deal.tranches:
        each = terms[tranche.name]
        notes, rest = divmod(tranche.face_minor, each.note_face_minor)
        if rest or not notes:
            return invalid(f"{each.name}: a face of {tranche.face_minor} is not whole notes of {each.note_face_minor}")
        if asset_code_taken(state, note_code(command.name, each.name)):
            return invalid(f"{note_code(command.name, each.name)} exists")
        classes.append(
            NoteClass(
                name=each.name,
                asset_id=AssetId(0),
                notes=notes,
                note_face_minor=each.note_face_minor,
                face_minor=Minor(tranche.face_minor),
                retained_notes=div_ceil(notes * each.retained_ppm, PPM),
            )
        )
    if all(each.retained_notes == each.notes for each in classes):
        return invalid("no class is left to offer")
    return tuple(classes)


def refuse_parties(state: ExchangeState, command: ProposeIssue, deal: Deal) -> Rejected | None:
    """Whether every role that is needed has one party with its own account, and every payment its payee.

    Refused: issue.invalid.
    """
    roles = [party.role for party in command.parties]
    if len(dict.fromkeys(roles)) != len(roles):
        return invalid("a role stands twice")
    needed = [*NEEDED_ROLES, *([IssueRole.GUARANTOR] if deal.supports else [])]
    needed += [IssueRole.RATING_AGENCY] if any(each.rated for each in command.classes) else []
    if missing := [role for role in needed if role not in roles]:
        return invalid(f"nobody is {', '.join(missing)}")
    for party in command.parties:
        account = state.accounts.get(party.account_id)
        if account is None or account.kind is not AccountKind.CLIENT or account.member_id != party.member_id:
            return invalid(f"the {party.role}'s account is not its own")
    of = {party.role: party.member_id for party in command.parties}
    for one, other in ((IssueRole.ISSUER, IssueRole.TRUSTEE), (IssueRole.ORIGINATOR, IssueRole.LAW_FIRM)):
        if of[one] == of[other]:
            return invalid(f"{one} and {other} are the same member")
    named = [payee.name for payee in command.payees]
    paid = (
        [fee.name for fee in deal.fees] + [hedge.name for hedge in deal.hedges] + [each.name for each in deal.supports]
    )
    if sorted(named) != sorted(paid):
        return invalid(f"payees name each fee, hedge and support once: {', '.join(paid)}")
    for role in (*(payee.role for payee in command.payees), *(fee.role for fee in command.closing_fees)):
        if role not in roles:
            return invalid(f"nobody is {role}")
    if sum(fee.rate_ppm for fee in command.closing_fees) > PPM:
        return invalid("closing fees take more than is raised")
    return None


def claims_of(state: ExchangeState, command: ProposeIssue, deal: Deal, money_asset_id: int) -> list[Claim] | Rejected:
    """The claims that are sold, if they are the pool the deal speaks of.

    Refused: claim.unknown, claim.not_eligible, issue.invalid.
    """
    claims: list[Claim] = []
    last = deal.periods[-1].end
    for claim_id in command.claims:
        claim = state.table(Claim).get(claim_id)
        if claim is None:
            return Rejected(code=RejectCode.CLAIM_UNKNOWN, detail=to_wire("C", claim_id))
        problem = ""
        if claim.status != "registered":
            problem = f"is {claim.status}"
        elif claim.money_asset_id != money_asset_id:
            problem = "is in another money"
        elif claim.due_date > last:
            problem = f"is due {claim.due_date}, after the last period ends on {last}"
        if problem:
            return Rejected(code=RejectCode.CLAIM_NOT_ELIGIBLE, detail=f"{to_wire('C', claim_id)} {problem}")
        claims.append(claim)
    if len(dict.fromkeys(command.claims)) != len(claims):
        return invalid("a claim stands twice")
    total, pool = sum(claim.amount_minor for claim in claims), deal.pool.initial_balance_minor
    if total != pool:
        return invalid(f"the claims come to {total}, the deal's pool to {pool}")
    return claims


def checklist(header: Header, command: ProposeIssue, deal: Deal, pooled: tuple[PoolAssetId, ...]) -> list[ClosingItem]:
    """What must be shown: for the issue, for its rated classes, for each claim or asset of the pool."""
    roles = [party.role for party in command.parties]
    wanted: list[tuple[ClosingKind, int, int, str]] = [(ClosingKind.TRUE_SALE_OPINION, 0, 0, "")]
    wanted += [(ClosingKind.RATING, 0, 0, each.name) for each in command.classes if each.rated]
    for kind in (ClosingKind.VALUATION, ClosingKind.AUDIT):
        wanted += [(kind, 0, 0, "")] if WHOSE[kind] in roles else []
    wanted += [(ClosingKind.GUARANTEE, 0, 0, support.name) for support in deal.supports]
    wanted.append((ClosingKind.FUND_ACCOUNT, 0, 0, ""))
    of_each = (ClosingKind.SALE_CONTRACT, *OF_MODEL[command.model])
    wanted += [(kind, claim_id, 0, "") for claim_id in command.claims for kind in of_each]
    wanted += [(kind, 0, asset_id, "") for asset_id in pooled for kind in of_each]
    return [
        ClosingItem(
            closing_item_id=ClosingItemId(make_id(header.sequence, place)),
            issue_id=IssueId(make_id(header.sequence)),
            kind=kind,
            state=ClosingState.OPEN,
            claim_id=ClaimId(claim_id),
            subject=subject,
            pool_asset_id=PoolAssetId(asset_id),
        )
        for place, (kind, claim_id, asset_id, subject) in enumerate(wanted)
    ]


def items_of(state: ExchangeState, issue: Issue) -> list[ClosingItem]:
    """An issue's checklist, in its order."""
    return [item for _, item in sorted(state.table(ClosingItem).items()) if item.issue_id == issue.issue_id]


def refuse_open_items(
    state: ExchangeState, issue: Issue, kinds: tuple[ClosingKind, ...] | None = None
) -> Rejected | None:
    """Whether an item is not shown, or no longer holds; of some kinds, or of all.

    Refused: closing.open_items, with the first.
    """
    for item in items_of(state, issue):
        if kinds is not None and item.kind not in kinds:
            continue
        problem = "is open" if item.state is ClosingState.OPEN else not_shown(state, item, item.reference_id)
        if problem:
            wire = to_wire("CK", item.closing_item_id)
            return Rejected(code=RejectCode.CLOSING_OPEN_ITEMS, detail=f"{wire} {item.kind}: {problem}")
    return None


def refuse_not_party(state: ExchangeState, header: Header, issue: Issue, item: ClosingItem) -> Rejected | None:
    """Whether the item is somebody else's to show.

    Refused: closing.not_party.
    """
    if item.kind is ClosingKind.SALE_CONTRACT:
        sold = _sold(state, item)
        ensure(sold is not None, "a sale contract is about something that is sold")
        account_id = sold.originator_account_id if sold is not None else AccountId(0)
        member_id, whose = state.accounts[account_id].member_id, "its originator"
    else:
        party = issue.party(WHOSE[item.kind])
        if party is None:
            return Rejected(code=RejectCode.CLOSING_NOT_PARTY, detail=WHOSE[item.kind])
        member_id, whose = party.member_id, WHOSE[item.kind].value
    if acts_for_member(state, header, member_id, UserRight.TRADE):
        return None
    return Rejected(code=RejectCode.CLOSING_NOT_PARTY, detail=f"{item.kind} is the word of {whose}")


def not_shown(state: ExchangeState, item: ClosingItem, reference_id: int) -> str:
    """Why a pledge or licence does not show the item as of now; empty if it does, or if documents show it."""
    sold = _sold(state, item)
    if sold is None:
        return ""
    match item.kind:
        case ClosingKind.PLEDGE_REGISTERED:
            return _no_pledge(state, sold, reference_id)
        case ClosingKind.FIRST_LICENCE:
            return _no_licence(state, sold, reference_id)
        case _:
            return ""


@dataclass(frozen=True, slots=True)
class _Sold:
    """What is asked of a claim, or of an asset of the pool. Units: `secured_minor` is what its pledge must secure."""

    originator_account_id: AccountId
    debtor_account_id: AccountId
    right_asset_id: AssetId
    money_asset_id: AssetId
    secured_minor: int
    encumbrance_id: int = 0


def _sold(state: ExchangeState, item: ClosingItem) -> _Sold | None:
    """What an item is about, if it is about something that is sold; one pledge secures all assets that name it."""
    if (claim := state.table(Claim).get(item.claim_id)) is not None:
        return _Sold(
            originator_account_id=claim.originator_account_id,
            debtor_account_id=claim.debtor_account_id,
            right_asset_id=claim.right_asset_id,
            money_asset_id=claim.money_asset_id,
            secured_minor=claim.amount_minor,
        )
    asset = state.table(PoolAsset).get(item.pool_asset_id)
    if asset is None:
        return None
    pool = state.table(Pool)[asset.pool_id]
    beside = [state.table(PoolAsset)[each] for each in pool.assets]
    return _Sold(
        originator_account_id=asset.originator_account_id,
        debtor_account_id=asset.debtor_account_id,
        right_asset_id=asset.right_asset_id,
        money_asset_id=pool.money_asset_id,
        secured_minor=sum(each.balance_minor for each in beside if each.encumbrance_id == asset.encumbrance_id),
        encumbrance_id=asset.encumbrance_id,
    )


def _no_pledge(state: ExchangeState, sold: _Sold, reference_id: int) -> str:
    """The lender's pledge of the right behind its claim, for at least the claim, registered before the sale."""
    if sold.encumbrance_id and reference_id != sold.encumbrance_id:
        return f"it is secured by {to_wire('EN', sold.encumbrance_id)}"
    pledge = state.table(Encumbrance).get(EncumbranceId(reference_id))
    if pledge is None or pledge.kind is not BurdenKind.PLEDGE or pledge.state is not EncumbranceState.REGISTERED:
        return "no registered pledge"
    if pledge.asset_id != sold.right_asset_id:
        return "a pledge of another right"
    if pledge.pledgee_account_id != sold.originator_account_id:
        return "another's pledge"
    if pledge.money_asset_id != sold.money_asset_id or pledge.secured_minor < sold.secured_minor:
        return f"secures {pledge.secured_minor} of {sold.secured_minor}"
    return ""


def _no_licence(state: ExchangeState, sold: _Sold, reference_id: int) -> str:
    """The first leg of the second-licence model: the debtor's exclusive licence to the originator, in force."""
    licence = state.table(Licence).get(LicenceId(reference_id))
    if licence is None or licence.state is not LicenceState.IN_FORCE or licence.asset_id != sold.right_asset_id:
        return "no licence of the right in force"
    if licence.kind is not LicenceKind.EXCLUSIVE or not licence.sublicence:
        return "not exclusive with the right to license back"
    if licence.licensee_account_id != sold.originator_account_id:
        return "another's licence"
    if licence.licensor_account_id != sold.debtor_account_id:
        return "not from the debtor"
    return ""
