// SPDX-License-Identifier: Apache-2.0
// Tables that make no sense are refused before the app runs, and changelogs that are not theirs
// before anything is read: no table is wrong because of them.
#include "refused.hpp"
#include "counting.hpp"

#include <functional>

namespace {

using weir::detail::mark_key;
using weir::detail::owner_key;
using weir::detail::stamp_header;

constexpr auto changelog = "a-seen-changelog";

/// Begins a changelog with one record, and has a message for the table. Returns the sentence with
/// which the app ends that counts it.
string ends_by(const char* name, std::string_view key, weir::bytes_view value,
               weir::headers headers = {}) {
    const weir::app_options shared{.broker = string{"memory://state-"} + name};
    const auto broker = weir::transport::memory_broker::named(string{"state-"} + name);
    {
        weir::app writer{"writer", shared};
        auto in = writer.topic<string, int>("in");
        writer.agent("w", in | weir::for_each([](int) {}));
        test_driver test{writer};
        test.create_topic(changelog);
        test.send_raw(changelog, weir::bytes_view{key}, value, {.headers = std::move(headers)});
        test.send(in, "x", 1);
    }
    counting c{1, shared};
    string said = "it ended without an error";
    try {
        c.app.timer(1min, [&] { c.app.stop(); });
        c.app.run();
    } catch (const weir::error& e) { said = e.what(); }
    CHECK(c.out.empty());  // nothing was read
    CHECK(c.seen.size() == 0);
    CHECK(c.app.counters().commits == 0);
    return said;
}
weir::bytes number(std::int64_t n) {
    weir::bytes b;
    weir::detail::encode_onto<std::int64_t>(n, b);
    return b;
}
weir::headers stamp(std::string_view text) { return {{stamp_header, weir::bytes{text}}}; }
const string int64{weir::detail::type_name<std::int64_t>()};
string owner(const char* app, const char* table, const string& value) {
    return string{"weir 1\napp "} + app + "\ntable " + table + "\nkey std::string\nvalue " + value +
           "\nchangelog 1\nowner 2\nepoch 1\n";
}

}  // namespace

TEST_CASE("two agents cannot change one table") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("first", in | weir::count(seen));
    CHECK(refused([&] { app.agent("second", in | weir::count(seen)); }) ==
          "weir: agent 'second' changes table 'seen', and so does agent 'first': one agent changes "
          "a table; others may read it, or send what changes it to a topic that its agent reads");
}

TEST_CASE("one agent may change a table at several places, and several tables") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    auto last = app.table<string, int>("last");
    app.agent("c", in | weir::count(seen) | weir::map([](std::int64_t n) { return int(n); }) |
                       weir::to_table(last) | weir::count(seen));
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(in, "x", 1);
    CHECK(all_of(seen) == counts{{"x", 4}});
    CHECK(last.get("x") == 3);
    test.restart();
    CHECK(all_of(seen) == counts{{"x", 4}});
}

TEST_CASE("a table that is declared twice has one pair of types, and its options once") {
    weir::app app{"a"};
    auto seen = app.table<string, int>("seen", {.replication = 1});
    CHECK(&app.table<string, int>("seen").info() == &seen.info());
    CHECK(&app.table<string, int>("seen", {.replication = 1}).info() == &seen.info());
    CHECK(refused([&] { app.table<string, double>("seen"); }) ==
          "weir: table 'seen' is declared twice with different types, std::string and "
          "int, then std::string and double: declare it once, and copy the handle");
    CHECK(refused([&] { app.table<string, int>("seen", {.replication = 2}); }) ==
          "weir: table 'seen' is declared twice with different options: give them once");
    CHECK(refused([&] {
              app.table<string, int>("seen", {.config = {{"segment.ms", "1"}}});
          }) == "weir: table 'seen' is declared twice with different options: give them once");
    CHECK(refused([&] { app.table<string, int>("seen", {.journal_max = 5, .replication = 1}); }) ==
          "weir: table 'seen' is declared twice with different options: give them once");
    CHECK(refused([&] { app.table<string, int>("seen", {.init = 3, .replication = 1}); }) ==
          "weir: table 'seen' is declared twice with different options: give them once");
    auto begins = app.table<string, int>("begins", {.init = 3});
    CHECK(&app.table<string, int>("begins").info() == &begins.info());
    CHECK(&app.table<string, int>("begins", {.init = 3}).info() == &begins.info());
    CHECK(refused([&] { app.table<string, int>("begins", {.init = 4}); }) ==
          "weir: table 'begins' is declared twice with different options: give them once");
}

