// SPDX-License-Identifier: Apache-2.0
// How a failed check shows the values it compared. doctest itself prints {?} for a type without
// operator<<. The build includes this file in every test and refuses a type that it cannot print.
#pragma once
#include <chrono>
#include <concepts>
#include <iomanip>
#include <iterator>
#include <optional>
#include <ostream>
#include <ranges>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

#include <doctest/doctest.h>
#include <weir/codec/fields.hpp>
#include <weir/message.hpp>

namespace weir::testing {

template <class T>
concept optional_like = requires(const T& v) { v.has_value(), *v; };
template <class T>
concept duration_like = requires {
    std::chrono::treat_as_floating_point<typename T::rep>::value;
} && std::convertible_to<T, std::chrono::nanoseconds>;
template <class T>
concept time_point_like = requires(const T& v) { v.time_since_epoch(); };
template <class T>
concept variant_like = requires(const T& v) { v.valueless_by_exception(); };
template <class T>
concept text_like = requires(const T& v) {
    { v.text() } -> std::convertible_to<std::string_view>;
};
template <class T>
concept streamed = requires(std::ostream& to, const T& v) { to << v; };

/// The largest unit that loses nothing: 1500ms, 2s.
inline void print_duration(std::ostream& to, std::chrono::nanoseconds d) {
    using namespace std::chrono;
    if (d % 1s == 0ns) to << d / 1s << "s";
    else if (d % 1ms == 0ns) to << d / 1ms << "ms";
    else to << d.count() << "ns";
}

/// Prints a value much as a test would write it: {1, 2}, "text", nullopt, {topic: "t", partition:
/// 0}.
template <class T>
void print(std::ostream& to, const T& v) {
    const auto in_braces = [&](auto print_all) {
        const char* before = "{";
        print_all([&](std::string_view name, const auto& element) {
            to << before << name;
            print(to, element);
            before = ", ";
        });
        to << (*before == '{' ? "{}" : "}");
    };
    if constexpr (std::same_as<T, bool>) {
        to << (v ? "true" : "false");
    } else if constexpr (std::convertible_to<const T&, bytes_view>) {
        const bytes_view text = v;
        if (text.is_null()) to << "null";
        else to << std::quoted(text.view());
    } else if constexpr (std::same_as<T, std::nullopt_t>) {
        to << "nullopt";
    } else if constexpr (std::same_as<T, std::monostate>) {
        to << "nothing";
    } else if constexpr (variant_like<T>) {
        std::visit([&](const auto& one) { print(to, one); }, v);
    } else if constexpr (text_like<T>) {
        to << std::string_view{v.text()};
    } else if constexpr (optional_like<T>) {
        if (v) print(to, *v);
        else to << "nullopt";
    } else if constexpr (duration_like<T>) {
        print_duration(to, v);
    } else if constexpr (time_point_like<T>) {
        print_duration(to, v.time_since_epoch());
    } else if constexpr (std::is_enum_v<T>) {
        to << +static_cast<std::underlying_type_t<T>>(v);
    } else if constexpr (streamed<T>) {
        to << v;
    } else if constexpr (std::ranges::input_range<const T&>) {
        in_braces([&](auto one) {
            for (const auto& element : v) one("", element);
        });
    } else if constexpr (detail::is_tuple<T>) {
        in_braces([&](auto one) {
            std::apply([&](const auto&... element) { (one("", element), ...); }, v);
        });
    } else if constexpr (detail::record_type<T>) {
        in_braces([&](auto one) {
            auto field = detail::fields_of<T>::list;
            detail::with_fields<detail::field_count<T>>(v, [&](const auto&... element) {
                (one(std::string{(field++)->name} + ": ", element), ...);
            });
        });
    } else if constexpr (std::input_or_output_iterator<T>) {
        to << "an iterator";  // which may be at the end
    } else if constexpr (std::constructible_from<bool, const T&>) {
        print(to, static_cast<bool>(v));
    } else {
        static_assert(!sizeof(T), "a test compares what cannot be printed: add it here");
    }
}

}  // namespace weir::testing

template <class T>
    requires(!doctest::detail::has_insertion_operator<T>::value && !std::is_pointer_v<T> &&
             !std::is_array_v<T>)
struct doctest::StringMaker<T> {
    static String convert(const T& v) {
        std::ostringstream to;
        weir::testing::print(to, v);
        return to.str().c_str();
    }
};
