// SPDX-License-Identifier: Apache-2.0
// One segment works on one input.
#include <algorithm>
#include <cassert>

#include "conductor.hpp"

namespace weir::detail {
namespace {

// How long a segment may work in one turn, so that others get their turn, too.
constexpr auto segment_budget = std::chrono::milliseconds{20};
// How many messages in a row one cursor may park in a sink that others wait for.
constexpr std::size_t sink_budget = 64;

}  // namespace

// What `step` calls for each message of a pull stream is inline: calls made it 10 ns slower.

inline bool conductor::can_step(const segment_cursor& c) const {
    if (error_ || c.finished() || c.tries.waits(now_)) return false;
    const auto* occupant = c.runs->occupancy->occupant;
    if (occupant && occupant != &c) return false;
    return !waits_for_dead_letters(*c.runs->agent);
}

/// Lets the cursor's segment work, if it can. `in_work_only`: the partition is being given up or
/// the app stops, so only a message that is parked or retried goes on. False if nothing could be
/// done.
bool conductor::step(segment_cursor& c, work what, std::optional<time_point> now) {
    if (!can_step(c)) return false;
    auto& s = *c.runs;
    bool busy = false;
    run_result r{c.position};
    try {
        if (c.parked) {
            s.check();
            if (s.full()) return false;
        }
        if (c.parked && !c.more) {
            leave_sink(c);
            busy = true;
            if (!now) now = clock_.steady();
            if (rests(c, *now)) return true;
        }
        if (turns_ <= c.rests_until_turn) return true;
        if (s.full() || s.agent->paused || c.finished()) return busy;
        if (what == work::any && c.waits_for_others()) return busy;
        if (what == work::in_work_only && !c.tries.failed() && !c.more) return busy;
        r = run_segment(c, what, now ? *now : clock_.steady());
    } catch (...) {  // the parked message has failed
        c.unpark();
        s.occupancy->occupant = nullptr;
        r = {c.position, run_status::failed, std::current_exception()};
    }
    came_back(c, what, r);
    return true;
}

/// A cursor that is behind others may have many small batches before it, and goes through them in
/// one turn. Otherwise each turn would read as little as it has passed: no batch would be large.
bool conductor::catch_up(owned_partition& p, partition_cursor& c) {
    if (!step(c, work::any)) return false;
    if (!p.advance(c)) return true;
    const auto until = clock_.steady() + segment_budget;
    while (!ends_soon() && step(c, work::any) && p.advance(c) && clock_.steady() < until) {}
    return true;
}

inline run_result conductor::run_segment(segment_cursor& c, work what, time_point now) {
    segment_turn turn{clock_, now + segment_budget};
    turn.work = &c;
    if (what == work::any) turn.upto = c.until;
    if (c.more) resume(c, turn);
    if (what == work::in_work_only) turn.end(run_status::stop);
    turn_.store(&turn, std::memory_order_relaxed);  // for signal handlers: see stop()
    auto r = c.runs->run(*c.reads, c.position, turn);
    turn_.store(nullptr, std::memory_order_relaxed);
    return r;
}

/// The rest of a parked message goes on.
void conductor::resume(segment_cursor& c, segment_turn& turn) {
    assert(c.parked && c.runs->occupancy->occupant == &c);
    turn.resumes = true;
    c.unpark();
    c.acked = false;
    c.runs->occupancy->occupant = nullptr;
}

inline void conductor::came_back(segment_cursor& c, work what, const run_result& r) {
    assert(c.position <= r.at && r.at <= c.reads->count && "a cursor never goes back");
    if (!c.changed.empty()) [[unlikely]] {
        const bool in_work = r.status == run_status::full || r.status == run_status::more;
        if (r.status == run_status::failed) undo_changes(c, r.at);
        else if (!in_work || c.changed_at != r.at) finish_changes(c);
    }
    if (r.at != c.position) c.tries.reset();
    c.position = r.at;
    if (r.status == run_status::full || r.status == run_status::more) {
        assert(!c.runs->occupancy->occupant && "a sink has at most one parked message");
        c.park(r.status == run_status::more);
        c.runs->occupancy->occupant = &c;
        last_parked_ = what == work::any ? &c : nullptr;
    }
    if (r.status == run_status::failed)
        handle_failure(c, *c.runs->agent, c.runs->reads_batches() || c.reads->are_results, r.error);
}

/// The parked message has left the sink: it is finished.
inline void conductor::leave_sink(segment_cursor& c) {
    assert(c.parked && c.runs->occupancy->occupant == &c);
    c.runs->finish();
    if (!c.changed.empty()) finish_changes(c);
    c.unpark();
    c.runs->occupancy->occupant = nullptr;
    c.pass();
}

/// Whether the cursor has had its sink for long enough. Then it rests for one turn, in which the
/// other cursors of the sink have theirs.
inline bool conductor::rests(segment_cursor& c, time_point now) {
    if (c.parked_in_a_row++ == 0) c.rests_at = now + segment_budget;
    if (c.parked_in_a_row < sink_budget && now < c.rests_at) return false;
    c.parked_in_a_row = 0;
    c.rests_until_turn = turns_ + 1;
    return true;
}

/// Whether something at the cursor can be finished before `until`.
bool conductor::is_awaited(const segment_cursor& c, time_point until) {
    return !c.runs->agent->paused && c.in_work() && !comes_too_late(c, until);
}

void conductor::passed(const agent_info& a, time_point now) {
    auto* c = std::exchange(last_parked_, nullptr);
    if (!c || !c->parked || c->runs->agent != &a) return;
    const auto reads_boundary = [&](const boundary_work& b) { return b.cursor.get() == c; };
    if (std::any_of(boundaries_.begin(), boundaries_.end(), reads_boundary)) turn_boundaries();
    else step(*c, ends_soon() ? work::in_work_only : work::any, now);
}

/// Flushes the first of an agent's boundaries that has something. Later boundaries wait for its
/// values.
bool conductor::flush(const agent_info& a) {
    // They were built from the last to the first.
    for (auto b = boundaries_.rbegin(); b != boundaries_.rend(); ++b) {
        if (&b->agent() != &a || b->from->empty()) continue;
        if (!b->cursor->finished() || b->from->waits_for_work()) return false;
        b->from->flush();
        return !b->cursor->finished();
    }
    return false;
}
bool conductor::flush() {
    bool busy = false;
    for (auto& b : boundaries_)
        if (!b.agent().paused) busy |= flush(b.agent());
    return busy;
}

}  // namespace weir::detail
