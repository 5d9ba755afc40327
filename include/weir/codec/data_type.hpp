// SPDX-License-Identifier: Apache-2.0
// What the command line knows about the bytes of a key or a value.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <weir/codec/codec.hpp>

namespace weir::detail {

/// How to show the bytes of a key or value as text, and to make them of text. If a topic is used
/// with several types, this is the one that stands last in the list.
enum class data_form : std::uint8_t {
    raw,   // weir::bytes: anything
    text,  // a string's
    own,   // of a user's codec
    json,
    boolean,  // this and the following: as Kafka's serializers write them
    integer,
    natural,
    real
};
struct data_type {
    data_form form = data_form::raw;
    std::uint8_t size = 0;  // of a number, in bytes
    bool nullable = true;   // null is a value
    // throws decode_error if the bytes are not a value of the type; null: any bytes are
    void (*check)(bytes_view) = nullptr;
};

/// Throws if the bytes are not a value of the type.
template <class V>
void check_decodes(bytes_view value) {
    require_codec<V>();
    if constexpr (has_codec<V> && std::is_default_constructible_v<V>) {
        V into{};
        decode_into<V>(value, into);
    }
}

template <class T>
constexpr data_form data_form_of() {
    if constexpr (is_raw<T>) return data_form::raw;
    else if constexpr (std::is_same_v<T, bool>) return data_form::boolean;
    else if constexpr (std::is_integral_v<T> && sizeof(T) <= sizeof(std::int64_t))
        return std::is_signed_v<T> ? data_form::integer : data_form::natural;
    else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>)
        return data_form::real;
    else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>)
        return data_form::text;
    else if constexpr (requires { codec<T>::is_json; }) return data_form::json;
    else return data_form::own;
}
template <class T>
struct without_null {
    using type = T;
};
template <class T>
struct without_null<std::optional<T>> {
    using type = T;
};

/// What the command line knows of a type. A type without a codec is refused when it is sent.
template <class T>
constexpr data_type data_type_of() {
    if constexpr (!has_codec<T> || is_raw<T>) {
        return {};
    } else {
        using plain = typename without_null<T>::type;
        constexpr auto form = data_form_of<plain>();
        constexpr auto size = form < data_form::boolean ? std::size_t{0} : sizeof(plain);
        return {form, std::uint8_t{size}, nullable<T>, &check_decodes<T>};
    }
}

/// For a type that a topic is declared with.
template <class T>
constexpr data_type declared_type() {
    require_codec<T>();
    return data_type_of<T>();
}

}  // namespace weir::detail
