// SPDX-License-Identifier: Apache-2.0
// An event: a value with its whole message, which can be acknowledged by hand.
#pragma once
#include <optional>
#include <string>
#include <utility>

#include <weir/segment/ack_state.hpp>
#include <weir/segment/key.hpp>

namespace weir {
namespace detail {
template <class K, class V>
class event_source;
struct event_access;
}  // namespace detail

/// A message: key and value, decoded and as bytes, with topic, partition, offset and timestamp. The
/// event that `events()` passes on refers to the message and is valid inside the body. A copy owns
/// its bytes and may be kept. A copy does not keep the message from being committed; `hold()` does.
/// Used on the loop's thread; a hold may be released elsewhere.
template <class K, class V>
class event {
public:
    /// An event of a message that was read elsewhere. There is nothing to acknowledge.
    event(K key, V value, weir::headers headers, weir::timestamp when, topic_partition tp,
          weir::offset offset, bytes raw_key, bytes raw_value)
        : key_(std::move(key)),
          value_(std::move(value)),
          headers_(std::move(headers)),
          tp_(std::move(tp)),
          raw_key_(std::move(raw_key)),
          raw_value_(std::move(raw_value)),
          offset_(offset),
          timestamp_(when) {}
    event(const event& o) { *this = o; }
    event(event&& o) { *this = std::move(o); }
    event& operator=(const event& o) {
        if (this == &o) return *this;
        key_ = o.key();
        headers_ = o.headers();
        raw_key_.assign(o.raw_key());
        if (value_) *value_ = o.value();
        else value_.emplace(o.value());
        raw_value_.assign(o.raw_value());
        offset_ = o.offset();
        timestamp_ = o.timestamp();
        tp_.topic = o.topic();
        tp_.partition = o.partition();
        from_ = nullptr;
        ack_state_ = o.ack_state_;
        handle_ = ack_state_ ? ack_state_->handle() : weir::hold{};
        return *this;
    }
    event& operator=(event&& o) {
        if (o.from_) return *this = std::as_const(o);
        key_ = std::move(o.key_);
        value_ = std::move(o.value_);
        headers_ = std::move(o.headers_);
        tp_ = std::move(o.tp_);
        raw_key_ = std::move(o.raw_key_);
        raw_value_ = std::move(o.raw_value_);
        offset_ = o.offset_;
        timestamp_ = o.timestamp_;
        from_ = nullptr;
        ack_state_ = std::exchange(o.ack_state_, nullptr);
        handle_ = std::move(o.handle_);
        return *this;
    }
    ~event() = default;

    const K& key() const { return from_ ? *detail::key_at<K>(at(), key_) : key_; }
    const V& value() const { return from_ && shown_ ? *shown_ : *value_; }
    const weir::headers& headers() const {
        if (from_ && !std::exchange(has_headers_, true)) headers_ = from_->headers_of(i_);
        return headers_;
    }
    weir::timestamp timestamp() const {
        return from_ && !has_result_time_ ? at().message().timestamp : timestamp_;
    }
    const std::string& topic() const { return source_tp().topic; }
    partition_id partition() const { return source_tp().partition; }
    weir::offset offset() const { return from_ ? from_->offset_of(i_) : offset_; }
    bytes_view raw_key() const { return from_ ? at().message().key : bytes_view{raw_key_}; }
    /// The bytes of the message's value. Null if the value was not read from a topic as it is.
    bytes_view raw_value() const { return from_ ? at().message().value : bytes_view{raw_value_}; }

    /// Acknowledges the message for this agent, even if the event has holds. True if this call did
    /// it; false if it was acknowledged before.
    bool ack() const { return ack_state_ && ack_state_->ack(); }
    bool acked() const { return !ack_state_ || ack_state_->acked(); }
    /// The message is acknowledged when the hold is released, not when its body returns.
    weir::hold hold() const { return ack_state_ ? ack_state_->hold() : weir::hold{}; }

private:
    friend class detail::event_source<K, V>;
    friend struct detail::event_access;
    event() = default;

    detail::origin at() const { return {*from_, i_}; }
    const topic_partition& source_tp() const {
        const auto* there = from_ ? from_->partition_of(i_) : nullptr;
        return there ? *there : tp_;
    }

    // of an event that refers to the current message
    detail::origins* from_ = nullptr;
    std::size_t i_ = 0;
    const V* shown_ = nullptr;  // null: `value_` has it
    // of a copy
    mutable K key_{};
    std::optional<V> value_;
    mutable weir::headers headers_;
    mutable bool has_headers_ = false;
    bool has_result_time_ = false;  // a table's: it is not the message's own
    topic_partition tp_;
    bytes raw_key_, raw_value_;
    weir::offset offset_ = 0;
    weir::timestamp timestamp_{};

    detail::ack_state* ack_state_ = nullptr;
    weir::hold handle_;  // of a copy: the ack_state stays
};

/// Acknowledges an event at the end of a scope, also when an exception leaves it.
class ack_on_exit {
public:
    template <class K, class V>
    explicit ack_on_exit(const event<K, V>& e)
        : event_(&e), ack_([](const void* of) { static_cast<const event<K, V>*>(of)->ack(); }) {}
    ack_on_exit(const ack_on_exit&) = delete;
    ack_on_exit& operator=(const ack_on_exit&) = delete;
    ~ack_on_exit() { ack_(event_); }

private:
    const void* event_;
    void (*ack_)(const void*);
};

namespace detail {

template <class T>
inline constexpr bool is_event = false;
template <class K, class V>
inline constexpr bool is_event<event<K, V>> = true;
template <class K, class V>
inline constexpr bool borrows<event<K, V>> = borrows<K> || borrows<V>;
template <class K, class V>
inline constexpr bool holds_messages<event<K, V>> = holds_messages<V>;

/// For operators, not for users.
struct event_access {
    static ack_state* of(const auto& e) { return e.ack_state_; }
};
/// For a value that is passed to a body. `seen`: the body can acknowledge it from now on. `acked`:
/// it was acknowledged by hand.
template <class T>
struct in_body {
    static void seen(const T&) {}
    static bool acked(const T&) { return false; }
};
template <class K, class V>
struct in_body<event<K, V>> {
    static void seen(const event<K, V>& e) {
        if (auto* r = event_access::of(e)) r->seen();
    }
    static bool acked(const event<K, V>& e) { return e.acked(); }
};

}  // namespace detail
}  // namespace weir
