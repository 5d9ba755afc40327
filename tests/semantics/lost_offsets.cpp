// SPDX-License-Identifier: Apache-2.0
// Messages that the broker deletes before they were read.
#include <memory>
#include <ranges>
#include <string>
#include <vector>

#include "driven.hpp"

namespace {

struct noted final : weir::hooks {
    std::vector<std::string> lines, lost;
    void log(std::string_view line) override { lines.emplace_back(line); }
    void lost_offsets(const weir::topic_partition& tp, offset from, offset to) override {
        lost.push_back(tp.topic + ' ' + std::to_string(from) + ' ' + std::to_string(to));
    }
};

/// An app on a broker that the test sees, too.
struct deleted_from {
    explicit deleted_from(const std::string& name, weir::lost_offsets then)
        : broker(weir::transport::memory_broker::named(name)),
          app("lost", {.broker = "memory://" + name, .on_lost_offsets = then, .hooks = &hooks}) {
        app.agent("a", in | weir::for_each([this](int n) { seen.push_back(n); }));
    }
    void fill(test_driver& test, int from, int to) {
        for (int n = from; n < to; ++n) test.append(in, "k", n);
    }
    noted hooks{};
    std::vector<int> seen{};
    std::shared_ptr<weir::transport::memory_broker> broker;
    weir::app app;
    weir::topic<int> in = app.topic<int>("in");
};

constexpr auto go_on = weir::lost_offsets::go_on, stop_app = weir::lost_offsets::stop_app;
const weir::topic_partition first{"in", 0};

}  // namespace

TEST_CASE("lost offsets: a commit whose messages were deleted goes on at the log's start") {
    deleted_from t{"lost-restart", go_on};
    test_driver test{t.app};
    t.fill(test, 0, 10);
    test.run();
    test.stop();
    t.fill(test, 10, 20);
    t.broker->delete_records(first, 15);
    test.restart();
    CHECK(t.seen.size() == 15);
    CHECK(t.seen.back() == 19);
    CHECK(t.hooks.lost == std::vector<std::string>{"in 10 15"});
    CHECK(t.app.counters().lost_offsets == 5);
    CHECK(t.hooks.lines.back() ==
          "in[0]: the offsets from 10 to 14 were deleted before they were read: the topic's "
          "retention is shorter than this group's delay; reading goes on behind them");
    test.stop();
    CHECK(test.committed(t.in, 0) == std::optional<offset>{20});
}

TEST_CASE("lost offsets: an app that wants to stops there, and commits nothing behind") {
    deleted_from t{"lost-stop", stop_app};
    test_driver test{t.app};
    t.fill(test, 0, 10);
    test.run();
    test.stop();
    t.fill(test, 10, 20);
    t.broker->delete_records(first, 15);
    for (int run = 0; run < 2; ++run) {  // the next run stops there again
        test.restart();
        CHECK(!test.running());
        CHECK(test.exit_code() == weir::exit_code::failed);
        CHECK(test.committed(t.in, 0) == std::optional<offset>{10});
    }
    CHECK(t.seen.size() == 10);
}

TEST_CASE("lost offsets: a log that was deleted as a whole is told, and has no lag") {
    deleted_from t{"lost-all", go_on};
    test_driver test{t.app};
    t.fill(test, 0, 10);
    test.run();
    test.stop();
    t.fill(test, 10, 20);
    t.broker->delete_records(first, 20);
    test.restart();
    CHECK(t.hooks.lost == std::vector<std::string>{"in 10 20"});
    CHECK(t.app.counters().lag == 0);
    test.stop();
    CHECK(test.committed(t.in, 0) == std::optional<offset>{20});
}

TEST_CASE("lost offsets: while a run has not read them, they are told as well") {
    deleted_from t{"lost-run", go_on};
    test_driver test{t.app};
    t.fill(test, 0, 10);
    test.run();
    t.fill(test, 10, 20);
    t.broker->delete_records(first, 15);
    test.run();
    CHECK(t.seen.size() == 15);
    CHECK(t.hooks.lost == std::vector<std::string>{"in 10 15"});
}

TEST_CASE("lost offsets: what was deleted when it was read is not missed") {
    deleted_from t{"lost-none", go_on};
    test_driver test{t.app};
    t.fill(test, 0, 10);
    test.run();
    t.broker->delete_records(first, 10);
    t.fill(test, 10, 20);
    test.run();
    test.stop();
    t.broker->delete_records(first, 20);
    test.restart();
    CHECK(t.seen.size() == 20);
    CHECK(t.hooks.lost.empty());
}

TEST_CASE("lost offsets: what nobody had committed is not missed") {
    deleted_from t{"lost-new", go_on};
    weir::app feeds{"feeds", {.broker = "memory://lost-new", .hooks = &t.hooks}};
    feeds.agent("feeds", weir::from(std::views::iota(0, 20)) | weir::to(feeds.topic<int>("in")));
    feeds.run();
    t.broker->delete_records(first, 15);
    test_driver test{t.app};
    CHECK(t.seen.size() == 5);
    CHECK(t.hooks.lost.empty());
}
