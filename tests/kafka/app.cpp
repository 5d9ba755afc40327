// SPDX-License-Identifier: Apache-2.0
// An app on a real broker: topics, offsets, the end of a run.
#include <doctest/doctest.h>

#include <atomic>
#include <numeric>

#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

struct entry {
    std::string account;
    int n;
};

std::string json(int n) {
    return "{\"account\":\"a" + std::to_string(n % 7) + "\",\"n\":" + std::to_string(n) + '}';
}

}  // namespace

TEST_CASE("kafka: what a pipeline makes is delivered, and at the end all of it is committed") {
    admin on;
    noted seen;
    const auto in = fresh("in"), out = fresh("out"), id = fresh("app");
    on.create(in, 3);
    for (int i = 0; i < 300; ++i) on.send(in, std::to_string(i), json(i));
    on.flush();

    weir::app app{id, on_kafka(seen)};
    app.agent("a", app.topic<entry>(in)                                      //
                       | weir::filter([](auto& e) { return e.n % 3 == 0; })  //
                       | weir::group_by(&entry::account)                     //
                       | weir::take(10, 200ms)                               //
                       | weir::flat_map(std::identity{})                     //
                       | weir::to(app.topic<std::string, entry>(out)));
    running r{app};
    CHECK(until([&] {
        const auto ends = on.ends(out);
        return std::accumulate(ends.begin(), ends.end(), weir::offset{0}) >= 100;
    }));
    CHECK(r.stop() == "");

    const auto made = on.dump(out);
    CHECK(made.size() == 100);
    for (auto& m : made) CHECK(m.value.view().find(m.key.view()) != std::string_view::npos);
    const auto between = id + "-a-account-repartition";
    for (auto& topic : {in, between}) CHECK(on.committed(id, topic) == on.ends(topic));
    CHECK(on.ends(between).size() == 3);  // as its source
    CHECK(on.ends(out).size() == 4);      // as the broker has it
}

TEST_CASE("kafka: a restart goes on where the last run has committed") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 2);
    on.fill(in, 100);
    for (int run = 1; run <= 2; ++run) {
        weir::app app{id, on_kafka(seen)};
        app.agent("a", app.topic<std::string>(in) | weir::for_each([&](auto& v) { seen.add(v); }));
        running r{app};
        CHECK(until([&] { return seen.size() >= 100u * static_cast<unsigned>(run); }));
        CHECK(r.stop() == "");
        on.fill(in, 100, 100);
    }
    CHECK(seen.size() == 200);
}

TEST_CASE("kafka: a quick agent goes on while a slow one looks at what was read before; commits "
          "follow the slow one") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 1);
    auto options = on_kafka(seen);
    options.stream_buffer_max = 50;
    options.commit_interval = 50ms;
    std::atomic<int> quick = 0, may_see = 0;
    weir::app app{id, options};
    const auto raw = app.topic<weir::bytes_view>(in);
    app.agent("slow", raw, [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) {
            while (int(seen.size()) >= may_see) co_await weir::sleep(5ms);
            seen.add(std::string{v->view()});
        }
    });
    app.agent("quick", raw | weir::for_each([&](auto&) { ++quick; }));
    running r{app};
    std::vector<std::string> sent;
    for (int n = 0; n < 100; ++n) {
        sent.push_back(std::to_string(n) + std::string(2000, 'x'));
        on.send(in, "k", sent.back());
        on.flush();
        if (n == 30) CHECK(until([&] { return quick == 31; }));
    }
    CHECK(until([&] { return quick == 50; }));
    CHECK(seen.size() == 0);
    may_see = 20;
    CHECK(until([&] { return on.committed(id, in) == std::vector<weir::offset>{20}; }));
    CHECK(until([&] { return quick == 70; }));
    may_see = 1000;
    CHECK(until([&] { return seen.size() == 100; }));
    CHECK(r.stop() == "");
    CHECK(seen.all() == sent);
    CHECK(quick == 100);
    CHECK(on.committed(id, in) == std::vector<weir::offset>{100});
}

TEST_CASE("kafka: a topic that exists with another number of partitions is refused") {
    admin on;
    noted seen;
    const auto in = fresh("in");
    on.create(in, 2);
    weir::app app{fresh("app"), on_kafka(seen)};
    app.agent("a", app.topic(in, {.partitions = 3}) | weir::for_each([](auto&) {}));
    running r{app};
    CHECK(r.end() == "weir: topic '" + in +
                         "' has 2 partitions and is declared with 3: declare what it has, or leave "
                         "it out");
}

TEST_CASE("kafka: a topic that cannot be created says why") {
    noted seen;
    const auto in = fresh("in");
    weir::app app{fresh("app"), on_kafka(seen)};
    app.agent("a", app.topic(in, {.replication = 3}) | weir::for_each([](auto&) {}));
    running r{app};
    const auto said = r.end();
    CAPTURE(said);
    CHECK(said.starts_with("weir: topic '" + in + "' could not be created: "));
    CHECK(said.find("topic_options::replication") != said.npos);
}

