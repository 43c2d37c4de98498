"""Every state and command of the workflows without a stage of their own: members, approvals, money in and out, news."""

from __future__ import annotations

from typing import Any

import pytest

from custody.corrections_messages import ReverseTransfer, TransferUnits
from custody.funding_messages import (
    CancelWithdrawal,
    ConfirmWithdrawal,
    InstructWithdrawal,
    MatchReceipt,
    RecordReceipt,
    RequestWithdrawal,
    ReturnReceipt,
    ReturnWithdrawal,
    VerifyPayoutAccount,
)
from custody.transfers import Transfer
from exchange.core.ids import AnnouncementId, ApprovalId, MemberId, PayoutAccountId, ReceiptId, TransferId, WithdrawalId
from exchange.core.membership import FoundExchange, FreezeMember, RegisterMember
from exchange.core.messages import Command
from exchange.core.node_messages import DenyApproval, GrantApproval
from exchange.core.parties import Role
from exchange.core.units import Minor, Units
from matching.notice_messages import FileAnnouncement, RejectAnnouncement, ReleaseAnnouncement, WithdrawAnnouncement
from tests.notices.test_insiders import Floor
from tests.state_tables import StateTable, answered, every_row
from tests.support import Venue


class Case:
    """A venue with two members, `wu` with money or without, and the newest case of a workflow at hand."""

    def __init__(self, *, cash: int = 0) -> None:
        self.venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
        self.venue.member("li")
        self.venue.member("wu", cash=cash)
        self.payout_id = PayoutAccountId(1)
        self.asset_id = self.venue.money

    def newest(self, flow: str) -> Any:
        """The number of the newest case of a workflow; 1, which is nobody's, if there is none."""
        return max((key for name, key in self.venue.steps.states if name == flow), default=1)


def of_a_member(case: Case, step: str) -> str:
    """A step about the member wu."""
    member_id: MemberId = case.venue.members["wu"]
    match step:
        case "registered again":
            command: Command = RegisterMember(name="wu", role=Role.INVESTOR, country="CN")
        case "founded again":
            return case.venue.refusal(FoundExchange(venue_name="Another", operator_name="me"), "node")
        case _:
            command = FreezeMember(member_id=member_id, frozen=step == "frozen")
    return case.venue.refusal(command)


def of_an_approval(case: Case, step: str) -> str:
    """A step about a transfer that two operators decide."""
    approval_id = ApprovalId(case.newest("approval"))
    match step:
        case "asked":
            command: Command = TransferUnits(
                asset_id=case.venue.money,
                from_account_id=case.venue.accounts["wu"],
                to_account_id=case.venue.accounts["li"],
                units=Units(10),
                reason="a court's order",
            )
            return case.venue.refusal(command)
        case "granted by the maker":
            return case.venue.refusal(GrantApproval(approval_id=approval_id))
        case "granted":
            return case.venue.refusal(GrantApproval(approval_id=approval_id), "ops2")
        case "denied":
            return case.venue.refusal(DenyApproval(approval_id=approval_id), "ops2")
        case _:
            case.venue.pass_time(days=30)
            case.venue.refusal(DenyApproval(approval_id=ApprovalId(1)))
            return ""


def of_money_in(case: Case, step: str) -> str:
    """A step about a payment the bank reports."""
    venue = case.venue
    receipt_id, account_id = ReceiptId(case.newest("payment in")), venue.accounts["wu"]
    match step:
        case "a stranger pays" | "wu pays":
            command: Command = RecordReceipt(
                bank_id=venue.bank_id,
                reference=f"R{venue.state.sequence}",
                payer_name="wu" if step == "wu pays" else "nobody",
                payer_account="XT00 0000 0000",
                amount_minor=Minor(70),
                account_id=account_id if step == "wu pays" else None,
            )
        case "reported twice":
            command = RecordReceipt(
                bank_id=venue.bank_id,
                reference=next(
                    (
                        entry.command.reference
                        for entry in reversed(venue.journal)
                        if isinstance(entry.command, RecordReceipt)
                    ),
                    "R0",
                ),
                payer_name="nobody",
                payer_account="XT00 0000 0000",
                amount_minor=Minor(70),
            )
        case "matched to wu":
            command = MatchReceipt(receipt_id=receipt_id, account_id=account_id)
        case "sent back":
            command = ReturnReceipt(receipt_id=receipt_id)
        case _:
            transfer_id = max(venue.state.table(Transfer), default=TransferId(1))
            return answered(venue.by_two(ReverseTransfer(transfer_id=transfer_id, reason="not wu's")))
    return venue.refusal(command)


