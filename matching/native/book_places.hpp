// Where an order goes and how it leaves: queues, stops, calls, the all-or-none list (matching/book_places.py).

#pragma once

#include <algorithm>
#include <cstdint>

#include "book_reading.hpp"

namespace matching {

// A book whose orders have their places.
class Places : public Reading {
public:
    using Reading::Reading;

protected:
    std::uint32_t make(const NewOrder& sent) {
        const std::uint32_t place = orders_.take();
        Order& order = orders_[place];
        order.id = sent.order_id;
        order.account = sent.account_id;
        order.group = sent.group_id;
        order.price = sent.price_ticks;
        order.remaining = sent.quantity_lots;
        order.terms = terms_of(sent, kNew);
        order.older = order.newer = kNone;
        if (plain(sent)) [[likely]]
            return place;
        if (sent.kind >= kStop || sent.display_lots != 0 || sent.minimum_lots != 0 || sent.max_notional_ticks != 0 ||
            sent.oco_id != 0) {
            Rare& rare = orders_.make_rare(place);
            rare.limit = sent.price_ticks;
            rare.max_notional = sent.max_notional_ticks;
            rare.display = sent.display_lots;
            rare.minimum = sent.minimum_lots;
            rare.stop = sent.stop_ticks;
            rare.trail = sent.trail_ticks;
            rare.offset = sent.offset_ticks;
            rare.oco_sent = rare.oco = sent.oco_id;
        }
        return place;
    }

    // An order is known by its id from now on.
    void know(std::uint32_t place) {
        index_.insert(orders_[place].id, place);
        ++open_;
    }

    // An order is over.
    void free(std::uint32_t place) {
        orders_.give_back(place);
        orders_[place].id = 0;
    }

    // Put an order at the end of its queue.
    void rest(std::uint32_t place) {
        Order& order = orders_[place];
        if (order.place() == kNew) know(place);
        order.set_place(kInQueue);
        order.priority = next_priority_++;
        Lots shown = order.hidden() ? 0 : order.remaining;
        std::uint8_t flags = 0;
        if (order.rare()) [[unlikely]] {
            Rare& rare = orders_.rare(place);
            if (rare.display != 0 && !order.hidden()) shown = std::min(rare.display, order.remaining);
            rare.shown = shown;
        }
        if (order.hidden()) flags |= kFlagHidden;
        if (pegged(order)) flags |= kFlagPegged;
        if (order.side() == kBuy) bids_.append(place);
        else offers_.append(place);
        note_in_queue(place);
        say(kRested, order.side(), 0, flags, order.id, 0, order.price, shown, order.remaining, 0,
            static_cast<std::int64_t>(order.priority));
    }

    // What else must know of an order that joined a queue.
    void note_in_queue(std::uint32_t place) {
        const Order& order = orders_[place];
        if (pegged(order)) [[unlikely]]
            pegs_.push(place);
        if (auction_only(order)) [[unlikely]] {
            ++auction_only_count_;
            queue_auction_only(place);
        }
    }

    // Put an all-or-none order beside the queues.
    void rest_whole(std::uint32_t place) {
        Order& order = orders_[place];
        if (order.place() == kNew) know(place);
        order.set_place(kOutside);
        order.priority = next_priority_++;
        whole(order.side() == kBuy).insert(place);
        tell(kRested, place, 0, kFlagContingent, order.price, 0, order.priority);
    }

    // Let a stop wait for its price; one that is reached already has its turn after this operation.
    void park(std::uint32_t place) {
        Order& order = orders_[place];
        if (order.place() == kNew) know(place);
        order.set_place(kAsStop);
        order.priority = next_priority_++;
        wait_as_stop(place);
        const Ticks level = orders_.rare(place).level;
        tell(kParked, place, kWaitsAsStop, 0, level, 0, order.priority);
        const bool buys = order.side() == kBuy;
        if (matching_ == kContinuous && last_ != 0 && trigger_ == kLastTrade &&
            (buys ? level <= last_ : level >= last_))
            reach(order.side(), last_);
    }

    void wait_as_stop(std::uint32_t place) {
        const Rare& rare = orders_.rare(place);
        stops_.add(place, rare.level);
        if (rare.trail != 0) stops_.add_trailing(place);
    }

    // Let an at-open or at-close order wait for its call.
    void park_for_call(std::uint32_t place) {
        Order& order = orders_[place];
        if (order.place() == kNew) know(place);
        order.set_place(kForCall);
        order.priority = next_priority_++;
        wait_for_call(place);
        tell(kParked, place, order.time_limit() == kAtOpen ? kWaitsForOpen : kWaitsForClose, 0, order.price, 0,
             order.priority);
    }

    void wait_for_call(std::uint32_t place) {
        Order& order = orders_[place];
        Waiting& waiting = calls_[order.time_limit() == kAtOpen ? 0 : 1];
        order.older = waiting.newest;
        order.newer = kNone;
        (waiting.newest == kNone ? waiting.oldest : orders_[waiting.newest].newer) = place;
        waiting.newest = place;
    }

