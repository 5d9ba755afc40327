// SPDX-License-Identifier: Apache-2.0
// Dead letters: what fails goes to a topic as it came, with the reason, wherever it fails.
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "driven.hpp"

using weir::offset;

namespace {

/// A dead letter, as "key=value topic[partition]@offset agent: error".
template <class T>
texts letters(test_driver& test, const T& topic) {
    texts all;
    const auto dead = test.peek<weir::bytes, weir::bytes>(topic);
    for (auto& e : test.events(dead)) {
        const auto h = [&](const char* name) {
            for (auto& x : e.headers())
                if (x.name == name) return std::string{x.value->view()};
            return std::string{"?"};
        };
        all.push_back(std::string{e.raw_key().view()} + '=' + std::string{e.raw_value().view()} +
                      ' ' + h("weir.topic") + '[' + h("weir.partition") + "]@" + h("weir.offset") +
                      ' ' + h("weir.agent") + ": " + h("weir.error"));
    }
    return all;
}

/// Numbers as text, so that a letter's value can be read.
struct number {
    int n = 0;
};
void refuse_odd(int n) {
    if (n % 2 == 1) throw std::runtime_error{"odd"};
}

}  // namespace

template <>
struct weir::codec<number> {
    static void decode(bytes_view from, number& into) {
        if (from.size() == 0 || from.view().find_first_not_of("0123456789") != from.view().npos)
            throw decode_error{"no number"};
        into.n = std::stoi(std::string{from.view()});
    }
    static void encode(const number& v, bytes& onto) { onto.append(std::to_string(v.n)); }
};

TEST_CASE("a dead letter has the original bytes, key, headers and timestamp, then ours in order") {
    silent quiet;
    weir::app app{"dead", {.on_error = weir::dead_letter("dead"), .hooks = &quiet}};
    auto in = app.topic<std::string, number>("in", {.partitions = 2});
    app.agent("a", in | weir::for_each([](const number& v) { refuse_odd(v.n); }));
    test_driver test{app};
    const weir::headers theirs{{"trace", weir::bytes{"1"}}, {"weir.topic", {}}, {"trace", {}}};
    test.append(in, "k", {4}, {.partition = 1});
    test.append(in, "k", {7},
                {.partition = 1, .timestamp = weir::timestamp{5s}, .headers = theirs});
    test.append(in, "k", {8}, {.partition = 1});
    test.run();
    const auto dead = test.events(test.peek<std::string, weir::bytes>("dead"));
    REQUIRE(dead.size() == 1);
    CHECK(dead[0].key() == "k");
    CHECK(dead[0].value() == weir::bytes{"7"});
    CHECK(dead[0].timestamp() == weir::timestamp{5s});
    auto all = theirs;
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"weir.topic", "in"},
                                                          {"weir.partition", "1"},
                                                          {"weir.offset", "1"},
                                                          {"weir.timestamp", "5000"},
                                                          {"weir.agent", "a"},
                                                          {"weir.error", "odd"}})
        all.push_back({name, weir::bytes{value}});
    CHECK(dead[0].headers() == all);
    CHECK(test.partitions("dead") == 2);  // as many as the source
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors()[0].offset == 1);
    CHECK(test.held(in, 1) == 0);
    test.commit();
    CHECK(test.committed(in, 1) == 3);
}

TEST_CASE("a null key and a null value are null in the dead letter too") {
    silent quiet;
    weir::app app{"dead", {.on_error = weir::dead_letter("dead"), .hooks = &quiet}};
    auto in = app.topic<std::optional<std::string>>("in");
    app.agent("a", in | weir::for_each([](const auto&) { throw std::runtime_error{"no"}; }));
    test_driver test{app};
    test.send_raw(in, {}, {});
    test.send_raw(in, "", "");
    const auto dead = test.events(test.peek<weir::bytes, weir::bytes>("dead"));
    REQUIRE(dead.size() == 2);
    CHECK((dead[0].raw_key().is_null() && dead[0].raw_value().is_null()));
    CHECK(dead[1].raw_key() == weir::bytes_view{""});
    CHECK(dead[1].raw_value() == weir::bytes_view{""});
}

TEST_CASE("an undecodable message and the policy dead letter: its bytes go there, the rest goes "
          "on") {
    silent quiet;
    weir::app app{"dead", {.hooks = &quiet}};
    auto in = app.topic<number>("in", {.on_decode_error = weir::dead_letter("bad")});
    trace seen;
    app.agent("a", in | weir::for_each([&](const number& v) { seen.push_back(v.n); }));
    test_driver test{app};
    for (const char* value : {"1", "x", "2", "y", ""}) test.append_raw(in, "k", value);
    test.run();
    CHECK(seen == trace{1, 2});
    CHECK(letters(test, "bad") == texts{"k=x in[0]@1 : value: no number",
                                        "k=y in[0]@3 : value: no number",
                                        "k= in[0]@4 : value: no number"});
    CHECK(test.errors().size() == 3);
    test.commit();
    CHECK(test.committed(in, 0) == 5);
}

