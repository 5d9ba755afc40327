// SPDX-License-Identifier: Apache-2.0
// Joins with tables: what is joined with what, which partitions have to be equal, and that a table
// that does not change writes nothing because of them.
#include "refused.hpp"
#include "state/counting.hpp"

namespace {

string beside(int n, const string& name) { return name + std::to_string(n); }
string sum(int n, std::int64_t more) { return std::to_string(n + more); }

/// `more | count(seen)` and `in | join(seen, sum)`.
struct counted {
    silent hush{};
    weir::app app;
    weir::topic<string, int> in, more;
    weir::table<string, std::int64_t> seen;
    texts got{};
    static constexpr auto changelog = "a-seen-changelog";

    explicit counted(weir::partition_id in_partitions = 1, weir::partition_id more_partitions = 1,
                     weir::app_options o = {})
        : app{"a", quiet(std::move(o))},
          in(app.topic<string, int>("in", {.partitions = in_partitions})),
          more(app.topic<string, int>("more", {.partitions = more_partitions})),
          seen(app.table<string, std::int64_t>("seen")) {
        app.agent("c", more | weir::count(seen));
        app.agent("j", in | weir::join(seen, sum) |
                           weir::for_each([this](const string& s) { got.push_back(s); }));
    }
    weir::app_options quiet(weir::app_options o) {
        o.hooks = &hush;
        return o;
    }
};

std::size_t records(test_driver& test, const char* topic) {
    return test.events(test.peek<weir::bytes, weir::bytes>(topic)).size();
}

}  // namespace

TEST_CASE("semantics 84: only the stream of a join triggers, with what the table has then") {
    counted c;
    test_driver test{c.app};
    test.send(c.in, "x", 1);
    test.send(c.more, "x", 0);
    CHECK(c.got.empty());
    test.send(c.in, "x", 10);
    test.send(c.more, "x", 0);
    test.send(c.in, "x", 20);
    test.send(c.in, "y", 30);
    CHECK(c.got == texts{"11", "22"});
}

TEST_CASE("semantics 84: the joined stream is read when the table is restored") {
    const weir::app_options shared{.broker = "memory://joins-restored"};
    counted one{1, 1, shared}, two{1, 1, shared};
    test_driver test{one.app};
    for (int i = 0; i < 10'000; ++i) test.append(one.more, "k" + std::to_string(i), 0);
    test.run();
    test.stop(one.app);
    test.append(one.in, "k0", 1);
    test.append(one.in, "k9999", 2);
    test.add(two.app);
    CHECK(two.got == texts{"2", "3"});
}

TEST_CASE("semantics 84: a table writes nothing because of what is only joined with it") {
    counted c;
    test_driver test{c.app};
    test.send(c.more, "x", 0);
    test.commit();
    const auto before = records(test, c.changelog);
    for (int i = 0; i < 3; ++i) {
        test.send(c.in, "x", 1);
        test.commit();
        CHECK(test.committed(c.in, 0) == i + 1);
    }
    CHECK(records(test, c.changelog) == before);
    test.send(c.more, "x", 0);
    test.commit();
    const auto all = test.events(test.peek<weir::bytes, weir::bytes>(c.changelog));
    REQUIRE(all.size() == before + 2);  // the row and the mark
    const string stamp{all.back().headers().front().value->view()};
    CHECK(stamp.ends_with(" more=2"));
    CHECK(stamp.find(" in=") == string::npos);
}

TEST_CASE("semantics 84: what was joined before is not waited for") {
    const weir::app_options shared{.broker = "memory://joins-before"};
    counted one{1, 1, shared};
    silent hush;
    weir::app two{"a", {.broker = "memory://joins-before", .hooks = &hush}};
    auto other = two.topic<string, int>("other");
    auto seen = two.table<string, std::int64_t>("seen");
    texts got;
    two.agent("c", two.topic<string, int>("more") | weir::count(seen));
    two.agent("j", other | weir::join(seen, sum) |
                       weir::for_each([&](const string& s) { got.push_back(s); }));
    test_driver test{one.app};
    for (int i = 0; i < 5; ++i) test.send(one.in, "x", i);
    test.send(one.more, "x", 0);
    test.fail_next_commit();  // the table has a mark that is ahead of what is committed
    test.commit();
    test.kill(one.app);
    test.add(two);
    test.send(other, "x", 1);
    CHECK(got == texts{"2"});
    test.send(one.more, "x", 0);
    test.commit();
    CHECK(test.changelog(seen) == std::vector<std::pair<string, std::int64_t>>{{"x", 2}});
}

TEST_CASE("semantics 84: a stream that is joined and changes another table: both are exact") {
    const weir::app_options shared{.broker = "memory://joins-both"};
    struct both {
        weir::app app;
        weir::topic<string, int> in, more;
        weir::table<string, std::int64_t> seen, joined;
        explicit both(const weir::app_options& o)
            : app{"a", o},
              in(app.topic<string, int>("in")),
              more(app.topic<string, int>("more")),
              seen(app.table<string, std::int64_t>("seen")),
              joined(app.table<string, std::int64_t>("joined")) {
            app.agent("c", more | weir::count(seen));
            app.agent("j", in | weir::join(seen, sum) | weir::count(joined));
        }
    };
    both one{shared}, two{shared};
    test_driver test{one.app};
    test.send(one.more, "x", 0);
    for (int i = 0; i < 3; ++i) test.send(one.in, "x", i);
    test.commit();
    for (int i = 0; i < 3; ++i) test.send(one.in, "x", i);
    test.send(one.more, "x", 0);
    test.kill(one.app);
    test.add(two.app);
    test.run();
    CHECK(two.seen.get("x") == 2);
    CHECK(two.joined.get("x") == 6);
}

TEST_CASE("semantics 84: a pull stream that nobody has any more is not waited for") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto more = app.topic<string, int>("more");
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("c", more | weir::count(seen));
    {
        auto joined = app.stream(app.topic<string, int>("in") | weir::join(seen, sum));
        app.stop();  // the run ends as soon as it has begun
        CHECK(joined.begin() == joined.end());
    }
    test_driver test{app};
    test.send(more, "x", 0);
    CHECK(seen.get("x") == 1);
}

