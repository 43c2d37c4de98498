# distutils: language = c++
"""The compiled desk: decides plain orders and cancels, straight into journal bytes.

It takes only what is certain to be accepted (and the cancel that comes too late, the commonest refusal). Whatever else
might be refused, or is not plain, it hands back untouched, and the readable handlers of orders.py decide it: they are the specification, `verify --replay` decides every row again by
them, and tests/engine/test_desk.py compares the two order by order. Both work on the same state.

It serves an instrument while nothing in it is special: continuous trading, no band around the last price, plain orders
alone. Then a book answers fills, a place in the queue by the order's own identifier, or an end, and nothing else.

Who may trade what is asked of the readable checks, once: their yes stands as long as the very records it was given for
do (records are replaced, never changed).
"""

from libcpp cimport bool as cpp_bool
from libcpp.string cimport string

from custody._balances cimport Balance, Channel
from exchange.engine._open_order cimport Fees, Numbers, OpenOrder
from matching._book cimport CompiledBook, Event, NewOrder

from custody.accounts import Bank
from custody.outcomes import Outcome
from exchange.core.ids import ORDINALS
from exchange.core.instruments import AssetKind, OrderType, Phase, SelfTradePrevention, Side, TimeInForce
from exchange.core.parties import UserRight
from exchange.core.messages import Rejected
from exchange.core.rejections import InvariantBroken, RejectCode
from exchange.core.wire import encode_event
from exchange.engine.access import refuse_account, refuse_role
from exchange.engine.apply import TRADERS
from exchange.engine.book_fold import CANCEL_REASONS, MAX_FILLS, REASONS
from exchange.engine.order_terms import MAX_ORDER_MINOR
from exchange.engine.orders import refuse_instrument
from exchange.engine.recent_trades import RecentTrade, keep
from exchange.engine.rules import refuse_party
from matching.book_messages import BookSide, EventKind, Kind, TimeLimit
from matching.messages import CancelOrder, PlaceOrder, CancelReason

cdef extern from *:
    """
    #include "order_events.hpp"

    namespace exchange {

    inline bool within(std::int64_t price, std::int64_t tick, std::int64_t lots, std::int64_t most) {
        return static_cast<__int128>(price) * tick * lots <= most;
    }

    inline std::string_view view(const char* data, Py_ssize_t size) { return {data, static_cast<std::size_t>(size)}; }

    }
    """
    cdef cppclass string_view "std::string_view":
        pass
    cdef cppclass Writer "exchange::Writer":
        void clear()
        const char* data()
        size_t size()
    cdef cppclass Mark "exchange::Mark":
        long long n, previous_sequence
    cdef cppclass Accepted "exchange::Accepted":
        long long order_id, account_id, instrument_id, price_ticks, quantity_lots, hold_asset_id, hold_units, held_after
        long long fee_version, max_notional_minor, connection_id, book_n
        string_view client_order_id, side, order_type, time_in_force
        cpp_bool cancel_on_disconnect
        Mark mark
    cdef cppclass PostingBytes "exchange::Posting":
        long long account_id, asset_id, units, balance_after, previous_sequence
    cdef cppclass TradeSideBytes "exchange::TradeSide":
        long long order_id, account_id, remaining_lots, fee_minor, charged_minor, notional_minor, hold_units, held_after
        Mark mark
    cdef cppclass Trade "exchange::Trade":
        long long trade_id, instrument_id, price_ticks, quantity_lots, book_n, trade_n
        string_view aggressor
        TradeSideBytes buyer, seller
        PostingBytes* postings "postings.data()"
        int posting_count
    cdef cppclass Cancelled "exchange::Cancelled":
        long long order_id, account_id, instrument_id, cancelled_lots, hold_asset_id, held_after, book_n
        string_view reason
        Mark mark
    void write "exchange::write"(Writer& to, const Accepted& event)
    void write "exchange::write"(Writer& to, const Trade& event)
    void write "exchange::write"(Writer& to, const Cancelled& event)
    bint within "exchange::within"(long long price, long long tick, long long lots, long long most)
    string_view view "exchange::view"(const char* data, Py_ssize_t size)
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL

