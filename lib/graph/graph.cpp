// SPDX-License-Identifier: Apache-2.0
#include <weir/graph/graph.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace weir {
namespace {

using node = graph::node;

std::string types(const node& n) {
    if (n.value.empty()) return {};
    return n.kind == graph::kind::source || n.key == "weir::bytes" ? n.value
                                                                   : n.key + ", " + n.value;
}
std::string label(const node& n) {
    auto text = n.kind == graph::kind::topic ? "topic " + n.name : n.name;
    if (!n.note.empty()) text += " [" + n.note + ']';
    return text;
}
std::string escaped(std::string_view s, std::string_view quote) {
    std::string out;
    for (char c : s) {
        if (c == '"') out += quote;
        else if (c == '\\') out += "\\\\";
        else out += c;
    }
    return out;
}
/// "id" of a node in Mermaid and DOT.
std::string id(std::size_t i) { return 'n' + std::to_string(i); }
/// The agents, in the order in which they were added.
std::vector<std::string> agents(const std::vector<node>& nodes) {
    std::vector<std::string> names;
    for (auto& n : nodes)
        if (!n.agent.empty() && std::find(names.begin(), names.end(), n.agent) == names.end())
            names.push_back(n.agent);
    return names;
}

}  // namespace

std::size_t graph::add(node n) {
    if (n.kind == kind::topic)
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i].kind == kind::topic && nodes_[i].name == n.name) return i;
    nodes_.push_back(std::move(n));
    return nodes_.size() - 1;
}
void graph::join(std::size_t from, std::size_t to, std::string note) {
    edges_.push_back({from, to, std::move(note)});
}

std::string graph::text() const {
    std::string out;
    for (auto& agent : agents(nodes_)) {
        out += "agent " + agent + '\n';
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].agent != agent) continue;
            const auto line = [&](const node& n, const char* arrow) {
                out += "  " + std::string{arrow} + label(n);
                if (const auto t = types(n); !t.empty()) out += " : " + t;
                out += '\n';
            };
            const auto notes = [&](std::size_t from) {
                for (auto& e : edges_)
                    if (e.from == from && !e.note.empty())
                        out += "  -> " + label(nodes_[e.to]) + " : " + e.note + '\n';
            };
            for (auto& e : edges_)  // the topic it reads
                if (e.to == i && nodes_[e.from].kind == kind::topic) {
                    line(nodes_[e.from], "");
                    notes(e.from);
                }
            line(nodes_[i], nodes_[i].kind == kind::source ? "" : "| ");
            for (auto& e : edges_) {  // the topic it writes, unless this agent goes on from there
                if (e.from != i || nodes_[e.to].kind != kind::topic) continue;
                const auto goes_on =
                    std::any_of(edges_.begin(), edges_.end(), [&](const edge& next) {
                        return next.from == e.to && nodes_[next.to].agent == agent;
                    });
                if (!goes_on && e.note.empty()) line(nodes_[e.to], "-> "), notes(e.to);
            }
            notes(i);
        }
    }
    return out;
}

std::string graph::mermaid() const {
    std::string out = "flowchart LR\n";
    const auto draw = [&](std::size_t i) {
        const auto text = escaped(label(nodes_[i]), "#quot;");
        out += "    " + id(i) +
               (nodes_[i].kind == kind::topic ? "[(\"" + text + "\")]" : "[\"" + text + "\"]") +
               '\n';
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        if (nodes_[i].agent.empty()) draw(i);
    std::size_t k = 0;
    for (auto& agent : agents(nodes_)) {
        out += "    subgraph agent" + std::to_string(k++) + "[\"agent " + escaped(agent, "#quot;") +
               "\"]\n";
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i].agent == agent) out += "    ", draw(i);
        out += "    end\n";
    }
    for (auto& e : edges_) {
        const auto t = escaped(e.note.empty() ? types(nodes_[e.from]) : e.note, "#quot;");
        const std::string line = e.note.empty() ? "--" : "-.", end = e.note.empty() ? "-->" : ".->";
        out += "    " + id(e.from) + ' ' +
               (t.empty() ? end : line + " \"" + t + "\" " + end) + ' ' + id(e.to) + '\n';
    }
    return out;
}

std::string graph::dot() const {
    std::string out = "digraph weir {\n  rankdir=LR;\n";
    const auto draw = [&](std::size_t i, std::string_view indent) {
        out += std::string{indent} + id(i) + " [label=\"" + escaped(label(nodes_[i]), "\\\"") +
               "\", shape=" + (nodes_[i].kind == kind::topic ? "cylinder" : "box") + "];\n";
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        if (nodes_[i].agent.empty()) draw(i, "  ");
    std::size_t k = 0;
    for (auto& agent : agents(nodes_)) {
        out += "  subgraph cluster" + std::to_string(k++) + " {\n    label=\"agent " +
               escaped(agent, "\\\"") + "\";\n";
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i].agent == agent) draw(i, "    ");
        out += "  }\n";
    }
    for (auto& e : edges_)
        out += "  " + id(e.from) + " -> " + id(e.to) + " [label=\"" +
               escaped(e.note.empty() ? types(nodes_[e.from]) : e.note, "\\\"") +
               (e.note.empty() ? "\"];\n" : "\", style=dashed];\n");
    return out + "}\n";
}

}  // namespace weir
