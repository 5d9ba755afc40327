// SPDX-License-Identifier: Apache-2.0
// Where the results of a left or outer join wait to be processed.
#pragma once
#include <cstddef>
#include <optional>
#include <utility>

#include <weir/state/timed_results.hpp>

namespace weir::detail {

/// Two messages that match, or one that has no match.
template <class A, class B>
struct joined_pair {
    std::optional<A> left{};
    std::optional<B> right{};
};

/// What a message passes on: first what goes since stream time has moved, then its own matches.
/// Nothing that the next message finds depends on them.
template <class Pair>
struct unmatched_go {
    static constexpr bool one_by_one = false;
    static constexpr const char* why_held = "the results that it has caused are being processed";
    static bool next(auto& in, const auto&, timestamp time, std::size_t input, offset at, auto f) {
        return in.remove_next(time, input, at, [&](auto& key, const auto* left, const auto* right) {
            Pair sides;
            if (left) sides.left = left->value;
            if (right) sides.right = right->value;
            f(key, std::move(sides), left ? left->time : right->time);
        });
    }
};
template <class Table>
using pair_of_table =
    joined_pair<typename Table::shard_type::left_type, typename Table::shard_type::right_type>;
template <class Table, class Key, message_part Needs>
using join_results =
    timed_results<Table, Key, pair_of_table<Table>, Needs, unmatched_go<pair_of_table<Table>>>;

/// Calls the function of a left or outer join with a result's two sides.
template <class F, bool LeftMayLack>
class join_call {
public:
    explicit join_call(F f) : f_(std::move(f)) {}
    template <class A, class B>
    void operator()(context&, const joined_pair<A, B>& p, auto&& next) {
        const B* right = p.right ? &*p.right : nullptr;
        if constexpr (LeftMayLack) next(f_(p.left ? &*p.left : nullptr, right));
        else next(f_(*p.left, right));
    }

private:
    F f_;
};

}  // namespace weir::detail
