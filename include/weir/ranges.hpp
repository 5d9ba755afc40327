// SPDX-License-Identifier: Apache-2.0
// Optional: range-v3's views over a pull stream, `app.stream(t) | ranges::views::enumerate`.
#pragma once
#include <range/v3/range/concepts.hpp>
#include <range/v3/view/view.hpp>
#include <utility>

#include <weir/pull.hpp>

namespace ranges {
template <class P>
inline constexpr bool enable_view<weir::detail::pull_view<P>> = true;
}  // namespace ranges

namespace weir {

template <class F>
inline constexpr bool detail::is_foreign_adaptor<ranges::views::view_closure<F>> = true;

/// As with the standard library's adaptors, the current element is not acknowledged when the loop
/// is left: an adaptor may look at one element more than the body gets.
template <class P, class Adaptor>
auto operator|(pull<P> s, ranges::views::view_closure<Adaptor> adaptor) {
    return detail::pull_view<pull<P>>{std::move(s)} | adaptor;
}

}  // namespace weir
