// SPDX-License-Identifier: Apache-2.0
// Acknowledgement by hand: ack, holds, noack, and what stays uncommitted without them.
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "driven.hpp"

namespace {

using seen = weir::event<weir::bytes, int>;

/// An app with 0 to n-1 in its topic, once the test has added its agents.
struct numbers_by_hand {
    silent quiet{};
    weir::app app{"ack", {.hooks = &quiet}};
    weir::topic<int> in = app.topic<int>("in");
    std::optional<test_driver> test{};

    void run(int n) {
        if (!test) test.emplace(app);
        for (int i = 0; i < n; ++i) test->append(in, "k", i);
        test->run();
    }
    std::optional<offset> committed() {
        test->commit();
        return test->committed(in, 0);
    }
    auto by_hand() { return in | weir::events() | weir::noack(); }
};

}  // namespace

// ----------------------------------------------------------------------------------------------- 9
TEST_CASE("semantics 9: an event is acknowledged by itself when its body is left") {
    numbers_by_hand t;
    trace got;
    t.app.agent("a", t.in | weir::events() | weir::for_each([&](auto& event) {
                         CHECK_FALSE(event.acked());
                         got.push_back(event.value());
                     }));
    t.run(3);
    CHECK(got == trace{0, 1, 2});
    CHECK(t.test->held(t.in, 0) == 0);
    CHECK(t.committed() == 3);
}

TEST_CASE("semantics 9: an event whose body throws is acknowledged by the default policy") {
    numbers_by_hand t;
    t.app.agent("a", t.in | weir::events() | weir::for_each([&](auto& event) {
                         if (event.value() == 1) throw std::runtime_error{"no"};
                     }));
    t.run(3);
    CHECK(t.test->errors().size() == 1);
    CHECK(t.committed() == 3);
}

TEST_CASE("semantics 9: in pull an event is acknowledged when the stream advances, and on break") {
    numbers_by_hand t;
    t.run(4);
    const auto s = t.app.stream(t.in) | weir::events();
    for (auto& event : s) {
        if (event.value() == 1) CHECK(t.committed() == 1);
        if (event.value() == 2) break;
    }
    CHECK(t.committed() == 3);
}

TEST_CASE("semantics 9: an exception that leaves the loop acknowledges nothing more, but what was "
          "acknowledged by hand is done with") {
    numbers_by_hand t;
    t.run(4);
    const auto s = t.app.stream(t.in) | weir::events();
    for (const bool first : {true, false}) {
        try {
            for (auto& event : s) {
                CHECK(event.value() == (first ? 0 : 1));
                if (first) CHECK(event.ack());
                throw std::runtime_error{"leave"};
            }
        } catch (const std::runtime_error&) {}
        CHECK(t.committed() == 1);
    }
    trace rest;
    for (auto& event : s) rest.push_back(event.value());
    CHECK(rest == trace{1, 2, 3});
}

// ---------------------------------------------------------------------------------------------- 10
TEST_CASE("semantics 10: ack returns true if this call released this agent's reference, then "
          "false") {
    numbers_by_hand t;
    std::vector<bool> said;
    std::vector<seen> kept;
    t.app.agent("a", t.in | weir::events() | weir::for_each([&](auto& event) {
                         if (event.value() == 0) {
                             said.push_back(event.acked());
                             said.push_back(event.ack());
                             said.push_back(event.ack());
                             said.push_back(event.acked());
                         }
                         kept.push_back(event);
                     }));
    t.run(2);
    CHECK(said == std::vector{false, true, false, true});
    REQUIRE(kept.size() == 2);
    CHECK(kept[1].acked());
    CHECK_FALSE(kept[0].ack());
    CHECK_FALSE(kept[1].ack());  // the automatic one came before
    CHECK(t.committed() == 2);
}

TEST_CASE("semantics 10: an event that was acknowledged by hand is this agent's alone: another "
          "one's work is not committed past") {
    numbers_by_hand t;
    t.app.agent("quick", t.in | weir::events() | weir::for_each([](auto& event) {
                             event.ack();
                             event.ack();
                         }));
    std::vector<weir::hold> kept;
    t.app.agent("slow", t.in | weir::events() |
                            weir::for_each([&](auto& event) { kept.push_back(event.hold()); }));
    t.run(3);
    CHECK(t.committed() == nothing);
    kept.erase(kept.begin());
    CHECK(t.committed() == 1);
    kept.clear();
    CHECK(t.committed() == 3);
}

