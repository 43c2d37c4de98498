"""The compiled hashes of a journal row are those of the readable codec."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.ids import ConnectionId, UserId
from exchange.core.messages import Header
from exchange.core.units import Epoch, Sequence, TimeNs
from exchange.core.wire import encode_events
from exchange.node import _codec
from exchange.node.codec import chain_hash, command_hash, leaf_hash

NUMBER = st.integers(0, 2**63 - 1)


@given(
    numbers=st.tuples(NUMBER, NUMBER, NUMBER, NUMBER, NUMBER),
    key=st.text(max_size=64),
    command=st.binary(max_size=300),
    events=st.lists(st.binary(max_size=200).map(lambda body: b"\xc4" + bytes((len(body),)) + body), max_size=80),
    salt=st.binary(min_size=16, max_size=16),
    previous=st.binary(min_size=32, max_size=32),
)
def test_compiled_and_readable_hashes_are_equal(
    numbers: tuple[int, int, int, int, int], key: str, command: bytes, events: list[bytes], salt: bytes, previous: bytes
) -> None:
    sequence, epoch, at_ns, principal, connection = numbers
    header = Header(Sequence(sequence), Epoch(epoch), TimeNs(at_ns), UserId(principal), ConnectionId(connection))
    asked = command_hash(principal, connection, key.encode(), command)
    chain = chain_hash(previous, leaf_hash(header, 7, asked, events, salt))
    found = _codec.row_hashes(
        sequence, epoch, at_ns, 7, principal, connection, key.encode(), command, events, salt, previous
    )
    assert found == (encode_events(events), chain)


def test_the_processors_hash_is_the_librarys_at_every_length() -> None:
    for length in range(300):
        message = bytes((7 * place + length) % 256 for place in range(length))
        assert _codec.hashed(message) == sha256(message).digest(), length


@given(st.binary(max_size=5_000))
def test_the_processors_hash_is_the_librarys(message: bytes) -> None:
    assert _codec.hashed(message) == sha256(message).digest()
