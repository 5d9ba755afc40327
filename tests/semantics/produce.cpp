// SPDX-License-Identifier: Apache-2.0
// What cannot be read and what cannot be sent: the policies of the two ends.
#include <functional>
#include <string>
#include <utility>

#include "driven.hpp"

namespace {

struct recorder : weir::hooks {
    std::vector<std::string> lines;
    std::vector<weir::error_report> reports;
    void log(std::string_view line) override { lines.emplace_back(line); }
    void failed(const weir::error_report& r) override { reports.push_back(r); }
};

}  // namespace

TEST_CASE("an undecodable message: stop, naming topic, partition and offset, behind what is good") {
    recorder record;
    weir::app app{"produce", {.hooks = &record}};
    auto in = app.topic<int>("in", {.partitions = 2});
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    test.append(in, "k", 0, {.partition = 1});
    test.append_raw(in, "k", "bad", {.partition = 1});
    test.append(in, "k", 2, {.partition = 1});
    test.run();
    CHECK(seen == trace{0});
    CHECK(!test.running());
    CHECK(test.exit_code() == 1);
    CHECK(test.committed(in, 1) == 1);
    REQUIRE(record.reports.size() == 1);
    CHECK(record.reports[0].seam == "decode");
    REQUIRE(record.lines.size() == 1);
    CHECK(record.lines[0].starts_with("decode: in[1]@1: "));
    CHECK(record.lines[0].ends_with(" (stop)"));
}

TEST_CASE("an undecodable message and the policy skip: it is counted, acknowledged, the rest goes "
          "on") {
    recorder record;
    weir::app app{"produce", {.hooks = &record}};
    auto in = app.topic<int>("in", {.on_decode_error = weir::skip});
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    for (const char* value : {"bad", "x"}) test.append_raw(in, "k", value);
    test.append(in, "k", 2);
    test.append_raw(in, "k", {});  // null is no int either
    test.append(in, "k", 4);
    test.append_raw(in, "k", "wrong");
    test.run();
    CHECK(seen == trace{2, 4});
    CHECK(test.running());
    std::vector<offset> skipped;
    for (auto& e : test.errors()) skipped.push_back(e.offset);
    CHECK(skipped == offsets{0, 1, 3, 5});
    test.commit();
    CHECK(test.committed(in, 0) == 6);
}

TEST_CASE("a send that fails for good: stop leaves its source uncommitted") {
    recorder record;
    weir::app app{"produce", {.hooks = &record}};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    app.agent("copy", in | weir::to(out));
    test_driver test{app};
    test.send(in, "k", 0);
    test.fail_next_send(out);
    test.send(in, "k", 1);
    CHECK(!test.running());
    CHECK(test.exit_code() == 1);
    CHECK(test.committed(in, 0) == 1);
    REQUIRE(record.reports.size() == 1);
    const auto r = record.reports[0];
    CHECK(std::pair{r.seam, r.agent} == std::pair<std::string, std::string>{"produce", "copy"});
    CHECK(r.topic == "out");
    test.restart();  // it is sent again
    CHECK(test.values(out) == trace{0, 1});
    test.commit();
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("a send that fails for good: skip acknowledges its source and counts it") {
    recorder record;
    weir::app app{"produce", {.hooks = &record}};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out", {.on_produce_error = weir::skip});
    app.agent("copy", in | weir::to(out));
    test_driver test{app};
    test.fail_next_send(out, 2);
    for (int n = 0; n < 4; ++n) test.append(in, "k", n);
    test.run();
    CHECK(test.values(out) == trace{2, 3});
    CHECK(test.errors().size() == 2);
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == 4);
}

