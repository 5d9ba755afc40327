// SPDX-License-Identifier: Apache-2.0
// Batches are acknowledged together, and fail together.
#include <stdexcept>
#include <string>
#include <utility>

#include "driven.hpp"

TEST_CASE("semantics 35: the events of a batch are acknowledged together when its body is done") {
    weir::app app{"take"};
    auto in = app.topic<int>("in", {.partitions = 2});
    std::vector<weir::hold> holds;
    app.agent("a", in | weir::take(4) |
                       weir::for_each([&](const auto& b) { holds.push_back(b.hold()); }));
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.send(in, "k", n, {.partition = n % 2});
    CHECK(test.held(in, 0) == 2);
    CHECK(holds.empty());
    test.send(in, "k", 3, {.partition = 1});
    REQUIRE(holds.size() == 1);  // across partitions
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    holds.clear();
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == 2);
    CHECK(test.committed(in, 1) == 2);
}

TEST_CASE("semantics 35: take collects per agent: each has batches of its own, across partitions") {
    weir::app app{"take"};
    auto in = app.topic<int>("in", {.partitions = 2});
    batches twos, threes;
    app.agent("twos", in | weir::take(2) |
                          weir::for_each([&](const auto& b) { twos.push_back(b.values()); }));
    app.agent("threes", in | weir::take(3) |
                            weir::for_each([&](const auto& b) { threes.push_back(b.values()); }));
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.send(in, "k", n, {.partition = n % 2});
    CHECK(twos == batches{{0, 1}, {2, 3}});
    CHECK(threes == batches{{0, 1, 2}});
    test.commit();
    CHECK(test.committed(in, 0) == 2);
    CHECK(test.committed(in, 1) == 1);  // one agent waits with the last, the other has finished it
}

TEST_CASE("semantics 35: if the body throws, the policy applies to the whole batch, by default "
          "stop") {
    silent quiet;
    weir::app app{"take", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    batches seen;
    app.agent("a", in | weir::take(2) | weir::for_each([&](const weir::batch<int>& b) {
                       seen.push_back(b.values());
                       if (b[1] == 3) throw std::runtime_error{"three"};
                   }));
    test_driver test{app};
    for (int n = 0; n < 7; ++n) test.append(in, "k", n);
    test.run();
    CHECK(seen == batches{{0, 1}, {2, 3}});
    CHECK(!test.running());
    CHECK(test.exit_code() == 1);
    CHECK(test.committed(in, 0) == 2);
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors(app).size() == 1);
    const auto e = test.errors()[0];
    CHECK(std::pair{e.seam, e.agent} == std::pair<std::string, std::string>{"process", "a"});
    CHECK(std::pair{e.offset, e.text} == std::pair<offset, std::string>{2, "three"});
}

TEST_CASE("semantics 35: skip gives the whole batch up, counted once") {
    silent quiet;
    weir::app app{"take", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    batches seen;
    app.agent("a", in | weir::take(2) | weir::for_each([&](const weir::batch<int>& b) {
                       if (b[0] == 0) throw std::runtime_error{"zero"};
                       seen.push_back(b.values());
                   }),
              {.on_error = weir::skip});
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.send(in, "k", n);
    CHECK(seen == batches{{2, 3}});
    CHECK(test.errors().size() == 1);
    test.commit();
    CHECK(test.committed(in, 0) == 4);
}

TEST_CASE("semantics 35: a batch is retried as the same batch") {
    silent quiet;
    weir::app app{"take", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    batches seen;
    app.agent("a", in | weir::take(2, 10s) | weir::for_each([&](const weir::batch<int>& b) {
                       seen.push_back(b.values());
                       if (seen.size() < 3) throw std::runtime_error{"not yet"};
                   }),
              {.on_error = weir::retry(2, 30s)});
    test_driver test{app};
    test.send(in, "k", 0);
    test.advance(10s);
    test.send(in, "k", 1);
    test.send(in, "k", 2);
    CHECK(seen == batches{{0}});
    test.advance(30s);
    test.advance(29s);
    CHECK(seen == batches{{0}, {0}});
    CHECK(test.committed(in, 0) == nothing);
    test.advance(1s);
    CHECK(seen == batches{{0}, {0}, {0}, {1, 2}});
    CHECK(test.errors().empty());
    test.commit();
    CHECK(test.committed(in, 0) == 3);
}

TEST_CASE("semantics 35: leaving the loop acknowledges nothing it did not hand over") {
    weir::app app{"take"};
    auto in = app.topic<int>("in");
    test_driver test{app};
    for (int n = 0; n < 5; ++n) test.append(in, "k", n);
    for (auto& b : app.stream(in) | weir::take(2)) {
        CHECK(b.values() == trace{0, 1});
        break;
    }
    test.run();
    test.commit();
    CHECK(test.committed(in, 0) == 2);
}
