"""What is told of an instrument's day beyond its phase: its calls, their auctions, and the seeds that end them."""

from __future__ import annotations

from exchange.core.ids import InstrumentId
from exchange.core.instruments import Phase, Side
from exchange.core.messages import Event, Record
from exchange.core.units import TimeNs


class Session(Record, frozen=True, kw_only=True):
    """Where an instrument's day stands beside its phase. Only the exchange itself sees it: it holds the seed.

    `following` comes after the call or the auction that is under way (closed where none is). A call whose end is drawn
    can end first at `first_end_ns`, and goes on for at most `random_seconds`; zero: it ends by hand or by the
    timetable. `extended`: once already. `held`: halted or closed otherwise than by the timetable, which lets it be
    until the day ends. `seed` is committed to and not used yet.
    """

    instrument_id: InstrumentId
    following: Phase = Phase.CLOSED
    first_end_ns: TimeNs = TimeNs(0)
    random_seconds: int = 0
    extended: bool = False
    held: bool = False
    seed: bytes = b""


class SessionChanged(Event, frozen=True, kw_only=True, tag="session.changed"):
    """An instrument's day went on; for the exchange's own tables."""

    session: Session


class CallSeedCommitted(Event, frozen=True, kw_only=True, tag="call.seed_committed"):
    """The next call of the instrument that ends at random will end by the seed with this SHA-256.

    Source: the draw is stated at matching.call_end.
    """

    instrument_id: InstrumentId
    commitment_sha256: str


class CallSeedRevealed(Event, frozen=True, kw_only=True, tag="call.seed_revealed"):
    """A call is over; its seed and what was drawn from it, for everybody to check against the commitment.

    Units: the call could end first at `first_end_ns` and at the latest `random_seconds` later.
    """

    instrument_id: InstrumentId
    seed_hex: str
    first_end_ns: TimeNs
    random_seconds: int
    end_ns: TimeNs


class AuctionIndicated(Event, frozen=True, kw_only=True, tag="auction.indicated"):
    """What the auction of the call would do now; told after each command that touched the book.

    Units: ticks and lots; price and lots are zero where no two orders meet. `imbalance_lots` of `imbalance_side` find
    no partner at this price.
    Source: FIX MarketDataIncrementalRefresh, MDEntryType Q (auction clearing price) and A (imbalance).
    """

    instrument_id: InstrumentId
    price_ticks: int
    paired_lots: int
    imbalance_lots: int
    imbalance_side: Side | None


class AuctionFixed(Event, frozen=True, kw_only=True, tag="auction.fixed"):
    """A call is over: price, volume and the rules that found them are fixed; the trades follow while it settles.

    Units: as in `auction.indicated`; a price of zero: no two orders met, and nothing trades. `reference_ticks` decided
    between prices that were equal otherwise (zero: there was none).
    """

    instrument_id: InstrumentId
    call: Phase
    price_ticks: int
    quantity_lots: int
    imbalance_lots: int
    imbalance_side: Side | None
    tie_break: str
    allocation: str
    reference_ticks: int