cdef object BUY = Side.BUY
cdef object LIMIT = OrderType.LIMIT
cdef object MARKET = OrderType.MARKET
cdef object IOC = TimeInForce.IOC
cdef object DAY = TimeInForce.DAY
cdef object GTC = TimeInForce.GTC
cdef object NEWEST = SelfTradePrevention.CANCEL_NEWEST
cdef object CONTINUOUS = Phase.CONTINUOUS
cdef object NOTE = AssetKind.NOTE
cdef int BOOK_BUY = BookSide.BUY, BOOK_SELL = BookSide.SELL
cdef int BOOK_LIMIT = Kind.LIMIT, BOOK_MARKET = Kind.MARKET
cdef int BOOK_DAY = TimeLimit.DAY, BOOK_GTC = TimeLimit.GTC, BOOK_IOC = TimeLimit.IOC
cdef int WAS_FILLED = EventKind.FILLED, WAS_RESTED = EventKind.RESTED, WAS_CANCELLED = EventKind.CANCELLED
cdef dict WORDS = CANCEL_REASONS
cdef int REQUESTED = REASONS[CancelReason.REQUESTED]
cdef object TRADE_RIGHT = UserRight.TRADE
cdef long long MOST_MINOR = MAX_ORDER_MINOR
cdef long long IDS = ORDINALS
cdef long long FILLS = MAX_FILLS
cdef int MOST_KEPT = 65_536
cdef bytes UNKNOWN = encode_event(Rejected(code=RejectCode.ORDER_UNKNOWN))

cdef int OPEN = 0
cdef int FILLED = 1
cdef int CANCELLED = 2


cdef class Actor:
    """A user who trades for an account of their own member, and the records which that rests on."""

    cdef object user, account, member, member_id


cdef class Venue:
    """An instrument that takes orders, the records which that rests on, and whom its market admits."""

    cdef object instrument, asset, money, outcome, owner
    cdef object asset_id, money_id, subject_id, owner_id, fees_due_id
    cdef object terms
    cdef CompiledBook book
    cdef Numbers numbers
    cdef long long lot_units, tick_minor, band_low_ticks, band_high_ticks, value_cap_minor, holder_cap
    cdef dict buy_fees, sell_fees
    cdef dict parties  # by member, the very record that was admitted
    cdef bint keeps_trades  # they may still be busted


cdef bint plain(object command) except -1:
    """order_terms.py: is_plain, less fill-or-kill."""
    cdef object time = command.time_in_force
    return (
        (time is DAY or time is GTC or time is IOC)
        and command.self_trade_prevention is NEWEST
        and command.stop_ticks is None
        and command.trail_ticks is None
        and command.offset_ticks is None
        and command.display_lots is None
        and command.minimum_lots is None
        and command.oco_order_id is None
        and command.expires_at_ns is None
        and not (command.hidden or command.post_only or command.all_or_none)
    )


cdef inline object boxed(Writer* writer):
    return writer.data()[: writer.size()]


cdef inline string_view text(object value) except *:
    cdef Py_ssize_t size = 0
    cdef const char* data = PyUnicode_AsUTF8AndSize(value, &size)
    return view(data, size)


