// SPDX-License-Identifier: Apache-2.0
// Every topic of an app, by name.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weir/graph/host.hpp>
#include <weir/graph/topic_info.hpp>
#include <weir/transport/transport.hpp>

namespace weir::detail {

/// Throws setup_error if the policy's dead letters cannot be sent, or would go back to `topic`.
void check_policy(const policy&, const std::string& topic = {});

/// Owned by the engine; used on the loop's thread. A topic is never removed, so references to it
/// stay valid. Invariant: a topic has one set of options, however often it is declared: those of
/// app.topic, and those that an operator gives for it.
class topic_catalog {
public:
    explicit topic_catalog(host& h) : host_(h) {}

    /// Declares a topic. Declaring it again without options returns the same topic; with other
    /// options it throws setup_error.
    topic_info& declare(const std::string& name, topic_options, const data_type& key,
                        const data_type& value);
    /// Declares all topics that match, as if they were one topic.
    topic_info& declare_pattern(const std::string& pattern, topic_options);
    /// Adds a topic that an operator or a policy uses, unless it exists. If no number of partitions
    /// is given, it gets as many as the largest of its sources. Throws setup_error if the topic has
    /// other options already.
    topic_info& derive(const std::string& name, topic_options, bool internal,
                       const std::vector<topic_info*>& sources);
    const std::map<std::string, topic_info>& all() const { return all_; }
    const topic_info* find(const std::string& name) const;
    topic_info& at(const std::string& name) { return all_.at(name); }

    /// Finds out how many partitions each topic has, and creates the missing topics. Throws
    /// setup_error if a topic has another number than it was declared with.
    void resolve(transport::transport&);
    /// The same for one topic. Asks the broker only once.
    partition_id resolve(topic_info&, transport::transport&);
    /// A sentence for each topic whose messages must be kept, and that existed with other settings
    /// than weir creates it with. Each topic is looked at once. `resolve` comes before.
    std::vector<std::string> differences(transport::transport&);

private:
    topic_info& declare(const std::string& name, topic_options);
    partition_id resolve_once(topic_info&, transport::transport&);
    partition_id resolve_new(topic_info&, transport::transport&);
    partition_id resolve_pattern(topic_info&, transport::transport&);
    static std::optional<std::int64_t> source_limit(const topic_info&, transport::transport&);

    host& host_;
    std::map<std::string, topic_info> all_;
    std::map<const topic_info*, topic_options> declared_;  // what app.topic said
    std::vector<topic_info*> found_;                       // topics that are to be compared
    std::set<const topic_info*> seen_;       // those that were, or that weir has created
    std::set<const topic_info*> resolving_;  // topics may be derived from one another in a ring
};

}  // namespace weir::detail
