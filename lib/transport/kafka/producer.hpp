// SPDX-License-Identifier: Apache-2.0
// What is sent, until librdkafka reports it.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "callbacks.hpp"
#include "handle.hpp"
#include "properties.hpp"
#include "ready_list.hpp"

namespace weir::transport::kafka {

/// librdkafka copies each message, sends it again until `delivery.timeout.ms`, keeps the order
/// within a partition (idempotence) and reports each message once. The callback records the report,
/// and `tell` passes it on. A message that librdkafka refuses at once is reported, too, so `send`
/// returns false only if the queue is full. Owned by the client, which destroys it last; used on
/// the loop's thread.
class producer final : callbacks {
public:
    producer(const configuration&, problems&, ready_list&, std::uint32_t number);
    ~producer() override;

    topic_id open(const std::string& topic);
    bool send(const record&, std::uint64_t token);
    /// Lets librdkafka call back.
    void serve() { rd_kafka_poll(rk_, 0); }
    /// The reports since the last call. True if there were any.
    bool tell(listener&);
    bool has_reports() const { return !reports_.empty(); }
    /// Waits a moment for the reports that are under way, and tells them. True if there are no
    /// more.
    bool flush(listener&);
    /// Its broker does not answer. What has no report by now gets none.
    void give_up() { handle_.hangs = true; }
    rd_kafka_t* handle() const { return rk_; }

private:
    struct report {
        std::uint64_t token;
        std::int64_t offset = -1;  // negative: not known
        bool failed = false;       // the next one in `failures_` says why
    };
    void delivered(const rd_kafka_message_t&) override;
    void failed(std::uint64_t token, rd_kafka_resp_err_t, std::string_view topic, bytes_view key);
    rd_kafka_resp_err_t produce(const record&, std::uint64_t token, rd_kafka_headers_t*);

    kafka::handle handle_;
    rd_kafka_t* const rk_ = handle_.rk;
    queue_handle main_;
    std::array<rd_kafka_vu_t, 8> arguments_{};  // of the next message: the kinds stay
    std::vector<std::pair<std::string, topic_handle>> topics_{};
    std::map<std::string, topic_id> ids_{};
    std::vector<report> reports_{}, telling_{};  // two, so that a listener may send
    std::vector<delivery> failures_{}, telling_failures_{};
};

}  // namespace weir::transport::kafka
