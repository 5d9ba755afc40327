// SPDX-License-Identifier: Apache-2.0
// The time of a message: its timestamp, or what the topic's `.time(f)` takes from the value.
#pragma once
#include <optional>

#include <weir/clock.hpp>
#include <weir/message.hpp>
#include <weir/segment/segment.hpp>

namespace weir::detail {

/// Takes the time of a message from its value. The topic owns it.
class timestamp_extractor {
public:
    virtual ~timestamp_extractor() = default;
    /// `value` points to a value of the type that `type` stands for.
    virtual timestamp of(const void* value) const = 0;
    virtual bool same_as(const timestamp_extractor&) const = 0;
    const void* type = nullptr;  // &type_id<V>
};

/// Whether the extractor takes the time of values of type V, or of what an optional V has.
template <class V>
struct takes_time_of {
    static bool by(const timestamp_extractor& e) { return e.type == &type_id<V>; }
    static timestamp of(const V& v, const timestamp_extractor& e, timestamp /*own*/) {
        return e.of(&v);
    }
};
template <class V>
struct takes_time_of<std::optional<V>> {
    static bool by(const timestamp_extractor& e) { return e.type == &type_id<V>; }
    /// A null value has the message's own.
    static timestamp of(const std::optional<V>& v, const timestamp_extractor& e, timestamp own) {
        return v ? e.of(&*v) : own;
    }
};

/// Which times a message may have.
class time_limits {
public:
    time_limits() = default;
    time_limits(const clock& c, duration ahead_max) : clock_(&c), ahead_max_(ahead_max) {}
    /// The latest time that a message may have now.
    timestamp latest() const;
    /// Throws decode_error if the time is before 1970, or behind `latest`.
    void check(timestamp at, timestamp latest) const {
        if (at < timestamp{} || at > latest) [[unlikely]]
            refuse(at);
    }

private:
    [[noreturn]] void refuse(timestamp) const;

    const clock* clock_ = nullptr;
    duration ahead_max_{};
};

/// How the messages that one decoder decodes get their times.
struct message_time {
    const timestamp_extractor* from = nullptr;  // null: a message has its own timestamp
    bool matters = false;                       // an operator behind it depends on the time
    time_limits limits{};

    bool is_checked() const { return from || matters; }
};

}  // namespace weir::detail
