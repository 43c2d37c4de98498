// Orders by number.
//
// An order's number is its command's place in the journal times 1,024, so numbers are dense and rise: a page of 4,096
// places a stretch of the journal, found by two reads. Pages that became empty are used again. Whatever is not that
// regular (two orders of one command, a number far from all others) goes to a hash table with open addresses.

#pragma once

#include <cstdint>

#include "storage.hpp"

namespace matching {

class Index {
public:
    explicit Index(Memory& memory) : memory_(memory), pages_(memory), spare_(memory) {
        directory_.grow(memory, kMostPages);  // costs nothing where it is not touched
    }

    // The place of an order, or kNone.
    std::uint32_t find(std::int64_t id) const {
        if (regular(id)) {
            const std::uint64_t page = page_of(id);
            if (page < kMostPages && directory_[page] != kNone) {
                const std::uint32_t place = pages_[directory_[page]].places[slot_of(id)];
                if (place != kNone) return place;
            }
        }
        return hashed_ == 0 ? kNone : table_[probe(id)].place;
    }

    // Whether an order is known; a number above all that were ever known is not, and new orders have such numbers.
    bool knows(std::int64_t id) const { return id <= highest_ && find(id) != kNone; }

    // Ask for the memory where an order would be found.
    [[gnu::always_inline]] inline void fetch(std::int64_t id) const {
        if (!regular(id)) return;
        const std::uint64_t page = page_of(id);
        if (page < kMostPages && directory_[page] != kNone)
            __builtin_prefetch(&pages_[directory_[page]].places[slot_of(id)], 1);
    }

    // Remember an order that is not known yet.
    void insert(std::int64_t id, std::uint32_t place) {
        if (id > highest_) highest_ = id;
        if (regular(id)) {
            if (empty_) {
                first_page_ = (static_cast<std::uint64_t>(id) >> kPageShift);
                empty_ = false;
            }
            const std::uint64_t page = page_of(id);
            if (page < kMostPages) {
                if (directory_[page] == kNone) directory_[page] = take_page();
                Page& stretch = pages_[directory_[page]];
                stretch.places[slot_of(id)] = place;
                ++stretch.count;
                return;
            }
        }
        if ((hashed_ + 1) * 2 > table_.size()) rehash();
        table_[probe(id)] = {id, place};
        ++hashed_;
    }

    // Forget an order that is known.
    void erase(std::int64_t id) {
        if (regular(id)) {
            const std::uint64_t page = page_of(id);
            if (page < kMostPages && directory_[page] != kNone) {
                Page& stretch = pages_[directory_[page]];
                if (stretch.places[slot_of(id)] != kNone) {
                    stretch.places[slot_of(id)] = kNone;
                    if (--stretch.count == 0) {
                        spare_.push(directory_[page]);
                        directory_[page] = kNone;
                    }
                    return;
                }
            }
        }
        unhash(id);
    }

private:
    static constexpr int kPageShift = 22;  // 10 bits of ordinal, 12 bits of place in the page
    static constexpr std::uint64_t kMostPages = std::uint64_t{1} << kDirectoryBits;

    struct Page {
        std::uint32_t places[4096];
        std::uint32_t count;
    };
    struct Entry {
        std::int64_t id;
        std::uint32_t place;
    };

    static bool regular(std::int64_t id) { return (id & 1023) == 0; }
    static std::uint32_t slot_of(std::int64_t id) { return static_cast<std::uint32_t>(id >> 10) & 4095; }
    // A number below the first page wraps to a huge one, which no directory has.
    std::uint64_t page_of(std::int64_t id) const {
        return (static_cast<std::uint64_t>(id) >> kPageShift) - first_page_;
    }

    std::uint32_t take_page() {
        if (spare_.empty()) return pages_.take();
        const std::uint32_t page = spare_[spare_.size() - 1];  // all its places are kNone again
        spare_.shorten(spare_.size() - 1);
        return page;
    }

    std::uint64_t home(std::int64_t id) const {
        const std::uint64_t mixed = static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15ULL;
        return (mixed ^ (mixed >> 29)) & (table_.size() - 1);
    }
    // Where an order is, or where it would go: at most half of the table is taken, so the walk ends.
    std::uint64_t probe(std::int64_t id) const {
        std::uint64_t at = home(id);
        while (table_[at].place != kNone && table_[at].id != id) at = (at + 1) & (table_.size() - 1);
        return at;
    }
    void rehash() {
        Block<Entry> old = std::move(table_);
        table_ = Block<Entry>();
        table_.grow(memory_, old.size() == 0 ? 64 : 2 * old.size());
        for (std::size_t at = 0; at < old.size(); ++at)
            if (old[at].place != kNone) table_[probe(old[at].id)] = old[at];
    }
    void unhash(std::int64_t id) {
        if (hashed_ == 0) return;
        std::uint64_t hole = probe(id);
        if (table_[hole].place == kNone) return;
        const std::uint64_t mask = table_.size() - 1;
        for (std::uint64_t at = (hole + 1) & mask; table_[at].place != kNone; at = (at + 1) & mask) {
            if (((at - home(table_[at].id)) & mask) < ((at - hole) & mask)) continue;  // it stands behind its home
            table_[hole] = table_[at];
            hole = at;
        }
        table_[hole] = {0, kNone};
        --hashed_;
    }

    Memory& memory_;
    Pool<Page> pages_;
    List<std::uint32_t> spare_;
    Block<std::uint32_t> directory_;
    std::int64_t highest_ = 0;
    std::uint64_t first_page_ = 0;
    bool empty_ = true;
    Block<Entry> table_;
    std::uint64_t hashed_ = 0;
};

}  // namespace matching
