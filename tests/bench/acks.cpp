// SPDX-License-Identifier: Apache-2.0
// What events, acknowledging by hand, a hold, noack, and a chain_ref (a merge, an erased stream)
// cost a message, against the same body without.
#include <cstddef>
#include <memory>
#include <utility>

#include <weir/operators/erase.hpp>
#include <weir/operators/events.hpp>
#include <weir/operators/for_each.hpp>
#include <weir/operators/noack.hpp>

#include "conductor/offset_tracker.hpp"
#include "pairs.hpp"
#include "release_queue.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir::detail;
using weir::bench::pass;

constexpr int size = 4096;
constexpr int rounds = 64;

/// A batch of decoded numbers, of one partition.
class numbers final : public input_of<int> {
public:
    explicit numbers(hold_owner& of) : of_(&of) {
        for (int i = 0; i < size; ++i) values.push_back({i * 7});
        count = values.size();
    }
    weir::hold hold_of(std::size_t i) override { return {*of_, first + std::int64_t(i)}; }
    ownership ownership_of(std::size_t) const override { return of_->ownership(); }
    weir::offset offset_of(std::size_t i) const override { return first + std::int64_t(i); }
    weir::message message_of(std::size_t i) const override {
        return {{}, {}, first + std::int64_t(i), {}};
    }
    weir::headers headers_of(std::size_t) const override { return {}; }
    const weir::topic_partition* partition_of(std::size_t) const override { return nullptr; }
    std::int64_t first = 0;

private:
    hold_owner* of_;
};

struct none final : retryable {
    explicit none(origins& o) : of(&o) {}
    origins* of;
    void retry() override {}
    void skip() override {}
    origins& from() override { return *of; }
    std::size_t at() const override { return 0; }
};

/// Batches through the chain that `make` gives, as the loop would.
template <class Make>
void batches(pass& measured, Make make) {
    const auto owner = std::make_shared<release_queue>();
    const owned_tracker tracker{new offset_tracker{owner}};
    numbers from{*tracker};
    auto chain = make(owner);
    std::unique_ptr<segment> s = std::make_unique<fused<int, decltype(chain)>>(std::move(chain));
    const weir::clock time;
    none work{from};
    const auto round = [&] {
        tracker->delivered(from.first, from.first + size - 1);
        segment_turn now{time, time.steady() + 10s};
        now.work = &work;
        weir::bench::keep(s->run(from, 0, now).at);
        from.first += size;
        tracker->passed(from.first);
    };
    for (int k = 0; k < 4; ++k) round();  // places that are used again
    measured([&] {
        for (int k = 0; k < rounds; ++k) round();
    });
}

template <class F>
auto body(F f) {
    return typename for_each_op<F>::running{std::move(f)};
}
/// `events() | noack() | f`, or without noack.
template <bool Noack = false, class F>
auto events(const std::shared_ptr<release_queue>& owner, F f) {
    using source = event_source<weir::bytes, int>;
    if constexpr (Noack)
        return step<source, step<noack_op, decltype(body(f))>>{source{owner}, {{}, body(f)}};
    else return step<source, decltype(body(f))>{source{owner}, body(f)};
}

auto sum = std::make_unique<long>(0);
const auto add = [](int i) { *sum += i; };

void plain(pass& measured) {
    batches(measured, [](auto&) { return body(add); });
}
void shown(pass& measured) {
    batches(measured, [](auto& o) { return events(o, [](auto& e) { *sum += e.value(); }); });
}
void by_hand(pass& measured) {
    batches(measured, [](auto& o) {
        return events(o, [](auto& e) {
            *sum += e.value();
            e.ack();
        });
    });
}
void by_hand_alone(pass& measured) {
    batches(measured, [](auto& o) {
        return events<true>(o, [](auto& e) {
            *sum += e.value();
            e.ack();
        });
    });
}
void held(pass& measured) {
    batches(measured, [](auto& o) {
        return events(o, [h = std::make_shared<weir::hold>()](auto& e) {
            *sum += e.value();
            *h = e.hold();
        });
    });
}
void behind_a_port(pass& measured) {
    const auto end = std::make_unique<chain_ref_of<int, decltype(body(add))>>(body(add));
    batches(measured, [&](auto&) { return into_chain_ref<int, all_but_value, false>{end.get()}; });
}

constexpr auto messages = std::int64_t{size} * rounds;
weir::bench::sides row(weir::bench::side a, weir::bench::nanoseconds above) {
    return {.a = std::move(a),
            .b = plain,
            .messages = messages,
            .wanted = {.above = above, .allocations = 0}};
}
const weir::bench::pair r1{"acks: events, against for_each alone", row(shown, 40ns)};
const weir::bench::pair r2{"acks: events, each acknowledged by hand", row(by_hand, 40ns)};
const weir::bench::pair r3{"acks: events | noack, each acknowledged by hand",
                           row(by_hand_alone, 40ns)};
const weir::bench::pair r4{"acks: events, each held until the next one", row(held, 60ns)};
const weir::bench::pair r5{"acks: a & b, or erase(): a value through a chain_ref",
                           row(behind_a_port, 10ns)};

}  // namespace
