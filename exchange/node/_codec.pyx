# distutils: language = c++
"""A journal row's hashes in one call; exchange/node/codec.py says what they are, and tests hold the two together."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from libc.string cimport memcpy
from libcpp cimport bool as cpp_bool

from hashlib import sha256

from exchange.core.ids import SHARD as _SHARD
from exchange.core.wire import FORMAT as _FORMAT
from exchange.core.wire import encode_events

cdef extern from "sha256.hpp":
    cdef cppclass Sha256 "exchange::Sha256":
        @staticmethod
        cpp_bool available()
        @staticmethod
        void hash(const uint8_t* message, size_t length, uint8_t* out) nogil

cdef bint QUICK = Sha256.available()
cdef unsigned long long SHARD = _SHARD
cdef unsigned long long FORMAT = _FORMAT
cdef list HEADS = [bytes((0x90 | count,)) for count in range(16)]


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


cdef int hash_into(char* to, bytes message) except -1:
    """The hash of a message, laid out where it belongs."""
    if QUICK:
        Sha256.hash(<const uint8_t*>PyBytes_AS_STRING(message), PyBytes_GET_SIZE(message), <uint8_t*>to)
    else:
        raw(to, sha256(message).digest())
    return 0


cdef int salted_hash_into(char* to, bytes row_salt, Py_ssize_t place, bytes event) except -1:
    """event_hash(event_salt(row_salt, place), event)"""
    cdef Py_ssize_t salt_size = PyBytes_GET_SIZE(row_salt)
    cdef bytes salting = PyBytes_FromStringAndSize(NULL, salt_size + 2)
    big(raw(PyBytes_AS_STRING(salting), row_salt), <unsigned long long>place, 2)
    cdef char salt[32]
    hash_into(salt, salting)
    cdef bytes salted = PyBytes_FromStringAndSize(NULL, 1 + 16 + PyBytes_GET_SIZE(event))
    cdef char* at = PyBytes_AS_STRING(salted)
    at[0] = 2
    memcpy(at + 1, salt, 16)
    raw(at + 17, event)
    return hash_into(to, salted)


def hashed(bytes message):
    """One message's hash, as row_hashes makes it: for the test that holds it to hashlib."""
    cdef bytes found = PyBytes_FromStringAndSize(NULL, 32)
    hash_into(PyBytes_AS_STRING(found), message)
    return found


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
    if PyBytes_GET_SIZE(previous) != 32:
        raise ValueError("a chain's link is 32 bytes")
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
    hash_into(at, asked)
    at = big(at + 32, <unsigned long long>count, 2)
    cdef Py_ssize_t place
    for place in range(count):
        salted_hash_into(at + 32 * place, <bytes>salt, place, <bytes>events[place])

    cdef bytes link = PyBytes_FromStringAndSize(NULL, 64)
    at = raw(PyBytes_AS_STRING(link), previous)
    hash_into(at, leaf)
    cdef bytes chain = PyBytes_FromStringAndSize(NULL, 32)
    hash_into(PyBytes_AS_STRING(chain), link)
    if count < 16:
        return (<bytes>HEADS[count] + (<bytes>events[0] if count == 1 else b"".join(events))), chain
    return encode_events(events), chain
