// SPDX-License-Identifier: Apache-2.0
// echo: the copies, the stream that goes on, and what a failure on either side does.
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "counted.hpp"
#include "driven.hpp"

namespace {

using weir::testing::counted;

struct order {
    std::string account;
    int amount = 0;
    friend bool operator==(const order&, const order&) = default;
};

}  // namespace

TEST_CASE("semantics 42: echo sends value, key and headers to each, and onwards unchanged") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    auto two = app.topic<std::string, int>("two");
    auto out = app.topic<std::string, int>("out");
    app.agent("e", in | weir::echo("one", two) | weir::to(out));
    test_driver test{app};
    const weir::timestamp when{5ms};
    const weir::headers headers{{"h", weir::bytes{"1"}}, {"h", weir::bytes{"2"}}, {"n"}};
    test.send(in, "k", 7, {.timestamp = when, .headers = headers});
    for (auto& t : {test.peek<std::string, int>("one"), two, out}) {
        const auto events = test.events(t);
        REQUIRE(events.size() == 1);
        CHECK(events[0].key() == "k");
        CHECK(events[0].value() == 7);
        CHECK(events[0].headers() == headers);
        CHECK(events[0].timestamp() == when);
    }
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("semantics 42: a copy that cannot be sent surfaces, its source stays uncommitted") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    app.agent("e", in | weir::echo("one", "two") | weir::to("out"));
    test_driver test{app};
    test.fail_next_send("two");
    test.send(in, std::nullopt, 1);
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == committed{});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().seam == "produce");
    CHECK(test.errors().front().topic == "two");
}

TEST_CASE("a value of a batch that is acknowledged by hand waits for its copy all the same") {
    for (const bool events_first : {false, true}) {
        weir::app app{"a"};
        auto in = app.topic<int>("in"), copy = app.topic<int>("copy");
        const auto ack = weir::for_each([](auto& e) { e.ack(); });
        const auto values = in | weir::take(2) | weir::flat_map(std::identity{});
        if (events_first)
            app.agent("e", values | weir::events() | weir::map([](auto& e) {
                               return e.ack(), e.value();
                           }) | weir::echo(copy));
        else app.agent("e", values | weir::echo(copy) | weir::events() | ack);
        test_driver test{app};
        test.fail_next_send(copy, 2);
        test.append(in, std::nullopt, 1);
        test.append(in, std::nullopt, 2);
        test.run();
        test.commit();
        CHECK(test.values(copy).empty());
        CHECK(test.committed(in, 0) == committed{});
        CHECK(test.errors().size() == 2);
    }
}

TEST_CASE("a message is held until every copy is delivered") {
    weir::app app{"a", {.on_produce_error = weir::retry(1, 1s)}};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("e",
              in | weir::echo("one", "two") | weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    test.fail_next_send("one");
    test.send(in, std::nullopt, 1);
    CHECK(got == numbers{1});
    CHECK(test.values(test.peek<weir::bytes, int>("two")) == numbers{1});
    CHECK(test.held(in, 0) == 1);
    test.commit();
    CHECK(test.committed(in, 0) == committed{});
    test.advance(1s);
    CHECK(test.values(test.peek<weir::bytes, int>("one")) == numbers{1});
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("echo is drawn with an arrow to each topic, and the stream goes on from it") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    auto two = app.topic<std::string, int>("two");
    app.agent("e", in | weir::echo("one", two) | weir::filter([](int) { return true; }) |
                       weir::to("out"));
    CHECK(app.graph().text() == "agent e\n"
                                "  topic in : std::string, int\n"
                                "  | echo : std::string, int\n"
                                "  -> topic one : std::string, int\n"
                                "  -> topic two : std::string, int\n"
                                "  | filter : std::string, int\n"
                                "  | to\n"
                                "  -> topic out : std::string, int\n");
}

TEST_CASE("each copy is in its own topic, with echoes before and behind other boundaries") {
    weir::app app{"a"};
    auto in = app.topic<order>("in", {.partitions = 3});
    app.agent("e", in | weir::echo("a1", "a2") | weir::group_by(&order::account) |
                       weir::echo("b1") | weir::through("mid") | weir::echo("c1", "c2") |
                       weir::to("out"));
    test_driver test{app};
    test.send(in, std::nullopt, {"ann", 1});
    for (const char* name :
         {"a1", "a2", "a-e-account-repartition", "b1", "mid", "c1", "c2", "out"}) {
        CAPTURE(name);
        CHECK(test.values(test.peek<weir::bytes, order>(name)) == std::vector<order>{{"ann", 1}});
        CHECK(test.partitions(name) == std::optional{3});
    }
    CHECK(test.items(test.peek<weir::bytes, order>("a2")).at(0).first.is_null());
    CHECK(test.items(test.peek<weir::bytes, order>("c2")).at(0).first == weir::bytes{"ann"});
}

TEST_CASE("a message that fails behind echo has sent no copy; its retry sends each once") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    int calls = 0;
    app.agent("e",
              in | weir::flat_map([](int i) {
                  return numbers{i, 10 * i};
              }) | weir::echo("copy") |
                  weir::for_each([&](int) {
                      if (++calls == 2) throw std::runtime_error{"not yet"};
                  }),
              {.on_error = weir::retry(1, 1s)});
    test_driver test{app};
    const auto copy = test.peek<weir::bytes, int>("copy");
    test.send(in, std::nullopt, 1);
    CHECK(test.values(copy).empty());
    test.advance(1s);
    CHECK(test.values(copy) == numbers{1, 10});
}

