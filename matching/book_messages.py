"""What is said to the book of one instrument, and what it answers: the contract of every book, plain or compiled.

The book is a machine of integers: ticks, lots, ids in; flat events out. It knows no money, no clock, no rulebook and no
names. Whatever changes any order has an event, so that whoever folds the events has every order (L3) and every visible
price (L2) exactly as the book has them; that is how the tables and the feed are made.

Three rules hold everywhere:

*Refused first, changed after.* An operation that cannot be done answers one REFUSED event and changes nothing.

*Everything is bounded.* `max_fills` is what one operation may do: each maker met (filled, or removed because it is the
taker's own), each stop triggered, each waiting order let into a call, each order an auction ends costs one. What is
left over stays, `pending` says so, and `continue_` goes on. Orders whose price follows the market, and all-or-none
orders, are at most MAX_FOLLOWERS and MAX_CONTINGENT; every command may have to look at each of them. So one operation
answers at most `most_events(max_fills)` events.

*Priority is a number.* Whoever joins a queue gets the next one; in one queue a lower number trades first. It is the
book's own, it is in the events, and it is all that loading an order needs to find its place again.

Source: the words follow FIX 5.0 SP2 (OrdType 40, TimeInForce 59, ExecInst 18, PegPriceType 1094, MinQty 110,
DisplayQty 1138, SelfMatchPrevention 2362), as far as it has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

import msgspec

MAX_TICKS: Final = 2**53 - 1
MAX_LOTS: Final = 2**44
"""The largest order: half a million of them at one price still add up within 63 bits."""
MAX_FOLLOWERS: Final = 256
"""Pegged orders and trailing stops in one book, together."""
MAX_CONTINGENT: Final = 256
"""All-or-none orders that rest in one book."""
MAX_FILLS: Final = 2**16 - 1
MAX_PRIORITY: Final = 2**53 - 1
"""The highest number that `number_from` takes; a book that counts on from there never runs out of 63 bits."""
NO_ORDER: Final = 0
NO_PRICE: Final = 0
"""Prices and ids begin at 1, so zero says that there is none."""


def most_events(max_fills: int) -> int:
    """The most events one operation answers.

    A step makes five at most: a triggered stop that meets one maker is two steps and makes ten (triggered, the other
    order of its pair cancelled, a fill, the maker's next slice, the other order of the maker's pair cancelled, what
    became of its rest, four prices reached). Every follower may move once, and an operation begins and ends with a few.
    """
    return 5 * max_fills + MAX_FOLLOWERS + 16


# --- Words, as small integers: what stands in the records -------------------------------------------------------------


class BookSide(IntEnum):
    """Who pays money, who gives the right (FIX 54)."""

    BUY = 1
    SELL = 2


class Kind(IntEnum):
    """What makes an order trade (FIX 40, 1094).

    `price_ticks` is never missing: it is the limit, and for a kind without one the protection price beyond which the
    engine covers nothing, so that nothing ever trades beyond it.
    """

    LIMIT = 1
    MARKET = 2
    """Takes what there is up to the protection price; a rest does not stay, except in a call until its auction."""
    STOP = 3
    """Waits; becomes a MARKET order when the reference reaches `stop_ticks` (rising for a bid, else falling)."""
    STOP_LIMIT = 4
    """Waits; becomes a LIMIT order."""
    TRAILING_STOP = 5
    """A STOP whose level follows the last price at `trail_ticks`, never away from it (SELL: up, BUY: down).

    It follows at the end of an operation that leaves nothing pending, once, as pegs do."""
    TRAILING_STOP_LIMIT = 6
    """Its limit, when triggered, is `offset_ticks` beyond the level it then has, and never beyond `price_ticks`."""
    PEGGED_BEST = 7
    """Primary peg: the best price of its own side, less aggressive by `offset_ticks`."""
    PEGGED_MID = 8
    """The middle of both best prices, rounded to the less aggressive tick, less aggressive by `offset_ticks`."""
    PEGGED_MARKET = 9
    """The best price of the other side, less aggressive by `offset_ticks`, at least 1."""


class TimeLimit(IntEnum):
    """How long an order stays (FIX 59). The engine ends DAY and GTD orders; the book only keeps the word."""

    DAY = 1
    GTC = 2
    GTD = 3
    IOC = 4
    FOK = 5
    AT_OPEN = 6
    """Waits for the next opening call, takes part in its auction, and ends with it."""
    AT_CLOSE = 7


class SelfTrade(IntEnum):
    """What happens when a taker meets an order of its account or group; the taker's own word decides (FIX 2362).

    It acts where an order takes. A call auction pairs by priority alone, nobody there chooses whom to meet, so a fill
    between related orders is made and carries the flag SELF (SIX Swiss Exchange: in continuous trading only).
    """

    CANCEL_NEWEST = 1
    CANCEL_OLDEST = 2
    CANCEL_BOTH = 3
    DECREMENT = 4
    """Both shrink by the smaller one's remaining lots; what has none left is cancelled."""


