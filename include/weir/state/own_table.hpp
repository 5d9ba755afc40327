// SPDX-License-Identifier: Apache-2.0
// Aggregations behind `window` that have a table for themselves.
#pragma once
#include <string>
#include <utility>

#include <weir/graph/concepts.hpp>
#include <weir/segment/segment.hpp>

namespace weir::detail {

/// `count()`, `reduce(f)` or `aggregate(init, f)`. `Of` makes the operator of a table, and says
/// what its values are. It stands behind `window` only: nobody else could read the table.
template <class Of>
struct own_aggregation {
    using weir_operator = void;
    template <class In>
    using out = In;
    Of of;

    template <class K, class>
    static consteval bool check() {
        static_assert(std::is_void_v<K>,
                      "weir: without a table, count(), reduce(f) and aggregate(init, f) stand "
                      "behind window(…): give them one, count(table), to read it elsewhere");
        return true;
    }
    std::string describe() const { return Of::name; }
    void operator()(context&, auto&& v, auto&& next) const { next(std::forward<decltype(v)>(v)); }
};

}  // namespace weir::detail
