// SPDX-License-Identifier: Apache-2.0
#include <weir/state/table_of.hpp>

#include <algorithm>

#include <weir/error.hpp>
#include <weir/graph/topic_info.hpp>
#include <weir/segment/agent.hpp>

namespace weir::detail {
namespace {

error refused(const table_info& t, const std::string& why) {
    return error{"weir: table '" + t.name + "' is changed " + why};
}

void check_runs(const table_info& t) {
    if (!t.bodies && t.changed_by.empty())
        throw refused(t, "by a body, and no agent says that it changes it: give the agent of that "
                         "body the option .tables = {…}");
    if (!t.bodies)
        throw refused(t, "while the app does not run: only a message that is being processed "
                         "changes a table");
}

}  // namespace

void table_info::use_store(store s, std::size_t memory) {
    constexpr std::size_t on_disk_default = std::size_t{256} << 20;
    on_disk = s == store::rocksdb;
    memory_max = on_disk && memory == 0 ? on_disk_default : memory;
}

void table_info::fill_by_windows(window_settings s) {
    if (is_topic || !windows.text.empty())
        throw setup_error{"weir: table '" + name + "' is filled by " +
                          (is_topic ? "a topic" : windows.text) + ", and by " + s.text +
                          ", too: windows have a table of their own"};
    windows = std::move(s);
}

timestamp table_info::time_in_work() const {
    check_runs(*this);
    if (const auto* by = bodies->coroutine()) {
        const auto m = by->in_work();
        if (m.agent && m.tp) return m.timestamp;
    } else if (const auto at = bodies->time_in_work()) {
        return *at;
    }
    throw error{"weir: a window of table '" + name +
                "' is asked for by the time of a message, and no message is being processed: "
                "now(key) goes by the app's clock"};
}

timestamp table_info::now() const {
    check_runs(*this);
    return bodies->now();
}

bool table_info::has_ended() const { return changer && (changer->ended || changer->gone); }

bool table_info::is_only_joined(const topic_info& t) const {
    return std::find(only_joined.begin(), only_joined.end(), &t) != only_joined.end();
}

std::size_t table_info::input_of(const std::string& topic) const {
    for (std::size_t i = 0; i < inputs.size(); ++i)
        if (inputs[i]->name == topic && !is_only_joined(*inputs[i])) return i;
    throw refused(*this, "by a message of '" + topic +
                             "', but its agent's last operator works on another topic: a table is "
                             "changed behind the agent's last through or group_by, or by an agent "
                             "that ends there");
}

void table_info::check_changed_by(const agent_info& agent, change_by how) {
    if (agent.name != changed_by)
        throw error{"weir: agent '" + agent.name + "' changes table '" + name + "'" +
                    (changed_by.empty() ? "" : ", and agent '" + changed_by + "' does, too") +
                    ": say which agent does by its option .tables = {…}"};
    if (changes_come_of == change_by::none) changes_come_of = how;
    if (changes_come_of != how)
        throw refused(*this,
                      "by functions or operators of agent '" + agent.name +
                          "', and by a coroutine of it, too: while the coroutine waits, they "
                          "would change what it has read; use two tables");
}

void table_info::check_source(const topic_partition* tp, bool of_batch) const {
    if (!tp)
        throw refused(*this, "by a value that comes from no topic: it could not be read again "
                             "after a restart");
    if (of_batch)
        throw refused(*this, "by a batch, whose messages have several offsets, so some of them "
                             "could be in it twice after a crash: change it by one message at a "
                             "time, behind flat_map(std::identity{})");
}
void table_info::check_timer(duration d) const {
    if (d <= duration::zero())
        throw error{"weir: table '" + name + "': after(key, d): the time must be positive"};
    if (!windows.fires_timers)
        throw error{"weir: table '" + name +
                    "' has timers that nobody fires: put timers(table, f) into the agent that "
                    "changes it"};
}
void table_info::check_key(bytes_view key) const {
    if (key.is_null())
        throw refused(*this, "by a message without a key, or at a null key: its changelog has a "
                             "key for each record");
}

message_in_body message_in_work(table_info& t) {
    check_runs(t);
    const auto* c = t.bodies->message_for(t);
    if (!c) return {nullptr, {}};
    return {c, number_of(t.input_of(c->partition()->topic), c->offset(), t.inputs.size())};
}

worker* coroutine_at_work(const table_info& t) {
    return t.bodies ? t.bodies->coroutine() : nullptr;
}

std::optional<change_origin> message_in_work(table_info& t, const worker& by, bytes_view key) {
    const auto m = by.in_work();
    if (!m.agent)
        throw refused(t, "by a coroutine that works on no message: it has not asked for one, or "
                         "is done with it");
    t.check_changed_by(*m.agent, table_info::change_by::coroutines);
    if (m.lost) return {};
    t.check_source(m.tp, m.of_batch);
    if (m.has_company && !m.key)
        throw refused(t, "by a call that others are under way beside: give its stage "
                         "concurrency 1, or .order = order_by::key");
    if (m.has_company && bytes_view{*m.key} != key)
        throw refused(t, "by a call that others are under way beside, and at another key than "
                         "its message's: those may change that one; change the stream's own "
                         "key, or give its stage concurrency 1");
    const auto n = number_of(t.input_of(m.tp->topic), m.offset, t.inputs.size());
    return change_origin{m.tp->partition, n, m.timestamp};
}

void refuse_shared_key(const table_info& t) {
    throw refused(t, "by two coroutines of its agent at the same key, and neither is finished: "
                     "let one of them change it");
}

// ---------------------------------------------------------------------------------------- a worker
void worker::changes(table_info& t) { changed_.push_back(&t); }
void worker::apply_all() {
    for (auto* t : changed_) t->apply_pending(*this);
    changed_.clear();
}
void worker::forget_all() {
    for (auto* t : changed_) t->forget_pending(*this);
    changed_.clear();
}

}  // namespace weir::detail
