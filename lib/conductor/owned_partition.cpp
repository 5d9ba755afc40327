// SPDX-License-Identifier: Apache-2.0
#include "owned_partition.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace weir::detail {

fetched_batch::decoded_batch& fetched_batch::of(const plan::topic_reader& r) {
    const auto at = std::find_if(decoded.begin(), decoded.end(),
                                 [&](const decoded_batch& d) { return d.reader == &r; });
    assert(at != decoded.end());
    return *at;
}

std::size_t fetched_batch::index_of(offset at) const {
    const auto all = fetched->messages();
    const auto found = std::lower_bound(all.begin(), all.end(), at,
                                        [](const message& m, offset o) { return m.offset < o; });
    return static_cast<std::size_t>(found - all.begin());
}

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
    batches_.emplace_back();
    join(readers);
}

void owned_partition::join(const std::vector<plan::topic_reader*>& readers) {
    const auto is_gone = [](const segment* s) { return s->agent->gone; };
    const auto nobody_reads = [&](const plan::topic_reader* r) {
        return std::all_of(r->to.begin(), r->to.end(), is_gone);
    };
    const bool all_gone = std::all_of(readers.begin(), readers.end(), nobody_reads);
    advance();
    const auto left = first_left();
    bool replaces = false;
    for (auto* r : readers) {
        if (nobody_reads(r) && !all_gone) continue;
        add_reader(*r, left);
        for (auto* s : r->to) {
            if (reads(*s) || (is_gone(s) && !all_gone)) continue;
            cursors_.push_back(std::make_unique<partition_cursor>(*r, *s, last()));
            place(*cursors_.back(), left);
            replaces |= left.has_value();
        }
    }
    spare_.clear();  // its readers are those of before
    if (!replaces) return;
    remove_gone();
    if (!undecodable_) decode(batches_.begin());
}

/// The first message that a stream has not finished which nobody has any more.
std::optional<offset> owned_partition::first_left() const {
    std::optional<offset> first;
    for (auto& c : cursors_) {
        if (!c->runs->agent->gone) continue;
        const auto at = reached(*c, c->position);
        first = std::min(at, first.value_or(at));
    }
    return first;
}

/// From this message on it decodes what is there; by default nothing of it.
void owned_partition::add_reader(const plan::topic_reader& r, std::optional<offset> from) {
    for (auto& b : batches_) {
        const auto is_r = [&](auto& d) { return d.reader == &r; };
        if (std::any_of(b.decoded.begin(), b.decoded.end(), is_r)) continue;
        auto first = b.size();
        while (from && first > 0 && b.raw(first - 1).offset >= *from) --first;
        b.decoded.push_back({&r, r.decoder->make(*tracker, tp), first});
    }
}

/// Puts the cursor before the first message that is not before `at`; by default behind all of them.
void owned_partition::place(partition_cursor& c, std::optional<offset> at) {
    const auto is_before = [&](const fetched_batch& b) {
        return !at || b.size() == 0 || b.raw(b.size() - 1).offset < *at;
    };
    c.enter(std::find_if_not(batches_.begin(), last(), is_before));
    while (!c.finished() && (!at || c.reads->offset_of(c.position) < *at)) ++c.position;
}

void owned_partition::remove_gone() {
    std::erase_if(cursors_, [](auto& c) {
        if (!c->runs->agent->gone) return false;
        if (c->parked) discard_parked(*c);
        return true;
    });
    const auto unread = [&](const plan::topic_reader* r) {
        return std::none_of(cursors_.begin(), cursors_.end(),
                            [&](auto& c) { return c->reader == r; });
    };
    if (undecodable_ && unread(undecodable_->reader)) undecodable_.reset();
    for (auto& b : batches_) std::erase_if(b.decoded, [&](auto& d) { return unread(d.reader); });
}

void owned_partition::discard_parked(segment_cursor& c) {
    assert(c.runs->occupancy->occupant == &c);
    c.runs->discard();
    c.runs->occupancy->occupant = nullptr;
}

bool owned_partition::reads(const segment& s) const {
    return std::any_of(cursors_.begin(), cursors_.end(), [&](auto& c) { return c->runs == &s; });
}

