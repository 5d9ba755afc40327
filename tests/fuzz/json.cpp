// SPDX-License-Identifier: Apache-2.0
// Bytes that are said to be JSON, or a number: they decode or they throw decode_error, the same in
// a fresh object and in a recycled one, and what decodes survives being written and read again.
#include <cstring>
#include <map>
#include <optional>

#include <weir/codec/json.hpp>

#include "fuzz.hpp"

namespace {

struct leg {
    std::string from, to;
    std::optional<double> hours;
    friend bool operator==(const leg&, const leg&) = default;
};
struct flight {
    std::string origin;
    std::int32_t delay = 0;
    std::uint64_t miles = 0;
    std::int8_t gates = 0;
    float load = 0;
    double fuel = 0;
    bool late = false;
    std::optional<std::string> gate;
    std::vector<leg> legs;
    leg whole;
    std::optional<std::vector<std::string>> crew;
    std::vector<std::vector<int>> rows;
    std::vector<bool> bits;
    friend bool operator==(const flight&, const flight&) = default;
};
/// All optional: more bytes get through.
struct loose {
    std::optional<std::string> text;
    std::optional<std::int64_t> whole;
    std::optional<std::uint8_t> byte;
    std::optional<double> real;
    std::optional<bool> flag;
    std::optional<leg> part;
    std::optional<std::vector<std::optional<int>>> gaps;
    friend bool operator==(const loose&, const loose&) = default;
};
struct tree {
    int id = 0;
    std::vector<tree> children;
    friend bool operator==(const tree&, const tree&) = default;
};

enum class colour { red, dark_blue = -3 };
struct rich {
    std::map<std::string, std::pair<int, std::string>> pairs;
    std::array<std::optional<double>, 2> two{};
    std::tuple<colour, weir::timestamp, std::chrono::hours> three;
    std::variant<std::monostate, bool, double, std::string, std::vector<int>, leg> any;
    weir::raw_json raw;
    int copies = 7;
    static constexpr weir::names json_names{&rich::raw, "$raw"};
    static constexpr bool json_defaults = true;
    friend bool operator==(const rich&, const rich&) = default;
};
struct views {
    std::string_view text;
    std::optional<std::string_view> more;
    static constexpr bool json_omit_empty = true;
    friend bool operator==(const views&, const views&) = default;
};

template <class T>
std::optional<T> decoded(weir::bytes_view from) {
    T into{};
    try {
        weir::detail::decode_into<T>(from, into);
    } catch (const weir::decode_error&) { return {}; }
    return into;
}
template <class T>
weir::bytes encoded(const T& value) {
    weir::bytes out;
    weir::detail::encode_onto<T>(value, out);
    return out;
}
template <class T>
void try_json(weir::bytes_view from) {
    static T recycled{};
    const auto fresh = decoded<T>(from);
    bool again = true;
    try {
        weir::detail::decode_into<T>(from, recycled);
    } catch (const weir::decode_error&) { again = false; }
    fuzz::require(again == fresh.has_value(), "a recycled object takes what a fresh one takes");
    if (!fresh) return;
    fuzz::require(recycled == *fresh, "nothing of an earlier message is left");
    const auto written = encoded(*fresh);
    const auto back = decoded<T>(written);
    fuzz::require(back && *back == *fresh, "what was written reads as it was");
}
template <class T>
void try_binary(weir::bytes_view from) {
    if (const auto value = decoded<T>(from))
        fuzz::require(encoded(*value).view() == from.view(), "a number's bytes are kept");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const weir::bytes_view from{fuzz::text(data, size)};
    try_json<flight>(from);
    try_json<loose>(from);
    try_json<tree>(from);
    try_json<std::vector<leg>>(from);
    try_json<rich>(from);
    try_json<views>(from);
    try_binary<std::int64_t>(from);
    try_binary<std::int16_t>(from);
    try_binary<bool>(from);
    try_binary<std::string>(from);
    try_binary<std::optional<std::int32_t>>(from);
    return 0;
}
