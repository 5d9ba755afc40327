// SPDX-License-Identifier: Apache-2.0
// State of operators: one object for each partition, and a log to undo the current message.
#pragma once
#include <utility>
#include <vector>

#include <weir/segment/segment.hpp>

namespace weir::detail {

/// One S for each partition, each a copy of `initial`. With every assignment of its partition it
/// begins again, since the uncommitted messages come again. Values that come from no topic share
/// one S. If S has `finish()` and `undo()`, they are called for each S that the current message has
/// used. They may be called for others, too, and must change nothing there. The operator forwards
/// its own `finish`, `undo`, `assigned` and `revoked` to this.
template <class S>
class per_partition {
public:
    explicit per_partition(S initial) : initial_(std::move(initial)) {}
    per_partition(const per_partition& o) : initial_(o.initial_) {}
    per_partition(per_partition&& o) noexcept
        : initial_(std::move(o.initial_)),
          last_(std::exchange(o.last_, nullptr)),
          others_used_(o.others_used_),
          all_(std::exchange(o.all_, nullptr)) {}
    ~per_partition() {
        while (all_) delete std::exchange(all_, all_->next);
    }

    /// The state of the message's partition. A batch belongs to the partition of its first message.
    S& of(const context& c) {
        const auto* tp = c.partition();
        if (!last_ || last_->tp != tp) [[unlikely]]
            change_to(tp);
        return last_->state;
    }
    void finish() {
        if (last_) finish(last_->state);
        if (others_used_) [[unlikely]]
            each_other([](S& s) { finish(s); });
    }
    void undo() {
        if (last_) undo(last_->state);
        if (others_used_) [[unlikely]]
            each_other([](S& s) { undo(s); });
    }
    void assigned(const topic_partition& tp) { revoked(tp); }
    /// A parked message may have used the state, so the state stays until that message ends.
    void revoked(const topic_partition& tp) {
        for (auto* e = all_; e; e = e->next) {
            if (e->gone || !e->tp || *e->tp != tp) continue;
            if (last_ == e) last_ = nullptr;
            e->gone = others_used_ = true;
            return;
        }
    }

private:
    struct entry {
        const topic_partition* tp;  // lives as long as the run
        S state;
        entry* next;
        bool gone = false;  // revoked: deleted when the current message has ended
    };
    static void finish(S& s) {
        if constexpr (requires { s.finish(); }) s.finish();
    }
    static void undo(S& s) {
        if constexpr (requires { s.undo(); }) s.undo();
    }
    void change_to(const topic_partition* tp) {
        others_used_ = others_used_ || last_;
        for (auto* e = all_; e; e = e->next)
            if (!e->gone && e->tp == tp) return void(last_ = e);
        last_ = all_ = new entry{tp, initial_, all_};
    }
    template <class F>
    void each_other(F f) {
        for (auto** at = &all_; *at;) {
            auto* e = *at;
            f(e->state);
            if (e->gone) delete std::exchange(*at, e->next);
            else at = &e->next;
        }
        others_used_ = false;
    }

    S initial_;
    entry* last_ = nullptr;     // what `of` returned last
    bool others_used_ = false;  // the current message used another one, or one was revoked
    entry* all_ = nullptr;
};

/// What the current message has changed. Call `save` for a value before you change it. `undo` puts
/// the saved values back, the last one first. Allocates only while it grows.
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