cdef class Desk:
    """Decides what is plain, on a state it shares with the readable handlers."""

    cdef object state, ledger
    cdef dict users, members, accounts, assets, instruments, outcomes, orders, books, numbers, bidders, terms
    cdef dict balances, channels, actors, venues, limited_accounts, limited_users, insider_lists
    cdef object recent_trades
    cdef long long at_ns
    cdef set mirrors
    cdef Writer out
    cdef Accepted accepted
    cdef Trade trade
    cdef Cancelled cancelled

    def __init__(self, state):
        self.state = state
        self.ledger = state.ledger
        self.users = state.users
        self.members = state.members
        self.accounts = state.accounts
        self.assets = state.assets
        self.instruments = state.instruments
        self.outcomes = state.table(Outcome)
        self.orders = state.orders
        self.books = state.books
        self.numbers = state.numbers
        self.bidders = state.bidders
        self.terms = state.terms
        self.balances = state.ledger.balances
        self.channels = state.ledger.channels
        self.mirrors = state.ledger.mirrors
        self.limited_accounts, self.limited_users = state.limited_accounts, state.limited_users
        self.insider_lists = state.insider_lists
        self.recent_trades = state.recent_trades
        self.actors, self.venues = {}, {}

    def decide(self, header, command):
        """The command's encoded events, and what they come to for its sender (None for a refusal).

        None: not certain to be accepted, or not plain; nothing has changed.
        Raises: InvariantBroken.
        """
        cdef object state = self.state
        cdef object kind = type(command)
        cdef object decided
        state.changing = False
        if kind is PlaceOrder:
            decided = self.place(header, command)
        elif kind is CancelOrder:
            decided = self.cancel(header, command)
        else:
            return None
        if decided is not None:
            state.sequence, state.epoch, state.at_ns = header.sequence, header.epoch, header.at_ns
        return decided

    # --- May they? ---------------------------------------------------------------------------------------------------

    cdef Actor actor(self, object header, object account_id):
        """Whether the principal trades for this account as one of its own; None: the readable handler looks closer."""
        cdef object principal = header.principal
        cdef tuple key = (principal, account_id)
        cdef Actor found = self.actors.get(key)
        if found is not None and (
            self.users.get(principal) is found.user
            and self.accounts.get(account_id) is found.account
            and self.members.get(found.member_id) is found.member
        ):
            return found
        user = self.users.get(principal)
        account = self.accounts.get(account_id)
        if user is None or account is None or user.member_id != account.member_id:
            return None  # a mandate has limits and dates: asked for each order
        if TRADE_RIGHT not in user.rights or refuse_role(self.state, header, TRADERS) is not None:
            return None
        if refuse_account(self.state, header, account_id, TRADE_RIGHT) is not None:
            return None
        member = self.members[account.member_id]
        if member.group_id or account.orders_killed or account.allocates:
            return None
        found = Actor.__new__(Actor)
        found.user, found.account, found.member_id = user, account, account.member_id
        found.member = member
        if len(self.actors) >= MOST_KEPT:
            self.actors.clear()
        self.actors[key] = found
        return found

    cdef Venue venue(self, object instrument_id):
        """The instrument, if it takes orders; None: the readable handler says why not."""
        cdef Venue found = self.venues.get(instrument_id)
        if found is not None and (
            self.instruments.get(instrument_id) is found.instrument
            and self.assets.get(found.asset_id) is found.asset
            and self.assets.get(found.money_id) is found.money
            and self.outcomes.get(found.subject_id) is found.outcome
            and (found.outcome is None or self.members.get(found.owner_id) is found.owner)
        ):
            return found
        instrument = self.instruments.get(instrument_id)
        if instrument is None or instrument.phase is not CONTINUOUS:
            return None
        if refuse_instrument(self.state, instrument) is not None or not self.terms[instrument.market_id].plain:
            return None
        if not isinstance(self.books[instrument_id], CompiledBook):
            return None
        if self.assets[instrument.asset_id].kind is NOTE:
            return None  # its holders are counted over all classes of its issue
        found = Venue.__new__(Venue)
        found.instrument = instrument
        found.asset_id, found.money_id = instrument.asset_id, instrument.money_asset_id
        found.asset, found.money = self.assets[found.asset_id], self.assets[found.money_id]
        found.subject_id = found.asset.subject_id
        found.outcome = self.outcomes.get(found.subject_id)
        if found.outcome is not None:
            found.owner_id = found.outcome.member_id
            found.owner = self.members.get(found.owner_id)
        found.fees_due_id = self.state.table(Bank)[found.money.bank_id].fees_due_id
        found.terms = self.terms[instrument.market_id]
        found.book = self.books[instrument_id]
        found.numbers = self.numbers[instrument_id]
        found.lot_units, found.tick_minor = instrument.lot_units, instrument.tick_minor
        found.band_low_ticks, found.band_high_ticks = instrument.band_low_ticks, instrument.band_high_ticks
        found.value_cap_minor = -1 if found.terms.value_cap_minor is None else found.terms.value_cap_minor
        found.holder_cap = -1 if found.terms.holder_cap is None else found.terms.holder_cap
        found.keeps_trades = instrument_id in self.state.bust_windows
        found.buy_fees, found.sell_fees, found.parties = {}, {}, {}
        self.venues[instrument_id] = found
        return found

    cdef bint admits(self, Venue venue, Actor actor) except? False:
        """Whether the market's rules let this party order at all."""
        if venue.parties.get(actor.member_id) is actor.member:
            return True
        if refuse_party(self.state, venue.instrument, actor.account.account_id) is not None:
            return False
        if len(venue.parties) >= MOST_KEPT:
            venue.parties.clear()
        venue.parties[actor.member_id] = actor.member
        return True

    cdef Fees fees_of(self, Venue venue, object side, long long version):
        """The figures of one version of the schedule for one side; None: it does not price it."""
        cdef dict known = venue.buy_fees if side is BUY else venue.sell_fees
        cdef Fees fees = known.get(version)
        if fees is None:
            row = venue.terms.fee_row(side, version)
            if row is None:
                return None
            fees = known[version] = Fees(row)
        return fees

    cdef Fees fees(self, Venue venue, OpenOrder order):
        """The figures an open order is charged by; loaded ones learn them when they first trade."""
        if order.fees is None:
            order.fees = self.fees_of(venue, order.side, order.fee_version)
            if order.fees is None:
                raise InvariantBroken("an accepted order has a fee row")
        return order.fees

    # --- Ledger ------------------------------------------------------------------------------------------------------

    cdef inline Balance balance(self, object account_id, object asset_id):
        cdef dict holders = self.balances.get(asset_id)
        return None if holders is None else holders.get(account_id)

    cdef long long hold(self, object account_id, object asset_id, long long change) except? -1:
        """Promise more units, or release some; answers what is held afterwards (custody/ledger.py: hold)."""
        cdef Balance balance = self.balance(account_id, asset_id)
        if balance is None:
            if change != 0:
                raise InvariantBroken("a hold stands on a balance")
            return 0
        cdef long long held = balance.held_units + change
        if held < 0 or held > balance.units:
            raise InvariantBroken("nobody promises more than they have")
        balance.held_units = held
        return held

    cdef int post(self, int place, long long sequence, object account_id, object asset_id, long long units) except -1:
        """Apply one leg of a trade's transfer and lay out its posting (custody/ledger.py: post)."""
        cdef dict holders = self.balances.get(asset_id)
        if holders is None:
            holders = self.balances[asset_id] = {}
        cdef Balance balance = holders.get(account_id)
        if balance is None:
            balance = Balance.__new__(Balance)
            holders[account_id] = balance
        cdef bint had = balance.units > 0
        balance.units += units
        if had != (balance.units > 0):
            self.ledger.take_place(asset_id, account_id, -1 if had else 1)
        if balance.units < balance.held_units and account_id not in self.mirrors:
            raise InvariantBroken("nobody spends what they do not have")
        cdef PostingBytes* posting = &self.trade.postings[place]
        posting.account_id = account_id
        posting.asset_id = asset_id
        posting.units = units
        posting.balance_after = balance.units
        posting.previous_sequence = balance.last_sequence
        balance.last_sequence = sequence
        return 0

    cdef int tell(self, Mark* mark, object account_id, long long sequence) except -1:
        """Number the next private event of an account (custody/ledger.py: tell)."""
        cdef Channel channel = self.channels.get(account_id)
        if channel is None:
            channel = Channel.__new__(Channel)
            self.channels[account_id] = channel
        if channel.sequence != sequence:
            channel.previous_sequence = channel.sequence
            channel.sequence = sequence
        channel.n += 1
        mark.n = channel.n
        mark.previous_sequence = channel.previous_sequence
        return 0

    # --- Orders ------------------------------------------------------------------------------------------------------

    cdef object place(self, object header, object command):
        """orders.py: place_order, for what is certain to be accepted."""
        cdef object order_type = command.order_type
        cdef object time_in_force = command.time_in_force
        cdef object side = command.side
        if command.max_notional_minor is not None or not plain(command):
            return None
        cdef object account_id = command.account_id
        if account_id in self.limited_accounts or header.principal in self.limited_users:
            return None
        cdef Actor actor = self.actor(header, account_id)
        cdef Venue venue = self.venue(command.instrument_id)
        if actor is None or venue is None or venue.numbers.special or not self.admits(venue, actor):
            return None
        if venue.asset_id in self.insider_lists:
            return None
        cdef bint buys = side is BUY
        cdef object price = command.price_ticks
        cdef long long price_ticks, quantity_lots = command.quantity_lots
        if order_type is LIMIT:
            if price is None:
                return None
            price_ticks = price
        elif order_type is MARKET:
            if price is not None:
                return None
            price_ticks = venue.band_high_ticks if buys else venue.band_low_ticks
        else:
            return None
        if price_ticks < venue.band_low_ticks or price_ticks > venue.band_high_ticks:
            return None
        # A market order is measured at the band's upper edge, whichever side it is on.
        cdef long long measured = price_ticks if order_type is LIMIT else venue.band_high_ticks
        if not within(measured, venue.tick_minor, quantity_lots, MOST_MINOR):
            return None
        if not within(quantity_lots, venue.lot_units, 1, MOST_MINOR):
            return None
        cdef long long worth = price_ticks * venue.tick_minor * quantity_lots
        if venue.value_cap_minor >= 0 and worth > venue.value_cap_minor:
            return None
        cdef long long version = venue.terms.fee_version(header.at_ns)
        cdef Fees fees = self.fees_of(venue, side, version)
        if fees is None:
            return None
        cdef object hold_asset_id = venue.money_id if buys else venue.asset_id
        cdef long long hold_units = worth + fees.terms.fee(worth) if buys else quantity_lots * venue.lot_units
        cdef dict bidders = self.bidders.get(command.instrument_id)
        cdef Balance owned
        if buys and venue.holder_cap >= 0 and (bidders is None or account_id not in bidders):
            owned = self.balance(account_id, venue.asset_id)
            if owned is None or owned.units <= 0:
                if self.ledger.holders_with(venue.asset_id, account_id) > venue.holder_cap:
                    return None
        cdef long long sequence = header.sequence
        cdef NewOrder sent
        sent.order_id = sequence * IDS
        sent.account_id = account_id
        sent.side = BOOK_BUY if buys else BOOK_SELL
        sent.price_ticks = price_ticks
        sent.quantity_lots = quantity_lots
        sent.kind = BOOK_LIMIT if order_type is LIMIT else BOOK_MARKET
        sent.time_limit = BOOK_IOC if time_in_force is IOC else BOOK_DAY if time_in_force is DAY else BOOK_GTC
        if not venue.book.takes_plain(sent, FILLS):
            return None
        cdef Balance pays = self.balance(account_id, hold_asset_id)
        if pays is None or hold_units > pays.units - pays.held_units:
            return None

        # Change after.
        self.state.changing = True
        pays.held_units += hold_units
        cdef OpenOrder order = OpenOrder.__new__(OpenOrder)
        order.order_id = sent.order_id
        order.client_order_id = command.client_order_id
        order.account_id = account_id
        order.instrument_id = command.instrument_id
        order.side = side
        order.order_type = order_type
        order.time_in_force = time_in_force
        order.price_ticks = price_ticks
        order.quantity_lots = quantity_lots
        order.remaining_lots = quantity_lots
        order.hold_asset_id = hold_asset_id
        order.hold_units = hold_units
        order.fee_version = version
        order.priority = sent.order_id
        order.cancel_on_disconnect = command.cancel_on_disconnect
        order.connection_id = header.connection_id
        order.epoch = header.epoch
        order.entered_by = header.principal
        order.fees = fees
        self.orders[order.order_id] = order
        if buys:
            if bidders is None:
                bidders = self.bidders[order.instrument_id] = {}
            bids = bidders.get(account_id)
            if bids is None:
                bidders[account_id] = 1
                self.ledger.take_place(venue.asset_id, account_id, 1)
            else:
                bidders[account_id] = bids + 1
        venue.numbers.book_n += 1

        cdef Accepted* told = &self.accepted
        told.order_id = order.order_id
        told.client_order_id = text(order.client_order_id)
        told.account_id = account_id
        told.instrument_id = order.instrument_id
        told.side = text(side)
        told.order_type = text(order_type)
        told.time_in_force = text(time_in_force)
        told.price_ticks = price_ticks
        told.quantity_lots = quantity_lots
        told.hold_asset_id = hold_asset_id
        told.hold_units = hold_units
        told.held_after = pays.held_units
        told.fee_version = version
        told.max_notional_minor = 0
        told.cancel_on_disconnect = order.cancel_on_disconnect
        told.connection_id = order.connection_id
        self.tell(&told.mark, account_id, sequence)
        told.book_n = venue.numbers.book_n
        self.out.clear()
        write(self.out, told[0])
        cdef list events = [boxed(&self.out)]
        self.at_ns = header.at_ns
        return events, self.trade_and_rest(events, venue, order, sent, sequence)

    cdef tuple trade_and_rest(self, list events, Venue venue, OpenOrder order, const NewOrder& sent, long long sequence):
        """orders.py and book_fold.py: what the book does with a plain order."""
        cdef size_t count = 0, at
        cdef const Event* told = venue.book.submit_plain(sent, FILLS, sent.order_id, &count)
        cdef int place = 0
        cdef tuple became = (order.order_id, FILLED, 0)
        for at in range(count):
            if told[at].kind == WAS_FILLED:
                events.append(self.settle(venue, order, &told[at], place, sequence))
                place += 1
            elif told[at].kind == WAS_RESTED and told[at].priority == sent.order_id:
                became = (order.order_id, OPEN, order.remaining_lots)
            elif told[at].kind == WAS_CANCELLED and told[at].order_id == sent.order_id:
                events.append(self.ended(venue.numbers, order, WORDS[told[at].reason], sequence))
                became = (order.order_id, CANCELLED, 0)
            else:
                raise InvariantBroken("from a plain order among plain ones follows nothing else")
        venue.book.told_all()
        return became

    cdef object settle(self, Venue venue, OpenOrder taker, const Event* fill, int place, long long sequence):
        """settlement.py: settle."""
        cdef object maker_id = fill.other_id
        cdef OpenOrder maker = self.orders[maker_id]
        cdef long long price_ticks = fill.price_ticks, lots = fill.lots
        cdef bint bought = taker.side is BUY
        cdef OpenOrder buyer = taker if bought else maker
        cdef OpenOrder seller = maker if bought else taker
        cdef long long notional = price_ticks * venue.tick_minor * lots
        cdef long long units = lots * venue.lot_units
        cdef Trade* told = &self.trade
        cdef long long buyer_fee = self.fill_order(self.fees(venue, buyer), buyer, lots, notional)
        cdef long long seller_fee = self.fill_order(self.fees(venue, seller), seller, lots, notional)
        told.buyer.held_after = self.adjust_hold(venue, buyer)
        told.seller.held_after = self.adjust_hold(venue, seller)

        self.post(0, sequence, buyer.account_id, venue.money_id, -notional - buyer_fee)
        self.post(1, sequence, seller.account_id, venue.money_id, notional - seller_fee)
        self.post(2, sequence, seller.account_id, venue.asset_id, -units)
        self.post(3, sequence, buyer.account_id, venue.asset_id, units)
        told.posting_count = 4
        if buyer_fee + seller_fee:
            self.post(4, sequence, venue.fees_due_id, venue.money_id, buyer_fee + seller_fee)
            told.posting_count = 5

        cdef Numbers numbers = venue.numbers
        numbers.book_n += 1
        numbers.trade_n += 1
        numbers.last_price_ticks = price_ticks
        if buyer.remaining_lots == 0:
            self.close(buyer)
        if seller.remaining_lots == 0:
            self.close(seller)
        if venue.keeps_trades:
            keep(self.recent_trades, RecentTrade(
                sequence * IDS + place, taker.instrument_id, price_ticks, lots, buyer.account_id, seller.account_id,
                buyer_fee, seller_fee, self.at_ns,
            ))
        told.trade_id = sequence * IDS + place
        told.instrument_id = taker.instrument_id
        told.price_ticks = price_ticks
        told.quantity_lots = lots
        told.aggressor = text(taker.side)
        self.side(&told.buyer, buyer, buyer_fee, sequence)
        self.side(&told.seller, seller, seller_fee, sequence)
        told.book_n = numbers.book_n
        told.trade_n = numbers.trade_n
        self.out.clear()
        write(self.out, told[0])
        return boxed(&self.out)

    cdef long long fill_order(self, Fees fees, OpenOrder order, long long lots, long long notional) except? -1:
        """settlement.py: _fill_order."""
        if order.charged_minor != fees.terms.fee(order.notional_minor):
            raise InvariantBroken("what was charged is the fee so far")
        cdef long long whole = fees.terms.fee(order.notional_minor + notional)
        cdef long long fee = whole - order.charged_minor
        order.remaining_lots -= lots
        order.notional_minor += notional
        order.charged_minor = whole
        return fee

    cdef long long adjust_hold(self, Venue venue, OpenOrder order) except? -1:
        """settlement.py: _adjust_hold, and fees.py: hold_units."""
        cdef long long units, remaining
        if order.side is not BUY:
            units = order.remaining_lots * venue.lot_units
        elif not order.remaining_lots:
            units = 0
        else:
            if order.max_notional_minor and order.order_type is MARKET:
                remaining = order.max_notional_minor - order.notional_minor
            else:
                remaining = order.remaining_lots * order.price_ticks * venue.tick_minor
            units = remaining + order.fees.terms.fee(order.notional_minor + remaining)
            if order.notional_minor:
                units -= order.fees.terms.fee(order.notional_minor)
        cdef long long held = self.hold(order.account_id, order.hold_asset_id, units - order.hold_units)
        order.hold_units = units
        return held

    cdef int side(self, TradeSideBytes* told, OpenOrder order, long long fee, long long sequence) except -1:
        told.order_id = order.order_id
        told.account_id = order.account_id
        told.remaining_lots = order.remaining_lots
        told.fee_minor = fee
        told.charged_minor = order.charged_minor
        told.notional_minor = order.notional_minor
        told.hold_units = order.hold_units
        return self.tell(&told.mark, order.account_id, sequence)

    cdef int close(self, OpenOrder order) except -1:
        """state.py: close_order."""
        del self.orders[order.order_id]
        cdef dict bids
        cdef object left
        if order.side is BUY:
            bids = self.bidders[order.instrument_id]
            left = bids[order.account_id] - 1
            if left:
                bids[order.account_id] = left
            else:
                del bids[order.account_id]
                self.ledger.take_place(self.instruments[order.instrument_id].asset_id, order.account_id, -1)
        return 0

    cdef object cancel(self, object header, object command):
        """orders.py: cancel_order."""
        if self.actor(header, command.account_id) is None:
            return None  # a frozen owner may still withdraw: the readable handler knows
        cdef OpenOrder order = self.orders.get(command.order_id)
        if order is None or order.account_id != command.account_id:
            return [UNKNOWN], None
        cdef Numbers numbers = self.numbers[order.instrument_id]
        if numbers.special or self.instruments[order.instrument_id].phase is not CONTINUOUS:
            return None
        if not isinstance(self.books[order.instrument_id], CompiledBook):
            return None
        cdef CompiledBook book = self.books[order.instrument_id]

        self.state.changing = True
        cdef size_t count = 0
        cdef const Event* told = book.cancel_plain(order.order_id, REQUESTED, &count)
        if count != 1 or told[0].kind != WAS_CANCELLED:
            raise InvariantBroken("a cancel among plain orders ends one order and nothing else")
        book.told_all()
        event = self.ended(numbers, order, CancelReason.REQUESTED, header.sequence)
        return [event], (order.order_id, CANCELLED, 0)

    cdef object ended(self, Numbers numbers, OpenOrder order, object reason, long long sequence):
        """book_fold.py: end_order, of a plain order."""
        cdef Cancelled* told = &self.cancelled
        told.held_after = self.hold(order.account_id, order.hold_asset_id, -order.hold_units)
        self.close(order)
        numbers.book_n += 1
        told.order_id = order.order_id
        told.account_id = order.account_id
        told.instrument_id = order.instrument_id
        told.cancelled_lots = order.remaining_lots
        told.reason = text(reason)
        told.hold_asset_id = order.hold_asset_id
        self.tell(&told.mark, order.account_id, sequence)
        told.book_n = numbers.book_n
        self.out.clear()
        write(self.out, told[0])
        return boxed(&self.out)
