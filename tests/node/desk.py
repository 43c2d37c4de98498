"""What an exchange's own desk does, step by step: ways that no table of a workflow's states goes.

Each has a stage on which everything stands ready, and steps of one or a few commands; at the end of a way everybody has
the same, whoever decided its commands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from custody.corrections_messages import FreezeAccount, KillOrders, ReleaseOrders
from custody.funding_messages import (
    MatchReceipt,
    OpenBank,
    PayoutAccountVerified,
    ReceiptRecorded,
    RecordReceipt,
    RevokePayoutAccount,
    SweepHouse,
    VerifyPayoutAccount,
)
from custody.messages import AccountOpened
from exchange.core.ids import AccountId, AssetId, ConnectionId, InsiderListId
from exchange.core.instruments import Side, TimeInForce
from exchange.core.membership import MandateGranted, OpenAccount, RevokeMandate
from exchange.core.messages import Command
from exchange.core.node_messages import LoseConnection
from exchange.core.parties import UserRight
from exchange.core.units import Minor, PriceTicks, QuantityLots, TimeNs
from matching.limit_messages import SetLimits
from matching.messages import CancelAllOrders, CancelOrder, FreezeInstrument, OrderAccepted, PlaceOrder
from matching.notice_messages import ChangeInsiders, EndInsiderList, InsidersListed, SetClosedPeriod
from securitization.mirror import CompleteMirrorFile, ConfirmMirrorFile, DiscardMirrorFile
from securitization.servicing_messages import ReleaseUnpaidPart
from securitization.servicing_records import UnpaidPart
from tests.allocations.stage import allocation
from tests.allocations.stage import stage as floor_with_funds
from tests.busts.stage import bust, by_two, correct, trades_of
from tests.engine.test_members import grant
from tests.issuing.test_mirror import Mirrored
from tests.issuing.test_terms import Proposing, shelf_of
from tests.notices.test_insiders import Floor
from tests.rewards.stage import Office, code_of
from tests.servicing import test_refusals as servicing
from tests.support import Venue

IBAN = "DE89 3704 0044 0532 0130 00"
HOUR_NS = 3_600_000_000_000


class Desk(NamedTuple):
    """A venue, and what else stands on the stage."""

    venue: Venue
    stage: Any = None


Step = Callable[[Desk], str]
"""Takes a desk a step on; answers the code it is refused with, or nothing."""


def send(make: Callable[[Desk], Command], by: str = "ops") -> Step:
    """One command."""
    return lambda desk: desk.venue.refusal(make(desk), by)


def have(desk: Desk) -> str:
    """What everybody has and what of it is held, from the least to the most, and how many orders are open.

    Numbers are left out: one that is made after a node started again is another.
    """
    ledger = desk.venue.state.ledger
    had = ((ledger.units(*place), ledger.held(*place)) for place in positions(desk.venue))
    return f"{sorted(each for each in had if any(each))}, {len(desk.venue.state.orders)} orders"


def positions(venue: Venue) -> list[tuple[AccountId, AssetId]]:
    """Every account and asset a venue knows."""
    return [(account, asset) for account in venue.state.accounts for asset in (venue.money, *_units(venue))]


def _units(venue: Venue) -> list[AssetId]:
    return list(dict.fromkeys(one.asset_id for one in venue.state.instruments.values()))


# --- The market's floor -----------------------------------------------------------------------------------------------


def trading() -> Desk:
    """`wu`, `li` and a fund with a block account trade SIM; trades may be busted for a minute."""
    return Desk(floor_with_funds(fee_ppm=10_000))


def order(client_order_id: str, lots: int, ticks: int, who: str = "li") -> Step:
    """A bid that rests."""

    def made(desk: Desk) -> Command:
        [instrument_id] = desk.venue.instruments.values()
        return PlaceOrder(
            client_order_id=client_order_id,
            account_id=desk.venue.accounts[who],
            instrument_id=instrument_id,
            side=Side.BUY,
            quantity_lots=QuantityLots(lots),
            price_ticks=PriceTicks(ticks),
            time_in_force=TimeInForce.GTC,
        )

    return send(made, who)


def _played(text: str) -> Step:
    def step(desk: Desk) -> str:
        desk.venue.plays(text)
        return ""

    return step


def _busted(desk: Desk) -> str:
    return code_of(by_two(desk.venue, bust(desk.venue, trades_of(desk.venue)[-1], 90)))


def _corrected(desk: Desk) -> str:
    return code_of(by_two(desk.venue, correct(desk.venue, trades_of(desk.venue)[-1], 95)))


def _shared(desk: Desk) -> str:
    return desk.venue.refusal(allocation(desk.venue, Side.BUY, {"alpha": 3, "beta": 7}), "fund")


def _cancelled(desk: Desk) -> str:
    accepted = [event for entry in desk.venue.journal for event in entry.events if isinstance(event, OrderAccepted)]
    command = CancelOrder(account_id=desk.venue.accounts["li"], order_id=accepted[-1].order_id)
    return desk.venue.refusal(command, "li")


def _runs_end(desk: Desk) -> str:
    desk.venue.finish_runs()
    return ""


def _instrument_frozen(desk: Desk) -> Command:
    [instrument_id] = desk.venue.instruments.values()
    return FreezeInstrument(instrument_id=instrument_id, frozen=True, reason="order")


def _mandate(desk: Desk) -> str:
    granted = desk.venue.make(grant(desk.venue, UserRight.TRADE), MandateGranted, "li")
    return desk.venue.refusal(RevokeMandate(mandate_id=granted.mandate.mandate_id), "li")


FLOOR: tuple[Step, ...] = (
    _played("wu sells 10 @ 100 -> rests\nblock buys 10 @ 100 -> wu 10 @ 100"),
    _shared,
    _played("wu sells 5 @ 100 -> rests\nli buys 5 @ 100 -> wu 5 @ 100"),
    _busted,
    _played("wu sells 4 @ 100 -> rests\nli buys 4 @ 100 -> wu 4 @ 100"),
    _corrected,
    send(lambda desk: SetLimits(account_id=desk.venue.accounts["li"], currency="XTS", order_value_minor=Minor(900))),
    order("a", 5, 50),
    _cancelled,
    order("b", 5, 50),
    send(lambda desk: CancelAllOrders(account_id=desk.venue.accounts["li"]), "li"),
    _runs_end,
    order("c", 5, 50),
    order("d", 4, 40),
    send(lambda desk: KillOrders(account_id=desk.venue.accounts["li"], reason="runaway")),
    _runs_end,
    send(lambda desk: ReleaseOrders(account_id=desk.venue.accounts["li"])),
    order("e", 3, 30),
    send(lambda _: LoseConnection(connection_id=ConnectionId(3)), "node"),
    _mandate,
    send(lambda desk: SweepHouse(bank_id=desk.venue.bank_id)),
    send(_instrument_frozen),
    _runs_end,
)

# --- Money ------------------------------------------------------------------------------------------------------------


def _verified(desk: Desk) -> str:
    command = VerifyPayoutAccount(member_id=desk.venue.members["li"], bank_account=IBAN, holder_name="li")
    payout = desk.venue.make(command, PayoutAccountVerified).payout_account.payout_account_id
    return desk.venue.refusal(RevokePayoutAccount(payout_account_id=payout))


def _matched(desk: Desk) -> str:
    command = RecordReceipt(
        bank_id=desk.venue.bank_id, reference="X", payer_name="li", payer_account=IBAN, amount_minor=Minor(70)
    )
    receipt = desk.venue.make(command, ReceiptRecorded).receipt
    match = MatchReceipt(receipt_id=receipt.receipt_id, account_id=desk.venue.accounts["li"])
    return desk.venue.refusal(match)


def _account(desk: Desk) -> str:
    command = OpenAccount(member_id=desk.venue.members["li"], sub_account="second", beneficiary="")
    return "" if desk.venue.make(command, AccountOpened, "li") else "none"


MONEY: tuple[Step, ...] = (
    send(lambda _: OpenBank(name="Another bank", code="OTHER", currency="XTS")),
    _verified,
    _matched,
    _account,
)

# --- Insiders ---------------------------------------------------------------------------------------------------------


def insiders() -> Desk:
    """Shares on a book, and who may know what others do not."""
    floor = Floor()
    return Desk(floor.venue, floor)


def _list_of(desk: Desk) -> InsiderListId:
    events = (event for entry in reversed(desk.venue.journal) for event in entry.events)
    return next(event for event in events if isinstance(event, InsidersListed)).insiders.list_id


def _opened(desk: Desk) -> str:
    return "" if desk.stage.opened(members=("li",)) else "none"


def _closed_period(desk: Desk) -> Command:
    now = desk.venue.clock_ns
    until = TimeNs(now + 2 * HOUR_NS)
    return SetClosedPeriod(list_id=_list_of(desk), closed_from_ns=TimeNs(now + HOUR_NS), closed_until_ns=until)


INSIDERS: tuple[Step, ...] = (
    _opened,
    send(lambda desk: ChangeInsiders(list_id=_list_of(desk), users=(desk.venue.users["wu"],)), "thu"),
    send(_closed_period, "thu"),
    send(lambda desk: EndInsiderList(list_id=_list_of(desk), reason="public"), "thu"),
)

# --- Securitization ---------------------------------------------------------------------------------------------------


def mirrored() -> Desk:
    """Notes whose register is elsewhere."""
    at = Mirrored(handed_over=True)
    return Desk(at.venue, at)


def _discarded(desk: Desk) -> str:
    file = desk.stage.open()
    return desk.venue.refusal(DiscardMirrorFile(mirror_file_id=file.mirror_file_id, reason="a wrong file"))


def _confirmed(desk: Desk) -> str:
    file = desk.stage.complete(i0=300, outsider=600)
    again = desk.venue.refusal(CompleteMirrorFile(mirror_file_id=file.mirror_file_id))
    assert again == "mirror.state"
    return desk.venue.refusal(ConfirmMirrorFile(mirror_file_id=file.mirror_file_id), "ops2")


MIRROR: tuple[Step, ...] = (_discarded, _confirmed)


def shelf() -> Desk:
    """An issue that may be drawn from a shelf."""
    at = Proposing()
    return Desk(at.stage.venue, at)


SHELF: tuple[Step, ...] = (lambda desk: code_of(desk.venue.by_two(shelf_of(desk.stage))),)


def unpaid() -> Desk:
    """A payment to holders one of whom is frozen."""
    stage = servicing._at("approved")
    stage.to_payment_date()
    stage.venue.do(FreezeAccount(account_id=stage.venue.accounts["ren"], frozen=True, reason="court"))
    return Desk(stage.venue, stage)


def _paid(desk: Desk) -> str:
    refused: str = desk.stage.step("pay")
    desk.venue.finish_runs()
    return refused


def _unfrozen(desk: Desk) -> Command:
    return FreezeAccount(account_id=desk.venue.accounts["ren"], frozen=False, reason="lifted")


def _released(desk: Desk) -> str:
    waiting = list(desk.venue.state.table(UnpaidPart))
    assert waiting
    return "".join(desk.venue.refusal(ReleaseUnpaidPart(unpaid_part_id=part)) for part in waiting)


UNPAID: tuple[Step, ...] = (_paid, send(_unfrozen), _released)


def claiming() -> Desk:
    """An office with a claim that is handed in."""
    office = Office().active(1_000)
    office.submitted("wu")
    return Desk(office.venue, office)


CLAIM: tuple[Step, ...] = tuple(
    lambda desk, name=name: desk.stage.code("wu", name) for name in ("send_back", "correct", "accept")
)

WAYS: dict[str, tuple[Callable[[], Desk], tuple[Step, ...]]] = {
    "the floor": (trading, FLOOR),
    "money": (trading, MONEY),
    "insiders": (insiders, INSIDERS),
    "a register file": (mirrored, MIRROR),
    "a shelf": (shelf, SHELF),
    "an unpaid part": (unpaid, UNPAID),
    "a corrected claim": (claiming, CLAIM),
}
