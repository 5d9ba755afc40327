// SPDX-License-Identifier: Apache-2.0
// What makes no sense is refused before anything runs, with a sentence that says what to do.
#include <string>

#include <weir/transport/memory.hpp>

#include "driven.hpp"
#include "refused.hpp"

namespace {

struct order {
    std::string account;
    double price;
};

std::string app_refused(weir::app_options o) {
    return refused([&] { weir::app app{"a", std::move(o)}; });
}
std::string bad_name(const std::string& name) {
    return '"' + name +
           "\" cannot be a topic's name: it must be 1 to 249 of the characters a-z A-Z 0-9 . _ - "
           "and neither \".\" nor \"..\"";
}
const auto price_of = [](const order& o) { return std::to_string(o.price); };
const auto ignore = weir::for_each([](const auto&) {});

}  // namespace

TEST_CASE("an app's options must be positive") {
    const std::string of = "weir: app_options::";
    CHECK(app_refused({.commit_interval = 0s}) == of + "commit_interval must be positive");
    CHECK(app_refused({.commit_interval = -1s}) == of + "commit_interval must be positive");
    CHECK(app_refused({.stream_buffer_max = 0}) == of + "stream_buffer_max must be positive");
    CHECK(app_refused({.open_max = 0}) == of + "open_max must be positive");
    CHECK(app_refused({.drain_timeout = 0s}) == of + "drain_timeout must be positive");
    CHECK(app_refused({.shutdown_timeout = 0s}) == of + "shutdown_timeout must be positive");
    CHECK(app_refused({.connect_timeout = 0s}) == of + "connect_timeout must be positive");
    CHECK(refused([] { weir::app app{""}; }) ==
          "weir: an app needs an id: it is the consumer group's");
}

TEST_CASE("agents have unique names, and each has one") {
    weir::app app{"a"};
    auto t = app.topic("t");
    app.agent("one", t | ignore);
    CHECK(refused([&] { app.agent("one", t | ignore); }) ==
          "weir: there is an agent 'one' already: agents have unique names");
    CHECK(refused([&] { app.agent("", t | ignore); }) == "weir: an agent needs a name");
    CHECK_NOTHROW(app.agent("two", t | ignore));
}

TEST_CASE("a topic that is declared twice has one set of options") {
    weir::app app{"a"};
    auto first = app.topic<order>("t", {.partitions = 2});
    CHECK_NOTHROW(app.topic<order>("t", {.partitions = 2}));
    CHECK_NOTHROW(app.topic("t", {.partitions = 2}));
    CHECK(refused([&] { app.topic<order>("t", {.partitions = 3}); }) ==
          "weir: topic 't' is declared twice with different options: give them once; "
          "app.topic(name) without options is the same topic");
    CHECK(refused([&] {
              app.topic<order>("t", {.partitions = 2, .on_decode_error = weir::skip});
          }) != "nothing was thrown");
    CHECK(first.info().options.partitions == 2);

    app.topics<order>("^t-.*", {.partitions = 2});
    CHECK_NOTHROW(app.topics<order>("^t-.*", {.partitions = 2}));
    CHECK(refused([&] { app.topics<order>("^t-.*", {.partitions = 1}); }) ==
          "weir: topic '^t-.*' is declared twice with different options: give them once; "
          "app.topic(name) without options is the same topic");
}

TEST_CASE("app.topic without options is the topic as it is declared, before or afterwards") {
    weir::app app{"a"};
    auto declared = app.topic<order>("t", {.partitions = 2});
    auto again = app.topic<order>("t");
    CHECK(&again.info() == &declared.info());
    CHECK(again.info().options.partitions == 2);

    auto bare = app.topic<order>("u");
    app.topic<order>("u", {.partitions = 3});
    CHECK(bare.info().options.partitions == 3);

    app.topics<order>("^v-.*", {.partitions = 2});
    CHECK_NOTHROW(app.topics<order>("^v-.*"));
}

TEST_CASE("a topic that an agent sends to by name may be declared afterwards") {
    weir::app app{"a"};
    app.agent("send", app.topic("in") | weir::to("out"));
    CHECK_NOTHROW(app.topic("out", {.partitions = 2}));
    CHECK_THROWS_AS(app.topic("out", {.partitions = 3}), weir::setup_error);
}

