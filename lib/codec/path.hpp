// SPDX-License-Identifier: Apache-2.0
// Where in a value the JSON codec is. It lives on the stack and becomes text only for an error.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include <weir/codec/type_name.hpp>

namespace weir::detail {

/// One step down from the value around it: a field's name, a map's key, or an index if there is no
/// name.
struct path {
    const path* up = nullptr;
    std::string_view name{};
    std::size_t index = 0;
    bool is_key = false;
    std::size_t depth = up ? up->depth + 1 : 0;

    /// `flight.legs[2].from`, `flight.tags["a"]`. The first name is the raw name of the type.
    std::string text() const {
        if (!up) return readable_type_name(name);
        std::string s = up->text();
        if (is_key) s.append("[\"").append(name).append("\"]");
        else if (name.empty()) s.append("[").append(std::to_string(index)).append("]");
        else s.append(".").append(name);
        return s;
    }
};

}  // namespace weir::detail
