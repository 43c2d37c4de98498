"""What lies on a right, gathered from every workflow that can burden one: a new workflow adds itself to SOURCES.

Whoever disposes of a right (a sale, a listing, shares, a pilot, a pledge) asks here, so a new kind of burden stops all
of them at once, and the refusal names the entry that stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable

from custody.encumbrances import Burden
from exchange.core.ids import AssetId
from exchange.core.messages import Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.state import ExchangeState

Source = Callable[[ExchangeState, AssetId], list[Burden]]
SOURCES: list[Source] = []
"""Each answers the burdens it knows of on one asset, oldest first; a workflow adds itself at import."""


def burdens_of(state: ExchangeState, asset_id: AssetId) -> list[Burden]:
    """Everything that lies on an asset now."""
    return [burden for source in SOURCES for burden in source(state, asset_id)]


def refuse_burdened(state: ExchangeState, asset_id: AssetId, *, besides: tuple[str, ...] = ()) -> Rejected | None:
    """Whether somebody's claim keeps the asset from being disposed of; `besides` are entries that do not count.

    Refused: right.encumbered, with the blocking entry.
    """
    for burden in burdens_of(state, asset_id):
        if burden.blocks and burden.entry not in besides:
            detail = f"{state.assets[asset_id].code}: {burden.entry} {burden.summary}".strip()
            return Rejected(code=RejectCode.RIGHT_ENCUMBERED, detail=detail)
    return None
