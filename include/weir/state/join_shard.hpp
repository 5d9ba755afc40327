// SPDX-License-Identifier: Apache-2.0
// The shard of a join of two streams: it knows which of the held messages go next.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <weir/state/joined_sides.hpp>
#include <weir/state/shard_of.hpp>
#include <weir/state/time_index.hpp>
#include <weir/within.hpp>

namespace weir::detail {

template <class K, class A, class B>
class join_shard final : public shard_of<K, joined_sides<A, B>> {
    using base = shard_of<K, joined_sides<A, B>>;

public:
    using key_type = K;
    using left_type = A;
    using right_type = B;
    using sides = joined_sides<A, B>;
    using row_type = typename base::row_type;
    using base::base;

    /// Before anything else.
    void use(const window_settings& w) {
        if (!w.join) return;
        bounds_ = *w.join;
        kind_ = w.kind;
        begin_index();
    }
    void restored() override {
        base::restored();
        if (std::exchange(indexed_, true)) return;
        this->each_row([&](row_type& r) {
            add_all<true>(r);
            add_all<false>(r);
        });
    }
    void reopen() override {
        base::reopen();
        begin_index();
        left_out_.clear();
        indexed_ = false;
    }
    const join_bounds& bounds() const { return bounds_; }
    /// The earliest end of what may be passed on alone: `bounds().grace` behind it, it goes.
    timestamp next_end() const override { return std::min(end_of<true>(), end_of<false>()); }
    /// At stream time `s` some of what is held has to go, by the message at `at`.
    bool any_goes(timestamp s, std::size_t input, offset at) const {
        return left_->first() < bounds_.first_held(true, s) ||
               right_->first() < bounds_.first_held(false, s) || may_come_back(input, at);
    }
    /// Holds a message. `change` has returned the row. Returns its value there.
    template <bool Left, class V>
    const V& hold(row_type& r, timestamp t, bool matched, const V& value) {
        std::size_t at = 0;
        this->alter(r, [&](sides& s) {
            auto step = s.template add<Left>(held_value<V>{t, matched, value});
            at = step.at;
            return step;
        });
        this->set_live(r, true);
        index<Left>().add(r, t);
        return std::as_const(r.value).template side<Left>()[at].value;
    }
    template <bool Left>
    void match(row_type& r, std::size_t i) {
        this->alter(r, [&](sides& s) { return s.template match<Left>(i); });
    }
    /// Removes the next message that has no match any more at stream time `s`: by time, the right
    /// side first, then by the key's bytes. `f(key, left, right)` if it is passed on alone: one of
    /// the two is null. False: there is no other. The message at `at` does it.
    template <class F>
    bool remove_next(timestamp s, std::size_t input, offset at, F f) {
        if (may_come_back(input, at)) bring_back(input, at);
        for (;;) {
            const auto* l = left_->next_before(bounds_.first_held(true, s));
            const auto* r = right_->next_before(bounds_.first_held(false, s));
            if (!l && !r) break;
            const bool is_left = !r || (l && l->time < r->time);
            const auto gone = is_left ? remove<true>(*l, input, at) : remove<false>(*r, input, at);
            if (!gone) continue;
            const auto* a = std::get_if<1>(&gone->value);
            const auto* b = std::get_if<2>(&gone->value);
            const bool matched = is_left ? a->matched : b->matched;
            if (!matched && passes_on_alone(kind_, is_left)) f(gone->row->key, a, b);
            return true;
        }
        return false;
    }
    /// Forgets a few messages that have no match any more, in any order.
    void forget_some(timestamp s, std::size_t input, offset at) {
        forget_some<true>(s, input, at);
        forget_some<false>(s, input, at);
    }

protected:
    void undone(row_type& r, const typename sides::undo_step& s) override {
        if (s.what != sides::kind::removed) return;
        if (s.of_left) left_->add(r, std::get<1>(s.removed).time);
        else right_->add(r, std::get<2>(s.removed).time);
    }

private:
    using index_type = time_index<row_type>;
    using removed_type = decltype(sides::undo_step::removed);
    struct removed {
        row_type* row;
        const removed_type& value;
    };
    void begin_index() {
        left_.emplace(width(true));
        right_.emplace(width(false));
    }
    std::chrono::milliseconds width(bool of_left) const {
        constexpr int buckets = 32;
        return (bounds_.reach(of_left) + bounds_.grace) / buckets;
    }
    template <bool Left>
    index_type& index() {
        return Left ? *left_ : *right_;
    }
    template <bool Left>
    timestamp end_of() const {
        if (!passes_on_alone(kind_, Left)) return timestamp::max();
        auto first = (Left ? left_ : right_)->first();
        for (auto& o : left_out_)
            if (o.of_left == Left) first = std::min(first, o.time);
        return first == timestamp::max() ? first : first + bounds_.reach(Left);
    }
    template <bool Left>
    void add_all(row_type& r) {
        const auto& all = std::as_const(r.value).template side<Left>();
        for (std::size_t i = 0; i < all.size(); ++i) index<Left>().add(r, all[i].time);
    }
    template <bool Left>
    static std::optional<std::size_t> place_of(const row_type& r, timestamp t) {
        if (!r.live) return {};
        const auto& all = r.value.template side<Left>();
        const auto i = all.first_from(t);
        if (i == all.size() || all[i].time != t) return {};
        return i;
    }
    /// Nothing: it has gone already, or not by this message.
    template <bool Left>
    std::optional<removed> remove(const typename index_type::entry& next, std::size_t input,
                                  offset at) {
        const auto [t, row] = next;
        index<Left>().pop();
        const auto i = place_of<Left>(*row, t);
        if (!i) return {};
        if (!this->change(*row, input, at)) {
            leave_out({row, t, Left});
            return {};
        }
        take<Left>(*row, *i);
        return removed{row, this->last_step().removed};
    }
    template <bool Left>
    void take(row_type& r, std::size_t i) {
        this->alter(r, [&](sides& s) { return s.template remove<Left>(i); });
        if (r.value.empty()) this->set_live(r, false);
    }
    template <bool Left>
    void forget_some(timestamp s, std::size_t input, offset at) {
        constexpr std::size_t some = 16;
        for (std::size_t n = 0; n < some; ++n) {
            const auto e = index<Left>().take_any_before(bounds_.first_held(Left, s));
            if (!e) return;
            const auto i = place_of<Left>(*e->row, e->time);
            if (!i) continue;
            if (this->change(*e->row, input, at)) take<Left>(*e->row, *i);
            else index<Left>().add(*e->row, e->time);
        }
    }

