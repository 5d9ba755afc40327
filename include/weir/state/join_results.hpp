// SPDX-License-Identifier: Apache-2.0
// Where the results of a left or outer join wait to be processed.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <weir/graph/plan.hpp>
#include <weir/segment/boundary.hpp>
#include <weir/state/shard.hpp>

namespace weir::detail {

/// Two messages that match, or one that has no match.
template <class A, class B>
struct joined_pair {
    std::optional<A> left{};
    std::optional<B> right{};
};

/// What a message passes on: first what goes since stream time has moved, then its own matches.
/// Each result holds the message that has caused it, and is processed by itself. Results are made
/// in pieces, since many messages may go at once. `Key`: of the stream behind the join.
template <class Table, class Key, message_part Needs>
class join_results final : public boundary {
    using Shard = typename Table::shard_type;
    using K = typename Shard::key_type;
    using A = typename Shard::left_type;
    using B = typename Shard::right_type;
    using keeps = kept_of_message<Key, Needs>;

public:
    using pair = joined_pair<A, B>;
    join_results(plan& p, const Table& t)
        : table_(&t), whole_(p.agent().on_error.has_dead_letters()) {
        ready_.are_results = true;
    }

    /// The message at `c` has moved the time to `upto`: what has no match any more goes.
    void move(std::shared_ptr<Shard> in, std::size_t input, const context& c, timestamp upto) {
        for (auto& w : waiting_)
            if (w.in == in && w.time == upto) return;
        waiting_.push_back(
            {std::move(in), input, c.offset(), c.partition(), upto, false, c.from.hold_of(c.i)});
    }
    /// A result of the message at `c`.
    void pass(const context& c, const Key& key, pair sides, timestamp time) {
        waiting_.push_back({nullptr, 0, c.offset(), c.partition(), time, false, c.from.hold_of(c.i),
                            std::move(sides), key});
    }
    /// Begins with what was added.
    void begin(context& c) {
        if (waiting_.size() > next_) make_piece();
        if (full()) c.now.end(run_status::full);
    }
    void push(context&, auto&&) {}
    void apply(context&) {}
    void undo() {
        if (next_ < waiting_.size() && !waiting_[next_].by_clock) forget();
    }
    bool full() const {
        return next_ < waiting_.size() || ready_.left() >= piece || ready_.stands_still;
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
        return waits || ready_.holds(of, at) ? "the results that it has caused are being processed"
                                             : nullptr;
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
        pair sides{};
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
                if (!is_lost) push(w, std::move(w.key), std::move(w.sides), w.time);
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
        const auto pass = [&](const K& key, const auto* left, const auto* right) {
            pair sides;
            if (left) sides.left = left->value;
            if (right) sides.right = right->value;
            push(w, Key(key), std::move(sides), left ? left->time : right->time);
        };
        bool any = true;
        for (; n < piece && any; ++n) any = w.in->remove_next(w.time, w.input, w.at, pass);
        if (w.by_clock) w.in->finish();  // no message is in work that could fail
        return any;
    }
    void push(const work& w, Key key, pair sides, timestamp time) {
        source_message m;
        m.timestamp = time;
        m.offset = w.at;
        m.tp = w.tp;
        if (whole_ || includes(keeps::parts, message_part::key_bytes)) encode_onto<Key>(key, m.key);
        if constexpr (has_codec<pair>)
            if (whole_) encode_onto<pair>(sides, m.value);
        if constexpr (keeps::key_decoded)
            ready_.push(std::move(sides), w.held.share(), std::move(m), std::move(key));
        else ready_.push(std::move(sides), w.held.share(), std::move(m));
    }
    void forget() {
        waiting_.clear();
        next_ = 0;
    }

    const Table* table_;
    const bool whole_;             // dead letters are made of results
    std::vector<work> waiting_{};  // in this order, from `next_` on
    std::size_t next_ = 0;
    ready_input<pair, typename keeps::key> ready_{};
};

/// Calls the function of a left or outer join with a result's two sides.
template <class F, bool LeftMayLack>
class join_call {
public:
    explicit join_call(F f) : f_(std::move(f)) {}
    template <class A, class B>
    void operator()(context&, const joined_pair<A, B>& p, auto&& next) {
        const B* right = p.right ? &*p.right : nullptr;
        if constexpr (LeftMayLack) next(f_(p.left ? &*p.left : nullptr, right));
        else next(f_(*p.left, right));
    }

private:
    F f_;
};

}  // namespace weir::detail
