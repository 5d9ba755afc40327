// SPDX-License-Identifier: Apache-2.0
// Partitions that are assigned, revoked and lost.
#include <algorithm>
#include <cassert>

#include <weir/error.hpp>

#include "conductor.hpp"

namespace weir::detail {
namespace {

// How long to wait for a last commit, beyond the limits for draining and stopping.
constexpr auto answer_timeout = std::chrono::seconds{2};
// How often to look whether a last commit is answered or late.
constexpr auto answer_pause = std::chrono::milliseconds{10};

}  // namespace

void conductor::assigned(std::vector<transport::assignment> all) {
    joined_ = true;
    for (auto& a : all) {
        const auto& tp = *seen_partitions_.insert(a.tp).first;
        auto& topic = work_of(tp.topic);
        if (topic.readers.empty()) continue;  // it matches a pattern that nobody reads any more
        close_partition(tp);
        if (const auto why = tables_.why_refused(tp); !why.empty()) {
            stop_with(std::make_exception_ptr(weir::error{"weir: " + why}));
            continue;
        }
        begin_partition(topic, std::move(a));
        report_.hooks().assigned(tp);
    }
}

void conductor::begin_partition(topic_work& topic, transport::assignment a) {
    const auto& tp = *seen_partitions_.find(a.tp);
    auto& made = partitions_[tp];
    forget_orders();
    made = std::make_unique<owned_partition>(tp, std::move(a), topic.readers, settings_.releases);
    topic.partitions.push_back(made.get());
    made->tables = tables_.assigned(tp, made->tracker->finished().value_or(0), clock_.wall());
    if (made->tables) {
        made->tables->tp = &tp;
        made->tables->last_read = now_;
    }
    for (auto& s : plan_.segments()) s->assigned(tp);
}

/// Only records it. The next turns drain the partitions; then they are released.
void conductor::revoked(std::vector<topic_partition> all) {
    std::vector<topic_partition> unknown;
    std::vector<owned_partition*> leaving;
    last_parked_ = nullptr;  // from now on a turn decides what goes on
    for (auto& tp : all) {
        const auto it = partitions_.find(tp);
        if (it == partitions_.end()) unknown.push_back(tp);
        else if (!it->second->abandoned()) leaving.push_back(it->second.get());
    }
    for (auto* p : leaving) {
        p->drain_until = later(clock_.steady(), settings_.options.drain_timeout);
        p->tracker->set_ownership(ownership::revoking);
        if (p->tables) p->tables->leaving = true;
        p->tracker->forfeit(true);
    }
    for (auto& b : boundaries_) b.from->revoke();
    for (auto* p : leaving) p->tracker->forfeit(false);
    if (!unknown.empty()) transport_.release(unknown);
}

void conductor::lost(std::vector<topic_partition> all) {
    std::erase_if(all, [&](auto& tp) { return !partitions_.contains(tp); });
    for (auto& tp : all) partitions_.at(tp)->tracker->set_ownership(ownership::lost);
    for (auto& b : boundaries_) b.from->revoke();
    forfeit_lost();
    for (auto& tp : all) {
        report_.hooks().revoked(tp, true);
        close_partition(tp);
    }
}

/// Stops waiting for work on lost partitions. A parked message stays, since its sink still has it;
/// but no more of it is pushed.
void conductor::forfeit_lost() {
    for (auto& b : boundaries_) {
        b.from->abandon();
        auto& c = *b.cursor;
        if (c.more && c.reads->ownership_of(c.position) == ownership::lost) discard(c);
        const auto first = c.parked ? c.position + 1 : c.position;
        const bool first_is_lost = b.from->ready().forget(first);
        if (!first_is_lost || c.parked) continue;
        c.tries.reset();
        c.acked = false;
    }
}

/// What has been pushed of the message is undone; what was applied stays.
void conductor::discard(segment_cursor& c) {
    c.runs->discard();
    c.unpark();
    c.runs->occupancy->occupant = nullptr;
    if (last_parked_ == &c) last_parked_ = nullptr;
}

void conductor::close_partition(const topic_partition& tp) {
    const auto it = partitions_.find(tp);
    if (it == partitions_.end()) return;
    forget_orders();
    for (auto& t : topics_) {
        std::erase(t.partitions, it->second.get());
        t.next = 0;
    }
    last_parked_ = nullptr;
    const auto& seen = it->second->tp;  // outlives the partition, and perhaps `tp`
    assert(seen_partitions_.contains(seen));
    const bool lost = it->second->abandoned();
    const auto of_tables = it->second->tables;
    partitions_.erase(it);
    for (auto& s : plan_.segments()) s->revoked(seen);
    if (!of_tables) return;
    for (auto& other : tables_.gone(*of_tables, lost, now_)) read_again(other);
}

/// The partition is still ours, but its tables are not: another topic that changes them has lost
/// its partition. They are restored when that one is back; what is not committed comes again.
void conductor::read_again(const topic_partition& tp) {
    const auto it = partitions_.find(tp);
    if (it == partitions_.end() || it->second->revoking() || stopping()) return;
    auto& p = *it->second;
    p.tracker->set_ownership(ownership::lost);
    for (auto& b : boundaries_) b.from->revoke();
    forfeit_lost();
    auto again = p.read_again();
    if (!again.partition)
        return stop_with(std::make_exception_ptr(
            weir::error{"weir: " + text_of(tp) +
                        " has to be read again, since the tables that it changes are "
                        "gone with another topic's partition: start the app again"}));
    const auto& topic = seen_partitions_.find(tp)->topic;
    close_partition(tp);
    begin_partition(work_of(topic), std::move(again));
}

/// Retries that are due only when their partition has to be given up are not waited for.
bool conductor::give_up_retries() {
    auto until = time_point::min();
    for (auto& [tp, p] : partitions_)
        if (p->revoking() && !p->abandoned()) until = std::max(until, p->drain_until);
    if (until == time_point::min()) return false;
    bool any = producer_.give_up_retries(until, false);
    for (auto& b : boundaries_) {
        any |= b.from->give_up_retries(until, false);
        auto& c = *b.cursor;
        const bool is_late = !c.parked && comes_too_late(c, until);
        if (is_late && b.from->ready().forget(c.position, ownership::revoking)) {
            c.tries.reset();
            c.acked = false;
            any = true;
        }
    }
    return any;
}

/// True if nothing of the partition is in work and no message is held. Does not wait for a stream
/// that nobody iterates, or for a retry that comes too late.
bool conductor::quiet(const owned_partition& p) const {
    if (p.tracker->open() > 0) return false;
    const auto busy = [&](auto& c) { return is_awaited(*c, p.drain_until); };
    return error_ || std::none_of(p.cursors().begin(), p.cursors().end(), busy);
}

/// Commits and releases revoked partitions that are quiet, or whose time is over.
bool conductor::drain() {
    const bool gave_up = give_up_retries();
    std::vector<topic_partition> done;
    for (auto& [tp, p] : partitions_)
        if (p->revoking() && drained(*p)) done.push_back(tp);
    for (auto& tp : done) {
        close_partition(tp);
        report_.hooks().revoked(tp, false);
    }
    if (!done.empty()) transport_.release(done);
    return gave_up || !done.empty();
}

bool conductor::drained(owned_partition& p) {
    if (now_ >= p.drain_until && !p.abandoned()) {
        p.tracker->set_ownership(ownership::lost);
        forfeit_lost();
    }
    if (!p.abandoned() && !quiet(p)) return false;
    const bool late = now_ >= later(p.drain_until, answer_timeout);
    return late || committer_.finish(p, partitions_, now_);
}

void conductor::committed(const transport::commit_result& r) {
    committer_.answered(partitions_, r, report_.hooks());
    if (r.error == transport::commit_error::none) {
        ++report_.count().commits;
        return purger_.committed(partitions_, r.positions, now_);
    }
    report_.log("a commit failed: " + r.text);
    report_.hooks().commit_failed(r.text);
    const bool still_member =
        r.error != transport::commit_error::member && r.error != transport::commit_error::fenced;
    if (still_member) return;
    std::vector<topic_partition> all;  // the membership is over; the transport joins again
    for (auto& [tp, p] : partitions_) all.push_back(tp);
    lost(std::move(all));
}

/// A partition that this member is about to get, or gives up for a moment, is not looked at: the
/// group tells its members when all partitions have been given out.
void conductor::members(const std::vector<transport::group_member>& all) {
    if (!ends_soon() && !error_) tables_.choose_copies(all, clock_.wall());
}

void conductor::problem(const std::string& text, bool fatal) {
    if (fatal) stop_with(std::make_exception_ptr(weir::error{"weir: " + text}));
    else report_.log(text);
}

/// If only a commit's answer is missing: when a failed commit is sent again.
time_point conductor::answer_due() const {
    return std::max(committer_.next_try(), now_ + answer_pause);
}

}  // namespace weir::detail
