"""A journal row's bytes and hashes, and the chain over them. Shared by the sequencer that makes them and the proofs.

    event_hash   = SHA256(0x02 ‖ salt_i ‖ event)                 salt_i = SHA256(row salt ‖ i)[:16]
    command_hash = SHA256(0x01 ‖ principal ‖ connection ‖ key length ‖ key ‖ command)
    leaf         = SHA256(0x00 ‖ format ‖ shard ‖ sequence ‖ epoch ‖ at_ns ‖ engine_version
                          ‖ command_hash ‖ n ‖ event_hash…)
    chain        = SHA256(previous chain ‖ leaf)

Integers are big-endian and of fixed length, so no two rows share a preimage. The row salt is random and made by the
shell; an event can thus be shown with its salt, without its neighbours.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from exchange.core.compiled import twins
from exchange.core.ids import SHARD, ConnectionId, UserId
from exchange.core.messages import Header
from exchange.core.units import Epoch, TimeNs
from exchange.core.units import Sequence as Seq
from exchange.core.wire import FORMAT, encode_events

ENGINE_VERSION = 5
"""The version of the deciding code: rows of other versions are folded, not decided again."""

KEY_BITS = 34
"""Bits of a key's hash; with the block of the largest sequence they fit 63 bits."""
KEY_BLOCK_BITS = 14
"""A block is 2^14 rows of the journal."""

_LEAF = struct.Struct(">cHHQQQI")
_COMMAND = struct.Struct(">cQQH")
_COUNT = struct.Struct(">H")


def event_salt(row_salt: bytes, place: int) -> bytes:
    """The salt of a row's event number `place`, from 0."""
    return sha256(row_salt + _COUNT.pack(place)).digest()[:16]


def event_hash(salt: bytes, event: bytes) -> bytes:
    """The salted hash of one encoded event."""
    return sha256(b"\x02" + salt + event).digest()


def command_hash(principal: int, connection: int, key: bytes, command: bytes) -> bytes:
    """The hash of who asked for what, and under which key."""
    return sha256(_COMMAND.pack(b"\x01", principal, connection, len(key)) + key + command).digest()


def leaf_hash(header: Header, engine_version: int, asked: bytes, events: Sequence[bytes], row_salt: bytes) -> bytes:
    """The hash of one journal row; `asked` is its command_hash, `events` its encoded events."""
    head = _LEAF.pack(b"\x00", FORMAT, SHARD, header.sequence, header.epoch, header.at_ns, engine_version)
    hashes = [
        sha256(b"\x02" + sha256(row_salt + _COUNT.pack(place)).digest()[:16] + event).digest()  # event_hash(event_salt)
        for place, event in enumerate(events)
    ]
    return sha256(b"".join((head, asked, _COUNT.pack(len(events)), *hashes))).digest()


def row_hashes(
    sequence: int,
    epoch: int,
    at_ns: int,
    engine_version: int,
    principal: int,
    connection: int,
    key: bytes,
    command: bytes,
    events: list[bytes],
    salt: bytes,
    previous: bytes,
) -> tuple[bytes, bytes]:
    """A row's events as stored, and the chain's next link, in one call, for the sequencer."""
    header = Header(Seq(sequence), Epoch(epoch), TimeNs(at_ns), UserId(principal), ConnectionId(connection))
    asked = command_hash(principal, connection, key, command)
    leaf = leaf_hash(header, engine_version, asked, events, salt)
    return encode_events(events), chain_hash(previous, leaf)


def chain_hash(previous: bytes, leaf: bytes) -> bytes:
    """The chain over all rows so far; it starts from 32 zero bytes."""
    return sha256(previous + leaf).digest()


def fingerprint(principal: int, command: bytes) -> bytes:
    """What a command is known by when it stopped a node."""
    return sha256(principal.to_bytes(8, "big") + command).digest()


@lru_cache(4_096)
def key_hash(principal: int, key: str) -> int:
    """A hash of a sender's key; the exact sender and key are compared wherever it is found.

    Asked twice of each command, at the look-up and for its row: the second time is remembered.
    """
    hashed = sha256(principal.to_bytes(8, "big") + key.encode()).digest()
    return int.from_bytes(hashed[:8], "big") & ((1 << KEY_BITS) - 1)


def key_place(sequence: int, hashed: int) -> int:
    """The index value of a key: the block of the journal its row is in, then its hash.

    So the index grows at one end as the journal does, and a batch's rows touch few of its pages. (Measured on a
    million rows: entered at random places, they cost half of all the writing.)
    """
    return sequence >> KEY_BLOCK_BITS << KEY_BITS | hashed


if not TYPE_CHECKING:
    (row_hashes,) = twins("exchange.node._codec", row_hashes)