TEST_CASE("a message that is undecodable for two agents is one dead letter, counted once") {
    silent quiet;
    weir::app app{"dead", {.on_decode_error = weir::dead_letter("bad"), .hooks = &quiet}};
    auto in = app.topic<number>("in");
    auto keyed = app.topic<std::string, number>("in");
    auto raw = app.topic("in");
    int read = 0, bytes = 0;
    app.agent("a", in | weir::for_each([&](const number&) { ++read; }));
    app.agent("b", keyed | weir::for_each([&](const number&) { ++read; }));
    app.agent("c", raw | weir::for_each([&](const weir::bytes&) { ++bytes; }));
    test_driver test{app};
    for (const char* value : {"x", "2", "y"}) test.append_raw(in, "k", value);
    test.run();
    CHECK(std::pair{read, bytes} == std::pair{2, 3});
    CHECK(letters(test, "bad").size() == 2);
    CHECK(test.errors().size() == 2);
    test.commit();
    CHECK(test.committed(in, 0) == 3);
}

TEST_CASE("decoding is tried again by a retry, then dead-lettered; other partitions go on") {
    silent quiet;
    weir::app app{
        "dead",
        {.on_decode_error = weir::retry(2, 5s).then(weir::dead_letter("bad")), .hooks = &quiet}};
    auto in = app.topic<number>("in", {.partitions = 2});
    trace seen;
    app.agent("a", in | weir::for_each([&](const number& v) { seen.push_back(v.n); }));
    test_driver test{app};
    for (const char* value : {"1", "x", "2"}) test.append_raw(in, "k", value, {.partition = 0});
    test.append_raw(in, "k", "7", {.partition = 1});
    test.run();
    test.advance(9s);
    CHECK(seen == trace{7, 1});
    CHECK(test.committed(in, 0) == 1);
    CHECK(letters(test, "bad").empty());
    test.advance(1s);
    CHECK(seen == trace{7, 1, 2});
    CHECK(letters(test, "bad") == texts{"k=x in[0]@1 : value: no number"});
}

