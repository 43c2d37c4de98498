"""A statement of one account over some days: what it had, each movement with its reason, what it has.

Postings are never changed, so a statement up to a sequence is the same whenever it is asked for. Only what is held is
a matter of the moment: an earlier sequence leaves it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from custody.accounts import Account
from exchange.core.calendar import start_of_day_ns
from exchange.core.ids import KINDS, AccountId, AssetId, to_wire
from exchange.core.instruments import AssetKind
from exchange.core.membership import Member
from exchange.core.postings import Posting
from exchange.core.rejections import InvariantBroken
from exchange.core.wire import name_of_type
from exchange.core.wire_json import show
from exchange.store.queries import journal, records
from exchange.store.queries.accounts import StatementLine, all_assets, ever_held, statement
from exchange.store.queries.reader import Snapshot
from matching.deals import Deal
from matching.messages import Market

TIME_ZONE = "Asia/Shanghai"
"""In which the venue's days begin and end."""
MOST_LINES = 5_000
MOST_WALKED = 50_000
"""Movements that are passed on the way back to the period; a later sequence's lines are among them."""
PORTION = 200
CASES = (
    *("trade", "deal", "lot", "sale", "pilot", "bidder", "withdrawal", "receipt", "subscription", "product"),
    *("claim", "reward", "obligation", "transfer", "quote", "outcome", "right"),
)
"""By which identifier a movement is understood, when its event is not named after one."""


class TooLong(Exception):  # noqa: N818 - it is what is wrong with the question
    """More movements than one statement holds."""


@dataclass(frozen=True, slots=True)
class Counter:
    """What stood against a movement: units of another asset, negative when they left the account."""

    code: str
    units: int
    scale: int


