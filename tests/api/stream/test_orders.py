"""Order entry: durable answers, safe retries, and refusals that change nothing."""

from __future__ import annotations

from tests.api.stream.server import Exchange


async def test_an_order_is_acknowledged_when_it_is_durable(exchange: Exchange) -> None:
    client = await exchange.connect("wu")
    answer = await client.ask(id=7, **exchange.order("wu", "sell", 10, 100, "c1"))
    assert answer["type"] == "ack"
    assert answer["status"] == "open" and answer["remaining_lots"] == 10
    with exchange.services.reads.snapshot() as snapshot:
        assert snapshot.sequence >= answer["sequence"]
