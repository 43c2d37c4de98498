"""What a detector says: the pattern, who, when, on which orders and trades, with the figures, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from exchange.core.ids import KINDS, AccountId, InstrumentId, OrderId, TradeId, to_wire
from exchange.core.messages import Record
from exchange.core.units import Sequence, TimeNs


class AlertKind(StrEnum):
    """The patterns that are looked for."""

    WASH_SAME_OWNER = "wash.same_owner"
    WASH_RELATED = "wash.related"
    WASH_CIRCULAR = "wash.circular"
    LAYERING = "layering"
    MARKING_THE_CLOSE = "close.marked"
    RAMPING = "ramp"


class Alert(Record, frozen=True, kw_only=True):
    """A stretch of trading that a person should look at.

    What it rests on lies in `from_sequence..to_sequence`, `from_ns` to `to_ns`; the row `to_sequence` completed it.
    A run over any stretch that holds this row, with the same `parameters` and declared groups, names it again.
    Units: each figure has its unit in its name; `ppm` are parts per million.
    """

    alert_id: str
    kind: AlertKind
    instrument_id: InstrumentId
    parameters: str
    from_sequence: Sequence
    to_sequence: Sequence
    from_ns: TimeNs
    to_ns: TimeNs
    accounts: tuple[AccountId, ...]
    relation: str
    """Why these accounts count as one: `owner`, `member`, `declared`; empty where the pattern needs no such reason."""
    order_ids: tuple[OrderId, ...]
    trade_ids: tuple[TradeId, ...]
    figures: dict[str, int]
    sentence: str


def alert_name(kind: AlertKind, trade_id: TradeId, sequence: Sequence) -> str:
    """The same name for the same alert in every run: its pattern, its last trade, the row that completed it.

    >>> from exchange.core.ids import make_id
    >>> alert_name(AlertKind.LAYERING, TradeId(make_id(184, 1)), Sequence(190))
    'layering:T1-184-1:190'
    """
    return f"{kind.value}:{to_wire(KINDS['TradeId'], trade_id)}:{sequence}"


def accounts_text(accounts: Iterable[AccountId]) -> str:
    """Accounts as a sentence names them.

    >>> from exchange.core.ids import make_id
    >>> accounts_text([AccountId(make_id(3)), AccountId(make_id(9))])
    'A1-3 and A1-9'
    """
    names = [to_wire(KINDS["AccountId"], account_id) for account_id in accounts]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "lot"), counted(3, "lot")
    ('1 lot', '3 lots')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def percent(ppm: int) -> str:
    """Parts per million as a person reads them.

    >>> percent(34_500), percent(1_000_000)
    ('3.4 %', '100.0 %')
    """
    return f"{ppm // 10_000}.{ppm % 10_000 // 1_000} %"