TEST_CASE("semantics 90: what is joined has equal numbers of partitions, or a sentence names it") {
    counted c{3, 2};
    CHECK(refused([&] { test_driver test{c.app}; }) ==
          "weir: agent 'j' joins topic 'in' with table 'seen': 'in' has 3 partitions, and 'more', "
          "which fills the table, has 2, so equal keys would be in different ones: give them the "
          "same number, or put group_by before one");
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto people = app.table(app.topic<string, string>("names", {.partitions = 4}));
    auto in = app.topic<string, int>("in", {.partitions = 3});
    app.agent("j", in | weir::join(people, beside));
    CHECK(refused([&] { test_driver test{app}; })
              .starts_with("weir: agent 'j' joins topic 'in' with table 'names': 'in' has 3 "
                           "partitions, and 'names', which fills the table, has 4, so"));
}

TEST_CASE("semantics 90: what group_by makes gets as many partitions as the widest") {
    const auto key = [](int n) { return std::to_string(n); };
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 2});
    auto more = app.topic<string, int>("more", {.partitions = 5});
    auto other = app.topic<string, int>("other", {.partitions = 3});
    auto seen = app.table<string, std::int64_t>("seen");
    texts got;
    app.agent("c", ((more | weir::group_by(key, "n")) & (other | weir::group_by(key, "n"))) |
                       weir::count(seen));
    app.agent("j", in | weir::group_by(key, "n") | weir::join(seen, sum) |
                       weir::for_each([&](const string& s) { got.push_back(s); }));
    test_driver test{app};
    for (auto* topic :
         {"a-j-n-repartition", "a-c-n-repartition", "a-c-n-repartition-2", "a-seen-changelog"}) {
        CAPTURE(topic);
        CHECK(test.partitions(topic) == 5);
    }
    test.send(more, "k", 7);
    test.send(other, "k", 7);
    test.send(in, "k", 7);
    CHECK(got == texts{"9"});
}

TEST_CASE("semantics 90: behind group_by a stream fits the topic of the table that it joins") {
    weir::app app{"a"};
    auto people = app.table(app.topic<string, string>("names", {.partitions = 4}));
    auto in = app.topic<string, int>("in", {.partitions = 3});
    app.agent("j", in | weir::group_by([](int n) { return std::to_string(n); }, "n") |
                       weir::join(people, beside));
    test_driver test{app};
    CHECK(test.partitions("a-j-n-repartition") == 4);
}

