"""Pledges, step by step: requested with its check list, registered, consented to, released or enforced."""

from __future__ import annotations

from custody.accounts import AccountKind
from custody.encumbrances import BurdenKind
from custody.pledges import (
    MAX_CONSENTS,
    STANDING,
    ConsentAct,
    ConsentPledge,
    Encumbrance,
    EncumbranceState,
    EnforcePledge,
    PledgeConsent,
    PledgeConsented,
    PledgeEnforced,
    PledgeRefused,
    PledgeRegistered,
    PledgeRequested,
    RefusePledge,
    RegisterPledge,
    ReleasePledge,
    RequestPledge,
)
from custody.rights import Right
from exchange.core.calendar import local_date
from exchange.core.ids import (
    DocumentId,
    EncumbranceId,
    InstrumentId,
    ListingId,
    MemberId,
    make_id,
    to_wire,
)
from exchange.core.instruments import AssetKind
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import UserRight
from exchange.core.postings import Movement
from exchange.core.rejections import RejectCode
from exchange.core.units import Minor, PriceTicks, Units
from exchange.engine.access import refuse_account
from exchange.engine.burdens import refuse_burdened
from exchange.engine.deal_cases import FOLLOWERS
from exchange.engine.deal_checks import refuse_stopped
from exchange.engine.documents import refuse_documents
from exchange.engine.encumbrances import (
    BURDENED_KINDS,
    concerned,
    end,
    entry_of,
    open_entry,
    pledges_on,
    put,
)
from exchange.engine.listings import end_listing
from exchange.engine.mirrors import refuse_external
from exchange.engine.pledge_checks import answers, case_of, is_day, refuse_beside, refuse_failed
from exchange.engine.pledge_sales import follow_deal
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell
from matching.listing import ListingState
from matching.listing_messages import Listing, ListingMethod, ListingProposed
from matching.messages import Market
from matching.sale_messages import Lot

# --- Request and registration -----------------------------------------------------------------------------------------


