// SPDX-License-Identifier: Apache-2.0
// Windows: which messages are in them, when they close, what comes too late.
#include "driven.hpp"

#include <cstdint>
#include <utility>

namespace {

using std::string;
using per_key = weir::windowed<string>;
weir::timestamp at(std::int64_t ms) { return weir::timestamp{std::chrono::milliseconds{ms}}; }

/// "a [0, 10) 3 @7": a result, and its timestamp.
string text(const per_key& w, std::int64_t n) {
    return w.key + " [" + std::to_string(w.start.time_since_epoch().count()) + ", " +
           std::to_string(w.end.time_since_epoch().count()) + ") " + std::to_string(n);
}

struct lateness : silent {
    texts late_ones{};
    void late(const weir::late_value& v) override {
        late_ones.push_back(v.topic + '@' + std::to_string(v.offset) + " [" +
                            std::to_string(v.start.time_since_epoch().count()) + ", " +
                            std::to_string(v.end.time_since_epoch().count()) + ") by " +
                            std::to_string(v.by / 1ms));
    }
};

template <class Window>
struct windows_of_counts {
    lateness hooks{};
    weir::app app;
    weir::topic<string, int> in = app.topic<string, int>("in", {.partitions = 1});
    weir::table<per_key, std::int64_t> per = app.table<per_key, std::int64_t>("per");
    texts out{};
    explicit windows_of_counts(Window w, weir::app_options o = {}) : app{"a", with(o)} {
        app.agent("w", in | w | weir::count(per) | weir::items() | weir::for_each([this](auto& i) {
                           out.push_back(text(i.key(), i.value()));
                       }));
    }
    weir::app_options with(weir::app_options o) {
        o.hooks = &hooks;
        return o;
    }
};

}  // namespace

TEST_CASE("a tumbling window is passed on once, when stream time reaches its end and the grace") {
    windows_of_counts c{weir::window(weir::tumbling(10ms), weir::grace(5ms))};
    test_driver test{c.app};
    test.send(c.in, "a", 1, {.timestamp = at(1)});
    test.send(c.in, "b", 1, {.timestamp = at(9)});
    test.send(c.in, "a", 1, {.timestamp = at(12)});
    test.send(c.in, "a", 1, {.timestamp = at(3)});  // late, and within the grace
    test.send(c.in, "a", 1, {.timestamp = at(14)});
    CHECK(c.out.empty());
    test.send(c.in, "a", 1, {.timestamp = at(15)});
    CHECK(c.out == texts{"a [0, 10) 2", "b [0, 10) 1"});
    test.send(c.in, "a", 1, {.timestamp = at(9)});
    CHECK(c.hooks.late_ones == texts{"in@6 [0, 10) by 0"});
    CHECK(c.app.counters().late == 1);
    test.send(c.in, "c", 1, {.timestamp = at(1000)});
    CHECK(c.out == texts{"a [0, 10) 2", "b [0, 10) 1", "a [10, 20) 3"});
}
