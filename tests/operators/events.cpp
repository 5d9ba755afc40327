// SPDX-License-Identifier: Apache-2.0
// events: what an event shows of its message, at a topic and behind boundaries; copies; what it
// costs.
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "counted.hpp"
#include "driven.hpp"

namespace {

using weir::testing::counted;
using keyed_event = weir::event<std::string, int>;

const weir::headers two_headers{{"a", weir::bytes{"1"}}, {"a", std::nullopt}};
const weir::timestamp noon{std::chrono::hours{12}};

struct order {
    std::string account;
    int amount = 0;
};

std::string shown(const weir::headers& all) {
    std::string line;
    for (auto h : all)
        line += (line.empty() ? "" : " ") + h.name + '=' + (h.value ? h.value->buffer() : "-");
    return line;
}

/// An app with one message of key "k", value 7, two headers, a timestamp, at t[1]@0.
struct one_message {
    weir::app app{"a"};
    weir::topic<std::string, int> in = app.topic<std::string, int>("t", {.partitions = 2});
    void run() {
        test_driver test{app};
        test.send(in, "k", 7, {.partition = 1, .timestamp = noon, .headers = two_headers});
        CHECK(test.errors().empty());
        test.commit();
        CHECK(test.committed(in, 1) == committed{1});
    }
};

void check_message(const auto& e) {
    CHECK(e.topic() == "t");
    CHECK(e.partition() == 1);
    CHECK(e.offset() == 0);
    CHECK(e.timestamp() == noon);
    CHECK(e.headers() == two_headers);
    CHECK(e.raw_key() == weir::bytes_view{"k"});
}

}  // namespace

TEST_CASE("semantics 5: an event shows key, value, headers, timestamp, place and the message's "
          "bytes") {
    one_message t;
    int got = 0;
    t.app.agent("e", t.in | weir::events() | weir::for_each([&](auto& event) {
                         ++got;
                         check_message(event);
                         CHECK(event.key() == "k");
                         CHECK(event.value() == 7);
                         CHECK(event.raw_value().size() == 4);
                     }));
    t.run();
    CHECK(got == 1);
}

TEST_CASE("an event behind map has the mapped value and the message's own bytes") {
    one_message t;
    int got = 0;
    t.app.agent("e", t.in | weir::map([](int i) { return std::to_string(i); }) | weir::events() |
                         weir::for_each([&](auto& event) {
                             ++got;
                             check_message(event);
                             CHECK(event.key() == "k");
                             CHECK(event.value() == "7");
                             CHECK(event.raw_value().size() == 4);
                         }));
    t.run();
    CHECK(got == 1);
}

TEST_CASE("an event behind a boundary still has its message, all but the bytes of its value") {
    one_message t;
    int got = 0;
    const auto look = weir::for_each([&](auto& event) {
        ++got;
        check_message(event);
        CHECK(event.key() == "k");
        CHECK(event.value() == 7);
        CHECK(event.raw_value().is_null());
    });
    SUBCASE("a batch taken apart") {
        t.app.agent("e",
                    t.in | weir::take(1) | weir::flat_map(std::identity{}) | weir::events() | look);
    }
    SUBCASE("an asynchronous map") {
        t.app.agent("e", t.in | weir::map([](int i) -> weir::task<int> { co_return i; }) |
                             weir::events() | look);
    }
    t.run();
    CHECK(got == 1);
}

TEST_CASE("an event that is buffered owns its bytes, those of its value, too") {
    one_message t;
    int got = 0;
    t.app.agent("e", t.in | weir::events() | weir::take(1) |
                         weir::for_each([&](const weir::batch<keyed_event>& b) {
                             ++got;
                             check_message(b[0]);
                             CHECK(b[0].key() == "k");
                             CHECK(b[0].value() == 7);
                             CHECK(b[0].raw_value().size() == 4);
                         }));
    t.run();
    CHECK(got == 1);
}

TEST_CASE("events behind group_by are those of the internal topic, headers and timestamp kept") {
    weir::app app{"a"};
    auto in = app.topic<order>("orders");
    std::vector<std::string> got;
    app.agent(
        "g",
        in | weir::group_by(&order::account) | weir::events() | weir::for_each([&](auto& event) {
            got.push_back(event.topic() + ' ' + event.key() + ' ' +
                          std::to_string(event.value().amount) + ' ' + shown(event.headers()));
            CHECK(event.timestamp() == noon);
            CHECK(event.ack());
        }));
    test_driver test{app};
    test.send(in, "k", {"ann", 3}, {.timestamp = noon, .headers = two_headers});
    CHECK(got == std::vector<std::string>{"a-g-account-repartition ann 3 a=1 a=-"});
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
    CHECK(test.committed("a-g-account-repartition", 0) == committed{1});
}

