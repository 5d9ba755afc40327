// SPDX-License-Identifier: Apache-2.0
// JSON as people have it: other names, defaults, maps, arrays of a fixed size, tuples, enumerators,
// times, variants, views, JSON kept as it is, and codecs of one's own inside of it.
#include <weir/codec/json.hpp>

#include <map>
#include <stdexcept>
#include <unordered_map>

#include <doctest/doctest.h>

namespace {

using namespace std::chrono_literals;
namespace chrono = std::chrono;

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
/// It is written as `text`, and `text` is read as it.
template <class T>
void check_both(const T& value, std::string_view text) {
    CHECK(encoded(value) == text);
    CHECK(decoded<T>(text) == value);
}

template <class T>
struct with {
    T v{};
    friend bool operator==(const with&, const with&) = default;
};
template <class T>
with(T) -> with<T>;
struct leg {
    std::string from, to;
    friend bool operator==(const leg&, const leg&) = default;
};

struct request {
    std::string id, agent, class_;
    int copies = 1;
    static constexpr weir::names json_names{&request::id,     "$id",  &request::agent, "user-agent",
                                            &request::class_, "class"};
    friend bool operator==(const request&, const request&) = default;
};
struct settings {
    int retries = 7;
    std::string host = "localhost";
    std::optional<int> port = 80;
    std::vector<int> ports{1, 2};
    static constexpr bool json_defaults = true;
    friend bool operator==(const settings&, const settings&) = default;
};
struct sparse {
    std::optional<int> a, b;
    std::optional<std::string> c;
    static constexpr bool json_omit_empty = true;
    friend bool operator==(const sparse&, const sparse&) = default;
};
/// Somebody else's, so its rules stand apart.
struct foreign {
    std::string type;
    std::optional<int> size;
    int level = 3;
    friend bool operator==(const foreign&, const foreign&) = default;
};

enum class colour { red, green = 5, dark_blue = -3 };
enum plain { plain_one = 1, plain_two };
enum class wide : std::uint8_t { low = 0, high = 200 };

/// Its codec writes JSON: an integer of cents.
struct money {
    long cents = 0;
    friend bool operator==(const money&, const money&) = default;
};
/// Its codec writes text.
struct code {
    std::string letters;
    friend bool operator==(const code&, const code&) = default;
};
/// Its codec reads and writes JSON by way of another's.
struct wrapped {
    leg inner;
    friend bool operator==(const wrapped&, const wrapped&) = default;
};
/// Its codec points into the message.
struct seen {
    std::string_view text;
};
struct careless {
    int n = 0;
};
struct borrowed {
    std::string_view name;
    int n = 0;
    std::optional<std::string_view> note;
};
struct tree {
    int id = 0;
    std::map<std::string, std::vector<tree>> children;
    friend bool operator==(const tree&, const tree&) = default;
};

}  // namespace

template <>
struct weir::json_rules<foreign> {
    static constexpr weir::names json_names{&foreign::type, "@type"};
    static constexpr bool json_omit_empty = true;
    static constexpr bool json_defaults = true;
};
template <>
struct weir::json_rules<wide> {
    static constexpr weir::names json_names{wide::high, "very-high"};
};
template <>
struct weir::codec<money> {
    static void decode(bytes_view from, money& into) {
        into.cents = std::stol(std::string{from.view()});
    }
    static void encode(const money& m, bytes& onto) { onto.append(std::to_string(m.cents)); }
};
template <>
struct weir::codec<code> {
    static constexpr bool json_text = true;
    static code decode(bytes_view from) {
        if (from.size() != 3) throw decode_error{"a code has three letters"};
        return {std::string{from.view()}};
    }
    static void encode(const code& c, bytes& onto) {
        if (c.letters.size() != 3) throw std::length_error{"a code has three letters"};
        onto.append(c.letters);
    }
};
template <>
struct weir::codec<wrapped> {
    static void decode(bytes_view from, wrapped& into) { codec<leg>::decode(from, into.inner); }
    static void encode(const wrapped& w, bytes& onto) { codec<leg>::encode(w.inner, onto); }
};
template <>
struct weir::codec<seen> {
    static constexpr bool borrows = true;
    static constexpr bool json_text = true;
    static void decode(bytes_view from, seen& into) { into.text = from.view(); }
    static void encode(const seen& s, bytes& onto) { onto.append(s.text); }
};
template <>
struct weir::codec<careless> {
    static void decode(bytes_view, careless& into) { into.n = 1; }
    static void encode(const careless&, bytes& onto) { onto.append("12 EUR"); }
};

