"""Candles, daily statistics and the quote: what anybody may read about an instrument, in exact numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.rest import statistics
from exchange.core.calendar import local_date
from exchange.core.ids import InstrumentId
from exchange.store.queries import candles
from tests.api.rest.exchange import Exchange
from tests.api.rest.test_reading import pages

DAY_S = 86_400
TRADES = ((1_000, 3), (1_010, 2), (990, 5), (1_001, 1))
"""Price and lots of each."""


@pytest.fixture
async def traded(exchange: Exchange) -> Exchange:
    """The exchange after a few trades; a bid and an offer stay."""
    for number, (price, lots) in enumerate(TRADES):
        await exchange.place("wu", "sell", lots, price, f"s{number}")
        await exchange.place("li", "buy", lots, price, f"b{number}")
    await exchange.place("li", "buy", 4, 980, "best-bid")
    await exchange.place("li", "buy", 6, 980, "best-bid-too")
    await exchange.place("li", "buy", 9, 979, "second-bid")
    await exchange.place("wu", "sell", 7, 1_020, "best-offer")
    return exchange


def path(exchange: Exchange, what: str) -> str:
    """One of the instrument's addresses."""
    return f"/v1/instruments/{exchange['instrument']}/{what}"


async def seconds(exchange: Exchange) -> list[int]:
    """The second of each trade, from the tape."""
    tape = (await exchange.client.get(path(exchange, "trades"))).json()["items"]
    return sorted(trade["at_ns"] // 10**9 for trade in tape)


async def test_a_days_statistics_are_the_sums_of_its_trades(traded: Exchange) -> None:
    first = (await seconds(traded))[0]
    answer = await traded.client.get(path(traded, "statistics"))
    body = answer.json()
    lots, turnover = sum(lots for _, lots in TRADES), sum(price * lots for price, lots in TRADES)

    assert (body["interval"], body["time_zone"], body["next_cursor"]) == ("1d", "UTC", None)
    assert body["as_of_sequence"] == traded.sequence
    assert sum(item["volume_lots"] for item in body["items"]) == lots
    assert sum(item["turnover_minor"] for item in body["items"]) == turnover
    item = body["items"][0]
    assert item["date"] == local_date(first * 10**9, "UTC").isoformat()
    assert item["instrument_id"] == traded["instrument"]
    if len(body["items"]) == 1:  # unless midnight came between the trades
        assert (item["open_ticks"], item["high_ticks"], item["low_ticks"], item["close_ticks"]) == (
            1000,
            1010,
            990,
            1001,
        )
        assert (item["trade_count"], item["first_trade_n"], item["last_trade_n"]) == (4, 1, 4)
        assert item["vwap_minor"] == round(turnover / lots) == 997


async def test_candles_of_every_interval_hold_each_trade_once(traded: Exchange) -> None:
    moments = await seconds(traded)
    for interval in ("1m", "5m", "15m", "1h", "1d"):
        asked = {"interval": interval, "from_s": moments[0], "until_s": moments[-1] + 1}
        items = (await traded.client.get(path(traded, "candles"), params=asked)).json()["items"]
        assert sum(item["trade_count"] for item in items) == len(TRADES)
        assert [item["start_ns"] <= moments[0] * 10**9 < item["end_ns"] for item in items[:1]] == [True]
        assert [item["start_ns"] <= moments[-1] * 10**9 < item["end_ns"] for item in items[-1:]] == [True]


async def test_the_documents_example_has_the_fields_of_a_real_answer(traded: Exchange) -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "market-data.md").read_text(encoding="utf-8")
    example = json.loads(text.split("```json\n")[1].split("```")[0])
    answer = (await traded.client.get(path(traded, "candles"), params={"interval": "1m"})).json()
    assert list(example) == list(answer)
    assert list(example["items"][0]) == list(answer["items"][0])


async def test_a_page_of_newest_candles_always_holds_the_newest(traded: Exchange) -> None:
    for interval in ("1m", "1d"):
        newest = await traded.client.get(path(traded, "candles"), params={"interval": interval, "limit": 2})
        assert newest.json()["items"][-1]["close_ticks"] == 1_001
        assert newest.json()["next_cursor"] is None


async def test_without_a_stretch_the_newest_candles_are_meant(traded: Exchange) -> None:
    moments = await seconds(traded)
    newest = (await traded.client.get(path(traded, "candles"), params={"interval": "1m"})).json()["items"]
    assert newest[-1]["close_ticks"] == 1_001
    before = {"interval": "1m", "from_s": moments[0] - 7_200, "until_s": moments[0] - 3_600}
    assert (await traded.client.get(path(traded, "candles"), params=before)).json()["items"] == []


