// SPDX-License-Identifier: Apache-2.0
// How a member reads: spans into the chunks of the log.
#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <weir/transport/memory.hpp>

#include "core.hpp"

namespace weir::transport::memory {

/// What one read brought: a part of one chunk, which it keeps alive. Owned by the reader, used on
/// its loop's thread. It takes no lock, since what was appended to a chunk never changes.
class slice final : public fetch {
public:
    weir::headers headers(std::size_t i) const override;
    std::optional<bytes_view> header_of(std::size_t i, std::string_view name) const override;

private:
    friend class partition;
    const weir::headers* stored(std::size_t i) const;
    piece piece_{};
    std::span<const stored_headers> headers_{};
};

/// An assigned partition. Lives from the assignment until its owner drops it. Once released,
/// revoked or lost, it returns nothing more. Used on its owner's loop's thread; it reads under the
/// broker's lock.
class partition : public weir::transport::partition {
public:
    partition(std::shared_ptr<memory_broker>, core&, std::shared_ptr<reader>);
    std::unique_ptr<fetch> read(std::size_t most, std::unique_ptr<fetch> recycled) override;
    std::optional<offset> end() const override;
    std::optional<offset> position() const override;
    std::optional<offset_range> take_lost() override { return std::exchange(lost_, std::nullopt); }

protected:
    std::shared_ptr<memory_broker> broker_;  // keeps the core alive
    core& core_;
    std::shared_ptr<reader> reading_;

private:
    bool read(std::size_t most, slice& into);
    std::optional<offset_range> lost_{};
    std::unique_ptr<slice> spare_{};  // for the next read, after one that returned null
};

/// A partition that is read without a group. The broker forgets it with its destructor, or with its
/// member.
class outside_reader final : public partition {
public:
    using partition::partition;
    ~outside_reader() override;
};

/// What has nothing to read: the member has told why.
class nothing_to_read final : public weir::transport::partition {
public:
    std::unique_ptr<fetch> read(std::size_t, std::unique_ptr<fetch>) override { return nullptr; }
};

}  // namespace weir::transport::memory
