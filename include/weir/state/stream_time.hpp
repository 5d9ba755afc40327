// SPDX-License-Identifier: Apache-2.0
// Stream time at one point of an agent.
#pragma once
#include <cstddef>

#include <weir/segment/state.hpp>
#include <weir/state/change_table.hpp>
#include <weir/state/shard_refs.hpp>

namespace weir::detail {

/// The stream time of a table's shards is moved where the table's operator stands: by each message
/// that comes there, and by those that were dropped before it. A part of a chain.
///
/// `passed(shard, ref, context, moved)` is called when a message has come so far. `Refs`: finds the
/// shard of a message.
template <class Table, class Refs = shard_refs<Table>>
class stream_time {
    using shard_type = typename Table::shard_type;

public:
    explicit stream_time(const Table& t) : table_(&t) {}

    /// A value comes: `f(shard, ref)` takes it, at its time. Not if its partition is lost, or if
    /// the shard has all of its message already.
    void come(context& c, auto passed, auto f) {
        if (!c.common && c.ownership() == ownership::lost) return;
        if (&c.from != &c.now.current->from) pass_dropped(c, passed);
        at(c, [&](shard_type& s, auto& ref) {
            pass(s, ref, c, c.time(), passed);
            f(s, ref);
            saw(s, ref, c);  // it may have changed nothing
        });
    }
    /// The message has gone through the chain: if it was dropped before, it moves the time now.
    void apply(context& c, auto passed) {
        if (c.from.of_batch(c.i)) {  // it was taken apart
            const auto batch = c.from.parts_of(c.i);
            pass_parts(batch, batch.count, c.now, passed);
            passed_ = 0;
        } else if (c.common || c.ownership() != ownership::lost) {
            move(c, c.from.time_of(c.i), passed);
        }
    }
    /// `f(shard, ref, context)` for the message, or for each of a batch, the last one first.
    void each(const context& c, auto f) {
        const auto visit = [&](const context& its) {
            if (!its.common && its.ownership() == ownership::lost) return;
            at(its, [&](shard_type& s, auto& ref) { f(s, ref, its); });
        };
        if (!c.from.of_batch(c.i)) return visit(c);
        const auto batch = c.from.parts_of(c.i);
        for (auto i = batch.count; i-- > 0;) visit({*batch.in, i, c.now});
    }
    void finish() { refs_.finish(); }
    void undo() {
        refs_.undo();
        passed_ = 0;
    }
    void assigned(const topic_partition& tp) { refs_.assigned(tp); }
    void revoked(const topic_partition& tp) { refs_.revoked(tp); }

private:
    void at(const context& c, auto f) {
        if (!c.partition()) return;
        auto& ref = refs_.of(c);
        auto* s = ref.of(*table_, *c.partition());
        if (!s) return;
        const auto by = ref.by(c);
        if (!s->has_all(by.input, by.at)) f(*s, ref);
    }
    static void saw(shard_type& s, const auto& ref, const context& c) {
        const auto by = ref.by(c);
        s.saw(by.input, by.at);
    }
    static void pass(shard_type& s, const auto& ref, const context& c, timestamp t, auto& passed) {
        const bool moves = t > s.time();
        if (moves) {
            const auto by = ref.by(c);
            s.set_time(t, by.input, by.at);
        }
        passed(s, ref, c, moves);
    }
    void move(const context& c, timestamp t, auto& passed) {
        at(c, [&](shard_type& s, auto& ref) {
            pass(s, ref, c, t, passed);
            saw(s, ref, c);
        });
    }
    /// `c` is of a batch that is taken apart: what was dropped there before it moves the time.
    void pass_dropped(const context& c, auto& passed) {
        const auto& whole = *c.now.current;
        const auto batch = whole.from.parts_of(whole.i);
        if (batch.in == &c.from) pass_parts(batch, c.i, c.now, passed);
    }
    /// The messages of a batch before `upto` move the time.
    void pass_parts(const origins::several& batch, std::size_t upto, segment_turn& now,
                    auto& passed) {
        for (; passed_ < upto; ++passed_) {
            const context its{*batch.in, passed_, now};
            if (its.ownership() != ownership::lost) move(its, its.time(), passed);
        }
    }

    const Table* table_;
    Refs refs_{};
    std::size_t passed_ = 0;  // of the batch in work: so many have moved the time
};

}  // namespace weir::detail