TEST_CASE("semantics 10: in pull an event that was acknowledged by hand may be committed while its "
          "body goes on") {
    numbers_by_hand t;
    t.run(3);
    const auto s = t.app.stream(t.in) | weir::events();
    trace got;
    for (auto& event : s) {
        got.push_back(event.value());
        CHECK(event.ack());
        CHECK(t.committed() == event.offset() + 1);
        CHECK_FALSE(event.ack());
    }
    CHECK(got == trace{0, 1, 2});
    CHECK(t.test->commits(t.in, 0) == offsets{1, 2, 3});
}

TEST_CASE("semantics 10: what fails after it was acknowledged by hand is told, not tried again") {
    numbers_by_hand t;
    trace got;
    const auto body = weir::for_each([&](auto& event) {
        got.push_back(event.value());
        if (event.value() == 1) {
            event.ack();
            throw std::runtime_error{"after"};
        }
    });
    weir::agent_options options{.on_error = weir::retry(5, 1s).then(weir::skip)};
    offset upto = 3;
    trace expected{0, 1, 2};
    SUBCASE("at a topic") { t.app.agent("a", t.in | weir::events() | body, options); }
    SUBCASE("behind a boundary") {
        t.app.agent(
            "a",
            t.in | weir::map([](int i) -> weir::task<int> { co_return i; }) | weir::events() | body,
            options);
    }
    SUBCASE("a batch taken apart, of which it was the only one") {
        t.app.agent("a",
                    t.in | weir::take(1) | weir::flat_map(std::identity{}) | weir::events() | body,
                    options);
    }
    SUBCASE("the policy stops: it is committed all the same") {
        options.on_error = weir::retry(5, 1s);
        t.app.agent("a", t.in | weir::events() | body, options);
        upto = 2;
        expected = {0, 1};
    }
    t.run(3);
    t.test->advance(10s);
    CHECK(got == expected);
    CHECK(t.test->errors().size() == 1);
    t.test->stop();
    CHECK(t.test->committed(t.in, 0) == upto);
}

TEST_CASE("semantics 10: ack_on_exit acknowledges however the scope is left") {
    numbers_by_hand t;
    std::vector<weir::hold> kept;
    t.app.agent("a", t.in | weir::events() | weir::for_each([&](auto& event) {
                         kept.push_back(event.hold());
                         weir::ack_on_exit guard{event};
                         if (event.value() == 1) throw std::runtime_error{"no"};
                     }));
    t.run(3);
    CHECK(t.test->errors().size() == 1);
    CHECK(t.committed() == 3);  // the holds are spent
}

TEST_CASE("semantics 10: a hold outlives the body: the automatic acknowledgement waits until the "
          "last one is dropped") {
    numbers_by_hand t;
    std::vector<weir::hold> holds;
    std::vector<seen> copies;
    t.app.agent("a", t.in | weir::events() | weir::for_each([&](auto& event) {
                         if (event.value() != 1) return;
                         holds.push_back(event.hold());
                         holds.push_back(event.hold());
                         holds.push_back(holds.back().share());
                         copies.push_back(event);
                     }));
    t.run(3);
    CHECK(t.test->held(t.in, 0) == 1);
    CHECK(t.committed() == 1);
    CHECK_FALSE(copies[0].acked());
    holds.pop_back();
    holds.erase(holds.begin());
    CHECK(t.committed() == 1);
    holds.clear();
    CHECK(copies[0].acked());
    CHECK(t.test->held(t.in, 0) == 0);
    CHECK(t.committed() == 3);
}

