"""The fingerprint of the state: what must be equal in memory, in the tables and after a replay.

A state is laid out in named sections of plain values by key. What order things were kept in, which dead timer still
lies in a heap and what a reader derived for itself are not part of it. (A private channel's `previous_sequence` is not
either: it matters only within the command that is being applied.)
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from exchange.core.node_messages import Timer
from exchange.engine.open_order import ORDER_FIELDS
from exchange.engine.state import ENTITIES, ExchangeState
from matching.book_messages import Book, Matching, Place

Section = dict[Any, Any]
"""Comparable values by key; the keys of one section are of one shape, so they sort."""

_encode = msgspec.msgpack.Encoder().encode


def sections(state: ExchangeState) -> dict[str, Section]:
    """The state by section. The values are those kept, or copies: they do not change when the state does."""
    found: dict[str, Section] = {"head": {"sequence": state.sequence, "epoch": state.epoch, "at_ns": state.at_ns}}
    for entity in ENTITIES:
        found[entity.record.__name__] = dict(state.records[entity.record])
    ledger = state.ledger
    found["balances"] = {
        (asset_id, account_id): (balance.units, balance.held_units, balance.last_sequence)
        for asset_id, holders in ledger.balances.items()
        for account_id, balance in holders.items()
    }
    found["channels"] = {account_id: (channel.n, channel.sequence) for account_id, channel in ledger.channels.items()}
    found["places"] = {
        (asset_id, owner): count for asset_id, places in ledger.places.items() for owner, count in places.items()
    }
    found["mirrors"] = dict.fromkeys(sorted(ledger.mirrors), True)
    found["orders"] = {
        order_id: tuple(getattr(order, name) for name in ORDER_FIELDS) for order_id, order in state.orders.items()
    }
    found["books"] = {instrument_id: _book(book) for instrument_id, book in state.books.items()}
    found["numbers"] = {
        instrument_id: (numbers.book_n, numbers.trade_n, numbers.last_price_ticks)
        for instrument_id, numbers in state.numbers.items()
    }
    found["recorded"] = {key: dict(held.copied) for key, held in state.recorded.items()}
    found["class_holders"] = {key: dict(held.copied) for key, held in state.class_holders.items()}
    found["recent_trades"] = dict(state.recent_trades)
    found["bidders"] = {
        (instrument_id, account_id): bids
        for instrument_id, bidders in state.bidders.items()
        for account_id, bids in bidders.items()
    }
    timers = state.table(Timer)
    found["expiries"] = dict(state.expiries)
    found["due"] = {entry: True for entry in state.due if entry[1] in timers}
    found["parsed"] = dict.fromkeys(state.parsed, True)
    found["in_force"] = {key: list(versions) for key, versions in state.in_force.items()}
    found["receipt_references"] = dict(state.receipt_references)
    return found


def _book(book: Book) -> list[Any]:
    """A book by what decides what it will do: where each order stands, and the rest of its state.

    An order's first quantity and a stop's first level decide nothing any more; nor does the number the book would give
    next, which the journal raises before every operation, or the last price while an auction hands out another.
    """
    state = book.state()
    last_ticks = 0 if state.matching is Matching.UNCROSSING else state.last_ticks
    rest: list[Any] = [msgspec.structs.replace(state, next_priority=0, last_ticks=last_ticks)]
    for stands in book.orders():
        waits = stands.place in (Place.STOP, Place.IN_HAND)
        order = msgspec.structs.replace(stands.order, quantity_lots=0, stop_ticks=0, oco_id=0)
        stop_ticks = stands.stop_ticks if waits else 0
        rest.append(msgspec.structs.replace(stands, order=order, stop_ticks=stop_ticks))
    return rest


def digest(state: ExchangeState) -> dict[str, bytes]:
    """The SHA-256 of each section: short enough to log, and enough to say which section two nodes disagree in."""
    return {
        name: hashlib.sha256(_encode(sorted(section.items(), key=lambda entry: entry[0]))).digest()
        for name, section in sections(state).items()
    }


def fingerprint(state: ExchangeState) -> bytes:
    """The SHA-256 of the whole state."""
    return hashlib.sha256(b"".join(digest(state).values())).digest()


def differences(one: ExchangeState, other: ExchangeState, limit: int = 20) -> list[str]:
    """What differs, section by section and key by key; nothing if the states are equal."""
    return section_differences(sections(one), sections(other), limit)


def section_differences(one: dict[str, Section], other: dict[str, Section], limit: int = 20) -> list[str]:
    """What differs between two layouts; see `differences`."""
    found: list[str] = []
    for name in sorted(one.keys() | other.keys()):
        left, right = one.get(name, {}), other.get(name, {})
        if left == right:
            continue
        for key in sorted(left.keys() | right.keys()):
            mine, yours = left.get(key), right.get(key)
            if mine != yours:
                found.append(f"{name} {key}: {mine} is not {yours}")
    return found[:limit]
