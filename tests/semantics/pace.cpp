// SPDX-License-Identifier: Apache-2.0
// Agents of one topic, each at its own pace: how far they may be apart, what is committed, and what
// becomes of what one has before it.
#include <stdexcept>
#include <string>
#include <utility>

#include "allocations.hpp"
#include "driven.hpp"

namespace {

/// 0 to n - 1.
trace up_to(int n) {
    trace all;
    for (int i = 0; i < n; ++i) all.push_back(i);
    return all;
}

/// Two agents of one topic: "slow" takes a second for each message, "quick" no time.
struct two_paces {
    silent quiet{};
    weir::app app;
    weir::topic<int> in;
    trace slow{}, quick{};
    std::optional<test_driver> test{};

    explicit two_paces(weir::app_options o = {.stream_buffer_max = 4},
                       weir::agent_options of_slow = {})
        : app("pace", with_hooks(std::move(o))), in(app.topic<int>("in", {.partitions = 2})) {
        app.agent("slow", in | weir::map([](int n) -> weir::task<int> {
                              co_await weir::sleep(1s);
                              if (n < 0) throw std::runtime_error{"below zero"};
                              co_return n;
                          }) | weir::for_each([this](int n) { slow.push_back(n); }),
                  of_slow);
        app.agent("quick", in | weir::for_each([this](int n) { quick.push_back(n); }));
        test.emplace(app);
    }
    weir::app_options with_hooks(weir::app_options o) {
        o.hooks = &quiet;
        return o;
    }
    void send(int n) { test->send(in, "k", n, {.partition = 0}); }
    committed position() {
        test->commit();
        return test->committed(in, 0);
    }
    std::string why() {
        const auto b = app.explain(in, 0);
        return b ? b->agent + ' ' + b->op + ": " + b->why : "nothing";
    }
};

/// Numbers as text; what is none does not decode.
struct numeral {
    int n = 0;
};

}  // namespace

template <>
struct weir::codec<numeral> {
    static void decode(bytes_view from, numeral& into) {
        if (from.view().find_first_not_of("0123456789") != from.view().npos)
            throw decode_error{"no number"};
        into.n = std::stoi(std::string{from.view()});
    }
    static void encode(const numeral& v, bytes& onto) { onto.append(std::to_string(v.n)); }
};

TEST_CASE("semantics 30: a slow agent does not keep the topic from another one until "
          "stream_buffer_max messages lie between them") {
    two_paces t;
    for (int n = 0; n < 4; ++n) {
        t.send(n);
        CHECK(t.quick == up_to(n + 1));
        CHECK(t.slow.empty());
    }
    t.send(4);  // four lie between them: it waits
    t.test->send(t.in, "k", 100, {.partition = 1});
    CHECK(t.quick == trace{0, 1, 2, 3, 100});
    t.test->advance(1s);
    CHECK(t.slow == trace{0});
    CHECK(t.quick == trace{0, 1, 2, 3, 100, 4});
    for (int n = 5; n < 10; ++n) t.send(n);
    CHECK(t.quick.size() == 6);
    for (int n = 1; n < 6; ++n) {
        t.test->advance(2s);  // the partitions take turns
        CHECK(t.quick.size() - t.slow.size() <= 5);
    }
    t.test->advance(60s);
    CHECK(t.slow.size() == 11);
    CHECK(t.quick.size() == 11);
    CHECK(t.position() == 10);
}

TEST_CASE("semantics 30: with a backlog, too, the quick agent is no more than stream_buffer_max "
          "messages ahead") {
    two_paces t{{.stream_buffer_max = 10}};
    for (int n = 0; n < 100; ++n) t.test->append(t.in, "k", n, {.partition = 0});
    t.test->run();
    CHECK(t.quick == up_to(10));
    for (int n = 1; n <= 90; ++n) {
        t.test->advance(1s);
        CHECK(t.slow == up_to(n));
        CHECK(t.quick == up_to(n + 10));
        CHECK(t.app.counters().messages == unsigned(n + 10));
    }
    t.test->advance(10s);
    CHECK(t.slow == up_to(100));
    CHECK(t.app.counters().batches < 100);
    CHECK(t.position() == 100);
}

