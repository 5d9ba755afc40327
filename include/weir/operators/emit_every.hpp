// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/graph/pipeline.hpp>
#include <weir/segment/key.hpp>
#include <weir/state/change_table.hpp>

namespace weir {

struct emit_every_options {
    /// Keys that may wait. At the limit the one that waits longest is passed on early.
    std::size_t max = 100'000;
};

namespace detail {

/// The newest value of each key, until the stream time is so far behind the time of the first one
/// that was replaced. Those of the current message can be undone.
template <class V, class K, message_part Needs>
class newest_values final : public boundary {
public:
    static constexpr message_part needs =
        Needs | message_part::key | message_part::key_bytes | needs_stream_time;

    newest_values(plan& p, std::chrono::milliseconds every, std::size_t max)
        : every_(every), max_(max), whole_(p.agent().on_error.has_dead_letters()) {}

    void push(context& c, auto&& v) {
        current_.push_back(
            {std::forward<decltype(v)>(v), c.hold(), source_message::of<needs>(c, whole_)});
    }
    void apply(context& c) {
        const auto* tp = c.partition();
        auto& in = of_[tp];
        in.time = std::max(in.time, c.from.time_of(c.i));
        for (auto& v : current_) put(of_[v.from.tp], std::move(v));
        current_.clear();
        pass_on(in, in.time - every_);
        while (waiting_ > max_) pass_first();
        if (ready_.left() > 0) c.now.end(run_status::full);
    }
    /// Its own time has moved. What is behind it goes by the times of what it passes on.
    void drop(const context&) {}
    void undo() { current_.clear(); }
    bool full() const { return ready_.left() > 0; }

    input& ready() override { return ready_; }
    bool empty() const override { return waiting_ == 0 && ready_.left() == 0; }
    void flush() override {
        if (!ready_.stands_still)
            for (auto& [tp, in] : of_) pass_on(in, timestamp::max());
    }
    const char* why_held(const hold_owner& of, offset at) const override {
        if (ready_.holds(of, at)) return "it is being processed";
        for (auto& [tp, in] : of_)
            for (auto& [key, e] : in.by_key)
                if (e.what.held.keeps(of, at)) return "it waits for a newer value of its key";
        return nullptr;
    }
    void revoke() override {
        current_.clear();
        for (auto& [tp, in] : of_) {
            const auto leaves = [](auto& e) {
                return e.second.what.held.ownership() != ownership::owned;
            };
            for (auto i = in.by_key.begin(); i != in.by_key.end();) {
                if (!leaves(*i)) {
                    ++i;
                    continue;
                }
                i->second.what.held.forfeit();
                in.by_time.erase({i->second.since, i->first});
                i = in.by_key.erase(i);
                --waiting_;
            }
            if (in.by_key.empty()) in.time = no_time;
        }
    }

private:
    static constexpr auto no_time = timestamp{} - std::chrono::hours{24 * 365 * 1000};
    struct value {
        V is;
        hold held;
        source_message from;
    };
    struct entry {
        timestamp since;
        value what;
    };
    struct of_partition {
        timestamp time = no_time;
        std::map<std::string, entry, std::less<>> by_key{};
        std::set<std::pair<timestamp, std::string>> by_time{};
    };

    void put(of_partition& in, value v) {
        const auto key = v.from.key.view();
        if (const auto at = in.by_key.find(key); at != in.by_key.end()) {
            at->second.what = std::move(v);  // releases what was there
            return;
        }
        const auto since = v.from.timestamp;
        std::string its{key};
        in.by_time.emplace(since, its);
        in.by_key.emplace(std::move(its), entry{since, std::move(v)});
        ++waiting_;
    }
    void pass_on(of_partition& in, timestamp upto) {
        while (!in.by_time.empty() && in.by_time.begin()->first <= upto) pass_first(in);
    }
    void pass_first(of_partition& in) {
        const auto first = in.by_time.begin();
        const auto at = in.by_key.find(first->second);
        auto& v = at->second.what;
        ready_.push(std::move(v.is), std::move(v.held), std::move(v.from));
        in.by_key.erase(at);
        in.by_time.erase(first);
        --waiting_;
    }
    void pass_first() {
        of_partition* oldest = nullptr;
        for (auto& [tp, in] : of_)
            if (!in.by_time.empty() && (!oldest || *in.by_time.begin() < *oldest->by_time.begin()))
                oldest = &in;
        pass_first(*oldest);
    }

    const std::chrono::milliseconds every_;
    const std::size_t max_;
    const bool whole_;  // whole messages are kept, for dead letters
    std::vector<value> current_{};
    std::map<const topic_partition*, of_partition> of_{};
    std::size_t waiting_ = 0;
    ready_input<V> ready_{};
};

struct emit_every_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    template <class K, class V>
    static consteval bool check() {
        static_assert(!is_common_key<K>,
                      "weir: behind take a batch has no key of its own: put emit_every before "
                      "take, or flat_map(std::identity{}) behind it");
        static_assert(!borrows<V>,
                      "weir: emit_every keeps values beyond their messages: put map(weir::own) "
                      "before it");
        return true;
    }
    std::chrono::milliseconds every;
    emit_every_options options;

    std::string describe() const { return "emit_every(" + text_of(duration{every}) + ')'; }
    template <class K, class In, message_part Needs>
    auto split(plan& p) const {
        p.needs_open(options.max, describe());
        p.depends_on_time();
        using made = newest_values<In, K, Needs>;
        auto& s =
            static_cast<made&>(p.add(std::unique_ptr<boundary>{new made{p, every, options.max}}));
        return split_at{into_boundary<made, made::needs>{s}, downstream<K, In>{&s}};
    }
};
struct emit_every_fn {
    emit_every_op operator()(std::chrono::milliseconds every, emit_every_options o = {}) const {
        if (every.count() <= 0) throw setup_error{"weir: emit_every(d): the time must be positive"};
        if (o.max == 0)
            throw setup_error{"weir: emit_every(d, {.max}): a key has to wait somewhere"};
        return {every, o};
    }
};

}  // namespace detail

/// Passes on the newest value of each key, at most one in each `every` of stream time: for updates
/// of a table, of which only the last one counts.
///
///     in   --a1-a2-b1-a3-----|          a message a second
///     out  ----------a3-b1---|          emit_every(3s)
///
/// Shape    stream<K, V> -> stream<K, V>
/// Order    by the time of the first value that waited, then by the key's bytes
/// Acks     a value that a newer one of its key replaces is acknowledged
/// Holds    the newest value of each key that waits, and its message; at most `.max` keys. At the
///          limit the one that has waited longest is passed on early
/// Time     stream time: the largest timestamp of a partition's messages so far, dropped ones
///          included. When the app stops, everything that waits is passed on
/// Errors   none of its own; a value that fails is a failure of its message
/// Cost     a look at an ordered map for each value; allocations for each key that begins to wait
/// Throws   weir::setup_error if `every` is not positive or `.max` is 0, when the pipeline is
///          built; if `.max` is more than the app's open_max, when the app starts
/// Example  samples/operators/emit_every.cpp    Page docs/operators/emit_every.md
///          After Kafka Streams' suppress(untilTimeLimit)
inline constexpr detail::emit_every_fn emit_every{};

}  // namespace weir
