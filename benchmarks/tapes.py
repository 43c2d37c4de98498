"""The workloads as command records: the bytes in which a batch is sent to a book."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.workloads import CANCEL, IOC, MARKET, Message, as_records
from matching.book_messages import BookSide, Kind, Reason, SelfTrade, TimeLimit
from matching.book_records import Op

COMMAND = np.dtype(
    [
        *((name, "u1") for name in ("op", "side", "kind", "time_limit", "self_trade", "flags")),
        ("max_fills", "<u2"),
        *((name, "<i8") for name in ("order_id", "account_id", "group_id", "price", "lots", "most", "zero")),
    ]
)
IDS = 1_024
"""An order's number is its command's place in the journal times this."""
MAX_FILLS = 1_000


def records(messages: list[Message], first_id: int = 0) -> NDArray[Any]:
    """Command records of a workload; one account a side, so nobody meets himself."""
    sent = as_records(messages)
    cancels = sent["kind"] == CANCEL
    takes = (sent["kind"] == MARKET) | (sent["kind"] == IOC)
    told = np.zeros(len(sent), dtype=COMMAND)
    told["op"] = np.where(cancels, Op.CANCEL, Op.SUBMIT)
    told["kind"] = np.where(cancels, Reason.REQUESTED, np.where(sent["kind"] == MARKET, Kind.MARKET, Kind.LIMIT))
    told["order_id"] = (sent["order"].astype("i8") + first_id) * IDS
    orders = ~cancels
    told["side"] = np.where(orders, sent["side"] + BookSide.BUY, 0)
    told["time_limit"] = np.where(orders, np.where(takes, TimeLimit.IOC, TimeLimit.GTC), 0)
    told["self_trade"] = np.where(orders, SelfTrade.CANCEL_NEWEST, 0)
    told["max_fills"] = np.where(orders, MAX_FILLS, 0)
    told["account_id"] = np.where(orders, sent["side"].astype("i8") + 1, 0)
    told["price"] = np.where(orders, sent["price"], 0)
    told["lots"] = np.where(orders, sent["lots"], 0)
    return told
