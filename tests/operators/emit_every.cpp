// SPDX-License-Identifier: Apache-2.0
// emit_every: which values it passes on and when, what it holds, and what a failure leaves.
#include "state/windowing.hpp"

namespace {

/// `in | count(seen) | emit_every | items | for_each`: "a 2".
struct updates {
    lateness hooks{};
    weir::app app;
    weir::topic<string, int> in;
    texts out{};
    explicit updates(weir::emit_every_options o = {}, weir::partition_id partitions = 1)
        : app{"a", {.hooks = &hooks}},
          in(app.topic<string, int>("in", {.partitions = partitions})) {
        auto seen = app.table<string, std::int64_t>("seen");
        app.agent("u", in | weir::filter([](int i) { return i > 0; }) | weir::count(seen) |
                           weir::emit_every(10ms, o) | weir::items() |
                           weir::for_each([this](auto& i) {
                               out.push_back(i.key() + ' ' + std::to_string(i.value()));
                           }));
    }
    void send(test_driver& test, const string& key, std::int64_t time, int value = 1,
              weir::partition_id p = 0) {
        test.send(in, key, value, {.partition = p, .timestamp = at(time)});
    }
};

}  // namespace

TEST_CASE("semantics 83: the newest value of a key is passed on, once in the time") {
    updates u;
    test_driver test{u.app};
    u.send(test, "a", 0);
    u.send(test, "b", 1);
    u.send(test, "a", 9);
    CHECK(u.out.empty());
    u.send(test, "a", 10);
    CHECK(u.out == texts{"a 3"});
    u.send(test, "c", 11);
    CHECK(u.out == texts{"a 3", "b 1"});
}

TEST_CASE("semantics 83: several keys are passed on by time, then by key") {
    updates u;
    test_driver test{u.app};
    u.send(test, "b", 3);
    u.send(test, "c", 2);
    u.send(test, "a", 3);
    u.send(test, "x", 100);
    CHECK(u.out == texts{"c 1", "a 1", "b 1"});
}

TEST_CASE("semantics 83: a message that was dropped before moves the time, too") {
    updates u;
    test_driver test{u.app};
    u.send(test, "a", 0);
    u.send(test, "b", 10, 0);
    CHECK(u.out == texts{"a 1"});
}

TEST_CASE("semantics 83: each partition has its own time") {
    updates u{{}, 2};
    test_driver test{u.app};
    u.send(test, "a", 0, 1, 0);
    u.send(test, "b", 100, 1, 1);
    CHECK(u.out.empty());
    u.send(test, "a", 10, 1, 0);
    CHECK(u.out == texts{"a 2"});
}

TEST_CASE("semantics 83: at .max keys the one that waits longest is passed on early") {
    updates u{{.max = 2}};
    test_driver test{u.app};
    u.send(test, "a", 0);
    u.send(test, "b", 1);
    u.send(test, "a", 2);
    CHECK(u.out.empty());
    u.send(test, "c", 3);
    CHECK(u.out == texts{"a 2"});
}

TEST_CASE("a value that waits keeps its message open; one that is replaced does not") {
    updates u;
    test_driver test{u.app};
    u.send(test, "a", 0);
    u.send(test, "a", 1);
    test.commit();
    CHECK(test.committed(u.in, 0) == committed{1});
    u.send(test, "a", 10);
    test.commit();
    CHECK(test.committed(u.in, 0) == committed{3});
}

TEST_CASE("when the app stops, what waits is passed on") {
    updates u;
    test_driver test{u.app};
    u.send(test, "b", 0);
    u.send(test, "a", 1);
    test.stop();
    CHECK(u.out == texts{"b 1", "a 1"});
}

TEST_CASE("a partition that is given up takes along what waits of it; it comes again") {
    updates u{{}, 2};
    test_driver test{u.app};
    u.send(test, "a", 0, 1, 0);
    u.send(test, "b", 0, 1, 1);
    test.revoke(u.in, 0);
    u.send(test, "b", 10, 1, 1);
    CHECK(u.out == texts{"b 2"});
    test.assign(u.in, 0);
    u.send(test, "a", 10, 1, 0);
    CHECK(u.out == texts{"b 2", "a 2"});
}

TEST_CASE("emit_every refuses what makes no sense") {
    CHECK_THROWS_WITH(weir::emit_every(0ms), doctest::Contains("must be positive"));
    CHECK_THROWS_WITH(weir::emit_every(1ms, {.max = 0}),
                      doctest::Contains("has to wait somewhere"));
}

TEST_CASE("emit_every is drawn with its time") {
    updates u;
    CHECK(u.app.graph().text().find("| emit_every(10 ms)") != string::npos);
}
