# distutils: language = c++
"""The compiled twin of hot.py: a batch's rows out of the bytes of its events, without making event objects.

What an order's path wrote into the journal is read and merged by hot_rows.hpp. A row with any other event goes through
the readable functions, and what they changed of the hot tables is merged in its turn.
"""

from libc.stdint cimport int64_t, uint32_t
from libcpp cimport bool as truth
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.vector cimport vector

from cpython.unicode cimport PyUnicode_DecodeUTF8

from exchange.core.ids import SHARD
from exchange.core.wire import FORMAT
from exchange.node.codec import ENGINE_VERSION, key_hash, key_place
from exchange.store.save.changes import Changes, HotTables
from exchange.store.save.records import save_event


cdef extern from "order_events.hpp" namespace "exchange" nogil:
    cdef struct Accepted:
        int64_t order_id
        string_view client_order_id
        int64_t account_id
        int64_t instrument_id
        string_view side
        string_view order_type
        string_view time_in_force
        int64_t price_ticks
        int64_t quantity_lots
        int64_t hold_asset_id
        int64_t hold_units
        int64_t fee_version
        int64_t max_notional_minor
        truth cancel_on_disconnect
        int64_t connection_id

    cdef struct Posting:
        int64_t account_id
        int64_t asset_id
        int64_t units
        int64_t balance_after
        int64_t previous_sequence

    cdef struct TradeSide:
        int64_t order_id
        int64_t account_id
        int64_t fee_minor

    cdef struct Trade:
        int64_t trade_id
        int64_t instrument_id
        int64_t price_ticks
        int64_t quantity_lots
        string_view aggressor
        TradeSide buyer
        TradeSide seller
        int64_t trade_n


cdef extern from "exchange/store/save/hot_rows.hpp" namespace "exchange" nogil:
    cdef enum OrderColumn:
        CLIENT_ORDER_ID "exchange::client_order_id"
        PRICE_TICKS "exchange::price_ticks"
        QUANTITY_LOTS "exchange::quantity_lots"
        REMAINING_LOTS "exchange::remaining_lots"
        HOLD_UNITS "exchange::hold_units"
        NOTIONAL_MINOR "exchange::notional_minor"
        CHARGED_MINOR "exchange::charged_minor"
        PRIORITY "exchange::priority"
        STATUS "exchange::status"

    const size_t word_count "exchange::words.size()"
    string_view word_at "exchange::words.at"(size_t place)
    int place_of(string_view text)

    cdef struct OrderRow:
        Accepted terms
        int64_t remaining_lots
        int64_t notional_minor
        int64_t charged_minor
        int64_t priority
        int64_t epoch
        int64_t entered_by
        string_view status
        uint32_t changed
        truth is_new

    cdef struct TradeRow:
        Trade trade
        int64_t at_ns

    cdef struct PostingRow:
        int64_t posting_id
        Posting posting

    cdef struct BalanceRow:
        int64_t asset_id
        int64_t account_id
        int64_t units
        int64_t held_units
        int64_t last_sequence
        truth posted
        truth held

    cdef struct ChannelRow:
        int64_t account_id
        int64_t n
        int64_t sequence

    cdef struct NumbersRow:
        int64_t instrument_id
        int64_t book_n
        int64_t trade_n
        int64_t last_price_ticks
        truth traded

    cdef cppclass OrderRows "exchange::Rows<std::int64_t, exchange::OrderRow>":
        vector[OrderRow] rows

    cdef cppclass BalanceRows "exchange::Rows<std::pair<std::int64_t, std::int64_t>, exchange::BalanceRow, exchange::PairHash>":
        vector[BalanceRow] rows

    cdef cppclass ChannelRows "exchange::Rows<std::int64_t, exchange::ChannelRow>":
        vector[ChannelRow] rows

    cdef cppclass NumbersRows "exchange::Rows<std::int64_t, exchange::NumbersRow>":
        vector[NumbersRow] rows

    cdef cppclass HotRows:
        OrderRows orders
        vector[TradeRow] trades
        vector[PostingRow] postings
        BalanceRows balances
        ChannelRows channels
        NumbersRows numbers
        truth take(int64_t sequence, int64_t epoch, int64_t at_ns, int64_t principal, const char *data, size_t size) except +
        OrderRow &order(int64_t order_id) except +
        void hold(int64_t account_id, int64_t asset_id, int64_t held_units) except +
        void post(int64_t account_id, int64_t asset_id, int64_t units, int64_t last_sequence) except +
        void tell(int64_t account_id, int64_t n, int64_t sequence) except +
        void number(int64_t instrument_id, int64_t book_n) except +
        void number(int64_t instrument_id, int64_t book_n, int64_t trade_n, int64_t price) except +
        string_view keep(string text) except +


