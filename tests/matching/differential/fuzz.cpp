// Raw records at the compiled book: whatever the bytes are, it answers, stays whole and comes to an end.
//
// LLVMFuzzerTestOneInput is libFuzzer's door. Without libFuzzer, main() draws the bytes itself: records of a narrow
// world, a few of whose bytes are then overwritten with anything. Usage: fuzz SEED SECONDS.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "book.hpp"

using matching::Book;
using matching::CommandRecord;

namespace {

// Play a batch as a caller would, then ask everything that can be asked.
void play(const std::vector<CommandRecord>& batch, const unsigned char rules[3]) {
    Book book(1 + rules[0] % 5, 1 + rules[1] % 2, 1 + rules[2] % 2);
    if (Book::malformed(batch.data(), batch.size()) != nullptr) return;
    for (std::size_t at = 0; at < batch.size();) {
        std::size_t part = std::min<std::size_t>(16, batch.size() - at);
        if (at + part < batch.size() && batch[at + part].op == matching::kMoreOp) ++part;
        book.run(batch.data() + at, part);
        book.events().clear();
        at += part;
        const char* promise = book.fault();
        if (promise != nullptr) {
            std::fprintf(stderr, "broken promise after record %zu: %s\n", at, promise);
            std::abort();
        }
    }
    book.indication();
    for (const std::uint8_t side : {matching::kBuy, matching::kSell}) book.levels(side, 0);
    Book again(1 + rules[0] % 5, 1 + rules[1] % 2, 1 + rules[2] % 2);
    again.restore_state(book.state());
    for (const matching::Reach& reach : book.reached()) again.restore_reach(reach);
    const matching::List<std::uint32_t>& open = book.by_priority();
    for (const std::uint32_t place : open) again.restore_order(book.view(place));
    for (const matching::Share& share : book.shares()) again.restore_share(share);
    const char* promise = again.fault();
    if (promise != nullptr) {
        std::fprintf(stderr, "broken promise after loading: %s\n", promise);
        std::abort();
    }
}

// splitmix64
struct Draw {
    std::uint64_t state;
    std::uint64_t next() {
        std::uint64_t mixed = state += 0x9E3779B97F4A7C15ULL;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
        return mixed ^ (mixed >> 31);
    }
    std::int64_t upto(std::int64_t most) {
        return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(most + 1));
    }
    bool once_in(std::uint64_t count) { return next() % count == 0; }
};

