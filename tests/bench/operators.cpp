// SPDX-License-Identifier: Apache-2.0
// What each operator costs a message in its segment: a batch of decoded keys and numbers, a body
// that adds up; against the loop one would write by hand, where there is one.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/weir.hpp>

#include "conductor/coroutines.hpp"
#include "conductor/offset_tracker.hpp"
#include "pairs.hpp"
#include "release_queue.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir::detail;
using weir::operator|;
using weir::bench::pass;

constexpr std::size_t size = 4096;
constexpr int rounds = 256;

/// A partition's batch, decoded, with a tracker for who takes holds.
class numbers final : public input_of<int> {
public:
    explicit numbers(std::shared_ptr<release_queue> releases)
        : tracker(new offset_tracker{std::move(releases)}) {
        for (std::size_t i = 0; i < size; ++i) {
            values.push_back({int(i) * 7});
            keys.push_back({long(i) % 100});
        }
        count = size;
    }
    void begin() {  // one more batch is read
        tracker->delivered(next, next + weir::offset{size} - 1);
        first = next;
        next += weir::offset{size};
    }
    void finish() { tracker->passed(next); }

    weir::hold hold_of(std::size_t i) override { return {*tracker, first + weir::offset(i)}; }
    ownership ownership_of(std::size_t) const override { return tracker->ownership(); }
    weir::offset offset_of(std::size_t i) const override { return first + weir::offset(i); }
    weir::message message_of(std::size_t i) const override {
        return {.key = "key", .value = bytes, .offset = first + weir::offset(i)};
    }
    weir::headers headers_of(std::size_t) const override { return {}; }
    const weir::topic_partition* partition_of(std::size_t) const override { return &tp; }
    const weir::topic_partition* common_partition() const override { return &tp; }
    const void* key_of(std::size_t i) const override { return &keys[i].value; }
    const void* keys_at() const override { return keys.data(); }
    const void* value_of(std::size_t i, const void* type) const override {
        return type == &type_id<int> ? &values[i].value : nullptr;
    }

    std::vector<slot<long>> keys;
    weir::bytes bytes{"1234"};
    weir::topic_partition tp{"in", 0};
    weir::offset first = 0, next = 0;
    owned_tracker tracker;
};

/// The topic of the pipelines here.
struct source {
    using weir_stream = void;
    using key = long;
    using value = int;
    template <class Chain>
    void build(plan& p, Chain chain) const {
        new_segment<int>(p, std::move(chain));
    }
};

/// Takes whatever is sent.
struct broker final : produce_target {
    std::size_t sent = 0;
    bool send(const outgoing& what, weir::hold&) override {
        sent += what.value.size() + what.unchanged.size();
        return true;
    }
};

class run_of final : public plan {
public:
    run_of(scheduler& s, std::shared_ptr<release_queue> releases) : plan(s, std::move(releases)) {
        open_max_ = size;
        begin(agent, {&topic, &topic, &topic});
    }
    produce_target& send_to(topic_info&) override { return to; }
    segment& entry() { return *segments_.back(); }
    segment& behind() { return *segments_.front(); }
    bool has_boundary() const { return !boundaries_.empty(); }
    boundary& between() { return *boundaries_.front(); }

private:
    agent_info agent{};
    topic_info topic{};
    broker to;
};

/// A pipeline at work, as the loop has it: what is parked is finished, what is ready goes on.
class machine {
public:
    template <class P>
    explicit machine(const P& what) {
        if constexpr (requires { requires P::ends; }) what.build(plan_);
        else what.build(plan_, discard_sink{});
    }
    void work() {
        from_.begin();
        for (std::size_t at = 0; at < size;) {
            segment_turn now{clock_, clock_.steady() + 1s};
            const auto r = plan_.entry().run(from_, at, now);
            at = r.at;
            if (plan_.has_boundary()) {
                auto& ready = plan_.between().ready();
                segment_turn next{clock_, clock_.steady() + 1s};
                if (plan_.behind().run(ready, 0, next).at > 0) ready.passed(ready.count);
            }
            if (r.status == run_status::full) {
                plan_.entry().finish();
                ++at;
            }
        }
        from_.finish();
    }

private:
    weir::clock clock_{};
    std::shared_ptr<release_queue> releases_ = std::make_shared<release_queue>();
    offload_pool pool_{1, 1, releases_};
    reporter report_{nullptr};
    coroutines coroutines_{clock_, pool_, report_};
    run_of plan_{coroutines_, releases_};
    numbers from_{releases_};
};

template <class Make>
auto ours(Make make) {
    return [=](pass& measured) {
        auto sum = std::make_unique<long>(0);
        machine m{make(source{}, *sum)};
        m.work();  // what is recycled has its size then
        measured([&] {
            for (int k = 0; k < rounds; ++k) m.work();
        });
        weir::bench::keep(*sum);
    };
}

/// What one would write without weir: a consumer that is handed batches, and keeps its state and
/// its sum as members. `Body` is called with the sum, an int and its key.
template <class Body>
class consumer {
public:
    explicit consumer(Body b) : body_(std::move(b)) {}
    [[gnu::noinline]] void work(const numbers& batch) {
        for (std::size_t i = 0; i < batch.count; ++i)
            body_(sum_, batch.values[i].value, batch.keys[i].value);
    }
    const long& sum() const { return sum_; }

private:
    Body body_;
    long sum_ = 0;
};
template <class Body>
auto by_hand(Body body) {
    return [=](pass& measured) {
        auto c = std::make_unique<consumer<Body>>(body);
        const numbers from{std::make_shared<release_queue>()};
        measured([&] {
            for (int k = 0; k < rounds; ++k) c->work(from);
        });
        weir::bench::keep(c->sum());
    };
}

