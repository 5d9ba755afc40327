// SPDX-License-Identifier: Apache-2.0
// Tables on the embedded broker: a message is read, decoded, changes its key's row, and is
// committed, with and without cuts in between.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <weir/transport/memory.hpp>
#include <weir/weir.hpp>

#include "pairs.hpp"

namespace {

using namespace std::chrono_literals;
using weir::bench::pass;
using weir::transport::memory_broker;

constexpr int partitions = 4;
constexpr std::size_t count = 3'000'000;
constexpr std::size_t cut_every = 600'000;

struct nobody final : weir::transport::listener {
    void assigned(std::vector<weir::transport::assignment>) override {}
    void revoked(std::vector<weir::topic_partition>) override {}
    void lost(std::vector<weir::topic_partition>) override {}
    void delivered(std::uint64_t, const weir::transport::delivery&) override {}
    void committed(const weir::transport::commit_result&) override {}
    void topics_changed() override {}
};

std::uint64_t random_number(std::uint64_t i) {
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

/// `count` messages of uniform keys, each in the partition of its key.
template <class K>
std::shared_ptr<memory_broker> filled(const std::string& name, std::size_t keys) {
    auto broker = memory_broker::named(name, {.retention_bytes = std::size_t{4} << 30});
    broker->create_topic({"in", partitions});
    auto to = weir::transport::connect(broker, "fill");
    nobody listener;
    weir::transport::record r;
    r.topic = to->open("in");
    weir::bytes key, value;
    weir::detail::encode_onto<std::int64_t>(1, value);
    r.value = value;
    for (std::size_t i = 0; i < count; ++i) {
        const auto n = random_number(i) % keys;
        key.reset();
        weir::detail::encode_onto<K>(key_of<K>(n), key);
        r.key = key;
        r.partition = static_cast<weir::partition_id>(n % partitions);
        if (!to->send(r, i)) {
            to->poll(listener);
            to->send(r, i);
        }
        if (i % 10'000 == 0) to->poll(listener);
    }
    return broker;
}

struct totals {
    std::int64_t sum = 0, orders = 0;
};

template <class K, class Setup>
void through(pass& measured, std::size_t keys, std::size_t commit_every, Setup setup) {
    static int number = 0;
    const auto name = "state" + std::to_string(++number);
    auto broker = filled<K>(name, keys);
    weir::app app{"bench",
                  {.broker = "memory://" + name,
                   .commit_interval = 1h,
                   .commit_every = commit_every,
                   .memory = {.retention_bytes = std::size_t{4} << 30}}};
    std::size_t seen = 0;
    const auto now = [] { return std::chrono::steady_clock::now(); };
    auto end = now();
    setup(app, app.topic<K, std::int64_t>("in"), [&] {
        if (++seen != count) return;
        end = now();  // the last cut, at the end of the run, is not measured
        app.stop();
    });
    const auto begin = now();
    app.run();
    measured.took(end - begin);
}

template <class K, std::size_t Keys, std::size_t Every>
void counted(pass& p) {
    through<K>(p, Keys, Every, [](weir::app& app, auto in, auto seen) {
        auto t = app.table<K, std::int64_t>("counts");
        app.agent("a",
                  in | weir::count(t) | weir::for_each([seen](std::int64_t) mutable { seen(); }));
    });
}
template <class K, std::size_t Keys, std::size_t Every>
void aggregated(pass& p) {
    through<K>(p, Keys, Every, [](weir::app& app, auto in, auto seen) {
        auto t = app.table<K, totals>("totals");
        app.agent("a", in | weir::aggregate(t, [](totals& s, std::int64_t n) {
                           s.sum += n;
                           ++s.orders;
                       }) | weir::for_each([seen](const totals&) mutable { seen(); }));
    });
}
/// What the bounds are measured by.
template <class K, std::size_t Keys>
void read_only(pass& p) {
    long sum = 0;
    through<K>(p, Keys, 100'000, [&](weir::app& app, auto, auto seen) {
        app.agent("a", app.topic<weir::bytes_view>("in") |
                           weir::for_each([&, seen](weir::bytes_view v) mutable {
                               sum += v.data()[0];
                               seen();
                           }));
    });
    weir::bench::keep(sum);
}

using u64 = std::uint64_t;
constexpr std::size_t few = 100'000, many = 10'000'000, never = 0;

template <class K, std::size_t Keys>
weir::bench::sides row(void (*a)(pass&), double ratio) {
    return {.a = a,
            .b = read_only<K, Keys>,
            .messages = count,
            .wanted = {.ratio = ratio},
            .one_pass = true};
}
const weir::bench::pair counts{"state: count, u64, 100 k keys, against reading raw bytes",
                               row<u64, few>(counted<u64, few, never>, 6)};
const weir::bench::pair cut{"state: the same, a cut each 600 k updates",
                            row<u64, few>(counted<u64, few, cut_every>, 9)};
const weir::bench::pair sums{"state: aggregate of 16 bytes, 100 k keys, with cuts",
                             row<u64, few>(aggregated<u64, few, cut_every>, 11)};
const weir::bench::pair strings{"state: count, 12-byte strings, 100 k keys, with cuts",
                                row<std::string, few>(counted<std::string, few, cut_every>, 11)};
const weir::bench::pair large{"state: count, u64, 10 M keys",
                              row<u64, many>(counted<u64, many, never>, 23)};
const weir::bench::pair large_cut{"state: the same, with cuts",
                                  row<u64, many>(counted<u64, many, cut_every>, 76)};

}  // namespace
