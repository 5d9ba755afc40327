// SPDX-License-Identifier: Apache-2.0
// The shard of a table whose keys may have timers: it knows which of them are due.
#pragma once
#include <chrono>
#include <utility>
#include <vector>

#include <weir/state/shard_of.hpp>
#include <weir/state/time_index.hpp>
#include <weir/timed.hpp>

namespace weir::detail {

/// A row whose timer is put off again and again is in an index once: where that time comes, the row
/// is put to where its timer is then (`timer::noted`).
template <class K, class V>
class timer_shard final : public shard_of<K, timed<V>> {
    using base = shard_of<K, timed<V>>;
    using kind = timer::kind;

public:
    using key_type = K;
    using row_type = typename base::row_type;
    using base::base;

    void restored() override {
        base::restored();
        this->each_row([&](row_type& r) { note(r); });
    }
    /// The row's timer may have been set.
    void note(row_type& r) {
        auto& t = r.value.timer;
        if (t.is != kind::at && t.is != kind::after) return;
        if (t.noted_in != t.is) t.noted = timestamp::max();
        if (t.when >= t.noted) return;
        t.noted_in = t.is;
        t.noted = t.when;
        index(t.is).add(r, t.when);
    }
    /// The earliest time of a timer, or an earlier one; timestamp::max(): there is none.
    timestamp next_end() const override { return at_.first(); }
    timestamp next_alarm(timestamp now) override {
        while (const auto* next = after_.next_before(now + std::chrono::milliseconds{1})) {
            const auto [time, row] = *next;
            if (is_noted(*row, kind::after, time) && is_due(*row, kind::after, now)) return time;
            after_.pop();  // no decision is needed for what was put off
            put_off(*row, kind::after, time);
        }
        return after_.first();
    }
    /// Fires the next timer of stream time that is due at `time`, or of the clock at `clock`, by
    /// time and the key's bytes: `f(key, timer's time)`. False: there is none.
    template <class F>
    bool fire_next(timestamp time, timestamp clock, message_number by, F f) {
        if (fire_next(kind::at, time, by, f) || fire_next(kind::after, clock, by, f)) return true;
        for (auto* r : std::exchange(not_by_this_, {})) note(*r);
        return false;
    }

protected:
    void undone(row_type& r, const timed<V>& before) override {
        const auto& t = before.timer;
        if (r.live && t.noted != timestamp::max()) index(t.noted_in).add(r, t.noted);
    }

private:
    static bool is_noted(const row_type& r, kind k, timestamp time) {
        return r.live && r.value.timer.noted_in == k && r.value.timer.noted == time;
    }
    static bool is_due(const row_type& r, kind k, timestamp upto) {
        return r.value.timer.is == k && r.value.timer.when <= upto;
    }
    /// What the index had of it at this time was taken out.
    void put_off(row_type& r, kind k, timestamp time) {
        if (!is_noted(r, k, time)) return;
        r.value.timer.noted = timestamp::max();
        note(r);
    }
    time_index<row_type>& index(kind k) { return k == kind::after ? after_ : at_; }
    template <class F>
    bool fire_next(kind k, timestamp upto, message_number by, F& f) {
        if (upto == no_time) return false;
        auto& from = index(k);
        while (const auto* next = from.next_before(upto + std::chrono::milliseconds{1})) {
            const auto [time, row] = *next;
            from.pop();
            if (!is_noted(*row, k, time) || !is_due(*row, k, upto)) {
                put_off(*row, k, time);
                continue;
            }
            auto& t = row->value.timer;
            const bool fires = this->change(*row, by.input, by.at);
            t.noted = timestamp::max();
            if (!fires) {
                not_by_this_.push_back(row);
                continue;
            }
            t.is = kind::due;
            f(row->key, t.when);
            return true;
        }
        return false;
    }

    static constexpr std::chrono::milliseconds width{1000};
    time_index<row_type> at_{width}, after_{width};
    // What was restored contains more than this message's change: a later one fires them.
    std::vector<row_type*> not_by_this_{};
};

}  // namespace weir::detail