TEST_CASE("a send that fails for good: retry sends it again, its source is held meanwhile") {
    recorder record;
    weir::app app{"produce", {.on_produce_error = weir::retry(2, 5s), .hooks = &record}};
    auto in = app.topic<int>("in");
    auto out = app.topic<std::string, int>("out");
    app.agent("copy", in | weir::to("out"));
    test_driver test{app};
    test.fail_next_send(out, 2);
    const weir::headers headers{{"h", weir::bytes{"1"}}};
    test.append(in, "k", 0, {.timestamp = weir::timestamp{7s}, .headers = headers});
    test.run();
    test.send(in, "k", 1);
    test.commit();
    CHECK(test.values(out).empty());  // both failed once
    CHECK(test.held(in, 0) == 2);
    CHECK(test.committed(in, 0) == nothing);
    test.advance(5s);
    const auto sent = test.events(out);
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].key() == "k");
    CHECK(sent[0].value() == 0);
    CHECK(sent[0].headers() == headers);
    CHECK(sent[0].timestamp() == weir::timestamp{7s});
    test.commit();
    CHECK(test.committed(in, 0) == 2);
    CHECK(test.errors().empty());
}

TEST_CASE("each message has all of its retries, whatever an earlier one needed") {
    weir::app app{"produce", {.on_produce_error = weir::retry(1, 5s)}};
    auto in = app.topic<int>("in");
    auto out = app.topic<std::string, int>("out");
    app.agent("copy", in | weir::to("out"));
    test_driver test{app};
    for (int n : {0, 1}) {
        test.fail_next_send(out, 1);
        test.send(in, "k", n);
        test.advance(5s);
    }
    CHECK(test.values(out) == trace{0, 1});
    CHECK(test.running());
}

TEST_CASE("a send whose retries are used up does what its policy says then") {
    recorder record;
    weir::app app{"produce", {.hooks = &record}};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out", {.on_produce_error = weir::retry(2, 5s).then(weir::skip)});
    app.agent("copy", in | weir::to(out));
    test_driver test{app};
    test.fail_next_send(out, 3);
    test.send(in, "k", 0);
    test.advance(5s);
    CHECK(test.errors().empty());
    test.advance(5s);
    CHECK(test.errors().size() == 1);
    test.send(in, "k", 1);
    CHECK(test.values(out) == trace{1});
    test.commit();
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("semantics 28: stop() waits for sends under retry") {
    recorder record;
    weir::app app{"produce", {.on_produce_error = weir::retry(2, 5s), .hooks = &record}};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    app.agent("copy", in | weir::to(out));
    test_driver test{app};
    test.fail_next_send(out);
    test.send(in, "k", 0);
    test.stop();
    CHECK(test.values(out) == trace{0});
    CHECK(test.committed(in, 0) == 1);
    CHECK(test.exit_code() == 0);
}

TEST_CASE(
    "semantics 21: each of several messages that are made of one holds it: the last may fail") {
    // "second" is not delivered: what is delivered of the same source does not let it go
    const auto check = [](auto pipeline_of, weir::policy on_produce_error, bool comes) {
        recorder record;
        weir::app app{"produce", {.on_produce_error = on_produce_error, .hooks = &record}};
        auto in = app.topic<int>("in");
        app.agent("a", pipeline_of(in));
        test_driver test{app};
        test.create_topic("first");
        test.create_topic("second");
        test.fail_next_send("second", 1);
        test.append(in, "k", 7);
        test.run();
        test.commit();
        CHECK(test.committed(in, 0) == nothing);
        if (comes) test.advance(10s);
        test.commit();
        CHECK(test.committed(in, 0) == (comes ? std::optional<offset>{1} : nothing));
        CHECK(test.running() == comes);
    };
    const auto both = weir::flat_map([](int) {
        return std::vector<std::string>{"first", "second"};
    });
    const auto named = [](const std::string& s) { return s; };
    const auto chosen = [&](auto in) {
        return in | both | weir::to(named, {.topics = {"first", "second"}});
    };
    const auto echoed = [](auto in) { return in | weir::echo("first", "second"); };
    const auto echo_and_to = [](auto in) { return in | weir::echo("first") | weir::to("second"); };
    const auto taken_apart = [&](auto in) {
        return in | weir::take(1) | weir::flat_map(std::identity{}) | weir::echo("first", "second");
    };
    for (const auto& [policy, comes] :
         {std::pair{weir::policy{weir::stop}, false}, std::pair{weir::retry(1, 5s), true}}) {
        check(chosen, policy, comes);
        check(echoed, policy, comes);
        check(echo_and_to, policy, comes);
        check(taken_apart, policy, comes);
    }
}
