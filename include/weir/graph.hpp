// SPDX-License-Identifier: Apache-2.0
// The graph as data: topics, tables and operators of all pipelines, known before anything runs.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include <weir/fwd.hpp>
#include <weir/policy.hpp>

namespace weir {

/// Nodes and edges, in the order in which the pipelines were written. A topic or a table is one
/// node, however many pipelines use it.
class graph {
public:
    enum class kind : std::uint8_t { topic, source, operation, table };
    struct node {
        graph::kind kind;
        std::string name;   // the topic's or the table's, or the operator's: "take(100, 10s)"
        std::string agent;  // empty for topics and tables
        // names of types, as in the source; empty if the pipeline ends here
        std::string key;
        std::string value;
        std::string note{};  // of a topic or a table: partitions and policies, if they are set
    };
    struct edge {
        std::size_t from, to;
        std::string note{};  // what it is, if no values go along it: "dead letters", "joined"
    };
    const std::vector<node>& nodes() const { return nodes_; }
    const std::vector<edge>& edges() const { return edges_; }

    /// A line for each node, indented below the node that it reads from.
    std::string text() const;
    std::string mermaid() const;
    std::string dot() const;

    std::size_t add(node);  // a topic or a table is added once
    void join(std::size_t from, std::size_t to, std::string note = {});
    void note(std::size_t of, std::string text);
    /// The policy of an agent, if it is set.
    void note_agent(std::string agent, std::string text);

private:
    std::vector<node> nodes_;
    std::vector<edge> edges_;
    std::vector<std::pair<std::string, std::string>> agent_notes_;  // by the agent's name
};

}  // namespace weir
