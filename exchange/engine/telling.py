"""Whoever a case concerns hears of each of its steps on the private channel, whether or not units of theirs moved."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from custody.ledger import Leg
from exchange.core.ids import AccountId
from exchange.core.messages import Header
from exchange.core.postings import AccountMark, Movement
from exchange.engine.state import ExchangeState


def move_and_tell(
    state: ExchangeState,
    header: Header,
    concerned: Iterable[AccountId],
    legs: Iterable[Leg] = (),
    holds: Iterable[Leg] = (),
) -> Movement:
    """A transfer, or none, told once to each account it moves and each one concerned. Call after the line."""
    movement = state.ledger.move(header.sequence, legs, holds)
    told = [mark.account_id for mark in movement.marks]
    rest = tuple(
        AccountMark(account_id=account_id, mark=state.ledger.tell(account_id, header.sequence))
        for account_id in concerned
        if account_id not in told
    )
    return msgspec.structs.replace(movement, marks=(*movement.marks, *rest))
