// SPDX-License-Identifier: Apache-2.0
// Decodes a partition's batch once for all segments that read the same types.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/segment/message_time.hpp>
#include <weir/segment/segment.hpp>

namespace weir::detail {

/// Decodes one topic's messages to one pair of types. The partition owns the slots that it fills.
class decoder {
public:
    virtual ~decoder() = default;
    virtual std::unique_ptr<input> make(hold_owner& of, const topic_partition& tp) const = 0;
    /// Decodes the messages of `what` from the one at `from` on, and appends them to `into`.
    /// Returns the index of the first message that does not decode, with its error in `error`; else
    /// the number of messages.
    virtual std::size_t decode(input& into, const fetch& what, std::size_t from,
                               std::exception_ptr& error) const = 0;
    virtual void clear(input&) const = 0;
    /// Whether the extractor knows the type of the values.
    virtual bool takes_time_by(const timestamp_extractor&) const { return false; }

    message_time time{};  // set before the first message comes
};

/// The decoded batch of one partition. Slots keep their capacity. Only messages that were decoded
/// have a slot.
template <class K, class V>
class decoded : public input_of<V> {
public:
    decoded(hold_owner& of, const topic_partition& tp) : of_(&of), tp_(&tp) {}

    hold hold_of(std::size_t i) override { return {*of_, raw(i).offset}; }
    ownership ownership_of(std::size_t) const override { return of_->ownership(); }
    offset offset_of(std::size_t i) const override { return raw(i).offset; }
    timestamp time_of(std::size_t i) const override {
        return times.empty() ? raw(i).timestamp : times[i];
    }
    message message_of(std::size_t i) const override {
        auto m = raw(i);
        if (!times.empty()) m.timestamp = times[i];
        return m;
    }
    headers headers_of(std::size_t i) const override { return what->headers(which[i]); }
    const topic_partition* partition_of(std::size_t) const override { return tp_; }
    const topic_partition* common_partition() const override { return tp_; }
    const void* key_of(std::size_t i) const override {
        if constexpr (is_raw<K>) return nullptr;  // the message has it
        else return &keys[i].value;
    }
    const void* keys_at() const override {
        if constexpr (is_raw<K>) return nullptr;
        else return keys.data();
    }
    const void* value_of(std::size_t i, const void* type) const override {
        return type == &type_id<V> ? &this->values[i].value : nullptr;
    }

    void reserve(std::size_t n, bool takes_times = false) {
        if (this->values.size() < n) {
            this->values.resize(n);
            which.resize(n);
        }
        if constexpr (!is_raw<K>)
            if (keys.size() < n) keys.resize(n);
        if (takes_times && times.size() < n) times.resize(n);
    }

    const fetch* what = nullptr;
    std::vector<std::uint32_t> which;  // index in the fetch, for each slot
    struct nothing {};
    std::conditional_t<is_raw<K>, nothing, std::vector<slot<K>>> keys{};
    std::vector<timestamp> times{};  // empty: the messages have their own

private:
    const message& raw(std::size_t i) const { return what->messages()[which[i]]; }

    hold_owner* of_;
    const topic_partition* tp_;
};

/// The current exception as a decode_error that says what did not decode: "key" or "value".
std::exception_ptr decode_failure(const char* what);

template <class K, class V>
class decoder_of final : public decoder {
public:
    std::unique_ptr<input> make(hold_owner& of, const topic_partition& tp) const override {
        return std::unique_ptr<input>{new decoded<K, V>{of, tp}};
    }
    std::size_t decode(input& base, const fetch& what, std::size_t from,
                       std::exception_ptr& error) const override {
        auto& into = static_cast<decoded<K, V>&>(base);
        const auto messages = what.messages();
        into.what = &what;
        into.reserve(messages.size(), time.from != nullptr);
        const bool checks_time = time.is_checked();
        const auto latest = checks_time ? time.limits.latest() : timestamp{};
        const char* what_fails = "";
        try {
            for (; from < messages.size(); ++from) {
                auto& m = messages[from];
                what_fails = "key";
                if constexpr (!is_raw<K>) decode_into<K>(m.key, into.keys[into.count].value);
                what_fails = "value";
                decode_into<V>(m.value, into.values[into.count].value);
                if (checks_time) [[unlikely]] {
                    what_fails = "time";
                    take_time(into, m, latest);
                }
                into.which[into.count++] = static_cast<std::uint32_t>(from);
            }
        } catch (...) { error = decode_failure(what_fails); }
        return from;
    }
    void clear(input& base) const override { base.count = 0; }
    bool takes_time_by(const timestamp_extractor& e) const override {
        return takes_time_of<V>::by(e);
    }

    static std::unique_ptr<decoder> make_one() { return std::unique_ptr<decoder>{new decoder_of}; }

private:
    /// Of the message whose value was decoded last.
    void take_time(decoded<K, V>& into, const message& m, timestamp latest) const {
        auto at = m.timestamp;
        if (time.from) {
            at = takes_time_of<V>::of(into.values[into.count].value, *time.from, at);
            into.times[into.count] = at;
        }
        time.limits.check(at, latest);
    }
};

}  // namespace weir::detail
