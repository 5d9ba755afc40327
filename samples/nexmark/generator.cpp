// SPDX-License-Identifier: Apache-2.0
#include "generator.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "checksum.hpp"

namespace nexmark {
namespace {

constexpr std::int64_t round = 50, persons = 1, auctions = 3;  // the other events are bids
constexpr std::int64_t first_id = 1000;
constexpr std::int64_t active_persons = 1000, active_auctions = 100;
constexpr std::int64_t ahead = 10;  // ids that may not be there yet
constexpr std::int64_t open_auctions = 100;

/// Ten events have the same time.
weir::timestamp time_at(std::int64_t number) {
    constexpr std::int64_t begin = 1'700'000'000'000;  // in November 2023
    return weir::timestamp{std::chrono::milliseconds{begin + number / 10}};
}
/// Every hundredth is hot: the newest of them gets most of what happens.
std::int64_t newest_hot(std::int64_t last) { return last / 100 * 100; }

}  // namespace

event generator::next() {
    const auto in_round = ++number_ % round;
    event e;
    if (in_round < persons) e = next_person();
    else if (in_round < persons + auctions) e = next_auction();
    else e = next_bid();
    const auto* b = std::get_if<bid>(&e);
    const auto* a = std::get_if<auction>(&e);
    const auto first = b ? b->auction : a ? a->id : std::get<person>(e).id;
    check_ = mix(check_ ^ bits(first));
    check_ = mix(check_ ^ bits(time_of(e)));
    return e;
}

// Each random number is drawn in its turn, so no two of them stand in one expression.
person generator::next_person() {
    person p;
    p.id = last_person() + first_id;
    p.at = time_at(number_);
    p.state = static_cast<std::int8_t>(random_.below(6));
    p.city = static_cast<std::int8_t>(random_.below(10));
    p.first_name = static_cast<std::int8_t>(random_.below(11));
    p.last_name = static_cast<std::int8_t>(random_.below(9));
    return p;
}
auction generator::next_auction() {
    auction a;
    a.id = last_auction() + first_id;
    a.at = time_at(number_);
    const bool hot = random_.below(4) > 0;
    a.seller = (hot ? newest_hot(last_person()) : any_person()) + first_id;
    a.category = static_cast<std::int32_t>(10 + random_.below(5));
    a.initial_bid = random_.price();
    const auto half = time_at(number_ + open_auctions * round / auctions) - a.at;
    const auto open = random_.below(std::max<std::int64_t>(2 * half.count(), 1));
    a.expires = a.at + std::chrono::milliseconds{1 + open};
    a.reserve = a.initial_bid + random_.price();
    return a;
}
bid generator::next_bid() {
    bid b;
    const bool hot = random_.below(2) > 0;
    b.auction = (hot ? newest_hot(last_auction()) : any_auction()) + first_id;
    b.at = time_at(number_);
    const bool by_hot = random_.below(4) > 0;
    b.bidder = (by_hot ? newest_hot(last_person()) + 1 : any_person()) + first_id;
    b.price = random_.price();
    b.channel = static_cast<std::int32_t>(random_.below(10'000));
    return b;
}

std::int64_t generator::last_person() const { return number_ / round; }
/// At the beginning of a round it is the last one of the round before.
std::int64_t generator::last_auction() const {
    const auto rounds = number_ / round, in_round = number_ % round;
    return rounds * auctions + std::min(in_round - persons, auctions - 1);
}
std::int64_t generator::any_person() {
    const auto so_far = last_person() + 1;
    const auto active = std::min(so_far, active_persons);
    return so_far - active + random_.below(active + ahead);
}
std::int64_t generator::any_auction() {
    const auto last = last_auction();
    const auto first = std::max<std::int64_t>(last - active_auctions, 0);
    return first + random_.below(last - first + 1 + ahead);
}

std::uint64_t generator::random::next() { return mix(state_ += 0x9e3779b97f4a7c15); }
std::int64_t generator::random::below(std::int64_t n) {
    return static_cast<std::int64_t>((next() >> 1) % bits(n));
}
std::int64_t generator::random::price() {
    const auto part = static_cast<double>(next() >> 11) * 0x1.0p-53;  // of 1
    return static_cast<std::int64_t>(std::floor(std::pow(10.0, part * 6.0) * 100.0 + 0.5));
}

}  // namespace nexmark
