// SPDX-License-Identifier: Apache-2.0
// What may be committed of one partition during one assignment.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include <weir/fwd.hpp>
#include <weir/hold.hpp>

namespace weir::detail {

/// The hold_owner of one assigned partition. Each assignment has an object of its own. The
/// partition's owner makes it at the assignment and gives it up with `revoke`. A revoked tracker
/// ignores its holds and is destroyed with the last one. Used on the loop's thread only. A message
/// that nobody holds has no entry: the position moves past it, and gaps need no bookkeeping. Held
/// messages are bits in words of 64 aligned offsets, sorted. Finished words leave from the front,
/// or by compaction when they outnumber the others. Memory is O(open); a step is O(1) amortised if
/// offsets are dense, and O(log open) if they have gaps. Invariants: the front word has an open
/// message; a message is held before a commit may pass it, so `committable` never goes back.
class offset_tracker final : public hold_owner {
public:
    /// `committed`: what the group has committed, if that is known.
    explicit offset_tracker(std::shared_ptr<release_queue> releases,
                            std::optional<offset> committed = {})
        : hold_owner(std::move(releases)), committed_(committed) {}

    /// A batch has been read. Offsets that never arrive (compaction, transaction markers) are not
    /// in any batch.
    void delivered(offset first, offset last) {
        assert(first <= last && (!first_ || first >= end_));
        if (!first_) first_ = position_ = first;
        end_ = last + 1;
    }
    /// Nothing more will come before this offset.
    void skipped(offset upto) {
        if (!first_) {
            if (!committed_ || upto <= *committed_) return;  // that is nothing new
            first_ = position_ = end_ = *committed_;
        }
        end_ = std::max(end_, upto);
    }
    /// No commit passes this offset.
    void keep_back(offset at) { forfeited_ = std::min(forfeited_, at); }
    /// Every agent has finished what is before `upto`.
    void passed(offset upto) {
        assert(upto >= position_ && upto <= end_);
        position_ = upto;
    }
    /// The offset behind the last delivered message.
    offset end() const { return end_; }
    /// How many messages are held.
    std::size_t open() const { return open_; }
    /// How many messages are held of those that every agent has finished.
    std::size_t open_behind() const;
    std::optional<offset> oldest_open() const {
        if (words_.empty()) return {};
        const word& front = words_[head_];
        return first_of(front.index) + std::countr_zero(front.open);
    }
    /// The oldest message that is held or not finished. Valid once messages have been delivered.
    offset committable() const {
        const offset upto = std::min(position_, forfeited_);
        if (words_.empty()) return upto;
        const word& front = words_[head_];
        return std::min(upto, first_of(front.index) + std::countr_zero(front.open));
    }
    /// Everything before it is finished. Before the first message: what is committed; none if
    /// nothing is.
    std::optional<offset> finished() const {
        return first_ ? std::optional{committable()} : committed_;
    }
    /// The offset to commit, no more than `most`, if it is beyond what is committed, or beyond the
    /// first message that came.
    std::optional<offset> to_commit(offset most = std::numeric_limits<offset>::max()) const {
        if (!first_) return {};
        const offset now = std::min(committable(), most);
        return now > committed_.value_or(*first_) ? std::optional{now} : std::nullopt;
    }
    /// What the group has committed, if that is known.
    std::optional<offset> committed_offset() const { return committed_; }
    /// The first message that came and is not committed; none before one has come.
    std::optional<offset> first_to_commit() const {
        return first_ ? std::optional{committed_.value_or(*first_)} : std::nullopt;
    }
    /// How many offsets such a commit would pass.
    std::size_t uncommitted() const {
        const auto to = to_commit();
        return to ? static_cast<std::size_t>(*to - committed_.value_or(*first_)) : 0;
    }
    /// The first message that came and is not committed, finished or not.
    std::optional<offset> first_uncommitted() const {
        if (!first_) return {};
        const offset from = committed_.value_or(*first_);
        return from < end_ ? std::optional{from} : std::nullopt;
    }
    /// The broker has the commit. An answer that is older than another one changes nothing: a
    /// commit never goes back.
    void committed(offset at) { committed_ = std::max(at, committed_.value_or(at)); }
    /// While `on`, releasing a hold does not acknowledge: no commit passes its message.
    void forfeit(bool on) { forfeiting_ = on; }
    /// Its partition is revoked or lost. Once it is lost, releasing a hold does not acknowledge.
    void set_ownership(detail::ownership to) {
        ownership_ = to;
        if (to == detail::ownership::lost) forfeit(true);
    }
    detail::ownership ownership() const override { return ownership_; }
    /// The owner gives it up and does not use it again.
    void revoke();

    void add(offset at) override;
    void remove(offset at) override;
    void forfeit(offset at) override;

    /// Bytes in use, for tests and measurements.
    std::size_t footprint() const;

private:
    using counts = std::array<std::uint32_t, 64>;
    struct word {
        std::int64_t index;            // of 64 offsets; the first offset divided by 64
        std::uint64_t open;            // a bit for each held message
        std::unique_ptr<counts> more;  // further holds, if any message has had several
    };
    using word_iterator = std::vector<word>::iterator;

    ~offset_tracker() override = default;
    static constexpr offset first_of(std::int64_t index) { return index * 64; }
    word_iterator find(std::int64_t index);
    word& word_of(std::int64_t index);
    void one_more(word&, std::size_t bit);
    void emptied(word&);

    std::vector<word> words_;  // empty, or from `head_` on sorted by index
    std::size_t head_ = 0;     // words before this are finished
    std::size_t dead_ = 0;     // finished words behind the front one
    std::size_t open_ = 0, holds_ = 0;
    offset position_ = 0, end_ = 0;
    std::optional<offset> committed_, first_;
    std::vector<std::unique_ptr<counts>> spare_;             // all zero
    offset forfeited_ = std::numeric_limits<offset>::max();  // the oldest
    bool forfeiting_ = false, revoked_ = false;
    detail::ownership ownership_ = detail::ownership::owned;
};

/// How a partition's owner keeps its tracker: deleting it revokes it.
struct revoke_tracker {
    void operator()(offset_tracker* t) const { t->revoke(); }
};
using owned_tracker = std::unique_ptr<offset_tracker, revoke_tracker>;

}  // namespace weir::detail
