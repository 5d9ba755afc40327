// SPDX-License-Identifier: Apache-2.0
#include "callbacks.hpp"

#include <syslog.h>

#include <string>
#include <string_view>

#include <weir/error.hpp>

#include "properties.hpp"

namespace weir::transport::kafka {
namespace {

callbacks& of(void* opaque) { return *static_cast<callbacks*>(opaque); }

}  // namespace

rd_kafka_t* callbacks::make(rd_kafka_type_t type, conf_handle conf) {
    char text[512];
    std::size_t size = sizeof text;
    debugs_ = rd_kafka_conf_get(conf.get(), "debug", text, &size) == RD_KAFKA_CONF_OK && size > 1;
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t* rk, int e, const char* reason, void* me) {
        of(me).failed(rk, static_cast<rd_kafka_resp_err_t>(e), reason);
    });
    rd_kafka_conf_set_log_cb(
        conf.get(), [](const rd_kafka_t* rk, int level, const char* facility, const char* line) {
            of(rd_kafka_opaque(rk)).logged(rk, level, facility, line);
        });
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* m,
                                                   void* me) { of(me).delivered(*m); });
    else
        rd_kafka_conf_set_rebalance_cb(
            conf.get(), [](rd_kafka_t* rk, rd_kafka_resp_err_t e,
                           rd_kafka_topic_partition_list_t* all, void* me) {
                of(me).rebalanced(rk, e == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS,
                                  partition_list{rd_kafka_topic_partition_list_copy(all)});
            });
    auto* made = rd_kafka_new(type, conf.get(), text, sizeof text);
    if (!made)
        throw setup_error{std::string{"weir: librdkafka refuses its properties: "} + text +
                          missing_files(conf.get())};
    [[maybe_unused]] auto* taken = conf.release();
    // To the main queue, so that log lines come inside a poll.
    rd_kafka_set_log_queue(made, nullptr);
    return made;
}

void callbacks::failed(rd_kafka_t* rk, rd_kafka_resp_err_t e, const char* reason) {
    char text[512];
    if (e == RD_KAFKA_RESP_ERR__FATAL) {
        const auto cause = rd_kafka_fatal_error(rk, text, sizeof text);
        auto p = client_problem(cause, text);
        p.fatal = true;
        problems_.add(std::move(p));
    } else {
        auto p = client_problem(e, reason ? reason : "");
        p.fatal |= ends_run(e);
        p.retried &= !p.fatal;
        problems_.add(std::move(p));
    }
}

void callbacks::logged(const rd_kafka_t* rk, int level, const char* facility, const char* text) {
    if (debugs_) return rd_kafka_log_print(rk, level, facility, text);
    const std::string_view of{facility}, line{text};
    // Why a connection failed. What is to be told comes to error_cb as well; newer versions of
    // librdkafka say there only that all brokers are down.
    if (of == "FAIL") return problems_.note(connection_problem(line));
    if (level > LOG_WARNING || of == "CONFWARN" || is_expected(of))
        return;  // who sets a property knows why
    problem p{"librdkafka: " + std::string{line}};
    p.key = log_key(of, line);
    problems_.add(std::move(p));
}

}  // namespace weir::transport::kafka
