// The visible books for compiled code: what matching/depth.py and matching/visible.py keep, and the same rules.
//
// A row's bytes are read whole before anything changes. What breaks a promise answers with the promise's sentence, as
// the readable half says it; null says that all is well.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "order_events.hpp"
#include "visible.hpp"

namespace matching {

// What one event of the order's path means for the visible book.
struct Step {
    enum class Kind { accepted, trade, cancelled, replaced, moved, reduced, covered } kind = Kind::accepted;
    std::int64_t instrument_id = 0, book_n = 0;
    std::int64_t order_id = 0;   // of a trade: the buyer's order
    std::int64_t seller_id = 0;  // of a trade
    bool buys = false;           // of a trade: whether the buyer came last
    bool auction = false;        // of a trade: nobody came last
    bool plain = true;           // of an accepted order
    std::int64_t price_ticks = 0, lots = 0;
    std::int64_t left = 0, seller_left = 0, shown = 0, priority = 0;
    std::int64_t trade_id = 0, trade_n = 0;
};

// Whether a side is the buyer's; a word that is no side is left to the readable half.
inline bool is_buy(std::string_view side) {
    if (side == "buy") return true;
    if (side == "sell") return false;
    throw exchange::Unreadable();
}

// The steps of one row; false where an event is of another kind, or its bytes are not what they should be.
inline bool read_row(const char* data, std::size_t size, std::vector<Step>& steps) {
    steps.clear();
    try {
        exchange::Reader from(data, size);
        const auto count = from.array();
        for (std::uint32_t place = 0; place < count; ++place) {
            Step step;
            switch (exchange::begin(from)) {
                case exchange::Kind::accepted: {
                    exchange::Accepted event;
                    read(from, event);
                    step.kind = Step::Kind::accepted;
                    step.instrument_id = event.instrument_id;
                    step.book_n = event.book_n;
                    step.order_id = event.order_id;
                    step.buys = is_buy(event.side);
                    step.price_ticks = event.price_ticks;
                    step.left = step.shown = event.quantity_lots;
                    step.priority = event.order_id;
                    break;
                }
                case exchange::Kind::trade: {
                    exchange::Trade event;
                    read(from, event);
                    step.kind = Step::Kind::trade;
                    step.instrument_id = event.instrument_id;
                    step.book_n = event.book_n;
                    step.order_id = event.buyer.order_id;
                    step.seller_id = event.seller.order_id;
                    step.buys = is_buy(event.aggressor);
                    step.price_ticks = event.price_ticks;
                    step.lots = event.quantity_lots;
                    step.left = event.buyer.remaining_lots;
                    step.seller_left = event.seller.remaining_lots;
                    step.trade_id = event.trade_id;
                    step.trade_n = event.trade_n;
                    break;
                }
                case exchange::Kind::cancelled: {
                    exchange::Cancelled event;
                    read(from, event);
                    step.kind = Step::Kind::cancelled;
                    step.instrument_id = event.instrument_id;
                    step.book_n = event.book_n;
                    step.order_id = event.order_id;
                    step.lots = event.cancelled_lots;
                    break;
                }
                case exchange::Kind::replaced: {
                    exchange::Replaced event;
                    read(from, event);
                    step.kind = Step::Kind::replaced;
                    step.instrument_id = event.instrument_id;
                    step.book_n = event.book_n;
                    step.order_id = event.order_id;
                    step.price_ticks = event.price_ticks;
                    step.left = event.remaining_lots;
                    step.priority = event.priority;
                    break;
                }
                default: return false;
            }
            steps.push_back(step);
        }
        return from.at_end();
    } catch (const exchange::Unreadable&) {
        return false;
    }
}

// All visible books. `recent` trades are kept of an instrument that nobody watches.
class Depths {
public:
    explicit Depths(std::size_t recent = 0) : recent_(recent) {}

    void number(std::int64_t instrument_id, std::int64_t book_n) {
        Depth& depth = at(instrument_id);
        depth.book_n = book_n;
        depth.begin();
    }

    // An open order as a start finds it: the step of its coming, with what is left of it and what it shows.
    Broken restore(const Step& step) {
        const auto depth = depths_.find(step.instrument_id);
        if (depth == depths_.end()) return "an open order's instrument has its number";
        return open(*depth->second, step);
    }

    Depth* find(std::int64_t instrument_id) const {
        const auto found = depths_.find(instrument_id);
        return found == depths_.end() ? nullptr : found->second.get();
    }

    Depth& at(std::int64_t instrument_id) {
        auto& depth = depths_[instrument_id];
        if (!depth) {
            depth = std::make_unique<Depth>();
            depth->instrument_id = instrument_id;
        }
        return *depth;
    }

    // The instrument's book, which will be asked what changed if somebody watches it.
    Depth& meet(std::int64_t instrument_id) {
        Depth& depth = at(instrument_id);
        if (depth.watched && !depth.met) {
            depth.met = true;
            met_.push_back(&depth);
        }
        return depth;
    }

    Broken take(const std::vector<Step>& steps, std::int64_t at_ns) {
        for (const auto& step : steps)
            if (const auto broken = take(step, at_ns)) return broken;
        return nullptr;
    }