TEST_CASE("a table's name can be a topic's") {
    weir::app app{"a"};
    CHECK(refused([&] { app.table<string, int>("not a name"); }).find("cannot be a topic's name") !=
          string::npos);
    CHECK(refused([&] { app.table<string, int>(""); }).find("cannot be a topic's name") !=
          string::npos);
}

TEST_CASE("values that come from no topic change no table") {
    weir::app app{"a"};
    auto seen = app.table<string, std::int64_t>("seen");
    auto values = app.channel<string>("values");
    const auto why =
        " by values that come from no topic, so they could not be read again after a restart: send "
        "them to a topic first";
    auto raw = app.table<weir::bytes, std::int64_t>("raw");
    CHECK(refused([&] { app.agent("r", weir::from(texts{"x"}) | weir::count(raw)); }) ==
          string{"weir: agent 'r' changes table 'raw'"} + why);
    CHECK(refused([&] { app.agent("c", values | weir::count(raw)); }) ==
          string{"weir: agent 'c' changes table 'raw'"} + why);
    CHECK_NOTHROW(
        app.agent("g", values | weir::group_by(std::identity{}, "itself") | weir::count(seen)));
}

TEST_CASE("a pattern's topics change no table") {
    weir::app app{"a"};
    auto seen = app.table<string, std::int64_t>("seen");
    auto in = app.topics<string, int>("^in-.*");
    CHECK(refused([&] { app.agent("c", in | weir::count(seen)); }) ==
          "weir: agent 'c' changes table 'seen' by topics that match '^in-.*': name the topics, "
          "since a table's partitions are theirs");
}

TEST_CASE("an agent that changes a table is not added while the app runs") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("other", in | weir::for_each([](int) {}));
    test_driver test{app};
    CHECK(refused([&] { app.agent("late", in | weir::count(seen)); }) ==
          "weir: agent 'late' changes a table: add it before the app runs, so that the table is "
          "restored first");
    test.send(in, "x", 1);
    CHECK(seen.size() == 0);
    CHECK_NOTHROW(app.agent("reads", in | weir::for_each([=](int) { seen.get("x"); })));
}

TEST_CASE("a table of another width than its input is refused") {
    weir::app before{"a", {.broker = "memory://state-width"}};
    weir::app after{"a", {.broker = "memory://state-width"}};
    const auto make = [](weir::app& of, weir::partition_id n) {
        auto in = of.topic<string, int>("in" + std::to_string(n), {.partitions = n});
        of.agent("c", in | weir::count(of.table<string, std::int64_t>("seen")));
    };
    make(before, 4);
    make(after, 2);
    test_driver test{before};
    CHECK(refused([&] { test.add(after); }) ==
          "weir: table 'seen': its changelog 'a-seen-changelog' has 4 partitions, and topic 'in2' "
          "has 2: a table's number of partitions does not change; give the table another name to "
          "begin anew");
}

TEST_CASE("topics that change one table have equally many partitions") {
    weir::app app{"a"};
    auto one = app.topic<string, int>("one", {.partitions = 2});
    auto two = app.topic<string, int>("two", {.partitions = 3});
    app.agent("c", (one & two) | weir::count(app.table<string, std::int64_t>("seen")));
    CHECK(refused([&] { test_driver test{app}; }) ==
          "weir: table 'seen': topics 'one' and 'two' have 2 and 3 partitions, so a key's messages "
          "would be in different ones: give them the same number, or put group_by before one");
}

