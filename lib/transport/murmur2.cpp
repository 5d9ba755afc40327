// SPDX-License-Identifier: Apache-2.0
// murmur2 (Austin Appleby, public domain), in the 32-bit form and with the seed that Kafka uses.
#include "murmur2.hpp"

#include <cassert>
#include <cstddef>

namespace weir::transport {
namespace {

constexpr std::uint32_t seed = 0x9747b28c;
constexpr std::uint32_t m = 0x5bd1e995;
constexpr int r = 24;

std::uint32_t byte_at(const char* p) { return static_cast<unsigned char>(*p); }

// Byte by byte, so that a big-endian machine gets the same result. Compilers turn it into one load.
std::uint32_t little_endian(const char* p) {
    return byte_at(p) | byte_at(p + 1) << 8 | byte_at(p + 2) << 16 | byte_at(p + 3) << 24;
}

}  // namespace

std::int32_t murmur2(bytes_view bytes) {
    const std::size_t size = bytes.size();
    const std::size_t words = size & ~std::size_t{3};
    const char* p = bytes.data();
    std::uint32_t h = seed ^ static_cast<std::uint32_t>(size);
    for (const char* const end = p + words; p != end; p += 4) {
        std::uint32_t k = little_endian(p) * m;
        k = (k ^ k >> r) * m;
        h = h * m ^ k;
    }
    switch (size - words) {
        case 3: h ^= byte_at(p + 2) << 16; [[fallthrough]];
        case 2: h ^= byte_at(p + 1) << 8; [[fallthrough]];
        case 1: h = (h ^ byte_at(p)) * m; break;
        default: break;
    }
    h = (h ^ h >> 13) * m;
    return static_cast<std::int32_t>(h ^ h >> 15);
}

partition_id partition_for(bytes_view key, partition_id partitions) {
    assert(!key.is_null() && partitions > 0);
    return (murmur2(key) & 0x7fffffff) % partitions;  // a mask, not abs(): as Kafka's toPositive
}

}  // namespace weir::transport
