// SPDX-License-Identifier: Apache-2.0
// What a boundary has ready.
#include <doctest/doctest.h>

#include <memory>
#include <weir/segment/boundary.hpp>

TEST_CASE("a value is destroyed as soon as it is passed, whatever is behind it") {
    const auto first = std::make_shared<int>(1), second = std::make_shared<int>(2);
    weir::detail::ready_input<std::shared_ptr<int>> ready;
    ready.push(first, {});
    ready.push(second, {});
    REQUIRE(first.use_count() == 2);
    ready.passed(1);
    CHECK(first.use_count() == 1);
    CHECK(second.use_count() == 2);
    CHECK(ready.left() == 1);
    ready.passed(2);
    CHECK(second.use_count() == 1);
    CHECK(ready.left() == 0);
}
