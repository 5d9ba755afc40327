// SPDX-License-Identifier: Apache-2.0
// What librdkafka calls, as virtual functions.
#pragma once
#include <string_view>

#include "handles.hpp"
#include "problems.hpp"

namespace weir::transport::kafka {

/// Base of the two clients. A librdkafka handle has its address, so it may not move. Every call
/// comes inside a poll of that handle, on the loop's thread. Nothing may throw through librdkafka,
/// and an override may not call other code of weir: it only records.
class callbacks {
public:
    explicit callbacks(problems& p) : problems_(p) {}
    callbacks(const callbacks&) = delete;
    callbacks& operator=(const callbacks&) = delete;

protected:
    virtual ~callbacks() = default;
    virtual void delivered(const rd_kafka_message_t&) {}
    virtual void rebalanced(rd_kafka_t*, bool /*assigned*/, partition_list) {}
    /// Whether lines of this kind are not to be told.
    virtual bool is_expected(std::string_view /*facility*/) const { return false; }
    /// Whether the run cannot go on with this error.
    virtual bool ends_run(rd_kafka_resp_err_t) const { return false; }

    /// A consumer or producer of this configuration. Throws setup_error if it cannot be made.
    rd_kafka_t* make(rd_kafka_type_t, conf_handle);
    problems& problems_;

private:
    void failed(rd_kafka_t*, rd_kafka_resp_err_t, const char* reason);
    void logged(const rd_kafka_t*, int level, const char* facility, const char* text);
    bool debugs_ = false;  // the user wants librdkafka's own log
};

}  // namespace weir::transport::kafka
