// SPDX-License-Identifier: Apache-2.0
// The slow and exact way to read a number. json.cpp uses it where simdjson may be wrong.
#include "json_number.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <system_error>

namespace weir::detail {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Removes and returns the digits at the beginning of `t`.
std::string_view take_digits(std::string_view& t) {
    std::size_t n = 0;
    while (n < t.size() && is_digit(t[n])) ++n;
    const auto digits = t.substr(0, n);
    t.remove_prefix(n);
    return digits;
}

/// A number's parts: `whole`.`fraction` times ten to the power of `exponent`.
struct parts {
    bool negative = false;
    std::string_view whole{}, fraction{};
    std::int64_t exponent = 0;
};

bool split(std::string_view t, parts& into) {
    const auto skip = [&](std::string_view any) {
        const bool is = !t.empty() && any.find(t.front()) != any.npos;
        if (is) t.remove_prefix(1);
        return is;
    };
    into.negative = skip("-");
    into.whole = take_digits(t);
    if (into.whole.empty() || (into.whole.size() > 1 && into.whole.front() == '0')) return false;
    if (skip(".")) {
        into.fraction = take_digits(t);
        if (into.fraction.empty()) return false;
    }
    if (skip("eE")) {
        const bool down = !t.empty() && t.front() == '-';
        skip("+-");
        const auto digits = take_digits(t);
        if (digits.empty()) return false;
        constexpr std::int64_t enough = 1'000'000'000'000'000;  // more than the digits of any token
        for (const char c : digits)
            if (into.exponent < enough) into.exponent = into.exponent * 10 + (c - '0');
        if (down) into.exponent = -into.exponent;
    }
    return t.empty();
}

/// A number's digits without leading and trailing zeros, times ten to the power of `exponent`.
struct significant {
    std::string digits;
    std::int64_t exponent = 0;

    explicit significant(const parts& p) : exponent(p.exponent) {
        digits.append(p.whole).append(p.fraction);
        exponent -= static_cast<std::int64_t>(p.fraction.size());
        digits.erase(0, digits.find_first_not_of('0'));
        while (!digits.empty() && digits.back() == '0') {
            digits.pop_back();
            ++exponent;
        }
    }
    /// The value is less than ten to this power.
    std::int64_t magnitude() const { return exponent + static_cast<std::int64_t>(digits.size()); }
};

/// A shorter token that rounds to the same number, and that from_chars reads in bounded time. No
/// more than 768 digits can make a difference.
std::string shortened(const parts& p) {
    constexpr std::size_t most_digits = 800;
    constexpr std::int64_t most_exponent = 100'000;
    significant s{p};
    if (s.digits.empty()) return p.negative ? "-0" : "0";
    if (s.digits.size() > most_digits) {
        s.exponent += static_cast<std::int64_t>(s.digits.size() - most_digits - 1);
        s.digits.resize(most_digits);
        s.digits.push_back('1');  // stands for the digits that were cut off, which are not all zero
    }
    if (s.magnitude() > most_exponent) s.exponent = most_exponent;
    if (s.magnitude() < -most_exponent) s.exponent = -2 * most_exponent;
    return (p.negative ? "-" : "") + s.digits + "e" + std::to_string(s.exponent);
}

template <class Real>
number_read read_any_real(std::string_view token, Real& into) {
    parts p;
    if (!split(token, p)) return number_read::malformed;
    constexpr std::size_t usual = 1000;
    std::string own;
    if (token.size() > usual) {
        own = shortened(p);
        token = own;
    }
    const auto result = std::from_chars(token.data(), token.data() + token.size(), into);
    if (result.ec == std::errc{} && std::isfinite(into)) return number_read::ok;
    if (significant{p}.magnitude() > 0) return number_read::too_large;
    into = p.negative ? Real{-0.0} : Real{0};  // from_chars says that it is too small
    return number_read::ok;
}

}  // namespace

bool is_number(std::string_view token) {
    parts ignored;
    return split(token, ignored);
}

number_read read_real(std::string_view token, double& into) { return read_any_real(token, into); }
number_read read_real(std::string_view token, float& into) { return read_any_real(token, into); }

number_read read_integer(std::string_view token, bool& negative, std::uint64_t& magnitude) {
    parts p;
    if (!split(token, p)) return number_read::malformed;
    significant s{p};
    negative = p.negative && !s.digits.empty();
    magnitude = 0;
    if (s.digits.empty()) return number_read::ok;
    if (s.exponent < 0) return number_read::no_integer;
    constexpr std::int64_t most_digits = 20;
    if (s.magnitude() > most_digits) return number_read::too_large;
    s.digits.append(static_cast<std::size_t>(s.exponent), '0');
    const char* end = s.digits.data() + s.digits.size();
    const bool fits = std::from_chars(s.digits.data(), end, magnitude).ec == std::errc{};
    return fits ? number_read::ok : number_read::too_large;
}

}  // namespace weir::detail
