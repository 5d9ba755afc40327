// SPDX-License-Identifier: Apache-2.0
// Whether a type and all its parts have a JSON form, what its values look like, and whether they
// borrow.
#pragma once
#include <tuple>

#include <weir/codec/json_kind.hpp>

namespace weir::detail {

/// What values of `T` look like: bits of json_form, several if it can be null.
template <class T>
consteval unsigned char forms_of();
template <class... T>
struct forms_of_all {
    static constexpr auto value = static_cast<unsigned char>((forms_of<T>() | ... | 0));
    /// Whether a value's form tells which alternative it is. `any` stands for the forms of no other
    /// alternative.
    static constexpr bool differ = [] {
        unsigned seen = 0;
        bool all = true;
        ((all = all && !(seen & forms_of<T>()), seen |= forms_of<T>()), ...);
        return all;
    }();
};
template <class T>
inline constexpr bool own_text = false;
template <class T>
    requires requires { codec<T>::json_text; }
inline constexpr bool own_text<T> = codec<T>::json_text;

template <class T>
consteval unsigned char forms_of() {
    using enum json_kind;
    constexpr auto kind = kind_of<T>();
    if constexpr (kind == boolean) return form_boolean;
    else if constexpr (kind == integer || kind == natural || kind == real) return form_number;
    else if constexpr (kind == text || kind == view || kind == time || kind == enumerator)
        return form_text;
    else if constexpr (kind == null) return form_null;
    else if constexpr (kind == array || kind == bits || kind == fixed || kind == tuple)
        return form_array;
    else if constexpr (kind == map || kind == object) return form_object;
    else if constexpr (kind == own) return own_text<T> ? form_text : form_any;
    else if constexpr (kind == optional)
        return static_cast<unsigned char>(form_null | forms_of<typename T::value_type>());
    else if constexpr (kind == variant) return json_template<T>::template give<forms_of_all>::value;
    else return form_any;
}

/// Whether `T` and all its parts have a JSON form. `Within` are the types that are being asked
/// about already, since a tree contains itself.
template <class T, class... Within>
consteval bool json_type();

template <class Within, class... T>
struct json_types;
template <class... Within, class... T>
struct json_types<std::tuple<Within...>, T...> {
    static constexpr bool value = (json_type<T, Within...>() && ...);
};

template <class T, class... Within>
consteval bool json_type() {
    using enum json_kind;
    constexpr auto kind = kind_of<T>();
    if constexpr (kind == none) return false;
    else if constexpr (kind == own) return has_codec<T>;
    else if constexpr (kind == enumerator) {
        return enumerators<T>.count > 0 && enumerators<T>.differ() &&
               enumerators<T>.can_be_written();
    } else if constexpr (kind == map) {
        return json_type<typename T::mapped_type, Within...>();
    } else if constexpr (kind == object) {
        if constexpr ((std::same_as<T, Within> || ...)) return true;
        else
            return []<std::size_t... I>(std::index_sequence<I...>) {
                return (json_type<typename fields_of<T>::template type<I>, T, Within...>() && ...);
            }(std::make_index_sequence<field_count<T>>{});
    } else if constexpr (json_template<T>::kind != none) {
        constexpr bool parts =
            json_template<T>::template give<json_types, std::tuple<Within...>>::value;
        if constexpr (!parts) return false;
        else if constexpr (kind == optional)
            return !(forms_of<typename T::value_type>() & form_null);
        else if constexpr (kind == variant)
            return json_template<T>::template give<forms_of_all>::differ;
        else return true;
    } else return true;
}

/// Whether a value of `T` points into the message it came from.
template <class T, class... Within>
consteval bool json_borrows();
template <class Within, class... T>
struct json_borrow;
template <class... Within, class... T>
struct json_borrow<std::tuple<Within...>, T...> {
    static constexpr bool value = (json_borrows<T, Within...>() || ...);
};
template <class T, class... Within>
consteval bool json_borrows() {
    using enum json_kind;
    constexpr auto kind = kind_of<T>();
    if constexpr (kind == view) return true;
    else if constexpr (kind == own) return borrows<T>;
    else if constexpr (kind == map) return json_borrows<typename T::mapped_type, Within...>();
    else if constexpr (kind == object && !(std::same_as<T, Within> || ...))
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return (json_borrows<typename fields_of<T>::template type<I>, T, Within...>() || ...);
        }(std::make_index_sequence<field_count<T>>{});
    else if constexpr (json_template<T>::kind != none)
        return json_template<T>::template give<json_borrow, std::tuple<Within...>>::value;
    else return false;
}

}  // namespace weir::detail