TEST_CASE("the source of a dead letter is held until the letter has been delivered") {
    silent quiet;
    weir::app app{"dead",
                  {.on_error = weir::dead_letter("dead"),
                   .on_produce_error = weir::retry(1, 5s),
                   .hooks = &quiet}};
    auto in = app.topic<number>("in");
    app.agent("a", in | weir::for_each([](const number& v) { refuse_odd(v.n); }));
    test_driver test{app};
    test.fail_next_send("dead");
    test.send(in, "k", {1});
    test.send(in, "k", {2});
    test.commit();
    CHECK(test.held(in, 0) == 1);
    CHECK(test.committed(in, 0) == nothing);
    test.advance(5s);
    CHECK(letters(test, "dead").size() == 1);
    test.commit();
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("a dead letter that cannot be sent follows the produce policy: by default the app stops, "
          "its source uncommitted") {
    silent quiet;
    weir::app app{"dead",
                  {.on_decode_error = weir::dead_letter("bad"),
                   .on_error = weir::dead_letter("dead"),
                   .hooks = &quiet}};
    auto in = app.topic<number>("in");
    app.agent("a", in | weir::for_each([](const number& v) { refuse_odd(v.n); }));
    for (const char* topic : {"bad", "dead"}) {
        test_driver test{app};
        test.append(in, "k", {2});
        test.append_raw(in, "k", topic == std::string{"bad"} ? "x" : "1");
        test.fail_next_send(topic);
        test.run();
        CHECK(!test.running());
        CHECK(test.exit_code() == 1);
        CHECK(test.errors().back().seam == "produce");
        CHECK(test.errors().back().topic == topic);
        const auto until = test.committed(in, 0);
        test.restart();  // it fails again, and is sent
        CHECK(test.running());
        CHECK(letters(test, topic).size() == 1);
        test.stop();
        CHECK(test.committed(in, 0) == *until + 1);
    }
}

TEST_CASE("what could not be sent goes to the produce policy's dead letter topic") {
    silent quiet;
    weir::app app{"dead", {.hooks = &quiet}};
    auto in = app.topic<number>("in");
    auto out = app.topic<number>(
        "out", {.on_produce_error = weir::retry(1, 5s).then(weir::dead_letter("unsent"))});
    app.agent("copy",
              in | weir::map([](const number& v) { return number{v.n * 10}; }) | weir::to(out));
    test_driver test{app};
    test.fail_next_send(out, 2);
    test.append(in, "k", {1}, {.headers = {{"h", weir::bytes{"1"}}}});
    test.run();
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    test.advance(5s);
    const auto dead = letters(test, "unsent");
    REQUIRE(dead.size() == 1);
    CHECK(dead[0].starts_with("k=10 out[-1]@-1 copy: "));
    CHECK(test.events(test.peek<std::string, number>("unsent"))[0].headers()[0].name == "h");
    test.send(in, "k", {2});
    CHECK(test.values(out).size() == 1);
    CHECK(test.errors().size() == 1);
    test.commit();
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("a produce dead letter that cannot be sent either stops the app") {
    silent quiet;
    weir::app app{"dead", {.on_produce_error = weir::dead_letter("unsent"), .hooks = &quiet}};
    auto in = app.topic<number>("in");
    app.agent("copy", in | weir::to("out"));
    test_driver test{app};
    test.fail_next_send("out");
    test.fail_next_send("unsent");
    test.send(in, "k", {1});
    CHECK(!test.running());
    CHECK(test.exit_code() == 1);
    CHECK(test.committed(in, 0) == nothing);
    CHECK(test.errors().size() == 2);
    test.restart();
    CHECK(test.values(test.peek<std::string, number>("out")).size() == 1);
}

TEST_CASE("a dead letter whose produce policy is the same topic is not sent there twice: the app "
          "stops") {
    silent quiet;
    const auto dead = weir::dead_letter("dead");
    weir::app app{"dead", {.on_error = dead, .on_produce_error = dead, .hooks = &quiet}};
    auto in = app.topic<number>("in");
    app.agent("a", in | weir::for_each([](const number& v) { refuse_odd(v.n); }));
    test_driver test{app};
    test.fail_next_send("dead");
    test.send(in, "k", {1});
    CHECK(!test.running());
    CHECK(letters(test, "dead").empty());
    CHECK(test.committed(in, 0) == nothing);
}

// ------------------------------------------------------------------------------- in every position
namespace {

const auto odd = [](const number& v) { refuse_odd(v.n); };
const auto odd_in_batch = [](const weir::batch<number>& b) {
    for (auto& v : b) refuse_odd(v.n);
};

/// Sends 0 … 3 with the key "k", in which 1 and 3 are odd; what becomes of it.
struct run_result {
    texts dead;
    std::size_t errors;
    std::optional<offset> committed;
};
template <class Add>
run_result run(weir::app_options options, Add add, const weir::policy& policy,
               weir::duration d = 0s) {
    silent quiet;
    options.hooks = &quiet;
    options.on_error = policy;
    weir::app app{"dead", std::move(options)};
    auto in = app.topic<std::string, number>("in");
    add(app, in);
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.append(in, "k", {n});
    test.run();
    test.advance(d);
    test.commit();
    return {letters(test, "dead"), test.errors().size(), test.committed(in, 0)};
}
const texts odd_ones{"k=1 in[0]@1 a: odd", "k=3 in[0]@3 a: odd"};
const texts all_ones{"k=0 in[0]@0 a: odd", "k=1 in[0]@1 a: odd", "k=2 in[0]@2 a: odd",
                     "k=3 in[0]@3 a: odd"};

/// Skip, retry and dead letter of one pipeline, which fails for the odd ones, or as one batch.
template <class Add>
void check_policies(Add add, const texts& dead, std::size_t errors) {
    const auto later = weir::retry(2, 1s);
    const auto skipped = run({}, add, weir::skip);
    CHECK(skipped.dead.empty());
    CHECK(skipped.errors == errors);
    CHECK(skipped.committed == 4);
    const auto buried = run({}, add, weir::dead_letter("dead"));
    CHECK(buried.dead == dead);
    CHECK(buried.errors == errors);
    CHECK(buried.committed == 4);
    const auto waiting = run({}, add, later.then(weir::dead_letter("dead")), 1s);
    CHECK(waiting.dead.empty());
    CHECK(waiting.errors == 0);
    const auto gone = run({}, add, later.then(weir::dead_letter("dead")), 1min);
    CHECK(gone.dead == dead);
    CHECK(gone.errors == errors);
    CHECK(gone.committed == 4);
    const auto stopped = run({}, add, weir::stop);
    CHECK(stopped.errors == 1);
    CHECK(stopped.dead.empty());
}

}  // namespace

TEST_CASE("policies in a body: skip, retry and dead letter, counted once each") {
    check_policies([](weir::app& app, auto in) { app.agent("a", in | weir::for_each(odd)); },
                   odd_ones, 2);
}
TEST_CASE("policies in an operator before take: what it drops is not in the batch") {
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a",
                      in | weir::tap(odd) | weir::take(2) | weir::for_each([](const auto&) {}));
        },
        odd_ones, 2);
}
TEST_CASE("semantics 35: policies behind take: a dead-lettered batch is one dead letter a "
          "message") {
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in | weir::take(4) | weir::for_each(odd_in_batch));
        },
        all_ones, 1);
}
TEST_CASE("policies in a batch that is taken apart: the whole batch is what failed") {
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a",
                      in | weir::take(4) | weir::flat_map(std::identity{}) | weir::for_each(odd));
        },
        all_ones, 1);
}
TEST_CASE("policies in a batch of batches: each message is one dead letter") {
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a",
                      in | weir::take(1) | weir::take(2) | weir::take(2) |
                          weir::for_each([](const auto&) { throw std::runtime_error{"odd"}; }));
        },
        all_ones, 1);
}
TEST_CASE("policies behind what was made of a batch: its messages are the dead letters") {
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in | weir::take(2) | weir::map([](const auto& b) { return b.size(); }) |
                               weir::take(2) | weir::for_each([](const auto&) {
                                   throw std::runtime_error{"odd"};
                               }));
        },
        all_ones, 1);
}
TEST_CASE("policies of a message with many values in a batch: it is one dead letter") {
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in | weir::flat_map([](const number& v) {
                               return std::vector<number>{v, v, v};
                           }) | weir::take(12) |
                               weir::for_each(odd_in_batch));
        },
        all_ones, 1);
}
TEST_CASE("policies in an asynchronous call, and behind it") {
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in | weir::map(
                                    [](number v) -> weir::task<number> {
                                        refuse_odd(v.n);
                                        co_return v;
                                    },
                                    {.concurrency = 2}));
        },
        odd_ones, 2);
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in |
                               weir::map([](number v) -> weir::task<number> { co_return v; },
                                         {.concurrency = 2}) |
                               weir::for_each(odd));
        },
        odd_ones, 2);
}
TEST_CASE("policies in an asynchronous call with a batch: one dead letter a message") {
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in | weir::take(4) |
                               weir::map(
                                   [](weir::batch<number> b) -> weir::task<int> {
                                       for (auto& v : b) refuse_odd(v.n);
                                       co_return 0;
                                   },
                                   {.concurrency = 2}));
        },
        all_ones, 1);
}
TEST_CASE("semantics 40: policies in a key function: a message that has no key is dealt with") {
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in |
                               weir::group_by(
                                   [](const number& v) {
                                       refuse_odd(v.n);
                                       return v.n;
                                   },
                                   "n") |
                               weir::for_each([](const auto&) {}));
        },
        odd_ones, 2);
}
TEST_CASE("policies behind group_by: the dead letter is the message of the internal topic") {
    const auto of = [](int n) {
        const auto text = std::to_string(n);
        return text + '=' + text + " dead-a-n-repartition[0]@" + text + " a: odd";
    };
    check_policies(
        [](weir::app& app, auto in) {
            app.agent(
                "a", in | weir::group_by([](const number& v) { return std::to_string(v.n); }, "n") |
                         weir::for_each(odd));
        },
        texts{of(1), of(3)}, 2);
}
TEST_CASE("policies in events, also those that are not acknowledged by themselves") {
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in | weir::events() | weir::for_each([](auto& e) { odd(e.value()); }));
        },
        odd_ones, 2);
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in | weir::events() | weir::noack() | weir::for_each([](auto& e) {
                               odd(e.value());
                               e.ack();
                           }));
        },
        odd_ones, 2);
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in | weir::events() | weir::take(4) | weir::for_each([](const auto& b) {
                               for (auto& e : b) odd(e.value());
                           }));
        },
        all_ones, 1);
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a",
                      in | weir::take(4) | weir::events() | weir::take(1) |
                          weir::for_each([](const auto&) { throw std::runtime_error{"odd"}; }));
        },
        all_ones, 1);
}
TEST_CASE("an event that fails behind its acknowledgement is a dead letter, too, and not tried "
          "again") {
    const auto r = run(
        {},
        [](weir::app& app, auto in) {
            app.agent("a", in | weir::events() | weir::for_each([](auto& e) {
                               e.ack();
                               odd(e.value());
                           }));
        },
        weir::retry(3, 1s).then(weir::dead_letter("dead")));
    CHECK(r.dead == odd_ones);
    CHECK(r.errors == 2);
    CHECK(r.committed == 4);
}
TEST_CASE("policies in a merged stream: the dead letter is of the message's own topic") {
    silent quiet;
    weir::app app{"dead", {.on_error = weir::dead_letter("dead"), .hooks = &quiet}};
    auto in = app.topic<std::string, number>("in");
    auto too = app.topic<std::string, number>("too", {.partitions = 3});
    app.agent("a", (in & too) | weir::for_each(odd));
    test_driver test{app};
    test.send(in, "k", {1});
    test.send(too, "k", {3}, {.partition = 2});
    CHECK(letters(test, "dead") == texts{"k=1 in[0]@0 a: odd", "k=3 too[2]@0 a: odd"});
    CHECK(test.partitions("dead") == 3);
    test.commit();
    CHECK(test.committed(in, 0) == 1);
    CHECK(test.committed(too, 2) == 1);
}
TEST_CASE("policies in an agent that is a coroutine: it is started again behind the message") {
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in, [](auto stream) -> weir::task<> {
                while (auto v = co_await stream.next()) odd(*v);
            });
        },
        odd_ones, 2);
    check_policies(
        [](weir::app& app, auto in) {
            app.agent("a", in | weir::take(4), [](auto stream) -> weir::task<> {
                while (auto b = co_await stream.next()) odd_in_batch(*b);
            });
        },
        all_ones, 1);
}
TEST_CASE("policies in a pull stream") {
    for (const bool last : {false, true}) {
        silent quiet;
        const auto policy =
            last ? weir::retry(1, 1s).then(weir::dead_letter("dead")) : weir::dead_letter("dead");
        weir::app app{"dead", {.on_error = policy, .hooks = &quiet}};
        auto in = app.topic<std::string, number>("in");
        test_driver test{app};
        for (int n = 0; n < 4; ++n) test.append(in, "k", {n});
        trace seen;
        for (auto& v : app.stream(in, {.name = "a"}) | weir::tap(odd)) seen.push_back(v.n);
        CHECK(seen == trace{0, 2});
        CHECK(letters(test, "dead") == odd_ones);
        CHECK(test.errors().size() == 2);
        test.commit();
        CHECK(test.committed(in, 0) == 4);
    }
}

