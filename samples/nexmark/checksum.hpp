// SPDX-License-Identifier: Apache-2.0
// Checksums, by which programs in several languages compare what they have found.
#pragma once
#include <cstdint>

#include <weir/fwd.hpp>

namespace nexmark {

/// The end of SplitMix64: spreads every bit over all others.
constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

constexpr std::uint64_t bits(std::int64_t field) { return static_cast<std::uint64_t>(field); }
constexpr std::uint64_t bits(weir::timestamp field) {
    return bits(field.time_since_epoch().count());
}

/// Counts results, and adds up a hash of each, so their order does not matter.
class checksum {
public:
    void add(auto... fields) {
        std::uint64_t hash = 0;
        ((hash = mix(hash ^ bits(fields))), ...);
        sum_ += hash;
        ++count_;
    }
    std::uint64_t sum() const { return sum_; }
    std::uint64_t count() const { return count_; }

private:
    std::uint64_t sum_ = 0, count_ = 0;
};

}  // namespace nexmark
