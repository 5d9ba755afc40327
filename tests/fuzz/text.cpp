// SPDX-License-Identifier: Apache-2.0
// Bytes as a line of text and as what a topic holds, for each type that has a text form.
#include <cstdint>
#include <optional>
#include <string>

#include <weir/codec/data_type.hpp>
#include <weir/codec/json.hpp>

#include "cli/text.hpp"
#include "fuzz.hpp"

namespace {

using namespace weir::detail;

void is_one_line(const std::string& text) {
    fuzz::require(text.find_first_of("\n\r") == text.npos, "what is shown is one line");
}

template <class T>
void try_as(std::string_view all) {
    constexpr auto type = data_type_of<T>();
    is_one_line(to_text(type, all));
    fuzz::require(to_key_text(type, all).find('\t') == std::string::npos, "a key has no tab");
    try {
        const auto shown = to_text(type, from_text(type, all));
        is_one_line(shown);
        if constexpr (std::is_arithmetic_v<T>)
            fuzz::require(to_text(type, from_text(type, shown)) == shown,
                          "a number that is shown is read again");
    } catch (const weir::decode_error&) {}
}

struct town {
    std::string name;
    std::optional<double> height;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto all = fuzz::text(data, size);
    try_as<bool>(all);
    try_as<char>(all);
    try_as<std::int16_t>(all);
    try_as<std::uint32_t>(all);
    try_as<std::int64_t>(all);
    try_as<float>(all);
    try_as<double>(all);
    try_as<std::optional<int>>(all);
    try_as<std::string>(all);
    try_as<weir::bytes>(all);
    try_as<town>(all);
    return 0;
}
