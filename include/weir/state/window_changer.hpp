// SPDX-License-Identifier: Apache-2.0
// An aggregation behind `window`, as it runs.
#pragma once
#include <algorithm>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/state/change_table.hpp>
#include <weir/state/closed_windows.hpp>
#include <weir/state/late.hpp>
#include <weir/state/stream_time.hpp>
#include <weir/window.hpp>

namespace weir::detail {

/// What `window` was given.
template <class Windows>
struct window_spec {
    Windows windows;
    std::chrono::milliseconds grace;
    window_options options;

    std::string text() const {
        return "window " + windows.text() + ", grace " + text_of(duration{grace});
    }
    window_settings settings() const {
        window_settings s{windows.text()};
        s.closes_after = grace + windows.closes_after();
        s.idle = options.idle;
        windows.describe(s);
        return s;
    }
    /// At `t` windows are closed that end here or before.
    timestamp closed_at(timestamp t) const { return t - grace - windows.closes_after(); }
};

/// The messages of results, with windows as their keys: on_update each result belongs to the
/// message that has changed the window.
template <class K>
class window_origins final : public origins {
public:
    /// The result is of the i-th value of `of`.
    context show(const context& c, const K& key, timestamp time) {
        of_ = &c.from;
        i_ = c.i;
        key_ = &key;
        time_ = time;
        bytes_.reset();
        return {*this, 0, c.now};
    }
    weir::hold hold_of(std::size_t) override { return of_->hold_of(i_); }
    weir::hold source_of(std::size_t) override { return of_->source_of(i_); }
    void release(std::size_t) override { of_->release(i_); }
    detail::ownership ownership_of(std::size_t) const override { return of_->ownership_of(i_); }
    weir::offset offset_of(std::size_t) const override { return of_->offset_of(i_); }
    timestamp time_of(std::size_t) const override { return time_; }
    message message_of(std::size_t) const override {
        auto m = of_->message_of(i_);
        if (bytes_.is_null()) encode_onto<K>(*key_, bytes_);
        m.key = bytes_;
        m.value = {};
        m.timestamp = time_;
        return m;
    }
    headers headers_of(std::size_t) const override { return of_->headers_of(i_); }
    const topic_partition* partition_of(std::size_t) const override {
        return of_->partition_of(i_);
    }
    bool of_batch(std::size_t) const override { return of_->of_batch(i_); }
    const void* key_of(std::size_t) const override { return key_; }
    several parts_of(std::size_t) const override { return of_->parts_of(i_); }

private:
    origins* of_ = nullptr;
    std::size_t i_ = 0;
    const K* key_ = nullptr;
    timestamp time_{};
    mutable bytes bytes_{};
};

/// Changes the windows that a message belongs to, and moves the time. `Closed`: where windows go
/// that close; void: each change is passed on, and a window that closes is only forgotten.
template <class Table, class Change, class Windows, class Closed>
class window_changer {
    using shard_type = typename Table::shard_type;
    using row_type = typename shard_type::row_type;
    using K = typename shard_type::key_type;
    using A = typename shard_type::result;
    static constexpr bool on_close = !std::is_void_v<Closed>;
    static constexpr bool has_sessions = std::is_same_v<Windows, session_windows>;

public:
    static constexpr message_part needs =
        needs_key<K> | all_but_value | message_part::value | needs_stream_time;
    window_changer(const Table& t, Change c, window_spec<Windows> s, produce_target* late,
                   Closed* closed)
        : table_(&t),
          change_(std::move(c)),
          spec_(std::move(s)),
          time_(t),
          late_(t, late),
          closed_(closed) {}

    void operator()(context& c, auto&& v, auto&& next) {
        if constexpr (requires { Change::passes_over(v); })
            if (Change::passes_over(v)) return passed_over_.add(c, null_value);
        time_.come(c, closes_of_batch(), [&](shard_type& shard, const ref_type& ref) {
            const auto upto = spec_.closed_at(shard.time());
            const auto time = c.time();
            if constexpr (has_sessions) add_to_session(c, shard, ref.by(c), time, upto, v, next);
            else add_to_windows(c, shard, ref.by(c), time, upto, v, next);
        });
    }
    void apply(context& c) {
        late_.apply(c);
        if (c.now.more) return;  // windows close with the last piece
        time_.apply(c, closes_of_batch());
        time_.each(c, [this](shard_type& s, const ref_type& ref, const context& its) {
            if (s.time() != no_time) close(s, ref, its);
        });
        if constexpr (on_close) closed_->begin(c);
    }
    void finish() {
        time_.finish();
        passed_over_.finish(*table_);
    }
    void undo() {
        time_.undo();
        late_.undo();
        passed_over_.undo();
    }
    bool full() { return late_.full(); }
    void assigned(const topic_partition& tp) { time_.assigned(tp); }
    void revoked(const topic_partition& tp) { time_.revoked(tp); }

private:
    using ref_type = shard_ref<Table>;
    /// Of a batch each message closes its own windows, whatever is in a batch with it.
    auto closes_of_batch() {
        return [&](shard_type& s, const ref_type& ref, const context& c, bool moved) {
            if constexpr (on_close)
                if (moved && &c.from != &c.now.current->from) close(s, ref, c);
        };
    }
    /// Closes the windows that end before the time.
    void close(shard_type& shard, const ref_type& ref, const context& c) {
        const auto upto = spec_.closed_at(shard.time());
        if (shard.next_end() > upto) {
            if constexpr (!has_sessions) shard.passed(upto);
            return;
        }
        if constexpr (on_close) closed_->move(ref.shared(), ref.by(c), c, shard.time());
        else forget_some(shard, ref.by(c), upto);
    }