TEST_CASE("app.topic without options keeps what group_by says of its topic, before or afterwards") {
    const std::string made = "a-g-by-repartition";
    const weir::group_by_options says{
        .name = "by", .partitions = 3, .replication = 1, .config = {{"segment.bytes", "1000000"}}};
    const auto itself = [](int i) { return i; };
    const auto group = [&](weir::app& app) {
        app.agent("g", app.topic<int>("in") | weir::group_by(itself, says) | ignore);
    };
    for (const bool declared_first : {true, false}) {
        weir::app app{"a"};
        if (declared_first) app.topic<int, int>(made);
        group(app);
        auto t = app.topic<int, int>(made);
        CHECK(t.info().options.partitions == 3);
        CHECK(t.info().options.config == says.config);
        // policies are app.topic's alone
        app.topic<int, int>(made, {.config = says.config, .on_decode_error = weir::skip});
        CHECK(t.info().options.partitions == 3);
        CHECK(t.info().options.replication == 1);
        CHECK(t.info().options.on_decode_error == weir::policy{weir::skip});
    }
}

TEST_CASE("app.topic and group_by that say different things of one topic are refused") {
    const std::string made = "a-g-by-repartition";
    const auto itself = [](int i) { return i; };
    const auto sentence = [&](weir::topic_options declared, weir::group_by_options grouped,
                              bool declared_first) {
        weir::app app{"a"};
        grouped.name = "by";
        return refused([&] {
            if (declared_first) app.topic<int, int>(made, declared);
            app.agent("g", app.topic<int>("in") | weir::group_by(itself, grouped) | ignore);
            if (!declared_first) app.topic<int, int>(made, declared);
        });
    };
    for (const bool first : {true, false}) {
        CHECK(sentence({.partitions = 2}, {.partitions = 3}, first) ==
              "weir: topic 'a-g-by-repartition' is given two different values of .partitions, by "
              "app.topic and by an operator, or by two operators: give it once");
        CHECK(sentence({.replication = 2}, {.replication = 3}, first).find(".replication") !=
              std::string::npos);
        CHECK(sentence({.config = {{"a", "1"}}}, {.config = {{"a", "2"}}}, first).find(".config") !=
              std::string::npos);
        CHECK(sentence({.partitions = 2}, {.partitions = 2}, first) == "nothing was thrown");
        CHECK(sentence({.partitions = 2}, {.replication = 2}, first) == "nothing was thrown");
    }
}

TEST_CASE("partitions are never negative") {
    weir::app app{"a"};
    CHECK(refused([&] { app.topic("t", {.partitions = -1}); }) ==
          "weir: topic 't': partitions must not be negative");
    auto t = app.topic<order>("t");
    CHECK(refused([&] {
              app.agent("g", t | weir::group_by(&order::account, {.partitions = -2}) | ignore);
          }) == "weir: topic 'a-g-account-repartition': partitions must not be negative");
}

TEST_CASE("names that Kafka forbids are refused where they are given") {
    weir::app app{"a"};
    auto t = app.topic<order>("t");
    for (const std::string name : {"", ".", "..", "a b", "naïve", "a/b"})
        CHECK(refused([&] { app.topic(name); }) == bad_name(name));
    const std::string longest(249, 'x');
    CHECK_NOTHROW(app.topic(longest));
    CHECK(refused([&] { app.topic(longest + 'x'); }) == bad_name(longest + 'x'));

    CHECK(refused([&] { app.agent("to", t | weir::to("no way")); }) == bad_name("no way"));
    CHECK(refused([&] { app.agent("through", t | weir::through("a:b") | ignore); }) ==
          bad_name("a:b"));
    CHECK(refused([&] { app.agent("by", t | weir::group_by(price_of, "the price") | ignore); }) ==
          bad_name("a-by-the price-repartition"));
    CHECK(refused([&] { app.agent("my agent", t | weir::group_by(price_of, "p") | ignore); }) ==
          bad_name("a-my agent-p-repartition"));
}

TEST_CASE("an agent that was refused leaves nothing behind") {
    weir::app app{"a"};
    auto t = app.topic<order>("t");
    app.agent("good", t | ignore);
    const auto before = app.graph().text();
    CHECK_THROWS_AS(app.agent("bad", t | weir::filter([](const order&) { return true; })  //
                                         | weir::through("x") | weir::to("no way")),
                    weir::setup_error);
    CHECK(app.graph().text() == before);
    app.agent("bad", t | weir::to("out"));  // its name is still to be had
    app.post([&] { app.stop(); });
    CHECK_NOTHROW(app.run());
}