@dataclass(frozen=True, slots=True)
class Line:
    """One movement. `event` and `case` say where it comes from, `what` says it in a sentence."""

    sequence: int
    at_ns: int
    units: int
    balance_after: int
    event: str
    case: str
    what: str
    counters: tuple[Counter, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One asset of the account: `opening_units` + all lines = `closing_units`.

    `held_units` are promised to orders, sales and contracts; None when that is not known for the sequence asked about.
    """

    asset_id: AssetId
    kind: str
    code: str
    currency: str
    scale: int
    opening_units: int
    lines: tuple[Line, ...]
    closing_units: int
    held_units: int | None

    @property
    def money(self) -> bool:
        """Whether this is money at a bank."""
        return self.kind == AssetKind.MONEY.value


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose statement, over which days (both included), up to which sequence; the newest if none is named."""

    account_id: AccountId
    first: date
    last: date
    as_of_sequence: int | None = None
    asset_id: AssetId | None = None
    names: bool = False
    """Whether the member's name is told: to the member itself, and to nobody else."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A whole statement, made at one sequence."""

    account_id: str
    member_id: str
    name: str
    simulated: bool
    first: date
    last: date
    as_of_sequence: int
    sections: tuple[Section, ...]

    @property
    def identifier(self) -> str:
        """What names this statement, the same for the same question."""
        return f"{self.account_id}-{self.first:%Y%m%d}-{self.last:%Y%m%d}-{self.as_of_sequence}"


def gather(snapshot: Snapshot, asked: Asked) -> Statement | None:
    """Read a statement; None if there is no such account.

    Raises: TooLong; InvariantBroken if a sum does not agree.
    """
    account = records.one(snapshot, Account, (asked.account_id,))
    if not isinstance(account, Account):
        return None
    member = records.one(snapshot, Member, (account.member_id,))
    as_of = snapshot.sequence if asked.as_of_sequence is None else asked.as_of_sequence
    walk = _Walk(snapshot, asked, as_of)
    sections = [walk.section(row) for row in ever_held(snapshot, asked.account_id, asked.asset_id)]
    return Statement(
        account_id=to_wire(KINDS["AccountId"], asked.account_id),
        member_id=to_wire(KINDS["MemberId"], account.member_id),
        name=member.name if asked.names and isinstance(member, Member) else "",
        simulated=isinstance(member, Member) and member.simulated,
        first=asked.first,
        last=asked.last,
        as_of_sequence=as_of,
        sections=tuple(found for found in sections if found is not None),
    )


class _Walk:
    """The walk back along each asset's chain of postings, with the reasons found on the way."""

    def __init__(self, snapshot: Snapshot, asked: Asked, as_of: int) -> None:
        self.snapshot, self.asked, self.as_of = snapshot, asked, as_of
        self.from_ns = start_of_day_ns(asked.first, TIME_ZONE)
        self.until_ns = start_of_day_ns(asked.last + timedelta(days=1), TIME_ZONE)
        self.walked = self.taken = 0
        self.rows: dict[int, list[Any]] = {}
        self.assets: dict[int, Any] = {row.asset_id: row for row in all_assets(snapshot)}

    def section(self, row: Any) -> Section | None:
        """One asset's part; None if the account had nothing of it all the time."""
        inside: list[StatementLine] = []
        opening = closing = 0
        later = True
        for line in self._back(row.asset_id):
            if later and (line.sequence > self.as_of or line.at_ns >= self.until_ns):
                continue
            if later:
                later, closing = False, line.balance_after
            if line.at_ns < self.from_ns:
                opening = line.balance_after
                break
            inside.append(line)
            self.taken += 1
            if self.taken > MOST_LINES:
                raise TooLong(f"more than {MOST_LINES} movements: ask for fewer days")
        held = row.held_units if self.as_of == self.snapshot.sequence else None
        if not (inside or opening or closing or held):
            return None
        inside.reverse()
        _reconcile(opening, inside, closing)
        lines = tuple(self._line(line) for line in inside)
        return Section(row.asset_id, row.kind, row.code, row.currency, row.scale, opening, lines, closing, held)

    def _back(self, asset_id: int) -> Iterator[StatementLine]:
        """The asset's movements, newest first."""
        position: int | None = None
        while position != 0:
            found = statement(self.snapshot, self.asked.account_id, AssetId(asset_id), PORTION, position)
            position = found.next_sequence
            self.walked += len(found.records)
            if self.walked > MOST_WALKED:
                raise TooLong(f"more than {MOST_WALKED} movements since the first day asked about")
            yield from found.records

    def _line(self, line: StatementLine) -> Line:
        event = self._event(line)
        counters = self._counters(event, line)
        name = name_of_type(cast("Any", type(event))) if event is not None else ""
        what = (type(event).__doc__ or "").partition("\n")[0].replace("`", "") if event is not None else ""
        case = _case(name, show(event)) if event is not None else ""
        return Line(line.sequence, line.at_ns, line.units, line.balance_after, name, case, what, counters)

    def _event(self, line: StatementLine) -> Any:
        """The event that tells of a posting."""
        events = self.rows.get(line.sequence)
        if events is None:
            entry = journal.entry(self.snapshot, line.sequence)
            events = self.rows[line.sequence] = list(entry.events) if entry is not None else []
        for event in events:
            for posting in _postings(event):
                if (posting.account_id, posting.asset_id) == (line.account_id, line.asset_id) and (
                    posting.units,
                    posting.balance_after,
                ) == (line.units, line.balance_after):
                    return event
        return None

    def _counters(self, event: Any, line: StatementLine) -> tuple[Counter, ...]:
        """The account's other assets in the same event, summed; of a deal paid earlier or later, its price."""
        sums: dict[int, int] = {}
        for posting in _postings(event):
            if posting.account_id == line.account_id and posting.asset_id != line.asset_id:
                sums[posting.asset_id] = sums.get(posting.asset_id, 0) + posting.units
        if sums:
            return tuple(self._counter(asset_id, units) for asset_id, units in sums.items())
        deal = getattr(event, "deal", None)
        if isinstance(deal, Deal):
            asset = self.assets[line.asset_id]
            if asset.kind == AssetKind.MONEY.value:
                bought = deal.buyer_account_id == line.account_id
                return (self._counter(deal.asset_id, deal.units if bought else -deal.units),)
            market = records.one(self.snapshot, Market, (deal.market_id,))
            if isinstance(market, Market):
                sign = -1 if line.units > 0 else 1
                scales = [found.scale for found in self.assets.values() if found.currency == market.currency]
                return (Counter(market.currency, sign * deal.price_minor, scales[0] if scales else 0),)
        return ()

    def _counter(self, asset_id: int, units: int) -> Counter:
        asset = self.assets[asset_id]
        return Counter(asset.code, units, asset.scale)


def _postings(value: Any) -> Iterator[Posting]:
    """Every posting an event carries, wherever it keeps them."""
    if isinstance(value, Posting):
        yield value
        return
    for name in getattr(value, "__struct_fields__", ()):
        inner = getattr(value, name)
        for item in inner if isinstance(inner, tuple) else (inner,):
            if hasattr(item, "__struct_fields__"):
                yield from _postings(item)


def _case(name: str, shown: dict[str, Any]) -> str:
    """The identifier by which a person finds the case: the event's own noun's, else the first known one."""
    noun = name.partition(".")[0]
    for wanted in dict.fromkeys((noun, *CASES)):
        found = _named(shown, f"{wanted}_id")
        if found and re.match(r"[A-Z]+1-[1-9]", found):
            return found
    return ""


def _named(value: Any, name: str) -> str:
    """The first field of that name, the outermost before those inside."""
    level = [value]
    while level:
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                if isinstance(item.get(name), str):
                    return str(item[name])
                deeper.extend(inner for inner in item.values() if isinstance(inner, dict))
        level = deeper
    return ""


def _reconcile(opening: int, lines: list[StatementLine], closing: int) -> None:
    """Each balance follows from the one before, and the last is the closing one.

    Raises: InvariantBroken.
    """
    balance = opening
    for line in lines:
        balance += line.units
        if line.balance_after != balance:
            raise InvariantBroken(f"the balance after {line.sequence} follows from the one before")
    if balance != closing:
        raise InvariantBroken("opening balance and movements make the closing balance")
