// SPDX-License-Identifier: Apache-2.0
// Which policies make dead letters, of what, and where they go: drawn in the graph, made as topics.
#include <algorithm>

#include <weir/error.hpp>

#include "engine.hpp"

namespace weir::detail {

/// Of every policy that is in use, what the graph so far says about it.
std::vector<engine::letters> engine::dead_letters() const {
    std::vector<letters> all;
    const auto& nodes = graph_.nodes();
    const auto is_topic = [&](std::size_t i) { return nodes[i].kind == graph::kind::topic; };
    for (auto& a : agents_) {
        if (!a.info.on_error.has_dead_letters()) continue;
        letters l{&a.info.on_error, "process", a.info.name, {}, {}};
        for (std::size_t i = 0; i < nodes.size(); ++i)
            if (nodes[i].agent == a.info.name && !is_topic(i)) l.from = i;
        for (auto& e : graph_.edges())
            if (is_topic(e.from) && nodes[e.to].agent == a.info.name && !a.info.name.empty())
                l.of.push_back(nodes[e.from].name);
        all.push_back(std::move(l));
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (!is_topic(i)) continue;
        bool written = false, read = false;
        for (auto& e : graph_.edges()) {
            written |= e.to == i;
            read |= e.from == i;
        }
        const bool decoded = nodes[i].key != "weir::bytes" || nodes[i].value != "weir::bytes";
        const auto* known = topics_.find(nodes[i].name);
        if (!known) continue;
        const auto& o = known->options;
        const auto policy_of = [&](const policy& own, const policy& app) -> const policy& {
            return own.is_set() ? own : app;
        };
        const auto& decode = decode_policy(*known);
        if (decode.has_dead_letters() && decoded && (read || !written))
            all.push_back({&decode, "decode", {}, i, {nodes[i].name}});
        const auto& produce = policy_of(o.on_produce_error, settings_.options.on_produce_error);
        if (produce.has_dead_letters() && written && produce.topic() != nodes[i].name)
            all.push_back({&produce, "produce", {}, i, {nodes[i].name}});
    }
    return all;
}

void engine::derive_dead_letters() {
    for (auto& l : dead_letters()) {
        std::vector<topic_info*> of;
        for (auto& name : l.of) {
            if (name == l.by->topic() && l.seam == "process")
                throw setup_error{"weir: agent '" + l.agent + "' reads topic '" + name +
                                  "', where its own dead letters go: what fails would come back "
                                  "for ever; give the agent another on_error"};
            if (name == l.by->topic())
                throw setup_error{"weir: topic '" + name +
                                  "' is read, and what does not decode of it would go back to it; "
                                  "give the topic another on_decode_error"};
            of.push_back(&topics_.at(name));
        }
        auto& into = derive(l.by->topic(), 0, false, of);
        for (auto* t : of) learn(into, t->key, t->value);
    }
    // a dead letter that could not be sent is one itself
    const auto& produce = settings_.options.on_produce_error;
    if (produce.has_dead_letters()) derive(produce.topic(), 0, false, {});
}

const policy& engine::decode_policy(const topic_info& t) const {
    const auto& own = t.options.on_decode_error;
    return own.is_set() ? own : settings_.options.on_decode_error;
}
bool engine::has_own_sources() const {
    const auto& nodes = graph_.nodes();
    return !jobs_.empty() || !unsent_.empty() ||
           std::any_of(nodes.begin(), nodes.end(),
                       [](const graph::node& n) { return n.kind == graph::kind::source; });
}
bool engine::reads(const std::string& topic) const {
    const auto& edges = graph_.edges();
    return std::any_of(edges.begin(), edges.end(), [&](const graph::edge& e) {
        const auto& from = graph_.nodes()[e.from];
        return from.kind == graph::kind::topic && from.name == topic;
    });
}

void engine::draw_dead_letters(weir::graph& g) const {
    for (auto& l : dead_letters()) {
        const auto& from = graph_.nodes()[l.from];
        const auto to = g.add({graph::kind::topic, l.by->topic(), {}, from.key, {}});
        g.join(l.from, to, "dead letters");
    }
}

}  // namespace weir::detail
