// SPDX-License-Identifier: Apache-2.0
// Finds the enumerators of an enumeration in the names that the compiler gives its values.
#pragma once
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/codec/fields.hpp>
#include <weir/codec/json_rules.hpp>
#include <weir/codec/json_shape.hpp>

// Compilers accept any number as a value of an enumeration without a fixed type, and warn. clang 20
// refuses; there `enum_holds` finds the limits.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wenum-constexpr-conversion"
#endif

namespace weir::detail {

/// Whether `I` can be a value of `E`.
template <class E, int I, class = void>
inline constexpr bool enum_holds = false;
template <class E, int I>
inline constexpr bool enum_holds<E, I, std::void_t<std::integral_constant<E, static_cast<E>(I)>>> =
    true;

/// Enumerators are found from `least` to `most`. json_rules may name others.
template <class E>
struct enum_range {
    using number = std::underlying_type_t<E>;
    /// Without a fixed underlying type, only the bits of the enumerators can be used.
    static constexpr bool fixed = requires { E{number{}}; };

    static constexpr int most = [] {
        if constexpr (fixed || enum_holds<E, 127>) return 127;
        else if constexpr (enum_holds<E, 63>) return 63;
        else if constexpr (enum_holds<E, 31>) return 31;
        else if constexpr (enum_holds<E, 15>) return 15;
        else if constexpr (enum_holds<E, 7>) return 7;
        else if constexpr (enum_holds<E, 3>) return 3;
        else return 1;
    }();
    static constexpr int least = [] {
        if constexpr (!std::is_signed_v<number>) return 0;
        else if constexpr (fixed || enum_holds<E, -32>) return -32;
        else if constexpr (enum_holds<E, -16>) return -16;
        else if constexpr (enum_holds<E, -8>) return -8;
        else if constexpr (enum_holds<E, -1>) return -1;
        else return 0;
    }();
    static constexpr std::size_t count = static_cast<std::size_t>(most - least + 1);
};

template <auto... V>
constexpr std::string_view spelled() {
    return __PRETTY_FUNCTION__;
}

/// "… V = {colour::red, (colour)1}; …]" -> {"red", ""}; clang writes < > for { }.
template <std::size_t Count>
constexpr std::array<std::string_view, Count> split_spelled(std::string_view s) {
    std::array<std::string_view, Count> out{};
    s.remove_prefix(s.find("V = ") + 5);
    std::size_t from = 0;
    std::size_t depth = 0;
    std::size_t n = 0;
    for (std::size_t i = 0; i < s.size() && n < Count; ++i) {
        const char c = s[i];
        const bool ends = depth == 0 && (c == ',' || c == '}' || c == '>');
        if (ends) {
            const auto name = last_identifier(s.substr(from, i - from));
            const bool number = name.empty() || (name[0] >= '0' && name[0] <= '9');
            out[n++] = number ? std::string_view{} : name;
            from = i + 1;
        } else if (c == '(' || c == '<' || c == '{') {
            ++depth;
        } else if (c == ')' || c == '>' || c == '}') {
            --depth;
        }
    }
    return out;
}

template <class E>
inline constexpr auto found_enumerators = []<std::size_t... I>(std::index_sequence<I...>) {
    constexpr int least = enum_range<E>::least;
    return split_spelled<sizeof...(I)>(spelled<static_cast<E>(static_cast<int>(I) + least)...>());
}(std::make_index_sequence<enum_range<E>::count>{});

/// The bits of the value, cut to the size of the type.
template <class E>
constexpr std::uint64_t enum_bits(E e) {
    return std::uint64_t{static_cast<std::make_unsigned_t<std::underlying_type_t<E>>>(e)};
}

template <class E, std::size_t Most>
struct enum_list {
    std::array<json_enumerator, Most> list{};
    std::size_t count = 0;

    constexpr void add(std::uint64_t value, std::string_view name) {
        for (std::size_t i = 0; i < count; ++i) {
            if (list[i].value != value) continue;
            list[i].name = name;
            return;
        }
        list[count] = {name, value};
        ++count;
    }
    constexpr void rename(const names<>&) {}
    template <class... Rest>
    constexpr void rename(const names<E, const char*, Rest...>& n) {
        add(enum_bits(n.member), n.name);
        rename(n.rest);
    }
    constexpr bool differ() const {
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (list[i].name == list[j].name) return false;
        return true;
    }
    constexpr bool can_be_written() const {
        for (std::size_t i = 0; i < count; ++i)
            if (!is_json_name(list[i].name)) return false;
        return true;
    }
};
template <class... A>
constexpr std::size_t pairs_in(const names<A...>&) {
    return sizeof...(A) / 2;
}

template <class E>
constexpr auto list_enumerators() {
    enum_list<E, enum_range<E>::count + pairs_in(json_names_of<E>())> all;
    for (std::size_t i = 0; i < enum_range<E>::count; ++i) {
        const auto name = found_enumerators<E>[i];
        const auto value = static_cast<E>(static_cast<int>(i) + enum_range<E>::least);
        if (!name.empty()) all.add(enum_bits(value), name);
    }
    all.rename(json_names_of<E>());
    return all;
}
template <class E>
inline constexpr auto enumerators = list_enumerators<E>();

}  // namespace weir::detail

#pragma GCC diagnostic pop
