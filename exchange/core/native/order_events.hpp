// The four events of an order's path as journal bytes, written and read in one place.
//
// Fields stand in the order in which matching/messages.py declares them; tests/core/test_native_events.py holds the
// two together, field by field. Everything compiled that speaks of orders includes this file and lays out nothing itself.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "msgpack.hpp"

namespace exchange {

struct Mark {
    std::int64_t n = 0, previous_sequence = 0;
};

struct Accepted {
    static constexpr std::string_view tag = "order.accepted";
    std::int64_t order_id = 0;
    std::string_view client_order_id;
    std::int64_t account_id = 0, instrument_id = 0;
    std::string_view side, order_type, time_in_force;
    std::int64_t price_ticks = 0, quantity_lots = 0, hold_asset_id = 0, hold_units = 0, held_after = 0;
    std::int64_t fee_version = 0, max_notional_minor = 0;
    bool cancel_on_disconnect = false;
    std::int64_t connection_id = 0;
    Mark mark;
    std::int64_t book_n = 0;
    // A plain order says nothing more; one with conditions is the readable half's.
};

struct Posting {
    std::int64_t account_id = 0, asset_id = 0, units = 0, balance_after = 0, previous_sequence = 0;
};

struct TradeSide {
    std::int64_t order_id = 0, account_id = 0, remaining_lots = 0, fee_minor = 0, charged_minor = 0;
    std::int64_t notional_minor = 0, hold_units = 0, held_after = 0;
    Mark mark;
};

struct Trade {
    static constexpr std::string_view tag = "trade.made";
    static constexpr int most_postings = 5;
    std::int64_t trade_id = 0, instrument_id = 0, price_ticks = 0, quantity_lots = 0;
    std::string_view aggressor;
    TradeSide buyer, seller;
    std::array<Posting, most_postings> postings;
    int posting_count = 0;
    std::int64_t book_n = 0, trade_n = 0;
};

struct Cancelled {
    static constexpr std::string_view tag = "order.cancelled";
    std::int64_t order_id = 0, account_id = 0, instrument_id = 0, cancelled_lots = 0;
    std::string_view reason;
    std::int64_t hold_asset_id = 0, held_after = 0;
    Mark mark;
    std::int64_t book_n = 0;
};

struct Replaced {
    static constexpr std::string_view tag = "order.replaced";
    std::int64_t order_id = 0;
    std::string_view client_order_id;
    std::int64_t account_id = 0, instrument_id = 0, price_ticks = 0, quantity_lots = 0, remaining_lots = 0;
    std::int64_t priority = 0, hold_asset_id = 0, hold_units = 0, held_after = 0;
    Mark mark;
    std::int64_t book_n = 0;
};

// --- Written ---------------------------------------------------------------------------------------------------------

inline void write(Writer& to, const Mark& mark) {
    to.array(2);
    to.integer(mark.n);
    to.integer(mark.previous_sequence);
}

inline void write(Writer& to, const Accepted& event) {
    to.array(20);
    to.text(event.tag);
    to.integer(event.order_id);
    to.text(event.client_order_id);
    to.integer(event.account_id);
    to.integer(event.instrument_id);
    to.text(event.side);
    to.text(event.order_type);
    to.text(event.time_in_force);
    to.integer(event.price_ticks);
    to.integer(event.quantity_lots);
    to.integer(event.hold_asset_id);
    to.integer(event.hold_units);
    to.integer(event.held_after);
    to.integer(event.fee_version);
    to.integer(event.max_notional_minor);
    to.boolean(event.cancel_on_disconnect);
    to.integer(event.connection_id);
    write(to, event.mark);
    to.integer(event.book_n);
    to.nil();
}

inline void write(Writer& to, const TradeSide& side) {
    to.array(9);
    to.integer(side.order_id);
    to.integer(side.account_id);
    to.integer(side.remaining_lots);
    to.integer(side.fee_minor);
    to.integer(side.charged_minor);
    to.integer(side.notional_minor);
    to.integer(side.hold_units);
    to.integer(side.held_after);
    write(to, side.mark);
}

inline void write(Writer& to, const Trade& event) {
    to.array(11);
    to.text(event.tag);
    to.integer(event.trade_id);
    to.integer(event.instrument_id);
    to.integer(event.price_ticks);
    to.integer(event.quantity_lots);
    to.text(event.aggressor);
    write(to, event.buyer);
    write(to, event.seller);
    to.array(static_cast<std::uint32_t>(event.posting_count));
    for (int place = 0; place < event.posting_count; ++place) {
        const auto& posting = event.postings[static_cast<std::size_t>(place)];
        to.array(5);
        to.integer(posting.account_id);
        to.integer(posting.asset_id);
        to.integer(posting.units);
        to.integer(posting.balance_after);
        to.integer(posting.previous_sequence);
    }
    to.integer(event.book_n);
    to.integer(event.trade_n);
}

inline void write(Writer& to, const Cancelled& event) {
    to.array(10);
    to.text(event.tag);
    to.integer(event.order_id);
    to.integer(event.account_id);
    to.integer(event.instrument_id);
    to.integer(event.cancelled_lots);
    to.text(event.reason);
    to.integer(event.hold_asset_id);
    to.integer(event.held_after);
    write(to, event.mark);
    to.integer(event.book_n);
}

// --- Read ------------------------------------------------------------------------------------------------------------

enum class Kind { accepted, trade, cancelled, replaced, other };

inline constexpr std::uint32_t accepted_fields = 20;  // one less before orders had conditions

// Begins an event: its kind, with the reader behind the tag; `other` leaves the rest of it to the readable half.
inline Kind begin(Reader& from) {
    const auto length = from.array();
    const auto tag = from.text();
    if (tag == Accepted::tag && (length == accepted_fields || length == accepted_fields - 1)) {
        from.more = length == accepted_fields;
        return Kind::accepted;
    }
    if (tag == Trade::tag && length == 11) return Kind::trade;
    if (tag == Cancelled::tag && length == 10) return Kind::cancelled;
    if (tag == Replaced::tag && length == 14) return Kind::replaced;
    return Kind::other;
}

inline Mark read_mark(Reader& from) {
    if (from.array() != 2) throw Unreadable();
    Mark mark;
    mark.n = from.integer();
    mark.previous_sequence = from.integer();
    return mark;
}

inline void read(Reader& from, Accepted& event) {
    event.order_id = from.integer();
    event.client_order_id = from.text();
    event.account_id = from.integer();
    event.instrument_id = from.integer();
    event.side = from.text();
    event.order_type = from.text();
    event.time_in_force = from.text();
    event.price_ticks = from.integer();
    event.quantity_lots = from.integer();
    event.hold_asset_id = from.integer();
    event.hold_units = from.integer();
    event.held_after = from.integer();
    event.fee_version = from.integer();
    event.max_notional_minor = from.integer();
    event.cancel_on_disconnect = from.boolean();
    event.connection_id = from.integer();
    event.mark = read_mark(from);
    event.book_n = from.integer();
    if (from.more && !from.nil()) throw Unreadable();  // with conditions: for the readable half
}

inline void read(Reader& from, TradeSide& side) {
    if (from.array() != 9) throw Unreadable();
    side.order_id = from.integer();
    side.account_id = from.integer();
    side.remaining_lots = from.integer();
    side.fee_minor = from.integer();
    side.charged_minor = from.integer();
    side.notional_minor = from.integer();
    side.hold_units = from.integer();
    side.held_after = from.integer();
    side.mark = read_mark(from);
}

inline void read(Reader& from, Trade& event) {
    event.trade_id = from.integer();
    event.instrument_id = from.integer();
    event.price_ticks = from.integer();
    event.quantity_lots = from.integer();
    event.aggressor = from.text();
    read(from, event.buyer);
    read(from, event.seller);
    event.posting_count = static_cast<int>(from.array());
    if (event.posting_count > Trade::most_postings) throw Unreadable();
    for (int place = 0; place < event.posting_count; ++place) {
        auto& posting = event.postings[static_cast<std::size_t>(place)];
        if (from.array() != 5) throw Unreadable();
        posting.account_id = from.integer();
        posting.asset_id = from.integer();
        posting.units = from.integer();
        posting.balance_after = from.integer();
        posting.previous_sequence = from.integer();
    }
    event.book_n = from.integer();
    event.trade_n = from.integer();
}

inline void read(Reader& from, Cancelled& event) {
    event.order_id = from.integer();
    event.account_id = from.integer();
    event.instrument_id = from.integer();
    event.cancelled_lots = from.integer();
    event.reason = from.text();
    event.hold_asset_id = from.integer();
    event.held_after = from.integer();
    event.mark = read_mark(from);
    event.book_n = from.integer();
}

inline void read(Reader& from, Replaced& event) {
    event.order_id = from.integer();
    event.client_order_id = from.text();
    event.account_id = from.integer();
    event.instrument_id = from.integer();
    event.price_ticks = from.integer();
    event.quantity_lots = from.integer();
    event.remaining_lots = from.integer();
    event.priority = from.integer();
    event.hold_asset_id = from.integer();
    event.hold_units = from.integer();
    event.held_after = from.integer();
    event.mark = read_mark(from);
    event.book_n = from.integer();
}

}  // namespace exchange
