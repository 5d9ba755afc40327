// SPDX-License-Identifier: Apache-2.0
// The commands that start no agent, and what all commands share.
#include <weir/transport/topic_name.hpp>

#include "../nearest.hpp"
#include "commands.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <charconv>
#include <optional>

#include "../app/engine.hpp"
#include "properties.hpp"
#include "text.hpp"

namespace weir::detail {
namespace {

/// Learns whether the one message that was sent has been delivered.
struct delivery_report final : transport::listener {
    std::optional<transport::delivery> of;
    void delivered(std::uint64_t, const transport::delivery& d) override { of = d; }
    void assigned(std::vector<transport::assignment>) override {}
    void revoked(std::vector<topic_partition>) override {}
    void lost(std::vector<topic_partition>) override {}
    void committed(const transport::commit_result&) override {}
    void topics_changed() override {}
};

bytes read_part(const data_type& type, const std::string* text, const char* part,
                const std::string& topic) {
    try {
        if (text) return from_text(type, *text);
        if (type.check) type.check({});
        return {};
    } catch (const std::exception& e) {
        throw setup_error{"weir: send " + topic + ": not a " + part +
                          " of this topic: " + e.what()};
    }
}

}  // namespace

duration parse_duration(const std::string& text) {
    using namespace std::chrono_literals;
    struct unit {
        const char* name;
        duration of;
    };
    long long n = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    const bool is_count = bad == std::errc{} && n >= 0;
    const std::string_view rest{end, text.data() + text.size()};
    for (auto& u : {unit{"ms", 1ms}, unit{"s", 1s}, unit{"min", 1min}, unit{"h", 1h}}) {
        const bool fits = n <= duration::max() / u.of;
        if (is_count && fits && rest == u.name) return n * u.of;
    }
    throw setup_error{"weir: '" + text + "' is not a duration: write 500ms, 2s, 5min or 1h"};
}

void apply_settings(engine& e, const arguments& a) {
    auto& options = e.options();
    if (!a.broker.empty()) options.broker = a.broker;
    if (!a.state_dir.empty()) options.state_dir = a.state_dir;
    put_environment(options.kafka, environ);
    for (auto& path : a.set_files) put_file(options.kafka, path);
    put_arguments(options.kafka, a.set);
}

const topic_info& known_topic(engine& e, const std::string& where, const std::string& name) {
    e.derive_dead_letters();
    std::vector<std::string> known;
    std::string all;
    for (auto& [n, t] : e.known_topics()) {
        if (transport::is_pattern(n)) continue;  // a pattern stands for many topics
        if (n == name) return t;
        known.push_back(n);
        if (!t.internal) all += (all.empty() ? "" : ", ") + n;
    }
    const auto meant = did_you_mean(name, known);
    throw setup_error{"weir: " + where + ": the program has no such topic" +
                      (meant.empty() ? "; it has: " : meant + " It has: ") + all};
}

int print_graph(engine& e, const arguments& a) {
    const auto g = e.graph();
    fmt::print("{}", a.format == "dot" ? g.dot() : a.format == "mermaid" ? g.mermaid() : g.text());
    return exit_code::ok;
}
int print_topics(engine& e, const arguments&) {
    e.derive_dead_letters();
    for (auto& [name, t] : e.known_topics())
        fmt::print("{}{}\n", name,
                   t.internal                    ? " (internal)"
                   : transport::is_pattern(name) ? " (pattern)"
                                                 : "");
    return exit_code::ok;
}
int print_agents(engine& e, const arguments&) {
    for (auto& name : e.agent_names()) fmt::print("{}\n", name);
    return exit_code::ok;
}

int send(engine& e, const arguments& a) {
    const auto& topic = known_topic(e, "send " + a.topic, a.topic);
    const auto key = read_part(topic.key, a.has_key ? &a.key : nullptr,
                               a.has_key ? "key" : "key (write --key)", a.topic);
    const auto value = read_part(topic.value, &a.value, "value", a.topic);
    apply_settings(e, a);

    const auto connection = e.connect(e.id() + "-send");
    if (!connection->partitions(a.topic)) {
        if (e.embedded())
            throw setup_error{"weir: send " + a.topic + ": " + e.options().broker +
                              " exists only during a run, and none has begun: use --broker "
                              "kafka://host:port, or feed a run with --input"};
        e.topics().resolve(e.topics().at(a.topic), *connection);
    }
    transport::record r;
    r.topic = connection->open(a.topic);
    r.key = key;
    r.value = value;
    r.timestamp = e.time().wall();
    delivery_report arrived;
    const auto until = later(e.time().steady(), e.options().shutdown_timeout);
    for (bool sent = false; !arrived.of;) {
        if (!sent) sent = connection->send(r, 0);
        if (connection->poll(arrived)) continue;
        if (e.time().steady() >= until)
            throw error{"weir: send " + a.topic + ": the broker has not taken it in " +
                        text_of(e.options().shutdown_timeout)};
        pollfd p{connection->fd(), POLLIN, 0};
        ::poll(&p, 1, 100);
    }
    connection->close(arrived, std::chrono::seconds{2});
    if (arrived.of->failed) throw error{"weir: send " + a.topic + ": " + arrived.of->text};
    return exit_code::ok;
}

}  // namespace weir::detail