TEST_CASE("several values of one message are events of the same message") {
    one_message t;
    numbers got;
    t.app.agent("e", t.in | weir::flat_map([](int i) {
                         return numbers{i, i + 1};
                     }) | weir::events() |
                         weir::for_each([&](auto& event) {
                             got.push_back(event.value());
                             check_message(event);
                         }));
    t.run();
    CHECK(got == numbers{7, 8});
}

TEST_CASE("events of a range have no message: null bytes, no topic; ack says true once") {
    std::vector<std::string> got;
    for (auto& event : weir::from(numbers{1, 2}) | weir::events()) {
        got.push_back(event.topic() + '|' + std::to_string(event.value()));
        CHECK(event.key().is_null());
        CHECK(event.raw_value().is_null());
        CHECK(event.headers().empty());
        CHECK(event.ack());
        CHECK_FALSE(event.ack());
    }
    CHECK(got == std::vector<std::string>{"|1", "|2"});
    std::vector<weir::hold> holds;
    std::vector<weir::event<weir::bytes, int>> copies;
    for (auto& event : weir::from(numbers{1, 2}) | weir::events() | weir::noack()) {
        holds.push_back(event.hold());
        copies.push_back(event);
    }
    holds[0].ack();
    CHECK(copies[0].acked());
    CHECK(copies[1].ack());
}

TEST_CASE("a copy of an event owns its bytes and outlives its message, its run and its app") {
    std::vector<keyed_event> kept;
    {
        one_message t;
        t.app.agent("e", t.in | weir::events() | weir::for_each([&](auto& event) {
                             kept.push_back(event);
                             auto moved = std::move(event);  // a look: moving it copies
                             kept.push_back(std::move(moved));
                             keyed_event assigned{{}, {}, {}, {}, {}, {}, {}, {}};
                             assigned = event;
                             assigned = kept.front();
                             kept.push_back(assigned);
                         }));
        t.run();
    }
    REQUIRE(kept.size() == 3);
    for (auto& e : kept) {
        check_message(e);
        CHECK(e.key() == "k");
        CHECK(e.value() == 7);
        CHECK(e.raw_value().size() == 4);
        CHECK(e.acked());
        CHECK_FALSE(e.ack());
        CHECK_FALSE(e.hold());
    }
}

TEST_CASE("each agent of a topic acknowledges for itself") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<std::pair<char, bool>> said;
    for (char name : {'x', 'y'})
        app.agent(std::string{name}, in | weir::events() | weir::for_each([&said, name](auto& e) {
                                         said.emplace_back(name, e.ack());
                                     }));
    std::vector<weir::hold> holds;
    app.agent("z", in | weir::events() | weir::for_each([&](auto& e) {
                       if (e.value() == 1) holds.push_back(e.hold());
                       CHECK(e.ack() == true);
                   }));
    std::vector<weir::hold> others;
    app.agent("w", in | weir::events() | weir::for_each([&](auto& e) {
                       if (e.value() == 1) others.push_back(e.hold());
                   }));
    test_driver test{app};
    test.send(in, "k", 0);
    test.send(in, "k", 1);
    CHECK(said.size() == 4);
    for (auto& s : said) CHECK(s.second);
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
    others.clear();
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("events shows the decoded value itself, a constant: nothing is copied") {
    counted::copies = 0;
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    int sum = 0;
    app.agent("e", in | weir::events() | weir::filter([](const auto& e) {
                       return e.value().number > 0;
                   }) | weir::for_each([&](auto& e) { sum += e.value().number; }));
    test_driver test{app};
    test.append(in, "k", counted{1});
    test.append(in, "k", counted{2});
    counted::copies = 0;
    test.run();
    CHECK(sum == 3);
    CHECK(counted::copies == 0);
}

