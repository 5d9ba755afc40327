// SPDX-License-Identifier: Apache-2.0
// Every error of librdkafka as a sentence, with what can be done about it.
#pragma once
#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <weir/transport/transport.hpp>

namespace weir::transport::kafka {

/// How much a problem says about its cause. Why one broker is down says more than that all are
/// down.
enum class specific : std::uint8_t { not_at_all, timeout, connection, cause, refusal };

struct problem {
    std::string text;
    bool fatal = false;    // the run cannot go on
    bool refused = false;  // by the broker: before the run starts, trying again is useless
    bool retried = false;  // librdkafka tries again
    specific about = specific::not_at_all;
    /// Equal for repetitions of a problem, whose texts contain counters. Empty: the text is the
    /// key.
    std::string key{};
};

/// Of a client as a whole: its connections, its login. `reason` is librdkafka's own.
problem client_problem(rd_kafka_resp_err_t, std::string_view reason);
/// Of a connection that failed, by the line that librdkafka logs of it.
problem connection_problem(std::string_view line);
/// What is the same when librdkafka logs a line again: the facility and the text, without numbers
/// that are no part of a name and no partition.
std::string log_key(std::string_view facility, std::string_view line);
/// Of a topic, or a partition (else -1), that is consumed.
problem consumer_problem(rd_kafka_resp_err_t, std::string_view reason, std::string_view topic,
                         partition_id);
/// There is no such topic or partition, or not any more.
bool is_gone(rd_kafka_resp_err_t);
/// Of a message that could not be sent.
std::string delivery_text(rd_kafka_resp_err_t, std::string_view topic);
/// Of a topic that could not be created.
std::string creation_text(rd_kafka_resp_err_t, std::string_view reason, std::string_view topic);
/// Of a topic that could not be deleted.
std::string deletion_text(rd_kafka_resp_err_t, std::string_view topic);
/// Of a topic whose settings the broker does not tell.
std::string configs_text(rd_kafka_resp_err_t, std::string_view topic);
std::string commit_text(rd_kafka_resp_err_t);
commit_error commit_error_of(rd_kafka_resp_err_t);

/// librdkafka's own words.
std::string text_of(rd_kafka_resp_err_t);

}  // namespace weir::transport::kafka