TEST_CASE("a changelog of another app or table is not read") {
    CHECK(ends_by("other-app", owner_key, owner("b", "seen", int64)) ==
          "weir: the changelog of table 'seen', a-seen-changelog[0] at 0 says that it belongs to "
          "table 'seen' of app 'b': give this app's table another name");
    CHECK(ends_by("other-table", owner_key, owner("a", "saw", int64)) ==
          "weir: the changelog of table 'seen', a-seen-changelog[0] at 0 says that it belongs to "
          "table 'saw' of app 'a': give this app's table another name");
}

TEST_CASE("a changelog with values of another type is not read") {
    CHECK(ends_by("other-type", owner_key, owner("a", "seen", "double")) ==
          "weir: the changelog of table 'seen', a-seen-changelog[0] at 0 says that its keys are of "
          "type std::string and its values of type double, and the table is declared with "
          "std::string and " +
              int64 + ": declare it as before, or give it another name, and it begins anew");
}

TEST_CASE("a changelog of another version is not read") {
    CHECK(ends_by("other-version", owner_key, weir::bytes{"weir 2\napp a\n"}) ==
          "weir: the changelog of table 'seen', a-seen-changelog[0] at 0 is of another version: it "
          "says 'weir 2', and this one knows 'weir 1': run the version that wrote it, or give the "
          "table another name");
}

TEST_CASE("a record that weir has not written stops the app") {
    CHECK(ends_by("no-header", "x", number(1)) ==
          "weir: the changelog of table 'seen', a-seen-changelog[0] at 0 was not written by weir: "
          "it has no header weir.cut; only weir may write to a changelog. Give the table another "
          "name, or delete the topic: the table begins anew");
    CHECK(ends_by("other-header", "x", number(1), {{"h", weir::bytes{"1"}}})
              .find("was not written by weir") != string::npos);
    CHECK(
        ends_by("null-header", "x", number(1), {{stamp_header}}).find("was not written by weir") !=
        string::npos);
}

TEST_CASE("a header that is no cut stops the app") {
    for (auto* text : {"", "x", "1.a in", "1.a in=", "1.a in=x", "a.1 in=1", "1.a in=1 ="}) {
        INFO(string{text});
        const auto name = "bad-cut-" + std::to_string(std::hash<string>{}(text));
        CHECK(ends_by(name.c_str(), "x", number(1), stamp(text))
                  .find("has a header weir.cut that does not decode: '") != string::npos);
    }
}

TEST_CASE("a row that does not decode stops the app") {
    CHECK(ends_by("bad-row", "x", weir::bytes{"123"}, stamp("1.a in=1"))
              .starts_with("weir: the changelog of table 'seen', a-seen-changelog[0] at 0 does not "
                           "decode: "));
    CHECK(ends_by("bad-row-2", "x", weir::bytes{"123"}, stamp("1.a in=1"))
              .ends_with("; was the table's type changed? A table with another name begins anew"));
}