/// A coroutine or a pull loop may still look at a parked message. The batches are kept until it
/// looks away.
owned_partition::~owned_partition() {
    std::shared_ptr<retired> kept;
    for (auto& c : cursors_) {
        if (!c->parked) continue;
        discard_parked(*c);
        auto& agent = *c->runs->agent;
        if (!agent.has_body && !agent.pull) continue;
        if (!kept) kept = std::make_shared<retired>();
        agent.looked_at.push_back(kept);
    }
    if (kept) kept->batches = std::move(batches_);
}

// ------------------------------------------------------------------------------------- the cursors
bool owned_partition::cursors_finished() const {
    return std::all_of(cursors_.begin(), cursors_.end(), [](auto& c) { return c->finished(); });
}

void owned_partition::advance() {
    if (batches_.size() == 1) return;
    for (auto& c : cursors_) advance(*c);
    const auto stands_in_front = [&](auto& c) { return c->in == batches_.begin(); };
    while (batches_.size() > 1 && std::none_of(cursors_.begin(), cursors_.end(), stands_in_front)) {
        assert(!undecodable_ || undecodable_->in != batches_.begin());
        spare_.clear();
        spare_.splice(spare_.end(), batches_, batches_.begin());
    }
}

bool owned_partition::advance(partition_cursor& c) {
    const auto before = c.in;
    while (c.in != last() && c.finished() && c.in->is_decoded(*c.reader)) c.enter(std::next(c.in));
    return c.in != before;
}

std::size_t owned_partition::behind(const partition_cursor& c) const {
    const auto behind_it = static_cast<std::size_t>(read_ - c.in->upto);
    const auto passed =
        c.finished() ? c.in->of(*c.reader).decoded : c.in->index_of(c.reads->offset_of(c.position));
    return behind_it + c.in->size() - passed;
}
std::size_t owned_partition::may_be_open() const {
    const auto* last = slowest();
    const auto left = last ? behind(*last) : 0;
    return left == 0 ? tracker->open() : tracker->open_behind() + left;
}
const partition_cursor* owned_partition::slowest() const {
    const partition_cursor* found = nullptr;
    for (auto& c : cursors_)
        if (!found || behind(*c) > behind(*found)) found = c.get();
    return found;
}
const partition_cursor* owned_partition::fastest() const {
    const partition_cursor* found = nullptr;
    for (auto& c : cursors_)
        if (!found || behind(*c) < behind(*found)) found = c.get();
    return found;
}

std::size_t owned_partition::room(std::size_t most) const {
    const auto* first = fastest();
    if (undecodable_ || !first || behind(*first) > 0) return 0;
    return most - std::min(behind(*slowest()), most);
}

/// The first message that a cursor has not finished, if it stood at `position` of its batch.
offset owned_partition::reached(const partition_cursor& c, std::size_t position) const {
    if (position < c.reads->count) return c.reads->offset_of(position);
    if (const auto decoded = c.in->of(*c.reader).decoded; decoded < c.in->size())
        return c.in->raw(decoded).offset;
    const auto next = std::next(c.in);
    return next == batches_.end() ? tracker->end() : next->raw(0).offset;
}

void owned_partition::update_tracker(time_point now) {
    advance();
    auto passed = tracker->end();
    for (auto& c : cursors_) {
        // A message that is acknowledged by hand is passed, though its cursor is still there.
        const bool is_passed = c->acked && !c->more;
        const auto first_open = is_passed ? c->position + 1 : c->position;
        passed = std::min(passed, reached(*c, first_open));
    }
    tracker->passed(passed);
    if (tables) tell_tables();
    const auto oldest = tracker->committable();
    assert(oldest >= oldest_ && "what is committable never goes back");
    if (oldest == oldest_) return;
    oldest_ = oldest;
    oldest_since_ = now;
}

void owned_partition::tell_tables() {
    const auto at = next();
    if (const auto finished = tracker->finished()) tables->committable = *finished;
    else if (at) tables->committable = *at;
    if (at) tables->next = *at;
    const auto end = partition_->end();
    if (!tables->first_end) tables->first_end = end;
    tables->at_end = end && at && *at >= *end && tables->committable >= *at;
}

/// The offset of the next message that is read.
std::optional<offset> owned_partition::next() const {
    return next_ ? next_->messages().front().offset : partition_->position();
}

bool owned_partition::ends_before_tables() const {
    if (!tables || tables->replays_to == 0) return false;
    const auto at = next(), end = partition_->end();
    return at && end && *at >= *end && *at < tables->replays_to;
}

