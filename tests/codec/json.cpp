// SPDX-License-Identifier: Apache-2.0
// JSON: round trips, limits, recycling, every sentence, and that no bytes make it crash.
#include <weir/codec/json.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "allocations.hpp"

namespace {

struct order {
    std::string account_id, product_id;
    double amount = 0, price = 0;
    friend bool operator==(const order&, const order&) = default;
};
struct leg {
    std::string from, to;
    friend bool operator==(const leg&, const leg&) = default;
};
struct flight {
    std::string origin;
    std::int32_t delay = 0;
    std::optional<std::string> gate;
    std::vector<leg> legs;
    leg whole;
    bool late = false;
    friend bool operator==(const flight&, const flight&) = default;
};
struct numbers {
    std::int8_t i8 = 0;
    std::uint8_t u8 = 0;
    std::int16_t i16 = 0;
    std::uint16_t u16 = 0;
    std::int32_t i32 = 0;
    std::uint32_t u32 = 0;
    std::int64_t i64 = 0;
    std::uint64_t u64 = 0;
    float f = 0;
    double d = 0;
    friend bool operator==(const numbers&, const numbers&) = default;
};
struct shapes {
    std::vector<bool> bits;
    std::vector<std::vector<int>> rows;
    std::vector<std::optional<int>> gaps;
    std::optional<std::vector<std::string>> words;
    std::optional<leg> maybe;
    friend bool operator==(const shapes&, const shapes&) = default;
};
struct tree {
    int id = 0;
    std::vector<tree> children;
    friend bool operator==(const tree&, const tree&) = default;
};
struct empty {};
struct note {
    std::string text;
};
struct tiny {
    std::int8_t i = 0;
};
struct real {
    double d = 0;
};
struct single {
    float f = 0;
};
struct flag {
    bool b = false;
};
struct natural {
    std::uint64_t n = 0;
};
struct cents {
    long n = 0;
};
struct not_json {
    int* p;
};
struct based : leg {
    int more;
};

template <class T>
std::string encoded(const T& value) {
    weir::bytes onto;
    weir::detail::encode_onto(value, onto);
    return std::string{onto.view()};
}
template <class T>
T decoded(std::string_view from) {
    T into{};
    weir::detail::decode_into(from, into);
    return into;
}
template <class T>
T round_trip(const T& value) {
    return decoded<T>(encoded(value));
}
template <class T>
std::string sentence(std::string_view from) {
    try {
        decoded<T>(from);
    } catch (const weir::decode_error& e) { return e.what(); }
    return "decoded";
}
template <class T>
std::string write_error(const T& value) {
    try {
        encoded(value);
    } catch (const weir::encode_error& e) { return e.what(); }
    return "encoded";
}
bool says(const std::string& what, std::string_view begin) {
    return what.substr(0, begin.size()) == begin;
}

const std::string good_flight =
    R"({"origin":"LIS","delay":-7,"gate":"B\u00e9","legs":[{"from":"LIS","to":"OPO"},)"
    R"({"from":"OPO","to":"BER"}],"whole":{"from":"LIS","to":"BER"},"late":true})";

}  // namespace

template <>
struct weir::codec<cents> {
    static void decode(bytes_view from, cents& into) {
        into.n = std::stol(std::string{from.view()});
    }
    static void encode(const cents& c, bytes& onto) { onto.append(std::to_string(c.n)); }
};

TEST_CASE("an aggregate is written compactly, its fields in order of declaration") {
    CHECK(encoded(order{"a", "p", 2, 0.1}) ==
          R"({"account_id":"a","product_id":"p","amount":2,"price":0.1})");
    CHECK(encoded(flight{"LIS", -7, {}, {{"a", "b"}}, {"c", "d"}, true}) ==
          R"({"origin":"LIS","delay":-7,"gate":null,"legs":[{"from":"a","to":"b"}],)"
          R"("whole":{"from":"c","to":"d"},"late":true})");
    CHECK(encoded(empty{}) == "{}");
    CHECK(encoded(shapes{}) == R"({"bits":[],"rows":[],"gaps":[],"words":null,"maybe":null})");
}

TEST_CASE("encoding appends to what is there") {
    weir::bytes onto{"x"};
    weir::detail::encode_onto(empty{}, onto);
    CHECK(onto == weir::bytes{"x{}"});
}