def gather(list rows not None, changes):
    """The hot tables' rows of a batch's journal rows; what else they change goes into `changes`."""
    cdef HotRows hot
    cdef bytes events
    cdef list journal = []
    cdef object header, key
    for row in rows:
        header, key, events = row.header, row.key, row.events_bytes
        sequence, epoch, at_ns, principal = header.sequence, header.epoch, header.at_ns, header.principal
        journal.append((
            sequence,
            SHARD,
            FORMAT,
            ENGINE_VERSION,
            epoch,
            at_ns,
            principal,
            header.connection_id,
            key or None,
            key_place(sequence, key_hash(principal, key)) if key else None,
            row.command_bytes,
            events,
            row.salt,
            row.chain,
        ))
        if not hot.take(sequence, epoch, at_ns, principal, events, len(events)):
            for event in row.events:
                save_event(changes, header, event)
            merge(hot, changes)
    return tables(hot, journal)


# --- What the readable functions changed ------------------------------------------------------------------------------


cdef int merge(HotRows &hot, changes) except -1:
    """Move the hot tables' changes over, behind those that came before."""
    for order_id, changed in changes.new_orders.items():
        accept(hot, order_id, changed)
    for order_id, changed in changes.old_orders.items():
        change(hot, order_id, changed)
    for trade in changes.trades:
        hot.trades.push_back(trade_row(hot, trade))
    for posting in changes.postings:
        hot.postings.push_back(posting_row(posting))
    for (asset_id, account_id), balance in changes.balances.items():
        if balance.units is not None:
            hot.post(account_id, asset_id, balance.units, balance.last_sequence)
        if balance.held_units is not None:
            hot.hold(account_id, asset_id, balance.held_units)
    for account_id, (n, sequence) in changes.channels.items():
        hot.tell(account_id, n, sequence)
    for instrument_id, (book_n, trade_n, price) in changes.numbers.items():
        if trade_n is None:
            hot.number(instrument_id, book_n)
        else:
            hot.number(instrument_id, book_n, trade_n, price)
    for moved in (
        changes.new_orders,
        changes.old_orders,
        changes.trades,
        changes.postings,
        changes.balances,
        changes.channels,
        changes.numbers,
    ):
        moved.clear()
    return 0


cdef int accept(HotRows &hot, order_id, dict order) except -1:
    change(hot, order_id, {name: value for name, value in order.items() if name in CHANGEABLE})
    cdef OrderRow *row = &hot.order(order_id)
    row.terms.account_id = order["account_id"]
    row.terms.instrument_id = order["instrument_id"]
    row.terms.side = kept(hot, order["side"])
    row.terms.order_type = kept(hot, order["order_type"])
    row.terms.time_in_force = kept(hot, order["time_in_force"])
    row.terms.hold_asset_id = order["hold_asset_id"]
    row.terms.fee_version = order["fee_version"]
    row.terms.max_notional_minor = order["max_notional_minor"]
    row.terms.cancel_on_disconnect = order["cancel_on_disconnect"]
    row.terms.connection_id = order["connection_id"]
    row.epoch = order["epoch"]
    row.entered_by = order["entered_by"]
    row.is_new = True
    return 0


cdef int change(HotRows &hot, order_id, dict order) except -1:
    cdef OrderRow *row = &hot.order(order_id)
    for name, value in order.items():
        row.changed |= <uint32_t>CHANGEABLE[name]
        if name == "client_order_id":
            row.terms.client_order_id = kept(hot, value)
        elif name == "price_ticks":
            row.terms.price_ticks = value
        elif name == "quantity_lots":
            row.terms.quantity_lots = value
        elif name == "remaining_lots":
            row.remaining_lots = value
        elif name == "hold_units":
            row.terms.hold_units = value
        elif name == "notional_minor":
            row.notional_minor = value
        elif name == "charged_minor":
            row.charged_minor = value
        elif name == "priority":
            row.priority = value
        else:
            row.status = kept(hot, value)
    return 0


cdef TradeRow trade_row(HotRows &hot, tuple values):
    cdef TradeRow row
    cdef Trade *trade = &row.trade
    trade.trade_id, trade.instrument_id, trade.trade_n, trade.price_ticks, trade.quantity_lots = values[:5]
    trade.aggressor = kept(hot, values[5])
    trade.buyer.order_id, trade.seller.order_id, trade.buyer.account_id, trade.seller.account_id = values[6:10]
    trade.buyer.fee_minor, trade.seller.fee_minor, row.at_ns = values[10:]
    return row


cdef PostingRow posting_row(tuple values):
    cdef PostingRow row
    cdef Posting *posting = &row.posting
    row.posting_id, posting.account_id, posting.asset_id = values[:3]
    posting.units, posting.balance_after, posting.previous_sequence = values[3:]
    return row


cdef string_view kept(HotRows &hot, value):
    return hot.keep(<bytes>value.encode())


# --- Rows as the database takes them ----------------------------------------------------------------------------------


