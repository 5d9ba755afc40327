// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <utility>

#include <weir/pull.hpp>
#include <weir/stream.hpp>

namespace weir {
namespace detail {

struct erase_op {
    using weir_operators = void;
};
struct erase_fn {
    erase_op operator()() const { return {}; }
    template <is_stream S>
    auto operator()(S s) const {
        return stream<shown_key_t<typename S::key>, typename S::value>{std::move(s)};
    }
    /// A pull stream stays one.
    template <class P>
    auto operator()(pull<P> s) const {
        using plain = stream<shown_key_t<typename P::key>, typename P::value>;
        return pull<plain>{plain{s.what()}, s.on(), s.name()};
    }
};

}  // namespace detail

/// Gives a pipeline the type `stream<K, V>`, whatever it is made of: `orders | filter(dear) |
/// erase()`, or `erase(orders | filter(dear))`.
///
///     in   --1-2-3--|
///     out  --1-2-3--|
///
/// Shape    stream<K, V> -> weir::stream<K, V>
/// Order    kept
/// Acks     no change
/// Holds    nothing
/// Errors   none of its own
/// Cost     one virtual call for each value; an erased pipeline is compiled once
/// Example  samples/operators/erase.cpp    Page docs/operators/erase.md
inline constexpr detail::erase_fn erase{};

template <detail::is_stream S>
auto operator|(S s, detail::erase_op) {
    return erase(std::move(s));
}

}  // namespace weir
