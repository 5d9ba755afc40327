// SPDX-License-Identifier: Apache-2.0
// Chooses the transport: the embedded broker or Kafka.
#include <string_view>

#include <weir/error.hpp>

#include "../transport/kafka/kafka.hpp"
#include "engine.hpp"

namespace weir::detail {
namespace {

constexpr std::string_view memory = "memory://", kafka = "kafka://";

}  // namespace

const std::shared_ptr<transport::memory_broker>& engine::broker() {
    if (broker_) return broker_;
    const auto& url = settings_.options.broker;
    if (!url.starts_with(memory)) {
        if (url.starts_with(kafka))
            throw setup_error{"weir: broker '" + url +
                              "': this needs the embedded broker: use memory://"};
        throw setup_error{
            "weir: broker '" + url +
            "' is not a broker URL: use memory://, memory://NAME or kafka://host:port"};
    }
    const auto name = url.substr(memory.size());
    const auto& options = settings_.options.memory;
    broker_ = name.empty() ? std::make_shared<transport::memory_broker>(options)
                           : transport::memory_broker::named(name, options);
    return broker_;
}

bool engine::embedded() const { return settings_.options.broker.starts_with(memory); }

/// Nothing else decides between the embedded broker and Kafka.
std::unique_ptr<transport::transport> engine::connect(const std::string& group) {
    const auto& o = settings_.options;
    if (!o.broker.starts_with(kafka))
        return transport::connect(broker(), group, {.clock = settings_.clock});
    auto options = kafka_options(group);
    options.stopped = [this] {
        return stop_asked_.load() || (conductor_ && conductor_->ends_soon());
    };
    options.log = [this](const std::string& line) { report_.log(line); };
    return transport::kafka::connect(options);
}

transport::kafka::connect_options engine::kafka_options(const std::string& group) const {
    const auto& o = settings_.options;
    transport::kafka::connect_options to{transport::kafka::servers_of(o.broker), group, o.kafka,
                                         o.drain_timeout, o.connect_timeout};
    std::erase_if(to.properties, [&](auto& p) {
        return p.first == "group.id" && p.second == settings_.app;  // it is the app's own group
    });
    return to;
}

/// A property auto.offset.reset overrides the option.
offset_reset engine::auto_offset_reset() const {
    const auto& o = settings_.options;
    const auto said =
        o.broker.starts_with(kafka) ? transport::kafka::reset_of(o.kafka) : std::nullopt;
    if (!said) return o.auto_offset_reset;
    return *said == transport::reset::latest ? latest : earliest;
}

}  // namespace weir::detail
