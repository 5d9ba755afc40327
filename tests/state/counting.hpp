// SPDX-License-Identifier: Apache-2.0
// What the tests of tables have in common: an app that counts by key, and a look at its changelog.
#pragma once
#include "driven.hpp"

#include <map>
#include <string>

#include "state/changelog.hpp"

using std::string;
using counts = std::map<string, std::int64_t>;

/// What a reader of the compacted changelog has: the last value of each key.
inline counts folded(test_driver& test, const string& changelog) {
    counts all;
    for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>(changelog))) {
        if (weir::detail::is_bookkeeping(e.key())) continue;
        const string key{e.key().view()};
        const auto is_erased = [](auto& h) { return h.name == weir::detail::erased_header; };
        const auto& h = e.headers();
        if (e.value().is_null() || std::any_of(h.begin(), h.end(), is_erased)) {
            all.erase(key);
            continue;
        }
        weir::detail::decode_into<std::int64_t>(e.value(), all[key]);
    }
    return all;
}
/// How many rows were ever written to it.
inline std::size_t rows_written(test_driver& test, const string& changelog) {
    std::size_t n = 0;
    for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>(changelog)))
        n += !weir::detail::is_bookkeeping(e.key());
    return n;
}
template <class K, class V>
std::map<K, V> all_of(const weir::table<K, V>& t) {
    std::map<K, V> all;
    t.each([&](const K& k, const V& v) { all[k] = v; });
    return all;
}

/// `in | tap | count(seen) | for_each`: 13 throws.
struct counting {
    silent hush{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, std::int64_t> seen;
    trace out{};
    static constexpr auto changelog = "a-seen-changelog";

    explicit counting(weir::partition_id partitions = 1, weir::app_options o = {})
        : app{"a", quiet(std::move(o))},
          in(app.topic<string, int>("in", {.partitions = partitions})),
          seen(app.table<string, std::int64_t>("seen")) {
        app.agent("c", in | weir::tap([](int i) {
                           if (i == 13) throw std::runtime_error{"thirteen"};
                       }) | weir::count(seen) |
                           weir::for_each([this](std::int64_t n) { out.push_back(int(n)); }));
    }
    weir::app_options quiet(weir::app_options o) {
        o.hooks = &hush;
        return o;
    }
};
