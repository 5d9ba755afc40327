// SPDX-License-Identifier: Apache-2.0
// Checks that a text is a JSON value by the grammar of RFC 8259.
#include "json_text.hpp"

#include <cstddef>

#include "json_number.hpp"

namespace weir::detail {
namespace {

/// Reads a text from its beginning. Each function returns false if the text does not go on like
/// that.
class grammar {
public:
    explicit grammar(std::string_view text) : rest_(text) {}

    bool value(std::size_t depth) {
        space();
        if (rest_.empty() || depth > deepest) return false;
        switch (rest_.front()) {
            case '{': return list('}', depth, true);
            case '[': return list(']', depth, false);
            case '"': return string();
            case 't': return word("true");
            case 'f': return word("false");
            case 'n': return word("null");
            default: return number();
        }
    }
    bool end() {
        space();
        return rest_.empty();
    }

private:
    void space() {
        while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    }
    bool take(char c) {
        const bool is = !rest_.empty() && rest_.front() == c;
        if (is) rest_.remove_prefix(1);
        return is;
    }
    bool word(std::string_view w) {
        const bool is = rest_.substr(0, w.size()) == w;
        if (is) rest_.remove_prefix(w.size());
        return is;
    }
    bool number() {
        const auto n = rest_.find_first_not_of("0123456789+-.eE");
        const auto token = rest_.substr(0, n);
        rest_.remove_prefix(token.size());
        return is_number(token);
    }
    bool string() {
        for (rest_.remove_prefix(1); !rest_.empty(); rest_.remove_prefix(1)) {
            const char c = rest_.front();
            if (c == '"') return take('"');
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c == '\\' && !escape()) return false;
        }
        return false;
    }
    /// Reads an escape, except for its last letter.
    bool escape() {
        rest_.remove_prefix(1);
        if (rest_.empty()) return false;
        if (rest_.front() != 'u') return std::string_view{"\"\\/bfnrt"}.find(rest_.front()) != npos;
        const auto digits = rest_.substr(1, 4);
        if (digits.size() < 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != npos)
            return false;
        rest_.remove_prefix(4);
        return true;
    }
    bool list(char close, std::size_t depth, bool named) {
        rest_.remove_prefix(1);
        space();
        if (take(close)) return true;
        for (;;) {
            if (named) {
                space();
                if (rest_.empty() || rest_.front() != '"' || !string()) return false;
                space();
                if (!take(':')) return false;
            }
            if (!value(depth + 1)) return false;
            space();
            if (take(close)) return true;
            if (!take(',')) return false;
        }
    }

    static constexpr auto npos = std::string_view::npos;
    std::string_view rest_;
};

}  // namespace

bool is_json(std::string_view text) {
    grammar g{text};
    return g.value(0) && g.end();
}

}  // namespace weir::detail
