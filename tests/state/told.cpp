// SPDX-License-Identifier: Apache-2.0
// What is told of tables: the graph, hooks, counters, explain, and what the driver says.
#include "counting.hpp"

#include <set>

namespace {

struct listening : silent {
    weir::app* app = nullptr;
    texts heard{};
    void restoring(const string& table, weir::partition_id p, offset from, offset to) override {
        heard.push_back(table + '[' + std::to_string(p) + "] from " + std::to_string(from) +
                        " to " + std::to_string(to));
        if (!app) return;
        for (auto& topic : {"in"})
            if (const auto b = app->explain(topic, p)) heard.push_back(b->why);
        heard.push_back(app->counters().text());
    }
    void restored(const string& table, weir::partition_id p) override {
        heard.push_back(table + '[' + std::to_string(p) + "] is restored");
    }
};

}  // namespace

TEST_CASE("a table is a node of the graph, with the operators that change it and its changelog") {
    struct order {
        string account;
        double price;
    };
    weir::app app{"shop"};
    auto orders = app.topic<string, order>("orders", {.partitions = 4});
    auto totals = app.table<string, double>("totals");
    app.agent("totals", orders | weir::aggregate(totals, [](double& sum, const order& o) {
                            sum += o.price;
                        }) | weir::to("out"));
    const auto g = app.graph();
    CHECK(g.text() == "agent totals\n"
                      "  topic orders [4 partitions] : std::string, order\n"
                      "  | aggregate totals : std::string, double\n"
                      "  -> table totals [4 partitions] : std::string, double\n"
                      "     -> topic shop-totals-changelog : std::string, double\n"
                      "  | to\n"
                      "  -> topic out : std::string, double\n");
    CHECK(g.mermaid() == "flowchart LR\n"
                         "    n0[(\"topic orders<br/>4 partitions\")]\n"
                         "    n2[(\"table totals<br/>4 partitions\")]\n"
                         "    n3[(\"topic shop-totals-changelog\")]\n"
                         "    n5[(\"topic out\")]\n"
                         "    subgraph agent0[\"agent totals\"]\n"
                         "        n1[\"aggregate totals\"]\n"
                         "        n4[\"to\"]\n"
                         "    end\n"
                         "    n0 -- \"std::string, order\" --> n1\n"
                         "    n1 -- \"std::string, double\" --> n2\n"
                         "    n2 -- \"std::string, double\" --> n3\n"
                         "    n1 -- \"std::string, double\" --> n4\n"
                         "    n4 --> n5\n");
    CHECK(g.dot().find("  n2 [label=\"table totals\\n4 partitions\", shape=cylinder];\n") !=
          string::npos);
    CHECK(g.dot().find("  n1 -> n2 [label=\"std::string, double\"];\n") != string::npos);
    CHECK(g.nodes().at(2).kind == weir::graph::kind::table);
}

TEST_CASE("a table that several operators change is drawn once") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, int>("seen");
    app.agent("c", in | weir::count(seen) | weir::to_table(seen));
    const auto g = app.graph();
    int tables = 0, to = 0, from = 0;
    for (auto& n : g.nodes()) tables += n.kind == weir::graph::kind::table;
    for (auto& e : g.edges()) {
        to += g.nodes()[e.to].kind == weir::graph::kind::table;
        from += g.nodes()[e.from].kind == weir::graph::kind::table;
    }
    CHECK(tables == 1);
    CHECK(to == 2);
    CHECK(from == 1);
}

