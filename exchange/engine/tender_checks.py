"""May these be a tender's terms, and may this evaluator score? Asked before anything happens."""

from __future__ import annotations

from exchange.core.ids import MemberId, SaleId, UserId, to_wire
from exchange.core.membership import Mandate, User
from exchange.core.messages import Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.deal_checks import party
from exchange.engine.order_terms import MAX_ORDER_MINOR
from exchange.engine.sale_cases import bids_of
from exchange.engine.sale_checks import refuse_buyer
from exchange.engine.state import ExchangeState
from matching.consideration import items_problem, promised_minor, uncounted, valued, worth_minor
from matching.listing_messages import Listing, ListingMethod
from matching.lot_messages import BidState
from matching.sale_messages import AnnounceSale, Bidder, Lot, Sale
from matching.tender_messages import Tender
from matching.tenders import PPM, Offer, Points, TenderTerms


def refuse_tender(state: ExchangeState, command: AnnounceSale, listings: list[Listing]) -> Rejected | None:
    """Whether a tender has the terms of one, and nothing else has.

    Refused: sale.terms_invalid, user.unknown.
    Source: 招标投标法 art. 37: an odd number of evaluators, at most a third of them the seller's own.
    """
    terms = command.tender
    if listings[0].method is not ListingMethod.TENDER:
        return _invalid("the terms of a tender are a tender's") if terms is not None else None
    if terms is None:
        return _invalid("a tender has criteria, a panel and a basis")
    if len(listings) > 1:
        return _invalid("a tender is for one right")
    if command.lots[0].reserve_minor:
        return _invalid("what a tender asks at least is start_minor")
    if (problem := _problem(terms)) != "":
        return _invalid(problem)
    own = 0
    for user_id in terms.evaluators:
        user = state.users.get(user_id)
        if user is None or user.suspended:
            return Rejected(code=RejectCode.USER_UNKNOWN, detail=to_wire("U", user_id))
        own += user.member_id == listings[0].member_id
    if 3 * own > len(terms.evaluators):
        return _invalid("at most a third of the panel is the seller's own")
    return None


def _problem(terms: TenderTerms) -> str:
    """What of the criteria or of the panel cannot be."""
    codes = [criterion.code for criterion in terms.criteria]
    known = [milestone.code for milestone in terms.basis.milestones]
    if terms.price_weight_ppm + sum(criterion.weight_ppm for criterion in terms.criteria) != PPM:
        return f"weights of {PPM} together"
    if len(set(codes)) != len(codes):
        return "a criterion's code stands twice"
    if len(set(known)) != len(known):
        return "a milestone's code stands twice"
    if len(set(terms.evaluators)) != len(terms.evaluators) or not len(terms.evaluators) % 2:
        return "an odd number of evaluators, each named once"
    return ""


def _invalid(detail: str) -> Rejected:
    return Rejected(code=RejectCode.SALE_TERMS_INVALID, detail=detail)


# --- Offers -----------------------------------------------------------------------------------------------------------


def void_offer(
    state: ExchangeState, header: Header, sale: Sale, tender: Tender, lot: Lot, who: Bidder, offer: Offer
) -> str:
    """Why an offer counts for nothing; empty if it does.

    It is worth less than is asked, promises what the basis does not speak of or what cannot be, or its bidder could not
    contract for it now.
    """
    if offer.items is not None and (problem := items_problem(offer.items)) != "":
        return problem
    if offer.items is not None and (beside := uncounted(offer.items, tender.basis)) != "":
        return f"nothing is published about {beside}"
    if worth_minor(valued(offer.price_minor, offer.items, tender.basis)) < lot.start_minor:
        return f"worth less than {lot.start_minor}"
    if offer.price_minor + promised_minor(offer.items) > MAX_ORDER_MINOR:
        return f"max_minor={MAX_ORDER_MINOR}"
    refusal = refuse_buyer(state, header, sale, [lot], who.account_id, offer.price_minor)
    return refusal.code.value if refusal is not None else ""


# --- Evaluators -------------------------------------------------------------------------------------------------------


def conflict_of(state: ExchangeState, header: Header, sale_id: SaleId, evaluator_id: UserId) -> str:
    """Which bidder an evaluator is related to: of its member, or acting for it, or the other way round; empty: none.

    Source: 招标投标法 art. 37: who has an interest with a bidder takes no seat in the panel.
    """
    own = state.users[evaluator_id].member_id
    for bid in bids_of(state, sale_id, BidState.STANDING):
        bidder = party(state, bid.account_id).member_id
        if bidder == own or _acts(state, header, own, bidder) or _acts(state, header, bidder, own):
            return f"paddle {bid.paddle}"
    return ""


def _acts(state: ExchangeState, header: Header, agent_id: MemberId, owner_id: MemberId) -> bool:
    """Whether a user of one member holds a mandate on an account of the other."""
    users = state.table(User)
    for mandate in state.table(Mandate).values():
        agent = users.get(mandate.user_id)
        owned = state.accounts[mandate.account_id].member_id == owner_id
        if owned and agent is not None and agent.member_id == agent_id and header.at_ns < mandate.valid_until_ns:
            return True
    return False


def refuse_points(tender: Tender, points: tuple[Points, ...]) -> Rejected | None:
    """Whether every criterion has its points, once, in the criteria's order.

    Refused: tender.points_invalid.
    """
    codes = [criterion.code for criterion in tender.criteria]
    if [one.code for one in points] == codes:
        return None
    return Rejected(code=RejectCode.TENDER_POINTS_INVALID, detail=", ".join(codes))
