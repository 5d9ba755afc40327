// SPDX-License-Identifier: Apache-2.0
// left_join with a table: as join, and a null pointer where there is no match.
#include "state/counting.hpp"

#include <stdexcept>

namespace {

string beside(int n, const string* name) { return (name ? *name : "-") + std::to_string(n); }

}  // namespace

TEST_CASE("left_join passes on each value, with a null pointer where the table has no row") {
    weir::app app{"a"};
    auto names = app.topic<string, std::optional<string>>("names", {.partitions = 2});
    auto people = app.table(names);
    auto in = app.topic<string, int>("in", {.partitions = 2});
    texts got;
    app.agent("j", in | weir::left_join(people, beside) |
                       weir::for_each([&](const string& s) { got.push_back(s); }));
    test_driver test{app};
    test.send(in, "x", 1, {.partition = 0});
    test.send(names, "x", "ann", {.partition = 0});
    test.send(in, "x", 2, {.partition = 0});
    test.send(in, "x", 3, {.partition = 1});
    test.send(names, "x", std::nullopt, {.partition = 0});
    test.send(in, "x", 4, {.partition = 0});
    CHECK(got == texts{"-1", "ann2", "-3", "-4"});
}

TEST_CASE("left_join gives a null pointer for a null key, decoded or raw") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto names = app.topic<string, string>("names");
    auto people = app.table(names);
    auto raw_people = app.table<weir::bytes, string>("raw_people");
    auto in = app.topic<std::optional<string>, int>("in");
    auto raw = app.topic<int>("raw");
    texts got;
    const auto keep = weir::for_each([&](const string& s) { got.push_back(s); });
    app.agent("j", in | weir::left_join(people, beside) | keep);
    auto keys = app.topic<weir::bytes, string>("keys");
    app.agent("t", keys | weir::to_table(raw_people));
    app.agent("r", raw | weir::left_join(raw_people, beside) | keep);
    test_driver test{app};
    test.send(names, "x", "ann");
    test.send(in, std::nullopt, 1);
    test.send(in, std::optional<string>{"x"}, 2);
    test.send(keys, weir::bytes{"x"}, "bob");
    test.send(raw, 3);
    test.send(raw, weir::bytes{"x"}, 4);
    CHECK(got == texts{"-1", "ann2", "-3", "bob4"});
}

TEST_CASE("a message that fails behind left_join is joined anew by its retry") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto names = app.topic<string, string>("names");
    auto people = app.table(names);
    auto in = app.topic<string, int>("in");
    texts got;
    app.agent("j",
              in |
                  weir::left_join(people,
                                  [](int n, const string* name) {
                                      if (!name) throw std::runtime_error{"nobody yet"};
                                      return beside(n, name);
                                  }) |
                  weir::for_each([&](const string& s) { got.push_back(s); }),
              {.on_error = weir::retry(3, 1s).then(weir::stop)});
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(names, "x", "ann");
    test.advance(1s);
    CHECK(got == texts{"ann1"});
}

TEST_CASE("left_join finds its shard again when its partition has gone and come") {
    weir::app app{"a"};
    auto names = app.topic<string, string>("names", {.partitions = 2});
    auto people = app.table(names);
    auto in = app.topic<string, int>("in", {.partitions = 2});
    texts got;
    app.agent("j", in | weir::left_join(people, beside) |
                       weir::for_each([&](const string& s) { got.push_back(s); }));
    test_driver test{app};
    test.send(names, "x", "ann", {.partition = 1});
    test.commit();
    test.send(in, "x", 1, {.partition = 1});
    test.lose(in, 1);
    test.assign(in, 1);
    test.send(names, "x", "bob", {.partition = 1});
    test.send(in, "x", 2, {.partition = 1});
    CHECK(got == texts{"ann1", "ann1", "bob2"});  // 1 comes again: it was not committed
}

TEST_CASE("left_join is drawn with its table") {
    weir::app app{"a"};
    auto people = app.table(app.topic<string, string>("names"));
    app.agent("j", app.topic<string, int>("in") | weir::left_join(people, beside));
    CHECK(app.graph().text().find("  topic in : std::string, int\n"
                                  "  | left_join names : std::string, std::string\n"
                                  "  <- topic names : std::string, std::optional<std::string>\n") !=
          string::npos);
}
