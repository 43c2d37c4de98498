"""Client money in its states: every passage, every refusal in order, the bank's side always equal to the clients'."""

from __future__ import annotations

import msgspec
import pytest

from custody.accounts import CLIENT_MONEY, AccountKind, Bank
from custody.corrections_messages import FreezeAccount, FreezeAsset
from custody.funding_messages import (
    BankOpened,
    CancelWithdrawal,
    ConfirmWithdrawal,
    HouseSwept,
    InstructWithdrawal,
    MatchReceipt,
    OpenBank,
    PayoutAccountVerified,
    Receipt,
    ReceiptCredited,
    ReceiptRecorded,
    RecordReceipt,
    RequestWithdrawal,
    ReturnReceipt,
    ReturnWithdrawal,
    RevokePayoutAccount,
    SweepHouse,
    VerifyPayoutAccount,
    Withdrawal,
    WithdrawalRequested,
)
from exchange.core.ids import AccountId, BankId, MemberId, PayoutAccountId, ReceiptId, WithdrawalId
from exchange.core.membership import FreezeMember
from exchange.core.messages import Command
from exchange.core.parties import UserRight
from exchange.core.units import MAX_INTEGER, Minor
from tests.support import Venue

IBAN = "DE89 3704 0044 0532 0130 00"


@pytest.fixture
def venue() -> Venue:
    venue = Venue.sandbox(fee_ppm=10_000, fee_minimum=0)
    venue.member("wu")
    venue.member("li")
    return venue


def paid(
    venue: Venue, payer: str = "wu", reference: str = "ref", amount: int = 100, to: str | None = None
) -> RecordReceipt:
    """A payment the bank reports."""
    return RecordReceipt(
        bank_id=venue.bank_id,
        reference=reference,
        payer_name=payer,
        payer_account=IBAN,
        amount_minor=Minor(amount),
        account_id=venue.accounts[to] if to else None,
    )


def kinds(venue: Venue) -> dict[str, int]:
    """The venue's own balances of its money by kind, zeros left out."""
    found: dict[str, int] = {}
    for account_id, balance in venue.state.ledger.balances[venue.money].items():
        kind = venue.state.accounts[account_id].kind
        found[kind] = found.get(kind, 0) + balance.units
    assert sum(found.get(kind, 0) for kind in CLIENT_MONEY) == 0
    return {kind: units for kind, units in sorted(found.items()) if units}


def test_a_bank_has_its_money_and_its_seven_accounts() -> None:
    venue = Venue.sandbox()
    opened = venue.make(OpenBank(name="Second", code="TWO", currency="CNY", scale=2), BankOpened)
    assert (opened.asset.code, opened.asset.currency, opened.asset.scale) == ("CNY@TWO", "CNY", 2)
    assert [account.kind for account in opened.accounts] == [
        AccountKind.NOSTRO_CLIENT,
        AccountKind.NOSTRO_HOUSE,
        AccountKind.SUSPENSE,
        AccountKind.IN_TRANSIT,
        AccountKind.ESCROW,
        AccountKind.FEES_DUE,
        AccountKind.HOUSE,
    ]
    assert opened.asset.home_account_id == opened.bank.nostro_client_id
    assert venue.refusal(OpenBank(name="Again", code="TWO", currency="CNY")) == "bank.exists"
    assert venue.refusal(OpenBank(name="Again", code="TWO", currency="XTS")) == ""
    assert len(venue.state.table(Bank)) == 3
    venue.close()


def test_a_payment_by_the_member_itself_is_credited_at_once(venue: Venue) -> None:
    recorded, credited = venue.do(paid(venue, to="wu"))
    assert isinstance(recorded, ReceiptRecorded) and recorded.receipt.status == "received"
    assert isinstance(credited, ReceiptCredited) and credited.receipt.account_id == venue.accounts["wu"]
    venue.has("wu", cash=100)
    assert kinds(venue) == {"client": 100, "nostro_client": -100}
    venue.close()


