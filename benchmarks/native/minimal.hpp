// The least C++ book that can still be called one: limit orders and cancels, market and immediate-or-cancel takers.
//
// An array of levels with a bitmap over it, orders linked first in, first out from a pool, found by their dense number.
// It knows one account, no phase and no other order type, trusts its input and writes a line for everything that
// happens. What the real book costs beyond this is the price of being a venue; benchmarks print the ratio.

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

namespace minimal {

// One message: `kind` 0 limit, 1 cancel, 2 market, 3 immediate-or-cancel; `side` 0 buys, 1 sells.
struct Message {
    std::uint8_t kind, side;
    std::uint16_t unused;
    std::uint32_t lots;
    std::int32_t price;
    std::uint32_t order;
};
static_assert(sizeof(Message) == 16);

// One line of what happened: `kind` 0 accepted, 1 trade, 2 cancelled, 3 left over.
struct Line {
    std::uint32_t kind, order, maker, lots;
    std::int32_t price;
    std::uint32_t order_left, maker_left, unused;
};
static_assert(sizeof(Line) == 32);

struct Tally {
    std::uint64_t trades = 0, lots = 0, notional = 0, fingerprint = 14695981039346656037ULL;
};

// Which of 2^18 prices have orders: one bit each, and two storeys that say which words are not empty.
class Bitmap {
public:
    static constexpr std::int32_t kPrices = 1 << 18;

    void set(std::int32_t at) {
        low_[at >> 6] |= 1ULL << (at & 63);
        middle_[at >> 12] |= 1ULL << ((at >> 6) & 63);
        top_ |= 1ULL << (at >> 12);
    }
    void clear(std::int32_t at) {
        if ((low_[at >> 6] &= ~(1ULL << (at & 63))) == 0)
            if ((middle_[at >> 12] &= ~(1ULL << ((at >> 6) & 63))) == 0) top_ &= ~(1ULL << (at >> 12));
    }
    // The first price at or above `at`, or kPrices.
    std::int32_t up(std::int32_t at) const {
        if (at >= kPrices) return kPrices;
        std::uint64_t word = low_[at >> 6] >> (at & 63);
        if (word) return at + std::countr_zero(word);
        std::int32_t block = (at >> 6) + 1;
        if (block & 63) {
            word = middle_[block >> 6] >> (block & 63);
            if (word) return first(block + std::countr_zero(word));
            block = (block | 63) + 1;
        }
        std::int32_t roof = block >> 6;
        if (roof >= 64) return kPrices;
        word = top_ >> roof;
        if (!word) return kPrices;
        roof += std::countr_zero(word);
        return first((roof << 6) + std::countr_zero(middle_[roof]));
    }
    // The last price at or below `at`, or -1.
    std::int32_t down(std::int32_t at) const {
        if (at < 0) return -1;
        std::uint64_t word = low_[at >> 6] << (63 - (at & 63));
        if (word) return at - std::countl_zero(word);
        std::int32_t block = (at >> 6) - 1;
        if (block < 0) return -1;
        word = middle_[block >> 6] << (63 - (block & 63));
        if (word) return last(block - std::countl_zero(word));
        std::int32_t roof = (block >> 6) - 1;
        if (roof < 0) return -1;
        word = top_ << (63 - roof);
        if (!word) return -1;
        roof -= std::countl_zero(word);
        return last((roof << 6) + 63 - std::countl_zero(middle_[roof]));
    }

private:
    std::int32_t first(std::int32_t block) const { return (block << 6) + std::countr_zero(low_[block]); }
    std::int32_t last(std::int32_t block) const { return (block << 6) + 63 - std::countl_zero(low_[block]); }

    std::uint64_t low_[kPrices >> 6] = {};
    std::uint64_t middle_[kPrices >> 12] = {};
    std::uint64_t top_ = 0;
};

class Book {
public:
    explicit Book(std::uint32_t orders) : orders_(orders + 1), bids_(Bitmap::kPrices), offers_(Bitmap::kPrices) {
        lines_.resize(kLines);
    }

    // Every message in turn; the lines of a thousand messages share one buffer, as a caller that reads them would.
    void play(const Message* messages, std::uint64_t count) {
        for (std::uint64_t at = 0; at < count; ++at) {
            if (line_ + kLongest > lines_.data() + kLines || at % 1000 == 0) line_ = lines_.data();
            const Message& message = messages[at];
            if (message.kind == 1) {
                cancel(message.order);
            } else {
                tell({0, message.order, 0, message.lots, message.price, message.lots, 0, 0});
                if (message.side == 0) take<true>(message);
                else take<false>(message);
            }
        }
    }

