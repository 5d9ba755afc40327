// SPDX-License-Identifier: Apache-2.0
// Which messages of a compacted partition have to stay.
#pragma once
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_set>

#include <weir/message.hpp>

namespace weir::transport::memory {

/// Knows the last message of each key, and how many bytes the others take. A message stays if it is
/// the last of its key, unless it is a tombstone (its value is null) whose time is over. Owned by
/// the log, whose messages it points at; used under the broker's lock.
///
/// The log is compacted in passes, each from the log's start. A tombstone goes in a pass that has
/// begun when its time was over: by then the pass has removed what was before it, so no older value
/// of its key comes to light.
class compaction {
public:
    explicit compaction(std::chrono::milliseconds tombstones) : tombstones_(tombstones) {}

    void appended(const message&, timestamp now);
    bool stays(const message&) const;
    /// It was copied.
    void moved(const message& from, const message& to);
    /// It was removed from the log.
    void removed(const message&);

    /// Half of the log can go.
    bool is_due(timestamp now) const;
    void begin_pass(timestamp now);

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
    std::unordered_set<last, hash, equal> last_{};
    std::size_t live_ = 0, dead_ = 0;  // bytes
    std::deque<few> young_{};
    offset old_before_ = 0;  // tombstones before it go in this pass
};

}  // namespace weir::transport::memory
