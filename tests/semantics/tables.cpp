// SPDX-License-Identifier: Apache-2.0
// Tables: what they have, what a failure leaves of it, and that each message is in them once.
#include "state/counting.hpp"

#include <functional>
#include <memory>
#include <set>
#include <stdexcept>

namespace {

constexpr auto changelog = counting::changelog;
using memory_broker = weir::transport::memory_broker;
using weir::detail::mark_key;
using weir::detail::owner_key;

/// The records of the changelog's partition that are a row, the mark or the owner.
std::vector<string> kinds(test_driver& test, weir::partition_id p = 0) {
    std::vector<string> all;
    for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>(changelog))) {
        if (e.partition() != p) continue;
        const auto key = e.key().view();
        all.push_back(key == owner_key ? "owner" : key == mark_key ? "mark" : string{key});
    }
    return all;
}

/// `count | take(2) | count again`, two tables of one topic.
struct two_tables {
    silent hush{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, std::int64_t> seen, again;
    int throws = 0;

    explicit two_tables(weir::app_options o)
        : app{"a", quiet(std::move(o))},
          in(app.topic<string, int>("in", {.partitions = 2})),
          seen(app.table<string, std::int64_t>("seen")),
          again(app.table<string, std::int64_t>("again")) {
        app.agent("c",
                  in | weir::count(seen) | weir::tap([this](std::int64_t) {
                      if (throws > 0 && --throws == 0) throw std::runtime_error{"now"};
                  }) | weir::take(2, 1s) |
                      weir::flat_map(std::identity{}) | weir::count(again),
                  {.on_error = weir::retry(3, 1s)});
    }
    weir::app_options quiet(weir::app_options o) {
        o.hooks = &hush;
        return o;
    }
};

/// What a compacted topic keeps: the last record of each key in each partition.
std::vector<weir::transport::stored_message> compacted(const memory_broker& broker,
                                                       const string& topic) {
    std::vector<weir::transport::stored_message> kept;
    std::set<std::pair<weir::partition_id, string>> later;
    const auto all = broker.dump(topic);
    for (auto i = all.rbegin(); i != all.rend(); ++i)
        if (later.emplace(i->partition, i->key.view()).second) kept.insert(kept.begin(), *i);
    return kept;
}

}  // namespace

TEST_CASE("semantics 50: a table is declared once or twice, changed by one agent, read by all") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto asked = app.topic<string, int>("asked");
    auto seen = app.table<string, std::int64_t>("seen");
    trace got;
    app.agent("c", in | weir::count(seen));
    app.agent("reads",
              asked | weir::items() |
                  weir::for_each([&, same = app.table<string, std::int64_t>("seen")](
                                     const auto& i) { got.push_back(int(same.get(i.key()))); }));
    CHECK_THROWS_AS(app.agent("too", asked | weir::count(seen)), weir::setup_error);
    CHECK_THROWS_AS((app.table<string, double>("seen")), weir::setup_error);
    test_driver test{app};
    test.send(asked, "x", 0);
    test.send(in, "x", 0);
    test.send(asked, "x", 0);
    CHECK(got == trace{0, 1});
}

TEST_CASE("semantics 50: a table has a shard for each partition of its topic, and no other") {
    counting c{2};
    test_driver test{c.app};
    test.send(c.in, "x", 1, {.partition = 0});
    test.send(c.in, "y", 1, {.partition = 1});
    CHECK(c.seen.size() == 2);
    test.commit();
    CHECK(kinds(test, 0) == std::vector<string>{"owner", "x", "mark"});
    CHECK(kinds(test, 1) == std::vector<string>{"owner", "y", "mark"});
    test.revoke(c.in, 1);
    CHECK(all_of(c.seen) == counts{{"x", 1}});
    test.assign(c.in, 1);
    test.run();
    CHECK(all_of(c.seen) == counts{{"x", 1}, {"y", 1}});
}

