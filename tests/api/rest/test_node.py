"""Health, metrics, the node's own proof, and letting a quarantined command go."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from exchange.core.ids import AccountId, AssetId, from_wire
from exchange.node.ports import NodeFault
from tests.api.rest.exchange import Exchange


async def test_the_exchange_says_that_it_lives_and_is_ready_without_a_login(exchange: Exchange) -> None:
    alive, ready = await exchange.client.get("/healthz"), await exchange.client.get("/readyz")
    now = (await exchange.client.get("/v1/time")).json()

    assert (alive.status_code, ready.status_code) == (200, 200)
    assert ready.json()["as_of_sequence"] == now["as_of_sequence"] == exchange.sequence
    assert now["now_ns"] >= 1_700_000_000_000_000_000


async def test_without_a_node_it_lives_and_is_not_ready(exchange: Exchange) -> None:
    exchange.services.keeper.ready.clear()

    assert (await exchange.client.get("/healthz")).status_code == 200
    answer = await exchange.client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "node.not_ready")


async def test_commands_are_counted_by_name_and_outcome(exchange: Exchange) -> None:
    await exchange.place("wu", "sell", 1, 100, "one")
    wu = await exchange.by("wu")
    await wu.post("/v1/orders/cancel", json={"account_id": exchange["account.wu"], "order_id": "O1-1"})
    await wu.post("/v1/orders", content=b"{", headers={"content-type": "application/json"})
    text = (await exchange.client.get("/metrics")).text

    for line in (
        'exchange_commands_total{command="order.place",outcome="done"} 1.0',
        'exchange_commands_total{command="order.cancel",outcome="order.unknown"} 1.0',
        'exchange_edge_refusals_total{code="request.malformed"} 1.0',
        'exchange_http_requests_total{method="POST",status="201"} 1.0',
        "exchange_queue_fast 0.0",
        f"exchange_sequence {float(exchange.sequence)}",
    ):
        assert line in text
    commits = next(line for line in text.splitlines() if line.startswith("exchange_commit_seconds_count"))
    assert float(commits.split()[1]) >= 2


async def test_memory_and_tables_are_equal_at_one_sequence(exchange: Exchange) -> None:
    await exchange.place("wu", "sell", 10, 100, "rests")
    await exchange.place("li", "buy", 4, 100, "trades")
    answer = await (await exchange.by("ops")).post("/v1/node/self-check")

    assert answer.status_code == 200
    assert answer.json()["equal"] is True
    assert answer.json()["differences"] == []
    assert answer.json()["sections"] > 20
    assert answer.json()["as_of_sequence"] == exchange.sequence


async def test_one_unit_of_difference_is_found_and_named(exchange: Exchange) -> None:
    sequencer = exchange.services.keeper.sequencer
    assert sequencer is not None
    account, money = from_wire("A", exchange["account.wu"]), from_wire("S", exchange["money"])
    balance = sequencer.state.ledger.balance(AccountId(account), AssetId(money))
    assert balance is not None
    balance.units += 1
    found = (await (await exchange.by("ops")).post("/v1/node/self-check")).json()

    assert found["equal"] is False
    assert len(found["differences"]) == 1
    assert found["differences"][0].startswith(f"balances ({money}, {account})")
    balance.units -= 1


async def test_only_operators_may_ask_for_it(exchange: Exchange) -> None:
    for name in ("wu", "regulator"):
        client = await exchange.by(name)
        answers = [
            await client.post("/v1/node/self-check"),
            await client.get("/v1/node/suspects"),
            await client.post(f"/v1/node/suspects/{'00' * 32}/release"),
        ]
        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "role.not_allowed")] * 3
    assert (await exchange.client.post("/v1/node/self-check")).status_code == 401


async def test_an_operator_lets_a_quarantined_command_go(exchange: Exchange) -> None:
    sequencer = exchange.services.keeper.sequencer
    assert sequencer is not None
    mark = b"\x07" * 32

    def quarantine() -> None:
        for _ in range(2):
            sequencer.suspects[mark] = sequencer.store.suspect(mark, "order.place")

    await sequencer.at_rest(quarantine)
    ops = await exchange.by("ops")

    assert (await ops.get("/v1/node/suspects")).json()["items"] == [{"fingerprint": mark.hex(), "stops": 2}]
    assert (await ops.post(f"/v1/node/suspects/{mark.hex()}/release")).status_code == 204
    assert (await ops.post(f"/v1/node/suspects/{mark.hex()}/release")).status_code == 404
    assert (await ops.post("/v1/node/suspects/77/release")).json()["code"] == "request.parameter"
    assert (await ops.get("/v1/node/suspects")).json()["items"] == []


async def test_a_full_queue_and_a_stopping_node_say_ask_again(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    wu = await exchange.by("wu")
    for code in ("node.busy", "node.restarting", "node.stopped"):

        def refuse(*_: object, code: str = code, **__: object) -> None:
            raise NodeFault(code)

        monkeypatch.setattr(exchange.services.bus, "post", refuse)
        answer = await wu.post("/v1/orders", json=exchange.order("wu", "sell", 1, 100, "x"))
        assert (answer.status_code, answer.json()["code"]) == (503, code)
        assert answer.headers["retry-after"] == "1"


async def test_every_answer_is_numbered_and_guarded(exchange: Exchange) -> None:
    answers = [await exchange.client.get(path) for path in ("/healthz", "/v1/orders", "/nothing", "/openapi.json")]

    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


async def test_a_bug_at_the_edge_says_nothing_of_itself(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(exchange.services.directory, "principal", broken)
    wu = exchange.anonymous(authorization=(await exchange.by("ops")).headers["authorization"])
    with capture_logs() as lines:
        answers = await wu.get("/v1/orders"), await wu.post("/v1/orders", json={})
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (500, "edge.failed")
        assert "secret" not in answer.text
    assert [line["event"] for line in lines] == ["request.failed"] * 2
