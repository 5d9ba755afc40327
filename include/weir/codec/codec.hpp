// SPDX-License-Identifier: Apache-2.0
// What a codec is, and how weir calls it. basic.hpp has the codecs that need no JSON.
#pragma once
#include <concepts>
#include <type_traits>

#include <weir/codec/type_name.hpp>
#include <weir/error.hpp>
#include <weir/message.hpp>

namespace weir {

/// Bytes to values and back. Specialise it for a type of your own:
///
///     template <>
///     struct weir::codec<money> {
///         static void decode(weir::bytes_view from, money& into);
///         static void encode(const money& value, weir::bytes& onto);
///     };
///
/// decode   `into` is recycled: overwrite whatever an earlier message left there and keep its
///          capacity. `static T decode(bytes_view)` is accepted too. After a throw `into` may be
///          half written.
/// encode   appends to `onto`.
/// borrows  `static constexpr bool borrows = true;` where the value points into the message: then
///          it may not outlive it, and the compiler refuses to let it.
/// Null     never reaches a codec of yours: say `std::optional<T>` where it is meant. (`bytes` and
///          `bytes_view` have a null of their own.)
/// Throws   decode: weir::decode_error, for the topic's `on_decode_error`
///          encode: weir::encode_error; what else it throws becomes one
///
/// Built in: bytes, bytes_view, std::string, std::string_view, bool, integers and floating point
/// (as Kafka's own serializers write them), std::optional of any; with <weir/codec/json.hpp> any
/// aggregate and std::vector, as JSON.
template <class T>
struct codec;

namespace detail {

template <class T>
concept decodes_in_place = requires(bytes_view from, T& into) { codec<T>::decode(from, into); };
template <class T>
concept decodes_by_value = requires(bytes_view from, T& into) { into = codec<T>::decode(from); };
template <class T>
concept encodes = requires(const T& value, bytes& onto) { codec<T>::encode(value, onto); };

/// Whether `T` can be a topic's key or value.
template <class T>
concept has_codec = encodes<T> && (decodes_in_place<T> || decodes_by_value<T>);

/// Bytes as they are: there is nothing to decode.
template <class T>
inline constexpr bool is_raw = std::same_as<T, bytes> || std::same_as<T, bytes_view>;
/// Whether null is a value of `T`. For all other types null is an error.
template <class T>
inline constexpr bool nullable = is_raw<T>;
template <class T>
inline constexpr bool nullable<std::optional<T>> = true;

/// Whether a decoded `T` points into the message it came from.
template <class T>
inline constexpr bool borrows = [] {
    if constexpr (requires { codec<T>::borrows; }) return bool{codec<T>::borrows};
    return false;
}();

/// Explains what is wrong with a type, if there is more to say than that it has no codec: see
/// json_refusals.hpp. It is asked first, so that the compiler prints it first.
template <class T>
struct explain_codec {
    static constexpr bool said = true;
};

/// Refuses a key or value without a codec, with one sentence.
template <class T>
constexpr void require_codec() {
    static_assert(explain_codec<T>::said);
    static_assert(has_codec<T>,
                  "weir: no codec for this type: make it an aggregate whose fields have one, or "
                  "specialise weir::codec<T>");
    static_assert(!has_codec<T> || std::is_default_constructible_v<T>,
                  "weir: a key or a value is decoded in a place that is used again: give its type "
                  "a default constructor; an aggregate has none if a field is a reference, or of a "
                  "type without one");
}

[[noreturn]] void fail_null();

/// Decodes with the codec of `T`, in either of its two forms. Null is an error unless `T` can be
/// null.
template <class T>
void decode_into(bytes_view from, T& into) {
    require_codec<T>();
    if constexpr (has_codec<T>) {
        if constexpr (!nullable<T>) {
            if (from.is_null()) fail_null();
        }
        if constexpr (decodes_in_place<T>) {
            codec<T>::decode(from, into);
        } else {
            into = codec<T>::decode(from);
        }
    }
}

/// Rethrows the current exception as an encode_error. `type` is the raw name.
[[noreturn]] void fail_encode(std::string_view type);

/// Appends `value`, or throws encode_error. The result is null only if `value` is null.
template <class T>
void encode_onto(const T& value, bytes& onto) {
    require_codec<T>();
    if constexpr (has_codec<T>) {
        try {
            codec<T>::encode(value, onto);
        } catch (...) { fail_encode(raw_type_name<T>()); }
        // A codec that wrote nothing means an empty value.
        if constexpr (!nullable<T>) onto.append({});
    }
}

}  // namespace detail
}  // namespace weir

#include <weir/codec/basic.hpp>
