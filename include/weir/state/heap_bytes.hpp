// SPDX-License-Identifier: Apache-2.0
// What a key or a value has allocated: for the limits of tables.
#pragma once
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/codec/aggregates.hpp>
#include <weir/message.hpp>

namespace weir::detail {

/// What the allocator adds to a block, and to what it rounds: glibc's, and those of others are
/// alike.
inline constexpr std::size_t allocator_head = 16, block_unit = 16;
inline std::size_t block_bytes(std::size_t n) {
    return n == 0 ? 0 : (n + allocator_head + block_unit - 1) / block_unit * block_unit;
}

/// An estimate by size and not by capacity: a copy of a value counts as the value does, so that
/// what was added is taken away again. 0 for classes that say nothing; one may have a member
/// `std::size_t heap_bytes() const`.
template <class T>
std::size_t heap_bytes(const T&);

template <class T>
concept says_heap_bytes = requires(const T& v) {
    { v.heap_bytes() } -> std::convertible_to<std::size_t>;
};
template <class T>
concept has_elements = requires(const T& v) {
    typename T::value_type;
    v.begin();
    v.end();
    v.size();
};
template <class T>
inline constexpr bool is_node_based = requires { typename T::node_type; };
template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;
template <class T>
inline constexpr bool is_optional_value = false;
template <class T>
inline constexpr bool is_optional_value<std::optional<T>> = true;
template <class T>
inline constexpr bool is_pair_value = false;
template <class A, class B>
inline constexpr bool is_pair_value<std::pair<A, B>> = true;

/// It never allocates.
template <class T>
inline constexpr bool has_no_heap = std::is_trivially_copyable_v<T>;

template <class T>
std::size_t heap_bytes_of_all(const T& all) {
    using element = typename T::value_type;
    std::size_t n = 0;
    if constexpr (!has_no_heap<element> && !std::is_same_v<T, std::vector<bool>>)
        for (const auto& e : all) n += heap_bytes(e);
    return n;
}

template <class T>
std::size_t heap_bytes(const T& v) {
    if constexpr (has_no_heap<T>) {
        return 0;
    } else if constexpr (says_heap_bytes<T>) {
        return v.heap_bytes();
    } else if constexpr (std::is_same_v<T, std::string>) {
        constexpr std::size_t inside = 15;  // so many characters need no allocation
        return v.size() > inside ? block_bytes(v.size() + 1) : 0;
    } else if constexpr (std::is_same_v<T, bytes>) {
        return block_bytes(v.size());
    } else if constexpr (std::is_same_v<T, std::vector<bool>>) {
        return block_bytes(v.size() / 8);
    } else if constexpr (is_vector<T>) {
        return block_bytes(v.size() * sizeof(typename T::value_type)) + heap_bytes_of_all(v);
    } else if constexpr (is_optional_value<T>) {
        return v ? heap_bytes(*v) : 0;
    } else if constexpr (is_pair_value<T>) {
        return heap_bytes(v.first) + heap_bytes(v.second);
    } else if constexpr (has_elements<T>) {
        // a map or set: nodes with three pointers and a colour, or one pointer and a hash
        constexpr std::size_t node = is_node_based<T> ? sizeof(typename T::value_type) + 32 : 0;
        return v.size() * block_bytes(node) + heap_bytes_of_all(v);
    } else if constexpr (record_type<T>) {
        return with_fields<field_count<T>>(
            v, [](const auto&... field) { return (std::size_t{} + ... + heap_bytes(field)); });
    } else {
        return 0;
    }
}

}  // namespace weir::detail
