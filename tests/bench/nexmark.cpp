// SPDX-License-Identifier: Apache-2.0
// Nexmark's queries 0, 5 and 7 on a million events that are in the topic already: samples/nexmark.
#include "nexmark/best.hpp"
#include "nexmark/generator.hpp"
#include "tables.hpp"

namespace {

using namespace std::chrono_literals;
using weir::bench::pass;
using weir::transport::memory_broker;

constexpr std::size_t count = 1'000'000;

std::shared_ptr<memory_broker> with_events(const std::string& name) {
    auto broker = memory_broker::named(name, {.retention_bytes = std::size_t{4} << 30});
    broker->create_topic({"in", 1});
    auto to = weir::transport::connect(broker, "fill");
    weir::bench::nobody listener;
    weir::transport::record r;
    r.topic = to->open("in");
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

/// `query(app, bids, done)` adds an agent on the bids.
template <class Query>
void run(pass& measured, Query query) {
    static int number = 0;
    const auto name = "nexmark" + std::to_string(++number);
    auto broker = with_events(name);
    weir::app app{"bench",
                  {.broker = "memory://" + name,
                   .commit_interval = 1h,
                   .commit_every = 600'000,
                   .memory = {.retention_bytes = std::size_t{4} << 30}}};
    std::size_t seen = 0;
    const auto bids = [&](const nexmark::event& e) -> std::optional<nexmark::bid> {
        if (++seen == count) app.stop();
        if (const auto* b = std::get_if<nexmark::bid>(&e)) return *b;
        return {};
    };
    query(app, app.topic<std::int64_t, nexmark::event>("in") | weir::process(bids));
    measured([&] { app.run(); });
}

void q0(pass& p) {
    std::int64_t sum = 0;
    run(p, [&](weir::app& app, auto bids) {
        app.agent("q0", bids | weir::for_each([&](const nexmark::bid& b) { sum += b.price; }));
    });
    weir::bench::keep(sum);
}
void q5(pass& p) {
    nexmark::best<std::int64_t> hottest;
    std::int64_t sum = 0;
    const auto give = [&](std::int64_t, std::int64_t bids, weir::timestamp) { sum += bids; };
    run(p, [&](weir::app& app, auto bids) {
        auto counts = app.table<weir::windowed<std::int64_t>, std::int64_t>("bids");
        app.agent("q5", bids | weir::window(weir::hopping(10s, 2s), weir::grace(0s)) |
                            weir::count(counts) | weir::items() |
                            weir::for_each([&](const auto& item) {
                                hottest.add(item.key().start, item.value(), item.key().key, give);
                            }));
    });
    weir::bench::keep(sum);
}
struct highest {
    std::int64_t price = 0;
    std::vector<nexmark::bid> bids{};
};
void q7(pass& p) {
    std::int64_t sum = 0;
    run(p, [&](weir::app& app, auto bids) {
        auto windows = app.table<std::int64_t, highest>("highest");
        app.agent("q7", bids | weir::for_each([=, &sum](const nexmark::bid& b) {
                            const std::int64_t window = b.at.time_since_epoch() / 10s;
                            const auto* so_far = windows.find(window);
                            if (so_far && b.price < so_far->price) return;
                            if (!so_far)
                                for (auto&& [ended, found] : windows) {
                                    sum += found.price;
                                    windows.erase(ended);
                                }
                            windows.update(window, [&](highest& h) {
                                if (b.price > h.price) h = {b.price, {}};
                                h.bids.push_back(b);
                            });
                        }),
                  {.tables = {windows}});
    });
    weir::bench::keep(sum);
}

weir::bench::sides row(void (*a)(pass&)) {
    return {.a = a, .messages = count, .runs = 5, .one_pass = true};
}
const weir::bench::pair q0_row{"nexmark: q0, each bid", row(q0)};
const weir::bench::pair q5_row{"nexmark: q5, the hottest auctions of 10 s, each 2 s", row(q5)};
const weir::bench::pair q7_row{"nexmark: q7, the highest bids of each 10 s", row(q7)};

}  // namespace