TEST_CASE("what was written is read back") {
    const flight f{"LIS", 12, "B4", {{"LIS", "OPO"}, {"OPO", "BER"}}, {"LIS", "BER"}, true};
    CHECK(round_trip(f) == f);
    CHECK(round_trip(flight{}) == flight{});
    const shapes s{{true, false, true}, {{1}, {}, {2, 3}}, {1, {}, 3}, {{"a", ""}}, leg{"x", "y"}};
    CHECK(round_trip(s) == s);
    CHECK(round_trip(shapes{}) == shapes{});
    const tree t{1, {{2, {{3, {}}}}, {4, {}}}};
    CHECK(round_trip(t) == t);
}

TEST_CASE("local types have a codec") {
    struct point {
        int x, y;
    };
    CHECK(encoded(point{1, -2}) == R"({"x":1,"y":-2})");
    CHECK(decoded<point>(R"({"y":5,"x":4})").y == 5);
    CHECK(sentence<point>(R"({"y":5,"x":""})") == "point.x: expected an integer, found a string");
}

TEST_CASE("a vector is an array") {
    const std::vector<order> v{{"a", "b", 1, 2}, {"c", "d", 3, 4}};
    CHECK(round_trip(v) == v);
    CHECK(encoded(std::vector<order>{}) == "[]");
    CHECK(round_trip(std::vector<std::string>{"a", "b"}) == std::vector<std::string>{"a", "b"});
    CHECK(round_trip(std::vector<bool>{true, false}) == std::vector<bool>{true, false});
    CHECK(sentence<std::vector<leg>>(R"([{"from":"a","to":"b"},{"from":"a","to":3}])") ==
          "std::vector<leg>[1].to: expected a string, found 3");
    CHECK(sentence<std::vector<leg>>("{}") == "expected an array, found an object");
}

TEST_CASE("numbers are kept at their limits") {
    const numbers low{-128,
                      0,
                      -32768,
                      0,
                      std::numeric_limits<std::int32_t>::min(),
                      0,
                      std::numeric_limits<std::int64_t>::min(),
                      0,
                      std::numeric_limits<float>::lowest(),
                      std::numeric_limits<double>::lowest()};
    const numbers high{127,
                       255,
                       32767,
                       65535,
                       std::numeric_limits<std::int32_t>::max(),
                       ~std::uint32_t{0},
                       std::numeric_limits<std::int64_t>::max(),
                       ~std::uint64_t{0},
                       std::numeric_limits<float>::max(),
                       std::numeric_limits<double>::max()};
    CHECK(round_trip(low) == low);
    CHECK(round_trip(high) == high);
    CHECK(round_trip(real{std::numeric_limits<double>::denorm_min()}).d ==
          std::numeric_limits<double>::denorm_min());
    CHECK(round_trip(single{std::numeric_limits<float>::denorm_min()}).f ==
          std::numeric_limits<float>::denorm_min());
    CHECK(std::signbit(round_trip(real{-0.0}).d));
}

TEST_CASE("floating point is read back to the bit") {
    std::mt19937_64 random{7};
    for (int i = 0; i < 20000; ++i) {
        const auto d = std::bit_cast<double>(random());
        if (std::isfinite(d)) REQUIRE(round_trip(real{d}).d == d);
        const auto f = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        if (std::isfinite(f)) REQUIRE(round_trip(single{f}).f == f);
    }
}

TEST_CASE("an integer is a number too") {
    CHECK(decoded<real>(R"({"d":12})").d == 12.0);
    CHECK(decoded<real>(R"({"d":-1.5e3})").d == -1500.0);
    CHECK(decoded<single>(R"({"f":1e-60})").f == 0.0f);
}

