// SPDX-License-Identifier: Apache-2.0
// Acknowledgement in pull: what was passed, and what becomes of the current one.
#include <ranges>
#include <stdexcept>
#include <string>

#include "driven.hpp"

namespace {

/// An app with 0 to 4 in its topic.
struct five {
    silent quiet{};
    weir::app app{"pull", {.hooks = &quiet}};
    weir::topic<int> in = app.topic<int>("in");
    test_driver test{app};
    five() {
        for (int n = 0; n < 5; ++n) test.append(in, "k", n);
    }
    std::optional<offset> committed() {
        test.commit();
        return test.committed(in, 0);
    }
};

}  // namespace

TEST_CASE("semantics 9: the event before is acknowledged when the stream advances") {
    five t;
    const auto s = t.app.stream(t.in);
    auto it = s.begin();
    CHECK(*it == 0);
    CHECK(t.committed() == nothing);
    ++it;
    CHECK(t.committed() == 1);  // the advance alone, 1 was not looked at
    ++it;
    ++it;
    CHECK(t.committed() == 3);
    CHECK(*it == 3);
    CHECK(t.committed() == 3);
}

TEST_CASE("semantics 9: on break the current one is acknowledged if it was dereferenced") {
    five t;
    const auto s = t.app.stream(t.in);
    for (auto it = s.begin(); it != s.end(); ++it)
        if (*it == 2) break;
    CHECK(t.committed() == 3);
    trace rest;
    for (int n : s) rest.push_back(n);
    CHECK(rest == trace{3, 4});
    CHECK(t.committed() == 5);
}

TEST_CASE("semantics 9: on break the current one is not acknowledged if it was not dereferenced") {
    five t;
    const auto s = t.app.stream(t.in);
    int steps = 0;
    for (auto it = s.begin(); it != s.end(); ++it)
        if (++steps == 3) break;
    CHECK(t.committed() == 2);
    trace rest;
    for (int n : s) rest.push_back(n);
    CHECK(rest == trace{2, 3, 4});
}

TEST_CASE("semantics 9: behind a range adaptor the last one is not acknowledged on leaving") {
    five t;
    trace seen;
    const auto even = [](int n) { return n % 2 == 0; };
    for (int n : t.app.stream(t.in) | weir::filter(even) | std::views::take(2)) seen.push_back(n);
    CHECK(seen == trace{0, 2});
    CHECK(t.committed() == 4);  // the adaptor advanced to 4, and nobody looked at it
    trace rest;
    for (int n : t.app.stream(t.in)) rest.push_back(n);
    CHECK(rest == trace{4});  // nobody has the first stream any more
}

TEST_CASE("semantics 9: an adaptor that looks ahead leaves what the body did not get") {
    five t;
    trace seen;
    const auto small = [](int n) { return n < 2; };
    const auto s = t.app.stream(t.in);
    for (int n : s | std::views::take_while(small)) seen.push_back(n);
    CHECK(seen == trace{0, 1});
    CHECK(t.committed() == 2);
    seen.clear();
    for (int n : s) seen.push_back(n);
    CHECK(seen == trace{2, 3, 4});
}

TEST_CASE("semantics 9: an exception that leaves the loop acknowledges nothing more") {
    five t;
    const auto s = t.app.stream(t.in);
    const auto loop = [&] {
        for (int n : s)
            if (n == 2) throw std::runtime_error{"body"};
    };
    CHECK_THROWS_WITH(loop(), "body");
    CHECK(t.committed() == 2);
    CHECK(t.test.running());
    trace rest;
    for (int n : s) rest.push_back(n);
    CHECK(rest == trace{2, 3, 4});
}

TEST_CASE("semantics 9: a loop that is left while an exception is handled is left by break") {
    five t;
    const auto s = t.app.stream(t.in);
    struct cleanup {
        const decltype(s)& of;
        ~cleanup() {
            for (int n : of)
                if (n == 1) break;
        }
    };
    try {
        cleanup c{s};
        throw 1;
    } catch (int) {}
    CHECK(t.committed() == 2);
}

TEST_CASE("semantics 9: several values of one message are passed with the last of them") {
    five t;
    const auto thrice = [](int n) { return trace{n, n + 100, n + 200}; };
    const auto s = t.app.stream(t.in) | weir::flat_map(thrice);
    trace seen;
    for (int n : s) {
        seen.push_back(n);
        if (seen.size() == 4) break;
    }
    CHECK(seen == trace{0, 100, 200, 1});
    CHECK(t.committed() == 1);
    for (int n : s) {
        seen.push_back(n);
        if (seen.size() == 6) break;
    }
    CHECK(seen == trace{0, 100, 200, 1, 101, 201});
    CHECK(t.committed() == 2);
}

TEST_CASE("semantics 9: what a filter drops before the first is acknowledged by passing") {
    five t;
    const auto s = t.app.stream(t.in) | weir::filter([](int n) { return n >= 3; });
    const auto it = s.begin();
    CHECK(t.committed() == 3);
    CHECK(*it == 3);
}

