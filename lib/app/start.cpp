// SPDX-License-Identifier: Apache-2.0
// How a run starts and ends: what it builds and which topics it reads.
#include <algorithm>
#include <cassert>
#include <utility>

#include <weir/error.hpp>
#include <weir/transport/topic_name.hpp>

#include "../transport/kafka/kafka.hpp"
#include "engine.hpp"

namespace weir::detail {
namespace {

// A group in this process admits a new member as soon as the others have released their partitions.
constexpr auto join_margin = std::chrono::seconds{15};

}  // namespace

/// The topics to read, including those that match a pattern now. A topic that appears later in the
/// run is read from its beginning.
std::vector<transport::subscription> engine::subscriptions() {
    std::vector<transport::subscription> all;
    const bool first = found_.empty();
    std::vector<std::string> known;
    const auto add = [&](const std::string& topic, transport::reset from,
                         bool co_partitioned = false) {
        const auto same = [&](auto& s) { return s.topic == topic; };
        const auto it = std::find_if(all.begin(), all.end(), same);
        if (it == all.end()) all.push_back({topic, from, co_partitioned});
        else if (from == transport::reset::earliest) it->from = from;
    };
    for (auto& r : conductor_->readers()) {
        const auto& t = *r->topic;
        const bool early =
            t.internal || t.resumed || t.fills_table || auto_offset_reset() == earliest;
        const auto from = early ? transport::reset::earliest : transport::reset::latest;
        add(t.name, from, tables_.is_co_partitioned(t));
        if (!transport::is_pattern(t.name)) continue;
        if (known.empty()) known = transport_->topics();
        const bool new_here = found_.try_emplace(t.name, from).second;
        const auto fits = [&](auto& name) { return transport::matches(t.name, name); };
        if (new_here && std::none_of(known.begin(), known.end(), fits))
            report_.log("no topic matches '" + t.name + "' yet: one that appears is read");
        for (auto& name : known) {
            if (!transport::matches(t.name, name)) continue;
            const auto begin = first ? from : transport::reset::earliest;
            add(name, found_.try_emplace(name, begin).first->second);
        }
    }
    return all;
}

void engine::start() {
    try {
        start_run();
    } catch (const transport::kafka::stopped_waiting&) {
        stop_asked_ = false;
        if (conductor_) conductor_->stop();
        else transport_.reset();  // there was no run yet
    }
}

void engine::start_run() {
    const bool first = !running();
    added_ = false;
    const auto is_built = [](const agent& a) { return a.built; };
    if (!first && std::all_of(agents_.begin(), agents_.end(), is_built)) return;
    if (first) connect_run();
    if (first) tables_.forget_gone();
    derive_dead_letters();
    tables_.derive_changelogs();
    topics_.resolve(*transport_);
    tables_.check_partitions();
    for (auto& line : topics_.differences(*transport_)) report_.log(line);
    if (first) {
        wakeup_.watch(transport_->fd());
        conductor_ = std::make_unique<conductor>(settings_, *transport_, report_);
        for (auto* t : tables_.drawn()) conductor_->use(*t);
        for (auto& [name, t] : tables_.all())
            if (t->is_global)
                conductor_->use_global(*t,
                                       decode_policy(*t->changelog).last() == policy::action::skip);
    }
    build_agents();
    for (auto& [to, what] : std::exchange(unsent_, {})) {
        send_request r{to, std::move(what)};
        conductor_->send(r, {});
        conductor_->forget(r);
    }
    for (auto& j : jobs_)
        if (!std::exchange(j.started, true)) conductor_->run(j);
    if (stop_asked_.exchange(false)) conductor_->stop();
}

/// Resets everything to the state before the first run, and connects.
void engine::connect_run() {
    end_run();
    error_ = nullptr;
    gave_up_ = false;
    found_.clear();
    for (auto& a : agents_) {
        a.built = false;
        a.info.ended = false;
        if (a.info.has_body) a.info.paused = false;  // its coroutine has returned
    }
    for (auto& j : jobs_) j.started = false;
    settings_.releases->enter();
    transport_ = connect(settings_.app);
    longest_join_ = join_margin;
    if (!embedded()) longest_join_ += transport::kafka::longest_join(kafka_options(settings_.app));
    const auto& o = settings_.options;
    if (!embedded() || o.kafka.empty()) return;
    transport::kafka::check_properties({"", settings_.app, o.kafka, o.drain_timeout});
    if (!std::exchange(told_properties_, true))
        report_.log("the embedded broker ignores librdkafka's properties (" +
                    std::to_string(o.kafka.size()) + " given)");
}

void engine::build_agents() {
    try {
        for (auto& a : agents_) {
            if (a.built) continue;
            if (!a.info.gone) {
                conductor_->plan().begin(a.info, a.through, a.own_tables);
                if (tables_.expire(a.info)) conductor_->plan().depends_on_time();
                a.what->build(conductor_->plan());
                assert(conductor_->plan().complete() && "an operator asks for the topics it draws");
            }
            a.built = true;
        }
        const auto all = subscriptions();
        joins_ = std::any_of(all.begin(), all.end(), [](const transport::subscription& s) {
            return !transport::is_pattern(s.topic);
        });
        patterns_.clear();
        for (auto& s : all)
            if (transport::is_pattern(s.topic)) patterns_.push_back(s.topic);
        conductor_->subscribe(all);
    } catch (const transport::kafka::stopped_waiting&) {  // what reads already is finished
        throw;
    } catch (...) {
        conductor_->abandon();
        end_run();
        throw;
    }
}

void engine::end_run() {
    if (!conductor_) return;
    error_ = conductor_->error();
    report_.flush();
    last_status_ = conductor_->status();
    last_read_ = conductor_->messages();
    gave_up_ = conductor_->gave_up();
    polled_ = false;
    if (transport_) wakeup_.unwatch(transport_->fd());
    conductor_->end();  // what this destroys may still use the conductor: an awaited send
    conductor_.reset();
    transport_.reset();
}

void engine::abandon() {
    if (conductor_) conductor_->abandon();
    end_run();
}

}  // namespace weir::detail