TEST_CASE("semantics 51: each operator passes on what the table has now, with the largest time") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto out = app.topic<string, string>("out");
    auto number = app.table<string, int>("number");
    auto largest = app.table<string, int>("largest");
    auto all = app.table<string, string>("all");
    auto last = app.table<string, string>("last");
    const auto max = [](int a, int b) { return a < b ? b : a; };
    app.agent("c", in | weir::reduce(largest, max) |
                       weir::aggregate(all, [](string& s, int n) { s += std::to_string(n); }) |
                       weir::to_table(last) | weir::to(out));
    app.agent("d", in | weir::count(number));
    test_driver test{app};
    const auto at = [](int s) { return weir::timestamp{std::chrono::seconds{s}}; };
    test.send(in, "x", 2, {.timestamp = at(9)});
    test.send(in, "x", 5, {.timestamp = at(7)});
    test.send(in, "x", 3, {.timestamp = at(8)});
    CHECK(test.values(out) == texts{"2", "25", "255"});
    for (auto& e : test.events(out)) CHECK(e.timestamp() == at(9));
    CHECK(number.get("x") == 3);
    CHECK(last.get("x") == "255");
}

TEST_CASE("semantics 52: a null value is passed over, counted and told; to_table erases its key") {
    struct : silent {
        std::vector<string> told{};
        void passed_over(const weir::passed_message& m) override {
            told.push_back(string{m.table} + ' ' + string{m.topic} + '[' +
                           std::to_string(m.partition) + "]@" + std::to_string(m.offset) + ' ' +
                           std::to_string(m.timestamp.time_since_epoch().count()) + ": " +
                           string{m.why});
        }
    } hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, std::optional<int>>("in");
    auto number = app.table<string, int>("number");
    auto sum = app.table<string, int>("sum");
    auto last = app.table<string, int>("last");
    trace got;
    const auto into = weir::for_each([&](int n) { got.push_back(n); });
    app.agent("c", in | weir::count(number) | into);
    app.agent("r", in | weir::reduce(sum, std::plus{}) | into);
    app.agent("t", in | weir::to_table(last));
    test_driver test{app};
    test.send(in, "x", 4);
    got.clear();
    test.send(in, "x", std::nullopt, {.timestamp = weir::timestamp{5s}});
    CHECK(got.empty());
    std::sort(hooks.told.begin(), hooks.told.end());
    CHECK(hooks.told == std::vector<string>{"number in[0]@1 5000: its value is null",
                                            "sum in[0]@1 5000: its value is null"});
    CHECK(app.counters().passed_over == 2);
    CHECK(app.counters().text().ends_with("passed over 2"));
    CHECK(number.get("x") == 1);
    CHECK(sum.get("x") == 4);
    CHECK(!last.contains("x"));
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("semantics 54: a message that fails has changed no table, the last change first") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, numbers>("in");
    auto sum = app.table<string, int>("sum");
    auto last = app.table<string, int>("last");
    bool fails = true;
    app.agent("c",
              in | weir::flat_map(std::identity{}) | weir::reduce(sum, std::plus{}) |
                  weir::to_table(last) | weir::for_each([&](int n) {
                      if (n > 9 && fails) throw std::runtime_error{"too much"};
                  }),
              {.on_error = weir::retry(1, 1s).then(weir::dead_letter("dead"))});
    test_driver test{app};
    test.send(in, "x", numbers{1, 2});
    test.send(in, "x", numbers{3, 3, 3});  // 6, 9, 12
    CHECK(sum.get("x") == 3);
    CHECK(last.get("x") == 3);
    test.advance(1s);  // so does its retry; it becomes a dead letter
    CHECK(sum.get("x") == 3);
    CHECK(test.events(test.peek<string, numbers>("dead")).size() == 1);
    test.send(in, "x", numbers{7, 1});
    fails = false;
    test.advance(1s);  // this retry succeeds
    CHECK(sum.get("x") == 11);
    CHECK(last.get("x") == 11);
    test.restart();
    CHECK(sum.get("x") == 11);
    CHECK(last.get("x") == 11);
}

TEST_CASE(
    "semantics 55: messages count in the order of their offsets, equal values are passed on") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto out = app.topic<string, int>("out");
    auto last = app.table<string, int>("last");
    app.agent("c", in | weir::to_table(last) | weir::to(out));
    test_driver test{app};
    const auto at = [](int s) { return weir::timestamp{std::chrono::seconds{s}}; };
    test.append(in, "x", 1, {.timestamp = at(9)});
    test.append(in, "x", 2, {.timestamp = at(1)});
    test.append(in, "x", 2, {.timestamp = at(5)});
    test.run();
    CHECK(last.get("x") == 2);
    CHECK(test.values(out) == trace{1, 2, 2});
}

