// SPDX-License-Identifier: Apache-2.0
#include "owned_partition.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir::detail {

owned_partition::owned_partition(const topic_partition& of, transport::assignment from,
                                 const std::vector<plan::topic_reader*>& readers,
                                 std::shared_ptr<release_queue> releases)
    : tp(of),
      is_private(std::any_of(
          readers.begin(), readers.end(),
          [&](auto* r) { return r->topic->name == of.topic && detail::is_private(*r->topic); })),
      tracker(new offset_tracker{releases, from.committed}),
      releases_(std::move(releases)),
      partition_(std::move(from.partition)) {
    join(readers);
}

void owned_partition::join(const std::vector<plan::topic_reader*>& readers) {
    const auto is_gone = [](const segment* s) { return s->agent->gone; };
    const auto nobody_reads = [&](const plan::topic_reader* r) {
        return std::all_of(r->to.begin(), r->to.end(), is_gone);
    };
    const bool all_gone = std::all_of(readers.begin(), readers.end(), nobody_reads);
    const auto all = fetched_ ? fetched_->messages().size() : 0;
    const auto left = first_left();
    bool replaces = false;
    for (auto* r : readers) {
        if (nobody_reads(r) && !all_gone) continue;
        auto b = std::find_if(batches_.begin(), batches_.end(),
                              [&](const decoded_batch& x) { return x.reader == r; });
        if (b == batches_.end())
            b = batches_.insert(b, {r, r->decoder->make(*tracker, tp), left.value_or(all)});
        for (auto* s : r->to) {
            if (reads(*s) || (is_gone(s) && !all_gone)) continue;
            cursors_.push_back(std::make_unique<segment_cursor>(*b->slots, *s));
            cursors_.back()->position = left ? slot_of(*b, *left) : b->slots->count;
            replaces |= left.has_value();
        }
    }
    if (replaces) remove_gone();
    if (replaces && !undecodable_) decode();
}

/// The first message of the fetch that was left unfinished by a stream that nobody has any more.
std::optional<std::size_t> owned_partition::first_left() const {
    std::optional<std::size_t> first;
    for (auto& c : cursors_) {
        if (!c->runs->agent->gone) continue;
        const auto b = std::find_if(batches_.begin(), batches_.end(), [&](const decoded_batch& x) {
            return x.slots.get() == c->reads;
        });
        assert(b != batches_.end());
        auto at = b->decoded;
        if (!c->finished()) {
            const auto offset = c->reads->message_of(c->position).offset;
            for (at = 0; raw(at).offset != offset;) ++at;
        }
        first = std::min(at, first.value_or(at));
    }
    return first;
}

/// The first of the batch's slots that is not before this message of the fetch.
std::size_t owned_partition::slot_of(const decoded_batch& b, std::size_t at) const {
    std::size_t i = 0;
    while (i < b.slots->count && at < fetched_->messages().size() &&
           b.slots->message_of(i).offset < raw(at).offset)
        ++i;
    return at < fetched_->messages().size() ? i : b.slots->count;
}

void owned_partition::remove_gone() {
    std::erase_if(cursors_, [](auto& c) {
        if (!c->runs->agent->gone) return false;
        if (c->parked) discard_parked(*c);
        return true;
    });
    std::erase_if(batches_, [&](const decoded_batch& b) {
        const auto reads_it = [&](auto& c) { return c->reads == b.slots.get(); };
        if (std::any_of(cursors_.begin(), cursors_.end(), reads_it)) return false;
        if (undecodable_ && undecodable_->reader == b.reader) undecodable_.reset();
        return true;
    });
}

void owned_partition::discard_parked(segment_cursor& c) {
    assert(c.runs->occupancy->occupant == &c);
    c.runs->discard();
    c.runs->occupancy->occupant = nullptr;
}

bool owned_partition::reads(const segment& s) const {
    return std::any_of(cursors_.begin(), cursors_.end(), [&](auto& c) { return c->runs == &s; });
}

