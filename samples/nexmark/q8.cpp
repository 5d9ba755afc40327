// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 8: who has registered and put up an auction within the same ten seconds. A body
// with two tables, since windows of both streams begin at the same times.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   8606 results, checksum 6d45f366d0af23de
#include <cstdint>

#include "query.hpp"

using namespace std::chrono_literals;

namespace {

/// The start of the ten seconds that it is in.
std::int64_t window_of(weir::timestamp t) {
    const std::chrono::milliseconds in = t.time_since_epoch();
    return (in - in % 10s).count();
}

struct newcomer {
    std::int64_t window = 0, name = 0;
};

}  // namespace

void nexmark::q8(query& q) {
    // [query]
    auto newcomers = q.app.table<std::int64_t, newcomer>("newcomers");
    auto sellers = q.app.table<std::int64_t, std::int64_t>("sellers");  // the last window of each
    const auto registers = [=, &q](const person& p) {
        const newcomer n{window_of(p.at), name_of(p)};
        newcomers.put(p.id, n);
        if (sellers.get(p.id) == n.window) q.found.add(p.id, n.name, n.window);
    };
    const auto sells = [=, &q](const auction& a) {
        const auto window = window_of(a.at);
        if (sellers.get(a.seller) == window) return;  // not the first one of the window
        sellers.put(a.seller, window);
        const auto* n = newcomers.find(a.seller);
        if (n && n->window == window) q.found.add(a.seller, n->name, window);
    };

    q.app.agent("q8", q.events                    // stream of event, keyed by person and seller
        | weir::for_each([=](const event& e) {
              if (const auto* p = std::get_if<person>(&e)) registers(*p);
              if (const auto* a = std::get_if<auction>(&e)) sells(*a);
          }),
        {.tables = {newcomers, sellers}});
    // [/query]
}