// ------------------------------------------------------------------------------------- the batches
/// A batch that no cursor stands in.
fetched_batch& owned_partition::spare() {
    if (spare_.empty()) {
        auto& made = spare_.emplace_back();
        for (auto& d : batches_.back().decoded)
            made.decoded.push_back({d.reader, d.reader->decoder->make(*tracker, tp)});
    }
    return spare_.back();
}

std::size_t owned_partition::read(std::size_t most, time_point now) {
    if (stopped_ || most == 0) return 0;
    assert(!undecodable_ && "behind a message that does not decode nothing is read");
    advance();
    const bool in_place = cursors_finished();
    assert(!in_place || batches_.size() == 1);
    if (next_ && !in_place) return 0;
    auto& into = in_place ? batches_.back() : spare();
    for (auto& d : into.decoded) {
        d.reader->decoder->clear(*d.slots);
        d.decoded = 0;
    }
    into.dealt_with.clear();
    if (in_place) {
        for (auto& c : cursors_) c->enter(batches_.begin());
        for (auto& b : spare_) b.fetched.reset();  // while nobody is ahead, it keeps no memory
    }
    into.fetched = next_ ? std::move(next_) : partition_->read(most, std::move(into.fetched));
    if (into.size() == 0) {
        if (const auto at = partition_->position()) tracker->skipped(*at);
        return 0;
    }
    if (tables) tables->last_read = now;
    const auto first = into.raw(0).offset;
    const auto end = into.raw(into.size() - 1).offset;
    if (tables && first >= tables->limit) {  // one message: see conductor::read_next
        next_ = std::move(into.fetched);
        return 0;
    }
    if (first < tracker->end()) {
        if (!in_place) {
            next_ = std::move(into.fetched);
            return 0;
        }
        begin_anew();
    }
    const bool all_done = tracker->committable() == tracker->end();
    tracker->delivered(first, end);
    if (all_done) {
        oldest_ = tracker->committable();
        oldest_since_ = now;
    }
    read_ += into.size();
    into.upto = read_;
    if (!in_place) batches_.splice(batches_.end(), spare_);
    decode(last());
    advance();
    return into.size();
}

transport::assignment owned_partition::read_again() {
    const auto from = tracker->first_to_commit();
    transport::assignment a{tp, tracker->committed_offset(), std::move(partition_)};
    if (from && !a.partition->seek(*from)) a.partition.reset();
    return a;
}

/// Holds of the old log's messages mean nothing more.
void owned_partition::begin_anew() {
    tracker.reset(new offset_tracker{releases_});
    committed.reset();
    spare_.clear();
    for (auto& d : batches_.back().decoded) d.slots = d.reader->decoder->make(*tracker, tp);
    for (auto& c : cursors_) c->enter(batches_.begin());
}

void owned_partition::keep_back(offset at) {
    tracker->keep_back(at);
    oldest_ = std::min(oldest_, tracker->committable());
}

void owned_partition::decode(fetched_batches::iterator from) {
    for (; from != batches_.end(); ++from) {
        for (auto& d : from->decoded) {
            if (d.decoded == from->size()) continue;
            std::exception_ptr error;
            d.decoded = d.reader->decoder->decode(*d.slots, *from->fetched, d.decoded, error);
            assert(d.decoded <= from->size());
            if (!error) continue;
            undecodable_ = undecodable_message{from, d.reader, d.decoded, std::move(error)};
            return;
        }
    }
}

void owned_partition::pass_undecodable() {
    const auto bad = *std::exchange(undecodable_, std::nullopt);
    ++bad.in->of(*bad.reader).decoded;
    if (!dealt_with(bad)) bad.in->dealt_with.push_back(bad.at);
    decode(batches_.begin());
}

void owned_partition::decode_again() {
    const auto before = *std::exchange(undecodable_, std::nullopt);
    decode(batches_.begin());
    const bool same = undecodable_ && undecodable_->in == before.in &&
                      undecodable_->reader == before.reader && undecodable_->at == before.at;
    if (same) undecodable_->tries = before.tries;
}

bool owned_partition::dealt_with(const undecodable_message& m) {
    const auto& all = m.in->dealt_with;
    return std::find(all.begin(), all.end(), m.at) != all.end();
}

}  // namespace weir::detail
