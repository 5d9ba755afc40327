// SPDX-License-Identifier: Apache-2.0
// What the tests of joins of two streams have in common.
#pragma once
#include "windowing.hpp"

#include <functional>

/// "1-2", "1-null"
inline string text_of_pair(const int& a, const int& b) {
    return std::to_string(a) + '-' + std::to_string(b);
}
inline string text_of_left(const int& a, const int* b) {
    return std::to_string(a) + '-' + (b ? std::to_string(*b) : "null");
}
inline string text_of_both(const int* a, const int* b) {
    return (a ? std::to_string(*a) : "null") + '-' + (b ? std::to_string(*b) : "null");
}

/// `a | join(b, …) | events | for_each`: "k 1-2 @7".
struct joined_streams {
    lateness hooks{};
    weir::app app;
    weir::topic<string, int> a, b;
    texts out{};
    std::function<void(const string&)> on_result{};

    explicit joined_streams(weir::app_options o = {}, weir::partition_id n = 1)
        : app{"app", with(std::move(o))},
          a(app.topic<string, int>("a", {.partitions = n})),
          b(app.topic<string, int>("b", {.partitions = n})) {}
    weir::app_options with(weir::app_options o) {
        o.hooks = &hooks;
        return o;
    }
    auto into_out() {
        return weir::for_each([this](auto& e) {
            out.push_back(e.key() + ' ' + e.value() + " @" + ms(e.timestamp()));
            if (on_result) on_result(out.back());
        });
    }
    joined_streams& inner(weir::within w, weir::grace g, weir::join_options o = {}) {
        app.agent("j", a | weir::join(b, w, g, o, text_of_pair) | weir::events() | into_out());
        return *this;
    }
    joined_streams& left(weir::within w, weir::grace g, weir::join_options o = {}) {
        app.agent("j", a | weir::left_join(b, w, g, o, text_of_left) | weir::events() | into_out());
        return *this;
    }
    joined_streams& outer(weir::within w, weir::grace g, weir::join_options o = {}) {
        app.agent("j",
                  a | weir::outer_join(b, w, g, o, text_of_both) | weir::events() | into_out());
        return *this;
    }
    /// What this message brings about.
    texts send(test_driver& test, const weir::topic<string, int>& to, const string& key, int value,
               std::int64_t time) {
        out.clear();
        test.send(to, key, value, {.timestamp = at(time)});
        return out;
    }
};
