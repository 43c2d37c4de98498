"""Busts and corrections as everybody and the parties hear of them, and what reads of trades say afterwards."""

from __future__ import annotations

from typing import Any

from api.stream.books import CorrectionLine, TradesChannel, trade_line
from api.stream.channels import Moment
from exchange.core.ids import InstrumentId, TradeId, make_id
from exchange.core.instruments import Side
from exchange.core.messages import Command
from exchange.core.node_messages import ApprovalRequested, GrantApproval
from exchange.core.units import PriceTicks
from exchange.store.queries import candles, market
from exchange.store.queries.candles import Place
from exchange.store.queries.reader import Snapshot
from matching.correction_messages import BustTrade, CorrectTrade, Remedy, TradeBusted, TradeCorrected, TradeCorrection
from matching.tape import Candle, Interval
from tests.api.stream.server import Exchange
from tests.api.stream.test_channels import collect, follow
from tests.api.stream.test_every_order import order

REASON, EVIDENCE = "erroneous_price", "e" * 64


async def traded(exchange: Exchange, number: int, price: int) -> None:
    """wu sells li two lots."""
    for who, side in (("wu", "sell"), ("li", "buy")):
        client = await exchange.connect(who)
        answer = await client.ask(id=number, **order(exchange, who, side, 2, price, f"{side}-{number}-{price}"))
        assert answer["type"] == "ack", answer


async def mended(exchange: Exchange, command: Command) -> TradeCorrection:
    """Asked by one operator, signed by another."""
    asked = await exchange.hub.bus.submit(command, exchange.world.users["ops"])
    [requested] = [event for event in asked.events if isinstance(event, ApprovalRequested)]
    grant = GrantApproval(approval_id=requested.approval.approval_id)
    granted = await exchange.hub.bus.submit(grant, exchange.world.users["ops2"])
    [told] = [event for event in granted.events if isinstance(event, TradeBusted | TradeCorrected)]
    return told.correction


def bust(exchange: Exchange, trade_id: TradeId) -> BustTrade:
    return BustTrade(
        instrument_id=exchange.world.instruments["ALL"],
        trade_id=trade_id,
        reason=REASON,
        evidence_sha256=EVIDENCE,
        fair_price_ticks=PriceTicks(90),
    )


def correct(exchange: Exchange, trade_id: TradeId) -> CorrectTrade:
    return CorrectTrade(
        instrument_id=exchange.world.instruments["ALL"],
        trade_id=trade_id,
        reason=REASON,
        evidence_sha256=EVIDENCE,
        price_ticks=PriceTicks(105),
    )


async def test_everybody_hears_of_a_correction_by_its_number_and_both_parties_of_their_money(
    exchange: Exchange,
) -> None:
    channel = f"trades:{exchange.instrument('ALL')}"
    await traded(exchange, 1, 100)
    await traded(exchange, 2, 101)
    first, second = list(exchange.state.recent_trades)[-2:]
    reader = await follow(exchange, "ren", channel)
    shown = (await collect(reader, channel, 0))[-1]
    start = shown["n"]
    account_n = exchange.state.ledger.channels[exchange.world.accounts["wu"]].n

    reversed_ = await mended(exchange, bust(exchange, first))
    assert reversed_.remedy is Remedy.REVERSED
    told = await reader.until(lambda one: bool(one.get("corrections")))
    assert (told["type"], told["from_n"], told["n"], told["trades"]) == ("trades.made", start + 1, start + 1, [])
    [line] = told["corrections"]
    assert (line["n"], line["remedy"], line["price_ticks"], line["quantity_lots"]) == (start + 1, "reversed", 90, 2)
    assert line["trade_id"] == shown["trades"][-2]["trade_id"]

    repriced = await mended(exchange, correct(exchange, second))
    assert (repriced.remedy, repriced.trade_n) == (Remedy.REPRICED, start + 2)
    await traded(exchange, 3, 102)
    told = await reader.until(lambda one: one.get("n") == start + 3)

    late = await follow(exchange, "ren", channel, from_n=start + 1)
    caught = (await collect(late, channel, 0))[-1]
    assert [one["n"] for one in caught["corrections"]] == [start + 1, start + 2]
    assert [one["n"] for one in caught["trades"]] == [start + 3]

    private = f"account:{exchange.account('wu')}"
    own = await follow(exchange, "wu", private, from_n=account_n + 1)
    moved = await own.until(lambda one: one.get("event") == "trade.busted")
    assert moved["type"] == "account.moved"
    assert max(posting["units"] for posting in moved["postings"]) == 2, "the units are back"
    assert (await own.until(lambda one: one.get("event") == "trade.corrected"))["type"] == "account.moved"

    instrument_id = exchange.world.instruments["ALL"]

    def read(snapshot: Snapshot) -> tuple[list[Any], list[Candle]]:
        of = candles.traded(snapshot, instrument_id)
        assert of is not None
        found = candles.candles(snapshot, of, Interval.DAY, Place(0, 2**62, 0, None), 10)
        return list(market.public_trades(snapshot, 50, None, instrument_id).records), list(found.records)

    trades, days = exchange.services.reads.run(read)
    by_id = {trade.trade_id: trade for trade in trades}
    assert by_id[first].correction.remedy is Remedy.REVERSED
    assert (by_id[second].price_ticks, by_id[second].correction.price_ticks) == (101, 105)
    counted = [trade for trade in trades if trade.correction is None or trade.correction.remedy is Remedy.REPRICED]
    assert sum(day.trade_count for day in days) == len(counted)
    assert sum(day.volume_lots for day in days) == sum(trade.quantity_lots for trade in counted)
    assert max(day.high_ticks for day in days) == 105


async def test_a_correction_while_nobody_watches_stands_in_the_next_snapshot(exchange: Exchange) -> None:
    channel = f"trades:{exchange.instrument('ALL')}"
    await traded(exchange, 7, 103)
    trade_id = next(reversed(exchange.state.recent_trades))
    correction = await mended(exchange, bust(exchange, trade_id))
    await traded(exchange, 8, 104)
    reader = await follow(exchange, "ren", channel)
    shown = (await collect(reader, channel, 0))[-1]
    assert shown["n"] == correction.trade_n + 1
    assert [one["n"] for one in shown["corrections"]][-1] == correction.trade_n
    assert [one["n"] for one in shown["trades"]][-2:] == [correction.trade_n - 1, correction.trade_n + 1]


def test_a_tape_from_the_tables_begins_behind_the_last_number_that_is_missing() -> None:
    lines = [trade_line(make_id(9, n), n, 100, 1, Side.BUY, n) for n in (3, 5)]
    corrected = CorrectionLine(6, "T1-9", Remedy.REVERSED, 90, 1, 6)
    tape = TradesChannel(InstrumentId(1))
    tape.restore(6, [*lines, corrected])
    assert tape.since_number(5, Moment()) is not None
    whole = tape.snapshot(Moment())
    assert b'"n":5' in whole and b'"n":3' not in whole
    fuller = TradesChannel(InstrumentId(1))
    fuller.restore(7, [*lines, corrected])
    assert b'"trades":[]' in fuller.snapshot(Moment()), "of number 7 nothing is known"
