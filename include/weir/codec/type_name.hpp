// SPDX-License-Identifier: Apache-2.0
// A type's name as a programmer would write it: for graphs and errors, never for decisions.
#pragma once
#include <string>
#include <string_view>

namespace weir::detail {

/// The name as the compiler spells it. It is a constant, so it costs nothing until it is read.
template <class T>
consteval std::string_view raw_type_name() {
    std::string_view s = __PRETTY_FUNCTION__;
    s.remove_prefix(s.find("T = ") + 4);
    // g++ goes on with "; std::string_view = …", clang does not.
    return s.substr(
        0, s.rfind("; std::string_view") != s.npos ? s.rfind("; std::string_view") : s.size() - 1);
}

/// `std::__cxx11::basic_string<char>` -> `std::string`; anonymous namespaces and enclosing
/// functions are left out.
std::string readable_type_name(std::string_view raw);

/// The name of `T`: `std::optional<std::string>`, `std::vector<flight>`, `long`.
template <class T>
std::string type_name() {
    return readable_type_name(raw_type_name<T>());
}

}  // namespace weir::detail
