// Which of 2^18 places are taken (fewer in a small build): a bit each, and two storeys that say which words below are
// not zero.
//
// The next taken place is three words away at most, however far it is.

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "storage.hpp"

namespace matching {

class Bitmap {
public:
    static constexpr std::int64_t kPlaces = std::int64_t{1} << kWindowBits;

    explicit Bitmap(Memory& memory) {
        low_.grow(memory, kPlaces >> 6);
        middle_.grow(memory, kPlaces >> 12);
    }

    bool has(std::int64_t at) const { return (low_[at >> 6] >> (at & 63) & 1) != 0; }
    bool none() const { return top_ == 0; }

    void set(std::int64_t at) {
        low_[at >> 6] |= bit(at);
        middle_[at >> 12] |= bit(at >> 6);
        top_ |= bit(at >> 12);
    }

    void clear(std::int64_t at) {
        if ((low_[at >> 6] &= ~bit(at)) != 0) return;
        if ((middle_[at >> 12] &= ~bit(at >> 6)) != 0) return;
        top_ &= ~bit(at >> 12);
    }

    // The first taken place at or above `at`, or kPlaces.
    std::int64_t up(std::int64_t at) const {
        if (at >= kPlaces) return kPlaces;
        std::uint64_t word = low_[at >> 6] >> (at & 63);
        if (word != 0) return at + std::countr_zero(word);
        std::int64_t block = (at >> 6) + 1;
        if ((block & 63) != 0) {
            word = middle_[block >> 6] >> (block & 63);
            if (word != 0) return lowest(block + std::countr_zero(word));
            block = (block | 63) + 1;
        }
        const std::int64_t roof = block >> 6;
        if (roof > 63) return kPlaces;
        word = top_ >> roof;
        if (word == 0) return kPlaces;
        const std::int64_t part = roof + std::countr_zero(word);
        return lowest((part << 6) + std::countr_zero(middle_[part]));
    }

    // The last taken place at or below `at`, or -1.
    std::int64_t down(std::int64_t at) const {
        if (at < 0) return -1;
        std::uint64_t word = low_[at >> 6] << (63 - (at & 63));
        if (word != 0) return at - std::countl_zero(word);
        const std::int64_t block = (at >> 6) - 1;
        if (block < 0) return -1;
        word = middle_[block >> 6] << (63 - (block & 63));
        if (word != 0) return highest(block - std::countl_zero(word));
        const std::int64_t roof = (block >> 6) - 1;
        if (roof < 0) return -1;
        word = top_ << (63 - roof);
        if (word == 0) return -1;
        const std::int64_t part = roof - std::countl_zero(word);
        return highest((part << 6) + 63 - std::countl_zero(middle_[part]));
    }

private:
    static std::uint64_t bit(std::int64_t at) { return std::uint64_t{1} << (at & 63); }
    std::int64_t lowest(std::int64_t block) const { return (block << 6) + std::countr_zero(low_[block]); }
    std::int64_t highest(std::int64_t block) const { return (block << 6) + 63 - std::countl_zero(low_[block]); }

    Block<std::uint64_t> low_, middle_;
    std::uint64_t top_ = 0;
};

}  // namespace matching
