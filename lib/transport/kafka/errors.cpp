// SPDX-License-Identifier: Apache-2.0
#include "errors.hpp"

#include <algorithm>

namespace weir::transport::kafka {
namespace {

/// What the reader of the sentence can do.
const char* advice(rd_kafka_resp_err_t e) {
    switch (e) {
        case RD_KAFKA_RESP_ERR__TRANSPORT:
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        case RD_KAFKA_RESP_ERR__TIMED_OUT:
        case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
            return "check that the broker runs and can be reached";
        case RD_KAFKA_RESP_ERR__RESOLVE: return "check the host's name";
        case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
        case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
            return "check security.protocol, sasl.mechanisms, sasl.username and sasl.password";
        case RD_KAFKA_RESP_ERR__SSL:
            return "check security.protocol, ssl.ca.location and the certificates";
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
            return "the broker does not let this user at the topic: it needs READ to consume, "
                   "WRITE "
                   "to send, CREATE and DESCRIBE";
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
            return "the broker does not let this user into the group: it needs READ on the group, "
                   "whose name is the app's id";
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
            return "this user needs IDEMPOTENT_WRITE, or set enable.idempotence=false";
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
            return "it was deleted, or never had that partition: create it";
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
            return "raise max.message.bytes of the topic (and message.max.bytes, if it is set "
                   "here), "
                   "or send less";
        case RD_KAFKA_RESP_ERR_INVALID_RECORD:
            return "a compacted topic takes no message without a key";
        case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
            return "topic_options::replication asks for more copies than there are brokers to take "
                   "them";
        case RD_KAFKA_RESP_ERR_INVALID_CONFIG: return "check topic_options::config";
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
            return "the committed offset is not in the partition any more";
        case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
            return "a body kept the loop for longer than max.poll.interval.ms: the group has given "
                   "its partitions to others, and what was not committed comes again";
        case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        case RD_KAFKA_RESP_ERR__FENCED:
            return "another process uses the same group.instance.id: give each its own";
        case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
            return "the group's members do not agree on partition.assignment.strategy";
        default: return nullptr;
    }
}

/// The broker that librdkafka's reason begins with, "host:port/number"; empty: none.
std::string_view broker_of(std::string_view reason) {
    const auto end = reason.find(": ");
    return end == reason.npos ? std::string_view{} : reason.substr(0, end);
}

/// Its address was told by the cluster, it is none of those that the user has given.
bool was_told(std::string_view broker) {
    const auto slash = broker.rfind('/');
    if (slash == broker.npos || slash + 1 == broker.size()) return false;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto number = broker.substr(slash + 1);
    return std::all_of(number.begin(), number.end(), is_digit);
}

/// What the reader can do about an address that only the cluster can change.
const char* advice_on_told(rd_kafka_resp_err_t e) {
    switch (e) {
        case RD_KAFKA_RESP_ERR__TRANSPORT:
        case RD_KAFKA_RESP_ERR__TIMED_OUT:
            return "check that the broker runs, and that this address, which its "
                   "advertised.listeners "
                   "gives to clients, can be reached from here";
        case RD_KAFKA_RESP_ERR__RESOLVE:
            return "check the host's name: it is from the broker's advertised.listeners, which "
                   "must "
                   "name what can be reached from here";
        default: return nullptr;
    }
}

specific specific_of(rd_kafka_resp_err_t e) {
    switch (e) {
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: return specific::not_at_all;
        case RD_KAFKA_RESP_ERR__TIMED_OUT: return specific::timeout;
        case RD_KAFKA_RESP_ERR__TRANSPORT: return specific::connection;
        default: return specific::cause;
    }
}

std::string key_of(rd_kafka_resp_err_t e, std::string_view where) {
    return std::to_string(e) + ' ' + std::string{where};
}

/// A broker that wants a login or TLS closes a connection without saying why.
bool was_closed(rd_kafka_resp_err_t e, std::string_view reason) {
    return e == RD_KAFKA_RESP_ERR__TRANSPORT && reason.find("Disconnected") != reason.npos;
}

std::string sentence(std::string text, rd_kafka_resp_err_t e, std::string_view reason) {
    text += reason.empty() ? std::string_view{rd_kafka_err2str(e)} : reason;
    if (const auto* what = advice(e)) (text += "; ") += what;
    if (was_closed(e, reason))
        text += ", and whether it asks for a login or TLS: security.protocol";
    return text;
}

bool refuses(rd_kafka_resp_err_t e) {
    switch (e) {
        case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED: return true;
        default: return false;
    }
}

bool ends_the_run(rd_kafka_resp_err_t e) {
    switch (e) {
        case RD_KAFKA_RESP_ERR__FATAL:
        case RD_KAFKA_RESP_ERR__FENCED:
        case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET: return true;
        default: return false;
    }
}

std::string quoted(std::string_view topic) { return "topic '" + std::string{topic} + "'"; }

}  // namespace

std::string text_of(rd_kafka_resp_err_t e) { return rd_kafka_err2str(e); }

problem client_problem(rd_kafka_resp_err_t e, std::string_view reason) {
    problem p;
    p.fatal = ends_the_run(e);
    p.refused = refuses(e);
    p.retried = !p.fatal && !p.refused;
    p.about = p.refused ? specific::refusal : specific_of(e);
    p.key = key_of(e, broker_of(reason));
    const auto* told = was_told(broker_of(reason)) ? advice_on_told(e) : nullptr;
    p.text = told ? "Kafka: " + std::string{reason} + "; " + told : sentence("Kafka: ", e, reason);
    return p;
}

problem connection_problem(std::string_view line) {
    if (line.starts_with("[thrd:")) {  // the thread that logs it
        const auto end = line.find("]: ");
        if (end != line.npos) line.remove_prefix(end + 3);
    }
    const auto says = [&](std::string_view what) { return line.find(what) != line.npos; };
    return client_problem(says("Failed to resolve") ? RD_KAFKA_RESP_ERR__RESOLVE
                          : says("SSL ")            ? RD_KAFKA_RESP_ERR__SSL
                                                    : RD_KAFKA_RESP_ERR__TRANSPORT,
                          line);
}

problem consumer_problem(rd_kafka_resp_err_t e, std::string_view reason, std::string_view topic,
                         partition_id partition) {
    std::string text = "Kafka: ";
    if (!topic.empty()) text += quoted(topic);
    if (!topic.empty() && partition >= 0) text += '[' + std::to_string(partition) + ']';
    if (!topic.empty()) text += ": ";
    problem p;
    p.fatal = ends_the_run(e);
    p.refused = refuses(e);
    p.about = p.refused ? specific::refusal : specific_of(e);
    p.key = key_of(e, text);
    p.text = sentence(std::move(text), e, reason);
    return p;
}

bool is_gone(rd_kafka_resp_err_t e) {
    return e == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || e == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           e == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

std::string delivery_text(rd_kafka_resp_err_t e, std::string_view topic) {
    return sentence(quoted(topic) + " did not take the message: ", e, {});
}

std::string creation_text(rd_kafka_resp_err_t e, std::string_view reason, std::string_view topic) {
    return sentence("weir: " + quoted(topic) + " could not be created: ", e, reason);
}

std::string deletion_text(rd_kafka_resp_err_t e, std::string_view topic) {
    return "weir: " + quoted(topic) + " could not be deleted: " + rd_kafka_err2str(e) +
           (e == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
                ? "; this user needs DELETE on the topic"
                : "");
}

std::string log_key(std::string_view facility, std::string_view line) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    // "[thrd:host:9092/1]: " is kept: it names the broker
    const auto text = line.starts_with("[thrd:") ? std::min(line.find("]: "), line.size()) : 0;
    auto key = std::string{facility} + ' ' + std::string{line.substr(0, text)};
    bool in_name = false, in_brackets = false;
    for (const char c : line.substr(text)) {
        if (is_letter(c)) in_name = true;
        else if (!is_digit(c) && c != '-' && c != '.') in_name = false;
        if (!is_digit(c)) in_brackets = c == '[';
        if (c == '-' && !in_name) continue;  // perhaps a number's sign
        if (!is_digit(c) || in_name || in_brackets) key += c;
    }
    return key;
}

std::string configs_text(rd_kafka_resp_err_t e, std::string_view topic) {
    return "the settings of " + quoted(topic) + " are not known: Kafka: " + text_of(e) +
           "; weir cannot see whether its own topics keep messages until they are read, and take "
           "large ones: give this user the right DescribeConfigs";
}

std::string commit_text(rd_kafka_resp_err_t e) { return sentence("", e, {}); }

commit_error commit_error_of(rd_kafka_resp_err_t e) {
    switch (e) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
        case RD_KAFKA_RESP_ERR__NO_OFFSET: return commit_error::none;
        case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
        case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS: return commit_error::generation;
        case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
        case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST: return commit_error::member;
        case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        case RD_KAFKA_RESP_ERR__FENCED: return commit_error::fenced;
        default: return commit_error::broker;
    }
}

}  // namespace weir::transport::kafka
