// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 7: the highest bids of each ten seconds.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   9 results, checksum 07f5b90af44c0f11
#include <cstdint>
#include <vector>

#include "best.hpp"
#include "query.hpp"

using namespace std::chrono_literals;

namespace {

struct highest {
    std::int64_t price = 0;
    std::vector<nexmark::bid> bids{};
};
void add(highest& so_far, const nexmark::bid& b) {
    if (b.price > so_far.price) so_far = {b.price, {}};
    if (b.price == so_far.price) so_far.bids.push_back(b);
}

}  // namespace

int main(int argc, char** argv) try {
    nexmark::query q7{"q7"};
    nexmark::best<nexmark::bid> all;
    const auto give = [&](const nexmark::bid& b, auto...) {
        q7.found.add(b.auction, b.price, b.bidder, b.at);
    };

    // [query]
    using auction_and_window = weir::windowed<std::int64_t>;
    auto per_auction = q7.app.table<auction_and_window, highest>("highest");
    q7.app.agent("q7", q7.events                                // stream of event
        | weir::process(nexmark::bids)                          // of bid, keyed by auction
        | weir::window(weir::tumbling(10s), weir::grace(0s))
        | weir::aggregate(per_auction, add)                     // of highest: when a window closes
        | weir::items()                                         // with auction and window
        | weir::for_each([&](const auto& item) {
              auto& [of, found] = item;
              for (auto& b : found.bids) all.add(of.start, b.price, b, give);
          }));
    // [/query]

    const int code = q7.run(argc, argv);
    all.give_all(give);  // of the last window
    q7.print();
    return code;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