TEST_CASE("semantics 90: what has no partitions of its own cannot be joined") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto people = app.table(app.topic<string, string>("names"));
    auto seen = app.table<string, std::int64_t>("seen");
    const auto joins = [&](auto what) {
        return refused([&] { app.agent("j", what | weir::join(people, beside)); });
    };
    CHECK(joins(app.topics<string, int>("^in-.*")) ==
          "weir: agent 'j' joins table 'names' with topics that match '^in-.*': name the topics, "
          "since a table's partitions are theirs");
    auto keys = app.table<weir::bytes, string>("keys");
    CHECK(refused([&] {
              app.agent("k", weir::from(numbers{1}) |
                                 weir::left_join(keys, [](int n, auto*) { return n; }));
          }) == "weir: agent 'k' joins table 'keys' with values that come from no topic, so they "
                "are in no partition of the table: send them to a topic first");
    app.agent("l", app.topic<string, int>("in") | weir::join(seen, sum));
    CHECK(refused([&] { test_driver test{app}; }) ==
          "weir: agent 'l' joins table 'seen', and no agent changes that table, so it is empty: "
          "give it one");
}

TEST_CASE("semantics 90: a join is not added while the app runs") {
    counted c;
    test_driver test{c.app};
    CHECK(refused([&] { c.app.agent("late", c.in | weir::join(c.seen, sum)); }) ==
          "weir: agent 'late' joins a table: add it before the app runs, so that the table "
          "is restored first");
}

TEST_CASE("semantics 90: equal partitions are with one member, also while members come and go") {
    const weir::app_options shared{.broker = "memory://joins-members"};
    counted one{4, 4, shared}, two{4, 4, shared}, three{4, 4, shared};
    test_driver test{one.app};
    std::int64_t sent = 0;
    const auto send = [&] {
        for (weir::partition_id p = 0; p < 4; ++p) {
            test.send(one.more, "k" + std::to_string(p), 0, {.partition = p});
            test.send(one.in, "k" + std::to_string(p), 100, {.partition = p});
            ++sent;
        }
    };
    const auto all = [&] { return one.got.size() + two.got.size() + three.got.size(); };
    send();
    test.add(two.app);
    test.advance(10s);
    send();
    test.add(three.app);
    test.advance(10s);
    send();
    test.stop(one.app);
    test.advance(10s);
    send();
    CHECK(all() == std::size_t(sent));
    CHECK(!two.got.empty());
    CHECK(!three.got.empty());
    for (auto* c : {&two, &three}) CHECK(c->got.back() == "104");  // each has seen what was before
}

TEST_CASE("semantics 90: a joined topic that grows while the app runs stops it with a sentence") {
    const auto broker = weir::transport::memory_broker::named("joins-grow");
    broker->create_topic({.name = "names", .partitions = 2});
    broker->create_topic({.name = "in", .partitions = 2});
    silent hush;
    weir::app app{"a", {.broker = "memory://joins-grow", .hooks = &hush}};
    auto people = app.table(app.topic<string, string>("names"));
    auto more = app.topic<string, int>("more");
    std::size_t seen = 0;
    app.agent("j", app.topic<string, int>("in") | weir::left_join(people, [](int n, const string*) {
                       return n;
                   }) | weir::for_each([&](int) { ++seen; }));
    app.agent("grow", more | weir::for_each([&](int) {
                          broker->create_partitions("in", 3);
                          const auto by = weir::transport::connect(broker, "sender");
                          by->send({.topic = by->open("in"),
                                    .partition = 2,
                                    .key = weir::bytes_view{"x"},
                                    .value = weir::bytes_view{"\0\0\0\1"}},
                                   0);
                      }));
    more.send("x", 1);
    CHECK_THROWS_WITH_AS(
        app.run(),
        "weir: topic 'in' has got partition 2 while the app runs, and topic 'names', a table that "
        "it is used with, had 2: give both topics as many, and start the app again",
        weir::error);
    CHECK(seen == 0);
}
