// SPDX-License-Identifier: Apache-2.0
// What boundaries keep of a message: the parts that operators behind them need.
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "driven.hpp"

namespace weir::detail {

/// What an operator finds of its message.
struct found {
    std::string key{}, key_bytes{}, headers{}, value{};
    bool key_is_decoded = false;
    weir::timestamp time{};
    friend bool operator==(const found&, const found&) = default;
};

/// Notes what it finds, and says that it needs `Needs`.
template <message_part Needs>
struct look_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    std::vector<found>* to;

    template <class K>
    struct running {
        static constexpr message_part needs = Needs;
        std::vector<found>* to;
        K scratch{};
        static std::string text(const std::string& s) { return s; }
        static std::string text(double d) { return d == 1.5 ? "1.5" : "?"; }
        static std::string text(const bytes& b) { return std::string{b.view()}; }
        template <class T>
        static std::string text(const std::optional<T>& o) {
            return o ? text(*o) : "none";
        }
        void operator()(context& c, auto&& v, auto&& next) {
            const auto m = c.message();
            const auto headers = c.from.headers_of(c.i);
            found f;
            if (includes(Needs, message_part::key)) f.key = text(*key_at<K>(c, scratch));
            f.key_bytes = m.key.view();
            f.headers = headers.empty() ? "" : headers.front().name;
            f.value = m.value.view();
            f.key_is_decoded = c.keys || c.from.key_of(c.i);
            // an asynchronous call keeps the time itself, for tables that it changes
            if (includes(Needs, message_part::time)) f.time = m.timestamp;
            to->push_back(std::move(f));
            next(std::forward<decltype(v)>(v));
        }
    };
    std::string describe() const { return "look"; }
    template <class K, class>
    running<shown_key_t<K>> make_step(plan&) const {
        return {to};
    }
};

}  // namespace weir::detail

namespace {

using namespace weir::detail;
using look_key = look_op<message_part::key>;
using all_found = std::vector<found>;
const weir::timestamp at{5ms};

/// Sends the value 7 through what `build` puts between the topic and its end.
template <class K = std::string, class Build>
void send_through(Build build, const K& key, weir::agent_options o = {}) {
    weir::app app{"needs"};
    auto in = app.topic<K, std::string>("in");
    app.agent("a", build(in), std::move(o));
    test_driver test{app};
    test.send(in, key, "7", {.timestamp = at, .headers = {{"h"}}});
}

/// The boundaries, each with the look behind it.
template <message_part Needs>
all_found found_behind(const std::string& boundary, weir::agent_options o = {}) {
    all_found got;
    const look_op<Needs> look{&got};
    const auto later = [](std::string s) -> weir::task<std::string> { co_return s; };
    if (boundary == "map")
        send_through([&](auto& in) { return in | weir::map(later) | look; }, std::string{"k"}, o);
    if (boundary == "process")
        send_through([&](auto& in) { return in | weir::process(later) | look; }, std::string{"k"},
                     o);
    if (boundary == "processors")
        send_through(
            [&](auto& in) {
                using topic = std::decay_t<decltype(in)>;
                std::vector<weir::processor<std::string>> all{later};
                return processed<topic>{in, std::move(all)} | look;
            },
            std::string{"k"}, o);
    if (boundary == "take")
        send_through(
            [&](auto& in) { return in | weir::take(1) | weir::flat_map(std::identity{}) | look; },
            std::string{"k"}, o);
    if (boundary == "take, map")
        send_through(
            [&](auto& in) {
                return in | weir::take(1) | weir::flat_map(std::identity{}) | weir::map(later) |
                       look;
            },
            std::string{"k"}, o);
    return got;
}
const texts boundaries{"map", "process", "processors", "take", "take, map"};

}  // namespace

TEST_CASE("behind a boundary an operator finds the parts of a message that it needs, and no "
          "others") {
    using enum message_part;
    for (const auto& b : boundaries) {
        CAPTURE(b);
        CHECK(found_behind<none>(b) == all_found{{}});
        CHECK(found_behind<message_part::key>(b) ==
              all_found{{.key = "k", .key_is_decoded = true}});
        CHECK(found_behind<key_bytes>(b) == all_found{{.key_bytes = "k"}});
        CHECK(found_behind<message_part::headers>(b) == all_found{{.headers = "h"}});
        CHECK(found_behind<message_part::time>(b) == all_found{{.time = at}});
        CHECK(found_behind<message_part::value>(b) == all_found{{.value = "7"}});
    }
}

TEST_CASE("if the key's bytes are needed, too, the key is decoded from them") {
    using enum message_part;
    for (const auto& b : boundaries) {
        CAPTURE(b);
        CHECK(found_behind<message_part::key | key_bytes>(b) ==
              all_found{{.key = "k", .key_bytes = "k"}});
    }
}

