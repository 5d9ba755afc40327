// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 3: who sells something of category 10 in one of three states. A body with a
// table, since the two have no bounds in time: a person's auctions may come first, and wait.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   5940 results, checksum 1574b667f17394e5
#include <cstdint>
#include <optional>
#include <vector>

#include "query.hpp"

namespace {

struct description {
    std::int64_t name = 0;
    std::int8_t city = 0, state = 0;
};
struct seller {
    std::optional<description> is{};      // empty: has not registered in these states
    std::vector<std::int64_t> waiting{};  // auctions
};

}  // namespace

void nexmark::q3(query& q) {
    const auto give = [&q](const description& d, std::int64_t auction) {
        q.found.add(d.name, d.city, d.state, auction);
    };

    // [query]
    auto sellers = q.app.table<std::int64_t, seller>("sellers");
    const auto registers = [=](const person& p) {
        if (p.state < 1 || p.state > 3) return;
        sellers.update(p.id, [&](seller& s) {
            s.is = {name_of(p), p.city, p.state};
            for (const auto auction : s.waiting) give(*s.is, auction);
            s.waiting.clear();
        });
    };
    const auto sells = [=](const auction& a) {
        if (a.category != 10) return;
        const auto* by = sellers.find(a.seller);
        if (by && by->is) return give(*by->is, a.id);
        sellers.update(a.seller, [&](seller& s) { s.waiting.push_back(a.id); });
    };

    q.app.agent("q3", q.events                    // stream of event, keyed by person and seller
        | weir::for_each([=](const event& e) {
              if (const auto* p = std::get_if<person>(&e)) registers(*p);
              if (const auto* a = std::get_if<auction>(&e)) sells(*a);
          }),
        {.tables = {sellers}});
    // [/query]
}