TEST_CASE("semantics 58: the changelog has the width of the input, and nothing in it grows old") {
    const auto broker = memory_broker::named("tables-58");
    counting c{3, {.broker = "memory://tables-58"}};
    test_driver test{c.app};
    CHECK(broker->partitions(changelog) == std::optional<weir::partition_id>{3});
    const auto config = broker->config(changelog);
    CHECK(config.at("cleanup.policy") == "compact");
    CHECK(config.at("retention.ms") == "-1");
    CHECK(config.at("message.timestamp.type") == "CreateTime");
}

TEST_CASE("semantics 58: partitions that an input gets stop the app before one of them is read") {
    const auto broker = memory_broker::named("tables-58d");
    broker->create_topic({.name = "in", .partitions = 2});
    silent hush;
    trace out;
    const auto make = [&](weir::app& app) {
        auto in = app.topic<string, int>("in");
        app.agent("c", in | weir::count(app.table<string, std::int64_t>("seen")) |
                           weir::for_each([&](std::int64_t n) { out.push_back(int(n)); }));
        return in;
    };
    const weir::app_options quiet{.broker = "memory://tables-58d", .hooks = &hush};
    weir::app first{"a", quiet}, grows{"a", quiet}, again{"a", quiet};
    const auto error_of = [](weir::app& app) {
        try {
            app.run();
        } catch (const weir::error& e) { return string{e.what()}; }
        return string{"it ended without an error"};
    };
    auto in = make(first);
    {
        test_driver test{first};
        test.send(in, "x", 1, {.partition = 0});
        test.send(in, "y", 1, {.partition = 1});
    }
    make(grows);
    auto other = grows.topic<string, int>("other");
    grows.agent("grow", other | weir::for_each([&](int) {
                            broker->create_partitions("in", 3);
                            const auto by = weir::transport::connect(broker, "sender");
                            by->send({.topic = by->open("in"),
                                      .partition = 2,
                                      .key = weir::bytes_view{"z"},
                                      .value = weir::bytes_view{"1"}},
                                     0);
                        }));
    other.send("x", 1);
    CHECK(error_of(grows) ==
          "weir: topic 'in' has got partition 2 while the app runs, and the changelog "
          "'a-seen-changelog' of table 'seen' has 2: a table's number of partitions does not "
          "change; give the table another name to begin anew");
    CHECK(out == trace{1, 1});  // nothing of partition 2
    CHECK(broker->committed("a", {"in", 0}) == committed{1});
    CHECK(broker->committed("a", {"in", 2}) == nothing);
    make(again);
    CHECK(error_of(again) ==
          "weir: table 'seen': its changelog 'a-seen-changelog' has 2 partitions, and topic 'in' "
          "has 3: a table's number of partitions does not change; give the table another name to "
          "begin anew");
}

TEST_CASE("semantics 58: the partitions of a table that a topic fills are the topic's") {
    const auto broker = memory_broker::named("tables-58e");
    broker->create_topic({.name = "people", .partitions = 1});
    weir::app app{"a", {.broker = "memory://tables-58e"}};
    auto people = app.table(app.topic<string, std::int64_t>("people"));
    test_driver test{app};
    broker->create_partitions("people", 2);
    test.send(test.peek<string, std::int64_t>("people"), "ann", 7, {.partition = 1});
    CHECK(test.running());
    CHECK(people.get("ann") == 7);
}

TEST_CASE("semantics 58: settings of the changelog are the user's where he gives them") {
    const auto broker = memory_broker::named("tables-58b");
    weir::app app{"a", {.broker = "memory://tables-58b"}};
    auto in = app.topic<string, int>("in");
    app.agent("c", in | weir::count(
                            app.table<string, int>("seen", {.config = {{"segment.ms", "1000"}}})));
    test_driver test{app};
    const auto config = broker->config(changelog);
    CHECK(config.at("segment.ms") == "1000");
    CHECK(config.at("cleanup.policy") == "compact");
}

