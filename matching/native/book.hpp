// The order book in C++: matching/order_book.py once more, operation for operation, event for event.
//
// Read before it: words.hpp (the numbers on the wire), storage.hpp (memory that only grows), bitmap.hpp and ladder.hpp
// (prices in order), index.hpp (orders by id), order.hpp, queues.hpp, stops.hpp, auction.hpp; then the book itself,
// part on part: book_parts.hpp, book_reading.hpp, book_places.hpp, book_checks.hpp, book_trading.hpp,
// book_uncrossing.hpp. _book.pyx is what Python sees. The plain book decides what is right; tests/matching/differential
// plays the same tapes on both.
//
// What is different is only where things lie: levels in arrays under a bitmap, orders in a pool linked by 32-bit
// numbers, ids in pages, events in one buffer. Orders without rare conditions touch nothing of what the others need. In
// steady state no message asks the machine for memory; `Memory::requests` counts, and a test asserts it.
//
// Every loop ends: it walks a queue, a side's levels or a list that it does not lengthen, or is counted by `max_fills`.

#pragma once

#include <algorithm>
#include <cstdint>

#include "book_uncrossing.hpp"

namespace matching {

class Book : public Uncrossing {
public:
    using Uncrossing::Uncrossing;

    // Ask for the memory of a price that an order is about to name.
    [[gnu::always_inline]] inline void fetch(int side, Ticks price) const {
        if (side == kBuy) bids_.fetch(price);
        else offers_.fetch(price);
    }

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

    void cancel_where(std::int64_t account, std::int64_t group, std::uint8_t side, std::uint8_t reason,
                      std::int64_t most) {
        if (matching_ == kUncrossing) return refuse(kPhase, 0);
        if (most <= 0) return refuse(kRecordInvalid, 0);
        places_.clear();
        for (std::uint32_t place = 1; place < orders_.pool().used(); ++place) {
            const Order& order = orders_[place];
            if (open_here(place) && (account == 0 || account == order.account) &&
                (group == 0 || group == order.group) && (side == 0 || side == order.side()))
                places_.push(place);
        }
        const auto by_id = [this](std::uint32_t one, std::uint32_t other) {
            return orders_[one].id < orders_[other].id;
        };
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

    // Go on with what earlier operations left pending (`continue_`).
    void go_on(std::int64_t max_fills) {
        if (matching_ == kUncrossing) return refuse(kPhase, 0);
        if (max_fills <= 0 || max_fills > kMaxFills) return refuse(kRecordInvalid, 0);
        follow_up(max_fills);
    }

    // Whether `number_from` takes a number.
    static bool carries(std::int64_t priority) { return priority >= 0 && priority <= kMaxPriority; }

    // The next to join a queue gets at least this number; the caller has looked at its range.
    void number_from(std::int64_t priority) {
        const auto told = static_cast<std::uint64_t>(priority);
        next_priority_ = broken(15) && told != 0 ? told : std::max(next_priority_, told);
    }

    // What is wrong with a batch, or nullptr: nothing is done before that is known.
    static const char* malformed(const CommandRecord* commands, std::size_t count) {
        for (std::size_t at = 0; at < count; ++at) {
            const std::uint8_t op = commands[at].op;
            if (op == kMoreOp) return "a second record without its first";
            if (op < kSubmit || op > kNumberFrom) return "an operation that does not exist";
            if (op == kNumberFrom && !carries(commands[at].numbers[0])) return "a number fits what carries it";
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
                if (plain_record(record) && matching_ == kContinuous) [[likely]] {
                    submit_plain(n[0], n[1], n[3], n[4], record.side, record.time_limit, record.self_trade,
                                 record.max_fills);
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

private:
    static constexpr std::size_t kManyOrders = 8192;

    // Ask for the memory of commands that come soon, step by step: a book that fits no cache mostly waits for it. It
    // must be inlined, for a compiler finds that the function has no effect, and leaves its calls out.
    [[gnu::always_inline]] inline void fetch_ahead(const CommandRecord* commands, std::size_t count,
                                                   std::size_t at) const {
        constexpr std::size_t kFar = 12, kNear = 8, kNext = 4;
        if (at + kFar >= count) return;
        const CommandRecord& far = commands[at + kFar];
        if (far.op == kCancel || far.op == kSubmit) index_.fetch(far.numbers[0]);
        const CommandRecord& near = commands[at + kNear];
        if (near.op == kCancel) {
            if (const std::uint32_t place = find(near.numbers[0]); place != kNone)
                __builtin_prefetch(&orders_[place], 1);
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
            case kCancelWhere:
                return cancel_where(n[1], n[2], record.side, record.kind, record.max_fills);
            case kReplace:
                return replace(n[0], n[3], n[4], n[5], record.max_fills);
            case kSetPhase:
                return set_phase(record.side, record.kind, n[3], record.max_fills);
            case kSetReferences:
                return set_references(n[0], n[1], n[2], n[3]);
            case kUncrossBegin:
                return uncross_begin();
            case kUncrossContinue:
                return uncross_continue(record.max_fills);
            case kNumberFrom:
                return number_from(n[0]);
            default:
                return go_on(record.max_fills);
        }
    }

    template <bool buys>
    const char* fault_of(Half<buys>& half, std::size_t& seen);
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
            if (orders_.shown(place) < 0 || orders_.shown(place) > order.remaining)
                return "an order shows no more than it has";
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
    std::size_t queued = 0, placed = 0, open = 0, pegs = 0, auction_only_orders = 0, trailing = 0, waiting = 0,
                stops = 0;
    if (const char* promise = fault_of(bids_, queued)) return promise;
    if (const char* promise = fault_of(offers_, queued)) return promise;
    const List<std::uint32_t>& places = by_priority();
    std::uint64_t number = 0;
    for (const std::uint32_t place : places) {
        const Order& order = orders_[place];
        ++open;
        if (index_.find(order.id) != place) return "every open order is known by its id";
        if (order.priority <= number || order.priority >= next_priority_)
            return "numbers come from the book, each once";
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
            for (std::uint32_t place = stops_.waiting(buys).find(level)->oldest; place != kNone;
                 place = orders_[place].newer) {
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