class Matching(IntEnum):
    """What the book does with orders now. Each phase of a day is one of these."""

    HALTED = 1
    """Only cancels."""
    COLLECT = 2
    """A call: orders rest and may cross, until `uncross_begin`."""
    CONTINUOUS = 3
    UNCROSSING = 4
    """Price and volume are fixed and fills are being handed out; nothing else is allowed."""
    FIXED_PRICE = 5
    """After the close: every trade at one price. An order that does not accept this price is refused."""


class Call(IntEnum):
    """Which call COLLECT is; at-open and at-close orders join theirs."""

    NONE = 0
    OPENING = 1
    CLOSING = 2
    VOLATILITY = 3
    OTHER = 4


class Reason(IntEnum):
    """Why an order was cancelled, reduced, or waits."""

    NONE = 0
    REQUESTED = 1
    SELF_TRADE = 2
    FILL_LIMIT = 3
    """The taker met `max_fills` makers; its rest does not stay, for it would cross."""
    IMMEDIATE_OR_CANCEL = 4
    MARKET_REMAINDER = 5
    ONE_CANCELS_OTHER = 6
    AUCTION_ENDED = 7
    REPLACED = 8
    """Reduced by its owner, in place."""
    STOP = 9
    AT_OPEN = 10
    AT_CLOSE = 11
    # Said by the engine, carried by the book.
    CANCEL_ALL = 16
    END_OF_DAY = 17
    EXPIRED = 18
    DISCONNECTED = 19
    FROZEN = 20
    HALTED = 21
    KILL_SWITCH = 22
    BUSTED = 23


class Refusal(IntEnum):
    """Why an operation was refused. Checked in this order, except where a docstring says otherwise."""

    NONE = 0
    RECORD_INVALID = 1
    """A word that does not exist, a number out of its range, an id of zero."""
    CONFLICT = 2
    """Conditions that exclude each other: see `conflicts`."""
    ORDER_KNOWN = 3
    """The id names an open order."""
    ORDER_UNKNOWN = 4
    PHASE = 5
    """Not in this phase: IOC, FOK, caps, pegs, all-or-none and minimum quantity are not for calls."""
    NOT_AT_FIXED_PRICE = 6
    NO_REFERENCE = 7
    """A peg without the best price it follows, or a trailing stop without a last price."""
    OCO_INVALID = 8
    """The other order is not open, not of this account, already one of a pair, or neither is a waiting stop."""
    TOO_MANY_FOLLOWERS = 9
    TOO_MANY_CONTINGENT = 10
    WOULD_TRADE = 11
    """Post-only, and it would take."""
    NO_LIQUIDITY = 12
    """A market order, and nobody stands within its protection price."""
    TOO_MANY_FILLS = 13
    """All or nothing at once, and it would take more than `max_fills`."""
    NOT_FILLABLE = 14
    """Fill-or-kill, and not all of it trades now."""
    MINIMUM_NOT_MET = 15
    NOTHING_CHANGES = 16
    CROSSED = 17
    """Continuous trading cannot begin over a crossed book: uncross first."""
    PENDING = 18
    """Something must be continued first; or an auction must end the orders that live only for it."""


class AuctionRule(IntEnum):
    """Whose tie-break orders the candidates for the single price; `matching.auction` states each with its source."""

    XETRA = 1
    EURONEXT = 2
    LSE = 3
    SSE = 4
    SZSE = 5


