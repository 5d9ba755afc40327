// SPDX-License-Identifier: Apache-2.0
// Which messages of a compacted partition have to stay.
#pragma once
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <string_view>
#include <unordered_set>

#include <weir/message.hpp>

namespace weir::transport::memory {

/// A log is compacted in passes over all of it. A pass looks at each message first, so that it
/// knows the last one of each key; then it takes each message: those stay that are the last of
/// their key, except tombstones (their values are null) whose time is over. Between passes nothing
/// is known of keys, so appending costs nothing. Owned by the log, whose messages it points at
/// during a pass; used under the broker's lock.
///
/// A tombstone goes in a pass that has begun when its time was over: the same pass removes what was
/// before it, so no older value of its key comes to light.
class compaction {
public:
    explicit compaction(std::chrono::milliseconds tombstones) : tombstones_(tombstones) {}

    void appended(const message&, timestamp now);
    /// A pass is worth it: half of the log may be able to go.
    bool is_due(timestamp now) const;

    void begin_pass(timestamp now);
    void look_at(const message&);
    /// Whether it stays. Asked once for each message that was looked at.
    bool take(const message&);
    void end_pass() { last_ = {}; }
    /// It was removed from the log, not by `take`.
    void removed(const message&);

private:
    struct last {
        mutable const message* of;  // the key stays the same
    };
    struct hash {
        std::size_t operator()(const last& l) const {
            return std::hash<std::string_view>{}(l.of->key.view());
        }
    };
    struct equal {
        bool operator()(const last& a, const last& b) const {
            return a.of->key.view() == b.of->key.view();
        }
    };
    /// Tombstones that were appended within a short time.
    struct few {
        timestamp first, end;
        offset behind;  // all of them
        std::size_t bytes;
    };
    static std::size_t size_of(const message&);
    bool is_over(const few& f, timestamp now) const { return now - f.end >= tombstones_; }

    const std::chrono::milliseconds tombstones_;
    // In bytes: what the last pass has left, and what was appended since it began.
    std::size_t left_ = 0, grown_ = 0;
    std::deque<few> young_{};
    offset old_before_ = 0;                         // tombstones before it go in this pass
    std::unordered_set<last, hash, equal> last_{};  // during a pass
};

}  // namespace weir::transport::memory
