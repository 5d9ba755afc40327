// SPDX-License-Identifier: Apache-2.0
#include <weir/within.hpp>

#include <weir/policy.hpp>

namespace weir::detail {

std::string join_bounds::text(join_kind kind) const {
    static constexpr const char* names[] = {"join", "left_join", "outer_join"};
    auto text = std::string{names[static_cast<unsigned char>(kind)]} + " within ";
    if (before == after) text += text_of(duration{before});
    else text += text_of(duration{before}) + " before and " + text_of(duration{after}) + " after";
    return text;
}

}  // namespace weir::detail
