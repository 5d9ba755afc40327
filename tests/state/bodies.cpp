// SPDX-License-Identifier: Apache-2.0
// Tables that bodies change and read.
#include "counting.hpp"

#include <functional>
#include <stdexcept>

namespace {

struct clicking {
    silent hush{};
    weir::app app{"a", {.hooks = &hush}};
    weir::topic<string, int> pages = app.topic<string, int>("pages");
    weir::table<string, std::int64_t> clicks =
        app.table<string, std::int64_t>("clicks", {.init = 100});
};

}  // namespace

TEST_CASE("a body changes a table by its cells") {
    clicking c;
    c.app.agent("clicks",
                c.pages | weir::items() | weir::for_each([clicks = c.clicks](const auto& i) {
                    auto& [user, n] = i;
                    clicks[user] += n;
                    if (clicks[user] > 110) clicks.erase(user);
                }),
                {.tables = {c.clicks}});
    test_driver test{c.app};
    test.send(c.pages, "ann", 3);
    test.send(c.pages, "ann", 4);
    test.send(c.pages, "bob", 1);
    CHECK(all_of(c.clicks) == counts{{"ann", 107}, {"bob", 101}});
    test.send(c.pages, "ann", 4);
    CHECK(all_of(c.clicks) == counts{{"bob", 101}});
    CHECK(c.clicks.get("ann") == 100);
    test.restart();
    CHECK(all_of(c.clicks) == counts{{"bob", 101}});
}

TEST_CASE("put, update, ++, -- and -= change a cell; reading stores nothing") {
    clicking c;
    c.app.agent("clicks", c.pages | weir::for_each([&](int n) {
                              if (n == 0) c.clicks.put("x", 7);
                              if (n == 1) ++c.clicks["x"];
                              if (n == 2) --c.clicks["x"];
                              if (n == 3) c.clicks["x"] -= 5;
                              if (n == 4) c.clicks.update("x", [](std::int64_t& v) { v *= 10; });
                              if (n == 5) c.clicks["x"] = c.clicks["y"];
                          }),
                {.tables = {c.clicks}});
    test_driver test{c.app};
    trace seen;
    for (int n = 0; n < 6; ++n) {
        test.send(c.pages, "k", n);
        seen.push_back(int(c.clicks.get("x")));
    }
    CHECK(seen == trace{7, 8, 7, 2, 20, 100});
    CHECK(c.clicks.size() == 1);
}

TEST_CASE("what a body has changed is undone with its message, and not with another one's") {
    clicking c;
    c.app.agent("clicks", c.pages | weir::for_each([&](int n) {
                              c.clicks["x"] += n;
                              c.clicks["y"] += n;
                              if (n < 0) throw std::runtime_error{"no"};
                          }),
                {.tables = {c.clicks}});
    test_driver test{c.app};
    for (int n : {1, 2, -9, 3}) test.append(c.pages, "k", n);
    test.run();
    CHECK(all_of(c.clicks) == counts{{"x", 106}, {"y", 106}});
    for (int n : {-9, -9}) test.append(c.pages, "k", n);
    test.run();
    CHECK(all_of(c.clicks) == counts{{"x", 106}, {"y", 106}});
}

TEST_CASE("a retry finds what was before") {
    clicking c;
    int tries = 0;
    c.app.agent("clicks", c.pages | weir::for_each([&](int n) {
                              c.clicks["x"] += n;
                              if (++tries < 3) throw std::runtime_error{"not yet"};
                          }),
                {.on_error = weir::retry(5, 1s), .tables = {c.clicks}});
    test_driver test{c.app};
    test.send(c.pages, "k", 1);
    test.advance(10s);
    CHECK(tries == 3);
    CHECK(c.clicks.get("x") == 101);
}

TEST_CASE("a body changes a table in a pipeline that ends with any operator") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 3});
    auto out = app.topic<string, int>("out", {.partitions = 1});
    const auto add = [&](const string& name, auto last) {
        auto sums = app.table<string, int>(name);
        app.agent(name, in | weir::tap([sums](int n) { sums["x"] += n; }) | last,
                  {.tables = {sums}});
        return sums;
    };
    const auto chooses = [](int) { return "out"; };
    const std::vector all{add("to", weir::to(out)),
                          add("chosen", weir::to(chooses, {.topics = {"out"}})),
                          add("through", weir::through(out)), add("echo", weir::echo(out)),
                          add("group", weir::group_by(std::identity{}, "n"))};
    test_driver test{app};
    for (weir::partition_id p : {0, 1, 2}) test.send(in, "k", 1 + p, {.partition = p});
    test.restart();
    for (auto& sums : all) {
        CAPTURE(sums.name());
        CHECK(test.entries(sums) ==
              std::vector<std::pair<string, int>>{{"x", 1}, {"x", 2}, {"x", 3}});
    }
    CHECK(test.values(out).size() == 12);
}