TEST_CASE("semantics 9: the current one is not acknowledged when the app stops") {
    five t;
    const auto s = t.app.stream(t.in);
    auto it = s.begin();
    ++it;
    CHECK(*it == 1);
    t.app.stop();
    ++it;  // passed, and the end
    CHECK(it == s.end());
    CHECK(t.test.committed(t.in, 0) == 2);
}

TEST_CASE("semantics 9: an operator that throws stops a pull stream; ++it throws it") {
    five t;
    const auto s = t.app.stream(t.in) | weir::map([](int n) {
                       if (n == 2) throw std::runtime_error{"operator"};
                       return n;
                   });
    trace seen;
    const auto loop = [&] {
        for (int n : s) seen.push_back(n);
    };
    CHECK_THROWS_WITH(loop(), "operator");
    CHECK(seen == trace{0, 1});
    CHECK(!t.test.running());
    CHECK(t.test.committed(t.in, 0) == 2);
}

TEST_CASE("semantics 9: a batch in pull is acknowledged when it is passed, whole") {
    five t;
    const auto s = t.app.stream(t.in) | weir::take(2);
    auto it = s.begin();
    CHECK(it->values() == trace{0, 1});
    CHECK(t.committed() == nothing);
    ++it;
    CHECK(it->values() == trace{2, 3});
    CHECK(t.committed() == 2);
}

TEST_CASE("semantics 35: a pull loop left in mid-batch acknowledges what it did get, whole, and "
          "nothing it did not hand over") {
    five t;
    const auto s = t.app.stream(t.in) | weir::take(2);
    std::vector<trace> seen;
    for (const auto& b : s) {
        seen.push_back(b.values());
        break;
    }
    CHECK(t.committed() == 2);
    for (const auto& b : s) seen.push_back(b.values());
    CHECK(seen == std::vector<trace>{{0, 1}, {2, 3}});
    CHECK(t.committed() == 4);
    t.test.stop();
    CHECK(t.test.committed(t.in, 0) == 4);  // the fifth waits for company still
}

TEST_CASE("semantics 35: a batch whose loop is left by an exception is not acknowledged") {
    five t;
    const auto s = t.app.stream(t.in) | weir::take(2);
    const auto loop = [&] {
        for (const auto& b : s)
            if (b.front() == 2) throw std::runtime_error{"body"};
    };
    CHECK_THROWS_WITH(loop(), "body");
    CHECK(t.committed() == 2);
}

TEST_CASE("semantics 9: while one stream is iterated inside another's body, what the outer body "
          "looks at stays, also if its partition is lost; nothing it did not see is passed") {
    silent quiet;
    weir::app app{"pull", {.hooks = &quiet}};
    auto outer = app.topic<weir::bytes_view>("outer", {.partitions = 2});
    auto inner = app.topic<int>("inner");
    test_driver test{app};
    const std::string first = "a value that lives on the heap, number one";
    test.append_raw(outer, "k", first, {.partition = 0});
    test.append(inner, "k", 1);
    trace seen;
    texts seen_texts;
    const auto s = app.stream(outer);
    for (auto it = s.begin(); it != s.end(); ++it) {
        seen_texts.emplace_back(it->view());
        if (seen_texts.size() > 1) continue;
        const auto& looked_at = *it;
        test.append_raw(outer, "k", "another one", {.partition = 1});
        test.lose(outer, 0);
        for (int n : app.stream(inner)) seen.push_back(n);
        CHECK(looked_at.view() == first);
        CHECK(it->view() == first);
    }
    CHECK(seen == trace{1});
    CHECK(seen_texts == std::vector<std::string>{first, "another one"});
    CHECK(test.committed(outer, 0) == nothing);
    test.commit();
    CHECK(test.committed(outer, 1) == 1);
}

