// SPDX-License-Identifier: Apache-2.0
// When a message closes: subscriptions, agents, the automatic acknowledgement.
#include <stdexcept>
#include <string>

#include "driven.hpp"

TEST_CASE("semantics 1: building a pipeline subscribes to nothing; one that no one runs delays no "
          "commit") {
    weir::app app{"ack"};
    auto in = app.topic<int>("in");
    auto alone = app.topic<int>("alone");
    [[maybe_unused]] const auto built =
        in | weir::filter([](int) { return true; }) | weir::take(1000);
    const auto pulled = app.stream(in) | weir::take(1000);
    const auto lonely = app.stream(alone) | weir::map([](int n) { return n; });
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.send(in, "k", n);
    test.send(alone, "k", 0);
    CHECK(seen == trace{0, 1, 2});
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == 3);
    test.advance(10s);
    CHECK(test.committed(alone, 0) == nothing);
    for (auto& p : app.partitions()) CHECK(p.topic == "in");  // nothing else is subscribed
}

TEST_CASE("semantics 8: a message stays open until every subscribing agent has finished it") {
    silent quiet;
    weir::app app{"ack", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace fast, slow;
    std::vector<weir::hold> holds;
    app.agent("fast", in | weir::for_each([&](int n) { fast.push_back(n); }));
    app.agent("slow", in | weir::for_each([&](int n) {
                          slow.push_back(n);
                          if (n == 2 && slow.size() < 5) throw std::runtime_error{"later"};
                      }),
              {.on_error = weir::retry(5, 10s)});
    app.agent("keep", in | weir::take(1) |
                          weir::for_each([&](const auto& b) { holds.push_back(b.hold()); }));
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.append(in, "k", n);
    test.run();
    CHECK(fast == trace{0, 1, 2, 3});
    CHECK(slow == trace{0, 1, 2});
    REQUIRE(holds.size() == 4);
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    holds.erase(holds.begin());
    test.commit();
    CHECK(test.committed(in, 0) == 1);
    holds.clear();
    test.commit();
    CHECK(test.committed(in, 0) == 2);  // slow has not finished 2
    test.advance(20s);
    CHECK(slow == trace{0, 1, 2, 2, 2, 3});
    test.commit();
    CHECK(test.commits(in, 0) == offsets{1, 2, 4});  // then its offset closes, once
}

TEST_CASE("semantics 8: agents with other value types, and one added later, count as well") {
    weir::app app{"ack"};
    auto in = app.topic<std::string>("in");
    auto raw = app.topic("in");
    trace sizes;
    std::vector<weir::hold> holds;
    app.agent("text", in | weir::for_each([](const std::string&) {}));
    app.agent("raw", raw | weir::take(1) |
                         weir::for_each([&](const auto& b) { holds.push_back(b.hold()); }));
    test_driver test{app};
    test.send(in, "k", "a");
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    app.agent("later", in | weir::take(2) | weir::for_each([&](const auto& b) {
                           sizes.push_back(static_cast<int>(b.size()));
                       }));
    test.send(in, "k", "b");
    holds.clear();
    test.commit();
    CHECK(test.committed(in, 0) == 1);  // it came for the second message
    test.send(in, "k", "c");
    holds.clear();
    test.commit();
    CHECK(sizes == trace{2});
    CHECK(test.committed(in, 0) == 3);
}

TEST_CASE("semantics 9: the event is acknowledged when an agent's body throws (default: skip)") {
    silent quiet;
    weir::app app{"ack", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) {
                       if (n == 1) throw std::runtime_error{"one"};
                       seen.push_back(n);
                   }));
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.append(in, "k", n);
    test.run();
    CHECK(seen == trace{0, 2});
    CHECK(test.running());
    test.commit();
    CHECK(test.committed(in, 0) == 3);
    REQUIRE(test.errors().size() == 1);
    const auto e = test.errors()[0];
    CHECK(e.agent == "a");
    CHECK(e.topic == "in");
    CHECK(e.partition == 0);
    CHECK(e.offset == 1);
    CHECK(e.text == "one");
}

TEST_CASE("semantics 9: what was finished is acknowledged when the stream stops") {
    weir::app app{"ack"};
    auto in = app.topic<int>("in");
    app.agent("a", in | weir::for_each([](int) {}));
    test_driver test{app};
    test.send(in, "k", 0);
    test.send(in, "k", 1);
    CHECK(test.committed(in, 0) == nothing);
    test.stop();
    CHECK(test.commits(in, 0) == offsets{2});
    CHECK(!test.running());
}