def request_pledge(state: ExchangeState, header: Header, command: RequestPledge) -> list[Event]:
    """Ask for a registration; every row of the check list must pass."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    draft = _draft(state, header, command)
    if isinstance(draft, Rejected):
        return [draft]
    if (refusal := _refuse_now(state, draft)) is not None:
        return [refusal]
    rows = answers(case_of(state, header, draft))
    if (refusal := refuse_failed(rows)) is not None:
        return [refusal]

    state.change()
    requested = put(state, draft, checks=rows)
    return [PledgeRequested(encumbrance=requested, movement=_tell(state, header, requested))]


def register_pledge(state: ExchangeState, header: Header, command: RegisterPledge) -> list[Event]:
    """The office registered it: the pledge arises, behind those that stand already."""
    pledge = open_entry(state, command.encumbrance_id, BurdenKind.PLEDGE)
    if isinstance(pledge, Rejected):
        return [pledge]
    if pledge.state is not EncumbranceState.REQUESTED:
        return [Rejected(code=RejectCode.PLEDGE_STATE, detail=pledge.state)]
    asked = local_date(pledge.opened_at_ns, VENUE_TIME_ZONE).isoformat()
    today = local_date(header.at_ns, VENUE_TIME_ZONE).isoformat()
    if not is_day(command.registered_on) or not asked <= command.registered_on <= today:
        return [_invalid(f"registered_on {command.registered_on} is not between {asked} and {today}")]
    for account_id in concerned(pledge):
        if (refusal := refuse_stopped(state, account_id)) is not None:
            return [refusal]
    if (refusal := _refuse_now(state, pledge)) is not None:
        return [refusal]
    rows = answers(case_of(state, header, pledge))
    if (refusal := refuse_failed(rows)) is not None:
        return [refusal]

    state.change()
    whole = _is_whole(state, pledge)
    earlier = pledges_on(state, pledge.asset_id, None if whole else pledge.block)
    held = 0 if whole or earlier else pledge.units
    registered = put(
        state,
        pledge,
        state=EncumbranceState.REGISTERED,
        rank=len(earlier) + 1,
        held_units=Units(held),
        checks=rows,
        reference=command.office_reference,
        effective_date=command.registered_on,
        decided_by=header.principal,
        decided_at_ns=header.at_ns,
    )
    holds = [(pledge.account_id, pledge.asset_id, int(held))] if held else []
    movement = move_and_tell(state, header, concerned(registered), holds=holds)
    return [PledgeRegistered(encumbrance=registered, movement=movement)]


def refuse_pledge(state: ExchangeState, header: Header, command: RefusePledge) -> list[Event]:
    """The office refused, or nobody pursues the request: no pledge arose."""
    pledge = open_entry(state, command.encumbrance_id, BurdenKind.PLEDGE)
    if isinstance(pledge, Rejected):
        return [pledge]
    if pledge.state is not EncumbranceState.REQUESTED:
        return [Rejected(code=RejectCode.PLEDGE_STATE, detail=pledge.state)]

    state.change()
    refused = put(state, pledge, state=EncumbranceState.REFUSED, reason=command.reason, **_decided(header))
    return [PledgeRefused(encumbrance=refused, movement=_tell(state, header, refused))]


# --- While it stands --------------------------------------------------------------------------------------------------


def consent_pledge(state: ExchangeState, header: Header, command: ConsentPledge) -> list[Event]:
    """The pledgee lets the owner do one thing with what is pledged."""
    pledge = _own_pledge(state, header, command.encumbrance_id)
    if isinstance(pledge, Rejected):
        return [pledge]
    if pledge.state is not EncumbranceState.REGISTERED:
        return [Rejected(code=RejectCode.PLEDGE_STATE, detail=pledge.state)]
    if command.member_id is not None and command.member_id not in state.members:
        return [Rejected(code=RejectCode.MEMBER_UNKNOWN)]
    if (problem := _consent_problem(pledge, command)) != "":
        return [_invalid(problem)]
    pledgee_id = state.accounts[pledge.pledgee_account_id].member_id
    if (refusal := refuse_documents(state, pledgee_id, (command.document_sha256,))) is not None:
        return [refusal]

    state.change()
    consent = PledgeConsent(
        act=command.act,
        member_id=command.member_id or MemberId(0),
        least_minor=command.least_minor,
        proceeds=command.proceeds,
        document_sha256=command.document_sha256,
        given_by=header.principal,
        given_at_ns=header.at_ns,
    )
    claimed = command.claimed_minor or pledge.claimed_minor
    given = put(state, pledge, consents=(*pledge.consents, consent), claimed_minor=claimed)
    return [PledgeConsented(encumbrance=given, movement=_tell(state, header, given))]


def release_pledge(state: ExchangeState, header: Header, command: ReleasePledge) -> list[Event]:
    """The pledgee gives its pledge up; the listing it asked for ends with it."""
    pledge = _own_pledge(state, header, command.encumbrance_id)
    if isinstance(pledge, Rejected):
        return [pledge]
    if pledge.state not in (*STANDING, EncumbranceState.DEPOSITED):
        return [Rejected(code=RejectCode.PLEDGE_STATE, detail=pledge.state)]
    enforcing = pledge.state is EncumbranceState.ENFORCING
    if enforcing and (lot := state.find(Lot, pledge.asset_id)) is not None:
        return [Rejected(code=RejectCode.SALE_STATE, detail=f"{to_wire('LT', lot.lot_id)} is {lot.state}")]

    state.change()
    events: list[Event] = [
        end(
            state,
            header,
            pledge,
            state=EncumbranceState.RELEASED,
            reason=command.reason,
            deposit_minor=Minor(0),
            **_decided(header),
        )
    ]
    listing = state.table(Listing).get(pledge.listing_id) if enforcing else None
    if listing is not None:
        to = ListingState.REJECTED if listing.state is ListingState.DRAFT else None
        events.extend(end_listing(state, header, listing, f"{entry_of(pledge)} was released", to))
    return events


# --- Enforcement ------------------------------------------------------------------------------------------------------


def enforce_pledge(state: ExchangeState, header: Header, command: EnforcePledge) -> list[Event]:
    """Put a pledged right up for public sale; after a listing that was rejected or ended, once more."""
    pledge = _own_pledge(state, header, command.encumbrance_id)
    if isinstance(pledge, Rejected):
        return [pledge]
    if pledge.state not in STANDING:
        return [Rejected(code=RejectCode.PLEDGE_STATE, detail=pledge.state)]
    if not _is_whole(state, pledge):
        return [Rejected(code=RejectCode.PLEDGE_NOT_SUPPORTED, detail="units of shares and notes have no auction here")]
    pledges = pledges_on(state, pledge.asset_id)
    if (refusal := refuse_burdened(state, pledge.asset_id, besides=tuple(map(entry_of, pledges)))) is not None:
        return [refusal]
    for other in pledges:
        if other.state is EncumbranceState.ENFORCING and other.encumbrance_id != pledge.encumbrance_id:
            return [Rejected(code=RejectCode.PLEDGE_STATE, detail=f"{entry_of(other)} is {other.state}")]
    if (refusal := refuse_beside(state, pledge.asset_id)) is not None:
        return [refusal]
    market = state.table(Market).get(command.market_id)
    if market is None:
        return [Rejected(code=RejectCode.MARKET_UNKNOWN)]
    if any(other.money_asset_id != market.money_asset_id for other in pledges):
        return [Rejected(code=RejectCode.CURRENCY_MISMATCH, detail=f"the market pays in {market.currency}")]
    if command.claimed_minor > pledge.secured_minor:
        return [_invalid(f"claimed_minor={command.claimed_minor}, secured {pledge.secured_minor}")]
    pledgee_id = state.accounts[pledge.pledgee_account_id].member_id
    if (refusal := refuse_documents(state, pledgee_id, command.evidence)) is not None:
        return [refusal]
    owner_id = state.accounts[pledge.account_id].member_id
    if (refusal := refuse_documents(state, owner_id, (command.disclosure_sha256,))) is not None:
        return [refusal]

    state.change()
    listing = _listing(state, header, pledge, command)
    state.put(listing)
    enforcing = put(
        state,
        pledge,
        state=EncumbranceState.ENFORCING,
        claimed_minor=command.claimed_minor,
        listing_id=listing.listing_id,
        documents=(*pledge.documents, *command.evidence),
    )
    movement = move_and_tell(state, header, dict.fromkeys(each for other in pledges for each in concerned(other)))
    return [PledgeEnforced(encumbrance=enforcing, movement=movement), ListingProposed(listing=listing)]


FOLLOWERS.append(follow_deal)

# --- Inside -----------------------------------------------------------------------------------------------------------


def _draft(state: ExchangeState, header: Header, command: RequestPledge) -> Encumbrance | Rejected:
    """The pledge as it would stand, or what of its terms makes none."""
    pledgee = state.accounts.get(command.pledgee_account_id)
    if pledgee is None or pledgee.kind is not AccountKind.CLIENT:
        return Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail="pledgee_account_id")
    asset, money = state.assets.get(command.asset_id), state.assets.get(command.money_asset_id)
    if asset is None or asset.kind not in BURDENED_KINDS:
        return Rejected(code=RejectCode.ASSET_UNKNOWN, detail="asset_id")
    if (refusal := refuse_external(state, command.asset_id, "pledge")) is not None:
        return refusal
    if money is None or money.kind is not AssetKind.MONEY:
        return Rejected(code=RejectCode.ASSET_UNKNOWN, detail="money_asset_id")
    whole = asset.kind is AssetKind.RIGHT
    if whole and (command.units is not None or command.behind_id is not None):
        return _invalid("a right in custody is pledged whole; later pledges of it rank by themselves")
    if not whole and command.units is None:
        return _invalid("units of a share or note are named")
    if not (is_day(command.debt_from) and is_day(command.debt_until)):
        return _invalid("debt_from and debt_until are days")
    behind = EncumbranceId(0)
    if command.behind_id is not None:
        earlier = state.table(Encumbrance).get(command.behind_id)
        same = (command.account_id, command.asset_id, command.units)
        if earlier is None or (earlier.account_id, earlier.asset_id, earlier.units) != same:
            return _invalid("behind_id is a pledge of the same units of this account")
        if earlier.state not in STANDING:
            return _invalid(f"{entry_of(earlier)} is {earlier.state}")
        behind = earlier.block
    return Encumbrance(
        encumbrance_id=EncumbranceId(make_id(header.sequence)),
        kind=BurdenKind.PLEDGE,
        state=EncumbranceState.REQUESTED,
        asset_id=command.asset_id,
        account_id=command.account_id,
        units=command.units or asset.total_units,
        behind_id=behind,
        pledgee_account_id=command.pledgee_account_id,
        money_asset_id=command.money_asset_id,
        secured_minor=command.secured_minor,
        claimed_minor=command.secured_minor,
        debt_from=command.debt_from,
        debt_until=command.debt_until,
        contract_sha256=command.contract_sha256,
        documents=command.documents,
        annuity_receipt_sha256=command.annuity_receipt_sha256 or "",
        twin_filing=command.twin_filing or "",
        invalidation=command.invalidation or "",
        opened_by=header.principal,
        opened_at_ns=header.at_ns,
    )


def _refuse_now(state: ExchangeState, pledge: Encumbrance) -> Rejected | None:
    """Whether the whole right is in the middle of something else."""
    return refuse_beside(state, pledge.asset_id) if _is_whole(state, pledge) else None


def _own_pledge(state: ExchangeState, header: Header, encumbrance_id: EncumbranceId) -> Encumbrance | Rejected:
    """The pledge, if the principal may act for its pledgee.

    Refused: encumbrance.unknown, pledge.not_party, mandate.invalid, account.frozen, member.frozen.
    """
    pledge = open_entry(state, encumbrance_id, BurdenKind.PLEDGE)
    if isinstance(pledge, Rejected):
        return pledge
    worth = pledge.secured_minor
    refusal = refuse_account(state, header, pledge.pledgee_account_id, UserRight.TRADE, value_minor=worth)
    if refusal is not None and refusal.code is RejectCode.ACCOUNT_NOT_YOURS:
        return Rejected(code=RejectCode.PLEDGE_NOT_PARTY)
    return refusal or pledge


def _consent_problem(pledge: Encumbrance, command: ConsentPledge) -> str:
    """What of a consent makes none; empty if nothing."""
    if len(pledge.consents) >= MAX_CONSENTS:
        return f"at most {MAX_CONSENTS} consents"
    if command.act is not ConsentAct.SALE and (command.least_minor or command.claimed_minor):
        return "least_minor and claimed_minor belong to a sale"
    if (command.claimed_minor or 0) > pledge.secured_minor:
        return f"claimed_minor={command.claimed_minor}, secured {pledge.secured_minor}"
    return ""


def _is_whole(state: ExchangeState, pledge: Encumbrance) -> bool:
    return state.assets[pledge.asset_id].kind is AssetKind.RIGHT


def _listing(state: ExchangeState, header: Header, pledge: Encumbrance, command: EnforcePledge) -> Listing:
    """The pledged right under the owner's name, as the pledgee puts it to the market."""
    return Listing(
        listing_id=ListingId(make_id(header.sequence)),
        market_id=command.market_id,
        method=ListingMethod(command.method.value),
        state=ListingState.DRAFT,
        asset_id=state.table(Right)[pledge.asset_id].asset_id,
        account_id=pledge.account_id,
        member_id=state.accounts[pledge.account_id].member_id,
        name=command.name,
        lot_units=0,
        tick_minor=Minor(0),
        band_low_ticks=PriceTicks(0),
        band_high_ticks=PriceTicks(0),
        asking_price_minor=command.asking_price_minor,
        jurisdiction=command.jurisdiction,
        disclosure_sha256=command.disclosure_sha256,
        deed_id=DocumentId(0),
        proposed_by=header.principal,
        proposed_at_ns=header.at_ns,
        instrument_id=InstrumentId(0),
    )


def _decided(header: Header) -> dict[str, object]:
    return {"decided_by": header.principal, "decided_at_ns": header.at_ns}


def _tell(state: ExchangeState, header: Header, pledge: Encumbrance) -> Movement:
    return move_and_tell(state, header, concerned(pledge))


def _invalid(detail: str) -> Rejected:
    return Rejected(code=RejectCode.PLEDGE_TERMS_INVALID, detail=detail)
