// SPDX-License-Identifier: Apache-2.0
// The properties a client is made of: our defaults, the user's over them, and what may not be
// touched.
#pragma once
#include <map>
#include <string>

#include "handles.hpp"
#include "kafka.hpp"

namespace weir::transport::kafka {

/// Checked when it is made: throws setup_error for a property that librdkafka does not know or
/// refuses, and for one that would break what weir promises. Does not change afterwards.
class configuration {
public:
    explicit configuration(const connect_options&);

    conf_handle producer() const;
    /// `pattern`: new topics have to be found soon. `co_partitioned`: equal partitions of topics
    /// have to come to one member; throws setup_error if the user's properties say otherwise.
    conf_handle consumer(bool pattern, bool co_partitioned = false) const;
    /// Of the client that reads without the group.
    conf_handle reader() const;
    const std::string& servers() const { return options_.servers; }

private:
    conf_handle make(char kind, const properties& ours) const;
    conf_handle make(char kind, const properties& ours, const properties& users) const;
    void check(const std::string& name, const std::string& value) const;
    void check_poll_interval() const;

    connect_options options_;
    std::map<std::string, char> known_;  // '*', or 'C' or 'P' for what only one of them has
};

void set(rd_kafka_conf_t*, const std::string& name, const std::string& value);
std::string value_of(const rd_kafka_conf_t*, const char* name);

/// What is fetched ahead of a partition. Where there is less, the broker is asked for more.
struct prefetch {
    std::size_t messages, bytes;
};
prefetch prefetch_of(const rd_kafka_conf_t*);

/// The user's files that cannot be read, as "; ssl.ca.location=/x: No such file or directory".
/// librdkafka's own errors do not name them.
std::string missing_files(const rd_kafka_conf_t*);

/// The version of librdkafka that runs, compared with one like RD_KAFKA_VERSION.
bool runs_at_least(int version);

}  // namespace weir::transport::kafka
