// Journal bytes, written and read without making an object: the part of msgpack that messages use.
//
// The writer chooses the shortest form of every value, as exchange.core.wire does, so both make the same bytes; the
// reader takes any form. Source: the MessagePack specification, https://github.com/msgpack/msgpack/blob/master/spec.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace exchange {

class Writer {
public:
    void clear() { bytes_.clear(); }
    const char* data() const { return bytes_.data(); }
    std::size_t size() const { return bytes_.size(); }

    void array(std::uint32_t length) {
        if (length < 16) {
            byte(0x90 | length);
        } else if (length <= 0xffff) {
            byte(0xdc);
            big(length, 2);
        } else {
            byte(0xdd);
            big(length, 4);
        }
    }

    void integer(std::int64_t value) {
        if (value >= 0) {
            natural(static_cast<std::uint64_t>(value));
        } else if (value >= -32) {
            byte(static_cast<std::uint8_t>(value));
        } else if (value >= INT8_MIN) {
            byte(0xd0);
            big(static_cast<std::uint64_t>(value), 1);
        } else if (value >= INT16_MIN) {
            byte(0xd1);
            big(static_cast<std::uint64_t>(value), 2);
        } else if (value >= INT32_MIN) {
            byte(0xd2);
            big(static_cast<std::uint64_t>(value), 4);
        } else {
            byte(0xd3);
            big(static_cast<std::uint64_t>(value), 8);
        }
    }

    void text(std::string_view value) {
        const auto length = value.size();
        if (length < 32) {
            byte(0xa0 | static_cast<std::uint8_t>(length));
        } else if (length <= 0xff) {
            byte(0xd9);
            big(length, 1);
        } else if (length <= 0xffff) {
            byte(0xda);
            big(length, 2);
        } else {
            byte(0xdb);
            big(length, 4);
        }
        bytes_.append(value);
    }

    void nil() { byte(0xc0); }
    void boolean(bool value) { byte(value ? 0xc3 : 0xc2); }

private:
    void natural(std::uint64_t value) {
        if (value < 0x80) {
            byte(static_cast<std::uint8_t>(value));
        } else if (value <= 0xff) {
            byte(0xcc);
            big(value, 1);
        } else if (value <= 0xffff) {
            byte(0xcd);
            big(value, 2);
        } else if (value <= 0xffffffff) {
            byte(0xce);
            big(value, 4);
        } else {
            byte(0xcf);
            big(value, 8);
        }
    }

    void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }

    void big(std::uint64_t value, int length) {
        for (int shift = 8 * (length - 1); shift >= 0; shift -= 8) byte(static_cast<std::uint8_t>(value >> shift));
    }

    std::string bytes_;
};

// Raised for bytes that are not the message they should be; the caller lets the readable half say what is wrong.
struct Unreadable : std::runtime_error {
    Unreadable() : std::runtime_error("not the bytes of this message") {}
};

class Reader {
public:
    Reader(const char* data, std::size_t size)
        : at_(reinterpret_cast<const std::uint8_t*>(data)), end_(at_ + size) {}

    // Whether the message that was begun has a last field that older ones of its kind lack.
    bool more = false;

    bool at_end() const { return at_ == end_; }

    std::uint32_t array() {
        const auto head = byte();
        if ((head & 0xf0) == 0x90) return head & 0x0f;
        if (head == 0xdc) return static_cast<std::uint32_t>(big(2));
        if (head == 0xdd) return static_cast<std::uint32_t>(big(4));
        throw Unreadable();
    }

    std::int64_t integer() {
        const auto head = byte();
        if (head < 0x80) return head;
        if (head >= 0xe0) return static_cast<std::int8_t>(head);
        switch (head) {
            case 0xcc: return static_cast<std::int64_t>(big(1));
            case 0xcd: return static_cast<std::int64_t>(big(2));
            case 0xce: return static_cast<std::int64_t>(big(4));
            case 0xcf: return static_cast<std::int64_t>(big(8));
            case 0xd0: return static_cast<std::int8_t>(big(1));
            case 0xd1: return static_cast<std::int16_t>(big(2));
            case 0xd2: return static_cast<std::int32_t>(big(4));
            case 0xd3: return static_cast<std::int64_t>(big(8));
            default: throw Unreadable();
        }
    }

    std::string_view text() {
        const auto head = byte();
        std::size_t length = 0;
        if ((head & 0xe0) == 0xa0) length = head & 0x1f;
        else if (head == 0xd9) length = big(1);
        else if (head == 0xda) length = big(2);
        else if (head == 0xdb) length = big(4);
        else throw Unreadable();
        return {reinterpret_cast<const char*>(take(length)), length};
    }

    bool boolean() {
        const auto head = byte();
        if (head == 0xc2) return false;
        if (head == 0xc3) return true;
        throw Unreadable();
    }

    // Passes over a nil; false, and nothing passed, if something else stands here.
    bool nil() {
        if (at_end() || *at_ != 0xc0) return false;
        ++at_;
        return true;
    }

private:
    std::uint8_t byte() { return *take(1); }

    std::uint64_t big(int length) {
        const auto* from = take(static_cast<std::size_t>(length));
        std::uint64_t value = 0;
        for (int place = 0; place < length; ++place) value = value << 8 | from[place];
        return value;
    }

    const std::uint8_t* take(std::size_t length) {
        if (static_cast<std::size_t>(end_ - at_) < length) throw Unreadable();
        const auto* from = at_;
        at_ += length;
        return from;
    }

    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

}  // namespace exchange
