// SPDX-License-Identifier: Apache-2.0
// What the tests of joins of two tables have in common.
#pragma once
#include "counting.hpp"

#include <functional>
#include <optional>
#include <stdexcept>

/// Tables that the topics `l` and `r` fill, and what joins of them pass on: "x 1-null @7".
struct joined_pair_of_tables {
    silent hush{};
    weir::app app;
    weir::topic<string, std::optional<int>> l, r;
    weir::table<string, int> left, right;
    texts out{};
    std::function<void(const string&)> on_result{};

    explicit joined_pair_of_tables(weir::app_options o = {}, weir::partition_id n = 1)
        : app{"a", quiet(std::move(o))},
          l(app.topic<string, std::optional<int>>("l", {.partitions = n})),
          r(app.topic<string, std::optional<int>>("r", {.partitions = n})),
          left(app.table(l)),
          right(app.table(r)) {}
    weir::app_options quiet(weir::app_options o) {
        o.hooks = &hush;
        return o;
    }
    static string both(const int* a, const int* b) {
        return (a ? std::to_string(*a) : "null") + '-' + (b ? std::to_string(*b) : "null");
    }
    auto inner() {
        return weir::join(left, right, [](int a, int b) { return both(&a, &b); });
    }
    auto left_one() {
        return weir::left_join(left, right, [](int a, const int* b) { return both(&a, b); });
    }
    auto outer() { return weir::outer_join(left, right, both); }
    auto keep() {
        return weir::for_each([this](const auto& e) {
            const auto ms = e.timestamp().time_since_epoch().count();
            out.push_back(e.key() + ' ' + e.value().value_or("gone") + " @" + std::to_string(ms));
            if (on_result) on_result(out.back());
        });
    }
    /// What this message brings about. No value: a tombstone.
    texts send(test_driver& test, const weir::topic<string, std::optional<int>>& to,
               const string& key, std::optional<int> value, std::int64_t ms = 0) {
        out.clear();
        test.send(to, key, value, {.timestamp = weir::timestamp{std::chrono::milliseconds{ms}}});
        return out;
    }
};
