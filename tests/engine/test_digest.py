"""The fingerprint of the state: blind to how things are kept, and not to anything else."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from exchange.core.ids import AccountId
from exchange.engine.digest import differences, digest, fingerprint
from exchange.engine.state import ExchangeState
from tests.support import Venue


@pytest.fixture
def venue() -> Venue:
    venue = Venue.sandbox()
    venue.member("wu")
    venue.member("li", cash=1_000)
    venue.instrument("INS", wu=10)
    venue.plays("""
        wu sells 5 @ 10 -> rests
        li buys 2 @ 10  -> wu 2 @ 10
        li buys 2 @ 9   -> rests
    """)
    return venue


def test_a_state_loaded_from_the_tables_has_the_same_fingerprint(venue: Venue) -> None:
    assert fingerprint(venue.copy().state) == fingerprint(venue.state)
    assert differences(venue.copy().state, venue.state) == []


def _touch_an_order(state: ExchangeState) -> None:
    state.orders[min(state.orders)].charged_minor += 1


def _touch_a_balance(state: ExchangeState) -> None:
    next(iter(next(iter(state.ledger.balances.values())).values())).last_sequence += 1


def _touch_an_account(state: ExchangeState) -> None:
    account = state.accounts[max(state.accounts)]
    state.put(msgspec.structs.replace(account, frozen=True))


def _touch_a_book(state: ExchangeState) -> None:
    next(iter(state.books.values())).cancel(min(state.orders))


def _touch_a_channel(state: ExchangeState) -> None:
    next(iter(state.ledger.channels.values())).n += 1


def _touch_a_reservation(state: ExchangeState) -> None:
    next(iter(state.bidders.values()))[AccountId(7)] = 1


@pytest.mark.parametrize(
    ("touch", "section"),
    [
        (_touch_an_order, "orders"),
        (_touch_a_balance, "balances"),
        (_touch_an_account, "Account"),
        (_touch_a_book, "books"),
        (_touch_a_channel, "channels"),
        (_touch_a_reservation, "bidders"),
    ],
)
def test_whatever_is_touched_is_named(venue: Venue, touch: Callable[[ExchangeState], None], section: str) -> None:
    other = venue.copy().state
    touch(other)
    assert fingerprint(other) != fingerprint(venue.state)
    mine, yours = digest(venue.state), digest(other)
    assert [name for name in mine if mine[name] != yours[name]] == [section]
    [found] = differences(venue.state, other)
    assert found.startswith(f"{section} ")
