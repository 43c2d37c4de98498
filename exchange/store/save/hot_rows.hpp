// What a batch's order events change, merged by row: the arithmetic-free half of saving, without a Python object.
//
// The readable twin is hot.py with changes.py. A row touched often is kept once, with its last values, at the place
// where it was first touched. Texts are views of the journal rows' own bytes, which outlive this.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "order_events.hpp"

namespace exchange {

// A changed column of an order's row, as a bit; in the order in which the table has them.
enum OrderColumn : std::uint32_t {
    client_order_id = 1,
    price_ticks = 2,
    quantity_lots = 4,
    remaining_lots = 8,
    hold_units = 16,
    notional_minor = 32,
    charged_minor = 64,
    priority = 128,
    status = 256,
};

// The texts that columns repeat: sides, kinds of order, how long it stands, what became of it.
inline constexpr std::array<std::string_view, 11> words = {"buy", "sell", "limit", "market", "day",      "gtc",
                                                            "ioc", "fok",  "open",  "filled", "cancelled"};

// A repeated text's place among them; -1: another text.
inline int place_of(std::string_view text) {
    for (std::size_t place = 0; place < words.size(); ++place) {
        if (words[place] == text) return static_cast<int>(place);
    }
    return -1;
}

struct OrderRow {
    Accepted terms;  // of an order new in this batch, with its latest price, quantity and hold; else only what changed
    std::int64_t remaining_lots = 0, notional_minor = 0, charged_minor = 0, priority = 0, epoch = 0, entered_by = 0;
    std::string_view status;
    std::uint32_t changed = 0;
    bool is_new = false;
};

struct TradeRow {
    Trade trade;
    std::int64_t at_ns = 0;
};

struct PostingRow {
    std::int64_t posting_id = 0;
    Posting posting;
};

struct BalanceRow {
    std::int64_t asset_id = 0, account_id = 0, units = 0, held_units = 0, last_sequence = 0;
    bool posted = false, held = false;
};

struct ChannelRow {
    std::int64_t account_id = 0, n = 0, sequence = 0;
};

struct NumbersRow {
    std::int64_t instrument_id = 0, book_n = 0, trade_n = 0, last_price_ticks = 0;
    bool traded = false;
};

// Rows by key, in the order in which they were first touched.
template <typename Key, typename Row, typename Hash = std::hash<Key>>
class Rows {
public:
    std::vector<Row> rows;

    Row& at(const Key& key) {
        const auto [found, is_new] = places_.try_emplace(key, rows.size());
        if (is_new) rows.emplace_back();
        return rows[found->second];
    }

private:
    std::unordered_map<Key, std::size_t, Hash> places_;
};

struct PairHash {
    std::size_t operator()(const std::pair<std::int64_t, std::int64_t>& key) const {
        return static_cast<std::size_t>(key.first * 0x9e3779b97f4a7c15LL ^ key.second);
    }
};

class HotRows {
public:
    static constexpr std::int64_t ordinals = 1024;  // exchange.core.ids.ORDINALS

    Rows<std::int64_t, OrderRow> orders;
    std::vector<TradeRow> trades;
    std::vector<PostingRow> postings;
    Rows<std::pair<std::int64_t, std::int64_t>, BalanceRow, PairHash> balances;
    Rows<std::int64_t, ChannelRow> channels;
    Rows<std::int64_t, NumbersRow> numbers;

    // Takes one journal row's events, all or nothing; false leaves them to the readable half.
    bool take(std::int64_t sequence, std::int64_t epoch, std::int64_t at_ns, std::int64_t principal, const char* data,
              std::size_t size) {
        try {
            if (!read(data, size)) return false;
        } catch (const Unreadable&) {
            return false;
        }
        sequence_ = sequence;
        epoch_ = epoch;
        at_ns_ = at_ns;
        principal_ = principal;
        for (std::size_t place = 0; place < kinds_.size(); ++place) {
            switch (kinds_[place].first) {
                case Kind::accepted: save(accepted_[kinds_[place].second]); break;
                case Kind::trade: save(trades_[kinds_[place].second]); break;
                case Kind::cancelled: save(cancelled_[kinds_[place].second]); break;
                default: save(replaced_[kinds_[place].second]); break;
            }
        }
        return true;
    }

    // An order's row, to be given what the readable half says of it.
    OrderRow& order(std::int64_t order_id) {
        auto& row = orders.at(order_id);
        row.terms.order_id = order_id;
        return row;
    }

    BalanceRow& balance(std::int64_t account_id, std::int64_t asset_id) {
        auto& row = balances.at({asset_id, account_id});
        row.asset_id = asset_id;
        row.account_id = account_id;
        return row;
    }

    void hold(std::int64_t account_id, std::int64_t asset_id, std::int64_t held_units) {
        auto& row = balance(account_id, asset_id);
        row.held_units = held_units;
        row.held = true;
    }

    void post(std::int64_t account_id, std::int64_t asset_id, std::int64_t units, std::int64_t last_sequence) {
        auto& row = balance(account_id, asset_id);
        row.units = units;
        row.last_sequence = last_sequence;
        row.posted = true;
    }

