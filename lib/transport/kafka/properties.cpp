// SPDX-License-Identifier: Apache-2.0
#include "properties.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <system_error>
#include <vector>

#include <weir/error.hpp>

#include "../../nearest.hpp"
#include "known.hpp"

namespace weir::transport::kafka {
namespace {

constexpr unsigned port_max = 65535;  // librdkafka would use another port for a larger number

// After the limit of a drain there is a last commit.
constexpr auto answer_time = std::chrono::seconds{2};

/// What weir needs as it is.
struct fixed {
    const char *name, *value, *why;
};
constexpr std::array fixed_properties{
    fixed{"enable.auto.commit", "false",
          "weir commits what is finished, every app_options::commit_interval"},
    fixed{"auto.commit.enable", "false",
          "weir commits what is finished, every app_options::commit_interval"},
    fixed{"enable.auto.offset.store", "false", "weir knows which offsets are finished"},
    fixed{"enable.partition.eof", "true",
          "a commit passes what will never be read at the end of a partition"},
    fixed{"delivery.report.only.error", "false",
          "a source is committed when what was made of it has been delivered"},
    fixed{"log.queue", "true", "librdkafka's log is told on the loop's thread"},
    fixed{"enabled_events", "0", "weir reads librdkafka's queues itself"},
    fixed{"group.protocol", "classic", "no other has been tried with weir"},
    fixed{"transactional.id", nullptr, "weir does not send in transactions"},
};

const properties consumer_defaults{
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"isolation.level", "read_committed"},
    {"queued.min.messages", "30000"},
    {"socket.nagle.disable", "true"},
    {"enable.partition.eof", "true"},
    // Where nothing is committed weir says where to begin. This is for what was deleted.
    {"auto.offset.reset", "earliest"},
};
constexpr const char* assignor = "partition.assignment.strategy";

const properties reader_defaults{
    // Of each partition, and there may be as many readers as partitions.
    {"queued.max.messages.kbytes", "8192"},
    // A new reader waits until the request that is under way has been answered.
    {"fetch.wait.max.ms", "100"},
    // How long a new topic may be unknown to brokers. weir has waited for it where it was created.
    {"topic.metadata.propagation.max.ms", "10000"},
};
const properties producer_defaults{
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"partitioner", "murmur2_random"},
    {"linger.ms", "5"},
    {"socket.nagle.disable", "true"},
    // As large as what is read may be (`receive.message.max.bytes`), so that it can be sent on: the
    // topic's limit is the broker's to check. A batch of several stays below `batch.size`, 1 MB.
    {"message.max.bytes", "100000000"},
};

}  // namespace

bool runs_at_least(int version) { return rd_kafka_version() >= version; }

void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
    char text[512];
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text) != RD_KAFKA_CONF_OK)
        throw setup_error{"weir: librdkafka's property " + name + '=' + value +
                          " is not possible: " + text};
}

std::string value_of(const rd_kafka_conf_t* conf, const char* name) {
    std::array<char, 512> text;
    auto size = text.size();
    if (rd_kafka_conf_get(conf, name, text.data(), &size) != RD_KAFKA_CONF_OK) return {};
    return text.data();
}

prefetch prefetch_of(const rd_kafka_conf_t* conf) {
    const auto number = [&](const char* name) -> std::size_t {
        return std::strtoull(value_of(conf, name).c_str(), nullptr, 10);
    };
    return {number("queued.min.messages"), number("queued.max.messages.kbytes") << 10};
}

std::string missing_files(const rd_kafka_conf_t* conf) {
    std::string text;
    for (const auto* name : {"ssl.ca.location", "ssl.certificate.location", "ssl.key.location",
                             "ssl.keystore.location", "ssl.crl.location"}) {
        const auto file = value_of(conf, name);
        // "probe": librdkafka finds the file.
        const bool is_file = !file.empty() && file != "probe";
        if (!is_file || ::access(file.c_str(), R_OK) == 0) continue;
        text +=
            std::string{"; "} + name + '=' + file + ": " + std::generic_category().message(errno);
    }
    return text;
}

configuration::configuration(const connect_options& o) : options_(o), known_(known_properties()) {
    for (auto& [name, value] : options_.properties) check(name, value);
    std::erase_if(options_.properties, [](auto& p) { return p.first == "auto.offset.reset"; });
    producer();
    check_poll_interval();
}

void configuration::check(const std::string& name, const std::string& value) const {
    if (!known_.contains(name)) {
        std::vector<std::string> names;
        for (auto& [other, whose] : known_) names.push_back(other);
        throw setup_error{"weir: librdkafka " + std::string{rd_kafka_version_str()} +
                          " has no property '" + name + '\'' + detail::did_you_mean(name, names)};
    }
    const auto refuse = [&](const std::string& why) {
        throw setup_error{"weir: librdkafka's property " + name + '=' + value +
                          " is not possible: " + why};
    };
    for (auto& f : fixed_properties)
        if (name == f.name && (!f.value || value != f.value)) refuse(f.why);
    if (name == "group.id" && value != options_.group)
        refuse("the group is the app's id, '" + options_.group + "'");
    if ((name == "bootstrap.servers" || name == "metadata.broker.list") &&
        value != options_.servers)
        refuse("the broker is given as kafka://" + options_.servers);
    if (name == "auto.offset.reset" && !reset_of({{name, value}})) refuse("say earliest or latest");
    // Older versions lose assignments and repeat thousands of messages.
    if (name == assignor && value.find("cooperative") != value.npos && !runs_at_least(0x020a00ff))
        refuse("cooperative rebalances need librdkafka 2.10, this is " +
               std::string{rd_kafka_version_str()} + ": before, they lose assignments");
}

