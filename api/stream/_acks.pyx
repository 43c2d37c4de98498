# cython: boundscheck=False, wraparound=False
"""The ack of an order as a whole frame, written digit by digit: `order_ack_frame` of answers.py, compiled."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from exchange.core.ids import ORDINALS, SHARD

cdef enum:
    NUMBERS = 640  # more than all the words, six numbers and an id of 64 characters, each escaped, can take
    SHORT = 126

cdef int64_t ID_ORDINALS = ORDINALS
cdef bytes BEGIN = b'{"type":"ack","id":'
cdef bytes SEQUENCE = b',"sequence":'
cdef bytes AT_NS = b',"at_ns":'
cdef bytes ORDER_ID = b',"order_id":"O%d-' % SHARD
cdef list STATUS = [b'","status":"%b","remaining_lots":' % status for status in (b"open", b"filled", b"cancelled")]
cdef bytes END = b"}"
cdef bytes REPEATED_END = b',"repeated":true}'


cdef inline char* put(char* at, bytes text) noexcept:
    memcpy(at, PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))
    return at + PyBytes_GET_SIZE(text)


cdef inline char* put_number(char* at, int64_t value) noexcept:
    """A natural number in decimal."""
    cdef char digits[20]
    cdef int place = 20
    cdef uint64_t left = <uint64_t>value
    while True:
        place -= 1
        digits[place] = c"0" + <char>(left % 10)
        left //= 10
        if left == 0:
            break
    memcpy(at, digits + place, 20 - place)
    return at + 20 - place


def order_ack_frame(bytes echo, int64_t sequence, int64_t at_ns, int64_t order_id, int status, int64_t left, bint repeated):
    """The frame; `echo` is the client's id as JSON. Raises: ValueError for what no ack holds."""
    cdef char buffer[NUMBERS]
    cdef char* at = buffer + 4
    cdef char* start
    cdef Py_ssize_t size
    if PyBytes_GET_SIZE(echo) > 400 or sequence < 0 or at_ns < 0 or order_id < 0 or left < 0 or not 0 <= status < 3:
        raise ValueError("not the ack of an order")
    at = put(at, BEGIN)
    at = put(at, echo)
    at = put_number(put(at, SEQUENCE), sequence)
    at = put_number(put(at, AT_NS), at_ns)
    at = put_number(put(at, ORDER_ID), order_id // ID_ORDINALS)
    if order_id % ID_ORDINALS:
        at[0] = c"-"
        at = put_number(at + 1, order_id % ID_ORDINALS)
    at = put_number(put(at, <bytes>STATUS[status]), left)
    at = put(at, REPEATED_END if repeated else END)
    size = at - (buffer + 4)
    start = buffer + (2 if size < SHORT else 0)
    start[0] = <char>0x81
    if size < SHORT:
        start[1] = <char>size
    else:
        start[1] = <char>126
        start[2] = <char>(size >> 8)
        start[3] = <char>(size & 0xFF)
    return PyBytes_FromStringAndSize(start, at - start)
