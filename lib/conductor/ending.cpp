// SPDX-License-Identifier: Apache-2.0
// The end of sources, of coroutine agents, and of the run.
#include <algorithm>

#include <weir/error.hpp>

#include "conductor.hpp"

namespace weir::detail {
namespace {

// How long to wait for a last commit, beyond shutdown_timeout.
constexpr auto answer_timeout = std::chrono::seconds{2};
// How long leaving the group may take if the broker does not answer.
constexpr duration leave_least = std::chrono::seconds{1}, leave_most = std::chrono::seconds{5};
constexpr std::size_t partitions_named = 20;  // of a thousand the others are counted

}  // namespace

body* conductor::body_of(const agent_info& a) const {
    if (a.has_body)
        for (auto& b : plan_.bodies())
            if (b->agent == &a) return b.get();
    return nullptr;
}

/// An agent whose sources have all ended passes on what it has buffered. Then the agent has ended,
/// too.
bool conductor::end_sources() {
    const auto all_of = [&](const agent_info& a, auto holds) {
        return std::all_of(boundaries_.begin(), boundaries_.end(),
                           [&](const boundary_work& b) { return &b.agent() != &a || holds(b); });
    };
    const auto has_ended = [](const boundary_work& b) {
        return !b.from->is_source() || b.from->ended();
    };
    const auto is_empty = [](const boundary_work& b) { return b.empty(); };
    bool busy = false;
    for (auto& source : boundaries_) {
        auto& agent = source.agent();
        if (!agent.finite || agent.ended || !all_of(agent, has_ended)) continue;
        busy |= flush(agent);
        if (!all_of(agent, is_empty)) continue;
        if (auto* b = body_of(agent); b && b->running()) b->end();
        else agent.ended = true;
        busy |= agent.ended;
    }
    return busy;
}

/// Tells coroutines that nothing more will come. True when all of them have returned.
bool conductor::end_bodies() {
    bool all = true;
    for (auto& b : plan_.bodies()) {
        if (b->running()) b->end();
        all &= !b->running();
    }
    return all;
}

void conductor::stop() noexcept {
    stop_asked_.store(true, std::memory_order_relaxed);
    auto* t = turn_.load(std::memory_order_relaxed);
    if (t && settings_.releases->is_here()) t->end(run_status::stop);
}

/// What the agent has buffered waits for a retry that comes too late for this run, and so does what
/// is parked before it.
bool conductor::stuck(const agent_info& a) const {
    bool any = false;
    for (auto& b : boundaries_) {
        if (&b.agent() != &a || b.empty()) continue;
        if (!comes_too_late(*b.cursor, stop_until_)) return false;
        any = true;
    }
    return any;
}

bool conductor::work_left() const {
    if (error_) return false;
    for (auto& [tp, p] : partitions_)
        for (auto& c : p->cursors())
            if (is_awaited(*c, stop_until_) && !stuck(*c->runs->agent)) return true;
    return std::any_of(boundaries_.begin(), boundaries_.end(), [&](const boundary_work& b) {
        return !b.agent().paused && !b.empty() && !comes_too_late(*b.cursor, stop_until_);
    });
}

/// Finishes what is in work, flushes, commits, leaves the group. True if it did anything.
bool conductor::finish() {
    switch (state_) {
        case state::running:
            state_ = state::finishing;
            stop_until_ = later(now_, settings_.options.shutdown_timeout);
            for (auto& b : boundaries_) b.from->stop();
            return true;
        case state::finishing: return finish_work();
        case state::leaving: return leave();
        case state::stopped: break;
    }
    return false;
}

bool conductor::finish_work() {
    const bool late = now_ >= stop_until_;
    bool gave_up = producer_.give_up_retries(stop_until_, true);
    for (auto& b : boundaries_) gave_up |= b.from->give_up_retries(stop_until_, true);
    if (gave_up) return true;
    if (!late && work_left()) return flush();
    if (!late && producer_.under_way() > 0) {
        background_.clear();  // a task that sends again and again would keep the run going
        return false;
    }
    if (!late && !error_ && !end_bodies()) return false;
    state_ = state::leaving;
    stop_until_ = std::max(stop_until_, now_ + answer_timeout);
    return true;
}

bool conductor::leave() {
    const bool late = now_ >= stop_until_;
    const bool all_committed = committer_.finish(partitions_, now_);
    if (!late && !all_committed) return false;
    const bool more_to_write = !late && !error_ && tables_.write_snapshots(clock_.wall());
    for (auto& line : tables_.take_lines()) report_.log(line);
    if (more_to_write) return true;
    last_status_ = status();
    const auto left = not_committed();
    std::vector<topic_partition> all;
    for (auto& [tp, p] : partitions_) all.push_back(tp);
    tables_.leave_readable();
    for (auto& tp : all) close_partition(tp);
    if (!all.empty()) transport_.release(all);
    transport_.close(*this, std::clamp(stop_until_ - now_, leave_least, leave_most));
    take_errors();  // from the last reports
    gave_up_ = !all_committed || producer_.under_way() > 0;
    if (gave_up_) give_up(left);
    state_ = state::stopped;
    return true;
}

/// What was read and comes again: "orders[0] from 100 to 149, …".
std::string conductor::not_committed() const {
    std::string text;
    std::size_t n = 0;
    for (auto& [tp, p] : partitions_) {
        const auto from = p->tracker->first_uncommitted();
        if (!from || ++n > partitions_named) continue;
        text += (n == 1 ? "" : ", ") + text_of(tp) + " from " + std::to_string(*from) + " to " +
                std::to_string(p->tracker->end() - 1);
    }
    if (n > partitions_named)
        text += " and of " + std::to_string(n - partitions_named) + " more partitions";
    return text;
}

/// The broker has not answered in time. That is no success, though another error says more.
void conductor::give_up(const std::string& not_committed) {
    auto text = "the broker has not confirmed everything in shutdown_timeout, " +
                text_of(settings_.options.shutdown_timeout);
    if (const auto n = producer_.under_way(); n > 0)
        text += "; not delivered: " + std::to_string(n) + (n == 1 ? " message" : " messages");
    if (!not_committed.empty()) text += "; not committed: " + not_committed;
    if (error_) report_.log(text);
    else error_ = std::make_exception_ptr(weir::error{"weir: " + text});
}

}  // namespace weir::detail