TEST_CASE("a field has the name in JSON that its type says") {
    check_both(request{"1", "curl", "x", 2},
               R"({"$id":"1","user-agent":"curl","class":"x","copies":2})");
    CHECK(sentence<request>(R"({"$id":"1","user-agent":7})") ==
          "request.user-agent: expected a string, found 7");
    CHECK(sentence<request>(R"({"id":"1","user-agent":"","class":"","copies":1})") ==
          "request.$id: missing, and it is not a std::optional");
    CHECK(decoded<request>(R"({"\u0024id":"1","user-agent":"","class":"","copies":1})").id == "1");
    CHECK(weir::detail::field_name(&request::id) == "id");
}

TEST_CASE("a missing field is what a new object has there, where its type says so") {
    CHECK(decoded<settings>("{}") == settings{});
    settings into{1, "far", {}, {}};
    weir::detail::decode_into(R"({"retries":2})", into);
    CHECK(into == settings{2, "localhost", 80, {1, 2}});
    CHECK(decoded<settings>(R"({"port":null})").port == std::nullopt);
    CHECK(sentence<settings>(R"({"retries":null})") ==
          "settings.retries: expected an integer, found null");
    CHECK(encoded(settings{}) == R"({"retries":7,"host":"localhost","port":80,"ports":[1,2]})");
    CHECK(decoded<with<settings>>(R"({"v":{"host":"x"}})").v.retries == 7);
}

TEST_CASE("an empty optional is left out, where its type says so") {
    check_both(sparse{}, "{}");
    check_both(sparse{{}, 2, {}}, R"({"b":2})");
    check_both(sparse{1, {}, "c"}, R"({"a":1,"c":"c"})");
}

TEST_CASE("rules may stand beside a type that is somebody else's") {
    check_both(foreign{"t", {}, 3}, R"({"@type":"t","level":3})");
    CHECK(decoded<foreign>(R"({"@type":"t"})").level == 3);
}

TEST_CASE("a map of strings is an object") {
    check_both(std::map<std::string, int>{{"a", 1}, {"b \"c\"", 2}}, R"({"a":1,"b \"c\"":2})");
    check_both(std::map<std::string, int>{}, "{}");
    check_both(with{std::unordered_map<std::string, leg>{{"x", {"a", "b"}}}},
               R"({"v":{"x":{"from":"a","to":"b"}}})");
    check_both(std::map<std::string, std::optional<bool>>{{"a", {}}, {"b", true}},
               R"({"a":null,"b":true})");
    check_both(tree{1, {{"x", {{2, {}}}}}},
               R"({"id":1,"children":{"x":[{"id":2,"children":{}}]}})");
    std::map<std::string, int> into{{"old", 1}};
    weir::detail::decode_into(R"({"a":1,"a":2})", into);
    CHECK(into == std::map<std::string, int>{{"a", 2}});
    CHECK(sentence<std::map<std::string, leg>>(R"({"b c":{"from":1}})") ==
          R"(std::map<std::string, leg>["b c"].from: expected a string, found 1)");
    CHECK(sentence<std::map<std::string, int>>("[]") == "expected an object, found an array");
    CHECK(write_error(std::map<std::string, int>{{"\xff", 1}}).find("not UTF-8") !=
          std::string::npos);
}

