// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include <weir/codec/basic.hpp>

#include "../escaped.hpp"

namespace weir::detail {
namespace {

constexpr std::string_view null_text = "null";

bool is_number(const data_type& t) { return t.form >= data_form::boolean; }

/// The number as decimal text. Only the lowest `size` bytes count.
template <std::size_t size>
struct number;
template <>
struct number<1> {
    using integer = std::int8_t;
};
template <>
struct number<2> {
    using integer = std::int16_t;
};
template <>
struct number<4> {
    using integer = std::int32_t;
    using real = float;
};
template <>
struct number<8> {
    using integer = std::int64_t;
    using real = double;
};

template <class T>
struct of {
    static std::string show(bytes_view from) {
        T value{};
        codec<T>::decode(from, value);
        if constexpr (sizeof(T) == 1 && !std::is_same_v<T, bool>) return fmt::format("{}", +value);
        else return fmt::format("{}", value);
    }
    static bytes read(std::string_view text) {
        T value{};
        if constexpr (std::is_same_v<T, bool>) {
            value = text == "true";
            if (!value && text != "false") fail("true or false", text);
        } else {
            const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
            const bool whole = bad == std::errc{} && end == text.data() + text.size();
            if (!whole && std::is_floating_point_v<T>) fail("a number", text);
            using limits = std::numeric_limits<T>;
            if (!whole)
                fail(fmt::format("an integer from {} to {}", +limits::min(), +limits::max()), text);
        }
        bytes out;
        codec<T>::encode(value, out);
        return out;
    }

private:
    [[noreturn]] static void fail(const std::string& expected, std::string_view found) {
        constexpr std::size_t quoted = 40;
        const bool is_long = found.size() > quoted;
        throw decode_error{fmt::format("expected {}, found '{}{}'", expected,
                                       escaped(found.substr(0, quoted)), is_long ? "…" : "")};
    }
};

/// Calls `f` with the type of these numbers.
template <class F>
auto with_type(const data_type& t, F f) {
    const auto sized = [&]<std::size_t size>(std::integral_constant<std::size_t, size>) {
        using integer = typename number<size>::integer;
        if (t.form == data_form::integer) return f(of<integer>{});
        return f(of<std::make_unsigned_t<integer>>{});
    };
    if (t.form == data_form::boolean) return f(of<bool>{});
    if (t.form == data_form::real)
        return t.size == sizeof(float) ? f(of<float>{}) : f(of<double>{});
    switch (t.size) {
        case 1: return sized(std::integral_constant<std::size_t, 1>{});
        case 2: return sized(std::integral_constant<std::size_t, 2>{});
        case 4: return sized(std::integral_constant<std::size_t, 4>{});
        default: return sized(std::integral_constant<std::size_t, 8>{});
    }
}

std::string without_line_ends(std::string_view text, bool json) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c != '\n' && c != '\r') out += c;
        else if (json) out += ' ';  // in JSON a line end can only be between tokens
        else out += c == '\n' ? "\\n" : "\\r";
    }
    return out;
}

}  // namespace

std::string to_text(const data_type& t, bytes_view from) {
    if (from.is_null()) return std::string{null_text};
    if (!is_number(t)) return without_line_ends(from.view(), t.form == data_form::json);
    try {
        return with_type(t, [&](auto type) { return type.show(from); });
    } catch (const decode_error&) {  // it is shown all the same
        return escaped(from.view());
    }
}

std::string to_key_text(const data_type& t, bytes_view from) {
    auto text = to_text(t, from);
    for (std::size_t at = 0; (at = text.find('\t', at)) != text.npos;) text.replace(at, 1, "\\t");
    return text;
}

bytes from_text(const data_type& t, std::string_view text) {
    if (t.nullable && text == null_text) return {};
    if (is_number(t)) return with_type(t, [&](auto type) { return type.read(text); });
    bytes all{text};
    if (t.check) t.check(all);
    return all;
}

}  // namespace weir::detail
