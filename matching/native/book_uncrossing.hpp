// The auction of a call, handed out in steps (matching/book_uncrossing.py).

#pragma once

#include <algorithm>
#include <cstdint>

#include "book_trading.hpp"

namespace matching {

// A book that can hold an auction.
class Uncrossing : public Trading {
public:
    using Trading::Trading;

    void uncross_begin() {
        if (matching_ != kCollect) return refuse(kPhase, 0);
        if (pending()) return refuse(kPending, 0);
        const Indication found = indication();
        matching_ = kUncrossing;
        uncross_price_ = found.price;
        uncross_lots_ = found.lots;
        shares_.clear();
        first_share_ = 0;
        if (allocation_ == kProRata && found.lots != 0) {
            share_last_price(bids_, found.lots);
            if (shares_.empty()) share_last_price(offers_, found.lots);
        }
        say(kUncrossingBegan, found.side, 0, 0, 0, 0, found.price, found.lots, found.imbalance, 0, 0);
    }

    void uncross_continue(std::int64_t max_fills) {
        if (matching_ != kUncrossing) return refuse(kPhase, 0);
        if (max_fills <= 0 || max_fills > kMaxFills) return refuse(kRecordInvalid, 0);
        std::int64_t left = max_fills;
        for (; left != 0 && uncross_lots_ != 0; --left) pair_best();
        for (; left != 0 && uncross_lots_ == 0 && auction_only_count_ != 0; --left) {
            const std::uint32_t place = first_auction_only();
            end(place, orders_[place].kind() == kMarket ? kMarketRemainder : kAuctionEnded);
        }
        if (uncross_lots_ == 0 && auction_only_count_ == 0) {
            matching_ = kCollect;
            if (uncross_price_ != 0) last_ = uncross_price_;
            say(kUncrossed, 0, 0, 0, 0, 0, uncross_price_, 0, 0, 0, 0);
            uncross_price_ = 0;
        }
    }

protected:
    // One fill of the auction: the best bid and the best offer that still have something due.
    void pair_best() {
        const Due bid = next_due(bids_, kBuy), offer = next_due(offers_, kSell);
        const Lots lots = std::min({bid.lots, offer.lots, uncross_lots_});
        uncross_lots_ -= lots;
        Order& buyer = orders_[bid.place];
        Order& seller = orders_[offer.place];
        buyer.remaining -= lots;
        seller.remaining -= lots;
        const std::uint8_t flags = kFlagAuction | (related(buyer, seller) ? kFlagSelf : 0);
        say(kFilled, kBuy, 0, flags, buyer.id, seller.id, uncross_price_, lots, buyer.remaining, seller.remaining, 0);
        after_auction_fill(bids_, bid.place, lots);
        after_auction_fill(offers_, offer.place, lots);
    }

    // Whose turn it is on one side, and how much is due to it.
    template <class Side>
    Due next_due(Side& half, std::uint8_t side) {
        if (first_share_ < shares_.size()) {
            const Share& share = shares_[first_share_];
            const std::uint32_t place = index_.find(share.order_id);
            if (orders_[place].side() == side && orders_[place].price == half.best()) return {place, share.lots};
        }
        const std::uint32_t place = half.at(half.best()).oldest;
        return {place, orders_[place].remaining};
    }

    // Take the lots off what an order shows first; an iceberg shows again when its turn is over.
    template <class Side>
    void after_auction_fill(Side& half, std::uint32_t place, Lots lots) {
        Order& order = orders_[place];
        bool turn_over = uncross_lots_ == 0;
        if (first_share_ < shares_.size() && shares_[first_share_].order_id == order.id) {
            shares_[first_share_].lots -= lots;
            if (shares_[first_share_].lots == 0) {
                ++first_share_;
                turn_over = true;
            }
        }
        Level& level = half.at(order.price);
        const Lots before = order.rare() ? orders_.rare(place).shown : order.hidden() ? 0 : order.remaining + lots;
        const Lots no_longer_shown = std::min(before, lots);
        if (order.rare()) orders_.rare(place).shown -= no_longer_shown;
        level.shown -= no_longer_shown;
        level.lots -= lots;
        const bool over = order.remaining == 0;
        if (over) {
            leave(place);
            index_.erase(order.id);
            --open_;
        } else if (turn_over && order.rare() && !order.hidden() && orders_.rare(place).shown == 0) {
            refill(place);
        }
        if (order.rare() && orders_.rare(place).oco != 0) end_other(place);
        if (over) free(place);
    }

    // What is due to each order at the price that is not filled whole; nothing if every price is.
    template <class Side>
    void share_last_price(Side& half, Lots lots) {
        Lots before = 0;
        for (Ticks price = half.best(); price != half.kNobody; price = half.next(price)) {
            const Level& level = half.at(price);
            if (before + level.lots > lots) {
                if (before != lots) share_pro_rata(level, lots - before);
                return;
            }
            before += level.lots;
        }
    }

    // Whole lots by proportion, the others one each by largest remainder, among equal remainders to the oldest.
    void share_pro_rata(const Level& level, Lots lots) {
        parts_.clear();
        Lots left = lots;
        for (std::uint32_t place = level.oldest; place != kNone; place = orders_[place].newer) {
            const __int128 wanted = static_cast<__int128>(lots) * orders_[place].remaining;
            const Lots part = static_cast<Lots>(wanted / level.lots);
            parts_.push({orders_[place].id, part, static_cast<Lots>(wanted % level.lots),
                         static_cast<std::uint32_t>(parts_.size())});
            left -= part;
        }
        const auto larger = [](const Part& one, const Part& other) {
            return one.remainder != other.remainder ? one.remainder > other.remainder : one.turn < other.turn;
        };
        const auto older = [](const Part& one, const Part& other) { return one.turn < other.turn; };
        std::sort(parts_.begin(), parts_.end(), larger);
        for (Lots at = 0; at < left; ++at) ++parts_[static_cast<std::size_t>(at)].lots;
        std::sort(parts_.begin(), parts_.end(), older);
        for (const Part& part : parts_)
            if (part.lots != 0) shares_.push({part.order_id, part.lots});
    }
};

}  // namespace matching
