// SPDX-License-Identifier: Apache-2.0
// Who is in the group: asked for, never waited for.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weir/transport/transport.hpp>

#include "problems.hpp"
#include "producer.hpp"
#include "ready_list.hpp"

namespace weir::transport::kafka {

/// Asks the group's coordinator through the producer's handle: soon after each rebalance, then
/// every half a minute. An answer that does not name this member, or comes while partitions are
/// being given out, is not told, and it is asked again. That it fails again and again is told once.
/// One question is under way at a time. Owned by the client, destroyed before the producer; used on
/// the loop's thread.
class members {
public:
    members(producer&, problems&, ready_list&, std::uint32_t number, std::string group);
    ~members();
    members(const members&) = delete;
    members& operator=(const members&) = delete;

    /// Partitions have come or gone.
    void changed() { asks_at_ = clock::now() + settling; }
    /// Asks, if it is time to. `self`: the id of this member; empty: the group has not let it in.
    void serve(const std::string& self);
    /// Looks at the answers.
    void collect();
    bool tell(listener&);

private:
    using clock = std::chrono::steady_clock;
    static constexpr auto settling = std::chrono::seconds{1}, interval = std::chrono::seconds{30};
    void take(const rd_kafka_ConsumerGroupDescription_t&);
    void failed(const char* why);

    producer& producer_;
    problems& problems_;
    const std::string group_;
    queue_handle answers_;
    clock::time_point asks_at_ = clock::now();
    std::string self_{};
    bool asked_ = false;
    int failures_ = 0;                                   // in a row
    std::optional<std::vector<group_member>> answer_{};  // not told yet
};

}  // namespace weir::transport::kafka
