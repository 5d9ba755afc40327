// SPDX-License-Identifier: Apache-2.0
// Joins on the embedded broker: a message is read, decoded, looks up the row of its key, and is
// committed.
#include "tables.hpp"

#include <unordered_map>
#include <vector>

namespace {

using weir::bench::after;
using weir::bench::messages;
using weir::bench::pass;
using u64 = std::uint64_t;
using namespace std::chrono_literals;
constexpr messages some{};
constexpr messages rows{.count = 1'000'000};  // so that nearly each of the 100 k keys has one

std::int64_t sum(std::int64_t n, std::int64_t row) { return n + row; }

/// Both topics are filled, and the table has seen its own: its app has committed that.
auto filled_with_table(const std::string& name) {
    auto broker = weir::bench::filled<u64>(name, some);
    weir::bench::fill<u64>(broker, "rows", rows);
    weir::app app{"bench", {.broker = "memory://" + name, .commit_interval = 1h}};
    auto in = app.topic<u64, std::int64_t>("rows");
    app.agent("a", in | weir::for_each([seen = after(rows, [&] { app.stop(); })](
                                           std::int64_t) mutable { seen(); }));
    app.run();
    return broker;
}

/// From the first message to the last: the table is restored before.
void joined(pass& p) {
    static int number = 0;
    const auto name = "joins" + std::to_string(++number);
    const auto broker = filled_with_table(name);
    weir::app app{"bench",
                  {.broker = "memory://" + name,
                   .commit_interval = 1h,
                   .commit_every = 600'000,
                   .memory = {.retention_bytes = std::size_t{4} << 30}}};
    auto people = app.table(app.topic<u64, std::int64_t>("rows"));
    const auto now = [] { return std::chrono::steady_clock::now(); };
    auto begin = now(), end = begin;
    std::int64_t all = 0;
    app.agent("j", app.topic<u64, std::int64_t>("in") |
                       weir::tap([&, first = true](std::int64_t) mutable {
                           if (std::exchange(first, false)) begin = now();
                       }) |
                       weir::tap([seen = after(some,
                                               [&] {
                                                   end = now();
                                                   app.stop();
                                               })](std::int64_t) mutable { seen(); }) |
                       weir::join(people, sum) | weir::for_each([&](std::int64_t n) { all += n; }));
    app.run();
    weir::bench::keep(all);
    p.took(end - begin);
}

/// The same messages and rows, in memory: each is decoded, and looks up its row.
void joined_by_hand(pass& p) {
    std::vector<weir::bench::encoded> all;
    std::unordered_map<u64, std::int64_t> table;
    for (std::size_t i = 0; i < rows.count; ++i)
        table[weir::bench::random_number(i) % rows.keys] = 1;
    for (std::size_t i = 0; i < some.count; ++i)
        all.push_back(weir::bench::encoded_message(weir::bench::random_number(i) % some.keys, 1));
    std::int64_t sum_of_all = 0;
    p([&] {
        for (auto& m : all) {
            const auto row = table.find(weir::bench::decoded<u64>(m.key));
            if (row == table.end()) continue;
            sum_of_all += sum(weir::bench::decoded<std::int64_t>(m.value), row->second);
        }
    });
    weir::bench::keep(sum_of_all);
}

const weir::bench::pair table{"joins: a table, u64, 100 k keys, against a loop by hand",
                              {.a = joined,
                               .b = joined_by_hand,
                               .messages = some.count,
                               .wanted = {.at_most = 100ns, .ratio = 2},
                               .one_pass = true}};

}  // namespace