@pytest.mark.parametrize("payer", ["li", "wuu", "w u", "w"])
def test_a_payment_by_anybody_else_waits_in_suspense(venue: Venue, payer: str) -> None:
    receipt = venue.make(paid(venue, payer, to="wu"), ReceiptRecorded).receipt
    venue.has("wu", cash=0)
    assert kinds(venue) == {"nostro_client": -100, "suspense": 100}
    match = MatchReceipt(receipt_id=receipt.receipt_id, account_id=venue.accounts["wu"])
    assert venue.refusal(match) == "receipt.payer_mismatch"
    venue.close()


def test_names_are_one_whatever_their_case_and_spacing(venue: Venue) -> None:
    venue.member("Wuhan University")
    assert venue.do(paid(venue, "  wuhan   UNIVERSITY", to="Wuhan University"))[1:]
    venue.has("Wuhan University", cash=100)


def test_a_payment_from_a_verified_account_is_the_member_s_under_any_name(venue: Venue) -> None:
    payout = verified(venue, "wu")
    assert len(venue.do(paid(venue, "WU TRADING AS X", "r1", to="wu"))) == 2
    venue.do(RevokePayoutAccount(payout_account_id=payout))
    assert len(venue.do(paid(venue, "WU TRADING AS X", "r2", to="wu"))) == 1
    venue.has("wu", cash=100)
    venue.close()


def test_recording_is_refused_in_this_order(venue: Venue) -> None:
    venue.do(paid(venue))
    assert venue.refusal(msgspec.structs.replace(paid(venue), bank_id=BankId(7))) == "bank.unknown"
    assert venue.refusal(paid(venue, amount=MAX_INTEGER)) == "receipt.duplicate"
    assert venue.refusal(paid(venue, reference="new", amount=MAX_INTEGER)) == "limit.exceeded"
    assert venue.refusal(paid(venue, reference="new", amount=MAX_INTEGER - 100)) == ""
    assert venue.refusal(paid(venue, reference="more", amount=1)) == "limit.exceeded"
    venue.close()


def test_a_reference_is_used_once_at_its_bank_for_ever(venue: Venue) -> None:
    other = venue.make(OpenBank(name="Second", code="TWO", currency="XTS"), BankOpened).bank.bank_id
    receipt = venue.make(paid(venue), ReceiptRecorded).receipt
    venue.do(ReturnReceipt(receipt_id=receipt.receipt_id))
    venue.restart()
    assert venue.refusal(paid(venue)) == "receipt.duplicate"
    assert venue.refusal(msgspec.structs.replace(paid(venue), bank_id=other)) == ""
    venue.close()


def test_matching_is_refused_in_this_order(venue: Venue) -> None:
    receipt_id = venue.make(paid(venue), ReceiptRecorded).receipt.receipt_id

    def matches(account_id: AccountId, receipt: ReceiptId = receipt_id) -> str:
        return venue.refusal(MatchReceipt(receipt_id=receipt, account_id=account_id))

    venue.do(FreezeAsset(asset_id=venue.money, frozen=True))
    assert matches(AccountId(7), ReceiptId(7)) == "receipt.unknown"
    assert matches(AccountId(7)) == "account.unknown"
    assert matches(venue.state.table(Bank)[venue.bank_id].house_id) == "account.unknown"
    assert matches(venue.accounts["li"]) == "asset.frozen"
    venue.do(FreezeAsset(asset_id=venue.money, frozen=False))
    assert matches(venue.accounts["li"]) == "receipt.payer_mismatch"
    assert matches(venue.accounts["wu"]) == ""
    venue.has("wu", cash=100)
    assert matches(venue.accounts["wu"]) == "receipt.state"
    venue.has("wu", cash=100)
    assert venue.refusal(ReturnReceipt(receipt_id=receipt_id)) == "receipt.state"
    venue.close()


def test_a_receipt_that_is_nobody_s_goes_back_once(venue: Venue) -> None:
    assert venue.refusal(ReturnReceipt(receipt_id=ReceiptId(7))) == "receipt.unknown"
    receipt_id = venue.make(paid(venue, "stranger"), ReceiptRecorded).receipt.receipt_id
    assert venue.refusal(ReturnReceipt(receipt_id=receipt_id, reason="unknown payer")) == ""
    assert kinds(venue) == {}
    assert venue.refusal(ReturnReceipt(receipt_id=receipt_id)) == "receipt.state"
    assert venue.state.table(Receipt)[receipt_id].status == "returned"
    venue.close()


