// SPDX-License-Identifier: Apache-2.0
// Which windows a time is in, as Faust says it: faust-windows.json.
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "driven.hpp"

namespace {

using std::string;
using bounds = std::pair<std::int64_t, std::int64_t>;  // milliseconds

struct faust_params {
    std::int64_t size = 0, step = 0;  // seconds
    static constexpr bool json_defaults = true;
};
struct faust_case {
    double ts;
    std::vector<std::pair<double, double>> ranges;
};
struct faust_windows {
    string window;
    faust_params params;
    std::vector<faust_case> cases;
};
struct faust_file {
    std::vector<faust_windows> windows;
};

faust_file read() {
    std::ifstream in{WEIR_SOURCE_ROOT "/tests/oracle/faust-windows.json", std::ios::binary};
    const string json{std::istreambuf_iterator<char>{in}, {}};
    faust_file all;
    weir::detail::decode_into<faust_file>(json, all);
    return all;
}

std::int64_t ms_of(double seconds) { return static_cast<std::int64_t>(seconds * 1000 + 0.5); }

/// Their ends belong to the windows, and are 0.1 s before ours. They begin below zero, too.
std::vector<bounds> wanted(const faust_case& c) {
    std::vector<bounds> all;
    for (auto& [first, last] : c.ranges)
        if (first >= 0) all.emplace_back(ms_of(first), ms_of(last + 0.1));
    return all;
}

/// The windows that have something in them when a message with this time has come.
std::vector<bounds> windows_of(const faust_params& p, std::int64_t time) {
    using key = weir::windowed<string>;
    const std::chrono::seconds size{p.size}, advance{p.step == 0 ? p.size : p.step};
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto counts = app.table<key, int>("counts");
    std::vector<bounds> all;
    app.agent(
        "w", in | weir::window(weir::hopping(size, advance), weir::grace(0s), weir::on_update) |
                 weir::count(counts) | weir::items() | weir::for_each([&](auto& i) {
                     const auto ms = [](weir::timestamp t) { return t.time_since_epoch().count(); };
                     all.emplace_back(ms(i.key().start), ms(i.key().end));
                 }));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = weir::timestamp{std::chrono::milliseconds{time}}});
    return all;
}

}  // namespace

TEST_CASE("semantics 71: a time is in the windows that Faust has for it, but none below zero") {
    const auto file = read();
    REQUIRE(!file.windows.empty());
    for (auto& w : file.windows) {
        // elsewhere its windows start at other times than at multiples of the step
        if (w.params.step != 0 && w.params.size % w.params.step != 0) continue;
        for (auto& c : w.cases) {
            CAPTURE(w.params.size);
            CAPTURE(w.params.step);
            CAPTURE(c.ts);
            CHECK(windows_of(w.params, ms_of(c.ts)) == wanted(c));
        }
    }
}