TEST_CASE("semantics 10: ack spends the holds of its event") {
    numbers_by_hand t;
    std::vector<weir::hold> holds;
    std::vector<seen> copies;
    t.app.agent("a", t.in | weir::events() | weir::for_each([&](auto& event) {
                         if (event.value() == 0) {
                             holds.push_back(event.hold());
                             event.ack();
                         }
                         if (event.value() == 1) {
                             holds.push_back(event.hold());
                             copies.push_back(event);
                         }
                         CHECK(bool(event.hold()) == (event.value() != 0));
                     }));
    t.run(3);
    CHECK(t.test->held(t.in, 0) == 1);
    CHECK(t.committed() == 1);
    CHECK(copies[0].ack());  // long behind the body
    CHECK(t.test->held(t.in, 0) == 0);
    CHECK(t.committed() == 3);
    CHECK_FALSE(copies[0].ack());
    holds.clear();
    CHECK(t.committed() == 3);
}

TEST_CASE("semantics 10: ack through a copy, in work and after") {
    numbers_by_hand t;
    std::vector<seen> kept;
    std::vector<weir::hold> holds;
    t.app.agent("a", t.in | weir::events() | weir::for_each([&](auto& event) {
                         kept.push_back(event);
                         if (event.value() == 0) {
                             CHECK(kept[0].ack());
                             CHECK(event.acked());
                         }
                         if (event.value() == 1) holds.push_back(event.hold());
                     }));
    t.run(3);
    CHECK(t.committed() == 1);
    const auto again = kept[1];
    kept.clear();
    CHECK(again.ack());
    CHECK(t.committed() == 3);
}

TEST_CASE("semantics 10: of several events of one message, all have to be acknowledged") {
    numbers_by_hand t;
    trace got;
    const auto three = [](int i) { return trace{i * 10, i * 10 + 1, i * 10 + 2}; };
    SUBCASE("what was not seen yet is tried again") {
        int failures = 2;
        t.app.agent(
            "a", t.in | weir::flat_map(three) | weir::events() | weir::for_each([&](auto& event) {
                     got.push_back(event.value());
                     if (event.value() == 1) event.ack();
                     if (event.value() == 1 && failures-- > 0)
                         throw std::runtime_error{"once more"};
                 }),
            {.on_error = weir::retry(5, 1s)});
        t.run(1);
        t.test->advance(5s);
        CHECK(got == trace{0, 1, 0, 1, 0, 1, 2});
        CHECK(t.committed() == 1);
    }
    SUBCASE("in pull") {
        t.run(1);
        const auto s = t.app.stream(t.in) | weir::flat_map(three) | weir::events();
        for (auto& event : s) {
            got.push_back(event.value());
            if (event.value() == 1) {
                event.ack();
                CHECK(t.committed() == nothing);
            }
        }
        CHECK(got == trace{0, 1, 2});
        CHECK(t.committed() == 1);
    }
    SUBCASE("a hold of one of them") {
        std::vector<weir::hold> holds;
        t.app.agent(
            "a", t.in | weir::flat_map(three) | weir::events() | weir::for_each([&](auto& event) {
                     if (event.value() == 1) holds.push_back(event.hold());
                     else event.ack();
                 }));
        t.run(1);
        CHECK(t.committed() == nothing);
        holds.clear();
        CHECK(t.committed() == 1);
    }
    SUBCASE("behind a boundary") {
        std::vector<weir::hold> holds;
        const auto fails = [&](auto& event) {
            got.push_back(event.value());
            if (event.value() == 0) event.ack();
            if (event.value() == 1 && got.size() < 5) throw std::runtime_error{"once more"};
            if (event.value() == 2) holds.push_back(event.hold());
        };
        t.app.agent("a",
                    t.in | weir::take(1) | weir::flat_map(std::identity{}) | weir::flat_map(three) |
                        weir::events() | weir::for_each(fails),
                    {.on_error = weir::retry(5, 1s)});
        t.run(1);
        CHECK(t.test->held(t.in, 0) == 1);  // one of them was acknowledged, three were not
        t.test->advance(5s);
        CHECK(got == trace{0, 1, 0, 1, 0, 1, 2});
        CHECK(t.committed() == nothing);
        holds.clear();
        CHECK(t.committed() == 1);
    }
}

