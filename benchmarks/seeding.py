"""Fills an exchange by real commands over the bus: founded, members with money, shares in books, then orders.

While it is seeded nothing waits for the disk.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import structlog

from api.keys import key_of
from benchmarks.flow import Trader
from benchmarks.rows import BenchmarkFailed
from benchmarks.venue import SUB_ACCOUNTS, Venue
from custody.corrections_messages import TransferUnits
from custody.funding_messages import BankOpened, OpenBank, RecordReceipt
from custody.messages import AccountOpened
from custody.outcomes import (
    DeclaredClaim,
    FileShareDeed,
    IssueShares,
    OutcomeRegistered,
    PriorClaimKind,
    RegisterOutcome,
    SharesIssued,
)
from custody.rights import RegisterRight
from exchange.core.documents import FileDocument
from exchange.core.ids import NODE, AccountId, AssetId, BankId, MarketId, MemberId, UserId
from exchange.core.instruments import Phase
from exchange.core.membership import (
    ClassMember,
    FoundExchange,
    MemberRegistered,
    OpenAccount,
    RegisterMember,
    RegisterUser,
    UserRegistered,
)
from exchange.core.messages import Command, Event, Rejected
from exchange.core.node_messages import ApprovalRequested, GrantApproval
from exchange.core.parties import Role, SellerClass, Standing, UserRight
from exchange.core.rule_messages import ActivateText, ConfirmField, PublishedKind, PublishText, TextPublished
from exchange.core.units import Minor, Ppm, Units
from exchange.engine.parsing import parse
from exchange.node import lanes
from exchange.node.clock import SystemClock
from exchange.node.keeper import Keeper
from exchange.node.local import LocalBus, LocalFeed
from exchange.node.ports import Clock, NodeFault, Outcome, Submission
from exchange.rulebook import shipped
from exchange.rulebook.texts import TextError, unconfirmed_fields
from exchange.store.sqlite import SqliteStore
from matching.listing_messages import (
    AdmitListing,
    ListingAdmitted,
    ListingMethod,
    ListingProposed,
    MarketOpened,
    OpenMarket,
    ProposeListing,
)
from matching.messages import ChangePhase

MEMBERS = 50
"""As many as a sandbox's profile lets hold one right; the first is the institution that issues."""
INSTRUMENTS = 20
CASH_MINOR = 1_000_000_000_000
WINDOW = 2_048
"""Commands on their way at a time."""

E = TypeVar("E", bound=Event)


class SeedingStore(SqliteStore):
    """The store that ships, except that it never waits for the disk: a lost seed is seeded again."""

    def _connect(self) -> None:
        super()._connect()
        self.connection.execute("PRAGMA synchronous = OFF")


class Desk:
    """Sends commands over the bus and takes their answers."""

    def __init__(self, bus: LocalBus) -> None:
        self.bus = bus
        self.operator = NODE
        self.second = NODE

    async def ask(self, command: Command, by: UserId | None = None) -> Outcome:
        """Send one command that must not be refused.

        Raises: BenchmarkFailed.
        """
        principal = self.operator if by is None else by
        outcome = await self.bus.submit(command, principal, slow=lanes.is_slow(type(command)))
        if outcome.events and isinstance(refused := outcome.events[0], Rejected):
            raise BenchmarkFailed(f"seeding: {type(command).__name__} was refused: {refused.code} {refused.detail}")
        return outcome

    async def make(self, command: Command, kind: type[E], by: UserId | None = None) -> E:
        """Send a command and answer its first event of one kind."""
        outcome = await self.ask(command, by)
        return next(event for event in outcome.events if isinstance(event, kind))

    async def by_two(self, command: Command) -> tuple[Event, ...]:
        """Ask as one operator, sign as the other; answers what was told then."""
        requested = await self.make(command, ApprovalRequested)
        return tuple((await self.ask(GrantApproval(approval_id=requested.approval.approval_id), self.second)).events)

    async def play(self, commands: Iterator[tuple[Trader, Command]], learn: Callable[[Trader, Outcome], None]) -> None:
        """Send many commands, a window of them at a time; refusals are answers too."""
        loop = asyncio.get_running_loop()
        while True:
            waiting = 0
            done: asyncio.Future[None] = loop.create_future()

            def answered(trader: Trader, result: Outcome | NodeFault, done: asyncio.Future[None] = done) -> None:
                nonlocal waiting
                if isinstance(result, NodeFault):
                    done.set_exception(BenchmarkFailed(f"seeding: {result.code} {result.detail}"))
                    return
                learn(trader, result)
                waiting -= 1
                if not waiting and not done.done():
                    done.set_result(None)

            for trader, command in commands:
                waiting += 1
                submission = Submission(
                    command=command,
                    principal=trader.user,
                    answer=lambda result, trader=trader, answered=answered: answered(trader, result),  # type: ignore[misc]
                    key=key_of(command),
                )
                self.bus.post(submission, slow=False)
                if waiting == WINDOW:
                    break
            if not waiting:
                return
            await done


