// SPDX-License-Identifier: Apache-2.0
// take: when a batch is full, when it is late, who holds what, and what a failing batch does.
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "counted.hpp"
#include "driven.hpp"

namespace {

using weir::testing::counted;

auto into(batches& got) {
    return weir::for_each([&got](const weir::batch<int>& b) { got.push_back(b.values()); });
}

}  // namespace

TEST_CASE("take delivers full batches at once and a short one when the time has passed") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    batches got;
    app.agent("t", in | weir::take(3, 500ms) | into(got));
    test_driver test{app};
    for (int i = 0; i < 8; ++i) test.send(in, std::nullopt, i);
    CHECK(got == batches{{0, 1, 2}, {3, 4, 5}});
    test.advance(499ms);
    CHECK(got.size() == 2);
    test.advance(1ms);
    CHECK(got == batches{{0, 1, 2}, {3, 4, 5}, {6, 7}});
}

TEST_CASE("take measures from the first value of a batch, not from the batch before") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    batches got;
    app.agent("t", in | weir::take(3, 10s) | into(got));
    test_driver test{app};
    test.advance(7s);  // an empty batch has no time to run out
    test.send(in, std::nullopt, 1);
    test.advance(9s);
    test.send(in, std::nullopt, 2);
    CHECK(got.empty());
    test.advance(1s);
    CHECK(got == batches{{1, 2}});
    test.send(in, std::nullopt, 3);
    test.advance(9s);
    CHECK(got.size() == 1);
    test.advance(1s);
    CHECK(got == batches{{1, 2}, {3}});
    test.advance(1h);
    CHECK(got.size() == 2);  // never an empty one
}

TEST_CASE("take without a limit of time waits for a whole batch, whatever the clock says") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    batches got;
    app.agent("t", in | weir::take(2) | into(got));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    test.advance(24h);
    CHECK(got == batches{{1, 2}});
}

TEST_CASE("take cuts many values of one message into several batches") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    batches got;
    app.agent("t", in | weir::flat_map([](int n) { return numbers(std::size_t(n), n); }) |
                       weir::take(2, 1s) | into(got));
    test_driver test{app};
    test.send(in, std::nullopt, 5);
    CHECK(got == batches{{5, 5}, {5, 5}});
    test.advance(1s);
    CHECK(got == batches{{5, 5}, {5, 5}, {5}});
}

TEST_CASE("take delivers what is left when a finite source ends") {
    batches got;
    for (auto& b : weir::from(numbers{1, 2, 3, 4, 5}) | weir::take(2)) got.push_back(b.values());
    CHECK(got == batches{{1, 2}, {3, 4}, {5}});
}

TEST_CASE("take delivers what is left as a short batch when the app stops") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    batches got;
    app.agent("t", in | weir::take(3, 10s) | into(got));
    test_driver test{app};
    for (int i : {1, 2}) test.send(in, std::nullopt, i);
    test.stop();
    CHECK(got == batches{{1, 2}});
    CHECK(test.exit_code() == weir::exit_code::ok);
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("take is drawn with its limits and the key its messages share") {
    weir::app app{"a"};
    auto keyed = app.topic<std::string, int>("keyed");
    auto plain = app.topic<int>("plain");
    app.agent("k", keyed | weir::take(100, 10s));
    app.agent("p", plain | weir::take(5));
    CHECK(app.graph().text() ==
          "agent k\n"
          "  topic keyed : std::string, int\n"
          "  | take(100, 10 s) : std::optional<std::string>, weir::batch<int>\n"
          "agent p\n"
          "  topic plain : int\n"
          "  | take(5) : weir::batch<int>\n");
}

