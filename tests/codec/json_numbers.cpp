// SPDX-License-Identifier: Apache-2.0
// Numbers in JSON: every token is read to the nearest value, however many digits it has and however
// it is written.
#include <weir/codec/json.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include <doctest/doctest.h>

namespace {

struct real {
    double d = 0;
};
struct single {
    float f = 0;
};
template <class T>
struct whole {
    T n{};
};

template <class T>
T decoded(const std::string& from) {
    T into{};
    weir::detail::decode_into(from, into);
    return into;
}
double double_of(const std::string& token) { return decoded<real>(R"({"d":)" + token + "}").d; }
float float_of(const std::string& token) { return decoded<single>(R"({"f":)" + token + "}").f; }
template <class T>
T integer_of(const std::string& token) {
    return decoded<whole<T>>(R"({"n":)" + token + "}").n;
}
template <class F>
std::string sentence(F f, const std::string& token) {
    try {
        f(token);
    } catch (const weir::decode_error& e) { return e.what(); }
    return "decoded";
}

/// Numbers as nobody would write them, but may.
class numbers {
public:
    std::string next() {
        std::string s = below(2) ? "-" : "";
        s += below(4) ? std::to_string(1 + below(9)) + digits(below(30)) : "0";
        if (below(3)) {
            s += "." + std::string(below(3) ? 0 : below(40), '0');
            s += digits(1 + below(below(8) ? 25 : 900));
        }
        if (below(2)) {
            s += below(2) ? "e" : "E";
            s += below(2) ? "-" : below(2) ? "+" : "";
            s += std::string(below(4) ? 0 : below(30), '0') + std::to_string(below(330));
        }
        return s;
    }
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

private:
    std::string digits(std::size_t n) {
        std::string s;
        for (std::size_t i = 0; i < n; ++i) s += static_cast<char>('0' + below(10));
        return s;
    }
    std::mt19937_64 random_{20240611};
};

}  // namespace

TEST_CASE("a real number of many digits is the nearest double") {
    CHECK(double_of("0.33333333333333333333") == 1.0 / 3);
    CHECK(double_of("0.10000000000000000000000000000") == 0.1);
    CHECK(double_of("3.14159265358979323846264338327950288") == 3.14159265358979323846);
    CHECK(double_of("100000000000000000000000") == 1e23);
    CHECK(double_of("18446744073709551616.0") == 18446744073709551616.0);
    CHECK(double_of("0.000000000000000000000000000012345678901234567890") ==
          1.2345678901234567890e-29);
    // half way between two doubles, and just above it
    CHECK(double_of("9007199254740993") == 9007199254740992.0);
    CHECK(double_of("9007199254740993." + std::string(2000, '0') + "1") == 9007199254740994.0);
}

TEST_CASE("an exponent may begin with zeros, however many") {
    CHECK(double_of("1e00000000000000000000000001") == 10.0);
    CHECK(double_of("25e-00000000000000000000000001") == 2.5);
    CHECK(integer_of<int>("1e00000000000000000000000001") == 10);
    CHECK(sentence(double_of, "1e").starts_with("not JSON: "));
}

