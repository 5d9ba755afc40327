// SPDX-License-Identifier: Apache-2.0
// What coroutines change in a table: kept apart until their message is finished, since others
// change the shard while a coroutine waits.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/state/shard_for.hpp>
#include <weir/task.hpp>

namespace weir::detail {

/// The changes by one coroutine, for the message that it works on. Several changes of one key may
/// belong to several messages of a batch: a cut may have the first of them and not the second, so
/// each of them is kept.
template <class K, class V>
class pending_changes {
public:
    using shard_type = typename shard_for<K, V>::type;
    struct change {
        K key;
        bytes key_bytes;
        V value;
        bool live;
        std::shared_ptr<shard_type> in;
        partition_id in_partition;
        message_number by;
        timestamp time;
        timestamp changed = no_time;  // with a ttl: stream time, as this coroutine sees it
        bool is_there = false;        // the row has it already: it moves the time alone
    };
    explicit pending_changes(const worker& w) : by_(&w) {}

    bool are_of(const worker& w) const { return by_ == &w; }
    /// The key's last change; null if there is none.
    change* find(bytes_view key) {
        const auto at = place_of(key);
        return at != last_.end() && has_key(*at, key) ? &all_[*at] : nullptr;
    }
    const change* find(bytes_view key) const {
        return const_cast<pending_changes&>(*this).find(key);
    }
    change& add(change c) {
        const auto at = place_of(c.key_bytes);
        const auto number = static_cast<std::uint32_t>(all_.size());
        if (at != last_.end() && has_key(*at, c.key_bytes)) *at = number;
        else last_.insert(at, number);
        all_.push_back(std::move(c));
        return all_.back();
    }
    /// The row has the change already.
    void add_time(change c) {
        c.is_there = true;
        all_.push_back(std::move(c));
    }
    std::vector<change>& all() { return all_; }
    const std::vector<change>& all() const { return all_; }

private:
    bool has_key(std::uint32_t n, bytes_view key) const {
        return all_[n].key_bytes.view() == key.view();
    }
    std::vector<std::uint32_t>::iterator place_of(bytes_view key) {
        return std::lower_bound(
            last_.begin(), last_.end(), key.view(),
            [&](std::uint32_t n, auto v) { return all_[n].key_bytes.view() < v; });
    }

    const worker* by_;
    std::vector<change> all_{};          // in the order in which they were made
    std::vector<std::uint32_t> last_{};  // the last change of each key, by the keys' bytes
};

}  // namespace weir::detail
