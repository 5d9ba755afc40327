// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>
#include <weir/segment/borrowed_or_owned.hpp>
#include <weir/segment/state.hpp>

namespace weir {

/// What `enumerate` yields: a number and a value, `auto& [i, order] = indexed`. In the body it
/// refers to the value; a copy owns its value.
template <class V>
class indexed {
public:
    /// Refers to a value that lives longer.
    indexed(std::size_t index, const V& value) : index_(index), value_(&value) {}
    indexed(std::size_t index, V&& value) : index_(index), value_(std::move(value)) {}

    std::size_t index() const { return index_; }
    const V& value() const { return *value_; }
    template <std::size_t I>
    const auto& get() const {
        if constexpr (I == 0) return index_;
        else return *value_;
    }

private:
    std::size_t index_;
    detail::borrowed_or_owned<V> value_;
};

namespace detail {

template <class V>
inline constexpr bool borrows<indexed<V>> = borrows<V>;
template <class V>
inline constexpr bool holds_messages<indexed<V>> = holds_messages<V>;

/// The next number of one partition, and the number before the current message.
struct enumerate_count {
    std::size_t next, before = next;
    void finish() { before = next; }
    void undo() { next = before; }
};

struct enumerate_op {
    using weir_operator = void;
    template <class In>
    using out = indexed<In>;
    per_partition<enumerate_count> counts;

    std::string describe() const { return "enumerate"; }
    void operator()(context& c, auto&& v, auto&& next) {
        const auto number = counts.of(c).next++;
        next(indexed<std::decay_t<decltype(v)>>{number, std::forward<decltype(v)>(v)});
    }
    void finish() { counts.finish(); }
    void undo() { counts.undo(); }
    void assigned(const topic_partition& tp) { counts.assigned(tp); }
    void revoked(const topic_partition& tp) { counts.revoked(tp); }
};
struct enumerate_fn {
    enumerate_op operator()(std::size_t start = 0) const {
        return {per_partition<enumerate_count>{{start}}};
    }
};

}  // namespace detail

/// Numbers the values of each partition. Yields `indexed<V>`: `auto& [i, value] = indexed`.
///
///     in   --a---b---c--|
///     out  --0a--1b--2c-|          enumerate()
///
/// Shape    stream<K, V> -> stream<K, indexed<V>>
/// Order    kept
/// Acks     no change
/// Holds    one number for each partition. When a partition is assigned again, it begins again,
///          since its uncommitted messages come again. Values from no topic share one number
/// Errors   none of its own. A message that fails has not been counted.
/// Cost     no copy, no allocation; an operator that buffers an indexed value copies the value
/// Example  samples/operators/enumerate.cpp    Page docs/operators/enumerate.md    After Faust
///          Stream.enumerate
inline constexpr detail::enumerate_fn enumerate{};

}  // namespace weir

template <class V>
struct std::tuple_size<weir::indexed<V>> : std::integral_constant<std::size_t, 2> {};
template <class V>
struct std::tuple_element<0, weir::indexed<V>> {
    using type = const std::size_t;
};
template <class V>
struct std::tuple_element<1, weir::indexed<V>> {
    using type = const V;
};
