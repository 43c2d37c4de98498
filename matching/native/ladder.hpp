// The prices of one side in order, and what stands at each.
//
// Prices near the market live in a window: an array with a bitmap over it, so that finding a level, the best one and
// the next one is a read or three. What lies outside goes to sorted chunks, found by two short searches. When the far
// part is asked too often the window moves to where the market is; that costs as much as there are levels, and comes
// only after at least as many far prices.

#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "bitmap.hpp"
#include "storage.hpp"

namespace matching {

using Ticks = std::int64_t;
using Lots = std::int64_t;

// One price: its queue, displayed orders before hidden ones, and what others need to know without walking it.
struct Level {
    std::uint32_t oldest, newest;
    Lots shown;             // what the public sees
    Lots lots;              // all that could trade here
    std::uint32_t anchors;  // displayed orders that are no pegs: what pegs follow
    std::uint32_t extra;    // the place of what few levels have, or kNone
};
static_assert(sizeof(Level) == 32);

// Distinct prices in ascending order, each with a value: chunks of at most 256, and the lowest price of each beside it.
template <class Value>
class Chunks {
public:
    explicit Chunks(Memory& memory) : pool_(memory), lows_(memory), order_(memory) {}

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    Ticks lowest() const { return lows_[0]; }
    Ticks highest() const {
        const Chunk& chunk = pool_[order_[order_.size() - 1]];
        return chunk.prices[chunk.count - 1];
    }

    Value* find(Ticks price) {
        if (size_ == 0) return nullptr;
        Chunk& chunk = pool_[order_[chunk_of(price)]];
        const std::uint32_t at = chunk.place(price);
        return at < chunk.count && chunk.prices[at] == price ? &chunk.values[at] : nullptr;
    }

    // Add a price that is not there; its value is zero.
    Value& add(Ticks price) {
        ++size_;
        if (order_.empty()) {
            const std::uint32_t first = fresh();
            order_.push(first);
            lows_.push(price);
        }
        std::size_t which = chunk_of(price);
        if (pool_[order_[which]].count == kMost) {
            split(which);
            which = chunk_of(price);
        }
        Chunk& chunk = pool_[order_[which]];
        const std::uint32_t at = chunk.place(price);
        std::copy_backward(chunk.prices + at, chunk.prices + chunk.count, chunk.prices + chunk.count + 1);
        std::copy_backward(chunk.values + at, chunk.values + chunk.count, chunk.values + chunk.count + 1);
        ++chunk.count;
        chunk.prices[at] = price;
        chunk.values[at] = Value{};
        lows_[which] = chunk.prices[0];
        return chunk.values[at];
    }

    // Take out a price that is there.
    void remove(Ticks price) {
        const std::size_t which = chunk_of(price);
        Chunk& chunk = pool_[order_[which]];
        const std::uint32_t at = chunk.place(price);
        std::copy(chunk.prices + at + 1, chunk.prices + chunk.count, chunk.prices + at);
        std::copy(chunk.values + at + 1, chunk.values + chunk.count, chunk.values + at);
        --size_;
        if (--chunk.count != 0) {
            lows_[which] = chunk.prices[0];
            return;
        }
        pool_.give_back(order_[which]);
        std::copy(order_.begin() + which + 1, order_.end(), order_.begin() + which);
        std::copy(lows_.begin() + which + 1, lows_.end(), lows_.begin() + which);
        order_.shorten(order_.size() - 1);
        lows_.shorten(lows_.size() - 1);
    }

    // The lowest price at or above `price`, or the highest number there is.
    Ticks up(Ticks price) const {
        if (size_ == 0) return std::numeric_limits<Ticks>::max();
        std::size_t which = chunk_of(price);
        const std::uint32_t at = pool_[order_[which]].place(price);
        if (at < pool_[order_[which]].count) return pool_[order_[which]].prices[at];
        return ++which < order_.size() ? lows_[which] : std::numeric_limits<Ticks>::max();
    }

    // The highest price at or below `price`, or -1.
    Ticks down(Ticks price) const {
        if (size_ == 0 || price < lows_[0]) return -1;
        const Chunk& chunk = pool_[order_[chunk_of(price)]];
        const std::uint32_t at = chunk.place(price);
        if (at < chunk.count && chunk.prices[at] == price) return price;
        return chunk.prices[at - 1];  // at > 0, for the chunk's low is at most `price`
    }

    void clear() {
        for (const std::uint32_t chunk : order_) pool_.give_back(chunk);
        order_.clear();
        lows_.clear();
        size_ = 0;
    }

private:
    static constexpr std::uint32_t kMost = 256;

    struct Chunk {
        Ticks prices[kMost];
        Value values[kMost];
        std::uint32_t count;

        std::uint32_t place(Ticks price) const {
            return static_cast<std::uint32_t>(std::lower_bound(prices, prices + count, price) - prices);
        }
    };

    std::size_t chunk_of(Ticks price) const {
        const Ticks* above = std::upper_bound(lows_.begin(), lows_.end(), price);
        return above == lows_.begin() ? 0 : static_cast<std::size_t>(above - lows_.begin()) - 1;
    }
    std::uint32_t fresh() {
        const std::uint32_t chunk = pool_.take();
        pool_[chunk].count = 0;
        return chunk;
    }
    void split(std::size_t which) {
        const std::uint32_t upper = fresh();  // may move every chunk
        Chunk& low = pool_[order_[which]];
        Chunk& high = pool_[upper];
        high.count = kMost / 2;
        low.count = kMost - kMost / 2;
        std::copy(low.prices + low.count, low.prices + kMost, high.prices);
        std::copy(low.values + low.count, low.values + kMost, high.values);
        order_.push(0);
        lows_.push(0);
        std::copy_backward(order_.begin() + which + 1, order_.end() - 1, order_.end());
        std::copy_backward(lows_.begin() + which + 1, lows_.end() - 1, lows_.end());
        order_[which + 1] = upper;
        lows_[which + 1] = high.prices[0];
    }

