// SPDX-License-Identifier: Apache-2.0
// The shards that an operator of several streams changes.
#pragma once
#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include <weir/state/change_table.hpp>

namespace weir::detail {

/// As per_partition<shard_ref<Table>>. The inputs of a join take turns, so the last two partitions
/// are found at once.
template <class Table>
class shard_refs {
public:
    shard_refs() = default;
    shard_refs(const shard_refs&) {}  // of an operator that does not run yet
    shard_refs(shard_refs&&) = default;

    shard_ref<Table>& of(const context& c) {
        const auto* tp = c.partition();
        if (last_[0] && last_[0]->tp == tp) return use(*last_[0]);
        std::swap(last_[0], last_[1]);
        if (!last_[0] || last_[0]->tp != tp) [[unlikely]]
            last_[0] = &find(tp);
        return use(*last_[0]);
    }
    void finish() {
        for (auto* e : used_) e->of.finish();
        forget_used();
    }
    void undo() {
        for (auto* e : used_) e->of.undo();
        forget_used();
    }
    void assigned(const topic_partition& tp) { revoked(tp); }
    /// A parked message may have used the shard, so it stays until that message ends.
    void revoked(const topic_partition& tp) {
        const auto at =
            std::find_if(all_.begin(), all_.end(), [&](auto& e) { return e->tp && *e->tp == tp; });
        if (at == all_.end()) return;
        last_ = {};
        revoked_.push_back(std::move(*at));
        all_.erase(at);
    }

private:
    struct entry {
        const topic_partition* tp;  // lives as long as the run
        shard_ref<Table> of{};
        bool used = false;  // by the current message
    };
    shard_ref<Table>& use(entry& e) {
        if (!std::exchange(e.used, true)) used_.push_back(&e);
        return e.of;
    }
    entry& find(const topic_partition* tp) {
        for (auto& e : all_)
            if (e->tp == tp) return *e;
        return *all_.emplace_back(std::make_unique<entry>(entry{tp}));
    }
    void forget_used() {
        for (auto* e : used_) e->used = false;
        used_.clear();
        if (!revoked_.empty()) revoked_.clear();
    }

    std::array<entry*, 2> last_{};
    std::vector<std::unique_ptr<entry>> all_{}, revoked_{};
    std::vector<entry*> used_{};
};

}  // namespace weir::detail