TEST_CASE("default policies: skip for single values, stop for batches and pull") {
    const auto by_default = [](auto add) { return run({}, add, weir::policy{}); };
    const auto single =
        by_default([](weir::app& app, auto in) { app.agent("a", in | weir::for_each(odd)); });
    CHECK(single.errors == 2);
    CHECK(single.committed == 4);
    const auto batch = by_default([](weir::app& app, auto in) {
        app.agent("a", in | weir::take(2) | weir::for_each(odd_in_batch));
    });
    CHECK(batch.errors == 1);
    CHECK(batch.committed == nothing);

    silent quiet;
    weir::app app{"dead", {.hooks = &quiet}};
    auto in = app.topic<std::string, number>("in");
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.append(in, "k", {n});
    trace seen;
    CHECK_THROWS_WITH(
        [&] {
            for (auto& v : app.stream(in) | weir::tap(odd)) seen.push_back(v.n);
        }(),
        "odd");
    CHECK(seen == trace{0});
    CHECK(test.committed(in, 0) == 1);
}

// ------------------------------------------------------------------------------------ room, set-up
TEST_CASE("dead letters that find no room wait, their agent with them, other agents go on") {
    // A slow group of `dead` keeps its messages: beyond the retention there is no room.
    silent quiet;
    const std::string broker = "memory://dead-letters-full";
    weir::app app{"dead", {.broker = broker, .hooks = &quiet}};
    const auto memory = weir::transport::memory_broker::named("dead-letters-full");
    auto in = app.topic("in");
    auto other = app.topic<int>("other");
    std::size_t tried = 0;
    trace seen;
    app.agent("a", in | weir::for_each([&](const weir::bytes&) {
                       ++tried;
                       throw std::runtime_error{"no"};
                   }),
              {.on_error = weir::dead_letter("dead")});
    app.agent("other", other | weir::for_each([&](int n) { seen.push_back(n); }));
    weir::app slow{"slow", {.broker = broker}};
    auto kept = slow.topic("dead");
    std::vector<weir::hold> holds;
    std::size_t read = 0;
    slow.agent("keep", kept | weir::take(1) | weir::for_each([&](const auto& b) {
                           ++read;
                           holds.push_back(b.hold());
                       }));
    test_driver test{app, slow};
    constexpr std::size_t all = 100;  // of 1 MB, where 64 MiB are kept
    const std::string large(1'000'000, 'x');
    for (std::size_t n = 0; n < all; ++n) {
        test.send_raw(in, "k", large);
        test.commit();
    }
    test.send(other, "k", 1);
    CHECK(seen == trace{1});
    CHECK(read < 70);
    CHECK(tried == read + 1);  // one waits, and nothing behind it is tried
    CHECK(test.running());
    test.advance(1min);
    while (read < all) {  // room comes
        const auto before = read;
        holds.clear();
        test.commit();
        REQUIRE(read > before);
    }
    test.commit();
    CHECK(tried == all);
    CHECK(test.committed(in, 0) == all);
}

