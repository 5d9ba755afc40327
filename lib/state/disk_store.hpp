// SPDX-License-Identifier: Apache-2.0
// What a table on disk needs besides its rows.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <weir/state/backing.hpp>

namespace weir::detail {

/// The rows of one shard on disk, and what is said of them. After a crash it is as it was after
/// some `write`. After an error nothing more is written.
class disk_store : public backing {
public:
    /// What the last one said that is on disk; empty: there is none.
    virtual const std::string& head() const = 0;
    /// Owners of the changelog that have written rows since that head.
    virtual const std::string& writers() const = 0;
    virtual std::size_t keys() const = 0;
    /// With the next `write`.
    virtual void set_head(std::string) = 0;
    virtual void set_writers(std::string) = 0;
    /// All that was written is on disk when it returns.
    virtual void flush() = 0;
    /// Everything goes.
    virtual void wipe() = 0;
    /// It can be read on, and another process may write it. All that was written is on disk.
    virtual void close_for_writing() = 0;
    /// It has nothing any more.
    virtual void close() = 0;
    /// A sentence; empty: there was no error.
    virtual const std::string& error() const = 0;
    virtual const std::string& path() const = 0;
};

/// The stores of one table. They share the memory that the disk's own caches and buffers take.
class disk_stores {
public:
    virtual ~disk_stores() = default;
    /// Throws weir::error: what the disk says.
    virtual std::shared_ptr<disk_store> open(const std::string& path) = 0;

    /// Of `memory`, a part is for rows, and the rest for the disk's caches. Null: weir is built
    /// without RocksDB.
    static std::unique_ptr<disk_stores> make(std::size_t memory);
    /// The part of the disk's caches.
    static std::size_t part_of(std::size_t memory) { return memory / 8 * 3; }
};

}  // namespace weir::detail
