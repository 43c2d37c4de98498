# cython: boundscheck=False, wraparound=False
"""frames.py compiled: the same reader, over the chunk's own memory. Read the twin first; it says what and why.

Payloads are unmasked eight bytes at a time, and the same pass tells whether any byte is not ASCII: only such a text is
looked at again to see that it is UTF-8.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from api.stream.frames import (
    INVALID_DATA,
    LONG_CONTROL,
    NOT_CONTINUED,
    NOT_MASKED,
    NOT_UTF8,
    NOTHING_TO_CONTINUE,
    PROTOCOL_ERROR,
    RESERVED,
    SPLIT_CONTROL,
    TOO_BIG,
    UNKNOWN,
)

cdef enum:
    TEXT = 1
    CLOSE = 8

cdef uint32_t KNOWN_OPCODES = (1 << 0) | (1 << 1) | (1 << 2) | (1 << 8) | (1 << 9) | (1 << 10)
cdef uint64_t HIGH_BITS = 0x8080808080808080ULL


cdef bint unmask(const uint8_t *source, const uint8_t *key, uint8_t *target, Py_ssize_t size) noexcept:
    """Write the payload unmasked; whether all of it is ASCII."""
    cdef uint8_t keys[8]
    cdef uint64_t wide_key, wide, seen = 0
    cdef uint8_t one
    cdef Py_ssize_t at = 0
    memcpy(keys, key, 4)
    memcpy(keys + 4, key, 4)
    memcpy(&wide_key, keys, 8)
    while at + 8 <= size:
        memcpy(&wide, source + at, 8)
        wide ^= wide_key
        seen |= wide
        memcpy(target + at, &wide, 8)
        at += 8
    while at < size:
        one = source[at] ^ keys[at & 7]
        seen |= one
        target[at] = one
        at += 1
    return not seen & HIGH_BITS


cdef class FrameReader:
    """Where one connection's reading stands; as in the twin."""

    cdef public bytes controls
    cdef public object failure
    cdef public bint has_news
    cdef readonly bint is_binary
    cdef readonly Py_ssize_t max_message
    cdef bytearray _rest
    cdef bytearray _message
    cdef Py_ssize_t _needed
    cdef bint _is_text
    cdef bint _is_ascii
    cdef bint _is_over

    def __init__(self, Py_ssize_t max_message):
        self.max_message = max_message
        self.controls = b""
        self.failure = None
        self._rest = bytearray()

    cpdef list feed(self, bytes chunk):
        """The text messages that are whole with this chunk, in UTF-8 and in order."""
        cdef bytes data = chunk
        cdef list texts = []
        cdef Py_ssize_t at = 0, size, end
        if self._is_over:
            return texts
        if self._rest:
            self._rest += chunk
            if len(self._rest) < self._needed:
                return texts
            data = bytes(self._rest)
            self._rest.clear()
        end = PyBytes_GET_SIZE(data)
        while not self._is_over:
            size = self._frame(data, <const uint8_t *>PyBytes_AS_STRING(data) + at, at, end - at, texts)
            if size > end - at:
                self._needed = size
                self._rest += data[at:]
                break
            at += size
        return texts

    cdef Py_ssize_t _frame(self, bytes data, const uint8_t *frame, Py_ssize_t at, Py_ssize_t left, list texts) except -1:
        """Read the frame that begins here if all of it is there; its size, as far as it can be told."""
        cdef uint8_t first, second, opcode
        cdef Py_ssize_t head, length, size, place
        cdef uint64_t long_length = 0
        cdef bytes payload
        if left < 2:
            return 2
        first, second = frame[0], frame[1]
        opcode = first & 0x0F
        wrong = self._what_is_wrong(first, second)
        if wrong is not None:
            return self._fail(PROTOCOL_ERROR, wrong)
        length = second & 0x7F
        head = 6 + (2 if length == 126 else 8 if length == 127 else 0)
        if left < head:
            return head
        if head > 6:
            for place in range(2, head - 4):
                long_length = (long_length << 8) | frame[place]
        else:
            long_length = length
        if opcode < CLOSE and (
            long_length > <uint64_t>self.max_message
            or <Py_ssize_t>long_length + (0 if self._message is None else len(self._message)) > self.max_message
        ):
            return self._fail(TOO_BIG, f"a message holds at most {self.max_message} bytes")
        length = <Py_ssize_t>long_length
        size = head + length
        if left < size:
            return size
        if opcode >= CLOSE:
            self.controls += data[at : at + size]
            self.has_news = True
            self._is_over = opcode == CLOSE
            return size
        payload = PyBytes_FromStringAndSize(NULL, length)
        if opcode:
            self._is_text = opcode == TEXT
            self._is_ascii = True
        self._is_ascii &= unmask(frame + head, frame + head - 4, <uint8_t *>PyBytes_AS_STRING(payload), length)
        if opcode and first & 0x80:
            self._whole(payload, texts)
            return size
        if self._message is None:
            self._message = bytearray()
        self._message += payload
        if first & 0x80:
            payload, self._message = bytes(self._message), None
            self._whole(payload, texts)
        return size

    cdef str _what_is_wrong(self, uint8_t first, uint8_t second):
        """What the first two bytes of a frame already show, if anything; in order of precedence."""
        cdef uint8_t opcode = first & 0x0F
        if first & 0x70:
            return RESERVED
        if not (KNOWN_OPCODES >> opcode) & 1:
            return UNKNOWN
        if not second & 0x80:
            return NOT_MASKED
        if opcode >= CLOSE:
            if not first & 0x80:
                return SPLIT_CONTROL
            return LONG_CONTROL if second & 0x7F > 125 else None
        if opcode == 0:
            return NOTHING_TO_CONTINUE if self._message is None else None
        return NOT_CONTINUED if self._message is not None else None

    cdef int _whole(self, bytes message, list texts) except -1:
        if self.is_binary:
            return 0
        if not self._is_text:
            self.is_binary = self.has_news = True
            return 0
        if not self._is_ascii:
            try:
                message.decode()
            except UnicodeDecodeError:
                self._fail(INVALID_DATA, NOT_UTF8)
                return 0
        texts.append(message)
        return 0

    cdef Py_ssize_t _fail(self, int code, str reason) except -1:
        self.failure = (code, reason)
        self.has_news = self._is_over = True
        self._message = None
        return 0
