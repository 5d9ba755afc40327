// SPDX-License-Identifier: Apache-2.0
#include "purger.hpp"

namespace weir::detail {

void purger::committed(const owned_partitions& owned, const std::vector<transport::position>& all,
                       time_point now) {
    if (!settings_.options.purge_internal) return;
    std::vector<transport::position> due;
    for (auto& p : all) {
        const auto it = owned.find(p.tp);
        // a commit that the partition does not know is one of an older log
        if (it == owned.end() || !it->second->is_private || it->second->committed != p.offset)
            continue;
        auto& of = all_[p.tp];
        if (p.offset < of.upto) of.upto = 0;  // a new log
        if (now < of.next || p.offset - of.upto < least) continue;
        of = {p.offset, later(now, interval)};
        due.push_back(p);
    }
    if (!due.empty()) transport_.purge(due);
}

}  // namespace weir::detail
