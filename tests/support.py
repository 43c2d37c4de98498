"""A venue to test on: the real engine and the real tables, a clock of its own, and every promise checked on the way.

    venue = Venue.sandbox(fee_ppm=0, fee_minimum=0)
    venue.member("wu")
    venue.member("li", cash=2_000)
    venue.instrument("INS", wu=1_000)
    venue.do(PlaceOrder(...), by="li")       the events, or a Rejected in a list
    venue.plays("li buys 15 @ 101 -> rests")  see tests/scenario.py
    venue.close()                             loads the tables and decides everything again

After each command: what was refused changed nothing, what was told follows from what was told before, and the promises
of tests/promises.py hold. `close` compares the state in memory with the tables, and with a replay.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from custody.funding_messages import BankOpened, OpenBank, RecordReceipt
from custody.messages import AccountOpened
from exchange.core.ids import (
    NO_CONNECTION,
    NODE,
    AccountId,
    AssetId,
    BankId,
    ConnectionId,
    InstrumentId,
    ListingId,
    MarketId,
    MemberId,
    OrderId,
    UserId,
    make_id,
)
from exchange.core.instruments import AssetKind, Phase, Settlement, TitleRegime
from exchange.core.membership import (
    ClassMember,
    FoundExchange,
    MemberRegistered,
    RegisterMember,
    RegisterUser,
    UserRegistered,
)
from exchange.core.messages import Command, Event, Header, Record, Rejected
from exchange.core.node_messages import AdvanceClock, ApprovalRequested, ContinueRun, GrantApproval, StartNode
from exchange.core.parties import Role, Standing, UserRight
from exchange.core.postings import Movement
from exchange.core.rule_messages import ActivateText, ConfirmField, PublishedKind, PublishText, TextPublished
from exchange.core.units import Epoch, Minor, PriceTicks, Sequence, TimeNs
from exchange.core.wire import decode_events, encode_events
from exchange.engine import apply as road
from exchange.engine.desk import CANCELLED, FILLED, OPEN, Desk, desk_for, takes
from exchange.engine.digest import Section, section_differences, sections
from exchange.engine.issuance import issue_units
from exchange.engine.parsing import parse
from exchange.engine.sessions import schedule
from exchange.engine.state import ExchangeState
from exchange.rulebook import shipped
from exchange.rulebook.texts import TextError, unconfirmed_fields
from matching.book_messages import Book, BookSide, OrderState, Place
from matching.listing_messages import MarketOpened, OpenMarket
from matching.messages import ChangePhase, Instrument, OrderCancelled
from tests.promises import Listener, check_promises
from tests.scratch import Scratch
from tests.steps import Steps, names

E = TypeVar("E", bound=Event)

START_NS = 1_772_409_600_000_000_000
"""2026-03-02T00:00Z, a Monday after every shipped text took effect."""
STEP_NS = 1_000_000
Seeded = list[Record | Movement]
Seed = Callable[[ExchangeState, Header], Seeded]


@dataclass(frozen=True)
class Entry:
    """One line of the journal: what was asked and told, or what a test put into the state by hand."""

    header: Header
    command: Command | None
    events: list[Event]
    seed: Seed | None = None


class Venue:
    """One exchange in memory, driven command by command."""

    def __init__(self) -> None:
        self.state = ExchangeState()
        self.scratch = Scratch.empty()
        self.journal: list[Entry] = []
        self.listener = Listener()
        self.steps = Steps()
        self.clock_ns = START_NS
        self.epoch = 1
        self.users: dict[str, UserId] = {"node": NODE}
        self.members: dict[str, MemberId] = {}
        self.accounts: dict[str, AccountId] = {}
        self.instruments: dict[str, InstrumentId] = {}
        self.orders: dict[str, OrderId] = {}
        self.bank_id = BankId(0)
        self.money = AssetId(0)
        self.market_id = MarketId(0)
        self.checking = True
        self.desk: tuple[ExchangeState, Desk | None] | None = None

    # --- Making one ---------------------------------------------------------------------------------------------------

    @classmethod
    def sandbox(
        cls, *, fee_ppm: int = 300, fee_minimum: int = 5, fee_maximum: int | None = None, **fields: Any
    ) -> Venue:
        """A founded exchange with two operators, the sandbox's texts in force, a bank in XTS and a market.

        The fees are those of the book's both sides; `fields` replaces values of the profile (`holder_cap=2`).
        """
        changed = json.dumps(fields, sort_keys=True)
        return _sandbox(fee_ppm, fee_minimum, fee_maximum, changed).copy()

    def copy(self) -> Venue:
        """Another venue with the same past; its state is loaded from the tables."""
        other = Venue.__new__(Venue)
        other.desk = None
        other.scratch = self.scratch.copy()
        other.state = other.scratch.load()
        head = self.state
        other.state.sequence, other.state.epoch, other.state.at_ns = head.sequence, head.epoch, head.at_ns
        other.journal = list(self.journal)
        other.listener = Listener(*(dict(getattr(self.listener, name)) for name in self.listener.__dataclass_fields__))
        other.steps = Steps(dict(self.steps.states))
        other.clock_ns, other.epoch, other.checking = self.clock_ns, self.epoch, self.checking
        other.users, other.members = dict(self.users), dict(self.members)
        other.accounts, other.instruments = dict(self.accounts), dict(self.instruments)
        other.orders = dict(self.orders)
        other.bank_id, other.money, other.market_id = self.bank_id, self.money, self.market_id
        return other

    # --- Asking -------------------------------------------------------------------------------------------------------

    def do(self, command: Command, by: str | UserId = "ops", connection: ConnectionId = NO_CONNECTION) -> list[Event]:
        """Decide one command, keep it, and check what must hold. Timers that are due fire before it."""
        while self.state.due and self.state.due[0][0] <= self.clock_ns and not isinstance(command, AdvanceClock):
            self._decide(AdvanceClock(chance=self.chance()), NODE, NO_CONNECTION)
        return self._decide(command, self.users[by] if isinstance(by, str) else by, connection)

    def chance(self) -> bytes:
        """What a node would draw for the clock; here it follows from the place in the journal."""
        return hashlib.sha256(str(self.state.sequence).encode()).digest()

    def make(self, command: Command, kind: type[E], by: str | UserId = "ops") -> E:
        """Decide a command that is not refused; answers its first event of one kind."""
        events = self.do(command, by)
        for event in events:
            if isinstance(event, kind):
                return event
        raise AssertionError(f"{command} told {events}, no {kind.__name__}")

    def refusal(self, command: Command, by: str | UserId = "ops") -> str:
        """The code a command is refused with; empty if it is not."""
        events = self.do(command, by)
        return events[0].code.value if events and isinstance(events[0], Rejected) else ""

    def by_two(self, command: Command, by: str = "ops", second: str = "ops2") -> list[Event]:
        """Have a command asked by one operator and signed by the other; the events of the signature."""
        requested = self.make(command, ApprovalRequested, by)
        return self.do(GrantApproval(approval_id=requested.approval.approval_id), second)

    def refused_by_two(self, command: Command) -> str:
        """The code a command of two operators is refused with, when it is asked or when it is signed; or nothing."""
        asked = self.do(command)[0]
        if isinstance(asked, ApprovalRequested):
            return self.refusal(GrantApproval(approval_id=asked.approval.approval_id), "ops2")
        return asked.code.value if isinstance(asked, Rejected) else ""

    def finish_runs(self) -> int:
        """Do what the node does in its slow lane, until no run is left; how many chunks it took."""
        chunks = 0
        while self.state.runs:
            run = self.state.runs[min(self.state.runs)]
            self.do(ContinueRun(run_id=run.run_id, from_position=run.position), "node")
            chunks += 1
        return chunks

    def pass_time(self, *, days: int = 0, seconds: int = 0) -> None:
        """Let time go by; timers fire before the next command."""
        self.clock_ns += (days * 86_400 + seconds) * 1_000_000_000

    def restart(self) -> list[Event]:
        """Stop without warning and start again from the tables; the events of the start."""
        self.check_tables()
        head = self.state
        self.state = self.scratch.load()
        self.state.sequence, self.state.epoch, self.state.at_ns = head.sequence, head.epoch, head.at_ns
        self.epoch += 1
        return self.do(StartNode(), "node")

    # --- People and things --------------------------------------------------------------------------------------------

    def member(
        self,
        name: str,
        role: Role = Role.INVESTOR,
        *,
        cash: int = 0,
        standings: tuple[Standing, ...] = (Standing.INVITED,),
        country: str = "CN",
    ) -> AccountId:
        """Admit a member with one user of the same name and every right; answers its main account."""
        events = self.do(RegisterMember(name=name, role=role, country=country))
        registered, opened = events
        assert isinstance(registered, MemberRegistered) and isinstance(opened, AccountOpened), events
        member_id = registered.member.member_id
        self.members[name], self.accounts[name] = member_id, opened.account.account_id
        self.user(name, name, rights=tuple(UserRight))
        self.do(ClassMember(member_id=member_id, standings=standings))
        if cash:
            self.deposit(name, cash)
        return opened.account.account_id

    def user(self, name: str, member: str, rights: tuple[UserRight, ...] = (UserRight.VIEW, UserRight.TRADE)) -> UserId:
        """One more user of a member."""
        made = self.make(
            RegisterUser(
                member_id=self.members[member], user_name=f"{name.lower().replace(' ', '-')}.user", rights=rights
            ),
            UserRegistered,
        )
        self.users[name] = made.user.user_id
        return made.user.user_id

    def deposit(self, name: str, amount_minor: int) -> None:
        """Let a member pay in."""
        self.do(
            RecordReceipt(
                bank_id=self.bank_id,
                reference=f"R{self.state.sequence + 1}",
                payer_name=name,
                payer_account="XT00 0000 0000",
                amount_minor=Minor(amount_minor),
                account_id=self.accounts[name],
            )
        )

    def instrument(
        self,
        code: str = "INS",
        *,
        lot_units: int = 1,
        tick_minor: int = 1,
        band: tuple[int, int] = (1, 1_000_000),
        holders: Mapping[str, int] | None = None,
        opened: bool = True,
        **more: int,
    ) -> InstrumentId:
        """Issue a right to the first named holder, hand the others their part, and open a book for it.

        Holders are named with their units: `instrument("INS", wu=1_000)`, or as a mapping.

        It stands beside the listing workflow, which has tests of its own: the records are put by hand.
        """
        units = {**(holders or {}), **more}
        market_id = self.market_id
        names = list(units)

        def seed(state: ExchangeState, header: Header) -> Seeded:
            issue = issue_units(
                state,
                header,
                ordinal=1,
                kind=AssetKind.SHARE,
                code=f"{code}.SHARE",
                total_units=sum(units.values()),
                title_regime=TitleRegime.OWN_REGISTER,
                subject_id=0,
                to_account_id=self.accounts[names[0]],
            )
            instrument = Instrument(
                instrument_id=InstrumentId(make_id(header.sequence)),
                code=code,
                name=code,
                market_id=market_id,
                listing_id=ListingId(0),
                asset_id=issue.asset.asset_id,
                money_asset_id=self.money,
                lot_units=lot_units,
                tick_minor=tick_minor,
                band_low_ticks=PriceTicks(band[0]),
                band_high_ticks=PriceTicks(band[1]),
                settlement=Settlement.BOOK_ENTRY,
                phase=Phase.CLOSED,
                frozen=False,
            )
            state.put(instrument)
            timers = [event.timer for event in schedule(state, header, instrument, header.at_ns)]
            legs = [(self.accounts[name], issue.asset.asset_id, units[name]) for name in names[1:]]
            given = -sum(leg[2] for leg in legs)
            moved = state.ledger.move(header.sequence, [(self.accounts[names[0]], issue.asset.asset_id, given), *legs])
            return [issue.asset, issue.account, instrument, issue.movement, moved, *timers]

        instrument_id = InstrumentId(make_id(self.seed(seed).sequence))
        self.instruments[code] = instrument_id
        if opened:
            self.do(ChangePhase(instrument_id=instrument_id, phase=Phase.CONTINUOUS))
        return instrument_id

    def seed(self, seed: Seed) -> Header:
        """Put something into state and tables without a command, at a sequence of its own."""
        header = self._header(NODE, NO_CONNECTION)
        seeded = seed(self.state, header)
        self._count(self.state, header)
        self.scratch.save_seed(header, seeded)
        for value in seeded:
            self.steps.told(value)
            if isinstance(value, Movement):
                self.listener.hears_part(header, value)
        self.journal.append(Entry(header, None, [], seed))
        return header

    # --- Looking ------------------------------------------------------------------------------------------------------

    def asset(self, code: str = "INS") -> AssetId:
        """What an instrument trades."""
        return self.state.instruments[self.instruments[code]].asset_id

    def cash(self, name: str) -> int:
        """A member's money on its main account, held units included."""
        return self.state.ledger.units(self.accounts[name], self.money)

    def units(self, name: str, code: str = "INS") -> int:
        """A member's units of what an instrument trades."""
        return self.state.ledger.units(self.accounts[name], self.asset(code))

    def held(self, name: str, code: str | None = None) -> int:
        """What a member promised of its money, or of an instrument's asset."""
        return self.state.ledger.held(self.accounts[name], self.asset(code) if code else self.money)

    def has(self, name: str, *, units: int | None = None, cash: int | None = None, code: str = "INS") -> None:
        """Assert what a member has."""
        if units is not None:
            assert self.units(name, code) == units, f"{name} has {self.units(name, code)} units"
        if cash is not None:
            assert self.cash(name) == cash, f"{name} has {self.cash(name)} cash"

    def holds(self, name: str, *, units: int | None = None, cash: int | None = None, code: str = "INS") -> None:
        """Assert what a member has promised."""
        if units is not None:
            assert self.held(name, code) == units, f"{name} holds {self.held(name, code)} units"
        if cash is not None:
            assert self.held(name) == cash, f"{name} holds {self.held(name)} cash"

    def plays(self, text: str) -> None:
        """Play a text scenario, line by line: see tests/scenario.py."""
        from tests.scenario import play

        play(self, text)

    # --- Proving ------------------------------------------------------------------------------------------------------

    def check_tables(self) -> None:
        """The state loaded from the tables equals the state in memory."""
        loaded = self.scratch.load()
        loaded.sequence, loaded.epoch, loaded.at_ns = self.state.sequence, self.state.epoch, self.state.at_ns
        found = section_differences(sections(loaded), sections(self.state))
        assert not found, "loaded from the tables, then in memory:\n" + "\n".join(found)

    def check_replay(self) -> None:
        """Deciding everything again gives the same events and the same state."""
        state = ExchangeState()
        for entry in self.journal:
            if entry.seed is not None:
                entry.seed(state, entry.header)
                self._count(state, entry.header)
            elif entry.command is not None:
                again = road.apply(state, entry.header, entry.command)
                assert again == entry.events, f"{entry.command} told {entry.events}, again {again}"
        found = section_differences(sections(state), sections(self.state))
        assert not found, "replayed, then in memory:\n" + "\n".join(found)

    def close(self) -> None:
        """Everything that can be proved about this venue."""
        check_promises(self.state)
        self.listener.agrees(self.state)
        self.check_tables()
        self.check_replay()

    # --- Inside -------------------------------------------------------------------------------------------------------

    def _header(self, principal: UserId, connection: ConnectionId) -> Header:
        self.clock_ns += STEP_NS
        return Header(
            sequence=Sequence(self.state.sequence + 1),
            epoch=Epoch(self.epoch),
            at_ns=TimeNs(self.clock_ns),
            principal=principal,
            connection_id=connection,
        )

    def _decide(self, command: Command, principal: UserId, connection: ConnectionId) -> list[Event]:
        header = self._header(principal, connection)
        applied = names(self.state, command)
        before: dict[str, Section] = sections(self.state) if self.checking else {}
        events = self._at_the_desk(header, command)
        if events is None:
            events = road.apply(self.state, header, command)
        self.journal.append(Entry(header, command, events))
        self.scratch.save(header, command, events)
        self.listener.hears(header, events)
        self.steps.hears(applied, events)
        if self.checking:
            if events and isinstance(events[0], Rejected):
                assert not self.state.changing, f"{command} was refused after the line"
                after = sections(self.state)
                del before["head"], after["head"]
                found = section_differences(before, after)
                assert not found, f"{command} was refused and changed:\n" + "\n".join(found)
            else:
                check_promises(self.state)
        return events

    def _at_the_desk(self, header: Header, command: Command) -> list[Event] | None:
        """What the compiled desk decides, as a node would ask it; `close` decides all of it again by the handlers."""
        if self.desk is None or self.desk[0] is not self.state:
            self.desk = (self.state, desk_for(self.state))
        desk = self.desk[1]
        decided = desk.decide(header, command) if desk is not None and takes(type(command)) else None
        if decided is None:
            return None
        encoded, told = decided
        events = decode_events(encode_events(encoded))
        if told is None:
            assert isinstance(events[0], Rejected)
        else:
            order_id, status, lots = told
            order = self.state.orders.get(order_id)
            assert (order.remaining_lots if order is not None else 0) == lots
            is_over = isinstance(events[-1], OrderCancelled)
            assert status == (CANCELLED if is_over else FILLED if order is None else OPEN)
        return events

    @staticmethod
    def _count(state: ExchangeState, header: Header) -> None:
        state.sequence, state.epoch, state.at_ns = header.sequence, header.epoch, header.at_ns


