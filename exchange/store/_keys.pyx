# distutils: language = c++
"""The compiled twin of keys.py; the idea and the layout are told there."""

from cython.operator cimport dereference, preincrement
from libc.stdint cimport int64_t, uint64_t
from libcpp.map cimport map as cppmap
from libcpp.vector cimport vector

cdef enum:
    KEY_BITS = 34
    SLOT_BITS = 18
    PROBES = 8
    BLOCKS = 64

cdef uint64_t HASH_MASK = (<uint64_t>1 << KEY_BITS) - 1
cdef uint64_t SLOT_MASK = (<uint64_t>1 << SLOT_BITS) - 1


cdef extern from *:
    int lowest_bit "__builtin_ctzll"(uint64_t word) nogil


cdef class CompiledFilter:
    """Places of keys, in the form of their index values; `find` may answer places that were never added."""

    cdef cppmap[int64_t, vector[uint64_t]] groups

    def add(self, places):
        """Take note of keys that are, or are about to be, in the journal."""
        cdef int64_t place
        cdef uint64_t kept, step, bit
        cdef size_t probe
        cdef vector[uint64_t] *found
        cdef uint64_t *words
        for place in places:
            found = &self.groups[place >> KEY_BITS >> 6]
            if found.empty():
                found.resize(<size_t>1 << SLOT_BITS)
            words = found.data()
            bit = <uint64_t>1 << (place >> KEY_BITS & (BLOCKS - 1))
            kept = place & HASH_MASK
            step = kept >> SLOT_BITS | 1
            for probe in range(PROBES):
                words[(kept + probe * step) & SLOT_MASK] |= bit

    def find(self, hashes):
        """Every place where a key with one of these hashes may be."""
        cdef list found = []
        cdef int64_t hashed
        cdef uint64_t kept, step, blocks
        cdef size_t probe
        cdef int64_t first
        cdef cppmap[int64_t, vector[uint64_t]].iterator at
        cdef uint64_t *words
        for hashed in hashes:
            kept = <uint64_t>hashed & HASH_MASK
            step = kept >> SLOT_BITS | 1
            at = self.groups.begin()
            while at != self.groups.end():
                words = dereference(at).second.data()
                first = dereference(at).first * BLOCKS
                preincrement(at)
                blocks = ~<uint64_t>0
                for probe in range(PROBES):
                    blocks &= words[(kept + probe * step) & SLOT_MASK]
                while blocks:
                    found.append(<int64_t>((first + lowest_bit(blocks)) << KEY_BITS | kept))
                    blocks &= blocks - 1
        return found