TEST_CASE("a map nested as deep as its message says does not reach the end of the stack") {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += R"({"id":1,"children":{"a":[)";
    for (int i = 0; i < 100'000; ++i) deep += "]}}";
    CHECK(sentence<tree>(deep).starts_with("nested too deep"));
    tree t;
    for (int i = 0; i < 300; ++i) t = tree{i, {{"a", {t}}}};
    CHECK(write_error(t).find("nested too deep") != std::string::npos);
}

TEST_CASE("a std::array is an array of as many values") {
    check_both(std::array<int, 3>{1, 2, 3}, "[1,2,3]");
    check_both(with{std::array<std::string, 2>{"a", "b"}}, R"({"v":["a","b"]})");
    CHECK(sentence<std::array<int, 3>>("[1,2]") == "expected an array of 3, found one of 2");
    CHECK(sentence<with<std::array<int, 1>>>(R"({"v":[1,2,{"a":[]}]})") ==
          "with<std::array<int, 1>>.v: expected an array of 1, found one of 3");
}

TEST_CASE("a pair and a tuple are arrays") {
    check_both(std::pair<int, std::string>{1, "a"}, R"([1,"a"])");
    check_both(with{std::tuple<double, leg, std::vector<int>>{0.5, {"a", "b"}, {1}}},
               R"({"v":[0.5,{"from":"a","to":"b"},[1]]})");
    check_both(std::vector<std::pair<std::string, int>>{{"a", 1}}, R"([["a",1]])");
    CHECK(sentence<std::pair<int, std::string>>("[1]") == "expected an array of 2, found one of 1");
    CHECK(sentence<with<std::pair<int, int>>>(R"({"v":[1,"2"]})")
              .ends_with(".v[1]: expected an integer, found a string"));
}

TEST_CASE("an enumeration is its enumerator's name") {
    check_both(with{colour::red}, R"({"v":"red"})");
    check_both(with{colour::dark_blue}, R"({"v":"dark_blue"})");
    check_both(with{plain_two}, R"({"v":"plain_two"})");
    check_both(std::vector<colour>{colour::green, colour::red}, R"(["green","red"])");
    CHECK(sentence<with<colour>>(R"({"v":"blue"})") ==
          R"(with<colour>.v: expected one of dark_blue, red, green, found "blue")");
    CHECK(sentence<with<colour>>(R"({"v":5})") ==
          "with<colour>.v: expected an enumerator's name, as a string, found 5");
    CHECK(write_error(with{colour{77}}) ==
          "with<colour>.v: no enumerator with a name has the value 77: give it one in the "
          "enumeration's weir::json_rules");
}

TEST_CASE("an enumerator has the name that the rules say") {
    check_both(with{wide::high}, R"({"v":"very-high"})");
    check_both(with{wide::low}, R"({"v":"low"})");
}

TEST_CASE("a duration is the number of its ticks") {
    check_both(with{1500ms}, R"({"v":1500})");
    check_both(with{chrono::duration<double>{0.25}}, R"({"v":0.25})");
    check_both(with{chrono::hours{-2}}, R"({"v":-2})");
    CHECK(sentence<with<chrono::seconds>>(R"({"v":1.5})")
              .ends_with(".v: expected an integer, found 1.5"));
}

TEST_CASE("a time is ISO 8601 in UTC, as fine as its ticks") {
    const auto noon = chrono::sys_days{chrono::year{2024} / 6 / 7} + 12h + 34min + 56s;
    check_both(with{chrono::time_point_cast<chrono::seconds>(noon)},
               R"({"v":"2024-06-07T12:34:56Z"})");
    check_both(with{weir::timestamp{noon + 7ms}}, R"({"v":"2024-06-07T12:34:56.007Z"})");
    check_both(with{chrono::sys_time<chrono::nanoseconds>{noon + 1ns}},
               R"({"v":"2024-06-07T12:34:56.000000001Z"})");
    check_both(with{chrono::sys_days{chrono::year{1969} / 12 / 31}}, R"({"v":"1969-12-31"})");
    check_both(with{weir::timestamp{-1ms}}, R"({"v":"1969-12-31T23:59:59.999Z"})");
    check_both(with{chrono::sys_time<chrono::minutes>{chrono::minutes{1}}},
               R"({"v":"1970-01-01T00:01:00Z"})");
    using ms = with<weir::timestamp>;
    for (const char* same : {"2024-06-07T12:34:56Z", "2024-06-07t12:34:56.000000z",
                             "2024-06-07 14:34:56+02:00", "2024-06-07T07:04:56-0530"})
        CHECK(decoded<ms>(R"({"v":")" + std::string{same} + "\"}").v == noon);
}