async def test_a_candle_is_final_once_the_journal_has_reached_its_end(
    traded: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = await seconds(traded)
    asked = {"interval": "1m", "from_s": moments[0], "until_s": moments[-1] + 1}
    end_ns = (await traded.client.get(path(traded, "candles"), params=asked)).json()["items"][-1]["end_ns"]
    for newest_ns, is_final in ((end_ns - 1, False), (end_ns, True)):
        monkeypatch.setattr(candles, "head_ns", lambda _, newest_ns=newest_ns: newest_ns)
        items = (await traded.client.get(path(traded, "candles"), params=asked)).json()["items"]
        assert items[-1]["is_final"] is is_final


async def test_pages_of_any_stretch_go_on_inside_a_candle(traded: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = await seconds(traded)
    asked = {"interval": "1d", "from_s": moments[0], "until_s": moments[-1] + 1}
    whole = (await traded.client.get(path(traded, "candles"), params=asked)).json()["items"]
    monkeypatch.setattr(candles, "COUNTED", 1)
    found = await pages(traded.client, path(traded, "candles"), limit=500, **asked)
    assert len(found) == len(TRADES)
    assert [item for page in found for item in page] == whole


async def test_a_cursor_of_candles_belongs_to_its_question(traded: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candles, "COUNTED", 1)
    cursor = (await traded.client.get(path(traded, "candles"), params={"interval": "1d"})).json()["next_cursor"]
    for what, asked in (("candles", {"interval": "1h"}), ("statistics", {}), ("trades", {})):
        refused = await traded.client.get(path(traded, what), params={**asked, "cursor": cursor})
        assert refused.json()["code"] == "request.cursor"


@pytest.mark.parametrize(
    ("what", "asked", "said"),
    [
        ("candles", {}, "interval: missing"),
        ("candles", {"interval": "2m"}, "interval: expected one of"),
        ("candles", {"interval": "1m", "from_s": 100, "until_s": 100}, "from_s: not before until_s"),
        ("candles", {"interval": "1m", "from_s": 0, "until_s": 10_000 * 60 + 1}, "more than 10000 candles of 1m"),
        ("candles", {"interval": "1d", "from_s": 0, "until_s": 4_102_444_801}, "until_s: expected a whole number"),
        ("candles", {"interval": "1m", "from_date": "2026-03-02"}, "from_date: unknown"),
        ("statistics", {"from_date": "2026-03-03", "to_date": "2026-03-02"}, "from_date: after to_date"),
        ("statistics", {"from_date": "2026-02-29"}, "from_date: expected a date"),
        ("statistics", {"to_date": "20260302"}, "to_date: expected a date"),
        ("statistics", {"to_date": "1969-12-31"}, "to_date: expected a date"),
        ("statistics", {"from_date": "1990-01-01", "to_date": "2026-03-02"}, "more than 10000 candles of 1d"),
    ],
)
async def test_a_stretch_that_makes_no_sense_is_refused_in_words(
    exchange: Exchange, what: str, asked: dict[str, Any], said: str
) -> None:
    refused = await exchange.client.get(path(exchange, what), params=asked)
    assert (refused.status_code, refused.json()["code"]) == (422, "request.parameter")
    assert said in refused.json()["detail"]


async def test_the_longest_stretch_is_taken_to_the_last_candle(exchange: Exchange) -> None:
    longest = {"interval": "1m", "from_s": 0, "until_s": 10_000 * 60}
    assert (await exchange.client.get(path(exchange, "candles"), params=longest)).json()["items"] == []


async def test_a_sum_too_large_for_a_number_is_refused_and_never_rounded(
    traded: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    turnover = sum(price * lots for price, lots in TRADES)
    monkeypatch.setattr(statistics, "MAX_INTEGER", turnover)
    assert (await traded.client.get(path(traded, "statistics"))).status_code == 200
    monkeypatch.setattr(statistics, "MAX_INTEGER", min(price * lots for price, lots in TRADES) - 1)
    refused = await traded.client.get(path(traded, "statistics"))
    assert (refused.status_code, refused.json()["code"]) == (422, "request.parameter")


async def test_an_unknown_instrument_has_neither_candles_nor_a_quote(exchange: Exchange) -> None:
    for what, asked in (
        ("candles", {"interval": "1d"}),
        ("statistics", {}),
        ("quote", {}),
        ("quote", {"min_sequence": 1}),
    ):
        refused = await exchange.client.get(f"/v1/instruments/I1-99999/{what}", params=asked)
        assert (refused.status_code, refused.json()["code"]) == (404, "resource.unknown")


async def test_the_quote_is_the_top_of_both_sides_with_phase_and_last_price(traded: Exchange) -> None:
    projected = (await traded.client.get(path(traded, "quote"))).json()
    reckoned = (await traded.client.get(path(traded, "quote"), params={"min_sequence": traded.sequence})).json()
    assert projected == reckoned
    assert projected == {
        "as_of_sequence": traded.sequence,
        "instrument_id": traded["instrument"],
        "book_n": 16,  # eight orders in, four trades, four orders in
        "phase": "continuous",
        "bid": {"price_ticks": 980, "quantity_lots": 10},
        "offer": {"price_ticks": 1_020, "quantity_lots": 7},
        "last_price_ticks": 1_001,
    }


async def test_a_book_nobody_traded_in_has_a_quote_of_nothing(exchange: Exchange) -> None:
    for asked in ({}, {"min_sequence": exchange.sequence}):
        quote = (await exchange.client.get(path(exchange, "quote"), params=asked)).json()
        assert (quote["bid"], quote["offer"], quote["last_price_ticks"]) == (None, None, None)


async def test_a_halt_shows_in_the_quote_at_its_own_sequence(traded: Exchange) -> None:
    ops = await traded.by("ops")
    halted = await ops.post(
        "/v1/instruments/phase", json={"instrument_id": traded["instrument"], "phase": "halted", "reason": "test"}
    )
    assert halted.status_code == 200, halted.text
    quote = (await traded.client.get(path(traded, "quote"))).json()
    assert (quote["phase"], quote["as_of_sequence"]) == ("halted", halted.json()["sequence"])
    assert traded.services.books is not None
    assert traded.services.books.quote(InstrumentId(0)) is None
