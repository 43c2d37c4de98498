// SHA-256 by the processor's own instructions, for the many short hashes of a journal row.
//
// A library's call costs several times what it computes when the message is a hundred bytes. Where the processor has no
// such instructions, `available()` says so and the caller goes on with hashlib. tests/node/test_row_hashes.py holds this
// to hashlib over every length. Source: FIPS 180-4; Intel's SHA extensions (which AMD's processors have too).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>
#define EXCHANGE_SHA __attribute__((target("sha,sse4.1,ssse3")))
#endif

namespace exchange {

class Sha256 {
public:
    static constexpr std::size_t size = 32;

#if defined(EXCHANGE_SHA)
    // Leaf 7 of CPUID tells of the SHA instructions, leaf 1 of SSSE3 and SSE4.1.
    static bool available() {
        static const bool known = [] {
            unsigned a = 0, b = 0, c = 0, d = 0;
            if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 9)) || !(c & (1u << 19))) return false;
            return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));
        }();
        return known;
    }

    // The hash of one whole message, into 32 bytes. Only where available().
    EXCHANGE_SHA static void hash(const std::uint8_t* message, std::size_t length, std::uint8_t* out) {
        // The instructions want the state as (A B E F) and (C D G H), highest word first.
        __m128i abef = _mm_set_epi32(0x6a09e667, static_cast<int>(0xbb67ae85), 0x510e527f, static_cast<int>(0x9b05688c));
        __m128i cdgh = _mm_set_epi32(0x3c6ef372, static_cast<int>(0xa54ff53a), 0x1f83d9ab, 0x5be0cd19);

        std::size_t done = 0;
        for (; length - done >= 64; done += 64) block(message + done, abef, cdgh);

        // What is left, a one bit, zeros, and the length in bits fill one block or two.
        std::uint8_t last[128] = {};
        const std::size_t left = length - done;
        if (left != 0) std::memcpy(last, message + done, left);
        last[left] = 0x80;
        const std::size_t end = left < 56 ? 64 : 128;
        const std::uint64_t bits = static_cast<std::uint64_t>(length) * 8;
        for (int place = 0; place < 8; ++place) {
            last[end - 1 - static_cast<std::size_t>(place)] = static_cast<std::uint8_t>(bits >> (8 * place));
        }
        block(last, abef, cdgh);
        if (end == 128) block(last + 64, abef, cdgh);

        alignas(16) std::uint32_t first[4], second[4];
        _mm_store_si128(reinterpret_cast<__m128i*>(first), abef);
        _mm_store_si128(reinterpret_cast<__m128i*>(second), cdgh);
        const std::uint32_t words[8] = {first[3], first[2], second[3], second[2], first[1], first[0], second[1], second[0]};
        for (const auto word : words) {
            for (int shift = 24; shift >= 0; shift -= 8) *out++ = static_cast<std::uint8_t>(word >> shift);
        }
    }

private:
    EXCHANGE_SHA static void block(const std::uint8_t* bytes, __m128i& abef, __m128i& cdgh) {
        static constexpr std::uint32_t K[64] = {
            0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
            0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
            0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
            0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
            0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
            0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
            0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
            0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
        const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4];
        for (int place = 0; place < 4; ++place) {
            w[place] = _mm_shuffle_epi8(
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * place)), big_endian);
        }
#pragma GCC unroll 16
        for (int step = 0; step < 16; ++step) {  // four rounds each, on the four words of w[step % 4]
            const __m128i words = w[step % 4];
            const __m128i plus = _mm_add_epi32(words, _mm_loadu_si128(reinterpret_cast<const __m128i*>(K + 4 * step)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, plus);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(plus, 0x0e));
            if (step < 12) {  // the words of four steps later: W[t] = s1(W[t-2]) + W[t-7] + s0(W[t-15]) + W[t-16]
                const __m128i next = w[(step + 1) % 4], last = w[(step + 3) % 4];
                const __m128i seven = _mm_alignr_epi8(last, w[(step + 2) % 4], 4);
                w[step % 4] = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(words, next), seven), last);
            }
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
#else
    static bool available() { return false; }
    static void hash(const std::uint8_t*, std::size_t, std::uint8_t*) {}
#endif
};

}  // namespace exchange
