// SPDX-License-Identifier: Apache-2.0
// A hold: while one lives, no commit passes its message.
#pragma once
#include <cstdint>
#include <memory>
#include <utility>

namespace weir {
namespace detail {

class release_queue;

/// Whether what a hold stands for is still ours. Leaving: its partition is being given up, and what
/// is in work is finished. Gone: nothing of it is wanted any more.
enum class ownership : std::uint8_t { owned, revoking, lost };

/// Where holds are entered: a partition's tracker, or a batch that holds a hundred messages at
/// once. It lives as long as its owner or its last hold, whichever is longer. `add` and `remove` run
/// on the loop's thread (`remove` also elsewhere once the app is gone, but never two at a time).
class hold_owner {
public:
    explicit hold_owner(std::shared_ptr<release_queue> releases) : releases_(std::move(releases)) {}
    hold_owner(const hold_owner&) = delete;
    hold_owner& operator=(const hold_owner&) = delete;
    virtual void add(std::int64_t number) = 0;
    virtual void remove(std::int64_t number) = 0;
    /// Drops without acknowledging: what it stood for stays open, and no commit passes it.
    virtual void forfeit(std::int64_t number) { remove(number); }
    /// Acknowledges by hand what the hold stands for; it is dropped afterwards. Where dropping is
    /// acknowledging there is nothing to do.
    virtual void acknowledge(std::int64_t) {}
    virtual detail::ownership ownership() const { return detail::ownership::owned; }
    /// Whether its hold `number` stands for offset `of` of the partition whose hold_owner is `l`.
    virtual bool covers(std::int64_t number, const hold_owner& l, std::int64_t of) const {
        return this == &l && number == of;
    }
    /// On the loop's thread drops at once; on another one posts it to the loop; after the app only
    /// frees.
    void release(std::int64_t number, bool acknowledged = false);

protected:
    virtual ~hold_owner() = default;
    release_queue& releases() const { return *releases_; }
    friend class release_queue;

private:
    std::shared_ptr<release_queue> releases_;
};

}  // namespace detail

/// While a hold lives, no commit passes its message. A pointer to where it is entered and a number
/// in it: 16 bytes, never the message's bytes. Move-only, released once. May be released on any
/// thread; outliving its app is a no-op.
class [[nodiscard]] hold {
public:
    hold() = default;
    hold(detail::hold_owner& in, std::int64_t number) : in_(&in), number_(number) {
        in.add(number);
    }
    hold(hold&& o) noexcept : in_(std::exchange(o.in_, nullptr)), number_(o.number_) {}
    hold& operator=(hold&& o) noexcept {
        hold taken{std::move(o)};  // so that what was held here is let go now, not with `o`
        std::swap(in_, taken.in_);
        std::swap(number_, taken.number_);
        return *this;
    }
    ~hold() { release(); }

    /// Lets go. The message's offset closes when nobody else holds it.
    void release() {
        if (auto* in = std::exchange(in_, nullptr)) in->release(number_);
    }
    /// Acknowledges, and lets go. Differs from `release` only behind `noack()`: there, what is let
    /// go without it is delivered again after a restart.
    void ack() {
        if (auto* in = std::exchange(in_, nullptr)) in->release(number_, true);
    }
    explicit operator bool() const { return in_ != nullptr; }

    /// One more hold of the same message. Only on the loop's thread.
    hold share() const { return in_ ? hold{*in_, number_} : hold{}; }
    /// Lets go without acknowledging. Only on the loop's thread.
    void forfeit() {
        if (auto* in = std::exchange(in_, nullptr)) in->forfeit(number_);
    }
    detail::ownership ownership() const {
        return in_ ? in_->ownership() : detail::ownership::owned;
    }
    /// It keeps this message of that partition open.
    bool keeps(const detail::hold_owner& l, std::int64_t at) const {
        return in_ && in_->covers(number_, l, at);
    }

private:
    detail::hold_owner* in_ = nullptr;
    std::int64_t number_ = 0;
};
static_assert(sizeof(hold) == 16);

}  // namespace weir
