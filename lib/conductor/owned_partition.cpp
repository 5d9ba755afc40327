// SPDX-License-Identifier: Apache-2.0
#include "owned_partition.hpp"

#include <algorithm>
#include <utility>

namespace weir::detail {

owned_partition::owned_partition(const topic_partition& at, transport::assignment from,
                                 const std::vector<plan::topic_reader*>& readers,
                                 std::shared_ptr<release_queue> releases)
    : tp(at),
      tracker(new offset_tracker{releases, from.committed}),
      releases_(std::move(releases)),
      partition_(std::move(from.partition)) {
    join(readers);
}

void owned_partition::join(const std::vector<plan::topic_reader*>& readers) {
    const auto behind = fetched_ ? fetched_->messages().size() : 0;
    for (auto* r : readers) {
        auto n =
            std::find_if(nodes_.begin(), nodes_.end(), [&](const node& x) { return x.by == r; });
        if (n == nodes_.end()) n = nodes_.insert(n, {r, r->decoder->make(*tracker, tp), behind});
        for (auto* s : r->to) {
            if (reads(*s)) continue;
            cursors_.push_back(std::make_unique<segment_cursor>(*n->slots, *s));
            cursors_.back()->position = n->slots->count;
        }
    }
}

bool owned_partition::reads(const segment& s) const {
    return std::any_of(cursors_.begin(), cursors_.end(), [&](auto& f) { return f->runs == &s; });
}

/// Who still looks at a parked message, a coroutine or a pull loop, keeps its batch until it looks
/// away.
owned_partition::~owned_partition() {
    std::shared_ptr<retired> batch;
    for (auto& f : cursors_) {
        if (!f->parked) continue;
        f->runs->discard(), f->runs->occupancy->occupant = nullptr;
        if (!f->runs->agent->has_body && !f->runs->agent->pull) continue;
        if (!batch) batch = std::make_shared<retired>();
        f->runs->agent->looked_at.push_back(batch);
    }
    if (batch) batch->nodes = std::move(nodes_), batch->fetched = std::move(fetched_);
}

bool owned_partition::finished() const {
    return !bad_ &&
           std::all_of(cursors_.begin(), cursors_.end(), [](auto& f) { return f->finished(); });
}

std::size_t owned_partition::read(std::size_t most, time_point now) {
    if (stopped_ || most == 0) return 0;
    fetched_ = partition_->read(most, std::move(fetched_));
    if (!fetched_ || fetched_->messages().empty()) return 0;
    if (fetched_->messages().front().offset < tracker->end()) begin_anew();
    const bool all_done = tracker->committable() == tracker->end();
    tracker->delivered(fetched_->messages().front().offset, fetched_->messages().back().offset);
    if (all_done) oldest_ = tracker->committable(), since_ = now;
    for (auto& n : nodes_) n.by->decoder->clear(*n.slots), n.decoded = 0;
    for (auto& f : cursors_) f->position = 0, f->failures = 0;
    passed_bad_.clear();
    decode();
    return fetched_->messages().size();
}

/// Every cursor has finished. Holds of the old log's messages mean nothing more.
void owned_partition::begin_anew() {
    tracker.reset(new offset_tracker{releases_});
    committed.reset();
    for (auto& n : nodes_) {
        auto before = std::move(n.slots);
        n.slots = n.by->decoder->make(*tracker, tp);
        for (auto& f : cursors_)
            if (f->reads == before.get()) f->reads = n.slots.get();
    }
}

void owned_partition::decode() {
    for (auto& n : nodes_) {
        if (n.decoded == fetched_->messages().size()) continue;
        std::exception_ptr error;
        n.decoded = n.by->decoder->decode(*n.slots, *fetched_, n.decoded, error);
        if (!error) continue;
        bad_ = bad_message{n.by, n.decoded, std::move(error), 0, {}};
        return;
    }
}

void owned_partition::pass_bad() {
    for (auto& n : nodes_)
        if (n.by == bad_->by) ++n.decoded;
    if (!dealt_with(*bad_)) passed_bad_.push_back(bad_->at);
    bad_.reset();
    decode();
}

void owned_partition::retry_bad() {
    const auto before = *std::exchange(bad_, std::nullopt);
    decode();
    if (bad_ && bad_->by == before.by && bad_->at == before.at) bad_->failures = before.failures + 1;
}

bool owned_partition::dealt_with(const bad_message& b) const {
    return std::find(passed_bad_.begin(), passed_bad_.end(), b.at) != passed_bad_.end();
}

void owned_partition::update_tracker(time_point now) {
    if (fetched_ && !fetched_->messages().empty()) {
        auto passed = tracker->end();
        for (auto& n : nodes_)
            if (n.decoded < fetched_->messages().size())
                passed = std::min(passed, raw(n.decoded).offset);
        for (auto& f : cursors_)
            if (const auto at = f->position + f->acked; at < f->reads->count)
                passed = std::min(passed, f->reads->message_of(at).offset);
        tracker->passed(passed);
    }
    if (const auto now_oldest = tracker->committable(); now_oldest != oldest_)
        oldest_ = now_oldest, since_ = now;
}

}  // namespace weir::detail
