// SPDX-License-Identifier: Apache-2.0
// The values of one message, which a coroutine or a pull loop takes one by one.
#pragma once
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <weir/segment/segment.hpp>

namespace weir::detail {

/// Filled by a chain's sink, and emptied by a coroutine or a pull loop. While a value is left, the
/// sink is full and the message is parked. So the message needs no hold, and its bytes stay. If the
/// message is lost while the consumer looks at a value, that value stays until the consumer asks
/// for the next one. Lives as long as its run or its pull stream; used on the loop's thread only.
template <class T>
class message_values {
public:
    bool empty() const { return next_ == count_; }
    void push(auto&& v) {
        if (empty()) next_ = count_ = 0;
        if (count_ < values_.size()) *values_[count_] = std::forward<decltype(v)>(v);
        else values_.push_back(std::unique_ptr<T>{new T(std::forward<decltype(v)>(v))});
        ++count_;
    }
    /// The message is undone, or its partition is lost.
    void forget() {
        if (std::exchange(looked_at_, false)) {
            lost_.swap(values_);
            lost_at_ = next_;
        }
        values_.clear();
        next_ = count_ = 0;
    }

    /// The consumer looks at the next value from now on. Null if there is none.
    const T* look() {
        looked_at_ = !empty();
        return looked_at_ ? values_[next_].get() : nullptr;
    }
    /// The value that the consumer looks at, even if it is lost.
    const T& current() const { return lost() ? *lost_[lost_at_] : *values_[next_]; }
    const T& next() const { return *values_[next_]; }
    bool looked_at() const { return looked_at_; }
    /// The number of the next value among the message's.
    std::size_t index() const { return next_; }
    bool lost() const { return !lost_.empty(); }
    /// The consumer is done with its value. False if it looks at none.
    bool pass() {
        if (!std::exchange(looked_at_, false)) return false;
        skip();
        return true;
    }
    /// The consumer failed at its value: the value stays, and the consumer no longer looks at it.
    /// False if it looks at none.
    bool stop_looking() { return std::exchange(looked_at_, false); }
    /// Passes the next value, which nobody looks at.
    void skip() {
        if constexpr (holds_messages<T>)  // released now, not when the object is used again
            [[maybe_unused]]
            const auto gone = std::move(*values_[next_]);
        ++next_;
    }
    /// The consumer no longer looks at any value, not even a lost one.
    void look_away() {
        looked_at_ = false;
        lost_.clear();
    }
    /// The same for a lost value alone.
    void forget_lost() { lost_.clear(); }

private:
    // Used again. Their addresses stay while more values of the message are added.
    std::vector<std::unique_ptr<T>> values_{}, lost_{};
    std::size_t next_ = 0, count_ = 0, lost_at_ = 0;
    bool looked_at_ = false;
};

}  // namespace weir::detail
