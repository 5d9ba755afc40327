// SPDX-License-Identifier: Apache-2.0
// Keys and values as text: what --input and send read, what --output prints.
#include "cli/text.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>

#include <weir/weir.hpp>

#include "cli/captured.hpp"
#include "cli/temp_file.hpp"

namespace {

using namespace weir::detail;

template <class T>
weir::bytes encoded(const T& value) {
    weir::bytes b;
    encode_onto<T>(value, b);
    return b;
}
/// The text is read as this value, and this value is shown as the text.
template <class T>
void is_text_of(const T& value, const std::string& text) {
    CAPTURE(text);
    constexpr auto type = data_type_of<T>();
    CHECK(from_text(type, text) == encoded(value));
    CHECK(to_text(type, encoded(value)) == text);
}
template <class T>
void refuses(const std::string& text, const std::string& sentence) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(from_text(data_type_of<T>(), text), sentence.c_str(), weir::decode_error);
}

struct order {
    std::string account;
    int price;
};
struct point {
    int x = 0;
};

}  // namespace

template <>
struct weir::codec<point> {
    static void decode(bytes_view from, point& into) { into.x = static_cast<int>(from.size()); }
    static void encode(const point& p, bytes& onto) {
        onto.append(std::string(static_cast<std::size_t>(p.x), '\n'));
    }
};

TEST_CASE("numbers and bool have a text form of their own, whatever their bytes are") {
    is_text_of<long>(5, "5");
    is_text_of<long>(std::numeric_limits<long>::min(), "-9223372036854775808");
    is_text_of<std::uint64_t>(std::numeric_limits<std::uint64_t>::max(), "18446744073709551615");
    is_text_of<int>(-70000, "-70000");
    is_text_of<short>(300, "300");
    is_text_of<std::int8_t>(-5, "-5");
    is_text_of<std::uint8_t>(200, "200");
    is_text_of<char>('A', "65");
    is_text_of<double>(0.1, "0.1");
    is_text_of<float>(0.1F, "0.1");
    is_text_of<double>(-1e300, "-1e+300");
    is_text_of<bool>(true, "true");
    is_text_of<bool>(false, "false");
}

TEST_CASE("text that is no number of the type is refused, and the range is named") {
    refuses<std::int8_t>("128", "expected an integer from -128 to 127, found '128'");
    refuses<std::uint8_t>("-1", "expected an integer from 0 to 255, found '-1'");
    refuses<int>("5x", "expected an integer from -2147483648 to 2147483647, found '5x'");
    refuses<int>("", "expected an integer from -2147483648 to 2147483647, found ''");
    refuses<int>("1.5", "expected an integer from -2147483648 to 2147483647, found '1.5'");
    refuses<double>("one", "expected a number, found 'one'");
    refuses<bool>("yes", "expected true or false, found 'yes'");
    refuses<bool>("a\nb", "expected true or false, found 'a\\nb'");
}

TEST_CASE("null is the word null, where the type can be null") {
    is_text_of<std::optional<int>>({}, "null");
    is_text_of<std::optional<int>>(7, "7");
    is_text_of<std::optional<std::string>>({}, "null");
    is_text_of<std::optional<order>>({}, "null");
    is_text_of<weir::bytes>({}, "null");
    is_text_of<std::string>("null", "null");
    refuses<int>("null", "expected an integer from -2147483648 to 2147483647, found 'null'");
}

TEST_CASE("what is shown is one line: a line end in text is escaped, one in JSON is a blank") {
    CHECK(to_text(data_type_of<std::string>(), "a\nb\r\\") == "a\\nb\\r\\");
    CHECK(to_text(data_type_of<weir::bytes>(), "a\nb") == "a\\nb");
    CHECK(to_text(data_type_of<point>(), encoded(point{2})) == "\\n\\n");
    CHECK(to_text(data_type_of<order>(), "{\"account\":\n \"a\"}") == "{\"account\":  \"a\"}");
    CHECK(to_text(data_type_of<int>(), "no\n number") == "no\\n number");
    CHECK(to_key_text(data_type_of<std::string>(), "a\tb") == "a\\tb");
}

TEST_CASE("topics of numbers are fed and printed as text, those of an operator as well") {
    weir::app app{"a"};
    const auto in = app.topic<int, long>("in");
    app.agent("square", in                                                     //
                            | weir::map([](long n) { return double(n) / 2; })  //
                            | weir::to("halves"));
    const temp_file f{"1\t5\n-2\t7\n"};
    const auto input = "in=" + f.path();
    const auto halves = tests::run(
        app, {"--keyed-input", input.c_str(), "--output", "halves", "--until-idle", "0s"});
    CHECK(halves.err.empty());
    CHECK(halves.out == "2.5\n3.5\n");
    const auto keyed = tests::run(
        app, {"--keyed-input", input.c_str(), "--keyed-output", "halves", "--until-idle", "0s"});
    CHECK(keyed.out == "1\t2.5\n-2\t3.5\n");
}

TEST_CASE("--keyed-output prints key, tab and value, and --keyed-input reads them again") {
    const std::string lines =
        "k\t{\"account\":\"a\",\"price\":1}\n\t{\"account\":\"b\",\"price\":2}\n";
    const auto copied = [](const std::string& text) {
        weir::app app{"a"};
        app.agent("copy", app.topic<std::string, order>("in") | weir::to("out"));
        const temp_file f{text};
        const auto input = "in=" + f.path();
        return tests::run(app, {"--keyed-input", input.c_str(), "--keyed-output", "out"}).out;
    };
    CHECK(copied(lines) == lines);
    CHECK(copied(copied(lines)) == lines);
    weir::app nulls{"a"};
    nulls.agent("copy", nulls.topic("in") | weir::to("out"));
    const temp_file f{"null\tnull\n"};
    const auto input = "in=" + f.path();
    const std::vector<const char*> all{"--keyed-input", input.c_str(), "--keyed-output", "out"};
    CHECK(tests::run(nulls, all).out == "null\tnull\n");
}

TEST_CASE("a topic is printed with keys or without: both is one sentence and exit code 2") {
    weir::app app{"a"};
    app.agent("x", app.topic<std::string>("in") | weir::to("out"));
    const auto said = tests::run(app, {"--output", "out", "--keyed-output", "out"});
    CHECK(said.code == weir::exit_code::usage);
    CHECK(said.err ==
          "prog: weir: --keyed-output out: it is printed without keys as well: give --output or "
          "--keyed-output, not both\n");
}

TEST_CASE("the type that says most counts, in whichever order a topic is declared") {
    for (const bool bytes_first : {true, false}) {
        CAPTURE(bytes_first);
        weir::app app{"a"};
        if (bytes_first) app.topic("t");
        const auto numbers = app.topic<int>("t");
        if (!bytes_first) app.topic("t");
        std::vector<int> seen;
        app.agent("see", numbers | weir::for_each([&](int n) { seen.push_back(n); }));
        const temp_file good{"5\n"}, bad{"five\n"};
        const auto input = "t=" + good.path(), wrong = "t=" + bad.path();
        CHECK(tests::run(app, {"--input", input.c_str()}).code == weir::exit_code::ok);
        CHECK(seen == std::vector<int>{5});
        CHECK(tests::run(app, {"--input", wrong.c_str()}).code == weir::exit_code::failed);
    }
}
