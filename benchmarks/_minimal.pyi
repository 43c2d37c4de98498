"""The minimal C++ book: a whole workload in one call, and what it traded."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

Octets = bytes | bytearray | memoryview | NDArray[Any]

class Traded(NamedTuple):
    trades: int
    lots: int
    notional_ticks: int
    fingerprint: int

class MinimalBook:
    def __init__(self, orders: int) -> None: ...
    def play(self, messages: Octets) -> None: ...
    def traded(self) -> Traded: ...