    struct left_out {
        row_type* row;
        timestamp time;
        bool of_left;
    };
    void leave_out(left_out o) {
        back_from_.resize(this->input_count(), std::numeric_limits<offset>::max());
        for (std::size_t i = 0; i < back_from_.size(); ++i)
            back_from_[i] = std::min(back_from_[i], this->may_be_changed_from(*o.row, i));
        left_out_.push_back(o);
    }
    bool may_come_back(std::size_t input, offset at) const {
        return !left_out_.empty() && (!this->replaying() || at >= back_from_[input]);
    }
    /// Those whose rows this message may change are in the index again.
    void bring_back(std::size_t input, offset at) {
        back_from_.clear();
        for (auto& o : std::exchange(left_out_, {})) {
            if (at < this->may_be_changed_from(*o.row, input)) leave_out(o);
            else if (o.of_left) left_->add(*o.row, o.time);
            else right_->add(*o.row, o.time);
        }
    }

    join_bounds bounds_{};
    join_kind kind_{};
    std::optional<index_type> left_{}, right_{};
    bool indexed_ = false;  // what is held is in them
    // They have no match any more, but their rows were restored with more than this message's
    // change: a later one removes them, of each input from `back_from_` on.
    std::vector<left_out> left_out_{};
    std::vector<offset> back_from_{};
};

}  // namespace weir::detail