auto odd = [](int i) { return i % 2 != 0; };
auto add_3 = [](int i) { return i + 3; };
auto larger = [](long a, int b) { return a < b ? long{b} : a; };
auto some = [](int i) { return i % 3 ? std::optional{i} : std::nullopt; };
auto adds(long& sum) {
    return weir::for_each([&sum](long i) { sum += i; });
}

constexpr auto messages = std::int64_t{size} * rounds;
constexpr weir::bench::bounds near{.above = 2ns, .allocations = 0};

const weir::bench::pair fused_ones[] = {
    {"operators: for_each alone, against by hand",
     {.a = ours([](auto s, long& sum) { return s | adds(sum); }),
      .b = by_hand([](long& sum, int i, long) { sum += i; }),
      .messages = messages,
      .wanted = near}},
    {"operators: filter, against by hand",
     {.a = ours([](auto s, long& sum) { return s | weir::filter(odd) | adds(sum); }),
      .b = by_hand([](long& sum, int i, long) {
          if (odd(i)) sum += i;
      }),
      .messages = messages,
      .wanted = near}},
    {"operators: map, against by hand",
     {.a = ours([](auto s, long& sum) { return s | weir::map(add_3) | adds(sum); }),
      .b = by_hand([](long& sum, int i, long) { sum += add_3(i); }),
      .messages = messages,
      .wanted = near}},
    {"operators: tap, against by hand",
     {.a = ours(
          [](auto s, long& sum) { return s | weir::tap([&sum](int i) { sum += i; }) | adds(sum); }),
      .b = by_hand([](long& sum, int i, long) { sum += i, sum += i; }),
      .messages = messages,
      .wanted = near}},
    {"operators: flat_map of two in an array, against by hand",
     {.a = ours([](auto s, long& sum) {
          return s | weir::flat_map([](int i) { return std::array{i, i + 1}; }) | adds(sum);
      }),
      .b = by_hand([](long& sum, int i, long) { sum += i, sum += i + 1; }),
      .messages = messages,
      .wanted = near}},
    {"operators: process(p1, p2), the second drops some, against by hand",
     {.a = ours([](auto s, long& sum) { return s | weir::process(add_3, some) | adds(sum); }),
      .b = by_hand([](long& sum, int i, long) {
          if (const auto made = some(add_3(i))) sum += *made;
      }),
      .messages = messages,
      .wanted = near}},
    {"operators: scan, against by hand",
     {.a = ours([](auto s, long& sum) { return s | weir::scan(0L, larger) | adds(sum); }),
      .b = by_hand([state = 0L](long& sum, int i, long) mutable {
          state = larger(state, i);
          sum += state;
      }),
      .messages = messages,
      .wanted = near}},
    {"operators: enumerate, against by hand",
     {.a = ours([](auto s, long& sum) {
          return s | weir::enumerate() | weir::for_each([&sum](const auto& indexed) {
                     auto& [n, i] = indexed;
                     sum += long(n) * i;
                 });
      }),
      .b = by_hand([n = std::size_t{}](long& sum, int i, long) mutable { sum += long(n++) * i; }),
      .messages = messages,
      .wanted = near}},
    {"operators: items, the key decoded, against by hand",
     {.a = ours([](auto s, long& sum) {
          return s | weir::items() | weir::for_each([&sum](const auto& item) {
                     auto& [key, i] = item;
                     sum += key * i;
                 });
      }),
      .b = by_hand([](long& sum, int i, long key) { sum += key * i; }),
      .messages = messages,
      .wanted = near}},
};

const weir::bench::single others[] = {
    {"operators: take(100), in its segment and the next, with holds",
     {.a = ours([](auto s, long& sum) {
          return s | weir::take(100) | weir::for_each([&sum](const weir::batch<int>& b) {
                     for (int i : b) sum += i;
                 });
      }),
      .messages = messages,
      .wanted = {.at_most = 100ns}}},
    {"operators: to, unchanged, into a produce target that takes all",
     {.a = ours([](auto s, long&) { return s | weir::to("out"); }),
      .messages = messages,
      .wanted = {.allocations = 0}}},
    {"operators: to, encoded",
     {.a = ours([](auto s, long&) { return s | weir::map(add_3) | weir::to("out"); }),
      .messages = messages,
      .wanted = {.allocations = 0}}},
    {"operators: to, chosen of two",
     {.a = ours([](auto s, long&) {
          return s | weir::to([](int i) { return i % 2 ? "odd" : "even"; },
                              {.topics = {"odd", "even"}});
      }),
      .messages = messages,
      .wanted = {.allocations = 0}}},
    {"operators: echo to two, encoded once",
     {.a = ours([](auto s, long& sum) {
          return s | weir::map(add_3) | weir::echo("one", "two") | adds(sum);
      }),
      .messages = messages,
      .wanted = {.allocations = 0}}},
    {"operators: group_by, re-keyed, unchanged",
     {.a = ours([](auto s, long&) { return s | weir::group_by(add_3, "key"); }),
      .messages = messages,
      .wanted = {.allocations = 0}}},
};

}  // namespace