    void tell(std::int64_t account_id, std::int64_t n, std::int64_t sequence) {
        channels.at(account_id) = {account_id, n, sequence};
    }

    void number(std::int64_t instrument_id, std::int64_t book_n) {
        auto& row = numbers.at(instrument_id);
        row.instrument_id = instrument_id;
        row.book_n = book_n;
    }

    void number(std::int64_t instrument_id, std::int64_t book_n, std::int64_t trade_n, std::int64_t price) {
        numbers.at(instrument_id) = {instrument_id, book_n, trade_n, price, true};
    }

    // A text that no journal row's bytes hold, kept for as long as this.
    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

private:
    // Reads a row's events into memory that is used again; false if one is of another kind.
    bool read(const char* data, std::size_t size) {
        kinds_.clear();
        accepted_.clear();
        trades_.clear();
        cancelled_.clear();
        replaced_.clear();
        Reader from(data, size);
        for (auto left = from.array(); left > 0; --left) {
            const auto kind = begin(from);
            switch (kind) {
                case Kind::accepted: add(kind, accepted_, from); break;
                case Kind::trade: add(kind, trades_, from); break;
                case Kind::cancelled: add(kind, cancelled_, from); break;
                case Kind::replaced: add(kind, replaced_, from); break;
                default: return false;
            }
        }
        for (const auto& trade : trades_) {
            if (trade.posting_count < 3) return false;  // the third names the right
        }
        return from.at_end();
    }

    template <typename Event>
    void add(Kind kind, std::vector<Event>& events, Reader& from) {
        kinds_.emplace_back(kind, events.size());
        exchange::read(from, events.emplace_back());
    }

    void save(const Accepted& event) {
        auto& row = order(event.order_id);
        row = OrderRow{};
        row.terms = event;
        row.remaining_lots = event.quantity_lots;
        row.priority = event.order_id;
        row.epoch = epoch_;
        row.entered_by = principal_;
        row.status = "open";
        row.is_new = true;
        hold(event.account_id, event.hold_asset_id, event.held_after);
        tell(event.account_id, event.mark.n, sequence_);
        number(event.instrument_id, event.book_n);
    }

    void save(const Trade& event) {
        trades.push_back({event, at_ns_});
        const auto first = sequence_ * ordinals;
        auto place = !postings.empty() && postings.back().posting_id >= first ? postings.back().posting_id + 1 : first;
        for (int leg = 0; leg < event.posting_count; ++leg) {
            const auto& posting = event.postings[static_cast<std::size_t>(leg)];
            postings.push_back({place++, posting});
            post(posting.account_id, posting.asset_id, posting.balance_after, sequence_);
        }
        save(event.buyer);
        save(event.seller);
        hold(event.buyer.account_id, event.postings[0].asset_id, event.buyer.held_after);
        hold(event.seller.account_id, event.postings[2].asset_id, event.seller.held_after);
        number(event.instrument_id, event.book_n, event.trade_n, event.price_ticks);
    }

    void save(const TradeSide& side) {
        auto& row = order(side.order_id);
        row.remaining_lots = side.remaining_lots;
        row.terms.hold_units = side.hold_units;
        row.notional_minor = side.notional_minor;
        row.charged_minor = side.charged_minor;
        row.changed |= remaining_lots | hold_units | notional_minor | charged_minor;
        if (side.remaining_lots == 0) {
            row.status = "filled";
            row.changed |= status;
        }
        tell(side.account_id, side.mark.n, sequence_);
    }

    void save(const Cancelled& event) {
        auto& row = order(event.order_id);
        row.terms.hold_units = 0;
        row.status = "cancelled";
        row.changed |= hold_units | status;
        hold(event.account_id, event.hold_asset_id, event.held_after);
        tell(event.account_id, event.mark.n, sequence_);
        number(event.instrument_id, event.book_n);
    }

    void save(const Replaced& event) {
        auto& row = order(event.order_id);
        row.terms.client_order_id = event.client_order_id;
        row.terms.price_ticks = event.price_ticks;
        row.terms.quantity_lots = event.quantity_lots;
        row.remaining_lots = event.remaining_lots;
        row.terms.hold_units = event.hold_units;
        row.changed |= client_order_id | price_ticks | quantity_lots | remaining_lots | hold_units;
        if (event.priority == sequence_) {  // it left its place, and has the number its command gives first
            row.priority = sequence_ * ordinals;
            row.changed |= priority;
        }
        hold(event.account_id, event.hold_asset_id, event.held_after);
        tell(event.account_id, event.mark.n, sequence_);
        number(event.instrument_id, event.book_n);
    }

    std::int64_t sequence_ = 0, epoch_ = 0, at_ns_ = 0, principal_ = 0;
    std::vector<std::pair<Kind, std::size_t>> kinds_;
    std::vector<Accepted> accepted_;
    std::vector<Trade> trades_;
    std::vector<Cancelled> cancelled_;
    std::vector<Replaced> replaced_;
    std::deque<std::string> texts_;
};

}  // namespace exchange
