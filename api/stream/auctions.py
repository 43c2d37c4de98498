"""An instrument's calls and auctions as a channel, `auction:…`: what the auction would do now, and what it did.

Every message says how all of it stands, so that none is missed by whoever has the last one. `n` counts the messages,
and begins anew with each epoch.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from api.stream.answers import encode, envelope, frame, id_text
from api.stream.channels import Moment
from exchange.core.ids import InstrumentId
from exchange.core.instruments import Phase, Side
from exchange.core.messages import Event
from matching.messages import Instrument
from matching.session_messages import AuctionFixed, AuctionIndicated, CallSeedCommitted, CallSeedRevealed
from matching.visible import BookChange

CALLS = (Phase.OPENING_CALL, Phase.CLOSING_CALL, Phase.VOLATILITY_CALL)
"""The phases in which an auction is indicated."""


class Indicated(msgspec.Struct, frozen=True, gc=False):
    """What the auction would do now; a price of null: no two orders meet."""

    price_ticks: int | None
    paired_lots: int
    imbalance_lots: int
    imbalance_side: Side | None


class Fixed(msgspec.Struct, frozen=True, gc=False):
    """What the last auction did, and by which rules; its trades are on the tape."""

    call: Phase
    price_ticks: int | None
    quantity_lots: int
    imbalance_lots: int
    imbalance_side: Side | None
    tie_break: str
    allocation: str
    reference_ticks: int | None


class Revealed(msgspec.Struct, frozen=True, gc=False):
    """The seed of the last call that ended at random, for everybody to check."""

    seed_hex: str
    first_end_ns: int
    random_seconds: int
    end_ns: int


class Auction(msgspec.Struct, frozen=True, gc=False, tag="auction.snapshot"):
    """How calls and auctions of the instrument stand."""

    phase: Phase | None
    indicated: Indicated | None = None
    fixed: Fixed | None = None
    seed_sha256: str | None = None
    """The commitment to the seed by which the next call ends that ends at random."""
    revealed: Revealed | None = None


class AuctionChanged(Auction, frozen=True, gc=False, tag="auction.changed"):
    """How they stand after a change."""


class Auctions:
    """What is known of every instrument's calls and auctions."""

    __slots__ = ("by_id",)

    def __init__(self) -> None:
        self.by_id: dict[InstrumentId, Auction] = {}

    def restore(self, known: Mapping[InstrumentId, Auction]) -> None:
        """Start from the tables."""
        self.by_id = dict(known)

    def take(self, event: Event) -> InstrumentId | None:
        """Take in an event; whose auction changed, if one did."""
        match event:
            case AuctionIndicated():
                price = event.price_ticks or None
                indicated = Indicated(price, event.paired_lots, event.imbalance_lots, event.imbalance_side)
                return self._change(event.instrument_id, indicated=indicated)
            case AuctionFixed():
                fixed = Fixed(
                    event.call,
                    event.price_ticks or None,
                    event.quantity_lots,
                    event.imbalance_lots,
                    event.imbalance_side,
                    event.tie_break,
                    event.allocation,
                    event.reference_ticks or None,
                )
                return self._change(event.instrument_id, indicated=None, fixed=fixed)
            case CallSeedCommitted():
                return self._change(event.instrument_id, seed_sha256=event.commitment_sha256)
            case CallSeedRevealed():
                revealed = Revealed(event.seed_hex, event.first_end_ns, event.random_seconds, event.end_ns)
                return self._change(event.instrument_id, seed_sha256=None, revealed=revealed)
            case _:
                return None

    def phase(self, instrument: Instrument) -> InstrumentId | None:
        """Take in an instrument's phase; what was indicated in a call that is over is gone."""
        phase = instrument.phase
        known = self.by_id.get(instrument.instrument_id)
        if known is not None and known.phase is phase:
            return None
        changes: dict[str, object] = {} if phase in CALLS else {"indicated": None}
        return self._change(instrument.instrument_id, phase=phase, **changes)

    def _change(self, instrument_id: InstrumentId, **changes: object) -> InstrumentId:
        known = self.by_id.get(instrument_id, Auction(None))
        self.by_id[instrument_id] = msgspec.structs.replace(known, **changes)
        return instrument_id


class AuctionChannel:
    """One instrument's calls and auctions as messages."""

    __slots__ = ("_auctions", "_is_changed", "instrument_id", "n", "name", "serial")

    def __init__(self, instrument_id: InstrumentId, auctions: Auctions) -> None:
        self.instrument_id = instrument_id
        self.name = "auction:" + id_text("I", instrument_id)
        self.serial = self.n = 0
        self._auctions = auctions
        self._is_changed = False

    def take(self, change: BookChange) -> bool:
        """What changes in the book changes no auction until an event says so."""
        del change
        return False

    def changed(self) -> None:
        """Something changed; it is sent with the next tick."""
        self._is_changed = True

    def emit(self, moment: Moment) -> bytes | None:
        """The tick's message, if anything changed."""
        if not self._is_changed:
            return None
        self._is_changed = False
        self.n += 1
        self.serial = self.n
        now = self._now()
        changed = AuctionChanged(now.phase, now.indicated, now.fixed, now.seed_sha256, now.revealed)
        return self._frame(changed, moment)

    def keep(self, *, wanted: bool) -> None:
        """Nothing is kept: the last message says all."""

    def since_serial(self, serial: int, moment: Moment) -> bytes | None:
        """How it stands, if a message was missed."""
        return None if serial == self.serial else self.snapshot(moment)

    def since_number(self, from_n: int, moment: Moment) -> bytes | None:
        """How it stands: numbers of another epoch look the same."""
        del from_n
        return self.snapshot(moment)

    def snapshot(self, moment: Moment) -> bytes:
        """How it stands."""
        return self._frame(self._now(), moment)

    def _now(self) -> Auction:
        return self._auctions.by_id.get(self.instrument_id, Auction(None))

    def _frame(self, body: Auction, moment: Moment) -> bytes:
        return frame(envelope(self.name, moment.epoch, self.n, moment.sequence, moment.at_ns, encode(body)))
