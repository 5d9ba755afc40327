// SPDX-License-Identifier: Apache-2.0
#include <weir/window.hpp>

#include <weir/policy.hpp>

namespace weir {

detail::fixed_windows tumbling(std::chrono::milliseconds size) {
    if (size.count() <= 0) throw setup_error{"weir: tumbling(size): the size must be positive"};
    return {size, size};
}

detail::fixed_windows hopping(std::chrono::milliseconds size, std::chrono::milliseconds advance) {
    if (size.count() <= 0 || advance.count() <= 0)
        throw setup_error{"weir: hopping(size, advance): both must be positive"};
    if (advance > size)
        throw setup_error{"weir: hopping(size, advance): an advance of " +
                          detail::text_of(advance) + " is more than the size, " +
                          detail::text_of(size) + ", so some messages would be in no window"};
    return {size, advance};
}

detail::session_windows session(std::chrono::milliseconds gap) {
    if (gap.count() <= 0) throw setup_error{"weir: session(gap): the gap must be positive"};
    return {gap};
}

std::string detail::session_windows::text() const { return "session(" + text_of(gap) + ')'; }

std::string detail::fixed_windows::text() const {
    const auto moved = offset.count() == 0 ? "" : ", offset " + text_of(offset);
    if (advance == size) return "tumbling(" + text_of(size) + ')' + moved;
    return "hopping(" + text_of(size) + ", " + text_of(advance) + ')' + moved;
}

}  // namespace weir
