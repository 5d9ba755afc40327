// SPDX-License-Identifier: Apache-2.0
// The jobs as one writes them with weir, at its defaults.
#include <chrono>
#include <cstdint>
#include <cstdlib>
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

/// Ends when every shard is restored.
class restores final : public weir::hooks {
public:
    explicit restores(meter& m) : meter_(m) {}
    void assigned(const topic_partition&) override {
        meter_.start();
        ++left_;
    }
    void restoring(const std::string&, partition_id, offset from, offset to) override {
        records_ += to - from;
    }
    void restored(const std::string&, partition_id) override {
        if (--left_ > 0) return;
        meter_.stop(records_);
        app->stop();
    }
    weir::app* app = nullptr;

private:
    meter& meter_;
    int left_ = 0;
    long records_ = 0;
};

/// A row for each order, by its offset.
void keep_orders(weir::app& app, auto each) {
    auto seen = app.table<std::int64_t, weir::bytes>("seen");
    app.agent("a",
              app.topic<weir::bytes_view>("orders") | weir::events() |
                  weir::for_each([seen, each](const auto& e) {
                      seen.put(e.offset(), weir::bytes{e.value()});
                      each();
                  }),
              {.tables = {seen}});
}

void restore(const job& j) {
    meter time;
    restores hooks{time};
    weir::app app{table_app, {.broker = "kafka://" + j.broker, .hooks = &hooks}};
    hooks.app = &app;
    keep_orders(app, [] {});
    app.run();
}

}  // namespace

void fill_table(const job& j) {
    weir::app app{table_app, {.broker = "kafka://" + j.broker}};
    auto left = j.messages;
    keep_orders(app, [&] {
        if (--left == 0) app.stop();
    });
    app.run();
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
    } else {
        app.agent("a", orders | weir::group_by(&order::account_id) |
                           weir::for_each([&](const order& o) { sum += o.price, count(); }));
    }
    app.run();
    if (!count.stop_here) time.stop(j.messages);
    if (sum + double(bytes) < 0) std::abort();  // so that they are wanted
}

}  // namespace weir::bench::kafka
