"""The life of a listing: from a draft to the end of trading.

draft → admitted 挂牌 → trading ⇄ halted 停牌 → delisted 摘牌; a draft that does not pass is rejected. Nothing returns
from delisted or rejected: a second attempt is another listing, with its own number and papers.
"""

from __future__ import annotations

from enum import StrEnum


class ListingState(StrEnum):
    """Where a listing stands."""

    DRAFT = "draft"
    ADMITTED = "admitted"
    TRADING = "trading"
    HALTED = "halted"
    DELISTED = "delisted"
    REJECTED = "rejected"


_NEXT: dict[ListingState, tuple[ListingState, ...]] = {
    ListingState.DRAFT: (ListingState.ADMITTED, ListingState.REJECTED),
    ListingState.ADMITTED: (ListingState.TRADING, ListingState.DELISTED),
    ListingState.TRADING: (ListingState.HALTED, ListingState.DELISTED),
    ListingState.HALTED: (ListingState.TRADING, ListingState.DELISTED),
    ListingState.DELISTED: (),
    ListingState.REJECTED: (),
}


def allowed(from_state: ListingState, to_state: ListingState) -> bool:
    """Whether a listing may pass from one state to the other; staying is no passage."""
    return to_state in _NEXT[from_state]


def is_over(state: ListingState) -> bool:
    """Whether the listing has ended for good."""
    return not _NEXT[state]
