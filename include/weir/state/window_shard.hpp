// SPDX-License-Identifier: Apache-2.0
// The shard of a table whose keys are windows: it knows which of them are open, and which close
// next.
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include <weir/state/shard_of.hpp>
#include <weir/windowed.hpp>

namespace weir::detail {

/// Rows of open windows, by the windows' ends. A row may be here that has no value any more, or is
/// another window's by now: it is passed over.
template <class Row>
class open_windows {
public:
    void add(Row& r) { by_end_[r.key.end].push_back(&r); }
    /// The end of the window that closes next; timestamp::max(): none is open.
    timestamp next_end() const {
        if (!closing_.empty()) return end_;
        return by_end_.empty() ? timestamp::max() : by_end_.begin()->first;
    }
    /// Takes the next window that ends at `upto` or before, in the order of end, start and the
    /// key's bytes. Null: none does.
    Row* take(timestamp upto) {
        for (;;) {
            if (closing_.empty() && !begin_next(upto)) return nullptr;
            std::pop_heap(closing_.begin(), closing_.end(), later{&keys_});
            auto* r = closing_.back().row;
            closing_.pop_back();
            if (is_open(*r)) return r;
        }
    }

private:
    struct entry {
        Row* row;
        std::uint32_t at, size;  // of the key's bytes, in keys_
    };
    struct later {
        const bytes* keys;
        std::string_view key_of(const entry& e) const { return keys->view().substr(e.at, e.size); }
        bool operator()(const entry& a, const entry& b) const {
            if (a.row->key.start != b.row->key.start) return a.row->key.start > b.row->key.start;
            return key_of(a) > key_of(b);
        }
    };
    bool is_open(const Row& r) const { return r.live && r.key.end == end_; }
    /// All windows that end next. A heap: sorting all of them at once would stop the loop.
    bool begin_next(timestamp upto) {
        const auto next = by_end_.begin();
        if (next == by_end_.end() || next->first > upto) return false;
        end_ = next->first;
        keys_.reset();
        for (auto* r : next->second) {
            if (!is_open(*r)) continue;
            const auto at = keys_.size();
            encode_onto(r->key.key, keys_);
            closing_.push_back(
                {r, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(keys_.size() - at)});
        }
        by_end_.erase(next);
        std::make_heap(closing_.begin(), closing_.end(), later{&keys_});
        return true;
    }

    std::map<timestamp, std::vector<Row*>> by_end_{};
    // those that end at end_, and are not taken yet
    timestamp end_{};
    std::vector<entry> closing_{};
    bytes keys_{};
};

template <class K, class V>
class window_shard final : public shard_of<windowed<K>, V> {
public:
    using key_type = K;
    using result = V;
    using row_type = typename shard_of<windowed<K>, V>::row_type;
    using shard_of<windowed<K>, V>::shard_of;

    void restored() override {
        shard_of<windowed<K>, V>::restored();
        this->each_row([&](row_type& r) { open_.add(r); });
    }
    /// The window has a value for the first time.
    void opened(row_type& r) { open_.add(r); }
    timestamp next_end() const { return open_.next_end(); }
    /// Closes the next window that ends at `upto` or before: its row is erased by the message at
    /// `at`, after `f(window, value, time)`. False: there is none.
    template <class F>
    bool close_next(timestamp upto, std::size_t input, offset at, F f) {
        for (;;) {
            auto* r = open_.take(upto);
            if (!r) break;
            if (!this->change(*r, input, at)) {
                not_by_this_.push_back(r);
                continue;
            }
            f(r->key, r->value, r->time);
            this->set_live(*r, false);
            return true;
        }
        for (auto* r : std::exchange(not_by_this_, {})) open_.add(*r);
        return false;
    }

private:
    open_windows<row_type> open_{};
    // What was restored contains more than this message's change: a later one closes them.
    std::vector<row_type*> not_by_this_{};
};

}  // namespace weir::detail
