// SPDX-License-Identifier: Apache-2.0
// The shard of a table that has each key's open sessions: it knows which of them close next.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <weir/sessions.hpp>
#include <weir/state/shard_of.hpp>
#include <weir/windowed.hpp>

namespace weir::detail {

/// Open sessions by their ends. Far ones are kept by the row only, in buckets as wide as the gap:
/// a session that goes on enters another bucket once in a gap. Near ones are in a heap. What is
/// here may be over already, or its row may be another key's: it is passed over.
template <class Row>
class session_index {
public:
    explicit session_index(std::chrono::milliseconds gap)
        : width_(std::max(gap, std::chrono::milliseconds{1})) {}
    /// The row has a session with these times now. It had one before that ended at `was`, or none:
    /// no_time.
    void add(Row& r, timestamp start, timestamp end, timestamp was) {
        const auto in = bucket_of(end);
        if (in <= near_) return push({end, start, &r});
        if (was == no_time || bucket_of(was) != in) far_[in].push_back(&r);
    }
    /// No session ends before it; timestamp::max(): there is none.
    timestamp next_end() const {
        if (!heap_.empty()) return heap_.front().end;
        return far_.empty() ? timestamp::max() : timestamp{far_.begin()->first * width_};
    }
    struct found {
        Row* row = nullptr;  // null: there is none
        std::size_t at = 0;  // of its sessions
    };
    /// Takes the next session that ends at `upto` or before, in the order of end, start and the
    /// key's bytes.
    found take(timestamp upto) {
        while (!far_.empty() && far_.begin()->first <= bucket_of(upto)) bring_near();
        while (!heap_.empty() && heap_.front().end <= upto) {
            std::pop_heap(heap_.begin(), heap_.end(), later{this});
            const auto e = heap_.back();
            heap_.pop_back();
            if (const auto i = find(e); i != none) return {e.row, i};
        }
        return {};
    }

private:
    struct entry {
        timestamp end, start;
        Row* row;
    };
    struct later {
        const session_index* in;
        bool operator()(const entry& a, const entry& b) const {
            if (a.end != b.end) return a.end > b.end;
            if (a.start != b.start) return a.start > b.start;
            return in->has_later_key(*a.row, *b.row);
        }
    };
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    std::int64_t bucket_of(timestamp t) const { return t.time_since_epoch() / width_; }
    bool has_later_key(const Row& a, const Row& b) const {
        a_.reset();
        b_.reset();
        encode_onto(a.key, a_);
        encode_onto(b.key, b_);
        return a_.view() > b_.view();
    }
    void push(entry e) {
        heap_.push_back(e);
        std::push_heap(heap_.begin(), heap_.end(), later{this});
    }
    void bring_near() {
        const auto first = far_.begin();
        near_ = first->first;
        for (auto* r : first->second) {
            if (!r->live) continue;
            for (auto& s : std::as_const(r->value))
                if (bucket_of(s.end) == near_) push({s.end, s.start, r});
        }
        far_.erase(first);
    }
    static std::size_t find(const entry& e) {
        if (!e.row->live) return none;
        const auto& all = std::as_const(e.row->value);
        for (std::size_t i = 0; i < all.size(); ++i)
            if (all[i].start == e.start && all[i].end == e.end) return i;
        return none;
    }

    std::chrono::milliseconds width_;
    std::map<std::int64_t, std::vector<Row*>> far_{};
    std::int64_t near_ = -1;  // this bucket, and those before it, are in the heap
    std::vector<entry> heap_{};
    mutable bytes a_{}, b_{};
};

template <class K, class A>
class session_shard final : public shard_of<K, sessions<A>> {
public:
    using key_type = K;
    using result = A;
    using row_type = typename shard_of<K, sessions<A>>::row_type;
    using shard_of<K, sessions<A>>::shard_of;

    /// Before anything else.
    void use(const window_settings& w) { open_.emplace(gap_ = w.gap); }
    void restored() override {
        shard_of<K, sessions<A>>::restored();
        if (std::exchange(indexed_, true)) return;
        this->each_row([&](row_type& r) {
            for (auto& s : std::as_const(r.value)) open_->add(r, s.start, s.end, no_time);
        });
    }
    void reopen() override {
        shard_of<K, sessions<A>>::reopen();
        if (open_) open_.emplace(gap_);
        indexed_ = false;
    }
    session_index<row_type>& open() { return *open_; }
    timestamp next_end() const override { return open_ ? open_->next_end() : timestamp::max(); }
    /// Closes the next session that ends at `upto` or before: it is removed by the message at `at`,
    /// after `f(window, value, time)`. False: there is none.
    template <class F>
    bool close_next(timestamp upto, std::size_t input, offset at, F f) {
        for (;;) {
            const auto [r, i] = open_->take(upto);
            if (!r) break;
            const auto& s = std::as_const(r->value)[i];
            if (!this->change(*r, input, at)) {
                not_by_this_.push_back({r, {s.start, s.end}});
                continue;
            }
            window_.key = r->key;
            window_.start = s.start;
            window_.end = s.end;
            f(window_, s.value, s.end);
            r->value.erase(i);
            if (r->value.empty()) this->set_live(*r, false);
            return true;
        }
        for (auto& [r, s] : std::exchange(not_by_this_, {}))
            open_->add(*r, s.first, s.second, no_time);
        return false;
    }

private:
    std::optional<session_index<row_type>> open_{};
    std::chrono::milliseconds gap_{};
    bool indexed_ = false;  // the open sessions are known
    windowed<K> window_{};
    // What was restored contains more than this message's change: a later one closes them.
    std::vector<std::pair<row_type*, std::pair<timestamp, timestamp>>> not_by_this_{};
};

}  // namespace weir::detail
