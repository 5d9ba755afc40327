// SPDX-License-Identifier: Apache-2.0
// The jobs as one writes them with weir, at its defaults.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <weir/weir.hpp>

#include "jobs.hpp"

namespace weir::bench::kafka {
namespace {

class starts final : public weir::hooks {
public:
    explicit starts(meter& m) : meter_(m) {}
    void assigned(const topic_partition&) override { meter_.start(); }

private:
    meter& meter_;
};

/// Calls `last` with the last message.
struct counter {
    long left;
    weir::app& app;
    meter& time;
    long all = left;
    bool stop_here = true;

    void operator()() {
        if (--left > 0) return;
        if (stop_here) time.stop(all);
        app.stop();
    }
};

/// The keys of the table to be restored: fewer than there are messages, so that it is soon made.
long keys_of(const job& j) { return std::max(j.messages / 5, 1l); }

struct sixteen_bytes {
    std::int64_t a, b;
};
using big_table = weir::table<std::int64_t, sixteen_bytes>;

/// `n` messages each put a key of its own into the table; then the app stops.
void fill_table(weir::app& app, big_table t, long n) {
    app.agent("fills",
              app.topic<weir::bytes_view>("orders") |
                  weir::for_each([=, &app, left = n](weir::bytes_view) mutable {
                      if (left == 0) return;
                      t.put(left, {left, left});
                      if (--left == 0) app.stop();
                  }),
              {.tables = {t}});
}

/// Measures from the first shard that begins to be restored to the last one that is.
class restores final : public weir::hooks {
public:
    explicit restores(meter& m) : meter_(m) {}
    void restoring(const std::string&, partition_id, offset, offset) override {
        meter_.start();
        ++left_;
    }
    void restored(const std::string&, partition_id) override {
        if (--left_ > 0) return;
        meter_.stop(keys);
        std::_Exit(0);
    }
    long keys = 0;

private:
    meter& meter_;
    int left_ = 0;
};

void restore(const job& j) {
    meter time;
    restores hooks{time};
    hooks.keys = make_table(j);
    weir::app app{j.id, {.broker = "kafka://" + j.broker, .hooks = &hooks}};
    fill_table(app, app.table<std::int64_t, sixteen_bytes>("table"), 0);
    app.run();
}

}  // namespace

long make_table(const job& j) {
    weir::hooks silent;
    weir::app app{j.id, {.broker = "kafka://" + j.broker, .hooks = &silent}};
    fill_table(app, app.table<std::int64_t, sixteen_bytes>("table"), keys_of(j));
    app.run();
    return keys_of(j);
}

void by_weir(const job& j) {
    if (j.name == "restore") return restore(j);
    meter time;
    starts hooks{time};
    weir::app app{j.id, {.broker = "kafka://" + j.broker, .hooks = &hooks}};
    auto raw = app.topic<weir::bytes_view>("orders");
    auto orders = app.topic<order>("orders");
    counter count{j.messages, app, time};
    double sum = 0;
    std::size_t bytes = 0;
    if (j.name == "consume") {
        app.agent("a", raw | weir::for_each([&](weir::bytes_view v) {
                           bytes += v.size();
                           count();
                       }));
    } else if (j.name == "stall") {
        app.agent("a", raw | weir::for_each([&](weir::bytes_view) {
                           if (count.left == count.all)
                               std::this_thread::sleep_for(std::chrono::seconds{10});
                           count();
                       }));
    } else if (j.name == "decode") {
        app.agent("a", orders | weir::for_each([&](const order& o) { sum += o.price, count(); }));
    } else if (j.name == "forward") {
        count.stop_here = false;
        app.agent("a",
                  raw | weir::tap([&](weir::bytes_view) { count(); }) | weir::to(j.id + "-out"));
    } else if (j.name == "map") {
        count.stop_here = false;
        app.agent("a", orders | weir::tap([&](const order&) { count(); }) |
                           weir::filter([](const order& o) { return o.price >= 100; }) |
                           weir::map([](const order& o) {
                               return charge{o.account_id, o.amount * o.price};
                           }) |
                           weir::to(j.id + "-out"));
    } else if (j.name == "count") {
        auto counts = app.table<std::string, std::int64_t>("counts");
        app.agent("a", orders | weir::group_by(&order::account_id) | weir::count(counts) |
                           weir::for_each([&](std::int64_t) { count(); }));
    } else {
        app.agent("a", orders | weir::group_by(&order::account_id) |
                           weir::for_each([&](const order& o) { sum += o.price, count(); }));
    }
    app.run();
    if (!count.stop_here) time.stop(j.messages);
    if (sum + double(bytes) < 0) std::abort();  // so that they are wanted
}

}  // namespace weir::bench::kafka