TEST_CASE("take holds its messages until their batch has been processed, then all of them go") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    batches got;
    app.agent("t", in | weir::take(3, 10s) | into(got));
    test_driver test{app};
    for (int i : {1, 2}) test.send(in, std::nullopt, i);
    CHECK(test.held(in, 0) == 2);
    test.commit();
    CHECK(test.committed(in, 0) == committed{});
    test.send(in, std::nullopt, 3);
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("a copy of a batch holds its messages for as long as it lives") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<weir::batch<int>> kept;
    app.agent("t", in | weir::take(2) |
                       weir::for_each([&](const weir::batch<int>& b) { kept.push_back(b); }));
    test_driver test{app};
    for (int i : {1, 2}) test.send(in, std::nullopt, i);
    CHECK(test.held(in, 0) == 2);
    test.commit();
    CHECK(test.committed(in, 0) == committed{});
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].size() == 2);
    CHECK(kept[0][1] == 2);
    kept.clear();
    test.run();
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("take collects across the partitions of a topic") {
    weir::app app{"a"};
    auto in = app.topic<int>("in", {.partitions = 2});
    batches got;
    app.agent("t", in | weir::take(2) | into(got));
    test_driver test{app};
    test.send(in, std::nullopt, 1, {.partition = 0});
    test.send(in, std::nullopt, 2, {.partition = 1});
    CHECK(got == batches{{1, 2}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
    CHECK(test.committed(in, 1) == committed{1});
}

TEST_CASE("a revoked partition's values leave the batch unacknowledged, the rest stays") {
    weir::app app{"a"};
    auto in = app.topic<int>("in", {.partitions = 2});
    batches got;
    app.agent("t", in | weir::take(4, 10s) | into(got));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i, {.partition = i % 2});
    test.revoke(in, 1);
    test.advance(10s);
    CHECK(got == batches{{2}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
    CHECK(test.committed(in, 1) == committed{});
    test.assign(in, 1);
    test.advance(10s);
    CHECK(got == batches{{2}, {1, 3}});  // delivered again
    test.commit();
    CHECK(test.committed(in, 1) == committed{2});
}

TEST_CASE("batches of bool are batches, also when some of their values leave") {
    weir::app app{"a"};
    auto in = app.topic<bool>("in", {.partitions = 2});
    std::vector<std::vector<bool>> got;
    app.agent("t", in | weir::take(3, 10s) |
                       weir::for_each([&](const auto& b) { got.push_back(b.values()); }));
    test_driver test{app};
    test.send(in, std::nullopt, true, {.partition = 1});
    test.send(in, std::nullopt, false, {.partition = 0});
    test.revoke(in, 1);
    test.send(in, std::nullopt, true, {.partition = 0});
    test.advance(10s);
    CHECK(got == std::vector<std::vector<bool>>{{false, true}});
}

TEST_CASE("a batch that fails names its first message, not one that has left") {
    weir::app app{"a"};
    auto in = app.topic<int>("in", {.partitions = 2});
    const auto twice = [](int i) { return numbers{i, i}; };
    const auto fails = weir::for_each([](const auto&) { throw std::runtime_error{"no"}; });
    std::vector<std::pair<weir::partition_id, weir::offset>> named;
    SUBCASE("the one before it left with the batch before") {
        app.agent("t", in | weir::flat_map(twice) | weir::take(3, 10s) | fails,
                  {.on_error = weir::skip});
        test_driver test{app};
        for (int i : {1, 2}) test.send(in, std::nullopt, i, {.partition = 1});
        test.advance(10s);
        for (auto& e : test.errors()) named.emplace_back(e.partition, e.offset);
        CHECK(named == decltype(named){{1, 0}, {1, 1}});
    }
    SUBCASE("the one before it left with its partition") {
        app.agent("t", in | weir::take(9, 10s) | fails, {.on_error = weir::skip});
        test_driver test{app};
        for (int i : {1, 1, 0}) test.send(in, std::nullopt, i, {.partition = i});
        test.revoke(in, 1);
        test.advance(10s);
        for (auto& e : test.errors()) named.emplace_back(e.partition, e.offset);
        CHECK(named == decltype(named){{0, 0}});
    }
}

TEST_CASE("take copies a decoded value once and moves what map made") {
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    std::size_t seen = 0;
    const auto see = weir::for_each([&](const weir::batch<counted>& b) { seen += b.size(); });
    int copies = 0;
    SUBCASE("decoded") {
        app.agent("t", in | weir::take(4) | see);
        copies = 8;
    }
    SUBCASE("made by map") {
        app.agent("t", in | weir::map([](const counted& c) { return counted{c.number}; }) |
                           weir::take(4) | see);
    }
    test_driver test{app};
    counted::copies = 0;
    for (int i = 0; i < 8; ++i) test.append(in, std::nullopt, counted{i});
    test.run();
    CHECK(seen == 8);
    CHECK(counted::copies == copies);
}

TEST_CASE("a batch whose body throws stops the app by default and commits none of it") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    app.agent("t", in | weir::take(2) | weir::for_each([](const weir::batch<int>& b) {
                       if (b[0] == 3) throw std::runtime_error{"no"};
                   }));
    test_driver test{app};
    for (int i = 1; i <= 5; ++i) test.append(in, std::nullopt, i);
    test.run();
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == committed{2});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().offset == 2);  // the batch's first
    CHECK(test.errors().front().text == "no");
}

TEST_CASE("a batch that fails is retried whole, then skipped as one") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    batches calls;
    app.agent("t", in | weir::take(2) | weir::for_each([&](const weir::batch<int>& b) {
                       calls.push_back(b.values());
                       if (b[0] == 1) throw std::runtime_error{"never"};
                   }),
              {.on_error = weir::retry(1, 100ms).then(weir::skip)});
    test_driver test{app};
    for (int i = 1; i <= 4; ++i) test.append(in, std::nullopt, i);
    test.run();
    CHECK(calls == batches{{1, 2}});
    CHECK(test.held(in, 0) == 2);
    test.advance(100ms);
    CHECK(calls == batches{{1, 2}, {1, 2}, {3, 4}});
    CHECK(test.errors().size() == 1);
    test.commit();
    CHECK(test.committed(in, 0) == committed{4});
}

TEST_CASE("a message that fails before take has left nothing in the batch") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    batches got;
    const auto breaks_at_2 = [](int i) {
        if (i == 2) throw std::runtime_error{"two!"};
        return i;
    };
    const auto up_to = [](int n) { return n == 2 ? numbers{9, 2} : numbers{n}; };
    app.agent("t", in | weir::flat_map(up_to) | weir::map(breaks_at_2) | weir::take(2) | into(got),
              {.on_error = weir::skip});
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == batches{{1, 3}});
}

TEST_CASE("take refuses limits that make no sense when the pipeline is built") {
    CHECK_THROWS_WITH_AS(weir::take(0), "weir: take(0): a batch needs at least one value",
                         weir::setup_error);
    CHECK_THROWS_WITH_AS(weir::take(1, 0s),
                         "weir: take(n, within): the limit of time must be positive",
                         weir::setup_error);
    CHECK_THROWS_WITH_AS(weir::take(1, -1s),
                         "weir: take(n, within): the limit of time must be positive",
                         weir::setup_error);
}

TEST_CASE("take refuses a batch that open_max could never fill when the app starts") {
    weir::app app{"a", {.open_max = 10}};
    auto in = app.topic<int>("in");
    app.agent("t", in | weir::take(11, 1s));
    CHECK_THROWS_WITH_AS(test_driver{app},
                         "weir: agent 't': take(11, 1 s) waits for more messages than open_max = "
                         "10 lets be open: raise app_options::open_max, or take fewer",
                         weir::setup_error);
}
