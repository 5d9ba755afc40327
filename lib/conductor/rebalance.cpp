// SPDX-License-Identifier: Apache-2.0
// How partitions come and go, and how a run ends.
#include <algorithm>

#include <weir/error.hpp>

#include "conductor.hpp"

namespace weir::detail {
namespace {

// for a last commit, behind drain and shutdown limits
constexpr auto answer_timeout = std::chrono::seconds{2};
// for leaving a group whose broker may not answer
constexpr duration leave_least = std::chrono::seconds{1}, leave_most = std::chrono::seconds{5};

/// A message of it is in a sink or under retry. A stream that nobody iterates is not awaited.
bool in_work(const segment_cursor& f) { return !f.runs->agent->paused && (f.parked || f.failures > 0); }

}  // namespace

// ------------------------------------------------------------------------------------- assignments
void conductor::assigned(std::vector<transport::assignment> all) {
    joined_ = true;
    for (auto& a : all) {
        const auto& tp = *seen_partitions_.insert(a.tp).first;
        auto& topic = work_of(tp.topic);
        if (topic.readers.empty()) continue;  // not ours to read
        close_partition(tp);
        auto& made = partitions_[tp];
        made =
            std::make_unique<owned_partition>(tp, std::move(a), topic.readers, settings_.releases);
        topic.partitions.push_back(made.get());
        for (auto& s : plan_.segments()) s->assigned(tp);
        report_.hooks().assigned(tp);
    }
}

/// Only records: what is in work is drained by the next turns, then the broker is answered.
void conductor::revoked(std::vector<topic_partition> all) {
    std::vector<topic_partition> unknown;
    std::vector<owned_partition*> leaving;
    last_parked_ = nullptr;  // a turn decides what goes on behind it
    for (auto& tp : all) {
        const auto it = partitions_.find(tp);
        if (it == partitions_.end()) unknown.push_back(tp);
        else if (!it->second->abandoned) leaving.push_back(it->second.get());
    }
    for (auto* p : leaving) {
        p->revoking = true;
        p->drain_until = later(clock_.steady(), settings_.options.drain_timeout);
        p->tracker->set_ownership(ownership::revoking);
        p->tracker->forfeit(true);
    }
    for (auto& s : boundaries_) s.from->revoke();
    for (auto* p : leaving) p->tracker->forfeit(false);
    if (!unknown.empty()) transport_.release(unknown);
}

void conductor::lost(std::vector<topic_partition> all) {
    std::erase_if(all, [&](auto& tp) { return !partitions_.contains(tp); });
    for (auto& tp : all) partitions_.at(tp)->tracker->set_ownership(ownership::lost);
    for (auto& s : boundaries_) s.from->revoke();
    forfeit_lost();
    for (auto& tp : all) report_.hooks().revoked(tp, true), close_partition(tp);
}

/// What is still in work of partitions that are gone is not waited for any more. A parked message
/// stays: it is its sink's.
void conductor::forfeit_lost() {
    for (auto& s : boundaries_) {
        s.from->abandon();
        if (s.from->ready().forget(s.cursor->position + s.cursor->parked) && !s.cursor->parked)
            s.cursor->failures = 0, s.cursor->acked = false;
    }
}

void conductor::close_partition(const topic_partition& tp) {
    const auto it = partitions_.find(tp);
    if (it == partitions_.end()) return;
    for (auto& t : topics_) std::erase(t.partitions, it->second.get()), t.next = 0;
    last_parked_ = nullptr;
    const auto* closed = &*seen_partitions_.find(tp);  // `tp` may be the erased one's
    partitions_.erase(it);
    for (auto& s : plan_.segments()) s->revoked(*closed);
}

/// Nothing of it is in work any more, and no message held.
bool conductor::quiet(const owned_partition& a) const {
    const auto busy = [&](const auto& f) { return !error_ && in_work(*f); };
    return a.tracker->open() == 0 && std::none_of(a.cursors().begin(), a.cursors().end(), busy);
}

/// Partitions that are to be given up: when they are quiet, or the time is over, they are committed
/// and released.
bool conductor::drain() {
    std::vector<topic_partition> done;
    for (auto& [tp, a] : partitions_) {
        if (!a->revoking) continue;
        if (now_ >= a->drain_until && !a->abandoned) {
            a->abandoned = true;
            a->tracker->set_ownership(ownership::lost);
            forfeit_lost();
        }
        if (!a->abandoned && !quiet(*a)) continue;
        const bool late = now_ >= later(a->drain_until, answer_timeout);
        if (!late && !committer_.finish(*a, partitions_, now_)) continue;
        done.push_back(tp);
    }
    for (auto& tp : done) close_partition(tp), report_.hooks().revoked(tp, false);
    if (!done.empty()) transport_.release(done);
    return !done.empty();
}

void conductor::committed(const transport::commit_result& r) {
    committer_.answered(partitions_, r, report_.hooks());
    if (r.error == transport::commit_error::none) return void(++report_.count().commits);
    report_.log("a commit failed: " + r.text);
    report_.hooks().commit_failed(r.text);
    if (r.error != transport::commit_error::member && r.error != transport::commit_error::fenced)
        return;
    std::vector<topic_partition> gone;  // the membership is over; the transport joins again
    for (auto& [tp, p] : partitions_) gone.push_back(tp);
    lost(std::move(gone));
}

void conductor::problem(const std::string& text, bool fatal) {
    if (fatal) fail(std::make_exception_ptr(weir::error{"weir: " + text}));
    else report_.log(text);
}

// ----------------------------------------------------------------------------------------- the end
void conductor::stop() noexcept {
    stop_asked_.store(true, std::memory_order_relaxed);
    if (auto* t = turn_.load(std::memory_order_relaxed); t && settings_.releases->is_here())
        t->end(run_status::stop);
}

bool conductor::work_left() const {
    if (error_) return false;
    for (auto& [tp, a] : partitions_)
        for (auto& f : a->cursors())
            if (in_work(*f)) return true;
    return std::any_of(boundaries_.begin(), boundaries_.end(), [](const boundary_work& s) {
        return !s.from->agent->paused && (!s.from->empty() || !s.cursor->finished());
    });
}

/// Coroutines are told that nothing will come any more. True when all of them have returned.
bool conductor::end_bodies() {
    bool all = true;
    for (auto& b : plan_.bodies()) {
        if (b->running()) b->end();
        all &= !b->running();
    }
    return all;
}

/// What is in work is finished, buffers go out as last short batches, then everything is committed
/// and the group left.
bool conductor::finish() {
    if (state_ == state::running) {
        state_ = state::finishing;
        stop_until_ = later(now_, settings_.options.shutdown_timeout);
        for (auto& s : boundaries_) s.from->stop();
        return true;
    }
    const bool late = now_ >= stop_until_;
    if (state_ == state::finishing) {
        if (!late && work_left()) {
            return !error_ && flush();
        }
        if (!late && producer_.under_way() > 0) {
            background_.clear();  // a task that sends on and on would keep us
            return false;
        }
        if (!late && !error_ && !end_bodies()) return false;
        state_ = state::leaving;
        stop_until_ = std::max(stop_until_, now_ + answer_timeout);
        return true;
    }
    if (!late && !committer_.finish(partitions_, now_)) return false;
    last_status_ = status();
    std::vector<topic_partition> all;
    for (auto& [tp, a] : partitions_) all.push_back(tp);
    for (auto& tp : all) close_partition(tp);
    if (!all.empty()) transport_.release(all);
    transport_.close(*this, std::clamp(stop_until_ - now_, leave_least, leave_most));
    take_errors();  // of what was told last
    state_ = state::stopped;
    return true;
}

std::vector<partition_status> conductor::status() const {
    if (stopped()) return last_status_;
    std::vector<partition_status> all;
    const auto now = clock_.steady();
    for (auto& [tp, a] : partitions_) {
        const auto& t = *a->tracker;
        partition_status p{tp.topic, tp.partition, a->committed, t.open(), t.end()};
        const bool done = t.committable() == t.end();
        if (const auto end = a->end(); end && t.end() > 0) p.lag = *end - t.committable();
        if (!done) p.age = now - a->oldest_since();
        all.push_back(std::move(p));
    }
    return all;
}

}  // namespace weir::detail
