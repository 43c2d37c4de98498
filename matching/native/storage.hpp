// Memory that is taken while a book grows and never while it works.
//
// Every container of the book takes its memory here and counts it, so that a test can assert what the design promises:
// a book that has reached its size processes messages without a single allocation.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

namespace matching {

inline constexpr std::uint32_t kNone = 0;  // place 0 of every pool is nobody

// How far prices and ids may lie from each other before they are found on the slower road, in bits. In a small build,
// which tests use, both happen all the time.
#ifdef MATCHING_SMALL
inline constexpr int kWindowBits = 12, kDirectoryBits = 4;
#else
inline constexpr int kWindowBits = 18, kDirectoryBits = 22;
#endif

// How often memory was asked of the machine; one counter a book.
struct Memory {
    std::uint64_t requests = 0;
};

// Zeroed memory. Large blocks come straight from the machine, which zeroes a page when it is first touched; a general
// allocator that had one back before would zero, and so touch, all of it.
inline constexpr std::size_t kLarge = std::size_t{1} << 20;

inline void* zeroed(std::size_t bytes) {
#if defined(__unix__) || defined(__APPLE__)
    if (bytes >= kLarge) {
        void* given = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (given == MAP_FAILED) throw std::bad_alloc();
        return given;
    }
#endif
    void* given = std::calloc(1, bytes);
    if (given == nullptr) throw std::bad_alloc();
    return given;
}

inline void give_back(void* block, std::size_t bytes) {
#if defined(__unix__) || defined(__APPLE__)
    if (bytes >= kLarge) {
        munmap(block, bytes);
        return;
    }
#endif
    std::free(block);
}

// A block of zeroed memory that can be read before it was written; large ones cost nothing until they are touched.
template <class T>
class Block {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    Block() = default;
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    Block(Block&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Block& operator=(Block&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Block() {
        if (data_ != nullptr) give_back(data_, size_ * sizeof(T));
    }

    // Make room for `size` values; what was there stays, what is new is zero.
    void grow(Memory& memory, std::size_t size) {
        ++memory.requests;
        T* grown = static_cast<T*>(zeroed(size * sizeof(T)));
        if (size_ != 0) {
            std::memcpy(static_cast<void*>(grown), data_, size_ * sizeof(T));
            give_back(data_, size_ * sizeof(T));
        }
        data_ = grown;
        size_ = size;
    }

    T& operator[](std::size_t at) { return data_[at]; }
    const T& operator[](std::size_t at) const { return data_[at]; }
    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return size_; }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

// A list that keeps its room when it is emptied.
template <class T>
class List {
public:
    explicit List(Memory& memory) : memory_(memory) {}

    void push(const T& value) { next() = value; }
    // Room for one more, to be written by the caller.
    [[gnu::always_inline]] inline T& next() {
        if (size_ == block_.size()) [[unlikely]]
            lengthen();
        return block_[size_++];
    }
    void clear() { size_ = 0; }
    void shorten(std::size_t size) { size_ = size; }
    T& operator[](std::size_t at) { return block_[at]; }
    const T& operator[](std::size_t at) const { return block_[at]; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* begin() { return block_.data(); }
    T* end() { return block_.data() + size_; }
    const T* begin() const { return block_.data(); }
    const T* end() const { return block_.data() + size_; }

private:
    [[gnu::noinline]] void lengthen() { block_.grow(memory_, size_ == 0 ? 16 : 2 * size_); }

    Memory& memory_;
    Block<T> block_;
    std::size_t size_ = 0;
};

// Values named by 32-bit numbers; a number given back is given out again. Taking one may move all values.
template <class T>
class Pool {
public:
    explicit Pool(Memory& memory) : memory_(memory), free_(memory) {}

    std::uint32_t take() {
        if (!free_.empty()) {
            const std::uint32_t place = free_[free_.size() - 1];
            free_.shorten(free_.size() - 1);
            return place;
        }
        if (next_ >= block_.size()) {
            if (block_.size() >= kMost) throw std::bad_alloc();
            block_.grow(memory_, block_.size() == 0 ? kFirst : 2 * block_.size());
        }
        return next_++;
    }
    void give_back(std::uint32_t place) { free_.push(place); }
    T& operator[](std::uint32_t place) { return block_[place]; }
    const T& operator[](std::uint32_t place) const { return block_[place]; }
    // One more than the highest number that was ever given out.
    std::uint32_t used() const { return next_; }

private:
    static constexpr std::size_t kMost = std::size_t{1} << 31;
    static constexpr std::size_t kFirst = sizeof(T) > 1024 ? 4 : 1024;

    Memory& memory_;
    Block<T> block_;
    List<std::uint32_t> free_;
    std::uint32_t next_ = 1;  // place 0 is nobody
};

}  // namespace matching
