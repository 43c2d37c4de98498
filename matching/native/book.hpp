// The order book in C++: matching/order_book.py once more, operation for operation, event for event.
//
// Read before it: words.hpp (the numbers on the wire), storage.hpp (memory that only grows), bitmap.hpp and ladder.hpp
// (prices in order), index.hpp (orders by id), order.hpp, queues.hpp, stops.hpp, auction.hpp; _book.pyx is what Python
// sees. The plain book decides what is right; tests/matching/differential plays the same tapes on both.
//
// What is different is only where things lie: levels in arrays under a bitmap, orders in a pool linked by 32-bit
// numbers, ids in pages, events in one buffer. Orders without rare conditions touch nothing of what the others need. In
// steady state no message asks the machine for memory; `Memory::requests` counts, and a test asserts it.
//
// Every loop ends: it walks a queue, a side's levels or a list that it does not lengthen, or is counted by `max_fills`.

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

class Book {
public:
    Book(std::uint8_t auction_rule, std::uint8_t allocation, std::uint8_t stop_trigger)
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
    Book(const Book&) = delete;
    Book& operator=(const Book&) = delete;

    // --- Answers -----------------------------------------------------------------------------------------------------

    List<Event>& events() { return events_; }
    // The place in its batch of the command that comes next; events carry it.
    void set_command(std::uint32_t command) { command_ = command; }

    // --- Reading -----------------------------------------------------------------------------------------------------

    std::size_t size() const { return open_; }
    std::uint32_t find(std::int64_t id) const { return id <= 0 ? kNone : index_.find(id); }

    View view(std::uint32_t place) const {
        const Order& order = orders_[place];
        View view;
        view.order.order_id = order.id;
        view.order.account_id = order.account;
        view.order.group_id = order.group;
        view.order.price_ticks = orders_.limit(place);
        view.order.quantity_lots = order.asked();
        view.order.side = order.side();
        view.order.kind = order.kind();
        view.order.time_limit = order.time_limit();
        view.order.self_trade = order.self_trade();
        view.order.hidden = order.hidden();
        view.order.post_only = order.post_only();
        view.order.all_or_none = order.all_or_none();
        view.place = order.place();
        view.price = order.price;
        view.remaining = order.remaining;
        view.shown = shown(place);
        view.priority = static_cast<std::int64_t>(order.priority);
        if (order.rare()) {
            const Rare& rare = orders_.rare(place);
            view.order.max_notional_ticks = rare.max_notional;
            view.order.display_lots = rare.display;
            view.order.minimum_lots = rare.minimum;
            view.order.stop_ticks = rare.stop;
            view.order.trail_ticks = rare.trail;
            view.order.offset_ticks = rare.offset;
            view.order.oco_id = rare.oco_sent;
            view.stop = rare.level;
            view.oco = rare.oco;
        }
        return view;
    }

    // Every open order, in ascending priority.
    const List<std::uint32_t>& by_priority() {
        places_.clear();
        for (std::uint32_t place = 1; place < orders_.pool().used(); ++place)
            if (open_here(place)) places_.push(place);
        std::sort(places_.begin(), places_.end(),
                  [this](std::uint32_t one, std::uint32_t other) { return orders_[one].priority < orders_[other].priority; });
        return places_;
    }

    State state() const {
        State state;
        state.matching = matching_;
        state.call = call_;
        state.fixed = fixed_;
        state.last = last_;
        state.reference = reference_;
        state.band_low = band_low_;
        state.band_high = band_high_;
        state.next_priority = next_priority_;
        state.uncross_price = uncross_price_;
        state.uncross_lots = uncross_lots_;
        for (int at = 0; at < 4; ++at) state.pegged_to[at] = pegged_to_[at];
        return state;
    }
    const List<Reach>& reached() const { return stops_.reaches; }
    const List<Share>& shares() {
        listed_shares_.clear();
        for (std::size_t at = first_share_; at < shares_.size(); ++at) listed_shares_.push(shares_[at]);
        return listed_shares_;
    }

    Ticks best(std::uint8_t side) { return side == kBuy ? bids_.best_shown() : offers_.best_shown(); }

    // The visible prices, best first; zero: all of them.
    const List<LevelView>& levels(std::uint8_t side, std::size_t limit) {
        views_.clear();
        if (side == kBuy) list_levels(bids_, limit);
        else list_levels(offers_, limit);
        return views_;
    }

    bool pending() const {
        if (matching_ == kContinuous) return in_hand_ != kNone || !stops_.reaches.empty();
        if (matching_ == kCollect) return waiting_for_call() != nullptr && waiting_for_call()->oldest != kNone;
        return matching_ == kUncrossing;
    }

    // What an auction would do now. Walks over the prices at which the sides cross.
    Indication indication() {
        if (matching_ != kCollect || !crossed()) return {};
        auction_.bids.clear();
        auction_.offers.clear();
        const Ticks low = offers_.best(), high = bids_.best();
        for (Ticks price = high; price != bids_.kNobody && price >= low; price = bids_.next(price))
            auction_.bids.push(point(bids_.at(price), price));
        for (Ticks price = low; price != offers_.kNobody && price <= high; price = offers_.next(price))
            auction_.offers.push(point(offers_.at(price), price));
        return auction_.price(rule_, reference_);
    }

    // --- Refusing: changes nothing -----------------------------------------------------------------------------------

