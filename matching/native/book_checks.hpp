// What a book refuses, and what a taker would get, told beforehand (matching/book_checks.py, matching/taking.py).

#pragma once

#include <algorithm>
#include <cstdint>

#include "book_places.hpp"

namespace matching {

// A book that knows what it may not do.
class Checks : public Places {
public:
    using Places::Places;

    std::uint8_t check(const NewOrder& order, std::int64_t max_fills) {
        if (order.price_ticks <= 0 || order.price_ticks > kMaxTicks || order.quantity_lots <= 0 ||
            order.quantity_lots > kMaxLots || order.order_id <= 0 || order.account_id <= 0 || max_fills <= 0 ||
            max_fills > kMaxFills || order.side - 1u > 1u || order.kind - 1u > 8u || order.time_limit - 1u > 6u ||
            order.self_trade - 1u > 3u)
            return kRecordInvalid;
        const bool simple = plain(order);
        if (!simple) {
            if (!numbers_valid(order)) return kRecordInvalid;
            if (conflicts(order)) return kConflict;
        }
        if (index_.knows(order.order_id)) return kOrderKnown;
        if (simple && matching_ == kContinuous) return kFine;
        return check_market(order, max_fills);
    }

    std::uint8_t check_replace(std::int64_t id, Ticks price, Lots lots, Ticks stop) {
        if (price <= 0 || price > kMaxTicks || lots <= 0 || lots > kMaxLots || stop < 0 || stop > kMaxTicks)
            return kRecordInvalid;
        const std::uint32_t place = find(id);
        if (place == kNone) return kOrderUnknown;
        const Order& order = orders_[place];
        if (matching_ == kHalted || matching_ == kUncrossing || (order.all_or_none() && matching_ != kContinuous))
            return kPhase;
        if (order.place() == kInHand) return kPending;
        const bool waits = order.place() == kAsStop;
        const bool same_terms =
            price == orders_.limit(place) && (!waits || stop == 0 || stop == orders_.rare(place).level);
        if (same_terms && lots == order.remaining) return kNothingChanges;
        const bool buys = order.side() == kBuy;
        if (matching_ == kFixedPrice && !waits && !accepts_fixed(buys, price)) return kNotAtFixedPrice;
        if (stop != 0 && !waits) return kConflict;
        if (same_terms && lots < order.remaining) return kFine;
        if (pegged(order)) {
            if (matching_ != kContinuous) return kPhase;
            if (peg_price(order.kind(), buys, orders_.rare(place).offset, price, anchors()) == 0) return kNoReference;
        } else if (order.post_only() && (matching_ == kContinuous || matching_ == kFixedPrice) &&
                   order.place() == kInQueue && would_take(buys, price, lots)) {
            return kWouldTrade;
        }
        return kFine;
    }

protected:
    struct Obtainable {
        Lots lots;
        bool cut;
    };

    // What a taker would get, told beforehand; it goes the way of `take`, icebergs slice by slice.
    struct Looker {
        const NewOrder& order;
        std::int64_t max_fills;
        Ticks limit;
        Lots left;
        Lots enough;
        std::int64_t fills = 0;
        __int128 cost = 0;
        bool cut = false;
        bool over = false;
    };

    static bool numbers_valid(const NewOrder& order) {
        const auto lots = [](Lots value) { return value >= 0 && value <= kMaxLots; };
        const auto ticks = [](Ticks value) { return value >= 0 && value <= kMaxTicks; };
        return lots(order.display_lots) && lots(order.minimum_lots) && ticks(order.stop_ticks) &&
               ticks(order.trail_ticks) && ticks(order.offset_ticks) && order.group_id >= 0 && order.oco_id >= 0 &&
               order.max_notional_ticks >= 0;
    }

