// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <optional>
#include <range/v3/view/enumerate.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/take.hpp>
#include <ranges>
#include <vector>
#include <weir/ranges.hpp>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

namespace {

bool even(int i) { return i % 2 == 0; }

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
    auto two = after_one | ranges::views::filter(even) | ranges::views::enumerate |
               ranges::views::take(2);
    for (auto&& [i, v] : two) got.emplace_back(i, v);
    CHECK(got == std::vector<std::pair<long, int>>{{0, 2}, {1, 4}});
    test.commit();
    CHECK(test.committed(in, 0) == 6);  // filter has looked at 6, the body has not had it

    std::vector<int> rest;
    for (int v : after_one) rest.push_back(v);
    CHECK(rest == std::vector{6, 7, 8, 9});
}