TEST_CASE("a body in front of a group_by that is not the last operator changes no table") {
    clicking c;
    c.app.agent("clicks",
                c.pages | weir::tap([&](int) { ++c.clicks["x"]; }) |
                    weir::group_by([](int n) { return n; }, "n") | weir::for_each([](int) {}),
                {.on_error = weir::stop, .tables = {c.clicks}});
    test_driver test{c.app};
    test.send(c.pages, "k", 1);
    CHECK(!test.running());
    REQUIRE(!test.errors().empty());
    CHECK(test.errors().back().text ==
          "weir: table 'clicks' is changed by a message of 'pages', but its agent's last operator "
          "works on another topic: a table is changed behind the agent's last through or group_by, "
          "or by an agent that ends there");
}

TEST_CASE("a table is changed by messages alone") {
    clicking c;
    c.app.agent("clicks", c.pages | weir::for_each([](int) {}), {.tables = {c.clicks}});
    CHECK_THROWS_WITH_AS(c.clicks.put("x", 1), doctest::Contains("while the app does not run"),
                         weir::error);
    test_driver test{c.app};
    CHECK_THROWS_WITH_AS(c.clicks.put("x", 1),
                         doctest::Contains("where no message is being processed"), weir::error);
}

TEST_CASE("an agent that has not said so changes no table") {
    clicking c;
    auto other = c.app.topic<string, int>("other");
    c.app.agent("clicks", c.pages | weir::for_each([&](int) { ++c.clicks["x"]; }),
                {.on_error = weir::stop, .tables = {c.clicks}});
    c.app.agent("other", other | weir::for_each([&](int) { ++c.clicks["x"]; }),
                {.on_error = weir::stop});
    test_driver test{c.app};
    test.send(c.pages, "k", 1);
    CHECK(c.clicks.get("x") == 101);
    test.send(other, "k", 1);
    CHECK(!test.running());
    REQUIRE(!test.errors().empty());
    CHECK(test.errors().back().text.find(
              "agent 'other' changes table 'clicks', and agent 'clicks'") != string::npos);
}

TEST_CASE("what a body has changed is written and committed as what an operator has") {
    weir::app_options shared{.broker = "memory://state-bodies"};
    const auto make = [](weir::app& app) {
        auto in = app.topic<string, int>("in");
        auto sums = app.table<string, std::int64_t>("sums");
        app.agent("c",
                  in | weir::tap([=](int n) { sums["all"] += n; }) | weir::take(2) |
                      weir::for_each([](const auto&) {}),
                  {.tables = {sums}});
        return std::pair{in, sums};
    };
    weir::app one{"a", shared}, two{"a", shared};
    auto [in, sums] = make(one);
    auto [in2, sums2] = make(two);
    test_driver test{one};
    for (int n : {1, 2, 4}) test.send(in, "k", n);
    CHECK(sums.get("all") == 7);
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
    CHECK(folded(test, "a-sums-changelog") == counts{{"all", 3}});
    test.kill(one);
    test.add(two);
    CHECK(sums2.get("all") == 7);
}

TEST_CASE("semantics 60: behind take a body changes a table by each message of the batch") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in", {.partitions = 2});
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("c",
              in | weir::items() | weir::take(2, 5s) | weir::flat_map(std::identity{}) |
                  weir::tap([=](const auto& i) { seen[i.key()] += 1; }),
              {.tables = {seen}});
    test_driver test{app};
    test.append(in, "a", 1, {.partition = 0});
    test.append(in, "b", 1, {.partition = 1});
    test.run();
    test.lose(in, 0);
    test.assign(in, 0);
    test.send(in, "c", 1, {.partition = 0});
    test.advance(5s);
    CHECK(all_of(seen) == counts{{"a", 1}, {"b", 1}, {"c", 1}});
    test.commit();
    CHECK(folded(test, "a-seen-changelog") == counts{{"a", 1}, {"b", 1}, {"c", 1}});
}

