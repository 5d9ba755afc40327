// SPDX-License-Identifier: Apache-2.0
#include "warm_shards.hpp"

#include <algorithm>

namespace weir::detail {

void warm_shards::keep(table_info& t, partition_id p, warm_shard w, time_point now) {
    if (t.warm_for <= duration::zero()) return;
    all_.insert_or_assign({&t, p}, kept{std::move(w), now, later(now, t.warm_for)});
}

std::optional<warm_shard> warm_shards::take(table_info& t, partition_id p) {
    auto it = all_.find({&t, p});
    if (it == all_.end()) return {};
    auto taken = std::move(it->second.what);
    all_.erase(it);
    return taken;
}

bool warm_shards::forget_old(time_point now) {
    return std::erase_if(all_, [now](auto& one) { return one.second.until <= now; }) > 0;
}

std::optional<warm_shards::dropped> warm_shards::drop_oldest(const table_info* of) {
    auto oldest = all_.end();
    for (auto it = all_.begin(); it != all_.end(); ++it) {
        if (of && it->first.first != of) continue;
        if (oldest == all_.end() || it->second.since < oldest->second.since) oldest = it;
    }
    if (oldest == all_.end()) return {};
    const dropped gone{oldest->first.first, oldest->second.what.shard->bytes()};
    all_.erase(oldest);
    return gone;
}

time_point warm_shards::due() const {
    auto at = time_point::max();
    for (auto& [of, w] : all_) at = std::min(at, w.until);
    return at;
}

}  // namespace weir::detail