TEST_CASE("semantics 8: commits follow the slowest agent, however far the others are ahead") {
    two_paces t;
    for (int n = 0; n < 4; ++n) t.send(n);
    CHECK(t.position() == nothing);
    for (offset n = 1; n <= 4; ++n) {
        t.test->advance(1s);
        CHECK(t.position() == n);
    }
    CHECK(t.test->commits(t.in, 0) == offsets{1, 2, 3, 4});
}

TEST_CASE("semantics 22: explain says how far an agent is behind another, and when it keeps the "
          "topic from being read") {
    two_paces t;
    t.send(0);
    CHECK(t.why() == "slow map: its call is under way; agent 'slow' is 1 message behind agent "
                     "'quick'");
    t.send(1);
    CHECK(t.why() == "slow map: its call is under way; agent 'slow' is 2 messages behind agent "
                     "'quick'");
    for (int n = 2; n < 9; ++n) t.send(n);
    CHECK(t.why() == "slow map: its call is under way; agent 'slow' is 4 messages behind agent "
                     "'quick', and no more is read, since that is stream_buffer_max");
    t.test->advance(60s);
    CHECK(t.why() == "nothing");
}

TEST_CASE("semantics 24: on revoke a slow agent finishes what it has begun; what it has not is "
          "dropped, and comes again to all") {
    two_paces t;
    for (int n = 0; n < 4; ++n) t.send(n);
    t.test->revoke(t.in, 0);
    t.test->advance(1s);
    CHECK(t.slow == trace{0});
    CHECK(t.test->committed(t.in, 0) == 1);
    t.test->advance(10s);
    CHECK(t.slow == trace{0});
    t.test->assign(t.in, 0);
    t.test->advance(10s);
    CHECK(t.slow == up_to(4));
    CHECK(t.quick == trace{0, 1, 2, 3, 1, 2, 3});
    CHECK(t.position() == 4);
}

TEST_CASE("semantics 24: of a lost partition a slow agent gets nothing more, and nothing is "
          "committed") {
    two_paces t;
    for (int n = 0; n < 4; ++n) t.send(n);
    t.test->lose(t.in, 0);
    t.test->advance(10s);
    CHECK(t.slow.empty());
    CHECK(t.test->committed(t.in, 0) == nothing);
    t.test->assign(t.in, 0);
    t.test->advance(10s);
    CHECK(t.slow == up_to(4));
    CHECK(t.quick == trace{0, 1, 2, 3, 0, 1, 2, 3});
    CHECK(t.position() == 4);
}

TEST_CASE("semantics 28: stop() finishes what a slow agent has begun, and commits no further") {
    two_paces t;
    for (int n = 0; n < 4; ++n) t.send(n);
    t.test->restart();
    CHECK(t.slow == trace{0});
    CHECK(t.test->committed(t.in, 0) == 1);
    t.test->advance(10s);
    CHECK(t.slow == up_to(4));
    CHECK(t.quick == trace{0, 1, 2, 3, 1, 2, 3});
}

TEST_CASE("semantics 8: after a crash everything comes again that a slow agent had not finished") {
    two_paces t;
    for (int n = 0; n < 4; ++n) t.send(n);
    t.test->advance(2s);
    CHECK(t.position() == 2);
    t.test->kill(t.app);
    t.test->restart(t.app);
    t.test->advance(10s);
    CHECK(t.slow == up_to(4));
    CHECK(t.quick == trace{0, 1, 2, 3, 2, 3});
    CHECK(t.position() == 4);
}

TEST_CASE("while one agent tries a message again, another one goes on with what comes") {
    two_paces t{{.stream_buffer_max = 8}, {.on_error = weir::retry(3, 10s).then(weir::skip)}};
    t.send(-1);
    t.test->advance(5s);
    for (int n = 0; n < 5; ++n) t.send(n);
    CHECK(t.quick == trace{-1, 0, 1, 2, 3, 4});
    CHECK(t.position() == nothing);
    t.test->advance(60s);
    CHECK(t.slow == up_to(5));  // the first is skipped at last
    CHECK(t.test->errors().size() == 1);
    CHECK(t.position() == 6);
}

