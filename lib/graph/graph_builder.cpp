// SPDX-License-Identifier: Apache-2.0
#include <weir/graph/graph_builder.hpp>

#include <algorithm>
#include <utility>

#include <weir/error.hpp>

namespace weir::detail {
namespace {

void refuse_to_join(const std::string& name) {
    throw setup_error{"weir: '" + name +
                      "' begins or ends with '-', so an internal topic's name made of it would not "
                      "be unique: choose another name, or give group_by a .topic"};
}

/// The topics that the values come from.
std::vector<topic_info*> topics_of(const drawn_stream& s) {
    auto all = s.from;
    for (auto& t : s.of) all.push_back(t.changelog);
    return all;
}
std::vector<table_info*> tables_of(const drawn_stream& s) {
    std::vector<table_info*> all;
    for (auto& t : s.of) all.push_back(t.table);
    return all;
}

/// With each '-' doubled. Single ones separate names: agent x-b by c and agent x by b-c have two
/// internal topics, and those of another app have other names.
std::string apart(const std::string& name) {
    if (name.starts_with('-') || name.ends_with('-')) refuse_to_join(name);
    std::string all;
    for (const char c : name) all.append(c == '-' ? 2 : 1, c);
    return all;
}

}  // namespace

void add_sources(topic_info& t, const std::vector<topic_info*>& sources) {
    for (auto* s : sources)
        if (std::find(t.sources.begin(), t.sources.end(), s) == t.sources.end())
            t.sources.push_back(s);
}

graph_builder::graph_builder(graph& g, host& h, std::string app, std::string agent)
    : to_(&g), host_(&h), app_(std::move(app)), agent_(std::move(agent)) {}
graph_builder::~graph_builder() = default;

std::string changelog_name(const std::string& app, const std::string& table) {
    return app + '-' + table + "-changelog";
}

std::string graph_builder::own_name(const std::string& what) {
    if (agent_.empty())
        throw setup_error{"weir: a stream with a " + what +
                          " needs a name, which names its changelog: app.stream(…, {.name = …})"};
    const auto base = apart(agent_) + '-' + what;
    auto name = base;
    for (int n = 2; std::find(own_names_.begin(), own_names_.end(), name) != own_names_.end(); ++n)
        name = base + '-' + std::to_string(n);
    return own_names_.emplace_back(std::move(name));
}

topic_info& graph_builder::derive_changelog(const std::string& table) {
    return host_->derive(changelog_name(app_, table), {}, true, {});
}
void graph_builder::changes(table_info& t, node drawn, const drawn_stream& of) {
    changed_.push_back({&t, of.from, tables_of(of)});
    if (drawn.name.empty()) return;
    auto log = drawn;
    log.kind = graph::kind::topic;
    log.name = changelog_name(app_, drawn.name);
    const auto table = to_->add(std::move(drawn));
    to_->join(of.node, table);
    for (auto also : of.also) to_->join(also, table);
    const auto has_log = [&](const graph::edge& e) { return e.from == table && e.note.empty(); };
    const auto& edges = to_->edges();
    if (std::none_of(edges.begin(), edges.end(), has_log))
        to_->join(table, to_->add(std::move(log)));
}

/// The table's node is added only if the agent that changes it has not been drawn yet.
void graph_builder::joins(table_info& t, node drawn, const topic_info* global,
                          const drawn_stream& of) {
    auto filling = drawn;
    const auto table = to_->add(std::move(drawn));
    if (!global) {
        joined_.push_back({&t, of.from, tables_of(of)});
    } else {
        filling.kind = graph::kind::topic;
        filling.name = global->name;
        const auto topic = to_->add(std::move(filling));
        const auto fills = [&](const graph::edge& e) { return e.from == topic && e.to == table; };
        const auto& edges = to_->edges();
        if (std::none_of(edges.begin(), edges.end(), fills)) to_->join(topic, table);
    }
    to_->join(table, of.node, "joined");
}

drawn_stream graph_builder::join_tables(node a, node b,
                                        std::vector<drawn_stream::changing_table> of, node joined) {
    drawn_stream both{to_->add(std::move(a)), {}, {to_->add(std::move(b))}};
    if (both.also.front() == both.node) both.also.clear();
    both.of = std::move(of);
    return operation(both, std::move(joined.name), std::move(joined.key), std::move(joined.value));
}

drawn_stream graph_builder::topic(topic_info& t, std::string key, std::string value) {
    return {to_->add({graph::kind::topic, t.name, {}, std::move(key), std::move(value)}), {&t}, {}};
}
drawn_stream graph_builder::read(topic_info& t, std::string key, std::string value) {
    sources_.push_back(&t);
    return topic(t, std::move(key), std::move(value));
}
drawn_stream graph_builder::source(std::string name, std::string value) {
    return {
        to_->add({graph::kind::source, std::move(name), agent_, "weir::bytes", std::move(value)}),
        {},
        {}};
}
drawn_stream graph_builder::operation(const drawn_stream& before, std::string name, std::string key,
                                      std::string value) {
    drawn_stream here{to_->add({graph::kind::operation, std::move(name), agent_, std::move(key),
                                std::move(value)}),
                      before.from,
                      {},
                      before.in_batches,
                      before.of};
    resume(before);
    join(before, here);
    last_operator_ = here;
    return here;
}
drawn_stream graph_builder::last_operator(const drawn_stream& end) const {
    return last_operator_.value_or(end);
}
drawn_stream graph_builder::merge(const drawn_stream* all, std::size_t n, std::string key,
                                  std::string value) {
    auto here = operation(all[0], "merge", std::move(key), std::move(value));
    for (std::size_t i = 1; i < n; ++i) {
        resume(all[i]);
        join(all[i], here);
        here.from.insert(here.from.end(), all[i].from.begin(), all[i].from.end());
        here.of.insert(here.of.end(), all[i].of.begin(), all[i].of.end());
        here.in_batches = here.in_batches || all[i].in_batches;
    }
    last_operator_ = here;
    return here;
}
void graph_builder::join(const drawn_stream& before, const drawn_stream& next) {
    to_->join(before.node, next.node);
    for (auto also : before.also) to_->join(also, next.node);
}

topic_info& graph_builder::repartition(const std::string& name, const std::string& topic,
                                       topic_options o, const drawn_stream& of) {
    if (agent_.empty())
        throw setup_error{
            "weir: a stream with a group_by needs a name, which names its topic: app.stream(…, "
            "{.name = …})"};
    const auto taken = [&](const std::string& unique) {
        return std::any_of(through_.begin(), through_.end(),
                           [&](auto* t) { return t->name == unique; });
    };
    auto unique = topic;
    std::string formerly;
    if (topic.empty()) {
        if (app_.ends_with('-')) refuse_to_join(app_);
        std::string end = "-repartition";
        const auto base = app_ + '-' + apart(agent_) + '-' + apart(name);
        for (int n = 2; taken(base + end); ++n) end = "-repartition-" + std::to_string(n);
        unique = base + end;
        formerly = app_ + '-' + agent_ + '-' + name + end;
    } else if (!topic.ends_with("-repartition")) {
        throw setup_error{"weir: group_by(…, {.topic = \"" + topic +
                          "\"}): an internal topic's name ends in \"-repartition\", so that "
                          "patterns do not match it"};
    } else if (taken(topic)) {
        throw setup_error{"weir: agent '" + agent_ + "' groups twice by way of topic '" + topic +
                          "': give one of them another .topic"};
    }
    auto& t = host_->derive(unique, std::move(o), true, topics_of(of));
    t.made_by = "group_by " + name;
    if (formerly != unique) t.formerly = formerly;
    repartitions_.push_back(&t);
    return passes(t);
}
topic_info& graph_builder::derived(const std::string& name, const drawn_stream& of) {
    return passes(host_->derive(name, {}, false, topics_of(of)));
}
topic_info& graph_builder::declared(topic_info& t, const drawn_stream& of) {
    add_sources(t, topics_of(of));
    return passes(t);
}
void graph_builder::resume(const drawn_stream& before) {
    for (auto* t : before.from)
        if (std::find(through_.begin(), through_.end(), t) != through_.end()) t->resumed = true;
}
topic_info& graph_builder::passes(topic_info& t) {
    t.is_sent_to = true;
    through_.push_back(&t);
    return t;
}

}  // namespace weir::detail
