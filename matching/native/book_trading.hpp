// An order's way through the book, and what follows from it (matching/book_trading.py, matching/book_following.py).

#pragma once

#include <algorithm>
#include <cstdint>

#include "book_checks.hpp"

namespace matching {

// A book in which orders meet.
class Trading : public Checks {
public:
    using Checks::Checks;

protected:
    void submit_plain(std::int64_t id, std::int64_t account, Ticks price, Lots lots, std::uint8_t side,
                      std::uint8_t time_limit, std::uint8_t self_trade, std::int64_t max_fills) {
        if (price <= 0 || price > kMaxTicks || lots <= 0 || lots > kMaxLots || id <= 0 || account <= 0 ||
            max_fills <= 0 || max_fills > kMaxFills) [[unlikely]]
            return refuse(kRecordInvalid, id);
        if (index_.knows(id)) [[unlikely]]
            return refuse(kOrderKnown, id);
        const Terms terms = plain_terms(side, time_limit, self_trade, lots);
        if (side == kBuy) take_or_rest<true>(id, account, price, lots, terms, max_fills);
        else take_or_rest<false>(id, account, price, lots, terms, max_fills);
    }

    template <bool buys>
    void take_or_rest(std::int64_t id, std::int64_t account, Ticks price, Lots lots, Terms terms,
                      std::int64_t max_fills) {
        const Half<!buys>& other = half<!buys>();
        const bool meets = other.reaches(price) || !(buys ? whole_offers_ : whole_bids_).empty() || broken(4);
        const std::uint32_t place = orders_.take();
        Order& order = orders_[place];
        order = {id, account, 0, price, lots, 0, terms, kNone, kNone};
        if (meets) {
            const Took took = take<buys>(place, max_fills);
            settle_rest(place, took.why);
            return follow_if_needed(took.left);
        }
        if (order.time_limit() == kIoc) {
            end(place, kImmediateOrCancel);
            return follow_if_needed(max_fills);
        }
        order.set_place(kInQueue);
        order.priority = next_priority_++;
        index_.insert(id, place);
        ++open_;
        half<buys>().append(place);
        say(kRested, buys ? kBuy : kSell, 0, 0, id, 0, price, lots, lots, 0, static_cast<std::int64_t>(order.priority));
        follow_if_needed(max_fills);
    }

    void cancel_plain(std::uint32_t place, std::uint8_t reason) {
        const Order& order = orders_[place];
        const std::uint8_t side = order.side();
        if (side == kBuy) bids_.drop(place);
        else offers_.drop(place);
        index_.erase(order.id);
        --open_;
        say(kCancelled, side, reason, 0, order.id, 0, order.price, order.remaining, 0, 0, 0);
        free(place);
    }

    // Whether a record is a limit order without a further condition.
    static bool plain_record(const CommandRecord& record) {
        return record.kind == kLimit && record.flags == 0 && record.side - 1u <= 1u && record.time_limit - 1u <= 3u &&
               record.self_trade - 1u <= 3u && (record.numbers[2] | record.numbers[5]) == 0;
    }

    [[gnu::always_inline]] inline void follow_if_needed(std::int64_t left) {
        if (matching_ != kContinuous || in_hand_ != kNone ||
            (stops_.waiting_orders() | stops_.reaches.size() | pegs_.size()) != 0) [[unlikely]]
            follow_up(left);
    }

    std::int64_t enter(std::uint32_t place, std::int64_t max_fills) {
        const Order& order = orders_[place];
        if (order.kind() >= kStop && order.kind() <= kTrailingStopLimit) [[unlikely]] {
            Rare& rare = orders_.rare(place);
            const bool buys = order.side() == kBuy;
            rare.level = rare.stop != 0 ? rare.stop : trailing_level(buys, followed(buys), rare.trail);
            park(place);
            return max_fills;
        }
        return enter_active(place, max_fills);
    }

    std::int64_t enter_active(std::uint32_t place, std::int64_t max_fills) {
        Order& order = orders_[place];
        if (order.time_limit() >= kAtOpen && !(matching_ == kCollect && call_ == call_of(order.time_limit()))) {
            park_for_call(place);
            return max_fills;
        }
        if (matching_ == kCollect) {
            rest(place);
            return max_fills;
        }
        if (pegged(order)) [[unlikely]] {
            const bool buys = order.side() == kBuy;
            const Ticks price = peg_price(place);
            order.price = order.post_only() ? behind(buys, price) : price;
        }
        return act(place, max_fills);
    }

