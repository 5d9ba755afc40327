// SPDX-License-Identifier: Apache-2.0
// Every topic of an app, by name.
#pragma once
#include <map>
#include <string>
#include <vector>

#include <weir/graph/host.hpp>
#include <weir/graph/topic_info.hpp>
#include <weir/transport/transport.hpp>

namespace weir::detail {

/// Throws setup_error if the policy's dead letters could not be sent, or would go back to `topic`.
void check_policy(const policy&, const std::string& topic = {});

/// Owned by the engine; used on the loop's thread. A topic stays once it is known, so references to
/// it are kept everywhere. Invariant: a topic has one set of options, whoever declares it.
class topic_catalog {
public:
    explicit topic_catalog(host& h) : host_(h) {}

    /// A topic. Declared again without options it is the same topic; with other options it throws
    /// setup_error.
    topic_info& declare(const std::string& name, topic_options, const data_type& key,
                        const data_type& value);
    /// All topics that match. It is declared like a topic.
    topic_info& declare_pattern(const std::string& pattern, topic_options);
    /// A topic that an operator or a policy makes, unless it is declared. It has as many partitions
    /// as the largest of its sources, if `partitions` is 0.
    topic_info& derive(const std::string& name, partition_id partitions, bool internal,
                       const std::vector<topic_info*>& sources);
    const std::map<std::string, topic_info>& all() const { return all_; }
    const topic_info* find(const std::string& name) const;
    topic_info& at(const std::string& name) { return all_.at(name); }

    /// Looks how many partitions each topic has, and creates those that are missing. Throws
    /// setup_error if a topic has another number than it is declared with.
    void resolve(transport::transport&);
    /// The same for one topic, unless its number is known.
    partition_id resolve(topic_info& t, transport::transport& on) { return resolve(t, on, 0); }

private:
    topic_info& declare(const std::string& name, topic_options);
    partition_id resolve(topic_info&, transport::transport&, int depth);
    partition_id resolve_pattern(topic_info&, transport::transport&, int depth);

    host& host_;
    std::map<std::string, topic_info> all_;
};

}  // namespace weir::detail
