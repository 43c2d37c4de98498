"""What is left out of an event for a reader whose account it is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest

import exchange.bootstrap  # noqa: F401 - so that every event there is has been defined
from api.views import OWNERS, everything, shown
from exchange.core.ids import AccountId, AssetId, make_id
from exchange.core.postings import AccountMark, FeedMark, HoldChange, Movement, Posting
from exchange.core.units import Sequence, Units
from exchange.core.wire import events

SHARED = {
    # Shown whole to everybody whom the event concerns: parties of one matter, and what the venue itself owns.
    ("bank.opened", "Account"),
    ("outcome.shares_issued", "Account"),
    ("ledger.reversed", "Receipt"),
    *((f"pilot.{verb}", "TeamMember") for verb in ("agreed", "completed", "decided", "ended", "notice_ended")),
    *((f"pilot.{verb}", "TeamMember") for verb in ("objected", "objection_dismissed", "proposed")),
    ("pilot.completed", "Assignment"),
}


def lists_of_accounts(kind: Any) -> Iterator[str]:
    """Records in lists inside an event that name accounts: where one event speaks of many owners."""
    for field in msgspec.structs.fields(kind):
        for inner in (field.type, *get_args(field.type)):
            if not (isinstance(inner, type) and issubclass(inner, msgspec.Struct)):
                continue
            if inner is not field.type and any(name.endswith("account_id") for name in inner.__struct_fields__):
                yield inner.__name__
            yield from lists_of_accounts(inner)


def test_whatever_lists_many_accounts_is_private_or_meant_to_be_shared() -> None:
    private = {kind.__name__ for kind in OWNERS}
    found = {(name, inner) for name, kind in events().items() for inner in lists_of_accounts(kind)}

    assert {pair for pair in found if pair[1] not in private} == SHARED
    assert ("product.issued", "Subscription") in found


@pytest.mark.parametrize("mine", [1, 2])
def test_of_a_movement_each_sees_its_own_legs_holds_and_marks(mine: int) -> None:
    accounts = [AccountId(make_id(number)) for number in (1, 2)]
    asset = AssetId(make_id(9))
    moved = Movement(
        postings=tuple(
            Posting(
                account_id=account, asset_id=asset, units=units, balance_after=Units(0), previous_sequence=Sequence(0)
            )
            for account, units in zip(accounts, (Units(-5), Units(5)), strict=True)
        ),
        holds=tuple(HoldChange(account_id=account, asset_id=asset, held_after=Units(0)) for account in accounts),
        marks=tuple(
            AccountMark(account_id=account, mark=FeedMark(n=1, previous_sequence=Sequence(0))) for account in accounts
        ),
    )
    own = accounts[mine - 1]
    seen = shown(moved, lambda account_id: account_id == own)

    assert {part["account_id"] for parts in seen.values() for part in parts} == {f"A1-{mine}"}
    assert all(len(parts) == 1 for parts in seen.values())
    assert all(len(parts) == 2 for parts in shown(moved, everything).values())
    assert not any(shown(moved, lambda _: False).values())
