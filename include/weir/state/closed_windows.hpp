// SPDX-License-Identifier: Apache-2.0
// Where the results of closed windows wait to be processed.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <weir/graph/plan.hpp>
#include <weir/segment/boundary.hpp>
#include <weir/state/shard.hpp>
#include <weir/windowed.hpp>

namespace weir::detail {

/// Closes windows, with one result each. The message that closes them stays open until all their
/// results are processed. Results are made in pieces: a message may close many windows.
template <class Table, message_part Needs>
class closed_windows final : public boundary {
    using Shard = typename Table::shard_type;
    using K = windowed<typename Shard::key_type>;
    using A = typename Shard::result;
    using keeps = kept_of_message<K, Needs>;

public:
    closed_windows(plan& p, const Table& t)
        : table_(&t), whole_(p.agent().on_error.has_dead_letters()) {
        ready_.are_results = true;
    }

    /// The message at `c` has moved the time: windows that end at `upto` or before are closed, when
    /// its batch has gone through the chain.
    void add(std::shared_ptr<Shard> in, std::size_t input, const context& c, timestamp upto) {
        for (auto& other : closing_)
            if (other.in == in && other.upto == upto) return;
        closing_.push_back(
            {std::move(in), input, c.offset(), c.partition(), upto, false, c.from.hold_of(c.i)});
    }
    /// Begins with what was added.
    void begin(context& c) {
        if (closing_.empty()) return;
        make_piece();
        if (full()) c.now.end(run_status::full);  // they are processed before the next message
    }
    void push(context&, auto&&) {}
    void apply(context&) {}
    void undo() {
        if (!closing_.empty() && !closing_.front().by_clock) closing_.clear();
    }
    bool full() const { return !closing_.empty() || ready_.left() > 0; }

    input& ready() override { return ready_; }
    bool empty() const override { return !full(); }
    void poll(time_point) override {
        if (closing_.empty() && ready_.left() == 0) close_by_clock();
        if (!closing_.empty() && ready_.left() == 0 && !ready_.stands_still) make_piece();
    }
    time_point due() const override {
        return !closing_.empty() && ready_.left() == 0 ? time_point::min() : time_point::max();
    }
    void abandon() override {
        std::erase_if(closing_,
                      [](const auto& c) { return c.held.ownership() == ownership::lost; });
    }
    const char* why_held(const hold_owner& of, offset at) const override {
        const bool closes = std::any_of(closing_.begin(), closing_.end(),
                                        [&](auto& c) { return c.held.keeps(of, at); });
        return closes || ready_.holds(of, at) ? "the windows that it has closed are being processed"
                                              : nullptr;
    }

private:
    static constexpr std::size_t piece = 256;
    /// The windows of one shard that a message closes.
    struct closing {
        std::shared_ptr<Shard> in;
        std::size_t input;
        offset at;
        const topic_partition* tp;
        timestamp upto;
        bool by_clock;
        hold held;
    };
    /// Looks for a shard that the clock has decided about. No message is in work.
    void close_by_clock() {
        for (auto& s : table_->shards) {
            if (!s || !s->decision || !s->decision->is_due) continue;
            const auto d = *std::exchange(s->decision, {});
            const auto input = d.from.size();
            if (d.time > s->time()) s->set_time(d.time, input, d.number);
            s->finish();
            const auto upto = s->time() - table_->windows.closes_after;
            closing_.push_back({s, input, d.number, d.tp, upto, true, d.held.share()});
            return;
        }
    }
    void make_piece() {
        for (std::size_t n = 0; n < piece && !closing_.empty();) {
            auto& c = closing_.front();
            const auto pass = [&](const K& window, const A& value, timestamp time) {
                push(c, window, value, time);
            };
            bool any = c.held.ownership() != ownership::lost;
            for (; n < piece && any; ++n) any = c.in->close_next(c.upto, c.input, c.at, pass);
            if (c.by_clock) c.in->finish();  // no message is in work that could fail
            if (!any) closing_.erase(closing_.begin());
        }
    }
    void push(const closing& c, const K& window, const A& value, timestamp time) {
        source_message m;
        m.timestamp = time;
        m.offset = c.at;
        m.tp = c.tp;
        if (whole_ || includes(keeps::parts, message_part::key_bytes))
            encode_onto<K>(window, m.key);
        if (whole_) encode_onto<A>(value, m.value);
        if constexpr (keeps::key_decoded) ready_.push(value, c.held.share(), std::move(m), window);
        else ready_.push(value, c.held.share(), std::move(m));
    }
    const Table* table_;
    const bool whole_;                // dead letters are made of results
    std::vector<closing> closing_{};  // one after the other
    ready_input<A, typename keeps::key> ready_{};
};

}  // namespace weir::detail
