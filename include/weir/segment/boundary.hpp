// SPDX-License-Identifier: Apache-2.0
// A boundary: it buffers or waits between two segments.
#pragma once
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/segment/agent.hpp>
#include <weir/segment/chain.hpp>
#include <weir/segment/key.hpp>
#include <weir/segment/retryable.hpp>

namespace weir::detail {

/// Stands between two segments of one agent: the sink of the first and the input of the second.
/// Lives as long as its run; used on the loop's thread only.
class boundary {
public:
    virtual ~boundary() = default;
    /// The input of the segment behind it.
    virtual input& ready() = 0;
    /// True if nothing is buffered, under way or ready.
    virtual bool empty() const = 0;
    /// True if a call is under way, which ends by itself.
    virtual bool waits_for_work() const { return false; }
    /// Calls that may be under way at once.
    virtual std::size_t concurrency() const { return 1; }

    /// Moves what is complete into `ready`.
    virtual void poll(time_point /*now*/) {}
    /// When `poll` has something to do, if that depends on the time.
    virtual time_point due() const { return time_point::max(); }
    /// Completes what is buffered, although it could wait for more.
    virtual void flush() {}
    /// Forfeits values that only wait for more values or for a time, if their partition is being
    /// revoked or is lost.
    virtual void revoke() {}
    /// Forfeits calls under way, if their partition is lost.
    virtual void abandon() {}
    /// Forfeits calls whose retry is due only at `until` or later, and calls that wait behind them:
    /// of partitions that are being revoked or, at a stop, of all. True if there were any.
    virtual bool give_up_retries(time_point /*until*/, bool /*of_all*/) { return false; }
    /// A call that has failed, and its error. Each failure is returned once.
    virtual std::pair<retryable*, std::exception_ptr> failure() { return {}; }

    /// What it does with the message at this offset, for `explain`. Null if it does not hold the
    /// message.
    virtual const char* why_held(const hold_owner&, offset) const { return nullptr; }

    // for sources: a range or a channel has no segment before it
    virtual bool is_source() const { return false; }
    virtual bool ended() const { return false; }  // no value is left
    virtual void stop() {}                        // passes on no further values

    agent_info* agent = nullptr;
    std::string op{};  // as in the graph
};

/// The message that a value was made of. The parts are kept that later operators need; everything
/// is kept if the agent's policy can make a dead letter of it.
struct source_message {
    bytes key{};
    bytes value{};  // its bytes
    weir::headers headers{};
    weir::timestamp timestamp{};
    weir::offset offset = 0;
    const topic_partition* tp = nullptr;  // lives as long as the run
    origins::several parts{};             // of a batch; they live as long as its hold
    bool of_batch = false;
    bool dropped = false;  // it has no value

    message view() const { return {key, value, offset, timestamp}; }
    /// Topic, partition and offset are always kept, for errors, and the time for tables that bodies
    /// change. `whole`: everything is, for dead letters. A decoded key is kept elsewhere.
    template <message_part Needs>
    static source_message of(const context& c, bool whole) {
        const auto keeps = [=](message_part p) { return whole || includes(Needs, p); };
        source_message kept;
        kept.offset = c.offset();
        kept.tp = c.partition();
        kept.timestamp = c.time();
        kept.of_batch = c.from.of_batch(c.i);
        if (!whole && (Needs | message_part::time) == message_part::time) return kept;
        const auto m = c.message();
        if (keeps(message_part::key_bytes)) kept.key.assign(m.key);
        if (keeps(message_part::headers)) kept.headers = c.from.headers_of(c.i);
        if (keeps(message_part::value)) kept.value.assign(m.value);
        if (whole) kept.parts = c.from.parts_of(c.i);
        return kept;
    }
};
/// The messages of `v` if it is a batch, or of the batch that it was made of.
template <class T>
origins::several parts_of(const T& v, const source_message& made_of) {
    if constexpr (is_batch<T>) return {&v.contents(), v.size()};
    else return made_of.parts;
}

/// A message that was dropped before a boundary. It moves stream time behind it as soon as no older
/// message of its partition is on its way there.
struct dropped_message {
    const topic_partition* tp;
    weir::offset offset;
    timestamp time;

