"""What became of trades: found by the trades' own key, for whoever reads trades and must know which of them count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Select, Table, select

from exchange.core.messages import Record
from exchange.core.units import PriceTicks
from exchange.store.queries.reader import Snapshot
from exchange.store.schema.matching import TradeCorrectionTable
from matching.correction_messages import Remedy

CORRECTIONS = cast("Table", TradeCorrectionTable.__table__)


class Corrected(Record, frozen=True, kw_only=True):
    """What became of a trade; `price_ticks` is its price now, or the fair one of a trade that was busted."""

    remedy: Remedy
    price_ticks: PriceTicks

    @property
    def is_bust(self) -> bool:
        """Whether the trade no longer counts."""
        return self.remedy is not Remedy.REPRICED


def corrected_between(snapshot: Snapshot, first: int, end: int) -> dict[int, Corrected]:
    """The trades from one identifier up to, and without, another that were busted or corrected."""
    return _corrected(snapshot, select(*_COLUMNS).where(first <= _KEY, end > _KEY))


def corrected_among(snapshot: Snapshot, trade_ids: Sequence[int]) -> dict[int, Corrected]:
    """Those of these trades that were busted or corrected."""
    return _corrected(snapshot, select(*_COLUMNS).where(_KEY.in_(trade_ids))) if trade_ids else {}


_KEY = CORRECTIONS.c.trade_id
_COLUMNS = (_KEY, CORRECTIONS.c.remedy, CORRECTIONS.c.corrected_ticks)


def _corrected(snapshot: Snapshot, query: Select[Any]) -> dict[int, Corrected]:
    rows = snapshot.rows(query)
    return {int(row[0]): Corrected(remedy=Remedy(row[1]), price_ticks=PriceTicks(int(row[2]))) for row in rows}
