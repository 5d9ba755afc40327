// SPDX-License-Identifier: Apache-2.0
// Turns a compiler's spelling of a type into the one that a reader would use.
#include <weir/codec/type_name.hpp>

#include <cctype>
#include <cstddef>
#include <vector>

namespace weir::detail {
namespace {

bool starts(std::string_view s, std::string_view with) { return s.substr(0, with.size()) == with; }
bool ends(std::string_view s, std::string_view with) {
    return s.size() >= with.size() && s.substr(s.size() - with.size()) == with;
}
bool part_of_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == ':';
}

void replace_all(std::string& in, std::string_view what, std::string_view by) {
    for (std::size_t at = 0; (at = in.find(what, at)) != in.npos;) {
        const std::size_t after = at + what.size();
        const bool whole =
            (at == 0 || !part_of_word(in[at - 1])) &&
            (after >= in.size() || !part_of_word(what.back()) || !part_of_word(in[after]));
        if (whole) in.replace(at, what.size(), by);
        at += whole ? by.size() : 1;
    }
}

/// The position of the bracket that closes the one at `from`.
std::size_t closing(std::string_view s, std::size_t from) {
    std::size_t depth = 0;
    for (std::size_t i = from; i < s.size(); ++i) {
        if (s[i] == '(' || s[i] == '<' || s[i] == '[' || s[i] == '{') ++depth;
        if (s[i] == ')' || s[i] == '>' || s[i] == ']' || s[i] == '}')
            if (--depth == 0) return i;
    }
    return s.size();
}

/// If a scope ends with the bracket at `at` ("(int) const::", "(anonymous namespace)::",
/// "<lambda(int)>::"), returns what follows its "::". Else 0.
std::size_t after_scope(std::string_view s, std::size_t at) {
    std::size_t i = closing(s, at) + 1;
    if (i >= s.size()) return 0;
    if (s[at] == '(') {
        for (bool more = true; more;) {
            more = false;
            for (const std::string_view suffix : {" const", " volatile", " &", "&", " noexcept"})
                if (starts(s.substr(i), suffix)) {
                    i += suffix.size();
                    more = true;
                }
            if (starts(s.substr(i), " [with ")) {
                i = closing(s, i + 1) + 1;
                more = true;
            }
            if (i >= s.size()) return 0;
        }
    }
    return starts(s.substr(i), "::") ? i + 2 : 0;
}

}  // namespace

std::string readable_type_name(std::string_view raw) {
    std::string out;
    std::size_t name = 0;              // where in `out` the current name and its scopes begin
    std::vector<std::size_t> outside;  // the same for the templates around it
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const char c = raw[i];
        const bool unnamed = c == '{' || (c == '<' && (out.size() == name || ends(out, "::")));
        if (c == '(' || unnamed) {
            const auto after = after_scope(raw, i);
            if (after) {
                // What is around an anonymous namespace is kept. A function is dropped, with all
                // that is around it.
                const auto inside = raw.substr(i, closing(raw, i) - i);
                const bool nameless = inside == "(anonymous namespace" || inside == "{anonymous" ||
                                      inside == "<unnamed";
                if (!nameless) out.resize(name);
                i = after - 1;
                continue;
            }
        }
        if (c == '<') outside.push_back(name);
        out.push_back(c);
        if (c == '>' && !outside.empty()) {
            name = outside.back();
            outside.pop_back();
        } else if (!part_of_word(c)) name = out.size();
    }
    for (const std::string_view inline_namespace : {"__cxx11::", "__1::"})
        for (std::size_t at; (at = out.find(inline_namespace)) != out.npos;)
            out.erase(at, inline_namespace.size());
    for (std::size_t at; (at = out.find(" >")) != out.npos;) out.erase(at, 1);
    replace_all(out, "std::basic_string<char>", "std::string");
    replace_all(out, "std::basic_string_view<char>", "std::string_view");
    replace_all(out, "std::basic_string<char, std::char_traits<char>, std::allocator<char>>",
                "std::string");
    replace_all(out, "std::basic_string_view<char, std::char_traits<char>>", "std::string_view");
    replace_all(out, "long long int", "long long");
    replace_all(out, "long long unsigned int", "unsigned long long");
    replace_all(out, "long int", "long");
    replace_all(out, "long unsigned int", "unsigned long");
    replace_all(out, "short int", "short");
    replace_all(out, "short unsigned int", "unsigned short");
    return out;
}

}  // namespace weir::detail
