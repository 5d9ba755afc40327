// SPDX-License-Identifier: Apache-2.0
// Hopping windows made of panes: a message changes one pane, however many windows it is in.
#pragma once
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/state/rows.hpp>
#include <weir/state/shard.hpp>
#include <weir/window.hpp>
#include <weir/windowed.hpp>

namespace weir::detail {

/// Makes one of two values.
template <class V>
class value_merger {
public:
    virtual ~value_merger() = default;
    virtual void merge(V& into, const V& from) const = 0;
};

/// The panes of each key, in the order of the keys' bytes. A pane is a row. The windows that it is
/// in are made of it and its neighbours when they close: a key keeps the merged values of its panes
/// from each of the older ones on, and of the newer ones together, so that a window costs a few
/// merges, however many panes it has. A pane may be here that has no value any more, or whose row
/// is another pane's by now: it is passed over.
template <class K, class V>
class panes {
public:
    using row_type = row<windowed<K>, V>;

    panes(const fixed_windows& w, const value_merger<V>& m) : windows_(w), merger_(&m) {}

    std::chrono::milliseconds width() const { return windows_.pane(); }
    /// The end of the last window that this pane is in.
    timestamp last_end(timestamp start) const {
        return windows_.floor(start, windows_.advance) + windows_.size;
    }
    /// The pane has a value for the first time.
    void opened(row_type& r) {
        r.merged = false;
        auto& of = keys_[key_of(r)];
        of.key = r.key.key;
        auto at = of.all.end();
        while (at != of.all.begin() && std::prev(at)->start >= r.key.start) --at;
        if (of.is_merged_to(r.key.start)) of.forget();
        if (at != of.all.end() && at->start == r.key.start) {  // it was undone, or erased
            at->row = &r;
            return;
        }
        of.all.insert(at, {r.key.start, &r});
        ++by_start_[r.key.start];
        find_next();
    }
    /// A pane has changed that windows were made of.
    void changed(const row_type& r) { keys_[key_of(r)].forget(); }
    /// The end of the window that closes next; timestamp::max(): there is none.
    timestamp next_end() const { return next_; }
    /// The same, and none of them was open.
    void passed(timestamp upto) { closed_ = std::max(closed_, upto); }
    /// Windows that end here or before are closed.
    void closed(timestamp upto) {
        closed_ = upto;
        find_next();
    }

    /// Passes the next window that ends at `upto` or before: `f(key, start, end, value, time)`.
    /// `erase(row)` removes a pane that is in no later one. False: there is none.
    template <class F, class Erase>
    bool close_next(timestamp upto, F f, Erase erase) {
        for (;;) {
            if (!closing_end_) {
                if (next_ > upto) {
                    closed_ = std::max(closed_, upto);
                    return false;
                }
                closing_end_ = next_;
                at_ = keys_.begin();
            }
            while (at_ != keys_.end()) {
                auto& of = at_->second;
                const bool passed = close(of, *closing_end_, f);
                remove_old(of, *closing_end_ - windows_.size + windows_.advance, erase);
                at_ = of.all.empty() ? keys_.erase(at_) : std::next(at_);
                if (passed) return true;
            }
            closed_ = *closing_end_;
            closing_end_.reset();
            find_next();
        }
    }

private:
    struct entry {
        timestamp start;
        row_type* row;
    };
    struct of_key {
        K key{};
        std::vector<entry> all{};  // by start
        // Of the first panes: each value is of one of them and all that follow, the last one's
        // first.
        std::vector<V> older{};
        std::vector<timestamp> older_times{};
        std::optional<V> newer{};  // of the panes behind those, up to `merged`
        timestamp newer_time{};
        std::size_t merged = 0;  // how many panes are in one of the two

        bool is_here(const entry& e) const {
            return e.row->live && e.row->key.start == e.start && e.row->key.key == key;
        }
        bool is_merged_to(timestamp start) const {
            return merged > 0 && all[merged - 1].start >= start;
        }
        void forget() {
            for (std::size_t i = 0; i < merged; ++i)
                if (is_here(all[i])) all[i].row->merged = false;
            older.clear();
            older_times.clear();
            newer.reset();
            merged = 0;
        }
    };
    std::string key_of(const row_type& r) {
        key_.reset();
        encode_onto(r.key.key, key_);
        return std::string{key_.view()};
    }
    void find_next() {
        next_ = timestamp::max();
        if (by_start_.empty()) return;
        const auto first = by_start_.begin()->first;
        next_ = windows_.first_end_behind(std::max(first, closed_));
    }
    void add(std::optional<V>& to, timestamp& time, const V& value, timestamp its) const {
        if (to) merger_->merge(*to, value);
        else to = value;
        time = std::max(time, its);
    }
    /// True if the key has a value in the window.
    template <class F>
    bool close(of_key& of, timestamp end, F f) {
        for (; of.merged < of.all.size() && of.all[of.merged].start < end; ++of.merged) {
            const auto& e = of.all[of.merged];
            if (!of.is_here(e)) continue;
            if (!of.newer) of.newer_time = e.row->time;
            add(of.newer, of.newer_time, e.row->value, e.row->time);
            e.row->merged = true;
        }
        auto value = of.newer;
        auto time = of.newer ? of.newer_time : no_time;
        if (!of.older.empty()) {
            value = of.older.back();
            if (of.newer) merger_->merge(*value, *of.newer);
            time = std::max(time, of.older_times.back());
        }
        if (!value) return false;
        window_.key = of.key;
        window_.start = end - windows_.size;
        window_.end = end;
        f(window_, *value, time);
        return true;
    }
    /// Panes that start before `from` are in no later window.
    template <class Erase>
    void remove_old(of_key& of, timestamp from, Erase erase) {
        std::size_t n = 0;
        for (; n < of.all.size() && of.all[n].start < from; ++n) {
            const auto& e = of.all[n];
            const auto at = by_start_.find(e.start);
            if (--at->second == 0) by_start_.erase(at);
        }
        if (n == 0) return;
        if (n <= of.older.size()) {
            of.older.resize(of.older.size() - n);
            of.older_times.resize(of.older.size());
        } else if (n < of.merged) {
            make_older(of, n);
        } else {
            of.forget();
        }
        for (std::size_t i = 0; i < n; ++i)
            if (of.is_here(of.all[i])) erase(*of.all[i].row);
        of.merged -= std::min(of.merged, n);
        of.all.erase(of.all.begin(), of.all.begin() + static_cast<std::ptrdiff_t>(n));
    }
    /// All merged panes behind the first n become older ones.
    void make_older(of_key& of, std::size_t n) {
        of.older.clear();
        of.older_times.clear();
        of.newer.reset();
        std::optional<V> value;
        auto time = no_time;
        for (auto i = of.merged; i-- > n;) {
            const auto& e = of.all[i];
            if (of.is_here(e)) {
                auto its = std::optional<V>{e.row->value};
                if (value) merger_->merge(*its, *value);
                value = std::move(its);
                time = std::max(time, e.row->time);
            }
            of.older.push_back(value ? *value : V{});
            of.older_times.push_back(time);
        }
    }

    fixed_windows windows_;
    const value_merger<V>* merger_;
    std::map<std::string, of_key> keys_{};
    std::map<timestamp, std::size_t> by_start_{};  // how many panes start there
    timestamp closed_ = no_time, next_ = timestamp::max();
    // the window that is being closed
    std::optional<timestamp> closing_end_{};
    typename std::map<std::string, of_key>::iterator at_{};
    windowed<K> window_{};
    bytes key_{};
};

}  // namespace weir::detail
