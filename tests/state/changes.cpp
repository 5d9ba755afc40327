// SPDX-License-Identifier: Apache-2.0
// A table's changelog as a stream.
#include "counting.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace {

using change = std::pair<string, int>;  // -1: erased
using changes = std::vector<change>;

/// `in | aggregate(sums)`, where 0 erases; and what `sums.changes()` shows.
struct summing {
    silent hush{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, int> sums;
    changes shown{};

    explicit summing(const string& broker = "memory://")
        : app{"a", {.broker = broker, .hooks = &hush}},
          in(app.topic<string, int>("in", {.partitions = 1})),
          sums(app.table<string, int>("sums")) {
        app.agent("sums", in | weir::aggregate(sums, [](const int& sum, int more) {
                              return more == 0 ? std::optional<int>{} : std::optional{sum + more};
                          }));
        app.agent("shows", sums.changes() | weir::items() | weir::for_each([this](const auto& i) {
                               shown.emplace_back(i.key(), i.value().value_or(-1));
                           }));
    }
};

}  // namespace

TEST_CASE("semantics 57: changes() is what each commit has written, one value a key") {
    summing s;
    test_driver test{s.app};
    for (int i : {1, 2, 3}) test.send(s.in, "x", i);
    CHECK(s.shown.empty());
    test.commit();
    CHECK(s.shown == changes{{"x", 6}});
    test.send(s.in, "y", 4);
    test.commit();
    CHECK(s.shown == changes{{"x", 6}, {"y", 4}});
}

TEST_CASE(
    "semantics 57: changes() has a null where a key is erased, and nothing of the bookkeeping") {
    summing s;
    test_driver test{s.app};
    test.send(s.in, "x", 1);
    test.commit();
    test.send(s.in, "x", 0);
    test.commit();
    test.commit();
    REQUIRE(s.shown.size() >= 2);
    CHECK(s.shown.front() == change{"x", 1});
    for (std::size_t i = 1; i < s.shown.size(); ++i) CHECK(s.shown[i] == change{"x", -1});
    CHECK(test.errors().empty());
}

TEST_CASE("semantics 57: changes() goes on where it has stopped, and its reading purges nothing") {
    constexpr auto broker = "memory://changes-again";
    summing s{broker};
    test_driver test{s.app};
    test.send(s.in, "x", 1);
    test.commit();
    test.commit();
    test.stop(s.app);
    summing again{broker};
    test.add(again.app);
    test.run();
    CHECK(again.shown.empty());
    test.send(again.in, "x", 1);
    test.commit();
    CHECK(again.shown == changes{{"x", 2}});
    CHECK(again.sums.get("x") == 2);
}

TEST_CASE(
    "semantics 57: changes() begins at the start of the changelog, whatever was there before") {
    silent hush;
    const weir::app_options latest{
        .broker = "memory://changes-latest", .auto_offset_reset = weir::latest, .hooks = &hush};
    weir::app before{"a", latest}, after{"a", latest};
    changes shown;
    for (auto* app : {&before, &after}) {
        auto seen = app->table<string, int>("seen");
        app->agent("c", app->topic<string, int>("in", {.partitions = 1}) | weir::count(seen));
        if (app == &before) continue;
        app->agent("shows", seen.changes() | weir::items() | weir::for_each([&](const auto& i) {
                                shown.emplace_back(i.key(), i.value().value_or(-1));
                            }));
    }
    test_driver test{before};
    test.send(before.topic<string, int>("in"), "x", 5);
    test.commit();
    test.stop(before);
    test.add(after);
    CHECK(shown == changes{{"x", 1}});
}

TEST_CASE("semantics 57: what is read of a changelog is not purged") {
    summing s;
    test_driver test{s.app};
    for (int i = 0; i < 6000; ++i) test.append(s.in, "k" + std::to_string(i), 1);
    test.run();
    for (int i = 0; i < 5; ++i) {
        test.commit();
        test.advance(60s);
    }
    CHECK(s.shown.size() == 6000);
    CHECK(rows_written(test, "a-sums-changelog") == 6000);
}

TEST_CASE("semantics 57: what a member writes that has lost the partition is not shown") {
    summing s;
    test_driver test{s.app};
    test.send(s.in, "x", 5);
    test.commit();
    weir::bytes value{};
    weir::detail::encode_onto<int>(3, value);
    test.send_raw("a-sums-changelog", "x", value, {.headers = {{"weir.cut", "0.late in=9"}}});
    CHECK(s.shown == changes{{"x", 5}});
}

TEST_CASE("semantics 57: a record that weir did not write goes by on_decode_error") {
    summing s;
    test_driver test{s.app};
    test.send(s.in, "x", 5);
    test.commit();
    test.send_raw("a-sums-changelog", "x", "7");
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors()[0].text.find("was not written by weir") != string::npos);
}

TEST_CASE("semantics 57: the changes of a table that a topic fills are that topic") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto last = app.table(in);
    changes shown;
    app.agent("shows", last.changes() | weir::items() | weir::for_each([&](const auto& i) {
                           shown.emplace_back(i.key(), i.value().value_or(-1));
                       }));
    test_driver test{app};
    test.send(in, "x", 5);
    test.send(in, "x", std::nullopt);
    CHECK(shown == changes{{"x", 5}, {"x", -1}});
}

TEST_CASE(
    "semantics 57: the changes of a table that nobody changes, or that they change, are refused") {
    {
        weir::app app{"a"};
        auto seen = app.table<string, int>("seen");
        app.agent("shows", seen.changes() | weir::for_each([](const auto&) {}));
        CHECK_THROWS_AS(test_driver{app}, weir::setup_error);
    }
    weir::app app{"a"};
    auto seen = app.table<string, int>("seen");
    auto shown = seen.changes();
    CHECK_THROWS_AS(app.agent("rings", shown | weir::count(seen)), weir::setup_error);
}

TEST_CASE("the changes of one table may change another") {
    summing s;
    auto often = s.app.table<string, std::int64_t>("often");
    s.app.agent("often", s.sums.changes() | weir::count(often));
    test_driver test{s.app};
    test.send(s.in, "x", 1);
    test.commit();
    test.send(s.in, "x", 1);
    test.send(s.in, "y", 1);
    test.commit();
    test.commit();
    CHECK(often.get("x") == 2);
    CHECK(often.get("y") == 1);
    CHECK(folded(test, "a-often-changelog") == counts{{"x", 2}, {"y", 1}});
}