TEST_CASE("semantics 10: single events of a batch are acknowledged by hand; the body that throws "
          "leaves the others") {
    numbers_by_hand t;
    const auto body = [](const seen& event) {
        if (event.value() != 2) event.ack();
        if (event.value() == 3) throw std::runtime_error{"no"};
    };
    SUBCASE("taken apart behind take") {
        t.app.agent("a",
                    t.in | weir::take(4) | weir::flat_map(std::identity{}) | weir::events() |
                        weir::for_each(body),
                    {.on_error = weir::stop});
    }
    SUBCASE("a batch of events") {
        t.app.agent("a", t.in | weir::events() | weir::take(4) |
                             weir::for_each([&](const weir::batch<seen>& b) {
                                 for (auto& event : b) body(event);
                             }));
    }
    SUBCASE("a batch of events, taken apart") {
        t.app.agent("a",
                    t.in | weir::events() | weir::take(4) | weir::flat_map(std::identity{}) |
                        weir::for_each(body),
                    {.on_error = weir::stop});
    }
    t.run(4);
    CHECK_FALSE(t.test->running());
    CHECK(t.test->committed(t.in, 0) == 2);
}

TEST_CASE("semantics 10: a hold of one event of a batch keeps that message and no other") {
    numbers_by_hand t;
    std::vector<weir::hold> holds;
    const auto body = [&](const seen& event) {
        if (event.value() == 1) holds.push_back(event.hold());
    };
    SUBCASE("taken apart behind take") {
        t.app.agent("a", t.in | weir::take(3) | weir::flat_map(std::identity{}) | weir::events() |
                             weir::for_each(body));
    }
    SUBCASE("a batch of events") {
        t.app.agent("a", t.in | weir::events() | weir::take(3) |
                             weir::for_each([&](const weir::batch<seen>& b) {
                                 for (auto& event : b) body(event);
                             }));
    }
    t.run(3);
    CHECK(t.test->held(t.in, 0) == 1);
    CHECK(t.committed() == 1);
    holds.clear();
    CHECK(t.committed() == 3);
}

// ---------------------------------------------------------------------------------------------- 11
TEST_CASE("semantics 11: noack acknowledges nothing unless the user does; it is delivered again "
          "after restart") {
    numbers_by_hand t;
    trace got;
    t.app.agent("a", t.by_hand() | weir::for_each([&](auto& event) {
                         got.push_back(event.value());
                         if (event.value() != 1) CHECK(event.ack());
                     }));
    t.run(4);
    CHECK(t.test->held(t.in, 0) == 0);  // nobody can acknowledge it any more
    CHECK(t.committed() == 1);
    t.test->restart();
    t.test->run();
    CHECK(got == trace{0, 1, 2, 3, 1, 2, 3});
    CHECK(t.committed() == 1);
}

TEST_CASE("semantics 11: an unacknowledged event is delivered again after reassignment") {
    numbers_by_hand t;
    trace got;
    std::vector<weir::hold> holds;
    t.app.agent("a", t.by_hand() | weir::for_each([&](auto& event) {
                         got.push_back(event.value());
                         if (event.value() == 0) event.ack();
                         if (event.value() == 2) holds.push_back(event.hold());
                     }));
    t.run(3);
    t.test->revoke(t.in, 0);
    t.test->advance(10s);  // what is held is awaited
    CHECK(t.test->committed(t.in, 0) == 1);
    t.test->assign(t.in, 0);
    t.test->run();
    CHECK(got == trace{0, 1, 2, 1, 2});
    holds.front().ack();  // of the old assignment: means nothing now
    CHECK(t.committed() == 1);
}

TEST_CASE("semantics 11: dropping a hold is no acknowledgement, ack of a hold is one") {
    numbers_by_hand t;
    std::vector<weir::hold> holds;
    t.app.agent("a",
                t.by_hand() | weir::for_each([&](auto& event) { holds.push_back(event.hold()); }));
    t.run(5);
    CHECK(t.test->held(t.in, 0) == 5);
    CHECK(t.committed() == nothing);
    const auto let_go = [&] {
        holds[0].ack();
        holds[1].release();
        holds[2] = {};
        holds[3].ack();
        holds[4].ack();
    };
    SUBCASE("on the loop's thread") { let_go(); }
    SUBCASE("on another thread") {
        std::thread{let_go}.join();
        t.test->run();
    }
    CHECK(t.test->held(t.in, 0) == 0);
    CHECK(t.committed() == 1);
}

