// What can be read of a book: its orders, its state, its visible prices, what an auction would do now.

#pragma once

#include <algorithm>
#include <cstdint>

#include "book_parts.hpp"

namespace matching {

// Reading changes nothing but the room for answers.
class Reading : public Parts {
public:
    using Parts::Parts;

    View view(std::uint32_t place) const {
        const Order& order = orders_[place];
        View view;
        view.order.order_id = order.id;
        view.order.account_id = order.account;
        view.order.group_id = order.group;
        view.order.price_ticks = orders_.limit(place);
        view.order.quantity_lots = order.asked();
        view.order.side = order.side();
        view.order.kind = order.kind();
        view.order.time_limit = order.time_limit();
        view.order.self_trade = order.self_trade();
        view.order.hidden = order.hidden();
        view.order.post_only = order.post_only();
        view.order.all_or_none = order.all_or_none();
        view.place = order.place();
        view.price = order.price;
        view.remaining = order.remaining;
        view.shown = shown(place);
        view.priority = static_cast<std::int64_t>(order.priority);
        if (order.rare()) {
            const Rare& rare = orders_.rare(place);
            view.order.max_notional_ticks = rare.max_notional;
            view.order.display_lots = rare.display;
            view.order.minimum_lots = rare.minimum;
            view.order.stop_ticks = rare.stop;
            view.order.trail_ticks = rare.trail;
            view.order.offset_ticks = rare.offset;
            view.order.oco_id = rare.oco_sent;
            view.stop = rare.level;
            view.oco = rare.oco;
        }
        return view;
    }

    // Every open order, in ascending priority.
    const List<std::uint32_t>& by_priority() {
        places_.clear();
        for (std::uint32_t place = 1; place < orders_.pool().used(); ++place)
            if (open_here(place)) places_.push(place);
        std::sort(places_.begin(), places_.end(), [this](std::uint32_t one, std::uint32_t other) {
            return orders_[one].priority < orders_[other].priority;
        });
        return places_;
    }

    State state() const {
        State state;
        state.matching = matching_;
        state.call = call_;
        state.fixed = fixed_;
        state.last = last_;
        state.reference = reference_;
        state.band_low = band_low_;
        state.band_high = band_high_;
        state.next_priority = next_priority_;
        state.uncross_price = uncross_price_;
        state.uncross_lots = uncross_lots_;
        for (int at = 0; at < 4; ++at) state.pegged_to[at] = pegged_to_[at];
        return state;
    }

    const List<Reach>& reached() const { return stops_.reaches; }

    const List<Share>& shares() {
        listed_shares_.clear();
        for (std::size_t at = first_share_; at < shares_.size(); ++at) listed_shares_.push(shares_[at]);
        return listed_shares_;
    }

    Ticks best(std::uint8_t side) { return side == kBuy ? bids_.best_shown() : offers_.best_shown(); }

    // The visible prices, best first; zero: all of them.
    const List<LevelView>& levels(std::uint8_t side, std::size_t limit) {
        views_.clear();
        if (side == kBuy) list_levels(bids_, limit);
        else list_levels(offers_, limit);
        return views_;
    }

    bool pending() const {
        if (matching_ == kContinuous) return in_hand_ != kNone || !stops_.reaches.empty();
        if (matching_ == kCollect) return waiting_for_call() != nullptr && waiting_for_call()->oldest != kNone;
        return matching_ == kUncrossing;
    }

    // What an auction would do now. Walks over the prices at which the sides cross.
    Indication indication() {
        if (matching_ != kCollect || !crossed()) return {};
        auction_.bids.clear();
        auction_.offers.clear();
        const Ticks low = offers_.best(), high = bids_.best();
        for (Ticks price = high; price != bids_.kNobody && price >= low; price = bids_.next(price))
            auction_.bids.push(point(bids_.at(price), price));
        for (Ticks price = low; price != offers_.kNobody && price <= high; price = offers_.next(price))
            auction_.offers.push(point(offers_.at(price), price));
        return auction_.price(rule_, reference_);
    }

protected:
    CurvePoint point(const Level& level, Ticks price) const {
        bool wished = true;
        if (level.extra != kNone) wished = extras_[level.extra].count > extras_[level.extra].unpriced;
        return {price, level.lots, wished};
    }

    template <class Side>
    void list_levels(Side& half, std::size_t limit) {
        for (Ticks price = half.best(); price != half.kNobody; price = half.next(price)) {
            const Level& level = half.at(price);
            if (level.shown == 0) continue;
            std::uint32_t count = 0;
            for (std::uint32_t place = level.oldest; place != kNone && !orders_[place].hidden();
                 place = orders_[place].newer)
                count += orders_.shown(place) != 0 ? 1 : 0;
            views_.push({price, level.shown, count});
            if (views_.size() == limit) return;
        }
    }
};

}  // namespace matching