TEST_CASE("semantics 60: a body behind take counts once after a crash before the commit") {
    constexpr auto broker = "memory://bodies-take";
    const auto count = [](weir::app& app) {
        auto seen = app.table<string, std::int64_t>("seen");
        auto in = app.topic<string, int>("in", {.partitions = 1});
        app.agent("c",
                  in | weir::items() | weir::take(2, 5s) | weir::flat_map(std::identity{}) |
                      weir::tap([=](const auto& i) { seen[i.key()] += 1; }),
                  {.tables = {seen}});
        return std::pair{in, seen};
    };
    silent hush;
    weir::app one{"a", {.broker = broker, .hooks = &hush}},
        two{"a", {.broker = broker, .hooks = &hush}};
    auto in = count(one).first;
    auto seen = count(two).second;
    test_driver test{one};
    test.send(in, "k", 1);
    test.advance(5s);
    test.fail_next_commit();
    test.commit();
    test.kill(one);
    test.append(in, "k", 1);
    test.add(two);
    test.advance(5s);
    CHECK(seen.get("k") == 2);
}

TEST_CASE("a whole batch changes no table, neither in a function nor in a coroutine") {
    const auto refused = [](auto draw) {
        silent hush;
        weir::app app{"a", {.on_error = weir::skip, .hooks = &hush}};
        auto in = app.topic<string, int>("in");
        auto seen = app.table<string, std::int64_t>("seen");
        draw(app, in | weir::take(2, 5s), seen);
        test_driver test{app};
        test.send(in, "k", 1);
        test.send(in, "k", 1);
        REQUIRE(!test.errors().empty());
        CHECK(test.errors()[0].text.find("is changed by a batch") != string::npos);
        CHECK(seen.size() == 0);
    };
    refused([](auto& app, auto taken, auto seen) {
        app.agent("c", taken | weir::for_each([=](const auto&) { seen["n"] += 1; }),
                  {.tables = {seen}});
    });
    refused([](auto& app, auto taken, auto seen) {
        app.agent("c", taken | weir::map([](const auto& b) {
                           return b.size();
                       }) | weir::map([=](std::size_t n) -> weir::task<std::size_t> {
                           seen["n"] += 1;
                           co_return n;
                       }),
                  {.tables = {seen}});
    });
    refused([](auto& app, auto taken, auto seen) {
        app.agent("c", taken | weir::map([](const auto& b) -> weir::task<std::size_t> {
                           co_return b.size();
                       }) | weir::for_each([=](std::size_t) { seen["n"] += 1; }),
                  {.tables = {seen}});
    });
}

TEST_CASE(
    "semantics 53: the agent that changes a table reads the shard of its message's partition") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 2});
    auto asked = app.topic<string, int>("asked");
    auto sums = app.table<string, std::int64_t>("sums");
    std::int64_t found = 0;
    app.agent("c", in | weir::for_each([=](int n) { sums.put("all", sums.get("all") + n); }),
              {.tables = {sums}});
    app.agent("d", asked | weir::for_each([&, sums](int) { found = sums.get("all"); }));
    test_driver test{app};
    for (int i = 0; i < 3; ++i) test.send(in, "x", 1, {.partition = 1});
    test.send(in, "x", 1, {.partition = 0});
    std::vector<std::int64_t> shards;
    sums.each([&](const string&, std::int64_t n) { shards.push_back(n); });
    CHECK(shards == std::vector<std::int64_t>{1, 3});
    test.send(asked, "x", 1);
    CHECK(found == 1);
}

TEST_CASE("a message without a key, or a null key, changes no table and is an error of its own") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<int>("in", {.partitions = 1});
    auto seen = app.table<weir::bytes, std::int64_t>("seen");
    auto other = app.table<weir::bytes, int>("other");
    app.agent("c", in | weir::count(seen));
    app.agent("d", in | weir::for_each([=](int n) { other.put(weir::bytes{}, n); }),
              {.tables = {other}});
    test_driver test{app};
    test.send(in, 1);
    REQUIRE(test.errors().size() == 2);
    for (auto& e : test.errors()) CHECK(e.text.find("null key") != string::npos);
    test.commit();
    CHECK(test.running());
    CHECK(test.committed(in, 0) == committed{1});
}