TEST_CASE("a dead letter topic that is declared is used as it is declared") {
    silent quiet;
    weir::app app{"dead", {.on_error = weir::dead_letter("dead"), .hooks = &quiet}};
    auto in = app.topic<number>("in", {.partitions = 4});
    app.topic("dead", {.partitions = 3});
    app.agent("a", in | weir::for_each(odd));
    test_driver test{app};
    test.send(in, "k", {1});
    CHECK(test.partitions("dead") == 3);
    CHECK(letters(test, "dead").size() == 1);
}

TEST_CASE("dead letters are drawn where they come from") {
    weir::app app{"dead"};
    auto in = app.topic<number>("in", {.on_decode_error = weir::dead_letter("bad")});
    auto out = app.topic<number>("out", {.on_produce_error = weir::dead_letter("unsent")});
    app.agent("a", in | weir::filter([](const number&) { return true; }) | weir::to(out),
              {.on_error = weir::retry(2, 1s).then(weir::dead_letter("dead"))});
    CHECK(app.graph().text() == "agent a [on_error: retry 2 x 1 s, then dead letter dead]\n"
                                "  topic in [on_decode_error: dead letter bad] : number\n"
                                "  -> topic bad : dead letters\n"
                                "  | filter : number\n"
                                "  | to\n"
                                "  -> topic out [on_produce_error: dead letter unsent] : number\n"
                                "  -> topic unsent : dead letters\n"
                                "  -> topic dead : dead letters\n");
    const auto m = app.graph().mermaid();
    CHECK(m.find("n2 -. \"dead letters\" .-> n4") != m.npos);
    const auto d = app.graph().dot();
    CHECK(d.find("n2 -> n4 [label=\"dead letters\", style=dashed];") != d.npos);
    test_driver test{app};
    for (const char* topic : {"bad", "dead", "unsent"}) CHECK(test.partitions(topic) == 1);
}

