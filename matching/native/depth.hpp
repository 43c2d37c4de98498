// The visible book for compiled code: what matching/depth.py's DepthFeed keeps, and the same rules.
//
// A row's bytes are read whole before anything changes. What breaks a promise answers with the promise's sentence, as
// the readable half says it; null says that all is well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "order_events.hpp"

namespace matching {

using Broken = const char*;
using Levels = std::vector<std::pair<std::int64_t, std::int64_t>>;

// What one event of the order's path means for the visible book.
struct Step {
    enum class Kind { accepted, trade, cancelled, replaced } kind = Kind::accepted;
    std::int64_t instrument_id = 0, book_n = 0;
    std::int64_t order_id = 0;   // of a trade: the buyer's order
    std::int64_t seller_id = 0;  // of a trade
    bool buys = false;           // of a trade: whether the buyer came last
    std::int64_t price_ticks = 0, lots = 0;
    std::int64_t left = 0, seller_left = 0;
    std::int64_t trade_id = 0, trade_n = 0;
};

struct SeenTrade {
    std::int64_t trade_id = 0, price_ticks = 0, lots = 0;
    bool buys = false;
    std::int64_t trade_n = 0, at_ns = 0;
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
                    step.lots = event.quantity_lots;
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

// The lots at each price of one side, and the sizes before of those touched since somebody asked.
class Sizes {
public:
    Broken add(std::int64_t price_ticks, std::int64_t lots, bool watched) {
        const auto found = lots_.try_emplace(price_ticks, 0).first;
        if (watched && met_.insert(price_ticks).second) touched_.emplace_back(price_ticks, found->second);
        found->second += lots;
        if (found->second < 0) return "the visible size is never below zero";
        if (found->second == 0) lots_.erase(found);
        return nullptr;
    }

    void begin() {
        touched_.clear();
        met_.clear();
    }

    // The touched levels whose size is another than before, each a price and its lots.
    Levels changed() const {
        Levels found;
        for (const auto& [price_ticks, before] : touched_) {
            const auto now = lots_.find(price_ticks);
            const auto lots = now == lots_.end() ? 0 : now->second;
            if (lots != before) found.emplace_back(price_ticks, lots);
        }
        return found;
    }

    // The best levels, best first, each a price and its lots.
    Levels top(bool highest, std::size_t depth) const {
        Levels found;
        if (highest) {
            for (auto level = lots_.rbegin(); level != lots_.rend() && found.size() < depth; ++level)
                found.emplace_back(*level);
        } else {
            for (auto level = lots_.begin(); level != lots_.end() && found.size() < depth; ++level)
                found.emplace_back(*level);
        }
        return found;
    }

private:
    std::map<std::int64_t, std::int64_t> lots_;
    Levels touched_;
    std::unordered_set<std::int64_t> met_;
};

// One instrument's visible book.
struct Depth {
    std::int64_t instrument_id = 0, book_n = 0, from_book_n = 1, last_price = 0;
    bool watched = false, met = false;
    Sizes bids, offers;
    std::deque<SeenTrade> trades;

    void begin() {
        from_book_n = book_n + 1;
        met = false;
        trades.clear();
        bids.begin();
        offers.begin();
    }
};

// All visible books. `recent` trades are kept of an instrument that nobody watches.
class Depths {
public:
    explicit Depths(std::size_t recent = 0) : recent_(recent) {}

    void number(std::int64_t instrument_id, std::int64_t book_n) {
        Depth& depth = at(instrument_id);
        depth.book_n = book_n;
        depth.begin();
    }

    Broken open(std::int64_t instrument_id, std::int64_t order_id, bool buys, std::int64_t price, std::int64_t lots) {
        const auto depth = depths_.find(instrument_id);
        if (depth == depths_.end()) return "an open order's instrument has its number";
        return open(*depth->second, order_id, buys, price, lots);
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

    void watch(std::int64_t instrument_id, bool watched) {
        Depth& depth = at(instrument_id);
        if (depth.met) std::erase(met_, &depth);
        depth.begin();
        depth.watched = watched;
    }

    bool is_changed() const { return !met_.empty(); }

    // The watched books that changed since this was last asked, in the order in which they did; `begin` each when read.
    std::vector<Depth*> changed() { return std::exchange(met_, {}); }

private:
    struct Shown {
        Depth* depth;
        bool buys;
        std::int64_t price_ticks, left;
    };

    Broken take(const Step& step, std::int64_t at_ns) {
        Depth& depth = meet(step.instrument_id);
        if (step.book_n != depth.book_n + 1) return "an instrument's public events are numbered without a gap";
        depth.book_n = step.book_n;
        switch (step.kind) {
            case Step::Kind::accepted: return open(depth, step.order_id, step.buys, step.price_ticks, step.lots);
            case Step::Kind::trade: {
                if (const auto broken = lower(step.order_id, step.lots, step.left)) return broken;
                if (const auto broken = lower(step.seller_id, step.lots, step.seller_left)) return broken;
                depth.last_price = step.price_ticks;
                depth.trades.push_back({step.trade_id, step.price_ticks, step.lots, step.buys, step.trade_n, at_ns});
                if (!depth.watched && depth.trades.size() > recent_) depth.trades.pop_front();
                return nullptr;
            }
            case Step::Kind::cancelled: return lower(step.order_id, step.lots, 0);
            case Step::Kind::replaced: {
                const auto found = orders_.find(step.order_id);
                if (found == orders_.end()) return not_open;
                Shown& shown = found->second;
                if (const auto broken = add(shown, -shown.left)) return broken;
                shown.price_ticks = step.price_ticks;
                shown.left = step.left;
                return add(shown, shown.left);
            }
        }
        return nullptr;
    }

    Broken open(Depth& depth, std::int64_t order_id, bool buys, std::int64_t price_ticks, std::int64_t lots) {
        const auto [place, is_new] = orders_.try_emplace(order_id, Shown{&depth, buys, price_ticks, lots});
        return is_new ? add(place->second, lots) : "an order opens once";
    }

    // Take lots from an order; what the event says is left must be what we reckon.
    Broken lower(std::int64_t order_id, std::int64_t lots, std::int64_t left) {
        const auto found = orders_.find(order_id);
        if (found == orders_.end()) return not_open;
        if (found->second.left - lots != left) return "an event's remainder follows from the last";
        found->second.left = left;
        const auto broken = add(found->second, -lots);
        if (!left) orders_.erase(found);
        return broken;
    }

    static Broken add(const Shown& shown, std::int64_t lots) {
        Sizes& sizes = shown.buys ? shown.depth->bids : shown.depth->offers;
        return sizes.add(shown.price_ticks, lots, shown.depth->watched);
    }

    static constexpr Broken not_open = "an event speaks of an open order";

    std::size_t recent_;
    std::unordered_map<std::int64_t, std::unique_ptr<Depth>> depths_;
    std::unordered_map<std::int64_t, Shown> orders_;
    std::vector<Depth*> met_;
};

}  // namespace matching
