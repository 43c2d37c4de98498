"""A correction is a new transfer with the signs turned: once, by two, and only while the units are still there."""

from __future__ import annotations

import msgspec
import pytest

from custody.accounts import Bank
from custody.corrections_messages import (
    FreezeAccount,
    FreezeAsset,
    ReverseTransfer,
    TransferReversed,
    TransferUnits,
    UnitsTransferred,
)
from custody.funding_messages import HouseSwept, MatchReceipt, Receipt, ReceiptCredited, RecordReceipt, SweepHouse
from custody.transfers import Transfer
from exchange.core.ids import AccountId, AssetId, InstrumentId, TransferId, make_id
from exchange.core.instruments import AssetKind, TitleRegime
from exchange.core.messages import Event, Header, Rejected
from exchange.core.units import Minor, Units
from exchange.engine.issuance import asset_code_taken, issue_units, outstanding_units, retire_units
from exchange.engine.state import ExchangeState
from matching.messages import FreezeInstrument
from tests.support import Seeded, Venue


@pytest.fixture
def venue() -> Venue:
    venue = Venue.sandbox(fee_ppm=10_000, fee_minimum=0)
    venue.member("wu")
    venue.member("li")
    return venue


def reversed_(venue: Venue, transfer_id: int) -> list[Event]:
    """Turn a transfer, by two operators."""
    return venue.by_two(ReverseTransfer(transfer_id=TransferId(transfer_id), reason="a mistake"))


def code(events: list[Event]) -> str:
    """What a command was refused with."""
    return events[0].code.value if isinstance(events[0], Rejected) else ""


def credited(venue: Venue, amount: int = 100) -> ReceiptCredited:
    """A receipt of wu's, credited."""
    command = RecordReceipt(
        bank_id=venue.bank_id,
        reference="ref",
        payer_name="wu",
        payer_account="XT00",
        amount_minor=Minor(amount),
        account_id=venue.accounts["wu"],
    )
    return venue.make(command, ReceiptCredited)


def test_a_receipt_credited_by_mistake_is_in_suspense_again(venue: Venue) -> None:
    done = credited(venue)
    [*_, turned] = reversed_(venue, done.transfer.transfer_id)
    assert isinstance(turned, TransferReversed) and turned.receipt is not None
    assert [(p.account_id, p.units) for p in turned.movement.postings] == [
        (p.account_id, -p.units) for p in done.movement.postings
    ]
    venue.has("wu", cash=0)
    assert venue.state.table(Receipt)[done.receipt.receipt_id].status == "received"
    venue.restart()
    assert code(reversed_(venue, done.transfer.transfer_id)) == "ledger.already_reversed"
    again = MatchReceipt(receipt_id=done.receipt.receipt_id, account_id=venue.accounts["wu"])
    second = venue.make(again, ReceiptCredited)
    venue.has("wu", cash=100)
    assert code(reversed_(venue, second.transfer.transfer_id)) == ""
    venue.has("wu", cash=0)
    venue.close()


def test_what_was_spent_or_promised_meanwhile_is_not_taken_back(venue: Venue) -> None:
    done = credited(venue)
    venue.instrument("INS", li=10)
    venue.plays("wu buys 1 @ 1 as a -> rests")
    assert code(reversed_(venue, done.transfer.transfer_id)) == "hold.insufficient_available"
    venue.plays("wu cancels a -> 1 lots")
    assert code(reversed_(venue, done.transfer.transfer_id)) == ""
    venue.close()


def test_a_sweep_is_turned_on_all_four_accounts(venue: Venue) -> None:
    credited(venue, 2_000)
    venue.instrument("INS", li=10)
    venue.plays("""
        wu buys 10 @ 100  -> rests
        li sells 10 @ 100 -> wu 10 @ 100
    """)
    swept = venue.make(SweepHouse(bank_id=venue.bank_id), HouseSwept)
    bank = venue.state.table(Bank)[venue.bank_id]
    assert venue.state.ledger.units(bank.house_id, venue.money) == 20
    assert code(reversed_(venue, swept.transfer.transfer_id)) == ""
    assert venue.state.ledger.units(bank.house_id, venue.money) == 0
    assert venue.state.ledger.units(bank.fees_due_id, venue.money) == 20
    assert venue.make(SweepHouse(bank_id=venue.bank_id), HouseSwept).amount_minor == 20
    venue.close()


