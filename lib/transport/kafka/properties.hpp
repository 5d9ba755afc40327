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
    /// `pattern`: new topics have to be found soon. `from`: where to start in topics without a
    /// configuration of their own.
    conf_handle consumer(bool pattern) const;
    const std::string& servers() const { return options_.servers; }
    /// Messages of a partition that are fetched ahead; where it is below this, the broker is asked
    /// for more.
    std::size_t prefetch() const;

private:
    conf_handle make(char kind, const properties& ours) const;
    void check(const std::string& name, const std::string& value) const;
    void check_poll_interval() const;

    connect_options options_;
    std::map<std::string, char> known_;  // '*', or 'C' or 'P' for what only one of them has
};

void set(rd_kafka_conf_t*, const std::string& name, const std::string& value);
std::string value_of(const rd_kafka_conf_t*, const char* name);

/// The user's files that cannot be read, as "; ssl.ca.location=/x: No such file or directory".
/// librdkafka's own errors do not name them.
std::string missing_files(const rd_kafka_conf_t*);

/// The version of librdkafka that runs, compared with one like RD_KAFKA_VERSION.
bool runs_at_least(int version);

}  // namespace weir::transport::kafka