TEST_CASE("text is escaped and unescaped") {
    std::string all;
    for (int c = 0; c < 128; ++c) all.push_back(static_cast<char>(c));
    CHECK(round_trip(note{all}).text == all);
    CHECK(encoded(note{"\"\\/\n\r\t\b\f\x01\x1f\x7f"}) ==
          "{\"text\":\"\\\"\\\\/\\n\\r\\t\\b\\f\\u0001\\u001f\x7f\"}");
    CHECK(encoded(note{"é€😀"}) == R"({"text":"é€😀"})");
    CHECK(decoded<note>(R"({"text":"\u00e9\u20ac\ud83d\ude00\/"})").text == "é€😀/");
    CHECK(decoded<note>("{\"text\" : \"a\" \n}").text == "a");
    CHECK(decoded<note>(R"({"text":"ends in \\"})").text == "ends in \\");
    const std::string longer(100'000, '\n');
    CHECK(round_trip(note{longer}).text == longer);
}

TEST_CASE("fields may come in any order, unknown ones are passed over, the last of two counts") {
    CHECK(decoded<order>(R"({"price":4,"amount":3,"product_id":"p","account_id":"a"})") ==
          order{"a", "p", 3, 4});
    CHECK(
        decoded<leg>(R"({"x":[{"from":1}],"from":"a","y":{"to":[]},"z":"}","to":"b","w":null})") ==
        leg{"a", "b"});
    CHECK(decoded<leg>(R"({"from":"a","to":"b","from":"c"})") == leg{"c", "b"});
    CHECK(decoded<leg>(R"({"fr\u006fm":"a","t\u006f":"b","\u0041":1})") == leg{"a", "b"});
    CHECK(decoded<leg>(R"({"fro":1,"fromm":2,"from":"a","to":"b"})") == leg{"a", "b"});
    decoded<empty>(R"({"x":1})");
}

TEST_CASE("an optional field may be missing or null, and is nullopt even in a recycled object") {
    flight into = decoded<flight>(good_flight);
    CHECK(into.gate == "Bé");
    weir::detail::decode_into(
        R"({"origin":"","delay":0,"legs":[],"whole":{"from":"","to":""},"late":false})", into);
    CHECK(into == flight{});
    into.gate = "x";
    weir::detail::decode_into(R"({"origin":"","delay":0,"gate" : null ,"legs":[],)"
                              R"("whole":{"from":"","to":""},"late":false})",
                              into);
    CHECK(into == flight{});
}

TEST_CASE("decoding into a recycled object allocates nothing") {
    const std::string far(100, 'x');
    const std::string text =
        encoded(flight{far, 1, far, {{far, far}, {far, far}}, {far, far}, true});
    flight into = decoded<flight>(text);
    weir::bytes onto;
    weir::detail::encode_onto(into, onto);
    const auto before = weir::testing::allocations();
    for (int i = 0; i < 10; ++i) {
        weir::detail::decode_into(text, into);
        onto.reset();
        weir::detail::encode_onto(into, onto);
    }
    CHECK(weir::testing::allocations() == before);
    CHECK(onto == weir::bytes{text});
}

TEST_CASE("a value of the wrong type is named, with what was expected and what was found") {
    const auto with = [](std::string_view delay) {
        return R"({"origin":"","delay":)" + std::string{delay} +
               R"(,"legs":[],"whole":{"from":"","to":""},"late":false})";
    };
    CHECK(sentence<flight>(with("\"1\"")) == "flight.delay: expected an integer, found a string");
    CHECK(sentence<flight>(with("null")) == "flight.delay: expected an integer, found null");
    CHECK(sentence<flight>(with("true")) == "flight.delay: expected an integer, found a boolean");
    CHECK(sentence<flight>(with("[1]")) == "flight.delay: expected an integer, found an array");
    CHECK(sentence<flight>(with("{}")) == "flight.delay: expected an integer, found an object");
    CHECK(sentence<flight>(with("1.5")) == "flight.delay: expected an integer, found 1.5");
    CHECK(sentence<flight>(with("1e-2")) == "flight.delay: expected an integer, found 1e-2");
    CHECK(sentence<flight>(with("2147483648")) ==
          "flight.delay: expected an integer from -2147483648 to 2147483647, found 2147483648");
    CHECK(sentence<flight>(with("1")) == "decoded");
    CHECK(sentence<note>(R"({"text":false})") == "note.text: expected a string, found a boolean");
    CHECK(sentence<real>(R"({"d":"1"})") == "real.d: expected a number, found a string");
    CHECK(sentence<flag>(R"({"b":1})") == "flag.b: expected a boolean, found 1");
    CHECK(sentence<shapes>(R"({"bits":[true,0],"rows":[],"gaps":[]})") ==
          "shapes.bits[1]: expected a boolean, found 0");
    CHECK(sentence<shapes>(R"({"bits":[],"rows":[[],[1,"2"]],"gaps":[]})") ==
          "shapes.rows[1][1]: expected an integer, found a string");
    CHECK(sentence<shapes>(R"({"bits":[],"rows":[],"gaps":[],"maybe":[]})") ==
          "shapes.maybe: expected an object, found an array");
    CHECK(sentence<shapes>(R"({"bits":{},"rows":[],"gaps":[]})") ==
          "shapes.bits: expected an array, found an object");
}

