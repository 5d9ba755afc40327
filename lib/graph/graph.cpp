// SPDX-License-Identifier: Apache-2.0
#include <weir/graph.hpp>

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
/// What differs between Mermaid, DOT and text: how a name is quoted, and where a note is written.
struct style {
    std::string_view quote, backslash, less, greater;
    std::string_view note_begin, note_end;
    std::string escaped(std::string_view s) const {
        std::string out;
        for (char c : s) {
            if (c == '"') out += quote;
            else if (c == '\\') out += backslash;
            else if (c == '<') out += less;
            else if (c == '>') out += greater;
            else out += c;
        }
        return out;
    }
    std::string label(const std::string& name, const std::string& note) const {
        if (note.empty()) return escaped(name);
        return escaped(name).append(note_begin) + escaped(note).append(note_end);
    }
    std::string label(const node& n) const {
        const auto* what = n.kind == graph::kind::topic   ? "topic "
                           : n.kind == graph::kind::table ? "table "
                                                          : "";
        return label(what + n.name, n.note);
    }
};
constexpr style as_text{"\"", "\\", "<", ">", " [", "]"};
// Mermaid treats text between < and > as HTML and drops it. A title of two lines would overlap the
// nodes below it.
constexpr style as_mermaid{"#quot;", "\\\\", "#lt;", "#gt;", "<br/>", ""};
constexpr style as_mermaid_title{"#quot;", "\\\\", "#lt;", "#gt;", " [", "]"};
constexpr style as_dot{"\\\"", "\\\\", "<", ">", "\\n", ""};

/// What is kept somewhere: it is drawn as a cylinder, outside of the agents.
bool is_stored(const node& n) {
    return n.kind == graph::kind::topic || n.kind == graph::kind::table;
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
std::string agent_label(const std::string& agent,
                        const std::vector<std::pair<std::string, std::string>>& notes,
                        const style& s) {
    const auto same = [&](const auto& a) { return a.first == agent; };
    const auto it = std::find_if(notes.begin(), notes.end(), same);
    return s.label("agent " + agent, it == notes.end() ? std::string{} : it->second);
}

}  // namespace

void graph::note(std::size_t of, std::string text) { nodes_[of].note = std::move(text); }
void graph::note_agent(std::string agent, std::string text) {
    agent_notes_.emplace_back(std::move(agent), std::move(text));
}

std::size_t graph::add(node n) {
    if (is_stored(n))
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i].kind == n.kind && nodes_[i].name == n.name) return i;
    nodes_.push_back(std::move(n));
    return nodes_.size() - 1;
}
void graph::join(std::size_t from, std::size_t to, std::string note) {
    edges_.push_back({from, to, std::move(note)});
}

std::string graph::text() const {
    std::string out;
    for (auto& agent : agents(nodes_)) {
        out += agent_label(agent, agent_notes_, as_text) + '\n';
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].agent != agent) continue;
            const auto line = [&](const node& n, const char* arrow) {
                out += "  " + std::string{arrow} + as_text.label(n);
                if (const auto t = types(n); !t.empty()) out += " : " + t;
                out += '\n';
            };
            const auto notes = [&](std::size_t from) {
                for (auto& e : edges_)
                    if (e.from == from && !e.note.empty() && is_stored(nodes_[e.to]))
                        out += "  -> " + as_text.label(nodes_[e.to]) + " : " + e.note + '\n';
            };
            for (auto& e : edges_)  // the topic that it reads
                if (e.to == i && nodes_[e.from].kind == kind::topic && e.note.empty()) {
                    line(nodes_[e.from], "");
                    notes(e.from);
                }
            line(nodes_[i], nodes_[i].kind == kind::source ? "" : "| ");
            for (auto& e : edges_)  // what it is joined with
                if (e.to == i && is_stored(nodes_[e.from]) && !e.note.empty())
                    line(nodes_[e.from], "<- ");
            for (auto& e : edges_) {  // the topic that it writes, unless this agent reads it itself
                if (e.from != i || nodes_[e.to].kind != kind::topic) continue;
                const auto goes_on =
                    std::any_of(edges_.begin(), edges_.end(), [&](const edge& next) {
                        return next.from == e.to && nodes_[next.to].agent == agent &&
                               next.note.empty();
                    });
                if (!goes_on && e.note.empty()) {
                    line(nodes_[e.to], "-> ");
                    notes(e.to);
                }
            }
            for (auto& e : edges_) {  // the table that it changes, and its changelog
                if (e.from != i || nodes_[e.to].kind != kind::table) continue;
                line(nodes_[e.to], "-> ");
                for (auto& log : edges_)
                    if (log.from == e.to && log.note.empty()) line(nodes_[log.to], "   -> ");
            }
            notes(i);
        }
    }
    return out;
}

std::string graph::mermaid() const {
    std::string out = "flowchart LR\n";
    const auto draw = [&](std::size_t i) {
        const auto text = as_mermaid.label(nodes_[i]);
        out += "    " + id(i) +
               (is_stored(nodes_[i]) ? "[(\"" + text + "\")]" : "[\"" + text + "\"]") + '\n';
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        if (nodes_[i].agent.empty()) draw(i);
    std::size_t k = 0;
    for (auto& agent : agents(nodes_)) {
        out += "    subgraph agent" + std::to_string(k++) + "[\"" +
               agent_label(agent, agent_notes_, as_mermaid_title) + "\"]\n";
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i].agent == agent) {
                out += "    ";
                draw(i);
            }
        out += "    end\n";
    }
    for (auto& e : edges_) {
        const auto t = as_mermaid.escaped(e.note.empty() ? types(nodes_[e.from]) : e.note);
        const std::string line = e.note.empty() ? "--" : "-.", end = e.note.empty() ? "-->" : ".->";
        out += "    " + id(e.from) + ' ' + (t.empty() ? end : line + " \"" + t + "\" " + end) +
               ' ' + id(e.to) + '\n';
    }
    return out;
}

std::string graph::dot() const {
    std::string out = "digraph weir {\n  rankdir=LR;\n";
    const auto draw = [&](std::size_t i, std::string_view indent) {
        const auto shape = is_stored(nodes_[i]) ? "cylinder" : "box";
        out += std::string{indent} + id(i) + " [label=\"" + as_dot.label(nodes_[i]) +
               "\", shape=" + shape + "];\n";
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        if (nodes_[i].agent.empty()) draw(i, "  ");
    std::size_t k = 0;
    for (auto& agent : agents(nodes_)) {
        out += "  subgraph cluster" + std::to_string(k++) + " {\n    label=\"" +
               agent_label(agent, agent_notes_, as_dot) + "\";\n";
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i].agent == agent) draw(i, "    ");
        out += "  }\n";
    }
    for (auto& e : edges_)
        out += "  " + id(e.from) + " -> " + id(e.to) + " [label=\"" +
               as_dot.escaped(e.note.empty() ? types(nodes_[e.from]) : e.note) +
               (e.note.empty() ? "\"];\n" : "\", style=dashed];\n");
    return out + "}\n";
}

}  // namespace weir
