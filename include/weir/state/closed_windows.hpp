// SPDX-License-Identifier: Apache-2.0
// Where the results of closed windows wait to be processed.
#pragma once
#include <cstddef>
#include <memory>
#include <utility>

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

    /// The message at `c` has moved the time: windows that end at `upto` or before are closed.
    void close(std::shared_ptr<Shard> in, std::size_t input, const context& c, timestamp upto) {
        in_ = std::move(in);
        input_ = input;
        at_ = c.offset();
        tp_ = c.partition();
        upto_ = upto;
        by_clock_ = false;
        hold_ = c.hold();
        make_piece();
        if (full()) c.now.end(run_status::full);  // they are processed before the next message
    }
    void push(context&, auto&&) {}
    void apply(context&) {}
    void undo() {
        if (!by_clock_) end();
    }
    bool full() const { return in_ || ready_.left() > 0; }

    input& ready() override { return ready_; }
    bool empty() const override { return !full(); }
    void poll(time_point) override {
        if (!in_ && ready_.left() == 0) close_by_clock();
        if (in_ && ready_.left() == 0 && !ready_.stands_still) make_piece();
    }
    time_point due() const override {
        return in_ && ready_.left() == 0 ? time_point::min() : time_point::max();
    }
    void abandon() override {
        if (in_ && hold_.ownership() == ownership::lost) end();
    }
    const char* why_held(const hold_owner& of, offset at) const override {
        return hold_.keeps(of, at) || ready_.holds(of, at)
                   ? "the windows that it has closed are being processed"
                   : nullptr;
    }

private:
    static constexpr std::size_t piece = 256;
    /// Looks for a shard that the clock has decided about. No message is in work.
    void close_by_clock() {
        for (auto& s : table_->shards) {
            if (!s || !s->decision || !s->decision->is_due) continue;
            const auto d = *std::exchange(s->decision, {});
            in_ = s;
            input_ = d.from.size();
            at_ = d.number;
            tp_ = d.tp;
            by_clock_ = true;
            hold_ = d.held.share();
            if (d.time > s->time()) s->set_time(d.time, input_, at_);
            s->finish();
            upto_ = s->time() - table_->windows.closes_after;
            return;
        }
    }
    void make_piece() {
        if (hold_.ownership() == ownership::lost) return end();
        const auto pass = [&](const K& window, const A& value, timestamp time) {
            push(window, value, time);
        };
        bool any = true;
        for (std::size_t n = 0; n < piece && any; ++n)
            any = in_->close_next(upto_, input_, at_, pass);
        if (by_clock_) in_->finish();  // no message is in work that could fail
        if (!any) end();
    }
    void push(const K& window, const A& value, timestamp time) {
        source_message m;
        m.timestamp = time;
        m.offset = at_;
        m.tp = tp_;
        if (whole_ || includes(keeps::parts, message_part::key_bytes))
            encode_onto<K>(window, m.key);
        if (whole_) encode_onto<A>(value, m.value);
        if constexpr (keeps::key_decoded) ready_.push(value, hold_.share(), std::move(m), window);
        else ready_.push(value, hold_.share(), std::move(m));
    }
    void end() {
        in_.reset();
        hold_.release();
        by_clock_ = false;
    }

    const Table* table_;
    const bool whole_;  // dead letters are made of results
    // what is being closed
    std::shared_ptr<Shard> in_{};
    std::size_t input_ = 0;
    offset at_ = 0;
    const topic_partition* tp_ = nullptr;
    timestamp upto_{};
    bool by_clock_ = false;
    hold hold_{};
    ready_input<A, typename keeps::key> ready_{};
};

}  // namespace weir::detail
