// SPDX-License-Identifier: Apache-2.0
// Every table of an app, by name.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/graph/graph_builder.hpp>
#include <weir/options.hpp>
#include <weir/state/shard.hpp>

#include "topic_catalog.hpp"

namespace weir::detail {

/// Owned by the engine; used on the loop's thread. A table is never removed.
class table_catalog {
public:
    table_catalog(std::string app, topic_catalog& t) : app_(std::move(app)), topics_(t) {}

    /// Declares a table. Declaring it again returns the same table; with other types or options it
    /// throws setup_error.
    table_info& declare(std::unique_ptr<table_info>, properties changelog, int replication);
    using used_tables = std::vector<graph_builder::used_table>;
    /// Throws setup_error if the agent may not change these tables.
    void check(const std::string& agent, const used_tables&) const;
    /// The agent changes these tables. `check` comes before.
    void changed(const std::string& agent, const used_tables&);
    /// Throws setup_error if the agent may not join its streams with these tables.
    static void check_joins(const std::string& agent, const used_tables&);
    /// The agent joins its streams with these tables. `check_joins` comes before.
    void joined(const agent_info&, const used_tables&);
    using joined_pairs = std::vector<graph_builder::joined_tables_pair>;
    static void check_joins(const std::string& agent, const joined_pairs&);
    /// The agent changes a table whose keys are over by stream time.
    bool expire(const agent_info& changer) const;
    /// The agent joins these tables with each other.
    void joined(const agent_info&, const joined_pairs&);
    /// Agents that are gone join nothing any more. Between two runs.
    void forget_gone();
    /// Finds out which tables depend on each other, and derives their changelogs.
    void derive_changelogs();
    /// Throws setup_error if a changelog has another number of partitions than what changes its
    /// table. The topics are resolved.
    void check_partitions() const;
    /// Whether equal partition numbers of this topic and others have to be on one member.
    bool is_co_partitioned(const topic_info&) const;
    /// Those that an agent changes: one that is made of others behind these, else in the order in
    /// which they were drawn.
    const std::vector<table_info*>& drawn() const { return drawn_; }
    const std::map<std::string, std::unique_ptr<table_info>>& all() const { return all_; }
    /// Null: there is none of that name.
    const table_info* find(const std::string& name) const {
        const auto it = all_.find(name);
        return it == all_.end() ? nullptr : it->second.get();
    }

    /// What has to go so that tables begin anew.
    struct reset_plan {
        std::vector<const table_info*> tables{};
        // In these everything is private to the app: they are deleted.
        std::vector<const topic_info*> topics{};
        // Of these the app forgets what it has committed.
        std::vector<const topic_info*> commits{};
    };
    /// Of these tables, and of those that are filled by the same private topics.
    reset_plan to_reset(const std::vector<const table_info*>&) const;
    /// The name of the table's changelog.
    std::string changelog_of(const table_info&) const;

private:
    struct join_of {
        const agent_info* by;
        graph_builder::used_table what;
    };
    /// Two tables that are joined with each other.
    struct table_join {
        const agent_info* by;
        table_info *left, *right;
    };
    /// A table that is changed by what has changed in others.
    struct made_of {
        table_info* table;
        const table_info* of;
    };
    void check_filled() const;
    void find_sources();
    void find_inputs();
    void sort_drawn();
    void find_chains();
    bool is_made_of(const table_info&, const table_info& other) const;
    void check_join(const join_of&) const;
    void check_join(const table_join&) const;
    void derive_changelog(table_info&);

    struct settings {
        properties config;
        int replication;
        bool on_disk;
        std::size_t memory, journal_max;
        duration warm_for;
        int standby;
        std::chrono::milliseconds ttl;
        std::optional<bytes> init;
        friend bool operator==(const settings&, const settings&) = default;
    };

    std::string app_;
    topic_catalog& topics_;
    std::map<std::string, std::unique_ptr<table_info>> all_;
    std::map<const table_info*, settings> settings_;
    std::vector<table_info*> drawn_;
    std::vector<join_of> joins_;
    std::vector<table_join> table_joins_;
    std::vector<made_of> made_of_;
};

}  // namespace weir::detail
