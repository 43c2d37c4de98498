// What a book is made of, the small questions about it, and how it tells what happened.

#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "auction.hpp"
#include "index.hpp"
#include "ladder.hpp"
#include "order.hpp"
#include "queues.hpp"
#include "stops.hpp"
#include "storage.hpp"
#include "words.hpp"

namespace matching {

#ifdef MATCHING_BREAKAGES
// A test build can be told to make one mistake, so that the tests can show that they would notice it.
inline int breakage = 0;
inline bool broken(int number) { return breakage == number; }
#else
constexpr bool broken(int) { return false; }
#endif

// An open order as it is saved and loaded (OrderState).
struct View {
    NewOrder order;
    std::uint8_t place = 0;
    Ticks price = 0, stop = 0;
    Lots remaining = 0, shown = 0;
    std::int64_t priority = 0;
    std::int64_t oco = 0;
};

// Everything of a book beside its orders (BookState), but what is a list.
struct State {
    std::uint8_t matching = kHalted, call = kNoCall;
    Ticks fixed = 0, last = 0, reference = 0, band_low = 0, band_high = 0;
    std::uint64_t next_priority = 1;
    Ticks uncross_price = 0;
    Lots uncross_lots = 0;
    Ticks pegged_to[4] = {};
};

// What a pro rata auction still owes an order.
struct Share {
    std::int64_t order_id;
    Lots lots;
};

// One price as the public sees it.
struct LevelView {
    Ticks price;
    Lots lots;
    std::uint32_t orders;
};

// Everything that every part of the book may look at.
class Parts {
public:
    Parts(std::uint8_t auction_rule, std::uint8_t allocation, std::uint8_t stop_trigger)
        : rule_(auction_rule),
          allocation_(allocation),
          trigger_(stop_trigger),
          orders_(memory_),
          extras_(memory_),
          index_(memory_),
          bids_(memory_, orders_, extras_),
          offers_(memory_, orders_, extras_),
          whole_bids_(memory_, orders_, true),
          whole_offers_(memory_, orders_, false),
          stops_(memory_, orders_.pool()),
          pegs_(memory_),
          auction_only_(memory_),
          shares_(memory_),
          auction_(memory_),
          events_(memory_),
          places_(memory_),
          listed_shares_(memory_),
          views_(memory_),
          slices_(memory_),
          parts_(memory_) {}

    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    List<Event>& events() { return events_; }

    // The place in its batch of the command that comes next; events carry it.
    void set_command(std::uint32_t command) { command_ = command; }

    std::size_t size() const { return open_; }
    std::uint32_t find(std::int64_t id) const { return id <= 0 ? kNone : index_.find(id); }
    std::uint64_t memory_requests() const { return memory_.requests; }

protected:
    // What an order that took got, and why it stopped.
    struct Took {
        std::int64_t left;
        std::uint8_t why;
    };

    // The best prices that pegs follow.
    struct Anchors {
        Ticks bid, offer;
    };

    struct Waiting {
        std::uint32_t oldest = kNone, newest = kNone;
    };

    struct AuctionOnly {
        std::uint32_t place;
        std::uint64_t priority;
    };

    // An order on its way, outside of every place: not known by its id yet, or known.
    static constexpr std::uint8_t kNew = 0, kOnItsWay = 6;

    struct Due {
        std::uint32_t place;
        Lots lots;
    };

    struct Part {
        std::int64_t order_id;
        Lots lots;
        Lots remainder;
        std::uint32_t turn;
    };

    static __int128 product(Ticks price, Lots lots) { return static_cast<__int128>(price) * lots; }

    static bool related(const Order& taker, const Order& maker) {
        return taker.account == maker.account || (taker.group != 0 && taker.group == maker.group && !broken(13));
    }

    static bool auction_only(const Order& order) { return takes_only(order) || order.time_limit() >= kAtOpen; }
    static std::uint8_t call_of(std::uint8_t time_limit) { return time_limit == kAtOpen ? kOpening : kClosing; }

    // A limit order without a further condition.
    static bool plain(const NewOrder& order) {
        return order.kind == kLimit && order.time_limit < kFok &&
               (static_cast<int>(order.post_only) | static_cast<int>(order.hidden) |
                static_cast<int>(order.all_or_none)) == 0 &&
               (order.display_lots | order.minimum_lots | order.stop_ticks | order.trail_ticks | order.offset_ticks |
                order.oco_id | order.max_notional_ticks | order.group_id) == 0;
    }

    // The price a peg wants, within its own limit; zero where what it follows is missing (matching/pegs.py).
    static Ticks peg_price(std::uint8_t kind, bool buys, Ticks offset, Ticks limit, Anchors anchor) {
        const Ticks own = buys ? anchor.bid : anchor.offer, other = buys ? anchor.offer : anchor.bid;
        Ticks base = 0;
        if (kind == kPeggedBest) base = own;
        else if (kind == kPeggedMarket) base = other;
        else if (own != 0 && other != 0) base = buys ? (own + other) / 2 : (own + other + 1) / 2;
        if (base == 0) return 0;
        const Ticks price = buys ? std::min(base - offset, limit) : std::max(base + offset, limit);
        return price >= 1 && price <= kMaxTicks ? price : 0;
    }

