"""The tender's own steps: offers revealed, opened together, scored by the panel, ranked. The award is the sale's.

What is not decided in time is decided without those who did not score; with half of the panel gone there is no award.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from exchange.core.ids import BidId, SaleId, ScoreId, UserId, make_id, to_wire
from exchange.core.messages import Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import NS_PER_DAY, Minor, TimeNs
from exchange.engine import timers
from exchange.engine.access import refuse_account
from exchange.engine.sale_awards import award
from exchange.engine.sale_cases import bidders_of, bids_of, lots_of, put_bid, put_lot, put_sale, tell
from exchange.engine.sale_ends import close_if_over, fail_lots, offers_of, scores_of
from exchange.engine.sale_talks import talk_or_fail
from exchange.engine.state import ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.engine.tender_checks import conflict_of, refuse_points, void_offer
from matching.consideration import valued, worth_minor
from matching.lot_messages import BidState, LotBid
from matching.sale_messages import Bidder, LotState, Sale, SaleState
from matching.tender_messages import (
    EvaluatorLeft,
    LeavePanel,
    OfferRevealed,
    OfferScored,
    OffersOpened,
    OffersRanked,
    Panel,
    RevealOffer,
    ScoreOffer,
    Tender,
    TenderOffer,
    TenderScore,
)
from matching.tenders import Graded, offer_commitment, ranking

# --- Offers -----------------------------------------------------------------------------------------------------------


def reveal_offer(state: ExchangeState, header: Header, command: RevealOffer) -> list[Event]:
    """Open a commitment; what is no offer of this tender counts as revealed, and for nothing."""
    bid = state.table(LotBid).get(command.bid_id)
    if bid is None:
        return [Rejected(code=RejectCode.BID_UNKNOWN)]
    price_minor = command.offer.price_minor
    if (refusal := refuse_account(state, header, bid.account_id, UserRight.TRADE, value_minor=price_minor)) is not None:
        return [refusal]
    sale = state.table(Sale)[bid.sale_id]
    tender = state.table(Tender).get(sale.sale_id)
    if sale.state is not SaleState.REVEALING or tender is None:
        return [Rejected(code=RejectCode.SALE_STATE, detail=f"{sale.method}, {sale.state}")]
    if bid.state is not BidState.COMMITTED:
        return [Rejected(code=RejectCode.BID_STATE, detail=bid.state)]
    [lot] = lots_of(state, sale)
    bidder = state.table(Bidder)[bid.bidder_id]
    opened = offer_commitment(to_wire("BR", bid.bidder_id), to_wire("LT", lot.lot_id), command.offer, command.nonce)
    if opened != bid.commitment_sha256:
        return [Rejected(code=RejectCode.BID_COMMITMENT_MISMATCH)]

    state.change()
    void = void_offer(state, header, sale, tender, lot, bidder, command.offer)
    revealed = put_bid(
        state,
        bid,
        state=BidState.VOID if void else BidState.STANDING,
        lot_ids=(lot.lot_id,),
        price_minor=price_minor,
        over=bool(void),
    )
    rows = valued(price_minor, command.offer.items, tender.basis)
    offer = TenderOffer(
        bid_id=bid.bid_id,
        sale_id=sale.sale_id,
        bidder_id=bid.bidder_id,
        account_id=bid.account_id,
        price_minor=price_minor,
        items=command.offer.items,
        papers=command.offer.papers,
        rows=rows,
        worth_minor=Minor(worth_minor(rows)),
        over=bool(void),
    )
    state.put(offer)
    return [OfferRevealed(bid=revealed, offer=offer, movement=move_and_tell(state, header, (bid.account_id,)))]


def open_offers(state: ExchangeState, header: Header, sale: Sale) -> list[Event]:
    """Revealing is over: with several offers the panel begins, one alone may be agreed with. Call after the line."""
    bids = bids_of(state, sale.sale_id, BidState.STANDING)
    lots = lots_of(state, sale)
    if len(bids) < 2:
        alone = state.table(Bidder)[bids[0].bidder_id] if bids else None
        return talk_or_fail(state, header, sale, lots, alone, "one offer" if bids else "no valid offer")
    tender, panel = state.table(Tender)[sale.sale_id], state.table(Panel)[sale.sale_id]
    related = [one for one in panel.sitting if conflict_of(state, header, sale.sale_id, one)]
    panel = msgspec.structs.replace(panel, out=(*panel.out, *related))
    state.put(panel)
    if not panel.quorate:
        failed = fail_lots(state, header, sale, lots, "the panel has no quorum", counted=False)
        return [*failed, *close_if_over(state, header, sale)]
    until_ns = TimeNs(header.at_ns + tender.scoring_days * NS_PER_DAY)
    tender = msgspec.structs.replace(tender, scoring_until_ns=until_ns)
    state.put(tender)
    scoring = put_sale(state, sale, state=SaleState.SCORING)
    changed = tuple(put_lot(state, lot, state=LotState.SCORING, bids=len(bids)) for lot in lots)
    offers = tuple(
        _put_offer(state, offer, seller_account_id=sale.seller_account_id) for offer in offers_of(state, sale.sale_id)
    )
    movement = tell(state, header, sale, bidders_of(state, sale.sale_id))
    opened = OffersOpened(sale=scoring, lots=changed, tender=tender, panel=panel, offers=offers, movement=movement)
    return [opened, timers.set_timer(state, header, TimerKind.TENDER_SCORING_ENDS, until_ns, sale.sale_id)]


# --- The panel --------------------------------------------------------------------------------------------------------


def score_offer(state: ExchangeState, header: Header, command: ScoreOffer) -> list[Event]:
    """An evaluator signs its points for one offer; with the last score of the panel the tender is decided."""
    bid = state.table(LotBid).get(command.bid_id)
    if bid is None:
        return [Rejected(code=RejectCode.BID_UNKNOWN)]
    panel = _scoring_panel(state, header, bid.sale_id)
    if isinstance(panel, Rejected):
        return [panel]
    if (related := conflict_of(state, header, bid.sale_id, header.principal)) != "":
        return [Rejected(code=RejectCode.TENDER_CONFLICT, detail=related)]
    if bid.state is not BidState.STANDING:
        return [Rejected(code=RejectCode.BID_STATE, detail=bid.state)]
    scores = scores_of(state, bid.sale_id)
    if any((score.bid_id, score.evaluator_id) == (bid.bid_id, header.principal) for score in scores):
        return [Rejected(code=RejectCode.SCORE_EXISTS)]
    if (refusal := refuse_points(state.table(Tender)[bid.sale_id], command.points)) is not None:
        return [refusal]

    state.change()
    score = TenderScore(
        score_id=ScoreId(make_id(header.sequence)),
        sale_id=bid.sale_id,
        bid_id=bid.bid_id,
        evaluator_id=header.principal,
        points=command.points,
        remarks=command.remarks,
        signed_at_ns=header.at_ns,
    )
    state.put(score)
    decided = _rank(state, header, state.table(Sale)[bid.sale_id]) if _all_scored(state, panel) else []
    return [OfferScored(score=score), *decided]


def leave_panel(state: ExchangeState, header: Header, command: LeavePanel) -> list[Event]:
    """An evaluator that has a part in the matter goes, and its scores with it."""
    sale = state.table(Sale).get(command.sale_id)
    if sale is None:
        return [Rejected(code=RejectCode.SALE_UNKNOWN)]
    panel = state.table(Panel).get(sale.sale_id)
    before = (SaleState.ANNOUNCED, SaleState.BIDDING, SaleState.REVEALING, SaleState.SCORING)
    if panel is None or sale.state not in before:
        return [Rejected(code=RejectCode.SALE_STATE, detail=f"{sale.method}, {sale.state}")]
    if header.principal not in panel.sitting:
        return [Rejected(code=RejectCode.TENDER_NOT_EVALUATOR)]

    state.change()
    panel = msgspec.structs.replace(panel, out=(*panel.out, header.principal))
    state.put(panel)
    own = [score for score in scores_of(state, sale.sale_id) if score.evaluator_id == header.principal]
    dropped = tuple(msgspec.structs.replace(score, over=True) for score in own)
    for score in dropped:
        state.put(score)
    left = EvaluatorLeft(panel=panel, scores=dropped, reason=command.reason)
    if sale.state is not SaleState.SCORING:
        return [left]
    if not panel.quorate:
        return [left, *_undecided(state, header, sale)]
    return [left, *(_rank(state, header, sale) if _all_scored(state, panel) else [])]


def _scoring_panel(state: ExchangeState, header: Header, sale_id: SaleId) -> Panel | Rejected:
    """The panel of a tender that is being scored, if the principal sits in it.

    Refused: sale.state, tender.not_evaluator.
    """
    sale, panel = state.table(Sale)[sale_id], state.table(Panel).get(sale_id)
    if sale.state is not SaleState.SCORING or panel is None:
        return Rejected(code=RejectCode.SALE_STATE, detail=f"{sale.method}, {sale.state}")
    if header.principal not in panel.sitting:
        return Rejected(code=RejectCode.TENDER_NOT_EVALUATOR)
    return panel


# --- The decision -----------------------------------------------------------------------------------------------------


def _complete(state: ExchangeState, panel: Panel) -> list[UserId]:
    """The evaluators who scored every offer."""
    offers = len(bids_of(state, panel.sale_id, BidState.STANDING))
    signed = [score.evaluator_id for score in scores_of(state, panel.sale_id)]
    return [user_id for user_id in panel.sitting if signed.count(user_id) == offers]


def _all_scored(state: ExchangeState, panel: Panel) -> bool:
    return len(_complete(state, panel)) == len(panel.sitting)


def _rank(state: ExchangeState, header: Header, sale: Sale) -> list[Event]:
    """Give every offer its score and rank by those who scored all of them, and award. Call after the line."""
    tender, panel = state.table(Tender)[sale.sale_id], state.table(Panel)[sale.sale_id]
    judges = _complete(state, panel)
    dropped = timers.drop_timers(state, TimerKind.TENDER_SCORING_ENDS, sale.sale_id)
    graded = [
        Graded(bid.bid_id, state.table(TenderOffer)[bid.bid_id].worth_minor, _points(state, bid.bid_id, judges))
        for bid in bids_of(state, sale.sale_id, BidState.STANDING)
    ]
    weights = [int(criterion.weight_ppm) for criterion in tender.criteria]
    ranked = tuple(
        _put_offer(state, state.table(TenderOffer)[one.bid_id], score_ppm=one.score_ppm, rank=place)
        for place, one in enumerate(ranking(graded, tender.price_weight_ppm, weights), 1)
    )
    movement = tell(state, header, sale, bidders_of(state, sale.sale_id))
    told = OffersRanked(tender=tender, offers=ranked, movement=movement)
    return [*dropped, told, *award(state, header, sale)]


def _points(state: ExchangeState, bid_id: BidId, judges: Sequence[UserId]) -> tuple[tuple[int, ...], ...]:
    """What these evaluators gave an offer, by criterion."""
    scores = [score for score in state.table(TenderScore).values() if score.bid_id == bid_id]
    by_judge = {score.evaluator_id: tuple(one.points for one in score.points) for score in scores}
    return tuple(by_judge[judge] for judge in judges)


def _undecided(state: ExchangeState, header: Header, sale: Sale) -> list[Event]:
    """Too few scored: nothing is awarded, and it is nobody's price that failed."""
    dropped = timers.drop_timers(state, TimerKind.TENDER_SCORING_ENDS, sale.sale_id)
    failed = fail_lots(state, header, sale, lots_of(state, sale), "the panel has no quorum", counted=False)
    return [*dropped, *failed, *close_if_over(state, header, sale)]


def _scoring_ends(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Time is up for the panel: those who scored everything decide, if they are more than half of it."""
    sale = state.table(Sale)[SaleId(timer.subject_id)]
    ensure(sale.state is SaleState.SCORING, "a panel has its time as long as it scores")
    panel = state.table(Panel)[sale.sale_id]
    if 2 * len(_complete(state, panel)) <= len(panel.evaluators):
        return _undecided(state, header, sale)
    return _rank(state, header, sale)


def _put_offer(state: ExchangeState, offer: TenderOffer, /, **changes: object) -> TenderOffer:
    changed = msgspec.structs.replace(offer, **changes)
    state.put(changed)
    return changed


timers.FIRINGS[TimerKind.TENDER_SCORING_ENDS] = _scoring_ends