    void watch(std::int64_t instrument_id, bool watched, bool by_order) {
        Depth& depth = at(instrument_id);
        if (depth.met) std::erase(met_, &depth);
        depth.begin();
        depth.watched = watched;
        depth.bids.watch_orders(by_order);
        depth.offers.watch_orders(by_order);
        if (!by_order) return;
        for (const auto& [order_id, order] : orders_)
            if (order.depth == &depth && order.shown) order.sizes().keep(order.price_ticks, order.number, order.shown);
    }

    bool is_changed() const { return !met_.empty(); }

    // The watched books that changed since this was last asked, in the order in which they did; `begin` each when read.
    std::vector<Depth*> changed() { return std::exchange(met_, {}); }

private:
    struct Standing {
        Depth* depth;
        bool buys, plain;
        std::int64_t price_ticks, left, shown, priority, number;

        Sizes& sizes() const { return buys ? depth->bids : depth->offers; }
    };

    Broken take(const Step& step, std::int64_t at_ns) {
        Depth& depth = meet(step.instrument_id);
        if (step.book_n != depth.book_n + 1) return "an instrument's public events are numbered without a gap";
        depth.book_n = step.book_n;
        if (step.kind == Step::Kind::accepted) return open(depth, step);
        if (step.kind == Step::Kind::covered) return nullptr;
        if (step.kind == Step::Kind::trade) {
            if (const auto broken = lower(step.order_id, step.lots, step.left)) return broken;
            if (const auto broken = lower(step.seller_id, step.lots, step.seller_left)) return broken;
            depth.last_price = step.price_ticks;
            depth.trades.push_back(
                {step.trade_id, step.price_ticks, step.lots, step.buys, step.auction, step.trade_n, at_ns});
            if (!depth.watched && depth.trades.size() > recent_) depth.trades.pop_front();
            return nullptr;
        }
        if (step.kind == Step::Kind::cancelled) return lower(step.order_id, step.lots, 0);
        const auto found = orders_.find(step.order_id);
        if (found == orders_.end()) return not_open;
        return change(found->second, step);
    }

    // An open order stands elsewhere, or shows or is less.
    static Broken change(Standing& order, const Step& step) {
        switch (step.kind) {
            case Step::Kind::replaced: {
                const bool joins = step.priority != order.priority / ordinals;
                order.left = step.left;
                if (joins) order.priority = step.priority * ordinals;
                const auto shown = order.plain ? step.left : joins ? 0 : std::min(order.shown, step.left);
                return place(order, step.price_ticks, shown, joins);
            }
            case Step::Kind::moved: {
                if (order.left != step.left) return wrong_rest;
                const bool joins = step.priority != order.priority || !order.shown;
                order.priority = step.priority;
                return place(order, step.price_ticks, step.shown, joins);
            }
            default:
                if (order.left - step.lots != step.left) return wrong_rest;
                order.left = step.left;
                return place(order, order.price_ticks, step.shown, false);
        }
    }

    Broken open(Depth& depth, const Step& step) {
        if (step.left <= 0) return "an open order has lots";
        const auto [found, is_new] = orders_.try_emplace(
            step.order_id, Standing{&depth, step.buys, step.plain, step.price_ticks, step.left, 0, step.priority, 0});
        return is_new ? place(found->second, step.price_ticks, step.shown, true) : "an order opens once";
    }

    // Take lots from an order, what it shows first; what the event says is left must be what we reckon.
    Broken lower(std::int64_t order_id, std::int64_t lots, std::int64_t left) {
        const auto found = orders_.find(order_id);
        if (found == orders_.end()) return not_open;
        Standing& order = found->second;
        if (order.left - lots != left) return wrong_rest;
        order.left = left;
        const auto shown = std::min(left, std::max<std::int64_t>(order.shown - lots, 0));
        const auto broken = place(order, order.price_ticks, shown, false);
        if (!left) orders_.erase(found);
        return broken;
    }

    // An order shows so many lots at a price; if it joins that queue, by a number of its own.
    static Broken place(Standing& order, std::int64_t price_ticks, std::int64_t shown, bool joins) {
        Depth& depth = *order.depth;
        Sizes& sizes = order.sizes();
        if (joins || price_ticks != order.price_ticks) {
            if (const auto broken = sizes.show(order.price_ticks, order.number, order.shown, 0, depth.watched))
                return broken;
            order.price_ticks = price_ticks;
            order.shown = 0;
            if (shown) order.number = ++depth.joined;
        }
        const auto before = std::exchange(order.shown, shown);
        return sizes.show(price_ticks, order.number, before, shown, depth.watched);
    }

    static constexpr std::int64_t ordinals = 1024;  // exchange.core.ids.ORDINALS, as _depth.pyx makes sure

    static constexpr Broken not_open = "an event speaks of an open order";
    static constexpr Broken wrong_rest = "an event's remainder follows from the last";

    std::size_t recent_;
    std::unordered_map<std::int64_t, std::unique_ptr<Depth>> depths_;
    std::unordered_map<std::int64_t, Standing> orders_;
    std::vector<Depth*> met_;
};

}  // namespace matching