cdef object tables(HotRows &hot, list journal):
    cdef list balances = [], posted = [], held = [], numbers = [], book_numbers = []
    cdef BalanceRow *balance
    cdef NumbersRow *number
    cdef size_t place
    new_orders, changed_orders = order_rows(hot)
    for place in range(hot.balances.rows.size()):
        balance = &hot.balances.rows[place]
        if not balance.posted:
            held.append((balance.held_units, balance.asset_id, balance.account_id))
        elif not balance.held:
            posted.append((balance.asset_id, balance.account_id, balance.units, 0, balance.last_sequence))
        else:
            balances.append(
                (balance.asset_id, balance.account_id, balance.units, balance.held_units, balance.last_sequence)
            )
    for place in range(hot.numbers.rows.size()):
        number = &hot.numbers.rows[place]
        if number.traded:
            numbers.append((number.instrument_id, number.book_n, number.trade_n, number.last_price_ticks))
        else:
            book_numbers.append((number.instrument_id, number.book_n, 0, 0))
    return HotTables(
        journal=journal,
        new_orders=new_orders,
        changed_orders=changed_orders,
        trades=[trade_values(&hot.trades[place]) for place in range(hot.trades.size())],
        postings=[posting_values(&hot.postings[place]) for place in range(hot.postings.size())],
        balances=balances,
        posted=posted,
        held=held,
        channels=[channel_values(&hot.channels.rows[place]) for place in range(hot.channels.rows.size())],
        numbers=numbers,
        book_numbers=book_numbers,
    )


cdef tuple order_rows(HotRows &hot):
    """New orders whole, and the changed columns of older ones by which columns they are."""
    cdef list new = []
    cdef dict by_columns = {}, changed = {}
    cdef OrderRow *row
    cdef size_t place
    cdef list group
    for place in range(hot.orders.rows.size()):
        row = &hot.orders.rows[place]
        if row.is_new:
            new.append(order_values(row))
            continue
        found = by_columns.get(row.changed)
        if found is None:
            group = by_columns[row.changed] = []
            changed[tuple([name for name, bit in CHANGEABLE.items() if row.changed & <uint32_t>bit])] = group
        else:
            group = found
        group.append(changed_values(row))
    return new, changed


cdef tuple order_values(OrderRow *row):
    cdef Accepted *terms = &row.terms
    return (
        terms.order_id,
        text(terms.client_order_id),
        terms.account_id,
        terms.instrument_id,
        word(terms.side),
        word(terms.order_type),
        word(terms.time_in_force),
        terms.price_ticks,
        terms.quantity_lots,
        row.remaining_lots,
        terms.hold_asset_id,
        terms.hold_units,
        row.notional_minor,
        row.charged_minor,
        terms.fee_version,
        terms.max_notional_minor,
        row.priority,
        terms.cancel_on_disconnect,
        terms.connection_id,
        row.epoch,
        row.entered_by,
        word(row.status),
    )


cdef tuple changed_values(OrderRow *row):
    cdef list values = []
    if row.changed & CLIENT_ORDER_ID:
        values.append(text(row.terms.client_order_id))
    if row.changed & PRICE_TICKS:
        values.append(row.terms.price_ticks)
    if row.changed & QUANTITY_LOTS:
        values.append(row.terms.quantity_lots)
    if row.changed & REMAINING_LOTS:
        values.append(row.remaining_lots)
    if row.changed & HOLD_UNITS:
        values.append(row.terms.hold_units)
    if row.changed & NOTIONAL_MINOR:
        values.append(row.notional_minor)
    if row.changed & CHARGED_MINOR:
        values.append(row.charged_minor)
    if row.changed & PRIORITY:
        values.append(row.priority)
    if row.changed & STATUS:
        values.append(word(row.status))
    values.append(row.terms.order_id)
    return tuple(values)


cdef tuple trade_values(TradeRow *row):
    cdef Trade *trade = &row.trade
    return (
        trade.trade_id,
        trade.instrument_id,
        trade.trade_n,
        trade.price_ticks,
        trade.quantity_lots,
        word(trade.aggressor),
        trade.buyer.order_id,
        trade.seller.order_id,
        trade.buyer.account_id,
        trade.seller.account_id,
        trade.buyer.fee_minor,
        trade.seller.fee_minor,
        row.at_ns,
    )


cdef tuple posting_values(PostingRow *row):
    cdef Posting *posting = &row.posting
    return (
        row.posting_id,
        posting.account_id,
        posting.asset_id,
        posting.units,
        posting.balance_after,
        posting.previous_sequence,
    )


cdef tuple channel_values(ChannelRow *row):
    return row.account_id, row.n, row.sequence


cdef object text(string_view value):
    return PyUnicode_DecodeUTF8(value.data(), value.size(), NULL)


cdef object word(string_view value):
    """A text that columns repeat, as the one object there is of it."""
    cdef int place = place_of(value)
    return WORDS[place] if place >= 0 else text(value)


cdef list WORDS = [text(word_at(place)) for place in range(word_count)]

cdef dict CHANGEABLE = {
    "client_order_id": CLIENT_ORDER_ID,
    "price_ticks": PRICE_TICKS,
    "quantity_lots": QUANTITY_LOTS,
    "remaining_lots": REMAINING_LOTS,
    "hold_units": HOLD_UNITS,
    "notional_minor": NOTIONAL_MINOR,
    "charged_minor": CHARGED_MINOR,
    "priority": PRIORITY,
    "status": STATUS,
}
"""The columns of an order that change, in the table's order."""
