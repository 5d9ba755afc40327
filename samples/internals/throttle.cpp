// SPDX-License-Identifier: Apache-2.0
// How an operator with a time is written: throttle(interval) passes on one value of a partition in
// each interval and drops the others. docs/internals/operators.md explains it.
//
// Prints:
//   0 s: a
//   1 s: d
#include <fmt/core.h>

#include <string>
#include <utility>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

namespace weir::detail {

// [operator]
/// When one partition's next value may pass, and what that was before the message in work.
struct next_pass {
    time_point at = time_point::min(), before = at;
    void finish() { before = at; }
    void undo() { at = before; }
};

struct throttle_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    static constexpr bool keeps_element = true;
    duration interval;
    per_partition<next_pass> passes;

    std::string describe() const { return "throttle"; }
    void operator()(context& c, auto&& v, auto&& next) {
        auto& pass = passes.of(c);
        const auto now = c.now.time.steady();  // the app's clock: under test a virtual one
        if (now < pass.at) return;
        pass.at = later(now, interval);
        next(std::forward<decltype(v)>(v));
    }
    void finish() { passes.finish(); }
    void undo() { passes.undo(); }
    void assigned(const topic_partition& tp) { passes.assigned(tp); }
    void revoked(const topic_partition& tp) { passes.revoked(tp); }
};
inline throttle_op throttle(duration interval) {
    if (interval <= duration::zero())
        throw setup_error{"weir: throttle(interval): the interval must be positive"};
    return {interval, per_partition<next_pass>{{}}};
}
// [/operator]

}  // namespace weir::detail

int main() {
    weir::app app{"ticker"};
    auto in = app.topic<std::string>("in", {.partitions = 1});
    int seconds = 0;
    app.agent("print", in
        | weir::detail::throttle(1s)
        | weir::for_each([&](const std::string& s) { fmt::print("{} s: {}\n", seconds, s); }));

    weir::testing::test_driver test{app};
    for (auto* s : {"a", "b", "c"}) test.send(in, s);  // at 0 s: only the first passes
    test.advance(1s);
    seconds = 1;
    for (auto* s : {"d", "e"}) test.send(in, s);
}
