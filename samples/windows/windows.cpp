// SPDX-License-Identifier: Apache-2.0
// Windows: orders of each account, added up by time. Played on a virtual clock, as a test would, to
// give the messages their timestamps.
//
// Prints:
//   tumbling:
//     12:01:01 ann 12:00:00-12:01:00: 3 orders
//     12:01:01 bob 12:00:00-12:01:00: 1 orders
//   hopping:
//     12:01:30 ann 11:59:30-12:00:30: 10
//     12:01:30 ann 12:00:00-12:01:00: 30
//   sessions:
//     12:02:01 ann 12:00:00-12:01:00: 4 orders for 100
//   updates:
//     12:00:10 ann 12:00:00-12:01:00: 1 orders
//     12:00:20 ann 12:00:00-12:01:00: 2 orders
//   sessions, each update:
//     12:00:00 ann 12:00:00-12:00:00: 10
//     12:00:45 ann 12:00:45-12:00:45: 20
//     12:00:20 ann 12:00:00-12:00:00: no more
//     12:00:20 ann 12:00:45-12:00:45: no more
//     12:00:20 ann 12:00:00-12:00:45: 70
//   a quiet partition:
//     nothing yet after 84 s
//     12:00:10 ann 12:00:00-12:01:00: 1 orders
//   late:
//     the hook: orders@2 is 15 s too late for 12:00:00-12:01:00
//     the topic: 70 is 15000 ms too late
//     1 late
//   a result that fails:
//     not done: 2 orders of ann from 12:00:00 on
//     12:01:00 bob 12:00:00-12:01:00: 1 orders
//   in a body:
//     12:00:40 ann has spent 110 in this minute, and 0 in the one before
//     12:01:10 ann has spent 120 in this minute, and 110 in the one before
#include <fmt/chrono.h>
#include <fmt/core.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;
using weir::testing::test_driver;

/// Midday, and so much later.
weir::timestamp at(std::chrono::seconds later) {
    return weir::timestamp{12h + later};
}
std::string clock_time(weir::timestamp t) {
    const auto since = std::chrono::floor<std::chrono::seconds>(t.time_since_epoch());
    return fmt::format("{:%H:%M:%S}", since);
}

// [types]
using account_in_window = weir::windowed<std::string>;  // key, start, end
// [/types]

std::string text(const account_in_window& w) {
    return fmt::format("{} {}-{}", w.key, clock_time(w.start), clock_time(w.end));
}

struct order_at {
    std::chrono::seconds time;
    std::string account;
    int price;
};

/// An app that reads orders, keyed by account. `now` is the time of the message that is sent.
struct shop {
    explicit shop(const char* title, weir::hooks* hooks = nullptr)
        : app{"shop", {.hooks = hooks}}, orders{app.topic<std::string, int>("orders")} {
        fmt::print("{}:\n", title);
    }
    void send(test_driver& test, const std::vector<order_at>& all) {
        for (auto& o : all) {
            now = clock_time(at(o.time));
            test.send(orders, o.account, o.price, {.timestamp = at(o.time)});
        }
    }
    auto print_counts() {
        return weir::for_each([this](const auto& item) {
            fmt::print("  {} {}: {} orders\n", now, text(item.key()), item.value());
        });
    }
    weir::app app;
    weir::topic<std::string, int> orders;
    std::string now{};
};

void count_by_minute() {
    shop s{"tumbling"};
    auto& app = s.app;
    auto& orders = s.orders;
    const auto print = s.print_counts();
    // [tumbling]
    auto per_minute = app.table<account_in_window, std::int64_t>("orders-per-minute");

    app.agent("count", orders                                // stream of int, keyed by account
        | weir::window(weir::tumbling(1min), weir::grace(1s))
        | weir::count(per_minute)                            // of std::int64_t, keyed by windows
        | weir::items()                                      // of item<account_in_window, int64_t>
        | print);
    // [/tumbling]
    test_driver test{app};
    s.send(test, {{5s, "bob", 10}, {10s, "ann", 20}, {59s, "ann", 30}, {1min, "bob", 40},
                  {58s, "ann", 50}, {61s, "bob", 60}});
}

void add_up_in_hops() {
    shop s{"hopping"};
    auto& app = s.app;
    auto& orders = s.orders;
    // [hopping]
    auto spent = app.table<account_in_window, int>("spent");
    const auto add = [](int& sum, int price) { sum += price; };

    app.agent("spent", orders
        | weir::window(weir::hopping(1min, 30s), weir::grace(30s))  // each order is in two
        | weir::aggregate(spent, add, add)     // the second one adds a sum to a sum
        | weir::items()
        | weir::for_each([&](const auto& item) {
              fmt::print("  {} {}: {}\n", s.now, text(item.key()), item.value());
          }));
    // [/hopping]
    test_driver test{app};
    s.send(test, {{10s, "ann", 10}, {40s, "ann", 20}, {90s, "bob", 30}});
}

// [visit]
struct visit { int orders = 0; int sum = 0; };
// [/visit]

void find_sessions() {
    shop s{"sessions"};
    auto& app = s.app;
    auto& orders = s.orders;
    // [session]
    auto visits = app.table<std::string, weir::sessions<visit>>("visits");
    const auto add = [](visit& v, int price) {
        ++v.orders;
        v.sum += price;
    };
    const auto merge = [](visit& v, const visit& later) {
        v.orders += later.orders;
        v.sum += later.sum;
    };

    app.agent("visits", orders
        | weir::window(weir::session(30s), weir::grace(30s))
        | weir::aggregate(visits, add, merge)                // of visit, keyed by windows
        | weir::items()
        | weir::for_each([&](const auto& item) {
              auto& [window, v] = item;
              fmt::print("  {} {}: {} orders for {}\n", s.now, text(window), v.orders, v.sum);
          }));
    // [/session]
    test_driver test{app};
    s.send(test, {{0s, "ann", 10}, {25s, "ann", 20}, {60s, "ann", 30}, {40s, "ann", 40},
                  {121s, "bob", 50}});
}

