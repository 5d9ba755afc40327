// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <range/v3/view/all.hpp>
#include <range/v3/view/chunk.hpp>
#include <range/v3/view/enumerate.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/iota.hpp>
#include <range/v3/view/take.hpp>
#include <range/v3/view/transform.hpp>
#include <range/v3/view/zip.hpp>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include <weir/ranges.hpp>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

namespace {

bool even(int i) { return i % 2 == 0; }
int twice(int i) { return 2 * i; }
using numbers = std::vector<int>;

/// An app with 0 to 9 in its topic.
struct ten {
    weir::app app{"shop"};
    weir::topic<int> in = app.topic<int>("in");
    weir::testing::test_driver test{app};
    ten() {
        for (int i = 0; i < 10; ++i) test.append(in, std::nullopt, i);
    }
    std::optional<weir::offset> committed() {
        test.commit();
        return test.committed(in, 0);
    }
};

}  // namespace

TEST_CASE("a pull stream is an input range, and under an adaptor a view, for std and range-v3") {
    using stream = decltype(weir::from(std::vector<int>{}) | weir::filter(even));
    using view = weir::detail::pull_view<stream>;
    static_assert(std::ranges::input_range<stream> && ranges::input_range<stream>);
    static_assert(std::ranges::view<view> && ranges::view_<view>);
    CHECK(true);
}

TEST_CASE("under range-v3's views what was passed is acknowledged, not what was looked at ahead") {
    weir::app app{"shop"};
    auto in = app.topic<int>("in");
    weir::testing::test_driver test{app};
    for (int i = 0; i < 10; ++i) test.append(in, std::nullopt, i);

    auto after_one = app.stream(in) | weir::filter([](int i) { return i > 1; });
    std::vector<std::pair<long, int>> got;
    auto two =
        after_one | ranges::views::filter(even) | ranges::views::enumerate | ranges::views::take(2);
    for (auto&& [i, v] : two) got.emplace_back(i, v);
    CHECK(got == std::vector<std::pair<long, int>>{{0, 2}, {1, 4}});
    test.commit();
    CHECK(test.committed(in, 0) == 6);  // filter has looked at 6, the body has not had it

    std::vector<int> rest;
    for (int v : after_one) rest.push_back(v);
    CHECK(rest == std::vector{6, 7, 8, 9});
}

TEST_CASE("a stream of a topic, and a pipeline on it, is a std::ranges::input_range") {
    ten t;
    const auto s = t.app.stream(t.in) | weir::filter(even) | weir::map(twice);
    static_assert(std::ranges::input_range<decltype(t.app.stream(t.in))>);
    static_assert(std::ranges::input_range<decltype(s)> && ranges::input_range<decltype(s)>);
    static_assert(!std::ranges::forward_range<decltype(s)>);
    CHECK(std::ranges::count(s, 8) == 1);
    CHECK(t.committed() == 10);
}

TEST_CASE("semantics 9: under range-v3's transform and filter what was passed is acknowledged") {
    ten t;
    const auto s = t.app.stream(t.in);
    numbers got;
    for (int i : s | ranges::views::transform(twice) |
                     ranges::views::filter([](int i) { return i >= 4; })) {
        got.push_back(i);
        if (i == 8) break;
    }
    CHECK(got == numbers{4, 6, 8});
    CHECK(t.committed() == 4);  // the body had it, but nobody can tell
    got.clear();
    for (int i : s) got.push_back(i);
    CHECK(got == numbers{4, 5, 6, 7, 8, 9});
}

TEST_CASE("semantics 9: under range-v3's chunk an element is acknowledged when it is passed") {
    ten t;
    std::vector<numbers> chunks;
    for (auto&& chunk : t.app.stream(t.in) | ranges::views::chunk(4)) {
        auto& got = chunks.emplace_back();
        for (int i : chunk) got.push_back(i);
    }
    CHECK(chunks == std::vector<numbers>{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}});
    CHECK(t.committed() == 10);
}

TEST_CASE("semantics 9: zip with range-v3 takes a stream by way of views::all") {
    ten t;
    std::vector<std::pair<int, int>> got;
    const auto s = t.app.stream(t.in);
    for (auto&& [n, i] : ranges::views::zip(ranges::views::ints(100, 103), s | ranges::views::all))
        got.emplace_back(n, i);
    CHECK(got == std::vector<std::pair<int, int>>{{100, 0}, {101, 1}, {102, 2}});
    CHECK(t.committed() == 3);  // the fourth was looked for, not passed
    numbers rest;
    for (int i : s) rest.push_back(i);
    CHECK(rest == numbers{3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("semantics 9: the standard library's views over a stream, the same") {
    ten t;
    const auto s = t.app.stream(t.in) | weir::filter([](int i) { return i != 3; });
    numbers got;
    for (int i : s | std::views::transform(twice) | std::views::drop(1) | std::views::take(3))
        got.push_back(i);
    CHECK(got == numbers{2, 4, 8});
    CHECK(t.committed() == 5);
    got.clear();
    for (int i : s | std::views::filter(even) | std::views::take_while([](int i) { return i < 8; }))
        got.push_back(i);
    CHECK(got == numbers{6});
    CHECK(t.committed() == 8);  // take_while has looked at 8
    got.clear();
    for (int i : s) got.push_back(i);
    CHECK(got == numbers{8, 9});
}

TEST_CASE("semantics 9: an exception that leaves a loop over a view acknowledges nothing more") {
    ten t;
    const auto s = t.app.stream(t.in);
    const auto loop = [&] {
        for (auto&& [n, i] : s | ranges::views::enumerate)
            if (n == 2) throw std::runtime_error{std::to_string(i)};
    };
    CHECK_THROWS_WITH(loop(), "2");
    CHECK(t.committed() == 2);
}
