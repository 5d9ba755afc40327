// SPDX-License-Identifier: Apache-2.0
// Joins of streams on the embedded broker, with cuts. Each key comes once in 100 seconds of stream
// time on either side, so that each message has one match.
#include "tables.hpp"

#include <deque>
#include <unordered_map>
#include <vector>

namespace {

using weir::bench::pass;
using namespace std::chrono_literals;
using u64 = std::uint64_t;

constexpr std::size_t keys = 100'000, of_each = 1'500'000, per_second = keys / 100;
constexpr weir::partition_id partitions = 4;

u64 key_at(std::size_t i) { return i * 7919 % keys; }
/// One message of each side in each millisecond. A right one comes 10 s behind its match.
weir::timestamp time_at(std::size_t i, bool left) {
    return weir::timestamp{std::chrono::milliseconds{i * 1000 / per_second + (left ? 0 : 10'000)}};
}

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
            const auto n = key_at(i);
            key.reset();
            weir::detail::encode_onto<u64>(n, key);
            r.key = key;
            r.partition = static_cast<weir::partition_id>(n % partitions);
            r.timestamp = time_at(i, left);
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

/// One side as a loop that is written by hand holds it.
class held {
public:
    /// `f(value)` for each that matches a message at `t`.
    void each_near(u64 key, weir::timestamp t, auto f) const {
        const auto it = by_key_.find(key);
        if (it == by_key_.end()) return;
        for (auto& [time, value] : it->second)
            if (time >= t - reach && time <= t + reach) f(value);
    }
    void add(u64 key, weir::timestamp t, std::int64_t value) {
        by_key_[key].emplace_back(t, value);
        in_time_.emplace_back(t, key);
    }
    void remove_before(weir::timestamp t) {
        for (; !in_time_.empty() && in_time_.front().first < t; in_time_.pop_front()) {
            auto& all = by_key_[in_time_.front().second];
            all.erase(all.begin());
        }
    }
    static constexpr auto reach = 1min;

private:
    std::unordered_map<u64, std::vector<std::pair<weir::timestamp, std::int64_t>>> by_key_;
    std::deque<std::pair<weir::timestamp, u64>> in_time_;
};

/// The same messages, in memory, with the lowest time next.
void inner_by_hand(pass& p) {
    std::vector<weir::bench::encoded> left, right;
    for (std::size_t i = 0; i < of_each; ++i) {
        left.push_back(weir::bench::encoded_message(key_at(i), 1, time_at(i, true)));
        right.push_back(weir::bench::encoded_message(key_at(i), 1, time_at(i, false)));
    }
    std::int64_t sum = 0;
    p([&] {
        held lefts, rights;
        const auto join = [&](const weir::bench::encoded& m, held& own, held& others) {
            const auto key = weir::bench::decoded<u64>(m.key);
            const auto value = weir::bench::decoded<std::int64_t>(m.value);
            lefts.remove_before(m.time - held::reach);
            rights.remove_before(m.time - held::reach);
            others.each_near(key, m.time, [&](std::int64_t other) { sum += value + other; });
            own.add(key, m.time, value);
        };
        for (std::size_t l = 0, r = 0; l < of_each || r < of_each;)
            if (r == of_each || (l < of_each && left[l].time <= right[r].time))
                join(left[l++], lefts, rights);
            else join(right[r++], rights, lefts);
    });
    weir::bench::keep(sum);
}

const weir::bench::pair inner_row{
    "joins: streams, 100 k keys, within 1 min, against a loop by hand",
    {.a = inner,
     .b = inner_by_hand,
     .messages = 2 * of_each,
     .wanted = {.at_most = 333ns, .ratio = 5},
     .one_pass = true}};
const weir::bench::pair left_row{"joins: streams, 100 k keys, within 1 min, left",
                                 {.a = outer, .messages = 2 * of_each, .one_pass = true}};

}  // namespace
