// An order: 64 bytes for what every order has, and another record for the few that have more.

#pragma once

#include <cstdint>

#include "ladder.hpp"
#include "words.hpp"

namespace matching {

// An order as it is sent (BookOrder).
struct NewOrder {
    std::int64_t order_id = 0, account_id = 0, group_id = 0, price_ticks = 0, quantity_lots = 0;
    std::int64_t max_notional_ticks = 0;
    std::int64_t display_lots = 0, minimum_lots = 0, stop_ticks = 0, trail_ticks = 0, offset_ticks = 0, oco_id = 0;
    std::uint8_t side = 0, kind = kLimit, time_limit = kGtc, self_trade = kCancelNewest;
    bool hidden = false, post_only = false, all_or_none = false;
};

// The words of an order in 19 bits, and above them the lots that were last asked for.
struct Terms {
    std::uint64_t bits = 0;

    template <int shift, int width>
    std::uint8_t get() const {
        return static_cast<std::uint8_t>(bits >> shift & ((1u << width) - 1));
    }
    template <int shift, int width>
    void set(std::uint64_t value) {
        bits = (bits & ~(((std::uint64_t{1} << width) - 1) << shift)) | value << shift;
    }
};

// One cache line. `price` is where the order stands: its limit, or a peg's price.
struct Order {
    std::int64_t id, account, group;
    Ticks price;
    Lots remaining;
    std::uint64_t priority;
    Terms terms;
    std::uint32_t older, newer;

    std::uint8_t side() const { return terms.get<0, 2>(); }
    std::uint8_t kind() const { return terms.get<2, 4>(); }
    std::uint8_t time_limit() const { return terms.get<6, 3>(); }
    std::uint8_t self_trade() const { return terms.get<9, 3>(); }
    std::uint8_t place() const { return terms.get<12, 3>(); }
    bool hidden() const { return terms.get<15, 1>() != 0; }
    bool post_only() const { return terms.get<16, 1>() != 0; }
    bool all_or_none() const { return terms.get<17, 1>() != 0; }
    bool rare() const { return terms.get<18, 1>() != 0; }  // it has a Rare record
    Lots asked() const { return static_cast<Lots>(terms.bits >> 19); }

    void set_kind(std::uint8_t kind) { terms.set<2, 4>(kind); }
    void set_place(std::uint8_t place) { terms.set<12, 3>(place); }
    void set_rare(bool rare) { terms.set<18, 1>(rare ? 1 : 0); }
    void set_asked(Lots lots) { terms.bits = (terms.bits & 0x7FFFF) | static_cast<std::uint64_t>(lots) << 19; }
};
static_assert(sizeof(Order) == 64);

// What only some orders have.
struct Rare {
    Ticks limit;  // the outermost price: what was sent, where `price` may be a peg's
    std::int64_t max_notional;
    Lots display, minimum, shown;
    Ticks stop;   // as sent
    Ticks level;  // a stop's level now
    Ticks trail, offset;
    std::int64_t oco_sent;  // as sent
    std::int64_t oco;       // the other one, while both are a pair
};

inline Terms terms_of(const NewOrder& order, std::uint8_t place) {
    Terms terms;
    terms.bits = static_cast<std::uint64_t>(order.side) | static_cast<std::uint64_t>(order.kind) << 2 |
                 static_cast<std::uint64_t>(order.time_limit) << 6 | static_cast<std::uint64_t>(order.self_trade) << 9 |
                 static_cast<std::uint64_t>(place) << 12 | static_cast<std::uint64_t>(order.hidden) << 15 |
                 static_cast<std::uint64_t>(order.post_only) << 16 |
                 static_cast<std::uint64_t>(order.all_or_none) << 17 |
                 static_cast<std::uint64_t>(order.quantity_lots) << 19;
    return terms;
}

// The same for a limit order without a further condition, in no place yet.
inline Terms plain_terms(std::uint8_t side, std::uint8_t time_limit, std::uint8_t self_trade, Lots lots) {
    Terms terms;
    terms.bits = static_cast<std::uint64_t>(side) | static_cast<std::uint64_t>(kLimit) << 2 |
                 static_cast<std::uint64_t>(time_limit) << 6 | static_cast<std::uint64_t>(self_trade) << 9 |
                 static_cast<std::uint64_t>(lots) << 19;
    return terms;
}

// Conditions that exclude each other; matching.book_messages.conflicts says the same in words.
inline bool conflicts(const NewOrder& order) {
    const bool waits = order.kind >= kStop && order.kind <= kTrailingStopLimit;
    const bool trails = order.kind == kTrailingStop || order.kind == kTrailingStopLimit;
    const bool pegged = order.kind >= kPeggedBest;
    const bool market = order.kind == kMarket || order.kind == kStop || order.kind == kTrailingStop;
    const bool at_once = order.time_limit == kIoc || order.time_limit == kFok;
    const bool at_auction = order.time_limit == kAtOpen || order.time_limit == kAtClose;
    const bool stays = !market && !at_once;
    if (waits && !trails ? order.stop_ticks == 0 : !waits && order.stop_ticks != 0) return true;
    if (trails != (order.trail_ticks != 0)) return true;
    if (order.offset_ticks != 0 && !pegged && order.kind != kTrailingStopLimit) return true;
    if (order.kind == kPeggedMarket && order.offset_ticks == 0) return true;
    if (pegged && (at_once || at_auction)) return true;
    if (waits && (at_auction || order.time_limit == kFok)) return true;
    if (at_auction && order.post_only) return true;
    if (order.hidden && (!stays || order.display_lots != 0)) return true;
    if (order.display_lots != 0 && (!stays || pegged || order.display_lots >= order.quantity_lots)) return true;
    if (order.post_only && (!stays || waits)) return true;
    if (order.minimum_lots != 0 && (order.minimum_lots > order.quantity_lots || waits || pegged || at_auction ||
                                    order.post_only || order.all_or_none || order.time_limit == kFok))
        return true;
    if (order.all_or_none &&
        (order.kind != kLimit || at_once || at_auction || order.hidden || order.post_only || order.display_lots != 0))
        return true;
    return order.max_notional_ticks != 0 && (order.kind != kMarket || order.side != kBuy);
}

}  // namespace matching
