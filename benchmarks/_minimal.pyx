# cython: boundscheck=False, wraparound=False
# distutils: language = c++
"""The minimal C++ book (minimal.hpp) as Python sees it: a whole workload in one call, and what it traded."""

from libc.stdint cimport uint32_t, uint64_t
from libcpp.memory cimport unique_ptr

from typing import NamedTuple


cdef extern from "minimal.hpp" namespace "minimal" nogil:
    cdef struct Message:
        pass

    cdef struct Tally:
        uint64_t trades
        uint64_t lots
        uint64_t notional
        uint64_t fingerprint

    cdef cppclass Core "minimal::Book":
        Core(uint32_t) except +
        void play(const Message*, uint64_t)
        const Tally& tally()


class Traded(NamedTuple):
    """How many trades, lots and ticks × lots, and a fingerprint of (maker, taker, price, lots) of each in order."""

    trades: int
    lots: int
    notional_ticks: int
    fingerprint: int


cdef class MinimalBook:
    """Plays 16-byte messages: u8 kind, u8 side, u16, u32 lots, i32 price, u32 order."""

    cdef unique_ptr[Core] core

    def __init__(self, uint32_t orders):
        self.core.reset(new Core(orders))

    def play(self, const unsigned char[::1] messages not None):
        """Every message in turn."""
        cdef uint64_t count = <uint64_t>messages.shape[0] // 16
        if count == 0:
            return
        cdef const Message* first = <const Message*>&messages[0]
        with nogil:
            self.core.get().play(first, count)

    def traded(self):
        """What was traded so far."""
        cdef Tally tally = self.core.get().tally()
        return Traded(tally.trades, tally.lots, tally.notional, tally.fingerprint)
