// SPDX-License-Identifier: Apache-2.0
// What a member asks of the broker, and what its poll reports.
#include "member.hpp"

#include <cassert>
#include <string>
#include <utility>

#include "partition.hpp"

namespace weir::transport::memory {

member::member(std::shared_ptr<memory_broker> broker, core& c, std::string group,
               memory_member_options options)
    : broker_(std::move(broker)),
      core_(c),
      group_(std::move(group)),
      options_(options),
      clock_(options.clock ? *options.clock : real_) {
    session s{core_};
    core_.connected(clock_);
}

member::~member() {
    session s{core_, &seat_};
    if (seat_.in) seat_.in->leave(seat_, false);
    core_.forget(seat_);
    core_.disconnected(clock_);
}

std::optional<partition_id> member::partitions(const std::string& topic) {
    return broker_->partitions(topic);
}
std::vector<std::string> member::topics() { return broker_->topics(); }
void member::create(const topic_spec& spec) { broker_->create_topic(spec); }

std::vector<topic_config> member::configs(std::span<const std::string> topics) {
    std::vector<topic_config> all;
    for (auto& t : topics) {
        auto& of = all.emplace_back(broker_->config(t));
        if (broker_->partitions(t))
            of.try_emplace("max.message.bytes", std::to_string(core_.options.max_message_bytes));
    }
    return all;
}

void member::subscribe(std::span<const subscription> to) {
    session s{core_, &seat_};
    core_.join(group_).subscribe(seat_, to);
    subscribed_.assign(to.begin(), to.end());
    ended_ = false;
}

void member::release(std::span<const topic_partition> tps) {
    session s{core_, &seat_};
    if (seat_.in) seat_.in->release(seat_, tps);
}

void member::commit(std::span<const position> positions) {
    session s{core_, &seat_};
    results_.push_back(seat_.in ? seat_.in->commit(seat_, positions)
                                : commit_result{{positions.begin(), positions.end()},
                                                commit_error::member,
                                                "not a member of group \"" + group_ + "\""});
    const auto e = results_.back().error;
    if (seat_.in && (e == commit_error::member || e == commit_error::fenced)) {
        seat_.in->leave(seat_, true);
        ended_ = true;
        seat_.wake(&seat_);
    }
}

void member::purge(std::span<const position> below) {
    session s{core_, &seat_};
    for (auto& [tp, offset] : below)
        if (auto* t = core_.find(tp.topic)) core_.purge(*t, tp.partition, offset);
}

topic_id member::open(const std::string& topic) {
    session s{core_, &seat_};
    return core_.open(topic).id;
}

bool member::send(const record& r, std::uint64_t token) {
    if (reports_.size() >= options_.queue_max) return false;
    core::appended a;
    {
        session s{core_, &seat_};
        a = core_.append(seat_, r);
    }
    if (a.taken) reports_.push_back({token, std::move(a.failed), a.offset});
    return a.taken;
}

void member::watch_members() {
    session s{core_};
    seat_.watches_members = seat_.members_changed = true;
    core_.wake(seat_);
}

std::unique_ptr<weir::transport::partition> member::reader(const topic_partition& tp, offset from) {
    session s{core_, &seat_};
    std::string why_not;
    auto reads = core_.read(seat_, tp, from, why_not);
    if (reads) return std::make_unique<outside_reader>(broker_, core_, std::move(reads));
    problems_.push_back(std::move(why_not));
    seat_.wake(nullptr);
    return std::make_unique<nothing_to_read>();
}

bool member::poll(listener& to) {
    const bool reported = tell_reports(to);
    return tell_news(to) || reported;
}

bool member::tell_reports(listener& to) {
    if (reports_.empty() && results_.empty() && problems_.empty()) return false;
    delivery arrived{};
    telling_.swap(reports_);
    for (const auto& r : telling_) {
        arrived.offset = r.offset;
        to.delivered(r.token, r.failed ? *r.failed : arrived);
    }
    telling_.clear();
    for (const auto& r : std::exchange(results_, {})) to.committed(r);
    for (const auto& text : std::exchange(problems_, {})) to.problem(text, true);
    return true;
}

bool member::tell_news(listener& to) {
    if (!seat_.news.load(std::memory_order_acquire)) return false;
    notices n;
    std::optional<std::vector<group_member>> members;
    {
        session s{core_, &seat_};
        seat_.calm();
        n.lost = std::exchange(seat_.lost, {});
        n.topics_changed = std::exchange(seat_.topics_changed, false);
        if (std::exchange(ended_, false)) {  // joins again, as Kafka's clients do
            core_.join(group_).subscribe(seat_, subscribed_);
            seat_.wake(&seat_);
        } else if (seat_.in) {
            seat_.in->take(seat_, n);
            if (std::exchange(seat_.members_changed, false)) members = seat_.in->members(seat_);
        }
    }
    if (!n.lost.empty()) to.lost(std::move(n.lost));
    if (!n.revoked.empty()) to.revoked(std::move(n.revoked));
    if (!n.assigned.empty()) {
        std::vector<assignment> all;
        for (auto& [tp, committed, reading] : n.assigned)
            all.push_back({std::move(tp), committed,
                           std::make_unique<partition>(broker_, core_, std::move(reading))});
        to.assigned(std::move(all));
    }
    if (n.topics_changed) to.topics_changed();
    if (members) to.members(*members);
    return true;  // true for new messages, too: a read that returned null may return them now
}

void member::close(listener& to, duration) {
    tell_reports(to);
    session s{core_, &seat_};
    if (seat_.in) seat_.in->leave(seat_, false);
    seat_.lost.clear();
    seat_.topics_changed = false;
    seat_.calm();
}

void member::kill() {
    session s{core_};
    if (seat_.in) seat_.in->leave(seat_, true);
}

}  // namespace weir::transport::memory