    std::uint8_t check_market(const NewOrder& order, std::int64_t max_fills) {
        if (!phase_allows(order)) return kPhase;
        const bool buys = order.side == kBuy;
        if (matching_ == kFixedPrice && !accepts_fixed(buys, order.price_ticks)) return kNotAtFixedPrice;
        const bool peg = order.kind >= kPeggedBest;
        if (peg && peg_price(order.kind, buys, order.offset_ticks, order.price_ticks, anchors()) == 0)
            return kNoReference;
        if (order.trail_ticks != 0 && order.stop_ticks == 0 && followed(buys) == 0) return kNoReference;
        if (order.oco_id != 0 && !can_pair(order)) return kOcoInvalid;
        if ((peg || order.trail_ticks != 0) && pegs_.size() + stops_.trailing.size() >= kMaxFollowers)
            return kTooManyFollowers;
        const bool waits = order.kind >= kStop && order.kind <= kTrailingStopLimit;
        if ((matching_ != kContinuous && matching_ != kFixedPrice) || waits || order.time_limit >= kAtOpen)
            return kFine;
        if (order.all_or_none) {
            if (whole_bids_.size() + whole_offers_.size() >= kMaxContingent &&
                obtainable(order, order.quantity_lots, max_fills).lots != order.quantity_lots)
                return kTooManyContingent;
            return kFine;
        }
        if (order.post_only && !peg && would_take(buys, order.price_ticks, order.quantity_lots)) return kWouldTrade;
        if (order.kind == kMarket && !would_take(buys, order.price_ticks, order.quantity_lots)) return kNoLiquidity;
        const Lots wanted = order.time_limit == kFok ? order.quantity_lots : order.minimum_lots;
        if (wanted != 0) {
            const Obtainable got = obtainable(order, wanted, max_fills);
            if (got.lots < wanted && !broken(14)) {
                if (got.cut) return kTooManyFills;
                return order.time_limit == kFok ? kNotFillable : kMinimumNotMet;
            }
        }
        return kFine;
    }

    bool phase_allows(const NewOrder& order) const {
        if (matching_ == kContinuous) return true;
        if ((matching_ != kCollect && matching_ != kFixedPrice) || order.all_or_none || order.minimum_lots != 0)
            return false;
        if (order.kind >= kPeggedBest || order.time_limit == kFok) return false;
        if (matching_ == kFixedPrice)
            return (order.kind == kLimit || order.kind == kMarket) && order.time_limit < kAtOpen;
        return order.time_limit != kIoc && order.max_notional_ticks == 0;
    }

    bool can_pair(const NewOrder& order) const {
        const std::uint32_t other = index_.find(order.oco_id);
        if (other == kNone || orders_[other].account != order.account_id) return false;
        if (orders_[other].rare() && orders_.rare(other).oco != 0) return false;
        const bool waits = order.kind >= kStop && order.kind <= kTrailingStopLimit;
        return orders_[other].place() == kAsStop || (waits && orders_[other].place() != kInHand);
    }

    // Whether anybody stands within a limit, all-or-none orders that could be filled included.
    bool would_take(bool buys, Ticks price, Lots lots) const {
        const Ticks limit = fixed_ != 0 ? fixed_ : price;
        if (buys ? offers_.reaches(limit) : bids_.reaches(limit)) return true;
        for (const std::uint32_t place : buys ? whole_offers_ : whole_bids_) {
            const Order& order = orders_[place];
            if (order.remaining <= lots && (buys ? order.price <= limit : order.price >= limit)) return true;
        }
        return false;
    }

    bool fills_whole(std::uint32_t place, std::int64_t max_fills) {
        const NewOrder order = sent_again(place);
        return obtainable(order, order.quantity_lots, max_fills).lots == order.quantity_lots;
    }

    // An order on its way, as if it were sent now.
    NewOrder sent_again(std::uint32_t place) const {
        NewOrder order = view(place).order;
        order.price_ticks = orders_[place].price;
        order.quantity_lots = orders_[place].remaining;
        return order;
    }

    Obtainable obtainable(const NewOrder& order, Lots wanted, std::int64_t max_fills) {
        return order.side == kBuy ? look<true>(order, wanted, max_fills) : look<false>(order, wanted, max_fills);
    }