TEST_CASE("for dead letters a boundary keeps all of a message") {
    for (const auto& b : boundaries) {
        CAPTURE(b);
        CHECK(found_behind<message_part::key | message_part::time>(
                  b, {.on_error = weir::dead_letter("dead")}) == all_found{{.key = "k",
                                                                            .key_bytes = "k",
                                                                            .headers = "h",
                                                                            .value = "7",
                                                                            .key_is_decoded = true,
                                                                            .time = at}});
    }
}

TEST_CASE("a batch's common key is kept decoded, or null") {
    all_found got;
    weir::app app{"needs"};
    auto in = app.topic<std::string, int>("in");
    app.agent("a", in | weir::take(2) | look_key{&got});
    test_driver test{app};
    for (const char* key : {"a", "a", "a", "b"}) test.send(in, key, 0);
    CHECK(got ==
          all_found{{.key = "a", .key_is_decoded = true}, {.key = "none", .key_is_decoded = true}});
}

TEST_CASE("what is revoked leaves take with its key") {
    all_found got;
    weir::app app{"needs"};
    auto in = app.topic<std::string, int>("in", {.partitions = 2});
    app.agent("a", in | weir::take(3) | weir::flat_map(std::identity{}) | look_key{&got});
    test_driver test{app};
    test.send(in, "a", 0, {.partition = 0});
    test.send(in, "b", 0, {.partition = 1});
    test.revoke(in, 0);
    test.send(in, "c", 0, {.partition = 1});
    test.send(in, "d", 0, {.partition = 1});
    CHECK(got == all_found{{.key = "b", .key_is_decoded = true},
                           {.key = "c", .key_is_decoded = true},
                           {.key = "d", .key_is_decoded = true}});
}

TEST_CASE("what waits behind an asynchronous call and is lost leaves with its key") {
    silent quiet;
    all_found got;
    weir::app app{"needs", {.hooks = &quiet}};
    auto in = app.topic<std::string, int>("in", {.partitions = 2});
    const auto at_once = [](int i) -> weir::task<int> { co_return i; };
    app.agent("a",
              in | weir::map(at_once) | look_key{&got} | weir::take(1) |
                  weir::for_each([n = 0](const auto&) mutable {
                      if (++n == 1) throw std::runtime_error{"not now"};
                  }),
              {.on_error = weir::retry(1, 1s)});
    test_driver test{app};
    for (const char* key : {"a", "b", "c"})
        test.send(in, key, 0, {.partition = *key == 'b' ? 0 : 1});
    CHECK(got.size() == 1);  // the others wait behind the call
    test.lose(in, 0);
    test.advance(1s);
    CHECK(got ==
          all_found{{.key = "a", .key_is_decoded = true}, {.key = "c", .key_is_decoded = true}});
}

TEST_CASE("take keeps keys as bytes that are not compared decoded") {
    all_found got;
    send_through<double>(
        [&](auto& in) {
            return in | weir::take(1) | weir::flat_map(std::identity{}) | look_key{&got};
        },
        1.5);
    REQUIRE(got.size() == 1);
    CHECK(got[0].key == "1.5");
    CHECK_FALSE(got[0].key_bytes.empty());
    CHECK_FALSE(got[0].key_is_decoded);
}

TEST_CASE("a branch of a merge keeps the key in the form that is read behind it") {
    all_found got;
    weir::app app{"needs"};
    auto in = app.topic<std::string, int>("in");
    auto other = app.topic<int, int>("other");
    const auto later = [](int i) -> weir::task<int> { co_return i; };
    std::string key;
    app.agent("a", ((in | weir::map(later)) & other) | weir::items() |
                       weir::for_each([&](const auto& i) { key = i.key().view(); }));
    test_driver test{app};
    test.send(in, "k", 7);
    CHECK(key == "k");
}

TEST_CASE("operators say what they need") {
    using enum message_part;
    using items = items_op::running<std::string>;
    const auto and_time = message_part::headers | message_part::time;
    CHECK((items::needs == message_part::key));
    CHECK((items_op::running<weir::bytes>::needs == key_bytes));
    CHECK((send_sink<int, same_key>::needs == (key_bytes | and_time)));
    CHECK((send_sink<int, found_key>::needs == and_time));
    CHECK((step<items, into_chain_ref<int, message_part::time, false>>::needs ==
           (message_part::key | message_part::time)));
}

TEST_CASE("a key that points into its message is kept as bytes") {
    using kept = kept_of_message<std::string_view, message_part::key>;
    CHECK_FALSE(kept::key_decoded);
    CHECK((kept::parts == (message_part::key | message_part::key_bytes)));
    CHECK((kept_of_message<std::string, message_part::key>::key_decoded));
}