/// A partition that is drained must not be taken away meanwhile.
void configuration::check_poll_interval() const {
    const auto conf = consumer(false);
    const auto most = value_of(conf.get(), "max.poll.interval.ms");
    if (std::chrono::milliseconds{std::strtoll(most.c_str(), nullptr, 10)} >
        later(time_point{options_.drain_timeout}, answer_time).time_since_epoch())
        return;
    throw setup_error{"weir: max.poll.interval.ms=" + most +
                      " must be at least 2 s longer than app_options::drain_timeout, which is what "
                      "a revoked partition may take"};
}

conf_handle configuration::make(char kind, const properties& ours) const {
    return make(kind, ours, options_.properties);
}
conf_handle configuration::make(char kind, const properties& ours, const properties& users) const {
    conf_handle conf{rd_kafka_conf_new()};
    set(conf.get(), "bootstrap.servers", options_.servers);
    set(conf.get(), "client.id", options_.group);
    set(conf.get(), "log.queue", "true");
    for (auto& [name, value] : ours) set(conf.get(), name, value);
    for (auto& [name, value] : users) {
        const auto whose = known_.at(name);
        if (whose == '*' || whose == kind) set(conf.get(), name, value);
    }
    return conf;
}

conf_handle configuration::producer() const { return make('P', producer_defaults); }

conf_handle configuration::consumer(bool pattern, bool co_partitioned) const {
    auto ours = consumer_defaults;
    if (co_partitioned) {
        check_co_partitioned(options_.properties);
        ours.emplace_back(assignor, "range");
    }
    ours.emplace_back("group.id", options_.group);
    if (pattern) ours.emplace_back("topic.metadata.refresh.interval.ms", "10000");
    if (runs_at_least(0x020200ff)) ours.emplace_back("fetch.queue.backoff.ms", "10");
    auto conf = make('C', ours);
    // librdkafka takes the end of a partition, if it is read as one of a batch, for a message. When
    // it reads on after a cooperative rebalance, it leaves one message out.
    if (value_of(conf.get(), assignor).find("cooperative") != std::string::npos)
        set(conf.get(), "enable.partition.eof", "false");
    return conf;
}

/// Without the group's name librdkafka has no group. What makes a member of a group goes, too.
conf_handle configuration::reader() const {
    auto ours = consumer_defaults;
    for (auto& [name, value] : reader_defaults) ours.emplace_back(name, value);
    if (runs_at_least(0x020200ff)) ours.emplace_back("fetch.queue.backoff.ms", "10");
    auto users = options_.properties;
    std::erase_if(users,
                  [](auto& p) { return p.first.starts_with("group.") || p.first == assignor; });
    auto conf = make('C', ours, users);
    set(conf.get(), "isolation.level", "read_committed");  // what was aborted was never there
    return conf;
}

std::optional<reset> reset_of(const properties& all) {
    std::optional<reset> found;
    for (auto& [name, value] : all) {
        if (name != "auto.offset.reset") continue;
        if (value == "earliest" || value == "smallest" || value == "beginning")
            found = reset::earliest;
        if (value == "latest" || value == "largest" || value == "end") found = reset::latest;
    }
    return found;
}

std::string servers_of(std::string_view url) {
    constexpr std::string_view scheme = "kafka://";
    const auto servers = url.starts_with(scheme) ? url.substr(scheme.size()) : url;
    const auto wrong = [&](std::string_view why) {
        throw setup_error{"weir: broker '" + std::string{url} + "': " + std::string{why} +
                          ": write kafka://host:port, or kafka://host:port,host:port"};
    };
    for (std::size_t from = 0; from <= servers.size();) {
        const auto to = std::min(servers.find(',', from), servers.size());
        const auto one = servers.substr(from, to - from);
        const auto colon = one.rfind(':');
        if (colon == one.npos || colon == 0) wrong("'" + std::string{one} + "' is not host:port");
        const auto port = one.substr(colon + 1);
        unsigned number = 0;
        const auto [end, bad] = std::from_chars(port.data(), port.data() + port.size(), number);
        const bool is_number = bad == std::errc{} && end == port.data() + port.size();
        if (!is_number || number == 0 || number > port_max)
            wrong("'" + std::string{port} + "' is not a port, a number from 1 to 65535");
        from = to + 1;
    }
    return std::string{servers};
}

duration longest_join(const connect_options& o) {
    const auto conf = configuration{o}.consumer(false);
    const auto time = [&](const char* name) {
        const auto text = value_of(conf.get(), name);
        return std::chrono::milliseconds{std::strtoll(text.c_str(), nullptr, 10)};
    };
    return std::max(time("session.timeout.ms"), time("max.poll.interval.ms"));
}

std::string_view version() { return rd_kafka_version_str(); }

void check_co_partitioned(const weir::properties& all) {
    for (auto& [name, value] : all)
        if (name == assignor && value != "range")
            throw setup_error{"weir: librdkafka's property " + name + '=' + value +
                              " is not possible: topics that are read together need equal "
                              "partitions in one member, and only range sees to that"};
}

void check_properties(connect_options o) {
    std::erase_if(o.properties, [](auto& p) {
        return p.first == "bootstrap.servers" || p.first == "metadata.broker.list";
    });
    configuration{o};
}

}  // namespace weir::transport::kafka
