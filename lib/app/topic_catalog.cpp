// SPDX-License-Identifier: Apache-2.0
#include "topic_catalog.hpp"

#include <algorithm>
#include <utility>

#include <weir/error.hpp>
#include <weir/transport/topic_name.hpp>

namespace weir::detail {
namespace {

constexpr int chain_max = 64;  // topics derived from one another

/// The settings that a topic is created with. A broker's defaults may delete messages that are
/// still to be read, and replace timestamps, so weir says what it needs. The user's settings win.
properties config_of(const topic_info& t) {
    auto all = t.options.config;
    const auto add = [&](const char* name, const char* value) {
        const auto same = [&](auto& p) { return p.first == name; };
        if (std::none_of(all.begin(), all.end(), same)) all.emplace_back(name, value);
    };
    add("message.timestamp.type", "CreateTime");
    if (!must_keep(t)) return all;
    add("cleanup.policy", "delete");
    add("retention.ms", "-1");
    add("retention.bytes", "-1");
    return all;
}

}  // namespace

void check_policy(const policy& p, const std::string& topic) {
    if (!p.has_dead_letters()) return;
    transport::check_topic_name(p.topic());
    if (p.topic() == topic)
        throw setup_error{"weir: topic '" + topic +
                          "' is its own dead letter topic: name another topic"};
}

topic_info& topic_catalog::declare(const std::string& name, topic_options o, const data_type& key,
                                   const data_type& value) {
    transport::check_topic_name(name);
    auto& t = declare(name, std::move(o));
    t.by = &host_;
    learn(t, key, value);
    return t;
}

topic_info& topic_catalog::declare_pattern(const std::string& pattern, topic_options o) {
    transport::check_pattern(pattern);
    return declare(pattern, std::move(o));
}

topic_info& topic_catalog::declare(const std::string& name, topic_options o) {
    if (o.partitions < 0)
        throw setup_error{"weir: topic '" + name + "': partitions must not be negative"};
    check_policy(o.on_decode_error, name);
    check_policy(o.on_produce_error, name);
    auto& t = all_.try_emplace(name).first->second;
    const bool says_nothing = o == topic_options{};
    const bool said_nothing = t.options == topic_options{};
    const bool differs = !says_nothing && !said_nothing && !(t.options == o);
    if (t.declared && differs)
        throw setup_error{"weir: topic '" + name +
                          "' is declared twice with different options: give them once; "
                          "app.topic(name) without options is the same topic"};
    if (!t.declared || !says_nothing) t.options = std::move(o);
    t.name = name;
    t.declared = true;
    return t;
}

topic_info& topic_catalog::derive(const std::string& name, topic_options o, bool internal,
                                  const std::vector<topic_info*>& sources) {
    transport::check_topic_name(name);
    if (o.partitions < 0)
        throw setup_error{"weir: topic '" + name + "': partitions must not be negative"};
    auto [it, made] = all_.try_emplace(name);
    auto& t = it->second;
    if (made) {
        t.name = name;
        t.options = std::move(o);
        t.by = &host_;
    }
    t.internal |= internal;
    for (auto* s : sources)
        if (std::find(t.sources.begin(), t.sources.end(), s) == t.sources.end())
            t.sources.push_back(s);
    return t;
}

const topic_info* topic_catalog::find(const std::string& name) const {
    const auto it = all_.find(name);
    return it == all_.end() ? nullptr : &it->second;
}

void topic_catalog::resolve(transport::transport& on) {
    for (auto& [name, t] : all_) t.partitions = 0;
    for (auto& [name, t] : all_) resolve(t, on, 0);
}

/// The app's own topics that match are created first.
partition_id topic_catalog::resolve_pattern(topic_info& t, transport::transport& on, int depth) {
    for (auto& [name, other] : all_)
        if (depth < chain_max && transport::matches(t.name, name)) resolve(other, on, depth + 1);
    for (auto& name : on.topics())
        if (transport::matches(t.name, name))
            t.partitions = std::max(t.partitions, on.partitions(name).value_or(0));
    t.partitions = std::max(t.partitions, 1);
    return t.partitions;
}

partition_id topic_catalog::resolve(topic_info& t, transport::transport& on, int depth) {
    if (t.partitions > 0) return t.partitions;
    if (transport::is_pattern(t.name)) return resolve_pattern(t, on, depth);
    const auto wanted = t.options.partitions;
    const auto found = on.partitions(t.name);
    if (t.internal && seen_.insert(&t).second && found) found_.push_back(&t);
    if (found && wanted > 0 && *found != wanted)
        throw setup_error{"weir: topic '" + t.name + "' has " + std::to_string(*found) +
                          " partitions and is declared with " + std::to_string(wanted) +
                          ": declare what it has, or leave it out"};
    if (found) return t.partitions = *found;
    if (!t.formerly.empty() && on.partitions(t.formerly))
        throw setup_error{
            "weir: the internal topic '" + t.name + "' does not exist, but '" + t.formerly +
            "' does, its name in earlier versions: if that one is this app's, keep "
            "it with group_by(…, {.topic = \"" +
            t.formerly + "\"}), so that nothing in it is lost; if not, write {.topic = \"" +
            t.name + "\"}"};
    t.partitions = wanted;
    if (wanted == 0 && !t.declared && depth < chain_max)
        for (auto* s : t.sources) t.partitions = std::max(t.partitions, resolve(*s, on, depth + 1));
    on.create({t.name, t.partitions, t.options.replication, config_of(t)});
    if (t.partitions == 0) t.partitions = on.partitions(t.name).value_or(1);
    return t.partitions;
}

std::vector<std::string> topic_catalog::differences(transport::transport& on) {
    std::vector<std::string> said, names;
    const auto all = std::exchange(found_, {});
    if (all.empty()) return said;
    for (auto* t : all) names.push_back(t->name);
    const auto configs = on.configs(names);
    for (std::size_t i = 0; i < all.size() && i < configs.size(); ++i) {
        std::string has, needs;
        const auto add = [](std::string& to, const std::string& name, const std::string& value) {
            to += (to.empty() ? "" : ",") + name + '=' + value;
        };
        for (auto& [name, value] : config_of(*all[i])) {
            const auto it = configs[i].find(name);
            if (it == configs[i].end() || it->second == value) continue;
            add(has, name, it->second);
            add(needs, name, value);
        }
        if (has.empty()) continue;
        said.push_back("topic '" + names[i] + "' has " + has + " where weir needs " + needs +
                       ": messages can be deleted before they are read, or get other timestamps; "
                       "kafka-configs.sh --alter --entity-type topics --entity-name " +
                       names[i] + " --add-config " + needs + " changes it");
    }
    return said;
}

}  // namespace weir::detail
