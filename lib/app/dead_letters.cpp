// SPDX-License-Identifier: Apache-2.0
// Finds the policies that send dead letters, and the topics they use. The graph shows these topics,
// and a run creates them.
#include <algorithm>

#include <weir/error.hpp>
#include <weir/transport/topic_name.hpp>

#include "engine.hpp"

namespace weir::detail {
namespace {

bool reads(const std::string& read, const std::string& topic) {
    return read == topic || transport::matches(read, topic);
}

}  // namespace

/// Every policy in use that sends dead letters, with what the graph says about it.
std::vector<engine::letters> engine::dead_letters() const {
    std::vector<letters> all;
    const auto& nodes = graph_.nodes();
    const auto is_topic = [&](std::size_t i) { return nodes[i].kind == graph::kind::topic; };
    for (auto& a : agents_) {
        if (!a.info.on_error.has_dead_letters()) continue;
        letters l{&a.info.on_error, "process", a.info.name, {}, {}};
        for (std::size_t i = 0; i < nodes.size(); ++i)
            if (nodes[i].agent == a.info.name && !is_topic(i) &&
                nodes[i].kind != graph::kind::table)
                l.from = i;
        for (auto& e : graph_.edges())
            if (is_topic(e.from) && e.note.empty() && nodes[e.to].agent == a.info.name &&
                !a.info.name.empty())
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

/// Throws setup_error if a failed message could come back to its topic for ever: its dead letter is
/// read by an agent, fails there, and so on.
void engine::refuse_rings(const std::vector<letters>& all) const {
    for (auto& first : all) {
        if (first.failed_at == "produce") {
            refuse_unsent_ring(first);
            continue;
        }
        for (auto& start : first.of) {
            std::vector<std::string> way{first.by->topic()};  // each topic once
            for (std::size_t i = 0; i < way.size(); ++i) {
                if (detail::reads(start, way[i])) refuse_ring(first, start, way[i], i > 0);
                for (auto& next : all)
                    for (auto& of : next.of) {
                        const bool goes_on =
                            next.failed_at != "produce" && detail::reads(of, way[i]);
                        const auto& to = next.by->topic();
                        if (goes_on && std::find(way.begin(), way.end(), to) == way.end())
                            way.push_back(to);
                    }
            }
        }
    }
}

/// What its topic does not take goes to a topic that the same agent reads: it would be made and
/// refused again.
void engine::refuse_unsent_ring(const letters& l) const {
    const auto& nodes = graph_.nodes();
    for (auto& to : graph_.edges()) {
        const auto& name = nodes[to.from].agent;
        if (to.to != l.from || name.empty()) continue;
        for (auto& from : graph_.edges()) {
            const auto& source = nodes[from.from];
            const bool is_read = source.kind == graph::kind::topic && from.note.empty() &&
                                 nodes[from.to].agent == name;
            if (!is_read || !detail::reads(source.name, l.by->topic())) continue;
            throw setup_error{"weir: agent '" + name + "' sends to topic '" + nodes[l.from].name +
                              "', and what cannot be sent there goes to '" + l.by->topic() +
                              "', which the agent reads: it would come back for ever; give the "
                              "topic another on_produce_error"};
        }
    }
}

void engine::refuse_ring(const letters& l, const std::string& read, const std::string& back,
                         bool by_others) {
    const bool by_pattern = read != back;
    const auto matching = "'" + read + (by_pattern ? "', which matches '" + back + "'" : "'");
    if (by_others)
        throw setup_error{"weir: failed messages of topic '" + back +
                          "' would come back to it for ever: their dead letters go to '" +
                          l.by->topic() + "', and messages that fail there come back to " +
                          matching + "; give one of the readers another " +
                          (l.failed_at == "process" ? "on_error" : "on_decode_error")};
    if (l.failed_at == "process")
        throw setup_error{"weir: agent '" + l.agent + "' reads topic " + matching +
                          ", where its own dead letters go: failed messages would come back "
                          "for ever; give the agent another on_error"};
    throw setup_error{"weir: topic " + matching + (by_pattern ? "," : "") +
                      " is read, and messages that do not decode would go back to it; "
                      "give the topic another on_decode_error"};
}

void engine::derive_dead_letters() {
    const auto all = dead_letters();
    refuse_rings(all);
    for (auto& l : all) {
        std::vector<topic_info*> of;
        for (auto& name : l.of) of.push_back(&topics_.at(name));
        auto& into = derive(l.by->topic(), {}, false, of);
        into.has_dead_letters = true;
        for (auto* t : of) learn(into, t->key, t->value);
    }
    // a dead letter that cannot be sent goes to this topic, too
    const auto& produce = settings_.options.on_produce_error;
    if (produce.has_dead_letters()) derive(produce.topic(), {}, false, {}).has_dead_letters = true;
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
bool engine::passes_undecodable(const std::string& topic) const {
    bool is_read = false;
    for (auto& e : graph_.edges()) {
        const auto& from = graph_.nodes()[e.from];
        const auto* read = topics_.find(from.name);
        if (from.kind != graph::kind::topic || !read || !detail::reads(from.name, topic)) continue;
        const auto last = decode_policy(*read).last();
        if (last != policy::action::skip && last != policy::action::dead_letter) return false;
        is_read = true;
    }
    return is_read;
}

void engine::draw_dead_letters(weir::graph& g) const {
    for (auto& l : dead_letters()) {
        const auto& from = graph_.nodes()[l.from];
        const auto to = g.add({graph::kind::topic, l.by->topic(), {}, from.key, {}});
        g.join(l.from, to, "dead letters");
    }
}

}  // namespace weir::detail