void follow_updates() {
    shop s{"updates"};
    auto per_minute = s.app.table<account_in_window, std::int64_t>("orders-per-minute");
    // [update]
    s.app.agent("count", s.orders
        | weir::window(weir::tumbling(1min), weir::grace(1min), weir::on_update)
        | weir::count(per_minute)
        | weir::items()
        | s.print_counts());
    // [/update]
    test_driver test{s.app};
    s.send(test, {{10s, "ann", 10}, {20s, "ann", 20}});
}

void follow_sessions() {
    shop s{"sessions, each update"};
    auto visits = s.app.table<std::string, weir::sessions<int>>("visits");
    const auto add = [](int& sum, int price) { sum += price; };
    // [withdraw]
    s.app.agent("visits", s.orders
        | weir::window(weir::session(30s), weir::grace(1min), weir::on_update)
        | weir::aggregate(visits, add, add)                  // of std::optional<int>
        | weir::items()
        | weir::for_each([&](const auto& item) {
              auto& [window, sum] = item;
              fmt::print("  {} {}: {}\n", s.now, text(window),
                         sum ? std::to_string(*sum) : "no more");
          }));
    // [/withdraw]
    test_driver test{s.app};
    s.send(test, {{0s, "ann", 10}, {45s, "ann", 20}, {20s, "ann", 40}});
}

void let_the_clock_close() {
    shop s{"a quiet partition"};
    auto per_minute = s.app.table<account_in_window, std::int64_t>("orders-per-minute");
    // [idle]
    s.app.agent("count", s.orders
        | weir::window(weir::tumbling(1min), weir::grace(5s), {.idle = 30s})
        | weir::count(per_minute)
        | weir::items()
        | s.print_counts());
    // [/idle]
    test_driver test{s.app};
    s.send(test, {{10s, "ann", 10}});
    test.advance(84s);
    fmt::print("  nothing yet after 84 s\n");
    test.advance(1s);  // 30 s of silence, 55 s until 12:01:05
}

// [hook]
struct tell_late : weir::hooks {
    void late(const weir::late_value& v) override {
        fmt::print("  the hook: {}@{} is {} s too late for {}-{}\n", v.topic, v.offset, v.by / 1s,
                   clock_time(v.start), clock_time(v.end));
    }
};
// [/hook]

void keep_what_is_late() {
    tell_late hooks;
    shop s{"late", &hooks};
    auto& app = s.app;
    auto per_minute = app.table<account_in_window, std::int64_t>("orders-per-minute");
    // [late]
    app.agent("count", s.orders
        | weir::window(weir::tumbling(1min), weir::grace(5s), {.late = "late-orders"})
        | weir::count(per_minute));

    auto late = app.topic<std::string, int>("late-orders");
    app.agent("late", late | weir::events() | weir::for_each([](const auto& event) {
        for (auto& h : event.headers())
            if (h.name == "weir.late-by-ms")
                fmt::print("  the topic: {} is {} ms too late\n", event.value(), h.value->view());
    }));
    // [/late]
    test_driver test{app};
    s.send(test, {{10s, "ann", 10}, {80s, "bob", 20}, {50s, "ann", 70}});
    fmt::print("  {} late\n", app.counters().late);
}

void keep_what_fails() {
    struct : weir::hooks {} no_log;
    shop s{"a result that fails", &no_log};
    auto& app = s.app;
    auto per_minute = app.table<account_in_window, std::int64_t>("orders-per-minute");
    const auto print = s.print_counts();
    const auto fails_for_ann = [](const auto& item) {
        if (item.key().key == "ann") throw std::runtime_error{"not for her"};
    };
    // [fails]
    app.agent("count", s.orders
        | weir::window(weir::tumbling(1min), weir::grace(0s))
        | weir::count(per_minute)
        | weir::items()
        | weir::tap(fails_for_ann)
        | print, {.on_error = weir::dead_letter("not-done")});

    auto not_done = app.topic<account_in_window, std::int64_t>("not-done");
    app.agent("not-done", not_done | weir::items() | weir::for_each([](const auto& item) {
        auto& [window, n] = item;
        fmt::print("  not done: {} orders of {} from {} on\n", n, window.key,
                   clock_time(window.start));
    }));
    // [/fails]
    test_driver test{app};
    s.send(test, {{5s, "bob", 10}, {10s, "ann", 20}, {20s, "ann", 30}, {60s, "bob", 40}});
}

void change_in_a_body() {
    shop s{"in a body"};
    auto& app = s.app;
    // [body]
    auto table = app.table<account_in_window, int>("spent");
    auto spent = table.tumbling(1min, {.expires = 1h});

    app.agent("limit", s.orders | weir::items() | weir::for_each([&](const auto& item) {
        auto& [account, price] = item;
        spent[account] += price;                       // in the minute of this message
        if (spent.current(account) > 100)
            fmt::print("  {} {} has spent {} in this minute, and {} in the one before\n", s.now,
                       account, spent.current(account), spent.delta(account, 1min));
    }), {.tables = {table}});
    // [/body]
    test_driver test{app};
    s.send(test, {{10s, "ann", 60}, {40s, "ann", 50}, {70s, "ann", 120}});
}

int main() {
    count_by_minute();
    add_up_in_hops();
    find_sessions();
    follow_updates();
    follow_sessions();
    let_the_clock_close();
    keep_what_is_late();
    keep_what_fails();
    change_in_a_body();
}