# --- Withdrawals ------------------------------------------------------------------------------------------------------


def verified(venue: Venue, who: str) -> PayoutAccountId:
    """A bank account in the member's own name."""
    command = VerifyPayoutAccount(member_id=venue.members[who], bank_account=IBAN, holder_name=who)
    return venue.make(command, PayoutAccountVerified).payout_account.payout_account_id


def asked(venue: Venue, amount: int, payout: PayoutAccountId) -> RequestWithdrawal:
    """A withdrawal of wu's."""
    return RequestWithdrawal(
        account_id=venue.accounts["wu"], bank_id=venue.bank_id, payout_account_id=payout, amount_minor=Minor(amount)
    )


@pytest.fixture
def leaving(venue: Venue) -> WithdrawalId:
    """wu has 100 and asked for 60 of it."""
    venue.deposit("wu", 100)
    requested = venue.make(asked(venue, 60, verified(venue, "wu")), WithdrawalRequested, "wu")
    return requested.withdrawal.withdrawal_id


def test_a_bank_account_is_verified_in_the_member_s_own_name_once(venue: Venue) -> None:
    def verifies(member: int, holder: str) -> str:
        return venue.refusal(VerifyPayoutAccount(member_id=MemberId(member), bank_account=IBAN, holder_name=holder))

    wu = venue.members["wu"]
    assert verifies(0, "Test venue") == "member.unknown"
    assert verifies(7, "wu") == "member.unknown"
    assert verifies(wu, "wu's brother") == "withdrawal.account_unverified"
    assert verifies(wu, "WU") == ""
    assert verifies(wu, "wu") == "account.exists"
    assert venue.refusal(RevokePayoutAccount(payout_account_id=PayoutAccountId(7))) == "account.unknown"
    venue.close()


def test_money_goes_out_step_by_step(venue: Venue, leaving: WithdrawalId) -> None:
    venue.has("wu", cash=100)
    venue.holds("wu", cash=60)
    venue.restart()
    assert venue.refusal(InstructWithdrawal(withdrawal_id=leaving)) == ""
    venue.has("wu", cash=40)
    venue.holds("wu", cash=0)
    assert kinds(venue) == {"client": 40, "in_transit": 60, "nostro_client": -100}
    venue.restart()
    assert venue.refusal(ConfirmWithdrawal(withdrawal_id=leaving)) == ""
    assert kinds(venue) == {"client": 40, "nostro_client": -40}
    for over in (
        InstructWithdrawal(withdrawal_id=leaving),
        ConfirmWithdrawal(withdrawal_id=leaving),
        ReturnWithdrawal(withdrawal_id=leaving),
        CancelWithdrawal(withdrawal_id=leaving),
    ):
        assert venue.refusal(over) == "withdrawal.unknown"
    venue.close()


def test_money_the_bank_could_not_pay_is_the_member_s_again(venue: Venue, leaving: WithdrawalId) -> None:
    assert venue.refusal(ReturnWithdrawal(withdrawal_id=leaving)) == "withdrawal.state"
    assert venue.refusal(ConfirmWithdrawal(withdrawal_id=leaving)) == "withdrawal.state"
    venue.do(InstructWithdrawal(withdrawal_id=leaving))
    assert venue.refusal(InstructWithdrawal(withdrawal_id=leaving)) == "withdrawal.state"
    assert venue.refusal(CancelWithdrawal(withdrawal_id=leaving)) == "withdrawal.state"
    assert venue.refusal(ReturnWithdrawal(withdrawal_id=leaving, reason="closed")) == ""
    venue.has("wu", cash=100)
    venue.holds("wu", cash=0)
    venue.close()


@pytest.mark.parametrize("who", ["wu", "ops"])
def test_a_request_is_taken_back_by_its_owner_or_an_operator(venue: Venue, leaving: WithdrawalId, who: str) -> None:
    cancel = CancelWithdrawal(withdrawal_id=leaving)
    venue.user("clerk", "wu")
    venue.do(FreezeMember(member_id=venue.members["wu"], frozen=True))
    assert venue.refusal(cancel, "li") == "account.not_yours"
    assert venue.refusal(cancel, "clerk") == "account.not_yours"
    assert venue.refusal(CancelWithdrawal(withdrawal_id=WithdrawalId(7)), who) == "withdrawal.unknown"
    assert venue.refusal(cancel, who) == ""
    venue.has("wu", cash=100)
    venue.holds("wu", cash=0)
    venue.close()