    void add_to_windows(context& c, shard_type& shard, message_number by, timestamp time,
                        timestamp upto, const auto& v, auto& next) {
        // soon the windows are those that the last message was in
        soon<K>(
            c, [&](const K& later, const K& near) __attribute__((always_inline)) {
                shard.prefetch_window(later, near, window_.start, window_.end);
            });
        window_.key = *key_at<K>(c, scratch_);
        if (shard.has_panes()) return add_to_pane(c, shard, by, time, upto, v);
        spec_.windows.each(time, [&](timestamp start, timestamp end) {
            if (end <= upto) return late_.add(c, start, end, upto - end);
            window_.start = start;
            window_.end = end;
            auto* r = change_row(shard, by, time, v);
            if constexpr (!on_close) {
                if (!r) return;
                auto its = origins_.show(c, r->key, r->time);
                Change::pass(its, *r, v, next);
            }
        });
    }
    /// A pane is in its windows as a whole, so the message is in some of them or too late for all.
    void add_to_pane(context& c, shard_type& shard, message_number by, timestamp time,
                     timestamp upto, const auto& v) {
        const auto& w = spec_.windows;
        const auto last = w.floor(time, w.advance);
        if (last.time_since_epoch().count() < 0) return;
        if (w.first_end_behind(time) <= upto)
            w.each(time, [&](timestamp start, timestamp end) {
                if (end <= upto) late_.add(c, start, end, upto - end);
            });
        if (last + w.size <= upto) return;
        window_.start = w.pane_of(time);
        window_.end = window_.start + w.pane();
        if (const auto* r = change_row(shard, by, time, v)) shard.changed_value(*r);
    }
    /// Null: the row has this message's change already.
    row_type* change_row(shard_type& shard, message_number by, timestamp time, const auto& v) {
        auto* r = shard.change(window_, by.input, by.at);
        if (!r) return nullptr;
        const bool had = r->live;
        if (!had) r->value = table_->init;
        const auto now = change_.change(r->value, had, v);
        shard.set_live(*r, now == changed::set);
        if (!had && r->live) shard.opened(*r);
        r->time = had ? std::max(r->time, time) : time;
        return r;
    }
    /// The sessions that lie within the gap become one, from left to right; then the value is
    /// added.
    void add_to_session(context& c, shard_type& shard, message_number by, timestamp time,
                        timestamp upto, const auto& v, auto& next) {
        const K& key = *key_at<K>(c, scratch_);
        if (shard.has_change(key, by.input, by.at)) return;
        open_session<A> now{time, time, A{}};
        const auto* before = shard.find(key);
        std::size_t first = 0, count = 0;
        if (before) {
            const auto& all = before->value;
            const auto gap = spec_.windows.gap;
            // those that have closed may still be here
            while (first < all.size() && (all[first].end + gap < time || all[first].end <= upto))
                ++first;
            for (auto i = first; i < all.size() && all[i].start - gap <= time; ++i, ++count) {
                now.start = std::min(now.start, all[i].start);
                now.end = std::max(now.end, all[i].end);
            }
        }
        if (now.end <= upto)
            return late_.add(c, now.start, now.end, upto + std::chrono::milliseconds{1} - now.end);
        auto* r = shard.change(key, by.input, by.at);
        if (!r) return;
        auto& all = r->value;
        if (!r->live) all = {};
        if (count == 1 && all[first].start == now.start && all[first].end == now.end) {
            if (change_.change(all[first].value, true, v) == changed::erased) all.erase(first);
        } else {
            const auto was = count == 0 ? no_time : all[first + count - 1].end;
            for (std::size_t i = 0; i < count; ++i) {
                if constexpr (!on_close) withdraw(c, key, all[first], next);
                change_.merge(now.value, std::as_const(all)[first].value, i == 0);
                all.erase(first);
            }
            if (change_.change(now.value, count > 0, v) == changed::set) {
                shard.open().add(*r, now.start, now.end, was);
                all.insert(first, std::move(now));
            }
        }
        r->time = r->live ? std::max(r->time, time) : time;
        shard.set_live(*r, !all.empty());
        if constexpr (!on_close)
            if (first < all.size() && all[first].start <= time && time <= all[first].end)
                pass_session(c, key, all[first], next);
    }
    void withdraw(context& c, const K& key, const open_session<A>& s, auto& next) {
        show(key, s);
        auto its = origins_.show(c, window_, window_.end);
        next(its, std::optional<A>{});
    }
    void pass_session(context& c, const K& key, const open_session<A>& s, auto& next) {
        show(key, s);
        auto its = origins_.show(c, window_, window_.end);
        next(its, std::optional<A>{s.value});
    }
    void show(const K& key, const open_session<A>& s) {
        window_.key = key;
        window_.start = s.start;
        window_.end = s.end;
    }

    /// Forgets windows that have closed: a few with each message, which opens fewer.
    void forget_some(shard_type& shard, message_number by, timestamp upto) {
        constexpr std::size_t some = 64;
        const auto forget = [](auto&, auto&, timestamp) {};
        for (std::size_t n = 0; n < some; ++n)
            if (!shard.close_next(upto, by.input, by.at, forget)) return;
    }

    const Table* table_;
    Change change_;
    window_spec<Windows> spec_;
    stream_time<Table> time_;
    late_values late_;
    passed_over passed_over_{};
    Closed* closed_;
    windowed<K> window_{};
    K scratch_{};
    window_origins<windowed<K>> origins_{};
};

}  // namespace weir::detail
