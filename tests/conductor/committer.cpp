// SPDX-License-Identifier: Apache-2.0
// The committer alone: one commit in flight, what is asked for meanwhile, what a failure leaves.
#include "conductor/committer.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "release_queue.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir::detail;
namespace transport = weir::transport;
using offsets = std::vector<weir::offset>;

/// Notes what it is asked to commit; the test answers.
struct noting final : transport::transport {
    std::vector<weir::transport::commit_result> asked{};
    void commit(std::span<const weir::transport::position> p) override {
        asked.push_back({{p.begin(), p.end()}});
    }
    std::optional<weir::partition_id> partitions(const std::string&) override { return 1; }
    std::vector<std::string> topics() override { return {}; }
    void create(const weir::transport::topic_spec&) override {}
    std::vector<weir::transport::topic_config> configs(std::span<const std::string>) override {
        return {};
    }
    void purge(std::span<const weir::transport::position>) override {}
    void subscribe(std::span<const weir::transport::subscription>) override {}
    void release(std::span<const weir::topic_partition>) override {}
    std::unique_ptr<weir::transport::partition> reader(const weir::topic_partition&,
                                                       weir::offset) override {
        return nullptr;
    }
    weir::transport::topic_id open(const std::string&) override { return 0; }
    bool send(const weir::transport::record&, std::uint64_t) override { return false; }
    bool poll(weir::transport::listener&) override { return false; }
    int fd() const override { return -1; }
    void close(weir::transport::listener&, weir::duration) override {}
};

struct by_hand final : weir::clock {
    weir::time_point now{1h};
    weir::time_point steady() const override { return now; }
};

/// One partition, ten messages of which are delivered and none is finished.
struct one_partition {
    noting to{};
    by_hand time{};
    weir::hooks hooks{};
    settings with{"a", {.commit_interval = 3s}, &time, std::make_shared<release_queue>(), nullptr};
    tables none{to, "a", with.releases};
    committer commits{to, with, none};
    weir::topic_partition tp{"in", 0};
    owned_partitions all{};
    offset_tracker* tracker = nullptr;

    one_partition() {
        auto& p = all[tp];
        p = std::make_unique<owned_partition>(tp, transport::assignment{tp, {}, nullptr},
                                              std::vector<plan::topic_reader*>{}, with.releases);
        tracker = p->tracker.get();
        tracker->delivered(0, 9);
    }
    offsets asked() const {
        offsets all_of_them;
        for (auto& c : to.asked) all_of_them.push_back(c.positions.at(0).offset);
        return all_of_them;
    }
    void answer(std::size_t nth, transport::commit_error e = transport::commit_error::none) {
        auto result = to.asked.at(nth);
        result.error = e;
        commits.answered(all, result, hooks);
    }
    void pass(weir::duration d) {
        time.now += d;
        commits.poll(all, time.now);
    }
};

}  // namespace

TEST_CASE("semantics 19: two commits at once: one call; the second waits for it") {
    one_partition t;
    t.tracker->passed(3);
    t.commits.commit(t.all);
    CHECK(t.asked() == offsets{3});
    t.tracker->passed(5);
    t.commits.commit(t.all);
    t.commits.commit(t.all);
    t.pass(10s);  // nor does a tick overtake it
    CHECK(t.asked() == offsets{3});
    CHECK(!t.commits.finish(t.all, t.time.now));
    t.answer(0);
    CHECK(t.asked() == offsets{3});
    t.pass(1ms);  // at once, and not at the next tick
    CHECK(t.asked() == offsets{3, 5});
    t.answer(1);
    t.pass(1h);
    CHECK(t.asked() == offsets{3, 5});
    CHECK(t.commits.finish(t.all, t.time.now));
}

TEST_CASE("semantics 19: what is asked for behind a commit that fails is sent again once, with "
          "what is new") {
    one_partition t;
    t.tracker->passed(3);
    t.commits.commit(t.all);
    t.commits.commit(t.all);
    t.answer(0, transport::commit_error::generation);
    t.pass(1ms);
    CHECK(t.asked() == offsets{3});  // not before a pause
    t.tracker->passed(4);
    t.pass(1s);
    CHECK(t.asked() == offsets{3, 4});
    t.answer(1);
    t.pass(1h);
    CHECK(t.asked() == offsets{3, 4});
}

TEST_CASE("ticks keep their grid, however late the loop turns") {
    one_partition t;
    t.tracker->passed(1);
    t.pass(4s);  // the tick was due at 3 s
    CHECK(t.asked() == offsets{1});
    t.answer(0);
    t.tracker->passed(2);
    t.pass(1999ms);
    CHECK(t.asked() == offsets{1});
    t.pass(1ms);  // 6 s
    CHECK(t.asked() == offsets{1, 2});
}

TEST_CASE("commit_every commits when so many messages are finished, and not before") {
    one_partition t;
    t.with.options.commit_every = 2;
    t.tracker->passed(1);
    t.pass(1ms);
    CHECK(t.asked().empty());
    t.tracker->passed(2);
    t.pass(1ms);
    CHECK(t.asked() == offsets{2});
}

TEST_CASE("an answer beyond what was read is about an older log, and changes nothing") {
    one_partition t;
    t.tracker->passed(3);
    t.commits.commit(t.all);
    auto& p = *t.all.at(t.tp);
    p.tracker.reset(new offset_tracker{t.with.releases});  // the topic was created again
    p.tracker->delivered(0, 1);
    p.tracker->passed(2);
    t.answer(0);
    CHECK(!p.committed);
    t.pass(3s);
    CHECK(t.asked() == offsets{3, 2});
}
