// SPDX-License-Identifier: Apache-2.0
// Which kind of JSON a type is. Looks at the type alone.
#pragma once
#include <array>
#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/codec/enum_names.hpp>
#include <weir/codec/fields.hpp>
#include <weir/codec/json_rules.hpp>
#include <weir/codec/json_shape.hpp>

namespace weir::detail {

template <class T>
struct json_codec;

/// The kind of a standard template, and the types that it is made of.
template <class T>
struct json_template {
    static constexpr auto kind = json_kind::none;
};
template <json_kind Kind, class... T>
struct json_made_of {
    static constexpr auto kind = Kind;
    template <template <class...> class To, class... First>
    using give = To<First..., T...>;
};
// clang-format off
template <class T> struct json_template<std::optional<T>> : json_made_of<json_kind::optional, T> {};
template <class T> struct json_template<std::vector<T>> : json_made_of<json_kind::array, T> {};
template <> struct json_template<std::vector<bool>> : json_made_of<json_kind::bits> {};
template <class T, std::size_t N>
struct json_template<std::array<T, N>> : json_made_of<json_kind::fixed, T> {};
template <class A, class B>
struct json_template<std::pair<A, B>> : json_made_of<json_kind::tuple, A, B> {};
template <class... T>
struct json_template<std::tuple<T...>> : json_made_of<json_kind::tuple, T...> {};
template <class... T>
struct json_template<std::variant<T...>> : json_made_of<json_kind::variant, T...> {};
// clang-format on

template <class T>
inline constexpr bool is_duration = false;
template <class R, class P>
inline constexpr bool is_duration<std::chrono::duration<R, P>> = true;

/// A tick is whole seconds, or a tenth, a hundredth … a billionth of a second.
template <class P>
consteval bool decimal_tick() {
    if (P::num != 1 && P::den != 1) return false;
    auto den = P::den;
    while (den % 10 == 0) den /= 10;
    return den == 1 && P::den <= 1'000'000'000;
}
template <class T>
inline constexpr bool is_time = false;
template <std::signed_integral R, class P>
inline constexpr bool
    is_time<std::chrono::time_point<std::chrono::system_clock, std::chrono::duration<R, P>>> =
        decimal_tick<P>() && (sizeof(R) == 4 || sizeof(R) == 8);

/// std::map, std::unordered_map and types like them. Does not need their headers.
template <class T>
concept string_map = requires(T& map, const std::string& key) {
    typename T::mapped_type;
    requires std::same_as<typename T::key_type, std::string>;
    { map[key] } -> std::same_as<typename T::mapped_type&>;
    map.clear();
    map.begin()->second;
};

template <class T>
concept json_integer =
    std::integral<T> && sizeof(T) <= 8 && !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
    !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

template <class T>
inline constexpr bool built_in =
    std::same_as<T, std::string> || std::same_as<T, std::string_view> || is_raw<T>;
template <class T>
inline constexpr bool built_in<std::optional<T>> = true;
/// Whether codec<T> is specialised by the user. It is used inside JSON, too.
template <class T>
concept own_codec = (std::is_class_v<T> || std::is_union_v<T> || std::is_enum_v<T>)&&!built_in<T> &&
                    requires { sizeof(codec<T>); } && !std::is_base_of_v<json_codec<T>, codec<T>>;

/// The kind of `T`, without a look at its parts.
template <class T>
consteval json_kind kind_of() {
    if constexpr (std::is_const_v<T> || std::is_reference_v<T>) return json_kind::none;
    else if constexpr (own_codec<T>) return json_kind::own;
    else if constexpr (std::same_as<T, bool>) return json_kind::boolean;
    else if constexpr (json_integer<T>)
        return std::signed_integral<T> ? json_kind::integer : json_kind::natural;
    else if constexpr (std::same_as<T, float> || std::same_as<T, double>) return json_kind::real;
    else if constexpr (std::same_as<T, std::string>) return json_kind::text;
    else if constexpr (std::same_as<T, std::string_view>) return json_kind::view;
    else if constexpr (std::same_as<T, raw_json>) return json_kind::raw;
    else if constexpr (std::same_as<T, std::monostate>) return json_kind::null;
    else if constexpr (std::is_enum_v<T>) return json_kind::enumerator;
    else if constexpr (is_duration<T>) return kind_of<typename T::rep>();
    else if constexpr (is_time<T>) return json_kind::time;
    else if constexpr (json_template<T>::kind != json_kind::none) return json_template<T>::kind;
    else if constexpr (string_map<T>) return json_kind::map;
    else if constexpr (record_type<T>) return json_kind::object;
    else return json_kind::none;
}

}  // namespace weir::detail
