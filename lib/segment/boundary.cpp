// SPDX-License-Identifier: Apache-2.0
#include <weir/segment/boundary.hpp>

namespace weir::detail {

void dropped_behind::add(const dropped_message& m) {
    if (!all_.empty() && m.time <= all_.back().time) return;
    if (all_.size() < max) all_.push_back(m);
    else all_.back() = m;
}
void dropped_behind::add(const dropped_behind& more) {
    for (auto& m : more.all_) add(m);
}

}  // namespace weir::detail