TEST_CASE("kafka: a message that is too large is its topic's policy's, the others arrive") {
    admin on;
    noted seen;
    const auto in = fresh("in"), out = fresh("out"), id = fresh("app");
    on.create(in, 1);
    on.fill(in, 10);
    weir::app app{id, on_kafka(seen)};
    auto to = app.topic<std::string>(out, {.partitions = 1, .on_produce_error = weir::skip});
    app.agent("a", app.topic<std::string>(in)  //
                       | weir::map([](const std::string& v) {
                             return v == "5" ? std::string(2 << 20, 'x') : v;
                         }) |
                       weir::to(to));
    running r{app};
    CHECK(until([&] { return on.ends(out) == std::vector<weir::offset>{9}; }));
    CHECK(r.stop() == "");
    CHECK(seen.said("max.message.bytes of the topic"));
    CHECK(on.committed(id, in) == on.ends(in));
}

TEST_CASE("kafka: a message that was read can be sent on, however large it is") {
    admin on;
    noted seen;
    const auto in = fresh("in"), out = fresh("out"), id = fresh("app");
    const weir::topic_options large{.partitions = 1, .config = {{"max.message.bytes", "6000000"}}};
    weir::app app{id, on_kafka(seen)};
    app.agent("a", app.topic<std::string, weir::bytes>(in, large) |
                       weir::to(app.topic<std::string, weir::bytes>(out, large)));
    running r{app};
    REQUIRE(until([&] { return on.ends(out).size() == 1; }));
    const std::vector<std::size_t> sizes{999'900, 1'000'100, 1'048'500, 5'000'000};
    for (const auto n : sizes) on.send(in, "k", std::string(n, 'x'), 0);
    on.flush();
    CHECK(until([&] { return on.ends(out) == std::vector<weir::offset>{4}; }));
    CHECK(r.stop() == "");
    std::vector<std::size_t> sent;
    for (auto& m : on.dump(out)) sent.push_back(m.value.size());
    CHECK(sent == sizes);
}

TEST_CASE("kafka: a message that was read fits the topics that weir makes, however large it is") {
    admin on;
    noted seen;
    const auto in = fresh("in"), normal = fresh("normal"), via = fresh("via"), dead = fresh("dead");
    on.create(in, 1, {{"max.message.bytes", "6000000"}});
    on.create(normal, 1);  // with the broker's limit
    on.send(in, "k", std::string(5'999'900, 'x'), 0);
    on.send(normal, "k", std::string(1'048'500, 'x'), 0);
    on.flush();
    weir::app app{fresh("app"), on_kafka(seen)};
    const auto whole = [](const std::string& v) { return v; };
    const auto note = [&](auto& v) { seen.add(std::to_string(v.size())); };
    app.agent("a",
              app.topic<std::string>(in) | weir::group_by(whole, "value") | weir::for_each(note));
    app.agent("b", app.topic<std::string>(normal) | weir::group_by(whole, "value") |
                       weir::for_each(note));
    app.agent("c", app.topic<std::string>(in) | weir::through(via) | weir::for_each([&](auto& v) {
                       note(v);
                       throw std::runtime_error{"no"};
                   }),
              {.on_error = weir::dead_letter(dead)});
    running r{app};
    CHECK(until([&] { return seen.size() >= 3; }));
    REQUIRE(until([&] { return on.ends(dead) == std::vector<weir::offset>{1}; }));
    CHECK(r.stop() == "");
    const auto letters = on.dump(dead);
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].value.size() == 5'999'900);
    CHECK_FALSE(seen.said("it is sent without them"));  // the headers that say why
}

TEST_CASE("kafka: a message that just fits its topic is a dead letter, the app goes on") {
    admin on;
    noted seen;
    const auto in = fresh("in"), dead = fresh("dead"), id = fresh("app");
    on.create(in, 1);
    const std::string largest(1'048'515, 'x');  // with a key of one byte
    for (const auto& v : {largest, std::string{"small"}}) on.send(in, "k", v, 0);
    on.flush();
    auto o = on_kafka(seen);
    o.on_error = weir::dead_letter(dead);
    weir::app app{id, o};
    // as `in`, without more room
    app.topic(dead, {.partitions = 1, .config = {{"max.message.bytes", "1048588"}}});
    app.agent("a", app.topic<std::string>(in)  //
                       | weir::for_each([](auto& v) { throw std::runtime_error{v}; }));
    running r{app};
    CHECK(until([&] { return on.ends(dead) == std::vector<weir::offset>{2}; }));
    CHECK(r.stop() == "");
    std::vector<std::size_t> sizes;
    for (auto& m : on.dump(dead)) sizes.push_back(m.value.size());
    std::sort(sizes.begin(), sizes.end());
    CHECK(sizes == std::vector<std::size_t>{5, largest.size()});
    CHECK(on.committed(id, in) == on.ends(in));
}

TEST_CASE("kafka: no broker is a sentence within seconds, and nothing was started") {
    noted seen;
    auto o = on_kafka(seen);
    o.broker = "kafka://127.0.0.1:1";
    weir::app app{fresh("app"), o};
    app.agent("a", app.topic("t") | weir::for_each([](auto&) {}));
    const auto begun = std::chrono::steady_clock::now();
    CHECK_THROWS_WITH_AS(app.run(),
                         doctest::Contains("no answer from kafka://127.0.0.1:1: Kafka: "),
                         weir::setup_error);
    CHECK(std::chrono::steady_clock::now() - begun < 20s);  // it gives up by itself
}
