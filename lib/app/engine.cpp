// SPDX-License-Identifier: Apache-2.0
// What an app consists of: options, agents, tasks, timers, and its status.
#include "engine.hpp"

#include <algorithm>
#include <utility>

#include <weir/error.hpp>
#include <weir/transport/topic_name.hpp>

namespace weir::detail {
namespace {

void check(const app_options& o) {
    const auto positive = [](bool ok, const char* what) {
        if (!ok) throw setup_error{std::string{"weir: app_options::"} + what + " must be positive"};
    };
    positive(o.commit_interval > duration::zero(), "commit_interval");
    positive(o.stream_buffer_max > 0, "stream_buffer_max");
    positive(o.open_max > 0, "open_max");
    positive(o.drain_timeout > duration::zero(), "drain_timeout");
    positive(o.shutdown_timeout > duration::zero(), "shutdown_timeout");
    positive(o.connect_timeout > duration::zero(), "connect_timeout");
    positive(o.offload_threads > 0, "offload_threads");
    positive(o.ahead_max > duration::zero(), "ahead_max");
}
std::string partitions_of(partition_id n) {
    if (n <= 0) return {};
    return std::to_string(n) + (n == 1 ? " partition" : " partitions");
}
std::string global_of(const std::string& partitions) {
    return "global" + (partitions.empty() ? "" : ", " + partitions);
}
/// How many partitions a table has, as far as the topics that change it say so.
partition_id width_of(const table_info& t) {
    partition_id most = 0;
    for (auto* s : t.sources) most = std::max(most, s->options.partitions);
    return most;
}
std::string note_of(const table_info& t) {
    auto text = partitions_of(width_of(t));
    const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
    if (t.ttl.count() > 0) add("ttl " + text_of(duration{t.ttl}));
    if (t.standby == every_member) add("standby every member");
    else if (t.standby > 0) add("standby " + std::to_string(t.standby));
    return text;
}
bool made_for_table(const topic_info& t) { return t.made_by.starts_with("table "); }
/// What the graph says about a topic: partitions and policies if the topic sets them, and the app's
/// policies if they are not the default.
std::string note_of(const topic_options& o, const app_options& app, bool read, bool written) {
    std::string text;
    const auto say = [&](const std::string& what) { text += (text.empty() ? "" : "; ") + what; };
    const auto say_policy = [&](const char* name, const policy& own, const policy& common) {
        const bool usual = !own.is_set() && common == policy{stop};
        if (!usual) say(name + (": " + (own.is_set() ? own : common).text()));
    };
    if (o.partitions > 0) say(partitions_of(o.partitions));
    if (read) say_policy("on_decode_error", o.on_decode_error, app.on_decode_error);
    if (written) say_policy("on_produce_error", o.on_produce_error, app.on_produce_error);
    return text;
}

}  // namespace

engine::engine(std::string id, app_options o)
    : settings_{std::move(id), std::move(o), nullptr, std::make_shared<release_queue>()},
      report_(settings_.options.hooks),
      topics_(*this),
      tables_(settings_.app, topics_) {
    if (settings_.app.empty())
        throw setup_error{"weir: an app needs an id: it is the consumer group's"};
    check(settings_.options);
    for (auto* p : {&settings_.options.on_decode_error, &settings_.options.on_error,
                    &settings_.options.on_produce_error})
        check_policy(*p);
    settings_.host = this;
    settings_.clock = settings_.options.clock ? settings_.options.clock : &real_;
    settings_.releases->wake_by(&wakeup_);
}

engine::~engine() {
    close();
    settings_.releases->close();
}

agent_info& engine::add(std::string name, std::unique_ptr<topology> what, const agent_options& o,
                        bool pull) {
    const auto same = [&](const agent& a) {
        return a.info.name == name && !name.empty() && !a.info.gone;
    };
    if (!pull && name.empty()) throw setup_error{"weir: an agent needs a name"};
    if (std::any_of(agents_.begin(), agents_.end(), same))
        throw setup_error{"weir: there is an agent '" + name +
                          "' already: agents have unique names"};
    check_policy(o.on_error);
    auto drawn = graph_;  // kept only if all of it can be drawn
    graph_builder s{drawn, *this, settings_.app, name};
    const auto end = what->draw(s);
    const auto by_operators = s.changed_tables().size();
    for (auto& t : o.tables) s.changes(t.info(), s.last_operator(end));
    for (auto* from : s.sources())
        for (auto* to : s.passed_through())
            if (!to->internal && transport::matches(from->name, to->name))
                throw setup_error{"weir: agent '" + name + "': the pattern '" + from->name +
                                  "' matches '" + to->name +
                                  "', which the agent itself writes to: name that topic otherwise"};
    refuse_shared_repartition(name, s.repartitions());
    tables_.check(name, s.changed_tables());
    tables_.check_joins(name, s.joined_tables());
    tables_.check_joins(name, s.table_joins());
    const bool changes = !s.changed_tables().empty();
    const bool joins = !s.joined_tables().empty() || !s.table_joins().empty();
    if (running() && (changes || joins))
        throw setup_error{"weir: agent '" + name + "' " + (changes ? "changes" : "joins") +
                          " a table: add it before the app runs, so that the table is restored "
                          "first"};
    tables_.changed(name, s.changed_tables());
    for (std::size_t i = 0; i < by_operators; ++i)
        s.changed_tables()[i].table->changes_come_of = table_info::change_by::functions;
    graph_ = std::move(drawn);
    auto& a = agents_.emplace_back();
    a.info.name = std::move(name);
    tables_.joined(a.info, s.joined_tables());
    tables_.joined(a.info, s.table_joins());
    for (auto& used : s.changed_tables()) used.table->changer = &a.info;
    a.info.pull = pull;
    a.info.paused = pull;
    a.info.on_error = o.on_error.is_set() ? o.on_error : settings_.options.on_error;
    a.what = std::move(what);
    a.through = s.passed_through();
    a.own_tables = s.own_tables();
    a.repartitions = s.repartitions();
    added_ = true;
    if (running()) wakeup_.wake();  // somebody may be waiting for poll_fd
    return a.info;
}

/// The names that weir makes differ; those that the user gives may be the same.
void engine::refuse_shared_repartition(const std::string& name,
                                       const std::vector<topic_info*>& repartitions) const {
    for (auto& other : agents_)
        for (auto* t : other.repartitions) {
            const auto same = std::find(repartitions.begin(), repartitions.end(), t);
            if (same == repartitions.end() || other.info.gone) continue;
            throw setup_error{"weir: agents '" + other.info.name + "' and '" + name +
                              "' both group by way of topic '" + t->name +
                              "': give one of them another .topic"};
        }
}

weir::graph engine::graph() const {
    auto g = graph_;
    for (std::size_t i = 0; i < g.nodes().size(); ++i) {
        const auto& node = g.nodes()[i];
        if (node.kind == graph::kind::table) {
            const auto* table = tables_.find(node.name);
            if (table && table->is_global)
                g.note(i, global_of(partitions_of(table->changelog->options.partitions)));
            else if (table) g.note(i, note_of(*table));
            continue;
        }
        const auto* topic = topics_.find(node.name);
        if (node.kind != graph::kind::topic || !topic || made_for_table(*topic)) continue;
        const auto any = [&](auto end) {
            return std::any_of(graph_.edges().begin(), graph_.edges().end(),
                               [&](const graph::edge& e) { return e.*end == i; });
        };
        g.note(i, note_of(topic->options, settings_.options, any(&graph::edge::from),
                          any(&graph::edge::to)));
    }
    for (auto& a : agents_)
        if (a.info.on_error.is_set())
            g.note_agent(a.info.name, "on_error: " + a.info.on_error.text());
    draw_dead_letters(g);
    return g;
}

void engine::add(std::unique_ptr<job> what, duration interval, policy on_error) {
    job_info j{std::move(what), interval, std::move(on_error)};
    if (j.on_error.last() == policy::action::dead_letter)
        throw setup_error{"weir: a " + j.kind() +
                          " has no message, so no dead letter: use stop, skip or retry"};
    if (!j.on_error.is_set()) j.on_error = weir::stop;
    j.started = running();
    jobs_.push_back(std::move(j));
    if (!running()) return;
    conductor_->run(jobs_.back());
    wakeup_.wake();
}

std::vector<std::string> engine::agent_names() const {
    std::vector<std::string> names;
    for (auto& a : agents_)
        if (!a.info.pull) names.push_back(a.info.name);
    return names;
}
std::vector<partition_status> engine::status() const {
    return conductor_ ? conductor_->status() : last_status_;
}
weir::counters engine::counters() const {
    auto c = report_.counts();
    c.stale_holds = settings_.releases->stale();
    for (auto& p : status()) {
        ++c.partitions;
        c.held += p.held;
        c.lag += p.lag.value_or(0);
        c.oldest = std::max(c.oldest, p.age);
    }
    c.tables = tables_.drawn().size();
    for (auto& [name, t] : tables_.all()) c.tables += t->is_global ? 1 : 0;
    if (conductor_) {
        c.keys = conductor_->of_tables().keys();
        c.restoring = conductor_->of_tables().restoring_count();
        const auto kept = conductor_->of_tables().copies();
        c.copies = kept.shards;
        c.copies_behind = kept.behind;
    }
    return c;
}
std::optional<blocked> engine::explain(const topic_partition& p) const {
    if (running()) return conductor_->explain(p);
    blocked b;
    b.topic = p.topic;
    b.partition = p.partition;
    b.since = settings_.clock->wall();
    b.why = "the app is not running";
    return b;
}
void engine::check_restored() const {
    if (!running()) throw weir::error{"weir: app.ask: the app does not run"};
    const auto why = conductor_->of_tables().why_not_ready();
    if (!why.empty()) throw weir::error{"weir: app.ask: " + why};
}
std::size_t engine::messages_read() const {
    return conductor_ ? conductor_->messages() : last_read_;
}

}  // namespace weir::detail
