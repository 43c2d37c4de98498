"""The minimal C++ book: a whole workload in one call, and what it traded."""

from typing import NamedTuple

from typing_extensions import Buffer

class Traded(NamedTuple):
    trades: int
    lots: int
    notional_ticks: int
    fingerprint: int

class MinimalBook:
    def __init__(self, orders: int) -> None: ...
    def play(self, messages: Buffer) -> None: ...
    def traded(self) -> Traded: ...
