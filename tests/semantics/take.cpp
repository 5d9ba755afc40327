// SPDX-License-Identifier: Apache-2.0
// Batches: how many, how long.
#include <string>

#include "driven.hpp"

namespace {

auto into(batches& seen) {
    return weir::for_each([&seen](const weir::batch<int>& b) { seen.push_back(b.values()); });
}

}  // namespace

TEST_CASE("semantics 33: a batch at n elements, or when `within` has passed since the batch's "
          "first element") {
    weir::app app{"take"};
    auto in = app.topic<int>("in");
    batches seen;
    app.agent("a", in | weir::take(3, 10s) | into(seen));
    test_driver test{app};
    test.advance(7s);  // the limit does not run while there is nothing
    test.send(in, "k", 0);
    test.advance(6s);
    test.send(in, "k", 1);
    test.advance(3999ms);
    CHECK(seen.empty());
    test.advance(1ms);
    CHECK(seen == batches{{0, 1}});
    test.advance(1h);
    CHECK(seen.size() == 1);  // never empty
    for (int n = 2; n < 9; ++n) test.append(in, "k", n);
    test.run();
    CHECK(seen == batches{{0, 1}, {2, 3, 4}, {5, 6, 7}});  // never more than n
    test.advance(10s);
    CHECK(seen == batches{{0, 1}, {2, 3, 4}, {5, 6, 7}, {8}});
}

TEST_CASE("semantics 33: the limit of what one message leaves over runs from that message") {
    weir::app app{"take"};
    auto in = app.topic<int>("in");
    batches seen;
    const auto thrice = [](int n) { return trace{n, n + 1, n + 2}; };
    app.agent("a", in | weir::flat_map(thrice) | weir::take(2, 10s) | into(seen));
    test_driver test{app};
    test.send(in, "k", 0);
    CHECK(seen == batches{{0, 1}});
    test.advance(4s);
    test.send(in, "k", 10);  // 2 and 10, then 11 and 12
    CHECK(seen == batches{{0, 1}, {2, 10}, {11, 12}});
    test.send(in, "k", 20);
    test.advance(9s);
    CHECK(seen.size() == 4);
    test.advance(1s);
    CHECK(seen == batches{{0, 1}, {2, 10}, {11, 12}, {20, 21}, {22}});
    test.commit();
    CHECK(test.committed(in, 0) == 3);
}

TEST_CASE("semantics 34: take(n) without a limit: batches of exactly n, a short one at shutdown") {
    weir::app app{"take"};
    auto in = app.topic<int>("in");
    batches seen;
    app.agent("a", in | weir::take(2) | into(seen));
    test_driver test{app};
    for (int n = 0; n < 5; ++n) test.send(in, "k", n);
    test.advance(24h);
    CHECK(seen == batches{{0, 1}, {2, 3}});
    CHECK(test.committed(in, 0) == 4);
    test.stop();
    CHECK(seen == batches{{0, 1}, {2, 3}, {4}});
    CHECK(test.committed(in, 0) == 5);
    CHECK(test.exit_code() == 0);
}

TEST_CASE("semantics 34: a short batch at the end of a finite source") {
    batches seen;
    for (auto& b : weir::from(trace{1, 2, 3, 4, 5}) | weir::take(2)) seen.push_back(b.values());
    CHECK(seen == batches{{1, 2}, {3, 4}, {5}});
}

TEST_CASE("semantics 34: take(n) with n > open_max is refused when the app starts") {
    weir::app app{"take", {.open_max = 10}};
    auto in = app.topic<int>("in");
    batches seen;
    app.agent("a", in | weir::take(11, 1s) | into(seen));
    CHECK_THROWS_WITH_AS(test_driver{app},
                         "weir: agent 'a': take(11, 1 s) waits for more messages than open_max = "
                         "10 lets be open: raise app_options::open_max, or take fewer",
                         weir::setup_error);
}

TEST_CASE("semantics 34: takes that together need more than open_max halt their partition, and the "
          "log says so once") {
    silent told;
    weir::app app{"take", {.open_max = 10, .hooks = &told}};
    auto in = app.topic<int>("in");
    app.agent("a", in | weir::take(6) | weir::take(2) | weir::for_each([](const auto&) {}));
    test_driver test{app};
    for (int n = 0; n < 20; ++n) test.append(in, "k", n);
    test.run();
    CHECK(test.held(in, 0) == 10);
    test.advance(9s);
    CHECK(told.lines.empty());
    test.advance(10min);
    CHECK(told.lines == std::vector<std::string>{
                            "in[0] stands still at 0: agent 'a', take(2): its batch is not "
                            "complete; no more is read, since open_max = 10 messages are open"});
}

TEST_CASE("semantics 34: take(n) with n = open_max works") {
    weir::app app{"take", {.stream_buffer_max = 3, .open_max = 4}};
    auto in = app.topic<int>("in");
    batches seen;
    app.agent("a", in | weir::take(4) | into(seen));
    test_driver test{app};
    for (int n = 0; n < 9; ++n) test.append(in, "k", n);
    test.run();
    CHECK(seen == batches{{0, 1, 2, 3}, {4, 5, 6, 7}});
}

TEST_CASE("semantics 36: 8 events, take(3, 500ms): two batches at once, the rest after 500 ms") {
    weir::app app{"take"};
    auto in = app.topic<int>("in");
    batches seen;
    app.agent("a", in | weir::take(3, 500ms) | into(seen));
    test_driver test{app};
    for (int n = 0; n < 8; ++n) test.append(in, "k", n);
    test.run();
    CHECK(seen == batches{{0, 1, 2}, {3, 4, 5}});
    test.advance(499ms);
    CHECK(seen.size() == 2);
    test.advance(1ms);
    CHECK(seen == batches{{0, 1, 2}, {3, 4, 5}, {6, 7}});
}

TEST_CASE("semantics 36: filter | take(n) batches survivors") {
    weir::app app{"take"};
    auto in = app.topic<int>("in");
    batches seen;
    app.agent("a",
              in | weir::filter([](int n) { return n % 2 == 1; }) | weir::take(2) | into(seen));
    test_driver test{app};
    for (int n = 0; n < 9; ++n) test.append(in, "k", n);
    test.run();
    CHECK(seen == batches{{1, 3}, {5, 7}});
    test.commit();
    CHECK(test.committed(in, 0) == 9);
}

TEST_CASE("semantics 37: under a virtual clock a pull loop does not sleep for its batch") {
    weir::app app{"take"};
    auto in = app.topic<int>("in");
    test_driver test{app};
    test.append(in, "k", 1);
    const auto before = test.now();
    batches seen;
    for (auto& b : app.stream(in) | weir::take(2, 24h)) seen.push_back(b.values());
    CHECK(seen == batches{{1}});
    CHECK(test.now() - before == 24h);
}
