// SPDX-License-Identifier: Apache-2.0
#include "escaped.hpp"

namespace weir::detail {
namespace {

constexpr unsigned char c1_lead = 0xc2;  // first byte of U+0080 to U+009F in UTF-8

bool is_c1(unsigned char c) { return c >= 0x80 && c <= 0x9f; }

void append_escape(std::string& to, unsigned char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (c) {
        case '\0': to += "\\0"; return;
        case '\t': to += "\\t"; return;
        case '\n': to += "\\n"; return;
        case '\r': to += "\\r"; return;
        default: break;
    }
    to += "\\x";
    to += digits[c >> 4];
    to += digits[c & 15];
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
        if (c == c1_lead && is_c1(static_cast<unsigned char>(next))) {
            append_escape(out, static_cast<unsigned char>(next));
            ++i;
        } else if (c < 0x20 || c == 0x7f) {
            append_escape(out, c);
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string key_in_words(bytes_view key) {
    constexpr std::size_t most = 60;
    if (key.is_null()) return "it has no key";
    const auto text = key.view();
    return "its key is '" + escaped(text.substr(0, most)) + (text.size() > most ? "…'" : "'");
}

}  // namespace weir::detail