    Ticks peg_price(std::uint32_t place) {
        const Order& order = orders_[place];
        const Rare& rare = orders_.rare(place);
        return peg_price(order.kind(), order.side() == kBuy, rare.offset, rare.limit, anchors());
    }

    // A price, moved back to a tick behind the other side's best where it would meet it.
    Ticks behind(bool buys, Ticks price) const {
        if (buys) return offers_.empty() ? price : std::min(price, offers_.best() - 1);
        return bids_.empty() ? price : std::max(price, bids_.best() + 1);
    }

    Anchors anchors() { return {bids_.best_anchor(), offers_.best_anchor()}; }

    // The price that moves stops of a side.
    Ticks followed(bool buys) {
        if (trigger_ == kLastTrade) return last_;
        return buys ? offers_.best_shown() : bids_.best_shown();
    }

    bool crossed() const { return !bids_.empty() && !offers_.empty() && bids_.best() >= offers_.best(); }
    bool accepts_fixed(bool buys, Ticks price) const { return buys ? price >= fixed_ : price <= fixed_; }

    // What an order shows: nothing anywhere but in a queue.
    Lots shown(std::uint32_t place) const { return orders_[place].place() == kInQueue ? orders_.shown(place) : 0; }

    bool open_here(std::uint32_t place) const { return orders_[place].id != 0 && orders_[place].place() != kNew; }

    template <bool buys>
    auto& half() {
        if constexpr (buys) return bids_;
        else return offers_;
    }

    template <class Work>
    void with_half(std::uint8_t side, Work work) {
        if (side == kBuy) work(bids_);
        else work(offers_);
    }

    Contingent& whole(bool buys) { return buys ? whole_bids_ : whole_offers_; }
    Waiting* waiting_for_call() { return call_ == kOpening ? &calls_[0] : call_ == kClosing ? &calls_[1] : nullptr; }
    const Waiting* waiting_for_call() const { return const_cast<Parts*>(this)->waiting_for_call(); }

    void change_phase(std::uint8_t matching, std::uint8_t call, Ticks fixed) {
        matching_ = matching;
        call_ = call;
        fixed_ = fixed;
        say(kPhaseChanged, matching, call, 0, 0, 0, fixed, 0, 0, 0, 0);
    }

    void keep_references(Ticks last, Ticks reference, Ticks band_low, Ticks band_high) {
        last_ = last;
        reference_ = reference;
        band_low_ = band_low;
        band_high_ = band_high;
        low_ = band_low != 0 ? band_low : 1;
        high_ = band_high != 0 ? band_high : kMaxTicks;
    }

    [[gnu::always_inline]] inline void say(std::uint8_t kind, std::uint8_t side, std::uint8_t reason,
                                           std::uint8_t flags, std::int64_t order, std::int64_t other, Ticks price,
                                           Lots lots, Lots remaining, Lots other_remaining, std::int64_t priority) {
        Event& event = events_.next();
        event.kind = kind;
        event.side = side;
        event.reason = reason;
        event.flags = flags;
        event.command = command_;
        event.order_id = order;
        event.other_id = other;
        event.price_ticks = price;
        event.lots = lots;
        event.remaining_lots = remaining;
        event.other_remaining_lots = other_remaining;
        event.priority = priority;
    }

    // An event about one order, with what remains of it.
    void tell(std::uint8_t kind, std::uint32_t place, std::uint8_t reason, std::uint8_t flags, Ticks price, Lots lots,
              std::uint64_t priority) {
        const Order& order = orders_[place];
        say(kind, order.side(), reason, flags, order.id, 0, price, lots, order.remaining, 0,
            static_cast<std::int64_t>(priority));
    }

    void refuse(std::uint8_t refusal, std::int64_t id) { say(kRefused, 0, refusal, 0, id, 0, 0, 0, 0, 0, 0); }

    Memory memory_;
    std::uint8_t rule_, allocation_, trigger_;
    std::uint8_t matching_ = kHalted, call_ = kNoCall;
    std::uint32_t command_ = 0;
    Ticks fixed_ = 0, last_ = 0, reference_ = 0, band_low_ = 0, band_high_ = 0;
    Ticks low_ = 1, high_ = kMaxTicks;  // the band, or everything
    std::uint64_t next_priority_ = 1;
    std::size_t open_ = 0;
    Orders orders_;
    Pool<Extra> extras_;
    Index index_;
    Half<true> bids_;
    Half<false> offers_;
    Contingent whole_bids_, whole_offers_;
    Stops stops_;
    std::uint32_t in_hand_ = kNone;
    List<std::uint32_t> pegs_;
    Ticks pegged_to_[4] = {};
    Waiting calls_[2];
    List<AuctionOnly> auction_only_;  // in the queues until the auction, which ends them
    std::size_t first_auction_only_ = 0;
    std::uint64_t auction_only_count_ = 0;
    Ticks uncross_price_ = 0;
    Lots uncross_lots_ = 0;
    List<Share> shares_;
    std::size_t first_share_ = 0;
    Auction auction_;
    List<Event> events_;

    // Room for answers and for work, kept so that it is asked for once.
    List<std::uint32_t> places_;

    List<Share> listed_shares_;
    List<LevelView> views_;
    List<Due> slices_;
    List<Part> parts_;
};

}  // namespace matching