    std::int64_t act(std::uint32_t place, std::int64_t max_fills) {
        Order& order = orders_[place];
        if (order.all_or_none() && !fills_whole(place, max_fills)) [[unlikely]] {
            rest_whole(place);
            return max_fills;
        }
        Took took{max_fills, kNoReason};
        if (!order.post_only() || broken(3))
            took = order.side() == kBuy ? take<true>(place, max_fills) : take<false>(place, max_fills);
        settle_rest(place, took.why);
        return took.left;
    }

    // What remains of an order that took goes to its queue, or ends.
    void settle_rest(std::uint32_t place, std::uint8_t why) {
        const Order& order = orders_[place];
        if (order.remaining == 0) {
            forget(place);
            free(place);
        } else if (why != kNoReason) {
            end(place, why);
        } else if (takes_only(order)) {
            end(place, kMarketRemainder);
        } else if (order.time_limit() == kIoc) {
            end(place, kImmediateOrCancel);
        } else {
            rest(place);
        }
    }

    // Trade with the other side, best price and oldest order first.
    template <bool buys>
    Took take(std::uint32_t place, std::int64_t max_fills) {
        Half<!buys>& other = half<!buys>();
        Contingent& whole = buys ? whole_offers_ : whole_bids_;
        Order& taker = orders_[place];  // no order is made while another takes
        const Ticks limit = (fixed_ != 0 ? fixed_ : taker.price) + (broken(4) ? (buys ? 1 : -1) : 0);
        if (!other.reaches(limit) && whole.empty()) return {max_fills, kNoReason};
        std::int64_t left = max_fills;
        std::int64_t budget = taker.rare() ? orders_.rare(place).max_notional : 0;
        const bool capped = budget > 0;
        Ticks first_trade = 0, last_trade = 0;
        std::uint8_t why = kNoReason;
        while (taker.remaining != 0) {
            std::uint32_t found = whole.empty() ? kNone : next_whole<buys>(taker, limit, capped ? &budget : nullptr);
            Lots lots;
            if (found != kNone) {
                lots = orders_[found].remaining;
            } else if (!other.reaches(limit)) {
                break;
            } else if (fixed_ == 0 && (other.best() < low_ || other.best() > high_) && !broken(5)) [[unlikely]] {
                interrupt(place, other.best());
                break;
            } else {
                found = other.at(other.best()).oldest;
                const Order& maker = orders_[found];
                lots = maker.rare() && !maker.hidden() ? orders_.rare(found).shown : maker.remaining;
            }
            Order& maker = orders_[found];
            const Ticks price = fixed_ != 0 ? fixed_ : broken(6) ? limit : maker.price;
            if (lots > taker.remaining) lots = taker.remaining;
            if (capped && product(price, lots) > budget) [[unlikely]] {
                lots = budget / price;
                if (lots == 0) break;
            }
            if (left == 0 && !broken(7)) {
                why = kFillLimit;
                break;
            }
            --left;
            if ((taker.account == maker.account || taker.group != 0) && related(taker, maker)) [[unlikely]] {
                why = prevent(place, found);
                if (why != kNoReason) break;
                continue;
            }
            budget -= capped ? price * lots : 0;
            fill<buys>(place, found, price, lots);
            last_trade = price;
            if (first_trade == 0) first_trade = price;
        }
        if (last_trade != 0) {
            last_ = last_trade;
            if (!stops_.empty() && matching_ == kContinuous && trigger_ == kLastTrade) [[unlikely]] {
                for (const Ticks price : {first_trade, last_trade}) {  // a taker's prices only rise or only fall
                    reach(kBuy, price);
                    reach(kSell, price);
                }
            }
        }
        return {left, why};
    }