TEST_CASE("a time that the field cannot hold, or that is none, says why") {
    using ms = with<weir::timestamp>;
    const auto wrong = [](const std::string& text) {
        const auto s = sentence<ms>(R"({"v":")" + text + "\"}");
        return s.substr(s.find('"'));
    };
    for (const std::string none :
         {"", "today", "2024-06-07T", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z",
          "2024-06-07T24:00:00Z", "2024-06-07T12:34:56.Z", "2024-06-07T12:34:56Zx", "24-06-07"})
        CHECK(wrong(none) == '"' + none + "\" is none");
    CHECK(wrong("2024-06-07T12:34:56") ==
          "\"2024-06-07T12:34:56\" says no zone: it must end in Z, or in an offset like +02:00");
    CHECK(wrong("2024-06-07T12:34:56.0001Z") ==
          "\"2024-06-07T12:34:56.0001Z\" is finer than the ticks of the field's type: give the "
          "field one with finer ticks");
    CHECK(sentence<with<chrono::sys_time<chrono::nanoseconds>>>(R"({"v":"9999-01-01T00:00:00Z"})")
              .ends_with("is beyond what the field's type can hold"));
    CHECK(sentence<ms>(R"({"v":1717763696})").find("expected a time as text") != std::string::npos);
    CHECK(write_error(ms{weir::timestamp::max()}).find("four digits") != std::string::npos);
}

TEST_CASE("a variant is the alternative that looks like the value") {
    using any = std::variant<std::monostate, bool, double, std::string, std::vector<int>, leg>;
    check_both(with{any{}}, R"({"v":null})");
    check_both(with{any{true}}, R"({"v":true})");
    check_both(with{any{1.5}}, R"({"v":1.5})");
    check_both(with{any{"a"}}, R"({"v":"a"})");
    check_both(with{any{std::vector{1, 2}}}, R"({"v":[1,2]})");
    check_both(with{any{leg{"a", "b"}}}, R"({"v":{"from":"a","to":"b"}})");
    using few = with<std::variant<int, std::string>>;
    CHECK(sentence<few>(R"({"v":true})")
              .ends_with(".v: expected a number or a string, found a boolean"));
    CHECK(sentence<few>(R"({"v":1.5})").ends_with(".v: expected an integer, found 1.5"));
    using rest = with<std::variant<int, weir::raw_json>>;
    CHECK(std::get<1>(decoded<rest>(R"({"v":[1, "a"]})").v).text() == R"([1, "a"])");
}

TEST_CASE("raw JSON is kept as it was sent") {
    using raw = with<weir::raw_json>;
    for (const std::string text : {"{ \"a\" : [1, 2.50, null] }", "[]", "1e400", "\"\\u00e9\"",
                                   "true", "123456789012345678901234567890"})
        check_both(raw{weir::raw_json{text}}, "{\"v\":" + text + "}");
    CHECK(encoded(raw{}) == R"({"v":null})");
    CHECK(decoded<with<std::optional<weir::raw_json>>>(R"({"v":null})").v == std::nullopt);
    CHECK(sentence<raw>(R"({"v":{"a":01}})").ends_with("nested deeper than 256 levels"));
    CHECK(sentence<raw>(R"({"v":[1 2]})").ends_with("nested deeper than 256 levels"));
    CHECK(write_error(raw{weir::raw_json{"{"}}).find("this is not JSON: `{`") != std::string::npos);
    CHECK(write_error(raw{weir::raw_json{"\"\xff\""}}) != "encoded");
    for (const std::string bad : {"", "[1,]", "{\"a\"}", "{a:1}", "\"\\x\"", "\"\\u12g4\"", "tru",
                                  "1 2", "[", "\"", "\"\n\"", "+1"})
        CHECK(write_error(raw{weir::raw_json{bad}}) != "encoded");
}

