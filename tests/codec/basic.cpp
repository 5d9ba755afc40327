// SPDX-License-Identifier: Apache-2.0
// Codecs that need no JSON: golden bytes, null against empty, the two shapes of a codec, the
// sentences.
#include <weir/codec/codec.hpp>

#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>

#include <doctest/doctest.h>

namespace {

template <class T>
weir::bytes encoded(const T& value) {
    weir::bytes onto;
    weir::detail::encode_onto(value, onto);
    return onto;
}
template <class T>
T decoded(weir::bytes_view from) {
    T into{};
    weir::detail::decode_into(from, into);
    return into;
}
template <class T>
std::string sentence(weir::bytes_view from) {
    try {
        decoded<T>(from);
    } catch (const weir::decode_error& e) { return e.what(); }
    return "decoded";
}
std::string_view of(const char* s, std::size_t n) { return {s, n}; }

struct money {
    long cents = 0;
    friend bool operator==(const money&, const money&) = default;
};
struct by_value {
    std::string text;
};
/// Its codec says no in its own way.
struct moody {
    int mood = 0;
};
class nothing {
public:
    explicit nothing(int) {}
};

}  // namespace

template <>
struct weir::codec<money> {
    static void decode(bytes_view from, money& into) {
        into.cents = std::stol(std::string{from.view()});
    }
    static void encode(const money& m, bytes& onto) { onto.append(std::to_string(m.cents)); }
};
template <>
struct weir::codec<by_value> {
    static constexpr bool borrows = true;
    static by_value decode(bytes_view from) { return {std::string{from.view()}}; }
    static void encode(const by_value& v, bytes& onto) {
        if (!v.text.empty()) onto.append(v.text);
    }
};

template <>
struct weir::codec<moody> {
    static void decode(bytes_view, moody&) {}
    static void encode(const moody& m, bytes& onto) {
        if (m.mood == 1) throw std::out_of_range{"no mood for it"};
        if (m.mood == 2) throw encode_error{"moody.mood: 2"};
        if (m.mood == 3) throw std::bad_alloc{};
        onto.append("well");
    }
};

TEST_CASE("integers are big-endian two's complement, as Kafka's own serializers write them") {
    CHECK(encoded<std::int32_t>(1) == weir::bytes{of("\0\0\0\1", 4)});
    CHECK(encoded<std::int32_t>(-2) == weir::bytes{of("\xff\xff\xff\xfe", 4)});
    CHECK(encoded<std::int64_t>(0x0102030405060708) == weir::bytes{of("\1\2\3\4\5\6\7\10", 8)});
    CHECK(encoded<std::int16_t>(-32768) == weir::bytes{of("\x80\0", 2)});
    CHECK(encoded<std::uint8_t>(255) == weir::bytes{"\xff"});
    CHECK(decoded<std::int32_t>(of("\xff\xff\xff\xfe", 4)) == -2);
    CHECK(decoded<std::uint32_t>(of("\xff\xff\xff\xfe", 4)) == 4294967294u);
    CHECK(decoded<std::int64_t>(encoded(std::numeric_limits<std::int64_t>::min())) ==
          std::numeric_limits<std::int64_t>::min());
    CHECK(decoded<std::uint64_t>(encoded(~std::uint64_t{0})) == ~std::uint64_t{0});
}

TEST_CASE("floating point is big-endian IEEE 754, as Java writes it") {
    CHECK(encoded(1.0) == weir::bytes{of("\x3f\xf0\0\0\0\0\0\0", 8)});
    CHECK(encoded(-2.5f) == weir::bytes{of("\xc0\x20\0\0", 4)});
    CHECK(decoded<double>(encoded(0.1)) == 0.1);
    CHECK(decoded<float>(encoded(0.1f)) == 0.1f);
}

TEST_CASE("a bool is one byte") {
    CHECK(encoded(true) == weir::bytes{"\1"});
    CHECK(encoded(false) == weir::bytes{of("\0", 1)});
    CHECK(decoded<bool>("\1"));
    CHECK(sentence<bool>("\7") == "expected a bool, 0 or 1, found 7");
    CHECK(sentence<bool>("") == "expected 1 byte, found 0");
}

TEST_CASE("a number of the wrong size says which size was expected") {
    CHECK(sentence<std::int32_t>("abc") == "expected 4 bytes, found 3");
    CHECK(sentence<std::int64_t>("") == "expected 8 bytes, found 0");
    CHECK(sentence<double>("123456789") == "expected 8 bytes, found 9");
}

TEST_CASE("null is told from empty") {
    CHECK(decoded<weir::bytes>({}).is_null());
    CHECK_FALSE(decoded<weir::bytes>("").is_null());
    CHECK(decoded<weir::bytes_view>({}).is_null());
    CHECK(decoded<std::optional<std::string>>({}) == std::nullopt);
    CHECK(decoded<std::optional<std::string>>("") == "");
    CHECK(encoded(std::optional<std::string>{}).is_null());
    CHECK(encoded(std::optional<std::string>{""}) == weir::bytes{""});
    CHECK(encoded(weir::bytes{}).is_null());
    CHECK(encoded(weir::bytes_view{""}) == weir::bytes{""});
    CHECK(encoded(std::string{}) == weir::bytes{""});
    CHECK(encoded(by_value{}) == weir::bytes{""});
}

TEST_CASE("null where none is allowed is a decode error that names the cure") {
    const std::string expected = "null where none is allowed: make the type std::optional<…>";
    CHECK(sentence<std::string>({}) == expected);
    CHECK(sentence<std::string_view>({}) == expected);
    CHECK(sentence<int>({}) == expected);
    CHECK(sentence<money>({}) == expected);
}

TEST_CASE("a recycled optional is overwritten") {
    std::optional<std::string> into{"before"};
    weir::detail::decode_into("after", into);
    CHECK(into == "after");
    weir::detail::decode_into({}, into);
    CHECK(into == std::nullopt);
}

TEST_CASE("a codec of one's own may fill what it is given or return a value") {
    CHECK(decoded<money>("1250") == money{1250});
    CHECK(encoded(money{7}) == weir::bytes{"7"});
    CHECK(decoded<by_value>("x").text == "x");
    CHECK(decoded<std::optional<money>>("5") == money{5});
}

TEST_CASE("what a codec of one's own throws when it writes is an encode error") {
    const auto said = [](int mood) -> std::string {
        try {
            encoded(moody{mood});
        } catch (const weir::encode_error& e) { return e.what(); }
        return "encoded";
    };
    CHECK(said(0) == "encoded");
    CHECK(said(1) == "moody: its codec cannot write it: no mood for it");
    CHECK(said(2) == "moody.mood: 2");
    CHECK_THROWS_AS(encoded(moody{3}), std::bad_alloc);
    CHECK_THROWS_AS(encoded(std::optional{moody{2}}), weir::encode_error);
}

TEST_CASE("what a type can be is known when it is compiled") {
    using weir::detail::borrows, weir::detail::has_codec, weir::detail::nullable;
    static_assert(has_codec<int> && has_codec<weir::bytes> && has_codec<std::optional<money>>);
    static_assert(!has_codec<nothing> && !has_codec<std::optional<nothing>> && !has_codec<int*>);
    static_assert(borrows<std::string_view> && borrows<weir::bytes_view> &&
                  borrows<std::optional<std::string_view>>);
    static_assert(borrows<by_value> && !borrows<money> && !borrows<std::string> &&
                  !borrows<std::optional<std::string>>);
    static_assert(nullable<weir::bytes> && nullable<std::optional<int>> && !nullable<std::string> &&
                  !nullable<int>);
    CHECK(true);
}