def test_a_trade_is_final(venue: Venue) -> None:
    credited(venue, 2_000)
    venue.instrument("INS", li=10)
    venue.plays("""
        wu buys 1 @ 100  -> rests
        li sells 1 @ 100 -> wu 1 @ 100
    """)
    trade = make_id(venue.state.sequence)
    assert code(reversed_(venue, trade)) == "ledger.not_reversible"
    assert code(reversed_(venue, make_id(venue.state.sequence + 100))) == "ledger.transfer_unknown"
    venue.close()


def by_hand(venue: Venue, units: int) -> TransferUnits:
    """wu gives li some money."""
    return TransferUnits(
        asset_id=venue.money,
        from_account_id=venue.accounts["wu"],
        to_account_id=venue.accounts["li"],
        units=Units(units),
        reason="succession",
    )


def test_a_transfer_by_hand_is_refused_in_this_order(venue: Venue) -> None:
    credited(venue)
    house = venue.state.table(Bank)[venue.bank_id].house_id
    wrong = msgspec.structs.replace(by_hand(venue, 101), asset_id=AssetId(7), from_account_id=AccountId(7))
    assert code(venue.by_two(wrong)) == "asset.unknown"
    wrong = msgspec.structs.replace(wrong, asset_id=venue.money)
    assert code(venue.by_two(wrong)) == "account.unknown"
    for end in ({"from_account_id": house}, {"to_account_id": house}, {"to_account_id": venue.accounts["wu"]}):
        assert code(venue.by_two(msgspec.structs.replace(by_hand(venue, 101), **end))) == "account.unknown"
    assert code(venue.by_two(by_hand(venue, 101))) == "hold.insufficient_available"
    [*_, moved] = venue.by_two(by_hand(venue, 100))
    assert isinstance(moved, UnitsTransferred)
    venue.has("li", cash=100)
    assert code(reversed_(venue, moved.transfer.transfer_id)) == ""
    venue.has("wu", cash=100)
    assert len(venue.state.table(Transfer)) == 2
    venue.close()


def test_what_is_not_there_cannot_be_frozen(venue: Venue) -> None:
    house = venue.state.table(Bank)[venue.bank_id].house_id
    for account_id in (AccountId(7), house):
        assert venue.refusal(FreezeAccount(account_id=account_id, frozen=True)) == "account.unknown"
    assert venue.refusal(FreezeAsset(asset_id=AssetId(7), frozen=True)) == "asset.unknown"
    assert venue.refusal(FreezeInstrument(instrument_id=InstrumentId(7), frozen=True)) == "instrument.unknown"


def test_a_frozen_account_s_orders_end_and_its_neighbours_stay(venue: Venue) -> None:
    venue.instrument("INS", wu=10, li=10)
    venue.plays("""
        wu sells 1 @ 5 -> rests
        li sells 1 @ 6 -> rests
    """)
    venue.do(FreezeAccount(account_id=venue.accounts["wu"], frozen=True))
    venue.plays("""
        book           -> | 6 x 1 (1)
        wu sells 1 @ 5 -> account.frozen
    """)
    venue.restart()
    venue.plays("wu sells 1 @ 5 -> account.frozen")
    venue.do(FreezeAccount(account_id=venue.accounts["wu"], frozen=False))
    venue.plays("wu sells 1 @ 5 -> rests")
    venue.close()


def test_what_is_issued_stands_against_its_mirror_and_may_be_retired(venue: Venue) -> None:
    wu = venue.accounts["wu"]

    def issue(state: ExchangeState, header: Header) -> Seeded:
        made = issue_units(
            state,
            header,
            ordinal=3,
            kind=AssetKind.NOTE,
            code="NOTE-A",
            total_units=1_000,
            title_regime=TitleRegime.OWN_REGISTER,
            subject_id=5,
            to_account_id=wu,
        )
        return [made.asset, made.account, made.movement]

    note = AssetId(make_id(venue.seed(issue).sequence, 3))
    assert asset_code_taken(venue.state, "NOTE-A") and not asset_code_taken(venue.state, "NOTE-B")
    assert outstanding_units(venue.state, note) == 1_000
    venue.seed(lambda state, header: [state.ledger.move(header.sequence, (), [(wu, note, 400)])])
    venue.seed(lambda state, header: [retire_units(state, header, note, wu, 400, held=400)])
    assert outstanding_units(venue.state, note) == venue.state.ledger.available(wu, note) == 600
    assert venue.state.assets[note].total_units == 1_000
    venue.close()