TEST_CASE("semantics 62: restoring is told to hooks, counters and explain") {
    weir::app_options shared{.broker = "memory://told"};
    listening ears;
    counting one{1, shared};
    test_driver test{one.app};
    for (int i = 0; i < 5000; ++i) test.append(one.in, "k" + std::to_string(i), 1);
    test.run();
    CHECK(one.app.counters().tables == 1);
    CHECK(one.app.counters().keys == 5000);
    CHECK(one.app.counters().restoring == 0);
    CHECK(one.app.counters().text().find("tables 1, keys 5000") != string::npos);
    test.stop(one.app);
    weir::app two{"a", {.broker = "memory://told", .hooks = &ears}};
    ears.app = &two;
    auto in = two.topic<string, int>("in");
    two.agent("c", in | weir::count(two.table<string, std::int64_t>("seen")));
    test.add(two);
    REQUIRE(ears.heard.size() == 4);
    CHECK(ears.heard[0] == "seen[0] from 0 to 5002");
    CHECK(ears.heard[1].starts_with("table 'seen' is restored from its changelog: "));
    CHECK(ears.heard[1].ends_with(" of 5,002 records"));
    CHECK(ears.heard[2].find("tables 1, keys ") != string::npos);
    CHECK(ears.heard[2].find(", restoring 1") != string::npos);
    CHECK(ears.heard[3] == "seen[0] is restored");
    CHECK(!two.explain("in", 0));
}

TEST_CASE("semantics 62: a partition whose tables wait for another topic says so, and again") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto other = app.topic<string, int>("other");
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("c", (in & other) | weir::count(seen));
    test_driver test{app};
    test.lose(other, 0);
    test.send(in, "x", 1);
    const auto why = string{"its tables are changed by other[0], too, which is not "
                            "assigned to this app"};
    const auto b = app.explain("in", 0);
    REQUIRE(b);
    CHECK(b->offset == -1);
    CHECK(b->why == why);
    CHECK(test.restoring(seen, 0));
    hush.lines.clear();
    test.advance(9s);
    CHECK(hush.lines.empty());
    test.advance(16s);
    CHECK(hush.lines == texts(2, "in[0] is not read yet: " + why));
    test.assign(other, 0);
    test.run();
    CHECK(!app.explain("in", 0));
    CHECK(!test.restoring(seen, 0));
}

TEST_CASE("explain says that a commit waits for the changelog") {
    weir::app app{"a", {.commit_every = 1000}};
    auto in = app.topic<string, int>("in", {.partitions = 2});
    auto seen = app.table<string, std::int64_t>("seen");
    std::set<string> heard;
    app.agent("c", in | weir::count(seen) | weir::events() | weir::for_each([&](const auto& e) {
                       if (e.partition() == 0) return;
                       const auto b = app.explain("in", 0);
                       heard.insert(b ? '@' + std::to_string(b->offset) + ' ' + b->why : "");
                   }));
    test_driver test{app};
    for (int i = 0; i < 900; ++i) test.append(in, "x", 1, {.partition = 0});
    test.run();
    for (int i = 0; i < 900; ++i) test.append(in, "x", 1, {.partition = 1});
    test.run();  // a commit begins behind the first 100 of them
    CHECK(heard == std::set<string>{"", "@0 table 'seen' is being written to its changelog"});
    CHECK(!app.explain("in", 0));
}

TEST_CASE("semantics 69: the driver says what a table and its changelog have") {
    weir::app app{"a"};
    auto in = app.topic<string, std::optional<int>>("in");
    auto last = app.table<string, int>("last", {.init = 7});
    app.agent("c", in | weir::to_table(last));
    test_driver test{app};
    using all = std::vector<std::pair<string, int>>;
    test.send(in, "x", 1);
    test.send(in, "y", 2);
    CHECK(test.value(last, "x") == 1);
    CHECK(test.value(last, "z") == 7);
    CHECK(test.entries(last) == all{{"x", 1}, {"y", 2}});
    CHECK(test.changelog(last).empty());
    test.commit();
    CHECK(test.changelog(last) == all{{"x", 1}, {"y", 2}});
    test.send(in, "x", 3);
    test.send(in, "y", std::nullopt);
    CHECK(test.entries(last) == all{{"x", 3}});
    test.commit();
    CHECK(test.changelog(last) == all{{"x", 3}});
    CHECK(!test.restoring(last, 0));
    test.lose(in, 0);
    CHECK(test.restoring(last, 0));
    CHECK(test.restoring(last, 1));
}
