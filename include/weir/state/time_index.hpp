// SPDX-License-Identifier: Apache-2.0
// The rows of a shard by times: which of them go next.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/fwd.hpp>

namespace weir::detail {

/// Rows by times: of messages that are held, of ids, of timers. Later ones are in buckets, as they
/// came; those of the earliest bucket are in a heap once their order is asked for. What is here may
/// have gone already, or its row may be another key's: the row says so.
template <class Row>
class time_index {
public:
    explicit time_index(std::chrono::milliseconds width)
        : width_(std::max(width, std::chrono::milliseconds{1})) {}
    struct entry {
        timestamp time;
        Row* row;
    };
    void add(Row& r, timestamp t) {
        const auto in = bucket_of(t);
        if (in <= near_) return push({t, &r});
        if (in != last_ || !last_bucket_) {
            last_bucket_ = &bucket(in);
            last_ = in;
        }
        last_bucket_->first = std::min(last_bucket_->first, t);
        last_bucket_->all.push_back({t, &r});
    }
    /// The earliest time; timestamp::max(): nothing is here.
    timestamp first() const {
        if (!heap_.empty()) return heap_.front().time;
        return far_.empty() ? timestamp::max() : far_.begin()->second.first;
    }
    /// The next one before `t`, by time and the key's bytes; null: there is none. `pop` removes it.
    const entry* next_before(timestamp t) {
        while (heap_.empty() && !far_.empty() && far_.begin()->second.first < t) bring_near();
        return !heap_.empty() && heap_.front().time < t ? &heap_.front() : nullptr;
    }
    void pop() {
        std::pop_heap(heap_.begin(), heap_.end(), later{this});
        heap_.pop_back();
    }
    /// Takes any one before `t`. It may wait until a whole bucket is.
    std::optional<entry> take_any_before(timestamp t) {
        if (taken_ == taking_.size() && !begin_taking(t)) return {};
        return taking_[taken_++];
    }

private:
    struct bucket_type {
        timestamp first = timestamp::max();
        std::vector<entry> all{};
    };
    struct later {
        const time_index* in;
        bool operator()(const entry& a, const entry& b) const {
            if (a.time != b.time) return a.time > b.time;
            return a.row != b.row && in->has_later_key(*a.row, *b.row);
        }
    };
    std::int64_t bucket_of(timestamp t) const { return t.time_since_epoch() / width_; }
    bucket_type& bucket(std::int64_t n) {
        auto at = far_.lower_bound(n);
        if (at != far_.end() && at->first == n) return at->second;
        at = far_.emplace_hint(at, n, bucket_type{});
        at->second.all = std::exchange(spare_, {});
        return at->second;
    }
    void push(entry e) {
        heap_.push_back(e);
        std::push_heap(heap_.begin(), heap_.end(), later{this});
    }
    void bring_near() {
        const auto first = far_.begin();
        near_ = first->first;
        heap_.swap(first->second.all);  // it is empty
        std::make_heap(heap_.begin(), heap_.end(), later{this});
        remove(first);
    }
    bool begin_taking(timestamp t) {
        taking_.clear();
        taken_ = 0;
        const auto first = far_.begin();
        if (first == far_.end() || timestamp{(first->first + 1) * width_} > t) return false;
        taking_.swap(first->second.all);
        remove(first);
        return true;
    }
    void remove(auto bucket) {
        last_bucket_ = nullptr;
        bucket->second.all.clear();
        spare_.swap(bucket->second.all);
        far_.erase(bucket);
    }
    bool has_later_key(const Row& a, const Row& b) const {
        a_.reset();
        b_.reset();
        encode_onto(a.key, a_);
        encode_onto(b.key, b_);
        return a_.view() > b_.view();
    }

    std::chrono::milliseconds width_;
    std::map<std::int64_t, bucket_type> far_{};
    std::int64_t last_ = 0;  // the bucket that was added to last
    bucket_type* last_bucket_ = nullptr;
    std::int64_t near_ = -1;  // this bucket, and those before it, are in the heap
    std::vector<entry> heap_{}, taking_{}, spare_{};
    std::size_t taken_ = 0;
    mutable bytes a_{}, b_{};
};

}  // namespace weir::detail