TEST_CASE("a view points into the message") {
    static_assert(weir::detail::borrows<borrowed> && weir::detail::borrows<std::vector<borrowed>>);
    static_assert(!weir::detail::borrows<request>);
    const std::string text = R"({"name":"ann","n":1,"note":"x"})";
    const auto b = decoded<borrowed>(text);
    CHECK(b.name == "ann");
    CHECK(b.note == "x");
    CHECK(b.name.data() == text.data() + 9);
    CHECK(encoded(b) == text);
    CHECK(decoded<borrowed>(R"({"name":"","n":1})").name == "");
    CHECK(sentence<borrowed>(R"({"name":"a\n","n":1})") ==
          "borrowed.name: has an escape, which a std::string_view into the message cannot undo: "
          "make the field a std::string");
}

TEST_CASE("a type's own codec is used inside JSON, for what is JSON and for what is text") {
    check_both(with{money{1250}}, R"({"v":1250})");
    check_both(std::vector<money>{{1}, {2}}, "[1,2]");
    check_both(with{std::optional<money>{}}, R"({"v":null})");
    check_both(std::map<std::string, code>{{"x", {"LIS"}}}, R"({"x":"LIS"})");
    check_both(with{std::variant<int, code>{code{"a\"b"}}}, R"({"v":"a\"b"})");
    CHECK(sentence<with<code>>(R"({"v":"LISB"})") == "with<code>.v: a code has three letters");
    CHECK(sentence<with<code>>(R"({"v":1})") == "with<code>.v: expected a string, found 1");
    CHECK(sentence<with<money>>(R"({"v":"x"})") == "with<money>.v: stol");
    CHECK(write_error(with{code{"x"}}).find("with<code>.v: ") == 0);
    CHECK(write_error(with{careless{}}) ==
          "with<careless>.v: this is not JSON: `12 EUR`; a codec whose bytes are text says "
          "`static constexpr bool json_text = true;`");
}

TEST_CASE("a codec of one's own may read and write JSON inside JSON") {
    check_both(std::vector<with<wrapped>>{{{{"a", "b"}}}, {{{"c\n", "d"}}}},
               R"([{"v":{"from":"a","to":"b"}},{"v":{"from":"c\n","to":"d"}}])");
    CHECK(sentence<std::vector<with<wrapped>>>(R"([{"v":{"from":"a"}}])")
              .ends_with("[0].v: leg.to: missing, and it is not a std::optional"));
    check_both(with{money{1}}, R"({"v":1})");
}

TEST_CASE("a codec of one's own that borrows sees the message itself") {
    const std::string text = R"({"v":"abc"})";
    CHECK(decoded<with<seen>>(text).v.text.data() == text.data() + 6);
    CHECK(sentence<with<seen>>(R"({"v":"a\tc"})").find("has an escape") != std::string::npos);
}

TEST_CASE("what others write for numbers and words is named with its column") {
    const auto of = [](const char* v) {
        return sentence<with<double>>(std::string{"{\"v\": "} + v + "}");
    };
    const std::string cure = "; JSON has no NaN and no infinity: send null, or leave the field out";
    CHECK(of("NaN") == "not JSON: `NaN` at column 7" + cure);
    CHECK(of("-Infinity") == "not JSON: `-Infinity` at column 7" + cure);
    CHECK(of("inf") == "not JSON: `inf` at column 7" + cure);
    CHECK(of("None") == "not JSON: `None` at column 7; in JSON it is null");
    CHECK(of("1.2.3") == "not JSON: `1.2.3` at column 7");
    CHECK(sentence<with<bool>>("{\n  \"v\": True}") ==
          "not JSON: `True` at line 2, column 8; in JSON it is true or false, in small letters");
    CHECK(sentence<with<std::optional<double>>>(R"({"v":nan})")
              .starts_with("not JSON: `nan` at column 6; JSON has no NaN"));
    CHECK(sentence<with<std::string>>(R"({"v":'a'})") ==
          "not JSON: `'a'` at column 6; in JSON, text stands in double quotes");
}

TEST_CASE("decoding the other types into a recycled object leaves nothing of the last message") {
    using all = with<std::tuple<std::variant<int, std::string>, std::optional<weir::raw_json>,
                                std::map<std::string, int>, colour>>;
    all into = decoded<all>(R"({"v":["text",[1],{"a":1},"green"]})");
    const std::string next = R"({"v":[1,null,{"b":2},"red"]})";
    weir::detail::decode_into(next, into);
    CHECK(into == decoded<all>(next));
}
