# The ledger's cells as compiled code sees them; custody/balances.py says what they mean.

cdef class Balance:
    cdef public long long units, held_units, last_sequence

cdef class Channel:
    cdef public long long n, sequence, previous_sequence
