"""The tender 招标: offers sealed until a day, scored by weighted criteria, ranked; the best is awarded. Pure.

What an offer is worth is scored by the formula of consideration.py, everything else by a panel of named evaluators in
points. A score is counted in parts per million:

    price      weight_ppm * worth of the offer / worth of the best offer, rounded down
    criterion  weight_ppm * points of all evaluators / (100 * evaluators), rounded down

The offer with the most goes first; of equals the one that is worth more, and then the one that was committed first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Annotated, NamedTuple

import msgspec

from exchange.core.ids import UserId
from exchange.core.messages import Part
from exchange.core.units import Code, Name, PositiveMinor, Sha256Hex, div_floor
from matching.consideration import Basis, Items, ShareRate

PPM = 1_000_000
MAX_POINTS = 100
MAX_CRITERIA = 12
MAX_PANEL = 9
MAX_PAPERS = 20


class Criterion(Part, frozen=True, kw_only=True):
    """What the panel gives points for, and how much of the whole it counts."""

    code: Code
    name: Name
    weight_ppm: ShareRate


class Points(Part, frozen=True, kw_only=True):
    """One evaluator's points for one criterion."""

    code: Code
    points: Annotated[int, msgspec.Meta(ge=0, le=MAX_POINTS)]


class TenderTerms(Part, frozen=True, kw_only=True):
    """How a tender's offers are compared, and by whom.

    Units: `price_weight_ppm` and the criteria's weights are 1,000,000 together; `scoring_days` of 24 hours from the
    opening. The evaluators are users of members or of the venue, an odd number, a third of them the seller's at most.
    """

    price_weight_ppm: ShareRate
    criteria: Annotated[tuple[Criterion, ...], msgspec.Meta(min_length=1, max_length=MAX_CRITERIA)]
    evaluators: Annotated[tuple[UserId, ...], msgspec.Meta(min_length=3, max_length=MAX_PANEL)]
    basis: Basis
    scoring_days: Annotated[int, msgspec.Meta(ge=1, le=90)]


class Offer(Part, frozen=True, kw_only=True):
    """What a bidder offers: the price at signing, what comes later, and the papers the panel reads."""

    price_minor: PositiveMinor
    items: Items | None = None
    papers: Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=MAX_PAPERS)] = ()


def offer_commitment(bidder: str, lot: str, offer: Offer, nonce: str) -> str:
    """The SHA-256 that commits a bidder to an offer, which any client can compute.

    The text is compact JSON of identifiers as on the wire and of the offer with all its fields in their declared order,
    `["BR1-9","LT1-5",{"price_minor":120000,"items":null,"papers":[]},"nonce"]`.
    """
    return hashlib.sha256(msgspec.json.encode([bidder, lot, offer, nonce])).hexdigest()


class Graded(NamedTuple):
    """An offer with what it is worth and the points of each evaluator, by criterion in the criteria's order."""

    bid_id: int
    worth_minor: int
    points: tuple[tuple[int, ...], ...]


class Ranked(NamedTuple):
    """An offer's score; the best comes first."""

    bid_id: int
    score_ppm: int
    worth_minor: int


def score_ppm(graded: Graded, best_minor: int, price_weight_ppm: int, weights: Sequence[int]) -> int:
    """What an offer scores, its price beside the best one's.

    >>> score_ppm(Graded(1, 80, ((50, 100), (70, 100))), 100, 500_000, [300_000, 200_000])
    780000
    """
    scored = div_floor(price_weight_ppm * graded.worth_minor, best_minor)
    for place, weight in enumerate(weights):
        total = sum(points[place] for points in graded.points)
        scored += div_floor(weight * total, MAX_POINTS * len(graded.points))
    return scored


def ranking(offers: Iterable[Graded], price_weight_ppm: int, weights: Sequence[int]) -> list[Ranked]:
    """Every offer's score, the best first: bids are numbered as they were committed."""
    entered = list(offers)
    best_minor = max((one.worth_minor for one in entered), default=0)
    ranked = [
        Ranked(one.bid_id, score_ppm(one, best_minor, price_weight_ppm, weights), one.worth_minor) for one in entered
    ]
    return sorted(ranked, key=lambda one: (-one.score_ppm, -one.worth_minor, one.bid_id))