def test_a_request_is_refused_in_this_order(venue: Venue) -> None:
    venue.deposit("wu", 100)
    mine, others = verified(venue, "wu"), verified(venue, "li")
    venue.user("trader", "wu", rights=(UserRight.VIEW, UserRight.TRADE))
    wrong = msgspec.structs.replace(asked(venue, 101, others), bank_id=BankId(7))

    def refused(command: Command, by: str = "wu") -> str:
        return venue.refusal(command, by)

    account = FreezeAccount(account_id=venue.accounts["wu"], frozen=True)
    member = FreezeMember(member_id=venue.members["wu"], frozen=True)
    money = FreezeAsset(asset_id=venue.money, frozen=True)
    for freeze in (account, member, money):
        venue.do(freeze)
    assert refused(msgspec.structs.replace(wrong, account_id=AccountId(7))) == "account.unknown"
    assert refused(wrong, "li") == "account.not_yours"
    assert refused(wrong, "trader") == "account.not_yours"
    assert refused(wrong) == "account.frozen"
    venue.do(msgspec.structs.replace(account, frozen=False))
    assert refused(wrong) == "member.frozen"
    venue.do(msgspec.structs.replace(member, frozen=False))
    assert refused(wrong) == "bank.unknown"
    assert refused(asked(venue, 101, others)) == "asset.frozen"
    venue.do(msgspec.structs.replace(money, frozen=False))
    assert refused(asked(venue, 101, others)) == "withdrawal.account_unverified"
    assert refused(asked(venue, 101, PayoutAccountId(7))) == "withdrawal.account_unverified"
    assert refused(asked(venue, 101, mine)) == "hold.insufficient_available"
    assert refused(asked(venue, 100, mine)) == ""
    assert refused(asked(venue, 1, mine)) == "hold.insufficient_available"
    venue.close()


def test_a_freeze_after_the_request_stops_the_instruction(venue: Venue, leaving: WithdrawalId) -> None:
    instruct = InstructWithdrawal(withdrawal_id=leaving)
    account = FreezeAccount(account_id=venue.accounts["wu"], frozen=True)
    member = FreezeMember(member_id=venue.members["wu"], frozen=True)
    money = FreezeAsset(asset_id=venue.money, frozen=True)
    for freeze in (account, member, money):
        venue.do(freeze)
    for freeze, code in ((account, "account.frozen"), (member, "member.frozen"), (money, "asset.frozen")):
        assert venue.refusal(instruct) == code
        venue.do(msgspec.structs.replace(freeze, frozen=False))
    payout = venue.state.table(Withdrawal)[leaving].payout_account_id
    venue.do(RevokePayoutAccount(payout_account_id=payout))
    assert venue.refusal(instruct) == "withdrawal.account_unverified"
    venue.holds("wu", cash=60)
    venue.close()


# --- The house --------------------------------------------------------------------------------------------------------


def test_fees_lie_with_the_clients_money_until_they_are_swept(venue: Venue) -> None:
    venue.instrument("INS", wu=100)
    venue.deposit("li", 2_000)
    assert venue.refusal(SweepHouse(bank_id=BankId(7))) == "bank.unknown"
    assert venue.refusal(SweepHouse(bank_id=venue.bank_id)) == "hold.insufficient_available"
    venue.plays("""
        wu sells 10 @ 100 -> rests
        li buys 10 @ 100  -> wu 10 @ 100
    """)
    assert kinds(venue) == {"client": 1_980, "fees_due": 20, "nostro_client": -2_000}
    assert venue.refusal(SweepHouse(bank_id=venue.bank_id, amount_minor=Minor(21))) == "hold.insufficient_available"
    assert venue.make(SweepHouse(bank_id=venue.bank_id, amount_minor=Minor(15)), HouseSwept).amount_minor == 15
    assert venue.make(SweepHouse(bank_id=venue.bank_id), HouseSwept).amount_minor == 5
    assert kinds(venue) == {"client": 1_980, "house": 20, "nostro_client": -1_980, "nostro_house": -20}
    venue.close()
