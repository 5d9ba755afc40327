// SPDX-License-Identifier: Apache-2.0
// What a type may say about its JSON: other names, defaults, fields to leave out; and JSON that is
// kept as it is.
#pragma once
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// Names in JSON that differ from those in C++: pairs of a field or enumerator and its name.
///
///     struct request {
///         std::string id, agent;
///         static constexpr weir::names json_names{&request::id, "$id", &request::agent, "@by"};
///     };
template <class... Pairs>
struct names {
    static_assert(sizeof...(Pairs) == 0,
                  "weir: names are pairs of a field and its name in JSON: weir::names{&order::id, "
                  "\"$id\", &order::type, \"@type\"}");
    template <class... Any>
    constexpr names(const Any&...) {}
};
template <class Member, class... Rest>
struct names<Member, const char*, Rest...> {
    constexpr names(Member m, const char* n, Rest... r) : member(m), name(n), rest(r...) {}
    Member member;
    const char* name;
    names<Rest...> rest;
};
template <class... Pairs>
names(Pairs...) -> names<Pairs...>;

/// What a type says about its JSON, one line each. Write them as static members of the type, or in
/// a specialisation of json_rules for an enumeration or a type that is not yours:
///
///     static constexpr weir::names json_names{…};       the names of fields, or of enumerators
///     static constexpr bool json_defaults = true;       a missing field is what `T{}` has there
///     static constexpr bool json_omit_empty = true;     an empty std::optional is not written
template <class T>
struct json_rules {};

/// A field that keeps a JSON value as it was sent. Its grammar is checked, nothing else.
class raw_json {
public:
    raw_json() : text_("null") {}
    explicit raw_json(std::string text) : text_(std::move(text)) {}

    const std::string& text() const { return text_; }
    void assign(std::string_view text) { text_.assign(text); }
    friend bool operator==(const raw_json&, const raw_json&) = default;

private:
    std::string text_;
};

namespace detail {

template <class T>
constexpr auto json_names_of() {
    if constexpr (requires { json_rules<T>::json_names; }) return json_rules<T>::json_names;
    else if constexpr (requires { T::json_names; } && !std::is_enum_v<T>) return T::json_names;
    else return names<>{};
}
template <class T>
constexpr bool json_has_defaults() {
    if constexpr (requires { json_rules<T>::json_defaults; }) return json_rules<T>::json_defaults;
    else if constexpr (requires { T::json_defaults; }) return T::json_defaults;
    else return false;
}
template <class T>
constexpr bool json_omits_empty() {
    if constexpr (requires { json_rules<T>::json_omit_empty; })
        return json_rules<T>::json_omit_empty;
    else if constexpr (requires { T::json_omit_empty; }) return T::json_omit_empty;
    else return false;
}

/// Whether the name can be written between quotes without escapes.
constexpr bool is_json_name(std::string_view name) {
    for (const char c : name)
        if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) return false;
    return true;
}

}  // namespace detail
}  // namespace weir