def queued(book: Book) -> list[tuple[str, OrderState]]:
    """The orders in a book's queues with their side, bids then offers, in the order in which they would trade."""
    bids: list[OrderState] = []
    offers: list[OrderState] = []
    for stands in book.orders():
        if stands.place is Place.QUEUE:
            (bids if stands.order.side is BookSide.BUY else offers).append(stands)
    bids.sort(key=lambda stands: (-stands.price_ticks, stands.order.hidden, stands.priority))
    offers.sort(key=lambda stands: (stands.price_ticks, stands.order.hidden, stands.priority))
    return [("buy", stands) for stands in bids] + [("sell", stands) for stands in offers]


def sandbox_text(kind: PublishedKind, **fields: Any) -> str:
    """A shipped sandbox text with some of its values replaced: a profile's fields, or every book row's numbers."""
    if kind is PublishedKind.PROFILE:
        text = json.loads(shipped.profile_text("sandbox"))
        for name, value in fields.items():
            row = {"value": value, "source": "The house's own rule.", "provision": "HOUSE", "mark": "S"}
            text["fields"].setdefault(name, row)["value"] = value
    else:
        text = json.loads(shipped.fee_schedule_text("sandbox"))
        for row in text["rows"]:
            if row["method"] == "order_book":
                row.update(fields)
    return json.dumps(text, ensure_ascii=False)


