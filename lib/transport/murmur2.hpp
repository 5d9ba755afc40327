// SPDX-License-Identifier: Apache-2.0
// The hash and the rule by which Kafka's own clients choose the partition of a key.
#pragma once
#include <cstdint>

#include <weir/message.hpp>

namespace weir::transport {

/// murmur2 with Kafka's seed. Gives the same bits as `org.apache.kafka.common.utils.Utils.murmur2`.
std::int32_t murmur2(bytes_view bytes);

/// `toPositive(murmur2(key)) % partitions`. The key is not null, `partitions` is positive.
partition_id partition_for(bytes_view key, partition_id partitions);

}  // namespace weir::transport
