// SPDX-License-Identifier: Apache-2.0
// Joins of streams on the embedded broker, with cuts. Each key comes once in 100 seconds of stream
// time on either side, so that each message has one match.
#include "tables.hpp"

namespace {

using weir::bench::pass;
using namespace std::chrono_literals;
using u64 = std::uint64_t;

constexpr std::size_t keys = 100'000, of_each = 1'500'000, per_second = keys / 100;
constexpr weir::partition_id partitions = 4;

/// One message of each side in each millisecond. A right one comes 10 s behind its match.
std::shared_ptr<weir::transport::memory_broker> filled(const std::string& name) {
    auto broker =
        weir::transport::memory_broker::named(name, {.retention_bytes = std::size_t{4} << 30});
    auto to = weir::transport::connect(broker, "fill");
    weir::bench::nobody listener;
    for (const bool left : {true, false}) {
        const auto* topic = left ? "left" : "right";
        broker->create_topic({topic, partitions});
        weir::transport::record r;
        r.topic = to->open(topic);
        weir::bytes key, value;
        weir::detail::encode_onto<std::int64_t>(1, value);
        r.value = value;
        for (std::size_t i = 0; i < of_each; ++i) {
            const auto n = i * 7919 % keys;
            key.reset();
            weir::detail::encode_onto<u64>(n, key);
            r.key = key;
            r.partition = static_cast<weir::partition_id>(n % partitions);
            r.timestamp = weir::timestamp{
                std::chrono::milliseconds{i * 1000 / per_second + (left ? 0 : 10'000)}};
            while (!to->send(r, i)) to->poll(listener);
            if (i % 10'000 == 0) to->poll(listener);
        }
    }
    return broker;
}

/// `left | join(right)`, until each has found its match.
template <class Join>
void joined(pass& p, Join with) {
    static int number = 0;
    const auto name = "joins" + std::to_string(++number);
    auto broker = filled(name);
    weir::app app{"bench",
                  {.broker = "memory://" + name,
                   .commit_interval = 1h,
                   .commit_every = 600'000,
                   .memory = {.retention_bytes = std::size_t{4} << 30}}};
    const auto now = [] { return std::chrono::steady_clock::now(); };
    auto end = now();
    std::size_t left = of_each;
    app.agent("a", app.topic<u64, std::int64_t>("left") |
                       with(app.topic<u64, std::int64_t>("right")) |
                       weir::for_each([&](std::int64_t) {
                           if (--left > 0) return;
                           end = now();  // the last cut, at the end of the run, is not measured
                           app.stop();
                       }));
    const auto begin = now();
    app.run();
    p.took(end - begin);
}
void inner(pass& p) {
    joined(p, [](auto right) {
        return weir::join(right, weir::within(1min), weir::grace(0s),
                          [](const std::int64_t& a, const std::int64_t& b) { return a + b; });
    });
}
void outer(pass& p) {
    joined(p, [](auto right) {
        return weir::left_join(
            right, weir::within(1min), weir::grace(0s),
            [](const std::int64_t& a, const std::int64_t* b) { return b ? a + *b : a; });
    });
}
const weir::bench::pair inner_row{
    "joins: streams, 100 k keys, within 1 min",
    {.a = inner, .messages = 2 * of_each, .wanted = {.at_most = 333ns}, .one_pass = true}};
const weir::bench::pair left_row{"joins: streams, 100 k keys, within 1 min, left",
                                 {.a = outer, .messages = 2 * of_each, .one_pass = true}};

}  // namespace
