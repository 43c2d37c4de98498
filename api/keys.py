"""By which key a command's retry is known, the same at every door."""

from __future__ import annotations

from exchange.core.messages import Command
from matching.lot_messages import CommitBid, PlaceBid
from matching.messages import PlaceOrder, ReplaceOrder


def key_of(command: Command, given: str = "") -> str:
    """The key the sender gave, else an order's own client_order_id, which is unique within its account (FIX ClOrdID).

    A bid's client_bid_id is unique within its bidder.
    A given key holds no space, so the two can never be mistaken for each other.
    """
    if given:
        return given
    match command:
        case PlaceOrder() | ReplaceOrder():
            return f"order {command.account_id} {command.client_order_id}"
        case PlaceBid() | CommitBid():
            return f"bid {command.bidder_id} {command.client_bid_id}"
        case _:
            return ""