void write_batch(Draw& draw, std::vector<CommandRecord>& batch) {
    const std::int64_t scale = draw.once_in(3) ? 9973 : draw.once_in(20) ? (std::int64_t{1} << 46) : 1;
    const std::int64_t ids = draw.once_in(2) ? 1024 : 1;
    batch.clear();
    CommandRecord open{};
    open.op = matching::kSetPhase;
    open.side = static_cast<std::uint8_t>(draw.once_in(3) ? matching::kCollect : matching::kContinuous);
    open.kind = open.side == matching::kCollect ? static_cast<std::uint8_t>(1 + draw.upto(3)) : 0;
    open.max_fills = 100;
    batch.push_back(open);
    const std::int64_t count = draw.upto(120);
    for (std::int64_t at = 0; at < count; ++at) {
        CommandRecord record{};
        const std::int64_t what = draw.upto(99);
        record.max_fills = static_cast<std::uint16_t>(draw.once_in(4) ? draw.upto(3) : 1000);
        std::int64_t* const n = record.numbers;
        n[0] = (1 + draw.upto(at + 1)) * ids;
        if (what < 70) {
            record.op = matching::kSubmit;
            record.side = static_cast<std::uint8_t>(1 + draw.upto(1));
            record.kind = static_cast<std::uint8_t>(draw.once_in(2) ? 1 : 1 + draw.upto(8));
            record.time_limit = static_cast<std::uint8_t>(1 + draw.upto(6));
            record.self_trade = static_cast<std::uint8_t>(1 + draw.upto(3));
            record.flags = static_cast<std::uint8_t>(draw.once_in(2) ? 0 : draw.upto(15));
            n[0] = (at + 1) * ids;
            n[1] = 1 + draw.upto(4);
            n[2] = draw.once_in(4) ? 7 : 0;
            n[3] = (95 + draw.upto(10)) * scale;
            n[4] = 1 + draw.upto(20);
            n[5] = draw.once_in(20) ? draw.upto(2000) * scale : 0;
        } else if (what < 80) {
            record.op = matching::kCancel;
            record.kind = 1;
        } else if (what < 88) {
            record.op = matching::kReplace;
            n[3] = (95 + draw.upto(10)) * scale;
            n[4] = 1 + draw.upto(20);
            n[5] = draw.once_in(4) ? (95 + draw.upto(10)) * scale : 0;
        } else if (what < 92) {
            record = open;
            record.side = static_cast<std::uint8_t>(1 + draw.upto(4));
            record.kind = static_cast<std::uint8_t>(record.side == matching::kCollect ? 1 + draw.upto(3) : 0);
            n[3] = record.side == matching::kFixedPrice ? 100 * scale : 0;
        } else {
            record.op = static_cast<std::uint8_t>(3 + draw.upto(7));
            for (int place = 0; place < 4; ++place) n[place] = draw.once_in(2) ? 0 : (90 + draw.upto(20)) * scale;
        }
        if (draw.once_in(30))
            reinterpret_cast<unsigned char*>(&record)[1 + draw.upto(62)] = static_cast<unsigned char>(draw.next());
        const bool more = record.op == matching::kSubmit && (record.flags & matching::kMore) != 0;
        batch.push_back(record);
        if (!more) continue;
        CommandRecord second{};
        second.op = matching::kMoreOp;
        std::int64_t* const m = second.numbers;
        if (draw.once_in(3)) m[0] = draw.upto(6);
        if (draw.once_in(4)) m[1] = draw.upto(6);
        if (record.kind >= matching::kStop) {
            m[2] = (95 + draw.upto(10)) * scale;
            if (record.kind == matching::kTrailingStop || record.kind == matching::kTrailingStopLimit)
                m[3] = 1 + draw.upto(4) * scale;
            if (record.kind >= matching::kPeggedBest) m[2] = 0;
        }
        if (draw.once_in(3)) m[4] = draw.upto(3) * scale;
        if (draw.once_in(5)) m[5] = (1 + draw.upto(at + 1)) * ids;
        if (draw.once_in(40))
            reinterpret_cast<unsigned char*>(&second)[8 + draw.upto(55)] = static_cast<unsigned char>(draw.next());
        batch.push_back(second);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    unsigned char rules[3] = {};
    if (size < sizeof(rules)) return 0;
    std::memcpy(rules, data, sizeof(rules));
    std::vector<CommandRecord> batch((size - sizeof(rules)) / sizeof(CommandRecord));
    if (!batch.empty()) std::memcpy(batch.data(), data + sizeof(rules), batch.size() * sizeof(CommandRecord));
    play(batch, rules);
    return 0;
}

#ifndef WITH_LIBFUZZER
int main(int count, char** words) {
    if (count != 3) return 2;
    Draw draw{std::strtoull(words[1], nullptr, 10)};
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atol(words[2]));
    std::vector<CommandRecord> batch;
    std::uint64_t played = 0;
    while (std::chrono::steady_clock::now() < end) {
        const std::uint64_t seed = draw.state;
        const unsigned char rules[3] = {static_cast<unsigned char>(draw.next()),
                                        static_cast<unsigned char>(draw.next()),
                                        static_cast<unsigned char>(draw.next())};
        write_batch(draw, batch);
        if (std::getenv("FUZZ_TELLS_SEEDS") != nullptr)
            std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(seed));
        play(batch, rules);
        ++played;
    }
    std::printf("%llu\n", static_cast<unsigned long long>(played));
    return 0;
}
#endif
