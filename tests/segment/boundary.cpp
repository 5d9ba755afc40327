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

TEST_CASE("what is dropped behind a value that waits is kept as far as a limit") {
    const weir::topic_partition tp{"in", 0};
    const auto at = [](std::int64_t ms) { return weir::timestamp{std::chrono::milliseconds{ms}}; };
    weir::detail::dropped_behind kept;
    for (int i = 0; i < 20'000; ++i) kept.add({&tp, i, at(i)});
    kept.add({&tp, 20'000, at(5)});  // moves nothing
    weir::detail::ready_input<int> ready;
    kept.pass(ready, {});
    REQUIRE(ready.left() == 10'000);
    CHECK(ready.time_of(9'998) == at(9'998));
    CHECK(ready.time_of(9'999) == at(19'999));
    CHECK(ready.offset_of(9'999) == 19'999);
    CHECK(ready.is_dropped(9'999));
    kept.pass(ready, {});
    CHECK(ready.left() == 10'000);
}

TEST_CASE("a dropped message needs no value, whatever the values are") {
    struct no_default {
        explicit no_default(int n) : shared(std::make_shared<int>(n)) {}
        std::shared_ptr<int> shared;
    };
    const weir::topic_partition tp{"in", 0};
    weir::detail::ready_input<no_default> ready;
    const no_default value{1};
    ready.push(value, {});
    ready.push(weir::hold{}, {&tp, 7, {}});
    ready.push(value, {});
    CHECK(value.shared.use_count() == 3);
    CHECK(!ready.is_dropped(0));
    CHECK(ready.is_dropped(1));
    CHECK(*ready.values[2].value.shared == 1);
    ready.passed(2);
    CHECK(value.shared.use_count() == 2);
    ready.passed(3);
    CHECK(value.shared.use_count() == 1);
    CHECK(!ready.any_dropped);
}
