// SPDX-License-Identifier: Apache-2.0
// JSON for every aggregate. This header describes a type in constants, and lib/codec reads and
// writes by them. So a user's file does not compile a parser.
#pragma once
#include <weir/codec/codec.hpp>
#include <weir/codec/json_record.hpp>
#include <weir/codec/json_refusals.hpp>
#include <weir/codec/type_name.hpp>

namespace weir {
namespace detail {

/// What the codecs below share. A type with another codec is not read by these.
template <class T>
struct json_codec {
    static constexpr bool is_json = true;
    static constexpr bool borrows = json_borrows<T>();
    static void decode(bytes_view from, T& into)
        requires(json_type<T>())
    {
        read_json(from, &into, json_of<T>::shape, raw_type_name<T>());
    }
    static void encode(const T& value, bytes& onto)
        requires(json_type<T>())
    {
        write_json(&value, json_of<T>::shape, raw_type_name<T>(), onto);
    }
};

}  // namespace detail

/// An aggregate as a JSON object: its fields by name, in order of declaration; at most 64.
/// docs/json.md has the details.
///
/// Fields   bool, numbers, text; std::optional, std::vector, std::array, std::map and the like of
///          std::string, std::pair, std::tuple, std::variant; enumerations by name; durations, and
///          times as ISO 8601; raw_json; other aggregates; whatever has a codec of its own
/// Reading  unknown fields are passed over; a missing one is an error unless it is optional, then
///          it is nullopt; numbers must fit. What is passed over is checked for its encoding,
///          quotes and brackets only.
/// Writing  compact; nullopt as null; floating point as short as it can be read back
/// Names    static constexpr weir::names json_names{&order::id, "$id"}; and more: json_rules
/// Throws   weir::decode_error: `flight.delay: expected an integer, found a string`;
///          writing: weir::encode_error for NaN, infinity and text that is not UTF-8
/// Cost     no allocation when `into` is recycled and has the capacity (a map's nodes apart)
template <class T>
    requires detail::record_type<T>
struct codec<T> : detail::json_codec<T> {};

/// JSON arrays.
template <class T>
struct codec<std::vector<T>> : detail::json_codec<std::vector<T>> {};
template <class T, std::size_t N>
struct codec<std::array<T, N>> : detail::json_codec<std::array<T, N>> {};
template <class A, class B>
struct codec<std::pair<A, B>> : detail::json_codec<std::pair<A, B>> {};
template <class... T>
struct codec<std::tuple<T...>> : detail::json_codec<std::tuple<T...>> {};

/// A JSON object with any names.
template <class T>
    requires detail::string_map<T>
struct codec<T> : detail::json_codec<T> {};

}  // namespace weir
