// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 7: the highest bids of each ten seconds. They are given when the first bid of
// later ten seconds comes. A body with a table: a bid that is not the highest changes nothing.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   9 results, checksum 07f5b90af44c0f11
#include <cstdint>
#include <vector>

#include "query.hpp"

using namespace std::chrono_literals;

namespace {

struct highest {
    std::int64_t price = 0;
    std::vector<nexmark::bid> bids{};
};
void add(highest& so_far, const nexmark::bid& b) {
    if (b.price > so_far.price) so_far = {b.price, {}};
    so_far.bids.push_back(b);
}
/// The number of the ten seconds that it is in.
std::int64_t window_of(weir::timestamp t) { return t.time_since_epoch() / 10s; }

}  // namespace

void nexmark::q7(query& q) {
    const auto give = [&q](const highest& h) {
        for (auto& b : h.bids) q.found.add(b.auction, b.price, b.bidder, b.at);
    };

    // [query]
    auto windows = q.app.table<std::int64_t, highest>("highest");
    q.app.agent("q7", q.events | weir::process(bids)       // stream of bid
        | weir::for_each([=](const bid& b) {
              const auto window = window_of(b.at);
              const auto* so_far = windows.find(window);
              if (so_far && b.price < so_far->price) return;
              if (!so_far)  // the first one of a window ends the one before
                  for (auto&& [ended, found] : windows) {
                      give(found);
                      windows.erase(ended);
                  }
              windows.update(window, [&](highest& h) { add(h, b); });
          }),
        {.tables = {windows}});
    // [/query]
}