    Pool<Chunk> pool_;
    List<Ticks> lows_;
    List<std::uint32_t> order_;
    std::size_t size_ = 0;
};

// The levels of bids (best is the highest) or of offers (best is the lowest).
template <bool best_is_highest>
class Ladder {
public:
    static constexpr Ticks kNobody = best_is_highest ? -1 : std::numeric_limits<Ticks>::max();

    explicit Ladder(Memory& memory) : taken_(memory), far_(memory), moved_(memory) {
        window_.grow(memory, Bitmap::kPlaces);
    }

    // The price that trades first; worse than every price where there is none.
    Ticks best() const { return best_; }
    bool empty() const { return best_ == kNobody; }
    std::size_t size() const { return near_count_ + far_.size(); }

    static bool better(Ticks one, Ticks other) { return best_is_highest ? one > other : one < other; }

    // The level of a price that has one.
    Level& at(Ticks price) { return inside(price) ? window_[price - base_] : *far_.find(price); }

    Level* find(Ticks price) {
        if (inside(price)) return taken_.has(price - base_) ? &window_[price - base_] : nullptr;
        return far_.find(price);
    }

    // The level of a price, made where there was none.
    Level& open(Ticks price) {
        if (!inside(price)) [[unlikely]]
            return open_far(price);
        Level& level = window_[price - base_];
        if (level.lots == 0) {
            taken_.set(price - base_);
            ++near_count_;
            if (better(price, best_)) best_ = price;
        }
        return level;
    }

    // A level without orders leaves the book.
    void close(Ticks price) {
        if (inside(price)) {
            window_[price - base_] = Level{};
            taken_.clear(price - base_);
            --near_count_;
        } else {
            far_.remove(price);
        }
        if (price == best_) best_ = next(price);
    }

    // The next worse price after `price`, or kNobody.
    Ticks next(Ticks price) const {
        Ticks found = kNobody;
        if constexpr (best_is_highest) {
            const Ticks at = std::min<Ticks>(price - base_ - 1, Bitmap::kPlaces - 1);
            const Ticks near = near_count_ == 0 ? -1 : taken_.down(at);
            if (near >= 0) found = base_ + near;
            if (!far_.empty()) found = std::max(found, far_.down(price - 1));
        } else {
            const Ticks at = std::max<Ticks>(price - base_ + 1, 0);
            const Ticks near = near_count_ == 0 ? Bitmap::kPlaces : taken_.up(at);
            if (near < Bitmap::kPlaces) found = base_ + near;
            if (!far_.empty()) found = std::min(found, far_.up(price + 1));
        }
        return found;
    }

    // Ask for a level's memory ahead of its use.
    [[gnu::always_inline]] inline void fetch(Ticks price) const {
        if (inside(price)) __builtin_prefetch(&window_[price - base_], 1);
    }
    // The level of a price in the window, whether it is taken or not.
    const Level* near(Ticks price) const { return inside(price) ? &window_[price - base_] : nullptr; }

    bool holds_together() {
        std::size_t seen = 0;
        Ticks last = kNobody;
        for (Ticks price = best_; price != kNobody; price = next(price)) {
            if (last != kNobody && !better(last, price)) return false;
            if (find(price) == nullptr) return false;
            last = price;
            if (++seen > size()) return false;
        }
        return seen == size() && (size() == 0) == empty();
    }

private:
    bool inside(Ticks price) const {
        return static_cast<std::uint64_t>(price - base_) < static_cast<std::uint64_t>(Bitmap::kPlaces);
    }

    Level& open_far(Ticks price) {
        if (size() == 0) {
            base_ = base_round(price);
            return open(price);
        }
        if (Level* level = far_.find(price)) return *level;
        if (++far_asked_ > 1024 + 2 * size()) {
            move_window(better(price, best_) ? price : best_);
            if (inside(price)) return open(price);
        }
        if (better(price, best_)) best_ = price;
        return far_.add(price);
    }

    static Ticks base_round(Ticks price) { return std::max<Ticks>(price - Bitmap::kPlaces / 2, 0) & ~Ticks{63}; }

    // Lay the window round a price and put every level where it belongs now.
    void move_window(Ticks middle) {
        moved_.clear();
        for (Ticks price = best_; price != kNobody; price = next(price)) moved_.push({price, at(price)});
        for (const Moved& each : moved_) {
            if (!inside(each.price)) continue;
            window_[each.price - base_] = Level{};
            taken_.clear(each.price - base_);
        }
        far_.clear();
        base_ = base_round(middle);
        near_count_ = far_asked_ = 0;
        for (const Moved& each : moved_) {
            if (inside(each.price)) {
                window_[each.price - base_] = each.level;
                taken_.set(each.price - base_);
                ++near_count_;
            } else {
                far_.add(each.price) = each.level;
            }
        }
    }

    struct Moved {
        Ticks price;
        Level level;
    };

    Ticks best_ = kNobody;
    Ticks base_ = 0;
    std::size_t near_count_ = 0;
    std::size_t far_asked_ = 0;
    Block<Level> window_;
    Bitmap taken_;
    Chunks<Level> far_;
    List<Moved> moved_;
};

}  // namespace matching
