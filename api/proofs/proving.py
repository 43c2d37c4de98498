"""Proofs from the kept tiles: of a row, of growth, of a holding, each whole in itself with head and keys."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from api.proofs import shelf
from api.proofs.keys import HeadKey
from api.proofs.shelf import JOURNAL, KeptHead
from custody.proofs import Holding, Tiles, consistency, inclusion
from exchange.core.ids import KINDS, to_wire

Json = dict[str, Any]


def head_document(connection: Connection, head: KeptHead) -> Json:
    """A head with the keys by which it is trusted."""
    return {"kind": "head", "head": head.statement, "keys": shelf.keys(connection)}


def path_of_row(tiles: Tiles, sequence: int, size: int) -> list[str]:
    """The path from a row to the root over the first `size` rows."""
    return [step.hex() for step in inclusion(tiles, sequence - 1, size)]


def consistency_document(connection: Connection, first: KeptHead, second: KeptHead) -> Json:
    """That the second head only adds to the first."""
    path = consistency(shelf.tiles_of(connection, JOURNAL), first.size, second.size)
    return {
        **head_document(connection, second),
        "kind": "consistency",
        "first_head": first.statement,
        "path": [step.hex() for step in path],
    }


def holding_proof(connection: Connection, head: KeptHead, key: HeadKey, account_id: int, asset_id: int) -> Json | None:
    """What an account holds of an asset at a head, or two leaves of its own between which nothing lies.

    None: the account was not there yet.
    """
    found = shelf.neighbours(connection, head.number, account_id, asset_id)
    if found is None:
        return None
    index, low, high = found
    tiles = shelf.tiles_of(connection, head.number)
    place = {"account": account_id, "asset": asset_id}
    if low[:2] == (account_id, asset_id):
        leaves = [_leaf(tiles, head, key, index, low)]
        return {**place, "units": low[2], "held_units": low[3], "leaves": leaves}
    if low[0] != account_id or high is None or high[0] != account_id:
        return None
    leaves = [_leaf(tiles, head, key, index, low), _leaf(tiles, head, key, index + 1, high)]
    return {**place, "units": 0, "held_units": 0, "leaves": leaves}


def names_of(account_id: int, asset_id: int) -> Json:
    """Both as clients write them."""
    return {
        "account_id": to_wire(KINDS["AccountId"], account_id),
        "asset_id": to_wire(KINDS["AssetId"], asset_id),
    }


def _leaf(tiles: Tiles, head: KeptHead, key: HeadKey, index: int, holding: Holding) -> Json:
    account_id, asset_id, units, held_units = holding
    return {
        "account": account_id,
        "asset": asset_id,
        "units": units,
        "held_units": held_units,
        "salt": key.salt(head.number, account_id, asset_id).hex(),
        "index": index,
        "path": [step.hex() for step in inclusion(tiles, index, head.holdings_size)],
    }
