"""Every step in every state of a pool and of its assets, as tables; `A` is wu's fee, `B` mei's, each CNY 300,000."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.core.ids import PoolAssetId
from exchange.core.units import Minor
from securitization.pool_messages import PoolOpened
from securitization.pool_records import PoolKind
from tests.pools.stage import ISSUER, Yard
from tests.sales.stage import THOUSAND
from tests.state_tables import StateTable, answered, every_row


def takes(yard: Yard, step: str) -> str:
    """Take a step; the code it is refused with, or nothing."""
    match step.split():
        case ["opens", *revolving]:
            terms = {"kind": PoolKind.REVOLVING, "revolving_until": "2026-09-01"} if revolving else {}
            events = yard.venue.do(yard.opening(**terms), ISSUER)
            for event in events:
                if isinstance(event, PoolOpened):
                    yard.pool_id = event.pool.pool_id
            return answered(events)
        case ["registers", debtor]:
            return yard.venue.refusal(yard.receivable(debtor, 300), "lab")
        case ["substitutes", gone, new]:
            return yard.does("substitute", asset(yard, gone), by_pool_asset_id=asset(yard, new))
        case ["sell"]:
            return yard.does("sell", price_minor=Minor(yard.pool().balance_minor or 1))
        case ["buys", name]:
            return yard.does("add", asset(yard, name), price_minor=Minor(300 * THOUSAND))
        case [word, name] if name in NAMES:
            return yard.does(word, asset(yard, name))
        case _:
            return yard.does(step)


NAMES = ("A", "B")


def asset(yard: Any, name: str) -> PoolAssetId:
    """An asset by its letter."""
    known = sorted(key for flow, key in yard.venue.steps.states if flow == "pool asset")
    return PoolAssetId(known[NAMES.index(name)])


def shown(yard: Any) -> str:
    """How A stands, then B."""
    return " ".join(yard.venue.steps.states["pool asset", asset(yard, name)] for name in NAMES)


BOTH = ("opens", "registers wu", "registers mei")
REVOLVES = ("opens revolving", "registers wu", "registers mei")
PATHS: dict[str, tuple[str, ...]] = {
    "offered": BOTH,
    "pooled": (*BOTH, "add A"),
    "removed": (*BOTH, "add A", "remove A"),
    "sealed": (*BOTH, "add A", "seal"),
    "sold": (*BOTH, "add A", "seal", "sell"),
    "revolving, sealed": (*REVOLVES, "add A", "seal"),
    "revolving, sold": (*REVOLVES, "add A", "seal", "sell"),
    "replaced": (*REVOLVES, "add A", "seal", "sell", "substitutes A B"),
    "asset withdrawn": (*BOTH, "add B", "withdraw A"),
    "pool withdrawn": (*BOTH, "add A", "withdraw pool"),
    "sealed, withdrawn": (*BOTH, "add A", "seal", "withdraw pool"),
}
CODES = {
    ".": "pool.state",
    "-": "pool.unknown",
    "asset": "pool_asset.state",
    "no asset": "pool_asset.unknown",
    "empty": "pool.invalid",
    "price": "pool.price",
}
CAME: dict[str, Any] = {}
POOL = StateTable(
    "pool",
    """
                      | opens | registers li | check  | seal   | sell | withdraw pool | add B
    offered           | draft | draft        | draft  | empty  | .    | withdrawn     | draft
    pooled            | draft | draft        | draft  | sealed | .    | withdrawn     | draft
    removed           | draft | draft        | draft  | empty  | .    | withdrawn     | draft
    sealed            | draft | .            | sealed | .      | sold | withdrawn     | .
    sold              | draft | .            | sold   | .      | .    | .             | .
    revolving, sealed | draft | .            | sealed | .      | sold | withdrawn     | .
    revolving, sold   | draft | sold         | sold   | .      | .    | .             | price
    replaced          | draft | sold         | sold   | .      | .    | .             | asset
    asset withdrawn   | draft | draft        | draft  | sealed | .    | withdrawn     | asset
    pool withdrawn    | draft | -            | -      | -      | -    | -             | no asset
    sealed, withdrawn | draft | -            | -      | -      | -    | -             | no asset
    """,
    PATHS,
    Yard.cn,
    takes,
    CODES,
    also=("pool asset",),
    came=CAME,
)
POOL_ASSET = StateTable(
    "pool asset",
    """
                      | registers li     | add A          | remove A        | substitutes A B | withdraw A        | add B          | buys B    | seal             | sell         | withdraw pool
    offered           | offered offered  | pooled offered | asset           | asset           | withdrawn offered | offered pooled | price     | empty            | .            | offered offered
    pooled            | pooled offered   | asset          | offered offered | offered pooled  | asset             | pooled pooled  | price     | pooled offered   | .            | offered offered
    removed           | offered offered  | pooled offered | asset           | asset           | withdrawn offered | offered pooled | price     | empty            | .            | offered offered
    sealed            | .                | asset          | .               | .               | asset             | .              | .         | .                | sold offered | offered offered
    sold              | .                | asset          | asset           | .               | asset             | .              | .         | .                | .            | .
    revolving, sealed | .                | asset          | .               | .               | asset             | .              | .         | .                | sold offered | offered offered
    revolving, sold   | sold offered     | asset          | asset           | offered sold    | asset             | price          | sold sold | .                | .            | .
    replaced          | offered sold     | price          | asset           | asset           | withdrawn sold    | asset          | asset     | .                | .            | .
    asset withdrawn   | withdrawn pooled | no asset       | no asset        | no asset        | no asset          | asset          | asset     | withdrawn pooled | .            | withdrawn offered
    pool withdrawn    | -                | no asset       | no asset        | no asset        | withdrawn offered | no asset       | no asset  | -                | -            | -
    sealed, withdrawn | -                | no asset       | no asset        | no asset        | withdrawn offered | no asset       | no asset  | -                | -            | -
    """,  # noqa: E501 - a table is read across
    PATHS,
    Yard.cn,
    takes,
    CODES,
    shown=shown,
    also=("pool",),
    came=CAME,
)
TABLES = (POOL, POOL_ASSET)


@pytest.mark.parametrize(("table", "row"), every_row(*TABLES))
def test_every_step_in_every_state_is_taken_or_refused(table: StateTable, row: list[str]) -> None:
    table.check(row)
