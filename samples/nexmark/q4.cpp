// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 4: the mean price of each category, of the highest bids for its auctions so far.
// A body with two tables: a bid that is not the highest for its auction changes nothing.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   128611 results, checksum 381690c7c0cc9b77
#include <cstdint>

#include "query.hpp"

namespace {

struct running_auction {
    std::int32_t category = 0;
    weir::timestamp from{}, upto{};
    std::int64_t highest = -1;  // bid; -1: there is none
};
struct prices {
    std::int64_t sum = 0, auctions = 0;
};

}  // namespace

void nexmark::q4(query& q) {
    // [query]
    auto auctions = q.app.table<std::int64_t, running_auction>("auctions");
    auto categories = q.app.table<std::int32_t, prices>("categories");
    const auto begin = [=](const auction& a) {
        auctions.put(a.id, {a.category, a.at, a.expires});
    };
    const auto raise = [=, &q](const bid& b) {
        const auto* a = auctions.find(b.auction);
        if (!a || b.at < a->from || b.at > a->upto || b.price <= a->highest) return;
        const auto category = a->category;
        const bool is_first = a->highest < 0;
        const auto more = is_first ? b.price : b.price - a->highest;
        auctions.update(b.auction, [&](running_auction& r) { r.highest = b.price; });
        categories.update(category, [&](prices& p) {
            p.sum += more;
            p.auctions += is_first;
            q.found.add(category, p.sum / p.auctions);
        });
    };

    q.app.agent("q4", q.events                    // stream of event
        | weir::for_each([=](const event& e) {
              if (const auto* a = std::get_if<auction>(&e)) begin(*a);
              if (const auto* b = std::get_if<bid>(&e)) raise(*b);
          }),
        {.tables = {auctions, categories}});
    // [/query]
}