    std::uint8_t check(const NewOrder& order, std::int64_t max_fills) {
        if (order.price_ticks <= 0 || order.price_ticks > kMaxTicks || order.quantity_lots <= 0 ||
            order.quantity_lots > kMaxLots || order.order_id <= 0 || order.account_id <= 0 || max_fills <= 0 ||
            max_fills > kMaxFills || order.side - 1u > 1u || order.kind - 1u > 8u || order.time_limit - 1u > 6u ||
            order.self_trade - 1u > 3u)
            return kRecordInvalid;
        const bool simple = plain(order);
        if (!simple) {
            if (!numbers_valid(order)) return kRecordInvalid;
            if (conflicts(order)) return kConflict;
        }
        if (index_.knows(order.order_id)) return kOrderKnown;
        if (simple && matching_ == kContinuous) return kFine;
        return check_market(order, max_fills);
    }

    std::uint8_t check_replace(std::int64_t id, Ticks price, Lots lots, Ticks stop) {
        if (price <= 0 || price > kMaxTicks || lots <= 0 || lots > kMaxLots || stop < 0 || stop > kMaxTicks)
            return kRecordInvalid;
        const std::uint32_t place = find(id);
        if (place == kNone) return kOrderUnknown;
        const Order& order = orders_[place];
        if (matching_ == kHalted || matching_ == kUncrossing || (order.all_or_none() && matching_ != kContinuous))
            return kPhase;
        if (order.place() == kInHand) return kPending;
        const bool waits = order.place() == kAsStop;
        const bool same_terms =
            price == orders_.limit(place) && (!waits || stop == 0 || stop == orders_.rare(place).level);
        if (same_terms && lots == order.remaining) return kNothingChanges;
        const bool buys = order.side() == kBuy;
        if (matching_ == kFixedPrice && !waits && !accepts_fixed(buys, price)) return kNotAtFixedPrice;
        if (stop != 0 && !waits) return kConflict;
        if (same_terms && lots < order.remaining) return kFine;
        if (pegged(order)) {
            if (matching_ != kContinuous) return kPhase;
            if (peg_price(order.kind(), buys, orders_.rare(place).offset, price, anchors()) == 0) return kNoReference;
        } else if (order.post_only() && (matching_ == kContinuous || matching_ == kFixedPrice) &&
                   order.place() == kInQueue && would_take(buys, price, lots)) {
            return kWouldTrade;
        }
        return kFine;
    }

    // --- Changing ----------------------------------------------------------------------------------------------------

    void submit(const NewOrder& order, std::int64_t max_fills) {
        if (plain(order) && matching_ == kContinuous && order.side - 1u <= 1u && order.time_limit != 0 &&
            order.self_trade - 1u <= 3u)
            return submit_plain(order.order_id, order.account_id, order.price_ticks, order.quantity_lots, order.side,
                                order.time_limit, order.self_trade, max_fills);
        if (const std::uint8_t refusal = check(order, max_fills); refusal != kFine) [[unlikely]]
            return refuse(refusal, order.order_id);
        const std::uint32_t place = make(order);
        if (order.oco_id != 0) pair_up(place, order.oco_id);
        follow_up(enter(place, max_fills));
    }

    void cancel(std::int64_t id, std::uint8_t reason) {
        const std::uint32_t place = find(id);
        if (place == kNone) return refuse(kOrderUnknown, id);
        if (matching_ == kUncrossing) return refuse(kPhase, id);
        const Order& order = orders_[place];
        if (broken(1) && order.place() == kInQueue && order.newer != kNone) end(order.newer, reason);
        else if (order.place() == kInQueue && order.kind() == kLimit && !order.rare() && order.time_limit() < kAtOpen)
            cancel_plain(place, reason);
        else end(place, reason);
        follow_if_needed(0);
    }

    void cancel_where(std::int64_t account, std::int64_t group, std::uint8_t side, std::uint8_t reason, std::int64_t most) {
        if (matching_ == kUncrossing) return refuse(kPhase, 0);
        if (most <= 0) return refuse(kRecordInvalid, 0);
        places_.clear();
        for (std::uint32_t place = 1; place < orders_.pool().used(); ++place) {
            const Order& order = orders_[place];
            if (open_here(place) && (account == 0 || account == order.account) && (group == 0 || group == order.group) &&
                (side == 0 || side == order.side()))
                places_.push(place);
        }
        const auto by_id = [this](std::uint32_t one, std::uint32_t other) { return orders_[one].id < orders_[other].id; };
        const std::size_t count = std::min(places_.size(), static_cast<std::size_t>(most));
        std::partial_sort(places_.begin(), places_.begin() + count, places_.end(), by_id);
        for (std::size_t at = 0; at < count; ++at) end(places_[at], reason);
        follow_up(0);
    }

    void replace(std::int64_t id, Ticks price, Lots lots, Ticks stop, std::int64_t max_fills) {
        std::uint8_t refusal = check_replace(id, price, lots, stop);
        if (refusal == kFine && (max_fills <= 0 || max_fills > kMaxFills)) refusal = kRecordInvalid;
        if (refusal != kFine) return refuse(refusal, id);
        const std::uint32_t place = find(id);
        Order& order = orders_[place];
        const bool waits = order.place() == kAsStop;
        const bool same_level = !waits || stop == 0 || stop == orders_.rare(place).level;
        if (price == orders_.limit(place) && same_level && lots < order.remaining && !order.all_or_none()) {
            order.set_asked(lots);
            if (broken(2) && order.place() == kInQueue) {
                leave(place);
                order.set_place(kInQueue);
                with_half(order.side(), [&](auto& half) { half.append(place); });
            }
            reduce(place, order.remaining - lots, kReplacedByOwner);
            return follow_up(0);
        }
        leave(place);
        order.set_asked(lots);
        order.remaining = lots;
        order.price = price;
        if (order.rare()) {
            Rare& rare = orders_.rare(place);
            rare.limit = price;
            rare.shown = 0;
            if (waits) rare.stop = rare.level = stop != 0 ? stop : rare.level;
        }
        tell(kReplaced, place, 0, 0, price, 0, 0);
        if (waits) {
            park(place);
            return follow_up(max_fills);
        }
        follow_up(enter_active(place, max_fills));
    }

