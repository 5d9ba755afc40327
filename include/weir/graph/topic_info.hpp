// SPDX-License-Identifier: Apache-2.0
// What the app knows of a topic: declared by the user, or derived by an operator.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <weir/codec/data_type.hpp>
#include <weir/message.hpp>
#include <weir/options.hpp>

namespace weir::detail {

class host;
class timestamp_extractor;

/// Owned by the app's topic catalog, one for each name; lives as long as the app. `partitions` is
/// known once a run has started.
struct topic_info {
    std::string name;  // begins with ^: a pattern, for all the topics that match it
    topic_options options{};
    bool declared = false;  // by app.topic; else derived by an operator
    // made by weir: always read from the earliest offset, never matched by a pattern
    bool internal = false;
    // a pipeline continues from it: read from the earliest, or messages sent to it could be missed
    bool resumed = false;
    bool is_sent_to = false;    // by an operator
    bool fills_table = false;   // it is a table's changelog: always read from the earliest
    bool is_changelog = false;  // weir writes a table to it: nothing in it is deleted
    std::chrono::milliseconds tombstones_kept = std::chrono::hours{24};  // delete.retention.ms
    bool has_dead_letters = false;  // a policy sends them to it
    // what is sent to it was read of these; a derived topic has as many partitions as the largest
    std::vector<topic_info*> sources{};
    // a derived topic has at least as many partitions as these, too
    std::vector<topic_info*> as_wide_as{};
    // a derived topic that has as many partitions as this one, whatever it is derived from
    topic_info* as_wide_as_only = nullptr;
    std::string formerly{};  // an internal topic: the name that earlier versions gave it
    std::string made_by{};   // an internal topic: what sends to it, "group_by account"
    partition_id partitions = 0;
    data_type key{}, value{};
    std::shared_ptr<const timestamp_extractor> time{};  // null: a message's own timestamp
    host* by = nullptr;  // the app that sends to it; null for a test's topic
};

/// Whether a message is lost if the broker deletes it too early. weir still has to read what is in
/// an internal topic, or in one that a pipeline goes on from. A dead letter is the last copy of its
/// message.
inline bool must_keep(const topic_info& t) { return t.internal || t.resumed || t.has_dead_letters; }
/// Whether nobody needs a message any more once the app's group has committed past it.
inline bool is_private(const topic_info& t) { return t.internal && !t.declared && !t.is_changelog; }

/// Notes that what is sent to the topic was read of these.
void add_sources(topic_info&, const std::vector<topic_info*>& sources);

/// Notes that the topic is used with these types, too.
inline void learn(topic_info& t, const data_type& key, const data_type& value) {
    if (key.form > t.key.form) t.key = key;
    if (value.form > t.value.form) t.value = value;
}

}  // namespace weir::detail
