// SPDX-License-Identifier: Apache-2.0
// join with a table: what matches, what is passed over, and when a table is looked at.
#include "state/counting.hpp"

#include <stdexcept>
#include <utility>

namespace {

string beside(int n, const string& name) { return name + std::to_string(n); }

/// `in | join(people, beside)`, and people, a topic.
struct joined {
    silent hush{};
    weir::app app;
    weir::topic<string, std::optional<string>> names;
    weir::table<string, string> people;
    weir::topic<string, int> in;
    texts got{};

    explicit joined(weir::partition_id partitions = 1, weir::app_options o = {})
        : app{"a", quiet(std::move(o))},
          names(app.topic<string, std::optional<string>>("names", {.partitions = partitions})),
          people(app.table(names)),
          in(app.topic<string, int>("in", {.partitions = partitions})) {}
    weir::app_options quiet(weir::app_options o) {
        o.hooks = &hush;
        return o;
    }
    auto keep() {
        return weir::for_each([this](const string& s) { got.push_back(s); });
    }
};

}  // namespace

TEST_CASE("join passes on what f makes of a value and the table's, and passes over the others") {
    joined j;
    j.app.agent("j", j.in | weir::join(j.people, beside) | j.keep());
    test_driver test{j.app};
    test.send(j.in, "x", 1);
    test.send(j.names, "x", "ann");
    test.send(j.in, "x", 2);
    test.send(j.in, "y", 3);
    test.send(j.names, "x", "bob");
    test.send(j.in, "x", 4);
    test.send(j.names, "x", std::nullopt);
    test.send(j.in, "x", 5);
    CHECK(j.got == texts{"ann2", "bob4"});
    test.commit();
    CHECK(test.committed(j.in, 0) == 5);  // what is passed over is finished, too
}

TEST_CASE("join finds the row of its message's partition, and of no other") {
    joined j{2};
    j.app.agent("j", j.in | weir::join(j.people, beside) | j.keep());
    test_driver test{j.app};
    test.send(j.names, "x", "ann", {.partition = 0});
    test.send(j.names, "x", "bob", {.partition = 1});
    for (const weir::partition_id p : {0, 1, 0}) test.send(j.in, "x", p, {.partition = p});
    CHECK(j.got == texts{"ann0", "bob1", "ann0"});
}

TEST_CASE("join finds what a shard has that has come again with its partition") {
    joined j{2};
    j.app.agent("j", j.in | weir::join(j.people, beside) | j.keep());
    test_driver test{j.app};
    test.send(j.names, "x", "ann", {.partition = 1});
    test.send(j.in, "x", 1, {.partition = 1});
    for (int i = 0; i < 2; ++i) {
        test.revoke(j.in, 1);
        test.revoke(j.names, 1);
        test.assign(j.in, 1);
        test.assign(j.names, 1);
        test.send(j.names, "x", "bob", {.partition = 1});
        test.send(j.in, "x", 2, {.partition = 1});
    }
    CHECK(j.got == texts{"ann1", "bob2", "bob2"});
}

TEST_CASE("a message that fails behind join is joined anew by its retry") {
    joined j;
    int fails = 2;
    j.app.agent("j", j.in | weir::join(j.people, beside) | weir::tap([&](const string&) {
                         if (--fails >= 0) throw std::runtime_error{"not yet"};
                     }) | j.keep(),
                {.on_error = weir::retry(3, 1s)});
    test_driver test{j.app};
    test.send(j.names, "x", "ann");
    test.send(j.in, "x", 1);
    test.send(j.names, "x", "bob");
    test.advance(3s);
    CHECK(j.got == texts{"bob1"});
}

TEST_CASE("what f throws is a failure of its message") {
    joined j;
    j.app.agent("j",
                j.in |
                    weir::join(j.people,
                               [](int n, const string& name) {
                                   if (n == 13) throw std::runtime_error{"thirteen"};
                                   return beside(n, name);
                               }) |
                    j.keep(),
                {.on_error = weir::skip});
    test_driver test{j.app};
    test.send(j.names, "x", "ann");
    for (int n : {1, 13, 2}) test.send(j.in, "x", n);
    CHECK(j.got == texts{"ann1", "ann2"});
    CHECK(test.errors().size() == 1);
}

TEST_CASE("join keeps the key and the message: a result has its timestamp and its headers") {
    joined j;
    auto out = j.app.topic<string, string>("out");
    j.app.agent("j", j.in | weir::join(j.people, beside) | weir::to(out));
    test_driver test{j.app};
    const auto at = [](int s) { return weir::timestamp{std::chrono::seconds{s}}; };
    test.send(j.names, "x", "ann", {.timestamp = at(9)});
    test.send(j.in, "x", 1, {.timestamp = at(5), .headers = {{"h", weir::bytes{"1"}}}});
    const auto sent = test.events(out);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].key() == "x");
    CHECK(sent[0].value() == "ann1");
    CHECK(sent[0].timestamp() == at(5));
    CHECK(sent[0].headers().size() == 1);
}

