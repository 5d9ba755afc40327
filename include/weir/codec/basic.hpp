// SPDX-License-Identifier: Apache-2.0
// The codecs of bytes, text, numbers and std::optional. Numbers are what Kafka's own serializers
// write (IntegerSerializer, LongSerializer, DoubleSerializer …), so other clients can read our
// keys.
#pragma once
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <weir/codec/codec.hpp>

namespace weir {
namespace detail {

[[noreturn]] void fail_size(std::size_t expected, std::size_t found);
[[noreturn]] void fail_bool(unsigned char found);

inline void expect_size(bytes_view from, std::size_t size) {
    if (from.size() != size) fail_size(size, from.size());
}

/// Big-endian on every machine. Compilers turn the loop into one instruction.
template <std::unsigned_integral U>
U read_big_endian(bytes_view from) {
    expect_size(from, sizeof(U));
    U u = 0;
    for (std::size_t i = 0; i < sizeof(U); ++i)
        u = static_cast<U>(std::uint64_t{u} << 8 | static_cast<unsigned char>(from.data()[i]));
    return u;
}
template <std::unsigned_integral U>
void write_big_endian(U u, bytes& onto) {
    char out[sizeof(U)];
    for (std::size_t i = 0; i < sizeof(U); ++i)
        out[i] = static_cast<char>(static_cast<unsigned char>(u >> (8 * (sizeof(U) - 1 - i))));
    onto.append({out, sizeof(U)});
}

}  // namespace detail

/// A copy of the bytes; null stays null.
template <>
struct codec<bytes> {
    static void decode(bytes_view from, bytes& into) { into.assign(from); }
    static void encode(const bytes& value, bytes& onto) {
        if (!value.is_null()) onto.append(value.view());
    }
};

/// The bytes in the message itself; null stays null.
template <>
struct codec<bytes_view> {
    static constexpr bool borrows = true;
    static void decode(bytes_view from, bytes_view& into) { into = from; }
    static void encode(bytes_view value, bytes& onto) {
        if (!value.is_null()) onto.append(value.view());
    }
};

/// Text as it is. Its encoding is not checked.
template <>
struct codec<std::string> {
    static void decode(bytes_view from, std::string& into) { into.assign(from.view()); }
    static void encode(const std::string& value, bytes& onto) { onto.append(value); }
};

/// Text in the message itself.
template <>
struct codec<std::string_view> {
    static constexpr bool borrows = true;
    static void decode(bytes_view from, std::string_view& into) { into = from.view(); }
    static void encode(std::string_view value, bytes& onto) { onto.append(value); }
};

/// Integers: two's complement, big-endian, `sizeof(T)` bytes.
template <std::integral T>
struct codec<T> {
    using bits = std::make_unsigned_t<T>;
    static void decode(bytes_view from, T& into) {
        into = static_cast<T>(detail::read_big_endian<bits>(from));
    }
    static void encode(T value, bytes& onto) {
        detail::write_big_endian(static_cast<bits>(value), onto);
    }
};

/// One byte: 0 or 1.
template <>
struct codec<bool> {
    static void decode(bytes_view from, bool& into) {
        const auto found = detail::read_big_endian<unsigned char>(from);
        if (found > 1) detail::fail_bool(found);
        into = found == 1;
    }
    static void encode(bool value, bytes& onto) { onto.push_back(value ? '\1' : '\0'); }
};

/// IEEE 754, big-endian.
template <>
struct codec<float> {
    static void decode(bytes_view from, float& into) {
        into = std::bit_cast<float>(detail::read_big_endian<std::uint32_t>(from));
    }
    static void encode(float value, bytes& onto) {
        detail::write_big_endian(std::bit_cast<std::uint32_t>(value), onto);
    }
};
template <>
struct codec<double> {
    static void decode(bytes_view from, double& into) {
        into = std::bit_cast<double>(detail::read_big_endian<std::uint64_t>(from));
    }
    static void encode(double value, bytes& onto) {
        detail::write_big_endian(std::bit_cast<std::uint64_t>(value), onto);
    }
};

/// Null is nullopt. Any other value is decoded in place and keeps its capacity.
template <class T>
    requires detail::has_codec<T>
struct codec<std::optional<T>> {
    static constexpr bool borrows = detail::borrows<T>;
    static void decode(bytes_view from, std::optional<T>& into) {
        if (from.is_null()) return into.reset();
        if (!into) into.emplace();
        detail::decode_into(from, *into);
    }
    static void encode(const std::optional<T>& value, bytes& onto) {
        if (value) detail::encode_onto(*value, onto);
    }
};

}  // namespace weir