    // The all-or-none order that comes before every queue, and that the taker can fill.
    template <bool buys>
    std::uint32_t next_whole(const Order& taker, Ticks limit, const std::int64_t* budget) {
        const Half<!buys>& other = half<!buys>();
        for (const std::uint32_t place : buys ? whole_offers_ : whole_bids_) {
            const Order& order = orders_[place];
            const Ticks price = order.price;
            if (!(buys ? price < other.best() && price <= limit : price > other.best() && price >= limit)) return kNone;
            if (order.remaining > taker.remaining) continue;
            if (fixed_ == 0 && (price < low_ || price > high_)) continue;
            if (budget == nullptr || product(fixed_ != 0 ? fixed_ : price, order.remaining) <= *budget) return place;
        }
        return kNone;
    }

    // One trade; what is used up leaves, an iceberg shows its next slice, the other order of a pair ends.
    template <bool buys>
    void fill(std::uint32_t taker_place, std::uint32_t maker_place, Ticks price, Lots lots) {
        Order& taker = orders_[taker_place];
        Order& maker = orders_[maker_place];
        taker.remaining -= lots;
        maker.remaining -= lots;
        say(kFilled, buys ? kBuy : kSell, 0, 0, taker.id, maker.id, price, lots, taker.remaining, maker.remaining, 0);
        if (!maker.rare() && !taker.rare() && maker.place() == kInQueue && !broken(8)) [[likely]] {
            Half<!buys>& other = half<!buys>();
            Level& level = other.at(maker.price);
            level.lots -= lots;
            if (!maker.hidden()) level.shown -= lots;
            if (maker.remaining != 0) return;
            if (auction_only_count_ != 0 && auction_only(maker)) --auction_only_count_;
            other.drop(level, maker_place);
            index_.erase(maker.id);
            --open_;
            return free(maker_place);
        }
        const bool queued = maker.place() == kInQueue;
        if (queued) {
            Level& level = half<!buys>().at(maker.price);
            level.lots -= lots;
            if (!maker.hidden()) {
                level.shown -= lots;
                if (maker.rare()) orders_.rare(maker_place).shown -= lots;
            }
        }
        const bool over = maker.remaining == 0;
        if (over) {
            leave(maker_place);
            index_.erase(maker.id);
            --open_;
        } else if (queued && maker.rare() && !maker.hidden() && orders_.rare(maker_place).shown == 0) {
            refill(maker_place);
        } else if (broken(8) && queued) {
            half<!buys>().unlink(maker_place);
            half<!buys>().link(maker_place);
        }
        if (maker.rare() && orders_.rare(maker_place).oco != 0) end_other(maker_place);
        if (taker.rare() && orders_.rare(taker_place).oco != 0) end_other(taker_place);
        if (over) free(maker_place);
    }

    // A taker met one of its own: do what it asked for. The reason that ends the taker, kNoReason if it goes on.
    std::uint8_t prevent(std::uint32_t taker_place, std::uint32_t maker_place) {
        const Order& taker = orders_[taker_place];
        const std::uint8_t word = taker.self_trade();
        if (word == kCancelNewest) return kSelfTrade;
        if (word == kDecrement) {
            const Lots lots = std::min(taker.remaining, orders_[maker_place].remaining);
            if (lots == orders_[maker_place].remaining) end(maker_place, kSelfTrade);
            else reduce(maker_place, lots, kSelfTrade);
            if (lots == taker.remaining) return kSelfTrade;
            reduce(taker_place, lots, kSelfTrade);
            return kNoReason;
        }
        if (broken(9)) {
            leave(maker_place);
            forget(maker_place);
            free(maker_place);
        } else {
            end(maker_place, kSelfTrade);
        }
        return word == kCancelOldest ? kNoReason : kSelfTrade;
    }

    // Nothing may trade at this price: a volatility call begins.
    void interrupt(std::uint32_t place, Ticks price) {
        tell(kInterrupted, place, 0, 0, price, 0, 0);
        change_phase(kCollect, kVolatility, 0);
    }