    void set_phase(std::uint8_t matching, std::uint8_t call, Ticks fixed, std::int64_t max_fills) {
        if (matching - 1u > 4u || call > kOtherCall || matching == kUncrossing ||
            (matching == kCollect) != (call != kNoCall) || (matching == kFixedPrice) != (fixed != 0) || fixed < 0 ||
            fixed > kMaxTicks || max_fills <= 0 || max_fills > kMaxFills)
            return refuse(kRecordInvalid, 0);
        if (matching_ == kUncrossing) return refuse(kPhase, 0);
        if (matching == kContinuous || matching == kFixedPrice) {
            if (matching == kContinuous && crossed()) return refuse(kCrossed, 0);
            if (matching == kFixedPrice && bids_.reaches(fixed) && offers_.reaches(fixed)) return refuse(kCrossed, 0);
            if (auction_only_count_ != 0) return refuse(kPending, 0);
        }
        change_phase(matching, call, fixed);
        if (matching == kContinuous && trigger_ == kLastTrade && last_ != 0) {
            reach(kBuy, last_);
            reach(kSell, last_);
        }
        follow_up(max_fills);
    }

    void set_references(Ticks last, Ticks reference, Ticks band_low, Ticks band_high) {
        for (const Ticks price : {last, reference, band_low, band_high})
            if (price < 0 || price > kMaxTicks) return refuse(kRecordInvalid, 0);
        if (band_high != 0 && band_low > band_high) return refuse(kRecordInvalid, 0);
        if (matching_ == kUncrossing) return refuse(kPhase, 0);
        keep_references(last, reference, band_low, band_high);
        say(kReferences, 0, 0, 0, 0, 0, last, reference, band_low, band_high, 0);
    }

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

    // Go on with what earlier operations left pending (`continue_`).
    void go_on(std::int64_t max_fills) {
        if (matching_ == kUncrossing) return refuse(kPhase, 0);
        if (max_fills <= 0 || max_fills > kMaxFills) return refuse(kRecordInvalid, 0);
        follow_up(max_fills);
    }

    // --- Batches of records ------------------------------------------------------------------------------------------

    // What is wrong with a batch, or nullptr: nothing is done before that is known.
    static const char* misformed(const CommandRecord* commands, std::size_t count) {
        for (std::size_t at = 0; at < count; ++at) {
            const std::uint8_t op = commands[at].op;
            if (op == kMoreOp) return "a second record without its first";
            if (op < kSubmit || op > kContinue) return "an operation that does not exist";
            if (op != kSubmit || (commands[at].flags & kMore) == 0) continue;
            if (++at == count || commands[at].op != kMoreOp) return "the second record of an order is missing";
        }
        return nullptr;
    }

    // Perform a well-formed batch; the events of all of it follow each other, each with its command's place.
    void run(const CommandRecord* commands, std::size_t count) {
        const bool deep = open_ > kManyOrders;
        std::uint32_t number = 0;
        for (std::size_t at = 0; at < count; ++at, ++number) {
            if (deep) fetch_ahead(commands, count, at);
            command_ = number;
            const CommandRecord& record = commands[at];
            const std::int64_t* const n = record.numbers;
            if (record.op == kSubmit) {
                if (plain(record) && matching_ == kContinuous) [[likely]] {
                    submit_plain(n[0], n[1], n[3], n[4], record.side, record.time_limit, record.self_trade, record.max_fills);
                    continue;
                }
                const bool more = (record.flags & kMore) != 0;
                submit(order_of(record, more ? &commands[at + 1] : nullptr), record.max_fills);
                at += more ? 1 : 0;
            } else if (record.op == kCancel) {
                cancel(n[0], record.kind);
            } else {
                perform(record);
            }
        }
        command_ = 0;
    }

    // The same for a caller who needs no answers: every event is made, and its room used again.
    std::uint64_t replay(const CommandRecord* commands, std::size_t count) {
        std::uint64_t told = 0;
        for (std::size_t at = 0; at < count;) {
            std::size_t part = std::min<std::size_t>(1000, count - at);
            if (at + part < count && commands[at + part].op == kMoreOp) ++part;  // an order's two records stay together
            run(commands + at, part);
            told += events_.size();
            events_.clear();
            at += part;
        }
        return told;
    }

    // --- Loading and proof -------------------------------------------------------------------------------------------

    void restore_state(const State& state) {
        matching_ = state.matching;
        call_ = state.call;
        fixed_ = state.fixed;
        keep_references(state.last, state.reference, state.band_low, state.band_high);
        next_priority_ = state.next_priority;
        uncross_price_ = state.uncross_price;
        uncross_lots_ = state.uncross_lots;
        for (int at = 0; at < 4; ++at) pegged_to_[at] = state.pegged_to[at];
    }
    void restore_reach(const Reach& reach) { stops_.reaches.push(reach); }
    void restore_share(const Share& share) { shares_.push(share); }