class Allocation(IntEnum):
    """Who gets the lots of the last price that an auction does not fill whole."""

    PRICE_TIME = 1
    PRO_RATA = 2
    """In proportion to what remains of each; lots left by rounding go by largest remainder, then by time."""


class StopTrigger(IntEnum):
    """What price moves stops (FIX 1107)."""

    LAST_TRADE = 1
    OPPOSITE_QUOTE = 2
    """The best visible offer for a bid, the best visible bid for an offer, looked at after each taker."""


class BookRules(msgspec.Struct, frozen=True, kw_only=True):
    """What an instrument chose once for its book."""

    auction: AuctionRule = AuctionRule.XETRA
    allocation: Allocation = Allocation.PRICE_TIME
    stop_trigger: StopTrigger = StopTrigger.LAST_TRADE


# --- Orders -----------------------------------------------------------------------------------------------------------


class BookOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order as it is sent to the book.

    Units: ticks of the price of one lot, lots; zero where a field says nothing. `group_id` joins accounts that may not
    trade with each other. `display_lots` is an iceberg's visible slice. `minimum_lots` must trade at once, on entry.
    `max_notional_ticks` is the most a market bid may cost (price × lots, summed).
    """

    order_id: int
    account_id: int
    side: BookSide
    price_ticks: int
    quantity_lots: int
    kind: Kind = Kind.LIMIT
    time_limit: TimeLimit = TimeLimit.GTC
    self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST
    group_id: int = 0
    max_notional_ticks: int = 0
    hidden: bool = False
    post_only: bool = False
    all_or_none: bool = False
    display_lots: int = 0
    minimum_lots: int = 0
    stop_ticks: int = 0
    """Required for stops; for trailing stops the level to begin with, or zero: `trail_ticks` from the reference."""
    trail_ticks: int = 0
    offset_ticks: int = 0
    oco_id: int = NO_ORDER
    """The order of this pair that is already open. One of the two waits as a stop. When one trades (or, being the stop,
    is triggered) the other is cancelled, before the next fill. Any other end of one leaves the other alone."""


def conflicts(order: BookOrder) -> bool:
    """Whether the conditions of an order exclude each other, whatever the state of the book.

    Stops: need their level or trail; no post-only, FOK, minimum, all-or-none. Pegs: DAY, GTC or GTD; no iceberg, no
    minimum, no all-or-none; PEGGED_MARKET an offset. MARKET: nothing that rests (hidden, iceberg, post-only). Cap: a
    MARKET bid that trades at once. Hidden: not an iceberg. Iceberg: a slice below the quantity, and an order that may
    stay. Post-only: an order that may stay, and no minimum. Minimum: not above the quantity, not with FOK or
    all-or-none, which say more. At-open, at-close: LIMIT or MARKET. All-or-none: LIMIT that may stay, neither hidden
    nor iceberg nor post-only (with IOC it is called FOK).
    """
    kind, time_limit = order.kind, order.time_limit
    waits = Kind.STOP <= kind <= Kind.TRAILING_STOP_LIMIT
    trails = kind in (Kind.TRAILING_STOP, Kind.TRAILING_STOP_LIMIT)
    pegged = kind >= Kind.PEGGED_BEST
    market = kind in (Kind.MARKET, Kind.STOP, Kind.TRAILING_STOP)
    at_once = time_limit in (TimeLimit.IOC, TimeLimit.FOK)
    at_auction = time_limit in (TimeLimit.AT_OPEN, TimeLimit.AT_CLOSE)
    stays = not market and not at_once
    return (
        (order.stop_ticks == 0 if waits and not trails else not waits and order.stop_ticks != 0)
        or trails != (order.trail_ticks != 0)
        or (order.offset_ticks != 0 and not pegged and kind != Kind.TRAILING_STOP_LIMIT)
        or (kind == Kind.PEGGED_MARKET and order.offset_ticks == 0)
        or (pegged and (at_once or at_auction))
        or (waits and (at_auction or time_limit == TimeLimit.FOK))
        or (at_auction and order.post_only)
        or (order.hidden and (not stays or order.display_lots != 0))
        or (order.display_lots != 0 and (not stays or pegged or order.display_lots >= order.quantity_lots))
        or (order.post_only and (not stays or waits))
        or (
            order.minimum_lots != 0
            and (
                order.minimum_lots > order.quantity_lots
                or waits
                or pegged
                or at_auction
                or order.post_only
                or order.all_or_none
                or time_limit == TimeLimit.FOK
            )
        )
        or (
            order.all_or_none
            and (
                kind != Kind.LIMIT
                or at_once
                or at_auction
                or order.hidden
                or order.post_only
                or order.display_lots != 0
            )
        )
        or (order.max_notional_ticks != 0 and (kind != Kind.MARKET or order.side != BookSide.BUY or at_auction))
    )


# --- Events -----------------------------------------------------------------------------------------------------------


class EventKind(IntEnum):
    """What happened. Fields a kind does not name are zero."""

    REFUSED = 1
    """`order_id` (zero if the operation names none), `reason`: a Refusal."""
    RESTED = 2
    """An order joined a queue: `side`, `price_ticks`, `lots` it shows, `remaining_lots`, `priority`, flags."""
    PARKED = 3
    """An order waits: `reason` STOP, AT_OPEN or AT_CLOSE; `price_ticks`: a stop's level, else the limit;
    `remaining_lots`, `priority`."""
    FILLED = 4
    """`order_id` took from `other_id`: `side` of the taker, `price_ticks`, `lots`, `remaining_lots` of the taker,
    `other_remaining_lots` of the maker. In an auction (flag AUCTION) `order_id` is the bid and `other_id` the offer.
    What an order shows shrinks by `lots`, not below zero; an iceberg's next slice is told by REFILLED."""
    CANCELLED = 5
    """`side`, `price_ticks`, `lots` that were left, `reason`; the order is over."""
    REDUCED = 6
    """It keeps its place: `side`, `price_ticks`, `lots` it shows, `remaining_lots`, `reason` SELF_TRADE or REPLACED."""
    REPLACED = 7
    """The order left its place with new terms: `side`, `price_ticks`, `lots` zero, `remaining_lots`; where it goes,
    fills, RESTED, PARKED or CANCELLED tell."""
    TRIGGERED = 8
    """A stop acts: `side`, `price_ticks` the level reached, `remaining_lots`. Fills, RESTED or CANCELLED tell the rest;
    none of them: it is in hand, its turn goes on with `continue_`."""
    REFILLED = 9
    """An iceberg shows its next slice at the back of its price: `side`, `price_ticks`, `lots`, `remaining_lots`,
    `priority`."""
    REPRICED = 10
    """A peg moved (flag PEGGED; `lots` it shows, new `priority`) or a trailing stop's level did (`priority` as it was):
    `side`, `price_ticks`, `remaining_lots`."""
    REACHED = 11
    """Stops of `side` with a level up to (offers: down to) `price_ticks` and a number below `priority` wait for their
    turn: the level reached first, then by number."""
    PHASE = 12
    """`side`: the Matching, `reason`: the Call, `price_ticks`: the fixed price."""
    INTERRUPTED = 13
    """`order_id` of `side` would have traded at `price_ticks`, outside the band, with `remaining_lots`. A volatility
    call begins: the next event is its PHASE."""
    UNCROSSING = 14
    """The auction fixed `price_ticks` (none if no orders meet), `lots` to trade,
    `remaining_lots` of imbalance there, its `side` (0 none)."""
    UNCROSSED = 15
    """The last lot of the auction is allocated and what it ends has ended; the book collects again."""
    REFERENCES = 16
    """The engine told prices: `price_ticks` last, `lots` reference, `remaining_lots` and `other_remaining_lots` the
    band's lower and upper edge."""