TEST_CASE("echo sends the original bytes where the value is unchanged, and copies no value") {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    app.agent("same", in | weir::echo("same"));
    app.agent("made", in | weir::map([](order o) { return o; }) | weir::echo("made"));
    test_driver test{app};
    const auto spaced = R"( { "account" : "alice", "amount" : 1 } )";
    test.send_raw(in, {}, spaced);
    CHECK(test.events(test.peek<weir::bytes, order>("same")).at(0).raw_value().view() == spaced);
    CHECK(test.events(test.peek<weir::bytes, order>("made")).at(0).raw_value().view() ==
          R"({"account":"alice","amount":1})");

    weir::app other{"b"};
    auto numbered = other.topic<counted>("in");
    int sum = 0;
    other.agent("e", numbered | weir::echo("copy") |
                         weir::map([](const counted& c) { return counted{c.number}; }) |
                         weir::echo("made") | weir::map([](counted c) { return c; }) |
                         weir::for_each([&](const counted& c) { sum += c.number; }));
    test_driver driver{other};
    driver.append(numbered, std::nullopt, counted{7});
    counted::copies = 0;
    driver.run();
    CHECK(sum == 7);
    CHECK(counted::copies == 0);
}

TEST_CASE("a batch is echoed as one message and goes on as a batch") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    std::vector<std::size_t> sizes;
    app.agent("e", in | weir::take(2) | weir::echo("batches") |
                       weir::for_each([&](const auto& b) { sizes.push_back(b.size()); }));
    test_driver test{app};
    test.send(in, "k", 1);
    test.send(in, "k", 2);
    const auto echoed = test.peek<std::optional<std::string>, std::vector<int>>("batches");
    CHECK(test.values(echoed) == std::vector<numbers>{{1, 2}});
    CHECK(test.items(echoed).at(0).first == std::optional<std::string>{"k"});
    CHECK(sizes == std::vector<std::size_t>{2});
}

TEST_CASE("echo at the end of a pipeline sends") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    app.agent("e", in | weir::echo("copy"));
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    CHECK(test.values(test.peek<weir::bytes, int>("copy")) == numbers{1});
}

TEST_CASE("a stream that is iterated is echoed when its values are handed out") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    test_driver test{app};
    for (int i : {1, 2, 3}) test.append(in, std::nullopt, i);
    for (int i : app.stream(in) | weir::echo("copy"))
        if (i == 2) break;
    CHECK(test.values(test.peek<weir::bytes, int>("copy")) == numbers{1, 2});
}

TEST_CASE("semantics 31: topics without room park the message; nothing is lost or sent twice") {
    // Slow groups keep what they read: beyond the retention there is no room.
    weir::app app{"a", {.broker = "memory://echo-full"}};
    const auto broker = weir::transport::memory_broker::named("echo-full");
    auto in = app.topic<int>("in");
    app.agent("e", in | weir::map([](int) { return std::string(1'000'000, 'x'); }) |
                       weir::echo("copy") | weir::to("out"));
    weir::app slow{"slow", {.broker = "memory://echo-full"}};
    std::vector<weir::hold> copies, outs;
    const auto keeps = [&](const char* topic, std::vector<weir::hold>& in_holds) {
        slow.agent(topic, slow.topic<std::string>(topic) | weir::take(1) |
                              weir::for_each([&in_holds](const weir::batch<std::string>& b) {
                                  in_holds.push_back(b.hold());
                              }));
    };
    keeps("copy", copies);
    keeps("out", outs);
    test_driver test{app, slow};
    constexpr std::size_t all = 80;  // of 1 MB, where 64 MiB are kept
    for (std::size_t n = 0; n < all; ++n) test.append(in, std::nullopt, 0);
    test.run();
    CHECK(copies.size() > 60);
    CHECK(copies.size() < 70);
    test.commit();
    CHECK(test.committed(in, 0) < committed{copies.size() + 1});
    std::size_t read_copies = copies.size(), read_outs = outs.size();
    for (int turn = 0; turn < 40 && (read_copies < all || read_outs < all); ++turn) {
        auto& room = turn % 2 ? copies : outs;  // in one topic, then in the other
        auto& read = turn % 2 ? read_copies : read_outs;
        auto& other = turn % 2 ? outs : copies;
        auto& read_there = turn % 2 ? read_outs : read_copies;
        const auto there = other.size();
        room.clear();
        test.commit();
        read += room.size();
        read_there += other.size() - there;
    }
    CHECK(read_copies == all);
    CHECK(read_outs == all);
    copies.clear();
    outs.clear();
    test.commit();
    CHECK(test.committed(in, 0) == committed{all});
    CHECK(test.errors().empty());
}

TEST_CASE("echo refuses a name that Kafka forbids when its agent is added") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    CHECK_THROWS_WITH_AS(app.agent("e", in | weir::echo("fine", "no/name")),
                         "\"no/name\" cannot be a topic's name: it must be 1 to 249 of the "
                         "characters a-z A-Z 0-9 . _ - and neither \".\" nor \"..\"",
                         weir::setup_error);
}