TEST_CASE("dead letters that would come back to who made them are refused") {
    const auto refused = [](const std::function<void()>& f) -> std::string {
        try {
            f();
        } catch (const weir::setup_error& e) { return e.what(); }
        return "nothing was thrown";
    };
    const auto dead = weir::dead_letter("dead");
    CHECK(refused([&] {
              weir::app app{"x", {.on_error = dead}};
              app.agent("again", app.topic("dead") | weir::for_each([](const auto&) {}));
              test_driver test{app};
          }) ==
          "weir: agent 'again' reads topic 'dead', where its own dead letters go: failed messages "
          "would come back for ever; give the agent another on_error");
    CHECK(refused([&] {
              weir::app app{"x", {.on_decode_error = dead}};
              app.agent("again", app.topic<number>("dead") | weir::for_each([](const auto&) {}));
              test_driver test{app};
          }) == "weir: topic 'dead' is read, and messages that do not decode would go back to it; "
                "give the topic another on_decode_error");
    CHECK(refused([&] {
              weir::app app{"x"};
              app.topic("dead", {.on_produce_error = dead});
          }) == "weir: topic 'dead' is its own dead letter topic: name another topic");
    CHECK(refused([&] {
              weir::app app{"x", {.on_error = weir::dead_letter("no way")}};
          }).find("cannot be a topic's name") != std::string::npos);
    // bytes always decode, and an agent with another policy may read them
    weir::app app{"x", {.on_decode_error = dead, .on_error = dead, .on_produce_error = dead}};
    app.agent("again", app.topic("dead") | weir::for_each([](const auto&) {}),
              {.on_error = weir::stop});
    CHECK_NOTHROW(test_driver{app});
}

TEST_CASE(
    "dead letters that would come back by way of other readers, or of patterns, are refused") {
    const auto refused = [](auto set_up) -> std::string {
        weir::app app{"x"};
        set_up(app);
        try {
            test_driver test{app};
        } catch (const weir::setup_error& e) { return e.what(); }
        return "nothing was thrown";
    };
    const auto reads = [](weir::app& app, const char* agent, auto stream, const char* letters) {
        app.agent(agent, stream | weir::for_each([](const auto&) {}),
                  {.on_error = weir::dead_letter(letters)});
    };
    CHECK(
        refused([&](weir::app& app) { reads(app, "all", app.topics<number>("^in"), "in-dead"); }) ==
        "weir: agent 'all' reads topic '^in', which matches 'in-dead', where its own dead "
        "letters go: failed messages would come back for ever; give the agent another on_error");
    CHECK(
        refused([&](weir::app& app) {
            reads(app, "a", app.topic("in"), "a-dead");
            reads(app, "b", app.topic("a-dead"), "in");
        }) ==
        "weir: failed messages of topic 'in' would come back to it for ever: their dead letters go "
        "to 'a-dead', and messages that fail there come back to 'in'; give one of the readers "
        "another on_error");
    CHECK(refused([&](weir::app& app) {
              reads(app, "a", app.topic("in"), "1");
              reads(app, "b", app.topic("1"), "2");
              reads(app, "c", app.topics("^2"), "3");
              reads(app, "d", app.topic("3"), "in");
          }).find("would come back to it for ever") != std::string::npos);
    CHECK(refused([&](weir::app& app) {
              app.agent("a",
                        app.topic<number>("in", {.on_decode_error = weir::dead_letter("bad")}));
              reads(app, "b", app.topic("bad"), "in");
          }).find("would come back to it for ever") != std::string::npos);
    CHECK(refused([&](weir::app& app) {
              app.agent("a",
                        app.topics<number>("^in", {.on_decode_error = weir::dead_letter("in2")}));
          }).find("which matches 'in2', is read") != std::string::npos);
    // a way that ends is none, and neither is one on which somebody decides
    CHECK(refused([&](weir::app& app) {
              reads(app, "a", app.topic("in"), "a-dead");
              reads(app, "b", app.topic("a-dead"), "b-dead");
              app.agent("c", app.topic("b-dead") | weir::to("in"), {.on_error = weir::stop});
          }) == "nothing was thrown");
}