class Flag(IntEnum):
    """Bits of an event's `flags`."""

    HIDDEN = 1
    PEGGED = 2
    CONTINGENT = 4
    """An all-or-none order, outside the queues."""
    AUCTION = 8
    SELF = 16
    """Both sides of an auction's fill are one account or group."""


class BookEvent(NamedTuple):
    """One change, flat. Units as the names say; what each kind fills is said at EventKind.

    Its record is 64 bytes, little-endian, "<BBBBIqqqqqqq": kind, side, reason, flags, then the place in its batch of
    the command that made it (32 bits, not part of the event), then the seven other fields in this order.
    """

    kind: int
    side: int
    reason: int
    flags: int
    order_id: int
    other_id: int
    price_ticks: int
    lots: int
    remaining_lots: int
    other_remaining_lots: int
    priority: int


# --- State, as it is saved and loaded ---------------------------------------------------------------------------------


class Place(IntEnum):
    """Where an open order is."""

    QUEUE = 1
    STOP = 2
    CALL = 3
    """At-open or at-close, and its call is not on."""
    IN_HAND = 4
    """A triggered stop whose turn is not over."""
    CONTINGENT = 5


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """One open order: what was sent, and what became of it so far. `restore` takes it as `orders` gave it.

    `price_ticks` is where it stands now: the limit, or a peg's price; `stop_ticks` a stop's level now. `order` holds
    the present terms: a replaced price, and as `quantity_lots` what was last asked for, not what remains. `oco_id`
    names the other order of a pair on both of them; zero once the pair is dissolved.
    """

    order: BookOrder
    place: Place
    price_ticks: int
    stop_ticks: int
    remaining_lots: int
    shown_lots: int
    priority: int
    oco_id: int