TEST_CASE("join passes over null keys, decoded or raw") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto names = app.topic<string, string>("names");
    auto people = app.table(names);
    auto in = app.topic<std::optional<string>, int>("in");
    auto raw = app.topic<int>("raw");
    auto raw_people = app.table<weir::bytes, std::int64_t>("raw_people");
    texts got;
    app.agent("j", in | weir::join(people, beside) |
                       weir::for_each([&](const string& s) { got.push_back(s); }));
    auto keys = app.topic<weir::bytes, int>("keys");
    app.agent("c", keys | weir::count(raw_people));
    app.agent("r", raw | weir::join(raw_people, [](int n, std::int64_t m) { return n + int(m); }) |
                       weir::for_each([&](int n) { got.push_back(std::to_string(n)); }));
    test_driver test{app};
    test.send(names, "x", "ann");
    test.send(in, std::nullopt, 1);
    test.send(in, std::optional<string>{"x"}, 2);
    test.send(keys, weir::bytes{"x"}, 7);
    test.send(raw, 10);
    test.send(raw, weir::bytes{"x"}, 20);
    CHECK(got == texts{"ann2", "21"});
}

TEST_CASE("join stands between batches, calls and a group_by") {
    joined j;
    const auto soon = [](int i) -> weir::task<int> { co_return i; };
    j.app.agent("j",
                j.in | weir::group_by([](int i) { return string{i % 2 ? "odd" : "even"}; }, "odd") |
                    weir::map(soon) | weir::take(2, 1s) | weir::flat_map(std::identity{}) |
                    weir::join(j.people, beside) | weir::take(2, 1s) |
                    weir::for_each([&](const weir::batch<string>& b) {
                        for (auto& s : b) j.got.push_back(s);
                    }));
    test_driver test{j.app};
    test.send(j.names, "odd", "ann");
    test.send(j.names, "even", "bob");
    for (int i : {1, 2, 3}) test.send(j.in, "k", i);
    test.advance(3s);
    CHECK(j.got == texts{"ann1", "bob2", "ann3"});
}

TEST_CASE("join with a table that the same message has changed finds the change") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    texts got;
    const auto both = [](int n, std::int64_t m) {
        return std::to_string(n) + " of " + std::to_string(m);
    };
    app.agent("c", in | weir::count(seen) | weir::map([](std::int64_t n) { return int(n); }) |
                       weir::join(seen, both) |
                       weir::for_each([&](const string& s) { got.push_back(s); }));
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(in, "x", 1);
    CHECK(got == texts{"1 of 1", "2 of 2"});
}

TEST_CASE("join drops what was read under an earlier assignment: it comes again") {
    joined j;
    j.app.agent("j", j.in | weir::take(2, 1h) | weir::flat_map(std::identity{}) |
                         weir::join(j.people, beside) | j.keep());
    test_driver test{j.app};
    test.send(j.names, "x", "ann");
    test.commit();
    test.send(j.in, "x", 1);
    test.lose(j.names, 0);  // in is read again, too: its shard has gone
    test.run();
    CHECK(test.restoring(j.people, 0));
    test.assign(j.names, 0);
    test.send(j.in, "x", 2);
    CHECK(j.got == texts{"ann1", "ann2"});
}

TEST_CASE("a join does not finish what another agent's message has changed") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto more = app.topic<string, int>("more");
    auto seen = app.table<string, std::int64_t>("seen");
    trace got;
    app.agent("c", more | weir::count(seen),
              [](auto stream) -> weir::task<> {
                  while (auto n = co_await stream.next()) {
                      co_await weir::sleep(1s);
                      throw std::runtime_error{"it fails"};
                  }
              },
              {.on_error = weir::skip});
    app.agent("j", in | weir::join(seen, [](int n, std::int64_t m) { return n + int(m); }) |
                       weir::for_each([&](int n) { got.push_back(n); }));
    test_driver test{app};
    test.send(more, "x", 0);
    test.send(in, "x", 10);
    CHECK(got == trace{11});
    test.advance(1s);
    CHECK(test.errors().size() == 1);
    CHECK(!seen.contains("x"));
}

TEST_CASE("join is drawn with its table, and who fills it") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto people = app.table(app.topic<string, string>("names"));
    auto seen = app.table<string, int>("seen");
    const auto sum = [](const string& s, int n) { return s + std::to_string(n); };
    app.agent("j", in | weir::join(people, beside) | weir::join(seen, sum) | weir::to("out"));
    app.agent("c", app.topic<string, int>("more") | weir::count(seen));
    const auto g = app.graph();
    CHECK(g.text() == "agent table names\n"
                      "  topic names : std::string, std::optional<std::string>\n"
                      "  | to_table names : std::string, std::optional<std::string>\n"
                      "agent j\n"
                      "  topic in : std::string, int\n"
                      "  | join names : std::string, std::string\n"
                      "  <- topic names : std::string, std::optional<std::string>\n"
                      "  | join seen : std::string, std::string\n"
                      "  <- table seen : std::string, int\n"
                      "  | to\n"
                      "  -> topic out : std::string, std::string\n"
                      "agent c\n"
                      "  topic more : std::string, int\n"
                      "  | count seen : std::string, int\n"
                      "  -> table seen : std::string, int\n"
                      "     -> topic a-seen-changelog : std::string, int\n");
    CHECK(g.mermaid().find("-. \"joined\" .->") != string::npos);
    CHECK(g.dot().find("[label=\"joined\", style=dashed]") != string::npos);
}
