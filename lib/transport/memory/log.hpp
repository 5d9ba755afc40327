// SPDX-License-Identifier: Apache-2.0
// A partition's log: messages in chunks. Messages are appended to the last chunk, and whole chunks
// are dropped from the front.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include <weir/transport/memory.hpp>

namespace weir::transport::memory {

/// The headers of the message at index `at` of its chunk.
struct stored_headers {
    std::size_t at;
    weir::headers values;
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
/// it.
struct cursor {
    offset next = 0;
    std::shared_ptr<const chunk> in{};
    std::size_t at = 0;
};
/// The messages of one read: [from, from + count) of a chunk.
struct piece {
    std::shared_ptr<const chunk> in{};
    std::size_t from = 0;
    std::size_t count = 0;
};

/// The messages of one partition. Owned by its topic. Used under the broker's lock. Invariants:
/// only a new chunk is empty; offsets grow from chunk to chunk; the size is at most `limit`, or
/// there is one chunk.
class log {
public:
    explicit log(std::size_t limit);

    bool fits(const record& r) const { return !chunks_.empty() && chunks_.back()->fits(r); }
    /// Starts a chunk that `r` fits into. If the limit requires it, drops old chunks that end below
    /// `floor`. False if that does not make enough room.
    bool roll(const record& r, offset floor);
    /// Appends `r`, which must fit.
    void append(const record& r, std::uint64_t number);
    void skip(offset n) { next_ += n; }
    /// Drops the messages below the offset: whole chunks, and of the first one left what is below.
    void purge(offset upto);

    /// Reads the next messages at or behind the cursor and moves it. If there are none, it returns
    /// false and moves the cursor to the end.
    bool read(cursor&, std::size_t most, piece& into) const;
    /// Nothing is below this.
    offset begin() const { return begin_; }
    offset end() const { return next_; }
    const std::deque<std::shared_ptr<chunk>>& chunks() const { return chunks_; }

private:
    bool find(cursor&) const;

    std::size_t limit_;
    std::size_t chunk_max_;
    std::size_t size_ = 0;
    offset begin_ = 0, next_ = 0;
    std::deque<std::shared_ptr<chunk>> chunks_{};
};

}  // namespace weir::transport::memory