TEST_CASE("semantics 59: a commit writes each changed key once, as of the committed offset") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("c", in | weir::count(seen) | weir::take(2) | weir::for_each([](const auto&) {}));
    test_driver test{app};
    for (auto* k : {"x", "x", "x", "y", "x"}) test.send(in, k, 1);
    CHECK(kinds(test) == std::vector<string>{"owner"});
    test.commit();
    CHECK(kinds(test) == std::vector<string>{"owner", "x", "y", "mark"});
    CHECK(folded(test, changelog) == counts{{"x", 3}, {"y", 1}});
    CHECK(test.committed(in, 0) == committed{4});
    CHECK(seen.get("x") == 4);
}

TEST_CASE("semantics 59: nothing is committed while the changelog has not all of it") {
    for (int lost = 1; lost <= 3; ++lost) {  // x, y or the mark
        counting c;
        test_driver test{c.app};
        test.send(c.in, "x", 1);
        test.send(c.in, "y", 1);
        test.commit();
        test.send(c.in, "x", 1);
        test.send(c.in, "y", 1);
        test.fail_next_send(changelog, std::size_t(lost));
        test.commit();
        INFO(lost);
        CHECK(!test.running());
        CHECK(test.committed(c.in, 0) == committed{2});
        test.fail_next_send(changelog, 0);
        test.restart();
        CHECK(all_of(c.seen) == counts{{"x", 2}, {"y", 2}});
    }
}

TEST_CASE("semantics 59: what comes while a cut is written is not in it") {
    weir::detail::shard_of<string, std::int64_t> s{1, true};
    s.restored();
    const auto change = [&](offset at) {
        s.set_live(*s.change("x", 0, at), true);
        ++s.change("x", 0, at)->value;
        s.finish();
    };
    change(0);
    s.forget({1});
    s.begin_cut();
    change(1);
    weir::detail::outgoing record{};
    using kind = weir::detail::shard::record_kind;
    std::int64_t written = 0;
    REQUIRE(s.next(record) == kind::row);
    weir::detail::decode_into<std::int64_t>(record.value, written);
    CHECK(written == 1);
    s.sent();
    CHECK(s.next(record) == kind::none);
    s.forget({2});
    s.begin_cut();
    REQUIRE(s.next(record) == kind::row);
    weir::detail::decode_into<std::int64_t>(record.value, written);
    CHECK(written == 2);
}

TEST_CASE("semantics 60: killed behind any step, a table has each message once") {
    const std::vector<std::function<void(test_driver&, two_tables&)>> steps{
        [](auto& t, auto& m) { t.send(m.in, "x", 1); },
        [](auto& t, auto& m) { t.send(m.in, "y", 1); },
        [](auto& t, auto&) { t.commit(); },
        [](auto& t, auto& m) { t.send(m.in, "x", 1), m.throws = 1; },
        [](auto& t, auto& m) { t.send(m.in, "x", 1); },
        [](auto& t, auto&) { t.fail_next_commit(), t.commit(); },
        [](auto& t, auto& m) { t.send(m.in, "z", 1); },
        [](auto& t, auto&) { t.advance(3s); },
        [](auto& t, auto& m) { t.lose(m.in, 0), t.send(m.in, "x", 1); },
        [](auto& t, auto& m) { t.assign(m.in, 0), t.run(); },
        [](auto& t, auto& m) { t.fail_next_send("a-again-changelog"), t.send(m.in, "y", 1); },
        [](auto& t, auto&) { t.commit(); },
    };
    for (std::size_t killed = 0; killed < steps.size(); ++killed) {
        INFO(killed);
        const weir::app_options shared{.broker = "memory://tables-60-" + std::to_string(killed)};
        std::vector<std::unique_ptr<two_tables>> all;
        all.push_back(std::make_unique<two_tables>(shared));
        test_driver test{all.back()->app};
        const auto begin_again = [&] {
            all.push_back(std::make_unique<two_tables>(shared));
            test.add(all.back()->app);
        };
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if (!test.running(all.back()->app)) begin_again();
            steps[i](test, *all.back());
            if (i != killed) continue;
            if (test.running(all.back()->app)) test.kill(all.back()->app);
            begin_again();
        }
        test.fail_next_send("a-again-changelog", 0);
        if (!test.running(all.back()->app)) begin_again();
        for (int n = 0; n < 5; ++n) test.advance(10s);
        counts sent;
        for (auto& [k, v] : test.items(all.front()->in)) ++sent[k];
        CHECK(all_of(all.back()->seen) == sent);
        CHECK(all_of(all.back()->again) == sent);
        test.stop(all.back()->app);
        begin_again();
        CHECK(all_of(all.back()->seen) == sent);
        CHECK(all_of(all.back()->again) == sent);
    }
}

