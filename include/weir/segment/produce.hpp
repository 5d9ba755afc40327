// SPDX-License-Identifier: Apache-2.0
// What operators and `topic.send` pass to the producer.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <weir/hold.hpp>
#include <weir/message.hpp>
#include <weir/task.hpp>

namespace weir::detail {

struct topic_info;

/// A message to be sent.
struct outgoing {
    bytes key{};
    bytes value{};
    /// If not null, these bytes are sent instead of `value`. They live as long as the current
    /// message.
    bytes_view unchanged{};
    weir::headers headers{};
    std::optional<weir::timestamp> timestamp{};  // none: the time of sending
    std::optional<partition_id> partition{};     // none: by the key
};

/// A topic that an operator sends to, for one agent.
class produce_target {
public:
    virtual ~produce_target() = default;
    /// False if there is no room now; nothing was taken then. The hold is released when the broker
    /// has the message.
    virtual bool send(const outgoing&, hold&) = 0;
};

/// A message that the program itself sends (`topic.send`). Lives as long as its pending_send.
struct send_request {
    enum class state : std::uint8_t { waiting_for_room, sent, delivered, given_up };
    topic_info* to;
    outgoing what;
    state is = state::waiting_for_room;
    std::string why_not{};       // why it was given up
    std::size_t slot = no_slot;  // in the producer
    suspended waits{};           // the coroutine that awaits the delivery
    scheduler* loop = nullptr;
    static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

    void end(state how) {
        is = how;
        slot = no_slot;
        if (waits.who) loop->ready(std::exchange(waits, {}));
    }
};

}  // namespace weir::detail
