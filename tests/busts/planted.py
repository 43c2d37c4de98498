"""Engines that mend trades wrongly. The state machine must notice every one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from custody.ledger import Ledger, Leg
from exchange.core.messages import Header
from exchange.core.units import TimeNs
from exchange.engine import busts
from exchange.engine.recent_trades import RecentTrade
from exchange.engine.state import ExchangeState
from exchange.store.load import state as loading
from exchange.store.save import records
from exchange.store.save.changes import Changes
from matching.correction_messages import TradeBusted, TradeCorrected, TradeCorrection
from matching.messages import Instrument

Plant = Callable[[pytest.MonkeyPatch], None]


def mended_twice(patch: pytest.MonkeyPatch) -> None:
    """A trade that was mended is not marked."""
    correct = busts._correct

    def forgets(state: ExchangeState, header: Header, trade: RecentTrade, *rest: Any) -> TradeCorrection:
        correction = correct(state, header, trade, *rest)
        state.recent_trades[trade.trade_id] = trade
        return correction

    patch.setattr(busts, "_correct", forgets)


def mended_again_after_a_restart(patch: pytest.MonkeyPatch) -> None:
    """A start does not know which trades were mended."""
    patch.setattr(loading, "keep", lambda trades, trade: trades.update({trade[0]: trade._replace(is_corrected=False)}))


def fees_kept_on_reversal(patch: pytest.MonkeyPatch) -> None:
    """A reversal gives the price back and not the fees."""
    reversal = busts._reversal

    def keeps(state: ExchangeState, instrument: Instrument, trade: RecentTrade) -> list[Leg] | None:
        return reversal(state, instrument, trade._replace(buyer_fee_minor=0, seller_fee_minor=0))

    patch.setattr(busts, "_reversal", keeps)


def promised_units_taken_back(patch: pytest.MonkeyPatch) -> None:
    """What an open order promises counts as free."""

    def units(ledger: Ledger, account_id: Any, asset_id: Any) -> int:
        return ledger.units(account_id, asset_id)

    patch.setattr(Ledger, "available", units)


def loser_pays(patch: pytest.MonkeyPatch) -> None:
    """The difference to the fair price moves the wrong way."""
    difference = busts._difference

    def turned(state: ExchangeState, instrument: Instrument, trade: RecentTrade, price: int) -> list[Leg] | None:
        legs = difference(state, instrument, trade, price)
        return legs if not legs else [(account, asset, -units) for account, asset, units in legs]

    patch.setattr(busts, "_difference", turned)


def window_never_over(patch: pytest.MonkeyPatch) -> None:
    """However old a trade is, it is mended."""
    correctable = busts._correctable

    def always(state: ExchangeState, header: Header, command: Any) -> Any:
        trade = state.recent_trades.get(command.trade_id)
        if trade is not None:
            header = msgspec.structs.replace(header, at_ns=TimeNs(trade.at_ns))
        return correctable(state, header, command)

    patch.setattr(busts, "_correctable", always)


def holders_uncounted(patch: pytest.MonkeyPatch) -> None:
    """A reversal makes a holder where there is no room for one."""
    patch.setattr(busts, "_has_room", lambda *_: True)


def lot_and_unit_confused(patch: pytest.MonkeyPatch) -> None:
    """A tick counts as a minor unit, whatever the instrument says."""

    def worth(instrument: Instrument, trade: RecentTrade, price_ticks: int) -> int:
        del instrument
        return price_ticks * trade.quantity_lots

    patch.setattr(busts, "_worth", worth)


def number_not_saved(patch: pytest.MonkeyPatch) -> None:
    """The tables do not learn that the instrument's trades have another number."""

    def generic_only(changes: Changes, header: Header, event: TradeBusted | TradeCorrected) -> None:
        records.generic(changes, header, event)

    patch.setitem(records.SAVERS, TradeBusted, generic_only)
    patch.setitem(records.SAVERS, TradeCorrected, generic_only)


def compensation_without_the_units(patch: pytest.MonkeyPatch) -> None:
    """Nothing is ever reversed."""
    patch.setattr(busts, "_reversal", lambda *_: None)


PLANTED: tuple[Plant, ...] = (
    mended_twice,
    mended_again_after_a_restart,
    fees_kept_on_reversal,
    promised_units_taken_back,
    loser_pays,
    window_never_over,
    holders_uncounted,
    lot_and_unit_confused,
    number_not_saved,
    compensation_without_the_units,
)
