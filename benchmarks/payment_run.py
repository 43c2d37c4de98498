"""A payment of a deal reaches 100,000 noteholders of record while orders flow: seconds, and what the orders feel of it.

The deal is the shipped one of two classes, issued by commands up to its notes; the holders of the senior class are
written into the database, as no offer brings so many in a minute. The clock then stands after the record date, and from
the collection on everything goes the road it always goes, by REST. The baseline of the sum is one plain pass of pandas
over the same holders, which keeps no books.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from benchmarks import payouts
from benchmarks.payouts import HOLDERS, QUICK_HOLDERS, Paid, units_of
from benchmarks.processes import exchange
from benchmarks.rows import BenchmarkFailed, Report, row
from benchmarks.seeding import CASH_MINOR, Desk, node
from benchmarks.server import Ahead
from benchmarks.venue import QUICK, QUICK_DEEP, Venue, fresh_copy
from custody.accounts import Bank
from custody.funding_messages import RecordReceipt
from custody.messages import AccountOpened
from exchange.core.documents import FileDocument
from exchange.core.ids import AccountId, AssetId, BankId, MarketId, MemberId, UserId, to_wire
from exchange.core.membership import MemberRegistered, RegisterMember, RegisterUser, UserRegistered
from exchange.core.parties import Role, UserRight
from exchange.core.rule_messages import ActivateText, PublishedKind
from exchange.core.units import Minor, Ppm, TimeNs
from exchange.node.sequencer import Sequencer
from matching.messages import Market
from securitization.issue_messages import (
    ClassTerms,
    ClosingItem,
    ClosingKind,
    DealPublished,
    FeePayee,
    Issue,
    IssueModel,
    IssueParty,
    IssueProposed,
    IssueRole,
    IssueState,
    ProposeIssue,
    PublishDeal,
    SatisfyClosing,
)
from securitization.messages import ClaimRegistered, RegisterClaim
from securitization.offering_messages import (
    Allotment,
    ClassOffer,
    CloseOffering,
    OfferingOpened,
    OpenOffering,
    PlaceBookBid,
    Pricing,
)
from securitization.servicing_messages import OpenServicing
from securitization.servicing_records import Servicing
from securitization.shipped import example_deal_text

NOTE_FACE_MINOR = 1_000
SENIOR_NOTES, JUNIOR_NOTES = 900_000, 100_000
POOL_MINOR = 1_050_000_000
INTEREST_MINOR, PRINCIPAL_MINOR = 26_250_007, 200_000_003
RECORD_DAYS, PAID_DAYS = 9, 10
"""Days from the issue to the record date and to the payment date."""
OFFER_DAYS = 2
ROLES = (
    IssueRole.ISSUER,
    IssueRole.ARRANGER,
    IssueRole.SERVICER,
    IssueRole.TRUSTEE,
    IssueRole.LAW_FIRM,
    IssueRole.RATING_AGENCY,
    IssueRole.GUARANTOR,
)
PAPER = hashlib.sha256(b"paper").hexdigest()


@dataclass
class Cast:
    """Who acts, by role, and what is paid: users, accounts, the servicing, the senior notes and who holds them all."""

    users: dict[IssueRole, UserId]
    members: dict[IssueRole, MemberId]
    accounts: dict[IssueRole, AccountId]
    operators: tuple[int, int] = (0, 0)
    servicing_id: int = 0
    note: int = 0
    home: int = 0


def run(*, quick: bool) -> Report:
    """Idle first, then the same orders while the payment is worked out and paid."""
    holders, idle_s = (QUICK_HOLDERS, 3.0) if quick else (HOLDERS, 10.0)
    with fresh_copy(QUICK if quick else QUICK_DEEP) as venue:
        cast = asyncio.run(_issued(venue))
        payouts.write_holders(venue, cast.note, cast.home, holders)
        with exchange(Path(venue.folder), days_ahead=PAID_DAYS + 1) as server:
            alone = payouts.idle(server, venue, idle_s)
            users = (cast.users[IssueRole.SERVICER], cast.users[IssueRole.TRUSTEE], *cast.operators)
            tokens = [server.ask(token=user)["token"] for user in users]
            during, paid = payouts.beside(server, venue, lambda: _pay(server.port, tokens, cast.servicing_id))
            peak = server.ask(peak=True)["peak_mib"]
    senior = next(one for one in paid.done["classes"] if one["name"] == "senior")
    if senior["holders"] < holders or senior["paid_minor"] != senior["pot_minor"]:
        raise BenchmarkFailed(f"{senior['holders']:,} holders, {senior['paid_minor']} of {senior['pot_minor']} minor")
    plain_s = _plain(holders, senior["pot_minor"])
    rows = payouts.figures(f"payment to {holders:,} noteholders", paid, plain_s, alone, during)
    notes = [
        f"{senior['holders']:,} holders on {senior['pages']:,} pages; the baseline is one pass of pandas over them",
        f"orders: {alone['orders_per_s']:.0f}/s idle, {during['orders_per_s']:.0f}/s during the payment",
    ]
    return Report([*rows, row("peak memory", peak, "MiB")], notes)


# --- Issuing the deal -------------------------------------------------------------------------------------------------


async def _issued(venue: Venue) -> Cast:
    """The deal issued and in servicing, its senior notes in one account."""
    begun = datetime.now(UTC).date()
    async with node(venue.database) as (desk, keeper):
        assert keeper.sequencer is not None
        desk.operator = UserId(venue.operator)
        staff = RegisterUser(member_id=MemberId(0), user_name="second", roles=(Role.OPERATOR,))
        desk.second = (await desk.make(staff, UserRegistered)).user.user_id
        cast = await _cast(desk, venue)
        cast.operators = (desk.operator, desk.second)
        issue = await _proposed(desk, keeper.sequencer, venue, cast, begun)
        offering_id = await _offered(desk, venue, issue)
    async with node(venue.database, Ahead(OFFER_DAYS + 1)) as (desk, keeper):
        assert keeper.sequencer is not None
        desk.operator, desk.second = UserId(cast.operators[0]), UserId(cast.operators[1])
        await desk.ask(CloseOffering(offering_id=offering_id))
        state = keeper.sequencer.state
        while state.table(Issue)[issue.issue_id].state is not IssueState.ESTABLISHED:  # noqa: ASYNC110 - the run tells nobody
            await asyncio.sleep(0.01)  # chunks run by themselves
        await desk.by_two(OpenServicing(issue_id=issue.issue_id))
        cast.servicing_id = int(next(iter(state.table(Servicing))))
        cast.note = int(state.table(Issue)[issue.issue_id].classes[0].asset_id)
    cast.home = venue.accounts[1][0]
    return cast


async def _cast(desk: Desk, venue: Venue) -> Cast:
    """A member for each role, and the paper everybody shows."""
    cast = Cast({}, {}, {})
    for role in ROLES:
        told = (await desk.ask(RegisterMember(name=f"Simulated {role}", role=Role.INTERMEDIARY, country="CN",
                                              simulated=True))).events  # fmt: skip
        member = next(event for event in told if isinstance(event, MemberRegistered)).member
        account = next(event for event in told if isinstance(event, AccountOpened)).account
        user = RegisterUser(member_id=member.member_id, user_name=f"{role}", rights=tuple(UserRight))
        cast.members[role], cast.accounts[role] = member.member_id, account.account_id
        cast.users[role] = (await desk.make(user, UserRegistered)).user.user_id
    originator = AccountId(venue.accounts[0][0])
    cast.users[IssueRole.ORIGINATOR], cast.accounts[IssueRole.ORIGINATOR] = UserId(venue.users[0]), originator
    paper = FileDocument(sha256=PAPER, size_bytes=1, media_type="application/pdf", title="Paper")
    for user_id in cast.users.values():
        await desk.ask(paper, user_id)
    return cast


async def _proposed(desk: Desk, sequencer: Sequencer, venue: Venue, cast: Cast, begun: date) -> Issue:
    """The text in force, one claim behind it, the issue proposed, its checklist shown."""
    state = sequencer.state
    collected = RecordReceipt(
        bank_id=BankId(int(next(iter(state.table(Bank))))),
        reference="collected",
        payer_name=f"Simulated {IssueRole.SERVICER}",
        payer_account="XT00 0000 0000",
        amount_minor=Minor(INTEREST_MINOR + PRINCIPAL_MINOR),
        account_id=cast.accounts[IssueRole.SERVICER],
    )
    await desk.ask(collected)
    await desk.make(PublishDeal(version=1, effective_from=f"{begun}", text=_text(begun)), DealPublished)
    await desk.by_two(ActivateText(kind=PublishedKind.DEAL, name="two_classes", version=1))
    instrument = next(iter(state.instruments.values()))
    accounts, money = cast.accounts, AssetId(instrument.money_asset_id)
    cast.members[IssueRole.ORIGINATOR] = state.accounts[accounts[IssueRole.ORIGINATOR]].member_id
    claim = RegisterClaim(
        originator_account_id=accounts[IssueRole.ORIGINATOR],
        debtor_account_id=AccountId(venue.accounts[2][0]),
        right_asset_id=instrument.asset_id,
        money_asset_id=money,
        amount_minor=Minor(POOL_MINOR),
        due_date=f"{begun + timedelta(days=300)}",
        contract_sha256=PAPER,
    )
    claim_id = (await desk.make(claim, ClaimRegistered, cast.users[IssueRole.ORIGINATOR])).claim.claim_id
    proposal = ProposeIssue(
        name="one",
        market_id=MarketId(int(next(iter(state.table(Market))))),
        deal_name="two_classes",
        deal_version=1,
        model=IssueModel.RECEIVABLES,
        parties=tuple(
            IssueParty(role=role, member_id=cast.members[role], account_id=account_id)
            for role, account_id in accounts.items()
        ),
        claims=(claim_id,),
        classes=(
            ClassTerms(name="senior", note_face_minor=Minor(NOTE_FACE_MINOR)),
            ClassTerms(name="junior", note_face_minor=Minor(NOTE_FACE_MINOR), retained_ppm=Ppm(1_000_000)),
        ),
        payees=(
            FeePayee(name="trustee", role=IssueRole.TRUSTEE),
            FeePayee(name="line", role=IssueRole.GUARANTOR),
        ),
    )
    issue = (await desk.make(proposal, IssueProposed, cast.users[IssueRole.ARRANGER])).issue
    shown_by = {
        ClosingKind.TRUE_SALE_OPINION: IssueRole.LAW_FIRM,
        ClosingKind.GUARANTEE: IssueRole.GUARANTOR,
        ClosingKind.FUND_ACCOUNT: IssueRole.TRUSTEE,
    }
    for item in list(state.table(ClosingItem).values()):
        shows = SatisfyClosing(closing_item_id=item.closing_item_id, documents=(PAPER,))
        await desk.ask(shows, cast.users[shown_by.get(item.kind, IssueRole.ORIGINATOR)])
    return issue


async def _offered(desk: Desk, venue: Venue, issue: Issue) -> Any:
    """The senior notes offered at their face, and bid for by one member."""
    terms = OpenOffering(
        issue_id=issue.issue_id,
        pricing=Pricing.FIXED,
        allotment=Allotment.UNIFORM,
        classes=(
            ClassOffer(
                name="senior", lot_notes=10, least_minor=Minor(NOTE_FACE_MINOR), most_minor=Minor(NOTE_FACE_MINOR)
            ),
        ),
        ends_ns=TimeNs(Ahead(OFFER_DAYS).now_ns()),
        book_cap_minor=Minor(CASH_MINOR),
        refund_rate_ppm=Ppm(0),
        document_sha256=PAPER,
    )
    opened = await desk.by_two(terms)
    offering = next(event for event in opened if isinstance(event, OfferingOpened)).offering
    bid = PlaceBookBid(
        offering_id=offering.offering_id,
        account_id=AccountId(venue.accounts[1][0]),
        class_name="senior",
        notes=SENIOR_NOTES,
        limit=NOTE_FACE_MINOR,
    )
    await desk.ask(bid, UserId(venue.users[1]))
    return offering.offering_id


def _text(begun: date) -> str:
    """The shipped deal in the venue's currency, its size and dates."""
    deal = json.loads(example_deal_text("two_classes"))
    senior, junior = SENIOR_NOTES * NOTE_FACE_MINOR, JUNIOR_NOTES * NOTE_FACE_MINOR
    days = [0, *(PAID_DAYS + 180 * place for place in range(len(deal["periods"])))]
    periods = [
        {
            "start": f"{begun + timedelta(days=start)}",
            "end": f"{begun + timedelta(days=end)}",
            "record_date": f"{begun + timedelta(days=end - PAID_DAYS + RECORD_DAYS)}",
            "payment_date": f"{begun + timedelta(days=end)}",
        }
        for start, end in pairwise(days)
    ]
    deal |= {"currency": "XTS", "issue_minor": senior + junior, "periods": periods}
    deal["pool"] = {"initial_balance_minor": POOL_MINOR, "initial_valuation_minor": POOL_MINOR * 3 // 2}
    for tranche, face in zip(deal["tranches"], (senior, junior), strict=True):
        tranche["face_minor"] = face
    return json.dumps(deal)


# --- Paying it --------------------------------------------------------------------------------------------------------


def _pay(port: int, tokens: list[str], servicing_id: int) -> Paid:
    """Collect, work out, approve, pay, and wait for the last holder.

    Raises: BenchmarkFailed.
    """
    servicer, trustee, *operators = tokens
    named = {"servicing_id": to_wire("SV", servicing_id)}
    begun = perf_counter()
    brought = {
        "key": "pool",
        "interest_minor": INTEREST_MINOR,
        "principal_minor": PRINCIPAL_MINOR,
        "balance_minor": POOL_MINOR - PRINCIPAL_MINOR,
    }
    figures = {"valuation_minor": POOL_MINOR * 3 // 2}
    payouts.post(
        port, servicer, "/v1/collections", named | {"period": 1, "version": 1, "rows": [brought], "figures": figures}
    )
    payouts.post(port, servicer, "/v1/collections/deposit", named)
    payouts.post(port, servicer, "/v1/deal-payments", named)
    payment = payouts.get(port, operators[0], f"/v1/deal-payments?servicing_id={named['servicing_id']}")["items"][-1]
    exact = {name: payment[name] for name in ("payment_id", "plan_sha256")}
    payouts.post(port, trustee, "/v1/deal-payments/approve", exact)
    planned_s = perf_counter() - begun
    begun = perf_counter()
    payouts.by_two(port, (operators[0], operators[1]), "/v1/deal-payments/pay", exact)
    done = payouts.until(port, operators[0], f"/v1/deal-payments/{payment['payment_id']}", "paid")
    paid_s = perf_counter() - begun
    classes = payouts.get(port, operators[0], f"/v1/class-payments?payment_id={payment['payment_id']}")["items"]
    return Paid(done | {"classes": classes}, planned_s, paid_s)


def _plain(count: int, pot: int) -> float:
    """The same sum by one pass of pandas: each one's part, and the odd cents by largest remainder."""
    units = [units_of(place) for place in range(count)]
    frame = pd.DataFrame({"units": [*units, SENIOR_NOTES - sum(units)]})
    begun = perf_counter()
    gross, rest = pot * frame["units"] // SENIOR_NOTES, pot * frame["units"] % SENIOR_NOTES
    ups = rest.sort_values(ascending=False, kind="stable").index[: pot - int(gross.sum())]
    gross[ups] += 1
    assert int(gross.sum()) == pot
    return perf_counter() - begun
