// SPDX-License-Identifier: Apache-2.0
// From the embedded broker's log to an agent's body: read, decoded, tracked, committed.
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <weir/weir.hpp>

#include "app/engine.hpp"
#include "pairs.hpp"

namespace {

using namespace std::chrono_literals;
using weir::bench::pass;
using weir::transport::memory_broker;

constexpr int partitions = 4;
constexpr std::size_t count = 1'000'000;

struct nobody final : weir::transport::listener {
    void assigned(std::vector<weir::transport::assignment>) override {}
    void revoked(std::vector<weir::topic_partition>) override {}
    void lost(std::vector<weir::topic_partition>) override {}
    void delivered(std::uint64_t, const weir::transport::delivery&) override {}
    void committed(const weir::transport::commit_result&) override {}
    void topics_changed() override {}
};

/// A log of `count` messages of 100 bytes, filled anew for every pass, so that it is as cold as a
/// log is.
void fill(const std::shared_ptr<memory_broker>& broker) {
    broker->create_topic({"in", partitions});
    auto to = weir::transport::connect(broker, "fill");
    nobody listener;
    const std::string value(100, 'x');
    weir::transport::record r;
    r.topic = to->open("in"), r.key = "key", r.value = value;
    for (std::size_t i = 0; i < count; ++i) {
        r.partition = static_cast<weir::partition_id>(i % partitions);
        if (!to->send(r, i)) to->poll(listener), to->send(r, i);
        if (i % 10'000 == 0) to->poll(listener);
    }
}

template <class Setup>
void through(pass& measured, Setup setup) {
    static int number = 0;
    const auto name = "bench" + std::to_string(++number);
    auto broker = memory_broker::named(name);
    fill(broker);
    weir::app app{"bench", {.broker = "memory://" + name, .commit_every = 100'000}};
    std::size_t seen = 0;
    setup(app, [&] {
        if (++seen == count) app.stop();
    });
    measured([&] { app.run(); });
}

void raw_view(pass& p) {
    long sum = 0;
    through(p, [&](weir::app& app, auto seen) {
        app.agent("a", app.topic<weir::bytes_view>("in") |
                           weir::for_each([&, seen](weir::bytes_view v) mutable {
                               sum += v.data()[0], seen();
                           }));
    });
    weir::bench::keep(sum);
}
void raw_bytes(pass& p) {
    long sum = 0;
    through(p, [&](weir::app& app, auto seen) {
        app.agent("a", app.topic("in") | weir::for_each([&, seen](const weir::bytes& v) mutable {
                           sum += v.data()[0], seen();
                       }));
    });
    weir::bench::keep(sum);
}
/// The same log read through the broker's interface, and nothing done with it.
void read_alone(pass& p) {
    auto broker = std::make_shared<memory_broker>();
    fill(broker);
    struct reader final : weir::transport::listener {
        std::vector<weir::transport::assignment> mine;
        void assigned(std::vector<weir::transport::assignment> a) override { mine = std::move(a); }
        void revoked(std::vector<weir::topic_partition>) override {}
        void lost(std::vector<weir::topic_partition>) override {}
        void delivered(std::uint64_t, const weir::transport::delivery&) override {}
        void committed(const weir::transport::commit_result&) override {}
        void topics_changed() override {}
    } to;
    auto from = weir::transport::connect(broker, "g");
    const weir::transport::subscription s{"in"};
    from->subscribe({&s, 1});
    from->poll(to);
    long sum = 0;
    p([&] {
        for (auto& a : to.mine) {
            std::unique_ptr<weir::fetch> f;
            while ((f = a.partition->read(4096, std::move(f))))
                for (auto& m : f->messages()) sum += m.value.data()[0];
        }
    });
    weir::bench::keep(sum);
    to.mine.clear();
}

const weir::bench::pair views{
    "memory: raw bytes, one agent, tracked and committed, against reading alone",
    {.a = raw_view,
     .b = read_alone,
     .messages = count,
     .wanted = {.at_most = 40ns},
     .one_pass = true}};
const weir::bench::single copies{
    "memory: the same, each value copied into bytes of its own",
    {.a = raw_bytes, .messages = count, .wanted = {.at_most = 40ns}, .one_pass = true}};

}  // namespace