namespace {

struct breaks {
    int number = 0;
    breaks() = default;
    explicit breaks(int n) : number(n) {}
    breaks(const breaks&) = default;
    breaks(breaks&& o) : number(o.number) {}
    breaks& operator=(const breaks&) = default;
    breaks& operator=(breaks&& o) {
        if (o.number == 2) throw std::runtime_error{"two!"};
        number = o.number;
        return *this;
    }
    ~breaks() = default;
};

}  // namespace

TEST_CASE("a value whose move throws is a failure of its message, and of no other") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("e", in | weir::map([](int i) { return breaks{i}; }) | weir::events() |
                       weir::for_each([&](auto& e) { got.push_back(e.value().number); }));
    test_driver test{app};
    for (int i : {1, 2, 3, 2, 4}) test.send(in, "k", i);
    CHECK(got == numbers{1, 3, 4});
    CHECK(test.errors().size() == 2);
    test.commit();
    CHECK(test.committed(in, 0) == committed{5});
}

TEST_CASE("events is drawn with its keys and values") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    app.agent("e", in | weir::take(2) | weir::events());
    app.agent("f", in | weir::events() | weir::noack());
    CHECK(app.graph().text() ==
          "agent e\n"
          "  topic in : std::string, int\n"
          "  | take(2) : std::optional<std::string>, weir::batch<int>\n"
          "  | events : std::optional<std::string>, weir::event<std::optional<std::string>, "
          "weir::batch<int>>\n"
          "agent f\n"
          "  topic in : std::string, int\n"
          "  | events : std::string, weir::event<std::string, int>\n"
          "  | noack : std::string, weir::event<std::string, int>\n");
}

TEST_CASE("a message as an event, acknowledged, held or not, allocates nothing") {
    using weir::testing::allocations;
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    auto other = app.topic<std::string, int>("other");
    std::size_t first = 0, last = 0;
    int seen = 0;
    weir::hold held;
    const auto watch = [&] {
        if (++seen == 3000) first = allocations();
        if (seen == 4000) last = allocations();
    };
    SUBCASE("acknowledged by itself") {
        app.agent("e", in | weir::events() | weir::for_each([&](auto&) { watch(); }));
    }
    SUBCASE("by hand") {
        app.agent("e", in | weir::events() | weir::for_each([&](auto& e) { e.ack(), watch(); }));
    }
    SUBCASE("behind noack") {
        app.agent("e", in | weir::events() | weir::noack() |
                           weir::for_each([&](auto& e) { e.ack(), watch(); }));
    }
    SUBCASE("held for a while") {
        app.agent("e", in | weir::events() | weir::noack() | weir::for_each([&](auto& e) {
                           held.ack();
                           held = e.hold();
                           watch();
                       }));
    }
    SUBCASE("merged, and erased") {
        const weir::stream<std::string, int> plain = in | weir::filter([](int) { return true; });
        app.agent("e", ((plain & other) | weir::events() | weir::erase()) |
                           weir::for_each([&](auto& e) { e.ack(), watch(); }));
    }
    test_driver test{app};
    for (int i = 0; i < 4000; ++i) test.append(in, "a key of some length, beyond a small one", i);
    test.run();
    CHECK(seen == 4000);
    CHECK(last == first);
}

namespace {

struct withdrawal {
    std::string account;
    double amount = 0;
};
double used = 0;
void use(const withdrawal& w) { used += w.amount; }

}  // namespace

TEST_CASE("events as one writes them: by hand, kept behind noack, by a guard") {
    weir::app app{"a"};
    auto withdrawals = app.topic<withdrawal>("withdrawals");
    std::vector<weir::hold> kept;
    // clang-format off
    app.agent("hand", withdrawals | weir::events() | weir::for_each([](auto& event) { use(event.value()); event.ack(); }));  // tidy: no
    app.agent("kept", withdrawals | weir::events() | weir::noack() | weir::for_each([&](auto& event) { kept.push_back(event.hold()); }));  // tidy: no
    app.agent("guard", withdrawals | weir::events() | weir::for_each([](auto& event) { weir::ack_on_exit guard{event}; use(event.value()); }));  // tidy: no
    // clang-format on
    test_driver test{app};
    used = 0;
    test.send(withdrawals, "k", {"alice", 12.5});
    CHECK(used == 25);
    CHECK(test.held(withdrawals, 0) == 1);
    test.commit();
    CHECK(test.committed(withdrawals, 0) == committed{});
    kept.front().ack();
    test.commit();
    CHECK(test.committed(withdrawals, 0) == committed{1});
}
