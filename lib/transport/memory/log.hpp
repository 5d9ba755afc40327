// SPDX-License-Identifier: Apache-2.0
// A partition's log: messages in chunks. Messages are appended to the last chunk, and whole chunks
// are dropped from the front. A compacted log's chunks are replaced by others with fewer messages.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <weir/transport/memory.hpp>

#include "compaction.hpp"
#include "retention.hpp"

namespace weir::transport::memory {

/// The headers of the message at index `at` of its chunk. Messages in a row that have the same
/// share them.
struct stored_headers {
    std::size_t at;
    std::shared_ptr<const weir::headers> values;
};

/// Some messages in one piece of memory. The `message`s grow from its front and their bytes from
/// its back; it is full when they meet. Headers are rare and are stored apart. Made by a log, and
/// kept alive by the log, by cursors and by fetches. It is appended to and searched under the
/// broker's lock. What `messages` and `headers` have returned never moves or changes, so it is read
/// without the lock. Invariant: offsets grow.
class chunk {
public:
    explicit chunk(std::size_t capacity);
    chunk(const chunk&) = delete;
    chunk& operator=(const chunk&) = delete;

    static std::size_t needed(const record& r) { return bookkeeping + payload(r); }
    static std::size_t needed(const message& m) {
        return bookkeeping + m.key.size() + m.value.size();
    }
    /// What its messages need, without their headers.
    std::size_t needed() const { return capacity_ - free_bytes(); }
    bool fits(const record& r) const { return free_bytes() >= needed(r); }
    /// `number` counts all messages of the topic.
    void append(const record&, weir::offset, std::uint64_t number);

    std::span<const message> messages() const { return {first_, count_}; }
    /// The headers of the messages in [from, to).
    std::span<const stored_headers> headers(std::size_t from, std::size_t to) const;
    std::vector<std::uint64_t> numbers() const;
    /// The offset behind the last message.
    weir::offset end() const { return count_ ? first_[count_ - 1].offset + 1 : 0; }
    /// Its size in bytes.
    std::size_t size() const { return capacity_ + beside_; }
    std::size_t capacity() const { return capacity_; }

private:
    static constexpr std::size_t bookkeeping = sizeof(message) + sizeof(std::uint64_t);
    static std::size_t payload(const record& r) { return r.key.size() + r.value.size(); }
    std::size_t free_bytes() const {
        return static_cast<std::size_t>(low_ - storage_.get()) - count_ * sizeof(message);
    }
    bytes_view put(bytes_view);

    std::size_t capacity_;
    std::unique_ptr<char[]> storage_;
    message* first_;
    std::size_t count_ = 0;
    char* low_;               // the lowest byte in use at the back
    std::size_t beside_ = 0;  // bytes of the headers
    std::vector<stored_headers> headers_{};
};

std::size_t size_of(const weir::headers&);

/// A position to read from. `in` is the chunk where the last read ended. The log may have dropped
/// or replaced it.
struct cursor {
    offset next = 0;
    bool is_known = false;  // it is where reading has come to, not where it begins
    std::shared_ptr<const chunk> in{};
    std::size_t at = 0;
    std::uint64_t edition = 0;  // of the log when `in` was found
};
/// The messages of one read: [from, from + count) of a chunk.
struct piece {
    std::shared_ptr<const chunk> in{};
    std::size_t from = 0;
    std::size_t count = 0;
};

/// The messages of one partition. Owned by its topic. Used under the broker's lock. Invariants:
/// only a new chunk is empty; offsets grow from chunk to chunk; the size is at most `limit`, or
/// there is one chunk, or the log is compacted.
class log {
public:
    log(std::size_t limit, const retention&);

    bool fits(const record& r) const { return !chunks_.empty() && chunks_.back()->fits(r); }
    /// Starts a chunk that `r` fits into. If the limit requires it, drops old chunks that end below
    /// `floor`. False if that does not make enough room.
    bool roll(const record& r, offset floor);
    /// Appends `r`, which must fit.
    void append(const record& r, std::uint64_t number, timestamp now);
    /// Whether messages go because of their age, except by compaction.
    bool expires() const { return keeps_.age.has_value(); }
    /// Whether what is done with this message depends on the time.
    bool has_times(const record& r) const {
        return keeps_.age || (compaction_ && (r.value.is_null() || !fits(r)));
    }
    /// Removes what is too old, except by compaction.
    void expire(timestamp now);
    /// Behind each `roll`. If the log is larger than its limit and enough may be able to go, a pass
    /// goes on for some chunks: so that it ends before the log has grown by half, and no call takes
    /// long.
    void compact_some(timestamp now);
    /// Compacts all of it now, if it is a compacted log.
    void compact(timestamp now);
    void skip(offset n) { next_ += n; }
    /// What lies before is gone. Chunks are dropped as a whole.
    void remove_before(offset);

    /// Reads the next messages at or behind the cursor and moves it. False if there are none.
    bool read(cursor&, std::size_t most, piece& into) const;
    /// Moves a cursor whose messages are gone to the first one that is there.
    void move_to_start(cursor&, std::optional<offset_range>& lost) const;
    /// What is before was deleted.
    offset start() const { return start_; }
    offset end() const { return next_; }
    const std::deque<std::shared_ptr<chunk>>& chunks() const { return chunks_; }

private:
    using chunks_of_log = std::deque<std::shared_ptr<chunk>>;
    /// A pass of the compaction: where it goes on, and where it ends. Twice: first it looks at the
    /// messages, then it takes them.
    struct pass {
        offset at, end;
        bool takes = false;
    };
    bool find(cursor&) const;
    void drop_first();
    const message* first() const;
    void begin_pass(timestamp now);
    std::size_t step();
    std::size_t look(const chunk&);
    std::size_t take(chunks_of_log::iterator from, chunks_of_log::iterator end);
    std::shared_ptr<chunk> copy_taken(chunks_of_log::iterator from, chunks_of_log::iterator to,
                                      std::size_t capacity);

    std::size_t limit_;  // of a compacted log: it is compacted when it is larger
    retention keeps_;
    std::size_t chunk_max_;
    std::size_t size_ = 0;
    offset start_ = 0, next_ = 0;
    chunks_of_log chunks_{};
    std::optional<compaction> compaction_{};
    std::optional<pass> pass_{};
    std::vector<char> taken_{};  // of `take`; its capacity is used again
    std::uint64_t edition_ = 0;  // counts replacements of chunks
};

}  // namespace weir::transport::memory
