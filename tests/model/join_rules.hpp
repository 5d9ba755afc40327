// SPDX-License-Identifier: Apache-2.0
// What a join of two streams must make of a partition's messages: a loop over them, in the order in
// which they come to the join.
#pragma once
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace model {

using milliseconds = std::int64_t;

enum class join_kind { inner, left, outer };

struct join_rules {
    join_kind kind{};
    milliseconds before = 0, after = 0, grace = 0;

    bool passes_alone(bool left) const {
        return kind == join_kind::outer || (kind == join_kind::left && left);
    }
    milliseconds reach(bool left) const { return left ? after : before; }
    /// Whether a left message at `l` and a right one at `r` match.
    bool match(milliseconds l, milliseconds r) const { return l - before <= r && r <= l + after; }
};

struct join_message {
    bool left = false;
    std::optional<std::string> key{};
    int value = 0;  // of each message another
    milliseconds time = 0;
    bool passes = true;  // the filter before the join
    std::int64_t offset = 0;
};
/// -1 stands for null.
struct join_result {
    std::optional<std::string> key{};
    int left = -1, right = -1;
    milliseconds time = 0;
    auto operator<=>(const join_result&) const = default;
};
struct held_message {
    join_message is{};
    bool matched = false;
};

class join_interpreter {
public:
    explicit join_interpreter(join_rules r) : rules_(r) {}
    void add(const join_message&);

    static constexpr auto before_all = std::numeric_limits<milliseconds>::min();
    milliseconds time = before_all;
    std::vector<join_result> results{};
    std::vector<held_message> held{};
    std::vector<join_message> late{};

private:
    bool has_gone(const join_message& m) const {
        return m.time + rules_.reach(m.left) + rules_.grace < time;
    }
    void let_go();
    void pass_alone(const join_message&);

    join_rules rules_;
};

/// The messages of two logs, in the order in which they are read: of the next ones, the one with
/// the lower time; where times are equal, the left one.
std::vector<join_message> by_time(const std::vector<join_message>& left,
                                  const std::vector<join_message>& right);

}  // namespace model
