"""Compiled twins of the cells in custody/balances.py: the same fields, as machine integers."""


cdef class Balance:
    """What one account has of one asset. Units: `held_units` of `units` are promised."""

    def __init__(self, long long units=0, long long held_units=0, long long last_sequence=0):
        self.units = units
        self.held_units = held_units
        self.last_sequence = last_sequence

    def __repr__(self):
        return f"Balance(units={self.units}, held_units={self.held_units}, last_sequence={self.last_sequence})"


cdef class Channel:
    """How far an account's private channel has come."""

    def __init__(self, long long n=0, long long sequence=0, long long previous_sequence=0):
        self.n = n
        self.sequence = sequence
        self.previous_sequence = previous_sequence

    def __repr__(self):
        return f"Channel(n={self.n}, sequence={self.sequence}, previous_sequence={self.previous_sequence})"
