"""Agreements about rights and blocks: proposed, accepted, or stepped back from before there is a contract.

What follows is in deal_publicity, deal_contracts and deal_completion; what all of them use, in deal_cases.
"""

from __future__ import annotations

from custody.accounts import AccountKind
from custody.pilot import Pilot, PilotState
from custody.rights import Right
from exchange.core.ids import DealId, make_id, to_wire
from exchange.core.instruments import AssetKind, Settlement, Side, TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.parties import SellerClass, UserRight
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor
from exchange.engine.access import refuse_account
from exchange.engine.blocks import BLOCKS, refuse_draft
from exchange.engine.deal_cases import end_deal, follow, move_deal, put_deal, refuse_party, terms_of, with_fees
from exchange.engine.deal_checks import (
    awaits_office,
    days_of_publicity,
    deal_fees,
    overlay_of_deal,
    party,
    refuse_deal,
    refuse_knowing,
    rules_of_deal,
    with_burdens,
)
from exchange.engine.deal_contracts import start_long_stop
from exchange.engine.deal_publicity import publicity, publicity_until, start_clock
from exchange.engine.documents import refuse_documents
from exchange.engine.mirrors import refuse_external
from exchange.engine.order_terms import MAX_ORDER_MINOR
from exchange.engine.rules import profile_of
from exchange.engine.sale_deals import (
    refuse_beside_sale,
    refuse_step_back,
)
from exchange.engine.state import ExchangeState
from matching.consideration import Items, items_problem, promised_minor
from matching.deals import (
    OPEN,
    AcceptDeal,
    Consideration,
    Deal,
    DealAccepted,
    DealProposed,
    DealState,
    ProposeDeal,
    WithdrawDeal,
    terms_hash,
)
from matching.messages import Market


def propose_deal(state: ExchangeState, header: Header, command: ProposeDeal) -> list[Event]:
    """Offer a right to a buyer, under terms whose hash the buyer will name."""
    seller_id = command.seller_account_id
    if (
        refusal := refuse_account(state, header, seller_id, UserRight.TRADE, value_minor=command.price_minor)
    ) is not None:
        return [refusal]
    draft = _draft(state, header, command)
    if isinstance(draft, Rejected):
        return [draft]
    if (refusal := refuse_deal(state, header, draft) or refuse_knowing(state, header, draft, Side.SELL)) is not None:
        return [refusal]
    if (refusal := refuse_beside_sale(state, draft)) is not None:
        return [refusal]
    market = state.table(Market)[draft.market_id]
    fees = deal_fees(state, market, draft.fee_version, draft.price_minor)
    if fees is None:
        return [Rejected(code=RejectCode.FEE_SCHEDULE_UNKNOWN, detail=f"{market.fee_schedule} does not price it")]
    if draft.price_minor + fees[0] + promised_minor(draft.items) > MAX_ORDER_MINOR:
        return [Rejected(code=RejectCode.LIMIT_EXCEEDED, detail=f"max_minor={MAX_ORDER_MINOR}")]
    seller = party(state, seller_id)
    if (refusal := refuse_documents(state, seller.member_id, (command.contract_sha256,))) is not None:
        return [refusal]
    profile = profile_of(state, market)
    bound = overlay_of_deal(state, header, profile, draft)
    if isinstance(bound, Rejected):
        return [bound]

    state.change()
    priced = with_fees(with_burdens(state, draft), *fees)
    terms = terms_of(market, priced)
    deal = put_deal(
        state,
        priced,
        overlays_version=bound[0].version if bound is not None else 0,
        publicity_days=days_of_publicity(bound),
        terms_sha256=terms_hash(terms),
    )
    holds = [(seller_id, deal.asset_id, int(deal.units))] if deal.block else []
    told = move_deal(state, header, deal, holds=holds)
    proposed = DealProposed(deal=deal, terms=terms, rules=rules_of_deal(profile, bound), movement=told)
    return [proposed, *start_long_stop(state, header, deal), *follow(state, header, deal)]


def accept_deal(state: ExchangeState, header: Header, command: AcceptDeal) -> list[Event]:
    """The buyer takes the terms; where publicity is asked its clock starts, else the contract may be signed."""
    deal = state.table(Deal).get(command.deal_id)
    if deal is None:
        return [Rejected(code=RejectCode.DEAL_UNKNOWN)]
    if (refusal := refuse_party(state, header, deal, Side.BUY)) is not None:
        return [refusal]
    if deal.state is not DealState.PROPOSED:
        return [Rejected(code=RejectCode.DEAL_STATE, detail=deal.state)]
    if command.terms_sha256 != deal.terms_sha256:
        return [Rejected(code=RejectCode.DEAL_TERMS_CHANGED, detail=f"terms_sha256={deal.terms_sha256}")]
    if (refusal := refuse_deal(state, header, deal) or refuse_knowing(state, header, deal, Side.BUY)) is not None:
        return [refusal]
    until = publicity_until(state, header, deal)
    if isinstance(until, Rejected):
        return [until]

    state.change()
    accepted = put_deal(
        state, deal, accepted_by=header.principal, accepted_at_ns=header.at_ns, **publicity(state, header, deal, until)
    )
    event = DealAccepted(deal=accepted, movement=move_deal(state, header, accepted))
    return [event, *start_clock(state, header, accepted), *follow(state, header, accepted)]


