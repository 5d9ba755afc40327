// SPDX-License-Identifier: Apache-2.0
// Operators for what cannot be in a pipeline. Each refuses with a sentence, before the compiler
// prints errors of its own.
#pragma once
#include <iterator>

#include <weir/graph/concepts.hpp>

namespace weir {
namespace detail {

/// What stands before `|` is not a stream. (Declared here, beside the operators, since it may be of
/// any namespace.)
template <class S, is_applied O>
    requires(!is_stream<S>)
auto operator|(const S& s, const O&) {
    if constexpr (is_applied<S>)
        static_assert(!is_applied<S>,
                      "weir: operators are applied to a stream, one after another: begin with one, "
                      "app.topic<order>(\"orders\") | filter(f) | map(g)");
    else if constexpr (is_pipeline<S>)
        static_assert(!is_pipeline<S>,
                      "weir: this pipeline has ended in a sink (for_each, to): nothing comes out "
                      "of it; put tap in place of for_each, echo or through in place of to");
    else if constexpr (requires { std::begin(s); })
        static_assert(!is_applied<O>,
                      "weir: a range becomes a stream by from: weir::from(numbers) | map(f)");
    else
        static_assert(!is_applied<O>, "weir: what stands before | is not a stream: begin with one, "
                                      "app.topic<order>(\"orders\") | map(f)");
    return s;
}

}  // namespace detail

/// A stream alone cannot be iterated, since only an app turns a loop.
template <detail::is_stream S>
    requires(!requires(const S& s) { s.begin(); })
auto begin(const S&) {
    static_assert(!detail::is_stream<S>,
                  "weir: a stream is iterated by way of its app: for (auto& v : app.stream(orders "
                  "| filter(f))) …");
    return static_cast<typename S::value*>(nullptr);
}
template <detail::is_stream S>
    requires(!requires(const S& s) { s.begin(); })
typename S::value* end(const S&);

}  // namespace weir