class BookState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a book beside its orders."""

    matching: Matching = Matching.HALTED
    call: Call = Call.NONE
    fixed_ticks: int = NO_PRICE
    last_ticks: int = NO_PRICE
    reference_ticks: int = NO_PRICE
    band_low_ticks: int = NO_PRICE
    band_high_ticks: int = NO_PRICE
    next_priority: int = 1
    reached: tuple[tuple[int, int, int], ...] = ()
    """Side, price and priority of each REACHED whose stops have not all had their turn, oldest first."""
    uncross_ticks: int = NO_PRICE
    uncross_lots: int = 0
    """What an auction in progress has still to hand out."""
    shares: tuple[tuple[int, int], ...] = ()
    """Order ids and lots still due to them, where the auction shares out the last price pro rata."""
    pegged_to: tuple[int, int, int, int] = (0, 0, 0, 0)
    """The four best prices that the pegs last followed: visible bid, visible offer, bid, offer."""


class Indication(NamedTuple):
    """What an auction would do now. Units: `imbalance_lots` of `imbalance_side` find no partner at this price."""

    price_ticks: int
    paired_lots: int
    imbalance_lots: int
    imbalance_side: int


NO_INDICATION: Final = Indication(NO_PRICE, 0, 0, 0)


class BookLevel(NamedTuple):
    """One visible price: shown lots and the orders that show any."""

    price_ticks: int
    lots: int
    order_count: int


# --- The contract -----------------------------------------------------------------------------------------------------


class Book(Protocol):
    """The open orders of one instrument, and what they do to each other.

    Every operation that changes answers its events in the order in which things happened.

    Priority: price, then displayed before hidden, then the number (price–visibility–time, as on LSE and JSE). An
    iceberg's slice that is used up goes to the back of the displayed queue. All-or-none orders that rest stand outside:
    not shown, never a reason that the book would be crossed, behind every other order at their price; a taker that can
    fill one whole does, the others are passed over without losing their place (after Cboe Options Rules 5.6(c) and
    5.32, where all-or-none orders are not displayed and come last). They only make.

    A fill is at the maker's price; in an auction and in FIXED_PRICE at the one price.
    """

    # Reading

    def __len__(self) -> int:
        """Open orders, waiting ones included."""
        ...

    def __contains__(self, order_id: int) -> bool:
        """Whether the order is open."""
        ...

    def order(self, order_id: int) -> OrderState | None:
        """An open order."""
        ...

    def orders(self) -> list[OrderState]:
        """Every open order in ascending priority; this is what `restore` takes. O(n log n)."""
        ...

    def state(self) -> BookState:
        """All beside the orders."""
        ...

    def best(self, side: BookSide) -> int:
        """The best visible price of a side, NO_PRICE if none."""
        ...

    def levels(self, side: BookSide, limit: int = 0) -> list[BookLevel]:
        """The visible prices, best first; zero: all of them."""
        ...

    @property
    def pending(self) -> bool:
        """Whether `continue_` (or, in an auction, `uncross_continue`) has something to do."""
        ...

    def indication(self) -> Indication:
        """What `uncross_begin` would fix now; NO_INDICATION outside COLLECT or where no two orders meet."""
        ...

    def check(self, order: BookOrder, max_fills: int) -> Refusal:
        """What `submit` would refuse with, NONE if nothing; the engine asks before it covers an order.

        FOK and minimum quantity are looked up among at most `max_fills` makers, an all-or-none order that finds no
        more rests. An own order ends what can be had, except with CANCEL_OLDEST, which removes it.
        """
        ...

    def check_replace(self, order_id: int, price_ticks: int, quantity_lots: int, stop_ticks: int) -> Refusal:
        """What `replace` would refuse with, NONE if nothing."""
        ...

    # Changing

    def submit(self, order: BookOrder, max_fills: int) -> list[BookEvent]:
        """Take what the order may take, then let it rest, wait or end; then let stops act, then let pegs follow."""
        ...

    def cancel(self, order_id: int, reason: int = Reason.REQUESTED) -> list[BookEvent]:
        """End an open order, wherever it is; refused only while an auction hands out its fills."""
        ...

    def cancel_where(self, account_id: int, group_id: int, side: int, reason: int, max_orders: int) -> list[BookEvent]:
        """End open orders of an account, a group, a side (zero: any), by ascending id, at most `max_orders` of them."""
        ...

    def replace(
        self, order_id: int, price_ticks: int, quantity_lots: int, stop_ticks: int, max_fills: int
    ) -> list[BookEvent]:
        """Give an open order a new price and a new remaining quantity; zero `stop_ticks` leaves a stop's level alone.

        Fewer lots at the same price (and level): it keeps its place, except an all-or-none order, which tries anew.
        Anything else is one atomic cancel and new entry: a new priority, and it takes if it now meets somebody. A
        post-only order that then would take is refused and stands as it was. A peg's price is its outermost price.
        A trailing stop's level can be set, never its trail. In a call the order queues anew and takes nothing.
        Refused: RECORD_INVALID, ORDER_UNKNOWN, PHASE, PENDING (the order is in hand), NOTHING_CHANGES,
        NOT_AT_FIXED_PRICE, CONFLICT (a stop level for what is no stop), NO_REFERENCE (a peg whose best price is gone),
        WOULD_TRADE.
        """
        ...

    def set_phase(self, matching: Matching, call: Call, fixed_ticks: int, max_fills: int) -> list[BookEvent]:
        """Change what the book does, then go on with what that sets free (stops, at-open and at-close orders, pegs).

        Refused: RECORD_INVALID (UNCROSSING is not for the asking; a call is named if and only if it collects, a price
        if and only if it is fixed), PHASE (an auction hands out its fills), CROSSED.
        """
        ...

    def set_references(
        self, last_ticks: int, reference_ticks: int, band_low_ticks: int, band_high_ticks: int
    ) -> list[BookEvent]:
        """Tell the last price, the auction's reference price and the edges outside of which nothing may trade.

        Zero: there is none. Stops are not moved by it; only trades and, in OPPOSITE_QUOTE, quotes move them.
        """
        ...

    def uncross_begin(self) -> list[BookEvent]:
        """Fix price, volume and allocation of the call's auction. Refused: PHASE, PENDING.

        Where no two orders meet it fixes no price and no lots, and still ends what lives only for the auction.
        """
        ...

    def uncross_continue(self, max_fills: int) -> list[BookEvent]:
        """Hand out the next fills; at the end, end what lives only for the auction, and collect again."""
        ...

    def continue_(self, max_fills: int) -> list[BookEvent]:
        """Go on with what earlier operations left pending."""
        ...

    def number_from(self, priority: int) -> None:
        """The next to join a queue gets at least this number: `next_priority` never falls, and has no event.

        For a caller whose numbers come from somewhere else too, a journal for example; it says so again whenever it
        does the same operations again. What the book's own count has passed already changes nothing.
        Raises: InvariantBroken for what is below zero or above MAX_PRIORITY.
        """
        ...

    # Loading and proof

    def restore(self, state: BookState, orders: Sequence[OrderState]) -> None:
        """Become the book that answered these; only on an empty one."""
        ...

    def validate(self) -> None:
        """Check every promise the book makes to itself.

        Raises: InvariantBroken.
        """
        ...
