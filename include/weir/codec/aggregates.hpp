// SPDX-License-Identifier: Apache-2.0
// How many fields an aggregate has, and whether each can be bound to a name.
#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>

#include <weir/codec/bindings.hpp>

namespace weir::detail {

/// Converts to a value of any field, to ask the compiler what `T{…}` takes. It is never called, yet
/// it is defined: some standard libraries generate code that names it, and only this file can
/// define it for a type without linkage.
struct anything {
    template <class U>
    operator U() const noexcept {
        __builtin_unreachable();
    }
};
template <class T>
struct base_of_it {
    template <class U>
        requires(std::is_base_of_v<U, T> && !std::is_same_v<U, T>)
    operator U() const noexcept;
};
struct base_of_nothing {};  // for a first field that takes anything: a std::any
template <class T>
inline constexpr bool has_base =
    requires { T{base_of_it<T>{}}; } && !requires { T{base_of_nothing{}}; };
template <class T>
inline constexpr bool is_tuple = requires { std::tuple_size<T>::value; };

/// As many fields as `T{…}` takes values.
template <class T, class... Given>
consteval std::size_t count_fields() {
    if constexpr (sizeof...(Given) <= most_fields && requires { T{Given{}..., anything{}}; }) {
        return count_fields<T, Given..., anything>();
    } else {
        return sizeof...(Given);
    }
}
template <class T>
inline constexpr std::size_t field_count = count_fields<T>();

template <std::size_t>
using anything_at = anything;
/// Whether `T{…}` takes so many values before, inside and behind a pair of braces.
template <class T, std::size_t... Before, std::size_t... In, std::size_t... After>
consteval bool takes(std::index_sequence<Before...>, std::index_sequence<In...>,
                     std::index_sequence<After...>) {
    return requires {
        T{anything_at<Before>{}..., {anything_at<In>{}...}, anything_at<After>{}...};
    };
}
/// Whether field `I` is a C array. Without braces each of its elements counts as a field.
template <class T, std::size_t I>
consteval bool is_c_array() {
    constexpr std::size_t after = field_count<T> - I - 1;
    using before = std::make_index_sequence<I>;
    if constexpr (after == 0) return false;
    else if constexpr (takes<T>(before{}, std::index_sequence<>{},
                                std::make_index_sequence<after>{}))
        return false;  // one field, not the first of an array
    else
        return []<std::size_t... Fewer>(std::index_sequence<Fewer...>) {
            return (takes<T>(before{}, std::make_index_sequence<2>{},
                             std::make_index_sequence<Fewer>{}) ||
                    ...);
        }(std::make_index_sequence<after>{});
}
template <class T>
inline constexpr bool has_c_array = []<std::size_t... I>(std::index_sequence<I...>) {
    return (is_c_array<T, I>() || ...);
}(std::make_index_sequence<field_count<T>>{});

template <class T>
inline constexpr bool has_bit_field =
    std::is_same_v<decltype(with_fields<field_count<T>>(std::declval<T&>(), [](auto&...) {})),
                   no_references>;

/// An aggregate other than std::array, which has elements instead of fields.
template <class T>
concept aggregate_class = std::is_class_v<T> && std::is_aggregate_v<T> && !is_tuple<T>;
/// An aggregate whose fields can be bound to names.
template <class T>
concept record_type = aggregate_class<T> && !has_base<T> && field_count<T> <= most_fields &&
                      !has_c_array<T> && !has_bit_field<T>;

}  // namespace weir::detail