    // One maker; whether the walk goes on.
    bool meet(Looker& walk, std::uint32_t place, Lots offered, bool all_of_it) const {
        const Order& maker = orders_[place];
        const Ticks price = fixed_ != 0 ? fixed_ : maker.price;
        Lots lots = std::min(offered, walk.left);
        if (all_of_it && lots < offered) return true;
        if (walk.order.max_notional_ticks != 0 && walk.cost + product(price, lots) > walk.order.max_notional_ticks) {
            if (all_of_it) return true;
            lots = static_cast<Lots>((walk.order.max_notional_ticks - walk.cost) / price);
            if (lots == 0) return !(walk.over = true);
        }
        if (walk.fills == walk.max_fills) {
            walk.cut = true;
            return !(walk.over = true);
        }
        if (own(walk.order, maker)) {
            if (walk.order.self_trade != kCancelOldest) return !(walk.over = true);
            ++walk.fills;
            return true;
        }
        ++walk.fills;
        walk.left -= lots;
        walk.cost += product(price, lots);
        if (walk.left <= walk.enough) return !(walk.over = true);
        return true;
    }

    static bool own(const NewOrder& order, const Order& maker) {
        return order.account_id == maker.account || (order.group_id != 0 && order.group_id == maker.group);
    }

    bool inside_band(Ticks price) const { return fixed_ != 0 || (price >= low_ && price <= high_); }

    template <bool buys>
    Obtainable look(const NewOrder& order, Lots wanted, std::int64_t max_fills) {
        Half<!buys>& other = half<!buys>();
        Looker walk{order, max_fills, fixed_ != 0 ? fixed_ : order.price_ticks, order.quantity_lots,
                    order.quantity_lots - wanted};
        const Contingent& whole = buys ? whole_offers_ : whole_bids_;
        const std::uint32_t* next = whole.begin();
        const auto within = [&](Ticks price) {
            return inside_band(price) && (buys ? price <= walk.limit : price >= walk.limit);
        };
        for (Ticks price = other.best(); price != other.kNobody; price = other.next(price)) {
            if (buys ? price > walk.limit : price < walk.limit) break;
            for (; next != whole.end(); ++next) {  // at equal prices all-or-none orders come last
                const Ticks theirs = orders_[*next].price;
                if (buys ? theirs >= price : theirs <= price) break;
                if (within(theirs) && !meet(walk, *next, orders_[*next].remaining, true)) break;
            }
            if (walk.over || !inside_band(price)) return {order.quantity_lots - walk.left, walk.cut};
            if (!look_at_level(walk, other.at(price))) return {order.quantity_lots - walk.left, walk.cut};
        }
        for (; next != whole.end(); ++next)
            if (within(orders_[*next].price) && !meet(walk, *next, orders_[*next].remaining, true)) break;
        return {order.quantity_lots - walk.left, walk.cut};
    }

    // Displayed orders, then the further slices of icebergs in turn, then hidden orders; whether the walk goes on.
    bool look_at_level(Looker& walk, const Level& level) {
        slices_.clear();
        std::uint32_t place = level.oldest;
        for (; place != kNone && !orders_[place].hidden(); place = orders_[place].newer) {
            const Lots shows = shown(place);
            const Order& maker = orders_[place];
            if (!meet(walk, place, shows, false)) return false;
            if (maker.remaining > shows && !(walk.order.self_trade == kCancelOldest && own(walk.order, maker)))
                slices_.push({place, maker.remaining - shows});
        }
        for (std::size_t at = 0; at < slices_.size(); ++at) {
            const Due reserve = slices_[at];
            const Lots slice = std::min(orders_.rare(reserve.place).display, reserve.lots);
            if (!meet(walk, reserve.place, slice, false)) return false;
            if (reserve.lots > slice) slices_.push({reserve.place, reserve.lots - slice});
        }
        for (; place != kNone; place = orders_[place].newer)
            if (!meet(walk, place, orders_[place].remaining, false)) return false;
        return true;
    }
};

}  // namespace matching
