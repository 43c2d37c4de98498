// Orders that wait for a price, and the order in which they get their turn (matching/stops.py).

#pragma once

#include <cstdint>

#include "ladder.hpp"
#include "order.hpp"
#include "storage.hpp"

namespace matching {

// A price was reached: stops of `side` up to it that are older than `before` are due.
struct Reach {
    std::uint8_t side;
    Ticks price;
    std::uint64_t before;
};

inline Ticks trailing_level(bool buys, Ticks price, Ticks trail) {
    return buys ? std::min(price + trail, kMaxTicks) : std::max<Ticks>(price - trail, 1);
}

class Stops {
public:
    struct Queue {
        std::uint32_t oldest, newest;
    };

    Stops(Memory& memory, Pool<Order>& orders)
        : reaches(memory), trailing(memory), orders_(orders), bids_(memory), offers_(memory) {}

    List<Reach> reaches;           // oldest first
    List<std::uint32_t> trailing;  // trailing stops, by number

    bool empty() const { return waiting_orders_ == 0; }
    std::size_t waiting_orders() const { return waiting_orders_; }
    Chunks<Queue>& waiting(bool buys) { return buys ? bids_ : offers_; }

    // Let an order wait at a level; in one level lower numbers come first.
    void add(std::uint32_t place, Ticks level) {
        Order& order = orders_[place];
        Chunks<Queue>& side = waiting(order.side() == kBuy);
        ++waiting_orders_;
        Queue* found = side.find(level);
        Queue& queue = found != nullptr ? *found : side.add(level);
        std::uint32_t older = queue.newest;
        while (older != kNone && orders_[older].priority > order.priority) older = orders_[older].older;
        order.older = older;
        order.newer = older == kNone ? queue.oldest : orders_[older].newer;
        (order.older == kNone ? queue.oldest : orders_[order.older].newer) = place;
        (order.newer == kNone ? queue.newest : orders_[order.newer].older) = place;
    }

    void remove(std::uint32_t place, Ticks level) {
        Order& order = orders_[place];
        Chunks<Queue>& side = waiting(order.side() == kBuy);
        --waiting_orders_;
        Queue& queue = *side.find(level);
        (order.older == kNone ? queue.oldest : orders_[order.older].newer) = order.newer;
        (order.newer == kNone ? queue.newest : orders_[order.newer].older) = order.older;
        order.older = order.newer = kNone;
        if (queue.oldest == kNone) side.remove(level);
    }

    void add_trailing(std::uint32_t place) {
        trailing.push(place);
        for (std::size_t at = trailing.size() - 1; at > 0; --at) {
            if (orders_[trailing[at - 1]].priority < orders_[place].priority) break;
            std::swap(trailing[at - 1], trailing[at]);
        }
    }
    void remove_trailing(std::uint32_t place) {
        std::size_t kept = 0;
        for (std::size_t at = 0; at < trailing.size(); ++at)
            if (trailing[at] != place) trailing[kept++] = trailing[at];
        trailing.shorten(kept);
    }

    // Note that a price was reached, if that may set stops free; whether it was noted.
    bool reach(std::uint8_t side, Ticks price, std::uint64_t before) {
        const bool buys = side == kBuy;
        Chunks<Queue>& levels = waiting(buys);
        if (levels.empty() || (buys ? levels.lowest() > price : levels.highest() < price)) return false;
        for (const Reach& noted : reaches)
            if (noted.side == side && noted.before == before && (buys ? noted.price >= price : noted.price <= price))
                return false;  // already noted, and nobody has come since
        reaches.push({side, price, before});
        return true;
    }

    // The stop whose turn is next, or kNone; reaches without any are forgotten on the way.
    std::uint32_t due() {
        while (!reaches.empty()) {
            const Reach reach = reaches[0];
            Chunks<Queue>& levels = waiting(reach.side == kBuy);
            if (reach.side == kBuy) {
                for (Ticks level = levels.up(0); level <= reach.price && level <= kMaxTicks;
                     level = levels.up(level + 1)) {
                    const std::uint32_t first = levels.find(level)->oldest;
                    if (orders_[first].priority < reach.before) return first;
                }
            } else {
                for (Ticks level = levels.down(kMaxTicks); level >= reach.price && level >= 1;
                     level = levels.down(level - 1)) {
                    const std::uint32_t first = levels.find(level)->oldest;
                    if (orders_[first].priority < reach.before) return first;
                }
            }
            for (std::size_t at = 1; at < reaches.size(); ++at) reaches[at - 1] = reaches[at];
            reaches.shorten(reaches.size() - 1);
        }
        return kNone;
    }

private:
    Pool<Order>& orders_;
    Chunks<Queue> bids_, offers_;
    std::size_t waiting_orders_ = 0;
};

}  // namespace matching