TEST_CASE("a message under retry at its cursor stays in its batch while others are read") {
    silent quiet;
    weir::app app{"pace", {.stream_buffer_max = 8, .hooks = &quiet}};
    auto in = app.topic<weir::bytes_view>("in");
    texts slow;
    int quick = 0;
    bool works = false;
    app.agent("slow", in | weir::for_each([&](weir::bytes_view v) {
                          if (!works && v.view()[0] == '1') throw std::runtime_error{"not now"};
                          slow.emplace_back(v.view());
                      }),
              {.on_error = weir::retry(100, 1s)});
    app.agent("quick", in | weir::for_each([&](weir::bytes_view) { ++quick; }));
    test_driver test{app};
    texts all;
    for (int n = 0; n < 9; ++n) {
        all.push_back(std::to_string(n) + std::string(5000, 'x'));
        test.send_raw(in, "k", all.back());
        test.advance(1s);
    }
    CHECK(slow == texts{all[0]});
    CHECK(quick == 9);
    test.commit();
    CHECK(test.committed(in, 0) == 1);
    works = true;
    test.advance(1s);
    CHECK(slow == all);
    test.commit();
    CHECK(test.committed(in, 0) == 9);
}

TEST_CASE(
    "semantics 30: what a slow agent has not begun counts toward open_max, since it may be held") {
    silent quiet;
    weir::app app{"pace", {.stream_buffer_max = 100, .open_max = 3, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    bool works = false;
    std::vector<weir::hold> holds;
    int count = 0;
    app.agent("slow", in | weir::events() | weir::for_each([&](auto& e) {
                          if (!works) throw std::runtime_error{"not now"};
                          holds.push_back(e.hold());
                      }),
              {.on_error = weir::retry(100, 1s)});
    app.agent("quick", in | weir::for_each([&](int) { ++count; }));
    test_driver test{app};
    for (int n = 0; n < 10; ++n) test.send(in, "k", n);
    CHECK(count == 3);
    CHECK(app.explain(in, 0)->why.ends_with(
        "; agent 'slow' is 3 messages behind agent 'quick', and no more is read, since open_max "
        "messages are open or not finished"));
    works = true;
    test.advance(1s);
    CHECK(test.held(in, 0) == 3);
    CHECK(count == 3);
    while (!holds.empty()) {
        holds.pop_back();
        test.run();
        CHECK(test.held(in, 0) <= 3);
    }
    CHECK(count == 10);
    test.commit();
    CHECK(test.committed(in, 0) == 10);
}

TEST_CASE("an agent that was far behind in many small batches catches up at once: then large ones "
          "are read again") {
    silent quiet;
    weir::app app{"pace", {.stream_buffer_max = 500, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    bool works = false;
    trace slow, quick;
    app.agent("slow", in | weir::for_each([&](int n) {
                          if (!works) throw std::runtime_error{"not now"};
                          slow.push_back(n);
                      }),
              {.on_error = weir::retry(100, 1s)});
    app.agent("quick", in | weir::for_each([&](int n) { quick.push_back(n); }));
    test_driver test{app};
    for (int n = 0; n < 500; ++n) test.send(in, "k", n);
    CHECK(app.counters().batches == 500);
    for (int n = 500; n < 3000; ++n) test.append(in, "k", n);
    test.run();
    CHECK(quick == up_to(500));
    works = true;
    test.advance(1s);
    CHECK(slow == up_to(3000));
    CHECK(quick == up_to(3000));
    CHECK(app.counters().batches < 500 + 20);
}

TEST_CASE("stop() in a body at the end of its batch begins none of the next batch") {
    silent quiet;
    weir::app app{"pace", {.stream_buffer_max = 8, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    bool works = false;
    trace slow;
    app.agent("slow", in | weir::for_each([&](int n) {
                          if (!works) throw std::runtime_error{"not now"};
                          slow.push_back(n);
                          if (n == 1) app.stop();
                      }),
              {.on_error = weir::retry(100, 1s)});
    app.agent("quick", in | weir::for_each([](int) {}));
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.send(in, "k", n);
    works = true;
    test.advance(1s);
    CHECK(!test.running());
    CHECK(slow == up_to(2));
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE(
    "a dead letter of a slow agent has its own message, and holds it, while others are read") {
    two_paces t{{.stream_buffer_max = 8, .on_produce_error = weir::retry(1, 5s)},
                {.on_error = weir::dead_letter("dead")}};
    const auto dead = t.test->peek<weir::bytes, int>("dead");
    t.test->fail_next_send("dead", 1);
    for (int n : {0, -7, 1, 2}) t.send(n);
    CHECK(t.quick == trace{0, -7, 1, 2});
    t.test->advance(3s);
    CHECK(t.slow == trace{0, 1});
    CHECK(t.position() == 1);
    t.test->advance(10s);
    CHECK(t.test->values(dead) == trace{-7});
    CHECK(t.slow == trace{0, 1, 2});
    CHECK(t.position() == 4);
}

TEST_CASE("what does not decode for one agent is dealt with while another is batches behind, and "
          "once") {
    silent quiet;
    weir::app app{"pace",
                  {.stream_buffer_max = 8,
                   .on_decode_error = weir::retry(1, 1s).then(weir::dead_letter("bad")),
                   .hooks = &quiet}};
    auto in = app.topic<numeral>("in");
    auto keyed = app.topic<std::string, numeral>("in");
    auto raw = app.topic<std::string>("in");
    trace quick;
    texts slow, keys;
    app.agent("slow", raw | weir::map([](const std::string& s) -> weir::task<std::string> {
                          co_await weir::sleep(10s);
                          co_return s;
                      }) | weir::for_each([&](const std::string& s) { slow.push_back(s); }));
    app.agent("quick", in | weir::for_each([&](const numeral& v) { quick.push_back(v.n); }));
    app.agent("keys", keyed | weir::items() |
                          weir::for_each([&](const auto& i) { keys.push_back(i.key()); }));
    test_driver test{app};
    for (const char* value : {"1", "x", "2", "y", "3"}) test.send_raw(in, value, value);
    test.advance(5s);
    CHECK(quick == trace{1, 2, 3});
    CHECK(keys == texts{"1", "2", "3"});
    CHECK(slow.empty());
    CHECK(test.errors().size() == 2);
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    test.advance(60s);
    CHECK(slow == texts{"1", "x", "2", "y", "3"});
    CHECK(test.values(test.peek<weir::bytes, std::string>("bad")) == texts{"x", "y"});
    CHECK(test.errors().size() == 2);
    test.commit();
    CHECK(test.committed(in, 0) == 5);
}

TEST_CASE("a message that does not decode and stops the app waits for a slow agent's work before "
          "it, and nothing behind it is read") {
    silent quiet;
    weir::app app{"pace", {.stream_buffer_max = 8, .hooks = &quiet}};
    auto in = app.topic<numeral>("in");
    trace slow, quick;
    app.agent("slow", in | weir::map([](const numeral& v) -> weir::task<int> {
                          co_await weir::sleep(1s);
                          co_return v.n;
                      }) | weir::for_each([&](int n) { slow.push_back(n); }));
    app.agent("quick", in | weir::for_each([&](const numeral& v) { quick.push_back(v.n); }));
    test_driver test{app};
    for (const char* value : {"1", "2", "x", "3"}) test.send_raw(in, "k", value);
    test.advance(1s);
    CHECK(test.running());
    CHECK(slow == trace{1});
    CHECK(quick == trace{1, 2});
    test.advance(10s);
    CHECK(!test.running());
    CHECK(quick == trace{1, 2});
    CHECK(test.committed(in, 0) == 2);
    test.restart();
    test.advance(10s);
    CHECK(slow == trace{1, 2});
    CHECK(quick == trace{1, 2});
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("semantics 9: a stream that is not iterated keeps its place, and the topic from nobody "
          "until stream_buffer_max messages lie between") {
    silent quiet;
    weir::app app{"pace", {.stream_buffer_max = 4, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace quick, pulled;
    app.agent("quick", in | weir::for_each([&](int n) { quick.push_back(n); }));
    test_driver test{app};
    const auto stream = app.stream(in, {.name = "pulled"});
    test.append(in, "k", 0);
    for (int n : stream) {
        pulled.push_back(n);
        break;
    }
    for (int n = 1; n < 9; ++n) test.send(in, "k", n);
    CHECK(quick == up_to(5));  // one is passed, four lie between
    CHECK(app.explain(in, 0)->agent == "pulled");
    CHECK(app.explain(in, 0)->why ==
          "nobody iterates the stream; agent 'pulled' is 4 messages behind agent 'quick', and no "
          "more is read, since that is stream_buffer_max");
    for (int n : stream) {
        pulled.push_back(n);
        if (n == 3) break;
    }
    CHECK(pulled == up_to(4));
    test.run();
    CHECK(quick == up_to(8));
    test.commit();
    CHECK(test.committed(in, 0) == 4);
    for (int n : stream) pulled.push_back(n);
    CHECK(pulled == up_to(9));
    test.revoke(in, 0);  // and nobody waits for it
    CHECK(test.committed(in, 0) == 9);
}

TEST_CASE("semantics 9: a stream of other types takes the place of one that was left batches "
          "behind, also before what does not decode to them") {
    silent quiet;
    weir::app app{"pace",
                  {.stream_buffer_max = 16, .on_decode_error = weir::skip, .hooks = &quiet}};
    auto in = app.topic<std::string>("in");
    auto numerals = app.topic<numeral>("in");
    texts quick, pulled;
    trace read;
    app.agent("quick", in | weir::for_each([&](const std::string& s) { quick.push_back(s); }));
    test_driver test{app};
    test.append(in, "k", "0");
    for (auto& s : app.stream(in)) {
        pulled.push_back(s);
        break;
    }
    for (const char* s : {"1", "x", "2", "y", "3"}) test.send(in, "k", s);
    CHECK(quick == texts{"0", "1", "x", "2", "y", "3"});
    CHECK(test.errors().empty());
    for (auto& v : app.stream(numerals)) {
        read.push_back(v.n);
        if (v.n == 2) break;
    }
    CHECK(read == trace{1, 2});
    CHECK(test.errors().size() == 2);
    test.commit();
    CHECK(test.committed(in, 0) == 5);  // "y" is skipped for it
    for (auto& s : app.stream(in)) pulled.push_back(s);
    CHECK(pulled == texts{"0", "3"});
    CHECK(quick.size() == 6);
    test.commit();
    CHECK(test.committed(in, 0) == 6);
}

TEST_CASE("an agent that is added reads on behind what was read, however far another is behind") {
    two_paces t;
    for (int n = 0; n < 3; ++n) t.send(n);
    trace late;
    t.app.agent("late", t.in | weir::for_each([&](int n) { late.push_back(n); }));
    t.send(3);
    CHECK(late == trace{3});
    t.test->advance(60s);
    CHECK(t.slow == up_to(4));
    CHECK(late == trace{3});
    CHECK(t.position() == 4);
}

TEST_CASE("semantics 46: what a slow coroutine looks at stays while other batches come and go") {
    weir::app app{"pace", {.stream_buffer_max = 8}};
    auto in = app.topic<weir::bytes_view>("in");
    texts seen;
    int quick = 0;
    app.agent("slow", in, [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) {
            co_await weir::sleep(1s);
            seen.emplace_back(v->view());
        }
    });
    app.agent("quick", in | weir::for_each([&](weir::bytes_view) { ++quick; }));
    test_driver test{app};
    texts all;
    for (int n = 0; n < 40; ++n) {
        all.push_back(std::to_string(n) + std::string(3000, 'x'));
        test.send_raw(in, "k", all.back());
        if (n % 4 == 3) test.advance(1s);
    }
    test.advance(60s);
    CHECK(seen == all);
    CHECK(quick == 40);
    test.commit();
    CHECK(test.committed(in, 0) == 40);
}

TEST_CASE(
    "semantics 24: a lost value that a coroutine looks at stays, with the batches behind it") {
    weir::app app{"pace", {.stream_buffer_max = 8}};
    auto in = app.topic<weir::bytes_view>("in");
    texts seen;
    app.agent("slow", in, [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) {
            co_await weir::sleep(60s);
            seen.emplace_back(v->view());
        }
    });
    app.agent("quick", in | weir::for_each([](weir::bytes_view) {}));
    test_driver test{app};
    const std::string first(3000, 'a'), second(3000, 'b');
    test.send_raw(in, "k", first);
    test.send_raw(in, "k", second);
    test.lose(in, 0);
    test.advance(60s);
    CHECK(seen == texts{first});
    test.assign(in, 0);
    test.advance(10min);
    CHECK(seen == texts{first, first, second});
}

TEST_CASE("both branches of one topic go at their own pace, and explain tells them apart") {
    silent quiet;
    weir::app app{"pace", {.stream_buffer_max = 4, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace seen;
    const auto slow = in | weir::map([](int n) -> weir::task<int> {
                          co_await weir::sleep(1s);
                          co_return n + 100;
                      });
    app.agent("both", (slow & in) | weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    for (int n = 0; n < 6; ++n) test.send(in, "k", n);
    CHECK(seen == up_to(4));
    CHECK(app.explain(in, 0)->why ==
          "its call is under way; one branch of agent 'both' is 4 messages behind another, and no "
          "more is read, since that is stream_buffer_max");
    test.advance(60s);
    CHECK(seen.size() == 12);
    test.commit();
    CHECK(test.committed(in, 0) == 6);
}

TEST_CASE("a stop inside a body of the quick agent leaves the slow one where it is") {
    silent quiet;
    weir::app app{"pace", {.stream_buffer_max = 8, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace slow, quick;
    app.agent("slow", in | weir::map([](int n) -> weir::task<int> {
                          co_await weir::sleep(1s);
                          co_return n;
                      }) | weir::for_each([&](int n) { slow.push_back(n); }));
    app.agent("quick", in | weir::for_each([&](int n) {
                           quick.push_back(n);
                           if (n == 5) app.stop();
                       }));
    test_driver test{app};
    for (int n = 0; n < 7; ++n) test.send(in, "k", n);
    test.advance(60s);
    CHECK(!test.running());
    CHECK(quick == up_to(6));
    CHECK(slow == trace{0});
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("nothing a message is allocated while one agent is behind another") {
    silent quiet;
    weir::app app{"pace", {.commit_interval = 1h, .stream_buffer_max = 100'000, .hooks = &quiet}};
    auto in = app.topic<std::string, int>("in");
    long sum = 0;
    bool works = false;
    app.agent("slow", in | weir::for_each([&](int n) {
                          if (!works) throw std::runtime_error{"not now"};
                          sum += n;
                      }),
              {.on_error = weir::retry(1000, 1h)});
    app.agent("quick", in | weir::for_each([&](int n) { sum += n; }));
    test_driver test{app};
    const auto costs = [&](int messages) {
        for (int n = 0; n < messages; ++n) test.append(in, "k", n);
        const auto before = weir::testing::allocations();
        test.run();
        return weir::testing::allocations() - before;
    };
    costs(8000);
    const auto few = costs(1000), many = costs(8000);
    CHECK(many < few + 100);
    works = true;
    const auto before = weir::testing::allocations();
    test.advance(1h);
    CHECK(weir::testing::allocations() - before < 1000);
    test.commit();
    CHECK(test.committed(in, 0) == 17'000);
}
