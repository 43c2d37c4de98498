"""A journal row's hashes in one call; exchange/node/codec.py says what they are, and tests hold the two together."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

from hashlib import sha256

from exchange.core.ids import SHARD as _SHARD
from exchange.core.wire import FORMAT as _FORMAT
from exchange.core.wire import encode_events

cdef unsigned long long SHARD = _SHARD
cdef unsigned long long FORMAT = _FORMAT
cdef bytes SALTED = b"\x02"
cdef list HEADS = [bytes((0x90 | count,)) for count in range(16)]
cdef list PLACES = [place.to_bytes(2, "big") for place in range(64)]


cdef inline char* big(char* to, unsigned long long value, int length):
    """Lay out an integer, its highest byte first."""
    cdef int place
    for place in range(length):
        to[place] = <char>(value >> (8 * (length - 1 - place)))
    return to + length


cdef inline char* raw(char* to, bytes value):
    cdef Py_ssize_t size = PyBytes_GET_SIZE(value)
    memcpy(to, PyBytes_AS_STRING(value), size)
    return to + size


def row_hashes(
    unsigned long long sequence,
    unsigned long long epoch,
    unsigned long long at_ns,
    unsigned int engine_version,
    unsigned long long principal,
    unsigned long long connection,
    bytes key,
    bytes command,
    list events,
    bytes salt,
    bytes previous,
):
    """The row's events as stored, and the chain's next link.

    `key` and `command` are the sender's key and the encoded command, `events` the encoded events.
    """
    # command_hash
    cdef Py_ssize_t key_size = PyBytes_GET_SIZE(key)
    cdef bytes asked = PyBytes_FromStringAndSize(NULL, 19 + key_size + PyBytes_GET_SIZE(command))
    cdef char* at = PyBytes_AS_STRING(asked)
    at[0] = 1
    at = big(at + 1, principal, 8)
    at = big(at, connection, 8)
    at = big(at, <unsigned long long>key_size, 2)
    at = raw(at, key)
    raw(at, command)

    # leaf_hash
    cdef Py_ssize_t count = len(events)
    cdef bytes leaf = PyBytes_FromStringAndSize(NULL, 1 + 2 + 2 + 8 + 8 + 8 + 4 + 32 + 2 + 32 * count)
    at = PyBytes_AS_STRING(leaf)
    at[0] = 0
    at = big(at + 1, FORMAT, 2)
    at = big(at, SHARD, 2)
    at = big(at, sequence, 8)
    at = big(at, epoch, 8)
    at = big(at, at_ns, 8)
    at = big(at, engine_version, 4)
    at = raw(at, sha256(asked).digest())
    at = big(at, <unsigned long long>count, 2)
    cdef Py_ssize_t place
    cdef bytes event, event_salt
    for place in range(count):
        event = events[place]
        event_salt = sha256(salt + (PLACES[place] if place < 64 else place.to_bytes(2, "big"))).digest()
        at = raw(at, sha256(SALTED + event_salt[:16] + event).digest())

    chain = sha256(previous + <bytes>sha256(leaf).digest()).digest()
    if count < 16:
        return (<bytes>HEADS[count] + (events[0] if count == 1 else b"".join(events))), chain
    return encode_events(events), chain