TEST_CASE("semantics 11: while one handle is left, it can still be acknowledged") {
    numbers_by_hand t;
    std::vector<weir::hold> holds;
    std::vector<seen> copies;
    t.app.agent("a", t.by_hand() | weir::for_each([&](auto& event) {
                         if (event.value() == 0) {
                             holds.push_back(event.hold());
                             holds.push_back(event.hold());
                         } else copies.push_back(event);
                     }));
    t.run(2);
    holds.erase(holds.begin());  // no acknowledgement, but the other one is there
    CHECK(t.committed() == nothing);
    holds[0].ack();
    CHECK(t.committed() == 1);
    CHECK(t.test->held(t.in, 0) == 1);  // a copy is a handle, too
    CHECK(copies[0].ack());
    CHECK(t.committed() == 2);
}

TEST_CASE("semantics 11: an event that a filter drops, before or behind noack, is acknowledged") {
    numbers_by_hand t;
    const auto none = [](const auto&) { return false; };
    SUBCASE("before") {
        t.app.agent("a", t.in | weir::events() | weir::filter(none) | weir::noack());
    }
    SUBCASE("behind") {
        t.app.agent("a", t.by_hand() | weir::filter(none) | weir::for_each([](auto&) {}));
    }
    SUBCASE("before events") {
        t.app.agent("a", t.in | weir::filter(none) | weir::events() | weir::noack() |
                             weir::for_each([](auto&) {}));
    }
    SUBCASE("behind a batch of events") {
        t.app.agent("a", t.in | weir::events() | weir::take(1) | weir::flat_map(std::identity{}) |
                             weir::noack() | weir::filter(none) | weir::for_each([](auto&) {}));
    }
    t.run(3);
    CHECK(t.test->held(t.in, 0) == 0);
    CHECK(t.committed() == 3);
}

TEST_CASE("semantics 11: noack of a batch of events: each is acknowledged by hand, or stays open") {
    numbers_by_hand t;
    const auto body = weir::for_each([](const seen& event) {
        if (event.value() != 2) event.ack();
    });
    SUBCASE("of events taken together") {
        t.app.agent("a", t.in | weir::events() | weir::take(4) | weir::flat_map(std::identity{}) |
                             weir::noack() | body);
    }
    SUBCASE("of values taken together") {
        t.app.agent("a", t.in | weir::take(4) | weir::flat_map(std::identity{}) | weir::events() |
                             weir::noack() | body);
    }
    SUBCASE("the batch is an event itself") {
        t.app.agent("a", t.in | weir::take(2) | weir::events() | weir::noack() |
                             weir::for_each([](auto& event) {
                                 if (event.value()[0] == 0) event.ack();
                             }));
    }
    t.run(4);
    CHECK(t.test->held(t.in, 0) == 0);
    CHECK(t.committed() == 2);
}

TEST_CASE("semantics 11: what a policy skips is acknowledged, also behind noack") {
    numbers_by_hand t;
    std::vector<weir::hold> holds;
    std::vector<seen> copies;
    t.app.agent("a", t.by_hand() | weir::for_each([&](auto& event) {
                         if (event.value() == 0) copies.push_back(event);
                         if (event.value() == 1) holds.push_back(event.hold());
                         if (event.value() < 3) throw std::runtime_error{"no"};
                         event.ack();
                     }));
    t.run(4);
    CHECK(t.test->errors().size() == 3);
    CHECK(t.committed() == 1);  // a hold still keeps it open, a copy does not
    CHECK_FALSE(copies[0].ack());
    holds.clear();
    CHECK(t.committed() == 4);
}

TEST_CASE("semantics 11: a retry behind noack begins anew, with nothing acknowledged") {
    numbers_by_hand t;
    std::vector<weir::hold> holds;
    int calls = 0;
    t.app.agent("a", t.by_hand() | weir::for_each([&](auto& event) {
                         holds.push_back(event.hold());
                         if (++calls == 1) throw std::runtime_error{"once more"};
                     }),
                {.on_error = weir::retry(1, 1s)});
    t.run(1);
    t.test->advance(1s);
    REQUIRE(holds.size() == 2);
    CHECK(t.test->held(t.in, 0) == 1);
    holds[0].ack();  // of the attempt that failed
    CHECK(t.committed() == nothing);
    holds[1].ack();
    CHECK(t.committed() == 1);
}