TEST_CASE("semantics 60: what the table has already passes on nothing") {
    weir::app_options shared{.broker = "memory://tables-60-nothing"};
    counting one{1, shared}, two{1, shared};
    test_driver test{one.app};
    for (auto* k : {"x", "y", "x"}) test.send(one.in, k, 1);
    test.fail_next_commit();
    test.commit();  // the changelog has it, the group does not know
    test.send(one.in, "x", 1);
    test.kill(one.app);
    test.add(two.app);
    CHECK(two.out == trace{3});  // only the last one is new
    CHECK(all_of(two.seen) == counts{{"x", 3}, {"y", 1}});
}

TEST_CASE("semantics 60: what the table has already passes on nothing, of an erased key either") {
    struct summing {
        silent hush{};
        weir::app app{"a", {.broker = "memory://tables-60-erased", .hooks = &hush}};
        weir::topic<string, int> in = app.topic<string, int>("in", {.partitions = 1});
        weir::table<string, int> sums = app.table<string, int>("sums");
        trace out{};  // -1: erased
        summing() {
            app.agent("c", in | weir::aggregate(sums, [](const int& sum, int n) {
                               return n == 0 ? std::optional<int>{} : std::optional{sum + n};
                           }) | weir::for_each([this](const std::optional<int>& sum) {
                               out.push_back(sum.value_or(-1));
                           }));
        }
    } one, two;
    test_driver test{one.app};
    test.send(one.in, "x", 1);
    test.commit();
    for (int n : {2, 0}) test.send(one.in, "x", n);
    test.fail_next_commit();
    test.commit();
    test.kill(one.app);
    test.add(two.app);
    CHECK(two.out == trace{});
    test.send(two.in, "x", 5);
    CHECK(two.out == trace{5});
}

TEST_CASE("semantics 60: compaction changes nothing, also of a cut that was not finished") {
    const auto before = memory_broker::named("tables-60-before");
    const auto after = memory_broker::named("tables-60-after");
    counting one{1, {.broker = "memory://tables-60-before"}};
    test_driver test{one.app};
    for (auto* k : {"x", "y"}) test.send(one.in, k, 1);
    test.commit();
    test.send(one.in, "x", 1);
    test.commit();
    for (auto* k : {"x", "z"}) test.send(one.in, k, 1);
    test.fail_next_send(changelog, 1);  // the row of x does not arrive, so there is no mark
    test.commit();
    CHECK(!test.running());
    const auto kept = compacted(*before, changelog);
    CHECK(kept.size() < before->dump(changelog).size());
    counting two{1, {.broker = "memory://tables-60-after"}};
    weir::app writer{"writer", {.broker = "memory://tables-60-after"}};
    test_driver copy{writer};
    copy.create_topic("in");
    copy.create_topic(changelog);
    for (auto& m : before->dump("in"))
        copy.append_raw("in", m.key, m.value, {.headers = m.headers});
    for (auto& m : kept) copy.append_raw(changelog, m.key, m.value, {.headers = m.headers});
    after->seed_commit("a", {"in", 0}, *test.committed(one.in, 0));
    copy.add(two.app);
    CHECK(all_of(two.seen) == counts{{"x", 3}, {"y", 1}, {"z", 1}});
}

TEST_CASE("semantics 60: a value of a batch whose partition was lost comes again: it counts once") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in", {.partitions = 2});
    auto seen = app.table<string, std::int64_t>("seen");
    int calls = 0;
    app.agent("c", in | weir::take(3, 5s) | weir::flat_map(std::identity{}) | weir::tap([&](int) {
                       if (++calls == 1) throw std::runtime_error{"not yet"};
                   }) | weir::count(seen),
              {.on_error = weir::retry(1, 1s)});
    test_driver test{app};
    test.send(in, "x", 1, {.partition = 0});
    test.send(in, "y", 1, {.partition = 1});
    test.send(in, "z", 1, {.partition = 1});
    test.lose(in, 0);
    test.assign(in, 0);
    test.advance(20s);
    CHECK(calls > 4);  // x was in the batch, and came again
    CHECK(all_of(seen) == counts{{"x", 1}, {"y", 1}, {"z", 1}});
}