    // Orders come in ascending priority, so each goes behind those that are there.
    void restore_order(const View& saved) {
        const std::uint32_t place = make(saved.order);
        Order& order = orders_[place];
        order.price = saved.price;
        order.remaining = saved.remaining;
        order.priority = static_cast<std::uint64_t>(saved.priority);
        if (saved.oco != 0 && !order.rare()) orders_.make_rare(place).limit = saved.order.price_ticks;
        if (order.rare()) {
            Rare& rare = orders_.rare(place);
            rare.limit = saved.order.price_ticks;
            rare.level = saved.stop;
            rare.shown = saved.shown;
            rare.oco = saved.oco;
        }
        know(place);
        order.set_place(saved.place);
        switch (saved.place) {
            case kInQueue:
                with_half(order.side(), [&](auto& half) { half.append(place); });
                note_in_queue(place);
                break;
            case kAsStop:
                wait_as_stop(place);
                break;
            case kForCall:
                wait_for_call(place);
                break;
            case kOutside:
                whole(order.side() == kBuy).insert(place);
                break;
            default:
                in_hand_ = place;
        }
    }

    // The promise that is broken, or nullptr.
    const char* fault();

    std::uint64_t memory_requests() const { return memory_.requests; }

private:
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
    static constexpr std::size_t kManyOrders = 8192;

    // --- The short way of most orders: limit orders without a further condition, in continuous trading --------------

    void submit_plain(std::int64_t id, std::int64_t account, Ticks price, Lots lots, std::uint8_t side,
                      std::uint8_t time_limit, std::uint8_t self_trade, std::int64_t max_fills) {
        if (price <= 0 || price > kMaxTicks || lots <= 0 || lots > kMaxLots || id <= 0 || account <= 0 || max_fills <= 0 ||
            max_fills > kMaxFills)
            [[unlikely]] return refuse(kRecordInvalid, id);
        if (index_.knows(id)) [[unlikely]] return refuse(kOrderKnown, id);
        const Terms terms = plain_terms(side, time_limit, self_trade, lots);
        if (side == kBuy) take_or_rest<true>(id, account, price, lots, terms, max_fills);
        else take_or_rest<false>(id, account, price, lots, terms, max_fills);
    }

