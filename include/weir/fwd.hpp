// SPDX-License-Identifier: Apache-2.0
// Types that everything else uses: offsets, partitions, durations, points in time.
#pragma once
#include <chrono>
#include <cstdint>

namespace weir {

/// A message's place in its partition, as Kafka counts: from 0, growing, with gaps.
using offset = std::int64_t;
using partition_id = std::int32_t;

/// For limits and timers: a point in time of the app's steady clock, real or virtual.
using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

/// `t + d`; the largest point in time if that is too large.
constexpr time_point later(time_point t, duration d) {
    return d < time_point::max() - t ? t + d : time_point::max();
}

/// A message's timestamp: milliseconds since the epoch, as Kafka keeps it.
using timestamp = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

class app;
class hold;

}  // namespace weir