/// A coroutine or a pull loop may still look at a parked message. The batch is kept until it looks
/// away.
owned_partition::~owned_partition() {
    std::shared_ptr<retired> batch;
    for (auto& c : cursors_) {
        if (!c->parked) continue;
        discard_parked(*c);
        auto& agent = *c->runs->agent;
        if (!agent.has_body && !agent.pull) continue;
        if (!batch) batch = std::make_shared<retired>();
        agent.looked_at.push_back(batch);
    }
    if (!batch) return;
    batch->batches = std::move(batches_);
    batch->fetched = std::move(fetched_);
}

bool owned_partition::cursors_finished() const {
    return std::all_of(cursors_.begin(), cursors_.end(), [](auto& c) { return c->finished(); });
}

bool owned_partition::finished() const { return !undecodable_ && cursors_finished(); }

std::size_t owned_partition::read(std::size_t most, time_point now) {
    assert(finished() && "a partition has one batch in work");
    if (stopped_ || most == 0) return 0;
    fetched_ = partition_->read(most, std::move(fetched_));
    if (!fetched_ || fetched_->messages().empty()) return 0;
    const auto first = fetched_->messages().front().offset;
    const auto last = fetched_->messages().back().offset;
    if (first < tracker->end()) begin_anew();
    const bool all_done = tracker->committable() == tracker->end();
    tracker->delivered(first, last);
    if (all_done) {
        oldest_ = tracker->committable();
        oldest_since_ = now;
    }
    for (auto& b : batches_) {
        b.reader->decoder->clear(*b.slots);
        b.decoded = 0;
    }
    for (auto& c : cursors_) {
        assert(!c->parked);
        c->position = 0;
        c->tries.reset();
    }
    dealt_with_.clear();
    decode();
    return fetched_->messages().size();
}

/// Holds of messages of the old log no longer count.
void owned_partition::begin_anew() {
    tracker.reset(new offset_tracker{releases_});
    committed.reset();
    for (auto& b : batches_) {
        auto before = std::move(b.slots);
        b.slots = b.reader->decoder->make(*tracker, tp);
        for (auto& c : cursors_)
            if (c->reads == before.get()) c->reads = b.slots.get();
    }
}

void owned_partition::decode() {
    const auto all = fetched_->messages().size();
    for (auto& b : batches_) {
        if (b.decoded == all) continue;
        std::exception_ptr error;
        b.decoded = b.reader->decoder->decode(*b.slots, *fetched_, b.decoded, error);
        assert(b.decoded <= all);
        if (!error) continue;
        undecodable_ = undecodable_message{b.reader, b.decoded, std::move(error)};
        return;
    }
}

void owned_partition::pass_undecodable() {
    for (auto& b : batches_)
        if (b.reader == undecodable_->reader) ++b.decoded;
    if (!dealt_with(*undecodable_)) dealt_with_.push_back(undecodable_->at);
    undecodable_.reset();
    decode();
}

void owned_partition::decode_again() {
    const auto before = *std::exchange(undecodable_, std::nullopt);
    decode();
    const bool same =
        undecodable_ && undecodable_->reader == before.reader && undecodable_->at == before.at;
    if (same) undecodable_->tries = before.tries;
}

bool owned_partition::dealt_with(const undecodable_message& m) const {
    return std::find(dealt_with_.begin(), dealt_with_.end(), m.at) != dealt_with_.end();
}

void owned_partition::update_tracker(time_point now) {
    if (fetched_ && !fetched_->messages().empty()) {
        auto passed = tracker->end();
        for (auto& b : batches_)
            if (b.decoded < fetched_->messages().size())
                passed = std::min(passed, raw(b.decoded).offset);
        for (auto& c : cursors_) {
            // A message that is acknowledged by hand is passed, though its cursor is still there.
            const auto first_open = c->acked ? c->position + 1 : c->position;
            if (first_open < c->reads->count)
                passed = std::min(passed, c->reads->message_of(first_open).offset);
        }
        tracker->passed(passed);
    }
    const auto oldest = tracker->committable();
    assert(oldest >= oldest_ && "what is committable never goes back");
    if (oldest == oldest_) return;
    oldest_ = oldest;
    oldest_since_ = now;
}

}  // namespace weir::detail