TEST_CASE("what cannot be sent must not go back to who sends it") {
    const auto refused = [](weir::app_options options, auto set_up) -> std::string {
        weir::app app{"x", std::move(options)};
        set_up(app);
        try {
            test_driver test{app};
        } catch (const weir::setup_error& e) { return e.what(); }
        return "nothing was thrown";
    };
    const auto back = weir::dead_letter("in"), away = weir::dead_letter("unsent");
    const std::string sentence =
        "weir: agent 'a' sends to topic 'out', and what cannot be sent there goes to 'in', which "
        "the agent reads: it would come back for ever; give the topic another on_produce_error";
    CHECK(refused({}, [&](weir::app& app) {
              auto out = app.topic("out", {.on_produce_error = back});
              app.agent("a", app.topic("in") | weir::to(out));
          }) == sentence);
    CHECK(refused({.on_produce_error = back}, [&](weir::app& app) {
              app.agent("a", app.topic("in") | weir::echo("out"));
          }) == sentence);
    CHECK(refused({.on_produce_error = weir::dead_letter("in2")}, [&](weir::app& app) {
              app.agent("a", app.topics("^in") | weir::through("way") | weir::to("out"));
          }).find("goes to 'in2', which the agent reads") != std::string::npos);
    // another agent may decide about it
    CHECK(refused({.on_produce_error = away}, [&](weir::app& app) {
              auto in = app.topic("in", {.on_produce_error = weir::stop});
              app.agent("a", in | weir::to("out"));
              app.agent("b", app.topic("unsent") | weir::to(in));
          }) == "nothing was thrown");
}

TEST_CASE(
    "an agent that sends dead letters back is not refused, and its headers count the rounds") {
    silent quiet;
    weir::app app{"dead", {.hooks = &quiet}};
    auto in = app.topic<std::string, number>("in");
    std::size_t tried = 0;
    trace seen;
    app.agent("a", in | weir::for_each([&](const number& v) {
                       tried += v.n % 2 == 1;
                       odd(v);
                       seen.push_back(v.n);
                   }),
              {.on_error = weir::dead_letter("dead")});
    const auto rounds = [](const auto& e) {
        const auto all = e.headers();
        return std::count_if(all.begin(), all.end(),
                             [](auto& h) { return h.name == "weir.error"; });
    };
    app.agent("again", app.topic("dead") | weir::events() |
                           weir::filter([&](const auto& e) { return rounds(e) < 4; }) |
                           weir::map([](const auto& e) { return e.value(); }) |
                           weir::to(in.name()));
    test_driver test{app};
    for (int n : {1, 2}) test.send(in, "k", {n});
    CHECK(tried == 4);
    CHECK(seen == trace{2});
    CHECK(letters(test, "dead").size() == 4);
    test.commit();
    CHECK(test.committed(in, 0) == 5);
    CHECK(test.committed(app.topic("dead"), 0) == 4);
}

TEST_CASE("a value of no topic cannot be a dead letter: the app stops") {
    silent quiet;
    weir::app app{"dead", {.on_error = weir::dead_letter("dead"), .hooks = &quiet}};
    app.agent("a", weir::from(trace{1, 2}) | weir::for_each(refuse_odd));
    CHECK_THROWS_AS(app.run(), weir::error);
    REQUIRE(quiet.lines.size() == 1);
    CHECK(quiet.lines[0].ends_with("odd (stop: a value of no topic cannot be a dead letter)"));
}

// ------------------------------------------------------------------------------------------- sizes
namespace {

constexpr std::size_t limit = 300, around = 71;  // of a batch with one message, key "k"

weir::memory_options small() { return {.max_message_bytes = limit}; }

auto letters_in(test_driver& test, const std::string& topic) {
    return test.events(test.peek<weir::bytes, weir::bytes>(topic));
}
std::string reason_of(const weir::event<weir::bytes, weir::bytes>& letter) {
    for (auto& h : letter.headers())
        if (h.name == "weir.error" && h.value) return std::string{h.value->view()};
    return {};
}

}  // namespace

