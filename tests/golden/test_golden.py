"""Each finished version left its story's database; this one opens, migrates, proves and trades on all of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import zstandard

from exchange.core.ids import UserId
from exchange.core.instruments import Phase, Side
from exchange.core.parties import Standing, UserRight
from exchange.core.units import PriceTicks, QuantityLots
from exchange.engine.state import ExchangeState
from exchange.node.clock import SystemClock
from exchange.node.keeper import Keeper
from exchange.node.local import LocalBus, LocalFeed
from exchange.store.proofs import verify
from exchange.store.snapshot import snapshot
from exchange.store.sqlite import SqliteStore
from matching.book_messages import BookSide
from matching.messages import OrderAccepted, PlaceOrder, TradeMade

FOLDER = Path(__file__).parent
GOLDEN = sorted(FOLDER.glob("*.sqlite.zst"))


@pytest.fixture(params=GOLDEN, ids=lambda path: path.name)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """One golden database, unpacked."""
    path = tmp_path / "exchange.sqlite"
    path.write_bytes(zstandard.ZstdDecompressor().decompress(request.param.read_bytes(), max_output_size=2**31))
    return path


def test_there_is_one_for_this_version() -> None:
    assert GOLDEN


async def test_a_golden_database_opens_trades_and_is_proved(database: Path) -> None:
    clock, bus = SystemClock(), LocalBus()
    keeper = Keeper(lambda: SqliteStore(database, clock), bus, LocalFeed(), clock)
    running = asyncio.create_task(keeper.run())
    await asyncio.wait([asyncio.create_task(keeper.ready.wait()), running], return_when=asyncio.FIRST_COMPLETED)
    assert keeper.sequencer is not None
    state = keeper.sequencer.state
    buy, by = _a_bid_that_trades(state)
    outcome = await bus.submit(buy, by, key="golden")
    assert isinstance(outcome.events[0], OrderAccepted), outcome.events
    assert any(isinstance(event, TradeMade) for event in outcome.events)
    keeper.close()
    await running
    with snapshot(f"sqlite:///{database}") as tables:
        report = verify(tables, replay=True)
    assert report.clean, report.summary()
    assert report.head.sequence > outcome.sequence - 1


def _a_bid_that_trades(state: ExchangeState) -> tuple[PlaceOrder, UserId]:
    """A bid of somebody with money at the best offer of somebody else."""
    users = {user.member_id: user.user_id for user in state.users.values() if UserRight.TRADE in user.rights}
    for _, instrument in sorted(state.instruments.items()):
        offer = state.books[instrument.instrument_id].best(BookSide.SELL)
        if not offer or instrument.phase is not Phase.CONTINUOUS:
            continue
        active = {
            order.account_id for order in state.orders.values() if order.instrument_id == instrument.instrument_id
        }
        for account_id, account in sorted(state.accounts.items()):
            free = state.ledger.available(account_id, instrument.money_asset_id)
            invited = account.member_id in users and Standing.INVITED in state.members[account.member_id].standings
            if invited and account_id not in active and free > 10 * offer * instrument.tick_minor:
                bid = PlaceOrder(
                    client_order_id="golden",
                    account_id=account_id,
                    instrument_id=instrument.instrument_id,
                    side=Side.BUY,
                    quantity_lots=QuantityLots(1),
                    price_ticks=PriceTicks(offer),
                )
                return bid, users[account.member_id]
    raise AssertionError("nobody can buy anything")