def publish(venue: Venue, kind: PublishedKind, text: str) -> None:
    """Publish a text, confirm its unchecked rows, and activate it by two."""
    published = venue.make(PublishText(kind=kind, text=text), TextPublished).published
    document = parse(kind, text)
    assert not isinstance(document, TextError)
    for name in unconfirmed_fields(document):
        venue.do(
            ConfirmField(kind=kind, name=published.name, version=published.version, field=name, source="read in test")
        )
    events = venue.by_two(ActivateText(kind=kind, name=published.name, version=published.version))
    assert not isinstance(events[0], Rejected), events


@functools.cache
def _sandbox(fee_ppm: int, fee_minimum: int, fee_maximum: int | None, changed: str) -> Venue:
    venue = Venue()
    venue.do(StartNode(), "node")
    events = venue.do(FoundExchange(venue_name="Test venue", operator_name="ops"), "node")
    founded = events[1]
    assert isinstance(founded, UserRegistered), events
    venue.users["ops"] = founded.user.user_id
    for name in ("ops2", "reg"):
        role = Role.REGULATOR if name == "reg" else Role.OPERATOR
        made = venue.make(RegisterUser(member_id=MemberId(0), user_name=name, roles=(role,)), UserRegistered)
        venue.users[name] = made.user.user_id
    publish(venue, PublishedKind.PROFILE, sandbox_text(PublishedKind.PROFILE, **json.loads(changed)))
    fees = {"rate_ppm": fee_ppm, "minimum_minor": fee_minimum, "maximum_minor": fee_maximum}
    publish(venue, PublishedKind.FEE_SCHEDULE, sandbox_text(PublishedKind.FEE_SCHEDULE, **fees))
    publish(venue, PublishedKind.CALENDAR, shipped.calendar_text("always"))
    opened = venue.make(OpenBank(name="Test Bank", code="SIM", currency="XTS"), BankOpened)
    venue.bank_id, venue.money = opened.bank.bank_id, opened.asset.asset_id

    market = venue.make(
        OpenMarket(
            name="sandbox",
            profile="sandbox",
            profile_version=1,
            currency="XTS",
            money_asset_id=venue.money,
            calendar="always",
            calendar_version=1,
            fee_schedule="sandbox",
        ),
        MarketOpened,
    )
    venue.market_id = market.market.market_id
    return venue
