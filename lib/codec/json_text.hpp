// SPDX-License-Identifier: Apache-2.0
// JSON's grammar, where simdjson does not look: in a value that is kept or written as it is.
#pragma once
#include <string>
#include <string_view>

namespace weir::detail {

/// How deep a value may be nested. A tree type recurses as deep as its message says: a hostile one
/// must not reach the end of the stack.
inline constexpr std::size_t deepest = 256;

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr std::string_view trimmed(std::string_view s) {
    while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
    while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
    return s;
}

/// Whether `text` is one JSON value, no deeper than `deepest`. Its encoding is not looked at.
bool is_json(std::string_view text);

/// The beginning of it, for a sentence.
inline std::string shown(std::string_view text) {
    constexpr std::size_t most = 40;
    return std::string{text.substr(0, most)} + (text.size() <= most ? "" : "…");
}

}  // namespace weir::detail
