// SPDX-License-Identifier: Apache-2.0
// Opt-in: a pull stream under range-v3's views, `app.stream(t) | ranges::views::enumerate`.
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

/// As with the standard library's adaptors: the one that is current when the loop is left stays
/// unacknowledged, since an adaptor may look at one element more than the body is given.
template <class P, class Adaptor>
auto operator|(pull<P> s, ranges::views::view_closure<Adaptor> adaptor) {
    return detail::pull_view<pull<P>>{std::move(s)} | adaptor;
}

}  // namespace weir
