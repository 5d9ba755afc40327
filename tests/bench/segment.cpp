// SPDX-License-Identifier: Apache-2.0
// What operators cost that are fused in a segment, against the loop one would write by hand.
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <weir/operators/filter.hpp>
#include <weir/operators/for_each.hpp>
#include <weir/operators/map.hpp>

#include "pairs.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir::detail;
using weir::bench::pass;

constexpr int size = 4096;
constexpr int rounds = 256;

/// A batch of decoded numbers.
class numbers final : public input_of<int> {
public:
    numbers() {
        for (int i = 0; i < size; ++i) values.push_back({i * 7});
        count = values.size();
    }
    weir::hold hold_of(std::size_t) override { return {}; }
    ownership ownership_of(std::size_t) const override { return {}; }
    weir::offset offset_of(std::size_t) const override { return {}; }
    weir::message message_of(std::size_t) const override { return {}; }
    weir::headers headers_of(std::size_t) const override { return {}; }
    const weir::topic_partition* partition_of(std::size_t) const override { return nullptr; }
};

auto add = [](int i) { return i + 3; };
auto keep_some = [](int i) { return i % 3 != 0; };
auto twice = [](int i) { return long{i} * 2; };

void in_a_segment(pass& measured) {
    auto sum = std::make_unique<long>(0);
    auto body = weir::for_each([&to = *sum](long i) { to += i; });
    auto chain = step{weir::map(add),
                      step{weir::filter(keep_some),
                           step{weir::map(twice), for_each_op<decltype(body.f)>::running{body.f}}}};
    std::unique_ptr<segment> s = std::make_unique<fused<int, decltype(chain)>>(chain);
    numbers from;
    const weir::clock time;
    measured([&] {
        for (int k = 0; k < rounds; ++k) {
            segment_turn now{time, time.steady() + 1s};
            weir::bench::keep(s->run(from, 0, now).at);
        }
    });
    weir::bench::keep(*sum);
}

/// What one would write without weir: a consumer that is handed batches, and keeps its sum as a
/// member.
class consumer {
public:
    [[gnu::noinline]] void work(const numbers& batch) {
        for (auto& v : batch.values) {
            const int i = add(v.value);
            if (keep_some(i)) sum_ += twice(i);
        }
    }
    const long& sum() const { return sum_; }

private:
    long sum_ = 0;
};
void by_hand(pass& measured) {
    auto c = std::make_unique<consumer>();
    const numbers from;
    measured([&] {
        for (int k = 0; k < rounds; ++k) c->work(from);
    });
    weir::bench::keep(c->sum());
}

/// The sum is the loop's own and stays in a register.
void by_hand_in_a_register(pass& measured) {
    const numbers from;
    measured([&] {
        for (int k = 0; k < rounds; ++k) {
            long sum = 0;
            for (auto& v : from.values) {
                const int i = add(v.value);
                if (keep_some(i)) sum += twice(i);
            }
            weir::bench::keep(sum);
        }
    });
}

constexpr auto messages = std::int64_t{size} * rounds;
const weir::bench::pair fused_chain{"segment: map | filter | map, against by hand",
                                    {.a = in_a_segment,
                                     .b = by_hand,
                                     .messages = messages,
                                     .wanted = {.above = 0.5ns, .allocations = 0}}};
const weir::bench::pair register_chain{
    "segment: the same, the sum by hand in a register",
    {.a = in_a_segment, .b = by_hand_in_a_register, .messages = messages}};

}  // namespace