    // Let stops have their turn, and when nothing is pending let trailing stops and pegs move; in a call, let its
    // orders join. `left` bounds the former and the latter; the moving is bounded by kMaxFollowers.
    void follow_up(std::int64_t left) {
        if (matching_ == kContinuous) {
            if (!stops_.empty() || in_hand_ != kNone || !stops_.reaches.empty()) [[unlikely]]
                run_stops(left);
            if ((!pegs_.empty() || !stops_.trailing.empty()) && matching_ == kContinuous && !pending()) [[unlikely]] {
                move_trailing_stops();
                move_pegs();
            }
        } else if (matching_ == kCollect) {
            Waiting* const waiting = waiting_for_call();
            while (waiting != nullptr && waiting->oldest != kNone && left > 0) {
                const std::uint32_t place = waiting->oldest;
                leave(place);
                rest(place);
                --left;
            }
        }
    }

    // One stop after another, until none is due or `left` is used up.
    void run_stops(std::int64_t left) {
        while (matching_ == kContinuous) {
            std::uint32_t place = in_hand_;
            if (place == kNone) {
                if (trigger_ == kOppositeQuote) look_at_quotes();
                place = stops_.due();
                if (place == kNone || left <= 0) return;
                --left;
                trigger(place);
            } else if (left <= 0) {
                return;
            }
            const Took took = orders_[place].side() == kBuy ? take<true>(place, left) : take<false>(place, left);
            left = took.left;
            if (took.why == kFillLimit) return;  // it stays in hand
            in_hand_ = kNone;
            orders_[place].set_place(kOnItsWay);
            settle_rest(place, took.why);
            if (broken(12)) return;
        }
    }

    // A stop becomes what it waited to be.
    void trigger(std::uint32_t place) {
        leave(place);
        Order& order = orders_[place];
        Rare& rare = orders_.rare(place);
        order.set_place(kInHand);
        in_hand_ = place;
        if (order.kind() == kTrailingStopLimit) {
            order.price = order.side() == kBuy ? std::min(rare.level + rare.offset, rare.limit)
                                               : std::max(rare.level - rare.offset, rare.limit);
        } else {
            order.price = rare.limit;
        }
        tell(kTriggered, place, 0, 0, rare.level, 0, 0);
        if (rare.oco != 0) end_other(place);
    }

    void look_at_quotes() {
        if (const Ticks offer = followed(true); offer != 0) reach(kBuy, offer);
        if (const Ticks bid = followed(false); bid != 0) reach(kSell, bid);
    }

    void move_trailing_stops() {
        for (const bool buys : {true, false}) {
            const Ticks price = followed(buys);
            if (price == 0) continue;
            for (const std::uint32_t place : stops_.trailing) {
                const Order& order = orders_[place];
                Rare& rare = orders_.rare(place);
                const Ticks level = trailing_level(buys, price, rare.trail);
                if ((order.side() == kBuy) != buys || (buys ? level >= rare.level : level <= rare.level)) continue;
                stops_.remove(place, rare.level);
                rare.level = level;
                stops_.add(place, level);
                tell(kRepriced, place, 0, 0, level, 0, order.priority);
            }
        }
    }

    // Move pegs after the best prices, if those moved, in the order of their numbers.
    void move_pegs() {
        if (pegs_.empty()) return;
        const Anchors anchor = anchors();
        const Ticks now[4] = {anchor.bid, anchor.offer, bids_.empty() ? 0 : bids_.best(),
                              offers_.empty() ? 0 : offers_.best()};
        if (std::equal(now, now + 4, pegged_to_)) return;
        std::copy(now, now + 4, pegged_to_);
        std::sort(pegs_.begin(), pegs_.end(), [this](std::uint32_t one, std::uint32_t other) {
            return orders_[one].priority < orders_[other].priority;
        });
        for (const std::uint32_t place : pegs_) {
            Order& order = orders_[place];
            const bool buys = order.side() == kBuy;
            const Ticks wanted =
                peg_price(order.kind(), buys, orders_.rare(place).offset, orders_.rare(place).limit, anchor);
            const Ticks price = wanted == 0 ? 0 : behind(buys, wanted);
            if (price <= 0 || price > kMaxTicks || price == order.price) continue;
            with_half(order.side(), [&](auto& half) {
                half.drop(place);
                order.price = price;
                order.priority = next_priority_++;
                half.append(place);
            });
            tell(kRepriced, place, 0, kFlagPegged | (order.hidden() ? kFlagHidden : 0), price, shown(place),
                 order.priority);
        }
    }
};

}  // namespace matching
