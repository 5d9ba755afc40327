// SPDX-License-Identifier: Apache-2.0
// What happens at an auction house: persons register, put up auctions, and bid.
#pragma once
#include <cstdint>
#include <variant>

#include <weir/codec/codec.hpp>

namespace nexmark {

struct person {
    std::int64_t id = 0;
    weir::timestamp at{};
    std::int8_t state = 0, city = 0, first_name = 0, last_name = 0;  // numbers in lists of names
};
struct auction {
    std::int64_t id = 0;
    weir::timestamp at{}, expires{};
    std::int64_t seller = 0;  // a person
    std::int32_t category = 0;
    std::int64_t initial_bid = 0, reserve = 0;  // cents
};
struct bid {
    std::int64_t auction = 0;
    weir::timestamp at{};
    std::int64_t bidder = 0;  // a person
    std::int64_t price = 0;   // cents
    std::int32_t channel = 0;
};
using event = std::variant<person, auction, bid>;

weir::timestamp time_of(const event&);
/// A person's id, an auction's seller, a bid's auction.
std::int64_t key_of(const event&);
/// Both names of a person as one number.
std::int64_t name_of(const person&);

}  // namespace nexmark

/// Big-endian fields behind a byte that says which event it is. Zeros follow, so that a person has
/// 200 bytes, an auction 500 and a bid 100.
template <>
struct weir::codec<nexmark::event> {
    static void decode(bytes_view from, nexmark::event& into);
    static void encode(const nexmark::event& value, bytes& onto);
};
