// SPDX-License-Identifier: Apache-2.0
// The shard of a table whose keys are windows: it knows which of them are open, and which close
// next.
#pragma once
#include <algorithm>
#include <cassert>
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
    /// Whether a window ends at `upto` or before.
    bool any(timestamp upto) const {
        return !closing_.empty() || (!by_end_.empty() && by_end_.begin()->first <= upto);
    }
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
            bytes& into = key_;
            into.reset();
            encode_onto<decltype(r->key.key)>(r->key.key, into);
            keys_.append(into.view());
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
    bytes keys_{}, key_{};
};

template <class K, class V>
class window_shard final : public shard_of<K, V> {
public:
    using typename shard_of<K, V>::row_type;
    using shard_of<K, V>::shard_of;

    void restored() override {
        shard_of<K, V>::restored();
        this->each_row([&](row_type& r) { open_.add(r); });
    }
    /// The window has a value for the first time.
    void opened(row_type& r) { open_.add(r); }
    open_windows<row_type>& open() { return open_; }
    const open_windows<row_type>& open() const { return open_; }

private:
    open_windows<row_type> open_{};
};

/// The shard of a table with these keys.
template <class K, class V>
struct shard_for {
    using type = shard_of<K, V>;
};
template <class K, class V>
struct shard_for<windowed<K>, V> {
    using type = window_shard<windowed<K>, V>;
};

}  // namespace weir::detail
