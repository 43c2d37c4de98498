"""Alerts as officers ask for them: who may, which pages, and the same again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.rest.exchange import Exchange


async def crossed(exchange: Exchange, times: int) -> list[dict[str, Any]]:
    """Let the two traders meet in matched orders, each time of other lots."""
    made: list[dict[str, Any]] = []
    for number in range(times):
        lots = 10 * 2**number
        await exchange.place("wu", "sell", lots, 100, f"s{number}")
        made.append(await exchange.place("li", "buy", lots, 100, f"b{number}"))
    return made


async def asked(exchange: Exchange, **params: Any) -> dict[str, Any]:
    """What the regulator is answered."""
    answer = await (await exchange.by("regulator")).get("/v1/alerts", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def group(exchange: Exchange) -> str:
    """The two traders as one group."""
    return f"{exchange['account.wu']},{exchange['account.li']}"


async def test_strangers_raise_nothing_and_a_declared_group_is_named_with_its_orders(exchange: Exchange) -> None:
    made = await crossed(exchange, 1)
    trade = next(event for event in made[0]["events"] if event["type"] == "trade.made")

    assert (await asked(exchange))["items"] == []
    found = await asked(exchange, related=group(exchange))
    (alert,) = found["items"]
    assert alert["kind"] == "wash.related"
    assert alert["relation"] == "declared"
    assert alert["accounts"] == [exchange["account.wu"], exchange["account.li"]]
    assert alert["trade_ids"] == [trade["trade_id"]]
    assert alert["to_sequence"] == made[0]["sequence"]
    assert alert["parameters"] == "standard@1"
    assert alert["figures"]["quantity_lots"] == 10
    assert (found["whole"], found["forgotten"], found["next_cursor"]) == (True, 0, None)
    assert found["as_of_sequence"] == found["looked_to"] == exchange.sequence


async def test_one_alert_is_found_again_alone_by_its_row(exchange: Exchange) -> None:
    made = await crossed(exchange, 3)
    for row in made:
        sequence = row["sequence"]
        found = await asked(exchange, related=group(exchange), from_sequence=sequence, to_sequence=sequence)
        assert [alert["to_sequence"] for alert in found["items"]] == [sequence]


async def test_pages_together_name_what_one_page_names(exchange: Exchange) -> None:
    await crossed(exchange, 5)
    whole = (await asked(exchange, related=group(exchange)))["items"]
    assert len(whole) == 5
    paged: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        page = await asked(exchange, related=group(exchange), limit=2, **more)
        assert len(page["items"]) <= 2
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        more = {"cursor": page["next_cursor"]}

    assert paged == whole


async def test_a_page_looks_at_a_bounded_stretch_and_says_where_to_go_on(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.rest.alerts.STRETCH_ROWS", 4)
    monkeypatch.setattr("api.rest.alerts.BEFORE_ROWS", 2)
    made = await crossed(exchange, 2)
    start = made[0]["sequence"] - 1
    named: list[int] = []
    ends: list[int] = []
    more: dict[str, Any] = {"from_sequence": start}
    while True:
        page = await asked(exchange, related=group(exchange), **more)
        named += [alert["to_sequence"] for alert in page["items"]]
        ends.append(page["looked_to"])
        if page["next_cursor"] is None:
            break
        more = {"from_sequence": start, "cursor": page["next_cursor"]}

    assert named == [row["sequence"] for row in made]
    assert ends[0] == start + 3
    assert ends[-1] == exchange.sequence


async def test_alerts_are_for_operators_and_regulators_alone(exchange: Exchange) -> None:
    assert (await exchange.client.get("/v1/alerts")).status_code == 401
    refused = await (await exchange.by("wu")).get("/v1/alerts")
    assert (refused.status_code, refused.json()["code"]) == (403, "role.not_allowed")
    assert (await (await exchange.by("ops")).get("/v1/alerts")).status_code == 200


@pytest.mark.parametrize(
    "params",
    [
        {"related": "O1-7"},
        {"related": "A1-3,,"},
        {"parameters": "2"},
        {"instrument_id": "INS"},
        {"from_sequence": "-1"},
        {"colour": "red"},
    ],
)
async def test_a_parameter_that_means_nothing_is_refused(exchange: Exchange, params: dict[str, str]) -> None:
    answer = await (await exchange.by("regulator")).get("/v1/alerts", params=params)

    assert (answer.status_code, answer.json()["code"]) == (422, "request.parameter")