TEST_CASE("a number that does not fit is named with the range") {
    CHECK(sentence<tiny>(R"({"i":128})") ==
          "tiny.i: expected an integer from -128 to 127, found 128");
    CHECK(sentence<tiny>(R"({"i":-129})") ==
          "tiny.i: expected an integer from -128 to 127, found -129");
    CHECK(sentence<natural>(R"({"n":-1})") ==
          "natural.n: expected an integer from 0 to 18446744073709551615, found -1");
    CHECK(sentence<natural>(R"({"n":18446744073709551616})") ==
          "natural.n: expected an integer from 0 to 18446744073709551615, found "
          "18446744073709551616");
    CHECK(sentence<tiny>(R"({"i":99999999999999999999999999999999999999999999})") ==
          "tiny.i: expected an integer from -128 to 127, found "
          "9999999999999999999999999999999999999999…");
    CHECK(sentence<real>(R"({"d":1e999})") ==
          "real.d: expected a number a double can hold, found 1e999");
    CHECK(sentence<single>(R"({"f":-1e39})") ==
          "single.f: expected a number a float can hold, found -1e39");
}

TEST_CASE("a missing field is named") {
    CHECK(sentence<leg>(R"({"from":"a"})") == "leg.to: missing, and it is not a std::optional");
    CHECK(sentence<order>("{}") == "order.account_id: missing, and it is not a std::optional");
    CHECK(
        sentence<flight>(R"({"origin":"","delay":0,"legs":[{"from":"a","to":"b"},{"to":"c"}]})") ==
        "flight.legs[1].from: missing, and it is not a std::optional");
}

TEST_CASE("what is not an object says what it is") {
    CHECK(sentence<leg>("[]") == "expected an object, found an array");
    CHECK(sentence<leg>(" \"a\" ") == "expected an object, found a string");
    CHECK(sentence<leg>("12") == "expected an object, found 12");
    CHECK(sentence<leg>("null") == "expected an object, found null");
    CHECK(sentence<leg>("true") == "expected an object, found a boolean");
}

TEST_CASE("what is not JSON says so") {
    for (const std::string_view bad : {"",
                                       " ",
                                       "{",
                                       "}",
                                       "hello",
                                       "{\"from\":\"a\"",
                                       "{\"from\":\"a\",\"to\":\"b\"",
                                       "{\"from\":\"a\" \"to\":\"b\"}",
                                       "{\"from\":\"a\",\"to\":\"b}",
                                       "{\"from\":a,\"to\":\"b\"}",
                                       "{from:\"a\"}",
                                       "{\"from\" \"a\",\"to\":\"b\"}",
                                       "{\"from\":\"a\\x\",\"to\":\"b\"}",
                                       "{\"from\":\"\\ud800\",\"to\":\"b\"}",
                                       "{\"from\":\"a\nb\",\"to\":\"b\"}",
                                       "{\"from\":\"a\xff\",\"to\":\"b\"}",
                                       "{\"from\":\"a\xc3\",\"to\":\"b\"}",
                                       "{\"from\":\"a\",\"to\":\"b\"}}",
                                       "{\"from\":\"a\",\"to\":\"b\"} {}",
                                       "{\"from\":\"a\",\"to\":\"b\"}1",
                                       "{\"from\":\"a\",\"to\":1.2.3}",
                                       "{\"from\":\"a\",\"to\":nul}",
                                       "{\"from\":\"a\",\"to\":01}"}) {
        CAPTURE(bad);
        CHECK(says(sentence<leg>(bad), "not JSON: "));
    }
    CHECK(sentence<leg>(R"({"from":"a","to":"b"}{"a":1})") ==
          "not JSON: something follows the end of the value");
    CHECK(says(sentence<tiny>(R"({"i":1x})"), "not JSON: "));
    CHECK(says(sentence<flag>(R"({"b":truex})"), "not JSON: "));
    CHECK(says(sentence<shapes>(R"({"bits":[],"rows":[],"gaps":[nul]})"), "not JSON: "));
}