TEST_CASE("digits and exponent may cancel out") {
    const std::string zeros(300'000, '0');
    CHECK(double_of("0." + zeros + "125e300001") == 1.25);
    CHECK(double_of("125" + zeros + "e-300002") == 1.25);
    CHECK(integer_of<int>("0." + zeros + "125e300003") == 125);
    CHECK(integer_of<int>("125" + zeros + "e-300000") == 125);
}

TEST_CASE("a real number too large is refused, one too small is zero with its sign") {
    CHECK(sentence(double_of, "1e309") ==
          "real.d: expected a number a double can hold, found 1e309");
    CHECK(sentence(double_of, "1e99999999999999999999999").find("found 1e9999999") !=
          std::string::npos);
    CHECK(sentence(double_of, "-1" + std::string(400, '0')).find("a double can hold") !=
          std::string::npos);
    CHECK(sentence(float_of, "3.5e38").find("a float can hold") != std::string::npos);
    CHECK(double_of("1e-400") == 0.0);
    CHECK(std::signbit(double_of("-1e-400")));
    CHECK(double_of("0e99999999999999999999999") == 0.0);
    CHECK(std::signbit(double_of("-0")));
    CHECK(double_of("4.9406564584124654e-324") == std::numeric_limits<double>::denorm_min());
}

TEST_CASE("an integer may be written as a real number, if it is one") {
    CHECK(integer_of<int>("1.0") == 1);
    CHECK(integer_of<int>("1e3") == 1000);
    CHECK(integer_of<int>("-12.50e1") == -125);
    CHECK(integer_of<int>("2500e-2") == 25);
    CHECK(integer_of<int>("-0") == 0);
    CHECK(integer_of<std::uint8_t>("-0.0") == 0);
    CHECK(integer_of<std::uint64_t>("18446744073709551615.0") == ~std::uint64_t{0});
    CHECK(integer_of<std::int64_t>("-9.223372036854775808e18") ==
          std::numeric_limits<std::int64_t>::min());
    CHECK(integer_of<int>("0e99999999999") == 0);
}

TEST_CASE("an integer that is none, or does not fit, is refused with what was found") {
    CHECK(sentence(integer_of<int>, "1.5") == "whole<int>.n: expected an integer, found 1.5");
    CHECK(sentence(integer_of<int>, "1e-1") == "whole<int>.n: expected an integer, found 1e-1");
    CHECK(sentence(integer_of<std::int8_t>, "1e3") ==
          "whole<signed char>.n: expected an integer from -128 to 127, found 1e3");
    CHECK(sentence(integer_of<std::int64_t>, "9223372036854775808") ==
          "whole<long>.n: expected an integer from -9223372036854775808 to 9223372036854775807, "
          "found 9223372036854775808");
    CHECK(sentence(integer_of<std::uint64_t>, "1e20").find("from 0 to 18446744073709551615") !=
          std::string::npos);
    CHECK(sentence(integer_of<unsigned>, "-1.0").find("from 0 to 4294967295, found -1.0") !=
          std::string::npos);
    CHECK(sentence(integer_of<int>, "1e99999999999999999999999").find("from -2147483648") !=
          std::string::npos);
}

TEST_CASE("what no JSON writer writes as a number is refused in every length") {
    for (const std::string bad :
         {"01", "+1", ".5", "1.", "1.e3", "1e", "1e+", "--1", "0x10", "1_000", "1.2.3",
          "00000000000000000000001", "1.00000000000000000000000000e",
          "1234567890123456789012345678.", "-"}) {
        CAPTURE(bad);
        CHECK(sentence(double_of, bad).starts_with("not JSON: "));
        CHECK(sentence(float_of, bad).starts_with("not JSON: "));
        CHECK(sentence(integer_of<int>, bad).starts_with("not JSON: "));
    }
}

TEST_CASE("real numbers are read as the C library reads them") {
    numbers all;
    for (int i = 0; i < 60'000; ++i) {
        const auto token = all.next();
        CAPTURE(token);
        const double expected = std::strtod(token.c_str(), nullptr);
        if (std::isinf(expected)) {
            REQUIRE(sentence(double_of, token).find("a double can hold") != std::string::npos);
        } else {
            const double found = double_of(token);
            REQUIRE(std::bit_cast<std::uint64_t>(found) == std::bit_cast<std::uint64_t>(expected));
        }
        const float small = std::strtof(token.c_str(), nullptr);
        if (std::isinf(small)) {
            REQUIRE(sentence(float_of, token).find("a float can hold") != std::string::npos);
        } else {
            const float found = float_of(token);
            REQUIRE(std::bit_cast<std::uint32_t>(found) == std::bit_cast<std::uint32_t>(small));
        }
    }
}

TEST_CASE("integers are read as they are, at every length and beside every limit") {
    numbers all;
    for (int i = 0; i < 20'000; ++i) {
        const auto n = static_cast<std::uint64_t>(all.below(~std::size_t{0})) >> all.below(64);
        const auto s = static_cast<std::int64_t>(n);
        CAPTURE(n);
        REQUIRE(integer_of<std::uint64_t>(std::to_string(n)) == n);
        REQUIRE(integer_of<std::int64_t>(std::to_string(s)) == s);
        REQUIRE(integer_of<std::uint64_t>(std::to_string(n) + ".000") == n);
        REQUIRE(integer_of<std::int64_t>(std::to_string(s) + ".00e-0") == s);
        const bool fits = s >= -32768 && s <= 32767;
        const auto read = sentence(integer_of<std::int16_t>, std::to_string(s));
        REQUIRE((read == "decoded") == fits);
    }
}
