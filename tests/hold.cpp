// SPDX-License-Identifier: Apache-2.0
// Holds: released once, on any thread, before or after the app.
#include <weir/hold.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "release_queue.hpp"

namespace {

using weir::hold;
using weir::detail::hold_owner;
using weir::detail::release_queue;

/// a hold owner that writes down what is done to it, in a log that outlives it, and is owned by its
/// holds.
class recorder final : public hold_owner {
public:
    struct log {
        std::vector<std::int64_t> added, dropped;
        bool gone = false;
    };
    recorder(std::shared_ptr<release_queue> releases, log& to, std::vector<hold> holds = {})
        : hold_owner(std::move(releases)), to_(to), holds_(std::move(holds)) {}
    void add(std::int64_t number) override {
        to_.added.push_back(number);
        ++open_;
    }
    void remove(std::int64_t number) override {
        to_.dropped.push_back(number);
        if (--open_ == 0) delete this;
    }

private:
    ~recorder() override { to_.gone = true; }
    log& to_;
    std::vector<hold> holds_;  // as a batch has them
    int open_ = 0;
};

struct counting_waker final : weir::detail::waker {
    void wake() noexcept override { ++times; }
    std::atomic<int> times = 0;
};

using numbers = std::vector<std::int64_t>;

template <class F>
void elsewhere(F f) {
    std::thread{std::move(f)}.join();
}

}  // namespace

TEST_CASE("a hold is released once: by hand, by moving another into it, or by its end") {
    auto loop = std::make_shared<release_queue>();
    recorder::log log;
    auto* in = new recorder{loop, log};
    {
        hold a{*in, 1};
        hold b{*in, 2};
        hold c = std::move(a);
        CHECK(!a);
        CHECK(c);
        CHECK(c.keeps(*in, 1));
        CHECK(log.dropped.empty());
        c = std::move(b);
        CHECK(log.dropped == numbers{1});
        c = std::move(*&c);
        CHECK(c);
        hold d = c.share();
        c.release();
        c.release();
        CHECK(!c);
        CHECK(!c.share());
        CHECK(log.dropped == numbers{1, 2});
    }
    CHECK(log.added == numbers{1, 2, 2});
    CHECK(log.dropped == numbers{1, 2, 2});
    CHECK(log.gone);
    loop->close();
}

TEST_CASE("a hold is sixteen bytes, moved and never copied") {
    CHECK(sizeof(hold) == 16);
    CHECK(!std::is_copy_constructible_v<hold>);
    CHECK(std::is_nothrow_move_constructible_v<hold>);
    CHECK(std::is_nothrow_move_assignable_v<hold>);
}

TEST_CASE("semantics 13: a hold released on another thread is posted; the loop stays "
          "single-threaded") {
    auto loop = std::make_shared<release_queue>();
    counting_waker sleeper;
    loop->wake_by(&sleeper);
    recorder::log log;
    auto* in = new recorder{loop, log};
    hold a{*in, 1}, b{*in, 2}, c{*in, 3};
    CHECK(!loop->collect());
    elsewhere([&] {
        a.release();
        b.release();
    });
    CHECK(log.dropped.empty());
    CHECK(sleeper.times == 1);  // once for both: it will find them together
    CHECK(loop->waiting());
    CHECK(loop->collect());
    CHECK(!loop->waiting());
    CHECK(log.dropped == numbers{1, 2});
    elsewhere([&] { c.release(); });
    CHECK(sleeper.times == 2);
    CHECK(loop->collect());
    CHECK(log.gone);
    loop->close();
}

TEST_CASE("the loop's thread is the last one that entered") {
    auto loop = std::make_shared<release_queue>();
    recorder::log log;
    auto* in = new recorder{loop, log};
    hold a{*in, 1}, b{*in, 2}, c{*in, 3};
    elsewhere([&] {
        loop->enter();
        a.release();
    });
    CHECK(log.dropped == numbers{1});
    b.release();
    CHECK(log.dropped == numbers{1});  // posted: this thread is not the loop's any more
    loop->enter();
    CHECK(loop->collect());
    c.release();
    CHECK(log.dropped == numbers{1, 2, 3});
    loop->close();
}

TEST_CASE("a hold that outlives its app is a no-op") {
    recorder::log inner, outer;
    std::weak_ptr<release_queue> alive;
    hold here, there;
    {
        auto loop = std::make_shared<release_queue>();
        alive = loop;
        counting_waker sleeper;
        loop->wake_by(&sleeper);
        auto* single = new recorder{loop, inner};
        std::vector<hold> held;
        held.push_back(hold{*single, 1});
        here =
            hold{*new recorder{loop, outer, std::move(held)}, 7};  // a batch, which holds in turn
        there = here.share();
        loop->close();
    }
    CHECK(!alive.expired());
    here.release();
    CHECK(!outer.gone);
    elsewhere([&] { there.release(); });
    CHECK(outer.gone);
    CHECK(inner.dropped == numbers{1});
    CHECK(inner.gone);
    CHECK(alive.expired());
}

TEST_CASE("what was posted and not collected is dropped when the app goes") {
    auto loop = std::make_shared<release_queue>();
    recorder::log log;
    hold a{*new recorder{loop, log}, 1};
    elsewhere([&] { a.release(); });
    loop->close();
    CHECK(log.gone);
    CHECK(loop.use_count() == 1);
}

TEST_CASE("many threads release while the loop turns, and while the app goes") {
    constexpr std::size_t threads = 4, each = 5'000;
    auto loop = std::make_shared<release_queue>();
    counting_waker sleeper;
    loop->wake_by(&sleeper);
    recorder::log log, batches;
    auto* in = new recorder{loop, log};
    std::atomic<std::size_t> started = 0;
    std::vector<std::thread> running;
    for (std::size_t t = 0; t < threads; ++t) {
        std::vector<hold> held;
        for (std::size_t i = 0; i < each; ++i) {
            if (i % 3) {
                held.push_back(hold{*in, std::int64_t(t * each + i)});
            } else {
                std::vector<hold> inner;
                inner.push_back(hold{*in, std::int64_t(t * each + i)});
                held.push_back(hold{*new recorder{loop, batches, std::move(inner)}, 0});
            }
        }
        running.emplace_back([held = std::move(held), &started]() mutable {
            ++started;
            for (auto& h : held) h.release();
        });
    }
    while (started < threads || log.dropped.size() < each) loop->collect();
    loop->close();
    CHECK(sleeper.times > 0);
    loop.reset();
    for (auto& t : running) t.join();
    CHECK(log.dropped.size() == threads * each);
    CHECK(batches.added.size() == batches.dropped.size());
    CHECK(log.gone);
}
