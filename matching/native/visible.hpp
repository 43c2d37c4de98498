// One instrument's visible book for compiled code: what matching/visible.py keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace matching {

// A promise that was broken, as the readable half says it; null: all is well.
using Broken = const char*;
using Levels = std::vector<std::pair<std::int64_t, std::int64_t>>;

struct SeenTrade {
    std::int64_t trade_id = 0, price_ticks = 0, lots = 0;
    bool buys = false, auction = false;
    std::int64_t trade_n = 0, at_ns = 0;
};

// What one order shows, under its public number.
struct Line {
    std::int64_t number = 0, price_ticks = 0, lots = 0;
};

// What one side shows at each price, and how it was where it was touched since somebody asked.
class Sizes {
public:
    explicit Sizes(bool highest) : highest_(highest) {}

    // An order at a price shows another number of lots than before.
    Broken show(std::int64_t price_ticks, std::int64_t number, std::int64_t before, std::int64_t after, bool watched) {
        if (before == after) return nullptr;
        const auto found = lots_.try_emplace(price_ticks, 0).first;
        if (watched && met_.insert(price_ticks).second) touched_.emplace_back(price_ticks, found->second);
        found->second += after - before;
        if (found->second < 0) return "the visible size is never below zero";
        if (found->second == 0) lots_.erase(found);
        if (by_order_) {
            if (met_lines_.insert(number).second) touched_lines_.push_back({number, price_ticks, before});
            keep(price_ticks, number, after);
        }
        return nullptr;
    }

    void begin() {
        touched_.clear();
        met_.clear();
        touched_lines_.clear();
        met_lines_.clear();
    }

    void watch_orders(bool wanted) {
        by_order_ = wanted;
        queues_.clear();
    }

    void keep(std::int64_t price_ticks, std::int64_t number, std::int64_t lots) {
        if (lots) {
            queues_[price_ticks][number] = lots;
            return;
        }
        const auto queue = queues_.find(price_ticks);
        if (queue == queues_.end()) return;
        queue->second.erase(number);
        if (queue->second.empty()) queues_.erase(queue);
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

    // The touched orders that show something else than before, in the order in which they were touched.
    std::vector<Line> changed_lines() const {
        std::vector<Line> found;
        for (const auto& line : touched_lines_) {
            const auto lots = shown(line.price_ticks, line.number);
            if (lots != line.lots) found.push_back({line.number, line.price_ticks, lots});
        }
        return found;
    }

    // The best levels, best first, each a price and its lots.
    Levels top(std::size_t depth) const {
        Levels found;
        if (highest_) {
            for (auto level = lots_.rbegin(); level != lots_.rend() && found.size() < depth; ++level)
                found.emplace_back(*level);
        } else {
            for (auto level = lots_.begin(); level != lots_.end() && found.size() < depth; ++level)
                found.emplace_back(*level);
        }
        return found;
    }

    // The orders that show something, best price first, oldest first, behind a place (of price 0: from the first on).
    std::vector<Line> lines(std::int64_t behind_price, std::int64_t behind_number, std::size_t limit) const {
        std::vector<Line> found;
        const auto take = [&](std::int64_t price_ticks, const Queue& queue) {
            const auto after = price_ticks == behind_price ? behind_number : 0;
            for (auto one = queue.upper_bound(after); one != queue.end() && found.size() < limit; ++one)
                found.push_back({one->first, price_ticks, one->second});
        };
        if (highest_) {
            auto level = behind_price ? std::make_reverse_iterator(queues_.upper_bound(behind_price)) : queues_.rbegin();
            for (; level != queues_.rend() && found.size() < limit; ++level) take(level->first, level->second);
        } else {
            auto level = behind_price ? queues_.lower_bound(behind_price) : queues_.begin();
            for (; level != queues_.end() && found.size() < limit; ++level) take(level->first, level->second);
        }
        return found;
    }

private:
    using Queue = std::map<std::int64_t, std::int64_t>;

    std::int64_t shown(std::int64_t price_ticks, std::int64_t number) const {
        const auto queue = queues_.find(price_ticks);
        if (queue == queues_.end()) return 0;
        const auto one = queue->second.find(number);
        return one == queue->second.end() ? 0 : one->second;
    }

    bool highest_;
    bool by_order_ = false;
    std::map<std::int64_t, std::int64_t> lots_;
    Levels touched_;
    std::unordered_set<std::int64_t> met_;
    std::map<std::int64_t, Queue> queues_;
    std::vector<Line> touched_lines_;
    std::unordered_set<std::int64_t> met_lines_;
};

// One instrument's visible book.
struct Depth {
    std::int64_t instrument_id = 0, book_n = 0, from_book_n = 1, last_price = 0;
    std::int64_t joined = 0;  // how many numbers its queues have given out
    bool watched = false, met = false;
    Sizes bids{true}, offers{false};
    std::deque<SeenTrade> trades;

    void begin() {
        from_book_n = book_n + 1;
        met = false;
        trades.clear();
        bids.begin();
        offers.begin();
    }
};

}  // namespace matching
