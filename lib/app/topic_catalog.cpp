// SPDX-License-Identifier: Apache-2.0
#include "topic_catalog.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <weir/error.hpp>
#include <weir/transport/topic_name.hpp>

namespace weir::detail {
namespace {

using sizes = std::optional<std::int64_t>;
constexpr auto size_limit = "max.message.bytes";
// The room of what weir makes of a message: a longer key, headers. But no more than it sends at all
// (librdkafka's `message.max.bytes`), unless the source has more.
constexpr std::int64_t room_for_headers = 10'240, size_most = 100'000'000;

bool has(const properties& all, const std::string& name) {
    return std::any_of(all.begin(), all.end(), [&](auto& p) { return p.first == name; });
}

/// The settings that a topic is created with. A broker's defaults may delete messages that are
/// still to be read, and replace timestamps, so weir says what it needs. The user's settings win.
properties config_of(const topic_info& t) {
    auto all = t.options.config;
    const auto add = [&](const char* name, const char* value) {
        if (!has(all, name)) all.emplace_back(name, value);
    };
    add("message.timestamp.type", "CreateTime");
    if (!must_keep(t)) return all;
    add("cleanup.policy", "delete");
    add("retention.ms", "-1");
    add("retention.bytes", "-1");
    return all;
}

/// Adds what app.topic or an operator says of how the topic is created. Only one of them may say
/// it, or both the same.
void merge(topic_info& t, const topic_options& more) {
    const auto take = [&](auto topic_options::*option, const char* called) {
        auto& has = t.options.*option;
        const auto& says = more.*option;
        const auto nothing = topic_options{}.*option;
        if (says == nothing || says == has) return;
        if (has != nothing)
            throw setup_error{"weir: topic '" + t.name + "' is given two different values of ." +
                              called +
                              ", by app.topic and by an operator, or by two operators: "
                              "give it once"};
        has = says;
    };
    take(&topic_options::partitions, "partitions");
    take(&topic_options::replication, "replication");
    take(&topic_options::config, "config");
}

/// The topics that a source stands for: itself, or all that match the pattern.
std::vector<std::string> names_of(const topic_info& source, transport::transport& on) {
    if (!transport::is_pattern(source.name)) return {source.name};
    auto all = on.topics();
    std::erase_if(all, [&](auto& name) { return !transport::matches(source.name, name); });
    return all;
}

/// How large the messages of a topic may be, if the broker tells.
std::optional<std::int64_t> number_of(const transport::topic_config& c, const char* name) {
    const auto it = c.find(name);
    if (it == c.end()) return {};
    const auto& text = it->second;
    std::int64_t n = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    return bad == std::errc{} ? std::optional{n} : std::nullopt;
}
sizes limit_of(const transport::topic_config& c) { return number_of(c, size_limit); }

/// What was read of a topic is sent on with another key and more headers, and must fit. A key may
/// be as large as the value that it was made of.
std::int64_t with_room(std::int64_t limit) {
    return std::max(limit, std::min(2 * limit + room_for_headers, size_most));
}

/// What is to be said of a topic that exists. `largest`: the limit of its sources.
std::string difference(const topic_info& t, const transport::topic_config& config, sizes largest) {
    std::string has, needs;
    const auto add = [](std::string& to, const std::string& name, const std::string& value) {
        to += (to.empty() ? "" : ",") + name + '=' + value;
    };
    for (auto& [name, value] : config_of(t)) {
        const auto it = config.find(name);
        if (it == config.end() || it->second == value) continue;
        add(has, name, it->second);
        add(needs, name, value);
    }
    if (const auto policy = config.find("cleanup.policy");
        t.is_changelog && policy != config.end() && policy->second != "compact")
        throw setup_error{"weir: topic '" + t.name + "' has cleanup.policy=" + policy->second +
                          ", and as the changelog of a table it needs compact, or keys would be "
                          "lost by their age: kafka-configs.sh --alter --entity-type topics "
                          "--entity-name " +
                          t.name + " --add-config cleanup.policy=compact changes it"};
    const auto limit = limit_of(config);
    if (limit && largest && *limit < *largest && !detail::has(t.options.config, size_limit)) {
        add(has, size_limit, std::to_string(*limit));
        add(needs, size_limit, std::to_string(with_room(*largest)));
    }
    if (has.empty()) return {};
    return "topic '" + t.name + "' has " + has + " where weir needs " + needs +
           ": messages can be deleted before they are read, be too large for it, or get other "
           "timestamps; kafka-configs.sh --alter --entity-type topics --entity-name " +
           t.name + " --add-config " + needs + " changes it";
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
    t.name = name;
    auto& before = declared_[&t];
    if (!(o == topic_options{}) && !(o == before)) {
        if (!(before == topic_options{}))
            throw setup_error{"weir: topic '" + name +
                              "' is declared twice with different options: give them once; "
                              "app.topic(name) without options is the same topic"};
        merge(t, o);
        t.options.on_decode_error = o.on_decode_error;
        t.options.on_produce_error = o.on_produce_error;
        before = std::move(o);
    }
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
        t.by = &host_;
    }
    merge(t, o);
    t.internal |= internal;
    add_sources(t, sources);
    return t;
}

const topic_info* topic_catalog::find(const std::string& name) const {
    const auto it = all_.find(name);
    return it == all_.end() ? nullptr : &it->second;
}

void topic_catalog::resolve(transport::transport& on) {
    for (auto& [name, t] : all_) t.partitions = 0;
    for (auto& [name, t] : all_) resolve(t, on);
}

partition_id topic_catalog::resolve(topic_info& t, transport::transport& on) {
    resolving_.clear();
    return resolve_once(t, on);
}

/// 0 if the topic is derived from itself, and its number is being found out.
partition_id topic_catalog::resolve_once(topic_info& t, transport::transport& on) {
    if (t.partitions > 0 || !resolving_.insert(&t).second) return t.partitions;
    if (transport::is_pattern(t.name)) return resolve_pattern(t, on);
    const auto wanted = t.options.partitions;
    const auto found = on.partitions(t.name);
    if (must_keep(t) && seen_.insert(&t).second && found) found_.push_back(&t);
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
    return resolve_new(t, on);
}

/// The app's own topics that match are created first.
partition_id topic_catalog::resolve_pattern(topic_info& t, transport::transport& on) {
    for (auto& [name, other] : all_)
        if (transport::matches(t.name, name)) resolve_once(other, on);
    for (auto& name : names_of(t, on))
        t.partitions = std::max(t.partitions, on.partitions(name).value_or(0));
    t.partitions = std::max(t.partitions, 1);
    return t.partitions;
}

/// Creates a topic; its sources first.
partition_id topic_catalog::resolve_new(topic_info& t, transport::transport& on) {
    partition_id most = 0;
    for (auto* all : {&t.sources, &t.as_wide_as})
        for (auto* s : *all) most = std::max(most, resolve_once(*s, on));
    const bool says = t.options.partitions > 0 || t.declared;
    t.partitions = says ? t.options.partitions : most;
    auto config = config_of(t);
    if (must_keep(t) && !has(config, size_limit))
        if (const auto limit = source_limit(t, on))
            config.emplace_back(size_limit, std::to_string(with_room(*limit)));
    on.create({t.name, t.partitions, t.options.replication, config});
    if (t.partitions == 0) t.partitions = on.partitions(t.name).value_or(1);
    return t.partitions;
}

/// The largest message that the topics may have from which this one is derived.
std::optional<std::int64_t> topic_catalog::source_limit(const topic_info& t,
                                                        transport::transport& on) {
    std::vector<std::string> names;
    for (auto* s : t.sources)
        for (auto& name : names_of(*s, on)) names.push_back(name);
    sizes most;
    if (names.empty()) return most;
    for (auto& c : on.configs(names)) most = std::max(most, limit_of(c));
    return most;
}

std::vector<std::string> topic_catalog::differences(transport::transport& on) {
    const auto all = std::exchange(found_, {});
    std::vector<std::string> said, names;
    std::vector<std::size_t> first_source;  // in `names`; behind the last: their number
    for (auto* t : all) names.push_back(t->name);
    for (auto* t : all) {
        first_source.push_back(names.size());
        for (auto* s : t->sources)
            for (auto& name : names_of(*s, on)) names.push_back(name);
    }
    first_source.push_back(names.size());
    if (all.empty()) return said;
    const auto configs = on.configs(names);
    if (configs.size() < names.size()) return said;
    for (std::size_t i = 0; i < all.size(); ++i) {
        sizes most;
        for (auto n = first_source[i]; n < first_source[i + 1]; ++n)
            most = std::max(most, limit_of(configs[n]));
        if (const auto kept = number_of(configs[i], "delete.retention.ms"))
            all[i]->tombstones_kept = std::chrono::milliseconds{*kept};
        auto line = difference(*all[i], configs[i], most);
        if (!line.empty()) said.push_back(std::move(line));
    }
    return said;
}

}  // namespace weir::detail
