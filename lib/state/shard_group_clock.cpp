// SPDX-License-Identifier: Apache-2.0
// Windows that the clock closes: what it decides is written before anything comes of it.
#include <algorithm>
#include <span>
#include <utility>

#include <weir/graph/topic_info.hpp>
#include <weir/policy.hpp>

#include "../codec/json_time.hpp"
#include "shard_group.hpp"

namespace weir::detail {
namespace {

std::string text_of(timestamp t) {
    static constexpr json_tick milliseconds{1, 1000};
    const auto text = write_time(t.time_since_epoch().count(), milliseconds);
    return text.empty() ? std::to_string(t.time_since_epoch().count()) : text;
}

}  // namespace

/// Restoring: the last decision that was written. Older ones are in a complete cut.
void shard_group::read_decision(member& m) {
    if (!has_clock()) return;  // the option is gone, and so is what it decided
    auto from = m.stamp.at;
    const auto number = from.back();
    from.pop_back();
    m.shard->decision.emplace();
    auto& d = *m.shard->decision;
    d.number = number;
    d.time = m.stamp.time;
    d.from = std::move(from);
}

/// The tables are restored. A decision that no complete cut contains is carried out again, at the
/// same place in the input. With several inputs there is no such place.
void shard_group::begin_decision() {
    auto& clock = *inputs_.back();
    for (auto& m : tables_) clock.committable = std::max(clock.committable, m.clock_in_mark);
    clock.written = clock.committable;
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        auto& d = tables_[i].shard->decision;
        if (!d) continue;
        if (d->number < clock.committable || topic_count() > 1) {
            clock.committable = std::max(clock.committable, d->number + 1);
            d.reset();
            continue;
        }
        clock.committable = d->number;
        decision_ = decision{i, d->number, d->time, d->from, true, true};
        give_decision();
    }
}

/// The shard has it from now on, and carries it out once it is due.
void shard_group::give_decision() {
    auto& d = tables_[decision_->table].shard->decision.emplace();
    d.number = decision_->number;
    d.time = decision_->time;
    d.from = decision_->from;
    d.tp = inputs_.front()->tp;
    d.held = hold{*results_, d.number};
}

bool shard_group::is_reached(const cut& from) const {
    for (std::size_t i = 0; i < from.size(); ++i)
        if (inputs_[i]->committable < from[i]) return false;
    return true;
}

/// True if there is something to do because of it.
bool shard_group::update_clock(time_point now) {
    const auto& clock = *inputs_.back();
    if (!decision_ && clock.written < clock.committable)
        return begin_cut();  // the next decision overwrites the last one
    if (!decision_) return decide(now);
    auto& at = tables_[decision_->table].shard->decision;
    if (!decision_->sent) {
        send_decision();
        return decision_->sent;
    }
    if (!decision_->written) {
        if (decision_under_way_->count() > 0) return false;
        decision_->written = true;
        give_decision();
    }
    if (at && !at->is_due && is_reached(at->from)) {
        at->is_due = true;
        return true;
    }
    if (!at && results_->count() == 0) {  // everybody is done with it
        inputs_.back()->committable = decision_->number + 1;
        decision_.reset();
        return true;
    }
    return false;
}

/// Everything in the inputs' logs is finished, and all of them stay.
bool shard_group::all_at_end() const {
    const auto topics = topic_inputs();
    return std::all_of(topics.begin(), topics.end(),
                       [](auto& i) { return i->at_end && !i->leaving; });
}
/// When a message of any input was read last.
time_point shard_group::last_read() const {
    auto last = time_point::min();
    for (auto& i : topic_inputs()) last = std::max(last, i->last_read);
    return last;
}

/// When the table's next window is closed by the clock; nothing, if it is not.
std::optional<time_point> shard_group::closes_at(const member& m) const {
    const auto& w = m.table->windows;
    const auto end = m.shard->next_end();
    if (w.idle <= duration::zero() || end == timestamp::max() || m.shard->time() == no_time)
        return {};
    return later(std::max(idle_from_, idle_since_ + w.idle),
                 end + w.closes_after - m.shard->time());
}

/// Whether all inputs have been read to their ends, and nothing has come for so long that a window
/// is to be closed.
bool shard_group::decide(time_point now) {
    if (!all_at_end()) return false;
    if (const auto last = last_read(); last > idle_since_) {
        idle_since_ = last;
        idle_from_ = time_point::min();
    }
    for (std::size_t t = 0; t < tables_.size(); ++t) {
        auto& m = tables_[t];
        const auto at = closes_at(m);
        if (!at || m.shard->replaying() || *at > now) continue;
        const auto from = std::max(idle_from_, idle_since_ + m.table->windows.idle);
        const auto on = std::chrono::duration_cast<std::chrono::milliseconds>(now - from);
        decision_ = decision{t, inputs_.back()->committable, m.shard->time() + on, {}};
        for (auto& i : topic_inputs()) decision_->from.push_back(i->committable);
        idle_from_ = now;
        send_decision();
        return true;
    }
    return false;
}

void shard_group::send_decision() {
    auto& m = tables_[decision_->table];
    cut_stamp stamp{m.last_owner.epoch, owner_, decision_->from, decision_->time};
    stamp.at.push_back(decision_->number);
    const auto text = stamp.text(input_names_);
    outgoing record{};
    record.partition = partition_;
    record.key.assign(clock_key);
    record.value.assign(text);
    record.headers.push_back({stamp_header, bytes{text}});
    hold h{*decision_under_way_, 0};
    decision_->sent = send(m, record, h);
}

/// What comes behind a decision is read when the decision is being carried out. Null: there is none
/// to wait for.
const cut* shard_group::decision_to_wait_for() const {
    if (!decision_) return nullptr;
    const bool waits = !decision_->written || tables_[decision_->table].shard->decision;
    return waits ? &decision_->from : nullptr;
}

time_point shard_group::due_of_clock() const {
    if (!running_ || !has_clock() || decision_) return time_point::max();
    auto at = time_point::max();
    if (!all_at_end()) return at;
    for (auto& m : tables_)
        if (const auto closes = closes_at(m)) at = std::min(at, *closes);
    return at;
}

std::string shard_group::why_open(time_point now) const {
    const member* next = nullptr;
    const auto closes = [](const member& m) {
        return m.shard->next_end() + m.table->windows.closes_after;
    };
    for (auto& m : tables_) {
        if (m.table->windows.text.empty() || m.shard->next_end() == timestamp::max()) continue;
        if (!next || closes(m) < closes(*next)) next = &m;
    }
    if (!running_ || !next) return {};
    const auto since = std::chrono::floor<std::chrono::milliseconds>(now - last_read());
    const bool joins = next->table->windows.join.has_value();
    auto text = (joins ? "a message of table '" : "a window of table '") + next->table->name +
                (joins ? "' waits for a match until " : "' that ends at ") +
                text_of(next->shard->next_end()) + (joins ? "" : " is open") + ": no message of " +
                text_of(closes(*next)) + " or later has come, the last one " +
                weir::detail::text_of(duration{since}) + " ago";
    if (next->table->windows.idle <= duration::zero())
        return text + (joins ? "; .idle would let it go" : "; .idle would close it");
    if (const auto at = closes_at(*next); at && inputs_.front()->at_end)
        text += (joins ? "; the clock lets it go in " : "; the clock closes it in ") +
                weir::detail::text_of(std::chrono::ceil<std::chrono::milliseconds>(*at - now));
    return text;
}

}  // namespace weir::detail
