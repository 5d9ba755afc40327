// SPDX-License-Identifier: Apache-2.0
// Where results wait to be processed that come of the time.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <weir/graph/plan.hpp>
#include <weir/segment/boundary.hpp>
#include <weir/state/shard.hpp>

namespace weir::detail {

/// When a message or the clock has moved the time of a shard, something goes there, and each thing
/// that goes may make a result. A message may pass on results of its own behind them. Each result
/// holds what has caused it, and is processed by itself. They are made in pieces, since many things
/// may go at once. `Key`: of the stream behind it. `How` says
///
///     next(shard, table, time, input, at, f)   what goes next at that time, since the message at
///                                              `at` is there: f(key, value, time). False: nothing
///     one_by_one                               the next message waits until all are processed
///     why_held                                 a text for `explain`
template <class Table, class Key, class Value, message_part Needs, class How>
class timed_results final : public boundary {
    using Shard = typename Table::shard_type;
    using keeps = kept_of_message<Key, Needs>;

public:
    using value_type = Value;
    timed_results(plan& p, const Table& t)
        : table_(&t), whole_(p.agent().on_error.has_dead_letters()) {
        ready_.are_results = true;
    }

    /// The message at `c` has moved the time to `upto`. Things go when it has gone through the
    /// chain.
    void move(std::shared_ptr<Shard> in, std::size_t input, const context& c, timestamp upto) {
        for (auto& w : waiting_)
            if (w.in == in && w.time == upto) return;
        waiting_.push_back(
            {std::move(in), input, c.offset(), c.partition(), upto, false, c.from.hold_of(c.i)});
    }
    /// A result of the message at `c`.
    void pass(const context& c, const Key& key, Value v, timestamp time) {
        waiting_.push_back({nullptr, 0, c.offset(), c.partition(), time, false, c.from.hold_of(c.i),
                            std::move(v), key});
    }
    /// Begins with what was added.
    void begin(context& c) {
        if (next_ < waiting_.size()) make_piece();
        if (full()) c.now.end(run_status::full);
    }
    void push(context&, auto&&) {}
    void apply(context&) {}
    void undo() {
        if (next_ < waiting_.size() && !waiting_[next_].by_clock) forget();
    }
    bool full() const {
        const bool waits =
            How::one_by_one ? ready_.left() > 0 : ready_.left() >= piece || ready_.stands_still;
        return next_ < waiting_.size() || waits;
    }

    input& ready() override { return ready_; }
    bool empty() const override { return next_ == waiting_.size() && ready_.left() == 0; }
    void poll(time_point) override {
        if (ready_.left() > 0 || ready_.stands_still) return;
        if (next_ == waiting_.size()) look_for_decision();
        if (next_ < waiting_.size()) make_piece();
    }
    time_point due() const override {
        return next_ < waiting_.size() && ready_.left() == 0 ? time_point::min()
                                                             : time_point::max();
    }
    void abandon() override {
        const auto is_lost = [](const work& w) { return w.held.ownership() == ownership::lost; };
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(next_));
        next_ = 0;
        std::erase_if(waiting_, is_lost);
    }
    const char* why_held(const hold_owner& of, offset at) const override {
        const bool waits = std::any_of(waiting_.begin(), waiting_.end(),
                                       [&](auto& w) { return w.held.keeps(of, at); });
        return waits || ready_.holds(of, at) ? How::why_held : nullptr;
    }

private:
    static constexpr std::size_t piece = 256;
    /// A result; or, with a shard, what goes there.
    struct work {
        std::shared_ptr<Shard> in;
        std::size_t input;
        offset at;
        const topic_partition* tp;
        timestamp time;
        bool by_clock;
        hold held;
        Value value{};
        Key key{};
    };
    /// Looks for a shard that the clock has decided about. No message is in work.
    void look_for_decision() {
        for (auto& s : table_->shards) {
            if (!s || !s->decision || !s->decision->is_due) continue;
            const auto d = *std::exchange(s->decision, {});
            const auto input = d.from.size();
            if (d.time > s->time()) s->set_time(d.time, input, d.number);
            s->finish();
            waiting_.push_back({s, input, d.number, d.tp, s->time(), true, d.held.share()});
            return;
        }
    }
    void make_piece() {
        for (std::size_t n = 0; n < piece && next_ < waiting_.size();) {
            auto& w = waiting_[next_];
            const bool is_lost = w.held.ownership() == ownership::lost;
            if (!w.in) {
                if (!is_lost) push(w, std::move(w.key), std::move(w.value), w.time);
                ++n;
            } else if (!is_lost && remove_some(w, n)) {
                continue;
            }
            ++next_;
        }
        if (next_ == waiting_.size()) forget();
    }
    /// True if there may be more.
    bool remove_some(work& w, std::size_t& n) {
        const auto pass = [&](Key key, Value v, timestamp time) {
            push(w, std::move(key), std::move(v), time);
        };
        bool any = true;
        for (; n < piece && any; ++n) any = How::next(*w.in, *table_, w.time, w.input, w.at, pass);
        if (w.by_clock) w.in->finish();  // no message is in work that could fail
        return any;
    }
    void push(const work& w, Key key, Value v, timestamp time) {
        source_message m;
        m.timestamp = time;
        m.offset = w.at;
        m.tp = w.tp;
        if (whole_ || includes(keeps::parts, message_part::key_bytes)) encode_onto<Key>(key, m.key);
        if constexpr (has_codec<Value>)
            if (whole_) encode_onto<Value>(v, m.value);
        if constexpr (keeps::key_decoded)
            ready_.push(std::move(v), w.held.share(), std::move(m), std::move(key));
        else ready_.push(std::move(v), w.held.share(), std::move(m));
    }
    void forget() {
        waiting_.clear();
        next_ = 0;
    }

    const Table* table_;
    const bool whole_;             // dead letters are made of results
    std::vector<work> waiting_{};  // in this order, from `next_` on
    std::size_t next_ = 0;
    ready_input<Value, typename keeps::key> ready_{};
};

}  // namespace weir::detail