    const Tally& tally() const { return tally_; }

private:
    static constexpr std::uint32_t kLines = 1 << 16, kLongest = 1 << 14;

    struct Order {
        std::uint32_t lots, older, newer;
        std::int32_t price;
        std::uint32_t side;
    };
    struct Level {
        std::uint32_t oldest = 0, newest = 0;
        std::uint64_t lots = 0;
    };

    void tell(const Line& line) { *line_++ = line; }

    template <bool buys>
    void take(const Message& message) {
        std::int32_t limit = message.price;
        if (message.kind == 2) limit = buys ? Bitmap::kPrices - 1 : 0;
        std::uint32_t left = message.lots;
        auto& levels = buys ? offers_ : bids_;
        auto& map = buys ? offer_map_ : bid_map_;
        auto& best = buys ? best_offer_ : best_bid_;
        while (left && (buys ? best <= limit : best >= limit)) {
            Level& level = levels[best];
            while (left && level.oldest) {
                Order& maker = orders_[level.oldest];
                std::uint32_t lots = left < maker.lots ? left : maker.lots;
                left -= lots;
                maker.lots -= lots;
                level.lots -= lots;
                count(level.oldest, message.order, best, lots);
                tell({1, message.order, level.oldest, lots, best, left, maker.lots, 0});
                if (maker.lots == 0) {
                    level.oldest = maker.newer;
                    if (maker.newer) orders_[maker.newer].older = 0;
                    else level.newest = 0;
                }
            }
            if (!level.oldest) {
                map.clear(best);
                best = buys ? map.up(best + 1) : map.down(best - 1);
            }
        }
        if (!left) return;
        if (message.kind != 0) {
            tell({3, message.order, 0, left, message.price, 0, 0, 0});
            return;
        }
        Level& own = (buys ? bids_ : offers_)[message.price];
        Order& order = orders_[message.order];
        order = {left, own.newest, 0, message.price, message.side};
        if (own.newest) {
            orders_[own.newest].newer = message.order;
        } else {
            own.oldest = message.order;
            (buys ? bid_map_ : offer_map_).set(message.price);
            if (buys) best_bid_ = message.price > best_bid_ ? message.price : best_bid_;
            else best_offer_ = message.price < best_offer_ ? message.price : best_offer_;
        }
        own.newest = message.order;
        own.lots += left;
    }

    void cancel(std::uint32_t number) {
        Order& order = orders_[number];
        Level& level = (order.side == 0 ? bids_ : offers_)[order.price];
        if (order.older) orders_[order.older].newer = order.newer;
        else level.oldest = order.newer;
        if (order.newer) orders_[order.newer].older = order.older;
        else level.newest = order.older;
        level.lots -= order.lots;
        tell({2, number, 0, order.lots, order.price, 0, 0, 0});
        if (level.oldest) return;
        if (order.side == 0) {
            bid_map_.clear(order.price);
            if (order.price == best_bid_) best_bid_ = bid_map_.down(order.price - 1);
        } else {
            offer_map_.clear(order.price);
            if (order.price == best_offer_) best_offer_ = offer_map_.up(order.price + 1);
        }
    }

    void count(std::uint32_t maker, std::uint32_t taker, std::int32_t price, std::uint32_t lots) {
        ++tally_.trades;
        tally_.lots += lots;
        tally_.notional += static_cast<std::uint64_t>(price) * lots;
        std::uint64_t mixed = tally_.fingerprint;
        mixed = (mixed ^ (static_cast<std::uint64_t>(maker) << 32 | taker)) * 1099511628211ULL;
        mixed = (mixed ^ (static_cast<std::uint64_t>(price) << 32 | lots)) * 1099511628211ULL;
        tally_.fingerprint = mixed;
    }

    std::vector<Order> orders_;
    std::vector<Level> bids_, offers_;
    Bitmap bid_map_, offer_map_;
    std::int32_t best_bid_ = -1, best_offer_ = Bitmap::kPrices;
    std::vector<Line> lines_;
    Line* line_ = nullptr;
    Tally tally_;
};

}  // namespace minimal
