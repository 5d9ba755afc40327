// SPDX-License-Identifier: Apache-2.0
// What an operator that remembers is made of: a state for each partition, and what the message in
// work has changed.
#pragma once
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <weir/segment/segment.hpp>

namespace weir::detail {

/// One S for each partition, each a copy of `initial`. It begins anew with every assignment of its
/// partition: the messages that come again were counted by nobody. Values that are from no topic
/// share one S. If S has `finish()` and `undo()`, they are called for each S that the message in work
/// has used. The operator calls the members below from its own of the same names.
template <class S>
class per_partition {
public:
    explicit per_partition(S initial) : initial_(std::move(initial)) {}
    per_partition(const per_partition& o) : initial_(o.initial_) {}
    per_partition(per_partition&&) = default;

    /// The state of the message's partition. A batch belongs to the partition of its first message.
    S& of(const context& c) {
        const auto* tp = c.partition();
        if (!last_ || last_->tp != tp) last_ = &find(tp);
        if (!last_->used) {
            last_->used = true;
            used_.push_back(last_);
        }
        return last_->state;
    }
    void finish() {
        for (auto* e : used_) {
            e->used = false;
            if constexpr (requires(S& s) { s.finish(); }) e->state.finish();
        }
        forget_used();
    }
    void undo() {
        for (auto* e : used_) {
            e->used = false;
            if constexpr (requires(S& s) { s.undo(); }) e->state.undo();
        }
        forget_used();
    }
    void assigned(const topic_partition& tp) { revoked(tp); }
    void revoked(const topic_partition& tp) {
        const auto is_of_tp = [&](const auto& e) { return e->tp && *e->tp == tp; };
        const auto at = std::find_if(all_.begin(), all_.end(), is_of_tp);
        if (at == all_.end()) return;
        last_ = nullptr;
        if ((*at)->used) revoked_.push_back(std::move(*at));  // by a message that is parked
        all_.erase(at);
    }

private:
    struct entry {
        const topic_partition* tp;  // lives as long as the run
        S state;
        bool used = false;  // by the message in work
    };
    entry& find(const topic_partition* tp) {
        for (auto& e : all_)
            if (e->tp == tp) return *e;
        return *all_.emplace_back(std::make_unique<entry>(entry{tp, initial_}));
    }
    void forget_used() {
        used_.clear();
        if (!revoked_.empty()) revoked_.clear();
    }

    S initial_;
    entry* last_ = nullptr;                    // what `of` returned last
    std::vector<std::unique_ptr<entry>> all_;  // addresses stay
    std::vector<entry*> used_;
    std::vector<std::unique_ptr<entry>> revoked_;
};

/// What the message in work has changed: `save` a value before you change it, and `undo` puts back
/// what was saved, the last first. Allocates only while it grows.
template <class T>
class undo_log {
public:
    /// `at` has to stay where it is until the message is finished.
    void save(T& at) { all_.push_back({&at, at}); }
    void finish() { all_.clear(); }
    void undo() {
        for (auto s = all_.rbegin(); s != all_.rend(); ++s) *s->at = std::move(s->before);
        all_.clear();
    }

private:
    struct saved {
        T* at;
        T before;
    };
    std::vector<saved> all_;
};

}  // namespace weir::detail
