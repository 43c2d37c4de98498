// The single price of a call auction; matching/auction.py says every rule with its source.

#pragma once

#include <algorithm>
#include <cstdint>

#include "ladder.hpp"
#include "words.hpp"

namespace matching {

struct CurvePoint {
    Ticks price;
    Lots lots;
    bool wished;
};

struct Indication {
    Ticks price = 0;
    Lots lots = 0;
    Lots imbalance = 0;
    std::uint8_t side = kNoSide;
};

class Auction {
public:
    explicit Auction(Memory& memory) : bids(memory), offers(memory), everywhere_(memory), candidates_(memory) {}

    // To be filled by the caller: bids descending, offers ascending, both as far as they cross.
    List<CurvePoint> bids, offers;

    Indication price(std::uint8_t rule, Ticks reference) {
        if (bids.empty() || offers.empty() || bids[0].price < offers[0].price) return {};
        const Ticks low = offers[0].price, high = bids[0].price;
        balance();
        Lots most = 0;
        bool wished = false;
        for (const Balance& each : everywhere_) {
            most = std::max(most, each.volume());
            wished = wished || each.wished;
        }
        candidates_.clear();
        bool reached = false;
        if (!wished && low <= reference && reference <= high) {  // market orders alone trade at the reference price
            candidates_.push(at(reference));
            reached = candidates_[0].volume() == most;
        }
        for (const Balance& each : everywhere_) {
            if (!each.wished) continue;
            candidates_.push(each);
            reached = reached || each.volume() == most;
        }
        const List<Balance>& candidates = reached ? candidates_ : everywhere_;
        Choice choice{most};
        for (std::size_t place = 0; place < candidates.size(); ++place) {
            if (rule == kSzse && place != 0 && candidates[place].price - candidates[place - 1].price > 1) {
                choice.look(at(candidates[place - 1].price + 1));
                choice.look(at(candidates[place].price - 1));
            }
            choice.look(candidates[place]);
        }
        const Balance fixed = at(choice.decide(rule, reference));
        const Lots surplus = fixed.surplus();
        return {fixed.price, fixed.volume(), surplus < 0 ? -surplus : surplus,
                surplus > 0 ? kBuy : surplus < 0 ? kSell : kNoSide};
    }

private:
    // What stands against what at one price.
    struct Balance {
        Ticks price;
        Lots bid, offer;
        bool wished;

        Lots volume() const { return std::min(bid, offer); }
        Lots surplus() const { return bid - offer; }
    };

    // The candidates that trade most and leave least, of which only the ends and the signs decide.
    struct Choice {
        Lots most;
        Lots least = -1;
        Ticks lowest = 0, highest = 0;
        bool all_bids = true, all_offers = true;

        void look(const Balance& each) {
            if (each.volume() != most) return;
            const Lots left = each.surplus() < 0 ? -each.surplus() : each.surplus();
            if (least >= 0 && left > least) return;
            if (least < 0 || left < least) {
                least = left;
                lowest = each.price;
                all_bids = all_offers = true;
            }
            highest = each.price;
            all_bids = all_bids && each.surplus() > 0;
            all_offers = all_offers && each.surplus() < 0;
        }
        Ticks decide(std::uint8_t rule, Ticks reference) const {
            if (lowest == highest) return lowest;
            if (rule == kXetra || rule == kEuronext || rule == kLse) {
                if (all_bids) return highest;
                if (all_offers) return lowest;
            }
            if (rule != kSse && reference != 0) return std::clamp(reference, lowest, highest);
            return (lowest + highest + 1) / 2;
        }
    };

    // Both curves at every price that an order names within the crossing, ascending.
    void balance() {
        everywhere_.clear();
        const Ticks low = offers[0].price, high = bids[0].price;
        Lots bid = 0, offer = 0;
        std::size_t from_below = 0;
        for (const CurvePoint& point : bids) {
            if (point.price < low) break;
            bid += point.lots;
            ++from_below;
        }
        std::size_t next_offer = 0;
        while (from_below > 0 || (next_offer < offers.size() && offers[next_offer].price <= high)) {
            const bool has_offer = next_offer < offers.size() && offers[next_offer].price <= high;
            Balance here{};
            if (from_below > 0 && (!has_offer || bids[from_below - 1].price <= offers[next_offer].price))
                here.price = bids[from_below - 1].price;
            else
                here.price = offers[next_offer].price;
            if (has_offer && offers[next_offer].price == here.price) {
                offer += offers[next_offer].lots;
                here.wished = offers[next_offer].wished;
                ++next_offer;
            }
            here.bid = bid;
            here.offer = offer;
            if (from_below > 0 && bids[from_below - 1].price == here.price) {
                bid -= bids[from_below - 1].lots;
                here.wished = here.wished || bids[from_below - 1].wished;
                --from_below;
            }
            everywhere_.push(here);
        }
    }

    // Both curves at any price within the crossing.
    Balance at(Ticks price) const {
        const Balance* above = std::lower_bound(everywhere_.begin(), everywhere_.end(), price,
                                                [](const Balance& each, Ticks value) { return each.price < value; });
        if (above != everywhere_.end() && above->price == price) return *above;
        Balance here{price, 0, 0, false};
        if (above != everywhere_.end()) here.bid = above->bid;
        if (above != everywhere_.begin()) here.offer = above[-1].offer;
        return here;
    }

    List<Balance> everywhere_, candidates_;
};

}  // namespace matching
