// SPDX-License-Identifier: Apache-2.0
// What `take` yields: a random-access range of values. Their messages are held until the batch has
// been processed.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <weir/segment/boundary.hpp>

namespace weir {
namespace detail {

/// The values of a batch and their holds. It is a hold_owner: one hold of the batch holds all of
/// its messages. Lives as long as the last hold. As `origins` it gives each value its own message,
/// for operators that take the batch apart.
template <class V>
class batch_contents : public hold_owner, public origins {
public:
    batch_contents(std::shared_ptr<release_queue> releases, std::vector<V> of,
                   std::vector<hold> holds, std::vector<source_message> messages)
        : hold_owner(std::move(releases)),
          values(std::move(of)),
          holds_(std::move(holds)),
          messages_(std::move(messages)) {}

    const std::vector<V> values;

    void add(std::int64_t) override { ++open_; }
    void remove(std::int64_t) override {
        if (--open_ > 0) return;
        if (forfeited_)
            for (auto& h : holds_) h.forfeit();
        delete this;
    }
    void forfeit(std::int64_t n) override {
        forfeited_ = true;
        remove(n);
    }
    /// A batch counts as owned while any of its messages is, since it is processed as a whole.
    /// Messages that were acknowledged by hand do not count.
    detail::ownership ownership() const override {
        auto least = detail::ownership::lost;
        bool any = false;
        for (auto& h : holds_)
            if (h) {
                any = true;
                least = std::min(least, h.ownership());
            }
        return any ? least : detail::ownership::owned;
    }
    bool covers(std::int64_t, const hold_owner& l, std::int64_t of) const override {
        return std::any_of(holds_.begin(), holds_.end(),
                           [&](const hold& h) { return h.keeps(l, of); });
    }
    hold hold_of(std::size_t i) override { return holds_[i].share(); }  // of this message alone
    void release(std::size_t i) override { holds_[i].release(); }
    detail::ownership ownership_of(std::size_t i) const override { return holds_[i].ownership(); }
    offset offset_of(std::size_t i) const override { return messages_[i].offset; }
    message message_of(std::size_t i) const override { return messages_[i].view(); }
    headers headers_of(std::size_t i) const override { return messages_[i].headers; }
    const topic_partition* partition_of(std::size_t i) const override { return messages_[i].tp; }
    bool of_batch(std::size_t i) const override { return is_batch<V> || messages_[i].of_batch; }
    several parts_of(std::size_t i) const override {
        return detail::parts_of(values[i], messages_[i]);
    }
    /// The batch as one message: the key that all its messages share, else null; the newest
    /// timestamp of its messages that come from a topic; topic, partition and offset of the first
    /// of them; no headers.
    source_message common() const;

protected:
    ~batch_contents() override = default;

private:
    std::vector<hold> holds_;
    std::vector<source_message> messages_;  // one for each value
    std::int64_t open_ = 0;
    bool forfeited_ = false;
};

/// With the decoded key of each value.
template <class V, class K>
class batch_contents_with_keys final : public batch_contents<V> {
public:
    batch_contents_with_keys(std::shared_ptr<release_queue> releases, std::vector<V> of,
                             std::vector<hold> holds, std::vector<source_message> messages,
                             std::vector<slot<K>> keys)
        : batch_contents<V>(std::move(releases), std::move(of), std::move(holds),
                            std::move(messages)),
          keys_(std::move(keys)) {}
    const void* key_of(std::size_t i) const override { return &keys_[i].value; }
    const void* keys_at() const override { return keys_.data(); }

private:
    ~batch_contents_with_keys() override = default;

    std::vector<slot<K>> keys_;
};

template <class V>
source_message batch_contents<V>::common() const {
    auto all = messages_.front();
    all.headers.clear();
    all.value.reset();
    for (auto& m : messages_) {
        if (!(all.key == m.key)) all.key.reset();
        if (!m.tp) continue;
        const bool first = !all.tp;
        if (first) {
            all.tp = m.tp;
            all.offset = m.offset;
        }
        if (first || m.timestamp > all.timestamp) all.timestamp = m.timestamp;
    }
    return all;
}

}  // namespace detail

/// Values whose messages are held until the last copy of the batch is destroyed. Copies share the
/// values. A hold of the batch holds all of its messages.
template <class V>
class batch {
public:
    using value_type = V;

    explicit batch(detail::batch_contents<V>& contents) : in_(&contents), held_(contents, 0) {}
    batch(const batch& o) : in_(o.in_), held_(o.held_.share()) {}
    batch(batch&&) noexcept = default;
    batch& operator=(batch o) noexcept {
        std::swap(in_, o.in_);
        std::swap(held_, o.held_);
        return *this;
    }
    ~batch() = default;

    auto begin() const { return in_->values.begin(); }
    auto end() const { return in_->values.end(); }
    std::size_t size() const { return in_->values.size(); }
    decltype(auto) operator[](std::size_t i) const { return in_->values[i]; }
    decltype(auto) front() const { return in_->values.front(); }
    decltype(auto) back() const { return in_->values.back(); }
    const std::vector<V>& values() const { return in_->values; }
    weir::hold hold() const { return held_.share(); }

    detail::batch_contents<V>& contents() const { return *in_; }

private:
    detail::batch_contents<V>* in_;
    weir::hold held_;
};

namespace detail {

template <class V>
inline constexpr bool is_batch<batch<V>> = true;

}  // namespace detail
}  // namespace weir