@asynccontextmanager
async def node(path: Path, clock: Clock | None = None) -> AsyncIterator[tuple[Desk, Keeper]]:
    """A node on a database that is seeded; it logs errors only."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    bus, clock = LocalBus(), clock or SystemClock()
    keeper = Keeper(lambda: SeedingStore(path, clock), bus, LocalFeed(), clock)
    task = asyncio.create_task(keeper.run())
    try:
        await keeper.ready.wait()
        yield Desk(bus), keeper
    finally:
        keeper.close()
        await task


async def seed(venue: Venue, rows: int, resting: int) -> None:
    """Found the venue, fill it, let it trade until the journal is as long as wished.

    Raises: BenchmarkFailed.
    """
    async with node(venue.database) as (desk, keeper):
        bank, market = await _found(desk)
        venue.operator = desk.operator
        members = await asyncio.gather(*(_member(desk, bank, place) for place in range(MEMBERS)))
        venue.users, venue.accounts = [each[1] for each in members], [each[2] for each in members]
        for place in range(INSTRUMENTS):
            await _instrument(desk, venue, members[0][0], market, place)
        sequencer = keeper.sequencer
        assert sequencer is not None
        refused = await _grow(desk, venue, rows - sequencer.head.sequence, resting)
        venue.rows, venue.resting = sequencer.head.sequence, len(sequencer.state.orders)
    if refused > rows // 5:
        raise BenchmarkFailed(f"seeding: {refused:,} of {rows:,} commands were refused")


async def _found(desk: Desk) -> tuple[BankId, MarketId]:
    """Two operators, the sandbox's texts in force, a bank, a market."""
    desk.operator = (
        await desk.make(FoundExchange(venue_name="Benchmark", operator_name="operator"), UserRegistered, NODE)
    ).user.user_id
    second = RegisterUser(member_id=MemberId(0), user_name="operator2", roles=(Role.OPERATOR,))
    desk.second = (await desk.make(second, UserRegistered)).user.user_id
    for kind, text in (
        (PublishedKind.CALENDAR, shipped.calendar_text("always")),
        (PublishedKind.FEE_SCHEDULE, shipped.fee_schedule_text("sandbox")),
        (PublishedKind.PROFILE, shipped.profile_text("sandbox")),
    ):
        published = (await desk.make(PublishText(kind=kind, text=text), TextPublished)).published
        document = parse(kind, text)
        assert not isinstance(document, TextError)
        name, version = published.name, published.version
        for place in unconfirmed_fields(document):
            await desk.ask(ConfirmField(kind=kind, name=name, version=version, field=place, source="benchmark"))
        await desk.by_two(ActivateText(kind=kind, name=name, version=version))
    bank = await desk.make(OpenBank(name="Simulated bank", code="SIM", currency="XTS"), BankOpened)
    market = OpenMarket(
        name="sandbox",
        profile="sandbox",
        profile_version=1,
        currency="XTS",
        money_asset_id=bank.asset.asset_id,
        calendar="always",
        calendar_version=1,
        fee_schedule="sandbox",
    )
    return bank.bank.bank_id, (await desk.make(market, MarketOpened)).market.market_id


async def _member(desk: Desk, bank: BankId, place: int) -> tuple[MemberId, UserId, list[int]]:
    """A member with one user and its accounts, each with money."""
    name = f"Simulated member {place}"
    register = RegisterMember(
        name=name,
        role=Role.INVESTOR if place else Role.INSTITUTION,
        country="CN",
        seller_class=SellerClass.PRIVATE if place else SellerClass.STATE_UNIVERSITY,
        simulated=True,
    )
    told = (await desk.ask(register)).events
    member_id = next(event for event in told if isinstance(event, MemberRegistered)).member.member_id
    accounts = [next(event for event in told if isinstance(event, AccountOpened)).account.account_id]
    await desk.ask(ClassMember(member_id=member_id, standings=(Standing.METHOD_STATEMENT, Standing.INVITED)))
    user = RegisterUser(member_id=member_id, user_name=f"member{place}", rights=tuple(UserRight))
    user_id = (await desk.make(user, UserRegistered)).user.user_id
    for number in range(1, SUB_ACCOUNTS):
        opened = await desk.make(OpenAccount(member_id=member_id, sub_account=f"S{number}"), AccountOpened)
        accounts.append(opened.account.account_id)
    for account_id in accounts:
        receipt = RecordReceipt(
            bank_id=bank,
            reference=f"R{account_id}",
            payer_name=name,
            payer_account="XT00 0000 0000",
            amount_minor=Minor(CASH_MINOR),
            account_id=account_id,
        )
        await desk.ask(receipt)
    return member_id, user_id, [int(account_id) for account_id in accounts]