TEST_CASE("a tree as deep as its message says does not reach the end of the stack") {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += R"({"id":1,"children":[)";
    for (int i = 0; i < 100'000; ++i) deep += "]}";
    CHECK(says(sentence<tree>(deep), "nested too deep"));
    std::string skipped =
        R"({"text":"a","x":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
    CHECK(sentence<note>(skipped) == "decoded");
}

TEST_CASE("an object that failed to decode can be decoded into again") {
    flight into = decoded<flight>(good_flight);
    CHECK_THROWS_AS(weir::detail::decode_into(R"({"origin":"x","legs":[{"from":"a"},3]})", into),
                    weir::decode_error);
    weir::detail::decode_into(good_flight, into);
    CHECK(into == decoded<flight>(good_flight));
}

TEST_CASE("what JSON cannot say is refused when it is written, and nothing is appended") {
    const std::string cure =
        ": drop such values before they are sent, or make the field std::optional, which is "
        "written as null where it is empty";
    CHECK(write_error(real{std::nan("")}) == "real.d: JSON has no NaN" + cure);
    CHECK(write_error(single{-std::numeric_limits<float>::infinity()}) ==
          "single.f: JSON has no -infinity" + cure);
    CHECK(
        write_error(note{"\xff"}) ==
        "note.text: this text is not UTF-8, and JSON has no other: convert it, or send such bytes "
        "as they are, in a topic of weir::bytes");
    CHECK(write_error(std::vector<real>{{1}, {std::nan("")}}) ==
          "std::vector<real>[1].d: JSON has no NaN" + cure);
    weir::bytes onto;
    CHECK_THROWS_AS(weir::detail::encode_onto(note{"\xff"}, onto), weir::encode_error);
    CHECK(onto.is_null());
}

TEST_CASE("null is a message without a value, not a JSON null") {
    std::optional<leg> into = leg{"a", "b"};
    weir::detail::decode_into(weir::bytes_view{}, into);
    CHECK(into == std::nullopt);
    CHECK_THROWS_WITH_AS(weir::detail::decode_into("null", into), "expected an object, found null",
                         weir::decode_error);
    leg l;
    CHECK_THROWS_WITH_AS(weir::detail::decode_into(weir::bytes_view{}, l),
                         "null where none is allowed: make the type std::optional<…>",
                         weir::decode_error);
}

TEST_CASE("who has a codec is known when it is compiled") {
    using weir::detail::has_codec;
    static_assert(has_codec<order> && has_codec<tree> && has_codec<std::vector<order>> &&
                  has_codec<std::optional<leg>>);
    static_assert(!has_codec<not_json> && !has_codec<based> && has_codec<std::array<int, 2>>);
    static_assert(has_codec<cents> && has_codec<std::vector<std::optional<cents>>> &&
                  !has_codec<std::vector<not_json>>);
    static_assert(!weir::detail::borrows<order>);
    CHECK(encoded(cents{5}) == "5");
}

TEST_CASE("no bytes make it crash") {
    std::mt19937_64 random{20240607};
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    constexpr std::string_view telling = "{}[]\":,\\ntf0-.eE \x80\xff\n";
    flight into;
    tree branches;
    std::size_t good = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::string s = good_flight;
        for (auto n = 1 + below(4); n > 0 && !s.empty(); --n) {
            const auto at = below(s.size());
            switch (below(5)) {
                case 0: s[at] = static_cast<char>(below(256)); break;
                case 1: s[at] = telling[below(telling.size())]; break;
                case 2: s.erase(at, 1 + below(10)); break;
                case 3: s.insert(at, s.substr(below(s.size()), below(20))); break;
                default: s.resize(at);
            }
        }
        // In a block of its own size, so that a sanitizer sees any look beyond it.
        const std::vector<char> exact(s.begin(), s.end());
        const weir::bytes_view view{exact.data(), exact.size()};
        try {
            weir::detail::decode_into(view, into);
            ++good;
        } catch (const weir::decode_error& e) { REQUIRE(std::string_view{e.what()} != ""); }
        try {
            weir::detail::decode_into(view, branches);
        } catch (const weir::decode_error&) {}
    }
    CHECK(good > 1000);  // else the mutations were too wild to tell anything
}
