// SPDX-License-Identifier: Apache-2.0
// A hold keeps its message from being committed.
#pragma once
#include <cstdint>
#include <memory>
#include <utility>

namespace weir {
namespace detail {

class release_queue;

/// Whether the partition of a held message is assigned. Revoking: the group takes it away, and weir
/// finishes what it has begun. Lost: somebody else has it already.
enum class ownership : std::uint8_t { owned, revoking, lost };

/// The owner of holds: a partition's tracker, or a batch, which holds all of its messages. Lives
/// until its owner and its last hold are gone. `add` and `remove` run on the loop's thread. (After
/// the app has ended, `remove` runs on other threads, but never two at a time.)
class hold_owner {
public:
    explicit hold_owner(std::shared_ptr<release_queue> releases) : releases_(std::move(releases)) {}
    hold_owner(const hold_owner&) = delete;
    hold_owner& operator=(const hold_owner&) = delete;
    virtual void add(std::int64_t number) = 0;
    virtual void remove(std::int64_t number) = 0;
    /// Removes the hold without acknowledging: no commit passes its message.
    virtual void forfeit(std::int64_t number) { remove(number); }
    /// Acknowledges by hand; the hold is removed afterwards. The default does nothing, for owners
    /// where removing a hold acknowledges.
    virtual void acknowledge(std::int64_t) {}
    virtual detail::ownership ownership() const { return detail::ownership::owned; }
    /// Whether hold `number` keeps offset `of` of the partition whose tracker is `l` open.
    virtual bool covers(std::int64_t number, const hold_owner& l, std::int64_t of) const {
        return this == &l && number == of;
    }
    /// Removes the hold: at once on the loop's thread; on another thread in the loop's next turn.
    void release(std::int64_t number, bool acknowledged = false);

protected:
    virtual ~hold_owner() = default;
    release_queue& releases() const { return *releases_; }
    friend class release_queue;

private:
    std::shared_ptr<release_queue> releases_;
};

}  // namespace detail

/// While a hold lives, no commit passes its message. 16 bytes: a pointer to its owner and a number.
/// Move-only. May be released on any thread, also when its app is gone.
class [[nodiscard]] hold {
public:
    hold() = default;
    hold(detail::hold_owner& in, std::int64_t number) : in_(&in), number_(number) {
        in.add(number);
    }
    hold(hold&& o) noexcept : in_(std::exchange(o.in_, nullptr)), number_(o.number_) {}
    hold& operator=(hold&& o) noexcept {
        hold taken{std::move(o)};  // releases the hold that was here now, not when `o` is destroyed
        std::swap(in_, taken.in_);
        std::swap(number_, taken.number_);
        return *this;
    }
    ~hold() { release(); }

    /// Releases the hold. The message can be committed when nobody else holds it.
    void release() {
        if (auto* in = std::exchange(in_, nullptr)) in->release(number_);
    }
    /// Acknowledges the message and releases the hold. Behind `noack()`, `release` alone does not
    /// acknowledge: the message is delivered again after a restart. Elsewhere the two are the same.
    void ack() {
        if (auto* in = std::exchange(in_, nullptr)) in->release(number_, true);
    }
    explicit operator bool() const { return in_ != nullptr; }

    /// One more hold of the same message. Only on the loop's thread.
    hold share() const { return in_ ? hold{*in_, number_} : hold{}; }
    /// Releases the hold without acknowledging. Only on the loop's thread.
    void forfeit() {
        if (auto* in = std::exchange(in_, nullptr)) in->forfeit(number_);
    }
    detail::ownership ownership() const {
        return in_ ? in_->ownership() : detail::ownership::owned;
    }
    /// Whether it keeps offset `at` open in the partition whose tracker is `l`.
    bool keeps(const detail::hold_owner& l, std::int64_t at) const {
        return in_ && in_->covers(number_, l, at);
    }

private:
    detail::hold_owner* in_ = nullptr;
    std::int64_t number_ = 0;
};
static_assert(sizeof(hold) == 16);

}  // namespace weir
