// A fee row's arithmetic on machine integers; exchange/rulebook/fees.py says what it means.
#pragma once

#include <cstdint>

namespace exchange {

struct FeeTerms {
    std::int64_t rate_ppm = 0, minimum_minor = 0, maximum_minor = -1;  // -1: no maximum

    // The whole fee of an order that has traded this much so far. (The product of a notional and a rate needs more
    // than 64 bits.)
    std::int64_t fee(std::int64_t notional_minor) const {
        const auto parts = static_cast<__int128>(notional_minor) * rate_ppm;
        auto fee = static_cast<std::int64_t>((parts + 999'999) / 1'000'000);
        if (fee < minimum_minor) fee = minimum_minor;
        if (maximum_minor >= 0 && fee > maximum_minor) fee = maximum_minor;
        return fee < notional_minor ? fee : notional_minor;
    }
};

}  // namespace exchange
