// SPDX-License-Identifier: Apache-2.0
// Tables begin anew: what goes, at the broker and on disk.
#include <weir/error.hpp>

#include "../state/snapshot.hpp"
#include "engine.hpp"

namespace weir::detail {

reset_steps engine::steps_of_reset(const std::vector<const table_info*>& of) const {
    reset_steps all;
    const auto plan = tables_.to_reset(of);
    for (auto* t : plan.commits) {
        all.at_broker.commits.push_back(t->name);
        const bool from_end = auto_offset_reset() == latest && !t->resumed && !t->fills_table;
        all.told.push_back(
            {"forget", "forgot",
             "what is committed of topic " + t->name +
                 (from_end ? ": auto_offset_reset is latest, so what is in it now is in no table"
                           : ": all agents that read it read it again from its start")});
    }
    for (auto* t : plan.topics) {
        all.at_broker.topics.push_back(t->name);
        all.told.push_back(
            {"delete", "deleted", "topic " + t->name + ", which this app fills again"});
    }
    for (auto* t : plan.tables) {
        if (t->is_topic) continue;  // the topic stays, and is read again
        all.at_broker.topics.push_back(tables_.changelog_of(*t));
        all.told.push_back(
            {"delete", "deleted",
             "topic " + all.at_broker.topics.back() + ", the changelog of table " + t->name});
        for (auto& path : snapshots::of(settings_.options.state_dir, settings_.app, t->name)) {
            all.snapshots.push_back(path);
            all.told.push_back({"remove", "removed",
                                (path.ends_with(".snapshot") ? "snapshot " : "directory ") + path});
        }
    }
    return all;
}

/// The broker first: it refuses while the app runs. A snapshot that is left does not fit any more.
void engine::reset(const reset_steps& s) const {
    if (embedded())
        throw setup_error{"weir: reset: " + settings_.options.broker +
                          " exists only during a run, so there is nothing to reset: use --broker "
                          "kafka://host:port"};
    const snapshots ours =
        s.snapshots.empty() ? snapshots{} : snapshots{settings_.options.state_dir, settings_.app};
    transport::kafka::begin_anew(kafka_options(settings_.app), s.at_broker);
    for (auto& path : s.snapshots) snapshots::remove(path);
}

}  // namespace weir::detail
