// SPDX-License-Identifier: Apache-2.0
// Timestamps before 1970 and at its very beginning are timestamps like any other.
#include <functional>

#include "../driven.hpp"

using weir::timestamp;

namespace {

const std::vector<timestamp> olds{timestamp{-5ms}, timestamp{-1ms}, timestamp{0ms}};

using times = std::vector<timestamp>;

auto messages(test_driver& test, const std::string& topic) {
    return test.events(test.peek<weir::bytes, weir::bytes>(topic));
}
times sent_at(test_driver& test, const std::string& topic) {
    times all;
    for (auto& m : messages(test, topic)) all.push_back(m.timestamp());
    return all;
}

/// Sends one message for each of `olds`.
template <class Topic>
void send_olds(test_driver& test, const Topic& in) {
    for (auto t : olds) test.send(in, "k", 1, {.timestamp = t});
}

struct wrong final : weir::error {
    wrong() : error("wrong") {}
};

}  // namespace

TEST_CASE("a timestamp of zero or below is kept by every operator that sends") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    app.agent("to", in | weir::to("to"));
    app.agent("chosen", in | weir::to([](int) { return "chosen"; }, {.topics = {"chosen"}}));
    app.agent("echo", in | weir::echo("echo") | weir::for_each([](int) {}));
    app.agent("through", in | weir::through("through") | weir::to("behind"));
    app.agent("group",
              in | weir::group_by([](int i) { return i; }, {.name = "by"}) | weir::to("grouped"));
    app.agent("events", in | weir::events() | weir::map([](auto& e) { return e.value(); }) |
                            weir::to("of-events"));
    app.agent("async",
              in | weir::map([](int i) -> weir::task<int> { co_return i; }) | weir::to("async"));
    app.agent("batch", in | weir::take(1, 1s) | weir::to("batch"));
    app.agent("apart",
              in | weir::take(2, 1s) | weir::flat_map(std::identity{}) | weir::to("apart"));
    app.agent("values", in | weir::take(2, 1s) | weir::flat_map([](const weir::batch<int>& b) {
                            return b.values();
                        }) | weir::to("values"));
    test_driver test{app};
    send_olds(test, in);
    test.advance(1s);
    for (auto* name : {"to", "chosen", "echo", "through", "behind", "a-group-by-repartition",
                       "grouped", "of-events", "async", "batch", "apart"}) {
        CAPTURE(name);
        CHECK(sent_at(test, name) == olds);
    }
    // made of a batch, not of one of its messages
    CHECK(sent_at(test, "values") == times{timestamp{-1ms}, timestamp{-1ms}, timestamp{0ms}});
}

TEST_CASE("the newest timestamp of a batch may be below zero") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    app.agent("batch", in | weir::take(2, 1s) | weir::to("batch"));
    test_driver test{app};
    send_olds(test, in);
    test.advance(1s);
    CHECK(sent_at(test, "batch") == times{timestamp{-1ms}, timestamp{0ms}});
}

TEST_CASE("an event shows a timestamp of zero or below") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    times seen;
    app.agent("events", in | weir::events() |
                            weir::for_each([&](auto& e) { seen.push_back(e.timestamp()); }));
    test_driver test{app};
    send_olds(test, in);
    CHECK(seen == olds);
}

TEST_CASE("a dead letter keeps a timestamp of zero or below, and its header says it") {
    silent quiet;
    weir::app app{"a", {.hooks = &quiet}};
    auto in = app.topic<std::string, int>("in", {.on_decode_error = weir::dead_letter("bytes")});
    auto out =
        app.topic<std::string, int>("out", {.on_produce_error = weir::dead_letter("unsent")});
    app.agent("throws", in | weir::for_each([](int) { throw wrong{}; }),
              {.on_error = weir::dead_letter("bodies")});
    app.agent("sends", in | weir::to(out));
    test_driver test{app};
    test.fail_next_send(out, olds.size());
    send_olds(test, in);
    for (auto t : olds) test.send_raw(in, "k", "no number", {.timestamp = t});
    for (auto* name : {"bytes", "bodies", "unsent"}) {
        CAPTURE(name);
        CHECK(sent_at(test, name) == olds);
        CHECK(messages(test, name)[0].headers().at(3) ==
              weir::header{"weir.timestamp", weir::bytes{"-5"}});
    }
}

TEST_CASE("a send that is tried again keeps a timestamp of zero or below") {
    silent quiet;
    weir::app app{"a", {.on_produce_error = weir::retry(1, 1s), .hooks = &quiet}};
    auto in = app.topic<std::string, int>("in");
    auto out = app.topic<std::string, int>("out");
    app.agent("copy", in | weir::to(out));
    test_driver test{app};
    test.fail_next_send(out, olds.size());
    send_olds(test, in);
    test.advance(1s);
    CHECK(sent_at(test, "out") == olds);
}

TEST_CASE("what comes from no topic has the time when it is sent") {
    weir::app app{"a"};
    auto out = app.topic<int>("out");
    app.agent("range", weir::from(numbers{1, 2}) | weir::to("of-range"));
    app.agent("batch", weir::from(numbers{1, 2}) | weir::take(2, 1s) | weir::to("of-batch"));
    auto channel = app.channel<int>("c");
    app.agent("channel", channel | weir::to("of-channel"));
    test_driver test{app};
    out.send(weir::bytes{}, 1);
    channel.send(1);
    test.run();
    for (auto* name : {"of-range", "of-batch", "of-channel", "out"}) {
        CAPTURE(name);
        const auto all = sent_at(test, name);
        REQUIRE_FALSE(all.empty());
        for (auto t : all) CHECK(t == test.now());
    }
}
