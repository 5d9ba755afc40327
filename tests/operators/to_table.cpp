// SPDX-License-Identifier: Apache-2.0
// to_table: the last value of each key, and nulls that erase.
#include "state/counting.hpp"

#include <stdexcept>

namespace {

using lasts = std::map<string, int>;

}  // namespace

TEST_CASE("to_table keeps the last value, and a null erases its key") {
    weir::app app{"a"};
    auto in = app.topic<string, std::optional<int>>("in");
    auto last = app.table<string, int>("last");
    app.agent("c", in | weir::to_table(last));
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(in, "y", 2);
    test.send(in, "x", 3);
    CHECK(last.get("x") == 3);
    test.send(in, "x", std::nullopt);
    CHECK(all_of(last) == lasts{{"y", 2}});
    test.restart();
    CHECK(all_of(last) == lasts{{"y", 2}});
}

TEST_CASE("to_table passes on what it was given, nulls and equal values, too") {
    weir::app app{"a"};
    auto in = app.topic<string, std::optional<int>>("in");
    auto out = app.topic<string, std::optional<int>>("out");
    auto last = app.table<string, int>("last");
    app.agent("c", in | weir::to_table(last) | weir::to(out));
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(in, "x", 1);
    test.send(in, "y", std::nullopt);  // of a key that is not there
    CHECK(test.values(out) == std::vector<std::optional<int>>{1, 1, std::nullopt});
    CHECK(all_of(last) == lasts{{"x", 1}});
}

TEST_CASE("to_table goes by the order of messages, not by timestamps, and keeps theirs") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto out = app.topic<string, int>("out");
    auto last = app.table<string, int>("last");
    app.agent("c", in | weir::to_table(last) | weir::to(out));
    test_driver test{app};
    const auto at = [](int s) { return weir::timestamp{std::chrono::seconds{s}}; };
    test.send(in, "x", 1, {.timestamp = at(30)});
    test.send(in, "x", 2, {.timestamp = at(10)});
    CHECK(last.get("x") == 2);
    test.restart();
    CHECK(last.get("x") == 2);
    const auto sent = test.events(out);
    REQUIRE(test.items(out) == std::vector<std::pair<string, int>>{{"x", 1}, {"x", 2}});
    CHECK(sent[0].timestamp() == at(30));
    CHECK(sent[1].timestamp() == at(10));
}

TEST_CASE("to_table is drawn with its table") {
    weir::app app{"a"};
    auto in = app.topic<string, std::optional<double>>("in");
    app.agent("c", in | weir::to_table(app.table<string, double>("last")));
    CHECK(app.graph().text() == "agent c\n"
                                "  topic in : std::string, std::optional<double>\n"
                                "  | to_table last : std::string, std::optional<double>\n"
                                "  -> table last : std::string, double\n"
                                "     -> topic a-last-changelog : std::string, double\n");
}

TEST_CASE("to_table keeps raw values: null bytes erase, empty ones do not") {
    weir::app app{"a"};
    auto in = app.topic<string, weir::bytes>("in");
    auto last = app.table<string, weir::bytes>("last");
    app.agent("c", in | weir::to_table(last));
    test_driver test{app};
    test.send(in, "x", weir::bytes{"1"});
    test.send(in, "y", weir::bytes{""});
    test.send(in, "z", weir::bytes{"3"});
    test.send(in, "z", std::nullopt);
    const auto check = [&] {
        CHECK(last.size() == 2);
        CHECK(last.get("x").view() == "1");
        REQUIRE(last.contains("y"));
        CHECK(!last.get("y").is_null());
    };
    check();
    test.restart();
    check();
}

TEST_CASE("to_table keeps each value of a message in turn: the last one stays") {
    weir::app app{"a"};
    auto in = app.topic<string, numbers>("in");
    auto last = app.table<string, int>("last");
    trace got;
    app.agent("c", in | weir::flat_map(std::identity{}) | weir::to_table(last) |
                       weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    test.send(in, "x", numbers{1, 2, 3});
    CHECK(got == trace{1, 2, 3});
    CHECK(last.get("x") == 3);
}

TEST_CASE("a value of a message that fails is not kept, and what it erased is there again") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, std::optional<int>>("in");
    auto last = app.table<string, int>("last");
    app.agent("c", in | weir::to_table(last) | weir::for_each([](const std::optional<int>& i) {
                       if (i.value_or(13) == 13) throw std::runtime_error{"thirteen"};
                   }),
              {.on_error = weir::dead_letter("dead")});
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(in, "x", 13);
    test.send(in, "y", 13);
    test.send(in, "x", std::nullopt);
    CHECK(all_of(last) == lasts{{"x", 1}});
    CHECK(last.size() == 1);
    CHECK(test.errors().size() == 3);
    test.restart();
    CHECK(all_of(last) == lasts{{"x", 1}});
}

TEST_CASE("what to_table passes on keeps its message: its bytes are sent as they are") {
    weir::app app{"a"};
    auto in = app.topic<string, numbers>("in");
    auto out = app.topic<string, numbers>("out");
    auto last = app.table<string, numbers>("last");
    app.agent("c", in | weir::to_table(last) | weir::to(out));
    test_driver test{app};
    test.send_raw(in, "x", "[ 1,  2 ]");
    CHECK(last.get("x") == numbers{1, 2});
    CHECK(test.events(out).at(0).raw_value().view() == "[ 1,  2 ]");
}

TEST_CASE("to_table stands between batches, calls and a group_by") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 2});
    auto last = app.table<int, int>("last");
    const auto soon = [](int i) -> weir::task<int> { co_return i; };
    trace got;
    app.agent("c", in | weir::group_by([](int i) { return i % 2; }, "odd") | weir::map(soon) |
                       weir::take(2, 1s) | weir::flat_map(std::identity{}) | weir::to_table(last) |
                       weir::take(2, 1s) | weir::for_each([&](const weir::batch<int>& b) {
                           for (int i : b) got.push_back(i);
                       }));
    test_driver test{app};
    for (int i : {1, 2, 3, 5}) test.send(in, "k", i);
    test.advance(2s);
    CHECK(got.size() == 4);
    CHECK(all_of(last) == std::map<int, int>{{0, 2}, {1, 5}});
    test.restart();
    CHECK(all_of(last) == std::map<int, int>{{0, 2}, {1, 5}});
}
