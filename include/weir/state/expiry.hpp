// SPDX-License-Identifier: Apache-2.0
// When the keys of a shard are over: those of a table with .ttl.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <weir/segment/produce.hpp>
#include <weir/state/shard.hpp>

namespace weir::detail {

/// A key is over when its last change is older than the table's ttl. It reads as absent at once, by
/// the time of its row. A wheel finds the rows that are to be freed: each row is in it once, at a
/// time of its last change or before it, and one that has changed since is put in anew.
class expiry {
public:
    explicit expiry(std::chrono::milliseconds ttl);
    ~expiry();
    bool is_over(timestamp changed, timestamp now) const {
        return now != no_time && changed < now - ttl_;
    }
    /// The row is looked at again when it is over, or somewhat later.
    void add(void* row, timestamp changed);
    /// Takes any row whose time in the wheel is over at `now`; null: there is none, or its slot is
    /// not.
    void* take(timestamp now);

    // of each entry of the shard's journal: when the row had been changed before
    void note(timestamp before);
    timestamp before(std::size_t i) const;
    timestamp take_last();
    void forget_all();
    void forget(std::size_t first);

private:
    static constexpr int slots = 32;  // of a ttl: so much later a row is freed at the most
    std::chrono::milliseconds ttl_, width_;
    std::map<std::int64_t, std::vector<void*>> slots_{};
    std::vector<void*> taking_{}, spare_{};
    std::vector<timestamp> before_{};
};

/// A row's record says when it was changed, where that is not its timestamp.
void write_changed(outgoing&, timestamp time, timestamp changed);
/// What `write_changed` has written; no_time: nothing.
timestamp changed_of(const outgoing&);

}  // namespace weir::detail