def of_money_out(case: Case, step: str) -> str:
    """A step about a payment to wu's own bank account."""
    venue, withdrawal_id = case.venue, WithdrawalId(case.newest("payment out"))
    if step == "requested":
        if case.payout_id == 1:
            verify = VerifyPayoutAccount(
                member_id=venue.members["wu"], bank_account="DE89 3704 0044 0532 0130 00", holder_name="wu"
            )
            case.payout_id = venue.do(verify)[0].payout_account.payout_account_id  # type: ignore[attr-defined]
        command: Command = RequestWithdrawal(
            account_id=venue.accounts["wu"],
            bank_id=venue.bank_id,
            payout_account_id=case.payout_id,
            amount_minor=Minor(60),
        )
        return venue.refusal(command, "wu")
    steps: dict[str, type[Command]] = {
        "cancelled": CancelWithdrawal,
        "instructed": InstructWithdrawal,
        "confirmed": ConfirmWithdrawal,
        "returned": ReturnWithdrawal,
    }
    return venue.refusal(steps[step](withdrawal_id=withdrawal_id))


class Newsroom(Case):
    """The floor of tests/notices, whose shares the news are about."""

    def __init__(self) -> None:
        floor = Floor()
        self.venue, self.asset_id = floor.venue, floor.asset_id


def of_news(case: Case, step: str) -> str:
    """A step about an announcement of thu's."""
    announcement_id = AnnouncementId(case.newest("announcement"))
    match step:
        case "filed":
            command: Command = FileAnnouncement(
                asset_ids=(case.asset_id,), title="Licence granted", text="To a maker.", price_relevant=False
            )
            return case.venue.refusal(command, "thu")
        case "withdrawn":
            return case.venue.refusal(WithdrawAnnouncement(announcement_id=announcement_id), "thu")
        case "rejected":
            return case.venue.refusal(RejectAnnouncement(announcement_id=announcement_id, reason="unclear"))
        case _:
            return case.venue.refusal(ReleaseAnnouncement(announcement_id=announcement_id, read_out_seconds=60))


MEMBER = StateTable(
    "member",
    """
           | registered again | founded again | frozen | released
    active | exists           | exists        | frozen | active
    frozen | exists           | exists        | frozen | active
    """,
    {"active": (), "frozen": ("frozen",)},
    Case,
    of_a_member,
    {"exists": "member.exists"},
)
APPROVAL = StateTable(
    "approval",
    """
            | asked | granted by the maker | granted | denied | left alone
    open    | open  | maker                | granted | denied | expired
    granted | open  | -                    | -       | -      | granted
    denied  | open  | -                    | -       | -      | denied
    expired | open  | -                    | -       | -      | expired
    """,
    {"open": ("asked",), "granted": ("asked", "granted"), "denied": ("asked", "denied"), "expired": ("asked", "wait")},
    lambda: Case(cash=100),
    of_an_approval,
    {"-": "approval.unknown", "maker": "approval.same_person"},
)
MONEY_IN = StateTable(
    "payment in",
    """
             | a stranger pays | wu pays  | reported twice | matched to wu | sent back | the credit is turned
    received | received        | credited | duplicate      | mismatch      | returned  | unknown
    credited | received        | credited | duplicate      | .             | .         | received
    turned   | received        | credited | duplicate      | credited      | returned  | already
    returned | received        | credited | duplicate      | .             | .         | unknown
    """,
    {
        "received": ("a stranger pays",),
        "credited": ("wu pays",),
        "turned": ("wu pays", "the credit is turned"),
        "returned": ("a stranger pays", "sent back"),
    },
    Case,
    of_money_in,
    {
        ".": "receipt.state",
        "duplicate": "receipt.duplicate",
        "mismatch": "receipt.payer_mismatch",
        "unknown": "ledger.not_reversible",
        "already": "ledger.already_reversed",
    },
)
MONEY_OUT = StateTable(
    "payment out",
    """
               | requested    | cancelled | instructed | confirmed | returned
    requested  | insufficient | cancelled | instructed | .         | .
    instructed | insufficient | .         | .          | confirmed | returned
    confirmed  | insufficient | -         | -          | -         | -
    returned   | requested    | -         | -          | -         | -
    cancelled  | requested    | -         | -          | -         | -
    """,
    {
        "requested": ("requested",),
        "instructed": ("requested", "instructed"),
        "confirmed": ("requested", "instructed", "confirmed"),
        "returned": ("requested", "instructed", "returned"),
        "cancelled": ("requested", "cancelled"),
    },
    lambda: Case(cash=100),
    of_money_out,
    {".": "withdrawal.state", "-": "withdrawal.unknown", "insufficient": "hold.insufficient_available"},
)
NEWS = StateTable(
    "announcement",
    """
              | filed | withdrawn | rejected | released
    filed     | filed | withdrawn | rejected | released
    withdrawn | filed | -         | -        | -
    rejected  | filed | -         | -        | -
    released  | filed | -         | -        | -
    """,
    {
        "filed": ("filed",),
        "withdrawn": ("filed", "withdrawn"),
        "rejected": ("filed", "rejected"),
        "released": ("filed", "released"),
    },
    Newsroom,
    of_news,
    {"-": "announcement.unknown"},
)
TABLES = (MEMBER, APPROVAL, MONEY_IN, MONEY_OUT, NEWS)


@pytest.mark.parametrize(("table", "row"), every_row(*TABLES))
def test_every_step_in_every_state_is_taken_or_refused(table: StateTable, row: list[str]) -> None:
    table.check(row)