TEST_CASE("semantics 11: pull behind noack acknowledges by hand alone") {
    numbers_by_hand t;
    t.run(4);
    const auto s = t.app.stream(t.in) | weir::events() | weir::noack();
    for (auto& event : s)
        if (event.value() != 1) event.ack();
    CHECK(t.committed() == 1);
    for (auto& event : s) FAIL(event.value());  // passed is passed, in this run
    t.test->restart();
    trace again;
    for (auto& event : s) {
        again.push_back(event.value());
        event.ack();
    }
    CHECK(again == trace{1, 2, 3});
    CHECK(t.committed() == 4);
}

TEST_CASE("semantics 11: a coroutine behind noack acknowledges by hand alone") {
    numbers_by_hand t;
    t.app.agent("a", t.by_hand(), [](auto stream) -> weir::task<> {
        while (auto event = co_await stream.next()) {
            if (event->value() != 1) CHECK(event->ack());
            CHECK_FALSE((event->value() != 1 && event->ack()));
        }
    });
    t.run(4);
    CHECK(t.test->held(t.in, 0) <= 1);  // its last look may still be there
    CHECK(t.committed() == 1);
}

TEST_CASE("semantics 11: noack in one branch of a merge, whose events become variants") {
    numbers_by_hand t;
    auto words = t.app.topic<std::string>("words");
    int got = 0;
    t.app.agent("a", ((t.in | weir::events()) & (words | weir::events() | weir::noack())) |
                         weir::for_each([&](const auto&) { ++got; }));
    t.run(2);
    t.test->send(words, "k", "a");
    CHECK(got == 3);
    CHECK(t.committed() == 2);
    CHECK(t.test->committed(words, 0) == nothing);
}

// ---------------------------------------------------------------------------------------------- 12
TEST_CASE("semantics 12: with offset 11 unacknowledged and 12 to 14 acknowledged, the committed "
          "offset stays 11") {
    numbers_by_hand t;
    std::vector<seen> kept;
    t.app.agent("a", t.by_hand() | weir::for_each([&](auto& event) {
                         if (event.offset() == 11) kept.push_back(event);
                         else event.ack();
                     }));
    t.run(15);
    CHECK(t.committed() == 11);
    t.run(1);  // nor does a later one move it
    CHECK(t.committed() == 11);
    CHECK(kept.front().ack());
    CHECK(t.committed() == 16);
    CHECK(t.test->commits(t.in, 0) == offsets{11, 16});
}

// ---------------------------------------------------------------------------------------------- 13
TEST_CASE("semantics 13: a hold released on another thread is posted") {
    numbers_by_hand t;
    std::vector<weir::hold> holds;
    t.app.agent("a", t.in | weir::events() |
                         weir::for_each([&](auto& event) { holds.push_back(event.hold()); }));
    t.run(2);
    std::thread{[&] { holds.clear(); }}.join();
    CHECK(t.test->held(t.in, 0) == 2);  // until the loop turns
    t.test->run();
    CHECK(t.test->held(t.in, 0) == 0);
    CHECK(t.committed() == 2);
}

TEST_CASE("semantics 13: a hold, or a copy of an event, that outlives its app is a no-op") {
    std::vector<weir::hold> holds;
    std::vector<seen> copies;
    const auto keep = weir::for_each([&](auto& event) {
        holds.push_back(event.hold());
        if (event.value() == 1) copies.push_back(event);
    });
    {
        numbers_by_hand t;
        t.app.agent("plain", t.in | weir::events() | keep);
        t.app.agent("noack", t.by_hand() | keep);
        t.app.agent("batch",
                    t.in | weir::take(2) | weir::flat_map(std::identity{}) | weir::events() | keep);
        t.run(2);
    }
    REQUIRE(holds.size() == 6);
    holds[2].ack();
    copies[0].ack();
    CHECK(copies[1].value() == 1);
    std::thread{[&] { holds.pop_back(), copies.pop_back(); }}.join();
    holds.clear();
    copies.clear();
}
