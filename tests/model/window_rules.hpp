// SPDX-License-Identifier: Apache-2.0
// What windows must make of a partition's messages: a loop over them, in their order.
#pragma once
#include <compare>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace model {

using milliseconds = std::int64_t;

struct window_message {
    std::string key{};
    int value = 0;  // of each message another
    milliseconds time = 0;
    bool passes = true;  // the filter before the window
    std::int64_t offset = 0;
};
/// In the order in which windows close.
struct window_of {
    milliseconds end = 0, start = 0;
    std::string key{};
    auto operator<=>(const window_of&) const = default;
};
struct window_result {
    window_of of{};
    std::string content{};
    milliseconds time = 0;
    auto operator<=>(const window_result&) const = default;
};
struct late_message {
    window_message is{};
    milliseconds start = 0, end = 0, by = 0;
};

struct window_rules {
    milliseconds size = 0, advance = 0, grace = 0, offset = 0;
    bool on_update = false;
    bool erases = false;   // values that 7 divides erase the window
    bool chained = false;  // a second table has all results of a window
};

class window_interpreter {
public:
    explicit window_interpreter(window_rules r) : rules_(r) {}
    void add(const window_message&);

    static constexpr auto before_all = std::numeric_limits<milliseconds>::min();
    milliseconds time = before_all;
    std::vector<window_result> results{};
    std::map<window_of, std::string> open{}, totals{};
    std::vector<late_message> late{};

private:
    void add_to(const window_of&, const window_message&);
    void close(milliseconds upto);
    void pass(const window_of&, const std::string& content, milliseconds);

    window_rules rules_;
    std::map<window_of, milliseconds> times_{}, total_times_{};
};

/// The windows' starts that `t` belongs to, from the first to the last.
std::vector<milliseconds> starts_of(const window_rules&, milliseconds t);

}  // namespace model
