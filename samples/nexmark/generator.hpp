// SPDX-License-Identifier: Apache-2.0
// Makes the events of Nexmark: the same ones in each run, and in each language.
#pragma once
#include <cstdint>

#include "events.hpp"

namespace nexmark {

/// 10,000 events a second of their own time. Of 50 events the first is a person, three are auctions
/// and 46 are bids. Half of the bids are for the newest hundredth auction, and three quarters of
/// the auctions and bids are by the newest hundredth person; the others are spread over the newest.
class generator {
public:
    event next();
    /// Of all events so far, in order: a hash of the first two fields of each.
    std::uint64_t check() const { return check_; }

private:
    class random {
    public:
        std::uint64_t next();
        /// From 0 up to `n`, without it.
        std::int64_t below(std::int64_t n);
        /// Between 1 and 1,000,000, in cents; small prices are as frequent as large ones.
        std::int64_t price();

    private:
        std::uint64_t state_ = 42;  // SplitMix64
    };
    person next_person();
    auction next_auction();
    bid next_bid();
    std::int64_t last_person() const;
    std::int64_t last_auction() const;
    std::int64_t any_person();
    std::int64_t any_auction();

    std::int64_t number_ = -1;  // of the event
    random random_;
    std::uint64_t check_ = 0;
};

}  // namespace nexmark
