// SPDX-License-Identifier: Apache-2.0
#include <weir/clock.hpp>

namespace weir {

time_point clock::steady() const { return std::chrono::steady_clock::now(); }
timestamp clock::wall() const {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
}
bool clock::skip_to(time_point) { return false; }

}  // namespace weir
