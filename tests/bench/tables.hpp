// SPDX-License-Identifier: Apache-2.0
// What the benchmarks of tables and windows have in common: a filled topic, and an app that reads
// it.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <weir/transport/memory.hpp>
#include <weir/weir.hpp>

#include "pairs.hpp"

namespace weir::bench {

using namespace std::chrono_literals;
using transport::memory_broker;

struct nobody final : transport::listener {
    void assigned(std::vector<transport::assignment>) override {}
    void revoked(std::vector<topic_partition>) override {}
    void lost(std::vector<topic_partition>) override {}
    void delivered(std::uint64_t, const transport::delivery&) override {}
    void committed(const transport::commit_result&) override {}
    void topics_changed() override {}
};

inline std::uint64_t random_number(std::uint64_t i) {
    i ^= i >> 31;
    i *= 0x7fb5d329728ea185u;
    i ^= i >> 27;
    i *= 0x81dadef4bc2dd44du;
    return i ^ i >> 33;
}

template <class K>
K key_of(std::uint64_t n) {
    if constexpr (std::is_same_v<K, std::string>) {
        auto s = std::to_string(n);
        return std::string(12 - s.size(), 'k') + s;
    } else {
        return n;
    }
}

/// What is in the topic that is read.
struct messages {
    std::size_t count = 3'000'000;
    std::size_t keys = 100'000;
    partition_id partitions = 4;
    std::size_t per_second = 0;  // of their timestamps; 0: all have the same
};

/// Messages of uniform keys, each in the partition of its key.
template <class K>
void fill(const std::shared_ptr<memory_broker>& broker, const std::string& topic,
          const messages& m) {
    broker->create_topic({topic, m.partitions});
    auto to = transport::connect(broker, "fill");
    nobody listener;
    transport::record r;
    r.topic = to->open(topic);
    bytes key, value;
    detail::encode_onto<std::int64_t>(1, value);
    r.value = value;
    for (std::size_t i = 0; i < m.count; ++i) {
        const auto n = random_number(i) % m.keys;
        key.reset();
        detail::encode_onto<K>(key_of<K>(n), key);
        r.key = key;
        r.partition = static_cast<partition_id>(n % static_cast<std::uint64_t>(m.partitions));
        if (m.per_second > 0)
            r.timestamp = timestamp{std::chrono::milliseconds{i * 1000 / m.per_second}};
        if (!to->send(r, i)) {
            to->poll(listener);
            to->send(r, i);
        }
        if (i % 10'000 == 0) to->poll(listener);
    }
}
/// So many of 100 bytes.
inline void fill_raw(const std::shared_ptr<memory_broker>& broker, const messages& m) {
    const std::string text(100, 'x');
    broker->create_topic({"in", m.partitions});
    auto to = transport::connect(broker, "fill");
    nobody listener;
    transport::record r;
    r.topic = to->open("in");
    r.key = "key";
    r.value = bytes_view{text.data(), text.size()};
    for (std::size_t i = 0; i < m.count; ++i) {
        r.partition = static_cast<partition_id>(i % static_cast<std::size_t>(m.partitions));
        if (!to->send(r, i)) {
            to->poll(listener);
            to->send(r, i);
        }
        if (i % 10'000 == 0) to->poll(listener);
    }
}
template <class K>
std::shared_ptr<memory_broker> filled(const std::string& name, const messages& m) {
    auto broker = memory_broker::named(name, {.retention_bytes = std::size_t{4} << 30});
    fill<K>(broker, "in", m);
    return broker;
}

/// One more message, to partition 0.
template <class K>
void send(const std::shared_ptr<memory_broker>& broker, const K& of, timestamp time) {
    auto to = transport::connect(broker, "send");
    nobody listener;
    bytes key, value;
    detail::encode_onto<K>(of, key);
    detail::encode_onto<std::int64_t>(1, value);
    transport::record r;
    r.topic = to->open("in");
    r.key = key;
    r.value = value;
    r.partition = 0;
    r.timestamp = time;
    to->send(r, 0);
    to->poll(listener);
}

/// Runs an app on them until `done()` has been called. `setup(app, in, done)` adds its agents.
template <class K, class Setup>
void through(pass& measured, const messages& m, std::size_t commit_every, Setup setup) {
    static int number = 0;
    const auto name = "state" + std::to_string(++number);
    auto broker = filled<K>(name, m);
    weir::app app{"bench",
                  {.broker = "memory://" + name,
                   .commit_interval = 1h,
                   .commit_every = commit_every,
                   .memory = {.retention_bytes = std::size_t{4} << 30}}};
    const auto now = [] { return std::chrono::steady_clock::now(); };
    auto end = now();
    setup(app, app.topic<K, std::int64_t>("in"), [&] {
        end = now();  // the last cut, at the end of the run, is not measured
        app.stop();
    });
    const auto begin = now();
    app.run();
    measured.took(end - begin);
}

/// A message as a loop that is written by hand finds it: encoded, in one piece of memory.
struct encoded {
    std::array<char, 8> key, value;
    timestamp time{};
};
inline encoded encoded_message(std::uint64_t key, std::int64_t value, timestamp t = {}) {
    encoded e{{}, {}, t};
    bytes b;
    detail::encode_onto(key, b);
    detail::encode_onto(value, b);
    std::copy_n(b.data(), 8, e.key.begin());
    std::copy_n(b.data() + 8, 8, e.value.begin());
    return e;
}
template <class T>
T decoded(const std::array<char, 8>& from) {
    T value{};
    codec<T>::decode(bytes_view{std::string_view{from.data(), from.size()}}, value);
    return value;
}

/// Calls `f` once it has been called for each of the messages.
template <class F>
auto after(const messages& m, F f) {
    return [left = m.count, f]() mutable {
        if (--left == 0) f();
    };
}

/// What bounds are measured by: messages of 100 raw bytes are read, as by "memory: raw bytes, one
/// agent".
template <class K>
void read_only(pass& measured, const messages& m) {
    static int number = 0;
    const auto name = "raw" + std::to_string(++number);
    auto broker = memory_broker::named(name, {.retention_bytes = std::size_t{4} << 30});
    fill_raw(broker, m);
    weir::app app{"bench", {.broker = "memory://" + name, .commit_every = 100'000}};
    long sum = 0;
    app.agent("a", app.topic<bytes_view>("in") |
                       for_each([&, seen = after(m, [&] { app.stop(); })](bytes_view v) mutable {
                           sum += v.data()[0];
                           seen();
                       }));
    measured([&] { app.run(); });
    keep(sum);
}

}  // namespace weir::bench
