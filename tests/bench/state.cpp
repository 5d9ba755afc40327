// SPDX-License-Identifier: Apache-2.0
// Tables on the embedded broker: a message is read, decoded, changes its key's row, and is
// committed, with and without cuts in between.
#include "tables.hpp"

namespace {

using weir::bench::after;
using weir::bench::messages;
using weir::bench::pass;
using weir::bench::through;

constexpr std::size_t cut_every = 600'000;

struct totals {
    std::int64_t sum = 0, orders = 0;
};

template <class K, std::size_t Keys, std::size_t Every>
void counted(pass& p) {
    const messages m{.keys = Keys};
    through<K>(p, m, Every, [&](weir::app& app, auto in, auto done) {
        auto t = app.table<K, std::int64_t>("counts");
        app.agent("a",
                  in | weir::count(t) |
                      weir::for_each([seen = after(m, done)](std::int64_t) mutable { seen(); }));
    });
}
template <class K, std::size_t Keys, std::size_t Every>
void aggregated(pass& p) {
    const messages m{.keys = Keys};
    through<K>(p, m, Every, [&](weir::app& app, auto in, auto done) {
        auto t = app.table<K, totals>("totals");
        app.agent("a",
                  in | weir::aggregate(t, [](totals& s, std::int64_t n) {
                      s.sum += n;
                      ++s.orders;
                  }) | weir::for_each([seen = after(m, done)](const totals&) mutable { seen(); }));
    });
}
template <class K, std::size_t Keys>
void read_only(pass& p) {
    weir::bench::read_only<K>(p, {.keys = Keys});
}

using u64 = std::uint64_t;
constexpr std::size_t few = 100'000, many = 10'000'000, never = 0;

template <class K, std::size_t Keys>
weir::bench::sides row(void (*a)(pass&), double ratio) {
    return {.a = a,
            .b = read_only<K, Keys>,
            .messages = messages{}.count,
            .wanted = {.ratio = ratio},
            .one_pass = true};
}
const weir::bench::pair counts{"state: count, u64, 100 k keys, against reading raw bytes",
                               row<u64, few>(counted<u64, few, never>, 6)};
const weir::bench::pair cut{"state: the same, a cut each 600 k updates",
                            row<u64, few>(counted<u64, few, cut_every>, 9)};
const weir::bench::pair sums{"state: aggregate of 16 bytes, 100 k keys, with cuts",
                             row<u64, few>(aggregated<u64, few, cut_every>, 11)};
const weir::bench::pair strings{"state: count, 12-byte strings, 100 k keys, with cuts",
                                row<std::string, few>(counted<std::string, few, cut_every>, 11)};
const weir::bench::pair large{"state: count, u64, 10 M keys",
                              row<u64, many>(counted<u64, many, never>, 23)};
const weir::bench::pair large_cut{"state: the same, with cuts",
                                  row<u64, many>(counted<u64, many, cut_every>, 76)};

}  // namespace
