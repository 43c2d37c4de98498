"""Encumbrances keep to the keeper's tokens whatever is asked, and proceeds to its heaps; a broken engine is noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from custody.pledges import ConsentAct, Proceeds, split_proceeds
from exchange.core.rejections import InvariantBroken
from exchange.core.units import Minor
from exchange.engine import encumbrances, orders, pledge_checks, pledge_sales, pledges, preservations
from tests.deals.stage import PRICE
from tests.models.encumbrance_model import paid_by_rank
from tests.pledges.machine import PledgeMachine
from tests.pledges.stage import Vault

QUIET = list(HealthCheck)
SEARCH = settings(
    max_examples=60,
    stateful_step_count=15,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=QUIET,
)
NOTICED = (AssertionError, InvariantBroken, LookupError)

TestPledgeMachine = PledgeMachine.TestCase
SHORT = settings(max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=QUIET)
TestPledgeMachine.settings = SHORT

Bug = tuple[str, Any, str, Callable[[Any], Callable[..., Any]]]
PLANTED: list[Bug] = [
    ("nobody takes over what an ended entry held", encumbrances, "_behind", lambda _: lambda *_: []),
    ("a later rank needs no consent", pledge_checks, "consent_of", lambda _: lambda *_: True),
    ("pledged units are offered on", pledges, "_is_whole", lambda _: lambda *_: True),
    ("the oldest offer ends first", preservations, "_offers", lambda sound: lambda *a: sound(*a)[::-1]),
    ("orders stand in a court's way", preservations, "_offers", lambda _: lambda *_: []),
    ("units count as free that lie under an entry", orders, "short_of", lambda sound: lambda *a: sound(*a[:3], 0)),
]


@pytest.mark.parametrize(("module", "name", "make"), [bug[1:] for bug in PLANTED], ids=[bug[0] for bug in PLANTED])
def test_the_state_machine_notices(
    module: Any, name: str, make: Callable[[Any], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, make(getattr(module, name)))
    with pytest.raises(NOTICED):
        run_state_machine_as_test(type("Quick", (PledgeMachine,), {"checking": False}), settings=SEARCH)


@given(st.integers(0, 1_000), st.lists(st.integers(1, 400), max_size=6))
def test_every_coin_of_a_price_goes_to_one_pocket(net: int, claims: list[int]) -> None:
    got, rest = paid_by_rank(net, claims)
    assert split_proceeds(net, claims) == got
    assert sum(got) + rest == net
    assert rest >= 0


PRICES = st.one_of(st.sampled_from([1, 10_000_000, 30_300_000, 30_303_031, PRICE]), st.integers(1, PRICE))


@settings(max_examples=12, deadline=None, suppress_health_check=QUIET)
@given(PRICES, st.integers(1, 300), st.integers(1, 300), st.sampled_from(list(Proceeds)))
def test_a_sale_pays_by_rank_to_the_fen(price: int, first: int, second: int, proceeds: Proceeds) -> None:
    price_sells_by_rank(price, first, second, proceeds)


def price_sells_by_rank(price: int, first: int, second: int, proceeds: Proceeds) -> None:
    """Sell the right at hand, with two pledges on it, by agreement."""
    vault = Vault.cn()
    bank = vault.pledged("bank", first)
    fund = vault.second(bank, "bank", "fund", second)
    vault.consents(bank, "bank", ConsentAct.SALE)
    vault.consents(fund, "fund", ConsentAct.SALE, proceeds=proceeds)
    deal = vault.offered(price_minor=Minor(price))
    before = {who: vault.money(who) for who in ("bank", "fund", "lab")}
    vault.steps("accept", "seller signs", "buyer signs", "confirm")
    got, rest = paid_by_rank(price - deal.seller_fee_minor, [first * 100_000, second * 100_000])
    kept = got[1] if proceeds is Proceeds.DEPOSIT else 0
    assert vault.money("bank") - before["bank"] == got[0]
    assert vault.money("fund") - before["fund"] == got[1] - kept
    assert vault.money("lab") - before["lab"] == rest + kept
    assert vault.held_of("lab", vault.bank().money_asset_id) == kept
    vault.venue.close()


MISPAID: list[Bug] = [
    ("the last rank first", pledge_sales, "split_proceeds", lambda sound: lambda n, c: sound(n, c[::-1])[::-1]),
    ("the owner is paid too", pledge_sales, "split_proceeds", lambda _: lambda n, c: [0 for _ in c]),
    ("everybody alike", pledge_sales, "split_proceeds", lambda _: lambda n, c: [min(x, n // len(c)) for x in c]),
    ("what is deposited is paid", pledge_sales, "consent_of", lambda _: lambda *_: None),
]


@pytest.mark.parametrize(("module", "name", "make"), [bug[1:] for bug in MISPAID], ids=[bug[0] for bug in MISPAID])
def test_a_wrong_split_is_noticed(
    module: Any, name: str, make: Callable[[Any], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, make(getattr(module, name)))
    with pytest.raises(NOTICED):
        price_sells_by_rank(40_400_000, 300, 300, Proceeds.DEPOSIT)
