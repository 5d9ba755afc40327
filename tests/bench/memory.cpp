// SPDX-License-Identifier: Apache-2.0
// From the embedded broker's log to an agent's body: read, decoded, tracked, committed.
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <weir/weir.hpp>

#include "app/engine.hpp"
#include "orders.hpp"
#include "pairs.hpp"

namespace {

using namespace std::chrono_literals;
using weir::bench::order;
using weir::bench::pass;
using weir::transport::memory_broker;

constexpr int partitions = 4;
constexpr std::size_t count = 1'000'000;
constexpr std::size_t deliveries = 10'000'000;
const std::string text(100, 'x');

struct nobody final : weir::transport::listener {
    void assigned(std::vector<weir::transport::assignment>) override {}
    void revoked(std::vector<weir::topic_partition>) override {}
    void lost(std::vector<weir::topic_partition>) override {}
    void delivered(std::uint64_t, const weir::transport::delivery&) override {}
    void committed(const weir::transport::commit_result&) override {}
    void topics_changed() override {}
};

weir::bytes json(std::size_t i) {
    weir::bytes b;
    weir::bench::encode_order(long(i), b);
    return b;
}

/// A log of `messages`, filled anew for every pass, so that it is as cold as a log is.
template <class Value>
void fill(const std::shared_ptr<memory_broker>& broker, std::size_t messages, Value value) {
    broker->create_topic({"in", partitions});
    auto to = weir::transport::connect(broker, "fill");
    nobody listener;
    weir::transport::record r;
    r.topic = to->open("in");
    r.key = "key";
    for (std::size_t i = 0; i < messages; ++i) {
        const weir::bytes v = value(i);
        r.partition = static_cast<weir::partition_id>(i % partitions);
        r.value = v;
        if (!to->send(r, i)) {
            to->poll(listener);
            to->send(r, i);
        }
        if (i % 10'000 == 0) to->poll(listener);
    }
}
weir::bytes hundred(std::size_t) { return weir::bytes{weir::bytes_view{text.data(), text.size()}}; }

/// An app that `setup` gives its agents, until `last` calls of what it is handed.
template <class Setup, class Value = weir::bytes (*)(std::size_t)>
void through(pass& measured, Setup setup, Value value = hundred, std::size_t messages = count,
             std::size_t last = count) {
    static int number = 0;
    const auto name = "bench" + std::to_string(++number);
    auto broker = memory_broker::named(name);
    fill(broker, messages, value);
    weir::app app{"bench", {.broker = "memory://" + name, .commit_every = 100'000}};
    std::size_t seen = 0;
    setup(app, [&] {
        if (++seen == last) app.stop();
    });
    measured([&] { app.run(); });
}

void raw_view(pass& p) {
    long sum = 0;
    through(p, [&](weir::app& app, auto seen) {
        app.agent("a", app.topic<weir::bytes_view>("in") |
                           weir::for_each([&, seen](weir::bytes_view v) mutable {
                               sum += v.data()[0];
                               seen();
                           }));
    });
    weir::bench::keep(sum);
}
void raw_bytes(pass& p) {
    long sum = 0;
    through(p, [&](weir::app& app, auto seen) {
        app.agent("a", app.topic("in") | weir::for_each([&, seen](const weir::bytes& v) mutable {
                           sum += v.data()[0];
                           seen();
                       }));
    });
    weir::bench::keep(sum);
}
/// The same log read through the broker's interface, and nothing done with it.
void read_alone(pass& p) {
    auto broker = std::make_shared<memory_broker>();
    fill(broker, count, hundred);
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

void decode_filter_sum(pass& p) {
    double sum = 0;
    through(
        p,
        [&](weir::app& app, auto seen) {
            app.agent("a", app.topic<order>("in") |
                               weir::tap([seen](const order&) mutable { seen(); }) |
                               weir::filter([](const order& o) { return o.price >= 100; }) |
                               weir::for_each([&](const order& o) { sum += o.price; }));
        },
        json);
    weir::bench::keep(sum);
}

// ------------------------------------------------------------------ sent to a topic and read again
void group_raw(pass& p) {
    long sum = 0;
    through(p, [&](weir::app& app, auto seen) {
        app.agent("a",
                  app.topic<weir::bytes_view>("in") |
                      weir::group_by([](weir::bytes_view v) { return v.data()[0] == 'x'; }, "x") |
                      weir::for_each([&, seen](weir::bytes_view v) mutable {
                          sum += v.data()[0];
                          seen();
                      }));
    });
    weir::bench::keep(sum);
}
void group_integers(pass& p) {
    long sum = 0;
    through(
        p,
        [&](weir::app& app, auto seen) {
            app.agent("a", app.topic<long>("in") |
                               weir::group_by([](long v) { return v % 1000; }, "rest") |
                               weir::for_each([&, seen](long v) mutable { sum += v, seen(); }));
        },
        [](std::size_t i) {
            weir::bytes b;
            weir::detail::encode_onto(long(i), b);
            return b;
        });
    weir::bench::keep(sum);
}
void group_json(pass& p) {
    double sum = 0;
    through(
        p,
        [&](weir::app& app, auto seen) {
            app.agent("a", app.topic<order>("in") | weir::group_by(&order::account_id) |
                               weir::for_each([&, seen](const order& o) mutable {
                                   sum += o.price;
                                   seen();
                               }));
        },
        json);
    weir::bench::keep(sum);
}

// ----------------------------------------------------------------------- several agents on a topic
template <std::size_t Agents>
void agents(pass& p) {
    long sum = 0;
    through(
        p,
        [&](weir::app& app, auto seen) {
            auto in = app.topic<weir::bytes_view>("in");
            for (std::size_t i = 0; i < Agents; ++i)
                app.agent(std::to_string(i),
                          in | weir::for_each([&, seen](weir::bytes_view v) mutable {
                              sum += v.data()[0];
                              seen();
                          }));
        },
        hundred, deliveries / Agents, deliveries);
    weir::bench::keep(sum);
}

const weir::bench::pair views{
    "memory: raw bytes, one agent, tracked and committed, against reading alone",
    {.a = raw_view,
     .b = read_alone,
     .messages = count,
     .wanted = {.at_most = 40ns},
     .one_pass = true}};
weir::bench::sides row(weir::bench::side a, weir::bench::nanoseconds at_most) {
    return {.a = std::move(a), .messages = count, .wanted = {.at_most = at_most}, .one_pass = true};
}
const weir::bench::single copies{"memory: the same, each value copied into bytes of its own",
                                 row(raw_bytes, 40ns)};
const weir::bench::single summed{"memory: JSON decoded, filtered, a field summed",
                                 row(decode_filter_sum, 200ns)};
const weir::bench::single raw{"memory: group_by, raw bytes, sent and read again",
                              row(group_raw, 250ns)};
const weir::bench::single integers{"memory: group_by, integers, sent and read again",
                                   row(group_integers, 250ns)};
const weir::bench::single orders{"memory: group_by, JSON, sent and read again, decoded twice",
                                 row(group_json, 500ns)};
const weir::bench::pair many{"memory: a delivery to one of 100 agents, against one of 10",
                             {.a = agents<100>,
                              .b = agents<10>,
                              .messages = deliveries,
                              .wanted = {.ratio = 1.15},
                              .one_pass = true}};

}  // namespace
