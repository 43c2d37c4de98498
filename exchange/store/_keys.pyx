# distutils: language = c++
"""The compiled twin of keys.py; the idea and the layout are told there."""

from cython.operator cimport dereference, preincrement
from libc.stdint cimport int64_t, uint64_t
from libcpp.map cimport map as cppmap
from libcpp.unordered_set cimport unordered_set
from libcpp.vector cimport vector

cdef enum:
    KEY_BITS = 34
    SLOT_BITS = 18
    PROBES = 8
    BLOCKS = 64

cdef uint64_t HASH_MASK = (<uint64_t>1 << KEY_BITS) - 1
cdef uint64_t SLOT_MASK = (<uint64_t>1 << SLOT_BITS) - 1


cdef extern from "<bit>":
    int lowest_bit "std::countr_zero"(uint64_t word) nogil


cdef class CompiledFilter:
    """Places of keys, in the form of their index values; `find` may answer places that were never added."""

    cdef cppmap[int64_t, vector[uint64_t]] groups
    cdef int64_t newest
    cdef unordered_set[uint64_t] newest_hashes

    def __cinit__(self):
        self.newest = -1

    def add(self, places):
        """Take note of keys that are, or are about to be, in the journal."""
        cdef int64_t place
        cdef uint64_t kept
        for place in places:
            kept = place & HASH_MASK
            if place >> KEY_BITS > self.newest:
                for earlier in self.newest_hashes:
                    self.enter(self.newest, earlier)
                self.newest_hashes.clear()
                self.newest = place >> KEY_BITS
            if place >> KEY_BITS == self.newest:
                self.newest_hashes.insert(kept)
            else:
                self.enter(place >> KEY_BITS, kept)

    cdef int enter(self, int64_t block, uint64_t kept) except -1:
        cdef vector[uint64_t] *group = &self.groups[block // BLOCKS]
        if group.empty():
            group.resize(<size_t>1 << SLOT_BITS)
        cdef uint64_t *words = group.data()
        cdef uint64_t bit = <uint64_t>1 << (block % BLOCKS)
        cdef uint64_t step = kept >> SLOT_BITS | 1
        cdef size_t probe
        for probe in range(PROBES):
            words[(kept + probe * step) & SLOT_MASK] |= bit
        return 0

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
            if self.newest_hashes.count(kept):
                found.append(<int64_t>(<uint64_t>self.newest << KEY_BITS | kept))
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