    static dropped_message of(const context& c) { return {c.partition(), c.offset(), c.time()}; }
};
/// Those that wait behind one that was not, of the same partition. Only those matter that move the
/// time further.
class dropped_behind {
public:
    void add(const dropped_message&);
    void add(const dropped_behind&);
    void clear() { all_.clear(); }
    /// They come behind what `into` has. `of`: holds the message that they are behind.
    void pass(auto& into, const hold& of) {
        for (auto& m : all_) into.push(of.share(), m);
        all_.clear();
    }

private:
    // Beyond it the last one stands for those before it. That is not exact if the partition is lost
    // while another agent still holds one of these.
    static constexpr std::size_t max = 10'000;
    std::vector<dropped_message> all_{};
};

/// What a boundary keeps of it if nobody asks for dropped messages.
struct nothing_behind {
    void add(const auto&) {}
    void clear() {}
    void pass(auto&, const hold&) {}
};
template <message_part Needs>
using kept_dropped =
    std::conditional_t<includes(Needs, message_part::dropped), dropped_behind, nothing_behind>;

/// What a boundary has ready: values, each with a hold, its source message, and its decoded key if
/// that is kept.
template <class T, class Key = no_key>
class ready_input final : public input_of<T> {
public:
    /// Not while it stands still.
    void push(T v, hold h, source_message m = {}, Key key = {}) {
        assert(!this->stands_still);
        this->values.push_back({std::move(v)});
        holds_.push_back(std::move(h));
        messages_.push_back(std::move(m));
        if constexpr (has_keys) keys_.push_back({std::move(key)});
        ++this->count;
        assert(this->values.size() == this->count && holds_.size() == this->count);
    }
    /// A message that was dropped.
    void push(hold h, const dropped_message& m) {
        assert(!this->stands_still);
        this->values.push_back({});
        holds_.push_back(std::move(h));
        auto& made = messages_.emplace_back();
        made.timestamp = m.time;
        made.offset = m.offset;
        made.tp = m.tp;
        made.dropped = this->any_dropped = true;
        if constexpr (has_keys) keys_.emplace_back();
        ++this->count;
    }
    hold hold_of(std::size_t i) override { return holds_[i].share(); }
    void release(std::size_t i) override { holds_[i].release(); }
    ownership ownership_of(std::size_t i) const override { return holds_[i].ownership(); }
    weir::offset offset_of(std::size_t i) const override { return messages_[i].offset; }
    message message_of(std::size_t i) const override { return messages_[i].view(); }
    headers headers_of(std::size_t i) const override { return messages_[i].headers; }
    const topic_partition* partition_of(std::size_t i) const override { return messages_[i].tp; }
    bool of_batch(std::size_t i) const override {
        return (is_batch<T> && !messages_[i].dropped) || messages_[i].of_batch;
    }
    bool is_dropped(std::size_t i) const override { return messages_[i].dropped; }
    const void* key_of(std::size_t i) const override {
        if constexpr (has_keys) return &keys_[i].value;
        else return nullptr;
    }
    const void* keys_at() const override {
        if constexpr (has_keys) return keys_.data();
        else return nullptr;
    }
    origins::several parts_of(std::size_t i) const override {
        return detail::parts_of(this->values[i].value, messages_[i]);
    }
    void passed(std::size_t upto) override {
        assert(first_ <= upto && upto <= this->count);
        for (; first_ < upto; ++first_) {
            [[maybe_unused]] const auto gone = std::move(this->values[first_]);
            holds_[first_].release();
        }
        if (upto < this->count) return;
        this->values.clear();
        holds_.clear();
        messages_.clear();
        if constexpr (has_keys) keys_.clear();
        this->count = first_ = 0;
        this->any_dropped = false;
    }
    bool forget(std::size_t from, ownership least) override {
        assert(first_ <= from && from <= this->count);
        const auto leaves = [&](std::size_t i) { return holds_[i].ownership() >= least; };
        const bool first_leaves = from < this->count && leaves(from);
        auto left = from;  // earlier values stay: a sink may still look at one
        for (auto i = from; i < this->count; ++i) {
            if (leaves(i)) {
                holds_[i].forfeit();
                continue;
            }
            if (i != left) {
                move(this->values[i], this->values[left]);
                holds_[left] = std::move(holds_[i]);
                messages_[left] = std::move(messages_[i]);
                if constexpr (has_keys) move(keys_[i], keys_[left]);
            }
            ++left;
        }
        for (; this->count > left; --this->count) {
            this->values.pop_back();
            holds_.pop_back();
            messages_.pop_back();
            if constexpr (has_keys) keys_.pop_back();
        }
        return first_leaves;
    }
    /// How many values have not been passed.
    std::size_t left() const { return this->count - first_; }
    bool holds(const hold_owner& of, offset at) const {
        return std::any_of(holds_.begin(), holds_.end(),
                           [&](const hold& h) { return h.keeps(of, at); });
    }

private:
    static constexpr bool has_keys = !std::is_same_v<Key, no_key>;
    template <class U>
    static void move(slot<U>& from, slot<U>& to) {
        if constexpr (std::is_move_assignable_v<U>) {
            to = std::move(from);
        } else {
            std::destroy_at(&to);
            std::construct_at(&to, std::move(from));
        }
    }
    std::vector<hold> holds_;
    std::vector<source_message> messages_;
    std::conditional_t<has_keys, std::vector<slot<Key>>, no_key> keys_{};
    std::size_t first_ = 0;  // the first that has not been passed
};

/// The sink of the segment before a boundary. What is dropped there moves stream time behind the
/// boundary, if an operator there asks for it: the boundary is told by `drop`.
template <class Boundary, message_part Needs>
struct into_boundary : sink {
    static constexpr message_part needs = Needs;
    Boundary* to;
    explicit into_boundary(Boundary& b) : to(&b) {}
    void push(context& c, auto&& v) {
        to->push(c, std::forward<decltype(v)>(v));
        pushed_ = true;
    }
    void apply(context& c) {
        to->apply(c);
        if constexpr (includes(Needs, message_part::dropped))
            if (!c.now.more) drop(c);
    }
    void finish() { pushed_ = false; }
    void undo() {
        pushed_ = false;
        to->undo();
    }
    bool full() { return to->full(); }

private:
    /// Of a batch that was taken apart, all messages count when what is left of it has passed.
    void drop(context& c) {
        if (c.from.of_batch(c.i)) {
            const auto batch = c.from.parts_of(c.i);
            for (std::size_t i = 0; i < batch.count; ++i) drop_one({*batch.in, i, c.now});
        } else if (!pushed_) {
            drop_one(c);
        }
        if (to->full()) c.now.end(run_status::full);
    }
    void drop_one(const context& c) {
        if (c.partition() && c.ownership() != ownership::lost) to->drop(c);
    }

    bool pushed_ = false;  // something of the current message
};

}  // namespace weir::detail
