// SPDX-License-Identifier: Apache-2.0
// The threads behind weir::offload, without a loop: what comes back, and what is left at the end.
#include <doctest/doctest.h>

#include <atomic>
#include <coroutine>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "barrier.hpp"
#include "conductor/offload_pool.hpp"

using namespace std::chrono_literals;

namespace {

using weir::detail::offload_pool;
using weir::detail::release_queue;
using weir::testing::barrier;

template <class F>
std::shared_ptr<weir::detail::offloaded_of<F>> call(F f) {
    auto made = std::make_shared<weir::detail::offloaded_of<F>>(std::move(f));
    made->waiting.who = std::noop_coroutine();
    return made;
}
/// Until everything has been given back; returns how much it was.
int collect(offload_pool& pool) {
    int n = 0;
    while (pool.outstanding() > 0) {
        pool.wait();
        pool.collect([&](weir::detail::suspended) { ++n; });
    }
    return n;
}

}  // namespace

TEST_CASE("a pool gives every call back once, with its result") {
    const auto loop = std::make_shared<release_queue>();
    offload_pool pool{3, 2, loop};
    const auto twice = [](int n) { return [n] { return 2 * n; }; };
    std::vector<std::shared_ptr<weir::detail::offloaded_of<decltype(twice(0))>>> made;
    for (int n = 0; n < 1000; ++n) {
        made.push_back(call(twice(n)));
        pool.add(made.back());
    }
    CHECK(pool.outstanding() == 1000);
    CHECK(collect(pool) == 1000);
    for (int n = 0; n < 1000; ++n) CHECK(made[std::size_t(n)]->result() == 2 * n);
}

TEST_CASE("what nobody waits for is not given back, and not begun if it has not been") {
    const auto loop = std::make_shared<release_queue>();
    offload_pool pool{1, 8, loop};
    barrier gate;
    std::atomic<int> begun = 0;
    auto work = [&] {
        ++begun;
        gate.pass();
    };
    const auto first = call(work), second = call(work);
    pool.add(first);
    pool.add(second);
    gate.wait_for(1);
    first->waiting = second->waiting = {};  // as a coroutine that is destroyed does
    first->unwanted = second->unwanted = true;
    gate.open();
    CHECK(collect(pool) == 0);
    CHECK(begun == 1);
}

TEST_CASE("a pool that is closed waits for what runs, and drops the rest") {
    const auto loop = std::make_shared<release_queue>();
    std::atomic<int> begun = 0, ended = 0;
    barrier gate;
    {
        offload_pool pool{2, 8, loop};
        auto work = [&] {
            ++begun;
            gate.pass();
            ++ended;
        };
        for (int n = 0; n < 5; ++n) pool.add(call(work));
        gate.wait_for(2);
        gate.open();
        pool.close(1h);
    }
    CHECK(begun >= 2);
    CHECK(begun == ended);
}

TEST_CASE("a call that does not return outlives its pool, and its app") {
    const auto gate = std::make_shared<barrier>();
    const auto ended = std::make_shared<std::atomic<bool>>(false);
    {
        const auto loop = std::make_shared<release_queue>();
        offload_pool pool{1, 1, loop};
        auto work = [gate, ended] {
            gate->pass();
            *ended = true;
        };
        pool.add(call(work));
        gate->wait_for(1);
        pool.close(0s);
        loop->close();
    }
    CHECK_FALSE(*ended);
    gate->open();
    while (!*ended) std::this_thread::yield();
}