TEST_CASE("a pull loop that is refused inside a body does not keep its app from stopping") {
    silent quiet;
    weir::app app{"pull", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    auto stream = app.stream(app.topic<int>("other"));
    app.agent("a", in | weir::for_each([&](int) {
                       for ([[maybe_unused]] int n : stream) {}
                   }));
    in.send(std::nullopt, 0);
    app.topic<int>("other").send(std::nullopt, 1);
    for (int n = 0; n < 20; ++n) app.poll(0s);
    CHECK(app.counters().process.skipped == 1);
    app.stop();
    int polls = 0;
    while (app.poll(0s) && polls < 1000) ++polls;
    CHECK(polls < 1000);
}

TEST_CASE(
    "semantics 9: another stream of a topic goes on with the first message that the one before "
    "it has left") {
    five f;
    trace seen;
    for (int n : f.app.stream(f.in)) {
        seen.push_back(n);
        break;  // and nobody has that stream any more
    }
    for (int n : f.app.stream(f.in)) {
        seen.push_back(n);
        if (n == 2) break;
    }
    CHECK(seen == trace{0, 1, 2});
    CHECK(f.committed() == 3);
    for (int n : f.app.stream(f.in) | weir::map([](int n) { return 10 * n; })) seen.push_back(n);
    CHECK(seen == trace{0, 1, 2, 30, 40});
    CHECK(f.committed() == 5);
}

TEST_CASE("semantics 9: what a stream had and did not acknowledge comes to the next one") {
    five f;
    trace seen;
    (void)f.app.stream(f.in).begin();  // not dereferenced
    CHECK(f.committed() == nothing);
    try {
        for (int n : f.app.stream(f.in)) {
            seen.push_back(n);
            throw std::runtime_error{"left"};
        }
    } catch (const std::runtime_error&) {}
    CHECK(f.committed() == nothing);
    for (int n : f.app.stream(f.in) | weir::filter([](int n) { return n != 3; })) seen.push_back(n);
    CHECK(seen == trace{0, 0, 1, 2, 4});
    CHECK(f.committed() == 5);
}

TEST_CASE("semantics 9: the next stream may decode to other types, and so may an agent") {
    five f;
    auto raw = f.app.topic("in");
    trace seen;
    for (int n : f.app.stream(f.in)) {
        seen.push_back(n);
        if (n == 1) break;
    }
    std::size_t bytes = 0;
    for (auto& b : f.app.stream(raw)) {
        bytes += b.size();
        break;
    }
    CHECK(bytes == 4);
    f.app.agent("rest", f.in | weir::for_each([&](int n) { seen.push_back(n); }));
    f.test.run();
    CHECK(seen == trace{0, 1, 3, 4});
    CHECK(f.committed() == 5);
}

TEST_CASE("semantics 9: a stream that somebody still has keeps its place beside another one") {
    five f;
    trace one, two;
    const auto first = f.app.stream(f.in);
    for (int n : first) {
        one.push_back(n);
        break;
    }
    for (int n : f.app.stream(f.in)) two.push_back(n);  // has joined behind what was read
    for (int n : first) one.push_back(n);
    CHECK(one == trace{0, 1, 2, 3, 4});
    CHECK(two.empty());
    CHECK(f.committed() == 5);
}

TEST_CASE("semantics 9: streams with one name follow one another; two at once are refused") {
    five f;
    trace seen;
    const auto named = [&] { return f.app.stream(f.in, {.name = "loop"}); };
    for (int round = 0; round < 3; ++round)
        for (int n : named()) {
            seen.push_back(n);
            break;
        }
    CHECK(seen == trace{0, 1, 2});
    const auto kept = named();
    for ([[maybe_unused]] auto& n : kept) break;
    const auto other = named();
    CHECK_THROWS_AS(other.begin(), weir::setup_error);
}

TEST_CASE("semantics 9: a stream that nobody has any more is not part of the next run") {
    five f;
    trace seen;
    for (int n : f.app.stream(f.in)) {
        seen.push_back(n);
        break;
    }
    f.test.restart();
    for (int n : f.app.stream(f.in)) seen.push_back(n);
    CHECK(seen == trace{0, 1, 2, 3, 4});
    CHECK(f.committed() == 5);
}

TEST_CASE("a stream may be iterated after another was made of it") {
    five f;
    const auto all = f.app.stream(f.in);
    const auto odd = all | weir::filter([](int n) { return n % 2 == 1; });
    trace seen;
    for (int n : all) seen.push_back(n);
    CHECK(seen == trace{0, 1, 2, 3, 4});
}

TEST_CASE("semantics 24: a partition whose message a pull loop has left is given up at once") {
    struct hooks final : weir::hooks {
        bool given_up = false;
        void revoked(const weir::topic_partition&, bool) override { given_up = true; }
    } told;
    weir::app app{"pull", {.hooks = &told}};
    auto in = app.topic<int>("in");
    test_driver test{app};
    test.append(in, "k", 1);
    const auto s = app.stream(in) | weir::flat_map([](int n) { return trace{n, n, n}; });
    for (int n : s) {
        CHECK(n == 1);
        break;  // two values are left
    }
    test.revoke(in, 0);
    CHECK(told.given_up);
    CHECK(test.committed(in, 0) == nothing);
}

TEST_CASE("semantics 28: stop does not wait for what a pull loop has left") {
    const auto stops_at_once = [](auto pipeline) {
        weir::app app{"pull", {.shutdown_timeout = 10s}};
        auto in = app.topic<int>("in");
        test_driver test{app};
        test.append(in, "k", 1);
        const auto s = pipeline(app.stream(in));
        for ([[maybe_unused]] auto& v : s) break;  // two values are left
        const auto before = test.now();
        test.stop();
        CHECK(test.now() == before);
        CHECK(test.committed(in, 0) == nothing);
    };
    const auto thrice = [](const auto& v) { return std::vector{v, v, v}; };
    stops_at_once([&](auto s) { return s | weir::flat_map(thrice); });
    stops_at_once([&](auto s) { return s | weir::take(1) | weir::flat_map(thrice); });
}
