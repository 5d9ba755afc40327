// SPDX-License-Identifier: Apache-2.0
// The names, places and types of an aggregate's fields, without a macro. Works for local types,
// too.
#pragma once
#include <bit>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/codec/aggregates.hpp>
#include <weir/codec/bindings.hpp>

namespace weir::detail {

/// One field. Its place is an address in an object that nobody reads, from which the beginning of
/// that object is subtracted. Unlike an offset, an address is a constant for the compiler.
struct field {
    std::string_view name{};
    const void* at = nullptr;
};

/// An object of `T` whose fields have addresses. Its `value` is never constructed.
template <class T>
union ghost {
    char none;
    mutable T value;  // mutable, so that a field's type is seen without the const of the object
    constexpr ghost() : none{} {}
    constexpr ~ghost() {}
};
template <class T>
struct ghosts {
#ifdef __clang__  // clang allows no constant of a type with a destructor
    [[clang::no_destroy]] static inline const ghost<T> one{};
#else  // g++ would destroy it at exit if it were not a constant
    static constexpr ghost<T> one{};
#endif
};

/// clang 16 needs this wrapper to take a field's address as a template argument.
template <class P>
struct place {
    P at;
};
template <class P>
place(P) -> place<P>;

template <place P>
constexpr const char* place_name() {
    return __PRETTY_FUNCTION__;
}

/// "… P = place<…>{(& ghosts<order>::one.ghost<order>::value.order::price)}]" -> "price"
constexpr std::string_view last_identifier(std::string_view s) {
    constexpr auto part_of_one = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || static_cast<unsigned char>(c) >= 0x80;
    };
    while (!s.empty() && !part_of_one(s.back())) s.remove_suffix(1);
    std::size_t from = s.size();
    while (from > 0 && part_of_one(s[from - 1])) --from;
    return s.substr(from);
}

template <std::size_t I, class M>
struct field_at {
    M* at;
};
/// A small std::tuple that compiles faster.
template <class I, class... M>
struct field_list;
template <std::size_t... I, class... M>
struct field_list<std::index_sequence<I...>, M...> : field_at<I, M>... {};
template <std::size_t I, class M>
constexpr M* nth(const field_at<I, M>& f) {
    return f.at;
}

template <class T>
inline constexpr auto places = with_fields<field_count<T>>(ghosts<T>::one.value, [](auto&... f) {
    return field_list<std::index_sequence_for<decltype(f)...>,
                      std::remove_reference_t<decltype(f)>...>{{&f}...};
});

template <class T, class Fields = std::make_index_sequence<field_count<T>>>
struct fields_of;
template <class T, std::size_t... I>
struct fields_of<T, std::index_sequence<I...>> {
    static constexpr std::size_t count = sizeof...(I);
    template <std::size_t N>
    using type = std::remove_pointer_t<decltype(nth<N>(places<T>))>;
    static constexpr const void* base = &ghosts<T>::one;
    static constexpr field list[count + 1] = {
        {last_identifier(place_name<place{nth<I>(places<T>)}>()), nth<I>(places<T>)}..., {}};
};

/// The name of the field that a member pointer points to: `field_name(&order::price)` is "price".
template <class T, class M>
    requires(!std::is_function_v<M>)
std::string_view field_name(M T::*member) {
    static_assert(record_type<T>, "weir: only a field of a plain aggregate has a name that can be "
                                  "found: use a callable and give its name");
    static_assert(sizeof member == sizeof(std::ptrdiff_t));
    if constexpr (record_type<T>) {
        // On every ABI that weir supports, a pointer to a data member is its offset.
        const auto offset = std::bit_cast<std::ptrdiff_t>(member);
        const auto base = static_cast<const char*>(fields_of<T>::base);
        for (std::size_t i = 0; i < fields_of<T>::count; ++i) {
            const field& f = fields_of<T>::list[i];
            if (static_cast<const char*>(f.at) - base == offset) return f.name;
        }
    }
    return {};
}

}  // namespace weir::detail