async def _instrument(desk: Desk, venue: Venue, issuer: MemberId, market: MarketId, place: int) -> None:
    """An outcome of the institution as shares, spread over the accounts that may sell, in a book that trades."""
    user, account = UserId(venue.users[0]), AccountId(venue.accounts[0][0])

    async def paper(title: str) -> str:
        sha256 = hashlib.sha256(f"{title} {place}".encode()).hexdigest()
        await desk.ask(FileDocument(sha256=sha256, size_bytes=1, media_type="application/pdf", title=title), user)
        return sha256

    waived = DeclaredClaim(kind=PriorClaimKind.FINISHER, waiver_sha256=await paper("Waiver"))
    outcome = RegisterOutcome(title=f"Simulated outcome {place}", readiness_level=5, claims=(waived,))
    outcome_id = (await desk.make(outcome, OutcomeRegistered, user)).outcome.outcome_id
    deed = FileShareDeed(
        outcome_id=outcome_id,
        version=1,
        document_sha256=await paper("Deed"),
        registered_holder_id=issuer,
        signer_ids=(issuer,),
        transfer_consent=True,
        preemption_waived=True,
        majority_ppm=Ppm(666_667),
        income_ratio_ppm=Ppm(500_000),
    )
    await desk.ask(deed, user)
    await desk.ask(RegisterRight(account_id=account, outcome_id=outcome_id), user)
    issued = await desk.make(IssueShares(outcome_id=outcome_id, account_id=account), SharesIssued, user)
    proposal = ProposeListing(
        market_id=market,
        method=ListingMethod.ORDER_BOOK,
        account_id=account,
        asset_id=issued.asset.asset_id,
        name=f"Simulated shares {place}",
        disclosure_sha256=await paper("Disclosure"),
        lot_units=Minor(1),
        tick_minor=Minor(1),
        band_low_ticks=Minor(1),
        band_high_ticks=Minor(2_000),
    )
    listing = (await desk.make(proposal, ListingProposed, user)).listing.listing_id
    admitted = await desk.make(AdmitListing(listing_id=listing), ListingAdmitted)
    assert admitted.instrument is not None
    venue.instruments.append(admitted.instrument.instrument_id)
    await _spread(desk, venue, issued.asset.asset_id, account, issued.asset.total_units)
    await desk.ask(ChangePhase(instrument_id=admitted.instrument.instrument_id, phase=Phase.CONTINUOUS))


async def _spread(desk: Desk, venue: Venue, asset_id: AssetId, source: AccountId, total_units: int) -> None:
    """Give every account that may sell its part; the first account of the institution keeps its own."""
    sellers = [trader.account for trader in venue.traders() if trader.can_sell]
    part = total_units // len(sellers)
    transfers = [
        TransferUnits(
            asset_id=asset_id, from_account_id=source, to_account_id=target, units=Units(part), reason="benchmark"
        )
        for target in sellers
        if target != source
    ]
    await asyncio.gather(*(desk.by_two(transfer) for transfer in transfers))


async def _grow(desk: Desk, venue: Venue, count: int, resting: int) -> int:
    """First orders that stay, then the flow; how many commands were refused."""
    refused = 0
    flow = venue.flow(seed=1, prefix="seed-")

    def far() -> Iterator[tuple[Trader, Command]]:
        return (flow.far() for _ in range(min(resting, count)))

    def near() -> Iterator[tuple[Trader, Command]]:
        return (flow.draw() for _ in range(max(0, count - resting)))

    def learn_nothing(_trader: Trader, outcome: Outcome) -> None:
        nonlocal refused
        refused += isinstance(outcome.events[0], Rejected)

    def learn(trader: Trader, outcome: Outcome) -> None:
        learn_nothing(trader, outcome)
        flow.learn(trader, list(outcome.events))

    await desk.play(far(), learn_nothing)
    await desk.play(near(), learn)
    return refused