TEST_CASE(
    "a topic's messages that do not decode are left out when its table is restored, as before") {
    struct : weir::hooks {
        string told;
        void log(std::string_view line) override {
            if (line.find("restored without") != line.npos) told = line;
        }
    } hooks;
    weir::app app{"a", {.on_decode_error = weir::skip, .hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto last = app.table(in.time([](int v) { return weir::timestamp{v * 1s}; }));
    test_driver test{app};
    test.send(in, "x", 1);
    test.send_raw("in", weir::bytes{"x"}, weir::bytes{"no number"});
    test.send(in, "y", -7);  // its time is before 1970
    test.send(in, "y", 2);
    test.send(in, "y", -8);
    test.commit();
    test.restart();
    CHECK(last.get("x") == 1);
    CHECK(last.get("y") == 2);
    CHECK(hooks.told ==
          "table 'in'[0] is restored without 3 messages that do not decode, which "
          "on_decode_error has dealt with; the first is at 1: expected 4 bytes, found 9");
}

TEST_CASE(
    "inputs that a cut names and the app has not, and lines that are not known, are ignored") {
    const weir::app_options shared{.broker = "memory://state-newer"};
    weir::app writer{"writer", shared};
    test_driver test{writer};
    test.create_topic(changelog);
    test.send_raw(changelog, weir::bytes_view{owner_key},
                  weir::bytes_view{owner("a", "seen", int64) + "more of it\n"});
    test.send_raw(changelog, "x", number(5), {.headers = stamp("1.2 gone=7")});
    test.send_raw(changelog, weir::bytes_view{mark_key}, weir::bytes{"1.2 gone=7"},
                  {.headers = stamp("1.2 gone=7")});
    counting c{1, shared};
    test.add(c.app);
    CHECK(all_of(c.seen) == counts{{"x", 5}});
}

TEST_CASE("a changelog that would lose keys by their age is refused") {
    {
        weir::app app{"a"};
        auto in = app.topic<string, int>("in");
        auto seen = app.table<string, std::int64_t>(
            "seen", {.config = {{"cleanup.policy", "delete"}, {"retention.ms", "1000"}}});
        app.agent("c", in | weir::count(seen));
        CHECK_THROWS_WITH_AS(test_driver{app},
                             doctest::Contains("has .config cleanup.policy = delete"),
                             weir::setup_error);
    }
    constexpr auto broker = "memory://refused-delete";
    weir::app first{"b", {.broker = broker}};
    test_driver test{first};
    test.create_topic("a-seen-changelog",
                      {.partitions = 1, .config = {{"cleanup.policy", "delete"}}});
    weir::app app{"a", {.broker = broker}};
    app.agent("c", app.topic<string, int>("in", {.partitions = 1}) |
                       weir::count(app.table<string, std::int64_t>("seen")));
    CHECK_THROWS_WITH_AS(test.add(app), doctest::Contains("needs compact"), weir::setup_error);
}

TEST_CASE("semantics 59: a value too large for the changelog stops the app with its key and size") {
    weir::app app{"a", {.broker = "memory://refused-large"}};
    auto in = app.topic<string, string>("in");
    auto last = app.table<string, string>("last", {.config = {{"max.message.bytes", "1000"}}});
    app.agent("c", in | weir::to_table(last));
    test_driver test{app};
    test.send(in, "small", "1");
    test.commit();
    test.send(in, "large", string(2000, 'x'));
    test.commit();
    CHECK(!test.running());
    REQUIRE(!test.errors().empty());
    const auto text = test.errors().back().text;
    CHECK(text.find("more than its max.message.bytes = 1000") != string::npos);
    CHECK(text.find("its key is 'large'") != string::npos);
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("nobody sends to the changelog of a table") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("c", in | weir::count(seen) | weir::to(changelog));
    silent hush;
    CHECK(refused([&] { test_driver test{app}; })
              .find("an agent sends to topic 'a-seen-changelog', which is the changelog of table "
                    "'seen'") != string::npos);
}

TEST_CASE("nobody else changes a table that a topic fills") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in"), more = app.topic<string, int>("more");
    auto last = app.table(in);
    CHECK(refused([&] {
              app.agent("x", more | weir::to_table(last));
          }).find("and topic 'in' fills it: nobody else changes such a table") != string::npos);
}

TEST_CASE("a body that changes a table, which no agent says, is told how to say it") {
    silent hush;
    weir::app app{"a", {.on_error = weir::stop, .hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("b", in | weir::items() | weir::for_each([&](const auto& i) { seen[i.key()] += 1; }));
    test_driver test{app};
    test.send(in, "x", 1);
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors()[0].text.find("give the agent of that body the option .tables = {…}") !=
          string::npos);
}
