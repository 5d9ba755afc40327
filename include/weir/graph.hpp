// SPDX-License-Identifier: Apache-2.0
// The graph as data: what the pipelines are made of, before anything runs.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include <weir/fwd.hpp>
#include <weir/policy.hpp>

namespace weir {

/// Nodes and edges, in the order in which the pipelines were written. A topic is drawn once,
/// however many use it.
class graph {
public:
    enum class kind : std::uint8_t { topic, source, operation };
    struct node {
        graph::kind kind;
        std::string name;      // of a topic its name, else the operator's: "take(100, 10s)"
        std::string agent;     // empty for topics
        // type names, as the reader of the code would write them; empty: ends here
        std::string key;
        std::string value;
        std::string note{};    // of a topic its partitions and policies, where they are set
    };
    struct edge {
        std::size_t from, to;
        std::string note{};  // what goes this way, if it is not the values
    };
    const std::vector<node>& nodes() const { return nodes_; }
    const std::vector<edge>& edges() const { return edges_; }

    /// One line a node, indented below what cursors it.
    std::string text() const;
    std::string mermaid() const;
    std::string dot() const;

    std::size_t add(node);            // a topic that is drawn already is found, not added
    void join(std::size_t from, std::size_t to, std::string note = {});
    void note(std::size_t of, std::string text);
    /// Of an agent as a whole: its policy, where it is set.
    void note_agent(std::string agent, std::string text);

private:
    std::vector<node> nodes_;
    std::vector<edge> edges_;
    std::vector<std::pair<std::string, std::string>> agent_notes_;  // by the agent's name
};

}  // namespace weir
