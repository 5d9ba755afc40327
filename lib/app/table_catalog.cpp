// SPDX-License-Identifier: Apache-2.0
#include "table_catalog.hpp"

#include <algorithm>
#include <utility>

#include <weir/error.hpp>
#include <weir/segment/agent.hpp>
#include <weir/table.hpp>
#include <weir/transport/topic_name.hpp>

namespace weir::detail {
namespace {

bool have_common(const std::vector<topic_info*>& a, const std::vector<topic_info*>& b) {
    return std::any_of(a.begin(), a.end(), [&](const topic_info* t) {
        return std::find(b.begin(), b.end(), t) != b.end();
    });
}
void add(std::vector<topic_info*>& to, const std::vector<topic_info*>& more) {
    for (auto* t : more)
        if (std::find(to.begin(), to.end(), t) == to.end()) to.push_back(t);
}
/// Those of the topics that weir creates have as many partitions as the widest of all.
void have_equal_widths(const std::vector<topic_info*>& all) {
    const auto is_derived = [&](const topic_info* t) {
        return !t->declared && std::find(all.begin(), all.end(), t) != all.end();
    };
    std::vector<topic_info*> of;
    for (auto* t : all)
        if (!t->as_wide_as_only) add(of, t->declared ? std::vector{t} : t->sources);
    std::erase_if(of, is_derived);
    for (auto* t : all)
        if (!t->declared && !t->as_wide_as_only) add(t->as_wide_as, of);
}

void check_standby(const table_info& t) {
    const auto refuse = [&](const std::string& why) {
        throw setup_error{"weir: table '" + t.name +
                          "' has .standby = " + std::to_string(t.standby) + why};
    };
    if (t.standby < 0)
        refuse(": it is the number of other members that keep a copy of a partition, or "
               "weir::every_member");
    if (t.standby == 0) return;
    if (t.is_global) refuse(": every member has all of a global table; leave it out");
    if (t.is_topic)
        refuse(": a table of a topic has no copies, since only the owner of a partition knows how "
               "far the group has come in it; use a global table, or to_table with a table of its "
               "own");
    if (t.on_disk)
        refuse(
            " and .store = weir::rocksdb: its rows are on the owner's disk, and copies are kept in "
            "memory");
}

void check_ttl(const table_info& t) {
    if (t.ttl.count() < 0)
        throw setup_error{"weir: table '" + t.name + "': .ttl must not be negative; 0: keys stay"};
    if (t.ttl.count() == 0) return;
    const auto* why = t.is_topic ? "the topic is its changelog, and weir writes nothing to it: let "
                                   "the broker delete what is old, or fill a table with to_table"
                      : t.on_disk
                          ? "its rows are on disk, and what is over would have to be looked "
                            "for there: leave out .store = weir::rocksdb"
                          : t.no_ttl;
    if (why) throw setup_error{"weir: table '" + t.name + "' has a .ttl: " + why};
}

}  // namespace

table_info& table_catalog::declare(std::unique_ptr<table_info> made, properties config,
                                   int replication) {
    transport::check_topic_name(made->name);
    auto& t = all_[made->name];
    const table_options<int> defaults{};
    const settings none{{},
                        0,
                        false,
                        defaults.memory,
                        defaults.journal_max,
                        defaults.warm_for,
                        defaults.standby,
                        defaults.ttl,
                        {}};
    settings s{std::move(config), replication,       made->on_disk,
               made->memory_max,  made->journal_max, made->warm_for,
               made->standby,     made->ttl,         {}};
    check_standby(*made);
    check_ttl(*made);
    if (made->is_topic) made->why_not_on_disk = "a topic fills it";
    if (made->on_disk && made->why_not_on_disk)
        throw setup_error{"weir: table '" + made->name + "' has .store = weir::rocksdb, and " +
                          made->why_not_on_disk + ": such a table is in memory"};
    if (made->is_global && made->memory_max > 0)
        throw setup_error{"weir: global table '" + made->name +
                          "' has .memory: every member has all of its topic, so it has no limit; "
                          "app_options::tables_memory counts it"};
    if (t) {
        if (t->is_global != made->is_global)
            throw setup_error{"weir: topic '" + t->name +
                              "' is a table and a global table: take one of them, or give the "
                              "table a to_table of its own"};
        if (t->type != made->type)
            throw setup_error{"weir: table '" + t->name +
                              "' is declared twice with different types, " + t->key_type + " and " +
                              t->value_type + ", then " + made->key_type + " and " +
                              made->value_type + ": declare it once, and copy the handle"};
        s.init = made->own_init();
        if (!(s == none) && !(s == settings_.at(t.get())))
            throw setup_error{"weir: table '" + t->name +
                              "' is declared twice with different options: give them once"};
        return *t;
    }
    t = std::move(made);
    s.init = t->own_init();
    settings_[t.get()] = std::move(s);
    return *t;
}

void table_catalog::check(const std::string& agent, const used_tables& all) const {
    for (auto& [t, from, of] : all) {
        const auto what = "weir: agent '" + agent + "' changes table '" + t->name + "'";
        if (t->is_topic && t->changed_by != agent && !t->changed_by.empty())
            throw setup_error{what + ", and topic '" + t->name +
                              "' fills it: nobody else changes such a table; declare one of "
                              "another name"};
        if (!t->changed_by.empty() && t->changed_by != agent)
            throw setup_error{what + ", and so does agent '" + t->changed_by +
                              "': one agent changes a table; others may read it, or send what "
                              "changes it to a topic that its agent reads"};
        if (std::find(of.begin(), of.end(), t) != of.end())
            throw setup_error{what + " by what a join of this table passes on, so each result "
                                     "would make another: use a table of its own"};
        if (from.empty() && of.empty())
            throw setup_error{what + " by values that come from no topic, so they could not be "
                                     "read again after a restart: send them to a topic first"};
        if (std::find(from.begin(), from.end(), t->changelog) != from.end() && !t->is_topic)
            throw setup_error{what + " by the table's own changes(), so each of them would make "
                                     "another: use a second table"};
        for (auto* s : from)
            if (transport::is_pattern(s->name))
                throw setup_error{what + " by topics that match '" + s->name +
                                  "': name the topics, since a table's partitions are theirs"};
    }
}

void table_catalog::changed(const std::string& agent, const used_tables& all) {
    for (auto& [t, from, of] : all) {
        t->changed_by = agent;
        add(t->sources, from);
        for (auto* one : of) made_of_.push_back({t, one});
        if (std::find(drawn_.begin(), drawn_.end(), t) == drawn_.end()) drawn_.push_back(t);
    }
}

void table_catalog::check_joins(const std::string& agent, const used_tables& all) {
    for (auto& [t, from, of] : all) {
        const auto what = "weir: agent '" + agent + "' joins table '" + t->name + "' with ";
        if (from.empty() && of.empty())
            throw setup_error{what + "values that come from no topic, so they are in no partition "
                                     "of the table: send them to a topic first"};
        for (auto* s : from)
            if (transport::is_pattern(s->name))
                throw setup_error{what + "topics that match '" + s->name +
                                  "': name the topics, since a table's partitions are theirs"};
    }
}

/// When a key that is over is freed depends on how the process has gone, so a join that withdraws
/// its results then would do it at another place after a crash.
void table_catalog::check_joins(const std::string& agent, const joined_pairs& all) {
    for (auto& [left, right] : all)
        for (const auto* t : {left, right})
            if (t->ttl.count() > 0)
                throw setup_error{"weir: agent '" + agent + "' joins table '" + t->name +
                                  "', which has a .ttl, with another table: join a stream with "
                                  "it, or give it no .ttl and erase its keys"};
}

void table_catalog::joined(const agent_info& agent, const used_tables& all) {
    for (auto& one : all) joins_.push_back({&agent, one});
}
void table_catalog::joined(const agent_info& agent, const joined_pairs& all) {
    for (auto& [left, right] : all) table_joins_.push_back({&agent, left, right});
}
bool table_catalog::expire(const agent_info& changer) const {
    return std::any_of(drawn_.begin(), drawn_.end(),
                       [&](auto* t) { return t->changer == &changer && t->ttl.count() > 0; });
}
void table_catalog::forget_gone() {
    std::erase_if(joins_, [](const join_of& j) { return j.by->gone; });
    std::erase_if(table_joins_, [](const table_join& j) { return j.by->gone; });
}

/// What joined tables pass on comes of messages of the topics that change them.
void table_catalog::find_sources() {
    for (bool again = true; again;) {
        again = false;
        for (auto& [t, of] : made_of_) {
            const auto before = t->sources.size();
            add(t->sources, of->sources);
            again |= t->sources.size() != before;
        }
    }
}

/// Whether a change of `other` may make one of the table, as far as pipelines show it.
bool table_catalog::is_made_of(const table_info& t, const table_info& other) const {
    return std::any_of(made_of_.begin(), made_of_.end(),
                       [&](const made_of& m) { return m.table == &t && m.of == &other; });
}

/// A cut is written from the last table to the first, so a table stands behind those that it is
/// made of, whichever agent was added first.
void table_catalog::sort_drawn() {
    auto left = std::exchange(drawn_, {});
    const auto is_free = [&](table_info* const& t) {
        const auto before = [&](table_info* const& other) {
            const bool same_agent = other->changed_by == t->changed_by && &other < &t;
            return same_agent || is_made_of(*t, *other);
        };
        return std::none_of(left.begin(), left.end(),
                            [&](table_info* const& other) { return before(other); });
    };
    while (!left.empty()) {
        const auto next = std::find_if(left.begin(), left.end(), is_free);
        if (next == left.end())
            throw setup_error{"weir: table '" + left.front()->name +
                              "' is changed by what a join passes on that depends on this table, "
                              "so each result would make another: use a table of its own"};
        drawn_.push_back(*next);
        left.erase(next);
    }
}

/// Tables that have a topic in common have the same inputs, also by way of others.
void table_catalog::find_inputs() {
    for (auto* t : drawn_) t->inputs = t->sources;
    for (auto& j : joins_) add(j.what.table->inputs, j.what.by);
    for (auto& j : joins_)
        for (auto* t : j.what.of) add(j.what.table->inputs, t->sources);
    for (auto& j : table_joins_) add(j.left->inputs, j.right->sources);
    for (bool again = true; again;) {
        again = false;
        for (auto* t : drawn_)
            for (auto* other : drawn_) {
                const auto before = t->inputs.size();
                if (have_common(t->inputs, other->inputs)) add(t->inputs, other->inputs);
                again |= t->inputs.size() != before;
            }
    }
    for (auto* t : drawn_) {
        std::sort(t->inputs.begin(), t->inputs.end(),
                  [](auto* a, auto* b) { return a->name < b->name; });
        std::vector<topic_info*> changing;
        for (auto* other : drawn_)
            if (have_common(t->inputs, other->inputs)) add(changing, other->sources);
        t->only_joined = t->inputs;
        std::erase_if(t->only_joined, [&](topic_info* in) {
            return std::find(changing.begin(), changing.end(), in) != changing.end();
        });
        have_equal_widths(t->inputs);
    }
}

std::string table_catalog::changelog_of(const table_info& t) const {
    return t.is_topic ? t.name : changelog_name(app_, t.name);
}

/// A topic of group_by is filled again from its sources. What is in it now would be counted twice.
table_catalog::reset_plan table_catalog::to_reset(
    const std::vector<const table_info*>& asked) const {
    reset_plan plan;
    const auto add_to = [](auto& all, auto* one) {
        if (std::find(all.begin(), all.end(), one) != all.end()) return false;
        all.push_back(one);
        return true;
    };
    auto tables = asked;
    std::vector<const topic_info*> topics;
    while (!tables.empty() || !topics.empty()) {
        if (!tables.empty()) {
            const auto* t = tables.back();
            tables.pop_back();
            if (add_to(plan.tables, t))
                topics.insert(topics.end(), t->sources.begin(), t->sources.end());
            continue;
        }
        const auto* in = topics.back();
        topics.pop_back();
        if (!is_private(*in)) {
            add_to(plan.commits, in);
            continue;
        }
        if (!add_to(plan.topics, in)) continue;
        topics.insert(topics.end(), in->sources.begin(), in->sources.end());
        for (const auto* t : drawn_)
            if (std::find(t->sources.begin(), t->sources.end(), in) != t->sources.end())
                tables.push_back(t);
    }
    return plan;
}

void table_catalog::derive_changelog(table_info& t) {
    const auto& s = settings_.at(&t);
    topic_options o{.replication = s.replication, .config = s.config};
    const auto is_policy = [](auto& p) { return p.first == "cleanup.policy"; };
    const auto set = std::find_if(o.config.begin(), o.config.end(), is_policy);
    if (set == o.config.end()) o.config.emplace_back("cleanup.policy", "compact");
    else if (set->second != "compact")
        throw setup_error{"weir: table '" + t.name +
                          "' has .config cleanup.policy = " + set->second +
                          ": its changelog is compact, or keys would be lost by their age"};
    o.on_produce_error = weir::stop;
    t.changelog = &topics_.derive(changelog_name(app_, t.name), std::move(o), true, t.sources);
    if (t.changelog->is_sent_to)
        throw setup_error{"weir: an agent sends to topic '" + t.changelog->name +
                          "', which is the changelog of table '" + t.name +
                          "': only weir writes to it; send to a topic of another name"};
    t.changelog->made_by = "table " + t.name;
    t.changelog->is_changelog = true;
}

void table_catalog::check_filled() const {
    const auto check = [&](const agent_info& by, const table_info* t) {
        if (std::find(drawn_.begin(), drawn_.end(), t) != drawn_.end()) return;
        throw setup_error{"weir: agent '" + by.name + "' joins table '" + t->name +
                          "', and no agent changes that table, so it is empty: give it one"};
    };
    for (auto& j : joins_) check(*j.by, j.what.table);
    for (auto& j : table_joins_) {
        check(*j.by, j.left);
        check(*j.by, j.right);
    }
}

/// Tables of one agent, and those that a join of tables is made of: what one passes on changes the
/// other.
void table_catalog::find_chains() {
    const auto is_next_to = [&](const table_info& a, const table_info& b) {
        return &a != &b && (a.changed_by == b.changed_by || is_made_of(a, b) || is_made_of(b, a));
    };
    for (auto* t : drawn_)
        t->is_in_chain = std::any_of(drawn_.begin(), drawn_.end(),
                                     [&](auto* other) { return is_next_to(*t, *other); });
}

void table_catalog::derive_changelogs() {
    const auto is_drawn = [&](const table_info* t) {
        return std::find(drawn_.begin(), drawn_.end(), t) != drawn_.end();
    };
    check_filled();
    find_sources();
    sort_drawn();
    find_inputs();
    find_chains();
    for (auto* t : drawn_)
        if (!t->is_topic) derive_changelog(*t);
    for (auto& [name, t] : all_)
        if (t->changelog && !t->is_global && !is_drawn(t.get()))
            throw setup_error{"weir: changes() of table '" + name +
                              "' is read, and no agent changes that table: give it one, or read "
                              "the topic " +
                              t->changelog->name + " itself"};
}

bool table_catalog::is_co_partitioned(const topic_info& t) const {
    return std::any_of(drawn_.begin(), drawn_.end(), [&](const table_info* table) {
        const auto& in = table->inputs;
        return in.size() > 1 && std::find(in.begin(), in.end(), &t) != in.end();
    });
}

/// What is joined is in equal partitions.
void table_catalog::check_join(const join_of& j) const {
    const auto& t = *j.what.table;
    const auto* fills = t.sources.front();
    for (auto* in : j.what.by)
        if (in->partitions != fills->partitions)
            throw setup_error{"weir: agent '" + j.by->name + "' joins topic '" + in->name +
                              "' with table '" + t.name + "': '" + in->name + "' has " +
                              std::to_string(in->partitions) + " partitions, and '" + fills->name +
                              "', which fills the table, has " + std::to_string(fills->partitions) +
                              ", so equal keys would be in different ones: give them the same "
                              "number, or put group_by before one"};
}

void table_catalog::check_join(const table_join& j) const {
    const auto *a = j.left->sources.front(), *b = j.right->sources.front();
    if (a->partitions != b->partitions)
        throw setup_error{"weir: agent '" + j.by->name + "' joins tables '" + j.left->name +
                          "' and '" + j.right->name + "': '" + a->name +
                          "', which fills the first, has " + std::to_string(a->partitions) +
                          " partitions, and '" + b->name + "', which fills the second, has " +
                          std::to_string(b->partitions) +
                          ", so equal keys would be in different ones: give them the same "
                          "number, or put group_by before one"};
}

void table_catalog::check_partitions() const {
    for (auto& j : joins_) check_join(j);
    for (auto& j : table_joins_) check_join(j);
    for (auto* t : drawn_) {
        for (auto* in : t->inputs) {
            const auto* first = t->inputs.front();
            if (in->partitions != first->partitions)
                throw setup_error{"weir: table '" + t->name + "': topics '" + first->name +
                                  "' and '" + in->name + "' have " +
                                  std::to_string(first->partitions) + " and " +
                                  std::to_string(in->partitions) +
                                  " partitions, so a key's messages would be in different ones: "
                                  "give them the same number, or put group_by before one"};
        }
        const auto* in = t->inputs.front();
        if (t->changelog->partitions != in->partitions)
            throw setup_error{
                "weir: table '" + t->name + "': its changelog '" + t->changelog->name + "' has " +
                std::to_string(t->changelog->partitions) + " partitions, and topic '" + in->name +
                "' has " + std::to_string(in->partitions) +
                ": a table's number of partitions does not change; give the table "
                "another name to begin anew"};
    }
}

}  // namespace weir::detail
