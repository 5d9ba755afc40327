// SPDX-License-Identifier: Apache-2.0
// A boundary: a node that buffers or waits between two segments, and what it has ready for the second.
#pragma once
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/segment/chain.hpp>

namespace weir::detail {

/// Something that can fail and is tried again by its policy: the message a cursor stands at, or an
/// asynchronous call. Who fails says what happened; the conductor decides and calls one of the two.
struct retryable {
    int failures = 0;         // so far
    bool acked = false;  // by hand, all that was made of it: commits pass it, it is not tried again
    time_point not_before{};  // of the next one

    virtual void retry() = 0;
    virtual void skip() = 0;  // acknowledged without a result
    virtual origins& from() = 0;
    virtual std::size_t at() const = 0;

protected:
    ~retryable() = default;
};

/// Between two segments of one agent. Lives as long as its run; used by the loop's thread only. Its
/// first half is the sink of the segment before, its second the input of the segment behind.
class boundary {
public:
    virtual ~boundary() = default;
    virtual input& ready() = 0;
    /// Nothing is buffered, under way or ready.
    virtual bool empty() const = 0;
    /// Something is under way that ends by itself: a call.
    virtual bool waits_for_work() const { return false; }

    /// Moves into `ready` what is complete by now.
    virtual void poll(time_point /*now*/) {}
    /// When `poll` has something to do, as far as time decides.
    virtual time_point due() const { return time_point::max(); }
    /// What is buffered becomes a last short batch.
    virtual void flush() {}
    /// Of partitions that are not ours for long: what only waits for time or company leaves,
    /// unacknowledged.
    virtual void revoke() {}
    /// Of partitions that are gone: what is under way will give no result.
    virtual void abandon() {}
    /// A call that failed and asks for its policy; told once a failure.
    virtual std::pair<retryable*, std::exception_ptr> failure() { return {}; }

    /// What it does with this message of that partition; null if it does not hold it.
    virtual const char* has(const hold_owner&, offset) const { return nullptr; }

    // Of a source, which has nothing before it: a range.
    virtual bool is_source() const { return false; }
    virtual bool ended() const { return false; }  // it has no more
    virtual void stop() {}                        // it gives no more

    agent_info* agent = nullptr;
    std::string op{};  // as drawn
};

/// What a boundary keeps of the message behind a value: where somebody behind it can show or send it,
/// or where its agent's policy can make a dead letter of it.
struct source_message {
    bytes key{};
    bytes value{};  // as it came; for a dead letter alone
    weir::headers headers{};
    weir::timestamp timestamp{};
    weir::offset offset = 0;
    const topic_partition* tp = nullptr;  // lives as long as the hold beside it
    origins::several parts{};  // of what was made of a batch; live as long as the hold beside it

    message view() const { return {key, value, offset, timestamp}; }
    /// Its partition and offset always, so that an error can name it; key, headers and timestamp where they are
    /// shown; `whole` for a dead letter.
    template <bool NeedsMessage>
    static source_message of(const context& c, bool whole) {
        const auto m = c.message();
        source_message kept;
        kept.offset = m.offset, kept.tp = c.from.partition_of(c.i);
        if (NeedsMessage || whole)
            kept.key.assign(m.key), kept.timestamp = m.timestamp,
                kept.headers = c.from.headers_of(c.i);
        if (whole) kept.value.assign(m.value), kept.parts = c.from.parts_of(c.i);
        return kept;
    }
};
/// The messages that `v` stands for, if it is a batch; else those of the value it was made of.
template <class T>
origins::several parts_of(const T& v, const source_message& made_of) {
    if constexpr (is_batch<T>) return {&v.contents(), v.size()};
    else return made_of.parts;
}

/// What a boundary has ready: each value with the hold it brought, and its message where that is shown.
template <class T>
class ready_input final : public input_of<T> {
public:
    void push(T v, hold h, source_message m = {}) {
        this->values.push_back({std::move(v)}), ++this->count;
        holds_.push_back(std::move(h));
        messages_.push_back(std::move(m));
    }
    hold hold_of(std::size_t i) override { return holds_[i].share(); }
    void release(std::size_t i) override { holds_[i].release(); }
    message message_of(std::size_t i) const override { return messages_[i].view(); }
    headers headers_of(std::size_t i) const override { return messages_[i].headers; }
    const topic_partition* partition_of(std::size_t i) const override { return messages_[i].tp; }
    origins::several parts_of(std::size_t i) const override {
        return detail::parts_of(this->values[i].value, messages_[i]);
    }
    void passed(std::size_t upto) override {
        for (; first_ < upto; ++first_) {
            [[maybe_unused]] const auto gone = std::move(this->values[first_].value);
            holds_[first_].release();
        }
        if (upto < this->count) return;
        this->values.clear(), holds_.clear(), messages_.clear();
        this->count = first_ = 0;
    }
    bool forget(std::size_t from) override {
        const auto goes = [&](std::size_t i) { return holds_[i].ownership() == ownership::lost; };
        const bool first_goes = from < this->count && goes(from);
        auto left = from;  // what is before stays where it is: somebody may look at it
        for (auto i = from; i < this->count; ++i) {
            if (goes(i)) {
                holds_[i].forfeit();
                continue;
            }
            if (i != left) {
                move(this->values[i], this->values[left]);
                holds_[left] = std::move(holds_[i]), messages_[left] = std::move(messages_[i]);
            }
            ++left;
        }
        while (this->count > left) {
            this->values.pop_back(), holds_.pop_back(), messages_.pop_back();
            --this->count;
        }
        return first_goes;
    }
    std::size_t left() const { return this->count - first_; }
    bool has(const hold_owner& of, offset at) const {
        return std::any_of(holds_.begin(), holds_.end(),
                           [&](const hold& h) { return h.keeps(of, at); });
    }

private:
    static void move(slot<T>& from, slot<T>& to) {
        if constexpr (std::is_move_assignable_v<T>) to = std::move(from);
        else std::destroy_at(&to), std::construct_at(&to, std::move(from));
    }
    std::vector<hold> holds_;
    std::vector<source_message> messages_;
    std::size_t first_ = 0;
};

/// The end of the segment before a boundary: passes everything to the boundary's node.
template <class Node, bool NeedsMessage>
struct into_boundary : sink {
    static constexpr bool needs_message = NeedsMessage;
    Node* node;
    explicit into_boundary(Node& n) : node(&n) {}
    void push(context& c, auto&& v) { node->push(c, std::forward<decltype(v)>(v)); }
    void apply(context& c) { node->apply(c); }
    void undo() { node->undo(); }
    bool full() { return node->full(); }
};

}  // namespace weir::detail
