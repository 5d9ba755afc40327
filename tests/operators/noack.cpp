// SPDX-License-Identifier: Apache-2.0
// noack: what may stand behind it, and what an event that nobody acknowledges costs a partition.
// What is acknowledged when: tests/semantics/by_hand.cpp.
#include <string>
#include <utility>
#include <vector>

#include "driven.hpp"

TEST_CASE("noack lets filter and tap follow, in any order, and the element stays an event") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers tapped, got;
    app.agent("n", in | weir::events() |
                       weir::filter([](const auto& e) { return e.value() != 1; }) | weir::noack() |
                       weir::tap([&](const auto& e) { tapped.push_back(e.value()); }) |
                       weir::filter([](const auto& e) { return e.value() != 2; }) | weir::noack() |
                       weir::for_each([&](auto& e) {
                           got.push_back(e.value());
                           if (e.value() != 3) e.ack();
                       }));
    test_driver test{app};
    for (int i = 0; i < 5; ++i) test.send(in, "k", i);
    CHECK(tapped == numbers{0, 2, 3, 4});
    CHECK(got == numbers{0, 3, 4});
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("noack at the end of a pipeline: no body will see its events, they are acknowledged") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    app.agent("n", in | weir::events() | weir::noack());
    test_driver test{app};
    for (int i = 0; i < 3; ++i) test.send(in, "k", i);
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("noack: what is kept counts toward open_max and stops its partition alone") {
    weir::app app{"a", {.open_max = 2}};
    auto in = app.topic<int>("in", {.partitions = 2});
    numbers got;
    std::vector<weir::hold> kept;
    app.agent("n", in | weir::events() | weir::noack() | weir::for_each([&](auto& e) {
                       got.push_back(e.value());
                       if (e.partition() == 0) kept.push_back(e.hold());
                       else e.ack();
                   }));
    test_driver test{app};
    for (int i = 0; i < 4; ++i) {
        test.send(in, "k", i, {.partition = 0});
        test.send(in, "k", 10 + i, {.partition = 1});
    }
    CHECK(got == numbers{0, 10, 1, 11, 12, 13});
    kept[0].ack();
    test.run();
    CHECK(got == numbers{0, 10, 1, 11, 12, 13, 2});
    for (auto& h : kept) h.ack();
    test.run();
    CHECK(got.size() == 8);
    kept.clear();  // the last one without
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
    CHECK(test.committed(in, 1) == committed{4});
}

TEST_CASE("noack: one that is left open does not stop its partition, only its commits") {
    weir::app app{"a", {.open_max = 2}};
    auto in = app.topic<int>("in");
    int got = 0;
    app.agent("n", in | weir::events() | weir::noack() | weir::for_each([&](auto& e) {
                       if (++got > 1 && got != 4) e.ack();
                   }));
    test_driver test{app};
    for (int i = 0; i < 10; ++i) test.send(in, "k", i);
    CHECK(got == 10);
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == committed{});
    test.stop();  // and stopping does not wait for it
    CHECK(test.exit_code() == weir::exit_code::ok);
    CHECK(test.committed(in, 0) == committed{});
}

TEST_CASE("noack: a partition that comes back begins with what was left open") {
    weir::app app{"a"};
    auto in = app.topic<int>("in", {.partitions = 2});
    std::vector<std::pair<weir::partition_id, int>> got;
    app.agent("n", in | weir::events() | weir::noack() | weir::for_each([&](auto& e) {
                       got.emplace_back(e.partition(), e.value());
                       if (e.value() != 1 || got.size() > 6) e.ack();
                   }));
    test_driver test{app};
    for (int i = 0; i < 3; ++i)
        for (int p : {0, 1}) test.send(in, "k", i, {.partition = p});
    CHECK(got.size() == 6);
    test.revoke(in, 0);
    CHECK(test.committed(in, 0) == committed{1});
    test.assign(in, 0);
    test.run();
    CHECK(got.size() == 8);
    CHECK(got[6] == std::pair{0, 1});
    CHECK(got[7] == std::pair{0, 2});
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
    CHECK(test.committed(in, 1) == committed{1});
}
