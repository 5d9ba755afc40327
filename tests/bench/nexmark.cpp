// SPDX-License-Identifier: Apache-2.0
// Nexmark's queries on a million events that are in the topic already: samples/nexmark.
#include "nexmark/query.hpp"

#include <stdexcept>
#include <string>

#include "tables.hpp"

namespace {

using namespace std::chrono_literals;
using weir::bench::pass;
using weir::transport::memory_broker;

constexpr std::size_t count = 1'000'000;

std::shared_ptr<memory_broker> with_events(const std::string& name) {
    auto broker = memory_broker::named(name, {.retention_bytes = std::size_t{4} << 30});
    broker->create_topic({"nexmark-events", 1});
    auto to = weir::transport::connect(broker, "fill");
    weir::bench::nobody listener;
    weir::transport::record r;
    r.topic = to->open("nexmark-events");
    r.partition = 0;
    weir::bytes key, value;
    nexmark::generator from;
    for (std::size_t i = 0; i < count; ++i) {
        const auto e = from.next();
        key.reset();
        value.reset();
        weir::detail::encode_onto(nexmark::key_of(e), key);
        weir::detail::encode_onto(e, value);
        r.key = key;
        r.value = value;
        r.timestamp = nexmark::time_of(e);
        while (!to->send(r, i)) to->poll(listener);
        if (i % 10'000 == 0) to->poll(listener);
    }
    return broker;
}

/// Until all events are processed. What their tables have is written by the stop behind it, which
/// is not measured.
void run(pass& measured, void (*ask)(nexmark::query&), std::size_t results) {
    static int number = 0;
    const auto name = "nexmark" + std::to_string(++number);
    auto broker = with_events(name);
    nexmark::query q{name,
                     {.broker = "memory://" + name,
                      .commit_interval = 1h,
                      .memory = {.retention_bytes = std::size_t{4} << 30}}};
    ask(q);
    const auto is_done = [&] {
        const auto now = q.app.counters();
        return now.messages >= count && now.lag == 0;
    };
    measured([&] {
        while (!is_done()) q.app.poll(1s);
    });
    if (q.found.count() != results) throw std::runtime_error{"there are other results"};
}

weir::bench::pair row(const char* name, void (*ask)(nexmark::query&), std::size_t results) {
    return {std::string{"nexmark: "} + name,
            {.a = [=](pass& p) { run(p, ask, results); },
             .messages = count,
             .runs = 5,
             .one_pass = true}};
}
const auto q0 = row("q0, each bid", nexmark::q0, 920'000);
const auto q3 = row("q3, who sells something of a category in three states", nexmark::q3, 5'940);
const auto q4 = row("q4, the mean price of each category", nexmark::q4, 128'611);
const auto q5 = row("q5, the hottest auctions of 10 s, each 2 s", nexmark::q5, 50);
const auto q7 = row("q7, the highest bids of each 10 s", nexmark::q7, 9);
const auto q8 = row("q8, who registers and sells within 10 s", nexmark::q8, 8'606);

}  // namespace