TEST_CASE("group_by a callable needs a name") {
    const std::string sentence =
        "weir: group_by(callable) needs a name, which names its topic: group_by(f, \"account\")";
    CHECK(refused([] { weir::group_by(price_of, ""); }) == sentence);
    CHECK(refused([] { weir::group_by(price_of, {.partitions = 3}); }) == sentence);
}

TEST_CASE("a pull stream with a group_by needs a name") {
    weir::app app{"a"};
    auto t = app.topic<order>("t");
    auto nameless = app.stream(t) | weir::group_by(&order::account);
    CHECK(refused([&] { nameless.begin(); }) ==
          "weir: a stream with a group_by needs a name, which names its topic: app.stream(…, "
          "{.name = …})");
}

TEST_CASE("take wants at least one value, and some time") {
    CHECK(refused([] { weir::take(0); }) == "weir: take(0): a batch needs at least one value");
    CHECK(refused([] { weir::take(0, 1s); }) == "weir: take(0): a batch needs at least one value");
    for (const weir::duration d : {weir::duration{0s}, weir::duration{-1s}})
        CHECK(refused([&] { weir::take(5, d); }) ==
              "weir: take(n, within): the limit of time must be positive");
}

TEST_CASE("take of more than may be open is refused when the app starts") {
    weir::app app{"a", {.open_max = 10}};
    app.agent("batches", app.topic("t") | weir::take(11, 1s) | ignore);
    const auto sentence =
        "weir: agent 'batches': take(11, 1 s) waits for more messages than open_max = 10 lets be "
        "open: raise app_options::open_max, or take fewer";
    CHECK(refused([&] { app.run(); }) == sentence);
    CHECK(refused([&] { app.run(); }) == sentence);
    CHECK(refused([&] { app.poll(0s); }) == sentence);
}

TEST_CASE("take of as many as may be open is fine") {
    weir::app app{"a", {.open_max = 10}};
    app.agent("batches", app.topic("t") | weir::take(10) | ignore);
    app.stop();
    CHECK_NOTHROW(app.run());
}

TEST_CASE("map and group_by want at least one call at a time") {
    CHECK(refused([] { weir::map(price_of, {.concurrency = 0}); }) ==
          "weir: map(f, {.concurrency = 0}): give it at least 1");
    CHECK(refused([] { weir::group_by(price_of, {.name = "price", .concurrency = 0}); }) ==
          "weir: group_by(f, {.concurrency = 0}): give it at least 1");
}

TEST_CASE("a retry has attempts, a backoff, and no retry behind it") {
    CHECK(refused([] { weir::retry(0, 1s); }) == "weir: retry(n, backoff): n must be at least 1");
    CHECK(refused([] { weir::retry(1, -1s); }) ==
          "weir: retry(n, backoff): the backoff must not be negative");
    CHECK(refused([] { weir::retry(1, 0s).then(weir::retry(1, 0s)); }) ==
          "weir: retry(…).then(retry(…)): give one retry more attempts");
    CHECK_NOTHROW(weir::retry(1, 0s).then(weir::skip));
}

TEST_CASE("a topic that has other partitions than declared is refused when the app starts") {
    const auto broker = weir::transport::memory_broker::named("setup");
    broker->create_topic({"t", 3});
    weir::app app{"a", {.broker = "memory://setup"}};
    app.agent("x", app.topic("t", {.partitions = 2}) | ignore);
    CHECK(refused([&] { app.run(); }) ==
          "weir: topic 't' has 3 partitions and is declared with 2: declare what it has, or leave "
          "it out");
}

TEST_CASE("a broker is memory:// or kafka://") {
    const auto run_with = [](const std::string& url) {
        weir::app app{"a", {.broker = url}};
        return refused([&] { app.run(); });
    };
    for (const std::string url : {"", "localhost:9092", "memory:", "amqp:x"})
        CHECK(run_with(url) ==
              "weir: broker '" + url +
                  "' is not a broker URL: use memory://, memory://NAME or kafka://host:port");
    CHECK(
        run_with("kafka://localhost") ==
        "weir: broker 'kafka://localhost': 'localhost' is not host:port: write kafka://host:port, "
        "or kafka://host:port,host:port");
    CHECK(refused([] {
              weir::app app{"a", {.broker = "kafka://127.0.0.1:1"}};
              test_driver{app}.create_topic("t");
          }) ==
          "weir: broker 'kafka://127.0.0.1:1': this needs the embedded broker: use memory://");
}
