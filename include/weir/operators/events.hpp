// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/event.hpp>
#include <weir/graph/pipeline.hpp>

namespace weir {
namespace detail {

/// The events of the current message, in entries that are used again. An event is an origin: an
/// operator that buffers it takes a hold of the event, so that the event can still be acknowledged
/// by hand.
template <class K, class V>
class event_source {
public:
    static constexpr message_part needs = all_but_value;
    explicit event_source(std::shared_ptr<release_queue> releases)
        : acks_(std::make_unique<ack_states>(std::move(releases))) {}

    void operator()(context& c, auto&& v, auto&& next) {
        auto& p = next_entry();
        auto& e = p.shown;
        e.from_ = &c.from;
        e.i_ = c.i;
        e.has_headers_ = false;
        e.has_result_time_ = c.result_time != nullptr;
        if (c.result_time) e.timestamp_ = *c.result_time;
        if constexpr (std::is_lvalue_reference_v<decltype(v)>) {
            e.shown_ = &v;
        } else {
            e.shown_ = nullptr;
            e.value_ = std::forward<decltype(v)>(v);
        }
        p.of = &acks_->begin(c);
        e.ack_state_ = p.of;
        ++count_;
        context its{p, 0, c.now};
        next(its, std::as_const(e));
    }
    void apply(context& c) {
        if (!c.now.more) acks_->through();  // else further events of the message may come
    }
    void finish() {
        count_ = 0;
        acks_->finish();
    }
    void undo() {
        count_ = 0;
        acks_->undo();
    }

private:
    struct entry final : origins {
        event<K, V> shown{};
        ack_state* of = nullptr;

        hold hold_of(std::size_t) override { return of->hold(); }
        hold source_of(std::size_t) override { return shown.from_->source_of(shown.i_); }
        void release(std::size_t) override { of->ack(); }
        ownership ownership_of(std::size_t) const override {
            return shown.from_->ownership_of(shown.i_);
        }
        offset offset_of(std::size_t) const override { return shown.from_->offset_of(shown.i_); }
        message message_of(std::size_t) const override {
            auto m = shown.at().message();
            m.timestamp = shown.timestamp();
            return m;
        }
        headers headers_of(std::size_t) const override { return shown.from_->headers_of(shown.i_); }
        const topic_partition* partition_of(std::size_t) const override {
            return shown.from_->partition_of(shown.i_);
        }
        bool of_batch(std::size_t) const override { return shown.from_->of_batch(shown.i_); }
        const void* key_of(std::size_t) const override { return shown.from_->key_of(shown.i_); }
        several parts_of(std::size_t) const override { return shown.from_->parts_of(shown.i_); }
    };
    entry& next_entry() {
        if (count_ == entries_.size()) entries_.push_back(std::unique_ptr<entry>{new entry});
        return *entries_[count_];
    }

    std::unique_ptr<ack_states> acks_;
    std::vector<std::unique_ptr<entry>> entries_{};
    std::size_t count_ = 0;  // events of the current message
};

struct events_op {
    using weir_operator = void;
    template <class K, class In>
    using out = event<shown_key_t<K>, In>;

    std::string describe() const { return "events"; }
    template <class K, class In>
    auto make_step(plan& p) const {
        return event_source<shown_key_t<K>, In>{p.releases()};
    }
};

struct events_fn {
    events_op operator()() const { return {}; }
};

}  // namespace detail

/// Passes on every value with its whole message: key, headers, timestamp, topic, partition, offset,
/// bytes. The message can be acknowledged by hand.
///
///     in   --1--2--3--|
///     out  --e--e--e--|          events()
///
/// Shape    stream<K, V> -> stream<K, event<K, V>>
/// Order    kept
/// Acks     when the body returns. `event.ack()` acknowledges earlier; a hold of `event.hold()`
///          delays it
/// Holds    nothing
/// Errors   none of its own. A message that fails after `ack()` is reported and not tried again
/// Cost     no copy, no allocation; headers are made when asked for. A copy of an event owns its
///          bytes
/// Example  samples/operators/events.cpp    Page docs/operators/events.md    After Faust
///          Stream.events
inline constexpr detail::events_fn events{};

}  // namespace weir
