// SPDX-License-Identifier: Apache-2.0
// What a topic's settings say about how long its messages stay.
#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include <weir/transport/transport.hpp>

namespace weir::transport::memory {

/// Kafka's settings by Kafka's names, and its defaults except for times: without `retention.ms`
/// messages do not age.
struct retention {
    bool compacted = false;                            // cleanup.policy
    std::optional<std::chrono::milliseconds> age{};    // retention.ms, if the policy has "delete"
    std::optional<std::size_t> bytes{};                // retention.bytes, likewise
    std::chrono::milliseconds tombstones{86'400'000};  // delete.retention.ms
};

/// Throws setup_error for a value that Kafka would refuse. Other settings say nothing here.
retention retention_of(const std::string& topic, const topic_config&);

}  // namespace weir::transport::memory