TEST_CASE("semantics 60: of two topics no more is committed than their order in the table allows") {
    weir::detail::shard_of<string, int> s{2, true};
    s.restored();
    const auto change = [&](std::size_t input, offset at) {
        ++s.change("x", input, at)->value;
        s.finish();
    };
    change(0, 5);
    change(1, 7);
    change(0, 6);
    using cut = weir::detail::cut;
    CHECK(s.committable(cut{7, 8}) == cut{7, 8});
    CHECK(s.committable(cut{7, 7}) == cut{6, 7});  // no value has 6 of the first without 7
    CHECK(s.committable(cut{6, 8}) == cut{6, 8});
    CHECK(s.committable(cut{5, 8}) == cut{5, 7});
}

TEST_CASE("semantics 61: a partition is read when its table is restored and has a new owner") {
    weir::app_options shared{.broker = "memory://tables-61"};
    counting one{1, shared}, two{1, shared};
    test_driver test{one.app};
    CHECK(kinds(test) == std::vector<string>{"owner"});
    test.send(one.in, "x", 1);
    test.commit();
    test.send(one.in, "x", 1);
    test.kill(one.app);
    test.add(two.app);
    CHECK(kinds(test) == std::vector<string>{"owner", "x", "mark", "owner"});
    CHECK(two.out == trace{2});
}

TEST_CASE("semantics 61: what a former owner writes behind the new one is ignored") {
    weir::app_options shared{.broker = "memory://tables-61-late"};
    counting one{1, shared}, two{1, shared}, three{1, shared};
    test_driver test{one.app};
    test.send(one.in, "x", 1);
    test.commit();
    const auto log = test.events(test.peek<weir::bytes, weir::bytes>(changelog));
    test.kill(one.app);
    test.add(two.app);
    test.send(two.in, "x", 1);
    test.commit();
    weir::bytes late;
    weir::detail::encode_onto<std::int64_t>(99, late);
    for (auto& e : log)
        if (!weir::detail::is_bookkeeping(e.key()))
            test.append_raw(changelog, e.key(), late, {.headers = e.headers()});
    test.kill(two.app);
    test.add(three.app);
    CHECK(all_of(three.seen) == counts{{"x", 2}});
}

TEST_CASE("semantics 63: a partition that is revoked is written and committed with what it ends") {
    counting c{2};
    test_driver test{c.app};
    test.send(c.in, "x", 1, {.partition = 1});
    test.send(c.in, "y", 1, {.partition = 0});
    test.revoke(c.in, 1);
    CHECK(kinds(test, 1) == std::vector<string>{"owner", "x", "mark"});
    CHECK(test.committed(c.in, 1) == committed{1});
    CHECK(all_of(c.seen) == counts{{"y", 1}});
}

TEST_CASE("semantics 63: of a partition that is lost nothing is written") {
    counting c;
    test_driver test{c.app};
    test.send(c.in, "x", 1);
    test.lose(c.in, 0);
    test.advance(10s);
    CHECK(kinds(test) == std::vector<string>{"owner"});
    CHECK(test.committed(c.in, 0) == nothing);
    CHECK(c.seen.size() == 0);
    test.assign(c.in, 0);
    test.run();
    CHECK(all_of(c.seen) == counts{{"x", 1}});
    CHECK(c.out == trace{1, 1});
}

TEST_CASE("semantics 63: two inputs of one table go and come together") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto other = app.topic<string, int>("other");
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("c", (in & other) | weir::count(seen));
    test_driver test{app};
    const auto check = [&](std::int64_t n) {
        CHECK(all_of(seen) == counts{{"x", n}});
        test.commit();
        CHECK(folded(test, changelog) == counts{{"x", n}});
    };
    test.send(in, "x", 1);
    test.send(other, "x", 1);
    check(2);
    test.send(in, "x", 1);
    test.lose(other, 0);
    test.send(in, "x", 1);  // waits: the table is not here
    CHECK(seen.size() == 0);
    test.assign(other, 0);
    test.run();
    check(4);
    test.send(other, "x", 1);
    test.revoke(in, 0);
    test.advance(20s);
    test.assign(in, 0);
    test.run();
    check(5);
}
