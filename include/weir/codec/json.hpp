// SPDX-License-Identifier: Apache-2.0
// JSON for every aggregate. What is here describes a type in constants; lib/codec reads and writes
// by them, so a program pays for no parser in its own translation units.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/codec/fields.hpp>
#include <weir/type_name.hpp>

namespace weir {
namespace detail {

// clang-format off
enum class json_kind : unsigned char {
    boolean, integer, natural, real, text, bits /* std::vector<bool> */, optional, array, object
};
// clang-format on

struct json_record;

/// What a container holds now.
struct json_elements {
    const void* first;
    std::size_t count;
};
/// How to reach into a std::vector or a std::optional (a container of at most one).
struct json_container {
    json_elements (*view)(const void* container);
    void* (*resize)(void* container, std::size_t count);  // gives the first element
};

/// How a type is written as JSON.
struct json_shape {
    json_kind kind;
    std::size_t size;
    const json_shape* element = nullptr;        // of an optional, an array
    const json_container* container = nullptr;  // of an optional, an array
    const json_record* record = nullptr;        // of an object
};

struct json_field {
    std::string_view name{};
    const void* at = nullptr;  // see detail::field
    const json_shape* what = nullptr;
};
struct json_record {
    const void* base;
    const json_field* fields;
    std::size_t count;
    std::uint64_t required;  // a bit a field: 0 where it is optional
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class T>
concept json_integer = std::integral<T> && sizeof(T) <= 8 && !std::same_as<T, wchar_t> &&
                       !std::same_as<T, char8_t> && !std::same_as<T, char16_t> &&
                       !std::same_as<T, char32_t>;

/// Whether `T` has a JSON form. `Within` are those being asked about already: a tree holds itself.
template <class T, class... Within>
consteval bool json_type() {
    if constexpr (json_integer<T> || std::same_as<T, float> || std::same_as<T, double> ||
                  std::same_as<T, std::string>) {
        return !std::is_const_v<T>;
    } else if constexpr (is_optional<T>) {
        return !is_optional<typename T::value_type> &&
               json_type<typename T::value_type, Within...>();
    } else if constexpr (is_vector<T>) {
        return json_type<typename T::value_type, Within...>();
    } else if constexpr ((std::same_as<T, Within> || ...)) {
        return true;
    } else if constexpr (!std::is_const_v<T> && record_type<T>) {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return (json_type<typename fields_of<T>::template type<I>, T, Within...>() && ...);
        }(std::make_index_sequence<field_count<T>>{});
    } else {
        return false;
    }
}

template <class C>
json_elements view_of(const void* container) {
    const auto& c = *static_cast<const C*>(container);
    if constexpr (is_optional<C>) return {c ? &*c : nullptr, c ? 1u : 0u};
    else return {c.data(), c.size()};
}
template <class C>
void* resize_to(void* container, std::size_t count) {
    auto& c = *static_cast<C*>(container);
    if constexpr (is_optional<C>) {
        if (count == 0) c.reset();
        else if (!c) c.emplace();
        return count ? &*c : nullptr;
    } else {
        c.resize(count);
        return c.data();
    }
}
template <class C>
inline constexpr json_container container_of{view_of<C>, resize_to<C>};

/// Declared before either is made: a tree's shape needs its record and the other way round.
template <class T>
struct json_of {
    static const json_record record;
    static const json_shape shape;
};

template <class T>
constexpr json_shape make_shape() {
    if constexpr (std::same_as<T, bool>) return {json_kind::boolean, sizeof(T)};
    else if constexpr (std::signed_integral<T>) return {json_kind::integer, sizeof(T)};
    else if constexpr (std::integral<T>) return {json_kind::natural, sizeof(T)};
    else if constexpr (std::floating_point<T>) return {json_kind::real, sizeof(T)};
    else if constexpr (std::same_as<T, std::string>) return {json_kind::text, sizeof(T)};
    else if constexpr (std::same_as<T, std::vector<bool>>) return {json_kind::bits, sizeof(T)};
    else if constexpr (is_optional<T> || is_vector<T>)
        return {is_optional<T> ? json_kind::optional : json_kind::array, sizeof(T),
                &json_of<typename T::value_type>::shape, &container_of<T>};
    else return {json_kind::object, sizeof(T), nullptr, nullptr, &json_of<T>::record};
}
template <class T>
constexpr json_shape json_of<T>::shape = make_shape<T>();

template <class T, class I = std::make_index_sequence<field_count<T>>>
struct json_fields_of;
template <class T, std::size_t... I>
struct json_fields_of<T, std::index_sequence<I...>> {
    using fields = fields_of<T>;
    static constexpr json_field list[sizeof...(I) + 1] = {
        {fields::list[I].name, fields::list[I].at,
         &json_of<typename fields::template type<I>>::shape}...,
        {}};
    static constexpr std::uint64_t required =
        ((std::uint64_t{!is_optional<typename fields::template type<I>>} << I) | ... |
         std::uint64_t{0});
};
template <class T>
constexpr json_record json_of<T>::record{fields_of<T>::base, json_fields_of<T>::list,
                                         field_count<T>, json_fields_of<T>::required};

/// Reads `from` into the object at `into`. Throws decode_error; `type` is the raw type name.
void read_json(bytes_view from, void* into, const json_shape& shape, std::string_view type);
/// Appends, or throws weir::error and appends nothing.
void write_json(const void* value, const json_shape& shape, std::string_view type, bytes& onto);

/// What the codecs below have in common; a type whose codec is not this one has a codec of its own.
template <class T>
struct json_codec {
    static constexpr bool is_json = true;
    static void decode(bytes_view from, T& into) {
        read_json(from, &into, json_of<T>::shape, raw_type_name<T>());
    }
    static void encode(const T& value, bytes& onto) {
        write_json(&value, json_of<T>::shape, raw_type_name<T>(), onto);
    }
};

template <class T>
concept json_record_type = record_type<T> && json_type<T>();

template <class T>
inline constexpr bool own_codec = std::is_class_v<T> && !std::same_as<T, std::string> &&
                                  !std::is_base_of_v<json_codec<T>, codec<T>>;
template <class T>
inline constexpr bool own_codec<std::optional<T>> = own_codec<T>;
/// Whether an array of `T` is JSON without being told: yes, unless `T` brought a codec of its own.
template <class T>
concept json_element_type = json_type<T>() && !own_codec<T>;

}  // namespace detail

/// An aggregate as a JSON object: its fields by name, in order of declaration.
///
/// Fields   bool, integers, float, double, std::string, other aggregates (whatever codec those have
///          as whole messages), std::optional and std::vector of these; at most 64
/// Reading  unknown fields are passed over; a missing one is an error unless it is optional, then
///          it is nullopt; numbers must fit. What is passed over is checked for its encoding,
///          quotes and brackets only.
/// Writing  compact; nullopt as null; floating point as short as it can be read back
/// Throws   weir::decode_error: `flight.delay: expected an integer, found a string`;
///          writing: weir::error for NaN, infinity and text that is not UTF-8
/// Cost     no allocation when `into` is recycled and has the capacity
template <class T>
    requires detail::json_record_type<T>
struct codec<T> : detail::json_codec<T> {};

/// A JSON array. Where `T` has a codec of its own, so must `std::vector<T>`.
template <class T>
    requires detail::json_element_type<T>
struct codec<std::vector<T>> : detail::json_codec<std::vector<T>> {};

}  // namespace weir
