// SPDX-License-Identifier: Apache-2.0
// Checks JSON that simdjson does not check: values that are kept or written as they are.
#pragma once
#include <string>
#include <string_view>

namespace weir::detail {

/// How deep a value may be nested. Reading a tree recurses as deep as the message is nested, so
/// without a limit a hostile message could overflow the stack.
inline constexpr std::size_t deepest = 256;

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr std::string_view trimmed(std::string_view s) {
    while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
    while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
    return s;
}

/// Whether `text` is one JSON value, no deeper than `deepest`. Does not check for UTF-8.
bool is_json(std::string_view text);

/// The beginning of a text, for an error.
inline std::string shown(std::string_view text) {
    constexpr std::size_t most = 40;
    return std::string{text.substr(0, most)} + (text.size() <= most ? "" : "…");
}

}  // namespace weir::detail