    template <bool buys>
    void take_or_rest(std::int64_t id, std::int64_t account, Ticks price, Lots lots, Terms terms, std::int64_t max_fills) {
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
    static bool plain(const CommandRecord& record) {
        return record.kind == kLimit && record.flags == 0 && record.side - 1u <= 1u && record.time_limit - 1u <= 3u &&
               record.self_trade - 1u <= 3u && (record.numbers[2] | record.numbers[5]) == 0;
    }

    [[gnu::always_inline]] inline void follow_if_needed(std::int64_t left) {
        if (matching_ != kContinuous || in_hand_ != kNone || (stops_.waiting_orders() | stops_.reaches.size() | pegs_.size()) != 0)
            [[unlikely]] follow_up(left);
    }

    // --- An order's way ----------------------------------------------------------------------------------------------

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
        if (plain(sent)) [[likely]] return place;
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
        if (!order.post_only() || broken(3)) took = order.side() == kBuy ? take<true>(place, max_fills) : take<false>(place, max_fills);
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

    // --- Where an order goes -----------------------------------------------------------------------------------------

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
        if (pegged(order)) [[unlikely]] pegs_.push(place);
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
        if (matching_ == kContinuous && last_ != 0 && trigger_ == kLastTrade && (buys ? level <= last_ : level >= last_))
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
        tell(kParked, place, order.time_limit() == kAtOpen ? kWaitsForOpen : kWaitsForClose, 0, order.price, 0, order.priority);
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
                if (pegged(order)) [[unlikely]] drop_peg(place);
                if (auction_only_count_ != 0 && auction_only(order)) [[unlikely]] --auction_only_count_;
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

    // --- What follows ------------------------------------------------------------------------------------------------

    // Let stops have their turn, and when nothing is pending let trailing stops and pegs move; in a call, let its
    // orders join. `left` bounds the former and the latter; the moving is bounded by kMaxFollowers.
    void follow_up(std::int64_t left) {
        if (matching_ == kContinuous) {
            if (!stops_.empty() || in_hand_ != kNone || !stops_.reaches.empty()) [[unlikely]] run_stops(left);
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

    // Note that a price was reached, if stops wait for it.
    void reach(std::uint8_t side, Ticks price) {
        if (stops_.reach(side, price, next_priority_))
            say(kReached, side, 0, 0, 0, 0, price, 0, 0, 0, static_cast<std::int64_t>(next_priority_));
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
        const Ticks now[4] = {anchor.bid, anchor.offer, bids_.empty() ? 0 : bids_.best(), offers_.empty() ? 0 : offers_.best()};
        if (std::equal(now, now + 4, pegged_to_)) return;
        std::copy(now, now + 4, pegged_to_);
        std::sort(pegs_.begin(), pegs_.end(),
                  [this](std::uint32_t one, std::uint32_t other) { return orders_[one].priority < orders_[other].priority; });
        for (const std::uint32_t place : pegs_) {
            Order& order = orders_[place];
            const bool buys = order.side() == kBuy;
            const Ticks wanted = peg_price(order.kind(), buys, orders_.rare(place).offset, orders_.rare(place).limit, anchor);
            const Ticks price = wanted == 0 ? 0 : behind(buys, wanted);
            if (price <= 0 || price > kMaxTicks || price == order.price) continue;
            with_half(order.side(), [&](auto& half) {
                half.drop(place);
                order.price = price;
                order.priority = next_priority_++;
                half.append(place);
            });
            tell(kRepriced, place, 0, kFlagPegged | (order.hidden() ? kFlagHidden : 0), price, shown(place), order.priority);
        }
    }

    // --- The auction -------------------------------------------------------------------------------------------------

    struct Due {
        std::uint32_t place;
        Lots lots;
    };

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
            parts_.push({orders_[place].id, part, static_cast<Lots>(wanted % level.lots), static_cast<std::uint32_t>(parts_.size())});
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

    // --- Small questions ---------------------------------------------------------------------------------------------

    static __int128 product(Ticks price, Lots lots) { return static_cast<__int128>(price) * lots; }
    static bool related(const Order& taker, const Order& maker) {
        return taker.account == maker.account || (taker.group != 0 && taker.group == maker.group && !broken(13));
    }
    static bool auction_only(const Order& order) { return takes_only(order) || order.time_limit() >= kAtOpen; }
    static std::uint8_t call_of(std::uint8_t time_limit) { return time_limit == kAtOpen ? kOpening : kClosing; }

    // A limit order without a further condition.
    static bool plain(const NewOrder& order) {
        return order.kind == kLimit && order.time_limit < kFok &&
               (static_cast<int>(order.post_only) | static_cast<int>(order.hidden) | static_cast<int>(order.all_or_none)) == 0 &&
               (order.display_lots | order.minimum_lots | order.stop_ticks | order.trail_ticks | order.offset_ticks |
                order.oco_id | order.max_notional_ticks | order.group_id) == 0;
    }
    static bool numbers_valid(const NewOrder& order) {
        const auto lots = [](Lots value) { return value >= 0 && value <= kMaxLots; };
        const auto ticks = [](Ticks value) { return value >= 0 && value <= kMaxTicks; };
        return lots(order.display_lots) && lots(order.minimum_lots) && ticks(order.stop_ticks) &&
               ticks(order.trail_ticks) && ticks(order.offset_ticks) && order.group_id >= 0 && order.oco_id >= 0 &&
               order.max_notional_ticks >= 0;
    }

    std::uint8_t check_market(const NewOrder& order, std::int64_t max_fills) {
        if (!phase_allows(order)) return kPhase;
        const bool buys = order.side == kBuy;
        if (matching_ == kFixedPrice && !accepts_fixed(buys, order.price_ticks)) return kNotAtFixedPrice;
        const bool peg = order.kind >= kPeggedBest;
        if (peg && peg_price(order.kind, buys, order.offset_ticks, order.price_ticks, anchors()) == 0) return kNoReference;
        if (order.trail_ticks != 0 && order.stop_ticks == 0 && followed(buys) == 0) return kNoReference;
        if (order.oco_id != 0 && !can_pair(order)) return kOcoInvalid;
        if ((peg || order.trail_ticks != 0) && pegs_.size() + stops_.trailing.size() >= kMaxFollowers) return kTooManyFollowers;
        const bool waits = order.kind >= kStop && order.kind <= kTrailingStopLimit;
        if ((matching_ != kContinuous && matching_ != kFixedPrice) || waits || order.time_limit >= kAtOpen) return kFine;
        if (order.all_or_none) {
            if (whole_bids_.size() + whole_offers_.size() >= kMaxContingent &&
                obtainable(order, order.quantity_lots, max_fills).lots != order.quantity_lots)
                return kTooManyContingent;
            return kFine;
        }
        if (order.post_only && !peg && would_take(buys, order.price_ticks, order.quantity_lots)) return kWouldTrade;
        if (order.kind == kMarket && !would_take(buys, order.price_ticks, order.quantity_lots)) return kNoLiquidity;
        const Lots wanted = order.time_limit == kFok ? order.quantity_lots : order.minimum_lots;
        if (wanted != 0) {
            const Obtainable got = obtainable(order, wanted, max_fills);
            if (got.lots < wanted && !broken(14)) {
                if (got.cut) return kTooManyFills;
                return order.time_limit == kFok ? kNotFillable : kMinimumNotMet;
            }
        }
        return kFine;
    }

    bool phase_allows(const NewOrder& order) const {
        if (matching_ == kContinuous) return true;
        if ((matching_ != kCollect && matching_ != kFixedPrice) || order.all_or_none || order.minimum_lots != 0) return false;
        if (order.kind >= kPeggedBest || order.time_limit == kFok) return false;
        if (matching_ == kFixedPrice)
            return (order.kind == kLimit || order.kind == kMarket) && order.time_limit < kAtOpen;
        return order.time_limit != kIoc && order.max_notional_ticks == 0;
    }

    bool can_pair(const NewOrder& order) const {
        const std::uint32_t other = index_.find(order.oco_id);
        if (other == kNone || orders_[other].account != order.account_id) return false;
        if (orders_[other].rare() && orders_.rare(other).oco != 0) return false;
        const bool waits = order.kind >= kStop && order.kind <= kTrailingStopLimit;
        return orders_[other].place() == kAsStop || (waits && orders_[other].place() != kInHand);
    }

    // Whether anybody stands within a limit, all-or-none orders that could be filled included.
    bool would_take(bool buys, Ticks price, Lots lots) const {
        const Ticks limit = fixed_ != 0 ? fixed_ : price;
        if (buys ? offers_.reaches(limit) : bids_.reaches(limit)) return true;
        for (const std::uint32_t place : buys ? whole_offers_ : whole_bids_) {
            const Order& order = orders_[place];
            if (order.remaining <= lots && (buys ? order.price <= limit : order.price >= limit)) return true;
        }
        return false;
    }

    struct Obtainable {
        Lots lots;
        bool cut;
    };

    bool fills_whole(std::uint32_t place, std::int64_t max_fills) {
        const NewOrder order = sent_again(place);
        return obtainable(order, order.quantity_lots, max_fills).lots == order.quantity_lots;
    }
    // An order on its way, as if it were sent now.
    NewOrder sent_again(std::uint32_t place) const {
        NewOrder order = view(place).order;
        order.price_ticks = orders_[place].price;
        order.quantity_lots = orders_[place].remaining;
        return order;
    }
    Obtainable obtainable(const NewOrder& order, Lots wanted, std::int64_t max_fills) {
        return order.side == kBuy ? look<true>(order, wanted, max_fills) : look<false>(order, wanted, max_fills);
    }

    // What a taker would get, told beforehand; it goes the way of `take`, icebergs slice by slice.
    struct Looker {
        const NewOrder& order;
        std::int64_t max_fills;
        Ticks limit;
        Lots left;
        Lots enough;
        std::int64_t fills = 0;
        __int128 cost = 0;
        bool cut = false;
        bool over = false;
    };

    // One maker; whether the walk goes on.
    bool meet(Looker& walk, std::uint32_t place, Lots offered, bool all_of_it) const {
        const Order& maker = orders_[place];
        const Ticks price = fixed_ != 0 ? fixed_ : maker.price;
        Lots lots = std::min(offered, walk.left);
        if (all_of_it && lots < offered) return true;
        if (walk.order.max_notional_ticks != 0 && walk.cost + product(price, lots) > walk.order.max_notional_ticks) {
            if (all_of_it) return true;
            lots = static_cast<Lots>((walk.order.max_notional_ticks - walk.cost) / price);
            if (lots == 0) return !(walk.over = true);
        }
        if (walk.fills == walk.max_fills) {
            walk.cut = true;
            return !(walk.over = true);
        }
        if (own(walk.order, maker)) {
            if (walk.order.self_trade != kCancelOldest) return !(walk.over = true);
            ++walk.fills;
            return true;
        }
        ++walk.fills;
        walk.left -= lots;
        walk.cost += product(price, lots);
        if (walk.left <= walk.enough) return !(walk.over = true);
        return true;
    }

    static bool own(const NewOrder& order, const Order& maker) {
        return order.account_id == maker.account || (order.group_id != 0 && order.group_id == maker.group);
    }
    bool inside_band(Ticks price) const { return fixed_ != 0 || (price >= low_ && price <= high_); }

    template <bool buys>
    Obtainable look(const NewOrder& order, Lots wanted, std::int64_t max_fills) {
        Half<!buys>& other = half<!buys>();
        Looker walk{order, max_fills, fixed_ != 0 ? fixed_ : order.price_ticks, order.quantity_lots, order.quantity_lots - wanted};
        const Contingent& whole = buys ? whole_offers_ : whole_bids_;
        const std::uint32_t* next = whole.begin();
        const auto within = [&](Ticks price) { return inside_band(price) && (buys ? price <= walk.limit : price >= walk.limit); };
        for (Ticks price = other.best(); price != other.kNobody; price = other.next(price)) {
            if (buys ? price > walk.limit : price < walk.limit) break;
            for (; next != whole.end(); ++next) {  // at equal prices all-or-none orders come last
                const Ticks theirs = orders_[*next].price;
                if (buys ? theirs >= price : theirs <= price) break;
                if (within(theirs) && !meet(walk, *next, orders_[*next].remaining, true)) break;
            }
            if (walk.over || !inside_band(price)) return {order.quantity_lots - walk.left, walk.cut};
            if (!look_at_level(walk, other.at(price))) return {order.quantity_lots - walk.left, walk.cut};
        }
        for (; next != whole.end(); ++next)
            if (within(orders_[*next].price) && !meet(walk, *next, orders_[*next].remaining, true)) break;
        return {order.quantity_lots - walk.left, walk.cut};
    }

    // Displayed orders, then the further slices of icebergs in turn, then hidden orders; whether the walk goes on.
    bool look_at_level(Looker& walk, const Level& level) {
        slices_.clear();
        std::uint32_t place = level.oldest;
        for (; place != kNone && !orders_[place].hidden(); place = orders_[place].newer) {
            const Lots shows = shown(place);
            const Order& maker = orders_[place];
            if (!meet(walk, place, shows, false)) return false;
            if (maker.remaining > shows && !(walk.order.self_trade == kCancelOldest && own(walk.order, maker)))
                slices_.push({place, maker.remaining - shows});
        }
        for (std::size_t at = 0; at < slices_.size(); ++at) {
            const Due reserve = slices_[at];
            const Lots slice = std::min(orders_.rare(reserve.place).display, reserve.lots);
            if (!meet(walk, reserve.place, slice, false)) return false;
            if (reserve.lots > slice) slices_.push({reserve.place, reserve.lots - slice});
        }
        for (; place != kNone; place = orders_[place].newer)
            if (!meet(walk, place, orders_[place].remaining, false)) return false;
        return true;
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

    CurvePoint point(const Level& level, Ticks price) const {
        bool wished = true;
        if (level.extra != kNone) wished = extras_[level.extra].count > extras_[level.extra].unpriced;
        return {price, level.lots, wished};
    }

    template <class Side>
    void list_levels(Side& half, std::size_t limit) {
        for (Ticks price = half.best(); price != half.kNobody; price = half.next(price)) {
            const Level& level = half.at(price);
            if (level.shown == 0) continue;
            std::uint32_t count = 0;
            for (std::uint32_t place = level.oldest; place != kNone && !orders_[place].hidden(); place = orders_[place].newer)
                count += orders_.shown(place) != 0 ? 1 : 0;
            views_.push({price, level.shown, count});
            if (views_.size() == limit) return;
        }
    }

    // Ask for the memory of commands that come soon, step by step: a book that fits no cache mostly waits for it. It must
    // be inlined, for a compiler finds that the function has no effect, and leaves its calls out.
    [[gnu::always_inline]] inline void fetch_ahead(const CommandRecord* commands, std::size_t count, std::size_t at) const {
        constexpr std::size_t kFar = 12, kNear = 8, kNext = 4;
        if (at + kFar >= count) return;
        const CommandRecord& far = commands[at + kFar];
        if (far.op == kCancel || far.op == kSubmit) index_.fetch(far.numbers[0]);
        const CommandRecord& near = commands[at + kNear];
        if (near.op == kCancel) {
            if (const std::uint32_t place = find(near.numbers[0]); place != kNone) __builtin_prefetch(&orders_[place], 1);
        } else if (near.op == kSubmit) {
            if (near.side == kBuy) bids_.fetch(near.numbers[3]);
            else offers_.fetch(near.numbers[3]);
        }
        const CommandRecord& next = commands[at + kNext];
        if (next.op == kCancel) {
            const std::uint32_t place = find(next.numbers[0]);
            if (place == kNone) return;
            const Order& order = orders_[place];
            if (order.side() == kBuy) bids_.fetch(order.price);
            else offers_.fetch(order.price);
            if (order.older != kNone) __builtin_prefetch(&orders_[order.older], 1);
            if (order.newer != kNone) __builtin_prefetch(&orders_[order.newer], 1);
        } else if (next.op == kSubmit) {
            const Level* level = next.side == kBuy ? bids_.near(next.numbers[3]) : offers_.near(next.numbers[3]);
            if (level != nullptr && level->newest != kNone) __builtin_prefetch(&orders_[level->newest], 1);
        }
    }

    // --- Inside ------------------------------------------------------------------------------------------------------

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
    const Waiting* waiting_for_call() const { return const_cast<Book*>(this)->waiting_for_call(); }

    void drop_peg(std::uint32_t place) {
        std::size_t kept = 0;
        for (std::size_t at = 0; at < pegs_.size(); ++at)
            if (pegs_[at] != place) pegs_[kept++] = pegs_[at];
        pegs_.shorten(kept);
    }

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

    [[gnu::always_inline]] inline void say(std::uint8_t kind, std::uint8_t side, std::uint8_t reason, std::uint8_t flags, std::int64_t order,
             std::int64_t other, Ticks price, Lots lots, Lots remaining, Lots other_remaining, std::int64_t priority) {
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

    static NewOrder order_of(const CommandRecord& record, const CommandRecord* more) {
        NewOrder order;
        order.order_id = record.numbers[0];
        order.account_id = record.numbers[1];
        order.group_id = record.numbers[2];
        order.price_ticks = record.numbers[3];
        order.quantity_lots = record.numbers[4];
        order.max_notional_ticks = record.numbers[5];
        order.side = record.side;
        order.kind = record.kind;
        order.time_limit = record.time_limit;
        order.self_trade = record.self_trade;
        order.hidden = (record.flags & kHidden) != 0;
        order.post_only = (record.flags & kPostOnly) != 0;
        order.all_or_none = (record.flags & kAllOrNone) != 0;
        if (more != nullptr) {
            order.display_lots = more->numbers[0];
            order.minimum_lots = more->numbers[1];
            order.stop_ticks = more->numbers[2];
            order.trail_ticks = more->numbers[3];
            order.offset_ticks = more->numbers[4];
            order.oco_id = more->numbers[5];
        }
        return order;
    }
    void perform(const CommandRecord& record) {
        const std::int64_t* const n = record.numbers;
        switch (record.op) {
            case kCancelWhere: return cancel_where(n[1], n[2], record.side, record.kind, record.max_fills);
            case kReplace: return replace(n[0], n[3], n[4], n[5], record.max_fills);
            case kSetPhase: return set_phase(record.side, record.kind, n[3], record.max_fills);
            case kSetReferences: return set_references(n[0], n[1], n[2], n[3]);
            case kUncrossBegin: return uncross_begin();
            case kUncrossContinue: return uncross_continue(record.max_fills);
            default: return go_on(record.max_fills);
        }
    }

    template <bool buys>
    const char* fault_of(Half<buys>& half, std::size_t& seen);

    struct Part {
        std::int64_t order_id;
        Lots lots;
        Lots remainder;
        std::uint32_t turn;
    };

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

// --- Proof -----------------------------------------------------------------------------------------------------------

template <bool buys>
const char* Book::fault_of(Half<buys>& half, std::size_t& seen) {
    if (!half.holds_together()) return "the prices of a side are in order, and each has its level";
    for (Ticks price = half.best(); price != half.kNobody; price = half.next(price)) {
        const Level& level = half.at(price);
        Lots lots = 0, shown_lots = 0;
        std::uint32_t anchors = 0, unpriced = 0, count = 0, first_hidden = kNone, older = kNone;
        std::uint64_t number = 0;
        for (std::uint32_t place = level.oldest; place != kNone; place = orders_[place].newer) {
            const Order& order = orders_[place];
            if (order.older != older) return "neighbours in a queue know each other";
            if (order.place() != kInQueue || order.price != price || (order.side() == kBuy) != buys)
                return "an order stands at its side and price";
            if (order.remaining <= 0) return "an open order has lots left";
            if (orders_.shown(place) < 0 || orders_.shown(place) > order.remaining) return "an order shows no more than it has";
            if (order.hidden() && orders_.shown(place) != 0) return "a hidden order shows nothing";
            if (order.hidden() && first_hidden == kNone) {
                first_hidden = place;
                number = 0;
            }
            if (!order.hidden() && first_hidden != kNone) return "hidden orders stand behind displayed ones";
            if (order.priority <= number) return "numbers ascend in a queue";
            number = order.priority;
            lots += order.remaining;
            shown_lots += orders_.shown(place);
            anchors += !order.hidden() && !pegged(order) ? 1 : 0;
            unpriced += takes_only(order) ? 1 : 0;
            older = place;
            if (++count > open_) return "a queue ends";
        }
        if (level.newest != older || count == 0) return "a level is never empty and knows its last order";
        if (level.lots != lots) return "a level's lots are its orders' lots";
        if (level.shown != shown_lots) return "a level shows what its orders show";
        if (level.anchors != anchors) return "a level counts the orders that pegs follow";
        if (level.extra == kNone) {
            if (first_hidden != kNone || unpriced != 0) return "a level knows its hidden and its market orders";
        } else {
            const Extra& extra = extras_[level.extra];
            if (extra.first_hidden != first_hidden || extra.unpriced != unpriced || extra.count != count)
                return "a level knows its hidden and its market orders";
        }
        seen += count;
    }
    return nullptr;
}

inline const char* Book::fault() {
    std::size_t queued = 0, placed = 0, open = 0, pegs = 0, auction_only_orders = 0, trailing = 0, waiting = 0, stops = 0;
    if (const char* promise = fault_of(bids_, queued)) return promise;
    if (const char* promise = fault_of(offers_, queued)) return promise;
    const List<std::uint32_t>& places = by_priority();
    std::uint64_t number = 0;
    for (const std::uint32_t place : places) {
        const Order& order = orders_[place];
        ++open;
        if (index_.find(order.id) != place) return "every open order is known by its id";
        if (order.priority <= number || order.priority >= next_priority_) return "numbers come from the book, each once";
        number = order.priority;
        if (order.remaining <= 0) return "an open order has lots left";
        if (order.place() == kInQueue) {
            ++placed;
            pegs += pegged(order) ? 1 : 0;
            auction_only_orders += auction_only(order) ? 1 : 0;
        } else if (order.place() == kAsStop) {
            ++stops;
            trailing += orders_.rare(place).trail != 0 ? 1 : 0;
        } else if (order.place() == kForCall) {
            ++waiting;
        } else if (order.place() != kOutside && !(order.place() == kInHand && place == in_hand_)) {
            return "an order has one place";
        }
        if (order.rare() && orders_.rare(place).oco != 0) {
            const std::uint32_t other = index_.find(orders_.rare(place).oco);
            if (other == kNone || !orders_[other].rare() || orders_.rare(other).oco != order.id)
                return "two orders of a pair name each other";
        }
    }
    if (open != open_ || placed != queued) return "every open order has one place";
    for (const bool buys : {true, false}) {
        for (Ticks level = stops_.waiting(buys).up(0); level <= kMaxTicks; level = stops_.waiting(buys).up(level + 1)) {
            std::uint64_t last = 0;
            for (std::uint32_t place = stops_.waiting(buys).find(level)->oldest; place != kNone; place = orders_[place].newer) {
                const Order& order = orders_[place];
                if (order.place() != kAsStop || orders_.rare(place).level != level || (order.side() == kBuy) != buys)
                    return "a stop stands at its level";
                if (order.priority <= last) return "stops at one level stand by number";
                last = order.priority;
                --stops;
            }
        }
    }
    if (stops != 0) return "every waiting stop stands at a level";
    for (const Waiting& call : calls_)
        for (std::uint32_t place = call.oldest; place != kNone; place = orders_[place].newer) --waiting;
    if (waiting != 0) return "every order that waits for a call stands in its list";
    if (pegs != pegs_.size()) return "pegs are known";
    if (trailing != stops_.trailing.size()) return "trailing stops are known";
    if (auction_only_orders != auction_only_count_) return "what lives for an auction is known";
    if (pegs + trailing > kMaxFollowers) return "followers are bounded";
    if (whole_bids_.size() + whole_offers_.size() > kMaxContingent) return "all-or-none orders are bounded";
    if (matching_ == kContinuous && crossed()) return "the book is not crossed while it trades";
    if (matching_ == kContinuous && auction_only_count_ != 0) return "what lives for an auction does not outlive it";
    if (uncross_lots_ != 0 && matching_ != kUncrossing) return "lots are due only in an auction";
    return nullptr;
}

}  // namespace matching
