// SPDX-License-Identifier: Apache-2.0
// Which of several inputs goes next: the one whose message has the lowest time.
#include <algorithm>

#include "conductor.hpp"

namespace weir::detail {
namespace {

// How long the inputs of one agent may work in one turn, so that others get their turn, too.
constexpr auto order_budget = std::chrono::milliseconds{20};
// The clock is looked at after so many runs, and a run has at most so many messages.
constexpr std::size_t runs_between_looks = 8, run_max = 512;

bool is_behind(const owned_partition& p, const partition_cursor& a, const partition_cursor& b) {
    if (a.reads == b.reads) return a.position < b.position;  // mostly, and soon known
    return p.behind(a) > p.behind(b);
}

/// The cursor whose message comes next: the one that is farthest behind, or the first of several.
partition_cursor* next_of(const ordered_inputs::input& in) {
    auto* next = in.cursors.front();
    for (auto* c : in.cursors)
        if (is_behind(*in.from, *c, *next)) next = c;
    return next->finished() ? nullptr : next;
}

/// Another agent has to pass messages before more are read, and its sink is at work on one. So it
/// is not the broker that is waited for.
bool is_kept_back(const ordered_inputs::input& in, std::size_t most) {
    const auto* last = in.from->room(most) == 0 ? in.from->slowest() : nullptr;
    return last && last->runs->occupancy->occupant;
}

/// Where a message has another time than those before it that may still go.
std::size_t end_of_run(const partition_cursor& c, timestamp last) {
    const auto most = std::min(c.reads->count, c.position + run_max);
    auto i = c.position + 1;
    if (last == timestamp::max()) return most;
    while (i < most && c.reads->time_of(i) <= last) ++i;
    return i;
}

}  // namespace

/// Something was assigned, has gone, or is read by another agent: the inputs are found anew.
void conductor::forget_orders() {
    orders_.clear();
    orders_known_ = false;
}

void conductor::find_orders() {
    orders_known_ = true;
    orders_.clear();
    for (auto& [tp, p] : partitions_)
        for (auto& c : p->cursors()) {
            c->until = segment_cursor::no_order;
            if (p->tables) add_to_order(*p, *c);
        }
    const auto has_one_cursor = [](const ordered_inputs& o) {
        return o.inputs.size() == 1 && o.inputs.front().cursors.size() == 1;
    };
    std::erase_if(orders_, has_one_cursor);
    for (auto& o : orders_) sort_order(o);
}

void conductor::add_to_order(owned_partition& p, partition_cursor& c) {
    const auto* group = tables_.group_with(*p.tables);
    const auto& agent = *c.runs->agent;
    const auto tables = group ? group->timed_tables_of(agent.name) : shard_group::timed_tables{};
    if (tables.count == 0) return;
    const auto same = [&](auto& o) { return o.of == group && o.agent == &agent; };
    auto o = std::find_if(orders_.begin(), orders_.end(), same);
    if (o == orders_.end())
        o = orders_.insert(o, {group, &agent, tables.wait, tables.count > 1, {}});
    const auto is_of_p = [&](auto& i) { return i.from == &p; };
    auto in = std::find_if(o->inputs.begin(), o->inputs.end(), is_of_p);
    if (in == o->inputs.end()) in = o->inputs.insert(in, {&p, {}});
    in->cursors.push_back(&c);
}

/// Pipelines are built from right to left, so of two streams the left one was built later.
void conductor::sort_order(ordered_inputs& o) {
    const auto built = [&](const partition_cursor* c) {
        const auto& all = plan_.segments();
        return std::find_if(all.begin(), all.end(), [&](auto& s) { return s.get() == c->runs; }) -
               all.begin();
    };
    for (auto& in : o.inputs) {
        std::sort(in.cursors.begin(), in.cursors.end(),
                  [&](auto* a, auto* b) { return built(a) > built(b); });
        for (auto* c : in.cursors) c->until = c->position;
    }
    std::sort(o.inputs.begin(), o.inputs.end(), [&](auto& a, auto& b) {
        return built(a.cursors.front()) > built(b.cursors.front());
    });
}

/// Gives one agent's inputs a turn: the next that have something to do.
bool conductor::turn_orders() {
    if (!orders_known_) find_orders();
    for (std::size_t n = 0; n < orders_.size(); ++n) {
        next_order_ = (next_order_ + 1) % orders_.size();
        if (turn_order(orders_[next_order_])) return true;
    }
    return false;
}

bool conductor::turn_order(ordered_inputs& o) {
    bool busy = finish_in_order(o);
    if (o.has_several && !pass_results(*o.agent)) return busy;
    const auto until = clock_.steady() + order_budget;
    auto now = until - order_budget;
    for (std::size_t n = 1; now < until && !error_ && !ends_soon(); ++n) {
        auto* in = find_next(o);
        if (!in) break;
        auto& c = *in->next;
        const auto batch = c.in;
        const auto position = c.position;
        if (!step(c, work::any, now)) break;
        busy = true;
        if (c.in_work() || (c.in == batch && c.position == position)) break;
        in->from->advance(c);
        if (o.has_several && !pass_results(*o.agent)) break;
        if (n % runs_between_looks == 0) now = clock_.steady();
    }
    return busy;
}

/// What a boundary has ready goes on, since a table behind it has to see it before the next
/// message. False if it is not done with that.
bool conductor::pass_results(const agent_info& a) {
    const auto waits = [&](const boundary_work& b) {
        return &b.agent() == &a && (!b.cursor->finished() || b.from->due() <= now_);
    };
    const auto any = [&] { return std::any_of(boundaries_.begin(), boundaries_.end(), waits); };
    if (any()) turn_boundaries();
    return !any();
}

/// A message that is in work is finished before another one is begun.
bool conductor::finish_in_order(ordered_inputs& o) {
    bool busy = false;
    for (auto& in : o.inputs)
        for (auto* c : in.cursors) {
            if (in.from->revoking() || !c->in_work()) continue;
            c->until = c->position + 1;
            busy |= step(*c, work::any);
            in.from->advance(*c);
        }
    return busy;
}

/// Finds the input whose message has the lowest time, and says how far its cursor may go. Null:
/// there is none, one is in work, or one is waited for.
ordered_inputs::input* conductor::find_next(ordered_inputs& o) {
    ordered_inputs::input* first = nullptr;
    bool waits = false;
    for (auto& in : o.inputs) {
        for (auto* c : in.cursors) c->until = c->position;
        in.next = next_of(in);
        waits |= in.from->revoking();  // the others are read again when it has gone
        if (!has_more(in)) in.waits_since.reset();
        else if (!in.waits_since || is_kept_back(in, settings_.options.stream_buffer_max))
            in.waits_since = now_;
        waits |= is_waited_for(in, o.wait);
        if (!in.next) continue;
        waits |= in.next->in_work();
        in.time = in.next->reads->time_of(in.next->position);
        if (!first || in.time < first->time) first = &in;
    }
    if (!first || waits) return nullptr;
    auto& c = *first->next;
    c.until = c.position + 1;
    if (first->cursors.size() > 1) return first;
    auto last = timestamp::max();
    for (auto& in : o.inputs) {
        if (&in == first || !in.next) continue;
        const auto before = std::chrono::milliseconds{&in < first ? 1 : 0};
        last = std::min(last, in.time - before);
    }
    c.until = end_of_run(c, last);
    return first;
}

/// It has no message ready, and the broker has some that may be read now.
bool conductor::has_more(const ordered_inputs::input& in) {
    const auto& p = *in.from;
    if (in.next || p.revoking() || !p.ready() || p.at_limit() || p.stopped()) return false;
    return p.undecodable() || !p.read_to_end();
}

/// When it is not waited for any longer.
time_point conductor::waits_until(const ordered_inputs::input& in, duration wait) {
    return later(std::max(*in.waits_since, in.from->tables->last_read), wait);
}
bool conductor::is_waited_for(const ordered_inputs::input& in, duration wait) const {
    return in.waits_since && waits_until(in, wait) > now_;
}

time_point conductor::order_due(const ordered_inputs& o) const {
    auto at = time_point::max();
    for (auto& in : o.inputs)
        if (is_waited_for(in, o.wait)) at = std::min(at, waits_until(in, o.wait));
    return at;
}

}  // namespace weir::detail