    // Take an order out of wherever it is; it is still open.
    void leave(std::uint32_t place) {
        Order& order = orders_[place];
        switch (order.place()) {
            case kInQueue:
                if (order.side() == kBuy) bids_.drop(place);
                else offers_.drop(place);
                if (pegged(order)) [[unlikely]]
                    drop_peg(place);
                if (auction_only_count_ != 0 && auction_only(order)) [[unlikely]]
                    --auction_only_count_;
                break;
            case kAsStop: {
                const Rare& rare = orders_.rare(place);
                stops_.remove(place, rare.level);
                if (rare.trail != 0) stops_.remove_trailing(place);
                break;
            }
            case kForCall: {
                Waiting& waiting = calls_[order.time_limit() == kAtOpen ? 0 : 1];
                (order.older == kNone ? waiting.oldest : orders_[order.older].newer) = order.newer;
                (order.newer == kNone ? waiting.newest : orders_[order.newer].older) = order.older;
                break;
            }
            case kOutside:
                whole(order.side() == kBuy).remove(place);
                break;
            case kInHand:
                in_hand_ = kNone;
                break;
            default:
                return;  // it is in no place
        }
        order.set_place(kOnItsWay);
    }

    // Cancel what remains of an order, wherever it is.
    void end(std::uint32_t place, std::uint8_t reason) {
        leave(place);
        forget(place);
        const Order& order = orders_[place];
        say(kCancelled, order.side(), reason, 0, order.id, 0, order.price, order.remaining, 0, 0, 0);
        free(place);
    }

    // An order is over; its pair is dissolved.
    void forget(std::uint32_t place) {
        const Order& order = orders_[place];
        if (order.place() != kNew) {
            index_.erase(order.id);
            --open_;
        }
        if (order.rare()) [[unlikely]] {
            Rare& rare = orders_.rare(place);
            if (rare.oco != 0) orders_.rare(index_.find(rare.oco)).oco = 0;
            rare.oco = 0;
        }
    }

    // One order of a pair traded or was triggered: cancel the other.
    void end_other(std::uint32_t place) {
        const std::uint32_t other = index_.find(orders_.rare(place).oco);
        orders_.rare(place).oco = orders_.rare(other).oco = 0;
        if (!broken(10)) end(other, kOneCancelsOther);
    }

    // Two orders are a pair from now on.
    void pair_up(std::uint32_t place, std::int64_t other_id) {
        const std::uint32_t other = index_.find(other_id);
        if (!orders_[other].rare()) {
            const Lots shown = this->shown(other);
            Rare& rare = orders_.make_rare(other);
            rare.limit = orders_[other].price;
            rare.shown = shown;
        }
        orders_.rare(other).oco = orders_[place].id;
    }

    // Take lots off an order, which keeps its place; an iceberg gives from its reserve first.
    void reduce(std::uint32_t place, Lots lots, std::uint8_t reason) {
        Order& order = orders_[place];
        const Lots before = shown(place);
        order.remaining -= lots;
        const Lots now = std::min(before, order.remaining);
        if (order.rare()) orders_.rare(place).shown = now;
        if (order.place() == kInQueue) {
            Level& level = order.side() == kBuy ? bids_.at(order.price) : offers_.at(order.price);
            level.lots -= lots;
            level.shown -= before - now;
        }
        tell(kReduced, place, reason, 0, order.price, now, 0);
    }

    // Show an iceberg's next slice, behind what is displayed at its price.
    void refill(std::uint32_t place) {
        Order& order = orders_[place];
        Rare& rare = orders_.rare(place);
        with_half(order.side(), [&](auto& half) {
            if (!broken(11)) half.unlink(place);
            rare.shown = std::min(rare.display, order.remaining);
            order.priority = next_priority_++;
            if (broken(11)) half.at(order.price).shown += rare.shown;
            else half.link(place);
        });
        if (auction_only(order)) queue_auction_only(place);
        tell(kRefilled, place, 0, 0, order.price, rare.shown, order.priority);
    }

    // Note that a price was reached, if stops wait for it.
    void reach(std::uint8_t side, Ticks price) {
        if (stops_.reach(side, price, next_priority_))
            say(kReached, side, 0, 0, 0, 0, price, 0, 0, 0, static_cast<std::int64_t>(next_priority_));
    }

    // Orders that live only for the auction end by number; an entry whose order has another number is out of date.
    void queue_auction_only(std::uint32_t place) {
        if (auction_only_.size() > 64 + 4 * static_cast<std::size_t>(auction_only_count_)) tidy_auction_only();
        auction_only_.push({place, orders_[place].priority});
    }

    bool still_auction_only(const AuctionOnly& entry) const {
        const Order& order = orders_[entry.place];
        return order.id != 0 && order.place() == kInQueue && order.priority == entry.priority && auction_only(order);
    }

    std::uint32_t first_auction_only() {
        while (!still_auction_only(auction_only_[first_auction_only_])) ++first_auction_only_;
        return auction_only_[first_auction_only_].place;
    }

    void tidy_auction_only() {
        std::size_t kept = 0;
        for (std::size_t at = first_auction_only_; at < auction_only_.size(); ++at)
            if (still_auction_only(auction_only_[at])) auction_only_[kept++] = auction_only_[at];
        auction_only_.shorten(kept);
        first_auction_only_ = 0;
    }

    void drop_peg(std::uint32_t place) {
        std::size_t kept = 0;
        for (std::size_t at = 0; at < pegs_.size(); ++at)
            if (pegs_[at] != place) pegs_[kept++] = pegs_[at];
        pegs_.shorten(kept);
    }
};

}  // namespace matching
