// SPDX-License-Identifier: Apache-2.0
// Finds the words of an offset tracker: by their distance from the front one, or by binary search.
#include "offset_tracker.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "../release_queue.hpp"

namespace weir::detail {
namespace {

// This many finished words, or spare counts, are kept in any case.
constexpr std::size_t few = 64;
// Room for more words than this (96 KB, a quarter of a million dense offsets) is freed when none is
// open.
constexpr std::size_t large = 4096;

constexpr std::uint64_t bit_of(offset at) { return std::uint64_t{1} << (at & 63); }

}  // namespace

/// The first word that is not before `index`. Words are distinct and sorted. So it is at most as
/// many places behind the front word as their indices differ, and the same holds for the last word.
/// If no word is missing, both give its exact place.
offset_tracker::word_iterator offset_tracker::find(std::int64_t index) {
    const auto front = words_.begin() + std::ptrdiff_t(head_);
    const auto last = words_.end() - 1;
    if (index <= front->index) return front;
    if (index > last->index) return words_.end();
    const auto high = front + std::min(index - front->index, last - front);
    if (high->index == index) return high;
    const auto low = last - std::min(last->index - index, last - front);
    return std::lower_bound(low, high, index,
                            [](const word& w, std::int64_t i) { return w.index < i; });
}

/// The word of `index`. Adds a finished one if there is none.
offset_tracker::word& offset_tracker::word_of(std::int64_t index) {
    if (words_.empty() || index > words_.back().index) {
        words_.push_back({index, 0, {}});
        ++dead_;
        return words_.back();
    }
    if (words_.back().index == index) return words_.back();
    const auto at = find(index);  // a slower segment's, never far back
    if (at->index == index) return *at;
    if (head_ > 0 && at - words_.begin() == std::ptrdiff_t(head_)) {
        --head_;
        ++dead_;
        return words_[head_] = {index, 0, {}};
    }
    const auto made = words_.insert(at, {index, 0, {}});
    ++dead_;
    return *made;
}

void offset_tracker::add(offset at) {
    assert(at >= 0);
    if (!revoked_) {
        assert(at < end_ && at >= committable() && "a commit may have passed it");
        word& in = word_of(at >> 6);
        if (in.open & bit_of(at)) {
            one_more(in, std::size_t(at & 63));
        } else {
            if (in.open == 0) --dead_;
            in.open |= bit_of(at);
            ++open_;
        }
    }
    ++holds_;
}

void offset_tracker::remove(offset at) {
    assert(holds_ > 0);
    --holds_;
    if (revoked_) {
        releases().count_stale();
        if (holds_ == 0) delete this;
        return;
    }
    if (forfeiting_) forfeited_ = std::min(forfeited_, at);
    const auto in = find(at >> 6);
    assert(in != words_.end() && in->index == at >> 6 && (in->open & bit_of(at)));
    if (in->more) {
        if (auto& more = (*in->more)[std::size_t(at & 63)]; more > 0) {
            --more;
            return;
        }
    }
    --open_;
    in->open &= ~bit_of(at);
    if (in->open == 0) emptied(*in);
}

std::size_t offset_tracker::open_behind() const {
    std::size_t n = 0;
    for (auto w = words_.begin() + std::ptrdiff_t(head_);
         w != words_.end() && first_of(w->index) < position_; ++w) {
        const auto finished = position_ - first_of(w->index);
        const auto those = finished < 64 ? bit_of(finished) - 1 : ~std::uint64_t{0};
        n += std::size_t(std::popcount(w->open & those));
    }
    return n;
}

void offset_tracker::forfeit(offset at) {
    if (!revoked_) forfeited_ = std::min(forfeited_, at);
    remove(at);
}

void offset_tracker::one_more(word& in, std::size_t bit) {
    if (!in.more) {
        if (spare_.empty()) {
            spare_.reserve(few);  // so that a release does not allocate
            in.more = std::make_unique<counts>();
        } else {
            in.more = std::move(spare_.back());
            spare_.pop_back();
        }
    }
    assert((*in.more)[bit] < std::numeric_limits<std::uint32_t>::max());
    ++(*in.more)[bit];
}

void offset_tracker::emptied(word& in) {
    if (in.more && spare_.size() < few) spare_.push_back(std::move(in.more));
    in.more.reset();
    ++dead_;
    for (; head_ < words_.size() && words_[head_].open == 0; ++head_) --dead_;
    const std::size_t kept = words_.size() - head_;
    assert(kept == 0 ? dead_ == 0 && open_ == 0 : dead_ < kept);
    if (kept == 0) {
        head_ = 0;
        words_.clear();
        if (words_.capacity() > large) words_.shrink_to_fit();
    } else if (head_ > few && head_ > kept) {
        words_.erase(words_.begin(), words_.begin() + std::ptrdiff_t(head_));
        head_ = 0;
    } else if (dead_ > kept - dead_ + few) {
        std::erase_if(words_, [](const word& w) { return w.open == 0; });
        head_ = dead_ = 0;
    }
}

void offset_tracker::revoke() {
    assert(!revoked_);
    if (holds_ == 0) {
        delete this;
        return;
    }
    revoked_ = true;
    ownership_ = detail::ownership::lost;
    head_ = dead_ = open_ = 0;
    std::exchange(words_, {});
    std::exchange(spare_, {});
}

std::size_t offset_tracker::footprint() const {
    const auto counted = std::count_if(words_.begin(), words_.end(),
                                       [](const word& w) { return w.more != nullptr; });
    return sizeof *this + words_.capacity() * sizeof(word) + spare_.capacity() * sizeof(spare_[0]) +
           (spare_.size() + std::size_t(counted)) * sizeof(counts);
}

}  // namespace weir::detail
