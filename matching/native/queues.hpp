// The places where orders stand: the queue of a price, and the all-or-none orders of a side (matching/queues.py).

#pragma once

#include <cstdint>

#include "ladder.hpp"
#include "order.hpp"
#include "storage.hpp"

namespace matching {

// What only levels with hidden orders, or with market orders that wait for an auction, have.
struct Extra {
    std::uint32_t first_hidden;
    std::uint32_t unpriced;
    std::uint32_t count;  // all its orders
};

inline bool takes_only(const Order& order) {
    const std::uint8_t kind = order.kind();
    return kind == kMarket || kind == kStop || kind == kTrailingStop;
}
inline bool pegged(const Order& order) { return order.kind() >= kPeggedBest; }

// Every open order of a book, by a number of 32 bits, with the records that few have.
class Orders {
public:
    explicit Orders(Memory& memory) : pool_(memory), rare_of_(memory), rares_(memory) {}

    Order& operator[](std::uint32_t place) { return pool_[place]; }
    const Order& operator[](std::uint32_t place) const { return pool_[place]; }
    Pool<Order>& pool() { return pool_; }

    std::uint32_t take() { return pool_.take(); }
    void give_back(std::uint32_t place) {
        if (pool_[place].rare()) rares_.give_back(rare_of_[place]);
        pool_.give_back(place);
    }

    Rare& rare(std::uint32_t place) { return rares_[rare_of_[place]]; }
    const Rare& rare(std::uint32_t place) const { return rares_[rare_of_[place]]; }
    // Give an order a record of what few have.
    Rare& make_rare(std::uint32_t place) {
        while (rare_of_.size() <= place) rare_of_.push(kNone);  // as many as there are orders
        rare_of_[place] = rares_.take();
        pool_[place].set_rare(true);
        return rares_[rare_of_[place]] = Rare{};
    }

    Ticks limit(std::uint32_t place) const { return pool_[place].rare() ? rare(place).limit : pool_[place].price; }
    Lots shown(std::uint32_t place) const {
        const Order& order = pool_[place];
        if (order.rare()) [[unlikely]]
            return rare(place).shown;
        return order.hidden() ? 0 : order.remaining;
    }

private:
    Pool<Order> pool_;
    List<std::uint32_t> rare_of_;
    Pool<Rare> rares_;
};

// One side: its prices, and the queue at each.
template <bool buys>
class Half : public Ladder<buys> {
public:
    Half(Memory& memory, Orders& orders, Pool<Extra>& extras)
        : Ladder<buys>(memory), orders_(orders), extras_(extras) {}

    // Put an order at the end of the displayed, or of the hidden, part of its price's queue.
    void append(std::uint32_t place) { put(this->open(orders_[place].price), place); }

    // Take an order out of its queue, and an empty level out of the book.
    void drop(std::uint32_t place) { drop(this->at(orders_[place].price), place); }
    void drop(Level& level, std::uint32_t place) {
        const Ticks price = orders_[place].price;
        pull(level, place);
        if (level.oldest == kNone) leave(level, price);
    }

    // The same for an order that goes to the end of its own queue: the level stays meanwhile.
    void unlink(std::uint32_t place) { pull(this->at(orders_[place].price), place); }
    void link(std::uint32_t place) { put(this->at(orders_[place].price), place); }

    // An empty level leaves the book.
    void leave(Level& level, Ticks price) {
        if (level.extra != kNone) [[unlikely]]
            extras_.give_back(level.extra);
        this->close(price);
    }

    // Whether an order of the other side with this limit would meet one of these; equal prices meet.
    bool reaches(Ticks limit) const { return !this->empty() && (buys ? this->best() >= limit : this->best() <= limit); }

    // The best price that shows any lots. Walks over levels that show none, which only hidden orders make.
    Ticks best_shown() {
        Ticks price = this->best();
        while (price != this->kNobody && this->at(price).shown == 0) price = this->next(price);
        return price == this->kNobody ? 0 : price;
    }
    // The best price that pegs follow: of displayed orders that are no pegs.
    Ticks best_anchor() {
        Ticks price = this->best();
        while (price != this->kNobody && this->at(price).anchors == 0) price = this->next(price);
        return price == this->kNobody ? 0 : price;
    }

private:
    void put(Level& level, std::uint32_t place) {
        Order& order = orders_[place];
        const bool hidden = order.hidden(), market = takes_only(order);
        if (level.extra == kNone && (hidden || market)) [[unlikely]]
            make_extra(level);
        std::uint32_t behind = kNone;  // the first hidden order stays behind every displayed one
        if (level.extra != kNone) [[unlikely]] {
            Extra& extra = extras_[level.extra];
            if (!hidden) behind = extra.first_hidden;
            else if (extra.first_hidden == kNone) extra.first_hidden = place;
            extra.unpriced += market ? 1 : 0;
            ++extra.count;
        }
        order.newer = behind;
        order.older = behind == kNone ? level.newest : orders_[behind].older;
        (order.older == kNone ? level.oldest : orders_[order.older].newer) = place;
        (behind == kNone ? level.newest : orders_[behind].older) = place;
        level.lots += order.remaining;
        if (!hidden) {
            level.shown += orders_.shown(place);
            level.anchors += pegged(order) ? 0 : 1;
        }
    }

    void pull(Level& level, std::uint32_t place) {
        Order& order = orders_[place];
        if (level.extra != kNone) [[unlikely]] {
            Extra& extra = extras_[level.extra];
            if (extra.first_hidden == place) extra.first_hidden = order.newer;
            extra.unpriced -= takes_only(order) ? 1 : 0;
            --extra.count;
        }
        (order.older == kNone ? level.oldest : orders_[order.older].newer) = order.newer;
        (order.newer == kNone ? level.newest : orders_[order.newer].older) = order.older;
        if (!order.hidden()) {
            level.shown -= orders_.shown(place);
            level.anchors -= pegged(order) ? 0 : 1;
        }
        level.lots -= order.remaining;
        order.older = order.newer = kNone;
    }

    // From now on this level counts its orders.
    void make_extra(Level& level) {
        level.extra = extras_.take();
        Extra& extra = extras_[level.extra] = Extra{};
        for (std::uint32_t each = level.oldest; each != kNone; each = orders_[each].newer) ++extra.count;
    }

    Orders& orders_;
    Pool<Extra>& extras_;
};

// The all-or-none orders of one side, best price first, then by number; at most kMaxContingent of both sides together.
class Contingent {
public:
    Contingent(Memory& memory, Orders& orders, bool buys) : list_(memory), orders_(orders), buys_(buys) {}

    std::size_t size() const { return list_.size(); }
    bool empty() const { return list_.empty(); }
    const std::uint32_t* begin() const { return list_.begin(); }
    const std::uint32_t* end() const { return list_.end(); }

    void insert(std::uint32_t place) {
        list_.push(place);
        for (std::size_t at = list_.size() - 1; at > 0 && before(place, list_[at - 1]); --at)
            std::swap(list_[at], list_[at - 1]);
    }
    void remove(std::uint32_t place) {
        std::size_t kept = 0;
        for (std::size_t at = 0; at < list_.size(); ++at)
            if (list_[at] != place) list_[kept++] = list_[at];
        list_.shorten(kept);
    }

private:
    bool before(std::uint32_t one, std::uint32_t other) const {
        const Order& left = orders_[one];
        const Order& right = orders_[other];
        if (left.price != right.price) return buys_ ? left.price > right.price : left.price < right.price;
        return left.priority < right.priority;
    }

    List<std::uint32_t> list_;
    Orders& orders_;
    bool buys_;
};

}  // namespace matching