def withdraw_deal(state: ExchangeState, header: Header, command: WithdrawDeal) -> list[Event]:
    """Either party steps back before there is a contract."""
    deal = state.table(Deal).get(command.deal_id)
    if deal is None:
        return [Rejected(code=RejectCode.DEAL_UNKNOWN)]
    refusals = [refuse_party(state, header, deal, side, frozen_too=True) for side in Side]
    if None not in refusals:
        return [Rejected(code=RejectCode.DEAL_NOT_PARTY)]
    if deal.state not in OPEN:
        return [Rejected(code=RejectCode.DEAL_STATE, detail=deal.state)]
    bound = [refuse_step_back(state, deal, side) for side, refused in zip(Side, refusals, strict=True) if not refused]
    if bound[0] is not None:
        return [bound[0]]

    state.change()
    return end_deal(state, header, deal, DealState.WITHDRAWN, command.reason)


# --- Inside -----------------------------------------------------------------------------------------------------------


def _draft(state: ExchangeState, header: Header, command: ProposeDeal) -> Deal | Rejected:
    """The deal as it would stand, its fees and publicity still open, or what of its terms makes no deal."""
    buyer_account = state.accounts.get(command.buyer_account_id)
    if buyer_account is None or buyer_account.kind is not AccountKind.CLIENT:
        return Rejected(code=RejectCode.ACCOUNT_UNKNOWN, detail="buyer_account_id")
    market = state.table(Market).get(command.market_id)
    if market is None:
        return Rejected(code=RejectCode.MARKET_UNKNOWN)
    if (refusal := refuse_external(state, command.asset_id, "deal")) is not None:
        return refusal
    asset = state.assets.get(command.asset_id)
    if asset is None or asset.kind not in (AssetKind.RIGHT, *BLOCKS):
        return Rejected(code=RejectCode.ASSET_UNKNOWN, detail="a deal is about a right in custody, shares or notes")
    if (refusal := _refuse_items(command)) is not None:
        return refusal
    if command.units is not None and command.units > asset.total_units:
        return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail=f"{asset.code} has {asset.total_units} units")
    if buyer_account.member_id == state.accounts[command.seller_account_id].member_id:
        return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail="buyer and seller are one member")
    shape = refuse_draft(state, command) if asset.kind in BLOCKS else _refuse_beside(state, command)
    if shape is not None:
        return shape
    buyer = party(state, command.buyer_account_id)
    awaits = asset.kind is AssetKind.RIGHT and awaits_office(
        state.table(Right)[command.asset_id], command.wait_for_recordal
    )
    return Deal(
        deal_id=DealId(make_id(header.sequence)),
        market_id=command.market_id,
        asset_id=command.asset_id,
        units=command.units or asset.total_units,
        seller_account_id=command.seller_account_id,
        buyer_account_id=command.buyer_account_id,
        price_minor=command.price_minor,
        buyer_fee_minor=Minor(0),
        seller_fee_minor=Minor(0),
        fee_version=state.version_in_force(PublishedKind.FEE_SCHEDULE, market.fee_schedule, header.at_ns),
        jurisdiction=command.jurisdiction,
        overlays_version=0,
        publicity_days=0,
        related_party=command.related_party or buyer.seller_class is SellerClass.INVENTOR,
        wait_for_recordal=command.wait_for_recordal,
        settlement=Settlement.RECORDAL if awaits else Settlement.BOOK_ENTRY,
        contract_sha256=command.contract_sha256,
        terms_sha256="",
        state=DealState.PROPOSED,
        proposed_by=header.principal,
        proposed_at_ns=header.at_ns,
        items=command.items,
        asset_kind=asset.kind,
    )


def _refuse_beside(state: ExchangeState, command: ProposeDeal) -> Rejected | None:
    """Whether a right is asked to wait for an office it has not, or something else runs about it.

    Refused: deal.terms_invalid, deal.state, pilot.state.
    """
    right = state.table(Right)[command.asset_id]
    if command.wait_for_recordal and right.title_regime is TitleRegime.CONTRACT_REGISTER:
        return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail="no office records this right")
    if (other := state.find(Deal, command.asset_id)) is not None:
        return Rejected(code=RejectCode.DEAL_STATE, detail=f"{to_wire('D', other.deal_id)} is {other.state}")
    pilot = state.find(Pilot, right.outcome_id) if right.outcome_id else None
    if pilot is not None and pilot.state is not PilotState.COMPLETED:
        return Rejected(code=RejectCode.PILOT_STATE, detail=f"{to_wire('J', pilot.pilot_id)} is {pilot.state}")
    return None


def _refuse_items(command: ProposeDeal) -> Rejected | None:
    """Whether what is paid beside cash is no sound contract, or not what its kinds say.

    Refused: deal.consideration_not_supported, deal.terms_invalid.
    """
    has = kinds_of(command.items)
    without = [kind.value for kind in command.consideration if kind not in has]
    if without or not command.consideration:
        detail = f"no items of {', '.join(without)}" if without else "no consideration"
        return Rejected(code=RejectCode.DEAL_CONSIDERATION_NOT_SUPPORTED, detail=detail)
    problem = items_problem(command.items) if command.items is not None else ""
    return Rejected(code=RejectCode.DEAL_TERMS_INVALID, detail=problem) if problem else None


def kinds_of(items: Items | None) -> tuple[Consideration, ...]:
    """What a right is paid in: cash at signing, and the kinds of its items."""
    if items is None:
        return (Consideration.CASH,)
    named = (
        (Consideration.INSTALMENTS, bool(items.instalments)),
        (Consideration.MILESTONE, bool(items.milestones)),
        (Consideration.ROYALTY, items.royalty is not None),
        (Consideration.EQUITY, items.equity is not None),
    )
    return (Consideration.CASH, *(kind for kind, there in named if there))
