// SPDX-License-Identifier: Apache-2.0
// The shard of a table whose keys are windows: it knows which of them are open, and which close
// next.
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <weir/state/panes.hpp>
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
            while (closing_.empty())  // none of those that end next may be open
                if (!begin_next(upto)) return nullptr;
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

/// Each row is a window; or, of hopping windows whose values can be merged, a pane.
template <class K, class V>
class window_shard final : public shard_of<windowed<K>, V> {
public:
    using key_type = K;
    using result = V;
    using row_type = typename shard_of<windowed<K>, V>::row_type;
    using shard_of<windowed<K>, V>::shard_of;

    /// Before anything else: the windows are made of panes.
    void use(const window_settings& w, const value_merger<V>& m) {
        fixed_ = *w.fixed;
        merger_ = &m;
        panes_.emplace(fixed_, m);
        closes_after_ = w.closes_after;
    }
    bool has_panes() const { return panes_.has_value(); }

    void restored() override {
        shard_of<windowed<K>, V>::restored();
        if (std::exchange(indexed_, true)) return;
        this->each_row([&](row_type& r) {
            if (last_end(r) <= this->closed_in_mark()) this->was_closed(r);
            else opened(r);
        });
        if (panes_ && this->time() != no_time) panes_->closed(this->time() - closes_after_);
    }
    void reopen() override {
        shard_of<windowed<K>, V>::reopen();
        open_ = {};
        if (panes_) panes_.emplace(fixed_, *merger_);
        indexed_ = false;
    }
    /// The row has a value for the first time.
    void opened(row_type& r) {
        if (panes_) panes_->opened(r);
        else open_.add(r);
    }
    /// Its value has changed.
    void changed_value(const row_type& r) {
        if (r.merged) panes_->changed(r);
    }
    /// Windows that end here or before are closed: none of them is open.
    void passed(timestamp upto) {
        if (panes_) panes_->passed(upto);
    }
    timestamp next_end() const override { return panes_ ? panes_->next_end() : open_.next_end(); }
    /// Closes the next window that ends at `upto` or before: its row is erased by the message at
    /// `at`, after `f(window, value, time)`. False: there is none.
    template <class F>
    bool close_next(timestamp upto, std::size_t input, offset at, F f) {
        if (panes_) return close_next_of_panes(upto, input, at, f);
        while (auto* r = open_.take(upto)) {
            if (!this->change(*r, input, at)) {
                not_by_this_.push_back(r);
                continue;
            }
            f(r->key, r->value, r->time);
            this->close(*r);
            return true;
        }
        for (auto* r : std::exchange(not_by_this_, {})) open_.add(*r);
        return false;
    }

private:
    template <class F>
    bool close_next_of_panes(timestamp upto, std::size_t input, offset at, F f) {
        const bool passes = !this->is_in_cut(input, at);
        const auto erase = [&](row_type& r) {
            if (this->change(r, input, at)) this->close(r);
            else not_by_this_.push_back(&r);
        };
        const auto pass = [&](auto& window, auto& value, timestamp time) {
            if (passes) f(window, value, time);
        };
        if (panes_->close_next(upto, pass, erase)) return true;
        for (auto* r : std::exchange(not_by_this_, {})) panes_->opened(*r);
        return false;
    }

    /// The end of the last window that the row is in.
    timestamp last_end(const row_type& r) const {
        return panes_ ? panes_->last_end(r.key.start) : r.key.end;
    }

    open_windows<row_type> open_{};
    std::optional<panes<K, V>> panes_{};
    fixed_windows fixed_{};  // of the panes
    const value_merger<V>* merger_ = nullptr;
    std::chrono::milliseconds closes_after_{};
    bool indexed_ = false;  // the open windows are known
    // What was restored contains more than this message's change: a later one closes them.
    std::vector<row_type*> not_by_this_{};
};

}  // namespace weir::detail
