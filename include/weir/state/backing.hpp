// SPDX-License-Identifier: Apache-2.0
// The rows of a shard on disk. Rows in memory are its cache.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>

#include <weir/message.hpp>

namespace weir::detail {

/// Keys and values as bytes, of one shard. Implemented by lib/state/rocksdb. Each function throws
/// weir::error: what the disk says.
class backing {
public:
    virtual ~backing() = default;

    struct found {
        bytes_view value;  // valid until the next call
        weir::timestamp time;
    };
    /// What the key has; nothing, if it is not there.
    virtual std::optional<found> get(bytes_view key) = 0;

    // `put` and `erase` collect, and `write` writes all of it at once
    virtual void put(bytes_view key, bytes_view value, weir::timestamp) = 0;
    virtual void erase(bytes_view key) = 0;
    /// `keys`: how many there are then.
    virtual void write(std::size_t keys) = 0;

    /// All keys as of now, in no order that means anything.
    class walk {
    public:
        virtual ~walk() = default;
        /// False: there is no other.
        virtual bool next() = 0;
        virtual bytes_view key() const = 0;
        virtual found value() const = 0;
    };
    virtual std::unique_ptr<walk> rows() = 0;
};

}  // namespace weir::detail