TEST_CASE("a dead letter's reason is cut between two characters, and says how long it was") {
    silent quiet;
    weir::app app{"dead", {.on_error = weir::dead_letter("dead"), .hooks = &quiet}};
    auto in = app.topic<std::string>("in");
    app.agent("a", in | weir::for_each([](const std::string& v) { throw std::runtime_error{v}; }));
    test_driver test{app};
    std::string euros;
    while (euros.size() < 600'000) euros += "€";  // three bytes each
    for (const auto& v : {std::string(1000, 'x'), std::string(1001, 'x'), euros}) test.send(in, v);
    const auto dead = letters_in(test, "dead");
    REQUIRE(dead.size() == 3);
    CHECK(reason_of(dead[0]) == std::string(1000, 'x'));
    const auto cut = reason_of(dead[1]);
    CHECK(cut.size() == 1000);
    CHECK(cut.ends_with("x… (1001 bytes)"));
    const auto of_euros = reason_of(dead[2]);
    CHECK(of_euros.size() > 990);
    CHECK(of_euros.size() <= 1000);
    CHECK(of_euros.ends_with("€… (600000 bytes)"));
    CHECK(test.errors()[2].text == euros);  // hooks and reports have all of it
}

TEST_CASE("a message that just fits its topic is a dead letter without our headers") {
    silent quiet;
    weir::app app{"dead",
                  {.on_decode_error = weir::dead_letter("decode"),
                   .on_error = weir::dead_letter("process"),
                   .on_produce_error = weir::dead_letter("produce"),
                   .memory = small(),
                   .hooks = &quiet}};
    for (auto* topic : {"decode", "process", "produce"})
        app.topic(topic, {.config = {{"max.message.bytes", std::to_string(limit)}}});
    auto words = app.topic<std::string, std::string>("words");
    auto in = app.topic<std::string, number>("in");
    app.agent("process", words | weir::for_each([](auto&) { throw std::runtime_error{"no"}; }));
    app.agent("produce", words | weir::to("out"));
    app.agent("decode", in | weir::for_each([](const number&) {}));
    test_driver test{app};
    const weir::headers theirs{{"h", weir::bytes{"1"}}};
    const std::string largest(limit - around - 4, 'x');
    test.fail_next_send("out", 1);
    test.send(words, "k", largest, {.headers = theirs});
    test.send_raw(in, "k", largest, {.headers = theirs});
    for (auto* topic : {"decode", "process", "produce"}) {
        CAPTURE(topic);
        const auto dead = letters_in(test, topic);
        REQUIRE(dead.size() == 1);
        CHECK(dead[0].value() == weir::bytes{largest});
        CHECK(dead[0].headers() == theirs);
    }
    test.commit();
    CHECK(test.committed(words, 0) == committed{1});
    CHECK(test.committed(in, 0) == committed{1});
    CHECK(quiet.lines.size() == 6);  // each failure, and that the letter says less
    CHECK(test.running());
}

TEST_CASE("that dead letters go without our headers is one line in 30 s, with how many they were") {
    silent quiet;
    weir::app app{"dead", {.memory = small(), .hooks = &quiet}};
    app.topic("dead", {.config = {{"max.message.bytes", std::to_string(limit)}}});
    auto in = app.topic<std::string, std::string>("in");
    app.agent("a", in | weir::for_each([](auto&) { throw std::runtime_error{"no"}; }),
              {.on_error = weir::dead_letter("dead")});
    test_driver test{app};
    const auto fail = [&](int n) {
        for (int i = 0; i < n; ++i) test.send(in, "k", std::string(limit - around, 'x'));
        std::vector<std::string> lines;
        for (auto& l : quiet.lines)
            if (l.find("too large") != l.npos) lines.push_back(l);
        return lines;
    };
    const std::string line =
        "a dead letter is too large for topic 'dead' with the headers that say why: it is sent "
        "without them";
    CHECK(fail(100) == texts{line});
    test.advance(30s);
    CHECK(fail(2) == texts{line, line + ", as were 99 since the last line"});
    CHECK(letters_in(test, "dead").size() == 102);
}

TEST_CASE("a dead letter that is too large for its topic without our headers stops the app") {
    silent quiet;
    weir::app app{
        "dead",
        {.on_produce_error = weir::dead_letter("dead"), .memory = small(), .hooks = &quiet}};
    auto in = app.topic<std::string, int>("in");
    app.agent("grow", in | weir::map([](int n) { return std::string(std::size_t(n), 'x'); }) |
                          weir::to("out"));
    test_driver test{app};
    test.send(in, "k", 20'000);  // more than a dead letter topic has room for
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == nothing);
}
