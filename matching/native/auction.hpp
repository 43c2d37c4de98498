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
        bool wished = false, unwished = false;
        for (const Balance& each : everywhere_) {
            most = std::max(most, each.volume());
            wished |= each.wished;
            unwished |= !each.wished;
        }
        candidates_.clear();
        bool reached = !unwished;  // every price is wished: all of them are candidates as they stand
        if (unwished && !wished && low <= reference &&
            reference <= high) {  // market orders alone trade at the reference price
            candidates_.push(at(reference));
            reached = candidates_[0].volume() == most;
        }
        if (unwished) {
            for (const Balance& each : everywhere_) {
                if (!each.wished) continue;
                candidates_.push(each);
                reached = reached || each.volume() == most;
            }
        }
        const List<Balance>& candidates = unwished && reached ? candidates_ : everywhere_;
        Choice choice{most};
        if (rule == kSzse) {
            every_tick(candidates[0].price, candidates[candidates.size() - 1].price, choice);
        } else {
            for (const Balance& each : candidates) choice.look(each);
        }
        const Balance fixed = at(choice.decide(rule, reference));
        const Lots surplus = fixed.surplus();
        return {fixed.price, fixed.volume(), surplus < 0 ? -surplus : surplus,
                surplus > 0   ? kBuy
                : surplus < 0 ? kSell
                              : kNoSide};
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
                lowest = highest = each.price;
                all_bids = all_offers = true;
            }
            lowest = std::min(lowest, each.price);
            highest = std::max(highest, each.price);
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

    // Enough ticks to speak for all from the lowest to the highest: between two named prices nothing changes.
    void every_tick(Ticks lowest, Ticks highest, Choice& choice) const {
        choice.look(at(lowest));
        choice.look(at(highest));
        for (std::size_t place = 0; place < everywhere_.size(); ++place) {
            const Balance& here = everywhere_[place];
            if (here.price < lowest || here.price > highest) continue;
            choice.look(here);
            const Balance* const below = place > 0 ? &everywhere_[place - 1] : nullptr;
            const Balance* const above = place + 1 < everywhere_.size() ? &everywhere_[place + 1] : nullptr;
            if (below != nullptr && here.price > lowest && below->price < here.price - 1)
                choice.look({here.price - 1, here.bid, below->offer, false});
            if (above != nullptr && here.price < highest && above->price > here.price + 1)
                choice.look({here.price + 1, above->bid, here.offer, false});
        }
    }

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
            else here.price = offers[next_offer].price;
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
